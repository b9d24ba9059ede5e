-- Stores batches, one after the other, each of them whole or not at all. `commit.rs` writes the arguments and reads the
-- answers. A batch is written in one of two forms, and messages of one group that stand together share a run.
--
-- A run of messages
-- KEYS  the partition's hash; the hash of the tokens; the hash of older or newer tokens where those count too, or else
--       the first again; the log
-- ARGV  how many; the generation of the tokens; the value of the field `d` at which all checks of the run are known to
--       hold, or "-" and then the checks of each message come, too; the field of the log's end; what follows the
--       partition's name in that of the channel; what the event begins with
--       for each: token; time; the entry's bytes; the checks (see `refused`) if they come
-- One event tells of those that were stored: the beginning, then id, length of the bytes, and bytes of each ("-" for the
-- length of the only one); or some events, when that is much.
-- Answers  a list with the value of `d`, if the checks were made; then an answer for each message. When the value of `d`
--          is not the one that was given, nothing of the run and of what comes after it for the same partition is
--          carried out, and nil is answered for each batch.
--
-- A batch of any kind
-- KEYS  the partition's hash; its index if a record or count is written or deleted; if there is a token, two as above;
--       the log of each entry that is appended; then the hashes of other topics that events go to
-- ARGV  "g"; how many checks, adds, puts, deletes and announces there are, two bytes each; how many entries, one byte;
--          how many of the puts, the last ones, are of records that the first entry is found by, one byte; flags in one
--          byte: 1 a token, 2 own offsets, 4 `d` changes; for each announce the place of the entry it tells of, one byte,
--          0 for none
--       the generation of the tokens and the token, if there is one
--       the fields to read: those of the checks, of the adds, `v` if there are adds, puts or deletes, `k` if there are
--          own offsets, `o` if there is a token, that of the log's end for each entry
--       checks: "" for absent, "+" for present, or the version
--       adds: the number; what the sum may be at most, or ""
--       puts: field, to which the entry's number is added where it is found by the record; bytes
--       deletes: field
--       entries: the time if there are any; the bytes of each
--       announces: "e" (an entry of the own topic; what follows it, follows the partition's name in that of the channel),
--          "t" (an own offset) or the place in KEYS of another topic's hash, counted from the partition's; the event
-- Answers  one answer.
--
-- An answer is an error: nothing of the batch was stored, for a reason that is its own. Or a text: carried out; the ids of the entries with commas between them, then each sum behind a space.
--              "=" and such a text: the token is known; this is what was answered then.
--              a number: refused, by the check with this number, or by the add with the number -1 - this.
--
-- What a message costs is what is called and which strings come into being, since Lua looks at each of their bytes.
-- So a run reads with one command for each hash and writes with one, the entry's bytes come once and go to the log and
-- into the event, and functions and tables, which Lua makes anew each time, are made only for what needs them.
--
-- Redis undoes nothing of a script that fails, so nothing may fail once a batch has begun to be stored:
--   what a batch only adds to or reads was looked at before, which finds keys of another type;
--   its first write is one that Redis refuses when it takes no writes;
--   an entry that its log refuses takes the token back, which is all that was written till then;
--   an event that cannot be published is lost, which those who follow the topic see by its numbers.
-- A log goes on behind its last entry also where the partition's hash says otherwise, or has gone: see `go_on`.
local call, try, keys, args = redis.call, redis.pcall, KEYS, ARGV
local find, sub, format, concat, type = string.find, string.sub, string.format, table.concat, type
-- Lua hands over only a few thousand values at once.
local PART = 2000
-- Tokens live for a generation of 20 minutes, the 11 that it is looked at afterwards, and what clocks differ.
local TOKENS_MS = '1980000'
-- A server that does not say its version to scripts is older than sharded channels. A topic's channel is its hash
-- without ":r".
local publish = redis.REDIS_VERSION_NUM and 'SPUBLISH' or 'PUBLISH'

local answers, answered = {}, 0
-- An error that was answered, if one was.
local failure

-- Appends to a log behind the last entry that it ever had. Answers the entry's id, or the error. It is made anew at each call
-- of the script and seldom needed, so it uses no local of the script, each of which would have to be captured.
local function go_on(log, time, error, bytes)
  local stream, last = redis.pcall('XINFO', 'STREAM', log), nil
  for i = 1, #stream, 2 do
    if stream[i] == 'last-generated-id' then last = stream[i + 1] end
  end
  if not last then return error end
  local seq, last_time = string.match(last, '^(%d+)-(%d+)$')
  if tonumber(last_time) > tonumber(time) then time = last_time end
  return redis.pcall('XADD', log, string.format('%d-%s', seq + 1, time), 'b', bytes)
end

-- The places of the next key and of the next argument.
local key, at = 1, 1
-- The hashes of partitions of which nothing more is carried out.
local stale

while at <= #args do
  local count = tonumber(args[at])
  if count then
    local hash, once, other, log = keys[key], keys[key + 1], keys[key + 2], keys[key + 3]
    local generation, known, field, part, event = args[at + 1], args[at + 2], args[at + 3], args[at + 4], args[at + 5]
    key, at = key + 4, at + 6
    -- How many arguments each message has.
    local width = 3

    local found = try('HMGET', hash, 'd', 'o', field)
    local decided, last = found[1] or '', found[3]
    local fault = found.err and found
    local refused
    if known == '-' then
      width, answered = 4, answered + 1
      answers[answered] = { decided }
      -- The number of the first check that fails. Each has two bytes of length and the field, one byte of length and
      -- what is expected, which is "" for absent, "+" for present, or the version.
      refused = function(checks)
        local fields, expected, number, from = {}, {}, 0, 1
        while from <= #checks do
          number = number + 1
          fields[number], expected[number], from = struct.unpack('>Hc0Bc0', checks, from)
        end
        local values = number > 0 and call('HMGET', hash, unpack(fields))
        for i = 1, number do
          local value, wanted = values[i], expected[i]
          if wanted == '' then
            if value then return i - 1 end
          elseif not value or wanted ~= '+' and sub(value, 1, 8) ~= wanted then
            return i - 1
          end
        end
      end
    elseif decided ~= known and not fault then
      stale = stale or {}
      stale[hash] = true
    end

    local tokens, before
    local is_stale = stale and stale[hash]
    if count > 1 and not fault and not is_stale then
      tokens = {}
      for i = 1, count do tokens[i] = args[at + width * (i - 1)] end
      before = try('HMGET', once, unpack(tokens))
      fault = before.err and before
      if other ~= once and not fault then
        local others = try('HMGET', other, unpack(tokens))
        fault = others.err and others
        for i = 1, count do before[i] = before[i] or others[i] end
      end
    end

    if fault or is_stale then
      failure = failure or fault
      for _ = 1, count do
        answered = answered + 1
        answers[answered] = fault or false
      end
      at = at + width * count
    else
      local seq, time = 0, ''
      if last then
        local dash = find(last, '-', 1, true)
        seq, time = tonumber(sub(last, 1, dash - 1)), sub(last, dash + 1)
      end

      if count == 1 then
        local token, clock, bytes = args[at], args[at + 1], args[at + 2]
        local before = other ~= once and try('HGET', other, token)
        local refusal = not before and refused and refused(args[at + 3])
        if refusal then before = try('HGET', once, token) end
        local answer
        if not before and not refusal then
          if #time > #clock or #time == #clock and time > clock then clock = time end
          answer = format('%d-%s', seq + 1, clock)
          local is_new = try('HSETNX', once, token, answer)
          if is_new == 1 then
            local added = try('XADD', log, answer, 'b', bytes)
            if type(added) == 'table' then
              answer = go_on(log, clock, added, bytes)
              if type(answer) == 'string' then call('HSET', once, token, answer) end
            end
            if type(answer) == 'table' then
              call('HDEL', once, token)
              failure = failure or answer
            else
              if found[2] == generation then
                call('HSET', hash, field, answer)
              else
                call('PEXPIRE', once, TOKENS_MS)
                call('HSET', hash, field, answer, 'o', generation)
              end
              try(publish, sub(hash, 1, -3) .. part, event .. answer .. ' - ' .. bytes)
            end
          elseif is_new == 0 then
            before = call('HGET', once, token)
          else
            answer, failure = is_new, failure or is_new
          end
        end
        if type(before) == 'table' then
          answer, failure = before, failure or before
        elseif before then
          answer = '=' .. before
        end
        answered = answered + 1
        answers[answered] = answer or refusal
        at = at + width
      else
        -- What the messages of this very run were answered; the parts of the event, how many and how long they are.
        local stored, remembered, told, parts, length = {}, {}, { event }, 1, 0
        local pairs, channel = 0, sub(hash, 1, -3) .. part
        local id
        for i = 1, count do
          local token, clock, bytes = tokens[i], args[at + 1], args[at + 2]
          local answer = before[i] or stored[token]
          if answer then
            answer = '=' .. answer
          else
            answer = refused and refused(args[at + 3])
            if not answer then
              if time ~= clock and (#time > #clock or #time == #clock and time > clock) then clock = time end
              answer = format('%d-%s', seq + 1, clock)
              local added = try('XADD', log, answer, 'b', bytes)
              if type(added) == 'table' then answer = go_on(log, clock, added, bytes) end
              if type(answer) == 'table' then
                failure = failure or answer
              else
                if added == answer then
                  seq, time = seq + 1, clock
                else
                  local dash = find(answer, '-', 1, true)
                  seq, time = tonumber(sub(answer, 1, dash - 1)), sub(answer, dash + 1)
                end
                id = answer
                remembered[pairs + 1], remembered[pairs + 2], pairs = token, id, pairs + 2
                stored[token] = id
                -- Lua puts long texts together in pieces, each of which it looks at again.
                if parts > 1 and length + #bytes > 7500 then
                  try(publish, channel, concat(told))
                  told, parts, length = { event }, 1, 0
                end
                told[parts + 1], told[parts + 2], told[parts + 3], told[parts + 4] = id, ' ', #bytes, ' '
                told[parts + 5], parts, length = bytes, parts + 5, length + #bytes + 32
              end
            end
          end
          answered = answered + 1
          answers[answered] = answer
          at = at + width
        end
        if id then
          call('HSET', once, unpack(remembered))
          if found[2] == generation then
            call('HSET', hash, field, id)
          else
            call('PEXPIRE', once, TOKENS_MS)
            call('HSET', hash, field, id, 'o', generation)
          end
          try(publish, channel, concat(told))
        end
      end
    end

  else
    -- Left by `break` when there is an answer.
    local hash, answer = keys[key], nil
    local plan = args[at]
    local checks, adds, puts, deletes, announces, entries, indexed, flags = struct.unpack('>HHHHHBBB', plan, 2)
    local changes = adds + puts + deletes > 0
    local has_token, has_offsets = flags % 2 == 1, flags % 4 >= 2
    local generation, token, index, once, other
    local base = key - 1
    key, at = key + 1, at + 1
    if changes then index, key = keys[key], key + 1 end
    if has_token then
      once, other, generation, token = keys[key], keys[key + 1], args[at], args[at + 1]
      key, at = key + 2, at + 2
    end
    local first_log = key
    key = key + entries

    local reads = checks + adds + (changes and 1 or 0) + (has_offsets and 1 or 0) + (has_token and 1 or 0) + entries
    local first_read, found = at, nil
    at = at + reads
    if reads > PART then
      found = {}
      for from = first_read, at - 1, PART do
        local part = try('HMGET', hash, unpack(args, from, math.min(from + PART, at) - 1))
        found.err = part.err
        for i = 1, #part do found[#found + 1] = part[i] end
      end
    elseif reads > 0 then
      found = try('HMGET', hash, unpack(args, first_read, at - 1))
    end
    -- The places of what comes after this batch and of its parts.
    local checks_at = at
    local adds_at = checks_at + checks
    local puts_at = adds_at + 2 * adds
    local deletes_at = puts_at + 2 * puts
    local entry_at = deletes_at + deletes
    local announces_at = entry_at + (entries > 0 and entries + 1 or 0)
    at = announces_at + 2 * announces
    for i = announces_at, at - 1, 2 do
      local place = tonumber(args[i])
      if place and base + place >= key then key = base + place + 1 end
    end

    repeat
      if stale and stale[hash] then
        answer = false
        break
      end
      if found and found.err then
        answer = { err = found.err }
        break
      end
      local before = has_token and other ~= once and try('HGET', other, token)
      if before then
        answer = type(before) == 'table' and before or '=' .. before
        break
      end

      local refusal
      for i = 1, checks do
        local expected, value = args[checks_at + i - 1], found[i]
        if expected == '' then
          if value then refusal = i - 1 break end
        elseif not value or expected ~= '+' and sub(value, 1, 8) ~= expected then
          refusal = i - 1
          break
        end
      end

      -- Fields and values to write; members of the index with their scores; the sums.
      local fields, members, sums = {}, {}, nil
      -- The place of the next value that was read.
      local seen = checks + adds + 1
      if changes and not refusal then
        local version = found[seen]
        version = struct.pack('>I8', version and struct.unpack('>I8', version) + 1 or 1)
        fields[1], fields[2] = 'v', version
        if flags % 8 >= 4 then fields[3], fields[4] = 'd', version end

        if adds > 0 then
          -- A sum of 64 bits is beyond Lua's numbers. It is taken apart into billions and a rest that is never
          -- negative.
          local function apart(text)
            local digits = string.match(text, '%d+')
            local high, low = tonumber(sub(digits, 1, -10)) or 0, tonumber(sub(digits, -9))
            if sub(text, 1, 1) ~= '-' then return high, low end
            if low == 0 then return -high, 0 end
            return -high - 1, 1000000000 - low
          end
          local function is_more(high, low, than_high, than_low)
            return high > than_high or high == than_high and low > than_low
          end
          local now = {}
          sums = {}
          for i = 1, adds do
            local field, value = args[first_read + checks + i - 1], found[checks + i]
            local delta, at_most = args[adds_at + 2 * i - 2], args[adds_at + 2 * i - 1]
            local high, low = apart(now[field] or value and sub(value, 9) or '0')
            local delta_high, delta_low = apart(delta)
            high, low = high + delta_high, low + delta_low
            if low >= 1000000000 then high, low = high + 1, low - 1000000000 end
            if is_more(high, low, 9223372036, 854775807) or is_more(-9223372037, 145224192, high, low)
              or at_most ~= '' and is_more(high, low, apart(at_most)) then
              refusal = -i
              break
            end
            local sign = ''
            if high < 0 then
              sign = '-'
              if low > 0 then high, low = high + 1, 1000000000 - low end
            end
            high = math.abs(high)
            local sum = sign .. (high > 0 and format('%d%09d', high, low) or format('%d', low))
            now[field], sums[i] = sum, sum
            fields[#fields + 1], fields[#fields + 2] = field, version .. sum
            if not value then members[#members + 1], members[#members + 2] = '0', field end
          end
        end

        if not refusal then
          for i = puts_at, deletes_at - 1 - 2 * indexed, 2 do
            local field = args[i]
            fields[#fields + 1], fields[#fields + 2] = field, version .. args[i + 1]
            members[#members + 1], members[#members + 2] = '0', field
          end
        end
      end

      if refusal then
        before = token and try('HGET', once, token)
        if type(before) == 'table' then
          answer = before
        else
          answer = before and '=' .. before or refusal
        end
        break
      end
      if changes then
        seen = seen + 1
        local size = try('ZCARD', index)
        if type(size) == 'table' then
          answer = size
          break
        end
      end
      for i = 2, entries do
        local length = try('XLEN', keys[first_log + i - 1])
        if type(length) == 'table' then answer = length end
      end
      if answer then break end

      local offset
      if has_offsets then
        offset = tonumber(found[seen] or 0)
        local own = 0
        for i = announces_at, at - 1, 2 do
          if args[i] == 't' then own = own + 1 end
        end
        fields[#fields + 1], fields[#fields + 2] = 'k', format('%d', offset + own)
        seen = seen + 1
      end

      local is_new_generation
      if has_token then
        is_new_generation, seen = found[seen] ~= generation, seen + 1
        if is_new_generation then fields[#fields + 1], fields[#fields + 2] = 'o', generation end
      end

      -- The id of each entry, and its stamp in an event; the ends of logs that this batch itself has moved.
      local ids, stamps, ends, entries_at = nil, nil, nil, #fields
      if entries > 0 then ids, stamps = {}, {} end
      for i = 1, entries do
        local field = args[first_read + reads - entries + i - 1]
        local last = ends and ends[field] or found[seen + i - 1]
        local seq, time = '1', args[entry_at]
        if last then
          local dash = find(last, '-', 1, true)
          local last_time = sub(last, dash + 1)
          seq = format('%d', sub(last, 1, dash - 1) + 1)
          if tonumber(last_time) > tonumber(time) then time = last_time end
        end
        local id = seq .. '-' .. time
        ids[i], stamps[i] = id, seq .. ' ' .. time
        if entries > 1 then
          ends = ends or {}
          ends[field] = id
        end
        fields[#fields + 1], fields[#fields + 2] = field, id
      end

      -- The first write.
      local now = entries == 0 and '' or entries == 1 and ids[1] or concat(ids, ',')
      if sums then now = now .. ' ' .. concat(sums, ' ') end
      if has_token then
        local is_new = try('HSETNX', once, token, now)
        if is_new ~= 1 then
          answer = is_new == 0 and '=' .. call('HGET', once, token) or is_new
          break
        end
      end
      for i = 1, entries do
        local log, bytes = keys[first_log + i - 1], args[entry_at + i]
        local added = try('XADD', log, ids[i], 'b', bytes)
        if type(added) == 'table' then
          added = go_on(log, args[entry_at], added, bytes)
          if type(added) == 'table' then
            answer = added
            break
          end
          ids[i], stamps[i], fields[entries_at + 2 * i] = added, string.gsub(added, '%-', ' ', 1), added
          now = concat(ids, ',')
          if sums then now = now .. ' ' .. concat(sums, ' ') end
          if has_token then call('HSET', once, token, now) end
        end
      end
      if answer then
        if has_token then call('HDEL', once, token) end
        break
      end
      if is_new_generation then call('PEXPIRE', once, TOKENS_MS) end

      if indexed > 0 then
        local number = struct.pack('>I8', tonumber(string.match(ids[1], '^%d+')))
        for i = deletes_at - 2 * indexed, deletes_at - 1, 2 do
          local field = args[i] .. number
          fields[#fields + 1], fields[#fields + 2] = field, fields[2] .. args[i + 1]
          members[#members + 1], members[#members + 2] = '0', field
        end
      end
      for from = 1, #fields, PART do
        local stored = try('HSET', hash, unpack(fields, from, math.min(from + PART - 1, #fields)))
        if type(stored) == 'table' then answer = stored end
      end
      if answer then break end
      answer = now
      for from = 1, #members, PART do
        call('ZADD', index, unpack(members, from, math.min(from + PART - 1, #members)))
      end
      for from = deletes_at, entry_at - 1, PART do
        local to = math.min(from + PART, entry_at) - 1
        call('HDEL', hash, unpack(args, from, to))
        call('ZREM', index, unpack(args, from, to))
      end

      for i = announces_at, at - 1, 2 do
        local head, topic = args[i], hash
        if head == 't' then
          offset = offset + 1
          head = format('t%d', offset)
        elseif sub(head, 1, 1) == 'e' then
          if #head > 1 then head, topic = 'e', sub(hash, 1, -3) .. sub(head, 2) .. ':r' end
        else
          topic = keys[base + head]
          local number = try('HINCRBY', topic, 'k', 1)
          head = type(number) == 'number' and format('t%d', number)
        end
        if head then
          local stamp = stamps and stamps[string.byte(plan, 15 + (i - announces_at) / 2)] or '- -'
          try(publish, sub(topic, 1, -3), head .. ' ' .. stamp .. ' ' .. args[i + 1])
        end
      end
    until true
    if type(answer) == 'table' then failure = failure or answer end
    answered = answered + 1
    answers[answered] = answer
  end
end

if failure then
  -- A server before 7.0 says where in the script it was, and ends its line.
  local text = string.match(failure.err, '%-(%u+ [^\r\n]*)') or string.match(failure.err, '^[^\r\n]*')
  local code = string.match(text, '^(%u+) ')
  local is_stored = false
  for i = 1, answered do
    if type(answers[i]) == 'string' and sub(answers[i], 1, 1) ~= '=' then is_stored = true end
  end
  -- What would meet every batch is not about this one: the server is no master, or takes no writes.
  if code and code ~= 'WRONGTYPE' and code ~= 'ERR' and not is_stored then return { err = text } end
end
return answers

-- Stores a batch of one partition: all of it or nothing. `commit.rs` writes the arguments and reads the answer.
--
-- KEYS  the partition's hash; its index if a record or count is written or deleted; the token's key if there is a
--       token; the log if an entry is appended; then the hashes of other topics that events go to
-- ARGV  1: how many checks, adds, puts, deletes and announces there are, two bytes each, and flags in one byte:
--          1 a token, 2 an entry, 4 own turns
--       then the fields to read: those of the checks, of the adds, `v` if there are adds or puts, `k` if there are
--          own turns, that of the log's end if there is an entry
--       checks: "" for absent, "+" for present, or the version
--       adds: the number; what the sum may be at most, or ""
--       puts: field, bytes
--       deletes: field
--       entry: time, bytes
--       announces: "e" (the entry of the own topic), "t" (an own turn) or the place in KEYS of another topic's hash;
--          the event
--
-- Answers text: carried out; the entry's id if there is one, then each sum behind a space.
--         "=" and such a text: the token is known; this is what was answered then.
--         number: refused, by the check with this number, or by the add with the number -1 - this.
--
-- A message in a group is a token, two checks, an entry and an announce, and costs what it calls and makes: so
-- everything is read with one command and written with one for each key, and functions and tables, which Lua makes
-- anew in each run, are made only for what needs them.
--
-- The first write is one that Redis refuses when it takes no writes, so a batch is never stored in half.
local call, keys, args = redis.call, KEYS, ARGV
local checks, adds, puts, deletes, announces, flags = struct.unpack('>HHHHHB', args[1])
local changes, has_token, has_entry, has_turns = adds + puts > 0, flags % 2 == 1, flags % 4 >= 2, flags >= 4
-- Lua hands over only a few thousand values at once.
local PART = 2000

local hash, next_key = keys[1], 2
local index, token, log
if changes or deletes > 0 then index, next_key = keys[next_key], next_key + 1 end
if has_token then token, next_key = keys[next_key], next_key + 1 end
if has_entry then log = keys[next_key] end

local reads = checks + adds + (changes and 1 or 0) + (has_turns and 1 or 0) + (has_entry and 1 or 0)
local found
if reads > PART then
  found = {}
  for from = 2, reads + 1, PART do
    local part = call('HMGET', hash, unpack(args, from, math.min(from + PART - 1, reads + 1)))
    for i = 1, #part do found[#found + 1] = part[i] end
  end
elseif reads > 0 then
  found = call('HMGET', hash, unpack(args, 2, reads + 1))
end
-- The place of the next argument, and of the next value that was read.
local at, seen = reads + 2, 1

local refusal
for i = 1, checks do
  local expected, value = args[at], found[seen]
  if expected == '' then
    if value then refusal = i - 1 break end
  elseif not value or expected ~= '+' and string.sub(value, 1, 8) ~= expected then
    refusal = i - 1
    break
  end
  at, seen = at + 1, seen + 1
end

-- Fields and values to write; members of the index with their scores; the sums.
local fields, members, sums
if changes and not refusal then
  local version = found[checks + adds + 1]
  version = struct.pack('>I8', version and struct.unpack('>I8', version) + 1 or 1)
  fields, members = { 'v', version }, {}

  if adds > 0 then
    -- A sum of 64 bits is beyond Lua's numbers. It is taken apart into billions and a rest that is never negative.
    local function apart(text)
      local digits = string.match(text, '%d+')
      local high, low = tonumber(string.sub(digits, 1, -10)) or 0, tonumber(string.sub(digits, -9))
      if string.sub(text, 1, 1) ~= '-' then return high, low end
      if low == 0 then return -high, 0 end
      return -high - 1, 1000000000 - low
    end
    local function is_more(high, low, than_high, than_low)
      return high > than_high or high == than_high and low > than_low
    end
    local now = {}
    sums = {}
    for i = 1, adds do
      local field, value, at_most = args[1 + checks + i], found[seen], args[at + 1]
      local high, low = apart(now[field] or value and string.sub(value, 9) or '0')
      local delta_high, delta_low = apart(args[at])
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
      local sum = sign .. (high > 0 and string.format('%d%09d', high, low) or string.format('%d', low))
      now[field], sums[i] = sum, sum
      fields[#fields + 1], fields[#fields + 2] = field, version .. sum
      if not value then members[#members + 1], members[#members + 2] = '0', field end
      at, seen = at + 2, seen + 1
    end
  end

  if not refusal then
    for _ = 1, puts do
      local field = args[at]
      fields[#fields + 1], fields[#fields + 2] = field, version .. args[at + 1]
      members[#members + 1], members[#members + 2] = '0', field
      at = at + 2
    end
    seen = seen + 1
  end
end

if refusal then
  local answer = token and call('GET', token)
  return answer and '=' .. answer or refusal
end

local first_deleted = at
at = at + deletes

local turn
if has_turns then
  turn = tonumber(found[seen] or 0)
  local own, first = 0, at + (has_entry and 2 or 0)
  for i = first, first + 2 * announces - 2, 2 do
    if args[i] == 't' then own = own + 1 end
  end
  fields = fields or {}
  fields[#fields + 1], fields[#fields + 2] = 'k', string.format('%d', turn + own)
  seen = seen + 1
end

local seq, time, id = '-', '-', ''
if has_entry then
  local last = found[seen]
  seq, time = '1', args[at]
  if last then
    local last_seq, last_time = string.match(last, '^(%d+)-(%d+)$')
    seq = string.format('%d', last_seq + 1)
    if tonumber(last_time) > tonumber(time) then time = last_time end
  end
  id = seq .. '-' .. time
  if fields then fields[#fields + 1], fields[#fields + 2] = args[reads + 1], id end
end

local answer = sums and id .. ' ' .. table.concat(sums, ' ') or id
if token and not call('SET', token, answer, 'PX', '600000', 'NX') then
  return '=' .. call('GET', token)
end

if fields then
  for from = 1, #fields, PART do
    call('HSET', hash, unpack(fields, from, math.min(from + PART - 1, #fields)))
  end
elseif has_entry then
  call('HSET', hash, args[reads + 1], id)
end
if members then
  for from = 1, #members, PART do
    call('ZADD', index, unpack(members, from, math.min(from + PART - 1, #members)))
  end
end
if has_entry then
  call('XADD', log, id, 'b', args[at + 1])
  at = at + 2
end
for from = first_deleted, first_deleted + deletes - 1, PART do
  local last = math.min(from + PART, first_deleted + deletes) - 1
  call('HDEL', hash, unpack(args, from, last))
  call('ZREM', index, unpack(args, from, last))
end

if announces > 0 then
  -- A server that does not say its version to scripts is older than sharded channels.
  local publish = redis.REDIS_VERSION_NUM and 'SPUBLISH' or 'PUBLISH'
  for _ = 1, announces do
    local head, topic = args[at], hash
    if head == 't' then
      turn = turn + 1
      head = string.format('t%d', turn)
    elseif head ~= 'e' then
      topic = keys[tonumber(head)]
      head = string.format('t%d', call('HINCRBY', topic, 'k', 1))
    end
    -- A topic's channel is its hash without ":r".
    call(publish, string.sub(topic, 1, -3), head .. ' ' .. seq .. ' ' .. time .. ' ' .. args[at + 1])
    at = at + 2
  end
end
return answer

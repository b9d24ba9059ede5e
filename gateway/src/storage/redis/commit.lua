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
--       puts: field, bytes; deletes: field
--       entry: time, bytes
--       announces: "e" (the entry of the own topic), "t" (an own turn) or the place in KEYS of another topic;
--          the event
--
-- Answers text: carried out; the entry's id if there is one, then each sum behind a space.
--         "=" and such a text: the token is known; this is what was answered then.
--         number: refused, by the check with this number or the add with number -1 - this.
--
-- Everything is read with one command and written with one for each key, since what costs is the number of calls.
-- The first write is one that Redis refuses when it takes no writes, so a batch is never stored in half.
local call, keys, args = redis.call, KEYS, ARGV
local checks, adds, puts, deletes, announces, flags = struct.unpack('>HHHHHB', args[1])
local hash, changes = keys[1], adds + puts > 0

local next_key = 2
local function take_key(wanted)
  if wanted then
    next_key = next_key + 1
    return keys[next_key - 1]
  end
end
local index = take_key(changes or deletes > 0)
local token = take_key(flags % 2 == 1)
local log = take_key(flags % 4 >= 2)
local own_turns = flags >= 4

-- Lua hands over only a few thousand values at once.
local PART = 2000

local function read(first, last)
  if last - first < PART then
    return call('HMGET', hash, unpack(args, first, last))
  end
  local found = {}
  for from = first, last, PART do
    local part = call('HMGET', hash, unpack(args, from, math.min(from + PART - 1, last)))
    for i = 1, #part do
      found[#found + 1] = part[i]
    end
  end
  return found
end

local function write(command, key, list)
  for from = 1, #list, PART do
    call(command, key, unpack(list, from, math.min(from + PART - 1, #list)))
  end
end

local function refuse(number)
  local answer = token and call('GET', token)
  return answer and '=' .. answer or number
end

-- Sums of 64 bits are beyond Lua's numbers: a sum is kept as { billions, rest }, the rest never negative.
local function parse(text)
  local digits = string.match(text, '%d+')
  local high, low = tonumber(string.sub(digits, 1, -10)) or 0, tonumber(string.sub(digits, -9))
  if string.sub(text, 1, 1) ~= '-' then
    return high, low
  elseif low == 0 then
    return -high, 0
  end
  return -high - 1, 1000000000 - low
end

local function is_more(high, low, than_high, than_low)
  return high > than_high or high == than_high and low > than_low
end

local function add(one, other)
  local high, low = parse(one)
  local other_high, other_low = parse(other)
  high, low = high + other_high, low + other_low
  if low >= 1000000000 then
    high, low = high + 1, low - 1000000000
  end
  return high, low
end

local function text(high, low)
  if high >= 0 then
    return high > 0 and string.format('%.0f%09.0f', high, low) or string.format('%.0f', low)
  elseif low > 0 then
    high, low = high + 1, 1000000000 - low
  end
  return high < 0 and string.format('-%.0f%09.0f', -high, low) or string.format('-%.0f', low)
end

local function fits(high, low, at_most)
  if is_more(high, low, 9223372036, 854775807) or is_more(-9223372037, 145224192, high, low) then
    return false
  end
  return at_most == '' or not is_more(high, low, parse(at_most))
end

local reads = checks + adds + (changes and 1 or 0) + (own_turns and 1 or 0) + (log and 1 or 0)
local found = reads > 0 and read(2, 1 + reads)
local at, seen = 2 + reads, checks

for i = 1, checks do
  local expected, value = args[at], found[i]
  if expected == '' then
    if value then
      return refuse(i - 1)
    end
  elseif not value or expected ~= '+' and string.sub(value, 1, 8) ~= expected then
    return refuse(i - 1)
  end
  at = at + 1
end

local fields, indexed, sums = {}, {}, nil
if changes then
  local version = found[checks + adds + 1]
  version = struct.pack('>I8', version and struct.unpack('>I8', version) + 1 or 1)
  fields = { 'v', version }
  if adds > 0 then
    local now = {}
    sums = {}
    for i = 1, adds do
      local field, value = args[1 + checks + i], found[checks + i]
      local high, low = add(now[field] or value and string.sub(value, 9) or '0', args[at])
      if not fits(high, low, args[at + 1]) then
        return refuse(-i)
      end
      now[field] = text(high, low)
      sums[i] = now[field]
      fields[#fields + 1], fields[#fields + 2] = field, version .. now[field]
      if not value then
        indexed[#indexed + 1], indexed[#indexed + 2] = '0', field
      end
      at = at + 2
    end
  end
  for _ = 1, puts do
    local field = args[at]
    fields[#fields + 1], fields[#fields + 2] = field, version .. args[at + 1]
    indexed[#indexed + 1], indexed[#indexed + 2] = '0', field
    at = at + 2
  end
  seen = seen + adds + 1
end

local deleted = at
at = at + deletes

local turn
if own_turns then
  seen = seen + 1
  turn = tonumber(found[seen] or 0)
  local own = 0
  for i = 1, announces do
    if args[at + (log and 2 or 0) + 2 * i - 2] == 't' then
      own = own + 1
    end
  end
  fields[#fields + 1], fields[#fields + 2] = 'k', string.format('%.0f', turn + own)
end

local seq, time, id = '-', '-', ''
if log then
  local last = found[seen + 1]
  seq, time = '1', args[at]
  if last then
    local last_seq, last_time = string.match(last, '^(%d+)-(%d+)$')
    seq = string.format('%.0f', last_seq + 1)
    if tonumber(last_time) > tonumber(time) then
      time = last_time
    end
  end
  id = seq .. '-' .. time
  fields[#fields + 1], fields[#fields + 2] = args[1 + reads], id
end

local answer = sums and id .. ' ' .. table.concat(sums, ' ') or id
if token and not call('SET', token, answer, 'PX', '600000', 'NX') then
  return '=' .. call('GET', token)
end
if #fields > 0 then
  write('HSET', hash, fields)
end
if #indexed > 0 then
  write('ZADD', index, indexed)
end
if log then
  call('XADD', log, id, 'b', args[at + 1])
  at = at + 2
end
for from = deleted, deleted + deletes - 1, PART do
  local last = math.min(from + PART - 1, deleted + deletes - 1)
  call('HDEL', hash, unpack(args, from, last))
  call('ZREM', index, unpack(args, from, last))
end

if announces > 0 then
  -- A server that does not say its version to scripts is older than sharded channels.
  local publish = redis.REDIS_VERSION_NUM and 'SPUBLISH' or 'PUBLISH'
  local stamp = ' ' .. seq .. ' ' .. time .. ' '
  for _ = 1, announces do
    local to, topic = args[at], hash
    if to == 't' then
      turn = turn + 1
      to = string.format('t%.0f', turn)
    elseif to ~= 'e' then
      topic = keys[tonumber(to)]
      to = string.format('t%.0f', call('HINCRBY', topic, 'k', 1))
    end
    -- A topic's channel is its hash without ":r".
    call(publish, string.sub(topic, 1, -3), to .. stamp .. args[at + 1])
    at = at + 2
  end
end
return answer

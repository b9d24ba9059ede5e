-- Takes the next number of a topic and the next offset, and publishes an event with both. What was told before under the
-- same token is not told again. KEYS: the topic's hash; where such tokens are kept, and where else one may be.
-- ARGV: the first number there may be; the time; the event; the token, empty for none; how long tokens are kept, in ms.
-- Answers the number, the time, and 1 where it was told before.
local token = ARGV[4]
if token ~= '' then
  local known = redis.call('HGET', KEYS[2], token) or redis.call('HGET', KEYS[3], token)
  if known then
    return known .. ' 1'
  end
end
local number = redis.call('HINCRBY', KEYS[1], 'z', 1)
if number == 1 then
  number = tonumber(ARGV[1])
  redis.call('HSET', KEYS[1], 'z', ARGV[1])
end
local stamp = string.format('%.0f ', number) .. ARGV[2]
if token ~= '' then
  redis.call('HSET', KEYS[2], token, stamp)
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
local offset = string.format('t%.0f ', redis.call('HINCRBY', KEYS[1], 'k', 1))
redis.call(redis.REDIS_VERSION_NUM and 'SPUBLISH' or 'PUBLISH', string.sub(KEYS[1], 1, -3), offset .. stamp .. ' ' .. ARGV[3])
return stamp .. ' 0'

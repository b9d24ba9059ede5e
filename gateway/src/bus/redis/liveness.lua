-- Which instances live. KEYS: a sorted set, an instance's number → until when it lives, in Unix milliseconds.
-- ARGV: the instance that asks; how long it lives from now on, in milliseconds. Answers the numbers.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lifetime = tonumber(ARGV[2])

-- While nobody could speak to the server nobody could say that it lives: such a time does not count.
local last = redis.call('ZSCORE', KEYS[1], 'last')
local silence = last and now - last or 0
if silence > lifetime / 2 then
  for _, node in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    redis.call('ZINCRBY', KEYS[1], silence, node)
  end
end

redis.call('ZADD', KEYS[1], now + lifetime, ARGV[1])
redis.call('ZREM', KEYS[1], 'last')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local nodes = redis.call('ZRANGE', KEYS[1], 0, -1)
redis.call('ZADD', KEYS[1], now, 'last')
-- When the last instance is gone for good, nothing stays. An hour's silence of the server is outlived.
redis.call('PEXPIRE', KEYS[1], 3600000)
return nodes

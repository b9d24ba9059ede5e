-- Tries everything that the gateway does here, and undoes it. KEYS: a hash, a sorted set, a stream and a string of nobody
-- else, on this server. ARGV: the channel.
-- Answers, for each thing that the user may not do, its name and what Redis says.
local refused = {}
local function try(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then
    refused[#refused + 1] = string.lower((...))
    refused[#refused + 1] = string.match(answer.err, '^[^\r\n]*')
  end
end
local hash, set, stream, text = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
try('UNLINK', hash, set, stream, text)
try('HSET', hash, 'f', '1')
try('HSETNX', hash, 'f', '1')
try('HGET', hash, 'f')
try('HMGET', hash, 'f')
try('HINCRBY', hash, 'f', '1')
try('HDEL', hash, 'f')
try('ZADD', set, '0', 'm')
try('ZCARD', set)
try('ZRANGE', set, '0', '-1')
try('ZRANGEBYLEX', set, '-', '+')
try('ZREVRANGEBYLEX', set, '+', '-')
try('ZSCORE', set, 'm')
try('ZINCRBY', set, '1', 'm')
try('ZREM', set, 'm')
try('ZREMRANGEBYSCORE', set, '-inf', '+inf')
try('XADD', stream, '1-1', 'b', '')
try('XLEN', stream)
try('XINFO', 'STREAM', stream)
try('XRANGE', stream, '-', '+')
try('XREVRANGE', stream, '+', '-')
try('XTRIM', stream, 'MINID', '2')
try('SET', text, '1')
try('GET', text)
try('PEXPIRE', text, '1000')
try('TIME')
try('UNLINK', hash, set, stream, text)
try(redis.REDIS_VERSION_NUM and 'SPUBLISH' or 'PUBLISH', ARGV[1], '')
return refused

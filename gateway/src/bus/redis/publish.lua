-- Takes the next offset of a topic and publishes an event with it. KEYS: the topic's hash.
-- ARGV: the stamp of the payload's head, with its spaces; the event.
local offset = string.format('t%.0f', redis.call('HINCRBY', KEYS[1], 'k', 1))
-- A server that does not say its version to scripts is older than sharded channels. The channel is the hash without ":r".
redis.call(redis.REDIS_VERSION_NUM and 'SPUBLISH' or 'PUBLISH', string.sub(KEYS[1], 1, -3), offset .. ARGV[1] .. ARGV[2])
return 1

-- What tells one state of the store from another. KEYS: a hash on the server. ARGV: the id that was seen there last, "" for
-- none; the time that was seen there last, 0 for none; an id that was never used.
-- Answers id and time. The id is another than before when what is there was deleted, is another server's, or is older than
-- what was seen: whoever finds that gives it a new one, so that all others see it, too.
local found = redis.call('HMGET', KEYS[1], 'id', 'at')
local id, at = found[1], tonumber(found[2] or '0')
if not id or id == ARGV[1] and at < tonumber(ARGV[2]) then
  id = ARGV[3]
  redis.call('HSET', KEYS[1], 'id', id)
end
-- It never goes back by itself, whatever the clock does, and is written once a second however many look.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now - at >= 1000 then
  at = now
  redis.call('HSET', KEYS[1], 'at', string.format('%.0f', at))
end
return { id, string.format('%.0f', at) }

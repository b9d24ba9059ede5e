-- Gives the store another format. KEYS: the key of its number. ARGV: the new number; the one that it must have, "" for
-- none.
-- Answers the number that it has then.
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[2] then return found end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]

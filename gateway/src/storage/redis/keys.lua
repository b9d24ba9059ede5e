-- Says which secret keys an instance has. KEYS: a sorted set; a member is an application and the marks of all keys that an
-- instance has for it, with spaces between them; the score is until when that counts, in Unix milliseconds.
-- ARGV: for how long it counts; the instance's members.
-- Answers the applications for which an instance lives that has none of these keys; only where there are none are the members
-- noted, so that who came later is told, and not who is there.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local known = redis.call('ZRANGE', KEYS[1], 0, -1)
local strangers = {}
for i = 2, #ARGV do
  local app = string.match(ARGV[i], '^%d+')
  for _, other in ipairs(known) do
    if string.match(other, '^%d+') == app then
      local is_shared = false
      for mark in string.gmatch(string.sub(ARGV[i], #app + 1), '%S+') do
        if string.find(other .. ' ', ' ' .. mark .. ' ', 1, true) then is_shared = true end
      end
      if not is_shared then strangers[#strangers + 1] = app end
    end
  end
end
if #strangers == 0 then
  for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return strangers

-- Records in order. KEYS: the partition's hash, its index.
-- ARGV: ZRANGEBYLEX or ZREVRANGEBYLEX, its two bounds, how many to pass over, the most records there may be.
-- Answers field, value, field, value, …
local answer = {}
local fields = redis.call(ARGV[1], KEYS[2], ARGV[2], ARGV[3], 'LIMIT', ARGV[4], ARGV[5])
-- Lua hands over only a few thousand values at once.
for from = 1, #fields, 2000 do
  local last = math.min(from + 1999, #fields)
  local values = redis.call('HMGET', KEYS[1], unpack(fields, from, last))
  for i = from, last do
    answer[2 * i - 1], answer[2 * i] = fields[i], values[i - from + 1]
  end
end
return answer

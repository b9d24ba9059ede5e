-- Deletes some of the records between two bounds, and a log. KEYS: the partition's hash, its index, the log.
-- ARGV: the bounds as ZRANGEBYLEX takes them; how many records at most; the field of the log's end.
-- Answers how many records were deleted, as text: fewer than asked for means that none is left.
-- What is read is read first: Redis undoes nothing when a key turns out to be of another type.
local fields = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', '0', ARGV[3])
local version = redis.call('HGET', KEYS[1], 'v')
redis.call('HDEL', KEYS[1], ARGV[4])
redis.call('UNLINK', KEYS[3])
if #fields > 0 then
  redis.call('HDEL', KEYS[1], unpack(fields))
  redis.call('ZREM', KEYS[2], unpack(fields))
  -- Who knows that checks held knows it no more.
  version = struct.pack('>I8', version and struct.unpack('>I8', version) + 1 or 1)
  redis.call('HSET', KEYS[1], 'v', version, 'd', version)
end
return tostring(#fields)

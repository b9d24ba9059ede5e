-- Fails when the server takes no writes. KEYS: a key of nobody else.
return redis.call('SET', KEYS[1], '1', 'PX', '60000')

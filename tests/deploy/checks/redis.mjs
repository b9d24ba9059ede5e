// Redis with the shipped settings and the shipped list of users.

import assert from 'node:assert/strict';

import { shipped } from '../harness/files.mjs';
import { Redis } from '../harness/redis.mjs';

/** What a gateway has no business with, each with arguments that it could have. */
const FORBIDDEN = [
  ['flushall'], ['flushdb'], ['config', 'get', '*'], ['config', 'set', 'appendonly', 'no'], ['shutdown'], ['keys', '*'],
  ['acl', 'list'], ['debug', 'sleep', '0'], ['replicaof', 'no', 'one'], ['module', 'list'], ['save'], ['bgrewriteaof'],
  ['monitor'], ['client', 'kill', 'type', 'normal'], ['migrate', 'a', '1', 'b', '0', '1'], ['swapdb', '0', '1'],
  ['script', 'flush'], ['function', 'flush'], ['cluster', 'reset'],
];

export default async function redis(t) {
  const server = await Redis.start();
  t.onLeave(() => server.end());

  await t.check('it has the settings that are shipped', async () => {
    const lines = shipped('redis/redis.conf').split('\n').filter((line) => line && !line.startsWith('#'));
    const settings = lines.map((line) => /^(\S+) (.*)$/.exec(line).slice(1)).filter(([name]) => name !== 'aclfile');
    for (const [name, value] of settings) {
      const [, found] = (await server.operator('config', 'get', name)).split('\n');
      const isSame = name === 'client-output-buffer-limit' ? found.includes(bytes(value)) : found === bytes(value);
      assert.ok(isSame, `${name}: ${found}, not ${value}`);
    }
    // Without these two, what was acknowledged can be gone.
    for (const wanted of ['appendonly yes', 'maxmemory-policy noeviction']) assert.ok(lines.includes(wanted), wanted);
  });

  await t.check('nobody comes in without a name and a password', async () => {
    assert.match(await server.as('default', 'ping'), /WRONGPASS|NOAUTH/);
    assert.match(await server.operator('acl', 'list'), /^user default off /m);
  });

  await t.check('the user of the gateways reaches the keys and channels of the gateways alone', async () => {
    const allowed = (...command) => server.operator('acl', 'dryrun', 'timgate', ...command);
    assert.equal(await allowed('hset', 'timgate:{1/g}:r', 'a', 'b'), 'OK');
    assert.equal(await allowed('spublish', 'timgate:{1/g}', 'x'), 'OK');
    for (const command of [['hset', 'other', 'a', 'b'], ['get', 'other'], ['spublish', 'other', 'x'], ['ssubscribe', 'other']]) {
      assert.notEqual(await allowed(...command), 'OK', command.join(' '));
    }
  });

  await t.check('the user of the gateways may not touch the server itself', async () => {
    for (const command of FORBIDDEN) {
      assert.notEqual(await server.operator('acl', 'dryrun', 'timgate', ...command), 'OK', command.join(' '));
    }
  });
}

/** As Redis tells sizes: in bytes. */
function bytes(value) {
  const units = { kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 };
  return value.replace(/\b(\d+)(kb|mb|gb)\b/g, (_, number, unit) => String(number * units[unit]));
}

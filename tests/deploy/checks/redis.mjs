// Redis with the shipped settings and the shipped list of users.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT, shipped, source } from '../harness/files.mjs';
import { Redis } from '../harness/redis.mjs';

/** What a gateway has no business with, each with arguments that it could have. */
const FORBIDDEN = [
  ['flushall'], ['flushdb'], ['config', 'get', '*'], ['config', 'set', 'appendonly', 'no'], ['shutdown'], ['keys', '*'],
  ['acl', 'list'], ['debug', 'sleep', '0'], ['replicaof', 'no', 'one'], ['module', 'list'], ['save'], ['bgrewriteaof'],
  ['monitor'], ['client', 'kill', 'type', 'normal'], ['migrate', 'a', '1', 'b', '0', '1'], ['swapdb', '0', '1'],
  ['script', 'flush'], ['function', 'flush'], ['cluster', 'reset'],
];

/** How each command that the gateway's source names is called; with keys and channels of its own. */
const KEY = 'timgate:{1/g}:r';
const CALLS = {
  ASKING: [], CLUSTER: ['SLOTS'], EVAL: ['return 1', '1', KEY], EVALSHA: ['0'.repeat(40), '1', KEY], GET: [KEY],
  HDEL: [KEY, 'a'], HELLO: ['3'], HGET: [KEY, 'a'], HGETALL: [KEY], HINCRBY: [KEY, 'a', '1'], HMGET: [KEY, 'a'], HSET: [KEY, 'a', 'b'], HSETNX: [KEY, 'a', 'b'], INFO: ['server'],
  PEXPIRE: [KEY, '1'], PING: [], PUBLISH: ['timgate:{1/g}', 'x'], SCAN: ['0'], SCRIPT: ['LOAD', 'return 1'],
  SET: [KEY, 'a', 'PX', '1'], SPUBLISH: ['timgate:{1/g}', 'x'], SSUBSCRIBE: ['timgate:{1/g}'], SUBSCRIBE: ['timgate:{1/g}'],
  TIME: [], UNLINK: [KEY], WAIT: ['0', '1'], XADD: [KEY, '1-1', 'b', 'x'], XRANGE: [KEY, '-', '+'], XREVRANGE: [KEY, '+', '-'],
  XTRIM: [KEY, 'MINID', '1'], ZADD: [KEY, '0', 'a'], ZINCRBY: [KEY, '1', 'a'], ZRANGE: [KEY, '0', '1'],
  ZRANGEBYLEX: [KEY, '-', '+'], ZREM: [KEY, 'a'], ZREMRANGEBYSCORE: [KEY, '0', '1'], ZREVRANGEBYLEX: [KEY, '+', '-'], ZSCORE: [KEY, 'a'],
};
/** Sent to sentinels, which have users of their own. */
const ELSEWHERE = ['SENTINEL'];
/** What connects, follows and finds its way, without the source naming it. */
const UNNAMED = [
  ['auth', 'timgate', 'x'], ['select', '0'], ['client', 'setname', 'x'], ['cluster', 'info'], ['cluster', 'slots'],
  ['sunsubscribe', 'timgate:{1/g}'], ['unsubscribe', 'timgate:{1/g}'], ['ssubscribe', 'timgate:{1/g}'], ['subscribe', 'timgate:{1/g}'],
];

/** The commands in the source of the gateway, without those of its tests. */
function named() {
  const folders = ['gateway/src/redis', 'gateway/src/storage/redis', 'gateway/src/bus/redis'];
  const files = folders.flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name)));
  const texts = files.filter((name) => /\.(rs|lua)$/.test(name) && !/\btest(s|ing)\b/.test(name))
    .map((name) => source(name).split(/#\[cfg\(test\)\]\s+mod \w+ \{/)[0]);
  const found = texts.flatMap((text) => [...text.matchAll(/\b(?:cmd\("|call\(')([A-Z]+)["']/g)].map(([, name]) => name));
  return new Set(found);
}

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

  await t.check('the user of the gateways may do everything that the source of the gateway asks for', async () => {
    const names = [...named()].filter((name) => !ELSEWHERE.includes(name));
    assert.ok(names.length > 15, names.join(' '));
    assert.deepEqual(names.filter((name) => !(name in CALLS)), [], 'nothing is known of these');
    for (const command of [...Object.entries(CALLS).map((call) => call.flat()), ...UNNAMED]) {
      assert.equal(await server.operator('acl', 'dryrun', 'timgate', ...command), 'OK', command.join(' '));
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

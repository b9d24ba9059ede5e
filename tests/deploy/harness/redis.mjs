// A Redis with the shipped settings, started by the very script of compose.cluster.yaml.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../../js/wait.mjs';
import { documents, shipped } from './files.mjs';
import { Server, freePort, must, temporary } from '../../js/process.mjs';

const START_WITHIN_MS = 10_000;
const PASSWORD = 'for-this-test-alone';
/** The shipped list has nobody who may look at settings and refusals; the test has one more user who may. */
const OPERATOR = 'operator';

export class Redis {
  #server;
  #port;

  static async start() {
    const redis = new Redis();
    const directory = await temporary('redis');
    redis.#port = await freePort();
    await writeFile(join(directory, 'redis.conf'), shipped('redis/redis.conf'));
    await writeFile(join(directory, 'users.acl'), `${shipped('redis/users.acl')}user ${OPERATOR} on nopass ~* &* +@all\n`);
    const { redis: service } = documents('compose.cluster.yaml')[0].services;
    const [shell, flags, script] = service.command;
    const here = script
      .replaceAll('$$', '$')
      .replaceAll('/etc/redis/', `${directory}/`)
      .replaceAll('/run/redis/', `${directory}/made-`)
      .replace('--dir /data', `--dir ${directory} --port ${redis.#port} --bind 127.0.0.1`);
    redis.#server = new Server(shell, [flags, here], { env: { REDISCLI_AUTH: PASSWORD } });
    await redis.#server.started(until(async () => (await redis.as('timgate', 'ping')) === 'PONG', START_WITHIN_MS, 'Redis answers'));
    return redis;
  }

  url(user = 'timgate', database = 0) {
    return `redis://${user}:${PASSWORD}@127.0.0.1:${this.#port}/${database}`;
  }

  /** One command of a user of the shipped list; gives what redis-cli prints. */
  async as(user, ...command) {
    const text = await must('redis-cli', ['-h', '127.0.0.1', '-p', String(this.#port), '--user', user, '--pass', PASSWORD, '--no-auth-warning', ...command]);
    return text.trim();
  }

  operator(...command) {
    return this.as(OPERATOR, ...command);
  }

  end() {
    return this.#server.end();
  }
}

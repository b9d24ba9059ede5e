// Gateways: one with its embedded store, or several on one Redis.

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { ADMIN, SDK_APP_ID } from '../../sdk/harness/gateway.mjs';
import { until } from '../../sdk/harness/wait.mjs';
import { GATEWAY } from './files.mjs';
import { Server, freePort, temporary } from './process.mjs';

const { Api: UserSigApi } = createRequire(new URL('../../sdk/', import.meta.url))('tls-sig-api-v2');

const START_WITHIN_MS = 20_000;
/** Short, so that a restart is over soon; long enough that clients are seen to go one by one. */
const DRAIN_SECONDS = 2;

export class Fleet {
  #key = randomBytes(32).toString('hex');
  instances = [];

  /** `size` instances on the Redis of `redisUrl`, or one with an embedded store when there is none. */
  static async start({ size, redisUrl }) {
    const fleet = new Fleet();
    fleet.directory = await temporary('fleet');
    const config = join(fleet.directory, 'gateway.toml');
    await writeFile(config, `[connection]\ndrain_seconds = ${DRAIN_SECONDS}\n`);
    for (let n = 0; n < size; n += 1) {
      fleet.instances.push(new Instance({
        GATEWAY_CONFIG: config,
        GATEWAY_DATA_DIR: join(fleet.directory, `data-${n}`),
        GATEWAY_SDKAPPID: String(SDK_APP_ID),
        GATEWAY_ADMINS: ADMIN,
        GATEWAY_SECRET_KEY: fleet.#key,
        ...(redisUrl && { GATEWAY_REDIS_URL: redisUrl }),
      }, await freePort(), await freePort()));
    }
    await Promise.all(fleet.instances.map((instance) => instance.up()));
    return fleet;
  }

  sign(user) {
    return new UserSigApi(SDK_APP_ID, this.#key).genUserSig(user, 86_400);
  }

  /** How many connections each has. */
  connections() {
    return Promise.all(this.instances.map((instance) => instance.connections()));
  }

  end() {
    return Promise.all(this.instances.map((instance) => instance.end()));
  }
}

class Instance {
  #environment;
  #server;

  constructor(environment, port, opsPort) {
    Object.assign(this, { port, opsPort });
    this.#environment = {
      ...environment, GATEWAY_LISTEN: `127.0.0.1:${port}`, GATEWAY_INTERNAL_LISTEN: `127.0.0.1:${opsPort}`,
    };
  }

  async up() {
    this.#server = new Server(GATEWAY, [], { env: this.#environment });
    await this.#server.started(until(async () => (await this.ask('/readyz')).ok, START_WITHIN_MS, 'the gateway is ready'));
  }

  /** Ends it as an operator would; the exit code tells whether the drain was clean. */
  end() {
    return this.#server.end('SIGTERM');
  }

  /** Asks the internal address. */
  ask(path) {
    return fetch(`http://127.0.0.1:${this.opsPort}${path}`, { signal: AbortSignal.timeout(2_000) });
  }

  async metrics() {
    return (await this.ask('/metrics')).text();
  }

  async connections() {
    return Number(/^gateway_connections (\d+)/m.exec(await this.metrics())?.[1] ?? 0);
  }

  get logTail() {
    return this.#server.logTail;
  }
}

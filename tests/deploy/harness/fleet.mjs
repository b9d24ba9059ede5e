// Gateways: one with its embedded store, or several on one Redis.

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { Instance } from '../../js/gateway.mjs';
import { temporary } from '../../js/process.mjs';
import { ADMIN, SDK_APP_ID } from '../../sdk/harness/gateway.mjs';
import { GATEWAY } from './files.mjs';

const { Api: UserSigApi } = createRequire(new URL('../../sdk/', import.meta.url))('tls-sig-api-v2');

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
      fleet.instances.push(await Instance.on(GATEWAY, {
        GATEWAY_CONFIG: config,
        GATEWAY_DATA_DIR: join(fleet.directory, `data-${n}`),
        GATEWAY_SDKAPPID: String(SDK_APP_ID),
        GATEWAY_ADMINS: ADMIN,
        GATEWAY_SECRET_KEY: fleet.#key,
        ...(redisUrl && { GATEWAY_REDIS_URL: redisUrl }),
      }));
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

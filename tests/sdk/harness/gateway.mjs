// Real gateway binaries on free ports of this machine, with a data directory and a key of their own: one with the
// embedded store, or several with a real redis-server between them: SDK_INSTANCES, where a suite does not say how many.

import { randomBytes } from 'node:crypto';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Instance } from '../../js/gateway.mjs';
import { Server, freePort, run, temporary } from '../../js/process.mjs';
import { until } from '../../js/wait.mjs';

const { Api: UserSigApi } = createRequire(import.meta.url)('tls-sig-api-v2');

const BINARY = process.env.GATEWAY_BIN
  ?? fileURLToPath(new URL('../../../target/release/gateway', import.meta.url));
const INSTANCES = Number(process.env.SDK_INSTANCES ?? 1);
const START_WITHIN_MS = 20_000;

export const SDK_APP_ID = 1400000001;
export const ADMIN = 'administrator';

export class Gateway {
  #dataDir;
  #key;
  #redis = null;
  #instances = [];
  #config = null;
  #turn = 0;

  /** `config` is what its settings file says, in TOML. */
  static async start({ instances = INSTANCES, config = '' } = {}) {
    const gateway = new Gateway();
    gateway.#dataDir = await temporary('sdk');
    gateway.#config = join(gateway.#dataDir, 'gateway.toml');
    await writeFile(gateway.#config, config);
    gateway.#key = randomBytes(32).toString('hex');
    if (instances > 1) gateway.#redis = await Redis.start(gateway.#dataDir);
    for (let index = 0; index < instances; index += 1) {
      gateway.#instances.push(await Instance.on(BINARY, gateway.#settings(index)));
    }
    await gateway.up();
    return gateway;
  }

  #settings(index) {
    return {
      GATEWAY_CONFIG: this.#config,
      GATEWAY_DATA_DIR: join(this.#dataDir, `data${index}`),
      GATEWAY_SDKAPPID: String(SDK_APP_ID),
      GATEWAY_SECRET_KEY: this.#key,
      GATEWAY_ADMINS: ADMIN,
      ...(this.#redis && { GATEWAY_REDIS_URL: this.#redis.url }),
    };
  }

  /** Where the next client goes: with several instances to each in turn, as a balancer would send it. */
  get port() {
    this.#turn += 1;
    return this.#instances[this.#turn % this.#instances.length].port;
  }

  /** Where each of the instances listens, for a client that goes to one of them. */
  get ports() {
    return this.#instances.map(({ port }) => port);
  }

  /** What an application puts into its SDK's `proxyServer`. */
  get url() {
    return `ws://127.0.0.1:${this.port}`;
  }

  get http() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A UserSig made by the vendor's own library; `seconds` below zero gives one that is expired. */
  sign(user, { seconds = 86_400, key = this.#key, sdkAppId = SDK_APP_ID } = {}) {
    return new UserSigApi(sdkAppId, key).genUserSig(user, seconds);
  }

  /** Starts every instance on the same port and data directory as ever, and waits until all are ready. */
  async up() {
    await Promise.all(this.#instances.map((instance) => instance.up()));
  }

  /** Ends all as a power cut would: no handler of the gateway runs. */
  async kill() {
    await Promise.all(this.#instances.map((instance) => instance.kill()));
  }

  /** Ends all as an operator would; the exit code tells whether every drain was clean. */
  async stop() {
    const codes = await Promise.all(this.#instances.map((instance) => instance.end()));
    return codes.find((code) => code !== 0) ?? 0;
  }

  async restartAfterKill() {
    await this.kill();
    await this.up();
  }

  /** Ends one as a power cut would, while the others go on. */
  killOne(index) {
    return this.#instances[index].kill();
  }

  upOne(index) {
    return this.#instances[index].up();
  }

  /** Breaks the connections by which the instances hear of each other; they make new ones. */
  cutBus() {
    return this.#redis.command('CLIENT KILL TYPE pubsub');
  }

  /** Whether the store can be emptied while the gateways run. */
  get canForget() {
    return this.#redis !== null;
  }

  /** Empties the store under the gateways. */
  forget() {
    return this.#redis.command('FLUSHALL');
  }

  /** Whether there are files of our own that can be damaged. */
  get canDamage() {
    return this.#redis === null;
  }

  /** Flips a bit of what is stored in tables where it has these bytes. The gateway is stopped. */
  async damage(text) {
    const [dataDir] = this.#instances.map((_, index) => this.#settings(index).GATEWAY_DATA_DIR);
    // Reading all of it puts the rows of journals into tables.
    const { text: said } = await run(BINARY, ['verify', '--data-dir', dataDir]);
    let count = 0;
    for (const entry of await readdir(join(dataDir, 'store/rows/keyspaces'), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path);
      const before = count;
      for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
        bytes[at] ^= 1;
        count += 1;
      }
      if (count > before) await writeFile(path, bytes);
    }
    if (count === 0) throw new Error(`${JSON.stringify(text)} is in no table; verify said:\n${said}`);
  }

  async remove() {
    await this.kill();
    await this.#redis?.end();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  get logTail() {
    return this.#instances.map((instance) => instance.logTail).join('\n-- next instance --\n');
  }
}

/** What several instances share; it writes each change to the disk before it answers. */
class Redis {
  #server;

  static async start(directory) {
    const redis = new Redis();
    const port = await freePort();
    redis.port = port;
    redis.url = `redis://127.0.0.1:${port}`;
    const settings = ['--port', port, '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'yes',
      '--appendfsync', 'always'];
    redis.#server = new Server('redis-server', settings.map(String));
    await redis.#server.started(until(() => isListening(port), START_WITHIN_MS, 'redis-server listens'));
    return redis;
  }

  /** A command whose answer is one line: its text. */
  command(text) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${text}\r\n`));
      socket.once('error', reject);
      socket.once('data', (answer) => {
        socket.destroy();
        const line = String(answer).trimEnd();
        if (line.startsWith('-')) reject(new Error(`${text}: ${line}`));
        else resolve(line);
      });
    });
  }

  end() {
    return this.#server.end();
  }
}

function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

// Real gateway binaries on free ports of this machine, with a data directory and a key of their own: one with the
// embedded store, or SDK_INSTANCES of them with a real redis-server between them.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from './wait.mjs';

const { Api: UserSigApi } = createRequire(import.meta.url)('tls-sig-api-v2');

const BINARY = process.env.GATEWAY_BIN
  ?? fileURLToPath(new URL('../../../target/release/gateway', import.meta.url));
const INSTANCES = Number(process.env.SDK_INSTANCES ?? 1);
const START_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 20_000;
const LOG_LINES_KEPT = 2_000;

/** What still runs and what still lies on the disk, so that nothing outlives this process whatever ends it. */
const running = new Set();
const directories = new Set();
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
  directories.forEach((directory) => rmSync(directory, { recursive: true, force: true }));
});

export const SDK_APP_ID = 1400000001;
export const ADMIN = 'administrator';

export class Gateway {
  #dataDir;
  #key;
  #redis = null;
  #instances = [];
  #turn = 0;

  static async start() {
    const gateway = new Gateway();
    gateway.#dataDir = await mkdtemp(join(tmpdir(), 'timgate-sdk-'));
    directories.add(gateway.#dataDir);
    gateway.#key = randomBytes(32).toString('hex');
    await writeFile(join(gateway.#dataDir, 'secret.key'), gateway.#key, { mode: 0o600 });
    if (INSTANCES > 1) gateway.#redis = await Redis.start(gateway.#dataDir);
    for (let index = 0; index < INSTANCES; index += 1) {
      gateway.#instances.push(new Instance(await freePort(), gateway.#arguments(index)));
    }
    await gateway.up();
    return gateway;
  }

  #arguments(index) {
    return [
      '--data-dir', join(this.#dataDir, `data${index}`),
      '--sdkappid', String(SDK_APP_ID),
      '--secret-key-file', join(this.#dataDir, 'secret.key'),
      '--admins', ADMIN,
      ...(this.#redis ? ['--redis-url', this.#redis.url] : []),
    ];
  }

  /** Where the next client goes: with several instances to each in turn, as a balancer would send it. */
  get port() {
    this.#turn += 1;
    return this.#instances[this.#turn % this.#instances.length].port;
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
    await Promise.all(this.#instances.map((instance) => instance.end('SIGKILL')));
  }

  /** Ends all as an operator would; the exit code tells whether every drain was clean. */
  async stop() {
    const codes = await Promise.all(this.#instances.map((instance) => instance.end('SIGTERM')));
    return codes.find((code) => code !== 0) ?? 0;
  }

  async restartAfterKill() {
    await this.kill();
    await this.up();
  }

  async remove() {
    await this.kill();
    await this.#redis?.end();
    await rm(this.#dataDir, { recursive: true, force: true });
    directories.delete(this.#dataDir);
  }

  logTail(lines) {
    return this.#instances.map((instance) => instance.logTail(lines)).join('\n-- next instance --\n');
  }
}

/** A process that is started and ended. */
class Program {
  #binary;
  #child = null;
  #log = [];

  constructor(binary) {
    this.#binary = binary;
  }

  async run(args, isReady) {
    const child = spawn(this.#binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.stdout.on('data', (chunk) => this.#keep(chunk));
    child.stderr.on('data', (chunk) => this.#keep(chunk));
    const failed = new Promise((_, reject) => {
      child.once('error', (error) => reject(new Error(`cannot start ${this.#binary}: ${error.message}`)));
      child.once('exit', (code, signal) => {
        running.delete(child);
        reject(new Error(`${this.#binary} ended with ${signal ?? code}\n${this.logTail(40)}`));
      });
    });
    // The exit of a program that was told to end is nobody's error.
    failed.catch(() => {});
    await Promise.race([failed, until(isReady, START_WITHIN_MS, `${this.#binary} is ready`)]);
  }

  end(signal) {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve(null);
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    return ended.finally(() => clearTimeout(timer));
  }

  logTail(lines) {
    return this.#log.slice(-lines).join('\n');
  }

  #keep(chunk) {
    this.#log.push(...chunk.toString().split('\n').filter(Boolean));
    this.#log.splice(0, Math.max(0, this.#log.length - LOG_LINES_KEPT));
  }
}

class Instance extends Program {
  #args;

  constructor(port, args) {
    super(BINARY);
    this.port = port;
    this.#args = args;
  }

  up() {
    return this.run(['--listen', `127.0.0.1:${this.port}`, ...this.#args], async () => {
      const response = await fetch(`http://127.0.0.1:${this.port}/readyz`, { signal: AbortSignal.timeout(1_000) });
      return response.ok;
    });
  }
}

/** What several instances share; it writes each change to the disk before it answers. */
class Redis extends Program {
  static async start(directory) {
    const redis = new Redis('redis-server');
    const port = await freePort();
    redis.url = `redis://127.0.0.1:${port}`;
    const settings = ['--port', port, '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'yes',
      '--appendfsync', 'always'];
    await redis.run(settings.map(String), () => isListening(port));
    return redis;
  }

  end() {
    return super.end('SIGTERM');
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

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

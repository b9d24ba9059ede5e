// A real gateway binary on a free port of this machine, with a data directory and a key of its own.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from './wait.mjs';

const { Api: UserSigApi } = createRequire(import.meta.url)('tls-sig-api-v2');

const BINARY = process.env.GATEWAY_BIN
  ?? fileURLToPath(new URL('../../../target/release/gateway', import.meta.url));
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
  #child = null;
  #log = [];

  static async start() {
    const gateway = new Gateway();
    gateway.#dataDir = await mkdtemp(join(tmpdir(), 'timgate-sdk-'));
    directories.add(gateway.#dataDir);
    gateway.#key = randomBytes(32).toString('hex');
    gateway.port = await freePort();
    await writeFile(join(gateway.#dataDir, 'secret.key'), gateway.#key, { mode: 0o600 });
    await gateway.up();
    return gateway;
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

  /** Starts the binary on the same port and data directory as ever, and waits until it is ready. */
  async up() {
    const child = spawn(BINARY, [
      '--listen', `127.0.0.1:${this.port}`,
      '--data-dir', join(this.#dataDir, 'data'),
      '--sdkappid', String(SDK_APP_ID),
      '--secret-key-file', join(this.#dataDir, 'secret.key'),
      '--admins', ADMIN,
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.stdout.on('data', (chunk) => this.#keep(chunk));
    child.stderr.on('data', (chunk) => this.#keep(chunk));
    const failed = new Promise((_, reject) => {
      child.once('error', (error) => reject(new Error(`cannot start ${BINARY}: ${error.message}`)));
      child.once('exit', (code, signal) => {
        running.delete(child);
        reject(new Error(`the gateway ended with ${signal ?? code}\n${this.logTail(40)}`));
      });
    });
    // The exit of a gateway that was told to end is nobody's error.
    failed.catch(() => {});
    await Promise.race([failed, until(() => this.#isReady(), START_WITHIN_MS, 'the gateway is ready')]);
  }

  /** Ends it as a power cut would: no handler of the gateway runs. */
  kill() {
    return this.#end('SIGKILL');
  }

  /** Ends it as an operator would; the exit code tells whether the drain was clean. */
  stop() {
    return this.#end('SIGTERM');
  }

  async restartAfterKill() {
    await this.kill();
    await this.up();
  }

  async remove() {
    await this.kill();
    await rm(this.#dataDir, { recursive: true, force: true });
    directories.delete(this.#dataDir);
  }

  logTail(lines) {
    return this.#log.slice(-lines).join('\n');
  }

  #end(signal) {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve(null);
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    return ended.finally(() => clearTimeout(timer));
  }

  async #isReady() {
    const response = await fetch(`${this.http}/readyz`, { signal: AbortSignal.timeout(1_000) });
    return response.ok;
  }

  #keep(chunk) {
    this.#log.push(...chunk.toString().split('\n').filter(Boolean));
    this.#log.splice(0, Math.max(0, this.#log.length - LOG_LINES_KEPT));
  }
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

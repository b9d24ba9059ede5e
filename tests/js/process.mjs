// Programs on this machine: run to their end, or kept until the test ends.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LOG_LINES_KEPT = 2_000;
const LOG_LINES_SHOWN = 60;
const STOP_WITHIN_MS = 20_000;

const running = new Set();
const directories = new Set();
process.on('exit', () => {
  // Not SIGKILL: the workers of nginx would outlive their master.
  running.forEach((child) => child.kill('SIGTERM'));
  directories.forEach((directory) => rmSync(directory, { recursive: true, force: true }));
});

/** Runs a program to its end: `{ code, text }`, with both outputs in `text`. */
export function run(program, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => { text += chunk; });
    child.stderr.on('data', (chunk) => { text += chunk; });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

/** The same, and any exit code but 0 is an error that shows the output. */
export async function must(program, args, options) {
  const { code, text } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${text}`);
  return text;
}

/** A server in the foreground. It is a fault when it ends before it is told to. */
export class Server {
  #child = null;
  #ended;
  #lines = [];

  constructor(program, args, { env } = {}) {
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on('data', (chunk) => this.#keep(chunk));
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(code ?? signal));
    }).finally(() => running.delete(this.#child));
  }

  /** Waits until `ready` is done; an end before that is an error. */
  async started(ready) {
    const early = this.#ended.then((how) => { throw new Error(`${this.#child.spawnfile} ended with ${how}\n${this.logTail}`); });
    early.catch(() => {});
    await Promise.race([early, ready]);
  }

  get isRunning() {
    return running.has(this.#child);
  }

  /** Ends it with `signal`, and by force when it does not end. Gives the exit code or the signal. */
  async end(signal = 'SIGTERM') {
    if (!this.isRunning) return this.#ended;
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    return this.#ended.finally(() => clearTimeout(timer));
  }

  /** All that is kept of what it printed. */
  get log() {
    return this.#lines.join('\n');
  }

  /** The end of it, for a person who looks into a failure. */
  get logTail() {
    return this.#lines.slice(-LOG_LINES_SHOWN).join('\n');
  }

  #keep(chunk) {
    this.#lines.push(...chunk.toString().split('\n').filter(Boolean));
    this.#lines.splice(0, Math.max(0, this.#lines.length - LOG_LINES_KEPT));
  }
}

/** A directory that goes when the test ends. Others may pass through it: nginx gives its rights away. */
export async function temporary(name) {
  const directory = await mkdtemp(join(tmpdir(), `timgate-${name}-`));
  directories.add(directory);
  await chmod(directory, 0o711);
  return directory;
}

const given = new Set();

/** A free port of this machine, never the same twice. */
export async function freePort() {
  for (;;) {
    const port = await new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
      });
    });
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

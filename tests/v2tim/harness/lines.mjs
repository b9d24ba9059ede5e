// A program that is driven by lines and answers in lines.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { within } from '../../js/wait.mjs';

const SEEN_WITHIN_MS = 10_000;

export class Lines {
  #lines = [];
  #waiting = new Set();
  #from = 0;

  constructor(program, args) {
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.errors = '';
    this.child.stderr.on('data', (chunk) => { this.errors = (this.errors + chunk).slice(-4_000); });
    this.ended = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve(signal ?? code)));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#waiting.forEach((look) => look());
    });
  }

  type(line) {
    this.#from = this.#lines.length;
    this.child.stdin.write(`${line}\n`);
  }

  /** The first line since the last that was typed that has this in it. */
  async line(text, ms = SEEN_WITHIN_MS) {
    const find = () => this.lines(text)[0];
    let look;
    const seen = new Promise((resolve) => {
      look = () => find() && resolve(find());
      this.#waiting.add(look);
      look();
    });
    const what = () => `the program says ${text}; it said ${JSON.stringify(this.#lines.slice(-8))}${this.errors}`;
    return within(seen, ms, text).catch(() => { throw new Error(`waited ${ms} ms in vain: ${what()}`); })
      .finally(() => this.#waiting.delete(look));
  }

  lines(text) {
    return this.#lines.slice(this.#from).filter((line) => line.includes(text));
  }

  /** Whatever it said. */
  all(text) {
    return this.#lines.filter((line) => line.includes(text));
  }

  /** Ends it as the system ends a process: nothing of it runs any more. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

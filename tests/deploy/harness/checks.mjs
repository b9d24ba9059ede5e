// One part of the suite: named checks, and what has to be undone when it ends.

import { within } from '../../js/wait.mjs';

const CHECK_WITHIN_MS = 60_000;

export class Checks {
  #report;
  #closers = [];
  #devices = [];

  constructor(name, report) {
    this.name = name;
    this.#report = report;
  }

  async run(body) {
    try {
      await body(this);
    } catch (error) {
      this.#report.failed(`${this.name}: the part runs to its end`, error);
    }
    for (const close of this.#closers.splice(0).reverse()) {
      await Promise.resolve().then(close).catch((error) => this.#report.failed(`${this.name}: the part is cleared away`, error));
    }
  }

  /** One named check. It fails when `body` throws, does not end, or an SDK complains meanwhile. */
  async check(name, body, ms = CHECK_WITHIN_MS) {
    const title = `${this.name}: ${name}`;
    this.#devices.forEach((device) => device.mark());
    try {
      await within(Promise.resolve().then(body), ms, 'the check ends');
      const faults = this.#devices.flatMap((device) => device.takeFaults());
      if (faults.length > 0) throw new Error(faults.join('\n'));
      this.#report.passed(title);
    } catch (error) {
      this.#devices.forEach((device) => device.takeFaults());
      this.#report.failed(title, error);
    }
  }

  /** Says that something is not checked here, and why. It counts for nothing. */
  skip(name, reason) {
    console.log(`skip  ${this.name}: ${name}: ${reason}`);
  }

  /** Something long that helps with a failure. */
  note(text) {
    this.#report.note(text);
  }

  get hasFailures() {
    return this.#report.hasFailures(this.name);
  }

  /** A device whose SDK must not complain during any check from here on. */
  watch(device) {
    this.#devices.push(device);
    this.onLeave(() => device.close());
    return device;
  }

  /** Something to undo when the part ends; the last first. */
  onLeave(close) {
    this.#closers.push(close);
  }
}

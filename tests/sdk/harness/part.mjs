// One part of the suite: a gateway of its own, scenes with their devices, and named checks inside them.

import { Device } from './device.mjs';
import { Gateway } from './gateway.mjs';
import { within } from '../../js/wait.mjs';

const CHECK_WITHIN_MS = 60_000;

export class Part {
  #report;
  #devices = new Set();
  #closers = [];
  #scene = '';
  #failedBefore;
  #kind;

  /** `kind` is that of its gateway, as for `Gateway.start`. */
  constructor(name, report, kind = {}) {
    this.name = name;
    this.#report = report;
    this.#kind = kind;
  }

  async run(body) {
    try {
      this.gateway = await Gateway.start(this.#kind);
      await body(this);
    } catch (error) {
      this.#report.failed(`${this.name}: the part runs to its end`, error);
    } finally {
      await this.#leave();
      await this.#removeGateway();
    }
  }

  /** `label` names the scene whose gateway it is, if it is not that of the whole part. */
  async #removeGateway(label = undefined) {
    const of = label === undefined ? this.name : `${this.name}: ${label}`;
    if (this.gateway && this.#report.hasFailures(of)) {
      this.#report.note(`log of the gateway of '${of}', its end:\n${this.gateway.logTail}`);
    }
    await this.gateway?.remove();
  }

  /** A setting with devices of its own, which are closed when it ends. `label` begins the names of its checks. */
  async scene(label, body) {
    this.#scene = label;
    try {
      await body();
    } catch (error) {
      this.#report.failed(this.#title('the scene is set up and runs to its end'), error);
    } finally {
      await this.#leave();
      this.#scene = '';
    }
  }

  /**
   * Scenes that do not disturb each other, at most `most` of them at once; each has its devices and checks for itself,
   * and a gateway if it breaks that.
   */
  async sideBySide(most, scenes) {
    const waiting = [...scenes];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { label, body, ownGateway = false } = next;
        const part = new Part(this.name, this.#report, this.#kind);
        if (!ownGateway) {
          part.gateway = this.gateway;
          await part.scene(label, () => body(part));
          continue;
        }
        await part.scene(label, async () => {
          part.gateway = await Gateway.start(this.#kind);
          part.onLeave(() => part.#removeGateway(label));
          await body(part);
        });
      }
    };
    await Promise.all(Array.from({ length: most }, work));
  }

  /**
   * One named check. It fails when `body` throws, when it does not end, or when an SDK meanwhile printed an
   * unhandled rejection or an error that no call was rejected with.
   */
  async check(name, body, withinMs = CHECK_WITHIN_MS) {
    this.#devices.forEach((device) => device.mark());
    const title = this.#title(name);
    try {
      await within(body(), withinMs, 'the check ends');
      const faults = [...this.#devices].flatMap((device) => device.takeFaults());
      if (faults.length > 0) throw new Error(faults.join('\n'));
      this.#report.passed(title);
    } catch (error) {
      this.#devices.forEach((device) => device.takeFaults());
      this.#report.failed(title, error);
    }
  }

  /** A device that is not logged in. `settings` as for `Device.open`. */
  async device(user, kind, settings = {}) {
    return this.#enter(await Device.open({ gateway: this.gateway, user, kind, ...settings }));
  }

  /** A device that is logged in and ready. */
  async login(user, kind, settings = {}) {
    const device = await this.device(user, kind, settings);
    await device.signIn();
    device.mark();
    return device;
  }

  /** Several logged-in users at once: `{ alice: 'chat', bob: 'tim-js' }`, with user ids made unique by `tag`. */
  async logins(tag, kinds, settings = {}) {
    const devices = await Promise.all(
      Object.entries(kinds).map(async ([user, kind]) => [user, await this.login(`${user}_${tag}`, kind, settings)]),
    );
    return Object.fromEntries(devices);
  }

  /** The same, when they have come to the end of their beginning: what comes before it the SDKs take for old, and tell nobody. */
  async settled(tag, kinds, settings = {}) {
    const devices = await this.logins(tag, kinds, settings);
    await Promise.all(Object.values(devices).map(async (device) => {
      await device.getGroupList();
      await device.quiet();
    }));
    return devices;
  }

  /** Something to undo when the scene ends: a relay, a browser. */
  onLeave(closer) {
    this.#closers.push(closer);
  }

  #enter(device) {
    this.#devices.add(device);
    return device;
  }

  async #leave() {
    const faults = [...this.#devices].flatMap((device) => device.takeFaults());
    if (faults.length > 0) {
      this.#report.failed(this.#title('no SDK complains between the checks'), new Error(faults.join('\n')));
    }
    await Promise.all([...this.#devices].map((device) => device.close()));
    this.#devices.clear();
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  #title(name) {
    return `${this.name}: ${this.#scene ? `${this.#scene}: ` : ''}${name}`;
  }
}

// Phones within the parts of the SDK suite: they are closed with the scene, and what they complain of fails a check.

import { Phone } from './phone.mjs';

export class Scene {
  #part;
  #phones = new Set();

  constructor(part) {
    this.#part = part;
  }

  /** Runs `body` as a scene of the part. */
  static run(part, label, body) {
    return part.scene(label, () => body(new Scene(part)));
  }

  /** Runs scenes that wait much at once; those of `ownGateway` break theirs. */
  static runAll(part, bodies, ownGateway = []) {
    const scenes = Object.entries(bodies).map(([label, body]) => ({
      label, body: (of) => body(new Scene(of)), ownGateway: ownGateway.includes(label),
    }));
    return part.sideBySide(scenes.length, scenes);
  }

  get gateway() {
    return this.#part.gateway;
  }

  onLeave(closer) {
    this.#part.onLeave(closer);
  }

  /** A web device of the user that is logged in. */
  web(user, settings) {
    return this.#part.login(user, 'chat', settings);
  }

  async #enter(opening) {
    const phone = await opening;
    this.#phones.add(phone);
    this.#part.onLeave(() => phone.close());
    return phone;
  }

  /** A phone whose library is not set up. */
  bare(user, settings = {}) {
    return this.#enter(Phone.open({ gateway: this.gateway, user, ...settings }));
  }

  /** A phone that is set up and nobody's. */
  ready(user, settings = {}) {
    return this.#enter(Phone.ready({ gateway: this.gateway, user, ...settings }));
  }

  /** A phone of the user. */
  phone(user, settings = {}) {
    return this.#enter(Phone.loggedIn({ gateway: this.gateway, user, ...settings }));
  }

  async check(name, body) {
    await Promise.all([...this.#phones].map((phone) => phone.settled()));
    this.#phones.forEach((phone) => phone.mark());
    return this.#part.check(name, async () => {
      await body();
      const faults = [...this.#phones].flatMap((phone) => phone.takeFaults());
      if (faults.length > 0) throw new Error(faults.join('\n'));
    });
  }
}

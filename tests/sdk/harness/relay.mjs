// A TCP relay between one device and the gateway, to break the network where a test wants it broken.

import { connect, createServer } from 'node:net';

import { elapse } from '../../js/wait.mjs';

export class Relay {
  #server;
  #target;
  #links = new Set();
  #deaf = new Set();
  #holding = false;
  #parked = null;
  #gag = null;
  #counters = [];

  /** How many connections the device has opened so far. */
  opened = 0;

  /** `target` says with its `port` where the next connection goes: a gateway, or one instance of it. */
  static async to(target) {
    const relay = new Relay();
    relay.#target = target;
    relay.#server = createServer((client) => (relay.#parked ? relay.#park(client) : relay.#join(client)));
    await new Promise((resolve, reject) => {
      relay.#server.once('error', reject);
      relay.#server.listen(0, '127.0.0.1', resolve);
    });
    relay.url = `ws://127.0.0.1:${relay.#server.address().port}`;
    return relay;
  }

  /** From now on the gateway receives what the device says, and the device hears nothing. */
  holdAnswers() {
    this.#holding = true;
  }

  /**
   * Once the gateway has answered a request for `command`, what the device says waits until `unmute`, while it hears
   * everything. Gives a promise of that moment.
   */
  muteAfter(command) {
    return new Promise((resolve) => { this.#gag = { command, resolve, link: null }; });
  }

  /** From now on counts the gateway's answers to `command`: gives a function that tells how many there were. */
  count(command) {
    const counter = { command, count: 0, rest: '' };
    this.#counters.push(counter);
    return () => counter.count;
  }

  unmute() {
    const { link } = this.#gag;
    this.#gag = null;
    link.client.pipe(link.gateway);
  }

  /** The connections that the device opens from now on go there. */
  redirect(target) {
    this.#target = target;
  }

  /** Breaks every connection as a lost network does. What was held is lost; new connections work. */
  cut() {
    this.#holding = false;
    this.#links.forEach((link) => link.destroy());
  }

  /**
   * From now on every packet of the present connections vanishes, in both directions, and so does the end of a
   * connection: as when a laptop leaves its network. New connections work.
   *
   * The gateway goes on writing to what it takes for a living device, until `close`; the device is told by nothing but
   * its own pings, or by `cut`.
   */
  halfOpen() {
    this.#links.forEach((link) => {
      link.client.unpipe(link.gateway);
      link.client.resume();
      link.isDeaf = true;
    });
  }

  /**
   * Breaks every connection and lets none through until `resume`.
   *
   * New connections of the device are accepted and wait: to be refused would put the SDKs into a state in which they
   * dial again only when they next have something to ask.
   */
  interrupt() {
    this.park();
    this.cut();
  }

  /** The same for connections to come only: those that there are go on, as long as the gateway lives. */
  park() {
    this.#parked ??= [];
  }

  resume() {
    const parked = this.#parked.splice(0);
    this.#parked = null;
    parked.forEach((client) => this.#join(client));
  }

  /**
   * Waits until the present connection is older than a second.
   *
   * The SDKs dial again at once only after a connection that lived that long; after a shorter one they
   * wait for the next request of the application.
   */
  async settled() {
    const born = Math.max(...[...this.#links].map((link) => link.born));
    await elapse(Math.max(0, born + 1_200 - Date.now()));
  }

  async close() {
    this.#parked?.forEach((client) => client.destroy());
    this.cut();
    this.#deaf.forEach((gateway) => gateway.destroy());
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #park(client) {
    client.on('error', () => client.destroy());
    this.#parked.push(client);
  }

  #join(client) {
    if (client.destroyed) return;
    this.opened += 1;
    const gateway = connect(this.#target.port, '127.0.0.1');
    const link = {
      client,
      gateway,
      born: Date.now(),
      isDeaf: false,
      destroy: () => {
        this.#links.delete(link);
        client.resetAndDestroy();
        if (!link.isDeaf) gateway.destroy();
        else if (!gateway.destroyed) this.#deaf.add(gateway);
      },
      /** The gateway has ended the connection; a packet that says so vanishes as all others do. */
      lose: () => (link.isDeaf ? this.#deaf.delete(gateway) : link.destroy()),
    };
    this.#links.add(link);
    client.pipe(gateway);
    gateway.on('data', (chunk) => {
      if (this.#gag && !this.#gag.link && chunk.includes(this.#gag.command)) {
        client.unpipe(gateway);
        client.pause();
        this.#gag.link = link;
        this.#gag.resolve();
      }
      this.#counters.forEach((counter) => {
        const text = counter.rest + chunk.toString('latin1');
        counter.count += text.split(counter.command).length - 1;
        // Of a name that begins in this chunk and ends in the next.
        counter.rest = text.slice(text.lastIndexOf(counter.command) + 1).slice(1 - counter.command.length);
      });
      if (!this.#holding && !link.isDeaf) client.write(chunk);
    });
    gateway.on('end', () => link.isDeaf || client.end());
    client.on('error', link.destroy);
    gateway.on('error', link.lose);
    client.on('close', link.destroy);
    gateway.on('close', link.lose);
  }
}

// A phone: one user's Java library in a JVM of its own, driven from here.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { SDK_APP_ID } from '../../sdk/harness/gateway.mjs';
import { elapse, within } from '../../js/wait.mjs';

/** The library gives a call up after 15 s. */
const CALL_WITHIN_MS = 20_000;
const EVENT_WITHIN_MS = 10_000;
/** So long nothing is told between two checks, or they do not wait for it. */
const SETTLED_MS = 100;
const SETTLED_WITHIN_MS = 1_000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** What the library answered a call with. */
export class Refused extends Error {
  constructor(method, { code, text }) {
    super(`${method} was refused with ${code}: ${text}`);
    this.code = code;
    this.text = text;
  }
}

export class Phone {
  #child;
  #pending = new Map();
  #lastId = 0;
  #events = [];
  #waiting = new Set();
  #mark = 0;
  #faults = [];

  /** Starts the process; the library is not set up yet. `server` is the address it gets. */
  static async open({ gateway, user, server = gateway.url }) {
    const phone = new Phone();
    Object.assign(phone, { gateway, user });
    const url = server === null ? [] : [`-Dtimgate.url=${server}`];
    phone.#child = spawn('java', ['-Xshare:auto', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx128m', ...url,
      '-cp', process.env.V2TIM_TEST_CLASSPATH, 'Host'], { stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(phone.#child);
    createInterface({ input: phone.#child.stdout }).on('line', (line) => phone.#hear(JSON.parse(line)));
    phone.errors = '';
    phone.#child.stderr.on('data', (chunk) => { phone.errors = (phone.errors + chunk).slice(-20_000); });
    phone.#child.on('exit', (code, signal) => {
      running.delete(phone.#child);
      if (!phone.closed) phone.#faults.push(`the process ended with ${signal ?? code}: ${phone.errors}`);
      phone.#pending.forEach(({ reject }) => reject(new Error(`the process of ${user} is gone`)));
    });
    await phone.listen();
    return phone;
  }

  static async ready(settings) {
    const phone = await Phone.open(settings);
    await phone.init();
    return phone;
  }

  static async loggedIn(settings) {
    const phone = await Phone.ready(settings);
    await phone.login();
    return phone;
  }

  listen() {
    return this.#ask({ method: 'listen' });
  }

  init(appId = SDK_APP_ID) {
    return this.#ask({ method: 'initSDK', args: [appId] });
  }

  async login(user = this.user, userSig = this.gateway.sign(user)) {
    const mark = this.#events.length;
    await this.sdk('login', user, userSig);
    this.user = user;
    await this.#await('onSyncServerFinish', () => true, EVENT_WITHIN_MS, mark);
  }

  sdk(method, ...args) { return this.call('sdk', method, ...args); }
  message(method, ...args) { return this.call('message', method, ...args); }
  group(method, ...args) { return this.call('group', method, ...args); }
  conversation(method, ...args) { return this.call('conversation', method, ...args); }
  friendship(method, ...args) { return this.call('friendship', method, ...args); }
  signaling(method, ...args) { return this.call('signaling', method, ...args); }
  push(method, ...args) { return this.call('push', method, ...args); }

  /** What the callback was given; for calls without one, what they return. */
  async call(manager, method, ...args) {
    return (await this.whole(manager, method, ...args)).result;
  }

  /** Both: `{ result, returned }`. */
  async whole(manager, method, ...args) {
    return this.#ask({ manager, method, args });
  }

  /** The code and text with which a call is refused. */
  async refusal(manager, method, ...args) {
    try {
      await this.whole(manager, method, ...args);
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
    throw new Error(`${method} was not refused`);
  }

  /** Makes and sends a message; gives `{ result, returned }`. `kind` and `args` as of `create…Message`. */
  async send(kind, args, { to = null, group = null, priority = 0, onlineOnly = false, before = () => {} } = {}) {
    const message = await this.message(`create${kind}Message`, ...args);
    await before(message);
    return this.whole('message', 'sendMessage', message, to, group, priority, onlineOnly, null);
  }

  async say(group, text, more = {}) {
    return (await this.send('Text', [text], { group, ...more })).result;
  }

  async tell(to, text, more = {}) {
    return (await this.send('Text', [text], { to, ...more })).result;
  }

  mark() {
    this.#mark = this.#events.length;
  }

  /** Comes when nothing has been told for a moment: what the last check brought about is not taken for the next one's. */
  async settled() {
    const last = Date.now() + SETTLED_WITHIN_MS;
    for (let seen = -1; seen !== this.#events.length && Date.now() < last; await elapse(SETTLED_MS)) seen = this.#events.length;
  }

  events(name) {
    return this.#events.slice(this.#mark).filter((event) => event.name === name).map((event) => event.data);
  }

  allEvents(name) {
    return this.#events.filter((event) => event.name === name).map((event) => event.data);
  }

  names() {
    return this.#events.slice(this.#mark).map((event) => event.name);
  }

  /** The first event `name` since the mark whose arguments `match`. */
  event(name, match = () => true, ms = EVENT_WITHIN_MS) {
    return this.#await(name, match, ms, this.#mark);
  }

  /** The first message since the mark that matches: a function, or its text. */
  async received(match, ms = EVENT_WITHIN_MS) {
    const test = typeof match === 'function' ? match : (message) => message.textElem?.text === match;
    const [message] = await this.event('onRecvNewMessage', ([found]) => test(found), ms);
    return message;
  }

  messages() {
    return this.events('onRecvNewMessage').map(([message]) => message);
  }

  texts() {
    return this.messages().filter(({ textElem }) => textElem).map(({ textElem }) => textElem.text);
  }

  takeFaults() {
    const faults = this.#faults.map((text) => `${this.user} (java): ${text}`);
    this.#faults = [];
    return faults;
  }

  sleep() {
    this.#child.kill('SIGSTOP');
  }

  wake() {
    this.#child.kill('SIGCONT');
  }

  async close() {
    if (this.closed) return;
    this.closed = true;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGCONT');
    this.#child.stdin.end();
    await within(ended, 5_000, `the process of ${this.user} ends`).catch(() => this.#child.kill('SIGKILL'));
  }

  #ask(request) {
    const id = (this.#lastId += 1);
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject, name: request.method }));
    this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    return within(answer, CALL_WITHIN_MS, `${request.method} of ${this.user} is answered`);
  }

  #hear(said) {
    if (said.fault) {
      this.#faults.push(said.fault);
    } else if (said.event) {
      const event = { name: said.event, data: said.data };
      this.#events.push(event);
      this.#waiting.forEach((look) => look(event));
    } else {
      const { resolve, reject, name } = this.#pending.get(said.id) ?? {};
      this.#pending.delete(said.id);
      if (!resolve) this.#faults.push(`a second answer: ${JSON.stringify(said)}`);
      else if (said.thrown) reject(new Error(`${name} threw ${said.thrown}`));
      else if (said.error) reject(Object.assign(new Refused(name, said.error), { returned: said.returned }));
      else resolve(said);
    }
  }

  #await(name, match, ms, from) {
    const fits = (event) => event.name === name && match(event.data);
    const already = this.#events.slice(from).find(fits);
    if (already) return Promise.resolve(already.data);
    let look;
    const seen = new Promise((resolve) => {
      look = (event) => fits(event) && resolve(event.data);
      this.#waiting.add(look);
    });
    return within(seen, ms, `${this.user} (java) is told ${name} with ${match}; since the mark: ${this.names().slice(-20)}`)
      .finally(() => this.#waiting.delete(look));
  }
}

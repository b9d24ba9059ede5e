// A device: one user's SDK in a process of its own, driven from here.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { SDK_APP_ID } from './gateway.mjs';
import { elapse, within } from '../../js/wait.mjs';

const HOST = fileURLToPath(new URL('./sdk-host.cjs', import.meta.url));
/** The SDKs give an unanswered request up after 15 s. */
const CALL_WITHIN_MS = 20_000;
const EVENT_WITHIN_MS = 10_000;

/**
 * Requests that the SDKs allow themselves only so often a second (error 2996 beyond it), and how many a call takes.
 *
 * They ask for the profile of a group (8 a second) at these calls, and twice more when they see the first message of
 * the group, which comes a moment later: hence a window longer than a second. History they ask for 20 times a second.
 */
const GROUP_PROFILE = { windowMs: 1_400, most: 6, cost: { createGroup: 3, joinGroup: 3, getGroupProfile: 1 } };
const HISTORY = { windowMs: 1_200, most: 16, cost: { getMessageList: 1, getMessageListHopping: 1 } };

const ANY = () => true;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** What an SDK rejected a call with. */
export class Refused extends Error {
  constructor(method, { code, message, data }) {
    super(`${method} was refused with ${code}: ${message}`);
    this.code = code;
    this.data = data;
  }
}

export class Device {
  #child;
  #server;
  #pending = new Map();
  #lastId = 0;
  #waiting = new Set();
  #events = [];
  #mark = 0;
  #faults = [];
  #refusals = new Set();
  #excused = new Set();
  #spent = new Map([[GROUP_PROFILE, []], [HISTORY, []]]);
  #userSig;

  /**
   * Starts the process and makes the SDK object, which connects at once; nobody is logged in yet.
   *
   * `kind` is `chat` (@tencentcloud/chat 3.6.6), `tim-js` (tim-js-sdk 2.27.6), `tim-js-friendship` (its build with
   * friends) or `tim-wx` (tim-wx-sdk 2.27.6 in a mini program). Whatever is not a member here is a method of the SDK: `device.getGroupList()`.
   */
  static async open({ gateway, user, kind, server = gateway.url, options = {} }) {
    const device = new Device();
    Object.assign(device, { gateway, user, kind });
    device.#server = server;
    device.#child = fork(HOST, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    running.add(device.#child);
    device.process = device.#child.pid;
    device.#child.on('message', (message) => device.#hear(message));
    // A child that ends while it is told to is said to have an error.
    device.#child.on('error', (error) => device.closed || device.#fault('the channel to the process', String(error)));
    device.#child.on('exit', (code, signal) => {
      running.delete(device.#child);
      if (!device.closed) device.#fault('end of the process', `${signal ?? code}`);
      device.#pending.forEach(({ reject }) => reject(new Error(`the process of ${user} is gone`)));
    });
    const made = await device.#ask('create', {
      kind,
      options: { SDKAppID: SDK_APP_ID, proxyServer: device.#server, ...options },
    });
    device.types = made.types;
    device.version = made.version;
    return device.#callable();
  }

  static async loggedIn(settings) {
    const device = await Device.open(settings);
    await device.signIn();
    return device;
  }

  /** Logs in and waits until the SDK calls itself ready; `as` makes it another user. */
  async signIn({ as = this.user, userSig = this.gateway.sign(as) } = {}) {
    this.user = as;
    this.#userSig = userSig;
    const from = this.#events.length;
    const answer = await this.call('login', { userID: as, userSig });
    await this.#await('SDK_READY', ANY, EVENT_WITHIN_MS, from);
    return answer;
  }

  /** The UserSig of the last login, for tests that use it again. */
  get userSig() {
    return this.#userSig;
  }

  async call(method, ...args) {
    for (const limit of [GROUP_PROFILE, HISTORY]) if (method in limit.cost) await this.#pace(limit, limit.cost[method]);
    return this.raw(method, ...args);
  }

  /** A call without the pauses that keep an SDK within its own rates: for one that is refused at its first request. */
  raw(method, ...args) {
    return this.#ask('call', { method, args }, method);
  }

  /** Makes and sends a message: `kind` as in the SDK's `create…Message`. Gives the message as sent. */
  async send(kind, message, options) {
    const { message: sent } = await this.#ask('send', { kind, message, options }, `sendMessage (${kind})`);
    return sent;
  }

  /** Waits until every request of the SDK has its answer. */
  quiet() {
    return this.#ask('quiet', {});
  }

  /** Says a text in a group. */
  say(groupID, text, more = {}, options = undefined) {
    return this.send('Text', { ...this.toGroup(groupID), payload: { text }, ...more }, options);
  }

  /** Says a text to one user. */
  tell(userID, text, more = {}, options = undefined) {
    return this.send('Text', { ...this.toUser(userID), payload: { text }, ...more }, options);
  }

  toGroup(groupID) {
    return { to: groupID, conversationType: this.types.CONV_GROUP };
  }

  toUser(userID) {
    return { to: userID, conversationType: this.types.CONV_C2C };
  }

  /** From here on only what happens later counts for `event`, `message` and `messages`. */
  mark() {
    this.#mark = this.#events.length;
  }

  /** The first event `name` since the mark whose data `matches`: one that came already, or one that will come. */
  event(name, matches = ANY, ms = EVENT_WITHIN_MS) {
    return this.#await(name, matches, ms, this.#mark);
  }

  /** The first message since the mark that `matches`, given as a function or as the text it has. */
  async message(matches, ms = EVENT_WITHIN_MS) {
    const test = typeof matches === 'function' ? matches : (message) => message.payload?.text === matches;
    const list = await this.event('MESSAGE_RECEIVED', (data) => data.some(test), ms);
    return list.find(test);
  }

  /** The messages received since the mark, in order. */
  messages(matches = () => true) {
    return this.events('MESSAGE_RECEIVED').flat().filter(matches);
  }

  /** All that it was ever told by `name`, whatever the mark. */
  allEvents(name) {
    return this.#events.filter((event) => event.name === name).map((event) => event.data);
  }

  events(name) {
    return this.#events.slice(this.#mark).filter((event) => event.name === name).map((event) => event.data);
  }

  /** From now on it is no fault if the SDK complains of this code, for a reason that the caller gives. */
  excuse(code) {
    this.#excused.add(code);
  }

  /**
   * What the SDK should not have said: unhandled rejections, errors on its console.
   *
   * Both SDKs print an error on the console for each call they reject. Such a line is excused if a call was in fact
   * rejected with that code, because then the application was told.
   */
  takeFaults() {
    const faults = this.#faults.filter(({ fault, text }) => {
      const code = Number(/"?code"?:\s*"?(\d+)/.exec(text)?.[1]);
      return !(fault === 'console error' && this.#refusals.has(code)) && !this.#excused.has(code);
    });
    this.#faults = [];
    return faults.map(({ fault, text }) => `${this.user} (${this.kind}): ${fault}: ${text}`);
  }

  /** The process stands still, as that of a laptop that sleeps does: its timers too. */
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
    this.#child.disconnect();
    await within(ended, 5_000, `the process of ${this.user} ends`).catch(() => this.#child.kill('SIGKILL'));
  }

  #callable() {
    return new Proxy(this, {
      get(device, key) {
        // A promise that resolves to a device must not take it for another promise.
        if (key === 'then') return undefined;
        const own = Reflect.get(device, key, device);
        if (typeof own === 'function') return own.bind(device);
        return own !== undefined || key in device ? own : (...args) => device.call(key, ...args);
      },
      set: (device, key, value) => Reflect.set(device, key, value, device),
    });
  }

  #ask(operation, request, name = operation) {
    const id = (this.#lastId += 1);
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject, name }));
    this.#child.send({ id, operation, ...request });
    return within(answer, CALL_WITHIN_MS, `${name} of ${this.user} is answered`);
  }

  /** Waits until the present window of `limit` has room for `cost` more. */
  async #pace(limit, cost) {
    const spent = this.#spent.get(limit);
    for (;;) {
      const recent = spent.filter((entry) => entry.at > Date.now() - limit.windowMs);
      const sum = recent.reduce((total, entry) => total + entry.cost, 0);
      if (sum + cost <= limit.most) break;
      await elapse(recent[0].at + limit.windowMs + 1 - Date.now());
    }
    spent.push({ at: Date.now(), cost });
  }

  #hear(message) {
    if (message.fault) {
      this.#fault(message.fault, message.text);
    } else if (message.event) {
      const event = { name: message.event, data: message.data };
      this.#events.push(event);
      this.#waiting.forEach((look) => look(event));
    } else {
      const { resolve, reject, name } = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (!message.error) return resolve(message.result);
      this.#refusals.add(message.error.code);
      reject(new Refused(name, message.error));
    }
  }

  #fault(fault, text) {
    this.#faults.push({ fault, text });
  }

  #await(name, matches, ms, from) {
    const fits = (event) => event.name === name && matches(event.data);
    const already = this.#events.slice(from).find(fits);
    if (already) return Promise.resolve(already.data);
    let look;
    const seen = new Promise((resolve) => {
      look = (event) => fits(event) && resolve(event.data);
      this.#waiting.add(look);
    });
    const what = matches === ANY ? name : `${name} with ${matches}`;
    return within(seen, ms, `${this.user} (${this.kind}) sees ${what}`)
      .finally(() => this.#waiting.delete(look));
  }
}

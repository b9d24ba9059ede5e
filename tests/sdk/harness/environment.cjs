'use strict';

// The least of a browser and of a WeChat mini program that the vendor's SDKs look for, over the WebSocket of
// the `ws` package (this version of Node has none of its own).

const { appendFileSync } = require('node:fs');

const { WebSocket: PlainWebSocket } = require('ws');

/** For whoever looks into a failure: a file that gets every frame of every device, one JSON object a line. */
const FRAMES_FILE = process.env.SDK_FRAMES;

/** Longer than an answer takes. */
const QUIET_WITHIN_MS = 5_000;

/** Requests of this device that have no answer yet, by socket and number. */
const unanswered = new Map();

class WatchedWebSocket extends PlainWebSocket {
  constructor(address, protocols, options) {
    const isOptions = typeof protocols === 'object' && !Array.isArray(protocols);
    // As in a browser, what one message brings about is done before the next one is heard. Otherwise an answer to which the
    // SDK comes in few steps overtakes what stood before it and takes more.
    super(address, isOptions ? [] : protocols, { ...(isOptions ? protocols : options), allowSynchronousEvents: false });
    unanswered.set(this, new Set());
    this.on('message', (data) => this.#note('server', data));
    this.on('close', () => unanswered.delete(this));
  }

  send(data, ...rest) {
    this.#note('client', data);
    super.send(data, ...rest);
  }

  #note(from, data) {
    const frame = JSON.parse(Buffer.from(data).toString());
    const requests = unanswered.get(this);
    if (from === 'client') requests?.add(frame.head?.seq);
    else requests?.delete(frame.head?.seq);
    if (!FRAMES_FILE) return;
    appendFileSync(FRAMES_FILE, `${JSON.stringify({ at: Date.now(), process: process.pid, from, frame })}\n`);
  }
}

/**
 * Waits until every request of the SDK has its answer.
 *
 * The 2.x SDKs cannot bear a logout while their own requests of the start-up are under way: those then end in unhandled
 * rejections with 2024, whatever the server answers.
 */
async function quiet() {
  const end = Date.now() + QUIET_WITHIN_MS;
  const isQuiet = () => [...unanswered.values()].every((requests) => requests.size === 0);
  for (let turns = 0; turns < 3 && Date.now() < end; turns = isQuiet() ? turns + 1 : 0) {
    // What an answer makes the SDK ask next is sent before this is over.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const WebSocket = WatchedWebSocket;

// `@tencentcloud/chat` runs in Node as it is, given a WebSocket.
globalThis.WebSocket = WebSocket;

/** A page's `localStorage`, gone with its process. */
class MemoryStorage {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }

  removeItem(key) {
    this.#items.delete(key);
  }

  clear() {
    this.#items.clear();
  }
}

/**
 * `tim-js-sdk`, and `@tencentcloud/chat` before 3.4, open a socket only where there is a `window`. Up to 2.23 the former
 * does not log in without a `localStorage`.
 */
function installBrowser() {
  globalThis.window = globalThis;
  globalThis.localStorage ??= new MemoryStorage();
  globalThis.location ??= { href: 'http://127.0.0.1/', protocol: 'http:', host: '127.0.0.1' };
  globalThis.document = { charset: 'utf-8', characterSet: 'utf-8' };
  globalThis.navigator ??= { userAgent: '' };
  globalThis.addEventListener ??= () => {};
  globalThis.removeEventListener ??= () => {};
}

/** With this `wx` an SDK takes itself for a mini program: platform 8, sockets by `wx.connectSocket`. */
function installMiniProgram() {
  const storage = new Map();
  globalThis.getApp = () => ({});
  globalThis.__wxConfig = { pages: [] };
  globalThis.wx = {
    getSystemInfoSync: () => ({ fontSizeSetting: 16, platform: 'android', system: 'Android 14', version: '8.0.50', SDKVersion: '3.5.0' }),
    getNetworkType: ({ success }) => success({ networkType: 'wifi' }),
    onNetworkStatusChange: () => {},
    offNetworkStatusChange: () => {},
    getStorageSync: (key) => storage.get(key) ?? '',
    setStorageSync: (key, value) => storage.set(key, value),
    setStorage: ({ key, data }) => storage.set(key, data),
    removeStorageSync: (key) => storage.delete(key),
    clearStorageSync: () => storage.clear(),
    getStorageInfoSync: () => ({ keys: [...storage.keys()], currentSize: 0, limitSize: 10_240 }),
    request: ({ fail }) => fail?.({ errMsg: 'request:fail no network beside the gateway' }),
    connectSocket,
  };
}

function connectSocket({ url, header }) {
  const socket = new WebSocket(url, { headers: header });
  socket.binaryType = 'arraybuffer';
  return {
    onOpen: (listener) => { socket.onopen = () => listener({ header: {} }); },
    onMessage: (listener) => { socket.onmessage = ({ data }) => listener({ data }); },
    onClose: (listener) => { socket.onclose = ({ code, reason }) => listener({ code, reason }); },
    onError: (listener) => { socket.onerror = ({ message }) => listener({ errMsg: message }); },
    send: ({ data, success, fail }) => socket.send(data, (error) => (error ? fail?.({ errMsg: error.message }) : success?.({}))),
    close: ({ code, reason, success } = {}) => {
      socket.close(code ?? 1000, reason);
      success?.({});
    },
  };
}

module.exports = { installBrowser, installMiniProgram, quiet };

'use strict';

// The process of one device: it loads one unmodified SDK, does what the parent asks of it, and tells the
// parent everything the SDK says: events, unhandled rejections, errors on the console.

const { join } = require('node:path');

const { installBrowser, installMiniProgram, quiet } = require('./environment.cjs');

/** Where each SDK is at home, and which of its environments it has to find when it is loaded. */
const SDKS = {
  chat: { package: '@tencentcloud/chat', environment: () => {} },
  'tim-js': { package: 'tim-js-sdk', environment: installBrowser },
  // The build with friends.
  'tim-js-friendship': { package: 'tim-js-sdk', file: 'tim-js-friendship.js', environment: installBrowser },
  'tim-wx': { package: 'tim-wx-sdk', environment: installMiniProgram },
};

/** Older versions are installed beside the newest under a name that says the version: `tim-js@2.16.3`. */
function home(kind) {
  const [name, version] = kind.split('@');
  if (!version || version === require(`${SDKS[name].package}/package.json`).version) return SDKS[name];
  const isOlderChat = name === 'chat' && /^3\.[0-3]\./.test(version);
  return {
    package: `${SDKS[name].package.replace('@', '').replace('/', '-')}-${version}`,
    // Before 3.4 it looks for a page's globals as `tim-js-sdk` does.
    environment: isOlderChat ? installBrowser : SDKS[name].environment,
  };
}

/** The SDK's level that prints errors only. */
const LOG_ERRORS = 3;
const DEPTH_MAX = 12;

/** Messages are live objects that the SDK wants back (to recall, to delete): the parent holds numbers for them. */
const messages = new Map();
const numbers = new WeakMap();

let sdk = null;

const tell = (message) => process.connected && process.send(message);

process.on('unhandledRejection', (reason) => tell({ fault: 'unhandled rejection', text: describe(reason) }));
process.on('uncaughtException', (error) => tell({ fault: 'uncaught exception', text: describe(error) }));
process.on('disconnect', () => process.exit());
console.error = (...args) => tell({ fault: 'console error', text: args.map(describe).join(' ') });
// The SDKs greet on the console when they are loaded; nothing of that is for a reader of the test's output.
console.log = console.info = console.debug = console.warn = () => {};

const operations = {
  create({ kind, options }) {
    const { package: name, file = '', environment } = home(kind);
    environment();
    const library = require(join(name, file));
    sdk = library.create(options);
    sdk.setLogLevel(LOG_ERRORS);
    for (const [name, value] of Object.entries(library.EVENT)) {
      sdk.on(value, (event) => tell({ event: name, data: plain(event?.data) }));
    }
    return { types: library.TYPES, version: library.VERSION };
  },

  async call({ method, args }) {
    if (typeof sdk[method] !== 'function') throw new Error(`the SDK has no ${method}`);
    if (method === 'logout') await quiet();
    return unwrap(await sdk[method](...live(args)));
  },

  quiet,

  /** Makes a message and sends it, in one step, so that many can be sent without a round trip each. */
  async send({ kind, message, options }) {
    const made = sdk[`create${kind}Message`](live(message));
    return unwrap(await sdk.sendMessage(made, options));
  },
};

process.on('message', async ({ id, operation, ...request }) => {
  try {
    tell({ id, result: plain(await operations[operation](request)) });
  } catch (error) {
    tell({ id, error: { code: error?.code, message: error?.message ?? String(error), data: plain(error?.data) } });
  }
});

/** The SDKs' promises give `{ code: 0, data }`; their plain functions give the value itself. */
function unwrap(result) {
  return result && typeof result === 'object' && 'code' in result && 'data' in result ? result.data : result;
}

/** Puts the SDK's own message object where the parent has written its number. */
function live(value) {
  if (Array.isArray(value)) return value.map(live);
  if (!value || typeof value !== 'object') return value;
  if (messages.has(value.$message)) return messages.get(value.$message);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, live(inner)]));
}

/** A copy that can cross a process boundary: public data only, messages numbered. */
function plain(value, depth = 0) {
  if (typeof value === 'function') return undefined;
  if (!value || typeof value !== 'object') return value;
  if (depth > DEPTH_MAX) return undefined;
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (value instanceof Map) return plain(Object.fromEntries(value), depth);
  if (value instanceof Error) return { code: value.code, message: value.message };
  const copy = {};
  for (const [key, inner] of Object.entries(value)) {
    if (!key.startsWith('_')) copy[key] = plain(inner, depth + 1);
  }
  if ('clientSequence' in value && 'conversationID' in value) copy.$message = number(value);
  return copy;
}

function number(message) {
  if (!numbers.has(message)) {
    numbers.set(message, messages.size + 1);
    messages.set(messages.size + 1, message);
  }
  return numbers.get(message);
}

function describe(value) {
  if (value instanceof Error) return `${value.stack ?? value.message} ${value.code === undefined ? '' : `"code":${value.code}`}`;
  return typeof value === 'string' ? value : JSON.stringify(value) ?? String(value);
}

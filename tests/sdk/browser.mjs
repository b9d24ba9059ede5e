// @tencentcloud/chat 3.6.6 where it lives: in pages of a real Chromium.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

import { chromium } from 'playwright-core';

import { includes } from './harness/expect.mjs';
import { SDK_APP_ID } from './harness/gateway.mjs';
import { until } from '../js/wait.mjs';

const SDK_FILE = createRequire(import.meta.url).resolve('@tencentcloud/chat');
const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
const EVENT_WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 45_000;
const HISTORY = 50;

/** What the browser itself says on the console of a page whose server is away. */
const REFUSED_BY_NETWORK = /WebSocket connection to '.*' failed/;

export default async function browser(t) {
  await t.scene('Chromium', () => pages(t));
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>chat</title><script src="/sdk.js"></script>
<script>
  // The page keeps what the SDK says; the test reads it.
  const seen = [];
  function open(proxyServer) {
    const chat = window.chat = TencentCloudChat.create({ SDKAppID: ${SDK_APP_ID}, proxyServer });
    chat.setLogLevel(3);
    for (const [name, value] of Object.entries(TencentCloudChat.EVENT)) {
      chat.on(value, (event) => seen.push({ name, data: JSON.parse(JSON.stringify(event.data ?? null, (key, part) => (key.startsWith('_') ? undefined : part))) }));
    }
  }
</script>`;

/** Serves the page and the SDK as it came from npm, and nothing else. */
async function serve() {
  const sdk = await readFile(SDK_FILE);
  const server = createServer((request, response) => {
    const [type, body] = request.url === '/sdk.js' ? ['text/javascript', sdk] : ['text/html', PAGE];
    response.writeHead(request.url === '/favicon.ico' ? 204 : 200, { 'content-type': type }).end(request.url === '/favicon.ico' ? '' : body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** One user in one page. */
class Tab {
  complaints = [];

  static async open(engine, address, gateway, user) {
    const tab = new Tab();
    Object.assign(tab, { user, gateway });
    const context = await engine.newContext();
    tab.page = await context.newPage();
    tab.page.on('console', (message) => {
      if (message.type() === 'error') tab.complaints.push(message.text());
    });
    tab.page.on('pageerror', (error) => tab.complaints.push(`${error}`));
    await tab.page.goto(address);
    await tab.signIn();
    return tab;
  }

  async signIn() {
    await this.page.evaluate((proxyServer) => open(proxyServer), this.gateway.url);
    await this.call('login', { userID: this.user, userSig: this.gateway.sign(this.user) });
    await this.event('SDK_READY');
  }

  call(method, ...args) {
    return this.page.evaluate(async ([name, given]) => {
      const result = await window.chat[name](...given);
      return JSON.parse(JSON.stringify(result?.data ?? result ?? null));
    }, [method, args]);
  }

  say(to, text, conversationType = 'GROUP') {
    return this.page.evaluate(async (options) => {
      const { data } = await window.chat.sendMessage(window.chat.createTextMessage(options));
      const { ID, sequence, from, time } = data.message;
      return { ID, sequence, from, time };
    }, { to, conversationType, payload: { text } });
  }

  /** All that the SDK of this page has said since it was loaded. */
  seen(name) {
    return this.page.evaluate((wanted) => seen.filter((event) => event.name === wanted).map((event) => event.data), name);
  }

  /** The data of the first event `name` that `matches`, since the page was loaded. */
  async event(name, matches = () => true) {
    const [data] = await until(async () => {
      const fitting = (await this.seen(name)).filter(matches);
      return fitting.length > 0 ? fitting : null;
    }, EVENT_WITHIN_MS, `${this.user} sees ${name}`);
    return data;
  }

  async message(text) {
    return until(async () => (await this.seen('MESSAGE_RECEIVED')).flat().find(({ payload }) => payload?.text === text), EVENT_WITHIN_MS, `${this.user} receives '${text}'`);
  }
}

async function pages(t) {
  const server = await serve();
  t.onLeave(() => server.close());
  const address = `http://127.0.0.1:${server.address().port}/`;
  const engine = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  t.onLeave(() => engine.close());
  let alice;
  let bob;
  let groupID;

  const quiet = () => {
    for (const tab of [alice, bob]) assert.deepEqual(tab.complaints, [], `the page of ${tab.user} complained`);
  };

  await t.check('two users log in from two pages', async () => {
    alice = await Tab.open(engine, address, t.gateway, 'alice_tab');
    bob = await Tab.open(engine, address, t.gateway, 'bob_tab');
    assert.equal((await alice.call('getMyProfile')).userID, 'alice_tab');
    assert.equal(await bob.call('isReady'), true);
    quiet();
  });
  // Without the two pages every other check would fail for the same reason.
  if (!bob) return;

  await t.check('they chat in a Meeting group', async () => {
    ({ group: { groupID } } = await alice.call('createGroup', { type: 'ChatRoom', name: 'Tabs' }));
    assert.equal((await bob.call('joinGroup', { groupID })).status, 'JoinedSuccess');
    const sent = await alice.say(groupID, 'hello from a page 🙂');
    includes(await bob.message('hello from a page 🙂'), { ID: sent.ID, sequence: sent.sequence, from: 'alice_tab', time: sent.time });
    const answer = await bob.say(groupID, 'hello back');
    includes(await alice.message('hello back'), { ID: answer.ID, sequence: sent.sequence + 1 });
    quiet();
  });

  await t.check('one who opens the page later reads the history to its beginning', async () => {
    for (let n = 0; n < HISTORY; n += 1) await (n % 2 ? alice : bob).say(groupID, `line ${n}`);
    const carol = await Tab.open(engine, address, t.gateway, 'carol_tab');
    await carol.call('joinGroup', { groupID });
    const texts = [];
    for (let nextReqMessageID, pages = 0; pages < 20; pages += 1) {
      const page = await carol.call('getMessageList', { conversationID: `GROUP${groupID}`, nextReqMessageID });
      texts.unshift(...page.messageList.filter(({ type }) => type === 'TIMTextElem').map(({ payload }) => payload.text));
      if (page.isCompleted) break;
      nextReqMessageID = page.nextReqMessageID;
    }
    assert.deepEqual(texts, ['hello from a page 🙂', 'hello back', ...Array.from({ length: HISTORY }, (_, n) => `line ${n}`)]);
    assert.deepEqual(carol.complaints, []);
    await carol.page.context().close();
    quiet();
  });

  await t.check('unread messages are counted, and survive a reload of the page', async () => {
    for (const text of ['unread one', 'unread two']) await alice.say('bob_tab', text, 'C2C');
    await bob.message('unread two');
    const withUnread = (count) => until(async () => {
      const { conversationList } = await bob.call('getConversationList');
      return conversationList.find(({ conversationID, unreadCount }) => conversationID === 'C2Calice_tab' && unreadCount === count);
    }, EVENT_WITHIN_MS, `${count} messages are unread`);
    await withUnread(2);
    await bob.page.reload();
    await bob.signIn();
    const shown = await withUnread(2);
    assert.equal(shown.lastMessage.messageForShow, 'unread two');
    await bob.call('setMessageRead', { conversationID: 'C2Calice_tab' });
    await withUnread(0);
    await alice.event('MESSAGE_READ_BY_PEER');
    quiet();
  });

  await t.check('the pages come back by themselves after the gateway was killed, and go on', async () => {
    const before = await alice.say(groupID, 'before the kill');
    await bob.message('before the kill');
    const states = (tab) => tab.seen('NET_STATE_CHANGE').then((list) => list.map(({ state }) => state));
    await t.gateway.kill();
    await Promise.all([alice, bob].map((tab) => until(async () => (await states(tab)).length > 0, 10_000, `${tab.user} notices`)));
    await t.gateway.up();
    await Promise.all([alice, bob].map((tab) => until(async () => (await states(tab)).at(-1) === 'connected', BACK_WITHIN_MS, `${tab.user} is back`)));
    const after = await alice.say(groupID, 'after the kill');
    includes(await bob.message('after the kill'), { sequence: before.sequence + 1, ID: after.ID });
    for (const tab of [alice, bob]) {
      assert.deepEqual(await tab.seen('KICKED_OUT'), []);
      tab.complaints = tab.complaints.filter((text) => !REFUSED_BY_NETWORK.test(text));
    }
    quiet();
  });

  await t.check('a login in another page kicks the first page, which says so', async () => {
    const second = await Tab.open(engine, address, t.gateway, 'bob_tab');
    const { type } = await bob.event('KICKED_OUT');
    assert.equal(type, 'multipleAccount');
    await alice.say(groupID, 'to the newer page');
    await second.message('to the newer page');
    assert.deepEqual(second.complaints, []);
    quiet();
  });
}

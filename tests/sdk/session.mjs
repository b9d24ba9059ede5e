// Connecting, logging in and out, being kicked: with each SDK alone and with both generations together.

import assert from 'node:assert/strict';

import { includes, refused } from './harness/expect.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { elapse, until } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js', 'mini program': 'tim-wx' };

/** Longer than the 10 s of silence after which the SDKs ping, so that at least one ping was answered. */
const IDLE_MS = 12_500;

export default async function session(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => login(t, kind));
  }
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => refusals(t, kind));
  }
  await t.scene('idle', () => idle(t));
  await t.scene('3.6.6, then 2.27.6', () => kicks(t, 'chat', 'tim-js'));
  await t.scene('2.27.6, then 3.6.6', () => kicks(t, 'tim-js', 'chat'));
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => restKick(t, kind));
  }
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => expiry(t, kind));
  }
  await t.scene('addresses', () => addresses(t));
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => reconnect(t, kind));
  }
}

async function login(t, kind) {
  const device = await t.device(`alice_${kind}`, kind);
  let first;

  await t.check('a login gives the session and leads to SDK_READY', async () => {
    first = await device.signIn();
    assert.match(first.tinyID, /^\d+$/);
    assert.ok(first.a2Key.length > 0);
    assert.ok(first.instanceID > 0);
    assert.ok(first.helloInterval >= 10 && first.helloInterval <= 30, `HelloInterval ${first.helloInterval}`);
    assert.ok(Math.abs(first.timeStamp - Date.now() / 1000) <= 2, `TimeStamp ${first.timeStamp}`);
    // Unlocked is what is served, of which messages to some members of a group are bit 4.
    assert.match(first.purchaseBits, /^[01]{64}$/);
    assert.equal(first.purchaseBits[63 - 4], '1');
  });

  await t.check('everything the SDK asks for at start is answered with an empty success', async () => {
    const { conversationList } = await device.getConversationList();
    assert.deepEqual(conversationList, []);
    const { groupList } = await device.getGroupList();
    assert.deepEqual(groupList, []);
    assert.equal((await device.getMyProfile()).userID, device.user);
    assert.deepEqual(await device.getBlacklist(), []);
    assert.equal(await device.getTotalUnreadMessageCount(), 0);
  });

  await t.check('a logout ends the session, and the SDK says so', async () => {
    await device.logout();
    await device.event('SDK_NOT_READY');
  });

  await t.check('the same user logs in again on the same SDK object, under the same TinyId', async () => {
    const again = await device.signIn();
    assert.equal(again.tinyID, first.tinyID);
    assert.equal((await device.getMyProfile()).userID, device.user);
  });

  await t.check('another user logs in on the same SDK object and is somebody else', async () => {
    await device.logout();
    const other = await device.signIn({ as: `bob_${kind}` });
    assert.notEqual(other.tinyID, first.tinyID);
    assert.equal((await device.getMyProfile()).userID, `bob_${kind}`);
    const carol = await t.login(`carol_${kind}`, kind);
    await carol.tell(`bob_${kind}`, 'for bob');
    await device.message('for bob');
    await carol.tell(`alice_${kind}`, 'for alice');
    await carol.tell(`bob_${kind}`, 'for bob again');
    await device.message('for bob again');
    assert.deepEqual(device.messages().map((message) => message.payload.text), ['for bob', 'for bob again']);
  });
}

async function refusals(t, kind) {
  const { gateway } = t;
  const user = `dave_${kind}`;
  const device = await t.device(user, kind);
  const good = gateway.sign(user);
  const cases = [
    ['that is no UserSig', 70003, 'nonsense'],
    ['that was cut off', 70003, good.slice(0, -24)],
    ['made with another key', 70009, gateway.sign(user, { key: 'another key' })],
    ['of another user', 70013, gateway.sign('somebody_else')],
    ['of another application', 70014, gateway.sign(user, { sdkAppId: 1400009999 })],
    // This one is the last: after it the SDK drops its connection and opens a new one.
    ['that is expired', 70001, gateway.sign(user, { seconds: -10 })],
  ];
  for (const [what, code, userSig] of cases) {
    await t.check(`a UserSig ${what} is refused with ${code}`, () =>
      refused(code, device.call('login', { userID: user, userSig })));
  }

  await t.check('after all these refusals a good UserSig logs in', async () => {
    // The SDKs refuse a login for 15 s while they believe that another one is still running.
    const answer = await until(() => device.signIn(), 20_000, 'the login succeeds');
    assert.match(answer.tinyID, /^\d+$/);
    assert.equal((await device.getMyProfile()).userID, user);
  });
}

/** How long a UserSig of this scene is good: long enough for the login. */
const SHORT_SECONDS = 4;

async function expiry(t, kind) {
  const user = `erin_${kind}`;
  const device = await t.device(user, kind);

  await t.check('a session ends with its UserSig, and the SDK says why', async () => {
    await device.signIn({ userSig: t.gateway.sign(user, { seconds: SHORT_SECONDS }) });
    const { type } = await device.event('KICKED_OUT', undefined, 30_000);
    assert.equal(type, device.types.KICKED_OUT_USERSIG_EXPIRED);
    await device.event('SDK_NOT_READY');
  });

  await t.check('with a new one the same SDK object is back', async () => {
    await device.signIn();
    const frank = await t.login(`frank_${kind}`, kind);
    await frank.tell(user, 'are you back?');
    await device.message('are you back?');
  });
}

/** All SDKs at once, because the time it takes is the SDKs' own. */
async function idle(t) {
  const lines = await Promise.all(Object.entries(SDKS).map(async ([label, kind]) => {
    const relay = await Relay.to(t.gateway);
    t.onLeave(() => relay.close());
    return { label, relay, device: await t.login(`idle_${kind}`, kind, { server: relay.url }) };
  }));
  const stranger = await Relay.to(t.gateway);
  t.onLeave(() => stranger.close());
  const waiting = await t.device('nobody', 'chat', { server: stranger.url });

  await t.check(`connections live through ${IDLE_MS} ms of silence, with and without a login`, async () => {
    await elapse(IDLE_MS);
    for (const { label, relay, device } of lines) {
      assert.equal(relay.opened, 1, `${label} had to connect again`);
      assert.deepEqual(device.events('NET_STATE_CHANGE'), [], label);
      await device.getMyProfile();
      await device.tell(device.user, 'still here').catch(() => {});
      assert.equal(relay.opened, 1, `${label} had to connect again`);
    }
    assert.equal(stranger.opened, 1);
    await waiting.signIn({ as: 'idle_late' });
    assert.equal(stranger.opened, 1);
  });
}

async function kicks(t, older, newer) {
  const user = `erin_${older}_${newer}`;
  const first = await t.login(user, older);
  const second = await t.device(user, newer);
  const friend = await t.login(`frank_${older}_${newer}`, 'chat');

  await t.check('a second login of an account kicks the first with multipleAccount', async () => {
    await second.signIn();
    const { type } = await first.event('KICKED_OUT');
    assert.equal(type, first.types.KICKED_OUT_MULT_ACCOUNT);
    await first.event('SDK_NOT_READY');
  });

  await t.check('the one who stays gets the messages, the kicked one none', async () => {
    await friend.tell(user, 'to the newer one');
    await second.message('to the newer one');
    // The 2.x SDK asks who a new sender is, and cannot bear that a kick comes before the answer: let it have that.
    await second.getUserProfile({ userIDList: [friend.user] });
    assert.deepEqual(first.messages(), []);
    assert.deepEqual(second.events('KICKED_OUT'), []);
  });

  await t.check('the kicked one logs in again on the same SDK object, and kicks in turn', async () => {
    await first.signIn();
    const { type } = await second.event('KICKED_OUT');
    assert.equal(type, second.types.KICKED_OUT_MULT_ACCOUNT);
    await friend.tell(user, 'to the one who came back');
    await first.message('to the one who came back');
    assert.deepEqual(second.messages(), []);
  });

  await t.check('a mini program of the same account stays beside the web page', async () => {
    const phone = await t.login(user, 'tim-wx');
    await friend.tell(user, 'to both');
    await Promise.all([first.message('to both'), phone.message('to both')]);
    assert.deepEqual(first.events('KICKED_OUT'), []);
    assert.deepEqual(phone.events('KICKED_OUT'), []);
  });
}

async function restKick(t, kind) {
  const rest = new Rest(t.gateway);
  const device = await t.login(`grace_${kind}`, kind);
  const old = device.userSig;

  await t.check('a REST kick ends the session with REST_API_Kick', async () => {
    await rest.kick(device.user);
    const { type } = await device.event('KICKED_OUT');
    assert.equal(type, device.types.KICKED_OUT_REST_API);
    await device.event('SDK_NOT_READY');
  });

  await t.check('a UserSig from before the kick is refused with 70052', () =>
    refused(70052, device.call('login', { userID: device.user, userSig: old })));

  await t.check('a UserSig made after the kick logs in', async () => {
    // A UserSig counts whole seconds, so one made in the second of the kick cannot be told from an older one.
    const second = () => Math.floor(Date.now() / 1000);
    const kicked = second();
    await until(() => second() > kicked, 2_000, 'the clock goes on by a second');
    await until(() => device.signIn({ userSig: t.gateway.sign(device.user) }), 20_000, 'the login succeeds');
    assert.equal((await device.getMyProfile()).userID, device.user);
  });
}

async function addresses(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.check(`${label} works behind a path prefix`, async () => {
      const device = await t.device(`prefix_${kind}`, kind, { server: `${t.gateway.url}/chat/v1` });
      await device.signIn();
      assert.equal((await device.getMyProfile()).userID, device.user);
    });
  }

  await t.check('3.6.6 in devMode (text frames on /info) chats with one on binary frames', async () => {
    const text = await t.login('texter', 'chat', { options: { devMode: true } });
    const binary = await t.login('binary', 'chat');
    await text.tell('binary', '文字 frame 🙂');
    includes(await binary.message('文字 frame 🙂'), { from: 'texter', type: 'TIMTextElem' });
    await binary.tell('texter', '二进制 frame 🙂');
    includes(await text.message('二进制 frame 🙂'), { from: 'binary', type: 'TIMTextElem' });
  });
}

async function reconnect(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const device = await t.login(`heidi_${kind}`, kind, { server: relay.url });
  const friend = await t.login(`ivan_${kind}`, 'chat');

  await t.check('a lost connection is opened again, and the session goes on in it', async () => {
    await relay.settled();
    device.mark();
    relay.cut();
    await device.event('NET_STATE_CHANGE', ({ state }) => state === 'connected');
    assert.equal(relay.opened, 2);
    await device.tell(friend.user, 'back again');
    includes(await friend.message('back again'), { from: device.user });
    await friend.tell(device.user, 'welcome back');
    await device.message('welcome back');
    assert.deepEqual(device.events('KICKED_OUT'), []);
    assert.deepEqual(device.events('SDK_NOT_READY'), []);
  });

  await t.check('three losses in a row end in one working session', async () => {
    for (let loss = 0; loss < 3; loss += 1) {
      await relay.settled();
      device.mark();
      relay.cut();
      await device.event('NET_STATE_CHANGE', ({ state }) => state === 'connected');
    }
    await friend.tell(device.user, 'after three losses');
    await device.message('after three losses');
    assert.equal(device.messages((message) => message.payload.text === 'after three losses').length, 1);
  });
}

// What a device that was away has when it is back: the same as if it had been there.

import assert from 'node:assert/strict';

import { findConversation, groupConversation, meeting, notice, NOTICE, texts, userConversation, wholeHistory, work } from './harness/actions.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { elapse, until } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js', 'tim-wx': 'tim-wx' };
/** To the SDKs a message of the second in which the one before it was said is no newer. */
const A_SECOND_MS = 1_100;
const BACK_WITHIN_MS = 45_000;

export default async function resume(t) {
  await t.sideBySide(2, Object.entries(SDKS).flatMap(([label, kind]) => [
    { label, body: (part) => breaks(part, kind) },
    { label, body: (part) => reads(part, kind) },
    { label, body: (part) => long(part, kind) },
    { label, body: (part) => again(part, kind) },
  ]));
  for (const [label, kind] of Object.entries(SDKS)) await t.scene(label, () => killed(t, kind));
}

const connected = (device, ms) => device.event('NET_STATE_CHANGE', ({ state }) => state === 'connected', ms);

/** What a device has of a conversation, once it is what it is to be. */
async function has(device, conversationID, { unread, last, history }) {
  const seen = async () => {
    const found = await findConversation(device, conversationID);
    return { unread: found?.unreadCount, last: found?.lastMessage?.messageForShow };
  };
  const is = async () => JSON.stringify(await seen()) === JSON.stringify({ unread, last });
  await until(is, 3_000, `${conversationID} of ${device.user}`).catch(async () => assert.deepEqual(await seen(), { unread, last }));
  if (history) assert.deepEqual(texts(await wholeHistory(device, conversationID)).filter((text) => text !== READY), history);
}

/** What is said first in a group, so that all begin alike. */
const READY = 'ready';

/** A Work group of `owner` in which the others have heard what its beginning says, and have read it. */
async function settled(owner, others) {
  const id = await work(owner, others);
  for (const device of others) {
    await device.message(({ type, to }) => type === 'TIMCustomElem' && to === id);
    await device.quiet();
  }
  // 2.27.6 asks what the group is, and of what comes meanwhile it may take the earlier for the last, and read no farther.
  await owner.say(id, READY);
  for (const device of others) {
    await device.message(({ to, payload }) => to === id && payload?.text === READY);
    await device.setMessageRead({ conversationID: groupConversation(id) });
  }
  return id;
}

async function breaks(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const { alice, dora } = await t.logins(`b_${kind}`, { alice: 'chat', dora: 'chat' });
  const bob = await t.login(`bob_b_${kind}`, kind, { server: relay.url });
  const talks = {
    'a Meeting group': { id: await meeting(alice, [bob, dora]), counts: false },
    'a Work group': { id: await settled(alice, [bob, dora]), counts: true },
  };

  for (const [what, { id, counts }] of Object.entries(talks)) {
    await t.check(`who says something in ${what} while the line is down has what others said meanwhile`, async () => {
      await elapse(A_SECOND_MS);
      await alice.say(id, 'before');
      await bob.message('before');
      await bob.setMessageRead({ conversationID: groupConversation(id) });
      await relay.settled();
      relay.interrupt();
      await alice.say(id, 'missed one');
      const sent = bob.say(id, 'into the void');
      sent.catch(() => {});
      await dora.say(id, 'missed two');
      await elapse(A_SECOND_MS);
      relay.resume();
      await connected(bob);
      await sent;
      await bob.message('missed two');
      assert.deepEqual(texts(bob.messages()), ['before', 'missed one', 'missed two']);
      const history = ['before', 'missed one', 'missed two', 'into the void'];
      await has(bob, groupConversation(id), { unread: counts ? 2 : 0, last: 'into the void', history });
    });
  }

  await t.check('who says something to a user while the line is down has what they said meanwhile', async () => {
    await alice.tell(bob.user, 'before');
    await bob.message('before');
    await bob.setMessageRead({ conversationID: userConversation(alice) });
    await relay.settled();
    relay.interrupt();
    await alice.tell(bob.user, 'missed one');
    await elapse(A_SECOND_MS);
    const sent = bob.tell(alice.user, 'into the void');
    sent.catch(() => {});
    await alice.tell(bob.user, 'missed two');
    relay.resume();
    await connected(bob);
    await sent;
    await bob.message('missed two');
    assert.deepEqual(texts(bob.messages()), ['before', 'missed one', 'missed two']);
    await has(bob, userConversation(alice), { unread: 2, last: 'into the void' });
    const history = texts(await wholeHistory(bob, userConversation(alice)));
    assert.deepEqual(history, ['before', 'missed one', 'missed two', 'into the void']);
  });

  await t.check('ten messages of a known user over three seconds are ten unread', async () => {
    await bob.setMessageRead({ conversationID: userConversation(alice) });
    await relay.settled();
    relay.interrupt();
    for (let n = 0; n < 10; n += 1) {
      await alice.tell(bob.user, `ten ${n}`);
      await elapse(300);
    }
    relay.resume();
    await connected(bob);
    await bob.message('ten 9');
    assert.equal(bob.messages().length, 10);
    await has(bob, userConversation(alice), { unread: 10, last: 'ten 9' });
  });

  await t.check('what a new user and a new group say meanwhile is announced and counts', async () => {
    const fresh = await t.login(`fresh_b_${kind}`, 'chat');
    await relay.settled();
    relay.interrupt();
    await fresh.tell(bob.user, 'hello');
    await fresh.tell(bob.user, 'it is me');
    const group = await work(fresh, [bob]);
    await fresh.say(group, 'welcome');
    relay.resume();
    await connected(bob);
    await bob.message('it is me');
    await bob.message('welcome');
    await notice(bob, group, NOTICE.invited);
    assert.deepEqual(texts(bob.messages()).sort(), ['hello', 'it is me', 'welcome']);
    await has(bob, userConversation(fresh), { unread: 2, last: 'it is me', history: ['hello', 'it is me'] });
    // The SDK of who makes a group says so in it.
    await has(bob, groupConversation(group), { unread: 2, last: 'welcome', history: ['welcome'] });
  });

  await t.check('what was recalled meanwhile is recalled, heard before or not', async () => {
    const id = talks['a Work group'].id;
    await bob.setMessageRead({ conversationID: groupConversation(id) });
    await bob.setMessageRead({ conversationID: userConversation(alice) });
    const heard = [await alice.say(id, 'heard and recalled'), await alice.tell(bob.user, 'heard and recalled too')];
    await bob.message('heard and recalled');
    await bob.message('heard and recalled too');
    await relay.settled();
    relay.interrupt();
    const unheard = [await alice.say(id, 'unheard and recalled'), await alice.tell(bob.user, 'unheard and recalled too')];
    for (const message of [...heard, ...unheard]) await alice.revokeMessage(message);
    await alice.say(id, 'stays');
    await alice.tell(bob.user, 'stays too');
    relay.resume();
    await connected(bob);
    await bob.message('stays');
    await bob.message('stays too');
    for (const conversationID of [groupConversation(id), userConversation(alice)]) {
      const list = await wholeHistory(bob, conversationID);
      const recalled = list.filter(({ isRevoked }) => isRevoked).map(({ payload }) => payload.text);
      assert.equal(recalled.length, 2, `${conversationID}: ${JSON.stringify(recalled)}`);
    }
    await has(bob, groupConversation(id), { unread: 1, last: 'stays' });
    await has(bob, userConversation(alice), { unread: 1, last: 'stays too' });
  });
}

async function reads(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const alice = await t.login(`alice_r_${kind}`, 'chat');
  const bob = await t.login(`bob_r_${kind}`, kind, { server: relay.url });
  const other = await t.login(`bob_r_${kind}`, kind === 'tim-wx' ? 'chat' : 'tim-wx');
  const id = await settled(alice, [bob]);

  await t.check('what another device read meanwhile is read, and what came after it is not', async () => {
    await elapse(A_SECOND_MS);
    await alice.say(id, 'one');
    await alice.tell(bob.user, 'one to bob');
    await bob.message('one');
    await bob.message('one to bob');
    await has(bob, groupConversation(id), { unread: 1, last: 'one' });
    await relay.settled();
    relay.interrupt();
    await alice.say(id, 'two');
    await alice.tell(bob.user, 'two to bob');
    await other.message('two');
    await other.message('two to bob');
    await elapse(A_SECOND_MS);
    await other.setMessageRead({ conversationID: groupConversation(id) });
    await other.setMessageRead({ conversationID: userConversation(alice) });
    await elapse(A_SECOND_MS);
    await alice.say(id, 'three');
    await alice.tell(bob.user, 'three to bob');
    await other.message('three to bob');
    relay.resume();
    await connected(bob);
    await bob.message('three');
    await bob.message('three to bob');
    assert.deepEqual(texts(bob.messages()), ['one', 'one to bob', 'two', 'two to bob', 'three', 'three to bob']);
    await has(bob, groupConversation(id), { unread: 1, last: 'three' });
    await has(bob, userConversation(alice), { unread: 1, last: 'three to bob' });
    for (const device of [other]) {
      await has(device, groupConversation(id), { unread: 1, last: 'three' });
      await has(device, userConversation(alice), { unread: 1, last: 'three to bob' });
    }
  });

  await t.check('what is read meanwhile without anything new is read', async () => {
    await relay.settled();
    relay.interrupt();
    await other.setMessageRead({ conversationID: groupConversation(id) });
    await other.setMessageRead({ conversationID: userConversation(alice) });
    relay.resume();
    await connected(bob);
    await has(bob, groupConversation(id), { unread: 0, last: 'three' });
    await has(bob, userConversation(alice), { unread: 0, last: 'three to bob' });
  });

  await t.check('that a user has read is heard after a break', async () => {
    const sent = await bob.tell(alice.user, 'read this');
    await alice.message('read this');
    await relay.settled();
    relay.interrupt();
    await alice.setMessageRead({ conversationID: userConversation(bob) });
    await elapse(A_SECOND_MS);
    relay.resume();
    await connected(bob);
    await until(async () => {
      const list = (await bob.getMessageList({ conversationID: userConversation(alice) })).messageList;
      return list.find(({ ID }) => ID === sent.ID)?.isPeerRead;
    }, 3_000, 'the message is read');
  });
}

async function long(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const rest = new Rest(t.gateway);
  const alice = await t.login(`alice_l_${kind}`, 'chat');
  const bob = await t.login(`bob_l_${kind}`, kind, { server: relay.url });
  for (const count of [400, 1_100]) {
    await t.check(`of ${count} messages that were missed none is missing in the history, and the count is right`, async () => {
      const id = await settled(alice, [bob]);
      await elapse(A_SECOND_MS);
      await alice.say(id, 'before');
      await bob.message('before');
      await relay.settled();
      relay.interrupt();
      const missed = Array.from({ length: count }, (_, n) => `missed ${n}`);
      for (const text of missed) await rest.say(id, text, alice.user);
      relay.resume();
      await connected(bob);
      if (count <= 1_000) await bob.message(missed.at(-1));
      await has(bob, groupConversation(id), { unread: count + 1, last: missed.at(-1), history: ['before', ...missed] });
      bob.mark();
      await alice.say(id, 'after');
      await bob.message('after');
      await has(bob, groupConversation(id), { unread: count + 2, last: 'after', history: ['before', ...missed, 'after'] });
    });
  }
}

/** A device is asked now and then what it has; what it heard since it is told again when it is back. */
async function again(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const rest = new Rest(t.gateway);
  const alice = await t.login(`alice_a_${kind}`, 'chat');
  const bob = await t.login(`bob_a_${kind}`, kind, { server: relay.url });
  await t.check('two hundred messages that are told again after a lost line are shown and counted once', async () => {
    const id = await settled(alice, [bob]);
    await elapse(A_SECOND_MS);
    const said = Array.from({ length: 200 }, (_, n) => `heard ${n}`);
    for (const text of said) await rest.say(id, text, alice.user);
    for (let n = 0; n < 10; n += 1) await alice.tell(bob.user, `told ${n}`);
    await bob.message('told 9');
    await bob.message(said.at(-1));
    await relay.settled();
    relay.interrupt();
    await elapse(A_SECOND_MS);
    relay.resume();
    await connected(bob);
    await alice.say(id, 'new');
    await bob.message('new');
    const heard = texts(bob.messages());
    assert.deepEqual(heard.filter((text) => text !== READY && !text.startsWith('told')), [...said, 'new']);
    assert.equal(heard.filter((text) => text.startsWith('told')).length, 10);
    await has(bob, groupConversation(id), { unread: 201, last: 'new', history: [...said, 'new'] });
    await has(bob, userConversation(alice), { unread: 10, last: 'told 9' });
  });
}

async function killed(t, kind) {
  await t.check('who had just logged in when the gateway was killed hears what is said until they are back', async () => {
    const { alice } = await t.logins(`k_${kind}`, { alice: 'chat' });
    const bob = await t.login(`bob_k_${kind}`, kind);
    const id = await meeting(alice, [bob]);
    await t.gateway.kill();
    await t.gateway.up();
    const rest = new Rest(t.gateway);
    await rest.say(id, 'said at once', alice.user);
    await connected(bob, BACK_WITHIN_MS);
    await rest.say(id, 'said later', alice.user);
    await bob.message('said later');
    assert.deepEqual(texts(bob.messages()), ['said at once', 'said later']);
  });
}

// What the list of conversations says after a login or a lost line is what was shown live: what is new, how much of it is
// unread, what was said last, who was mentioned.

import assert from 'node:assert/strict';

import {
  NOTICE, findConversation, forget, groupConversation, notice, texts, userConversation,
} from './harness/actions.mjs';
import { refused } from './harness/expect.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { elapse, until } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };
/** To the SDKs a message of the second in which the one before it was said is no newer. */
const A_SECOND_MS = 1_100;
/** More than the SDKs ask for at once. */
const OF_A_SECOND = 40;
/** More than the SDKs ask for in a second by themselves. */
const GROUPS = 40;
/** More than the gateway looks at to find the last message in the usual case, and all that one call deletes. */
const HIDDEN = 30;

export default async function counts(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => seconds(t, kind));
    await t.scene(label, () => manyGroups(t, kind));
    await t.scene(label, () => work(t, kind));
    await t.scene(label, () => deleted(t, kind));
    await t.scene(label, () => hidden(t, kind));
    await t.scene(label, () => marks(t, kind));
    await t.scene(label, () => kicked(t, kind));
  }
}

const connected = (device, ms) => device.event('NET_STATE_CHANGE', ({ state }) => state === 'connected', ms);

/** The moment at which a second begins. */
const atSecond = () => elapse(1_000 - (Date.now() % 1_000));

/** Says these texts to one user as fast as it goes. Gives the seconds in which they were said. */
async function tellAtOnce(from, to, said) {
  const sent = await Promise.all(said.map((text) => from.tell(to, text)));
  return sent.map(({ time }) => time);
}

async function seconds(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const alice = await t.login(`alice_s_${kind}`, 'chat');
  const bob = await t.login(`bob_s_${kind}`, kind, { server: relay.url });

  await t.check(`${OF_A_SECOND} messages that one user said in one second of a break are all seen, and what came before and after it`, async () => {
    await alice.tell(bob.user, 'before');
    await bob.message('before');
    await relay.settled();
    relay.interrupt();
    await elapse(A_SECOND_MS);
    await alice.tell(bob.user, 'the second before');
    await atSecond();
    const many = Array.from({ length: OF_A_SECOND }, (_, n) => `of one second ${n}`);
    const times = await tellAtOnce(alice, bob.user, many);
    // A second that ends meanwhile leaves more than half of them in one.
    assert.ok(new Set(times).size <= 2, `they took the seconds ${[...new Set(times)]}`);
    await elapse(A_SECOND_MS);
    await alice.tell(bob.user, 'the second after');
    const asked = relay.count('openim.getroammsg');
    relay.resume();
    await connected(bob);
    await bob.message('the second after');
    await alice.tell(bob.user, 'after');
    await bob.message('after');
    const expected = ['before', 'the second before', ...many, 'the second after', 'after'];
    assert.deepEqual(texts(bob.messages()).sort(), expected.sort());
    assert.ok(asked() <= 4, `the SDK asked ${asked()} times`);
  });

  await t.check(`${OF_A_SECOND} messages of the last second of a break are all seen`, async () => {
    await relay.settled();
    relay.interrupt();
    await atSecond();
    const many = Array.from({ length: OF_A_SECOND }, (_, n) => `of the last second ${n}`);
    await tellAtOnce(alice, bob.user, many);
    relay.resume();
    await connected(bob);
    await until(() => texts(bob.messages()).length >= many.length, 5_000, 'all are there');
    assert.deepEqual(texts(bob.messages()).sort(), many.sort());
  });
}

async function manyGroups(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const rest = new Rest(t.gateway);
  const [alice, user] = [`alice_m_${kind}`, `bob_m_${kind}`];
  const groups = Array.from({ length: GROUPS }, (_, n) => `many_${n}_${kind}`);
  for (const group of groups) await rest.group(group, alice, [user]);
  const bob = await t.login(user, kind, { server: relay.url });
  await bob.getGroupList();

  await t.check(`news in ${GROUPS} groups after a break are all announced`, async () => {
    for (const group of groups) await rest.say(group, `before in ${group}`, alice);
    await bob.message(`before in ${groups.at(-1)}`);
    await relay.settled();
    bob.mark();
    relay.interrupt();
    for (const group of groups) await rest.say(group, `missed in ${group}`, alice);
    relay.resume();
    await connected(bob);
    await until(() => texts(bob.messages()).length >= groups.length, 10_000, 'as many messages as groups').catch(() => {});
    assert.deepEqual(texts(bob.messages()).sort(), groups.map((group) => `missed in ${group}`).sort());
  });
}

/** Waits until the list says so of what is unread, and all that was asked for is answered. */
async function unread(device, conversationID, count) {
  await device.quiet();
  const found = await until(async () => await findConversation(device, conversationID), 5_000, `${conversationID} is listed`);
  assert.equal(found.unreadCount, count, `unread of ${device.user} in ${conversationID}`);
}

/** Says something that mentions these users, or all with `MSG_AT_ALL`. */
function mention(device, groupID, text, ...users) {
  return device.send('TextAt', { ...device.toGroup(groupID), payload: { text, atUserList: users } });
}

/** The numbers of the messages by which a device shows that it was mentioned, in their order. */
async function marked(device, groupID) {
  await device.quiet();
  const found = await until(() => findConversation(device, groupConversation(groupID)), 5_000, 'the group is listed');
  return found.groupAtInfoList.map(({ messageSequence }) => messageSequence).sort((a, b) => a - b);
}

/** A Work group of `owner`, into which `other` came when it was there: its SDK says something in each group it makes. */
async function workGroup(owner, other) {
  const { group } = await owner.createGroup({ type: owner.types.GRP_WORK, name: 'Work' });
  await owner.quiet();
  await owner.addGroupMember({ groupID: group.groupID, userIDList: [other.user] });
  await notice(other, group.groupID, NOTICE.invited);
  return group.groupID;
}

async function work(t, kind) {
  const { alice, bob, carol } = await t.logins(`w_${kind}`, { alice: 'chat', bob: kind, carol: 'chat' });
  const other = await t.login(bob.user, 'tim-wx');
  const groupID = await workGroup(alice, bob);
  const conversationID = groupConversation(groupID);
  let counted = 0;

  /** What alice says last is behind all that came before it. */
  const saidAndCounted = async (text) => {
    await alice.say(groupID, text);
    counted += 1;
    await Promise.all([bob.message(text), other.message(text)]);
  };
  const same = async () => {
    for (const device of [bob, other]) await unread(device, conversationID, counted);
    await forget(bob);
    await unread(bob, conversationID, counted);
  };

  await t.check('what somebody says counts, live and after a login', async () => {
    await saidAndCounted('one');
    await saidAndCounted('two');
    await same();
  });

  await t.check('what the user says, what wants not to count, and what is recalled does not', async () => {
    await bob.say(groupID, 'my own');
    await other.say(groupID, 'my own, elsewhere');
    await alice.say(groupID, 'not counted', {}, { messageControlInfo: { excludedFromUnreadCount: true } });
    const slip = await alice.say(groupID, 'a slip');
    await Promise.all([bob.message('a slip'), other.message('a slip')]);
    await alice.revokeMessage(slip);
    const isSlip = (list) => list.some(({ sequence }) => sequence === slip.sequence);
    await Promise.all([bob.event('MESSAGE_REVOKED', isSlip), other.event('MESSAGE_REVOKED', isSlip)]);
    await saidAndCounted('three');
    await same();
  });

  /** Its SDK asks what it asks about a group while the user is in it. */
  const bringIn = async (device) => {
    await alice.addGroupMember({ groupID, userIDList: [device.user] });
    await notice(device, groupID, NOTICE.invited);
    await device.quiet();
  };
  const tips = {
    'a new name': () => alice.updateGroupProfile({ groupID, name: 'Renamed' }),
    'a new notification and introduction': () => alice.updateGroupProfile({ groupID, notification: 'Read me', introduction: 'Who we are' }),
    'a new face': () => alice.updateGroupProfile({ groupID, avatar: 'http://127.0.0.1/face.png' }),
    'somebody brought in': () => bringIn(carol),
    'somebody put out': () => alice.deleteGroupMember({ groupID, userIDList: [carol.user] }),
    'somebody who leaves': async () => {
      await bringIn(carol);
      await carol.quitGroup(groupID);
    },
  };
  for (const [what, happens] of Object.entries(tips)) {
    await t.check(`the tip of ${what} does not count, live or after a login`, async () => {
      await happens();
      await saidAndCounted(`after ${what}`);
      await same();
    });
  }

  await t.check('a new owner is no unread message either', async () => {
    await bringIn(carol);
    await alice.changeGroupOwner({ groupID, newOwnerID: carol.user });
    await saidAndCounted('after the new owner');
    await same();
  });

  await t.check('what is read is read, on all devices and after a login', async () => {
    await bob.setMessageRead({ conversationID });
    counted = 0;
    await until(async () => (await findConversation(other, conversationID)).unreadCount === 0, 5_000, 'read elsewhere too');
    await same();
  });

  await t.check('where nothing counts nothing is unread, and what comes then counts again', async () => {
    await bob.say(groupID, 'my own again');
    await alice.say(groupID, 'not counted again', {}, { messageControlInfo: { excludedFromUnreadCount: true } });
    await bob.message('not counted again');
    await same();
    await bob.setMessageRead({ conversationID });
    await saidAndCounted('and this is');
    await same();
    await bob.setMessageRead({ conversationID });
    counted = 0;
    await until(async () => (await findConversation(other, conversationID)).unreadCount === 0, 5_000, 'read elsewhere too');
    await same();
  });

  await t.check('300 of one\'s own do not count', async () => {
    const rest = new Rest(t.gateway);
    await saidAndCounted('before my own');
    for (let n = 0; n < 300; n += 1) await rest.say(groupID, `mine ${n}`, bob.user);
    await saidAndCounted('behind my own');
    await same();
  });
}

async function deleted(t, kind) {
  const { alice, bob } = await t.logins(`d_${kind}`, { alice: 'chat', bob: kind });
  const other = await t.login(bob.user, 'tim-wx');
  const groupID = await workGroup(alice, bob);
  const talks = {
    'with a user': [userConversation(alice), (text) => alice.tell(bob.user, text)],
    'in a group': [groupConversation(groupID), (text) => alice.say(groupID, text)],
  };

  const takeOff = async (conversationID) => {
    const lists = { conversationIDList: [conversationID], clearHistoryMessage: false };
    await bob.deleteConversation(kind === 'chat' ? lists : conversationID);
  };

  for (const [where, [conversationID, talk]] of Object.entries(talks)) {
    await t.check(`a conversation ${where} that was taken off the list comes back with what is new only`, async () => {
      for (const text of ['one', 'two', 'three']) await talk(text);
      await Promise.all([bob.message('three'), other.message('three')]);
      await unread(bob, conversationID, 3);
      await takeOff(conversationID);
      await until(async () => !await findConversation(other, conversationID), 5_000, 'it goes elsewhere too');
      await talk('four');
      await Promise.all([bob.message('four'), other.message('four')]);
      for (const device of [bob, other]) await unread(device, conversationID, 1);
      await forget(bob);
      await unread(bob, conversationID, 1);
      await bob.setMessageRead({ conversationID });
      await talk('five');
      await bob.message('five');
      await forget(bob);
      await unread(bob, conversationID, 1);
    });
  }

  await t.check('nor is it marked by what was said before', async () => {
    const all = alice.types.MSG_AT_ALL;
    for (const user of [bob.user, all]) await mention(alice, groupID, `mentions ${user}`, user);
    await bob.message(`mentions ${all}`);
    assert.equal((await marked(bob, groupID)).length, 2);
    await takeOff(groupConversation(groupID));
    const last = await mention(alice, groupID, 'all, later', all);
    await bob.message('all, later');
    assert.deepEqual(await marked(bob, groupID), [last.sequence]);
    await forget(bob);
    assert.deepEqual(await marked(bob, groupID), [last.sequence]);
  });
}

async function hidden(t, kind) {
  const { alice, bob } = await t.logins(`h_${kind}`, { alice: 'chat', bob: kind });
  const groupID = await workGroup(alice, bob);
  const talks = {
    'to a user': [userConversation(alice), (text) => alice.tell(bob.user, text)],
    'in a group': [groupConversation(groupID), (text) => alice.say(groupID, text)],
  };

  for (const [where, [conversationID, talk]] of Object.entries(talks)) {
    await t.check(`with the ${HIDDEN} newest messages said ${where} deleted the one before them is the last`, async () => {
      await talk('the last that stays');
      const many = Array.from({ length: HIDDEN }, (_, n) => `hidden ${where} ${n}`);
      for (const text of many) await talk(text);
      await bob.message(many.at(-1));
      await bob.deleteMessage(bob.messages(({ payload }) => many.includes(payload.text)));
      await forget(bob);
      const found = await until(() => findConversation(bob, conversationID), 5_000, 'the conversation is listed');
      assert.equal(found.lastMessage.payload?.text, 'the last that stays');
    });
  }
}

async function marks(t, kind) {
  const { alice, bob } = await t.logins(`a_${kind}`, { alice: 'chat', bob: kind });
  const groupID = await workGroup(alice, bob);
  await t.check('who was put out of a group and brought in again is not marked by what was said before', async () => {
    await mention(alice, groupID, 'bob', bob.user);
    await mention(alice, groupID, 'all of you', alice.types.MSG_AT_ALL);
    await bob.message('all of you');
    assert.equal((await marked(bob, groupID)).length, 2);
    await unread(bob, groupConversation(groupID), 2);
    await alice.deleteGroupMember({ groupID, userIDList: [bob.user] });
    await notice(bob, groupID, NOTICE.kicked);
    bob.mark();
    await alice.addGroupMember({ groupID, userIDList: [bob.user] });
    await notice(bob, groupID, NOTICE.invited);
    await alice.say(groupID, 'welcome back');
    await bob.message('welcome back');
    assert.deepEqual(await marked(bob, groupID), []);
    await unread(bob, groupConversation(groupID), 1);
    await forget(bob);
    assert.deepEqual(await marked(bob, groupID), []);
    await unread(bob, groupConversation(groupID), 1);
    const last = await mention(alice, groupID, 'bob, again', bob.user);
    await bob.message('bob, again');
    assert.deepEqual(await marked(bob, groupID), [last.sequence]);
    await forget(bob);
    assert.deepEqual(await marked(bob, groupID), [last.sequence]);
  });
}

async function kicked(t, kind) {
  const rest = new Rest(t.gateway);
  const bob = await t.login(`bob_k_${kind}`, kind);

  await t.check('a UserSig that is made once the back end has the answer to a kick is good, and one of before is not', async () => {
    await atSecond();
    const before = t.gateway.sign(bob.user);
    await rest.kick(bob.user);
    await bob.event('KICKED_OUT');
    const thief = await t.device(bob.user, 'chat');
    await refused(70052, thief.signIn({ userSig: before }));
    await bob.signIn({ userSig: t.gateway.sign(bob.user) });
  });
}

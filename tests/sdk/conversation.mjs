// One-to-one chat, and the list of conversations with its unread counts.

import assert from 'node:assert/strict';

import {
  allPages, findConversation, forget, groupConversation, identity, texts, userConversation, wholeHistory,
} from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { ADMIN } from './harness/gateway.mjs';
import { Rest } from './harness/rest.mjs';
import { until } from '../js/wait.mjs';

const CASTS = {
  '3.6.6': { alice: 'chat', bob: 'chat' },
  '2.27.6': { alice: 'tim-js', bob: 'tim-js' },
  '3.6.6 to 2.27.6': { alice: 'chat', bob: 'tim-js' },
  '2.27.6 to 3.6.6': { alice: 'tim-js', bob: 'chat' },
};
const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };
const LONG_HISTORY = 43;

export default async function conversation(t) {
  for (const [label, cast] of Object.entries(CASTS)) {
    const tag = label.replaceAll(/[^0-9a-z]/g, '');
    await t.scene(label, () => talk(t, cast, `t${tag}`));
    await t.scene(label, () => reading(t, cast, `r${tag}`));
  }
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => history(t, kind));
    await t.scene(label, () => list(t, kind));
    await t.scene(label, () => unread(t, kind));
    await t.scene(label, () => otherDevices(t, kind));
    await t.scene(label, () => crowded(t, kind));
  }
}

/** The conversation once it is listed and fits: after a login the SDK fills its list in steps. */
function listed(device, conversationID, fits = () => true) {
  return until(async () => {
    const found = await findConversation(device, conversationID);
    return found && fits(found) ? found : null;
  }, 5_000, `${conversationID} is listed with ${fits}`);
}

async function talk(t, cast, tag) {
  const { alice, bob } = await t.logins(tag, cast);

  await t.check('a text arrives as the same message, and the answer too', async () => {
    const sent = await alice.tell(bob.user, 'hi 鲍勃 🙂');
    includes(sent, { status: 'success', flow: 'out', conversationID: userConversation(bob) });
    const got = await bob.message('hi 鲍勃 🙂');
    assert.deepEqual(identity(got), identity(sent));
    includes(got, { flow: 'in', conversationID: userConversation(alice) });
    const answer = await bob.tell(alice.user, 'hi yourself');
    assert.deepEqual(identity(await alice.message('hi yourself')), identity(answer));
  });

  await t.check('a custom message, a face and a location arrive whole', async () => {
    const said = {
      Custom: { data: '{"a":1}', description: 'd', extension: 'e' },
      Face: { index: 1, data: 'tt01' },
      Location: { description: 'here', longitude: 1.5, latitude: -2.25 },
    };
    for (const [kind, payload] of Object.entries(said)) {
      const sent = await alice.send(kind, { ...alice.toUser(bob.user), payload });
      assert.deepEqual((await bob.message(({ ID }) => ID === sent.ID)).payload, payload);
    }
  });

  await t.check('cloudCustomData goes along', async () => {
    await alice.tell(bob.user, 'with cloud data', { cloudCustomData: '{"x":"一"}' });
    includes(await bob.message('with cloud data'), { cloudCustomData: '{"x":"一"}' });
  });

  await t.check('many messages in quick succession arrive each once', async () => {
    const all = Array.from({ length: 30 }, (_, n) => `quick ${n}`);
    await Promise.all(all.map((text) => alice.tell(bob.user, text)));
    await until(() => bob.messages().length >= all.length, 5_000, 'all have come');
    assert.deepEqual(texts(bob.messages()).sort(), [...all].sort());
  });

  await t.check('an online-only message is delivered and not kept', async () => {
    await alice.tell(bob.user, 'only now', {}, { onlineUserOnly: true });
    await bob.message('only now');
    await forget(bob);
    assert.ok(!texts(await wholeHistory(bob, userConversation(alice))).includes('only now'));
  });

  await t.check('a recalled message is recalled for both, now and in the history', async () => {
    const sent = await alice.tell(bob.user, 'a slip');
    await bob.message('a slip');
    await alice.revokeMessage(sent);
    await bob.event('MESSAGE_REVOKED', (revoked) => revoked.some(({ ID }) => ID === sent.ID));
    await forget(bob);
    const kept = (await wholeHistory(bob, userConversation(alice))).find(({ ID }) => ID === sent.ID);
    includes(kept, { isRevoked: true });
    includes((await listed(bob, userConversation(alice))).lastMessage, { isRevoked: true });
  });

  await t.check('the message of the other one may not be recalled', async () => {
    await alice.tell(bob.user, 'this stays');
    const seen = await bob.message('this stays');
    const error = await bob.revokeMessage(seen).then(() => null, (refusal) => refusal);
    assert.ok(error?.code, 'the recall was allowed');
    await forget(alice);
    includes((await wholeHistory(alice, userConversation(bob))).find(({ payload }) => payload.text === 'this stays'), { isRevoked: false });
  });

  await t.check('a message of 13 KB is refused with 80002', () =>
    refused(80002, alice.tell(bob.user, 'x'.repeat(13 * 1024))));
}

async function reading(t, cast, tag) {
  const { alice, bob } = await t.logins(tag, cast);

  await t.check('reading tells the sender, and the messages stay read', async () => {
    const sent = await alice.tell(bob.user, 'have you read this?');
    await bob.message('have you read this?');
    await listed(bob, userConversation(alice), ({ unreadCount }) => unreadCount === 1);
    await bob.setMessageRead({ conversationID: userConversation(alice) });
    const read = await alice.event('MESSAGE_READ_BY_PEER');
    assert.ok(read.some(({ ID, isPeerRead }) => ID === sent.ID && isPeerRead));
    await listed(bob, userConversation(alice), ({ unreadCount }) => unreadCount === 0);
    await forget(alice);
    await listed(alice, userConversation(bob), ({ lastMessage }) => lastMessage.isPeerRead);
    includes((await wholeHistory(alice, userConversation(bob))).find(({ ID }) => ID === sent.ID), { isPeerRead: true });
  });

  await t.check('messages to who is away count as unread at the next login, until they are read', async () => {
    await bob.logout();
    for (const text of ['one', 'two', 'three']) await alice.tell(bob.user, text);
    await bob.signIn();
    const shown = await listed(bob, userConversation(alice), ({ unreadCount }) => unreadCount === 3);
    assert.equal(shown.lastMessage.messageForShow, 'three');
    await until(async () => await bob.getTotalUnreadMessageCount() === 3, 5_000, 'three in total');
    await bob.setMessageRead({ conversationID: userConversation(alice) });
    await listed(bob, userConversation(alice), ({ unreadCount }) => unreadCount === 0);
    await forget(bob);
    await listed(bob, userConversation(alice), ({ unreadCount }) => unreadCount === 0);
    assert.equal(await bob.getTotalUnreadMessageCount(), 0);
  });

  await t.check('an unread message that is recalled does not count', async () => {
    await bob.logout();
    await alice.tell(bob.user, 'stays unread');
    const slip = await alice.tell(bob.user, 'unread slip');
    await alice.revokeMessage(slip);
    await bob.signIn();
    await listed(bob, userConversation(alice), ({ unreadCount }) => unreadCount === 1);
    await bob.setMessageRead({ conversationID: userConversation(alice) });
  });

  await t.check('one\'s own messages never count as unread', async () => {
    await forget(alice);
    await alice.tell(bob.user, 'mine');
    await bob.message('mine');
    await forget(alice);
    await listed(alice, userConversation(bob), ({ unreadCount }) => unreadCount === 0);
  });
}

async function history(t, kind) {
  const { alice, bob } = await t.logins(`h_${kind}`, { alice: kind, bob: kind });
  const sent = [];
  for (let n = 0; n < LONG_HISTORY; n += 1) {
    const [from, to] = n % 3 === 0 ? [bob, alice] : [alice, bob];
    sent.push(await from.tell(to.user, `line ${n}`));
  }

  await t.check(`a new login reads all ${LONG_HISTORY} messages page by page, each once and in order`, async () => {
    await forget(bob);
    const pages = await allPages(bob, userConversation(alice));
    assert.deepEqual(texts(pages.flat()), texts(sent));
    assert.deepEqual(pages.flat().map(identity), sent.map(identity));
    assert.ok(pages.length >= 3, `${pages.length} pages`);
  });

  await t.check('the other side reads the same', async () => {
    await forget(alice);
    assert.deepEqual((await wholeHistory(alice, userConversation(bob))).map(identity), sent.map(identity));
  });

  await t.check('hopping from a time gives what was said from then on, each message once and in order', async () => {
    await forget(bob);
    const lines = texts(sent);
    const seen = [];
    let { time } = sent[0];
    for (let page = 0; page < 20; page += 1) {
      const { messageList, isCompleted } = await bob.getMessageListHopping({ conversationID: userConversation(alice), time, direction: 1 });
      const fresh = texts(messageList).filter((text) => !seen.includes(text));
      seen.push(...fresh);
      if (isCompleted || fresh.length === 0) break;
      time = messageList.at(-1).time;
    }
    assert.ok(seen.length >= 15, `${seen.length} messages`);
    assert.deepEqual(seen, lines.slice(0, seen.length));
  });

  await t.check('a message deleted by one is gone for them only', async () => {
    await forget(bob);
    const target = (await bob.getMessageList({ conversationID: userConversation(alice) })).messageList.at(-1);
    await bob.deleteMessage([target]);
    await forget(bob);
    assert.deepEqual(texts(await wholeHistory(bob, userConversation(alice))), texts(sent.slice(0, -1)));
    await forget(alice);
    assert.deepEqual(texts(await wholeHistory(alice, userConversation(bob))), texts(sent));
  });
}

/** What others make of a user's lists: more than one answer takes. */
async function crowded(t, kind) {
  const rest = new Rest(t.gateway);
  const user = `crowded_${kind}`;
  const groups = Array.from({ length: 60 }, (_, n) => `crowd${n}_${kind}`);

  let device;

  await t.check('a list of conversations that takes many answers is whole', async () => {
    for (const id of groups) {
      await rest.group(id, ADMIN, [user]);
      await rest.say(id, `${id} ${'x'.repeat(11_000)}`);
    }
    // While it is logged in, an SDK asks for the profile of each group, and refuses itself when there are many.
    device = await t.login(user, kind);
    const whole = await until(async () => {
      const { conversationList } = await device.getConversationList();
      return conversationList.length >= groups.length ? conversationList : null;
    }, 10_000, 'all conversations are listed');
    assert.deepEqual(whole.map(({ conversationID }) => conversationID).sort(), groups.map(groupConversation).sort());
    for (const { groupProfile, lastMessage } of whole) {
      assert.ok(lastMessage.messageForShow.startsWith(`${groupProfile.groupID} `), groupProfile.groupID);
    }
  });

  await t.check('groups that have more to say of themselves than one answer takes are all listed', async () => {
    const AppDefinedData = Array.from({ length: 10 }, (_, n) => ({ Key: `k${n}`, Value: '\u0001'.repeat(512) }));
    const long = Array.from({ length: 45 }, (_, n) => `along${n}_${kind}`);
    await device.logout();
    for (const id of long) await rest.group(id, ADMIN, [user], { AppDefinedData });
    await device.signIn();
    const { groupList } = await device.getGroupList();
    assert.deepEqual(groupList.map(({ groupID }) => groupID).sort(), [...groups, ...long].sort());
    assert.ok(groupList.every(({ groupID, name, type }) => name === groupID && type === 'ChatRoom'));
  });
}

async function list(t, kind) {
  const { alice, bob, carol } = await t.logins(`l_${kind}`, { alice: kind, bob: kind, carol: kind });
  const { group: { groupID } } = await alice.createGroup({ type: alice.types.GRP_MEETING, name: 'The group' });
  await bob.updateMyProfile({ nick: 'Bobby' });

  await t.check('conversations appear with the first message, newest first, with their last message', async () => {
    await bob.tell(alice.user, 'from bob');
    await alice.message('from bob');
    // Conversations are sorted by whole seconds.
    const second = () => Math.floor(Date.now() / 1000);
    const before = second();
    await until(() => second() > before, 2_000, 'the clock goes on by a second');
    await carol.tell(alice.user, 'from carol');
    await alice.message('from carol');
    await forget(alice);
    await listed(alice, userConversation(bob), ({ unreadCount }) => unreadCount === 1);
    const { conversationList } = await alice.getConversationList();
    const ids = conversationList.map(({ conversationID }) => conversationID);
    assert.ok(ids.indexOf(userConversation(carol)) < ids.indexOf(userConversation(bob)), ids.join());
    assert.ok(ids.includes(groupConversation(groupID)), ids.join());
    const shown = conversationList.find(({ conversationID }) => conversationID === userConversation(bob));
    includes(shown, { type: 'C2C', isPinned: false });
    includes(shown.lastMessage, { messageForShow: 'from bob', fromAccount: bob.user, type: 'TIMTextElem' });
    includes(shown.userProfile, { userID: bob.user, nick: 'Bobby' });
    const group = conversationList.find(({ conversationID }) => conversationID === groupConversation(groupID));
    includes(group.groupProfile, { groupID, name: 'The group', type: 'ChatRoom' });
  });

  await t.check('a pinned conversation is first and stays so after a login', async () => {
    await alice.pinConversation({ conversationID: userConversation(bob), isPinned: true });
    await forget(alice);
    await listed(alice, userConversation(bob), ({ isPinned }) => isPinned);
    const { conversationList } = await alice.getConversationList();
    assert.equal(conversationList[0].conversationID, userConversation(bob));
  });

  await t.check('a conversation can be unpinned', async () => {
    await alice.pinConversation({ conversationID: userConversation(bob), isPinned: false });
    await forget(alice);
    await listed(alice, userConversation(bob), ({ isPinned }) => !isPinned);
  });

  await t.check('a group conversation can be pinned', async () => {
    await alice.pinConversation({ conversationID: groupConversation(groupID), isPinned: true });
    await forget(alice);
    await listed(alice, groupConversation(groupID), ({ isPinned }) => isPinned);
    await alice.pinConversation({ conversationID: groupConversation(groupID), isPinned: false });
  });

  await t.check('a deleted conversation is gone until the next message, its history too', async () => {
    await alice.deleteConversation(userConversation(carol));
    assert.equal(await findConversation(alice, userConversation(carol)), undefined);
    await forget(alice);
    await listed(alice, userConversation(bob));
    assert.equal(await findConversation(alice, userConversation(carol)), undefined);
    await carol.tell(alice.user, 'once more');
    await alice.message('once more');
    await forget(alice);
    await listed(alice, userConversation(carol), ({ unreadCount }) => unreadCount === 1);
    assert.deepEqual(texts(await wholeHistory(alice, userConversation(carol))), ['once more']);
    await forget(carol);
    assert.deepEqual(texts(await wholeHistory(carol, userConversation(alice))), ['from carol', 'once more']);
  });

  await t.check('a deleted group conversation is gone until the next message, while one stays a member', async () => {
    await alice.deleteConversation(groupConversation(groupID));
    await forget(alice);
    await listed(alice, userConversation(bob));
    assert.equal(await findConversation(alice, groupConversation(groupID)), undefined);
    await bob.joinGroup({ groupID });
    await bob.say(groupID, 'the group again');
    await alice.message('the group again');
    await forget(alice);
    const shown = await listed(alice, groupConversation(groupID));
    assert.equal(shown.lastMessage.messageForShow, 'the group again');
  });

  await t.check('getConversationProfile shows one conversation', async () => {
    const { conversation: shown } = await alice.getConversationProfile(userConversation(bob));
    includes(shown, { conversationID: userConversation(bob), type: 'C2C' });
  });

  await t.check('a group that is left leaves the list', async () => {
    const { group } = await bob.createGroup({ type: bob.types.GRP_MEETING, name: 'For a moment' });
    await alice.joinGroup({ groupID: group.groupID });
    await bob.say(group.groupID, 'welcome');
    await alice.message('welcome');
    await listed(alice, groupConversation(group.groupID));
    await alice.quitGroup(group.groupID);
    // The SDKs keep the entry until they read the list anew.
    await forget(alice);
    await listed(alice, userConversation(bob));
    assert.equal(await findConversation(alice, groupConversation(group.groupID)), undefined);
  });
}

async function unread(t, kind) {
  const { alice, bob, carol } = await t.logins(`u_${kind}`, { alice: kind, bob: kind, carol: kind });

  await t.check('the total unread count adds the conversations up, and says when it changes', async () => {
    await bob.tell(alice.user, 'b1');
    await bob.tell(alice.user, 'b2');
    await carol.tell(alice.user, 'c1');
    await alice.event('TOTAL_UNREAD_MESSAGE_COUNT_UPDATED', (count) => count === 3);
    assert.equal(await alice.getTotalUnreadMessageCount(), 3);
    await alice.setMessageRead({ conversationID: userConversation(bob) });
    await alice.event('TOTAL_UNREAD_MESSAGE_COUNT_UPDATED', (count) => count === 1);
  });

  await t.check('a fresh login has the same counts', async () => {
    await forget(alice);
    await listed(alice, userConversation(carol), ({ unreadCount }) => unreadCount === 1);
    await listed(alice, userConversation(bob), ({ unreadCount }) => unreadCount === 0);
    await until(async () => await alice.getTotalUnreadMessageCount() === 1, 5_000, 'one in total');
  });

  await t.check('a message kept out of the unread count is not counted, live or later', async () => {
    const control = { messageControlInfo: { excludedFromUnreadCount: true } };
    await carol.tell(alice.user, 'do not count me', {}, control);
    await alice.message('do not count me');
    assert.equal((await findConversation(alice, userConversation(carol))).unreadCount, 1);
    await forget(alice);
    await listed(alice, userConversation(carol), ({ unreadCount }) => unreadCount === 1);
  });

  await t.check('setAllMessageRead clears everything', async () => {
    await bob.tell(alice.user, 'b3');
    await alice.message('b3');
    await alice.setAllMessageRead({ scope: alice.types.READ_ALL_MSG });
    await until(async () => await alice.getTotalUnreadMessageCount() === 0, 5_000, 'nothing is unread');
    await forget(alice);
    await listed(alice, userConversation(bob), ({ unreadCount }) => unreadCount === 0);
    await listed(alice, userConversation(carol), ({ unreadCount }) => unreadCount === 0);
  });
}

async function otherDevices(t, kind) {
  const { alice, bob } = await t.logins(`d_${kind}`, { alice: kind, bob: kind });
  const phone = await t.login(alice.user, 'tim-wx');

  await t.check('the sender\'s other device shows a sent message as outgoing', async () => {
    const sent = await alice.tell(bob.user, 'from my desk');
    const copy = await phone.message('from my desk');
    assert.deepEqual(identity(copy), identity(sent));
    includes(copy, { flow: 'out', conversationID: userConversation(bob) });
    includes(await listed(phone, userConversation(bob)), { unreadCount: 0 });
  });

  await t.check('both devices get what comes in, and reading on one reads on the other', async () => {
    await bob.tell(alice.user, 'to both');
    await Promise.all([alice.message('to both'), phone.message('to both')]);
    await listed(phone, userConversation(bob), ({ unreadCount }) => unreadCount === 1);
    await alice.setMessageRead({ conversationID: userConversation(bob) });
    await listed(phone, userConversation(bob), ({ unreadCount }) => unreadCount === 0);
  });

  await t.check('a recall reaches the sender\'s other device', async () => {
    const sent = await alice.tell(bob.user, 'to be taken back');
    await phone.message('to be taken back');
    await alice.revokeMessage(sent);
    await phone.event('MESSAGE_REVOKED', (revoked) => revoked.some(({ ID }) => ID === sent.ID));
  });

  await t.check('pinning a group conversation reaches the other device', async () => {
    const { group: { groupID } } = await alice.createGroup({ type: alice.types.GRP_MEETING, name: 'Pinned' });
    await alice.say(groupID, 'to be pinned');
    await listed(phone, groupConversation(groupID));
    await alice.pinConversation({ conversationID: groupConversation(groupID), isPinned: true });
    await listed(phone, groupConversation(groupID), ({ isPinned }) => isPinned);
  });

  await t.check('pinning and deleting a conversation reach the other device', async () => {
    await alice.pinConversation({ conversationID: userConversation(bob), isPinned: true });
    await listed(phone, userConversation(bob), ({ isPinned }) => isPinned);
    await alice.deleteConversation(userConversation(bob));
    await until(async () => await findConversation(phone, userConversation(bob)) === undefined, 5_000, 'the phone drops it');
  });
}

// The list of conversations: order, unread counts, pins, drafts, and what listeners are told.

import assert from 'node:assert/strict';

import { meeting, work } from '../sdk/harness/actions.mjs';
import { until } from '../js/wait.mjs';
import { Scene } from './harness/scene.mjs';

const ids = (list) => list.map(({ conversationID }) => conversationID);

export default async function conversation(t) {
  await Scene.run(t, 'live', live);
  await Scene.run(t, 'at a log-in', atLogIn);
}

async function live(t) {
  const phone = await t.phone('phone_c');
  const web = await t.web('web_c');
  const list = async () => (await phone.conversation('getConversationList', 0, 100)).conversationList;
  const talk = (id) => phone.conversation('getConversation', id);

  await t.check('the first message makes a conversation', async () => {
    await web.tell('phone_c', 'one');
    const [[made]] = await phone.event('onNewConversation');
    assert.deepEqual([made.conversationID, made.type, made.userID, made.unreadCount], ['c2c_web_c', 1, 'web_c', 1]);
    assert.equal(made.lastMessage.textElem.text, 'one');
    assert.deepEqual(await phone.event('onTotalUnreadMessageCountChanged'), [1]);
  });
  await t.check('the next ones change it', async () => {
    await web.tell('phone_c', 'two');
    await phone.event('onConversationChanged', ([[found]]) => found.unreadCount === 2 && found.lastMessage.textElem.text === 'two');
    assert.equal(await phone.conversation('getTotalUnreadMessageCount'), 2);
    assert.deepEqual(phone.events('onNewConversation'), []);
  });
  await t.check('one that is not there yet is empty, and no error', async () => {
    const empty = await talk('c2c_nobody_c');
    assert.deepEqual([empty.conversationID, empty.userID, empty.lastMessage, empty.showName], ['c2c_nobody_c', 'nobody_c', null, 'nobody_c']);
    assert.deepEqual(ids(await list()), ['c2c_web_c']);
    assert.equal((await phone.refusal('conversation', 'getConversation', 'C2Cweb_c')).code, 6017);
    assert.equal((await phone.refusal('conversation', 'getConversation', null)).code, 6017);
  });
  await t.check('what is read counts no more, here and for the web', async () => {
    await phone.message('markC2CMessageAsRead', 'web_c');
    assert.equal((await talk('c2c_web_c')).unreadCount, 0);
    assert.deepEqual(await phone.event('onTotalUnreadMessageCountChanged'), [0]);
  });
  await t.check('own words make no unread ones, and are the last message at once', async () => {
    await phone.tell('web_c', 'mine');
    const found = await talk('c2c_web_c');
    assert.deepEqual([found.lastMessage.textElem.text, found.unreadCount], ['mine', 0]);
  });
  await t.check('the newest conversation is first; pages go on behind each other', async () => {
    await phone.tell('other_c', 'newest').catch(() => {});
    const other = await t.web('other_c');
    await other.tell('phone_c', 'newest');
    await phone.received('newest');
    assert.deepEqual(ids(await list()), ['c2c_other_c', 'c2c_web_c']);
    const first = await phone.conversation('getConversationList', 0, 1);
    assert.deepEqual([ids(first.conversationList), first.finished], [['c2c_other_c'], false]);
    const second = await phone.conversation('getConversationList', first.nextSeq, 1);
    assert.deepEqual([ids(second.conversationList), second.finished], [['c2c_web_c'], true]);
    assert.equal((await phone.refusal('conversation', 'getConversationList', 0, 0)).code, 6017);
  });
  await t.check('some of them by their IDs', async () => {
    assert.deepEqual(ids(await phone.conversation('getConversationList', ['c2c_web_c', 'c2c_nobody_c'])), ['c2c_web_c']);
  });
  await t.check('a pin is known to the user\'s browser, and its pin to the phone', async () => {
    const own = await t.web('phone_c');
    await phone.conversation('pinConversation', 'c2c_web_c', true);
    await until(async () => (await own.getConversationList()).conversationList.find(({ conversationID }) => conversationID === 'C2Cweb_c')?.isPinned,
      3_000, 'the browser sees the pin');
    assert.equal((await talk('c2c_web_c')).pinned, true);
    await own.pinConversation({ conversationID: 'C2Cweb_c', isPinned: false });
    await phone.event('onConversationChanged', ([[found]]) => found.conversationID === 'c2c_web_c' && !found.pinned);
    await own.tell('web_c', 'read elsewhere');
    await web.tell('phone_c', 'count me');
    await Promise.all([phone.received('count me'), own.message('count me')]);
    phone.mark();
    await own.setMessageRead({ conversationID: 'C2Cweb_c' });
    await phone.event('onConversationChanged', ([[found]]) => found.conversationID === 'c2c_web_c' && found.unreadCount === 0);
    await own.deleteConversation('C2Cother_c');
    assert.deepEqual(await phone.event('onConversationDeleted'), [['c2c_other_c']]);
    await own.close();
  });
  await t.check('a draft is kept, told and taken back', async () => {
    await phone.conversation('setConversationDraft', 'c2c_web_c', 'what I wanted to say');
    const found = await talk('c2c_web_c');
    assert.equal(found.draftText, 'what I wanted to say');
    assert.ok(found.draftTimestamp > 0);
    await phone.event('onConversationChanged', ([[changed]]) => changed.draftText === 'what I wanted to say');
    await phone.conversation('setConversationDraft', 'c2c_web_c', null);
    assert.equal((await talk('c2c_web_c')).draftText, null);
  });
  await t.check('messages that are left out of counts and lists change neither', async () => {
    await web.tell('phone_c', 'quiet', {}, { messageControlInfo: { excludedFromUnreadCount: true, excludedFromLastMessage: true } });
    const seen = await phone.received('quiet');
    assert.deepEqual([seen.excludedFromUnreadCount, seen.excludedFromLastMessage], [true, true]);
    const found = await talk('c2c_web_c');
    assert.deepEqual([found.unreadCount, found.lastMessage.textElem.text], [0, 'count me']);
  });
  await t.check('a meeting counts nothing as unread, a Work group does', async () => {
    const meetingID = await meeting(web);
    await phone.sdk('joinGroup', meetingID, '');
    await web.say(meetingID, 'in the meeting');
    await phone.received('in the meeting');
    assert.equal((await talk(`group_${meetingID}`)).unreadCount, 0);
    const workID = await work(web, [phone]);
    await web.say(workID, 'at work');
    await phone.received('at work');
    const found = await talk(`group_${workID}`);
    assert.ok(found.unreadCount >= 1, String(found.unreadCount));
    assert.deepEqual([found.type, found.groupID, found.groupType], [2, workID, 'Work']);
    await phone.message('markGroupMessageAsRead', workID);
    assert.equal((await talk(`group_${workID}`)).unreadCount, 0);
  });
  await t.check('a conversation that tells nothing is in no sum', async () => {
    await phone.message('markAllMessageAsRead');
    await phone.message('setC2CReceiveMessageOpt', ['web_c'], 2);
    await web.tell('phone_c', 'silently');
    await phone.received('silently');
    const found = await talk('c2c_web_c');
    assert.deepEqual([found.recvOpt, found.unreadCount], [2, 1]);
    assert.equal(await phone.conversation('getTotalUnreadMessageCount'), 0);
    await phone.message('setC2CReceiveMessageOpt', ['web_c'], 0);
    assert.equal(await phone.conversation('getTotalUnreadMessageCount'), 1);
  });
  await t.check('everything is read at once', async () => {
    await phone.message('markAllMessageAsRead');
    assert.equal(await phone.conversation('getTotalUnreadMessageCount'), 0);
  });
  await t.check('a deleted conversation is gone with its history', async () => {
    await phone.conversation('deleteConversation', 'c2c_web_c');
    assert.deepEqual(await phone.event('onConversationDeleted'), [['c2c_web_c']]);
    assert.ok(!ids(await list()).includes('c2c_web_c'));
    assert.deepEqual(await phone.message('getC2CHistoryMessageList', 'web_c', 10, null), []);
    await web.tell('phone_c', 'back again');
    await phone.event('onNewConversation', ([[found]]) => found.conversationID === 'c2c_web_c');
  });
  await t.check('several are deleted, each with a result', async () => {
    const results = await phone.conversation('deleteConversationList', ['c2c_web_c'], true);
    assert.deepEqual(results.map(({ conversationID, resultCode }) => [conversationID, resultCode]), [['c2c_web_c', 0]]);
  });
}

async function atLogIn(t) {
  const web = await t.web('web_l');
  const early = await t.phone('phone_l');
  const workID = await work(web, [early]);
  await early.sdk('logout');
  await web.tell('phone_l', 'waiting one');
  const last = await web.tell('phone_l', 'waiting two');
  const inGroup = await web.say(workID, 'waiting in the group');

  await t.check('what waits is there after a log-in, with counts and last messages', async () => {
    await early.login();
    const { conversationList: found } = await early.conversation('getConversationList', 0, 10);
    const by = Object.fromEntries(found.map((one) => [one.conversationID, one]));
    const user = by.c2c_web_l;
    assert.deepEqual([user.unreadCount, user.lastMessage.textElem.text, user.lastMessage.sender], [2, 'waiting two', 'web_l']);
    const group = by[`group_${workID}`];
    assert.ok(group.unreadCount >= 1);
    assert.deepEqual([group.lastMessage.textElem.text, group.groupType], ['waiting in the group', 'Work']);
    assert.deepEqual([user.lastMessage.seq, user.lastMessage.timestamp], [last.sequence, last.time]);
    assert.deepEqual([group.lastMessage.seq, group.lastMessage.timestamp], [inGroup.sequence, inGroup.time]);
  });
  await t.check('last messages have the IDs that they have everywhere', async () => {
    const user = await early.conversation('getConversation', 'c2c_web_l');
    const group = await early.conversation('getConversation', `group_${workID}`);
    assert.deepEqual([user.lastMessage.msgID, group.lastMessage.msgID], [last.ID, inGroup.ID]);
  });
  await t.check('a history goes on from a last message of the list', async () => {
    const { lastMessage } = await early.conversation('getConversation', 'c2c_web_l');
    const older = await early.message('getC2CHistoryMessageList', 'web_l', 10, lastMessage);
    assert.deepEqual(older.map(({ textElem }) => textElem.text), ['waiting one']);
  });
}

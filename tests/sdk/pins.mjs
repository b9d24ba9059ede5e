// Pinned messages of groups: who pins, who hears of it, what a member finds, and how the SDK without them bears it.

import assert from 'node:assert/strict';

import { findConversation, forget, groupConversation, meeting, texts, wholeHistory, work } from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';

export default async function pins(t) {
  await t.sideBySide(3, [
    { label: '3.6.6', body: (part) => pinning(part) },
    { label: '3.6.6', body: (part) => endings(part) },
    { label: '3.6.6', body: (part) => rights(part) },
    { label: '3.6.6 with 2.27.6', body: (part) => mixed(part) },
  ]);
}

/** Waits until a device is told that a message is pinned, or that it is no more. */
function told(device, groupID, { sequence }, isPinned = true) {
  return device.event('PINNED_GROUP_MESSAGE_UPDATED', (one) =>
    one.groupID === groupID && one.isPinned === isPinned && one.message.sequence === sequence);
}

/** `message` may be one of another device: the SDK looks at its number only. */
function pin(device, groupID, { sequence }, isPinned = true) {
  return device.pinGroupMessage({ groupID, message: { sequence }, isPinned });
}

async function pinned(device, groupID) {
  const { messageList } = await device.getPinnedGroupMessageList(groupID);
  return messageList;
}

async function pinning(t) {
  const { alice, bob, carol } = await t.settled('pin', { alice: 'chat', bob: 'chat', carol: 'chat' });
  await alice.updateMyProfile({ nick: 'Alice', avatar: 'https://example.com/a.png' });
  const groupID = await meeting(alice, [bob]);
  const said = await bob.say(groupID, 'the rules');
  const other = await alice.say(groupID, 'the address');
  await alice.quiet();

  await t.check('pinGroupMessage is told to all members with the whole message and who pinned it', async () => {
    await pin(alice, groupID, said);
    for (const device of [alice, bob]) {
      const { message, operatorInfo } = await told(device, groupID, said);
      includes(message, { ID: said.ID, sequence: said.sequence, from: bob.user, time: said.time, type: 'TIMTextElem' });
      assert.equal(message.payload.text, 'the rules');
      includes(operatorInfo, { userID: alice.user, nick: 'Alice', avatar: 'https://example.com/a.png' });
      includes(message.pinnerInfo, { userID: alice.user, nick: 'Alice' });
    }
  });

  await t.check('it is no message, and changes neither the last message nor what is unread', async () => {
    await pin(alice, groupID, other);
    await told(bob, groupID, other);
    assert.deepEqual(bob.messages(), []);
    const { lastMessage, unreadCount } = await findConversation(bob, groupConversation(groupID));
    assert.equal(lastMessage.lastSequence, other.sequence);
    assert.equal(unreadCount, 0);
  });

  await t.check('getPinnedGroupMessageList gives them with who pinned them', async () => {
    const list = await pinned(bob, groupID);
    assert.deepEqual(list.map(({ ID }) => ID), [said.ID, other.ID]);
    for (const message of list) includes(message.pinnerInfo, { userID: alice.user, nick: 'Alice', avatar: 'https://example.com/a.png' });
  });

  await t.check('one who joins finds them with what they say', async () => {
    await carol.joinGroup({ groupID });
    assert.deepEqual(texts(await pinned(carol, groupID)), ['the rules', 'the address']);
  });

  await t.check('a message that is pinned already is refused with 10071', () => refused(10071, pin(alice, groupID, said)));

  await t.check('they are there after a new login', async () => {
    await forget(bob);
    assert.deepEqual(texts(await pinned(bob, groupID)), ['the rules', 'the address']);
  });

  await t.check('a message is pinned no more: all are told which', async () => {
    await pin(alice, groupID, said, false);
    for (const device of [alice, bob, carol]) {
      const { message, operatorInfo } = await told(device, groupID, said, false);
      includes(message, { ID: said.ID, sequence: said.sequence, random: said.random, clientTime: said.clientTime, time: said.time });
      includes(operatorInfo, { userID: alice.user, nick: 'Alice' });
    }
    assert.deepEqual(texts(await pinned(carol, groupID)), ['the address']);
  });

  await t.check('it can be pinned once more', async () => {
    await pin(alice, groupID, said);
    await told(bob, groupID, said);
    assert.deepEqual(texts(await pinned(bob, groupID)), ['the rules', 'the address']);
  });
}

async function endings(t) {
  const { alice, bob, carol } = await t.settled('end', { alice: 'chat', bob: 'chat', carol: 'chat' });
  const { group: { groupID } } = await alice.createGroup({
    type: alice.types.GRP_PUBLIC, name: 'Club', memberList: [{ userID: bob.user }],
  });
  const said = [];
  for (let index = 0; index < 12; index += 1) said.push(await bob.say(groupID, `text ${index}`));
  await alice.message('text 11');

  await t.check('the 11th is refused with 10070', async () => {
    for (const message of said.slice(0, 10)) await pin(alice, groupID, message);
    await refused(10070, pin(alice, groupID, said[10]));
    assert.equal((await pinned(bob, groupID)).length, 10);
  });

  await t.check('one that is recalled is pinned no more, and makes room', async () => {
    await bob.revokeMessage(said[3]);
    await told(alice, groupID, said[3], false);
    assert.equal((await pinned(alice, groupID)).length, 9);
    await pin(alice, groupID, said[10]);
    await told(bob, groupID, said[10]);
  });

  await t.check('a recalled message cannot be pinned', () => refused(10004, pin(alice, groupID, said[3])));

  await t.check('one that a member deleted for themselves is pinned for the others', async () => {
    await bob.deleteMessage([said[0]]);
    assert.ok(!texts(await pinned(bob, groupID)).includes('text 0'));
    assert.ok(texts(await pinned(alice, groupID)).includes('text 0'));
  });

  await t.check('one who comes into a group that hides what was said before sees what is pinned, and nothing else', async () => {
    await carol.joinGroup({ groupID });
    const { applicationList: [application] } = await alice.getGroupApplicationList();
    await alice.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', application });
    await carol.message(({ payload }) => payload.operationType === 2);
    await carol.quiet();
    const list = texts(await pinned(carol, groupID));
    assert.deepEqual(list, [0, 1, 2, 4, 5, 6, 7, 8, 9, 10].map((index) => `text ${index}`));
    assert.ok(!texts(await wholeHistory(carol, groupConversation(groupID))).includes('text 11'));
  });
}

async function rights(t) {
  const { alice, bob, carol } = await t.settled('right', { alice: 'chat', bob: 'chat', carol: 'chat' });

  await t.check('a member of a Meeting pins nothing, an admin does', async () => {
    const groupID = await meeting(alice, [bob]);
    const said = await bob.say(groupID, 'mine');
    await refused(10007, pin(bob, groupID, said));
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: alice.types.GRP_MBR_ROLE_ADMIN });
    await pin(bob, groupID, said);
    const { operatorInfo } = await told(alice, groupID, said);
    assert.equal(operatorInfo.userID, bob.user);
    await refused(10007, pin(carol, groupID, said, false));
    await refused(10007, carol.getPinnedGroupMessageList(groupID));
  });

  await t.check('any member of a Work group pins', async () => {
    const groupID = await work(alice, [bob]);
    const said = await alice.say(groupID, 'to do');
    await bob.message('to do');
    await pin(bob, groupID, said);
    await told(alice, groupID, said);
    await pin(alice, groupID, said, false);
    await told(bob, groupID, said, false);
  });
}

/** 2.27.6 knows no pins: it takes what it is told for a tip that passes. */
async function mixed(t) {
  const { alice, bob } = await t.settled('mixed', { alice: 'chat', bob: 'tim-js' });
  const groupID = await meeting(alice, [bob]);
  const said = await bob.say(groupID, 'from 2.27.6');
  await alice.message('from 2.27.6');

  await t.check('what a 2.27.6 said is pinned for a 3.6.6, and the 2.27.6 bears it', async () => {
    await pin(alice, groupID, said);
    const event = await told(alice, groupID, said);
    assert.equal(event.message.ID, said.ID);
    await pin(alice, groupID, said, false);
    await told(alice, groupID, said, false);
    await alice.say(groupID, 'after it');
    await bob.message('after it');
  });

  await t.check('its list and history are what they were', async () => {
    const conversation = await findConversation(bob, groupConversation(groupID));
    assert.equal(conversation.lastMessage.payload.text, 'after it');
    await forget(bob);
    assert.deepEqual(texts(await wholeHistory(bob, groupConversation(groupID))), ['from 2.27.6', 'after it']);
  });
}

// Older versions of the SDKs, each beside the newest: the README's table of versions is made from this list.
//
// With LONG=1 each goes through all checks, else through those that are marked as short.

import assert from 'node:assert/strict';

import {
  NOTICE, allPages, findConversation, forget, groupConversation, hasGroup, meeting, notice, texts, userConversation, wholeHistory,
} from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { VERSIONS, compareTables } from './harness/table.mjs';
import { until } from '../js/wait.mjs';

const LONG = Boolean(process.env.LONG);
/** Versions that run at the same time: an SDK waits much and computes little. */
const SIDE_BY_SIDE = 4;

/**
 * What is read of groups with so many entries: fewer than a page, a page, and what is left after full pages.
 *
 * 21 and 22 are what 2.27.6 asks for at once and one more: it takes a page that ends with number 2 for the last one.
 */
const SIZES = [1, 19, 20, 21, 22, 41, 45];
const LETTERS = 33;

/** These do not ask for what one user said while the line was lost; it is in the history when one opens it. */
const READ_LATER = ['2.16.3', '2.19.1'];

/** One version, for whoever looks into a failure. */
const ONLY = process.env.SDK_VERSION;

const versions = Object.values(VERSIONS)
  .flatMap(({ kind, list }) => list.map((version) => ({ kind, version })))
  .filter(({ version }) => !ONLY || version === ONLY);

export default async function versionsOfSdks(t) {
  await t.scene('', () => t.check('the READMEs list the versions that are tried', async () => compareTables(CHECKS.length)));
  const rest = new Rest(t.gateway);
  const histories = await Promise.all(SIZES.map((size) => said(rest, size)));
  await t.sideBySide(SIDE_BY_SIDE, versions.map(({ kind, version }) => ({
    label: version,
    body: (scene) => all(scene, { version, kind: `${kind}@${version}`, rest, histories }),
  })));
}

/** A group in which the back end has said so much; whoever reads it joins it. */
async function said(rest, size) {
  const groupID = await rest.group(`history_${size}`, 'writer');
  const lines = Array.from({ length: size }, (_, n) => `line ${n + 1} of ${size}`);
  for (const line of lines) await rest.say(groupID, line, 'writer');
  return { groupID, lines };
}

async function all(t, { version, kind, rest, histories }) {
  const tag = version.replaceAll('.', '');
  const { alice, bob, newest } = await t.logins(tag, { alice: kind, bob: kind, newest: 'chat' });
  const scene = { t, version, kind, tag, rest, histories, alice, bob, newest, groupID: await meeting(alice, [bob, newest]) };
  for (const [name, { isShort, check }] of CHECKS) {
    if (LONG || isShort) await t.check(name, () => check(scene));
  }
}

/** What every version agrees on for one message; 2.16 makes IDs of its own on each device. */
function identity({ sequence, time, random, from, to, conversationType, type }) {
  return { sequence, time, random, from, to, conversationType, type };
}

const sameAs = (sent) => ({ from, random }) => from === sent.from && random === sent.random;

const short = (check) => ({ isShort: true, check });
const long = (check) => ({ isShort: false, check });

const CHECKS = Object.entries({
  'a login leads to SDK_READY and gives the session, and it is this version': short(async ({ t, version, kind, tag }) => {
    const device = await t.device(`first_${tag}`, kind);
    assert.equal(device.version, version);
    const { tinyID, a2Key } = await device.signIn();
    assert.match(tinyID, /^\d+$/);
    assert.ok(a2Key.length > 0);
    const { userID } = await device.getMyProfile();
    assert.equal(userID, device.user);
    await device.close();
  }),

  'a UserSig made with another key is refused with 70009': long(async ({ t, kind, tag }) => {
    const device = await t.device(`refused_${tag}`, kind);
    await refused(70009, device.call('login', { userID: device.user, userSig: t.gateway.sign(device.user, { key: 'another key' }) }));
    await device.close();
  }),

  'a second login of the account kicks the first': long(async ({ t, kind, tag }) => {
    const first = await t.login(`kicked_${tag}`, kind);
    const second = await t.login(first.user, kind);
    const { type } = await first.event('KICKED_OUT');
    assert.equal(type, first.types.KICKED_OUT_MULT_ACCOUNT);
    await Promise.all([first.close(), second.close()]);
  }),

  'another user logs in on the same SDK object after a logout': long(async ({ t, kind, tag, newest }) => {
    const device = await t.login(`one_${tag}`, kind);
    await device.logout();
    await device.signIn({ as: `two_${tag}` });
    assert.equal((await device.getMyProfile()).userID, `two_${tag}`);
    await newest.tell(`two_${tag}`, 'for the second');
    await device.message('for the second');
    await device.close();
  }),

  'a profile that is set is seen by others': long(async ({ alice, newest }) => {
    const set = { nick: 'Alice 爱丽丝', avatar: 'https://files.example/alice.png', selfSignature: 'never offline' };
    await alice.updateMyProfile(set);
    includes((await newest.getUserProfile({ userIDList: [alice.user] }))[0], set);
  }),

  'a Meeting is made, joined, and in the list of both': short(async ({ alice, bob }) => {
    const { group } = await alice.createGroup({ type: alice.types.GRP_MEETING, name: 'Meeting 会议', introduction: 'what it is for' });
    includes(group, { name: 'Meeting 会议', ownerID: alice.user, introduction: 'what it is for' });
    const { status } = await bob.joinGroup({ groupID: group.groupID });
    assert.equal(status, 'JoinedSuccess');
    for (const device of [alice, bob]) assert.ok(await hasGroup(device, group.groupID));
    includes((await bob.getGroupProfile({ groupID: group.groupID })).group, { name: 'Meeting 会议', memberCount: 2 });
  }),

  'joining again says so, and a group that does not exist is refused with 10010': long(async ({ bob, groupID, tag }) => {
    assert.equal((await bob.joinGroup({ groupID })).status, 'AlreadyInGroup');
    await refused(10010, bob.joinGroup({ groupID: `none_${tag}` }));
  }),

  'an ID that is taken is refused with 10025 to its owner, with 10021 to others': long(async ({ alice, bob, tag }) => {
    await meeting(alice, [], { groupID: `taken_${tag}` });
    await refused(10025, meeting(alice, [], { groupID: `taken_${tag}` }));
    await refused(10021, meeting(bob, [], { groupID: `taken_${tag}` }));
  }),

  'the members are listed with their roles and nicks': long(async ({ alice, bob, newest, groupID }) => {
    await newest.updateMyProfile({ nick: 'Newest' });
    const { memberList } = await alice.getGroupMemberList({ groupID });
    const listed = new Map(memberList.map((member) => [member.userID, member]));
    assert.deepEqual([...listed.keys()].sort(), [alice.user, bob.user, newest.user].sort());
    includes(listed.get(alice.user), { role: 'Owner' });
    includes(listed.get(newest.user), { role: 'Member', nick: 'Newest' });
  }),

  'a change of the group\'s profile reaches the members as a tip': long(async ({ alice, bob, groupID }) => {
    await alice.updateGroupProfile({ groupID, name: 'Renamed' });
    await bob.message(({ type, payload }) => type === 'TIMGroupTipElem' && payload.newGroupProfile?.groupName === 'Renamed');
    await until(async () => (await bob.getGroupProfile({ groupID })).group.name === 'Renamed', 5_000, 'the name is the new one');
  }),

  'a muted member is refused with 10017 until unmuted': long(async ({ alice, bob, groupID }) => {
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 600 });
    await refused(10017, bob.say(groupID, 'mmm'));
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 0 });
    await bob.say(groupID, 'free again');
    await alice.message('free again');
  }),

  'who is put out is told, and may not speak: 10007': long(async ({ alice, bob }) => {
    const groupID = await meeting(alice, [bob]);
    await alice.deleteGroupMember({ groupID, userIDList: [bob.user], reason: 'be quiet' });
    await notice(bob, groupID, NOTICE.kicked);
    await until(async () => !await hasGroup(bob, groupID), 5_000, 'the group leaves the list');
    await refused(10007, bob.say(groupID, 'but'));
  }),

  'a group that is dismissed is gone for all': long(async ({ alice, bob }) => {
    const groupID = await meeting(alice, [bob]);
    await alice.dismissGroup(groupID);
    await notice(bob, groupID, NOTICE.dismissed);
    for (const device of [alice, bob]) assert.ok(!await hasGroup(device, groupID));
    await refused(10010, bob.say(groupID, 'anyone?'));
  }),

  'a text reaches this version and the newest as the same message, and so does the answer': short(async ({ alice, bob, newest, groupID }) => {
    const sent = await alice.say(groupID, 'hello 大家好 🙂 <b>&"\'\\');
    includes(sent, { status: 'success', flow: 'out', conversationID: groupConversation(groupID) });
    const [got, copy] = await Promise.all([bob, newest].map((device) => device.message(sameAs(sent))));
    for (const message of [got, copy]) assert.deepEqual(identity(message), identity(sent));
    const answer = await newest.say(groupID, 'hello yourself');
    assert.deepEqual(identity(await alice.message('hello yourself')), identity(answer));
  }),

  'a custom message, a face and a location arrive whole, both ways': long(async ({ alice, newest, groupID }) => {
    const bodies = {
      Custom: { data: '{"gift":"rose"}', description: 'a rose', extension: 'ext' },
      Face: { index: 3, data: 'tt03' },
      Location: { description: 'Shenzhen 深圳', longitude: 113.941079, latitude: 22.546103 },
    };
    for (const [from, to] of [[alice, newest], [newest, alice]]) {
      for (const [body, payload] of Object.entries(bodies)) {
        const sent = await from.send(body, { ...from.toGroup(groupID), payload });
        assert.deepEqual((await to.message(sameAs(sent))).payload, payload);
      }
    }
  }),

  '@ of one and of all marks the conversation until it is read': long(async ({ alice, bob, groupID }) => {
    const conversationID = groupConversation(groupID);
    const marks = async () => (await findConversation(bob, conversationID))?.groupAtInfoList ?? [];
    await alice.send('TextAt', { ...alice.toGroup(groupID), payload: { text: '@bob', atUserList: [bob.user] } });
    await alice.send('TextAt', { ...alice.toGroup(groupID), payload: { text: '@all', atUserList: [alice.types.MSG_AT_ALL] } });
    await until(async () => (await marks()).length === 2, 5_000, 'bob sees both marks');
    await bob.setMessageRead({ conversationID });
    await until(async () => (await marks()).length === 0, 5_000, 'the marks go');
  }),

  'a recall reaches everybody, and the history says so': long(async ({ alice, bob, newest, groupID }) => {
    const sent = await alice.say(groupID, 'a slip');
    await Promise.all([bob.message('a slip'), newest.message('a slip')]);
    await alice.revokeMessage(sent);
    const recalled = (list) => list.some(sameAs(sent));
    await Promise.all([bob.event('MESSAGE_REVOKED', recalled), newest.event('MESSAGE_REVOKED', recalled)]);
    await forget(bob);
    const { messageList } = await bob.getMessageList({ conversationID: groupConversation(groupID) });
    includes(messageList.find(({ sequence }) => sequence === sent.sequence), { isRevoked: true });
  }),

  'who is not a member may not speak: 10007': long(async ({ alice, bob }) => {
    const groupID = await meeting(alice);
    await refused(10007, bob.say(groupID, 'let me in'));
  }),

  'histories of every length are read to the very first message, and the SDK knows that they are done': short(async ({ alice, histories }) => {
    for (const { groupID, lines } of histories) {
      await alice.joinGroup({ groupID });
      assert.deepEqual(texts(await wholeHistory(alice, groupConversation(groupID))), lines);
    }
  }),

  'a message deleted by one is gone for them only': long(async ({ alice, bob }) => {
    const groupID = await meeting(alice, [bob]);
    for (const text of ['keep one', 'delete this', 'keep two']) await alice.say(groupID, text);
    await bob.message('keep two');
    await bob.deleteMessage([await bob.message('delete this')]);
    await Promise.all([forget(alice), forget(bob)]);
    assert.deepEqual(texts(await wholeHistory(bob, groupConversation(groupID))), ['keep one', 'keep two']);
    assert.deepEqual(texts(await wholeHistory(alice, groupConversation(groupID))), ['keep one', 'delete this', 'keep two']);
  }),

  'a text to one user arrives as the same message, and so does the answer': long(async ({ alice, newest }) => {
    const sent = await alice.tell(newest.user, 'hi 🙂');
    assert.deepEqual(identity(await newest.message('hi 🙂')), identity(sent));
    const answer = await newest.tell(alice.user, 'hi yourself');
    assert.deepEqual(identity(await alice.message('hi yourself')), identity(answer));
  }),

  [`${LETTERS} messages with one user are read to the very first, and the SDK knows that they are done`]: long(async ({ t, kind, tag, newest }) => {
    const reader = await t.login(`reader_${tag}`, kind);
    const letters = Array.from({ length: LETTERS }, (_, n) => `letter ${n}`);
    for (const letter of letters) await newest.tell(reader.user, letter);
    await reader.message(letters.at(-1));
    await forget(reader);
    const pages = await allPages(reader, userConversation(newest));
    assert.deepEqual(texts(pages.flat()), letters);
    await reader.close();
  }),

  'reading tells the sender': long(async ({ alice, bob }) => {
    const sent = await alice.tell(bob.user, 'have you read this?');
    await bob.message('have you read this?');
    await bob.setMessageRead({ conversationID: userConversation(alice) });
    const read = await alice.event('MESSAGE_READ_BY_PEER');
    assert.ok(read.some((message) => sameAs(sent)(message) && message.isPeerRead));
  }),

  'a login finds the conversation with its last message and what is unread, until it is read': long(async ({ alice, bob }) => {
    const conversationID = userConversation(alice);
    const listed = (fits) => until(async () => {
      const found = await findConversation(bob, conversationID);
      return found && fits(found) ? found : null;
    }, 5_000, `the conversation is listed with ${fits}`);
    await bob.setMessageRead({ conversationID });
    await bob.logout();
    for (const text of ['one', 'two', 'three']) await alice.tell(bob.user, text);
    await bob.signIn();
    const shown = await listed(({ unreadCount }) => unreadCount === 3);
    assert.equal(shown.lastMessage.messageForShow, 'three');
    await bob.setMessageRead({ conversationID });
    await forget(bob);
    await listed(({ unreadCount }) => unreadCount === 0);
  }),

  'what is said while the line is lost arrives, each message once': long(async ({ t, version, kind, tag, newest }) => {
    const relay = await Relay.to(t.gateway);
    t.onLeave(() => relay.close());
    const device = await t.login(`line_${tag}`, kind, { server: relay.url });
    const groupID = await meeting(newest, [device]);
    await newest.say(groupID, 'before');
    await newest.tell(device.user, 'before, to you');
    await Promise.all([device.message('before'), device.message('before, to you')]);
    await relay.settled();
    relay.interrupt();
    const [missed, dear] = [[], []];
    for (let n = 0; n < 5; n += 1) {
      missed.push((await newest.say(groupID, `missed ${n}`)).payload.text);
      dear.push((await newest.tell(device.user, `dear ${n}`)).payload.text);
    }
    relay.resume();
    await device.message(missed.at(-1));
    if (!READ_LATER.includes(version)) await device.message(dear.at(-1));
    await newest.say(groupID, 'after');
    await newest.tell(device.user, 'after, to you');
    await Promise.all([device.message('after'), device.message('after, to you')]);
    const told = texts(device.messages());
    assert.deepEqual(told.filter((text) => missed.includes(text)), missed);
    const letters = READ_LATER.includes(version) ? texts(await wholeHistory(device, userConversation(newest))) : told;
    assert.deepEqual(letters.filter((text) => dear.includes(text)).sort(), dear);
    await device.close();
  }),
});

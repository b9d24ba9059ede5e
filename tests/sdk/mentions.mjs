// Who was mentioned in a group: the marks in the list of conversations (`groupAtInfoList`), live and after a login.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { findConversation, forget, groupConversation, meeting } from './harness/actions.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { until } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };

/** What a mark says of its message, as the SDKs number it. */
const ME = 1;
const ALL = 2;
const ALL_AND_ME = 3;

/** What a group counts as unread decides what the SDKs send when it is read: so both kinds are looked at. */
const KINDS = { Meeting: 'ChatRoom', Work: 'Private' };

export default async function mentions(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => several(t, kind));
    await t.scene(label, () => membership(t, kind));
    await t.scene(label, () => recalled(t, kind));
    await t.scene(label, () => line(t, kind));
    for (const [group, type] of Object.entries(KINDS)) {
      await t.scene(`${label} in a ${group} group`, () => reading(t, kind, type));
    }
  }
}

/** Says something that mentions these users, or all with `MSG_AT_ALL`. */
function mention(device, groupID, text, ...users) {
  return device.send('TextAt', { ...device.toGroup(groupID), payload: { text, atUserList: users } });
}

function all(device) {
  return device.types.MSG_AT_ALL;
}

/** The marks of a group in the list of conversations, in the order of their messages. */
async function marksOf(device, groupID) {
  const found = await findConversation(device, groupConversation(groupID));
  const marks = (found?.groupAtInfoList ?? []).map(({ from, messageSequence, atTypeArray }) => ({ from, messageSequence, atTypeArray }));
  return marks.sort((a, b) => a.messageSequence - b.messageSequence);
}

function mark(sent, ...atTypeArray) {
  return { from: sent.from, messageSequence: sent.sequence, atTypeArray };
}

/** Waits until the group is listed with as many marks, and compares them. After a login they come in steps. */
async function marked(device, groupID, expected) {
  await until(async () => await findConversation(device, groupConversation(groupID))
    && (await marksOf(device, groupID)).length >= expected.length, 5_000, `${device.user} sees ${expected.length} marks`);
  assert.deepEqual(await marksOf(device, groupID), expected);
}

/** Waits until there are no marks, and no answer is on its way that could bring one. */
async function unmarked(device, groupID) {
  await device.quiet();
  await until(async () => await findConversation(device, groupConversation(groupID))
    && (await marksOf(device, groupID)).length === 0, 5_000, `${device.user} sees no mark in ${groupID}`);
}

/** Waits until `to` has heard everything that was on its way to it: what `from` says now comes behind it. */
async function behind(from, to, groupID) {
  const text = `behind ${randomUUID()}`;
  await from.say(groupID, text);
  await from.tell(to.user, text);
  await to.message(({ payload, conversationType }) => payload.text === text && conversationType === from.types.CONV_GROUP);
  await to.message(({ payload, conversationType }) => payload.text === text && conversationType === from.types.CONV_C2C);
}

async function several(t, kind) {
  const tag = `s_${kind}`;
  const rest = new Rest(t.gateway);
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => `${name}_${tag}`);
  const names = ['all', 'me', 'both', 'none'];
  const groups = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await rest.group(`${name}_${tag}`, alice, [bob, carol])])));
  const devices = await t.settled(tag, { alice: kind, bob: kind, carol: kind });
  const said = {};

  await t.check('each of several groups has its own marks, live: @ of all, of me, of both', async () => {
    said.all = await mention(devices.alice, groups.all, 'all of you', all(devices.alice));
    said.me = await mention(devices.alice, groups.me, 'bob alone', bob);
    said.both = await mention(devices.alice, groups.both, 'bob and all', bob, all(devices.alice));
    await devices.alice.say(groups.none, 'nobody');
    for (const device of [devices.bob, devices.carol]) await behind(devices.alice, device, groups.none);
    await marked(devices.bob, groups.all, [mark(said.all, ALL)]);
    await marked(devices.bob, groups.me, [mark(said.me, ME)]);
    await marked(devices.bob, groups.both, [mark(said.both, ALL_AND_ME)]);
    await unmarked(devices.bob, groups.none);
    await marked(devices.carol, groups.all, [mark(said.all, ALL)]);
    await marked(devices.carol, groups.both, [mark(said.both, ALL)]);
    await unmarked(devices.carol, groups.me);
  });

  await t.check('who mentions all is not marked, live or after a login', async () => {
    await behind(devices.bob, devices.alice, groups.none);
    for (const name of names) await unmarked(devices.alice, groups[name]);
    await forget(devices.alice);
    for (const name of names) await unmarked(devices.alice, groups[name]);
  });

  await t.check('a login finds the same marks', async () => {
    await forget(devices.bob);
    await marked(devices.bob, groups.all, [mark(said.all, ALL)]);
    await marked(devices.bob, groups.me, [mark(said.me, ME)]);
    await marked(devices.bob, groups.both, [mark(said.both, ALL_AND_ME)]);
    await unmarked(devices.bob, groups.none);
  });

  await t.check('marks of what is said meanwhile come beside those of before, one for each message', async () => {
    await devices.bob.logout();
    const second = await mention(devices.carol, groups.all, 'all again', all(devices.carol));
    const third = await mention(devices.carol, groups.all, 'and bob', bob);
    await devices.bob.signIn();
    const expected = [mark(said.all, ALL), mark(second, ALL), mark(third, ME)];
    await marked(devices.bob, groups.all, expected);
    const fourth = await mention(devices.carol, groups.all, 'all once more', all(devices.carol));
    await marked(devices.bob, groups.all, [...expected, mark(fourth, ALL)]);
  });

  await t.check('reading one group leaves the marks of the others', async () => {
    await devices.bob.getGroupList();
    await devices.bob.setMessageRead({ conversationID: groupConversation(groups.all) });
    await unmarked(devices.bob, groups.all);
    await forget(devices.bob);
    await marked(devices.bob, groups.me, [mark(said.me, ME)]);
    await marked(devices.bob, groups.both, [mark(said.both, ALL_AND_ME)]);
    await unmarked(devices.bob, groups.all);
  });

  await t.check('the marks of a member stay when another has read', async () => {
    await forget(devices.carol);
    await marked(devices.carol, groups.all, [mark(said.all, ALL)]);
    await marked(devices.carol, groups.both, [mark(said.both, ALL)]);
  });
}

async function reading(t, kind, type) {
  const tag = `r_${type}_${kind}`;
  const rest = new Rest(t.gateway);
  const groupID = await rest.group(`group_${tag}`, `alice_${tag}`, [`bob_${tag}`], { Type: type });
  const { alice, bob } = await t.settled(tag, { alice: kind, bob: kind });
  const conversationID = groupConversation(groupID);

  await t.check('marks of all and of me go when the conversation is read, and stay away after a login', async () => {
    const sent = [
      await mention(alice, groupID, 'all', all(alice)),
      await mention(alice, groupID, 'bob', bob.user),
      await mention(alice, groupID, 'all and bob', all(alice), bob.user),
    ];
    await marked(bob, groupID, [mark(sent[0], ALL), mark(sent[1], ME), mark(sent[2], ALL_AND_ME)]);
    await bob.setMessageRead({ conversationID });
    await unmarked(bob, groupID);
    await forget(bob);
    await unmarked(bob, groupID);
  });

  await t.check('marks that a login found go when they are read', async () => {
    await bob.logout();
    const sent = [await mention(alice, groupID, 'all, you were away', all(alice)), await mention(alice, groupID, 'bob, you were away', bob.user)];
    await bob.signIn();
    await marked(bob, groupID, [mark(sent[0], ALL), mark(sent[1], ME)]);
    await bob.getGroupList();
    await bob.setMessageRead({ conversationID });
    await unmarked(bob, groupID);
    await forget(bob);
    await unmarked(bob, groupID);
  });

  await t.check('only what is said after the reading marks again', async () => {
    const sent = await mention(alice, groupID, 'all, after the reading', all(alice));
    await marked(bob, groupID, [mark(sent, ALL)]);
    await forget(bob);
    await marked(bob, groupID, [mark(sent, ALL)]);
    await bob.setMessageRead({ conversationID });
    await unmarked(bob, groupID);
  });

  await t.check('saying something oneself reads nothing', async () => {
    const sent = await mention(alice, groupID, 'all, an answer?', all(alice));
    await marked(bob, groupID, [mark(sent, ALL)]);
    await bob.say(groupID, 'an answer');
    await alice.message('an answer');
    await forget(bob);
    await marked(bob, groupID, [mark(sent, ALL)]);
    await bob.setMessageRead({ conversationID });
  });
}

async function membership(t, kind) {
  const { alice, bob } = await t.settled(`m_${kind}`, { alice: kind, bob: kind });
  const groupID = await meeting(alice);

  await t.check('who joins later is not marked by what was said before', async () => {
    await mention(alice, groupID, 'all, before bob', all(alice));
    await bob.joinGroup({ groupID });
    const sent = await mention(alice, groupID, 'all, and bob', all(alice));
    await marked(bob, groupID, [mark(sent, ALL)]);
    await forget(bob);
    await marked(bob, groupID, [mark(sent, ALL)]);
  });

  await t.check('who leaves and comes back is not marked by what was said meanwhile', async () => {
    await bob.setMessageRead({ conversationID: groupConversation(groupID) });
    await unmarked(bob, groupID);
    await bob.quitGroup(groupID);
    await mention(alice, groupID, 'all, without bob', all(alice));
    await mention(alice, groupID, 'bob, who is gone', bob.user);
    await bob.joinGroup({ groupID });
    await behind(alice, bob, groupID);
    await unmarked(bob, groupID);
    await forget(bob);
    await unmarked(bob, groupID);
  });
}

async function recalled(t, kind) {
  const { alice, bob } = await t.settled(`c_${kind}`, { alice: kind, bob: kind });
  const groupID = await meeting(alice, [bob]);

  await t.check('a message to all that was recalled marks nobody who logs in later', async () => {
    await bob.logout();
    const slip = await mention(alice, groupID, 'all, a slip', all(alice));
    const kept = await mention(alice, groupID, 'all, in earnest', all(alice));
    await alice.revokeMessage(slip);
    await bob.signIn();
    await marked(bob, groupID, [mark(kept, ALL)]);
  });
}

async function line(t, kind) {
  const rest = new Rest(t.gateway);
  const groupID = await rest.group(`line_${kind}`, `alice_line_${kind}`, [`bob_line_${kind}`]);
  const alice = await t.login(`alice_line_${kind}`, kind);
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const bob = await t.login(`bob_line_${kind}`, kind, { server: relay.url });
  await Promise.all([alice.quiet(), bob.quiet()]);

  // What has not been read is told anew to a device that is back, for 3.x forgets the marks of a conversation when it reads
  // the list again; 2.x adds those that it knows to its list once more.
  const knownTwice = kind.startsWith('tim');
  const once = (marks) => marks.filter((one, at) => !knownTwice || marks.findIndex((other) => isDeepStrictEqual(one, other)) === at);
  await t.check(knownTwice ? 'marks of what is said while the line is lost come, beside those of before'
    : 'marks of what is said while the line is lost come once each, beside those of before', async () => {
    const before = [await mention(alice, groupID, 'all, before', all(alice)), await mention(alice, groupID, 'bob, before', bob.user)];
    await marked(bob, groupID, [mark(before[0], ALL), mark(before[1], ME)]);
    await relay.settled();
    relay.interrupt();
    const meanwhile = [await mention(alice, groupID, 'all, meanwhile', all(alice)), await mention(alice, groupID, 'bob, meanwhile', bob.user)];
    relay.resume();
    const expected = [mark(before[0], ALL), mark(before[1], ME), mark(meanwhile[0], ALL), mark(meanwhile[1], ME)];
    await bob.message('bob, meanwhile');
    await until(async () => once(await marksOf(bob, groupID)).length >= expected.length, 5_000, `${bob.user} sees ${expected.length} marks`);
    await behind(alice, bob, groupID);
    await bob.quiet();
    assert.deepEqual(once(await marksOf(bob, groupID)), expected);
  });
}

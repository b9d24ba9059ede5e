// What users see of messages that a disk has spoilt: a gap in their place, and everything else as it was.

import assert from 'node:assert/strict';

import {
  findConversation, forget, groupConversation, meeting, texts, userConversation, wholeHistory,
} from './harness/actions.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };
const GAP = /is damaged/;
const SAID = 40;
/** Those that are spoilt: one among others, two in a row, the last one. */
const SPOILT = [7, 20, 21, SAID - 1];

export default async function damage(t) {
  if (!t.gateway.canDamage) return;
  for (const [label, kind] of Object.entries(SDKS)) await t.scene(label, () => spoilt(t, kind));
}

async function spoilt(t, kind) {
  const alice = await t.login(`alice_${kind}`, 'chat');
  const bob = await t.login(`bob_${kind}`, kind);
  const groupID = await meeting(alice, [bob]);
  const line = (where, n) => `${kind} ${where} ${String(n).padStart(4, '0')} ${'x'.repeat(60)}`;
  const said = (where) => Array.from({ length: SAID }, (_, n) => line(where, n));
  for (const text of said('group')) await alice.say(groupID, text);
  for (const text of said('user')) await alice.tell(bob.user, text);
  await bob.logout();
  await alice.logout();

  assert.equal(await t.gateway.stop(), 0);
  for (const where of ['group', 'user']) for (const n of SPOILT) await t.gateway.damage(line(where, n));
  await t.gateway.up();
  await bob.signIn();
  await bob.getGroupList();

  const conversations = { group: groupConversation(groupID), user: userConversation(alice) };
  for (const [where, conversationID] of Object.entries(conversations)) {
    await t.check(`${where}: the history has a gap where a message was, and all others`, async () => {
      const shown = texts(await wholeHistory(bob, conversationID));
      const expected = said(where).map((text, n) => (SPOILT.includes(n) ? 'a gap' : text));
      assert.deepEqual(shown.map((text) => (GAP.test(text) ? 'a gap' : text)), expected);
    });

    await t.check(`${where}: the list of conversations shows the gap as the last message`, async () => {
      const found = await findConversation(bob, conversationID);
      assert.match(found.lastMessage.messageForShow, GAP);
    });
  }

  await t.check('both go on, live and in the history of one who comes anew', async () => {
    await alice.signIn();
    await alice.say(groupID, 'the group goes on');
    await bob.message('the group goes on');
    await alice.tell(bob.user, 'so do we');
    await bob.message('so do we');
    await bob.say(groupID, 'heard');
    await alice.message('heard');
    await forget(bob);
    assert.deepEqual(texts(await wholeHistory(bob, conversations.group)).slice(-2), ['the group goes on', 'heard']);
    assert.equal(texts(await wholeHistory(bob, conversations.user)).at(-1), 'so do we');
  });
}

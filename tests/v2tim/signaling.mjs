// Invitations as custom messages, between phones, and as the web sees them.

import assert from 'node:assert/strict';

import { Scene } from './harness/scene.mjs';
import { elapse } from '../js/wait.mjs';

export default async function signaling(t) {
  await Scene.run(t, 'one to one', oneToOne);
  await Scene.run(t, 'in a group', inGroup);
}

async function oneToOne(t) {
  const alice = await t.phone('alice_v');
  const bob = await t.phone('bob_v');
  const web = await t.web('web_v');
  const invite = async (data, timeout, onlineOnly = false) => (await alice.whole('signaling', 'invite', 'bob_v', data, onlineOnly, null, timeout)).returned;

  await t.check('an invitation arrives and is accepted', async () => {
    const id = await invite('call me', 30);
    const [seen, inviter, group, invitees, data] = await bob.event('onReceiveNewInvitation');
    assert.deepEqual([seen, inviter, group, invitees, data], [id, 'alice_v', '', ['bob_v'], 'call me']);
    await bob.signaling('accept', id, 'coming');
    assert.deepEqual(await alice.event('onInviteeAccepted'), [id, 'bob_v', 'coming']);
    assert.equal((await bob.refusal('signaling', 'accept', id, '')).code, 8010);
  });
  await t.check('an invitation is rejected', async () => {
    const id = await invite('call', 30);
    await bob.event('onReceiveNewInvitation');
    await bob.signaling('reject', id, 'busy');
    assert.deepEqual(await alice.event('onInviteeRejected'), [id, 'bob_v', 'busy']);
  });
  await t.check('an invitation is cancelled, and only by who made it', async () => {
    const id = await invite('call', 30);
    await bob.event('onReceiveNewInvitation');
    assert.equal((await bob.refusal('signaling', 'cancel', id, '')).code, 8011);
    assert.equal((await alice.refusal('signaling', 'accept', id, '')).code, 8011);
    await alice.signaling('cancel', id, 'never mind');
    assert.deepEqual(await bob.event('onInvitationCancelled'), [id, 'alice_v', 'never mind']);
    assert.equal((await bob.refusal('signaling', 'accept', id, '')).code, 8010);
  });
  await t.check('an invitation times out for both', async () => {
    const id = await invite('quick', 1);
    await bob.event('onReceiveNewInvitation');
    assert.deepEqual(await alice.event('onInvitationTimeout'), [id, ['bob_v']]);
    assert.deepEqual(await bob.event('onInvitationTimeout'), [id, ['bob_v']]);
  });
  await t.check('one without a time does not time out', async () => {
    const id = await invite('take your time', 0);
    await bob.event('onReceiveNewInvitation');
    await elapse(1_500);
    assert.deepEqual(bob.events('onInvitationTimeout'), []);
    await bob.signaling('accept', id, '');
    await alice.event('onInviteeAccepted');
  });
  await t.check('a signal is a message that tells what it is', async () => {
    const id = await invite('as a message', 30);
    const message = await bob.received(({ customElem }) => customElem !== null);
    const info = await bob.signaling('getSignalingInfo', message);
    assert.deepEqual([info.inviteID, info.inviter, info.data, info.timeout, info.actionType], [id, 'alice_v', 'as a message', 30, 1]);
    assert.equal(await bob.signaling('getSignalingInfo', await bob.message('createTextMessage', 'x')), null);
    await bob.signaling('reject', id, '');
  });
  await t.check('one that is online only is no message to listeners', async () => {
    const id = await invite('in passing', 30, true);
    await bob.event('onReceiveNewInvitation', ([seen]) => seen === id);
    assert.deepEqual(bob.messages(), []);
  });
  await t.check('the web sees the custom message with the JSON of a signal', async () => {
    const { returned: id } = await alice.whole('signaling', 'invite', 'web_v', 'to the web', false, null, 30);
    const seen = await web.message(({ type }) => type === 'TIMCustomElem');
    const json = JSON.parse(seen.payload.data);
    assert.deepEqual([json.inviteID, json.actionType, json.inviter, json.inviteeList, json.data], [id, 1, 'alice_v', ['web_v'], 'to the web']);
    const answer = { ...json, actionType: 3, inviteeList: ['web_v'], data: 'from the web' };
    await web.send('Custom', { ...web.toUser('alice_v'), payload: { data: JSON.stringify(answer), description: '', extension: '' } });
    assert.deepEqual(await alice.event('onInviteeAccepted'), [id, 'web_v', 'from the web']);
  });
  await t.check('invitations of nobody are refused with 6017', async () => {
    assert.equal((await alice.refusal('signaling', 'invite', null, 'x', false, null, 30)).code, 6017);
    assert.equal((await alice.refusal('signaling', 'inviteInGroup', 'g', [], 'x', false, 30)).code, 6017);
    assert.equal((await alice.refusal('signaling', 'cancel', 'nothing', '')).code, 8010);
  });
}

async function inGroup(t) {
  const alice = await t.phone('alice_q');
  const bob = await t.phone('bob_q');
  const carol = await t.phone('carol_q');
  await alice.sdk('createGroup', 'Meeting', 'call_q', 'Call');
  for (const one of [bob, carol]) await one.sdk('joinGroup', 'call_q', '');
  await t.check('those who are invited are told, others are not', async () => {
    const { returned: id } = await alice.whole('signaling', 'inviteInGroup', 'call_q', ['bob_q'], 'ring', false, 30);
    const [seen, , group] = await bob.event('onReceiveNewInvitation');
    assert.deepEqual([seen, group], [id, 'call_q']);
    await bob.signaling('accept', id, 'yes');
    await alice.event('onInviteeAccepted');
    assert.deepEqual(carol.events('onReceiveNewInvitation'), []);
  });
}

// What a device that was away hears when it is back: everything that it missed, and nothing twice.

import assert from 'node:assert/strict';

import { NOTICE, meeting, notice, texts, work } from './harness/actions.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { elapse } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };
const LOGIN = 'im_open_status.wslogin';
/** To the SDKs a message of the second in which the one before it was said is no newer. */
const A_SECOND_MS = 1_100;
/** What was pushed is there by then, if it was pushed. */
const PUSHED_WITHIN_MS = 300;

export default async function returning(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => gaps(t, kind));
    await t.scene(label, () => notices(t, kind));
  }
}

const connected = (device, ms) => device.event('NET_STATE_CHANGE', ({ state }) => state === 'connected', ms);

async function gaps(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const alice = await t.login(`alice_g_${kind}`, 'chat');
  const bob = await t.login(`bob_g_${kind}`, kind, { server: relay.url });
  const groupID = await meeting(alice, [bob]);
  const talks = {
    'a group': (text) => alice.say(groupID, text),
    'a user': (text) => alice.tell(bob.user, text),
  };

  for (const [who, talk] of Object.entries(talks)) {
    await t.check(`what ${who} said during a break arrives though more is said before the client asks for it`, async () => {
      await talk('before');
      await bob.message('before');
      await relay.settled();
      relay.interrupt();
      await elapse(A_SECOND_MS);
      await talk('missed one');
      await talk('missed two');
      await elapse(A_SECOND_MS);
      // Logged in again, and with its requests still on their way, while somebody says something.
      const isBack = relay.muteAfter(LOGIN);
      relay.resume();
      await isBack;
      await talk('said at the return');
      await elapse(PUSHED_WITHIN_MS);
      relay.unmute();
      await connected(bob);
      await talk('after');
      await bob.message('after');
      await bob.message('missed two');
      const heard = texts(bob.messages()).sort();
      assert.deepEqual(heard, ['after', 'before', 'missed one', 'missed two', 'said at the return']);
    });
  }

  const answers = { 'a group': (text) => bob.say(groupID, text), 'a user': (text) => bob.tell(alice.user, text) };
  for (const [who, talk] of Object.entries(talks)) {
    await t.check(`what ${who} said during a break arrives though the client has something to say itself`, async () => {
      await talk('before');
      await bob.message('before');
      await relay.settled();
      relay.interrupt();
      await elapse(A_SECOND_MS);
      await talk('missed one');
      await talk('missed two');
      await elapse(A_SECOND_MS);
      const answer = answers[who]('said into the void');
      answer.catch(() => {});
      relay.resume();
      await connected(bob);
      await answer;
      await talk('after');
      await bob.message('after');
      await bob.message('missed two');
      assert.deepEqual(texts(bob.messages()).sort(), ['after', 'before', 'missed one', 'missed two']);
    });
  }
}

const told = (device) => device.messages(({ type }) => type === 'TIMGroupSystemNoticeElem')
  .map(({ payload }) => [payload.operationType, payload.groupProfile.groupID]);

async function notices(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const alice = await t.login(`alice_n_${kind}`, 'chat');
  const bob = await t.login(`bob_n_${kind}`, kind, { server: relay.url });
  let groupID;

  await t.check('who was invited while connected is not invited again by a lost line, and hears each of 40 texts once', async () => {
    groupID = await work(alice, [bob]);
    await notice(bob, groupID, NOTICE.invited);
    // Once it has the profile of a group it was invited to, the SDK forgets what it heard there, and with it the gap.
    await elapse(A_SECOND_MS);
    await alice.say(groupID, 'before');
    await bob.message('before');
    for (let round = 0; round < 2; round += 1) {
      await relay.settled();
      bob.mark();
      relay.interrupt();
      const missed = [];
      for (let n = 0; n < 40; n += 1) missed.push((await alice.say(groupID, `missed ${round} ${n}`)).payload.text);
      relay.resume();
      await connected(bob);
      await bob.message(missed.at(-1));
      await alice.say(groupID, `after ${round}`);
      await bob.message(`after ${round}`);
      // What would be told twice is asked for after what was missed.
      await elapse(A_SECOND_MS);
      assert.deepEqual(texts(bob.messages()), [...missed, `after ${round}`]);
      assert.deepEqual(told(bob), []);
    }
  });

  await t.check('a notice that was lost on the way comes after it, once', async () => {
    await relay.settled();
    relay.holdAnswers();
    const lost = await work(alice, [bob]);
    await elapse(PUSHED_WITHIN_MS);
    relay.cut();
    await connected(bob);
    await notice(bob, lost, NOTICE.invited);
    const next = await work(alice, [bob]);
    await notice(bob, next, NOTICE.invited);
    assert.deepEqual(told(bob), [[NOTICE.invited, lost], [NOTICE.invited, next]]);
    await relay.settled();
    bob.mark();
    relay.cut();
    await connected(bob);
    await elapse(A_SECOND_MS);
    await alice.say(next, 'the end');
    await bob.message('the end');
    assert.deepEqual(told(bob), []);
  });

  await t.check('notices that take more than one answer are all told, once', async () => {
    const rest = new Rest(t.gateway);
    const long = await rest.group(`long_${kind}`, alice.user);
    await relay.settled();
    bob.mark();
    relay.interrupt();
    for (let n = 0; n < 90; n += 1) {
      await rest.call('group_open_http_svc/add_group_member', {
        GroupId: long, MemberList: [{ Member_Account: bob.user }], Silence: 1,
      });
      await rest.call('group_open_http_svc/delete_group_member', {
        GroupId: long, MemberToDel_Account: [bob.user], Silence: 1, Reason: '\u0001'.repeat(512),
      });
    }
    relay.resume();
    await connected(bob);
    const next = await work(alice, [bob]);
    await notice(bob, next, NOTICE.invited);
    await elapse(A_SECOND_MS);
    assert.deepEqual(told(bob), [...Array(90).fill([NOTICE.kicked, long]), [NOTICE.invited, next]]);
  });

  await t.check('a notice that comes while the client returns is told once', async () => {
    await relay.settled();
    relay.interrupt();
    const isBack = relay.muteAfter(LOGIN);
    relay.resume();
    await isBack;
    const group = await work(alice, [bob]);
    await elapse(PUSHED_WITHIN_MS);
    relay.unmute();
    await connected(bob);
    await notice(bob, group, NOTICE.invited);
    await alice.say(group, 'the end');
    await bob.message('the end');
    await elapse(A_SECOND_MS);
    assert.deepEqual(told(bob), [[NOTICE.invited, group]]);
  });
}

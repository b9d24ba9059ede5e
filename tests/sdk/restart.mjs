// What breaks: the network under one device, the gateway under all of them. And much at once.

import assert from 'node:assert/strict';

import {
  findConversation, forget, groupConversation, meeting, texts, userConversation, wholeHistory,
} from './harness/actions.mjs';
import { includes } from './harness/expect.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { until } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };

/** A client that was refused dials again with its next status keep-alive, at the latest after HelloInterval (30 s). */
const BACK_WITHIN_MS = 45_000;
const SENDERS = 5;
const MESSAGES_EACH = 100;
/** A person does not type faster; it also keeps a few requests of one client in flight at a time. */
const IN_FLIGHT = 10;

export default async function restart(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => interruption(t, kind));
    await t.scene(label, () => repeats(t, kind));
  }
  await t.scene('500 messages', () => crowd(t));
  await t.scene('SIGKILL', () => killed(t));
  await t.scene('SIGKILL under load', () => killedUnderLoad(t));
  await t.scene('SIGTERM', () => stopped(t));
  if (t.gateway.canForget) await t.scene('FLUSHALL', () => forgotten(t));
}

const connected = (device, ms) => device.event('NET_STATE_CHANGE', ({ state }) => state === 'connected', ms);

async function interruption(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const alice = await t.login(`alice_i_${kind}`, 'chat');
  const bob = await t.login(`bob_i_${kind}`, kind, { server: relay.url });
  const groupID = await meeting(alice, [bob]);
  await alice.say(groupID, 'before the break');
  await bob.message('before the break');

  await t.check('what a group said during a break arrives after it, each message once and in order', async () => {
    await relay.settled();
    relay.interrupt();
    const missed = [];
    for (let n = 0; n < 40; n += 1) missed.push((await alice.say(groupID, `missed ${n}`)).payload.text);
    relay.resume();
    await connected(bob);
    await bob.message('missed 39');
    await alice.say(groupID, 'after the break');
    await bob.message('after the break');
    assert.deepEqual(texts(bob.messages()), [...missed, 'after the break']);
  });

  await t.check('what a user said during a break arrives after it, each message once', async () => {
    await alice.tell(bob.user, 'before the second break');
    await bob.message('before the second break');
    await relay.settled();
    relay.interrupt();
    const missed = [];
    for (let n = 0; n < 5; n += 1) missed.push((await alice.tell(bob.user, `dear bob ${n}`)).payload.text);
    relay.resume();
    await connected(bob);
    await bob.message('dear bob 4');
    await alice.tell(bob.user, 'after the second break');
    await bob.message('after the second break');
    const mine = texts(bob.messages(({ conversationType }) => conversationType === 'C2C'));
    assert.deepEqual([...mine].sort(), ['before the second break', ...missed, 'after the second break'].sort());
  });

  await t.check('a message recalled during a break is recalled after it', async () => {
    const sent = await alice.say(groupID, 'recalled in the dark');
    await bob.message('recalled in the dark');
    await relay.settled();
    relay.interrupt();
    await alice.revokeMessage(sent);
    relay.resume();
    await connected(bob);
    await bob.event('MESSAGE_REVOKED', (list) => list.some(({ sequence }) => sequence === sent.sequence));
  });
}

async function repeats(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const alice = await t.login(`alice_r_${kind}`, kind, { server: relay.url });
  const bob = await t.login(`bob_r_${kind}`, 'chat');
  const rest = new Rest(t.gateway);
  const groupID = await meeting(alice, [bob]);

  await t.check('a group message whose answer was lost is sent again by the SDK and stored once', async () => {
    await relay.settled();
    const before = await bob.say(groupID, 'the one before');
    relay.holdAnswers();
    const answer = alice.say(groupID, 'said once');
    const got = await bob.message('said once');
    relay.cut();
    const sent = await answer;
    includes(sent, { sequence: got.sequence, time: got.time, ID: got.ID });
    const after = await alice.say(groupID, 'the one after');
    assert.deepEqual([got.sequence, after.sequence], [before.sequence + 1, before.sequence + 2]);
    await bob.message('the one after');
    assert.deepEqual(texts(bob.messages()), ['said once', 'the one after']);
    const kept = (await rest.history(groupID)).map(({ MsgBody }) => MsgBody[0]?.MsgContent.Text);
    assert.equal(kept.filter((text) => text === 'said once').length, 1);
  });

  await t.check('a message to a user whose answer was lost is sent again and stored once', async () => {
    await relay.settled();
    relay.holdAnswers();
    const answer = alice.tell(bob.user, 'told once');
    const got = await bob.message('told once');
    relay.cut();
    const sent = await answer;
    includes(sent, { time: got.time, ID: got.ID });
    await alice.tell(bob.user, 'told after');
    await bob.message('told after');
    assert.deepEqual(texts(bob.messages()), ['told once', 'told after']);
    await forget(bob);
    assert.deepEqual(texts(await wholeHistory(bob, userConversation(alice))), ['told once', 'told after']);
  });

  await t.check('a message said while the network is away is delivered when it is back, once', async () => {
    await relay.settled();
    relay.interrupt();
    const answer = alice.say(groupID, 'said into the void');
    // A rejection must not be reported as unhandled before the check comes to await it.
    answer.catch(() => {});
    relay.resume();
    const sent = await answer;
    includes(await bob.message('said into the void'), { ID: sent.ID, sequence: sent.sequence });
    await alice.say(groupID, 'said with network');
    await bob.message('said with network');
    assert.deepEqual(texts(bob.messages()), ['said into the void', 'said with network']);
  });
}

async function crowd(t) {
  const kindOf = (n) => (n % 2 === 0 ? 'chat' : 'tim-js');
  const some = (name) => Promise.all(Array.from({ length: SENDERS }, (_, n) => t.login(`${name}${n}`, kindOf(n))));
  const senders = await some('sender');
  const receivers = await some('receiver');
  const groupID = await meeting(senders[0], [...senders.slice(1), ...receivers]);
  const total = SENDERS * MESSAGES_EACH;

  await t.check(`${total} messages of ${SENDERS} senders arrive at ${SENDERS} receivers in one same order, each once`, async () => {
    await Promise.all(senders.map(async (sender, who) => {
      for (let n = 0; n < MESSAGES_EACH; n += IN_FLIGHT) {
        await Promise.all(Array.from({ length: IN_FLIGHT }, (_, k) => sender.say(groupID, `${who}:${n + k}`)));
      }
    }));
    await Promise.all(receivers.map((receiver) =>
      until(() => receiver.messages().length >= total, 20_000, `${receiver.user} has them all`)));
    const orders = receivers.map((receiver) => receiver.messages().map(({ sequence, payload }) => [sequence, payload.text]));
    const [first] = orders;
    assert.equal(first.length, total);
    assert.equal(new Set(first.map(([, text]) => text)).size, total);
    assert.deepEqual(first.map(([sequence]) => sequence), Array.from({ length: total }, (_, n) => first[0][0] + n));
    for (const order of orders) assert.deepEqual(order, first);
  });

  await t.check('the history has the same order, read by an SDK and by REST', async () => {
    const [reader] = receivers;
    await forget(reader);
    const history = (await wholeHistory(reader, groupConversation(groupID)))
      .filter(({ type }) => type === 'TIMTextElem')
      .map(({ sequence, payload }) => [sequence, payload.text]);
    const kept = (await new Rest(t.gateway).history(groupID))
      .filter(({ MsgBody }) => MsgBody[0]?.MsgType === 'TIMTextElem')
      .map(({ MsgSeq, MsgBody }) => [MsgSeq, MsgBody[0].MsgContent.Text]);
    assert.equal(history.length, total);
    assert.deepEqual(history, kept);
  });
}

/** A group and a pair of users with something said, under three kinds of clients. */
async function company(t, tag) {
  const { alice, bob, carol } = await t.logins(tag, { alice: 'chat', bob: 'tim-js', carol: 'tim-wx' });
  const groupID = await meeting(alice, [bob, carol]);
  const said = [];
  for (let n = 0; n < 25; n += 1) said.push(await [alice, bob, carol][n % 3].say(groupID, `early ${n}`));
  await alice.tell(bob.user, 'early to bob');
  await bob.message('early to bob');
  return { alice, bob, carol, groupID, said };
}

/** Everything goes on as if nothing had happened, with the history whole. */
async function goesOn(t, { alice, bob, carol, groupID, said }, tag) {
  const last = said.at(-1).sequence;
  const next = await alice.say(groupID, `${tag} from alice`);
  assert.equal(next.sequence, last + 1);
  await Promise.all([bob.message(`${tag} from alice`), carol.message(`${tag} from alice`)]);
  const answers = [await bob.say(groupID, `${tag} from bob`), await carol.say(groupID, `${tag} from carol`)];
  await Promise.all([alice.message(`${tag} from bob`), alice.message(`${tag} from carol`)]);
  assert.deepEqual(answers.map(({ sequence }) => sequence), [last + 2, last + 3]);
  const reader = await t.login(`reader_${tag}`, 'chat');
  await reader.joinGroup({ groupID });
  assert.deepEqual(texts(await wholeHistory(reader, groupConversation(groupID))), [
    ...texts(said), `${tag} from alice`, `${tag} from bob`, `${tag} from carol`,
  ]);
  for (const device of [alice, bob, carol]) {
    assert.deepEqual(device.events('KICKED_OUT'), [], device.user);
    assert.deepEqual(device.events('SDK_NOT_READY'), [], device.user);
  }
}

async function killed(t) {
  const them = await company(t, 'kill');

  await t.check('killed and restarted, the gateway has its clients back by themselves, in the same sequence, with the whole history', async () => {
    await t.gateway.kill();
    await t.gateway.up();
    await Promise.all([them.alice, them.bob, them.carol].map((device) => connected(device, BACK_WITHIN_MS)));
    await goesOn(t, them, 'killed');
  });

  await t.check('conversations, unread counts, profiles and groups are as they were', async () => {
    const { alice, bob, groupID } = them;
    await forget(bob);
    const shown = await until(async () => {
      const found = await findConversation(bob, userConversation(alice));
      return found?.unreadCount === 1 && found;
    }, 5_000, 'the conversation with alice has one unread message');
    assert.equal(shown.lastMessage.messageForShow, 'early to bob');
    includes((await bob.getGroupProfile({ groupID })).group, { ownerID: alice.user, memberCount: 4 });
  });

  await t.check('a UserSig kick from before the restart still holds', async () => {
    const rest = new Rest(t.gateway);
    const dave = await t.login('dave_kill', 'chat');
    const old = dave.userSig;
    await rest.kick(dave.user);
    await dave.event('KICKED_OUT');
    await t.gateway.kill();
    await t.gateway.up();
    const again = await t.device('dave_kill', 'chat');
    const error = await again.call('login', { userID: 'dave_kill', userSig: old }).then(() => null, (refusal) => refusal);
    assert.equal(error?.code, 70052);
  });
}

async function killedUnderLoad(t) {
  const { alice, bob } = await t.logins('load', { alice: 'chat', bob: 'tim-js' });
  const groupID = await meeting(alice, [bob]);

  await t.check('killed while messages are under way, the gateway has lost none that was acknowledged and doubled none', async () => {
    const outcomes = [];
    const start = (device, text) => {
      const sent = device.say(groupID, text).then(
        (message) => outcomes.push({ text, sequence: message.sequence }),
        (error) => outcomes.push({ text, error }),
      );
      return sent;
    };
    const all = [];
    for (let n = 0; n < 60; n += 1) all.push(start(alice, `alice ${n}`), start(bob, `bob ${n}`));
    await until(() => outcomes.length >= 10, 10_000, 'ten are acknowledged');
    await t.gateway.kill();
    await t.gateway.up();
    await Promise.all(all);
    await Promise.all([alice, bob].map((device) => until(() => device.getMyProfile(), BACK_WITHIN_MS, `${device.user} is back`)));
    const kept = (await new Rest(t.gateway).history(groupID)).filter(({ MsgBody }) => MsgBody[0]?.MsgType === 'TIMTextElem');
    const sequences = new Map(kept.map(({ MsgSeq, MsgBody }) => [MsgBody[0].MsgContent.Text, MsgSeq]));
    assert.equal(sequences.size, kept.length, 'a message is there twice');
    for (const { text, sequence } of outcomes.filter(({ error }) => !error)) assert.equal(sequences.get(text), sequence, text);
    const numbers = kept.map(({ MsgSeq }) => MsgSeq);
    assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, n) => numbers[0] + n));
  });
}

async function stopped(t) {
  const them = await company(t, 'stop');

  await t.check('told to stop, the gateway ends cleanly, and after its restart the clients go on', async () => {
    assert.equal(await t.gateway.stop(), 0);
    await t.gateway.up();
    await Promise.all([them.alice, them.bob, them.carol].map((device) => connected(device, BACK_WITHIN_MS)));
    await goesOn(t, them, 'stopped');
  });
}

async function forgotten(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    const device = await t.login(`greta_${kind}`, kind);

    await t.check(`whoever the store has forgotten is told that the session has expired (${label})`, async () => {
      await t.gateway.forget();
      const { type } = await device.event('KICKED_OUT', () => true, BACK_WITHIN_MS);
      assert.equal(type, device.types.KICKED_OUT_USERSIG_EXPIRED);
    });

    await t.check(`and logs in again, and hears what is said from the first message on (${label})`, async () => {
      await device.signIn();
      const friend = await t.login(`gustav_${kind}`, 'chat');
      await friend.tell(device.user, 'anew');
      await device.message('anew');
    });
  }
}

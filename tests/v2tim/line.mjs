// Lines that break: what was missed is told once, what was being said is said once, and no callback is lost.

import assert from 'node:assert/strict';

import { meeting } from '../sdk/harness/actions.mjs';
import { Relay } from '../sdk/harness/relay.mjs';
import { elapse, until } from '../js/wait.mjs';
import { Scene } from './harness/scene.mjs';
import { Garbage } from './harness/garbage.mjs';

const ANSWERED_WITHIN_MS = 5_000;
const CUTS = Number(process.env.V2TIM_CUTS ?? 25);
const SEED = Number(process.env.V2TIM_SEED ?? Date.now() % 1_000_000);

export default async function line(t, { instances }) {
  const scenes = { 'a break': breaks, 'a dead line': dead, 'many breaks': many, 'a restart': restart };
  // Whoever speaks nonsense has no engine.
  if (instances === 1) scenes.garbage = garbage;
  await Scene.runAll(t, scenes, ['a restart']);
}

async function setting(t, tag) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const web = await t.web(`web_${tag}`);
  const phone = await t.phone(`phone_${tag}`, { server: relay.url });
  const groupID = await meeting(web);
  await phone.sdk('joinGroup', groupID, '');
  return { relay, web, phone, groupID };
}

async function breaks(t) {
  const { relay, web, phone, groupID } = await setting(t, 'r');
  const back = () => phone.event('onSyncServerFinish');

  await t.check('the line comes back by itself, and nobody is logged out', async () => {
    relay.cut();
    await back();
    assert.deepEqual(phone.names().filter((name) => !name.includes('Conversation')), ['onConnecting', 'onConnectSuccess', 'onSyncServerStart', 'onSyncServerFinish']);
    assert.equal(await phone.sdk('getLoginStatus'), 1);
  });
  await t.check('what was said meanwhile is told once, in order', async () => {
    await web.say(groupID, 'before');
    await phone.received('before');
    relay.interrupt();
    for (const text of ['missed 1', 'missed 2', 'missed 3']) await web.say(groupID, text);
    await web.tell(phone.user, 'missed by the user');
    relay.resume();
    await back();
    await web.say(groupID, 'after');
    await phone.received('after');
    await phone.received('missed by the user');
    assert.deepEqual(phone.texts().filter((text) => text !== 'missed by the user'), ['before', 'missed 1', 'missed 2', 'missed 3', 'after']);
    assert.equal(phone.texts().length, 6);
  });
  await t.check('what was recalled meanwhile is told', async () => {
    const sent = await web.say(groupID, 'soon gone');
    await phone.received('soon gone');
    relay.interrupt();
    await web.revokeMessage(sent);
    relay.resume();
    await back();
    assert.equal((await phone.event('onRecvMessageRevoked'))[0], sent.ID);
  });
  await t.check('what is said without a line is said when it is back, once', async () => {
    relay.interrupt();
    await phone.event('onConnecting');
    const sending = phone.say(groupID, 'said into the void');
    await elapse(500);
    relay.resume();
    const sent = await sending;
    assert.equal((await web.message('said into the void')).ID, sent.msgID);
    await phone.say(groupID, 'end');
    await web.message('end');
    assert.equal(web.messages(({ payload }) => payload.text === 'said into the void').length, 1);
  });
  await t.check('what was said as the answer was lost is there once, and its callback too', async () => {
    relay.holdAnswers();
    const sending = phone.say(groupID, 'was I heard?');
    await web.message('was I heard?');
    relay.cut();
    const sent = await sending;
    await phone.say(groupID, 'end');
    await web.message('end');
    const seen = web.messages(({ payload }) => payload.text === 'was I heard?');
    assert.deepEqual(seen.map(({ ID }) => ID), [sent.msgID]);
    const history = await phone.message('getGroupHistoryMessageList', groupID, 5, null);
    assert.equal(history.filter(({ textElem }) => textElem.text === 'was I heard?').length, 1);
  });
  await t.check('what was done as the answer was lost is done once, and its callback says so', async () => {
    const unheard = async (command, ask) => {
      const answers = relay.count(command);
      relay.holdAnswers();
      const asked = ask();
      await until(async () => answers() > 0, ANSWERED_WITHIN_MS, `${command} is answered`);
      relay.cut();
      return asked;
    };
    const made = await unheard('create_group', () => phone.sdk('createGroup', 'Meeting', null, 'Once'));
    const groups = await phone.group('getJoinedGroupList');
    assert.deepEqual(groups.filter(({ groupName }) => groupName === 'Once').map((group) => group.groupID), [made]);
    await unheard('destroy_group', () => phone.sdk('dismissGroup', made));
    await unheard('quit_group', () => phone.sdk('quitGroup', groupID));
    await unheard('apply_join_group', () => phone.sdk('joinGroup', groupID, ''));
  });
  await t.check('questions that were open are answered on the next line', async () => {
    relay.holdAnswers();
    const asked = Promise.all([phone.group('getJoinedGroupList'), phone.sdk('getUsersInfo', ['web_r']), phone.conversation('pinConversation', `group_${groupID}`, true)]);
    await elapse(200);
    relay.cut();
    const [groups, [user]] = await asked;
    assert.deepEqual([groups.length, user.userID], [1, 'web_r']);
  });
  await t.check('a call that no line takes is refused after 15 s with 9508, one that was sent with 6012', async () => {
    relay.holdAnswers();
    const sent = phone.refusal('group', 'getJoinedGroupList');
    await elapse(300);
    relay.interrupt();
    await phone.event('onConnecting');
    const unsent = phone.refusal('sdk', 'getUsersInfo', ['web_r']);
    assert.equal((await sent).code, 6012);
    assert.equal((await unsent).code, 9508);
    relay.resume();
    await back();
  });
  await t.check('who was put out while they had no line is told when it is back, once', async () => {
    relay.interrupt();
    await phone.event('onConnecting');
    const open = phone.refusal('sdk', 'getUsersInfo', ['web_r']);
    const other = await t.phone(phone.user);
    relay.resume();
    await phone.event('onKickedOffline');
    assert.equal((await open).code, 6014);
    await elapse(500);
    assert.equal(phone.events('onKickedOffline').length, 1);
    assert.deepEqual(other.events('onKickedOffline'), []);
    await phone.login();
  });
  await t.check('a log-out without a line ends the session here', async () => {
    relay.interrupt();
    await phone.event('onConnecting');
    const open = phone.refusal('sdk', 'getUsersInfo', ['web_r']);
    await phone.sdk('logout');
    assert.equal((await open).code, 6014);
    relay.resume();
    await phone.login();
  });
  await t.check('unInitSDK answers all that is open', async () => {
    relay.holdAnswers();
    const open = Promise.all(Array.from({ length: 20 }, () => phone.refusal('group', 'getJoinedGroupList')));
    await phone.sdk('unInitSDK');
    assert.deepEqual([...new Set((await open).map(({ code }) => code))], [6013]);
    relay.cut();
    await phone.init();
    await phone.login();
  });
}

async function dead(t) {
  const { relay, web, phone, groupID } = await setting(t, 'd');
  await t.check('a line that is silently dead is found within 30 s, and what was missed is told', async () => {
    await web.say(groupID, 'alive');
    await phone.received('alive');
    const began = Date.now();
    relay.halfOpen();
    await web.say(groupID, 'into nowhere');
    await phone.received('into nowhere', 30_000);
    assert.ok(Date.now() - began < 30_000);
    assert.deepEqual(phone.texts(), ['alive', 'into nowhere']);
  });
  await t.check('a phone that slept finds it at once when it is said to be in front', async () => {
    relay.halfOpen();
    phone.sleep();
    await web.say(groupID, 'while you slept');
    await elapse(1_500);
    phone.wake();
    const began = Date.now();
    await phone.push('doForeground');
    await phone.received('while you slept');
    assert.ok(Date.now() - began < 8_000, String(Date.now() - began));
  });
  await t.check('in the background the line lives on', async () => {
    await phone.push('doBackground', 3);
    await elapse(12_000);
    await web.say(groupID, 'knock');
    await phone.received('knock');
    await phone.push('doForeground');
  });
}

/** Numbers that look like chance and are the same for the same seed. */
function chance(seed) {
  let state = seed || 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

async function many(t) {
  const { relay, web, phone, groupID } = await setting(t, 'x');
  await t.check(`over ${CUTS} breaks nothing is lost or doubled in either direction (V2TIM_SEED=${SEED})`, async () => {
    const next = chance(SEED);
    const said = { web: [], phone: [] };
    const open = [];
    const unknown = new Set();
    for (let index = 0; index < CUTS; index += 1) {
      for (let count = next(3); count >= 0; count -= 1) {
        said.web.push(`web ${index}.${count}`);
        await web.say(groupID, said.web.at(-1));
      }
      for (let count = next(3); count >= 0; count -= 1) {
        said.phone.push(`phone ${index}.${count}`);
        const text = said.phone.at(-1);
        // Where the line breaks for longer than a call may take, the app is told that it is not known what became of it.
        open.push(phone.say(groupID, text).catch((error) => {
          if (![6012, 9508].includes(error.code)) throw error;
          unknown.add(text);
        }));
      }
      const kind = next(4);
      await elapse(next(60));
      if (kind === 0) relay.cut();
      else if (kind === 1) relay.holdAnswers();
      else if (kind === 2) relay.interrupt();
      await elapse(next(400));
      if (kind === 1) relay.cut();
      if (kind === 2) relay.resume();
      await elapse(next(200));
    }
    await Promise.all(open);
    await phone.say(groupID, 'the end of the phone');
    await web.say(groupID, 'the end of the web');
    await Promise.all([web.message('the end of the phone', 20_000), phone.received('the end of the web', 20_000)]);
    await elapse(500);
    assert.deepEqual(phone.texts(), [...said.web, 'the end of the web']);
    const heard = web.messages(({ from }) => from === phone.user).map(({ payload }) => payload.text);
    assert.equal(new Set(heard).size, heard.length, 'something was said twice');
    assert.deepEqual([...said.phone, 'the end of the phone'].filter((text) => !unknown.has(text) && !heard.includes(text)), []);
    if (unknown.size > 0) console.log(`      of ${unknown.size} messages the phone does not know what became of them`);
    assert.equal(await phone.sdk('getLoginStatus'), 1);
  });
}

async function restart(t) {
  const web = await t.web('web_z');
  const phone = await t.phone('phone_z');
  const groupID = await meeting(web);
  await phone.sdk('joinGroup', groupID, '');
  await t.check('a gateway that restarts has the phone back, and it has missed nothing', async () => {
    await t.gateway.stop();
    await phone.event('onConnecting');
    await t.gateway.up();
    await phone.event('onSyncServerFinish', () => true, 30_000);
    await until(() => web.say(groupID, 'after the restart').then(() => true), 30_000, 'the web is back');
    await phone.received('after the restart', 20_000);
    assert.equal(await phone.sdk('getLoginUser'), 'phone_z');
  });
}

async function garbage(t) {
  const server = await Garbage.start();
  t.onLeave(() => server.close());
  const phone = await t.ready('phone_y', { server: server.url });
  for (const [what, kind] of [['closes at once', 'close'], ['speaks no HTTP', 'noise'], ['answers nothing', 'mute'],
    ['answers nonsense', 'nonsense'], ['closes in the middle of a frame', 'half'], ['answers without a token', 'empty']]) {
    await t.check(`a gateway that ${what}: a log-in ends once, with a code`, async () => {
      server.kind = kind;
      const { code, text } = await phone.refusal('sdk', 'login', 'phone_y', 'sig');
      assert.ok([6012, 9508, 9510].includes(code), `${code} ${text}`);
      assert.equal(await phone.sdk('getLoginStatus'), 3);
    });
  }
  await t.check('unknown pushes, events and elements harm nothing', async () => {
    server.kind = 'strange';
    await phone.sdk('login', 'phone_y', 'sig');
    await phone.received('the last');
    assert.equal(await phone.sdk('getLoginStatus'), 1);
  });
}

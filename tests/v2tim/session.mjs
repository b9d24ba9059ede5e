// Set-up, logging in and out, kicks, expiry, and calls at the wrong time.

import assert from 'node:assert/strict';

import { elapse, until } from '../js/wait.mjs';
import { Scene } from './harness/scene.mjs';

const STATUS = { in: 1, logging: 2, out: 3 };

export default async function session(t) {
  await Scene.run(t, 'set-up', setUp);
  await Scene.run(t, 'log-in', logIn);
  await Scene.run(t, 'kinds of terminals', kinds);
}

async function setUp(t) {
  const phone = await t.bare('early_s');
  await t.check('before initSDK a call is answered with 6013', async () => {
    assert.equal((await phone.refusal('sdk', 'login', 'a', 'sig')).code, 6013);
    assert.equal((await phone.refusal('sdk', 'joinGroup', 'g', '')).code, 6013);
    const { code, returned } = await phone.refusal('sdk', 'sendC2CTextMessage', 'hi', 'b');
    assert.deepEqual([code, returned], [6013, null]);
    assert.equal(await phone.sdk('getLoginUser'), '');
    assert.equal(await phone.sdk('getLoginStatus'), STATUS.out);
    assert.equal(await phone.sdk('getServerTime'), 0);
  });
  await t.check('initSDK connects and tells its listeners', async () => {
    assert.equal((await phone.init()).result, true);
    await phone.event('onConnectSuccess');
    assert.deepEqual(phone.names().slice(0, 2), ['onConnecting', 'onConnectSuccess']);
  });
  await t.check('the same initSDK again changes nothing', async () => {
    assert.equal((await phone.init()).result, true);
    await elapse(300);
    assert.deepEqual(phone.names(), []);
  });
  await t.check('before a log-in a call is answered with 6014', async () => {
    for (const [manager, ...call] of [['sdk', 'joinGroup', 'g', ''], ['conversation', 'getConversationList', 0, 10],
      ['message', 'getGroupHistoryMessageList', 'g', 10, null], ['group', 'getJoinedGroupList']]) {
      assert.equal((await phone.refusal(manager, ...call)).code, 6014, call[0]);
    }
    assert.equal((await phone.refusal('sdk', 'sendC2CTextMessage', 'hi', 'b')).code, 6014);
  });
  await t.check('without an address initSDK gives false and says what is missing', async () => {
    const lost = await t.bare('lost_s', { server: null });
    assert.equal((await lost.init()).result, false);
    await until(() => /timgate\.url/.test(lost.errors), 5_000, 'the line about it is in the log');
  });
  await t.check('an address that is none gives false', async () => {
    const wrong = await t.bare('wrong_s', { server: 'http://127.0.0.1' });
    assert.equal((await wrong.init()).result, false);
    await until(() => /ws:\/\//.test(wrong.errors), 5_000, 'the line about it is in the log');
  });
  await t.check('where no gateway is, attempts fail and a log-in ends with 9510', async () => {
    const alone = await t.ready('alone_s', { server: 'ws://127.0.0.1:9' });
    const [code] = await alone.event('onConnectFailed');
    assert.equal(code, 9508);
    assert.equal((await alone.refusal('sdk', 'login', 'alone_s', t.gateway.sign('alone_s'))).code, 9510);
    assert.equal(await alone.sdk('getLoginStatus'), STATUS.out);
  });
}

async function logIn(t) {
  const phone = await t.ready('alice_s');
  await t.check('a wrong UserSig is refused with the gateway\'s code', async () => {
    assert.ok((await phone.refusal('sdk', 'login', 'alice_s', 'nonsense')).code >= 70000);
    assert.ok((await phone.refusal('sdk', 'login', 'alice_s', t.gateway.sign('bob_s'))).code >= 70000);
    assert.equal(await phone.sdk('getLoginStatus'), STATUS.out);
  });
  await t.check('an expired UserSig is refused with 6206', async () => {
    assert.equal((await phone.refusal('sdk', 'login', 'alice_s', t.gateway.sign('alice_s', { seconds: -10 }))).code, 6206);
  });
  await t.check('empty and null parameters are refused with 6017', async () => {
    assert.equal((await phone.refusal('sdk', 'login', '', 'sig')).code, 6017);
    assert.equal((await phone.refusal('sdk', 'login', null, null)).code, 6017);
  });
  await t.check('a log-in succeeds, and then the conversations are read', async () => {
    await phone.login();
    assert.equal(await phone.sdk('getLoginUser'), 'alice_s');
    assert.equal(await phone.sdk('getLoginStatus'), STATUS.in);
    assert.ok(Math.abs(await phone.sdk('getServerTime') - Date.now() / 1000) < 5);
    assert.deepEqual(phone.names(), ['onSyncServerStart', 'onSyncServerFinish']);
  });
  await t.check('the same user again is logged in already', async () => {
    await phone.sdk('login', 'alice_s', t.gateway.sign('alice_s'));
    assert.equal(await phone.sdk('getLoginUser'), 'alice_s');
  });
  await t.check('another user takes the place without a log-out', async () => {
    await phone.login('bob_s');
    assert.equal(await phone.sdk('getLoginUser'), 'bob_s');
    const web = await t.web('alice_s');
    await web.tell('bob_s', 'who is there?');
    assert.equal((await phone.received('who is there?')).sender, 'alice_s');
  });
  await t.check('of two log-ins at once the second is refused with 7501', async () => {
    const first = phone.sdk('login', 'carol_s', t.gateway.sign('carol_s'));
    assert.equal((await phone.refusal('sdk', 'login', 'dave_s', t.gateway.sign('dave_s'))).code, 7501);
    await first;
    assert.equal(await phone.sdk('getLoginUser'), 'carol_s');
  });
  await t.check('a log-out during a log-in ends it with 6023', async () => {
    await phone.sdk('logout');
    const entry = phone.refusal('sdk', 'login', 'dave_s', t.gateway.sign('dave_s'));
    await phone.sdk('logout');
    assert.equal((await entry).code, 6023);
  });
  await t.check('after a log-out calls are refused, and another log-in works', async () => {
    await phone.login('alice_s');
    await phone.sdk('logout');
    assert.equal(await phone.sdk('getLoginUser'), '');
    assert.equal(await phone.sdk('getLoginStatus'), STATUS.out);
    assert.equal((await phone.refusal('sdk', 'joinGroup', 'g', '')).code, 6014);
    await phone.login('alice_s');
  });
  await t.check('unInitSDK ends everything, and initSDK begins anew', async () => {
    await phone.sdk('unInitSDK');
    await until(async () => await phone.sdk('getLoginStatus') === STATUS.out, 3_000, 'nobody is logged in');
    assert.equal((await phone.refusal('sdk', 'login', 'alice_s', 'x')).code, 6013);
    await phone.init();
    await phone.login('alice_s');
  });
}

async function kinds(t) {
  const web = await t.web('alice_k');
  const phone = await t.phone('alice_k');
  const bob = await t.web('bob_k');
  await t.check('a phone and a browser of one user live side by side', async () => {
    await bob.tell('alice_k', 'to both');
    await Promise.all([phone.received('to both'), web.message('to both')]);
    assert.deepEqual(web.events('KICKED_OUT'), []);
    assert.deepEqual(phone.events('onKickedOffline'), []);
  });
  await t.check('back ends are told of an Android', async () => {
    const admin = await fetch(`${t.gateway.http}/v4/openim/query_online_status?sdkappid=1400000001&identifier=administrator`
      + `&usersig=${t.gateway.sign('administrator')}&random=1&contenttype=json`, {
      method: 'POST', body: JSON.stringify({ To_Account: ['alice_k'], IsNeedDetail: 1 }),
    });
    const { QueryResult: [state] } = await admin.json();
    assert.deepEqual(state.Detail.map(({ Platform }) => Platform).sort(), ['Android', 'Web']);
  });
  await t.check('a second phone puts the first out, once, and not the browser', async () => {
    const other = await t.phone('alice_k');
    await phone.event('onKickedOffline');
    assert.equal(await phone.sdk('getLoginStatus'), STATUS.out);
    assert.equal((await phone.refusal('sdk', 'joinGroup', 'g', '')).code, 6014);
    await bob.tell('alice_k', 'to the new one');
    await Promise.all([other.received('to the new one'), web.message('to the new one')]);
    assert.equal(phone.allEvents('onKickedOffline').length, 1);
    assert.deepEqual(phone.texts(), []);
  });
  await t.check('who was put out logs in again on the same objects', async () => {
    await phone.login();
    await bob.tell('alice_k', 'back');
    await phone.received('back');
  });
  await t.check('an administrator puts phones out too', async () => {
    const answer = await fetch(`${t.gateway.http}/v4/im_open_login_svc/kick?sdkappid=1400000001&identifier=administrator`
      + `&usersig=${t.gateway.sign('administrator')}&random=1&contenttype=json`, {
      method: 'POST', body: JSON.stringify({ UserID: 'alice_k' }),
    });
    assert.equal((await answer.json()).ErrorCode, 0);
    await phone.event('onKickedOffline');
    assert.equal(phone.events('onKickedOffline').length, 1);
  });
  await t.check('a UserSig that expires ends the session with onUserSigExpired, once', async () => {
    const brief = await t.ready('brief_k');
    await brief.sdk('login', 'brief_k', t.gateway.sign('brief_k', { seconds: 2 }));
    await brief.event('onUserSigExpired', () => true, 30_000);
    assert.equal(await brief.sdk('getLoginStatus'), STATUS.out);
    assert.equal(brief.events('onUserSigExpired').length, 1);
    await brief.login();
  });
}

// Messages, in both directions between the library and the unmodified web SDK.

import assert from 'node:assert/strict';

import { allPages, groupConversation, meeting, userConversation } from '../sdk/harness/actions.mjs';
import { elapse } from '../js/wait.mjs';
import { Scene } from './harness/scene.mjs';

const STATUS = { sent: 2, failed: 3, deleted: 4, revoked: 6 };
const ELEM = { text: 1, custom: 2, location: 7, face: 8, tips: 9 };

export default async function message(t) {
  await Scene.runAll(t, {
    group: (scene) => both(scene, 'group'),
    user: (scene) => both(scene, 'user'),
    'in groups': inGroups,
    'between users': betweenUsers,
    times,
    'bad input': badInput,
  });
}

/** What is the same in a group and between two users. */
async function both(t, where) {
  const isGroup = where === 'group';
  const phone = await t.phone(`phone_${where}`);
  const web = await t.web(`web_${where}`);
  const groupID = isGroup ? await meeting(web) : null;
  if (isGroup) await phone.sdk('joinGroup', groupID, '');
  const there = isGroup ? { group: groupID } : { to: web.user };
  const toPhone = isGroup ? web.toGroup(groupID) : web.toUser(phone.user);
  const conversation = isGroup ? groupConversation(groupID) : `C2C${phone.user}`;
  const say = (text) => (isGroup ? phone.say(groupID, text) : phone.tell(web.user, text));
  const history = (count, last, target = phone) => (isGroup
    ? target.message('getGroupHistoryMessageList', groupID, count, last)
    : target.message('getC2CHistoryMessageList', web.user, count, last));

  await t.check('a text arrives at the web with the same ID, number and time', async () => {
    const { result: sent, returned } = await phone.send('Text', ['hello 你好 🙂'], there);
    const seen = await web.message('hello 你好 🙂');
    assert.equal(returned, seen.ID);
    assert.equal(sent.msgID, seen.ID);
    assert.deepEqual([sent.seq, sent.random, sent.timestamp], [seen.sequence, seen.random, seen.time]);
    assert.deepEqual([sent.status, sent.self, sent.sender], [STATUS.sent, true, phone.user]);
  });
  await t.check('a text of the web arrives with the same ID, number and time', async () => {
    const sent = await web.send('Text', { ...toPhone, payload: { text: 'from the web' } });
    const seen = await phone.received('from the web');
    assert.deepEqual([seen.msgID, seen.seq, seen.random, seen.timestamp], [sent.ID, sent.sequence, sent.random, sent.time]);
    assert.deepEqual([seen.self, seen.sender, seen.status, seen.elemType], [false, web.user, STATUS.sent, ELEM.text]);
    assert.deepEqual([seen.groupID, seen.userID], isGroup ? [groupID, null] : [null, web.user]);
  });
  await t.check('the message of the callback is the one that was sent', async () => {
    const message = await phone.message('createTextMessage', 'same object');
    const { result } = await phone.whole('message', 'sendMessage', message, there.to ?? '', there.group ?? '', 1, false, null);
    assert.equal(result.$object, message.$object);
    assert.equal(message.msgID, null);
  });
  await t.check('custom data, description and extension arrive as they are', async () => {
    const data = JSON.stringify({ type: 'chat', text: 'ä 中 🙂', nested: { n: 1 } });
    await phone.send('Custom', [data, 'a description', 'an extension'], there);
    const seen = await web.message(({ payload }) => payload?.data === data);
    assert.deepEqual([seen.payload.description, seen.payload.extension], ['a description', 'an extension']);
    await web.send('Custom', { ...toPhone, payload: { data: `web ${data}`, description: 'd', extension: 'e' } });
    const { customElem } = await phone.received(({ customElem: custom }) => custom?.data.text === `web ${data}`);
    assert.deepEqual([customElem.description, customElem.extension.text], ['d', 'e']);
  });
  await t.check('custom data of the smallest and odd kinds arrive as they are', async () => {
    for (const data of ['x', ' ', '\u0000\u0001', '{"a":"\\u0000"}', '"', '\\', '\u2028', 'a'.repeat(9_000)]) {
      await phone.send('Custom', [data], there);
      await web.message(({ payload }) => payload?.data === data);
    }
  });
  await t.check('custom data that are no UTF-8 are refused with 6017, and nothing is sent', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString('base64');
    const message = await phone.message('createCustomMessage', { base64: bytes });
    const { code, text, returned } = await phone.refusal('message', 'sendMessage', message, there.to, there.group, 1, false, null);
    assert.deepEqual([code, returned], [6017, null]);
    assert.match(text, /UTF-8/);
    await say('after it');
    await web.message('after it');
    assert.equal(web.messages(({ type }) => type === 'TIMCustomElem').length, 0);
  });
  await t.check('faces go both ways', async () => {
    await phone.send('Face', [7, 'tt07'], there);
    const seen = await web.message(({ type }) => type === 'TIMFaceElem');
    assert.deepEqual([seen.payload.index, seen.payload.data], [7, 'tt07']);
    await web.send('Face', { ...toPhone, payload: { index: 8, data: 'tt08' } });
    const { faceElem } = await phone.received(({ elemType }) => elemType === ELEM.face);
    assert.deepEqual([faceElem.index, faceElem.data.text], [8, 'tt08']);
  });
  await t.check('locations go both ways', async () => {
    await phone.send('Location', ['here', 113.25, 22.5], there);
    const seen = await web.message(({ type }) => type === 'TIMLocationElem');
    assert.deepEqual([seen.payload.description, seen.payload.longitude, seen.payload.latitude], ['here', 113.25, 22.5]);
    await web.send('Location', { ...toPhone, payload: { description: 'there', longitude: -1.5, latitude: -80 } });
    const { locationElem } = await phone.received(({ elemType }) => elemType === ELEM.location);
    assert.deepEqual([locationElem.desc, locationElem.longitude, locationElem.latitude], ['there', -1.5, -80]);
  });
  await t.check('cloud data travel with a message both ways', async () => {
    await web.send('Text', { ...toPhone, payload: { text: 'with data' }, cloudCustomData: '{"k":1}' });
    assert.equal((await phone.received('with data')).cloudCustomData, '{"k":1}');
  });
  await t.check('an online-only message arrives and is in no history', async () => {
    await phone.send('Text', ['in passing'], { ...there, onlineOnly: true });
    await web.message('in passing');
    await say('kept');
    const [newest, before] = await history(2, null);
    assert.equal(newest.textElem.text, 'kept');
    assert.notEqual(before.textElem?.text, 'in passing');
  });
  await t.check('own messages of this phone are not told to its listeners; those of the user\'s browser are', async () => {
    const own = await t.web(phone.user);
    await say('of the phone');
    await own.message('of the phone');
    await own.send('Text', { ...(isGroup ? own.toGroup(groupID) : own.toUser(web.user)), payload: { text: 'of the browser' } });
    const seen = await phone.received('of the browser');
    assert.deepEqual([seen.self, seen.sender], [true, phone.user]);
    if (!isGroup) assert.equal(seen.userID, web.user);
    assert.deepEqual(phone.texts(), ['of the browser']);
    await own.close();
  });
  await t.check('the phone recalls and the web sees it', async () => {
    const sent = await say('to be recalled');
    await web.message('to be recalled');
    await phone.message('revokeMessage', sent);
    const [revoked] = await web.event('MESSAGE_REVOKED');
    assert.equal(revoked.ID, sent.msgID);
    const [newest] = await history(1, null);
    assert.deepEqual([newest.msgID, newest.status], [sent.msgID, STATUS.revoked]);
  });
  await t.check('the web recalls and the phone sees it, in both callbacks', async () => {
    const sent = await web.send('Text', { ...toPhone, payload: { text: 'web takes back' } });
    await phone.received('web takes back');
    await web.revokeMessage(sent);
    const [id] = await phone.event('onRecvMessageRevoked');
    const [, who] = await phone.event('onRecvMessageRevokedBy');
    assert.deepEqual([id, who.userID], [sent.ID, web.user]);
    assert.equal(phone.events('onRecvMessageRevoked').length, 1);
  });
  await t.check('the history by pages has every message once, newest first, and ends with an empty list', async () => {
    for (let index = 0; index < 30; index += 1) await say(`line ${index}`);
    const known = (await allPages(web, conversation)).flat().map(({ ID }) => ID).reverse();
    const read = [];
    for (let last = null; ;) {
      const page = await history(7, last);
      if (page.length === 0) break;
      read.push(...page);
      last = page.at(-1);
    }
    const ids = read.map(({ msgID }) => msgID);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(ids.filter((id) => known.includes(id)), known.filter((id) => ids.includes(id)));
    assert.deepEqual(read.slice(0, 30).map(({ textElem }) => textElem.text), Array.from({ length: 30 }, (_, index) => `line ${29 - index}`));
    assert.equal((await history(20, read.at(-1))).length, 0);
  });
  await t.check('one page has as many as were asked for, over the gateway\'s pages', async () => {
    assert.equal((await history(30, null)).length, 30);
  });
  await t.check('newer messages are read oldest first, from a message on', async () => {
    const page = await history(30, null);
    const from = page[10];
    const newer = await phone.message('getHistoryMessageList', {
      $class: 'V2TIMMessageListGetOption', GetType: 2, Count: 5, LastMsg: { $object: from.$object },
      ...(isGroup ? { GroupID: groupID } : { UserID: web.user }),
    });
    assert.deepEqual(newer.map(({ msgID }) => msgID), page.slice(5, 10).reverse().map(({ msgID }) => msgID));
    const rest = await phone.message('getHistoryMessageList', {
      $class: 'V2TIMMessageListGetOption', GetType: 2, Count: 50, LastMsg: { $object: page[2].$object },
      ...(isGroup ? { GroupID: groupID } : { UserID: web.user }),
    });
    assert.deepEqual(rest.map(({ msgID }) => msgID), page.slice(0, 2).reverse().map(({ msgID }) => msgID));
  });
  await t.check('a history of certain kinds has no others', async () => {
    const faces = await phone.message('getHistoryMessageList', {
      $class: 'V2TIMMessageListGetOption', GetType: 1, Count: 2, MessageTypeList: [ELEM.face],
      ...(isGroup ? { GroupID: groupID } : { UserID: web.user }),
    });
    assert.deepEqual(faces.map(({ elemType }) => elemType), [ELEM.face, ELEM.face]);
  });
  await t.check('deleted messages are gone for the phone and stay for the web', async () => {
    const [newest, second] = await history(2, null);
    await phone.message('deleteMessages', [newest]);
    assert.equal((await history(1, null))[0].msgID, second.msgID);
    const again = await t.web(`again_${where}`);
    await again.close();
    const known = (await allPages(web, conversation)).flat().map(({ ID }) => ID);
    assert.ok(known.includes(newest.msgID));
  });
  await t.check('a message deleted here alone is left out here', async () => {
    const [newest, second] = await history(2, null);
    await phone.message('deleteMessageFromLocalStorage', newest);
    assert.equal((await history(1, null))[0].msgID, second.msgID);
    assert.deepEqual(await phone.message('findMessages', [newest.msgID, second.msgID]).then((list) => list.map(({ msgID }) => msgID)), [second.msgID]);
  });
  await t.check('a cleared history is empty', async () => {
    await phone.message(isGroup ? 'clearGroupHistoryMessage' : 'clearC2CHistoryMessage', isGroup ? groupID : web.user);
    assert.deepEqual(await history(10, null), []);
  });
}

async function inGroups(t) {
  const phone = await t.phone('phone_i');
  const web = await t.web('web_i');
  const other = await t.phone('other_i');
  const groupID = await meeting(web);
  for (const one of [phone, other]) await one.sdk('joinGroup', groupID, '');

  await t.check('two phones hear each other', async () => {
    await phone.say(groupID, 'phone to phone');
    const seen = await other.received('phone to phone');
    assert.deepEqual([seen.sender, seen.groupID], ['phone_i', groupID]);
  });
  await t.check('priorities have the same names on both sides', async () => {
    for (const [priority, word] of [[1, 'High'], [2, 'Normal'], [3, 'Low'], [0, 'Normal']]) {
      await phone.say(groupID, `priority ${priority}`, { priority });
      assert.equal((await web.message(`priority ${priority}`)).priority, word);
      const seen = await other.received(`priority ${priority}`);
      assert.equal(seen.priority, priority || 2);
    }
  });
  await t.check('mentions of a member and of all arrive', async () => {
    const one = await phone.message('createTextAtMessage', '@web', ['web_i']);
    await phone.message('sendMessage', one, null, groupID, 0, false, null);
    assert.deepEqual((await web.message('@web')).atUserList, ['web_i']);
    await web.send('TextAt', { ...web.toGroup(groupID), payload: { text: '@phone', atUserList: ['phone_i'] } });
    assert.deepEqual((await phone.received('@phone')).groupAtUserList, ['phone_i']);
    const [[talk]] = await Promise.all([phone.event('onConversationChanged', ([[found]]) => found.groupAtInfoList.length > 0)]);
    assert.equal(talk[0].groupAtInfoList[0].atType, 1);
    await other.received('@phone');
  });
  await t.check('a message for one member is told to nobody else', async () => {
    const message = await phone.message('createTextMessage', 'for web alone');
    await phone.message('createTargetedGroupMessage', message, ['web_i']);
    await phone.message('sendMessage', message, null, groupID, 0, false, null);
    await web.message('for web alone');
    await phone.say(groupID, 'for all');
    await other.received('for all');
    assert.deepEqual(other.texts(), ['for all']);
  });
  await t.check('the simple calls send, and the simple listener hears', async () => {
    await phone.sdk('sendGroupTextMessage', 'simple text', groupID, 1);
    const [, group, sender, text] = await other.event('simpleGroupText', (told) => told[3] === 'simple text');
    assert.deepEqual([group, sender.userID, text], [groupID, 'phone_i', 'simple text']);
    await phone.sdk('sendGroupCustomMessage', 'simple data', groupID, 2);
    const [, , , data] = await other.event('simpleGroupCustom');
    assert.equal(data.text, 'simple data');
  });
  await t.check('a name card stands in the messages of its member', async () => {
    await phone.group('setGroupMemberInfo', groupID, { $class: 'V2TIMGroupMemberFullInfo', UserID: 'phone_i', NameCard: 'The Phone' });
    await phone.say(groupID, 'with a card');
    assert.equal((await web.message('with a card')).nameCard, 'The Phone');
    assert.equal((await other.received('with a card')).nameCard, 'The Phone');
  });
  await t.check('messages by their numbers', async () => {
    const one = await phone.say(groupID, 'number one');
    const two = await phone.say(groupID, 'number two');
    const found = await phone.message('getHistoryMessageList', {
      $class: 'V2TIMMessageListGetOption', GetType: 1, GroupID: groupID, MessageSeqList: [one.seq, two.seq],
    });
    assert.deepEqual(found.map(({ textElem }) => textElem.text).sort(), ['number one', 'number two']);
  });
  await t.check('lastMsgSeq is part of the page', async () => {
    const one = await phone.say(groupID, 'from here');
    await phone.say(groupID, 'not this');
    const [newest] = await phone.message('getHistoryMessageList', {
      $class: 'V2TIMMessageListGetOption', GetType: 1, GroupID: groupID, Count: 3, LastMsgSeq: one.seq,
    });
    assert.equal(newest.textElem.text, 'from here');
  });
  await t.check('who is not in a group is refused with the gateway\'s code', async () => {
    const stranger = await t.phone('stranger_i');
    assert.equal((await stranger.refusal('message', 'getGroupHistoryMessageList', groupID, 10, null)).code, 10007);
    const message = await stranger.message('createTextMessage', 'let me in');
    assert.equal((await stranger.refusal('message', 'sendMessage', message, null, groupID, 0, false, null)).code, 10007);
  });
  await t.check('a message that was refused has failed, and is sent again under its ID', async () => {
    const late = await t.phone('late_i');
    const message = await late.message('createTextMessage', 'second try');
    const first = await late.refusal('message', 'sendMessage', message, null, groupID, 0, false, null);
    assert.ok(first.returned);
    await late.sdk('joinGroup', groupID, '');
    const { result, returned } = await late.whole('message', 'sendMessage', message, null, groupID, 0, false, null);
    assert.equal(returned, first.returned);
    assert.equal(result.status, STATUS.sent);
    assert.equal((await web.message('second try')).ID, returned);
  });
}

async function betweenUsers(t) {
  const phone = await t.phone('phone_b');
  const web = await t.web('web_b');
  await t.check('what the peer has read is told, and stands in the messages', async () => {
    const sent = await phone.tell('web_b', 'read me');
    await web.message('read me');
    await web.setMessageRead({ conversationID: `C2C${phone.user}` });
    const [[receipt]] = await phone.event('onRecvC2CReadReceipt');
    assert.equal(receipt.userID, 'web_b');
    assert.ok(receipt.timestamp >= sent.timestamp);
    const [found] = await phone.message('findMessages', [sent.msgID]);
    assert.equal(found.peerRead, true);
  });
  await t.check('what the phone has read the web is told', async () => {
    await web.tell('phone_b', 'read by the phone');
    await phone.received('read by the phone');
    const isRead = async () => (await phone.message('getC2CHistoryMessageList', 'web_b', 1, null))[0].read;
    assert.equal(await isRead(), false);
    await phone.message('markC2CMessageAsRead', 'web_b');
    await web.event('MESSAGE_READ_BY_PEER');
    assert.equal(await isRead(), true);
  });
  await t.check('to oneself, from phone to browser', async () => {
    const own = await t.web('phone_b');
    await phone.sdk('sendC2CTextMessage', 'note', 'web_b');
    const seen = await own.message('note');
    assert.equal(seen.to, 'web_b');
  });
  await t.check('how one is told of a peer is kept at the gateway', async () => {
    await phone.message('setC2CReceiveMessageOpt', ['web_b'], 2);
    const [info] = await phone.message('getC2CReceiveMessageOpt', ['web_b']);
    assert.deepEqual([info.userID, info.c2CReceiveMessageOpt], ['web_b', 2]);
    assert.equal(await phone.conversation('getTotalUnreadMessageCount'), 0);
  });
}

/** Windows of time, in which both ends are. */
async function times(t) {
  const phone = await t.phone('phone_t');
  const web = await t.web('web_t');
  const groupID = await meeting(web);
  await phone.sdk('joinGroup', groupID, '');
  for (const [where, there] of [['a group', { GroupID: groupID }], ['a user', { UserID: 'web_t' }]]) {
    const say = (text) => (there.GroupID ? phone.say(groupID, text) : phone.tell('web_t', text));
    const seconds = [];
    for (let part = 0; part < 3; part += 1) {
      // More than a page of the gateway, so that the beginning has to be looked for.
      let last;
      for (let count = 0; count < 25; count += 1) last = await say(`${part}.${count}`);
      seconds.push(last.timestamp);
      // Two seconds lie apart, so that there is a window between them.
      await elapse(2_100);
    }
    const read = async (type, more) => (await phone.message('getHistoryMessageList', {
      $class: 'V2TIMMessageListGetOption', GetType: type, Count: 100, MessageTypeList: [ELEM.text], ...there, ...more,
    })).map(({ textElem }) => textElem.text);
    const parts = (...numbers) => numbers.flatMap((part) => Array.from({ length: 25 }, (_, count) => `${part}.${count}`));

    await t.check(`the history of ${where} from a time back, newest first`, async () => {
      assert.deepEqual(await read(1, { GetTimeBegin: seconds[1] }), parts(0, 1).reverse());
      assert.deepEqual(await read(1, { GetTimeBegin: seconds[0] - 3_600 }), []);
      assert.deepEqual(await read(1, { GetTimeBegin: seconds[2] + 3_600 }), parts(0, 1, 2).reverse());
    });
    await t.check(`the history of ${where} from a time on, oldest first`, async () => {
      assert.deepEqual(await read(2, { GetTimeBegin: seconds[0] + 1 }), parts(1, 2));
      assert.deepEqual(await read(2, { GetTimeBegin: seconds[0] - 3_600 }), parts(0, 1, 2));
      assert.deepEqual(await read(2, { GetTimeBegin: seconds[2] + 1 }), []);
    });
    await t.check(`the history of ${where} within a window`, async () => {
      const window = { GetTimeBegin: seconds[1], GetTimePeriod: seconds[1] - seconds[0] - 1 };
      assert.deepEqual(await read(1, window), parts(1).reverse());
      assert.deepEqual(await read(2, { GetTimeBegin: seconds[0] + 1, GetTimePeriod: seconds[1] - seconds[0] - 1 }), parts(1));
      assert.deepEqual(await read(1, { GetTimePeriod: 3_600 }), parts(0, 1, 2).reverse());
      assert.deepEqual(await read(1, { ...window, Count: 3 }), parts(1).reverse().slice(0, 3));
    });
    await t.check(`what is known here of ${where} within a window`, async () => {
      assert.deepEqual(await read(3, { GetTimeBegin: seconds[1], GetTimePeriod: seconds[1] - seconds[0] - 1 }), parts(1).reverse());
      assert.deepEqual(await read(4, { GetTimeBegin: seconds[1] + 1 }), parts(2));
    });
  }
  await t.check('messages of a group by their numbers, more than the gateway gives at once', async () => {
    const all = await phone.message('getHistoryMessageList', { $class: 'V2TIMMessageListGetOption', GetType: 1, GroupID: groupID, Count: 50 });
    const numbers = all.map(({ seq }) => seq);
    const read = (type) => phone.message('getHistoryMessageList', {
      $class: 'V2TIMMessageListGetOption', GetType: type, GroupID: groupID, MessageSeqList: [...numbers, 1_000_000],
    });
    assert.deepEqual((await read(1)).map(({ seq }) => seq), numbers);
    assert.deepEqual((await read(2)).map(({ seq }) => seq), [...numbers].reverse());
  });
}

async function badInput(t) {
  const phone = await t.phone('phone_x');
  await t.web('web_x');
  const refused = async (code, manager, ...call) => {
    const error = await phone.refusal(manager, ...call);
    assert.equal(error.code, code, `${call[0]}: ${error.text}`);
    assert.ok(error.text.length > 10);
    return error;
  };
  await t.check('a message for nobody, null, or without an element is refused with 6017', async () => {
    const text = await phone.message('createTextMessage', 'x');
    await refused(6017, 'message', 'sendMessage', text, '', '', 0, false, null);
    await refused(6017, 'message', 'sendMessage', text, null, null, 0, false, null);
    await refused(6017, 'message', 'sendMessage', null, 'a', null, 0, false, null);
    for (const empty of [null, '']) {
      await refused(6017, 'message', 'sendMessage', await phone.message('createTextMessage', empty), 'a', null, 0, false, null);
      await refused(6017, 'message', 'sendMessage', await phone.message('createCustomMessage', empty), 'a', null, 0, false, null);
    }
  });
  await t.check('a message that is too large is refused with 8001 before it is sent', async () => {
    await refused(8001, 'message', 'sendMessage', await phone.message('createTextMessage', 'a'.repeat(13_000)), 'a', null, 0, false, null);
  });
  await t.check('half of a character is refused with 6017', async () => {
    await refused(6017, 'message', 'sendMessage', await phone.message('createTextMessage', 'a\ud83d'), 'a', null, 0, false, null);
  });
  await t.check('what is not sent by this version is refused with 7013', async () => {
    await refused(7013, 'message', 'sendMessage', await phone.message('createImageMessage', '/tmp/none.png'), 'a', null, 0, false, null);
    await refused(7013, 'message', 'sendMessage', await phone.message('createFileMessage', '/tmp/none', 'n'), 'a', null, 0, false, null);
  });
  await t.check('a message that was sent is not sent again', async () => {
    const { result } = await phone.send('Text', ['once'], { to: 'web_x' });
    await refused(6017, 'message', 'sendMessage', result, 'web_x', null, 0, false, null);
  });
  await t.check('histories of nobody, and of no length, are refused with 6017', async () => {
    await refused(6017, 'message', 'getC2CHistoryMessageList', '', 10, null);
    await refused(6017, 'message', 'getC2CHistoryMessageList', null, 10, null);
    await refused(6017, 'message', 'getGroupHistoryMessageList', null, 10, null);
    await refused(6017, 'message', 'getC2CHistoryMessageList', 'web_x', 0, null);
    await refused(6017, 'message', 'getC2CHistoryMessageList', 'web_x', -1, null);
    await refused(6017, 'message', 'getHistoryMessageList', null);
  });
  await t.check('lists that are empty, null, or have a null are refused with 6017', async () => {
    for (const list of [null, [], [null]]) {
      await refused(6017, 'sdk', 'getUsersInfo', list);
      await refused(6017, 'message', 'deleteMessages', list);
      await refused(6017, 'group', 'getGroupsInfo', list);
      await refused(6017, 'group', 'inviteUserToGroup', 'g', list);
    }
  });
  await t.check('recalls of nothing are refused', async () => {
    await refused(6017, 'message', 'revokeMessage', null);
    await refused(6017, 'message', 'revokeMessage', await phone.message('createTextMessage', 'unsent'));
  });
}

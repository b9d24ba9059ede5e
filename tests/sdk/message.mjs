// Messages in Meeting groups: every kind of body, who gets them, history, recall, reading, deleting.

import assert from 'node:assert/strict';

import {
  allPages, findConversation, forget, groupConversation, identity, meeting, texts, wholeHistory,
} from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { Rest } from './harness/rest.mjs';
import { until } from '../js/wait.mjs';

/** Who speaks through which SDK; alice is the owner of the groups. */
const CASTS = {
  '3.6.6': { alice: 'chat', bob: 'chat', carol: 'chat' },
  '2.27.6': { alice: 'tim-js', bob: 'tim-js', carol: 'tim-js' },
  '3.6.6 to 2.27.6': { alice: 'chat', bob: 'tim-js', carol: 'tim-js' },
  '2.27.6 to 3.6.6': { alice: 'tim-js', bob: 'chat', carol: 'chat' },
};
const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };

/** Three full pages of a server that gives 20 at a time, and a rest. */
const LONG_HISTORY = 67;

export default async function message(t) {
  for (const [label, cast] of Object.entries(CASTS)) {
    const tag = label.replaceAll(/[^0-9a-z]/g, '');
    await t.scene(label, () => bodies(t, cast, `b${tag}`));
    await t.scene(label, () => options(t, cast, `o${tag}`));
    await t.scene(label, () => recall(t, cast, `r${tag}`));
  }
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => otherDevices(t, kind));
    await t.scene(label, () => history(t, kind));
    await t.scene(label, () => own(t, kind));
    await t.scene(label, () => refusals(t, kind));
  }
}

/** The newest messages of a group as the server has them, for a device that has none of them in memory. */
async function newest(device, groupID) {
  const { messageList } = await device.getMessageList({ conversationID: groupConversation(groupID) });
  return messageList;
}

/** A refusal, or the empty list that 2.27.6 shows by itself for a group it does not know. */
async function readsNothing(device, groupID) {
  const asked = device.getMessageList({ conversationID: groupConversation(groupID) });
  const own = device.kind === 'chat' ? null : await asked.catch(() => null);
  if (own) assert.deepEqual(own.messageList, []);
  else await refused(10007, asked);
}

async function bodies(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const rest = new Rest(t.gateway);
  const groupID = await meeting(alice, [bob, carol]);
  const everywhere = async (sent, matches) => {
    for (const device of [bob, carol]) {
      const got = await device.message(matches ?? ((message) => message.ID === sent.ID));
      assert.deepEqual(identity(got), identity(sent));
      assert.equal(got.flow, 'in');
      assert.deepEqual(got.payload, sent.payload);
    }
  };

  await t.check('a text reaches every member as the same message', async () => {
    const sent = await alice.say(groupID, 'hello 大家好 🙂 <b>&"\'\\');
    includes(sent, { status: 'success', flow: 'out', from: alice.user, to: groupID, conversationID: groupConversation(groupID) });
    assert.ok(Math.abs(sent.time - Date.now() / 1000) < 5, `time ${sent.time}`);
    await everywhere(sent);
  });

  await t.check('sequence numbers go up by one, whoever speaks', async () => {
    const first = await alice.say(groupID, 'one');
    const second = await bob.say(groupID, 'two');
    const third = await carol.say(groupID, 'three');
    assert.deepEqual([second.sequence, third.sequence], [first.sequence + 1, first.sequence + 2]);
    await alice.message('three');
    assert.deepEqual(alice.messages().map(({ sequence }) => sequence), [second.sequence, third.sequence]);
  });

  await t.check('a custom message', async () => {
    const payload = { data: '{"gift":"rose"}', description: 'a rose', extension: 'ext' };
    await everywhere(await alice.send('Custom', { ...alice.toGroup(groupID), payload }));
  });

  await t.check('a face', async () => {
    await everywhere(await alice.send('Face', { ...alice.toGroup(groupID), payload: { index: 3, data: 'tt03' } }));
  });

  await t.check('a location', async () => {
    const payload = { description: 'Shenzhen 深圳', longitude: 113.941079, latitude: 22.546103 };
    await everywhere(await alice.send('Location', { ...alice.toGroup(groupID), payload }));
  });

  await t.check('a merged message with its inner messages', async () => {
    const inner = [await bob.say(groupID, 'inner one'), await bob.say(groupID, 'inner two')];
    const sent = await bob.send('Merger', {
      ...bob.toGroup(groupID),
      payload: { messageList: inner, title: 'A talk', abstractList: ['bob: inner one', 'bob: inner two'], compatibleText: 'too old' },
    });
    const got = await alice.message(({ ID }) => ID === sent.ID);
    includes(got.payload, { title: 'A talk', abstractList: ['bob: inner one', 'bob: inner two'], compatibleText: 'too old' });
    assert.deepEqual(got.payload.messageList.map(({ messageBody }) => messageBody[0].payload.text), ['inner one', 'inner two']);
  });

  // The SDKs upload files by a plug-in, so bodies with files are first said by the back end, then forwarded by an SDK.
  const files = {
    'an image': {
      MsgType: 'TIMImageElem',
      MsgContent: {
        UUID: 'img-1', ImageFormat: 1,
        ImageInfoArray: [1, 2, 3].map((type) => ({ Type: type, Size: 1000, Width: 400, Height: 300, URL: `https://files.example/i${type}.jpg` })),
      },
    },
    'a file': {
      MsgType: 'TIMFileElem',
      MsgContent: { UUID: 'file-1', FileName: 'Bericht 报告.pdf', FileSize: 4711, Url: 'https://files.example/f.pdf', Download_Flag: 2 },
    },
    'a sound': {
      MsgType: 'TIMSoundElem',
      MsgContent: { UUID: 'snd-1', Url: 'https://files.example/s.mp3', Size: 900, Second: 4, Download_Flag: 2 },
    },
    'a video': {
      MsgType: 'TIMVideoFileElem',
      MsgContent: {
        VideoUUID: 'vid-1', VideoUrl: 'https://files.example/v.mp4', VideoSize: 9000, VideoSecond: 8, VideoFormat: 'mp4', VideoDownloadFlag: 2,
        ThumbUUID: 'th-1', ThumbUrl: 'https://files.example/t.jpg', ThumbSize: 90, ThumbWidth: 40, ThumbHeight: 30, ThumbFormat: 'JPG', ThumbDownloadFlag: 2,
      },
    },
  };
  for (const [what, element] of Object.entries(files)) {
    await t.check(`${what}, from the back end and forwarded by a member`, async () => {
      const { MsgSeq } = await rest.say(groupID, '', alice.user, { MsgBody: [element] });
      const got = await bob.message(({ sequence }) => sequence === MsgSeq);
      assert.equal(got.type, element.MsgType);
      const url = JSON.stringify(got.payload);
      assert.match(url, /https:\/\/files\.example\//);
      const sent = await bob.send('Forward', { ...bob.toGroup(groupID), payload: got });
      const forwarded = await carol.message(({ ID }) => ID === sent.ID);
      assert.equal(forwarded.type, element.MsgType);
      assert.match(JSON.stringify(forwarded.payload), /https:\/\/files\.example\//);
    });
  }

  await t.check('all of these are in the history as they were sent', async () => {
    await forget(carol);
    const found = await newest(carol, groupID);
    const custom = found.find(({ payload }) => payload.description === 'a rose');
    const face = found.find(({ type }) => type === 'TIMFaceElem');
    const location = found.find(({ type }) => type === 'TIMLocationElem');
    assert.deepEqual(custom?.payload, { data: '{"gift":"rose"}', description: 'a rose', extension: 'ext' });
    assert.deepEqual(face?.payload, { index: 3, data: 'tt03' });
    assert.deepEqual(location?.payload, { description: 'Shenzhen 深圳', longitude: 113.941079, latitude: 22.546103 });
    for (const type of ['TIMImageElem', 'TIMFileElem', 'TIMSoundElem', 'TIMVideoFileElem']) {
      assert.ok(found.some((message) => message.type === type), `no ${type} in ${found.map((message) => message.type)}`);
    }
  });
}

async function options(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const groupID = await meeting(alice, [bob, carol]);

  await t.check('@ of one member marks the conversation of that member only', async () => {
    const sent = await alice.send('TextAt', { ...alice.toGroup(groupID), payload: { text: '@bob look', atUserList: [bob.user] } });
    for (const device of [bob, carol]) {
      const got = await device.message('@bob look');
      assert.deepEqual(got.atUserList, [bob.user]);
    }
    const marks = await until(() => marksOf(bob, groupID), 5_000, 'bob sees the mark');
    assert.deepEqual(marks.map(({ from, messageSequence, atTypeArray }) => ({ from, messageSequence, atTypeArray })), [
      { from: alice.user, messageSequence: sent.sequence, atTypeArray: [1] },
    ]);
    assert.equal(await marksOf(carol, groupID), null);
  });

  await t.check('@ of all marks everybody, and goes when the conversation is read', async () => {
    await alice.send('TextAt', { ...alice.toGroup(groupID), payload: { text: '@all look', atUserList: [alice.types.MSG_AT_ALL] } });
    await carol.message('@all look');
    const marks = await until(() => marksOf(carol, groupID), 5_000, 'carol sees the mark');
    assert.deepEqual(marks.map(({ atTypeArray }) => atTypeArray), [[2]]);
    await carol.setMessageRead({ conversationID: groupConversation(groupID) });
    await until(async () => await marksOf(carol, groupID) === null, 5_000, 'the mark goes');
  });

  await t.check('@ of a member who is away is shown when they come back, until they read', async () => {
    await carol.logout();
    const sent = await alice.send('TextAt', { ...alice.toGroup(groupID), payload: { text: '@carol', atUserList: [carol.user] } });
    await bob.message('@carol');
    await carol.signIn();
    const marks = await until(() => marksOf(carol, groupID), 5_000, 'carol sees the mark');
    assert.ok(marks.some(({ messageSequence }) => messageSequence === sent.sequence));
    await carol.setMessageRead({ conversationID: groupConversation(groupID) });
    await forget(carol);
    await carol.getConversationList();
    assert.equal(await marksOf(carol, groupID), null);
  });

  await t.check('cloudCustomData goes with the message, live and in the history', async () => {
    const cloudCustomData = '{"reply":{"to":"一"}}';
    const sent = await alice.say(groupID, 'with cloud data', { cloudCustomData });
    includes(await bob.message('with cloud data'), { cloudCustomData });
    await forget(carol);
    includes((await newest(carol, groupID)).find(({ ID }) => ID === sent.ID), { cloudCustomData });
  });

  await t.check('each priority arrives as it was given', async () => {
    for (const priority of ['High', 'Normal', 'Low', 'Lowest']) {
      await alice.say(groupID, `priority ${priority}`, { priority });
      includes(await bob.message(`priority ${priority}`), { priority });
    }
  });

  await t.check('an online-only message is delivered, takes no number and is not in the history', async () => {
    const before = await alice.say(groupID, 'stored before');
    await alice.say(groupID, 'for those who are here', {}, { onlineUserOnly: true });
    await Promise.all([bob.message('for those who are here'), carol.message('for those who are here')]);
    const after = await alice.say(groupID, 'stored after');
    assert.equal(after.sequence, before.sequence + 1);
    await forget(carol);
    const kept = texts(await newest(carol, groupID));
    assert.ok(kept.includes('stored before') && kept.includes('stored after'));
    assert.ok(!kept.includes('for those who are here'));
  });

  await t.check('a message kept out of the last message leaves the conversation\'s line alone', async () => {
    await alice.say(groupID, 'the last line');
    await alice.say(groupID, 'not a last line', {}, { messageControlInfo: { excludedFromLastMessage: true, excludedFromUnreadCount: true } });
    await bob.message('not a last line');
    await forget(bob);
    const shown = await until(() => findConversation(bob, groupConversation(groupID)), 5_000, 'the conversation is listed');
    assert.equal(shown.lastMessage.messageForShow, 'the last line');
  });
}

async function marksOf(device, groupID) {
  const found = await findConversation(device, groupConversation(groupID));
  return found?.groupAtInfoList?.length > 0 ? found.groupAtInfoList : null;
}

async function recall(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const groupID = await meeting(alice, [bob, carol]);
  const recalled = (device, ID) => device.event('MESSAGE_REVOKED', (list) => list.some((message) => message.ID === ID));

  await t.check('a member recalls their own message; all see it, and the history says so', async () => {
    const sent = await bob.say(groupID, 'a slip');
    await Promise.all([alice.message('a slip'), carol.message('a slip')]);
    await bob.revokeMessage(sent);
    await Promise.all([recalled(alice, sent.ID), recalled(carol, sent.ID)]);
    await forget(carol);
    includes((await newest(carol, groupID)).find(({ ID }) => ID === sent.ID), { isRevoked: true, sequence: sent.sequence });
  });

  await t.check('the owner recalls the message of a member', async () => {
    const sent = await bob.say(groupID, 'something rude');
    const seen = await alice.message('something rude');
    await carol.message('something rude');
    await alice.revokeMessage(seen);
    await Promise.all([recalled(bob, sent.ID), recalled(carol, sent.ID)]);
  });

  await t.check('a member may not recall the message of another: 10007', async () => {
    await alice.say(groupID, 'this stays');
    const seen = await bob.message('this stays');
    await refused(10007, bob.revokeMessage(seen));
    await forget(carol);
    includes((await newest(carol, groupID)).find(({ payload }) => payload.text === 'this stays'), { isRevoked: false });
  });

  await t.check('who comes later sees the recalled message as recalled, in its place', async () => {
    await alice.say(groupID, 'first of three');
    const middle = await alice.say(groupID, 'second of three');
    await alice.say(groupID, 'third of three');
    await alice.revokeMessage(middle);
    const dan = await t.login(`dan_${tag}`, cast.bob);
    await dan.joinGroup({ groupID });
    const three = (await newest(dan, groupID)).slice(-3);
    assert.deepEqual(three.map(({ isRevoked }) => isRevoked), [false, true, false]);
    assert.deepEqual(three.map(({ sequence }) => sequence), [middle.sequence - 1, middle.sequence, middle.sequence + 1]);
    await dan.close();
  });
}

async function otherDevices(t, kind) {
  const { alice, bob } = await t.logins(`dev_${kind}`, { alice: kind, bob: kind });
  const groupID = await meeting(alice, [bob]);
  const phone = await t.login(alice.user, 'tim-wx');

  await t.check('the sender\'s other device shows the message as outgoing', async () => {
    const sent = await alice.say(groupID, 'from my desk');
    const copy = await phone.message('from my desk');
    assert.deepEqual(identity(copy), identity(sent));
    includes(copy, { flow: 'out' });
    await bob.message('from my desk');
    assert.equal(bob.messages(({ payload }) => payload.text === 'from my desk').length, 1);
    const back = await phone.say(groupID, 'from my phone');
    includes(await alice.message('from my phone'), { flow: 'out', ID: back.ID });
  });

  await t.check('the sending device itself gets no copy', async () => {
    await alice.say(groupID, 'no echo');
    await bob.message('no echo');
    await bob.say(groupID, 'after no echo');
    await alice.message('after no echo');
    assert.deepEqual(alice.messages().map(({ payload }) => payload.text), ['after no echo']);
  });

  await t.check('both devices of a member get what others say', async () => {
    await bob.say(groupID, 'to both devices');
    const [desk, mobile] = await Promise.all([alice.message('to both devices'), phone.message('to both devices')]);
    assert.deepEqual(identity(desk), identity(mobile));
  });

  await t.check('a recall reaches the other device of the one who recalls', async () => {
    const sent = await alice.say(groupID, 'to be taken back');
    await phone.message('to be taken back');
    await alice.revokeMessage(sent);
    await phone.event('MESSAGE_REVOKED', (list) => list.some(({ ID }) => ID === sent.ID));
  });

  await t.check('a group created on one device is usable on the other', async () => {
    const made = await meeting(alice);
    await phone.say(made, 'from the other device');
    await alice.message('from the other device');
  });
}

async function history(t, kind) {
  const { alice, bob } = await t.logins(`h_${kind}`, { alice: kind, bob: kind });
  const groupID = await meeting(alice, [bob]);
  const conversationID = groupConversation(groupID);
  const sent = [];
  for (let n = 0; n < LONG_HISTORY; n += 1) sent.push(await (n % 3 === 0 ? bob : alice).say(groupID, `line ${n}`));
  const lines = texts(sent);

  const late = await t.login(`late_${kind}`, kind);
  await late.joinGroup({ groupID });

  await t.check(`who joins later reads all ${LONG_HISTORY} messages page by page, each once and in order`, async () => {
    const pages = await allPages(late, conversationID);
    assert.deepEqual(texts(pages.flat()), lines);
    assert.ok(pages.length > 3, `${pages.length} pages`);
  });

  await t.check('who was there reads the same after a new login', async () => {
    await forget(bob);
    const pages = await allPages(bob, conversationID);
    assert.deepEqual(texts(pages.flat()), lines);
    assert.deepEqual(pages.flat().filter(({ type }) => type === 'TIMTextElem').map(identity), sent.map(identity));
  });

  await t.check('messages that come while one pages do not disturb the pages', async () => {
    await forget(bob);
    const first = await bob.getMessageList({ conversationID });
    for (let n = 0; n < 5; n += 1) await alice.say(groupID, `meanwhile ${n}`);
    await bob.message('meanwhile 4');
    const rest = await allPages(bob, conversationID, first.nextReqMessageID);
    // 2.27.6 begins again at the newest message once its memory is used up, so it may show some twice.
    const paged = texts([...rest.flat(), ...first.messageList]).filter((text) => text.startsWith('line'));
    if (kind === 'chat') assert.deepEqual(paged, lines);
    else assert.deepEqual([...new Set(paged)], lines);
  });

  await t.check('hopping from a sequence gives what is older', async () => {
    await forget(bob);
    const middle = sent[40];
    const { messageList } = await bob.getMessageListHopping({ conversationID, sequence: middle.sequence, direction: 0 });
    const around = texts(messageList);
    assert.ok(around.length >= 10, `${around.length} messages`);
    assert.deepEqual(around, lines.slice(lines.indexOf(around[0]), lines.indexOf(around[0]) + around.length));
    assert.ok(around.includes('line 39'));
    assert.ok(!around.includes('line 41'));
  });

  await t.check('hopping from a sequence gives what is newer, up to the newest', async () => {
    const middle = sent[20];
    const seen = [];
    let sequence = middle.sequence;
    for (let page = 0; page < 20; page += 1) {
      const { messageList, isCompleted } = await bob.getMessageListHopping({ conversationID, sequence, direction: 1 });
      seen.push(...messageList);
      if (isCompleted || messageList.length === 0) break;
      sequence = messageList.at(-1).sequence + 1;
    }
    const hopped = texts(seen).filter((text) => text.startsWith('line'));
    assert.deepEqual(hopped, lines.slice(lines.indexOf(hopped[0])));
    assert.ok(lines.indexOf(hopped[0]) <= 21, `it begins with ${hopped[0]}`);
  });

  await t.check('who has left may not read the history', async () => {
    const gone = await t.login(`gone_${kind}`, kind);
    await gone.joinGroup({ groupID });
    await gone.quitGroup(groupID);
    await forget(gone);
    await readsNothing(gone, groupID);
    await gone.close();
  });
}

async function own(t, kind) {
  const { alice, bob } = await t.logins(`own_${kind}`, { alice: kind, bob: kind });

  await t.check('a deleted message is gone for the one who deleted it, and only for them', async () => {
    const groupID = await meeting(alice, [bob]);
    await alice.say(groupID, 'keep one');
    await alice.say(groupID, 'delete this');
    await alice.say(groupID, 'keep two');
    await bob.message('keep two');
    const target = await bob.message('delete this');
    await bob.deleteMessage([target]);
    await forget(bob);
    assert.deepEqual(texts(await wholeHistory(bob, groupConversation(groupID))), ['keep one', 'keep two']);
    await forget(alice);
    assert.deepEqual(texts(await wholeHistory(alice, groupConversation(groupID))), ['keep one', 'delete this', 'keep two']);
  });

  await t.check('clearHistoryMessage empties the history of the one who cleared, and only theirs', async () => {
    const groupID = await meeting(alice, [bob]);
    await alice.say(groupID, 'old');
    await bob.message('old');
    await bob.clearHistoryMessage(groupConversation(groupID));
    await forget(bob);
    assert.deepEqual(texts(await wholeHistory(bob, groupConversation(groupID))), []);
    await alice.say(groupID, 'new');
    await bob.message('new');
    await forget(bob);
    assert.deepEqual(texts(await wholeHistory(bob, groupConversation(groupID))), ['new']);
    await forget(alice);
    assert.deepEqual(texts(await wholeHistory(alice, groupConversation(groupID))), ['old', 'new']);
  });

  await t.check('a Meeting counts nothing as unread: not live, not on another device, not for who was away', async () => {
    const groupID = await meeting(alice, [bob]);
    const phone = await t.login(bob.user, 'tim-wx');
    await alice.say(groupID, 'not counted');
    await Promise.all([bob.message('not counted'), phone.message('not counted')]);
    for (const device of [bob, phone]) includes(await findConversation(device, groupConversation(groupID)), { unreadCount: 0 });
    assert.equal(await bob.getTotalUnreadMessageCount(), 0);
    await phone.close();
    await bob.logout();
    for (const text of ['one', 'two', 'three']) await alice.say(groupID, text);
    await bob.signIn();
    const shown = await until(() => findConversation(bob, groupConversation(groupID)), 5_000, 'the conversation is listed');
    includes(shown, { unreadCount: 0 });
    assert.equal(shown.lastMessage.messageForShow, 'three');
  });

  await t.check('setMessageRead of a group is accepted', async () => {
    const groupID = await meeting(alice, [bob]);
    await alice.say(groupID, 'read me');
    await bob.message('read me');
    await bob.setMessageRead({ conversationID: groupConversation(groupID) });
    await forget(bob);
    includes(await until(() => findConversation(bob, groupConversation(groupID)), 5_000, 'the conversation is listed'), { unreadCount: 0 });
  });

  await t.check('a message that was refused can be sent again, as the same message', async () => {
    const groupID = await meeting(alice, [bob]);
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 600 });
    const { data } = await refused(10017, bob.say(groupID, 'second try'));
    includes(data.message, { status: 'fail' });
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 0 });
    const { message: sent } = await bob.resendMessage(data.message);
    includes(sent, { status: 'success', ID: data.message.ID });
    includes(await alice.message('second try'), { ID: sent.ID });
  });
}

async function refusals(t, kind) {
  const { alice, bob, carol } = await t.logins(`no_${kind}`, { alice: kind, bob: kind, carol: kind });
  const groupID = await meeting(alice, [bob]);

  await t.check('who is not a member may not speak: 10007', async () => {
    await refused(10007, carol.say(groupID, 'let me in'));
    await alice.say(groupID, 'members only');
    await bob.message('members only');
    assert.deepEqual(carol.messages(), []);
    assert.deepEqual(bob.messages().map(({ payload }) => payload.text), ['members only']);
  });

  await t.check('who is not a member may not read', () => readsNothing(carol, groupID));

  await t.check('a message to a group that does not exist is refused with 10010', () =>
    refused(10010, alice.say(`none_${kind}`, 'anyone?')));

  await t.check('a message of 12 KB is delivered whole, one of 13 KB is refused with 80002', async () => {
    const fits = 'x'.repeat(11_900);
    await alice.say(groupID, fits);
    await bob.message(fits);
    await refused(80002, alice.say(groupID, 'x'.repeat(13 * 1024)));
    await alice.say(groupID, 'short again');
    await bob.message('short again');
  });

  await t.check('a message of 12 KB is counted in bytes, not in characters', () =>
    refused(80002, alice.say(groupID, '会'.repeat(5_000))));
}

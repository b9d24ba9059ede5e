// AVChatRooms beside the web: one is in them by being there, and nothing of what is said is kept.

import assert from 'node:assert/strict';

import { NOTICE, hasGroup, notice, texts } from '../../sdk/harness/actions.mjs';
import { includes, refused } from '../../sdk/harness/expect.mjs';
import { Gateway } from '../../sdk/harness/gateway.mjs';
import { Relay } from '../../sdk/harness/relay.mjs';
import { until } from '../../js/wait.mjs';
import { CHANGE, ROLE, info } from './words.mjs';

const PRIORITY = { high: 1, normal: 2, low: 3 };
const TIP = { joined: 1, left: 2, banned: 10 };

/** Seconds for which somebody is kept out. */
const A_WHILE = 6;

/** What the web is told of the members of a room. */
const tip = (groupID, kind, userID) => ({ to, type, payload }) => type === 'TIMGroupTipElem' && to === groupID
  && payload.operationType === kind && (payload.operatorID === userID || payload.userIDList?.includes(userID));
const about = (groupID, userID) => ([id, of]) => id === groupID && [of].flat().some((member) => member.userID === userID);

async function newWeb(t, user, settings) {
  const web = await t.web(user, settings);
  await web.getGroupList();
  await web.quiet();
  return web;
}

export async function live(t) {
  const phone = await t.phone('phone_l');
  const other = await t.phone('other_l');
  const web = await newWeb(t, 'web_l');
  const history = (device, more = {}) => device.message('getHistoryMessageList', {
    $class: 'V2TIMMessageListGetOption', GroupID: 'live_l', Count: 20, GetType: 1, ...more,
  });

  await t.check('the phone makes one and is in it, and is told who joins', async () => {
    assert.equal(await phone.sdk('createGroup', 'AVChatRoom', 'live_l', 'Live'), 'live_l');
    await phone.event('onMemberEnter', about('live_l', 'phone_l'));
    const [{ resultCode, groupInfo }] = await phone.group('getGroupsInfo', ['live_l']);
    assert.equal(resultCode, 0);
    includes(groupInfo, { groupType: 'AVChatRoom', groupName: 'Live', owner: 'phone_l', role: ROLE.owner });
    assert.equal((await web.joinGroup({ groupID: 'live_l' })).status, 'JoinedSuccess');
    await phone.event('onMemberEnter', about('live_l', 'web_l'));
    await other.sdk('joinGroup', 'live_l', '');
    await phone.event('onMemberEnter', about('live_l', 'other_l'));
    await web.message(tip('live_l', TIP.joined, 'other_l'));
  });
  await t.check('who stands outside learns what it is', async () => {
    const stranger = await t.phone('stranger_l');
    const [{ resultCode, groupInfo }] = await stranger.group('getGroupsInfo', ['live_l']);
    assert.deepEqual([resultCode, groupInfo.groupType, groupInfo.groupName], [0, 'AVChatRoom', 'Live']);
    await stranger.close();
  });
  await t.check('all hear the others once and in order, with the same IDs', async () => {
    const said = [];
    for (const [device, text] of [[phone, 'one'], [web, 'two'], [other, 'three'], [web, 'four'], [phone, 'five']]) {
      said.push(await device.say('live_l', text));
      await Promise.all([phone, web, other].filter((hearer) => hearer !== device)
        .map((hearer) => (hearer === web ? web.message(text) : hearer.received(text))));
    }
    assert.deepEqual(phone.texts(), ['two', 'three', 'four']);
    assert.deepEqual(other.texts(), ['one', 'two', 'four', 'five']);
    assert.deepEqual(texts(web.messages(({ to }) => to === 'live_l')), ['one', 'three', 'five']);
    assert.deepEqual(phone.messages().map(({ msgID }) => msgID), [said[1].ID, said[2].msgID, said[3].ID]);
    const seqs = said.map(({ seq, sequence }) => seq ?? sequence);
    assert.deepEqual([...seqs].sort((a, b) => a - b), seqs);
  });
  await t.check('how much a message matters is told both ways', async () => {
    for (const [name, priority] of Object.entries(PRIORITY)) {
      await phone.send('Custom', [{ base64: Buffer.from(name).toString('base64') }], { group: 'live_l', priority });
      const heard = await web.message(({ payload }) => payload.data === name);
      assert.equal(heard.priority, web.types[`MSG_PRIORITY_${name.toUpperCase()}`]);
      await web.say('live_l', `back ${name}`, { priority: web.types[`MSG_PRIORITY_${name.toUpperCase()}`] });
      assert.equal((await other.received(`back ${name}`)).priority, priority);
    }
  });
  await t.check('it is in no list, counts nothing unread, and makes no conversation', async () => {
    const names = [phone, other].flatMap((device) => device.allEvents('onNewConversation').concat(device.allEvents('onConversationChanged')));
    assert.ok(!names.flat(2).some(({ groupID }) => groupID === 'live_l'));
    for (const device of [phone, other]) {
      assert.deepEqual(await device.group('getJoinedGroupList'), []);
      assert.deepEqual((await device.conversation('getConversationList', 0, 100)).conversationList, []);
      assert.equal(await device.conversation('getTotalUnreadMessageCount'), 0);
      await device.message('markGroupMessageAsRead', 'live_l');
      includes(await device.conversation('getConversation', 'group_live_l'), { groupID: 'live_l', unreadCount: 0, lastMessage: null });
    }
  });
  await t.check('its history is empty, both ways and from where one likes', async () => {
    for (const device of [phone, other]) {
      assert.deepEqual(await device.message('getGroupHistoryMessageList', 'live_l', 20, null), []);
      for (const more of [{ GetType: 2 }, { GetType: 3 }, { GetTimeBegin: Math.floor(Date.now() / 1000) }, { MessageSeqList: [1, 2] }]) {
        assert.deepEqual(await history(device, more), []);
      }
    }
  });
  await t.check('messages are taken back both ways', async () => {
    const slip = await other.say('live_l', 'a slip');
    await web.message('a slip');
    const heard = await phone.received('a slip');
    await other.message('revokeMessage', { $object: slip.$object });
    await web.event('MESSAGE_REVOKED', (gone) => gone.some(({ ID }) => ID === slip.msgID));
    assert.equal((await phone.event('onRecvMessageRevoked'))[0], heard.msgID);
    const said = await web.say('live_l', 'another');
    await other.received('another');
    await web.revokeMessage(said);
    await other.event('onRecvMessageRevoked', ([id]) => id === said.ID);
  });
  await t.check('who is there is listed and counted', async () => {
    const roles = async () => Object.fromEntries((await other.group('getGroupMemberList', 'live_l', 0, 0)).memberInfoList
      .map(({ userID, role }) => [userID, role]));
    await until(async () => Object.keys(await roles()).length === 3, 25_000, 'all three are listed');
    assert.deepEqual(await roles(), { phone_l: ROLE.owner, other_l: ROLE.member, web_l: ROLE.member });
    assert.equal(await phone.group('getGroupOnlineMemberCount', 'live_l'), 3);
    const owners = await other.group('getGroupMemberList', 'live_l', 1, 0);
    assert.deepEqual(owners.memberInfoList.map(({ userID }) => userID), ['phone_l']);
    const named = await phone.group('getGroupMembersInfo', 'live_l', ['other_l', 'stranger_l']);
    assert.deepEqual(named.map(({ userID }) => userID), ['other_l']);
  });
  await t.check('who is muted does not speak, nor does anybody when all are, and the owner may', async () => {
    const psst = async (device) => {
      const message = await device.message('createTextMessage', 'psst');
      return device.refusal('message', 'sendMessage', message, null, 'live_l', 0, false, null);
    };
    await phone.group('muteGroupMember', 'live_l', 'other_l', 60);
    assert.equal((await psst(other)).code, 10017);
    await phone.group('muteGroupMember', 'live_l', 'other_l', 0);
    await phone.group('muteAllGroupMembers', 'live_l', true);
    await other.event('onAllGroupMembersMuted', ([id, isMute]) => id === 'live_l' && isMute);
    assert.equal((await psst(other)).code, 10017);
    await refused(10017, web.say('live_l', 'psst'));
    await phone.say('live_l', 'the owner speaks');
    await other.received('the owner speaks');
    await phone.group('muteAllGroupMembers', 'live_l', false);
    await other.say('live_l', 'and so do I');
    await web.message('and so do I');
  });
  await t.check('what is changed of it all are told', async () => {
    await phone.group('setGroupInfo', info({ GroupID: 'live_l', GroupName: 'Livelier' }));
    const [, changes] = await other.event('onGroupInfoChanged', ([id, list]) => id === 'live_l' && list[0].type === CHANGE.name);
    assert.equal(changes[0].value, 'Livelier');
    await web.message(({ payload }) => payload.newGroupProfile?.groupName === 'Livelier');
    assert.equal((await other.refusal('group', 'setGroupInfo', info({ GroupID: 'live_l', GroupName: 'Mine' }))).code, 10007);
  });
  await t.check('who leaves hears no more, and the others are told', async () => {
    await web.quitGroup('live_l');
    await phone.event('onMemberLeave', about('live_l', 'web_l'));
    await web.joinGroup({ groupID: 'live_l' });
    await other.sdk('quitGroup', 'live_l');
    await web.message(tip('live_l', TIP.left, 'other_l'));
    await phone.event('onMemberLeave', about('live_l', 'other_l'));
    await phone.say('live_l', 'without the other');
    await web.message('without the other');
    assert.deepEqual(other.texts(), []);
    assert.equal((await phone.refusal('sdk', 'quitGroup', 'live_l')).code, 10009);
  });
  await t.check('one is put out for a time only, is told, and does not come in before it is over', async () => {
    await other.sdk('joinGroup', 'live_l', '');
    await other.sdk('joinGroup', 'live_l', '');
    assert.equal((await phone.refusal('group', 'kickGroupMember', 'live_l', ['other_l'], 'no')).code, 10004);
    const results = await phone.group('kickGroupMember', 'live_l', ['other_l'], 'no', A_WHILE);
    assert.deepEqual(results.map(({ memberID, result }) => [memberID, result]), [['other_l', 1]]);
    const [, by] = await other.event('onMemberKicked', ([id, , [gone]]) => id === 'live_l' && gone.userID === 'other_l');
    assert.equal(by.userID, 'phone_l');
    await phone.event('onMemberKicked', ([id, , [gone]]) => id === 'live_l' && gone.userID === 'other_l');
    await web.message(tip('live_l', TIP.banned, 'other_l'));
    await phone.say('live_l', 'without the other');
    await web.message('without the other');
    assert.deepEqual(other.texts(), []);
    assert.equal((await other.refusal('sdk', 'joinGroup', 'live_l', '')).code, 10007);
    await until(() => other.sdk('joinGroup', 'live_l', '').then(() => true, () => false), 15_000, 'they may come in again');
    await phone.say('live_l', 'welcome back');
    await other.received('welcome back');
  });
  await t.check('the phone puts the web out', async () => {
    await phone.group('kickGroupMember', 'live_l', ['web_l'], 'bye', 1);
    await notice(web, 'live_l', NOTICE.banned);
    assert.equal(await hasGroup(web, 'live_l'), false);
    await until(() => web.joinGroup({ groupID: 'live_l' }).then(() => true, () => false), 15_000, 'they may come in again');
  });
  await t.check('a new log-in is in no room, and the others are told', async () => {
    await other.sdk('logout');
    await phone.event('onMemberLeave', about('live_l', 'other_l'));
    await other.login();
    await phone.say('live_l', 'who hears');
    await web.message('who hears');
    assert.deepEqual(other.texts(), []);
    const message = await other.message('createTextMessage', 'nobody knows me');
    assert.equal((await other.refusal('message', 'sendMessage', message, null, 'live_l', 0, false, null)).code, 10007);
    await other.sdk('joinGroup', 'live_l', '');
    await phone.event('onMemberEnter', about('live_l', 'other_l'));
    await phone.say('live_l', 'you do');
    await other.received('you do');
  });
  await t.check('the owner speaks from wherever they are, and finds no history and no conversation of it', async () => {
    await phone.sdk('logout');
    await phone.login();
    await phone.say('live_l', 'from outside');
    await other.received('from outside');
    await phone.message('markGroupMessageAsRead', 'live_l');
    assert.deepEqual(await phone.message('getGroupHistoryMessageList', 'live_l', 20, null), []);
    await until(async () => (await phone.conversation('getConversationList', 0, 100)).conversationList.length === 0, 5_000, 'the list is empty');
  });
  await t.check('when it ends all are told', async () => {
    const mine = await web.createGroup({ type: web.types.GRP_AVCHATROOM, name: 'Of the web' });
    const { groupID } = mine.group;
    await other.sdk('joinGroup', groupID, '');
    await web.dismissGroup(groupID);
    await other.event('onGroupDismissed', ([id, by]) => id === groupID && by.userID === 'web_l');
    await web.joinGroup({ groupID: 'live_l' });
    await phone.sdk('dismissGroup', 'live_l');
    await notice(web, 'live_l', NOTICE.dismissed);
    await other.event('onGroupDismissed', ([id]) => id === 'live_l');
    assert.equal((await other.refusal('sdk', 'joinGroup', 'live_l', '')).code, 10010);
  });
  await t.check('an ID that was a room\'s may be another group\'s, of which all is kept', async () => {
    await web.createGroup({ type: web.types.GRP_AVCHATROOM, name: 'A room once more', groupID: 'live_l' });
    await other.group('getGroupsInfo', ['live_l']);
    await web.dismissGroup('live_l');
    await web.createGroup({ type: web.types.GRP_MEETING, name: 'No room', groupID: 'live_l' });
    assert.deepEqual(await other.message('getGroupHistoryMessageList', 'live_l', 20, null), []);
    await other.sdk('joinGroup', 'live_l', '');
    await other.say('live_l', 'kept');
    const [newest] = await other.message('getGroupHistoryMessageList', 'live_l', 20, null);
    assert.equal(newest.textElem.text, 'kept');
    assert.equal((await other.conversation('getConversation', 'group_live_l')).lastMessage.textElem.text, 'kept');
  });
}

/** Over lost lines one stays where one is. */
export async function staying(t) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const web = await newWeb(t, 'web_y');
  const phone = await t.phone('phone_y', { server: relay.url });
  const { group: { groupID } } = await web.createGroup({ type: web.types.GRP_AVCHATROOM, name: 'Live' });
  await web.joinGroup({ groupID });
  await phone.sdk('joinGroup', groupID, '');
  await web.message(tip(groupID, TIP.joined, 'phone_y'));

  await t.check('over a lost line one stays in it, and hears everything once', async () => {
    for (const round of [1, 2]) {
      const mark = phone.events('onSyncServerFinish').length;
      relay.interrupt();
      relay.resume();
      await until(() => phone.events('onSyncServerFinish').length > mark, 15_000, 'the line is back');
      await until(async () => {
        await web.say(groupID, `round ${round}`);
        return phone.texts().includes(`round ${round}`);
      }, 20_000, 'what is said is heard again');
      await phone.say(groupID, `I am here ${round}`);
      await web.message(`I am here ${round}`);
    }
    const ids = phone.messages().map(({ msgID }) => msgID);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(web.messages(tip(groupID, TIP.left, 'phone_y')), []);
  });
  await t.check('no history of it is asked for', async () => {
    const asked = relay.count('group_open_http_svc.group_msg_get');
    assert.deepEqual(await phone.message('getGroupHistoryMessageList', groupID, 20, null), []);
    await phone.say(groupID, 'the line works');
    await web.message('the line works');
    assert.equal(asked(), 0);
  });
}

/** Where it is set so the library asks for what is told. */
export async function asking(t, { instances }) {
  const gateway = await Gateway.start({ instances, config: '[live]\nlong_polling = true\nrecent_messages = 2\n' });
  t.onLeave(() => gateway.remove());
  const settings = { gateway, server: gateway.url };
  const web = await newWeb(t, 'web_q', settings);
  const phone = await t.phone('phone_q', settings);

  await t.check('where it is not pushed the phone asks for it, and hears all once', async () => {
    await phone.sdk('createGroup', 'AVChatRoom', 'live_q', 'Asked for');
    await web.joinGroup({ groupID: 'live_q' });
    await phone.event('onMemberEnter', about('live_q', 'web_q'));
    for (const text of ['one', 'two']) {
      await web.say('live_q', text);
      await phone.received(text);
    }
    await phone.say('live_q', 'three');
    await web.message('three');
    await web.say('live_q', 'four');
    await phone.received('four');
    assert.deepEqual(phone.texts(), ['one', 'two', 'four']);
  });
  await t.check('a message that is taken back and the end of the room are told too', async () => {
    const said = await web.say('live_q', 'a slip');
    await phone.received('a slip');
    await web.revokeMessage(said);
    assert.equal((await phone.event('onRecvMessageRevoked'))[0], said.ID);
    await web.quitGroup('live_q');
    await phone.event('onMemberLeave', about('live_q', 'web_q'));
    const { group: { groupID } } = await web.createGroup({ type: web.types.GRP_AVCHATROOM, name: 'Of the web' });
    await phone.sdk('joinGroup', groupID, '');
    await web.dismissGroup(groupID);
    await phone.event('onGroupDismissed', ([id]) => id === groupID);
  });
  if (instances === 1) {
    await t.check('who comes is told the latest of what was said', async () => {
      for (const text of ['first', 'second', 'third']) await phone.say('live_q', text);
      const other = await t.phone('other_q', settings);
      await other.sdk('joinGroup', 'live_q', '');
      await other.received('third');
      assert.deepEqual(other.texts(), ['second', 'third']);
    });
  }
}

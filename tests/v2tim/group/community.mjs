// Communities without topics, beside the web.

import assert from 'node:assert/strict';

import { NOTICE, findConversation, groupConversation, hasGroup, listed, notice, texts, wholeHistory } from '../../sdk/harness/actions.mjs';
import { includes } from '../../sdk/harness/expect.mjs';
import { until } from '../../js/wait.mjs';
import { CHANGE, ROLE, info } from './words.mjs';

/** More than one page of members. */
const MANY = 120;

export async function community(t) {
  const phone = await t.phone('phone_c');
  const other = await t.phone('other_c');
  const web = await t.web('web_c');
  const list = async (device) => (await device.group('getGroupApplicationList')).groupApplicationList;
  const profileOf = async (device, groupID) => (await device.group('getGroupsInfo', [groupID]))[0];
  const talk = (device, groupID) => device.conversation('getConversation', `group_${groupID}`);
  await web.getGroupList();
  await web.quiet();
  let made;

  await t.check('the phone makes one, whose ID begins with @TGS#_', async () => {
    made = await phone.sdk('createGroup', 'Community', null, 'The club');
    assert.match(made, /^@TGS#_/);
    const { resultCode, groupInfo } = await profileOf(phone, made);
    assert.equal(resultCode, 0);
    includes(groupInfo, {
      groupID: made, groupType: 'Community', groupName: 'The club', owner: 'phone_c', role: ROLE.owner, supportTopic: false, memberCount: 1,
    });
  });
  await t.check('an ID that is chosen begins so too, and those of other types do not', async () => {
    const chosen = '@TGS#_club_c';
    assert.equal(await phone.group('createGroup', info({ GroupID: chosen, GroupType: 'Community', GroupName: 'Chosen' }), null), chosen);
    assert.equal((await other.refusal('sdk', 'createGroup', 'Community', chosen, 'Theirs')).code, 10021);
    assert.equal((await phone.refusal('sdk', 'createGroup', 'Community', chosen, 'Again')).code, 10025);
    assert.equal((await phone.refusal('sdk', 'createGroup', 'Community', 'club_c', 'Bare')).code, 10015);
    assert.equal((await phone.refusal('sdk', 'createGroup', 'Meeting', '@TGS#_meeting_c', 'Wrong')).code, 10015);
  });
  await t.check('the web joins it at once, and the phone is told who came', async () => {
    assert.equal((await web.joinGroup({ groupID: made })).status, 'JoinedSuccess');
    const [, entered] = await phone.event('onMemberEnter', ([id]) => id === made);
    assert.deepEqual(entered.map(({ userID }) => userID), ['web_c']);
    await listed(web, made);
  });
  await t.check('a phone joins what the web made', async () => {
    const { group } = await web.createGroup({ type: web.types.GRP_COMMUNITY, name: 'Of the web' });
    await other.sdk('joinGroup', group.groupID, '');
    assert.equal((await other.refusal('sdk', 'joinGroup', group.groupID, '')).code, 10013);
    await other.say(group.groupID, 'from the phone');
    await web.message('from the phone');
    await other.sdk('quitGroup', group.groupID);
    assert.deepEqual(await other.group('getJoinedGroupList'), []);
  });
  await t.check('the groups of a user have communities among them, each once', async () => {
    const work = await phone.sdk('createGroup', 'Work', null, 'Workers');
    const groups = await phone.group('getJoinedGroupList');
    assert.deepEqual(groups.map(({ groupID }) => groupID).sort(), [made, '@TGS#_club_c', work].sort());
    includes(groups.find(({ groupID }) => groupID === made), { groupType: 'Community', groupName: 'The club', role: ROLE.owner });
  });
  await t.check('groups of all types are found by words', async () => {
    await phone.sdk('createGroup', 'Public', 'club_public', 'Public club');
    await phone.sdk('createGroup', 'Meeting', 'club_meeting', 'Meeting club');
    await phone.sdk('createGroup', 'Work', 'club_work', 'Work club');
    const search = async (param) => (await phone.group('searchGroups', { $class: 'V2TIMGroupSearchParam', ...param }))
      .map(({ groupID }) => groupID).sort();
    assert.deepEqual(await search({ KeywordList: ['CLUB'], SearchGroupName: true }), [made, 'club_meeting', 'club_public', 'club_work'].sort());
    assert.deepEqual(await search({ KeywordList: ['@tgs#_club'], SearchGroupID: true }), ['@TGS#_club_c']);
  });
  await t.check('of each type a stranger learns what anybody may know', async () => {
    const stranger = await t.phone('stranger_c');
    const ids = [made, 'club_public', 'club_meeting', 'club_work', '@TGS#_nowhere'];
    const results = await stranger.group('getGroupsInfo', ids);
    const by = Object.fromEntries(results.map(({ groupInfo, resultCode }) => [groupInfo.groupID, [resultCode, groupInfo.groupType]]));
    assert.deepEqual(by[made], [0, 'Community']);
    assert.deepEqual(by.club_public, [0, 'Public']);
    assert.deepEqual(by.club_meeting, [0, 'Meeting']);
    assert.notEqual(by.club_work[0], 0);
    assert.notEqual(by['@TGS#_nowhere'][0], 0);
  });
  await t.check('what is said is unread, stands in the list of conversations, and is read', async () => {
    await phone.message('markGroupMessageAsRead', made);
    const before = await phone.conversation('getTotalUnreadMessageCount');
    await web.say(made, 'hello phone');
    await phone.received('hello phone');
    includes(await talk(phone, made), { unreadCount: 1, groupType: 'Community', showName: 'The club' });
    assert.equal(await phone.conversation('getTotalUnreadMessageCount'), before + 1);
    await phone.message('markGroupMessageAsRead', made);
    assert.equal((await talk(phone, made)).unreadCount, 0);
    await phone.say(made, 'hello web');
    await web.message('hello web');
    includes(await findConversation(web, groupConversation(made)), { unreadCount: 1 });
    const { conversationList } = await phone.conversation('getConversationList', 0, 100);
    assert.equal(conversationList[0].groupID, made);
    assert.equal(conversationList[0].lastMessage.textElem.text, 'hello web');
  });
  await t.check('a newcomer reads what was said before, with the same IDs as the web', async () => {
    await other.sdk('joinGroup', made, '');
    const read = (await other.message('getGroupHistoryMessageList', made, 20, null)).filter(({ textElem }) => textElem);
    assert.deepEqual(read.map(({ textElem }) => textElem.text), ['hello web', 'hello phone']);
    const of = await wholeHistory(web, groupConversation(made));
    assert.deepEqual(texts(of), ['hello phone', 'hello web']);
    assert.deepEqual(of.filter(({ type }) => type === 'TIMTextElem').map(({ ID }) => ID), read.map(({ msgID }) => msgID).reverse());
  });
  await t.check('mentions mark both ways', async () => {
    const message = await phone.message('createTextAtMessage', '@web', ['web_c']);
    await phone.whole('message', 'sendMessage', message, null, made, 0, false, null);
    await web.message('@web');
    await until(async () => (await findConversation(web, groupConversation(made))).groupAtInfoList?.length > 0, 5_000, 'the web is marked');
    await web.send('TextAt', { ...web.toGroup(made), payload: { text: '@all', atUserList: [web.types.MSG_AT_ALL] } });
    await phone.received('@all');
    await until(async () => (await talk(phone, made)).groupAtInfoList[0]?.atType === 2, 5_000, 'the phone is marked');
    await phone.message('markGroupMessageAsRead', made);
  });
  await t.check('messages are taken back both ways', async () => {
    const slip = await phone.say(made, 'a slip');
    await web.message('a slip');
    await phone.message('revokeMessage', { $object: slip.$object });
    await web.event('MESSAGE_REVOKED', (gone) => gone.some(({ ID }) => ID === slip.msgID));
    const said = await web.say(made, 'another');
    const heard = await phone.received('another');
    await web.revokeMessage(said);
    assert.equal((await phone.event('onRecvMessageRevoked'))[0], heard.msgID);
  });
  await t.check('a member deletes a message for themselves', async () => {
    const [newest] = await other.message('getGroupHistoryMessageList', made, 1, null);
    await other.message('deleteMessages', [{ $object: newest.$object }]);
    const [next] = await other.message('getGroupHistoryMessageList', made, 1, null);
    assert.notEqual(next.msgID, newest.msgID);
  });
  await t.check('an admin is made, all are told, and rules', async () => {
    await phone.group('setGroupMemberRole', made, 'other_c', ROLE.admin);
    const [, by, [admin]] = await other.event('onGrantAdministrator', ([id]) => id === made);
    assert.deepEqual([by.userID, admin.userID], ['phone_c', 'other_c']);
    await web.message(({ type, payload }) => type === 'TIMGroupTipElem' && payload.operationType === 4);
    const { memberInfoList } = await phone.group('getGroupMemberList', made, 2, 0);
    assert.deepEqual(memberInfoList.map(({ userID }) => userID), ['other_c']);
    assert.equal((await profileOf(other, made)).groupInfo.role, ROLE.admin);
    await other.group('muteGroupMember', made, 'web_c', 60);
    await assert.rejects(web.say(made, 'muted'), ({ code }) => code === 10017);
    await other.group('muteGroupMember', made, 'web_c', 0);
    await web.say(made, 'not muted');
    await other.received('not muted');
    assert.equal((await other.refusal('group', 'setGroupMemberRole', made, 'web_c', ROLE.admin)).code, 10007);
  });
  await t.check('what is changed of it all are told, also that nobody may speak', async () => {
    await other.group('setGroupInfo', info({ GroupID: made, GroupName: 'New name', Notification: 'note' }));
    await web.message(({ payload }) => payload.newGroupProfile?.groupName === 'New name');
    const changes = (await phone.event('onGroupInfoChanged', ([id]) => id === made))[1];
    assert.ok(changes.some(({ type, value }) => type === CHANGE.name && value === 'New name'));
    assert.equal((await talk(phone, made)).showName, 'New name');
    await other.group('muteAllGroupMembers', made, true);
    await phone.event('onAllGroupMembersMuted', ([id, isMute]) => id === made && isMute);
    await assert.rejects(web.say(made, 'muted'), ({ code }) => code === 10017);
    assert.equal((await profileOf(phone, made)).groupInfo.allMuted, true);
    await other.group('muteAllGroupMembers', made, false);
  });
  await t.check('applications of groups and communities are in one list, the oldest first and each once', async () => {
    await phone.group('setGroupInfo', info({ GroupID: '@TGS#_club_c', GroupAddOpt: 1 }));
    await web.joinGroup({ groupID: 'club_public', applyMessage: 'to the group' });
    assert.equal((await web.joinGroup({ groupID: '@TGS#_club_c', applyMessage: 'to the community' })).status, 'WaitAdminApproval');
    await phone.event('onReceiveJoinApplication', ([id]) => id === '@TGS#_club_c');
    const waiting = await list(phone);
    assert.deepEqual(waiting.map(({ groupID, requestMsg }) => [groupID, requestMsg]),
      [['club_public', 'to the group'], ['@TGS#_club_c', 'to the community']]);
    for (const application of waiting) await phone.group('acceptGroupApplication', { $object: application.$object }, 'welcome');
    await notice(web, '@TGS#_club_c', NOTICE.accepted);
    await listed(web, '@TGS#_club_c');
    assert.deepEqual(await list(phone), []);
  });
  await t.check('many are brought in, and their list has pages', async () => {
    const users = Array.from({ length: MANY }, (_, number) => `many_c_${number}`);
    const results = await phone.group('inviteUserToGroup', '@TGS#_club_c', users);
    assert.ok(results.every(({ result }) => result === 1) && results.length === MANY);
    const found = new Map();
    let nextSeq = 0;
    let pages = 0;
    do {
      const page = await phone.group('getGroupMemberList', '@TGS#_club_c', 0, nextSeq);
      for (const { userID, role } of page.memberInfoList) found.set(userID, role);
      ({ nextSeq } = page);
      pages += 1;
    } while (nextSeq !== 0 && pages < 5);
    assert.equal(pages, 2);
    assert.deepEqual([...found.keys()].sort(), [...users, 'phone_c', 'web_c'].sort());
    assert.equal(found.get('phone_c'), ROLE.owner);
    const named = await phone.group('getGroupMembersInfo', '@TGS#_club_c', ['many_c_7', 'stranger_c']);
    assert.deepEqual(named.map(({ userID }) => userID), ['many_c_7']);
    const words = { $class: 'V2TIMGroupMemberSearchParam', GroupIDList: ['@TGS#_club_c'], KeywordList: ['MANY_C_11'] };
    assert.equal((await phone.group('searchGroupMembers', words))['@TGS#_club_c'].length, 11);
  });
  await t.check('how many are online, in a group of each type', async () => {
    for (const groupID of ['@TGS#_club_c', 'club_public']) assert.equal(await phone.group('getGroupOnlineMemberCount', groupID), 2, groupID);
    for (const groupID of ['club_meeting', 'club_work']) assert.equal(await phone.group('getGroupOnlineMemberCount', groupID), 1, groupID);
  });
  await t.check('the phone puts the web out, and the web the phone', async () => {
    const results = await phone.group('kickGroupMember', '@TGS#_club_c', ['web_c'], 'bye');
    assert.deepEqual(results.map(({ memberID, result }) => [memberID, result]), [['web_c', 1]]);
    await notice(web, '@TGS#_club_c', NOTICE.kicked);
    await phone.group('transferGroupOwner', made, 'web_c');
    const [, changes] = await other.event('onGroupInfoChanged', ([id]) => id === made);
    assert.ok(changes.some(({ type, value }) => type === CHANGE.owner && value === 'web_c'));
    includes((await profileOf(phone, made)).groupInfo, { owner: 'web_c', role: ROLE.member });
    await web.deleteGroupMember({ groupID: made, userIDList: ['phone_c'], reason: 'bye' });
    const [, by, [gone]] = await phone.event('onMemberKicked', ([id]) => id === made);
    assert.deepEqual([by.userID, gone.userID], ['web_c', 'phone_c']);
    assert.ok(!(await phone.group('getJoinedGroupList')).some(({ groupID }) => groupID === made));
  });
  await t.check('the owner does not leave, but ends it, and all are told', async () => {
    assert.equal((await phone.refusal('sdk', 'quitGroup', '@TGS#_club_c')).code, 10009);
    await web.dismissGroup(made);
    const [, by] = await other.event('onGroupDismissed', ([id]) => id === made);
    assert.equal(by.userID, 'web_c');
    await other.sdk('joinGroup', 'club_meeting', '');
    await other.sdk('createGroup', 'Community', '@TGS#_last_c', 'Last');
    await web.joinGroup({ groupID: '@TGS#_last_c' });
    await listed(web, '@TGS#_last_c');
    await other.sdk('dismissGroup', '@TGS#_last_c');
    await notice(web, '@TGS#_last_c', NOTICE.dismissed);
    await until(async () => !await hasGroup(web, '@TGS#_last_c'), 3_000, 'it is gone');
    assert.deepEqual((await other.group('getJoinedGroupList')).map(({ groupID }) => groupID), ['club_meeting']);
  });
}

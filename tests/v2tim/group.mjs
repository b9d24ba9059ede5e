// Groups: made, joined, run and left, in both directions.

import assert from 'node:assert/strict';

import { NOTICE, hasGroup, listed, meeting, notice } from '../sdk/harness/actions.mjs';
import { Gateway } from '../sdk/harness/gateway.mjs';
import { until } from '../js/wait.mjs';
import { community } from './group/community.mjs';
import { asking, live, staying } from './group/live.mjs';
import { CHANGE, ROLE, info } from './group/words.mjs';
import { Scene } from './harness/scene.mjs';

export default async function group(t, engine) {
  await Scene.run(t, 'making and joining', making);
  await Scene.run(t, 'members', members);
  await Scene.run(t, 'profile', profile);
  await Scene.run(t, 'work', work);
  await Scene.run(t, 'applications', applications);
  await Scene.run(t, 'kept together', keptTogether);
  await Scene.run(t, 'pins', pins);
  await Scene.run(t, 'invitations', (of) => invitations(of, engine));
  await Scene.run(t, 'community', community);
  await Scene.run(t, 'live', live);
  await Scene.run(t, 'live over lost lines', staying);
  await Scene.run(t, 'live by asking', (of) => asking(of, engine));
}

async function making(t) {
  const phone = await t.phone('phone_g');
  const web = await t.web('web_g');
  await t.check('an app of the seed\'s shape makes its meeting, with itself in the member list', async () => {
    const made = await phone.group('createGroup', info({ GroupID: 'meeting1', GroupType: 'Meeting', GroupName: 'The meeting', Introduction: 'i' }),
      [{ $class: 'V2TIMCreateGroupMemberInfo', UserID: 'phone_g', Role: ROLE.owner }]);
    assert.equal(made, 'meeting1');
  });
  await t.check('the same ID again is refused: 10025 for the owner, 10021 for others', async () => {
    assert.equal((await phone.refusal('group', 'createGroup', info({ GroupID: 'meeting1', GroupType: 'Meeting', GroupName: 'x' }), null)).code, 10025);
    const other = await t.phone('other_g');
    assert.equal((await other.refusal('group', 'createGroup', info({ GroupID: 'meeting1', GroupType: 'Meeting', GroupName: 'x' }), null)).code, 10021);
  });
  await t.check('the library says nothing by itself in a new group', async () => {
    assert.deepEqual(await phone.message('getGroupHistoryMessageList', 'meeting1', 10, null), []);
  });
  await t.check('the web joins the group of the phone, and they talk', async () => {
    await web.joinGroup({ groupID: 'meeting1' });
    await web.say('meeting1', 'here I am');
    await phone.received('here I am');
    await phone.say('meeting1', 'welcome');
    await web.message('welcome');
  });
  await t.check('to join again is refused with 10013, an unknown group with 10010', async () => {
    const other = await t.phone('again_g');
    await other.sdk('joinGroup', 'meeting1', 'please');
    assert.equal((await other.refusal('sdk', 'joinGroup', 'meeting1', 'please')).code, 10013);
    assert.equal((await other.refusal('sdk', 'joinGroup', 'nowhere', '')).code, 10010);
    assert.equal((await other.refusal('sdk', 'joinGroup', '', '')).code, 6017);
  });
  await t.check('the web\'s spelling of a type is taken, and the new one is given', async () => {
    const made = await phone.sdk('createGroup', 'ChatRoom', null, 'Old spelling');
    const [{ groupInfo }] = await phone.group('getGroupsInfo', [made]);
    assert.deepEqual([groupInfo.groupType, groupInfo.groupName, groupInfo.owner, groupInfo.role], ['Meeting', 'Old spelling', 'phone_g', ROLE.owner]);
  });
  await t.check('the groups of the user are listed', async () => {
    const ids = (await phone.group('getJoinedGroupList')).map(({ groupID }) => groupID);
    assert.ok(ids.includes('meeting1') && ids.length === 2, String(ids));
  });
  await t.check('groups are found by words of their names', async () => {
    const found = await phone.group('searchGroups', { $class: 'V2TIMGroupSearchParam', KeywordList: ['SPELLING'], SearchGroupName: true });
    assert.deepEqual(found.map(({ groupName }) => groupName), ['Old spelling']);
  });
  await t.check('who is no member learns what anybody may know, and what is not there has its code', async () => {
    const stranger = await t.phone('stranger_g');
    const results = await stranger.group('getGroupsInfo', ['meeting1', 'nowhere']);
    const codes = Object.fromEntries(results.map(({ groupInfo, resultCode }) => [groupInfo.groupID, resultCode]));
    assert.equal(codes.meeting1, 0);
    assert.notEqual(codes.nowhere, 0);
  });
  await t.check('who leaves hears no more, and the group is off the list', async () => {
    const leaving = await t.phone('again_g');
    await leaving.sdk('quitGroup', 'meeting1');
    await phone.say('meeting1', 'without them');
    await web.message('without them');
    assert.deepEqual(leaving.texts(), []);
    assert.deepEqual(await leaving.group('getJoinedGroupList'), []);
    assert.equal((await leaving.refusal('sdk', 'quitGroup', 'meeting1')).code, 10007);
  });
  await t.check('the phone dismisses: the web loses the group', async () => {
    await phone.sdk('dismissGroup', 'meeting1');
    await notice(web, 'meeting1', NOTICE.dismissed);
    await until(async () => !await hasGroup(web, 'meeting1'), 3_000, 'the group is gone');
  });
  await t.check('the web dismisses: the phone is told by whom', async () => {
    const groupID = await meeting(web);
    await phone.sdk('joinGroup', groupID, '');
    await web.dismissGroup(groupID);
    const [id, by] = await phone.event('onGroupDismissed');
    assert.deepEqual([id, by.userID], [groupID, 'web_g']);
  });
  await t.check('what another device of the user makes and leaves is told', async () => {
    const own = await t.web('phone_g');
    const groupID = await meeting(own);
    assert.equal((await phone.event('onGroupCreated'))[0], groupID);
    const foreign = await meeting(web);
    await own.joinGroup({ groupID: foreign });
    await own.quitGroup(foreign);
    assert.equal((await phone.event('onQuitFromGroup'))[0], foreign);
    await own.close();
  });
}

async function members(t) {
  const phone = await t.phone('phone_m');
  const web = await t.web('web_m');
  const other = await t.phone('other_m');
  await phone.sdk('createGroup', 'Work', 'work_m', 'Members');

  await t.check('the phone brings users in, each with a result', async () => {
    const results = await phone.group('inviteUserToGroup', 'work_m', ['web_m', 'other_m']);
    const by = Object.fromEntries(results.map(({ memberID, result }) => [memberID, result]));
    assert.deepEqual([by.web_m, by.other_m], [1, 1]);
    const [id, inviter, invited] = await other.event('onMemberInvited');
    assert.deepEqual([id, inviter.userID], ['work_m', 'phone_m']);
    assert.ok(invited.some(({ userID }) => userID === 'other_m'));
    await notice(web, 'work_m', NOTICE.invited);
    const again = await phone.group('inviteUserToGroup', 'work_m', ['web_m']);
    assert.equal(again[0].result, 2);
  });
  await t.check('the members are listed with role, time and names', async () => {
    const { memberInfoList, nextSeq } = await phone.group('getGroupMemberList', 'work_m', 0, 0);
    assert.equal(nextSeq, 0);
    assert.deepEqual(memberInfoList.map(({ userID, role }) => [userID, role]).sort(),
      [['other_m', ROLE.member], ['phone_m', ROLE.owner], ['web_m', ROLE.member]]);
    const owners = await phone.group('getGroupMemberList', 'work_m', 1, 0);
    assert.deepEqual(owners.memberInfoList.map(({ userID }) => userID), ['phone_m']);
    const named = await phone.group('getGroupMembersInfo', 'work_m', ['web_m', 'stranger_m']);
    assert.deepEqual(named.map(({ userID }) => userID), ['web_m']);
  });
  await t.check('members are found by words of their IDs, names and cards', async () => {
    const search = async (param) => phone.group('searchGroupMembers', { $class: 'V2TIMGroupMemberSearchParam', ...param });
    const ids = (found) => Object.fromEntries(Object.entries(found).map(([id, members]) => [id, members.map(({ userID }) => userID).sort()]));
    await other.group('setGroupMemberInfo', 'work_m', { $class: 'V2TIMGroupMemberFullInfo', UserID: 'other_m', NameCard: 'The Other' });
    assert.deepEqual(ids(await search({ GroupIDList: ['work_m'], KeywordList: ['THE oth'], SearchMemberNameCard: true })), { work_m: ['other_m'] });
    assert.deepEqual(ids(await search({ KeywordList: ['web_', 'other_'] })), { work_m: ['other_m', 'web_m'] });
    assert.deepEqual(ids(await search({ GroupIDList: ['work_m'], KeywordList: ['The Other'], SearchMemberUserID: true, SearchMemberNickName: true })), {});
    assert.equal((await phone.refusal('group', 'searchGroupMembers', { $class: 'V2TIMGroupMemberSearchParam', KeywordList: null })).code, 6017);
    await other.group('setGroupMemberInfo', 'work_m', { $class: 'V2TIMGroupMemberFullInfo', UserID: 'other_m', NameCard: '' });
  });
  await t.check('a member has the rights of an admin, and has them no more', async () => {
    await phone.sdk('createGroup', 'Meeting', 'meeting_m', 'Roles');
    await other.sdk('joinGroup', 'meeting_m', '');
    await web.joinGroup({ groupID: 'meeting_m' });
    await phone.group('setGroupMemberRole', 'meeting_m', 'other_m', ROLE.admin);
    const { memberInfoList } = await phone.group('getGroupMemberList', 'meeting_m', 2, 0);
    assert.deepEqual(memberInfoList.map(({ userID }) => userID), ['other_m']);
    const [{ groupInfo }] = await other.group('getGroupsInfo', ['meeting_m']);
    assert.equal(groupInfo.role, ROLE.admin);
    await phone.group('setGroupMemberRole', 'meeting_m', 'other_m', ROLE.member);
    assert.equal((await phone.refusal('group', 'setGroupMemberRole', 'meeting_m', 'other_m', 7)).code, 6017);
    assert.equal((await other.refusal('group', 'setGroupMemberRole', 'meeting_m', 'web_m', ROLE.admin)).code, 10007);
  });
  await t.check('who is muted may not speak, until they may', async () => {
    await phone.group('muteGroupMember', 'meeting_m', 'other_m', 60);
    const message = await other.message('createTextMessage', 'psst');
    assert.equal((await other.refusal('message', 'sendMessage', message, null, 'meeting_m', 0, false, null)).code, 10017);
    const [member] = await phone.group('getGroupMembersInfo', 'meeting_m', ['other_m']);
    assert.ok(member.muteUntil > Date.now() / 1000 + 30);
    await phone.group('muteGroupMember', 'meeting_m', 'other_m', 0);
    await other.say('meeting_m', 'I may');
    await web.message('I may');
  });
  await t.check('all are muted and may speak again', async () => {
    await phone.group('muteAllGroupMembers', 'meeting_m', true);
    const message = await other.message('createTextMessage', 'psst');
    assert.equal((await other.refusal('message', 'sendMessage', message, null, 'meeting_m', 0, false, null)).code, 10017);
    const [{ groupInfo }] = await other.group('getGroupsInfo', ['meeting_m']);
    assert.equal(groupInfo.allMuted, true);
    await phone.group('muteAllGroupMembers', 'meeting_m', false);
    await other.say('meeting_m', 'now');
  });
  await t.check('a group has a new owner', async () => {
    await phone.group('transferGroupOwner', 'meeting_m', 'web_m');
    const [{ groupInfo }] = await phone.group('getGroupsInfo', ['meeting_m']);
    assert.deepEqual([groupInfo.owner, groupInfo.role], ['web_m', ROLE.member]);
  });
  await t.check('the web puts a phone out, and it is told by whom', async () => {
    await web.deleteGroupMember({ groupID: 'meeting_m', userIDList: ['other_m'], reason: 'bye' });
    const [id, by, gone] = await other.event('onMemberKicked');
    assert.deepEqual([id, by.userID, gone[0].userID], ['meeting_m', 'web_m', 'other_m']);
  });
  await t.check('the phone puts the web out', async () => {
    const results = await phone.group('kickGroupMember', 'work_m', ['web_m'], 'no reason');
    assert.deepEqual(results.map(({ memberID, result }) => [memberID, result]), [['web_m', 1]]);
    await notice(web, 'work_m', NOTICE.kicked);
  });
  await t.check('who is put out for a time is not brought in before it is over', async () => {
    const results = await phone.group('kickGroupMember', 'work_m', ['other_m'], 'r', 60);
    assert.deepEqual(results.map(({ memberID, result }) => [memberID, result]), [['other_m', 1]]);
    const [, by] = await other.event('onMemberKicked', ([id]) => id === 'work_m');
    assert.equal(by.userID, 'phone_m');
    assert.equal((await phone.group('inviteUserToGroup', 'work_m', ['other_m']))[0].result, 0);
  });
  await t.check('how many are online', async () => {
    assert.ok(await phone.group('getGroupOnlineMemberCount', 'work_m') >= 1);
  });
}

async function profile(t) {
  const phone = await t.phone('phone_p');
  const web = await t.web('web_p');
  const groupID = await meeting(phone.asOwner ?? web, [], { name: 'Before' });
  await phone.sdk('joinGroup', groupID, '');
  await t.check('what the web changes of a group the phone is told, field by field', async () => {
    await web.updateGroupProfile({ groupID, name: 'After', introduction: 'intro', notification: 'note', avatar: 'http://a/b.png' });
    const changes = await phone.event('onGroupInfoChanged');
    assert.equal(changes[0], groupID);
    const all = phone.events('onGroupInfoChanged').flatMap(([, list]) => list);
    const by = Object.fromEntries(all.map(({ type, value }) => [type, value]));
    assert.deepEqual([by[CHANGE.name], by[CHANGE.introduction], by[CHANGE.notification], by[CHANGE.face]], ['After', 'intro', 'note', 'http://a/b.png']);
  });
  await t.check('the name stands in the conversation', async () => {
    await web.say(groupID, 'named');
    await phone.received('named');
    assert.equal((await phone.conversation('getConversation', `group_${groupID}`)).showName, 'After');
  });
  await t.check('the phone changes only the fields that were set', async () => {
    const made = await phone.sdk('createGroup', 'Meeting', 'own_p', 'Mine');
    await web.joinGroup({ groupID: made });
    await phone.group('setGroupInfo', info({ GroupID: made, Introduction: 'only this' }));
    const [{ groupInfo }] = await phone.group('getGroupsInfo', [made]);
    assert.deepEqual([groupInfo.groupName, groupInfo.introduction], ['Mine', 'only this']);
    assert.equal((await phone.refusal('group', 'setGroupInfo', info({ GroupID: made }))).code, 6017);
  });
  await t.check('fields of a group and of a member that are the application\'s own are kept and told', async () => {
    const made = await phone.group('createGroup', info({ GroupType: 'Meeting', GroupName: 'Fields', CustomInfo: { colour: 'red' } }), null);
    await web.joinGroup({ groupID: made });
    await phone.group('setGroupInfo', info({ GroupID: made, CustomInfo: { size: 'large' } }));
    await web.message(({ payload }) => payload.newGroupProfile?.groupCustomField
      ?.some(({ key, value }) => key === 'size' && value === 'large'));
    const [{ groupInfo }] = await phone.group('getGroupsInfo', [made]);
    assert.deepEqual(Object.entries(groupInfo.customInfo).map(([key, { text }]) => [key, text]).sort(), [['colour', 'red'], ['size', 'large']]);
    const listed = (await phone.group('getJoinedGroupList')).find(({ groupID: id }) => id === made);
    assert.equal(listed.customInfo.colour.text, 'red');
    await phone.group('setGroupMemberInfo', made, { $class: 'V2TIMGroupMemberFullInfo', UserID: 'phone_p', CustomInfo: { seat: '7' } });
    const [self] = await phone.group('getGroupMembersInfo', made, ['phone_p']);
    assert.equal(self.customInfo.seat.text, '7');
  });
  await t.check('how people come in is set and changed, and all are told', async () => {
    const made = await web.createGroup({ type: web.types.GRP_PUBLIC, name: 'Options', joinOption: web.types.JOIN_OPTIONS_FREE_ACCESS })
      .then(({ group: { groupID: id } }) => id);
    await phone.sdk('joinGroup', made, '');
    const options = async () => {
      const [{ groupInfo }] = await phone.group('getGroupsInfo', [made]);
      return [groupInfo.groupAddOpt, groupInfo.groupApproveOpt];
    };
    assert.deepEqual(await options(), [2, 0]);
    await web.updateGroupProfile({
      groupID: made, joinOption: web.types.JOIN_OPTIONS_NEED_PERMISSION, inviteOption: web.types.INVITE_OPTIONS_FREE_ACCESS,
    });
    const told = () => phone.events('onGroupInfoChanged').filter(([id]) => id === made).flatMap(([, list]) => list)
      .map(({ type, intValue }) => [type, intValue]).sort();
    await until(() => told().length === 2, 5_000, 'both changes are told');
    assert.deepEqual(told(), [[CHANGE.addOption, 1], [CHANGE.approveOption, 2]]);
    assert.deepEqual(await options(), [1, 2]);
    const own = await phone.group('createGroup', info({ GroupType: 'Public', GroupName: 'Own', GroupAddOpt: 0, GroupApproveOpt: 1 }), null);
    const [{ groupInfo }] = await phone.group('getGroupsInfo', [own]);
    assert.deepEqual([groupInfo.groupAddOpt, groupInfo.groupApproveOpt], [0, 1]);
    assert.equal((await phone.refusal('group', 'setGroupInfo', info({ GroupID: own, GroupApproveOpt: 3 }))).code, 6017);
  });
  await t.check('tips are told as messages too, and are in the history with a type of their own', async () => {
    await web.updateGroupProfile({ groupID, name: 'Third' });
    const tip = await phone.received(({ elemType, groupTipsElem }) =>
      elemType === 9 && groupTipsElem.groupChangeInfoList[0]?.value === 'Third');
    const [newest] = await phone.message('getGroupHistoryMessageList', groupID, 1, null);
    assert.deepEqual([newest.elemType, newest.msgID], [9, tip.msgID]);
  });
  await t.check('who may not change a group is refused', async () => {
    assert.equal((await phone.refusal('group', 'setGroupInfo', info({ GroupID: groupID, GroupName: 'no' }))).code, 10007);
  });
}

async function work(t) {
  const phone = await t.phone('phone_w');
  const web = await t.web('web_w');
  await t.check('members of a new group are in it from the beginning', async () => {
    const made = await phone.group('createGroup', info({ GroupType: 'Work', GroupName: 'Workers' }),
      [{ $class: 'V2TIMCreateGroupMemberInfo', UserID: 'web_w', Role: ROLE.member }]);
    await notice(web, made, NOTICE.invited);
    await phone.say(made, 'first');
    await web.message('first');
  });
  await t.check('a Work group is not joined: 10007', async () => {
    const made = await phone.sdk('createGroup', 'Work', null, 'Closed');
    const other = await t.phone('other_w');
    assert.equal((await other.refusal('sdk', 'joinGroup', made, '')).code, 10007);
  });
  await t.check('who comes in and leaves is told', async () => {
    const groupID = await web.createGroup({ type: web.types.GRP_WORK, name: 'Moves', memberList: [{ userID: 'phone_w' }] })
      .then(({ group: made }) => made.groupID);
    await phone.event('onMemberInvited', ([id]) => id === groupID);
    const third = await t.web('third_w');
    // One that is told while it reads at its start shows no notice of it.
    await third.getGroupList();
    await third.quiet();
    await web.addGroupMember({ groupID, userIDList: ['third_w'] });
    const [, , invited] = await phone.event('onMemberInvited', ([id, , list]) => id === groupID && list.some(({ userID }) => userID === 'third_w'));
    assert.equal(invited.length, 1);
    await notice(third, groupID, NOTICE.invited);
    await listed(third, groupID);
    await third.quitGroup(groupID);
    const [, left] = await phone.event('onMemberLeave');
    assert.equal(left.userID, 'third_w');
  });
  await t.check('a type that is not served is refused with the gateway\'s code', async () => {
    const { code } = await phone.refusal('sdk', 'createGroup', 'Nonsense', null, 'x');
    assert.ok(code >= 10000 && code < 20000, String(code));
  });
}

async function applications(t) {
  const phone = await t.phone('phone_a');
  const other = await t.phone('other_a');
  const web = await t.web('web_a');
  const list = async (device) => (await device.group('getGroupApplicationList')).groupApplicationList;
  const made = await phone.sdk('createGroup', 'Public', 'club_a', 'Club');

  await t.check('the web applies, the phone is told and lets it in', async () => {
    assert.deepEqual(await list(phone), []);
    assert.equal((await web.joinGroup({ groupID: made, applyMessage: 'please' })).status, 'WaitAdminApproval');
    const [id, by, reason] = await phone.event('onReceiveJoinApplication');
    assert.deepEqual([id, by.userID, reason], [made, 'web_a', 'please']);
    const result = await phone.group('getGroupApplicationList');
    const [application] = result.groupApplicationList;
    assert.deepEqual([result.unreadCount, application.groupID, application.fromUser, application.toUser], [1, made, 'web_a', 'phone_a']);
    assert.deepEqual([application.requestMsg, application.type, application.handleStatus], ['please', 0, 0]);
    assert.ok(Math.abs(application.addTime - Date.now()) < 60_000);
    await phone.group('acceptGroupApplication', { $object: application.$object }, 'welcome');
    const told = await notice(web, made, NOTICE.accepted);
    assert.equal(told.payload.handleMessage, 'welcome');
    await listed(web, made);
    assert.equal((await phone.refusal('group', 'refuseGroupApplication', { $object: application.$object }, '')).code, 10024);
    assert.deepEqual(await list(phone), []);
  });
  await t.check('the phone applies and is told what was decided, with the reason', async () => {
    await other.sdk('joinGroup', made, 'me too');
    const [application] = await list(phone);
    await phone.group('refuseGroupApplication', { $object: application.$object }, 'full');
    const [id, by, agreed, reason] = await other.event('onApplicationProcessed');
    assert.deepEqual([id, by.userID, agreed, reason], [made, 'phone_a', false, 'full']);
    assert.ok(!(await other.group('getJoinedGroupList')).some(({ groupID }) => groupID === made));
  });
  await t.check('applications that were read are not counted', async () => {
    await other.sdk('joinGroup', made, 'once more');
    assert.equal((await phone.group('getGroupApplicationList')).unreadCount, 1);
    await phone.group('setGroupApplicationRead');
    assert.equal((await phone.group('getGroupApplicationList')).unreadCount, 0);
  });
  await t.check('the web lets the phone in, and all members are told', async () => {
    await phone.group('setGroupMemberRole', made, 'web_a', ROLE.admin);
    await notice(web, made, NOTICE.adminGranted);
    const { applicationList: [application] } = await web.getGroupApplicationList();
    await web.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', application });
    const [id, , agreed] = await other.event('onApplicationProcessed');
    assert.deepEqual([id, agreed], [made, true]);
    const [, entered] = await phone.event('onMemberEnter', ([group]) => group === made);
    assert.deepEqual(entered.map(({ userID }) => userID), ['other_a']);
    assert.equal((await other.refusal('group', 'acceptGroupApplication', null, '')).code, 6017);
  });
  await t.check('whom a member brings waits for a word, where it is set so', async () => {
    const third = await t.phone('third_a');
    await phone.group('setGroupInfo', info({ GroupID: made, GroupApproveOpt: 1 }));
    const [{ result }] = await other.group('inviteUserToGroup', made, ['third_a']);
    assert.equal(result, 3);
    await phone.event('onReceiveJoinApplication', ([id]) => id === made);
    const [application] = await list(phone);
    assert.deepEqual([application.type, application.applicationType, application.fromUser, application.toUser], [2, 2, 'other_a', 'third_a']);
    await phone.group('acceptGroupApplication', { $object: application.$object }, '');
    await third.event('onMemberInvited', ([id]) => id === made);
    assert.ok((await third.group('getJoinedGroupList')).some(({ groupID }) => groupID === made));
    assert.deepEqual(await list(phone), []);
  });
}

/** Where it is set so, whom somebody brings is asked. */
async function invitations(t, { instances }) {
  const gateway = await Gateway.start({ instances, config: '[group.public]\nasks_invited = true\n' });
  t.onLeave(() => gateway.remove());
  const settings = { gateway, server: gateway.url };
  const phone = await t.phone('phone_v', settings);
  const other = await t.phone('other_v', settings);
  const web = await t.web('web_v', settings);
  const list = async (device) => (await device.group('getGroupApplicationList')).groupApplicationList;
  const invite = async (user) => (await phone.group('inviteUserToGroup', 'club_v', [user]))[0].result;
  await phone.group('createGroup', info({ GroupID: 'club_v', GroupType: 'Public', GroupName: 'Club', GroupApproveOpt: 2 }), null);

  await t.check('who is asked finds it in their list, and comes in by a word', async () => {
    assert.equal(await invite('other_v'), 3);
    assert.deepEqual(await other.group('getJoinedGroupList'), []);
    const [application] = await list(other);
    assert.deepEqual([application.groupID, application.type, application.fromUser, application.toUser], ['club_v', 1, 'phone_v', 'other_v']);
    await other.group('acceptGroupApplication', { $object: application.$object }, 'gladly');
    const [, , entered] = await phone.event('onMemberInvited', ([id]) => id === 'club_v');
    assert.deepEqual(entered.map(({ userID }) => userID), ['other_v']);
    assert.deepEqual((await other.group('getJoinedGroupList')).map(({ groupID }) => groupID), ['club_v']);
  });
  await t.check('who does not want to stays outside, the phone and the web', async () => {
    assert.equal(await invite('web_v'), 3);
    const { applicationList: [application] } = await web.getGroupApplicationList();
    await web.handleGroupApplication({ handleAction: 'Reject', handleMessage: 'no', application });
    assert.equal(await hasGroup(web, 'club_v'), false);
    await other.sdk('quitGroup', 'club_v');
    assert.equal(await invite('other_v'), 3);
    const [again] = await list(other);
    await other.group('refuseGroupApplication', { $object: again.$object }, 'no');
    assert.deepEqual(await list(other), []);
    assert.deepEqual(await other.group('getJoinedGroupList'), []);
  });
}

/** Attributes and counters. */
async function keptTogether(t) {
  const phone = await t.phone('phone_k');
  const other = await t.phone('other_k');
  const web = await t.web('web_k');
  const groupID = await meeting(web);
  for (const device of [phone, other]) await device.sdk('joinGroup', groupID, '');
  const told = async (device, expected) => {
    const [, all] = await device.event('onGroupAttributeChanged', ([id, map]) => id === groupID && JSON.stringify(sorted(map)) === JSON.stringify(sorted(expected)));
    return all;
  };
  const kept = (device, keys = null) => device.group('getGroupAttributes', groupID, keys);

  await t.check('what the phone sets all are told: the web, another phone and itself', async () => {
    await phone.group('initGroupAttributes', groupID, { stage: 'one', song: 'x' });
    for (const device of [phone, other]) await told(device, { stage: 'one', song: 'x' });
    const { groupAttributes } = await web.event('GROUP_ATTRIBUTES_UPDATED');
    assert.deepEqual(groupAttributes, { stage: 'one', song: 'x' });
  });
  await t.check('what the web sets the phones are told, and write on', async () => {
    await web.setGroupAttributes({ groupID, groupAttributes: { stage: 'two' } });
    for (const device of [phone, other]) await told(device, { stage: 'two', song: 'x' });
    await other.group('setGroupAttributes', groupID, { seat: 'other_k' });
    await told(phone, { stage: 'two', song: 'x', seat: 'other_k' });
    assert.deepEqual(await kept(phone, ['seat', 'none']), { seat: 'other_k' });
  });
  await t.check('one who never read is refused with 10056, reads, and writes', async () => {
    const late = await t.phone('late_k');
    await late.sdk('joinGroup', groupID, '');
    assert.equal((await late.refusal('group', 'setGroupAttributes', groupID, { seat: 'late_k' })).code, 10056);
    assert.deepEqual(sorted(await kept(late)), sorted({ stage: 'two', song: 'x', seat: 'other_k' }));
    await late.group('setGroupAttributes', groupID, { seat: 'late_k' });
    const { updatedKeyList } = await web.event('GROUP_ATTRIBUTES_UPDATED', ({ groupAttributes }) => groupAttributes.seat === 'late_k');
    assert.deepEqual(updatedKeyList, ['seat']);
    // Who was told of one that is not the next reads them all.
    await late.group('deleteGroupAttributes', groupID, ['song']);
    await told(late, { stage: 'two', seat: 'late_k' });
  });
  await t.check('of a phone and the web that write at once one is refused with 10056', async () => {
    const together = async () => {
      await Promise.all([kept(phone), web.getGroupAttributes({ groupID, keyList: [] })]);
      return Promise.all([
        phone.group('setGroupAttributes', groupID, { stage: 'phone' }).then(() => 0, ({ code }) => code),
        web.setGroupAttributes({ groupID, groupAttributes: { stage: 'web' } }).then(() => 0, ({ code }) => code),
      ]);
    };
    let codes = await together();
    // One that heard of the other's before it wrote itself knew it.
    for (let round = 1; round < 4 && codes.every((code) => code === 0); round += 1) codes = await together();
    assert.deepEqual([...codes].sort(), [0, 10056], codes.join());
    assert.equal((await kept(other, ['stage'])).stage, codes[0] === 0 ? 'phone' : 'web');
  });
  await t.check('a key that is not there is not deleted: 10050; without keys all are', async () => {
    await kept(phone);
    assert.equal((await phone.refusal('group', 'deleteGroupAttributes', groupID, ['none'])).code, 10050);
    await phone.group('deleteGroupAttributes', groupID, null);
    await told(other, {});
    assert.deepEqual(await kept(other), {});
  });
  await t.check('one who is no member neither reads nor writes them', async () => {
    const stranger = await t.phone('stranger_k');
    assert.equal((await stranger.refusal('group', 'getGroupAttributes', groupID, null)).code, 10007);
    assert.equal((await stranger.refusal('group', 'initGroupAttributes', groupID, { a: 'b' })).code, 10007);
    assert.equal((await stranger.refusal('group', 'initGroupAttributes', groupID, null)).code, 6017);
  });
  await t.check('what the web counts the phone is told', async () => {
    await web.setGroupCounters({ groupID, counters: { likes: 5 } });
    assert.deepEqual(await phone.event('onGroupCounterChanged', ([, , value]) => value === 5), [groupID, 'likes', 5]);
    await web.decreaseGroupCounter({ groupID, key: 'likes', value: 7 });
    assert.deepEqual(await phone.event('onGroupCounterChanged', ([, , value]) => value === -2), [groupID, 'likes', -2]);
  });
}

function sorted(map) {
  return Object.fromEntries(Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1)));
}

async function pins(t) {
  const phone = await t.phone('phone_p');
  const web = await t.web('web_p');
  const groupID = await phone.sdk('createGroup', 'Meeting', null, 'Pins');
  await web.joinGroup({ groupID });
  const said = await web.say(groupID, 'the rules');
  const heard = await phone.received('the rules');
  const told = (device, isPinned) => device.event('onGroupMessagePinned', ([id, message, is]) => id === groupID && is === isPinned && message.seq === said.sequence);
  const list = (device) => device.message('getPinnedGroupMessageList', groupID);

  await t.check('the phone pins what the web said: both are told', async () => {
    assert.deepEqual(await list(phone), []);
    await phone.message('pinGroupMessage', groupID, { $object: heard.$object }, true);
    const [, message, , by] = await told(phone, true);
    assert.deepEqual([message.textElem.text, message.sender, by.userID], ['the rules', 'web_p', 'phone_p']);
    const event = await web.event('PINNED_GROUP_MESSAGE_UPDATED');
    assert.deepEqual([event.isPinned, event.message.ID, event.operatorInfo.userID], [true, said.ID, 'phone_p']);
    assert.equal((await phone.refusal('message', 'pinGroupMessage', groupID, { $object: heard.$object }, true)).code, 10071);
  });
  await t.check('they are listed in the order in which they were pinned', async () => {
    await web.say(groupID, 'the address');
    const second = await phone.received('the address');
    await phone.message('pinGroupMessage', groupID, { $object: second.$object }, true);
    assert.deepEqual((await list(phone)).map(({ textElem }) => textElem.text), ['the rules', 'the address']);
  });
  await t.check('an admin on the web takes the pin off, and the phone is told of which message', async () => {
    await phone.group('setGroupMemberRole', groupID, 'web_p', ROLE.admin);
    await web.pinGroupMessage({ groupID, message: { sequence: said.sequence }, isPinned: false });
    const [, message, , by] = await told(phone, false);
    assert.deepEqual([message.msgID, by.userID], [heard.msgID, 'web_p']);
    assert.deepEqual((await list(phone)).map(({ textElem }) => textElem.text), ['the address']);
  });
  await t.check('one that is recalled is pinned no more', async () => {
    const own = await phone.say(groupID, 'a slip');
    await phone.message('pinGroupMessage', groupID, { $object: own.$object }, true);
    await phone.message('revokeMessage', { $object: own.$object });
    await phone.event('onGroupMessagePinned', ([, message, is]) => !is && message.seq === own.seq);
    assert.equal((await list(phone)).length, 1);
  });
  await t.check('a member of a Meeting pins nothing: 10007, and what was not sent is not pinned: 6017', async () => {
    const member = await t.phone('member_p');
    await member.sdk('joinGroup', groupID, '');
    const said = await member.say(groupID, 'mine');
    assert.equal((await member.refusal('message', 'pinGroupMessage', groupID, { $object: said.$object }, true)).code, 10007);
    const draft = await member.message('createTextMessage', 'never sent');
    assert.equal((await member.refusal('message', 'pinGroupMessage', groupID, { $object: draft.$object }, true)).code, 6017);
  });
}

// Meeting groups: their life, their profile, their members, who may do what, and what everybody is told.
// And what is different in Work groups.

import assert from 'node:assert/strict';

import { NOTICE, findConversation, forget, groupConversation, hasGroup, listed, meeting, notice } from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { Rest } from './harness/rest.mjs';
import { until } from '../js/wait.mjs';

/** Who speaks through which SDK. Every scenario runs with each generation alone and with both together. */
const CASTS = {
  '3.6.6': { alice: 'chat', bob: 'chat', carol: 'chat' },
  '2.27.6': { alice: 'tim-js', bob: 'tim-js', carol: 'tim-js' },
  '3.6.6 with 2.27.6': { alice: 'chat', bob: 'tim-js', carol: 'tim-js' },
};

/** Kinds of tips, as the SDKs number them. */
const TIP_JOINED = 1;
const TIP_LEFT = 2;
const TIP_PROFILE = 6;

/** The SDKs know from the group that only its owner makes admins, and refuse by themselves. */
const NOT_THE_OWNER = [2681, 10007];

/** 2.27.6 knows that a Work group is not dismissed, and refuses by itself. */
const WORK_STAYS = [2622, 10007];

export default async function group(t) {
  for (const [label, cast] of Object.entries(CASTS)) {
    const tag = label.replaceAll(/[^0-9a-z]/g, '');
    await t.scene(label, () => creation(t, cast, `c${tag}`));
    await t.scene(label, () => joining(t, cast, `j${tag}`));
    await t.scene(label, () => leaving(t, cast, `l${tag}`));
    await t.scene(label, () => profiles(t, cast, `p${tag}`));
    await t.scene(label, () => members(t, cast, `m${tag}`));
    await t.scene(label, () => rights(t, cast, `r${tag}`));
    await t.scene(label, () => muting(t, cast, `u${tag}`));
    await t.scene(label, () => inviting(t, cast, `i${tag}`));
    await t.scene(label, () => working(t, cast, `k${tag}`));
  }
}

async function creation(t, cast, tag) {
  const { alice, bob } = await t.logins(tag, cast);
  const chosen = `meeting_${tag}`;
  // 2.27.6 forgets a group that is made before its first list of groups has come, and then shows what the wire says.
  await alice.getGroupList();

  await t.check('createGroup with a chosen ID gives that group', async () => {
    const { group: made } = await alice.createGroup({
      type: alice.types.GRP_MEETING,
      name: 'Meeting 会议',
      groupID: chosen,
      introduction: 'what it is for',
      notification: 'be nice',
      avatar: 'https://files.example/g.png',
    });
    includes(made, {
      groupID: chosen, type: 'ChatRoom', name: 'Meeting 会议', ownerID: alice.user, introduction: 'what it is for',
      notification: 'be nice', avatar: 'https://files.example/g.png', memberCount: 1, muteAllMembers: false,
    });
    includes(made.selfInfo, { role: 'Owner' });
    assert.ok(await hasGroup(alice, chosen));
  });

  await t.check('createGroup without an ID generates one that begins with @TGS#', async () => {
    const first = await meeting(alice);
    const second = await meeting(alice);
    assert.match(first, /^@TGS#[^_]/);
    assert.match(second, /^@TGS#[^_]/);
    assert.notEqual(first, second);
    assert.ok(await hasGroup(alice, first));
  });

  await t.check('the owner gets 10025 for an ID that is taken already', () =>
    refused(10025, meeting(alice, [], { groupID: chosen })));

  await t.check('another user gets 10021 for an ID that is taken already', () =>
    refused(10021, meeting(bob, [], { groupID: chosen })));

  await t.check('an ID with the reserved beginning @TGS# is refused', () =>
    refused([10004, 10015], meeting(alice, [], { groupID: `@TGS#${tag}` })));

  await t.check('an ID of more than 48 bytes is refused', () =>
    refused([10004, 10015], meeting(alice, [], { groupID: `${tag}${'x'.repeat(48)}` })));

  await t.check('an ID outside printable ASCII is refused', () =>
    refused([10004, 10015], meeting(alice, [], { groupID: `会议${tag}` })));

  await t.check('createGroup with members has them in from the start, and tells them', async () => {
    const groupID = await meeting(alice, [], { memberList: [{ userID: bob.user }] });
    await notice(bob, groupID, NOTICE.invited);
    await listed(bob, groupID);
    await bob.say(groupID, 'I was put here');
    await alice.message('I was put here');
  });

  await t.check('custom fields of a group are kept', async () => {
    const groupID = await meeting(alice, [], { groupCustomField: [{ key: 'color', value: 'green' }] });
    await bob.joinGroup({ groupID });
    const { group: seen } = await bob.getGroupProfile({ groupID, groupCustomFieldFilter: ['color'] });
    assert.deepEqual(seen.groupCustomField, [{ key: 'color', value: 'green' }]);
  });

  await t.check('a later login has the groups in its list, with their profile', async () => {
    await forget(alice);
    const { groupList } = await alice.getGroupList();
    const listed = groupList.find(({ groupID }) => groupID === chosen);
    includes(listed, { groupID: chosen, type: 'ChatRoom', name: 'Meeting 会议' });
  });
}

async function joining(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const groupID = await meeting(alice);

  await t.check('anyone joins a Meeting at once, without approval', async () => {
    const { status, group: joined } = await bob.joinGroup({ groupID });
    assert.equal(status, 'JoinedSuccess');
    includes(joined, { groupID, type: 'ChatRoom', name: 'Meeting' });
    assert.ok(await hasGroup(bob, groupID));
    const { memberList } = await alice.getGroupMemberList({ groupID });
    assert.deepEqual(memberList.map(({ userID }) => userID).sort(), [alice.user, bob.user].sort());
  });

  await t.check('joining again is answered with AlreadyInGroup', async () => {
    const { status } = await bob.joinGroup({ groupID });
    assert.equal(status, 'AlreadyInGroup');
  });

  await t.check('joining a group that does not exist is refused with 10010', () =>
    refused(10010, bob.joinGroup({ groupID: `none_${tag}` })));

  await t.check('a Meeting says nothing in the group about who comes and goes', async () => {
    const before = await alice.say(groupID, 'before the coming and going');
    await carol.joinGroup({ groupID });
    await carol.quitGroup(groupID);
    const after = await alice.say(groupID, 'after the coming and going');
    await bob.message('after the coming and going');
    assert.equal(after.sequence, before.sequence + 1);
    assert.deepEqual(bob.messages((message) => message.type === 'TIMGroupTipElem'), []);
  });

  await t.check('joining a dismissed group is refused with 10010', async () => {
    const gone = await meeting(alice);
    await alice.dismissGroup(gone);
    await refused(10010, bob.joinGroup({ groupID: gone }));
  });
}

async function leaving(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);

  await t.check('quitGroup takes the group from the list, and sending is refused with 10007', async () => {
    const groupID = await meeting(alice, [bob]);
    await bob.quitGroup(groupID);
    assert.ok(!await hasGroup(bob, groupID));
    await refused(10007, bob.say(groupID, 'am I still here?'));
    const { memberList } = await alice.getGroupMemberList({ groupID });
    assert.deepEqual(memberList.map(({ userID }) => userID), [alice.user]);
  });

  await t.check('who has left gets nothing more of the group', async () => {
    const groupID = await meeting(alice, [bob, carol]);
    await bob.quitGroup(groupID);
    await alice.say(groupID, 'bob has left');
    await carol.message('bob has left');
    await alice.tell(bob.user, 'and you?');
    await bob.message('and you?');
    assert.deepEqual(bob.messages((message) => message.conversationID === `GROUP${groupID}`), []);
    assert.ok(!await hasGroup(bob, groupID));
  });

  await t.check('who has left can join again and goes on', async () => {
    const groupID = await meeting(alice, [bob]);
    await bob.quitGroup(groupID);
    const { status } = await bob.joinGroup({ groupID });
    assert.equal(status, 'JoinedSuccess');
    await bob.say(groupID, 'here again');
    await alice.message('here again');
  });

  await t.check('the other device of the one who quits drops the group too', async () => {
    const groupID = await meeting(alice, [bob]);
    const phone = await t.login(bob.user, 'tim-wx');
    await listed(phone, groupID);
    await bob.quitGroup(groupID);
    await until(async () => !await hasGroup(phone, groupID), 5_000, 'the phone drops the group');
    await phone.close();
  });

  await t.check('the owner may not quit: 10009', async () => {
    const groupID = await meeting(alice, [bob]);
    await refused(10009, alice.quitGroup(groupID));
    await alice.say(groupID, 'still the owner');
    await bob.message('still the owner');
  });

  await t.check('dismissGroup is refused with 10007 to who is not the owner', async () => {
    const groupID = await meeting(alice, [bob]);
    await refused(10007, bob.dismissGroup(groupID));
    await bob.say(groupID, 'still there');
    await alice.message('still there');
  });

  await t.check('dismissGroup tells everybody, and the group is gone for all', async () => {
    const groupID = await meeting(alice, [bob, carol]);
    await alice.dismissGroup(groupID);
    await Promise.all([bob, carol].map((device) => notice(device, groupID, NOTICE.dismissed)));
    for (const device of [alice, bob, carol]) assert.ok(!await hasGroup(device, groupID));
    await refused(10010, bob.say(groupID, 'anyone?'));
    await refused(10010, carol.getGroupProfile({ groupID }));
    await forget(bob);
    assert.ok(!await hasGroup(bob, groupID));
  });
}

async function profiles(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const groupID = await meeting(alice, [bob]);

  await t.check('getGroupProfile gives the whole profile to a member', async () => {
    const { group: seen } = await bob.getGroupProfile({ groupID });
    includes(seen, {
      groupID, type: 'ChatRoom', name: 'Meeting', ownerID: alice.user, memberCount: 2, joinOption: 'FreeAccess',
      muteAllMembers: false, isSupportTopic: false,
    });
    includes(seen.selfInfo, { role: 'Member', messageRemindType: 'AcceptAndNotify' });
    assert.ok(Math.abs(Number(seen.createTime) - Date.now() / 1000) < 60);
    assert.ok(Math.abs(seen.selfInfo.joinTime - Date.now() / 1000) < 60);
  });

  await t.check('getGroupProfile of an unknown group is refused with 10010', () =>
    refused(10010, bob.getGroupProfile({ groupID: `none_${tag}` })));

  await t.check('updateGroupProfile of the owner reaches the members as a tip and in their list', async () => {
    const change = { name: 'Renamed', introduction: 'new intro', notification: 'new notice', avatar: 'https://files.example/n.png' };
    await alice.updateGroupProfile({ groupID, ...change });
    const tip = await bob.message((message) => message.type === 'TIMGroupTipElem'
      && message.payload.operationType === TIP_PROFILE && message.payload.newGroupProfile.groupName === 'Renamed');
    includes(tip.payload, { operatorID: alice.user });
    includes(tip.payload.newGroupProfile, { introduction: 'new intro', notification: 'new notice', avatar: 'https://files.example/n.png' });
    const { groupList } = await bob.getGroupList();
    includes(groupList.find((entry) => entry.groupID === groupID), { name: 'Renamed', muteAllMembers: false });
    await forget(bob);
    includes((await bob.getGroupProfile({ groupID })).group, change);
  });

  await t.check('a tip takes its place in the sequence and stays in the history', async () => {
    const before = await bob.say(groupID, 'before the tip');
    await alice.updateGroupProfile({ groupID, notification: 'third notice' });
    const tip = await bob.message((message) => message.type === 'TIMGroupTipElem' && message.payload.newGroupProfile?.notification === 'third notice');
    const after = await bob.say(groupID, 'after the tip');
    assert.deepEqual([before.sequence + 1, before.sequence + 2], [tip.sequence, after.sequence]);
    await carol.joinGroup({ groupID });
    const { messageList } = await carol.getMessageList({ conversationID: `GROUP${groupID}` });
    const kept = messageList.find(({ sequence }) => sequence === tip.sequence);
    includes(kept, { type: 'TIMGroupTipElem' });
    includes(kept.payload, { operationType: TIP_PROFILE, operatorID: alice.user });
  });

  await t.check('updateGroupProfile of a plain member is refused with 10007', async () => {
    await refused(10007, bob.updateGroupProfile({ groupID, name: 'mine now' }));
    includes((await alice.getGroupProfile({ groupID })).group, { name: 'Renamed' });
  });

  await t.check('a name of 100 bytes is kept, a longer one is refused', async () => {
    const name = '会'.repeat(33);
    await alice.updateGroupProfile({ groupID, name });
    includes((await alice.getGroupProfile({ groupID })).group, { name });
    await refused(10004, alice.updateGroupProfile({ groupID, name: '会'.repeat(34) }));
  });

  await t.check('searchGroupByID finds the group for who is not in it', async () => {
    const other = await meeting(alice, [], { name: 'To be found' });
    const { group: found } = await bob.searchGroupByID(other);
    includes(found, { groupID: other, type: 'ChatRoom', name: 'To be found', ownerID: alice.user });
    assert.ok(!await hasGroup(bob, other));
  });

  await t.check('searchGroupByID of an unknown group is refused', () =>
    refused([10010, 10015], bob.searchGroupByID(`none_${tag}`)));

  await t.check('setMessageRemindType is kept for this member only', async () => {
    await bob.setMessageRemindType({ groupID, messageRemindType: bob.types.MSG_REMIND_ACPT_NOT_NOTE });
    await forget(bob);
    includes((await bob.getGroupProfile({ groupID })).group.selfInfo, { messageRemindType: 'AcceptNotNotify' });
    includes((await alice.getGroupProfile({ groupID })).group.selfInfo, { messageRemindType: 'AcceptAndNotify' });
  });
}

async function members(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const rest = new Rest(t.gateway);
  const groupID = await meeting(alice, [bob]);

  await t.check('getGroupMemberList gives roles, join times and nicks', async () => {
    await bob.updateMyProfile({ nick: 'Bobby', avatar: 'https://files.example/bob.png' });
    const { memberList } = await alice.getGroupMemberList({ groupID });
    const byId = new Map(memberList.map((member) => [member.userID, member]));
    assert.equal(byId.size, 2);
    includes(byId.get(alice.user), { role: 'Owner', muteUntil: 0 });
    includes(byId.get(bob.user), { role: 'Member', nick: 'Bobby', avatar: 'https://files.example/bob.png', nameCard: '', muteUntil: 0 });
    assert.ok(Math.abs(byId.get(bob.user).joinTime - Date.now() / 1000) < 60);
  });

  await t.check('getGroupMemberList of 40 members comes page by page, each member once', async () => {
    const crowd = Array.from({ length: 38 }, (_, n) => `crowd${n}_${tag}`);
    const big = await rest.group(`big_${tag}`, alice.user, [...crowd, bob.user]);
    await listed(bob, big);
    const pages = [];
    for (let offset = 0; ;) {
      const page = await bob.getGroupMemberList({ groupID: big, count: 15, offset });
      pages.push(page.memberList.map(({ userID }) => userID));
      if (!page.offset) break;
      assert.ok(page.offset > offset, `the offset went from ${offset} to ${page.offset}`);
      offset = page.offset;
    }
    assert.deepEqual(pages.map(({ length }) => length), [15, 15, 10]);
    assert.deepEqual(pages.flat().sort(), [alice.user, bob.user, ...crowd].sort());
  });

  await t.check('getGroupMemberProfile gives the members asked for and leaves others out', async () => {
    const { memberList } = await alice.getGroupMemberProfile({ groupID, userIDList: [bob.user, carol.user] });
    assert.deepEqual(memberList.map(({ userID }) => userID), [bob.user]);
    includes(memberList[0], { role: 'Member', nick: 'Bobby' });
  });

  await t.check('a name card set by its owner is in the list and in the next message', async () => {
    await bob.setGroupMemberNameCard({ groupID, nameCard: 'Bob the second' });
    const { memberList } = await alice.getGroupMemberProfile({ groupID, userIDList: [bob.user] });
    includes(memberList[0], { nameCard: 'Bob the second' });
    await bob.say(groupID, 'with my card');
    includes(await alice.message('with my card'), { nameCard: 'Bob the second' });
  });

  await t.check('the owner sets the name card of a member; a member may not set another\'s', async () => {
    await alice.setGroupMemberNameCard({ groupID, userID: bob.user, nameCard: 'Bob the third' });
    await bob.say(groupID, 'with a given card');
    includes(await alice.message('with a given card'), { nameCard: 'Bob the third' });
    await refused(10007, bob.setGroupMemberNameCard({ groupID, userID: alice.user, nameCard: 'silly' }));
  });

  await t.check('deleteGroupMember removes the member and tells them', async () => {
    await carol.joinGroup({ groupID });
    await alice.deleteGroupMember({ groupID, userIDList: [carol.user], reason: 'be quiet' });
    const told = await notice(carol, groupID, NOTICE.kicked);
    includes(told.payload, { operatorID: alice.user });
    await until(async () => !await hasGroup(carol, groupID), 5_000, 'the group leaves the list');
    await refused(10007, carol.say(groupID, 'but'));
    await bob.say(groupID, 'carol is gone');
    await alice.message('carol is gone');
    assert.deepEqual(carol.messages((message) => message.conversationID === `GROUP${groupID}`), []);
    const { memberList } = await alice.getGroupMemberList({ groupID });
    assert.ok(!memberList.some(({ userID }) => userID === carol.user));
  });

  await t.check('who was removed may join again', async () => {
    const { status } = await carol.joinGroup({ groupID });
    assert.equal(status, 'JoinedSuccess');
    await carol.say(groupID, 'forgiven');
    await alice.message('forgiven');
  });
}

async function rights(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const groupID = await meeting(alice, [bob, carol]);
  const role = async (user) => {
    const { memberList } = await alice.getGroupMemberProfile({ groupID, userIDList: [user.user] });
    return memberList[0].role;
  };

  await t.check('a plain member may not remove, mute or promote: 10007', async () => {
    await refused(10007, bob.deleteGroupMember({ groupID, userIDList: [carol.user] }));
    await refused(10007, bob.setGroupMemberMuteTime({ groupID, userID: carol.user, muteTime: 60 }));
    await refused(NOT_THE_OWNER, bob.setGroupMemberRole({ groupID, userID: carol.user, role: bob.types.GRP_MBR_ROLE_ADMIN }));
    await refused(10007, bob.changeGroupOwner({ groupID, newOwnerID: carol.user }));
    assert.equal(await role(carol), 'Member');
  });

  await t.check('the owner makes a member an admin', async () => {
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: alice.types.GRP_MBR_ROLE_ADMIN });
    assert.equal(await role(bob), 'Admin');
    const { memberList } = await carol.getGroupMemberList({ groupID });
    includes(memberList.find(({ userID }) => userID === bob.user), { role: 'Admin' });
  });

  await t.check('an admin changes the profile and mutes, but not the owner, and makes no admins', async () => {
    await bob.updateGroupProfile({ groupID, introduction: 'by the admin' });
    includes((await carol.getGroupProfile({ groupID })).group, { introduction: 'by the admin' });
    await bob.setGroupMemberMuteTime({ groupID, userID: carol.user, muteTime: 60 });
    await refused(10017, carol.say(groupID, 'muted by the admin'));
    await bob.setGroupMemberMuteTime({ groupID, userID: carol.user, muteTime: 0 });
    await refused(10007, bob.setGroupMemberMuteTime({ groupID, userID: alice.user, muteTime: 60 }));
    await refused(10007, bob.deleteGroupMember({ groupID, userIDList: [alice.user] }));
    await refused(NOT_THE_OWNER, bob.setGroupMemberRole({ groupID, userID: carol.user, role: bob.types.GRP_MBR_ROLE_ADMIN }));
  });

  await t.check('an admin made a member again has lost the rights', async () => {
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: alice.types.GRP_MBR_ROLE_MEMBER });
    assert.equal(await role(bob), 'Member');
    await refused(10007, bob.updateGroupProfile({ groupID, introduction: 'no longer' }));
  });

  await t.check('the group can be handed over only to a member', () =>
    refused([10004, 10007], alice.changeGroupOwner({ groupID, newOwnerID: `stranger_${tag}` })));

  await t.check('changeGroupOwner makes the new one owner and the old one a member', async () => {
    await alice.changeGroupOwner({ groupID, newOwnerID: bob.user });
    await bob.message((message) => message.type === 'TIMGroupTipElem' && message.payload.newGroupProfile?.ownerID === bob.user);
    const { memberList } = await carol.getGroupMemberList({ groupID });
    includes(memberList.find(({ userID }) => userID === bob.user), { role: 'Owner' });
    includes(memberList.find(({ userID }) => userID === alice.user), { role: 'Member' });
    await refused(10007, alice.updateGroupProfile({ groupID, name: 'not mine any more' }));
    await bob.updateGroupProfile({ groupID, name: 'mine' });
  });

  await t.check('the former owner may quit, the new one not', async () => {
    await alice.quitGroup(groupID);
    await refused(10009, bob.quitGroup(groupID));
    await bob.dismissGroup(groupID);
    await notice(carol, groupID, NOTICE.dismissed);
  });
}

async function muting(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const groupID = await meeting(alice, [bob, carol]);

  await t.check('a muted member is refused with 10017 until they are unmuted', async () => {
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 600 });
    await refused(10017, bob.say(groupID, 'mmm'));
    const { memberList } = await alice.getGroupMemberProfile({ groupID, userIDList: [bob.user] });
    const left = memberList[0].muteUntil - Date.now() / 1000;
    assert.ok(left > 570 && left <= 601, `muted for another ${left} s`);
    await carol.say(groupID, 'I may');
    await alice.message('I may');
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 0 });
    await bob.say(groupID, 'free again');
    await alice.message('free again');
  });

  await t.check('being muted survives leaving and joining again', async () => {
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 600 });
    await bob.quitGroup(groupID);
    await bob.joinGroup({ groupID });
    await refused(10017, bob.say(groupID, 'a trick'));
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 0 });
  });

  await t.check('a mute ends by itself', async () => {
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 1 });
    await refused(10017, bob.say(groupID, 'too early'));
    const { sequence } = await until(() => bob.say(groupID, 'late enough'), 5_000, 'the mute ends');
    await alice.message((message) => message.sequence === sequence && message.payload.text === 'late enough');
  });

  await t.check('mute-all stops the members, not the owner and the admins', async () => {
    await alice.setGroupMemberRole({ groupID, userID: carol.user, role: alice.types.GRP_MBR_ROLE_ADMIN });
    await alice.updateGroupProfile({ groupID, muteAllMembers: true });
    await bob.message((message) => message.type === 'TIMGroupTipElem' && message.payload.newGroupProfile?.muteAllMembers === true);
    await refused(10017, bob.say(groupID, 'me too?'));
    await alice.say(groupID, 'the owner speaks');
    await carol.say(groupID, 'the admin speaks');
    await Promise.all([bob.message('the owner speaks'), bob.message('the admin speaks')]);
  });

  await t.check('mute-all is in the profile that a later login finds, as a boolean', async () => {
    await forget(bob);
    assert.equal((await bob.getGroupProfile({ groupID })).group.muteAllMembers, true);
  });

  await t.check('the end of mute-all lets the members speak again', async () => {
    await alice.updateGroupProfile({ groupID, muteAllMembers: false });
    await bob.message((message) => message.type === 'TIMGroupTipElem' && message.payload.newGroupProfile?.muteAllMembers === false);
    await bob.say(groupID, 'we may speak');
    await alice.message('we may speak');
    assert.equal((await bob.getGroupProfile({ groupID })).group.muteAllMembers, false);
  });
}

async function inviting(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);

  await t.check('addGroupMember is refused in a Meeting by default, to the owner as well: 10007', async () => {
    const groupID = await meeting(alice, [bob]);
    await refused(10007, bob.addGroupMember({ groupID, userIDList: [carol.user] }));
    await refused(10007, alice.addGroupMember({ groupID, userIDList: [carol.user] }));
    assert.ok(!await hasGroup(carol, groupID));
  });

  await t.check('addGroupMember works where invitations are free, and the invited is told', async () => {
    const groupID = await meeting(alice, [bob], { inviteOption: alice.types.INVITE_OPTIONS_FREE_ACCESS });
    const result = await bob.addGroupMember({ groupID, userIDList: [carol.user, alice.user] });
    assert.deepEqual(result.successUserIDList, [carol.user]);
    assert.deepEqual(result.existedUserIDList, [alice.user]);
    await notice(carol, groupID, NOTICE.invited);
    await listed(carol, groupID);
    await carol.say(groupID, 'thank you');
    await alice.message('thank you');
  });
}

/** What a Work group does differently: members bring each other in, nobody applies, unread messages count. */
async function working(t, cast, tag) {
  const { alice, bob, carol } = await t.logins(tag, cast);
  const { group: { groupID } } = await alice.createGroup({
    type: alice.types.GRP_WORK, name: 'Work', memberList: [{ userID: bob.user }],
  });

  await t.check('a Work group begins with its members, and any member brings others in', async () => {
    await listed(bob, groupID);
    const { successUserIDList } = await bob.addGroupMember({ groupID, userIDList: [carol.user] });
    assert.deepEqual(successUserIDList, [carol.user]);
    const tip = await alice.message((message) => message.type === 'TIMGroupTipElem'
      && message.payload.userIDList?.includes(carol.user));
    includes(tip.payload, { operationType: TIP_JOINED });
    await notice(carol, groupID, NOTICE.invited);
  });

  await t.check('nobody applies to a Work group, nobody dismisses it, and nobody in it is muted: 10007', async () => {
    const dave = await t.login(`dave_${tag}`, cast.bob);
    await refused(10007, dave.joinGroup({ groupID }));
    await refused(WORK_STAYS, alice.dismissGroup(groupID));
    await refused(10007, alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 60 }));
    await dave.close();
  });

  await t.check('unread messages of a Work group count, live and after a new login, until they are read', async () => {
    const conversationID = groupConversation(groupID);
    await bob.setMessageRead({ conversationID });
    for (const text of ['one', 'two', 'three']) await alice.say(groupID, text);
    await bob.message('three');
    const unread = async () => (await findConversation(bob, conversationID))?.unreadCount;
    assert.equal(await unread(), 3);
    await bob.logout();
    await bob.signIn();
    await until(async () => await unread() === 3, 5_000, 'the server counts alike');
    await bob.getGroupList();
    await bob.setMessageRead({ conversationID });
    await until(async () => await unread() === 0, 5_000, 'what was read is not counted');
  });

  await t.check('the owner of a Work group may leave it', async () => {
    await alice.quitGroup(groupID);
    await bob.message((message) => message.type === 'TIMGroupTipElem' && message.payload.operationType === TIP_LEFT);
    assert.ok(!await hasGroup(alice, groupID));
    await bob.say(groupID, 'still here');
    await carol.message('still here');
  });
}

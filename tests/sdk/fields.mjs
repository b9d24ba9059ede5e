// What an application defines for its groups and members, and what holds for groups of every type: searching, who is online,
// silence, handing over, limits.

import assert from 'node:assert/strict';

import {
  findConversation, forget, groupConversation, hasGroup, meeting, texts, wholeHistory, work,
} from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { Rest } from './harness/rest.mjs';
import { until } from '../js/wait.mjs';

/** Settings of the gateway of this part. */
export const kind = {
  config: `
    [fields]
    group = [
      { key = "level", reads = "anybody", writes = "owner" },
      { key = "mood", writes = "member" },
      { key = "notes", reads = "admin" },
    ]
    member = [{ key = "team" }, { key = "badge", writes = "admin" }]
    [limits]
    groups_per_user = 9
    [group.work]
    keeps_tips = false
  `,
};

/** Who speaks through which SDK. */
const CASTS = {
  '3.6.6': { alice: 'chat', bob: 'chat', carol: 'chat' },
  '2.27.6': { alice: 'tim-js', bob: 'tim-js', carol: 'tim-js' },
  '3.6.6 with 2.27.6': { alice: 'chat', bob: 'tim-js', carol: 'chat' },
};

export default async function fields(t) {
  await t.sideBySide(3, [{ label: '3.6.6', body: (part) => signals(part, 'sg') }, ...Object.entries(CASTS).flatMap(([label, cast]) => {
    const tag = label.replaceAll(/[^0-9a-z]/g, '');
    return [
      { label, body: (part) => defined(part, cast, `fd${tag}`) },
      { label, body: (part) => everyType(part, cast, `et${tag}`) },
      { label, body: (part) => passingTips(part, cast, `pt${tag}`) },
      { label, body: (part) => limits(part, cast, `li${tag}`) },
    ];
  })]);
}

const field = (key, value) => ({ key, value });

async function groupFields(device, groupID, keys = ['level', 'mood', 'notes']) {
  const { group } = await device.getGroupProfile({ groupID, groupCustomFieldFilter: keys });
  return group.groupCustomField.map(({ key, value }) => `${key}=${value}`).sort();
}

async function memberFields(device, groupID, userID, keys = ['team', 'badge']) {
  const { memberList: [member] } = await device.getGroupMemberProfile({ groupID, userIDList: [userID], memberCustomFieldFilter: keys });
  return member.memberCustomField.map(({ key, value }) => `${key}=${value}`).sort();
}

async function defined(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const { group: { groupID } } = await alice.createGroup({
    type: alice.types.GRP_PUBLIC, name: 'Club', groupCustomField: [field('level', '1'), field('notes', 'n')],
    memberList: [{ userID: bob.user, memberCustomField: [field('badge', 'gold')] }, { userID: carol.user }],
  });

  await t.check('a group begins with its fields, and each is told what they may read', async () => {
    assert.deepEqual(await groupFields(alice, groupID), ['level=1', 'notes=n']);
    await until(() => hasGroup(bob, groupID), 5_000, 'the group is in the list of a member');
    assert.deepEqual(await groupFields(bob, groupID), ['level=1']);
  });

  await t.check('a member begins with theirs', async () => {
    assert.deepEqual(await memberFields(carol, groupID, bob.user), ['badge=gold']);
  });

  await t.check('a field that is not defined is refused with 10004', async () => {
    await refused(10004, alice.updateGroupProfile({ groupID, groupCustomField: [field('other', 'v')] }));
    await refused(10004, alice.setGroupMemberCustomField({ groupID, memberCustomField: [field('other', 'v')] }));
    await refused(10004, alice.raw('createGroup', { type: alice.types.GRP_MEETING, name: 'never', groupCustomField: [field('other', 'v')] }));
  });

  await t.check('any member writes a field that is theirs, and all hear of it', async () => {
    await carol.updateGroupProfile({ groupID, groupCustomField: [field('mood', 'good')] });
    for (const device of [alice, bob]) {
      const { payload } = await device.message((message) => message.payload?.newGroupProfile?.groupCustomField?.[0]?.key === 'mood');
      assert.deepEqual(payload.newGroupProfile.groupCustomField, [field('mood', 'good')]);
    }
    assert.deepEqual(await groupFields(bob, groupID), ['level=1', 'mood=good']);
  });

  await t.check('one of the owner is refused to an admin with 10007', async () => {
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: alice.types.GRP_MBR_ROLE_ADMIN });
    await refused(10007, bob.updateGroupProfile({ groupID, groupCustomField: [field('level', '9')] }));
    assert.deepEqual(await groupFields(bob, groupID), ['level=1', 'mood=good', 'notes=n']);
  });

  await t.check('what only admins read is told to nobody else', async () => {
    await alice.updateGroupProfile({ groupID, groupCustomField: [field('level', '2'), field('notes', 'secret')] });
    const { payload } = await carol.message((message) => message.payload?.newGroupProfile?.groupCustomField?.[0]?.key === 'level');
    assert.deepEqual(payload.newGroupProfile.groupCustomField, [field('level', '2')]);
    assert.deepEqual(await groupFields(carol, groupID), ['level=2', 'mood=good']);
    await forget(carol);
    assert.deepEqual(await groupFields(carol, groupID), ['level=2', 'mood=good']);
  });

  await t.check('setGroupMemberCustomField writes one\'s own, and an admin those of a member', async () => {
    await carol.setGroupMemberCustomField({ groupID, memberCustomField: [field('team', 'red')] });
    await refused(10007, carol.setGroupMemberCustomField({ groupID, memberCustomField: [field('badge', 'gold')] }));
    await bob.setGroupMemberCustomField({ groupID, userID: carol.user, memberCustomField: [field('badge', 'silver')] });
    assert.deepEqual(await memberFields(alice, groupID, carol.user), ['badge=silver', 'team=red']);
  });
}

/** A group of each type that is served, with bob in it and carol not. */
async function ofEveryType(alice, bob) {
  const { types } = alice;
  const [club] = await Promise.all([
    alice.createGroup({ type: types.GRP_PUBLIC, name: 'Club', memberList: [{ userID: bob.user }] }),
  ]);
  return { Private: await work(alice, [bob]), Public: club.group.groupID, ChatRoom: await meeting(alice, [bob]) };
}

async function everyType(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const groups = await ofEveryType(alice, bob);

  for (const [type, groupID] of Object.entries(groups)) {
    await t.check(`${type}: searchGroupByID finds it for whoever may`, async () => {
      if (type === 'Private') return refused(10015, carol.searchGroupByID(groupID));
      const { group } = await carol.searchGroupByID(groupID);
      return includes(group, { groupID, type, ownerID: alice.user, memberCount: 2 });
    });

    await t.check(`${type}: getGroupOnlineMemberCount counts who is there`, async () => {
      const { memberCount } = await bob.getGroupOnlineMemberCount(groupID);
      // 2.27.6 asks for those of live rooms only, and says 0 of all others.
      assert.equal(memberCount, bob.kind === 'chat' ? 2 : 0);
    });

    await t.check(`${type}: who silences all, and who may speak then`, async () => {
      const silence = (muteAllMembers) => alice.updateGroupProfile({ groupID, muteAllMembers });
      if (type === 'Private') return refused(10007, silence(true));
      await refused(10007, bob.updateGroupProfile({ groupID, muteAllMembers: true }));
      await silence(true);
      await bob.message(({ to, payload }) => to === groupID && payload.newGroupProfile?.muteAllMembers === true);
      await refused(10017, bob.say(groupID, 'not now'));
      await alice.say(groupID, 'the owner speaks');
      await silence(false);
      return bob.say(groupID, 'now');
    });

    await t.check(`${type}: who silences a member, and for how long`, async () => {
      const mute = (muteTime) => alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime });
      if (type === 'Private') return refused(10007, mute(60));
      await refused(10007, bob.setGroupMemberMuteTime({ groupID, userID: alice.user, muteTime: 60 }));
      await mute(600);
      await refused(10017, bob.say(groupID, 'not now'));
      const { memberList: [member] } = await alice.getGroupMemberProfile({ groupID, userIDList: [bob.user] });
      assert.ok(member.muteUntil > Date.now() / 1000 + 500, `${member.muteUntil}`);
      await mute(0);
      return bob.say(groupID, 'now');
    });

    await t.check(`${type}: the owner hands it over, and is a member afterwards`, async () => {
      // The SDKs know by themselves that it is not theirs.
      await refused([10007, 2621], bob.changeGroupOwner({ groupID, newOwnerID: alice.user }));
      await refused(10007, alice.changeGroupOwner({ groupID, newOwnerID: carol.user }));
      await alice.changeGroupOwner({ groupID, newOwnerID: bob.user });
      await bob.message(({ to, payload }) => to === groupID && payload.newGroupProfile?.ownerID === bob.user);
      await until(async () => (await bob.getGroupProfile({ groupID })).group.ownerID === bob.user, 5_000, 'the new owner is told');
      await alice.quitGroup(groupID);
      const rest = new Rest(t.gateway);
      const { GroupInfo: [info] } = await rest.call('group_open_http_svc/get_group_info', { GroupIdList: [groupID] });
      assert.deepEqual([info.Owner_Account, info.MemberList.map(({ Role }) => Role)], [bob.user, ['Owner']]);
    });
  }
}

/** Only the 3.x have it. An invitation is a message like any other. */
async function signals(t, tag) {
  const { alice, bob } = await t.settled(tag, { alice: 'chat', bob: 'chat' });
  const groupID = await meeting(alice, [bob]);
  const invited = (data) => bob.message(({ payload }) => {
    const signal = payload?.data?.startsWith('{') ? JSON.parse(payload.data) : {};
    return signal.data === data && signal.groupID === groupID && signal.inviteeList.join() === bob.user;
  });

  await t.check('inviteInGroup and inviteInGroupSync reach the members of the group', async () => {
    const options = { groupID, inviteeList: [bob.user], timeout: 5 };
    await alice.inviteInGroup({ ...options, data: 'a call' });
    await invited('a call');
    await alice.raw('inviteInGroupSync', { ...options, data: 'another' });
    await invited('another');
  });
}

/** In Work groups of this part. */
async function passingTips(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const groupID = await work(alice, [bob]);
  const conversationID = groupConversation(groupID);
  await until(() => hasGroup(bob, groupID), 5_000, 'the group is in the list of a member');
  await alice.say(groupID, 'before');
  await bob.message('before');
  const { unreadCount: unread } = await findConversation(bob, conversationID);

  await t.check('tips that are not kept are told to those who are there', async () => {
    await alice.addGroupMember({ groupID, userIDList: [carol.user] });
    const { payload } = await bob.message(({ to, payload: tip }) => to === groupID && tip.operationType === 1);
    assert.deepEqual([payload.operatorID, payload.userIDList], [alice.user, [carol.user]]);
    await alice.updateGroupProfile({ groupID, name: 'Renamed' });
    await bob.message(({ to, payload: tip }) => to === groupID && tip.newGroupProfile?.groupName === 'Renamed');
  });

  await t.check('they change neither the list of conversations nor the history', async () => {
    const { lastMessage, unreadCount } = await findConversation(bob, conversationID);
    assert.deepEqual([lastMessage.payload.text, unreadCount], ['before', unread]);
    await forget(bob);
    const history = await wholeHistory(bob, conversationID);
    assert.deepEqual(texts(history), ['before']);
    assert.ok(!history.some(({ type }) => type === 'TIMGroupTipElem'), JSON.stringify(history));
  });
}

async function limits(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);

  await t.check('a group of two takes no third, who is refused with 10014', async () => {
    const groupID = await meeting(alice, [bob], { maxMemberNum: 2 });
    await refused(10014, carol.raw('joinGroup', { groupID }));
    await bob.quitGroup(groupID);
    await carol.joinGroup({ groupID });
  });

  await t.check('who is in as many groups as one may be neither makes nor joins another, and is refused with 10037', async () => {
    const rest = new Rest(t.gateway);
    for (let index = 0; index < 9; index += 1) await rest.group(`${tag}${index}`, `owner_${tag}`, [bob.user]);
    const other = await meeting(alice);
    await refused(10037, bob.raw('createGroup', { type: bob.types.GRP_MEETING, name: 'never' }));
    await refused(10037, bob.raw('joinGroup', { groupID: other }));
    await bob.quitGroup(`${tag}0`);
    await bob.joinGroup({ groupID: other });
  });
}

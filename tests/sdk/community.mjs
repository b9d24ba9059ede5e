// Communities without topics and with them, and what is said in topics.

import assert from 'node:assert/strict';

import { NOTICE, findConversation, forget, groupConversation, hasGroup, listed, notice, texts, wholeHistory } from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { until } from '../js/wait.mjs';

/** Who speaks through which SDK. */
const CASTS = {
  '3.6.6': { alice: 'chat', bob: 'chat', carol: 'chat' },
  '2.27.6': { alice: 'tim-js', bob: 'tim-js', carol: 'tim-js' },
  '3.6.6 with 2.27.6': { alice: 'chat', bob: 'tim-js', carol: 'chat' },
};

/** The SDK knows that only the owner makes admins. */
const NOT_THE_OWNER = [2681, 10007];

export default async function community(t) {
  for (const [label, cast] of Object.entries(CASTS)) {
    const tag = label.replaceAll(/[^0-9a-z]/g, '');
    await t.scene(label, () => plain(t, cast, `co${tag}`));
  }
}

/** The devices, when they have come to the end of their beginning: what comes before it the SDKs take for old, and tell nobody. */
async function settled(t, tag, cast) {
  const devices = await t.logins(tag, cast);
  await Promise.all(Object.values(devices).map(async (device) => {
    await device.getGroupList();
    await device.quiet();
  }));
  return devices;
}

/** A community of `owner` that the others have joined. */
async function club(owner, others, more = {}) {
  const { group } = await owner.createGroup({ type: owner.types.GRP_COMMUNITY, name: 'Club', ...more });
  for (const other of others) {
    await other.joinGroup({ groupID: group.groupID });
    await other.quiet();
  }
  return group.groupID;
}

/** Waits for the tip of this kind in a group. */
function tip(device, groupID, operationType) {
  return device.message(({ type, to, payload }) => type === 'TIMGroupTipElem' && to === groupID && payload.operationType === operationType);
}

async function plain(t, cast, tag) {
  const { alice, bob, carol } = await settled(t, tag, cast);
  let groupID;

  await t.check('createGroup makes a community, whose ID begins with @TGS#_', async () => {
    const { group } = await alice.createGroup({ type: alice.types.GRP_COMMUNITY, name: 'Club', introduction: 'for all' });
    ({ groupID } = group);
    assert.match(groupID, /^@TGS#_/);
    includes(group, { type: 'Community', name: 'Club', introduction: 'for all', ownerID: alice.user, isSupportTopic: false });
    assert.ok(await hasGroup(alice, groupID));
  });

  await t.check('createGroup with a chosen ID gives that community', async () => {
    const chosen = `@TGS#_${tag}`;
    const { group } = await alice.createGroup({ type: alice.types.GRP_COMMUNITY, name: 'Chosen', groupID: chosen });
    assert.equal(group.groupID, chosen);
    await refused(10021, bob.createGroup({ type: bob.types.GRP_COMMUNITY, name: 'Theirs', groupID: chosen }));
  });

  await t.check('everybody joins at once, and all hear of it', async () => {
    assert.equal((await bob.joinGroup({ groupID })).status, 'JoinedSuccess');
    const { payload } = await tip(alice, groupID, 1);
    assert.deepEqual(payload.userIDList, [bob.user]);
    await listed(bob, groupID);
  });

  await t.check('a member brings somebody in', async () => {
    await bob.addGroupMember({ groupID, userIDList: [carol.user] });
    await notice(carol, groupID, NOTICE.invited);
    await listed(carol, groupID);
  });

  await t.check('what is said counts as unread, and stands in the list of conversations and in the history', async () => {
    await bob.setMessageRead({ conversationID: groupConversation(groupID) });
    await alice.say(groupID, 'hello all');
    await bob.message('hello all');
    includes(await findConversation(bob, groupConversation(groupID)), { unreadCount: 1 });
    await bob.setMessageRead({ conversationID: groupConversation(groupID) });
    includes(await findConversation(bob, groupConversation(groupID)), { unreadCount: 0 });
    assert.ok(texts(await wholeHistory(bob, groupConversation(groupID))).includes('hello all'));
  });

  await t.check('a newcomer reads what was said before', async () => {
    await carol.quitGroup(groupID);
    await alice.say(groupID, 'while you were away');
    await carol.joinGroup({ groupID });
    await listed(carol, groupID);
    const said = texts(await wholeHistory(carol, groupConversation(groupID)));
    assert.ok(said.includes('hello all') && said.includes('while you were away'), `${said}`);
  });

  await t.check('members are listed page by page', async () => {
    const names = [];
    for (let offset = 0, pages = 0; pages < 5; pages += 1) {
      const page = await alice.getGroupMemberList({ groupID, count: 2, offset });
      names.push(...page.memberList.map(({ userID }) => userID));
      offset = page.offset;
      if (!offset) break;
    }
    assert.deepEqual([...new Set(names)].sort(), [alice.user, bob.user, carol.user].sort());
    assert.equal(names[0], alice.user);
  });

  await t.check('an admin is made, and all are told', async () => {
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: 'Admin' });
    await notice(bob, groupID, NOTICE.adminGranted);
    const { payload } = await tip(carol, groupID, 4);
    assert.deepEqual(payload.userIDList, [bob.user]);
    await refused(NOT_THE_OWNER, carol.setGroupMemberRole({ groupID, userID: bob.user, role: 'Member' }));
  });

  await t.check('an admin changes the profile and mutes all', async () => {
    await bob.updateGroupProfile({ groupID, name: 'New name', muteAllMembers: true });
    const { payload } = await tip(carol, groupID, 6);
    assert.equal(payload.newGroupProfile.groupName, 'New name');
    await refused(10017, carol.say(groupID, 'silenced'));
    await bob.updateGroupProfile({ groupID, muteAllMembers: false });
    await carol.say(groupID, 'speaking');
    await alice.message('speaking');
  });

  await t.check('a member is muted, and put out', async () => {
    await bob.setGroupMemberMuteTime({ groupID, userID: carol.user, muteTime: 600 });
    await refused(10017, carol.say(groupID, 'silenced again'));
    await bob.deleteGroupMember({ groupID, userIDList: [carol.user], reason: 'bye' });
    await notice(carol, groupID, NOTICE.kicked);
    assert.equal(await hasGroup(carol, groupID), false);
  });

  await t.check('applications to a community are listed once', async () => {
    await alice.updateGroupProfile({ groupID, joinOption: alice.types.JOIN_OPTIONS_NEED_PERMISSION });
    assert.equal((await carol.joinGroup({ groupID, applyMessage: 'again?' })).status, 'WaitAdminApproval');
    const { applicationList } = await alice.getGroupApplicationList();
    assert.equal(applicationList.length, 1, JSON.stringify(applicationList));
    includes(applicationList[0], { applicant: carol.user, groupID });
    await alice.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', application: applicationList[0] });
    await notice(carol, groupID, NOTICE.accepted);
    await listed(carol, groupID);
  });

  await t.check('a message is recalled for all', async () => {
    const said = await alice.say(groupID, 'a slip');
    await bob.message('a slip');
    await alice.revokeMessage(said);
    const revoked = await bob.event('MESSAGE_REVOKED', (list) => list.some(({ sequence }) => sequence === said.sequence));
    assert.ok(revoked);
  });

  await t.check('after a new login the communities are there, once', async () => {
    await forget(bob);
    await until(() => hasGroup(bob, groupID), 5_000, 'the community is in the list');
    const { groupList } = await bob.getGroupList();
    assert.equal(groupList.filter((one) => one.groupID === groupID).length, 1);
    includes(groupList.find((one) => one.groupID === groupID), { type: 'Community', isSupportTopic: false });
    includes(await findConversation(bob, groupConversation(groupID)), { type: 'GROUP' });
  });

  await t.check('the owner hands it over, and the new one dismisses it', async () => {
    await refused([2681, 10009, 2682, 2683], alice.quitGroup(groupID));
    await alice.changeGroupOwner({ groupID, newOwnerID: bob.user });
    await tip(carol, groupID, 6);
    await bob.dismissGroup(groupID);
    await notice(carol, groupID, NOTICE.dismissed);
    assert.equal(await hasGroup(carol, groupID), false);
  });
}

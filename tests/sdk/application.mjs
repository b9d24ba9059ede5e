// Groups about which somebody decides who comes in: applications, invitations, and who hears what of them.

import assert from 'node:assert/strict';

import { NOTICE, forget, groupConversation, hasGroup, listed, notice } from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';

/** Who speaks through which SDK. */
const CASTS = {
  '3.6.6': { alice: 'chat', bob: 'chat', carol: 'chat', dave: 'chat' },
  '2.27.6': { alice: 'tim-js', bob: 'tim-js', carol: 'tim-js', dave: 'tim-js' },
  '3.6.6 with 2.27.6': { alice: 'chat', bob: 'tim-js', carol: 'chat', dave: 'tim-js' },
};

export default async function application(t) {
  for (const [label, cast] of Object.entries(CASTS)) {
    const tag = label.replaceAll(/[^0-9a-z]/g, '');
    await t.scene(label, () => applying(t, cast, `ap${tag}`));
    await t.scene(label, () => admins(t, cast, `ad${tag}`));
    await t.scene(label, () => options(t, cast, `op${tag}`));
  }
}

/** A Public group of `owner`. */
async function club(owner, members = [], more = {}) {
  const memberList = members.map(({ user, role }) => ({ userID: user, role }));
  const { group } = await owner.createGroup({ type: owner.types.GRP_PUBLIC, name: 'Club', memberList, ...more });
  return group.groupID;
}

async function waiting(device) {
  const { applicationList } = await device.getGroupApplicationList();
  return applicationList;
}

async function applying(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const groupID = await club(alice);
  let message;

  await t.check('joinGroup of a Public group waits for its owner, who hears of it with the words of the applicant', async () => {
    const { status } = await bob.joinGroup({ groupID, applyMessage: 'please' });
    assert.equal(status, 'WaitAdminApproval');
    assert.equal(await hasGroup(bob, groupID), false);
    message = await notice(alice, groupID, NOTICE.applied);
    includes(message.payload, { operatorID: bob.user, handleMessage: 'please' });
  });

  await t.check('the application is in the list of the owner, once', async () => {
    await bob.joinGroup({ groupID, applyMessage: 'please!' });
    const list = await waiting(alice);
    assert.equal(list.length, 1, JSON.stringify(list));
    includes(list[0], { applicant: bob.user, groupID, groupName: 'Club', applicationType: 0 });
  });

  await t.check('nobody else has it in their list', async () => {
    assert.deepEqual(await waiting(bob), []);
    assert.deepEqual(await waiting(carol), []);
  });

  await t.check('handleGroupApplication of the notice lets the applicant in', async () => {
    await alice.handleGroupApplication({ handleAction: 'Agree', handleMessage: 'welcome', message });
    const told = await notice(bob, groupID, NOTICE.accepted);
    includes(told.payload, { operatorID: alice.user, handleMessage: 'welcome' });
    await listed(bob, groupID);
    await alice.message(({ to, payload }) => to === groupID && payload.operationType === 1);
    await bob.say(groupID, 'thank you');
    await alice.message('thank you');
  });

  await t.check('a decided application is refused with 10024 and listed no more', async () => {
    await refused(10024, alice.handleGroupApplication({ handleAction: 'Reject', handleMessage: '', message }));
    assert.deepEqual(await waiting(alice), []);
  });

  await t.check('an application is there at the next login, and can be rejected from the list', async () => {
    await carol.joinGroup({ groupID, applyMessage: 'me too' });
    await forget(alice);
    const [found] = await waiting(alice);
    includes(found, { applicant: carol.user, groupID });
    await alice.handleGroupApplication({ handleAction: 'Reject', handleMessage: 'full', application: found });
    const told = await notice(carol, groupID, NOTICE.rejected);
    includes(told.payload, { operatorID: alice.user, handleMessage: 'full' });
    assert.equal(await hasGroup(carol, groupID), false);
    assert.deepEqual(await waiting(alice), []);
  });

  await t.check('one who was rejected may ask again', async () => {
    const { status } = await carol.joinGroup({ groupID, applyMessage: 'once more' });
    assert.equal(status, 'WaitAdminApproval');
    const [found] = await waiting(alice);
    await alice.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', application: found });
    await notice(carol, groupID, NOTICE.accepted);
    await listed(carol, groupID);
  });

  await t.check('a new member of a Public group does not see what was said before, and counts what comes', async () => {
    const said = await alice.say(groupID, 'for all three');
    await carol.message('for all three');
    const { messageList } = await carol.getMessageList({ conversationID: groupConversation(groupID) });
    assert.ok(!messageList.some(({ payload }) => payload.text === 'thank you'));
    assert.ok(messageList.some(({ ID }) => ID === said.ID));
  });
}

async function admins(t, cast, tag) {
  const { alice, bob, carol, dave } = await t.settled(tag, cast);
  const groupID = await club(alice, [{ user: bob.user }]);

  await t.check('who becomes an admin is told, and finds the applications that wait', async () => {
    await carol.joinGroup({ groupID, applyMessage: 'hello' });
    await notice(alice, groupID, NOTICE.applied);
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: 'Admin' });
    await notice(bob, groupID, NOTICE.adminGranted);
    const [found] = await waiting(bob);
    includes(found, { applicant: carol.user, groupID });
  });

  await t.check('an admin hears of applications, and decides', async () => {
    await dave.joinGroup({ groupID, applyMessage: 'hello too' });
    const applied = ({ payload }) => payload.operationType === NOTICE.applied && payload.operatorID === dave.user;
    const message = await bob.message((one) => one.type === 'TIMGroupSystemNoticeElem' && applied(one));
    await bob.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', message });
    await notice(dave, groupID, NOTICE.accepted);
    assert.equal((await waiting(alice)).length, 1);
  });

  await t.check('who is an admin no more is told, and decides no more', async () => {
    const [found] = await waiting(bob);
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: 'Member' });
    await notice(bob, groupID, NOTICE.adminRevoked);
    assert.deepEqual(await waiting(bob), []);
    await refused(10007, bob.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', application: found }));
  });

  await t.check('of two who decide at once one does', async () => {
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: 'Admin' });
    const [found] = await waiting(alice);
    const decide = (device, handleAction) =>
      device.handleGroupApplication({ handleAction, handleMessage: '', application: found }).then(() => 0, ({ code }) => code);
    const codes = await Promise.all([decide(alice, 'Agree'), decide(bob, 'Reject')]);
    assert.deepEqual([...codes].sort(), [0, 10024]);
    await notice(carol, groupID, codes[0] === 0 ? NOTICE.accepted : NOTICE.rejected);
    assert.deepEqual(await waiting(alice), []);
    assert.deepEqual(await waiting(bob), []);
  });
}

async function options(t, cast, tag) {
  const { alice, bob, carol, dave } = await t.settled(tag, cast);
  const groupID = await club(alice, [{ user: bob.user }]);

  await t.check('a Public group is made with its default options', async () => {
    const { group } = await alice.getGroupProfile({ groupID });
    includes(group, { type: 'Public', joinOption: 'NeedPermission' });
  });

  await t.check('anybody joins at once when the owner says so, and nobody when the owner says that', async () => {
    await alice.updateGroupProfile({ groupID, joinOption: alice.types.JOIN_OPTIONS_FREE_ACCESS });
    await bob.message(({ to, payload }) => to === groupID && payload.newGroupProfile?.joinOption === 'FreeAccess');
    assert.equal((await carol.joinGroup({ groupID })).status, 'JoinedSuccess');
    await alice.updateGroupProfile({ groupID, joinOption: alice.types.JOIN_OPTIONS_DISABLE_APPLY });
    await refused(10007, dave.joinGroup({ groupID }));
  });

  await t.check('a member adds nobody while invitations are off', () =>
    refused(10007, bob.addGroupMember({ groupID, userIDList: [dave.user] })));

  await t.check('a member proposes where invitations are approved, and the owner decides', async () => {
    await alice.updateGroupProfile({ groupID, inviteOption: 'NeedPermission' });
    await bob.addGroupMember({ groupID, userIDList: [dave.user] });
    const [found] = await waiting(alice);
    includes(found, { applicant: bob.user, groupID, applicationType: 2, userID: dave.user });
    await alice.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', application: found });
    await notice(dave, groupID, NOTICE.invited);
    await listed(dave, groupID);
    await refused(10024, alice.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', application: found }));
  });
}

// Requests whose answers are lost: the SDKs repeat them byte for byte when they are back. What was asked for is done once.

import assert from 'node:assert/strict';

import { forget, hasGroup, meeting } from './harness/actions.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { until } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };

const ANSWERED_WITHIN_MS = 5_000;

export default async function repeating(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => repeated(t, kind));
    await t.scene(label, () => elsewhere(t, kind));
  }
}

/** Asks for something, and breaks the line when the gateway has answered and the device has yet to hear it. */
async function unheard(relay, command, ask, meanwhile = () => {}) {
  await relay.settled();
  const answers = relay.count(command);
  relay.holdAnswers();
  const asked = ask();
  // A rejection is for whoever awaits it.
  asked.catch(() => {});
  await until(async () => answers() > 0, ANSWERED_WITHIN_MS, `${command} is answered`);
  await meanwhile();
  relay.cut();
  return asked;
}

/** Somebody whose line breaks, always to the first instance until they are sent elsewhere. */
async function frail(t, tag, kind) {
  const relay = await Relay.to({ port: t.gateway.ports[0] });
  t.onLeave(() => relay.close());
  const { alice } = await t.settled(tag, { alice: kind }, { server: relay.url });
  return { relay, alice, rest: new Rest(t.gateway) };
}

/** The ids of the groups with a name, as whoever logs in anew finds them. */
async function named(device, name) {
  await forget(device);
  const { groupList } = await device.getGroupList();
  return groupList.filter((group) => group.name === name).map(({ groupID }) => groupID);
}

const counters = async (rest, groupID) => (await rest.call('group_open_http_svc/get_group_counter', { GroupId: groupID })).GroupCounter;

async function repeated(t, kind) {
  const { relay, alice, rest } = await frail(t, `re_${kind}`, kind);
  const { bob, carol } = await t.settled(`re_${kind}`, { bob: 'chat', carol: 'chat' });
  const { GRP_MEETING, GRP_COMMUNITY } = alice.types;
  const groupID = await meeting(alice, [bob, carol]);

  await t.check('a group is created once', async () => {
    const { group } = await unheard(relay, 'create_group', () => alice.createGroup({ type: GRP_MEETING, name: 'Once' }));
    assert.deepEqual(await named(alice, 'Once'), [group.groupID]);
  });

  await t.check('a counter is raised once', async () => {
    await unheard(relay, 'update_group_counter', () => alice.increaseGroupCounter({ groupID, key: 'likes', value: 1 }));
    assert.deepEqual(await counters(rest, groupID), [{ Key: 'likes', Value: 1 }]);
  });

  await t.check('attributes are written, and that is no conflict with oneself', async () => {
    await unheard(relay, 'modify_group_attr', () => alice.setGroupAttributes({ groupID, groupAttributes: { a: '1' } }));
    await unheard(relay, 'delete_group_attr', () => alice.deleteGroupAttributes({ groupID, keyList: ['a'] }));
  });

  await t.check('a topic is created once', async () => {
    const { group: club } = await alice.createGroup({ type: GRP_COMMUNITY, name: 'Club', isSupportTopic: true });
    const { topicID } = await unheard(relay, 'create_topic', () => alice.createTopicInCommunity({ groupID: club.groupID, topicName: 'Once' }));
    const { successTopicList } = await alice.getTopicList({ groupID: club.groupID });
    assert.deepEqual(successTopicList.map((topic) => topic.topicID), [topicID]);
  });

  await t.check('a new name is told once', async () => {
    await unheard(relay, 'modify_group_base_info', () => alice.updateGroupProfile({ groupID, name: 'Renamed' }));
    await alice.say(groupID, 'after the name');
    await bob.message('after the name');
    assert.equal(bob.messages(({ type, to }) => type === 'TIMGroupTipElem' && to === groupID).length, 1);
  });

  await t.check('a member is put out, and that resolves', async () => {
    await unheard(relay, 'delete_group_member', () => alice.deleteGroupMember({ groupID, userIDList: [bob.user] }));
    assert.equal(await hasGroup(bob, groupID), false);
  });

  await t.check('the owner hands a group over and leaves it, comes again, and each resolves', async () => {
    await unheard(relay, 'change_group_owner', () => alice.changeGroupOwner({ groupID, newOwnerID: carol.user }));
    await unheard(relay, 'quit_group', () => alice.quitGroup(groupID));
    const { status } = await unheard(relay, 'apply_join_group', () => alice.joinGroup({ groupID }));
    assert.equal(status, 'JoinedSuccess');
  });

  await t.check('a group is dismissed, and that resolves', async () => {
    const other = await meeting(alice);
    await unheard(relay, 'destroy_group', () => alice.dismissGroup(other));
    assert.equal(await hasGroup(alice, other), false);
  });
}

/** On another instance, and what would be wrong for good also where nobody remembers what was answered. */
async function elsewhere(t, kind) {
  const { relay, alice, rest } = await frail(t, `el_${kind}`, kind);
  const { GRP_MEETING, GRP_COMMUNITY } = alice.types;
  const groupID = await meeting(alice);
  const { group: club } = await alice.createGroup({ type: GRP_COMMUNITY, name: 'Club', isSupportTopic: true });
  const { ports } = t.gateway;
  const [where, leave] = ports.length > 1
    ? ['on another instance', () => relay.redirect({ port: ports.reverse()[0] })]
    : ['after a SIGKILL of the gateway', () => t.gateway.restartAfterKill()];

  await t.check(`a counter is raised once, ${where} too`, async () => {
    await unheard(relay, 'update_group_counter', () => alice.increaseGroupCounter({ groupID, key: 'likes', value: 2 }), leave);
    assert.deepEqual(await counters(rest, groupID), [{ Key: 'likes', Value: 2 }]);
  });

  await t.check(`a group is created once, ${where} too`, async () => {
    const { group } = await unheard(relay, 'create_group', () => alice.createGroup({ type: GRP_MEETING, name: 'Once' }), leave);
    assert.deepEqual(await named(alice, 'Once'), [group.groupID]);
  });

  await t.check(`a topic is created once, ${where} too`, async () => {
    const { topicID } = await unheard(relay, 'create_topic', () => alice.createTopicInCommunity({ groupID: club.groupID, topicName: 'Once' }), leave);
    const { successTopicList } = await alice.getTopicList({ groupID: club.groupID });
    assert.deepEqual(successTopicList.map((topic) => topic.topicID), [topicID]);
  });

  if (ports.length === 1) return;

  await t.check('attributes, and whoever leaves a group and comes again, are answered alike on another instance', async () => {
    const { group: other } = await alice.createGroup({ type: alice.types.GRP_COMMUNITY, name: 'Other' });
    await unheard(relay, 'modify_group_attr', () => alice.setGroupAttributes({ groupID, groupAttributes: { a: '1' } }), leave);
    await unheard(relay, 'destroy_group', () => alice.dismissGroup(other.groupID), leave);
    const { bob } = await t.settled(`el_${kind}`, { bob: 'chat' });
    await bob.joinGroup({ groupID });
    await unheard(relay, 'change_group_owner', () => alice.changeGroupOwner({ groupID, newOwnerID: bob.user }), leave);
    await unheard(relay, 'quit_group', () => alice.quitGroup(groupID), leave);
    const { status } = await unheard(relay, 'apply_join_group', () => alice.joinGroup({ groupID }), leave);
    assert.equal(status, 'JoinedSuccess');
  });
}

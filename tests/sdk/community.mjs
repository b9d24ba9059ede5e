// Communities without topics and with them, and what is said in topics.

import assert from 'node:assert/strict';

import { NOTICE, findConversation, forget, groupConversation, hasGroup, listed, notice, texts, wholeHistory } from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { Relay } from './harness/relay.mjs';
import { elapse, until } from '../js/wait.mjs';

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
    await t.scene(label, () => topicLife(t, cast, `tl${tag}`));
    await t.scene(label, () => topicTalk(t, cast, `tt${tag}`));
    await t.scene(label, () => topicBreaks(t, cast, `tb${tag}`));
  }
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
  const { alice, bob, carol } = await t.settled(tag, cast);
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

/** A community with topics of `owner` that the others have joined, and the topics of these names in it. */
async function forum(owner, others, names) {
  const groupID = await club(owner, others, { isSupportTopic: true });
  await Promise.all(others.map((other) => other.getJoinedCommunityList()));
  const topics = [];
  for (const topicName of names) topics.push((await owner.createTopicInCommunity({ groupID, topicName })).topicID);
  // As an application does that shows them: the SDKs tell of changes to topics that they know.
  for (const device of [owner, ...others]) await device.getTopicList({ groupID });
  return { groupID, topics };
}

async function oneTopic(device, groupID, topicID) {
  const { successTopicList } = await device.getTopicList({ groupID, topicIDList: [topicID] });
  return successTopicList[0];
}

/** Waits until a device shows this of a topic. */
async function shows(device, groupID, topicID, expected) {
  const is = async () => {
    const topic = await oneTopic(device, groupID, topicID);
    return Object.entries(expected).every(([name, value]) => topic?.[name] === value);
  };
  await until(is, 5_000, `${device.user} shows ${JSON.stringify(expected)} of ${topicID}`)
    .catch(async () => includes(await oneTopic(device, groupID, topicID), expected));
}

async function topicLife(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  let groupID;
  let topicID;

  await t.check('createGroup makes a community with topics, which is in its own list', async () => {
    groupID = await club(alice, [bob], { isSupportTopic: true });
    const { groupList } = await bob.getJoinedCommunityList();
    const found = groupList.find((one) => one.groupID === groupID);
    includes(found, { type: 'Community', isSupportTopic: true });
    await alice.getJoinedCommunityList();
  });

  await t.check('it is not in the list of conversations, and nothing is said in it', async () => {
    assert.equal(await findConversation(bob, groupConversation(groupID)), undefined);
    await refused([2130, 2131, 2107, 2116, 2700, 10007, 2115, 2123, 2124], alice.say(groupID, 'nowhere'));
  });

  await t.check('createTopicInCommunity makes a topic, of which the members are told', async () => {
    ({ topicID } = await alice.createTopicInCommunity({
      groupID, topicName: 'news', introduction: 'what is new', notification: 'be nice', customData: 'mine', avatar: 'https://files.example/t.png',
    }));
    assert.ok(topicID.startsWith(`${groupID}@TOPIC#_`), topicID);
    await bob.event('TOPIC_CREATED', (told) => told.groupID === groupID && told.topicID === topicID);
  });

  await t.check('createTopicInCommunity with a chosen ID gives that topic', async () => {
    const chosen = `${groupID}@TOPIC#_chosen`;
    const { topicID: made } = await alice.createTopicInCommunity({ groupID, topicName: 'chosen', topicID: chosen });
    assert.equal(made, chosen);
    await refused(10021, alice.createTopicInCommunity({ groupID, topicName: 'again', topicID: chosen }));
  });

  await t.check('getTopicList gives the topics and what they say of themselves', async () => {
    const { successTopicList, failureTopicList } = await bob.getTopicList({ groupID });
    assert.equal(successTopicList.length, 2);
    assert.deepEqual(failureTopicList, []);
    includes(successTopicList.find((one) => one.topicID === topicID), {
      topicName: 'news', introduction: 'what is new', notification: 'be nice', customData: 'mine',
      avatar: 'https://files.example/t.png', unreadCount: 0, muteAllMembers: false,
    });
  });

  await t.check('getTopicList names those that there are not', async () => {
    const none = `${groupID}@TOPIC#_none`;
    const { successTopicList, failureTopicList } = await carol.getTopicList({ groupID, topicIDList: [none] })
      .catch(() => bob.getTopicList({ groupID, topicIDList: [topicID, none] }));
    assert.deepEqual(successTopicList.map((one) => one.topicID), [topicID]);
    includes(failureTopicList[0], { topicID: none, code: 10010 });
  });

  await t.check('updateTopicProfile changes a topic, and the members see it', async () => {
    await alice.updateTopicProfile({ groupID, topicID, topicName: 'old news', customData: 'yours' });
    const { topic } = await bob.event('TOPIC_UPDATED', ({ topic: told }) => told.topicID === topicID && told.topicName === 'old news');
    includes(topic, { customData: 'yours', introduction: 'what is new' });
  });

  await t.check('a plain member makes, changes and deletes none', async () => {
    await refused(10007, bob.createTopicInCommunity({ groupID, topicName: 'mine' }));
    await refused(10007, bob.updateTopicProfile({ groupID, topicID, topicName: 'mine' }));
    await refused(10007, bob.deleteTopicFromCommunity({ groupID, topicIDList: [topicID] }));
  });

  await t.check('an admin makes one', async () => {
    await alice.setGroupMemberRole({ groupID, userID: bob.user, role: 'Admin' });
    const { topicID: made } = await bob.createTopicInCommunity({ groupID, topicName: 'by an admin' });
    await alice.event('TOPIC_CREATED', (told) => told.topicID === made);
  });

  await t.check('who is no member gets none, and a community without topics has none', async () => {
    await refused(10007, carol.getTopicList({ groupID }));
    const without = await club(carol, []);
    await refused(10007, carol.createTopicInCommunity({ groupID: without, topicName: 'none' }));
  });

  await t.check('deleteTopicFromCommunity deletes, and tells of each and all', async () => {
    const none = `${groupID}@TOPIC#_none`;
    const { successTopicList, failureTopicList } = await alice.deleteTopicFromCommunity({ groupID, topicIDList: [topicID, none] });
    assert.deepEqual(successTopicList, [{ topicID }]);
    includes(failureTopicList[0], { topicID: none, code: 10010 });
    await bob.event('TOPIC_DELETED', (told) => told.groupID === groupID && told.topicIDList.includes(topicID));
  });

  await t.check('who dismisses the community ends all of it', async () => {
    await alice.dismissGroup(groupID);
    await notice(bob, groupID, NOTICE.dismissed);
    const { groupList } = await bob.getJoinedCommunityList();
    assert.ok(!groupList.some((one) => one.groupID === groupID));
  });
}

async function topicTalk(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const { groupID, topics: [one, two] } = await forum(alice, [bob, carol], ['one', 'two']);

  await t.check('what is said in a topic is heard by the members, and counts there', async () => {
    const sent = await alice.say(one, 'hello topic');
    const heard = await bob.message('hello topic');
    includes(heard, { to: one, conversationID: groupConversation(one), ID: sent.ID });
    await shows(bob, groupID, one, { unreadCount: 1 });
    await shows(bob, groupID, two, { unreadCount: 0 });
    await shows(alice, groupID, one, { unreadCount: 0 });
  });

  await t.check('a topic shows its last message', async () => {
    await bob.event('TOPIC_UPDATED', () => true).catch(() => undefined);
    const topic = await oneTopic(bob, groupID, one);
    includes(topic.lastMessage, { fromAccount: alice.user });
    assert.equal(topic.lastMessage.payload.text, 'hello topic');
  });

  await t.check('setMessageRead reads a topic and no other', async () => {
    await alice.say(two, 'elsewhere');
    await bob.message('elsewhere');
    await bob.setMessageRead({ conversationID: groupConversation(one) });
    await shows(bob, groupID, one, { unreadCount: 0 });
    await shows(bob, groupID, two, { unreadCount: 1 });
  });

  await t.check('what was read on one device is read on the other', async () => {
    const desk = await t.login(bob.user, 'tim-wx');
    await desk.getJoinedCommunityList();
    await shows(desk, groupID, two, { unreadCount: 1 });
    await bob.setMessageRead({ conversationID: groupConversation(two) });
    await desk.event('TOPIC_UPDATED', ({ topic }) => topic.topicID === two && topic.unreadCount === 0);
    await desk.close();
  });

  await t.check('each topic has its own history', async () => {
    assert.deepEqual(texts(await wholeHistory(carol, groupConversation(one))), ['hello topic']);
    assert.deepEqual(texts(await wholeHistory(carol, groupConversation(two))), ['elsewhere']);
  });

  await t.check('a message in a topic is recalled for all', async () => {
    const slip = await alice.say(one, 'a slip');
    await bob.message('a slip');
    await alice.revokeMessage(slip);
    await bob.event('MESSAGE_REVOKED', (list) => list.some((gone) => gone.sequence === slip.sequence));
    await shows(bob, groupID, one, { unreadCount: 0 });
  });

  if (cast.alice === 'chat') {
    await t.check('pinGroupMessage pins a message of a topic there', async () => {
      const said = await alice.say(one, 'the rules');
      await alice.pinGroupMessage({ groupID: one, message: said, isPinned: true });
      const told = (isPinned) => (event) =>
        event.groupID === one && event.isPinned === isPinned && event.message.sequence === said.sequence;
      const { message } = await carol.event('PINNED_GROUP_MESSAGE_UPDATED', told(true));
      includes(message, { ID: said.ID, from: alice.user, to: one, conversationID: groupConversation(one) });
      assert.deepEqual(texts((await carol.getPinnedGroupMessageList(one)).messageList), ['the rules']);
      assert.deepEqual((await carol.getPinnedGroupMessageList(two)).messageList, []);
      await alice.pinGroupMessage({ groupID: one, message: said, isPinned: false });
      await carol.event('PINNED_GROUP_MESSAGE_UPDATED', told(false));
      assert.deepEqual((await carol.getPinnedGroupMessageList(one)).messageList, []);
    });
  }

  await t.check('deleteMessage hides a message of a topic from oneself', async () => {
    await alice.say(two, 'for now');
    const heard = await carol.message('for now');
    await carol.deleteMessage([heard]);
    await forget(carol);
    await carol.getJoinedCommunityList();
    assert.deepEqual(texts(await wholeHistory(carol, groupConversation(two))), ['elsewhere']);
    assert.ok(texts(await wholeHistory(bob, groupConversation(two))).includes('for now'));
  });

  await t.check('who is mentioned in a topic finds the mark there', async () => {
    await alice.send('TextAt', { ...alice.toGroup(one), payload: { text: 'look', atUserList: [bob.user] } });
    await bob.message('look');
    const marked = async () => (await oneTopic(bob, groupID, one)).groupAtInfoList.length === 1;
    await until(marked, 5_000, 'the topic has a mark');
    const [mark] = (await oneTopic(bob, groupID, one)).groupAtInfoList;
    includes(mark, { from: alice.user, groupID, topicID: one });
    await bob.setMessageRead({ conversationID: groupConversation(one) });
    await until(async () => (await oneTopic(bob, groupID, one)).groupAtInfoList.length === 0, 5_000, 'the mark is gone');
  });

  await t.check('who was away finds the marks of a topic, until they have read it', async () => {
    await alice.send('TextAt', { ...alice.toGroup(two), payload: { text: 'where are you', atUserList: [bob.user] } });
    await alice.send('TextAt', { ...alice.toGroup(two), payload: { text: 'all of you', atUserList: [alice.types.MSG_AT_ALL] } });
    await bob.message('all of you');
    const marks = async () => (await oneTopic(bob, groupID, two)).groupAtInfoList.map(({ atTypeArray }) => atTypeArray);
    const back = async () => {
      await forget(bob);
      await bob.getJoinedCommunityList();
      await bob.getTopicList({ groupID });
    };
    await back();
    const both = [[bob.types.CONV_AT_ME], [bob.types.CONV_AT_ALL]];
    await until(async () => (await marks()).length === both.length, 5_000, 'the topic has its marks').catch(() => {});
    assert.deepEqual(await marks(), both);
    await bob.setMessageRead({ conversationID: groupConversation(two) });
    await until(async () => (await marks()).length === 0, 5_000, 'the marks are gone');
    await back();
    await bob.quiet();
    assert.deepEqual(await marks(), []);
  });

  await t.check('nobody speaks in a topic while all are muted there', async () => {
    await alice.updateTopicProfile({ groupID, topicID: one, muteAllMembers: true });
    await bob.event('TOPIC_UPDATED', ({ topic }) => topic.topicID === one && topic.muteAllMembers === true);
    await refused(10017, bob.say(one, 'silenced'));
    await bob.say(two, 'here I may');
    await alice.updateTopicProfile({ groupID, topicID: one, muteAllMembers: false });
    await bob.say(one, 'speaking');
    await alice.message('speaking');
  });

  await t.check('after a new login topics, counts and last messages are there', async () => {
    await alice.say(one, 'unread by bob');
    await bob.message('unread by bob');
    await forget(bob);
    const { groupList } = await bob.getJoinedCommunityList();
    assert.ok(groupList.some((found) => found.groupID === groupID && found.isSupportTopic));
    const topic = await oneTopic(bob, groupID, one);
    includes(topic, { unreadCount: 1 });
    assert.equal(topic.lastMessage.payload.text, 'unread by bob');
  });

  await t.check('a newcomer counts nothing of what was said before, and hears what comes', async () => {
    await carol.quitGroup(groupID);
    await carol.joinGroup({ groupID });
    await carol.quiet();
    await carol.getJoinedCommunityList();
    await shows(carol, groupID, one, { unreadCount: 0 });
    await alice.say(one, 'welcome back');
    await carol.message('welcome back');
    await shows(carol, groupID, one, { unreadCount: 1 });
  });
}

const connected = (device, ms) => device.event('NET_STATE_CHANGE', ({ state }) => state === 'connected', ms);

/** What was said in topics while the line was down comes when it is there again. */
async function topicBreaks(t, cast, tag) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const alice = await t.login(`alice_${tag}`, cast.alice);
  const bob = await t.login(`bob_${tag}`, cast.bob, { server: relay.url });
  await Promise.all([alice, bob].map(async (device) => { await device.getGroupList(); await device.quiet(); }));
  const { groupID, topics: [one] } = await forum(alice, [bob], ['one']);

  await t.check('what was said in topics while the line was down is heard when it is back', async () => {
    await alice.say(one, 'before');
    await bob.message('before');
    await bob.setMessageRead({ conversationID: groupConversation(one) });
    await relay.settled();
    relay.interrupt();
    await alice.say(one, 'missed one');
    const { topicID: late } = await alice.createTopicInCommunity({ groupID, topicName: 'late' });
    await alice.say(late, 'missed in a new one');
    await alice.say(one, 'missed two');
    await elapse(1_100);
    relay.resume();
    await connected(bob, 45_000);
    await bob.message('missed two');
    await bob.message('missed in a new one');
    await alice.say(late, 'live');
    await bob.message('live');
    const of = (topic) => texts(bob.messages(({ to }) => to === topic));
    assert.deepEqual(of(one), ['before', 'missed one', 'missed two']);
    assert.deepEqual(of(late), ['missed in a new one', 'live']);
    await bob.quiet();
    await shows(bob, groupID, one, { unreadCount: 2 });
    assert.deepEqual(texts(await wholeHistory(bob, groupConversation(one))), ['before', 'missed one', 'missed two']);
  }, 90_000);
}

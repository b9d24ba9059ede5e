// What is refused is refused for the application: each method of the SDKs that asks the gateway is answered with each code
// that could come, and must reject with it, without an unhandled rejection and without an error of the SDK.
//
// A relay refuses in the gateway's place, so that codes are tried which the gateway gives only when a disk fails.
// Commands and codes are read from the sources: a new one is missed by nobody.

import assert from 'node:assert/strict';

import { groupConversation, userConversation } from './harness/actions.mjs';
import { Refused } from './harness/device.mjs';
import { refused } from './harness/expect.mjs';
import { Refuser } from './harness/refuser.mjs';
import { Rest } from './harness/rest.mjs';
import { codes, commands } from './harness/sources.mjs';
import { elapse } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };

const SIDE_BY_SIDE = 4;

/** The SDKs allow themselves some requests only so often a second, and say this code beyond it. */
const TOO_OFTEN = 2996;
const SECOND_MS = 1_100;
/** What members keep together they may ask for, and write, so often in five seconds. */
const FIVE_SECONDS_MS = 5_100;
const SLOW = /_group_(attr|counter)$/;

const GROUP = 'group_open_http_svc.';
const COMMUNITY = 'million_group_open_http_svc.';
/** A community that nobody has made: what is asked about it is refused before that is seen. */
const FORUM = '@TGS#_forum';
const C2C = 'openim.';
const CONTACT = 'recentcontact.';

/** The only code of a refusal that ends a session as well: a check of its own. */
const EXPIRED = 70001;

/** Where the numbers of a family's codes lie, in thousands. What is common to all comes beside these. */
const BLOCKS = [
  ['group_open_http_svc', [10, 11]],
  ['million_group_open_http_svc', [10, 11]],
  ['group_open_attr_http_svc', [10, 11]],
  ['group_open_avchatroom_http_svc', [10, 11]],
  ['openim', [20, 90]],
  ['profile', [40]],
  ['recentcontact', [50, 51, 10, 11]],
  ['im_open_status', [70, 72]],
  ['sns', [30]],
];
const COMMON = [1, 60, 70, 80];

/** Codes that an SDK does not take for a refusal, so the gateway does not give them: `Family::misread`. */
const NEVER_GIVEN = { [`${GROUP}create_group`]: [10007, 10010] };

/** What no method of an application asks, so that nobody is told of a refusal. */
const NOBODY_IS_TOLD = {
  'asked by the SDK itself, again and again': [
    'heartbeat.alive', 'im_open_status.wshello', 'im_open_status.ws_stat_background', 'im_open_status.ws_stat_foreground',
    'im_sdk_config_mgr.fetch_config', 'im_sdk_config_mgr.fetch_imsdk_purchase_bitsv2', 'imopenstat.tim_web_report_v2',
  ],
  'asked by the SDK itself after a log-in or a lost line; the application reads its memory': [
    `${GROUP}get_group_notify`, `${GROUP}batch_get_group_notify`, 'million_group_open_http_svc.get_joined_group_list',
    'million_group_open_http_svc.get_pendency', `${CONTACT}page_get`, `${CONTACT}get_contact_group`, `${CONTACT}search_contact_group`, `${C2C}getmsg`, `${C2C}authkey`,
    `${C2C}get_peer_read_time`, `${C2C}get_c2c_peer_mute_notifications`,
    'sns.black_list_get', 'sns.friend_get', 'sns.group_get', 'sns.pendency_get',
  ],
  'asked by the SDK itself when somebody is a friend now': ['sns.friend_get_specified'],
  'no answer is looked at': [`${C2C}ws_msg_push_ack`],
  'who leaves is gone, whatever the answer': ['im_open_status.wslogout'],
  'marks that were seen; what is awaited is the read report behind it': [`${C2C}deletemsg`],
  'older than both: they send batch_delete': [`${CONTACT}delete`],
  'asked by the SDK itself, again and again, where it is not pushed what a live room is told': [
    'group_open_long_polling_http_svc.get_msg', 'group_open_long_polling_http_noauth_svc.get_msg',
  ],
  'the SDKs ask only four times in half a minute': ['group_open_avchatroom_http_svc.get_members'],
  'of one who is not logged in: see live.mjs': ['group_open_http_noauth_svc.apply_join_group'],
  'no method of theirs leads to it: only the native SDKs answer invitations': [`${GROUP}handle_invite_join_group`],
};

/** An application as the SDKs list it. */
const APPLICATION = { applicationType: 0, authentication: '00-somebody', messageKey: 1 };

/** Methods of one SDK alone. */
const ONE_SDK = {
  'the other has no pins': {
    [`${GROUP}pin_message`]: 'chat', [`${GROUP}unpin_message`]: 'chat', [`${GROUP}get_pinned_messages`]: 'chat',
  },
  'the other answers from memory': { [`${GROUP}get_joined_group_list`]: 'tim-js', [`${GROUP}get_online_member_num`]: 'chat' },
};

/** Where the SDK has a build of its own for a scene. */
const BUILDS = { friends: { 'tim-js': 'tim-js-friendship' } };

/** By scene, which has devices of its own: command, method, and how it is called. The longest is the first to begin. */
const SCENES = {
  'everything read': [
    [`${C2C}read_all_unread_msg`, 'setAllMessageRead', ({ alice }) => alice.setAllMessageRead(), unreadOfBob],
  ],
  groups: [
    [`${GROUP}create_group`, 'createGroup', ({ alice, types }) => alice.raw('createGroup', { type: types.GRP_MEETING, name: 'never' })],
    [`${GROUP}create_group`, 'createGroup with members', ({ alice, bob, types }) =>
      alice.raw('createGroup', { type: types.GRP_WORK, name: 'never', memberList: [{ userID: bob.user }] })],
    [`${GROUP}destroy_group`, 'dismissGroup', ({ alice, meet }) => alice.dismissGroup(meet)],
    [`${GROUP}apply_join_group`, 'joinGroup', ({ alice, foreign }) => alice.raw('joinGroup', { groupID: foreign })],
    [`${GROUP}quit_group`, 'quitGroup', ({ alice, theirs }) => alice.quitGroup(theirs)],
    [`${GROUP}get_joined_group_list`, 'getGroupList', ({ alice }) => alice.getGroupList()],
    [`${GROUP}get_group_self_member_info`, 'getGroupProfile', ({ alice, meet }) => alice.raw('getGroupProfile', { groupID: meet })],
    [`${GROUP}get_group_public_info`, 'searchGroupByID', ({ alice, foreign }) => alice.searchGroupByID(foreign)],
    [`${GROUP}get_pendency`, 'getGroupApplicationList', ({ alice }) => alice.getGroupApplicationList()],
    [`${GROUP}handle_apply_join_group`, 'handleGroupApplication', ({ alice, bob, meet }) =>
      alice.handleGroupApplication({ handleAction: 'Agree', handleMessage: '', application: { ...APPLICATION, applicant: bob.user, groupID: meet } })],
    [`${GROUP}handle_invite_join_permission_group`, 'handleGroupApplication of an invitation', ({ alice, bob, meet }) =>
      alice.handleGroupApplication({
        handleAction: 'Agree', handleMessage: '', application: { ...APPLICATION, applicationType: 2, applicant: bob.user, userID: 'somebody', groupID: meet },
      })],
    [`${GROUP}modify_group_base_info`, 'updateGroupProfile', ({ alice, meet }) => alice.updateGroupProfile({ groupID: meet, name: 'never' })],
    [`${GROUP}change_group_owner`, 'changeGroupOwner', ({ alice, bob, meet }) => alice.changeGroupOwner({ groupID: meet, newOwnerID: bob.user })],
  ],
  'attributes written': [
    [`${GROUP}set_group_attr`, 'initGroupAttributes', ({ alice, meet }) =>
      alice.initGroupAttributes({ groupID: meet, groupAttributes: { stage: 'never' } })],
    [`${GROUP}modify_group_attr`, 'setGroupAttributes', ({ alice, meet }) =>
      alice.setGroupAttributes({ groupID: meet, groupAttributes: { stage: 'never' } })],
  ],
  'attributes taken away': [
    [`${GROUP}delete_group_attr`, 'deleteGroupAttributes', ({ alice, meet }) =>
      alice.deleteGroupAttributes({ groupID: meet, keyList: ['stage'] })],
    [`${GROUP}clear_group_attr`, 'deleteGroupAttributes of all', ({ alice, meet }) =>
      alice.deleteGroupAttributes({ groupID: meet, keyList: [] })],
  ],
  'counters, and attributes read': [
    ['group_open_attr_http_svc.get_group_attr', 'getGroupAttributes', ({ alice, meet }) =>
      alice.getGroupAttributes({ groupID: meet, keyList: [] })],
    [`${GROUP}update_group_counter`, 'setGroupCounters', ({ alice, meet }) =>
      alice.setGroupCounters({ groupID: meet, counters: { likes: 1 } })],
    [`${GROUP}get_group_counter`, 'getGroupCounters', ({ alice, meet }) => alice.getGroupCounters({ groupID: meet })],
  ],
  topics: [
    [`${COMMUNITY}create_topic`, 'createTopicInCommunity', ({ alice }) => alice.createTopicInCommunity({ groupID: FORUM, topicName: 'never' })],
    [`${COMMUNITY}get_topic`, 'getTopicList', ({ alice }) => alice.getTopicList({ groupID: FORUM })],
    [`${COMMUNITY}modify_topic`, 'updateTopicProfile', ({ alice }) =>
      alice.updateTopicProfile({ groupID: FORUM, topicID: `${FORUM}@TOPIC#_x`, topicName: 'never' })],
    [`${COMMUNITY}destroy_topic`, 'deleteTopicFromCommunity', ({ alice }) =>
      alice.deleteTopicFromCommunity({ groupID: FORUM, topicIDList: [`${FORUM}@TOPIC#_x`] })],
  ],
  members: [
    [`${GROUP}get_group_member_info`, 'getGroupMemberList', ({ alice, meet }) => alice.getGroupMemberList({ groupID: meet })],
    [`${GROUP}get_specified_group_member_info`, 'getGroupMemberProfile', ({ alice, bob, meet }) =>
      alice.getGroupMemberProfile({ groupID: meet, userIDList: [bob.user] })],
    [`${GROUP}get_online_member_num`, 'getGroupOnlineMemberCount', ({ alice, meet }) => alice.getGroupOnlineMemberCount(meet)],
    [`${GROUP}add_group_member`, 'addGroupMember', ({ alice, work }) => alice.addGroupMember({ groupID: work, userIDList: ['somebody'] })],
    [`${GROUP}delete_group_member`, 'deleteGroupMember', ({ alice, bob, meet }) => alice.deleteGroupMember({ groupID: meet, userIDList: [bob.user] })],
    [`${GROUP}modify_group_member_info`, 'setGroupMemberMuteTime', ({ alice, bob, meet }) =>
      alice.setGroupMemberMuteTime({ groupID: meet, userID: bob.user, muteTime: 60 })],
    [`${GROUP}modify_group_member_info`, 'setGroupMemberRole', ({ alice, bob, meet, types }) =>
      alice.setGroupMemberRole({ groupID: meet, userID: bob.user, role: types.GRP_MBR_ROLE_ADMIN })],
    [`${GROUP}modify_group_member_info`, 'setGroupMemberNameCard', ({ alice, bob, meet }) =>
      alice.setGroupMemberNameCard({ groupID: meet, userID: bob.user, nameCard: 'never' })],
    [`${GROUP}modify_group_member_info`, 'setGroupMemberCustomField', ({ alice, bob, meet }) =>
      alice.setGroupMemberCustomField({ groupID: meet, userID: bob.user, memberCustomField: [{ key: 'color', value: 'red' }] })],
    [`${GROUP}modify_group_member_info`, 'setMessageRemindType of a group', ({ alice, meet, types }) =>
      alice.setMessageRemindType({ groupID: meet, messageRemindType: types.MSG_REMIND_DISCARD })],
  ],
  'live rooms': [
    [`${GROUP}ban_group_member`, 'deleteGroupMember of an AVChatRoom', ({ alice, bob, live }) =>
      alice.deleteGroupMember({ groupID: live, userIDList: [bob.user], reason: '', duration: 60 })],
    ['group_open_avchatroom_http_svc.modify_user_info', 'markGroupMemberList', ({ alice, bob, live }) =>
      alice.markGroupMemberList({ groupID: live, userIDList: [bob.user], markType: 1000, enableMark: true })],
  ],
  'messages in groups': [
    [`${GROUP}send_group_msg`, 'sendMessage', ({ alice, meet }) => alice.say(meet, 'never')],
    [`${GROUP}group_msg_get`, 'getMessageList', ({ alice, work }) => alice.getMessageList({ conversationID: groupConversation(work) })],
    [`${GROUP}group_msg_get`, 'getMessageListHopping', ({ alice, meet }) =>
      alice.getMessageListHopping({ conversationID: groupConversation(meet), sequence: 1, direction: 1 })],
    [`${GROUP}group_msg_recall`, 'revokeMessage', ({ alice, said }) => alice.revokeMessage(said)],
    [`${GROUP}delete_group_ramble_msg_by_seq`, 'deleteMessage', ({ alice, said }) => alice.deleteMessage([said])],
    [`${GROUP}msg_read_report`, 'setMessageRead', ({ alice, work }) => alice.setMessageRead({ conversationID: groupConversation(work) }), unreadInGroup],
    [`${GROUP}pin_message`, 'pinGroupMessage', ({ alice, meet, said }) => alice.pinGroupMessage({ groupID: meet, message: said, isPinned: true })],
    [`${GROUP}unpin_message`, 'pinGroupMessage that ends it', ({ alice, meet, said }) =>
      alice.pinGroupMessage({ groupID: meet, message: said, isPinned: false })],
    [`${GROUP}get_pinned_messages`, 'getPinnedGroupMessageList', ({ alice, meet }) => alice.getPinnedGroupMessageList(meet)],
  ],
  'one to one': [
    [`${C2C}sendmsg`, 'sendMessage', ({ alice, bob }) => alice.tell(bob.user, 'never')],
    [`${C2C}getroammsg`, 'getMessageList', ({ alice }) => alice.getMessageList({ conversationID: 'C2Cnobody' })],
    [`${C2C}getroammsg`, 'getMessageListHopping', ({ alice, bob }) =>
      alice.getMessageListHopping({ conversationID: userConversation(bob), time: 1, direction: 1 })],
    [`${C2C}msgwithdraw`, 'revokeMessage', ({ alice, told }) => alice.revokeMessage(told)],
    [`${C2C}delete_c2c_msg_ramble`, 'deleteMessage', ({ alice, told }) => alice.deleteMessage([told])],
    [`${C2C}msgreaded`, 'setMessageRead', ({ alice, bob }) => alice.setMessageRead({ conversationID: userConversation(bob) }), unreadOfBob],
    [`${C2C}set_c2c_peer_mute_notifications`, 'setMessageRemindType', ({ alice, bob, types }) =>
      alice.setMessageRemindType({ userIDList: [bob.user], messageRemindType: types.MSG_REMIND_DISCARD })],
    ['profile.portrait_get_all', 'getUserProfile', ({ alice }, turn) => alice.getUserProfile({ userIDList: [`stranger${turn}`] })],
    ['profile.portrait_set', 'updateMyProfile', ({ alice }) => alice.updateMyProfile({ nick: 'never' })],
  ],
  friends: [
    ['sns.friend_add', 'addFriend', ({ alice, bob }) => alice.addFriend({ to: bob.user, source: 'AddSource_Type_Web' })],
  ],
  'the list of conversations': [
    [`${CONTACT}top`, 'pinConversation', ({ alice, bob }) => alice.pinConversation({ conversationID: userConversation(bob), isPinned: true })],
    [`${CONTACT}clear_msg`, 'clearHistoryMessage of a group', ({ alice, meet }) => alice.clearHistoryMessage(groupConversation(meet))],
    [`${CONTACT}clear_msg`, 'clearHistoryMessage', ({ alice, bob }) => alice.clearHistoryMessage(userConversation(bob))],
    [`${CONTACT}batch_delete`, 'deleteConversation', ({ alice, bob }) => alice.deleteConversation(userConversation(bob))],
    [`${CONTACT}batch_delete`, 'deleteConversation of a group', ({ alice, meet }) => alice.deleteConversation(groupConversation(meet))],
  ],
  'log-in': [
    ['im_open_status.wslogin', 'login', ({ t, visitor }, turn) =>
      visitor.call('login', { userID: `visitor${turn}`, userSig: t.gateway.sign(`visitor${turn}`) })],
  ],
};

export default async function refusals(t) {
  const all = codesOfTheGateway();
  await t.scene('', () => t.check('every command that an SDK sends is tried, or there is a reason why not', async () => {
    const tried = Object.values(SCENES).flat().map(([command]) => command);
    const excepted = Object.values(NOBODY_IS_TOLD).flat();
    assert.deepEqual([...new Set([...tried, ...excepted])].sort(), commands());
    assert.deepEqual(tried.filter((command) => excepted.includes(command)), []);
  }));
  const sdks = Object.entries(SDKS);
  const scenes = Object.entries(SCENES).flatMap(([name, calls]) => sdks.map(([label, kind]) => (
    { label: `${label}: ${name}`, body: (part) => one(part, kind, name, calls, all) })));
  const others = sdks.flatMap(([label, kind]) => [
    { label: `${label}: an expired session`, body: (part) => expired(part, kind) },
    { label: `${label}: inside a success`, body: (part) => inside(part, kind, all) },
    { label: `${label}: a friend, inside a success`, body: (part) => noFriend(part, BUILDS.friends[kind] ?? kind, all) },
    { label: `${label}: by the gateway`, body: (part) => notMade(part, kind) },
  ]);
  await t.sideBySide(SIDE_BY_SIDE, [...scenes, ...others]);
}

/** The numbers of all codes but the special one. */
function codesOfTheGateway() {
  return codes().filter((code) => code !== EXPIRED);
}

function codesFor(command, all) {
  const [, own] = BLOCKS.find(([service]) => command.startsWith(`${service}.`));
  const thousands = new Set([...own, ...COMMON]);
  return all.filter((code) => thousands.has(Math.floor(code / 1000)));
}

async function one(t, kind, name, calls, all) {
  const scene = await setting(t, BUILDS[name]?.[kind] ?? kind, `${Object.keys(SCENES).indexOf(name)}_${kind}`);
  for (const [command, method, call, prepare] of calls) {
    const [only] = Object.values(ONE_SDK).map((of) => of[command]).filter(Boolean);
    if (only && only !== kind) continue;
    const given = codesFor(command, all).filter((code) => !NEVER_GIVEN[command]?.includes(code));
    await t.check(`${method} rejects with each of the ${given.length} codes that ${command} could have`, () =>
      rejectsWithEach(scene, { command, call, prepare, given }));
  }
}

/** Groups of alice's, one of bob's that she is in and one that she is not, and a message to each of what she can take back. */
async function setting(t, kind, tag) {
  const refuser = await Refuser.to(t.gateway);
  t.onLeave(() => refuser.close());
  const rest = new Rest(t.gateway);
  const [meet, theirs, foreign, work, live] = await Promise.all([
    rest.group(`meet_${tag}`, `alice_${tag}`, [`bob_${tag}`]),
    rest.group(`theirs_${tag}`, `bob_${tag}`, [`alice_${tag}`]),
    rest.group(`foreign_${tag}`, `bob_${tag}`),
    rest.group(`work_${tag}`, `alice_${tag}`, [`bob_${tag}`], { Type: 'Private' }),
    rest.group(`live_${tag}`, `alice_${tag}`, [], { Type: 'AVChatRoom' }),
  ]);
  await rest.say(work, 'something to read', `bob_${tag}`);
  const bob = await t.login(`bob_${tag}`, kind);
  const alice = await t.login(`alice_${tag}`, kind, { server: refuser.url });
  const visitor = await t.device(`visitor_${tag}`, kind, { server: refuser.url });
  await alice.getGroupList();
  // The SDKs ask their own memory whether one owns the group.
  await alice.getGroupProfile({ groupID: meet });
  await alice.joinGroup({ groupID: live });
  const said = await alice.say(meet, 'a text');
  const told = await alice.tell(bob.user, 'a text');
  await alice.quiet();
  return { t, refuser, alice, bob, visitor, types: alice.types, meet, theirs, foreign, work, live, said, told };
}

async function unreadInGroup({ alice, bob, work }, turn) {
  await bob.say(work, `unread ${turn}`);
  await alice.message(`unread ${turn}`);
}

async function unreadOfBob({ alice, bob }, turn) {
  await bob.tell(alice.user, `unread ${turn}`);
  await alice.message(`unread ${turn}`);
}

async function rejectsWithEach(scene, { command, call, prepare, given }) {
  const wrong = [];
  for (const [turn, code] of given.entries()) {
    await prepare?.(scene, turn);
    scene.refuser.refuse(command, code);
    const outcome = await patiently(() => call(scene, turn), SLOW.test(command) ? FIVE_SECONDS_MS : SECOND_MS);
    if (!scene.refuser.asked.has(command)) wrong.push(`${code}: ${command} was not asked, but ${[...scene.refuser.asked.keys()]}`);
    if (!(outcome instanceof Refused)) wrong.push(`${code}: it resolves with ${JSON.stringify(outcome)?.slice(0, 80)}`);
    else if (outcome.code !== code) wrong.push(`${code}: ${outcome.message}`);
    scene.refuser.relent();
  }
  // What the SDK does after a refusal it does by itself, and must bear as well.
  await Promise.all([scene.alice.quiet(), scene.visitor.quiet()]);
  assert.deepEqual(wrong, []);
}

/** What the call resolves with or was refused with; once more, where the SDK asked too often. */
async function patiently(call, pauseMs) {
  const attempt = () => call().catch((error) => {
    if (error instanceof Refused) return error;
    throw error;
  });
  const outcome = await attempt();
  if (outcome?.code !== TOO_OFTEN) return outcome;
  await elapse(pauseMs);
  return attempt();
}

/** A recall is refused for each message, in an answer that is a success as a whole. */
async function inside(t, kind, all) {
  const { alice, refuser, said } = await setting(t, kind, `inside_${kind}`);
  const command = `${GROUP}group_msg_recall`;
  const given = all.filter((code) => Math.floor(code / 1000) === 10);

  await t.check(`revokeMessage rejects with each of the ${given.length} codes that its message could have`, async () => {
    for (const code of given) {
      refuser.answer(command, {
        ActionStatus: 'OK', ErrorCode: 0, ErrorInfo: '', RecallRetList: [{ MsgSeq: said.sequence, RetCode: code }],
      });
      await refused(code, alice.revokeMessage(said));
    }
    refuser.relent();
    await alice.revokeMessage(said);
  });
}

/** A friend is refused for each item, in an answer that is a success as a whole. */
async function noFriend(t, kind, all) {
  const { alice, bob, refuser } = await setting(t, kind, `item_${kind}`);
  const given = all.filter((code) => Math.floor(code / 1000) === 30);

  await t.check(`addFriend rejects with each of the ${given.length} codes that its item could have`, async () => {
    for (const code of given) {
      const item = { To_Account: bob.user, ResultCode: code, ResultInfo: `refused with ${code}` };
      refuser.answer('sns.friend_add', { ActionStatus: 'OK', ErrorCode: 0, ErrorInfo: '', ResultItem: [item] });
      await refused(code, alice.addFriend({ to: bob.user, source: 'AddSource_Type_Web' }));
    }
  });
}

async function expired(t, kind) {
  const { alice, refuser } = await setting(t, kind, `expired_${kind}`);

  await t.check(`a call that is refused with ${EXPIRED} rejects with it and ends the session; a new login begins another`, async () => {
    refuser.refuse('profile.portrait_get_all', EXPIRED);
    await refused(EXPIRED, alice.getUserProfile({ userIDList: ['stranger'] }));
    refuser.relent();
    const { type } = await alice.event('KICKED_OUT');
    assert.equal(type, alice.types.KICKED_OUT_USERSIG_EXPIRED);
    await alice.signIn();
    await alice.getUserProfile({ userIDList: [alice.user] });
  });
}

/** The refusals of `createGroup` that an application can bring about; none is one that the SDKs take for a group. */
async function notMade(t, kind) {
  const alice = await t.login(`alice_made_${kind}`, kind);
  const rest = new Rest(t.gateway);
  await rest.group(`taken_${kind}`, 'somebody');
  const { types } = alice;
  const cases = {
    'with an ID that is taken': [[10021], { groupID: `taken_${kind}` }],
    'with an ID that is none': [[10004, 10015], { groupID: '@TGS#mine' }],
    'with a name of 200 bytes': [[10004], { name: 'n'.repeat(200) }],
    'with 400 members': [[10005], { memberList: Array.from({ length: 400 }, (_, n) => ({ userID: `member${n}` })) }],
    'with a custom field that has no name': [[10004], { groupCustomField: [{ key: '', value: 'x' }] }],
  };
  for (const [what, [codes, changed]] of Object.entries(cases)) {
    await t.check(`createGroup ${what} is refused with ${codes.join(' or ')}`, async () => {
      const chosen = { groupID: `made_${kind}`, ...changed };
      await refused(codes, alice.createGroup({ type: types.GRP_MEETING, name: 'Meeting', ...chosen }));
      await alice.quiet();
      assert.deepEqual((await alice.getGroupList()).groupList, []);
    });
  }
}

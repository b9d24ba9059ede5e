// What the gateway announces it serves, and how the SDKs and their user sees what it does not.

import assert from 'node:assert/strict';

import { meeting, userConversation } from './harness/actions.mjs';
import { Refused } from './harness/device.mjs';
import { Refuser } from './harness/refuser.mjs';
import { calls, commands, groupMethods, methodList } from './harness/sources.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };

/** The SDKs refuse by themselves what is not announced, and ask nothing; the vendor's user interface shows no button. */
const NOT_ANNOUNCED = 3122;
const NO_SUCH_COMMAND = 60009;

/** By bit of the announcement: the command that it is about, and a method that sends it. */
const ANNOUNCED = [
  [4, 'group_open_http_svc.send_group_msg', 'a message to some members', ({ alice, bob, groupID }) =>
    alice.say(groupID, 'for bob', { receiverList: [bob.user] })],
  [7, 'im_open_status.ws_get_user_status', 'getUserStatus', ({ alice, bob }) => alice.getUserStatus({ userIDList: [bob.user] })],
  [7, 'im_open_status.ws_status_subscribe', 'subscribeUserStatus', ({ alice, bob }) => alice.subscribeUserStatus({ userIDList: [bob.user] })],
  [9, 'recentcontact.mark_contact', 'markConversation', ({ alice, bob }) =>
    alice.markConversation({ conversationIDList: [userConversation(bob)], markType: alice.types.CONV_MARK_TYPE_STAR, enableMark: true })],
  [10, 'recentcontact.create_contact_group', 'createConversationGroup', ({ alice, bob }) =>
    alice.createConversationGroup({ conversationIDList: [userConversation(bob)], groupName: 'work' })],
  [13, 'openim_msg_ext_http_svc.group_set_key_values', 'setMessageExtensions', ({ alice, said }) =>
    alice.setMessageExtensions(said, [{ key: 'vote', value: 'yes' }])],
  [15, 'group_open_http_svc.update_group_counter', 'setGroupCounters', ({ alice, groupID }) =>
    alice.setGroupCounters({ groupID, counters: { likes: 1 } })],
  [48, 'openim_msg_ext_http_svc.group_reaction_add', 'addMessageReaction', ({ alice, said }) => alice.addMessageReaction(said, 'smile'), 'chat'],
  [52, 'follow.follow_add', 'followUser', ({ alice, bob }) => alice.followUser([bob.user]), 'chat'],
];

/** Methods that no bit is about. */
const PLAIN = [
  ['setSelfStatus', ({ alice }) => alice.setSelfStatus({ customStatus: 'away' })],
  ['modifyMessage', ({ alice, told }) => alice.modifyMessage(told)],
  ['addToBlacklist', ({ alice, bob }) => alice.addToBlacklist({ userIDList: [bob.user] })],
  ['initGroupAttributes', ({ alice, groupID }) => alice.initGroupAttributes({ groupID, groupAttributes: { stage: 'one' } })],
  ['markGroupMemberList', ({ alice, bob, groupID }) =>
    alice.markGroupMemberList({ groupID, userIDList: [bob.user], markType: 1000, enableMark: true })],
  ['setConversationCustomData', ({ alice, bob }) =>
    alice.setConversationCustomData({ conversationIDList: [userConversation(bob)], customData: 'x' })],
  ['getTopicList', ({ alice }) => alice.getTopicList({ groupID: '@TGS#_none' })],
  ['pinGroupMessage', ({ alice, groupID, said }) => alice.pinGroupMessage({ groupID, message: said, isPinned: true }), 'chat'],
  ['searchCloudMessages', ({ alice }) => alice.searchCloudMessages({ keywordList: ['a'] }), 'chat'],
];

export default async function features(t) {
  await t.scene('', () => t.check('every method about groups is called by the part that methods.json names, or has a reason there', async () => {
    const list = methodList();
    assert.deepEqual(Object.keys(list).sort(), groupMethods());
    const wrong = Object.entries(list).filter(([method, { part, reason }]) => (part ? !calls(part, method) : !reason));
    assert.deepEqual(wrong, []);
  }));
  for (const [label, kind] of Object.entries(SDKS)) await t.scene(label, () => announced(t, kind));
}

async function announced(t, kind) {
  const served = commands();
  const refuser = await Refuser.to(t.gateway);
  t.onLeave(() => refuser.close());
  const alice = await t.device(`alice_${kind}`, kind, { server: refuser.url });
  const { purchaseBits } = await alice.signIn();
  const bob = await t.login(`bob_${kind}`, kind);
  const groupID = await meeting(alice, [bob]);
  const said = await alice.say(groupID, 'a text', { isSupportExtension: true });
  const told = await alice.tell(bob.user, 'a text');
  const scene = { alice, bob, groupID, said, told };
  const ask = async (call) => {
    await alice.quiet();
    refuser.relent();
    const outcome = await call(scene).catch((error) => error);
    if (outcome instanceof Error && !(outcome instanceof Refused)) throw outcome;
    return { code: outcome?.code, message: outcome?.message, asked: [...refuser.asked.keys()] };
  };

  for (const [bit, command, method, call, only] of ANNOUNCED) {
    if (only && only !== kind) continue;
    const isServed = served.includes(command);
    await t.check(`bit ${bit}, ${method}: ${isServed ? 'announced, and served' : 'not announced, and refused by the SDK'}`, async () => {
      const isOn = purchaseBits.at(-1 - bit) === '1';
      const { code, asked } = await ask(call);
      assert.equal(isOn, isServed, `bit ${bit} is ${isOn ? 'on' : 'off'}, and ${command} is ${isServed ? '' : 'not '}served; ${method} ended with ${code}`);
      if (isServed) {
        assert.ok(asked.includes(command), asked.join());
        assert.ok(![NOT_ANNOUNCED, NO_SUCH_COMMAND].includes(code), `${code}`);
      } else {
        assert.equal(code, NOT_ANNOUNCED);
        assert.ok(!asked.includes(command), asked.join());
      }
    });
  }

  for (const [method, call, only] of PLAIN) {
    if (only && only !== kind) continue;
    await t.check(`${method} is served, or refused with ${NO_SUCH_COMMAND} and the name of the command`, async () => {
      const { code, message, asked } = await ask(call);
      const missing = asked.filter((command) => !served.includes(command));
      if (missing.length === 0) return assert.notEqual(code, NO_SUCH_COMMAND);
      assert.equal(code, NO_SUCH_COMMAND);
      return assert.ok(missing.some((command) => message.includes(command)), `${message}: it does not name ${missing}`);
    });
  }
}

// AVChatRooms: one is in them by being there, and nothing of what is said is kept.

import assert from 'node:assert/strict';

import { NOTICE, forget, groupConversation, hasGroup, notice, texts } from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { Gateway } from './harness/gateway.mjs';
import { Relay } from './harness/relay.mjs';
import { until } from '../js/wait.mjs';

/** Who speaks through which SDK. */
const CASTS = {
  '3.6.6': { alice: 'chat', bob: 'chat', carol: 'chat' },
  '2.27.6': { alice: 'tim-js', bob: 'tim-js', carol: 'tim-js' },
  '3.6.6 with 2.27.6': { alice: 'tim-js', bob: 'chat', carol: 'tim-js' },
};
const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };

const BACK_WITHIN_MS = 45_000;

export default async function live(t) {
  for (const [label, cast] of Object.entries(CASTS)) {
    const tag = label.replaceAll(/[^0-9a-z]/g, '');
    await t.scene(label, () => talking(t, cast, `lt${tag}`));
    await t.scene(label, () => ruling(t, cast, `lr${tag}`));
  }
  for (const [label, kind] of Object.entries(SDKS)) {
    await t.scene(label, () => comingBack(t, kind));
    await t.scene(label, () => readingAlong(t, kind));
    await t.scene(label, () => polling(t, kind));
    await t.scene(label, () => flood(t, kind));
  }
}

async function room(owner, more = {}) {
  const { group } = await owner.createGroup({ type: owner.types.GRP_AVCHATROOM, name: 'Live', ...more });
  return group.groupID;
}

const tip = (groupID, operationType, userID) => ({ to, type, payload }) => type === 'TIMGroupTipElem' && to === groupID
  && payload.operationType === operationType
  && (userID === undefined || payload.operatorID === userID || payload.userIDList?.includes(userID));

const JOINED = 1;
const LEFT = 2;
const BANNED = 10;
const UNBANNED = 11;

async function counted(device, groupID, expected) {
  // The SDKs ask no more often than every few seconds, and are told with every tip.
  await until(async () => (await device.getGroupOnlineMemberCount(groupID)).memberCount === expected, 30_000,
    `${device.user} counts ${expected}`);
}

async function talking(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  let groupID;

  await t.check('an AVChatRoom is made, and its owner joins it like everybody', async () => {
    groupID = await room(alice);
    assert.equal((await alice.joinGroup({ groupID })).status, 'JoinedSuccess');
    const { group } = await alice.getGroupProfile({ groupID });
    includes(group, { type: 'AVChatRoom', ownerID: alice.user });
    await alice.message(tip(groupID, JOINED, alice.user));
  });

  await t.check('joinGroup succeeds at once, and all who are there are told with how many these are', async () => {
    assert.equal((await bob.joinGroup({ groupID })).status, 'JoinedSuccess');
    await alice.message(tip(groupID, JOINED, bob.user));
    assert.equal((await carol.joinGroup({ groupID })).status, 'JoinedSuccess');
    const told = await alice.message(tip(groupID, JOINED, carol.user));
    assert.equal(told.payload.memberNum ?? told.payload.memberCount, 3, JSON.stringify(told.payload));
    await bob.message(tip(groupID, JOINED, carol.user));
    await counted(bob, groupID, 3);
  });

  await t.check('what one says all others hear, once and in order', async () => {
    const said = [];
    for (const [device, text] of [[alice, 'one'], [bob, 'two'], [carol, 'three'], [bob, 'four']]) {
      said.push(await device.say(groupID, text));
      await Promise.all([alice, bob, carol].filter((other) => other !== device).map((other) => other.message(text)));
    }
    const seqs = said.map(({ sequence }) => sequence);
    assert.deepEqual([...seqs].sort((a, b) => a - b), seqs);
    assert.deepEqual(texts(alice.messages(({ to }) => to === groupID)), ['two', 'three', 'four']);
    assert.deepEqual(texts(carol.messages(({ to }) => to === groupID)), ['one', 'two', 'four']);
  });

  await t.check('custom messages of every priority are heard', async () => {
    for (const priority of ['MSG_PRIORITY_HIGH', 'MSG_PRIORITY_NORMAL', 'MSG_PRIORITY_LOW', 'MSG_PRIORITY_LOWEST']) {
      await bob.send('Custom', {
        ...bob.toGroup(groupID), priority: bob.types[priority], payload: { data: priority, description: 'd', extension: 'e' },
      });
      const heard = await alice.message(({ payload }) => payload.data === priority);
      assert.equal(heard.priority, bob.types[priority]);
    }
  });

  await t.check('it has no history', async () => {
    const { messageList, isCompleted } = await bob.getMessageList({ conversationID: groupConversation(groupID) });
    assert.equal(isCompleted, true);
    assert.ok(messageList.length <= 15);
  });

  await t.check('a message is recalled for all', async () => {
    const said = await bob.say(groupID, 'a slip');
    await Promise.all([alice.message('a slip'), carol.message('a slip')]);
    await bob.revokeMessage(said);
    // 2.x has no word for a recall in an AVChatRoom: it keeps none of the messages.
    for (const device of [alice, carol].filter(({ kind }) => kind === 'chat')) {
      await device.event('MESSAGE_REVOKED', (list) => list.some(({ ID, sequence }) => ID === said.ID || sequence === said.sequence));
    }
  });

  await t.check('getGroupMemberList gives who is there, with their roles', async () => {
    await until(async () => (await alice.getGroupMemberList({ groupID })).memberList.length === 3, 25_000, 'all three are listed');
    const { memberList } = await bob.getGroupMemberList({ groupID });
    const roles = Object.fromEntries(memberList.map(({ userID, role }) => [userID, role]));
    assert.deepEqual(roles, { [alice.user]: 'Owner', [bob.user]: 'Member', [carol.user]: 'Member' });
  });

  await t.check('who quits hears nothing more, and all others are told', async () => {
    await carol.quitGroup(groupID);
    for (const device of [alice, bob]) {
      const told = await device.message(tip(groupID, LEFT, carol.user));
      assert.equal(told.payload.memberNum ?? told.payload.memberCount, 2, JSON.stringify(told.payload));
    }
    await alice.say(groupID, 'without carol');
    await bob.message('without carol');
    await carol.quiet();
    assert.deepEqual(texts(carol.messages(({ to }) => to === groupID)), []);
    assert.equal(await hasGroup(carol, groupID), false);
  });

  await t.check('the owner does not quit', () => refused(10009, alice.quitGroup(groupID)));

  await t.check('one who joins another AVChatRoom leaves the first', async () => {
    const second = await room(alice);
    assert.equal((await bob.joinGroup({ groupID: second })).status, 'JoinedSuccess');
    await alice.message(tip(groupID, LEFT, bob.user));
    await alice.say(groupID, 'bob is gone');
    assert.equal(await hasGroup(bob, groupID), false);
    assert.equal(await hasGroup(bob, second), true);
  });

  await t.check('a new login is in no AVChatRoom, and the others are told', async () => {
    await carol.joinGroup({ groupID });
    await alice.message(tip(groupID, JOINED, carol.user));
    await forget(carol);
    await alice.message(tip(groupID, LEFT, carol.user));
    assert.equal(await hasGroup(carol, groupID), false);
    const { conversationList } = await carol.getConversationList();
    assert.ok(!conversationList.some(({ conversationID }) => conversationID === groupConversation(groupID)));
    // The SDKs themselves say that they are not in it.
    await refused(2101, carol.say(groupID, 'nobody knows me'));
  });
}

async function ruling(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const groupID = await room(alice);
  for (const device of [alice, bob, carol]) await device.joinGroup({ groupID });

  await t.check('who is muted does not speak, and speaks again when that is taken back', async () => {
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 600 });
    await refused(10017, bob.say(groupID, 'muted'));
    await alice.setGroupMemberMuteTime({ groupID, userID: bob.user, muteTime: 0 });
    await bob.say(groupID, 'not muted');
    await carol.message('not muted');
  });

  await t.check('nobody but the owner speaks while all are muted', async () => {
    await alice.updateGroupProfile({ groupID, muteAllMembers: true });
    await carol.message(({ to, payload }) => to === groupID && payload.operationType === 6);
    await refused(10017, carol.say(groupID, 'muted'));
    await alice.say(groupID, 'the owner speaks');
    await carol.message('the owner speaks');
    await alice.updateGroupProfile({ groupID, muteAllMembers: false });
    await bob.say(groupID, 'and bob again');
    await carol.message('and bob again');
  });

  await t.check('a new name is told to all who are there', async () => {
    await alice.updateGroupProfile({ groupID, name: 'Livelier' });
    await bob.message(({ to, payload }) => to === groupID && payload.newGroupProfile?.groupName === 'Livelier');
    await refused(10007, bob.updateGroupProfile({ groupID, name: 'Mine' }));
  });

  await t.check('the owner marks who is there, and nobody else does', async () => {
    const mark = { groupID, userIDList: [bob.user, 'nobody-at-all'], markType: 1000, enableMark: true };
    const marked = await alice.markGroupMemberList(mark);
    includes(marked, { successUserIDList: [bob.user], failureUserIDList: ['nobody-at-all'] });
    await refused(10007, bob.markGroupMemberList(mark));
    const unmarked = await alice.markGroupMemberList({ ...mark, userIDList: [bob.user], enableMark: false });
    includes(unmarked, { successUserIDList: [bob.user], failureUserIDList: [] });
  });

  await t.check('who is put out is told, hears nothing more, and does not come in again before it is over', async () => {
    await alice.deleteGroupMember({ groupID, userIDList: [carol.user], reason: 'no', duration: 6 });
    await notice(carol, groupID, NOTICE.banned);
    await bob.message(tip(groupID, BANNED, carol.user));
    await alice.say(groupID, 'without carol');
    await bob.message('without carol');
    assert.equal(await hasGroup(carol, groupID), false);
    assert.deepEqual(texts(carol.messages(({ to }) => to === groupID)), []);
    await refused(10007, carol.joinGroup({ groupID }));
    await refused(10007, bob.deleteGroupMember({ groupID, userIDList: [alice.user], reason: '', duration: 60 }));
  });

  await t.check('afterwards they do', async () => {
    await until(() => carol.joinGroup({ groupID }).then(({ status }) => status === 'JoinedSuccess', () => false), 15_000, 'the ban ends');
    await alice.say(groupID, 'welcome back');
    await carol.message('welcome back');
  });

  await t.check('when it is dismissed all are told, and it is in no list', async () => {
    await alice.dismissGroup(groupID);
    for (const device of [bob, carol]) {
      await notice(device, groupID, NOTICE.dismissed);
      await until(async () => !(await hasGroup(device, groupID)), 5_000, 'the room is gone from the list');
    }
    await refused(10010, bob.joinGroup({ groupID }));
  });
}

const connected = (device) => device.event('NET_STATE_CHANGE', ({ state }) => state === 'connected', BACK_WITHIN_MS);

async function comingBack(t, kind) {
  const relay = await Relay.to(t.gateway);
  t.onLeave(() => relay.close());
  const { alice } = await t.settled(`lb_${kind}`, { alice: 'chat' });
  const { bob } = await t.settled(`lb_${kind}`, { bob: kind }, { server: relay.url });
  const groupID = await room(alice);
  await alice.joinGroup({ groupID });
  await bob.joinGroup({ groupID });
  await alice.message(tip(groupID, JOINED, bob.user));

  await t.check('over a lost line one stays in the room, to whichever instance one comes back', async () => {
    for (const round of [1, 2, 3]) {
      await relay.settled();
      relay.interrupt();
      relay.resume();
      bob.mark();
      await connected(bob);
      await until(async () => {
        await alice.say(groupID, `round ${round}`);
        return texts(bob.messages()).includes(`round ${round}`);
      }, 20_000, 'what is said is heard again');
      await bob.say(groupID, `i am here ${round}`);
      await alice.message(`i am here ${round}`);
    }
    assert.deepEqual(alice.messages(tip(groupID, LEFT, bob.user)), []);
    await counted(alice, groupID, 2);
  }, 120_000);

  await t.check('and over a restart of the gateway', async () => {
    await t.gateway.restartAfterKill();
    await until(() => alice.say(groupID, 'are you there').then(() => texts(bob.messages()).includes('are you there'), () => false),
      BACK_WITHIN_MS, 'what is said is heard after a restart');
    await bob.say(groupID, 'i am');
    await alice.message('i am');
  }, 120_000);
}

async function readingAlong(t, kind) {
  const { alice } = await t.settled(`la_${kind}`, { alice: kind });
  const groupID = await room(alice);
  await alice.joinGroup({ groupID });
  const nobody = await t.device(`nobody_${kind}`, kind);

  await t.check('one who is not logged in joins, and hears what is told', async () => {
    assert.equal((await nobody.joinGroup({ groupID })).status, 'JoinedSuccess');
    await until(async () => {
      await alice.say(groupID, 'whoever you are');
      return texts(nobody.messages()).includes('whoever you are');
    }, 20_000, 'it is heard');
    await alice.say(groupID, 'one more');
    await nobody.message('one more');
    assert.equal(texts(nobody.messages()).filter((text) => text === 'one more').length, 1);
  });

  await t.check('a group that is no AVChatRoom is not joined without a login', async () => {
    const { group } = await alice.createGroup({ type: alice.types.GRP_MEETING, name: 'Meeting' });
    await refused(10007, nobody.joinGroup({ groupID: group.groupID }));
  });
}

/** Where it is set so the SDKs ask for what is told, and newcomers are told a little of what was said. */
async function polling(t, kind) {
  const gateway = await Gateway.start({ config: '[live]\nlong_polling = true\nrecent_messages = 2\n' });
  t.onLeave(() => gateway.remove());
  const settings = { gateway, server: gateway.url };
  const { alice, bob } = await t.settled(`lp_${kind}`, { alice: kind, bob: kind }, settings);
  const groupID = await room(alice);
  await alice.joinGroup({ groupID });

  await t.check('by long polling all is heard once, both ways', async () => {
    for (const text of ['one', 'two', 'three']) await alice.say(groupID, text);
    await bob.joinGroup({ groupID });
    await alice.message(tip(groupID, JOINED, bob.user));
    await alice.say(groupID, 'asked for');
    await bob.message('asked for');
    await bob.say(groupID, 'so are you');
    await alice.message('so are you');
    await alice.say(groupID, 'again');
    await bob.message('again');
    assert.equal(texts(bob.messages()).filter((text) => text === 'asked for').length, 1);
  });

  if (kind === 'chat' && gateway.ports.length === 1) {
    await t.check('a newcomer is told the latest of what was said', async () => {
      const carol = await t.login(`carol_lp_${kind}`, kind, settings);
      await carol.quiet();
      await carol.joinGroup({ groupID });
      await carol.message('again');
      assert.deepEqual(texts(carol.messages()), ['so are you', 'again']);
    });
  }

  await t.check('a recall and the end of the room are heard as well', async () => {
    const said = await alice.say(groupID, 'a slip');
    await bob.message('a slip');
    await alice.revokeMessage(said);
    if (kind === 'chat') await bob.event('MESSAGE_REVOKED', (list) => list.some(({ sequence }) => sequence === said.sequence));
    await alice.dismissGroup(groupID);
    await notice(bob, groupID, NOTICE.dismissed);
  });
}

/** Above the rate of a room what matters least is not told. */
async function flood(t, kind) {
  const gateway = await Gateway.start({
    instances: 1, config: '[rates]\nroom_messages = { calls = 10, seconds = 1, burst = 20 }\n',
  });
  t.onLeave(() => gateway.remove());
  const settings = { gateway, server: gateway.url };
  const { alice, bob, carol } = await t.settled(`lf_${kind}`, { alice: kind, bob: kind, carol: kind }, settings);
  const groupID = await room(alice);
  for (const device of [alice, bob, carol]) await device.joinGroup({ groupID });

  await t.check('above the rate of a room likes are dropped and gifts are not, and who sends is told that all went well', async () => {
    const { MSG_PRIORITY_LOWEST: lowest, MSG_PRIORITY_HIGH: high } = bob.types;
    for (let n = 0; n < 15; n += 1) {
      await Promise.all([bob.say(groupID, `like ${n}`, { priority: lowest }), bob.say(groupID, `gift ${n}`, { priority: high })]);
    }
    await alice.say(groupID, 'the owner');
    await carol.message('the owner');
    const heard = texts(carol.messages());
    const many = (what) => heard.filter((text) => text.startsWith(what)).length;
    assert.equal(many('gift'), 15, heard.join());
    assert.ok(many('like') < 12, heard.join());
  });
}

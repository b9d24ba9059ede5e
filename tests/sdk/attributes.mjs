// What the members of a group keep together: attributes and counters, who writes them, and who hears of it how.

import assert from 'node:assert/strict';

import { forget, meeting, work } from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { elapse } from '../js/wait.mjs';

/** Who speaks through which SDK. */
const CASTS = {
  '3.6.6': { alice: 'chat', bob: 'chat', carol: 'chat' },
  '2.27.6': { alice: 'tim-js', bob: 'tim-js', carol: 'tim-js' },
  '3.6.6 with 2.27.6': { alice: 'chat', bob: 'tim-js', carol: 'chat' },
};

/** The SDKs let 10 writes of attributes go in so long a time, and refuse the rest themselves. */
const WRITES_MS = 5_100;

export default async function attributes(t) {
  await t.sideBySide(3, Object.entries(CASTS).flatMap(([label, cast]) => {
    const tag = label.replaceAll(/[^0-9a-z]/g, '');
    return [
      { label, body: (part) => keeping(part, cast, `ak${tag}`) },
      { label, body: (part) => conflicts(part, cast, `ac${tag}`) },
      { label, body: (part) => bounds(part, cast, `ab${tag}`) },
      { label, body: (part) => counting(part, cast, `ct${tag}`) },
      { label, body: (part) => elsewhere(part, cast, `lr${tag}`, 'a live room', 'GRP_AVCHATROOM') },
      { label, body: (part) => elsewhere(part, cast, `co${tag}`, 'a community', 'GRP_COMMUNITY') },
    ];
  }));
}

/** The attributes that a device is told of; `updated` and `deleted` are the keys. */
async function told(device, groupID, { updated = [], deleted = [] }) {
  const data = await device.event('GROUP_ATTRIBUTES_UPDATED', (one) => one.groupID === groupID
    && [...one.updatedKeyList].sort().join() === updated.join() && [...one.deletedKeyList].sort().join() === deleted.join());
  return data.groupAttributes;
}

async function kept(device, groupID, keyList = []) {
  const { groupAttributes } = await device.getGroupAttributes({ groupID, keyList });
  return groupAttributes;
}

async function keeping(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const groupID = await meeting(alice, [bob]);
  const all = [alice, bob];

  await t.check('initGroupAttributes is told to all members, the writer among them', async () => {
    const { groupAttributes } = await alice.initGroupAttributes({ groupID, groupAttributes: { stage: 'one', song: 'x' } });
    assert.deepEqual(groupAttributes, { stage: 'one', song: 'x' });
    for (const device of all) assert.deepEqual(await told(device, groupID, { updated: ['song', 'stage'] }), { stage: 'one', song: 'x' });
  });

  await t.check('a member writes on what they were told, without reading', async () => {
    await bob.setGroupAttributes({ groupID, groupAttributes: { stage: 'two', seat1: bob.user } });
    for (const device of all) {
      includes(await told(device, groupID, { updated: ['seat1', 'stage'] }), { stage: 'two', song: 'x', seat1: bob.user });
    }
  });

  await t.check('getGroupAttributes gives all, or those that are asked for', async () => {
    assert.deepEqual(await kept(alice, groupID), { stage: 'two', song: 'x', seat1: bob.user });
    assert.deepEqual(await kept(bob, groupID, ['song', 'none']), { song: 'x' });
  });

  await t.check('one who joins reads what was written before', async () => {
    await carol.joinGroup({ groupID });
    assert.deepEqual(await kept(carol, groupID), { stage: 'two', song: 'x', seat1: bob.user });
  });

  await t.check('deleteGroupAttributes takes one away, and all hear which', async () => {
    const { keyList } = await carol.deleteGroupAttributes({ groupID, keyList: ['seat1'] });
    assert.deepEqual(keyList, ['seat1']);
    for (const device of [...all, carol]) {
      assert.deepEqual(await told(device, groupID, { deleted: ['seat1'] }), { stage: 'two', song: 'x' });
    }
  });

  await t.check('initGroupAttributes puts its own in the place of all', async () => {
    await alice.initGroupAttributes({ groupID, groupAttributes: { stage: 'three' } });
    for (const device of all) {
      assert.deepEqual(await told(device, groupID, { updated: ['stage'], deleted: ['song'] }), { stage: 'three' });
    }
  });

  await t.check('they are there after a new login', async () => {
    await forget(carol);
    assert.deepEqual(await kept(carol, groupID), { stage: 'three' });
  });

  await t.check('deleteGroupAttributes without keys takes all away', async () => {
    await bob.deleteGroupAttributes({ groupID, keyList: [] });
    for (const device of [...all, carol]) assert.deepEqual(await told(device, groupID, { deleted: ['stage'] }), {});
    assert.deepEqual(await kept(alice, groupID), {});
  });

  await t.check('nothing of it is a message', async () => {
    for (const device of all) {
      const messages = device.allEvents('MESSAGE_RECEIVED').flat();
      assert.ok(!messages.some(({ payload }) => payload?.newGroupProfile?.groupAttributeOption), JSON.stringify(messages));
    }
  });

  await t.check('members of a Work group keep attributes as well', async () => {
    const office = await work(alice, [bob]);
    await bob.initGroupAttributes({ groupID: office, groupAttributes: { room: '12' } });
    assert.deepEqual(await told(alice, office, { updated: ['room'] }), { room: '12' });
  });
}

async function conflicts(t, cast, tag) {
  // Where there are several instances those who write at once are on two of them.
  const { ports } = t.gateway;
  const { carol } = await t.settled(tag, { carol: cast.carol });
  const alice = await t.login(`alice_${tag}`, cast.alice, { server: `ws://127.0.0.1:${ports[0]}` });
  await alice.getGroupList();
  await alice.quiet();
  const relay = await Relay.to({ port: ports.at(-1) });
  t.onLeave(() => relay.close());
  const bob = await t.login(`bob_${tag}`, cast.bob, { server: relay.url });
  await bob.getGroupList();
  await bob.quiet();
  const groupID = await meeting(alice, [bob]);
  const write = (device, groupAttributes) =>
    device.setGroupAttributes({ groupID, groupAttributes }).then(() => 0, ({ code }) => code);

  await t.check('one who never read the attributes is refused with 10056, reads, and writes', async () => {
    await alice.initGroupAttributes({ groupID, groupAttributes: { seat: 'free' } });
    await carol.joinGroup({ groupID });
    await refused(10056, carol.setGroupAttributes({ groupID, groupAttributes: { seat: carol.user } }));
    assert.deepEqual(await kept(carol, groupID), { seat: 'free' });
    await carol.setGroupAttributes({ groupID, groupAttributes: { seat: carol.user } });
    for (const device of [alice, bob]) await told(device, groupID, { updated: ['seat'] });
  });

  await t.check('of two who write at once one wins, and the other gets 10056', async () => {
    for (let round = 0; round < 3; round += 1) {
      await Promise.all([alice, bob].map((device) => kept(device, groupID)));
      const codes = await Promise.all([write(alice, { seat: `alice${round}` }), write(bob, { seat: `bob${round}` })]);
      assert.deepEqual([...codes].sort(), [0, 10056], codes.join());
      const seat = codes[0] === 0 ? `alice${round}` : `bob${round}`;
      for (const device of [alice, bob, carol]) {
        await device.event('GROUP_ATTRIBUTES_UPDATED', ({ groupAttributes }) => groupAttributes.seat === seat);
        assert.deepEqual(await kept(device, groupID), { seat });
      }
    }
  });

  await t.check('one whose line was lost meanwhile reads what others wrote', async () => {
    await relay.settled();
    relay.interrupt();
    // What is deleted meanwhile stays in the memory of both SDKs, which put what they read over what they have.
    await alice.setGroupAttributes({ groupID, groupAttributes: { seat: 'taken', song: 'y' } });
    relay.resume();
    await bob.event('NET_STATE_CHANGE', ({ state }) => state === 'connected', 30_000);
    await bob.quiet();
    assert.deepEqual(await kept(bob, groupID), { seat: 'taken', song: 'y' });
    assert.equal(await write(bob, { song: 'z' }), 0);
    assert.deepEqual((await told(alice, groupID, { updated: ['song'] })).song, 'z');
  });

  await t.check('a back end writes whatever there is, and the members hear of it', async () => {
    const rest = new Rest(t.gateway);
    await rest.call('group_open_http_svc/modify_group_attr', { GroupId: groupID, GroupAttr: [{ key: 'host', value: 'back end' }] });
    for (const device of [alice, bob, carol]) includes(await told(device, groupID, { updated: ['host'] }), { song: 'z', host: 'back end' });
    const { GroupAttrAry } = await rest.call('group_open_attr_http_svc/get_group_attr', { GroupId: groupID });
    assert.deepEqual(GroupAttrAry.map(({ key }) => key).sort(), ['host', 'seat', 'song']);
  });
}

async function bounds(t, cast, tag) {
  const { alice, bob } = await t.settled(tag, { alice: cast.alice, bob: cast.bob });
  const groupID = await meeting(alice);
  const many = (count, value) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, value]));
  const init = (groupAttributes) => alice.initGroupAttributes({ groupID, groupAttributes });

  await t.check('a key of 33 bytes is refused with 10045', () => refused(10045, init({ ['k'.repeat(33)]: 'v' })));

  await t.check('a value of more than 4 KB is refused with 10046', () => refused(10046, init({ k: 'v'.repeat(4097) })));

  await t.check('17 keys are refused with 10047', () => refused(10047, init(many(17, 'v'))));

  await t.check('more than 16 KB together are refused with 10048', () => refused(10048, init(many(5, 'v'.repeat(4000)))));

  await t.check('as much as is allowed is kept', async () => {
    await init(many(16, 'v'.repeat(1024)));
    assert.deepEqual(await kept(alice, groupID), many(16, 'v'.repeat(1024)));
  });

  await t.check('deleteGroupAttributes of a key that is not there is refused with 10050', () =>
    refused(10050, alice.deleteGroupAttributes({ groupID, keyList: ['key0', 'none'] })));

  await t.check('one who is no member neither writes nor reads them', async () => {
    await refused(10007, bob.setGroupAttributes({ groupID, groupAttributes: { k: 'v' } }));
    await refused(10007, kept(bob, groupID));
  });

  await t.check('what was refused has changed nothing, and is told to nobody', async () => {
    await elapse(WRITES_MS);
    alice.mark();
    await alice.setGroupAttributes({ groupID, groupAttributes: { key0: 'last' } });
    await told(alice, groupID, { updated: ['key0'] });
    assert.equal(alice.events('GROUP_ATTRIBUTES_UPDATED').length, 1);
  });
}

async function counting(t, cast, tag) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const groupID = await meeting(alice, [bob]);
  const counted = (device, key, value) =>
    device.event('GROUP_COUNTER_UPDATED', (one) => one.groupID === groupID && one.key === key && one.value === value);
  const counters = async (device, keyList = []) => (await device.getGroupCounters({ groupID, keyList })).counters;

  await t.check('setGroupCounters is told to all members with the values', async () => {
    const set = await alice.setGroupCounters({ groupID, counters: { likes: 5, gifts: 1 } });
    assert.deepEqual(set.counters, { likes: 5, gifts: 1 });
    for (const device of [alice, bob]) {
      await counted(device, 'likes', 5);
      await counted(device, 'gifts', 1);
    }
  });

  await t.check('increaseGroupCounter and decreaseGroupCounter change what is there', async () => {
    assert.deepEqual((await bob.increaseGroupCounter({ groupID, key: 'likes', value: 3 })).counters, { likes: 8 });
    assert.deepEqual((await alice.decreaseGroupCounter({ groupID, key: 'gifts', value: 4 })).counters, { gifts: -3 });
    for (const device of [alice, bob]) {
      await counted(device, 'likes', 8);
      await counted(device, 'gifts', -3);
    }
  });

  await t.check('one that is not there counts from 0', async () => {
    assert.deepEqual((await bob.increaseGroupCounter({ groupID, key: 'views', value: 2 })).counters, { views: 2 });
  });

  await t.check('all who count at once are counted', async () => {
    const count = (device) => Promise.all(Array.from({ length: 6 }, () => device.increaseGroupCounter({ groupID, key: 'views', value: 1 })));
    await Promise.all([count(alice), count(bob)]);
    for (const device of [alice, bob]) await counted(device, 'views', 14);
  });

  await t.check('one who joins reads them all, or those that are asked for', async () => {
    await carol.joinGroup({ groupID });
    assert.deepEqual(await counters(carol), { likes: 8, gifts: -3, views: 14 });
    assert.deepEqual(await counters(carol, ['likes', 'none']), { likes: 8 });
  });

  await t.check('a counter that a back end deletes is gone for all', async () => {
    const rest = new Rest(t.gateway);
    await counters(alice);
    await rest.call('group_open_http_svc/delete_group_counter', { GroupId: groupID, GroupCounterKeys: ['gifts'] });
    // It is told by no event of the SDKs: what comes behind it is.
    await rest.call('group_open_http_svc/update_group_counter', { GroupId: groupID, GroupCounter: [{ Key: 'likes', Value: 1 }], Mode: 'Increase' });
    for (const device of [alice, bob, carol]) await counted(device, 'likes', 9);
    for (const device of [alice, carol]) assert.deepEqual(await counters(device), { likes: 9, views: 14 });
  });

  await t.check('they are there after a new login', async () => {
    await forget(carol);
    assert.deepEqual(await counters(carol), { likes: 9, views: 14 });
  });

  await t.check('the 21st counter is refused with 10063', async () => {
    const many = Object.fromEntries(Array.from({ length: 19 }, (_, index) => [`key${index}`, index]));
    await refused(10063, alice.setGroupCounters({ groupID, counters: many }));
    delete many.key18;
    await alice.setGroupCounters({ groupID, counters: many });
    await counted(bob, 'key17', 17);
  });

  await t.check('one who is no member changes none', async () => {
    await carol.quitGroup(groupID);
    await refused(10007, carol.increaseGroupCounter({ groupID, key: 'likes', value: 1 }));
  });
}

/** In types of group that have members by presence, or other names for some commands. */
async function elsewhere(t, cast, tag, where, type) {
  const { alice, bob, carol } = await t.settled(tag, cast);
  const { group: { groupID } } = await alice.createGroup({ type: alice.types[type], name: 'Here' });
  for (const device of [alice, bob]) await device.joinGroup({ groupID });

  await t.check(`${where}: attributes are told to those who are there`, async () => {
    await bob.initGroupAttributes({ groupID, groupAttributes: { seat1: bob.user } });
    for (const device of [alice, bob]) assert.deepEqual(await told(device, groupID, { updated: ['seat1'] }), { seat1: bob.user });
    await alice.setGroupAttributes({ groupID, groupAttributes: { seat2: alice.user } });
    for (const device of [alice, bob]) await told(device, groupID, { updated: ['seat2'] });
  });

  await t.check(`${where}: who comes later reads them, and is refused with 10056 before`, async () => {
    await carol.joinGroup({ groupID });
    await refused(10056, carol.setGroupAttributes({ groupID, groupAttributes: { seat3: carol.user } }));
    assert.deepEqual(await kept(carol, groupID), { seat1: bob.user, seat2: alice.user });
    await carol.deleteGroupAttributes({ groupID, keyList: ['seat1'] });
    await told(bob, groupID, { deleted: ['seat1'] });
  });

  await t.check(`${where}: counters are told to those who are there`, async () => {
    await carol.increaseGroupCounter({ groupID, key: 'likes', value: 3 });
    for (const device of [alice, bob]) {
      await device.event('GROUP_COUNTER_UPDATED', (one) => one.groupID === groupID && one.key === 'likes' && one.value === 3);
    }
  });

  await t.check(`${where}: who has left writes nothing`, async () => {
    await carol.quitGroup(groupID);
    await refused(10007, carol.setGroupAttributes({ groupID, groupAttributes: { seat3: carol.user } }));
    await refused(10007, carol.increaseGroupCounter({ groupID, key: 'likes', value: 1 }));
  });
}

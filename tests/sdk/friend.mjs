// Friends: who is on whose list, live and after a log-in, and who cannot be.

import assert from 'node:assert/strict';

import { includes, refused } from './harness/expect.mjs';
import { until } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js-friendship' };

const SOURCE = 'AddSource_Type_Web';

export default async function friend(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    const other = kind === 'chat' ? 'tim-js-friendship' : 'chat';
    await t.scene(label, () => added(t, `own_${label}`, kind, kind));
    await t.scene(`${label}, adding the other generation`, () => added(t, `other_${label}`, kind, other));
    await t.scene(`${label}, refused`, () => notAdded(t, `refused_${label}`, kind));
  }
}

/** The list once it has these users, with their profiles. */
function friends(device, ...users) {
  const names = (list) => list.map(({ userID }) => userID).sort();
  return until(async () => {
    const list = await device.getFriendList();
    return names(list).join() === [...users].sort().join() && list;
  }, 10_000, `${device.user} has the friends ${users}`);
}

async function added(t, tag, kind, other) {
  const { alice, bob, carol } = await t.logins(tag, { alice: kind, bob: other, carol: other });
  const { types } = alice;

  await t.check('nobody has a friend at first', async () => {
    for (const device of [alice, bob]) await friends(device);
  });

  await t.check('addFriend resolves, both lists change, and both SDKs say so', async () => {
    await bob.updateMyProfile({ nick: 'Bobby' });
    const answer = await alice.addFriend({
      to: bob.user, source: SOURCE, wording: 'hi', remark: 'Bee 蜜蜂', type: types.SNS_ADD_TYPE_BOTH,
    });
    includes(answer, { userID: bob.user, code: 0 });
    await Promise.all([alice, bob].map((device) => device.event('FRIEND_LIST_UPDATED')));
    // The SDK asks for what it has of the friend after it has put them on the list.
    const seen = await until(async () => (await friends(alice, bob.user)).find(({ remark }) => remark), 10_000, 'the remark is there');
    includes(seen, { remark: 'Bee 蜜蜂', source: SOURCE, groupList: [] });
    includes(seen.profile, { nick: 'Bobby' });
    includes((await friends(bob, alice.user))[0], { remark: '' });
  });

  await t.check('a friend on one side alone is none on the other', async () => {
    await alice.addFriend({ to: carol.user, source: SOURCE, type: types.SNS_ADD_TYPE_SINGLE });
    await alice.event('FRIEND_LIST_UPDATED');
    await friends(alice, bob.user, carol.user);
    await alice.quiet();
    await carol.quiet();
    await friends(carol);
  });

  await t.check('a new log-in finds the list', async () => {
    for (const device of [alice, bob]) {
      await device.quiet();
      await device.logout();
      await device.signIn();
    }
    await friends(bob, alice.user);
    const found = (await friends(alice, bob.user, carol.user)).find(({ userID }) => userID === bob.user);
    includes(found, { remark: 'Bee 蜜蜂', source: SOURCE });
    assert.ok(found.addTime > 0, `added at ${found.addTime}`);
    await Promise.all([alice, bob].map((device) => device.quiet()));
  });
}

async function notAdded(t, tag, kind) {
  const { alice, shy, closed } = await t.logins(tag, { alice: kind, shy: kind, closed: kind });
  const { types } = alice;
  await shy.updateMyProfile({ allowType: types.ALLOW_TYPE_NEED_CONFIRM });
  await closed.updateMyProfile({ allowType: types.ALLOW_TYPE_DENY_ANY });
  const add = (to) => alice.addFriend({ to, source: SOURCE });

  const cases = [
    ['oneself', alice.user, 30001],
    ['one who does not exist', 'no_such_account', 30003],
    ['one who lets nobody add them', closed.user, 30516],
    ['one who wants to be asked, as nobody can ask here', shy.user, 30516],
  ];
  for (const [who, user, code] of cases) {
    await t.check(`addFriend of ${who} is refused with ${code}`, async () => {
      await refused(code, add(user));
      await alice.quiet();
      await friends(alice);
    });
  }

  await t.check('addFriend with a wording that is too long is refused with 30001', () =>
    refused(30001, alice.addFriend({ to: shy.user, source: SOURCE, wording: 'x'.repeat(257) })));
}

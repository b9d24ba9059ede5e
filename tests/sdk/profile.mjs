// A user's own profile, what others see of it, and who is told when it changes.

import assert from 'node:assert/strict';

import { includes } from './harness/expect.mjs';
import { until } from '../js/wait.mjs';

const SDKS = { '3.6.6': 'chat', '2.27.6': 'tim-js' };

const FULL = {
  nick: 'Alice 爱丽丝 🙂',
  avatar: 'https://files.example/alice.png',
  gender: 'Gender_Type_Female',
  selfSignature: 'never offline',
  allowType: 'AllowType_Type_NeedConfirm',
  birthday: 19990101,
  location: '0755',
  language: 1,
  messageSettings: 0,
  level: 7,
  role: 3,
};

export default async function profile(t) {
  for (const [label, kind] of Object.entries(SDKS)) {
    const other = kind === 'chat' ? 'tim-js' : 'chat';
    await t.scene(label, () => own(t, kind));
    await t.scene(`${label}, seen by the other generation`, () => others(t, kind, other));
  }
}

async function own(t, kind) {
  const alice = await t.login(`alice_${kind}`, kind);

  await t.check('a fresh account has an empty profile under its own id', async () => {
    includes(await alice.getMyProfile(), { userID: alice.user, nick: '', avatar: '' });
  });

  await t.check('every field that is the user\'s own can be set, and the SDK says it changed', async () => {
    await alice.updateMyProfile(FULL);
    await alice.event('PROFILE_UPDATED', ([{ userID, nick }]) => userID === alice.user && nick === FULL.nick);
    includes(await alice.getMyProfile(), FULL);
  });

  await t.check('a later login finds what was set', async () => {
    const again = await t.login(alice.user, kind);
    includes(await again.getMyProfile(), FULL);
    await alice.event('KICKED_OUT');
    await again.close();
    await alice.signIn();
  });

  await t.check('setting one field leaves the others as they were', async () => {
    await alice.updateMyProfile({ selfSignature: 'changed' });
    await alice.logout();
    await alice.signIn();
    includes(await alice.getMyProfile(), { ...FULL, selfSignature: 'changed' });
  });

  await t.check('a field can be emptied', async () => {
    await alice.updateMyProfile({ selfSignature: '' });
    await alice.logout();
    await alice.signIn();
    includes(await alice.getMyProfile(), { nick: FULL.nick, selfSignature: '' });
  });

  await t.check('a custom field is kept', async () => {
    const profileCustomField = [{ key: 'Tag_Profile_Custom_Team', value: 'blue' }];
    await alice.updateMyProfile({ profileCustomField });
    await alice.logout();
    await alice.signIn();
    const found = (await alice.getMyProfile()).profileCustomField;
    assert.equal(found.find(({ key }) => key === 'Tag_Profile_Custom_Team')?.value, 'blue');
  });

  await t.check('a change reaches the other device of the same user', async () => {
    const phone = await t.login(alice.user, 'tim-wx');
    phone.mark();
    await alice.updateMyProfile({ nick: 'Alice on two devices' });
    await phone.event('PROFILE_UPDATED', ([{ nick }]) => nick === 'Alice on two devices');
    includes(await phone.getMyProfile(), { nick: 'Alice on two devices' });
    await phone.close();
  });
}

async function others(t, kind, other) {
  const { alice, bob } = await t.logins(`seen_${kind}`, { alice: kind, bob: other });

  await t.check('another user sees the profile', async () => {
    await alice.updateMyProfile(FULL);
    const [seen] = await bob.getUserProfile({ userIDList: [alice.user] });
    includes(seen, { userID: alice.user, nick: FULL.nick, avatar: FULL.avatar, birthday: FULL.birthday, level: FULL.level });
  });

  await t.check('several profiles come in one answer, an account that does not exist is left out', async () => {
    const carol = await t.login(`carol_seen_${kind}`, other);
    const profiles = await carol.getUserProfile({ userIDList: [alice.user, bob.user, 'no_such_account'] });
    assert.deepEqual(profiles.map(({ userID }) => userID).sort(), [alice.user, bob.user].sort());
    await carol.close();
  });

  await t.check('the nick and avatar go with a message to one user', async () => {
    await alice.tell(bob.user, 'with nick');
    includes(await bob.message('with nick'), { nick: FULL.nick, avatar: FULL.avatar });
  });

  await t.check('who has a conversation with the user sees a change at once, and the rest as it was', async () => {
    // 3.6.6 keeps a stranger's profile for ten minutes: only a push with the whole profile brings it up to date.
    await alice.updateMyProfile({ nick: 'Alice renamed' });
    const seen = await until(async () => {
      const [profile] = await bob.getUserProfile({ userIDList: [alice.user] });
      return profile.nick === 'Alice renamed' && profile;
    }, 5_000, 'bob sees the new nick');
    includes(seen, { avatar: FULL.avatar, birthday: FULL.birthday, level: FULL.level });
    await alice.tell(bob.user, 'with the new nick');
    includes(await bob.message('with the new nick'), { nick: 'Alice renamed', avatar: FULL.avatar });
    const { conversationList } = await bob.getConversationList();
    const shown = conversationList.find(({ conversationID }) => conversationID === `C2C${alice.user}`);
    includes(shown.userProfile, { userID: alice.user, nick: 'Alice renamed', avatar: FULL.avatar });
  });

  await t.check('a new nick and avatar go with the next message in a group', async () => {
    const { group: { groupID } } = await alice.createGroup({ type: alice.types.GRP_MEETING, name: 'profiles' });
    await bob.joinGroup({ groupID });
    await alice.updateMyProfile({ nick: 'Alice in a group', avatar: 'https://files.example/new.png' });
    await alice.say(groupID, 'seen in a group');
    includes(await bob.message('seen in a group'), { nick: 'Alice in a group', avatar: 'https://files.example/new.png' });
  });
}

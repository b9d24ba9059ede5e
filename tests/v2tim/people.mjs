// Profiles and friends.

import assert from 'node:assert/strict';

import { Scene } from './harness/scene.mjs';

export default async function people(t) {
  await Scene.run(t, 'profiles', profiles);
  await Scene.run(t, 'friends', friends);
}

async function profiles(t) {
  const phone = await t.phone('phone_u');
  const web = await t.web('web_u');
  await t.check('the phone sets its profile, and the web sees it', async () => {
    await phone.sdk('setSelfInfo', {
      $class: 'V2TIMUserFullInfo', Nickname: 'The Phone', FaceUrl: 'http://f/p.png', SelfSignature: 'hi', Gender: 1, Birthday: 19990101, Level: 3, Role: 4,
    });
    const [own] = await phone.event('onSelfInfoUpdated');
    assert.equal(own.nickName, 'The Phone');
    const [seen] = await web.getUserProfile({ userIDList: ['phone_u'] });
    assert.deepEqual([seen.nick, seen.avatar, seen.selfSignature, seen.gender, seen.birthday], ['The Phone', 'http://f/p.png', 'hi', 'Gender_Type_Male', 19990101]);
  });
  await t.check('only what was set is changed', async () => {
    await phone.sdk('setSelfInfo', { $class: 'V2TIMUserFullInfo', SelfSignature: 'only this' });
    const [own] = await phone.sdk('getUsersInfo', ['phone_u']);
    assert.deepEqual([own.nickName, own.selfSignature, own.gender, own.birthday, own.level, own.role], ['The Phone', 'only this', 1, 19990101, 3, 4]);
    assert.equal((await phone.refusal('sdk', 'setSelfInfo', { $class: 'V2TIMUserFullInfo' })).code, 6017);
    assert.equal((await phone.refusal('sdk', 'setSelfInfo', null)).code, 6017);
  });
  await t.check('the web\'s profile is read, in the order of the question', async () => {
    await web.updateMyProfile({ nick: 'The Web', allowType: 'AllowType_Type_NeedConfirm' });
    const [one, two] = await phone.sdk('getUsersInfo', ['web_u', 'phone_u']);
    assert.deepEqual([one.userID, one.nickName, one.allowType, two.userID], ['web_u', 'The Web', 1, 'phone_u']);
  });
  await t.check('nick and face stand in messages', async () => {
    await web.tell('phone_u', 'who am I?');
    assert.equal((await phone.received('who am I?')).nickName, 'The Web');
    await phone.tell('web_u', 'and I?');
    assert.deepEqual([(await web.message('and I?')).nick], ['The Phone']);
    assert.equal((await phone.conversation('getConversation', 'c2c_web_u')).showName, 'The Web');
  });
  await t.check('a change on the user\'s browser is told', async () => {
    const own = await t.web('phone_u');
    await own.updateMyProfile({ nick: 'Renamed' });
    const [info] = await phone.event('onSelfInfoUpdated');
    assert.equal(info.nickName, 'Renamed');
    await own.close();
  });
  await t.check('more than 100 users at once are refused', async () => {
    assert.equal((await phone.refusal('sdk', 'getUsersInfo', Array.from({ length: 101 }, (_, index) => `u${index}`))).code, 6017);
  });
}

async function friends(t) {
  const phone = await t.phone('phone_f');
  await t.web('web_f');
  await t.check('a user becomes a friend, and listeners are told', async () => {
    const result = await phone.friendship('addFriend', { $class: 'V2TIMFriendAddApplication', $new: 'web_f', FriendRemark: 'Webby', AddWording: 'hi' });
    assert.deepEqual([result.userID, result.resultCode], ['web_f', 0]);
    const [[added]] = await phone.event('onFriendListAdded');
    assert.deepEqual([added.userID, added.friendRemark], ['web_f', 'Webby']);
  });
  await t.check('friends are listed with their profiles', async () => {
    const [friend] = await phone.friendship('getFriendList');
    assert.deepEqual([friend.userID, friend.friendRemark, friend.userProfile.userID], ['web_f', 'Webby', 'web_f']);
    const results = await phone.friendship('getFriendsInfo', ['web_f', 'phone_f']);
    assert.equal(results.find(({ friendInfo }) => friendInfo.userID === 'web_f').resultCode, 0);
  });
  await t.check('friends are found by words of their IDs, names and remarks', async () => {
    const search = async (param) => (await phone.friendship('searchFriends', { $class: 'V2TIMFriendSearchParam', ...param }))
      .map(({ friendInfo, relation }) => [friendInfo.userID, relation]);
    assert.deepEqual(await search({ KeywordList: ['WEBBY'], SearchRemark: true }), [['web_f', 1]]);
    assert.deepEqual(await search({ KeywordList: ['WEBBY'], SearchUserID: true, SearchNickName: true }), []);
    assert.deepEqual(await search({ KeywordList: ['no such', 'eb_f'] }), [['web_f', 1]]);
    assert.equal((await phone.refusal('friendship', 'searchFriends', { $class: 'V2TIMFriendSearchParam', KeywordList: [] })).code, 6017);
  });
  await t.check('who does not exist is refused in the result', async () => {
    const result = await phone.friendship('addFriend', { $class: 'V2TIMFriendAddApplication', $new: 'nobody_f' });
    assert.notEqual(result.resultCode, 0);
  });
  await t.check('nobody is blocked, nobody waits', async () => {
    assert.deepEqual(await phone.friendship('getBlackList'), []);
    assert.deepEqual((await phone.friendship('getFriendApplicationList')).friendApplicationList, []);
    assert.deepEqual(await phone.friendship('getFriendGroups', null), []);
  });
  await t.check('what the gateway does not serve is refused with 7013', async () => {
    assert.equal((await phone.refusal('friendship', 'deleteFromFriendList', ['web_f'], 2)).code, 7013);
    assert.equal((await phone.refusal('friendship', 'addToBlackList', ['web_f'])).code, 7013);
  });
}

// The REST interface of a back end, seen together with what the SDK users notice of it.

import assert from 'node:assert/strict';

import { NOTICE, listed, notice } from './harness/actions.mjs';
import { includes, refused } from './harness/expect.mjs';
import { ADMIN } from './harness/gateway.mjs';
import { Rest } from './harness/rest.mjs';
import { until } from '../js/wait.mjs';

export default async function rest(t) {
  const api = new Rest(t.gateway);
  await t.scene('refusals', () => refusals(t, api));
  await t.scene('accounts', () => accounts(t, api));
  await t.scene('groups', () => groups(t, api));
  await t.scene('messages', () => messages(t, api));
  await t.scene('one order', () => interleaving(t, api));
}

async function refusals(t, api) {
  const command = 'im_open_login_svc/account_check';
  const body = { CheckItem: [{ UserID: 'anyone' }] };
  const { gateway } = t;

  await t.check('a call without a UserSig is refused', () =>
    api.refused([60004, 60005, 60025, 70002], command, body, { usersig: undefined }));
  await t.check('a UserSig that is none is refused with 70003', () =>
    api.refused(70003, command, body, { usersig: 'nonsense' }));
  await t.check('a UserSig made with another key is refused with 70009', () =>
    api.refused(70009, command, body, { usersig: gateway.sign(ADMIN, { key: 'another key' }) }));
  await t.check('an expired UserSig is refused with 70001', () =>
    api.refused(70001, command, body, { usersig: gateway.sign(ADMIN, { seconds: -10 }) }));
  await t.check('the UserSig of another user is refused with 70013', () =>
    api.refused(70013, command, body, { usersig: gateway.sign('somebody') }));
  await t.check('a user who is no administrator is refused with 60010', () =>
    api.refused(60010, command, body, { identifier: 'somebody', usersig: gateway.sign('somebody') }));
  await t.check('an unknown command is refused with 60009', async () => {
    await api.refused(60009, 'im_open_login_svc/no_such_command', {});
    await api.refused(60009, 'no_such_service/account_check', {});
  });
  await t.check('a body that is not JSON is refused with 60003', async () => {
    await api.refused(60003, command, '{"CheckItem":[');
    await api.refused(60003, command, 'CheckItem=1');
  });
  await t.check('a body of the wrong shape is refused, whichever the call', async () => {
    await api.refused([60003, 70402], command, { CheckItem: 'anyone' });
    await api.refused([10004, 60003], 'group_open_http_svc/create_group', { Type: 'NoSuchType', Name: 'x' });
    await api.refused([10004, 60003], 'group_open_http_svc/send_group_msg', { GroupId: 'g', MsgBody: 'text' });
  });
  await t.check('the order of the query does not matter, nor does a missing random', async () => {
    const { body: answer } = await api.post(command, body, { random: undefined });
    assert.equal(answer.ErrorCode, 0);
  });
}

async function accounts(t, api) {
  await t.check('account_import makes an account with its profile, and may be repeated', async () => {
    const account = { UserID: 'imported', Nick: 'Imported 进口', FaceUrl: 'https://files.example/i.png' };
    await api.call('im_open_login_svc/account_import', account);
    await api.call('im_open_login_svc/account_import', account);
    const alice = await t.login('alice_import', 'chat');
    const [seen] = await alice.getUserProfile({ userIDList: ['imported'] });
    includes(seen, { userID: 'imported', nick: 'Imported 进口', avatar: 'https://files.example/i.png' });
  });

  await t.check('account_import still takes the old name of its field', async () => {
    await api.call('im_open_login_svc/account_import', { Identifier: 'imported_old', Nick: 'Old' });
    const { ResultItem } = await api.call('im_open_login_svc/account_check', { CheckItem: [{ UserID: 'imported_old' }] });
    includes(ResultItem[0], { UserID: 'imported_old', ResultCode: 0, AccountStatus: 'Imported' });
  });

  await t.check('account_check tells who exists, by import or by a login', async () => {
    await t.login('by_login', 'tim-js');
    const { ResultItem } = await api.call('im_open_login_svc/account_check', {
      CheckItem: ['imported', 'by_login', 'never_heard_of'].map((UserID) => ({ UserID })),
    });
    assert.deepEqual(ResultItem.map(({ UserID, AccountStatus }) => [UserID, AccountStatus]), [
      ['imported', 'Imported'], ['by_login', 'Imported'], ['never_heard_of', 'NotImported'],
    ]);
  });

  await t.check('query_online_status follows login and logout', async () => {
    const dave = await t.login('dave_online', 'chat');
    const status = async () => {
      const { QueryResult } = await api.call('openim/query_online_status', { To_Account: [dave.user, 'imported'] });
      return Object.fromEntries(QueryResult.map(({ To_Account, Status }) => [To_Account, Status]));
    };
    assert.deepEqual(await status(), { [dave.user]: 'Online', imported: 'Offline' });
    await dave.logout();
    await until(async () => (await status())[dave.user] === 'Offline', 5_000, 'dave is offline');
  });

  await t.check('query_online_status names the platform, and who does not exist', async () => {
    const erin = await t.login('erin_online', 'chat');
    const { QueryResult } = await api.call('openim/query_online_status', { To_Account: [erin.user], IsNeedDetail: 1 });
    assert.deepEqual(QueryResult[0].Detail, [{ Platform: 'Web', Status: 'Online' }]);
    const { ErrorList } = await api.call('openim/query_online_status', { To_Account: [erin.user, 'never_heard_of'] });
    includes(ErrorList[0], { To_Account: 'never_heard_of', ErrorCode: 70107 });
  });

  await t.check('kick of an account that does not exist is refused with 70107', () =>
    api.refused(70107, 'im_open_login_svc/kick', { UserID: 'never_heard_of' }));
}

async function groups(t, api) {
  const { alice, bob, carol } = await t.logins('rg', { alice: 'chat', bob: 'tim-js', carol: 'chat' });
  let groupID;

  await t.check('create_group makes a group that its owner and members have at once', async () => {
    groupID = await api.group('made_by_rest', alice.user, [bob.user], { Name: 'Made by REST', Introduction: 'i', Notification: 'n' });
    assert.equal(groupID, 'made_by_rest');
    await notice(bob, groupID, NOTICE.invited);
    await listed(bob, groupID);
    await bob.say(groupID, 'I am in');
    await alice.message('I am in');
  });

  await t.check('create_group without an ID generates one', async () => {
    const { GroupId } = await api.call('group_open_http_svc/create_group', { Type: 'ChatRoom', Name: 'x', Owner_Account: alice.user });
    assert.match(GroupId, /^@TGS#[^_]/);
  });

  await t.check('create_group with a taken ID is refused with 10021 or 10025', () =>
    api.refused([10021, 10025], 'group_open_http_svc/create_group', { Type: 'ChatRoom', Name: 'x', GroupId: groupID }));

  await t.check('get_group_info gives the group; an unknown one has its own error', async () => {
    const { GroupInfo } = await api.call('group_open_http_svc/get_group_info', { GroupIdList: [groupID, 'no_such_group'] });
    includes(GroupInfo[0], {
      GroupId: groupID, ErrorCode: 0, Type: 'ChatRoom', Name: 'Made by REST', Introduction: 'i', Notification: 'n',
      Owner_Account: alice.user, MemberNum: 2, ApplyJoinOption: 'FreeAccess', MuteAllMember: 'Off', ShutUpAllMember: 'Off',
    });
    assert.deepEqual(GroupInfo[0].MemberList.map(({ Member_Account, Role }) => [Member_Account, Role]).sort(), [[alice.user, 'Owner'], [bob.user, 'Member']].sort());
    assert.ok([10010, 10015].includes(GroupInfo[1].ErrorCode), JSON.stringify(GroupInfo[1]));
  });

  await t.check('get_group_info with a filter gives only what was asked', async () => {
    const { GroupInfo } = await api.call('group_open_http_svc/get_group_info', {
      GroupIdList: [groupID], ResponseFilter: { GroupBaseInfoFilter: ['Name', 'MemberNum'] },
    });
    includes(GroupInfo[0], { Name: 'Made by REST', MemberNum: 2 });
    assert.ok(!('Introduction' in GroupInfo[0]));
  });

  await t.check('add_group_member adds, tells the new member, and knows who was there', async () => {
    const { MemberList } = await api.call('group_open_http_svc/add_group_member', {
      GroupId: groupID, MemberList: [carol, bob].map(({ user }) => ({ Member_Account: user })),
    });
    assert.deepEqual(MemberList, [{ Member_Account: carol.user, Result: 1 }, { Member_Account: bob.user, Result: 2 }]);
    await notice(carol, groupID, NOTICE.invited);
    await listed(carol, groupID);
    await carol.say(groupID, 'thank you');
    await alice.message('thank you');
  });

  await t.check('get_group_member_info pages through the members', async () => {
    const first = await api.call('group_open_http_svc/get_group_member_info', { GroupId: groupID, Limit: 2, Offset: 0 });
    const second = await api.call('group_open_http_svc/get_group_member_info', { GroupId: groupID, Limit: 2, Offset: 2 });
    assert.equal(first.MemberNum, 3);
    assert.equal(first.MemberList.length, 2);
    const all = [...first.MemberList, ...second.MemberList];
    assert.deepEqual(all.map(({ Member_Account }) => Member_Account).sort(), [alice.user, bob.user, carol.user].sort());
    includes(all.find(({ Member_Account }) => Member_Account === alice.user), { Role: 'Owner' });
  });

  await t.check('delete_group_member removes and tells; a non-member counts as success', async () => {
    await api.call('group_open_http_svc/delete_group_member', { GroupId: groupID, MemberToDel_Account: [carol.user, 'not_a_member'], Reason: 'test' });
    await notice(carol, groupID, NOTICE.kicked);
    await refused(10007, carol.say(groupID, 'but'));
    const { MemberNum } = await api.call('group_open_http_svc/get_group_member_info', { GroupId: groupID });
    assert.equal(MemberNum, 2);
  });

  await t.check('destroy_group tells the members, and the group is gone', async () => {
    await api.call('group_open_http_svc/destroy_group', { GroupId: groupID });
    await Promise.all([notice(alice, groupID, NOTICE.dismissed), notice(bob, groupID, NOTICE.dismissed)]);
    await refused(10010, bob.say(groupID, 'anyone?'));
    await api.refused([10010, 10015], 'group_open_http_svc/destroy_group', { GroupId: groupID });
    await api.refused([10010, 10015], 'group_open_http_svc/send_group_msg', {
      GroupId: groupID, Random: 1, MsgBody: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'x' } }],
    });
  });
}

async function messages(t, api) {
  const { alice, bob } = await t.logins('rm', { alice: 'chat', bob: 'tim-js' });
  const groupID = await api.group('rest_messages', alice.user, [bob.user]);
  await listed(bob, groupID);

  await t.check('send_group_msg of the administrator reaches every member', async () => {
    const { MsgSeq, MsgTime } = await api.say(groupID, 'from the administrator');
    for (const device of [alice, bob]) {
      includes(await device.message('from the administrator'), { from: ADMIN, sequence: MsgSeq, time: MsgTime, flow: 'in' });
    }
  });

  await t.check('send_group_msg for a member is their message, also on their own devices', async () => {
    const { MsgSeq } = await api.say(groupID, 'for alice', alice.user);
    includes(await bob.message('for alice'), { from: alice.user, sequence: MsgSeq });
    includes(await alice.message('for alice'), { from: alice.user, sequence: MsgSeq, flow: 'out' });
  });

  await t.check('the same Random within minutes is one message', async () => {
    const Random = 4_000_000_001;
    const first = await api.say(groupID, 'only once', undefined, { Random });
    const second = await api.say(groupID, 'only once', undefined, { Random });
    assert.deepEqual([second.MsgSeq, second.MsgTime], [first.MsgSeq, first.MsgTime]);
    await api.say(groupID, 'after only once');
    await bob.message('after only once');
    assert.equal(bob.messages(({ payload }) => payload.text === 'only once').length, 1);
  });

  await t.check('several elements in one message are kept, in the history as well', async () => {
    const MsgBody = [
      { MsgType: 'TIMTextElem', MsgContent: { Text: 'look at this' } },
      { MsgType: 'TIMFaceElem', MsgContent: { Index: 2, Data: 'tt02' } },
    ];
    const { MsgSeq } = await api.say(groupID, '', undefined, { MsgBody, CloudCustomData: 'cloud' });
    includes(await bob.message(({ sequence }) => sequence === MsgSeq), { cloudCustomData: 'cloud', payload: { text: 'look at this' } });
    const kept = (await api.history(groupID)).find((message) => message.MsgSeq === MsgSeq);
    assert.deepEqual(kept.MsgBody, MsgBody);
  });

  await t.check('an online-only message is delivered and not kept', async () => {
    await api.say(groupID, 'rest only now', undefined, { OnlineOnlyFlag: 1 });
    await Promise.all([alice.message('rest only now'), bob.message('rest only now')]);
    assert.ok(!(await api.history(groupID)).some(({ MsgBody }) => MsgBody[0]?.MsgContent.Text === 'rest only now'));
  });

  await t.check('a message of 13 KB is refused with 80002', () =>
    api.refused(80002, 'group_open_http_svc/send_group_msg', {
      GroupId: groupID, Random: 5, MsgBody: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'x'.repeat(13 * 1024) } }],
    }));

  await t.check('a recalled message is in the REST history without its body', async () => {
    const sent = await alice.say(groupID, 'recalled later');
    await bob.message('recalled later');
    await alice.revokeMessage(sent);
    const { RspMsgList } = await api.call('group_open_http_svc/group_msg_get_simple', {
      GroupId: groupID, ReqMsgNumber: 1, ReqMsgSeq: sent.sequence, WithRecalledMsg: 1,
    });
    includes(RspMsgList[0], { MsgSeq: sent.sequence, IsPlaceMsg: 2, MsgBody: [] });
  });

  await t.check('group_msg_get_simple pages to the beginning, newest first, every number once', async () => {
    for (let n = 0; n < 45; n += 1) await api.say(groupID, `page ${n}`);
    const first = await api.call('group_open_http_svc/group_msg_get_simple', { GroupId: groupID, ReqMsgNumber: 20 });
    assert.equal(first.RspMsgList.length, 20);
    const descending = first.RspMsgList.map(({ MsgSeq }) => MsgSeq);
    assert.deepEqual(descending, [...descending].sort((a, b) => b - a));
    const all = await api.history(groupID);
    assert.deepEqual(all.map(({ MsgSeq }) => MsgSeq), Array.from({ length: all.length }, (_, n) => n + 1));
    assert.deepEqual(all.slice(-45).map(({ MsgBody }) => MsgBody[0].MsgContent.Text), Array.from({ length: 45 }, (_, n) => `page ${n}`));
  });
}

async function interleaving(t, api) {
  const { alice, bob, carol } = await t.logins('ro', { alice: 'chat', bob: 'tim-js', carol: 'chat' });
  const groupID = await api.group('one_order', alice.user, [bob.user, carol.user]);
  await listed(bob, groupID);
  await listed(carol, groupID);

  await t.check('messages of the administrator and of users are in one order, seen by SDKs and by REST alike', async () => {
    const each = 25;
    const speak = async (say) => {
      for (let n = 0; n < each; n += 1) await say(n);
    };
    await Promise.all([
      speak((n) => api.say(groupID, `admin ${n}`)),
      speak((n) => alice.say(groupID, `alice ${n}`)),
      speak((n) => bob.say(groupID, `bob ${n}`)),
    ]);
    await until(() => carol.messages().length >= 3 * each, 10_000, 'carol has them all');
    const seen = carol.messages().map(({ sequence, payload }) => [sequence, payload.text]);
    const kept = (await api.history(groupID))
      .filter(({ MsgBody }) => MsgBody[0]?.MsgType === 'TIMTextElem')
      .map(({ MsgSeq, MsgBody }) => [MsgSeq, MsgBody[0].MsgContent.Text]);
    assert.equal(kept.length, 3 * each);
    assert.deepEqual(seen, kept);
    for (const who of ['admin', 'alice', 'bob']) {
      const mine = kept.map(([, text]) => text).filter((text) => text.startsWith(who));
      assert.deepEqual(mine, Array.from({ length: each }, (_, n) => `${who} ${n}`));
    }
  });
}

// Elements as no SDK sends them, said by a client without one: whatever the gateway lets through, no SDK throws over it,
// neither when it is told, nor in a history or a list of conversations.

import assert from 'node:assert/strict';

import { forget, wholeHistory } from './harness/actions.mjs';
import { SOUND, malformed, odd, strings } from './harness/elements.mjs';
import { RawClient } from './harness/raw.mjs';
import { Rest } from './harness/rest.mjs';
import { elapse } from '../js/wait.mjs';

const GENERATIONS = ['chat', 'tim-js'];
const REFUSED = { group: 10004, user: 90002 };
const TOO_FAST = [10023, 20010, 60007];
const SENDERS = 8;
/** A sentinel follows so many elements: the SDK must still hear it. */
const EVERY = 10;

export default async function elements(t) {
  for (const kind of GENERATIONS) {
    await t.scene(`${kind} alone`, () => fuzz(t, kind));
  }
}

async function fuzz(t, kind) {
  const tag = kind.replace('-', '');
  const rest = new Rest(t.gateway);
  const names = Array.from({ length: SENDERS }, (_, index) => `said${index}_${tag}`);
  const clients = await Promise.all(names.map((name) => RawClient.login(t.gateway, name)));
  t.onLeave(() => clients.forEach((client) => client.close()));
  const alice = await t.login(`alice_${tag}`, kind);
  const groupID = await rest.group(`elements_${tag}`, names[0], [...names.slice(1), alice.user]);
  // Once the SDK knows the group it asks for nothing more at a message.
  await alice.getGroupList();

  let number = 0;
  /** Says it in the group or to alice, by each sender in turn. Gives the answer. */
  async function say(to, MsgBody, CloudCustomData = '') {
    for (;;) {
      number += 1;
      const client = clients[number % SENDERS];
      const answer = to === 'group'
        ? await client.call('group_open_http_svc.send_group_msg', { GroupId: groupID, Random: number, MsgBody, CloudCustomData })
        : await client.call('openim.sendmsg', { To_Account: alice.user, MsgSeq: number, MsgRandom: number, MsgBody, CloudCustomData });
      if (!TOO_FAST.includes(answer.ErrorCode)) return answer;
      await elapse(100);
    }
  }
  async function stillHears(to) {
    const text = `sentinel ${number}`;
    assert.equal((await say(to, [{ MsgType: 'TIMTextElem', MsgContent: { Text: text } }])).ErrorCode, 0);
    await alice.message(text);
  }

  const accepted = [];
  /** Says each in both ways. Gives how many were refused. */
  async function sayAll(list) {
    let refused = 0;
    for (const [index, { what, element }] of list.entries()) {
      for (const to of Object.keys(REFUSED)) {
        const { ErrorCode, ErrorInfo } = await say(to, [element]);
        if (ErrorCode === 0) {
          if (to === 'group') accepted.push({ what, element });
        } else {
          refused += 1;
          assert.equal(ErrorCode, REFUSED[to], `${what}: ${ErrorCode} ${ErrorInfo}`);
          assert.match(ErrorInfo, /^MsgBody\[0\]\.Msg/, what);
        }
        if (index % EVERY === 0 || index === list.length - 1) await stillHears(to);
      }
    }
    return refused;
  }

  for (const MsgType of Object.keys(SOUND)) {
    await t.check(`${MsgType} with every field missing or of another type`, async () => {
      assert.equal(await sayAll([{ what: MsgType, element: { MsgType, MsgContent: SOUND[MsgType] } }]), 0);
      const list = [...malformed()].filter(({ element }) => element.MsgType === MsgType);
      const refused = await sayAll(list);
      assert.ok(refused > list.length, `of ${list.length} twice only ${refused} were refused`);
    });
  }

  await t.check('types that no SDK knows, and those that only the server says', async () => {
    const list = [...odd()];
    const said = (isServers) => list.filter(({ element }) => /^TIMGroup/.test(element.MsgType) === isServers);
    assert.equal(await sayAll(said(false)), 0);
    assert.equal(await sayAll(said(true)), said(true).length * 2);
  });

  await t.check('custom data of an element and of a message that hold JSON of another shape', async () => {
    for (const text of strings()) {
      for (const to of Object.keys(REFUSED)) {
        const custom = { MsgType: 'TIMCustomElem', MsgContent: { Data: text, Desc: '', Ext: '' } };
        assert.equal((await say(to, [custom], text)).ErrorCode, 0, text);
      }
    }
    for (const to of Object.keys(REFUSED)) await stillHears(to);
  });

  await t.check('what was let through is in the histories of one who comes later', async () => {
    await forget(alice);
    const history = await wholeHistory(alice, `GROUP${groupID}`);
    assert.ok(history.length > accepted.length, `${history.length} messages, ${accepted.length} elements`);
    let told = 0;
    for (const name of names) told += (await wholeHistory(alice, `C2C${name}`)).length;
    assert.ok(told > accepted.length, `${told} messages, ${accepted.length} elements`);
  });

  await t.check('and in their list of conversations, whichever was said last', async () => {
    const bob = `bob_${tag}`;
    await rest.call('im_open_login_svc/account_import', { UserID: bob });
    for (const [index, { element }] of accepted.entries()) {
      const group = await rest.group(`last${index}_${tag}`, names[0], [bob]);
      await rest.say(group, '', names[0], { MsgBody: [element] });
    }
    const later = await t.device(bob, kind);
    const listed = later.event('CONVERSATION_LIST_UPDATED', (list) => list.length >= accepted.length);
    await later.signIn();
    await listed;
    const { conversationList } = await later.getConversationList();
    assert.ok(conversationList.length >= accepted.length, `${conversationList.length} of ${accepted.length}`);
    assert.ok(conversationList.every(({ lastMessage }) => typeof lastMessage.messageForShow === 'string'));
  });
}

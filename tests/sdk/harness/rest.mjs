// A back end that calls the gateway's REST interface, the way the vendor's documentation shows it.

import assert from 'node:assert/strict';

import { ADMIN, SDK_APP_ID } from './gateway.mjs';

const ANSWER_WITHIN_MS = 10_000;

export class Rest {
  #gateway;
  #random = 0;

  constructor(gateway) {
    this.#gateway = gateway;
  }

  /**
   * One POST, whatever comes of it: `{ status, body }`.
   *
   * `query` replaces parts of the query string, and a part set to `undefined` is left out. A string `body` is sent as
   * it is.
   */
  async post(command, body = {}, query = {}) {
    const parameters = {
      sdkappid: SDK_APP_ID,
      identifier: ADMIN,
      usersig: this.#gateway.sign(ADMIN),
      random: (this.#random += 1),
      contenttype: 'json',
      ...query,
    };
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
    const response = await fetch(`${this.#gateway.http}/v4/${command}?${new URLSearchParams(given)}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return { status: response.status, body: await response.json() };
  }

  /** A call that must succeed. Gives the body of the answer. */
  async call(command, body) {
    const answer = await this.post(command, body);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.ErrorCode, 0, `${command}: ${JSON.stringify(answer.body)}`);
    assert.equal(answer.body.ActionStatus, 'OK');
    assert.equal(typeof answer.body.ErrorInfo, 'string');
    return answer.body;
  }

  /** A call that must be refused with `code` (or one of several): still HTTP 200 and the whole envelope. */
  async refused(code, command, body, query) {
    const answer = await this.post(command, body, query);
    assert.equal(answer.status, 200);
    assert.ok([code].flat().includes(answer.body.ErrorCode), `${command}: ${JSON.stringify(answer.body)}, not ${code}`);
    assert.equal(answer.body.ActionStatus, 'FAIL');
    assert.equal(typeof answer.body.ErrorInfo, 'string');
    return answer.body;
  }

  kick(user) {
    return this.call('im_open_login_svc/kick', { UserID: user });
  }

  /** Says a text in a group, as the administrator or as `from`. */
  say(group, text, from = undefined, more = {}) {
    return this.call('group_open_http_svc/send_group_msg', {
      GroupId: group,
      From_Account: from,
      Random: Math.floor(Math.random() * 2 ** 32),
      MsgBody: [{ MsgType: 'TIMTextElem', MsgContent: { Text: text } }],
      ...more,
    });
  }

  /** A group with these members, made without their SDKs. */
  async group(group, owner, members = [], more = {}) {
    const { GroupId } = await this.call('group_open_http_svc/create_group', {
      Type: 'ChatRoom',
      Name: group,
      GroupId: group,
      Owner_Account: owner,
      MemberList: members.map((user) => ({ Member_Account: user })),
      ...more,
    });
    return GroupId;
  }

  /** The whole history of a group, oldest first, read page by page. */
  async history(group) {
    const pages = [];
    for (let next; next === undefined || next > 0;) {
      const page = await this.call('group_open_http_svc/group_msg_get_simple', { GroupId: group, ReqMsgNumber: 20, ReqMsgSeq: next });
      if (page.RspMsgList.length === 0) break;
      pages.push(...page.RspMsgList);
      next = page.RspMsgList.at(-1).MsgSeq - 1;
    }
    return pages.reverse();
  }
}

// A client of the wire without an SDK: it says whatever it is given, as no SDK would.

import { createRequire } from 'node:module';

import { SDK_APP_ID } from './gateway.mjs';
import { within } from '../../js/wait.mjs';

const WebSocket = createRequire(import.meta.url)('ws');
const ANSWER_WITHIN_MS = 10_000;
const WEB = 7;

export class RawClient {
  #socket;
  #user;
  #userSig;
  #a2 = '';
  #lastSeq = 0;
  #waiting = new Map();

  /** A user who is logged in. `platform` tells them apart from the same user's SDK. */
  static async login(gateway, user, more) {
    const client = await RawClient.open(gateway, user, more);
    const { A2Key } = await client.call('im_open_status.wslogin', { State: 'Online' });
    client.#a2 = A2Key;
    return client;
  }

  /** One who shows a UserSig with each request and is no device of the user: nothing is pushed to them. */
  static async open(gateway, user, { platform = WEB } = {}) {
    const client = new RawClient();
    client.#user = user;
    client.#userSig = gateway.sign(user);
    const instance = Math.random().toString(16).slice(2, 10);
    client.#socket = new WebSocket(`${gateway.url}/info?sdkappid=${SDK_APP_ID}&instanceid=${instance}&platform=${platform}`);
    client.#socket.on('message', (data) => client.#hear(JSON.parse(data.toString())));
    await within(new Promise((resolve, reject) => {
      client.#socket.once('open', resolve);
      client.#socket.once('error', reject);
    }), ANSWER_WITHIN_MS, `${user} is connected`);
    return client;
  }

  /** Gives the body of the answer, whatever it says. A string `body` is sent as it is. */
  call(servcmd, body) {
    const seq = (this.#lastSeq += 1);
    const who = this.#a2 ? { a2: this.#a2 } : { identifier: this.#user, usersig: this.#userSig };
    const head = { servcmd, seq, sdkappid: SDK_APP_ID, platform: WEB, ...who };
    const answer = new Promise((resolve) => this.#waiting.set(seq, resolve));
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.#socket.send(`{"head":${JSON.stringify(head)},"body":${text}}`);
    return within(answer, ANSWER_WITHIN_MS, `${servcmd} of ${this.#user} is answered`);
  }

  close() {
    this.#socket.terminate();
  }

  #hear({ head, body }) {
    this.#waiting.get(head.seq)?.(body);
    this.#waiting.delete(head.seq);
  }
}

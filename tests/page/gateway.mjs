// A gateway of this test's own, with the key that signs its users in; it can be killed and started again.

import { join } from "node:path";
import { Api } from "tls-sig-api-v2";

import { Instance } from "../js/gateway.mjs";
import { temporary } from "../js/process.mjs";

const SDKAPPID = 1400000001;
const KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";

export class Gateway {
  #instance;

  static async start(program) {
    const gateway = new Gateway();
    gateway.#instance = await Instance.on(program, {
      GATEWAY_DATA_DIR: join(await temporary("page"), "data"),
      GATEWAY_SDKAPPID: String(SDKAPPID),
      GATEWAY_SECRET_KEY: KEY,
    });
    gateway.port = gateway.#instance.port;
    gateway.origin = `http://127.0.0.1:${gateway.port}`;
    await gateway.restart();
    return gateway;
  }

  /** Starts the process on the same port and data, and waits until it is ready. */
  restart() {
    return this.#instance.up();
  }

  /** Ends the process as a power cut would, and waits until it is gone. */
  kill() {
    return this.#instance.kill();
  }

  session(user) {
    return { sdkappid: SDKAPPID, user, usersig: new Api(SDKAPPID, KEY).genSig(user, 3600) };
  }

  /** The link that signs a user in. */
  link(user, usersig = this.session(user).usersig) {
    return `${this.origin}/#${new URLSearchParams({ sdkappid: SDKAPPID, user, usersig })}`;
  }
}

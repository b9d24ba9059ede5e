// A gateway of this test's own: its port, its data directory, its key; it can be killed and started again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api } from "tls-sig-api-v2";

const SDKAPPID = 1400000001;
const KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const START_MS = 15_000;
const BETWEEN_TRIES_MS = 20;

export class Gateway {
  #program;
  #folder;
  #process;
  #log = [];

  static async start(program) {
    const gateway = new Gateway();
    gateway.#program = program;
    gateway.#folder = await mkdtemp(join(tmpdir(), "page-test-"));
    gateway.port = await freePort();
    gateway.origin = `http://127.0.0.1:${gateway.port}`;
    await writeFile(join(gateway.#folder, "key"), KEY, { mode: 0o600 });
    await gateway.restart();
    return gateway;
  }

  /** Starts the process on the same port and data, and waits until it answers. */
  async restart() {
    const flags = [
      "--listen",
      `127.0.0.1:${this.port}`,
      "--data-dir",
      join(this.#folder, "data"),
      "--sdkappid",
      SDKAPPID,
      "--secret-key-file",
      join(this.#folder, "key"),
    ];
    this.#process = spawn(this.#program, flags.map(String), { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.on("data", (data) => this.#log.push(data));
    const deadline = Date.now() + START_MS;
    while (!(await this.#answers())) {
      if (this.#process.exitCode !== null || Date.now() > deadline)
        throw new Error(`the gateway does not answer:\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES_MS));
    }
  }

  #answers() {
    return fetch(this.origin).then(
      (response) => response.ok,
      () => false,
    );
  }

  /** Ends the process as a power cut would, and waits until it is gone. */
  async kill() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }

  async remove() {
    await this.kill();
    await rm(this.#folder, { recursive: true });
  }

  get log() {
    return this.#log.join("");
  }

  session(user) {
    return { sdkappid: SDKAPPID, user, usersig: new Api(SDKAPPID, KEY).genSig(user, 3600) };
  }

  /** The link that signs a user in. */
  link(user, usersig = this.session(user).usersig) {
    return `${this.origin}/#${new URLSearchParams({ sdkappid: SDKAPPID, user, usersig })}`;
  }
}

async function freePort() {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  await once(server.close(), "close");
  return port;
}

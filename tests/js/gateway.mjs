// One gateway process on a port of its own. It keeps port, data and settings while it is ended and started again.

import { until } from './wait.mjs';
import { Server, freePort } from './process.mjs';

const START_WITHIN_MS = 20_000;
const ANSWER_WITHIN_MS = 2_000;

export class Instance {
  #program;
  #environment;
  #server;

  /** `environment` has the settings as the gateway names them (`GATEWAY_…`), but for its two addresses. */
  static async on(program, environment) {
    return new Instance(program, environment, await freePort(), await freePort());
  }

  constructor(program, environment, port, opsPort) {
    Object.assign(this, { port, opsPort });
    this.#program = program;
    this.#environment = {
      ...environment, GATEWAY_LISTEN: `127.0.0.1:${port}`, GATEWAY_INTERNAL_LISTEN: `127.0.0.1:${opsPort}`,
    };
  }

  /** Starts it and waits until it is ready. */
  async up() {
    this.#server = new Server(this.#program, [], { env: this.#environment });
    await this.#server.started(until(async () => (await this.ask('/readyz')).ok, START_WITHIN_MS, 'the gateway is ready'));
  }

  /** Ends it as an operator would; the exit code tells whether the drain was clean. */
  end() {
    return this.#server?.end('SIGTERM');
  }

  /** Ends it as a power cut would. */
  kill() {
    return this.#server?.end('SIGKILL');
  }

  /** Asks the internal address. */
  ask(path) {
    return fetch(`http://127.0.0.1:${this.opsPort}${path}`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  }

  async metrics() {
    return (await this.ask('/metrics')).text();
  }

  async connections() {
    return Number(/^gateway_connections (\d+)/m.exec(await this.metrics())?.[1] ?? 0);
  }

  get logTail() {
    return this.#server.logTail;
  }
}

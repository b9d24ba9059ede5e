// A WebSocket relay between devices and the gateway, which answers one command itself: with a refusal, as a rule.

import { once } from 'node:events';

import { WebSocket, WebSocketServer } from 'ws';

export class Refuser {
  #server;
  #gateway;
  #command = null;
  #body = null;

  /** How often each command was asked since the last change, answered here or not. */
  asked = new Map();

  static async to(gateway) {
    const refuser = new Refuser();
    refuser.#gateway = gateway;
    refuser.#server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    refuser.#server.on('connection', (client, request) => refuser.#join(client, request.url));
    await once(refuser.#server, 'listening');
    refuser.url = `ws://127.0.0.1:${refuser.#server.address().port}`;
    return refuser;
  }

  /** From now on `command` is refused with `code`, as the gateway refuses; nothing of it reaches the gateway. */
  refuse(command, code) {
    this.answer(command, { ActionStatus: 'FAIL', ErrorCode: code, ErrorInfo: `refused with ${code}` });
  }

  /** From now on `command` has this answer. */
  answer(command, body) {
    [this.#command, this.#body] = [command, body];
    this.asked.clear();
  }

  /** From now on the gateway answers everything again. */
  relent() {
    this.answer(null, null);
  }

  async close() {
    this.#server.clients.forEach((client) => client.terminate());
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client, path) {
    const gateway = new WebSocket(`${this.#gateway.url}${path}`);
    // A device that goes while the way to the gateway is being opened is nobody's error, nor is a gateway that went.
    const opened = once(gateway, 'open').then(() => true, () => false);
    const end = () => [client, gateway].forEach((socket) => socket.terminate());
    for (const socket of [client, gateway]) socket.on('close', end).on('error', end);
    client.on('message', async (data, isBinary) => {
      const { head } = JSON.parse(data.toString());
      this.asked.set(head.servcmd, (this.asked.get(head.servcmd) ?? 0) + 1);
      if (head.servcmd === this.#command) return client.send(frame(head, this.#body), { binary: isBinary });
      return await opened && gateway.send(data, { binary: isBinary });
    });
    gateway.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
  }
}

function frame({ servcmd, seq }, body) {
  return Buffer.from(JSON.stringify({ head: { servcmd, seq }, body }));
}

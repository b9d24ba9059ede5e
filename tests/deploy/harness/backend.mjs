// Stands where a gateway would stand behind a balancer, and tells what reached it.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

import { freePort } from '../../js/process.mjs';

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export class Backend {
  #server;
  #ops;
  #sockets = new Set();
  isReady = true;

  /** Every request and upgrade that comes is added to `seen`, which several may share. */
  static async start(name, seen) {
    const backend = new Backend();
    Object.assign(backend, { name, seen, port: await freePort(), opsPort: await freePort() });
    backend.#ops = createServer((request, response) => {
      response.writeHead(request.url === '/readyz' && backend.isReady ? 200 : 503).end();
    });
    await new Promise((resolve) => backend.#ops.listen(backend.opsPort, '127.0.0.1', resolve));
    await backend.open();
    return backend;
  }

  /** Listens; after `close`, again on the same port. */
  async open() {
    const server = createServer((request, response) => this.#answer(request, response));
    server.on('upgrade', (request, socket) => this.#upgrade(request, socket));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
    await new Promise((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.#server = server;
  }

  /** Refuses new connections; those that are there stay. */
  close() {
    this.#server.close();
  }

  end() {
    this.close();
    this.#ops.close();
    this.#ops.closeAllConnections();
    this.#sockets.forEach((socket) => socket.destroy());
  }

  #answer(request, response) {
    this.seen.push(request);
    const path = request.url.split('?')[0];
    request.resume();
    request.on('end', () => {
      // It has the whole request, and the answer is lost.
      if (path === '/v4/broken') request.socket.destroy();
      // As a gateway that hangs: no answer at all.
      else if (path !== '/v4/silent') response.end(this.name);
    });
  }

  /** Accepts, and sends back whatever bytes come. */
  #upgrade(request, socket) {
    this.seen.push(request);
    const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + ACCEPT_SUFFIX).digest('base64');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
      + `Sec-WebSocket-Accept: ${accept}\r\nX-Backend: ${this.name}\r\n\r\n`);
    socket.pipe(socket);
  }
}

// What a balancer does with requests, seen from behind it: pretended gateways tell what reached them.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

import { elapse, until, within } from '../../js/wait.mjs';
import { Backend } from '../harness/backend.mjs';
import { Proxy } from '../harness/proxy.mjs';

/** The shipped time-out of a request that is not WebSocket. */
const PLAIN_TIMEOUT_MS = 15_000;
const PATHS = ['/binfo?sdkappid=1&instanceid=a', '/info?sdkappid=1', '//binfo', '/im/v1/binfo?x=1'];
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** Whoever reads it can speak for somebody. */
const SECRET = 'identifier=a&usersig=eJw-secret';
const ANSWER_WITHIN_MS = 30_000;

export default async function balancer(t, kind, tls) {
  /** What reached a gateway, whichever it was, oldest first. */
  const seen = [];
  const backends = [await Backend.start('one', seen), await Backend.start('two', seen)];
  t.onLeave(() => backends.forEach((backend) => backend.end()));
  const proxy = await Proxy.start(kind, backends, tls);
  t.onLeave(() => proxy.end());
  t.onLeave(() => t.hasFailures && t.note(`log of ${t.name}:\n${proxy.logTail}`));
  const client = new Client(proxy, await readFile(tls.cert));
  const last = (path) => seen.findLast(({ url }) => url.startsWith(path));
  const count = (path) => seen.filter(({ url }) => url.startsWith(path)).length;

  // These two wait for time to pass, so they begin now and the others go on beside them.
  const idle = client.upgrade('/binfo?idle');
  const silent = client.send('GET', `/v4/silent?${SECRET}`).then((answer) => ({ ...answer, at: Date.now() }));
  const started = Date.now();
  // Whoever awaits them below is told; until then a rejection is nobody's.
  [idle, silent].forEach((promise) => promise.catch(() => {}));

  await t.check('an upgrade reaches a gateway whole, whatever stands before its path, plain and by TLS', async () => {
    for (const secure of [false, true]) {
      for (const path of PATHS) {
        const tunnel = await client.upgrade(path, { secure });
        tunnel.end();
        const { url, headers } = last(path);
        assert.equal(url, path);
        assert.equal(headers.upgrade.toLowerCase(), 'websocket');
        assert.equal(headers.connection.toLowerCase(), 'upgrade');
        assert.equal(headers['sec-websocket-key'], KEY);
        assert.equal(headers['sec-websocket-version'], '13');
        assert.equal(headers['x-forwarded-for'], '127.0.0.1');
        assert.equal(headers['x-forwarded-proto'], secure ? 'https' : 'http');
      }
    }
  });

  await t.check('another request is no upgrade, and says who asked for it and how', async () => {
    for (const secure of [false, true]) {
      assert.equal((await client.send('POST', `/v4/some/command?${SECRET}`, { secure, body: '{}' })).status, 200);
      const { headers, url } = last('/v4/some/command');
      assert.equal(url, `/v4/some/command?${SECRET}`);
      assert.equal(headers.upgrade, undefined);
      assert.doesNotMatch(headers.connection ?? '', /upgrade/i);
      assert.equal(headers['x-forwarded-for'], '127.0.0.1');
      assert.equal(headers['x-forwarded-proto'], secure ? 'https' : 'http');
    }
  });

  await t.check('clients are spread', async () => {
    const tunnels = await Promise.all(Array.from({ length: 10 }, () => client.upgrade('/binfo?spread')));
    for (const name of ['one', 'two']) assert.ok(tunnels.filter(({ backend }) => backend === name).length >= 3, name);
    tunnels.forEach((tunnel) => tunnel.end());
  });

  await t.check('a POST that reached a gateway is never sent again', async () => {
    const { status } = await client.send('POST', `/v4/broken?${SECRET}`, { body: '{"MsgBody":[]}' });
    assert.equal(status, 502);
    assert.equal(count('/v4/broken'), 1);
  });

  await t.check('a gateway that refuses connections costs no request, and keeps the clients it has', async () => {
    const [one] = backends;
    const there = await client.of(one);
    one.close();
    for (let n = 0; n < 10; n += 1) {
      const answer = await client.send('POST', `/v4/refused?${SECRET}`, { body: '{}' });
      assert.deepEqual([answer.status, answer.body], [200, 'two']);
      const tunnel = await client.upgrade(`/binfo?${SECRET}`);
      assert.equal(tunnel.backend, 'two');
      tunnel.end();
    }
    assert.equal(count('/v4/refused'), 10);
    await there.echo('still here');
    there.end();
    await one.open();
    await until(async () => (await client.send('GET', '/again')).body === 'one', 10_000, 'it is used again');
  });

  if (kind === 'haproxy') {
    await t.check('a gateway that is not ready gets no new clients, keeps those it has, and is used again when it is ready', async () => {
      const [one] = backends;
      const there = await client.of(one);
      one.isReady = false;
      const names = async () => (await Promise.all(Array.from({ length: 6 }, () => client.send('GET', '/')))).map(({ body }) => body);
      await until(async () => (await names()).every((name) => name === 'two'), 5_000, 'it is out of rotation');
      for (let round = 0; round < 3; round += 1) assert.deepEqual(new Set(await names()), new Set(['two']));
      await there.echo('still here');
      there.end();
      one.isReady = true;
      await until(async () => (await names()).includes('one'), 5_000, 'it is used again');
    });
  } else {
    t.skip('a gateway that is not ready gets no new clients', 'nginx asks nobody; a gateway that goes down refuses connections');
  }

  await t.check('health and metrics are not for the outside', async () => {
    for (const path of ['/metrics', '/healthz', '/livez', '/readyz']) assert.equal((await client.send('GET', path)).status, 404, path);
  });

  await t.check('a request without an answer ends with 504 in its time', async () => {
    const { status, at } = await silent;
    assert.equal(status, 504);
    assert.ok(Math.abs(at - started - PLAIN_TIMEOUT_MS) < 3_000, `${at - started} ms`);
  });

  await t.check('a WebSocket that was silent for longer than that is still there', async () => {
    const tunnel = await idle;
    await elapse(Math.max(0, started + PLAIN_TIMEOUT_MS + 3_000 - Date.now()));
    await tunnel.echo('after a long silence');
    tunnel.end();
  });

  await t.check('what it logs tells of requests and their faults, and has no UserSig', async () => {
    const log = await until(async () => {
      const text = await proxy.logged();
      return ['/v4/some/command', '/v4/broken', '/v4/refused', '/v4/silent', '/binfo'].every((path) => text.includes(path)) && text;
    }, 5_000, 'all are in the log');
    assert.doesNotMatch(log, /usersig|eJw-secret/);
  });
}

/** Talks to a balancer, each time on a connection of its own. */
class Client {
  #proxy;
  #ca;

  constructor(proxy, ca) {
    this.#proxy = proxy;
    this.#ca = ca;
  }

  #request(method, path, { secure = false, headers = {} } = {}) {
    const options = { host: '127.0.0.1', method, path, headers, agent: false };
    return secure
      ? tlsRequest({ ...options, port: this.#proxy.ports.tls, ca: this.#ca })
      : plainRequest({ ...options, port: this.#proxy.ports.plain });
  }

  send(method, path, { secure, body } = {}) {
    const request = this.#request(method, path, { secure });
    const answer = new Promise((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
        response.on('end', () => resolve({ status: response.statusCode, body: text }));
      });
    });
    request.end(body);
    return within(answer, ANSWER_WITHIN_MS, `${method} ${path} is answered`);
  }

  /** A connection that was upgraded: `backend` is the name of who took it, `echo` proves that it carries bytes both ways. */
  upgrade(path, { secure } = {}) {
    const request = this.#request('GET', path, {
      secure,
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': KEY, 'Sec-WebSocket-Version': '13' },
    });
    const tunnel = new Promise((resolve, reject) => {
      request.on('error', reject);
      request.on('response', ({ statusCode }) => reject(new Error(`${path} was answered with ${statusCode}`)));
      request.on('upgrade', ({ headers }, socket) => resolve(new Tunnel(headers['x-backend'], socket)));
    });
    request.end();
    return within(tunnel, ANSWER_WITHIN_MS, `${path} is upgraded`);
  }

  /** An upgraded connection that this very backend took. */
  of(backend) {
    return until(async () => {
      const tunnel = await this.upgrade('/binfo?there');
      if (tunnel.backend === backend.name) return tunnel;
      tunnel.end();
      return null;
    }, 5_000, `a client of ${backend.name}`);
  }
}

class Tunnel {
  #socket;

  constructor(backend, socket) {
    this.backend = backend;
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
  }

  async echo(text) {
    assert.ok(!this.#socket.destroyed && this.#socket.readable, 'the connection is gone');
    const heard = new Promise((resolve, reject) => {
      this.#socket.once('data', (chunk) => resolve(chunk.toString()));
      this.#socket.once('close', () => reject(new Error('the connection ended')));
    });
    this.#socket.write(text);
    assert.equal(await within(heard, 5_000, `${text} comes back`), text);
  }

  end() {
    this.#socket.destroy();
  }
}

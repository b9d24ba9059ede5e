// nginx and HAProxy with the shipped files. Replaced are addresses and folders, nothing else; every replacement must
// find what it replaces.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../../js/wait.mjs';
import { shipped } from './files.mjs';
import { Server, freePort, must, temporary } from '../../js/process.mjs';

const START_WITHIN_MS = 10_000;

function replaced(path, replacements) {
  return Object.entries(replacements).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`deploy/${path} has no ${from} to replace`);
    return text.replaceAll(from, to);
  }, shipped(path));
}

/** A certificate for 127.0.0.1 that signed itself. */
export async function certificate() {
  const directory = await temporary('tls');
  const [key, cert] = ['privkey.pem', 'fullchain.pem'].map((name) => join(directory, name));
  await must('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
  return { key, cert };
}

const KINDS = {
  async nginx(directory, { ports, targets, tls }) {
    await Promise.all(['conf.d', 'timgate', 'temp'].map((name) => mkdir(join(directory, name), { mode: 0o755 })));
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `    ${name}_temp_path ${directory}/temp/${name};\n`).join('');
    await writeFile(join(directory, 'nginx.conf'), replaced('nginx/nginx.conf', {
      '/etc/nginx/': `${directory}/`, 'http {\n': `http {\n${temp}`,
    }));
    await writeFile(join(directory, 'conf.d/timgate.conf'), replaced('nginx/timgate.conf', {
      'gateway-1:8080': `127.0.0.1:${targets[0].port}`,
      'gateway-2:8080': `127.0.0.1:${targets[1].port}`,
      'listen 80;': `listen 127.0.0.1:${ports.plain};`,
      '/etc/nginx/': `${directory}/`,
      '/var/log/nginx/': `${directory}/`,
    }));
    await writeFile(join(directory, 'timgate/tls.conf'), replaced('nginx/tls.conf', {
      'listen 443 ssl;': `listen 127.0.0.1:${ports.tls} ssl;`, '/etc/nginx/': `${directory}/`,
    }));
    await writeFile(join(directory, 'timgate/privkey.pem'), await readFile(tls.key), { mode: 0o600 });
    await writeFile(join(directory, 'timgate/fullchain.pem'), await readFile(tls.cert));
    const args = ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr', '-g', `pid ${directory}/pid;`];
    return {
      test: () => must('nginx', ['-t', ...args]),
      command: ['nginx', [...args.slice(0, -1), `pid ${directory}/pid; daemon off;`]],
      requests: async () => (await Promise.all(['timgate.log', 'timgate.error.log'].map((name) => readFile(join(directory, name), 'utf8')))).join('\n'),
    };
  },

  async haproxy(directory, { ports, targets, tls }) {
    const file = join(directory, 'haproxy.cfg');
    await writeFile(file, replaced('haproxy/haproxy.cfg', {
      'gateway-1:8080': `127.0.0.1:${targets[0].port} port ${targets[0].opsPort}`,
      'gateway-2:8080': `127.0.0.1:${targets[1].port} port ${targets[1].opsPort}`,
      'bind :80\n': `bind 127.0.0.1:${ports.plain}\n`,
      '# bind :443 ': `bind 127.0.0.1:${ports.tls} `,
      '/etc/haproxy/': `${directory}/`,
    }));
    await writeFile(join(directory, 'timgate.pem'), `${await readFile(tls.cert)}${await readFile(tls.key)}`, { mode: 0o600 });
    return {
      test: () => must('haproxy', ['-c', '-f', file]),
      command: ['haproxy', ['-db', '-f', file]],
      requests: () => '',
    };
  },
};

export class Proxy {
  #server;
  #requests;

  /** A balancer of `kind` before two `targets`, `{ port, opsPort }`; it may be that nobody listens there. */
  static async start(kind, targets, tls) {
    const proxy = new Proxy();
    const directory = await temporary(kind);
    const ports = { plain: await freePort(), tls: await freePort() };
    const made = await KINDS[kind](directory, { ports, targets, tls });
    await made.test();
    proxy.#server = new Server(...made.command);
    proxy.#requests = made.requests;
    Object.assign(proxy, { kind, ports });
    await proxy.#server.started(until(async () => (await fetch(`http://127.0.0.1:${ports.plain}/`)).ok, START_WITHIN_MS, `${kind} serves`));
    return proxy;
  }

  get ws() {
    return `ws://127.0.0.1:${this.ports.plain}`;
  }

  get wss() {
    return `wss://127.0.0.1:${this.ports.tls}`;
  }

  get http() {
    return `http://127.0.0.1:${this.ports.plain}`;
  }

  /** Everything that it logged. */
  async logged() {
    return `${this.#server.log}\n${await this.#requests()}`;
  }

  get logTail() {
    return this.#server.logTail;
  }

  end() {
    return this.#server.end();
  }
}

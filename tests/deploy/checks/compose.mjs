// The compose files: what they name exists, and the parts of the cluster fit together.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { DEPLOY, documents, longestEnd, shipped, unknownVariables } from '../harness/files.mjs';
import { must, run } from '../../js/process.mjs';

const FILES = ['compose.single.yaml', 'compose.cluster.yaml'];
const FILLED_IN = { GATEWAY_SECRET_KEY: '0123456789abcdef', REDIS_PASSWORD: 'a' };

const gateways = (file) => Object.entries(file.services).filter(([name]) => name.startsWith('gateway'));
const seconds = (text) => Number(/^(\d+)s$/.exec(text)[1]);

export default async function compose(t) {
  const hasCompose = (await run('sh', ['-c', 'docker compose version'])).code === 0;
  for (const path of FILES) {
    const [file] = documents(path);

    await t.check(`${path}: everything it names is there`, () => {
      for (const [name, service] of Object.entries(file.services)) {
        const mounts = (service.volumes ?? []).map((volume) => volume.split(':')[0]);
        for (const mount of mounts) {
          if (mount.startsWith('.')) assert.ok(existsSync(join(DEPLOY, mount)), `${name}: ${mount}`);
          else assert.ok(mount in file.volumes, `${name}: the volume ${mount}`);
        }
        const networks = Array.isArray(service.networks) ? service.networks : Object.keys(service.networks ?? {});
        for (const network of networks) assert.ok(network in file.networks, `${name}: the network ${network}`);
        const needs = Array.isArray(service.depends_on)
          ? service.depends_on.map((other) => [other, {}]) : Object.entries(service.depends_on ?? {});
        for (const [other, { condition }] of needs) {
          assert.ok(other in file.services, `${name}: the service ${other}`);
          if (condition === 'service_healthy') assert.ok(file.services[other].healthcheck, `${other} has no healthcheck`);
        }
        if (service.build) assert.ok(existsSync(resolve(DEPLOY, service.build.context, service.build.dockerfile)), name);
      }
    });

    await t.check(`${path}: the gateways get only settings that they have, and time for their drain`, () => {
      assert.ok(gateways(file).length > 0);
      for (const [name, service] of gateways(file)) {
        assert.deepEqual(unknownVariables(Object.keys(service.environment)), [], name);
        assert.ok(seconds(service.stop_grace_period) >= longestEnd(), name);
      }
    });

    await t.check(`${path}: nobody has more rights than they need`, () => {
      for (const [name, service] of Object.entries(file.services)) {
        assert.equal(service.read_only, true, name);
        assert.deepEqual(service.cap_drop, ['ALL'], name);
        assert.ok(service.security_opt.includes('no-new-privileges:true'), name);
        assert.equal(service.privileged, undefined, name);
      }
    });

    if (hasCompose) await t.check(`${path}: docker compose takes it`, () => must('docker', ['compose', '-f', join(DEPLOY, path), 'config', '--quiet'], { env: FILLED_IN }));
    else t.skip(`${path}: docker compose takes it`, 'there is no docker compose here');
  }

  const [cluster] = documents('compose.cluster.yaml');

  await t.check('the balancer is told of every gateway, at an address that stays', () => {
    const names = gateways(cluster).map(([name]) => name);
    const told = [...shipped('nginx/timgate.conf').matchAll(/^\s+server ([\w-]+):8080 /gm)].map(([, name]) => name);
    assert.deepEqual(told.sort(), names.sort());
    const [subnet] = cluster.networks.front.ipam.config[0].subnet.match(/^(\d+\.){3}/);
    const addresses = gateways(cluster).map(([, service]) => service.networks.front.ipv4_address);
    assert.equal(new Set(addresses).size, names.length);
    for (const address of addresses) assert.ok(address.startsWith(subnet), address);
  });

  await t.check('all gateways have one key and one Redis, as a user whom Redis knows; both must be given', () => {
    const [first, ...others] = gateways(cluster).map(([, { environment }]) => environment);
    for (const other of others) assert.deepEqual(other, first);
    assert.match(first.GATEWAY_SECRET_KEY, /^\$\{GATEWAY_SECRET_KEY:\?/);
    const [, user, password, host] = /^redis:\/\/(\w+):(\$\{REDIS_PASSWORD:\?.+\})@([\w-]+):6379\/0$/.exec(first.GATEWAY_REDIS_URL);
    assert.match(shipped('redis/users.acl'), new RegExp(`^user ${user} on >PASSWORD `, 'm'));
    assert.equal(cluster.services.redis.environment.REDISCLI_AUTH, password);
    assert.ok(host in cluster.services);
  });

  await t.check('only the balancer has a port outside, and Redis is on a network that ends here', () => {
    const open = Object.entries(cluster.services).filter(([, service]) => service.ports).map(([name]) => name);
    assert.deepEqual(open, ['nginx']);
    assert.deepEqual(cluster.services.redis.networks, ['store']);
    assert.equal(cluster.networks.store.internal, true);
  });
}

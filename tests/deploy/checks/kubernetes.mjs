// The manifests: against the schemas of Kubernetes, against each other, and against a gateway that runs.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { DEPLOY, GATEWAY, documents, filesBelow, longestEnd, shipped, unknownVariables } from '../harness/files.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Server, freePort, must, temporary } from '../../js/process.mjs';
import { until } from '../../js/wait.mjs';

const VALIDATE = new URL('../.venv/bin/kubernetes-validate', import.meta.url).pathname;
/** The oldest that the manifests are for (preStop.sleep), and a new one. */
const VERSIONS = ['1.30', '1.36'];
const SECRET = 'kubernetes/secret.example.yaml';
/** The kinds of volumes that the restricted profile of Pod Security Standards allows. */
const VOLUMES = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'];

const isPartOf = (part, whole) => Object.entries(part).every(([key, value]) => whole[key] === value);
const [secret] = documents(SECRET);

export default async function kubernetes(t) {
  const files = filesBelow('kubernetes');
  const manifests = files.filter((path) => !path.endsWith('kustomization.yaml'));

  for (const version of VERSIONS) {
    await t.check(`the schemas of ${version} take every manifest`, () =>
      must(VALIDATE, ['--strict', '--kubernetes-version', version, ...manifests.map((path) => join(DEPLOY, path))]));
  }

  await t.check('every manifest is applied by a kustomization, but for the example of the Secret', () => {
    const lists = files.filter((path) => path.endsWith('kustomization.yaml'));
    const applied = lists.flatMap((path) => documents(path)[0].resources.map((name) => join(dirname(path), name)));
    assert.deepEqual([...applied, SECRET].sort(), manifests);
  });

  await t.check('nothing says in which namespace it lives', () => {
    for (const path of manifests) for (const { metadata } of documents(path)) assert.equal(metadata.namespace, undefined, path);
  });

  const fleet = await Fleet.start({ size: 1 });
  t.onLeave(() => fleet.end());
  for (const variant of ['cluster', 'single']) {
    const objects = files.filter((path) => path.startsWith(`kubernetes/${variant}/`)).flatMap(documents);
    await workload(t, variant, (kind) => objects.find((object) => object.kind === kind), fleet.instances[0]);
  }
}

async function workload(t, variant, object, gateway) {
  const workload = object('Deployment') ?? object('StatefulSet');
  const { template } = workload.spec;
  const pod = template.spec;
  const [container] = pod.containers;
  const config = object('ConfigMap');
  const say = (name, body) => t.check(`${variant}: ${name}`, body);

  await say('selectors choose the pods', () => {
    const { labels } = template.metadata;
    const selectors = [
      workload.spec.selector.matchLabels, object('Service').spec.selector,
      object('PodDisruptionBudget')?.spec.selector.matchLabels,
      ...(pod.topologySpreadConstraints ?? []).map(({ labelSelector }) => labelSelector.matchLabels),
    ].filter(Boolean);
    for (const selector of selectors) assert.ok(Object.keys(selector).length > 0 && isPartOf(selector, labels), JSON.stringify(selector));
  });

  await say('every port that is named is one of the container', () => {
    const ports = container.ports.map(({ name }) => name);
    const named = [
      ...['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container[probe].httpGet.port),
      ...object('Service').spec.ports.map(({ targetPort }) => targetPort),
    ];
    for (const name of named) assert.ok(ports.includes(name), name);
    const scraped = Number(template.metadata.annotations['prometheus.io/port']);
    assert.equal(container.ports.find(({ containerPort }) => containerPort === scraped)?.name, 'ops');
    const listened = container.env.filter(({ name }) => name.endsWith('LISTEN')).map(({ value }) => Number(value.split(':')[1]));
    assert.deepEqual(listened, container.ports.map(({ containerPort }) => containerPort));
  });

  await say('a gateway answers its probes where they ask', async () => {
    assert.equal(container.readinessProbe.httpGet.path, '/readyz');
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const { path } = container[probe].httpGet;
      assert.equal((await gateway.ask(path)).status, 200, path);
      assert.notEqual(probe !== 'readinessProbe' && path, '/readyz', 'a store that is away must restart nobody');
    }
    assert.equal((await gateway.ask(template.metadata.annotations['prometheus.io/path'])).status, 200);
  });

  await say('settings are settings of the gateway, and what they refer to is there', () => {
    assert.deepEqual(unknownVariables(container.env.map(({ name }) => name)), []);
    const keys = [
      ...container.env.map(({ valueFrom }) => valueFrom?.secretKeyRef).filter(Boolean).map(({ name, key }) => [name, key]),
      ...pod.volumes.filter(({ secret }) => secret).flatMap(({ secret }) => secret.items.map(({ key }) => [secret.secretName, key])),
    ];
    assert.ok(keys.length > 0);
    for (const [name, key] of keys) assert.ok(name === secret.metadata.name && key in secret.stringData, `${name}.${key}`);
    const claims = (workload.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
    const volumes = [...pod.volumes.map(({ name }) => name), ...claims];
    for (const { name } of container.volumeMounts) assert.ok(volumes.includes(name), name);
    const at = (path) => container.volumeMounts.find(({ mountPath }) => path.startsWith(mountPath))?.name;
    const value = (name) => container.env.find((variable) => variable.name === name)?.value;
    assert.equal(at(value('GATEWAY_SECRET_KEY_FILE')), 'key');
    for (const { configMap } of pod.volumes.filter((volume) => volume.configMap)) assert.equal(configMap.name, config.metadata.name);
  });

  if (config) {
    await say('a gateway starts with the settings of the ConfigMap', async () => {
      const directory = await temporary('config');
      const port = await freePort();
      await writeFile(join(directory, 'gateway.toml'), config.data['gateway.toml']);
      const server = new Server(GATEWAY, [
        '--config', join(directory, 'gateway.toml'), '--data-dir', directory, '--listen', `127.0.0.1:${port}`,
      ]);
      t.onLeave(() => server.end());
      await server.started(until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, 10_000, 'it is ready'));
      assert.equal(await server.end(), 0);
    });
  }

  await say('there is time for the drain before it is killed', () => {
    const drain = /^drain_seconds = (\d+)$/m.exec(config?.data['gateway.toml'] ?? '')?.[1];
    const notice = container.lifecycle?.preStop.sleep.seconds ?? 0;
    assert.ok(pod.terminationGracePeriodSeconds >= notice + longestEnd(drain && Number(drain)));
  });

  await say('it fits the restricted profile of Pod Security Standards, and is the user of the image', () => {
    const [, user] = /^USER (\d+):/m.exec(shipped('Dockerfile'));
    assert.equal(pod.securityContext.runAsUser, Number(user));
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
    assert.equal(container.securityContext.allowPrivilegeEscalation, false);
    assert.equal(container.securityContext.readOnlyRootFilesystem, true);
    assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
    assert.equal(pod.automountServiceAccountToken, false);
    for (const name of ['hostNetwork', 'hostPID', 'hostIPC']) assert.equal(pod[name], undefined);
    for (const { name, ...volume } of pod.volumes) assert.ok(Object.keys(volume).every((kind) => VOLUMES.includes(kind)), name);
    assert.ok(container.resources.requests.cpu && container.resources.requests.memory && container.resources.limits.memory);
  });

  if (variant === 'cluster') {
    await say('there are two or more, and one at a time may go', () => {
      assert.ok(workload.spec.replicas >= 2);
      assert.deepEqual(workload.spec.strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 });
      assert.equal(object('PodDisruptionBudget').spec.maxUnavailable, 1);
      assert.ok(container.env.some(({ name }) => name === 'GATEWAY_REDIS_URL'));
    });
    await say('the Ingress leads to the Service, and leaves WebSocket alone', () => {
      const { metadata, spec } = object('Ingress');
      const [service] = spec.rules[0].http.paths.map(({ backend }) => backend.service);
      assert.equal(service.name, object('Service').metadata.name);
      assert.ok(object('Service').spec.ports.some(({ name }) => name === service.port.name));
      assert.deepEqual(spec.tls[0].hosts, [spec.rules[0].host]);
      const note = (name) => metadata.annotations[`nginx.ingress.kubernetes.io/${name}`];
      for (const name of ['proxy-read-timeout', 'proxy-send-timeout']) assert.ok(Number(note(name)) >= 600, name);
      assert.equal(note('proxy-next-upstream'), 'error timeout');
    });
  } else {
    await say('there is one, with a volume of its own', () => {
      assert.equal(workload.spec.replicas, 1);
      assert.equal(workload.kind, 'StatefulSet');
      assert.equal(workload.spec.serviceName, object('Service').metadata.name);
      const data = container.env.find(({ name }) => name === 'GATEWAY_DATA_DIR').value;
      const mount = container.volumeMounts.find(({ mountPath }) => mountPath === data);
      assert.ok(workload.spec.volumeClaimTemplates.some(({ metadata }) => metadata.name === mount.name));
      assert.ok(!container.env.some(({ name }) => name === 'GATEWAY_REDIS_URL'));
    });
  }
}

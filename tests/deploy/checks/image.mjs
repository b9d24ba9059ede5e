// The image: its Dockerfile, what is sent to its build, and that what it builds is static.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { ROOT, shipped, unknownVariables } from '../harness/files.mjs';
import { must, run, temporary } from '../../js/process.mjs';

const FILE = 'Dockerfile';
const HADOLINT = new URL('../.venv/bin/hadolint', import.meta.url).pathname;
const STATIC_TARGET = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-musl`;
/** Whatever a working copy may hold that must never reach an image or its build. */
const KEPT_OUT = [
  '.git/config', '.env', 'deploy/.env', 'deploy/Dockerfile', 'data/secret_key', 'gateway/data/secret_key', 'target/release/gateway',
  'tests/sdk/node_modules/ws/index.js', 'tests/usersig/.venv/bin/python', 'secret_key',
];

/** The instructions: `{ word, rest }`, continued lines joined, comments gone. */
function instructions(text) {
  const joined = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, '');
  return joined.split('\n').filter(Boolean).map((line) => {
    const [, word, rest] = /^(\w+)\s+(.*)$/.exec(line);
    return { word: word.toUpperCase(), rest };
  });
}

/** Whether the build gets to see a file, by the rules of .dockerignore: the last rule that fits a path or a folder above it. */
function inContext(rules, path) {
  const folders = path.split('/').map((_, n, parts) => parts.slice(0, n + 1).join('/'));
  let isIn = true;
  for (const { isException, pattern } of rules) {
    if (folders.some((folder) => pattern.test(folder))) isIn = isException;
  }
  return isIn;
}

function rulesOf(text) {
  return text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
    const isException = line.startsWith('!');
    const glob = line.slice(isException ? 1 : 0);
    const parts = glob.split('**/').map((part) => part.replace(/[.+^$()|{}\\]/g, '\\$&').replaceAll('*', '[^/]*'));
    return { isException, pattern: new RegExp(`^${parts.join('(?:.*/)?')}$`) };
  });
}

export default async function image(t) {
  const lines = instructions(shipped(FILE));
  const of = (word) => lines.filter((line) => line.word === word).map(({ rest }) => rest);
  const last = lines.slice(lines.findLastIndex(({ word }) => word === 'FROM'));
  const lastOf = (word) => last.find((line) => line.word === word)?.rest;

  await t.check('the last stage is empty and takes only what another stage made', () => {
    assert.equal(last[0].rest, 'scratch');
    const stages = of('FROM').map((rest) => / AS (\w+)$/.exec(rest)?.[1]).filter(Boolean);
    assert.ok(stages.length > 0);
    for (const { rest } of last.filter(({ word }) => word === 'COPY' || word === 'ADD')) {
      assert.ok(stages.includes(/^--from=(\w+) /.exec(rest)?.[1]), rest);
    }
  });

  await t.check('it runs as a user with a number that is not root', () => {
    const [, user, group] = /^(\d+):(\d+)$/.exec(lastOf('USER'));
    assert.ok(Number(user) > 0 && Number(group) > 0);
    const [, directory] = /GATEWAY_DATA_DIR=(\S+)/.exec(lastOf('ENV'));
    const copies = last.filter(({ word }) => word === 'COPY').map(({ rest }) => rest);
    assert.ok(copies.includes(`--from=build --chown=${user}:${group} ${directory} ${directory}`), 'its data directory is not its own');
  });

  await t.check('it holds no secret, and its settings are settings of the gateway', () => {
    const settings = [...of('ENV'), ...of('ARG')].flatMap((rest) => [...rest.matchAll(/([A-Z_]+)=(\S+)/g)]);
    for (const [, name] of settings) assert.doesNotMatch(name, /KEY|SECRET|TOKEN|PASSWORD|URL/);
    const names = [...lastOf('ENV').matchAll(/([A-Z_]+)=/g)].map(([, name]) => name);
    assert.ok(names.length > 0);
    assert.deepEqual(unknownVariables(names), []);
  });

  await t.check('what starts is what was built, and the ports that are told are those that are listened on', () => {
    const [program] = JSON.parse(lastOf('ENTRYPOINT'));
    const built = of('RUN').join(' ');
    assert.ok(built.includes(`/image${dirname(program)}/`) && built.includes(`release/${program.split('/').at(-1)} `), program);
    const ports = [...lastOf('ENV').matchAll(/LISTEN=0\.0\.0\.0:(\d+)/g)].map(([, port]) => port);
    assert.deepEqual(lastOf('EXPOSE').split(' ').sort(), ports.sort());
  });

  if (existsSync(HADOLINT)) await t.check('hadolint finds nothing', () => must(HADOLINT, [join(ROOT, 'deploy', FILE)]));
  else t.skip('hadolint', `there is none for ${process.arch}`);

  const rules = rulesOf(shipped(`${FILE}.dockerignore`));
  const context = await temporary('context');

  await t.check('its build gets no key, no history and nothing built before', () => {
    assert.deepEqual(KEPT_OUT.filter((path) => inContext(rules, path)), []);
  });

  await t.check('its build gets all that cargo needs', async () => {
    await cp(ROOT, context, { recursive: true, filter: (path) => relative(ROOT, path) === '' || inContext(rules, relative(ROOT, path)) });
    const plan = JSON.parse(await must('cargo', ['metadata', '--locked', '--offline', '--no-deps', '--format-version', '1'], { cwd: context }));
    const made = plan.packages.flatMap(({ targets }) => targets).filter(({ kind }) => kind.includes('bin')).map(({ name }) => name);
    for (const name of ['gateway', 'sigtool']) {
      assert.ok(made.includes(name), `${name} is not in the workspace`);
      assert.ok(of('RUN').some((rest) => rest.includes(`--package ${name}`)), `${name} is not built`);
    }
  });

  const why = process.env.LONG ? await whyNotStatic() : 'only with LONG=1';
  if (why) t.skip('a static binary', why);
  else await t.check('what it builds is static', () => buildsStatic(context), 900_000);
}

/** What is missing for a build with musl on this machine, or nothing. */
async function whyNotStatic() {
  const sysroot = (await must('rustc', ['--print', 'sysroot'])).trim();
  if (!existsSync(join(sysroot, 'lib/rustlib', STATIC_TARGET))) return `the target ${STATIC_TARGET} is not installed`;
  const { code } = await run('sh', ['-c', 'command -v musl-gcc']);
  return code === 0 ? '' : 'musl-gcc (Debian: musl-tools) is not installed';
}

async function buildsStatic(context) {
  const target = join(ROOT, 'target');
  await must('cargo', ['build', '--locked', '--target', STATIC_TARGET, '--package', 'gateway', '--package', 'sigtool'], {
    cwd: context, env: { CARGO_TARGET_DIR: target },
  });
  for (const name of ['gateway', 'sigtool']) {
    const program = join(target, STATIC_TARGET, 'debug', name);
    // Nothing is asked of a loader: no interpreter, no library.
    const { text } = await run('readelf', ['--wide', '--program-headers', '--dynamic', program]);
    assert.match(text, /Program Headers/);
    assert.doesNotMatch(text, /INTERP|\(NEEDED\)/, name);
    assert.match(await must(program, ['--version']), new RegExp(`^${name} `));
  }
}

// Many phones in a few groups while the gateway restarts: everybody is back in time, and nothing is missed or doubled.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { SDK_APP_ID } from '../sdk/harness/gateway.mjs';
import { elapse, within } from '../js/wait.mjs';

const PHONES = Number(process.env.V2TIM_PHONES ?? 500);
const GROUPS = Number(process.env.V2TIM_GROUPS ?? 20);
const BACK_WITHIN_MS = 30_000;
const SAY_MS = 2_000;

export default async function crowd(t) {
  await t.scene('', () => restart(t));
}

async function restart(t) {
  const child = spawn('java', ['-Xss256k', '-Xmx1g', '-XX:+UseSerialGC', '-cp', process.env.V2TIM_TEST_CLASSPATH, 'com.tencent.imsdk.v2.Crowd'],
    { stdio: ['pipe', 'pipe', 'pipe'] });
  t.onLeave(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (chunk) => { errors = (errors + chunk).slice(-4_000); });
  const lines = [];
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) => (waiting.shift() ?? ((text) => lines.push(text)))(line));
  child.once('exit', () => waiting.forEach((tell) => tell(`it ended: ${errors}`)));
  const line = (ms, what) => within(lines.length > 0 ? Promise.resolve(lines.shift()) : new Promise((resolve) => { waiting.push(resolve); }), ms, what);

  await t.check(`${PHONES} phones in ${GROUPS} groups are all back within 30 s of a restart; nothing is missed or doubled`, async () => {
    const { ports } = t.gateway;
    const users = Array.from({ length: PHONES }, (_, index) => ({
      user: `crowd_${index}`,
      sig: t.gateway.sign(`crowd_${index}`),
      group: `crowd_group_${index % GROUPS}`,
      // In each group there are phones of each instance.
      url: `ws://127.0.0.1:${ports[Math.floor(index / GROUPS) % ports.length]}`,
    }));
    child.stdin.write(`${JSON.stringify({ app: SDK_APP_ID, users })}\n`);
    assert.equal(await line(180_000, 'everybody is in'), 'ready');
    await elapse(SAY_MS);
    child.stdin.write('down\n');
    await t.gateway.stop();
    await elapse(1_000);
    await t.gateway.up();
    child.stdin.write('up\n');
    const back = await line(70_000, 'everybody is back');
    await elapse(SAY_MS);
    child.stdin.write('end\n');
    const report = JSON.parse(await line(60_000, 'the report'));
    console.log(`      ${back} ms; ${JSON.stringify(report)}`);
    assert.ok(Number(back.split(' ')[1]) <= BACK_WITHIN_MS, back);
    assert.ok(report.said > 100, 'something was said');
    assert.deepEqual([report.missed, report.doubled], [0, 0]);
  }, 240_000);
}

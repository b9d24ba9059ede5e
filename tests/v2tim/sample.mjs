// The sample at its console, beside the web SDK in the same room.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { Device } from '../sdk/harness/device.mjs';
import { Gateway, SDK_APP_ID } from '../sdk/harness/gateway.mjs';
import { within } from '../js/wait.mjs';
import { Lines } from './harness/lines.mjs';

const RUN = fileURLToPath(new URL('../../v2tim/sample/run', import.meta.url));
const BUILT_WITHIN_MS = 180_000;
const SEEN_WITHIN_MS = 10_000;

export default async function sample(t) {
  await t.scene('', () => story(t));
}

async function story(t) {
  Object.assign(process.env, { GATEWAY_LEGACY_ENABLED: 'true', GATEWAY_LEGACY_GROUP: 'meeting1' });
  const gateway = await Gateway.start();
  delete process.env.GATEWAY_LEGACY_ENABLED;
  t.onLeave(() => gateway.remove());
  const at = new Lines(RUN, [gateway.url, String(SDK_APP_ID)]);
  t.onLeave(() => at.child.kill('SIGKILL'));
  const web = await Device.loggedIn({ gateway, user: 'web_sample', kind: 'chat' });
  t.onLeave(() => web.close());

  await t.check('it is built, sets the library up and connects', async () => {
    await at.line('choose:', BUILT_WITHIN_MS);
    await at.line('* connected');
  }, BUILT_WITHIN_MS + 20_000);
  await t.check('the first user logs in, and has the meeting and the old chat', async () => {
    at.type('1');
    await at.line('* amy is logged in');
    await at.line('* amy is in meeting1');
    await at.line('* the old chat is open');
    await web.joinGroup({ groupID: 'meeting1' });
  });
  await t.check('what it says the web has with the same ID, and the old chat too', async () => {
    at.type('say hello from the phone');
    const line = await at.line('> amy: hello from the phone');
    const seen = await web.message(({ payload }) => payload?.data?.includes('hello from the phone'));
    assert.ok(line.includes(`[${seen.ID}]`), `${line} is not ${seen.ID}`);
    assert.equal(JSON.parse(seen.payload.data).fundName, 'amy');
  });
  await t.check('what the web says it shows, and the old chat shows it too', async () => {
    at.type('?');
    await web.say('meeting1', 'hello from the web');
    await at.line('< web_sample: hello from the web');
    await at.line('o web_sample: hello from the web');
  });
  await t.check('what is said in the old chat everybody has', async () => {
    at.type('old as in former days');
    await web.message(({ payload }) => payload?.data?.includes('as in former days'));
  });
  await t.check('another user logs in without a log-out, and joins', async () => {
    at.type('2');
    await at.line('* ben is logged in');
    await at.line('* ben is in meeting1');
    await web.say('meeting1', 'to ben');
    await at.line('< web_sample: to ben');
  });
  await t.check('the history comes by pages, newest first, and ends', async () => {
    for (let index = 0; index < 6; index += 1) await web.say('meeting1', `line ${index}`);
    await at.line('line 5');
    at.type('more');
    await at.line('older messages');
    const page = at.lines('- ').map((line) => /line \d/.exec(line)?.[0]);
    assert.deepEqual(page, ['line 5', 'line 4', 'line 3', 'line 2', 'line 1']);
    for (let pages = 0; ; pages += 1) {
      at.type('more');
      const end = await at.line('older messages');
      if (end.includes('* 0 older')) break;
      assert.ok(pages < 10);
    }
  });
  await t.check('it ends when it is told to', async () => {
    at.type('quit');
    assert.equal(await within(at.ended, SEEN_WITHIN_MS, 'it ends'), 0);
  });
}

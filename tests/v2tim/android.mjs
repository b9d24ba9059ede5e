// An app on Android's own framework whose process the system ends, and which comes back with what its screen had saved.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { meeting } from '../sdk/harness/actions.mjs';
import { SDK_APP_ID } from '../sdk/harness/gateway.mjs';
import { temporary } from '../js/process.mjs';
import { Lines } from './harness/lines.mjs';

/** The framework takes its time, most of all where others work too. */
const STARTED_WITHIN_MS = 120_000;

export default async function android(t) {
  await t.scene('', () => story(t));
}

async function story(t) {
  const web = await t.login('web_a', 'chat');
  const groupID = await meeting(web);
  const directory = await temporary('android');
  t.onLeave(() => rm(directory, { recursive: true, force: true }));
  const settings = {
    app: SDK_APP_ID, user: 'phone_a', sig: t.gateway.sign('phone_a'), url: t.gateway.url, group: groupID, state: join(directory, 'state'),
  };
  const start = () => {
    const app = new Lines('java', [...Object.entries(settings).map(([name, value]) => `-Dlive.${name}=${value}`),
      '-Drobolectric.usePreinstrumentedJars=false', '-cp', process.env.V2TIM_ANDROID_CLASSPATH, 'org.junit.runner.JUnitCore', 'timgate.live.AndroidApp']);
    t.onLeave(() => app.kill());
    return app;
  };

  let app = start();
  let sent;
  await t.check('an app finds its gateway in the manifest, logs in and joins', async () => {
    await app.line('joined', STARTED_WITHIN_MS);
    assert.equal(app.all('set up: true').length, 1);
  }, STARTED_WITHIN_MS + 10_000);
  await t.check('it speaks and hears on the main thread', async () => {
    app.type('say from the phone');
    [, sent] = (await app.line('> ')).split(' ');
    assert.equal((await web.message('from the phone')).ID, sent);
    await web.say(groupID, 'from the web');
    await app.line('< from the web');
  });
  await t.check('in the back it hears still, as long as the system lets it', async () => {
    app.type('back');
    await app.line('in the back');
    await web.say(groupID, 'into the back');
    await app.line('< into the back');
    app.type('front');
    await app.line('in front');
    app.type('back');
    await app.line('in the back');
    assert.deepEqual(app.all('off the main thread'), []);
  });
  await t.check('the system ends it, and it comes back with its screen and without a log-out of its own', async () => {
    await app.kill();
    for (const text of ['missed 1', 'missed 2']) await web.say(groupID, text);
    app = start();
    await app.line('restored from the phone', STARTED_WITHIN_MS);
    await app.line('logged in', STARTED_WITHIN_MS);
    await app.line('joined: error 10013', STARTED_WITHIN_MS);
  }, STARTED_WITHIN_MS + 20_000);
  await t.check('what was missed is in the history; from the message that was saved it goes on to older ones', async () => {
    await web.say(groupID, 'after the return');
    await app.line('< after the return');
    app.type('newest');
    assert.equal(await app.line('history'), 'history after the return|missed 2|missed 1|into the back|from the web|from the phone');
    app.type('older');
    assert.equal(await app.line('history'), 'history ');
    assert.deepEqual(app.all('< missed'), []);
  });
  await t.check('the message that was saved is recalled', async () => {
    app.type('recall');
    await app.line('recalled');
    const [recalled] = await web.event('MESSAGE_REVOKED');
    assert.equal(recalled.ID, sent);
    assert.deepEqual(app.all('off the main thread'), []);
  });
}

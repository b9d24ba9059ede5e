// The unit of systemd, as the tools of systemd judge it; no systemd has to run.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { GATEWAY, longestEnd, shipped, unknownVariables } from '../harness/files.mjs';
import { must, run, temporary } from '../../js/process.mjs';

/** Of 100; 0 is a unit that may do nothing. What is left is what a server needs: the network, and its own files. */
const EXPOSURE_MAX = 15;

export default async function systemd(t) {
  const unit = shipped('systemd/gateway.service');
  const all = (name) => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value);
  const directory = await temporary('unit');
  const path = join(directory, 'gateway.service');
  // The program is not installed on the machine of a test.
  await writeFile(path, unit.replace('ExecStart=/usr/local/bin/gateway', `ExecStart=${GATEWAY}`));

  await t.check('systemd reads it and finds nothing wrong', async () => {
    const { code, text } = await run('systemd-analyze', ['verify', '--man=no', path]);
    // It looks at units of this machine too; only what it says of ours counts.
    assert.deepEqual(text.split('\n').filter((line) => line.includes('gateway.service')), []);
    assert.equal(code, 0, text);
  });

  await t.check(`its exposure is ${EXPOSURE_MAX / 10} or less`, () =>
    must('systemd-analyze', ['security', '--offline=yes', `--threshold=${EXPOSURE_MAX}`, '--no-pager', path]));

  await t.check('it is a user of its own, with a place for its data, many connections, and a key that is lent to it', () => {
    assert.deepEqual(all('DynamicUser'), ['yes']);
    const settings = new Map(all('Environment').map((setting) => setting.split('=')));
    assert.equal(settings.get('GATEWAY_DATA_DIR'), `%S/${all('StateDirectory')[0]}`);
    const [credential] = all('LoadCredential')[0].split(':');
    assert.equal(settings.get('GATEWAY_SECRET_KEY_FILE'), `%d/${credential}`);
    assert.ok(Number(all('LimitNOFILE')[0]) >= 262_144);
  });

  await t.check('there is time for the drain before it is killed', () => {
    assert.ok(Number(all('TimeoutStopSec')[0]) >= longestEnd());
  });

  await t.check('a wrong setting is not tried again and again', async () => {
    const { code } = await run(GATEWAY, ['--no-such-flag']);
    assert.deepEqual(all('RestartPreventExitStatus'), [String(code)]);
  });

  await t.check('its settings are settings of the gateway', () => {
    const file = shipped('systemd/gateway.env').split('\n').map((line) => /^#?([A-Z_]+)=/.exec(line)?.[1]).filter(Boolean);
    const own = all('Environment').map((setting) => setting.split('=')[0]);
    assert.ok(file.length > 0 && own.length > 0);
    assert.deepEqual(unknownVariables([...file, ...own]), []);
  });
}

// The alert rules: that they are rules, that they fire when they should, and that they speak of what there is.

import assert from 'node:assert/strict';
import { join } from 'node:path';

import { DEPLOY, documents, source } from '../harness/files.mjs';
import { must } from '../../js/process.mjs';

const TESTS = new URL('../alerts.test.yaml', import.meta.url).pathname;
/** Of Prometheus itself and of the blackbox exporter. */
const NOT_OURS = ['up', 'probe_success'];
/**
 * Of ours, those that are there only after the first of what they count, and that no client of these tests brings about; and
 * what only the embedded store has, which nobody scrapes here.
 */
const RARE = {
  gateway_long_polls_total: 'gateway/src/commands/unattended.rs',
  gateway_refused_total: 'gateway/src/telemetry/bound.rs',
  gateway_store_free_bytes: 'gateway/src/storage/embedded/space.rs',
  gateway_slow_readers_total: 'gateway/src/hub/outbound/queue.rs',
  gateway_redis_errors_total: 'gateway/src/storage/redis/calls.rs',
  gateway_redis_reconnects_total: 'gateway/src/redis/connection.rs',
};

export default async function prometheus(t, scrapes) {
  const expressions = documents('prometheus/alerts.yaml')[0].groups.flatMap(({ rules }) => rules).map(({ expr }) => expr);
  const all = (pattern) => new Set(expressions.flatMap((expression) => [...expression.matchAll(pattern)].map(([, found]) => found)));

  await t.check('promtool takes the rules and the example of what to scrape', () =>
    must('promtool', ['check', 'config', join(DEPLOY, 'prometheus/scrape.yaml')]));

  await t.check('every alert fires when it should, and not when all is well', async () => {
    const [tests] = [await must('promtool', ['test', 'rules', TESTS])];
    assert.match(tests, /SUCCESS/);
    const names = documents('prometheus/alerts.yaml')[0].groups.flatMap(({ rules }) => rules).map(({ alert }) => alert);
    const tested = source('tests/deploy/alerts.test.yaml');
    for (const name of names) assert.match(tested, new RegExp(`alertname: ${name}\\n(?:.*\\n)*?.*exp_alerts:\\n`), `${name} is not tested to fire`);
  });

  await t.check('every metric of a rule is one that a gateway has', () => {
    const names = all(/\b((?:gateway|up|probe)(?:_\w+)?)\b(?=\s*[{[=<>)]|\s+offset|$)/g);
    for (const name of NOT_OURS) names.delete(name);
    assert.ok(names.size >= 4, [...names].join(' '));
    const text = scrapes.join('\n');
    for (const name of names) {
      if (name in RARE) assert.ok(source(RARE[name]).includes(`"${name}"`), `${name} is not in ${RARE[name]}`);
      else assert.match(text, new RegExp(`^${name}(?:\\{| )`, 'm'), `${name} was not scraped`);
    }
  });

  await t.check('every command and every code of a rule is one that a gateway has', () => {
    const text = scrapes.join('\n');
    for (const command of all(/command="([^"]+)"/g)) assert.ok(text.includes(`gateway_commands_total{command="${command}"`), command);
    const codes = [...all(/code=~"([^"]+)"/g)].flatMap((list) => list.split('|'));
    assert.ok(codes.length > 0);
    for (const code of codes) assert.match(source('protocol/src/code.rs'), new RegExp(`= ${code},`), code);
  });
}

// Runs the suite, or the parts named on the command line: `run.mjs group message`.

import { Part } from './harness/part.mjs';
import { Report } from './harness/report.mjs';

/** The longest first: what is begun last is waited for alone. */
const PARTS = [
  'refusals', 'live', 'session', 'repeating', 'resume', 'group', 'converging', 'community', 'returning', 'counts', 'message', 'restart', 'elements', 'conversation',
  'attributes', 'fields', 'application', 'versions', 'friend', 'mentions', 'profile', 'browser', 'damage', 'pins', 'rest', 'features',
];
/** Parts wait much and compute little, so some run side by side; each has its own gateway. */
const SIDE_BY_SIDE = 4;

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !PARTS.includes(name));
if (unknown.length > 0) {
  console.error(`no part is called ${unknown.join(', ')}; there are: ${PARTS.join(', ')}`);
  process.exit(2);
}

// A test that is told to end must not leave gateways and devices behind: their 'exit' handlers end them.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const report = new Report();
const waiting = chosen.length > 0 ? chosen : [...PARTS];

async function work() {
  for (let name = waiting.shift(); name; name = waiting.shift()) {
    // A part may say what its gateway is like.
    const { default: body, kind } = await import(`./${name}.mjs`);
    const begin = performance.now();
    await new Part(name, report, kind).run(body);
    report.ended(name, (performance.now() - begin) / 1000);
  }
}

await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
process.exit(report.close());

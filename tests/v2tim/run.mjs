// Runs the suite, or the parts named on the command line.

import { Part } from '../sdk/harness/part.mjs';
import { Report } from '../sdk/harness/report.mjs';

const PARTS = ['session', 'message', 'group', 'conversation', 'people', 'signaling', 'line', 'crowd', 'sample'];
/** Each part has its own gateway and a few JVMs. */
const SIDE_BY_SIDE = 2;

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !PARTS.includes(name));
if (unknown.length > 0) {
  console.error(`no part is called ${unknown.join(', ')}; there are: ${PARTS.join(', ')}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const report = new Report();
const waiting = chosen.length > 0 ? chosen : [...PARTS];

async function work() {
  for (let name = waiting.shift(); name; name = waiting.shift()) {
    const { default: body } = await import(`./${name}.mjs`);
    await new Part(`v2tim ${name}`, report).run(body);
  }
}

await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
process.exit(report.close());

// Runs the suite on both engines, or the parts named on the command line.

import { Part } from '../sdk/harness/part.mjs';
import { Report } from '../sdk/harness/report.mjs';

/** With the embedded store, and two instances that share a store, over which the clients are spread. */
const ENGINES = [
  { label: '', instances: 1 },
  { label: ' on two instances', instances: 2 },
];
/** Those that take longest begin first. */
const PARTS = ['line', 'android', 'message', 'session', 'group', 'conversation', 'people', 'signaling', 'sample'];
/** It takes the whole machine, and measures time: it runs when the others are through. */
const ALONE = ['crowd'];
/** Programs of their own: what is behind their gateway is nothing to them. */
const ON_ONE_ENGINE = ['sample', 'android'];
/** Parts wait much and compute little; each has its own gateway and a few JVMs. */
const SIDE_BY_SIDE = Number(process.env.V2TIM_SIDE_BY_SIDE ?? 4);

const chosen = process.argv.slice(2);
const known = [...PARTS, ...ALONE];
const unknown = chosen.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no part is called ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const report = new Report();

async function run(names, sideBySide) {
  const waiting = ENGINES.flatMap((engine) => names
    .filter((name) => chosen.length === 0 || chosen.includes(name))
    .filter((name) => engine === ENGINES[0] || !ON_ONE_ENGINE.includes(name))
    .map((name) => ({ name, engine })));
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { name, engine } = next;
      const began = Date.now();
      const title = `v2tim ${name}${engine.label}`;
      const { default: body } = await import(`./${name}.mjs`);
      await new Part(title, report, { instances: engine.instances }).run((part) => body(part, engine));
      console.log(`      ${title}: ${Math.round((Date.now() - began) / 1_000)} s`);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
}

await run(PARTS, SIDE_BY_SIDE);
await run(ALONE, 1);
process.exit(report.close());

// The smallest test runner that tells a story: steps in order, each counted.

import { isDeepStrictEqual } from "node:util";

let passed = 0;
let failed = 0;

export async function step(name, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n        ${(error.stack ?? error.message).replaceAll("\n", "\n        ")}`);
  }
}

export function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

export function equal(actual, wanted, what) {
  expect(isDeepStrictEqual(actual, wanted), `${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`);
}

/** Waits for something only the test can see; what a page shows is waited for in the page. */
export async function until(condition, otherwise, deadline = Date.now() + 10_000) {
  while (!(await condition())) {
    expect(Date.now() < deadline, otherwise);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Prints the counts as the last line and returns the exit code. */
export function summary() {
  console.log(`${passed} passed, ${failed} failed`);
  return failed ? 1 : 0;
}

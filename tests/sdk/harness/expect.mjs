// Assertions that node:assert lacks.

import assert from 'node:assert/strict';

import { Refused } from './device.mjs';

/** `promise` must be refused with `code`, or with one of several. Gives the refusal. */
export async function refused(code, promise) {
  const codes = [code].flat();
  const outcome = await promise.then(
    () => assert.fail(`it was allowed, not refused with ${codes.join(' or ')}`),
    (error) => error,
  );
  if (!(outcome instanceof Refused)) throw outcome;
  assert.ok(codes.includes(outcome.code), `refused with ${outcome.code} (${outcome.message}), not with ${codes.join(' or ')}`);
  return outcome;
}

/** All `names` of `actual` are as in `expected`; what `expected` does not name may be anything. */
export function includes(actual, expected) {
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(actual?.[name], value, `${name}: ${JSON.stringify(actual?.[name])}, not ${JSON.stringify(value)}`);
  }
}

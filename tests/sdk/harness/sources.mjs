// What the sources of the gateway say, for tests that must miss nothing of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The commands that are served on the socket, sorted, from the list that is made of the table. */
export function commands() {
  const rows = [...read('gateway/COMMANDS.md').matchAll(/^\| `([\w.]+)`[^|]*\| ([^|]*) \|/gm)];
  assert.ok(rows.length > 50, `${rows.length} commands are listed`);
  return rows.filter(([, , where]) => where.includes('socket')).map(([, command]) => command).sort();
}

/** The numbers of all codes that the gateway answers with, from their table. */
export function codes() {
  const rows = [...read('protocol/src/code.rs').matchAll(/^ {4}[A-Z0-9_]+ = (\d+), "/gm)].map(([, code]) => Number(code));
  assert.ok(rows.length > 60, `${rows.length} codes are listed`);
  return rows.filter((code) => code !== 0);
}

function read(path) {
  return readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
}

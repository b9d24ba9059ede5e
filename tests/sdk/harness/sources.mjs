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

/**
 * The methods about groups that the SDKs' type files declare, sorted. Lists of friends and of conversations are called
 * groups as well.
 */
export function groupMethods() {
  const files = ['@tencentcloud/chat/index.d.ts', 'tim-js-sdk/tim-js.d.ts', 'tim-js-sdk/tim-js-friendship.d.ts'];
  const declared = files.flatMap((file) => [...read(`tests/sdk/node_modules/${file}`).matchAll(/^\s+(\w+)\(/gm)]);
  const isOfGroups = (name) => /Group|Topic|Communit/.test(name) && !/FriendGroup|ConversationGroup|Conversations(To|From)Group/.test(name);
  const names = [...new Set(declared.map(([, name]) => name).filter(isOfGroups))].sort();
  assert.ok(names.length > 30, `${names.length} methods are declared`);
  return names;
}

/** Whether a part of this suite calls a method of the SDKs. */
export function calls(part, method) {
  return new RegExp(`\\.${method}\\(|['"]${method}['"]`).test(read(`tests/sdk/${part}.mjs`));
}

/** Of each method about groups, the part that calls it, or why none does. */
export function methodList() {
  return JSON.parse(read('tests/sdk/methods.json'));
}

function read(path) {
  return readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
}

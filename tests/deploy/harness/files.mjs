// What is shipped, and what the gateway says of itself.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseAllDocuments } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const DEPLOY = join(ROOT, 'deploy');
export const GATEWAY = process.env.GATEWAY_BIN;

export const shipped = (path) => readFileSync(join(DEPLOY, path), 'utf8');
export const source = (path) => readFileSync(join(ROOT, path), 'utf8');

/** All documents of a YAML file; a key that is there twice, or anything else that is odd, is an error. */
export function documents(path) {
  return parseAllDocuments(shipped(path), { merge: true }).map((document) => {
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) throw new Error(`${path}: ${faults.join('; ')}`);
    return document.toJS();
  });
}

/** The files below a folder of deploy/, by their paths in it. */
export function filesBelow(folder) {
  const entries = readdirSync(join(DEPLOY, folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(DEPLOY, join(entry.parentPath ?? entry.path, entry.name))).sort();
}

/** The variables that the gateway reads. */
export const VARIABLES = new Set([
  ...execFileSync(GATEWAY, ['--help'], { encoding: 'utf8' }).match(/\bGATEWAY_[A-Z_]*[A-Z]\b/g),
  'RUST_LOG',
]);

/** The names among `names` that the gateway does not know. */
export const unknownVariables = (names) => names.filter((name) => !VARIABLES.has(name));

/** Seconds from SIGTERM to the end, at most: the drain window, what was begun, closing the store. */
export function longestEnd(drainSeconds = Number(/^drain_seconds = (\d+)$/m.exec(source('gateway/config.example.toml'))[1])) {
  const begun = Number(/const GRACE: Duration = Duration::from_secs\((\d+)\);/.exec(source('gateway/src/gateway.rs'))[1]);
  const closing = 5;
  return drainSeconds + begun + closing;
}

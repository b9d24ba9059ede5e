// Writes what the fuzzers begin with: what real clients and earlier versions wrote, and the examples of the documentation.
//
//   node seeds.mjs FOLDER     one folder for each target in it
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const root = new URL('../..', import.meta.url).pathname;
const text = (path) => readFileSync(join(root, path), 'utf8');
const lines = (path) => text(path).split('\n').filter(Boolean).map((line) => JSON.parse(line));

function seed(target, bytes) {
  const name = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  mkdirSync(join(folder, target), { recursive: true });
  writeFileSync(join(folder, target, name), bytes);
}

/** A frame of a client: masked, whole. */
function masked(payload, opcode) {
  const mask = Buffer.from([1, 2, 3, 4]);
  const length =
    payload.length < 126
      ? Buffer.from([0x80 | payload.length])
      : Buffer.from([0xfe, payload.length >> 8, payload.length & 0xff]);
  const body = Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]));
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, body]);
}

// Frames of the real client.
for (const file of readdirSync(join(root, 'tests/fixtures/wire'))) {
  for (const { from, frame } of lines(join('tests/fixtures/wire', file))) {
    const bytes = Buffer.from(JSON.stringify(frame));
    seed('envelope', bytes);
    if (bytes.length < 65536) seed('websocket', Buffer.concat([Buffer.from([200]), masked(bytes, 2)]));
    if (from !== 'client' || !frame.head) continue;
    seed('request', `${frame.head.servcmd}\n${JSON.stringify(frame.body)}`);
  }
}
const controls = [masked(Buffer.from('?'), 9), masked(Buffer.from('!'), 10), masked(Buffer.from([3, 232]), 8)];
seed('websocket', Buffer.concat([Buffer.from([3]), ...controls]));

// The example of each request, in the scene of `scene.rs`.
const sources = (path) =>
  readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(join(path, entry.name)) : [join(path, entry.name)],
  );
const stands = { caller: 'alice', other: 'bob', third: 'carol', group: 'room', seq: 1, 'told.seq': 7, 'told.random': 7, 'told.time': 1800000000 };
let examples = 0;
for (const path of sources('protocol/src')) {
  const source = text(path);
  for (const [, name, command] of source.matchAll(/request! \{\s*(\w+) = "([\w.]+)"/g)) {
    const doc = source.match(new RegExp('((?:\\s*///.*\\n)+)(?:#\\[.*\\n)*pub struct ' + name + '\\b'))?.[1] ?? '';
    const example = doc.replace(/^\s*\/\/\/ ?/gm, '').match(/```json\n([\s\S]*?)```/)?.[1];
    const body = (example ?? '{}').replace(/\{([a-z.]+)\}/g, (whole, word) => stands[word] ?? whole).trim();
    seed('request', `${command}\n${body}`);
    seed('rest', `sdkappid=1400000000&identifier=administrator&usersig=x&random=1&contenttype=json\n${command}\n${body}`);
    examples += example ? 1 : 0;
  }
}
if (examples < 50) throw new Error(`only ${examples} examples were found`);

for (const { usersig } of JSON.parse(text('tests/fixtures/usersig/vectors.json'))) if (usersig) seed('usersig', usersig);

// Records, in rows of which some are damaged.
for (const golden of Object.values(JSON.parse(text('tests/stores/records.json')))) {
  for (const { stored } of golden) {
    const record = Buffer.from(JSON.stringify(stored));
    seed('stored', record);
    seed('row', Buffer.concat([Buffer.from('the keys'), Buffer.alloc(12), record]));
  }
}

// What instances of this version and of 0.1 tell each other: how it is numbered, its number and its time, the event.
for (const { event } of lines('tests/fixtures/bus/events-0.1.0.jsonl')) {
  for (const head of ['e 3 1800000000000', 't7 - -']) seed('bus', `${head} ${JSON.stringify(event)}`);
}
const [label, entry] = [{ name: 'Room', kind: 'Meeting', counts: true }, { s: { u: 'bob' }, r: 1, b: [] }].map((part) => JSON.stringify(part));
seed('bus', `m ${label.length} ${label}3-1800000000000 ${entry.length} ${entry}4-1800000000000 - ${entry}`);

seed('config', text('gateway/config.example.toml'));
seed('config', text('gateway/config.example.toml').replace(/^# (?=[[a-z])/gm, ''));
for (const url of text('gateway/config.example.toml').match(/redis[+a-z]*:\/\/[^"]+/g)) seed('config', url);

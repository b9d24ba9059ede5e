// UserSigs of the official Node library and of sigtool, checked against each other.
// Argument: the sigtool program.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import official from "tls-sig-api-v2";

const [sigtool] = process.argv.slice(2);
const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));

// The library reads the clock itself.
Date.now = () => cases.time * 1000;

function run(key, ...args) {
  const { status, stdout, stderr } = spawnSync(sigtool, args, {
    encoding: "utf8",
    env: { SIGTOOL_KEY: key },
  });
  return { status, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() };
}

function decode(sig) {
  const base64 = sig.replaceAll("*", "+").replaceAll("-", "/").replaceAll("_", "=");
  return JSON.parse(inflateSync(Buffer.from(base64, "base64")).toString("utf8"));
}

function check(user, { sdkappid, expire, userbuf }) {
  const api = new official.Api(sdkappid, cases.key);
  const theirs = api.genSig(user, expire, userbuf === null ? null : Buffer.from(userbuf, "base64"));
  const subject = ["--sdkappid", String(sdkappid), "--user", user];

  const verify = ["verify", ...subject, "--at", String(cases.time + expire), theirs];
  assert.deepEqual(run(cases.key, ...verify), { status: 0, stdout: "", stderr: "" });
  const refused = run("another key", ...verify);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^70009 /);

  const gen = ["gen", ...subject, "--time", String(cases.time), "--expire", String(expire)];
  if (userbuf !== null) gen.push("--userbuf-base64", userbuf);
  const ours = run(cases.key, ...gen);
  assert.equal(ours.status, 0, ours.stderr);
  assert.deepEqual(decode(ours.stdout), decode(theirs));
}

let passed = 0;
let failed = 0;
for (const user of cases.users) {
  for (const variant of cases.variants) {
    try {
      check(user, variant);
      passed += 1;
    } catch (error) {
      failed += 1;
      console.error(`node: ${JSON.stringify({ user, ...variant })}: ${error.message}`);
    }
  }
}
console.log(`node tls-sig-api-v2: ${passed} cases passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

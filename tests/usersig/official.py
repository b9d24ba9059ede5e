"""UserSigs of the official Python library and of sigtool, checked against each other.

Argument: the sigtool program.
"""

import base64
import json
import subprocess
import sys
import zlib
from pathlib import Path
from unittest import mock

import TLSSigAPIv2 as official

SIGTOOL = sys.argv[1]
CASES = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))
KEY, TIME = CASES["key"], CASES["time"]


def run(key, *args):
    done = subprocess.run([SIGTOOL, *args], env={"SIGTOOL_KEY": key}, capture_output=True, encoding="utf-8")
    return done.returncode, done.stdout.rstrip("\n"), done.stderr.rstrip("\n")


def decode(sig):
    return json.loads(zlib.decompress(official.base64_decode_url(sig.encode())))


def expect(condition, what):
    # Not an assert statement, which an optimising interpreter drops.
    if not condition:
        raise AssertionError(what)


def check(user, sdkappid, expire, userbuf):
    api = official.TLSSigAPIv2(sdkappid, KEY)
    # The library reads the clock itself.
    with mock.patch("time.time", return_value=TIME + 0.9):
        if userbuf is None:
            theirs = api.gen_sig(user, expire)
        else:
            theirs = api.gen_sig_with_userbuf(user, expire, base64.b64decode(userbuf))
    subject = ["--sdkappid", str(sdkappid), "--user", user]

    verify = ["verify", *subject, "--at", str(TIME + expire), theirs]
    verdict = run(KEY, *verify)
    expect(verdict == (0, "", ""), f"sigtool verify: {verdict}")
    code, _, line = run("another key", *verify)
    expect(code == 1 and line.startswith("70009 "), f"with another key: {code} {line}")

    gen = ["gen", *subject, "--time", str(TIME), "--expire", str(expire)]
    if userbuf is not None:
        gen += ["--userbuf-base64", userbuf]
    code, ours, line = run(KEY, *gen)
    expect(code == 0, f"sigtool gen: {code} {line}")
    expect(decode(ours) == decode(theirs), f"{decode(ours)} is not {decode(theirs)}")


passed = failed = 0
for user in CASES["users"]:
    for variant in CASES["variants"]:
        try:
            check(user, **variant)
            passed += 1
        except Exception as error:
            failed += 1
            print(f"python: {user!a} {variant}: {error!r}", file=sys.stderr)
print(f"python tls-sig-api-v2: {passed} cases passed, {failed} failed")
sys.exit(0 if failed == 0 and passed > 0 else 1)

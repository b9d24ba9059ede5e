//! The program as its users meet it: arguments in, output and exit code out.

#![allow(clippy::unwrap_used, reason = "helpers of tests unwrap too")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const SUBJECT: [&str; 4] = ["--sdkappid", "1400000000", "--user", "alice"];

/// One run of the program.
struct Sigtool {
    command: Command,
    stdin: Vec<u8>,
}

#[derive(Debug, PartialEq)]
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

fn sigtool<'a>(args: impl IntoIterator<Item = &'a str>) -> Sigtool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sigtool"));
    command.env_clear().args(args);
    Sigtool { command, stdin: Vec::new() }
}

impl Sigtool {
    fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(args);
        self
    }

    fn env_key(mut self, key: &str) -> Self {
        self.command.env("SIGTOOL_KEY", key);
        self
    }

    fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    fn run(mut self) -> Outcome {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        // The program may end without reading all, or anything, of its input.
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        let output = child.wait_with_output().unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The line printed by a run that must succeed.
    fn line(self) -> String {
        let outcome = self.run();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
        let line = outcome.stdout.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "{line}");
        line.to_owned()
    }

    fn json(self) -> Value {
        serde_json::from_str(&self.args(["--json"]).line()).unwrap()
    }

    /// A run that must succeed and print nothing.
    fn succeeds(self) {
        let silence = Outcome { code: 0, stdout: String::new(), stderr: String::new() };
        assert_eq!(self.run(), silence);
    }

    /// A run that must end with `code`, nothing on standard output and this one line on standard error.
    fn fails(self, code: i32, line: &str) {
        assert_eq!(self.run(), Outcome { code, stdout: String::new(), stderr: format!("{line}\n") });
    }
}

fn gen_for_alice(key: &str) -> Sigtool {
    sigtool(["gen"]).args(SUBJECT).args(["--time", "1700000000", "--expire", "60"]).env_key(key)
}

fn verify_alice(key: &str, at: &str, sig: &str) -> Sigtool {
    sigtool(["verify"]).args(SUBJECT).args(["--at", at, sig]).env_key(key)
}

fn file_with(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path.into_os_string().into_string().unwrap()
}

#[test]
fn what_gen_prints_verify_takes() {
    let sig = gen_for_alice("k").line();
    verify_alice("k", "1700000060", &sig).succeeds();
    for ending in ["", "\n", "\r\n"] {
        verify_alice("k", "1700000060", "-").stdin(format!("{sig}{ending}")).succeeds();
    }
}

#[test]
fn gen_signs_from_now_for_180_days_unless_told_otherwise() {
    let issued = sigtool(["gen"]).args(SUBJECT).env_key("k").json();
    assert_eq!(issued["expire"], 180 * 86_400);
    let sig = issued["usersig"].as_str().unwrap();
    sigtool(["verify"]).args(SUBJECT).args([sig]).env_key("k").succeeds();
}

#[test]
fn each_refusal_has_its_code_and_its_line() {
    let sig = gen_for_alice("k").line();
    let cut = &sig[..sig.len() - 4];
    verify_alice("k", "1700000061", &sig).fails(1, "70001 the UserSig is expired");
    verify_alice("k", "1699999700", &sig).succeeds();
    verify_alice("k", "1699999699", &sig)
        .fails(1, "70003 the UserSig was issued in the future: the clock of whoever issued it is fast");
    sigtool(["verify", "--skew", "0", "--at", "1", &sig]).args(SUBJECT).env_key("k").succeeds();
    verify_alice("k", "1700000000", "").fails(1, "70002 the UserSig is empty");
    verify_alice("k", "1700000000", "-").stdin("\n").fails(1, "70002 the UserSig is empty");
    verify_alice("k", "1700000000", cut)
        .fails(1, "70003 the UserSig is illegal: not exactly one zlib stream");
    verify_alice("x", "1700000000", &sig)
        .fails(1, "70009 the signature does not match: another key, or a changed UserSig");
    sigtool(["verify", "--sdkappid", "1400000000", "--user", "bob", &sig])
        .env_key("k")
        .fails(1, "70013 the UserSig was issued for another user");
    sigtool(["verify", "--sdkappid", "1400000001", "--user", "alice", &sig])
        .env_key("k")
        .fails(1, "70014 the UserSig was issued for another application");
    sigtool(["inspect", ""]).fails(1, "70002 the UserSig is empty");
    sigtool(["inspect", cut]).fails(1, "70003 the UserSig is illegal: not exactly one zlib stream");
}

#[test]
fn standard_input_may_hold_anything() {
    let base64 = "70003 the UserSig is illegal: not padded base64 with * - _ for + / =";
    sigtool(["inspect", "-"]).stdin([0xff, 0, 0xfe]).fails(1, base64);
    let sig = gen_for_alice("k").line();
    sigtool(["inspect", "-"]).stdin(format!("{sig}\n\n")).fails(1, base64);
    let too_long = "70003 the UserSig is illegal: longer than 8192 bytes";
    sigtool(["inspect", "-"]).stdin(vec![b'A'; 1 << 20]).fails(1, too_long);
    sigtool(["inspect", "-"]).stdin(sig + &"\n".repeat(10_000)).fails(1, too_long);
}

#[test]
fn json_says_the_same_on_standard_output() {
    let claims = |own: Value| {
        let mut object = json!({
            "sdkappid": 1_400_000_000, "user": "alice",
            "time": 1_700_000_000, "expire": 60, "expires_at": 1_700_000_060,
        });
        object.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        object
    };
    let sig = gen_for_alice("k").line();
    assert_eq!(gen_for_alice("k").json(), claims(json!({ "usersig": sig })));
    assert_eq!(verify_alice("k", "1700000000", &sig).json(), claims(json!({ "valid": true })));
    let inspected = claims(json!({ "userbuf": null, "sig": "KwUNhNKxPJupiGSd+YNP7ygdKMIFwEpBozPnFMLRAlQ=" }));
    assert_eq!(sigtool(["inspect", &sig]).json(), inspected);

    let refused = verify_alice("k", "1700000061", &sig).args(["--json"]).run();
    assert_eq!((refused.code, refused.stderr.as_str()), (1, "70001 the UserSig is expired\n"));
    assert_eq!(
        serde_json::from_str::<Value>(&refused.stdout).unwrap(),
        json!({ "valid": false, "code": 70001, "meaning": "the UserSig is expired" })
    );
    let refused = sigtool(["inspect", "--json", ""]).run();
    assert_eq!((refused.code, refused.stderr.as_str()), (1, "70002 the UserSig is empty\n"));
    assert_eq!(serde_json::from_str::<Value>(&refused.stdout).unwrap()["code"], 70002);
}

#[test]
fn inspect_explains_without_a_key() {
    let sig = gen_for_alice("k").args(["--userbuf-base64", "YWJj"]).line();
    let outcome = sigtool(["inspect", &sig]).run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let mac = sigtool(["inspect", &sig]).json()["sig"].as_str().unwrap().to_owned();
    assert_eq!(
        outcome.stdout,
        format!(
            "user       \"alice\"\n\
             sdkappid   1400000000\n\
             issued     1700000000  2023-11-14T22:13:20Z\n\
             lifetime   60\n\
             expires    1700000060  2023-11-14T22:14:20Z\n\
             userbuf    YWJj\n\
             sig        {mac}  NOT CHECKED\n"
        )
    );
}

#[test]
fn inspect_survives_times_no_calendar_has() {
    let sig =
        sigtool(["gen"]).args(SUBJECT).args(["--time", "300000000000", "--expire", "1"]).env_key("k").line();
    let outcome = sigtool(["inspect", &sig]).run();
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("expires    300000000001  beyond the calendar\n"), "{}", outcome.stdout);
}

#[test]
fn a_strange_user_cannot_steer_the_terminal() {
    let sig = sigtool(["gen", "--sdkappid", "1", "--user", "\u{9b}31m\u{202e}\""]).env_key("k").line();
    let outcome = sigtool(["inspect", &sig]).run();
    assert!(outcome.stdout.starts_with("user       \"\\u{9b}31m\\u{202e}\\\"\"\n"), "{:?}", outcome.stdout);
}

#[test]
fn users_of_all_kinds_come_through_the_command_line() {
    for user in ["", "-", "--json", "小明", "it's \"q\" \\", " a ", &"x".repeat(32), &"x".repeat(33)] {
        let sig = sigtool(["gen", "--sdkappid", "1", "--user", user]).env_key("k").line();
        sigtool(["verify", "--sdkappid", "1", "--user", user, &sig]).env_key("k").succeeds();
    }
}

#[test]
fn a_key_comes_from_a_file_an_argument_or_the_environment() {
    let folder = TempDir::new().unwrap();
    let sig = gen_for_alice("k").line();
    let verify = || sigtool(["verify"]).args(SUBJECT).args(["--at", "1700000000", &sig]);
    for content in ["k", "k\n", "k\r\n"] {
        let path = file_with(&folder, "key", content);
        verify().args(["--key-file", &path]).succeeds();
        verify().args(["--key-file", &path]).env_key("another").succeeds();
    }
    verify().args(["--key", "k"]).succeeds();
    verify().args(["--key", "k"]).env_key("another").succeeds();
    verify().env_key("k\n").succeeds();
    verify().fails(2, "sigtool: no key: give --key-file FILE or set SIGTOOL_KEY");
}

#[test]
fn of_several_keys_the_first_signs_and_all_are_tried() {
    let folder = TempDir::new().unwrap();
    let [new, old] = ["new", "old"].map(|key| file_with(&folder, key, key));
    let both = ["--key-file", &new, "--key-file", &old];
    let sig = sigtool(["gen"]).args(SUBJECT).args(both).line();
    sigtool(["verify"]).args(SUBJECT).args([sig.as_str()]).env_key("new").succeeds();
    for key in ["new", "old"] {
        let sig = sigtool(["gen"]).args(SUBJECT).env_key(key).line();
        sigtool(["verify"]).args(SUBJECT).args(both).args([sig.as_str()]).succeeds();
    }
    let sig = sigtool(["gen"]).args(SUBJECT).env_key("third").line();
    assert_eq!(sigtool(["verify"]).args(SUBJECT).args(both).args([sig.as_str()]).run().code, 1);
}

#[test]
fn a_bad_key_is_named_with_its_place() {
    let folder = TempDir::new().unwrap();
    let with_file = |path: &str| sigtool(["gen"]).args(SUBJECT).args(["--key-file", path]);
    let complaint = |path: &str, why: &str| {
        format!("sigtool: read key file {path}: {why}; name a file with the key as its only line")
    };
    let contents: [(&[u8], &str); 5] = [
        (b"", "the key is empty"),
        (b"\n", "the key is empty"),
        (b"a\nb\n", "the key holds a control character; a key is one line of text"),
        (b"\xff", "stream did not contain valid UTF-8"),
        (&[b'a'; 5000], "too large for a key"),
    ];
    for (content, why) in contents {
        let path = file_with(&folder, "key", content);
        with_file(&path).fails(2, &complaint(&path, why));
    }
    let missing = folder.path().join("missing").into_os_string().into_string().unwrap();
    with_file(&missing).fails(2, &complaint(&missing, "No such file or directory (os error 2)"));

    sigtool(["gen"])
        .args(SUBJECT)
        .args(["--key", ""])
        .fails(2, "sigtool: --key: the key is empty; 'sigtool keygen' makes one");
    sigtool(["gen"])
        .args(SUBJECT)
        .env_key("")
        .fails(2, "sigtool: SIGTOOL_KEY: the key is empty; 'sigtool keygen' makes one");
}

#[test]
fn wrong_use_is_one_line_and_exit_code_2() {
    let cases: [(&[&str], &str); 12] = [
        (
            &[],
            "'sigtool' requires a subcommand but one was not provided \
             [subcommands: gen, verify, inspect, keygen, help]; try --help",
        ),
        (&["make"], "unrecognized subcommand 'make'; try --help"),
        (
            &["gen"],
            "the following required arguments were not provided: --sdkappid <N> --user <U>; try --help",
        ),
        (
            &["gen", "--sdkappid", "x", "--user", "a"],
            "invalid value 'x' for '--sdkappid <N>': invalid digit found in string; try --help",
        ),
        (
            &["gen", "--sdkappid", "4294967296", "--user", "a"],
            "invalid value '4294967296' for '--sdkappid <N>': 4294967296 is not in 0..=4294967295; try --help",
        ),
        (
            &["gen", "--usr", "a"],
            "unexpected argument '--usr' found; tip: a similar argument exists: '--user'; try --help",
        ),
        (
            &["gen", "--key", "k", "--key-file", "f"],
            "the argument '--key <KEY>' cannot be used with '--key-file <FILE>'; try --help",
        ),
        (
            &["gen", "--sdkappid", "1", "--user", "a\nb", "--key", "k"],
            "gen: the user id holds a control character; give a --user without it",
        ),
        (
            &["gen", "--sdkappid", "1", "--user", "a", "--key", "k", "--expire", "9223372036854775807"],
            "gen: the lifetime ends later than any clock can tell; give a smaller --expire or --time",
        ),
        (
            &["gen", "--sdkappid", "1", "--user", "a", "--key", "k", "--userbuf-base64", "YWJj*"],
            "--userbuf-base64: Invalid symbol 42, offset 4.; give standard base64, padded",
        ),
        (
            &["verify", "--sdkappid", "1", "--user", "a", "--key", "k"],
            "the following required arguments were not provided: <SIG>; try --help",
        ),
        (&["inspect", "a", "b\nc"], "unexpected argument 'b c' found; try --help"),
    ];
    for (args, line) in cases {
        sigtool(args.iter().copied()).fails(2, &format!("sigtool: {line}"));
    }
    let long = "a".repeat(9000);
    sigtool(["gen", "--sdkappid", "1", "--user", &long]).env_key("k").fails(
        2,
        "sigtool: gen: user id and userbuf are too large for a UserSig; give a shorter --user or --userbuf-base64",
    );
}

#[test]
#[cfg(unix)]
fn bytes_that_are_no_text_are_refused_in_their_place() {
    use std::os::unix::ffi::OsStrExt as _;
    let no_text = std::ffi::OsStr::from_bytes(b"\xff");
    let mut run = sigtool(["gen"]).args(SUBJECT);
    run.command.env("SIGTOOL_KEY", no_text);
    run.fails(2, "sigtool: SIGTOOL_KEY: the key is not UTF-8");

    let mut run = sigtool(["inspect"]);
    run.command.arg(no_text);
    run.fails(1, "70003 the UserSig is illegal: not padded base64 with * - _ for + / =");

    let mut run = sigtool(["gen", "--sdkappid", "1", "--user"]);
    run.command.arg(no_text);
    run.fails(2, "sigtool: invalid UTF-8 was detected in one or more arguments; try --help");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    let full = fs::File::create("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sigtool"));
    let output = command.arg("keygen").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(line, "sigtool: write to standard output: No space left on device (os error 28)\n");
}

fn assert_key(text: &str) {
    assert_eq!(text.len(), 64, "{text}");
    assert!(text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{text}");
}

#[test]
fn keygen_prints_another_key_each_time() {
    let keys = [sigtool(["keygen"]).line(), sigtool(["keygen"]).line()];
    keys.iter().for_each(|key| assert_key(key));
    assert_ne!(keys[0], keys[1]);
    assert_key(sigtool(["keygen"]).json()["key"].as_str().unwrap());
}

#[test]
fn keygen_writes_a_private_file_and_overwrites_none() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("im.key");
    let name = path.to_str().unwrap();
    sigtool(["keygen", "--out", name]).succeeds();
    let content = fs::read_to_string(&path).unwrap();
    assert_key(content.strip_suffix('\n').unwrap());
    assert_private(&path);

    sigtool(["keygen", "--out", name]).fails(
        2,
        &format!(
            "sigtool: write key file {name}: File exists (os error 17); \
             keys are not overwritten: name another file or move this one away"
        ),
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), content);

    let sig = sigtool(["gen"]).args(SUBJECT).args(["--key-file", name]).line();
    sigtool(["verify"]).args(SUBJECT).args(["--key-file", name, &sig]).succeeds();

    let other = folder.path().join("other.key");
    let other = other.to_str().unwrap();
    assert_eq!(sigtool(["keygen", "--out", other]).json(), json!({ "file": other }));
    let nowhere = folder.path().join("none/im.key");
    let nowhere = nowhere.to_str().unwrap();
    sigtool(["keygen", "--out", nowhere]).fails(
        2,
        &format!(
            "sigtool: write key file {nowhere}: No such file or directory (os error 2); \
             name a file that can be made"
        ),
    );
}

#[cfg(unix)]
fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_manual_covers_what_it_should() {
    let manual = sigtool(["--help"]).run();
    assert_eq!((manual.code, manual.stderr.as_str()), (0, ""));
    for part in ["Examples:", "Exit codes:", "70014", "SIGTOOL_KEY", "Security:", "gen ", "keygen "] {
        assert!(manual.stdout.contains(part), "{part}");
    }
    for command in ["gen", "verify", "inspect", "keygen"] {
        let help = sigtool([command, "--help"]).run();
        assert_eq!(help.code, 0);
        assert!(help.stdout.contains("Examples:\n  sigtool ") && help.stdout.contains("--json"), "{command}");
    }
    assert!(sigtool(["gen", "--help"]).run().stdout.contains("shows in process lists"));
    assert_eq!(sigtool(["--version"]).line(), format!("sigtool {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_vector_gets_its_verdict_and_code() {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "../tests/fixtures/usersig/vectors.json"].iter().collect();
    let vectors: Vec<Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(vectors.len(), 210);
    for vector in &vectors {
        let text = |field: &str| vector[field].as_str().unwrap();
        let number = |field: &str| vector[field].as_u64().unwrap().to_string();
        // An argument cannot hold a NUL. In a UserSig it goes in by standard input; the user of a vector with
        // one is never compared, since the form of that UserSig is refused before.
        let user = text("identifier").replace('\0', "?");
        let sig = if text("usersig").contains('\0') { "-" } else { text("usersig") };
        let outcome = sigtool(["verify", "--sdkappid", &number("sdkappid"), "--user", &user])
            .args(["--at", &number("valid_at"), "--", sig])
            .env_key(text("key"))
            .stdin(text("usersig"))
            .run();

        let verdict = match (outcome.code, outcome.stderr.split(' ').next().unwrap()) {
            (0, "") => "ok",
            (1, "70001") => "expired",
            (1, "70002" | "70003") => "malformed",
            (1, "70009") => "bad_signature",
            (1, "70013") => "identifier_mismatch",
            (1, "70014") => "sdkappid_mismatch",
            _ => panic!("{}: {outcome:?}", text("name")),
        };
        let allowed = vector["also_accept"].as_array().unwrap();
        assert!(
            verdict == text("expect") || allowed.iter().any(|other| other == verdict),
            "{}: {outcome:?} where {} is expected",
            text("name"),
            text("expect")
        );
        assert_eq!(outcome.stdout, "");
        assert_eq!(outcome.stderr.lines().count(), usize::from(outcome.code != 0), "{}", outcome.stderr);
    }
}

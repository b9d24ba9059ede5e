//! Issues, checks and explains UserSigs. A thin program over `protocol::usersig`; its manual is in `cli`.

mod cli;
mod key;
mod output;

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use clap::Parser as _;
use protocol::id::AppId;
use protocol::usersig::{self, IssueError, MAX_TEXT_BYTES, SecretKey};
use rand::TryRng as _;
use serde_json::json;

use cli::{Cli, Command, Gen, Inspect, Keygen, Verify};
use output::{complain, date, print, print_claims, print_refusal};

/// Why the program does not end with 0.
enum Failure {
    /// The UserSig is no good: exit code 1.
    Refused(usersig::Error),
    /// What was asked could not be done: exit code 2 and a line that says what, where and how to mend it.
    Undone(String),
}

fn main() -> ExitCode {
    let done = match Cli::try_parse() {
        Ok(cli) => run(cli.command),
        Err(error) if error.use_stderr() => Err(Failure::Undone(output::one_line(&error))),
        Err(help) => help.exit(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused(error)) => {
            complain(&format!("{} {error}", error.code()));
            ExitCode::from(1)
        }
        Err(Failure::Undone(line)) => {
            complain(&format!("sigtool: {line}"));
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Gen(args) => generate(args),
        Command::Verify(args) => verify(args),
        Command::Inspect(args) => inspect(args),
        Command::Keygen(args) => keygen(args),
    }
}

fn generate(args: Gen) -> Result<(), Failure> {
    let keys = key::collect(&args.key)?;
    let app = AppId(args.subject.sdkappid);
    let user = &args.subject.user;
    let time = args.time.map_or_else(now, Ok)?;
    let userbuf = args.userbuf_base64.map(|text| BASE64.decode(text)).transpose();
    let userbuf = userbuf.map_err(|error| {
        Failure::Undone(format!("--userbuf-base64: {error}; give standard base64, padded"))
    })?;

    let text =
        usersig::issue(&keys[0], app, user, time, args.expire, userbuf.as_deref()).map_err(|error| {
            let mend = match error {
                IssueError::ControlCharacter => "--user without it",
                IssueError::Lifetime => "smaller --expire or --time",
                IssueError::TooLarge => "shorter --user or --userbuf-base64",
            };
            Failure::Undone(format!("gen: {error}; give a {mend}"))
        })?;
    if !args.output.json {
        return print(&text);
    }
    let claims = usersig::inspect(&text).map_err(Failure::Refused)?.claims;
    print_claims([("usersig", text.into())], &claims)
}

fn verify(args: Verify) -> Result<(), Failure> {
    let keys = key::collect(&args.key)?;
    let app = AppId(args.subject.sdkappid);
    let at = args.at.map_or_else(now, Ok)?;
    let text = read_sig(&args.sig.text)?;

    let skew = (args.skew > 0).then_some(args.skew);
    let verified = usersig::verify(&keys, app, &args.subject.user, at, skew, &text);
    let claims = verified.map_err(|error| refuse(error, args.output.json))?;
    if args.output.json { print_claims([("valid", true.into())], &claims) } else { Ok(()) }
}

fn inspect(args: Inspect) -> Result<(), Failure> {
    let text = read_sig(&args.sig.text)?;
    let unchecked = usersig::inspect(&text).map_err(|error| refuse(error, args.output.json))?;
    let claims = unchecked.claims;
    let mac = BASE64.encode(unchecked.mac);
    let userbuf = unchecked.userbuf.map(|bytes| BASE64.encode(bytes));
    if args.output.json {
        return print_claims([("userbuf", userbuf.into()), ("sig", mac.into())], &claims);
    }

    // Quoted and escaped: what a stranger wrote must not steer the terminal.
    let mut lines = format!("user       {:?}\n", claims.user);
    lines += &format!("sdkappid   {}\n", claims.app);
    lines += &format!("issued     {}  {}\n", claims.issued_at, date(u64::try_from(claims.issued_at).ok()));
    lines += &format!("lifetime   {}\n", claims.lifetime);
    match claims.expires_at() {
        Some(end) => lines += &format!("expires    {end}  {}\n", date(Some(end))),
        None => lines += "expires    outside of time\n",
    }
    if let Some(userbuf) = userbuf {
        lines += &format!("userbuf    {userbuf}\n");
    }
    lines += &format!("sig        {mac}  NOT CHECKED");
    print(&lines)
}

fn keygen(args: Keygen) -> Result<(), Failure> {
    let mut random = [0; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut random)
        .map_err(|error| Failure::Undone(format!("read the system's random source: {error}")))?;
    let key = SecretKey::from_random(random);

    let (line, object) = match &args.out {
        Some(path) => {
            key::write_file(path, &key)?;
            (None, json!({ "file": path.to_string_lossy() }))
        }
        None => (Some(key.expose()), json!({ "key": key.expose() })),
    };
    if args.output.json { print(&object.to_string()) } else { line.map_or(Ok(()), print) }
}

/// The failure of a refused UserSig, told on standard output too where a program listens.
fn refuse(error: usersig::Error, json: bool) -> Failure {
    let told = if json { print_refusal(error) } else { Ok(()) };
    told.err().unwrap_or(Failure::Refused(error))
}

/// The UserSig itself, or what standard input holds for `-`. Bytes that are not UTF-8 become characters that
/// are in no UserSig.
fn read_sig(argument: &OsStr) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_string_lossy().into_owned());
    }
    // Enough to see that a text is too long, even if it ends in a line end.
    let most = MAX_TEXT_BYTES + "x\r\n".len();
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(most as u64).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Undone(format!("read the UserSig from standard input: {error}")))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// Unix seconds.
fn now() -> Result<u64, Failure> {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Ok(since.as_secs()),
        Err(_) => {
            Err(Failure::Undone("the system's clock is before 1970; set it, or give --time or --at".into()))
        }
    }
}

//! The command line: what may be asked, and the manual.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use protocol::usersig::SKEW_SECONDS;

/// Six months, the default of the official libraries.
const DEFAULT_LIFETIME_SECONDS: u64 = 180 * 86_400;

/// Issues, checks and explains UserSigs, the signed texts by which Tencent IM clients log in.
///
/// A UserSig is made from an application's secret key alone: sigtool asks no server, sends nothing and keeps
/// nothing.
#[derive(Parser)]
#[command(version, arg_required_else_help = false, after_long_help = MANUAL)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Gen(Gen),
    Verify(Verify),
    Inspect(Inspect),
    Keygen(Keygen),
}

/// Issue a UserSig
///
/// Prints the UserSig, and nothing else, on standard output. Any user id without control characters can be
/// signed; whether the server takes it as an account's name is another question (at most 32 bytes).
#[derive(Args)]
#[command(after_long_help = GEN_EXAMPLES)]
pub(crate) struct Gen {
    #[command(flatten)]
    pub(crate) subject: Subject,

    /// Lifetime in seconds
    #[arg(long, value_name = "SECS", default_value_t = DEFAULT_LIFETIME_SECONDS)]
    pub(crate) expire: u64,

    /// Time of issue in Unix seconds [default: now]
    #[arg(long, value_name = "UNIX")]
    pub(crate) time: Option<u64>,

    /// Bytes to sign along, in base64
    ///
    /// For the vendor's real-time audio and video, which keeps room permissions there. Chat needs none.
    #[arg(long, value_name = "B64")]
    pub(crate) userbuf_base64: Option<String>,

    #[command(flatten)]
    pub(crate) key: Key,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Check a UserSig
///
/// Is silent and exits 0 if the UserSig lets its holder act as this user of this application at this time.
/// Otherwise exits 1 with one line on standard error: the server's error code and its meaning. Faults are
/// looked for in this order, and the first is told: form, application, user, signature, expiry, future.
#[derive(Args)]
#[command(after_long_help = VERIFY_EXAMPLES)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) subject: Subject,

    /// Time of the check in Unix seconds [default: now]
    #[arg(long, value_name = "UNIX")]
    pub(crate) at: Option<u64>,

    /// Seconds by which the issuer's clock may be ahead; 0 lets in one from any future
    #[arg(long, value_name = "SECS", default_value_t = SKEW_SECONDS)]
    pub(crate) skew: u64,

    #[command(flatten)]
    pub(crate) key: Key,

    #[command(flatten)]
    pub(crate) output: Output,

    #[command(flatten)]
    pub(crate) sig: Sig,
}

/// Show what a UserSig says, without a key
///
/// The signature is NOT checked: anyone can write a text that says anything. For authentication use 'verify'.
#[derive(Args)]
#[command(after_long_help = INSPECT_EXAMPLES)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) output: Output,

    #[command(flatten)]
    pub(crate) sig: Sig,
}

/// Make a new secret key
///
/// 256 bits from the operating system's random source, as 64 hexadecimal digits.
#[derive(Args)]
#[command(after_long_help = KEYGEN_EXAMPLES)]
pub(crate) struct Keygen {
    /// Write the key to a new file that only its owner can read, instead of to standard output
    ///
    /// An existing file is never overwritten: with the key, every UserSig made with it would be lost.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args)]
pub(crate) struct Subject {
    /// SDKAppID of the application
    #[arg(long, value_name = "N")]
    pub(crate) sdkappid: u32,

    /// User id, byte for byte
    #[arg(long, value_name = "U", allow_hyphen_values = true)]
    pub(crate) user: String,
}

#[derive(Args)]
pub(crate) struct Sig {
    /// The UserSig; '-' reads it from standard input
    ///
    /// One line end after it is ignored on standard input.
    #[arg(value_name = "SIG")]
    pub(crate) text: OsString,
}

#[derive(Args)]
pub(crate) struct Key {
    /// File with the key as its only line; repeat it for several keys
    ///
    /// While a key is being replaced both are in use: 'gen' signs with the first, 'verify' tries all.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Vec<PathBuf>,

    /// The key itself [env: SIGTOOL_KEY]; as an argument it shows in process lists and in the shell's history
    #[arg(long, value_name = "KEY", conflicts_with = "key_file", allow_hyphen_values = true)]
    pub(crate) key: Option<String>,
}

#[derive(Args)]
pub(crate) struct Output {
    /// Print a JSON object on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

const MANUAL: &str = "\
Examples:
  Make a key, a UserSig valid for one day, and check it:
      sigtool keygen --out im.key
      sigtool gen --key-file im.key --sdkappid 1400000000 --user alice \\
          --expire 86400 > alice.sig
      sigtool verify --key-file im.key --sdkappid 1400000000 --user alice \\
          - < alice.sig

  See why a client cannot log in:
      sigtool inspect eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTm...

Exit codes:
  0  Done. For 'verify': the UserSig is good.
  1  The UserSig is refused. One line on standard error, code and meaning:
       70001  expired
       70002  empty
       70003  illegal: no UserSig at all, often a cut one; or issued in the
              future
       70009  signature: made with another key, or changed afterwards
       70013  issued for another user
       70014  issued for another application
  2  Wrong use, or something could not be read or written.
     One line on standard error.

Environment:
  SIGTOOL_KEY  The key, if neither --key-file nor --key is given.

Keys:
  A key is one line of text and is used as that text: its 64 hexadecimal
  digits are not decoded. Line ends after it are not part of it.

JSON:
  With --json each command prints one object on standard output:
    gen      usersig, sdkappid, user, time, expire, expires_at
    verify   valid (true), sdkappid, user, time, expire, expires_at
    inspect  sdkappid, user, time, expire, expires_at, userbuf, sig
    keygen   key, or with --out file
  Times are Unix seconds, expire is a lifetime in seconds, userbuf and sig
  are base64. expires_at is null if no clock can reach it, userbuf if there
  is none.
  A refusal is valid (false), code, meaning; exit code and the line on
  standard error are the same as without --json.

Security:
  Whoever has the key can act as any user. Keep it in a file that only its
  owner can read (keygen --out makes such a file), and never put it into an
  app or a page. Prefer --key-file to SIGTOOL_KEY, and both to --key: every
  user of a machine can read the arguments of a process.
  A UserSig is a password until it expires. Give it a short lifetime, and
  pass it by standard input ('-') where others can list processes.
";

const GEN_EXAMPLES: &str = "\
Examples:
  sigtool gen --key-file im.key --sdkappid 1400000000 --user alice
  sigtool gen --key-file im.key --sdkappid 1400000000 --user alice \\
      --expire 3600 --json
  SIGTOOL_KEY=$(pass im/key) sigtool gen --sdkappid 1400000000 --user 小明

See 'sigtool --help' for exit codes, environment and security.
";

const VERIFY_EXAMPLES: &str = "\
Examples:
  sigtool verify --key-file im.key --sdkappid 1400000000 --user alice \\
      - < alice.sig

  While a key is being replaced:
  sigtool verify --key-file new.key --key-file old.key \\
      --sdkappid 1400000000 --user alice SIG

  Will it still do in a week?
  sigtool verify --at $(date -d '1 week' +%s) --key-file im.key \\
      --sdkappid 1400000000 --user alice SIG

See 'sigtool --help' for exit codes, environment and security.
";

const INSPECT_EXAMPLES: &str = "\
Examples:
  sigtool inspect - < alice.sig
  sigtool inspect --json SIG | jq -r .user

See 'sigtool --help' for exit codes and the JSON's fields.
";

const KEYGEN_EXAMPLES: &str = "\
Examples:
  sigtool keygen --out im.key
  sigtool keygen | pass insert -e im/key

See 'sigtool --help' for what a key can do.
";

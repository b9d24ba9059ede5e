//! What is printed, and where: results on standard output, complaints in one line on standard error.

use std::io::{self, Write as _};
use std::time::{Duration, UNIX_EPOCH};

use protocol::usersig::{self, Claims};
use serde_json::{Value, json};

use crate::Failure;

pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    written.map_err(|error| Failure::Undone(format!("write to standard output: {error}")))
}

/// Prints a JSON object: what the command alone has to say, and the claims.
pub(crate) fn print_claims<const N: usize>(own: [(&str, Value); N], claims: &Claims) -> Result<(), Failure> {
    let mut object = json!({
        "sdkappid": claims.app,
        "user": claims.user,
        "time": claims.issued_at,
        "expire": claims.lifetime,
        "expires_at": claims.expires_at(),
    });
    for (name, value) in own {
        object[name] = value;
    }
    print(&object.to_string())
}

pub(crate) fn print_refusal(error: usersig::Error) -> Result<(), Failure> {
    print(&json!({ "valid": false, "code": error.code(), "meaning": error.to_string() }).to_string())
}

/// One line on standard error. If even that cannot be written, the exit code remains.
pub(crate) fn complain(line: &str) {
    let line = line.replace(char::is_control, " ");
    let _ = writeln!(io::stderr(), "{line}");
}

/// A complaint of clap, which has several paragraphs, without the usage and the hint at its end.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let paragraphs = text.strip_prefix("error: ").unwrap_or(&text).split("\n\n");
    let complaint = paragraphs.take_while(|paragraph| !paragraph.starts_with("Usage:"));
    let mut line = String::new();
    for paragraph in complaint.filter(|paragraph| !paragraph.starts_with("For more information")) {
        line += &paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        line += "; ";
    }
    line + "try --help"
}

/// A Unix second for people, in UTC.
pub(crate) fn date(second: Option<u64>) -> String {
    const YEAR_10000: u64 = 253_402_300_800;
    match second {
        Some(second) if second < YEAR_10000 => {
            humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(second)).to_string()
        }
        _ => "beyond the calendar".to_owned(),
    }
}

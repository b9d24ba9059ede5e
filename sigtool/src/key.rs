//! Where keys come from and where new ones go.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use protocol::usersig::SecretKey;

use crate::Failure;
use crate::cli::Key;

const VARIABLE: &str = "SIGTOOL_KEY";

/// Far more than a key is long; a wrong file may be endless.
const MAX_FILE_BYTES: u64 = 4096;

/// The keys that were named, at least one, the signing one first.
pub(crate) fn collect(source: &Key) -> Result<Vec<SecretKey>, Failure> {
    if !source.key_file.is_empty() {
        return source.key_file.iter().map(|path| read_file(path)).collect();
    }
    let (name, text) = match &source.key {
        Some(text) => ("--key", text.clone()),
        None => (VARIABLE, variable()?),
    };
    let key = SecretKey::parse(&text)
        .map_err(|error| Failure::Undone(format!("{name}: {error}; 'sigtool keygen' makes one")))?;
    Ok(vec![key])
}

fn variable() -> Result<String, Failure> {
    let Some(text) = std::env::var_os(VARIABLE) else {
        return Err(Failure::Undone(format!("no key: give --key-file FILE or set {VARIABLE}")));
    };
    text.into_string().map_err(|_| Failure::Undone(format!("{VARIABLE}: the key is not UTF-8")))
}

fn read_file(path: &Path) -> Result<SecretKey, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::Undone(format!(
            "read key file {}: {why}; name a file with the key as its only line",
            path.display()
        ))
    };
    let mut text = String::new();
    let mut file = File::open(path).map_err(|error| failed(&error))?.take(MAX_FILE_BYTES + 1);
    let length = file.read_to_string(&mut text).map_err(|error| failed(&error))?;
    if length as u64 > MAX_FILE_BYTES {
        return Err(failed(&"too large for a key"));
    }
    SecretKey::parse(&text).map_err(|error| failed(&error))
}

/// Writes a new key where nothing was, for its owner alone.
pub(crate) fn write_file(path: &Path, key: &SecretKey) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let mend = match error.kind() {
            io::ErrorKind::AlreadyExists => {
                "keys are not overwritten: name another file or move this one away"
            }
            _ => "name a file that can be made",
        };
        Failure::Undone(format!("write key file {}: {error}; {mend}", path.display()))
    };
    let mut file = create(path).map_err(failed)?;
    writeln!(file, "{}", key.expose()).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a key is of no use, and would be in the way of the next try.
        let _ = fs::remove_file(path);
        failed(error)
    })
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

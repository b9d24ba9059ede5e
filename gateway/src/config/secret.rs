//! The main application's secret key: from the environment, from a file, or made at the first start.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use protocol::usersig::SecretKey;

use super::File;

/// A key and where it came from.
pub(super) struct Secret {
    pub(super) key: SecretKey,
    pub(super) file: Option<PathBuf>,
    pub(super) is_new: bool,
}

const VARIABLE: &str = "GATEWAY_SECRET_KEY";

/// Says what is wrong, where and how to mend it; never the key.
pub(super) fn load(settings: &File) -> Result<Secret, String> {
    if let Ok(text) = std::env::var(VARIABLE) {
        if settings.secret_key_file.is_some() {
            return Err(format!("{VARIABLE} and --secret-key-file are both given; keep one of them"));
        }
        let key = SecretKey::parse(&text).map_err(|error| format!("{VARIABLE}: {error}"))?;
        return Ok(Secret { key, file: None, is_new: false });
    }
    if let Some(path) = &settings.secret_key_file {
        return read(path).map(|key| Secret { key, file: Some(path.clone()), is_new: false });
    }
    let path = settings.data_dir.join("secret_key");
    std::fs::create_dir_all(&settings.data_dir).map_err(|error| {
        format!("{}: cannot be made: {error}; choose another --data-dir", settings.data_dir.display())
    })?;
    make(&path)
}

fn read(path: &Path) -> Result<SecretKey, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{name}: cannot be read: {error}; make a key with `sigtool keygen`"))?;
    SecretKey::parse(text.trim_end()).map_err(|error| format!("{name}: {error}"))
}

/// Makes the key file, readable by its owner alone, or reads the one that is there.
fn make(path: &Path) -> Result<Secret, String> {
    let name = path.display();
    let fault = |error: std::io::Error| format!("{name}: cannot be written: {error}");
    let key = SecretKey::from_random(rand::random());
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            writeln!(file, "{}", key.expose()).and_then(|()| file.sync_all()).map_err(fault)?;
            Ok(Secret { key, file: Some(path.to_owned()), is_new: true })
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(path).map(|key| Secret { key, file: Some(path.to_owned()), is_new: false })
        }
        Err(error) => Err(fault(error)),
    }
}

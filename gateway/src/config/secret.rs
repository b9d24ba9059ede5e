//! The main application's secret key: from the environment, from a file, or made at the first start.

use std::fs::File as Directory;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use protocol::usersig::SecretKey;

use super::{File, text};
use crate::files;

/// A key and where it came from.
pub(super) struct Secret {
    pub(super) key: SecretKey,
    pub(super) file: Option<PathBuf>,
    pub(super) is_new: bool,
}

const VARIABLE: &str = "GATEWAY_SECRET_KEY";

/// Digits of a key that was made here.
const DIGITS: usize = 64;

/// Says what is wrong, where and how to mend it; never the key.
pub(super) fn load(settings: &File) -> Result<Secret, String> {
    match std::env::var(VARIABLE) {
        Ok(text) => {
            if settings.secret_key_file.is_some() {
                return Err(format!("{VARIABLE} and --secret-key-file are both given; keep one of them"));
            }
            let key = SecretKey::parse(text::bare(&text)).map_err(|error| format!("{VARIABLE}: {error}"))?;
            return Ok(Secret { key, file: None, is_new: false });
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            return Err(format!("{VARIABLE}: it is not text in UTF-8"));
        }
        Err(std::env::VarError::NotPresent) => {}
    }
    if let Some(path) = &settings.secret_key_file {
        return read(path).map(|key| Secret { key, file: Some(path.clone()), is_new: false });
    }
    files::make_directory(&settings.data_dir).map_err(|error| {
        format!("{}: cannot be made: {error}; choose another --data-dir", settings.data_dir.display())
    })?;
    own(&settings.data_dir)
}

fn read(path: &Path) -> Result<SecretKey, String> {
    let text = text::read(path, "make a key with `sigtool keygen`")?;
    SecretKey::parse(text::bare(&text)).map_err(|error| format!("{}: {error}", path.display()))
}

/// The key in the data directory, made when it is not there.
fn own(data_dir: &Path) -> Result<Secret, String> {
    let path = data_dir.join("secret_key");
    let name = path.display();
    let fault = |error: std::io::Error| {
        let mend = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; free some space and start again",
            _ => "",
        };
        format!("{name}: cannot be written: {error}{mend}")
    };
    // Two that start for the first time at once make one key.
    let lock = Directory::open(data_dir).map_err(fault)?;
    lock.lock().map_err(fault)?;
    if path.exists() && !is_remnant(&path, data_dir)? {
        if let Err(error) = files::close_to_others(&path) {
            tracing::warn!(%error, "{name}: others may read it");
        }
        return read(&path).map(|key| Secret { key, file: Some(path), is_new: false });
    }
    let key = SecretKey::from_random(rand::random());
    files::write_whole(&path, format!("{}\n", key.expose()).as_bytes()).map_err(fault)?;
    Ok(Secret { key, file: Some(path), is_new: true })
}

/// Whether the file is what earlier versions left when their first start was killed, or met a full disk, while they wrote
/// the key. Nobody has got a UserSig of it while there is no store; later somebody emptied the file.
fn is_remnant(path: &Path, data_dir: &Path) -> Result<bool, String> {
    let text = text::read(path, "check who owns it")?;
    let text = text::bare(&text);
    let is_part = text.len() < DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_part || (!text.is_empty() && data_dir.join("store/rows").exists()) {
        // Somebody's own key may be short.
        return Ok(false);
    }
    if data_dir.join("store/rows").exists() {
        return Err(format!(
            "{}: it is empty, and {} holds a store: put the key back from a backup, or remove the file to have a new \
             key made, after which every UserSig must be issued anew",
            path.display(),
            data_dir.display()
        ));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(dir: &Path) -> File {
        File { data_dir: dir.join("data"), ..File::default() }
    }

    #[test]
    fn a_key_is_made_once_and_lies_there_whole() {
        let dir = tempfile::tempdir().unwrap();
        let first = own_of(&dir).unwrap();
        assert!(first.is_new);
        let again = own_of(&dir).unwrap();
        assert!(!again.is_new);
        assert_eq!(first.key.expose(), again.key.expose());
        assert_eq!(first.key.expose().len(), DIGITS);
    }

    fn own_of(dir: &tempfile::TempDir) -> Result<Secret, String> {
        let settings = settings(dir.path());
        files::make_directory(&settings.data_dir).unwrap();
        own(&settings.data_dir)
    }

    /// What a first start of an earlier version left that was cut short.
    #[test]
    fn a_part_of_a_key_is_made_anew_while_there_is_no_store() {
        for part in ["", "\n", "0123456789abcdef"] {
            let dir = tempfile::tempdir().unwrap();
            let data = settings(dir.path()).data_dir;
            files::make_directory(&data).unwrap();
            std::fs::write(data.join("secret_key"), part).unwrap();
            let made = own_of(&dir).unwrap();
            assert!(made.is_new && made.key.expose().len() == DIGITS, "{part:?}");
        }
    }

    #[test]
    fn an_emptied_key_beside_a_store_is_an_error_that_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let data = settings(dir.path()).data_dir;
        std::fs::create_dir_all(data.join("store/rows")).unwrap();
        std::fs::write(data.join("secret_key"), "").unwrap();
        let refused = own_of(&dir).err().unwrap();
        assert!(refused.contains("it is empty") && refused.contains("backup"), "{refused}");
        std::fs::remove_file(data.join("secret_key")).unwrap();
        assert!(own_of(&dir).unwrap().is_new);
    }

    #[test]
    fn what_editors_put_around_a_key_is_not_part_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        for text in ["key", "key\r\n", "\u{feff}key\n", " key ", "\"key\"\n", "\u{feff}'key'"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap().expose(), "key", "{text:?}");
        }
        std::fs::write(&path, b"\xff\xfek\0e\0y\0").unwrap();
        assert!(read(&path).unwrap_err().ends_with("it is in UTF-16; save it as UTF-8"));
        std::fs::write(&path, "two\nlines").unwrap();
        assert!(read(&path).unwrap_err().contains("one line"));
    }
}

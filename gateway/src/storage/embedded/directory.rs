//! The directory of a store, and what is checked before the store is used.
//!
//! | name | what it is |
//! |---|---|
//! | `lock` | locked by the process that has the store open |
//! | `rows` | the database |
//! | `watermark` | how far it was acknowledged, see `watermark.rs` |

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::storage::StorageError;

use super::Settings;
use super::journal::Journals;
use super::key;
use super::manifest;
use super::store::Store;
use super::turn::turn;
use super::watermark::Watermark;

/// A directory that this process has locked, until it is dropped.
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    pub(super) fn lock(path: &Path) -> Result<Self, StorageError> {
        let failed = |error: std::io::Error| failed(path, &error.to_string());
        fs::create_dir_all(path).map_err(failed)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path.join("lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(self::failed(path, "another process has it open")),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Looks the files over, opens the database, and gives the number of its last batch.
    pub(super) fn open(&self, settings: &Settings) -> Result<(Store, Watermark, u64), StorageError> {
        let rows = self.path.join("rows");
        if !rows.exists() {
            self.create(&rows, settings)?;
        }
        let (watermark, acknowledged) = Watermark::open(&self.path.join("watermark"))
            .map_err(|error| failed(&self.path, &format!("watermark: {error}; {MEND}")))?;
        let journals = look_over(&rows)?;
        if let Some(last) = journals.last
            && last < acknowledged
        {
            return Err(self.lost(last, acknowledged));
        }
        journals.cut_torn_end().map_err(|error| failed(&rows, &error.to_string()))?;
        let store =
            Store::open(&rows, settings).map_err(|error| failed(&rows, &format!("{error}; {RESTORE}")))?;
        let last = store.newest(&key::LAST_BATCH)?.map_or(0, |kept| kept.number);
        if last < acknowledged || journals.last.is_some_and(|in_journals| last < in_journals) {
            return Err(self.lost(last, acknowledged.max(journals.last.unwrap_or(0))));
        }
        turn(&rows, &store, last).map_err(|error| failed(&rows, &error.to_string()))?;
        Ok((store, watermark, last))
    }

    /// Makes the database under another name first: a process that dies meanwhile leaves no half of one behind.
    fn create(&self, rows: &Path, settings: &Settings) -> Result<(), StorageError> {
        let failed = |error: std::io::Error| failed(&self.path, &error.to_string());
        let new = self.path.join("rows.new");
        if new.exists() {
            fs::remove_dir_all(&new).map_err(failed)?;
        }
        Store::create(&new, settings)?;
        fs::rename(&new, rows).map_err(failed)?;
        File::open(&self.path).and_then(|dir| dir.sync_all()).map_err(failed)
    }

    fn lost(&self, last: u64, acknowledged: u64) -> StorageError {
        let first = last + 1;
        let reason =
            format!("batches {first} to {acknowledged} were acknowledged and are not in the files; {MEND}");
        failed(&self.path, &reason)
    }
}

/// Checks what the database would take for good, or for new.
fn look_over(rows: &Path) -> Result<Journals, StorageError> {
    let failed = |error: &dyn std::fmt::Display| failed(rows, &format!("{error}; {RESTORE}"));
    if !rows.join("version").exists() {
        return Err(failed(&"the file `version` is missing"));
    }
    manifest::check(rows).map_err(|error| failed(&error))?;
    Journals::read(rows).map_err(|error| failed(&error))
}

/// What an operator can do.
const RESTORE: &str = "restore the directory from a backup";
const MEND: &str =
    "restore the directory from a backup, or remove the file `watermark` to go on with what is left";

fn failed(path: &Path, reason: &str) -> StorageError {
    StorageError::Failed { operation: "open the store", reason: format!("{}: {reason}", path.display()) }
}

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

use super::key;
use super::store::Store;
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

    /// Opens the database, and gives the number of its last batch.
    pub(super) fn open(&self) -> Result<(Store, Watermark, u64), StorageError> {
        let rows = self.path.join("rows");
        if !rows.exists() {
            self.create(&rows).map_err(|error| failed(&self.path, &error.to_string()))?;
        }
        let (watermark, acknowledged) = Watermark::open(&self.path.join("watermark"))?;
        let store = Store::open(&rows)?;
        let last = store.newest(&key::LAST_BATCH)?.map_or(0, |kept| kept.number);
        if last < acknowledged {
            return Err(self.lost(last, acknowledged));
        }
        Ok((store, watermark, last))
    }

    /// Makes the database under another name first: a process that dies meanwhile leaves no half of one behind.
    fn create(&self, rows: &Path) -> Result<(), std::io::Error> {
        let new = self.path.join("rows.new");
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        Store::open(&new).map_err(std::io::Error::other)?;
        fs::rename(&new, rows)?;
        File::open(&self.path)?.sync_all()
    }

    fn lost(&self, last: u64, acknowledged: u64) -> StorageError {
        let reason = format!(
            "batches {} to {acknowledged} were acknowledged and are not in the files any more",
            last + 1,
        );
        failed(&self.path, &reason)
    }
}

fn failed(path: &Path, reason: &str) -> StorageError {
    StorageError::Failed { operation: "open the store", reason: format!("{}: {reason}", path.display()) }
}

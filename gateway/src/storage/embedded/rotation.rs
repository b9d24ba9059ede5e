//! Begins a new journal when a store is opened.
//!
//! The database makes a journal 64 MiB long, so a synced write into it leaves its length alone. An old journal, though,
//! it goes on with at its end, where every synced write makes the file longer and the file system has to write that as
//! well. For a lone message this is a third of the work on ext4 without a journal, and a commit of its journal with one.
//!
//! It turns to a new journal only when it writes a table while the present one is longer than 64,000,000 bytes. So:
//!
//! 1. The present journal is made that long, with a hole.
//! 2. An empty group is written behind the hole, because the database knows its place in the file and not its length.
//! 3. A table is written, and with that the journal is turned.
//! 4. The hole and the empty group are cut off.
//!
//! A crash in between leaves a journal that ends with the hole, or with the hole and an empty group. The database takes
//! the hole for the end, and [`is_rotation`] tells that from damage.

use std::fs::OpenOptions;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::storage::StorageError;

use super::journal::{self, Batch};
use super::store::Store;

/// Where the hole ends.
pub(super) const HOLE_END: u64 = 64 << 20;

/// How long a table may take to be written.
const DEADLINE: Duration = Duration::from_secs(60);

/// Begins a new journal for the database in `rows`, whose last batch is `last`. Nothing else may write meanwhile.
pub(super) fn rotate(rows: &Path, store: &Store, last: u64) -> Result<(), StorageError> {
    let Some((number, path)) = journal::newest(rows).map_err(failed)? else { return Ok(()) };
    let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
    let end = file.metadata().map_err(failed)?.len();
    file.set_len(end.max(HOLE_END)).map_err(failed)?;
    store.write_table_with_empty_group(last)?;
    let next = rows.join(format!("{}.jnl", number + 1));
    let begun = Instant::now();
    while !next.exists() {
        // The database does not tell when it is done, but it tells when it has failed.
        store.look_for_failure()?;
        if begun.elapsed() > DEADLINE {
            return Err(StorageError::TimedOut { operation: "begin a journal" });
        }
        thread::sleep(Duration::from_millis(1));
    }
    // Perhaps it is deleted already, since all that was in it is in tables.
    file.set_len(end).map_err(failed)
}

fn failed(error: std::io::Error) -> StorageError {
    StorageError::Failed { operation: "begin a journal", reason: error.to_string() }
}

/// Whether what follows the last group of a journal, from byte `at` on, is a hole and the empty group of an interrupted
/// rotation. `last` is the last batch before; groups that were lost in the hole would have raised the group's number above it.
pub(super) fn is_rotation(rest: &[u8], at: usize, last: Option<u64>) -> bool {
    let Some(hole) = rest.iter().position(|byte| *byte != 0) else { return false };
    let mut behind = &rest[hole..];
    let group = Batch::take(&mut behind).and_then(|batch| batch.link);
    let is_empty = group.is_some_and(|(to, from)| to == from && last.is_none_or(|last| last == to));
    (at + hole) as u64 == HOLE_END && is_empty && behind.is_empty()
}

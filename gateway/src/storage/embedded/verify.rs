//! Reads all of a store and tells what of it is damaged.

use std::collections::HashMap;
use std::ops::Bound;
use std::path::Path;

use fjall::{AbstractTree, Keyspace};
use protocol::id::Seq;

use crate::storage::StorageError;

use super::directory::Directory;
use super::lost::{DELETED, LostBlock};
use super::store::{GAVE_UP, KEYSPACES, Store, failed, unless_it_panics};
use super::trim::Trimmed;
use super::{Settings, frame, journal, key, manifest};

/// Rows after which it is told how far it came.
const PROGRESS: u64 = 100_000;

/// Blocks of a table that may be damaged before the rest of it is given up.
const MOST_BLOCKS: usize = 10_000;

/// A listener to a long work.
pub trait Report {
    /// Something is damaged: what, and where.
    fn damage(&mut self, what: String);
    /// How far the work came.
    fn progress(&mut self, what: String);
}

/// Reads the store in `dir`, which nobody else may have open. Errors: it cannot be looked at at all.
pub fn verify(dir: &Path, report: &mut dyn Report) -> Result<(), StorageError> {
    if !dir.join("rows").is_dir() {
        let reason = format!("{}: there is no store", dir.display());
        return Err(StorageError::Failed { operation: "verify the store", reason });
    }
    let directory = Directory::lock(dir)?;
    let rows = dir.join("rows");
    let mut is_sound = true;
    for unsound in manifest::unsound(&rows) {
        report.damage(unsound.to_string());
        is_sound = false;
    }
    if let Err(unsound) = journal::Journals::read(&rows) {
        report.damage(unsound.to_string());
        is_sound = false;
    }
    if !is_sound {
        report.progress("the rows cannot be read before that is mended".to_owned());
        return Ok(());
    }
    // Neither small nor in the way: what is read once is not kept.
    let settings = Settings { min_free_bytes: 0, ..Settings::default() };
    let store = match directory.open(&settings, None) {
        Ok((store, ..)) => store,
        Err(error) => {
            report.damage(error.to_string());
            return Ok(());
        }
    };
    for block in store.lost.blocks() {
        report.damage(told(block));
    }
    let mut count = 0;
    let mut logs: HashMap<Vec<u8>, LogRows> = HashMap::new();
    for (rows, name) in store.keyspaces() {
        let walked = walk(&rows, name, report, &mut |row, report| {
            count += 1;
            if count % PROGRESS == 0 {
                report.progress(format!("{count} rows were read"));
            }
            let found = store.row(&rows, name, row);
            // One that is damaged is told of here and is no gap.
            if name == ENTRIES && !matches!(found, Ok(None)) {
                note(&mut logs, row);
            }
            if let Err(error) = found {
                report.damage(format!("{}: {error}", place(name, row)));
            }
            Ok(())
        });
        match walked {
            // It came to merge a damaged table while it was read.
            Err(StorageError::Failed { reason, .. }) if reason == GAVE_UP => {
                report.damage(format!(
                    "keyspace {name}: {reason}; a damaged table that is to be merged is mended when the gateway starts"
                ));
            }
            walked => walked?,
        }
    }
    for (log, rows) in logs {
        let missing = match store.newest_trimmed(&log) {
            Ok(Trimmed { first, .. }) => (rows.last.0 + 1).saturating_sub(first.0).saturating_sub(rows.count),
            Err(_) => 0,
        };
        if missing > 0 {
            let place = place(ENTRIES, &key::entry(log, rows.last));
            report.damage(format!("{place}: {missing} of the entries up to it cannot be read"));
        }
    }
    report.progress(format!("{count} rows were read"));
    Ok(())
}

pub(super) const ENTRIES: &str = KEYSPACES[1];

struct LogRows {
    count: u64,
    last: Seq,
}

fn note(logs: &mut HashMap<Vec<u8>, LogRows>, row: &[u8]) {
    let (Some(seq), Some(log)) = (key::seq_of(row), row.len().checked_sub(8)) else { return };
    if seq > Seq::ZERO {
        let rows = logs.entry(row[..log].to_vec()).or_insert(LogRows { count: 0, last: seq });
        rows.count += 1;
        rows.last = rows.last.max(seq);
    }
}

/// Where a row is, as an operator reads it.
pub(super) fn place(keyspace: &str, row: &[u8]) -> String {
    match key::log_of(row).filter(|_| keyspace == ENTRIES).zip(key::seq_of(row)) {
        Some((log, seq)) => format!("keyspace {keyspace}, {}, number {}", log.partition, seq.0),
        None => format!("keyspace {keyspace}, row {}", row.escape_ascii()),
    }
}

/// What was lost, as an operator reads it.
fn told(block: &LostBlock) -> String {
    let name = journal::KEYSPACES.iter().position(|number| *number == block.keyspace);
    let name = name.map_or("", |index| KEYSPACES[index]);
    let behind = match &block.low {
        Bound::Excluded(low) | Bound::Included(low) => format!(" behind {}", place(name, low)),
        Bound::Unbounded => String::new(),
    };
    let to = place(name, &block.high);
    format!(
        "a block of rows{behind} up to {to} was lost when its table was mended; that is kept as {}",
        block.kept
    )
}

/// What is done with a row.
type OnRow<'a> = dyn FnMut(&[u8], &mut dyn Report) -> Result<(), StorageError> + 'a;

/// Gives every row of a keyspace that a table names; some twice, which several tables have. Table by table: an iterator
/// over all of them loses one at its first damaged block, a table goes on behind it.
pub(super) fn walk(
    rows: &Keyspace,
    name: &str,
    report: &mut dyn Report,
    on_row: &mut OnRow<'_>,
) -> Result<(), StorageError> {
    // What is in memory only, of the journals, goes into a table too.
    rows.rotate_memtable_and_wait().map_err(|error| failed("verify the store", error))?;
    for table in rows.tree.current_version().iter_tables() {
        let mut blocks = 0;
        let mut items = table.iter();
        while blocks < MOST_BLOCKS {
            let next = unless_it_panics("read a table", || {
                let next = items.next().transpose();
                next.map_err(|error| failed("read a table", fjall::Error::Storage(error)))
            });
            match next {
                Ok(None) => break,
                Ok(Some(item)) => on_row(&item.key.user_key, report)?,
                Err(error) => {
                    blocks += 1;
                    report.damage(format!("keyspace {name}, table {}: a block of rows: {error}", table.id()));
                }
            }
        }
    }
    Ok(())
}

impl Store {
    pub(super) fn keyspaces(&self) -> [(Keyspace, &'static str); 4] {
        let [records, entries, token0, token1] = KEYSPACES;
        [
            (self.records.clone(), records),
            (self.entries.clone(), entries),
            (self.tokens[0].clone(), token0),
            (self.tokens[1].clone(), token1),
        ]
    }

    /// The value of a row, checked; nothing when it was deleted.
    pub(super) fn row(
        &self,
        rows: &Keyspace,
        name: &str,
        row: &[u8],
    ) -> Result<Option<fjall::Slice>, StorageError> {
        unless_it_panics("read", || {
            let Some(value) = rows.get(row).map_err(|error| failed("read", error))? else { return Ok(None) };
            let stored: bytes::Bytes = value.clone().into();
            match key::seq_of(row) {
                Some(Seq::ZERO) if name == ENTRIES => {
                    Trimmed::decode("read", row, stored)?;
                }
                _ if stored == DELETED => return Ok(None),
                _ => {
                    frame::decode("read", row, stored)?;
                }
            }
            Ok(Some(value))
        })
    }
}

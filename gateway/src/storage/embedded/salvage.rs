//! Brings everything that is whole of a damaged store into a new one.
//!
//! The damaged store is not changed. What it has is laid out a second time in the new directory, with links where that
//! can be, and there it is made such that the database opens it: a journal ends where its damage begins, and what is whole
//! behind that is kept apart. Then every row that can be read goes into the new store, and what was kept apart after it,
//! where it is newer. Where the database cannot open it all the same, its tables are read piece by piece. A log that lost entries has gaps, which its readers are told of, and no number is used twice.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use fjall::{AbstractTree, Keyspace, OwnedWriteBatch, PersistMode};
use lsm_tree::ValueType;
use protocol::id::Seq;
use xxhash_rust::xxh3::xxh3_128;

use crate::files;
use crate::storage::StorageError;
use crate::storage::format::Format;

use super::directory::Directory;
use super::journal::{self, Change};
use super::lost::{DELETED, Lost, UNREADABLE};
use super::restore;
use super::store::{KEYSPACES, RECORDS, Store, failed};
use super::trim::Trimmed;
use super::verify::{ENTRIES, Report, place, walk};
use super::watermark::Watermark;
use super::{Settings, frame, key, manifest, pieces};

/// The keyspace of records.
const RECORD: &str = KEYSPACES[0];

/// Rows that are written at once.
const ROWS: usize = 1000;

/// What a salvage brought out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    pub rows: u64,
    pub damaged: u64,
}

/// Brings what is whole of the store in `from` into a new one in `to`, which must not be there yet.
pub fn salvage(from: &Path, to: &Path, report: &mut dyn Report) -> Result<Salvaged, StorageError> {
    if to.exists() && fs::read_dir(to).map_err(|error| fault(to, &error))?.next().is_some() {
        return Err(refused(format!("{}: there is something already; name a new directory", to.display())));
    }
    if !from.join("rows").is_dir() {
        return Err(refused(format!("{}: there is no store", from.display())));
    }
    let source = Directory::lock(from)?;
    let format = source.format_or_current(report)?;
    files::make_directory(to).map_err(|error| fault(to, &error))?;
    let scratch = to.join("damaged");
    let rows = from.join("rows");
    lay_out(&rows, &scratch).map_err(|error| fault(&scratch, &error))?;
    let acknowledged = Watermark::number_in(&from.join("watermark"));
    // What a start mends, too.
    let restored =
        restore::find(&scratch, acknowledged.unwrap_or(0)).map_err(|error| fault(&scratch, &error))?;
    let restored = restored.unwrap_or_default();
    for file in &restored {
        restore::put_one(to, file).map_err(|error| fault(to, &error))?;
        // Of values that are lost it is told where their rows are met.
        if file.places().is_empty() {
            report.damage(format!("{}: damaged, and nothing is lost", file.path.display()));
        }
    }
    // A list that is not the one that was written may hide a table, so none is believed then.
    let unsound = manifest::unsound(&scratch);
    for unsound in &unsound {
        report.damage(unsound.to_string());
    }
    let apart = journal::take_apart(&scratch).map_err(|error| fault(&scratch, &error))?;
    for damage in &apart.damages {
        report.damage(damage.clone());
    }
    let settings = Settings { min_free_bytes: 0, ..Settings::default() };
    let lost = Lost::read(from).map_err(|error| fault(from, &error))?;
    let damaged = match unsound.into_iter().next() {
        Some(unsound) => Err(fault(&rows, &unsound)),
        None => Store::open(&scratch, &settings, lost.clone()),
    };

    let target = Directory::lock(to)?;
    target.make(&settings, format)?;
    // What may have been lost before is not absent in the new store either.
    Lost::add(to, lost.blocks()).map_err(|error| fault(to, &error))?;
    // Its sequence numbers are its own.
    Lost::date(to, |_| u64::MAX).map_err(|error| fault(to, &error))?;
    let made = to.join("rows");
    let new = Store::open(&made, &settings, Lost::default())?;
    let mut copy =
        Copy { new: &new, batch: batch(&new), salvaged: Salvaged::default(), last: 0, logs: HashSet::new() };
    let read = damaged.as_ref().map_err(Clone::clone).and_then(|damaged| {
        copy.rows_of(damaged, report)?;
        copy.ends_of(damaged)
    });
    match read {
        Ok(()) => copy.changes(apart.changes)?,
        // It does not open, or gives up when it comes to merge a table that is damaged.
        Err(error) => {
            report.damage(format!("{}: {error}: its tables are read piece by piece", rows.display()));
            copy.pieces_of(&rows, report)?;
            // Those of the store itself: it may have begun to read the others, and to remove them.
            let bytes_of = |path: &Path| {
                let file = restored.iter().find(|file| file.path.file_name() == path.file_name());
                file.map(|file| file.bytes.clone())
            };
            copy.changes(journal::all_changes(&rows, bytes_of).map_err(|error| fault(&rows, &error))?)?;
        }
    }
    let (salvaged, last) = copy.finish(acknowledged)?;
    // What is written from now on is newer than all that was lost.
    let newest: HashMap<u64, u64> = journal::KEYSPACES
        .into_iter()
        .zip(new.keyspaces())
        .filter_map(|(number, (rows, _))| Some((number, rows.tree.get_highest_seqno()?)))
        .collect();
    Lost::date(to, |keyspace| newest.get(&keyspace).copied().unwrap_or(u64::MAX))
        .map_err(|error| fault(to, &error))?;
    let (mut watermark, _) = Watermark::open(&to.join("watermark"), true)?;
    watermark.rise(last)?;
    watermark.sync()?;
    drop((damaged, new));
    fs::remove_dir_all(&scratch).map_err(|error| fault(&scratch, &error))?;
    Ok(salvaged)
}

fn batch(store: &Store) -> OwnedWriteBatch {
    OwnedWriteBatch::with_capacity(store.database.clone(), ROWS)
}

struct Copy<'a> {
    new: &'a Store,
    batch: OwnedWriteBatch,
    salvaged: Salvaged,
    /// The greatest number of a batch that was seen.
    last: u64,
    /// The logs of which any row was seen.
    logs: HashSet<Vec<u8>>,
}

impl Copy<'_> {
    fn rows_of(&mut self, damaged: &Store, report: &mut dyn Report) -> Result<(), StorageError> {
        let target = self.new.keyspaces();
        for ((rows, name), (to, _)) in damaged.keyspaces().into_iter().zip(&target) {
            let mut seen = Counting { report, damaged: 0 };
            walk(&rows, name, &mut seen, &mut |row, report| {
                if let (true, Some(of_log)) = (name == ENTRIES, row.len().checked_sub(8)) {
                    self.logs.insert(row[..of_log].to_vec());
                }
                match damaged.row(&rows, name, row) {
                    Ok(Some(value)) => {
                        // The number of a record is that of the batch that wrote it.
                        if name != ENTRIES && row != key::TOKEN_SET && !row.starts_with(&key::TOKENS) {
                            self.note(row, &value.clone().into());
                        }
                        if row != key::LAST_BATCH {
                            self.batch.insert(to, row.to_vec(), value);
                            self.salvaged.rows += 1;
                        }
                    }
                    Ok(None) => {
                        let is_lost = name == RECORD && damaged.lost.may_have(RECORDS, row);
                        if is_lost && rows.get(row).is_ok_and(|value| value.is_some()) {
                            self.batch.insert(to, row.to_vec(), DELETED);
                        }
                    }
                    Err(error) => {
                        report.damage(format!("{}: {error}", place(name, row)));
                        // A record that was there must not look as if it never was. A number of a log is known to be one.
                        if name == RECORD && key::partition_of(row).is_some() {
                            self.batch.insert(to, row.to_vec(), UNREADABLE);
                        }
                    }
                }
                if self.batch.len() >= ROWS {
                    self.flush()?;
                }
                if self.salvaged.rows % 100_000 == 99_999 {
                    report.progress(format!("{} rows were brought out", self.salvaged.rows));
                }
                Ok(())
            })?;
            self.salvaged.damaged += seen.damaged;
        }
        self.flush()
    }

    /// What is whole of the files, where they cannot be opened as a database.
    ///
    /// A row whose newest version was in a damaged block may come back as it was before: nothing tells that there was one.
    fn pieces_of(&mut self, dir: &Path, report: &mut dyn Report) -> Result<(), StorageError> {
        let target = self.new.keyspaces();
        for (number, (to, name)) in journal::KEYSPACES.into_iter().zip(&target) {
            let folder = dir.join("keyspaces").join(number.to_string());
            let tables = pieces::files(&folder.join("tables")).map_err(|error| fault(&folder, &error))?;
            let apart = pieces::files(&folder.join("blobs")).map_err(|error| fault(&folder, &error))?;
            // By a hash of the row, which is shorter: the number of its newest version.
            let mut newest: HashMap<u128, u64> = HashMap::new();
            // The rows whose values lie apart.
            let mut without_value: HashMap<u128, Vec<u8>> = HashMap::new();
            for table in &tables {
                pieces::rows_of_table(table, |found| {
                    let item = match found {
                        Ok(item) => item,
                        Err(at) => {
                            self.salvaged.damaged += 1;
                            report.damage(format!("{}: damaged at byte {at}", table.display()));
                            return Ok(());
                        }
                    };
                    let row = &item.key.user_key[..];
                    let hash = xxh3_128(row);
                    if newest.get(&hash).is_some_and(|newest| *newest > item.key.seqno) {
                        return Ok(());
                    }
                    newest.insert(hash, item.key.seqno);
                    without_value.remove(&hash);
                    if let (true, Some(of_log)) = (*name == ENTRIES, row.len().checked_sub(8)) {
                        self.logs.insert(row[..of_log].to_vec());
                    }
                    match item.key.value_type {
                        ValueType::Indirection => {
                            without_value.insert(hash, row.to_vec());
                            self.batch.remove(to, row.to_vec());
                        }
                        ValueType::Value => self.piece(to, name, row, &item.value, report),
                        ValueType::Tombstone | ValueType::WeakTombstone => {
                            self.batch.remove(to, row.to_vec())
                        }
                    }
                    if self.batch.len() >= ROWS { self.flush() } else { Ok(()) }
                })?;
            }
            for file in &apart {
                pieces::values_apart(file, |found| {
                    let hash = xxh3_128(found.row);
                    let is_wanted = match newest.get(&hash) {
                        Some(newest) => *newest == found.sequence && without_value.contains_key(&hash),
                        // Of a log that is there, from a block that is not.
                        None => found
                            .row
                            .len()
                            .checked_sub(8)
                            .is_some_and(|log| self.logs.contains(&found.row[..log])),
                    };
                    if is_wanted {
                        without_value.remove(&hash);
                        newest.insert(hash, found.sequence);
                        self.piece(to, name, found.row, found.value, report);
                    }
                    if self.batch.len() >= ROWS { self.flush() } else { Ok(()) }
                })?;
            }
            for row in without_value.values() {
                self.salvaged.damaged += 1;
                report.damage(format!("{}: its value is damaged or gone", place(name, row)));
            }
            self.flush()?;
        }
        Ok(())
    }

    /// Takes a row that was found, if its value is whole. One that is not leaves no older one in its place.
    fn piece(&mut self, to: &Keyspace, name: &str, row: &[u8], value: &[u8], report: &mut dyn Report) {
        let bytes = bytes::Bytes::copy_from_slice(value);
        if name == RECORD && value == DELETED {
            self.batch.insert(to, row.to_vec(), DELETED);
            return;
        }
        let is_whole = match key::seq_of(row) {
            Some(Seq::ZERO) if name == ENTRIES => Trimmed::decode("read", row, bytes.clone()).is_ok(),
            _ => frame::decode("read", row, bytes.clone()).is_ok(),
        };
        if !is_whole {
            self.salvaged.damaged += 1;
            report.damage(format!("{}: the record is damaged", place(name, row)));
            match name == RECORD && key::partition_of(row).is_some() {
                true => self.batch.insert(to, row.to_vec(), UNREADABLE),
                false => self.batch.remove(to, row.to_vec()),
            }
            return;
        }
        if name != ENTRIES && row != key::TOKEN_SET && !row.starts_with(&key::TOKENS) {
            self.note(row, &bytes);
        }
        if row != key::LAST_BATCH {
            self.batch.insert(to, row.to_vec(), value);
            self.salvaged.rows += 1;
        }
    }

    fn note(&mut self, row: &[u8], value: &bytes::Bytes) {
        if let Ok(framed) = frame::decode("read", row, value.clone()) {
            self.last = self.last.max(framed.number);
        }
    }

    /// A log that lost its last entries goes on behind them all the same: a mark says where it ended.
    fn ends_of(&mut self, damaged: &Store) -> Result<(), StorageError> {
        damaged.show();
        for of_log in std::mem::take(&mut self.logs) {
            // Where the end of a log cannot be told, its last entry that is whole is that.
            let Ok(end) = damaged.head_of(&of_log) else { continue };
            let last = damaged.row(&damaged.entries, ENTRIES, &key::entry(of_log.clone(), end.seq));
            if !last.is_ok_and(|row| row.is_some()) {
                let Trimmed { first, .. } = damaged.newest_trimmed(&of_log)?;
                let mark = key::entry(of_log, Seq::ZERO);
                let value = Trimmed { first, end }.encode(&mark);
                self.batch.insert(&self.new.entries, mark, value);
            }
        }
        self.flush()
    }

    /// What was whole behind the damage of a journal, in its order, where nothing newer is there.
    fn changes(&mut self, changes: Vec<Change>) -> Result<(), StorageError> {
        let mut seen: HashSet<(usize, Vec<u8>)> = HashSet::new();
        let target = self.new.keyspaces();
        // From the newest on: the first change of a row is its last.
        for change in changes.into_iter().rev() {
            let Some(index) = change.keyspace() else { continue };
            let (to, name) = &target[index];
            if change.row == key::LAST_BATCH {
                self.note(&change.row, &change.value.clone().unwrap_or_default());
                continue;
            }
            if !seen.insert((index, change.row.clone())) {
                continue;
            }
            match change.value {
                // Lost, or deleted after it may have been.
                Some(value) if value == UNREADABLE || value == DELETED => {
                    self.batch.insert(to, change.row, value.to_vec());
                }
                Some(value) => {
                    let Ok(framed) = frame::decode("read", &change.row, value.clone()) else { continue };
                    // An entry does not change; of a record the greater number is the newer one.
                    let is_newer = match self.new.row(to, name, &change.row) {
                        Ok(Some(kept)) if *name != ENTRIES => {
                            let kept = frame::decode("read", &change.row, kept.into());
                            kept.is_ok_and(|kept| kept.number <= framed.number)
                        }
                        Ok(Some(_)) => key::seq_of(&change.row) == Some(Seq::ZERO),
                        _ => true,
                    };
                    if is_newer {
                        self.batch.insert(to, change.row, value.to_vec());
                        self.salvaged.rows += 1;
                    }
                }
                None => self.batch.remove(to, change.row),
            }
            if self.batch.len() >= ROWS {
                self.flush()?;
            }
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), StorageError> {
        let full = std::mem::replace(&mut self.batch, batch(self.new));
        full.commit().map_err(|error| failed("write the new store", error))
    }

    /// Notes the number of the last batch, no smaller than one that was acknowledged, and syncs everything.
    fn finish(mut self, acknowledged: Option<u64>) -> Result<(Salvaged, u64), StorageError> {
        let last = self.last.max(acknowledged.unwrap_or(0));
        self.batch.insert(&self.new.records, key::LAST_BATCH, journal::link(last, last));
        self.flush()?;
        let synced = self.new.database.persist(PersistMode::SyncAll);
        synced.map_err(|error| failed("write the new store", error))?;
        Ok((self.salvaged, last))
    }
}

/// Counts what it passes on.
struct Counting<'a> {
    report: &'a mut dyn Report,
    damaged: u64,
}

impl Report for Counting<'_> {
    fn damage(&mut self, what: String) {
        self.damaged += 1;
        self.report.damage(what);
    }

    fn progress(&mut self, what: String) {
        self.report.progress(what);
    }
}

/// The same files again. Tables are never written to, so a link does; journals and lists are.
fn lay_out(from: &Path, to: &Path) -> io::Result<()> {
    files::make_directory(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let is_table = from.ends_with("tables") || from.ends_with("blobs");
        if entry.file_type()?.is_dir() {
            lay_out(&path, &target)?;
        } else if !is_table || fs::hard_link(&path, &target).is_err() {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

fn fault(path: &Path, error: &dyn std::fmt::Display) -> StorageError {
    refused(format!("{}: {error}", path.display()))
}

fn refused(reason: String) -> StorageError {
    StorageError::Failed { operation: "salvage the store", reason }
}

impl Directory {
    /// The number of the format; where it cannot be read, the one that this version writes.
    fn format_or_current(&self, report: &mut dyn Report) -> Result<Format, StorageError> {
        match self.format() {
            Err(_) if self.is_format_unreadable() => {
                report.damage("the number of the store's format cannot be read".to_owned());
                Ok(Format::CURRENT)
            }
            format => format,
        }
    }
}

//! The rows on disk, and how they are read.
//!
//! Reads go straight to the rows, as of one moment, past the committer.

use std::io::ErrorKind;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use fjall::{
    CompressionType, Database, DatabaseBuilder, Keyspace, KeyspaceCreateOptions, KvSeparationOptions,
    OwnedWriteBatch, PersistMode, Readable, Snapshot, UserKey,
};
use protocol::id::{Millis, Seq};

use crate::storage::{
    Cursor, Entry, Key, Log, LogEnd, Logs, Partition, Scan, StorageError, Value, Version, Window,
};

use super::Settings;
use super::frame::{self, Framed};
use super::journal;
use super::key;
use super::lost::{DELETED, Lost};
use super::space::is_full;
use super::trim::Trimmed;

pub(super) const KEYSPACES: [&str; 4] = ["record", "entry", "token0", "token1"];

/// The numbers that the database gave the first two.
pub(super) const RECORDS: u64 = journal::KEYSPACES[0];
pub(super) const ENTRIES: u64 = journal::KEYSPACES[1];

fn builder(dir: &Path, settings: &Settings) -> DatabaseBuilder<Database> {
    Database::builder(dir)
        .cache_size(settings.cache_bytes)
        .max_cached_files(Some(settings.cached_files))
        // The threads that write and merge tables. A single one can block for good, on the queue that only it empties.
        // Of several the first keeps itself free for writing: it puts merges back into the queue, again and again while
        // all the others merge, which with two threads is always.
        .worker_threads(3)
        // What is long is mostly hashes and pictures, and a journal does not live long.
        .journal_compression(CompressionType::None)
        // All of it is read when the store is opened after a crash.
        .max_journaling_size(256 << 20)
}

/// The open database.
#[derive(Clone)]
pub(super) struct Store {
    /// Records and counters.
    pub(super) records: Keyspace,
    /// Entries of logs.
    pub(super) entries: Keyspace,
    /// Idempotency keys, see `idempotency.rs`.
    pub(super) tokens: [Keyspace; 2],
    /// What readers see: the store after the last group.
    ///
    /// A snapshot that the database opens while a group is being put into its buffers can show half of that group:
    /// a thread that finishes a table at that moment moves the mark of what is visible past it. So the committer alone
    /// opens snapshots, between two groups, and readers share the last one.
    view: Arc<RwLock<Arc<Snapshot>>>,
    /// What may have been there and reads as damaged, where it is not.
    pub(super) lost: Lost,
    /// Last, so that the rows are let go before it closes.
    pub(super) database: Database,
}

impl Store {
    /// Makes a database in `dir` and closes it.
    pub(super) fn create(dir: &Path, settings: &Settings) -> Result<(), StorageError> {
        let failed = |error| failed("make the store", error);
        let database = builder(dir, settings).open().map_err(failed)?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(settings.write_buffer_bytes);
        // Entries do not change, so they are written to a file of their own once, and what is merged again and again
        // is only their keys.
        let apart =
            KvSeparationOptions::default().separation_threshold(64).compression(CompressionType::None);
        let [records, entries, token0, token1] = KEYSPACES;
        database.keyspace(entries, || options().with_kv_separation(Some(apart))).map_err(failed)?;
        for name in [records, token0, token1] {
            database.keyspace(name, options).map_err(failed)?;
        }
        Ok(())
    }

    /// Opens the database in `dir`.
    pub(super) fn open(dir: &Path, settings: &Settings, lost: Lost) -> Result<Self, StorageError> {
        let failed = |error| failed("read the files", error);
        let database = unless_it_panics("read the files", || builder(dir, settings).open().map_err(failed))?;
        // The database would make one that is missing, as if it had always been empty.
        if !KEYSPACES.iter().all(|name| database.keyspace_exists(name)) {
            return Err(StorageError::Damaged { operation: "read the files" });
        }
        let rows = |name| database.keyspace(name, KeyspaceCreateOptions::default).map_err(failed);
        let [records, entries, token0, token1] = KEYSPACES;
        Ok(Self {
            records: rows(records)?,
            entries: rows(entries)?,
            tokens: [rows(token0)?, rows(token1)?],
            view: Arc::new(RwLock::new(Arc::new(database.snapshot()))),
            lost,
            database,
        })
    }

    /// Stores a group without batches behind the batch `last`, and begins to write a table. Only while the store is opened.
    pub(super) fn write_table_with_empty_group(&self, last: u64) -> Result<(), StorageError> {
        let failed = |error| failed("begin a journal", error);
        let mut group = self.database.batch().durability(Some(PersistMode::SyncData));
        group.insert(&self.records, key::LAST_BATCH, journal::link(last, last));
        group.commit().map_err(failed)?;
        self.records.rotate_memtable().map_err(failed)?;
        Ok(())
    }

    /// Deletes a record. Where it may have been lost, that it is gone has to be known from then on.
    pub(super) fn remove_record(&self, group: &mut OwnedWriteBatch, row: impl AsRef<[u8]> + Into<UserKey>) {
        match self.lost.may_have(RECORDS, row.as_ref()) {
            true => group.insert(&self.records, row, DELETED),
            false => group.remove(&self.records, row),
        }
    }

    /// Asks whether an earlier write in the background has failed.
    pub(super) fn look_for_failure(&self) -> Result<(), StorageError> {
        self.database.persist(PersistMode::Buffer).map_err(|error| failed("probe", error))
    }

    /// Shows readers what was stored. Only for the committer, which stores nothing meanwhile.
    pub(super) fn show(&self) {
        let view = Arc::new(self.database.snapshot());
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn view(&self) -> Arc<Snapshot> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn get(
        &self,
        partition: &Partition,
        keys: &[Key],
    ) -> Result<Vec<Option<Value>>, StorageError> {
        let snapshot = self.view();
        let value = |key| Ok(self.framed("get", &snapshot, partition, key)?.map(value));
        unless_it_panics("get", || keys.iter().map(value).collect())
    }

    pub(super) fn counters(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<i64>, StorageError> {
        let snapshot = self.view();
        let number = |key| match self.framed("counters", &snapshot, partition, key)? {
            None => Ok(0),
            Some(framed) => count("counters", &framed.bytes),
        };
        unless_it_panics("counters", || keys.iter().map(number).collect())
    }

    fn framed(
        &self,
        operation: &'static str,
        snapshot: &Snapshot,
        partition: &Partition,
        key: &Key,
    ) -> Result<Option<Framed>, StorageError> {
        let row = key::record(partition, key)?;
        let read = stored(operation, snapshot, &self.records, &row)
            .and_then(|stored| self.unless_lost(operation, &row, stored))
            .and_then(|stored| stored.map(|stored| frame::decode(operation, &row, stored)).transpose());
        if let Err(StorageError::Damaged { .. }) = &read {
            self.tell_of_row("record", &self.records, &row);
        }
        read
    }

    /// What stands for a record: nothing also where it was deleted after it may have been lost, and damage where it may have
    /// been lost.
    fn unless_lost(
        &self,
        operation: &'static str,
        row: &[u8],
        stored: Option<Bytes>,
    ) -> Result<Option<Bytes>, StorageError> {
        match stored {
            Some(stored) => Ok(Some(stored).filter(|stored| stored != DELETED)),
            None if self.lost.may_have(RECORDS, row) => Err(StorageError::Damaged { operation }),
            None => Ok(None),
        }
    }

    pub(super) fn scan(
        &self,
        partition: &Partition,
        scan: &Scan,
    ) -> Result<Vec<(Bytes, Value)>, StorageError> {
        match unless_it_panics("scan", || self.scan_rows(partition, scan)) {
            Err(StorageError::Damaged { .. }) => self.scan_around(&self.view(), partition, scan),
            scanned => scanned,
        }
    }

    fn scan_rows(&self, partition: &Partition, scan: &Scan) -> Result<Vec<(Bytes, Value)>, StorageError> {
        let mut found = Vec::new();
        let Some((range, before_suffix)) = key::scan(partition, scan)? else { return Ok(found) };
        let mut rows = self.view().range(&self.records, range);
        for _ in 0..scan.skip {
            if (if scan.reverse { rows.next_back() } else { rows.next() }).is_none() {
                return Ok(found);
            }
        }
        while found.len() < scan.limit {
            let Some(guard) = (if scan.reverse { rows.next_back() } else { rows.next() }) else { break };
            let (row, stored) = guard.into_inner().map_err(|error| failed("scan", error))?;
            if stored == DELETED {
                continue;
            }
            let Ok(framed) = frame::decode("scan", &row, stored.into()) else {
                // It is missing for whom it is, and hides nobody else's.
                self.tell_of_row("record", &self.records, &row);
                continue;
            };
            found.push((Bytes::from(row).slice(before_suffix..), value(framed)));
        }
        Ok(found)
    }

    pub(super) fn read(&self, log: &Log, window: Window) -> Result<Vec<Entry>, StorageError> {
        match unless_it_panics("read", || self.read_rows(log, window)) {
            Err(StorageError::Damaged { .. }) => {
                let view = self.view();
                let of_log = key::of_log(&log.partition, &log.name)?;
                let first = window.from.max(self.trimmed("read", &view, &of_log)?.first);
                self.read_around(&view, &of_log, first, window)
            }
            read => read,
        }
    }

    fn read_rows(&self, log: &Log, window: Window) -> Result<Vec<Entry>, StorageError> {
        let mut found: Vec<Entry> = Vec::new();
        let first = window.from.max(Seq(1));
        if first > window.to {
            return Ok(found);
        }
        let view = self.view();
        let of_log = key::of_log(&log.partition, &log.name)?;
        // Begun where rows are left: those that were deleted before would have to be passed one by one.
        let trimmed = self.trimmed("read", &view, &of_log)?;
        let first = first.max(trimmed.first);
        if first > window.to {
            return Ok(found);
        }
        let (from, to) = (key::entry(of_log.clone(), first), key::entry(of_log.clone(), window.to));
        let mut rows = view.range(&self.entries, from..=to);
        while found.len() < window.limit {
            let Some(guard) = (if window.newest_first { rows.next_back() } else { rows.next() }) else {
                break;
            };
            let (row, stored) = guard.into_inner().map_err(|error| failed("read", error))?;
            let entry = decode_entry("read", &row, stored.into())?;
            // A log is dense, so a number that is missing is an entry that was lost.
            let dense = match found.last() {
                None => window.newest_first || entry.seq == first,
                Some(last) if window.newest_first => entry.seq.next() == last.seq,
                Some(last) => entry.seq == last.seq.next(),
            };
            if !dense {
                return Err(StorageError::Damaged { operation: "read" });
            }
            found.push(entry);
        }
        // The same at the edges of the window: it was to reach as far as the log does.
        let ran_out = found.len() < window.limit;
        let (low, high) = match window.newest_first {
            true => (found.last(), found.first()),
            false => (found.first(), found.last()),
        };
        let is_short_below = ran_out && low.is_some_and(|low| low.seq > first);
        let reached = high.map_or(first.previous(), |high| high.seq);
        let is_short_above = (ran_out || window.newest_first) && reached < window.to && {
            let behind = key::entry(of_log.clone(), window.to)..=key::entry(of_log.clone(), Seq(u64::MAX));
            let next = key::entry(of_log.clone(), reached.next());
            trimmed.end.seq > reached
                || self.lost.meets(ENTRIES, &next, &key::entry(of_log, window.to))
                || (window.to.0 < u64::MAX && view.range(&self.entries, behind).next().is_some())
        };
        if window.limit > 0 && (is_short_below || is_short_above) {
            return Err(StorageError::Damaged { operation: "read" });
        }
        Ok(found)
    }

    pub(super) fn log_end(&self, log: &Log) -> Result<LogEnd, StorageError> {
        self.head_of(&key::of_log(&log.partition, &log.name)?)
    }

    /// The end of the log whose rows begin with `log`.
    pub(super) fn head_of(&self, log: &[u8]) -> Result<LogEnd, StorageError> {
        let view = self.view();
        let read = unless_it_panics("end", || {
            let Trimmed { first, end } = self.trimmed("end", &view, log)?;
            let rows = key::entry(log.to_vec(), first)..=key::entry(log.to_vec(), Seq(u64::MAX));
            let last = view.range(&self.entries, rows).next_back();
            let last =
                last.map(fjall::Guard::into_inner).transpose().map_err(|error| failed("end", error))?;
            let reached = last.as_ref().and_then(|(row, _)| key::seq_of(row)).unwrap_or(end.seq);
            if self.may_have_lost_behind(log, reached) {
                return Err(StorageError::Damaged { operation: "end" });
            }
            let Some((row, stored)) = last else { return Ok(end) };
            let last = decode_entry("end", &row, stored.into())?;
            // A mark is ahead of the rows where the last of them could not be saved from damage.
            Ok(if last.seq < end.seq { end } else { LogEnd { seq: last.seq, at: last.at } })
        });
        match read {
            Err(StorageError::Damaged { .. }) => self.end_around(&view, log),
            read => read,
        }
    }

    /// Whether entries of a log may have been lost behind this one.
    pub(super) fn may_have_lost_behind(&self, log: &[u8], seq: Seq) -> bool {
        let behind = || key::entry(log.to_vec(), seq.next());
        let last = || key::entry(log.to_vec(), Seq(u64::MAX));
        // Seldom is anything lost at all.
        !self.lost.blocks().is_empty() && self.lost.meets(ENTRIES, &behind(), &last())
    }

    /// How far the log whose rows begin with `log` was trimmed.
    ///
    /// Where that is damaged, the rows that are there or may be lost say where it begins.
    pub(super) fn trimmed(
        &self,
        operation: &'static str,
        view: &Snapshot,
        log: &[u8],
    ) -> Result<Trimmed, StorageError> {
        let row = key::entry(log.to_vec(), Seq::ZERO);
        let mark = unless_it_panics(operation, || {
            match view.get(&self.entries, &row).map_err(|error| failed(operation, error))? {
                None if self.lost.may_have(ENTRIES, &row) => Err(StorageError::Damaged { operation }),
                None => Ok(Trimmed::NEVER),
                Some(stored) => Trimmed::decode(operation, &row, stored.into()),
            }
        });
        if !matches!(mark, Err(StorageError::Damaged { .. })) {
            return mark;
        }
        self.tell_of_row("entry", &self.entries, &row);
        let (low, high) = (key::entry(log.to_vec(), Seq(1)), key::entry(log.to_vec(), Seq(u64::MAX)));
        let rows = (Bound::Included(low), Bound::Included(high));
        let first = unless_it_panics(operation, || {
            let guard = view.range(&self.entries, rows.clone()).next();
            guard.map(|guard| guard.key().map_err(|error| failed(operation, error))).transpose()
        });
        let first = match first {
            // Of the same block, perhaps.
            Err(StorageError::Damaged { .. }) => self.edge_around(&self.entries, rows, false)?,
            first => first?,
        };
        let found = first.and_then(|row| key::seq_of(&row)).unwrap_or(Seq(1));
        Ok(Trimmed { first: self.first_there(view, log, found)?, ..Trimmed::NEVER })
    }

    /// How far the last stored group left the log trimmed. Only for the committer.
    pub(super) fn newest_trimmed(&self, log: &[u8]) -> Result<Trimmed, StorageError> {
        unless_it_panics("trim", || self.trimmed("trim", &self.view(), log))
    }

    pub(super) fn logs(&self, after: Option<Cursor>, limit: usize) -> Result<Logs, StorageError> {
        unless_it_panics("list the logs", || {
            let view = self.view();
            let mut page = Logs { logs: Vec::new(), next: after };
            while page.logs.len() < limit {
                let behind = key::logs_after(page.next.as_ref().map(|cursor| &cursor.0[..]));
                let first = unless_it_panics("list the logs", || {
                    let guard = view.range(&self.entries, behind.clone()).next();
                    guard.map(|guard| guard.key()).transpose().map_err(|error| failed("list the logs", error))
                });
                let first = match first {
                    Err(StorageError::Damaged { .. }) => self.edge_around(&self.entries, behind, false)?,
                    first => first?,
                };
                let Some(row) = first else {
                    page.next = None;
                    break;
                };
                let damaged = StorageError::Damaged { operation: "list the logs" };
                page.logs.push(key::log_of(&row).ok_or(damaged)?);
                page.next = Some(Cursor(Bytes::copy_from_slice(&row[..row.len() - 8])));
            }
            Ok(page)
        })
    }

    /// The record or count in `row`, as the last stored group left it.
    pub(super) fn newest(&self, row: &[u8]) -> Result<Option<Framed>, StorageError> {
        unless_it_panics("commit", || {
            let read = unless_it_panics("commit", || {
                let read = self.records.get(row).map_err(|error| failed("commit", error))?;
                Ok(read.map(Bytes::from))
            });
            let stored = match read {
                // Between two groups, which is when this is asked, the newest is what readers see.
                Err(StorageError::Damaged { .. }) => stored("commit", &self.view(), &self.records, row)?,
                read => read?,
            };
            let stored = self.unless_lost("commit", row, stored)?;
            stored.map(|stored| frame::decode("commit", row, stored)).transpose()
        })
    }
}

/// Reads. The database checks some of what it finds in its files with assertions;
/// one that fails concerns this read and must not end the store's thread.
pub(super) fn unless_it_panics<T>(
    operation: &'static str,
    read: impl FnOnce() -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(StorageError::Damaged { operation }))
}

/// The bytes of a row. Where a table cannot be asked whether it has the row, since its filter is damaged, it is looked
/// for as a range of one, which takes no filter.
pub(super) fn stored(
    operation: &'static str,
    view: &Snapshot,
    rows: &Keyspace,
    row: &[u8],
) -> Result<Option<Bytes>, StorageError> {
    let found = unless_it_panics(operation, || view.get(rows, row).map_err(|error| failed(operation, error)));
    if !matches!(found, Err(StorageError::Damaged { .. })) {
        return Ok(found?.map(Into::into));
    }
    unless_it_panics(operation, || {
        let Some(guard) = view.range(rows, row..=row).next() else { return Ok(None) };
        let value = guard.value().map_err(|error| failed(operation, error))?;
        Ok(Some(value.into()))
    })
}

pub(super) fn value(framed: Framed) -> Value {
    Value { version: Version(framed.number), bytes: framed.bytes }
}

pub(super) fn decode_entry(
    operation: &'static str,
    row: &[u8],
    stored: Bytes,
) -> Result<Entry, StorageError> {
    let framed = frame::decode(operation, row, stored)?;
    let seq = key::seq_of(row).ok_or(StorageError::Damaged { operation })?;
    Ok(Entry { seq, at: Millis(framed.number), bytes: framed.bytes })
}

/// The number that a count's record holds.
pub(super) fn count(operation: &'static str, bytes: &[u8]) -> Result<i64, StorageError> {
    let number = bytes.try_into().map_err(|_| StorageError::Failed {
        operation,
        reason: "the record at this key is not a count".into(),
    })?;
    Ok(i64::from_be_bytes(number))
}

/// What the database says when something it did in the background has failed; what that was, it tells only the log.
pub(super) const GAVE_UP: &str =
    "a write in the background has failed; the line of the log before this one says what";

/// Whether the database takes no write any more: it had not begun the one that was refused for this.
pub(super) fn gave_up(error: &StorageError) -> bool {
    matches!(error, StorageError::Failed { reason, .. } if reason == GAVE_UP)
}

/// The store's own error in the words of the contract.
pub(super) fn failed(operation: &'static str, error: fjall::Error) -> StorageError {
    use fjall::LsmError;
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => match error.kind() {
            _ if is_full(&error) => StorageError::Full { reason: format!("{operation}: {error}") },
            // A file that ends early, or holds what none of them holds.
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData => StorageError::Damaged { operation },
            _ => StorageError::Failed { operation, reason: error.to_string() },
        },
        fjall::Error::Poisoned => StorageError::Failed { operation, reason: GAVE_UP.to_owned() },
        fjall::Error::Storage(
            LsmError::ChecksumMismatch { .. }
            | LsmError::Decompress(_)
            | LsmError::InvalidTag(_)
            | LsmError::InvalidTrailer
            | LsmError::InvalidHeader(_),
        ) => StorageError::Damaged { operation },
        error => StorageError::Failed { operation, reason: error.to_string() },
    }
}

//! Reading around damage: what is whole on both sides of it stays within reach.
//!
//! A log is dense, so the rows of its entries are known without reading them, and each can be asked for alone. What the
//! database cannot give is one entry where a value is damaged, and those of one block (some dozens) where the damage is
//! among its keys.

use std::ops::{Bound, RangeBounds};
use std::path::Path;

use bytes::Bytes;
use fjall::{AbstractTree, Keyspace, Readable, Snapshot, UserKey};
use lsm_tree::{InternalValue, ValueType};
use protocol::id::{Millis, Seq};

use crate::storage::{Entry, LogEnd, Partition, Scan, StorageError, Value, Window};
use crate::telemetry::Sparing;

use super::frame;
use super::key::{self, Range};
use super::lost::DELETED;
use super::store::{ENTRIES, Store, decode_entry, failed, stored, unless_it_panics, value};
use super::trim::Trimmed;

/// How far an entry that is whole is looked for, to tell when one beside it was written.
const NEIGHBOURS: u64 = 64;

/// Numbers that must be there together to count as being there, see `last_there`.
const IN_A_ROW: u64 = 4;

/// Damaged blocks of a table that are passed over one after another.
const MOST_BLOCKS: usize = 1000;

/// No log is longer.
const MOST: u64 = 1 << 40;

pub(super) const DAMAGED: &str = "gateway_store_damaged_total";

/// One entry, as it can be read.
enum Found {
    Whole(Entry),
    /// It is there, and not whole.
    Damaged,
    /// There may have been one in a block that was lost or cannot be read.
    PerhapsLost,
    Nothing,
}

impl Store {
    /// What a window has from `first` on, with an entry without bytes in the place of each that cannot be read.
    pub(super) fn read_around(
        &self,
        view: &Snapshot,
        log: &[u8],
        first: Seq,
        window: Window,
    ) -> Result<Vec<Entry>, StorageError> {
        let last = window.to.min(self.end_around(view, log)?.seq);
        let count = (last.0 + 1).saturating_sub(first.0).min(window.limit as u64);
        let (from, to) = match window.newest_first {
            true => (last.0 + 1 - count, last.0),
            false => (first.0, first.0 + count.saturating_sub(1)),
        };
        let mut found: Vec<Entry> = Vec::new();
        if count == 0 {
            return Ok(found);
        }
        let mut at = None;
        for seq in (from..=to).map(Seq) {
            match self.find(view, log, seq)? {
                Found::Whole(entry) => {
                    at = Some(entry.at);
                    found.push(entry);
                }
                Found::Damaged | Found::PerhapsLost | Found::Nothing => {
                    self.tell(log, Some(seq));
                    let before = match at {
                        Some(at) => at,
                        None => self.time_beside(view, log, seq)?,
                    };
                    at = Some(before);
                    found.push(Entry { seq, at: before, bytes: Bytes::new() });
                }
            }
        }
        if window.newest_first {
            found.reverse();
        }
        Ok(found)
    }

    /// When an entry before `seq` was written, or else one behind it.
    fn time_beside(&self, view: &Snapshot, log: &[u8], seq: Seq) -> Result<Millis, StorageError> {
        let before = (seq.0.saturating_sub(NEIGHBOURS).max(1)..seq.0).rev();
        for beside in before.chain(seq.0 + 1..=seq.0 + NEIGHBOURS) {
            if let Found::Whole(entry) = self.find(view, log, Seq(beside))? {
                return Ok(entry.at);
            }
        }
        Ok(Millis(0))
    }

    /// The end of a log, also where its last entry, or the block that it lies in, is damaged. Never before the end that
    /// was acknowledged: no number is used twice.
    pub(super) fn end_around(&self, view: &Snapshot, log: &[u8]) -> Result<LogEnd, StorageError> {
        let trimmed = self.trimmed("end", view, log)?;
        let from = trimmed.end.seq.max(trimmed.first.previous());
        let rows = key::entry(log.to_vec(), trimmed.first)..=key::entry(log.to_vec(), Seq(u64::MAX));
        let last = unless_it_panics("end", || {
            let Some(guard) = view.range(&self.entries, rows).next_back() else { return Ok(None) };
            let row = guard.key().map_err(|error| failed("end", error))?;
            Ok(key::seq_of(&row))
        });
        let seq = match last {
            Ok(last) => {
                let last = last.unwrap_or(from).max(from);
                match self.may_have_lost_behind(log, last) {
                    true => self.last_there(view, log, trimmed, last)?,
                    false => last,
                }
            }
            Err(StorageError::Damaged { .. }) => {
                self.tell(log, None);
                let from = self.last_beside(view, log, from)?;
                self.last_there(view, log, trimmed, from)?
            }
            Err(error) => return Err(error),
        };
        if seq == trimmed.end.seq {
            return Ok(trimmed.end);
        }
        let at = match self.find(view, log, seq)? {
            Found::Whole(entry) => entry.at,
            _ => self.time_beside(view, log, seq)?.max(trimmed.end.at),
        };
        Ok(LogEnd { seq, at })
    }

    /// The first number that has an entry, or had one that may be lost, at or before `found`: the first one that is whole
    /// is not where a log begins whose first block is damaged.
    ///
    /// It may be too small, where entries that were trimmed are in a damaged block too, or a filter is wrong: rather is a
    /// number told of as damaged that is gone than one left out without a word.
    pub(super) fn first_there(&self, view: &Snapshot, log: &[u8], found: Seq) -> Result<Seq, StorageError> {
        let is_there = |seq: u64| -> Result<bool, StorageError> {
            for seq in seq..(seq + IN_A_ROW).min(found.0) {
                if matches!(self.find(view, log, Seq(seq))?, Found::Nothing) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        // The number 0 is no entry's.
        let (mut low, mut high, mut step) = (0, found.0, 1);
        while step < high {
            if !is_there(high - step)? {
                low = high - step;
                break;
            }
            high -= step;
            step *= 2;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if is_there(middle)? { high = middle } else { low = middle }
        }
        Ok(Seq(high))
    }

    /// The last number behind `from` whose row a table has beside its damaged blocks, or else `from`.
    fn last_beside(&self, view: &Snapshot, log: &[u8], from: Seq) -> Result<Seq, StorageError> {
        let low = Bound::Included(key::entry(log.to_vec(), from.next()));
        let high = Bound::Included(key::entry(log.to_vec(), Seq(u64::MAX)));
        let last = self.edge_around(&self.entries, (low, high), true)?.and_then(|row| key::seq_of(&row));
        match last {
            Some(last) if matches!(self.find(view, log, last)?, Found::Whole(_) | Found::Damaged) => Ok(last),
            // Deleted, or not there yet.
            _ => Ok(from),
        }
    }

    /// The last number that has an entry, at or behind `from`.
    ///
    /// It may be one too great, where a filter is wrong about the number behind the last one and the log has nothing that
    /// is newer than what may be lost: rather is a number left out than used twice.
    fn last_there(
        &self,
        view: &Snapshot,
        log: &[u8],
        trimmed: Trimmed,
        from: Seq,
    ) -> Result<Seq, StorageError> {
        // Without its filter a block may have any number, but none behind an entry that is newer than it.
        let written = self.when_written(log, trimmed, from);
        // A log is dense: with a number, all before it are there. A filter takes one that is not for one that is in a
        // hundred times, and hardly ever several in a row.
        let is_there = |seq: u64| -> Result<bool, StorageError> {
            for seq in (seq.saturating_sub(IN_A_ROW - 1).max(from.0 + 1)..=seq).rev().map(Seq) {
                let is_there = match (self.find(view, log, seq)?, written) {
                    (Found::Nothing, _) => false,
                    (Found::PerhapsLost, Some(written)) => {
                        self.can_be_lost(&key::entry(log.to_vec(), seq), written)?
                    }
                    _ => true,
                };
                if !is_there {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let (mut low, mut step) = (from.0, 1);
        while is_there(low + step)? {
            low += step;
            step *= 2;
            if low > MOST {
                return Err(StorageError::Damaged { operation: "end" });
            }
        }
        let mut high = low + step;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if is_there(middle)? { low = middle } else { high = middle }
        }
        self.without_what_cannot_be(view, log, trimmed, from, Seq(low))
    }

    /// `last`, or the last before it that an entry is known of, where none behind that can have been lost: a log is written
    /// in its order, so that nothing is behind an entry that is newer than all that a block had.
    fn without_what_cannot_be(
        &self,
        view: &Snapshot,
        log: &[u8],
        trimmed: Trimmed,
        from: Seq,
        last: Seq,
    ) -> Result<Seq, StorageError> {
        let mut known = last;
        while known > from && matches!(self.find(view, log, known)?, Found::PerhapsLost) {
            known = known.previous();
            if last.0 - known.0 >= IN_A_ROW {
                return Ok(last);
            }
        }
        let Some(written) = self.when_written(log, trimmed, known) else { return Ok(last) };
        for seq in (known.0 + 1..=last.0).map(Seq) {
            if !self.can_be_lost(&key::entry(log.to_vec(), seq), written)? {
                return Ok(seq.previous());
            }
        }
        Ok(last)
    }

    /// The sequence number at which an entry, or a later one, was written, where that can be told.
    fn when_written(&self, log: &[u8], trimmed: Trimmed, known: Seq) -> Option<u64> {
        if known == Seq::ZERO {
            return None;
        }
        // Where its row was dropped, the mark of that tells of it.
        let row = if trimmed.end.seq == known && trimmed.first > known { Seq::ZERO } else { known };
        self.sequence_of(&key::entry(log.to_vec(), row))
    }

    /// The sequence number of the newest version of a row of entries, where that can be read.
    fn sequence_of(&self, row: &[u8]) -> Option<u64> {
        let read = || {
            let item = self.entries.tree.get_internal_entry(row, u64::MAX);
            item.map_err(|error| failed("end", error.into()))
        };
        Some(unless_it_panics("end", read).ok()??.key.seqno)
    }

    /// Whether a row of entries that cannot be read may be one that was written at this sequence number or later.
    fn can_be_lost(&self, row: &[u8], written: u64) -> Result<bool, StorageError> {
        if self.lost.may_have_since(ENTRIES, row, written) {
            return Ok(true);
        }
        for table in self.entries.tree.current_version().iter_tables() {
            if table.get_highest_seqno() < written {
                continue;
            }
            let range = UserKey::from(row)..=UserKey::from(row);
            let found = unless_it_panics("end", || {
                let item = table.range(range).next().transpose();
                item.map_err(|error| failed("end", error.into()))
            });
            match found {
                Ok(None) => {}
                Ok(Some(_)) | Err(StorageError::Damaged { .. }) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// What a scan finds where blocks of the tables are damaged: the rows of all others.
    pub(super) fn scan_around(
        &self,
        view: &Snapshot,
        partition: &Partition,
        scan: &Scan,
    ) -> Result<Vec<(Bytes, Value)>, StorageError> {
        let mut found = Vec::new();
        let Some((mut range, before_suffix)) = key::scan(partition, scan)? else { return Ok(found) };
        let mut rows = view.range(&self.records, range.clone());
        let mut to_skip = scan.skip;
        while found.len() < scan.limit {
            let next = unless_it_panics("scan", || {
                let guard = if scan.reverse { rows.next_back() } else { rows.next() };
                guard.map(fjall::Guard::into_inner).transpose().map_err(|error| failed("scan", error))
            });
            let is_lost = next.is_err();
            let (row, read) = match next {
                Ok(None) => break,
                // Deleted, and it may have been lost before.
                Ok(Some((_, stored))) if stored == DELETED => continue,
                Ok(Some((row, stored))) => {
                    let read = frame::decode("scan", &row, stored.into());
                    (row, read.map(Some))
                }
                Err(StorageError::Damaged { .. }) => {
                    let edge = self.edge_around(&self.records, range.clone(), scan.reverse);
                    let Some(row) = edge? else { break };
                    let read = stored("scan", view, &self.records, &row);
                    let read = read.and_then(|stored| {
                        stored
                            .filter(|stored| stored != DELETED)
                            .map(|stored| frame::decode("scan", &row, stored))
                            .transpose()
                    });
                    (row, read)
                }
                Err(error) => return Err(error),
            };
            match scan.reverse {
                false => range.0 = Bound::Excluded(row.to_vec()),
                true => range.1 = Bound::Excluded(row.to_vec()),
            }
            if is_lost {
                rows = view.range(&self.records, range.clone());
            }
            match read {
                // Deleted, or not there yet.
                Ok(None) => {}
                _ if to_skip > 0 => to_skip -= 1,
                Ok(Some(framed)) => found.push((Bytes::from(row).slice(before_suffix..), value(framed))),
                Err(StorageError::Damaged { .. }) => self.tell_of_row("record", &self.records, &row),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The first row of a range, or the last one, that a table or the memory has. Its value may be damaged or deleted.
    ///
    /// Each table is asked by itself: an iterator over all of them loses its place in a table at the first damaged block,
    /// one of a single table goes on behind it. What is on its way from memory into a table is in neither, so that a
    /// row beside a damaged block may be missing for that moment.
    pub(super) fn edge_around(
        &self,
        rows: &Keyspace,
        (low, high): Range,
        is_last: bool,
    ) -> Result<Option<UserKey>, StorageError> {
        let memory = rows.tree.active_memtable();
        let range = (low.map(UserKey::from), high.map(UserKey::from));
        let mut edges = Vec::new();
        for table in rows.tree.current_version().iter_tables() {
            let mut items = table.range(range.clone());
            for _ in 0..MOST_BLOCKS {
                let next = unless_it_panics("scan", || {
                    let next = if is_last { items.next_back() } else { items.next() };
                    next.transpose().map_err(|error| failed("scan", error.into()))
                });
                match next {
                    Ok(None) => break,
                    Ok(Some(item)) => {
                        edges.push(item.key.user_key);
                        break;
                    }
                    Err(StorageError::Damaged { .. }) => tell_of_block(&table.path),
                    Err(error) => return Err(error),
                }
            }
        }
        let low = lowest(&range.0);
        let in_memory = memory.items.range(low.key..).map(|item| item.key().user_key.clone());
        // Of a row that the range begins behind, several versions may come first.
        let low = match &range.0 {
            Bound::Excluded(row) => Some(row.clone()),
            _ => None,
        };
        let mut in_range =
            in_memory.skip_while(|row| low.as_ref() == Some(row)).take_while(|row| range.contains(row));
        edges.extend(if is_last { in_range.last() } else { in_range.next() });
        Ok(if is_last { edges.into_iter().max() } else { edges.into_iter().min() })
    }

    fn find(&self, view: &Snapshot, log: &[u8], seq: Seq) -> Result<Found, StorageError> {
        let row = key::entry(log.to_vec(), seq);
        match unless_it_panics("read", || stored("read", view, &self.entries, &row)) {
            Ok(Some(stored)) => Ok(decode_entry("read", &row, stored).map_or(Found::Damaged, Found::Whole)),
            Ok(None) if self.lost.may_have(ENTRIES, &row) => Ok(Found::PerhapsLost),
            Ok(None) => Ok(Found::Nothing),
            Err(StorageError::Damaged { .. }) => Ok(Found::PerhapsLost),
            Err(error) => Err(error),
        }
    }
}

impl Store {
    /// Counts what was found damaged in a log and, once in a while, says where.
    fn tell(&self, log: &[u8], seq: Option<Seq>) {
        static LINES: Sparing = Sparing::new();
        metrics::counter!(DAMAGED).increment(1);
        if let Some(kept_back) = LINES.admit() {
            let row = key::entry(log.to_vec(), seq.unwrap_or(Seq(u64::MAX)));
            let partition = key::log_of(&row).map(|log| log.partition.to_string());
            tracing::error!(
                keyspace = "entry",
                file = files_of(&self.entries, &row),
                partition = partition.unwrap_or_default(),
                seq = seq.map(|seq| seq.0),
                kept_back,
                "a message is damaged; what stands around it is read on; see `gateway verify`"
            );
        }
    }

    /// The same for a row that belongs to no log.
    pub(super) fn tell_of_row(&self, keyspace: &'static str, rows: &Keyspace, row: &[u8]) {
        static LINES: Sparing = Sparing::new();
        metrics::counter!(DAMAGED).increment(1);
        if let Some(kept_back) = LINES.admit() {
            tracing::error!(
                keyspace,
                file = files_of(rows, row),
                partition = key::partition_of(row).map(|partition| partition.to_string()).unwrap_or_default(),
                row = %row.escape_ascii(),
                kept_back,
                "a record is damaged, and others are read on; see `gateway verify`"
            );
        }
    }
}

/// The same for the rows of a block, of which nobody knows which they are.
fn tell_of_block(table: &Path) {
    static LINES: Sparing = Sparing::new();
    metrics::counter!(DAMAGED).increment(1);
    if let Some(kept_back) = LINES.admit() {
        let file = table.display();
        tracing::error!(%file, kept_back, "a block of rows is damaged and passed over; see `gateway verify`");
    }
}

/// The files that have a row: the tables, and where its value is kept apart, that file.
fn files_of(rows: &Keyspace, row: &[u8]) -> String {
    let mut files = Vec::new();
    let range = UserKey::from(row)..=UserKey::from(row);
    for table in rows.tree.current_version().iter_tables() {
        let found = unless_it_panics("read", || Ok(table.range(range.clone()).next()));
        let value = match found {
            Ok(None) => continue,
            Ok(Some(Ok(item))) if item.key.value_type == ValueType::Indirection => Some(item.value),
            _ => None,
        };
        files.push(table.path.display().to_string());
        if let Some(number) = value.and_then(|value| file_apart(&value)) {
            let keyspace = table.path.parent().and_then(Path::parent);
            let file = keyspace.map(|keyspace| keyspace.join("blobs").join(number.to_string()));
            files.extend(file.map(|file| file.display().to_string()));
        }
    }
    files.join(", ")
}

/// Before every row in memory that is in a range which begins so.
fn lowest(low: &Bound<UserKey>) -> InternalValue {
    let row = match low {
        Bound::Included(row) | Bound::Excluded(row) => row.clone(),
        Bound::Unbounded => UserKey::from(&[][..]),
    };
    InternalValue::new_tombstone(row, u64::MAX)
}

/// The number of the file that has a value which is kept apart from its row, of what stands in the place of the value: an
/// offset, the number, a size.
fn file_apart(mut from: &[u8]) -> Option<u64> {
    let _offset = varint(&mut from)?;
    varint(&mut from)
}

/// Seven bits a byte, the least first; the last byte has no eighth.
pub(super) fn varint(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *from.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

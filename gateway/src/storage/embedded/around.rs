//! Reading around damage: what is whole on both sides of it stays within reach.
//!
//! A log is dense, so the rows of its entries are known without reading them, and each can be asked for alone. What the
//! database cannot give is one entry where a value is damaged, and those of one block (some dozens) where the damage is
//! among its keys.

use bytes::Bytes;
use fjall::{Readable, Snapshot};
use protocol::id::{Millis, Seq};

use crate::storage::{Entry, LogEnd, StorageError, Window};
use crate::telemetry::Sparing;

use super::key;
use super::store::{Store, decode_entry, failed, unless_it_panics};

/// How far an entry that is whole is looked for, to tell when one beside it was written.
const NEIGHBOURS: u64 = 64;

/// Numbers that must be there together to count as being there, see `last_there`.
const IN_A_ROW: u64 = 4;

/// No log is longer.
const MOST: u64 = 1 << 40;

const DAMAGED: &str = "gateway_store_damaged_total";

/// One entry, as it can be read.
enum Found {
    Whole(Entry),
    Damaged,
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
                Found::Damaged | Found::Nothing => {
                    tell(log, Some(seq));
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
            Ok(None) => return Ok(trimmed.end),
            Ok(Some(seq)) => seq.max(from),
            Err(StorageError::Damaged { .. }) => {
                tell(log, None);
                self.last_there(view, log, from)?
            }
            Err(error) => return Err(error),
        };
        let at = match self.find(view, log, seq)? {
            Found::Whole(entry) => entry.at,
            _ => self.time_beside(view, log, seq)?.max(trimmed.end.at),
        };
        Ok(LogEnd { seq, at })
    }

    /// The last number that has an entry, at or behind `from`.
    fn last_there(&self, view: &Snapshot, log: &[u8], from: Seq) -> Result<Seq, StorageError> {
        // A log is dense: with a number, all before it are there. A filter takes one that is not for one that is in a
        // hundred times, and hardly ever several in a row.
        let is_there = |seq: u64| -> Result<bool, StorageError> {
            for seq in (seq.saturating_sub(IN_A_ROW - 1).max(from.0 + 1)..=seq).rev() {
                if matches!(self.find(view, log, Seq(seq))?, Found::Nothing) {
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
        Ok(Seq(low))
    }

    fn find(&self, view: &Snapshot, log: &[u8], seq: Seq) -> Result<Found, StorageError> {
        let row = key::entry(log.to_vec(), seq);
        let found = unless_it_panics("read", || {
            let stored = view.get(&self.entries, &row).map_err(|error| failed("read", error))?;
            stored.map(|stored| decode_entry("read", &row, stored.into())).transpose()
        });
        match found {
            Ok(Some(entry)) => Ok(Found::Whole(entry)),
            Ok(None) => Ok(Found::Nothing),
            Err(StorageError::Damaged { .. }) => Ok(Found::Damaged),
            Err(error) => Err(error),
        }
    }
}

/// Counts what was found damaged and, once in a while, says where.
fn tell(log: &[u8], seq: Option<Seq>) {
    static LINES: Sparing = Sparing::new();
    metrics::counter!(DAMAGED).increment(1);
    if let Some(kept_back) = LINES.admit() {
        let partition =
            key::log_of(&key::entry(log.to_vec(), Seq::ZERO)).map(|log| log.partition.to_string());
        tracing::error!(
            keyspace = "entry",
            partition = partition.unwrap_or_default(),
            seq = seq.map(|seq| seq.0),
            kept_back,
            "a message is damaged; what stands around it is read on; see `gateway verify`"
        );
    }
}

/// The same for a row that belongs to no log.
pub(super) fn tell_of_row(keyspace: &'static str, row: &[u8]) {
    static LINES: Sparing = Sparing::new();
    metrics::counter!(DAMAGED).increment(1);
    if let Some(kept_back) = LINES.admit() {
        let row = String::from_utf8_lossy(row);
        tracing::error!(keyspace, %row, kept_back, "a record is damaged and passed over; see `gateway verify`");
    }
}

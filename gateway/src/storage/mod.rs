//! Where everything that was acknowledged is kept: the contract that an engine fulfils.
//!
//! A *partition* is one user, one group or one pair of users. It holds *records* (key → value with a version),
//! *counters* (key → number) and *logs* (dense sequences of immutable entries).
//! A [`Batch`] changes one partition; work over several partitions is a series of batches that may be repeated.
//!
//! Guarantees of every engine:
//!
//! * **Atomic.** A batch is stored whole or not at all, also when the machine dies in the middle.
//! * **Durable.** When [`Engine::commit`] returns `Ok`, a crash of the process or the machine does not undo it
//!   (on Redis: as far as the operator's persistence settings go).
//! * **Serial.** The batches of one partition take effect one after another; each sees the effects of those before it.
//!   A batch whose checks fail changes nothing.
//! * **Dense.** A log's sequence numbers are 1, 2, 3, … with no hole and none used twice;
//!   an entry and its number are stored together. Entry times never go backwards.
//!   A batch may append to several logs, and several times to one: its entries come in its order, those of one log with
//!   one number after the other and nobody else's between them.
//!   What is trimmed goes from the low end, so what is left is dense too, and the numbering goes on as if nothing had gone.
//! * **Read your writes.** A read begun after a commit returned sees it.
//! * **Announced after stored.** The events of a batch go to the bus after it is stored, in the order of the log
//!   within a partition; the events of a batch that is refused never go out.
//!   A crash between may lose an announcement, never a stored entry.
//!
//! `conformance.rs` is this text as code, run against every engine.

#[cfg(test)]
mod conformance;
pub mod embedded;
mod format;
pub mod records;
pub mod redis;
mod table;
mod ticket;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::id::{Millis, Seq};

use crate::bus::{Event, Topic};

pub use table::{Key, Log, Partition, Table};
pub use ticket::Ticket;

/// Bytes of batches that may wait for an engine, unless its settings say otherwise. Beyond them a batch is refused.
///
/// Letting it wait elsewhere instead would save nothing, since whoever waits holds the batch in memory, and would give up
/// the order of submission.
const MOST_WAITING: usize = 256 << 20;

/// The most entries that a batch may append; one that has more is refused.
pub const MOST_APPENDS: usize = 32;

/// How long the store remembers the key of [`Batch::idempotency_key`], at the least.
pub const IDEMPOTENCY_WINDOW: Duration = Duration::from_secs(600);

/// A stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Changes with every write; never the same for two writes, also after a deletion between them.
    pub version: Version,
    pub bytes: Bytes,
}

/// Tells one write of a record from every other. Opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub u64);

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: Seq,
    /// The batch's time, or the time of the entry before where that is later.
    pub at: Millis,
    pub bytes: Bytes,
}

/// Where a log ends: the last entry's number and time, zero for an empty log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogEnd {
    pub seq: Seq,
    pub at: Millis,
}

/// Which records a scan returns.
#[derive(Clone, Debug)]
pub struct Scan {
    pub table: Table,
    /// Only keys that begin so.
    pub prefix: Bytes,
    /// Only keys after this suffix (or before it, when `reverse`); the last key of a page gives the next page.
    pub after: Option<Bytes>,
    /// Passes over so many first. It costs little for each: they are not read.
    pub skip: usize,
    pub limit: usize,
    pub reverse: bool,
}

/// Which entries of a log a read returns: the numbers `from..=to`, at most `limit` of them.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub from: Seq,
    pub to: Seq,
    pub limit: usize,
    /// From `to` downwards; the limit then cuts the low end.
    pub newest_first: bool,
}

/// Some of a store's logs, and where the next ones are.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    pub logs: Vec<Log>,
    /// Nothing when these were the last. An engine may give a page without logs that has a next one.
    pub next: Option<Cursor>,
}

/// How far [`Engine::logs`] came. Opaque, and of use only to the engine that gave it, until it is closed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub Bytes);

/// What must hold when the batch is stored.
#[derive(Clone, Debug)]
pub struct Check {
    pub key: Key,
    pub expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Absent,
    Present,
    Version(Version),
}

/// Adds to a count. A count that was never touched is 0.
#[derive(Clone, Debug)]
pub struct Add {
    pub key: Key,
    pub delta: i64,
    /// The batch is refused when the sum would be greater.
    pub at_most: Option<i64>,
}

/// An entry at the end of a log of the batch's partition.
#[derive(Clone, Debug)]
pub struct Append {
    /// See [`Log::name`].
    pub log: Bytes,
    pub bytes: Bytes,
}

/// An event that goes out when the batch is stored.
#[derive(Clone, Debug)]
pub struct Announce {
    pub topic: Topic,
    pub event: Arc<Event>,
    /// Which of the batch's appends it tells of, see [`Batch::announce`].
    append: Option<usize>,
}

impl Announce {
    /// Of the batch's entries, the one it tells of.
    fn entry(&self, entries: &[LogEnd]) -> Option<LogEnd> {
        entries.get(self.append?).copied()
    }
}

/// A change of one partition: all of it or nothing.
#[derive(Clone, Debug)]
pub struct Batch {
    pub partition: Partition,
    /// The caller's clock: the time of the appended entries.
    pub at: Millis,
    /// A batch with the same key within [`IDEMPOTENCY_WINDOW`] on this partition is not carried out again:
    /// it is answered with what the first one was answered, before any check is made.
    pub idempotency_key: Option<Bytes>,
    pub checks: Vec<Check>,
    pub puts: Vec<(Key, Bytes)>,
    pub deletes: Vec<Key>,
    pub adds: Vec<Add>,
    /// In this order, at most [`MOST_APPENDS`].
    pub appends: Vec<Append>,
    /// Records that the first entry is found by: its number (8 bytes, big-endian) ends their suffixes.
    pub index: Vec<(Key, Bytes)>,
    /// In this order.
    pub announces: Vec<Announce>,
}

impl Batch {
    pub fn new(partition: Partition, at: Millis) -> Self {
        Self {
            partition,
            at,
            idempotency_key: None,
            checks: Vec::new(),
            puts: Vec::new(),
            deletes: Vec::new(),
            adds: Vec::new(),
            appends: Vec::new(),
            index: Vec::new(),
            announces: Vec::new(),
        }
    }

    #[must_use]
    pub fn idempotency_key(mut self, token: impl Into<Bytes>) -> Self {
        self.idempotency_key = Some(token.into());
        self
    }

    #[must_use]
    pub fn check(mut self, key: Key, expected: Expected) -> Self {
        self.checks.push(Check { key, expected });
        self
    }

    #[must_use]
    pub fn put(mut self, key: Key, bytes: impl Into<Bytes>) -> Self {
        self.puts.push((key, bytes.into()));
        self
    }

    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.deletes.push(key);
        self
    }

    #[must_use]
    pub fn add(mut self, key: Key, delta: i64, at_most: Option<i64>) -> Self {
        self.adds.push(Add { key, delta, at_most });
        self
    }

    #[must_use]
    pub fn append(mut self, log: impl Into<Bytes>, bytes: impl Into<Bytes>) -> Self {
        self.appends.push(Append { log: log.into(), bytes: bytes.into() });
        self
    }

    /// Puts a record that the first entry of the batch is found by: `key`, its suffix ended by the entry's number.
    #[must_use]
    pub fn index(mut self, key: Key, bytes: impl Into<Bytes>) -> Self {
        self.index.push((key, bytes.into()));
        self
    }

    /// An event tells of the entry that was appended last before it, whose number and time it carries; it carries none
    /// when nothing was appended before it. So a message is appended and announced, and what goes into other logs in
    /// the same step comes after that.
    #[must_use]
    pub fn announce(mut self, topic: Topic, event: impl Into<Arc<Event>>) -> Self {
        let append = self.appends.len().checked_sub(1);
        self.announces.push(Announce { topic, event: event.into(), append });
        self
    }
}

/// What a stored batch brought about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Numbers and times of the entries, in the order of [`Batch::appends`].
    pub entries: Vec<LogEnd>,
    /// The sums after [`Batch::adds`], in their order.
    pub counters: Vec<i64>,
    /// True when the key of [`Batch::idempotency_key`] was known: nothing was changed or announced now.
    pub repeated: bool,
}

impl Committed {
    /// The first entry, which is the only one of most batches; zero when nothing was appended.
    pub fn entry(&self) -> LogEnd {
        self.entries.first().copied().unwrap_or_default()
    }
}

/// Why a batch was not stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// A check failed: read again and decide anew. The index is that of the first failed check.
    #[error("check {0} of the batch failed")]
    Conflict(usize),
    /// A count would pass its bound. The index is that of the first such [`Add`].
    #[error("count {0} of the batch would pass its bound")]
    Bound(usize),
    /// Whether the batch is stored is not known when the store failed while it was writing.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The store could not do its work.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    #[error("{operation}: {reason}")]
    Failed { operation: &'static str, reason: String },
    /// A record's checksum does not fit: the file was damaged outside this program.
    #[error("{operation}: the record is damaged")]
    Damaged { operation: &'static str },
    /// The bytes of a record are those that were written, and not one.
    #[error("read a record: {reason}")]
    Unreadable { reason: String },
    /// There is no room on the disk, or too little. Nothing was stored; later it may be.
    #[error("there is no room: {reason}")]
    Full { reason: String },
    /// The store is shutting down or was stopped by an earlier failed write.
    #[error("the store is closed")]
    Closed,
    /// No answer within the engine's deadline.
    #[error("{operation}: timed out")]
    TimedOut { operation: &'static str },
}

impl StorageError {
    /// A batch has records that an entry is to be found by, and none.
    fn nothing_to_index() -> Self {
        StorageError::Failed { operation: "commit", reason: "the batch has an index and no entry".to_owned() }
    }

    /// So many bytes wait already that nothing more is taken. Nothing was stored.
    fn overloaded(most: usize) -> Self {
        let reason = format!("{} KiB already wait to be stored", most >> 10);
        StorageError::Failed { operation: "commit", reason }
    }

    /// A batch has more than [`MOST_APPENDS`].
    fn too_many_appends() -> Self {
        StorageError::Failed { operation: "commit", reason: "the batch has too many appends".to_owned() }
    }
}

/// A store. See the guarantees at the top of this module.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// The records at `keys`, in their order, as they stood at one moment.
    async fn get(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<Option<Value>>, StorageError>;

    /// The number at each of `keys`, 0 where it was never touched.
    async fn counters(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<i64>, StorageError>;

    /// Records in the order of their suffixes.
    async fn scan(&self, partition: &Partition, scan: Scan) -> Result<Vec<(Bytes, Value)>, StorageError>;

    /// Entries of a log. One whose bytes were damaged outside this program, or are gone, stands there without any, at the
    /// time of one beside it. Of a window that begins before what is left after a [`trim`](Engine::trim), those that are left:
    /// the limit counts from the first of them.
    async fn read(&self, log: &Log, window: Window) -> Result<Vec<Entry>, StorageError>;

    /// The end of a log: the last entry that was ever appended, also when it was trimmed.
    async fn log_end(&self, log: &Log) -> Result<LogEnd, StorageError>;

    /// Sends a batch on its way. The ticket is answered when the batch is stored and its events are announced.
    ///
    /// Batches of one partition are stored in the order of these calls, which return at once: nothing is awaited in them,
    /// so whoever submits under a lock gives the order. A batch that cannot be taken is refused by its ticket.
    fn submit(&self, batch: Batch) -> Ticket;

    /// Submits a batch and waits for what becomes of it.
    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        self.submit(batch).await
    }

    /// Frees what an ended life of a partition left behind: every record of `tables` whose suffix begins with `prefix`,
    /// and the log named `prefix`, which is then as if it never was. May be repeated; ends with nothing left when it returns `Ok`.
    async fn purge(&self, partition: &Partition, tables: &[Table], prefix: Bytes)
    -> Result<(), StorageError>;

    /// Some logs of the whole store, of all applications; from the beginning, or from where the page before ended.
    /// `limit`, at least 1, is about how many; an engine may give somewhat more or less.
    ///
    /// A walk to the end gives every log that had entries from its beginning to its end. It may give a log twice, one
    /// that began meanwhile, and one that has no entries any more because they were trimmed; never one that was purged
    /// before it began. There is no order that means anything.
    async fn logs(&self, after: Option<Cursor>, limit: usize) -> Result<Logs, StorageError>;

    /// Drops the entries of a log that have numbers below `first_kept`, for good: no read finds them afterwards, also
    /// after a crash. A number beyond the end drops all entries that there are, and none that come later.
    ///
    /// The end stays what it was, also when nothing is left, and also when the store is opened anew: the next entry
    /// has the next number, and its time does not go backwards. A log without entries stays one, with end 0.
    /// Records, counters and answers to tokens stay as they are.
    ///
    /// It goes on in slices, from the low end, and stands in no order with batches. Whoever reads meanwhile finds a
    /// dense rest that ends with the end. May be repeated and called by several at once: the greatest number counts.
    /// When it fails or is dropped, what is left is a log that was trimmed less far, and it may go on in the
    /// background.
    async fn trim(&self, log: &Log, first_kept: Seq) -> Result<(), StorageError>;

    /// Whether the store takes writes now; the reason in words where it does not.
    async fn health(&self) -> Result<(), StorageError>;

    /// Another number than before means that the store may be another, or an older state of itself, so that versions and
    /// numbers may come a second time: what is kept in memory of the store belongs to the number under which it was read.
    /// An engine that nobody else can write to has only one.
    fn epoch(&self) -> u64 {
        0
    }

    /// Waits for what is under way and closes the files. Later calls give [`StorageError::Closed`].
    async fn close(&self) -> Result<(), StorageError>;
}

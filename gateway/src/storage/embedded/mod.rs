//! The engine of a single node: a database in a directory, written by one thread.
//!
//! | file | what it is |
//! |---|---|
//! | `key`, `frame` | how keys and values are written |
//! | `store` | the open database and the reads |
//! | `around` | how damage is read around |
//! | `queue`, `committer`, `group_commit` | how batches become a group, and a group one write |
//! | `ends`, `trim`, `tokens` | where logs end; where they begin; which batches were carried out before |
//! | `directory`, `journal`, `manifest`, `watermark` | what is checked when a store is opened |
//! | `space` | room on the disk, and what happens without it |
//! | `mend`, `lost` | damaged files that the database gives up at; what was lost with them |
//! | `restore` | damaged journals and lists of tables, at the start |
//! | `verify`, `salvage`, `pieces` | what is damaged of a store that is not in use; a new one of what is whole |
//! | `rotation` | a new journal at each opening, where that is set |
//!
//! A group is one write of the database, synced before any of its batches is announced or answered.
//! After a crash a store holds all groups that were synced and perhaps the one that was being written, whole.
//!
//! Damage, which is what no crash does, is met in one of two places. Opening mends (see `restore.rs`), or where it cannot be
//! told what is lost refuses, and says what to do: when a journal is unreadable before its end or is missing, when a list of
//! tables is not the one that was written, or when batches are missing that the watermark says were acknowledged. Reading gives what is whole: an entry without
//! bytes where a checksum does not fit or a number of a log is missing, a scan without a damaged record, and
//! [`StorageError::Damaged`] for a record that was asked for. Files at which the database itself gives up, when it opens or
//! merges them, are written anew without the damage (see `mend.rs`).
//! What is not noticed: after a store was not closed, that the oldest of several journals is missing, unless what was in
//! it shows; after the machine (not only the process) died, the watermark may lag by what the kernel had
//! not written yet, usually half a minute, and damage to the journal's end is then taken for a torn write as far as
//! the lag goes; and all files put back to an older moment together look like that moment.

mod around;
mod committer;
mod directory;
mod frame;
mod group_commit;
mod idempotency;
mod journal;
mod key;
mod log_ends;
mod lost;
mod manifest;
mod mend;
mod pieces;
mod queue;
mod restore;
mod rotation;
mod salvage;
mod space;
mod store;
#[cfg(test)]
mod tests;
mod trim;
mod verify;
mod watermark;

#[cfg(feature = "internals")]
pub use frame::read_row;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::id::{AppId, Seq};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::bus::LocalBus;

use self::committer::{Committer, Rows};
use self::directory::{Directory, Identity};
use self::idempotency::IdempotencyKeys;
use self::key::Range;
use self::log_ends::LogEnds;
use self::mend::Found;
use self::queue::{Job, Phase, Queue};
use self::space::Space;
use self::store::Store;
use self::watermark::Watermark;
use super::{
    Batch, Cursor, Engine, Entry, Key, Log, LogEnd, Logs, MOST_WAITING, Partition, Scan, StorageError, Table,
    Ticket, Value, Window,
};

pub use self::salvage::salvage;
pub use self::verify::{Report, verify};

/// How long [`Engine::health`] waits for an answer of the store's thread.
const PROBE: Duration = Duration::from_secs(5);

/// What a task pays one step for, of the 128 that tokio lets it take in one turn. What is read is decoded, too, at ten
/// microseconds for so many rows or bytes: a turn takes a millisecond or two.
const ROWS_OF_A_STEP: usize = 16;
const BYTES_OF_A_STEP: usize = 4096;

/// What is left free on the disk unless the settings say otherwise.
pub const MIN_FREE_BYTES: u64 = 256 << 20;

/// How often it is looked whether the disk has room and the directory is still there.
const LOOK: Duration = Duration::from_millis(500);

/// What the engine may use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Data that is gathered in memory before it is sorted into files. There are several such buffers.
    /// Fixed when a store is made.
    pub write_buffer_bytes: u64,
    /// Blocks of those files that are kept in memory.
    pub cache_bytes: u64,
    /// Files that are kept open to be read again.
    pub cached_files: usize,
    /// Idempotency keys of [`Batch::idempotency_key`] that are indexed in memory, at about 50 bytes each; more of them cost time.
    pub idempotency_keys_in_memory: usize,
    /// Bytes of batches that may wait for the disk; one more is refused.
    pub most_waiting: usize,
    /// Batches are refused while less is free on the disk; 0 is never. What is left then is for what the database does
    /// in the background.
    pub min_free_bytes: u64,
    /// Begin a new journal when a store is opened, see `rotation.rs`. It reaches into the database's own files.
    pub rotate_journal: bool,
}

impl Default for Settings {
    fn default() -> Self {
        // That many tokens take 7,000 messages a second for ten minutes.
        Self {
            write_buffer_bytes: 32 << 20,
            cache_bytes: 64 << 20,
            cached_files: 900,
            idempotency_keys_in_memory: 4_000_000,
            most_waiting: MOST_WAITING,
            min_free_bytes: MIN_FREE_BYTES,
            rotate_journal: false,
        }
    }
}

impl Settings {
    /// Whether there is room for more than what must be written.
    fn has_room(&self, directory: &Path) -> bool {
        Space::new(directory, self.min_free_bytes).refusal().is_none()
    }
}

/// The embedded engine. Dropping it lets the queue run dry in the background; [`Engine::close`] waits for that.
pub struct Embedded {
    queue: Arc<Queue>,
    /// Gone when the store is closed. Held for the time of one read.
    open: Arc<RwLock<Option<Open>>>,
    space: Arc<Space>,
    ended: watch::Receiver<Ended>,
}

/// What is let go when the store closes, in this order.
struct Open {
    /// Gone while it is opened anew, and when that failed for want of room.
    store: Option<Store>,
    directory: Directory,
}

impl Open {
    fn store(&self) -> Result<&Store, StorageError> {
        let reopening = || StorageError::Full { reason: "the store could not be opened anew yet".to_owned() };
        self.store.as_ref().ok_or_else(reopening)
    }
}

#[derive(Clone, Debug)]
enum Ended {
    Running,
    Closed,
    Failed(StorageError),
}

impl Embedded {
    /// Opens the store in `dir`, or makes one there, and starts its thread. Events of stored batches go to `bus`.
    ///
    /// Blocks while the journal is read back. Errors: another process has the store open; the files were damaged.
    #[cfg(any(test, feature = "internals"))]
    pub fn open(dir: &Path, bus: LocalBus) -> Result<Self, StorageError> {
        Self::open_with(dir, bus, &Settings::default())
    }

    /// Opens the store with these settings, see `Embedded::open`.
    pub fn open_with(dir: &Path, bus: LocalBus, settings: &Settings) -> Result<Self, StorageError> {
        let directory = Directory::lock(dir)?;
        let (store, watermark, last) = directory.open_mending(settings)?;
        let space = Arc::new(Space::new(dir, settings.min_free_bytes));
        if let Some(error) = space.refusal() {
            tracing::error!(%error, "the store can be read; nothing is stored until there is more room");
        }
        let identity = directory.identity()?;
        let queue = Arc::new(Queue::new(settings.most_waiting));
        let committer = Committer {
            queue: queue.clone(),
            tokens: IdempotencyKeys::load(&store, settings.idempotency_keys_in_memory)?,
            ends: LogEnds::default(),
            store: store.clone(),
            bus: bus.clone(),
            watermark,
            last,
        };
        let open = Arc::new(RwLock::new(Some(Open { store: Some(store), directory })));
        let (end, ended) = watch::channel(Ended::Running);
        // Dropped with the store's thread, which ends the one that looks.
        let (running, stopped) = mpsc::channel();
        let thread = StoreThread {
            queue: queue.clone(),
            open: open.clone(),
            space: space.clone(),
            settings: settings.clone(),
            bus,
            end: end.clone(),
            _running: running,
        };
        let lookout = Lookout {
            queue: queue.clone(),
            open: open.clone(),
            space: space.clone(),
            identity,
            end,
            stopped,
        };
        let failed = |error: std::io::Error| StorageError::Failed {
            operation: "start the store",
            reason: error.to_string(),
        };
        thread::Builder::new().name("store-lookout".into()).spawn(move || lookout.run()).map_err(failed)?;
        thread::Builder::new().name("store".into()).spawn(move || thread.run(committer)).map_err(failed)?;
        Ok(Self { queue, open, space, ended })
    }

    /// Overwrites a record with something that is none, as if its bytes had been damaged.
    #[cfg(any(test, feature = "internals"))]
    pub fn spoil(&self, partition: &Partition, key: &Key) -> Result<(), StorageError> {
        let row = key::record(partition, key)?;
        self.read(|store| {
            let written = store.records.insert(row, "not what was written");
            store.show();
            written.map_err(|error| store::failed("spoil", error))
        })
    }

    /// Waits for a failed write, after which nothing can be stored and the process should stop.
    /// Does not return while the store works, nor after it was closed.
    pub async fn failed(&self) -> StorageError {
        let mut ended = self.ended.clone();
        if let Ok(ended) = ended.wait_for(|ended| matches!(ended, Ended::Failed(_))).await
            && let Ended::Failed(error) = &*ended
        {
            return error.clone();
        }
        std::future::pending().await
    }

    // Reads run on the caller's thread: a record takes half a microsecond, a page of twenty entries five to forty,
    // and to hand a read to another thread takes as long. What is not in the kernel's memory takes as long as the
    // disk takes, during which this thread of the runtime does nothing else.
    fn read<T>(&self, read: impl FnOnce(&Store) -> Result<T, StorageError>) -> Result<T, StorageError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        read(open.as_ref().ok_or(StorageError::Closed)?.store()?)
    }

    /// Lets others have their turn when this task has read so much. Reads never wait, so a call that makes many of them
    /// one after another, or reads many rows at once, would hold its thread until it is done.
    ///
    /// It takes from what tokio lets a task do in one turn, so a call that reads little is not interrupted.
    async fn pay(rows: usize, bytes: usize) {
        for _ in 0..=rows / ROWS_OF_A_STEP + bytes / BYTES_OF_A_STEP {
            tokio::task::consume_budget().await;
        }
    }

    /// Gives the store's thread a job and waits for its answer.
    async fn ask<T>(
        &self,
        app: Option<AppId>,
        job: impl FnOnce(queue::Reply<T>) -> Job,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(app, job(reply))?;
        // The thread answers every job it took; a reply that is dropped means that the thread is gone.
        answer.await.unwrap_or(Err(StorageError::Closed))
    }

    async fn purge_rows(&self, app: AppId, rows: Rows, range: Range) -> Result<(), StorageError> {
        let mut left = Some(range);
        while let Some(range) = left {
            left = self.ask(Some(app), |reply| Job::Purge { rows, range, reply }).await?;
        }
        Ok(())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.queue.close();
    }
}

#[async_trait]
impl Engine for Embedded {
    async fn get(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<Option<Value>>, StorageError> {
        let values = self.read(|store| store.get(partition, keys))?;
        Self::pay(keys.len(), values.iter().flatten().map(|value| value.bytes.len()).sum()).await;
        Ok(values)
    }

    async fn counters(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<i64>, StorageError> {
        let counts = self.read(|store| store.counters(partition, keys))?;
        Self::pay(keys.len(), 0).await;
        Ok(counts)
    }

    async fn scan(&self, partition: &Partition, scan: Scan) -> Result<Vec<(Bytes, Value)>, StorageError> {
        let rows = self.read(|store| store.scan(partition, &scan))?;
        Self::pay(scan.skip + rows.len(), rows.iter().map(|(_, value)| value.bytes.len()).sum()).await;
        Ok(rows)
    }

    async fn read(&self, log: &Log, window: Window) -> Result<Vec<Entry>, StorageError> {
        let entries = self.read(|store| store.read(log, window))?;
        Self::pay(entries.len(), entries.iter().map(|entry| entry.bytes.len()).sum()).await;
        Ok(entries)
    }

    async fn log_end(&self, log: &Log) -> Result<LogEnd, StorageError> {
        let end = self.read(|store| store.log_end(log))?;
        Self::pay(1, 0).await;
        Ok(end)
    }

    fn submit(&self, batch: Batch) -> Ticket {
        if let Some(error) = self.space.refusal() {
            return Ticket::refused(error);
        }
        let (reply, answer) = oneshot::channel();
        match self.queue.push(Some(batch.partition.app()), Job::Commit { batch, reply }) {
            Ok(()) => Ticket::under_way(answer),
            Err(error) => Ticket::refused(error),
        }
    }

    async fn purge(
        &self,
        partition: &Partition,
        tables: &[Table],
        prefix: Bytes,
    ) -> Result<(), StorageError> {
        for &table in tables {
            let scan = Scan {
                table,
                prefix: prefix.clone(),
                after: None,
                skip: 0,
                limit: usize::MAX,
                reverse: false,
            };
            if let Some((range, _)) = key::scan(partition, &scan)? {
                self.purge_rows(partition.app(), Rows::Records, range).await?;
            }
        }
        let log = Log { partition: partition.clone(), name: prefix };
        let (first, last) = key::entries(&log, Seq::ZERO, Seq(u64::MAX))?;
        let range = (std::ops::Bound::Included(first), std::ops::Bound::Included(last));
        self.purge_rows(partition.app(), Rows::Entries, range).await
    }

    async fn logs(&self, after: Option<Cursor>, limit: usize) -> Result<Logs, StorageError> {
        let logs = self.read(|store| store.logs(after, limit))?;
        Self::pay(logs.logs.len(), 0).await;
        Ok(logs)
    }

    async fn trim(&self, log: &Log, first_kept: Seq) -> Result<(), StorageError> {
        let (app, log) = (Some(log.partition.app()), key::of_log(&log.partition, &log.name)?);
        while !self.ask(app, |reply| Job::Trim { log: log.clone(), first_kept, reply }).await? {}
        Ok(())
    }

    async fn health(&self) -> Result<(), StorageError> {
        self.queue.health()?;
        if let Some(error) = self.space.refusal() {
            return Err(error);
        }
        let probe = self.ask(None, |reply| Job::Probe { reply });
        timeout(PROBE, probe).await.unwrap_or(Err(StorageError::TimedOut { operation: "probe" }))
    }

    async fn close(&self) -> Result<(), StorageError> {
        if !self.queue.close() {
            return Err(StorageError::Closed);
        }
        let mut ended = self.ended.clone();
        match ended.wait_for(|ended| !matches!(ended, Ended::Running)).await.as_deref() {
            Ok(Ended::Failed(error)) => Err(error.clone()),
            _ => Ok(()),
        }
    }
}

/// What the store's thread leaves behind when it ends, however it ends.
struct StoreThread {
    queue: Arc<Queue>,
    open: Arc<RwLock<Option<Open>>>,
    space: Arc<Space>,
    settings: Settings,
    bus: LocalBus,
    end: watch::Sender<Ended>,
    _running: mpsc::Sender<()>,
}

impl StoreThread {
    fn run(self, committer: Committer) {
        match self.work(committer) {
            Ok(watermark) => {
                let directory = self.let_go();
                if let (Some(directory), Some(watermark)) = (directory, watermark) {
                    directory.note_journals(&watermark);
                }
                self.queue.end(Phase::Closed);
                self.end.send_replace(Ended::Closed);
            }
            Err(error) => {
                // First of all nobody may wait any longer: to close the files of a broken disk may take forever.
                self.queue.end(Phase::Failed(error.clone()));
                self.end.send_replace(Ended::Failed(error));
                drop(self.let_go());
            }
        }
    }

    /// Stores until the store is closed, over times without room too. Gives the watermark, unless it ended without room.
    fn work(&self, mut committer: Committer) -> Result<Option<Watermark>, StorageError> {
        let mut was_full = false;
        loop {
            let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| committer.run()));
            let end = end.unwrap_or_else(|_| {
                let reason = "the store's thread panicked".into();
                Err(StorageError::Failed { operation: "commit", reason })
            });
            let reason = match (end, self.queue.failure()) {
                // The lookout has found something.
                (_, Some(failure)) => return Err(failure),
                (Ok(()), None) => return Ok(Some(committer.into_watermark())),
                (Err(StorageError::Full { reason }), None) => reason,
                (Err(StorageError::Failed { operation, reason }), None) if reason == store::GAVE_UP => {
                    // A lack of room is the likely reason, once.
                    let is_full = self.space.was_tight();
                    if !is_full || was_full {
                        let last = committer.last;
                        let found = self.find_damaged()?;
                        if !found.is_empty() {
                            drop(committer);
                            committer = match self.mend(&found, last) {
                                // It gives up again when it is open, and then this is tried again.
                                Err(StorageError::Full { reason }) => {
                                    self.space.fill(&reason);
                                    match self.wait_for_room(&StorageError::Full { reason }, last)? {
                                        Some(reopened) => reopened,
                                        None => return Ok(None),
                                    }
                                }
                                mended => mended?,
                            };
                            continue;
                        }
                        if !is_full {
                            return Err(StorageError::Failed { operation, reason });
                        }
                    }
                    was_full = true;
                    format!("{operation}: {reason}")
                }
                (Err(error), None) => return Err(error),
            };
            self.space.fill(&reason);
            let last = committer.last;
            // With its hold on the store, which is read on.
            drop(committer);
            match self.wait_for_room(&StorageError::Full { reason }, last)? {
                Some(reopened) => committer = reopened,
                None => return Ok(None),
            }
        }
    }

    /// Refuses everything until there is room and the store is open anew; nothing when it is closed before that.
    fn wait_for_room(&self, refusal: &StorageError, last: u64) -> Result<Option<Committer>, StorageError> {
        while self.queue.refuse_for(LOOK, refusal) {
            if !self.space.has_room() {
                continue;
            }
            match self.reopen(last) {
                Ok(committer) => {
                    self.space.clear();
                    return Ok(Some(committer));
                }
                Err(StorageError::Full { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.queue.failure().map_or(Ok(None), Err)
    }

    /// Why the database gave up, if that is damage. Reads go on, and what is to be stored waits.
    fn find_damaged(&self) -> Result<Vec<Found>, StorageError> {
        self.queue.pause();
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let directory = &open.as_ref().ok_or(StorageError::Closed)?.directory;
        directory.note_that_it_gave_up();
        directory.find_damaged()
    }

    /// Closes the database, mends its files, and opens it anew. Reads are refused meanwhile.
    fn mend(&self, found: &[Found], last: u64) -> Result<Committer, StorageError> {
        let closed = {
            let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
            open.as_mut().and_then(|open| open.store.take())
        };
        // It comes after a failure that may have left anything behind.
        let mended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            drop(closed);
            let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
            open.as_ref().ok_or(StorageError::Closed)?.directory.mend(found)
        }));
        let panicked = |_| {
            let reason = "the database could not be closed".to_owned();
            Err(StorageError::Failed { operation: "mend the store", reason })
        };
        mended.unwrap_or_else(panicked)?;
        let committer = self.reopen(last)?;
        tracing::warn!("the store was mended, and goes on");
        Ok(committer)
    }

    /// Opens the store anew. Who reads waits meanwhile.
    fn reopen(&self, last: u64) -> Result<Committer, StorageError> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let Some(Open { store: held, directory }) = &mut *open else { return Err(StorageError::Closed) };
        drop(held.take());
        let (store, watermark, last) = directory.open(&self.settings, Some(last))?;
        let tokens = IdempotencyKeys::load(&store, self.settings.idempotency_keys_in_memory)?;
        *held = Some(store.clone());
        drop(open);
        Ok(Committer {
            queue: self.queue.clone(),
            store,
            bus: self.bus.clone(),
            tokens,
            ends: LogEnds::default(),
            watermark,
            last,
        })
    }

    /// Waits for the reads under way and closes the files. The directory is still locked.
    fn let_go(&self) -> Option<Directory> {
        let open = self.open.write().unwrap_or_else(PoisonError::into_inner).take();
        let Open { store, directory } = open?;
        drop(store);
        Some(directory)
    }
}

/// Looks at what happens to the store from outside, on a thread of its own: the store's thread may hang on the disk.
struct Lookout {
    queue: Arc<Queue>,
    open: Arc<RwLock<Option<Open>>>,
    space: Arc<Space>,
    identity: Identity,
    end: watch::Sender<Ended>,
    stopped: mpsc::Receiver<()>,
}

impl Lookout {
    fn run(self) {
        while let Err(mpsc::RecvTimeoutError::Timeout) = self.stopped.recv_timeout(LOOK) {
            self.space.look();
            self.queue.probe_if_idle();
            if let Err(error) = self.identity.check().and_then(|()| self.look_for_hang()) {
                // Nobody may wait for the store's thread, which may never come back.
                self.queue.end(Phase::Failed(error.clone()));
                self.end.send_replace(Ended::Failed(error));
                return;
            }
        }
    }

    /// The database waits for its tables for ever once it has failed to write one.
    fn look_for_hang(&self) -> Result<(), StorageError> {
        if !self.queue.is_stalled() {
            return Ok(());
        }
        let Ok(open) = self.open.try_read() else { return Ok(()) };
        let Some(Open { store: Some(store), directory }) = &*open else { return Ok(()) };
        store.look_for_failure().inspect_err(|_| directory.note_that_it_gave_up())
    }
}

//! A store whose calls a test counts, or holds.

use async_trait::async_trait;
use bytes::Bytes;
use gateway::storage::embedded::Embedded;
use gateway::storage::{
    Batch, Cursor, Engine, Entry, Key, Log, LogEnd, Logs, Partition, Scan, StorageError, Table, Ticket,
    Value, Window,
};
use protocol::id::Seq;

/// A call of the store. Its health is asked for all the time, and is none.
#[derive(Clone, Copy, Debug)]
pub enum StoreCall<'a> {
    Get(&'a [Key]),
    Counters,
    Scan,
    Read,
    LogEnd,
    Submit,
    Purge,
    Logs,
    Trim,
}

/// What a test does before the store is called.
#[async_trait]
pub trait Watch: Send + Sync + 'static {
    /// Is told of every call.
    fn note(&self, _: StoreCall<'_>) {}

    /// Lets a call go on when it returns; but for [`StoreCall::Submit`], which waits for nothing.
    async fn hold(&self, _: StoreCall<'_>) {}
}

/// The embedded store, watched.
pub struct Watched<W> {
    store: Embedded,
    watch: W,
}

impl<W: Watch> Watched<W> {
    pub fn new(store: Embedded, watch: W) -> Self {
        Self { store, watch }
    }

    async fn before(&self, call: StoreCall<'_>) -> &Embedded {
        self.watch.note(call);
        self.watch.hold(call).await;
        &self.store
    }
}

#[async_trait]
impl<W: Watch> Engine for Watched<W> {
    async fn get(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<Option<Value>>, StorageError> {
        self.before(StoreCall::Get(keys)).await.get(partition, keys).await
    }

    async fn counters(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<i64>, StorageError> {
        self.before(StoreCall::Counters).await.counters(partition, keys).await
    }

    async fn scan(&self, partition: &Partition, scan: Scan) -> Result<Vec<(Bytes, Value)>, StorageError> {
        self.before(StoreCall::Scan).await.scan(partition, scan).await
    }

    async fn read(&self, log: &Log, window: Window) -> Result<Vec<Entry>, StorageError> {
        self.before(StoreCall::Read).await.read(log, window).await
    }

    async fn log_end(&self, log: &Log) -> Result<LogEnd, StorageError> {
        self.before(StoreCall::LogEnd).await.log_end(log).await
    }

    fn submit(&self, batch: Batch) -> Ticket {
        self.watch.note(StoreCall::Submit);
        self.store.submit(batch)
    }

    async fn purge(
        &self,
        partition: &Partition,
        tables: &[Table],
        prefix: Bytes,
    ) -> Result<(), StorageError> {
        self.before(StoreCall::Purge).await.purge(partition, tables, prefix).await
    }

    async fn logs(&self, after: Option<Cursor>, limit: usize) -> Result<Logs, StorageError> {
        self.before(StoreCall::Logs).await.logs(after, limit).await
    }

    async fn trim(&self, log: &Log, first_kept: Seq) -> Result<(), StorageError> {
        self.before(StoreCall::Trim).await.trim(log, first_kept).await
    }

    async fn health(&self) -> Result<(), StorageError> {
        self.store.health().await
    }

    fn epoch(&self) -> u64 {
        self.store.epoch()
    }

    async fn close(&self) -> Result<(), StorageError> {
        self.store.close().await
    }
}

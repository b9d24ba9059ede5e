mod damage;
mod format;
mod golden;
mod journal;

use protocol::id::{AppId, Millis, UserId};

use super::*;
use crate::storage::conformance::{Fixture, Opened, conformance};
use crate::storage::{CommitError, Committed};

struct Directory {
    dir: tempfile::TempDir,
    settings: Settings,
}

impl Fixture for Directory {
    async fn open(&self) -> Opened {
        let (bus, events) = LocalBus::new();
        let engine = Embedded::open_with(self.dir.path(), bus, &self.settings).unwrap();
        Opened { engine: Arc::new(engine), events }
    }
}

mod as_it_is {
    use super::*;

    fn new() -> Directory {
        Directory { dir: tempfile::tempdir().unwrap(), settings: Settings::default() }
    }

    conformance!(new);
}

/// Everything that waits for a bound is passed through all the time.
mod with_small_bounds {
    use super::*;

    fn new() -> Directory {
        let settings = Settings {
            write_buffer_bytes: 4 << 10,
            cache_bytes: 4 << 10,
            idempotency_keys_in_memory: 2,
            rotate_journal: true,
            ..Settings::default()
        };
        Directory { dir: tempfile::tempdir().unwrap(), settings }
    }

    conformance!(new);
}

fn open(dir: &Path) -> Embedded {
    Embedded::open(dir, LocalBus::new().0).unwrap()
}

fn alice() -> Partition {
    Partition::user(AppId(1), &UserId::parse("alice").unwrap())
}

fn log() -> Log {
    Log { partition: alice(), name: "log".into() }
}

fn append(at: u64) -> Batch {
    Batch::new(alice(), Millis(at)).append("log", format!("entry at {at}"))
}

#[tokio::test]
async fn what_was_stored_is_there_after_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let first = store.commit(append(5).idempotency_key("token")).await.unwrap();
    assert_eq!(first.entry(), LogEnd { seq: Seq(1), at: Millis(5) });
    store.commit(append(3)).await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.commit(append(6)).await, Err(CommitError::Storage(StorageError::Closed))));
    assert!(matches!(store.log_end(&log()).await, Err(StorageError::Closed)));

    let store = open(dir.path());
    assert_eq!(store.log_end(&log()).await.unwrap(), LogEnd { seq: Seq(2), at: Millis(5) });
    let again = store.commit(append(9).idempotency_key("token")).await.unwrap();
    assert_eq!(again, Committed { repeated: true, ..first });
    assert_eq!(store.log_end(&log()).await.unwrap().seq, Seq(2));
}

#[tokio::test]
async fn a_directory_is_opened_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let refused = Embedded::open(dir.path(), LocalBus::new().0).err().unwrap().to_string();
    assert!(refused.contains("another process has it open"), "{refused}");
    store.close().await.unwrap();
    open(dir.path());
}

#[tokio::test]
async fn a_mark_of_trimming_that_is_missing_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for at in 1..=5 {
        store.commit(append(at)).await.unwrap();
    }
    store.trim(&log(), Seq(3)).await.unwrap();
    let window = Window { from: Seq(1), to: Seq(5), limit: 10, newest_first: false };
    assert_eq!(Engine::read(&store, &log(), window).await.unwrap().len(), 3);
    let mark = key::entry(key::of_log(&alice(), b"log").unwrap(), Seq(0));
    let removed = store.read(|store| {
        let removed = store.entries.remove(mark);
        store.show();
        removed.map_err(|error| store::failed("test", error))
    });
    removed.unwrap();
    let read = Engine::read(&store, &log(), window).await;
    assert!(matches!(read, Err(StorageError::Damaged { .. })), "{read:?}");
}

/// The database cannot know that a number is missing, the log can.
#[tokio::test]
async fn an_entry_that_is_missing_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for at in 1..=5 {
        store.commit(append(at)).await.unwrap();
    }
    let third = key::entry(key::of_log(&alice(), b"log").unwrap(), Seq(3));
    let removed = store.read(|store| {
        let removed = store.entries.remove(third);
        store.show();
        removed.map_err(|error| store::failed("test", error))
    });
    removed.unwrap();
    let read = async |from, to, newest_first| {
        let window = Window { from: Seq(from), to: Seq(to), limit: 10, newest_first };
        Engine::read(&store, &log(), window).await.map(|entries| entries.len())
    };
    for newest_first in [false, true] {
        assert!(matches!(read(1, 5, newest_first).await, Err(StorageError::Damaged { .. })));
        assert_eq!(read(1, 2, newest_first).await.unwrap(), 2);
        assert_eq!(read(4, 9, newest_first).await.unwrap(), 2);
    }
    assert!(matches!(read(3, 5, false).await, Err(StorageError::Damaged { .. })));
}

/// Reads never wait for anything, so without an end to their turn a call that makes many of them would keep all others
/// from the thread.
#[tokio::test]
async fn whoever_reads_a_lot_lets_others_have_their_turn() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let partition = alice();
    for n in 0..10u32 {
        let mut batch = Batch::new(partition.clone(), Millis(1));
        for m in 0..100u32 {
            let key = Key::new(Table::Conversation, [n.to_be_bytes(), m.to_be_bytes()].concat());
            batch = batch.put(key, vec![b'x'; 100]);
        }
        for _ in 0..10 {
            batch = batch.append("log", vec![b'x'; 10_000]);
        }
        engine.commit(batch).await.unwrap();
    }
    let log = Log { partition: partition.clone(), name: "log".into() };
    let is_over = std::cell::Cell::new(false);
    // How often another had its turn while so much was read.
    let turns = async |read: std::pin::Pin<Box<dyn Future<Output = ()> + '_>>| {
        is_over.set(false);
        let others = async {
            let mut turns = 0;
            while !is_over.get() {
                turns += 1;
                tokio::task::yield_now().await;
            }
            turns
        };
        let read = async {
            read.await;
            is_over.set(true);
        };
        futures_util::future::join(read, others).await.1
    };
    let many_gets = async {
        for _ in 0..1000 {
            engine.get(&partition, &[Key::new(Table::Conversation, "none")]).await.unwrap();
        }
    };
    let gets = turns(Box::pin(many_gets)).await;
    assert!(gets > 5, "{gets} turns beside 1,000 records");
    let many_rows = async {
        for _ in 0..10 {
            let scan = Scan {
                table: Table::Conversation,
                prefix: Bytes::new(),
                after: None,
                skip: 0,
                limit: 1000,
                reverse: false,
            };
            assert_eq!(engine.scan(&partition, scan).await.unwrap().len(), 1000);
        }
    };
    let rows = turns(Box::pin(many_rows)).await;
    assert!(rows > 4, "{rows} turns beside 10,000 rows");
    let many_entries = async {
        for _ in 0..10 {
            let window = Window { from: Seq(1), to: Seq(100), limit: 100, newest_first: false };
            assert_eq!(Engine::read(&engine, &log, window).await.unwrap().len(), 100);
        }
    };
    let entries = turns(Box::pin(many_entries)).await;
    assert!(entries > 10, "{entries} turns beside 10 MB");
    engine.close().await.unwrap();
}

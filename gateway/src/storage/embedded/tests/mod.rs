mod damage;
mod format;
mod golden;
mod journal;
mod merge;
mod restore;

use protocol::id::{AppId, Millis, UserId};

use super::*;
use crate::storage::conformance::{ALL, Fixture, Opened, conformance};
use crate::storage::{CommitError, Committed, Expected};

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
    // The entries that were dropped would be there, for all that is known.
    let read = Engine::read(&store, &log(), window).await.unwrap();
    assert_eq!(
        read.iter().map(|entry| (entry.seq.0, entry.bytes.is_empty())).collect::<Vec<_>>(),
        [(1, true), (2, true), (3, false), (4, false), (5, false)]
    );
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
        let mut entries = Engine::read(&store, &log(), window).await.unwrap();
        if newest_first {
            entries.reverse();
        }
        entries.into_iter().map(|entry| (entry.seq.0, entry.at.0, entry.bytes.is_empty())).collect::<Vec<_>>()
    };
    for newest_first in [false, true] {
        let all = read(1, 5, newest_first).await;
        // It stands at the time of the one before.
        assert_eq!(all, [(1, 1, false), (2, 2, false), (3, 2, true), (4, 4, false), (5, 5, false)]);
        assert_eq!(read(1, 2, newest_first).await.len(), 2);
        assert_eq!(read(4, 9, newest_first).await.len(), 2);
        assert_eq!(read(3, 3, newest_first).await, [(3, 2, true)]);
        assert_eq!(read(1, 3, newest_first).await.len(), 3);
        assert_eq!(read(3, 4, newest_first).await.len(), 2);
        assert_eq!(read(6, 9, newest_first).await, []);
    }
    assert_eq!(read(3, 5, false).await.len(), 3);
}

/// Overwrites a row with something that has no right checksum, past the committer.
fn spoil(store: &Embedded, rows: impl Fn(&Store) -> fjall::Keyspace, row: Vec<u8>) {
    let spoilt = store.read(|store| {
        let written = rows(store)
            .insert(row, b"not what was written, and longer than what lies beside the keys ......");
        store.show();
        written.map_err(|error| store::failed("test", error))
    });
    spoilt.unwrap();
}

#[tokio::test]
async fn a_damaged_last_entry_keeps_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for at in 1..=3 {
        store.commit(append(at)).await.unwrap();
    }
    spoil(&store, |store| store.entries.clone(), key::entry(key::of_log(&alice(), b"log").unwrap(), Seq(3)));
    store.close().await.unwrap();
    let store = open(dir.path());
    assert_eq!(store.log_end(&log()).await.unwrap(), LogEnd { seq: Seq(3), at: Millis(2) });
    let next = store.commit(append(4)).await.unwrap();
    assert_eq!(next.entry(), LogEnd { seq: Seq(4), at: Millis(4) });
}

/// What was answered before cannot be known any more; nobody else must suffer for that.
#[tokio::test]
async fn damaged_rows_of_repetitions_prevent_neither_a_start_nor_a_write() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { idempotency_keys_in_memory: 2, ..Settings::default() };
    let open = || Embedded::open_with(dir.path(), LocalBus::new().0, &settings).unwrap();
    let store = open();
    // The first two rows are in the index, the others in a set.
    for at in 1..=5 {
        store.commit(append(at).idempotency_key(at.to_string())).await.unwrap();
    }
    for number in 0..2 {
        spoil(&store, |store| store.records.clone(), key::tokens(number).to_vec());
    }
    spoil(&store, |store| store.records.clone(), key::TOKEN_SET.to_vec());
    for at in 3..=5 {
        let token = idempotency::token(&alice(), at.to_string().as_bytes());
        spoil(&store, |store| store.tokens[0].clone(), token.to_vec());
    }
    let again = store.commit(append(6).idempotency_key("1")).await.unwrap();
    assert!(!again.repeated);
    store.close().await.unwrap();
    let store = open();
    for at in 2..=5 {
        assert!(!store.commit(append(at).idempotency_key(at.to_string())).await.unwrap().repeated);
    }
    // Rows of a window ago are looked at when they are removed.
    let later = 3 * crate::storage::IDEMPOTENCY_WINDOW.as_millis() as u64;
    for at in 0..5 {
        store.commit(append(later + at).idempotency_key(format!("later {at}"))).await.unwrap();
    }
    assert_eq!(store.log_end(&log()).await.unwrap().seq, Seq(15));
}

#[tokio::test]
async fn a_damaged_record_hides_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let key = |name: &'static str| Key::new(Table::Member, name);
    for name in ["a", "b", "c"] {
        store.commit(Batch::new(alice(), Millis(1)).put(key(name), name)).await.unwrap();
    }
    spoil(&store, |store| store.records.clone(), key::record(&alice(), &key("b")).unwrap());
    let scan =
        Scan { table: Table::Member, prefix: "".into(), after: None, skip: 0, limit: 2, reverse: false };
    let found = store.scan(&alice(), scan).await.unwrap();
    assert!(found.iter().map(|(suffix, _)| &suffix[..]).eq([b"a", b"c"]));
    let read = store.get(&alice(), &[key("b")]).await;
    assert!(matches!(read, Err(StorageError::Damaged { .. })), "{read:?}");
}

/// What is stored after that would be gone with the process.
#[tokio::test]
async fn a_directory_that_is_deleted_or_replaced_ends_the_store() {
    for is_replaced in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        let store = open(&path);
        store.commit(append(1)).await.unwrap();
        std::fs::rename(&path, dir.path().join("old")).unwrap();
        if is_replaced {
            damage::copy(&dir.path().join("old"), &path);
        }
        let error = store.failed().await.to_string();
        assert!(error.contains(if is_replaced { "was replaced" } else { "was deleted" }), "{error}");
        assert!(store.commit(append(2)).await.is_err());
        assert_eq!(store.health().await.unwrap_err().to_string(), error);
    }
}

#[tokio::test]
async fn nothing_is_stored_below_the_reserve_and_everything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.commit(append(1)).await.unwrap();
    store.close().await.unwrap();
    let settings = Settings { min_free_bytes: u64::MAX, ..Settings::default() };
    let store = Embedded::open_with(dir.path(), LocalBus::new().0, &settings).unwrap();
    assert_eq!(Engine::read(&store, &log(), ALL).await.unwrap().len(), 1);
    let refused = store.commit(append(2)).await.unwrap_err();
    assert!(matches!(refused, CommitError::Storage(StorageError::Full { .. })), "{refused}");
    assert!(store.health().await.unwrap_err().to_string().contains("min_free_bytes"));
    // What frees room goes on.
    store.trim(&log(), Seq(2)).await.unwrap();
    store.close().await.unwrap();
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

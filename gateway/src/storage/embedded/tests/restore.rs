//! Journals and lists of tables that were damaged while the store was closed, and how far a start mends them by itself.

use std::fs;
use std::path::PathBuf;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::damage::{Damages, SMALL, copy, files, filled, flip, looks_sound, of_keyspace};
use super::journal::{closed, commit, journal, written};
use super::*;
use crate::storage::conformance::ALL;
use crate::storage::embedded::journal::Batch as Group;
use crate::storage::embedded::restore;

/// The batches of a journal, without what no checksum covers: how far a sequence number rises nobody knows.
fn without_sequence(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    loop {
        let begin = bytes;
        if Group::take(&mut bytes).is_none() {
            return found;
        }
        let mut group = begin[..begin.len() - bytes.len()].to_vec();
        group[5..13].fill(0);
        found.push(group);
    }
}

/// The journal that `find` gives in the place of this one.
fn mended(dir: &Path, bytes: &[u8], acknowledged: u64) -> Option<Vec<u8>> {
    fs::write(journal(dir), bytes).unwrap();
    let mut restored = restore::find(&dir.join("rows"), acknowledged).unwrap()?;
    assert!(restored.len() <= 1);
    Some(restored.pop().map_or(bytes.to_vec(), |file| file.bytes))
}

/// Deletions have no checksum of their own, and the last batch has nothing behind it.
#[tokio::test]
async fn each_damaged_byte_of_a_journal_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    commit(&store, 1..3).await;
    store.commit(append(3).delete(Key::new(Table::Account, ""))).await.unwrap();
    store.trim(&log(), Seq(3)).await.unwrap();
    commit(&store, 4..5).await;
    store.close().await.unwrap();
    super::journal::cut_zeros(dir.path());
    let whole = written(dir.path());
    let expected = without_sequence(&whole);
    let last = Watermark::number_in(&dir.path().join("watermark")).unwrap();
    assert!(expected.len() >= 4 && last >= 4);
    for at in 0..whole.len() {
        for other in [1, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] ^= other;
            let mended = mended(dir.path(), &damaged, last);
            let mended = mended.unwrap_or_else(|| panic!("byte {at} ^ {other}: it cannot be mended"));
            assert!(without_sequence(&mended) == expected, "byte {at} ^ {other}");
        }
    }
}

/// Where more than a byte of a value is damaged, its row is known; what is not is left as it is.
#[tokio::test]
async fn a_damaged_value_of_a_journal_is_one_gap() {
    let dir = closed(6).await;
    let whole = written(dir.path());
    // In the middle, and the last one.
    for lost in [3, 6] {
        let at = position(&whole, format!("entry at {lost}").as_bytes());
        let mut damaged = whole.clone();
        damaged[at..at + 5].fill(b'-');
        fs::write(journal(dir.path()), &damaged).unwrap();
        let copied = tempfile::tempdir().unwrap();
        copy(dir.path(), copied.path());
        for _ in 0..2 {
            let store = open(copied.path());
            let entries = Engine::read(&store, &log(), ALL).await.unwrap();
            assert!(entries.iter().map(|entry| entry.seq.0).eq(1..=6));
            for entry in entries {
                assert_eq!(entry.bytes.is_empty(), entry.seq.0 == lost, "{entry:?}");
            }
            assert_eq!(store.log_end(&log()).await.unwrap().seq, Seq(6));
            // What the others of its batch are is known.
            for at in 1..=6 {
                assert!(store.commit(append(at).idempotency_key(at.to_string())).await.unwrap().repeated);
            }
            store.close().await.unwrap();
        }
        let store = open(copied.path());
        assert_eq!(store.commit(append(7)).await.unwrap().entry().seq, Seq(7));
        store.close().await.unwrap();
        let kept: Vec<_> = fs::read_dir(copied.path().join("damaged")).unwrap().collect();
        assert_eq!(kept.len(), 1);
        assert!(fs::read(kept[0].as_ref().unwrap().path()).unwrap() == damaged, "it is kept as it was found");

        let to = dir.path().join("new");
        let mut damages = Damages(Vec::new());
        salvage(dir.path(), &to, &mut damages).unwrap();
        let store = open(&to);
        assert_eq!(store.log_end(&log()).await.unwrap().seq, Seq(6), "{:?}", damages.0);
        assert_eq!(Engine::read(&store, &log(), ALL).await.unwrap().len(), 6);
        store.close().await.unwrap();
        fs::remove_dir_all(to).unwrap();
    }
}

/// A record that was lost is not taken for the one before it, nor for absent.
#[tokio::test]
async fn a_damaged_record_of_a_journal_is_not_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let key = || Key::new(Table::Account, "");
    let store = open(dir.path());
    for (at, value) in ["older value", "newer value"].into_iter().enumerate() {
        store.commit(Batch::new(alice(), Millis(at as u64)).put(key(), value)).await.unwrap();
    }
    store.commit(append(3)).await.unwrap();
    store.close().await.unwrap();
    let mut bytes = written(dir.path());
    let at = position(&bytes, b"newer value");
    bytes[at..at + 5].fill(b'-');
    fs::write(journal(dir.path()), bytes).unwrap();
    let to = dir.path().join("new");
    salvage(dir.path(), &to, &mut Damages(Vec::new())).unwrap();
    for dir in [dir.path(), &to] {
        let store = open(dir);
        let read = store.get(&alice(), &[key()]).await;
        assert!(matches!(read, Err(StorageError::Damaged { .. })), "{read:?}");
        let made = Batch::new(alice(), Millis(4)).check(key(), Expected::Absent).put(key(), "another");
        assert!(store.commit(made).await.is_err());
        assert_eq!(store.log_end(&log()).await.unwrap().seq, Seq(1));
        store.close().await.unwrap();
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|window| window == wanted).unwrap()
}

/// Rows that nobody can name may be the last of their logs.
#[tokio::test]
async fn nothing_is_mended_where_a_row_is_unknown() {
    let dir = closed(6).await;
    let whole = written(dir.path());
    let at = position(&whole, b"entry at 3");
    // With what is before the value: the row, and what begins the item.
    let mut damaged = whole.clone();
    damaged[at - 60..at + 5].fill(0);
    assert!(mended(dir.path(), &damaged, 6).is_none());
    assert!(Embedded::open(dir.path(), LocalBus::new().0).is_err());
    assert!(fs::read(journal(dir.path())).unwrap() == damaged, "the file is left as it was");
    // The end of the row, which is the entry's number, and the value.
    let mut damaged = whole.clone();
    damaged[at - 16..at + 5].fill(0);
    assert!(mended(dir.path(), &damaged, 6).is_none());
    // A batch that is gone from between two others.
    let groups = without_sequence(&whole);
    let begin: usize = groups[..2].iter().map(Vec::len).sum();
    let gone = [&whole[..begin], &whole[begin + groups[2].len()..]].concat();
    assert!(mended(dir.path(), &gone, 6).is_none());
}

/// A list of which more than a byte is damaged may name less than it did: no table is left out on its word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_list_is_not_put_in_force() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    for number in 1..=3 {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        let folder = dir.path().join(format!("rows/keyspaces/{number}"));
        let (last, mut list) = manifest::lists(&folder).unwrap().pop().unwrap();
        let places = manifest::places(&list).unwrap();
        let tables = places.into_iter().find(|(name, _)| name == b"tables").unwrap().1;
        // It has no levels any more, and so no tables that could be missing.
        list[tables.start] = 0;
        list[tables.end - 1] ^= 1;
        let path = folder.join(format!("v{last}"));
        fs::write(&path, &list).unwrap();
        assert!(Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).is_err(), "keyspace {number}");
        assert!(fs::read(&path).unwrap() == list, "the file is left as it was");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_lists_are_known_by_their_checksums() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    type Harm = fn(&Path, u64);
    let cases: [(&str, Harm); 5] = [
        ("a byte of the list", |dir, number| {
            for list in of_keyspace(dir, number, "v") {
                flip(&list, |length| length / 2);
            }
        }),
        ("the number of the list in force", |dir, number| {
            flip(&of_keyspace(dir, number, "current")[0], |_| 0);
        }),
        ("the checksum of the list in force", |dir, number| {
            flip(&of_keyspace(dir, number, "current")[0], |_| 12);
        }),
        ("the end of what names it", |dir, number| {
            flip(&of_keyspace(dir, number, "current")[0], |_| 24);
        }),
        ("what names it is gone", |dir, number| {
            fs::remove_file(&of_keyspace(dir, number, "current")[0]).unwrap();
        }),
    ];
    for (case, harm) in cases {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        for number in 0..=4 {
            harm(dir.path(), number);
        }
        // What a process leaves that died while it mended.
        fs::write(dir.path().join("restored.new"), "a half").unwrap();
        let store = Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).unwrap();
        assert!(looks_sound(&store).await, "{case}");
        store.close().await.unwrap();
    }
}

/// A process that dies while it mends leaves what the next start goes on from: each file is the old one or the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mending_may_be_cut_short_anywhere() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    let acknowledged = Watermark::number_in(&whole.path().join("watermark")).unwrap();
    flip(&journal(whole.path()), |length| length / 2);
    for number in 0..=4 {
        flip(&of_keyspace(whole.path(), number, "current")[0], |_| 12);
    }
    let rows = |dir: &Path| dir.join("rows");
    let steps = restore::find(&rows(whole.path()), acknowledged).unwrap().unwrap().len();
    assert_eq!(steps, 6);
    for done in 0..=steps {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        let restored = restore::find(&rows(dir.path()), acknowledged).unwrap().unwrap();
        restore::put(dir.path(), &restored[..done]).unwrap();
        if let Some(next) = restored.get(done) {
            // It has its second name, and what comes in its place was begun.
            let name = next.path.strip_prefix(rows(dir.path())).unwrap().display().to_string();
            fs::create_dir_all(dir.path().join("damaged")).unwrap();
            fs::copy(&next.path, dir.path().join(format!("damaged/{}-0", name.replace('/', "-")))).unwrap();
            fs::write(dir.path().join("restored.new"), &next.bytes[..next.bytes.len() / 2]).unwrap();
        }
        let store = Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).unwrap();
        assert!(looks_sound(&store).await, "{done}");
        store.close().await.unwrap();
        assert!(restore::find(&rows(dir.path()), 0).unwrap().unwrap().is_empty());
    }
}

/// One bit of all files of a store: it starts, and only what names its format has no second place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_keeps_no_store_from_being_opened() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    let relative = |file: &PathBuf| file.strip_prefix(whole.path()).unwrap().to_owned();
    // By their bytes, of which a file has as many as it is long.
    let places: Vec<(PathBuf, usize)> = files(whole.path())
        .iter()
        .flat_map(|file| {
            let length = fs::metadata(file).unwrap().len() as usize;
            (0..length).map(|at| (relative(file), at)).collect::<Vec<_>>()
        })
        .collect();
    let cases = std::env::var("DAMAGE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200);
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    let handle = tokio::runtime::Handle::current();
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(
            &(0..places.len(), 0..8u8),
            |(place, bit)| {
                let (file, at) = &places[place];
                let dir = tempfile::tempdir().unwrap();
                copy(whole.path(), dir.path());
                let path = dir.path().join(file);
                let mut bytes = fs::read(&path).unwrap();
                bytes[*at] ^= 1 << bit;
                fs::write(&path, bytes).unwrap();
                match Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL) {
                    Ok(store) => handle.block_on(async {
                        let is_sound = looks_sound(&store).await;
                        let is_journal = file.extension().is_some_and(|extension| extension == "jnl");
                        assert!(is_sound || !is_journal, "{file:?} at {at}: nothing of a journal is lost");
                        let _ = store.close().await;
                    }),
                    Err(error) => {
                        let names_a_format = file.ends_with("format") || file.ends_with("version");
                        assert!(names_a_format, "{file:?} at {at}: {error}");
                    }
                }
                Ok(())
            },
        )
    });
    outcome.unwrap();
}

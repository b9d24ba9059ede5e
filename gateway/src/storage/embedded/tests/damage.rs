//! Files that were damaged while the store was closed: nothing wrong may come back, and nothing may be missing
//! without a word.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::storage::conformance::ALL;

/// Batches that fill the store; small buffers make them end up in journals as well as in tables.
const BATCHES: u64 = 400;
const SMALL: Settings = Settings {
    write_buffer_bytes: 24 << 10,
    cache_bytes: 64 << 10,
    cached_files: 16,
    idempotency_keys_in_memory: 100,
    most_waiting: 1 << 20,
    min_free_bytes: 0,
    rotate_journal: true,
};

fn group(number: u64) -> Partition {
    Partition::group(AppId(1), &protocol::id::GroupId::parse(&format!("group{}", number % 7)).unwrap())
}

fn batch(number: u64) -> Batch {
    Batch::new(group(number), Millis(number))
        .idempotency_key(number.to_string())
        .put(Key::new(Table::Member, format!("{:03}", number % 50)), number.to_string())
        .add(Key::new(Table::Counter, "n"), 1, None)
        .append("log", format!("entry {number} {}", "x".repeat(100)))
}

/// A store with all its batches, closed and opened in between.
async fn filled(dir: &Path) {
    for part in 0..4 {
        let store = Embedded::open_with(dir, LocalBus::new().0, &SMALL).unwrap();
        for number in part * BATCHES / 4..(part + 1) * BATCHES / 4 {
            store.commit(batch(number)).await.unwrap();
        }
        store.close().await.unwrap();
    }
    // Damage to the zeros that a journal is made with would be most of all damage, and each copy would have them.
    super::journal::cut_zeros(dir);
}

/// What is wrong with the store's files.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip { at: u32, bit: u8 },
    Cut { at: u32 },
    Zeros { at: u32, length: u16 },
    Gone,
}

impl Damage {
    fn inflict(self, file: &Path) {
        let mut bytes = fs::read(file).unwrap();
        let place = |at: u32| at as usize % bytes.len().max(1);
        match self {
            Damage::Gone => return fs::remove_file(file).unwrap(),
            _ if bytes.is_empty() => return,
            Damage::Flip { at, bit } => {
                let at = place(at);
                bytes[at] ^= 1 << (bit % 8);
            }
            Damage::Cut { at } => bytes.truncate(place(at)),
            Damage::Zeros { at, length } => {
                let (at, end) = (place(at), bytes.len().min(place(at) + usize::from(length)));
                bytes[at..end].fill(0);
            }
        }
        fs::write(file, bytes).unwrap();
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        8 => (any::<u32>(), any::<u8>()).prop_map(|(at, bit)| Damage::Flip { at, bit }),
        4 => any::<u32>().prop_map(|at| Damage::Cut { at }),
        4 => (any::<u32>(), 1..600u16).prop_map(|(at, length)| Damage::Zeros { at, length }),
        1 => Just(Damage::Gone),
    ]
}

/// Everything in the store is as it was written, or reading it gives an error or a gap; true when there was neither.
async fn looks_sound(store: &Embedded) -> bool {
    let mut sound = true;
    // What was carried out a second time, since it could not be read that it was before.
    let mut repeated = [0; 7];
    let mut seen = |is_error: bool| sound &= !is_error;
    for number in 0..7 {
        let numbers: Vec<_> = (0..BATCHES).filter(|batch| batch % 7 == number).collect();
        let partition = group(number);
        let log = Log { partition: partition.clone(), name: "log".into() };
        let end = LogEnd { seq: Seq(numbers.len() as u64), at: Millis(*numbers.last().unwrap()) };
        let found = store.log_end(&log).await;
        seen(found.is_err());
        if let Ok(found) = found {
            // No number is used twice; the time of a damaged entry is that of one beside it.
            assert_eq!(found.seq, end.seq);
            assert!(found.at <= end.at, "{found:?}");
            seen(found.at != end.at);
        }

        let entries = Engine::read(store, &log, ALL).await;
        seen(entries.is_err());
        if let Ok(entries) = entries {
            assert!(entries.iter().map(|entry| entry.seq.0).eq(1..=end.seq.0), "{entries:?}");
            assert!(entries.is_sorted_by_key(|entry| entry.at));
            for (entry, number) in entries.iter().zip(&numbers) {
                let is_whole = entry.at.0 == *number && Some(&entry.bytes) == bytes_of(*number).as_ref();
                assert!(is_whole || entry.bytes.is_empty(), "{entry:?}");
                seen(!is_whole);
            }
        }
        let scan = Scan {
            table: Table::Member,
            prefix: "".into(),
            after: None,
            skip: 0,
            limit: usize::MAX,
            reverse: false,
        };
        let records = store.scan(&partition, scan).await;
        seen(records.is_err());
        if let Ok(records) = records {
            let mut expected = std::collections::BTreeMap::new();
            expected.extend(numbers.iter().map(|number| (format!("{:03}", number % 50), number.to_string())));
            seen(records.len() != expected.len());
            for (suffix, value) in &records {
                let suffix = std::str::from_utf8(suffix).unwrap();
                assert_eq!(expected[suffix].as_bytes(), &value.bytes[..]);
            }
        }
        let count = store.counters(&partition, &[Key::new(Table::Counter, "n")]).await;
        seen(count.is_err());
        assert!(count.as_ref().is_ok_and(|count| *count == [numbers.len() as i64]) || count.is_err());
    }
    // What was carried out once is not carried out again.
    for number in (0..BATCHES).step_by(13).chain(BATCHES - 7..BATCHES) {
        let again = store.commit(batch(number)).await;
        seen(again.is_err());
        if let Ok(again) = again {
            let end = LogEnd { seq: Seq(number / 7 + 1), at: Millis(number) };
            seen(!again.repeated);
            if again.repeated {
                assert_eq!(again.entries, [end], "{number}");
            } else {
                repeated[number as usize % 7] += 1;
            }
        }
    }
    // And what comes does not take the place of what was there.
    for number in 0..7 {
        let next = store.commit(Batch::new(group(number), Millis(BATCHES)).append("log", "next")).await;
        seen(next.is_err());
        let length = (0..BATCHES).filter(|batch| batch % 7 == number).count() as u64;
        assert!(
            next.as_ref().is_ok_and(|next| next.entry().seq == Seq(length + 1 + repeated[number as usize]))
                || next.is_err()
        );
    }
    sound
}

fn bytes_of(number: u64) -> Option<Bytes> {
    batch(number).appends.pop().map(|append| append.bytes)
}

/// The files of the store, but for the lock.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().unwrap() != "lock" {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_files_give_nothing_wrong_back() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    let names: Vec<_> =
        files(whole.path()).iter().map(|file| file.strip_prefix(whole.path()).unwrap().to_owned()).collect();
    assert!(names.iter().any(|name| name.extension().is_some_and(|extension| extension == "jnl")));
    assert!(names.iter().any(|name| name.to_string_lossy().contains("tables")), "{names:?}");

    let cases = std::env::var("DAMAGE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150);
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    let handle = tokio::runtime::Handle::current();
    let outcomes = std::cell::RefCell::new(std::collections::BTreeMap::<_, u32>::new());
    let strategy = (0..names.len(), damage());
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(
            &strategy,
            |(file, damage)| {
                let dir = tempfile::tempdir().unwrap();
                copy(whole.path(), dir.path());
                damage.inflict(&dir.path().join(&names[file]));
                let outcome = match Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL) {
                    Err(_) => "refused",
                    Ok(store) => handle.block_on(async {
                        let sound = looks_sound(&store).await;
                        let _ = store.close().await;
                        if sound { "no harm" } else { "an error where it was read" }
                    }),
                };
                let kind = format!("{damage:?}").split(' ').next().unwrap().to_owned();
                *outcomes.borrow_mut().entry((names[file].clone(), kind, outcome)).or_default() += 1;
                Ok(())
            },
        )
    });
    for (what, times) in &*outcomes.borrow() {
        println!("{what:?} {times}");
    }
    outcome.unwrap();
}

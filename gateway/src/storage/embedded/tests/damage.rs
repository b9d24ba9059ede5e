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
pub(super) const SMALL: Settings = Settings {
    write_buffer_bytes: 24 << 10,
    cache_bytes: 64 << 10,
    cached_files: 16,
    idempotency_keys_in_memory: 100,
    most_waiting: 1 << 20,
    min_free_bytes: 0,
    rotate_journal: true,
};

pub(super) fn group(number: u64) -> Partition {
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
pub(super) async fn filled(dir: &Path) {
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
pub(super) async fn looks_sound(store: &Embedded) -> bool {
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
pub(super) fn files(dir: &Path) -> Vec<PathBuf> {
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

    let variable = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let cases = variable("DAMAGE_CASES").unwrap_or(150);
    let seed = [variable("DAMAGE_SEED").unwrap_or(0) as u8; 32];
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    let handle = tokio::runtime::Handle::current();
    let outcomes = std::cell::RefCell::new(std::collections::BTreeMap::<_, u32>::new());
    // By its name, which a failure then tells: which files there are depends on when tables were written.
    let strategy = (prop::sample::select(names), damage());
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed)).run(
            &strategy,
            |(file, damage)| {
                let dir = tempfile::tempdir().unwrap();
                copy(whole.path(), dir.path());
                damage.inflict(&dir.path().join(&file));
                let outcome = match Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL) {
                    Err(_) => "refused",
                    Ok(store) => handle.block_on(async {
                        let sound = looks_sound(&store).await;
                        let _ = store.close().await;
                        if sound { "no harm" } else { "an error where it was read" }
                    }),
                };
                let kind = format!("{damage:?}").split(' ').next().unwrap().to_owned();
                *outcomes.borrow_mut().entry((file, kind, outcome)).or_default() += 1;
                Ok(())
            },
        )
    });
    for (what, times) in &*outcomes.borrow() {
        println!("{what:?} {times}");
    }
    outcome.unwrap();
}

/// The files of a kind of the keyspace that has this number.
pub(super) fn of_keyspace(dir: &Path, number: u64, kind: &str) -> Vec<PathBuf> {
    let wanted = format!("keyspaces/{number}/{kind}");
    files(dir).into_iter().filter(|file| file.to_string_lossy().contains(&wanted)).collect()
}

pub(super) fn flip(file: &Path, at: impl FnOnce(usize) -> usize) {
    let mut bytes = fs::read(file).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

const ROWS: usize = 600;

fn conversation(number: usize) -> Key {
    Key::new(Table::Conversation, format!("{number:04}"))
}

/// Suffixes of all conversations, asked for in pages.
async fn conversations(store: &Embedded, page: usize, reverse: bool) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|last: &String| Bytes::from(last.clone()));
        let scan =
            Scan { table: Table::Conversation, prefix: "".into(), after, skip: 0, limit: page, reverse };
        let rows = store.scan(&group(0), scan).await.unwrap();
        let is_last = rows.len() < page;
        found.extend(rows.into_iter().map(|(suffix, _)| String::from_utf8(suffix.to_vec()).unwrap()));
        if is_last {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_block_hides_only_its_own_rows() {
    let dir = tempfile::tempdir().unwrap();
    // One table: where several are merged, the database stops at a damaged one.
    let settings = Settings { write_buffer_bytes: 1 << 20, ..SMALL };
    let open = || Embedded::open_with(dir.path(), LocalBus::new().0, &settings).unwrap();
    let store = open();
    let random = |number: usize| format!("{:064x}", xxhash_rust::xxh3::xxh3_128(&number.to_le_bytes()));
    for number in 0..ROWS {
        store
            .commit(Batch::new(group(0), Millis(1)).put(conversation(number), random(number)))
            .await
            .unwrap();
    }
    store.close().await.unwrap();
    // Reading all of it puts what is in the journal into a table.
    verify(dir.path(), &mut Damages(Vec::new())).unwrap();
    let mut tables = of_keyspace(dir.path(), 2, "tables");
    tables.sort_by_key(|table| std::cmp::Reverse(fs::metadata(table).unwrap().len()));
    flip(&tables[0], |length| length / 3);

    let store = open();
    let forward = conversations(&store, usize::MAX, false).await;
    let lost: Vec<usize> = (0..ROWS).filter(|number| !forward.contains(&format!("{number:04}"))).collect();
    assert!((1..=100).contains(&lost.len()), "{lost:?}");
    assert_eq!(lost.last().unwrap() - lost[0] + 1, lost.len(), "one block: {lost:?}");
    let mut reverse = conversations(&store, usize::MAX, true).await;
    reverse.reverse();
    assert_eq!(forward, reverse);
    for page in [1, 7, 50] {
        assert_eq!(conversations(&store, page, false).await, forward, "pages of {page}");
        let mut reverse = conversations(&store, page, true).await;
        reverse.reverse();
        assert_eq!(reverse, forward, "pages of {page}, from the end");
    }
    // One that is lost is refused when it is asked for, and can be written anew.
    let lost = lost[lost.len() / 2];
    assert!(matches!(store.get(&group(0), &[conversation(lost)]).await, Err(StorageError::Damaged { .. })));
    store.commit(Batch::new(group(0), Millis(2)).put(conversation(lost), "new")).await.unwrap();
    let again = conversations(&store, 7, false).await;
    assert_eq!(again.len(), forward.len() + 1);
    assert!(again.contains(&format!("{lost:04}")) && again.is_sorted());
    assert_eq!(store.get(&group(0), &[conversation(lost)]).await.unwrap()[0].as_ref().unwrap().bytes, "new");
    // What is purged is gone, also around a damaged block.
    store.purge(&group(0), &[Table::Conversation], "".into()).await.unwrap();
    assert!(conversations(&store, 7, false).await.is_empty());
}

pub(super) struct Damages(pub(super) Vec<String>);

impl Report for Damages {
    fn damage(&mut self, what: String) {
        self.0.push(what);
    }

    fn progress(&mut self, _what: String) {}
}

/// What names the tables, what describes them and what finds rows in them may all be gone: their rows are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_salvaged_without_lists_and_descriptions() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    type Harm = fn(&Path);
    let cases: [(&str, Harm); 5] = [
        ("the lists are damaged", |dir| {
            for number in 1..=4 {
                for list in of_keyspace(dir, number, "v") {
                    flip(&list, |length| length / 2);
                }
            }
        }),
        ("the lists are gone", |dir| {
            for number in 1..=4 {
                for list in
                    of_keyspace(dir, number, "v").into_iter().chain(of_keyspace(dir, number, "current"))
                {
                    fs::remove_file(list).unwrap();
                }
            }
        }),
        ("the keyspace of the keyspaces is gone", |dir| {
            for file in of_keyspace(dir, 0, "") {
                fs::remove_file(file).unwrap();
            }
        }),
        ("the ends of the tables are damaged", |dir| {
            for table in (1..=4).flat_map(|number| of_keyspace(dir, number, "tables")) {
                for back in [20, 100, 300] {
                    flip(&table, |length| length.saturating_sub(back));
                }
            }
        }),
        ("the ends of the files of values are damaged", |dir| {
            for file in of_keyspace(dir, 1, "blobs") {
                flip(&file, |length| length - 20);
            }
        }),
    ];
    for (case, harm) in cases {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        harm(dir.path());
        let to = dir.path().join("new");
        let mut damages = Damages(Vec::new());
        let salvaged = salvage(dir.path(), &to, &mut damages).unwrap();
        assert!(salvaged.rows > 0 && !damages.0.is_empty(), "{case}");
        let store = Embedded::open_with(&to, LocalBus::new().0, &SMALL).unwrap();
        assert!(looks_sound(&store).await, "{case}: {:?}", damages.0);
        store.close().await.unwrap();
    }
}

/// Nothing tells where a log begins whose mark of how far it was trimmed may be in a damaged block, as its first entries are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_begins_before_its_first_entries_that_are_lost() {
    const IN_FIRST_TABLE: u64 = 16;
    const LENGTH: u64 = 57;
    const TRIMMED: Seq = Seq(5);
    let whole = tempfile::tempdir().unwrap();
    // Each part becomes one table, of one block of rows.
    let settings = Settings { write_buffer_bytes: 1 << 20, ..SMALL };
    let open = |dir: &Path| Embedded::open_with(dir, LocalBus::new().0, &settings).unwrap();
    let log = |number: u64| Log { partition: group(number), name: "log".into() };
    let end = LogEnd { seq: Seq(LENGTH), at: Millis(LENGTH) };
    let trimmed = 3;
    for part in [1..=IN_FIRST_TABLE, IN_FIRST_TABLE + 1..=LENGTH] {
        let store = open(whole.path());
        let is_first = part.contains(&1);
        for number in part {
            for of in 0..7 {
                let text = format!("entry {number} {}", "x".repeat(100));
                store.commit(Batch::new(group(of), Millis(number)).append("log", text)).await.unwrap();
            }
        }
        if is_first {
            store.trim(&log(trimmed), TRIMMED).await.unwrap();
            for number in 1..=3 {
                store.commit(Batch::new(group(0), Millis(number)).append("short", "entry")).await.unwrap();
            }
        }
        store.close().await.unwrap();
        verify(whole.path(), &mut Damages(Vec::new())).unwrap();
    }

    let damage = |dir: &Path, parts: &[&str]| {
        let file = of_keyspace(dir, 1, "tables").swap_remove(0);
        let places = super::manifest::places(&fs::read(&file).unwrap()).unwrap();
        for part in parts {
            let place =
                places.iter().find(|(name, _)| name == part.as_bytes()).map(|(_, place)| place.clone());
            flip(&file, |_| place.unwrap().start + 60);
        }
    };
    for (parts, is_mended) in
        [(&["data", "filter"][..], false), (&["data", "filter"], true), (&["data"], false), (&["data"], true)]
    {
        let case = format!("{parts:?}, mended: {is_mended}");
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        damage(dir.path(), parts);
        if is_mended {
            // As if the database had come to merge it.
            fs::write(dir.path().join("unmended"), "").unwrap();
        }
        let store = open(dir.path());
        assert_eq!(dir.path().join("damaged").exists(), is_mended, "{case}");
        for of in 0..7 {
            let case = format!("{case}, log {of}");
            let entries = Engine::read(&store, &log(of), ALL).await.unwrap();
            let first = entries[0].seq;
            // What was trimmed may be told of as damaged. What was not is never left out.
            assert!(if of == trimmed { first <= TRIMMED } else { first == Seq(1) }, "{case}: {first:?}");
            assert!(entries.iter().map(|entry| entry.seq.0).eq(first.0..=LENGTH), "{case}: {entries:?}");
            for entry in &entries {
                let is_lost = entry.seq.0 <= IN_FIRST_TABLE;
                assert_eq!(entry.bytes.is_empty(), is_lost, "{case}: {entry:?}");
            }
            let newest = Window { limit: 50, newest_first: true, ..ALL };
            let page = Engine::read(&store, &log(of), newest).await.unwrap();
            assert!(page.iter().eq(entries.iter().rev().take(50)), "{case}: {page:?}");
            assert_eq!(store.log_end(&log(of)).await.unwrap(), end, "{case}");
            let next =
                store.commit(Batch::new(group(of), Millis(LENGTH)).append("log", "next")).await.unwrap();
            assert_eq!(next.entry().seq, end.seq.next(), "{case}");
        }
        // Of a log without an entry that is newer only the filter knows where it ends.
        let short = Log { partition: group(0), name: "short".into() };
        match Engine::read(&store, &short, ALL).await {
            Ok(entries) => {
                assert!(entries.iter().map(|entry| entry.seq.0).eq(1..=3), "{case}: {entries:?}");
                assert!(entries.iter().all(|entry| entry.bytes.is_empty()), "{case}: {entries:?}");
            }
            Err(error) => {
                assert!(matches!(error, StorageError::Damaged { .. }), "{case}: {error}");
                assert!(parts.contains(&"filter"), "{case}");
            }
        }
        store.close().await.unwrap();
    }
}

//! Damaged files that the database merges: it gives up at them, and goes on without the damage.

use std::fs;
use std::path::PathBuf;

use super::damage::{Damages, SMALL, copy, filled, flip, group, looks_sound, of_keyspace};
use super::*;

/// Batches that make the database merge all that there is.
const CHURN: u64 = 300;

/// Stores so much in another partition that tables are merged. Whatever is damaged, nothing of it is refused.
async fn churn(store: &Embedded, round: u64) {
    let partition = Partition::group(AppId(1), &protocol::id::GroupId::parse("group3 more").unwrap());
    for number in 0..CHURN {
        let batch = Batch::new(partition.clone(), Millis(round * CHURN + number))
            .put(Key::new(Table::Member, format!("{:04}", number % 100)), vec![b'x'; 200])
            .append("log", vec![b'y'; 300]);
        store.commit(batch).await.unwrap();
    }
}

fn kept(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir.join("damaged"))
        .map_or(Vec::new(), |found| found.map(|entry| entry.unwrap().path()).collect())
}

/// Wherever the damage is in a table: what is whole is there, nothing older comes back, and the store goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_tables_are_merged_without_the_damage() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    for (keyspace, kind, part, index) in [
        (1, "tables", "data", 0),
        (1, "tables", "data", 1),
        (2, "tables", "data", 0),
        (2, "tables", "data", usize::MAX),
        (1, "tables", "tli", 0),
        (2, "tables", "filter", 0),
        // The number of a file, after how many there are.
        (1, "tables", "linked_blob_files", 0),
        (2, "tables", "meta", 0),
        (1, "tables", "end", 0),
        (1, "blobs", "meta", 0),
        (1, "blobs", "end", 0),
    ] {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        let mut files = of_keyspace(dir.path(), keyspace, kind);
        let file = files.swap_remove(index.min(files.len() - 1));
        let places = super::manifest::places(&fs::read(&file).unwrap()).unwrap();
        let place = places.into_iter().find(|(name, _)| name == part.as_bytes()).map(|(_, place)| place);
        flip(&file, |length| {
            place.map_or(length - 20, |place| {
                place.start + if part == "linked_blob_files" { 5 } else { place.len() / 3 }
            })
        });
        let case = format!("{} in {part}", file.strip_prefix(dir.path()).unwrap().display());
        let store = Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).unwrap();
        churn(&store, 0).await;
        let is_sound = looks_sound(&store).await;
        let kept = kept(dir.path()).len();
        println!("{case}: {}, {kept} kept", if is_sound { "nothing lost" } else { "a block lost" });
        assert_eq!(is_sound, part != "data", "{case}: what is lost is rows");
        // The others no merge needs.
        assert!(kept == 1 || ["tli", "filter"].contains(&part), "{case}: the damaged file is kept");
        store.close().await.unwrap();
        let store = Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).unwrap();
        looks_as_before(&store).await;
        store.close().await.unwrap();
    }
}

/// No number was used twice and nothing wrong is there, also after what the checks before have stored.
async fn looks_as_before(store: &Embedded) {
    for number in 0..7 {
        let log = Log { partition: group(number), name: "log".into() };
        let entries = Engine::read(store, &log, ALL).await.unwrap();
        let end = store.log_end(&log).await.unwrap();
        assert!(entries.iter().map(|entry| entry.seq.0).eq(1..=end.seq.0), "{entries:?}");
    }
}

/// Values are moved to another file when many of those beside them are deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_value_is_moved_as_it_is() {
    const ENTRIES: u64 = 200;
    const LOGS: u64 = 20;
    let dir = tempfile::tempdir().unwrap();
    let open = || Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).unwrap();
    let log = |number: u64| Log { partition: group(3), name: format!("log{number:02}").into() };
    let store = open();
    for number in 0..ENTRIES {
        for of in 0..LOGS {
            let text = format!("entry {number:04} of {of:02} {}", "x".repeat(200));
            store.commit(Batch::new(group(3), Millis(number)).append(log(of).name, text)).await.unwrap();
        }
    }
    store.close().await.unwrap();
    verify(dir.path(), &mut Damages(Vec::new())).unwrap();
    let mut count = 0;
    for file in of_keyspace(dir.path(), 1, "blobs") {
        let mut bytes = fs::read(&file).unwrap();
        let place = |text: &[u8]| bytes.windows(text.len()).position(|window| window == text);
        let value = place(b"entry 0005 of 01 ");
        // The length of the value, in the head before the row.
        let head = place(b"entry 0007 of 01 ").map(|at| {
            let head = bytes[..at].windows(4).rposition(|window| window == b"BLOB").unwrap();
            head + 34
        });
        for at in value.into_iter().chain(head) {
            bytes[at] ^= 1;
            count += 1;
        }
        fs::write(&file, bytes).unwrap();
    }
    assert!(count >= 2);

    let store = open();
    let mut round = 0;
    while kept(dir.path()).is_empty() {
        for of in 2..LOGS {
            store.trim(&log(of), Seq(ENTRIES - 20 + round)).await.unwrap();
        }
        churn(&store, round).await;
        round += 1;
        assert!(round < 20, "nothing was moved");
    }
    store.close().await.unwrap();
    let store = open();
    for of in 0..LOGS {
        let entries = Engine::read(&store, &log(of), ALL).await.unwrap();
        let first = entries[0].seq.0;
        assert!(
            (of < 2 || first >= ENTRIES - 20) && entries.iter().map(|entry| entry.seq.0).eq(first..=ENTRIES)
        );
        for entry in entries {
            // A damaged head is made again of what the row knows.
            let is_damaged = (of, entry.seq) == (1, Seq(6));
            assert_eq!(entry.bytes.is_empty(), is_damaged, "{of}: {entry:?}");
        }
    }
    store.close().await.unwrap();
}

/// What a block lost are changes and deletions: no older state comes back when it is merged with that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_deleted_or_replaced_comes_back() {
    const MEMBERS: usize = 500;
    let dir = tempfile::tempdir().unwrap();
    // Few merges before the damage.
    let settings = Settings { write_buffer_bytes: 200 << 10, ..SMALL };
    let open = || Embedded::open_with(dir.path(), LocalBus::new().0, &settings).unwrap();
    let member = |number: usize| Key::new(Table::Member, format!("{number:04}"));
    let in_tables = async |store: Embedded| {
        store.close().await.unwrap();
        verify(dir.path(), &mut Damages(Vec::new())).unwrap();
        of_keyspace(dir.path(), 2, "tables")
    };
    let store = open();
    for number in 0..MEMBERS {
        store.commit(Batch::new(group(3), Millis(1)).put(member(number), "old")).await.unwrap();
    }
    let old = in_tables(store).await;
    let store = open();
    for number in 0..MEMBERS {
        let batch = Batch::new(group(3), Millis(1));
        let batch =
            if number % 2 == 0 { batch.delete(member(number)) } else { batch.put(member(number), "new") };
        store.commit(batch).await.unwrap();
    }
    let new = in_tables(store).await;
    assert!(old.iter().any(|table| new.contains(table)), "they were merged already");
    let places_of = |table: &PathBuf| -> Vec<usize> {
        let bytes = fs::read(table).unwrap();
        bytes.windows(3).enumerate().filter(|(_, window)| *window == b"new").map(|(at, _)| at).collect()
    };
    let table = new.iter().max_by_key(|table| places_of(table).len()).unwrap();
    flip(table, |_| places_of(table)[places_of(table).len() / 2]);

    let store = open();
    let mut round = 0;
    while kept(dir.path()).is_empty() {
        churn(&store, round).await;
        round += 1;
        assert!(round < 20, "nothing was merged");
    }
    // Also after what is left of it was merged again and again.
    for _ in 0..5 {
        churn(&store, round).await;
        round += 1;
    }
    let mut lost = Vec::new();
    for number in 0..MEMBERS {
        match store.get(&group(3), &[member(number)]).await.map(|mut found| found.remove(0)) {
            Err(StorageError::Damaged { .. }) => lost.push(number),
            found => {
                let found = found.unwrap().map(|value| value.bytes);
                assert_eq!(found.as_deref(), (number % 2 == 1).then_some(&b"new"[..]), "{number}");
            }
        }
    }
    assert!((1..MEMBERS / 2).contains(&lost.len()), "{lost:?}");
    assert_eq!(lost[lost.len() - 1] - lost[0] + 1, lost.len(), "one block: {lost:?}");
    let scan = || Scan {
        table: Table::Member,
        prefix: "".into(),
        after: None,
        skip: 0,
        limit: usize::MAX,
        reverse: false,
    };
    let found = store.scan(&group(3), scan()).await.unwrap();
    assert!(found.iter().all(|(_, value)| value.bytes == "new"));
    // What was never there can be made.
    let between = Key::new(Table::Member, format!("{:04} and a half", lost[0]));
    let made = Batch::new(group(3), Millis(2)).check(between.clone(), Expected::Absent).put(between, "new");
    store.commit(made).await.unwrap();
    // What was lost can be written, and when it is deleted, it is known to be.
    for number in [lost[0], lost[lost.len() / 2]] {
        let absent = || {
            let batch = Batch::new(group(3), Millis(3)).check(member(number), Expected::Absent);
            store.commit(batch.put(member(number), "again"))
        };
        assert!(matches!(absent().await, Err(CommitError::Storage(StorageError::Damaged { .. }))));
        store.commit(Batch::new(group(3), Millis(3)).put(member(number), "again")).await.unwrap();
        assert_eq!(
            store.get(&group(3), &[member(number)]).await.unwrap()[0].as_ref().unwrap().bytes,
            "again"
        );
        store.commit(Batch::new(group(3), Millis(3)).delete(member(number))).await.unwrap();
        assert_eq!(store.get(&group(3), &[member(number)]).await.unwrap(), [None]);
        absent().await.unwrap();
    }
    store.purge(&group(3), &[Table::Member], "".into()).await.unwrap();
    assert!(store.scan(&group(3), scan()).await.unwrap().is_empty());
    store.close().await.unwrap();
    let mut damages = Damages(Vec::new());
    verify(dir.path(), &mut damages).unwrap();
    assert!(
        damages.0.iter().any(|line| line.contains("was lost when its table was mended")),
        "{:?}",
        damages.0
    );
}

/// A process that dies while it mends leaves what the next start goes on from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mending_may_be_cut_short_anywhere() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    let file = of_keyspace(whole.path(), 2, "tables").swap_remove(0);
    let places = super::manifest::places(&fs::read(&file).unwrap()).unwrap();
    let (_, rows) = places.into_iter().find(|(name, _)| name == b"data").unwrap();
    flip(&file, |_| rows.start + rows.len() / 2);
    let mended = tempfile::tempdir().unwrap();
    copy(whole.path(), mended.path());
    let found = super::mend::find(&mended.path().join("rows")).unwrap();
    assert_eq!(found.len(), 1);
    super::mend::mend(mended.path(), &found).unwrap();
    assert!(super::mend::find(&mended.path().join("rows")).unwrap().is_empty());

    // In the order in which they appear.
    let of = |dir: &Path, kind: &str| of_keyspace(dir, 2, kind);
    let mut steps: Vec<PathBuf> = kept(mended.path());
    steps.push(mended.path().join("lost"));
    let is_new = |path: &PathBuf| !whole.path().join(path.strip_prefix(mended.path()).unwrap()).exists();
    steps.extend(of(mended.path(), "tables").into_iter().filter(is_new));
    steps.extend(of(mended.path(), "v").into_iter().filter(is_new));
    steps.extend(of(mended.path(), "current"));
    assert_eq!(steps.len(), 5, "{steps:?}");
    for done in 0..=steps.len() {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        fs::create_dir_all(dir.path().join("damaged")).unwrap();
        for step in &steps[..done] {
            fs::copy(step, dir.path().join(step.strip_prefix(mended.path()).unwrap())).unwrap();
        }
        fs::write(dir.path().join("unmended"), "").unwrap();
        let store = Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).unwrap();
        assert!(!dir.path().join("unmended").exists());
        churn(&store, 0).await;
        assert!(!looks_sound(&store).await, "{done}");
        store.close().await.unwrap();
        let lost = super::lost::Lost::read(dir.path()).unwrap();
        assert_eq!(lost.blocks().len(), 1, "{done}: {:?}", lost.blocks());
    }
}

/// A filter takes a row that was not in its table for one that was, once in a hundred times. The number behind the last of
/// a log is then left out as long as it may have been lost, and no longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_goes_on_after_damage_leaves_no_number_out() {
    const LOGS: usize = 1000;
    let settings = Settings { write_buffer_bytes: 64 << 20, ..SMALL };
    let whole = tempfile::tempdir().unwrap();
    let open = |dir: &Path| Embedded::open_with(dir, LocalBus::new().0, &settings).unwrap();
    let logs: Vec<Log> =
        (0..LOGS).map(|number| Log { partition: group(3), name: format!("log{number:04}").into() }).collect();
    // To each of the logs. Gives the numbers.
    let say = async |store: &Embedded, at: u64, logs: &[Log]| -> Vec<u64> {
        let said = logs.iter().map(async |log| {
            let batch = Batch::new(log.partition.clone(), Millis(at)).append(log.name.clone(), "said");
            store.commit(batch).await.unwrap_or_else(|error| panic!("{log:?}: {error}")).entry().seq.0
        });
        futures_util::future::join_all(said).await
    };
    let in_tables = async |store: Embedded| {
        store.close().await.unwrap();
        verify(whole.path(), &mut Damages(Vec::new())).unwrap();
        of_keyspace(whole.path(), 1, "tables")
    };
    let store = open(whole.path());
    assert_eq!(say(&store, 1, &logs).await, vec![1; LOGS]);
    let old = in_tables(store).await;
    // The block that is damaged has the last of one log, and rows on both sides of all the others.
    let short = LOGS / 2;
    let store = open(whole.path());
    let around = ["log", "zzz"].map(|name| Log { partition: group(3), name: name.into() });
    assert_eq!(say(&store, 2, &around).await, [1, 1]);
    assert_eq!(say(&store, 2, &logs[short..=short]).await, [2]);
    let table = in_tables(store).await.into_iter().find(|table| !old.contains(table)).unwrap();
    flip(&table, |_| 100);

    for is_mended in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        if is_mended {
            fs::write(dir.path().join("unmended"), "").unwrap();
        }
        let mut store = open(dir.path());
        let mut last = say(&store, 3, &logs).await;
        let left_out: Vec<usize> = (0..LOGS)
            .filter(|number| match last[*number] - u64::from(*number == short) {
                2 => false,
                3 => true,
                other => panic!("{number}: {other}, mended: {is_mended}"),
            })
            .collect();
        println!("mended: {is_mended}, {left_out:?} left one out");
        assert!(left_out.len() < LOGS / 20, "{left_out:?}");
        // What lives in memory is gone after each start.
        for at in 4..7 {
            store.close().await.unwrap();
            store = open(dir.path());
            for (log, last) in logs.iter().zip(&mut last) {
                assert_eq!(store.log_end(log).await.unwrap().seq.0, *last, "{log:?}, mended: {is_mended}");
                *last += 1;
            }
            assert_eq!(say(&store, at, &logs).await, last, "mended: {is_mended}");
        }
        let mut more = Vec::new();
        for (number, log) in logs.iter().enumerate() {
            let entries = Engine::read(&store, log, ALL).await.unwrap();
            assert!(entries.iter().map(|entry| entry.seq.0).eq(1..=last[number]), "{number}: {entries:?}");
            let gaps: Vec<u64> =
                entries.iter().filter(|entry| entry.bytes.is_empty()).map(|entry| entry.seq.0).collect();
            let is_lost = (number == short).then_some(2);
            let is_left_out = left_out.contains(&number).then_some(if number == short { 3 } else { 2 });
            let expected: Vec<u64> = is_lost.into_iter().chain(is_left_out).collect();
            match gaps.strip_prefix(&[1]) {
                // An older entry of which a newer version may have been lost, to go by the filter.
                Some(gaps) if gaps == expected => more.push(number),
                _ => assert_eq!(gaps, expected, "{number}"),
            }
        }
        assert!(more.len() < LOGS / 20, "{more:?}");
        // Where nothing is left of a log but how far it was trimmed, too.
        let trims = logs.iter().zip(&last).map(|(log, last)| store.trim(log, Seq(last + 1)));
        futures_util::future::try_join_all(trims).await.unwrap();
        store.close().await.unwrap();
        let store = open(dir.path());
        last.iter_mut().for_each(|last| *last += 1);
        assert_eq!(say(&store, 7, &logs).await, last, "mended: {is_mended}");
        store.close().await.unwrap();
    }
}

/// Takes away the place of a table while it is written, until the database takes no write any more.
async fn give_up(dir: &Path, store: &Store) {
    let (tables, away) = (dir.join("rows/keyspaces/2/tables"), dir.join("away"));
    fs::rename(&tables, &away).unwrap();
    // One of these may be the first that is refused.
    let _ = store.records.insert("row", "value").and_then(|()| store.records.rotate_memtable().map(|_| ()));
    while store.look_for_failure().is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    fs::rename(away, tables).unwrap();
}

/// Whoever writes while the database gives up may wait for its tables for ever; nobody else must.
#[tokio::test]
async fn a_writer_that_waits_for_ever_ends_the_store_and_the_next_start_looks_its_files_over() {
    let dir = tempfile::tempdir().unwrap();
    let directory = super::super::directory::Directory::lock(dir.path()).unwrap();
    let (store, ..) = directory.open(&SMALL, None).unwrap();
    let identity = directory.identity().unwrap();
    give_up(dir.path(), &store).await;
    let queue = Arc::new(Queue::that_stalls_after(Duration::from_millis(50)));
    let (reply, answer) = oneshot::channel();
    queue.push(None, Job::Commit { batch: append(1), reply }).unwrap();
    // The store's thread is at it from then on.
    let _under_way = queue.take().unwrap();
    let (waiting, refused) = oneshot::channel();
    queue.push(None, Job::Commit { batch: append(2), reply: waiting }).unwrap();
    let (end, mut ended) = watch::channel(Ended::Running);
    let (_running, stopped) = mpsc::channel();
    let lookout = Lookout {
        queue: queue.clone(),
        open: Arc::new(RwLock::new(Some(Open { store: Some(store), directory }))),
        space: Arc::new(Space::new(dir.path(), 0)),
        identity,
        end,
        stopped,
    };
    thread::spawn(move || lookout.run());
    let ended = ended.wait_for(|ended| matches!(ended, Ended::Failed(_))).await.unwrap().clone();
    assert!(matches!(ended, Ended::Failed(StorageError::Failed { reason, .. }) if reason == store::GAVE_UP));
    assert!(refused.await.unwrap().is_err() && queue.failure().is_some());
    drop(answer);
    assert!(dir.path().join("unmended").exists());
}

/// The database gives up at any moment, also while a group is written.
#[tokio::test]
async fn what_the_database_refused_when_it_gave_up_waits_to_be_stored() {
    let dir = tempfile::tempdir().unwrap();
    let directory = super::super::directory::Directory::lock(dir.path()).unwrap();
    let (store, watermark, last) = directory.open(&SMALL, None).unwrap();
    give_up(dir.path(), &store).await;
    let queue = Arc::new(Queue::new(1 << 20));
    let mut committer = Committer {
        queue: queue.clone(),
        tokens: IdempotencyKeys::load(&store, 100).unwrap(),
        ends: LogEnds::default(),
        store,
        bus: LocalBus::new().0,
        watermark,
        last,
    };
    let (reply, mut answer) = oneshot::channel();
    let written = committer.commit(vec![Job::Commit { batch: append(1), reply }]);
    assert!(written.is_err_and(|error| store::gave_up(&error)));
    assert!(matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Empty)));
    assert_eq!(queue.take().unwrap().len(), 1);
}

//! What is dropped for its age or number: finding the logs, and trimming them.

use std::collections::HashSet;

use super::*;

/// All logs, read page by page.
pub(crate) async fn walk(engine: &dyn Engine, limit: usize) -> Vec<Log> {
    let mut found = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = engine.logs(after, limit).await.unwrap();
        found.extend(page.logs);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

fn named(partition: Partition, name: &'static [u8]) -> Log {
    Log { partition, name: Bytes::from_static(name) }
}

async fn append(engine: &dyn Engine, log: &Log, count: u64) {
    let submitted: Vec<_> = (1..=count)
        .map(|at| {
            let one = Batch::new(log.partition.clone(), seconds(at));
            engine.submit(one.append(log.name.clone(), at.to_string()))
        })
        .collect();
    for commit in submitted {
        commit.await.unwrap();
    }
}

async fn numbers(engine: &dyn Engine, log: &Log, window: Window) -> Vec<u64> {
    engine.read(log, window).await.unwrap().into_iter().map(|entry| entry.seq.0).collect()
}

/// Of the room's log.
async fn left(engine: &dyn Engine) -> Vec<u64> {
    numbers(engine, &room_log(), ALL).await
}

pub(crate) async fn every_log_is_found(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    assert!(walk(&*engine, 10).await.is_empty());
    let user = |app, name| Partition::user(AppId(app), &protocol::id::UserId::parse(name).unwrap());
    let [alice, bob] = ["alice", "b:{o}%b\u{e9}"].map(|name| protocol::id::UserId::parse(name).unwrap());
    let logs = [
        named(room(), b""),
        named(room(), b"\0"),
        named(room(), b"\0\0\0\0\0\0\0\x01"),
        named(room(), b"\xff\xff:t:{}*\r\n"),
        named(group("ro"), b"notice"),
        named(group("room2"), b"notice"),
        named(group("{r}o:o%m"), b":"),
        named(Partition::pair(AppId(1), &alice, &bob), &[0; 8]),
        named(user(1, "alice"), b"notice"),
        named(user(2, "alice"), b"notice"),
        named(user(u32::MAX, "alice"), b"notice"),
    ];
    for log in &logs {
        append(&*engine, log, 3).await;
    }
    engine.commit(batch(1).put(key("a"), "")).await.unwrap();
    for limit in [1, 2, 3, 100] {
        let found: HashSet<_> = walk(&*engine, limit).await.into_iter().collect();
        assert_eq!(found, logs.iter().cloned().collect(), "limit {limit}");
    }
    engine.close().await.unwrap();
    let engine = fixture.open().await.engine;
    let found: HashSet<_> = walk(&*engine, 4).await.into_iter().collect();
    assert_eq!(found, logs.iter().cloned().collect());
    engine.purge(&room(), &[], Bytes::new()).await.unwrap();
    assert!(!walk(&*engine, 4).await.contains(&logs[0]), "a log that was purged");
}

pub(crate) async fn found_while_others_come_and_go(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let log = |number: u64| named(group(&format!("{number:03}")), b"log");
    for number in 0..100 {
        append(&*engine, &log(number), 1).await;
    }
    let (mut found, mut after) = (HashSet::new(), None);
    for round in 0.. {
        let page = engine.logs(after, 5).await.unwrap();
        found.extend(page.logs);
        after = page.next;
        if after.is_none() {
            break;
        }
        // Every other one goes while the walk is under way, and others come on both sides of it.
        if round < 50 {
            engine.purge(&group(&format!("{:03}", 2 * round)), &[], "log".into()).await.unwrap();
            append(&*engine, &log(200 + round), 1).await;
            append(&*engine, &named(group(&format!("+{round}")), b"log"), 1).await;
        }
    }
    for number in (0..50).map(|number| 2 * number + 1) {
        assert!(found.contains(&log(number)), "{number}");
    }
}

pub(crate) async fn trimmed(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    append(&*engine, &room_log(), 10).await;
    engine.trim(&room_log(), Seq(4)).await.unwrap();
    let window = |from, to, limit, newest_first| Window { from: Seq(from), to: Seq(to), limit, newest_first };
    let cases: [(Window, &[u64]); 12] = [
        (window(0, u64::MAX, 99, false), &[4, 5, 6, 7, 8, 9, 10]),
        (window(0, u64::MAX, 99, true), &[10, 9, 8, 7, 6, 5, 4]),
        (window(1, 10, 2, false), &[4, 5]),
        (window(1, 10, 2, true), &[10, 9]),
        (window(1, 5, 99, true), &[5, 4]),
        (window(1, 5, 1, false), &[4]),
        (window(1, 3, 99, false), &[]),
        (window(1, 3, 99, true), &[]),
        (window(3, 3, 1, false), &[]),
        (window(4, 4, 1, true), &[4]),
        (window(2, 4, 99, false), &[4]),
        (window(6, 7, 99, false), &[6, 7]),
    ];
    for (window, expected) in cases {
        assert_eq!(numbers(&*engine, &room_log(), window).await, expected, "{window:?}");
    }
    let entries = engine.read(&room_log(), window(4, 4, 1, false)).await.unwrap();
    assert_eq!(entries, [Entry { seq: Seq(4), at: seconds(4), bytes: "4".into() }]);
    let end = LogEnd { seq: Seq(10), at: seconds(10) };
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), end);
    let next = engine.commit(batch(11).append("log", "11")).await.unwrap();
    assert_eq!(next.entry(), LogEnd { seq: Seq(11), at: seconds(11) });
    assert_eq!(left(&*engine).await, (4..=11).collect::<Vec<_>>());
    assert!(walk(&*engine, 1).await.contains(&room_log()));
}

pub(crate) async fn trimmed_to_nothing(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    append(&*engine, &room_log(), 10).await;
    engine.trim(&room_log(), Seq(11)).await.unwrap();
    assert!(left(&*engine).await.is_empty());
    let end = LogEnd { seq: Seq(10), at: seconds(10) };
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), end);
    // A number that is far beyond the end is not a promise about what comes.
    engine.trim(&room_log(), Seq(u64::MAX)).await.unwrap();
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), end);
    let next = engine.commit(batch(2).append("log", "11")).await.unwrap();
    assert_eq!(next.entry(), LogEnd { seq: Seq(11), at: seconds(10) }, "times do not go backwards");
    assert_eq!(left(&*engine).await, [11]);
    engine.trim(&room_log(), Seq(u64::MAX)).await.unwrap();
    assert!(left(&*engine).await.is_empty());
    assert_eq!(engine.log_end(&room_log()).await.unwrap().seq, Seq(11));
}

pub(crate) async fn trimmed_reopened(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let empty = Log { name: "empty".into(), ..room_log() };
    append(&*engine, &room_log(), 10).await;
    append(&*engine, &empty, 7).await;
    let answer = engine.commit(batch(20).idempotency_key("token").append("log", "11")).await.unwrap();
    engine.trim(&room_log(), Seq(9)).await.unwrap();
    engine.trim(&empty, Seq(8)).await.unwrap();
    engine.close().await.unwrap();

    let engine = fixture.open().await.engine;
    assert_eq!(left(&*engine).await, [9, 10, 11]);
    assert!(numbers(&*engine, &empty, ALL).await.is_empty());
    assert_eq!(engine.log_end(&empty).await.unwrap(), LogEnd { seq: Seq(7), at: seconds(7) });
    let next = engine.commit(batch(1).append("empty", "8")).await.unwrap();
    assert_eq!(next.entry(), LogEnd { seq: Seq(8), at: seconds(7) });
    assert_eq!(numbers(&*engine, &empty, ALL).await, [8]);
    engine.trim(&room_log(), Seq(12)).await.unwrap();
    let again = engine.commit(batch(21).idempotency_key("token").append("log", "twice")).await.unwrap();
    assert_eq!(again, Committed { repeated: true, ..answer }, "also of an entry that is gone");
    assert!(left(&*engine).await.is_empty());
}

pub(crate) async fn trim_may_be_repeated(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    append(&*engine, &room_log(), 2000).await;
    let log = room_log();
    let trims = [900, 1500, 1, 0, 1500, 1700].map(|first_kept| engine.trim(&log, Seq(first_kept)));
    for trim in futures_util::future::join_all(trims).await {
        trim.unwrap();
    }
    assert_eq!(left(&*engine).await, (1700..=2000).collect::<Vec<_>>());
    engine.trim(&log, Seq(1600)).await.unwrap();
    assert_eq!(left(&*engine).await[0], 1700, "what is gone does not come back");
    assert_eq!(engine.log_end(&log).await.unwrap(), LogEnd { seq: Seq(2000), at: seconds(2000) });
}

pub(crate) async fn trim_of_nothing(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.trim(&room_log(), Seq(5)).await.unwrap();
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd::default());
    append(&*engine, &room_log(), 3).await;
    assert_eq!(left(&*engine).await, [1, 2, 3]);
    for first_kept in [0, 1] {
        engine.trim(&room_log(), Seq(first_kept)).await.unwrap();
        assert_eq!(left(&*engine).await, [1, 2, 3]);
    }
}

pub(crate) async fn trim_stays_in_its_log(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let neighbours = [
        named(room(), b""),
        named(room(), b"lo"),
        named(room(), b"log\0"),
        named(room(), b"log2"),
        named(group("roo"), b"log"),
        named(group("room2"), b"log"),
        named(Partition::named(AppId(2), Bytes::copy_from_slice(room().name())), b"log"),
    ];
    for log in neighbours.iter().chain([&room_log()]) {
        append(&*engine, log, 5).await;
    }
    let count = Key::new(Table::Counter, "n");
    engine.commit(batch(1).put(key("a"), "b").add(count.clone(), 7, None)).await.unwrap();
    engine.trim(&room_log(), Seq(6)).await.unwrap();
    assert!(left(&*engine).await.is_empty());
    for log in &neighbours {
        assert_eq!(numbers(&*engine, log, ALL).await, [1, 2, 3, 4, 5], "{log:?}");
    }
    assert_eq!(bytes_at(&*engine, &[key("a")]).await, [Some(Bytes::from_static(b"b"))]);
    assert_eq!(engine.counters(&room(), &[count]).await.unwrap(), [7]);
}

/// Readers and writers meet the trim in its middle, wherever its slices end.
pub(crate) async fn dense_while_it_is_trimmed(fixture: &impl Fixture) {
    const BEFORE: u64 = 3000;
    const LATER: u64 = 60;
    let engine = fixture.open().await.engine;
    append(&*engine, &room_log(), BEFORE).await;
    let trim = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.trim(&room_log(), Seq(BEFORE - 9)).await })
    };
    let writer = {
        let engine = engine.clone();
        tokio::spawn(async move { append(&*engine, &room_log(), LATER).await })
    };
    let (mut first, mut last) = (1, BEFORE);
    while !trim.is_finished() || !writer.is_finished() {
        for newest_first in [false, true] {
            let mut seqs = numbers(&*engine, &room_log(), Window { newest_first, ..ALL }).await;
            if newest_first {
                seqs.reverse();
            }
            let (begin, end) = (seqs[0], *seqs.last().unwrap());
            assert!(begin >= first && end >= last, "{begin}..={end} after {first}..={last}");
            assert!(seqs.iter().copied().eq(begin..=end), "a hole between {begin} and {end}");
            (first, last) = (begin, end);
        }
    }
    trim.await.unwrap().unwrap();
    writer.await.unwrap();
    assert_eq!(left(&*engine).await, (BEFORE - 9..=BEFORE + LATER).collect::<Vec<_>>());
}

/// A life that ends takes with it what was known of its trimming.
pub(crate) async fn trimmed_then_purged(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    for first_kept in [3, 6] {
        append(&*engine, &room_log(), 5).await;
        engine.trim(&room_log(), Seq(first_kept)).await.unwrap();
        engine.purge(&room(), &[Table::Member], "log".into()).await.unwrap();
        assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd::default());
        engine.trim(&room_log(), Seq(first_kept)).await.unwrap();
        assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd::default());
        assert!(!walk(&*engine, 1).await.contains(&room_log()));
    }
    append(&*engine, &room_log(), 2).await;
    assert_eq!(left(&*engine).await, [1, 2]);
}

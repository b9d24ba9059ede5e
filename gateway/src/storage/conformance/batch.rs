//! Atomic and serial: what one batch does, and what many do to each other.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::storage::{Expected, MOST_APPENDS};

pub(crate) async fn stored_whole(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.commit(batch(1).put(key("old"), "old")).await.unwrap();
    let whole = batch(2)
        .check(key("old"), Expected::Present)
        .put(key("new"), "new")
        .delete(key("old"))
        .add(Key::new(Table::Counter, "members"), 3, None)
        .append("log", "entry");
    let committed = engine.commit(whole).await.unwrap();
    let end = LogEnd { seq: Seq(1), at: seconds(2) };
    assert_eq!(committed, Committed { entries: vec![end], counters: vec![3], repeated: false });

    assert_eq!(bytes_at(&*engine, &[key("old"), key("new")]).await, [None, Some("new".into())]);
    assert_eq!(engine.counters(&room(), &[Key::new(Table::Counter, "members")]).await.unwrap(), [3]);
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), end);
}

pub(crate) async fn refused_changes_nothing(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let count = Key::new(Table::Counter, "members");
    engine.commit(batch(1).put(key("a"), "before").add(count.clone(), 1, None)).await.unwrap();
    let change = || {
        batch(2)
            .put(key("a"), "after")
            .put(key("b"), "after")
            .delete(key("a"))
            .add(count.clone(), 1, None)
            .append("log", "entry")
    };
    let conflict = engine.commit(change().check(key("b"), Expected::Present)).await;
    assert!(matches!(conflict, Err(CommitError::Conflict(0))), "{conflict:?}");
    let bound = engine.commit(change().add(count.clone(), 1, Some(2))).await;
    assert!(matches!(bound, Err(CommitError::Bound(1))), "{bound:?}");

    assert_eq!(bytes_at(&*engine, &[key("a"), key("b")]).await, [Some("before".into()), None]);
    assert_eq!(engine.counters(&room(), &[count]).await.unwrap(), [1]);
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd::default());
    let next = engine.commit(batch(3).append("log", "entry")).await.unwrap();
    assert_eq!(next.entry().seq, Seq(1), "a refused batch uses no number up");
}

fn log_named(name: &'static str) -> Log {
    Log { partition: room(), name: name.into() }
}

/// Logs of one partition grow in one step, each with its own numbers.
pub(crate) async fn appends_to_several_logs(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.commit(batch(7).append("b", "before")).await.unwrap();
    let both = batch(3).put(key("a"), "").append("a", "one").append("b", "two").append("c", "three");
    let committed = engine.commit(both).await.unwrap();
    let end = |seq, at| LogEnd { seq: Seq(seq), at: seconds(at) };
    assert_eq!(committed.entries, [end(1, 3), end(2, 7), end(1, 3)], "each log has its own time, too");
    for (name, end) in ["a", "b", "c"].into_iter().zip(committed.entries) {
        assert_eq!(engine.log_end(&log_named(name)).await.unwrap(), end);
    }
    let refused = batch(8).check(key("a"), Expected::Absent).append("a", "four").append("b", "five");
    assert!(matches!(engine.commit(refused).await, Err(CommitError::Conflict(0))));
    let next = engine.commit(batch(9).append("b", "six").append("a", "seven")).await.unwrap();
    assert_eq!(next.entries, [end(3, 9), end(2, 9)], "a refused batch uses no number up");
    engine.close().await.unwrap();

    let engine = fixture.open().await.engine;
    for (name, expected) in
        [("a", &["one", "seven"][..]), ("b", &["before", "two", "six"]), ("c", &["three"])]
    {
        let entries = engine.read(&log_named(name), ALL).await.unwrap();
        assert!(entries.iter().map(|entry| &entry.bytes[..]).eq(expected.iter().map(|text| text.as_bytes())));
    }
}

/// Entries of one batch for one log follow each other, whoever else writes.
pub(crate) async fn appends_twice_to_one_log(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let writers = (0..8).map(|writer| {
        let engine = engine.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                let bytes = |place: u32| format!("{writer} {number} {place}");
                let three = batch(1).append("log", bytes(0)).append("other", "").append("log", bytes(1));
                let committed = engine.commit(three.append("log", bytes(2))).await.unwrap();
                let seqs: Vec<u64> = committed.entries.iter().map(|entry| entry.seq.0).collect();
                assert_eq!(seqs.len(), 4);
                assert_eq!([seqs[2], seqs[3]], [seqs[0] + 1, seqs[0] + 2], "{seqs:?}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let entries = engine.read(&room_log(), ALL).await.unwrap();
    assert_eq!(entries.len(), 8 * 20 * 3);
    for three in entries.chunks(3) {
        let text = |place: usize| String::from_utf8(three[place].bytes.to_vec()).unwrap();
        let stem = text(0).strip_suffix('0').unwrap().to_owned();
        assert_eq!([text(1), text(2)], [format!("{stem}1"), format!("{stem}2")]);
    }
    assert_eq!(engine.log_end(&log_named("other")).await.unwrap().seq, Seq(160));
}

pub(crate) async fn too_many_appends_are_refused(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let many = |count| (0..count).fold(batch(1), |batch, _| batch.append("log", ""));
    let refused = engine.commit(many(MOST_APPENDS + 1)).await;
    assert!(matches!(refused, Err(CommitError::Storage(StorageError::Failed { .. }))), "{refused:?}");
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd::default());
    let committed = engine.commit(many(MOST_APPENDS)).await.unwrap();
    assert!(committed.entries.iter().map(|entry| entry.seq.0).eq(1..=MOST_APPENDS as u64));
    // Many such at once, each for logs of its own: what is remembered of the logs' ends is bounded, too.
    let logs = |round: usize, name: &str| {
        (0..MOST_APPENDS).fold(batch(2), |batch, place| batch.append(format!("{name}{round} {place}"), ""))
    };
    for expected in 1..=2 {
        let tickets: Vec<_> = (0..100).map(|round| engine.submit(logs(round, "log"))).collect();
        for ticket in tickets {
            let committed = ticket.await.unwrap();
            assert!(committed.entries.iter().all(|entry| entry.seq == Seq(expected)));
        }
    }
}

/// A reader beside a writer sees all of a batch or nothing.
pub(crate) async fn read_whole(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (engine, done) = (engine.clone(), done.clone());
        async move {
            for round in 0..200u32 {
                let bytes = round.to_string();
                engine.commit(batch(1).put(key("a"), bytes.clone()).put(key("b"), bytes)).await.unwrap();
            }
            done.store(true, Ordering::Release);
        }
    });
    let mut reads = 0;
    while !done.load(Ordering::Acquire) {
        let values = bytes_at(&*engine, &[key("a"), key("b")]).await;
        assert_eq!(values[0], values[1]);
        let scanned = engine.scan(&room(), all_of(Table::Member)).await.unwrap();
        assert!(scanned.windows(2).all(|two| two[0].1.bytes == two[1].1.bytes), "{scanned:?}");
        reads += 1;
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert!(reads > 0);
}

/// Batches that are submitted together see each other as if they had come one by one.
pub(crate) async fn sees_those_before(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let count = Key::new(Table::Counter, "n");
    let first = engine.submit(batch(1).check(key("a"), Expected::Absent).put(key("a"), "1"));
    let second = engine.submit(batch(2).check(key("a"), Expected::Present).delete(key("a")));
    let third = engine.submit(batch(3).check(key("a"), Expected::Present));
    let fourth = engine.submit(batch(4).check(key("a"), Expected::Absent).add(count.clone(), 2, Some(2)));
    let fifth = engine.submit(batch(5).add(count.clone(), 1, Some(2)));
    let sixth = engine.submit(batch(6).add(count.clone(), -1, None).add(count.clone(), 1, Some(2)));
    first.await.unwrap();
    second.await.unwrap();
    assert!(matches!(third.await, Err(CommitError::Conflict(0))));
    assert_eq!(fourth.await.unwrap().counters, [2]);
    assert!(matches!(fifth.await, Err(CommitError::Bound(0))));
    assert_eq!(sixth.await.unwrap().counters, [1, 2]);
}

/// Many who read, change and write back with a check on the version.
pub(crate) async fn no_update_is_lost(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.commit(batch(1).put(key("a"), "0")).await.unwrap();
    let updates = (0..8).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut left = 10;
            while left > 0 {
                let value = engine.get(&room(), &[key("a")]).await.unwrap().remove(0).unwrap();
                let number: u32 = std::str::from_utf8(&value.bytes).unwrap().parse().unwrap();
                let next = batch(2)
                    .check(key("a"), Expected::Version(value.version))
                    .put(key("a"), (number + 1).to_string());
                match engine.commit(next).await {
                    Ok(_) => left -= 1,
                    Err(CommitError::Conflict(0)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    for update in updates.collect::<Vec<_>>() {
        update.await.unwrap();
    }
    assert_eq!(bytes_at(&*engine, &[key("a")]).await, [Some("80".into())]);
}

pub(crate) async fn no_bound_is_passed(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let members = Key::new(Table::Counter, "members");
    let joins = (0..50).map(|_| {
        let (engine, members) = (engine.clone(), members.clone());
        tokio::spawn(async move { engine.commit(batch(1).add(members, 1, Some(20))).await })
    });
    let mut joined = Vec::new();
    for join in joins.collect::<Vec<_>>() {
        match join.await.unwrap() {
            Ok(committed) => joined.extend(committed.counters),
            Err(error) => assert!(matches!(error, CommitError::Bound(0)), "{error}"),
        }
    }
    joined.sort_unstable();
    assert_eq!(joined, (1..=20).collect::<Vec<_>>());
    assert_eq!(engine.counters(&room(), &[members]).await.unwrap(), [20]);
}

pub(crate) async fn stored_in_the_order_of_submission(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let commits: Vec<_> =
        (1..=500).map(|at| (Seq(at), engine.submit(batch(at).append("log", at.to_string())))).collect();
    // Awaited backwards, so that the order of the awaits cannot be what gives the order.
    for (seq, commit) in commits.into_iter().rev() {
        assert_eq!(commit.await.unwrap().entry().seq, seq);
    }
}

pub(crate) async fn not_taken_back_by_dropping(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    drop(engine.submit(batch(1).append("log", "dropped")));
    let after = engine.commit(batch(2).append("log", "kept")).await.unwrap();
    assert_eq!(after.entry().seq, Seq(2));
    let entries = engine.read(&room_log(), ALL).await.unwrap();
    assert_eq!(entries.iter().map(|entry| &entry.bytes[..]).collect::<Vec<_>>(), [&b"dropped"[..], b"kept"]);
}

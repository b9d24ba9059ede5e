//! Atomic and serial: what one batch does, and what many do to each other.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::storage::Expected;

pub(crate) async fn stored_whole(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.commit(batch(1).put(key("old"), "old")).await.unwrap();
    let whole = batch(2)
        .check(key("old"), Expected::Present)
        .put(key("new"), "new")
        .delete(key("old"))
        .add(Key::new(Table::Count, "members"), 3, None)
        .append("log", "entry");
    let committed = engine.commit(whole).await.unwrap();
    let head = Head { seq: Seq(1), at: seconds(2) };
    assert_eq!(committed, Committed { entry: Some(head), counts: vec![3], repeated: false });

    assert_eq!(bytes_at(&*engine, &[key("old"), key("new")]).await, [None, Some("new".into())]);
    assert_eq!(engine.counts(&room(), &[Key::new(Table::Count, "members")]).await.unwrap(), [3]);
    assert_eq!(engine.head(&room_log()).await.unwrap(), head);
}

pub(crate) async fn refused_changes_nothing(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let count = Key::new(Table::Count, "members");
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
    assert_eq!(engine.counts(&room(), &[count]).await.unwrap(), [1]);
    assert_eq!(engine.head(&room_log()).await.unwrap(), Head::default());
    let next = engine.commit(batch(3).append("log", "entry")).await.unwrap();
    assert_eq!(next.entry.unwrap().seq, Seq(1), "a refused batch uses no number up");
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
    let count = Key::new(Table::Count, "n");
    let first = engine.submit(batch(1).check(key("a"), Expected::Absent).put(key("a"), "1"));
    let second = engine.submit(batch(2).check(key("a"), Expected::Present).delete(key("a")));
    let third = engine.submit(batch(3).check(key("a"), Expected::Present));
    let fourth = engine.submit(batch(4).check(key("a"), Expected::Absent).add(count.clone(), 2, Some(2)));
    let fifth = engine.submit(batch(5).add(count.clone(), 1, Some(2)));
    let sixth = engine.submit(batch(6).add(count.clone(), -1, None).add(count.clone(), 1, Some(2)));
    first.await.unwrap();
    second.await.unwrap();
    assert!(matches!(third.await, Err(CommitError::Conflict(0))));
    assert_eq!(fourth.await.unwrap().counts, [2]);
    assert!(matches!(fifth.await, Err(CommitError::Bound(0))));
    assert_eq!(sixth.await.unwrap().counts, [1, 2]);
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
    let members = Key::new(Table::Count, "members");
    let joins = (0..50).map(|_| {
        let (engine, members) = (engine.clone(), members.clone());
        tokio::spawn(async move { engine.commit(batch(1).add(members, 1, Some(20))).await })
    });
    let mut joined = Vec::new();
    for join in joins.collect::<Vec<_>>() {
        match join.await.unwrap() {
            Ok(committed) => joined.extend(committed.counts),
            Err(error) => assert!(matches!(error, CommitError::Bound(0)), "{error}"),
        }
    }
    joined.sort_unstable();
    assert_eq!(joined, (1..=20).collect::<Vec<_>>());
    assert_eq!(engine.counts(&room(), &[members]).await.unwrap(), [20]);
}

pub(crate) async fn stored_in_the_order_of_submission(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let commits: Vec<_> =
        (1..=500).map(|at| (Seq(at), engine.submit(batch(at).append("log", at.to_string())))).collect();
    // Awaited backwards, so that the order of the awaits cannot be what gives the order.
    for (seq, commit) in commits.into_iter().rev() {
        assert_eq!(commit.await.unwrap().entry.unwrap().seq, seq);
    }
}

pub(crate) async fn not_taken_back_by_dropping(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    drop(engine.submit(batch(1).append("log", "dropped")));
    let after = engine.commit(batch(2).append("log", "kept")).await.unwrap();
    assert_eq!(after.entry.unwrap().seq, Seq(2));
    let entries = engine.read(&room_log(), ALL).await.unwrap();
    assert_eq!(entries.iter().map(|entry| &entry.bytes[..]).collect::<Vec<_>>(), [&b"dropped"[..], b"kept"]);
}

//! Durable, and the ends of things: opening again, purging, closing.

use std::task::{Context, Waker};

use super::*;

pub(crate) async fn reopened(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let count = Key::new(Table::Counter, "n");
    for at in 1..=30 {
        let one = batch(at).put(key("a"), at.to_string()).add(count.clone(), 2, None);
        engine.commit(one.append("log", at.to_string()).idempotency_key(at.to_string())).await.unwrap();
    }
    engine.commit(batch(31).put(key("gone"), "").append("log", "31")).await.unwrap();
    engine.commit(batch(32).delete(key("gone"))).await.unwrap();
    let before = engine.get(&room(), &[key("a"), key("gone")]).await.unwrap();
    let entries = engine.read(&room_log(), ALL).await.unwrap();
    engine.close().await.unwrap();

    let engine = fixture.open().await.engine;
    assert_eq!(engine.get(&room(), &[key("a"), key("gone")]).await.unwrap(), before);
    assert_eq!(engine.counters(&room(), std::slice::from_ref(&count)).await.unwrap(), [60]);
    assert_eq!(engine.read(&room_log(), ALL).await.unwrap(), entries);
    let again = engine.commit(batch(33).idempotency_key("7").append("log", "twice")).await.unwrap();
    let end = LogEnd { seq: Seq(7), at: seconds(7) };
    assert_eq!(again, Committed { entries: vec![end], counters: vec![14], repeated: true });
    let next = engine.commit(batch(5).put(key("a"), "30").append("log", "32")).await.unwrap();
    assert_eq!(next.entry(), LogEnd { seq: Seq(32), at: seconds(31) });
    assert_ne!(engine.get(&room(), &[key("a")]).await.unwrap()[0], before[0], "a new version");
}

/// A thousand rows of an old epoch go, those of the epoch after and of the neighbours stay.
pub(crate) async fn purged(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let tables = [Table::Member, Table::Counter, Table::Read];
    for epoch in ["1.", "2."] {
        let commits: Vec<_> = (0..700)
            .map(|number| {
                let suffix = format!("{epoch}{number}");
                let one = batch(1)
                    .put(Key::new(Table::Member, suffix.clone()), "")
                    .put(Key::new(Table::Read, suffix.clone()), "")
                    .add(Key::new(Table::Counter, suffix), 1, None)
                    .append(epoch, "");
                engine.submit(one)
            })
            .collect();
        for commit in commits {
            commit.await.unwrap();
        }
    }
    engine.commit(batch(1).put(Key::new(Table::Group, "1."), "")).await.unwrap();
    engine.commit(Batch::new(group("room2"), seconds(1)).put(key("1.0"), "")).await.unwrap();
    engine.commit(batch(1).append("1.x", "a log whose name begins so")).await.unwrap();

    engine.purge(&room(), &tables, "1.".into()).await.unwrap();
    let log = |name| Log { partition: room(), name: Bytes::from_static(name) };
    for table in tables {
        let old = Scan { prefix: "1.".into(), ..all_of(table) };
        assert!(suffixes(&*engine, &room(), old).await.is_empty(), "{table:?}");
        assert_eq!(suffixes(&*engine, &room(), all_of(table)).await.len(), 700, "{table:?}");
    }
    assert_eq!(engine.counters(&room(), &[Key::new(Table::Counter, "1.0")]).await.unwrap(), [0]);
    assert!(engine.read(&log(b"1."), ALL).await.unwrap().is_empty());
    assert_eq!(engine.log_end(&log(b"1.")).await.unwrap(), LogEnd::default());
    assert_eq!(engine.log_end(&log(b"2.")).await.unwrap().seq, Seq(700));
    assert_eq!(engine.log_end(&log(b"1.x")).await.unwrap().seq, Seq(1));
    assert_eq!(suffixes(&*engine, &room(), all_of(Table::Group)).await, ["1."], "a table that was not named");
    assert_eq!(suffixes(&*engine, &group("room2"), all_of(Table::Member)).await, ["1.0"]);
}

/// A purge stands in the order of the batches around it, and takes none of them along.
pub(crate) async fn purged_between_batches(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let write = |epoch: &'static str, at| batch(at).put(key(epoch), "").append(epoch, at.to_string());
    let before: Vec<_> = (1..=20).map(|at| engine.submit(write("1", at))).collect();
    let room = room();
    let mut purge = engine.purge(&room, &[Table::Member], "1".into());
    assert!(purge.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let after: Vec<_> = (21..=40).map(|at| engine.submit(write("2", at))).collect();
    for commit in before.into_iter().chain(after) {
        commit.await.unwrap();
    }
    purge.await.unwrap();
    assert_eq!(suffixes(&*engine, &room, all_of(Table::Member)).await, ["2"]);
    let log = |name| Log { partition: room.clone(), name: Bytes::from_static(name) };
    assert_eq!(engine.log_end(&log(b"1")).await.unwrap(), LogEnd::default());
    assert_eq!(engine.log_end(&log(b"2")).await.unwrap().seq, Seq(20));
}

pub(crate) async fn purge_may_be_repeated(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    for round in 0..3 {
        engine.purge(&room(), &[Table::Member], "1".into()).await.unwrap();
        engine.purge(&room(), &[Table::Member], "1".into()).await.unwrap();
        assert!(suffixes(&*engine, &room(), all_of(Table::Member)).await.is_empty());
        let first = engine.commit(batch(1).put(key("1"), "").append("1", "")).await.unwrap();
        assert_eq!(first.entry().seq, Seq(1), "round {round}: a purged log is an empty log");
    }
}

pub(crate) async fn closed(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let under_way: Vec<_> = (1..=100).map(|at| engine.submit(batch(at).append("log", ""))).collect();
    engine.close().await.unwrap();
    for commit in under_way {
        commit.await.unwrap();
    }
    fn closed<T: std::fmt::Debug>(outcome: Result<T, StorageError>) {
        assert!(matches!(outcome, Err(StorageError::Closed)), "{outcome:?}");
    }
    closed(engine.get(&room(), &[key("a")]).await);
    closed(engine.counters(&room(), &[key("a")]).await);
    closed(engine.scan(&room(), all_of(Table::Member)).await);
    closed(engine.read(&room_log(), ALL).await);
    closed(engine.log_end(&room_log()).await);
    closed(engine.logs(None, 10).await);
    closed(engine.trim(&room_log(), Seq(5)).await);
    closed(engine.purge(&room(), &[Table::Member], "1".into()).await);
    closed(engine.health().await);
    closed(engine.close().await);
    let outcome = engine.commit(batch(1)).await;
    assert!(matches!(outcome, Err(CommitError::Storage(StorageError::Closed))), "{outcome:?}");

    let engine = fixture.open().await.engine;
    assert_eq!(engine.log_end(&room_log()).await.unwrap().seq, Seq(100));
}

pub(crate) async fn healthy(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.health().await.unwrap();
    engine.commit(batch(1).put(key("a"), "")).await.unwrap();
    engine.health().await.unwrap();
}

//! Idempotency keys: a batch that is submitted again is not carried out again.

use super::*;
use crate::storage::{Expected, IDEMPOTENCY_WINDOW};

fn append_once(at: u64, token: &'static str) -> Batch {
    batch(at).idempotency_key(token).add(Key::new(Table::Counter, "n"), 1, None).append("log", token)
}

pub(crate) async fn answered_as_the_first(fixture: &impl Fixture) {
    let Opened { engine, .. } = fixture.open().await;
    engine.commit(append_once(1, "before")).await.unwrap();
    let first = engine.commit(append_once(2, "token")).await.unwrap();
    assert!(!first.repeated);
    engine.commit(append_once(3, "after")).await.unwrap();
    let again = engine.commit(append_once(4, "token")).await.unwrap();
    assert_eq!(again, Committed { repeated: true, ..first });
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd { seq: Seq(3), at: seconds(3) });
    assert_eq!(engine.counters(&room(), &[Key::new(Table::Counter, "n")]).await.unwrap(), [3]);

    let silent = engine.commit(batch(5).idempotency_key("changes nothing")).await.unwrap();
    let again = engine.commit(append_once(5, "changes nothing")).await.unwrap();
    assert_eq!(again, Committed { repeated: true, ..silent });
}

/// All of the entries, wherever the answer is kept meanwhile.
pub(crate) async fn answered_with_every_entry(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.commit(batch(1).append("b", "")).await.unwrap();
    let three = || {
        let count = Key::new(Table::Counter, "n");
        batch(2)
            .idempotency_key("token")
            .append("a", "1")
            .append("b", "2")
            .append("a", "3")
            .add(count, 5, None)
    };
    let first = engine.commit(three()).await.unwrap();
    assert_eq!(first.entries.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), [1, 2, 2]);
    assert_eq!(engine.commit(three()).await.unwrap(), Committed { repeated: true, ..first.clone() });
    engine.close().await.unwrap();
    let engine = fixture.open().await.engine;
    assert_eq!(engine.commit(three()).await.unwrap(), Committed { repeated: true, ..first });
}

pub(crate) async fn answered_before_checks(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let create = || batch(1).idempotency_key("token").check(key("a"), Expected::Absent).put(key("a"), "");
    assert!(!engine.commit(create()).await.unwrap().repeated);
    assert!(engine.commit(create()).await.unwrap().repeated);
    let bounded = batch(1).idempotency_key("token").add(Key::new(Table::Counter, "n"), 9, Some(0));
    assert!(engine.commit(bounded).await.unwrap().repeated);
}

pub(crate) async fn same_token_at_the_same_time(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let commits: Vec<_> = (0..20).map(|_| engine.submit(append_once(1, "token"))).collect();
    for (index, commit) in commits.into_iter().enumerate() {
        let committed = commit.await.unwrap();
        assert_eq!(committed.repeated, index > 0, "{index}");
        assert_eq!(committed.entry().seq, Seq(1));
    }
    assert_eq!(engine.log_end(&room_log()).await.unwrap().seq, Seq(1));
}

pub(crate) async fn refusal_is_not_remembered(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let needs = || append_once(1, "token").check(key("a"), Expected::Present);
    assert!(matches!(engine.commit(needs()).await, Err(CommitError::Conflict(0))));
    engine.commit(batch(1).put(key("a"), "")).await.unwrap();
    assert!(!engine.commit(needs()).await.unwrap().repeated, "the first was not carried out");
}

pub(crate) async fn tokens_of_partitions_are_apart(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let partitions = [group("a"), group("ab"), Partition::group(AppId(2), &GroupId::parse("a").unwrap())];
    for partition in partitions {
        for token in ["b", "", "c"] {
            let once = Batch::new(partition.clone(), seconds(1)).idempotency_key(token).append("log", "");
            assert!(!engine.commit(once).await.unwrap().repeated, "{token} of {partition:?}");
        }
    }
}

/// By the time of the batches, which is the caller's clock, and however many tokens come between.
pub(crate) async fn remembered_for_the_window(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let window = IDEMPOTENCY_WINDOW.as_secs();
    // Keys at every sixth of a window, for three windows, each asked for until its window ends.
    let times: Vec<u64> = (0..18).map(|sixth| 1_000_000 + sixth * window / 6).collect();
    let token = |at: u64| Bytes::from(at.to_string());
    for &now in &times {
        let first =
            engine.commit(batch(now).idempotency_key(token(now)).append("log", token(now))).await.unwrap();
        assert!(!first.repeated);
        for &earlier in times.iter().filter(|&&at| at <= now && now < at + window) {
            let again = engine
                .commit(batch(now).idempotency_key(token(earlier)).append("log", "twice"))
                .await
                .unwrap();
            assert!(again.repeated, "{} seconds later", now - earlier);
            assert_eq!(again.entry().at, seconds(earlier));
        }
    }
}

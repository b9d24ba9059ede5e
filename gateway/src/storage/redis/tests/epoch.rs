//! A store that is another than before, while all connections stand.

use super::*;
use crate::storage::Expected;

const SOON: Duration = Duration::from_secs(10);

/// A server that can be made to load its last snapshot without a restart.
async fn reloadable() -> RedisServer {
    RedisServer::start_with(Nothing, &["--enable-debug-command", "yes"]).await
}

async fn next(epochs: &mut watch::Receiver<u64>) -> u64 {
    tokio::time::timeout(SOON, epochs.changed()).await.expect("another epoch in time").unwrap();
    *epochs.borrow_and_update()
}

/// Waits until the time of the epoch has moved on, as it does each second.
async fn moved_on(server: &RedisServer) {
    let at = async || server.command::<Option<String>>("HGET timgate:{epoch} at").await;
    let before = at().await;
    eventually(SOON, "the time moves on", async || before.is_none() || at().await != before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_emptied_is_another() {
    let server = RedisServer::start(Nothing).await;
    let (one, two) =
        (engine_on(server.target(), Settings::default()), engine_on(server.target(), Settings::default()));
    one.commit(said("one")).await.unwrap();
    two.commit(said("two")).await.unwrap();
    // Both have seen it.
    moved_on(&server).await;
    moved_on(&server).await;
    let (mut at_one, mut at_two) = (one.epochs(), two.epochs());
    assert_eq!((one.epoch(), two.epoch()), (0, 0), "who comes second finds what there is");
    server.command::<()>("FLUSHALL").await;
    assert_eq!((next(&mut at_one).await, next(&mut at_two).await), (1, 1));
    assert_eq!(one.epoch(), 1);
    eventually(SOON, "it has a format again", async || {
        server.command::<Option<String>>("GET timgate:{format}").await.is_some()
    })
    .await;
    moved_on(&server).await;
    assert_eq!((one.epoch(), two.epoch()), (1, 1), "once");
}

/// An older state has the same id: that it is older shows by its time. What was seen to hold in the state that is gone has to be
/// looked at anew, also where versions have come up to the same number again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_state_is_another_store() {
    let server = reloadable().await;
    let engine = engine_on(server.target(), Settings::default());
    let member = || Key::new(Table::Member, "alice");
    engine.commit(said("first").put(Key::new(Table::Group, "1"), "")).await.unwrap();
    moved_on(&server).await;
    server.command::<()>("SAVE").await;
    moved_on(&server).await;
    // Alice is a member in version 2.
    engine.commit(Batch::new(group("room"), Millis(1)).put(member(), "")).await.unwrap();
    let allowed = |number| message("alice", number).check(member(), Expected::Present);
    engine.commit(allowed(1)).await.unwrap();
    engine.commit(allowed(2)).await.unwrap();

    let mut epochs = engine.epochs();
    server.command::<()>("DEBUG RELOAD NOSAVE").await;
    next(&mut epochs).await;
    // Now version 2 is something else, and she is none.
    engine.commit(Batch::new(group("room"), Millis(1)).put(Key::new(Table::Group, "1"), "x")).await.unwrap();
    let refused = engine.commit(allowed(3)).await;
    assert!(matches!(refused, Err(CommitError::Conflict(0))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_master_of_many_that_was_emptied_is_noticed() {
    let cluster = RedisCluster::start().await;
    let engine = engine_on(cluster.target(), Settings::default());
    engine.health().await.unwrap();
    for place in 0..3 {
        let mut epochs = engine.epochs();
        // Its hash is there once it was looked at.
        let node = &cluster.nodes[place];
        eventually(SOON, "it has an epoch", async || {
            !node.command::<Vec<String>>("KEYS timgate:{epoch*}").await.is_empty()
        })
        .await;
        node.command::<()>("FLUSHALL").await;
        next(&mut epochs).await;
    }
}

/// Topics are suspect although no subscription was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_topics_are_suspect_in_another_epoch() {
    let server = RedisServer::start(Nothing).await;
    let engine = engine_on(server.target(), Settings::default());
    engine.commit(said("one")).await.unwrap();
    moved_on(&server).await;
    let servers = Topology::start(server.target());
    let (bus, mut events) = RedisBus::start_with(servers, Namespace::new("timgate"), 1, engine.epochs());
    bus.follow(&room()).await;
    server.command::<()>("FLUSHALL").await;
    let suspect = tokio::time::timeout(SOON, events.recv()).await.expect("a suspicion in time");
    assert!(matches!(suspect, Some(Incoming::Suspect(topic)) if topic == room()));
}

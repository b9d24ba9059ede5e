//! A cluster whose slots move and whose masters fail.

use super::*;
use crate::redis::testing::{address_of, node_at};

const START: Duration = Duration::from_secs(20);

/// A slot of the group's, and where it is and is to be.
fn placed(cluster: &RedisCluster, servers: &Topology, name: &str) -> (u16, usize, usize) {
    let slot = slot_of(Keys::new(Namespace::new("timgate")).of_partition(&group(name)).channel());
    let from = node_at(cluster, &servers.master_of(slot).unwrap());
    (slot, from, (from + 1) % 3)
}

fn to(name: &str, text: &'static str) -> Batch {
    Batch::new(group(name), Millis(1)).append("log", text)
}

async fn texts(engine: &Redis, name: &str) -> Vec<Bytes> {
    let log = Log { partition: group(name), name: "log".into() };
    let entries = engine.read(&log, crate::storage::conformance::ALL).await.unwrap();
    entries.into_iter().map(|entry| entry.bytes).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_move_are_followed() {
    let cluster = RedisCluster::start().await;
    let servers = Topology::start(cluster.target());
    assert!(servers.wait(START).await);
    let engine = Redis::new(servers.clone(), Namespace::new("timgate"), Settings::default());

    // Moved while nobody looked: the old master says so.
    let (slot, from, target) = placed(&cluster, &servers, "moved");
    cluster.move_slot(slot, from, target).await;
    let commits: Vec<_> = (0..300).map(|_| engine.submit(to("moved", ""))).collect();
    for (commit, seq) in commits.into_iter().zip(1..) {
        assert_eq!(commit.await.unwrap().entry().seq, Seq(seq));
    }
    assert_eq!(servers.master_of(slot), Some(address_of(&cluster.nodes[target])));
    assert_eq!(texts(&engine, "moved").await.len(), 300);

    // Half moved, with its keys on the other side already.
    let (slot, from, target) = placed(&cluster, &servers, "moving");
    engine
        .commit(to("moving", "1").put(Key::new(Table::Member, "a"), "a").idempotency_key("token"))
        .await
        .unwrap();
    let ids = [
        cluster.nodes[from].command::<String>("CLUSTER MYID").await,
        cluster.nodes[target].command::<String>("CLUSTER MYID").await,
    ];
    cluster.nodes[target].command::<()>(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", ids[0])).await;
    cluster.nodes[from].command::<()>(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", ids[1])).await;
    let keys: Vec<Vec<u8>> = cluster.nodes[from].command(&format!("CLUSTER GETKEYSINSLOT {slot} 100")).await;
    assert_eq!(keys.len(), 4, "{keys:?}");
    let mut migrate = redis::cmd("MIGRATE");
    migrate.arg("127.0.0.1").arg(cluster.nodes[target].port).arg("").arg(0).arg(5000).arg("KEYS").arg(keys);
    cluster.nodes[from].run::<()>(&migrate).await;
    assert!(engine.commit(to("moving", "twice").idempotency_key("token")).await.unwrap().repeated);
    engine.commit(to("moving", "2")).await.unwrap();
    assert_eq!(texts(&engine, "moving").await, ["1", "2"]);
    for node in [target, from] {
        cluster.nodes[node].command::<()>(&format!("CLUSTER SETSLOT {slot} NODE {}", ids[1])).await;
    }
    engine.commit(to("moving", "3")).await.unwrap();
    assert_eq!(texts(&engine, "moving").await, ["1", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_takes_over() {
    let mut cluster = RedisCluster::start().await;
    let servers = Topology::start(cluster.target());
    assert!(servers.wait(START).await);
    let engine = Redis::new(servers.clone(), Namespace::new("timgate"), Settings::default());
    engine.commit(to("room", "1").idempotency_key("1")).await.unwrap();
    let (slot, master, _) = placed(&cluster, &servers, "room");
    let address = address_of(&cluster.nodes[master]);
    eventually(START, "the replica has it", async || {
        cluster.nodes[master].command::<u64>("WAIT 1 1000").await == 1
    })
    .await;
    cluster.nodes[master].kill().await;
    eventually(START, "the batch is stored", async || {
        engine.commit(to("room", "2").idempotency_key("2")).await.is_ok()
    })
    .await;
    assert_ne!(servers.master_of(slot), Some(address));
    assert_eq!(texts(&engine, "room").await, ["1", "2"]);
    // The master may have died while it was asked whether it is fit.
    eventually(START, "it is known to be fit", async || engine.health().await.is_ok()).await;
}

use std::time::Instant;

use test_servers::Persistence::Nothing;
use test_servers::{RedisCluster, RedisServer, Sentinels, eventually};

use super::*;
use crate::redis::testing::{Targets, address_of};

async fn ping(servers: &Topology) -> String {
    let address = servers.master_of(0).unwrap();
    let client = servers.client(&address);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config()).await.unwrap();
    redis::cmd("PING").query_async(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_single_server_is_master_of_everything() {
    let server = RedisServer::start_with(Nothing, &["--requirepass", "secret"]).await;
    let servers = Topology::start(server.target());
    assert!(servers.wait(Duration::ZERO).await);
    assert_eq!(servers.masters(), [address_of(&server)]);
    assert_eq!(servers.master_of(16383), Some(address_of(&server)));
    assert_eq!(ping(&servers).await, "PONG");
    servers.moved(3, Address::new("elsewhere", 1));
    assert_eq!(servers.masters(), [address_of(&server)], "only a cluster moves slots");
}

#[tokio::test]
async fn tls_trusts_the_named_authority_alone() {
    let server = RedisServer::start_with_tls().await;
    assert_eq!(ping(&Topology::start(server.target())).await, "PONG");

    let other = RedisServer::start_with_tls().await;
    let wrong =
        format!("rediss://127.0.0.1:{}?ca={}", server.port, other.directory().join("ca.pem").display());
    let servers = Topology::start(Target::parse(&wrong).unwrap());
    let client = servers.client(&address_of(&server));
    let refused = client.get_multiplexed_async_connection_with_config(&config()).await;
    assert!(refused.unwrap_err().to_string().contains("certificate"));
}

#[tokio::test]
async fn user_and_database_are_those_of_the_url() {
    let server = RedisServer::start(Nothing).await;
    server.command::<()>("ACL SETUSER ann on >s3cret/ ~* +@all").await;
    let url = format!("redis://ann:s3cret%2F@127.0.0.1:{}/2", server.port);
    let servers = Topology::start(Target::parse(&url).unwrap());
    let client = servers.client(&address_of(&server));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config()).await.unwrap();
    let who: String = redis::cmd("ACL").arg("WHOAMI").query_async(&mut connection).await.unwrap();
    assert_eq!(who, "ann");
    redis::cmd("SET").arg("key").arg(1).exec_async(&mut connection).await.unwrap();
    let keyspace: String = server.command("INFO keyspace").await;
    assert!(keyspace.contains("db2:keys=1"), "{keyspace}");
}

#[tokio::test]
async fn nobody_there_delays_nothing() {
    for url in ["redis+cluster://127.0.0.1:1", "redis+sentinel://127.0.0.1:1,127.0.0.1:2/main"] {
        let started = Instant::now();
        let servers = Topology::start(Target::parse(url).unwrap());
        assert!(started.elapsed() < Duration::from_millis(100));
        assert!(!servers.wait(Duration::from_millis(300)).await);
        assert_eq!(servers.master_of(0), None);
    }
}

#[tokio::test]
async fn a_promotion_by_sentinels_is_noticed() {
    let mut setup = Sentinels::start().await;
    let servers = Topology::start(setup.target());
    assert!(servers.wait(Duration::from_secs(5)).await);
    assert_eq!(servers.masters(), [address_of(&setup.master)]);
    let mut changes = servers.changes();
    changes.mark_unchanged();

    setup.master.kill().await;
    setup.promoted().await;
    let replica = address_of(&setup.replica);
    eventually(Duration::from_secs(2), "the promoted replica is known", async || {
        servers.master_of(7) == Some(replica.clone())
    })
    .await;
    assert!(changes.has_changed().unwrap());
    assert_eq!(ping(&servers).await, "PONG");
}

#[tokio::test]
async fn a_hanging_sentinel_is_no_hindrance() {
    let mut setup = Sentinels::start().await;
    setup.sentinels[0].pause();
    let servers = Topology::start(setup.target());
    assert!(servers.wait(Duration::from_secs(2)).await);
    assert_eq!(servers.masters(), [address_of(&setup.master)]);

    setup.sentinels[0].resume();
    setup.sentinels[1].kill().await;
    setup.sentinels[1].begin().await;
    assert_eq!(servers.masters(), [address_of(&setup.master)], "what was known stands");
}

#[tokio::test]
async fn sentinels_may_come_later() {
    let mut setup = Sentinels::start().await;
    for sentinel in &mut setup.sentinels {
        sentinel.kill().await;
    }
    let servers = Topology::start(setup.target());
    assert!(!servers.wait(Duration::from_millis(300)).await);
    setup.sentinels[2].begin().await;
    assert!(servers.wait(Duration::from_secs(5)).await);
    assert_eq!(servers.masters(), [address_of(&setup.master)]);
}

#[tokio::test]
async fn a_cluster_tells_whose_a_slot_is_and_when_that_changes() {
    let mut cluster = RedisCluster::start().await;
    // One seed is enough, and it may be a replica.
    let seed = format!("redis+cluster://{}", cluster.nodes[4].address());
    let servers = Topology::start(Target::parse(&seed).unwrap());
    assert!(servers.wait(Duration::from_secs(5)).await);
    assert_eq!(servers.masters().len(), 3);
    for (slot, node) in [(0, 0), (5460, 0), (5461, 1), (10923, 2), (16383, 2)] {
        assert_eq!(servers.master_of(slot), Some(address_of(&cluster.nodes[node])));
    }

    // A slot moves.
    cluster.move_slot(5460, 0, 1).await;
    servers.suspect();
    let address = address_of(&cluster.nodes[1]);
    eventually(Duration::from_secs(5), "the slot's new master is known", async || {
        servers.master_of(5460) == Some(address.clone())
    })
    .await;
    assert_eq!(servers.master_of(5459), Some(address_of(&cluster.nodes[0])));

    // A master dies, and its replica takes over.
    let mut changes = servers.changes();
    changes.mark_unchanged();
    let heir = address_of(&cluster.nodes[3]);
    cluster.nodes[0].kill().await;
    eventually(Duration::from_secs(20), "the replica's promotion is known", async || {
        servers.master_of(0) == Some(heir.clone())
    })
    .await;
    assert!(changes.has_changed().unwrap());
    assert_eq!(servers.masters().len(), 3);
    assert!(!servers.masters().contains(&address_of(&cluster.nodes[0])));
}

#[tokio::test]
async fn a_hint_is_believed_at_once() {
    let cluster = RedisCluster::start().await;
    let servers = Topology::start(cluster.target());
    assert!(servers.wait(Duration::from_secs(5)).await);
    cluster.move_slot(1, 0, 2).await;
    let address = address_of(&cluster.nodes[2]);
    servers.moved(1, address.clone());
    assert_eq!(servers.master_of(1), Some(address));
    servers.moved(1, Address::new("", 7));
    assert_eq!(servers.master_of(1), Some(address_of(&cluster.nodes[2])), "a hint without a host is none");
}

//! A Redis Cluster of three masters with a replica each.

use std::net::SocketAddr;
use std::process::Command;

use crate::process::free_port;
use crate::redis_server::{Persistence, RedisServer};

const NODES: usize = 6;

pub struct RedisCluster {
    pub nodes: Vec<RedisServer>,
}

/// A line of `CLUSTER NODES`.
struct Member {
    id: String,
    port: u16,
    is_master: bool,
    has_failed: bool,
    master: String,
    slots: Option<(u16, u16)>,
}

fn members(text: &str) -> Vec<Member> {
    let member = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let address = words[1].split('@').next().unwrap();
        let flags: Vec<&str> = words[2].split(',').collect();
        let slots = words.get(8).and_then(|slots| slots.split_once('-'));
        Member {
            id: words[0].to_owned(),
            port: address.parse::<SocketAddr>().map_or(0, |address| address.port()),
            is_master: flags.contains(&"master"),
            has_failed: flags.contains(&"fail") || words[7] != "connected",
            master: words[3].to_owned(),
            slots: slots.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?))),
        }
    };
    text.lines().filter(|line| !line.is_empty()).map(member).collect()
}

impl RedisCluster {
    /// Returns when every node sees a whole cluster and every master has its replica.
    pub async fn start() -> Self {
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            let bus = free_port().to_string();
            let settings =
                ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "2000"];
            nodes.push(RedisServer::start_with(Persistence::Nothing, &settings).await);
        }
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(nodes.iter().map(|node| node.address().to_string()));
        create.args(["--cluster-replicas", "1", "--cluster-yes"]);
        let output = tokio::task::spawn_blocking(move || create.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "the cluster is not made: {said}");
        let cluster = Self { nodes };
        cluster.whole().await;
        cluster
    }

    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| node.address().to_string()).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    /// Waits until every node that runs sees all slots served, and each master with a replica in step.
    pub async fn whole(&self) {
        for node in &self.nodes {
            node.until("it sees a whole cluster", async || {
                let Ok(text) = node.try_command::<String>(&["CLUSTER", "NODES"]).await else { return false };
                let members = members(&text);
                let masters = members.iter().filter(|member| member.is_master && member.slots.is_some());
                let has_replica = |master: &Member| members.iter().any(|other| other.master == master.id);
                let state = node.try_command::<String>(&["CLUSTER", "INFO"]).await.unwrap_or_default();
                members.len() == NODES
                    && members.iter().all(|member| !member.has_failed)
                    && masters.clone().count() == NODES / 2
                    && masters.clone().all(has_replica)
                    && state.contains("cluster_state:ok")
            })
            .await;
            if node.info("replication", "role").await.is_some_and(|role| role == "slave") {
                crate::sentinel::in_step(node).await;
            }
        }
    }

    /// The place in `nodes` of the master that serves the slot of a key, and of its replica.
    pub async fn serving(&self, key: &str) -> (usize, usize) {
        let slot: u16 = self.nodes[0].command(&["CLUSTER", "KEYSLOT", key]).await;
        let text: String = self.nodes[0].command(&["CLUSTER", "NODES"]).await;
        let members = members(&text);
        let serves =
            |member: &&Member| member.slots.is_some_and(|(first, last)| (first..=last).contains(&slot));
        let master = members.iter().find(serves).expect("every slot is served");
        let replica = members.iter().find(|member| member.master == master.id).expect("it has a replica");
        let place = |port: u16| self.nodes.iter().position(|node| node.port == port).unwrap();
        (place(master.port), place(replica.port))
    }

    /// Waits until a replica has taken over from its master.
    pub async fn promoted(&self, replica: usize) {
        let node = &self.nodes[replica];
        node.until("it takes over", async || {
            let is_master = node.info("replication", "role").await.is_some_and(|role| role == "master");
            let state = node.try_command::<String>(&["CLUSTER", "INFO"]).await.unwrap_or_default();
            is_master && state.contains("cluster_state:ok")
        })
        .await;
    }
}

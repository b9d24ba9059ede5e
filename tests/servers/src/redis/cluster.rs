//! A Redis Cluster of three masters with a replica each.

use std::net::SocketAddr;
use std::process::Command;

use super::sentinel::in_step;
use super::server::RedisServer;

const NODES: usize = 6;

/// The slots of the masters.
const SLOTS: [&str; NODES / 2] = ["0 5460", "5461 10922", "10923 16383"];

/// A server that is silent for so long counts as down. On a busy machine one that lives is for a second now and then.
/// Replicas take over however long they have heard nothing, and stay with their master.
const SETTINGS: [&str; 6] = [
    "--cluster-node-timeout",
    "2000",
    "--cluster-replica-validity-factor",
    "0",
    "--cluster-allow-replica-migration",
    "no",
];

/// At the start the first three nodes are masters, and the replica of each is three places behind it.
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
            nodes.push(RedisServer::start_node(&SETTINGS).await);
        }
        let mut ids = Vec::new();
        for (place, node) in nodes.iter().enumerate() {
            let () = node.command(&format!("CLUSTER SET-CONFIG-EPOCH {}", place + 1)).await;
            ids.push(node.command::<String>("CLUSTER MYID").await);
        }
        for (node, slots) in nodes.iter().zip(SLOTS) {
            let () = node.command(&format!("CLUSTER ADDSLOTSRANGE {slots}")).await;
        }
        for node in &nodes[1..] {
            let bus = node.argument("--cluster-port").expect("a node has one");
            let () = nodes[0].command(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.port)).await;
        }
        for (replica, master) in nodes[NODES / 2..].iter().zip(&ids) {
            let replicate = format!("CLUSTER REPLICATE {master}");
            replica
                .until("it knows its master", async || replica.try_command::<()>(&replicate).await.is_ok())
                .await;
        }
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
                in_step(node).await;
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
        (self.place_of(master.port), self.place_of(replica.port))
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

    /// A master that is not this one.
    pub async fn another_master(&self, than: usize) -> usize {
        let text: String = self.nodes[0].command(&["CLUSTER", "NODES"]).await;
        let other = members(&text).into_iter().find(|member| {
            member.is_master && member.slots.is_some() && member.port != self.nodes[than].port
        });
        let port = other.expect("there are three masters").port;
        self.place_of(port)
    }

    /// The place of the node that listens on a port.
    pub fn place_of(&self, port: u16) -> usize {
        self.nodes.iter().position(|node| node.port == port).expect("it is one of the nodes")
    }

    /// Moves a slot that has no keys to another master, as an operator does.
    pub async fn move_slot(&self, slot: u16, from: usize, to: usize) {
        let source: String = self.nodes[from].command("CLUSTER MYID").await;
        let target: String = self.nodes[to].command("CLUSTER MYID").await;
        let () = self.nodes[to].command(&format!("CLUSTER SETSLOT {slot} IMPORTING {source}")).await;
        let () = self.nodes[from].command(&format!("CLUSTER SETSLOT {slot} MIGRATING {target}")).await;
        for node in [to, from] {
            let () = self.nodes[node].command(&format!("CLUSTER SETSLOT {slot} NODE {target}")).await;
        }
    }

    /// Moves all slots of a master to another, with what is in them, as an operator does.
    pub async fn move_slots(&self, from: usize, to: usize) {
        let text: String = self.nodes[from].command(&["CLUSTER", "NODES"]).await;
        let members = members(&text);
        let find =
            |place: usize| members.iter().find(|member| member.port == self.nodes[place].port).unwrap();
        let (from, to) = (find(from), find(to));
        let (first, last) = from.slots.expect("it serves slots");
        let mut reshard = Command::new("redis-cli");
        reshard.args(["--cluster", "reshard", &self.nodes[0].address().to_string(), "--cluster-yes"]);
        reshard.args(["--cluster-from", &from.id, "--cluster-to", &to.id]);
        reshard.args(["--cluster-slots", &(last - first + 1).to_string()]);
        let output = tokio::task::spawn_blocking(move || reshard.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "the slots do not move: {said}");
    }
}

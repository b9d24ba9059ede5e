//! A master, its replica, and three sentinels that watch over them.

use std::time::Duration;

use redis::Value;

use super::server::{Persistence, RedisServer};

/// The name under which the sentinels know the master.
const SERVICE: &str = "chat";

/// After this time without a sign of life a server counts as down. On a busy machine one that lives is silent for a
/// second now and then.
const DOWN_AFTER: Duration = Duration::from_secs(2);

pub struct Sentinels {
    /// The one that is master at the start.
    pub master: RedisServer,
    /// The one that is replica at the start.
    pub replica: RedisServer,
    pub sentinels: Vec<RedisServer>,
}

impl Sentinels {
    /// Returns when the replica is in step and every sentinel knows of all others.
    pub async fn start() -> Self {
        let master = RedisServer::start(Persistence::Nothing).await;
        let of = ["127.0.0.1", &master.port.to_string()].join(" ");
        let replica = RedisServer::start_with(Persistence::Nothing, &["--replicaof", &of]).await;
        in_step(&replica).await;
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let settings = |port| {
                format!(
                    "port {port}\nbind 127.0.0.1\nsentinel monitor {SERVICE} {of} 2\n\
                     sentinel down-after-milliseconds {SERVICE} {}\nsentinel failover-timeout {SERVICE} 6000\n",
                    DOWN_AFTER.as_millis()
                )
            };
            sentinels.push(RedisServer::start_sentinel(settings).await);
        }
        for sentinel in &sentinels {
            sentinel
                .until("it knows the others", async || {
                    let text = sentinel.info("sentinel", "master0").await.unwrap_or_default();
                    text.contains("slaves=1") && text.contains("sentinels=3") && text.contains("status=ok")
                })
                .await;
        }
        Self { master, replica, sentinels }
    }

    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.sentinels.iter().map(|sentinel| sentinel.address().to_string()).collect();
        format!("redis+sentinel://{}/{SERVICE}", hosts.join(","))
    }

    /// Waits until the replica has been promoted and the sentinels say so.
    pub async fn promoted(&self) {
        let replica = &self.replica;
        replica
            .until("it becomes the master", async || {
                replica.info("replication", "role").await.is_some_and(|role| role == "master")
            })
            .await;
        for sentinel in &self.sentinels {
            sentinel
                .until("it names the new master", async || {
                    let words = ["SENTINEL", "get-master-addr-by-name", SERVICE];
                    let address = sentinel.try_command::<Vec<String>>(&words).await.unwrap_or_default();
                    address.get(1).is_some_and(|port| *port == replica.port.to_string())
                })
                .await;
        }
    }

    /// The old master comes back, as the replica of the new one.
    pub async fn bring_back(&mut self) {
        // The cut is mended, should the roles change once more.
        let () = self.replica.command(&["CONFIG", "SET", "masterauth", ""]).await;
        let of = ["127.0.0.1", &self.replica.port.to_string()].join(" ");
        let old = &mut self.master;
        old.begin_with(&["--replicaof", &of]).await;
        in_step(old).await;
        // Until it confirms what is written, whoever waits for replicas is refused.
        let confirms = async || {
            let () = self.replica.command(&["SET", "probe", "1"]).await;
            let confirmed: i64 = self.replica.command(&["WAIT", "1", "500"]).await;
            confirmed == 1
        };
        self.replica.until("its replica confirms", confirms).await;
    }

    /// From now on nothing of what the master writes reaches the replica, as when the network between them is cut.
    pub async fn cut_replica(&self) {
        let Self { master, replica, .. } = self;
        // A master without a password refuses one that has a password to give.
        let () = replica.command(&["CONFIG", "SET", "masterauth", "nobody"]).await;
        master.kill_clients(Some("replica")).await;
        let is_down = async || {
            let link = replica.info("replication", "master_link_status").await;
            link.is_some_and(|link| link == "down")
        };
        replica.until("its link is cut", is_down).await;
    }
}

/// Waits until a replica has all that its master has.
pub(crate) async fn in_step(replica: &RedisServer) {
    replica
        .until("it is in step with its master", async || {
            match replica.try_command::<Vec<Value>>(&["ROLE"]).await {
                Ok(role) => role.get(3).is_some_and(|state| *state == Value::BulkString(b"connected".into())),
                Err(_) => false,
            }
        })
        .await;
}

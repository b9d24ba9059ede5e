//! Which instances live, as they say themselves to Redis.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, Value};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::channels;
use crate::backoff::Backoff;
use crate::bus::Liveness;
use crate::redis::{Namespace, Pool, Topology, call, slot_of};

/// How often an instance says that it lives, and for how long that holds.
#[derive(Clone, Copy, Debug)]
struct Pace {
    renew: Duration,
    lifetime: Duration,
}

const PACE: Pace = Pace { renew: Duration::from_secs(2), lifetime: Duration::from_secs(10) };

/// How soon it is said again after it could not be said: well within the lifetime, and less often than it is renewed.
const RETRY: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(1));
/// The least time between looks for instances that were looked for and not found, and how long one may take.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(1);
/// No look is made for so long after one that failed: the last answer stands.
const AWAY: Duration = Duration::from_secs(2);

/// Says to Redis that this instance lives, and knows which others do. Time is that of the server.
///
/// An instance that dies counts as living for at most ten seconds more. While the server is away the last answer
/// stands, and nobody's time runs.
pub struct RedisLiveness {
    shared: Arc<Shared>,
    task: AbortOnDropHandle<()>,
}

struct Shared {
    pool: Arc<Pool>,
    key: Vec<u8>,
    node: u64,
    pace: Pace,
    seen: Mutex<Seen>,
    /// Held during a look, so that those who come meanwhile share the next answer.
    looking: tokio::sync::Mutex<()>,
}

/// The last answer.
#[derive(Default)]
struct Seen {
    living: HashSet<u64>,
    /// Looked for and not found since it was last said that this instance lives.
    missing: HashSet<u64>,
    /// When it was asked for.
    asked: Option<Instant>,
    /// When asking failed last.
    failed: Option<Instant>,
}

impl RedisLiveness {
    /// Begins to say that `node` lives, and has said so when it returns if a server answers. Needs a Tokio runtime; ends
    /// when dropped.
    pub async fn start(servers: Arc<Topology>, names: &Namespace, node: u64) -> Self {
        let liveness = Self::at_pace(servers, names, node, PACE);
        // Else whoever logs in here at once counts as away elsewhere. A failure is noted, and it is said again.
        liveness.shared.look(&[node]).await;
        liveness
    }

    fn at_pace(servers: Arc<Topology>, names: &Namespace, node: u64, pace: Pace) -> Self {
        let shared = Arc::new(Shared {
            pool: Pool::new(servers, Arc::new([]), None),
            key: channels::nodes(names),
            node,
            pace,
            seen: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
        });
        let task = AbortOnDropHandle::new(tokio::spawn(renew(shared.clone())));
        Self { shared, task }
    }
}

#[async_trait]
impl Liveness for RedisLiveness {
    /// One look, of at most a second, for instances that the last answer did not have.
    async fn alive(&self, nodes: &[u64]) -> Vec<bool> {
        let shared = &self.shared;
        let unknown: Vec<u64> = nodes.iter().copied().filter(|node| !shared.is_alive(*node)).collect();
        if !unknown.is_empty() {
            shared.look(&unknown).await;
        }
        nodes.iter().map(|node| shared.is_alive(*node)).collect()
    }

    async fn leave(&self) {
        self.task.abort();
        let mut command = redis::cmd("ZREM");
        command.arg(&self.shared.key).arg(self.shared.node);
        // It leaves on the same connection as what was said before, so behind it.
        if let Err(error) = self.shared.call(command).await {
            tracing::warn!(
                error,
                "redis could not be told that this instance goes; it notices in some seconds"
            );
        }
    }
}

async fn renew(shared: Arc<Shared>) {
    let mut backoff = RETRY;
    loop {
        let pause = match shared.say().await {
            Ok(()) => {
                backoff.reset();
                shared.seen().missing.clear();
                shared.pace.renew
            }
            Err(error) => {
                tracing::debug!(error, "redis could not be told that this instance lives");
                backoff.delay()
            }
        };
        sleep(pause).await;
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_alive(&self, node: u64) -> bool {
        node == self.node || self.seen().living.contains(&node)
    }

    /// Asks anew, but for what was asked a moment ago. An instance that nobody has looked for yet may be younger than that.
    async fn look(&self, nodes: &[u64]) {
        let come = Instant::now();
        let _looking = self.looking.lock().await;
        {
            let seen = self.seen();
            let is_known = nodes.iter().all(|node| seen.living.contains(node) || seen.missing.contains(node));
            let is_fresh = |asked: Instant| asked >= come || is_known && asked.elapsed() < LOOK_PAUSE;
            if seen.asked.is_some_and(is_fresh) || seen.failed.is_some_and(|failed| failed.elapsed() < AWAY) {
                return;
            }
        }
        // A failure is noted, and the last answer stands.
        if self.say().await.is_ok() {
            let mut seen = self.seen();
            let missing: Vec<u64> =
                nodes.iter().copied().filter(|node| !seen.living.contains(node)).collect();
            seen.missing.extend(missing);
        }
    }

    /// Says that this instance lives, and takes note of who else does.
    async fn say(&self) -> Result<(), String> {
        let asked = Instant::now();
        let mut command = redis::cmd("EVAL");
        command.arg(include_str!("liveness.lua")).arg(1).arg(&self.key);
        command.arg(self.node).arg(self.pace.lifetime.as_millis() as u64);
        let answer = self.call(command).await.and_then(|answer| {
            redis::from_redis_value::<HashSet<u64>>(answer)
                .map_err(|_| "the answer has another shape".to_owned())
        });
        let mut seen = self.seen();
        match answer {
            // An answer that was overtaken is older than what is known.
            Ok(_) if seen.asked.is_some_and(|known| known > asked) => {}
            Ok(living) => {
                (seen.living, seen.asked, seen.failed) = (living, Some(asked), None);
            }
            Err(error) => {
                seen.failed = Some(Instant::now());
                return Err(error);
            }
        }
        Ok(())
    }

    async fn call(&self, command: Cmd) -> Result<Value, String> {
        call(&self.pool, slot_of(&self.key), command, LOOK).await
    }
}

#[cfg(test)]
mod tests {
    use test_servers::Persistence::{EveryWrite, Nothing};
    use test_servers::{RedisCluster, RedisServer, eventually};

    use super::*;
    use crate::redis::testing::Targets;

    const QUICK: Pace = Pace { renew: Duration::from_millis(100), lifetime: Duration::from_millis(1000) };
    const SOON: Duration = Duration::from_secs(5);

    fn registry(server: &RedisServer, node: u64) -> RedisLiveness {
        RedisLiveness::at_pace(Topology::start(server.target()), &Namespace::new("test"), node, QUICK)
    }

    async fn is_alive(registry: &RedisLiveness, node: u64) -> bool {
        registry.alive(&[node]).await[0]
    }

    #[tokio::test]
    async fn instances_know_each_other() {
        let server = RedisServer::start(Nothing).await;
        let one = registry(&server, 1);
        assert_eq!(one.alive(&[1, 2]).await, [true, false]);
        let two = registry(&server, u64::MAX);
        eventually(SOON, "the second is known", async || is_alive(&one, u64::MAX).await).await;
        eventually(SOON, "the first is known", async || is_alive(&two, 1).await).await;

        two.leave().await;
        eventually(Duration::from_millis(900), "who left is dead at once", async || {
            !is_alive(&one, u64::MAX).await
        })
        .await;
    }

    #[tokio::test]
    async fn an_instance_that_has_just_begun_is_known_at_once() {
        let server = RedisServer::start(Nothing).await;
        let (servers, names) = (Topology::start(server.target()), Namespace::new("test"));
        let one = RedisLiveness::start(servers.clone(), &names, 1).await;
        for node in 2..20 {
            assert!(!is_alive(&one, 1000 + node).await, "a look, so that the next one is within its pause");
            let next = RedisLiveness::start(servers.clone(), &names, node).await;
            assert!(is_alive(&one, node).await, "{node} has begun");
            next.leave().await;
        }
    }

    #[tokio::test]
    async fn who_is_silent_is_dead() {
        let server = RedisServer::start(Nothing).await;
        let (one, two) = (registry(&server, 1), registry(&server, 2));
        eventually(SOON, "the second is known", async || is_alive(&one, 2).await).await;
        two.task.abort();
        assert!(is_alive(&one, 2).await, "it may only be slow");
        eventually(SOON, "the silent one is dead", async || !is_alive(&one, 2).await).await;
    }

    #[tokio::test]
    async fn nobody_dies_of_a_server_that_is_away() {
        let mut server = RedisServer::start(EveryWrite).await;
        let (one, two) = (registry(&server, 1), registry(&server, 2));
        eventually(SOON, "the second is known", async || is_alive(&one, 2).await).await;
        let is_dead = async |registry: &RedisLiveness, node| !is_alive(registry, node).await;

        server.kill().await;
        sleep(2 * QUICK.lifetime).await;
        let begun = Instant::now();
        assert!(is_alive(&one, 2).await, "the last answer stands");
        assert!(is_dead(&one, 3).await);
        assert!(is_dead(&one, 3).await);
        assert!(begun.elapsed() < LOOK + Duration::from_millis(500), "only the first look waits");

        server.begin().await;
        // An instance that is new knows no last answer.
        let new = registry(&server, 4);
        eventually(SOON, "the new one is told", async || is_alive(&new, 1).await).await;
        for _ in 0..20 {
            assert!(is_alive(&one, 2).await && is_alive(&new, 1).await && is_alive(&new, 2).await);
            sleep(Duration::from_millis(20)).await;
        }

        // Whoever dies now dies as before.
        two.task.abort();
        eventually(SOON, "the silent one is dead", async || is_dead(&one, 2).await).await;
        assert!(is_alive(&one, 4).await);
    }

    #[tokio::test]
    async fn a_cluster_keeps_the_list_in_one_place() {
        let cluster = RedisCluster::start().await;
        let servers = Topology::start(cluster.target());
        let one = RedisLiveness::start(servers.clone(), &Namespace::new("test"), 1).await;
        let two = RedisLiveness::start(servers, &Namespace::new("test"), 2).await;
        eventually(SOON, "the second is known", async || is_alive(&one, 2).await).await;
        eventually(SOON, "the first is known", async || is_alive(&two, 1).await).await;
    }
}

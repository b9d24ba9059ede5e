//! Where a test of groups is played: on one instance, and on two that share a Redis; with `LONG` set also on two that share a
//! Redis Cluster.

use gateway::Config;
use tests::{Persistence, RedisCluster, RedisServer, TestGateway, redis_at};

/// What two gateways share. It ends when it is dropped.
enum Shared {
    Redis(RedisServer),
    Cluster(RedisCluster),
}

impl Shared {
    fn url(&self) -> String {
        match self {
            Shared::Redis(server) => server.url(),
            Shared::Cluster(cluster) => cluster.url(),
        }
    }
}

/// One gateway on its own store, or two that share one.
pub(super) struct Stage {
    pub(super) one: TestGateway,
    pub(super) two: Option<TestGateway>,
    _shared: Option<Shared>,
}

impl Stage {
    pub(super) async fn alone(change: fn(&mut Config)) -> Self {
        Self { one: TestGateway::start_with(change).await, two: None, _shared: None }
    }

    pub(super) async fn of_two(change: fn(&mut Config)) -> Self {
        Self::sharing(Shared::Redis(RedisServer::start(Persistence::Nothing).await), change).await
    }

    pub(super) async fn of_two_on_a_cluster(change: fn(&mut Config)) -> Self {
        Self::sharing(Shared::Cluster(RedisCluster::start().await), change).await
    }

    async fn sharing(servers: Shared, change: fn(&mut Config)) -> Self {
        let shared = |config: &mut Config| {
            config.redis = Some(redis_at(&servers.url()));
            change(config);
        };
        let one = TestGateway::start_with(shared).await;
        let apps = one.config().apps.clone();
        let two = TestGateway::start_with(|config| {
            shared(config);
            config.apps = apps;
        })
        .await;
        Self { one, two: Some(two), _shared: Some(servers) }
    }

    pub(super) fn there(&self) -> &TestGateway {
        self.two.as_ref().unwrap_or(&self.one)
    }
}

/// The settings that there are.
pub(super) fn as_it_is(_: &mut Config) {}

/// Does the same on each engine.
macro_rules! on_both {
    ($name:ident, $change:expr, |$stage:ident| $body:block) => {
        #[tokio::test]
        async fn $name() {
            async fn work($stage: &mut Stage) $body
            work(&mut Stage::alone($change).await).await;
            work(&mut Stage::of_two($change).await).await;
            if std::env::var_os("LONG").is_some() {
                work(&mut Stage::of_two_on_a_cluster($change).await).await;
            }
        }
    };
}

pub(super) use on_both;

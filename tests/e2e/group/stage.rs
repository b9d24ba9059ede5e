//! Where a test of groups is played: on one instance, and on two that share a Redis.

use gateway::Config;
use tests::{Persistence, RedisServer, TestGateway, redis_at};

/// One gateway on its own store, or two on one Redis.
pub(super) struct Stage {
    pub(super) one: TestGateway,
    pub(super) two: Option<TestGateway>,
    _redis: Option<RedisServer>,
}

impl Stage {
    pub(super) async fn alone(change: fn(&mut Config)) -> Self {
        Self { one: TestGateway::start_with(change).await, two: None, _redis: None }
    }

    pub(super) async fn of_two(change: fn(&mut Config)) -> Self {
        let redis = RedisServer::start(Persistence::Nothing).await;
        let shared = |config: &mut Config| {
            config.redis = Some(redis_at(&redis.url()));
            change(config);
        };
        let one = TestGateway::start_with(shared).await;
        let apps = one.config().apps.clone();
        let two = TestGateway::start_with(|config| {
            shared(config);
            config.apps = apps;
        })
        .await;
        Self { one, two: Some(two), _redis: Some(redis) }
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
        }
    };
}

pub(super) use on_both;

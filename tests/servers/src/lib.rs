//! Programs that tests start: any program as a [`Process`], and real Redis servers on free ports of this machine.

#![allow(clippy::unwrap_used, reason = "a test harness fails loudly")]

mod process;
mod redis;

use std::time::Duration;

use tokio::time::{Instant, sleep};

pub use process::{Process, Signal, free_port};
pub use redis::{Persistence, RedisCluster, RedisServer, Sentinels, Words};

/// A wait that is longer than this has failed. Far beyond what anything takes, also on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until something holds, looking every few milliseconds; panics with `what` when it does not in time.
pub async fn eventually<F>(limit: Duration, what: &str, mut holds: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let deadline = Instant::now() + limit;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

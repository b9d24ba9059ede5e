//! Instances that die, and instances that are replaced.

use std::time::{Duration, Instant};

use tests::{InstanceSettings, Persistence, RedisServer};

use crate::judge::Rules;
use crate::load::{Fleet, Load, say};
use crate::{exclusive, seconds};

/// The close code that asks a client to come back.
const RESTART: u16 = 1012;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_killed() {
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let mut fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    for at in [0, 1] {
        fleet.instances[at].kill().await;
        load.talk(seconds(3)).await;
        fleet.instances[at].begin().await;
        fleet.instances[at].ready().await;
        load.talk(seconds(1)).await;
    }
    let verdict = load.finish(&fleet).await.judge("instances killed", Rules::STRICT);
    assert!(verdict.figures.reconnects > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_replaced_one_after_the_other() {
    const WINDOW: Duration = Duration::from_secs(4);
    /// What the last connections may take to say goodbye, and the process to end.
    const GOODBYE: Duration = Duration::from_secs(3);

    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let mut settings = InstanceSettings::with_redis(redis.url());
    settings.file = format!("[connection]\ndrain_seconds = {}\n", WINDOW.as_secs());
    let mut fleet = Fleet::start(vec![settings.clone(), settings]).await;
    let load = Load::begin(&fleet).await;
    let mut asked = Vec::new();
    for at in [0, 1] {
        let begun = Instant::now();
        fleet.instances[at].terminate();
        let (status, log) = fleet.instances[at].ended().await;
        let took = begun.elapsed();
        say(&format!(
            "rolling restart: {} ended with {status} after {:.2} s",
            ["A", "B"][at],
            took.as_secs_f64()
        ));
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(took < WINDOW + GOODBYE, "it took {took:?}");
        asked.push(begun);
        fleet.instances[at].begin().await;
        fleet.instances[at].ready().await;
        load.talk(seconds(1)).await;
    }
    let report = load.finish(&fleet).await;
    for (at, begun) in asked.into_iter().enumerate() {
        assert_spread(&report.ends(), at, begun, WINDOW);
    }
    report.judge("rolling restart", Rules::STRICT);
}

/// The connections of an instance were asked to come back, one after the other over the window.
fn assert_spread(ends: &[(Instant, usize, u16)], at: usize, begun: Instant, window: Duration) {
    let ends: Vec<_> = ends.iter().filter(|(_, instance, _)| *instance == at).collect();
    assert!(ends.len() >= 6, "{} connections were at instance {at}", ends.len());
    assert!(ends.iter().all(|(_, _, code)| *code == RESTART), "{ends:?}");
    let after: Vec<Duration> = ends.iter().map(|(end, _, _)| end.saturating_duration_since(begun)).collect();
    say(&format!(
        "rolling restart: {} connections of instance {at} ended between {:.2} s and {:.2} s",
        after.len(),
        after[0].as_secs_f64(),
        after[after.len() - 1].as_secs_f64()
    ));
    assert!(after[after.len() - 1] - after[0] > window / 2, "{after:?}");
    // No quarter of the window has more than two thirds of them.
    let quarter = window / 4;
    for first in &after {
        let together = after.iter().filter(|end| (*first..*first + quarter).contains(*end)).count();
        assert!(together * 3 <= after.len() * 2, "{together} at once: {after:?}");
    }
}

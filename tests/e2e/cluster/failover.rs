//! A replica takes over from its master.

use std::time::{Duration, Instant};

use tests::{InstanceSettings, RedisCluster, Sentinels};
use tokio::time::sleep;

use crate::judge::Rules;
use crate::load::{Fleet, Load, say};
use crate::{exclusive, seconds};

const KEEP: Rules = Rules::KEEP;

/// A message is announced when the master has it, and acknowledged when the replica has it too: in between it may be
/// heard, and be forgotten with the master. Its sender says it again.
const FORGETFUL: Rules = Rules { may_forget_unacknowledged: true, ..KEEP };

/// What is acknowledged is on one replica too.
fn waiting(url: String) -> InstanceSettings {
    let mut settings = InstanceSettings::with_redis(url);
    settings.environment.push(("GATEWAY_REDIS_WAIT_REPLICAS", "1".to_owned()));
    settings
}

/// The master acknowledges for a while what does not reach its replica any more, and dies; the replica takes over.
async fn promote(sentinels: &mut Sentinels, load: &Load, alone: Duration) {
    sentinels.cut_replica().await;
    load.talk(alone).await;
    sentinels.master.kill().await;
    let killed = Instant::now();
    sentinels.promoted().await;
    say(&format!("the replica is promoted after {:.2} s", killed.elapsed().as_secs_f64()));
    sentinels.bring_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_promoted_and_nothing_is_lost_that_waited_for_it() {
    let _exclusive = exclusive().await;
    let mut sentinels = Sentinels::start().await;
    let settings = waiting(sentinels.url());
    let fleet = Fleet::start(vec![settings.clone(), settings]).await;
    let load = Load::begin(&fleet).await;
    // Long enough for what did not reach the replica to be refused, and tried again, before the master dies.
    promote(&mut sentinels, &load, Duration::from_secs(4)).await;
    load.talk(seconds(4)).await;
    let report = load.finish(&fleet).await;
    report.judge("replica promoted, wait_replicas = 1", FORGETFUL);
}

/// Redis answers before its replica knows: what was acknowledged in between is lost with the master.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_promoted_that_nobody_waited_for() {
    let _exclusive = exclusive().await;
    let mut sentinels = Sentinels::start().await;
    let fleet = Fleet::over(sentinels.url()).await;
    let load = Load::begin(&fleet).await;
    promote(&mut sentinels, &load, Duration::from_secs(1)).await;
    sleep(Duration::from_secs(3)).await;
    let healed = Instant::now();
    load.talk(seconds(3)).await;
    let report = load.finish(&fleet).await;
    let rules = Rules { may_lose_until: Some(healed), ..KEEP };
    let verdict = report.judge("replica promoted, no waiting", rules);
    // The scenario with waiting proves something only because this one loses.
    assert!(verdict.figures.lost > 0, "the master died with messages that its replica did not have");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_master_is_killed() {
    let _exclusive = exclusive().await;
    let mut cluster = RedisCluster::start().await;
    let settings = waiting(cluster.url());
    let fleet = Fleet::start(vec![settings.clone(), settings]).await;
    let load = Load::begin(&fleet).await;
    let (master, replica) = cluster.serving("{1400000001/gmeeting0}").await;
    cluster.nodes[master].kill().await;
    let killed = Instant::now();
    cluster.promoted(replica).await;
    say(&format!("the cluster's replica takes over after {:.2} s", killed.elapsed().as_secs_f64()));
    load.talk(Duration::from_secs(1)).await;
    // It comes back as the replica of the new master.
    cluster.nodes[master].begin().await;
    cluster.whole().await;
    load.talk(seconds(4)).await;
    load.finish(&fleet).await.judge("cluster master killed, wait_replicas = 1", FORGETFUL);
}

/// As when a cluster grows: all that one master served goes to another, slot by slot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_move_to_another_master() {
    let _exclusive = exclusive().await;
    let cluster = RedisCluster::start().await;
    let fleet = Fleet::over(cluster.url()).await;
    let load = Load::begin(&fleet).await;
    let (from, _) = cluster.serving("{1400000001/gmeeting0}").await;
    let to = cluster.another_master(from).await;
    let begun = Instant::now();
    cluster.move_slots(from, to).await;
    say(&format!("a third of the slots moved in {:.2} s", begun.elapsed().as_secs_f64()));
    load.talk(seconds(2)).await;
    load.finish(&fleet).await.judge("slots moved", KEEP);
}

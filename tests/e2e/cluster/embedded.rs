//! One instance with the store in its own directory: what is promised there, and that the clients here can tell.

use tests::{InstanceSettings, Signal};

use crate::judge::Rules;
use crate::load::{Fleet, Load};
use crate::{exclusive, seconds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_happens() {
    let _exclusive = exclusive().await;
    let fleet = Fleet::start(vec![InstanceSettings::default()]).await;
    let load = Load::begin(&fleet).await;
    load.talk(seconds(3)).await;
    let report = load.finish(&fleet).await;
    let verdict = report.judge("one instance", Rules::KEEP);
    assert_eq!(verdict.figures.retried, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_killed_and_started_again() {
    let _exclusive = exclusive().await;
    let mut fleet = Fleet::start(vec![InstanceSettings::default()]).await;
    let load = Load::begin(&fleet).await;
    for _ in 0..2 {
        fleet.instances[0].kill().await;
        fleet.instances[0].begin().await;
        load.talk(seconds(2)).await;
    }
    load.finish(&fleet).await.judge("one instance, killed", Rules::STRICT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_stands_still() {
    let _exclusive = exclusive().await;
    let fleet = Fleet::start(vec![InstanceSettings::default()]).await;
    let load = Load::begin(&fleet).await;
    fleet.instances[0].process().signal(Signal::STOP);
    load.talk(seconds(2)).await;
    fleet.instances[0].process().signal(Signal::CONT);
    load.talk(seconds(2)).await;
    let report = load.finish(&fleet).await;
    report.judge("one instance, paused", Rules::KEEP);
}

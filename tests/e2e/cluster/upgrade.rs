//! An older version of the gateway and this one: side by side on one Redis, and one after the other on one directory.
//!
//! ```text
//! OLD_GATEWAY_BIN=$(tests/revision 9845f67) cargo test -p tests --test cluster upgrade
//! ```
//!
//! Without the variable there is nothing to upgrade from, and the scenarios say so.

use std::path::PathBuf;
use std::time::Instant;

use tests::{InstanceSettings, Persistence, RedisServer, exchange};

use crate::judge::Rules;
use crate::load::{Fleet, Load, say};
use crate::pushes::everything_is_told;
use crate::{exclusive, seconds};

/// The program of an older version.
fn old_program(scenario: &str) -> Option<PathBuf> {
    let program = std::env::var_os("OLD_GATEWAY_BIN").map(PathBuf::from);
    if program.is_none() {
        say(&format!("{scenario}: left out, OLD_GATEWAY_BIN names no older gateway"));
    }
    program
}

/// Settings of an older instance on a Redis, which gives its connections two seconds to go elsewhere.
fn old_settings(redis: &RedisServer, program: PathBuf) -> InstanceSettings {
    let mut settings = InstanceSettings::with_redis(redis.url());
    settings.program = Some(program);
    settings.file = "[connection]\ndrain_seconds = 2\n".to_owned();
    settings
}

impl Fleet {
    /// Ends an instance as an operator does, and starts it again as this version.
    async fn upgrade(&mut self, at: usize) {
        self.instances[at].terminate();
        let (status, log) = self.instances[at].ended().await;
        assert_eq!(status.code(), Some(0), "{log}");
        self.instances[at].run_program(None);
        self.instances[at].begin().await;
        self.instances[at].ready().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_upgrade_loses_nothing() {
    let Some(program) = old_program("rolling upgrade") else { return };
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let settings = old_settings(&redis, program);
    let mut fleet = Fleet::start(vec![settings.clone(), settings]).await;
    let load = Load::begin(&fleet).await;
    let mut replaced = [None; 3];
    for at in [0, 1] {
        replaced[at] = Some(Instant::now());
        fleet.upgrade(at).await;
        // The versions stand beside each other for a while.
        load.talk(seconds(3)).await;
    }
    let report = load.finish(&fleet).await;
    let rules = Rules { older_until: replaced, ..Rules::STRICT };
    let verdict = report.judge("rolling upgrade", rules);
    assert!(verdict.figures.reconnects > 0);
}

/// An instance of each version; the older one dies while both serve.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_instance_dies_beside_a_newer_one() {
    let Some(program) = old_program("an older instance dies") else { return };
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let old = old_settings(&redis, program);
    let new = InstanceSettings { program: None, ..old.clone() };
    let mut fleet = Fleet::start(vec![old, new]).await;
    let load = Load::begin(&fleet).await;
    let killed = Instant::now();
    fleet.instances[0].kill().await;
    load.talk(seconds(3)).await;
    fleet.instances[0].run_program(None);
    fleet.instances[0].begin().await;
    fleet.instances[0].ready().await;
    load.talk(seconds(1)).await;
    let rules = Rules { older_until: [Some(killed), None, None], ..Rules::STRICT };
    load.finish(&fleet).await.judge("an older instance dies beside a newer one", rules);
}

/// The embedded store goes from one version to the next with everything that is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_keeps_the_embedded_store() {
    let Some(program) = old_program("upgrade of one instance") else { return };
    let _exclusive = exclusive().await;
    let settings = InstanceSettings { program: Some(program), ..InstanceSettings::default() };
    let mut fleet = Fleet::start(vec![settings]).await;
    let load = Load::begin(&fleet).await;
    let replaced = Instant::now();
    fleet.upgrade(0).await;
    load.talk(seconds(3)).await;
    let rules = Rules { older_until: [Some(replaced), None, None], ..Rules::STRICT };
    load.finish(&fleet).await.judge("upgrade of one instance", rules);
}

/// While both versions serve, what is done at one of them is told at the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_two_versions_hear_each_other() {
    let Some(program) = old_program("two versions") else { return };
    let redis = RedisServer::start(Persistence::Nothing).await;
    let old = old_settings(&redis, program);
    let new = InstanceSettings { program: None, ..old.clone() };
    let fleet = Fleet::start(vec![new, old]).await;
    everything_is_told(&fleet).await;
    // Neither took what the other said for damaged, or looked into the store because of it.
    for instance in &fleet.instances {
        let metrics = exchange(instance.address, "GET", "/metrics", b"").await;
        for name in ["gateway_bus_malformed_total", "gateway_bus_unknown_total"] {
            assert!(!metrics.text().contains(name), "{}: {}", instance.name, metrics.text());
        }
    }
}

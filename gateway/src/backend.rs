//! What the services stand on: the store, the bus and who shares them. One node has its own, many have Redis.

use std::ffi::OsStr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use protocol::id::AppId;
use protocol::usersig::SecretKey;
use sha2::Sha256;
use tokio::time::Instant;

use crate::bus::{Bus, Liveness, LocalBus, Receiver, RedisBus, RedisLiveness, SingleInstance};
use crate::config::{Config, RedisConfig};
use crate::descriptors::Shares;
use crate::files;
use crate::redis::{Namespace, Topology};
use crate::services::application::Applications;
use crate::storage::embedded::{self, Embedded};
use crate::storage::redis::{Redis, Settings};
use crate::storage::{Engine, StorageError};

/// How long the start waits for Redis. Afterwards the gateway serves what it can, is not ready, and goes on looking.
const FIRST_LOOK: std::time::Duration = std::time::Duration::from_secs(3);

/// What marks of keys are for, so that they are no other use of the key.
const KEY_MARK: &[u8] = b"timgate mark of a secret key 1";

/// Closes a data directory that an earlier version left open, if nothing of somebody else lies in it.
fn close_to_others(data_dir: &Path) {
    let is_ours = |name: &OsStr| name == "store" || name == "secret_key";
    let Ok(mut entries) = std::fs::read_dir(data_dir) else { return };
    if entries.all(|entry| entry.is_ok_and(|entry| is_ours(&entry.file_name())))
        && let Err(error) = files::close_to_others(data_dir)
    {
        tracing::warn!(%error, "{}: others may read the data", data_dir.display());
    }
}

/// The parts, whichever they are.
pub(crate) struct Backend {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) incoming: Receiver,
    /// The number of this instance.
    pub(crate) node: u64,
    pub(crate) liveness: Arc<dyn Liveness>,
    /// Ends when nothing can be stored any more until the process is started anew.
    pub(crate) failed: Pin<Box<dyn Future<Output = StorageError> + Send>>,
}

impl Backend {
    pub(crate) async fn open(config: &Config) -> Result<Self, StorageError> {
        match &config.redis {
            None => Self::embedded(config),
            Some(redis) => Self::shared(redis, &config.apps).await,
        }
    }

    fn embedded(config: &Config) -> Result<Self, StorageError> {
        let (bus, incoming) = LocalBus::new();
        let settings = embedded::Settings {
            rotate_journal: config.rotate_journal,
            cached_files: Shares::current().store_cache,
            min_free_bytes: config.min_free_bytes,
            ..embedded::Settings::default()
        };
        close_to_others(&config.data_dir);
        let store = Embedded::open_with(&config.data_dir.join("store"), bus.clone(), &settings)?;
        let engine = Arc::new(store);
        let node = rand::random();
        let watched = engine.clone();
        Ok(Self {
            engine,
            bus: Arc::new(bus),
            incoming,
            node,
            liveness: Arc::new(SingleInstance(node)),
            failed: Box::pin(async move { watched.failed().await }),
        })
    }

    async fn shared(config: &RedisConfig, apps: &Applications) -> Result<Self, StorageError> {
        let topology = Topology::start(config.target.clone());
        let is_there = topology.wait(FIRST_LOOK).await;
        if !is_there {
            tracing::warn!(redis = %config.target, "no server of Redis answers yet; nobody can log in until one does");
        }
        let names = Namespace::new(&config.prefix);
        let settings = Settings {
            wait_replicas: config.wait_replicas,
            wait_timeout: config.wait_timeout,
            allow_eviction: config.allow_eviction,
            keys: apps.iter().map(|(app, application)| marks(app, &application.keys)).collect(),
            ..Settings::default()
        };
        let engine = Redis::new(topology.clone(), names.clone(), settings);
        if is_there {
            engine.opened(Instant::now() + FIRST_LOOK).await?;
        }
        let failed = engine.failed();
        let node = rand::random();
        let (bus, incoming) = RedisBus::start_with(topology.clone(), names.clone(), node, engine.epochs());
        let liveness = RedisLiveness::start(topology, &names, node).await;
        Ok(Self {
            engine: Arc::new(engine),
            bus: Arc::new(bus),
            incoming,
            node,
            liveness: Arc::new(liveness),
            // What Redis cannot do now it can do later; what a later version has written, this one never can read.
            failed: Box::pin(failed),
        })
    }
}

/// An application and a mark of each of its keys: two instances see whether they have the same key, and nobody sees which.
/// Half of a hash is far more than it takes to tell keys apart.
fn marks(app: AppId, keys: &[SecretKey]) -> String {
    keys.iter().fold(app.to_string(), |marks, key| {
        let mac =
            Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes a key of any length");
        let mark = mac.chain_update(KEY_MARK).chain_update(app.to_string()).finalize().into_bytes();
        mark[..16].iter().fold(marks + " ", |text, byte| format!("{text}{byte:02x}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_keys_apart_and_says_nothing_of_them() {
        let key = |byte| SecretKey::from_random([byte; 32]);
        let both = marks(AppId(7), &[key(1), key(2)]);
        let words: Vec<&str> = both.split(' ').collect();
        assert_eq!(words.len(), 3);
        assert_eq!(format!("7 {}", words[2]), marks(AppId(7), &[key(2)]));
        assert_ne!(words[1], words[2]);
        assert!(!marks(AppId(8), &[key(1)]).contains(words[1]), "each application has its own");
        assert!(!both.contains(&key(1).expose()[..8]));
    }
}

//! What the services stand on: the store, the bus and who shares them. One node has its own, many have Redis.

use std::ffi::OsStr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Instant;

use crate::bus::{Bus, Liveness, LocalBus, Receiver, RedisBus, RedisLiveness, SingleInstance};
use crate::config::{Config, RedisConfig};
use crate::files;
use crate::redis::{Namespace, Topology};
use crate::storage::embedded::{self, Embedded};
use crate::storage::redis::{Redis, Settings};
use crate::storage::{Engine, StorageError};

/// How long the start waits for Redis. Afterwards the gateway serves what it can, is not ready, and goes on looking.
const FIRST_LOOK: std::time::Duration = std::time::Duration::from_secs(3);

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
            Some(redis) => Self::shared(redis).await,
        }
    }

    fn embedded(config: &Config) -> Result<Self, StorageError> {
        let (bus, incoming) = LocalBus::new();
        let settings = embedded::Settings {
            rotate_journal: config.rotate_journal,
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

    async fn shared(config: &RedisConfig) -> Result<Self, StorageError> {
        let topology = Topology::start(config.target.clone());
        let is_there = topology.wait(FIRST_LOOK).await;
        if !is_there {
            tracing::warn!(redis = %config.target, "no server of Redis answers yet; nobody can log in until one does");
        }
        let names = Namespace::new(&config.prefix);
        let settings = Settings {
            wait_replicas: config.wait_replicas,
            wait_timeout: config.wait_timeout,
            ..Settings::default()
        };
        let engine = Redis::new(topology.clone(), names.clone(), settings);
        if is_there {
            engine.opened(Instant::now() + FIRST_LOOK).await?;
        }
        let failed = engine.failed();
        let (bus, incoming) = RedisBus::start(topology.clone(), names.clone());
        let node = rand::random();
        let liveness = RedisLiveness::start(topology, &names, node);
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

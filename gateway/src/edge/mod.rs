//! Bytes in, bytes out: one port for WebSocket, REST, health, metrics, the demo page and an old chat's routes.

mod legacy;
mod listener;
mod ops;
mod page;
mod reply;
mod rest;
mod router;
mod ws;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::commands::Context;
use crate::hub::Hub;

pub use legacy::Legacy;
pub use listener::{Surfaces, listen};

/// What is served, and the bounds of one connection.
pub struct Settings {
    pub max_frame_bytes: usize,
    pub queue_bytes: usize,
    /// At the end, connections are asked to go elsewhere over this time.
    pub drain: Duration,
    /// The old chat's routes; absent, they are off.
    pub legacy: Option<Arc<Legacy>>,
}

/// What every connection and request works with. A cheap handle.
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

/// What an [`Edge`] is made of.
pub struct Parts {
    pub context: Context,
    pub hub: Hub,
    pub settings: Settings,
    pub metrics: PrometheusHandle,
    /// Cancelled when the node goes down: nobody new comes in, and those who are here are asked to go.
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
    pub health: Arc<dyn Health>,
    ready: AtomicBool,
}

impl Deref for Edge {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Says whether the node can do its work; in words why not.
#[async_trait::async_trait]
pub trait Health: Send + Sync + 'static {
    async fn check(&self) -> Result<(), String>;
}

impl Edge {
    pub fn new(
        context: Context,
        hub: Hub,
        settings: Settings,
        metrics: PrometheusHandle,
        health: Arc<dyn Health>,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let ready = AtomicBool::new(true);
        Self(Arc::new(Parts { context, hub, settings, metrics, stop, tasks, health, ready }))
    }

    /// Tells balancers to send nobody more.
    pub fn stop_being_ready(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

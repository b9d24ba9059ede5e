//! Bytes in, bytes out: one port for WebSocket, REST, health, metrics, the demo page and an old chat's routes.

mod admission;
mod legacy;
mod listener;
mod ops;
mod page;
mod peer;
mod proxies;
mod reply;
mod request;
mod rest;
mod router;
mod unfinished;
mod ws;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::admission::Admission;
use self::proxies::Proxies;
use self::unfinished::Unfinished;
use crate::commands::Context;
use crate::config::Connections;
use crate::hub::Hub;

pub use legacy::Legacy;
pub use listener::{Surfaces, listen};
#[cfg(feature = "internals")]
pub use ws::read_websocket;

/// Connections of a listener for health and metrics alone. Half of them at once.
const MOST_INTERNAL: usize = 128;

/// What is served, and the bounds of one connection.
pub struct Settings {
    pub connections: Connections,
    /// Connections that can be open at once, whatever the settings say.
    pub most_connections: usize,
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
    admission: Admission,
    /// Those who look after health and metrics, where they come by a listener of their own.
    internal: Admission,
    proxies: Proxies,
    unfinished: Unfinished,
    ready: AtomicBool,
    /// How many connections know when they leave, while the node goes down.
    leaving: AtomicU64,
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
        let connections = &settings.connections;
        let internal = Connections { max_in_all: Some(MOST_INTERNAL), ..Connections::default() };
        Self(Arc::new(Parts {
            admission: Admission::new(connections, settings.most_connections),
            internal: Admission::new(&internal, usize::MAX),
            proxies: Proxies::new(connections.trusted_proxies.clone(), connections.proxy_protocol),
            unfinished: Unfinished::new(connections.unfinished_bytes),
            context,
            hub,
            settings,
            metrics,
            stop,
            tasks,
            health,
            ready: AtomicBool::new(true),
            leaving: AtomicU64::new(0),
        }))
    }

    /// When the connection that asks is to leave, from the beginning of the drain window on.
    fn leaves_after(&self) -> Duration {
        self.settings.connections.drain.mul_f64(place_in_window(self.leaving.fetch_add(1, Ordering::Relaxed)))
    }

    /// Tells balancers to send nobody more.
    pub fn stop_being_ready(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

/// Where in a window the one with a number stands, from 0 to 1. The fractional parts of the multiples of the golden ratio
/// lie evenly apart however many they are; as many random places would sometimes lie all in one half.
fn place_in_window(number: u64) -> f64 {
    const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
    (number as f64 * GOLDEN_RATIO).fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_leave_they_are_spread_over_the_window() {
        for count in [2, 6, 13, 100, 10_000] {
            let mut places: Vec<f64> = (0..count).map(place_in_window).collect();
            places.push(1.0);
            places.sort_by(f64::total_cmp);
            let widest = places.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
            assert!(widest < 2.0 / count as f64, "{count}: {widest}");
        }
    }
}

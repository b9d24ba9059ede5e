//! The composition: a gateway from its parts, and its end.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::Backend;
use crate::bus::Liveness;
use crate::clock::Clock;
use crate::commands::Context;
use crate::config::Config;
use crate::descriptors::Shares;
use crate::edge::{Edge, Health, Legacy, Settings, Surfaces, listen};
use crate::hub::Hub;
use crate::services::Services;
use crate::services::deps::Deps;
use crate::services::retention::Retention;
use crate::storage::{Engine, StorageError};
use crate::telemetry;

/// How often samples of metrics are folded into their histograms.
const UPKEEP: Duration = Duration::from_secs(5);

/// What is left of the drain window for what was begun.
const GRACE: Duration = Duration::from_secs(10);

/// Connections that wait to be accepted; the system may have a bound of its own. Whoever comes when all these places are
/// taken tries again by themselves, after a second at the earliest.
const BACKLOG: u32 = 4096;

/// Why a gateway does not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("{address}: cannot be listened on: {source}; choose another address")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{0}")]
    Store(String),
}

/// A gateway that listens and serves.
pub struct Gateway {
    edge: Edge,
    engine: Arc<dyn Engine>,
    liveness: Arc<dyn Liveness>,
    failed: Pin<Box<dyn Future<Output = StorageError> + Send>>,
    retention: Retention,
    address: SocketAddr,
    listeners: Vec<JoinHandle<()>>,
    hub: Hub,
}

struct StoreHealth(Arc<dyn Engine>);

#[async_trait::async_trait]
impl Health for StoreHealth {
    async fn check(&self) -> Result<(), String> {
        self.0.health().await.map_err(|error| format!("the store is not ready: {error}"))
    }
}

impl Gateway {
    /// Opens the store, binds the addresses and begins to serve.
    pub async fn start(config: &Config, clock: Clock) -> Result<Self, GatewayError> {
        let metrics = telemetry::start_metrics();
        let Backend { engine, bus, incoming, node, liveness, failed } =
            Backend::open(config).await.map_err(|error| GatewayError::Store(error.to_string()))?;
        let tasks = TaskTracker::new();
        let deps = Deps {
            engine: engine.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            apps: Arc::new(config.apps.clone()),
            node,
            liveness: liveness.clone(),
            tasks: tasks.clone(),
        };
        let retention = Retention::new(deps.clone());
        let services = Services::new(deps);
        let rooms = services.groups.rooms().clone();
        let hub = Hub::new(bus, services.catch_up.clone(), &clock);
        services.presence.hears_from(Arc::new(hub.clone()));
        let edge = Edge::new(
            Context::new(services, tasks.clone()),
            hub.clone(),
            Settings {
                connections: config.connections.clone(),
                most_connections: Shares::current().connections,
                legacy: legacy(config, clock),
            },
            metrics,
            Arc::new(StoreHealth(engine.clone())),
            CancellationToken::new(),
            tasks,
        );

        edge.tasks.spawn(retention.clone().run(config.retention_interval, edge.stop.clone()));
        edge.tasks.spawn(rooms.keep(edge.stop.clone()));
        edge.tasks.spawn(keep_up(edge.metrics.clone(), edge.stop.clone()));

        if let Some(legacy) = &edge.settings.legacy {
            legacy.open(&edge).await;
        }
        let (listener, address) = bind(config.listen)?;
        let surfaces = if config.internal_listen.is_some() { Surfaces::Public } else { Surfaces::All };
        let mut listeners = vec![tokio::spawn(listen(edge.clone(), listener, surfaces))];
        if let Some(internal) = config.internal_listen {
            let (listener, _) = bind(internal)?;
            listeners.push(tokio::spawn(listen(edge.clone(), listener, Surfaces::Internal)));
        }
        hub.start(incoming);
        Ok(Self { edge, engine, liveness, failed, retention, address, listeners, hub })
    }

    /// Where it listens; tells the port when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What drops old messages from time to time; for a test that cannot wait for it.
    pub fn retention(&self) -> Retention {
        self.retention.clone()
    }

    /// Serves until `shutdown` is done, then drains: nobody new, connections asked to go elsewhere over the drain
    /// window, what was begun finished, the store closed. Ends early, with the reason, when the store fails.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), GatewayError> {
        let failed = tokio::select! {
            () = shutdown => None,
            error = &mut self.failed => Some(error),
        };
        if let Some(error) = failed {
            // Nothing can be acknowledged any more; another instance or a restart can.
            return Err(GatewayError::Store(format!("stopped: {error}")));
        }
        Box::pin(self.drain()).await
    }

    async fn drain(self) -> Result<(), GatewayError> {
        tracing::info!("going down");
        self.edge.stop_being_ready();
        self.edge.stop.cancel();
        self.edge.tasks.close();
        let deadline = self.edge.settings.connections.drain + GRACE;
        if tokio::time::timeout(deadline, self.edge.tasks.wait()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        for listener in self.listeners {
            listener.abort();
        }
        self.liveness.leave().await;
        let closed = self.engine.close().await;
        self.hub.close().await;
        closed.map_err(|error| GatewayError::Store(error.to_string()))
    }
}

/// Folds samples into their histograms, so that they do not pile up where nobody reads the metrics.
async fn keep_up(metrics: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = ticks.tick() => metrics.run_upkeep(),
            () = stop.cancelled() => return,
        }
    }
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), GatewayError> {
    let fault = |source| GatewayError::Listen { address, source };
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let listen = |socket: TcpSocket| {
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    let listener = socket.and_then(listen).map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok((listener, bound))
}

fn legacy(config: &Config, clock: Clock) -> Option<Arc<Legacy>> {
    let (settings, app) = (config.legacy.clone()?, config.main_app);
    let admins = config.apps.get(app)?.admins.clone();
    Some(Arc::new(Legacy::new(settings, app, admins, clock)))
}

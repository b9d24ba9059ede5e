//! Which server is master of a key now.

mod cluster;
mod sentinel;
mod slot_map;
mod tls;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    RedisConnectionInfo, TlsCertificates,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::url::{Address, Kind, Login, Target};
use crate::telemetry::Sparing;
use slot_map::SlotMap;
pub use slot_map::slot_of;

/// How long one question to a server may take, the connection included.
const ANSWER: Duration = Duration::from_secs(1);
/// How often the masters are asked for while nothing seems wrong.
const SENTINEL_PERIOD: Duration = Duration::from_secs(1);
const CLUSTER_PERIOD: Duration = Duration::from_secs(3);
/// The least time between two looks, however much is suspected.
const PAUSE: Duration = Duration::from_millis(100);

/// Servers about which is remembered when something was last said. A deployment has fewer.
const MOST_LINES: usize = 1024;

/// Which servers are masters now, and how to reach them.
///
/// Reads never wait. Watching begins with [`Topology::start`] and ends when this is dropped; while no server
/// answers, what was known last stands.
pub struct Topology {
    shared: Arc<Shared>,
    /// Ends the watchers with this.
    _watchers: JoinSet<()>,
}

struct Shared {
    target: Target,
    map: RwLock<Arc<SlotMap>>,
    /// How many times the map has changed.
    changes: watch::Sender<u64>,
    /// How many times somebody suspected that it is wrong.
    suspicions: watch::Sender<u64>,
    tls: tls::Settings,
    /// Log lines about servers that cannot be reached.
    lines: Mutex<HashMap<Address, Arc<Sparing>>>,
}

impl Topology {
    /// Begins to look for the masters and returns at once. Needs a Tokio runtime.
    pub fn start(target: Target) -> Arc<Self> {
        let map = match target.kind {
            Kind::Standalone => SlotMap::single(target.hosts[0].clone()),
            Kind::Sentinel { .. } | Kind::Cluster => SlotMap::default(),
        };
        let shared = Arc::new(Shared {
            target,
            map: RwLock::new(Arc::new(map)),
            changes: watch::Sender::new(0),
            suspicions: watch::Sender::new(0),
            tls: tls::Settings::default(),
            lines: Mutex::default(),
        });
        let mut watchers = JoinSet::new();
        match shared.target.kind {
            Kind::Standalone => {}
            Kind::Sentinel { .. } => sentinel::watch(&shared, &mut watchers),
            Kind::Cluster => {
                watchers.spawn(cluster::watch(shared.clone()));
                for node in shared.target.hosts.clone() {
                    watchers.spawn(cluster::try_now_and_then(shared.clone(), node));
                }
            }
        }
        Arc::new(Self { shared, _watchers: watchers })
    }

    /// Waits until the masters are known, at most `limit`. Whether they are.
    pub async fn wait(&self, limit: Duration) -> bool {
        let mut changes = self.changes();
        let known = async {
            while self.shared.map().masters().is_empty() {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(limit, known).await.is_ok()
    }

    pub fn target(&self) -> &Target {
        &self.shared.target
    }

    /// The master of a slot from 0 to 16383. The same for every slot outside Cluster; nothing while it is unknown.
    pub fn master_of(&self, slot: u16) -> Option<Address> {
        self.shared.map().master_of(slot).cloned()
    }

    /// Every master there is, each once.
    pub fn masters(&self) -> Vec<Address> {
        self.shared.map().masters().to_vec()
    }

    /// To be called when a server failed or refused to be master: the masters are asked for soon.
    pub fn suspect(&self) {
        self.shared.suspicions.send_modify(|count| *count += 1);
    }

    /// A server said that `slot` is at `address` now (`MOVED`). Believed at once, and asked after.
    pub fn moved(&self, slot: u16, address: Address) {
        let known = self.shared.map();
        // A server that does not know its own name leaves the host out.
        if self.target().is_cluster() && !address.host.is_empty() && known.master_of(slot) != Some(&address) {
            self.shared.replace(known.with_moved(slot, address));
        }
        self.suspect();
    }

    /// A counter that grows each time somebody suspects a server.
    pub fn suspicions(&self) -> watch::Receiver<u64> {
        self.shared.suspicions.subscribe()
    }

    /// To be called at each failed attempt to reach a server: says so at once, and then every ten seconds.
    pub(crate) fn unreachable(&self, address: &Address, reason: &str) {
        self.shared.unreachable(address, reason);
    }

    /// A counter that grows each time the masters change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// A connection to a server on which nothing was said yet: TCP, and TLS if the URL asks for it.
    /// Takes as long as the network does: the caller sets a limit.
    pub(super) async fn dial(&self, address: &Address) -> std::io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        stream.set_nodelay(true)?;
        match &self.target().tls {
            None => Ok(Box::new(stream)),
            Some(tls) => Ok(Box::new(self.shared.tls.greet(tls, &address.host, stream).await?)),
        }
    }

    /// How to connect to a server: TLS, user, database, RESP3. Connections have to be made with a time-out.
    pub fn client(&self, address: &Address) -> Client {
        let target = self.target();
        client(target, address, &target.login, target.db)
    }
}

/// What carries bytes to a server and back.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The slot and the server that the details of a `MOVED` or `ASK` name: `3999 127.0.0.1:6381`. The host is empty
/// when the server does not know its name.
pub fn redirection(details: &str) -> Option<(u16, Address)> {
    let (slot, address) = details.split_once(' ')?;
    let (host, port) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((slot.parse().ok()?, Address::new(host, port.parse().ok()?)))
}

impl Shared {
    fn unreachable(&self, address: &Address, reason: &str) {
        let line = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() >= MOST_LINES {
                lines.clear();
            }
            lines.entry(address.clone()).or_default().clone()
        };
        if let Some(kept_back) = line.admit() {
            tracing::warn!(server = %address, reason, kept_back, "redis {address} cannot be used: {reason}");
        }
    }

    fn map(&self) -> Arc<SlotMap> {
        self.map.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes `map` the one that is known. Whether it differs from the one before.
    fn replace(&self, map: SlotMap) -> bool {
        {
            let mut known = self.map.write().unwrap_or_else(PoisonError::into_inner);
            if known.same_masters(&map) {
                return false;
            }
            *known = Arc::new(map);
        }
        self.changes.send_modify(|count| *count += 1);
        true
    }
}

pub(super) fn client(target: &Target, address: &Address, login: &Login, db: i64) -> Client {
    let Address { host, port } = address.clone();
    let addr = match target.tls {
        None => ConnectionAddr::Tcp(host, port),
        Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
    };
    let mut settings = RedisConnectionInfo::default()
        .set_protocol(ProtocolVersion::RESP3)
        .set_skip_set_lib_name()
        .set_db(db);
    if let Some(user) = &login.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &login.password {
        settings = settings.set_password(password);
    }
    let info: ConnectionInfo = addr.into_connection_info().expect("an address alone is complete");
    let tcp = redis::io::tcp::TcpSettings::default().set_nodelay(true);
    let info = info.set_tcp_settings(tcp).set_redis_settings(settings);
    match target.tls.as_ref().and_then(|tls| tls.authorities.clone()) {
        None => Client::open(info).expect("nothing is left to parse"),
        Some(root) => {
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(root) };
            Client::build_with_tls(info, certificates).expect("the certificates were read when the URL was")
        }
    }
}

/// For the questions of the watchers.
fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER)).set_response_timeout(Some(ANSWER))
}

/// Waits for the next look: the period is over, or somebody suspects something.
async fn next_look(suspicions: &mut watch::Receiver<u64>, period: Duration) {
    tokio::time::sleep(PAUSE).await;
    // The sender cannot go while a watcher lives; and if it did, the period is waited for.
    let _ = tokio::time::timeout(period - PAUSE, suspicions.changed()).await;
}

#[cfg(test)]
mod tests;

//! A connection to every master that is called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::Cmd;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::connection::Confirm;
use super::{Address, Connection, Topology};

/// The connections to the masters, made when they are first called, and dropped when a server is master no more.
pub struct Pool {
    topology: Arc<Topology>,
    greeting: Arc<[Cmd]>,
    confirm: Option<Confirm>,
    open: Arc<Mutex<Open>>,
    _forgetting: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Open {
    pool: HashMap<Address, Arc<Connection>>,
    /// Of all connections, also of those that were dropped and end what was given to them. They end at once with the pool.
    drivers: JoinSet<()>,
}

impl Pool {
    /// See [`Connection::new`] for what each connection is like.
    pub fn new(topology: Arc<Topology>, greeting: Arc<[Cmd]>, confirm: Option<Confirm>) -> Arc<Self> {
        let open = Arc::<Mutex<Open>>::default();
        let forgetting = AbortOnDropHandle::new(tokio::spawn(forget(open.clone(), topology.clone())));
        Arc::new(Self { topology, greeting, confirm, open, _forgetting: forgetting })
    }

    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// To the master of a slot; nothing while it is unknown.
    pub fn to(&self, slot: u16) -> Option<Arc<Connection>> {
        Some(self.at(&self.topology.master_of(slot)?))
    }

    /// To a server that is, or is to be, a master.
    pub fn at(&self, address: &Address) -> Arc<Connection> {
        let mut open = lock(&self.open);
        if let Some(connection) = open.pool.get(address) {
            return connection.clone();
        }
        let (topology, greeting) = (self.topology.clone(), self.greeting.clone());
        let (connection, driver) = Connection::new(topology, address.clone(), greeting, self.confirm);
        while open.drivers.try_join_next().is_some() {}
        open.drivers.spawn(driver);
        let connection = Arc::new(connection);
        open.pool.insert(address.clone(), connection.clone());
        connection
    }

    /// To each master there is.
    pub fn masters(&self) -> Vec<Arc<Connection>> {
        self.topology.masters().iter().map(|address| self.at(address)).collect()
    }

    /// Waits until the master of a slot is known. Whether it is.
    pub async fn wait(&self, slot: u16, deadline: Instant) -> bool {
        let mut changes = self.topology.changes();
        while self.topology.master_of(slot).is_none() {
            if !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                return false;
            }
        }
        true
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops the connections to servers that are master no more, so that what is held for them goes to those who are.
async fn forget(open: Arc<Mutex<Open>>, topology: Arc<Topology>) {
    let mut changes = topology.changes();
    while changes.changed().await.is_ok() {
        let masters = topology.masters();
        lock(&open).pool.retain(|address, _| masters.contains(address));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use test_servers::Persistence::Nothing;
    use test_servers::{RedisServer, eventually};

    use super::*;
    use crate::redis::testing::Targets;

    #[tokio::test]
    async fn all_tasks_end_with_the_pool() {
        let server = RedisServer::start(Nothing).await;
        let topology = Topology::start(server.target());
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        // What started the server spoke to it too.
        eventually(Duration::from_secs(5), "nothing runs", async || tasks() == 0).await;
        let pool = Pool::new(topology, Arc::new([]), None);
        let ping = || Arc::new(redis::cmd("PING"));
        let soon = || Instant::now() + Duration::from_secs(20);
        pool.to(0).unwrap().send(ping(), soon()).get().await.unwrap();
        assert!(tasks() > 0);

        // An answer that will not come holds nothing up.
        server.pause();
        let answer = pool.to(0).unwrap().send(ping(), soon());
        drop(pool);
        eventually(Duration::from_secs(1), "all tasks have ended", async || tasks() == 0).await;
        assert!(answer.get().await.is_err());
        server.resume();
    }
}

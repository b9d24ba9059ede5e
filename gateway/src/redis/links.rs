//! A link to every master that is called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::Cmd;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::link::Confirm;
use super::{Address, Link, Servers};

/// Links to the masters, made when they are first called, and dropped when a server is master no more.
pub struct Links {
    servers: Arc<Servers>,
    greeting: Arc<[Cmd]>,
    confirm: Option<Confirm>,
    open: Arc<Mutex<Open>>,
    _forgetting: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Open {
    links: HashMap<Address, Arc<Link>>,
    /// Of all links, also of those that were dropped and end what was given to them. They end at once with the pool.
    drivers: JoinSet<()>,
}

impl Links {
    /// See [`Link::new`] for what each link is like.
    pub fn new(servers: Arc<Servers>, greeting: Arc<[Cmd]>, confirm: Option<Confirm>) -> Arc<Self> {
        let open = Arc::<Mutex<Open>>::default();
        let forgetting = AbortOnDropHandle::new(tokio::spawn(forget(open.clone(), servers.clone())));
        Arc::new(Self { servers, greeting, confirm, open, _forgetting: forgetting })
    }

    pub fn servers(&self) -> &Arc<Servers> {
        &self.servers
    }

    /// To the master of a slot; nothing while it is unknown.
    pub fn to(&self, slot: u16) -> Option<Arc<Link>> {
        Some(self.at(&self.servers.master_of(slot)?))
    }

    /// To a server that is, or is to be, a master.
    pub fn at(&self, address: &Address) -> Arc<Link> {
        let mut open = lock(&self.open);
        if let Some(link) = open.links.get(address) {
            return link.clone();
        }
        let (servers, greeting) = (self.servers.clone(), self.greeting.clone());
        let (link, driver) = Link::new(servers, address.clone(), greeting, self.confirm);
        while open.drivers.try_join_next().is_some() {}
        open.drivers.spawn(driver);
        let link = Arc::new(link);
        open.links.insert(address.clone(), link.clone());
        link
    }

    /// To each master there is.
    pub fn masters(&self) -> Vec<Arc<Link>> {
        self.servers.masters().iter().map(|address| self.at(address)).collect()
    }

    /// Waits until the master of a slot is known. Whether it is.
    pub async fn wait(&self, slot: u16, deadline: Instant) -> bool {
        let mut changes = self.servers.changes();
        while self.servers.master_of(slot).is_none() {
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

/// Drops the links to servers that are master no more, so that what is held for them goes to those who are.
async fn forget(open: Arc<Mutex<Open>>, servers: Arc<Servers>) {
    let mut changes = servers.changes();
    while changes.changed().await.is_ok() {
        let masters = servers.masters();
        lock(&open).links.retain(|address, _| masters.contains(address));
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
        let servers = Servers::start(server.target());
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        // What started the server spoke to it too.
        eventually(Duration::from_secs(5), "nothing runs", async || tasks() == 0).await;
        let links = Links::new(servers, Arc::new([]), None);
        let ping = || Arc::new(redis::cmd("PING"));
        let soon = || Instant::now() + Duration::from_secs(20);
        links.to(0).unwrap().send(ping(), soon()).get().await.unwrap();
        assert!(tasks() > 0);

        // An answer that will not come holds nothing up.
        server.pause();
        let answer = links.to(0).unwrap().send(ping(), soon());
        drop(links);
        eventually(Duration::from_secs(1), "all tasks have ended", async || tasks() == 0).await;
        assert!(answer.get().await.is_err());
        server.resume();
    }
}

//! A link to every master that is called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use redis::Cmd;
use tokio::time::{Instant, timeout_at};

use super::link::Confirm;
use super::{Address, Link, Servers};

/// Links to the masters, made when they are first called, and dropped when a server is master no more.
pub struct Links {
    servers: Arc<Servers>,
    greeting: Arc<[Cmd]>,
    confirm: Option<Confirm>,
    links: Mutex<HashMap<Address, Arc<Link>>>,
}

impl Links {
    /// See [`Link::start`] for what each link is like.
    pub fn new(servers: Arc<Servers>, greeting: Arc<[Cmd]>, confirm: Option<Confirm>) -> Arc<Self> {
        let links = Arc::new(Self { servers, greeting, confirm, links: Mutex::default() });
        tokio::spawn(forget(Arc::downgrade(&links), links.servers.changes()));
        links
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
        let mut links = self.links();
        if let Some(link) = links.get(address) {
            return link.clone();
        }
        let (servers, greeting) = (self.servers.clone(), self.greeting.clone());
        let link = Arc::new(Link::start(servers, address.clone(), greeting, self.confirm));
        links.insert(address.clone(), link.clone());
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

    fn links(&self) -> MutexGuard<'_, HashMap<Address, Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops the links to servers that are master no more, so that what is held for them goes to those who are.
async fn forget(links: Weak<Links>, mut changes: tokio::sync::watch::Receiver<u64>) {
    while changes.changed().await.is_ok() {
        let Some(links) = links.upgrade() else { return };
        let masters = links.servers.masters();
        links.links().retain(|address, _| masters.contains(address));
    }
}

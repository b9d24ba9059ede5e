//! Who follows what, in shards by topic so that look-ups do not wait for each other.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Connection;
use crate::bus::Topic;

const SHARDS: usize = 64;

type Followers = HashMap<Topic, Vec<Arc<Connection>>>;

pub(super) struct Shards {
    shards: Vec<Mutex<Followers>>,
    hasher: std::hash::RandomState,
}

impl Shards {
    pub(super) fn new() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, hasher: std::hash::RandomState::new() }
    }

    fn shard(&self, topic: &Topic) -> MutexGuard<'_, Followers> {
        let index = self.hasher.hash_one(topic) as usize % SHARDS;
        // Nothing under this lock can panic half-way through a change.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True when this is the first follower.
    pub(super) fn add(&self, topic: &Topic, connection: &Arc<Connection>) -> bool {
        let mut shard = self.shard(topic);
        let followers = shard.entry(topic.clone()).or_default();
        if followers.iter().any(|known| known.id() == connection.id()) {
            return false;
        }
        followers.push(connection.clone());
        followers.len() == 1
    }

    /// True when that was the last follower.
    pub(super) fn remove(&self, topic: &Topic, connection: &Arc<Connection>) -> bool {
        let mut shard = self.shard(topic);
        let Some(followers) = shard.get_mut(topic) else { return false };
        let before = followers.len();
        followers.retain(|known| known.id() != connection.id());
        let is_last = before > 0 && followers.is_empty();
        if followers.is_empty() {
            shard.remove(topic);
        }
        is_last
    }

    pub(super) fn followers(&self, topic: &Topic) -> Vec<Arc<Connection>> {
        self.shard(topic).get(topic).cloned().unwrap_or_default()
    }
}

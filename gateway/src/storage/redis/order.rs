//! The batches of one partition keep their order, also when a server sends some of them back.
//!
//! Batches leave one behind the other without waiting, so usually nothing is to be done. A batch that was not carried
//! out, because its keys are elsewhere now or a script was not known, leaves again when all that came before it are
//! done with; and while one waits so, those that come later do, too.

use std::collections::HashMap;
use std::collections::btree_map::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::redis::{Link, Tag, slot_of};

use super::calls::Sent;

const SHARDS: u16 = 64;

#[derive(Default)]
pub(super) struct Order {
    shards: Vec<Mutex<HashMap<Tag, Line>>>,
}

/// The batches of a partition that are under way, by the numbers of their coming.
#[derive(Default)]
struct Line {
    next: u64,
    /// Whether each waits for its turn, or did.
    under_way: BTreeMap<u64, bool>,
    /// How many of them.
    waiting: usize,
    /// Where the last one that did not wait was sent.
    link: Option<Weak<Link>>,
    /// One less is under way.
    progress: Arc<Notify>,
}

/// A batch's place in its partition's line, which it leaves when this is dropped.
pub(super) struct Place {
    order: Arc<Order>,
    tag: Tag,
    number: u64,
}

impl Order {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() })
    }

    /// Takes a place behind all that came before, and sends the batch if none of them waits. `send` is given the link
    /// that the last of them left by, and sends nothing by another: who left by a link that is not the
    /// one any more may come back.
    pub(super) fn enter(
        self: &Arc<Self>,
        tag: &Tag,
        send: impl FnOnce(Option<&Weak<Link>>) -> Option<Sent>,
    ) -> (Place, Option<Sent>) {
        let mut shard = self.shard(tag);
        let line = shard.entry(tag.clone()).or_default();
        let number = line.next;
        line.next += 1;
        // Nobody may take his place again between the look and the sending.
        let sent = if line.waiting == 0 { send(line.link.as_ref()) } else { None };
        match &sent {
            Some(sent) => line.link = Some(sent.link.clone()),
            None => line.waiting += 1,
        }
        line.under_way.insert(number, sent.is_none());
        (Place { order: self.clone(), tag: tag.clone(), number }, sent)
    }

    fn shard(&self, tag: &Tag) -> MutexGuard<'_, HashMap<Tag, Line>> {
        let shard = &self.shards[usize::from(slot_of(tag.channel()) % SHARDS)];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Says that the batch has not been carried out: later ones wait from now on.
    pub(super) fn is_back(&self) {
        if let Some(line) = self.order.shard(&self.tag).get_mut(&self.tag)
            && line.under_way.insert(self.number, true) == Some(false)
        {
            line.waiting += 1;
        }
    }

    /// Waits until all that came before are done with.
    pub(super) async fn turn(&self) {
        self.is_back();
        while let Some(progress) = self.progress() {
            let mut progress = std::pin::pin!(progress.notified());
            // It counts from here on, so that none is missed between the look and the wait.
            progress.as_mut().enable();
            if self.is_first() {
                return;
            }
            progress.await;
        }
    }

    fn progress(&self) -> Option<Arc<Notify>> {
        self.order.shard(&self.tag).get(&self.tag).map(|line| line.progress.clone())
    }

    fn is_first(&self) -> bool {
        let shard = self.order.shard(&self.tag);
        let first = shard.get(&self.tag).and_then(|line| line.under_way.first_key_value());
        first.is_none_or(|(&first, _)| first >= self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut shard = self.order.shard(&self.tag);
        let Some(line) = shard.get_mut(&self.tag) else { return };
        if line.under_way.remove(&self.number) == Some(true) {
            line.waiting -= 1;
        }
        line.progress.notify_waiters();
        if line.under_way.is_empty() {
            shard.remove(&self.tag);
        }
    }
}

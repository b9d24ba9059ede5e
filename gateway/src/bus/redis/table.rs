//! Which topics are followed, and which connection has the subscription of each.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::bus::{Incoming, Topic};
use crate::redis::{Address, Namespace, Topology, slot_of};

use super::channels::channel_of;
use super::subscriber::{self, SubscriberId};

/// How long a subscription stays after the last follower has gone: whoever comes back finds it.
const LINGER: Duration = Duration::from_secs(5);
/// How many may stay so.
const LINGERING: usize = 10_000;
/// How often what has no place is tried again, and what has lingered is let go.
const TICK: Duration = Duration::from_millis(500);

/// An epoch of a subscription: a topic that is followed anew after it was let go has another.
pub(super) type Epoch = u64;

/// What a connection has to send about a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    Subscribe(Epoch),
    Unsubscribe,
}

/// All subscriptions of this node.
pub(super) struct Table {
    pub(super) topology: Arc<Topology>,
    names: Namespace,
    /// To the hub.
    pub(super) queue: mpsc::Sender<Incoming>,
    /// Subscribes plainly whatever the server has.
    pub(super) is_plain: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    channels: HashMap<Bytes, Entry>,
    subscribers: HashMap<Address, Subscriber>,
    /// Channels that no connection has.
    homeless: HashSet<Bytes>,
    /// Channels that nobody follows, in the order they are let go.
    leaving: VecDeque<(Instant, Bytes, Epoch)>,
    last_id: u64,
    is_closed: bool,
}

struct Entry {
    topic: Topic,
    slot: u16,
    epoch: Epoch,
    /// The connection that has the subscription, or is to have it.
    subscriber: Option<SubscriberId>,
    is_confirmed: bool,
    /// A subscription on which somebody relied was lost: a gap is reported once it is confirmed again.
    is_suspect: bool,
    waiters: Vec<oneshot::Sender<()>>,
    /// Nobody follows it since the time that has this number.
    left: Option<u64>,
}

struct Subscriber {
    id: SubscriberId,
    /// Whether it has a connection. One that begins subscribes to all that it should have, so that until then there is
    /// nothing to note.
    is_open: bool,
    /// What the connection has not taken yet. Of one channel only the last counts: whoever comes and goes while a
    /// server does not read makes this no longer than there are channels.
    ops: HashMap<Bytes, Op>,
    wake: Arc<Notify>,
    /// Ends with the subscriber.
    _task: AbortOnDropHandle<()>,
}

impl Subscriber {
    fn call(&mut self, channel: Bytes, op: Op) {
        if self.is_open {
            self.ops.insert(channel, op);
            self.wake.notify_one();
        }
    }
}

/// Waits for a subscription. When it is dropped before the end, the topic counts as doubtful: events of it
/// may be missed until the subscription stands.
pub(super) struct Wait<'a> {
    table: &'a Table,
    channel: Bytes,
    epoch: Epoch,
    confirmed: oneshot::Receiver<()>,
}

impl Wait<'_> {
    pub(super) async fn end(mut self) {
        // It is let go of only when nobody follows the topic any more.
        let _ = (&mut self.confirmed).await;
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut inner = self.table.lock();
        if let Some(entry) = inner.channels.get_mut(&self.channel)
            && entry.epoch == self.epoch
            && !entry.is_confirmed
        {
            entry.is_suspect = true;
        }
    }
}

impl Table {
    pub(super) fn new(
        topology: Arc<Topology>,
        names: Namespace,
        queue: mpsc::Sender<Incoming>,
        is_plain: bool,
    ) -> Arc<Self> {
        Arc::new(Self { topology, names, queue, is_plain, inner: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under this lock can panic half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that the topic is subscribed to. Gives what to wait for when it is not yet.
    pub(super) fn follow(self: &Arc<Self>, topic: &Topic) -> Option<Wait<'_>> {
        let channel = Bytes::from(channel_of(&self.names, topic));
        let mut inner = self.lock();
        let inner = &mut *inner;
        let is_new = !inner.channels.contains_key(&channel);
        if is_new {
            inner.last_id += 1;
            let (slot, epoch) = (slot_of(&channel), inner.last_id);
            let entry = Entry {
                topic: topic.clone(),
                slot,
                epoch,
                subscriber: None,
                is_confirmed: false,
                is_suspect: false,
                waiters: Vec::new(),
                left: None,
            };
            inner.channels.insert(channel.clone(), entry);
            self.place(inner, &channel);
            metrics::gauge!("gateway_bus_topics").set(inner.channels.len() as f64);
        }
        let entry = inner.channels.get_mut(&channel)?;
        entry.left = None;
        if entry.is_confirmed {
            return None;
        }
        let (waiter, confirmed) = oneshot::channel();
        // Those that do not wait any more would gather while the server is away.
        entry.waiters.retain(|waiter| !waiter.is_closed());
        entry.waiters.push(waiter);
        let epoch = entry.epoch;
        Some(Wait { table: self, channel, epoch, confirmed })
    }

    /// Lets the subscription go a little later, unless the topic is followed again.
    pub(super) fn unfollow(&self, topic: &Topic) {
        let channel = Bytes::from(channel_of(&self.names, topic));
        let mut inner = self.lock();
        inner.last_id += 1;
        let left = inner.last_id;
        let Some(entry) = inner.channels.get_mut(&channel) else { return };
        entry.left = Some(left);
        inner.leaving.push_back((Instant::now() + LINGER, channel, left));
        inner.let_go(Instant::now());
    }

    /// Gives every channel to the connection to its master, and ends connections to servers that are none.
    fn place_all(self: &Arc<Self>) {
        let masters = self.topology.masters();
        let mut inner = self.lock();
        let inner = &mut *inner;
        let channels: Vec<Bytes> = inner.channels.keys().cloned().collect();
        for channel in channels {
            self.place(inner, &channel);
        }
        let homes: HashSet<SubscriberId> =
            inner.channels.values().filter_map(|entry| entry.subscriber).collect();
        inner
            .subscribers
            .retain(|address, subscriber| masters.contains(address) || homes.contains(&subscriber.id));
    }

    /// Gives a channel to the connection to its master, if it is not there already.
    fn place(self: &Arc<Self>, inner: &mut Inner, channel: &Bytes) {
        let Some(entry) = inner.channels.get_mut(channel) else { return };
        let Some(address) = self.topology.master_of(entry.slot) else {
            if entry.subscriber.is_none() {
                inner.homeless.insert(channel.clone());
            }
            return;
        };
        if inner.is_closed {
            return;
        }
        let subscriber = inner.subscribers.entry(address).or_insert_with_key(|address| {
            inner.last_id += 1;
            let (id, wake) = (inner.last_id, Arc::new(Notify::new()));
            let task = tokio::spawn(subscriber::run(self.clone(), id, address.clone(), wake.clone()));
            Subscriber { id, is_open: false, ops: HashMap::new(), wake, _task: AbortOnDropHandle::new(task) }
        });
        let old = entry.subscriber.replace(subscriber.id);
        if old == Some(subscriber.id) {
            return;
        }
        entry.lose();
        subscriber.call(channel.clone(), Op::Subscribe(entry.epoch));
        inner.homeless.remove(channel);
        if let Some(old) =
            old.and_then(|old| inner.subscribers.values_mut().find(|subscriber| subscriber.id == old))
        {
            old.call(channel.clone(), Op::Unsubscribe);
        }
    }

    /// A new connection of the subscriber stands: everything that it has to subscribe to.
    pub(super) fn begin(&self, subscriber: SubscriberId) -> Vec<(Bytes, Op)> {
        let mut inner = self.lock();
        if let Some(subscriber) = inner.subscriber(subscriber) {
            subscriber.is_open = true;
            subscriber.ops.clear();
        }
        let channels = inner.channels.iter().filter(|(_, entry)| entry.subscriber == Some(subscriber));
        channels.map(|(channel, entry)| (channel.clone(), Op::Subscribe(entry.epoch))).collect()
    }

    /// What else there is to send.
    pub(super) fn take_ops(&self, subscriber: SubscriberId) -> HashMap<Bytes, Op> {
        self.lock()
            .subscriber(subscriber)
            .map(|subscriber| std::mem::take(&mut subscriber.ops))
            .unwrap_or_default()
    }

    /// The connection of a subscriber is gone, and its subscriptions with it.
    pub(super) fn lost(&self, subscriber: SubscriberId) {
        let mut inner = self.lock();
        for entry in inner.channels.values_mut().filter(|entry| entry.subscriber == Some(subscriber)) {
            entry.lose();
        }
        if let Some(subscriber) = inner.subscriber(subscriber) {
            subscriber.is_open = false;
            subscriber.ops.clear();
        }
    }

    /// A subscription stands. Gives the topic if its followers have to be told that they may have missed something.
    pub(super) fn confirmed(&self, subscriber: SubscriberId, channel: &[u8], epoch: Epoch) -> Option<Topic> {
        let mut inner = self.lock();
        let entry = inner.channels.get_mut(channel)?;
        if entry.subscriber != Some(subscriber) || entry.epoch != epoch {
            return None;
        }
        entry.is_confirmed = true;
        for waiter in entry.waiters.drain(..) {
            // Whoever waits no more is told by the suspicion.
            let _ = waiter.send(());
        }
        std::mem::take(&mut entry.is_suspect).then(|| entry.topic.clone())
    }

    /// The server ended a subscription, or refused to begin it. It is tried again: at once where the master is
    /// another now.
    pub(super) fn refused(self: &Arc<Self>, subscriber: SubscriberId, channel: &Bytes, epoch: Option<Epoch>) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let Some(entry) = inner.channels.get_mut(channel) else { return };
        let is_current = match epoch {
            Some(epoch) => entry.epoch == epoch,
            None => entry.is_confirmed,
        };
        if entry.subscriber != Some(subscriber) || !is_current {
            return;
        }
        entry.lose();
        entry.subscriber = None;
        let master = self.topology.master_of(entry.slot).and_then(|master| inner.subscribers.get(&master));
        if master.is_none_or(|master| master.id != subscriber) {
            self.place(inner, channel);
        } else {
            inner.homeless.insert(channel.clone());
        }
    }

    /// The topic of an event that came over the subscriber; nothing when the subscription is not, or no more, the subscriber's.
    pub(super) fn received(&self, subscriber: SubscriberId, channel: &[u8]) -> Option<(Topic, Epoch)> {
        let inner = self.lock();
        let entry = inner.channels.get(channel)?;
        (entry.subscriber == Some(subscriber) && entry.is_confirmed)
            .then(|| (entry.topic.clone(), entry.epoch))
    }

    /// Hands to the hub what a subscriber has received, unless the subscription is another's by now: what is older must
    /// not come behind what is newer.
    pub(super) fn deliver(
        &self,
        subscriber: SubscriberId,
        channel: &[u8],
        epoch: Epoch,
        place: mpsc::Permit<'_, Incoming>,
        incoming: Incoming,
    ) {
        let inner = self.lock();
        if inner
            .channels
            .get(channel)
            .is_some_and(|entry| entry.subscriber == Some(subscriber) && entry.epoch == epoch)
        {
            place.send(incoming);
        }
    }

    /// Ends all connections, and follows nothing any more.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.is_closed = true;
        inner.subscribers.clear();
        inner.channels.clear();
    }

    fn tick(self: &Arc<Self>) {
        let mut inner = self.lock();
        inner.let_go(Instant::now());
        for channel in std::mem::take(&mut inner.homeless) {
            self.place(&mut inner, &channel);
        }
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.lock().channels.len()
    }

    /// What connections have not taken yet.
    #[cfg(test)]
    pub(super) fn untaken(&self) -> usize {
        self.lock().subscribers.values().map(|subscriber| subscriber.ops.len()).sum()
    }
}

impl Inner {
    fn subscriber(&mut self, id: SubscriberId) -> Option<&mut Subscriber> {
        self.subscribers.values_mut().find(|subscriber| subscriber.id == id)
    }

    /// Unsubscribes from what nobody has followed for long enough, and from the oldest of too many.
    fn let_go(&mut self, now: Instant) {
        while let Some((until, ..)) = self.leaving.front()
            && (*until <= now || self.leaving.len() > LINGERING)
        {
            let Some((_, channel, left)) = self.leaving.pop_front() else { return };
            // Followed again, or followed and left again.
            let Some(entry) = self.channels.get(&channel).filter(|entry| entry.left == Some(left)) else {
                continue;
            };
            if let Some(subscriber) = entry.subscriber.and_then(|subscriber| self.subscriber(subscriber)) {
                subscriber.call(channel.clone(), Op::Unsubscribe);
            }
            self.channels.remove(&channel);
            self.homeless.remove(&channel);
            metrics::gauge!("gateway_bus_topics").set(self.channels.len() as f64);
        }
    }
}

impl Entry {
    /// The subscription is not there any more; whoever relied on it may miss something from now on.
    fn lose(&mut self) {
        self.is_suspect |= std::mem::take(&mut self.is_confirmed);
    }
}

/// Keeps the table in order until it is aborted.
pub(super) async fn keep(table: Arc<Table>) {
    let mut changes = table.topology.changes();
    loop {
        match tokio::time::timeout(TICK, changes.changed()).await {
            Ok(Ok(())) => table.place_all(),
            Ok(Err(_)) => return,
            Err(_) => table.tick(),
        }
    }
}

/// Suspects all topics at each epoch of the store. Events come on the subscriptions that there are, and none of them was
/// heard before: that is what a new subscription means, too.
pub(super) async fn suspect_at(table: Arc<Table>, mut epochs: watch::Receiver<u64>) {
    while epochs.changed().await.is_ok() {
        let topics: Vec<Topic> = table.lock().channels.values().map(|entry| entry.topic.clone()).collect();
        for topic in topics {
            if table.queue.send(Incoming::Suspect(topic)).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_a_channel_the_last_op_counts() {
        let task = AbortOnDropHandle::new(tokio::spawn(async {}));
        let wake = Arc::new(Notify::new());
        let mut subscriber = Subscriber { id: 1, is_open: true, ops: HashMap::new(), wake, _task: task };
        let channel = Bytes::from_static(b"timgate:{1/groom}");
        for epoch in 0..1000 {
            subscriber.call(channel.clone(), Op::Subscribe(epoch));
            subscriber.call(channel.clone(), Op::Unsubscribe);
        }
        subscriber.call(channel.clone(), Op::Subscribe(1000));
        assert_eq!(subscriber.ops, HashMap::from([(channel, Op::Subscribe(1000))]));
    }
}

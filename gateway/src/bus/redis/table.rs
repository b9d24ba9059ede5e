//! Which topics are followed, and which connection has the subscription of each.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::bus::{Incoming, Topic};
use crate::redis::{Address, Namespace, Servers, slot_of};

use super::channels::channel_of;
use super::lane::{self, LaneId};

/// How long a subscription stays after the last follower has gone: whoever comes back finds it.
const LINGER: Duration = Duration::from_secs(5);
/// How many may stay so.
const LINGERING: usize = 10_000;
/// How often what has no place is tried again, and what has lingered is let go.
const TICK: Duration = Duration::from_millis(500);

/// A life of a subscription: a topic that is followed anew after it was let go has another.
pub(super) type Life = u64;

/// What a connection has to send about a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    Subscribe(Life),
    Unsubscribe,
}

/// All subscriptions of this node.
pub(super) struct Table {
    pub(super) servers: Arc<Servers>,
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
    lanes: HashMap<Address, Lane>,
    /// Channels that no connection has.
    homeless: HashSet<Bytes>,
    /// Channels that nobody follows, in the order they are let go.
    leaving: VecDeque<(Instant, Bytes, Life)>,
    last_id: u64,
    is_closed: bool,
}

struct Entry {
    topic: Topic,
    slot: u16,
    life: Life,
    /// The connection that has the subscription, or is to have it.
    lane: Option<LaneId>,
    is_confirmed: bool,
    /// Somebody relies on it and may have missed something: he is told once it is confirmed.
    is_doubtful: bool,
    waiters: Vec<oneshot::Sender<()>>,
    /// Nobody follows it since the time that has this number.
    left: Option<u64>,
}

struct Lane {
    id: LaneId,
    /// Whether it has a connection. One that begins subscribes to all that it should have, so that until then there is
    /// nothing to note.
    is_open: bool,
    /// What the connection has not taken yet. Of one channel only the last counts: whoever comes and goes while a
    /// server does not read makes this no longer than there are channels.
    ops: HashMap<Bytes, Op>,
    wake: Arc<Notify>,
    /// Ends with the lane.
    _task: AbortOnDropHandle<()>,
}

impl Lane {
    fn ask(&mut self, channel: Bytes, op: Op) {
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
    life: Life,
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
            && entry.life == self.life
            && !entry.is_confirmed
        {
            entry.is_doubtful = true;
        }
    }
}

impl Table {
    pub(super) fn new(
        servers: Arc<Servers>,
        names: Namespace,
        queue: mpsc::Sender<Incoming>,
        is_plain: bool,
    ) -> Arc<Self> {
        Arc::new(Self { servers, names, queue, is_plain, inner: Mutex::default() })
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
            let (slot, life) = (slot_of(&channel), inner.last_id);
            let entry = Entry {
                topic: topic.clone(),
                slot,
                life,
                lane: None,
                is_confirmed: false,
                is_doubtful: false,
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
        let life = entry.life;
        Some(Wait { table: self, channel, life, confirmed })
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
        let masters = self.servers.masters();
        let mut inner = self.lock();
        let inner = &mut *inner;
        let channels: Vec<Bytes> = inner.channels.keys().cloned().collect();
        for channel in channels {
            self.place(inner, &channel);
        }
        let homes: HashSet<LaneId> = inner.channels.values().filter_map(|entry| entry.lane).collect();
        inner.lanes.retain(|address, lane| masters.contains(address) || homes.contains(&lane.id));
    }

    /// Gives a channel to the connection to its master, if it is not there already.
    fn place(self: &Arc<Self>, inner: &mut Inner, channel: &Bytes) {
        let Some(entry) = inner.channels.get_mut(channel) else { return };
        let Some(address) = self.servers.master_of(entry.slot) else {
            if entry.lane.is_none() {
                inner.homeless.insert(channel.clone());
            }
            return;
        };
        if inner.is_closed {
            return;
        }
        let lane = inner.lanes.entry(address).or_insert_with_key(|address| {
            inner.last_id += 1;
            let (id, wake) = (inner.last_id, Arc::new(Notify::new()));
            let task = tokio::spawn(lane::run(self.clone(), id, address.clone(), wake.clone()));
            Lane { id, is_open: false, ops: HashMap::new(), wake, _task: AbortOnDropHandle::new(task) }
        });
        let old = entry.lane.replace(lane.id);
        if old == Some(lane.id) {
            return;
        }
        entry.lose();
        lane.ask(channel.clone(), Op::Subscribe(entry.life));
        inner.homeless.remove(channel);
        if let Some(old) = old.and_then(|old| inner.lanes.values_mut().find(|lane| lane.id == old)) {
            old.ask(channel.clone(), Op::Unsubscribe);
        }
    }

    /// A new connection of the lane stands: everything that it has to subscribe to.
    pub(super) fn begin(&self, lane: LaneId) -> Vec<(Bytes, Op)> {
        let mut inner = self.lock();
        if let Some(lane) = inner.lane(lane) {
            lane.is_open = true;
            lane.ops.clear();
        }
        let channels = inner.channels.iter().filter(|(_, entry)| entry.lane == Some(lane));
        channels.map(|(channel, entry)| (channel.clone(), Op::Subscribe(entry.life))).collect()
    }

    /// What else there is to send.
    pub(super) fn take_ops(&self, lane: LaneId) -> HashMap<Bytes, Op> {
        self.lock().lane(lane).map(|lane| std::mem::take(&mut lane.ops)).unwrap_or_default()
    }

    /// The connection of a lane is gone, and its subscriptions with it.
    pub(super) fn lost(&self, lane: LaneId) {
        let mut inner = self.lock();
        for entry in inner.channels.values_mut().filter(|entry| entry.lane == Some(lane)) {
            entry.lose();
        }
        if let Some(lane) = inner.lane(lane) {
            lane.is_open = false;
            lane.ops.clear();
        }
    }

    /// A subscription stands. Gives the topic if its followers have to be told that they may have missed something.
    pub(super) fn confirmed(&self, lane: LaneId, channel: &[u8], life: Life) -> Option<Topic> {
        let mut inner = self.lock();
        let entry = inner.channels.get_mut(channel)?;
        if entry.lane != Some(lane) || entry.life != life {
            return None;
        }
        entry.is_confirmed = true;
        for waiter in entry.waiters.drain(..) {
            // Whoever waits no more is told by the doubt.
            let _ = waiter.send(());
        }
        std::mem::take(&mut entry.is_doubtful).then(|| entry.topic.clone())
    }

    /// The server ended a subscription, or refused to begin it. It is tried again: at once where the master is
    /// another now.
    pub(super) fn refused(self: &Arc<Self>, lane: LaneId, channel: &Bytes, life: Option<Life>) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let Some(entry) = inner.channels.get_mut(channel) else { return };
        let is_current = match life {
            Some(life) => entry.life == life,
            None => entry.is_confirmed,
        };
        if entry.lane != Some(lane) || !is_current {
            return;
        }
        entry.lose();
        entry.lane = None;
        let master = self.servers.master_of(entry.slot).and_then(|master| inner.lanes.get(&master));
        if master.is_none_or(|master| master.id != lane) {
            self.place(inner, channel);
        } else {
            inner.homeless.insert(channel.clone());
        }
    }

    /// The topic of an event that came over the lane; nothing when the subscription is not, or no more, the lane's.
    pub(super) fn received(&self, lane: LaneId, channel: &[u8]) -> Option<(Topic, Life)> {
        let inner = self.lock();
        let entry = inner.channels.get(channel)?;
        (entry.lane == Some(lane) && entry.is_confirmed).then(|| (entry.topic.clone(), entry.life))
    }

    /// Hands to the hub what a lane has received, unless the subscription is another's by now: what is older must
    /// not come behind what is newer.
    pub(super) fn deliver(
        &self,
        lane: LaneId,
        channel: &[u8],
        life: Life,
        place: mpsc::Permit<'_, Incoming>,
        incoming: Incoming,
    ) {
        let inner = self.lock();
        if inner.channels.get(channel).is_some_and(|entry| entry.lane == Some(lane) && entry.life == life) {
            place.send(incoming);
        }
    }

    /// Ends all connections, and follows nothing any more.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.is_closed = true;
        inner.lanes.clear();
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
        self.lock().lanes.values().map(|lane| lane.ops.len()).sum()
    }
}

impl Inner {
    fn lane(&mut self, id: LaneId) -> Option<&mut Lane> {
        self.lanes.values_mut().find(|lane| lane.id == id)
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
            if let Some(lane) = entry.lane.and_then(|lane| self.lane(lane)) {
                lane.ask(channel.clone(), Op::Unsubscribe);
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
        self.is_doubtful |= std::mem::take(&mut self.is_confirmed);
    }
}

/// Keeps the table in order until it is aborted.
pub(super) async fn keep(table: Arc<Table>) {
    let mut changes = table.servers.changes();
    loop {
        match tokio::time::timeout(TICK, changes.changed()).await {
            Ok(Ok(())) => table.place_all(),
            Ok(Err(_)) => return,
            Err(_) => table.tick(),
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
        let mut lane = Lane { id: 1, is_open: true, ops: HashMap::new(), wake, _task: task };
        let channel = Bytes::from_static(b"timgate:{1/groom}");
        for life in 0..1000 {
            lane.ask(channel.clone(), Op::Subscribe(life));
            lane.ask(channel.clone(), Op::Unsubscribe);
        }
        lane.ask(channel.clone(), Op::Subscribe(1000));
        assert_eq!(lane.ops, HashMap::from([(channel, Op::Subscribe(1000))]));
    }
}

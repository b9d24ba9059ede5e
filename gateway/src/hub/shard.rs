//! Who follows what, in shards by topic so that look-ups do not wait for each other.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::id::{Millis, Seq, UserId};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::connection::{Connection, Follower, Seat};
use super::followers::{Followers, List};
use super::position::{Place, Verdict};
use crate::bus::{Bus, Delivery, Stamp, Topic};

const SHARDS: usize = 64;

/// Events that may wait while a topic is recovered. When there are more they are read from the store.
const MOST_WAITING: usize = 4096;

/// Topics that a look compares with the store. Where more have been quiet for long, they take turns.
const QUIET_AT_A_LOOK: usize = 1024;

/// A topic that has been quiet for long is compared at every sixth look at the latest, however many there are.
const QUIET_LOOKS: usize = 6;

type Rooms = HashMap<Topic, Room>;

/// A topic that somebody here follows.
struct Room {
    /// Tells this following of the topic from earlier ones.
    id: u64,
    followers: List,
    newcomers: Vec<Newcomer>,
    /// Whether somebody wants to hear it who is not connected.
    is_listened: bool,
    continuity: Continuity,
    /// The last time that it was held.
    made_up: Option<MadeUp>,
    /// Looks since an event came.
    quiet_for: u32,
}

/// What was missing of a topic is handed on.
#[derive(Clone, Copy)]
struct MadeUp {
    /// Since when something may have been missing.
    since: Instant,
    /// Who was handed something till then has it when the workers are past that time.
    at: Millis,
}

/// How the looks for quiet topics go round.
#[derive(Default)]
pub(super) struct Watch {
    /// The number of the look.
    look: u64,
    /// How many topics there were at the one before.
    topics: usize,
}

/// A connection that will follow once it has what was said since it should.
struct Newcomer {
    follower: Follower,
    since: Option<Seq>,
    ready: Option<oneshot::Sender<()>>,
}

enum Continuity {
    /// The bus loses nothing. With the number of the last entry of a group that it brought.
    Sound(Option<Seq>),
    /// Nothing is missing.
    Open(Box<Place>),
    /// A task looks for what is missing, or begins to follow; what comes meanwhile waits.
    Held { waiting: Vec<Delivery>, is_suspect: bool, is_resubscribed: bool, since: Instant },
}

impl Continuity {
    fn held() -> Self {
        Self::Held { waiting: Vec::new(), is_suspect: false, is_resubscribed: false, since: Instant::now() }
    }
}

/// One following of a topic: from the first who came to the last who went.
pub(super) struct Lease {
    pub(super) topic: Topic,
    room: u64,
}

/// The right and duty to recover a topic. There is at most one for each following of it.
pub(super) struct Recovery {
    pub(super) lease: Lease,
    /// Absent while the topic is not followed yet.
    pub(super) place: Option<Box<Place>>,
}

/// What is to be done with an event.
pub(super) enum Passage {
    /// Hand it to these.
    Now(Followers),
    /// Nothing: it is known, waits, or nobody follows.
    Done,
    /// Something before it is missing. The event waits.
    Recover(Recovery),
}

/// How a connection comes to follow.
pub(super) enum Join {
    Done,
    /// When the sender is used or dropped.
    Later(oneshot::Receiver<()>, Option<Recovery>),
}

/// What a recovery does next.
pub(super) enum Next {
    /// Nobody follows any more.
    Gone,
    /// The topic is in order, and the recovery is used up.
    Open,
    /// Look into the store. `resubscribed` when what comes now comes over a new subscription.
    Suspect {
        resubscribed: bool,
    },
    Events(Vec<Delivery>),
    /// Give these what was said from a number on, then [`Shards::settle`] them.
    Newcomers(Vec<(Follower, Option<Seq>)>),
}

pub(super) struct Shards {
    shards: Vec<Mutex<Rooms>>,
    /// Told that a topic is deserted under the lock of its shard, so that whoever comes next follows it after that.
    bus: Arc<dyn Bus>,
    hasher: std::hash::RandomState,
    next_room: AtomicU64,
}

impl Shards {
    pub(super) fn new(bus: Arc<dyn Bus>) -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, bus, hasher: std::hash::RandomState::new(), next_room: AtomicU64::new(1) }
    }

    fn shard(&self, topic: &Topic) -> MutexGuard<'_, Rooms> {
        let index = self.hasher.hash_one(topic) as usize % SHARDS;
        // Nothing under this lock can panic half-way through a change.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection follow a topic of a bus that loses nothing.
    pub(super) fn add(&self, topic: &Topic, follower: Follower) {
        let mut shard = self.shard(topic);
        let room = shard.entry(topic.clone()).or_insert_with(|| self.room(Continuity::Sound(None)));
        room.followers.add(follower);
    }

    /// Lets a connection follow a topic, from the number `since` on or from now.
    pub(super) fn join(&self, topic: &Topic, follower: Follower, since: Option<Seq>) -> Join {
        let mut shard = self.shard(topic);
        let is_new = !shard.contains_key(topic);
        let room = shard.entry(topic.clone()).or_insert_with(|| self.room(Continuity::held()));
        let mut recovery = None;
        match &mut room.continuity {
            Continuity::Open(place) if since.is_none_or(|since| place.is_before(since)) => {
                room.followers.add(follower);
                return Join::Done;
            }
            Continuity::Sound(_) => {
                room.followers.add(follower);
                return Join::Done;
            }
            Continuity::Held { .. } if is_new => {
                let lease = Lease { topic: topic.clone(), room: room.id };
                recovery = Some(Recovery { lease, place: None });
            }
            Continuity::Held { .. } => {}
            Continuity::Open(_) => recovery = room.hold(topic),
        }
        let (ready, is_ready) = oneshot::channel();
        room.newcomers.push(Newcomer { follower, since, ready: Some(ready) });
        Join::Later(is_ready, recovery)
    }

    fn room(&self, continuity: Continuity) -> Room {
        let id = self.next_room.fetch_add(1, Ordering::Relaxed);
        let (followers, newcomers) = (List::default(), Vec::new());
        Room { id, followers, newcomers, is_listened: false, continuity, made_up: None, quiet_for: 0 }
    }

    /// Follows a topic for somebody who is not connected.
    pub(super) fn listen(&self, topic: &Topic, can_lose: bool) -> Option<Recovery> {
        let mut shard = self.shard(topic);
        let is_new = !shard.contains_key(topic);
        let begin = || if can_lose { Continuity::held() } else { Continuity::Sound(None) };
        let room = shard.entry(topic.clone()).or_insert_with(|| self.room(begin()));
        room.is_listened = true;
        let lease = Lease { topic: topic.clone(), room: room.id };
        (is_new && can_lose).then_some(Recovery { lease, place: None })
    }

    /// Nobody wants to hear a topic but its followers.
    pub(super) fn listen_no_more(&self, topic: &Topic) {
        let mut shard = self.shard(topic);
        if let Some(room) = shard.get_mut(topic) {
            room.is_listened = false;
            if room.is_deserted() {
                shard.remove(topic);
                self.bus.unfollow(topic);
            }
        }
    }

    /// Lets a follower go.
    pub(super) fn remove(&self, topic: &Topic, seat: Seat) {
        let mut shard = self.shard(topic);
        let Some(room) = shard.get_mut(topic) else { return };
        room.followers.remove(seat);
        room.newcomers.retain(|known| known.follower.seat() != seat);
        if room.is_deserted() {
            shard.remove(topic);
            self.bus.unfollow(topic);
        }
    }

    /// Nobody can follow the topic any more. Gives who did or wanted to.
    pub(super) fn abandon(&self, lease: &Lease) -> Vec<Arc<Connection>> {
        let mut shard = self.shard(&lease.topic);
        let is_same = shard.get(&lease.topic).is_some_and(|room| room.id == lease.room);
        let Some(room) = is_same.then(|| shard.remove(&lease.topic)).flatten() else { return Vec::new() };
        self.bus.unfollow(&lease.topic);
        let followers = room.followers.now();
        let followers = followers.iter().map(|known| known.connection.clone());
        followers.chain(room.newcomers.into_iter().map(|new| new.follower.connection)).collect()
    }

    /// The topic was followed on behalf of somebody who may have gone before it was.
    pub(super) fn unfollow_if_deserted(&self, topic: &Topic) {
        let shard = self.shard(topic);
        if !shard.contains_key(topic) {
            self.bus.unfollow(topic);
        }
    }

    /// Whether this following of the topic goes on.
    pub(super) fn stands(&self, lease: &Lease) -> bool {
        self.shard(&lease.topic).get(&lease.topic).is_some_and(|room| room.id == lease.room)
    }

    /// Who follows a topic now.
    pub(super) fn all_followers(&self, topic: &Topic) -> Followers {
        self.shard(topic).get(topic).map(|room| room.followers.now()).unwrap_or_default()
    }

    /// Who follows now; nobody when the following that is recovered has ended.
    pub(super) fn followers(&self, lease: &Lease) -> Followers {
        let shard = self.shard(&lease.topic);
        let room = shard.get(&lease.topic).filter(|room| room.id == lease.room);
        room.map(|room| room.followers.now()).unwrap_or_default()
    }

    /// For how long something of the topic may not have been written to its followers, where the workers have done
    /// everything that was put to them before `reached`.
    pub(super) fn held_for(&self, topic: &Topic, reached: Millis) -> Option<Duration> {
        let shard = self.shard(topic);
        let room = shard.get(topic)?;
        let made_up = room.made_up.filter(|made_up| reached <= made_up.at).map(|made_up| made_up.since);
        let held = match room.continuity {
            Continuity::Held { since, .. } => Some(since),
            Continuity::Open(_) | Continuity::Sound(_) => None,
        };
        Some(made_up.into_iter().chain(held).min()?.elapsed())
    }

    /// Whether what was said in a topic up to an entry has come, as far as that can be told; of a user's topic, what was said
    /// with a peer.
    pub(super) fn has_admitted(&self, topic: &Topic, peer: Option<&UserId>, end: Stamp) -> bool {
        let shard = self.shard(topic);
        let Some(room) = shard.get(topic) else { return true };
        match &room.continuity {
            // The first that is followed may have been said before.
            Continuity::Sound(last) => last.is_none_or(|last| end.seq <= last),
            Continuity::Open(place) => place.log.has(peer, end),
            Continuity::Held { .. } => false,
        }
    }

    /// Whether a bus that loses nothing may have brought more of a group than up to a number.
    pub(super) fn may_be_past(&self, topic: &Topic, after: Seq) -> bool {
        let shard = self.shard(topic);
        match shard.get(topic).map(|room| &room.continuity) {
            Some(Continuity::Sound(Some(last))) => *last > after,
            // It was brought to nobody.
            _ => true,
        }
    }

    /// How many follow a topic, or are about to.
    pub(super) fn count(&self, topic: &Topic) -> usize {
        let shard = self.shard(topic);
        shard.get(topic).map_or(0, |room| room.followers.len() + room.newcomers.len())
    }

    /// Takes in an event of the bus.
    pub(super) fn pass(&self, delivery: &Delivery) -> Passage {
        let mut shard = self.shard(&delivery.topic);
        let Some(room) = shard.get_mut(&delivery.topic) else { return Passage::Done };
        room.quiet_for = 0;
        match &mut room.continuity {
            Continuity::Sound(last) => {
                if let Some(stamp) = delivery.stamp.filter(|_| delivery.event.is_entry()) {
                    *last = Some(stamp.seq);
                }
                Passage::Now(room.followers.now())
            }
            Continuity::Open(place) => match place.admit(delivery) {
                Verdict::News => Passage::Now(room.followers.now()),
                Verdict::Known => Passage::Done,
                Verdict::Missing => {
                    let recovery = room.hold(&delivery.topic);
                    room.wait(vec![delivery.clone()], true);
                    recovery.map_or(Passage::Done, Passage::Recover)
                }
            },
            Continuity::Held { .. } => {
                room.wait(vec![delivery.clone()], false);
                Passage::Done
            }
        }
    }

    /// Events of the topic may be missing. `resubscribed` when what comes now comes over a new subscription.
    pub(super) fn suspect(&self, topic: &Topic, resubscribed: bool) -> Option<Recovery> {
        let mut shard = self.shard(topic);
        let room = shard.get_mut(topic)?;
        let recovery = room.hold(topic);
        room.wait(Vec::new(), true);
        if let Continuity::Held { is_resubscribed, .. } = &mut room.continuity {
            *is_resubscribed |= resubscribed;
        }
        recovery
    }

    /// The next thing for a recovery to do, at the time `now`.
    pub(super) fn next(&self, recovery: &mut Recovery, now: Millis) -> Next {
        let mut shard = self.shard(&recovery.lease.topic);
        let Some(room) = shard.get_mut(&recovery.lease.topic).filter(|room| room.id == recovery.lease.room)
        else {
            return Next::Gone;
        };
        let Continuity::Held { waiting, is_suspect, is_resubscribed, since } = &mut room.continuity else {
            return Next::Gone;
        };
        if std::mem::take(is_suspect) {
            return Next::Suspect { resubscribed: std::mem::take(is_resubscribed) };
        }
        if !waiting.is_empty() {
            return Next::Events(std::mem::take(waiting));
        }
        if !room.newcomers.is_empty() {
            let newcomers = room.newcomers.iter();
            return Next::Newcomers(newcomers.map(|new| (new.follower.clone(), new.since)).collect());
        }
        match recovery.place.take() {
            Some(place) => {
                room.made_up = Some(MadeUp { since: *since, at: now });
                room.continuity = Continuity::Open(place);
                Next::Open
            }
            None => Next::Suspect { resubscribed: false },
        }
    }

    /// Gives events back to the front of those that wait.
    pub(super) fn give_back(&self, recovery: &Recovery, events: Vec<Delivery>) {
        let mut shard = self.shard(&recovery.lease.topic);
        if let Some(room) = shard.get_mut(&recovery.lease.topic).filter(|room| room.id == recovery.lease.room)
            && let Continuity::Held { waiting, .. } = &mut room.continuity
        {
            waiting.splice(0..0, events);
        }
    }

    /// Makes newcomers followers, but for those who went meanwhile.
    pub(super) fn settle(&self, recovery: &Recovery, served: &[(Follower, Option<Seq>)]) {
        let mut shard = self.shard(&recovery.lease.topic);
        let Some(room) = shard.get_mut(&recovery.lease.topic).filter(|room| room.id == recovery.lease.room)
        else {
            return;
        };
        let served: HashSet<Seat> = served.iter().map(|(done, _)| done.seat()).collect();
        let is_served = |new: &mut Newcomer| served.contains(&new.follower.seat());
        for new in room.newcomers.extract_if(.., is_served) {
            room.followers.add(new.follower);
            if let Some(ready) = new.ready {
                // Whoever does not wait any more does not need to know.
                let _ = ready.send(());
            }
        }
    }

    /// A look for topics to be compared with the store; with the epoch of the group that is followed.
    pub(super) fn quiet(&self, watch: &mut Watch) -> Vec<(Topic, Option<Bytes>)> {
        let mut quiet = Vec::new();
        let mut topics = 0;
        for shard in &self.shards {
            let mut rooms = shard.lock().unwrap_or_else(PoisonError::into_inner);
            topics += rooms.len();
            for (topic, room) in rooms.iter_mut() {
                room.quiet_for = room.quiet_for.saturating_add(1);
                if let Continuity::Open(place) = &room.continuity
                    && watch.is_for(room)
                {
                    quiet.push((topic.clone(), place.epoch()));
                }
            }
        }
        *watch = Watch { look: watch.look + 1, topics };
        quiet
    }

    /// Compares a topic with the last offset and the last number of its log.
    pub(super) fn compare(&self, topic: &Topic, offset: u64, end: Option<Seq>) -> Option<Recovery> {
        let mut shard = self.shard(topic);
        let room = shard.get_mut(topic)?;
        let Continuity::Open(place) = &room.continuity else { return None };
        // What came since it was asked may be ahead of the answer.
        let went_back = room.quiet_for > 0 && place.is_ahead(offset, end);
        if !went_back && place.has_offset(offset) && end.is_none_or(|end| place.has_entry(end)) {
            return None;
        }
        let recovery = room.hold(topic);
        room.wait(Vec::new(), true);
        if let Continuity::Held { is_resubscribed, .. } = &mut room.continuity {
            // What comes now has numbers that were heard before, and was not heard.
            *is_resubscribed |= went_back;
        }
        recovery
    }
}

impl Room {
    fn is_deserted(&self) -> bool {
        self.followers.is_empty() && self.newcomers.is_empty() && !self.is_listened
    }
}

impl Watch {
    /// Whether this look is for a room: one in which nothing more has come since the look before, for its last event may
    /// have been lost, or one that has been quiet for longer and whose turn it is.
    fn is_for(&self, room: &Room) -> bool {
        let round = self.topics.div_ceil(QUIET_AT_A_LOOK).clamp(1, QUIET_LOOKS) as u64;
        match room.quiet_for {
            0 | 1 => false,
            2 => true,
            _ => (room.id + self.look).is_multiple_of(round),
        }
    }
}

impl Room {
    /// Holds an open topic; nothing when somebody holds it already.
    fn hold(&mut self, topic: &Topic) -> Option<Recovery> {
        match std::mem::replace(&mut self.continuity, Continuity::held()) {
            Continuity::Open(place) => {
                let lease = Lease { topic: topic.clone(), room: self.id };
                Some(Recovery { lease, place: Some(place) })
            }
            other => {
                self.continuity = other;
                None
            }
        }
    }

    /// Lets events wait for whoever holds the topic.
    fn wait(&mut self, events: Vec<Delivery>, suspect: bool) {
        let Continuity::Held { waiting, is_suspect, .. } = &mut self.continuity else { return };
        waiting.extend(events);
        *is_suspect |= suspect;
        if waiting.len() > MOST_WAITING {
            *waiting = Vec::new();
            *is_suspect = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_topics_take_turns() {
        let shards = Shards::new(Arc::new(crate::bus::LocalBus::new().0));
        for (topics, within) in [(1_000, 1), (2_000, 2), (20_000, QUIET_LOOKS as u64)] {
            let rooms =
                std::iter::repeat_with(|| Room { quiet_for: 3, ..shards.room(Continuity::Sound(None)) });
            let rooms: Vec<Room> = rooms.take(topics).collect();
            let mut looks = vec![0; topics];
            for look in 0..within {
                let watch = Watch { look, topics };
                for (looks, room) in looks.iter_mut().zip(&rooms) {
                    *looks += usize::from(watch.is_for(room));
                }
            }
            assert!(looks.iter().all(|looks| *looks == 1), "{topics} topics, once in {within} looks");
        }
    }
}

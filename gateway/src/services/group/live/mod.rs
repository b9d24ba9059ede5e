//! Live rooms: one is in them by being there, and nothing of what is said is kept.
//!
//! | file | what it is |
//! |---|---|
//! | `stay` | that a device is in a room: a small record of its user, as long as its session |
//! | `here` | who is connected here and in which room |
//! | `tips` | what is told of those who come and go |
//! | `allowance` | what is dropped of what is said above a room's rate |
//! | `ring` | the latest of what was told, in memory |
//! | `poll` | those who ask for it |
//! | `mark` | how the owner marks users |
//!
//! Each instance knows who is there on its own connections, and notes on the bus how many these are and who came last. So
//! a coming costs what it costs in an empty room, and nobody is asked for all who are there.

mod allowance;
mod here;
mod mark;
mod poll;
mod ring;
mod settings;
mod stay;
mod tips;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::event;
use protocol::group::{Change, Shown, Tip};
use protocol::id::{AppId, GroupId, Millis, Seq, UserId};
use protocol::message::{GroupLabel, Message};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Group, epoch_bytes, group_key};
use crate::bus::{
    BusError, Coming, Control, Delivery, Entry, Event, Going, Pass, Passed, Passing, RoomStay, Stamp, Topic,
    Visitor, Wishes,
};
use crate::services::account::Accounts;
use crate::services::deps::Deps;
use crate::services::rates::Quota;
use crate::storage::records::{self, Versioned};
use crate::storage::{Partition, StorageError};

pub use self::allowance::Weight;
pub use self::mark::Marked;
pub(in crate::services) use self::mark::Marks;
pub(in crate::services) use self::poll::PollClaims;
pub use self::poll::{Answered, Poller};
pub use self::settings::LiveSettings;
pub use self::stay::Joined;
pub(in crate::services) use self::stay::{Owned, Stay, stay_key};

use self::here::Room;
use self::tips::{Due, News};

/// How often it is looked who has been away for too long, and noted who is here.
const TICK: Duration = Duration::from_secs(1);

/// How often an instance notes anew who is here though nothing has changed, and for how long a note holds.
const NOTE_AGAIN: Duration = Duration::from_secs(20);
const NOTE_LIFETIME: Duration = Duration::from_secs(70);

/// Nothing is noted again sooner while something waits to be told.
const SOON: Duration = Duration::from_millis(100);

/// A message whose number is known already comes within this time, or is none.
const COMES_SOON: Duration = Duration::from_millis(500);

/// For so long what other instances have noted is not asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Of those who are there so many are listed, the latest.
const MOST_LISTED: usize = 1000;

/// A room of an application.
type RoomKey = (AppId, GroupId);

/// Who is in the rooms on this instance, and what they hear. A cheap handle.
#[derive(Clone)]
pub struct Rooms {
    deps: Deps,
    accounts: Accounts,
    rooms: Arc<Mutex<HashMap<RoomKey, Room>>>,
    wishes: Arc<Wishes>,
    /// Of each application, how many more may ask at once.
    polls: Arc<HashMap<AppId, Arc<Semaphore>>>,
    /// Whether the gateway goes down: nobody is here any more for other instances.
    is_closing: Arc<AtomicBool>,
}

/// Somebody who is in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    pub user: UserId,
    pub since: Millis,
}

/// What an instance says of a room.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    epoch: u64,
    count: u64,
    latest: Vec<(UserId, Millis)>,
}

/// What other instances say of a room together.
#[derive(Clone, Default)]
struct Others {
    count: u64,
    latest: Vec<Present>,
}

impl Rooms {
    pub fn new(deps: Deps, accounts: Accounts) -> Self {
        let polls =
            |app| (app, Arc::new(Semaphore::new(deps.settings(app).live.polls.min(Semaphore::MAX_PERMITS))));
        let polls = Arc::new(deps.apps.ids().map(polls).collect());
        Self {
            deps,
            accounts,
            rooms: Arc::default(),
            wishes: Arc::default(),
            polls,
            is_closing: Arc::default(),
        }
    }

    /// Which topics are to be heard for those who ask.
    pub fn wishes(&self) -> Arc<Wishes> {
        self.wishes.clone()
    }

    /// Has a room heard, or not any more, as it is to be.
    fn tune(&self, (app, id): &RoomKey, room: &mut Room) {
        let is_wanted = room.is_to_be_heard();
        if room.is_listened != is_wanted {
            room.is_listened = is_wanted;
            self.wish(*app, id, is_wanted);
        }
    }

    fn wish(&self, app: AppId, id: &GroupId, is_wanted: bool) {
        self.wishes.wish(Topic::Group(app, id.into()), is_wanted);
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomKey, Room>> {
        // Nothing under this lock can panic half-way through a change.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self, app: AppId) -> &LiveSettings {
        &self.deps.settings(app).live
    }

    fn quota(&self, app: AppId) -> Quota {
        self.deps.settings(app).rates.room_messages
    }

    /// A device is in a room here.
    pub fn came(&self, visitor: &Visitor, stay: &RoomStay, coming: Coming) {
        let key = (visitor.app, stay.room.clone());
        let settings = self.settings(visitor.app);
        let mut rooms = self.rooms();
        let new = || Room::new(stay.epoch, settings.tips_per_second);
        let room = rooms.entry(key.clone()).or_insert_with(new);
        if room.epoch != stay.epoch {
            room.begin_anew(stay.epoch);
        }
        let is_new = room.come(visitor, stay.since);
        self.tune(&key, room);
        if is_new && coming == Coming::Joined {
            room.tips.came(&visitor.user, tips::named(settings.names_per_tip, room.hearers()));
        }
        if is_new {
            self.is_to_note(room);
        }
        self.stir(key.clone(), room);
        drop(rooms);
        if coming == Coming::Back && self.deps.bus.can_lose() {
            // Another instance may wait for it.
            let control =
                Control::IsAt { visitor: visitor.user.clone(), device: visitor.device, node: self.deps.node };
            let (bus, topic) = (self.deps.bus.clone(), Topic::Group(key.0, (&key.1).into()));
            self.deps.tasks.spawn(async move { bus.publish(topic, None, control.into()).await });
        }
    }

    /// A device is in a room here no more.
    pub fn went(&self, visitor: &Visitor, id: &GroupId, going: Going) {
        let key = (visitor.app, id.clone());
        let settings = self.settings(visitor.app);
        let mut rooms = self.rooms();
        // What one who is away was in is heard on, see `Hub::wait_for`.
        let is_listened = going == Going::Away && self.deps.bus.can_lose();
        let Some(room) = rooms.get_mut(&key) else {
            if is_listened {
                self.wish(key.0, id, false);
            }
            return;
        };
        room.is_listened |= is_listened;
        let stays_away = going == Going::Away && settings.away_seconds > 0;
        let has_gone = room.go(visitor, stays_away, Instant::now());
        self.tune(&key, room);
        if !has_gone {
            return;
        }
        if going == Going::Left {
            room.tips.went(&visitor.user, tips::named(settings.names_per_tip, room.hearers()));
        }
        self.is_to_note(room);
        self.stir(key, room);
    }

    /// Other instances are to know who is here.
    fn is_to_note(&self, room: &mut Room) {
        room.is_noted = !self.deps.bus.can_lose();
    }

    /// Something happened on a group's topic that stands in no log.
    pub fn heard(&self, delivery: &Delivery) {
        let Topic::Group(app, channel) = &delivery.topic else { return };
        if channel.is_topic() {
            return;
        }
        let id = &channel.group();
        let (settings, quota) = (self.settings(*app), self.quota(*app));
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(&(*app, id.clone())) else { return };
        let now = Instant::now();
        match delivery.event.as_ref() {
            Event::Control(Control::IsAt { visitor, device, node }) => {
                if *node == self.deps.node {
                    room.is_here(visitor, *device);
                } else if room.is_elsewhere(visitor, *device) {
                    self.is_to_note(room);
                    self.stir((*app, id.clone()), room);
                }
                self.tune(&(*app, id.clone()), room);
                return;
            }
            Event::Passing(Passing { entry: Entry::GroupMessage { message, .. } }) => {
                if !room.has_said(message) {
                    room.allowance.correct(quota, -1.0, now);
                }
            }
            Event::Control(Control::Dismissed { .. }) => room.is_over = true,
            Event::Push(push) => {
                if let Some(seq) = event::live::recalled(push.body()) {
                    room.ring.recall(seq);
                }
            }
            Event::Passing(_) => {}
            Event::Entry(_) | Event::Control(_) | Event::Unknown => return,
        }
        if settings.kept_items > 0 {
            let most = (settings.kept_items, settings.kept_bytes);
            let (stamp, numbering) = (delivery.stamp, delivery.numbering);
            room.ring.push(stamp, numbering, self.deps.now(), delivery.event.clone(), most);
        }
        room.news.notify_waiters();
    }

    /// Has what is to be told of a room told, and noted, soon.
    fn stir(&self, key: RoomKey, room: &mut Room) {
        if room.is_stirred {
            room.stirred.notify_one();
        } else {
            room.is_stirred = true;
            self.deps.tasks.spawn(self.clone().tell(key));
        }
    }

    /// Tells of a room until there is nothing to tell.
    async fn tell(self, key: RoomKey) {
        loop {
            let (note, due, epoch, note_at, stirred) = {
                let mut rooms = self.rooms();
                let Some(room) = rooms.get_mut(&key) else { return };
                let hearers = room.hearers();
                let due = room.tips.due(Instant::now(), self.settings(key.0).tips_per_second, hearers);
                let note = room.is_note_due().then(|| room.note());
                if note.is_none() && due == Due::Nothing && room.is_noted {
                    room.is_stirred = false;
                    if room.is_idle() {
                        rooms.remove(&key);
                    }
                    return;
                }
                (note, due, room.epoch, room.note_due_at(), room.stirred.clone())
            };
            let has_noted = note.is_some();
            if let Some(note) = note {
                self.say(&key, note).await;
            }
            match due {
                Due::Now(news) => {
                    for news in news {
                        if let Err(error) = self.tell_news(&key, epoch, news).await {
                            tracing::warn!(%error, "it could not be told who came into a room or left it");
                        }
                    }
                }
                Due::Nothing if has_noted => {}
                // Until then, or until there is more.
                Due::Nothing => _ = timeout_at(note_at, stirred.notified()).await,
                Due::Later(at) => {
                    _ = timeout_at(at.min(note_at.max(Instant::now() + SOON)), stirred.notified()).await
                }
            }
        }
    }

    /// Notes who is here, for other instances.
    async fn say(&self, key: &RoomKey, note: Option<Note>) {
        let topic = Topic::Group(key.0, (&key.1).into());
        let note = note.filter(|_| !self.is_closing.load(Ordering::Relaxed));
        let note = note.and_then(|note| serde_json::to_vec(&note).ok()).map(Bytes::from);
        if let Err(error) = self.deps.bus.note(&topic, note, NOTE_LIFETIME).await {
            tracing::warn!(%error, "it could not be noted who is in a room");
        }
    }

    async fn tell_news(&self, key: &RoomKey, epoch: u64, news: News) -> Result<(), RoomError> {
        let Some(label) = self.label(key, epoch).await? else { return Ok(()) };
        let (change, users): (fn(Vec<Shown>) -> Change, _) = match news {
            News::Joined(users) => (|members| Change::Joined { members, invited: false }, users),
            News::Left(users) if users.len() == 1 => (|_| Change::Left, users),
            News::Left(users) => (|members| Change::AllLeft { members }, users),
        };
        let mut shown = Vec::with_capacity(users.len());
        for user in &users {
            shown.push(self.accounts.shown(key.0, user).await?);
        }
        let Some(operator) = shown.first().cloned() else { return Ok(()) };
        let count = self.count_anew(key, epoch).await;
        let tip = Tip {
            random: u64::from(rand::random::<u32>()),
            operator,
            change: change(shown),
            members: Some(count),
            online: Some(count),
        };
        self.pass(key.0, Entry::GroupTip { group: label, tip, counts: false }, None).await?;
        Ok(())
    }

    async fn label(&self, key: &RoomKey, epoch: u64) -> Result<Option<GroupLabel>, StorageError> {
        let partition = Partition::group(key.0, &key.1);
        let group: Option<Versioned<Group>> =
            records::get(&self.deps.engine, &partition, group_key()).await?;
        let group = group.filter(|group| group.record.epoch == epoch);
        Ok(group.map(|group| group.record.label(&key.1)))
    }

    /// Tells all who are in a room something that is kept nowhere.
    pub async fn pass(&self, app: AppId, entry: Entry, token: Option<Bytes>) -> Result<Passed, BusError> {
        let (Entry::GroupMessage { group, .. } | Entry::GroupTip { group, .. }) = &entry else {
            return Err(BusError("nothing else is told in a room".to_owned()));
        };
        let topic = Topic::Group(app, group.id.clone());
        let event = Arc::new(Passing { entry }.into());
        self.deps.bus.pass(Pass { topic, at: self.deps.now(), token, event }).await
    }

    /// Tells all who are in a room of something that concerns all of them.
    pub async fn pass_push(
        &self,
        app: AppId,
        id: &GroupId,
        push: crate::bus::Push,
    ) -> Result<Passed, BusError> {
        let topic = Topic::Group(app, id.into());
        self.deps.bus.pass(Pass { topic, at: self.deps.now(), token: None, event: push.into() }).await
    }

    /// Whether a message may be told that somebody says in a room; what is said above its rate is dropped by what it matters.
    pub fn admits(&self, app: AppId, id: &GroupId, weight: Weight, message: Option<(&UserId, u64)>) -> bool {
        let quota = self.quota(app);
        let mut rooms = self.rooms();
        let key = (app, id.clone());
        let settings = self.settings(app);
        // Somebody may speak in a room in which nobody is connected here.
        let room = rooms.entry(key).or_insert_with(|| Room::new(0, settings.tips_per_second));
        let may = room.allowance.take(quota, weight, Instant::now());
        if let Some((user, random)) = message.filter(|_| may) {
            room.says(user, random);
        }
        may
    }

    /// A message that was admitted was not told after all.
    pub fn gives_back(&self, app: AppId, id: &GroupId, (user, random): (&UserId, u64)) {
        let quota = self.quota(app);
        if let Some(room) = self.rooms().get_mut(&(app, id.clone()))
            && room.says_no_more(user, random)
        {
            room.allowance.correct(quota, 1.0, Instant::now());
        }
    }

    /// How many are in a room.
    pub async fn count(&self, app: AppId, id: &GroupId, epoch: u64) -> u64 {
        let key = (app, id.clone());
        let here = self.rooms().get(&key).filter(|room| room.epoch == epoch).map_or(0, Room::len);
        here + self.others(&key, epoch, ASK_AGAIN).await.count
    }

    /// The same, by what the others say now.
    async fn count_anew(&self, key: &RoomKey, epoch: u64) -> u64 {
        let here = self.rooms().get(key).filter(|room| room.epoch == epoch).map_or(0, Room::len);
        here + self.others(key, epoch, Duration::ZERO).await.count
    }

    /// Who is in a room, the latest first, but no more than [`MOST_LISTED`].
    pub async fn latest(&self, app: AppId, id: &GroupId, epoch: u64) -> Vec<Present> {
        let key = (app, id.clone());
        let mut latest = self.others(&key, epoch, ASK_AGAIN).await.latest;
        if let Some(room) = self.rooms().get(&key).filter(|room| room.epoch == epoch) {
            latest.extend(room.latest());
        }
        latest.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.user.cmp(&b.user)));
        // Of one who is at two instances the later coming counts.
        let mut seen = std::collections::HashSet::new();
        latest.retain(|present| seen.insert(present.user.clone()));
        latest.truncate(MOST_LISTED);
        latest
    }

    /// What other instances that live say of a room.
    async fn others(&self, key: &RoomKey, epoch: u64, not_older_than: Duration) -> Others {
        if !self.deps.bus.can_lose() {
            return Others::default();
        }
        if let Some(room) = self.rooms().get(key)
            && let Some((at, others)) = &room.others
            && at.elapsed() < not_older_than
        {
            return others.clone();
        }
        let topic = Topic::Group(key.0, (&key.1).into());
        let notes = match self.deps.notes::<Note>(&topic).await {
            Ok(notes) => notes,
            Err(error) => {
                tracing::warn!(%error, "it could not be asked who is in a room");
                let known = self.rooms().get(key).and_then(|room| room.others.clone());
                return known.map(|(_, others)| others).unwrap_or_default();
            }
        };
        let mut others = Others::default();
        for (_, note) in
            notes.into_iter().filter(|(node, note)| *node != self.deps.node && note.epoch == epoch)
        {
            others.count += note.count;
            others.latest.extend(note.latest.into_iter().map(|(user, since)| Present { user, since }));
        }
        if let Some(room) = self.rooms().get_mut(key) {
            room.others = Some((Instant::now(), others.clone()));
        }
        others
    }

    /// The message with a number, as far as it is remembered here. Its sender may know the number before it has come: then it is
    /// waited for a moment.
    pub async fn said(&self, app: AppId, id: &GroupId, seq: Seq) -> Option<(Stamp, Message, bool)> {
        let (key, until) = ((app, id.clone()), Instant::now() + COMES_SOON);
        loop {
            let news = self.rooms().get(&key)?.news.clone();
            // Before the look, so that what happens in between is not missed.
            let mut notified = pin!(news.notified());
            notified.as_mut().enable();
            {
                let rooms = self.rooms();
                let ring = &rooms.get(&key)?.ring;
                if let Some((stamp, message, is_recalled)) = ring.message(seq) {
                    return Some((stamp, message.clone(), is_recalled));
                }
                if seq < ring.next_seq() || Instant::now() >= until {
                    return None;
                }
            }
            let _ = timeout_at(until, notified).await;
        }
    }

    /// The latest messages for one who comes.
    pub fn recent(&self, app: AppId, id: &GroupId) -> Vec<Box<RawValue>> {
        let most = self.settings(app).recent_messages;
        self.rooms().get(&(app, id.clone())).map_or_else(Vec::new, |room| room.ring.recent(most))
    }

    /// Looks, for as long as the gateway serves, who has been away for too long.
    pub async fn keep(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let now = Instant::now();
            let mut rooms = self.rooms();
            let mut idle = Vec::new();
            for (key, room) in rooms.iter_mut() {
                let away = Duration::from_secs(self.settings(key.0).away_seconds);
                if room.forget_away(now, away) {
                    self.is_to_note(room);
                }
                room.polled_until.take_if(|until| *until <= now);
                self.tune(key, room);
                if self.deps.bus.can_lose() && (!room.is_noted || room.is_note_old()) {
                    room.is_noted = false;
                    self.stir(key.clone(), room);
                }
                if room.is_idle() && !room.is_stirred {
                    idle.push(key.clone());
                }
            }
            for key in idle {
                rooms.remove(&key);
            }
        }
        self.is_closing.store(true, Ordering::Relaxed);
        if self.deps.bus.can_lose() {
            let keys: Vec<RoomKey> = self.rooms().keys().cloned().collect();
            // What is not taken back is known to be of one that has gone.
            let all = keys.iter().map(|key| self.say(key, None));
            futures_util::future::join_all(all).await;
        }
    }
}

/// Why something was not told in a room.
#[derive(Debug, thiserror::Error)]
enum RoomError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// What everything of an epoch of a room begins with.
fn token(epoch: u64, user: &UserId, random: u64) -> Bytes {
    [&epoch_bytes(epoch)[..], user.as_str().as_bytes(), &random.to_be_bytes()].concat().into()
}

impl Rooms {
    /// Tells a message of somebody. What they say again is not told again.
    pub async fn say_in(
        &self,
        (app, epoch): (AppId, u64),
        group: GroupLabel,
        message: Message,
    ) -> Result<Passed, BusError> {
        let token = token(epoch, &message.from.user, message.random);
        self.pass(app, Entry::GroupMessage { group, message, counts: false }, Some(token)).await
    }
}

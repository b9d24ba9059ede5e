//! Those who ask for what is told in a room, because they are not pushed it: who is not logged in, and where it is set so.
//!
//! What they ask with is signed and says how far they have heard, so any instance can answer: they all count what is told in a
//! room alike, by its offset on the bus. An instance alone counts for itself.

use std::pin::pin;
use std::time::Duration;

use protocol::id::{AppId, GroupId, Millis, Seq, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use super::super::{Denial, GroupError, GroupRef, Groups};
use super::Rooms;
use super::here::Room;
use super::ring::Item;
use crate::bus::{DeviceId, Visitor};
use crate::services::session::sealed;
use crate::telemetry::Bound;

const PURPOSE: &[u8] = b"timgate polling key 1";

/// How long an answer waits for something to be told. The SDKs give up after 15 s. Source: observed.
const HOLD: Duration = Duration::from_secs(8);

/// How long a room is heard after somebody has asked.
const HEARD_FOR: Duration = Duration::from_secs(60);

/// Items of one answer.
const MOST_ITEMS: usize = 50;

/// How long a key is good. Each answer has a new one.
const KEY_LIFETIME_MS: u64 = 24 * 3_600_000;

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::services) struct PollClaims {
    #[serde(rename = "a")]
    app: AppId,
    #[serde(rename = "g")]
    room: GroupId,
    #[serde(rename = "e")]
    epoch: u64,
    /// Who asks; nobody who is known where it is absent.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    user: Option<(UserId, DeviceId)>,
    /// The instance that has answered last, and where its next item stands; absent where that could not be asked.
    #[serde(rename = "n")]
    node: u64,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    place: Option<u64>,
    #[serde(rename = "t")]
    until: Millis,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Poller {
    pub app: AppId,
    pub user: Option<(UserId, DeviceId)>,
}

/// What was told since one asked last.
pub struct Answered {
    pub key: String,
    pub next: Seq,
    pub items: Vec<Box<RawValue>>,
}

/// Where one who asks goes on.
#[derive(Clone, Copy)]
enum From {
    Place(u64),
    Seq(Seq),
}

impl From {
    fn wants(self, item: &Item) -> bool {
        match self {
            From::Place(place) => item.place >= place,
            From::Seq(seq) => item.stamp.seq >= seq,
        }
    }

    fn place(self) -> u64 {
        match self {
            From::Place(place) => place,
            From::Seq(_) => 0,
        }
    }
}

impl Groups {
    /// Begins to read along in a room without being somebody: what one asks with, and from which number.
    pub async fn read_along(&self, app: AppId, id: &GroupId) -> Result<(String, Seq), GroupError> {
        let found = self.existing(app, id).await?;
        if !self.is_room(&found) {
            return Err(GroupError::NotAllowed(Denial::NotARoom));
        }
        if !self.deps.settings(app).live.anonymous {
            return Err(GroupError::NotAllowed(Denial::NoSession));
        }
        self.begin_polling(&found, None).await
    }

    /// What somebody asks with who is in a room, and from which number.
    pub async fn begin_polling(
        &self,
        found: &GroupRef,
        user: Option<(UserId, DeviceId)>,
    ) -> Result<(String, Seq), GroupError> {
        let epoch = found.group.record.epoch;
        let (place, next) = self.rooms.listen(found.app, &found.id, epoch);
        let place = match self.deps.bus.can_lose() {
            // Others may have heard more of it.
            true => self.deps.bus.last_offset(&found.channel().topic).await.map(|last| last + 1).ok(),
            false => Some(place),
        };
        let claims = PollClaims {
            app: found.app,
            room: found.id.clone(),
            epoch,
            user,
            node: self.deps.node,
            place,
            until: Millis(0),
        };
        Ok((self.key(claims)?, next))
    }

    fn key(&self, claims: PollClaims) -> Result<String, GroupError> {
        let claims = PollClaims { until: Millis(self.deps.now().0 + KEY_LIFETIME_MS), ..claims };
        let keys = &self.deps.apps.of(claims.app).keys;
        let key = keys.first().ok_or(GroupError::NotAllowed(Denial::NoSession))?;
        Ok(sealed::seal(PURPOSE, key, &claims))
    }

    /// What was told in a room since one asked last; waits until there is something.
    pub async fn poll(&self, poller: Poller, key: &str, from: Seq) -> Result<Answered, GroupError> {
        let keys = &self.deps.apps.of(poller.app).keys;
        let claims: Option<PollClaims> = sealed::open(PURPOSE, keys, key);
        let claims = claims.filter(|claims| claims.app == poller.app && claims.until > self.deps.now());
        let claims = claims.ok_or(GroupError::NotAllowed(Denial::NoPollingKey))?;
        if claims.user != poller.user {
            return Err(GroupError::NotAllowed(Denial::NoPollingKey));
        }
        let is_counted_alike = self.deps.bus.can_lose() || claims.node == self.deps.node;
        let place = claims.place.filter(|_| is_counted_alike);
        let found = self.find(claims.app, &claims.room).await?;
        if found.is_none_or(|found| found.group.record.epoch != claims.epoch) {
            // What was told last is that it is gone.
            let rest = self.rooms.rest((claims.app, &claims.room, claims.epoch), place, from);
            let (items, next, place) = rest.ok_or(GroupError::Missing)?;
            let key = self.key(PollClaims { node: self.deps.node, place: Some(place), ..claims })?;
            return Ok(Answered { key, next, items });
        }
        if let Some((user, device)) = &claims.user {
            let visitor = Visitor { app: claims.app, user: user.clone(), device: *device };
            if self.rooms_of(&visitor).await?.iter().all(|stay| stay.room != claims.room) {
                return Err(GroupError::NotMember);
            }
        }
        let (items, next, place) =
            self.rooms.hear((claims.app, &claims.room, claims.epoch), place, from).await?;
        let key = self.key(PollClaims { node: self.deps.node, place: Some(place), ..claims })?;
        Ok(Answered { key, next, items })
    }
}

impl Rooms {
    /// Has a room heard for those who ask. Gives where the next item will stand, and its number as far as that is known.
    fn listen(&self, app: AppId, id: &GroupId, epoch: u64) -> (u64, Seq) {
        let settings = self.settings(app);
        let mut rooms = self.rooms();
        let room =
            rooms.entry((app, id.clone())).or_insert_with(|| Room::new(epoch, settings.tips_per_second));
        if room.epoch != epoch {
            room.begin_anew(epoch);
        }
        room.polled_until = Some(Instant::now() + HEARD_FOR);
        self.tune(&(app, id.clone()), room);
        (room.ring.next(), room.ring.next_seq())
    }

    /// What was told in a room from a place on, or from a number on, which is the next where it is 0.
    async fn hear(
        &self,
        (app, id, epoch): (AppId, &GroupId, u64),
        place: Option<u64>,
        from: Seq,
    ) -> Result<Told, GroupError> {
        let permit = self.polls.get(&app).and_then(|polls| polls.clone().try_acquire_owned().ok());
        let Some(_permit) = permit else {
            Bound::Polls.refused(id);
            return Err(GroupError::TooManyPolls);
        };
        let (next_place, _) = self.listen(app, id, epoch);
        let from = match place {
            Some(place) => From::Place(place),
            None if from == Seq::ZERO => From::Place(next_place),
            None => From::Seq(from),
        };
        let until = Instant::now() + HOLD;
        let key = (app, id.clone());
        loop {
            let news = self.rooms().get(&key).map(|room| room.news.clone()).unwrap_or_default();
            // Before the look, so that what happens in between is not missed.
            let mut notified = pin!(news.notified());
            notified.as_mut().enable();
            {
                let rooms = self.rooms();
                let Some(room) = rooms.get(&key) else { return Ok((Vec::new(), Seq::ZERO, from.place())) };
                let told = told(room, from);
                if !told.0.is_empty() || room.is_over || Instant::now() >= until {
                    return Ok(told);
                }
            }
            let _ = timeout_at(until, notified).await;
        }
    }

    /// What is left of what was told in a room that is gone.
    fn rest(&self, (app, id, epoch): (AppId, &GroupId, u64), place: Option<u64>, from: Seq) -> Option<Told> {
        let rooms = self.rooms();
        let room = rooms.get(&(app, id.clone())).filter(|room| room.epoch == epoch && room.is_over)?;
        let told = told(room, place.map_or(From::Seq(from), From::Place));
        (!told.0.is_empty()).then_some(told)
    }
}

/// Items, the number behind them, and where the next item will stand.
type Told = (Vec<Box<RawValue>>, Seq, u64);

/// What was told in a room from somewhere on.
fn told(room: &Room, from: From) -> Told {
    let (mut list, mut next) = (Vec::new(), room.ring.next_seq());
    // It may be known farther elsewhere.
    let mut place = room.ring.next().max(from.place());
    for item in room.ring.items().filter(|item| from.wants(item)).take(MOST_ITEMS) {
        list.extend(item.polled());
        (next, place) = (item.stamp.seq.next(), item.place + 1);
    }
    if let (true, From::Seq(seq)) = (list.is_empty(), from) {
        next = next.max(seq);
    }
    (list, next, place)
}

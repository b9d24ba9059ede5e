//! A room, as far as it is on this instance.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::id::{Millis, UserId};
use protocol::message::Message;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::allowance::Allowance;
use super::ring::Ring;
use super::tips::Tips;
use super::{MOST_LISTED, NOTE_AGAIN, Note, Others, Present};
use crate::bus::{DeviceId, Visitor};

/// A room of up to so many is noted so often while its members come and go: the more they are, the longer is its note.
const NOTE_PAUSES: [(usize, Duration); 2] = [(50, Duration::from_millis(100)), (200, Duration::from_secs(1))];

/// The same of larger ones.
const NOTE_PAUSE_OF_LARGE: Duration = Duration::from_secs(3);

/// What is said here comes within this time, if it does.
const COMES_WITHIN: Duration = Duration::from_secs(10);

/// Somebody who is in a room here.
pub(super) struct Here {
    since: Millis,
    devices: Vec<DeviceId>,
    /// Those of the devices whose connections are gone, and since when.
    away: Vec<(DeviceId, Instant)>,
    /// Devices that are on another instance already, though the end of their connections has yet to be seen here.
    elsewhere: Vec<DeviceId>,
}

impl Here {
    /// Gives how many were away.
    fn is_away_no_more(&mut self, device: DeviceId) -> usize {
        let before = self.away.len();
        self.away.retain(|(known, _)| *known != device);
        before - self.away.len()
    }
}

pub(super) struct Room {
    pub(super) epoch: u64,
    here: HashMap<UserId, Here>,
    /// Devices that are away.
    away: usize,
    pub(super) tips: Tips,
    pub(super) allowance: Allowance,
    pub(super) ring: Ring,
    /// What was said here and has yet to come.
    saying: HashMap<(UserId, u64), Instant>,
    /// Told when something new is in the ring.
    pub(super) news: Arc<Notify>,
    /// Until when it is heard for those who ask.
    pub(super) polled_until: Option<Instant>,
    /// Whether it is heard though nobody here may be in it.
    pub(super) is_listened: bool,
    pub(super) others: Option<(Instant, Others)>,
    /// Whether it is noted who is here.
    pub(super) is_noted: bool,
    noted_at: Option<Instant>,
    /// Whether a task tells of it.
    pub(super) is_stirred: bool,
    /// Tells that task that there is more.
    pub(super) stirred: Arc<Notify>,
    pub(super) is_over: bool,
}

impl Room {
    pub(super) fn new(epoch: u64, tips_per_second: u32) -> Self {
        Self {
            epoch,
            here: HashMap::new(),
            away: 0,
            tips: Tips::new(Instant::now(), tips_per_second),
            allowance: Allowance::new(),
            ring: Ring::default(),
            saying: HashMap::new(),
            news: Arc::default(),
            polled_until: None,
            is_listened: false,
            others: None,
            is_noted: true,
            noted_at: None,
            is_stirred: false,
            stirred: Arc::default(),
            is_over: false,
        }
    }

    /// A room of the same name: nobody of the former one is in it.
    pub(super) fn begin_anew(&mut self, epoch: u64) {
        if self.epoch != 0 {
            self.here.clear();
            self.away = 0;
            self.ring = Ring::default();
        }
        (self.epoch, self.others, self.is_over) = (epoch, None, false);
    }

    /// True when the user was not in it.
    pub(super) fn come(&mut self, visitor: &Visitor, since: Millis) -> bool {
        let is_new = !self.here.contains_key(&visitor.user);
        let new = || Here { since, devices: Vec::new(), away: Vec::new(), elsewhere: Vec::new() };
        let here = self.here.entry(visitor.user.clone()).or_insert_with(new);
        self.away -= here.is_away_no_more(visitor.device);
        here.elsewhere.retain(|device| *device != visitor.device);
        if !here.devices.contains(&visitor.device) {
            here.devices.push(visitor.device);
        }
        is_new
    }

    /// True when the user is in it no more.
    pub(super) fn go(&mut self, visitor: &Visitor, stays_away: bool, now: Instant) -> bool {
        let Some(here) = self.here.get_mut(&visitor.user) else { return false };
        let was_here = here.devices.iter().position(|device| *device == visitor.device);
        if let Some(place) = was_here {
            here.devices.swap_remove(place);
        }
        self.away -= here.is_away_no_more(visitor.device);
        let is_elsewhere = here.elsewhere.contains(&visitor.device);
        here.elsewhere.retain(|device| *device != visitor.device);
        if stays_away && was_here.is_some() && !is_elsewhere {
            here.away.push((visitor.device, now));
            self.away += 1;
        }
        self.forget_if_gone(&visitor.user)
    }

    fn forget_if_gone(&mut self, user: &UserId) -> bool {
        let is_gone = self.here.get(user).is_some_and(|here| here.devices.is_empty() && here.away.is_empty());
        is_gone && self.here.remove(user).is_some()
    }

    /// A device is on another instance now. True when its user is here no more.
    pub(super) fn is_elsewhere(&mut self, user: &UserId, device: DeviceId) -> bool {
        let Some(here) = self.here.get_mut(user) else { return false };
        self.away -= here.is_away_no_more(device);
        if here.devices.contains(&device) && !here.elsewhere.contains(&device) {
            here.elsewhere.push(device);
        }
        self.forget_if_gone(user)
    }

    /// A device is here after all: what was told of another instance is older.
    pub(super) fn is_here(&mut self, user: &UserId, device: DeviceId) {
        if let Some(here) = self.here.get_mut(user) {
            here.elsewhere.retain(|known| *known != device);
        }
    }

    /// Those who have been away for longer are here no more. True when there are any.
    pub(super) fn forget_away(&mut self, now: Instant, most: Duration) -> bool {
        // Where nobody is here it does not come.
        self.saying.retain(|_, at| now.saturating_duration_since(*at) < COMES_WITHIN);
        let before = self.here.len();
        if self.away == 0 {
            return false;
        }
        self.away = 0;
        self.here.retain(|_, here| {
            here.away.retain(|(_, since)| now.saturating_duration_since(*since) < most);
            self.away += here.away.len();
            !(here.devices.is_empty() && here.away.is_empty())
        });
        self.here.len() < before
    }

    pub(super) fn len(&self) -> u64 {
        self.here.len() as u64
    }

    /// How many hear what is told, as far as that is known.
    pub(super) fn hearers(&self) -> u64 {
        self.len() + self.others.as_ref().map_or(0, |(_, others)| others.count)
    }

    /// Those who came last, in no order.
    pub(super) fn latest(&self) -> Vec<Present> {
        let mut all: Vec<(&UserId, Millis)> =
            self.here.iter().map(|(user, here)| (user, here.since)).collect();
        if all.len() > MOST_LISTED {
            all.select_nth_unstable_by(MOST_LISTED, |a, b| b.1.cmp(&a.1));
            all.truncate(MOST_LISTED);
        }
        all.into_iter().map(|(user, since)| Present { user: user.clone(), since }).collect()
    }

    fn note_pause(&self) -> Duration {
        let fitting = NOTE_PAUSES.iter().find(|(most, _)| self.here.len() <= *most);
        fitting.map_or(NOTE_PAUSE_OF_LARGE, |(_, pause)| *pause)
    }

    pub(super) fn note_due_at(&self) -> Instant {
        self.noted_at.map_or_else(Instant::now, |at| at + self.note_pause())
    }

    pub(super) fn is_note_due(&self) -> bool {
        !self.is_noted && self.note_due_at() <= Instant::now()
    }

    pub(super) fn is_note_old(&self) -> bool {
        !self.here.is_empty() && self.noted_at.is_none_or(|at| at.elapsed() >= NOTE_AGAIN)
    }

    /// What is to be noted now: nothing where nobody is here.
    pub(super) fn note(&mut self) -> Option<Note> {
        (self.is_noted, self.noted_at) = (true, Some(Instant::now()));
        let latest = || self.latest().into_iter().map(|present| (present.user, present.since)).collect();
        (!self.here.is_empty()).then(|| Note { epoch: self.epoch, count: self.len(), latest: latest() })
    }

    /// Something is said here, which will come as everything does.
    pub(super) fn says(&mut self, user: &UserId, random: u64) {
        self.saying.insert((user.clone(), random), Instant::now());
    }

    pub(super) fn says_no_more(&mut self, user: &UserId, random: u64) -> bool {
        self.saying.remove(&(user.clone(), random)).is_some()
    }

    /// Whether something that has come was said here.
    pub(super) fn has_said(&mut self, message: &Message) -> bool {
        self.saying.remove(&(message.from.user.clone(), message.random)).is_some()
    }

    /// Whether it is to be heard though nobody is connected here who is in it: for who asks, and to hear where those are who are
    /// away.
    pub(super) fn is_to_be_heard(&self) -> bool {
        self.polled_until.is_some() || self.away > 0
    }

    /// Whether nothing of it need be known.
    pub(super) fn is_idle(&self) -> bool {
        self.here.is_empty()
            && self.polled_until.is_none()
            && !self.is_listened
            && self.saying.is_empty()
            && self.is_noted
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::AppId;

    use super::*;

    fn visitor(user: &str, device: DeviceId) -> Visitor {
        Visitor { app: AppId(1), user: UserId::parse(user).unwrap(), device }
    }

    #[test]
    fn a_user_is_there_while_a_device_is_or_may_come_back() {
        let (mut room, now) = (Room::new(1, 5), Instant::now());
        let grace = Duration::from_secs(30);
        assert!(room.come(&visitor("alice", 1), Millis(1)));
        assert!(!room.come(&visitor("alice", 2), Millis(2)));
        assert!(!room.go(&visitor("alice", 1), false, now));
        assert!(!room.go(&visitor("alice", 2), true, now), "it may come back");
        assert!(!room.forget_away(now + grace / 2, grace));
        assert!(!room.come(&visitor("alice", 2), Millis(2)), "as it does");
        assert!(!room.go(&visitor("alice", 2), true, now));
        assert!(room.forget_away(now + grace, grace));
        assert_eq!((room.len(), room.away), (0, 0));
        assert!(room.come(&visitor("alice", 2), Millis(2)));
        assert!(room.go(&visitor("alice", 2), false, now));
    }

    #[test]
    fn one_who_came_back_elsewhere_is_not_waited_for() {
        let (mut room, now) = (Room::new(1, 5), Instant::now());
        room.come(&visitor("alice", 1), Millis(1));
        room.go(&visitor("alice", 1), true, now);
        assert!(!room.is_elsewhere(&visitor("alice", 1).user, 2));
        assert!(room.is_elsewhere(&visitor("alice", 1).user, 1));
    }

    #[test]
    fn one_who_is_elsewhere_before_the_line_is_seen_to_end_is_not_waited_for() {
        let (mut room, now) = (Room::new(1, 5), Instant::now());
        let alice = visitor("alice", 1);
        room.come(&alice, Millis(1));
        assert!(!room.is_elsewhere(&alice.user, 1));
        assert!(room.go(&alice, true, now));
        room.come(&alice, Millis(2));
        assert!(!room.is_elsewhere(&alice.user, 1), "what is told late");
        room.is_here(&alice.user, 1);
        assert!(!room.go(&alice, true, now), "it may come back");
        assert_eq!(room.away, 1);
    }

    #[test]
    fn the_latest_are_listed() {
        let mut room = Room::new(1, 5);
        for number in 0..3 * MOST_LISTED as u64 {
            room.come(&visitor(&format!("user{number}"), 1), Millis(number));
        }
        let latest = room.latest();
        assert_eq!(latest.len(), MOST_LISTED);
        assert!(latest.iter().all(|present| present.since.0 >= 2 * MOST_LISTED as u64));
    }
}

//! Which events of a topic were heard, and whether one is missing.

use bytes::Bytes;
use protocol::id::{Seq, UserId};

use crate::bus::{Delivery, Entry, Event, GroupPlace, Numbering, Stamp, Topic, UserPlace};

/// Where this node stands in a topic.
#[derive(Clone, Debug)]
pub(super) struct Place {
    offsets: Offsets,
    pub(super) log: LogPlace,
}

/// Where this node stands in what the store keeps of a topic.
#[derive(Clone, Debug)]
pub(super) enum LogPlace {
    Group(GroupPlace),
    User(UserPlace),
}

/// Offsets of a topic, which number the events that are no log entries.
#[derive(Clone, Copy, Debug)]
struct Offsets {
    heard: u64,
    /// Up to here nothing is missing: what was not heard was made up for from the store, or is still on its way.
    contiguous: u64,
}

/// What to do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    News,
    /// Heard before.
    Known,
    /// One before it is missing.
    Missing,
}

impl Place {
    pub(super) fn new(offset: u64, log: LogPlace) -> Self {
        Self { offsets: Offsets { heard: offset, contiguous: offset }, log }
    }

    /// Everything up to `offset` was made up for from the store. `resubscribed`: what comes now comes over a new subscription, so
    /// none of it was heard before, whatever its offset: the count may have gone back and come up again.
    pub(super) fn contiguous_to(&mut self, offset: u64, resubscribed: bool) {
        if resubscribed || offset < self.offsets.heard {
            self.offsets.heard = 0;
        }
        self.offsets.contiguous = offset;
        if let LogPlace::User(place) = &mut self.log {
            place.pairs.forget_silent();
        }
    }

    /// The epoch of the group that is followed.
    pub(super) fn epoch(&self) -> Option<Bytes> {
        match &self.log {
            LogPlace::Group(place) => Some(place.epoch.clone()),
            LogPlace::User(_) => None,
        }
    }

    /// Whether the entry with this number is still to come.
    pub(super) fn is_before(&self, seq: Seq) -> bool {
        matches!(&self.log, LogPlace::Group(place) if place.seq < seq)
    }

    /// Whether nothing is missing when the last entry of the topic's own log is `end`.
    pub(super) fn has_entry(&self, end: Seq) -> bool {
        matches!(&self.log, LogPlace::Group(place) if place.seq >= end)
    }

    /// Goes on with an event although what is missing before it cannot be found.
    pub(super) fn skip_gap(&mut self, delivery: &Delivery) {
        match (delivery.numbering, &mut self.log, delivery.stamp) {
            (Numbering::Entry, LogPlace::Group(place), Some(stamp)) => place.seq = stamp.seq.previous(),
            (Numbering::Offset(offset), log, _) => {
                self.offsets.contiguous = offset - 1;
                if let (LogPlace::Group(place), Some(recall)) = (log, recall(delivery))
                    && recall.seq > place.seq
                {
                    // There is no such message any more.
                    place.hear_recall(recall);
                }
            }
            _ => {}
        }
    }

    /// Whether nothing is missing when the last offset is `offset`.
    pub(super) fn has_offset(&self, offset: u64) -> bool {
        offset <= self.offsets.heard.max(self.offsets.contiguous)
    }

    /// Whether more was heard than the last offset is, or the last entry of the topic's own log: the numbers went back.
    pub(super) fn is_ahead(&self, offset: u64, end: Option<Seq>) -> bool {
        let is_log_ahead = matches!((&self.log, end), (LogPlace::Group(place), Some(end)) if place.seq > end);
        self.offsets.heard.max(self.offsets.contiguous) > offset || is_log_ahead
    }

    /// Judges an event, and notes it as heard when it is news.
    pub(super) fn admit(&mut self, delivery: &Delivery) -> Verdict {
        match delivery.numbering {
            Numbering::Unneeded => Verdict::News,
            Numbering::Entry => self.admit_entry(delivery),
            Numbering::Offset(offset) => self.admit_offset(offset, delivery),
        }
    }

    fn admit_entry(&mut self, delivery: &Delivery) -> Verdict {
        let (LogPlace::Group(place), Some(stamp)) = (&mut self.log, delivery.stamp) else {
            return Verdict::News;
        };
        if stamp.seq <= place.seq {
            Verdict::Known
        } else if stamp.seq > place.seq.next() {
            Verdict::Missing
        } else {
            place.seq = stamp.seq;
            place.window.hear(stamp);
            Verdict::News
        }
    }

    fn admit_offset(&mut self, offset: u64, delivery: &Delivery) -> Verdict {
        let Offsets { heard, contiguous } = self.offsets;
        if offset <= heard {
            return Verdict::Known;
        }
        if offset > heard.max(contiguous) + 1 || self.misses_recalled(delivery) {
            return Verdict::Missing;
        }
        self.offsets.heard = offset;
        let is_heard = match &mut self.log {
            LogPlace::User(place) => {
                let is_heard = is_heard(place, delivery);
                place.pairs.forget_silent();
                is_heard
            }
            LogPlace::Group(place) => is_recall_heard(place, delivery),
        };
        if is_heard { Verdict::Known } else { Verdict::News }
    }
}

impl Place {
    /// Whether an event recalls a message that was not heard: it is told behind that.
    fn misses_recalled(&self, delivery: &Delivery) -> bool {
        let LogPlace::Group(place) = &self.log else { return false };
        recall(delivery).is_some_and(|recall| recall.seq > place.seq && !place.has_recall(recall))
    }
}

/// Whether an event tells of a recall that was heard; from now on it was.
fn is_recall_heard(place: &mut GroupPlace, delivery: &Delivery) -> bool {
    recall(delivery).is_some_and(|stamp| !place.hear_recall(stamp))
}

fn recall(delivery: &Delivery) -> Option<Stamp> {
    let Event::Push(push) = delivery.event.as_ref() else { return None };
    push.recalls()
}

/// Whether an event of a user's topic that the store keeps was heard; from now on it was.
fn is_heard(place: &mut UserPlace, delivery: &Delivery) -> bool {
    let Some(stamp) = delivery.stamp else { return false };
    let (Topic::User(_, user), Event::Entry(entry)) = (&delivery.topic, delivery.event.as_ref()) else {
        return false;
    };
    !hear(place, user, entry, stamp)
}

/// Notes that an entry was heard by a user. False when it was heard before.
pub(super) fn hear(place: &mut UserPlace, user: &UserId, entry: &Entry, stamp: Stamp) -> bool {
    match entry {
        Entry::C2cMessage { to, message } if !message.options.online_only => {
            let peer = if message.from.user == *user { to } else { &message.from.user };
            place.pairs.hear(peer, stamp)
        }
        Entry::Notice { .. } | Entry::Mark { .. } => place.notices.hear(stamp),
        // What is kept nowhere, or in the log of a group.
        Entry::C2cMessage { .. } | Entry::GroupMessage { .. } | Entry::GroupTip { .. } => true,
    }
}

//! Which events of a topic were heard, and whether one is missing.

use bytes::Bytes;
use protocol::id::{Seq, UserId};

use crate::bus::{Aside, AsideOf, Delivery, GroupPlace, Numbering, Stamp, Topic, UserPlace};

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
                if let Some(aside) = delivery.event.aside()
                    && log.misses_message_of(aside)
                {
                    // There is no such message any more.
                    log.hear(aside);
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
        if offset > heard.max(contiguous) + 1
            || delivery.event.aside().is_some_and(|aside| self.log.misses_message_of(aside))
        {
            return Verdict::Missing;
        }
        self.offsets.heard = offset;
        let is_news = match (&mut self.log, &delivery.topic) {
            (LogPlace::User(place), Topic::User(_, user)) => {
                let is_news = place.hear(user, &delivery.event, delivery.stamp);
                place.pairs.forget_silent();
                is_news
            }
            (log, _) => delivery.event.aside().is_none_or(|aside| log.hear(aside)),
        };
        if is_news { Verdict::News } else { Verdict::Known }
    }
}

impl LogPlace {
    /// Whether an entry was heard; of a user's topic, one of the talk with a peer.
    pub(super) fn has(&self, peer: Option<&UserId>, entry: Stamp) -> bool {
        match (self, peer) {
            (LogPlace::Group(place), _) => place.seq >= entry.seq,
            (LogPlace::User(place), Some(peer)) => place.pairs.has(peer, entry),
            (LogPlace::User(_), None) => true,
        }
    }

    /// Notes that something was heard that is kept beside a log. False when it was heard before.
    pub(super) fn hear(&mut self, aside: &Aside) -> bool {
        match self {
            LogPlace::Group(place) => place.asides.hear(aside),
            LogPlace::User(place) => place.asides.hear(aside),
        }
    }

    /// Whether a recall is of a message that was not heard: it is told behind that.
    fn misses_message_of(&self, aside: &Aside) -> bool {
        match (self, &aside.of) {
            (LogPlace::Group(place), AsideOf::Recall { message, .. }) => {
                message.seq > place.seq && !place.asides.has(aside)
            }
            (LogPlace::User(place), AsideOf::PeerRecall { peer, message }) => {
                !place.pairs.has(peer, *message) && !place.asides.has(aside)
            }
            _ => false,
        }
    }
}

//! What is told of that is kept beside the entries of a log: recalls, and how far somebody has read.
//!
//! It has no number by which one would see whether it was heard, so a push says what it tells of, and what was heard lately
//! is remembered.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use protocol::id::{ChannelId, Millis, Seq, UserId};
use serde::{Deserialize, Serialize};

use super::{CLOCK_DIFFERENCE, Stamp};

/// What a push tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    pub of: AsideOf,
    /// When it happened.
    pub at: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AsideOf {
    /// A message of the topic's group, or of the part of it, was recalled.
    Recall { group: ChannelId, message: Stamp },
    /// A message between the topic's user and a peer was recalled.
    PeerRecall { peer: UserId, message: Stamp },
    /// The topic's user has read a peer.
    PeerRead { peer: UserId, to: ReadTo },
    /// A peer has read the topic's user.
    ReadByPeer { peer: UserId, to: ReadTo },
    /// The topic's user has read a group.
    GroupRead { group: ChannelId, to: ReadTo },
}

/// How far somebody has read. Neither goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadTo {
    pub seq: Seq,
    /// A Unix second.
    pub time: u64,
}

/// As many are remembered as may be told again by what waits while a topic is recovered.
const ASIDES: usize = 256;

/// The latest that were heard on a topic, in the order they were. The SDKs take one off what is unread for each recall that
/// they are told of, also where they know it, and count anew what lies behind a position that they are told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardAsides {
    /// All were heard up to here.
    at: Millis,
    heard: VecDeque<Heard>,
}

/// One that was heard, in few bytes: there may be as many for each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heard {
    /// A hash of whom it is about.
    about: u64,
    what: What,
    at: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Recall(Stamp),
    Read(ReadTo),
}

impl HeardAsides {
    /// Nothing was heard; what happened up to `at` does not count.
    pub fn new(at: Millis) -> Self {
        Self { at, heard: VecDeque::new() }
    }

    /// Since when is looked for what was missed: clocks of instances differ.
    pub fn since(&self) -> Millis {
        Millis(self.at.0.saturating_sub(CLOCK_DIFFERENCE))
    }

    /// All were heard up to a time.
    pub fn heard_up_to(&mut self, at: Millis) {
        self.at = self.at.max(at);
    }

    /// Notes that one was heard. False when it was heard before.
    pub fn hear(&mut self, aside: &Aside) -> bool {
        if self.has(aside) {
            return false;
        }
        let new = Heard::of(aside);
        self.heard.retain(|old| !new.covers(old));
        if self.heard.len() == ASIDES {
            // While none is missing, those before it were heard too. What is read again is read from as long before the time as
            // clocks differ, and this one must not be among it.
            let oldest = self.heard.pop_front().map_or(0, |heard| heard.at.0);
            self.heard_up_to(Millis(oldest + CLOCK_DIFFERENCE + 1));
        }
        self.heard.push_back(new);
        true
    }

    pub fn has(&self, aside: &Aside) -> bool {
        let new = Heard::of(aside);
        self.heard.iter().any(|heard| heard.covers(&new))
    }

    /// The topic's own log gives the numbers from `first` on again.
    pub fn forget_from(&mut self, first: Seq) {
        self.heard.retain(|heard| !matches!(heard.what, What::Recall(message) if message.seq >= first));
    }
}

impl Heard {
    fn of(aside: &Aside) -> Self {
        let (about, what) = match &aside.of {
            AsideOf::Recall { message, .. } => (hash(()), What::Recall(*message)),
            AsideOf::PeerRecall { peer, message } => (hash(peer), What::Recall(*message)),
            AsideOf::PeerRead { peer, to } => (hash(("by me", peer)), What::Read(*to)),
            AsideOf::ReadByPeer { peer, to } => (hash(("by them", peer)), What::Read(*to)),
            AsideOf::GroupRead { group, to } => (hash(("group", group)), What::Read(*to)),
        };
        Self { about, what, at: aside.at }
    }

    /// Whether who heard this one has nothing to hear of the other: a position does not go back, and one that was overtaken is
    /// told no more.
    fn covers(&self, other: &Self) -> bool {
        let is_as_far = match (self.what, other.what) {
            (What::Recall(message), What::Recall(other)) => message == other,
            (What::Read(to), What::Read(other)) => to.seq >= other.seq && to.time >= other.time,
            _ => false,
        };
        is_as_far && self.about == other.about
    }
}

fn hash(about: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    about.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recall(peer: &str, seq: u64, at: u64) -> Aside {
        let message = Stamp { seq: Seq(seq), at: Millis(1) };
        Aside { of: AsideOf::PeerRecall { peer: UserId::parse(peer).unwrap(), message }, at: Millis(at) }
    }

    fn read(peer: &str, seq: u64, time: u64) -> Aside {
        let to = ReadTo { seq: Seq(seq), time };
        Aside { of: AsideOf::PeerRead { peer: UserId::parse(peer).unwrap(), to }, at: Millis(1000 * time) }
    }

    #[test]
    fn each_is_heard_once() {
        let mut heard = HeardAsides::new(Millis(0));
        assert!(heard.hear(&recall("bob", 1, 5)));
        assert!(!heard.hear(&recall("bob", 1, 6)), "a message is recalled once");
        assert!(heard.hear(&recall("bob", 2, 6)));
        assert!(heard.hear(&recall("carol", 1, 6)));
        let message = Stamp { seq: Seq(1), at: Millis(2) };
        let of = AsideOf::PeerRecall { peer: UserId::parse("bob").unwrap(), message };
        assert!(heard.hear(&Aside { of, at: Millis(7) }), "the number was given to another message");
    }

    #[test]
    fn a_position_that_was_overtaken_is_old() {
        let mut heard = HeardAsides::new(Millis(0));
        assert!(heard.hear(&read("bob", 5, 10)));
        assert!(heard.hear(&read("bob", 6, 10)), "more was said in the same second");
        assert!(heard.hear(&read("bob", 9, 12)));
        assert!(!heard.hear(&read("bob", 6, 10)));
        assert!(heard.hear(&read("bob", 1, 13)), "what was there is gone, and it began anew");
        assert!(heard.hear(&read("carol", 5, 10)));
        let Aside { of: AsideOf::PeerRead { peer, to }, at } = read("bob", 5, 10) else { panic!() };
        assert!(heard.hear(&Aside { of: AsideOf::ReadByPeer { peer, to }, at }));
    }

    /// Of those that are forgotten none is read again.
    #[test]
    fn few_are_remembered_and_those_before_them_are_not_looked_for() {
        let mut heard = HeardAsides::new(Millis(0));
        for n in 1..=10_000 {
            assert!(heard.hear(&recall("bob", n, 100 * n)));
            assert!(heard.hear(&read("bob", n, n)));
            assert!(heard.heard.len() <= ASIDES);
        }
        assert_eq!(std::mem::size_of::<Heard>(), 40);
        for n in 1..=10_000 {
            assert!(heard.has(&recall("bob", n, 100 * n)) || heard.since().0 > 100 * n, "{n}");
        }
        assert!(heard.has(&recall("bob", 10_000, 1)));
    }

    #[test]
    fn numbers_that_are_given_again_are_forgotten() {
        let own = |seq| {
            let message = Stamp { seq: Seq(seq), at: Millis(1) };
            let group = ChannelId::parse("room").unwrap();
            Aside { of: AsideOf::Recall { group, message }, at: Millis(5) }
        };
        let mut heard = HeardAsides::new(Millis(0));
        heard.hear(&own(1));
        heard.hear(&own(2));
        heard.forget_from(Seq(2));
        assert!(heard.has(&own(1)) && !heard.has(&own(2)));
    }
}

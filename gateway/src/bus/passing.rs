//! What is told to those who are there and kept nowhere: its numbers, and what was told a moment ago.
//!
//! A number is one more than that before it. The first is taken from the clock, so numbers do not go back where the count was
//! lost: nothing is told a thousand times a second for long. Rooms begin at places of their own, for SDKs that are in several
//! take an item for known whose number another room had lately.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use protocol::id::{Millis, Seq};
use xxhash_rust::xxh3::xxh3_64;

use super::{Event, Stamp, Topic};

/// How long it is known at least that something was told.
pub(super) const PASSED_WINDOW_MS: u64 = 120_000;

/// Rooms begin within so many milliseconds ahead of the clock: about a quarter of an hour.
const SPREAD: u64 = 1 << 20;

/// Of so much it is known that it was told; of what lies farther back no more.
const MOST_KNOWN: usize = 1 << 16;

/// Counts that are kept before those are forgotten which the clock has overtaken.
const FEW_COUNTS: usize = 1024;

/// Something that is passed on.
#[derive(Clone, Debug)]
pub struct Pass {
    pub topic: Topic,
    pub at: Millis,
    /// What has the same is the same: it is told once.
    pub token: Option<Bytes>,
    pub event: Arc<Event>,
}

/// What became of something that was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Of the first, where it was told before.
    pub stamp: Stamp,
    pub is_repeated: bool,
}

/// The number with which a room begins at a time.
pub(super) fn first_number(topic: &Topic, now: Millis) -> Seq {
    let id = match topic {
        Topic::User(_, user) => user.as_str(),
        Topic::Group(_, group) => group.as_str(),
    };
    Seq(now.0 + xxh3_64(id.as_bytes()) % SPREAD)
}

/// The numbers of a single instance.
#[derive(Default)]
pub(super) struct Numbers {
    last: HashMap<Topic, Seq>,
    known: HashMap<(Topic, Bytes), Stamp>,
    order: VecDeque<(Topic, Bytes)>,
}

impl Numbers {
    /// The number of something that is passed on now, or of the first that was the same.
    pub(super) fn take(&mut self, pass: &Pass) -> Passed {
        let key = pass.token.clone().map(|token| (pass.topic.clone(), token));
        if let Some(stamp) = key.as_ref().and_then(|key| self.known.get(key)) {
            return Passed { stamp: *stamp, is_repeated: true };
        }
        let first = first_number(&pass.topic, pass.at);
        let seq = self.last.get(&pass.topic).map_or(first, |last| last.next());
        self.last.insert(pass.topic.clone(), seq);
        let stamp = Stamp { seq, at: pass.at };
        if let Some(key) = key {
            self.order.push_back(key.clone());
            self.known.insert(key, stamp);
        }
        self.forget(pass.at);
        Passed { stamp, is_repeated: false }
    }

    fn forget(&mut self, now: Millis) {
        while let Some(oldest) = self.order.front() {
            let is_over = |stamp: &Stamp| stamp.at.0 + PASSED_WINDOW_MS < now.0;
            if self.order.len() <= MOST_KNOWN && !self.known.get(oldest).is_none_or(is_over) {
                break;
            }
            if let Some(key) = self.order.pop_front() {
                self.known.remove(&key);
            }
        }
        if self.last.len() >= FEW_COUNTS && self.last.len().is_power_of_two() {
            self.last.retain(|topic, last| *last >= first_number(topic, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::{AppId, ChannelId};

    use super::*;
    use crate::bus::testing::nothing;

    fn pass(room: &str, at: u64, token: Option<&'static str>) -> Pass {
        Pass {
            topic: Topic::Group(AppId(1), ChannelId::parse(room).unwrap()),
            at: Millis(at),
            token: token.map(|token| Bytes::from_static(token.as_bytes())),
            event: Arc::new(nothing(1).into()),
        }
    }

    const NOW: u64 = 1_795_881_388_123;

    #[test]
    fn numbers_follow_each_other_and_never_go_back() {
        let mut numbers = Numbers::default();
        let first = numbers.take(&pass("room", NOW, None)).stamp.seq;
        assert_eq!(numbers.take(&pass("room", NOW + 9, None)).stamp.seq, first.next());
        let other = numbers.take(&pass("other", NOW, None)).stamp.seq;
        assert!(other.0.abs_diff(first.0) > 1000, "{other:?} {first:?}");
        // A restart forgets them.
        let again = Numbers::default().take(&pass("room", NOW + 1000, None)).stamp.seq;
        assert!(again > first.next());
    }

    #[test]
    fn what_is_repeated_keeps_its_number_for_a_while() {
        let mut numbers = Numbers::default();
        let first = numbers.take(&pass("room", NOW, Some("a")));
        let again = numbers.take(&pass("room", NOW + 5000, Some("a")));
        assert_eq!(again, Passed { is_repeated: true, ..first });
        assert!(!numbers.take(&pass("room", NOW + 5000, Some("b"))).is_repeated);
        assert!(!numbers.take(&pass("other", NOW + 5000, Some("a"))).is_repeated);
        let late = NOW + PASSED_WINDOW_MS + 5001;
        numbers.take(&pass("room", late, None));
        assert!(numbers.known.is_empty() && numbers.order.is_empty());
        assert!(!numbers.take(&pass("room", late, Some("a"))).is_repeated);
    }

    #[test]
    fn what_was_told_is_remembered_within_bounds() {
        let mut numbers = Numbers::default();
        for number in 0..MOST_KNOWN + 10 {
            let mut pass = pass("room", NOW, None);
            pass.token = Some(number.to_be_bytes().to_vec().into());
            numbers.take(&pass);
        }
        assert_eq!((numbers.known.len(), numbers.order.len()), (MOST_KNOWN, MOST_KNOWN));
        for number in 0..10 * FEW_COUNTS as u64 {
            numbers.take(&pass(&format!("room {number}"), NOW + 10_000 * number, None));
        }
        assert!(numbers.last.len() <= 2 * FEW_COUNTS, "{}", numbers.last.len());
    }
}

//! What the store knows about a topic: asked by who follows it and may have missed something.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::id::{AppId, ChannelId, GroupId, Millis, Seq, TopicId, UserId};
use protocol::session::KickReason;

use super::{
    Coming, Delivery, DeviceId, Entry, Event, Going, HeardAsides, RoomStay, Stamp, Topic, Visitor, Wishes,
};

/// How far a group, or a topic of it, was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPlace {
    /// A group that was dismissed and made anew has another.
    pub epoch: Bytes,
    /// The last number that was heard.
    pub seq: Seq,
    pub window: HeardWindow,
    /// The recalls that were heard.
    pub asides: HeardAsides,
}

impl GroupPlace {
    /// The log has forgotten its entries from a number on, and gives their numbers again.
    pub fn forget_from(&mut self, first: Seq) {
        self.seq = self.seq.min(first.previous());
        self.asides.forget_from(first);
    }
}

/// Where a recall stands among those of a group, which are in the order of their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecallMark {
    pub at_us: u64,
    /// The message's.
    pub seq: Seq,
}

/// A page of recalls, oldest first.
#[derive(Debug)]
pub struct Recalls {
    pub events: Vec<(Stamp, Event)>,
    /// After which the next page begins; absent when this is the last.
    pub next: Option<RecallMark>,
    /// When it was read.
    pub read_at: Millis,
}

/// How far a user's topic was followed.
#[derive(Clone, Debug)]
pub struct UserPlace {
    /// The last notice when it began to be followed.
    pub notice: Seq,
    /// The notices that were heard since.
    pub notices: HeardWindow,
    pub pairs: Pairs,
    /// What was recalled and read.
    pub asides: HeardAsides,
    /// Since when the topic is followed.
    pub since: Millis,
}

impl UserPlace {
    /// Notes that the user has heard an event. False when they heard it before, as far as the store keeps it.
    pub fn hear(&mut self, user: &UserId, event: &Event, stamp: Option<Stamp>) -> bool {
        match (event, stamp) {
            (Event::Entry(Entry::C2cMessage { to, message }), Some(stamp))
                if !message.options.online_only =>
            {
                let peer = if message.from.user == *user { to } else { &message.from.user };
                self.pairs.hear(peer, stamp)
            }
            (Event::Entry(Entry::Notice { .. } | Entry::Mark { .. }), Some(stamp)) => {
                self.notices.hear(stamp)
            }
            // What is kept nowhere or in the log of a group, or beside a log.
            _ => event.aside().is_none_or(|aside| self.asides.hear(aside)),
        }
    }
}

/// Clocks of instances may differ by so many milliseconds.
pub const CLOCK_DIFFERENCE: u64 = 2_000;

/// How long it is remembered what was said with a peer, in milliseconds. An announcement is made again when the message
/// is sent again, which counts as the same message for ten minutes.
const REMEMBERED: u64 = 15 * 60 * 1000;

/// So many peers are remembered without a look at when they last said something.
const FEW_PAIRS: usize = 64;

/// Peers that are remembered at most. Beyond them those who have been silent for longest are forgotten, however shortly
/// that is; what they said within [`CLOCK_DIFFERENCE`] of that may be told again after a loss.
const MOST_PAIRS: usize = 4096;

/// What a user heard of the talk with each peer who said something lately.
///
/// Of a peer who is not remembered everything up to a time counts as heard: the events of a topic are numbered, so while
/// none is missing what is older was either heard or never announced.
#[derive(Clone, Debug)]
pub struct Pairs {
    since: Millis,
    windows: HashMap<UserId, HeardWindow>,
    /// When there are so many, it is looked whom to forget.
    full_at: usize,
}

impl Pairs {
    /// Nothing was heard; what was said up to `since` does not count.
    pub fn new(since: Millis) -> Self {
        Self { since, windows: HashMap::new(), full_at: FEW_PAIRS }
    }

    /// Up to here everything that peers said who are not remembered counts as heard.
    pub fn since(&self) -> Millis {
        self.since
    }

    pub fn with(&self, peer: &UserId) -> Option<&HeardWindow> {
        self.windows.get(peer)
    }

    /// Whether it was heard, or said before it would have been.
    pub fn has(&self, peer: &UserId, stamp: Stamp) -> bool {
        let is_before = stamp.at.0 + CLOCK_DIFFERENCE < self.since.0;
        is_before || self.with(peer).is_some_and(|heard| heard.has(stamp))
    }

    /// False when it was heard before.
    pub fn hear(&mut self, peer: &UserId, stamp: Stamp) -> bool {
        match self.windows.get_mut(peer) {
            Some(window) => window.hear(stamp),
            None => self.windows.entry(peer.clone()).or_default().hear(stamp),
        }
    }

    /// Forgets peers who have been silent for long, where there are many. To be called while nothing is missing.
    pub fn forget_silent(&mut self) {
        if self.windows.len() < self.full_at {
            return;
        }
        let mut spoke: Vec<Millis> = self.windows.values().map(HeardWindow::newest).collect();
        spoke.sort_unstable();
        let newest = spoke.last().copied().unwrap_or_default();
        self.forget_until(Millis(newest.0.saturating_sub(REMEMBERED)), CLOCK_DIFFERENCE);
        if self.windows.len() >= MOST_PAIRS {
            self.forget_until(spoke[spoke.len() - MOST_PAIRS / 2], 0);
        }
        self.full_at = (2 * self.windows.len()).clamp(FEW_PAIRS, MOST_PAIRS);
    }

    /// Forgets peers who have said nothing since `difference` before a time.
    fn forget_until(&mut self, time: Millis, difference: u64) {
        self.since = self.since.max(time);
        // What is read again is read from as long before the time as clocks differ: it must be known.
        self.windows.retain(|_, window| window.newest().0 + 2 * difference >= time.0);
    }
}

/// Entries that a window remembers.
const WINDOW: usize = 64;

/// The entries of a log that were heard last, by their numbers: those before them count as heard.
///
/// With their times, because a number alone says too little: a store that was restored, or a replica that took over,
/// may have forgotten entries, and give their numbers to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeardWindow(VecDeque<Stamp>);

impl HeardWindow {
    pub fn from_end(end: Stamp) -> Self {
        let mut window = Self::default();
        if end.seq > Seq::ZERO {
            window.hear(end);
        }
        window
    }

    pub fn has(&self, stamp: Stamp) -> bool {
        // What is so far back was heard, or stood there before.
        let is_old = || self.0.len() == WINDOW && self.0.front().is_some_and(|least| least.seq > stamp.seq);
        self.0.contains(&stamp) || is_old()
    }

    /// False when it was heard before.
    pub fn hear(&mut self, stamp: Stamp) -> bool {
        if self.has(stamp) {
            return false;
        }
        // The least number goes, whenever it was heard: while one below it stayed, what goes would count as missed.
        if self.0.len() == WINDOW {
            self.0.pop_front();
        }
        let place = self.0.partition_point(|heard| heard.seq <= stamp.seq);
        self.0.insert(place, stamp);
        true
    }

    /// The time of the latest; zero when nothing was heard.
    fn newest(&self) -> Millis {
        self.0.iter().map(|heard| heard.at).max().unwrap_or_default()
    }

    /// From the least to the greatest number; nothing when nothing was heard.
    pub fn range(&self) -> Option<(Seq, Seq)> {
        Some((self.0.front()?.seq, self.0.back()?.seq))
    }

    /// Forgets what the log does not have any more, and gives the first number of that. `kept` are its entries in the
    /// window's range and `end` its end; entries that are too old to be kept do not count.
    pub fn forget_lost(&mut self, kept: &[Stamp], end: Seq) -> Option<Seq> {
        let is_lost = |heard: &Stamp| {
            heard.seq > end || kept.iter().any(|kept| kept.seq == heard.seq && kept.at != heard.at)
        };
        let first = self.0.iter().filter(|heard| is_lost(heard)).map(|heard| heard.seq).min()?;
        self.0.retain(|heard| heard.seq < first);
        Some(first)
    }
}

/// What happened in a group after a place.
#[derive(Debug)]
pub enum MissedInGroup {
    /// At most a page: ask again from the new place until a page is empty.
    Events(Vec<(Stamp, Event)>, GroupPlace),
    /// Another epoch of the group has begun, of which this is the place.
    Anew(GroupPlace),
    /// There is no such group any more.
    Gone,
}

/// What a follower of a user's topic has missed.
#[derive(Debug, Default)]
pub struct MissedByUser {
    /// Notices in their order, and what happened with each peer and in each group in its order.
    pub events: Vec<(Stamp, Event)>,
    /// The groups of the user.
    pub groups: Vec<Membership>,
    /// When it was read.
    pub read_at: Millis,
}

/// How much of what it missed a device is told.
#[derive(Clone, Copy, Debug)]
pub struct MostMissed {
    /// Of one conversation.
    pub messages: usize,
    /// Of all of them together, about.
    pub bytes: usize,
}

/// What a device missed that was away.
#[derive(Debug, Default)]
pub struct MissedByDevice {
    /// What it is told, in order.
    pub events: Vec<(Stamp, Event)>,
    /// What it is told when it has come to the end of those: what was recalled and read of groups that may be new to it. An SDK
    /// asks what such a group is before it puts a message of it anywhere, and finds nothing to recall meanwhile.
    pub late: Vec<(Stamp, Event)>,
    /// How many conversations it has to read anew, because it missed more in them than it is told. The first of the events
    /// has it do so.
    pub anew: usize,
}

/// Where a topic of a group stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlace {
    pub topic: TopicId,
    /// The last number of what was said before a time.
    pub before: Seq,
    /// The last number.
    pub end: Seq,
}

/// A group of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub group: GroupId,
    /// Whether its members talk in topics.
    pub has_topics: bool,
    pub joined_at: Millis,
    /// The group's last number when the user came.
    pub joined_after: Seq,
    /// Whether what was said before is hidden from the user.
    pub hides_earlier: bool,
}

impl Membership {
    /// The number up to which everything is hidden from the user.
    pub fn hidden(&self) -> Seq {
        if self.hides_earlier { self.joined_after } else { Seq::ZERO }
    }
}

/// A device, as its connection knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceClaim {
    pub id: DeviceId,
    pub platform: u32,
    /// When it logged in.
    pub since: Millis,
}

/// Why a device is logged in no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Kicked(KickReason),
    /// Nothing is known of the log-in: the store was lost, or is an older state of itself. There is no push that says so; a
    /// call is answered that the session has expired.
    Forgotten,
}

/// The store did not answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Answers from the store what the bus may have lost. May be asked anything twice.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// Where a group, or a topic of it, stands now; `None` when there is none such.
    async fn group_place(&self, app: AppId, group: &ChannelId) -> Result<Option<GroupPlace>, SourceError>;

    /// The topics of a group, in which its members talk, and where they stood at a time; where none is given, where they
    /// stand now.
    async fn topics(
        &self,
        app: AppId,
        group: &GroupId,
        at: Option<Millis>,
    ) -> Result<Vec<TopicPlace>, SourceError>;

    /// The last number of an epoch of a group.
    async fn group_end(&self, app: AppId, group: &ChannelId, epoch: &Bytes) -> Result<Seq, SourceError>;

    /// Numbers and times of the entries from one number to another, as far as they are kept.
    async fn group_stamps(
        &self,
        app: AppId,
        group: &ChannelId,
        epoch: &Bytes,
        range: (Seq, Seq),
    ) -> Result<Vec<Stamp>, SourceError>;

    /// What a follower at `from` has missed but for recalls of what they have heard, oldest first.
    async fn missed_in_group(
        &self,
        app: AppId,
        group: &ChannelId,
        from: &GroupPlace,
    ) -> Result<MissedInGroup, SourceError>;

    /// Recalls in an epoch of a group after `after`. Some of them may have been heard.
    async fn recalled_in_group(
        &self,
        app: AppId,
        group: &ChannelId,
        epoch: &Bytes,
        after: RecallMark,
    ) -> Result<Recalls, SourceError>;

    /// Where a user's topic stands now.
    async fn user_place(&self, app: AppId, user: &UserId) -> Result<UserPlace, SourceError>;

    /// What a follower at `from` has missed, as far as the store keeps it.
    async fn missed_by_user(
        &self,
        app: AppId,
        user: &UserId,
        from: &UserPlace,
    ) -> Result<MissedByUser, SourceError>;

    /// What a device has missed that had everything said before a time.
    async fn missed_by_device(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceId,
        since: Millis,
        most: MostMissed,
    ) -> Result<MissedByDevice, SourceError>;

    /// The groups of a user.
    async fn groups_of(&self, app: AppId, user: &UserId) -> Result<Vec<Membership>, SourceError>;

    /// Why a device is logged in no more; `None` while it is.
    async fn ended(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceClaim,
    ) -> Result<Option<Ended>, SourceError>;

    /// What is kept of a user's account in memory is out of date.
    fn account_changed(&self, app: AppId, user: &UserId);

    /// The rooms that a device is in.
    async fn rooms_of(&self, _visitor: &Visitor) -> Result<Vec<RoomStay>, SourceError> {
        Ok(Vec::new())
    }

    /// A device is in a room on this instance. To be told at once, and in order with [`went`](Source::went).
    fn came(&self, _visitor: &Visitor, _stay: &RoomStay, _coming: Coming) {}

    /// A device is in a room on this instance no more.
    fn went(&self, _visitor: &Visitor, _room: &GroupId, _going: Going) {}

    /// Something happened on a group's topic that stands in no log.
    fn heard(&self, _delivery: &Delivery) {}

    /// It is to be said how many users follow a group here.
    fn roll_called(&self, _topic: &Topic) {}

    /// Which topics are to be heard though nobody follows them.
    fn wishes(&self) -> Option<Arc<Wishes>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(seq: u64, at: u64) -> Stamp {
        Stamp { seq: Seq(seq), at: Millis(at) }
    }

    #[test]
    fn an_entry_is_heard_once_in_any_order() {
        let mut window = HeardWindow::default();
        assert!(window.hear(stamp(100, 1)));
        assert!(!window.hear(stamp(100, 1)));
        assert!(window.hear(stamp(99, 1)), "what came late is news");
        assert!(window.hear(stamp(100, 2)), "the number of an entry that was forgotten");
        for seq in 101..=200 {
            assert!(window.hear(stamp(seq, 3)));
        }
        assert!(!window.hear(stamp(99, 1)), "too far back to know");
        assert_eq!(window.range(), Some((Seq(137), Seq(200))));
    }

    /// Of two instances one may say its entry first and announce it last.
    #[test]
    fn what_was_heard_out_of_order_is_heard_for_ever() {
        let mut window = HeardWindow::default();
        for seq in (1..=200).step_by(2) {
            assert!(window.hear(stamp(seq + 1, 1)));
            assert!(window.hear(stamp(seq, 1)));
            assert!((1..=seq + 1).all(|seq| window.has(stamp(seq, 1))), "{seq}");
        }
    }

    #[test]
    fn what_a_log_lost_is_found_though_it_has_grown_again() {
        let mut window = HeardWindow::default();
        for seq in 1..=5 {
            window.hear(stamp(seq, seq));
        }
        let kept = [stamp(2, 2), stamp(3, 3), stamp(4, 40), stamp(5, 50), stamp(6, 60)];
        assert_eq!(window.clone().forget_lost(&kept, Seq(6)), Some(Seq(4)));
        assert_eq!(window.clone().forget_lost(&kept[..2], Seq(3)), Some(Seq(4)));
        let same = [stamp(4, 4), stamp(5, 5)];
        assert_eq!(window.forget_lost(&same, Seq(5)), None);
        assert_eq!(window.range(), Some((Seq(1), Seq(5))));
    }

    fn peer(number: usize) -> UserId {
        UserId::parse(&format!("peer{number}")).unwrap()
    }

    #[test]
    fn a_talk_is_remembered_as_long_as_it_may_come_again() {
        let mut pairs = Pairs::new(Millis(1));
        let minute = |number: usize| 60_000 * (1 + number as u64);
        for number in 0..10_000 {
            assert!(pairs.hear(&peer(number), stamp(1, minute(number))));
            pairs.forget_silent();
            // Ten minutes later it is announced again.
            if let Some(earlier) = number.checked_sub(10) {
                assert!(!pairs.hear(&peer(earlier), stamp(1, minute(earlier))), "{number}");
            }
            assert!(pairs.windows.len() <= FEW_PAIRS, "one a minute");
        }
        // Who is forgotten said nothing after the time up to which all is taken for heard, or in what clocks differ.
        for number in 0..10_000 {
            let is_known = pairs.with(&peer(number)).is_some();
            assert!(is_known || minute(number) + CLOCK_DIFFERENCE < pairs.since().0);
        }
    }

    #[test]
    fn however_many_talk_at_once_few_are_remembered() {
        let mut pairs = Pairs::new(Millis(1));
        for number in 0..100_000 {
            pairs.hear(&peer(number), stamp(1, 1_000_000 + number as u64 / 100));
            pairs.forget_silent();
            assert!(pairs.windows.len() <= MOST_PAIRS);
        }
        assert!(pairs.windows.len() >= MOST_PAIRS / 2);
        assert!(pairs.with(&peer(99_999)).is_some(), "the latest are");
    }

    #[test]
    fn a_few_are_remembered_for_ever() {
        let mut pairs = Pairs::new(Millis(1));
        for number in 0..FEW_PAIRS - 1 {
            pairs.hear(&peer(number), stamp(1, 1_000 * number as u64));
        }
        pairs.hear(&peer(0), stamp(2, u64::MAX));
        pairs.forget_silent();
        assert_eq!((pairs.windows.len(), pairs.since()), (FEW_PAIRS - 1, Millis(1)));
    }
}

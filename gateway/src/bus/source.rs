//! What the store knows about a topic: asked by who follows it and may have missed something.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::id::{AppId, GroupId, Millis, Seq, UserId};
use protocol::session::KickReason;

use super::{DeviceId, Event, Stamp};

/// How far a group was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPlace {
    /// A group that was dismissed and made anew has another.
    pub life: Bytes,
    /// The last number that was heard.
    pub seq: Seq,
    /// Recalls were heard up to here.
    pub at: Millis,
}

/// How far a user's topic was followed.
#[derive(Clone, Debug)]
pub struct UserPlace {
    /// The last notice that was heard.
    pub notice: Seq,
    /// What was heard of the talk with each peer who said something.
    pub pairs: HashMap<UserId, Heard>,
    /// Since when the topic is followed.
    pub since: Millis,
}

/// Which of the latest numbers of a log were heard. Events of one log may come by several ways, so not always in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    last: Seq,
    /// Bit `n` is set when `last - n` was heard.
    recent: u64,
}

impl Heard {
    /// The greatest number that was heard.
    pub fn last(&self) -> Seq {
        self.last
    }

    pub fn has(&self, seq: Seq) -> bool {
        match self.last.0.checked_sub(seq.0) {
            Some(back @ 0..64) => self.recent >> back & 1 == 1,
            // What is so far back was heard, or stood there before.
            Some(_) => true,
            None => false,
        }
    }

    /// False when it was heard before.
    pub fn hear(&mut self, seq: Seq) -> bool {
        if self.has(seq) {
            return false;
        }
        if seq > self.last {
            let ahead = seq.0 - self.last.0;
            self.recent = if ahead < 64 { self.recent << ahead } else { 0 };
            self.last = seq;
        }
        self.recent |= 1 << (self.last.0 - seq.0);
        true
    }
}

/// What happened in a group after a place.
#[derive(Debug)]
pub enum MissedInGroup {
    /// At most a page: ask again from the new place until a page is empty.
    Events(Vec<(Stamp, Event)>, GroupPlace),
    /// Another life of the group has begun, of which this is the place.
    Anew(GroupPlace),
    /// There is no such group any more.
    Gone,
}

/// What is kept of the events of a user's topic after a place.
#[derive(Debug)]
pub struct MissedByUser {
    /// Notices in their order, and what was said with each peer in its order.
    pub events: Vec<(Stamp, Arc<Event>)>,
    /// The number of the user's last notice.
    pub last_notice: Seq,
    /// Peers with whom less was said than was heard: the store was restored.
    pub gone_back: Vec<UserId>,
}

/// A group of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub group: GroupId,
    pub joined_at: Millis,
    /// The group's last number when the user came.
    pub joined_after: Seq,
}

/// A device, as its connection knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceClaim {
    pub id: DeviceId,
    pub platform: u32,
    /// When it logged in.
    pub since: Millis,
}

/// The store did not answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Answers from the store what the bus may have lost. May be asked anything twice.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// Where a group stands now; `None` when there is no such group.
    async fn group_place(&self, app: AppId, group: &GroupId) -> Result<Option<GroupPlace>, SourceError>;

    /// The last number of a life of a group.
    async fn group_head(&self, app: AppId, group: &GroupId, life: &Bytes) -> Result<Seq, SourceError>;

    /// What a follower at `from` has missed, oldest first; recalls only when `recalls` asks for them.
    async fn missed_in_group(
        &self,
        app: AppId,
        group: &GroupId,
        from: &GroupPlace,
        recalls: bool,
    ) -> Result<MissedInGroup, SourceError>;

    /// Where a user's topic stands now.
    async fn user_place(&self, app: AppId, user: &UserId) -> Result<UserPlace, SourceError>;

    /// What is kept of the events that a follower at `from` has missed.
    async fn missed_by_user(
        &self,
        app: AppId,
        user: &UserId,
        from: &UserPlace,
    ) -> Result<MissedByUser, SourceError>;

    /// The groups of a user.
    async fn groups_of(&self, app: AppId, user: &UserId) -> Result<Vec<Membership>, SourceError>;

    /// Why a device is logged in no more; `None` while it is.
    async fn ended(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceClaim,
    ) -> Result<Option<KickReason>, SourceError>;

    /// What is kept of a user's account in memory is out of date.
    fn account_changed(&self, app: AppId, user: &UserId);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_heard_once_in_any_order() {
        let mut heard = Heard::default();
        assert!(heard.hear(Seq(100)));
        assert!(!heard.hear(Seq(100)));
        assert!(heard.hear(Seq(99)), "what came late is news");
        assert!(!heard.hear(Seq(99)));
        assert!(heard.hear(Seq(163)));
        assert!(!heard.hear(Seq(100)));
        assert!(heard.hear(Seq(101)));
        assert!(!heard.hear(Seq(99)), "too far back to know");
        assert!(heard.hear(Seq(1000)));
        assert!(heard.has(Seq(163)));
        assert!(!heard.has(Seq(999)));
        assert_eq!(heard.last(), Seq(1000));
    }

    #[test]
    fn the_first_number_of_a_log_is_news() {
        let mut heard = Heard::default();
        assert!(heard.hear(Seq(1)));
        assert!(!heard.hear(Seq(1)));
    }
}

//! Rooms: groups in which one is by being there. Who is there, the hub knows; what that means, whoever keeps the rooms does.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::id::{AppId, GroupId, Millis, UserId};
use tokio::sync::Notify;

use super::{DeviceId, Topic};

/// That a device is in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomStay {
    pub room: GroupId,
    /// A room that was dismissed and made anew has another.
    pub epoch: u64,
    pub since: Millis,
    /// Whether it is pushed what is told there; where it is not, it asks.
    pub is_pushed: bool,
}

/// A device of a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Visitor {
    pub app: AppId,
    pub user: UserId,
    pub device: DeviceId,
}

/// How a device comes to be in a room on this instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coming {
    Joined,
    /// It was in it, and is connected again.
    Back,
}

/// How a device ceases to be in a room on this instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// It left, or its session has ended.
    Left,
    /// Its connection is gone: it may come back, here or on another instance.
    Away,
    /// It was put out, or the room is gone: that is told otherwise.
    Out,
}

/// Knows who follows a topic on this instance.
pub trait Audience: Send + Sync + 'static {
    /// How many users do.
    fn users(&self, topic: &Topic) -> u64;
}

/// Which topics are to be heard though nobody who is connected here follows them, and which not any more. Of each topic the
/// last wish alone is kept, so there are never more than topics.
#[derive(Debug, Default)]
pub struct Wishes {
    pending: Mutex<HashMap<Topic, bool>>,
    news: Notify,
}

impl Wishes {
    /// Wishes that a topic is heard, or need not be.
    pub fn wish(&self, topic: Topic, is_wanted: bool) {
        self.pending().insert(topic, is_wanted);
        self.news.notify_one();
    }

    /// What is wished anew, when there is something. To be asked by one alone.
    pub async fn next(&self) -> HashMap<Topic, bool> {
        loop {
            let wished = std::mem::take(&mut *self.pending());
            if !wished.is_empty() {
                return wished;
            }
            // One wish that comes meanwhile is remembered by it.
            self.news.notified().await;
        }
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<Topic, bool>> {
        // Nothing under this lock can panic half-way through a change.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::ChannelId;

    use super::*;

    #[tokio::test]
    async fn of_each_topic_the_last_wish_is_kept() {
        let topic = |id| Topic::Group(AppId(1), ChannelId::parse(id).unwrap());
        let wishes = Wishes::default();
        for _ in 0..1000 {
            wishes.wish(topic("a"), true);
            wishes.wish(topic("a"), false);
        }
        wishes.wish(topic("b"), true);
        assert_eq!(wishes.next().await, HashMap::from([(topic("a"), false), (topic("b"), true)]));
        let (later, ()) = tokio::join!(wishes.next(), async { wishes.wish(topic("a"), true) });
        assert_eq!(later, HashMap::from([(topic("a"), true)]));
    }
}

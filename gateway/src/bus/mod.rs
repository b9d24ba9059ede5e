//! How a stored change reaches the connections that want to hear of it, on this node and on others.
//!
//! The bus may lose an event, the store may not: an event of a log carries its number and time, so that a
//! receiver can see that one is missing and read it from the store.

mod aside;
mod event;
mod liveness;
mod local;
mod passing;
mod receiver;
mod redis;
mod room;
mod source;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::id::{AppId, ChannelId, Millis, Seq, UserId};
use serde::{Deserialize, Serialize};

pub use aside::{Aside, AsideOf, HeardAsides, ReadTo};
pub use event::{Control, DeviceId, Entry, Event, Origin, Passing, Push};
pub use liveness::{Liveness, SingleInstance};
pub use local::LocalBus;
pub use passing::{Pass, Passed};
pub use receiver::{Receiver, channel};
#[cfg(test)]
pub(crate) use redis::channels::LAST_PASSED;
pub(crate) use redis::channels::{LAST_OFFSET, channel_of, hash_of, part_of, tag_of};
#[cfg(feature = "internals")]
pub use redis::read_payload;
pub(crate) use redis::{PUBLISH, take_apart};
pub use redis::{RedisBus, RedisLiveness};
pub use room::{Audience, Coming, Going, RoomStay, Visitor, Wishes};
pub use source::{
    CLOCK_DIFFERENCE, DeviceClaim, Ended, GroupPlace, HeardWindow, Membership, MissedByDevice, MissedByUser,
    MissedInGroup, MostMissed, Pairs, RecallMark, Recalls, Source, SourceError, TopicPlace, UserPlace,
};

/// Where an event is sent: to all devices of a user, or to all who follow a group, or a part of one in which they talk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    User(AppId, UserId),
    Group(AppId, ChannelId),
}

/// Where in a log the event's entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    pub seq: Seq,
    pub at: Millis,
}

/// How a receiver sees that an event of a topic is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// The carrier loses nothing.
    Unneeded,
    /// The event tells of an entry of the topic's own log: the stamp's number follows that of the entry before.
    Entry,
    /// Follows the offset of the last event of the topic that had one.
    Offset(u64),
}

/// An event on its way.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub topic: Topic,
    /// Present when the event tells of a log entry.
    pub stamp: Option<Stamp>,
    pub numbering: Numbering,
    pub event: Arc<Event>,
}

/// What a node receives.
#[derive(Clone, Debug)]
pub enum Incoming {
    Event(Delivery),
    /// Events of the topic may have been lost; from here on they come again.
    Suspect(Topic),
}

/// The carrier could not be asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the bus did not answer: {0}")]
pub struct BusError(pub String);

/// Carries events to every node that follows their topic.
///
/// Events published for one topic arrive in the order they were published in, but for those that are lost.
/// A loss shows in the [`Numbering`] of the next event, in [`Bus::last_offset`], or is told as [`Incoming::Suspect`].
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Sends an event that belongs to no stored change. Waits while the receivers are behind.
    async fn publish(&self, topic: Topic, stamp: Option<Stamp>, event: Arc<Event>);

    /// Sends an event that is kept nowhere, with the next number of its topic: its receivers get those of a topic in the
    /// order of their numbers, which no instance gives twice. What is sent again under the same token within
    /// `PASSED_WINDOW_MS` is not told again, and has the number of the first. Waits while the receivers are behind. When it
    /// fails it may have been told.
    async fn pass(&self, pass: Pass) -> Result<Passed, BusError>;

    /// Has this instance say something of a topic to whoever asks, until it says something else; nothing takes it back. It is
    /// forgotten after `lifetime` where it is not said again.
    async fn note(&self, topic: &Topic, note: Option<Bytes>, lifetime: Duration) -> Result<(), BusError>;

    /// What instances say of a topic, and which of them: also such as have died.
    async fn notes(&self, topic: &Topic) -> Result<Vec<(u64, Bytes)>, BusError>;

    /// Has all instances remember something for `lifetime`. Where there is one it remembers by itself, and nothing is done.
    async fn remember(&self, _name: [u8; 16], _value: Bytes, _lifetime: Duration) -> Result<(), BusError> {
        Ok(())
    }

    /// What an instance had remembered under a name.
    async fn remembered(&self, _name: [u8; 16]) -> Result<Option<Bytes>, BusError> {
        Ok(None)
    }

    /// From the return of this call on, events of `topic` are received.
    /// While the carrier is away the call returns all the same, and [`Incoming::Suspect`] comes once they are.
    async fn follow(&self, topic: &Topic);

    /// Events of `topic` may stop coming. Waits for nothing: whoever follows a topic and whoever unfollows it may order
    /// that by a lock.
    fn unfollow(&self, topic: &Topic);

    /// Whether so much waits for the hub, for so long, that nothing more should be said for now.
    fn is_behind(&self) -> bool;

    /// Whether events can be lost. Where they cannot, nobody asks for offsets.
    fn can_lose(&self) -> bool;

    /// The offset of the topic's last event; 0 where there was none.
    async fn last_offset(&self, topic: &Topic) -> Result<u64, BusError>;
}

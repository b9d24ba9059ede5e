//! How a stored change reaches the connections that want to hear of it, on this node and on others.
//!
//! The bus may lose an event, the store may not: an event of a log carries its number and time, so that a
//! receiver can see that one is missing and read it from the store.

mod event;
mod local;

use std::sync::Arc;

use async_trait::async_trait;
use protocol::id::{AppId, GroupId, Millis, Seq, UserId};

pub use event::{DeviceId, Event};
pub use local::LocalBus;

/// Where an event is sent: to all devices of a user, or to all who follow a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    User(AppId, UserId),
    Group(AppId, GroupId),
}

/// Where in a log the event's entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub seq: Seq,
    pub at: Millis,
}

/// An event on its way.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub topic: Topic,
    /// Present when the event tells of a log entry.
    pub stamp: Option<Stamp>,
    pub event: Arc<Event>,
}

/// Carries events to every node that follows their topic.
///
/// Events published for one topic arrive in the order they were published in, as long as none is lost.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Sends an event that belongs to no stored change. Waits while the receivers are behind.
    async fn publish(&self, delivery: Delivery);

    /// From the return of this call on, events of `topic` are received.
    async fn follow(&self, topic: &Topic);

    /// Events of `topic` may stop coming.
    async fn unfollow(&self, topic: &Topic);
}

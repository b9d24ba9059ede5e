//! Rooms: groups in which one is by being there. Who is there, the hub knows; what that means, whoever keeps the rooms does.

use protocol::id::{AppId, GroupId, Millis, UserId};

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

/// Whether what is told on a topic is to be heard though nobody who is connected here follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub topic: Topic,
    pub is_wanted: bool,
}

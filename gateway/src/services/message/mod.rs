//! Saying things, taking them back, reading them.

mod c2c;
mod group;
mod said;
mod sender_order;

use protocol::id::{Millis, UserId};
use protocol::message::{Body, ClientNumbers, Mention, Options, Priority};

use super::decide::Refused;
use super::group::GroupError;
use super::rates::TooOften;
use crate::bus::Topic;
use crate::storage::{LogEnd, StorageError};

pub use c2c::{C2cError, C2cMessages, Direction, key_of};
pub use group::{GroupHistory, GroupMessages, NotRecalled, Pin, RecallOutcome};

/// What somebody wants to say.
#[derive(Clone, Debug)]
pub struct Draft {
    pub from: UserId,
    /// With the sender it marks a repetition.
    pub random: u64,
    /// The client's own number.
    pub client_seq: u64,
    /// Unix seconds by the client's clock; the server's where it gave none.
    pub client_time: Option<u64>,
    pub priority: Priority,
    pub body: Body,
    pub cloud_custom_data: String,
    pub mentions: Vec<Mention>,
    pub options: Options,
}

impl Draft {
    pub fn numbers(&self) -> ClientNumbers {
        ClientNumbers { random: self.random, client_seq: self.client_seq }
    }
}

/// A message that was said.
#[derive(Clone, Debug)]
pub struct SentMessage {
    /// By what its client tells it from others that it says.
    pub numbers: ClientNumbers,
    /// The group's topic, or that of the other of two users.
    pub conversation: Topic,
    /// Its number and time; of the first one, when it is a repetition.
    pub end: LogEnd,
    /// Whether it is told now to those who follow where it was said, and so comes to its own sender in its turn.
    pub is_told: bool,
    /// Whether it stands in a log, so that its answer has a place among what others say.
    pub is_in_order: bool,
}

/// Why a message was not sent or a history not told.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    #[error(transparent)]
    Group(#[from] GroupError),
    /// The sender may not speak now.
    #[error("the sender is muted")]
    Muted,
    #[error("the message is too long")]
    TooLong,
    /// So much is kept already of what was said in the group.
    #[error("no room is left in the group")]
    NoRoom,
    /// More is said than can be brought to its hearers. Nothing was stored.
    #[error("too fast")]
    TooFast,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error("groups of this type keep no history")]
    NoHistory,
    #[error("messages of groups of this type cannot be deleted")]
    NotDeleted,
    #[error("too many mentions")]
    TooManyMentions,
    #[error("too many messages are pinned")]
    TooManyPins,
    #[error("the message is pinned already")]
    PinnedAlready,
}

impl From<StorageError> for MessageError {
    fn from(error: StorageError) -> Self {
        Self::Group(GroupError::Storage(error))
    }
}

impl From<Refused> for MessageError {
    fn from(refused: Refused) -> Self {
        match refused {
            // The only count of a message.
            Refused::Bound(_) => Self::NoRoom,
            Refused::Busy(_) => Self::Group(refused.into()),
        }
    }
}

/// Whether a message of `at` may still be recalled by users at `now`.
fn is_recallable(at: Millis, now: Millis, window_seconds: u64) -> bool {
    now.0.saturating_sub(at.0) <= window_seconds.saturating_mul(1000)
}

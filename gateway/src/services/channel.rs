//! Where something is said to all who are there: in a group, or in a part of one.

use std::sync::Arc;

use bytes::Bytes;

use crate::bus::{Event, Topic};
use crate::storage::{Batch, Log};

/// A place of a group in which its followers talk. What is said there is kept in a log of the group's partition and told on
/// a topic of the bus, whose events are numbered by that log: the log and the topic belong together, so nobody
/// pairs them but whoever makes the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub log: Log,
    pub topic: Topic,
}

impl Channel {
    /// Adds an entry to a batch of the channel's partition: kept in the log, told to the followers.
    #[must_use]
    pub fn say(&self, batch: Batch, entry: Bytes, event: impl Into<Arc<Event>>) -> Batch {
        batch.append(self.log.name.clone(), entry).announce(self.topic.clone(), event)
    }
}

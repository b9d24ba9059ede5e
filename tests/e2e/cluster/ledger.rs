//! What the clients noted down, outside of every server: what they said, what they were answered, what they heard.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// A conversation, as one user names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Target {
    Group(String),
    Peer(String),
}

impl Target {
    /// The conversation as it is stored, whoever names it.
    pub(crate) fn log_for(&self, user: &str) -> LogId {
        match self {
            Target::Group(id) => LogId::Group(id.clone()),
            Target::Peer(peer) => LogId::pair(user, peer),
        }
    }
}

/// A stored conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum LogId {
    Group(String),
    /// Two users, the lesser name first.
    Pair(String, String),
}

impl LogId {
    pub(crate) fn pair(one: &str, other: &str) -> Self {
        let (first, second) = if one < other { (one, other) } else { (other, one) };
        LogId::Pair(first.to_owned(), second.to_owned())
    }
}

/// A message on its way to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) target: Target,
    /// No two are alike.
    pub(crate) text: String,
    pub(crate) tries: u32,
    pub(crate) ack: Option<Ack>,
}

/// What the server promised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ack {
    /// The number in the group; between two users the server gives none.
    pub(crate) seq: Option<u64>,
    /// Unix seconds.
    pub(crate) time: u64,
    pub(crate) at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Push,
    History,
}

/// A message that a client was given.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) log: LogId,
    pub(crate) from: String,
    pub(crate) text: String,
    /// The number in the group, or that which the sender gave it.
    pub(crate) seq: u64,
    /// Unix seconds.
    pub(crate) time: u64,
    pub(crate) how: How,
    /// Which of the client's connections brought it.
    pub(crate) visit: usize,
    pub(crate) at: Instant,
}

/// A connection of a client.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) instance: usize,
    pub(crate) begun: Instant,
    /// What was the end of each conversation when it was read at the beginning of the visit: the text of its last
    /// message, if there was one. What came later is to be pushed.
    pub(crate) read: HashMap<LogId, Option<String>>,
    /// The moment and the close code of its end, if it ended before the client did.
    pub(crate) end: Option<(Instant, u16)>,
}

/// What one client noted down.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) targets: Vec<Target>,
    pub(crate) sent: Vec<Sending>,
    pub(crate) heard: Vec<Heard>,
    pub(crate) visits: Vec<Visit>,
    /// Answers that were errors: when and which.
    pub(crate) refusals: Vec<(Instant, u32)>,
    /// The longest that an answer took on a connection that stayed.
    pub(crate) slowest: Duration,
    /// What no gateway may do.
    pub(crate) faults: Vec<String>,
}

/// An entry of a stored conversation. Without a text it is a tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The number in the group; counted from 1 between two users.
    pub(crate) place: u64,
    pub(crate) said: Option<Said>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) from: String,
    pub(crate) text: String,
    /// Unix seconds.
    pub(crate) time: u64,
}

/// All stored conversations, oldest entry first.
pub(crate) type Logs = BTreeMap<LogId, Vec<Entry>>;

//! The tables, and how a key is written in them.
//!
//! A table is a kind of record. Its name in a store is one letter that never changes meaning;
//! a retired letter is not used again.

use std::fmt;

use bytes::Bytes;
use protocol::id::{AppId, GroupId, Seq, UserId};

/// What is kept. The comment gives the partition, the suffix and the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// user; nothing; the account: tiny id, profile, "not before".
    Account,
    /// user; platform; the device logged in there.
    Session,
    /// user; group id; that the user may be a member. A superset of the truth, which is `Member`.
    Joined,
    /// user; `u`peer or `g`group; the user's own view of a conversation: pinned, hidden.
    Conversation,
    /// pair; user; that the other of the two is on the user's list of friends, and what the user noted about them.
    /// user; number, peer; that the peer may be on the list. A superset of the truth, which is in the pair.
    Friend,
    /// group; nothing; the group's profile and its epoch.
    Group,
    /// group; epoch, user; the membership.
    Member,
    /// group; epoch, `0` the owner, `1` the others, `2` the admins among them, time of joining, user; the role: members in
    /// the order they came.
    Order,
    /// group; epoch, user; until when they may not speak. Until then it survives leaving and coming again.
    Mute,
    /// group; epoch, user; until when they may not come in.
    Ban,
    /// group; epoch, user; how the owner of a live room has marked them.
    Mark,
    /// user; device; the live rooms that the device is in. It goes when the device's session ends.
    Stay,
    /// user; group id; that the user may own that live room. A superset of the truth, which is `Group`.
    Owned,
    /// group; epoch, kind, user; that the user waits to be let in, or is asked whether they come.
    /// user; time, group, kind, user; that the user may have to decide about such an application. A superset of the truth.
    Application,
    /// group; epoch, `attributes`, `counters` or `pins`; what its members keep together.
    Shared,
    /// group; epoch, topic id; a topic of the group. group; epoch of a topic, user; what a member chose for it.
    Topic,
    /// group; epoch, name; a number kept by the store: of members, of bytes that are kept. pair; epoch, `bytes`, user; of
    /// bytes that are kept of what one of the two has said. group or pair; epoch, `given`; up to which entry bytes were given
    /// back. user; name; how many rows of a kind the user has, `friends` those of
    /// the index `Friend`.
    Counter,
    /// group or pair; epoch, user; how far the user has read.
    /// user; `notice`, device; which of the user's notices the device has acknowledged.
    Read,
    /// group or pair; epoch, sequence number; what happened to a message after it was sent.
    Annotation,
    /// group; epoch, sequence number; that a message mentions everybody.
    Mention,
    /// group or pair; epoch, microseconds; which message was recalled then.
    Recall,
    /// group or pair; epoch, user, sequence number; a message that one user deleted for themselves.
    /// user; `notice`, sequence number; a notice that the user has seen.
    Hidden,
    /// group or pair; epoch; the messages, in order. user; `notice`; their notices. A log, not a table of records.
    Message,
}

impl Table {
    pub const ALL: [Table; 23] = [
        Table::Account,
        Table::Session,
        Table::Joined,
        Table::Conversation,
        Table::Friend,
        Table::Group,
        Table::Member,
        Table::Order,
        Table::Mute,
        Table::Ban,
        Table::Mark,
        Table::Stay,
        Table::Owned,
        Table::Application,
        Table::Topic,
        Table::Shared,
        Table::Counter,
        Table::Read,
        Table::Annotation,
        Table::Mention,
        Table::Recall,
        Table::Hidden,
        Table::Message,
    ];

    /// The table's letter in every store.
    pub const fn letter(self) -> u8 {
        match self {
            Table::Account => b'a',
            Table::Session => b's',
            Table::Joined => b'j',
            Table::Conversation => b'c',
            Table::Friend => b'f',
            Table::Group => b'g',
            Table::Member => b'm',
            Table::Order => b'i',
            Table::Mute => b'q',
            Table::Ban => b'B',
            Table::Mark => b'M',
            Table::Stay => b'S',
            Table::Owned => b'O',
            Table::Application => b'p',
            Table::Topic => b'y',
            Table::Shared => b'b',
            Table::Counter => b'n',
            Table::Read => b'r',
            Table::Annotation => b'e',
            Table::Mention => b'x',
            Table::Recall => b'w',
            Table::Hidden => b'h',
            Table::Message => b't',
        }
    }
}

/// What commits together: one user, one group, or one pair of users, of one application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    app: AppId,
    name: Bytes,
}

impl Partition {
    pub fn user(app: AppId, user: &UserId) -> Self {
        Self { app, name: [b"u", user.as_str().as_bytes()].concat().into() }
    }

    pub fn group(app: AppId, group: &GroupId) -> Self {
        Self { app, name: [b"g", group.as_str().as_bytes()].concat().into() }
    }

    /// The same for `(a, b)` and `(b, a)`. Ids hold no control character, so a NUL parts them.
    pub fn pair(app: AppId, a: &UserId, b: &UserId) -> Self {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        Self { app, name: [b"p", a.as_str().as_bytes(), b"\0", b.as_str().as_bytes()].concat().into() }
    }

    /// The partition that has this [`name`](Partition::name): for an engine that reads it back from a key.
    pub fn named(app: AppId, name: Bytes) -> Self {
        Self { app, name }
    }

    /// Whose it is: one user, or the two of a pair; of a group, nobody.
    pub fn users(&self) -> Vec<UserId> {
        match self.name.split_first() {
            Some((b'u' | b'p', ids)) => {
                let names = ids.split(|byte| *byte == 0).map(String::from_utf8_lossy);
                names.filter_map(|name| UserId::parse(&name).ok()).collect()
            }
            _ => Vec::new(),
        }
    }

    pub fn app(&self) -> AppId {
        self.app
    }

    /// The name inside the application: a kind letter and the ids.
    pub fn name(&self) -> &[u8] {
        &self.name
    }
}

impl fmt::Display for Partition {
    /// As an operator reads it: `app 1400000000, group lobby`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, ids) = match self.name.split_first() {
            Some((b'u', ids)) => ("user", ids),
            Some((b'g', ids)) => ("group", ids),
            Some((b'p', ids)) => ("pair", ids),
            _ => ("partition", &self.name[..]),
        };
        let ids = String::from_utf8_lossy(ids).replace('\0', " and ");
        write!(f, "app {}, {kind} {}", self.app, ids.escape_debug())
    }
}

/// A record's place inside a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub table: Table,
    /// Compared as bytes: a scan gives keys in this order.
    pub suffix: Bytes,
}

impl Key {
    /// The key of a record that the entry with this number is found by, see [`super::Batch::index`].
    pub fn indexing(self, seq: Seq) -> Self {
        let suffix = [&self.suffix[..], &seq.0.to_be_bytes()].concat();
        Self { suffix: suffix.into(), ..self }
    }

    pub fn new(table: Table, suffix: impl Into<Bytes>) -> Self {
        Self { table, suffix: suffix.into() }
    }
}

/// A sequence of entries in a partition, numbered from 1 without a hole.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Log {
    pub partition: Partition,
    /// Tells the logs of one partition apart; a new life of the same group has a new name.
    pub name: Bytes,
}

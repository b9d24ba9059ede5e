//! How keys and channels are called.
//!
//! Everything of one partition has the same *tag*, `timgate:{1400000000/gROOM}`: the part in braces is what Redis
//! Cluster places a key by, so a script may touch all keys of a partition and publish to its channel.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `tag` | channel | the events of the user's or the group's topic |
//! | `tag:r` | hash | see below |
//! | `tag:i` | sorted set, all scores 0 | the names of the hash's records and counts, for scans |
//! | `tag:t:log` | stream | a log; the id is the entry's number and time, the field `b` its bytes |
//! | `tag:o:generation` | hash that expires | tokens of batches, and what each batch was answered |
//! | `timgate:{nodes}` | sorted set that expires | which instances live; the score is until when, in Unix milliseconds |
//! | `timgate:{probe}` | string that expires | nothing; it is written to see whether that works |
//!
//! The hash has nearly everything of a partition, so that a batch reads and writes it with one command each:
//!
//! | field | holds |
//! |---|---|
//! | table letter and suffix | a record: version (8 bytes, big-endian) and bytes; or a count: version and decimal number |
//! | `v` | the last version, 8 bytes |
//! | `d` | the version of the last write or deletion that messages could depend on, see [`is_decisive`] |
//! | `k` | the last turn of the topic, decimal |
//! | `o` | the generation of tokens whose hash was last told when it expires, decimal |
//! | `l` and a log's name | the id of the log's last entry |

use bytes::Bytes;
use protocol::id::AppId;

use crate::bus::Topic;
use crate::storage::{Key, Log, Partition, Table};

/// What all names begin with, so that several deployments can share a server.
#[derive(Clone, Debug)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The tag of a partition or topic: the application, and the name that is unique in it.
    pub fn tag(&self, app: AppId, name: &[u8]) -> Tag {
        let mut tag = format!("{}:{{{app}/", self.prefix).into_bytes();
        for &byte in name {
            // A brace would end the tag early, a colon could be taken for the one after it.
            if matches!(byte, b'{' | b'}' | b':' | b'%') {
                tag.extend_from_slice(format!("%{byte:02X}").as_bytes());
            } else {
                tag.push(byte);
            }
        }
        tag.push(b'}');
        Tag(tag)
    }

    /// A pattern, as `SCAN` takes it, of the keys of all logs.
    pub fn all_logs(&self) -> String {
        format!("{}:{{*}}:t:*", self.prefix)
    }

    /// The log that a key holds; nothing for a key that is called otherwise.
    pub fn log_of(&self, key: &[u8]) -> Option<Log> {
        let rest = key.strip_prefix(self.prefix.as_bytes())?.strip_prefix(b":{")?;
        let end = rest.iter().position(|&byte| byte == b'}')?;
        let (tag, rest) = rest.split_at(end);
        let name = rest.strip_prefix(b"}:t:")?;
        let slash = tag.iter().position(|&byte| byte == b'/')?;
        let app = std::str::from_utf8(&tag[..slash]).ok()?.parse().ok()?;
        let partition = percent_encoding::percent_decode(&tag[slash + 1..]).collect::<Vec<u8>>();
        let partition = Partition::named(AppId(app), partition.into());
        Some(Log { partition, name: Bytes::copy_from_slice(name) })
    }

    pub fn of_partition(&self, partition: &Partition) -> Tag {
        self.tag(partition.app(), partition.name())
    }

    /// A key that nothing else uses, to try whether it can be written.
    pub fn probe(&self) -> Vec<u8> {
        format!("{}:{{probe}}", self.prefix).into_bytes()
    }

    /// The instances that live.
    pub fn nodes(&self) -> Vec<u8> {
        format!("{}:{{nodes}}", self.prefix).into_bytes()
    }

    /// That of the partition of the user or the group.
    pub fn of_topic(&self, topic: &Topic) -> Tag {
        self.of_partition(&match topic {
            Topic::User(app, user) => Partition::user(*app, user),
            Topic::Group(app, group) => Partition::group(*app, group),
        })
    }
}

/// The common part of the names of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(Vec<u8>);

impl Tag {
    /// The channel of the topic with this tag.
    pub fn channel(&self) -> &[u8] {
        &self.0
    }

    /// Records, counts, versions, turns and the ends of logs.
    pub fn hash(&self) -> Vec<u8> {
        self.key(b":r", b"")
    }

    /// The fields of records and counts in their order.
    pub fn index(&self) -> Vec<u8> {
        self.key(b":i", b"")
    }

    /// A log.
    pub fn log(&self, name: &[u8]) -> Vec<u8> {
        self.key(b":t:", name)
    }

    /// The tokens of a generation.
    pub fn once(&self, generation: u64) -> Vec<u8> {
        self.key(b":o:", generation.to_string().as_bytes())
    }

    fn key(&self, kind: &[u8], rest: &[u8]) -> Vec<u8> {
        [&self.0, kind, rest].concat()
    }
}

/// The field of the last version.
pub const LAST_VERSION: &[u8] = b"v";

/// The field of the last version that messages could depend on.
pub const DECISIVE: &[u8] = b"d";

/// The field of the last generation of tokens.
pub const TOKENS: &[u8] = b"o";

/// Whether what is written to a table is such a version. The others change with each message that is read or recalled,
/// and are left out so that not every message has to look again.
pub fn is_decisive(table: Table) -> bool {
    !matches!(table, Table::Count | Table::Read | Table::Amendment | Table::Recall | Table::Hidden)
}

/// The field of the last turn of the topic.
pub const LAST_TURN: &[u8] = b"k";

/// The field of a record or count.
pub fn field(key: &Key) -> Vec<u8> {
    in_table(key.table, &key.suffix)
}

/// What the fields of a table's records and counts with a prefix begin with.
pub fn in_table(table: Table, prefix: &[u8]) -> Vec<u8> {
    [&[table.letter()], prefix].concat()
}

/// The field of the end of a log.
pub fn end_of_log(name: &[u8]) -> Vec<u8> {
    [b"l", name].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_reach_out_of_its_tag() {
        let keys = Keys::new("timgate");
        let tag = keys.tag(AppId(7), b"ga}:r%{");
        assert_eq!(tag.channel(), b"timgate:{7/ga%7D%3Ar%25%7B}");
        assert_eq!(tag.log(b"x"), b"timgate:{7/ga%7D%3Ar%25%7B}:t:x");
    }

    #[test]
    fn a_log_is_found_by_its_key() {
        let keys = Keys::new("timgate");
        let name = Bytes::from_static(b"\0:t:}%");
        let log = Log { partition: Partition::named(AppId(7), Bytes::from_static(b"pa}:r%\0{")), name };
        let key = keys.of_partition(&log.partition).log(&log.name);
        assert_eq!(keys.log_of(&key), Some(log));
        assert_eq!(keys.log_of(b"timgate:{7/ga}:r"), None);
        assert_eq!(keys.log_of(b"other:{7/ga}:t:x"), None);
    }

    #[test]
    fn no_table_is_called_like_another_field() {
        let others = [LAST_VERSION[0], DECISIVE[0], LAST_TURN[0], TOKENS[0], end_of_log(b"")[0]];
        assert!(Table::ALL.iter().all(|table| !others.contains(&table.letter())));
    }
}

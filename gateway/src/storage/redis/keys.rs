//! How keys and channels are called.
//!
//! Everything of one partition has the same *tag*, `timgate:{1400000000/gROOM}`: the part in braces is what Redis
//! Cluster places a key by, so a script may touch all keys of a partition and publish to its channel.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `tag` | channel | the events of the user's or the group's topic, see `bus/redis/channels.rs` |
//! | `tag:c:name` | channel | those of a part of the group |
//! | `tag:c:name:r` | hash | at `k` the last offset of such a topic, decimal |
//! | `tag:r` | hash | see below |
//! | `tag:i` | sorted set, all scores 0 | the names of the hash's records and counters, for scans |
//! | `tag:t:log` | stream | a log; the id is the entry's number and time, the field `b` its bytes |
//! | `tag:o:generation` | hash that expires | tokens of batches, and what each batch was answered |
//! | `timgate:{format}` | string | the number of the store's format, decimal, see [`crate::storage::format`] |
//! | `timgate:{epoch}`, `timgate:{epoch1}`, … | hash | in a slot of each master: what tells the store's epoch, see `epoch.lua` |
//! | such a key and `:h`, `:z`, `:s`, `:t` | any | nothing; they are written and deleted to see whether that is permitted |
//! | `timgate:{keys}` | sorted set that expires | marks of the secret keys that instances have, see `keys.lua` |
//! | `timgate:{probe}` | string that expires | nothing; it is written to see whether that works |
//!
//! The hash has nearly everything of a partition, so that a batch reads and writes it with one command each:
//!
//! | field | holds |
//! |---|---|
//! | table letter and suffix | a record: version (8 bytes, big-endian) and bytes; or a count: version and decimal number |
//! | `v` | the last version, 8 bytes |
//! | `d` | the version of the last write or deletion that messages could depend on, see [`affects_checks`] |
//! | `k` | the last offset of the topic, decimal |
//! | `y` | the last number of what was told on the topic and is kept nowhere, decimal |
//! | `o` | the generation of tokens whose hash was last told when it expires, decimal |
//! | `l` and a log's name | the id of the log's last entry |

use std::collections::HashMap;

use bytes::Bytes;
use protocol::id::AppId;

pub(super) use crate::bus::LAST_OFFSET;
pub(super) use crate::bus::part_of;
use crate::bus::{Topic, channel_of, hash_of, tag_of};
use crate::redis::{Address, Namespace, Topology, slot_of};
use crate::storage::{Key, Log, Partition, Table};

/// So many names are tried to find one in a slot of each master. One that has a thousandth of the slots is found as good as
/// always.
const MOST_TRIED: u32 = 8192;

/// The names of a deployment's keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    names: Namespace,
}

impl Keys {
    pub(crate) fn new(names: Namespace) -> Self {
        Self { names }
    }

    /// A pattern, as `SCAN` takes it, of the keys of all logs.
    pub(super) fn all_logs(&self) -> String {
        self.names.pattern(":t:*")
    }

    /// The log that a key holds; nothing for a key that is called otherwise.
    pub(super) fn log_of(&self, key: &[u8]) -> Option<Log> {
        let (tag, rest) = self.names.split(key)?;
        let name = rest.strip_prefix(b":t:")?;
        let slash = tag.iter().position(|&byte| byte == b'/')?;
        let app = std::str::from_utf8(&tag[..slash]).ok()?.parse().ok()?;
        let partition = Partition::named(AppId(app), Bytes::copy_from_slice(&tag[slash + 1..]));
        Some(Log { partition, name: Bytes::copy_from_slice(name) })
    }

    /// The tag of a partition: the application, and the name that is unique in it.
    pub(super) fn of_partition(&self, partition: &Partition) -> Tag {
        let app = format!("{}/", partition.app());
        Tag(self.names.key(&[app.as_bytes(), partition.name()].concat()))
    }

    /// That of the partition of the user or the group.
    pub(super) fn of_topic(&self, topic: &Topic) -> Tag {
        Tag(tag_of(&self.names, topic))
    }

    /// The hash in which the offsets of the topic are counted.
    pub(super) fn offsets_of(&self, topic: &Topic) -> Vec<u8> {
        hash_of(&channel_of(&self.names, topic))
    }

    /// The number of the store's format.
    pub(super) fn format(&self) -> Vec<u8> {
        self.names.key(b"format")
    }

    /// For each master a key in one of its slots.
    pub(super) fn of_masters(&self, topology: &Topology) -> HashMap<Address, Vec<u8>> {
        let masters = topology.masters().len();
        let mut found = HashMap::with_capacity(masters);
        for number in 0..MOST_TRIED {
            if found.len() == masters {
                break;
            }
            let name = if number == 0 { "epoch".to_owned() } else { format!("epoch{number}") };
            let key = self.names.key(name.as_bytes());
            if let Some(master) = topology.master_of(slot_of(&key)) {
                found.entry(master).or_insert(key);
            }
        }
        found
    }

    /// Which secret keys instances have.
    pub(super) fn secret_keys(&self) -> Vec<u8> {
        self.names.key(b"keys")
    }

    /// What all keys and channels begin with.
    pub(super) fn prefix(&self) -> &str {
        self.names.prefix()
    }

    /// A key that nothing else uses, to try whether it can be written.
    pub(super) fn probe(&self) -> Vec<u8> {
        self.names.key(b"probe")
    }
}

/// The common part of the names of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tag(Vec<u8>);

impl Tag {
    /// The channel of the topic with this tag.
    pub(super) fn channel(&self) -> &[u8] {
        &self.0
    }

    /// Records, counters, versions, offsets and the ends of logs.
    pub(super) fn hash(&self) -> Vec<u8> {
        hash_of(&self.0)
    }

    /// The fields of records and counters in their order.
    pub(super) fn index(&self) -> Vec<u8> {
        self.key(b":i", b"")
    }

    /// A log.
    pub(super) fn log(&self, name: &[u8]) -> Vec<u8> {
        self.key(b":t:", name)
    }

    /// The tokens of a generation.
    pub(super) fn idempotency_key(&self, generation: u64) -> Vec<u8> {
        self.key(b":o:", generation.to_string().as_bytes())
    }

    fn key(&self, kind: &[u8], rest: &[u8]) -> Vec<u8> {
        [&self.0, kind, rest].concat()
    }
}

/// The field of the last version.
pub(super) const LAST_VERSION: &[u8] = b"v";

/// The field of the last version that messages could depend on. The script alone reads and writes it.
#[cfg(test)]
const CHECKED: &[u8] = b"d";

/// The field of the last generation of tokens.
pub(super) const TOKENS: &[u8] = b"o";

/// Whether what is written to a table is such a version. The others change with each message that is read or recalled,
/// or beside what is one, and are left out so that not every message has to look again.
pub(super) fn affects_checks(table: Table) -> bool {
    !matches!(
        table,
        Table::Counter
            | Table::Read
            | Table::Annotation
            | Table::Mention
            | Table::Recall
            | Table::Hidden
            | Table::Order
    )
}

/// The field of a record or count.
pub(super) fn field(key: &Key) -> Vec<u8> {
    in_table(key.table, &key.suffix)
}

/// What the fields of a table's records and counters with a prefix begin with.
pub(super) fn in_table(table: Table, prefix: &[u8]) -> Vec<u8> {
    [&[table.letter()], prefix].concat()
}

/// The field of the end of a log.
pub(super) fn end_of_log(name: &[u8]) -> Vec<u8> {
    [b"l", name].concat()
}

#[cfg(test)]
mod tests {
    use protocol::id::{GroupId, TopicId, UserId};

    use super::*;

    fn keys() -> Keys {
        Keys::new(Namespace::new("timgate"))
    }

    #[test]
    fn a_log_is_found_by_its_key() {
        let keys = keys();
        let name = Bytes::from_static(b"\0:t:}%");
        let log = Log { partition: Partition::named(AppId(7), Bytes::from_static(b"pa}:r%\0{")), name };
        let key = keys.of_partition(&log.partition).log(&log.name);
        assert_eq!(key, b"timgate:{7/pa%7D%3Ar%25\0%7B}:t:\0:t:}%");
        assert_eq!(keys.log_of(&key), Some(log));
        assert_eq!(keys.log_of(b"timgate:{7/ga}:r"), None);
        assert_eq!(keys.log_of(b"other:{7/ga}:t:x"), None);
    }

    /// The script publishes to the channel whose name is the tag of the partition it writes to.
    #[test]
    fn a_topic_lies_with_its_partition() {
        let (keys, app) = (keys(), AppId(1_400_000_000));
        for name in ["alice", "a{b}", "%:x", "\u{7fa4}"] {
            let (user, group) = (UserId::parse(name).unwrap(), GroupId::parse(name).unwrap());
            let of_user = keys.of_topic(&Topic::User(app, user.clone()));
            assert_eq!(of_user, keys.of_partition(&Partition::user(app, &user)));
            let of_group = keys.of_topic(&Topic::Group(app, (&group).into()));
            assert_eq!(of_group, keys.of_partition(&Partition::group(app, &group)));
            assert_ne!(of_user, of_group);
        }
        let part = TopicId::parse("@TGS#_a{b}@TOPIC#_:r}").unwrap();
        let topic = Topic::Group(app, (&part).into());
        assert_eq!(keys.of_topic(&topic), keys.of_partition(&Partition::group(app, &part.group())));
        let channel = [keys.of_topic(&topic).channel(), b":c:@TOPIC#_:r}"].concat();
        assert_eq!(keys.offsets_of(&topic), [&channel[..], b":r"].concat());
        assert_eq!(slot_of(&channel), slot_of(keys.of_topic(&topic).channel()));
        assert_eq!(keys.log_of(&keys.offsets_of(&topic)), None);
    }

    #[test]
    fn no_table_is_called_like_another_field() {
        let passed = crate::bus::LAST_PASSED[0];
        let others = [LAST_VERSION[0], CHECKED[0], LAST_OFFSET[0], TOKENS[0], end_of_log(b"")[0], passed];
        assert!(Table::ALL.iter().all(|table| !others.contains(&table.letter())));
    }
}

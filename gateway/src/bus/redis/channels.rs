//! How the channel of a topic is called, and where its offsets are counted.
//!
//! | name | type | holds |
//! |---|---|---|
//! | `timgate:{1400000000/uID}`, `timgate:{1400000000/gID}` | channel | the events of the user's or the group's topic |
//! | the channel's name and `:r` | hash | at the field `k` the last offset of the topic, decimal; at `y` the last number of what is kept nowhere |
//! | the channel's name, `:p:` and a span of time | hash that expires | numbers of what was passed on in it, by their tokens |
//! | the channel's name and `:w` | hash that expires | what instances say of the topic, by their numbers |
//! | `timgate:{nodes}` | sorted set that expires | which instances live; the score is until when, in Unix milliseconds |
//!
//! The store keeps what belongs to a topic under the same name (`storage/redis/keys.rs`), so that its script may take
//! offsets and publish; a test there holds the two together.

use crate::bus::Topic;
use crate::redis::Namespace;

/// The field of the last offset of the topic.
pub(crate) const LAST_OFFSET: &[u8] = b"k";

/// The channel of a topic.
pub(crate) fn channel_of(names: &Namespace, topic: &Topic) -> Vec<u8> {
    let (app, kind, id) = match topic {
        Topic::User(app, user) => (app, 'u', user.as_str()),
        Topic::Group(app, group) => (app, 'g', group.as_str()),
    };
    names.key(format!("{app}/{kind}{id}").as_bytes())
}

/// The field of the last number of what is kept nowhere.
#[cfg(test)]
pub(crate) const LAST_PASSED: &[u8] = b"y";

/// The hash in which the offsets of a channel are counted.
pub(crate) fn hash_of(channel: &[u8]) -> Vec<u8> {
    [channel, b":r"].concat()
}

/// Where the tokens are kept of what was passed on in a span of time.
pub(super) fn tokens_of(channel: &[u8], generation: u64) -> Vec<u8> {
    [channel, format!(":p:{generation}").as_bytes()].concat()
}

/// What instances say of a topic.
pub(super) fn notes_of(channel: &[u8]) -> Vec<u8> {
    [channel, b":w"].concat()
}

/// The instances that live.
pub(super) fn nodes(names: &Namespace) -> Vec<u8> {
    names.key(b"nodes")
}

//! How the channel of a topic is called, and where its offsets are counted.
//!
//! | name | type | holds |
//! |---|---|---|
//! | `timgate:{1400000000/uID}`, `timgate:{1400000000/gID}` | channel | the events of the user's or the group's topic |
//! | the group's and `:c:NAME` | channel | those of the topic that has this name behind the group's |
//! | the channel's name and `:r` | hash | at the field `k` the last offset of the topic, decimal; at `z` the last number of what is kept nowhere |
//! | the channel's name, `:p:` and a span of time | hash that expires | numbers of what was passed on in it, by their tokens |
//! | the channel's name and `:w` | hash that expires | what instances say of the topic, by their numbers |
//! | `timgate:{answer/NAME}` | string that expires | what was answered to a request; the name, of 32 hexadecimal digits, is one of 32 of its session |
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
    let mut channel = tag_of(names, topic);
    channel.extend_from_slice(&part_of(topic));
    channel
}

/// What the names of all begin with that belongs to the user or to the whole group.
pub(crate) fn tag_of(names: &Namespace, topic: &Topic) -> Vec<u8> {
    let name = match topic {
        Topic::User(app, user) => format!("{app}/u{user}"),
        Topic::Group(app, channel) => format!("{app}/g{}", channel.group()),
    };
    names.key(name.as_bytes())
}

/// What follows that in the name of the channel: nothing, but for a part of a group.
pub(crate) fn part_of(topic: &Topic) -> Vec<u8> {
    let Topic::Group(_, channel) = topic else { return Vec::new() };
    let own = channel
        .topic()
        .and_then(|topic| topic.as_str().strip_prefix(topic.group().as_str()).map(str::to_owned));
    own.map(|own| format!(":c:{own}").into_bytes()).unwrap_or_default()
}

/// The field of the last number of what is kept nowhere.
#[cfg(test)]
pub(crate) const LAST_PASSED: &[u8] = b"z";

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

/// What was answered to a request.
pub(super) fn answer(names: &Namespace, name: [u8; 16]) -> Vec<u8> {
    names.key(format!("answer/{:032x}", u128::from_be_bytes(name)).as_bytes())
}

/// The instances that live.
pub(super) fn nodes(names: &Namespace) -> Vec<u8> {
    names.key(b"nodes")
}

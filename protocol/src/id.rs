//! Names of things: applications, users, groups, sequence numbers and moments.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// An application (tenant), the vendor's SDKAppID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppId(pub u32);

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text cannot name what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("the id is empty")]
    Empty,
    #[error("the id is longer than {0} bytes")]
    TooLong(usize),
    #[error("the id holds a control character")]
    ControlCharacter,
    #[error("the id is not that of a topic of a community")]
    NotOfCommunity,
}

fn check(text: &str, most: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > most {
        return Err(IdError::TooLong(most));
    }
    if text.chars().any(char::is_control) {
        return Err(IdError::ControlCharacter);
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $of:literal, $most:expr) => {
        text_id! { $(#[$doc])* $name, $of, $most, |_| Ok(()) }
    };
    ($(#[$doc:meta])* $name:ident, $of:literal, $most:expr, $also:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The greatest length, in bytes of UTF-8.
            pub const MAX_BYTES: usize = $most;

            /// Checks the length and the characters of `text`.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                const ALSO: fn(&str) -> Result<(), IdError> = $also;
                check(text, Self::MAX_BYTES)?;
                ALSO(text)?;
                Ok(Self(text.into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        let most = $name::MAX_BYTES;
                        write!(f, "the ID of a {}, 1 to {most} bytes without control characters", $of)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

text_id! {
    /// A user of one application. Compared byte for byte: no case folding, no normalisation.
    ///
    /// At most 32 bytes of UTF-8 without control characters. Source: "Use Limits" (269/9346).
    UserId, "user", 32
}

impl UserId {
    /// Whether it is nobody's name: what begins like this is said by the server alone, as `@TIM#SYSTEM` is.
    pub fn is_reserved(&self) -> bool {
        ["@TIM#", "@TLS#"].iter().any(|start| self.0.starts_with(start))
    }
}

text_id! {
    /// A group of one application.
    ///
    /// Custom ids have at most 48 bytes; generated ones begin with `@TGS#`. Source: "create_group" (269/1615).
    GroupId, "group", 96
}

impl GroupId {
    /// What the ids of communities begin with, and no others: by it the SDKs know them, and ask for them apart.
    pub const OF_COMMUNITIES: &str = "@TGS#_";

    pub fn is_of_community(&self) -> bool {
        self.0.starts_with(Self::OF_COMMUNITIES)
    }
}

text_id! {
    /// A topic of a community. Its id is the community's, [`TopicId::MARK`], and more. Source: "Creating a topic" (269/78203).
    TopicId, "topic of a community", 96, |text| if is_topic(text) { Ok(()) } else { Err(IdError::NotOfCommunity) }
}

impl TopicId {
    /// Stands between the id of the community and the topic's own part.
    pub const MARK: &str = "@TOPIC#_";

    /// The community.
    pub fn group(&self) -> GroupId {
        GroupId(self.0.split(Self::MARK).next().unwrap_or_default().into())
    }
}

text_id! {
    /// Where something is said in a group: in the group itself, by its id, or in a topic of it, by the topic's. No id is both.
    ChannelId, "group or of a topic", 96
}

impl ChannelId {
    /// The group, or the community of the topic.
    pub fn group(&self) -> GroupId {
        if self.is_topic() { TopicId(self.0.clone()).group() } else { GroupId(self.0.clone()) }
    }

    pub fn topic(&self) -> Option<TopicId> {
        self.is_topic().then(|| TopicId(self.0.clone()))
    }

    pub fn is_topic(&self) -> bool {
        is_topic(&self.0)
    }
}

impl From<&GroupId> for ChannelId {
    fn from(group: &GroupId) -> Self {
        Self(group.0.clone())
    }
}

impl From<&TopicId> for ChannelId {
    fn from(topic: &TopicId) -> Self {
        Self(topic.0.clone())
    }
}

/// Whether a text has the form of a topic's id.
fn is_topic(text: &str) -> bool {
    let parts = text.starts_with(GroupId::OF_COMMUNITIES).then(|| text.split_once(TopicId::MARK)).flatten();
    parts.is_some_and(|(group, own)| group.len() > GroupId::OF_COMMUNITIES.len() && !own.is_empty())
}

/// The position of an entry in a timeline: dense, from 1; 0 stands before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    pub const ZERO: Seq = Seq(0);

    #[must_use]
    pub fn next(self) -> Seq {
        Seq(self.0 + 1)
    }

    /// The one before; nothing stands before `ZERO`.
    #[must_use]
    pub fn previous(self) -> Seq {
        Seq(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment in Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// Whole Unix seconds, the unit of nearly every time on the wire.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_refuse_what_cannot_be_a_name() {
        assert_eq!(UserId::parse(""), Err(IdError::Empty));
        assert_eq!(UserId::parse(&"a".repeat(33)), Err(IdError::TooLong(32)));
        assert_eq!(UserId::parse("a\nb"), Err(IdError::ControlCharacter));
        assert_eq!(UserId::parse("小明").unwrap().as_str(), "小明");
    }

    #[test]
    fn a_topic_has_a_community() {
        let topic = TopicId::parse("@TGS#_club@TOPIC#_@TOPIC#_x").unwrap();
        assert_eq!(topic.group().as_str(), "@TGS#_club");
        let channel = ChannelId::from(&topic);
        assert_eq!((channel.group(), channel.topic()), (topic.group(), Some(topic)));
        let group = GroupId::parse("club@TOPIC#_x").unwrap();
        assert_eq!((ChannelId::from(&group).group(), ChannelId::from(&group).topic()), (group, None));
        for text in
            ["club@TOPIC#_x", "@TGS#2club@TOPIC#_x", "@TGS#_club", "@TGS#_club@TOPIC#_", "@TGS#_@TOPIC#_x"]
        {
            assert_eq!(TopicId::parse(text), Err(IdError::NotOfCommunity), "{text}");
        }
    }

    #[test]
    fn an_id_that_is_not_a_text_is_refused() {
        assert!(serde_json::from_str::<UserId>("12").is_err());
        assert_eq!(serde_json::from_str::<UserId>(r#""a\u0062""#).unwrap().as_str(), "ab");
    }
}

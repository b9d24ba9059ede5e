//! Messages: the value that every layer knows, and the commands that send, read, recall and report them.

mod body;
pub mod c2c;
mod element;
pub mod group;
mod item;
pub mod pin;

use serde::{Deserialize, Serialize};

use crate::id::{Seq, UserId};

pub use body::{Body, BodyError, Element};
pub use item::{C2cItem, GroupItem, GroupLabel, Recall};

/// The user number that system messages carry. It is constant, because it is a part of message ids.
pub const SYSTEM_TINY_ID: u64 = 144_115_198_244_471_703;

/// The account that tips and notices come from.
pub const SYSTEM_ACCOUNT: &str = "@TIM#SYSTEM";

/// Matters in groups only: what is dropped first when there is too much. Numbers 1 (high) to 4 on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Priority {
    High,
    #[default]
    Normal,
    Low,
    Lowest,
}

impl Priority {
    pub fn number(self) -> u8 {
        self as u8 + 1
    }
}

/// Who sent a message, as they were then: the number is a part of the message's id, nick and face are shown with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    #[serde(rename = "u")]
    pub user: UserId,
    #[serde(rename = "t")]
    pub tiny_id: u64,
    #[serde(rename = "n", default, skip_serializing_if = "String::is_empty")]
    pub nick: String,
    #[serde(rename = "f", default, skip_serializing_if = "String::is_empty")]
    pub face: String,
    /// Their name in the group.
    #[serde(rename = "c", default, skip_serializing_if = "String::is_empty")]
    pub name_card: String,
}

/// A mention in a text message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mention {
    All,
    User(UserId),
}

/// What does not change about a message once it is sent. Its number and server time are kept beside it.
///
/// `tiny_id`, `client_time` and `random` make the id that clients compute separately: they are echoed as they came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    #[serde(rename = "s")]
    pub from: Sender,
    #[serde(rename = "r")]
    pub random: u64,
    /// The client's own number: `ClientSeq` in groups, `MsgSeq` between two users.
    #[serde(rename = "q")]
    pub client_seq: u64,
    /// Unix seconds by the client's clock.
    #[serde(rename = "ct")]
    pub client_time: u64,
    #[serde(rename = "p", default, skip_serializing_if = "is_default")]
    pub priority: Priority,
    #[serde(rename = "b")]
    pub body: Body,
    /// Opaque to the server.
    #[serde(rename = "x", default, skip_serializing_if = "String::is_empty")]
    pub cloud_custom_data: String,
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub options: Options,
    /// The number of the sender's device that sent it: it has its answer, and is not told again.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<u32>,
}

/// By what a client tells the messages apart that it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientNumbers {
    pub random: u64,
    pub client_seq: u64,
}

impl Message {
    pub fn client_numbers(&self) -> ClientNumbers {
        ClientNumbers { random: self.random, client_seq: self.client_seq }
    }

    /// Whether it mentions everybody in the group.
    pub fn mentions_all(&self) -> bool {
        self.mentions.contains(&Mention::All)
    }

    /// Whether it marks a user by mentioning everybody: not its author, and those whom it names too are marked by name.
    pub fn marks_as_one_of_all(&self, user: &UserId) -> bool {
        let names = |mention: &Mention| matches!(mention, Mention::User(named) if named == user);
        self.mentions_all() && self.from.user != *user && !self.mentions.iter().any(names)
    }
}

/// Switches of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Does not raise anybody's unread count.
    #[serde(rename = "u", default, skip_serializing_if = "is_default")]
    pub no_unread: bool,
    /// Does not become the conversation's last message.
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub no_last: bool,
    /// Delivered to who is online, not stored.
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub online_only: bool,
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub wants_receipt: bool,
    #[serde(rename = "e", default, skip_serializing_if = "is_default")]
    pub extensible: bool,
    /// Forwarded or merged.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub relayed: bool,
}

/// What names a group message on clients that have not loaded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMessageId {
    pub seq: Seq,
    pub random: u64,
    pub tiny_id: u64,
    pub client_time: u64,
    /// Unix seconds.
    pub time: u64,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads `SendMsgControl` into the switches it sets. Unknown words are ignored.
pub(crate) fn apply_control(options: &mut Options, words: &[String]) {
    options.no_unread |= words.iter().any(|word| word == "NoUnread");
    options.no_last |= words.iter().any(|word| word == "NoLastMsg");
}

//! Messages between two users.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Options;
use crate::id::UserId;
use crate::json::{lenient_flag, whole_number};
use crate::request::{Empty, request};

/// What names a message between two users: `{MsgSeq}_{MsgRandom}_{MsgTimeStamp}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageKey {
    /// The sender's own number.
    pub seq: u64,
    pub random: u64,
    /// Unix seconds, by the server's clock.
    pub time: u64,
}

impl MessageKey {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('_').map(str::parse);
        let key = Self { seq: parts.next()?.ok()?, random: parts.next()?.ok()?, time: parts.next()?.ok()? };
        parts.next().is_none().then_some(key)
    }
}

impl std::fmt::Display for MessageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}_{}", self.seq, self.random, self.time)
    }
}

/// `openim.sendmsg`: says something to one user. Source: observed.
///
/// ```json
/// {"From_Account": "{caller}", "To_Account": "{other}", "MsgSeq": 79, "MsgRandom": 80, "MsgBody":
/// [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}], "CloudCustomData": "", "MsgClientTime":
/// 1795368256, "MsgLifeTime": 604800, "SendMsgControl": ["NoUnread"], "IsNeedReadReceipt": 0,
/// "SupportMessageExtension": 0, "IsRelayMsg": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct Send {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "To_Account")]
    pub to: UserId,
    /// The sending client's number; with `random` it marks a repetition.
    #[serde(rename = "MsgSeq", default, deserialize_with = "whole_number")]
    pub seq: u64,
    #[serde(rename = "MsgRandom")]
    pub random: u32,
    #[serde(rename = "MsgBody")]
    pub body: Box<RawValue>,
    #[serde(rename = "CloudCustomData", default)]
    pub cloud_custom_data: String,
    #[serde(rename = "MsgClientTime", default, deserialize_with = "whole_number")]
    pub client_time: Option<u64>,
    /// 0 means: only for who is online.
    #[serde(rename = "MsgLifeTime")]
    pub life_time_seconds: Option<u64>,
    #[serde(rename = "SendMsgControl", default)]
    pub control: Vec<String>,
    #[serde(rename = "IsNeedReadReceipt", default, deserialize_with = "lenient_flag")]
    pub wants_receipt: bool,
    #[serde(rename = "SupportMessageExtension", default, deserialize_with = "lenient_flag")]
    pub extensible: bool,
    #[serde(rename = "IsRelayMsg", default, deserialize_with = "lenient_flag")]
    pub relayed: bool,
}

impl Send {
    pub fn options(&self) -> Options {
        let mut options = Options {
            online_only: self.life_time_seconds == Some(0),
            wants_receipt: self.wants_receipt,
            extensible: self.extensible,
            relayed: self.relayed,
            ..Options::default()
        };
        super::apply_control(&mut options, &self.control);
        options
    }
}

#[derive(Debug, Serialize)]
pub struct Sent {
    #[serde(rename = "MsgTime")]
    pub time: u64,
    #[serde(rename = "MsgKey")]
    pub key: String,
}

request! { Send = "openim.sendmsg" -> Sent, acts_for from }

/// `openim.getroammsg`: history, oldest first inside a page. Source: observed.
///
/// ```json
/// {"Peer_Account": "{other}", "MaxCnt": 15, "LastMsgTime": {told.time}, "MsgKey":
/// "{told.seq}_{told.random}_{told.time}", "GetDirection": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetHistory {
    #[serde(rename = "Peer_Account")]
    pub peer: UserId,
    #[serde(rename = "MaxCnt", default)]
    pub count: u32,
    /// Unix seconds. Without a key: messages up to (or from) this time, inclusive; 0 means the newest. Such a page has all
    /// of each of its seconds, so it may have more messages than the client asks for.
    #[serde(rename = "LastMsgTime", default)]
    pub time: u64,
    /// The page lies strictly beyond the message with this key.
    #[serde(rename = "MsgKey", default)]
    pub key: String,
    /// 0 towards older, 1 towards newer.
    #[serde(rename = "GetDirection", default)]
    pub direction: u8,
}

#[derive(Debug, Serialize)]
pub struct History {
    /// 1 when nothing is left in this direction.
    #[serde(rename = "Complete")]
    pub complete: u8,
    #[serde(rename = "MsgCnt")]
    pub count: usize,
    /// Time and key of the page's message farthest from the start: they ask for the next page.
    #[serde(rename = "LastMsgTime")]
    pub time: u64,
    #[serde(rename = "MsgKey")]
    pub key: String,
    /// [`super::C2cItem`]s.
    #[serde(rename = "MsgList")]
    pub items: Vec<Box<RawValue>>,
}

request! { GetHistory = "openim.getroammsg" -> History }

/// `openim.msgreaded`: everything from these peers up to these times was read.
///
/// ```json
/// {"C2CMsgReaded": {"Cookie": "", "C2CMsgReadedItem": [{"To_Account": "{other}", "LastedMsgTime":
/// {told.time}, "Receipt": 1}]}}
/// ```
#[derive(Debug, Deserialize)]
pub struct ReportRead {
    #[serde(rename = "C2CMsgReaded")]
    pub read: ReadList,
}

#[derive(Debug, Deserialize)]
pub struct ReadList {
    #[serde(rename = "C2CMsgReadedItem")]
    pub items: Vec<ReadItem>,
}

#[derive(Debug, Deserialize)]
pub struct ReadItem {
    #[serde(rename = "To_Account")]
    pub peer: UserId,
    /// Unix seconds.
    #[serde(rename = "LastedMsgTime")]
    pub time: u64,
}

request! { ReportRead = "openim.msgreaded" -> Empty }

/// `openim.get_peer_read_time`: up to when each peer has read my messages.
///
/// ```json
/// {"To_Account": ["{other}"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetPeerReadTime {
    #[serde(rename = "To_Account")]
    pub peers: Vec<UserId>,
}

#[derive(Debug, Serialize)]
pub struct PeerReadTimes {
    /// Unix seconds in the order of the request; 0 is never.
    #[serde(rename = "ReadTime")]
    pub times: Vec<u64>,
}

request! { GetPeerReadTime = "openim.get_peer_read_time" -> PeerReadTimes }

/// `openim.msgwithdraw`: recalls one's own message.
///
/// ```json
/// {"MsgInfo": {"From_Account": "{caller}", "To_Account": "{other}", "MsgSeq": {told.seq}, "MsgRandom":
/// {told.random}, "MsgTimeStamp": {told.time}}}
/// ```
#[derive(Debug, Deserialize)]
pub struct RecallMessage {
    #[serde(rename = "MsgInfo")]
    pub message: MessageInfo,
}

#[derive(Debug, Deserialize)]
pub struct MessageInfo {
    #[serde(rename = "From_Account")]
    pub from: UserId,
    #[serde(rename = "To_Account")]
    pub to: UserId,
    #[serde(rename = "MsgSeq")]
    pub seq: u64,
    #[serde(rename = "MsgRandom")]
    pub random: u64,
    #[serde(rename = "MsgTimeStamp", alias = "MsgTime")]
    pub time: u64,
}

impl MessageInfo {
    pub fn key(&self) -> MessageKey {
        MessageKey { seq: self.seq, random: self.random, time: self.time }
    }
}

request! { RecallMessage = "openim.msgwithdraw" -> Empty, acts_for message.from }

/// `openim.delete_c2c_msg_ramble`: hides messages from oneself.
///
/// ```json
/// {"From_Account": "{caller}", "To_Account": "{other}", "MsgKeyList":
/// ["{told.seq}_{told.random}_{told.time}"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct DeleteForMe {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    /// The peer, whoever sent the messages.
    #[serde(rename = "To_Account")]
    pub peer: UserId,
    /// At most 30.
    #[serde(rename = "MsgKeyList")]
    pub keys: Vec<String>,
}

request! { DeleteForMe = "openim.delete_c2c_msg_ramble" -> Empty, acts_for from }

/// `openim.getmsg`: what waits for the user: unread counts of their C2C conversations, and notices they missed.
///
/// An answer with an empty cookie is dropped by the SDKs; `SyncFlag` 2 ends the sync, and 1 makes them go on with the cookie.
/// Source: observed.
///
/// ```json
/// {"Cookie": "n1", "SyncFlag": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct Sync {
    #[serde(rename = "Cookie", default)]
    pub cookie: String,
}

#[derive(Debug, Default, Serialize)]
pub struct Synced {
    #[serde(rename = "Cookie")]
    pub cookie: String,
    #[serde(rename = "SyncFlag")]
    pub flag: u8,
    #[serde(rename = "MsgList")]
    pub messages: Vec<Box<RawValue>>,
    #[serde(rename = "EventArray")]
    pub events: Vec<Box<RawValue>>,
    #[serde(rename = "C2CPairUnreadCount")]
    pub unread: Vec<PairUnread>,
    #[serde(rename = "C2CRemainingUnreadCount")]
    pub remaining: Vec<PairUnread>,
}

#[derive(Debug, Serialize)]
pub struct PairUnread {
    #[serde(rename = "From_Account")]
    pub peer: UserId,
    #[serde(rename = "UnreadCount")]
    pub count: u64,
}

request! { Sync = "openim.getmsg" -> Synced }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_three_numbers() {
        let key = MessageKey { seq: 1_721_210_001, random: 10_177_551, time: 1_795_368_081 };
        assert_eq!(MessageKey::parse(&key.to_string()), Some(key));
        for text in ["", "1_2", "1_2_3_4", "a_2_3", "1__3"] {
            assert_eq!(MessageKey::parse(text), None, "{text}");
        }
    }
}

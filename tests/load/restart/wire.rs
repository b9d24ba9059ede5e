//! What the gateway says, as far as it is of interest here.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::books::{Identity, MessageCopy};

/// Events of a push that bring messages. Others have the same names of fields for what is none.
const IN_GROUP: u32 = 3;
const BETWEEN_TWO: u32 = 9;

#[derive(Deserialize)]
pub(super) struct Incoming<'a> {
    #[serde(borrow)]
    pub(super) head: Head<'a>,
    #[serde(borrow)]
    pub(super) body: &'a RawValue,
}

#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) servcmd: Cow<'a, str>,
    #[serde(default)]
    pub(super) seq: u64,
}

#[derive(Deserialize)]
pub(super) struct Push<'a> {
    #[serde(rename = "EventArray", borrow, default)]
    events: Vec<Item<'a>>,
    #[serde(rename = "NeedAck", default)]
    need_ack: u32,
    #[serde(rename = "SessionData", borrow)]
    session_data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(rename = "Event", default)]
    event: u32,
    #[serde(rename = "GroupMsgArray", borrow, default)]
    in_group: Vec<Said<'a>>,
    #[serde(rename = "C2cMsgArray", borrow, default)]
    between_two: Vec<Said<'a>>,
}

/// A message, or something that stands where messages do and has no identity.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(rename = "MsgSeq", default)]
    seq: u64,
    #[serde(rename = "MsgRandom", default)]
    random: u64,
    #[serde(rename = "MsgTimeStamp", default)]
    time: u64,
    #[serde(rename = "MsgClientTime", default)]
    client_time: u64,
    #[serde(rename = "TinyId", borrow, default)]
    tiny_id: Cow<'a, str>,
}

impl Said<'_> {
    fn copy(&self, stamp: u64) -> Option<MessageCopy> {
        let Self { client_time, random, .. } = *self;
        let tiny_id = self.tiny_id.parse().ok()?;
        Some(MessageCopy { identity: Identity { tiny_id, client_time, random }, stamp })
    }
}

impl<'a> Push<'a> {
    /// What is to be said verbatim when the push has come, if it asks for that.
    pub(super) fn asks_for(&self) -> Option<&'a str> {
        let data = self.session_data.filter(|_| self.need_ack == 1)?;
        Some(data.get())
    }

    pub(super) fn copies(&self) -> impl Iterator<Item = MessageCopy> {
        self.events.iter().flat_map(Item::copies)
    }
}

impl Item<'_> {
    fn copies(&self) -> impl Iterator<Item = MessageCopy> {
        let in_group: &[Said<'_>] = if self.event == IN_GROUP { &self.in_group } else { &[] };
        let between_two: &[Said<'_>] = if self.event == BETWEEN_TWO { &self.between_two } else { &[] };
        let in_group = in_group.iter().filter_map(|said| said.copy(said.seq));
        in_group.chain(between_two.iter().filter_map(|said| said.copy(said.time)))
    }
}

/// The answer to any request.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(rename = "ErrorCode", default)]
    pub(super) code: i64,
    /// Of a message in a room.
    #[serde(rename = "MsgSeq")]
    pub(super) number: Option<u64>,
    /// Of a message.
    #[serde(rename = "MsgTime")]
    pub(super) time: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct LoggedIn {
    #[serde(rename = "A2Key")]
    pub(super) a2: String,
    #[serde(rename = "TinyId")]
    pub(super) tiny_id: String,
    #[serde(rename = "InstId")]
    pub(super) instance: u64,
    #[serde(rename = "HelloInterval")]
    pub(super) hello_interval_s: u64,
}

/// Where a page of the list of conversations ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(super) struct Cursor {
    #[serde(rename = "TimeStamp", default)]
    time: u64,
    #[serde(rename = "StartIndex", default)]
    start: u64,
    #[serde(rename = "TopTimeStamp", default)]
    top_time: u64,
    #[serde(rename = "TopStartIndex", default)]
    top_start: u64,
}

#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(flatten)]
    pub(super) cursor: Cursor,
    #[serde(rename = "CompleteFlag", default)]
    complete: u32,
}

impl Page {
    pub(super) fn is_last(&self) -> bool {
        self.complete == 1
    }
}

/// What was kept for one who was not there.
#[derive(Deserialize)]
pub(super) struct Synced<'a> {
    #[serde(rename = "Cookie", borrow)]
    pub(super) cookie: Cow<'a, str>,
    #[serde(rename = "SyncFlag")]
    pub(super) flag: u32,
    #[serde(rename = "MsgList", borrow, default)]
    messages: Vec<Said<'a>>,
}

impl Synced<'_> {
    /// There is no more.
    pub(super) const DONE: u32 = 2;

    /// Messages between two, which the SDK announces to who has come back. It is not known to do so with others.
    pub(super) fn copies(&self) -> impl Iterator<Item = MessageCopy> {
        self.messages.iter().filter_map(|said| said.copy(said.time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(tiny_id: u64, client_time: u64, random: u64, stamp: u64) -> MessageCopy {
        MessageCopy { identity: Identity { tiny_id, client_time, random }, stamp }
    }

    /// All that pushes of a captured session bring.
    fn pushed(captured: &str) -> Vec<MessageCopy> {
        let mut copies = Vec::new();
        for line in captured.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            if line["frame"]["head"]["servcmd"] == "im_open_push.msg_push" {
                let text = line["frame"].to_string();
                let incoming: Incoming<'_> = serde_json::from_str(&text).unwrap();
                let push: Push<'_> = serde_json::from_str(incoming.body.get()).unwrap();
                copies.extend(push.copies());
            }
        }
        copies
    }

    #[test]
    fn messages_of_captured_pushes_are_found() {
        let in_groups = pushed(include_str!("../../fixtures/wire/group-messages.jsonl"));
        assert_eq!(in_groups[0], copy(144_115_200_000_000_001, 1_795_368_257, 42_352_255, 3));
        let between_two = pushed(include_str!("../../fixtures/wire/c2c.jsonl"));
        assert_eq!(between_two[0], copy(144_115_200_000_000_004, 1_795_370_031, 83_190_898, 1_795_370_032));
    }

    #[test]
    fn what_is_to_be_acknowledged_is_given_back_as_it_is() {
        let asks = |text: &str| serde_json::from_str::<Push<'_>>(text).unwrap().asks_for().map(str::to_owned);
        assert_eq!(asks(r#"{"NeedAck":1,"SessionData":"n\u00312"}"#).unwrap(), r#""n\u00312""#);
        assert_eq!(asks(r#"{"NeedAck":1,"SessionData": {"a": [1]}}"#).unwrap(), r#"{"a": [1]}"#);
        assert_eq!(asks(r#"{"NeedAck":0,"SessionData":"n12"}"#), None);
        assert_eq!(asks(r#"{"SessionData":"n12"}"#), None);
        assert_eq!(asks(r#"{"EventArray":[],"NeedAck":1}"#), None);
    }

    #[test]
    fn what_was_kept_is_found() {
        let said = r#"{"MsgSeq":11,"MsgRandom":21,"MsgTimeStamp":31,"MsgClientTime":41,"TinyId":"51"}"#;
        let text = format!(
            r#"{{"Cookie":"c1","SyncFlag":1,"MsgList":[{said},{{"EventArray":[]}}],
                "EventArray":[{{"Event":3,"GroupMsgArray":[{said}]}},{{"Event":10,"C2cNotifyMsgArray":[{{}}]}}]}}"#
        );
        let synced: Synced<'_> = serde_json::from_str(&text).unwrap();
        assert!(synced.flag != Synced::DONE);
        assert_eq!(synced.copies().collect::<Vec<_>>(), [copy(51, 41, 21, 31)]);
    }
}

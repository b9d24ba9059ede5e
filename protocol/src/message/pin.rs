//! Pinned messages of groups and topics.

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, Seq, TopicId, UserId};
use crate::json::maybe_id;
use crate::request::{Empty, request};

/// `group_open_http_svc.pin_message`: pins a message in its group, or topic. Source: observed.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "MsgSeq": {seq}, "Pinner_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct PinMessage {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
    #[serde(rename = "Pinner_Account")]
    pub pinner: Option<UserId>,
}

request! { PinMessage = "group_open_http_svc.pin_message" -> Empty, acts_for pinner }

/// `group_open_http_svc.unpin_message`: takes a pin off a message. One that is not pinned stays so. Source: observed.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "MsgSeq": {seq}, "UnPinner_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct UnpinMessage {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
    #[serde(rename = "UnPinner_Account")]
    pub unpinner: Option<UserId>,
}

request! { UnpinMessage = "group_open_http_svc.unpin_message" -> Empty, acts_for unpinner }

/// `group_open_http_svc.get_pinned_messages`: which messages are pinned in a group, or a topic. Source: observed.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": ""}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetPinned {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
}

/// A client reads what it does not have by `group_msg_get` with `GetType` 3.
#[derive(Debug, Serialize)]
pub struct Pinned {
    /// In the order in which they were pinned.
    #[serde(rename = "PinnedMsgList")]
    pub pins: Vec<PinItem>,
}

#[derive(Debug, Serialize)]
pub struct PinItem {
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
    #[serde(rename = "Pinner_Account")]
    pub by: UserId,
}

request! { GetPinned = "group_open_http_svc.get_pinned_messages" -> Pinned }

//! A message as clients read it, in pushes and in history alike.
//!
//! Source: observed (captures of group messages and C2C messages).

use serde::Serialize;

use super::{Message, Priority, Sender};
use crate::group::{GroupKind, Tip};
use crate::id::{ChannelId, GroupId, Millis, Seq, TopicId, UserId};
use crate::json::flag;

/// What a message says of its group. `GroupId` and `GroupType` let a client that does not know the group show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct GroupLabel {
    /// The group, or the topic.
    #[serde(rename = "g")]
    pub id: ChannelId,
    /// Of the group.
    #[serde(rename = "n")]
    pub name: String,
    #[serde(rename = "k")]
    pub kind: GroupKind,
    /// The group's members talk in topics.
    #[serde(rename = "t", default, skip_serializing_if = "std::ops::Not::not")]
    pub has_topics: bool,
}

impl GroupLabel {
    /// `MillionGroupFlag`: 2 where members talk in topics. The SDKs do not list what is told with it and without a topic.
    pub(crate) fn community_flag(&self) -> Option<u8> {
        self.has_topics.then_some(2)
    }
}

/// That a message was recalled, by whom and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Recall {
    #[serde(rename = "Revoker_Account")]
    pub by: UserId,
    #[serde(rename = "Reason", default)]
    pub reason: String,
}

#[derive(Serialize)]
struct GroupInfo<'a> {
    #[serde(rename = "GroupId")]
    id: GroupId,
    #[serde(rename = "TopicId", skip_serializing_if = "Option::is_none")]
    topic: Option<TopicId>,
    #[serde(rename = "MillionGroupFlag", skip_serializing_if = "Option::is_none")]
    community_flag: Option<u8>,
    #[serde(rename = "GroupName")]
    name: &'a str,
    #[serde(rename = "GroupType")]
    kind: GroupKind,
    #[serde(rename = "From_Account")]
    from: &'a str,
    #[serde(rename = "To_Account")]
    to: GroupId,
    #[serde(rename = "From_AccountNick", skip_serializing_if = "Option::is_none")]
    nick: Option<&'a str>,
    #[serde(rename = "From_AccountHeadurl", skip_serializing_if = "Option::is_none")]
    face: Option<&'a str>,
    #[serde(rename = "MsgFrom_AccountExtraInfo", skip_serializing_if = "Option::is_none")]
    extra: Option<ExtraInfo<'a>>,
    /// 1 where nobody is to see the item: a client that fills a gap looks at this, where one that reads history looks at
    /// `IsPlaceMsg`.
    #[serde(rename = "NotVisible", skip_serializing_if = "Option::is_none")]
    not_visible: Option<u8>,
}

#[derive(Serialize)]
struct ExtraInfo<'a> {
    #[serde(rename = "NameCard")]
    name_card: &'a str,
}

impl<'a> GroupInfo<'a> {
    fn of(label: &'a GroupLabel, sender: Option<&'a Sender>) -> Self {
        Self {
            id: label.id.group(),
            topic: label.id.topic(),
            community_flag: label.community_flag(),
            name: &label.name,
            kind: label.kind,
            from: sender.map_or(super::SYSTEM_ACCOUNT, |sender| sender.user.as_str()),
            to: label.id.group(),
            nick: sender.map(|sender| sender.nick.as_str()),
            face: sender.map(|sender| sender.face.as_str()),
            extra: sender.map(|sender| ExtraInfo { name_card: &sender.name_card }),
            not_visible: None,
        }
    }
}

/// `SendMsgControl` is an object downstream, where it is a list upstream.
#[derive(Clone, Copy, Serialize)]
struct Control {
    #[serde(rename = "NoUnread")]
    no_unread: u8,
    #[serde(rename = "NoLastMsg")]
    no_last: u8,
}

fn control(no_unread: bool, no_last: bool) -> Option<Control> {
    (no_unread || no_last).then(|| Control { no_unread: flag(no_unread), no_last: flag(no_last) })
}

#[derive(Serialize)]
struct At<'a> {
    #[serde(rename = "GroupAtAllFlag")]
    all: u8,
    #[serde(rename = "GroupAt_Account", skip_serializing_if = "Option::is_none")]
    user: Option<&'a UserId>,
}

/// What happened in a group, with its number: a user's message or a tip.
#[derive(Serialize)]
pub struct GroupItem<'a> {
    #[serde(rename = "Event", skip_serializing_if = "Option::is_none")]
    event: Option<u8>,
    #[serde(rename = "From_Account")]
    from: &'a str,
    #[serde(rename = "ToGroupId")]
    to: GroupId,
    /// Where one reads a history the SDKs look here, and else into `GroupInfo`.
    #[serde(rename = "TopicId", skip_serializing_if = "Option::is_none")]
    topic: Option<TopicId>,
    #[serde(rename = "MsgSeq")]
    seq: Seq,
    #[serde(rename = "MsgRandom")]
    random: u64,
    #[serde(rename = "MsgTimeStamp")]
    time: u64,
    #[serde(rename = "MsgClientTime")]
    client_time: u64,
    #[serde(rename = "ClientSeq", skip_serializing_if = "Option::is_none")]
    client_seq: Option<u64>,
    #[serde(rename = "TinyId")]
    tiny_id: String,
    #[serde(rename = "MsgPriority")]
    priority: Priority,
    #[serde(rename = "MsgBody")]
    body: GroupBody<'a>,
    #[serde(rename = "CloudCustomData")]
    cloud_custom_data: &'a str,
    #[serde(rename = "GroupInfo")]
    group: GroupInfo<'a>,
    #[serde(rename = "GroupAtInfo", skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<At<'a>>,
    #[serde(rename = "SendMsgControl", skip_serializing_if = "Option::is_none")]
    control: Option<Control>,
    #[serde(rename = "OnlineOnlyFlag", skip_serializing_if = "Option::is_none")]
    online_only: Option<u8>,
    #[serde(rename = "NeedReadReceipt", skip_serializing_if = "Option::is_none")]
    wants_receipt: Option<u8>,
    #[serde(rename = "SupportMessageExtension", skip_serializing_if = "Option::is_none")]
    extensible: Option<u8>,
    #[serde(rename = "IsRelayMsg", skip_serializing_if = "Option::is_none")]
    relayed: Option<u8>,
    /// 0 as it was sent, 1 hidden from this reader, 2 recalled. Only in history.
    #[serde(rename = "IsPlaceMsg", skip_serializing_if = "Option::is_none")]
    place: Option<u8>,
    #[serde(rename = "RevokerInfo", skip_serializing_if = "Option::is_none")]
    recall: Option<&'a Recall>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum GroupBody<'a> {
    Elements(super::Body),
    Tip(crate::group::TipBody<'a>),
    Nothing([(); 0]),
}

fn set(value: bool) -> Option<u8> {
    value.then_some(1)
}

impl<'a> GroupItem<'a> {
    /// A user's message. `unread` is false where the group's type counts no unread messages.
    pub fn message(label: &'a GroupLabel, seq: Seq, at: Millis, message: &'a Message, unread: bool) -> Self {
        let options = message.options;
        Self {
            event: None,
            from: message.from.user.as_str(),
            to: label.id.group(),
            topic: label.id.topic(),
            seq,
            random: message.random,
            time: at.seconds(),
            client_time: message.client_time,
            client_seq: Some(message.client_seq),
            tiny_id: message.from.tiny_id.to_string(),
            priority: message.priority,
            body: GroupBody::Elements(message.body.mended()),
            cloud_custom_data: &message.cloud_custom_data,
            group: GroupInfo::of(label, Some(&message.from)),
            mentions: message.mentions.iter().map(At::from).collect(),
            control: control(options.no_unread || !unread, options.no_last),
            online_only: set(options.online_only),
            wants_receipt: set(options.wants_receipt),
            extensible: set(options.extensible),
            relayed: set(options.relayed),
            place: None,
            recall: None,
        }
    }

    /// A tip: a notice that is a part of the group's history. It counts as unread nowhere, and newer SDKs would count it.
    pub fn tip(label: &'a GroupLabel, seq: Seq, at: Millis, tip: &'a Tip) -> Self {
        Self {
            event: Some(4),
            from: super::SYSTEM_ACCOUNT,
            to: label.id.group(),
            topic: label.id.topic(),
            seq,
            random: tip.random,
            time: at.seconds(),
            client_time: at.seconds(),
            client_seq: None,
            tiny_id: super::SYSTEM_TINY_ID.to_string(),
            priority: Priority::Normal,
            body: GroupBody::Tip(tip.body(&label.name)),
            cloud_custom_data: "",
            group: GroupInfo::of(label, None),
            mentions: Vec::new(),
            control: control(true, false),
            online_only: None,
            wants_receipt: None,
            extensible: None,
            relayed: None,
            place: None,
            recall: None,
        }
    }

    /// For who asks for it: which event it is.
    #[must_use]
    pub fn polled(self) -> Self {
        Self { event: self.event.or(Some(3)), ..self }
    }

    /// For history: what became of the message. A recalled message keeps its body, or clients drop it.
    #[must_use]
    pub fn in_history(mut self, recall: Option<&'a Recall>) -> Self {
        self.place = Some(if recall.is_some() { 2 } else { 0 });
        self.recall = recall;
        self
    }

    /// For history: that there was something with this number, which is kept no more.
    pub fn gone(label: &'a GroupLabel, seq: Seq) -> Self {
        Self {
            event: None,
            from: "",
            to: label.id.group(),
            topic: label.id.topic(),
            seq,
            random: 0,
            time: 0,
            client_time: 0,
            client_seq: None,
            tiny_id: String::new(),
            priority: Priority::Normal,
            body: GroupBody::Nothing([]),
            cloud_custom_data: "",
            group: GroupInfo::of(label, None),
            mentions: Vec::new(),
            control: None,
            online_only: None,
            wants_receipt: None,
            extensible: None,
            relayed: None,
            place: None,
            recall: None,
        }
        .hidden()
    }

    /// For history: only that there was something here.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.place = Some(1);
        self.group.not_visible = Some(1);
        self.body = GroupBody::Nothing([]);
        self.cloud_custom_data = "";
        self
    }

    /// A push has no `Event` inside the item.
    #[must_use]
    pub fn in_push(mut self) -> Self {
        self.event = None;
        self
    }
}

impl<'a> From<&'a super::Mention> for At<'a> {
    fn from(mention: &'a super::Mention) -> Self {
        match mention {
            super::Mention::All => At { all: 1, user: None },
            super::Mention::User(user) => At { all: 0, user: Some(user) },
        }
    }
}

/// A message between two users. `MsgSeq` is the sender's own number.
#[derive(Serialize)]
pub struct C2cItem<'a> {
    #[serde(rename = "From_Account")]
    from: &'a UserId,
    #[serde(rename = "To_Account")]
    to: &'a UserId,
    #[serde(rename = "MsgSeq")]
    seq: u64,
    #[serde(rename = "MsgRandom")]
    random: u64,
    #[serde(rename = "MsgTimeStamp")]
    time: u64,
    #[serde(rename = "MsgClientTime")]
    client_time: u64,
    #[serde(rename = "TinyId")]
    tiny_id: String,
    #[serde(rename = "MsgBody")]
    body: super::Body,
    #[serde(rename = "CloudCustomData")]
    cloud_custom_data: &'a str,
    #[serde(rename = "From_AccountNick")]
    nick: &'a str,
    #[serde(rename = "From_AccountHeadurl")]
    face: &'a str,
    #[serde(rename = "SendMsgControl", skip_serializing_if = "Option::is_none")]
    control: Option<Control>,
    /// 0 on a message for who is online only.
    #[serde(rename = "MsgLifeTime", skip_serializing_if = "Option::is_none")]
    life_time: Option<u8>,
    #[serde(rename = "IsNeedReadReceipt", skip_serializing_if = "Option::is_none")]
    wants_receipt: Option<u8>,
    #[serde(rename = "SupportMessageExtension", skip_serializing_if = "Option::is_none")]
    extensible: Option<u8>,
    /// 8 when recalled. Only in history.
    #[serde(rename = "MsgFlagBits", skip_serializing_if = "Option::is_none")]
    flags: Option<u8>,
    #[serde(rename = "RevokerInfo", skip_serializing_if = "Option::is_none")]
    recall: Option<&'a Recall>,
}

impl<'a> C2cItem<'a> {
    pub fn new(to: &'a UserId, at: Millis, message: &'a Message) -> Self {
        let options = message.options;
        Self {
            from: &message.from.user,
            to,
            seq: message.client_seq,
            random: message.random,
            time: at.seconds(),
            client_time: message.client_time,
            tiny_id: message.from.tiny_id.to_string(),
            body: message.body.mended(),
            cloud_custom_data: &message.cloud_custom_data,
            nick: &message.from.nick,
            face: &message.from.face,
            control: control(options.no_unread, options.no_last),
            life_time: options.online_only.then_some(0),
            wants_receipt: set(options.wants_receipt),
            extensible: set(options.extensible),
            flags: None,
            recall: None,
        }
    }

    /// For history: what became of the message.
    #[must_use]
    pub fn in_history(mut self, recall: Option<&'a Recall>) -> Self {
        self.flags = Some(if recall.is_some() { 8 } else { 0 });
        self.recall = recall;
        self
    }
}

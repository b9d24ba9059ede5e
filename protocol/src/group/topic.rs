//! Topics of communities, each with a history of its own. Service `million_group_open_http_svc`; source: observed; REST:
//! "Creating a topic" (269/78203) and the pages beside it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ReceiveOption, Switch};
use crate::ErrorCode;
use crate::id::{GroupId, Seq, TopicId, UserId};
use crate::json::maybe_id;
use crate::message::{Body, Message, Recall};
use crate::push::Mark;
use crate::request::{Empty, request};

/// `million_group_open_http_svc.create_topic`: makes a topic of a community that has topics.
///
/// ```json
/// {"GroupId": "{forum}", "TopicId": "{forum}@TOPIC#_new", "TopicName": "n", "FaceUrl": "", "Introduction": "i",
/// "Notification": "n", "CustomString": "c", "From_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct CreateTopic {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Made by the server when absent or empty; begins with the group's.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "TopicName")]
    pub name: String,
    #[serde(rename = "FaceUrl", default)]
    pub face: String,
    #[serde(rename = "Introduction", default)]
    pub introduction: String,
    #[serde(rename = "Notification", default)]
    pub notification: String,
    /// The application's own.
    #[serde(rename = "CustomString", default)]
    pub custom: String,
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Serialize)]
pub struct TopicCreated {
    #[serde(rename = "TopicId")]
    pub topic: TopicId,
}

request! { CreateTopic = "million_group_open_http_svc.create_topic" -> TopicCreated, acts_for from }

/// `million_group_open_http_svc.get_topic`: topics of a community with the caller's place in each: those that are named, or
/// all.
///
/// ```json
/// {"GroupId": "{forum}", "TopicIdList": ["{topic}"], "From_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetTopics {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// At most 100; all of them when it is empty.
    #[serde(rename = "TopicIdList", default)]
    pub topics: Vec<String>,
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Serialize)]
pub struct Topics {
    /// Each a [`TopicItem`] or a [`FailedTopic`].
    #[serde(rename = "TopicAndSelfInfo")]
    pub topics: Vec<Box<RawValue>>,
}

/// A topic, and where the caller stands in it.
#[derive(Debug, Serialize)]
pub struct TopicItem {
    /// 0: without it the SDKs take it for a failure.
    #[serde(rename = "ErrorCode")]
    pub code: ErrorCode,
    #[serde(rename = "ErrorInfo")]
    pub info: &'static str,
    #[serde(rename = "TopicInfo")]
    pub topic: TopicInfo,
    #[serde(rename = "SelfInfo", skip_serializing_if = "Option::is_none")]
    pub own: Option<TopicSelfInfo>,
}

#[derive(Debug, Serialize)]
pub struct TopicInfo {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "TopicId")]
    pub topic: TopicId,
    #[serde(rename = "TopicName")]
    pub name: String,
    #[serde(rename = "FaceUrl")]
    pub face: String,
    #[serde(rename = "Introduction")]
    pub introduction: String,
    #[serde(rename = "Notification")]
    pub notification: String,
    #[serde(rename = "CustomString")]
    pub custom: String,
    #[serde(rename = "CreateTime")]
    pub created_at: u64,
    /// 1 when nobody but the owner and admins may speak.
    #[serde(rename = "ShutUpAllFlag")]
    pub mute_all: u8,
    #[serde(rename = "NextMsgSeq")]
    pub next_seq: Seq,
    #[serde(rename = "LastMsgTime")]
    pub last_message_at: u64,
    #[serde(rename = "LastMsg", skip_serializing_if = "Option::is_none")]
    pub last: Option<LastOfTopic>,
    /// The mentions that the caller has yet to see. The SDKs find those of topics nowhere else.
    #[serde(rename = "AtInfoList", skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<MentionInTopic>,
}

/// That a message mentions the caller.
#[derive(Debug, Serialize)]
pub struct MentionInTopic {
    /// 1: by name, 2: as one of all.
    #[serde(rename = "AtFlagList")]
    kinds: Vec<u8>,
    #[serde(rename = "AtMsgSeq")]
    seq: Seq,
    #[serde(rename = "From_Account")]
    from: UserId,
}

impl From<Mark> for MentionInTopic {
    fn from(mark: Mark) -> Self {
        Self { kinds: mark.kinds(), seq: mark.seq, from: mark.from }
    }
}

/// The last message of a topic.
#[derive(Debug, Serialize)]
pub struct LastOfTopic {
    #[serde(rename = "From_Account")]
    from: UserId,
    #[serde(rename = "From_AccountNick")]
    nick: String,
    #[serde(rename = "From_AccountHeadurl")]
    face: String,
    #[serde(rename = "MsgTimeStamp")]
    time: u64,
    /// In this one answer the SDKs read `MsgSeq` as how far the caller has read, and this as the message's number.
    #[serde(rename = "LastMsgSeq")]
    seq: Seq,
    #[serde(rename = "MsgBody")]
    body: Body,
    #[serde(rename = "CloudCustomData")]
    cloud_custom_data: String,
    #[serde(rename = "IsPlaceMsg")]
    place: u8,
    #[serde(rename = "RevokerInfo", skip_serializing_if = "Option::is_none")]
    recall: Option<Recall>,
}

impl LastOfTopic {
    pub fn new(seq: Seq, time: u64, message: Message, recall: Option<Recall>) -> Self {
        Self {
            body: message.body.mended(),
            from: message.from.user,
            nick: message.from.nick,
            face: message.from.face,
            time,
            seq,
            cloud_custom_data: message.cloud_custom_data,
            place: if recall.is_some() { 2 } else { 0 },
            recall,
        }
    }
}

/// Where a member stands in a topic.
#[derive(Debug, Serialize)]
pub struct TopicSelfInfo {
    /// How far they have read.
    #[serde(rename = "MsgSeq")]
    pub read: Seq,
    #[serde(rename = "MsgFlag")]
    pub receive: ReceiveOption,
    /// Seconds for which they may not speak.
    #[serde(rename = "ShutUpTime")]
    pub muted_seconds: u64,
    /// What of that behind it does not count as unread: the SDKs count by the numbers.
    #[serde(rename = "NoUnreadSeqList")]
    pub uncounted: Vec<Seq>,
}

/// An item of a list of topics that tells why this topic is not told of.
#[derive(Debug, Serialize)]
pub struct FailedTopic {
    #[serde(rename = "ErrorCode")]
    pub code: ErrorCode,
    #[serde(rename = "ErrorInfo")]
    pub info: String,
    #[serde(rename = "TopicInfo")]
    pub topic: NamedTopic,
}

#[derive(Debug, Serialize)]
pub struct NamedTopic {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "TopicId")]
    pub topic: String,
}

request! { GetTopics = "million_group_open_http_svc.get_topic" -> Topics, acts_for from }

/// `million_group_open_http_svc.modify_topic`: changes what is given of a topic.
///
/// ```json
/// {"GroupId": "{forum}", "TopicId": "{topic}", "TopicName": "n", "FaceUrl": "", "Introduction": "i",
/// "Notification": "n", "CustomString": "c", "ShutUpAllMember": "Off", "From_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct ModifyTopic {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "TopicId")]
    pub topic: TopicId,
    #[serde(rename = "TopicName")]
    pub name: Option<String>,
    #[serde(rename = "FaceUrl")]
    pub face: Option<String>,
    #[serde(rename = "Introduction")]
    pub introduction: Option<String>,
    #[serde(rename = "Notification")]
    pub notification: Option<String>,
    #[serde(rename = "CustomString")]
    pub custom: Option<String>,
    #[serde(rename = "ShutUpAllMember", alias = "MuteAllMember")]
    pub mute_all: Option<Switch>,
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

request! { ModifyTopic = "million_group_open_http_svc.modify_topic" -> Empty, acts_for from }

/// `million_group_open_http_svc.destroy_topic`: ends topics, with all that was said in them: those that are named, or all.
///
/// ```json
/// {"GroupId": "{forum}", "TopicIdList": ["{topic}"], "From_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct DestroyTopics {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// At most 100; all of them when it is empty.
    #[serde(rename = "TopicIdList", default)]
    pub topics: Vec<String>,
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Serialize)]
pub struct TopicsDestroyed {
    #[serde(rename = "DestroyResultItem")]
    pub results: Vec<TopicResult>,
}

#[derive(Debug, Serialize)]
pub struct TopicResult {
    #[serde(rename = "TopicId")]
    pub topic: String,
    #[serde(rename = "ErrorCode")]
    pub code: ErrorCode,
    #[serde(rename = "ErrorInfo")]
    pub info: String,
}

request! { DestroyTopics = "million_group_open_http_svc.destroy_topic" -> TopicsDestroyed, acts_for from }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_topic_is_read() {
        let create: CreateTopic =
            serde_json::from_str(r##"{"GroupId":"@TGS#_c5","TopicName":"t1","TopicId":""}"##).unwrap();
        assert_eq!((create.group.as_str(), create.topic, create.name.as_str()), ("@TGS#_c5", None, "t1"));
        let get = r##"{"GroupId":"@TGS#_c5","TopicIdList":[],"MemberInfoFilter":["NoUnreadSeqList"]}"##;
        assert!(serde_json::from_str::<GetTopics>(get).unwrap().topics.is_empty());
        let foreign = r##"{"GroupId":"@TGS#_c5","TopicName":"t1","TopicId":"lobby"}"##;
        assert!(serde_json::from_str::<CreateTopic>(foreign).is_err());
    }
}

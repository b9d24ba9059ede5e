//! Live rooms: groups in which one is by being there, and of which nothing is kept.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Role;
use crate::id::{GroupId, Seq, UserId};
use crate::request::request;

/// For how long a client may keep the number of those who are there.
pub const ONLINE_LIFETIME_SECONDS: u32 = 60;

/// How many are in a live room.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OnlineMembers {
    #[serde(rename = "OnlineMemberNum")]
    pub count: u64,
    #[serde(rename = "ExpireTime")]
    pub lifetime_seconds: u32,
}

impl OnlineMembers {
    pub fn of(count: u64) -> Self {
        Self { count, lifetime_seconds: ONLINE_LIFETIME_SECONDS }
    }
}

/// `group_open_avchatroom_http_svc.get_members`: those who are in a live room, the latest first. Source: observed; REST: 1047/50293.
///
/// ```json
/// {"GroupId": "{live}", "Timestamp": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetPresent {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Where the page begins; 0 is the first.
    #[serde(rename = "Timestamp", default)]
    pub from: u64,
    /// Only those who have this mark; 0 is any.
    #[serde(rename = "Mark", default)]
    pub mark: u32,
}

#[derive(Debug, Serialize)]
pub struct PresentMembers {
    #[serde(rename = "MemberList")]
    pub members: Vec<PresentMember>,
    /// Where the next page begins; 0 at the end.
    #[serde(rename = "NextTimestamp")]
    pub next: u64,
}

#[derive(Debug, Serialize)]
pub struct PresentMember {
    #[serde(rename = "Member_Account")]
    pub user: UserId,
    #[serde(rename = "NickName")]
    pub nick: String,
    #[serde(rename = "FaceUrl")]
    pub face: String,
    /// The same for back ends.
    #[serde(rename = "Avatar")]
    pub avatar: String,
    /// Unix seconds.
    #[serde(rename = "JoinTime")]
    pub joined_at: u64,
    #[serde(rename = "Role")]
    pub role: Role,
    #[serde(rename = "Marks")]
    pub marks: Vec<u32>,
}

request! { GetPresent = "group_open_avchatroom_http_svc.get_members" -> PresentMembers }

/// `group_open_avchatroom_http_svc.modify_user_info`: marks users of a live room. Source: observed; REST: 1047/50294.
///
/// ```json
/// {"GroupId": "{live}", "CommandType": 1, "MemberList": [{"Member_Account": "{other}", "Marks": [1000]}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct MarkMembers {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// 1 sets the marks, 2 takes them off.
    #[serde(rename = "CommandType")]
    pub kind: u8,
    #[serde(rename = "MemberList")]
    pub members: Vec<MarkedMember>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedMember {
    #[serde(rename = "Member_Account")]
    pub user: UserId,
    #[serde(rename = "Marks")]
    pub marks: Vec<u32>,
}

/// Those for whom it was done.
#[derive(Debug, Serialize)]
pub struct MarkedMembers {
    #[serde(rename = "MemberList")]
    pub members: Vec<MarkedMember>,
}

request! { MarkMembers = "group_open_avchatroom_http_svc.modify_user_info" -> MarkedMembers }

/// What somebody hears a live room with who is not pushed what is told there.
#[derive(Debug, Serialize)]
pub struct Polling {
    #[serde(rename = "LongPollingKey", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(rename = "StartSeq", skip_serializing_if = "Option::is_none")]
    pub from: Option<Seq>,
}

/// `group_open_http_noauth_svc.apply_join_group`: reads along in a live room without a login. Source: observed.
///
/// ```json
/// {"GroupId": "{live}", "ApplyMsg": "", "WebPushFlag": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct JoinUnknown {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
}

request! { JoinUnknown = "group_open_http_noauth_svc.apply_join_group" -> super::Joined }

/// `group_open_long_polling_http_svc.get_msg`: what was told in a live room since one asked last; the answer waits until
/// there is something. Source: observed.
///
/// ```json
/// {"USP": 1, "StartSeq": 0, "StartBroadcastSeq": 1, "HoldTime": 90, "Key": "{polling}", "DownsizeFlag": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct Poll {
    #[serde(rename = "Key")]
    pub key: String,
    /// The number of the first item that is wanted.
    #[serde(rename = "StartSeq", default)]
    pub from: Seq,
    #[serde(rename = "StartBroadcastSeq", default)]
    pub broadcast: u64,
}

#[derive(Debug, Serialize)]
pub struct Polled {
    #[serde(rename = "Key")]
    pub key: String,
    #[serde(rename = "NextSeq")]
    pub next: Seq,
    /// Items as in pushes, each with its `Event`.
    #[serde(rename = "RspMsgList")]
    pub items: Vec<Box<RawValue>>,
    #[serde(rename = "NextBroadcastSeq")]
    pub next_broadcast: u64,
    #[serde(rename = "RspBroadcastMsgList")]
    pub broadcasts: Vec<()>,
}

request! { Poll = "group_open_long_polling_http_svc.get_msg" -> Polled }

/// `group_open_long_polling_http_noauth_svc.get_msg`: the same without a login. Source: observed.
///
/// ```json
/// {"USP": 1, "StartSeq": 0, "StartBroadcastSeq": 1, "HoldTime": 90, "Key": "{reading}", "DownsizeFlag": 0}
/// ```
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct PollUnknown {
    pub poll: Poll,
}

request! { PollUnknown = "group_open_long_polling_http_noauth_svc.get_msg" -> Polled }

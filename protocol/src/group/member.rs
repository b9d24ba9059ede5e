//! The members of a group.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{CustomField, NewMember, ReceiveOption, Role};
use crate::id::{GroupId, TopicId, UserId};
use crate::json::{lenient_flag, maybe_id};
use crate::request::{Empty, request};

/// A member as clients and back ends read them. Old and new names of the mute stand side by side.
#[derive(Clone, Debug, Serialize)]
pub struct MemberInfo {
    #[serde(rename = "Member_Account")]
    pub user: UserId,
    #[serde(rename = "Role")]
    pub role: Role,
    /// Unix seconds.
    #[serde(rename = "JoinTime")]
    pub joined_at: u64,
    /// How far they have read.
    #[serde(rename = "MsgSeq")]
    pub read: crate::id::Seq,
    #[serde(rename = "MsgFlag")]
    pub receive: ReceiveOption,
    #[serde(rename = "NameCard")]
    pub name_card: String,
    /// Unix seconds until which they may not speak; 0 when they may.
    #[serde(rename = "ShutUpUntil")]
    pub muted_until_old: u64,
    #[serde(rename = "MuteUntil")]
    pub muted_until: u64,
    /// `Online` or `Offline`.
    #[serde(rename = "OnlineStatus")]
    pub online: &'static str,
    #[serde(rename = "AppMemberDefinedData")]
    pub custom: Vec<CustomField>,
}

impl MemberInfo {
    /// As an object with the members that the filter names; all of them without a filter. The account is always there.
    pub fn filtered(&self, filter: Option<&[String]>) -> Map<String, Value> {
        super::filtered(self, filter, &["Member_Account"])
    }
}

/// `group_open_http_svc.get_group_member_info`: the members, in the order they joined. Source: observed; REST: 269/1617.
///
/// ```json
/// {"GroupId": "{group}", "Limit": 20, "Offset": 0, "Next": "0", "MemberRoleFilter": ["Owner", "Member"],
/// "MemberInfoFilter": ["Role", "NameCard"], "AppDefinedDataFilter_GroupMember": ["k"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetMembers {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// At most 100 from an SDK; everything when absent.
    #[serde(rename = "Limit")]
    pub limit: Option<usize>,
    #[serde(rename = "Offset", default)]
    pub offset: usize,
    /// Of a community, in place of the offset: what the page before gave, `"0"` or nothing for the first.
    #[serde(rename = "Next")]
    pub next: Option<String>,
    #[serde(rename = "MemberRoleFilter")]
    pub roles: Option<Vec<Role>>,
    #[serde(rename = "MemberInfoFilter")]
    pub filter: Option<Vec<String>>,
    /// Which of the members' own fields come beside it.
    #[serde(rename = "AppDefinedDataFilter_GroupMember")]
    pub custom: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub struct Members {
    /// The whole group's count: it overwrites what the client believes.
    #[serde(rename = "MemberNum")]
    pub count: u64,
    /// Each a [`MemberInfo`], filtered.
    #[serde(rename = "MemberList")]
    pub members: Vec<Box<RawValue>>,
    /// Where the next page begins, to one who asks so; empty at the end.
    #[serde(rename = "Next", skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

request! { GetMembers = "group_open_http_svc.get_group_member_info" -> Members }

/// `group_open_http_svc.get_specified_group_member_info`: those of the named users who are members. Source: observed.
///
/// ```json
/// {"GroupId": "{group}", "Member_List_Account": ["{other}"], "MemberInfoFilter": ["Role", "NameCard"],
/// "AppDefinedDataFilter_GroupMember": ["k"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetSpecifiedMembers {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// At most 50.
    #[serde(rename = "Member_List_Account")]
    pub users: Vec<UserId>,
    #[serde(rename = "MemberInfoFilter")]
    pub filter: Option<Vec<String>>,
    #[serde(rename = "AppDefinedDataFilter_GroupMember")]
    pub custom: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub struct SpecifiedMembers {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "MemberList")]
    pub members: Vec<Map<String, Value>>,
}

request! { GetSpecifiedMembers = "group_open_http_svc.get_specified_group_member_info" -> SpecifiedMembers }

/// `group_open_http_svc.add_group_member`: brings users in. Source: observed; REST: 269/1621.
///
/// ```json
/// {"GroupId": "{group}", "MemberList": [{"Member_Account": "{third}"}], "Silence": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct AddMembers {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "MemberList")]
    pub members: Vec<NewMember>,
    /// Nobody is told.
    #[serde(rename = "Silence", default, deserialize_with = "lenient_flag")]
    pub silent: bool,
}

#[derive(Debug, Serialize)]
pub struct Added {
    #[serde(rename = "MemberList")]
    pub results: Vec<AddResult>,
}

#[derive(Debug, Serialize)]
pub struct AddResult {
    #[serde(rename = "Member_Account")]
    pub user: UserId,
    /// 0 failed, 1 added, 2 was a member, 4 is in too many groups.
    #[serde(rename = "Result")]
    pub result: u8,
}

request! { AddMembers = "group_open_http_svc.add_group_member" -> Added }

/// `group_open_http_svc.delete_group_member`: puts members out. One who is no member counts as done.
/// Source: observed; REST: 269/1622.
///
/// ```json
/// {"GroupId": "{group}", "MemberToDel_Account": ["{other}"], "Reason": "r", "Silence": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct DeleteMembers {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "MemberToDel_Account")]
    pub users: Vec<UserId>,
    #[serde(rename = "Reason", default)]
    pub reason: String,
    /// Only those who are put out are told.
    #[serde(rename = "Silence", default, deserialize_with = "lenient_flag")]
    pub silent: bool,
}

request! { DeleteMembers = "group_open_http_svc.delete_group_member" -> Empty }

/// `group_open_http_svc.modify_group_member_info`: role, mute, name card, receive option. Source: observed.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "Member_Account": "{other}", "Role": "Admin", "MuteTime": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct ModifyMember {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// What is changed is so in this topic alone: the mute, or the receive option. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "Member_Account")]
    pub user: UserId,
    #[serde(rename = "Role")]
    pub role: Option<Role>,
    #[serde(rename = "NameCard")]
    pub name_card: Option<String>,
    /// Seconds from now; 0 lifts the mute.
    #[serde(rename = "MuteTime", alias = "ShutUpTime")]
    pub mute_seconds: Option<u64>,
    #[serde(rename = "MsgFlag")]
    pub receive: Option<ReceiveOption>,
    #[serde(rename = "AppMemberDefinedData")]
    pub custom: Option<Vec<CustomField>>,
}

request! { ModifyMember = "group_open_http_svc.modify_group_member_info" -> Empty }

/// `group_open_http_svc.get_online_member_num`: how many members are online. Source: observed; REST: 269/49180.
///
/// ```json
/// {"GroupId": "{group}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct CountOnline {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
}

#[derive(Debug, Serialize)]
pub struct OnlineCount {
    #[serde(rename = "OnlineMemberNum")]
    pub count: u64,
    /// For how long the client may keep the number.
    #[serde(rename = "ExpireTime")]
    pub lifetime_seconds: u32,
}

request! { CountOnline = "group_open_http_svc.get_online_member_num" -> OnlineCount }

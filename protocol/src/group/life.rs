//! Creating, handing over and dismissing a group.

use serde::{Deserialize, Serialize};

use super::{ApplyJoinOption, CustomField, GroupKind, InviteJoinOption, Role};
use crate::id::{GroupId, UserId};
use crate::json::lenient_flag;
use crate::request::{Empty, request};

/// `group_open_http_svc.create_group`: makes a group. Source: observed; REST: 269/1615.
///
/// ```json
/// {"Type": "ChatRoom", "Name": "n", "GroupId": "new-{group}", "Owner_Account": "{caller}", "Introduction":
/// "i", "Notification": "n", "FaceUrl": "", "MaxMemberCount": 100, "ApplyJoinOption": "FreeAccess",
/// "InviteJoinOption": "DisableInvite", "MemberList": [{"Member_Account": "{third}", "Role": "Member",
/// "AppMemberDefinedData": [{"Key": "k", "Value": "v"}]}], "AppDefinedData": [{"Key": "k", "Value": "v"}], "SupportTopic": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct Create {
    #[serde(rename = "Type")]
    pub kind: GroupKind,
    #[serde(rename = "Name")]
    pub name: String,
    /// Made by the server when absent or empty.
    #[serde(rename = "GroupId", default)]
    pub group: String,
    /// A user owns what they create; an administrator names the owner, or nobody.
    #[serde(rename = "Owner_Account")]
    pub owner: Option<UserId>,
    #[serde(rename = "Introduction", default)]
    pub introduction: String,
    #[serde(rename = "Notification", default)]
    pub notification: String,
    #[serde(rename = "FaceUrl", default)]
    pub face: String,
    #[serde(rename = "MaxMemberCount", alias = "MaxMemberNum")]
    pub max_members: Option<u64>,
    #[serde(rename = "ApplyJoinOption")]
    pub apply_join: Option<ApplyJoinOption>,
    #[serde(rename = "InviteJoinOption")]
    pub invite_join: Option<InviteJoinOption>,
    #[serde(rename = "MemberList", default)]
    pub members: Vec<NewMember>,
    #[serde(rename = "AppDefinedData", default)]
    pub custom: Vec<CustomField>,
    /// Of communities: whether their members talk in topics of them.
    #[serde(rename = "SupportTopic", default, deserialize_with = "lenient_flag")]
    pub has_topics: bool,
}

/// A member that a group begins with, or that is added.
#[derive(Clone, Debug, Deserialize)]
pub struct NewMember {
    #[serde(rename = "Member_Account")]
    pub user: UserId,
    #[serde(rename = "Role")]
    pub role: Option<Role>,
    #[serde(rename = "AppMemberDefinedData", default)]
    pub custom: Vec<CustomField>,
}

#[derive(Debug, Serialize)]
pub struct Created {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "Type")]
    pub kind: GroupKind,
    /// Who was to be a member and is in too many groups, or was put into too many within an hour.
    #[serde(rename = "OverJoinedGroupLimit_Account", skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<UserId>,
}

request! { Create = "group_open_http_svc.create_group" -> Created, acts_for owner }

/// `group_open_http_svc.destroy_group`: ends a group for all its members. Source: observed; REST: 269/1624.
///
/// ```json
/// {"GroupId": "{group}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct Dismiss {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
}

request! { Dismiss = "group_open_http_svc.destroy_group" -> Empty }

/// `group_open_http_svc.change_group_owner`: hands a group over. The new owner must be a member. Source: observed; REST: 269/1633.
///
/// ```json
/// {"GroupId": "{group}", "NewOwner_Account": "{other}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct ChangeOwner {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "NewOwner_Account")]
    pub new_owner: UserId,
}

request! { ChangeOwner = "group_open_http_svc.change_group_owner" -> Empty }

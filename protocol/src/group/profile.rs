//! What a group says of itself.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{ApplyJoinOption, CustomField, GroupKind, InviteJoinOption, MemberInfo, Switch};
use crate::id::{AppId, GroupId, Seq, UserId};
use crate::json::lenient_flag;
use crate::request::{Empty, request};
use crate::{ErrorCode, Failure};

/// A group as clients and back ends read it. The switch "nobody may speak" has three names downstream;
/// which one a client looks at depends on the command, so all stand here and filters choose.
#[derive(Clone, Debug, Serialize)]
pub struct GroupInfo {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "Type")]
    pub kind: GroupKind,
    #[serde(rename = "Name")]
    pub name: String,
    #[serde(rename = "Introduction")]
    pub introduction: String,
    #[serde(rename = "Notification")]
    pub notification: String,
    #[serde(rename = "FaceUrl")]
    pub face: String,
    /// Empty when nobody owns the group.
    #[serde(rename = "Owner_Account")]
    pub owner: String,
    #[serde(rename = "CreateTime")]
    pub created_at: u64,
    #[serde(rename = "InfoSeq")]
    pub info_seq: u64,
    #[serde(rename = "LastInfoTime")]
    pub info_changed_at: u64,
    #[serde(rename = "LastMsgTime")]
    pub last_message_at: u64,
    /// The number that the next message gets.
    #[serde(rename = "NextMsgSeq")]
    pub next_seq: Seq,
    #[serde(rename = "MemberNum")]
    pub members: u64,
    #[serde(rename = "MaxMemberNum")]
    pub max_members: u64,
    #[serde(rename = "ApplyJoinOption")]
    pub apply_join: ApplyJoinOption,
    #[serde(rename = "InviteJoinOption")]
    pub invite_join: InviteJoinOption,
    #[serde(rename = "ShutUpAllMember")]
    pub mute_all_old: Switch,
    #[serde(rename = "MuteAllMember")]
    pub mute_all: Switch,
    #[serde(rename = "Appid")]
    pub app: AppId,
    #[serde(rename = "AppDefinedData")]
    pub custom: Vec<CustomField>,
    /// Of communities: 1 where members talk in topics.
    #[serde(rename = "SupportTopic", skip_serializing_if = "Option::is_none")]
    pub has_topics: Option<u8>,
}

/// `value` as an object with the members that `filter` names, and always those in `keep`. Without a filter: all.
pub(super) fn filtered(
    value: &impl Serialize,
    filter: Option<&[String]>,
    keep: &[&str],
) -> Map<String, Value> {
    let mut object = match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    if let Some(names) = filter {
        object.retain(|key, _| keep.contains(&key.as_str()) || names.iter().any(|name| name == key));
    }
    object
}

/// Which members of a group, of its members, and of the caller's membership an answer has.
#[derive(Debug, Default, Deserialize)]
pub struct ResponseFilter {
    #[serde(rename = "GroupBaseInfoFilter", alias = "GroupBasePublicInfoFilter")]
    pub base: Option<Vec<String>>,
    #[serde(rename = "MemberInfoFilter")]
    pub member: Option<Vec<String>>,
    #[serde(rename = "SelfInfoFilter")]
    pub own: Option<Vec<String>>,
    #[serde(rename = "AppDefinedDataFilter_Group")]
    pub custom: Option<Vec<String>>,
    #[serde(rename = "AppDefinedDataFilter_GroupMember")]
    pub member_custom: Option<Vec<String>>,
}

/// Members of every item of a list of groups.
const ITEM: &[&str] = &["GroupId", "SupportTopic"];

/// What one who is no member may know of a group: what the SDKs ask for when they search for it. Source: observed.
const PUBLIC: &[&str] = &[
    "GroupId",
    "Type",
    "Name",
    "Introduction",
    "Notification",
    "FaceUrl",
    "CreateTime",
    "Owner_Account",
    "LastInfoTime",
    "LastMsgTime",
    "NextMsgSeq",
    "MemberNum",
    "MaxMemberNum",
    "ApplyJoinOption",
    "InviteJoinOption",
    "SupportTopic",
    // Those of its fields that are for anybody.
    "AppDefinedData",
    "ErrorCode",
    "ErrorInfo",
];

impl GroupInfo {
    /// As an item of a list: its own `ErrorCode` and what the filter names.
    ///
    /// Short answers are merged into live objects by the SDKs without translation, so nothing beyond the filter is told.
    /// A filter that names no members of the group asks for none.
    pub fn item(&self, filter: Option<&ResponseFilter>) -> Map<String, Value> {
        let names = filter.map(|filter| filter.base.as_deref().unwrap_or_default());
        let mut item = filtered(self, names, ITEM);
        if let Some(keys) = filter.and_then(|filter| filter.custom.as_ref()) {
            let fields: Vec<&CustomField> =
                self.custom.iter().filter(|field| keys.contains(&field.key)).collect();
            item.insert("AppDefinedData".into(), serde_json::json!(fields));
        }
        item.insert("ErrorCode".into(), 0.into());
        item.insert("ErrorInfo".into(), "".into());
        item
    }

    /// The same for one who is no member: nothing beyond what the SDKs search for, whatever the filter names.
    pub fn public_item(&self, filter: Option<&ResponseFilter>) -> Map<String, Value> {
        let mut item = self.item(filter);
        let has_fields = !self.custom.is_empty();
        item.retain(|name, _| PUBLIC.contains(&name.as_str()) && (has_fields || name != "AppDefinedData"));
        item
    }
}

/// An item of a list of groups that tells why this group is not told of.
pub fn failed_item(group: &GroupId, failure: &Failure) -> Map<String, Value> {
    let mut item = Map::new();
    item.insert("GroupId".into(), group.as_str().into());
    item.insert("ErrorCode".into(), failure.code.0.into());
    item.insert("ErrorInfo".into(), failure.info.clone().into());
    item
}

/// `group_open_http_svc.get_joined_group_list`: the groups a user is in but for communities, with their membership. Source: observed; REST: 269/1625.
///
/// ```json
/// {"Member_Account": "{caller}", "Limit": 200, "Offset": 0, "GroupType": "ChatRoom", "ResponseFilter":
/// {"GroupBaseInfoFilter": ["Name", "Owner_Account"], "MemberInfoFilter": ["NameCard"], "SelfInfoFilter":
/// ["Role"], "AppDefinedDataFilter_Group": ["k"], "AppDefinedDataFilter_GroupMember": ["k"]}}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetJoined {
    #[serde(rename = "Member_Account")]
    pub member: Option<UserId>,
    #[serde(rename = "Limit")]
    pub limit: Option<usize>,
    #[serde(rename = "Offset", default)]
    pub offset: usize,
    #[serde(rename = "GroupType")]
    pub kind: Option<GroupKind>,
    #[serde(rename = "ResponseFilter", default)]
    pub filter: ResponseFilter,
}

#[derive(Debug, Serialize)]
pub struct JoinedGroups {
    /// All groups of the list; the client goes on while `Offset + Limit` is less.
    #[serde(rename = "TotalCount")]
    pub total: usize,
    /// Each an [`item`](JoinedGroups::item).
    #[serde(rename = "GroupIdList")]
    pub groups: Vec<Box<RawValue>>,
}

/// What of a group can be long, and is read when the group is looked at.
const LONG: &[&str] = &["Introduction", "Notification", "AppDefinedData"];

impl JoinedGroups {
    /// The same without what can be long.
    pub fn shortened(mut item: Map<String, Value>) -> Map<String, Value> {
        item.retain(|name, _| !LONG.contains(&name.as_str()));
        item
    }

    /// One group with the caller's membership. Without a filter back ends get only the id.
    pub fn item(group: &GroupInfo, own: &MemberInfo, filter: &ResponseFilter) -> Map<String, Value> {
        let mut item = filtered(group, Some(filter.base.as_deref().unwrap_or_default()), ITEM);
        // Asked for as ShutUpAllMember, read as MuteAllMember. Source: observed.
        if let Some(value) = item.get("ShutUpAllMember").cloned() {
            item.insert("MuteAllMember".into(), value);
        }
        if filter.base.is_some() {
            item.insert("AppDefinedData".into(), serde_json::json!(group.custom));
            item.insert("SupportTopic".into(), group.has_topics.unwrap_or(0).into());
        }
        if let Some(names) = &filter.own {
            item.insert("SelfInfo".into(), super::filtered(own, Some(names), &[]).into());
        }
        item
    }
}

request! { GetJoined = "group_open_http_svc.get_joined_group_list" -> JoinedGroups, acts_for member }

/// `million_group_open_http_svc.get_joined_group_list`: the communities a user is in, either those with topics or those
/// without. Source: observed.
///
/// ```json
/// {"Member_Account": "{caller}", "Limit": 200, "Offset": 0, "SupportTopic": 1, "ResponseFilter":
/// {"GroupBaseInfoFilter": ["Name", "Owner_Account"], "SelfInfoFilter": ["Role"]}}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetJoinedCommunities {
    #[serde(rename = "Member_Account")]
    pub member: Option<UserId>,
    #[serde(rename = "Limit")]
    pub limit: Option<usize>,
    #[serde(rename = "Offset", default)]
    pub offset: usize,
    #[serde(rename = "ResponseFilter", default)]
    pub filter: ResponseFilter,
    #[serde(rename = "SupportTopic", default, deserialize_with = "lenient_flag")]
    pub with_topics: bool,
}

request! {
    GetJoinedCommunities = "million_group_open_http_svc.get_joined_group_list" -> JoinedGroups, acts_for member
}

/// Items of a list of groups.
#[derive(Debug, Serialize)]
pub struct GroupInfos {
    #[serde(rename = "GroupInfo")]
    pub groups: Vec<Box<RawValue>>,
}

/// `group_open_http_svc.get_group_self_member_info`: groups and the caller's membership in them, as `MemberList` with one item. Source: observed.
///
/// ```json
/// {"GroupIdList": ["{group}"], "ResponseFilter": {"GroupBaseInfoFilter": ["Name", "Owner_Account"],
/// "MemberInfoFilter": ["NameCard"], "SelfInfoFilter": ["Role"], "AppDefinedDataFilter_Group": ["k"],
/// "AppDefinedDataFilter_GroupMember": ["k"]}}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetWithSelf {
    /// At most 50.
    #[serde(rename = "GroupIdList")]
    pub groups: Vec<GroupId>,
    #[serde(rename = "ResponseFilter")]
    pub filter: Option<ResponseFilter>,
}

request! { GetWithSelf = "group_open_http_svc.get_group_self_member_info" -> GroupInfos }

/// `group_open_http_svc.get_group_public_info`: what anybody may know of groups. An unknown group is an item with 10015. Source: observed.
///
/// ```json
/// {"GroupIdList": ["{group}"], "ResponseFilter": {"GroupBaseInfoFilter": ["Name", "Owner_Account"],
/// "MemberInfoFilter": ["NameCard"], "SelfInfoFilter": ["Role"], "AppDefinedDataFilter_Group": ["k"],
/// "AppDefinedDataFilter_GroupMember": ["k"]}}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetPublic {
    /// At most 50.
    #[serde(rename = "GroupIdList")]
    pub groups: Vec<GroupId>,
    #[serde(rename = "ResponseFilter")]
    pub filter: Option<ResponseFilter>,
}

request! { GetPublic = "group_open_http_svc.get_group_public_info" -> GroupInfos }

/// `group_open_http_svc.get_group_info`: everything about groups and their members, for back ends. Source: 269/1616.
///
/// ```json
/// {"GroupIdList": ["{group}"], "ResponseFilter": {"GroupBaseInfoFilter": ["Name", "Owner_Account"],
/// "MemberInfoFilter": ["NameCard"], "SelfInfoFilter": ["Role"], "AppDefinedDataFilter_Group": ["k"],
/// "AppDefinedDataFilter_GroupMember": ["k"]}}
/// ```
#[derive(Debug, Deserialize)]
pub struct Get {
    /// At most 50.
    #[serde(rename = "GroupIdList")]
    pub groups: Vec<GroupId>,
    #[serde(rename = "ResponseFilter")]
    pub filter: Option<ResponseFilter>,
}

request! { Get = "group_open_http_svc.get_group_info" -> GroupInfos }

/// The code of an unknown group in [`GetPublic`].
pub const UNKNOWN_PUBLIC: ErrorCode = ErrorCode::GROUP_BAD_ID;

/// `group_open_http_svc.modify_group_base_info`: changes what is given of a group's profile. Source: observed; REST: 269/1620.
///
/// ```json
/// {"GroupId": "{group}", "Name": "n", "Introduction": "i", "Notification": "n", "FaceUrl": "",
/// "MaxMemberNum": 100, "ApplyJoinOption": "FreeAccess", "InviteJoinOption": "DisableInvite",
/// "ShutUpAllMember": "Off", "AppDefinedData": [{"Key": "k", "Value": "v"}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct Modify {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "Name")]
    pub name: Option<String>,
    #[serde(rename = "Introduction")]
    pub introduction: Option<String>,
    #[serde(rename = "Notification")]
    pub notification: Option<String>,
    #[serde(rename = "FaceUrl")]
    pub face: Option<String>,
    #[serde(rename = "MaxMemberNum")]
    pub max_members: Option<u64>,
    #[serde(rename = "ApplyJoinOption")]
    pub apply_join: Option<ApplyJoinOption>,
    #[serde(rename = "InviteJoinOption")]
    pub invite_join: Option<InviteJoinOption>,
    #[serde(rename = "ShutUpAllMember", alias = "MuteAllMember")]
    pub mute_all: Option<Switch>,
    /// An empty value deletes the field.
    #[serde(rename = "AppDefinedData", default)]
    pub custom: Vec<CustomField>,
}

request! { Modify = "group_open_http_svc.modify_group_base_info" -> Empty }

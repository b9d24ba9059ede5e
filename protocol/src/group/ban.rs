//! Who is kept out of a group.

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, UserId};
use crate::request::{Empty, request};

/// `group_open_http_svc.ban_group_member`: puts users out of a group and keeps them out for a time. Source: observed; REST: 1047/50296.
///
/// ```json
/// {"GroupId": "{group}", "Members_Account": ["{other}"], "Duration": 60, "Description": "d"}
/// ```
#[derive(Debug, Deserialize)]
pub struct Ban {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// At most 20.
    #[serde(rename = "Members_Account")]
    pub users: Vec<UserId>,
    /// Seconds from now.
    #[serde(rename = "Duration")]
    pub seconds: u32,
    #[serde(rename = "Description", default)]
    pub text: String,
}

request! { Ban = "group_open_http_svc.ban_group_member" -> Empty }

/// `group_open_http_svc.unban_group_member`: lets users in again. One who is not banned counts as done. Source: 1047/50297.
///
/// ```json
/// {"GroupId": "{group}", "Members_Account": ["{other}"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct Unban {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// At most 20.
    #[serde(rename = "Members_Account")]
    pub users: Vec<UserId>,
}

request! { Unban = "group_open_http_svc.unban_group_member" -> Empty }

/// `group_open_http_svc.get_group_ban_member`: who is kept out of a group, and until when. Source: 1047/50295.
///
/// ```json
/// {"GroupId": "{group}", "Limit": 100, "Offset": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetBanned {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// At most 100, which it is when absent.
    #[serde(rename = "Limit")]
    pub limit: Option<usize>,
    #[serde(rename = "Offset", default)]
    pub offset: usize,
}

#[derive(Debug, Serialize)]
pub struct BannedMembers {
    #[serde(rename = "BannedAccountList")]
    pub members: Vec<BannedMember>,
    /// Where the next page begins; 0 at the end.
    #[serde(rename = "NextOffset")]
    pub next: usize,
}

#[derive(Debug, Serialize)]
pub struct BannedMember {
    #[serde(rename = "Member_Account")]
    pub user: UserId,
    /// Unix seconds.
    #[serde(rename = "BannedUntil")]
    pub until: u64,
}

request! { GetBanned = "group_open_http_svc.get_group_ban_member" -> BannedMembers }

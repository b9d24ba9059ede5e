//! Coming in and going out by oneself.

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, UserId};
use crate::request::{Empty, request};

/// `group_open_http_svc.apply_join_group`: comes into a group. Source: observed.
///
/// ```json
/// {"GroupId": "{group}", "WebPushFlag": 1, "HugeGroupHistoryMsgFlag": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct Join {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
}

#[derive(Debug, Serialize)]
pub struct Joined {
    /// `JoinedSuccess`; the SDKs take any word but this and `WaitAdminApproval` for an error.
    #[serde(rename = "JoinedStatus")]
    pub status: &'static str,
}

request! { Join = "group_open_http_svc.apply_join_group" -> Joined }

/// `group_open_http_svc.quit_group`: leaves a group. Source: observed.
///
/// ```json
/// {"GroupId": "{group}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct Quit {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
}

request! { Quit = "group_open_http_svc.quit_group" -> Empty }

/// `get_pendency`: applications that wait for this user. Groups that need an approval are not served,
/// so nobody ever waits. `NextStartTime` 0 ends the list; without it the SDKs ask for ever. Source: observed.
///
/// ```json
/// {"StartTime": 0, "Limit": 20, "Handle_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetApplications {
    #[serde(rename = "Handle_Account")]
    pub handler: Option<UserId>,
}

#[derive(Debug, Default, Serialize)]
pub struct Applications {
    #[serde(rename = "NextStartTime")]
    pub next: u64,
    #[serde(rename = "UnreadCount")]
    pub unread: u64,
    #[serde(rename = "PendencyList")]
    pub applications: Vec<Application>,
}

#[derive(Debug, Serialize)]
pub enum Application {}

request! {
    GetApplications = "group_open_http_svc.get_pendency" also "million_group_open_http_svc.get_pendency"
        -> Applications, acts_for handler
}

//! Coming in and going out by oneself.

use serde::{Deserialize, Serialize};

use crate::id::GroupId;
use crate::request::{Empty, request};

/// `group_open_http_svc.apply_join_group`: comes into a group. Source: observed.
///
/// ```json
/// {"GroupId": "{group}", "ApplyMsg": "let me in", "UserDefinedField": "f", "WebPushFlag": 1,
/// "HugeGroupHistoryMsgFlag": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct Join {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// What those are told who decide.
    #[serde(rename = "ApplyMsg", default)]
    pub text: String,
    /// The application's own; told to the same.
    #[serde(rename = "UserDefinedField", default)]
    pub custom: String,
}

#[derive(Debug, Serialize)]
pub struct Joined {
    /// `JoinedSuccess`, or `WaitAdminApproval`; the SDKs take any other word for an error.
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

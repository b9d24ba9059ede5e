//! Coming in and going out by oneself.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::id::GroupId;
use crate::json::lenient_flag;
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
    /// Whether the latest messages are wanted, where there are any for newcomers.
    #[serde(rename = "HugeGroupHistoryMsgFlag", default, deserialize_with = "lenient_flag")]
    pub wants_recent: bool,
}

#[derive(Debug, Serialize)]
pub struct Joined {
    /// `JoinedSuccess`, or `WaitAdminApproval`; the SDKs take any other word for an error.
    #[serde(rename = "JoinedStatus")]
    pub status: &'static str,
    /// What only a live room says.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub live: Option<JoinedLive>,
}

/// Without the flag the SDKs take a live room for an ordinary group; with a key they ask for what is told there, without
/// one they are pushed it. Source: observed.
#[derive(Debug, Serialize)]
pub struct JoinedLive {
    #[serde(rename = "HugeGroupFlag")]
    pub flag: u8,
    #[serde(flatten)]
    pub polling: super::Polling,
    /// The latest messages, oldest first.
    #[serde(rename = "RspMsgList", skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<Box<RawValue>>,
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

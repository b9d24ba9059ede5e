//! Coming in and going out by oneself.

use serde::{Deserialize, Serialize};

use crate::Request;
use crate::id::{GroupId, UserId};
use crate::request::Empty;

/// `group_open_http_svc.apply_join_group`: comes into a group. Source: observed.
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

impl Request for Join {
    const NAME: &'static str = "group_open_http_svc.apply_join_group";
    type Response = Joined;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `group_open_http_svc.quit_group`: leaves a group. Source: observed.
#[derive(Debug, Deserialize)]
pub struct Quit {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
}

impl Request for Quit {
    const NAME: &'static str = "group_open_http_svc.quit_group";
    type Response = Empty;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `get_pendency`: applications that wait for this user. Groups that need an approval are not served,
/// so nobody ever waits. `NextStartTime` 0 ends the list; without it the SDKs ask for ever. Source: observed.
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

impl Request for GetApplications {
    const NAME: &'static str = "group_open_http_svc.get_pendency";
    const ALIASES: &'static [&'static str] = &["million_group_open_http_svc.get_pendency"];
    type Response = Applications;
    fn on_behalf_of(&self) -> Option<&UserId> {
        self.handler.as_ref()
    }
}

//! Accounts, as a back end sees them.

use serde::{Deserialize, Serialize};

use crate::Request;
use crate::id::UserId;
use crate::request::Empty;

/// `im_open_login_svc.account_import`: makes an account, or gives an existing one a new nick and face. Source: 269/1608.
#[derive(Debug, Deserialize)]
pub struct Import {
    #[serde(rename = "UserID", alias = "Identifier")]
    pub user: UserId,
    #[serde(rename = "Nick")]
    pub nick: Option<String>,
    #[serde(rename = "FaceUrl")]
    pub face: Option<String>,
}

impl Request for Import {
    const NAME: &'static str = "im_open_login_svc.account_import";
    type Response = Empty;
    fn on_behalf_of(&self) -> Option<&UserId> {
        Some(&self.user)
    }
}

/// `im_open_login_svc.account_check`: which of at most 100 accounts exist. Source: 269/38417.
#[derive(Debug, Deserialize)]
pub struct Check {
    #[serde(rename = "CheckItem")]
    pub items: Vec<CheckItem>,
}

#[derive(Debug, Deserialize)]
pub struct CheckItem {
    #[serde(rename = "UserID")]
    pub user: UserId,
}

#[derive(Debug, Serialize)]
pub struct Checked {
    #[serde(rename = "ResultItem")]
    pub items: Vec<CheckedItem>,
}

#[derive(Debug, Serialize)]
pub struct CheckedItem {
    #[serde(rename = "UserID")]
    pub user: UserId,
    #[serde(rename = "ResultCode")]
    pub code: u32,
    #[serde(rename = "ResultInfo")]
    pub info: &'static str,
    /// `Imported` or `NotImported`.
    #[serde(rename = "AccountStatus")]
    pub status: &'static str,
}

impl Request for Check {
    const NAME: &'static str = "im_open_login_svc.account_check";
    type Response = Checked;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `im_open_login_svc.kick`: ends all log-ins of a user and voids every UserSig made before. Source: 269/3853.
#[derive(Debug, Deserialize)]
pub struct Kick {
    #[serde(rename = "UserID", alias = "Identifier")]
    pub user: UserId,
}

impl Request for Kick {
    const NAME: &'static str = "im_open_login_svc.kick";
    type Response = Empty;
    fn on_behalf_of(&self) -> Option<&UserId> {
        Some(&self.user)
    }
}

/// `openim.query_online_status`: who of at most 500 users is online. Source: 269/2566.
#[derive(Debug, Deserialize)]
pub struct QueryOnline {
    #[serde(rename = "To_Account")]
    pub users: Vec<UserId>,
    #[serde(rename = "IsNeedDetail", default, deserialize_with = "crate::json::lenient_flag")]
    pub detail: bool,
}

#[derive(Debug, Serialize)]
pub struct OnlineStates {
    #[serde(rename = "QueryResult")]
    pub states: Vec<OnlineState>,
    #[serde(rename = "ErrorList", skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownAccount>,
}

#[derive(Debug, Serialize)]
pub struct OnlineState {
    #[serde(rename = "To_Account")]
    pub user: UserId,
    /// `Online` or `Offline`.
    #[serde(rename = "Status")]
    pub status: &'static str,
    #[serde(rename = "Detail", skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<OnlineDevice>>,
}

#[derive(Debug, Serialize)]
pub struct OnlineDevice {
    /// `Web`, `iPhone`, `Android`, `PC`, `iPad`, `Mac`.
    #[serde(rename = "Platform")]
    pub platform: &'static str,
    #[serde(rename = "Status")]
    pub status: &'static str,
}

#[derive(Debug, Serialize)]
pub struct UnknownAccount {
    #[serde(rename = "To_Account")]
    pub user: UserId,
    #[serde(rename = "ErrorCode")]
    pub code: crate::ErrorCode,
}

impl Request for QueryOnline {
    const NAME: &'static str = "openim.query_online_status";
    const ALIASES: &'static [&'static str] = &["openim.querystate"];
    type Response = OnlineStates;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_vocabularies_name_the_account() {
        for text in [r#"{"UserID":"a","Nick":"n"}"#, r#"{"Identifier":"a"}"#] {
            assert_eq!(serde_json::from_str::<Import>(text).unwrap().user.as_str(), "a");
        }
    }
}

//! Accounts, as a back end sees them.

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::request::{Empty, request};

/// `im_open_login_svc.account_import`: makes an account, or gives an existing one a new nick and face. Source: 269/1608.
///
/// ```json
/// {"UserID": "{caller}", "Nick": "nick", "FaceUrl": "https://example.com/f.png"}
/// ```
#[derive(Debug, Deserialize)]
pub struct Import {
    #[serde(rename = "UserID", alias = "Identifier")]
    pub user: UserId,
    #[serde(rename = "Nick")]
    pub nick: Option<String>,
    #[serde(rename = "FaceUrl")]
    pub face: Option<String>,
}

request! { Import = "im_open_login_svc.account_import" -> Empty, acts_for user }

/// `im_open_login_svc.account_check`: which of at most 100 accounts exist. Source: 269/38417.
///
/// ```json
/// {"CheckItem": [{"UserID": "{other}"}]}
/// ```
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

request! { Check = "im_open_login_svc.account_check" -> Checked }

/// `im_open_login_svc.kick`: ends all log-ins of a user and voids every UserSig made before. Source: 269/3853.
///
/// ```json
/// {"UserID": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct Kick {
    #[serde(rename = "UserID", alias = "Identifier")]
    pub user: UserId,
}

request! { Kick = "im_open_login_svc.kick" -> Empty, acts_for user }

/// `openim.query_online_status`: who of at most 500 users is online. Source: 269/2566.
///
/// ```json
/// {"To_Account": ["{other}"], "IsNeedDetail": 1}
/// ```
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

request! { QueryOnline = "openim.query_online_status" also "openim.querystate" -> OnlineStates }

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

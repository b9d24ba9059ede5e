//! Friends, and the lists beside them that a client asks for at its start.
//!
//! Nobody can apply, make lists of friends or block here yet, so those lists are empty; the commands that would fill them
//! are unknown. A "next" member that says anything but that the list ends makes the SDKs ask again. Source: observed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ErrorCode;
use crate::id::UserId;
use crate::profile::Item;
use crate::request::request;

/// How many users one request may name. Source: "Pulling Specified Friends" (1047/34910).
pub const MAX_USERS: usize = 100;

/// The greatest lengths, in bytes. Source: "User Profile and Relationship Chain" (1047/33521).
pub const MAX_REMARK_BYTES: usize = 96;
pub const MAX_LIST_NAME_BYTES: usize = 30;
pub const MAX_WORDING_BYTES: usize = 256;
/// Of the word behind [`SOURCE_PREFIX`].
pub const MAX_SOURCE_LETTERS: usize = 8;

/// What every source of a friend begins with.
pub const SOURCE_PREFIX: &str = "AddSource_Type_";

/// Whether a text says where a friend comes from: the prefix, and letters behind it.
pub fn is_source(text: &str) -> bool {
    let word = text.strip_prefix(SOURCE_PREFIX).unwrap_or_default();
    (1..=MAX_SOURCE_LETTERS).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The field of a profile that says who may add its user.
pub const WHO_MAY_ADD: &str = "Tag_Profile_IM_AllowType";

/// Who may add a user as a friend. Anybody may where the profile does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhoMayAdd {
    #[default]
    Anybody,
    /// Whom the user has confirmed.
    Confirmed,
    Nobody,
}

impl WhoMayAdd {
    /// By the value of the field [`WHO_MAY_ADD`].
    pub fn of(value: &str) -> Self {
        match value {
            "AllowType_Type_NeedConfirm" => WhoMayAdd::Confirmed,
            "AllowType_Type_DenyAny" => WhoMayAdd::Nobody,
            _ => WhoMayAdd::Anybody,
        }
    }
}

/// An element of a list that is always empty.
#[derive(Debug, Serialize)]
pub enum Nobody {}

/// `sns.black_list_get`: whom the user has blocked.
///
/// ```json
/// {"From_Account": "{caller}", "StartIndex": 0, "MaxLimited": 1000}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetBlackList {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Default, Serialize)]
pub struct BlackList {
    #[serde(rename = "BlackListItem")]
    pub users: Vec<Nobody>,
    #[serde(rename = "StartIndex")]
    pub next: u64,
    #[serde(rename = "CurruentSequence")]
    pub sequence: u64,
}

request! { GetBlackList = "sns.black_list_get" -> BlackList, acts_for from }

/// `sns.friend_get`: the user's friends, page by page.
///
/// ```json
/// {"From_Account": "{caller}", "StartIndex": 0, "StandardSequence": 0, "CustomSequence": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetFriends {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    /// 0, or [`Friends::next`] of the page before.
    #[serde(rename = "StartIndex", default)]
    pub start: u64,
}

#[derive(Debug, Default, Serialize)]
pub struct Friends {
    /// Of the whole list.
    #[serde(rename = "FriendNum")]
    pub count: u64,
    #[serde(rename = "UserDataItem")]
    pub friends: Vec<Friend>,
    #[serde(rename = "StandardSequence")]
    pub standard_sequence: u64,
    #[serde(rename = "CustomSequence")]
    pub custom_sequence: u64,
    /// 1 ends the list; with 0 the SDKs ask for the next page.
    #[serde(rename = "CompleteFlag")]
    pub complete: u8,
    /// Where the next page begins; 0 at the end. The SDKs begin there again after a lost line.
    #[serde(rename = "NextStartIndex")]
    pub next: u64,
}

#[derive(Debug, Serialize)]
pub struct Friend {
    #[serde(rename = "To_Account")]
    pub user: UserId,
    #[serde(rename = "ValueItem")]
    pub items: Vec<Item>,
}

request! { GetFriends = "sns.friend_get" -> Friends, acts_for from }

/// `sns.friend_get_specified`: some of the user's friends, with their profiles. Source: observed; `friend_get_list`
/// (1047/34910) is the back end's.
///
/// ```json
/// {"From_Account": "{caller}", "To_Account": ["{other}"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetSpecifiedFriends {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "To_Account")]
    pub users: Vec<UserId>,
}

#[derive(Debug, Serialize)]
pub struct SpecifiedFriends {
    #[serde(rename = "InfoItem")]
    pub friends: Vec<SpecifiedFriend>,
}

#[derive(Debug, Serialize)]
pub struct SpecifiedFriend {
    #[serde(rename = "To_Account")]
    pub user: UserId,
    #[serde(rename = "SnsProfileItem")]
    pub items: Vec<Item>,
    #[serde(rename = "ResultCode")]
    pub code: ErrorCode,
    #[serde(rename = "ResultInfo")]
    pub info: &'static str,
}

request! { GetSpecifiedFriends = "sns.friend_get_specified" -> SpecifiedFriends, acts_for from }

/// `sns.friend_add`: puts users on the list of friends. Source: "Adding Friends" (1047/34902), observed.
///
/// ```json
/// {"From_Account": "{caller}", "AddFriendItem": [{"To_Account": "{other}", "AddSource": "AddSource_Type_Web",
/// "AddWording": "hi", "Remark": "Bee", "GroupName": "colleagues"}], "AddType": "Add_Type_Both"}
/// ```
#[derive(Debug, Deserialize)]
pub struct AddFriends {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "AddFriendItem")]
    pub friends: Vec<AddFriend>,
    #[serde(rename = "AddType", default)]
    pub sides: Sides,
}

#[derive(Debug, Deserialize)]
pub struct AddFriend {
    #[serde(rename = "To_Account")]
    pub user: UserId,
    /// Empty, or see [`is_source`].
    #[serde(rename = "AddSource", default)]
    pub source: String,
    #[serde(rename = "AddWording", default)]
    pub wording: String,
    #[serde(rename = "Remark", default)]
    pub remark: String,
    /// The list of friends in which the user puts them.
    #[serde(rename = "GroupName", default)]
    pub list: String,
}

/// On whose lists somebody is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Sides {
    /// Each on the list of the other.
    #[default]
    #[serde(rename = "Add_Type_Both")]
    Both,
    /// On that of the one who asks alone.
    #[serde(rename = "Add_Type_Single")]
    Single,
}

#[derive(Debug, Serialize)]
pub struct Added {
    #[serde(rename = "ResultItem")]
    pub results: Vec<AddResult>,
}

/// What became of one. The SDKs take 0 for a friend, 30539 for an application that waits, and reject with the rest.
#[derive(Debug, Serialize)]
pub struct AddResult {
    #[serde(rename = "To_Account")]
    pub user: UserId,
    #[serde(rename = "ResultCode")]
    pub code: ErrorCode,
    #[serde(rename = "ResultInfo")]
    pub info: String,
}

request! { AddFriends = "sns.friend_add" -> Added, acts_for from }

/// What a user noted about a friend.
#[derive(Clone, Copy, Debug)]
pub struct Notes<'a> {
    pub remark: &'a str,
    pub lists: &'a [String],
    pub source: &'a str,
    pub wording: &'a str,
    /// Unix second in which they became a friend.
    pub since: u64,
}

impl Notes<'_> {
    /// As tags and values. Source: 1047/33521.
    pub fn items(&self) -> Vec<Item> {
        let item = |tag: &str, value: Value| Item { tag: tag.to_owned(), value };
        vec![
            item("Tag_SNS_IM_Remark", self.remark.into()),
            item("Tag_SNS_IM_Group", self.lists.into()),
            item("Tag_SNS_IM_AddSource", self.source.into()),
            item("Tag_SNS_IM_AddWording", self.wording.into()),
            item("Tag_SNS_IM_AddTime", self.since.into()),
        ]
    }
}

/// `sns.group_get`: the friend lists a user made.
///
/// ```json
/// {"From_Account": "{caller}", "LastSequence": 0, "NeedFriend": "Need_Friend_Type_Yes"}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetFriendLists {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Default, Serialize)]
pub struct FriendLists {
    #[serde(rename = "ResultItem")]
    pub lists: Vec<Nobody>,
    #[serde(rename = "CurrentSequence")]
    pub sequence: u64,
}

request! { GetFriendLists = "sns.group_get" -> FriendLists, acts_for from }

/// `sns.pendency_get`: who waits to become a friend.
///
/// ```json
/// {"From_Account": "{caller}", "PendencyType": "Pendency_Type_Both", "StartTime": 0, "MaxLimited": 100,
/// "LastSequence": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetFriendApplications {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Default, Serialize)]
pub struct FriendApplications {
    #[serde(rename = "PendencyItem")]
    pub applications: Vec<Nobody>,
    #[serde(rename = "UnreadPendencyCount")]
    pub unread: u64,
    #[serde(rename = "StartTime")]
    pub start: u64,
    #[serde(rename = "CurrentSequence")]
    pub sequence: u64,
}

request! { GetFriendApplications = "sns.pendency_get" -> FriendApplications, acts_for from }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_prefix_and_a_short_word() {
        assert!(is_source("AddSource_Type_Web") && is_source("AddSource_Type_Abcdefgh"));
        for text in [
            "",
            "Web",
            "AddSource_Type_",
            "AddSource_Type_Abcdefghi",
            "AddSource_Type_a1",
            "AddSource_Type_ü",
        ] {
            assert!(!is_source(text), "{text}");
        }
    }

    #[test]
    fn both_sides_unless_it_says_otherwise() {
        let sides = |body: &str| serde_json::from_str::<AddFriends>(body).map(|request| request.sides);
        assert_eq!(sides(r#"{"AddFriendItem":[]}"#).unwrap(), Sides::Both);
        assert_eq!(sides(r#"{"AddFriendItem":[],"AddType":"Add_Type_Single"}"#).unwrap(), Sides::Single);
        assert!(sides(r#"{"AddFriendItem":[],"AddType":""}"#).is_err());
    }
}

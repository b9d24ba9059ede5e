//! Friends and the black list: what a client asks for at its start.
//!
//! Nobody has friends or a black list here yet, so the lists are empty; the commands that would fill them are unknown.
//! Every "next" member says that the list ends: another value makes the SDKs ask for ever. Source: observed.

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::request::request;

/// An element of a list that is always empty.
#[derive(Debug, Serialize)]
pub enum Nobody {}

/// The list ends here: 1 on the wire.
#[derive(Debug, Default)]
pub struct Complete;

impl Serialize for Complete {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

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

/// `sns.friend_get`: the user's friends.
///
/// ```json
/// {"From_Account": "{caller}", "StartIndex": 0, "StandardSequence": 0, "CustomSequence": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetFriends {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Default, Serialize)]
pub struct Friends {
    #[serde(rename = "FriendNum")]
    pub count: u64,
    #[serde(rename = "UserDataItem")]
    pub users: Vec<Nobody>,
    #[serde(rename = "StandardSequence")]
    pub standard_sequence: u64,
    #[serde(rename = "CustomSequence")]
    pub custom_sequence: u64,
    #[serde(rename = "CompleteFlag")]
    pub complete: Complete,
    #[serde(rename = "NextStartIndex")]
    pub next: u64,
}

request! { GetFriends = "sns.friend_get" -> Friends, acts_for from }

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

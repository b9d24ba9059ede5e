//! Friends and the black list: what a client asks for at its start.
//!
//! Nobody has friends or a black list here yet, so the lists are empty; the commands that would fill them are unknown.
//! Every "next" member says that the list ends: another value makes the SDKs ask for ever. Source: observed.

use serde::{Deserialize, Serialize};

use crate::Request;
use crate::id::UserId;

macro_rules! lists {
    ($($(#[$doc:meta])* $request:ident = $name:literal -> $response:ident { $($field:ident: $type:ty = $wire:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        pub struct $request {
            #[serde(rename = "From_Account")]
            pub from: Option<UserId>,
        }

        #[derive(Debug, Default, Serialize)]
        pub struct $response {
            $(#[serde(rename = $wire)] pub $field: $type,)*
        }

        impl Request for $request {
            const NAME: &'static str = $name;
            type Response = $response;
            fn on_behalf_of(&self) -> Option<&UserId> {
                self.from.as_ref()
            }
        }
    )*};
}

/// An element of a list that is always empty.
#[derive(Debug, Serialize)]
pub enum Nobody {}

lists! {
    /// `sns.black_list_get`: whom the user has blocked.
    GetBlackList = "sns.black_list_get" -> BlackList {
        users: Vec<Nobody> = "BlackListItem",
        next: u64 = "StartIndex",
        sequence: u64 = "CurruentSequence",
    }
    /// `sns.friend_get`: the user's friends.
    GetFriends = "sns.friend_get" -> Friends {
        count: u64 = "FriendNum",
        users: Vec<Nobody> = "UserDataItem",
        standard_sequence: u64 = "StandardSequence",
        custom_sequence: u64 = "CustomSequence",
        complete: Complete = "CompleteFlag",
        next: u64 = "NextStartIndex",
    }
    /// `sns.group_get`: the friend lists a user made.
    GetFriendLists = "sns.group_get" -> FriendLists {
        lists: Vec<Nobody> = "ResultItem",
        sequence: u64 = "CurrentSequence",
    }
    /// `sns.pendency_get`: who waits to become a friend.
    GetFriendApplications = "sns.pendency_get" -> FriendApplications {
        applications: Vec<Nobody> = "PendencyItem",
        unread: u64 = "UnreadPendencyCount",
        start: u64 = "StartTime",
        sequence: u64 = "CurrentSequence",
    }
}

/// The list ends here: 1 on the wire.
#[derive(Debug, Default)]
pub struct Complete;

impl Serialize for Complete {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

//! Friends.

use serde_json::json;

use super::PushBody;
use crate::id::UserId;

/// Users are on the list of friends now. The SDKs add them at this push alone, and ask for their profiles. Source: observed.
pub fn added(users: &[UserId]) -> PushBody {
    PushBody::of(json!({"Event": 2, "FriendListMod": [{"PushType": 1, "FriendAdd_Account": users}]}))
}

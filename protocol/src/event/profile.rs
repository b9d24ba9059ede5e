//! Profiles.

use serde_json::{Value, json};

use super::{Former, PushBody};
use crate::id::UserId;
use crate::profile::Item;

/// A profile changed. Texts and numbers have members of their own.
pub fn changed(user: &UserId, items: &[Item]) -> PushBody {
    let list: Vec<Value> = items
        .iter()
        .map(|item| match &item.value {
            Value::Number(number) => json!({"Tag": item.tag, "ValueNum": number}),
            text => json!({"Tag": item.tag, "ValueBytes": text}),
        })
        .collect();
    PushBody::of(
        json!({"Event": 3, "ProfileDataMod": [{"PushType": 1, "Profile_Account": user, "ProfileList": list}]}),
    )
    .formerly(Former::ProfileChanged { user: user.clone(), items: items.to_vec() })
}

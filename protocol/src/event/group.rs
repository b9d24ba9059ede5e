//! What happens to groups and to their members' settings.

use serde::Serialize;
use serde_json::json;

use super::{Former, PushBody, system_item, text};
use crate::group::ReceiveOption;
use crate::id::{Millis, UserId};
use crate::message::{GroupItem, GroupLabel};

/// A tip in a group.
pub fn tip(item: GroupItem<'_>) -> String {
    #[derive(Serialize)]
    struct Event<'a> {
        #[serde(rename = "Event")]
        number: u8,
        #[serde(rename = "GroupTips")]
        items: [GroupItem<'a>; 1],
    }
    text(Event { number: 4, items: [item.in_push()] })
}

/// The user changed their receive option for a group on another device. `number` must be unique per user.
pub fn receive_option(
    user: &UserId,
    label: &GroupLabel,
    option: ReceiveOption,
    number: u64,
    at: Millis,
) -> PushBody {
    let mut item = system_item(Some(user), Some(label), number, at);
    item["MsgBody"] = json!({"ReportType": 20, "MsgFlag": option, "Operator_Account": user});
    item["MsgFlag"] = json!(option);
    PushBody::of(json!({"Event": 5, "GroupTips": [item]}))
        .formerly(Former::ReceiveOption { group: label.clone(), option })
}

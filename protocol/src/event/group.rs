//! What happens to groups and to their members' settings.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Former, PushBody, system_item, text};
use crate::group::{AttributeItem, AttributesChange, CounterItem, CountersChange, ReceiveOption, Shown};
use crate::id::{Millis, Seq, TopicId, UserId};
use crate::message::{GroupItem, GroupLabel, GroupMessageId};

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

/// A tip that stands in no history. It has the number of what was said last.
pub fn passing_tip(item: GroupItem<'_>) -> PushBody {
    PushBody::of(json!({"Event": 6, "GroupTips": [item.in_push()]}))
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

/// A topic of the community was made. `number` is unique.
pub fn topic_created(label: &GroupLabel, operator: &UserId, number: u64, at: Millis) -> PushBody {
    let mut item = system_item(None, Some(label), number, at);
    item["MsgBody"] = json!({"ReportType": 17, "Operator_Account": operator});
    PushBody::of(json!({"Event": 5, "GroupTips": [item]}))
}

/// Topics of the community are gone. `label` is the community's, `number` is unique.
pub fn topics_deleted(
    label: &GroupLabel,
    operator: &UserId,
    topics: &[TopicId],
    number: u64,
    at: Millis,
) -> PushBody {
    let mut item = system_item(None, Some(label), number, at);
    item["MsgBody"] = json!({"ReportType": 18, "Operator_Account": operator, "TopicIdArray": topics});
    PushBody::of(json!({"Event": 5, "GroupTips": [item]}))
}

/// What all members are told of, and what stands in no history. The SDKs look into it before they take it for a tip: of
/// attributes and counters they show nothing. `number` is unique.
fn passing(label: &GroupLabel, number: u64, at: Millis, body: Value) -> PushBody {
    let mut item = system_item(None, Some(label), number, at);
    item["MsgBody"] = body;
    PushBody::of(json!({"Event": 6, "GroupTips": [item]}))
}

/// A group's attributes changed: `main` is their new number, `items` what was written or taken away. A client that has all
/// before it applies it, any other reads all anew.
pub fn attributes(
    label: &GroupLabel,
    operator: &UserId,
    (change, main, items): (AttributesChange, u64, &[AttributeItem]),
    (number, at): (u64, Millis),
) -> PushBody {
    let info = |item: &AttributeItem| match change {
        AttributesChange::Set | AttributesChange::Modified => {
            json!({"key": item.key, "value": item.value, "SubKeySeq": item.seq})
        }
        AttributesChange::Cleared | AttributesChange::Deleted => {
            json!({"key": item.key, "SubKeySeq": item.seq})
        }
    };
    let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
    let option = json!({
        "OpType": change.number(), "GroupAttrSeq": main, "PushChangedAttrValFlag": 1,
        "GroupAttrInfo": items.iter().map(info).collect::<Vec<_>>(), "BytesChangedKeys": keys,
    });
    let body = json!({
        "OpType": 6, "Operator_Account": operator, "MsgGroupNewInfo": {"GroupAttrOption": option},
    });
    passing(label, number, at, body)
}

/// A group's counters changed: `seq` is their new number, `items` what they are now.
pub fn counters(
    label: &GroupLabel,
    operator: &UserId,
    (change, seq, items): (CountersChange, u64, &[CounterItem]),
    (number, at): (u64, Millis),
) -> PushBody {
    let info = json!({"Type": change.number(), "GroupCounterSeq": seq, "GroupCounter": items});
    let body = json!({"OpType": 6, "Operator_Account": operator, "GroupCounterInfo": [info]});
    passing(label, number, at, body)
}

/// A message was pinned, as those read it who have not loaded it.
pub fn pinned(
    label: &GroupLabel,
    operator: &Shown,
    message: GroupItem<'_>,
    (seq, number, at): (Seq, u64, Millis),
) -> PushBody {
    let mut message = json!(message.in_push());
    message["ToGroupId"] = json!(label.id);
    let body = json!({
        "OpType": 16, "Operator_Account": operator.user, "MsgOperatorMemberExtraInfo": operator,
        "PinnedMsg": message,
    });
    pin(label, (seq, number, at), body)
}

/// A message is pinned no more.
pub fn unpinned(
    label: &GroupLabel,
    operator: &Shown,
    message: &GroupMessageId,
    (number, at): (u64, Millis),
) -> PushBody {
    let body = json!({
        "OpType": 17, "Operator_Account": operator.user, "MsgOperatorMemberExtraInfo": operator,
        "SdkGroupMessageId": {
            "SenderTinyId": message.tiny_id.to_string(), "ClientTime": message.client_time,
            "Random": message.random, "ServerTime": message.time, "MsgSeq": message.seq,
        },
    });
    pin(label, (message.seq, number, at), body)
}

/// `MsgSeq` is that of the message: the 2.x SDKs, which know no pins, take the item for a tip with this number. `ToGroupId`
/// is a topic, where there is one: the SDKs give an application what stands there.
fn pin(label: &GroupLabel, (seq, number, at): (Seq, u64, Millis), body: Value) -> PushBody {
    let mut item = system_item(None, Some(label), number, at);
    item["MsgSeq"] = json!(seq);
    item["ToGroupId"] = json!(label.id);
    item["MsgBody"] = body;
    PushBody::of(json!({"Event": 6, "GroupTips": [item]}))
}

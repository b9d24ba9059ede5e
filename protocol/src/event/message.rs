//! What was said, taken back and read.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Former, PushBody, c2c_notify, system_item, text};
use crate::id::{ChannelId, Millis, Seq, UserId};
use crate::message::c2c::MessageKey;
use crate::message::{C2cItem, GroupItem, GroupLabel, GroupMessageId, Recall};
use crate::push::Receipt;

/// A message in a group.
pub fn in_group(item: GroupItem<'_>) -> String {
    #[derive(Serialize)]
    struct Event<'a> {
        #[serde(rename = "Event")]
        number: u8,
        #[serde(rename = "GroupMsgArray")]
        items: [GroupItem<'a>; 1],
    }
    text(Event { number: 3, items: [item] })
}

/// A message between two users; the same to the receiver and to the sender's other devices.
pub fn between_two(item: C2cItem<'_>) -> String {
    #[derive(Serialize)]
    struct Event<'a> {
        #[serde(rename = "Event")]
        number: u8,
        #[serde(rename = "C2cMsgArray")]
        items: [C2cItem<'a>; 1],
    }
    text(Event { number: 9, items: [item] })
}

/// A message of a group was recalled. One a push: clients read only the first.
pub fn group_recalled(
    label: &GroupLabel,
    message: &GroupMessageId,
    recall: &Recall,
    at: Millis,
    receipt: Option<Receipt>,
) -> PushBody {
    let mut item = system_item(None, Some(label), message.seq.0, at);
    item["RevokerInfo"] = json!(recall);
    let mut info = json!({
        "GroupId": label.id.group(), "MsgSeq": message.seq, "MsgRandom": message.random,
        "TinyId": message.tiny_id.to_string(), "MsgClientTime": message.client_time, "MsgTime": message.time,
    });
    if let Some(topic) = label.id.topic() {
        info["TopicId"] = json!(topic);
    }
    item["MsgBody"] = json!({"ReportType": 14, "GroupWithdrawInfoArray": [info]});
    PushBody::wanting(json!({"Event": 5, "GroupTips": [item]}), receipt).formerly(Former::GroupRecalled {
        group: label.clone(),
        message: message.clone(),
        recall: recall.clone(),
    })
}

/// A message between two users was recalled.
pub fn c2c_recalled(
    from: &UserId,
    to: &UserId,
    key: MessageKey,
    (tiny_id, client_time): (u64, u64),
    recall: &Recall,
    receipt: Option<Receipt>,
) -> PushBody {
    let notify = c2c_notify(json!({"WithdrawC2cMsgNotify": {"C2cWithdrawInfoArray": [{
        "From_Account": from, "To_Account": to, "MsgSeq": key.seq, "MsgRand": key.random, "MsgTime": key.time,
        "MsgClientTime": client_time, "TinyId": tiny_id.to_string(), "RevokerInfo": recall,
    }]}}));
    PushBody::wanting(notify, receipt).formerly(Former::C2cRecalled {
        from: from.clone(),
        to: to.clone(),
        key,
        tiny_id,
        client_time,
        recall: recall.clone(),
    })
}

/// `reader` has read the messages of whoever gets this, up to a Unix second.
pub fn read_by_peer(reader: &UserId, time: u64) -> PushBody {
    let notify = c2c_notify(json!({"C2cReadedReceipt": {
        "To_Account": reader, "UinPairReadArray": [{"From_Account": reader, "LastReadTime": time}],
    }}));
    PushBody::of(notify).formerly(Former::ReadByPeer { reader: reader.clone(), time })
}

/// The user read a peer's messages on another device.
pub fn c2c_read(peer: &UserId, time: u64) -> PushBody {
    let notify = c2c_notify(
        json!({"ReadC2cMsgNotify": {"UinPairReadArray": [{"From_Account": peer, "LastReadTime": time}]}}),
    );
    PushBody::of(notify).formerly(Former::ReadC2c { peer: peer.clone(), time })
}

/// The user read a group, or a topic, on another device. `number` must be unique per user.
pub fn group_read(user: &UserId, channel: &ChannelId, seq: Seq, number: u64, at: Millis) -> PushBody {
    let mut item = system_item(Some(user), None, number, at);
    item["GroupInfo"] = json!({"GroupId": channel.group()});
    item["MsgBody"] = json!({"ReportType": 15, "GroupReadInfoArray": [read_info(channel, seq)]});
    PushBody::of(json!({"Event": 5, "GroupTips": [item]}))
        .formerly(Former::ReadGroup { group: channel.clone(), seq })
}

/// How far a group, or a topic, was read.
pub(super) fn read_info(channel: &ChannelId, seq: Seq) -> Value {
    let mut info = json!({"GroupId": channel.group(), "LastReadMsgSeq": seq});
    if let Some(topic) = channel.topic() {
        info["TopicId"] = json!(topic);
    }
    info
}

//! Events as clients read them: the bodies of pushes.
//!
//! Shape: `{"EventArray":[{"Event":n, …}]}`. For most events the dispatcher of the SDKs looks at the key and not at the
//! number; both are as observed. Source: captures; group document §6, C2C document §2, §5, §6, §8.

use serde::Serialize;
use serde_json::{Value, json};

use crate::conversation::Target;
use crate::id::{GroupId, Millis, Seq, UserId};
use crate::message::c2c::MessageKey;
use crate::message::{C2cItem, GroupItem, GroupLabel, GroupMessageId, Recall, SYSTEM_ACCOUNT};
use crate::push::{Mark, Notice, Receipt};
use crate::session::KickReason;

/// The command of every event push.
pub const PUSH: &str = "im_open_push.msg_push";

/// The command that logs a device out.
pub const FORCE_OFFLINE: &str = "im_open_status.stat_forceoffline";

#[derive(Serialize)]
struct Events<T> {
    #[serde(rename = "EventArray")]
    events: [T; 1],
}

fn body(event: impl Serialize) -> String {
    // Values and the items above serialise without failing; an empty list would be ignored by every client.
    serde_json::to_string(&Events { events: [event] }).unwrap_or_else(|_| r#"{"EventArray":[]}"#.to_owned())
}

/// An event that is kept among the user's notices, in a push that the client acknowledges (`openim.ws_msg_push_ack`).
fn kept(event: impl Serialize, number: Seq) -> String {
    #[derive(Serialize)]
    struct Kept<T> {
        #[serde(rename = "EventArray")]
        events: [T; 1],
        #[serde(rename = "NeedAck")]
        needs_ack: u8,
        #[serde(rename = "SessionData")]
        receipt: String,
    }
    let receipt = Receipt { notice: number }.to_string();
    // As above.
    serde_json::to_string(&Kept { events: [event], needs_ack: 1, receipt })
        .unwrap_or_else(|_| r#"{"EventArray":[]}"#.to_owned())
}

/// A message in a group.
pub fn group_message(item: GroupItem<'_>) -> String {
    #[derive(Serialize)]
    struct Event<'a> {
        #[serde(rename = "Event")]
        number: u8,
        #[serde(rename = "GroupMsgArray")]
        items: [GroupItem<'a>; 1],
    }
    body(Event { number: 3, items: [item] })
}

/// A tip in a group.
pub fn group_tip(item: GroupItem<'_>) -> String {
    #[derive(Serialize)]
    struct Event<'a> {
        #[serde(rename = "Event")]
        number: u8,
        #[serde(rename = "GroupTips")]
        items: [GroupItem<'a>; 1],
    }
    body(Event { number: 4, items: [item.in_push()] })
}

/// The part of a system item that all have. `number` must be unique per user.
fn system_item(user: Option<&UserId>, label: Option<&GroupLabel>, number: u64, at: Millis) -> Value {
    let mut item = json!({
        "From_Account": SYSTEM_ACCOUNT, "MsgSeq": number, "ClientSeq": number, "MsgRandom": number & 0xffff_ffff,
        "MsgTimeStamp": at.seconds(), "MsgClientTime": at.seconds(),
    });
    if let Some(user) = user {
        item["To_Account"] = user.as_str().into();
    }
    if let Some(label) = label {
        item["ToGroupId"] = label.id.as_str().into();
        item["GroupInfo"] = json!({
            "GroupId": label.id, "GroupName": label.name, "GroupType": label.kind,
            "From_Account": SYSTEM_ACCOUNT, "To_Account": user.map_or(label.id.as_str(), UserId::as_str),
        });
    }
    item
}

/// The event of a notice, as pushes and `openim.getmsg` have it.
pub fn notice_event(user: &UserId, notice: &Notice, number: u64, at: Millis) -> Value {
    let mut item = system_item(Some(user), Some(&notice.group), number, at);
    item["MsgBody"] = json!({
        "ReportType": notice.kind.report_type(), "Operator_Account": notice.operator.user,
        "RemarkInfo": notice.remark, "MsgOperatorMemberExtraInfo": notice.operator,
    });
    json!({"Event": 5, "GroupTips": [item]})
}

/// A notice to one user.
pub fn notice(user: &UserId, notice: &Notice, number: u64, at: Millis) -> String {
    body(notice_event(user, notice, number, at))
}

/// The same, kept under its number for devices that are away.
pub fn kept_notice(user: &UserId, notice: &Notice, number: Seq, at: Millis) -> String {
    kept(notice_event(user, notice, number.0, at), number)
}

/// The event of a mention, as pushes and `openim.getmsg` have it.
pub fn mark_event(user: &UserId, mark: &Mark, number: u64, at: Millis) -> Value {
    let mut item = system_item(Some(user), None, number, at);
    let kinds: Vec<u8> =
        [(mark.me, 1), (mark.all, 2)].iter().filter(|(is, _)| *is).map(|(_, n)| *n).collect();
    item["GroupAtTips"] = json!({
        "From_Account": mark.from, "GroupId": mark.group, "MsgSeq": mark.seq, "GroupAtType": kinds,
    });
    json!({"Event": 12, "GroupTips": [item]})
}

/// A mention.
pub fn mark(user: &UserId, mark: &Mark, number: Seq, at: Millis) -> String {
    kept(mark_event(user, mark, number.0, at), number)
}

/// A message of a group was recalled. One a push: clients read only the first.
pub fn group_recalled(label: &GroupLabel, message: &GroupMessageId, recall: &Recall, at: Millis) -> String {
    let mut item = system_item(None, Some(label), message.seq.0, at);
    item["RevokerInfo"] = json!(recall);
    item["MsgBody"] = json!({"ReportType": 14, "GroupWithdrawInfoArray": [{
        "GroupId": label.id, "MsgSeq": message.seq, "MsgRandom": message.random,
        "TinyId": message.tiny_id.to_string(), "MsgClientTime": message.client_time, "MsgTime": message.time,
    }]});
    body(json!({"Event": 5, "GroupTips": [item]}))
}

/// The user read a group on another device.
pub fn group_read(user: &UserId, group: &GroupId, seq: Seq, at: Millis) -> String {
    let mut item = system_item(Some(user), None, seq.0, at);
    item["GroupInfo"] = json!({"GroupId": group});
    item["MsgBody"] =
        json!({"ReportType": 15, "GroupReadInfoArray": [{"GroupId": group, "LastReadMsgSeq": seq}]});
    body(json!({"Event": 5, "GroupTips": [item]}))
}

/// The user changed his receive option for a group on another device.
pub fn receive_option(
    user: &UserId,
    label: &GroupLabel,
    option: crate::group::ReceiveOption,
    at: Millis,
) -> String {
    let mut item = system_item(Some(user), Some(label), at.0, at);
    item["MsgBody"] = json!({"ReportType": 20, "MsgFlag": option, "Operator_Account": user});
    item["MsgFlag"] = json!(option);
    body(json!({"Event": 5, "GroupTips": [item]}))
}

/// A message between two users; the same to the receiver and to the sender's other devices.
pub fn c2c_message(item: C2cItem<'_>) -> String {
    #[derive(Serialize)]
    struct Event<'a> {
        #[serde(rename = "Event")]
        number: u8,
        #[serde(rename = "C2cMsgArray")]
        items: [C2cItem<'a>; 1],
    }
    body(Event { number: 9, items: [item] })
}

fn c2c_notify(notify: Value) -> String {
    body(json!({"Event": 10, "C2cNotifyMsgArray": [notify]}))
}

/// A message between two users was recalled.
pub fn c2c_recalled(
    from: &UserId,
    to: &UserId,
    key: MessageKey,
    (tiny_id, client_time): (u64, u64),
    recall: &Recall,
) -> String {
    c2c_notify(json!({"WithdrawC2cMsgNotify": {"C2cWithdrawInfoArray": [{
        "From_Account": from, "To_Account": to, "MsgSeq": key.seq, "MsgRand": key.random, "MsgTime": key.time,
        "MsgClientTime": client_time, "TinyId": tiny_id.to_string(), "RevokerInfo": recall,
    }]}}))
}

/// `reader` has read the messages of whoever gets this, up to a Unix second.
pub fn read_by_peer(reader: &UserId, time: u64) -> String {
    c2c_notify(json!({"C2cReadedReceipt": {
        "To_Account": reader, "UinPairReadArray": [{"From_Account": reader, "LastReadTime": time}],
    }}))
}

/// The user read a peer's messages on another device.
pub fn c2c_read(peer: &UserId, time: u64) -> String {
    c2c_notify(
        json!({"ReadC2cMsgNotify": {"UinPairReadArray": [{"From_Account": peer, "LastReadTime": time}]}}),
    )
}

/// The user changed how he is told of a peer's messages on another device.
pub fn c2c_muted(peers: &[UserId], receive: u8) -> String {
    c2c_notify(json!({"MuteNotificationsSync": {"To_Account": peers, "MuteNotifications": receive}}))
}

/// The user read everything on another device.
pub fn all_read(peers: bool, groups: &[(GroupId, Seq)]) -> String {
    let groups: Vec<Value> =
        groups.iter().map(|(group, seq)| json!({"GroupId": group, "LastReadMsgSeq": seq})).collect();
    body(json!({"Event": 14, "C2CReadAllMsg": u8::from(peers), "GroupReadInfoArray": groups}))
}

/// A conversation as pushes name it.
fn pushed_contact(target: &Target) -> Value {
    match target {
        Target::Peer(peer) => json!({"Type": 1, "User_Account": peer}),
        Target::Group(group) => json!({"Type": 2, "GroupId": group}),
    }
}

/// The user took conversations off his list on another device.
pub fn conversations_deleted(targets: &[Target]) -> String {
    let list: Vec<Value> = targets.iter().map(pushed_contact).collect();
    body(json!({"Event": 13, "RecentContactMod": [
        {"PushType": 1, "RecentContactDeleteItem": {"RecentContactList": list}}]}))
}

/// The user pinned or unpinned conversations on another device.
pub fn conversations_pinned(targets: &[Target], pinned: bool) -> String {
    let list: Vec<Value> = targets.iter().map(pushed_contact).collect();
    body(json!({"Event": 13, "RecentContactMod": [
        {"PushType": if pinned { 2 } else { 3 }, "RecentContactTopItem": {"RecentContactList": list}}]}))
}

/// A profile changed. Texts and numbers have members of their own.
pub fn profile_changed(user: &UserId, items: &[crate::profile::Item]) -> String {
    let list: Vec<Value> = items
        .iter()
        .map(|item| match &item.value {
            Value::Number(number) => json!({"Tag": item.tag, "ValueNum": number}),
            text => json!({"Tag": item.tag, "ValueBytes": text}),
        })
        .collect();
    body(
        json!({"Event": 3, "ProfileDataMod": [{"PushType": 1, "Profile_Account": user, "ProfileList": list}]}),
    )
}

/// This device is logged out. The body of a [`FORCE_OFFLINE`] push.
pub fn kicked(reason: KickReason, by_inst_id: u32) -> String {
    c2c_notify(json!({"KickoutMsgNotify": {
        "KickType": reason.number(), "NewInstInfo": {"InstId": by_inst_id},
    }}))
}

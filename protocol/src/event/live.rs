//! What is told in a live room, as those read it who ask for it: each item says itself which event it is. Source: observed.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::push;
use crate::group::Tip;
use crate::id::{Millis, Seq};
use crate::json::raw;
use crate::message::{GroupItem, GroupLabel, Message};
use crate::push::Notice;

/// A message.
pub fn message(group: &GroupLabel, seq: Seq, at: Millis, message: &Message) -> Box<RawValue> {
    raw(&GroupItem::message(group, seq, at, message, false).polled())
}

/// A tip.
pub fn tip(group: &GroupLabel, seq: Seq, at: Millis, tip: &Tip) -> Box<RawValue> {
    raw(&GroupItem::tip(group, seq, at, tip))
}

/// A notice to all who are there.
pub fn notice(notice: &Notice, seq: Seq, at: Millis) -> Box<RawValue> {
    let user = &notice.operator.user;
    let mut item = push::notice_event(user, notice, seq.0, at)["GroupTips"][0].take();
    item["Event"] = 5.into();
    item["To_Account"] = notice.group.id.as_str().into();
    raw(&item)
}

/// The message that a push says was recalled.
pub fn recalled(body: &str) -> Option<Seq> {
    // Most pushes tell of something else.
    body.contains("GroupWithdrawInfoArray").then_some(())?;
    let body: Value = serde_json::from_str(body).ok()?;
    body["EventArray"][0]["GroupTips"][0]["MsgBody"]["GroupWithdrawInfoArray"][0]["MsgSeq"].as_u64().map(Seq)
}

/// What is pushed to all who are there; nothing where it is of no use to who asks.
pub fn pushed(body: &str, seq: Seq) -> Option<Box<RawValue>> {
    let mut body: Value = serde_json::from_str(body).ok()?;
    let mut event = body["EventArray"][0].take();
    let number = event["Event"].as_u64()?;
    let mut item = event["GroupTips"][0].take();
    item["Event"] = number.into();
    if let Some(recalled) = item["MsgBody"]["GroupWithdrawInfoArray"].as_array() {
        let list: Vec<Value> = recalled
            .iter()
            .map(|message| {
                json!({
                    "TinyId": message["TinyId"], "MsgClientTime": message["MsgClientTime"],
                    "MsgRandom": message["MsgRandom"], "MsgSeq": message["MsgSeq"],
                })
            })
            .collect();
        item["Event"] = 20.into();
        item["MsgBody"] = json!({ "RevokeMsgList": list });
        item["MsgSeq"] = seq.0.into();
    }
    item.is_object().then(|| raw(&item))
}

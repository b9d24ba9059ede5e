//! Notices and mentions.

use serde_json::{Value, json};

use super::{kept, system_item, text};
use crate::id::{Millis, Seq, UserId};
use crate::push::{ALL_RANDOM, Mark, Notice, Receipt};

/// The event of a notice, as pushes and `openim.getmsg` have it.
pub fn notice_event(user: &UserId, notice: &Notice, number: u64, at: Millis) -> Value {
    let mut item = system_item(Some(user), Some(&notice.group), number, at);
    item["MsgBody"] = json!({
        "ReportType": notice.kind.report_type(), "Operator_Account": notice.operator.user,
        "RemarkInfo": notice.remark, "MsgOperatorMemberExtraInfo": notice.operator,
    });
    if let Some(seconds) = notice.ban_seconds {
        item["MsgBody"]["BanDuration"] = seconds.into();
        item["MsgBody"]["BanDescription"] = notice.remark.as_str().into();
    }
    if let Some(application) = &notice.application {
        let body = &mut item["MsgBody"];
        body["Authentication"] = application.token.as_str().into();
        body["MsgKey"] = application.at_us.into();
        if let Some(invited) = &application.invited {
            body["List_Account"] = json!([invited]);
        }
        if !application.custom.is_empty() {
            body["UserDefinedField"] = application.custom.as_str().into();
        }
    }
    json!({"Event": 5, "GroupTips": [item]})
}

/// A notice to one user.
pub fn notice(user: &UserId, notice: &Notice, number: u64, at: Millis) -> String {
    text(notice_event(user, notice, number, at))
}

/// The same, kept under its number for devices that are away.
pub fn kept_notice(user: &UserId, notice: &Notice, number: Seq, at: Millis) -> String {
    kept(notice_event(user, notice, number.0, at), number)
}

/// Asks the client whether it has what it was told before a time. Nothing else is in it.
pub fn receipt_wanted(at: Millis) -> String {
    let receipt = Receipt::Time(at).to_string();
    json!({"EventArray": [], "NeedAck": 1, "SessionData": receipt}).to_string()
}

/// The event of a mention, as pushes and `openim.getmsg` have it.
pub fn mark_event(user: &UserId, mark: &Mark, number: u64, at: Millis) -> Value {
    let mut item = system_item(Some(user), None, number, at);
    item["GroupAtTips"] = at_tips(mark);
    json!({"Event": 12, "GroupTips": [item]})
}

/// The event that everybody was mentioned, as pushes and `openim.getmsg` have it: the same for all who read it.
pub fn mark_of_all_event(mark: &Mark, at: Millis) -> Value {
    let mut item = system_item(None, None, mark.seq.0, at);
    item["MsgRandom"] = ALL_RANDOM.into();
    item["GroupAtTips"] = at_tips(mark);
    json!({"Event": 12, "GroupTips": [item]})
}

fn at_tips(mark: &Mark) -> Value {
    let mut tips = json!({
        "From_Account": mark.from, "GroupId": mark.channel.group(), "MsgSeq": mark.seq, "GroupAtType": mark.kinds(),
    });
    if let Some(topic) = mark.channel.topic() {
        tips["TopicId"] = json!(topic);
    }
    tips
}

/// That everybody was mentioned.
pub fn mark_of_all(mark: &Mark, at: Millis) -> String {
    text(mark_of_all_event(mark, at))
}

/// A mention by name. It is always kept.
pub fn mark(user: &UserId, mark: &Mark, number: Seq, at: Millis) -> String {
    kept(mark_event(user, mark, number.0, at), number)
}

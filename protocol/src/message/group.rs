//! Messages in groups.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{GroupItem, GroupLabel, Mention, Options, Priority, Recall};
use crate::id::{GroupId, Seq, TopicId, UserId};
use crate::json::{lenient_flag, maybe_id, raw, whole_number};
use crate::request::{Empty, request};

/// `group_open_http_svc.send_group_msg`: says something in a group. Source: observed; REST: 269/1629.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "From_Account": "{caller}", "Random": 77, "ClientSeq": 78, "MsgPriority": "Normal",
/// "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}], "CloudCustomData": "",
/// "MsgClientTime": 1795368256, "OnlineOnlyFlag": 0, "NeedReadReceipt": 0, "SupportMessageExtension": 0,
/// "IsRelayMsg": 0, "SendMsgControl": ["NoUnread"], "GroupAtInfo": [{"GroupAtAllFlag": 0, "GroupAt_Account":
/// "{other}"}], "To_Account": []}
/// ```
#[derive(Debug, Deserialize)]
pub struct Send {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    /// An administrator may speak for anybody; without it they speak themselves.
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    /// With sender and group it marks a repetition: within the store's window the first answer is given again.
    #[serde(rename = "Random")]
    pub random: u32,
    #[serde(rename = "ClientSeq", default, deserialize_with = "whole_number")]
    pub client_seq: u64,
    #[serde(rename = "MsgPriority", default)]
    pub priority: Priority,
    #[serde(rename = "MsgBody")]
    pub body: Box<RawValue>,
    #[serde(rename = "CloudCustomData", default)]
    pub cloud_custom_data: String,
    #[serde(rename = "MsgClientTime", default, deserialize_with = "whole_number")]
    pub client_time: Option<u64>,
    #[serde(rename = "OnlineOnlyFlag", default, deserialize_with = "lenient_flag")]
    pub online_only: bool,
    #[serde(rename = "NeedReadReceipt", default, deserialize_with = "lenient_flag")]
    pub wants_receipt: bool,
    #[serde(rename = "SupportMessageExtension", default, deserialize_with = "lenient_flag")]
    pub extensible: bool,
    #[serde(rename = "IsRelayMsg", default, deserialize_with = "lenient_flag")]
    pub relayed: bool,
    #[serde(rename = "SendMsgControl", default)]
    pub control: Vec<String>,
    #[serde(rename = "GroupAtInfo", default)]
    pub mentions: Vec<AtInfo>,
    /// Only these members get it.
    #[serde(rename = "To_Account", default)]
    pub only_to: Vec<UserId>,
}

#[derive(Debug, Deserialize)]
pub struct AtInfo {
    #[serde(rename = "GroupAtAllFlag", default, deserialize_with = "lenient_flag")]
    pub all: bool,
    #[serde(rename = "GroupAt_Account")]
    pub user: Option<UserId>,
}

impl Send {
    pub fn options(&self) -> Options {
        let mut options = Options {
            online_only: self.online_only,
            wants_receipt: self.wants_receipt,
            extensible: self.extensible,
            relayed: self.relayed,
            ..Options::default()
        };
        super::apply_control(&mut options, &self.control);
        options
    }

    pub fn mentions(&self) -> Vec<Mention> {
        self.mentions
            .iter()
            .filter_map(|at| if at.all { Some(Mention::All) } else { at.user.clone().map(Mention::User) })
            .collect()
    }
}

/// Number and Unix second of the message. A repetition gets those of the first.
#[derive(Debug, Serialize)]
pub struct Sent {
    #[serde(rename = "MsgTime")]
    pub time: u64,
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
}

request! { Send = "group_open_http_svc.send_group_msg" -> Sent, acts_for from }

/// `group_open_http_svc.group_msg_get`: history for the SDKs, newest first.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "ReqMsgSeq": {seq}, "ReqMsgNumber": 20, "WithRecalledMsg": 1, "GetType": 0,
/// "ReqMsgSeqList": [{seq}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetHistory {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    /// The newest number wanted; 0 or absent means the last.
    #[serde(rename = "ReqMsgSeq", default)]
    pub newest: Seq,
    #[serde(rename = "ReqMsgNumber", default)]
    pub count: u32,
    /// 3 asks for exactly [`Self::exact`].
    #[serde(rename = "GetType", default)]
    pub get_type: u32,
    #[serde(rename = "ReqMsgSeqList", default)]
    pub exact: Vec<Seq>,
}

#[derive(Debug, Serialize)]
pub struct History {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// 2 when the page is empty because nothing older is left, else 1: `tim-js-sdk` up to 2.25 throws the messages of a
    /// page away that says 2, as later 2.x do where one hops through a history. Where it says 1 they ask once more, or
    /// know the end by number 1; the 3.x know it by [`Self::next`]. Source: observed.
    #[serde(rename = "IsFinished")]
    pub finished: u8,
    /// Where the next page begins; absent at the end.
    #[serde(rename = "NextReqMsgSeq", skip_serializing_if = "Option::is_none")]
    pub next: Option<Seq>,
    /// Numbers of the page that this user deleted for themselves. The 2.x SDKs compute their cursor from it.
    #[serde(rename = "InvisibleMsgSeq")]
    pub invisible: Vec<Seq>,
    /// [`super::GroupItem`]s.
    #[serde(rename = "RspMsgList")]
    pub items: Vec<Box<RawValue>>,
}

request! { GetHistory = "group_open_http_svc.group_msg_get" -> History }

/// What the SDKs ask for when they fill a gap after a reconnect; for a page of history they ask for more.
const GAP_PAGE: u32 = 15;

impl GetHistory {
    /// Whether an SDK fills a gap with it.
    ///
    /// It fills it upwards: it goes on from the newest number of the answer, and must find one in it.
    /// `getMessageListHopping` asks alike, and downwards goes on from the oldest.
    fn fills_gap(&self) -> bool {
        (1..=GAP_PAGE).contains(&self.count)
    }
}

/// A page of history as it was read.
#[derive(Debug)]
pub struct HistoryPage {
    /// Numbers and [`super::GroupItem`]s, newest first.
    pub items: Vec<(Seq, Box<RawValue>)>,
    /// Those of the numbers whose messages the reader deleted for themselves.
    pub hidden: Vec<Seq>,
    /// Where the next page begins; `None` when nothing older can be seen.
    pub next: Option<Seq>,
    /// The newest number of the range that was asked for, also when its message is gone; `None` when the range lies
    /// beyond the end, or single numbers were asked for.
    pub newest: Option<Seq>,
}

impl History {
    /// The answer that gives the SDKs this page.
    pub fn of(request: &GetHistory, label: &GroupLabel, page: HistoryPage) -> Self {
        let gone = match page.newest {
            Some(newest) if request.fills_gap() && page.next.is_none() => {
                ends_of_range(newest, page.items.last().map(|(oldest, _)| *oldest))
            }
            _ => Vec::new(),
        };
        let gone = gone.into_iter().map(|seq| raw(&GroupItem::gone(label, seq)));
        let items: Vec<_> = page.items.into_iter().map(|(_, item)| item).chain(gone).collect();
        Self {
            group: request.group.clone(),
            finished: if items.is_empty() { 2 } else { 1 },
            next: page.next,
            invisible: page.hidden,
            items,
        }
    }
}

/// Numbers that stand for what is kept no more, so that a client sees how far the answer reaches: the newest of the
/// range where none is left, and the first of the group where none is older than the `oldest` that is left.
fn ends_of_range(newest: Seq, oldest: Option<Seq>) -> Vec<Seq> {
    let mut ends = Vec::new();
    if oldest.is_none() {
        ends.push(newest);
    }
    if oldest.unwrap_or(newest) > Seq(1) {
        ends.push(Seq(1));
    }
    ends
}

/// `group_open_http_svc.group_msg_get_simple`: history for back ends. Source: 269/2738.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "ReqMsgNumber": 20, "ReqMsgSeq": {seq}, "WithRecalledMsg": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetHistorySimple {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "ReqMsgNumber")]
    pub count: u32,
    /// The newest number wanted; absent means the last.
    #[serde(rename = "ReqMsgSeq", default)]
    pub newest: Seq,
    #[serde(rename = "WithRecalledMsg", default, deserialize_with = "lenient_flag")]
    pub with_recalled: bool,
}

#[derive(Debug, Serialize)]
pub struct SimpleHistory {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// 1 when the number asked for was reached or nothing older is left, 0 when the page was cut.
    #[serde(rename = "IsFinished")]
    pub finished: u8,
    #[serde(rename = "RspMsgList")]
    pub items: Vec<SimpleItem>,
}

#[derive(Debug, Serialize)]
pub struct SimpleItem {
    #[serde(rename = "From_Account")]
    pub from: String,
    /// 0 as sent, 1 expired or deleted, 2 recalled; the body is then empty.
    #[serde(rename = "IsPlaceMsg")]
    pub place: u8,
    /// 1 for a tip.
    #[serde(rename = "IsSystemMsg")]
    pub system: u8,
    #[serde(rename = "MsgBody")]
    pub body: Box<RawValue>,
    #[serde(rename = "CloudCustomData")]
    pub cloud_custom_data: String,
    #[serde(rename = "MsgPriority")]
    pub priority: u8,
    #[serde(rename = "MsgRandom")]
    pub random: u64,
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
    #[serde(rename = "MsgTimeStamp")]
    pub time: u64,
}

request! { GetHistorySimple = "group_open_http_svc.group_msg_get_simple" -> SimpleHistory }

/// `group_open_http_svc.group_msg_recall`: takes messages back. Source: observed; REST: 269/12341.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "MsgSeqList": [{"MsgSeq": {seq}}], "Reason": ""}
/// ```
#[derive(Debug, Deserialize)]
pub struct RecallMessages {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "MsgSeqList")]
    pub seqs: Vec<SeqItem>,
    #[serde(rename = "Reason", default)]
    pub reason: String,
}

#[derive(Debug, Deserialize)]
pub struct SeqItem {
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
}

#[derive(Debug, Serialize)]
pub struct Recalled {
    #[serde(rename = "RecallRetList")]
    pub results: Vec<RecallResult>,
}

#[derive(Debug, Serialize)]
pub struct RecallResult {
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
    /// 0 or an error code.
    #[serde(rename = "RetCode")]
    pub code: crate::ErrorCode,
}

request! { RecallMessages = "group_open_http_svc.group_msg_recall" -> Recalled }

/// `group_open_http_svc.msg_read_report`: read up to this number. The position never goes back.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "MsgReadedSeq": {seq}}
/// ```
#[derive(Debug, Deserialize)]
pub struct ReportRead {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "MsgReadedSeq")]
    pub seq: Seq,
}

request! { ReportRead = "group_open_http_svc.msg_read_report" -> Empty }

/// `group_open_http_svc.delete_group_ramble_msg_by_seq`: hides messages from oneself.
///
/// ```json
/// {"GroupId": "{group}", "TopicId": "", "Deleter_Account": "{caller}", "Seqs": ["{seq}"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct DeleteForMe {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "Deleter_Account")]
    pub deleter: Option<UserId>,
    /// Decimal numbers as texts, at most 30.
    #[serde(rename = "Seqs")]
    pub seqs: Vec<String>,
}

request! { DeleteForMe = "group_open_http_svc.delete_group_ramble_msg_by_seq" -> Empty, acts_for deleter }

/// What a client that was away asks of a group: which messages were recalled between two times, in microseconds.
#[derive(Debug, Deserialize)]
pub struct RecallQuery {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Of a community with topics: the topic. `""` is none.
    #[serde(rename = "TopicId", default, deserialize_with = "maybe_id")]
    pub topic: Option<TopicId>,
    #[serde(rename = "BeginTime", default)]
    pub begin_us: u64,
    #[serde(rename = "EndTime", default)]
    pub end_us: u64,
    #[serde(rename = "Limit", default)]
    pub limit: u32,
}

/// `NextMsgTime` must be there: without it the SDKs ask for ever. 0 ends the list.
#[derive(Debug, Serialize)]
pub struct RecallList {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "TopicId", skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    #[serde(rename = "NextMsgTime")]
    pub next_us: u64,
    /// Each a [`RecallItem`].
    #[serde(rename = "NotifyMsgList")]
    pub recalls: Vec<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
pub struct RecallItem {
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
    #[serde(rename = "Random")]
    pub random: u64,
    #[serde(rename = "RevokerInfo")]
    pub recall: Recall,
}

/// `group_open_http_svc.batch_get_group_notify`: missed recalls of several groups (3.x).
///
/// ```json
/// {"NotifyReqList": [{"GroupId": "{group}", "BeginTime": 0, "EndTime": 4000000000000000, "Limit": 20}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetRecalls {
    #[serde(rename = "NotifyReqList")]
    pub queries: Vec<RecallQuery>,
}

#[derive(Debug, Serialize)]
pub struct RecallLists {
    #[serde(rename = "NotifyRspList")]
    pub lists: Vec<RecallList>,
}

request! { GetRecalls = "group_open_http_svc.batch_get_group_notify" -> RecallLists }

/// `group_open_http_svc.get_group_notify`: missed recalls of one group (2.x).
///
/// ```json
/// {"GroupId": "{group}", "BeginTime": 0, "EndTime": 4000000000000000, "Limit": 20}
/// ```
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct GetGroupRecalls {
    pub query: RecallQuery,
}

request! { GetGroupRecalls = "group_open_http_svc.get_group_notify" -> RecallList }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_send_is_read() {
        let text = r#"{"From_Account":"alice","GroupId":"meeting1","Random":42352255,"ClientSeq":1724160002,
            "MsgPriority":"Normal","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}],
            "CloudCustomData":"","OnlineOnlyFlag":0,"OfflinePushInfo":{"PushFlag":0},
            "GroupAtInfo":[{"GroupAtAllFlag":1},{"GroupAtAllFlag":0,"GroupAt_Account":"bob"}],
            "SendMsgControl":["NoUnread"],"MsgClientTime":1795368257,"NeedReadReceipt":0,"IsRelayMsg":0}"#;
        let send: Send = serde_json::from_str(text).unwrap();
        assert!(send.options().no_unread && !send.options().no_last);
        assert_eq!(send.mentions(), [Mention::All, Mention::User(UserId::parse("bob").unwrap())]);
    }
}

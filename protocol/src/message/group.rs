//! Messages in groups.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Mention, Options, Priority, Recall};
use crate::Request;
use crate::id::{GroupId, Seq, UserId};
use crate::json::lenient_flag;
use crate::request::Empty;

/// `group_open_http_svc.send_group_msg`: says something in a group. Source: observed; REST: 269/1629.
#[derive(Debug, Deserialize)]
pub struct Send {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// An administrator may speak for anybody; without it he speaks himself.
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    /// With sender and group it marks a repetition: within the store's window the first answer is given again.
    #[serde(rename = "Random")]
    pub random: u32,
    #[serde(rename = "ClientSeq", default)]
    pub client_seq: u64,
    #[serde(rename = "MsgPriority", default)]
    pub priority: Priority,
    #[serde(rename = "MsgBody")]
    pub body: Box<RawValue>,
    #[serde(rename = "CloudCustomData", default)]
    pub cloud_custom_data: String,
    #[serde(rename = "MsgClientTime")]
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

impl Request for Send {
    const NAME: &'static str = "group_open_http_svc.send_group_msg";
    type Response = Sent;
    fn on_behalf_of(&self) -> Option<&UserId> {
        self.from.as_ref()
    }
}

/// `group_open_http_svc.group_msg_get`: history for the SDKs, newest first.
#[derive(Debug, Deserialize)]
pub struct GetHistory {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
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
    /// Numbers of the page that this user deleted for himself. The 2.x SDKs compute their cursor from it.
    #[serde(rename = "InvisibleMsgSeq")]
    pub invisible: Vec<Seq>,
    /// [`super::GroupItem`]s.
    #[serde(rename = "RspMsgList")]
    pub items: Vec<Box<RawValue>>,
}

impl Request for GetHistory {
    const NAME: &'static str = "group_open_http_svc.group_msg_get";
    type Response = History;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `group_open_http_svc.group_msg_get_simple`: history for back ends. Source: 269/2738.
#[derive(Debug, Deserialize)]
pub struct GetHistorySimple {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
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

impl Request for GetHistorySimple {
    const NAME: &'static str = "group_open_http_svc.group_msg_get_simple";
    type Response = SimpleHistory;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `group_open_http_svc.group_msg_recall`: takes messages back. Source: observed; REST: 269/12341.
#[derive(Debug, Deserialize)]
pub struct RecallMessages {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
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

impl Request for RecallMessages {
    const NAME: &'static str = "group_open_http_svc.group_msg_recall";
    type Response = Recalled;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `group_open_http_svc.msg_read_report`: read up to this number. The position never goes back.
#[derive(Debug, Deserialize)]
pub struct ReportRead {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "MsgReadedSeq")]
    pub seq: Seq,
}

impl Request for ReportRead {
    const NAME: &'static str = "group_open_http_svc.msg_read_report";
    type Response = Empty;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `group_open_http_svc.delete_group_ramble_msg_by_seq`: hides messages from oneself.
#[derive(Debug, Deserialize)]
pub struct DeleteForMe {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "Deleter_Account")]
    pub deleter: Option<UserId>,
    /// Decimal numbers as texts, at most 30.
    #[serde(rename = "Seqs")]
    pub seqs: Vec<String>,
}

impl Request for DeleteForMe {
    const NAME: &'static str = "group_open_http_svc.delete_group_ramble_msg_by_seq";
    type Response = Empty;
    fn on_behalf_of(&self) -> Option<&UserId> {
        self.deleter.as_ref()
    }
}

/// What a client that was away asks of a group: which messages were recalled between two times, in microseconds.
#[derive(Debug, Deserialize)]
pub struct RecallQuery {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
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
    #[serde(rename = "NextMsgTime")]
    pub next_us: u64,
    #[serde(rename = "NotifyMsgList")]
    pub recalls: Vec<RecallItem>,
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

impl Request for GetRecalls {
    const NAME: &'static str = "group_open_http_svc.batch_get_group_notify";
    type Response = RecallLists;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `group_open_http_svc.get_group_notify`: missed recalls of one group (2.x).
#[derive(Debug, Deserialize)]
pub struct GetGroupRecalls {
    #[serde(flatten)]
    pub query: RecallQuery,
}

impl Request for GetGroupRecalls {
    const NAME: &'static str = "group_open_http_svc.get_group_notify";
    type Response = RecallList;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

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

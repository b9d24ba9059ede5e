//! What users are told besides messages: notices, and the commands about them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::group::Shown;
use crate::id::{ChannelId, Millis, Seq, UserId};
use crate::message::GroupLabel;
use crate::request::{Empty, request};

/// A notice to one user about a group: shown in the conversation of the system account. Event 5 on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    #[serde(rename = "g")]
    pub group: GroupLabel,
    #[serde(rename = "o")]
    pub operator: Shown,
    #[serde(rename = "k")]
    pub kind: NoticeKind,
    /// Free text: a reason, a greeting.
    #[serde(rename = "x", default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
    /// The application that it tells of, to those who decide about it.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationRef>,
    /// For how many seconds one who was put out is kept out.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub ban_seconds: Option<u32>,
}

/// Names an application in a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRef {
    #[serde(rename = "t")]
    pub at_us: u64,
    #[serde(rename = "k")]
    pub token: String,
    /// Whom it would bring in, where that is not the operator.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub invited: Option<UserId>,
    /// The application's own field.
    #[serde(rename = "c", default, skip_serializing_if = "String::is_empty")]
    pub custom: String,
}

/// `ReportType` on the wire. Source: "Group System" (269/1502), observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeKind {
    /// To those who decide: somebody wants to come in.
    Applied,
    /// To one who was let in, and to the other devices of one who came in by themselves.
    Accepted,
    /// To one who was not let in.
    Rejected,
    /// To one who was put out.
    Kicked,
    /// To all members: the group is gone.
    Dismissed,
    /// To the creator's other devices.
    Created,
    /// To one who was brought in.
    Invited,
    /// To one who is invited, and says whether they come.
    Asked,
    /// To the other devices of one who left.
    Quit,
    /// To a new admin.
    AdminGranted,
    /// To a former admin.
    AdminRevoked,
    /// To one who was put out and is kept out.
    Banned,
    /// To one who may come in again.
    Unbanned,
}

impl NoticeKind {
    pub fn report_type(self) -> u8 {
        match self {
            NoticeKind::Applied => 1,
            NoticeKind::Accepted => 2,
            NoticeKind::Rejected => 3,
            NoticeKind::Kicked => 4,
            NoticeKind::Dismissed => 5,
            NoticeKind::Created => 6,
            NoticeKind::Invited => 7,
            NoticeKind::Quit => 8,
            NoticeKind::AdminGranted => 9,
            NoticeKind::AdminRevoked => 10,
            NoticeKind::Asked => 12,
            NoticeKind::Banned => 21,
            NoticeKind::Unbanned => 22,
        }
    }
}

/// A mention in a group message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The group, or the topic.
    #[serde(rename = "group")]
    pub channel: ChannelId,
    pub from: UserId,
    /// The message.
    pub seq: Seq,
    pub me: bool,
    pub all: bool,
}

impl Mark {
    /// As clients are told: 1 by name, 2 as one of all.
    pub(crate) fn kinds(&self) -> Vec<u8> {
        [(self.me, 1), (self.all, 2)].iter().filter(|(is, _)| *is).map(|(_, kind)| *kind).collect()
    }
}

/// The `MsgRandom` of the event that everybody was mentioned. Its `ClientSeq` is the number of the message, where that of
/// a notice is its number among the user's, which is its `MsgRandom` too and begins with 1.
pub const ALL_RANDOM: u64 = 0;

/// What a client sends back for a push. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Which notice it was. Shape: `n` and the number.
    Notice(Seq),
    /// The push stood behind everything that was said before this time. Shape: `t` and the Unix milliseconds.
    Time(Millis),
    /// Which recall it told of. Shape: `r`, its Unix microseconds, `-`, and the number of the message.
    Recall { at_us: u64, seq: Seq },
}

impl Receipt {
    pub fn parse(text: &str) -> Option<Self> {
        let number = || text.get(1..)?.parse().ok();
        match text.chars().next()? {
            'n' => Some(Self::Notice(Seq(number()?))),
            't' => Some(Self::Time(Millis(number()?))),
            'r' => {
                let (at_us, seq) = text.get(1..)?.split_once('-')?;
                Some(Self::Recall { at_us: at_us.parse().ok()?, seq: Seq(seq.parse().ok()?) })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notice(seq) => write!(f, "n{seq}"),
            Self::Time(at) => write!(f, "t{}", at.0),
            Self::Recall { at_us, seq } => write!(f, "r{at_us}-{seq}"),
        }
    }
}

/// `openim.ws_msg_push_ack`: a push that has `NeedAck` arrived. Nobody waits for the answer. Source: session document
/// §1.8, observed.
///
/// ```json
/// {"SessionData": "n1"}
/// ```
#[derive(Debug, Deserialize)]
pub struct Ack {
    /// The push's own.
    #[serde(rename = "SessionData", default)]
    pub receipt: String,
}

request! { Ack = "openim.ws_msg_push_ack" -> Empty }

/// `openim.deletemsg`: the user has seen these marks and notices. Source: observed.
///
/// ```json
/// {"DelMsgList": [{"From_Account": "{other}", "To_Account": "{third}", "MsgSeq": 1, "MsgRandom": 2,
/// "GroupId": "{group}"}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct DeleteNotices {
    #[serde(rename = "DelMsgList", default)]
    pub notices: Vec<NoticeItem>,
}

/// A notice is named by its number among those of the user; that everybody was mentioned, by the group, the number of
/// the message, and [`ALL_RANDOM`].
#[derive(Debug, Deserialize)]
pub struct NoticeItem {
    /// The `ClientSeq` of the push. The SDKs name none of what they found in a list of topics, which they have read by then.
    #[serde(rename = "MsgSeq", default)]
    pub seq: Seq,
    /// The `MsgRandom` of the push.
    #[serde(rename = "MsgRandom", default)]
    random: Option<Value>,
    #[serde(rename = "GroupId", default)]
    group: Option<Value>,
}

impl NoticeItem {
    /// The group and the message, when it says that everybody was mentioned.
    pub fn of_all(&self) -> Option<(ChannelId, Seq)> {
        let channel = ChannelId::parse(self.group.as_ref()?.as_str()?).ok()?;
        (self.random.as_ref()?.as_u64()? == ALL_RANDOM).then_some((channel, self.seq))
    }
}

request! { DeleteNotices = "openim.deletemsg" -> Empty }

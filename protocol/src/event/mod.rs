//! Events as clients read them: the bodies of pushes, one file a subject.
//!
//! Shape: `{"EventArray":[{"Event":n, …}]}`. For most events the dispatcher of the SDKs looks at the key and not at the
//! number; both are as observed. Source: captures; group document §6, C2C document §2, §5, §6, §8.
//!
//! | what | returns | who calls it |
//! |---|---|---|
//! | an entry of a log: a message, a tip, a notice, a mention | text | the hub, which knows the entry's number |
//! | everything else | a [`PushBody`] | the service in which it happens: nobody on the way looks into it |

pub mod conversation;
mod former;
pub mod friend;
pub mod group;
pub mod live;
pub mod message;
pub mod profile;
pub mod push;
pub mod session;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::id::{Millis, Seq, UserId};
use crate::message::{GroupLabel, SYSTEM_ACCOUNT};
use crate::push::Receipt;

pub use former::Former;

/// The command of every event push.
pub const PUSH: &str = "im_open_push.msg_push";

/// The command that logs a device out.
pub const FORCE_OFFLINE: &str = "im_open_status.stat_forceoffline";

/// The body of an event push, ready to be sent: whoever carries it need not know what it says.
#[derive(Clone, Debug)]
pub struct PushBody {
    json: Box<RawValue>,
    former: Option<Box<Former>>,
}

impl PushBody {
    pub fn from_json(json: Box<RawValue>) -> Self {
        Self { json, former: None }
    }

    /// An event of this shape.
    fn of(event: impl Serialize) -> Self {
        let json = to_raw_value(&Events { events: [event] }).expect("an event has only texts for keys");
        Self::from_json(json)
    }

    /// The same, which the client acknowledges (`openim.ws_msg_push_ack`) where a receipt is wanted.
    fn wanting(event: impl Serialize, receipt: Option<Receipt>) -> Self {
        let Some(receipt) = receipt else { return Self::of(event) };
        Self::from_json(
            to_raw_value(&Receipted::of(event, receipt)).expect("an event has only texts for keys"),
        )
    }

    /// Older instances understand it in this spelling.
    fn formerly(mut self, former: Former) -> Self {
        self.former = Some(Box::new(former));
        self
    }

    /// As clients read it.
    pub fn json(&self) -> &RawValue {
        &self.json
    }

    /// As instances of 0.1 spell it, where they have a word for it.
    pub fn former(&self) -> Option<&Former> {
        self.former.as_deref()
    }
}

#[derive(Serialize)]
struct Events<T> {
    #[serde(rename = "EventArray")]
    events: [T; 1],
}

/// The body of the push of an entry.
fn text(event: impl Serialize) -> String {
    serde_json::to_string(&Events { events: [event] }).expect("an event has only texts for keys")
}

/// The body of a push that the client acknowledges.
#[derive(Serialize)]
struct Receipted<T> {
    #[serde(flatten)]
    events: Events<T>,
    #[serde(rename = "NeedAck")]
    needs_ack: u8,
    #[serde(rename = "SessionData")]
    receipt: String,
}

impl<T: Serialize> Receipted<T> {
    fn of(event: T, receipt: Receipt) -> Self {
        Self { events: Events { events: [event] }, needs_ack: 1, receipt: receipt.to_string() }
    }
}

/// The body of the push of an entry that is kept among the user's notices: the client acknowledges it
/// (`openim.ws_msg_push_ack`).
fn kept(event: impl Serialize, number: Seq) -> String {
    let kept = Receipted::of(event, Receipt::Notice(number));
    serde_json::to_string(&kept).expect("an event has only texts for keys")
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
        let group = label.id.group();
        item["ToGroupId"] = group.as_str().into();
        item["GroupInfo"] = json!({
            "GroupId": group, "GroupName": label.name, "GroupType": label.kind,
            "From_Account": SYSTEM_ACCOUNT, "To_Account": user.map_or(group.as_str(), UserId::as_str),
        });
        if let Some(flag) = label.community_flag() {
            item["GroupInfo"]["MillionGroupFlag"] = flag.into();
        }
        if let Some(topic) = label.id.topic() {
            item["GroupInfo"]["TopicId"] = json!(topic);
        }
    }
    item
}

/// What the SDKs read as a notice about one-to-one conversations.
fn c2c_notify(notify: Value) -> Value {
    json!({"Event": 10, "C2cNotifyMsgArray": [notify]})
}

//! A user's list of conversations. Service `recentcontact`; source: observed (C2C captures).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ErrorCode;
use crate::id::{ChannelId, GroupId, Seq, UserId};
use crate::message::Recall;
use crate::request::{Empty, request};

/// One conversation of a user: with a peer or in a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    Peer(UserId),
    /// A group, or a topic.
    Group(ChannelId),
}

/// A conversation as requests and answers name it. In pushes the peer is `User_Account` and the group `GroupId`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Contact {
    /// 1 with a peer, 2 in a group.
    #[serde(rename = "Type")]
    pub kind: u8,
    #[serde(rename = "To_Account", default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<UserId>,
    /// Requests spell it in several ways. Source: observed.
    #[serde(
        rename = "ToGroupid",
        alias = "ToGroupId",
        alias = "GroupId",
        alias = "ToAccount",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub group: Option<ChannelId>,
}

impl Contact {
    /// `None` when type and name do not fit together.
    pub fn target(&self) -> Option<Target> {
        match self.kind {
            1 => self.peer.clone().map(Target::Peer),
            2 => self.group.clone().map(Target::Group),
            _ => None,
        }
    }
}

impl From<&Target> for Contact {
    fn from(target: &Target) -> Self {
        match target {
            Target::Peer(peer) => Self { kind: 1, peer: Some(peer.clone()), group: None },
            Target::Group(group) => Self { kind: 2, peer: None, group: Some(group.clone()) },
        }
    }
}

/// `recentcontact.page_get`: a page of the user's conversations. Its cursor is `StartIndex`; the other cursor members are 0.
///
/// ```json
/// {"From_Account": "{caller}", "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0,
/// "OrderType": 1, "MsgAssistFlags": 15, "AssistFlags": 31}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetPage {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    /// As the page before gave it; 0 begins.
    #[serde(rename = "StartIndex", default)]
    pub index: u64,
}

#[derive(Debug, Default, Serialize)]
pub struct Page {
    /// 1 ends the list; anything else makes the client ask again.
    #[serde(rename = "CompleteFlag")]
    pub complete: u8,
    #[serde(rename = "TimeStamp")]
    pub time: u64,
    #[serde(rename = "StartIndex")]
    pub index: u64,
    #[serde(rename = "TopTimeStamp")]
    pub pinned_time: u64,
    #[serde(rename = "TopStartIndex")]
    pub pinned_index: u64,
    #[serde(rename = "GroupItem")]
    pub lists: Vec<()>,
    /// Each a [`PeerItem`] or a [`GroupItem`].
    #[serde(rename = "SessionItem")]
    pub conversations: Vec<Box<RawValue>>,
}

/// A conversation with a peer.
#[derive(Debug, Serialize)]
pub struct PeerItem {
    #[serde(rename = "Type")]
    pub kind: u8,
    #[serde(rename = "To_Account")]
    pub peer: UserId,
    /// Not read by the SDKs, which take it from `openim.getmsg`.
    #[serde(rename = "UnreadMsgCount")]
    pub unread: u64,
    #[serde(flatten)]
    pub last: Option<PeerLast>,
    #[serde(rename = "C2cNick")]
    pub nick: String,
    #[serde(rename = "C2cImage")]
    pub face: String,
    #[serde(rename = "C2cRemark")]
    pub remark: &'static str,
    /// Unix seconds up to which the peer has read.
    #[serde(rename = "C2cPeerReadTime")]
    pub peer_read_at: u64,
    #[serde(rename = "TopFlags")]
    pub pinned: u8,
    #[serde(rename = "MsgRecvOption")]
    pub receive: u8,
}

/// The last message of a conversation with a peer.
#[derive(Debug, Serialize)]
pub struct PeerLast {
    #[serde(rename = "MsgTimeStamp")]
    pub time: u64,
    #[serde(rename = "MsgSeq")]
    pub seq: u64,
    #[serde(rename = "LastC2cMsgFrom_Account")]
    pub from: UserId,
    /// 8 when recalled.
    #[serde(rename = "LastMsgFlags")]
    pub flags: u8,
    #[serde(rename = "LastMsg")]
    pub message: LastMessage,
}

/// A conversation in a group.
#[derive(Debug, Serialize)]
pub struct GroupItem {
    #[serde(rename = "Type")]
    pub kind: u8,
    #[serde(rename = "ToAccount")]
    pub group: GroupId,
    #[serde(rename = "GroupNick")]
    pub name: String,
    #[serde(rename = "GroupImage")]
    pub face: String,
    #[serde(rename = "GroupType")]
    pub group_kind: crate::group::GroupKind,
    #[serde(rename = "GroupNextMsgSeq")]
    pub next_seq: Seq,
    #[serde(rename = "MsgGroupReadedSeq")]
    pub read: Seq,
    /// Those that count.
    #[serde(rename = "UnreadMsgCount")]
    pub unread: u64,
    /// Newer SDKs take it off what is unread; older ones do not know it.
    #[serde(rename = "GroupIgnoredUnreadSeqCount")]
    pub ignored: u64,
    #[serde(rename = "MsgTimeStamp")]
    pub time: u64,
    /// The newest stored number, also when it is a tip: history and recovery start there.
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
    /// 2 when the last message is recalled.
    #[serde(rename = "LastMsgFlags")]
    pub flags: u8,
    #[serde(flatten)]
    pub last: Option<GroupLast>,
    #[serde(rename = "MsgRecvOption")]
    pub receive: u8,
    #[serde(rename = "TopFlags")]
    pub pinned: u8,
}

/// The last message of a group.
#[derive(Debug, Serialize)]
pub struct GroupLast {
    #[serde(rename = "MsgGroupFrom_Account")]
    pub from: String,
    #[serde(rename = "MsgGroupFromCardName")]
    pub name_card: String,
    #[serde(rename = "MsgGroupFromNickName")]
    pub nick: String,
    #[serde(rename = "LastMsg")]
    pub message: LastMessage,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum LastMessage {
    /// With its random, its client's time and its sender's number a client knows the id that it has everywhere. The web
    /// SDKs do not look at these.
    Message {
        #[serde(rename = "MsgRandom")]
        random: u64,
        #[serde(rename = "MsgClientTime")]
        client_time: u64,
        #[serde(rename = "TinyId")]
        tiny_id: String,
        #[serde(rename = "MsgBody")]
        body: crate::message::Body,
        #[serde(rename = "CloudCustomData")]
        cloud_custom_data: String,
        #[serde(rename = "RevokerInfo", skip_serializing_if = "Option::is_none")]
        recall: Option<Recall>,
    },
    Tip {
        #[serde(rename = "Event")]
        event: u8,
        /// A [`crate::message::GroupItem`].
        #[serde(rename = "GroupTips")]
        tip: Box<RawValue>,
    },
}

request! { GetPage = "recentcontact.page_get" -> Page, acts_for from }

/// `recentcontact.batch_delete`: takes conversations off the list until their next message.
///
/// ```json
/// {"From_Account": "{caller}", "ContactItem": [{"Type": 1, "To_Account": "{other}"}], "ClearRamble": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct DeleteMany {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "ContactItem")]
    pub contacts: Vec<Contact>,
    /// Their history is hidden from the user too.
    #[serde(rename = "ClearRamble", default, deserialize_with = "crate::json::lenient_flag")]
    pub clear: bool,
}

#[derive(Debug, Serialize)]
pub struct Deleted {
    #[serde(rename = "ResultItem")]
    pub results: Vec<DeleteResult>,
}

#[derive(Debug, Serialize)]
pub struct DeleteResult {
    #[serde(flatten)]
    pub contact: Contact,
    #[serde(rename = "ResultCode")]
    pub code: ErrorCode,
    #[serde(rename = "ResultInfo")]
    pub info: &'static str,
}

request! { DeleteMany = "recentcontact.batch_delete" -> Deleted, acts_for from }

/// `recentcontact.delete`: takes one conversation off the list. Source: 269/62119.
///
/// ```json
/// {"From_Account": "{caller}", "Type": 1, "To_Account": "{other}", "ClearRamble": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct Delete {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "Type")]
    pub kind: u8,
    #[serde(rename = "To_Account")]
    pub peer: Option<UserId>,
    #[serde(rename = "ToGroupid", alias = "ToGroupId", alias = "GroupId", alias = "ToAccount")]
    pub group: Option<ChannelId>,
    #[serde(rename = "ClearRamble", default, deserialize_with = "crate::json::lenient_flag")]
    pub clear: bool,
}

impl Delete {
    pub fn contact(self) -> Contact {
        Contact { kind: self.kind, peer: self.peer, group: self.group }
    }
}

request! { Delete = "recentcontact.delete" -> Empty, acts_for from }

/// `recentcontact.clear_msg`: hides a conversation's history from the user.
///
/// ```json
/// {"From_Account": "{caller}", "Type": 2, "ToGroupid": "{group}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct Clear {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "Type")]
    pub kind: u8,
    #[serde(rename = "To_Account")]
    pub peer: Option<UserId>,
    #[serde(rename = "ToGroupid", alias = "ToGroupId", alias = "GroupId", alias = "ToAccount")]
    pub group: Option<ChannelId>,
}

impl Clear {
    pub fn contact(self) -> Contact {
        Contact { kind: self.kind, peer: self.peer, group: self.group }
    }
}

request! { Clear = "recentcontact.clear_msg" -> Empty, acts_for from }

/// `recentcontact.top`: pins (1) or unpins (2) conversations.
///
/// ```json
/// {"From_Account": "{caller}", "OperationType": 1, "RecentContactItem": [{"Type": 1, "To_Account":
/// "{other}"}, {"Type": 2, "ToGroupid": "{group}"}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct Pin {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "OperationType")]
    pub operation: u8,
    #[serde(rename = "RecentContactItem")]
    pub contacts: Vec<Contact>,
}

request! { Pin = "recentcontact.top" -> Empty, acts_for from }

/// `recentcontact.get_contact_group`: lists of conversations that a user made. Nobody can make one here.
///
/// ```json
/// {"From_Account": "{caller}", "StartIndex": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetLists {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Serialize)]
pub struct Lists {
    #[serde(rename = "CompleteFlag")]
    pub complete: u8,
    #[serde(rename = "NextStartIndex")]
    pub next: u64,
    #[serde(rename = "GroupItem")]
    pub lists: Vec<()>,
    #[serde(rename = "ContactItem")]
    pub contacts: Vec<()>,
}

request! { GetLists = "recentcontact.get_contact_group" -> Lists, acts_for from }

/// `recentcontact.search_contact_group`: marks and lists of conversations. Nobody can make one here.
///
/// ```json
/// {"From_Account": "{caller}", "ContactItem": [{"Type": 1, "To_Account": "{other}"}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct SearchLists {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
}

#[derive(Debug, Serialize)]
pub struct FoundLists {
    #[serde(rename = "GroupItem")]
    pub lists: Vec<()>,
    #[serde(rename = "ContactResultItem")]
    pub contacts: Vec<()>,
}

request! { SearchLists = "recentcontact.search_contact_group" -> FoundLists, acts_for from }

/// `openim.read_all_unread_msg`: everything was read: all C2C conversations, and the named groups.
///
/// ```json
/// {"C2CReadAllMsg": 1, "GroupReadInfo": [{"GroupId": "{group}", "MsgSeq": {seq}}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct ReadAll {
    #[serde(rename = "C2CReadAllMsg", default, deserialize_with = "crate::json::lenient_flag")]
    pub peers: bool,
    #[serde(rename = "GroupReadInfo", default)]
    pub groups: Vec<GroupRead>,
}

#[derive(Debug, Deserialize)]
pub struct GroupRead {
    #[serde(rename = "GroupId")]
    pub group: ChannelId,
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
}

#[derive(Debug, Serialize)]
pub struct AllRead {
    #[serde(rename = "C2CReadAllMsg")]
    pub peers: u8,
    #[serde(rename = "GroupReadInfoArray")]
    pub groups: Vec<GroupReadResult>,
}

#[derive(Debug, Serialize)]
pub struct GroupReadResult {
    #[serde(rename = "GroupId")]
    pub group: ChannelId,
    #[serde(rename = "MsgSeq")]
    pub seq: Seq,
    #[serde(rename = "RetCode")]
    pub code: ErrorCode,
}

request! { ReadAll = "openim.read_all_unread_msg" -> AllRead }

/// `openim.get_c2c_peer_mute_notifications`: how the user is told of peers' messages. 3.x names peers, 2.x asks for all.
///
/// ```json
/// {"Peer_Account": ["{other}"], "UpdateSeq": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetMutes {
    #[serde(rename = "Peer_Account")]
    pub peers: Option<Vec<UserId>>,
}

#[derive(Debug, Serialize)]
pub struct Mutes {
    #[serde(rename = "MuteNotificationsList")]
    pub mutes: Vec<MuteItem>,
    #[serde(rename = "UpdateSeq")]
    pub seq: u64,
}

#[derive(Debug, Serialize)]
pub struct MuteItem {
    #[serde(rename = "Peer_Account")]
    pub peer: UserId,
    /// 0 notify, 1 do not receive, 2 receive without notice.
    #[serde(rename = "MuteNotifications")]
    pub receive: u8,
}

request! { GetMutes = "openim.get_c2c_peer_mute_notifications" -> Mutes }

/// `openim.set_c2c_peer_mute_notifications`: how the user is told of peers' messages.
///
/// ```json
/// {"Peer_Account": ["{other}"], "Mute_Notifications": 2}
/// ```
#[derive(Debug, Deserialize)]
pub struct SetMutes {
    #[serde(rename = "Peer_Account")]
    pub peers: Vec<UserId>,
    #[serde(rename = "Mute_Notifications")]
    pub receive: u8,
}

#[derive(Debug, Serialize)]
pub struct MutesSet {
    #[serde(rename = "ErrorList")]
    pub failed: Vec<()>,
    #[serde(rename = "UpdateSeq")]
    pub seq: u64,
}

request! { SetMutes = "openim.set_c2c_peer_mute_notifications" -> MutesSet }

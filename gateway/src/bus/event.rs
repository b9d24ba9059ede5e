//! What happens in the domain, as the hub hears of it.

use protocol::conversation::Target;

use protocol::group::{ReceiveOption, Tip};
use protocol::id::{GroupId, Seq, UserId};
use protocol::message::c2c::MessageKey;
use protocol::message::{GroupLabel, GroupMessageId, Message, Recall};
use protocol::profile;
use protocol::push::{Mark, Notice};
use protocol::session::KickReason;
use serde::{Deserialize, Serialize};

/// The number of a device's session. Unique among the devices of one user.
pub type DeviceId = u32;

/// Something that happened. What a [`super::Stamp`] means for it is said here where it has one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A message in a group; the stamp is its number and time.
    GroupMessage {
        group: GroupLabel,
        message: Message,
        /// Whether the group's kind counts unread messages.
        counts: bool,
    },
    /// A tip in a group; the stamp is its number and time.
    GroupTip { group: GroupLabel, tip: Tip, counts: bool },
    /// A group message was recalled.
    GroupRecalled { group: GroupLabel, message: GroupMessageId, recall: Recall, origin: Option<DeviceId> },
    /// The group is gone: its followers are told, and follow it no more.
    GroupDismissed { notice: Notice, origin: Option<DeviceId> },

    /// The user is a member now: his devices follow the group, and hear what is said after this number.
    Entered { group: GroupId, after: Seq },
    /// The user is no member any more: his devices follow the group no more.
    Left { group: GroupId },
    /// A notice for the user; the stamp is its number among his notices.
    Notice { notice: Notice, origin: Option<DeviceId> },
    /// The user was mentioned; the stamp is the mark's number among his notices.
    Marked { mark: Mark },

    /// A message between two users, for both; the stamp is its place and time.
    C2cMessage { to: UserId, message: Message },
    /// A message between two users was recalled, for both.
    C2cRecalled {
        from: UserId,
        to: UserId,
        key: MessageKey,
        tiny_id: u64,
        client_time: u64,
        recall: Recall,
        origin: Option<DeviceId>,
    },
    /// `reader` has read the user's messages up to a Unix second.
    ReadByPeer { reader: UserId, time: u64 },

    /// The user read a peer's messages, on the device of origin.
    ReadC2c { peer: UserId, time: u64, origin: Option<DeviceId> },
    /// The user read a group, on the device of origin.
    ReadGroup { group: GroupId, seq: Seq, origin: Option<DeviceId> },
    /// The user read everything, on the device of origin.
    ReadAll { peers: bool, groups: Vec<(GroupId, Seq)>, origin: Option<DeviceId> },
    /// The user took conversations off his list.
    ConversationsDeleted { targets: Vec<Target>, origin: Option<DeviceId> },
    /// The user pinned or unpinned conversations.
    ConversationsPinned { targets: Vec<Target>, pinned: bool, origin: Option<DeviceId> },
    /// The user changed how he is told of peers' messages.
    PeersMuted { peers: Vec<UserId>, receive: u8, origin: Option<DeviceId> },
    /// The user changed how he is told of a group's messages.
    ReceiveOption { group: GroupLabel, option: ReceiveOption, origin: Option<DeviceId> },
    /// A profile changed.
    ProfileChanged { user: UserId, items: Vec<profile::Item>, origin: Option<DeviceId> },

    /// The user's device is logged out; all of his devices when none is named.
    Kicked { device: Option<DeviceId>, reason: KickReason, by: DeviceId },

    /// Nobody is concerned. For tests of what carries events.
    Nothing(u64),
}

impl Event {
    /// Whether it stands for a log entry of its topic: who has the entry has the event.
    pub fn is_entry(&self) -> bool {
        matches!(self, Event::GroupMessage { .. } | Event::GroupTip { .. })
    }

    /// The device that brought it about and has its answer: it is not told again.
    pub fn origin(&self) -> Option<DeviceId> {
        match self {
            Event::GroupMessage { message, .. } | Event::C2cMessage { message, .. } => message.origin,
            Event::GroupRecalled { origin, .. }
            | Event::GroupDismissed { origin, .. }
            | Event::Notice { origin, .. }
            | Event::C2cRecalled { origin, .. }
            | Event::ReadC2c { origin, .. }
            | Event::ReadGroup { origin, .. }
            | Event::ReadAll { origin, .. }
            | Event::ConversationsDeleted { origin, .. }
            | Event::ConversationsPinned { origin, .. }
            | Event::PeersMuted { origin, .. }
            | Event::ReceiveOption { origin, .. }
            | Event::ProfileChanged { origin, .. } => *origin,
            Event::GroupTip { .. }
            | Event::Entered { .. }
            | Event::Left { .. }
            | Event::Marked { .. }
            | Event::ReadByPeer { .. }
            | Event::Kicked { .. }
            | Event::Nothing(_) => None,
        }
    }
}

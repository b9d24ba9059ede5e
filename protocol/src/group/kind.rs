//! The words of groups: kinds, roles, options.

use serde::{Deserialize, Serialize};

/// The five kinds of group. The wire has the old names; the new ones are understood too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupKind {
    /// Friends and colleagues.
    #[serde(rename = "Private", alias = "Work")]
    Work,
    /// Strangers, with approval.
    Public,
    /// Come and go, with history.
    #[serde(rename = "ChatRoom", alias = "Meeting")]
    Meeting,
    /// A live room.
    #[serde(rename = "AVChatRoom")]
    Live,
    /// Very large, with topics.
    Community,
}

impl GroupKind {
    pub const ALL: [GroupKind; 5] =
        [GroupKind::Work, GroupKind::Public, GroupKind::Meeting, GroupKind::Live, GroupKind::Community];
}

/// What a member may do. The order is the rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    Member,
    Admin,
    Owner,
}

/// How one gets in by oneself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApplyJoinOption {
    FreeAccess,
    NeedPermission,
    DisableApply,
}

/// How one gets in by another member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InviteJoinOption {
    FreeAccess,
    NeedPermission,
    DisableInvite,
}

/// A member's own setting for the group's messages. Numbers 0, 1, 2 in the conversation list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiveOption {
    #[default]
    AcceptAndNotify,
    Discard,
    AcceptNotNotify,
}

/// A switch that the wire spells `On` and `Off`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Switch {
    On,
    #[default]
    Off,
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Switch::On } else { Switch::Off }
    }
}

/// A field that the application defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    #[serde(rename = "Key")]
    pub key: String,
    #[serde(rename = "Value")]
    pub value: String,
}

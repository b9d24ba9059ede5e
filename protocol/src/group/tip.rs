//! Tips: notices that are a part of the group's history, with a number of their own.
//!
//! Source: observed (captures of groups); kinds: "Group System" (269/1502).

use serde::{Deserialize, Serialize};

use super::{ApplyJoinOption, CustomField, InviteJoinOption};
use crate::id::UserId;

/// A user as a tip shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    #[serde(rename = "User_Account")]
    pub user: UserId,
    #[serde(rename = "NickName", default)]
    pub nick: String,
    #[serde(rename = "ImageUrl", default)]
    pub face: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tip {
    /// A part of the tip's id on clients.
    #[serde(rename = "r")]
    pub random: u64,
    #[serde(rename = "o")]
    pub operator: Shown,
    #[serde(rename = "c")]
    pub change: Change,
    /// How many members the group has now; only with changes of membership.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u64>,
    /// How many are there, in a live room.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub online: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    Joined {
        members: Vec<Shown>,
        invited: bool,
    },
    Left,
    /// Several have left a live room, of whom the operator is one.
    AllLeft {
        members: Vec<Shown>,
    },
    Kicked {
        members: Vec<Shown>,
    },
    AdminsSet {
        members: Vec<Shown>,
    },
    AdminsUnset {
        members: Vec<Shown>,
    },
    Profile(Box<ProfileChange>),
    Muted {
        members: Vec<Mute>,
    },
    /// Put out, and kept out for a while.
    Banned {
        members: Vec<Shown>,
    },
    Unbanned {
        members: Vec<Shown>,
    },
    /// Of the topic in whose history it stands.
    Topic(Box<TopicChange>),
}

/// A member who may not speak for so many seconds; 0 lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    #[serde(rename = "User_Account")]
    pub user: UserId,
    #[serde(rename = "ShutupTime")]
    pub seconds: u64,
}

/// The fields of a group that changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProfileChange {
    #[serde(rename = "GroupName", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(rename = "GroupIntroduction", default, skip_serializing_if = "Option::is_none")]
    pub introduction: Option<String>,
    #[serde(rename = "GroupNotification", default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<String>,
    #[serde(rename = "GroupFaceUrl", default, skip_serializing_if = "Option::is_none")]
    pub face: Option<String>,
    #[serde(rename = "GroupApplyJoinOption", default, skip_serializing_if = "Option::is_none")]
    pub apply_join: Option<ApplyJoinOption>,
    #[serde(rename = "InviteJoinOption", default, skip_serializing_if = "Option::is_none")]
    pub invite_join: Option<InviteJoinOption>,
    #[serde(rename = "Owner_Account", default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// 1 when nobody may speak, 0 when that ends.
    #[serde(rename = "ShutupAll", default, skip_serializing_if = "Option::is_none")]
    pub mute_all: Option<u8>,
    #[serde(rename = "MsgAppDefinedData", default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<CustomField>,
}

/// The fields of a topic that changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TopicChange {
    #[serde(rename = "TopicName", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(rename = "TopicIntroduction", default, skip_serializing_if = "Option::is_none")]
    pub introduction: Option<String>,
    #[serde(rename = "TopicNotification", default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<String>,
    #[serde(rename = "TopicFaceUrl", default, skip_serializing_if = "Option::is_none")]
    pub face: Option<String>,
    #[serde(rename = "CustomString", default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<String>,
    /// 1 when nobody may speak, 0 when that ends.
    #[serde(rename = "ShutupAll", default, skip_serializing_if = "Option::is_none")]
    pub mute_all: Option<u8>,
}

/// A tip's `MsgBody`: an object, where a message has a list.
#[derive(Serialize)]
pub struct TipBody<'a> {
    #[serde(rename = "OpType")]
    kind: u8,
    #[serde(rename = "Operator_Account")]
    operator: &'a UserId,
    #[serde(rename = "GroupName")]
    group_name: &'a str,
    #[serde(rename = "List_Account", skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<&'a UserId>,
    /// 1 by applying, 2 by invitation.
    #[serde(rename = "GroupJoinType", skip_serializing_if = "Option::is_none")]
    join_type: Option<u8>,
    #[serde(rename = "MemberNum", skip_serializing_if = "Option::is_none")]
    members: Option<u64>,
    #[serde(rename = "OnlineMemberInfo", skip_serializing_if = "Option::is_none")]
    online: Option<super::OnlineMembers>,
    #[serde(rename = "MsgOperatorMemberExtraInfo")]
    operator_shown: &'a Shown,
    #[serde(rename = "MsgMemberExtraInfo", skip_serializing_if = "<[_]>::is_empty")]
    shown: &'a [Shown],
    #[serde(rename = "MsgGroupNewInfo", skip_serializing_if = "Option::is_none")]
    profile: Option<&'a ProfileChange>,
    #[serde(rename = "MsgMemberInfo", skip_serializing_if = "<[_]>::is_empty")]
    mutes: &'a [Mute],
    #[serde(rename = "MsgTopicNewInfo", skip_serializing_if = "Option::is_none")]
    topic: Option<&'a TopicChange>,
}

impl Tip {
    /// The number of the change on the wire.
    pub fn op_type(&self) -> u8 {
        match self.change {
            Change::Joined { .. } => 1,
            Change::Left | Change::AllLeft { .. } => 2,
            Change::Kicked { .. } => 3,
            Change::AdminsSet { .. } => 4,
            Change::AdminsUnset { .. } => 5,
            Change::Profile(_) => 6,
            Change::Muted { .. } => 7,
            Change::Banned { .. } => 10,
            Change::Unbanned { .. } => 11,
            Change::Topic(_) => 8,
        }
    }

    pub fn body<'a>(&'a self, group_name: &'a str) -> TipBody<'a> {
        let mut body = TipBody {
            kind: self.op_type(),
            operator: &self.operator.user,
            group_name,
            accounts: Vec::new(),
            join_type: None,
            members: self.members,
            online: self.online.map(super::OnlineMembers::of),
            operator_shown: &self.operator,
            shown: &[],
            profile: None,
            mutes: &[],
            topic: None,
        };
        match &self.change {
            Change::Joined { members, invited } => {
                body.join_type = Some(if *invited { 2 } else { 1 });
                body.shown = members;
            }
            Change::Kicked { members }
            | Change::AllLeft { members }
            | Change::AdminsSet { members }
            | Change::AdminsUnset { members }
            | Change::Banned { members }
            | Change::Unbanned { members } => body.shown = members,
            Change::Left => {}
            Change::Profile(change) => body.profile = Some(change),
            Change::Muted { members } => body.mutes = members,
            Change::Topic(change) => body.topic = Some(change),
        }
        body.accounts = body.shown.iter().map(|shown| &shown.user).collect();
        body
    }
}

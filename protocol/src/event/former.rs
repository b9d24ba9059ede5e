//! Pushes as instances of 0.1 spell them, so that an upgrade can replace one instance after the other.
//!
//! Between their instances goes what happened, not the finished push, and they have no word but these. So these pushes
//! go out in both spellings, and are read in either. A push that came later has no former spelling, and needs none.
//! This file may go when nobody upgrades from 0.1 any more.

use serde::{Deserialize, Serialize};

use super::{PushBody, conversation, group, message, profile};
use crate::conversation::Target;
use crate::group::ReceiveOption;
use crate::id::{ChannelId, Millis, Seq, UserId};
use crate::message::c2c::MessageKey;
use crate::message::{GroupLabel, GroupMessageId, Recall};
use crate::profile::Item;

/// Shape: `{"<name>":{…,"origin":<number of a device or null>}}`; whoever sends it adds the origin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Former {
    GroupRecalled { group: GroupLabel, message: GroupMessageId, recall: Recall },
    C2cRecalled { from: UserId, to: UserId, key: MessageKey, tiny_id: u64, client_time: u64, recall: Recall },
    ReadByPeer { reader: UserId, time: u64 },
    ReadC2c { peer: UserId, time: u64 },
    ReadGroup { group: ChannelId, seq: Seq },
    ReadAll { peers: bool, groups: Vec<(ChannelId, Seq)> },
    ConversationsDeleted { targets: Vec<Target> },
    ConversationsPinned { targets: Vec<Target>, pinned: bool },
    PeersMuted { peers: Vec<UserId>, receive: u8 },
    ReceiveOption { group: GroupLabel, option: ReceiveOption },
    ProfileChanged { user: UserId, items: Vec<Item> },
}

impl Former {
    /// The finished push to `user`, who is absent where it goes to a group.
    pub fn body(&self, user: Option<&UserId>, at: Millis) -> Option<PushBody> {
        Some(match self {
            Former::GroupRecalled { group, message, recall } => {
                message::group_recalled(group, message, recall, at, None)
            }
            Former::C2cRecalled { from, to, key, tiny_id, client_time, recall } => {
                message::c2c_recalled(from, to, *key, (*tiny_id, *client_time), recall, None)
            }
            Former::ReadByPeer { reader, time } => message::read_by_peer(reader, *time),
            Former::ReadC2c { peer, time } => message::c2c_read(peer, *time),
            Former::ReadGroup { group, seq } => message::group_read(user?, group, *seq, seq.0, at),
            Former::ReadAll { peers, groups } => conversation::all_read(*peers, groups),
            Former::ConversationsDeleted { targets } => conversation::deleted(targets),
            Former::ConversationsPinned { targets, pinned } => conversation::pinned(targets, *pinned),
            Former::PeersMuted { peers, receive } => conversation::muted(peers, *receive),
            Former::ReceiveOption { group, option } => group::receive_option(user?, group, *option, at.0, at),
            Former::ProfileChanged { user, items } => profile::changed(user, items),
        })
    }

    /// Whose device the origin is, where it is not that of the user whom it goes to.
    pub fn author(&self) -> Option<&UserId> {
        match self {
            Former::GroupRecalled { recall, .. } | Former::C2cRecalled { recall, .. } => Some(&recall.by),
            _ => None,
        }
    }

    /// Whether it says that the profile of this user changed.
    pub fn changes_profile_of(&self, user: &UserId) -> bool {
        matches!(self, Former::ProfileChanged { user: changed, .. } if changed == user)
    }
}

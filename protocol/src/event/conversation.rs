//! What a user did to their list of conversations, for their other devices.

use serde_json::{Value, json};

use super::message::read_info;
use super::{Former, PushBody, c2c_notify};
use crate::conversation::Target;
use crate::id::{ChannelId, Seq, UserId};

/// A conversation as pushes name it.
fn pushed_contact(target: &Target) -> Value {
    match target {
        Target::Peer(peer) => json!({"Type": 1, "User_Account": peer}),
        Target::Group(group) => json!({"Type": 2, "GroupId": group}),
    }
}

/// The user took conversations off their list.
pub fn deleted(targets: &[Target]) -> PushBody {
    let list: Vec<Value> = targets.iter().map(pushed_contact).collect();
    PushBody::of(json!({"Event": 13, "RecentContactMod": [
        {"PushType": 1, "RecentContactDeleteItem": {"RecentContactList": list}}]}))
    .formerly(Former::ConversationsDeleted { targets: targets.to_vec() })
}

/// The user pinned or unpinned conversations.
pub fn pinned(targets: &[Target], pinned: bool) -> PushBody {
    let list: Vec<Value> = targets.iter().map(pushed_contact).collect();
    PushBody::of(json!({"Event": 13, "RecentContactMod": [
        {"PushType": if pinned { 2 } else { 3 }, "RecentContactTopItem": {"RecentContactList": list}}]}))
    .formerly(Former::ConversationsPinned { targets: targets.to_vec(), pinned })
}

/// The user changed how they are told of peers' messages.
pub fn muted(peers: &[UserId], receive: u8) -> PushBody {
    let notify =
        c2c_notify(json!({"MuteNotificationsSync": {"To_Account": peers, "MuteNotifications": receive}}));
    PushBody::of(notify).formerly(Former::PeersMuted { peers: peers.to_vec(), receive })
}

/// The user read everything.
pub fn all_read(peers: bool, groups: &[(ChannelId, Seq)]) -> PushBody {
    let list: Vec<Value> = groups.iter().map(|(channel, seq)| read_info(channel, *seq)).collect();
    PushBody::of(json!({"Event": 14, "C2CReadAllMsg": u8::from(peers), "GroupReadInfoArray": list}))
        .formerly(Former::ReadAll { peers, groups: groups.to_vec() })
}

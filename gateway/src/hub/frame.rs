//! Events written as finished WebSocket frames, once per dialect.

use std::cell::OnceCell;

use bytes::Bytes;
use protocol::envelope;
use protocol::event;
use protocol::group::Change;
use protocol::id::UserId;
use protocol::message::{C2cItem, GroupItem};

use crate::bus::{Event, Stamp};

/// What a connection reads: JSON in binary messages (`/binfo`) or in text messages (`/info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Binary,
    Text,
}

/// A finished frame, header included: the same bytes for every connection of a dialect.
pub type Frame = Bytes;

/// `payload` as one unfragmented, unmasked message (RFC 6455, §5.2).
pub fn text_frame(dialect: Dialect, payload: &str) -> Frame {
    let opcode = match dialect {
        Dialect::Text => 0x1,
        Dialect::Binary => 0x2,
    };
    let length = payload.len();
    let mut frame = Vec::with_capacity(length + 10);
    frame.push(0x80 | opcode);
    match length {
        0..=125 => frame.push(length as u8),
        126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload.as_bytes());
    frame.into()
}

/// A push, encoded at most once per dialect.
pub(super) struct Encoded {
    payload: String,
    binary: OnceCell<Frame>,
    text: OnceCell<Frame>,
}

impl Encoded {
    pub(super) fn new(servcmd: &str, body: &str) -> Self {
        Self { payload: envelope::push(servcmd, body), binary: OnceCell::new(), text: OnceCell::new() }
    }

    pub(super) fn frame(&self, dialect: Dialect) -> Frame {
        let cell = match dialect {
            Dialect::Binary => &self.binary,
            Dialect::Text => &self.text,
        };
        cell.get_or_init(|| text_frame(dialect, &self.payload)).clone()
    }
}

/// Whose device an event's origin is. `None` where the topic is the author's own.
pub(super) fn author(event: &Event) -> Option<&UserId> {
    match event {
        Event::GroupMessage { message, .. } | Event::C2cMessage { message, .. } => Some(&message.from.user),
        Event::GroupRecalled { recall, .. } | Event::C2cRecalled { recall, .. } => Some(&recall.by),
        Event::GroupDismissed { notice, .. } | Event::Notice { notice, .. } => Some(&notice.operator.user),
        _ => None,
    }
}

/// Whether the event says that `user` is no member any more.
pub(super) fn has_left(event: &Event, user: &UserId) -> bool {
    let Event::GroupTip { tip, .. } = event else { return false };
    match &tip.change {
        Change::Left => tip.operator.user == *user,
        Change::Kicked { members } => members.iter().any(|member| member.user == *user),
        _ => false,
    }
}

/// Whether every receiver reads something else.
pub(super) fn is_personal(event: &Event) -> bool {
    matches!(event, Event::GroupDismissed { .. })
}

/// The body of the event's push to `user`.
pub(super) fn body(event: &Event, Stamp { seq, at }: Stamp, user: &UserId) -> String {
    match event {
        Event::GroupMessage { group, message, counts, .. } => {
            event::group_message(GroupItem::message(group, seq, at, message, *counts))
        }
        Event::GroupTip { group, tip, counts } => {
            event::group_tip(GroupItem::tip(group, seq, at, tip, *counts))
        }
        Event::GroupRecalled { group, message, recall, .. } => {
            event::group_recalled(group, message, recall, at)
        }
        Event::GroupDismissed { notice, .. } | Event::Notice { notice, .. } => {
            event::notice(user, notice, seq.0, at)
        }
        Event::Marked { mark } => event::mark(user, mark, seq.0, at),
        Event::C2cMessage { to, message, .. } => event::c2c_message(C2cItem::new(to, at, message)),
        Event::C2cRecalled { from, to, key, tiny_id, client_time, recall, .. } => {
            event::c2c_recalled(from, to, *key, (*tiny_id, *client_time), recall)
        }
        Event::ReadByPeer { reader, time } => event::read_by_peer(reader, *time),
        Event::ReadC2c { peer, time, .. } => event::c2c_read(peer, *time),
        Event::ReadGroup { group, seq, .. } => event::group_read(user, group, *seq, at),
        Event::ReadAll { peers, groups, .. } => event::all_read(*peers, groups),
        Event::ConversationsDeleted { targets, .. } => event::conversations_deleted(targets),
        Event::ConversationsPinned { targets, pinned, .. } => event::conversations_pinned(targets, *pinned),
        Event::PeersMuted { peers, receive, .. } => event::c2c_muted(peers, *receive),
        Event::ReceiveOption { group, option, .. } => event::receive_option(user, group, *option, at),
        Event::ProfileChanged { user, items, .. } => event::profile_changed(user, items),
        // The hub acts on these itself.
        Event::Entered { .. } | Event::Left { .. } | Event::Kicked { .. } | Event::Nothing(_) => {
            r#"{"EventArray":[]}"#.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = text_frame(Dialect::Binary, &"x".repeat(length));
            assert_eq!(frame.len(), length + header);
            assert_eq!(frame[0], 0x82);
        }
        assert_eq!(text_frame(Dialect::Text, "hi").as_ref(), b"\x81\x02hi");
    }
}

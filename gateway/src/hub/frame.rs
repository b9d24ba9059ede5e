//! Events written as finished WebSocket frames, once per dialect.

use std::sync::OnceLock;

use bytes::Bytes;
use protocol::envelope;
use protocol::event;
use protocol::group::Change;
use protocol::id::{GroupId, UserId};
use protocol::legacy;
use protocol::message::{C2cItem, GroupItem};
use protocol::session::KickReason;

use crate::bus::{DeviceId, Event, Stamp};
use crate::clock::Zone;

/// What a connection reads: the frames of the SDKs in binary messages (`/binfo`) or in text messages (`/info`), or the
/// texts of the small old chat with times in a zone, which is the same for all its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Binary,
    Text,
    Legacy(Zone),
}

impl Dialect {
    /// Whether a client shows what it said when it hears it, not when it says it.
    pub(super) fn hears_itself(self) -> bool {
        matches!(self, Dialect::Legacy(_))
    }
}

/// A finished frame, header included: the same bytes for every connection of a dialect.
pub type Frame = Bytes;

/// `payload` as one unfragmented, unmasked message (RFC 6455, §5.2).
pub fn text_frame(dialect: Dialect, payload: &str) -> Frame {
    match dialect {
        Dialect::Text | Dialect::Legacy(_) => frame(0x1, payload.as_bytes()),
        Dialect::Binary => frame(0x2, payload.as_bytes()),
    }
}

/// The farewell, with a code where there is one to say. The reason is short: 123 bytes.
pub fn close_frame(code: Option<u16>, reason: &str) -> Frame {
    let payload = code.map(|code| [&code.to_be_bytes(), reason.as_bytes()].concat());
    frame(0x8, &payload.unwrap_or_default())
}

/// A ping without a payload.
pub const PING: Frame = Bytes::from_static(&[0x89, 0]);

/// The answer to a ping.
pub fn pong_frame(payload: &[u8]) -> Frame {
    frame(0xa, payload)
}

fn frame(opcode: u8, payload: &[u8]) -> Frame {
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
    frame.extend_from_slice(payload);
    frame.into()
}

/// What is pushed.
pub(super) enum Push<'a> {
    /// An event, to this user.
    Event(&'a Event, Stamp, UserId),
    /// That the device is logged out.
    Kick(KickReason, DeviceId),
}

/// A push, encoded at most once per dialect.
pub(super) struct Encoded<'a> {
    push: Push<'a>,
    payload: OnceLock<String>,
    binary: OnceLock<Frame>,
    text: OnceLock<Frame>,
    legacy: OnceLock<Option<Frame>>,
}

impl<'a> Encoded<'a> {
    pub(super) fn new(push: Push<'a>) -> Self {
        Self {
            push,
            payload: OnceLock::new(),
            binary: OnceLock::new(),
            text: OnceLock::new(),
            legacy: OnceLock::new(),
        }
    }

    /// `None` where the dialect has no word for it.
    pub(super) fn frame(&self, dialect: Dialect) -> Option<Frame> {
        let cell = match dialect {
            Dialect::Binary => &self.binary,
            Dialect::Text => &self.text,
            Dialect::Legacy(zone) => {
                let text = || self.push.legacy(zone).map(|text| text_frame(dialect, &text));
                return self.legacy.get_or_init(text).clone();
            }
        };
        let payload = self.payload.get_or_init(|| self.push.payload());
        Some(cell.get_or_init(|| text_frame(dialect, payload)).clone())
    }
}

impl Push<'_> {
    /// The frame of the SDKs.
    fn payload(&self) -> String {
        match self {
            Push::Event(event, stamp, user) => envelope::push(event::PUSH, &body(event, *stamp, user)),
            Push::Kick(reason, by) => envelope::push(event::FORCE_OFFLINE, &event::kicked(*reason, *by)),
        }
    }

    /// The text of the small old chat: it knows nothing but what is said.
    fn legacy(&self, zone: Zone) -> Option<String> {
        let Push::Event(event, stamp, user) = self else { return None };
        let message = match event {
            Event::GroupMessage { message, .. } => message,
            Event::C2cMessage { message, .. } if message.from.user != *user => message,
            _ => return None,
        };
        Some(legacy::pushed(message, &zone.format(stamp.at)))
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

/// Whether the event may say that somebody is no member any more.
pub(super) fn may_leave(event: &Event) -> bool {
    let Event::GroupTip { tip, .. } = event else { return false };
    matches!(tip.change, Change::Left | Change::Kicked { .. })
}

/// The group in which something is said, where the topic does not tell.
pub(super) fn group_of(event: &Event) -> Option<&GroupId> {
    match event {
        Event::GroupMessage { group, .. } => Some(&group.id),
        _ => None,
    }
}

/// Whether its number is that of a notice to the user. A device acknowledges those, and is told them in an answer when
/// it was away.
pub(super) fn is_notice(event: &Event) -> bool {
    matches!(event, Event::Notice { .. } | Event::Marked { .. })
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
        Event::GroupDismissed { notice, .. } => event::notice(user, notice, seq.0, at),
        Event::Notice { notice, .. } => event::kept_notice(user, notice, seq, at),
        Event::Marked { mark } => event::mark(user, mark, seq, at),
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

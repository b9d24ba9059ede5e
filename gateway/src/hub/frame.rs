//! Events written as finished WebSocket frames, once per dialect.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;
use protocol::envelope;
use protocol::event;
use protocol::group::Change;
use protocol::id::{ChannelId, Seq, UserId};
use protocol::legacy;
use protocol::message::{C2cItem, GroupItem, GroupLabel, Message};
use protocol::push::Mark;
use protocol::session::{KickReason, Newcomer};

use crate::bus::{AsideOf, Control, Delivery, Entry, Event, Passing, Stamp, Topic};
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

/// `payload` as one message of its kind.
#[cfg(feature = "internals")]
pub fn message_frame(is_text: bool, payload: &[u8]) -> Frame {
    frame(if is_text { 0x1 } else { 0x2 }, payload)
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
pub(super) enum Content<'a> {
    /// An event, to this user.
    Event(&'a Event, Stamp, UserId),
    /// That a message mentions everybody in its group.
    Mention(&'a GroupLabel, &'a Message, Stamp),
    /// That the device is logged out.
    Kick(KickReason, Newcomer),
}

/// A push, encoded at most once per dialect.
pub(super) struct Encoded<'a> {
    content: Content<'a>,
    payload: OnceLock<String>,
    binary: OnceLock<Frame>,
    text: OnceLock<Frame>,
    legacy: OnceLock<Option<Frame>>,
}

impl<'a> Encoded<'a> {
    pub(super) fn new(content: Content<'a>) -> Self {
        Self {
            content,
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
                let text = || self.content.legacy(zone).map(|text| text_frame(dialect, &text));
                return self.legacy.get_or_init(text).clone();
            }
        };
        let payload = self.payload.get_or_init(|| self.content.payload());
        Some(cell.get_or_init(|| text_frame(dialect, payload)).clone())
    }
}

impl Content<'_> {
    /// The frame of the SDKs.
    fn payload(&self) -> String {
        match self {
            Content::Event(event, stamp, user) => envelope::push(event::PUSH, &body(event, *stamp, user)),
            Content::Mention(group, message, Stamp { seq, at }) => {
                let (channel, from) = (group.id.clone(), message.from.user.clone());
                let mark = Mark { channel, from, seq: *seq, me: false, all: true };
                envelope::push(event::PUSH, &event::push::mark_of_all(&mark, *at))
            }
            Content::Kick(reason, by) => {
                envelope::push(event::FORCE_OFFLINE, &event::session::kicked(*reason, *by))
            }
        }
    }

    /// The text of the small old chat: it knows nothing but what is said.
    fn legacy(&self, zone: Zone) -> Option<String> {
        let Content::Event(event, stamp, user) = self else { return None };
        let message = match event.told()? {
            Entry::GroupMessage { message, .. } => message,
            Entry::C2cMessage { message, .. } if message.from.user != *user => message,
            _ => return None,
        };
        Some(legacy::pushed(message, &zone.format(stamp.at)))
    }
}

/// Whether the event says that `user` is no member any more.
pub(super) fn has_left(event: &Event, user: &UserId) -> bool {
    let Some(Entry::GroupTip { tip, .. }) = event.told() else { return false };
    match &tip.change {
        Change::Left => tip.operator.user == *user,
        Change::Kicked { members } | Change::Banned { members } => {
            members.iter().any(|member| member.user == *user)
        }
        _ => false,
    }
}

/// Whether the event may say that somebody is no member any more.
pub(super) fn may_leave(event: &Event) -> bool {
    let Some(Entry::GroupTip { tip, .. }) = event.told() else { return false };
    matches!(tip.change, Change::Left | Change::Kicked { .. } | Change::Banned { .. })
}

/// The message of a group that the event tells was recalled.
pub(super) fn recalled(event: &Event) -> Option<(&ChannelId, Seq)> {
    match &event.aside()?.of {
        AsideOf::Recall { group, message } => Some((group, message.seq)),
        _ => None,
    }
}

/// The group in which something is said, where the topic does not tell.
pub(super) fn group_of(event: &Event) -> Option<&ChannelId> {
    match event.told()? {
        Entry::GroupMessage { group, .. } => Some(&group.id),
        _ => None,
    }
}

/// The topic of the group whose message the event marks for its receiver.
pub(super) fn marked_group(delivery: &Delivery) -> Option<Topic> {
    match (&delivery.topic, delivery.event.as_ref()) {
        (Topic::User(app, _), Event::Entry(Entry::Mark { mark })) => {
            Some(Topic::Group(*app, mark.channel.clone()))
        }
        _ => None,
    }
}

/// Whether its number is that of a notice to the user. A device acknowledges those, and is told them in an answer when
/// it was away.
pub(super) fn is_notice(event: &Event) -> bool {
    matches!(event, Event::Entry(Entry::Notice { .. } | Entry::Mark { .. }))
}

/// The group and the message, if it is one that mentions everybody in the group that hears it.
pub(super) fn mention_of_all<'a>(topic: &Topic, event: &'a Event) -> Option<(&'a GroupLabel, &'a Message)> {
    match (topic, event) {
        (Topic::Group(..), Event::Entry(Entry::GroupMessage { group, message, .. }))
            if message.mentions_all() && !message.options.online_only =>
        {
            Some((group, message))
        }
        _ => None,
    }
}

/// Whether every receiver reads something else.
pub(super) fn is_personal(event: &Event) -> bool {
    matches!(event, Event::Control(Control::Dismissed { .. }))
}

/// The body of the event's push to `user`.
fn body<'a>(event: &'a Event, Stamp { seq, at }: Stamp, user: &UserId) -> Cow<'a, str> {
    Cow::Owned(match event {
        Event::Push(push) => return Cow::Borrowed(push.body()),
        Event::Entry(entry) | Event::Passing(Passing { entry }) => match entry {
            Entry::GroupMessage { group, message, counts } => {
                event::message::in_group(GroupItem::message(group, seq, at, message, *counts))
            }
            Entry::GroupTip { group, tip, .. } => event::group::tip(GroupItem::tip(group, seq, at, tip)),
            Entry::C2cMessage { to, message } => event::message::between_two(C2cItem::new(to, at, message)),
            Entry::Notice { notice, .. } => event::push::kept_notice(user, notice, seq, at),
            Entry::Mark { mark } => event::push::mark(user, mark, seq, at),
        },
        Event::Control(Control::Dismissed { notice, .. }) => event::push::notice(user, notice, seq.0, at),
        // The hub acts on these itself, and hands none of them on.
        Event::Control(_) | Event::Unknown => return Cow::Borrowed(r#"{"EventArray":[]}"#),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use protocol::id::{AppId, Millis, Seq};
    use serde_json::value::RawValue;

    use super::*;
    use crate::bus::Topic;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = text_frame(Dialect::Binary, &"x".repeat(length));
            assert_eq!(frame.len(), length + header);
            assert_eq!(frame[0], 0x82);
        }
        assert_eq!(text_frame(Dialect::Text, "hi").as_ref(), b"\x81\x02hi");
    }

    /// The bodies that instances of 0.1 made of what they told each other, for `alice`.
    #[test]
    fn what_older_instances_tell_is_pushed_as_they_push_it() {
        const OF_0_1: &str =
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/bus/events-0.1.0.jsonl"));
        let stamp = Stamp { seq: Seq(12), at: Millis(1_700_000_003_004) };
        let alice = UserId::parse("alice").unwrap();
        let topic = Topic::User(AppId(1), alice.clone());
        for line in OF_0_1.lines() {
            let mut old: HashMap<String, Box<RawValue>> = serde_json::from_str(line).unwrap();
            let event = Event::read(&topic, stamp.at, old.remove("event").unwrap().get().as_bytes());
            let mut expected = old["body"].get().to_owned();
            if is_notice(&event) {
                // They asked for no acknowledgement.
                expected.truncate(expected.len() - 1);
                expected.push_str(r#","NeedAck":1,"SessionData":"n12"}"#);
            }
            if matches!(event, Event::Entry(Entry::GroupTip { counts: true, .. })) {
                // They let tips count as unread.
                expected.truncate(expected.len() - "}]}]}".len());
                expected.push_str(r#","SendMsgControl":{"NoUnread":1,"NoLastMsg":0}}]}]}"#);
            }
            assert_eq!(body(&event, stamp, &alice), expected);
        }
    }
}

//! What goes over a channel.
//!
//! Either `<numbering> <number> <time> <event>`: the numbering is `e`, or `t` and the offset; number and time in
//! milliseconds are the stamp's, decimal, both `-` where there is none; the event is JSON.
//!
//! Or messages of a group, which stand in entries of its log, one behind the other: `m <length> <frame>`, and for each
//! `<number>-<time> <length> <entry>`, where `-` is the length of an entry that goes to the end. The frame is JSON: the
//! group's name and kind, whether unread messages count, and how many bytes of the entry are before and behind the
//! message, which is JSON too. So what is said goes to Redis only once.
//!
//! The scripts that publish write the heads, since only the server knows the numbers.
//!
//! What a newer version says of an event may mean nothing here. Its head is read all the same, so the topic goes on
//! with the next number and nothing is looked for in the store.

use protocol::group::GroupKind;
#[cfg(feature = "internals")]
use protocol::id::{AppId, GroupId, UserId};
use protocol::id::{ChannelId, Millis, Seq};
use protocol::message::{GroupLabel, Message};

use crate::bus::{Entry, Event, Numbering, Stamp, Topic};
use crate::clock::Clock;

/// What came has no head that can be read. Says in which part, and nothing of what it contains.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the {0} of an event cannot be read")]
pub(super) struct Malformed(pub(super) &'static str);

/// The part of the head behind the numbering, with the spaces around it.
pub(super) fn encode_stamp(stamp: Option<Stamp>) -> String {
    match stamp {
        Some(Stamp { seq, at }) => format!(" {} {} ", seq.0, at.0),
        None => " - - ".to_owned(),
    }
}

pub(super) fn encode_event(event: &Event) -> Vec<u8> {
    serde_json::to_vec(event).expect("an event has only names for keys")
}

/// What stands in a frame, in this order.
type Frame = (String, GroupKind, bool, usize, usize);

/// What the payload of an event begins with that tells of a group's message, so that the message itself need not be
/// sent beside the entry that contains it. Nothing for other events, or when the message is no part of the entry as it
/// is.
pub(crate) fn take_apart(event: &Event, entry: &[u8]) -> Option<Vec<u8>> {
    let Event::Entry(Entry::GroupMessage { group, message, counts }) = event else { return None };
    let message = serde_json::to_vec(message).ok()?;
    let before = entry.windows(message.len()).position(|part| part == message)?;
    let behind = entry.len() - before - message.len();
    let frame: Frame = (group.name.clone(), group.kind, *counts, before, behind);
    let frame = serde_json::to_vec(&frame).ok()?;
    Some([format!("m {} ", frame.len()).as_bytes(), &frame].concat())
}

/// An event and how it is numbered.
pub(super) type Told = (Numbering, Option<Stamp>, Event);

/// Calls `tell` with each event of a payload.
pub(super) fn decode(topic: &Topic, payload: &[u8], tell: impl FnMut(Told)) -> Result<(), Malformed> {
    match (payload.strip_prefix(b"m "), topic) {
        (Some(messages), Topic::Group(_, channel)) => decode_messages(channel, messages, tell),
        _ => decode_one(topic, payload).map(tell),
    }
}

/// Reads a payload as one of a user's channel and as one of a group's; for the fuzzer.
#[cfg(feature = "internals")]
pub fn read_payload(payload: &[u8]) {
    let (app, user, group) = (AppId(1), UserId::parse("u"), GroupId::parse("g"));
    let (Ok(user), Ok(group)) = (user, group) else { return };
    for topic in [Topic::User(app, user), Topic::Group(app, (&group).into())] {
        // What cannot be read is told of; what can is an event.
        let _ = decode(&topic, payload, drop);
    }
}

fn decode_messages(id: &ChannelId, mut rest: &[u8], mut tell: impl FnMut(Told)) -> Result<(), Malformed> {
    let length = take_number(&mut rest, b' ').ok_or(Malformed("frame"))?;
    let frame = take(&mut rest, length).ok_or(Malformed("frame"))?;
    let frame = serde_json::from_slice::<Frame>(frame).ok();
    let event = |entry: &[u8]| {
        let (name, kind, counts, before, behind) = frame.clone()?;
        let message = entry.get(before..entry.len().checked_sub(behind)?)?;
        let message = serde_json::from_slice::<Message>(message).ok()?;
        // In a community with topics all is said in those.
        let group = GroupLabel { id: id.clone(), name, kind, has_topics: id.is_topic() };
        Some(Event::Entry(Entry::GroupMessage { group, message, counts }))
    };
    loop {
        let seq = Seq(take_number(&mut rest, b'-').ok_or(Malformed("number"))?);
        let at = Millis(take_number(&mut rest, b' ').ok_or(Malformed("time"))?);
        let entry = match rest.strip_prefix(b"- ") {
            Some(entry) => {
                rest = &[];
                Some(entry)
            }
            None => {
                let length = take_number(&mut rest, b' ').ok_or(Malformed("length"))?;
                take(&mut rest, length)
            }
        };
        let entry = entry.ok_or(Malformed("entry"))?;
        tell((Numbering::Entry, Some(Stamp { seq, at }), event(entry).unwrap_or(Event::Unknown)));
        if rest.is_empty() {
            return Ok(());
        }
    }
}

/// The number at the beginning, up to the byte that ends it, which is taken too.
fn take_number(rest: &mut &[u8], end: u8) -> Option<u64> {
    let length = rest.iter().position(|&byte| byte == end)?;
    let (text, behind) = rest.split_at(length);
    *rest = &behind[1..];
    number(text)
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = behind;
    Some(taken)
}

fn decode_one(topic: &Topic, payload: &[u8]) -> Result<Told, Malformed> {
    let mut parts = payload.splitn(4, |&byte| byte == b' ');
    let mut part = |name| parts.next().ok_or(Malformed(name));
    let (numbering, seq, at, event) = (part("numbering")?, part("number")?, part("time")?, part("event")?);
    let stamp = match (seq, at) {
        (b"-", b"-") => None,
        (seq, at) => Some(Stamp {
            seq: Seq(number(seq).ok_or(Malformed("number"))?),
            at: Millis(number(at).ok_or(Malformed("time"))?),
        }),
    };
    let numbering = match numbering.split_first() {
        Some((b'e', [])) if stamp.is_some() => Numbering::Entry,
        Some((b't', offset)) => Numbering::Offset(number(offset).ok_or(Malformed("numbering"))?),
        _ => return Err(Malformed("numbering")),
    };
    let at = stamp.map_or_else(|| Clock::system().now(), |stamp| stamp.at);
    Ok((numbering, stamp, Event::read(topic, at, event)))
}

/// Digits alone: no sign, no space.
fn number(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bus::testing::{nothing, number_of};

    fn room() -> Topic {
        Topic::Group(protocol::id::AppId(1), ChannelId::parse("room").unwrap())
    }

    fn payload(head: &str) -> Vec<u8> {
        [head.as_bytes(), &encode_event(&nothing(7).into())].concat()
    }

    fn decode(payload: &[u8]) -> Result<Told, Malformed> {
        let mut all = Vec::new();
        super::decode(&room(), payload, |told| all.push(told))?;
        assert_eq!(all.len(), 1);
        Ok(all.remove(0))
    }

    #[test]
    fn what_a_script_writes_is_read() {
        let stamp = Stamp { seq: Seq(3), at: Millis(1_700_000_000_000) };
        let head = encode_stamp(Some(stamp));
        assert_eq!(head, " 3 1700000000000 ");
        let (numbering, read, event) = decode(&payload(&format!("e{head}"))).unwrap();
        assert_eq!((numbering, read), (Numbering::Entry, Some(stamp)));
        assert_eq!(number_of(&event), 7);

        let head = encode_stamp(None);
        let (numbering, read, _) = decode(&payload(&format!("t18446744073709551615{head}"))).unwrap();
        assert_eq!((numbering, read), (Numbering::Offset(u64::MAX), None));

        let (numbering, read, _) = decode(&payload("t2 3 4 ")).unwrap();
        assert_eq!((numbering, read), (Numbering::Offset(2), Some(Stamp { seq: Seq(3), at: Millis(4) })));
    }

    #[test]
    fn a_malformed_part_is_named() {
        for (head, part) in [
            ("", "number"),
            ("e", "number"),
            ("x 1 2 ", "numbering"),
            ("e - - ", "numbering"),
            ("e5 1 2 ", "numbering"),
            ("t 1 2 ", "numbering"),
            ("t+5 1 2 ", "numbering"),
            ("t18446744073709551616 1 2 ", "numbering"),
            ("e -1 2 ", "number"),
            ("e - 2 ", "number"),
            ("e 1 - ", "time"),
            ("e 1  2 ", "time"),
        ] {
            assert_eq!(decode(&payload(head)).unwrap_err(), Malformed(part), "{head:?}");
        }
        assert_eq!(decode(b"").unwrap_err(), Malformed("number"));
        assert_eq!(decode(b"e 1 2").unwrap_err(), Malformed("event"));
    }

    fn event(text: &str) -> Event {
        let group = GroupLabel {
            id: ChannelId::parse("room").unwrap(),
            name: "Room {1 2 } ".to_owned(),
            kind: GroupKind::Meeting,
            has_topics: false,
        };
        let body = [serde_json::json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": text}})];
        let message = serde_json::json!({"s": {"u": "alice", "t": 1}, "r": 2, "q": 3, "ct": 4, "b": body});
        // Through text, as a message comes: its body keeps the words it came in.
        let message = serde_json::from_str(&message.to_string()).unwrap();
        Entry::GroupMessage { group, message, counts: true }.into()
    }

    fn entry(event: &Event) -> Vec<u8> {
        let Event::Entry(Entry::GroupMessage { message, .. }) = event else { panic!("another event") };
        format!("{{\"m\":{}}}", serde_json::to_string(message).unwrap()).into_bytes()
    }

    fn texts(payload: &[u8]) -> Result<Vec<(Stamp, String)>, Malformed> {
        let mut texts = Vec::new();
        super::decode(&room(), payload, |(numbering, stamp, event)| {
            assert_eq!(numbering, Numbering::Entry);
            texts.push((stamp.unwrap(), serde_json::to_string(&event).unwrap()));
        })?;
        Ok(texts)
    }

    #[test]
    fn messages_are_put_together_again() {
        let mut payload = Vec::new();
        let mut expected = Vec::new();
        for (seq, text) in [(9, "one"), (10, "two 1-2 3 {\n"), (11, "\u{1F600} three")] {
            let event = event(text);
            let entry = entry(&event);
            let beginning = take_apart(&event, &entry).unwrap();
            if payload.is_empty() {
                payload = beginning;
            }
            payload.extend_from_slice(format!("{seq}-7 {} ", entry.len()).as_bytes());
            payload.extend_from_slice(&entry);
            expected.push((Stamp { seq: Seq(seq), at: Millis(7) }, serde_json::to_string(&event).unwrap()));
        }
        assert_eq!(texts(&payload), Ok(expected.clone()));
        // What is cut off is noticed, and nothing is made of it. Whole messages before that are told.
        for length in 0..payload.len() {
            let mut told = 0;
            let outcome = super::decode(&room(), &payload[..length], |_| told += 1);
            assert!(outcome.is_err() || told < expected.len(), "{length}");
        }
        payload.push(b'x');
        assert!(texts(&payload).is_err());
    }

    #[test]
    fn the_only_message_has_no_length() {
        let event = event("alone");
        let entry = entry(&event);
        let payload = [&take_apart(&event, &entry).unwrap()[..], b"8-9 - ", &entry].concat();
        let stamp = Stamp { seq: Seq(8), at: Millis(9) };
        assert_eq!(texts(&payload), Ok(vec![(stamp, serde_json::to_string(&event).unwrap())]));
        let user = Topic::User(protocol::id::AppId(1), protocol::id::UserId::parse("alice").unwrap());
        assert!(super::decode(&user, &payload, |told| panic!("{told:?}")).is_err(), "no group, no message");
    }

    #[test]
    fn only_what_the_entry_says_is_left_out() {
        assert!(take_apart(&event("one"), &entry(&event("two"))).is_none());
        assert!(take_apart(&nothing(1).into(), b"{\"Nothing\":1}").is_none());
    }

    #[test]
    fn a_malformed_part_of_a_message_is_named() {
        let event = event("text");
        let entry = String::from_utf8(entry(&event)).unwrap();
        let frame = String::from_utf8(take_apart(&event, entry.as_bytes()).unwrap()).unwrap();
        for (payload, part) in [
            ("m ".to_owned(), "frame"),
            ("m 9 {}".to_owned(), "frame"),
            ("m 2 {}".to_owned(), "number"),
            (frame.clone(), "number"),
            (format!("{frame}1"), "number"),
            (format!("{frame}-1 "), "number"),
            (format!("{frame}1-1"), "time"),
            (format!("{frame}1-1 x "), "length"),
            (format!("{frame}1-1 99999 {entry}"), "entry"),
            (format!("{frame}1-1 5 {entry}"), "number"),
            (format!("{frame}1-1 100 {entry}"), "number"),
            (format!("{frame}1-1 {} {entry} ", entry.len()), "number"),
        ] {
            assert_eq!(texts(payload.as_bytes()).unwrap_err(), Malformed(part), "{payload:?}");
        }
    }

    #[test]
    fn what_a_newer_version_says_keeps_its_number() {
        let said = event("text");
        let entry = String::from_utf8(entry(&said)).unwrap();
        let frame = String::from_utf8(take_apart(&said, entry.as_bytes()).unwrap()).unwrap();
        let other = r#"{"m":7}"#;
        let newer = r#"{"kind":"Later"}"#;
        for (payload, numbers) in [
            ("e 1 2 {\"Later\":1}".to_owned(), vec![1]),
            ("t7 1 2 {".to_owned(), vec![1]),
            ("t7 1 2 ".to_owned(), vec![1]),
            (format!("{frame}1-1 {} {other}2-1 {} {other}", other.len(), other.len()), vec![1, 2]),
            (format!("m {} {newer}4-1 {} {entry}5-1 - {entry}", newer.len(), entry.len()), vec![4, 5]),
            (format!("{frame}6-1 - {entry} "), vec![6]),
        ] {
            let mut told = Vec::new();
            super::decode(&room(), payload.as_bytes(), |(_, stamp, event)| {
                assert!(matches!(event, Event::Unknown), "{event:?}");
                told.push(stamp.unwrap().seq.0);
            })
            .unwrap_or_else(|error| panic!("{payload}: {error}"));
            assert_eq!(told, numbers, "{payload}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_comes_is_fatal(payload in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = super::decode(&room(), &payload, drop);
            let _ = super::decode(&room(), &[b"m 1", &payload[..]].concat(), drop);
        }
    }
}

//! What goes over a channel.
//!
//! `<numbering> <number> <time> <event>`: the numbering is `e`, or `t` and the turn; number and time in milliseconds
//! are the stamp's, decimal, both `-` where there is none; the event is JSON. The scripts that publish write the head,
//! since only the server knows the numbers.

use protocol::id::{Millis, Seq};

use crate::bus::{Event, Numbering, Stamp};

/// What came cannot be read. Says in which part, and nothing of what it contains.
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

pub(super) fn decode(payload: &[u8]) -> Result<(Numbering, Option<Stamp>, Event), Malformed> {
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
        Some((b't', turn)) => Numbering::Turn(number(turn).ok_or(Malformed("numbering"))?),
        _ => return Err(Malformed("numbering")),
    };
    // The decoder's own words could repeat what was said.
    let event = serde_json::from_slice(event).map_err(|_| Malformed("event"))?;
    Ok((numbering, stamp, event))
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

    fn payload(head: &str) -> Vec<u8> {
        [head.as_bytes(), &encode_event(&Event::Nothing(7))].concat()
    }

    #[test]
    fn what_a_script_writes_is_read() {
        let stamp = Stamp { seq: Seq(3), at: Millis(1_700_000_000_000) };
        let head = encode_stamp(Some(stamp));
        assert_eq!(head, " 3 1700000000000 ");
        let (numbering, read, event) = decode(&payload(&format!("e{head}"))).unwrap();
        assert_eq!((numbering, read), (Numbering::Entry, Some(stamp)));
        assert!(matches!(event, Event::Nothing(7)));

        let head = encode_stamp(None);
        let (numbering, read, _) = decode(&payload(&format!("t18446744073709551615{head}"))).unwrap();
        assert_eq!((numbering, read), (Numbering::Turn(u64::MAX), None));

        let (numbering, read, _) = decode(&payload("t2 3 4 ")).unwrap();
        assert_eq!((numbering, read), (Numbering::Turn(2), Some(Stamp { seq: Seq(3), at: Millis(4) })));
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
            ("e 1 2 3", "event"),
            ("e 1 2 {", "event"),
        ] {
            assert_eq!(decode(&payload(head)).unwrap_err(), Malformed(part), "{head:?}");
        }
        assert_eq!(decode(b"").unwrap_err(), Malformed("number"));
        assert_eq!(decode(b"e 1 2").unwrap_err(), Malformed("event"));
        assert_eq!(decode(b"e 1 2 ").unwrap_err(), Malformed("event"));
        assert_eq!(decode(b"e 1 2 {\"Unheard\":1}").unwrap_err(), Malformed("event"));
    }

    proptest! {
        #[test]
        fn nothing_that_comes_is_fatal(payload in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&payload);
        }
    }
}

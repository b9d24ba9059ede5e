//! From bytes to WebSocket messages (RFC 6455, §5), for a peer that is a client.
//!
//! The library's own stream keeps a buffer for each connection; here nothing is kept between messages. What a read
//! brought lies in a buffer of the thread, and only what has come of a message that is not whole is put aside. Headers are
//! read by the library. What cannot become a message any more is refused at once, not when the rest of it is there.

use std::collections::VecDeque;
use std::io::Cursor;
use std::mem;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// A control frame carries no more. RFC 6455, §5.5.
const MOST_CONTROL_BYTES: u64 = 125;

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// Both kinds are understood on all paths; answers keep to the path's kind.
    Message {
        is_text: bool,
        payload: Bytes,
    },
    Ping(Bytes),
    Pong,
    /// Its farewell. Nothing after it is read.
    Close(Option<CloseCode>),
}

/// What has been read of a connection and not been handled yet.
pub(super) struct Inbound {
    /// The header of a frame, or a frame of control, that has not come whole.
    partial: Vec<u8>,
    /// A message that has not come whole.
    begun: Option<Box<Begun>>,
    /// What came whole, or why nothing more can be read.
    ready: VecDeque<Result<Received, Error>>,
    is_over: bool,
    /// Whether a message has ended since this was last asked.
    has_ended: bool,
    most_bytes: usize,
}

struct Begun {
    is_text: bool,
    payload: Vec<u8>,
    /// How much of a text is known to be UTF-8.
    checked: usize,
    /// Present while a frame of it is on its way.
    frame: Option<Open>,
}

/// A frame of whose payload some has not come.
struct Open {
    is_final: bool,
    missing: usize,
    /// As the next byte needs it.
    mask: [u8; 4],
}

impl Inbound {
    /// Messages are `most_bytes` long at most.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            partial: Vec::new(),
            begun: None,
            ready: VecDeque::new(),
            is_over: false,
            has_ended: false,
            most_bytes,
        }
    }

    /// The next thing that came whole.
    pub(super) fn next(&mut self) -> Option<Result<Received, Error>> {
        let next = self.ready.pop_front();
        if self.ready.is_empty() && self.ready.capacity() > 0 {
            self.ready = VecDeque::new();
        }
        next
    }

    /// Whether nothing more is read: the client has said farewell, or what it says cannot be read.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn has_next(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The bytes that are kept of a message that has not come whole.
    pub(super) fn unfinished(&self) -> usize {
        // One that has begun counts though nothing of it is there yet: it has its time like any other.
        let begun = self.begun.as_ref().map_or(0, |begun| size_of::<Begun>() + begun.payload.capacity());
        self.partial.capacity() + begun
    }

    /// Whether a message has ended since this was last asked; a frame between its pieces is none.
    pub(super) fn take_ended(&mut self) -> bool {
        mem::take(&mut self.has_ended)
    }

    /// Takes in what was read.
    pub(super) fn take_in(&mut self, bytes: &mut [u8]) {
        if self.partial.is_empty() {
            let used = self.take_frames(bytes);
            self.partial = bytes[used..].to_vec();
        } else {
            let mut all = mem::take(&mut self.partial);
            all.extend_from_slice(bytes);
            let used = self.take_frames(&mut all);
            self.partial = all[used..].to_vec();
        }
    }

    /// Takes what can be used from the front, and gives how many bytes that was: what is left is short.
    fn take_frames(&mut self, bytes: &mut [u8]) -> usize {
        let mut used = 0;
        while !self.is_over {
            match self.take_frame(&mut bytes[used..]) {
                Ok(Some(length)) => used += length,
                Ok(None) => return used,
                Err(error) => {
                    self.is_over = true;
                    self.ready.push_back(Err(error));
                }
            }
        }
        // Whatever comes after the end is of no interest.
        bytes.len()
    }

    /// Takes a frame, or what has come of the payload of one, and gives the length of that.
    fn take_frame(&mut self, bytes: &mut [u8]) -> Result<Option<usize>, Error> {
        if let Some(frame) = self.begun.as_mut().and_then(|begun| begun.frame.take()) {
            return self.take_payload(frame, bytes);
        }
        let mut cursor = Cursor::new(&*bytes);
        let Some((header, length)) = FrameHeader::parse(&mut cursor)? else { return Ok(None) };
        let start = cursor.position() as usize;
        self.check(&header, length)?;
        // No longer than `most_bytes`, as was just checked.
        let length = length as usize;
        let mask = header.mask.ok_or(ProtocolError::UnmaskedFrameFromClient)?;
        let kind = match header.opcode {
            OpCode::Data(kind) => kind,
            OpCode::Control(_) if bytes.len() < start + length => return Ok(None),
            OpCode::Control(kind) => {
                let payload = &mut bytes[start..start + length];
                unmask(payload, mask);
                self.take_control(kind, payload)?;
                return Ok(Some(start + length));
            }
        };
        let frame = Open { is_final: header.is_final, missing: length, mask };
        if kind != Data::Continue {
            let is_text = kind == Data::Text;
            if header.is_final && bytes.len() >= start + length {
                // Most messages are one frame and come in one piece.
                let payload = &mut bytes[start..start + length];
                unmask(payload, mask);
                return self.take_message(is_text, payload).map(|()| Some(start + length));
            }
            self.begun = Some(Box::new(Begun { is_text, payload: Vec::new(), checked: 0, frame: None }));
        }
        let taken = self.take_payload(frame, &mut bytes[start..])?;
        Ok(Some(start + taken.unwrap_or(0)))
    }

    /// Takes what has come of the payload of a frame. `None` when the rest of it has not.
    fn take_payload(&mut self, mut frame: Open, bytes: &mut [u8]) -> Result<Option<usize>, Error> {
        let Some(mut begun) = self.begun.take() else { return Ok(None) };
        let length = bytes.len().min(frame.missing);
        let payload = &mut bytes[..length];
        unmask(payload, frame.mask);
        begun.payload.extend_from_slice(payload);
        frame.missing -= length;
        let is_whole = frame.missing == 0;
        begun.check_text(is_whole && frame.is_final)?;
        if is_whole && frame.is_final {
            self.end_message(begun.is_text, begun.payload);
            return Ok(Some(length));
        }
        if !is_whole {
            frame.mask.rotate_left(length % 4);
            begun.frame = Some(frame);
        }
        self.begun = Some(begun);
        Ok((is_whole || length > 0).then_some(length))
    }

    /// What can be refused before the payload is there.
    fn check(&self, header: &FrameHeader, length: u64) -> Result<(), Error> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(ProtocolError::NonZeroReservedBits.into());
        }
        if header.mask.is_none() {
            return Err(ProtocolError::UnmaskedFrameFromClient.into());
        }
        if matches!(header.opcode, OpCode::Control(_)) {
            if !header.is_final {
                return Err(ProtocolError::FragmentedControlFrame.into());
            }
            if length > MOST_CONTROL_BYTES {
                return Err(ProtocolError::ControlFrameTooBig.into());
            }
        }
        match header.opcode {
            OpCode::Data(Data::Reserved(number)) => {
                return Err(ProtocolError::UnknownDataFrameType(number).into());
            }
            OpCode::Data(Data::Continue) if self.begun.is_none() => {
                return Err(ProtocolError::UnexpectedContinueFrame.into());
            }
            OpCode::Data(kind @ (Data::Text | Data::Binary)) if self.begun.is_some() => {
                return Err(ProtocolError::ExpectedFragment(kind).into());
            }
            OpCode::Control(Control::Reserved(number)) => {
                return Err(ProtocolError::UnknownControlFrameType(number).into());
            }
            OpCode::Data(_) | OpCode::Control(_) => {}
        }
        let begun = self.begun.as_ref().map_or(0, |begun| begun.payload.len());
        if length > self.most_bytes.saturating_sub(begun) as u64 {
            let size = begun.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            return Err(CapacityError::MessageTooLong { size, max_size: self.most_bytes }.into());
        }
        Ok(())
    }

    fn take_control(&mut self, kind: Control, payload: &[u8]) -> Result<(), Error> {
        let said = match kind {
            Control::Ping => Received::Ping(Bytes::copy_from_slice(payload)),
            Control::Pong => Received::Pong,
            Control::Close => {
                self.is_over = true;
                Received::Close(close_code(payload)?)
            }
            Control::Reserved(number) => return Err(ProtocolError::UnknownControlFrameType(number).into()),
        };
        self.ready.push_back(Ok(said));
        Ok(())
    }

    fn take_message(&mut self, is_text: bool, payload: &[u8]) -> Result<(), Error> {
        if is_text && let Err(error) = std::str::from_utf8(payload) {
            return Err(Error::Utf8(error.to_string()));
        }
        self.end_message(is_text, payload.to_vec());
        Ok(())
    }

    fn end_message(&mut self, is_text: bool, payload: Vec<u8>) {
        self.has_ended = true;
        self.ready.push_back(Ok(Received::Message { is_text, payload: payload.into() }));
    }
}

impl Begun {
    /// Whether a text is UTF-8 as far as it has come: its last character may be cut unless it `is_whole`.
    fn check_text(&mut self, is_whole: bool) -> Result<(), Error> {
        if !self.is_text {
            return Ok(());
        }
        match std::str::from_utf8(&self.payload[self.checked..]) {
            Ok(_) => self.checked = self.payload.len(),
            Err(error) if error.error_len().is_none() && !is_whole => self.checked += error.valid_up_to(),
            Err(error) => return Err(Error::Utf8(error.to_string())),
        }
        Ok(())
    }
}

/// Undoes the client's mask. RFC 6455, §5.3.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    // Eight bytes at a time: a multiple of the mask's length, so that it stays in step.
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let word = u64::from_ne_bytes((&*chunk).try_into().unwrap_or_default()) ^ wide;
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// The reason of a farewell. RFC 6455, §5.5.1 and §7.4.
fn close_code(payload: &[u8]) -> Result<Option<CloseCode>, Error> {
    match payload {
        [] => Ok(None),
        [high, low, reason @ ..] => {
            let code = CloseCode::from(u16::from_be_bytes([*high, *low]));
            if !code.is_allowed() || std::str::from_utf8(reason).is_err() {
                return Err(ProtocolError::InvalidCloseSequence.into());
            }
            Ok(Some(code))
        }
        [_] => Err(ProtocolError::InvalidCloseSequence.into()),
    }
}

/// Reads what came on a connection, in pieces as long as the first byte says; for the fuzzer.
#[cfg(feature = "internals")]
pub fn read_websocket(bytes: &[u8]) {
    const MOST_BYTES: usize = 4096;
    /// A frame of control with the longest header: a short length may be written as a long one.
    const CONTROL: usize = 14 + MOST_CONTROL_BYTES as usize;
    let Some((&length, rest)) = bytes.split_first() else { return };
    let mut inbound = Inbound::new(MOST_BYTES);
    for piece in rest.to_vec().chunks_mut(usize::from(length) + 1) {
        inbound.take_in(piece);
        while let Some(next) = inbound.next() {
            if let Ok(Received::Message { payload, .. }) = next {
                assert!(payload.len() <= MOST_BYTES, "a message of {} bytes", payload.len());
            }
        }
        assert!(inbound.partial.len() < CONTROL, "{} bytes put aside", inbound.partial.len());
        let begun = inbound.begun.as_ref().map_or(0, |begun| begun.payload.len());
        assert!(begun <= MOST_BYTES, "{begun} bytes of a message");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;

    use super::*;

    const MASK: [u8; 4] = [0x6d, 0xb6, 0, 0x80];

    /// Its length may be written with eight bytes though it is short.
    #[cfg(feature = "internals")]
    #[test]
    fn what_is_put_aside_of_a_frame_of_control_is_bounded() {
        let header = [&[0x89, 0x80 | 127][..], &125u64.to_be_bytes(), &MASK].concat();
        let almost_whole = [&header[..], &[0; 124]].concat();
        read_websocket(&[&[u8::MAX][..], &almost_whole].concat());
        let mut inbound = Inbound::new(4096);
        inbound.take_in(&mut almost_whole.clone());
        assert_eq!(inbound.unfinished(), almost_whole.len());
        inbound.take_in(&mut [0]);
        assert!(matches!(inbound.next(), Some(Ok(Received::Ping(payload))) if payload.len() == 125));
        assert_eq!(inbound.unfinished(), 0);
    }

    /// A frame as the library writes it for a client.
    fn written(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let header = FrameHeader { is_final, opcode, mask: Some(MASK), ..FrameHeader::default() };
        Frame::from_payload(header, payload.to_vec().into()).format(&mut bytes).unwrap();
        bytes
    }

    fn text(words: &str) -> Vec<u8> {
        written(OpCode::Data(Data::Text), true, words.as_bytes())
    }

    fn message(is_text: bool, payload: impl Into<Bytes>) -> Received {
        Received::Message { is_text, payload: payload.into() }
    }

    fn read(bytes: &[u8]) -> Vec<Result<Received, String>> {
        let mut inbound = Inbound::new(1000);
        inbound.take_in(&mut bytes.to_vec());
        std::iter::from_fn(|| inbound.next()).map(|next| next.map_err(|error| error.to_string())).collect()
    }

    fn fault(bytes: &[u8]) -> String {
        match read(bytes).pop() {
            Some(Err(fault)) => fault,
            other => panic!("no fault but {other:?}"),
        }
    }

    #[test]
    fn several_in_one_read() {
        let data = written(OpCode::Data(Data::Binary), true, b"two");
        let bytes = [text("one"), written(OpCode::Control(Control::Ping), true, b"?"), data].concat();
        let said = [message(true, "one"), Received::Ping("?".into()), message(false, "two")].map(Ok);
        assert_eq!(read(&bytes), said);
    }

    #[test]
    fn fragments_with_a_ping_between() {
        let bytes = [
            written(OpCode::Data(Data::Text), false, "gr\u{fc}".as_bytes().split_at(3).0),
            written(OpCode::Control(Control::Ping), true, b""),
            written(OpCode::Data(Data::Continue), true, &"gr\u{fc}n".as_bytes()[3..]),
        ]
        .concat();
        assert_eq!(read(&bytes), [Received::Ping(Bytes::new()), message(true, "gr\u{fc}n")].map(Ok));
    }

    #[test]
    fn nothing_is_read_after_a_farewell() {
        let bytes = [written(OpCode::Control(Control::Close), true, &[3, 0xe8]), text("more")].concat();
        assert_eq!(read(&bytes), [Ok(Received::Close(Some(CloseCode::Normal)))]);
        assert_eq!(read(&written(OpCode::Control(Control::Close), true, b"")), [Ok(Received::Close(None))]);
    }

    #[test]
    fn what_is_not_websocket_is_refused() {
        let mut unmasked = Vec::new();
        Frame::message("x", OpCode::Data(Data::Text), true).format(&mut unmasked).unwrap();
        assert!(fault(&unmasked).contains("unmasked"), "{}", fault(&unmasked));
        let mut reserved = text("x");
        reserved[0] |= 0x40;
        assert!(fault(&reserved).contains("eserved"));
        assert!(fault(&[0x83, 0x80, 0, 0, 0, 0]).contains("opcode"));
        assert!(fault(&[0x8b, 0x80, 0, 0, 0, 0]).contains("opcode"));
        assert!(fault(&written(OpCode::Data(Data::Continue), true, b"x")).contains("ontinu"));
        let two = [written(OpCode::Data(Data::Text), false, b"x"), text("y")].concat();
        assert!(fault(&two).contains("ragment"));
        assert!(fault(&written(OpCode::Control(Control::Ping), false, b"")).contains("ragmented"));
        assert!(fault(&written(OpCode::Control(Control::Ping), true, &[0; 126])).contains("ontrol"));
        assert!(fault(&written(OpCode::Control(Control::Close), true, &[3])).contains("lose"));
        assert!(fault(&written(OpCode::Control(Control::Close), true, &[3, 0xed])).contains("lose"));
        assert!(fault(&written(OpCode::Data(Data::Text), true, &[0xff])).contains("UTF-8"));
    }

    #[test]
    fn what_is_put_aside_is_what_has_come() {
        let mut inbound = Inbound::new(1 << 20);
        // A frame of a megabyte is announced, and a byte of it comes.
        let mut bytes = [0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4, b'x'];
        inbound.take_in(&mut bytes);
        assert!((1..1000).contains(&inbound.unfinished()), "{}", inbound.unfinished());
        // Nothing of a message is one that has begun.
        let mut inbound = Inbound::new(1000);
        inbound.take_in(&mut written(OpCode::Data(Data::Text), false, b""));
        assert_ne!(inbound.unfinished(), 0);
        // What comes in one read with half a header does not stay.
        let mut inbound = Inbound::new(1000);
        let (first, second) = (text(&"x".repeat(500)), text(&"y".repeat(500)));
        inbound.take_in(&mut first[..3].to_vec());
        inbound.take_in(&mut [&first[3..], &second[..3]].concat());
        assert!(inbound.has_next() && inbound.unfinished() < 14, "{}", inbound.unfinished());
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_header() {
        assert!(fault(&[0x82, 0xfe, 0x03, 0xe9, 1, 2, 3, 4]).contains("too long"));
        assert!(
            fault(&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]).contains("long")
        );
        let parts = [
            written(OpCode::Data(Data::Text), false, &[b'x'; 600]),
            written(OpCode::Data(Data::Continue), true, &[b'x'; 600]),
        ];
        assert!(fault(&parts.concat()).contains("too long"));
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_is_read_the_same(
            messages in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..400), 0..4usize), 1..8),
            cuts in proptest::collection::vec(1..97usize, 1..40),
        ) {
            let mut bytes = Vec::new();
            for (payload, fragments) in &messages {
                let size = payload.len() / (fragments + 1) + 1;
                let mut kind = Data::Binary;
                let mut rest = payload.as_slice();
                while rest.len() > size {
                    let (fragment, more) = rest.split_at(size);
                    bytes.extend(written(OpCode::Data(kind), false, fragment));
                    (kind, rest) = (Data::Continue, more);
                }
                bytes.extend(written(OpCode::Data(kind), true, rest));
            }
            let mut inbound = Inbound::new(1000);
            let mut said = Vec::new();
            let mut rest = bytes.as_mut_slice();
            for cut in cuts.into_iter().cycle() {
                let (piece, more) = rest.split_at_mut(cut.min(rest.len()));
                inbound.take_in(piece);
                while let Some(next) = inbound.next() {
                    said.push(next.unwrap());
                }
                rest = more;
                if rest.is_empty() {
                    break;
                }
            }
            let expected = messages.into_iter().map(|(bytes, _)| message(false, bytes)).collect::<Vec<_>>();
            prop_assert_eq!(said, expected);
            prop_assert!(inbound.unfinished() == 0 && !inbound.has_next());
        }

        #[test]
        fn what_is_no_text_is_refused_by_its_first_wrong_byte(
            words in "\\PC{0,40}",
            wrong in proptest::sample::select([&b"\xff"[..], b"\xc0", b"\xed\xa0", b"\xe2(", b"\xf4\x90"].to_vec()),
            fragments in 1..5usize,
        ) {
            // As far as it cannot become a character any more, the rest of the frame and of the message not being there.
            let text = [words.as_bytes(), wrong].concat();
            let size = text.len().div_ceil(fragments);
            let mut bytes = Vec::new();
            for (number, fragment) in text.chunks(size).enumerate() {
                let kind = if number == 0 { Data::Text } else { Data::Continue };
                bytes.extend(written(OpCode::Data(kind), false, fragment));
            }
            let last = bytes.len() - text.chunks(size).last().unwrap().len();
            bytes[last - 5] += 1;
            let mut inbound = Inbound::new(1000);
            for byte in bytes.chunks_mut(1) {
                prop_assert!(!inbound.has_next());
                inbound.take_in(byte);
            }
            prop_assert!(matches!(inbound.next(), Some(Err(Error::Utf8(_)))));
            prop_assert_eq!(inbound.unfinished(), 0);
        }

        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut inbound = Inbound::new(100);
            for piece in bytes.to_vec().chunks_mut(7) {
                inbound.take_in(piece);
            }
            prop_assert!(inbound.partial.len() < 6 + MOST_CONTROL_BYTES as usize);
            prop_assert!(inbound.begun.is_none_or(|begun| begun.payload.len() <= 100));
        }
    }
}

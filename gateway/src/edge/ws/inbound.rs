//! From bytes to WebSocket messages (RFC 6455, §5), for a peer that is a client.
//!
//! The library's own stream keeps a buffer for each connection; here nothing is kept between messages. What a read
//! brought lies in a buffer of the thread, and only a frame that has not come whole is put aside. Headers are read by
//! the library.

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
    Message(Bytes),
    Ping(Bytes),
    Pong,
    /// Its farewell. Nothing after it is read.
    Close(Option<CloseCode>),
}

/// What has been read of a connection and not been handled yet.
pub(super) struct Inbound {
    /// A frame that has not come whole.
    partial: Vec<u8>,
    /// A message whose last fragment has not come.
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

    pub(super) fn has_next(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The bytes that are kept of a message that has not come whole.
    pub(super) fn unfinished(&self) -> usize {
        self.partial.capacity() + self.begun.as_ref().map_or(0, |begun| begun.payload.capacity())
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
            if used < all.len() {
                all.drain(..used);
                self.partial = all;
            }
        }
    }

    /// Takes what is whole from the front, and gives how many bytes that was.
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

    /// Takes one frame if it is whole, and gives its length.
    fn take_frame(&mut self, bytes: &mut [u8]) -> Result<Option<usize>, Error> {
        let mut cursor = Cursor::new(&*bytes);
        let Some((header, length)) = FrameHeader::parse(&mut cursor)? else { return Ok(None) };
        let start = cursor.position() as usize;
        self.check(&header, length)?;
        // No longer than `most_bytes`, as was just checked.
        let end = start + length as usize;
        if bytes.len() < end {
            return Ok(None);
        }
        let payload = &mut bytes[start..end];
        let mask = header.mask.ok_or(ProtocolError::UnmaskedFrameFromClient)?;
        unmask(payload, mask);
        match header.opcode {
            OpCode::Control(kind) => self.take_control(kind, payload)?,
            OpCode::Data(kind) => self.take_data(kind, header.is_final, payload)?,
        }
        Ok(Some(end))
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

    fn take_data(&mut self, kind: Data, is_final: bool, payload: &[u8]) -> Result<(), Error> {
        let message = match (kind, self.begun.take()) {
            (Data::Continue, Some(mut begun)) => {
                begun.payload.extend_from_slice(payload);
                begun
            }
            (Data::Continue, None) => return Err(ProtocolError::UnexpectedContinueFrame.into()),
            (Data::Text | Data::Binary, None) => {
                Box::new(Begun { is_text: kind == Data::Text, payload: payload.to_vec() })
            }
            (Data::Text | Data::Binary, Some(_)) => {
                return Err(ProtocolError::ExpectedFragment(kind).into());
            }
            (Data::Reserved(number), _) => {
                return Err(ProtocolError::UnknownDataFrameType(number).into());
            }
        };
        if !is_final {
            self.begun = Some(message);
            return Ok(());
        }
        self.has_ended = true;
        if message.is_text
            && let Err(error) = std::str::from_utf8(&message.payload)
        {
            return Err(Error::Utf8(error.to_string()));
        }
        self.ready.push_back(Ok(Received::Message(message.payload.into())));
        Ok(())
    }
}

/// Undoes the client's mask. RFC 6455, §5.3.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    // Eight bytes at a time: a multiple of the mask's length, so that it stays in step.
    let wide = u64::from_ne_bytes([mask, mask].concat().try_into().unwrap_or_default());
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
    /// A frame's header, at most.
    const HEADER: usize = 14;
    let Some((&length, rest)) = bytes.split_first() else { return };
    let mut inbound = Inbound::new(MOST_BYTES);
    for piece in rest.to_vec().chunks_mut(usize::from(length) + 1) {
        inbound.take_in(piece);
        while let Some(next) = inbound.next() {
            if let Ok(Received::Message(payload)) = next {
                assert!(payload.len() <= MOST_BYTES, "a message of {} bytes", payload.len());
            }
        }
        assert!(inbound.partial.len() <= MOST_BYTES + HEADER, "{} bytes put aside", inbound.partial.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;

    use super::*;

    const MASK: [u8; 4] = [0x6d, 0xb6, 0, 0x80];

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
        let bytes = [text("one"), written(OpCode::Control(Control::Ping), true, b"?"), text("two")].concat();
        let said =
            [Received::Message("one".into()), Received::Ping("?".into()), Received::Message("two".into())]
                .map(Ok);
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
        assert_eq!(
            read(&bytes),
            [Ok(Received::Ping(Bytes::new())), Ok(Received::Message("gr\u{fc}n".into()))]
        );
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
            let expected: Vec<Received> = messages.into_iter().map(|(bytes, _)| Received::Message(bytes.into())).collect();
            prop_assert_eq!(said, expected);
            prop_assert!(inbound.partial.is_empty() && !inbound.has_next());
        }

        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut inbound = Inbound::new(100);
            for piece in bytes.to_vec().chunks_mut(7) {
                inbound.take_in(piece);
            }
            prop_assert!(inbound.partial.len() <= 100 + 14);
        }
    }
}

//! What a server says, out of the bytes in which it arrives.
//!
//! The grammar is the library's own parser; here is only how it is fed, because the library's connections hand what is
//! pushed to a channel without bound, while a subscriber decides itself when it reads on.

use std::io::{self, Read};

use bytes::{Buf, BytesMut};
use redis::{Parser, Value};

/// What came is not of this protocol, or beyond its limits.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the server speaks another protocol")]
pub(crate) struct Malformed;

/// No server that we know says so much at a time: what is published is bounded far below.
const LONGEST: usize = 64 * 1024 * 1024;

/// Takes values out of a stream of bytes. What has come of a value stays parsed, so that a large one that arrives in
/// many pieces is not looked at from its beginning with each of them.
#[derive(Default)]
pub(crate) struct Decoder {
    parser: Parser,
    /// Bytes that were taken since the last whole value.
    taken: usize,
}

impl Decoder {
    /// The next value; nothing while it is not whole, and then `buffer` is empty. To be called until it gives nothing:
    /// some of what was taken may be of the value after.
    pub(crate) fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Value>, Malformed> {
        let mut source = Source { buffer, taken: 0, is_dry: false };
        let parsed = self.parser.parse_value(&mut source);
        self.taken += source.taken;
        match parsed {
            Ok(value) => {
                self.taken = 0;
                Ok(Some(value))
            }
            Err(_) if source.is_dry && self.taken <= LONGEST => Ok(None),
            Err(_) => Err(Malformed),
        }
    }
}

/// Gives what has arrived, and beyond it, to who comes again later, `WouldBlock`.
struct Source<'a> {
    buffer: &'a mut BytesMut,
    taken: usize,
    is_dry: bool,
}

impl Read for Source<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(self.buffer.len());
        if count == 0 {
            self.is_dry = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.buffer.copy_to_slice(&mut out[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redis::PushKind;

    use super::*;

    fn bytes(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    const SAID: &[u8] = b">3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$4\r\n\r\nhi\r\n+PONG\r\n-MOVED 1 b:2\r\n\
        %1\r\n+proto\r\n:3\r\n_\r\n$-1\r\n*0\r\n>3\r\n+ssubscribe\r\n$1\r\na\r\n:7\r\n";

    fn is_said(values: &[Value]) -> bool {
        let [first, pong, Value::ServerError(error), hello, Value::Nil, Value::Nil, empty, last] = values
        else {
            return false;
        };
        *first == Value::Push { kind: PushKind::SMessage, data: vec![bytes("a"), bytes("\r\nhi")] }
            && *pong == Value::SimpleString("PONG".into())
            && (error.code(), error.details()) == ("MOVED", Some("1 b:2"))
            && *hello == Value::Map(vec![(Value::SimpleString("proto".into()), Value::Int(3))])
            && *empty == Value::Array(vec![])
            && *last == Value::Push { kind: PushKind::SSubscribe, data: vec![bytes("a"), Value::Int(7)] }
    }

    #[test]
    fn values_are_read_however_they_arrive() {
        for step in 1..SAID.len() {
            let (mut decoder, mut buffer, mut read) = (Decoder::default(), BytesMut::new(), Vec::new());
            for part in SAID.chunks(step) {
                buffer.extend_from_slice(part);
                while let Some(value) = decoder.decode(&mut buffer).unwrap() {
                    read.push(value);
                }
                assert!(buffer.is_empty());
            }
            assert!(is_said(&read), "in steps of {step}: {read:?}");
        }
    }

    #[test]
    fn another_protocol_is_refused() {
        for said in ["HTTP/1.1 400\r\n", "$x\r\n", "$2\r\nabcd\r\n", ":\r\n", "\0\0", "#x\r\n"] {
            assert_eq!(Decoder::default().decode(&mut said.into()), Err(Malformed), "{said:?}");
        }
        // Each level takes a frame of the stack.
        let deep = "*1\r\n".repeat(100_000);
        assert_eq!(Decoder::default().decode(&mut deep.as_str().into()), Err(Malformed));
    }

    #[test]
    fn an_announced_length_takes_no_memory_before_it_comes() {
        for said in ["$9999999999\r\nabc", "*9999999999\r\n:1\r\n", "%9000000000000000000\r\n:1\r\n"] {
            assert_eq!(Decoder::default().decode(&mut said.into()), Ok(None), "{said:?}");
        }
    }

    #[test]
    fn a_value_without_end_is_given_up() {
        let (mut decoder, mut buffer) = (Decoder::default(), BytesMut::from("$9999999999\r\n"));
        let piece = vec![b'x'; 1024 * 1024];
        let mut pieces = 0;
        while decoder.decode(&mut buffer) == Ok(None) {
            buffer.extend_from_slice(&piece);
            pieces += 1;
        }
        assert_eq!(pieces, LONGEST / piece.len());
    }

    /// A value in many pieces is parsed once: ten times its length takes about ten times as long, not a hundred.
    #[test]
    fn a_long_list_is_not_read_again_with_each_piece() {
        let time = |items: usize| {
            let said = [format!("*{items}\r\n").as_bytes(), &b":1\r\n".repeat(items)].concat();
            let (mut decoder, mut buffer) = (Decoder::default(), BytesMut::new());
            let begun = std::time::Instant::now();
            let mut read = 0;
            for part in said.chunks(512) {
                buffer.extend_from_slice(part);
                read += usize::from(decoder.decode(&mut buffer).unwrap().is_some());
            }
            assert_eq!(read, 1);
            begun.elapsed()
        };
        let least = |items| (0..5).map(|_| time(items)).min().unwrap();
        let (short, long) = (least(2_000), least(20_000));
        assert!(long < 40 * short, "{long:?} for ten times what took {short:?}");
    }

    proptest! {
        #[test]
        fn nothing_that_comes_is_fatal(said in proptest::collection::vec(any::<u8>(), 0..200), at in 0..SAID.len()) {
            let _ = Decoder::default().decode(&mut BytesMut::from(&said[..]));
            let mut broken = SAID.to_vec();
            if let Some(&byte) = said.first() {
                broken[at] = byte;
            }
            let (mut decoder, mut buffer) = (Decoder::default(), BytesMut::from(&broken[..]));
            while let Ok(Some(_)) = decoder.decode(&mut buffer) {}
        }
    }
}

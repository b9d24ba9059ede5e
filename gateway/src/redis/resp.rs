//! The protocol of Redis, version 3, as far as a subscriber meets it.
//!
//! The Redis library hands what is pushed to a channel without bound; here the reader decides when it reads on.

use bytes::{Bytes, BytesMut};

/// What a server says at a time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    /// A string of any kind, also a number that is not an integer.
    Text(Bytes),
    Error(Bytes),
    Int(i64),
    Nil,
    /// A list; a map has keys and values in turn.
    List(Vec<Frame>),
    /// What nobody asked for, or the answer to a command that is answered so.
    Push(Vec<Frame>),
}

/// What came is not of this protocol, or beyond its limits.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the server speaks another protocol")]
pub(crate) struct Malformed;

/// Longer strings and lists are not from a server that we know.
const LONGEST: i64 = 512 * 1024 * 1024;
const MOST: i64 = 1024 * 1024;
const DEEPEST: usize = 8;

/// Takes a frame off the front of `buffer`; nothing while it is not whole. Strings share the buffer's memory.
pub(crate) fn decode(buffer: &mut BytesMut) -> Result<Option<Frame>, Malformed> {
    let Some(end) = end_of(buffer, 0, 0)? else { return Ok(None) };
    let bytes = buffer.split_to(end).freeze();
    let (frame, _) = frame(&bytes, 0)?;
    Ok(Some(frame))
}

/// Writes a command.
pub(crate) fn encode(out: &mut BytesMut, words: &[&[u8]]) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// Where the frame that begins at `start` ends; nothing while its end has not come.
fn end_of(buffer: &[u8], start: usize, depth: usize) -> Result<Option<usize>, Malformed> {
    let Some((kind, line, end)) = line(buffer, start) else { return Ok(None) };
    match kind {
        b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => Ok(Some(end)),
        b'$' | b'!' | b'=' => match length(line, LONGEST)? {
            None => Ok(Some(end)),
            Some(length) => {
                let end = end + length;
                match buffer.get(end..end + 2) {
                    None => Ok(None),
                    Some(b"\r\n") => Ok(Some(end + 2)),
                    Some(_) => Err(Malformed),
                }
            }
        },
        b'*' | b'~' | b'>' | b'%' => {
            if depth == DEEPEST {
                return Err(Malformed);
            }
            let mut end = end;
            for _ in 0..items(kind, line)?.unwrap_or(0) {
                match end_of(buffer, end, depth + 1)? {
                    None => return Ok(None),
                    Some(next) => end = next,
                }
            }
            Ok(Some(end))
        }
        _ => Err(Malformed),
    }
}

/// The frame at `start`, which is whole, and where it ends.
fn frame(bytes: &Bytes, start: usize) -> Result<(Frame, usize), Malformed> {
    let (kind, text, end) = line(bytes, start).ok_or(Malformed)?;
    let line_bytes = || bytes.slice(start + 1..end - 2);
    match kind {
        b'+' | b',' | b'#' | b'(' => Ok((Frame::Text(line_bytes()), end)),
        b'-' => Ok((Frame::Error(line_bytes()), end)),
        b':' => Ok((Frame::Int(number(text)?), end)),
        b'_' => Ok((Frame::Nil, end)),
        b'$' | b'!' | b'=' => match length(text, LONGEST)? {
            None => Ok((Frame::Nil, end)),
            Some(length) => {
                let bytes = bytes.slice(end..end + length);
                let frame = if kind == b'!' { Frame::Error(bytes) } else { Frame::Text(bytes) };
                Ok((frame, end + length + 2))
            }
        },
        _ => {
            let Some(count) = items(kind, text)? else { return Ok((Frame::Nil, end)) };
            let (mut list, mut end) = (Vec::with_capacity(count.min(64)), end);
            for _ in 0..count {
                let (item, next) = frame(bytes, end)?;
                list.push(item);
                end = next;
            }
            Ok((if kind == b'>' { Frame::Push(list) } else { Frame::List(list) }, end))
        }
    }
}

/// The kind of the frame at `start`, the rest of its first line, and where that line ends.
fn line(buffer: &[u8], start: usize) -> Option<(u8, &[u8], usize)> {
    let (&kind, rest) = buffer.get(start..)?.split_first()?;
    let end = rest.windows(2).position(|two| two == b"\r\n")?;
    Some((kind, &rest[..end], start + 1 + end + 2))
}

fn number(text: &[u8]) -> Result<i64, Malformed> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(Malformed)
}

/// Nothing stands for what older servers write as a length of -1.
fn length(text: &[u8], most: i64) -> Result<Option<usize>, Malformed> {
    match number(text)? {
        -1 => Ok(None),
        length if (0..=most).contains(&length) => Ok(Some(length as usize)),
        _ => Err(Malformed),
    }
}

fn items(kind: u8, text: &[u8]) -> Result<Option<usize>, Malformed> {
    let items = length(text, MOST)?;
    Ok(if kind == b'%' { items.map(|pairs| 2 * pairs) } else { items })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &'static str) -> Frame {
        Frame::Text(Bytes::from_static(text.as_bytes()))
    }

    const SAID: &[u8] = b">3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$4\r\n\r\nhi\r\n+PONG\r\n-MOVED 1 b:2\r\n\
        %1\r\n+proto\r\n:3\r\n_\r\n$-1\r\n*0\r\n,1.5\r\n";

    fn frames() -> Vec<Frame> {
        vec![
            Frame::Push(vec![text("smessage"), text("a"), text("\r\nhi")]),
            text("PONG"),
            Frame::Error(Bytes::from_static(b"MOVED 1 b:2")),
            Frame::List(vec![text("proto"), Frame::Int(3)]),
            Frame::Nil,
            Frame::Nil,
            Frame::List(vec![]),
            text("1.5"),
        ]
    }

    #[test]
    fn frames_are_read_however_they_arrive() {
        for step in 1..SAID.len() {
            let (mut buffer, mut read) = (BytesMut::new(), Vec::new());
            for part in SAID.chunks(step) {
                buffer.extend_from_slice(part);
                while let Some(frame) = decode(&mut buffer).unwrap() {
                    read.push(frame);
                }
            }
            assert_eq!(read, frames(), "in steps of {step}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn another_protocol_is_refused() {
        for said in ["HTTP/1.1 400\r\n", "$x\r\n", "$2\r\nabc\r\n", "*-2\r\n", "$9999999999\r\n", ":\r\n"] {
            assert_eq!(decode(&mut said.into()), Err(Malformed), "{said:?}");
        }
        let deep = "*1\r\n".repeat(DEEPEST + 1) + ":1\r\n";
        assert_eq!(decode(&mut deep.as_str().into()), Err(Malformed));
    }

    #[test]
    fn a_command_is_a_list_of_strings() {
        let mut out = BytesMut::new();
        encode(&mut out, &[b"PING", b""]);
        assert_eq!(&out[..], b"*2\r\n$4\r\nPING\r\n$0\r\n\r\n");
        assert_eq!(decode(&mut out).unwrap(), Some(Frame::List(vec![text("PING"), text("")])));
    }

    proptest! {
        #[test]
        fn nothing_that_comes_is_fatal(said in proptest::collection::vec(any::<u8>(), 0..200), at in 0..SAID.len()) {
            let _ = decode(&mut BytesMut::from(&said[..]));
            let mut broken = SAID.to_vec();
            if let Some(&byte) = said.first() {
                broken[at] = byte;
            }
            let mut buffer = BytesMut::from(&broken[..]);
            while let Ok(Some(_)) = decode(&mut buffer) {}
        }
    }
}

//! The mark that every message carries in its text, and how receivers find it in what comes from the socket.
//!
//! ```text
//! ~T<stream>-<number>-<intended time>~        all three in hexadecimal digits
//! ```
//!
//! Receivers look for the mark in the raw bytes, so that to receive costs the generator the same for every protocol. No
//! other `~` stands in a message.

use std::io::Write;

use memchr::memmem::Finder;

/// No mark is longer: three numbers of 64 bits and what is around them.
const MOST_BYTES: usize = 3 * 16 + 5;

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Whose messages are counted together: those of one sender in one room.
    pub(crate) stream: u32,
    /// From 0, without holes.
    pub(crate) number: u64,
    /// When the message was to be sent, in nanoseconds of the monotonic clock.
    pub(crate) intended_ns: u64,
}

impl Mark {
    /// Writes the mark and fills up to `bytes` with text. The mark is there as a whole also when that is less.
    pub(crate) fn write(self, bytes: usize, text: &mut Vec<u8>) {
        let begin = text.len();
        let Self { stream, number, intended_ns } = self;
        write!(text, "~T{stream:x}-{number:x}-{intended_ns:x}~").expect("a vector takes everything");
        while text.len() - begin < bytes {
            let rest = bytes - (text.len() - begin);
            text.extend_from_slice(&FILL[..rest.min(FILL.len())]);
        }
    }

    fn parse(digits: &[u8]) -> Option<Self> {
        let mut parts = digits.split(|byte| *byte == b'-').map(hexadecimal);
        let stream = u32::try_from(parts.next()??).ok()?;
        let (number, intended_ns) = (parts.next()??, parts.next()??);
        parts.next().is_none().then_some(Self { stream, number, intended_ns })
    }
}

const FILL: &[u8] = b" the quick brown fox jumps over the lazy dog, and nobody in the room minds.";

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let mut value = 0;
    for digit in digits {
        value = value << 4 | u64::from((*digit as char).to_digit(16)?);
    }
    Some(value)
}

/// Finds marks in what comes in pieces.
pub(crate) struct Scanner {
    begin: Finder<'static>,
}

/// The end of a piece in which a mark may have begun.
#[derive(Default)]
pub(crate) struct Carry(Vec<u8>);

/// As much room is needed in front of a piece.
pub(crate) const ROOM: usize = MOST_BYTES;

impl Scanner {
    pub(crate) fn new() -> Self {
        Self { begin: Finder::new(b"~T") }
    }

    /// Gives every mark of a piece that lies in `buffer` from [`ROOM`] on; what is before is overwritten.
    ///
    /// Something that begins as a mark and is none counts as a fault: its count is what is given back.
    pub(crate) fn scan(&self, carry: &mut Carry, buffer: &mut [u8], mut found: impl FnMut(Mark)) -> u64 {
        let kept = carry.0.len();
        buffer[ROOM - kept..ROOM].copy_from_slice(&carry.0);
        carry.0.clear();
        let mut rest = &buffer[ROOM - kept..];
        let mut faults = 0;
        while let Some(at) = self.begin.find(rest) {
            let digits = &rest[at + 2..];
            let near = &digits[..digits.len().min(MOST_BYTES - 2)];
            let Some(length) = memchr::memchr(b'~', near) else {
                if near.len() == MOST_BYTES - 2 {
                    faults += 1;
                    rest = digits;
                    continue;
                }
                carry.keep(&rest[at..]);
                return faults;
            };
            match Mark::parse(&digits[..length]) {
                Some(mark) => found(mark),
                None => faults += 1,
            }
            rest = &digits[length + 1..];
        }
        if rest.last() == Some(&b'~') {
            carry.keep(b"~");
        }
        faults
    }
}

impl Carry {
    fn keep(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(count: u64) -> (Vec<Mark>, Vec<u8>) {
        let mut text = Vec::new();
        let mark = |number| Mark { stream: 0xab, number, intended_ns: u64::MAX - number };
        let marks: Vec<Mark> = (0..count).map(mark).collect();
        for mark in &marks {
            mark.write(100, &mut text);
        }
        (marks, text)
    }

    fn scan(pieces: &[&[u8]]) -> (Vec<Mark>, u64) {
        let (scanner, mut carry, mut found, mut faults) = (Scanner::new(), Carry::default(), Vec::new(), 0);
        for piece in pieces {
            let mut buffer = vec![b'~'; ROOM];
            buffer.extend_from_slice(piece);
            faults += scanner.scan(&mut carry, &mut buffer, |mark| found.push(mark));
        }
        (found, faults)
    }

    #[test]
    fn a_text_has_its_length_and_one_mark() {
        let (sent, text) = marks(1);
        assert_eq!(text.len(), 100);
        assert_eq!(scan(&[&text]), (sent, 0));
    }

    #[test]
    fn marks_are_found_however_the_bytes_are_cut() {
        let (sent, text) = marks(5);
        for cut in 1..text.len() - 1 {
            for second in [cut + 1, (cut + 40).min(text.len()), text.len()] {
                let pieces = [&text[..cut], &text[cut..second], &text[second..]];
                assert_eq!(scan(&pieces), (sent.clone(), 0), "cut at {cut} and {second}");
            }
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(scan(&single), (sent, 0));
    }

    #[test]
    fn what_only_looks_like_a_mark_is_a_fault() {
        let (sent, text) = marks(1);
        let broken = ["~T1-2~".as_bytes(), "~T1-2-x~".as_bytes(), "~T1-2-3-4~".as_bytes()];
        for bytes in broken {
            assert_eq!(scan(&[bytes, &text]), (sent.clone(), 1));
        }
        let endless = [b"~T".as_slice(), &[b'1'; 200], &text].concat();
        assert_eq!(scan(&[&endless]), (sent, 1));
    }
}

//! How far a log was trimmed.
//!
//! It stands in a row of its own, at the number 0, which no entry has. A trim deletes rows and moves this mark in one
//! write, so a log is never seen with rows missing that the mark does not know of; what is missing otherwise is damage.
//!
//! The mark holds the end too. An end is otherwise that of the last row, and a log whose rows are all gone has none.
//! To keep the last row instead would keep a message that was to be dropped.

use bytes::Bytes;
use protocol::id::{Millis, Seq};

use crate::storage::{LogEnd, StorageError};

use super::frame::{self, Framed};

/// What is left of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trimmed {
    /// The entries below are gone.
    pub(super) first: Seq,
    /// The end of the log when it was trimmed.
    pub(super) end: LogEnd,
}

impl Trimmed {
    /// Of a log that never was.
    pub(super) const NEVER: Self = Self { first: Seq(1), end: LogEnd { seq: Seq::ZERO, at: Millis(0) } };

    /// The value of the mark in `row`: the end's time, then the first number and the end's.
    pub(super) fn encode(self, row: &[u8]) -> Vec<u8> {
        let numbers = [self.first.0.to_be_bytes(), self.end.seq.0.to_be_bytes()].concat();
        frame::encode(row, self.end.at.0, &numbers)
    }

    pub(super) fn decode(operation: &'static str, row: &[u8], stored: Bytes) -> Result<Self, StorageError> {
        let Framed { number, bytes } = frame::decode(operation, row, stored)?;
        let numbers = bytes.split_first_chunk().and_then(|(first, rest)| Some((first, rest.first_chunk()?)));
        let Some((first, seq)) = numbers else { return Err(StorageError::Damaged { operation }) };
        let seq = Seq(u64::from_be_bytes(*seq));
        Ok(Self { first: Seq(u64::from_be_bytes(*first)), end: LogEnd { seq, at: Millis(number) } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let mark = Trimmed { first: Seq(3), end: LogEnd { seq: Seq(9), at: Millis(7) } };
        let stored = mark.encode(b"row");
        assert_eq!(Trimmed::decode("read", b"row", stored.clone().into()).unwrap(), mark);
        assert!(Trimmed::decode("read", b"other", stored.into()).is_err());
        assert!(Trimmed::decode("read", b"row", frame::encode(b"row", 7, &[0; 15]).into()).is_err());
    }
}

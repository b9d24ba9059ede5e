//! How a key of the contract becomes one row of bytes.
//!
//! A record:  table letter, application (4 bytes), length of the partition's name (1 byte), name, suffix.
//! An entry:  the same with the letter of [`Table::Message`], then the length of the log's name (2 bytes),
//!            that name, and the sequence number (8 bytes). No entry has the number 0: that row says how far the log
//!            was trimmed, see `trim.rs`.
//!
//! Numbers are big-endian, so the order of the bytes is the order of the keys.
//! Lengths stand before names, so no partition or log is a prefix of another, whatever bytes their names hold.

use std::ops::Bound;

use bytes::Bytes;
use protocol::id::{AppId, Seq};

use crate::storage::{Key, Log, Partition, Scan, StorageError, Table};

/// The greatest key of the store beneath, which would cut a longer one without a word.
const MOST: usize = u16::MAX as usize;

/// Keys that begin so are the engine's own; no table has this letter.
const OWN: u8 = 0;

/// Where the number of the last stored batch is kept.
pub(super) const LAST_BATCH: [u8; 2] = [OWN, b'b'];

/// Where it is kept which set of tokens is the current one, see `tokens/sets.rs`.
pub(super) const TOKEN_SET: [u8; 2] = [OWN, b's'];

/// What the rows of the tokens of groups have in common, see `tokens/recent.rs`.
pub(super) const TOKENS: [u8; 2] = [OWN, b't'];

/// The row of the tokens of one group.
pub(super) fn tokens(number: u64) -> [u8; 10] {
    let mut row = [0; 10];
    row[..2].copy_from_slice(&TOKENS);
    row[2..].copy_from_slice(&number.to_be_bytes());
    row
}

/// The number in a row that `tokens` gave.
pub(super) fn tokens_number(row: &[u8]) -> Option<u64> {
    row.last_chunk().map(|number| u64::from_be_bytes(*number))
}

/// What a partition's records of one table have in common.
fn of_partition(table: Table, partition: &Partition, room: usize) -> Vec<u8> {
    let name = partition.name();
    let mut key = Vec::with_capacity(6 + name.len() + room);
    key.push(table.letter());
    key.extend_from_slice(&partition.app().0.to_be_bytes());
    key.push(u8::try_from(name.len()).expect("two user ids or one group id are shorter than 256 bytes"));
    key.extend_from_slice(name);
    key
}

/// The row of a record.
pub(super) fn record(partition: &Partition, key: &Key) -> Result<Vec<u8>, StorageError> {
    let mut row = of_partition(key.table, partition, key.suffix.len());
    row.extend_from_slice(&key.suffix);
    fitting(row)
}

/// What the rows of a log's entries have in common.
pub(super) fn of_log(partition: &Partition, name: &[u8]) -> Result<Vec<u8>, StorageError> {
    let mut row = of_partition(Table::Message, partition, 2 + name.len() + 8);
    let length = u16::try_from(name.len()).map_err(|_| too_long())?;
    row.extend_from_slice(&length.to_be_bytes());
    row.extend_from_slice(name);
    fitting(row)
}

/// The row of the entry `seq` of the log that `of_log` gave.
pub(super) fn entry(mut of_log: Vec<u8>, seq: Seq) -> Vec<u8> {
    of_log.extend_from_slice(&seq.0.to_be_bytes());
    of_log
}

/// The number in the row of an entry.
pub(super) fn seq_of(row: &[u8]) -> Option<Seq> {
    row.last_chunk().map(|number| Seq(u64::from_be_bytes(*number)))
}

/// The log that a row of an entry belongs to; nothing when the row is not one.
pub(super) fn log_of(row: &[u8]) -> Option<Log> {
    let mut rest = row;
    let [_letter] = *rest.split_off(..1)?.first_chunk()?;
    let app = AppId(u32::from_be_bytes(*rest.split_off(..4)?.first_chunk()?));
    let [length] = *rest.split_off(..1)?.first_chunk()?;
    let partition = Partition::named(app, Bytes::copy_from_slice(rest.split_off(..usize::from(length))?));
    let length = u16::from_be_bytes(*rest.split_off(..2)?.first_chunk()?);
    let name = Bytes::copy_from_slice(rest.split_off(..usize::from(length))?);
    (rest.len() == 8).then_some(Log { partition, name })
}

/// The partition that a row of a record belongs to; nothing when the row is the engine's own.
pub(super) fn partition_of(row: &[u8]) -> Option<Partition> {
    let mut rest = row;
    let [letter] = *rest.split_off(..1)?.first_chunk()?;
    let app = AppId(u32::from_be_bytes(*rest.split_off(..4)?.first_chunk()?));
    let [length] = *rest.split_off(..1)?.first_chunk()?;
    let name = rest.split_off(..usize::from(length))?;
    (letter != OWN).then(|| Partition::named(app, Bytes::copy_from_slice(name)))
}

/// The rows of all logs behind the one that `of_log` gave; of all logs, without one.
pub(super) fn logs_after(of_log: Option<&[u8]>) -> Range {
    let first = match of_log {
        Some(of_log) => Bound::Excluded(entry(of_log.to_vec(), Seq(u64::MAX))),
        None => Bound::Included(vec![Table::Message.letter()]),
    };
    (first, Bound::Excluded(vec![Table::Message.letter() + 1]))
}

/// The rows from `first` to `last` of a log.
pub(super) fn entries(log: &Log, first: Seq, last: Seq) -> Result<(Vec<u8>, Vec<u8>), StorageError> {
    let of_log = of_log(&log.partition, &log.name)?;
    Ok((entry(of_log.clone(), first), entry(of_log, last)))
}

pub(super) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The rows that a scan may return, and how many bytes stand before the suffix;
/// nothing when no row can fit.
pub(super) fn scan(partition: &Partition, scan: &Scan) -> Result<Option<(Range, usize)>, StorageError> {
    let of_partition = of_partition(scan.table, partition, scan.prefix.len());
    let before_suffix = of_partition.len();
    let first = fitting([&of_partition[..], &scan.prefix].concat())?;
    let end = after_all_with(&first);
    let mut range = (Bound::Included(first.clone()), Bound::Excluded(end.clone()));
    if let Some(after) = &scan.after {
        let after = fitting([&of_partition[..], after].concat())?;
        match scan.reverse {
            false if after >= end => return Ok(None),
            false if after >= first => range.0 = Bound::Excluded(after),
            true if after <= first => return Ok(None),
            true if after < end => range.1 = Bound::Excluded(after),
            _ => {}
        }
    }
    Ok(Some((range, before_suffix)))
}

/// The least row behind every row that begins with `prefix`.
fn after_all_with(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while end.last() == Some(&u8::MAX) {
        end.pop();
    }
    let last = end.last_mut().expect("a row begins with the letter of a table, which is ASCII");
    *last += 1;
    end
}

fn fitting(row: Vec<u8>) -> Result<Vec<u8>, StorageError> {
    // Eight bytes for the number of an entry.
    if row.len() > MOST - 8 { Err(too_long()) } else { Ok(row) }
}

fn too_long() -> StorageError {
    StorageError::Failed {
        operation: "write the key",
        reason: format!("it is longer than {} bytes", MOST - 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::id::UserId;

    fn user(name: &str) -> Partition {
        Partition::user(AppId(1), &UserId::parse(name).unwrap())
    }

    fn key(suffix: &[u8]) -> Key {
        Key::new(Table::Session, suffix.to_vec())
    }

    #[test]
    fn no_partition_is_a_prefix_of_another() {
        let short = record(&user("a"), &key(b"")).unwrap();
        assert!(!record(&user("ab"), &key(b"")).unwrap().starts_with(&short));
        assert!(record(&user("a"), &key(b"b")).unwrap().starts_with(&short));
    }

    #[test]
    fn no_log_is_a_prefix_of_another() {
        let short = of_log(&user("a"), b"1").unwrap();
        assert!(!of_log(&user("a"), b"12").unwrap().starts_with(&short));
    }

    #[test]
    fn a_log_is_read_back_from_its_rows() {
        let log = Log { partition: user("a"), name: "\0\0\0".into() };
        let row = entry(of_log(&log.partition, &log.name).unwrap(), Seq(7));
        assert_eq!(log_of(&row), Some(log));
        for length in 0..row.len() {
            assert_eq!(log_of(&row[..length]), None, "length {length}");
        }
    }

    #[test]
    fn a_prefix_of_the_greatest_bytes_has_an_end() {
        assert_eq!(after_all_with(b"ab"), b"ac");
        assert_eq!(after_all_with(b"a\xff\xff"), b"b");
    }

    #[test]
    fn a_key_that_would_be_cut_is_refused() {
        let most = MOST - 8 - of_partition(Table::Session, &user("a"), 0).len();
        assert!(record(&user("a"), &key(&vec![0; most])).is_ok());
        assert!(record(&user("a"), &key(&vec![0; most + 1])).is_err());
    }
}

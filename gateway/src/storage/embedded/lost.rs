//! What a mended table has lost.
//!
//! Which rows were in a block that cannot be read nobody knows, but their table's filter tells of each row whether it may
//! have been in it, wrongly once in a hundred times. So what is kept of such a block is between which rows it was, how old
//! they were, and the filter. A row that the database does not have any more, and that may have been there, is damaged and
//! not absent: no account is made anew in the place of one that was lost, and no number of a log is used twice. Where the
//! filter is wrong about the number behind the last of a log, that is left out, unless that last entry is newer than what
//! was lost (see `around.rs`): once a log goes on, no number of it is left out any more.
//!
//! It stands in the file `lost` beside the database, a record for each block: the length of the rest (4 bytes), then what
//! `frame.rs` makes of the number of the keyspace and of the rest: a letter for whether the block may have begun with the
//! row before it; the greatest sequence number of its table (8); and the parts, each with its length (4) before it, which
//! are the row before the block, its last row, what the damaged file is called now, and the filters. A note that was made
//! before the sequence number was kept has a small letter and lacks it.

use std::fs;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lsm_tree::table::filter::standard_bloom::{Builder, StandardBloomFilterReader};

use crate::files;

use super::frame;

const FILE: &str = "lost";
const KEY: &[u8] = b"lost";

/// The value that stands for one that was lost, where an older one would come back without it. None is so short.
pub(super) const UNREADABLE: &[u8] = b"lost";

/// The value of a row that was deleted after it may have been lost: it is absent, and known to be.
pub(super) const DELETED: &[u8] = b"";

/// A block that was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LostBlock {
    /// The number that the database gave the keyspace.
    pub(super) keyspace: u64,
    pub(super) low: Bound<Vec<u8>>,
    /// Its last row.
    pub(super) high: Vec<u8>,
    /// The filters of its table that are for these rows; none where they could not be read.
    pub(super) filters: Vec<Vec<u8>>,
    /// The greatest sequence number that one of its rows may have had; the greatest of all where it is not known.
    pub(super) newest: u64,
    /// What the damaged file is called now; empty where it was not kept.
    pub(super) kept: String,
}

impl LostBlock {
    /// Whether a row may have been in it.
    pub(super) fn may_have(&self, row: &[u8]) -> bool {
        let is_behind = match &self.low {
            Bound::Unbounded => true,
            Bound::Included(low) => &low[..] <= row,
            Bound::Excluded(low) => &low[..] < row,
        };
        is_behind && row <= &self.high[..] && (self.filters.is_empty() || self.is_in_filters(row))
    }

    fn is_in_filters(&self, row: &[u8]) -> bool {
        let hash = Builder::get_hash(row);
        let is_in = |filter: &[u8]| {
            StandardBloomFilterReader::new(filter).map_or(true, |filter| filter.contains_hash(hash))
        };
        self.filters.iter().any(|filter| is_in(filter))
    }

    fn encode(&self) -> Vec<u8> {
        let (letter, low): (_, &[u8]) = match &self.low {
            Bound::Unbounded => (b'U', &[]),
            Bound::Included(low) => (b'I', low),
            Bound::Excluded(low) => (b'E', low),
        };
        let mut parts = vec![letter];
        parts.extend_from_slice(&self.newest.to_be_bytes());
        let fixed = [low, &self.high, self.kept.as_bytes()];
        for part in fixed.into_iter().chain(self.filters.iter().map(Vec::as_slice)) {
            parts.extend_from_slice(&(part.len() as u32).to_be_bytes());
            parts.extend_from_slice(part);
        }
        let record = frame::encode(KEY, self.keyspace, &parts);
        [&(record.len() as u32).to_be_bytes(), &record[..]].concat()
    }

    fn decode(record: &[u8]) -> Option<Self> {
        let framed = frame::decode("read what was lost", KEY, Bytes::copy_from_slice(record)).ok()?;
        let (letter, mut rest) = framed.bytes.split_first()?;
        let newest = match letter.is_ascii_uppercase() {
            true => u64::from_be_bytes(*rest.split_off(..8)?.first_chunk()?),
            false => u64::MAX,
        };
        let mut parts = Vec::new();
        while !rest.is_empty() {
            parts.push(part(&mut rest)?.to_vec());
        }
        let filters = if parts.len() < 3 { return None } else { parts.split_off(3) };
        let [low, high, kept] = <[Vec<u8>; 3]>::try_from(parts).ok()?;
        let low = match letter.to_ascii_lowercase() {
            b'u' => Bound::Unbounded,
            b'i' => Bound::Included(low),
            _ => Bound::Excluded(low),
        };
        let kept = String::from_utf8_lossy(&kept).into_owned();
        Some(Self { keyspace: framed.number, low, high, filters, newest, kept })
    }
}

/// Takes a part with its length before it.
fn part<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_be_bytes(*from.split_off(..4)?.first_chunk()?);
    from.split_off(..length as usize)
}

/// All blocks that a store has lost.
#[derive(Clone, Default)]
pub(super) struct Lost(Arc<[LostBlock]>);

impl Lost {
    /// Of the store in `dir`.
    pub(super) fn read(dir: &Path) -> io::Result<Self> {
        let bytes = match fs::read(dir.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read?,
        };
        let mut blocks = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let record = part(&mut rest);
            match record.map(LostBlock::decode) {
                Some(Some(block)) => blocks.push(block),
                // The others are whole.
                Some(None) => {
                    tracing::error!("a note of rows that were lost is damaged: they read as absent")
                }
                None => {
                    tracing::error!("the end of the notes of rows that were lost is damaged");
                    break;
                }
            }
        }
        Ok(Self(blocks.into()))
    }

    /// Adds blocks to those of the store in `dir`, for good.
    pub(super) fn add(dir: &Path, blocks: &[LostBlock]) -> io::Result<()> {
        let Self(known) = Self::read(dir)?;
        let mut all = known.to_vec();
        // A process that died before it mended a table has noted its blocks already.
        let is_same = |one: &LostBlock, other: &LostBlock| {
            (one.keyspace, &one.low, &one.high, &one.filters)
                == (other.keyspace, &other.low, &other.high, &other.filters)
        };
        for block in blocks {
            if !all.iter().any(|known| is_same(known, block)) {
                all.push(block.clone());
            }
        }
        Self::write(dir, &all)
    }

    /// Gives the blocks of the store in `dir` other sequence numbers, by keyspace: those of its own database.
    pub(super) fn date(dir: &Path, newest: impl Fn(u64) -> u64) -> io::Result<()> {
        let Self(known) = Self::read(dir)?;
        if known.is_empty() {
            return Ok(());
        }
        let dated = |block: &LostBlock| LostBlock { newest: newest(block.keyspace), ..block.clone() };
        Self::write(dir, &known.iter().map(dated).collect::<Vec<_>>())
    }

    fn write(dir: &Path, blocks: &[LostBlock]) -> io::Result<()> {
        let bytes: Vec<u8> = blocks.iter().flat_map(LostBlock::encode).collect();
        files::write_whole(&dir.join(FILE), &bytes)
    }

    pub(super) fn blocks(&self) -> &[LostBlock] {
        &self.0
    }

    /// Whether a row that is not there may have been lost.
    pub(super) fn may_have(&self, keyspace: u64, row: &[u8]) -> bool {
        self.may_have_since(keyspace, row, 0)
    }

    /// The same of a row that was written at this sequence number or later.
    pub(super) fn may_have_since(&self, keyspace: u64, row: &[u8], sequence: u64) -> bool {
        let may_have = |block: &LostBlock| block.newest >= sequence && block.may_have(row);
        self.0.iter().any(|block| block.keyspace == keyspace && may_have(block))
    }

    /// Whether any row from `first` to `last` may have been lost.
    pub(super) fn meets(&self, keyspace: u64, first: &[u8], last: &[u8]) -> bool {
        self.0.iter().any(|block| {
            let is_below = match &block.low {
                Bound::Unbounded => true,
                Bound::Included(low) => &low[..] <= last,
                Bound::Excluded(low) => &low[..] < last,
            };
            block.keyspace == keyspace && is_below && first <= &block.high[..]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::frame::Framed;
    use super::*;

    fn block(low: Bound<&[u8]>, high: &[u8], filters: Vec<Vec<u8>>) -> LostBlock {
        let low = low.map(<[u8]>::to_vec);
        LostBlock { keyspace: 2, low, high: high.to_vec(), filters, newest: 7, kept: "damaged/2".to_owned() }
    }

    #[test]
    fn what_was_noted_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Lost::read(dir.path()).unwrap().blocks().is_empty());
        let blocks = [
            block(Bound::Unbounded, b"c", vec![]),
            block(Bound::Included(b"e"), b"g", vec![vec![1; 9], vec![]]),
            block(Bound::Excluded(b"k"), b"m", vec![vec![2]]),
        ];
        Lost::add(dir.path(), &blocks[..2]).unwrap();
        Lost::add(dir.path(), &blocks).unwrap();
        assert_eq!(Lost::read(dir.path()).unwrap().blocks(), blocks);

        Lost::date(dir.path(), |keyspace| keyspace + 7).unwrap();
        let mut blocks = blocks;
        blocks.iter_mut().for_each(|block| block.newest = 9);
        assert_eq!(Lost::read(dir.path()).unwrap().blocks(), blocks);

        // A damaged note is passed over.
        let path = dir.path().join(FILE);
        let mut bytes = fs::read(&path).unwrap();
        bytes[10] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(Lost::read(dir.path()).unwrap().blocks(), &blocks[1..]);
    }

    #[test]
    fn a_note_without_a_sequence_number_is_of_any_time() {
        let block = block(Bound::Excluded(b"k"), b"m", vec![vec![2]]);
        let record = block.encode();
        let Framed { number, bytes } =
            frame::decode("test", KEY, Bytes::copy_from_slice(&record[4..])).unwrap();
        let old = [b"e", &bytes[9..]].concat();
        let read = LostBlock::decode(&frame::encode(KEY, number, &old));
        assert_eq!(read, Some(LostBlock { newest: u64::MAX, ..block }));
    }

    #[test]
    fn what_is_written_later_was_not_in_a_block() {
        let lost = Lost(Arc::new([block(Bound::Unbounded, b"c", vec![])]));
        for (sequence, expected) in [(0, true), (7, true), (8, false)] {
            assert_eq!(lost.may_have_since(2, b"b", sequence), expected, "{sequence}");
        }
    }

    #[test]
    fn a_block_has_the_rows_behind_the_one_before_it_up_to_its_last() {
        let mut filter = Builder::with_bpk(2, 20.0);
        for row in [b"b", b"c"] {
            filter.set_with_hash(Builder::get_hash(row));
        }
        let lost = Lost(Arc::new([block(Bound::Excluded(b"a"), b"c", vec![filter.build()])]));
        for (row, expected) in [("a", false), ("b", true), ("bb", false), ("c", true), ("d", false)] {
            assert_eq!(lost.may_have(2, row.as_bytes()), expected, "{row}");
            assert!(!lost.may_have(1, row.as_bytes()));
        }
        assert!(lost.meets(2, b"0", b"b") && lost.meets(2, b"c", b"x"));
        assert!(!lost.meets(2, b"0", b"a") && !lost.meets(2, b"d", b"x") && !lost.meets(1, b"0", b"x"));
    }
}

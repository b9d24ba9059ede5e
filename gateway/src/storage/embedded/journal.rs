//! Reads the database's journals before the database does.
//!
//! When the database meets something in a journal that it cannot read, it takes that for the end, cuts the file
//! there and opens without a word. That is right for a write that a crash cut short, and wrong for damage before
//! the end, which silently takes everything after it along (fjall issue 311). So this looks first, and changes
//! nothing but such a torn end.
//!
//! What is known about a sound journal: its batches have rising sequence numbers and right checksums;
//! our groups name the group before them (see [`link`]); a journal that is not the last one holds nothing but
//! batches, then zeros, then perhaps what an interrupted rotation left (see `rotation.rs`); in the last one, at most one group
//! was under way when the process died.
//!
//! The format, integers little-endian, is that of fjall 3.1, which `Cargo.toml` therefore pins:
//! a batch is `1, items: u32, sequence number: u64`, the items, `3, xxh3 of the items: u64, "FJL\x03"`;
//! an item is `2, kind: u8, compression: u8, keyspace: u64, key: u16, value: u32, stored value: u32` with the
//! lengths of the key, of the value and of the value as it stands there, then the two; or `4, keyspace: u64`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use super::rotation::is_rotation;
use super::{frame, key};

/// Why the journals cannot be what was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsound {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{file}: damaged at byte {at}; what follows is whole")]
    Middle { file: String, at: usize },
    #[error("{file}: damaged at byte {at}, and it is not the last journal")]
    Sealed { file: String, at: usize },
    #[error("{file}: does not follow the journal before it")]
    Chain { file: String },
    /// The database always has one, and may have written only a part of its keyspaces to tables.
    #[error("the journal is missing")]
    Missing,
}

/// The journals as they were found.
#[derive(Default)]
pub(super) struct Journals {
    /// The number of the last batch in them; nothing when they hold none of ours.
    pub(super) last: Option<u64>,
    /// The numbers of the oldest and of the newest.
    pub(super) ends: Option<(u64, u64)>,
    /// The last journal, and where a group begins in it that was not written to its end.
    torn: Option<(PathBuf, usize)>,
}

/// What a group's row [`key::LAST_BATCH`] holds: its last batch, and the last batch of the group before.
pub(super) fn link(last: u64, before: u64) -> Vec<u8> {
    frame::encode(&key::LAST_BATCH, last, &before.to_be_bytes())
}

impl Journals {
    pub(super) fn read(dir: &Path) -> Result<Self, Unsound> {
        let mut chain = Chain::default();
        let mut torn = None;
        let files = journals(dir)?;
        if files.is_empty() {
            return Err(Unsound::Missing);
        }
        for (index, (number, path)) in files.iter().enumerate() {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if index > 0 && files[index - 1].0 + 1 != *number {
                return Err(Unsound::Chain { file });
            }
            let bytes = read_to_zeros(path)?;
            let at = chain.follow(&bytes, &file)?;
            let rest = without_zeros(&bytes[at..]);
            let is_last = index + 1 == files.len();
            if rest.is_empty() {
                continue;
            }
            if !is_rotation(rest, at, chain.last) {
                if !is_last {
                    return Err(Unsound::Sealed { file, at });
                }
                if chain.goes_on_behind(rest) {
                    return Err(Unsound::Middle { file, at });
                }
            }
            if is_last {
                torn = Some((path.clone(), at));
            }
        }
        Ok(Self { last: chain.last, ends: ends(&files), torn })
    }

    /// Takes away a group that was not written to its end, which nobody was told of, and what a rotation left.
    pub(super) fn cut_torn_end(&self) -> io::Result<()> {
        let Some((path, at)) = &self.torn else { return Ok(()) };
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(*at as u64)?;
        file.sync_all()
    }
}

/// The journal files with their numbers, in order.
fn journals(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for file in fs::read_dir(dir)? {
        let path = file?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort_unstable();
    Ok(found)
}

fn ends(files: &[(u64, PathBuf)]) -> Option<(u64, u64)> {
    Some((files.first()?.0, files.last()?.0))
}

/// The numbers of the oldest and of the newest journal.
pub(super) fn oldest_and_newest(dir: &Path) -> io::Result<Option<(u64, u64)>> {
    Ok(ends(&journals(dir)?))
}

/// The journal that the database writes to, and its number.
pub(super) fn newest(dir: &Path) -> io::Result<Option<(u64, PathBuf)>> {
    Ok(journals(dir)?.pop())
}

/// What is in the file but for zeros at its end, which are most of a young journal and need no memory.
fn read_to_zeros(path: &Path) -> io::Result<Vec<u8>> {
    const STEP: usize = 64 << 10;
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    let mut piece = vec![0; STEP];
    let mut zeros = 0;
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(bytes);
        }
        let piece = &piece[..count];
        if without_zeros(piece).is_empty() {
            zeros += count;
        } else {
            bytes.resize(bytes.len() + zeros, 0);
            bytes.extend_from_slice(piece);
            zeros = 0;
        }
    }
}

/// Without the zeros at the end, of which a journal is made in the beginning, many megabytes.
fn without_zeros(mut bytes: &[u8]) -> &[u8] {
    const ZEROS: [u8; 4096] = [0; 4096];
    while let Some((rest, &ZEROS)) = bytes.split_last_chunk() {
        bytes = rest;
    }
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// What the next batch must follow.
#[derive(Default)]
struct Chain {
    sequence: Option<u64>,
    last: Option<u64>,
}

impl Chain {
    /// Follows the batches in `bytes`; gives where they end.
    fn follow(&mut self, bytes: &[u8], file: &str) -> Result<usize, Unsound> {
        let mut rest = bytes;
        loop {
            let at = bytes.len() - rest.len();
            let Some(batch) = Batch::take(&mut rest) else { return Ok(at) };
            let damaged = Unsound::Middle { file: file.into(), at };
            if self.sequence.is_some_and(|before| batch.sequence <= before) {
                return Err(damaged);
            }
            self.sequence = Some(batch.sequence);
            if let Some((last, before)) = batch.link {
                if self.last.is_some_and(|known| known != before) {
                    return Err(damaged);
                }
                self.last = Some(last);
            }
        }
    }

    /// Whether a whole later batch lies somewhere in `bytes`.
    fn goes_on_behind(&self, bytes: &[u8]) -> bool {
        let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == START);
        starts.map(|(at, _)| at).any(|at| {
            let batch = Batch::take(&mut &bytes[at..]);
            batch.is_some_and(|batch| self.sequence.is_none_or(|before| batch.sequence > before))
        })
    }
}

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const MAGIC: &[u8] = b"FJL\x03";

/// The checksum does not cover the sequence number. No store gets as far as this, and far beyond it the database's
/// own numbers would run over.
const MOST_SEQUENCE: u64 = 1 << 56;

pub(super) struct Batch {
    sequence: u64,
    /// The last batch of the group and that of the group before.
    pub(super) link: Option<(u64, u64)>,
}

impl Batch {
    /// Takes a whole batch from the front, or leaves `from` somewhere.
    pub(super) fn take(from: &mut &[u8]) -> Option<Self> {
        tag(from, START)?;
        let count = u32::from_le_bytes(array(from)?);
        let sequence = u64::from_le_bytes(array(from)?);
        let items = *from;
        let mut link = None;
        for _ in 0..count {
            link = item(from)?.or(link);
        }
        let items = &items[..items.len() - from.len()];
        tag(from, END)?;
        let sum = u64::from_le_bytes(array(from)?);
        let sound = from.split_off(..MAGIC.len())? == MAGIC && sum == xxh3_64(items);
        let sound = sound && sequence <= MOST_SEQUENCE;
        sound.then_some(Self { sequence, link })
    }
}

/// Takes an item; gives the numbers in it when it is the one that `link` made.
fn item(from: &mut &[u8]) -> Option<Option<(u64, u64)>> {
    if from.first() == Some(&CLEAR) {
        from.split_off(..9)?;
        return Some(None);
    }
    tag(from, ITEM)?;
    // The kind, the compression and the keyspace.
    from.split_off(..10)?;
    let key_length = usize::from(u16::from_le_bytes(array(from)?));
    let _value_length: [u8; 4] = array(from)?;
    let stored_length = u32::from_le_bytes(array(from)?) as usize;
    let item_key = from.split_off(..key_length)?;
    let value = from.split_off(..stored_length)?;
    if item_key != key::LAST_BATCH {
        return Some(None);
    }
    let framed = frame::decode("open the store", item_key, Bytes::copy_from_slice(value)).ok()?;
    let before = u64::from_be_bytes(framed.bytes[..].try_into().ok()?);
    Some(Some((framed.number, before)))
}

fn tag(from: &mut &[u8], expected: u8) -> Option<()> {
    (*from.split_off_first()? == expected).then_some(())
}

fn array<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    from.split_off(..N)?.try_into().ok()
}

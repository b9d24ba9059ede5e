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
    /// Where the last group begins in the last journal, and the last batch before it.
    last_group: Option<(PathBuf, usize, u64)>,
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
            chain.last_group = None;
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
        let newest = files.last().map(|(_, path)| path.clone());
        let last_group = newest.zip(chain.last_group).map(|(path, (at, before))| (path, at, before));
        Ok(Self { last: chain.last, ends: ends(&files), torn, last_group })
    }

    /// Takes a last group behind the batch `last` for torn, though it may be whole: it was refused.
    pub(super) fn tear_behind(&mut self, last: u64) {
        if self.last.is_some_and(|found| found > last)
            && let Some((path, at, before)) = self.last_group.take()
            && before == last
        {
            self.torn = Some((path, at));
            self.last = Some(last);
        }
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
pub(super) fn journals(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
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
pub(super) fn read_to_zeros(path: &Path) -> io::Result<Vec<u8>> {
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
pub(super) fn without_zeros(mut bytes: &[u8]) -> &[u8] {
    const ZEROS: [u8; 4096] = [0; 4096];
    while let Some((rest, &ZEROS)) = bytes.split_last_chunk() {
        bytes = rest;
    }
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// What the next batch must follow.
#[derive(Default)]
pub(super) struct Chain {
    sequence: Option<u64>,
    last: Option<u64>,
    /// Where the last group begins, and the last batch before it.
    last_group: Option<(usize, u64)>,
}

impl Chain {
    /// Follows the batches in `bytes`; gives where they end.
    pub(super) fn follow(&mut self, bytes: &[u8], file: &str) -> Result<usize, Unsound> {
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
                self.last_group = Some((at, before));
            }
        }
    }

    /// Whether a whole later batch lies somewhere in `bytes`.
    pub(super) fn goes_on_behind(&self, bytes: &[u8]) -> bool {
        let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == START);
        starts.map(|(at, _)| at).any(|at| {
            let batch = Batch::take(&mut &bytes[at..]);
            batch.is_some_and(|batch| self.sequence.is_none_or(|before| batch.sequence > before))
        })
    }
}

/// A change of one row, as a journal has it.
pub(super) struct Change {
    keyspace: u64,
    pub(super) row: Vec<u8>,
    /// Nothing where the row was deleted.
    pub(super) value: Option<Bytes>,
}

impl Change {
    /// Which of the store's keyspaces it is in, in the order of `Store::keyspaces`. The database numbers them as they were
    /// made.
    pub(super) fn keyspace(&self) -> Option<usize> {
        KEYSPACES.iter().position(|number| *number == self.keyspace)
    }
}

/// The numbers of the store's keyspaces, in the order of `Store::keyspaces`.
pub(super) const KEYSPACES: [u64; 4] = [2, 1, 3, 4];

/// The changes of all whole batches in all journals, in their order. Some of them have what `restored` gives in the place
/// of what is there.
pub(super) fn all_changes(
    dir: &Path,
    restored: impl Fn(&Path) -> Option<Vec<u8>>,
) -> io::Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (_, path) in journals(dir)? {
        let bytes = restored(&path).map_or_else(|| read_to_zeros(&path), Ok)?;
        whole_changes(&bytes, &mut changes);
    }
    Ok(changes)
}

/// What was taken out of journals so that the database reads the rest of them.
#[derive(Default)]
pub(super) struct Apart {
    pub(super) damages: Vec<String>,
    /// What is whole behind the damage, in its order.
    pub(super) changes: Vec<Change>,
}

/// Ends the journals in `dir` where they are first damaged, and gives what is whole behind that.
pub(super) fn take_apart(dir: &Path) -> io::Result<Apart> {
    let mut apart = Apart::default();
    let mut chain = Chain::default();
    let mut before = None;
    let files = journals(dir)?;
    for (index, (number, path)) in files.iter().enumerate() {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = read_to_zeros(path)?;
        let follows = before.is_none_or(|before| before + 1 == *number);
        before = Some(*number);
        if !follows {
            apart.damages.push(Unsound::Chain { file: file.clone() }.to_string());
        }
        if !apart.damages.is_empty() {
            whole_changes(&bytes, &mut apart.changes);
            fs::remove_file(path)?;
            continue;
        }
        let (at, is_damaged) = match chain.follow(&bytes, &file) {
            Ok(at) => (at, false),
            Err(Unsound::Middle { at, .. }) => (at, true),
            Err(_) => (0, true),
        };
        let rest = without_zeros(&bytes[at..]);
        if rest.is_empty() {
            continue;
        }
        let is_last = index + 1 == files.len();
        let is_torn = is_last && !is_damaged && !chain.goes_on_behind(rest);
        if !is_torn && !is_rotation(rest, at, chain.last) {
            apart.damages.push(format!("{file}: damaged at byte {at}"));
            whole_changes(rest, &mut apart.changes);
        }
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(at as u64)?;
        file.sync_all()?;
    }
    Ok(apart)
}

/// The changes of all whole batches that lie somewhere in `bytes`.
fn whole_changes(mut bytes: &[u8], changes: &mut Vec<Change>) {
    while let Some(at) = bytes.iter().position(|byte| *byte == START) {
        bytes = &bytes[at..];
        let mut rest = bytes;
        if Batch::take(&mut rest).is_none() {
            bytes = &bytes[1..];
            continue;
        }
        // The tag, how many there are, the sequence number.
        let mut items = &bytes[1 + 4 + 8..bytes.len() - rest.len()];
        while items.first().is_some_and(|tag| *tag != END) {
            match change(&mut items) {
                Some(change) => changes.extend(change),
                None => break,
            }
        }
        bytes = rest;
    }
}

/// Takes an item of a whole batch; nothing within when it empties a keyspace.
fn change(from: &mut &[u8]) -> Option<Option<Change>> {
    const VALUE: u8 = 0;
    if from.first() == Some(&CLEAR) {
        from.split_off(..9)?;
        return Some(None);
    }
    tag(from, ITEM)?;
    let kind = *from.split_off_first()?;
    let _compression = from.split_off_first()?;
    let keyspace = u64::from_le_bytes(array(from)?);
    let key_length = usize::from(u16::from_le_bytes(array(from)?));
    let _value_length: [u8; 4] = array(from)?;
    let stored_length = u32::from_le_bytes(array(from)?) as usize;
    let row = from.split_off(..key_length)?.to_vec();
    let stored = from.split_off(..stored_length)?;
    let value = (kind == VALUE).then(|| Bytes::copy_from_slice(stored));
    Some(Some(Change { keyspace, row, value }))
}

pub(super) const START: u8 = 1;
pub(super) const ITEM: u8 = 2;
pub(super) const END: u8 = 3;
const CLEAR: u8 = 4;
pub(super) const MAGIC: &[u8] = b"FJL\x03";

/// The checksum does not cover the sequence number. No store gets as far as this, and far beyond it the database's
/// own numbers would run over.
pub(super) const MOST_SEQUENCE: u64 = 1 << 56;

pub(super) struct Batch {
    pub(super) sequence: u64,
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

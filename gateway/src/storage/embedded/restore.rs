//! Mends what the database reads when it opens: its journals and its lists of tables.
//!
//! Most bytes of a small store are in its journal, and the database opens none that is damaged before its end. But each
//! batch of a journal has a checksum, each value in it one of its own, and each list one too. So a single damaged byte is
//! not lost: of all bytes that may stand in its place one fits the checksums, and with 64 bits and more of them no other
//! does. Where more than a byte of a value is damaged, its row is still known, and reads as damaged from then on.
//!
//! What is never done is to go on without a row that nobody can name: it may have been the last entry of a log, whose
//! number would be used twice. Then nothing is changed, and an operator decides.
//!
//! A file is mended in one step: the damaged one gets a second name outside the database, then the new one, synced, takes
//! its place. A process that dies before that leaves all as it was, and the next start mends it again. All of this is done
//! while the database is closed.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use protocol::id::Seq;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::files;

use super::around::DAMAGED;
use super::journal::{self, Batch, Chain, KEYSPACES as NUMBERS};
use super::lost::UNREADABLE;
use super::mend;
use super::rotation::is_rotation;
use super::store::{ENTRIES, KEYSPACES, RECORDS};
use super::verify::place;
use super::{frame, key, manifest};

/// Bytes that are hashed to find the one of a batch that is damaged; a second's work.
const MOST_HASHED: usize = 8 << 30;
/// The same of a list, which may name some 500 files then.
const MOST_HASHED_OF_LIST: usize = 64 << 30;

/// Lines about one file.
const LINES: usize = 20;

/// A file as it should be.
pub(super) struct Restored {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    /// The keyspaces and rows of values that are lost.
    lost: Vec<(u64, Vec<u8>)>,
}

impl Restored {
    fn whole(path: PathBuf, bytes: Vec<u8>) -> Self {
        Self { path, bytes, lost: Vec::new() }
    }

    /// The rows that are lost, as an operator reads it.
    pub(super) fn places(&self) -> Vec<String> {
        let name = |keyspace| NUMBERS.iter().position(|number| number == keyspace);
        self.lost
            .iter()
            .map(|(keyspace, row)| place(name(keyspace).map_or("", |index| KEYSPACES[index]), row))
            .collect()
    }
}

/// What the damaged lists and journals of the database in `rows` should be: empty when nothing of it is damaged, nothing
/// when it cannot be told. `acknowledged` is the number of the last batch that was.
pub(super) fn find(rows: &Path, acknowledged: u64) -> io::Result<Option<Vec<Restored>>> {
    let Some(mut restored) = lists(rows)? else { return Ok(None) };
    let Some(journals) = journals(rows, acknowledged)? else { return Ok(None) };
    restored.extend(journals);
    Ok(Some(restored))
}

/// Puts the files in their places. `dir` is that of the store.
pub(super) fn put(dir: &Path, restored: &[Restored]) -> io::Result<()> {
    for file in restored {
        // Of a keyspace's list, its number too.
        let name = file.path.strip_prefix(dir.join("rows")).unwrap_or(&file.path).display().to_string();
        let kept = if file.path.exists() {
            mend::keep(dir, &name.replace('/', "-"), &file.path)
        } else {
            String::new()
        };
        put_one(dir, file)?;
        tell(file, &kept);
    }
    Ok(())
}

/// The same without a second name for what was there.
pub(super) fn put_one(dir: &Path, file: &Restored) -> io::Result<()> {
    // Beside the database's own, which it would take for one that it does not know.
    let new = dir.join("restored.new");
    files::write_whole(&new, &file.bytes)?;
    fs::rename(&new, &file.path)?;
    files::sync_directory(file.path.parent().unwrap_or(dir))
}

fn tell(restored: &Restored, kept: &str) {
    let file = restored.path.display();
    let places = restored.places();
    metrics::counter!(DAMAGED).increment(places.len().max(1) as u64);
    if places.is_empty() {
        tracing::error!(%file, kept, "a file is damaged: what stood there is known by its checksum, and nothing is lost");
    }
    for of in places.iter().take(LINES) {
        tracing::error!(%file, kept, of, "a value is damaged and lost; the rest of its file is kept");
    }
    if let more @ 1.. = places.len().saturating_sub(LINES) {
        tracing::error!(%file, kept, "so are {more} more values");
    }
}

// Journals.

/// A batch of a journal, as it should be.
struct Group {
    bytes: Vec<u8>,
    /// How long it is in the file.
    length: usize,
    sequence: u64,
    link: Option<(u64, u64)>,
    is_mended: bool,
    lost: Vec<(u64, Vec<u8>)>,
    /// Where the value of [`key::LAST_BATCH`] stands, if that is what was lost.
    link_at: Option<usize>,
}

struct Journal {
    path: PathBuf,
    groups: Vec<Group>,
    /// What is behind them: a torn group, or what a rotation left.
    rest: Vec<u8>,
}

fn journals(rows: &Path, acknowledged: u64) -> io::Result<Option<Vec<Restored>>> {
    let found = journal::journals(rows)?;
    // What was in one that is missing nobody knows.
    if found.is_empty() || found.windows(2).any(|two| two[0].0 + 1 != two[1].0) {
        return Ok(None);
    }
    let mut journals = Vec::new();
    let mut last = None;
    for (index, (_, path)) in found.iter().enumerate() {
        let bytes = journal::read_to_zeros(path)?;
        let is_last = index + 1 == found.len();
        let Some((groups, at)) = groups(&bytes, is_last, &mut last, acknowledged) else { return Ok(None) };
        journals.push(Journal { path: path.clone(), groups, rest: bytes[at..].to_vec() });
    }
    let mut all: Vec<&mut Group> = journals.iter_mut().flat_map(|journal| &mut journal.groups).collect();
    let is_restored = restore_sequence(&mut all).and_then(|()| restore_links(&mut all, acknowledged));
    if is_restored.is_none() || !are_entries_beside_others(&all) {
        return Ok(None);
    }
    let mut chain = Chain::default();
    let mut restored = Vec::new();
    for Journal { path, groups, rest } in journals {
        let is_damaged = groups.iter().any(|group| group.is_mended);
        let lost = groups.iter().flat_map(|group| group.lost.iter().cloned()).collect();
        let mut bytes: Vec<u8> = groups.into_iter().flat_map(|group| group.bytes).collect();
        let end = bytes.len();
        bytes.extend(rest);
        // As the next look at it will see it.
        if !chain.follow(&bytes, "").is_ok_and(|at| at == end) {
            return Ok(None);
        }
        if is_damaged {
            restored.push(Restored { path, bytes, lost });
        }
    }
    Ok(Some(restored))
}

/// The batches of a journal, and where they end; nothing where one is damaged and cannot be mended.
fn groups(
    bytes: &[u8],
    is_last: bool,
    last: &mut Option<u64>,
    acknowledged: u64,
) -> Option<(Vec<Group>, usize)> {
    let mut groups = Vec::new();
    let mut at = 0;
    while !journal::without_zeros(&bytes[at..]).is_empty() {
        let rest = &bytes[at..];
        let mut behind = rest;
        let group = if let Some(Batch { sequence, link }) = Batch::take(&mut behind) {
            let length = rest.len() - behind.len();
            let bytes = rest[..length].to_vec();
            Group { bytes, length, sequence, link, is_mended: false, lost: Vec::new(), link_at: None }
        } else {
            // A write that was cut short: nobody was told of it.
            let is_torn = is_last
                && last.unwrap_or(0) >= acknowledged
                && !Chain::default().goes_on_behind(rest.get(1..).unwrap_or_default());
            if is_torn || is_rotation(journal::without_zeros(rest), at, *last) {
                break;
            }
            Group::mend(rest)?
        };
        at += group.length;
        *last = group.link.map(|(last, _)| last).or(*last);
        groups.push(group);
    }
    Some((groups, at))
}

/// Sequence numbers rise. No checksum covers them; one that does not rise has a byte that is wrong.
fn restore_sequence(groups: &mut [&mut Group]) -> Option<()> {
    for index in 0..groups.len() {
        let sequence = |index: usize| groups.get(index).map(|group| group.sequence);
        let before = index.checked_sub(1).and_then(sequence);
        let this = sequence(index)?;
        let next = sequence(index + 1);
        let is_too_great = this > journal::MOST_SEQUENCE;
        if before.is_none_or(|before| before < this) && !is_too_great {
            continue;
        }
        let here = || Some((index, with_another_byte(this, before, next)?));
        let there = || {
            let low = index.checked_sub(2).and_then(sequence);
            Some((index.checked_sub(1)?, with_another_byte(before?, low, Some(this))?))
        };
        // The others rise without this one, or else without the one before.
        let is_here = is_too_great || before.zip(next).is_none_or(|(before, next)| before < next);
        let (place, restored) = if is_here { here().or_else(there) } else { there().or_else(here) }?;
        let group = &mut groups[place];
        group.sequence = restored;
        group.bytes[SEQUENCE].copy_from_slice(&restored.to_le_bytes());
        group.is_mended = true;
    }
    Some(())
}

/// The least number between two others that differs from one in a byte.
fn with_another_byte(number: u64, low: Option<u64>, high: Option<u64>) -> Option<u64> {
    let high = high.unwrap_or(u64::MAX).min(journal::MOST_SEQUENCE);
    let bytes = number.to_le_bytes();
    let others = (0..bytes.len()).flat_map(|at| {
        (0..=u8::MAX).map(move |byte| {
            let mut other = bytes;
            other[at] = byte;
            u64::from_le_bytes(other)
        })
    });
    others.filter(|other| low.is_none_or(|low| low < *other) && *other < high).min()
}

/// Each group of ours names the one before it. Where that row was lost, the groups beside it tell what it said.
fn restore_links(groups: &mut [&mut Group], acknowledged: u64) -> Option<()> {
    let mut last: Option<u64> = None;
    for index in 0..groups.len() {
        if let Some(at) = groups[index].link_at {
            let next = groups[index + 1..].iter().find_map(|group| group.link);
            let before = last.or(next.map(|(_, before)| before))?;
            let this = next.map_or(acknowledged.max(before + 1), |(_, before)| before);
            let group = &mut groups[index];
            group.bytes.splice(at..at + LINK, journal::link(this, before));
            let end = group.bytes.len() - TRAILER;
            let sum = xxh3_64(&group.bytes[HEAD..end]);
            group.bytes[end + 1..end + 9].copy_from_slice(&sum.to_le_bytes());
            group.link = Some((this, before));
        }
        if let Some((this, before)) = groups[index].link {
            // Otherwise a group is missing.
            if last.is_some_and(|last| last != before) {
                return None;
            }
            last = Some(this);
        }
    }
    Some(())
}

/// Whether the numbers of all entries that are lost are certain: a log is dense, so there is one beside each, and what
/// begins a log has changed its partition. More damage than to a byte may have reached the row as well.
fn are_entries_beside_others(groups: &[&mut Group]) -> bool {
    let is_entry = |(keyspace, _): &&(u64, Vec<u8>)| *keyspace == ENTRIES;
    let mut lost = groups.iter().flat_map(|group| &group.lost).filter(is_entry).peekable();
    if lost.peek().is_none() {
        return true;
    }
    let mut entries = HashSet::new();
    let mut partitions = HashSet::new();
    for group in groups {
        for item in Items::of(&group.bytes).items {
            let row = &group.bytes[item.key];
            // Several in a row may be lost.
            if item.keyspace == ENTRIES {
                entries.insert(row);
            }
            match item.keyspace {
                _ if item.state != State::Whole => {}
                ENTRIES => partitions.extend(key::log_of(row).map(|log| log.partition)),
                RECORDS => partitions.extend(key::partition_of(row)),
                _ => {}
            }
        }
    }
    lost.all(|(_, row)| {
        let (Some(seq), Some(log)) = (key::seq_of(row), key::log_of(row)) else { return false };
        let of_log = &row[..row.len() - 8];
        let beside = |seq: u64| entries.contains(&key::entry(of_log.to_vec(), Seq(seq))[..]);
        let is_first = seq == Seq(1) && partitions.contains(&log.partition);
        is_first || beside(seq.0.saturating_sub(1)) || beside(seq.0.saturating_add(1))
    })
}

/// What a batch begins with: a tag, how many items there are, the sequence number.
const HEAD: usize = 1 + 4 + 8;
const SEQUENCE: Range<usize> = 5..HEAD;
/// And what it ends with: a tag, the checksum of the items, and what every batch ends with.
const TRAILER: usize = 1 + 8 + 4;
/// What an item has before its row.
const ITEM_HEAD: usize = 1 + 1 + 1 + 8 + 2 + 4 + 4;
/// The value that `journal::link` gives.
const LINK: usize = 8 + 4 + 8;

const VALUE: u8 = 0;

/// Where something stands in a batch.
#[derive(Clone)]
struct Item {
    at: usize,
    keyspace: u64,
    key: Range<usize>,
    value: Range<usize>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    Damaged,
    /// A deletion, which has no checksum of its own.
    Unchecked,
}

impl Item {
    fn of(bytes: &[u8], at: usize) -> Option<Self> {
        let head: &[u8; ITEM_HEAD] = bytes.get(at..)?.first_chunk()?;
        let [journal::ITEM, kind @ 0..=2, 0, ..] = *head else { return None };
        let keyspace = u64::from_le_bytes(*head[3..].first_chunk()?);
        let key_length = usize::from(u16::from_le_bytes(*head[11..].first_chunk()?));
        let length = u32::from_le_bytes(*head[13..].first_chunk()?);
        let stored_length = u32::from_le_bytes(*head[17..].first_chunk()?);
        let is_one = NUMBERS.contains(&keyspace)
            && key_length > 0
            && length == stored_length
            && (kind == VALUE || length == 0);
        let key = at + ITEM_HEAD..at + ITEM_HEAD + key_length;
        let value = key.end..key.end.checked_add(length as usize)?;
        let (row, stored) = (bytes.get(key.clone())?, bytes.get(value.clone())?);
        let state = match () {
            () if stored.is_empty() || stored == UNREADABLE => State::Unchecked,
            () if frame::is_whole(row, stored) => State::Whole,
            () => State::Damaged,
        };
        is_one.then_some(Self { at, keyspace, key, value, state })
    }
}

/// The items of a batch that may be damaged.
struct Items {
    items: Vec<Item>,
    /// Where something stands that is none.
    end: usize,
    /// Whether that is where the batch ends.
    is_complete: bool,
}

impl Items {
    fn of(bytes: &[u8]) -> Self {
        let count =
            bytes.get(1..5).and_then(|count| count.first_chunk()).map(|count| u32::from_le_bytes(*count));
        let mut items = Vec::new();
        let mut end = HEAD;
        loop {
            let is_there = bytes.len() >= end + TRAILER;
            let is_end = is_there
                && (bytes[end] == journal::END || count == u32::try_from(items.len()).ok())
                && (bytes[end + 9..end + TRAILER] == *journal::MAGIC
                    || bytes[end + 1..end + 9] == xxh3_64(&bytes[HEAD..end]).to_le_bytes());
            if is_end {
                return Self { items, end, is_complete: true };
            }
            let Some(item) = Item::of(bytes, end) else { return Self { items, end, is_complete: false } };
            end = item.value.end;
            items.push(item);
        }
    }
}

impl Group {
    /// Mends the damaged batch that `rest` begins with.
    fn mend(rest: &[u8]) -> Option<Self> {
        let mut bytes = rest.to_vec();
        let sequence = u64::from_le_bytes(*bytes.get(SEQUENCE)?.first_chunk()?);
        // A greater one is no batch; it is found in the end.
        bytes[SEQUENCE].fill(0);
        bytes[0] = journal::START;
        let found = Items::of(&bytes);
        if let Some(length) = restore_byte(&mut bytes, &found) {
            bytes.truncate(length);
            bytes[SEQUENCE].copy_from_slice(&0u64.to_le_bytes());
            let link = Batch::take(&mut &bytes[..])?.link;
            bytes[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
            return Some(Self {
                bytes,
                length,
                sequence,
                link,
                is_mended: true,
                lost: Vec::new(),
                link_at: None,
            });
        }
        let mut group = Self::without_damaged_values(&bytes, &found)?;
        group.sequence = sequence;
        group.bytes[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
        Some(group)
    }

    /// The batch with values that read as damaged in the place of those that are.
    fn without_damaged_values(bytes: &[u8], found: &Items) -> Option<Self> {
        if !found.is_complete || !found.items.iter().any(|item| item.state == State::Damaged) {
            return None;
        }
        let mut lost = Vec::new();
        let mut link_at = None;
        let mut items = Vec::new();
        for item in &found.items {
            let row = &bytes[item.key.clone()];
            if item.state != State::Damaged {
                items.extend_from_slice(&bytes[item.at..item.value.end]);
                continue;
            }
            let is_link = item.keyspace == RECORDS && row == key::LAST_BATCH;
            // Where a log was trimmed to its end, nothing else tells how far it had come.
            if item.keyspace == ENTRIES && key::seq_of(row) == Some(Seq::ZERO) {
                return None;
            }
            let place_of_link = journal::link(0, 0);
            let value = if is_link { &place_of_link[..] } else { UNREADABLE };
            items.extend_from_slice(&bytes[item.at..item.at + 13]);
            for _ in 0..2 {
                items.extend_from_slice(&(value.len() as u32).to_le_bytes());
            }
            items.extend_from_slice(row);
            if is_link {
                link_at = Some(HEAD + items.len());
            } else {
                lost.push((item.keyspace, row.to_vec()));
            }
            items.extend_from_slice(value);
        }
        let mut whole = vec![journal::START];
        whole.extend_from_slice(&u32::try_from(found.items.len()).ok()?.to_le_bytes());
        whole.extend_from_slice(&[0; 8]);
        whole.extend_from_slice(&items);
        whole.push(journal::END);
        whole.extend_from_slice(&xxh3_64(&items).to_le_bytes());
        whole.extend_from_slice(journal::MAGIC);
        let link = if link_at.is_some() { None } else { Batch::take(&mut &whole[..])?.link };
        let length = found.end + TRAILER;
        Some(Self { bytes: whole, length, sequence: 0, link, is_mended: true, lost, link_at })
    }
}

/// Puts the one byte right that makes a batch whole; gives how long the batch is.
fn restore_byte(bytes: &mut [u8], found: &Items) -> Option<usize> {
    let whole = |bytes: &[u8]| {
        let mut rest = bytes;
        Batch::take(&mut rest).map(|_| bytes.len() - rest.len())
    };
    let is_damaged = |item: &&Item| item.state == State::Damaged;
    let first_damaged = found.items.iter().find(is_damaged);
    if found.is_complete {
        let count = u32::try_from(found.items.len()).ok()?;
        bytes[1..5].copy_from_slice(&count.to_le_bytes());
        let end = found.end;
        let sum = xxh3_64(&bytes[HEAD..end]).to_le_bytes();
        let wrong = sum.iter().zip(&bytes[end + 1..]).filter(|(sum, stored)| sum != stored).count();
        // Otherwise something in the items is wrong, too.
        if first_damaged.is_none() && wrong <= 1 {
            bytes[end] = journal::END;
            bytes[end + 1..end + 9].copy_from_slice(&sum);
            bytes[end + 9..end + TRAILER].copy_from_slice(journal::MAGIC);
            return whole(bytes);
        }
    }
    let mut left = MOST_HASHED;
    let size = found.end.max(1);
    let mut is_right =
        |bytes: &mut [u8], at: usize, byte: u8, like: &dyn Fn(&[u8]) -> bool| -> Option<usize> {
            let was = std::mem::replace(&mut bytes[at], byte);
            if like(bytes) && left >= size {
                left -= size;
                if let Some(length) = whole(bytes) {
                    return Some(length);
                }
            }
            bytes[at] = was;
            None
        };
    if let Some(item) = first_damaged {
        let (row, value) = (&bytes[item.key.clone()], &bytes[item.value.clone()]);
        for (at, byte) in frame::other_bytes(row, value) {
            // The row stands before the value.
            if let Some(length) = is_right(bytes, item.key.start + at, byte, &|_| true) {
                return Some(length);
            }
        }
    }
    // What begins an item tells how long it is: one that is wrong there looks as if the next one were.
    let mut starts: Vec<usize> = first_damaged.map(|item| item.at).into_iter().collect();
    if !found.is_complete {
        starts.extend(found.items.last().map(|item| item.at));
        starts.push(found.end);
    }
    starts.dedup();
    for start in starts {
        for at in start..(start + ITEM_HEAD).min(bytes.len()) {
            for byte in 0..=u8::MAX {
                let like = |bytes: &[u8]| {
                    let ends = at == start && byte == journal::END;
                    ends || Item::of(bytes, start).is_some_and(|item| item.state != State::Damaged)
                };
                if let Some(length) = is_right(bytes, at, byte, &like) {
                    return Some(length);
                }
            }
        }
    }
    if first_damaged.is_some() || !found.is_complete {
        return None;
    }
    for item in &found.items {
        for number in NUMBERS {
            if let Some(length) = is_right(bytes, item.at + 3, number as u8, &|_| true) {
                return Some(length);
            }
        }
        if item.state == State::Unchecked {
            for at in item.at..item.value.end {
                for byte in 0..=u8::MAX {
                    if let Some(length) = is_right(bytes, at, byte, &|_| true) {
                        return Some(length);
                    }
                }
            }
        }
    }
    // The items are whole, each by its own checksum, and what ends the batch is not.
    if found.items.iter().any(|item| item.state != State::Whole) {
        return None;
    }
    let sum = xxh3_64(&bytes[HEAD..found.end]).to_le_bytes();
    bytes[found.end] = journal::END;
    bytes[found.end + 1..found.end + 9].copy_from_slice(&sum);
    bytes[found.end + 9..found.end + TRAILER].copy_from_slice(journal::MAGIC);
    whole(bytes)
}

// Lists of tables.

/// What the damaged lists of all keyspaces should be, with that which names the one in force; nothing when one cannot be told.
fn lists(rows: &Path) -> io::Result<Option<Vec<Restored>>> {
    let mut restored = Vec::new();
    for number in 0..=NUMBERS.len() as u64 {
        let folder = rows.join("keyspaces").join(number.to_string());
        match manifest::check_one(rows, &folder) {
            // The keyspace of the keyspaces is small, and its tables hold nothing of ours that could be missing.
            Ok(()) if number == 0 => match tables(&folder)? {
                Some(files) => restored.extend(files),
                None => return Ok(None),
            },
            Ok(()) => {}
            Err(manifest::Unsound::Io(error)) => return Err(error),
            Err(_) => match list(&folder)? {
                Some(file) => restored.push(file),
                None => return Ok(None),
            },
        }
    }
    Ok(Some(restored))
}

fn list(folder: &Path) -> io::Result<Option<Restored>> {
    let current = folder.join("current");
    let stored = match fs::read(&current) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let lists = manifest::lists(folder)?;
    let in_force =
        |number: u64, sum: u128| Ok(Some(Restored::whole(current.clone(), manifest::current(number, sum))));
    let named = manifest::parse_named(&stored[..stored.len().min(24)]);
    if let Some((number, sum)) = named {
        // The number, or what is behind, is wrong.
        for (other, list) in &lists {
            if xxh3_128(list) == sum {
                return in_force(*other, sum);
            }
        }
        if let Some((_, list)) = lists.iter().find(|(other, _)| *other == number) {
            let other = xxh3_128(list);
            let pairs = sum.to_le_bytes().into_iter().zip(other.to_le_bytes());
            if pairs.filter(|(sum, other)| sum != other).count() == 1 {
                return in_force(number, other);
            }
            if let Some(list) = with_right_byte(list, sum) {
                return Ok(Some(Restored::whole(folder.join(format!("v{number}")), list)));
            }
        }
    }
    // One that is newer than the one in force says the same in another way: both have what the journals have not.
    let Some((number, list)) = lists.last() else { return Ok(None) };
    // With a checksum that it does not have, more than a byte of it may be damaged, and what it names less than it did.
    if named.is_some_and(|(named, _)| named == *number) {
        return Ok(None);
    }
    if manifest::names_whole_files(folder, *number, list)? {
        return in_force(*number, xxh3_128(list));
    }
    Ok(None)
}

/// What the damaged tables of a keyspace should be.
fn tables(folder: &Path) -> io::Result<Option<Vec<Restored>>> {
    let mut restored = Vec::new();
    for listed in manifest::List::read(folder)?.tables {
        let path = folder.join("tables").join(listed.number.to_string());
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        if xxh3_128(&bytes) != listed.sum {
            match with_right_byte(&bytes, listed.sum) {
                Some(bytes) => restored.push(Restored::whole(path, bytes)),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(restored))
}

/// The bytes with another one among them, such that they have this checksum.
fn with_right_byte(bytes: &[u8], sum: u128) -> Option<Vec<u8>> {
    if bytes.len().saturating_mul(bytes.len()).saturating_mul(255) > MOST_HASHED_OF_LIST {
        return None;
    }
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() {
        let was = bytes[at];
        for other in 1..=u8::MAX {
            bytes[at] = was ^ other;
            if xxh3_128(&bytes) == sum {
                return Some(bytes);
            }
        }
        bytes[at] = was;
    }
    None
}

//! Mends files that the database gives up at.
//!
//! A read of a damaged file is a read's affair (see `around.rs`). But the database also reads its files to merge them, gives
//! up at the first damage, takes no write any more, and does the same again after each start. A file whose end is
//! damaged it does not even open. So what is whole of such a file is written anew, as another table in the same place of
//! the list, and the database goes on with that. Nobody needs to do anything, and only then all files are read.
//!
//! What was in a damaged block is lost, and must not look as if it never was:
//!
//! - Older versions of its rows, in tables that are merged with this one later, would come back. Each gets a version that is
//!   unreadable in their place, in the new table, if the damaged table's filter says that it may have had the row.
//! - All other rows read as damaged because of what `lost.rs` keeps.
//!
//! The order makes it safe to die at any moment: the damaged file gets a second name, outside the database; what is lost is
//! noted; the new table is written under a number that no list names; and the new list takes the place of the old one in one
//! step. What no list names the database deletes when it is opened. All of this is done while it is closed.
//!
//! A file of values that lie apart keeps its name and the places of its values, to which tables point. A value that is
//! damaged keeps its bytes and gets a head that fits them, so that it can be moved, and the frame of `frame.rs`
//! tells whoever reads it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::ops::{Bound, Range};
use std::path::{Path, PathBuf};

use fjall::CompressionType;
use lsm_tree::coding::Encode;
use lsm_tree::table::block::BlockType;
use lsm_tree::table::block::decoder::ParsedItem;
use lsm_tree::table::{Block, DataBlock, IndexBlock, KeyedBlockHandle, Writer};
use lsm_tree::{InternalValue, ValueType};
use xxhash_rust::xxh3::xxh3_128;

use crate::files;
use crate::storage::StorageError;

use super::around::{DAMAGED, varint};
use super::journal::KEYSPACES as NUMBERS;
use super::lost::{Lost, LostBlock, UNREADABLE};
use super::manifest::{self, List, Listed};
use super::pieces;
use super::store::{KEYSPACES, failed, unless_it_panics};
use super::verify::place;

/// Where damaged files are kept, beside the database.
pub(super) const KEPT: &str = "damaged";

/// A list can be replaced while it is read by somebody who does not hold the database's locks.
const TRIES: usize = 20;

/// Lines about one file.
const LINES: usize = 20;

/// The first level whose tables are compressed.
const COMPRESSED: u8 = 2;

/// A damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    keyspace: u64,
    is_table: bool,
    number: u64,
}

/// The damaged files of the database in `rows`, which may be open: tables, or if they are whole, files of values.
pub(super) fn find(rows: &Path) -> Result<Vec<Found>, StorageError> {
    let mut found = Vec::new();
    for is_table in [true, false] {
        for keyspace in NUMBERS {
            let folder = folder(rows, keyspace);
            let list = read_list(&folder).map_err(io_failed)?;
            for listed in if is_table { &list.tables } else { &list.values } {
                let bytes = match fs::read(file(&folder, is_table, listed.number)) {
                    // Merged and deleted meanwhile; or gone, which nothing here can mend.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    read => read.map_err(io_failed)?,
                };
                if xxh3_128(&bytes) != listed.sum {
                    found.push(Found { keyspace, is_table, number: listed.number });
                }
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}

fn read_list(folder: &Path) -> io::Result<List> {
    let mut tries = 0;
    loop {
        tries += 1;
        match List::read(folder) {
            Err(_) if tries < TRIES => {}
            read => return read,
        }
    }
}

fn folder(rows: &Path, keyspace: u64) -> PathBuf {
    rows.join("keyspaces").join(keyspace.to_string())
}

fn file(folder: &Path, is_table: bool, number: u64) -> PathBuf {
    folder.join(if is_table { "tables" } else { "blobs" }).join(number.to_string())
}

/// Writes the files that were found damaged anew, in the closed store in `dir`. Errors: more is damaged than can be mended.
pub(super) fn mend(dir: &Path, found: &[Found]) -> Result<(), StorageError> {
    for (keyspace, name) in NUMBERS.into_iter().zip(KEYSPACES) {
        if found.iter().any(|found| found.keyspace == keyspace) {
            mend_keyspace(dir, keyspace, name, found)?;
        }
    }
    Ok(())
}

fn mend_keyspace(dir: &Path, keyspace: u64, name: &'static str, found: &[Found]) -> Result<(), StorageError> {
    let folder = folder(&dir.join("rows"), keyspace);
    let mut list = List::read(&folder).map_err(io_failed)?;
    let is_found = |is_table: bool, listed: &Listed| {
        found.contains(&Found { keyspace, is_table, number: listed.number })
    };
    let mut tables = Vec::new();
    for (place, listed) in list.tables.iter().enumerate().filter(|(_, listed)| is_found(true, listed)) {
        let path = file(&folder, true, listed.number);
        let bytes = fs::read(&path).map_err(io_failed)?;
        let whole = WholeRows::of(&bytes, keyspace)?.ok_or_else(|| hopeless(&path))?;
        tables.push(DamagedTable { place, listed: *listed, path, whole });
    }
    stand_in_for_lost_rows(&folder, &list, &mut tables)?;
    let mut values = Vec::new();
    for listed in list.values.iter().filter(|listed| is_found(false, listed)) {
        let path = file(&folder, false, listed.number);
        let bytes = fs::read(&path).map_err(io_failed)?;
        let pointers = pointers(&folder, &list, listed.number)?;
        let whole = whole_values(bytes, listed.number, &pointers).ok_or_else(|| hopeless(&path))?;
        values.push((*listed, path, whole));
    }

    let mut lost = Vec::new();
    for table in &mut tables {
        let kept = keep(dir, &format!("keyspace-{keyspace}-table-{}", table.listed.number), &table.path);
        for block in &mut table.whole.lost {
            block.kept.clone_from(&kept);
        }
        tell_of_table(name, table, &kept);
        lost.extend(table.whole.lost.iter().cloned());
    }
    Lost::add(dir, &lost).map_err(io_failed)?;

    let next = next_number(&folder, &list).map_err(io_failed)?;
    for (number, DamagedTable { listed, whole, .. }) in (next..).zip(tables) {
        let sum = write_table(&folder, number, listed.level, whole.rows)?;
        list.replace_table(listed, number, sum);
    }
    for (listed, path, whole) in values {
        let kept = keep(dir, &format!("keyspace-{keyspace}-values-{}", listed.number), &path);
        tell_of_values(name, &path, &kept, &whole.damaged);
        // Beside the database's own, which it would take for one that it does not know.
        let new = dir.join("values.new");
        files::write_whole(&new, &whole.bytes).map_err(io_failed)?;
        fs::rename(&new, &path).map_err(io_failed)?;
        files::sync_directory(path.parent().unwrap_or(dir)).map_err(io_failed)?;
        list.replace_values(listed, xxh3_128(&whole.bytes));
    }
    list.write().map_err(io_failed)
}

/// A table that is to be written anew.
struct DamagedTable {
    /// Where it stands among the tables: before those with older versions of its rows.
    place: usize,
    listed: Listed,
    path: PathBuf,
    whole: WholeRows,
}

/// What there is of a damaged table.
struct WholeRows {
    rows: Vec<InternalValue>,
    lost: Vec<LostBlock>,
    /// The greatest sequence number of a row that it had.
    newest: u64,
}

impl WholeRows {
    /// Nothing where it cannot be told what was lost.
    fn of(bytes: &[u8], keyspace: u64) -> Result<Option<Self>, StorageError> {
        let places: HashMap<_, _> = manifest::places(bytes).unwrap_or_default().into_iter().collect();
        let part = |name: &str| places.get(name.as_bytes()).map(|place| &bytes[place.clone()]);
        let meta = part("meta").and_then(|bytes| block(bytes, BlockType::Meta)).map(DataBlock::new);
        let number = |name: &str| {
            let meta = meta.as_ref()?.point_read(name.as_bytes(), u64::MAX)?;
            meta.value.first_chunk().map(|number| u64::from_le_bytes(*number))
        };
        let newest = number("seqno#max").unwrap_or(u64::MAX);
        let mut rows = Vec::new();
        let Some(index) = index(bytes, &places) else {
            // Without the index nothing tells where a lost block ended, so that none may be lost.
            let mut is_whole = true;
            pieces::rows_in(bytes, |found| {
                match found {
                    Ok(row) => rows.push(row),
                    Err(_) => is_whole = false,
                }
                Ok(())
            })?;
            let is_complete = number("item_count") == Some(rows.len() as u64);
            let is_mendable = !rows.is_empty() && (is_whole || is_complete);
            return Ok(is_mendable.then_some(Self { rows, lost: Vec::new(), newest }));
        };
        let mut lost = Vec::new();
        let mut low = match meta.as_ref().and_then(|meta| meta.point_read(b"key#min", u64::MAX)) {
            Some(first) => Bound::Included(first.value.to_vec()),
            None => Bound::Unbounded,
        };
        for handle in index {
            let high = handle.end_key().to_vec();
            let bytes_of_block = bytes.get(place_of(&handle));
            match bytes_of_block.map(pieces::rows_of).transpose()?.flatten() {
                Some(block) => rows.extend(block),
                None => {
                    let filters = filters(bytes, &places, &low, &high);
                    // Of its rows this one is known.
                    rows.push(unreadable(high.clone(), handle.seqno()));
                    let (high, kept) = (high.clone(), String::new());
                    lost.push(LostBlock { keyspace, low, high, filters, newest, kept });
                }
            }
            low = Bound::Excluded(high);
        }
        Ok(Some(Self { rows, lost, newest }))
    }
}

fn unreadable(row: Vec<u8>, sequence: u64) -> InternalValue {
    InternalValue::from_components(row, UNREADABLE, sequence, ValueType::Value)
}

/// A whole block of this kind, of those that are never compressed.
fn block(bytes: &[u8], kind: BlockType) -> Option<Block> {
    let read = unless_it_panics("read a block", || {
        let block = Block::from_reader(&mut &bytes[..], CompressionType::None);
        block.map_err(|error| failed("read a block", error.into()))
    });
    read.ok().filter(|block| block.header.block_type == kind)
}

fn place_of(handle: &KeyedBlockHandle) -> Range<usize> {
    let start = *handle.offset() as usize;
    start..start + handle.size() as usize
}

type Places = HashMap<Vec<u8>, Range<usize>>;

/// Where the blocks of rows are, and the last row of each.
fn index(bytes: &[u8], places: &Places) -> Option<Vec<KeyedBlockHandle>> {
    let top = handles(bytes.get(places.get(&b"tli"[..])?.clone())?)?;
    if !places.contains_key(&b"index"[..]) {
        return Some(top);
    }
    let mut all = Vec::new();
    for handle in top {
        all.extend(handles(bytes.get(place_of(&handle))?)?);
    }
    Some(all)
}

fn handles(bytes: &[u8]) -> Option<Vec<KeyedBlockHandle>> {
    let block = IndexBlock::new(block(bytes, BlockType::Index)?);
    let read = || Ok(block.iter().map(|handle| handle.materialize(block.as_slice())).collect());
    unless_it_panics("read an index", read).ok()
}

/// The filters that rows of a block may be in; none where one of them is damaged.
fn filters(bytes: &[u8], places: &Places, low: &Bound<Vec<u8>>, high: &[u8]) -> Vec<Vec<u8>> {
    let filter = |bytes: Option<&[u8]>| Some(block(bytes?, BlockType::Filter)?.data.to_vec());
    let of_block = || {
        let Some(index) = places.get(&b"filter_tli"[..]) else {
            let place = places.get(&b"filter"[..])?;
            return Some(vec![filter(bytes.get(place.clone()))?]);
        };
        let mut found = Vec::new();
        for handle in handles(bytes.get(index.clone())?)? {
            let end = &handle.end_key()[..];
            let is_before = match low {
                Bound::Excluded(low) => end <= &low[..],
                Bound::Included(low) => end < &low[..],
                Bound::Unbounded => false,
            };
            if !is_before {
                found.push(filter(bytes.get(place_of(&handle)))?);
            }
            if end >= high {
                break;
            }
        }
        Some(found)
    };
    of_block().unwrap_or_default()
}

/// Puts an unreadable version of each lost row into the new table that an older version would come back without.
fn stand_in_for_lost_rows(
    folder: &Path,
    list: &List,
    tables: &mut [DamagedTable],
) -> Result<(), StorageError> {
    /// Of the rows that a table may have lost.
    #[derive(Default)]
    struct Elsewhere {
        older: BTreeMap<Vec<u8>, u64>,
        newer: BTreeSet<Vec<u8>>,
    }
    if tables.iter().all(|table| table.whole.lost.is_empty()) {
        return Ok(());
    }
    let mut elsewhere: Vec<Elsewhere> = tables.iter().map(|_| Elsewhere::default()).collect();
    for (place, listed) in list.tables.iter().enumerate() {
        pieces::rows_of_table(&file(folder, true, listed.number), |found| {
            // What is damaged of another table is that one's affair.
            let Ok(InternalValue { key, .. }) = found else { return Ok(()) };
            let row = &key.user_key[..];
            for (table, elsewhere) in tables.iter().zip(&mut elsewhere) {
                if table.place == place || !table.whole.lost.iter().any(|block| block.may_have(row)) {
                    continue;
                }
                if place < table.place {
                    elsewhere.newer.insert(row.to_vec());
                } else {
                    let newest = elsewhere.older.entry(row.to_vec()).or_default();
                    *newest = key.seqno.max(*newest);
                }
            }
            Ok(())
        })?;
    }
    for (table, Elsewhere { older, newer }) in tables.iter_mut().zip(elsewhere) {
        let whole = &mut table.whole;
        for (row, sequence) in older {
            let is_known = newer.contains(&row) || whole.lost.iter().any(|block| block.high == row);
            // A version that was lost was newer than this one, and no newer than all of the table.
            if !is_known && sequence < whole.newest {
                whole.rows.push(unreadable(row, sequence + 1));
            }
        }
        whole.rows.sort_by(|one, other| one.key.cmp(&other.key));
    }
    Ok(())
}

/// A number that no table has.
fn next_number(folder: &Path, list: &List) -> io::Result<u64> {
    let mut greatest = list.tables.iter().map(|listed| listed.number).max().unwrap_or(0);
    for path in pieces::files(&folder.join("tables"))? {
        let number = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        greatest = greatest.max(number.unwrap_or(0));
    }
    Ok(greatest + 1)
}

/// Writes a table, synced; gives the checksum of its file.
fn write_table(
    folder: &Path,
    number: u64,
    level: u8,
    rows: Vec<InternalValue>,
) -> Result<u128, StorageError> {
    let failed = |error: lsm_tree::Error| failed("write a table anew", error.into());
    let compression = if level < COMPRESSED { CompressionType::None } else { CompressionType::Lz4 };
    let writer = Writer::new(file(folder, true, number), number, level).map_err(failed)?;
    let mut writer = writer.use_data_block_compression(compression);
    // How many values, and of which lengths, it has in each file of values.
    let mut linked: BTreeMap<u64, (usize, u64, u64)> = BTreeMap::new();
    for row in rows {
        if let Some(pointer) = Pointer::of(&row) {
            let (count, bytes, stored) = linked.entry(pointer.file).or_default();
            *count += 1;
            *bytes += pointer.length;
            *stored += pointer.stored;
        }
        writer.write(row).map_err(failed)?;
    }
    for (file, (count, bytes, stored)) in linked {
        writer.link_blob_file(file, count, bytes, stored);
    }
    let written = writer.finish().map_err(failed)?;
    let empty =
        || StorageError::Failed { operation: "write a table anew", reason: "it has no rows".to_owned() };
    written.map(|(_, sum)| sum.into_u128()).ok_or_else(empty)
}

/// Where the value of a row lies apart from it.
struct Pointer {
    offset: u64,
    file: u64,
    /// The length of the value as it stands there.
    stored: u64,
    length: u64,
}

impl Pointer {
    fn of(row: &InternalValue) -> Option<Self> {
        if row.key.value_type != ValueType::Indirection {
            return None;
        }
        let mut rest = &row.value[..];
        let mut next = || varint(&mut rest);
        Some(Self { offset: next()?, file: next()?, stored: next()?, length: next()? })
    }
}

/// The rows whose values are in a file of them, by where they are.
fn pointers(folder: &Path, list: &List, number: u64) -> Result<BTreeMap<usize, InternalValue>, StorageError> {
    let mut found = BTreeMap::new();
    for listed in &list.tables {
        pieces::rows_of_table(&file(folder, true, listed.number), |row| {
            if let Ok(row) = row
                && let Some(pointer) = Pointer::of(&row).filter(|pointer| pointer.file == number)
            {
                found.insert(pointer.offset as usize, row);
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// A file of values whose heads are whole.
struct WholeValues {
    bytes: Vec<u8>,
    /// The rows whose values are damaged.
    damaged: Vec<Vec<u8>>,
}

const META: &[u8] = b"META";

/// Gives each value of a file a head that fits it; nothing where that cannot be.
fn whole_values(
    mut bytes: Vec<u8>,
    number: u64,
    pointers: &BTreeMap<usize, InternalValue>,
) -> Option<WholeValues> {
    let places: Places = manifest::places(&bytes).unwrap_or_default().into_iter().collect();
    let end = places.get(&b"data"[..]).map(|place| place.end);
    let mut damaged = Vec::new();
    let mut summary = Summary::default();
    let mut at = 0;
    while end.map_or(!bytes[at..].starts_with(META), |end| at < end) {
        if let Some(value) = pieces::value_apart(&bytes[at..]) {
            summary.add(value.row, value.value.len());
            at += pieces::APART_HEAD + value.row.len() + value.value.len();
            continue;
        }
        let limit = end.unwrap_or(bytes.len());
        let (row, sequence, length) = match pointers.get(&at) {
            Some(row) => {
                damaged.push(row.key.user_key.to_vec());
                let length = Pointer::of(row)?.stored as usize;
                (row.key.user_key.to_vec(), row.key.seqno, length)
            }
            // No row points to it any more. All up to the next one becomes one value, of a row before all others.
            None => {
                let next = pointers.range(at + 1..).next().map_or(limit, |(next, _)| *next);
                let next = next_value(&bytes[..next], at + 1).unwrap_or(next);
                (Vec::new(), 0, next.checked_sub(at + pieces::APART_HEAD)?)
            }
        };
        let head_end = at + pieces::APART_HEAD;
        let behind = head_end + row.len() + length;
        if behind > limit {
            return None;
        }
        bytes[head_end..head_end + row.len()].copy_from_slice(&row);
        let head = pieces::head_of_value_apart(sequence, &row, &bytes[head_end + row.len()..behind]);
        bytes[at..head_end].copy_from_slice(&head);
        summary.add(&row, length);
        at = behind;
    }
    let meta = places.get(&b"meta"[..]).and_then(|place| bytes[place.clone()].strip_prefix(META));
    if meta.and_then(|meta| block(meta, BlockType::Meta)).is_none() {
        bytes.truncate(at);
        bytes = summary.finish(bytes, number).ok()?;
    }
    Some(WholeValues { bytes, damaged })
}

/// Where the next whole value begins.
fn next_value(bytes: &[u8], from: usize) -> Option<usize> {
    (from..bytes.len()).find(|at| pieces::value_apart(&bytes[*at..]).is_some())
}

/// What a file of values says about itself at its end.
#[derive(Default)]
struct Summary {
    count: u64,
    length: u64,
    first: Option<Vec<u8>>,
    last: Vec<u8>,
}

impl Summary {
    fn add(&mut self, row: &[u8], length: usize) {
        self.count += 1;
        self.length += length as u64;
        self.first.get_or_insert_with(|| row.to_vec());
        self.last = row.to_vec();
    }

    /// The file, of the values alone.
    fn finish(self, values: Vec<u8>, number: u64) -> Result<Vec<u8>, StorageError> {
        use io::Write;

        let failed = |error: lsm_tree::Error| failed("write a file of values anew", error.into());
        let first = self.first.unwrap_or_default();
        let parts: [(&str, &[u8]); 11] = [
            ("blob_file_version", &[3]),
            ("checksum_type", &[0]),
            ("compression", &CompressionType::None.encode_into_vec()),
            ("crate_version", b"3.1"),
            ("created_at", &0u128.to_le_bytes()),
            ("file_size", &self.length.to_le_bytes()),
            ("id", &number.to_le_bytes()),
            ("item_count", &self.count.to_le_bytes()),
            ("key#max", &self.last),
            ("key#min", &first),
            ("uncompressed_size", &self.length.to_le_bytes()),
        ];
        let parts = parts
            .map(|(name, part)| InternalValue::from_components(name.as_bytes(), part, 0, ValueType::Value));
        let meta = DataBlock::encode_into_vec(&parts, 1, 0.0).map_err(failed)?;
        let mut writer = sfa::Writer::from_writer(io::Cursor::new(Vec::new()));
        writer.start("data").map_err(io_failed)?;
        writer.write_all(&values).map_err(io_failed)?;
        writer.start("meta").map_err(io_failed)?;
        writer.write_all(META).map_err(io_failed)?;
        Block::write_into(&mut writer, &meta, BlockType::Meta, CompressionType::None).map_err(failed)?;
        let written = writer.into_inner().map_err(|error| io_failed(io::Error::other(error.to_string())))?;
        Ok(written.into_inner())
    }
}

/// Gives a damaged file a second name, for an operator who wants it; gives that name, or nothing when there was no way.
pub(super) fn keep(dir: &Path, base: &str, path: &Path) -> String {
    let folder = dir.join(KEPT);
    let keep = || -> io::Result<PathBuf> {
        files::make_directory(&folder)?;
        // An earlier file of this number may be there, or this one, of a process that died.
        let name = |again: u32| folder.join(format!("{base}-{again}"));
        let free = (0..).map(name).find(|name| !name.exists()).unwrap_or_else(|| name(0));
        fs::hard_link(path, &free).or_else(|_| fs::copy(path, &free).map(drop))?;
        files::sync_directory(&folder)?;
        Ok(free)
    };
    match keep() {
        Ok(kept) => kept.display().to_string(),
        Err(error) => {
            tracing::warn!(%error, file = %path.display(), "a damaged file could not be kept");
            String::new()
        }
    }
}

fn tell_of_table(keyspace: &'static str, table: &DamagedTable, kept: &str) {
    let file = table.path.display();
    let lost = &table.whole.lost;
    metrics::counter!(DAMAGED).increment(lost.len().max(1) as u64);
    if lost.is_empty() {
        tracing::error!(keyspace, %file, kept, "a table is damaged beside its rows: it is written anew, and nothing is lost");
    }
    for block in lost.iter().take(LINES) {
        let behind = match &block.low {
            Bound::Excluded(low) | Bound::Included(low) => place(keyspace, low),
            Bound::Unbounded => String::new(),
        };
        let to = place(keyspace, &block.high);
        tracing::error!(
            %file, kept, behind, to,
            "a block of rows is damaged and cannot be merged: what was in it is lost, and the rest is written anew"
        );
    }
    if let more @ 1.. = lost.len().saturating_sub(LINES) {
        tracing::error!(keyspace, %file, kept, "so are {more} more blocks");
    }
}

fn tell_of_values(keyspace: &'static str, path: &Path, kept: &str, damaged: &[Vec<u8>]) {
    let file = path.display();
    metrics::counter!(DAMAGED).increment(damaged.len().max(1) as u64);
    for row in damaged.iter().take(LINES) {
        let of = place(keyspace, row);
        tracing::error!(%file, kept, of, "a value is damaged and lost; the rest of its file is kept");
    }
    if let more @ 1.. = damaged.len().saturating_sub(LINES) {
        tracing::error!(keyspace, %file, kept, "so are {more} more values");
    }
    if damaged.is_empty() {
        tracing::error!(keyspace, %file, kept, "a file of values is damaged where nothing is lost, and written anew");
    }
}

fn hopeless(path: &Path) -> StorageError {
    let reason = format!(
        "{}: so much of it is damaged that it cannot be told what is missing; `gateway salvage` brings out what is whole",
        path.display()
    );
    StorageError::Failed { operation: "mend the store", reason }
}

fn io_failed(error: io::Error) -> StorageError {
    failed("mend the store", error.into())
}

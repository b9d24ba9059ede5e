//! What is whole of the files of a database that cannot be opened.
//!
//! A table is blocks of rows, and behind them what finds them: an index, filters, the table's own description. Each block
//! has a head that names its size and has checksums of both, so the rows can be read without all the rest, and without
//! the list that names the tables. The newest of several versions of a row is the one with the greatest sequence number.
//! Values that are kept apart lie in files of their own, each with the row that it belongs to.
//!
//! The format is that of lsm-tree 3.1. A head is `LSM\x03`, the kind (1 byte), the checksum of what follows (16), the
//! length there (4), the length uncompressed (4), a checksum of the head (4). A value apart is `BLOB`, a checksum (16), the
//! sequence number (8), the lengths of the row (2), of the value (4) and of the value as it stands there (4), then
//! the two; integers are little-endian.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fjall::CompressionType;
use lsm_tree::InternalValue;
use lsm_tree::coding::Decode;
use lsm_tree::table::block::decoder::ParsedItem;
use lsm_tree::table::block::{BlockType, Header};
use lsm_tree::table::{Block, DataBlock};

use crate::storage::StorageError;

use super::store::{failed, unless_it_panics};

const BLOCK: &[u8] = b"LSM\x03";
const APART: &[u8] = b"BLOB";

/// The bytes before the row and the value.
pub(super) const APART_HEAD: usize = 4 + 16 + 8 + 2 + 4 + 4;

/// The files in a folder of a keyspace, which need not be there.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        entries => {
            for entry in entries? {
                found.push(entry?.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Gives each row in the whole blocks of a table, and where the others begin.
pub(super) fn rows_of_table(
    table: &Path,
    on: impl FnMut(Result<InternalValue, usize>) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    rows_in(&fs::read(table).map_err(io_failed)?, on)
}

/// The same of the bytes of a table.
pub(super) fn rows_in(
    bytes: &[u8],
    mut on: impl FnMut(Result<InternalValue, usize>) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let (mut at, mut last) = (0, None);
    let mut is_in_step = true;
    while let Some(found) = position(&bytes[at..], BLOCK) {
        if found > 0 && is_in_step {
            on(Err(at))?;
        }
        at += found;
        let (block, rest) = (&bytes[at..], at + BLOCK.len());
        let end = Header::decode_from(&mut &block[..]).ok().and_then(|header| {
            let length = Header::serialized_len() + header.data_length as usize;
            block.get(..length).map(|block| (header, block))
        });
        let Some((header, block)) = end else {
            // Said once, and then the next head is looked for.
            if std::mem::take(&mut is_in_step) {
                on(Err(at))?;
            }
            at = rest;
            continue;
        };
        if header.block_type != BlockType::Data {
            // Rows come first.
            return Ok(());
        }
        let rows = rows_of_block(block, &header)?;
        // What is out of order is no block of this table, but bytes in one that look like it.
        let is_in_order = rows.as_ref().is_none_or(|rows| {
            let mut before = last.as_ref();
            rows.iter().all(|item| {
                let is_behind = before.is_none_or(|before| *before <= item.key.user_key);
                before = Some(&item.key.user_key);
                is_behind
            })
        });
        if !is_in_order {
            at = rest;
            continue;
        }
        match rows {
            Some(rows) => {
                last = rows.last().map(|item| item.key.user_key.clone()).or(last);
                for item in rows {
                    on(Ok(item))?;
                }
            }
            None => on(Err(at))?,
        }
        is_in_step = true;
        at += block.len();
    }
    if at == 0 { on(Err(0)) } else { Ok(()) }
}

/// The rows of the block that `bytes` are; nothing when it is damaged, or none of rows.
pub(super) fn rows_of(bytes: &[u8]) -> Result<Option<Vec<InternalValue>>, StorageError> {
    let header = Header::decode_from(&mut &bytes[..]).ok();
    match header.filter(|header| header.block_type == BlockType::Data) {
        Some(header) => rows_of_block(bytes, &header),
        None => Ok(None),
    }
}

/// The rows of one block; nothing when it is damaged.
fn rows_of_block(block: &[u8], header: &Header) -> Result<Option<Vec<InternalValue>>, StorageError> {
    let plain = header.data_length == header.uncompressed_length;
    // What cannot be made smaller may have the same length by chance.
    let ways: &[CompressionType] = match plain {
        true => &[CompressionType::None, CompressionType::Lz4],
        false => &[CompressionType::Lz4],
    };
    for way in ways {
        let read = unless_it_panics("read a block", || {
            let block = Block::from_reader(&mut &block[..], *way);
            let block = DataBlock::new(block.map_err(|error| failed("read a block", error.into()))?);
            Ok(block.iter().map(|row| row.materialize(block.as_slice())).collect())
        });
        match read {
            Ok(rows) => return Ok(Some(rows)),
            Err(StorageError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// A value that lies apart from its row.
pub(super) struct ApartValue<'a> {
    pub(super) sequence: u64,
    pub(super) row: &'a [u8],
    pub(super) value: &'a [u8],
}

/// Gives each value in a file of them that looks like one; the frame of the value tells whether it is whole.
pub(super) fn values_apart(
    file: &Path,
    mut on: impl FnMut(ApartValue<'_>) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let bytes = fs::read(file).map_err(io_failed)?;
    let mut at = 0;
    while let Some(found) = position(&bytes[at..], APART) {
        at += found;
        match value_apart(&bytes[at..]) {
            Some(value) => {
                at += APART_HEAD + value.row.len() + value.value.len();
                on(value)?;
            }
            None => at += APART.len(),
        }
    }
    Ok(())
}

/// The value that `from` begins with, if that is whole.
pub(super) fn value_apart(from: &[u8]) -> Option<ApartValue<'_>> {
    if !from.starts_with(APART) {
        return None;
    }
    let (head, rest) = from.split_at_checked(APART_HEAD)?;
    let sequence = u64::from_le_bytes(*head[20..].first_chunk()?);
    let row_length = usize::from(u16::from_le_bytes(*head[28..].first_chunk()?));
    let length = u32::from_le_bytes(*head[34..].first_chunk()?) as usize;
    let (row, rest) = rest.split_at_checked(row_length)?;
    let sum = u128::from_le_bytes(*head[4..].first_chunk()?);
    let value = rest.get(..length)?;
    (sum_of(row, value) == sum).then_some(ApartValue { sequence, row, value })
}

fn sum_of(row: &[u8], value: &[u8]) -> u128 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(row);
    hasher.update(value);
    hasher.digest128()
}

/// What stands before a row and its value, which is not compressed.
pub(super) fn head_of_value_apart(sequence: u64, row: &[u8], value: &[u8]) -> Vec<u8> {
    let mut head = APART.to_vec();
    head.extend_from_slice(&sum_of(row, value).to_le_bytes());
    head.extend_from_slice(&sequence.to_le_bytes());
    head.extend_from_slice(&(row.len() as u16).to_le_bytes());
    for _ in 0..2 {
        head.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    head
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn io_failed(error: io::Error) -> StorageError {
    failed("read the files", error.into())
}

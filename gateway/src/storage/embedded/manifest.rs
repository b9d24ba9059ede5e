//! Checks the lists of tables before the database believes them.
//!
//! Each keyspace has a folder with a file `current`, which names the list in force and the list's checksum.
//! The database wrote that checksum and does not compare it: a flipped bit in a list can hide a table,
//! and a keyspace without `current` is removed as if it had never been finished. Tables, unlike lists,
//! are checked by the database, block by block, when they are read.
//!
//! The format is that of fjall 3.1: `current` is the list's number (8 bytes), the xxh3 of the list (16), a zero,
//! integers little-endian; the list is the file `v` and its number.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

/// Why the lists cannot be what was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsound {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{folder}: the list of tables is missing")]
    Missing { folder: String },
    #[error("{folder}: the list of tables is damaged")]
    Damaged { folder: String },
}

/// Checks the lists of all keyspaces of the database in `dir`.
pub(super) fn check(dir: &Path) -> Result<(), Unsound> {
    unsound(dir).into_iter().next().map_or(Ok(()), Err)
}

/// All that is wrong with them.
pub(super) fn unsound(dir: &Path) -> Vec<Unsound> {
    match keyspaces(dir) {
        Ok(paths) => paths.iter().filter_map(|path| check_one(dir, path).err()).collect(),
        Err(error) => vec![error.into()],
    }
}

fn keyspaces(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir.join("keyspaces"))? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

fn check_one(dir: &Path, path: &Path) -> Result<(), Unsound> {
    let folder = path.strip_prefix(dir).unwrap_or(path).display().to_string();
    let read = |name: &str| match fs::read(path.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Unsound::Missing { folder: folder.clone() })
        }
        read => Ok(read?),
    };
    let current = read("current")?;
    let Some((number, sum)) = parse(&current) else { return Err(Unsound::Damaged { folder }) };
    if xxh3_128(&read(&format!("v{number}"))?) != sum {
        return Err(Unsound::Damaged { folder });
    }
    Ok(())
}

/// The number and the checksum of the list that `current` names.
fn parse(current: &[u8]) -> Option<(u64, u128)> {
    let (number, rest) = current.split_first_chunk()?;
    let (sum, [0]) = rest.split_first_chunk()? else { return None };
    Some((u64::from_le_bytes(*number), u128::from_le_bytes(*sum)))
}

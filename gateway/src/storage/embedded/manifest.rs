//! Checks the lists of tables before the database believes them.
//!
//! Each keyspace has a folder with a file `current`, which names the list in force and the list's checksum.
//! The database wrote that checksum and does not compare it: a flipped bit in a list can hide a table,
//! and a keyspace without `current` is removed as if it had never been finished. Tables, unlike lists,
//! are checked by the database, block by block, when they are read.
//!
//! The format is that of fjall 3.1: `current` is the list's number (8 bytes), the xxh3 of the list (16), a zero,
//! integers little-endian; the list is the file `v` and its number. A list has named sections, of which two name files:
//! `tables` is the levels (1 byte), for each its runs (1), for each its tables (4), for each its number (8), a zero, the
//! xxh3 of the file (16), a number that the rows' own are counted from (8); `blob_files` is how many there are (4), for
//! each its number (8), a zero, the xxh3 of the file (16).

use std::fs::{self, File};
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use crate::files;

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

pub(super) fn check_one(dir: &Path, path: &Path) -> Result<(), Unsound> {
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
    let (0, named) = current.split_last()? else { return None };
    parse_named(named)
}

/// The same without the zero behind them.
pub(super) fn parse_named(named: &[u8]) -> Option<(u64, u128)> {
    let (number, sum) = named.split_first_chunk()?;
    Some((u64::from_le_bytes(*number), u128::from_le_bytes(sum.try_into().ok()?)))
}

/// What `current` holds to name a list.
pub(super) fn current(number: u64, sum: u128) -> Vec<u8> {
    [&number.to_le_bytes()[..], &sum.to_le_bytes(), &[0]].concat()
}

/// The lists in the folder of a keyspace, whether they are in force or not, by their numbers.
pub(super) fn lists(folder: &Path) -> io::Result<Vec<(u64, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_prefix('v')?.parse().ok());
        if let Some(number) = number {
            found.push((number, fs::read(path)?));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether all files that a list names are there and as it says.
pub(super) fn names_whole_files(folder: &Path, number: u64, list: &[u8]) -> io::Result<bool> {
    let Some(list) = List::of(folder, number, list) else { return Ok(false) };
    for (kind, listed) in [("tables", &list.tables), ("blobs", &list.values)] {
        for listed in listed {
            let bytes = match fs::read(folder.join(kind).join(listed.number.to_string())) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                read => read?,
            };
            if xxh3_128(&bytes) != listed.sum {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// A file of rows or of values, as a list names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) number: u64,
    /// The xxh3 of the whole file.
    pub(super) sum: u128,
    /// Of a table.
    pub(super) level: u8,
    /// Where it stands in its section.
    at: usize,
}

/// The list in force of one keyspace.
pub(super) struct List {
    folder: PathBuf,
    number: u64,
    sections: Vec<(Vec<u8>, Vec<u8>)>,
    /// Those with the newer versions of a row first.
    pub(super) tables: Vec<Listed>,
    /// Files of values that lie apart.
    pub(super) values: Vec<Listed>,
}

const TABLES: &[u8] = b"tables";
const VALUES: &[u8] = b"blob_files";

impl List {
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the list of tables is damaged");
        let (number, sum) = parse(&fs::read(folder.join("current"))?).ok_or_else(damaged)?;
        let bytes = fs::read(folder.join(format!("v{number}")))?;
        if xxh3_128(&bytes) != sum {
            return Err(damaged());
        }
        Self::of(folder, number, &bytes).ok_or_else(damaged)
    }

    fn of(folder: &Path, number: u64, bytes: &[u8]) -> Option<Self> {
        let sections = sections(bytes)?;
        let section =
            |name: &[u8]| sections.iter().find(|(found, _)| found == name).map(|(_, bytes)| &bytes[..]);
        let tables = section(TABLES).and_then(listed_tables)?;
        let values = section(VALUES).and_then(listed_values)?;
        Some(Self { folder: folder.to_owned(), number, sections, tables, values })
    }

    /// Puts another table in the place of one of the list.
    pub(super) fn replace_table(&mut self, listed: Listed, number: u64, sum: u128) {
        self.put(TABLES, listed, number, sum);
    }

    /// Notes what a file of values holds now.
    pub(super) fn replace_values(&mut self, listed: Listed, sum: u128) {
        self.put(VALUES, listed, listed.number, sum);
    }

    fn put(&mut self, section: &[u8], Listed { at, .. }: Listed, number: u64, sum: u128) {
        for (_, bytes) in self.sections.iter_mut().filter(|(name, _)| name == section) {
            bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
            bytes[at + 9..at + 25].copy_from_slice(&sum.to_le_bytes());
        }
    }

    /// Makes it the list in force, at once and for good.
    pub(super) fn write(&self) -> io::Result<()> {
        let mut writer = sfa::Writer::from_writer(Cursor::new(Vec::new()));
        for (name, bytes) in &self.sections {
            writer.start(name.clone())?;
            writer.write_all(bytes)?;
        }
        let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?.into_inner();
        let number = self.number + 1;
        let mut file = File::create(self.folder.join(format!("v{number}")))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        files::sync_directory(&self.folder)?;
        files::write_whole(&self.folder.join("current"), &current(number, xxh3_128(&bytes)))
    }
}

/// The sections of a file of the database; nothing where what describes them is damaged.
pub(super) fn sections(bytes: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let found = places(bytes)?;
    Some(found.into_iter().map(|(name, place)| (name, bytes[place].to_vec())).collect())
}

/// Where the sections of a file are.
pub(super) fn places(bytes: &[u8]) -> Option<Vec<(Vec<u8>, std::ops::Range<usize>)>> {
    let reader = sfa::Reader::from_reader(&mut Cursor::new(bytes)).ok()?;
    reader
        .toc()
        .iter()
        .map(|entry| {
            let start = usize::try_from(entry.pos()).ok()?;
            let end = start.checked_add(usize::try_from(entry.len()).ok()?)?;
            bytes.get(start..end)?;
            Some((entry.name().to_vec(), start..end))
        })
        .collect()
}

fn listed_tables(section: &[u8]) -> Option<Vec<Listed>> {
    let mut rest = section;
    let mut tables = Vec::new();
    for level in 0..*rest.split_off_first()? {
        for _ in 0..*rest.split_off_first()? {
            let count = u32::from_le_bytes(*rest.split_off(..4)?.first_chunk()?);
            for _ in 0..count {
                tables.push(listed(section, &mut rest, level)?);
                rest.split_off(..8)?;
            }
        }
    }
    rest.is_empty().then_some(tables)
}

fn listed_values(section: &[u8]) -> Option<Vec<Listed>> {
    let mut rest = section;
    let count = u32::from_le_bytes(*rest.split_off(..4)?.first_chunk()?);
    let values = (0..count).map(|_| listed(section, &mut rest, 0)).collect::<Option<_>>()?;
    rest.is_empty().then_some(values)
}

fn listed(section: &[u8], rest: &mut &[u8], level: u8) -> Option<Listed> {
    let at = section.len() - rest.len();
    let number = u64::from_le_bytes(*rest.split_off(..8)?.first_chunk()?);
    rest.split_off(..1)?;
    let sum = u128::from_le_bytes(*rest.split_off(..16)?.first_chunk()?);
    Some(Listed { number, sum, level, at })
}

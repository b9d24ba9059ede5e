//! How far the store was acknowledged: the number of the last stored batch, kept beside the database. And which journals
//! it had when it was closed, since only the database knows which of them it has deleted itself.
//!
//! The database cannot tell a journal that ends early because the process died while it wrote
//! from one whose end was damaged later. This number can: what it names was acknowledged and must be there.
//!
//! It is written after every group, and synced only when the store closes, because a second sync for each group
//! would halve the speed. So after a crash of the process it is exact, after a crash of the machine
//! it may lag behind by what the kernel had not written yet, and it never runs ahead.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::storage::StorageError;

use super::frame;
use super::space::is_full;

/// Where it is noted which journals a closed store has, in a sector of its own.
const JOURNALS: u64 = 1024;
const JOURNALS_KEY: &[u8] = b"journals";

/// Two places, written in turn, in different sectors: one of them is always whole.
const PLACES: [u64; 2] = [0, 512];
const KEY: &[u8] = b"watermark";
const SIZE: usize = 12;

pub(super) struct Watermark {
    file: File,
    next: usize,
    /// A note of journals that could not be taken back yet, since the disk is full.
    is_stale: bool,
}

impl Watermark {
    /// Opens the file, or makes it; gives the number in it, 0 in a new one. Beside a new store it is made anew: a first
    /// start may have been cut short while it wrote it.
    pub(super) fn open(path: &Path, is_new: bool) -> Result<(Self, u64), StorageError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(failed)?;
        let mut watermark = Self { file, next: 0, is_stale: false };
        let is_cut_short = is_new && PLACES.iter().all(|place| watermark.read(*place).is_none());
        if is_cut_short || watermark.file.metadata().map_err(failed)?.len() == 0 {
            watermark.put(0)?;
            watermark.put(0)?;
            watermark.sync()?;
        }
        let number = PLACES.iter().filter_map(|place| watermark.read(*place)).max();
        number
            .map(|number| (watermark, number))
            .ok_or(StorageError::Damaged { operation: "read the watermark" })
    }

    /// The number in a file that is left as it is, if there is one.
    pub(super) fn number_in(path: &Path) -> Option<u64> {
        let watermark = Self { file: File::open(path).ok()?, next: 0, is_stale: false };
        PLACES.iter().filter_map(|place| watermark.read(*place)).max()
    }

    fn read(&self, place: u64) -> Option<u64> {
        let mut bytes = vec![0; SIZE];
        self.file.read_exact_at(&mut bytes, place).ok()?;
        frame::decode("read the watermark", KEY, bytes.into()).ok().map(|framed| framed.number)
    }

    /// Notes that the batches up to `number` are stored.
    pub(super) fn rise(&mut self, number: u64) -> Result<(), StorageError> {
        if self.is_stale {
            self.forget_journals()?;
        }
        match self.put(number) {
            // What is stored is stored; the watermark may lag, and the next group tries again.
            Err(StorageError::Full { .. }) => Ok(()),
            put => put,
        }
    }

    fn put(&mut self, number: u64) -> Result<(), StorageError> {
        self.file.write_all_at(&frame::encode(KEY, number, &[]), PLACES[self.next]).map_err(failed)?;
        self.next = 1 - self.next;
        Ok(())
    }

    /// The oldest and the newest journal that the store had when it was closed; nothing when it was not, or when that is
    /// not known.
    pub(super) fn journals(&self) -> Option<(u64, u64)> {
        let mut bytes = vec![0; SIZE + 8];
        self.file.read_exact_at(&mut bytes, JOURNALS).ok()?;
        let noted = frame::decode("read the watermark", JOURNALS_KEY, bytes.into()).ok()?;
        Some((noted.number, u64::from_be_bytes(noted.bytes[..].try_into().ok()?)))
    }

    /// Notes which journals there are, after the database was closed.
    pub(super) fn note_journals(&self, oldest: u64, newest: u64) -> Result<(), StorageError> {
        let note = frame::encode(JOURNALS_KEY, oldest, &newest.to_be_bytes());
        self.file.write_all_at(&note, JOURNALS).map_err(failed)?;
        self.sync()
    }

    /// Takes the note back, before the database is opened: from then on it deletes journals that it needs no more.
    pub(super) fn forget_journals(&mut self) -> Result<(), StorageError> {
        let written = self.file.write_all_at(&[0; SIZE + 8], JOURNALS).and_then(|()| self.file.sync_all());
        // A full disk must not keep a store from being read; the first write tries again.
        self.is_stale = written.as_ref().is_err_and(is_full);
        if self.is_stale { Ok(()) } else { written.map_err(failed) }
    }

    pub(super) fn sync(&self) -> Result<(), StorageError> {
        self.file.sync_all().map_err(failed)
    }
}

fn failed(error: std::io::Error) -> StorageError {
    if is_full(&error) {
        return StorageError::Full { reason: format!("keep the watermark: {error}") };
    }
    StorageError::Failed { operation: "keep the watermark", reason: error.to_string() }
}

//! Room on the disk, and what is left undone without it.
//!
//! The database gives up at the first write that finds no room, whether it is ours or one of the tables that it merges
//! in the background. So writes are refused before there is none: the reserve is what the database may still use to
//! finish what it has begun. Where a write fails nevertheless, reads go on, and the store is opened anew when there is
//! room again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::storage::StorageError;

/// What the database may need at once for a table that it writes or merges. With less than this beyond the reserve, a
/// failure in the background, whose reason the database does not tell, is taken for a lack of room.
const TABLES: u64 = 256 << 20;

/// What must be free before a store is opened anew that has met a full disk: its journal alone needs some of it.
const REOPEN: u64 = 16 << 20;

/// A quota is not told by the numbers of the file system, so it is tried whether so much can be written.
const TRIAL: usize = 1 << 20;

/// How long a lack of room explains a failure: what the database could not finish is deleted, and the room is back.
const RECENTLY: Duration = Duration::from_secs(60);

pub(super) struct Space {
    directory: PathBuf,
    /// Below this nothing is taken; 0 is never.
    reserve: u64,
    /// Whether `state` has a reason, for those who ask with every batch.
    is_short: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// There is less than the reserve.
    low: Option<String>,
    /// A write has failed.
    full: Option<String>,
    last_tight: Option<Instant>,
}

impl Space {
    pub(super) fn new(directory: &Path, reserve: u64) -> Self {
        let space = Self {
            directory: directory.to_owned(),
            reserve,
            is_short: AtomicBool::new(false),
            state: Mutex::default(),
        };
        space.look();
        space
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        self.is_short.store(state.low.is_some() || state.full.is_some(), Ordering::Release);
    }

    /// Why nothing can be stored now, if that is so.
    pub(super) fn refusal(&self) -> Option<StorageError> {
        if !self.is_short.load(Ordering::Acquire) {
            return None;
        }
        let state = self.lock();
        state.full.clone().or_else(|| state.low.clone()).map(|reason| StorageError::Full { reason })
    }

    /// Measures what is free. Called all the time, also where nothing is written.
    pub(super) fn look(&self) {
        let Ok(free) = self.free() else { return };
        metrics::gauge!("gateway_store_free_bytes").set(free as f64);
        let is_low = free < self.reserve;
        let mut changed = false;
        self.update(|state| {
            if free < self.reserve.saturating_add(TABLES) {
                state.last_tight = Some(Instant::now());
            }
            changed = state.low.is_some() != is_low;
            state.low = is_low.then(|| {
                let (free, reserve) = (free >> 20, self.reserve >> 20);
                format!(
                    "{free} MiB are free on the disk of the store, and store.min_free_bytes is {reserve} MiB"
                )
            });
        });
        match self.refusal() {
            Some(error) if changed && is_low => {
                tracing::error!(%error, "nothing is stored until there is more room");
            }
            None if changed => tracing::warn!("there is room on the disk again"),
            _ => {}
        }
    }

    fn free(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.directory)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// A write has found no room.
    pub(super) fn fill(&self, reason: &str) {
        tracing::error!(reason, "the disk is full: reads go on, and nothing is stored until there is room");
        self.update(|state| state.full = Some(reason.to_owned()));
    }

    /// The store was opened anew.
    pub(super) fn clear(&self) {
        tracing::warn!("there is room on the disk again, and the store was opened anew");
        self.update(|state| state.full = None);
    }

    /// Whether a failure that the database does not explain may come of a lack of room.
    pub(super) fn was_tight(&self) -> bool {
        self.look();
        self.lock().last_tight.is_some_and(|at| at.elapsed() < RECENTLY)
    }

    /// Whether there is room for a store that is opened anew.
    pub(super) fn has_room(&self) -> bool {
        self.look();
        self.free().is_ok_and(|free| free >= self.reserve.max(REOPEN)) && self.try_to_write().is_ok()
    }

    fn try_to_write(&self) -> io::Result<()> {
        let path = self.directory.join("trial");
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(&vec![1; TRIAL])?;
            file.sync_all()
        };
        let written = write();
        fs::remove_file(&path)?;
        written
    }
}

/// Whether an error says that there is no room, or none for this user.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;
    use crate::storage::embedded::store::failed;

    #[test]
    fn a_quota_that_is_used_up_is_a_full_disk_and_a_broken_disk_is_none() {
        for (errno, expected) in
            [(Errno::NOSPC, true), (Errno::DQUOT, true), (Errno::IO, false), (Errno::ROFS, false)]
        {
            let error = || io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(is_full(&error()), expected, "{errno}");
            let refused = failed("commit", fjall::Error::Io(error()));
            assert_eq!(matches!(refused, StorageError::Full { .. }), expected, "{errno}: {refused}");
        }
    }
}

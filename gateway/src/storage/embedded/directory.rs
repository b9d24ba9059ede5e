//! The directory of a store, and what is checked before the store is used.
//!
//! | name | what it is |
//! |---|---|
//! | `lock` | locked by the process that has the store open |
//! | `format` | the number of the store's format, see [`crate::storage::format`]; a store without it has the first |
//! | `rows` | the database |
//! | `watermark` | how far it was acknowledged, see `watermark.rs` |
//! | `unmended` | the database gave up, and its files were not looked over since |
//! | `lost` | what mended files have lost, see `lost.rs` |
//! | `damaged` | those files as they were found, see `mend.rs` and `restore.rs` |

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::files;
use crate::storage::StorageError;
use crate::storage::format::Format;

use super::Settings;
use super::journal::{self, Journals};
use super::key;
use super::lost::Lost;
use super::manifest;
use super::mend::{self, Found};
use super::restore;
use super::rotation::rotate;
use super::store::Store;
use super::watermark::Watermark;

/// A directory that this process has locked, until it is dropped.
pub(super) struct Directory {
    path: PathBuf,
    lock: File,
}

/// What the paths of a store led to when it was opened.
pub(super) struct Identity {
    path: PathBuf,
    found: Vec<(PathBuf, (u64, u64))>,
}

impl Identity {
    /// Notices that somebody deleted the directory, or put another one in its place: what is stored from then on would
    /// be gone with the process.
    pub(super) fn check(&self) -> Result<(), StorageError> {
        for (path, identity) in &self.found {
            let change = match fs::metadata(path) {
                Ok(metadata) if identity_of(&metadata) == *identity => continue,
                Ok(_) => "replaced",
                Err(error) if error.kind() == io::ErrorKind::NotFound => "deleted",
                // Nobody did anything to it as far as can be told.
                Err(_) => continue,
            };
            let reason = format!(
                "{}: {} was {change} while the store was open; put it back, or start again with what is there",
                self.path.display(),
                path.display()
            );
            return Err(StorageError::Failed { operation: "keep the store", reason });
        }
        Ok(())
    }
}

fn identity_of(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl Directory {
    pub(super) fn lock(path: &Path) -> Result<Self, StorageError> {
        let failed = |error: std::io::Error| failed(path, &error.to_string());
        files::make_directory(path).map_err(failed)?;
        if let Err(error) = files::close_to_others(path) {
            tracing::warn!(%error, "{}: others may read the store", path.display());
        }
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path.join("lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(self::failed(path, "another process has it open")),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// What lies there now.
    pub(super) fn identity(&self) -> Result<Identity, StorageError> {
        let find = || -> io::Result<_> {
            let of = |path: PathBuf| fs::metadata(&path).map(|found| (path, identity_of(&found)));
            Ok(vec![
                of(self.path.clone())?,
                (self.path.join("lock"), identity_of(&self.lock.metadata()?)),
                of(self.path.join("rows"))?,
                of(self.path.join("watermark"))?,
            ])
        };
        let found = find().map_err(|error| failed(&self.path, &error.to_string()))?;
        Ok(Identity { path: self.path.clone(), found })
    }

    /// Opens the store, and where files of its database are damaged such that it does not open, or gave up before, without
    /// the damage.
    pub(super) fn open_mending(&self, settings: &Settings) -> Result<(Store, Watermark, u64), StorageError> {
        if self.path.join(UNMENDED).exists()
            && let Err(error) = self.find_and_mend()
        {
            // Lists that are damaged name no tables.
            if !self.restore()? {
                return Err(error);
            }
            self.find_and_mend()?;
        }
        let mended = |error, mended| match mended {
            Ok(true) => Ok(()),
            Ok(false) => Err(error),
            Err(why) => {
                tracing::error!(%why, "the store could not be mended");
                Err(error)
            }
        };
        let opened = match self.open(settings, None) {
            Err(error) if !matches!(error, StorageError::Full { .. }) => {
                match mended(error, self.restore()) {
                    Ok(()) => self.open(settings, None),
                    Err(error) => Err(error),
                }
            }
            opened => opened,
        };
        match opened {
            Err(error) if !matches!(error, StorageError::Full { .. }) => {
                mended(error, self.find_and_mend())?;
                self.open(settings, None)
            }
            opened => opened,
        }
    }

    /// Mends the journals and lists where nothing is lost but what is known by its row.
    fn restore(&self) -> Result<bool, StorageError> {
        let rows = self.path.join("rows");
        if self.format().is_err() || !rows.exists() || !knows_files(&rows)? {
            return Ok(false);
        }
        let failed = |error: io::Error| failed(&rows, &error.to_string());
        // Otherwise nothing tells a write that was cut short from one that is damaged.
        let Some(acknowledged) = Watermark::number_in(&self.path.join("watermark")) else { return Ok(false) };
        let Some(restored) = restore::find(&rows, acknowledged).map_err(failed)? else { return Ok(false) };
        restore::put(&self.path, &restored).map_err(failed)?;
        Ok(!restored.is_empty())
    }

    fn find_and_mend(&self) -> Result<bool, StorageError> {
        let rows = self.path.join("rows");
        if !rows.exists() || !knows_files(&rows)? {
            return Ok(false);
        }
        tracing::warn!(
            "the store is looked over for damaged files, which takes as long as to read all of it"
        );
        let found = self.find_damaged()?;
        self.mend(&found)?;
        Ok(!found.is_empty())
    }

    /// Notes that the database gave up, so that a process that dies before its files are mended leaves that to the next.
    pub(super) fn note_that_it_gave_up(&self) {
        if let Err(error) = files::write_whole(&self.path.join(UNMENDED), b"") {
            tracing::warn!(%error, "that the database gave up was not noted");
        }
    }

    /// The damaged files of the database, which may be open. Takes as long as it takes to read it all.
    pub(super) fn find_damaged(&self) -> Result<Vec<Found>, StorageError> {
        mend::find(&self.path.join("rows"))
    }

    /// Mends what [`Self::find_damaged`] found, while the database is closed.
    pub(super) fn mend(&self, found: &[Found]) -> Result<(), StorageError> {
        mend::mend(&self.path, found)?;
        match fs::remove_file(self.path.join(UNMENDED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed(&self.path, &error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Looks the files over, opens the database, and gives the number of its last batch.
    ///
    /// A store that is opened anew by the same process knows which batch was the last that it acknowledged, `Some` in
    /// `last`: a group behind it is the one that found no room. It was refused, and is taken away.
    pub(super) fn open(
        &self,
        settings: &Settings,
        last: Option<u64>,
    ) -> Result<(Store, Watermark, u64), StorageError> {
        let rows = self.path.join("rows");
        let mut format = self.format()?;
        let is_new = !rows.exists();
        if is_new {
            self.create(&rows, settings)?;
            format = Format::CURRENT;
        }
        let (mut watermark, acknowledged) = Watermark::open(&self.path.join("watermark"), is_new)
            .map_err(|error| failed(&self.path, &format!("watermark: {error}; {MEND}")))?;
        let is_known = knows_files(&rows)?;
        let mut journals = if is_known { look_over(&rows)? } else { Journals::default() };
        if let Some(last) = last {
            journals.tear_behind(last);
        }
        let is_reopened = last.is_some();
        if let Some(last) = journals.last
            && last < acknowledged
        {
            return Err(self.lost(last, acknowledged));
        }
        if let (Some(noted), Some(found)) = (watermark.journals(), journals.ends)
            // Otherwise a version that makes no note has had it open meanwhile.
            && noted.1 == found.1
            && noted.0 != found.0
        {
            return Err(failed(&rows, &format!("the journal {}.jnl is missing; {MEND}", noted.0)));
        }
        watermark.forget_journals()?;
        journals.cut_torn_end().map_err(|error| failed(&rows, &error.to_string()))?;
        make_lock(&rows).map_err(|error| failed(&rows, &error.to_string()))?;
        let lost = Lost::read(&self.path).map_err(|error| failed(&self.path, &error.to_string()))?;
        let store = Store::open(&rows, settings, lost).map_err(|error| match error {
            // Nothing is wrong with the files.
            StorageError::Full { .. } => error,
            error => failed(&rows, &format!("{error}; {RESTORE}")),
        })?;
        let last = store.newest(&key::LAST_BATCH);
        let last = match last {
            // The row was lost. What was acknowledged is known without it, and each group writes it anew.
            Err(StorageError::Damaged { .. }) => {
                store.tell_of_row("record", &store.records, &key::LAST_BATCH);
                journals.last.unwrap_or(0).max(acknowledged)
            }
            last => last.map_err(|error| failed(&rows, &error.to_string()))?.map_or(0, |kept| kept.number),
        };
        if last < acknowledged || journals.last.is_some_and(|in_journals| last < in_journals) {
            return Err(self.lost(last, acknowledged.max(journals.last.unwrap_or(0))));
        }
        if settings.rotate_journal && is_known && !is_reopened && settings.has_room(&self.path) {
            rotate(&rows, &store, last).map_err(|error| failed(&rows, &error.to_string()))?;
        }
        for next in format.steps().map_err(|error| self.of_this(error))? {
            migrate(&store, next).map_err(|error| self.of_this(error))?;
            self.write_format(next)?;
        }
        Ok((store, watermark, last))
    }

    /// Notes which journals there are, now that the database is closed.
    pub(super) fn note_journals(&self, watermark: &Watermark) {
        let rows = self.path.join("rows");
        let noted = match journal::oldest_and_newest(&rows) {
            Ok(Some((oldest, newest))) if knows_files(&rows).unwrap_or(false) => {
                watermark.note_journals(oldest, newest)
            }
            Ok(_) => Ok(()),
            Err(error) => Err(failed(&rows, &error.to_string())),
        };
        if let Err(error) = noted {
            // What is missing then is noticed later, or not before it is read.
            tracing::warn!(%error, "which journals the store has was not noted");
        }
    }

    /// The format of the store; an error when it is one that this version does not know.
    pub(super) fn format(&self) -> Result<Format, StorageError> {
        let format = match fs::read(self.path.join("format")) {
            Ok(text) => Format::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Format::FIRST),
            Err(error) => return Err(failed(&self.path, &error.to_string())),
        };
        // Before anything is made or opened, and with that changed.
        format.and_then(|format| format.steps().map(|_| format)).map_err(|error| self.of_this(error))
    }

    /// Whether there is no telling which one it is; not when it is too new.
    pub(super) fn is_format_unreadable(&self) -> bool {
        fs::read(self.path.join("format")).is_ok_and(|text| Format::parse(&text).is_err())
    }

    /// Makes a database without rows, of a format.
    pub(super) fn make(&self, settings: &Settings, format: Format) -> Result<(), StorageError> {
        self.create(&self.path.join("rows"), settings)?;
        self.write_format(format)
    }

    /// Under another name first, so that a process that dies meanwhile leaves the old number or the new one.
    fn write_format(&self, format: Format) -> Result<(), StorageError> {
        files::write_whole(&self.path.join("format"), format!("{format}\n").as_bytes())
            .map_err(|error| failed(&self.path, &error.to_string()))
    }

    /// An error of this store: with its path.
    fn of_this(&self, error: StorageError) -> StorageError {
        match error {
            StorageError::Failed { reason, .. } => failed(&self.path, &reason),
            error => error,
        }
    }

    /// Makes the database under another name first: a process that dies meanwhile leaves no half of one behind.
    fn create(&self, rows: &Path, settings: &Settings) -> Result<(), StorageError> {
        let failed = |error: std::io::Error| failed(&self.path, &error.to_string());
        let new = self.path.join("rows.new");
        if new.exists() {
            fs::remove_dir_all(&new).map_err(failed)?;
        }
        Store::create(&new, settings).map_err(|error| match error {
            StorageError::Full { reason } => {
                let path = self.path.display();
                StorageError::Full { reason: format!("{path}: {reason}; free some space and start again") }
            }
            error => error,
        })?;
        // First of all: rows without a number are rows of the first format.
        self.write_format(Format::CURRENT)?;
        fs::rename(&new, rows).map_err(failed)?;
        files::sync_directory(&self.path).map_err(failed)
    }

    fn lost(&self, last: u64, acknowledged: u64) -> StorageError {
        let first = last + 1;
        let reason =
            format!("batches {first} to {acknowledged} were acknowledged and are not in the files; {MEND}");
        failed(&self.path, &reason)
    }
}

/// Takes the rows of a store to a format from the one before it. May be repeated: the process may die before the number
/// is written.
fn migrate(_store: &Store, _format: Format) -> Result<(), StorageError> {
    // What the second format may contain, the first did not; what it did, the second has, too.
    Ok(())
}

/// The database locks a file of its own, too, and takes a store without one for broken. There is nothing in it.
fn make_lock(rows: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).open(rows.join("lock")).map(drop)
}

/// The name of a file that is there after the database gave up, until its files are mended.
const UNMENDED: &str = "unmended";

/// What the database writes into its file `version` when its files are as `journal.rs` and `manifest.rs` read them.
const KNOWN_FILES: &[u8] = b"FJL\x03";

/// Whether the database's own files are of the format that is read here. Those of any other are the database's own
/// affair: nothing is looked over, and nothing but it writes to them.
fn knows_files(rows: &Path) -> Result<bool, StorageError> {
    let version = fs::read(rows.join("version")).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failed(rows, &format!("the file `version` is missing; {RESTORE}")),
        _ => failed(rows, &error.to_string()),
    })?;
    let is_known = version.starts_with(KNOWN_FILES);
    if !is_known {
        tracing::warn!(
            "the database's files are of a format that is not known: damage to them is not looked for"
        );
    }
    Ok(is_known)
}

/// Checks what the database would take for good, or for new.
fn look_over(rows: &Path) -> Result<Journals, StorageError> {
    let failed = |error: &dyn std::fmt::Display| failed(rows, &format!("{error}; {RESTORE}"));
    manifest::check(rows).map_err(|error| failed(&error))?;
    Journals::read(rows).map_err(|error| failed(&error))
}

/// What an operator can do.
const RESTORE: &str = "restore the directory from a backup, or bring what is whole into a new one with \
                       `gateway salvage --data-dir DIR --to NEW`; `gateway verify --data-dir DIR` lists what is not";
const MEND: &str =
    "restore the directory from a backup, or remove the file `watermark` to go on with what is left";

fn failed(path: &Path, reason: &str) -> StorageError {
    StorageError::Failed { operation: "open the store", reason: format!("{}: {reason}", path.display()) }
}

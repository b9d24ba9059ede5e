//! Directories and small files that must be there, whole and closed to others, after a crash as well.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What only its owner enters.
const DIRECTORY_MODE: u32 = 0o700;
/// What only its owner reads.
const FILE_MODE: u32 = 0o600;

/// Makes a directory with those above it that are missing. Each is in its parent for good before this returns: a machine
/// that dies afterwards would otherwise forget the directory with all that was synced in it.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_directory(parent)?;
    }
    match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    sync_directory(parent.unwrap_or(Path::new(".")))
}

/// What was made, renamed or removed in a directory stays so.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Some file systems of networks and of user space have nothing to sync here.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Writes a file under another name first, so that whoever dies or fails meanwhile leaves the old one, or none, and never
/// a part of the new one. Two processes that write the same file at once are the caller's affair.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let write = || {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_directory(path.parent().unwrap_or(Path::new(".")))
    };
    write().inspect_err(|_| {
        // The disk may be full; what is left of the attempt must not keep it so.
        let _ = fs::remove_file(&new);
    })
}

/// Takes from others what they may do with a directory that an earlier version made.
pub(crate) fn close_to_others(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    let mode = metadata.permissions().mode() & 0o7777;
    let wanted = if metadata.is_dir() { DIRECTORY_MODE } else { FILE_MODE };
    if mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode & wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_directory_is_made_with_its_parents_and_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one").join("two");
        for _ in 0..2 {
            make_directory(&path).unwrap();
        }
        assert_eq!((mode(&path), mode(&dir.path().join("one"))), (0o700, 0o700));
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(make_directory(&dir.path().join("file")).is_err());
    }

    #[test]
    fn a_file_is_written_whole_and_nothing_lies_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        // What a process left that was killed.
        fs::write(dir.path().join("file.new"), "a longer half").unwrap();
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"two".to_vec(), 0o600));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_open_to_others_is_closed_and_nothing_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        close_to_others(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700);
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).unwrap();
        close_to_others(&file).unwrap();
        assert_eq!(mode(&file), 0o400);
    }
}

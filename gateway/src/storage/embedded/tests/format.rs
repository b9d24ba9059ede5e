//! Files of the database that are of another format than we know.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A closed store with one entry.
async fn closed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.commit(append(1)).await.unwrap();
    store.close().await.unwrap();
    dir
}

fn refused(dir: &Path) -> String {
    Embedded::open(dir, LocalBus::new().0).err().expect("the store is refused").to_string()
}

/// What lies in the directory, but for the lock.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if !path.ends_with("lock") {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

/// Journals and lists of tables in another format than that which is read here are the database's own affair: what looks
/// like damage may be none, and nothing is written to them.
#[tokio::test]
async fn files_of_an_unknown_format_are_left_to_the_database() {
    let dir = closed().await;
    let store = open(dir.path());
    for at in 2..6 {
        store.commit(append(at)).await.unwrap();
    }
    store.close().await.unwrap();
    let rows = dir.path().join("rows");
    let (_, journal) = super::super::journal::newest(&rows).unwrap().unwrap();
    let mut bytes = fs::read(&journal).unwrap();
    bytes[..40].fill(7);
    fs::write(&journal, bytes).unwrap();
    assert!(refused(dir.path()).contains("damaged at byte 0"));
    fs::write(rows.join("version"), b"FJL\x04").unwrap();
    let before = contents(&rows);
    let settings = Settings { rotate_journal: true, ..Settings::default() };
    let refused = Embedded::open_with(dir.path(), LocalBus::new().0, &settings).err().unwrap().to_string();
    // This version of the database does not know it either, and says so.
    assert!(refused.contains("InvalidVersion"), "{refused}");
    assert!(contents(&rows) == before, "a file was changed");
}

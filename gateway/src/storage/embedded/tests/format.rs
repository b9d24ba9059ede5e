//! The number of the store's format, and files of the database that are of another format than we know.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::storage::conformance::ALL;

/// A closed store with one entry.
async fn closed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.commit(append(1)).await.unwrap();
    store.close().await.unwrap();
    dir
}

async fn holds_its_entry(dir: &Path) {
    let store = open(dir);
    assert_eq!(Engine::read(&store, &log(), ALL).await.unwrap().len(), 1);
    store.close().await.unwrap();
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

#[tokio::test]
async fn a_new_store_has_the_current_format() {
    let dir = closed().await;
    assert_eq!(fs::read_to_string(dir.path().join("format")).unwrap(), "2\n");
    holds_its_entry(dir.path()).await;
}

/// A store of the first format says nothing of it.
#[tokio::test]
async fn an_older_store_is_taken_to_the_current_format() {
    let dir = closed().await;
    fs::remove_file(dir.path().join("format")).unwrap();
    for _ in 0..2 {
        holds_its_entry(dir.path()).await;
        assert_eq!(fs::read_to_string(dir.path().join("format")).unwrap(), "2\n");
    }
}

#[tokio::test]
async fn what_a_later_version_wrote_is_refused_and_left_as_it_is() {
    let dir = closed().await;
    for (number, reason) in [
        (
            "3\n",
            "it has format 3, and this version of the gateway knows formats up to 2: a later version has opened it",
        ),
        ("", "the number of its format cannot be read"),
        ("two", "the number of its format cannot be read"),
    ] {
        fs::write(dir.path().join("format"), number).unwrap();
        let before = contents(dir.path());
        let refused = refused(dir.path());
        assert!(refused.contains(reason) && refused.contains("backup"), "{refused}");
        assert!(refused.contains(&dir.path().display().to_string()), "{refused}");
        assert!(contents(dir.path()) == before, "a file was changed");
    }
    fs::write(dir.path().join("format"), "2\n").unwrap();
    holds_its_entry(dir.path()).await;
}

/// The rows may be about to be restored from a backup.
#[tokio::test]
async fn no_store_is_made_where_a_later_version_had_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("format"), "3\n").unwrap();
    assert!(refused(dir.path()).contains("it has format 3"));
    assert_eq!(fs::read_to_string(dir.path().join("format")).unwrap(), "3\n");
    assert!(!dir.path().join("rows").exists());
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

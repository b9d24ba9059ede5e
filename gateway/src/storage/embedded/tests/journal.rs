//! Every place where a journal can be cut or changed.

use std::fs;

use super::*;
use crate::storage::conformance::ALL;
use crate::storage::embedded::journal::Journals;

/// The journal of `dir`, and its content.
fn journal(dir: &Path) -> (std::path::PathBuf, Vec<u8>) {
    let path = dir.join("rows/0.jnl");
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

async fn commit(dir: &Path, times: std::ops::Range<u64>) {
    let store = open(dir);
    for at in times {
        store.commit(append(at).once(at.to_string()).put(Key::new(Table::Account, ""), "x")).await.unwrap();
    }
    store.close().await.unwrap();
}

/// The store opened without what was not acknowledged: its entries, or why it was refused.
async fn entries(dir: &Path) -> Result<Vec<u64>, StorageError> {
    let store = Embedded::open(dir, LocalBus::new().0)?;
    let entries = Engine::read(&store, &log(), ALL).await.unwrap();
    store.close().await.unwrap();
    Ok(entries.into_iter().map(|entry| entry.at.0).collect())
}

/// Journals in which a byte was changed are refused, or seen to end before what was acknowledged,
/// or hold the same all the same: nobody knows how far the sequence number of the last batch should have risen.
#[tokio::test]
async fn every_changed_byte_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), 1..8).await;
    // Opening cuts off the zeros that a journal is made with.
    commit(dir.path(), 8..10).await;
    let (path, whole) = journal(dir.path());
    let rows = dir.path().join("rows");
    let mut harmless = 0;
    assert_eq!(Journals::read(&rows).unwrap().last, Some(9));
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            fs::write(&path, changed).unwrap();
            if Journals::read(&rows).is_ok_and(|journals| journals.last == Some(9)) {
                assert_eq!(entries(dir.path()).await.unwrap(), (1..10).collect::<Vec<_>>(), "byte {at}");
                harmless += 1;
            }
        }
    }
    assert!(harmless <= 7 * 3, "more than a sequence number without its highest byte: {harmless}");
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let read = Journals::read(&rows);
        assert!(read.is_ok_and(|journals| journals.last < Some(9)), "length {length}");
    }
}

/// A process that dies while it writes a group leaves a part of it; what was acknowledged before is all there,
/// and the store goes on behind it.
#[tokio::test]
async fn a_torn_group_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), 1..5).await;
    commit(dir.path(), 5..6).await;
    let watermark = fs::read(dir.path().join("watermark")).unwrap();
    let (_, before) = journal(dir.path());
    commit(dir.path(), 6..7).await;
    let (path, after) = journal(dir.path());
    assert_eq!(after[..before.len()], before);

    for length in (before.len()..=after.len()).step_by(7).chain([after.len() - 1, after.len()]) {
        let torn = [&after[..length], &[0; 100]].concat();
        fs::write(&path, torn).unwrap();
        fs::write(dir.path().join("watermark"), &watermark).unwrap();
        let acknowledged = [1, 2, 3, 4, 5];
        let stored = [1, 2, 3, 4, 5, 6];
        let expected = if length == after.len() { &stored[..] } else { &acknowledged[..] };
        assert_eq!(entries(dir.path()).await.unwrap(), expected, "length {length}");
        commit(dir.path(), 7..8).await;
        assert_eq!(entries(dir.path()).await.unwrap(), [expected, &[7]].concat(), "length {length}");
    }

    // Power that fails may leave the later part of a group and not the earlier.
    let mut torn = after.clone();
    torn[before.len()..before.len() + 40].fill(0);
    fs::write(&path, torn).unwrap();
    fs::write(dir.path().join("watermark"), &watermark).unwrap();
    assert_eq!(entries(dir.path()).await.unwrap(), [1, 2, 3, 4, 5]);
}

/// The same part of a group is damage when the group was acknowledged. Nothing is cut then.
#[tokio::test]
async fn an_acknowledged_group_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), 1..5).await;
    commit(dir.path(), 5..7).await;
    let (path, whole) = journal(dir.path());
    for less in [1, 20, 200] {
        fs::write(&path, &whole[..whole.len() - less]).unwrap();
        let refused = entries(dir.path()).await.unwrap_err().to_string();
        assert!(refused.contains("batches 6 to 6 were acknowledged and are not in the files"), "{refused}");
        assert_eq!(fs::read(&path).unwrap().len(), whole.len() - less, "the file is left as it was");
    }
    // The way out that the error names.
    fs::remove_file(dir.path().join("watermark")).unwrap();
    assert_eq!(entries(dir.path()).await.unwrap(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_missing_journal_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), 1..5).await;
    let (path, whole) = journal(dir.path());
    fs::write(dir.path().join("rows/2.jnl"), &whole).unwrap();
    let refused = entries(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains("2.jnl: does not follow the journal before it"), "{refused}");
    fs::rename(dir.path().join("rows/2.jnl"), dir.path().join("rows/1.jnl")).unwrap();
    let refused = entries(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains("1.jnl: damaged at byte 0"), "{refused}");
    fs::remove_file(dir.path().join("rows/1.jnl")).unwrap();
    fs::remove_file(path).unwrap();
    let refused = entries(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains("batches 1 to 4 were acknowledged"), "{refused}");
}

//! Every place where a journal can be cut or changed.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_64;

use super::damage::copy;
use super::*;
use crate::storage::conformance::ALL;
use crate::storage::embedded::journal::{self, Batch, Journals};
use crate::storage::embedded::rotation::HOLE_END;

/// The last journal of `dir`.
pub(super) fn journal(dir: &Path) -> PathBuf {
    journal::newest(&dir.join("rows")).unwrap().unwrap().1
}

/// What was written to it.
pub(super) fn written(dir: &Path) -> Vec<u8> {
    let mut bytes = fs::read(journal(dir)).unwrap();
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    bytes
}

pub(super) async fn commit(store: &Embedded, times: Range<u64>) {
    for at in times {
        store
            .commit(append(at).idempotency_key(at.to_string()).put(Key::new(Table::Account, ""), "x"))
            .await
            .unwrap();
    }
}

/// A closed store of so many batches, of which each is a group.
pub(super) async fn closed(batches: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    commit(&store, 1..batches + 1).await;
    store.close().await.unwrap();
    cut_zeros(dir.path());
    dir
}

/// Takes away the zeros that a journal is made with.
pub(super) fn cut_zeros(dir: &Path) {
    fs::write(journal(dir), written(dir)).unwrap();
}

/// The entries of the store, or why it was refused. It is looked at through a copy, since opening changes files.
async fn entries(dir: &Path) -> Result<Vec<u64>, StorageError> {
    let copied = tempfile::tempdir().unwrap();
    copy(dir, copied.path());
    let store = Embedded::open(copied.path(), LocalBus::new().0)?;
    let entries = Engine::read(&store, &log(), ALL).await.unwrap();
    commit(&store, 100..101).await;
    let more = Engine::read(&store, &log(), ALL).await.unwrap();
    assert_eq!(more.len(), entries.len() + 1, "it goes on behind them");
    store.close().await.unwrap();
    Ok(entries.into_iter().map(|entry| entry.at.0).collect())
}

/// Where the sequence numbers of the batches stand that `bytes` begins with.
fn sequence_numbers(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    loop {
        let at = bytes.len() - rest.len();
        if Batch::take(&mut rest).is_none() {
            return found;
        }
        // Behind the tag and the number of items.
        found.push(at + 5..at + 13);
    }
}

/// Journals in which a byte was changed are refused, or seen to end before what was acknowledged, or hold the same all
/// the same: nobody knows how far a sequence number should have risen, as long as it has.
#[tokio::test]
async fn every_changed_byte_is_noticed() {
    let dir = closed(9).await;
    let (path, whole) = (journal(dir.path()), written(dir.path()));
    let rows = dir.path().join("rows");
    let numbers = sequence_numbers(&whole);
    assert_eq!(numbers.len(), 9);
    let last = &numbers[8];
    assert_eq!(Journals::read(&rows).unwrap().last, Some(9));
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            fs::write(&path, changed).unwrap();
            if Journals::read(&rows).is_ok_and(|journals| journals.last == Some(9)) {
                assert_eq!(entries(dir.path()).await.unwrap(), (1..10).collect::<Vec<_>>(), "byte {at}");
                // The last may be any that is greater; of another the lowest byte may be another that still rises.
                let may_be = last.contains(&at) || numbers.iter().any(|number| number.start == at);
                assert!(may_be, "byte {at}");
            }
        }
    }
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
    let store = open(dir.path());
    commit(&store, 1..6).await;
    let before = written(dir.path());
    commit(&store, 6..7).await;
    store.close().await.unwrap();
    let after = written(dir.path());
    assert_eq!(after[..before.len()], before);
    // What it was before the last group.
    let mut watermark = fs::read(dir.path().join("watermark")).unwrap();
    let acknowledged = frame::encode(b"watermark", 5, &[]);
    for place in [0, 512] {
        watermark[place..place + acknowledged.len()].copy_from_slice(&acknowledged);
    }
    fs::write(dir.path().join("watermark"), watermark).unwrap();

    let path = journal(dir.path());
    for length in (before.len()..=after.len()).step_by(7).chain([after.len() - 1, after.len()]) {
        fs::write(&path, [&after[..length], &[0; 100]].concat()).unwrap();
        let stored = if length == after.len() { 1..=6 } else { 1..=5 };
        assert_eq!(entries(dir.path()).await.unwrap(), stored.collect::<Vec<_>>(), "length {length}");
    }

    // Power that fails may leave the later part of a group and not the earlier.
    let mut torn = after.clone();
    torn[before.len()..before.len() + 40].fill(0);
    fs::write(&path, torn).unwrap();
    assert_eq!(entries(dir.path()).await.unwrap(), [1, 2, 3, 4, 5]);
}

/// The same part of a group is damage when the group was acknowledged. Nothing is cut then.
#[tokio::test]
async fn an_acknowledged_group_is_missed() {
    let dir = closed(6).await;
    let (path, whole) = (journal(dir.path()), written(dir.path()));
    for less in [1, 20, 200] {
        fs::write(&path, &whole[..whole.len() - less]).unwrap();
        let refused = Embedded::open(dir.path(), LocalBus::new().0).err().unwrap().to_string();
        assert!(refused.contains("batches 6 to 6 were acknowledged and are not in the files"), "{refused}");
        assert_eq!(fs::read(&path).unwrap().len(), whole.len() - less, "the file is left as it was");
    }
    // The way out that the error names.
    fs::remove_file(dir.path().join("watermark")).unwrap();
    assert_eq!(entries(dir.path()).await.unwrap(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_missing_journal_is_missed() {
    let dir = closed(4).await;
    let (number, path) = journal::newest(&dir.path().join("rows")).unwrap().unwrap();
    let later = |by: u64| dir.path().join(format!("rows/{}.jnl", number + by));
    fs::copy(&path, later(2)).unwrap();
    let refused = entries(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains("does not follow the journal before it"), "{refused}");
    fs::rename(later(2), later(1)).unwrap();
    let refused = entries(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains(".jnl: damaged at byte 0"), "{refused}");
    fs::remove_file(later(1)).unwrap();
    fs::remove_file(path).unwrap();
    let refused = entries(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains("the journal is missing"), "{refused}");
}

/// What the oldest of several journals holds may be in the tables of some keyspaces only, so that the newer ones follow
/// what is there and something is missing all the same.
#[tokio::test]
async fn the_oldest_of_several_journals_is_missed() {
    let dir = closed(3).await;
    let settings = Settings { rotate_journal: true, ..Settings::default() };
    let store = Embedded::open_with(dir.path(), LocalBus::new().0, &settings).unwrap();
    commit(&store, 4..6).await;
    store.close().await.unwrap();
    cut_zeros(dir.path());
    let rows = dir.path().join("rows");
    let (oldest, newest) = journal::oldest_and_newest(&rows).unwrap().unwrap();
    assert!(oldest < newest, "the entries are in no table yet");
    assert_eq!(entries(dir.path()).await.unwrap(), [1, 2, 3, 4, 5]);
    fs::remove_file(rows.join(format!("{oldest}.jnl"))).unwrap();
    let refused = entries(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("the journal {oldest}.jnl is missing")), "{refused}");
    // The way out that the error names.
    fs::remove_file(dir.path().join("watermark")).unwrap();
    assert!(Embedded::open(dir.path(), LocalBus::new().0).is_ok());
}

/// Each opening begins a journal where that is set, and what is in those before stays.
#[tokio::test]
async fn a_journal_is_begun_at_each_opening() {
    let dir = tempfile::tempdir().unwrap();
    let mut numbers = Vec::new();
    let settings = Settings { rotate_journal: true, ..Settings::default() };
    for at in 1..8 {
        let store = Embedded::open_with(dir.path(), LocalBus::new().0, &settings).unwrap();
        let found = Engine::read(&store, &log(), ALL).await.unwrap();
        assert_eq!(found.len() as u64, at - 1);
        commit(&store, at..at + 1).await;
        let (number, path) = journal::newest(&dir.path().join("rows")).unwrap().unwrap();
        assert_eq!(fs::metadata(path).unwrap().len(), HOLE_END, "a write does not make it longer");
        numbers.push(number);
        store.close().await.unwrap();
    }
    assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
    let left = fs::read_dir(dir.path().join("rows")).unwrap();
    let journals =
        left.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|is| is == "jnl"));
    assert!(journals.count() < 4, "what is in tables is deleted");
}

/// A group as the database writes it, which stores nothing but that `to` was the last batch and `from` the one before.
fn group(sequence: u64, from: u64, to: u64) -> Vec<u8> {
    let (key, value) = (key::LAST_BATCH, journal::link(to, from));
    let records: u64 = 2;
    let mut item = vec![2, 0, 0];
    item.extend(records.to_le_bytes());
    item.extend((key.len() as u16).to_le_bytes());
    item.extend([(value.len() as u32).to_le_bytes(), (value.len() as u32).to_le_bytes()].as_flattened());
    item.extend(key);
    item.extend(value);
    let mut group = vec![1, 1, 0, 0, 0];
    group.extend(sequence.to_le_bytes());
    group.extend(&item);
    group.push(3);
    group.extend(xxh3_64(&item).to_le_bytes());
    group.extend(b"FJL\x03");
    group
}

/// `written`, a hole up to where a rotation begins, and what is `behind`.
fn with_hole(written: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut bytes = written.to_vec();
    bytes.resize(HOLE_END as usize, 0);
    [&bytes, behind].concat()
}

/// A process that dies while it begins a journal leaves a hole, and perhaps an empty group behind it.
#[tokio::test]
async fn an_interrupted_turn_is_undone() {
    let dir = closed(5).await;
    let (path, whole) = (journal(dir.path()), written(dir.path()));
    let all = [1, 2, 3, 4, 5];
    let empty = group(1000, 5, 5);
    for behind in [&empty[..], &empty[..30], &[]] {
        fs::write(&path, with_hole(&whole, behind)).unwrap();
        assert_eq!(entries(dir.path()).await.unwrap(), all, "{} bytes behind the hole", behind.len());
    }
    // The next journal was begun, and the hole was not cut off yet.
    fs::write(&path, with_hole(&whole, &empty)).unwrap();
    let (number, _) = journal::newest(&dir.path().join("rows")).unwrap().unwrap();
    fs::write(dir.path().join(format!("rows/{}.jnl", number + 1)), group(1001, 5, 6)).unwrap();
    assert_eq!(Journals::read(&dir.path().join("rows")).unwrap().last, Some(6));
    assert_eq!(entries(dir.path()).await.unwrap(), all);
}

/// What looks like a rotation and is none is damage.
#[tokio::test]
async fn groups_are_not_lost_in_a_hole() {
    let dir = closed(5).await;
    let (path, whole) = (journal(dir.path()), written(dir.path()));
    let lost = with_hole(&whole, &group(1000, 6, 6));
    let not_empty = with_hole(&whole, &group(1000, 5, 6));
    let with_more = with_hole(&whole, &[group(1000, 5, 5), group(1001, 5, 6)].concat());
    let elsewhere = [&whole[..], &[0; 5000], &group(1000, 5, 5)].concat();
    for bytes in [lost, not_empty, with_more, elsewhere] {
        fs::write(&path, bytes).unwrap();
        let refused = entries(dir.path()).await.unwrap_err().to_string();
        assert!(refused.contains("what follows is whole"), "{refused}");
    }
}

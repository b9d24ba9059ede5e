//! One writer that syncs after every batch: a bare file, fjall, redb.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use redb::TableDefinition;

use crate::meter::{Meter, Row};
use crate::{CONVERSATIONS, Load, record};

/// Calls `commit` with the keys and records of one batch after another until the time is over.
fn run(name: &str, load: Load, mut commit: impl FnMut(&[([u8; 16], Vec<u8>)])) -> (Meter, Row) {
    let Load { at_once: batch, size, time } = load;
    let meter = Meter::start();
    let mut commits = Vec::new();
    let mut records = 0;
    while meter.elapsed() < time {
        let rows: Vec<_> =
            (records..records + batch).map(|number| (key(number), record(number, size))).collect();
        records += batch;
        let begun = Instant::now();
        commit(&rows);
        commits.push(begun.elapsed());
    }
    let row = meter.row(format!("{name}, batches of {batch}"), records, size, commits);
    (meter, row)
}

/// Session and number.
fn key(number: u64) -> [u8; 16] {
    let conversation = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % CONVERSATIONS;
    let mut key = [0; 16];
    key[..8].copy_from_slice(&conversation.to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

pub(crate) fn raw(dir: &Path, load: Load) -> Row {
    let mut file = File::create(dir.join("log")).unwrap();
    let mut buffer = Vec::new();
    let (meter, row) = run("bare file", load, |rows| {
        buffer.clear();
        for (key, record) in rows {
            buffer.extend_from_slice(key);
            buffer.extend_from_slice(record);
        }
        file.write_all(&buffer).unwrap();
        file.sync_data().unwrap();
    });
    row.closed(&meter)
}

pub(crate) fn fjall(dir: &Path, load: Load) -> Row {
    let database = Database::builder(dir.join("fjall")).open().unwrap();
    let entries = database.keyspace("entry", KeyspaceCreateOptions::default).unwrap();
    let (meter, row) = run("fjall", load, |rows| {
        let mut group = database.batch().durability(Some(PersistMode::SyncData));
        for (key, record) in rows {
            group.insert(&entries, &key[..], record.clone());
        }
        group.commit().unwrap();
    });
    drop((entries, database));
    row.closed(&meter)
}

pub(crate) fn redb(dir: &Path, load: Load) -> Row {
    const ENTRIES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("entry");
    let database = redb::Database::create(dir.join("redb")).unwrap();
    let (meter, row) = run("redb", load, |rows| {
        let group = database.begin_write().unwrap();
        let mut entries = group.open_table(ENTRIES).unwrap();
        for (key, record) in rows {
            entries.insert(&key[..], &record[..]).unwrap();
        }
        drop(entries);
        group.commit().unwrap();
    });
    drop(database);
    row.closed(&meter)
}

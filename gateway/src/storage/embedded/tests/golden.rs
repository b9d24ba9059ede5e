//! The rows as they are written, and those of earlier formats.

use super::super::store::failed;
use super::*;
use crate::storage::conformance::golden::{self, Row};

/// So that one token is in each place where tokens are.
fn settings() -> Settings {
    Settings { idempotency_keys_in_memory: 1, ..Settings::default() }
}

fn open(dir: &Path) -> Embedded {
    Embedded::open_with(dir, LocalBus::new().0, &settings()).unwrap()
}

fn keyspaces(store: &Store) -> [(&'static str, &fjall::Keyspace); 4] {
    let [first, second] = &store.tokens;
    [("record", &store.records), ("entry", &store.entries), ("token0", first), ("token1", second)]
}

fn rows(engine: &Embedded) -> Vec<Row> {
    let read = |store: &Store| {
        let mut rows = Vec::new();
        for (name, keyspace) in keyspaces(store) {
            for guard in keyspace.iter() {
                let (key, value) = guard.into_inner().map_err(|error| failed("test", error))?;
                rows.push(Row::new(name, &[&key, &value]));
            }
        }
        Ok(rows)
    };
    engine.read(read).unwrap()
}

#[tokio::test]
async fn rows_are_written_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    golden::fill(&engine).await;
    let rows = rows(&engine);
    golden::check(&engine, &rows).await;
    engine.close().await.unwrap();
    golden::check(&open(dir.path()), &rows).await;
    golden::compare("embedded", rows);
}

#[tokio::test]
async fn rows_of_every_format_are_read() {
    for page in golden::pages("embedded") {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        let written = engine.read(|store| {
            let mut group = store.database.batch().durability(Some(fjall::PersistMode::SyncData));
            for (name, keyspace) in keyspaces(store) {
                for row in page.iter().filter(|row| row.kind == name) {
                    group.insert(keyspace, row.parts[0].clone(), row.parts[1].clone());
                }
            }
            group.commit().map_err(|error| failed("test", error))
        });
        written.unwrap();
        engine.close().await.unwrap();
        golden::check(&open(dir.path()), &page).await;
    }
}

//! The process that is killed.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use gateway::bus::LocalBus;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Key, Partition, Table};
use protocol::id::{AppId, GroupId};

use crate::Kind;
use crate::ledger::{Place, line};

/// Groups that the writers share.
pub(crate) const GROUPS: usize = 3;
pub(crate) const LOG: &str = "log";

pub(crate) fn group(number: usize) -> Partition {
    Partition::group(AppId(1), &GroupId::parse(&format!("group{number}")).unwrap())
}

/// How many entries the group's log has, kept beside the log.
pub(crate) fn length() -> Key {
    Key::new(Table::Counter, "length")
}

/// The last number of a writer.
pub(crate) fn newest(writer: usize) -> Key {
    Key::new(Table::Member, writer.to_string())
}

/// Writes until it is killed; `numbers` is where each writer begins.
pub(crate) fn write(kind: Kind, dir: &Path, numbers: Vec<u64>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Arc::new(Embedded::open_with(dir, LocalBus::new().0, &kind.settings()).unwrap());
        let writers: Vec<_> = numbers
            .into_iter()
            .enumerate()
            .map(|(writer, number)| tokio::spawn(commit_all(engine.clone(), kind, writer, number)))
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn commit_all(engine: Arc<Embedded>, kind: Kind, writer: usize, mut number: u64) {
    let padding = "x".repeat(kind.record_bytes());
    loop {
        let batch = Batch::new(group(writer % GROUPS), kind.time_of(number))
            .idempotency_key(format!("{writer} {number}"))
            .put(newest(writer), number.to_string())
            .add(length(), 1, None)
            .append(LOG, format!("{writer} {number} {padding}"));
        let committed = engine.commit(batch).await.unwrap();
        let end = committed.entry();
        let place = Place { seq: end.seq.0, at: end.at.0 };
        let line = line(writer, number, place, committed.repeated);
        // One write for each line, so that the pipe holds it whole or not at all.
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        number += 1;
    }
}

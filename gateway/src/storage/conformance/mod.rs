//! The guarantees of [`Engine`](super::Engine) as code, run against every engine.
//!
//! An engine's tests hold one line, `conformance!(open)`, where `open` makes a [`Fixture`] with an empty store.
//! Each guarantee is then a test of that engine with its own name.

pub(crate) mod announce;
pub(crate) mod batch;
pub(crate) mod golden;
pub(crate) mod idempotency;
pub(crate) mod lifecycle;
pub(crate) mod log;
pub(crate) mod model;
pub(crate) mod record;
pub(crate) mod retention;

use std::sync::Arc;

use bytes::Bytes;
use protocol::id::{AppId, ChannelId, GroupId, Millis, Seq};

use super::{
    Batch, CommitError, Committed, Cursor, Engine, Entry, Key, Log, LogEnd, Partition, Scan, StorageError,
    Table, Version, Window,
};
use crate::bus::{Delivery, Incoming, Receiver};

/// A store for one test, which may be opened again after it was closed.
pub(crate) trait Fixture: Send + Sync {
    fn open(&self) -> impl Future<Output = Opened> + Send;
}

pub(crate) struct Opened {
    pub(crate) engine: Arc<dyn Engine>,
    /// Where the events of its batches arrive.
    pub(crate) events: Receiver,
}

/// The next event that arrives.
async fn next(events: &mut Receiver) -> Delivery {
    loop {
        if let Incoming::Event(delivery) = events.recv().await.unwrap() {
            return delivery;
        }
    }
}

/// One test for each guarantee. `$new` names a function that makes a [`Fixture`].
macro_rules! conformance {
    ($new:ident) => {
        $crate::storage::conformance::tests! { $new,
            batch: stored_whole, refused_changes_nothing, appends_to_several_logs, appends_twice_to_one_log,
                too_many_appends_are_refused, read_whole, sees_those_before,
                no_update_is_lost, no_bound_is_passed, stored_in_the_order_of_submission,
                not_taken_back_by_dropping;
            record: in_the_order_asked_for, versions_are_never_the_same, checks, counters, scanned_in_order,
                scanned_in_pages, scan_stays_in_its_prefix, any_bytes_as_suffix, neighbours_are_apart;
            log: dense, times_never_go_backwards, windows, logs_are_apart, names_of_any_bytes, found_by_a_record;
            idempotency: answered_as_the_first, answered_with_every_entry, answered_before_checks, same_token_at_the_same_time,
                refusal_is_not_remembered, tokens_of_partitions_are_apart, remembered_for_the_window;
            announce: in_the_order_of_the_log, each_of_its_own_entry, after_it_is_stored, refused_is_silent, without_an_entry;
            retention: every_log_is_found, found_while_others_come_and_go, trimmed, trimmed_to_nothing,
                trimmed_reopened, trim_may_be_repeated, trim_of_nothing, trim_stays_in_its_log,
                dense_while_it_is_trimmed, trimmed_then_purged;
            lifecycle: reopened, purged, purged_between_batches, purge_may_be_repeated, closed, healthy;
            model: random_batches;
        }
    };
}

macro_rules! tests {
    ($new:ident, $($subject:ident: $($name:ident),+;)+) => {
        $(mod $subject {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let fixture = super::$new();
                $crate::storage::conformance::$subject::$name(&fixture).await;
            })+
        })+
    };
}

pub(crate) use {conformance, tests};

/// A group of application 1.
fn group(name: &str) -> Partition {
    Partition::group(AppId(1), &GroupId::parse(name).unwrap())
}

fn room() -> Partition {
    group("room")
}

fn room_log() -> Log {
    Log { partition: room(), name: "log".into() }
}

/// A batch on the room at second `at`.
fn batch(at: u64) -> Batch {
    Batch::new(room(), seconds(at))
}

fn seconds(at: u64) -> Millis {
    Millis(at * 1000)
}

fn key(suffix: &'static str) -> Key {
    Key::new(Table::Member, suffix)
}

fn all_of(table: Table) -> Scan {
    Scan { table, prefix: Bytes::new(), after: None, skip: 0, limit: usize::MAX, reverse: false }
}

pub(crate) const ALL: Window =
    Window { from: Seq(1), to: Seq(u64::MAX), limit: usize::MAX, newest_first: false };

/// The bytes at each key of the room.
async fn bytes_at(engine: &dyn Engine, keys: &[Key]) -> Vec<Option<Bytes>> {
    let values = engine.get(&room(), keys).await.unwrap();
    values.into_iter().map(|value| value.map(|value| value.bytes)).collect()
}

async fn suffixes(engine: &dyn Engine, partition: &Partition, scan: Scan) -> Vec<Bytes> {
    let found = engine.scan(partition, scan).await.unwrap();
    found.into_iter().map(|(suffix, _)| suffix).collect()
}

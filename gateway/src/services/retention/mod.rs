//! Retention: what is older, or more, than an operator wants to keep is dropped.
//!
//! A walk over all logs of the store drops the entries that are past the policy, and then what was kept beside them.
//! In this order, because a message whose recall went first would be readable again. A crash between the two leaves
//! records behind that nobody asks for; the first walk of a process and one a day look for those.
//!
//! Every instance walks. Whatever two of them do at once is done as well by one.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::deps::{Deps, MayBeDamage};
use super::timeline::{self, Timelines};
use super::volume;
use crate::storage::{Batch, Key, Log, Scan, StorageError, Table};

use protocol::id::Seq;

/// How long it is between two walks, about.
pub const INTERVAL: Duration = Duration::from_secs(600);

/// Every so many walks is a full scan for orphaned records, whose entry is gone.
const THOROUGH: u64 = 144;

/// Logs that are asked for at once.
const LOGS: usize = 200;

/// Records that one batch deletes.
const RECORDS: usize = 200;

const SECONDS_PER_DAY: u64 = 24 * 3600;

/// What is kept. 0 is everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Messages and notices that are older are dropped.
    pub days: u32,
    /// The newest ones of each group, of each pair of users, and of each user's notices.
    pub messages_per_conversation: u64,
}

impl Policy {
    pub fn keeps_everything(self) -> bool {
        self == Self::default()
    }
}

/// What a walk did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    pub entries: u64,
    /// Annotations, recalls and hidden marks of entries that are gone.
    pub records: u64,
    /// Logs that could not be read or trimmed; the walk went on.
    pub failed: u64,
}

/// A cheap handle.
#[derive(Clone)]
pub struct Retention {
    deps: Deps,
    timelines: Timelines,
}

impl Retention {
    pub fn new(deps: Deps) -> Self {
        Self { timelines: Timelines::new(deps.clone()), deps }
    }

    /// Walks about every `interval` until `stop`, also in the middle of a walk. The first walk is soon: after a
    /// sixtieth to a thirtieth of the interval.
    pub async fn run(self, interval: Duration, stop: CancellationToken) {
        if self.deps.apps.all(|settings| settings.retention.keeps_everything()) {
            return;
        }
        // At random, so that instances that started together do not do the same work together.
        let mut wait = interval.mul_f64(rand::random_range(1.0..2.0) / 60.0);
        for round in 0u64.. {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
            tokio::select! {
                walked = self.walk(round % THOROUGH == 0) => report(walked),
                () = stop.cancelled() => return,
            }
            wait = interval.mul_f64(rand::random_range(0.5..1.5));
        }
    }

    /// One walk over all logs. A thorough one looks for records without an entry also where it drops nothing.
    pub async fn walk(&self, thorough: bool) -> Result<Dropped, StorageError> {
        let mut dropped = Dropped::default();
        let mut after = None;
        loop {
            let page = self.deps.engine.logs(after, LOGS).await?;
            for log in &page.logs {
                match self.expire(log, thorough, &mut dropped).await {
                    Ok(()) => {}
                    // It concerns this log alone; the others must not fill the disk for it.
                    Err(error) if error.is_damage() => {
                        tracing::warn!(%error, "a log was passed over by retention");
                        dropped.failed += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(dropped);
            }
        }
    }

    async fn expire(&self, log: &Log, thorough: bool, dropped: &mut Dropped) -> Result<(), StorageError> {
        let end = self.deps.engine.log_end(log).await?.seq;
        let first = match self.timelines.first(log).await? {
            Some(first) => first.seq,
            None => end.next(),
        };
        let kept = self.first_kept(log, end).await?.max(first);
        if kept > first {
            // Before they go, so that what a crash leaves behind is counted as it is.
            volume::give_back(&self.deps, log, first, kept).await?;
            self.deps.engine.trim(log, kept).await?;
            dropped.entries += kept.0 - first.0;
        }
        if kept > first || (thorough && kept > Seq(1)) {
            for table in timeline::BESIDE_ENTRIES {
                dropped.records += self.delete_below(log, table, kept).await?;
            }
        }
        Ok(())
    }

    /// The first entry that the policy keeps; one past the end when it keeps none.
    async fn first_kept(&self, log: &Log, end: Seq) -> Result<Seq, StorageError> {
        let policy = self.deps.settings(log.partition.app()).retention;
        let mut kept = Seq(1);
        if policy.messages_per_conversation > 0 {
            kept = Seq(end.next().0.saturating_sub(policy.messages_per_conversation)).max(kept);
        }
        if policy.days > 0 {
            let age = u64::from(policy.days) * SECONDS_PER_DAY;
            let since = self.deps.now().seconds().saturating_sub(age);
            kept = self.timelines.first_at(log, since).await?.max(kept);
        }
        Ok(kept)
    }

    /// Deletes the records of a table that belong to entries below `first`.
    async fn delete_below(&self, log: &Log, table: Table, first: Seq) -> Result<u64, StorageError> {
        let mut deleted = 0;
        let mut after = None;
        loop {
            let scan =
                Scan { table, prefix: log.name.clone(), after, skip: 0, limit: RECORDS, reverse: false };
            let page = self.deps.engine.scan(&log.partition, scan).await?;
            let mut batch = Batch::new(log.partition.clone(), self.deps.now());
            for (suffix, _) in &page {
                if timeline::entry_of(suffix).is_some_and(|seq| seq < first) {
                    batch = batch.delete(Key::new(table, suffix.clone()));
                }
            }
            deleted += batch.deletes.len() as u64;
            if !batch.deletes.is_empty() {
                self.deps.commit(batch).await?;
            }
            if page.len() < RECORDS {
                return Ok(deleted);
            }
            after = page.last().map(|(suffix, _)| suffix.clone());
        }
    }
}

fn report(walked: Result<Dropped, StorageError>) {
    match walked {
        Ok(dropped) => {
            metrics::counter!("gateway_expired_entries_total").increment(dropped.entries);
            if dropped != Dropped::default() {
                let Dropped { entries, records, failed } = dropped;
                tracing::info!(entries, records, failed, "dropped what is past the retention policy");
            }
        }
        // The next walk begins anew; what was dropped until now stays dropped.
        Err(error) => tracing::warn!(%error, "a walk of retention ended early"),
    }
}

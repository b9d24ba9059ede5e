//! Notices: what one user must be told about their groups, kept so that a device that was away can catch up.

mod heard;

use std::collections::BTreeSet;

use protocol::id::{AppId, Millis, Seq, UserId};
use protocol::push::{Mark, Notice};
use serde::{Deserialize, Serialize};

use super::deps::{Actor, Deps, Outcome};
use super::receipts::Receipts;
use super::timeline::{Hidden, entry_of};
use crate::bus::{DeviceId, Entry, Stamp, Topic};
use crate::storage::{Batch, Key, Log, Partition, Scan, StorageError, Table, Window, records};

pub(super) use self::heard::Heard;
pub use self::heard::heard_key;

/// A kept notice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StoredNotice {
    #[serde(rename = "n")]
    Notice(Notice),
    #[serde(rename = "m")]
    Mark(Mark),
}

/// The name of the log of notices in a user's partition.
const LOG: &[u8] = b"notice";

/// Rows beside notices that are written or deleted in one batch.
const DROPPED_AT_ONCE: usize = 500;

/// How many notices a device that was away is told at once.
const CATCH_UP: usize = 100;

/// Tells users, and remembers what they were told.
#[derive(Clone)]
pub struct Notices {
    deps: Deps,
    receipts: Receipts<Heard>,
}

/// What a device that was away is told.
pub struct Missed {
    /// Oldest first, with numbers and times.
    pub notices: Vec<(Seq, Millis, StoredNotice)>,
    /// With these it has everything up to here.
    pub last: Seq,
}

impl Notices {
    pub fn new(deps: Deps) -> Self {
        Self { deps, receipts: Receipts::default() }
    }

    /// Tells a user's devices, and those that come back later.
    pub async fn notify(
        &self,
        app: AppId,
        user: &UserId,
        kept: StoredNotice,
        origin: Option<DeviceId>,
    ) -> Result<(), StorageError> {
        let bytes = records::encode(&kept);
        let event = match kept {
            StoredNotice::Notice(notice) => Entry::Notice { notice, origin },
            StoredNotice::Mark(mark) => Entry::Mark { mark },
        };
        let batch = Batch::new(Partition::user(app, user), self.deps.now())
            .append(LOG, bytes)
            .announce(Topic::User(app, user.clone()), event);
        match self.deps.commit(batch).await? {
            Outcome::Stored(committed) => {
                self.drop_old(app, user, committed.entry().seq);
                Ok(())
            }
            // The batch has neither checks nor counts.
            Outcome::Conflict | Outcome::Bound => Ok(()),
        }
    }

    /// Others make a user's notices, so only the newest are kept. They are dropped many at a time, while nobody waits.
    fn drop_old(&self, app: AppId, user: &UserId, last: Seq) {
        let most = self.deps.settings(app).limits.notices_per_user;
        if most == 0 || last.0 <= most || !last.0.is_multiple_of((most / 4).max(1)) {
            return;
        }
        let (deps, log, first_kept) = (self.deps.clone(), log(app, user), Seq(last.0 - most + 1));
        self.deps.tasks.spawn(async move {
            if let Err(error) = drop_below(&deps, &log, first_kept).await {
                // The next time they go as well.
                tracing::warn!(%error, "old notices of a user could not be dropped");
            }
        });
    }

    /// Tells only the devices that are there now: for what the user's other devices see by themselves later.
    pub async fn notify_live(&self, app: AppId, user: &UserId, notice: Notice, origin: Option<DeviceId>) {
        // The number must differ from that of every other notice of this user, for clients take two with one for one.
        let stamp = Stamp { seq: Seq(self.deps.clock.number()), at: self.deps.now() };
        self.deps.tell(app, user, Some(stamp), Entry::Notice { notice, origin }).await;
    }

    /// The number of the last notice.
    pub async fn last(&self, app: AppId, user: &UserId) -> Result<Seq, StorageError> {
        Ok(self.deps.engine.log_end(&log(app, user)).await?.seq)
    }

    /// What the actor's device has not: neither is it up to `known`, nor is it a notice that the device acknowledged.
    pub async fn missed(&self, actor: &Actor, known: Seq) -> Result<Missed, StorageError> {
        let last = self.last(actor.app, &actor.user).await?;
        let mut notices = Vec::new();
        if known < last {
            let heard = match actor.device {
                Some(device) => self.heard(actor.app, &actor.user, device).await?,
                None => Heard::default(),
            };
            notices = self.since(actor.app, &actor.user, known).await?;
            // What came meanwhile is pushed.
            // Newer SDKs forget the marks of a conversation when they read its list anew: those that the user has not seen
            // are told again.
            let is_new =
                |seq: &Seq, kept: &StoredNotice| matches!(kept, StoredNotice::Mark(_)) || !heard.has(*seq);
            notices.retain(|(seq, _, kept)| *seq <= last && is_new(seq, kept));
        }
        Ok(Missed { notices, last })
    }

    /// What was kept after `seen`, oldest first, with numbers and times; the newest ones when there are many.
    pub async fn since(
        &self,
        app: AppId,
        user: &UserId,
        seen: Seq,
    ) -> Result<Vec<(Seq, Millis, StoredNotice)>, StorageError> {
        let window = Window { from: seen.next(), to: Seq(u64::MAX), limit: CATCH_UP, newest_first: true };
        let mut entries = self.deps.engine.read(&log(app, user), window).await?;
        entries.reverse();
        let keys: Vec<Key> = entries.iter().map(|entry| deleted_key(entry.seq)).collect();
        let deleted = records::values_each(&self.deps.engine, &Partition::user(app, user), &keys).await?;
        // A note that is damaged was there.
        let unseen = entries.into_iter().zip(deleted).filter(|(_, deleted)| matches!(deleted, Ok(None)));
        // One that a newer version keeps, which this one cannot read, costs nobody the others; the log says so.
        let read =
            unseen.filter_map(|(entry, _)| Some((entry.seq, entry.at, records::decode(&entry.bytes).ok()?)));
        Ok(read.collect())
    }

    /// The user has seen these. Numbers of notices that are not there, or not any more, are ignored.
    pub async fn delete(&self, app: AppId, user: &UserId, seqs: &[Seq]) -> Result<(), StorageError> {
        let window = Window { from: Seq(1), to: Seq(u64::MAX), limit: 1, newest_first: false };
        let Some(first) = self.deps.engine.read(&log(app, user), window).await?.pop() else { return Ok(()) };
        let last = self.last(app, user).await?;
        let kept: BTreeSet<Seq> =
            seqs.iter().copied().filter(|seq| (first.seq..=last).contains(seq)).collect();
        let kept: Vec<Seq> = kept.into_iter().collect();
        for some in kept.chunks(DROPPED_AT_ONCE) {
            let batch = Batch::new(Partition::user(app, user), self.deps.now());
            let batch = some
                .iter()
                .fold(batch, |batch, seq| batch.put(deleted_key(*seq), records::encode(&Hidden {})));
            self.deps.commit(batch).await?;
        }
        Ok(())
    }
}

/// Drops the notices below a number, and what is noted beside them.
async fn drop_below(deps: &Deps, log: &Log, first_kept: Seq) -> Result<(), StorageError> {
    deps.engine.trim(log, first_kept).await?;
    loop {
        let scan = Scan {
            table: Table::Hidden,
            prefix: log.name.clone(),
            after: None,
            skip: 0,
            limit: DROPPED_AT_ONCE,
            reverse: false,
        };
        let rows = deps.engine.scan(&log.partition, scan).await?;
        let is_old = |suffix: &[u8]| entry_of(suffix).is_some_and(|seq| seq < first_kept);
        let old = rows.into_iter().map(|(suffix, _)| suffix).take_while(|suffix| is_old(suffix));
        let batch = Batch::new(log.partition.clone(), deps.now());
        let batch = old.fold(batch, |batch, suffix| batch.delete(Key::new(Table::Hidden, suffix)));
        let is_last = batch.deletes.len() < DROPPED_AT_ONCE;
        if !batch.deletes.is_empty() {
            deps.commit(batch).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

/// That the user has seen a notice.
fn deleted_key(seq: Seq) -> Key {
    Key::new(Table::Hidden, [LOG, &seq.0.to_be_bytes()].concat())
}

fn log(app: AppId, user: &UserId) -> Log {
    Log { partition: Partition::user(app, user), name: LOG.into() }
}

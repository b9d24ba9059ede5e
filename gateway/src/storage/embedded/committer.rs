//! The one thread that writes.
//!
//! It takes all that waits, carries it out as one group, syncs it to disk, and only then announces and answers.
//! What arrives meanwhile is the next group, so a slow disk makes larger groups and not a longer queue.

use std::sync::Arc;

use fjall::{OwnedWriteBatch, PersistMode};
use protocol::id::Seq;

use crate::bus::{LocalBus, Stamp};
use crate::storage::{Announce, Batch, CommitError, Committed, LogEnd, StorageError};

use super::group_commit::GroupCommit;
use super::idempotency::IdempotencyKeys;
use super::journal;
use super::key::{self, Range};
use super::log_ends::LogEnds;
use super::queue::{Job, Queue, Reply};
use super::store::{Store, failed, gave_up, unless_it_panics};
use super::trim::Trimmed;
use super::watermark::Watermark;

/// Rows that one slice of a purge or a trim deletes.
const SLICE: usize = 512;

/// Which rows a purge deletes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows {
    Records,
    Entries,
}

pub(super) struct Committer {
    pub(super) queue: Arc<Queue>,
    pub(super) store: Store,
    pub(super) bus: LocalBus,
    pub(super) tokens: IdempotencyKeys,
    pub(super) ends: LogEnds,
    pub(super) watermark: Watermark,
    /// The number of the last stored batch.
    pub(super) last: u64,
}

/// A batch of the group that waits for the disk.
struct Waiting {
    batch: Batch,
    outcome: Result<Committed, CommitError>,
    reply: Reply<Committed, CommitError>,
}

impl Waiting {
    /// The job that it was.
    fn again(self) -> Job {
        Job::Commit { batch: self.batch, reply: self.reply }
    }
}

impl Committer {
    /// Works until the queue is closed and empty, or until a write fails.
    pub(super) fn run(&mut self) -> Result<(), StorageError> {
        while let Some(mut jobs) = self.queue.take() {
            // Nothing of it was tried yet: it is carried out when the store is open anew, if it can be.
            if let Err(error) = self.store.look_for_failure() {
                self.queue.put_back(jobs);
                return Err(error);
            }
            match jobs.pop_if(|job| !matches!(job, Job::Commit { .. })) {
                None => self.commit(jobs)?,
                Some(Job::Purge { rows, range, reply }) => self.purge(rows, range, reply)?,
                Some(Job::Trim { log, first_kept, reply }) => self.trim(&log, first_kept, reply)?,
                Some(Job::Probe { reply }) => Self::probe(reply),
                Some(Job::Commit { .. }) => unreachable!("only other jobs are popped"),
            }
        }
        self.watermark.sync()
    }

    /// Lets go of everything else.
    pub(super) fn into_watermark(self) -> Watermark {
        self.watermark
    }

    pub(super) fn commit(&mut self, jobs: Vec<Job>) -> Result<(), StorageError> {
        let mut staged = GroupCommit::new(&self.store, &mut self.ends, &mut self.tokens, self.last);
        let mut group = Vec::with_capacity(jobs.len());
        for job in jobs {
            if let Job::Commit { batch, reply } = job {
                group.push(Waiting { outcome: staged.take(&batch), batch, reply });
            }
        }
        let written = match staged.write() {
            Ok(None) => Ok(()),
            Ok(Some((rows, last))) => self.write(rows, last),
            Err(error) => Err(error),
        };
        if written.as_ref().is_err_and(gave_up) {
            // Nothing of it is stored, or what is will be cut off: it is carried out when the store is open anew.
            self.queue.put_back(group.into_iter().map(Waiting::again).collect());
            return written;
        }
        for waiting in group {
            match &written {
                Ok(()) => self.answer(waiting),
                // A refusal may rest on a batch of the same group, so it is as unknown as the rest.
                Err(error) => drop(waiting.reply.send(Err(error.clone().into()))),
            }
        }
        written
    }

    /// Stores the rows together, so that a crash after this does not undo them.
    fn write(&mut self, mut rows: OwnedWriteBatch, last: u64) -> Result<(), StorageError> {
        rows.insert(&self.store.records, key::LAST_BATCH, journal::link(last, self.last));
        rows.durability(Some(PersistMode::SyncData)).commit().map_err(|error| failed("commit", error))?;
        self.store.show();
        self.last = last;
        self.watermark.rise(last)
    }

    fn answer(&self, waiting: Waiting) {
        let Waiting { batch: Batch { announces, .. }, outcome, reply } = waiting;
        if let Ok(Committed { entries, repeated: false, .. }) = &outcome {
            for announce in announces {
                let stamp = announce.entry(entries).map(|end| Stamp { seq: end.seq, at: end.at });
                let Announce { topic, event, .. } = announce;
                self.bus.publish_blocking(topic, stamp, event);
            }
        }
        // Whoever has stopped waiting for the answer does not need it.
        let _ = reply.send(outcome);
    }

    /// Deletes the last rows of `range` and answers with what is left of it.
    ///
    /// From the end, so that a log that is half purged is still dense.
    fn purge(&mut self, rows: Rows, range: Range, reply: Reply<Option<Range>>) -> Result<(), StorageError> {
        let keyspace = match rows {
            Rows::Records => &self.store.records,
            Rows::Entries => &self.store.entries,
        };
        let (start, _) = range.clone();
        let found = unless_it_panics("purge", || {
            let rows = keyspace.range::<Vec<u8>, _>(range.clone()).rev().take(SLICE);
            rows.map(|row| row.key()).collect::<Result<Vec<_>, _>>().map_err(|error| failed("purge", error))
        });
        let found = match found {
            // One by one past the damaged block; what is in it cannot be read either.
            Err(StorageError::Damaged { .. }) => {
                self.store.edge_around(keyspace, range, true).map(|row| row.into_iter().collect())
            }
            found => found,
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let _ = reply.send(Err(error));
                return Ok(());
            }
        };
        let Some(least) = found.last() else {
            let _ = reply.send(Ok(None));
            return Ok(());
        };
        let left = (start, std::ops::Bound::Excluded(least.to_vec()));
        let mut group = OwnedWriteBatch::with_capacity(self.store.database.clone(), SLICE + 1);
        for row in found {
            match (rows, row.len().checked_sub(8)) {
                (Rows::Entries, Some(log)) => {
                    self.ends.forget(&row[..log]);
                    group.remove(keyspace, row);
                }
                _ => self.store.remove_record(&mut group, row),
            }
        }
        let written = self.write(group, self.last + 1);
        let _ = reply.send(written.clone().map(|()| Some(left)));
        written
    }

    /// Deletes the first rows of a log and moves its mark; answers whether `first_kept` is now its first.
    fn trim(&mut self, log: &[u8], first_kept: Seq, reply: Reply<bool>) -> Result<(), StorageError> {
        let found = self.store.newest_trimmed(log).and_then(|trimmed| Ok((trimmed, self.log_end(log)?)));
        let (trimmed, end) = match found {
            Ok(found) => found,
            Err(error) => {
                let _ = reply.send(Err(error));
                return Ok(());
            }
        };
        let goal = first_kept.min(end.seq.next());
        if goal <= trimmed.first {
            let _ = reply.send(Ok(true));
            return Ok(());
        }
        let first = goal.min(Seq(trimmed.first.0 + SLICE as u64));
        let mut group = OwnedWriteBatch::with_capacity(self.store.database.clone(), SLICE + 2);
        for seq in trimmed.first.0..first.0 {
            group.remove(&self.store.entries, key::entry(log.to_vec(), Seq(seq)));
        }
        let mark = key::entry(log.to_vec(), Seq::ZERO);
        let value = Trimmed { first, end }.encode(&mark);
        group.insert(&self.store.entries, mark, value);
        let written = self.write(group, self.last + 1);
        let _ = reply.send(written.clone().map(|()| first == goal));
        written
    }

    fn log_end(&self, log: &[u8]) -> Result<LogEnd, StorageError> {
        self.ends.get(log).map_or_else(|| self.store.head_of(log), Ok)
    }

    fn probe(reply: Reply<()>) {
        // It was looked for a failure before. Whoever has stopped waiting for the answer does not need it.
        let _ = reply.send(Ok(()));
    }
}

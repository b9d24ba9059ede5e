//! What waits for the committer, in the order in which it was submitted.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::id::Seq;
use tokio::sync::oneshot;

use crate::storage::{Batch, CommitError, Committed, StorageError};

use super::committer::Rows;
use super::key::Range;

/// What one group commit takes at most, so that the first in a group does not wait for a thousandth's work.
pub(super) const GROUP_JOBS: usize = 1024;
const GROUP_BYTES: usize = 4 << 20;

/// A group that takes longer than this hangs on the disk.
const STALLED: Duration = Duration::from_secs(10);

pub(super) type Reply<T, E = StorageError> = oneshot::Sender<Result<T, E>>;

/// Work for the committer.
pub(super) enum Job {
    Commit {
        batch: Batch,
        reply: Reply<Committed, CommitError>,
    },
    /// Deletes a slice of the rows; answers with what is left of the range.
    Purge {
        rows: Rows,
        range: Range,
        reply: Reply<Option<Range>>,
    },
    /// Deletes a slice of the entries below a number; answers whether that was all.
    Trim {
        log: Vec<u8>,
        first_kept: Seq,
        reply: Reply<bool>,
    },
    /// Answers whether the store would take a write.
    Probe {
        reply: Reply<()>,
    },
}

impl Job {
    fn size(&self) -> usize {
        match self {
            Job::Commit { batch, .. } => size_bytes(batch),
            Job::Purge { .. } | Job::Trim { .. } | Job::Probe { .. } => 0,
        }
    }

    /// Answers without having done anything.
    pub(super) fn refuse(self, error: StorageError) {
        // Whoever has stopped waiting for the answer does not need it.
        match self {
            Job::Commit { reply, .. } => drop(reply.send(Err(error.into()))),
            Job::Purge { reply, .. } => drop(reply.send(Err(error))),
            Job::Trim { reply, .. } => drop(reply.send(Err(error))),
            Job::Probe { reply } => drop(reply.send(Err(error))),
        }
    }
}

/// About what a batch weighs in memory.
fn size_bytes(batch: &Batch) -> usize {
    let puts: usize = batch.puts.iter().map(|(key, bytes)| key.suffix.len() + bytes.len()).sum();
    let appends: usize = batch.appends.iter().map(|append| append.log.len() + append.bytes.len()).sum();
    size_of::<Job>() + puts + appends
}

#[derive(Clone, Debug)]
pub(super) enum Phase {
    Open,
    /// Takes nothing more; what waits is still carried out.
    Closing,
    Closed,
    /// A write failed; the reason.
    Failed(StorageError),
}

struct State {
    waiting: VecDeque<Job>,
    bytes: usize,
    phase: Phase,
    /// Whether the committer sleeps.
    idle: bool,
    /// Since when the committer is at the group it took last.
    busy_since: Option<Instant>,
}

pub(super) struct Queue {
    /// Bytes that may wait. Beyond them a batch is refused at once.
    most_bytes: usize,
    stalled: Duration,
    state: Mutex<State>,
    wake: Condvar,
}

impl Queue {
    pub(super) fn new(most_bytes: usize) -> Self {
        let state =
            State { waiting: VecDeque::new(), bytes: 0, phase: Phase::Open, idle: false, busy_since: None };
        Self { most_bytes, stalled: STALLED, state: Mutex::new(state), wake: Condvar::new() }
    }

    #[cfg(test)]
    pub(super) fn that_stalls_after(stalled: Duration) -> Self {
        Self { stalled, ..Self::new(usize::MAX) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds this lock, and a state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job at the end.
    pub(super) fn push(&self, job: Job) -> Result<(), StorageError> {
        let size = job.size();
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Open) {
            return Err(StorageError::Closed);
        }
        if state.bytes + size > self.most_bytes {
            return Err(StorageError::overloaded(self.most_bytes));
        }
        state.bytes += size;
        state.waiting.push_back(job);
        if std::mem::take(&mut state.idle) {
            drop(state);
            self.wake.notify_one();
        }
        Ok(())
    }

    /// The next group: all that waits, up to a bound; a job that is not a commit stands alone.
    /// Waits for one. Nothing when the queue is closing and empty.
    pub(super) fn take(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        state.busy_since = None;
        while state.waiting.is_empty() {
            if !matches!(state.phase, Phase::Open) {
                return None;
            }
            state.idle = true;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.idle = false;
        state.busy_since = Some(Instant::now());
        let mut group = Vec::with_capacity(state.waiting.len().min(GROUP_JOBS));
        let mut bytes = 0;
        while let Some(job) = state.waiting.front() {
            let alone = !matches!(job, Job::Commit { .. });
            let full = group.len() == GROUP_JOBS || bytes >= GROUP_BYTES;
            if !group.is_empty() && (alone || full) {
                break;
            }
            bytes += job.size();
            group.extend(state.waiting.pop_front());
            if alone {
                break;
            }
        }
        state.bytes -= bytes;
        Some(group)
    }

    /// Takes back what [`Self::take`] gave, to give it again first of all.
    pub(super) fn put_back(&self, jobs: Vec<Job>) {
        let mut state = self.lock();
        state.busy_since = None;
        state.bytes += jobs.iter().map(Job::size).sum::<usize>();
        for job in jobs.into_iter().rev() {
            state.waiting.push_front(job);
        }
    }

    /// What waits goes on waiting, and that is no stall.
    pub(super) fn pause(&self) {
        self.lock().busy_since = None;
    }

    /// Has the committer look whether it can still store, when it has nothing else to do.
    pub(super) fn probe_if_idle(&self) {
        let is_idle = self.lock().idle;
        if is_idle {
            // Nobody waits for the answer.
            let _ = self.push(Job::Probe { reply: oneshot::channel().0 });
        }
    }

    /// Takes nothing more. False when it did not before either.
    pub(super) fn close(&self) -> bool {
        let mut state = self.lock();
        let open = matches!(state.phase, Phase::Open);
        if open {
            state.phase = Phase::Closing;
            state.idle = false;
            drop(state);
            self.wake.notify_one();
        }
        open
    }

    /// The end: refuses what waits and what comes.
    pub(super) fn end(&self, phase: Phase) {
        let waiting = {
            let mut state = self.lock();
            // The first failure is the reason of all that follows.
            if !matches!(state.phase, Phase::Failed(_)) {
                state.phase = phase;
            }
            state.bytes = 0;
            state.busy_since = None;
            std::mem::take(&mut state.waiting)
        };
        for job in waiting {
            job.refuse(StorageError::Closed);
        }
        self.wake.notify_one();
    }

    /// The failure that ended it, if one did.
    pub(super) fn failure(&self) -> Option<StorageError> {
        match &self.lock().phase {
            Phase::Failed(error) => Some(error.clone()),
            _ => None,
        }
    }

    /// Refuses what waits, and waits a while for more. False when nothing is taken any more.
    pub(super) fn refuse_for(&self, wait: Duration, error: &StorageError) -> bool {
        let mut state = self.lock();
        state.busy_since = None;
        if state.waiting.is_empty() && matches!(state.phase, Phase::Open) {
            state.idle = true;
            (state, _) = self.wake.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
        state.bytes = 0;
        let is_open = matches!(state.phase, Phase::Open);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for job in waiting {
            job.refuse(error.clone());
        }
        is_open
    }

    /// Whether the committer has been at one group for longer than a disk takes.
    pub(super) fn is_stalled(&self) -> bool {
        self.lock().busy_since.is_some_and(|since| since.elapsed() > self.stalled)
    }

    /// Whether work is taken and gets done.
    pub(super) fn health(&self) -> Result<(), StorageError> {
        let state = self.lock();
        match &state.phase {
            Phase::Open => {}
            Phase::Closing | Phase::Closed => return Err(StorageError::Closed),
            Phase::Failed(error) => return Err(error.clone()),
        }
        match state.busy_since {
            Some(since) if since.elapsed() > self.stalled => {
                Err(StorageError::TimedOut { operation: "commit" })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::{AppId, GroupId, Millis};

    use crate::storage::Partition;

    use super::*;

    fn job(bytes: usize) -> Job {
        let partition = Partition::group(AppId(1), &GroupId::parse("room").unwrap());
        let batch = Batch::new(partition, Millis(0)).append("log", vec![0; bytes]).append("log", "");
        Job::Commit { batch, reply: oneshot::channel().0 }
    }

    #[test]
    fn what_waits_has_a_bound() {
        let queue = Queue::new(100_000);
        for _ in 0..9 {
            queue.push(job(10_000)).unwrap();
        }
        let refused = queue.push(job(10_000)).unwrap_err();
        assert_eq!(refused.to_string(), "commit: 97 KiB already wait to be stored");
        assert!(
            queue.push(Job::Probe { reply: oneshot::channel().0 }).is_ok(),
            "what weighs nothing is taken"
        );
        assert_eq!(queue.take().unwrap().len(), 9);
        queue.push(job(10_000)).unwrap();
    }
}

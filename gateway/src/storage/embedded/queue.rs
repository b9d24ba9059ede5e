//! What waits for the committer: a line for each application, in the order in which it was submitted. The lines take
//! turns, so that what much of one application waits makes nobody else's wait.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::id::{AppId, Seq};
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

/// What waits of one application, or of none.
struct Line {
    app: Option<AppId>,
    jobs: VecDeque<Job>,
    bytes: usize,
}

#[derive(Default)]
struct Lines {
    /// What was taken before and comes before all lines.
    first: VecDeque<Job>,
    /// Of all who ever had something waiting: as few as applications are served.
    lines: Vec<Line>,
    /// The lines in which something waits, in the order of their turns.
    turns: VecDeque<usize>,
    /// Jobs and bytes of all lines.
    jobs: usize,
    bytes: usize,
    /// How many lines are of an application.
    apps: usize,
}

impl Lines {
    fn of(&mut self, app: Option<AppId>) -> usize {
        if let Some(line) = self.lines.iter().position(|line| line.app == app) {
            return line;
        }
        self.lines.push(Line { app, jobs: VecDeque::new(), bytes: 0 });
        self.apps += usize::from(app.is_some());
        self.lines.len() - 1
    }

    /// Puts a job at the end of a line. False where too much waits already: of several applications none takes more
    /// than what is left, so that one that takes all it can leaves half of it to the others.
    fn push(&mut self, app: Option<AppId>, job: Job, most_bytes: usize) -> bool {
        let (size, line) = (job.size(), self.of(app));
        let own = if self.apps > 1 { self.lines[line].bytes } else { 0 };
        if self.bytes + own + size > most_bytes && size > 0 {
            return false;
        }
        let Line { jobs, bytes, .. } = &mut self.lines[line];
        if jobs.is_empty() {
            self.turns.push_back(line);
        }
        jobs.push_back(job);
        *bytes += size;
        self.jobs += 1;
        self.bytes += size;
        true
    }

    /// The job whose turn it is.
    fn front(&self) -> Option<&Job> {
        self.first.front().or_else(|| self.lines[*self.turns.front()?].jobs.front())
    }

    /// Takes it, after which it is another line's turn. With its size.
    fn pop(&mut self) -> Option<(Job, usize)> {
        if let Some(job) = self.first.pop_front() {
            let size = job.size();
            self.jobs -= 1;
            self.bytes -= size;
            return Some((job, size));
        }
        let turn = self.turns.pop_front()?;
        let Line { jobs, bytes, .. } = &mut self.lines[turn];
        let job = jobs.pop_front()?;
        let size = job.size();
        *bytes -= size;
        self.jobs -= 1;
        self.bytes -= size;
        if !jobs.is_empty() {
            self.turns.push_back(turn);
        }
        Some((job, size))
    }

    fn put_back(&mut self, jobs: Vec<Job>) {
        self.jobs += jobs.len();
        self.bytes += jobs.iter().map(Job::size).sum::<usize>();
        for job in jobs.into_iter().rev() {
            self.first.push_front(job);
        }
    }

    /// Answers all that waits without having done anything.
    fn refuse(self, error: &StorageError) {
        for job in self.first.into_iter().chain(self.lines.into_iter().flat_map(|line| line.jobs)) {
            job.refuse(error.clone());
        }
    }
}

struct State {
    waiting: Lines,
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
        let state = State { waiting: Lines::default(), phase: Phase::Open, idle: false, busy_since: None };
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

    /// Puts a job at the end of an application's line.
    pub(super) fn push(&self, app: Option<AppId>, job: Job) -> Result<(), StorageError> {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Open) {
            return Err(StorageError::Closed);
        }
        if !state.waiting.push(app, job, self.most_bytes) {
            return Err(StorageError::overloaded(self.most_bytes));
        }
        if std::mem::take(&mut state.idle) {
            drop(state);
            self.wake.notify_one();
        }
        Ok(())
    }

    /// The next group: all that waits, one of each line in turn, up to a bound; a job that is not a commit stands alone.
    /// Waits for one. Nothing when the queue is closing and empty.
    pub(super) fn take(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        state.busy_since = None;
        while state.waiting.jobs == 0 {
            if !matches!(state.phase, Phase::Open) {
                return None;
            }
            state.idle = true;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.idle = false;
        state.busy_since = Some(Instant::now());
        let mut group = Vec::with_capacity(state.waiting.jobs.min(GROUP_JOBS));
        let mut bytes = 0;
        while let Some(job) = state.waiting.front() {
            let alone = !matches!(job, Job::Commit { .. });
            let full = group.len() == GROUP_JOBS || bytes >= GROUP_BYTES;
            if !group.is_empty() && (alone || full) {
                break;
            }
            let Some((job, size)) = state.waiting.pop() else { break };
            bytes += size;
            group.push(job);
            if alone {
                break;
            }
        }
        Some(group)
    }

    /// Takes back what [`Self::take`] gave, to give it again first of all.
    pub(super) fn put_back(&self, jobs: Vec<Job>) {
        let mut state = self.lock();
        state.busy_since = None;
        state.waiting.put_back(jobs);
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
            let _ = self.push(None, Job::Probe { reply: oneshot::channel().0 });
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
            state.busy_since = None;
            std::mem::take(&mut state.waiting)
        };
        waiting.refuse(&StorageError::Closed);
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
        if state.waiting.jobs == 0 && matches!(state.phase, Phase::Open) {
            state.idle = true;
            (state, _) = self.wake.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
        let is_open = matches!(state.phase, Phase::Open);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.refuse(error);
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

    const APPS: [Option<AppId>; 3] = [Some(AppId(1)), Some(AppId(2)), Some(AppId(3))];

    fn job_in(group: &str, bytes: usize) -> Job {
        let partition = Partition::group(AppId(1), &GroupId::parse(group).unwrap());
        let batch = Batch::new(partition, Millis(0)).append("log", vec![0; bytes]).append("log", "");
        Job::Commit { batch, reply: oneshot::channel().0 }
    }

    fn job(bytes: usize) -> Job {
        job_in("room", bytes)
    }

    fn probe() -> Job {
        Job::Probe { reply: oneshot::channel().0 }
    }

    fn waiting(queue: &Queue) -> usize {
        queue.lock().waiting.jobs
    }

    /// The groups that the jobs of the next group commit are for; `?` is a probe.
    fn take(queue: &Queue) -> Vec<String> {
        let group = queue.take().unwrap();
        let name = |job: &Job| match job {
            Job::Commit { batch, .. } => String::from_utf8_lossy(&batch.partition.name()[1..]).into_owned(),
            _ => "?".to_owned(),
        };
        group.iter().map(name).collect()
    }

    #[test]
    fn what_waits_has_a_bound() {
        let queue = Queue::new(100_000);
        for _ in 0..9 {
            queue.push(APPS[0], job(10_000)).unwrap();
        }
        let refused = queue.push(APPS[0], job(10_000)).unwrap_err();
        assert_eq!(refused.to_string(), "commit: 97 KiB already wait to be stored");
        assert!(queue.push(None, probe()).is_ok(), "what weighs nothing is taken");
        while waiting(&queue) > 0 {
            queue.take().unwrap();
        }
        assert_eq!(queue.lock().waiting.bytes, 0);
        queue.push(APPS[0], job(10_000)).unwrap();
    }

    #[test]
    fn one_of_several_applications_leaves_half_of_it_to_the_others() {
        let queue = Queue::new(1_000_000);
        let fill = |app: usize| (0..).take_while(|_| queue.push(APPS[app], job(1000)).is_ok()).count();
        // Before anybody else was there one could have all.
        let all = fill(0);
        assert!(all > 700, "{all}");
        while waiting(&queue) > 0 {
            queue.take().unwrap();
        }
        queue.push(APPS[1], job(1000)).unwrap();
        queue.take().unwrap();
        let (first, second, third) = (fill(0), fill(1), fill(2));
        assert!(first.abs_diff(all / 2) <= 1, "{first} of {all}");
        assert!(second.abs_diff(all / 4) <= 1, "{second} of {all}");
        assert!(third.abs_diff(all / 8) <= 1, "{third} of {all}");
    }

    #[test]
    fn applications_take_turns() {
        let queue = Queue::new(1 << 30);
        for n in 0..3 * GROUP_JOBS {
            queue.push(APPS[0], job_in(&format!("loud{n}"), 10)).unwrap();
        }
        for name in ["b1", "b2"] {
            queue.push(APPS[1], job_in(name, 10)).unwrap();
        }
        queue.push(APPS[2], job_in("c1", 10)).unwrap();
        // Whoever has little waiting is in the next group, however much of another waits, and each in its order.
        let group = take(&queue);
        assert_eq!(group[..6], ["loud0", "b1", "c1", "loud1", "b2", "loud2"]);
        assert_eq!(group.len(), GROUP_JOBS);
        assert_eq!(group.last(), Some(&format!("loud{}", GROUP_JOBS - 4)));
        // Also where they come later.
        queue.push(APPS[1], job_in("b3", 10)).unwrap();
        let group = take(&queue);
        assert_eq!(
            group[..3],
            [format!("loud{}", GROUP_JOBS - 3), "b3".into(), format!("loud{}", GROUP_JOBS - 2)]
        );
        // What is left goes in its order, and then there is nothing.
        let mut left = Vec::new();
        while waiting(&queue) > 0 {
            left.extend(take(&queue));
        }
        assert_eq!(left.len(), 3 * GROUP_JOBS + 4 - 2 * GROUP_JOBS);
        assert_eq!(left.last(), Some(&format!("loud{}", 3 * GROUP_JOBS - 1)));
        assert_eq!(queue.lock().waiting.bytes, 0);
    }

    #[test]
    fn bytes_of_others_do_not_delay_anybody() {
        let queue = Queue::new(1 << 30);
        for _ in 0..100 {
            queue.push(APPS[0], job_in("loud", 1 << 20)).unwrap();
        }
        queue.push(APPS[1], job_in("quiet", 10)).unwrap();
        assert!(take(&queue).contains(&"quiet".to_owned()));
    }

    #[test]
    fn what_is_no_commit_stands_alone_and_takes_turns_too() {
        let queue = Queue::new(1 << 30);
        for _ in 0..3 {
            queue.push(APPS[0], job_in("loud", 10)).unwrap();
        }
        queue.push(None, probe()).unwrap();
        queue.push(APPS[1], job_in("quiet", 10)).unwrap();
        assert_eq!(take(&queue), ["loud"]);
        assert_eq!(take(&queue), ["?"]);
        assert_eq!(take(&queue), ["quiet", "loud", "loud"]);
    }
}

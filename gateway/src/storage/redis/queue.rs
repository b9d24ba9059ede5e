//! Batches on their way: those that wait while a call is under way leave together with the next.
//!
//! The batches of one partition leave in the order of their coming, and only when those that left before have their
//! answers: so the order is kept whatever a server sends back. Without a cluster one call carries batches of all
//! partitions; in a cluster a call may touch one slot only, so each partition has its own calls.
//!
//! There is no batching delay: a batch that finds nothing under way leaves at the end of the runtime's turn.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::redis::slot_of;
use crate::storage::{CommitError, Committed, LogEnd};

use super::calls::{Call, WhenLost};
use super::commit::{self, Foreign, Prepared};
use super::keys::Tag;
use super::scripts::ANNOUNCE;
use super::{Shared, failed};

/// Batches that leave together. Redis does nothing else while it stores them.
const MOST_BATCHES: usize = 64;
/// Bytes that leave together, unless a single batch has more.
const MOST_BYTES: usize = 256 * 1024;

/// Something else that stands in the order of the batches of a partition.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A batch that has not left.
pub(super) struct Waiting {
    pub(super) prepared: Prepared,
    pub(super) deadline: Instant,
    pub(super) answer: oneshot::Sender<Result<Committed, CommitError>>,
    /// Held while it is under way.
    pub(super) token: TaskTrackerToken,
    pub(super) _room: Room,
}

/// What a batch takes of the bytes that may wait, from its submission to its answer.
pub(super) struct Room {
    taken: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

enum Item {
    Batch(Box<Waiting>),
    Alone(Work),
}

/// What waits for one partition.
#[derive(Default)]
struct Line {
    items: VecDeque<Item>,
    /// Something of it has left and has no answer yet.
    is_under_way: bool,
}

/// Partitions that share calls: all of them, or only the one with this tag.
type Group = Option<Tag>;

#[derive(Default)]
struct Lines {
    lines: HashMap<Tag, Line>,
    /// The lines of a group that can leave. It is there as long as somebody works for the group.
    ready: HashMap<Group, VecDeque<Tag>>,
}

pub(super) struct Queue {
    is_cluster: bool,
    most_waiting: usize,
    /// Bytes of the batches that have no answer yet.
    waiting: Arc<AtomicUsize>,
    lines: Mutex<Lines>,
}

impl Queue {
    pub(super) fn new(is_cluster: bool, most_waiting: usize) -> Self {
        Self { is_cluster, most_waiting, waiting: Arc::default(), lines: Mutex::default() }
    }

    pub(super) fn most_waiting(&self) -> usize {
        self.most_waiting
    }

    /// Nothing when too much waits already.
    pub(super) fn room_for(&self, prepared: &Prepared) -> Option<Room> {
        let bytes = size_of::<Waiting>() + prepared.size;
        let before = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        let room = Room { taken: self.waiting.clone(), bytes };
        (before + bytes <= self.most_waiting).then_some(room)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a batch on its way.
pub(super) fn submit(shared: &Arc<Shared>, waiting: Waiting) {
    push(shared, waiting.prepared.tag.clone(), Item::Batch(Box::new(waiting)));
}

/// Has `work` done after all batches of the partition that came before, and before all that come later.
pub(super) fn submit_work(shared: &Arc<Shared>, tag: &Tag, work: Work) {
    push(shared, tag.clone(), Item::Alone(work));
}

fn push(shared: &Arc<Shared>, tag: Tag, item: Item) {
    let mut lines = shared.queue.lines();
    let line = lines.lines.entry(tag.clone()).or_default();
    line.items.push_back(item);
    if line.items.len() == 1 && !line.is_under_way {
        make_ready(shared, &mut lines, tag);
    }
}

fn make_ready(shared: &Arc<Shared>, lines: &mut Lines, tag: Tag) {
    let group = shared.queue.is_cluster.then(|| tag.clone());
    match lines.ready.entry(group) {
        Entry::Occupied(mut ready) => ready.get_mut().push_back(tag),
        Entry::Vacant(none) => {
            let group = none.key().clone();
            none.insert(VecDeque::from([tag]));
            shared.under_way.spawn(work(shared.clone(), group));
        }
    }
}

/// What left for a partition is done with.
fn back(shared: &Arc<Shared>, tag: Tag) {
    let mut lines = shared.queue.lines();
    let Some(line) = lines.lines.get_mut(&tag) else { return };
    line.is_under_way = false;
    if line.items.is_empty() {
        lines.lines.remove(&tag);
    } else {
        make_ready(shared, &mut lines, tag);
    }
}

/// Carries what comes for a group until there is nothing more.
async fn work(shared: Arc<Shared>, group: Group) {
    loop {
        // What comes in the same turn of the runtime comes along.
        tokio::task::yield_now().await;
        let Some((tags, batches)) = take(&shared, &group) else { return };
        let now = Instant::now();
        let (batches, late): (Vec<_>, Vec<_>) =
            batches.into_iter().partition(|waiting| waiting.deadline > now);
        for waiting in late {
            waiting.done(Err(failed("commit", "those before it took too long").into()));
        }
        if !batches.is_empty() {
            carry(&shared, batches).await;
        }
        for tag in tags {
            back(&shared, tag);
        }
    }
}

/// The next batches that leave together, with their partitions; nothing when there are none, which ends the work.
fn take(shared: &Arc<Shared>, group: &Group) -> Option<(Vec<Tag>, Vec<Waiting>)> {
    let mut guard = shared.queue.lines();
    let Lines { lines, ready } = &mut *guard;
    let (mut tags, mut batches, mut bytes) = (Vec::new(), Vec::new(), 0);
    let queue = ready.get_mut(group)?;
    while let Some(tag) = queue.pop_front() {
        let Some(line) = lines.get_mut(&tag) else { continue };
        line.is_under_way = true;
        if matches!(line.items.front(), Some(Item::Alone(_))) {
            if let Some(Item::Alone(work)) = line.items.pop_front() {
                let shared = shared.clone();
                shared.clone().under_way.spawn(async move {
                    work.await;
                    back(&shared, tag);
                });
            }
            continue;
        }
        while let Some(Item::Batch(next)) = line.items.front() {
            let size = next.prepared.size;
            if !batches.is_empty() && (batches.len() == MOST_BATCHES || bytes + size > MOST_BYTES) {
                break;
            }
            if let Some(Item::Batch(next)) = line.items.pop_front() {
                bytes += size;
                batches.push(*next);
            }
        }
        tags.push(tag);
        if batches.len() == MOST_BATCHES || bytes >= MOST_BYTES {
            break;
        }
    }
    if tags.is_empty() {
        ready.remove(group);
        return None;
    }
    Some((tags, batches))
}

/// Sends one call for all batches, and gives each its answer.
async fn carry(shared: &Arc<Shared>, batches: Vec<Waiting>) {
    let Some(first) = batches.first() else { return };
    let slot = slot_of(first.prepared.tag.channel());
    let deadline = batches.iter().map(|waiting| waiting.deadline).min().unwrap_or(first.deadline);
    let answers = match shared.format.pass(deadline).await {
        Ok(()) => {
            let written = commit::write(batches.iter().map(|waiting| &waiting.prepared), &shared.known);
            let call = Call { deadline, ..Call::new("commit", slot, written.command, WhenLost::Tell) };
            let answer = call.finish(&shared.writes, None).await;
            answer.and_then(|answer| commit::outcomes(answer, &written.units, &shared.known))
        }
        Err(error) => Err(error),
    };
    let mut answers = match answers {
        Ok(answers) => answers.into_iter(),
        Err(error) => {
            for waiting in batches {
                waiting.done(Err(error.clone().into()));
            }
            return;
        }
    };
    let mut again = Vec::new();
    for mut waiting in batches {
        let outcome = answers.next().unwrap_or_else(|| Some(Err(commit::unreadable().into())));
        let Some(outcome) = outcome else {
            again.push(waiting);
            continue;
        };
        if let Ok(committed) = &outcome {
            // Also of a repetition: the answer to the first may have been lost on its way here, and these events with it.
            // Who has heard of an entry knows it again.
            announce(shared, &committed.entries, std::mem::take(&mut waiting.prepared.foreign));
        }
        waiting.done(outcome);
    }
    // They come before those of their partitions that have not left yet, in their old order.
    let mut lines = shared.queue.lines();
    for waiting in again.into_iter().rev() {
        let line = lines.lines.entry(waiting.prepared.tag.clone()).or_default();
        line.items.push_front(Item::Batch(Box::new(waiting)));
    }
}

impl Waiting {
    fn done(self, outcome: Result<Committed, CommitError>) {
        // A caller that does not wait any more has no use for it.
        let _ = self.answer.send(outcome);
        drop(self.token);
    }
}

/// In a cluster: sends the events of a stored batch for topics that other servers keep, by a script in the slot of each
/// topic. They are on their way, in order, when this returns.
fn announce(shared: &Shared, entries: &[LogEnd], events: Vec<Foreign>) {
    let pool = &shared.reads;
    for Foreign { tag, append, event } in events {
        let stamp = match append.and_then(|append| entries.get(append)) {
            Some(LogEnd { seq, at }) => format!(" {seq} {} ", at.0),
            None => " - - ".to_owned(),
        };
        let mut command = ANNOUNCE.call(&[tag.hash()]);
        command.arg(&stamp).arg(&event[..]);
        let call = Call::new("announce", slot_of(tag.channel()), command, WhenLost::Tell);
        let first = call.send(pool);
        let pool = pool.clone();
        shared.under_way.spawn(async move {
            // The event is lost, which the topic's next offset shows to who receives it.
            if let Err(error) = call.finish(&pool, first).await {
                metrics::counter!("gateway_bus_unpublished_total").increment(1);
                tracing::warn!(%error, "an event could not be announced");
            }
        });
    }
}

//! From events to sockets: the work that grows with the number of followers.
//!
//! A topic belongs to one worker, a task, so its events keep their order while topics are served side by side. What waits
//! for a worker is taken together, and the frames of one topic that are there at once go to each follower in one piece:
//! a busy room costs a system call for each follower and batch, not for each follower and message.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;

use bytes::Bytes;
use protocol::id::{Millis, Seq};
use protocol::message::{ClientNumbers, Message};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Connection, Follower};
use super::followers::{Followers, PART};
use super::frame::{self, Content, Dialect, Encoded, Frame};
use super::outbound::Closing;
use super::returning::Subject;
use crate::bus::{Delivery, DeviceId, Entry, Stamp, Topic};
use crate::clock::Clock;

/// Events that may wait for a worker. Afterwards the hub waits, then the bus, then the store.
const QUEUE: usize = 256;

/// Events that a worker takes at once.
const MOST_AT_ONCE: usize = 64;

/// What a worker does, in order.
enum Job {
    Push(Followers, Delivery),
    Close(Vec<Arc<Connection>>, Closing),
    /// What was put before this time has been done.
    Reach(Millis),
    /// Somebody waits for what was put before.
    Tell(oneshot::Sender<()>),
}

/// The workers. A cheap handle.
#[derive(Clone)]
pub(super) struct Fanout {
    workers: Arc<[Worker]>,
    hasher: std::hash::RandomState,
}

struct Worker {
    jobs: mpsc::Sender<Job>,
    /// The time before which all that was put to it has been done, in milliseconds.
    reached: Arc<AtomicU64>,
}

impl Fanout {
    /// Begins the workers, as many as there are processors. They end when they are told to.
    pub(super) fn start(clock: &Clock, tasks: &TaskTracker, stop: &CancellationToken) -> Self {
        let count = available_parallelism().map_or(1, usize::from);
        let begin = |_| {
            let (sender, jobs) = mpsc::channel(QUEUE);
            let reached = Arc::new(AtomicU64::new(0));
            tasks.spawn(serve(jobs, clock.clone(), stop.clone(), reached.clone()));
            Worker { jobs: sender, reached }
        };
        Self { workers: (0..count).map(begin).collect(), hasher: std::hash::RandomState::new() }
    }

    /// Brings an event to these followers of its topic, but for the device it came from.
    pub(super) async fn push(&self, followers: Followers, delivery: Delivery) {
        if !followers.is_empty() {
            // What tells of a message must not overtake it: clients take a mark only in a conversation that they know.
            let topic = frame::marked_group(&delivery).unwrap_or_else(|| delivery.topic.clone());
            self.put(&topic, Job::Push(followers, delivery)).await;
        }
    }

    /// Ends connections after they have heard what was said in the topic till now.
    pub(super) async fn close(&self, topic: &Topic, connections: Vec<Arc<Connection>>, reason: Closing) {
        self.put(topic, Job::Close(connections, reason)).await;
    }

    async fn put(&self, topic: &Topic, job: Job) {
        let worker = self.hasher.hash_one(topic) as usize % self.workers.len();
        // A worker ends with the hub.
        let _ = self.workers[worker].jobs.send(job).await;
    }

    /// Waits until all that was put till now is written.
    pub(super) async fn flushed(&self) {
        let told = self.workers.iter().map(|worker| async {
            let (tell, told) = oneshot::channel();
            // A worker ends with the hub.
            let _ = worker.jobs.send(Job::Tell(tell)).await;
            let _ = told.await;
        });
        futures_util::future::join_all(told).await;
    }

    /// Has it noted when all that was put before `now` is written.
    pub(super) async fn reach(&self, now: Millis) {
        for worker in self.workers.iter() {
            let _ = worker.jobs.send(Job::Reach(now)).await;
        }
    }

    /// The time before which all that was put is written: for every topic.
    pub(super) fn reached(&self) -> Millis {
        let reached = self.workers.iter().map(|worker| worker.reached.load(Ordering::Relaxed));
        Millis(reached.min().unwrap_or_default())
    }
}

async fn serve(
    mut jobs: mpsc::Receiver<Job>,
    clock: Clock,
    stop: CancellationToken,
    reached: Arc<AtomicU64>,
) {
    let mut taken = Vec::with_capacity(MOST_AT_ONCE);
    let mut stopped = pin!(stop.cancelled());
    loop {
        let count = tokio::select! {
            biased;
            count = jobs.recv_many(&mut taken, MOST_AT_ONCE) => count,
            () = &mut stopped => 0,
        };
        if count == 0 {
            return;
        }
        for run in runs(&mut taken) {
            match run {
                Run::Push(followers, deliveries) => deliver(&followers, &deliveries, &clock).await,
                Run::Close(connections, reason) => {
                    for connection in connections {
                        connection.outbound.close(reason);
                    }
                }
                Run::Reach(at) => reached.store(at.0, Ordering::Relaxed),
                // Who does not wait any more need not be told.
                Run::Tell(tell) => _ = tell.send(()),
            }
        }
    }
}

/// Jobs that are done together.
enum Run {
    Push(Followers, Vec<Delivery>),
    Close(Vec<Arc<Connection>>, Closing),
    Reach(Millis),
    Tell(oneshot::Sender<()>),
}

/// Puts together what goes to the same followers. The order within a topic stays.
fn runs(jobs: &mut Vec<Job>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // Where the last run of a list of followers stands. A list belongs to one topic.
    let mut last: HashMap<*const (), usize> = HashMap::new();
    for job in jobs.drain(..) {
        match job {
            Job::Push(followers, delivery) => {
                let known = last.get(&followers.id());
                if let Some(Run::Push(_, deliveries)) = known.and_then(|place| runs.get_mut(*place)) {
                    deliveries.push(delivery);
                } else {
                    // Whatever of the topic came before had another list, and stays before.
                    last.insert(followers.id(), runs.len());
                    runs.push(Run::Push(followers, vec![delivery]));
                }
            }
            Job::Close(connections, reason) => {
                last.clear();
                runs.push(Run::Close(connections, reason));
            }
            Job::Reach(at) => {
                // What comes behind it is not put together with what came before.
                last.clear();
                runs.push(Run::Reach(at));
            }
            Job::Tell(tell) => {
                last.clear();
                runs.push(Run::Tell(tell));
            }
        }
    }
    runs
}

/// Events of one topic on their way to the same followers.
struct Pieces<'a> {
    events: Vec<Piece<'a>>,
    /// Whether everybody may read the same, but for the devices that said it.
    is_common: bool,
    authors: Vec<DeviceId>,
    /// The messages among them that mention everybody: not all who read them are marked by that.
    mentions: Vec<&'a Message>,
    binary: OnceLock<Option<Frame>>,
    text: OnceLock<Option<Frame>>,
    legacy: OnceLock<Option<Frame>>,
}

struct Piece<'a> {
    delivery: &'a Delivery,
    stamp: Stamp,
    /// Absent where each receiver reads something else.
    encoded: Option<Encoded<'a>>,
    /// Present where it does not tell of the event but that the event's message mentions everybody.
    mention: Option<&'a Message>,
}

async fn deliver(followers: &Followers, deliveries: &[Delivery], clock: &Clock) {
    let Some(first) = followers.iter().next() else { return };
    let pieces = Pieces::new(deliveries, first, clock);
    let mut pushed = 0;
    // First those who wait for the answer to what they said.
    if !pieces.authors.is_empty() {
        let authors = followers.iter().filter(|follower| pieces.is_author(follower));
        pushed += authors.map(|follower| pieces.push_to(follower)).sum::<u64>();
    }
    for part in followers.parts() {
        let others = part.iter().filter(|follower| !pieces.is_author(follower));
        pushed += others.map(|follower| pieces.push_to(follower)).sum::<u64>();
        if part.len() == PART {
            tokio::task::yield_now().await;
        }
    }
    metrics::counter!("gateway_pushes_total").increment(pushed);
}

impl<'a> Pieces<'a> {
    fn new(deliveries: &'a [Delivery], reader: &Follower, clock: &Clock) -> Self {
        // What tells of no log entry still shows a time, and a number that differs from others of the kind.
        let unnumbered = || Stamp { seq: Seq(clock.number()), at: clock.now() };
        let (mut mentions, mut events) = (Vec::new(), Vec::with_capacity(deliveries.len()));
        for delivery in deliveries {
            let stamp = delivery.stamp.unwrap_or_else(unnumbered);
            // All who follow a user's topic are that user; in a group nobody's name stands in what all read.
            let encode =
                || Encoded::new(Content::Event(&delivery.event, stamp, reader.attachment.user.clone()));
            let encoded = (!frame::is_personal(&delivery.event)).then(encode);
            events.push(Piece { delivery, stamp, encoded, mention: None });
            // After the message: a client shows a mark only in a conversation that it knows.
            if let Some((group, message)) = frame::mention_of_all(&delivery.topic, &delivery.event) {
                let encoded = Some(Encoded::new(Content::Mention(group, message, stamp)));
                events.push(Piece { delivery, stamp, encoded, mention: Some(message) });
                mentions.push(message);
            }
        }
        let is_common = events.iter().all(|piece| {
            let event = &piece.delivery.event;
            let concerns_all = !frame::may_leave(event) && frame::recalled(event).is_none();
            piece.encoded.is_some() && concerns_all && !frame::is_notice(event)
        });
        let origins = deliveries.iter().filter_map(|delivery| delivery.event.origin());
        let authors = origins.map(|(_, device)| device).collect();
        let (binary, text, legacy) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { events, is_common, authors, mentions, binary, text, legacy }
    }

    /// Whether the follower's device said some of it; perhaps, for another user may have a device of its number.
    fn is_author(&self, follower: &Follower) -> bool {
        self.authors.contains(&follower.device)
    }

    /// Writes to one follower what is for them. Gives how many events that was.
    fn push_to(&self, follower: &Follower) -> u64 {
        if !follower.is_here() {
            return 0;
        }
        let connection = &follower.connection;
        let is_marked = |message: &&Message| message.marks_as_one_of_all(&follower.attachment.user);
        let is_apart = self.is_author(follower) || !self.mentions.iter().all(is_marked);
        if self.is_common && connection.cares_for_all() && !is_apart {
            let frame = self.together(connection.dialect);
            if frame.is_none_or(|frame| connection.outbound.push_at_once(frame)) {
                return self.events.len() as u64;
            }
        }
        let mut pushed = 0;
        for piece in &self.events {
            if let Some(numbers) = piece.said_by(follower) {
                connection.outbound.comes(numbers);
            }
            if !piece.is_for(follower) {
                continue;
            }
            if let Some(frame) = piece.frame(follower) {
                if frame::is_notice(&piece.delivery.event) {
                    connection.outbound.push_notice(piece.stamp.seq, &frame);
                } else {
                    let subject = Subject::of(&follower.attachment, &piece.delivery.event, piece.stamp.seq);
                    connection.outbound.push_once(subject.filter(|_| piece.mention.is_none()), &frame);
                }
                pushed += 1;
            }
        }
        pushed
    }

    /// All frames in one piece.
    fn together(&self, dialect: Dialect) -> Option<&Frame> {
        let cell = match dialect {
            Dialect::Binary => &self.binary,
            Dialect::Text => &self.text,
            Dialect::Legacy(_) => &self.legacy,
        };
        let join = || {
            let frames = || self.events.iter().filter_map(|piece| piece.encoded.as_ref()?.frame(dialect));
            match self.events.as_slice() {
                [_] => frames().next(),
                _ => Some(Bytes::from(frames().collect::<Vec<_>>().concat())).filter(|all| !all.is_empty()),
            }
        };
        cell.get_or_init(join).as_ref()
    }
}

impl Piece<'_> {
    /// The numbers of what the follower's client said itself, and has not heard.
    fn said_by(&self, follower: &Follower) -> Option<ClientNumbers> {
        let Some(Entry::GroupMessage { message, .. } | Entry::C2cMessage { message, .. }) =
            self.delivery.event.told()
        else {
            return None;
        };
        let is_answered =
            self.mention.is_none() && self.is_from(follower) && !follower.connection.dialect.hears_itself();
        is_answered.then(|| message.client_numbers())
    }

    fn is_from(&self, follower: &Follower) -> bool {
        let origin = self.delivery.event.origin();
        origin.is_some_and(|(user, device)| device == follower.device && *user == follower.attachment.user)
    }

    fn is_for(&self, follower: &Follower) -> bool {
        let (event, attachment) = (self.delivery.event.as_ref(), &follower.attachment);
        let knows = self.is_from(follower) && !follower.connection.dialect.hears_itself();
        // One who left hears nothing more of the group, or their client would list it again.
        if knows || frame::has_left(event, &attachment.user) {
            return false;
        }
        if self.mention.is_some_and(|message| !message.marks_as_one_of_all(&attachment.user)) {
            return false;
        }
        // SDKs take one off their count for each recall, also where they never had the message.
        if frame::recalled(event).is_some_and(|(group, seq)| follower.connection.hides(group, seq)) {
            return false;
        }
        frame::group_of(event).is_none_or(|group| follower.connection.cares_for(group))
    }

    fn frame(&self, follower: &Follower) -> Option<Frame> {
        let dialect = follower.connection.dialect;
        match &self.encoded {
            Some(encoded) => encoded.frame(dialect),
            None => {
                let user = follower.attachment.user.clone();
                Encoded::new(Content::Event(&self.delivery.event, self.stamp, user)).frame(dialect)
            }
        }
    }
}

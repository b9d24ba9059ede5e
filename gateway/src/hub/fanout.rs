//! From events to sockets: the work that grows with the number of followers.
//!
//! A topic belongs to one worker, a task, so its events keep their order while topics are served side by side. What waits
//! for a worker is taken together, and the frames of one topic that are there at once go to each follower in one piece:
//! a busy room costs a system call for each follower and batch, not for each follower and message, also while people come
//! and go. Who came into a large room and left it is told with the next message there: by itself it would cost as much, and
//! a message that comes meanwhile would wait for it.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::Duration;

use bytes::Bytes;
use protocol::group::Change;
use protocol::id::{Millis, Seq};
use protocol::message::{ClientNumbers, Message};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Connection, Follower};
use super::followers::Followers;
use super::frame::{self, Content, Dialect, Encoded, Frame};
use super::outbound::Closing;
use super::returning::Subject;
use crate::bus::{Delivery, DeviceId, Entry, Event, Passing, Stamp, Topic};
use crate::clock::Clock;

/// Events that may wait for a worker. Afterwards the hub waits, then the bus, then the store.
const QUEUE: usize = 256;

/// Events that a worker takes at once.
const MOST_AT_ONCE: usize = 64;

/// Followers that are served before other work of the process has its turn: about a quarter of a millisecond.
const IN_A_TURN: usize = 32;

/// What can wait for a message waits no longer.
const RIDE_WITHIN: Duration = Duration::from_secs(1);

/// Nor where so many wait in one room.
const MOST_RIDERS: usize = 64;

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
    let mut riders = Riders::default();
    let mut stopped = pin!(stop.cancelled());
    loop {
        let is_over = tokio::select! {
            biased;
            count = jobs.recv_many(&mut taken, MOST_AT_ONCE) => count == 0,
            () = riders.wait() => false,
            () = &mut stopped => true,
        };
        if is_over {
            return;
        }
        riders.embark(&mut taken);
        for run in runs(&mut taken) {
            match run {
                Run::Push(batches) => deliver_all(batches, &clock).await,
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

/// What waits for a message in its room, and until when.
#[derive(Default)]
struct Riders(HashMap<Topic, (Instant, Vec<(Followers, Delivery)>)>);

impl Riders {
    /// Until something has waited for long enough.
    async fn wait(&self) {
        match self.0.values().map(|(until, _)| *until).min() {
            Some(until) => tokio::time::sleep_until(until).await,
            None => std::future::pending().await,
        }
    }

    /// Takes what can wait out of these jobs, and puts what has waited before the jobs of the same topic.
    fn embark(&mut self, jobs: &mut Vec<Job>) {
        if self.0.is_empty() && !jobs.iter().any(Job::can_wait) {
            return;
        }
        let now = Instant::now();
        for job in std::mem::take(jobs) {
            let can_wait = job.can_wait();
            match job {
                Job::Push(followers, delivery) if can_wait => {
                    let new = || (now + RIDE_WITHIN, Vec::new());
                    let (until, riders) = self.0.entry(delivery.topic.clone()).or_insert_with(new);
                    riders.push((followers, delivery));
                    if riders.len() >= MOST_RIDERS {
                        *until = now;
                    }
                }
                Job::Push(followers, delivery) => {
                    let (_, riders) = self.0.remove(&delivery.topic).unwrap_or((now, Vec::new()));
                    // With it, to those who hear it: whoever has come meanwhile may hear of those before them.
                    jobs.extend(riders.into_iter().map(|(_, rider)| Job::Push(followers.clone(), rider)));
                    jobs.push(Job::Push(followers, delivery));
                }
                Job::Close(..) | Job::Reach(_) | Job::Tell(_) => jobs.push(job),
            }
        }
        for (_, (_, riders)) in self.0.extract_if(|_, (until, _)| *until <= now) {
            jobs.extend(riders.into_iter().map(|(followers, rider)| Job::Push(followers, rider)));
        }
    }
}

impl Job {
    /// Whether it is told to many who it is that came into a room or left it.
    fn can_wait(&self) -> bool {
        let Job::Push(Followers::Many(_), delivery) = self else { return false };
        let Event::Passing(Passing { entry: Entry::GroupTip { tip, .. } }) = delivery.event.as_ref() else {
            return false;
        };
        matches!(tip.change, Change::Joined { .. } | Change::Left | Change::AllLeft { .. })
    }
}

/// Jobs that are done together.
enum Run {
    /// Events of one topic.
    Push(Vec<Batch>),
    Close(Vec<Arc<Connection>>, Closing),
    Reach(Millis),
    Tell(oneshot::Sender<()>),
}

/// Events that follow each other and go to the same followers.
struct Batch {
    followers: Followers,
    deliveries: Vec<Delivery>,
}

/// Puts together what belongs to the same topic. The order within a topic stays.
fn runs(jobs: &mut Vec<Job>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // Where the last run of a topic stands.
    let mut last: HashMap<Topic, usize> = HashMap::new();
    for job in jobs.drain(..) {
        match job {
            Job::Push(followers, delivery) => {
                let known = last.get(&delivery.topic);
                let Some(Run::Push(batches)) = known.and_then(|place| runs.get_mut(*place)) else {
                    last.insert(delivery.topic.clone(), runs.len());
                    runs.push(Run::Push(vec![Batch { followers, deliveries: vec![delivery] }]));
                    continue;
                };
                match batches.last_mut().filter(|batch| batch.followers.id() == followers.id()) {
                    Some(batch) => batch.deliveries.push(delivery),
                    None => batches.push(Batch { followers, deliveries: vec![delivery] }),
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

/// Brings events of one topic to its followers, who may have become others in between. Those who lie where nobody came or went
/// have all of them in one piece; the others have what is for each list by itself, in order. Nobody is among both, for who
/// moves changes the part that they leave and the one into which they come.
async fn deliver_all(batches: Vec<Batch>, clock: &Clock) {
    if let [Batch { followers, deliveries }] = batches.as_slice() {
        return deliver(&followers.parts().collect::<Vec<_>>(), deliveries, clock).await;
    }
    let parts = |batch: &Batch| batch.followers.parts().map(place).collect::<HashSet<_>>();
    let each = batches.iter().map(parts);
    let unchanged = each.reduce(|unchanged, parts| &unchanged & &parts).unwrap_or_default();
    for Batch { followers, deliveries } in &batches {
        let changed: Vec<_> = followers.parts().filter(|part| !unchanged.contains(&place(part))).collect();
        deliver(&changed, deliveries, clock).await;
    }
    let Some(followers) = batches.last().map(|batch| batch.followers.clone()) else { return };
    let deliveries: Vec<Delivery> = batches.into_iter().flat_map(|batch| batch.deliveries).collect();
    let unchanged: Vec<_> = followers.parts().filter(|part| unchanged.contains(&place(part))).collect();
    deliver(&unchanged, &deliveries, clock).await;
}

/// Tells parts of lists apart that exist at the same time.
fn place(part: &[Follower]) -> usize {
    part.as_ptr().addr()
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

async fn deliver(parts: &[&[Follower]], deliveries: &[Delivery], clock: &Clock) {
    let followers = || parts.iter().copied().flatten();
    let Some(first) = followers().next() else { return };
    let pieces = Pieces::new(deliveries, first, clock);
    let mut pushed = 0;
    // First those who wait for the answer to what they said.
    if !pieces.authors.is_empty() {
        let authors = followers().filter(|follower| pieces.is_author(follower));
        pushed += authors.map(|follower| pieces.push_to(follower)).sum::<u64>();
    }
    for some in parts.iter().flat_map(|part| part.chunks(IN_A_TURN)) {
        let others = some.iter().filter(|follower| !pieces.is_author(follower));
        pushed += others.map(|follower| pieces.push_to(follower)).sum::<u64>();
        if some.len() == IN_A_TURN {
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

#[cfg(test)]
mod tests {
    use protocol::group::{GroupKind, Shown, Tip};
    use protocol::id::{AppId, ChannelId, UserId};
    use protocol::message::GroupLabel;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::bus::Numbering;
    use crate::bus::testing::nothing;
    use crate::hub::followers::{List, PART};
    use crate::hub::{Attachment, DeviceClaim};

    fn follower(number: u32) -> Follower {
        let connection = Arc::new(Connection::new(Dialect::Text, None, 1 << 20));
        let device = DeviceClaim { id: number, platform: 1, since: Millis(0) };
        connection.attach(Attachment { app: AppId(1), user: UserId::parse("alice").unwrap(), device });
        connection.follower().unwrap()
    }

    /// What the numbers of the events begin with.
    const MARK: &str = "98765";

    fn delivery(room: &str, event: Event) -> Delivery {
        let topic = Topic::Group(AppId(1), ChannelId::parse(room).unwrap());
        Delivery { topic, stamp: None, numbering: Numbering::Unneeded, event: Arc::new(event) }
    }

    fn numbered(room: &str, number: u64) -> Delivery {
        delivery(room, nothing(format!("{MARK}{number}").parse().unwrap()).into())
    }

    fn left(room: &str) -> Delivery {
        let id = ChannelId::parse(room).unwrap();
        let group = GroupLabel { id, name: String::new(), kind: GroupKind::Live, has_topics: false };
        let operator =
            Shown { user: UserId::parse("alice").unwrap(), nick: String::new(), face: String::new() };
        let tip = Tip { random: 1, operator, change: Change::Left, members: None, online: None };
        delivery(room, Passing { entry: Entry::GroupTip { group, tip, counts: false } }.into())
    }

    /// What is done, as the rooms in which something is told, in which a rider is a `-`.
    fn told(jobs: &[Job]) -> Vec<String> {
        let tell = |job: &Job| match job {
            Job::Push(followers, delivery) => {
                let Topic::Group(_, room) = &delivery.topic else { panic!("a user") };
                let what =
                    if job.can_wait() || matches!(*delivery.event, Event::Passing(_)) { "-" } else { "" };
                format!("{what}{room} to {}", followers.iter().count())
            }
            Job::Reach(_) => "reach".to_owned(),
            _ => panic!("another job"),
        };
        jobs.iter().map(tell).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_came_into_a_large_room_is_told_with_the_next_message_or_a_little_later() {
        let mut many = List::default();
        (0..PART as u32 + 1).for_each(|number| many.add(follower(number)));
        let (few, before) = (Followers::one(follower(0)), many.now());
        many.add(follower(9999));
        let after = many.now();
        let mut riders = Riders::default();
        let mut jobs = vec![
            Job::Push(before.clone(), left("a")),
            Job::Push(before.clone(), left("b")),
            Job::Push(few.clone(), left("small")),
            Job::Reach(Millis(1)),
        ];
        riders.embark(&mut jobs);
        assert_eq!(told(&jobs), ["-small to 1", "reach"]);
        let mut jobs = vec![Job::Push(after.clone(), left("a")), Job::Push(after, numbered("a", 1))];
        riders.embark(&mut jobs);
        assert_eq!(told(&jobs), ["-a to 258", "-a to 258", "a to 258"]);
        // Nothing is said in the other.
        let begin = Instant::now();
        riders.wait().await;
        assert!(begin.elapsed() >= RIDE_WITHIN);
        let mut jobs = Vec::new();
        riders.embark(&mut jobs);
        assert_eq!(told(&jobs), ["-b to 257"]);
        assert!(riders.0.is_empty());
        let mut jobs: Vec<Job> = (0..MOST_RIDERS).map(|_| Job::Push(before.clone(), left("a"))).collect();
        riders.embark(&mut jobs);
        assert_eq!(jobs.len(), MOST_RIDERS, "so many wait no longer");
        assert!(riders.0.is_empty());
    }

    #[tokio::test]
    async fn who_comes_and_goes_between_two_events_hears_what_is_theirs_once_and_in_order() {
        let mut random = StdRng::seed_from_u64(1);
        for (size, moves) in [(3, 1), (3, 0), (PART, 2), (5 * PART, 0), (5 * PART, 3), (5 * PART, 900)] {
            let mut list = List::default();
            let mut here: Vec<(Follower, Vec<u64>)> = Vec::new();
            let mut gone = Vec::new();
            let come = |list: &mut List, here: &mut Vec<_>| {
                let new = follower(here.len() as u32);
                list.add(new.clone());
                here.push((new, Vec::new()));
            };
            (0..size).for_each(|_| come(&mut list, &mut here));
            let mut jobs = Vec::new();
            for number in 0..4 {
                here.iter_mut().for_each(|(_, heard)| heard.push(number));
                jobs.push(Job::Push(list.now(), numbered("room", number)));
                for _ in 0..moves {
                    let (one, heard) = here.swap_remove(random.random_range(0..here.len()));
                    list.remove(one.seat());
                    gone.push((one, heard));
                    come(&mut list, &mut here);
                }
            }
            for run in runs(&mut jobs) {
                let Run::Push(batches) = run else { panic!("nothing else was put") };
                assert_eq!(batches.len(), if moves == 0 { 1 } else { 4 });
                deliver_all(batches, &Clock::from_fn(|| Millis(1))).await;
            }
            for (follower, heard) in here.into_iter().chain(gone) {
                let told = follower.connection.outbound.take().concat();
                let told = String::from_utf8_lossy(&told).into_owned();
                let numbers: Vec<u64> = told
                    .match_indices(MARK)
                    .map(|(at, mark)| told[at + mark.len()..][..1].parse().unwrap())
                    .collect();
                assert_eq!(numbers, heard, "{size} followers, {moves} moves: {told}");
            }
        }
    }
}

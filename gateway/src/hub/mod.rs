//! The connections of this node, and who of them hears what.
//!
//! Events come from the bus in order. Here is decided what an event changes about who hears what; what is to be heard
//! goes on to the workers of `fanout`, which write it as a WebSocket frame once per dialect and give it to the connections
//! that follow its topic. The work under a lock of `shard` is a look-up and a copy of a handle.

mod connection;
mod fanout;
mod followers;
mod frame;
mod held;
mod outbound;
mod position;
mod recovery;
mod returning;
mod rooms;
mod shard;
#[cfg(test)]
mod tests;
mod topics;
mod turns;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::id::{AppId, ChannelId, GroupId, Seq, UserId};
use protocol::session::Newcomer;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::{
    Bus, Control, Delivery, Ended, Event, Incoming, Membership, Receiver, Source, Stamp, Topic,
};
use crate::clock::Clock;

pub use crate::bus::{Coming, DeviceClaim, Going};
pub use connection::Connection;
#[cfg(feature = "internals")]
pub use frame::message_frame;
pub use frame::{Dialect, Frame, PING, close_frame, pong_frame, text_frame};
pub use outbound::{Closing, Late, Outbound, Pipe, RECEIPT_AFTER};
pub use returning::{Back, Missed};

use self::connection::{Detached, Follower};
use self::fanout::Fanout;
use self::followers::Followers;
use self::frame::{Content, Encoded};
use self::shard::{Join, Passage, Shards};

/// Who is logged in on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub app: AppId,
    pub user: UserId,
    pub device: DeviceClaim,
}

/// How long a login waits for its topics to be followed, first the user's and then those of the groups.
const FOLLOW_DEADLINE: Duration = Duration::from_secs(10);

/// How long an answer that counts messages waits for those that it counts.
const CAUGHT_UP_WITHIN: Duration = Duration::from_millis(500);

/// Those who wait until what the bus has brought till then is put to the workers.
struct Marks {
    set: mpsc::Sender<oneshot::Sender<()>>,
    /// Until deliveries begin.
    to_come: Mutex<Option<mpsc::Receiver<oneshot::Sender<()>>>>,
}

/// Of those so many are looked at.
const MARKS: usize = 64;

/// The topics of a user could not be followed, so nobody may believe that the user is there.
#[derive(Debug, thiserror::Error)]
#[error("what concerns the user could not be followed")]
pub struct NotFollowed;

/// The connections of this node. A cheap handle.
#[derive(Clone)]
pub struct Hub {
    shards: Arc<Shards>,
    bus: Arc<dyn Bus>,
    source: Arc<dyn Source>,
    fanout: Fanout,
    clock: Clock,
    /// Tells that something was put to the workers.
    news: Arc<Notify>,
    marks: Arc<Marks>,
    /// Bounds how many topics are recovered at once.
    recoveries: Arc<Semaphore>,
    /// Bounds for how many devices that are back it is read at once what they missed.
    returns: Arc<Semaphore>,
    /// Everything that the hub does by itself, until it is told to stop.
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Hub {
    /// To be called within the runtime.
    pub fn new(bus: Arc<dyn Bus>, source: Arc<dyn Source>, clock: &Clock) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (set, to_come) = mpsc::channel(MARKS);
        Self {
            marks: Arc::new(Marks { set, to_come: Mutex::new(Some(to_come)) }),
            shards: Arc::new(Shards::new(bus.clone())),
            bus,
            source,
            fanout: Fanout::start(clock, &tasks, &stop),
            clock: clock.clone(),
            news: Arc::default(),
            recoveries: Arc::new(Semaphore::new(recovery::AT_ONCE)),
            returns: Arc::new(Semaphore::new(returning::AT_ONCE)),
            tasks,
            stop,
        }
    }

    /// Begins to deliver what the bus brings. To be called once.
    pub fn start(&self, receiver: Receiver) {
        // Nothing under this lock can panic.
        let marks = self.marks.to_come.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(marks) = marks {
            self.spawn(self.clone().run(receiver, marks));
        }
        if let Some(wishes) = self.source.wishes() {
            self.spawn(self.clone().keep_wishes(wishes));
        }
        self.spawn(self.clone().keep_watch());
        self.spawn(self.clone().keep_time());
    }

    /// Ends everything that the hub does by itself: nobody hears anything more.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            // Whether it was ended or came to its end.
            let _ = stop.run_until_cancelled(work).await;
        });
    }

    /// A new connection that follows nothing, and later at most the group `only`. Its queue holds at most `queue_bytes`.
    pub fn connect(&self, dialect: Dialect, only: Option<GroupId>, queue_bytes: usize) -> Arc<Connection> {
        metrics::gauge!("gateway_connections").increment(1.0);
        Arc::new(Connection::new(dialect, only, queue_bytes))
    }

    /// Begins to hear what concerns the user and the user's groups. Pushes wait until they are released: a client takes
    /// the first of them for the end of what it missed, so the answer to its login comes before.
    ///
    /// Whoever is told after this that they are logged in reads from the store what was said before, so it succeeds
    /// only when nothing that is said from now on can be missed. Of one who is back it gives the pushes that they missed, to
    /// be written right after the answer to the login.
    pub async fn attach(
        &self,
        connection: &Arc<Connection>,
        attachment: Attachment,
        back: Option<Back>,
    ) -> Result<Missed, NotFollowed> {
        if connection.attachment().is_some_and(|known| *known == attachment) {
            // A login that was repeated: to begin anew would miss what is said meanwhile.
            return Ok(Missed::default());
        }
        self.detach_as(connection, Going::Away);
        let (app, user) = (attachment.app, attachment.user.clone());
        connection.outbound.hold();
        let login = connection.attach(attachment.clone());
        self.follow(connection, vec![Topic::User(app, user.clone())]).await?;
        // After the attachment: changes of membership while the list is read are heard.
        let groups = self.source.groups_of(app, &user).await.map_err(|error| {
            tracing::warn!(%error, "the groups of a user could not be read");
            NotFollowed
        })?;
        let enter = |membership: &Membership| connection.enter(&membership.group, membership.hidden(), false);
        self.follow(connection, groups.iter().filter_map(enter).collect()).await?;
        // Behind their groups: of a topic that is made from now on they hear there.
        self.follow_topics(connection, app, groups.iter().filter(|group| group.has_topics)).await?;
        connection.has_entered(login);
        self.enter_rooms(connection).await.map_err(|error| {
            tracing::warn!(%error, "the rooms of a device could not be read");
            NotFollowed
        })?;
        connection.outbound.has_followed();
        match back {
            Some(back) => self.missed(connection, &attachment, back).await,
            None => Ok(Missed::default()),
        }
    }

    /// Logs the connection's device out when its session ended before the connection could hear of it.
    pub async fn verify(&self, connection: &Arc<Connection>) {
        let Some(attached) = connection.attachment() else { return };
        match self.source.ended(attached.app, &attached.user, attached.device).await {
            Ok(None) => {}
            Ok(Some(reason)) => self.log_out(connection, reason, Newcomer::default()),
            Err(error) => {
                tracing::warn!(%error, "a session could not be looked up; it is looked up again");
                self.begin_recovery(
                    self.shards.suspect(&Topic::User(attached.app, attached.user.clone()), false),
                );
            }
        }
    }

    /// Follows topics, and waits until nothing that is said from now on can be missed.
    async fn follow(&self, connection: &Arc<Connection>, topics: Vec<Topic>) -> Result<(), NotFollowed> {
        let mut waits = Vec::new();
        for topic in topics {
            waits.extend(self.join(connection, &topic, None));
        }
        self.followed(waits).await
    }

    /// Waits until these topics are followed.
    async fn followed(&self, waits: Vec<oneshot::Receiver<()>>) -> Result<(), NotFollowed> {
        if waits.is_empty() {
            return Ok(());
        }
        let all = futures_util::future::join_all(waits);
        // One that is dropped is of a group that is gone, or of one who left it.
        tokio::time::timeout(FOLLOW_DEADLINE, all).await.map(|_| ()).map_err(|_| {
            tracing::warn!("what concerns a user could not be followed in {FOLLOW_DEADLINE:?}");
            NotFollowed
        })
    }

    /// Follows a topic, from the number `since` on or from now. Gives what to wait for until it is followed.
    fn join(
        &self,
        connection: &Arc<Connection>,
        topic: &Topic,
        since: Option<Seq>,
    ) -> Option<oneshot::Receiver<()>> {
        let follower = connection.follower()?;
        let mut wait = None;
        if !self.bus.can_lose() {
            self.shards.add(topic, follower.clone());
        } else if let Join::Later(ready, recovery) = self.shards.join(topic, follower.clone(), since) {
            self.begin_recovery(recovery);
            wait = Some(ready);
        }
        if !follower.is_here() {
            // Logged out meanwhile, perhaps before it could be found among the followers.
            self.shards.remove(topic, follower.seat());
        }
        wait
    }

    /// Hears nothing more, because the session has ended. Returns who was attached.
    pub fn detach(&self, connection: &Arc<Connection>) -> Option<Arc<Attachment>> {
        self.detach_as(connection, Going::Left)
    }

    fn detach_as(&self, connection: &Arc<Connection>, going: Going) -> Option<Arc<Attachment>> {
        let Detached { attachment, channels, rooms, seat } = connection.detach()?;
        // What waited was for this user, and goes out before another one can be there.
        connection.outbound.release();
        connection.outbound.forget_user();
        self.shards.remove(&Topic::User(attachment.app, attachment.user.clone()), seat);
        if going == Going::Away {
            self.wait_for(&attachment, &rooms);
        }
        for channel in channels.into_iter().chain(rooms.iter().map(ChannelId::from)) {
            self.shards.remove(&Topic::Group(attachment.app, channel), seat);
        }
        self.left_rooms(&attachment, &rooms, going);
        Some(attachment)
    }

    /// How many connections a user is logged in on here.
    pub fn connections_of(&self, app: AppId, user: &UserId) -> usize {
        self.shards.count(&Topic::User(app, user.clone()))
    }

    /// The connection is gone. Returns who was attached.
    pub fn disconnect(&self, connection: &Arc<Connection>) -> Option<Arc<Attachment>> {
        metrics::gauge!("gateway_connections").decrement(1.0);
        self.detach_as(connection, Going::Away)
    }

    /// Delivers what the bus brings until it ends. All topics wait for this one task, so it waits for nothing but a
    /// place in a queue.
    async fn run(self, mut receiver: Receiver, mut marks: mpsc::Receiver<oneshot::Sender<()>>) {
        // Those who are told when so many events have been put to the workers.
        let (mut put, mut marked) = (0, VecDeque::new());
        loop {
            tokio::select! {
                biased;
                // It is never closed: the hub has the other end.
                Some(tell) = marks.recv() => marked.push_back((put + receiver.waiting(), tell)),
                incoming = receiver.recv() => {
                    let Some(incoming) = incoming else { return };
                    self.take_in(incoming).await;
                    put += 1;
                    self.news.notify_waiters();
                }
            }
            let is_put = marked.iter().take_while(|(at, _)| *at <= put).count();
            for (_, tell) in marked.drain(..is_put) {
                // Who does not wait any more need not be told.
                let _ = tell.send(());
            }
        }
    }

    async fn take_in(&self, incoming: Incoming) {
        match incoming {
            Incoming::Event(delivery) => match self.shards.pass(&delivery) {
                Passage::Now(followers) => self.dispatch(delivery, followers).await,
                Passage::Done => {}
                Passage::Recover(recovery) => self.begin_recovery(Some(recovery)),
            },
            Incoming::Suspect(topic) => self.begin_recovery(self.shards.suspect(&topic, true)),
        }
    }

    /// Waits until what the bus has brought till now is put to the workers.
    async fn is_put(&self) {
        let (tell, told) = oneshot::channel();
        // It ends with the hub.
        if self.marks.set.send(tell).await.is_ok() {
            let _ = told.await;
        }
    }

    /// Waits until what was said in these groups, and between a user and these others, is written to who hears it here, but
    /// no longer than [`CAUGHT_UP_WITHIN`]: clients add what they are pushed to what an answer has counted.
    pub async fn caught_up(
        &self,
        app: AppId,
        user: &UserId,
        ends: impl Iterator<Item = (&Topic, Stamp)> + Clone,
    ) {
        if ends.clone().next().is_none() {
            return;
        }
        let own = Topic::User(app, user.clone());
        let has_come = |(conversation, end): (&Topic, Stamp)| match conversation {
            Topic::Group(..) => self.shards.has_admitted(conversation, None, end),
            Topic::User(_, peer) => self.shards.has_admitted(&own, Some(peer), end),
        };
        let catching_up = async {
            loop {
                // Before the look, so that what happens in between is not missed.
                let mut news = pin!(self.news.notified());
                news.as_mut().enable();
                if ends.clone().all(has_come) {
                    break;
                }
                news.await;
            }
            self.is_put().await;
            self.fanout.flushed().await;
        };
        // What takes longer has been lost on the way, and is made up for.
        let _ = tokio::time::timeout(CAUGHT_UP_WITHIN, catching_up).await;
    }

    /// Does what an event means for those who follow its topic.
    async fn dispatch(&self, delivery: Delivery, followers: Followers) {
        let event = delivery.event.clone();
        match event.as_ref() {
            Event::Entry(_) => self.fanout.push(followers, delivery).await,
            Event::Passing(_) => {
                self.source.heard(&delivery);
                self.fanout.push(followers, delivery).await;
            }
            Event::Push(push) => {
                if push.changes_account()
                    && let Topic::User(app, user) = &delivery.topic
                {
                    self.source.account_changed(*app, user);
                }
                if matches!(delivery.topic, Topic::Group(..)) {
                    self.source.heard(&delivery);
                }
                self.fanout.push(followers, delivery).await;
            }
            Event::Control(control) => self.act(control, delivery, followers).await,
            Event::Unknown => {}
        }
    }

    async fn act(&self, control: &Control, delivery: Delivery, followers: Followers) {
        match control {
            Control::Entered { group, after, hides_earlier, topics_since } => {
                let hidden = if *hides_earlier { *after } else { Seq::ZERO };
                for Follower { connection, .. } in followers.iter() {
                    if let Some(topic) = connection.enter(group, hidden, true) {
                        if !self.bus.can_lose() && self.shards.may_be_past(&topic, *after) {
                            self.begin_entering(connection, &topic, *after);
                        }
                        // Nobody waits: what is said till then is read from the store.
                        drop(self.join(connection, &topic, Some(after.next())));
                    }
                    if let Some(since) = topics_since {
                        self.begin_entering_topics(connection, group, *since, *hides_earlier);
                    }
                }
            }
            Control::TopicMade { topic } => {
                for Follower { connection, .. } in followers.iter() {
                    if let Some(topic) = connection.enter_topic(topic, Seq::ZERO) {
                        drop(self.join(connection, &topic, Some(Seq(1))));
                    }
                }
            }
            Control::TopicsGone { topics } => {
                for Follower { connection, .. } in followers.iter() {
                    self.leave_topics(connection, topics);
                }
            }
            Control::Left { group } => self.leave(followers.iter(), group).await,
            Control::PutOut { room } => self.put_out(followers.iter(), room),
            Control::IsAt { .. } => self.source.heard(&delivery),
            Control::RollCall => self.source.roll_called(&delivery.topic),
            Control::Dismissed { notice, .. } => {
                self.source.heard(&delivery);
                self.fanout.push(followers.clone(), delivery).await;
                let group = notice.group.id.group();
                self.put_out(followers.iter(), &group);
                self.leave(followers.iter(), &group).await;
            }
            Control::Kicked { device, reason, by, terminal } => {
                let by = Newcomer { inst_id: *by, terminal: *terminal };
                for follower in followers.iter() {
                    if follower.is_here() && device.is_none_or(|device| device == follower.device) {
                        self.log_out(&follower.connection, Ended::Kicked(*reason), by);
                    }
                }
            }
        }
    }

    async fn leave<'a>(&self, followers: impl Iterator<Item = &'a Follower> + Send, group: &GroupId) {
        let mut with_nothing_to_hear = Vec::new();
        for Follower { connection, attachment, .. } in followers {
            let left = connection.leave(group);
            if !left.is_empty() && !connection.cares_for_all() {
                with_nothing_to_hear.push((attachment.app, connection.clone()));
            }
            for (topic, seat) in left {
                self.shards.remove(&topic, seat);
            }
        }
        // Who comes back may be let in again.
        if let Some((app, _)) = with_nothing_to_hear.first() {
            let topic = Topic::Group(*app, group.into());
            let connections = with_nothing_to_hear.into_iter().map(|(_, connection)| connection).collect();
            self.fanout.close(&topic, connections, Closing::GoingAway).await;
        }
    }

    /// Tells a device that it is logged out. The connection lives: the client closes it or logs in again; but where there
    /// is no word for it, the end of the connection tells.
    fn log_out(&self, connection: &Arc<Connection>, reason: Ended, by: Newcomer) {
        // Before it is told: what the client asks next comes from a device that is logged out.
        self.detach(connection);
        let is_sdk = !matches!(connection.dialect, Dialect::Legacy(_));
        let word = match reason {
            Ended::Kicked(reason) => Encoded::new(Content::Kick(reason, by)).frame(connection.dialect),
            Ended::Forgotten => None,
        };
        match word {
            Some(frame) => connection.outbound.say(&frame),
            // It is told in the answer to what it asks next, at the latest to its hello. On a new connection the SDKs would ask
            // for more than they reckon to be refused.
            None if is_sdk => {}
            None => connection.outbound.close(Closing::LoggedOut),
        }
        metrics::counter!("gateway_kicked_total").increment(1);
    }
}

//! The connections of this node, and who of them hears what.
//!
//! Events come from the bus in order; each is written as a WebSocket frame once per dialect and put on the queue of
//! every connection that follows its topic. The work under a lock is a look-up and a copy of handles.

mod connection;
mod frame;
mod lane;
mod mend;
mod outbound;
mod shard;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::id::{AppId, GroupId, Seq, UserId};
use protocol::session::KickReason;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::bus::{Bus, Delivery, DeviceId, Event, Incoming, Membership, Source, Stamp, Topic};
use crate::clock::Clock;

pub use crate::bus::DeviceClaim;
pub use connection::Connection;
pub use frame::{Dialect, Frame, PING, text_frame};
pub use outbound::{Closing, Outbound};

use self::frame::{Encoded, Push};
use self::shard::{Join, Passage, Shards};

/// Who is logged in on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub app: AppId,
    pub user: UserId,
    pub device: DeviceClaim,
}

/// How long a login waits for its topics to be followed. Afterwards they are followed as soon as it can be.
const FOLLOW_DEADLINE: Duration = Duration::from_secs(3);

/// The connections of this node. A cheap handle.
#[derive(Clone)]
pub struct Hub {
    shards: Arc<Shards>,
    bus: Arc<dyn Bus>,
    source: Arc<dyn Source>,
    clock: Clock,
    next_id: Arc<AtomicU64>,
    /// Bounds how many topics are mended at once.
    menders: Arc<Semaphore>,
}

impl Hub {
    pub fn new(bus: Arc<dyn Bus>, source: Arc<dyn Source>, clock: Clock) -> Self {
        Self {
            shards: Arc::new(Shards::new()),
            bus,
            source,
            clock,
            next_id: Arc::new(AtomicU64::new(1)),
            menders: Arc::new(Semaphore::new(mend::AT_ONCE)),
        }
    }

    /// A new connection that follows nothing, and later at most the group `only`. Its queue holds at most `queue_bytes`.
    pub fn connect(&self, dialect: Dialect, only: Option<GroupId>, queue_bytes: usize) -> Arc<Connection> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("gateway_connections").increment(1.0);
        Arc::new(Connection::new(id, dialect, only, queue_bytes))
    }

    /// Begins to hear what concerns the user and his groups.
    pub async fn attach(&self, connection: &Arc<Connection>, attachment: Attachment) {
        self.detach(connection).await;
        let (app, user) = (attachment.app, attachment.user.clone());
        connection.attach(attachment);
        self.follow(connection, vec![Topic::User(app, user.clone())]).await;
        // After the attachment: changes of membership while the list is read are heard.
        match self.source.groups_of(app, &user).await {
            Ok(groups) => {
                let enter = |membership: Membership| connection.enter(&membership.group, false);
                self.follow(connection, groups.into_iter().filter_map(enter).collect()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the groups of a user could not be read; they are read again");
                self.begin_mending(self.shards.doubt(&Topic::User(app, user), false));
            }
        }
    }

    /// Logs the connection's device out when its session ended before the connection could hear of it.
    pub async fn verify(&self, connection: &Arc<Connection>) {
        let Some(attached) = connection.attachment() else { return };
        match self.source.ended(attached.app, &attached.user, attached.device).await {
            Ok(None) => {}
            Ok(Some(reason)) => self.log_out(connection, reason, 0).await,
            Err(error) => {
                tracing::warn!(%error, "a session could not be looked up; it is looked up again");
                self.begin_mending(self.shards.doubt(&Topic::User(attached.app, attached.user), false));
            }
        }
    }

    /// Follows topics, and waits until nothing that is said from now on can be missed.
    async fn follow(&self, connection: &Arc<Connection>, topics: Vec<Topic>) {
        let mut waits = Vec::new();
        for topic in topics {
            waits.extend(self.join(connection, &topic, None));
        }
        if !waits.is_empty() {
            // Whoever is late is followed all the same; the event that is missed till then is read from the store.
            let _ = tokio::time::timeout(FOLLOW_DEADLINE, futures_util::future::join_all(waits)).await;
        }
    }

    /// Follows a topic, from the number `since` on or from now. Gives what to wait for until it is followed.
    fn join(
        &self,
        connection: &Arc<Connection>,
        topic: &Topic,
        since: Option<Seq>,
    ) -> Option<oneshot::Receiver<()>> {
        if !self.bus.can_lose() {
            self.shards.add(topic, connection);
            return None;
        }
        match self.shards.join(topic, connection, since) {
            Join::Done => None,
            Join::Later(ready, ticket) => {
                self.begin_mending(ticket);
                Some(ready)
            }
        }
    }

    /// Hears nothing more. Returns who was attached.
    pub async fn detach(&self, connection: &Arc<Connection>) -> Option<Attachment> {
        let (attachment, groups) = connection.detach()?;
        self.remove(connection, &Topic::User(attachment.app, attachment.user.clone())).await;
        for group in groups {
            self.remove(connection, &Topic::Group(attachment.app, group)).await;
        }
        Some(attachment)
    }

    /// The connection is gone. Returns who was attached.
    pub async fn disconnect(&self, connection: &Arc<Connection>) -> Option<Attachment> {
        metrics::gauge!("gateway_connections").decrement(1.0);
        self.detach(connection).await
    }

    async fn remove(&self, connection: &Arc<Connection>, topic: &Topic) {
        if !self.shards.remove(topic, connection) {
            return;
        }
        self.bus.unfollow(topic).await;
        // Somebody may have come meanwhile, and his following must not end with this one.
        if self.shards.is_followed(topic) {
            self.bus.follow(topic).await;
            self.begin_mending(self.shards.doubt(topic, false));
        }
    }

    /// Delivers what the bus brings until it ends.
    pub async fn run(self, mut incoming: mpsc::Receiver<Incoming>) {
        while let Some(incoming) = incoming.recv().await {
            match incoming {
                Incoming::Event(delivery) => match self.shards.pass(&delivery) {
                    Passage::Now(followers) => self.dispatch(&delivery, &followers).await,
                    Passage::Done => {}
                    Passage::Mend(ticket) => self.begin_mending(Some(ticket)),
                },
                Incoming::Doubt(topic) => self.begin_mending(self.shards.doubt(&topic, true)),
            }
        }
    }

    /// Does what an event means for those who follow its topic.
    async fn dispatch(&self, delivery: &Delivery, followers: &[Arc<Connection>]) {
        match delivery.event.as_ref() {
            Event::Entered { group, after } => {
                for connection in followers {
                    if let Some(topic) = connection.enter(group, true) {
                        // Nobody waits: what is said till then is read from the store.
                        drop(self.join(connection, &topic, Some(after.next())));
                    }
                }
            }
            Event::Left { group } => self.leave(followers, group).await,
            Event::GroupDismissed { notice, .. } => {
                self.push(followers, delivery);
                self.leave(followers, &notice.group.id).await;
            }
            Event::Kicked { device, reason, by } => {
                for connection in followers {
                    let is_meant = connection
                        .attachment()
                        .is_some_and(|attached| device.is_none_or(|device| device == attached.device.id));
                    if is_meant {
                        self.log_out(connection, *reason, *by).await;
                    }
                }
            }
            event => {
                if let Event::ProfileChanged { user, .. } = event
                    && let Topic::User(app, topic) = &delivery.topic
                    && user == topic
                {
                    self.source.account_changed(*app, user);
                }
                self.push(followers, delivery);
            }
        }
    }

    async fn leave(&self, connections: &[Arc<Connection>], group: &GroupId) {
        for connection in connections {
            if let Some(topic) = connection.leave(group) {
                self.remove(connection, &topic).await;
            }
        }
    }

    /// Tells a device that it is logged out. The connection lives: the client closes it or logs in again; but where there
    /// is no word for it, the end of the connection tells.
    async fn log_out(&self, connection: &Arc<Connection>, reason: KickReason, by: DeviceId) {
        match Encoded::new(Push::Kick(reason, by)).frame(connection.dialect) {
            Some(frame) => connection.outbound.push(frame),
            None => connection.outbound.close(Closing::LoggedOut),
        }
        self.detach(connection).await;
        metrics::counter!("gateway_kicked_total").increment(1);
    }

    /// Puts the event on the queue of every follower but the device it came from.
    fn push(&self, connections: &[Arc<Connection>], delivery: &Delivery) {
        let (event, origin) = (delivery.event.as_ref(), delivery.event.origin());
        let author = frame::author(event);
        // What tells of no log entry still shows a time, and a number that differs from others of the kind.
        let now = self.clock.now();
        let stamp = delivery.stamp.unwrap_or(Stamp { seq: Seq(now.0), at: now });
        let group = frame::group_of(event);
        let mut encoded: Option<Encoded<'_>> = None;
        let mut pushed = 0;
        for connection in connections {
            let Some(attached) = connection.attachment() else { continue };
            let is_author = author.is_none_or(|author| *author == attached.user);
            // One who left hears nothing more of the group, or his client would list it again.
            let knows = origin == Some(attached.device.id) && !connection.dialect.hears_itself();
            if is_author && knows || frame::has_left(event, &attached.user) {
                continue;
            }
            if group.is_some_and(|group| !connection.cares_for(group)) {
                continue;
            }
            if frame::is_personal(event) {
                encoded = None;
            }
            let encoded =
                encoded.get_or_insert_with(|| Encoded::new(Push::Event(event, stamp, attached.user.clone())));
            if let Some(frame) = encoded.frame(connection.dialect) {
                connection.outbound.push(frame);
                pushed += 1;
            }
        }
        metrics::counter!("gateway_pushes_total").increment(pushed);
    }
}

//! The connections of this node, and who of them hears what.
//!
//! Events come from the bus in order; each is written as a WebSocket frame once per dialect and put on the queue of
//! every connection that follows its topic. The work under a lock is a look-up and a copy of handles.

mod connection;
mod frame;
mod outbound;
mod shard;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::event;
use protocol::id::{AppId, GroupId, Seq, UserId};
use protocol::session::KickReason;
use tokio::sync::mpsc;

use crate::bus::{Bus, Delivery, DeviceId, Event, Incoming, Stamp, Topic};
use crate::clock::Clock;

pub use connection::Connection;
pub use frame::{Dialect, Frame, text_frame};
pub use outbound::{Closing, Outbound};

use self::frame::Encoded;
use self::shard::Shards;

/// Who is logged in on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub app: AppId,
    pub user: UserId,
    pub device: DeviceId,
}

/// The connections of this node. A cheap handle.
#[derive(Clone)]
pub struct Hub {
    shards: Arc<Shards>,
    bus: Arc<dyn Bus>,
    clock: Clock,
    next_id: Arc<AtomicU64>,
}

impl Hub {
    pub fn new(bus: Arc<dyn Bus>, clock: Clock) -> Self {
        Self { shards: Arc::new(Shards::new()), bus, clock, next_id: Arc::new(AtomicU64::new(1)) }
    }

    /// A new connection that follows nothing. Its queue holds at most `queue_bytes`.
    pub fn connect(&self, dialect: Dialect, queue_bytes: usize) -> Arc<Connection> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("gateway_connections").increment(1.0);
        Arc::new(Connection::new(id, dialect, queue_bytes))
    }

    /// Begins to hear what concerns the user. The groups come with [`Hub::follow`]; changes of membership from now on
    /// are heard, so that what is read from the store after this call cannot miss one.
    pub async fn attach(&self, connection: &Arc<Connection>, attachment: Attachment) {
        self.detach(connection).await;
        let topic = Topic::User(attachment.app, attachment.user.clone());
        connection.attach(attachment);
        self.add(connection, &topic).await;
    }

    /// Follows groups that the user was found to be in, but for those he left since [`Hub::attach`].
    pub async fn follow(&self, connection: &Arc<Connection>, groups: Vec<GroupId>) {
        for group in groups {
            if let Some(topic) = connection.enter(&group, false) {
                self.add(connection, &topic).await;
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

    async fn add(&self, connection: &Arc<Connection>, topic: &Topic) {
        if self.shards.add(topic, connection) {
            self.bus.follow(topic).await;
        }
    }

    async fn remove(&self, connection: &Arc<Connection>, topic: &Topic) {
        if self.shards.remove(topic, connection) {
            self.bus.unfollow(topic).await;
        }
    }

    /// Delivers what the bus brings until it ends.
    pub async fn run(self, mut deliveries: mpsc::Receiver<Incoming>) {
        while let Some(incoming) = deliveries.recv().await {
            if let Incoming::Event(delivery) = incoming {
                self.deliver(delivery).await;
            }
        }
    }

    async fn deliver(&self, delivery: Delivery) {
        let followers = self.shards.followers(&delivery.topic);
        if followers.is_empty() {
            return;
        }
        match delivery.event.as_ref() {
            Event::Entered { group } => {
                for connection in &followers {
                    if let Some(topic) = connection.enter(group, true) {
                        self.add(connection, &topic).await;
                    }
                }
            }
            Event::Left { group } => self.leave(&followers, group).await,
            Event::GroupDismissed { notice, .. } => {
                self.push(&followers, &delivery);
                self.leave(&followers, &notice.group.id).await;
            }
            Event::Kicked { device, reason, by } => self.kick(&followers, *device, *reason, *by).await,
            _ => self.push(&followers, &delivery),
        }
    }

    async fn leave(&self, connections: &[Arc<Connection>], group: &GroupId) {
        for connection in connections {
            if let Some(topic) = connection.leave(group) {
                self.remove(connection, &topic).await;
            }
        }
    }

    /// Tells devices that they are logged out. The connection lives: the client closes it or logs in again.
    async fn kick(
        &self,
        connections: &[Arc<Connection>],
        device: Option<DeviceId>,
        reason: KickReason,
        by: DeviceId,
    ) {
        let body = event::kicked(reason, by);
        let encoded = Encoded::new(event::FORCE_OFFLINE, &body);
        for connection in connections {
            let is_meant = connection
                .attachment()
                .is_some_and(|attached| device.is_none_or(|device| device == attached.device));
            if is_meant {
                connection.outbound.push(encoded.frame(connection.dialect));
                self.detach(connection).await;
                metrics::counter!("gateway_kicked_total").increment(1);
            }
        }
    }

    /// Puts the event on the queue of every follower but the device it came from.
    fn push(&self, connections: &[Arc<Connection>], delivery: &Delivery) {
        let (event, origin) = (delivery.event.as_ref(), delivery.event.origin());
        let author = frame::author(event);
        // What tells of no log entry still shows a time, and a number that differs from others of the kind.
        let now = self.clock.now();
        let stamp = delivery.stamp.unwrap_or(Stamp { seq: Seq(now.0), at: now });
        let mut encoded: Option<Encoded> = None;
        let mut pushed = 0;
        for connection in connections {
            let Some(attached) = connection.attachment() else { continue };
            let is_author = author.is_none_or(|author| *author == attached.user);
            if is_author && origin == Some(attached.device) {
                continue;
            }
            if frame::is_personal(event) {
                encoded = None;
            }
            let encoded = encoded
                .get_or_insert_with(|| Encoded::new(event::PUSH, &frame::body(event, stamp, &attached.user)));
            connection.outbound.push(encoded.frame(connection.dialect));
            pushed += 1;
        }
        metrics::counter!("gateway_pushes_total").increment(pushed);
    }
}

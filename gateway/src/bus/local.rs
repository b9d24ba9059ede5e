//! The bus of a single node: a bounded queue between the store and the hub.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::passing::{Numbers, Pass, Passed};
use super::receiver::Overload;
use super::{Bus, BusError, Delivery, Event, Incoming, Numbering, Receiver, Stamp, Topic, channel};

/// Events that may wait for the hub. A store that runs ahead of the fan-out then waits,
/// which slows the senders down instead of growing the process.
const QUEUE: usize = 4096;

/// Carries events inside one process. Nothing is lost while the receiver lives.
#[derive(Clone)]
pub struct LocalBus {
    queue: mpsc::Sender<Incoming>,
    backlog: Overload,
    numbers: Arc<Mutex<Numbers>>,
}

impl LocalBus {
    /// The bus, and the end that the hub reads.
    pub fn new() -> (Self, Receiver) {
        let (queue, receiver) = channel(QUEUE);
        (Self { queue, backlog: receiver.overload(), numbers: Arc::default() }, receiver)
    }

    /// For the store's own thread. Waits while the queue is full; does nothing when the hub has gone.
    pub fn publish_blocking(&self, topic: Topic, stamp: Option<Stamp>, event: Arc<Event>) {
        // The hub goes only after the last connection, so nobody is left to hear.
        let _ = self.queue.blocking_send(incoming(topic, stamp, event));
    }
}

fn incoming(topic: Topic, stamp: Option<Stamp>, event: Arc<Event>) -> Incoming {
    Incoming::Event(Delivery { topic, stamp, numbering: Numbering::Unneeded, event })
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, topic: Topic, stamp: Option<Stamp>, event: Arc<Event>) {
        // As above: no receiver means no connection.
        let _ = self.queue.send(incoming(topic, stamp, event)).await;
    }

    async fn pass(&self, pass: Pass) -> Result<Passed, BusError> {
        let place = self.queue.reserve().await;
        // Under the lock it is put into the queue as well, so that the order there is that of the numbers.
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = numbers.take(&pass);
        if let (Ok(place), false) = (place, passed.is_repeated) {
            place.send(incoming(pass.topic, Some(passed.stamp), pass.event));
        }
        Ok(passed)
    }

    /// Nobody else asks.
    async fn note(&self, _: &Topic, _: Option<Bytes>, _: Duration) -> Result<(), BusError> {
        Ok(())
    }

    async fn notes(&self, _topic: &Topic) -> Result<Vec<(u64, Bytes)>, BusError> {
        Ok(Vec::new())
    }

    async fn follow(&self, _topic: &Topic) {}

    fn unfollow(&self, _topic: &Topic) {}

    fn is_behind(&self) -> bool {
        self.backlog.is_too_much()
    }

    fn can_lose(&self) -> bool {
        false
    }

    async fn last_offset(&self, _topic: &Topic) -> Result<u64, BusError> {
        Ok(0)
    }
}

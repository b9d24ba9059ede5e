//! What waits to be written to a connection: a queue bounded in bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::frame::Frame;

/// Why the queue takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The reader is too slow: it is cut off, comes back and reads what it missed from the store.
    Overflow,
    /// The client is to come back: the node is going down, or what it talked in is gone.
    GoingAway,
    /// The client's session has ended, and it is no SDK, which would close by itself.
    LoggedOut,
}

#[derive(Debug, Default)]
struct Queue {
    frames: Vec<Frame>,
    bytes: usize,
    closing: Option<Closing>,
}

/// The queue of one connection. Producers never wait; the one consumer takes all that is there.
#[derive(Debug)]
pub struct Outbound {
    queue: Mutex<Queue>,
    changed: Notify,
    most_bytes: usize,
}

impl Outbound {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { queue: Mutex::default(), changed: Notify::new(), most_bytes }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing under this lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame. When it does not fit, the queue is emptied and the connection is to be closed.
    pub fn push(&self, frame: Frame) {
        let mut queue = self.queue();
        // Who is to go somewhere else still gets the answers to what he asked.
        if queue.closing == Some(Closing::Overflow) {
            return;
        }
        if queue.bytes + frame.len() > self.most_bytes {
            queue.frames = Vec::new();
            queue.bytes = 0;
            queue.closing = Some(Closing::Overflow);
            metrics::counter!("gateway_slow_readers_total").increment(1);
        } else {
            queue.bytes += frame.len();
            queue.frames.push(frame);
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Asks the writer to close the connection after what is queued.
    pub fn close(&self, reason: Closing) {
        self.queue().closing.get_or_insert(reason);
        self.changed.notify_one();
    }

    /// Waits until there is something to write or a reason to close. Cancelling loses nothing.
    pub async fn ready(&self) {
        loop {
            // Made before the look, so that what is pushed in between wakes it.
            let changed = self.changed.notified();
            {
                let queue = self.queue();
                if !queue.frames.is_empty() || queue.closing.is_some() {
                    return;
                }
            }
            changed.await;
        }
    }

    /// Everything that is queued, and whether to close after it.
    pub fn take(&self) -> (Vec<Frame>, Option<Closing>) {
        let mut queue = self.queue();
        queue.bytes = 0;
        (std::mem::take(&mut queue.frames), queue.closing)
    }

    /// Waits until the queue has overflowed.
    pub async fn overflowed(&self) {
        loop {
            let changed = self.changed.notified();
            if self.queue().closing == Some(Closing::Overflow) {
                // The writer's own wait must see it too.
                self.changed.notify_one();
                return;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::{Dialect, text_frame};

    #[tokio::test]
    async fn a_full_queue_closes_and_forgets() {
        let outbound = Outbound::new(100);
        let frame = text_frame(Dialect::Text, &"x".repeat(38));
        assert_eq!(frame.len(), 40);
        outbound.push(frame.clone());
        outbound.ready().await;
        assert_eq!(outbound.take().0.len(), 1);
        outbound.push(frame.clone());
        outbound.push(frame.clone());
        outbound.push(frame.clone());
        outbound.overflowed().await;
        outbound.push(frame);
        assert_eq!(outbound.take(), (Vec::new(), Some(Closing::Overflow)));
    }

    #[tokio::test]
    async fn closing_waits_for_what_is_queued() {
        let outbound = Outbound::new(100);
        outbound.push(text_frame(Dialect::Text, "x"));
        outbound.close(Closing::GoingAway);
        outbound.push(text_frame(Dialect::Text, "an answer that came meanwhile"));
        outbound.ready().await;
        let (frames, closing) = outbound.take();
        assert_eq!((frames.len(), closing), (2, Some(Closing::GoingAway)));
    }
}

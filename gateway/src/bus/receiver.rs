//! The hub's end of a bus, and whether the hub keeps up with what comes through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::Incoming;

/// Events that may wait at any time. The store writes many messages at once, so many come at once.
const FEW: usize = 64;

/// Events that may wait while a burst is worked off.
const MOST: usize = 1024;

/// How long a burst may last. What does not end by then is no burst: more is said than can be delivered, and each
/// message that is taken on makes all of them later.
const LONGEST: Duration = Duration::from_millis(250);

/// What a bus brings, in order.
pub struct Receiver {
    queue: mpsc::Receiver<Incoming>,
    /// Since when more than a few have waited all the time.
    since: Option<Instant>,
    is_behind: Arc<AtomicBool>,
}

/// Whether the hub is behind, for the bus.
#[derive(Clone)]
pub(super) struct Overload(Arc<AtomicBool>);

impl Overload {
    pub(super) fn is_too_much(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The way from a bus, which fills it, to a hub, which empties it.
pub fn channel(capacity: usize) -> (mpsc::Sender<Incoming>, Receiver) {
    let (sender, queue) = mpsc::channel(capacity);
    (sender, Receiver { queue, since: None, is_behind: Arc::default() })
}

impl Receiver {
    /// The next event; `None` when the bus has ended. Cancelling loses nothing.
    pub async fn recv(&mut self) -> Option<Incoming> {
        let incoming = self.queue.recv().await;
        self.look(self.queue.len());
        incoming
    }

    /// How many events wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn overload(&self) -> Overload {
        Overload(self.is_behind.clone())
    }

    fn look(&mut self, waiting: usize) {
        if waiting > FEW {
            self.look_at(waiting, Instant::now());
        } else if self.since.take().is_some() {
            self.is_behind.store(false, Ordering::Relaxed);
        }
    }

    fn look_at(&mut self, waiting: usize, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let is_behind = waiting > MOST || now.duration_since(since) > LONGEST;
        self.is_behind.store(is_behind, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::{AppId, UserId};

    use super::*;
    use crate::bus::Topic;

    fn receiver() -> (Receiver, Overload) {
        let (_, receiver) = channel(1);
        let backlog = receiver.overload();
        (receiver, backlog)
    }

    #[test]
    fn a_burst_is_let_pass() {
        let ((mut receiver, backlog), start) = (receiver(), Instant::now());
        for round in 0..10 {
            let begin = start + LONGEST * 2 * round;
            receiver.look_at(MOST, begin);
            receiver.look_at(FEW + 1, begin + LONGEST);
            assert!(!backlog.is_too_much());
            receiver.look(FEW);
        }
    }

    #[test]
    fn what_does_not_end_is_too_much_until_it_ends() {
        let ((mut receiver, backlog), start) = (receiver(), Instant::now());
        receiver.look_at(FEW + 1, start);
        receiver.look_at(FEW + 1, start + LONGEST + Duration::from_millis(1));
        assert!(backlog.is_too_much());
        receiver.look(FEW);
        assert!(!backlog.is_too_much());
    }

    #[tokio::test]
    async fn there_is_an_end_to_a_burst() {
        let (sender, mut receiver) = channel(MOST + 2);
        let backlog = receiver.overload();
        let topic = Topic::User(AppId(1), UserId::parse("alice").unwrap());
        for _ in 0..MOST + 2 {
            sender.try_send(Incoming::Suspect(topic.clone())).unwrap();
        }
        receiver.recv().await.unwrap();
        assert!(backlog.is_too_much());
        while receiver.queue.len() > FEW {
            receiver.recv().await.unwrap();
        }
        assert!(!backlog.is_too_much());
    }
}

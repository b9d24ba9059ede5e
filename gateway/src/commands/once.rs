//! What is carried out once, however often it is asked for.
//!
//! The SDKs repeat what was unanswered when the line broke, byte for byte, on the next connection and before they log in
//! there. A group that is made must not be made twice by that, and whoever has left a group must not be told that they
//! were never in it: what was answered to a frame is answered to its repetition, and one that is still at work is waited
//! for. Instances that share a store tell each other what they answered. Messages are known by the store instead, and so is what
//! would be wrong for good if the next life of an instance did it again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;
use xxhash_rust::xxh3::Xxh3;

use crate::services::session::ANSWERS_KEPT;

/// Answers of a session that instances tell each other: an SDK has fewer requests under way.
const SLOTS: u64 = 32;

/// Answers that are kept, and their bytes.
const MOST: usize = 1 << 16;
const MOST_BYTES: usize = 32 << 20;

/// What a request takes beside its answer, about.
const BESIDE: usize = 200;

/// A request, by the token of its session, so that nobody else can make one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    key: u128,
    slot: u128,
}

/// What an SDK asked for, as its frame tells it from all else that it asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Of the session; empty where there is none.
    pub token: &'a str,
    /// The number of the request: an SDK gives each another, as long as it lives.
    pub number: u64,
    /// When it was asked for, by the client's clock: a client may begin its numbers anew.
    pub at: u32,
    /// Whether it may have been asked for before, on a connection that broke.
    pub is_repeated: bool,
}

impl Asked<'_> {
    pub(super) fn key(&self, command: &str, body: &str) -> RequestKey {
        let hash = |parts: &[&[u8]]| {
            let mut hash = Xxh3::new();
            for part in parts {
                hash.update(&part.len().to_be_bytes());
                hash.update(part);
            }
            hash.digest128()
        };
        let (number, at) = (self.number.to_be_bytes(), self.at.to_be_bytes());
        let key = hash(&[self.token.as_bytes(), command.as_bytes(), body.as_bytes(), &number, &at]);
        let slot = hash(&[self.token.as_bytes(), &(self.number % SLOTS).to_be_bytes()]);
        RequestKey { key, slot }
    }
}

impl RequestKey {
    /// The same on every instance, and in each of its lives.
    pub(super) fn bytes(self) -> [u8; 16] {
        self.key.to_be_bytes()
    }

    /// Under what instances tell each other the answer: a later request of the session takes its place.
    pub(super) fn slot(self) -> [u8; 16] {
        self.slot.to_be_bytes()
    }
}

/// What became of a request: nothing yet, or the body of the answer.
type Outcome = Option<Arc<str>>;

struct Kept {
    outcome: watch::Receiver<Outcome>,
    since: Instant,
}

#[derive(Default)]
struct Requests {
    known: HashMap<RequestKey, Kept>,
    /// The oldest first, each with the bytes that it was counted with.
    order: VecDeque<(RequestKey, Instant, usize)>,
    bytes: usize,
}

/// Requests of the last minutes, in memory. A cheap handle.
#[derive(Clone, Default)]
pub(super) struct Lately(Arc<Mutex<Requests>>);

/// A request that is being carried out. One that is refused, or given up, may be asked for again.
pub(super) struct UnderWay {
    lately: Lately,
    key: RequestKey,
    since: Instant,
    tell: watch::Sender<Outcome>,
}

impl Lately {
    fn requests(&self) -> MutexGuard<'_, Requests> {
        // Nothing under this lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was answered to a request; waits while it is being carried out. Nothing where it is to be carried out.
    pub(super) async fn answered(&self, key: RequestKey) -> Outcome {
        let mut outcome = self.requests().known.get(&key)?.outcome.clone();
        let answered = outcome.wait_for(Option::is_some).await.ok()?;
        answered.clone()
    }

    /// A request is begun.
    pub(super) fn begin(&self, key: RequestKey) -> UnderWay {
        let (tell, outcome) = watch::channel(None);
        let since = Instant::now();
        self.requests().known.insert(key, Kept { outcome, since });
        UnderWay { lately: self.clone(), key, since, tell }
    }
}

impl UnderWay {
    /// It was carried out, and this is answered.
    pub(super) fn done(self, body: &str) {
        let bytes = BESIDE + body.len();
        self.tell.send_replace(Some(body.into()));
        let mut requests = self.lately.requests();
        requests.bytes += bytes;
        requests.order.push_back((self.key, self.since, bytes));
        requests.forget(self.since);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.tell.borrow().is_none() {
            let mut requests = self.lately.requests();
            if requests.known.get(&self.key).is_some_and(|kept| kept.since == self.since) {
                requests.known.remove(&self.key);
            }
        }
    }
}

impl Requests {
    /// Forgets what is too old, and the oldest of too many.
    fn forget(&mut self, now: Instant) {
        let is_old = |since: Instant| now.saturating_duration_since(since) > ANSWERS_KEPT;
        while let Some((key, since, bytes)) = self.order.front().copied() {
            if !is_old(since) && self.order.len() <= MOST && self.bytes <= MOST_BYTES {
                break;
            }
            self.order.pop_front();
            self.bytes -= bytes;
            // One that was carried out again meanwhile has a later entry.
            if self.known.get(&key).is_some_and(|kept| kept.since == since) {
                self.known.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(body: &str) -> RequestKey {
        Asked { token: "t", number: 1, at: 9, is_repeated: false }.key("a.b", body)
    }

    fn kept(lately: &Lately) -> (usize, usize) {
        let requests = lately.requests();
        (requests.known.len(), requests.order.len())
    }

    #[test]
    fn each_part_tells_a_request_from_others() {
        let of = |token, number, command, body| {
            Asked { token, number, at: 9, is_repeated: number > 1 }.key(command, body)
        };
        let keys = [
            of("t", 1, "a.b", "{}"),
            of("u", 1, "a.b", "{}"),
            of("t", 2, "a.b", "{}"),
            of("t", 1, "a.c", "{}"),
            of("t", 1, "a.b", "[]"),
            of("ta", 1, ".b", "{}"),
        ];
        assert_eq!(keys.iter().collect::<std::collections::HashSet<_>>().len(), keys.len());
        assert_eq!(of("t", 1, "a.b", "{}"), keys[0]);
        let later = Asked { token: "t", number: 1, at: 10, is_repeated: false };
        assert_ne!(later.key("a.b", "{}"), keys[0]);
        // What a session has told other instances is bounded.
        let slots: std::collections::HashSet<_> =
            (0..1000).map(|number| of("t", number, "a.b", "{}").slot()).collect();
        assert_eq!(slots.len() as u64, SLOTS);
        assert!(!slots.contains(&of("u", 1, "a.b", "{}").slot()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_carried_out_is_answered_alike_for_some_minutes() {
        let lately = Lately::default();
        assert_eq!(lately.answered(key("a")).await, None);
        lately.begin(key("a")).done("one");
        lately.begin(key("b")).done("two");
        assert_eq!(lately.answered(key("a")).await.as_deref(), Some("one"));
        assert_eq!(lately.answered(key("c")).await, None);
        tokio::time::advance(ANSWERS_KEPT + std::time::Duration::from_secs(1)).await;
        lately.begin(key("c")).done("three");
        assert_eq!(lately.answered(key("a")).await, None);
        assert_eq!(kept(&lately), (1, 1));
    }

    #[tokio::test]
    async fn one_under_way_is_waited_for() {
        let lately = Lately::default();
        let under_way = lately.begin(key("a"));
        let repeated = lately.answered(key("a"));
        let (answered, ()) = tokio::join!(repeated, async {
            tokio::task::yield_now().await;
            under_way.done("one");
        });
        assert_eq!(answered.as_deref(), Some("one"));
    }

    #[tokio::test]
    async fn one_that_was_refused_may_be_asked_for_again() {
        let lately = Lately::default();
        let under_way = lately.begin(key("a"));
        let (answered, ()) = tokio::join!(lately.answered(key("a")), async { drop(under_way) });
        assert_eq!(answered, None);
        assert!(lately.requests().known.is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let lately = Lately::default();
        for number in 0..MOST + 10 {
            lately.begin(key(&number.to_string())).done("{}");
        }
        assert_eq!(kept(&lately), (MOST, MOST));
        let large = "x".repeat(1 << 20);
        for number in 0..100 {
            lately.begin(key(&format!("large {number}"))).done(&large);
        }
        let requests = lately.requests();
        assert!(requests.bytes <= MOST_BYTES && requests.known.len() == requests.order.len());
    }
}

//! Token buckets for any number of keys, in memory of a fixed size.
//!
//! A bucket is one number: when it will be full again. It lies far ahead when much was taken at once (the generic cell
//! rate algorithm: a bucket that nobody has to refill). A bucket whose time has come is as one that was never used, so
//! its place is free without anybody's doing.
//!
//! A key is looked for in the eight places of one line of the processor's cache, without a lock and without allocating.
//! Where all of them are taken, the one that is nearest to full makes room: what is forgotten is a full bucket again and
//! nothing more, and who has taken more than the others is forgotten last. Two tasks that begin the same bucket in the
//! same instant can begin it twice; one of the two is forgotten.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::id::Millis;

use super::Quota;

/// Lines of eight buckets: 2 MiB.
const LINES: usize = 32 * 1024;

const PLACES: usize = 8;

/// The time of a bucket in microseconds, as the low bits of its word; the high bits tell keys of a line apart.
const TIME_BITS: u32 = 44;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

/// No bucket takes longer to fill. What seems to is of a time before the clock was put back, and free.
pub(super) const LONGEST_US: u64 = 30 * 24 * 3600 * 1_000_000;

#[derive(Default)]
#[repr(align(64))]
struct Line([AtomicU64; PLACES]);

/// What somebody is to be held to, by whom and for what.
pub(super) struct Buckets {
    lines: Box<[Line]>,
    /// With a key of its own, so that nobody can choose whom they share a place with.
    hasher: RandomState,
}

/// A key, as the buckets know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyHash(u64);

impl KeyHash {
    pub(super) fn number(self) -> u64 {
        self.0
    }

    fn line(self) -> usize {
        self.0 as usize % LINES
    }

    /// Never zero: a word of zero is nobody's.
    fn mark(self) -> u64 {
        (self.0 & !TIME_MASK).max(1 << TIME_BITS)
    }
}

/// How long it takes until a bucket with this word is full again, in microseconds.
fn debt(word: u64, now_us: u64) -> u64 {
    let ahead = (word & TIME_MASK).wrapping_sub(now_us) & TIME_MASK;
    // What is farther ahead is the past: the times wrap after half a year.
    if word == 0 || ahead > LONGEST_US { 0 } else { ahead }
}

impl Buckets {
    pub(super) fn new() -> Self {
        Self {
            lines: std::iter::repeat_with(Line::default).take(LINES).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn key(&self, key: &impl Hash) -> KeyHash {
        KeyHash(self.hasher.hash_one(key))
    }

    /// Whether a bucket has anything left, without taking it.
    pub(super) fn has_any(&self, quota: Quota, key: KeyHash, now: Millis) -> bool {
        if quota.is_off() {
            return true;
        }
        let now_us = now.0.wrapping_mul(1000) & TIME_MASK;
        let line = &self.lines[key.line()].0;
        let words = line.iter().map(|place| place.load(Ordering::Relaxed));
        let debt = words.filter(|word| word & !TIME_MASK == key.mark()).map(|word| debt(word, now_us)).max();
        let Some(debt) = debt else { return true };
        let capacity = quota.capacity_us();
        debt.min(capacity) + quota.cost_us(1).min(capacity) <= capacity
    }

    /// Takes from a bucket; false, and nothing taken, where so much is not in it. More than it holds takes all of it: what
    /// could never pass would be forbidden, and not only held back.
    pub(super) fn take(&self, quota: Quota, key: KeyHash, weight: u32, now: Millis) -> bool {
        if quota.is_off() || weight == 0 {
            return true;
        }
        let now_us = now.0.wrapping_mul(1000) & TIME_MASK;
        let capacity = quota.capacity_us();
        let cost = quota.cost_us(weight).min(capacity);
        let line = &self.lines[key.line()].0;
        loop {
            let (place, word) = find(line, key.mark(), now_us);
            let is_own = word & !TIME_MASK == key.mark();
            let before = if is_own { debt(word, now_us) } else { 0 };
            let is_let = before.min(capacity) + cost <= capacity;
            if !is_let && before <= capacity {
                return false;
            }
            // Where the clock was put back, the bucket is an empty one from now on: nobody waits longer than it takes to
            // fill.
            let after = if is_let { before + cost } else { capacity };
            let full_at = now_us.wrapping_add(after) & TIME_MASK;
            let taken = key.mark() | full_at;
            if place.compare_exchange_weak(word, taken, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return is_let;
            }
        }
    }
}

/// The place of a key in its line; where it has none, the one that has the least to remember.
fn find(line: &[AtomicU64; PLACES], mark: u64, now_us: u64) -> (&AtomicU64, u64) {
    let mut least = (&line[0], line[0].load(Ordering::Relaxed));
    for place in line {
        let word = place.load(Ordering::Relaxed);
        if word & !TIME_MASK == mark {
            return (place, word);
        }
        if debt(word, now_us) < debt(least.1, now_us) {
            least = (place, word);
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);
    const TEN: Quota = Quota { calls: 10, seconds: 1, burst: 10 };

    fn later(ms: u64) -> Millis {
        Millis(NOW.0 + ms)
    }

    fn takes(buckets: &Buckets, quota: Quota, key: KeyHash, now: Millis) -> usize {
        (0..10_000).take_while(|_| buckets.take(quota, key, 1, now)).count()
    }

    #[test]
    fn a_burst_passes_and_then_as_much_as_flows_in() {
        let buckets = Buckets::new();
        let quota = Quota { calls: 40, seconds: 1, burst: 600 };
        let key = buckets.key(&"room");
        assert!(buckets.has_any(quota, key, NOW));
        assert_eq!(takes(&buckets, quota, key, NOW), 600);
        assert!(!buckets.has_any(quota, key, NOW));
        assert_eq!(takes(&buckets, quota, key, later(24)), 0);
        assert_eq!(takes(&buckets, quota, key, later(25)), 1);
        assert_eq!(takes(&buckets, quota, key, later(1025)), 40);
        assert_eq!(takes(&buckets, quota, key, later(3_600_000)), 600, "no more than a burst is saved up");
    }

    #[test]
    fn what_is_refused_costs_nothing() {
        let buckets = Buckets::new();
        let key = buckets.key(&"somebody");
        assert!(buckets.take(TEN, key, 8, NOW));
        assert!(!buckets.take(TEN, key, 3, NOW));
        assert!(buckets.take(TEN, key, 2, NOW));
        // More than a bucket holds passes when it is full, and empties it.
        assert!(!buckets.take(TEN, key, 300, later(999)));
        assert!(buckets.take(TEN, key, 300, later(1000)));
        assert_eq!(takes(&buckets, TEN, key, later(1000)), 0);
    }

    #[test]
    fn nothing_is_held_to_a_quota_that_is_off() {
        let buckets = Buckets::new();
        let key = buckets.key(&"somebody");
        for quota in [Quota { calls: 0, ..TEN }, Quota { seconds: 0, ..TEN }, Quota { burst: 0, ..TEN }] {
            assert_eq!(takes(&buckets, quota, key, NOW), 10_000);
            assert!(buckets.has_any(quota, key, NOW));
        }
    }

    #[test]
    fn keys_have_buckets_of_their_own() {
        let buckets = Buckets::new();
        let of = |number: u32| takes(&buckets, TEN, buckets.key(&("application", number)), NOW);
        let shared = (0..20_000).filter(|number| of(*number) < 10).count();
        // Two of them share a bucket once in a hundred runs of this test.
        assert!(shared <= 3, "{shared}");
    }

    /// More keys than there is memory for: none is ever worse off than its quota says, and the one that took most is not
    /// forgotten for the others.
    #[test]
    fn what_is_forgotten_is_a_full_bucket_again() {
        let buckets = Buckets::new();
        let loud = buckets.key(&"loud");
        assert_eq!(takes(&buckets, TEN, loud, NOW), 10);
        for number in 0..1_000_000 {
            assert!(buckets.take(TEN, buckets.key(&number), 1, NOW), "{number}");
        }
        assert!(!buckets.take(TEN, loud, 1, NOW));
        let others = (0..1000).map(|number| takes(&buckets, TEN, buckets.key(&number), NOW));
        assert!(others.into_iter().all(|taken| taken <= 10));
    }

    #[test]
    fn a_clock_that_is_put_back_locks_nobody_out() {
        let buckets = Buckets::new();
        let key = buckets.key(&"somebody");
        assert_eq!(takes(&buckets, TEN, key, NOW), 10);
        for back in [60_000, 24 * 3_600_000, 3 * 366 * 24 * 3_600_000_u64] {
            let then = Millis(NOW.0 - back);
            takes(&buckets, TEN, key, then);
            assert!(buckets.take(TEN, key, 1, Millis(then.0 + 100)), "{back}");
            assert_eq!(takes(&buckets, TEN, key, Millis(then.0 + 1100)), 10, "{back}");
        }
    }

    #[test]
    fn slow_quotas_are_as_exact_as_fast_ones() {
        let buckets = Buckets::new();
        let quota = Quota { calls: 3, seconds: 86_400, burst: 2 };
        let key = buckets.key(&"somebody");
        assert_eq!(takes(&buckets, quota, key, NOW), 2);
        assert_eq!(takes(&buckets, quota, key, later(8 * 3_600_000 - 1)), 0);
        assert_eq!(takes(&buckets, quota, key, later(8 * 3_600_000)), 1);
        // One that fills more slowly than is remembered lets somebody pass all the same.
        let quota = Quota { calls: 1, seconds: u32::MAX, burst: u32::MAX };
        let key = buckets.key(&"somebody else");
        assert!(buckets.take(quota, key, 1, NOW) && !buckets.has_any(quota, key, NOW));
        assert!(buckets.has_any(quota, key, later(31 * 24 * 3_600_000)));
    }

    #[test]
    fn tasks_that_take_together_get_no_more_than_one_alone() {
        let buckets = Arc::new(Buckets::new());
        let key = buckets.key(&"room");
        let quota = Quota { calls: 1, seconds: 1, burst: 5000 };
        // Begun before: see above.
        assert!(buckets.take(quota, key, 1, NOW));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let buckets = buckets.clone();
                thread::spawn(move || takes(&buckets, quota, key, NOW))
            })
            .collect();
        let taken: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(taken, 4999);
    }
}

//! Who was wrong too often waits: twice as long each time.

use protocol::id::Millis;
use quick_cache::sync::Cache;

use super::buckets::KeyHash;

/// Those that are remembered. Of more, those are forgotten that have not been wrong for long.
const KEPT: usize = 16 * 1024;

/// The first wait.
const SHORTEST_MS: u64 = 1000;

/// The longest. Source: the vendor's text of 70050, "wait one minute".
const LONGEST_MS: u64 = 60_000;

/// After so long without a mistake it is as if there had been none.
const FORGIVEN_MS: u64 = 10 * 60_000;

#[derive(Clone, Copy, Debug)]
struct Record {
    times: u32,
    last: Millis,
    /// From when on the next mistake is counted.
    until: Millis,
}

/// Counts mistakes by key.
pub(super) struct Backoff(Cache<u64, Record>);

impl Backoff {
    pub(super) fn new() -> Self {
        Self(Cache::new(KEPT))
    }

    /// Counts a mistake, and gives how many there were; nothing for one that comes during a wait. After `free` of them
    /// each has a longer wait behind it; with 0 none ever has.
    pub(super) fn count(&self, key: KeyHash, free: u32, now: Millis) -> Option<u32> {
        if free == 0 {
            return Some(1);
        }
        // Two at once may count as one: it is only a matter of how long one waits.
        let known = self.0.get(&key.number());
        // A clock that was put back is no wait.
        let known = known.filter(|known| known.last <= now && now.0 - known.last.0 <= FORGIVEN_MS);
        if known.is_some_and(|known| now < known.until) {
            return None;
        }
        let times = known.map_or(0, |known| known.times).saturating_add(1);
        self.0.insert(key.number(), Record { times, last: now, until: Millis(now.0 + wait_ms(times, free)) });
        Some(times)
    }
}

fn wait_ms(times: u32, free: u32) -> u64 {
    match times.checked_sub(free) {
        None => 0,
        // Six doublings are beyond the longest.
        Some(beyond) => (SHORTEST_MS << beyond.min(6)).min(LONGEST_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::super::buckets::Buckets;
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn waits_grow_up_to_a_minute_and_are_forgiven() {
        let (backoff, key) = (Backoff::new(), Buckets::new().key(&"somebody"));
        let mut now = NOW;
        let count = |now| backoff.count(key, 5, Millis(now));
        for times in 1..=5 {
            assert_eq!(count(now), Some(times));
        }
        for (times, wait) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
            assert_eq!(count(now + wait * 1000 - 1), None, "the {times}th wait");
            now += wait * 1000;
            assert_eq!(count(now), Some(6 + times as u32));
        }
        assert_eq!(count(now + FORGIVEN_MS + 1), Some(1));
        // A clock that was put back by a day.
        assert_eq!(count(now - 24 * 3_600_000), Some(1));
    }

    #[test]
    fn nobody_waits_where_it_is_off() {
        let (backoff, key) = (Backoff::new(), Buckets::new().key(&"somebody"));
        assert!((0..1000).all(|_| backoff.count(key, 0, Millis(NOW)).is_some()));
    }

    #[test]
    fn a_wait_has_no_end_beyond_a_minute() {
        assert_eq!(wait_ms(4, 5), 0);
        assert_eq!(wait_ms(5, 5), 1000);
        assert_eq!(wait_ms(u32::MAX, 1), LONGEST_MS);
        assert_eq!(wait_ms(70, 5), LONGEST_MS);
    }
}

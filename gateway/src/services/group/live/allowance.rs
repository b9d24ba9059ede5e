//! What may be said in a room above its rate: what matters least is dropped first.
//!
//! Nothing waits. A message is told while so much is left of the room's allowance as its priority asks for: the less it
//! matters, the more. So when more is said than the room may hear, the least goes first, then the next, and what matters
//! most takes what flows in. The owner and admins may overdraw it, so that nobody keeps them from being heard.

use protocol::message::Priority;
use tokio::time::Instant;

use crate::services::rates::Quota;

/// What is left of what a room may hear.
pub(super) struct Allowance {
    left: f64,
    counted: Option<Instant>,
}

/// Who says something, as far as it matters for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The owner, an admin, the application.
    Staff,
    Member(Priority),
}

impl Weight {
    /// The part of the allowance that must be left.
    fn reserve(self) -> f64 {
        match self {
            // It may be overdrawn by as much again: their own rates bound what they say.
            Weight::Staff => -1.0,
            Weight::Member(Priority::High) => 0.0,
            Weight::Member(Priority::Normal) => 0.25,
            Weight::Member(Priority::Low) => 0.5,
            Weight::Member(Priority::Lowest) => 0.75,
        }
    }
}

impl Allowance {
    pub(super) fn new() -> Self {
        Self { left: 0.0, counted: None }
    }

    fn flow_in(&mut self, quota: Quota, now: Instant) {
        let most = f64::from(quota.burst);
        let per_second = f64::from(quota.calls) / f64::from(quota.seconds);
        self.left = match self.counted {
            None => most,
            Some(at) => (self.left + now.saturating_duration_since(at).as_secs_f64() * per_second).min(most),
        };
        self.counted = Some(now);
    }

    /// Whether something may be told now; then it is taken from what is left.
    pub(super) fn take(&mut self, quota: Quota, weight: Weight, now: Instant) -> bool {
        if quota.is_off() {
            return true;
        }
        self.flow_in(quota, now);
        let may = self.left - 1.0 >= f64::from(quota.burst) * weight.reserve();
        if may {
            self.left -= 1.0;
        }
        may
    }

    /// Something was told by another instance, or is not to be told after all.
    pub(super) fn correct(&mut self, quota: Quota, by: f64, now: Instant) {
        if !quota.is_off() {
            self.flow_in(quota, now);
            let most = f64::from(quota.burst);
            self.left = (self.left + by).clamp(-most, most);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const QUOTA: Quota = Quota { calls: 40, seconds: 1, burst: 80 };

    /// For ten seconds each of these is said so often in a second. Gives how many of each were told.
    fn told(said: &[(Weight, u32)]) -> Vec<u32> {
        let (start, mut allowance) = (Instant::now(), Allowance::new());
        // What may be told at once is used up first.
        while allowance.take(QUOTA, Weight::Member(Priority::High), start) {}
        let mut told = vec![0; said.len()];
        for ms in 0..10_000 {
            let now = start + Duration::from_millis(ms);
            for (index, (weight, rate)) in said.iter().enumerate() {
                if ms % u64::from(1000 / rate) == 0 && allowance.take(QUOTA, *weight, now) {
                    told[index] += 1;
                }
            }
        }
        told
    }

    fn member(priority: Priority) -> Weight {
        Weight::Member(priority)
    }

    #[test]
    fn the_least_is_dropped_first() {
        let all = [Priority::Lowest, Priority::Low, Priority::Normal, Priority::High];
        for (index, high) in all.iter().enumerate().skip(1) {
            for low in &all[..index] {
                let told = told(&[(member(*low), 100), (member(*high), 100)]);
                assert!(told[0] == 0 && told[1] >= 340, "{low:?} and {high:?}: {told:?}");
            }
        }
    }

    #[test]
    fn what_is_left_over_is_for_what_matters_less() {
        let told = told(&[(member(Priority::Lowest), 20), (member(Priority::High), 10)]);
        // The first come when nothing is left.
        assert!(told[1] >= 99 && told[0] > 50, "{told:?}");
    }

    #[test]
    fn nobody_keeps_the_owner_from_being_heard() {
        let told = told(&[(member(Priority::High), 1000), (Weight::Staff, 20)]);
        assert_eq!(told[1], 200);
        assert!((150..=250).contains(&told[0]), "and members have the rest: {told:?}");
    }

    #[test]
    fn what_other_instances_tell_counts() {
        let (start, mut allowance) = (Instant::now(), Allowance::new());
        for _ in 0..1000 {
            allowance.correct(QUOTA, -1.0, start);
        }
        assert!(!allowance.take(QUOTA, member(Priority::High), start + Duration::from_secs(1)));
        assert!(allowance.take(QUOTA, member(Priority::High), start + Duration::from_millis(2100)));
    }
}

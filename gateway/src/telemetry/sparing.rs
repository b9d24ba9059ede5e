//! Log lines that others can cause as often as they like.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far lines of one kind are apart at least.
const APART: Duration = Duration::from_secs(10);

/// Lets one line of a kind through every ten seconds, and says how many it kept back.
pub struct Sparing(Mutex<State>);

struct State {
    last: Option<Instant>,
    kept_back: u64,
}

impl Sparing {
    pub const fn new() -> Self {
        Self(Mutex::new(State { last: None, kept_back: 0 }))
    }

    /// Whether a line may be written now; if so, how many were kept back since the last one.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < APART) {
            state.kept_back += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.kept_back))
    }
}

impl Default for Sparing {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_goes_out_and_the_others_are_counted() {
        let (sparing, start) = (Sparing::new(), Instant::now());
        assert_eq!(sparing.admit_at(start), Some(0));
        assert_eq!(sparing.admit_at(start), None);
        assert_eq!(sparing.admit_at(start + APART / 2), None);
        assert_eq!(sparing.admit_at(start + APART), Some(2));
        assert_eq!(sparing.admit_at(start + APART * 2), Some(0));
    }
}

//! What was said a moment ago. A client that got no answer repeats what it said, and it is no fault of its own that it
//! says much: a repetition is held to no rate, for it is not said again.
//!
//! Of each message a number is kept, in memory of a fixed size. One that was overwritten, or said on another instance or
//! before a restart, is held to the rates as any other, and if it passes the store still knows it.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// 512 KiB.
const KEPT: usize = 64 * 1024;

pub(super) struct Said {
    numbers: Box<[AtomicU64]>,
    /// With a key of its own: nobody can make another's message look like a repetition.
    hasher: RandomState,
}

/// A message, by whatever its idempotency key is made of.
#[derive(Clone, Copy)]
pub(super) struct SaidKey(u64);

impl Said {
    pub(super) fn new() -> Self {
        Self {
            numbers: std::iter::repeat_with(AtomicU64::default).take(KEPT).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn key(&self, message: &impl Hash) -> SaidKey {
        // Zero is nothing.
        SaidKey(self.hasher.hash_one(message).max(1))
    }

    fn place(&self, key: SaidKey) -> &AtomicU64 {
        &self.numbers[key.0 as usize % KEPT]
    }

    pub(super) fn has(&self, key: SaidKey) -> bool {
        self.place(key).load(Ordering::Relaxed) == key.0
    }

    /// The message is about to be stored.
    pub(super) fn note(&self, key: SaidKey) {
        self.place(key).store(key.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_last_is_known_and_nothing_else() {
        let said = Said::new();
        let key = |random: u64| said.key(&("room", "alice", random));
        assert!((0..1000).all(|random| !said.has(key(random))));
        for random in 0..1_000_000 {
            said.note(key(random));
            assert!(said.has(key(random)));
        }
        assert!(!said.has(said.key(&("room", "bob", 999_999_u64))));
    }
}

//! What one speaker says is stored in the order they said it: see "Ordering" in the README.

use std::hash::{BuildHasher, Hash, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use crate::services::deps::Deps;
use crate::storage::{Batch, Ticket};

/// Speakers of one stripe wait for each other's look-ups, so there are many.
const STRIPES: usize = 1024;

/// Lets the messages of one speaker in one conversation go to the store one after another: look-ups take longer for
/// one than for the next, which may find in memory what the one before it had to ask for.
pub(super) struct SenderOrder {
    stripes: Vec<Mutex<()>>,
    hasher: RandomState,
}

/// The right to be the next that goes to the store. Waiting for it is first come, first served.
pub(super) struct Next<'a>(#[allow(dead_code, reason = "held until it is dropped")] MutexGuard<'a, ()>);

impl SenderOrder {
    pub(super) fn new() -> Self {
        Self {
            stripes: std::iter::repeat_with(Mutex::default).take(STRIPES).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(super) async fn next(&self, speaker: &impl Hash) -> Next<'_> {
        let stripe = self.hasher.hash_one(speaker) as usize % STRIPES;
        Next(self.stripes[stripe].lock().await)
    }
}

impl Next<'_> {
    /// Sends a batch on its way, and lets the next one begin.
    pub(super) fn submit(self, deps: &Deps, batch: Batch) -> Ticket {
        deps.engine.submit(batch)
    }
}

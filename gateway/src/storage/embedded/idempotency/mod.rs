//! The keys of [`Batch::idempotency_key`](crate::storage::Batch::idempotency_key), and what their batches were answered.
//!
//! The tokens of a group are one row, and an index of those of the last window is kept in memory (`recent`).
//! The index has a bound. Keys that come while it is full get a row each, which needs no memory
//! and costs more work (`sets`).

mod recent;
mod sets;

use std::collections::HashMap;

use fjall::OwnedWriteBatch;
use protocol::id::{Millis, Seq};
use sha2::{Digest, Sha256};

use crate::storage::{Committed, IDEMPOTENCY_WINDOW, LogEnd, Partition, StorageError};

use self::recent::Recent;
use self::sets::Sets;
use super::store::Store;

/// A token and its partition, shortened to a size that is the same for all.
///
/// Keys come from clients, so the hash must be one for which nobody can make two that are alike.
pub(super) type KeyHash = [u8; 16];

pub(super) fn token(partition: &Partition, once: &[u8]) -> KeyHash {
    let name = partition.name();
    let hash = Sha256::new()
        .chain_update(partition.app().0.to_be_bytes())
        .chain_update(name.len().to_be_bytes())
        .chain_update(name)
        .chain_update(once)
        .finalize();
    *hash.first_chunk().expect("SHA-256 has 32 bytes")
}

pub(super) struct IdempotencyKeys {
    recent: Recent,
    sets: Sets,
}

impl IdempotencyKeys {
    /// `most` is how many tokens the index in memory may hold, at about 50 bytes each.
    pub(super) fn load(store: &Store, most: usize) -> Result<Self, StorageError> {
        Ok(Self { recent: Recent::load(store, most)?, sets: Sets::load(store)? })
    }

    /// What the batch with this token was answered, unless that was a window before `now`.
    pub(super) fn find(
        &self,
        store: &Store,
        token: &KeyHash,
        now: Millis,
    ) -> Result<Option<Committed>, StorageError> {
        let found = match self.recent.find(store, token)? {
            None => self.sets.find(store, token)?,
            found => found,
        };
        // Rows may outlive the window, and a client may then use a token anew.
        let valid = found.filter(|(at, _)| window_after(*at) > now);
        Ok(valid.map(|(_, answer)| Committed { repeated: true, ..answer }))
    }

    /// Puts the tokens of a group into the write that stores it. `newest` is the greatest time of their batches.
    pub(super) fn remember(
        &mut self,
        store: &Store,
        answers: &HashMap<KeyHash, Committed>,
        newest: Millis,
        group: &mut OwnedWriteBatch,
    ) -> Result<(), StorageError> {
        self.recent.expire(store, newest, group)?;
        if self.recent.has_room(answers.len()) {
            self.recent.remember(store, answers, newest, group);
            Ok(())
        } else {
            self.sets.remember(store, answers, newest, group)
        }
    }
}

/// When a token was remembered, and what its batch was answered.
type Remembered = (Millis, Committed);

/// When what was remembered at `at` may be forgotten.
fn window_after(at: Millis) -> Millis {
    Millis(at.0.saturating_add(IDEMPOTENCY_WINDOW.as_millis() as u64))
}

/// An answer as it is kept: how many counters (2 bytes), how many entries (1), number (8) and time (8) of each, the
/// counters (8 each). Where there are no entries, there are the numbers of one, which are zero.
fn encode(answer: &Committed, to: &mut Vec<u8>) {
    let counters = u16::try_from(answer.counters.len()).expect("a batch has less than 65536 counters");
    to.extend_from_slice(&counters.to_be_bytes());
    to.push(u8::try_from(answer.entries.len()).expect("a batch has few appends"));
    let none: &[LogEnd] = if answer.entries.is_empty() { &[LogEnd::default()] } else { &[] };
    for end in answer.entries.iter().chain(none) {
        to.extend_from_slice(&end.seq.0.to_be_bytes());
        to.extend_from_slice(&end.at.0.to_be_bytes());
    }
    for count in &answer.counters {
        to.extend_from_slice(&count.to_be_bytes());
    }
}

/// Takes an answer from the front; nothing when the bytes are not one.
fn decode(from: &mut &[u8]) -> Option<Committed> {
    let counters = u16::from_be_bytes(*from.split_off(..2)?.first_chunk()?);
    let [entries] = *from.split_off(..1)?.first_chunk()?;
    let mut ends = Vec::with_capacity(usize::from(entries));
    for _ in 0..entries.max(1) {
        let seq = Seq(u64::from_be_bytes(*from.split_off(..8)?.first_chunk()?));
        let at = Millis(u64::from_be_bytes(*from.split_off(..8)?.first_chunk()?));
        ends.push(LogEnd { seq, at });
    }
    ends.truncate(usize::from(entries));
    let (counters, _) = from.split_off(..8 * usize::from(counters))?.as_chunks();
    Some(Committed {
        entries: ends,
        counters: counters.iter().map(|count| i64::from_be_bytes(*count)).collect(),
        repeated: false,
    })
}

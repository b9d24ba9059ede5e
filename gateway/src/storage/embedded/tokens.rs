//! The tokens of [`Batch::once`](crate::storage::Batch::once), and what their batches were answered.
//!
//! They live in two sets of rows. New tokens go to the current set; when it is as old as [`ONCE_WINDOW`],
//! the other set, whose last token is then older than that, is emptied in one step and becomes the current one.
//! So a token is remembered for one to two windows of batch time, nothing of it stays in memory,
//! and no row is deleted one by one.

use bytes::Bytes;
use fjall::{Keyspace, OwnedWriteBatch};
use protocol::id::{Millis, Seq};
use sha2::{Digest, Sha256};

use crate::storage::{Committed, Head, ONCE_WINDOW, Partition, StorageError};

use super::frame;
use super::key;
use super::store::{Store, failed};

/// A token and its partition, shortened to a size that is the same for all.
///
/// Tokens come from clients, so the hash must be one for which nobody can make two that are alike.
pub(super) type Token = [u8; 16];

pub(super) fn token(partition: &Partition, once: &[u8]) -> Token {
    let name = partition.name();
    let hash = Sha256::new()
        .chain_update(partition.app().0.to_be_bytes())
        .chain_update(name.len().to_be_bytes())
        .chain_update(name)
        .chain_update(once)
        .finalize();
    *hash.first_chunk().expect("SHA-256 has 32 bytes")
}

/// Which set is the current one.
pub(super) struct Tokens {
    current: usize,
    /// The time of the batch that began the current set; nothing before the first token.
    since: Option<Millis>,
}

impl Tokens {
    pub(super) fn load(store: &Store) -> Result<Self, StorageError> {
        let Some(kept) = store.newest(&key::GENERATION)? else { return Ok(Self { current: 0, since: None }) };
        let current = usize::from(kept.bytes.first() == Some(&1));
        Ok(Self { current, since: Some(Millis(kept.number)) })
    }

    /// What the batch with this token was answered.
    pub(super) fn find(&self, store: &Store, token: &Token) -> Result<Option<Committed>, StorageError> {
        for set in [self.current, 1 - self.current] {
            let stored = store.tokens[set].get(token).map_err(|error| failed("commit", error))?;
            if let Some(stored) = stored {
                return decode(token, stored.into()).map(Some);
            }
        }
        Ok(None)
    }

    /// Begins a new set when a batch of this time finds the current one full of a window.
    pub(super) fn turn(
        &mut self,
        store: &Store,
        at: Millis,
        group: &mut OwnedWriteBatch,
    ) -> Result<(), StorageError> {
        match self.since {
            Some(since) if at.0 < since.0.saturating_add(ONCE_WINDOW.as_millis() as u64) => return Ok(()),
            Some(_) => {
                // Should the process die before the group is stored, the emptied set is still the other one.
                store.tokens[1 - self.current].clear().map_err(|error| failed("commit", error))?;
                self.current = 1 - self.current;
            }
            None => {}
        }
        self.since = Some(at);
        let row = key::GENERATION;
        group.insert(&store.records, row, frame::encode(&row, at.0, &[self.current as u8]));
        Ok(())
    }

    /// Where new tokens go.
    pub(super) fn current<'a>(&self, store: &'a Store) -> &'a Keyspace {
        &store.tokens[self.current]
    }
}

/// The answer as it is kept: the entry's number, whether there is an entry, its time, the counts.
pub(super) fn encode(token: &Token, answer: &Committed) -> Vec<u8> {
    let head = answer.entry.unwrap_or_default();
    let mut bytes = Vec::with_capacity(9 + 8 * answer.counts.len());
    bytes.push(u8::from(answer.entry.is_some()));
    bytes.extend_from_slice(&head.at.0.to_be_bytes());
    for count in &answer.counts {
        bytes.extend_from_slice(&count.to_be_bytes());
    }
    frame::encode(token, head.seq.0, &bytes)
}

fn decode(token: &Token, stored: Bytes) -> Result<Committed, StorageError> {
    let damaged = StorageError::Damaged { operation: "commit" };
    let framed = frame::decode("commit", token, stored)?;
    let Some((&[has_entry], rest)) = framed.bytes.split_first_chunk() else { return Err(damaged) };
    let Some((at, counts)) = rest.split_first_chunk() else { return Err(damaged) };
    let head = Head { seq: Seq(framed.number), at: Millis(u64::from_be_bytes(*at)) };
    let (counts, []) = counts.as_chunks() else { return Err(damaged) };
    Ok(Committed {
        entry: (has_entry == 1).then_some(head),
        counts: counts.iter().map(|count| i64::from_be_bytes(*count)).collect(),
        repeated: true,
    })
}

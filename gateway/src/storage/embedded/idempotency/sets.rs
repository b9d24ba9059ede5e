//! Idempotency keys that have a row each, in two sets of rows.
//!
//! New tokens go to the current set; when it is as old as a window, the other set, whose last token is then
//! older than that, is emptied in one step and becomes the current one.
//! So a token is remembered for one to two windows, and no row is deleted one by one.

use std::collections::HashMap;

use fjall::{OwnedWriteBatch, PersistMode};
use protocol::id::Millis;

use crate::storage::embedded::store::{Store, failed, unless_it_panics};
use crate::storage::embedded::{frame, key};
use crate::storage::{Committed, StorageError};

use super::{KeyHash, Remembered, decode, encode, window_after};

pub(super) struct Sets {
    current: usize,
    /// The time of the batch that began the current set; nothing while there never was a token.
    since: Option<Millis>,
}

impl Sets {
    pub(super) fn load(store: &Store) -> Result<Self, StorageError> {
        let kept = match store.newest(&key::TOKEN_SET) {
            // Both sets are looked into; which is the older one is decided anew.
            Err(StorageError::Damaged { .. }) => {
                store.tell_of_row("record", &store.records, &key::TOKEN_SET);
                return Ok(Self { current: 0, since: Some(Millis(0)) });
            }
            kept => kept?,
        };
        let Some(kept) = kept else { return Ok(Self { current: 0, since: None }) };
        let current = usize::from(kept.bytes.first() == Some(&1));
        Ok(Self { current, since: Some(Millis(kept.number)) })
    }

    pub(super) fn find(&self, store: &Store, token: &KeyHash) -> Result<Option<Remembered>, StorageError> {
        if self.since.is_none() {
            return Ok(None);
        }
        for set in [self.current, 1 - self.current] {
            let read = unless_it_panics("commit", || {
                let stored = store.tokens[set].get(token).map_err(|error| failed("commit", error))?;
                let Some(stored) = stored else { return Ok(None) };
                let framed = frame::decode("commit", token, stored.into())?;
                let answer =
                    decode(&mut &framed.bytes[..]).ok_or(StorageError::Damaged { operation: "commit" })?;
                Ok(Some((Millis(framed.number), answer)))
            });
            match read {
                Err(StorageError::Damaged { .. }) => store.tell_of_row("token", &store.tokens[set], token),
                Ok(None) => {}
                read => return read,
            }
        }
        Ok(None)
    }

    pub(super) fn remember(
        &mut self,
        store: &Store,
        answers: &HashMap<KeyHash, Committed>,
        newest: Millis,
        group: &mut OwnedWriteBatch,
    ) -> Result<(), StorageError> {
        self.rotate(store, newest, group)?;
        for (token, answer) in answers {
            let mut bytes = Vec::new();
            encode(answer, &mut bytes);
            let value = frame::encode(token, newest.0, &bytes);
            group.insert(&store.tokens[self.current], token, value);
        }
        Ok(())
    }

    /// Begins a set when there is none, or when the current one is as old as a window.
    fn rotate(
        &mut self,
        store: &Store,
        now: Millis,
        group: &mut OwnedWriteBatch,
    ) -> Result<(), StorageError> {
        match self.since {
            Some(since) if now < window_after(since) => return Ok(()),
            Some(_) => {
                // Should the process die before the group is stored, the emptied set is still the other one.
                // Synced by itself, since only one write may be torn when the machine dies (see `journal.rs`).
                let emptied = store.tokens[1 - self.current].clear();
                let synced = emptied.and_then(|()| store.database.persist(PersistMode::SyncData));
                synced.map_err(|error| failed("commit", error))?;
                self.current = 1 - self.current;
            }
            None => {}
        }
        self.since = Some(now);
        let row = key::TOKEN_SET;
        group.insert(&store.records, row, frame::encode(&row, now.0, &[self.current as u8]));
        Ok(())
    }
}

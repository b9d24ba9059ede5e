//! The tokens of the last window: one row for those of a group, and in memory which row a token is in.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use fjall::OwnedWriteBatch;
use protocol::id::Millis;

use crate::storage::embedded::store::{Store, failed};
use crate::storage::embedded::{frame, key};
use crate::storage::{Committed, StorageError};

use super::{KeyHash, Remembered, decode, encode, window_after};

/// Parts of the index. A part that grows is copied, and a small one is copied quickly.
const PARTS: usize = 64;

/// Rows that one group removes at most, so that the first group after a long silence does not remove them all.
const REMOVE: usize = 4;

pub(super) struct Recent {
    index: Vec<HashMap<KeyHash, u64>>,
    held: usize,
    most: usize,
    /// The times of the rows from `first` on.
    rows: VecDeque<Millis>,
    first: u64,
}

impl Recent {
    pub(super) fn load(store: &Store, most: usize) -> Result<Self, StorageError> {
        let index = vec![HashMap::new(); PARTS];
        let mut recent = Self { index, held: 0, most, rows: VecDeque::new(), first: 0 };
        for guard in store.records.prefix(key::TOKENS) {
            let (row, stored) = guard.into_inner().map_err(|error| failed("read the tokens", error))?;
            let number =
                key::tokens_number(&row).ok_or(StorageError::Damaged { operation: "read the tokens" })?;
            let (newest, tokens) = tokens_in(&row, stored.into())?;
            if recent.rows.is_empty() {
                recent.first = number;
            }
            recent.rows.push_back(newest);
            for (token, _) in tokens {
                recent.insert(token, number);
            }
        }
        Ok(recent)
    }

    fn insert(&mut self, token: KeyHash, row: u64) {
        if self.index[part(&token)].insert(token, row).is_none() {
            self.held += 1;
        }
    }

    pub(super) fn has_room(&self, tokens: usize) -> bool {
        self.held + tokens <= self.most
    }

    pub(super) fn find(&self, store: &Store, token: &KeyHash) -> Result<Option<Remembered>, StorageError> {
        let Some(number) = self.index[part(token)].get(token) else { return Ok(None) };
        let row = key::tokens(*number);
        let Some(stored) = store.records.get(row).map_err(|error| failed("commit", error))? else {
            return Ok(None);
        };
        let (at, tokens) = tokens_in(&row, stored.into())?;
        Ok(tokens.into_iter().find_map(|(known, answer)| (known == *token).then_some((at, answer))))
    }

    pub(super) fn remember(
        &mut self,
        store: &Store,
        answers: &HashMap<KeyHash, Committed>,
        newest: Millis,
        group: &mut OwnedWriteBatch,
    ) {
        let number = self.first + self.rows.len() as u64;
        let mut bytes = Vec::with_capacity(answers.len() * 40);
        for (token, answer) in answers {
            bytes.extend_from_slice(token);
            encode(answer, &mut bytes);
            self.insert(*token, number);
        }
        let row = key::tokens(number);
        let value = frame::encode(&row, newest.0, &bytes);
        group.insert(&store.records, row, value);
        self.rows.push_back(newest);
    }

    /// Forgets rows that are a window older than `now`.
    pub(super) fn expire(
        &mut self,
        store: &Store,
        now: Millis,
        group: &mut OwnedWriteBatch,
    ) -> Result<(), StorageError> {
        for _ in 0..REMOVE {
            // The newest row stays, since its number gives the next one its number.
            if self.rows.len() < 2 || self.rows.front().is_none_or(|newest| window_after(*newest) > now) {
                return Ok(());
            }
            let row = key::tokens(self.first);
            if let Some(stored) = store.records.get(row).map_err(|error| failed("commit", error))? {
                for (token, _) in tokens_in(&row, stored.into())?.1 {
                    let part = &mut self.index[part(&token)];
                    if part.get(&token) == Some(&self.first) {
                        part.remove(&token);
                        self.held -= 1;
                    }
                }
            }
            group.remove(&store.records, row);
            self.rows.pop_front();
            self.first += 1;
        }
        Ok(())
    }
}

fn part(token: &KeyHash) -> usize {
    usize::from(token[0]) % PARTS
}

type Answered = Vec<(KeyHash, Committed)>;

/// The time of a row, its tokens and their answers.
fn tokens_in(row: &[u8], stored: Bytes) -> Result<(Millis, Answered), StorageError> {
    let framed = frame::decode("read the tokens", row, stored)?;
    let mut bytes = &framed.bytes[..];
    let mut tokens = Vec::new();
    while let Some((token, rest)) = bytes.split_first_chunk() {
        bytes = rest;
        let answer = decode(&mut bytes).ok_or(StorageError::Damaged { operation: "read the tokens" })?;
        tokens.push((*token, answer));
    }
    Ok((Millis(framed.number), tokens))
}

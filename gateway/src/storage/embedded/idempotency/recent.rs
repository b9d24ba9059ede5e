//! The tokens of the last window: one row for those of a group, and in memory which row a token is in.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use fjall::OwnedWriteBatch;
use protocol::id::Millis;

use crate::storage::embedded::store::{Store, failed, unless_it_panics};
use crate::storage::embedded::{frame, key};
use crate::storage::{Committed, StorageError};

use super::{KeyHash, Remembered, decode, encode, window_after};

/// Parts of the index. A part that grows is copied, and a small one is copied quickly.
const PARTS: usize = 64;

/// Rows that one group removes at most, so that the first group after a long silence does not remove them all.
const REMOVE: usize = 4;

/// How far the numbering goes on behind rows that cannot be read.
const BEHIND_DAMAGE: u64 = 1 << 32;

pub(super) struct Recent {
    index: Vec<HashMap<KeyHash, u64>>,
    held: usize,
    most: usize,
    /// The numbers of the rows and their times, the oldest first.
    rows: VecDeque<(u64, Millis)>,
    /// The number of the next row.
    next: u64,
}

impl Recent {
    pub(super) fn load(store: &Store, most: usize) -> Result<Self, StorageError> {
        let index = vec![HashMap::new(); PARTS];
        let mut recent = Self { index, held: 0, most, rows: VecDeque::new(), next: 0 };
        for guard in store.records.prefix(key::TOKENS) {
            let (row, stored) = match guard.into_inner().map_err(|error| failed("read the tokens", error)) {
                Ok(row) => row,
                // A client that repeats itself now may be heard twice. Nobody would be heard without a start.
                Err(StorageError::Damaged { .. }) => {
                    store.tell_of_row("record", &store.records, &key::TOKENS);
                    // The rows behind are not seen, and must not be written over while they may be good.
                    recent.next = recent.next.saturating_add(BEHIND_DAMAGE);
                    break;
                }
                Err(error) => return Err(error),
            };
            let Some(number) = key::tokens_number(&row) else { continue };
            recent.next = number.saturating_add(1);
            match tokens_in(&row, stored.into()) {
                Ok((newest, tokens)) => {
                    recent.rows.push_back((number, newest));
                    for (token, _) in tokens {
                        recent.insert(token, number);
                    }
                }
                // Gone as soon as one is looked for that has expired.
                Err(_) => {
                    store.tell_of_row("record", &store.records, &row);
                    recent.rows.push_back((number, Millis(0)));
                }
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
        let Some((at, tokens)) = stored_tokens(store, &row)? else { return Ok(None) };
        Ok(tokens.into_iter().find_map(|(known, answer)| (known == *token).then_some((at, answer))))
    }

    pub(super) fn remember(
        &mut self,
        store: &Store,
        answers: &HashMap<KeyHash, Committed>,
        newest: Millis,
        group: &mut OwnedWriteBatch,
    ) {
        let number = self.next;
        self.next += 1;
        let mut bytes = Vec::with_capacity(answers.len() * 40);
        for (token, answer) in answers {
            bytes.extend_from_slice(token);
            encode(answer, &mut bytes);
            self.insert(*token, number);
        }
        let row = key::tokens(number);
        let value = frame::encode(&row, newest.0, &bytes);
        group.insert(&store.records, row, value);
        self.rows.push_back((number, newest));
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
            let Some((number, newest)) = self.rows.front().copied() else { return Ok(()) };
            if self.rows.len() < 2 || window_after(newest) > now {
                return Ok(());
            }
            let row = key::tokens(number);
            if let Some((_, tokens)) = stored_tokens(store, &row)? {
                for (token, _) in tokens {
                    let part = &mut self.index[part(&token)];
                    if part.get(&token) == Some(&number) {
                        part.remove(&token);
                        self.held -= 1;
                    }
                }
            }
            group.remove(&store.records, row);
            self.rows.pop_front();
        }
        Ok(())
    }
}

/// What a row holds; nothing when it is gone or damaged.
fn stored_tokens(store: &Store, row: &[u8]) -> Result<Option<(Millis, Answered)>, StorageError> {
    let read = unless_it_panics("commit", || {
        let stored = store.records.get(row).map_err(|error| failed("commit", error))?;
        stored.map(|stored| tokens_in(row, stored.into())).transpose()
    });
    match read {
        Err(StorageError::Damaged { .. }) => {
            store.tell_of_row("record", &store.records, row);
            Ok(None)
        }
        read => read,
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

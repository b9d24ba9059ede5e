//! A group on its way to disk: what its batches change, seen by the batches after them.

use std::collections::HashMap;

use bytes::Bytes;
use fjall::OwnedWriteBatch;
use protocol::id::Millis;

use crate::storage::{
    Append, Batch, CommitError, Committed, Expected, Key, LogEnd, MOST_APPENDS, Partition, StorageError,
    Version,
};

use super::frame::{self, Framed};
use super::idempotency::{self, IdempotencyKeys, KeyHash};
use super::key;
use super::log_ends::LogEnds;
use super::store::{Store, count};

pub(super) struct GroupCommit<'a> {
    store: &'a Store,
    ends: &'a mut LogEnds,
    tokens: &'a mut IdempotencyKeys,
    /// The number of the last batch; every stored batch has its own, and it is the version of what it writes.
    last: u64,
    /// Records and counters as the group leaves them; nothing where it deletes.
    records: HashMap<Vec<u8>, Option<Framed>>,
    /// Rows of new entries.
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    answers: HashMap<KeyHash, Committed>,
    /// The greatest time of a batch with a token.
    newest_token: Option<Millis>,
}

impl<'a> GroupCommit<'a> {
    pub(super) fn new(
        store: &'a Store,
        ends: &'a mut LogEnds,
        tokens: &'a mut IdempotencyKeys,
        last: u64,
    ) -> Self {
        Self {
            store,
            ends,
            tokens,
            last,
            records: HashMap::new(),
            entries: Vec::new(),
            answers: HashMap::new(),
            newest_token: None,
        }
    }

    /// Takes a batch into the group, or says why not and leaves the group as it was.
    pub(super) fn take(&mut self, batch: &Batch) -> Result<Committed, CommitError> {
        let token = batch.idempotency_key.as_ref().map(|once| idempotency::token(&batch.partition, once));
        if let Some(token) = &token
            && let Some(answer) = self.answered(token, batch.at)?
        {
            return Ok(answer);
        }
        self.check(batch)?;
        let counters = self.counters(batch)?;
        let entries = self.next_entries(batch)?;
        let rows = rows_of(batch)?;
        let index = index_rows_of(batch, &entries)?;

        // From here on nothing can fail, so the group gets the whole batch.
        self.last += 1;
        let bytes = batch.puts.iter().map(|(_, bytes)| Some(bytes.clone())).chain(std::iter::repeat(None));
        for (row, bytes) in rows.into_iter().zip(bytes) {
            self.records.insert(row, bytes.map(|bytes| Framed { number: self.last, bytes }));
        }
        for (row, bytes) in index {
            self.records.insert(row, Some(Framed { number: self.last, bytes }));
        }
        let sums = counters.iter().map(|(_, sum)| *sum).collect();
        for (row, sum) in counters {
            let bytes = Bytes::copy_from_slice(&sum.to_be_bytes());
            self.records.insert(row, Some(Framed { number: self.last, bytes }));
        }
        let ends = entries.iter().map(|entry| entry.end).collect();
        let answer = Committed { entries: ends, counters: sums, repeated: false };
        for NewEntry { log, end, bytes } in entries {
            self.ends.set(&log, end);
            let row = key::entry(log, end.seq);
            let value = frame::encode(&row, end.at.0, &bytes);
            self.entries.push((row, value));
        }
        if let Some(token) = token {
            self.answers.insert(token, answer.clone());
            self.newest_token = self.newest_token.max(Some(batch.at));
        }
        Ok(answer)
    }

    /// The answer that a batch with this token got before.
    fn answered(&self, token: &KeyHash, now: Millis) -> Result<Option<Committed>, StorageError> {
        match self.answers.get(token) {
            Some(answer) => Ok(Some(Committed { repeated: true, ..answer.clone() })),
            None => self.tokens.find(self.store, token, now),
        }
    }

    fn check(&self, batch: &Batch) -> Result<(), CommitError> {
        for (index, check) in batch.checks.iter().enumerate() {
            let found = self.newest(&key::record(&batch.partition, &check.key)?)?;
            let holds = match check.expected {
                Expected::Absent => found.is_none(),
                Expected::Present => found.is_some(),
                Expected::Version(Version(version)) => found.is_some_and(|found| found.number == version),
            };
            if !holds {
                return Err(CommitError::Conflict(index));
            }
        }
        Ok(())
    }

    /// The row and the new sum of each count.
    fn counters(&self, batch: &Batch) -> Result<Vec<(Vec<u8>, i64)>, CommitError> {
        let mut sums: Vec<(Vec<u8>, i64)> = Vec::with_capacity(batch.adds.len());
        for (index, add) in batch.adds.iter().enumerate() {
            let row = key::record(&batch.partition, &add.key)?;
            let now = match sums.iter().rev().find(|(known, _)| *known == row) {
                Some((_, sum)) => *sum,
                None => match self.newest(&row)? {
                    Some(found) => count("commit", &found.bytes)?,
                    None => 0,
                },
            };
            match now.checked_add(add.delta) {
                Some(sum) if add.at_most.is_none_or(|most| sum <= most) => sums.push((row, sum)),
                _ => return Err(CommitError::Bound(index)),
            }
        }
        Ok(sums)
    }

    /// What the batch finds in `row`: the group's own change, or what is stored.
    fn newest(&self, row: &[u8]) -> Result<Option<Framed>, StorageError> {
        match self.records.get(row) {
            Some(staged) => Ok(staged.clone()),
            None => self.store.newest(row),
        }
    }

    fn next_entries(&self, batch: &Batch) -> Result<Vec<NewEntry>, StorageError> {
        if batch.appends.len() > MOST_APPENDS {
            return Err(StorageError::too_many_appends());
        }
        let mut entries: Vec<NewEntry> = Vec::with_capacity(batch.appends.len());
        for Append { log, bytes } in &batch.appends {
            let log = key::of_log(&batch.partition, log)?;
            let own = entries.iter().rev().find(|entry| entry.log == log).map(|entry| entry.end);
            let last = match own.or_else(|| self.ends.get(&log)) {
                Some(end) => end,
                None => self.store.head_of(&log)?,
            };
            let end = LogEnd { seq: last.seq.next(), at: last.at.max(batch.at) };
            entries.push(NewEntry { log, end, bytes: bytes.clone() });
        }
        Ok(entries)
    }

    /// The group as one write, and the number of its last batch; nothing when no batch changes anything.
    pub(super) fn write(self) -> Result<Option<(OwnedWriteBatch, u64)>, StorageError> {
        let GroupCommit { store, tokens, records, mut entries, answers, newest_token, last, .. } = self;
        if records.is_empty() && entries.is_empty() && answers.is_empty() {
            return Ok(None);
        }
        let rows = records.len() + entries.len() + answers.len() + 2;
        let mut group = OwnedWriteBatch::with_capacity(store.database.clone(), rows);
        for (row, framed) in records {
            match framed {
                Some(Framed { number, bytes }) => {
                    let value = frame::encode(&row, number, &bytes);
                    group.insert(&store.records, row, value);
                }
                None => store.remove_record(&mut group, row),
            }
        }
        // In the order of the rows: each is then looked for near the last one.
        entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (row, value) in entries {
            group.insert(&store.entries, row, value);
        }
        if let Some(newest) = newest_token {
            tokens.remember(store, &answers, newest, &mut group)?;
        }
        Ok(Some((group, last)))
    }
}

struct NewEntry {
    log: Vec<u8>,
    end: LogEnd,
    bytes: Bytes,
}

/// The rows of the records that the first entry is found by, and what they hold.
fn index_rows_of(batch: &Batch, entries: &[NewEntry]) -> Result<Vec<(Vec<u8>, Bytes)>, StorageError> {
    if batch.index.is_empty() {
        return Ok(Vec::new());
    }
    let seq = entries.first().ok_or_else(StorageError::nothing_to_index)?.end.seq;
    let row = |(key, bytes): &(Key, Bytes)| {
        Ok((key::record(&batch.partition, &key.clone().indexing(seq))?, bytes.clone()))
    };
    batch.index.iter().map(row).collect()
}

/// The rows of the batch's puts, then those of its deletes.
fn rows_of(batch: &Batch) -> Result<Vec<Vec<u8>>, StorageError> {
    let partition: &Partition = &batch.partition;
    let keys = batch.puts.iter().map(|(key, _)| key).chain(&batch.deletes);
    keys.map(|key| key::record(partition, key)).collect()
}

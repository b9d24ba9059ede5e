//! How many bytes are kept of what is said, where that is limited: in a group, of each of two users in their
//! conversation, and of one user in all of their conversations with one other.
//!
//! The number of a group and of a pair is a count of the store, changed in the same batch that stores a message: calls at
//! the same moment cannot pass the limit together, and nothing is read for it. That of a user, who talks in many places,
//! follows: see [`Sent`]. They count messages as they are written, while a limit is set; tips, read positions and what is
//! noted beside messages are not in them. Retention gives back what it drops, and the end of a group ends its count.

mod sent;

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::id::{Seq, UserId};

pub(super) use sent::{Room, Sent};

use super::decide::Decision;
use super::deps::Deps;
use super::timeline::Entry;
use crate::storage::{Batch, Expected, Key, Log, StorageError, Table, Window, records};

/// Entries of which the bytes are given back in one batch.
const GIVEN_AT_ONCE: usize = 256;

/// The count of a log; of a pair's, that of one of the two.
fn key(log: &Log, sender: Option<&UserId>) -> Key {
    let sender = sender.map_or(&b""[..], |sender| sender.as_str().as_bytes());
    Key::new(Table::Counter, Bytes::from([&log.name[..], b"bytes\0", sender].concat()))
}

/// Up to which number of a log the bytes were given back.
fn given_key(log: &Log) -> Key {
    Key::new(Table::Counter, Bytes::from([&log.name[..], b"given"].concat()))
}

/// Counts a message in the batch that stores it, which is refused where there would be more than `most` bytes; 0 counts
/// nothing.
pub(super) fn note(batch: Batch, log: &Log, sender: Option<&UserId>, bytes: usize, most: u64) -> Batch {
    if most == 0 {
        return batch;
    }
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    batch.add(key(log, sender), bytes, Some(i64::try_from(most).unwrap_or(i64::MAX)))
}

/// Makes a batch one that is refused for want of room, unless it is a repetition of what was stored, which is answered as
/// it was then.
pub(super) fn refuse(batch: Batch, log: &Log, sender: &UserId) -> Batch {
    batch.add(key(log, Some(sender)), 0, Some(i64::MIN))
}

/// Gives back the bytes of the messages below `kept`, which are about to be dropped. Each is given back once, whoever else
/// does the same at the same time. No count goes below zero: what was said while nothing was counted gives nothing.
pub(super) async fn give_back(deps: &Deps, log: &Log, first: Seq, kept: Seq) -> Result<(), StorageError> {
    let users = log.partition.users();
    let keys = match users.as_slice() {
        [] => vec![key(log, None)],
        [a, b] => vec![key(log, Some(a)), key(log, Some(b))],
        // Notices, whose number is limited.
        _ => return Ok(()),
    };
    let is_of_group = users.is_empty();
    // Also where no limit is set now: what was counted while one was set would stay for ever.
    let mut is_counted = deps.engine.counters(&log.partition, &keys).await?.iter().any(|count| *count > 0);
    for user in &users {
        is_counted = is_counted || sent::count(deps, log.partition.app(), user).await? > 0;
    }
    if !is_counted {
        return Ok(());
    }
    loop {
        let decided = deps.decide("give bytes back", || async {
            let given = deps.engine.get(&log.partition, &[given_key(log)]).await?.pop().flatten();
            let said = deps.engine.counters(&log.partition, &[given_key(log)]).await?.pop().unwrap_or(0);
            let from = first.max(Seq(u64::try_from(said).unwrap_or(0)).next());
            let window = Window { from, to: kept.previous(), limit: GIVEN_AT_ONCE, newest_first: false };
            let entries = if from < kept { deps.engine.read(log, window).await? } else { Vec::new() };
            let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(Decision::Done(false)) };
            let mut sums = BTreeMap::<Option<UserId>, i64>::new();
            for entry in &entries {
                // What cannot be read is not known to have been counted for anybody.
                if let Ok(Entry::Message(message)) = records::decode::<Entry>(&entry.bytes) {
                    let sender = (!is_of_group).then_some(message.from.user);
                    *sums.entry(sender).or_default() += entry.bytes.len() as i64;
                }
            }
            for (sender, sum) in &sums {
                if let Some(sender) = sender {
                    sent::give_back(deps, log, sender, from..=last, *sum).await?;
                }
            }
            let expected = given.map_or(Expected::Absent, |given| Expected::Version(given.version));
            let mut batch = Batch::new(log.partition.clone(), deps.now())
                .check(given_key(log), expected)
                .add(given_key(log), i64::try_from(last.0).unwrap_or(i64::MAX) - said, None);
            let (keys, sums): (Vec<Key>, Vec<i64>) =
                sums.into_iter().map(|(sender, sum)| (key(log, sender.as_ref()), sum)).unzip();
            let counts = deps.engine.counters(&log.partition, &keys).await?;
            for ((key, sum), count) in keys.into_iter().zip(sums).zip(counts) {
                batch = batch.add(key, -sum.min(count.max(0)), None);
            }
            Ok::<_, StorageError>(Decision::Commit(batch, true))
        });
        if !decided.await? {
            return Ok(());
        }
    }
}

//! How many bytes are kept of what one user has said to other users, in all of their conversations together.
//!
//! A batch changes one partition, and each conversation is one of its own. So the count, which is a user's, is not in the
//! batch that stores a message: it is written right after it, without anybody waiting, and what is said while it is being
//! written is written together. What is under way counts in memory, so that calls at the same moment do not pass the
//! limit on one instance. On several, each learns of the others' whenever it writes: what is said at the same moment on
//! another may pass it. A process that dies has not counted what it stored in its last moments. What was said before a
//! limit was set is not counted, and where retention drops it while others are, it is given back as if it were. Either is
//! to the user's favour, and never the other way round.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::id::{AppId, Seq, UserId};
use quick_cache::sync::Cache;

use crate::services::deps::Deps;
use crate::storage::{Batch, Key, Log, Partition, StorageError, Table};

/// Users whose counts are kept in memory.
const USERS: usize = 20_000;

fn count_key() -> Key {
    Key::new(Table::Counter, "sent bytes")
}

/// What the store says that is kept of a user.
pub(super) async fn count(deps: &Deps, app: AppId, user: &UserId) -> Result<i64, StorageError> {
    let counts = deps.engine.counters(&Partition::user(app, user), &[count_key()]).await?;
    Ok(counts.first().copied().unwrap_or(0))
}

/// Gives back what a user has said in these entries of a log, which are about to be dropped. Whoever repeats it, since they
/// lost a race or a process ended in between, gives nothing a second time; unless it is other entries by then, or long
/// ago, which is to the user's favour.
pub(super) async fn give_back(
    deps: &Deps,
    log: &Log,
    user: &UserId,
    entries: RangeInclusive<Seq>,
    bytes: i64,
) -> Result<(), StorageError> {
    let app = log.partition.app();
    let bytes = bytes.min(count(deps, app, user).await?);
    if bytes <= 0 {
        return Ok(());
    }
    let (first, last) = (entries.start().0.to_be_bytes(), entries.end().0.to_be_bytes());
    let once = [b"given\0", log.partition.name(), b"\0", &first, &last].concat();
    let batch = Batch::new(Partition::user(app, user), deps.now()).idempotency_key(once);
    deps.commit(batch.add(count_key(), -bytes, None)).await?;
    Ok(())
}

/// What is kept of each user, as far as it is known here.
#[derive(Clone)]
pub(in crate::services) struct Sent {
    deps: Deps,
    /// Of an epoch of the store.
    users: Arc<Cache<(u64, AppId, UserId), Arc<User>>>,
}

struct User {
    partition: Partition,
    bytes: Mutex<Bytes>,
}

#[derive(Debug, Default)]
struct Bytes {
    /// What the store says, as far as it is known.
    counted: i64,
    /// Of messages that are stored and not counted yet.
    stored: i64,
    /// Of messages that are on their way to the store.
    under_way: i64,
    /// Whether a task writes the count.
    is_written: bool,
    /// How often it was written.
    times: u64,
}

impl Bytes {
    /// Takes what one more message needs. False where there would be more than the limit.
    fn take(&mut self, bytes: i64, most: i64) -> bool {
        let all = self.counted.saturating_add(self.stored).saturating_add(self.under_way);
        let is_room = all.saturating_add(bytes) <= most;
        if is_room {
            self.under_way += bytes;
        }
        is_room
    }

    /// Takes over what the store was read to say, unless it was written since it had been so many `times`: what was read
    /// may have that in it or not, and the writing told it as well.
    fn learn(&mut self, counted: i64, times: u64) {
        if !self.is_written && self.times == times {
            self.counted = counted;
        }
    }
}

impl User {
    fn lock(&self) -> MutexGuard<'_, Bytes> {
        // Nothing panics while it holds this lock.
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts in the store what is stored, until nothing more is.
    async fn write(&self, deps: &Deps) {
        loop {
            let stored = {
                let mut bytes = self.lock();
                bytes.is_written = bytes.stored > 0;
                bytes.stored
            };
            if stored == 0 {
                return;
            }
            let batch = Batch::new(self.partition.clone(), deps.now()).add(count_key(), stored, None);
            let written = deps.engine.submit(batch).await;
            let mut bytes = self.lock();
            bytes.stored -= stored;
            bytes.times += 1;
            match written {
                Ok(committed) => bytes.counted = committed.counters.first().copied().unwrap_or(0),
                // It may be counted or not, and is not counted twice. The store is asked anew before anybody is refused.
                Err(error) => {
                    bytes.counted += stored;
                    tracing::debug!(%error, "what a user has said was not counted");
                }
            }
        }
    }
}

/// Whether there is room for a message.
pub(in crate::services) enum Room {
    /// There is no limit.
    Unlimited,
    /// It is kept for the message while the value lives.
    Kept(Kept),
    Full,
}

/// Room that is kept for a message.
pub(in crate::services) struct Kept {
    user: Arc<User>,
    bytes: i64,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.user.lock().under_way -= self.bytes;
    }
}

impl Kept {
    /// The message is stored: it counts from now on.
    pub(in crate::services) fn stored(self, deps: &Deps) {
        let is_written = {
            let mut bytes = self.user.lock();
            bytes.stored += self.bytes;
            std::mem::replace(&mut bytes.is_written, true)
        };
        if !is_written {
            let (user, deps) = (self.user.clone(), deps.clone());
            let tasks = deps.tasks.clone();
            tasks.spawn(async move { user.write(&deps).await });
        }
    }
}

impl Sent {
    pub(in crate::services) fn new(deps: Deps) -> Self {
        Self { deps, users: Arc::new(Cache::new(USERS)) }
    }

    /// Keeps room for a message of `bytes` of a user, of whom at most `most` bytes are kept; 0 is any number. That
    /// somebody is full is not believed before the store was asked: retention has dropped some, perhaps.
    pub(in crate::services) async fn room(
        &self,
        app: AppId,
        user: &UserId,
        bytes: usize,
        most: u64,
    ) -> Result<Room, StorageError> {
        if most == 0 {
            return Ok(Room::Unlimited);
        }
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let key = (self.deps.engine.epoch(), app, user.clone());
        let known = self.users.get_or_insert_async(&key, async {
            let counted = count(&self.deps, app, user).await?;
            let bytes = Mutex::new(Bytes { counted, ..Bytes::default() });
            Ok::<_, StorageError>(Arc::new(User { partition: Partition::user(app, user), bytes }))
        });
        let known = known.await?;
        let times = {
            let mut sums = known.lock();
            (!sums.take(bytes, most)).then_some(sums.times)
        };
        if let Some(times) = times {
            let counted = count(&self.deps, app, user).await?;
            let mut sums = known.lock();
            sums.learn(counted, times);
            if !sums.take(bytes, most) {
                return Ok(Room::Full);
            }
        }
        Ok(Room::Kept(Kept { user: known, bytes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_and_what_is_stored_both_count() {
        let mut bytes = Bytes { counted: 50, stored: 20, ..Bytes::default() };
        assert!(bytes.take(20, 100));
        assert!(!bytes.take(20, 100));
        assert!(bytes.take(10, 100));
    }

    /// A count that was read before another was written, and arrives after it, is an old one.
    #[test]
    fn an_old_count_is_not_taken_for_a_new_one() {
        let mut bytes = Bytes { counted: 100, times: 7, ..Bytes::default() };
        bytes.learn(0, 6);
        assert!(!bytes.take(1, 100));
        bytes.is_written = true;
        bytes.learn(0, 7);
        assert!(!bytes.take(1, 100));
        bytes.is_written = false;
        bytes.learn(60, 7);
        assert!(bytes.take(40, 100));
    }
}

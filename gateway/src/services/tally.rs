//! How many rows of a kind a user or a group has, where that is limited.
//!
//! A limit holds for what is stored, not for one call. So the number is a count of the store, changed in the same batch
//! that makes or deletes the rows: calls at the same moment cannot pass the limit together, and no call needs to look
//! at all rows.
//!
//! Rows that are older than their count are counted once, by the first change. A count that says that there is no room
//! is not believed before the rows have been counted again: an instance of a version that knows no tallies may have
//! deleted some.

use bytes::Bytes;

use super::decide::{Decision, Refused};
use super::deps::Deps;
use super::limits::Limits;
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table, Value};

/// What a decision under a limit ends with when it does not succeed.
enum End<E> {
    Refused(Refused),
    Failed(E),
}

impl<E> From<Refused> for End<E> {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl<E: From<StorageError>> From<StorageError> for End<E> {
    fn from(error: StorageError) -> Self {
        Self::Failed(error.into())
    }
}

impl Deps {
    /// Makes a change that notes rows in tallies. `attempt` is told whether the counts are to be doubted. Nothing when
    /// there would be more rows than a limit allows.
    pub(super) async fn decide_within<T, E, Attempt>(
        &self,
        operation: &'static str,
        mut attempt: impl FnMut(bool) -> Attempt,
    ) -> Result<Option<T>, E>
    where
        E: From<StorageError> + From<Refused>,
        Attempt: Future<Output = Result<Decision<T>, E>>,
    {
        for is_doubted in [false, true] {
            let attempt = || {
                let attempt = attempt(is_doubted);
                async move { attempt.await.map_err(End::Failed) }
            };
            match self.decide(operation, attempt).await {
                Ok(value) => return Ok(Some(value)),
                Err(End::Refused(Refused::Bound(_))) => {}
                Err(End::Refused(busy)) => return Err(busy.into()),
                Err(End::Failed(error)) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// The rows of one kind in a partition: of a user, or of a life of a group.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    name: Bytes,
    most: usize,
}

/// What a change starts from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Basis {
    /// The count is kept and right.
    StoredNotice,
    /// So many rows there are, whatever the count says.
    Counted { rows: usize, said: i64, expected: Expected },
}

impl Tally {
    /// Entries of the index of a user's groups.
    pub(super) fn groups(limits: &Limits) -> Self {
        Self { name: Bytes::from_static(b"groups"), most: limits.groups_per_user }
    }

    /// Conversations that a user pinned.
    pub(super) fn pinned(limits: &Limits) -> Self {
        Self { name: Bytes::from_static(b"pinned"), most: limits.pinned_conversations }
    }

    /// Peers of whom a user's list of conversations has a row.
    pub(super) fn conversations(limits: &Limits) -> Self {
        let most = limits.conversations_per_user;
        let name = Bytes::from_static(b"conversations");
        Self { name, most: if most == 0 { usize::MAX } else { most } }
    }

    /// Peers that a user muted and never talked with.
    pub(super) fn muted_strangers(limits: &Limits) -> Self {
        Self { name: Bytes::from_static(b"strangers"), most: limits.muted_strangers }
    }

    /// Invitations that wait for a user to say whether they come.
    pub(super) fn asked(limits: &Limits) -> Self {
        Self { name: Bytes::from_static(b"asked"), most: limits.invitations_per_user }
    }

    /// Members, and past ones, who may not speak in this life of a group; and those whose mute is over since a while.
    pub(super) fn mutes(limits: &Limits, epoch: &[u8]) -> Self {
        Self { name: [epoch, b"mutes"].concat().into(), most: limits.mutes_per_group }
    }

    /// Users who are kept out of this life of a group; and those whose ban is over since a while.
    pub(super) fn bans(limits: &Limits, epoch: &[u8]) -> Self {
        Self { name: [epoch, b"bans"].concat().into(), most: limits.bans_per_group }
    }

    /// Live rooms that a user has made.
    pub(super) fn owned(limits: &Limits) -> Self {
        Self { name: Bytes::from_static(b"owned"), most: limits.live_rooms_per_owner }
    }

    pub(super) fn key(&self) -> Key {
        Key::new(Table::Counter, self.name.clone())
    }

    /// What a change starts from. `kept` is what was found at the key before anything else was looked at; `rows` counts
    /// the rows and is called where the count cannot be believed.
    pub(super) async fn basis<Rows>(
        &self,
        deps: &Deps,
        partition: &Partition,
        (kept, is_doubted): (Option<&Value>, bool),
        rows: impl FnOnce() -> Rows,
    ) -> Result<Basis, StorageError>
    where
        Rows: Future<Output = Result<usize, StorageError>>,
    {
        if kept.is_some() && !is_doubted {
            return Ok(Basis::StoredNotice);
        }
        let expected = kept.map_or(Expected::Absent, |kept| Expected::Version(kept.version));
        let said = deps.engine.counters(partition, &[self.key()]).await?.first().copied().unwrap_or(0);
        Ok(Basis::Counted { rows: rows().await?, said, expected })
    }

    /// Notes in a batch that it makes so many rows, or deletes them. One that makes any is refused when there would be
    /// too many.
    pub(super) fn note(&self, batch: Batch, basis: Basis, change: i64) -> Batch {
        if change == 0 {
            return batch;
        }
        let at_most = (change > 0).then(|| i64::try_from(self.most).unwrap_or(i64::MAX));
        match basis {
            Basis::StoredNotice => {
                batch.check(self.key(), Expected::Present).add(self.key(), change, at_most)
            }
            Basis::Counted { rows, said, expected } => {
                let rows = i64::try_from(rows).unwrap_or(i64::MAX);
                batch.check(self.key(), expected).add(self.key(), rows - said + change, at_most)
            }
        }
    }
}

//! How many invitations wait for one user.
//!
//! Others make them, so what waits is bounded, and not only how much comes in an hour. They are counted in the user's
//! partition, where their entries stand; one that is answered, or stands for nothing any more, makes room.

use bytes::Bytes;
use protocol::group::ApplicationKind;
use protocol::id::{AppId, UserId};

use super::application::{ApplicationId, WaitingEntry, entry_key, read_entry};
use super::{GroupError, GroupRef, Groups};
use crate::services::decide::Decision;
use crate::services::deps::{Actor, side_by_side};
use crate::services::tally::Tally;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table};
use crate::telemetry::Bound;

impl Groups {
    /// Writes the entry of an invitation into the index of the one who is asked. One that is there stays.
    pub(super) async fn note_asked(
        &self,
        found: &GroupRef,
        user: &UserId,
        (at_us, id): &(u64, ApplicationId),
    ) -> Result<(), GroupError> {
        let partition = &Partition::user(found.app, user);
        let asked = &Tally::asked(&self.deps.settings(found.app).limits);
        let key = &entry_key(*at_us, &found.id, id);
        let decided = self.deps.decide_within("note an invitation", |is_doubted| async move {
            if is_doubted {
                self.forget_answered(found.app, user).await?;
            }
            let mut values = self.deps.engine.get(partition, &[key.clone(), asked.key()]).await?;
            let (count, known) = (values.pop().flatten(), values.pop().flatten());
            if known.is_some() {
                return Ok(Decision::Done(()));
            }
            let rows = || async { Ok(self.asked(found.app, user).await?.len()) };
            let basis = asked.basis(&self.deps, partition, (count.as_ref(), is_doubted), rows).await?;
            let batch = Batch::new(partition.clone(), self.deps.now())
                .check(key.clone(), Expected::Absent)
                .put(key.clone(), records::encode(&WaitingEntry {}));
            Ok::<_, GroupError>(Decision::Commit(asked.note(batch, basis, 1), ()))
        });
        decided.await?.ok_or_else(|| {
            Bound::InvitationsPerUser.refused(user);
            GroupError::TooManyInvitations
        })
    }

    /// Takes an entry out of a user's index. One of an invitation to them makes room for another.
    pub(super) async fn forget_entry(
        &self,
        app: AppId,
        user: &UserId,
        suffix: &Bytes,
    ) -> Result<(), GroupError> {
        let partition = &Partition::user(app, user);
        let key = &Key::new(Table::Application, suffix.clone());
        if !is_invitation(suffix) {
            let batch = Batch::new(partition.clone(), self.deps.now()).delete(key.clone());
            self.deps.commit(batch).await?;
            return Ok(());
        }
        let asked = &Tally::asked(&self.deps.settings(app).limits);
        let decided = self.deps.decide("forget an invitation", || async move {
            let keys = [key.clone(), asked.key()];
            let mut values = records::values_each(&self.deps.engine, partition, &keys).await?;
            let (count, known) = (values.pop().transpose()?.flatten(), values.pop().unwrap_or(Ok(None)));
            let Ok(known) = known else {
                // Nothing can be demanded of one that is damaged. The count is made anew when it is doubted.
                let batch = Batch::new(partition.clone(), self.deps.now()).delete(key.clone());
                return Ok(Decision::Commit(batch, ()));
            };
            let Some(known) = known else { return Ok(Decision::Done(())) };
            let rows = || async { Ok(self.asked(app, user).await?.len()) };
            let basis = asked.basis(&self.deps, partition, (count.as_ref(), false), rows).await?;
            let batch = Batch::new(partition.clone(), self.deps.now())
                .check(key.clone(), Expected::Version(known.version))
                .delete(key.clone());
            Ok::<_, GroupError>(Decision::Commit(asked.note(batch, basis, -1), ()))
        });
        decided.await
    }

    /// The entries of invitations to a user.
    async fn asked(&self, app: AppId, user: &UserId) -> Result<Vec<Bytes>, StorageError> {
        let partition = Partition::user(app, user);
        let entries: Vec<(Bytes, Versioned<WaitingEntry>)> =
            records::scan_all(&self.deps.engine, &partition, Table::Application, Bytes::new()).await?;
        let suffixes = entries.into_iter().map(|(suffix, _)| suffix);
        Ok(suffixes.filter(|suffix| is_invitation(suffix)).collect())
    }

    /// Takes those entries of invitations out that stand for nothing any more.
    async fn forget_answered(&self, app: AppId, user: &UserId) -> Result<(), GroupError> {
        let actor = Actor { app, user: user.clone(), is_admin: false, device: None };
        let looked = side_by_side(self.asked(app, user).await?, |suffix| {
            let actor = &actor;
            async move {
                let Some((at_us, group, id)) = read_entry(&suffix) else { return Ok(()) };
                if self.waiting_at(actor, (at_us, &group, &id)).await?.is_none() {
                    self.forget_waiting(app, user, at_us, &suffix).await?;
                }
                Ok::<_, GroupError>(())
            }
        });
        looked.await?;
        Ok(())
    }
}

fn is_invitation(suffix: &[u8]) -> bool {
    read_entry(suffix).is_some_and(|(_, _, id)| id.kind == ApplicationKind::Invitation)
}

//! Who may not speak in a group. A mute survives leaving, or it would end by going and coming again, so the mutes of a
//! group are more than its members: they have a number of their own, and those that are over make room.

use protocol::id::UserId;

use super::{ChannelRef, GroupRef, Groups};
use crate::services::deps::unless_damaged;
use crate::services::tally::Tally;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, StorageError, Table, Value};

/// Mutes that are over and make room in one batch.
const CLEARED: usize = 256;

impl Groups {
    fn mutes(&self, place: &ChannelRef) -> Tally {
        Tally::mutes(&self.deps.settings(place.found.app).limits, &place.epoch())
    }

    async fn all_mutes(
        &self,
        place: &ChannelRef,
    ) -> Result<Vec<(bytes::Bytes, Versioned<u64>)>, StorageError> {
        records::scan_all(&self.deps.engine, &place.found.partition(), Table::Mute, place.epoch()).await
    }

    /// Mutes a user there in the batch until a second, which replaces the mute there is; 0 is the same as if nothing had ever
    /// been said about it. Where the count is doubted it is counted anew, and what is over makes room.
    pub(super) async fn with_mute(
        &self,
        batch: Batch,
        place: &ChannelRef,
        (user, until): (&UserId, u64),
        is_doubted: bool,
    ) -> Result<Batch, StorageError> {
        let (key, mutes) = (place.mute_key(user), self.mutes(place));
        let mut values = self.deps.engine.get(&place.found.partition(), &[key.clone(), mutes.key()]).await?;
        let (count, known) = (values.pop().flatten(), values.pop().flatten());
        let expected = known.as_ref().map_or(Expected::Absent, |known| Expected::Version(known.version));
        let batch = batch.check(key.clone(), expected);
        match (&known, until) {
            (None, 0) => Ok(batch),
            (Some(_), 0) => self.counted(batch.delete(key), place, &mutes, count.as_ref(), -1).await,
            (Some(_), until) => Ok(batch.put(key, records::encode(&until))),
            (None, until) => {
                let batch = batch.put(key, records::encode(&until));
                if is_doubted {
                    self.with_room(batch, place, &mutes, count.as_ref()).await
                } else {
                    self.counted(batch, place, &mutes, count.as_ref(), 1).await
                }
            }
        }
    }

    /// Forgets, as they leave, the mute of a member if it is over.
    pub(super) async fn without_mute_that_is_over(
        &self,
        batch: Batch,
        found: &GroupRef,
        user: &UserId,
    ) -> Result<Batch, StorageError> {
        let place = &ChannelRef::from(found.clone());
        let (key, mutes) = (place.mute_key(user), self.mutes(place));
        let mut values =
            records::values_each(&self.deps.engine, &place.found.partition(), &[key.clone(), mutes.key()])
                .await?;
        let (count, known) = (values.pop().transpose()?.flatten(), values.pop().unwrap_or(Ok(None)));
        // One that is damaged keeps nobody.
        let Some(known) = unless_damaged(known)? else { return Ok(batch) };
        let Some(until) = unless_damaged(records::decode::<u64>(&known.bytes).map(Some))? else {
            return Ok(batch);
        };
        if until > self.deps.now().seconds() {
            return Ok(batch);
        }
        let batch = batch.check(key.clone(), Expected::Version(known.version)).delete(key);
        self.counted(batch, place, &mutes, count.as_ref(), -1).await
    }

    /// Notes that the batch makes so many mutes more.
    async fn counted(
        &self,
        batch: Batch,
        place: &ChannelRef,
        mutes: &Tally,
        count: Option<&Value>,
        change: i64,
    ) -> Result<Batch, StorageError> {
        let rows = || async { Ok(self.all_mutes(place).await?.len()) };
        let basis = mutes.basis(&self.deps, &place.found.partition(), (count, false), rows).await?;
        Ok(mutes.note(batch, basis, change))
    }

    /// Notes one mute more, and forgets some that are over.
    async fn with_room(
        &self,
        mut batch: Batch,
        place: &ChannelRef,
        mutes: &Tally,
        count: Option<&Value>,
    ) -> Result<Batch, StorageError> {
        let (now, all) = (self.deps.now().seconds(), self.all_mutes(place).await?);
        let rows = || std::future::ready(Ok(all.len()));
        let basis = mutes.basis(&self.deps, &place.found.partition(), (count, true), rows).await?;
        let over = all.iter().filter(|(_, mute)| mute.record <= now).take(CLEARED);
        let mut change = 1;
        for (suffix, mute) in over {
            let key = Key::new(Table::Mute, suffix.clone());
            batch = batch.check(key.clone(), Expected::Version(mute.version)).delete(key);
            change -= 1;
        }
        Ok(mutes.note(batch, basis, change))
    }
}

//! Who may not speak in a group or come into it, until a time. That survives leaving, or it would end by going and coming again,
//! so those of a group are more than its members: they have a number of their own, and those that are over make room.

use protocol::id::UserId;

use super::{ChannelRef, GroupRef, Groups};
use crate::services::deps::unless_damaged;
use crate::services::limits::Limits;
use crate::services::tally::Tally;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, StorageError, Table, Value};

/// Those that are over and make room in one batch.
const CLEARED: usize = 256;

/// "For ever" in the vendor's seconds.
const FOR_EVER_SECONDS: u64 = 4_294_967_295;

/// What is forbidden until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timed {
    /// To speak.
    Mute,
    /// To come in.
    Ban,
}

impl Timed {
    fn table(self) -> Table {
        match self {
            Timed::Mute => Table::Mute,
            Timed::Ban => Table::Ban,
        }
    }

    fn tally(self, limits: &Limits, epoch: &[u8]) -> Tally {
        match self {
            Timed::Mute => Tally::mutes(limits, epoch),
            Timed::Ban => Tally::bans(limits, epoch),
        }
    }
}

impl GroupRef {
    /// Until when a user may not come into the group.
    pub(super) fn ban_key(&self, user: &UserId) -> Key {
        timed_key(&self.epoch(), Timed::Ban, user)
    }
}

fn timed_key(epoch: &[u8], timed: Timed, user: &UserId) -> Key {
    Key::new(timed.table(), [epoch, user.as_str().as_bytes()].concat())
}

impl Groups {
    fn tally(&self, place: &ChannelRef, timed: Timed) -> Tally {
        timed.tally(&self.deps.settings(place.found.app).limits, &place.epoch())
    }

    pub(super) async fn all_timed(
        &self,
        place: &ChannelRef,
        timed: Timed,
    ) -> Result<Vec<(bytes::Bytes, Versioned<u64>)>, StorageError> {
        records::scan_all(&self.deps.engine, &place.found.partition(), timed.table(), place.epoch()).await
    }

    /// The second until which somebody is mute who is muted for so long from now; 0 is not at all.
    pub(super) fn muted_until(&self, seconds: u64) -> u64 {
        match seconds {
            0 => 0,
            FOR_EVER_SECONDS.. => u64::from(u32::MAX),
            seconds => self.deps.now().seconds() + seconds,
        }
    }

    /// Mutes a user there in the batch until a second.
    pub(super) async fn with_mute(
        &self,
        batch: Batch,
        place: &ChannelRef,
        (user, until): (&UserId, u64),
        is_doubted: bool,
    ) -> Result<Batch, StorageError> {
        self.with_until(batch, place, (Timed::Mute, user, until), is_doubted).await
    }

    /// Forbids a user something there in the batch until a second, which replaces what there is; 0 is the same as if nothing
    /// had ever been said about it. Where the count is doubted it is counted anew, and what is over makes room.
    pub(super) async fn with_until(
        &self,
        batch: Batch,
        place: &ChannelRef,
        (timed, user, until): (Timed, &UserId, u64),
        is_doubted: bool,
    ) -> Result<Batch, StorageError> {
        let (key, tally) = (timed_key(&place.epoch(), timed, user), self.tally(place, timed));
        let mut values = self.deps.engine.get(&place.found.partition(), &[key.clone(), tally.key()]).await?;
        let (count, known) = (values.pop().flatten(), values.pop().flatten());
        let expected = known.as_ref().map_or(Expected::Absent, |known| Expected::Version(known.version));
        let batch = batch.check(key.clone(), expected);
        match (&known, until) {
            (None, 0) => Ok(batch),
            (Some(_), 0) => self.counted(batch.delete(key), place, timed, count.as_ref(), -1).await,
            (Some(_), until) => Ok(batch.put(key, records::encode(&until))),
            (None, until) => {
                let batch = batch.put(key, records::encode(&until));
                if is_doubted {
                    self.with_room(batch, place, timed, count.as_ref()).await
                } else {
                    self.counted(batch, place, timed, count.as_ref(), 1).await
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
        let (key, mutes) = (place.mute_key(user), self.tally(place, Timed::Mute));
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
        self.counted(batch, place, Timed::Mute, count.as_ref(), -1).await
    }

    /// Notes that the batch makes so many more.
    async fn counted(
        &self,
        batch: Batch,
        place: &ChannelRef,
        timed: Timed,
        count: Option<&Value>,
        change: i64,
    ) -> Result<Batch, StorageError> {
        let tally = self.tally(place, timed);
        let rows = || async { Ok(self.all_timed(place, timed).await?.len()) };
        let basis = tally.basis(&self.deps, &place.found.partition(), (count, false), rows).await?;
        Ok(tally.note(batch, basis, change))
    }

    /// Notes one more, and forgets some that are over.
    async fn with_room(
        &self,
        mut batch: Batch,
        place: &ChannelRef,
        timed: Timed,
        count: Option<&Value>,
    ) -> Result<Batch, StorageError> {
        let tally = self.tally(place, timed);
        let (now, all) = (self.deps.now().seconds(), self.all_timed(place, timed).await?);
        let rows = || std::future::ready(Ok(all.len()));
        let basis = tally.basis(&self.deps, &place.found.partition(), (count, true), rows).await?;
        let over = all.iter().filter(|(_, until)| until.record <= now).take(CLEARED);
        let mut change = 1;
        for (suffix, until) in over {
            let key = Key::new(timed.table(), suffix.clone());
            batch = batch.check(key.clone(), Expected::Version(until.version)).delete(key);
            change -= 1;
        }
        Ok(tally.note(batch, basis, change))
    }
}

//! That a device is in a room: a record of its user, which ends with the device's session. So a room is not left by losing a
//! connection, and it costs the room nothing that somebody is in it.

use protocol::group::{Change, Role};
use protocol::id::{AppId, GroupId, Millis, Seq, UserId};
use serde::{Deserialize, Serialize};

use super::super::{
    Denial, GroupError, GroupRef, Groups, Invalid, Member, MemberChange, Membership, rank, require,
};
use super::Present;
use crate::bus::{Control, DeviceId, RoomStay, Topic, Visitor};
use crate::services::decide::Decision;
use crate::services::deps::{Actor, whole_ones};
use crate::services::session;
use crate::services::tally::Tally;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table, Version};
use crate::telemetry::Bound;

/// Admins of one room. Source: 269/102857.
const MOST_ADMINS: usize = 5;

/// A room that a device is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::services) struct Stay {
    room: GroupId,
    epoch: u64,
    since: Millis,
}

/// That a user has made a room. A superset of the truth.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::services) struct Owned {
    at: Millis,
}

/// One who came into a room.
#[derive(Clone, Debug)]
pub struct Joined {
    pub stay: RoomStay,
    pub found: GroupRef,
}

/// Where it is kept which rooms a device is in.
pub(in crate::services) fn stay_key(device: DeviceId) -> Key {
    Key::new(Table::Stay, device.to_be_bytes().to_vec())
}

fn owned_key(room: &GroupId) -> Key {
    Key::new(Table::Owned, room.as_str().as_bytes().to_vec())
}

impl Groups {
    /// Whether one is in a group by being there.
    pub fn is_room(&self, found: &GroupRef) -> bool {
        self.rules(found.app, found.group.record.kind).membership == Membership::Present
    }

    async fn stays(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceId,
    ) -> Result<Option<Versioned<Vec<Stay>>>, StorageError> {
        records::get(&self.deps.engine, &Partition::user(app, user), stay_key(device)).await
    }

    /// Those of a device's rooms that there are still, and from which it was not put out.
    async fn rooms_among(
        &self,
        app: AppId,
        user: &UserId,
        stays: Vec<Stay>,
    ) -> Result<Vec<Stay>, StorageError> {
        let rooms = whole_ones(stays, |stay| async move {
            let Some(found) = self.find(app, &stay.room).await? else { return Ok(None) };
            let stands = found.group.record.epoch == stay.epoch && !self.is_banned(&found, user).await?;
            Ok::<_, StorageError>(stands.then_some(stay))
        });
        Ok(rooms.await?.into_iter().flatten().collect())
    }

    fn stay(&self, app: AppId, stay: Stay) -> RoomStay {
        let is_pushed = !self.deps.settings(app).live.long_polling;
        RoomStay { room: stay.room, epoch: stay.epoch, since: stay.since, is_pushed }
    }

    /// The rooms that a device is in.
    pub async fn rooms_of(&self, visitor: &Visitor) -> Result<Vec<RoomStay>, StorageError> {
        let Visitor { app, user, device } = visitor;
        let Some(stays) = self.stays(*app, user, *device).await? else { return Ok(Vec::new()) };
        let rooms = self.rooms_among(*app, user, stays.record).await?;
        Ok(rooms.into_iter().map(|stay| self.stay(*app, stay)).collect())
    }

    /// Lets a device into a room. One that is in it is in it.
    pub(in crate::services::group) async fn join_room(
        &self,
        actor: &Actor,
        found: GroupRef,
    ) -> Result<Joined, GroupError> {
        let Some(device) = actor.device else { return Err(GroupError::NotAllowed(Denial::NoSession)) };
        let most = self.deps.settings(actor.app).limits.live_rooms_per_device;
        let partition = Partition::user(actor.app, &actor.user);
        let decided = self.deps.decide("join a room", || async {
            let known = self.stays(actor.app, &actor.user, device).await?;
            let expected = known.as_ref().map_or(Expected::Absent, |known| Expected::Version(known.version));
            let mut stays = known.map(|known| known.record).unwrap_or_default();
            let (room, epoch) = (&found.id, found.group.record.epoch);
            if let Some(stay) = stays.iter().find(|stay| stay.room == *room && stay.epoch == epoch) {
                return Ok(Decision::Done(stay.clone()));
            }
            stays.retain(|stay| stay.room != *room);
            if stays.len() >= most {
                stays = self.rooms_among(actor.app, &actor.user, stays).await?;
            }
            if stays.len() >= most {
                Bound::LiveRoomsPerDevice.refused(&actor.user);
                return Err(GroupError::TooManyGroups);
            }
            let stay = Stay { room: room.clone(), epoch, since: self.deps.now() };
            stays.push(stay.clone());
            let mut batch = Batch::new(partition.clone(), self.deps.now())
                .check(stay_key(device), expected)
                .put(stay_key(device), records::encode(&stays));
            // It ends with the session: nothing is noted of one that has ended.
            let session = session::session_mark(device);
            if self
                .deps
                .engine
                .get(&partition, std::slice::from_ref(&session))
                .await?
                .first()
                .is_some_and(Option::is_some)
            {
                batch = batch.check(session, Expected::Present);
            }
            Ok::<_, GroupError>(Decision::Commit(batch, stay))
        });
        let stay = decided.await?;
        Ok(Joined { stay: self.stay(actor.app, stay), found })
    }

    /// Lets a device out of a room.
    pub(in crate::services::group) async fn quit_room(
        &self,
        actor: &Actor,
        found: &GroupRef,
    ) -> Result<(), GroupError> {
        if found.group.record.owner.as_ref() == Some(&actor.user) {
            return Err(GroupError::OwnerCannotQuit);
        }
        let Some(device) = actor.device else { return Err(GroupError::NotMember) };
        let partition = Partition::user(actor.app, &actor.user);
        let decided = self.deps.decide("quit a room", || async {
            let Some(known) = self.stays(actor.app, &actor.user, device).await? else {
                return Ok(Decision::Done(false));
            };
            let Some(batch) =
                without(Batch::new(partition.clone(), self.deps.now()), device, known, &found.id)
            else {
                return Ok(Decision::Done(false));
            };
            Ok::<_, GroupError>(Decision::Commit(batch, true))
        });
        if decided.await? { Ok(()) } else { Err(GroupError::NotMember) }
    }

    /// Puts all devices of a user out of a room. False where none was in it.
    pub(in crate::services::group) async fn put_out(
        &self,
        found: &GroupRef,
        user: &UserId,
    ) -> Result<bool, GroupError> {
        let partition = Partition::user(found.app, user);
        let decided = self.deps.decide("put out of a room", || async {
            let mut batch = Batch::new(partition.clone(), self.deps.now());
            let mut is_changed = false;
            for (device, known) in self.all_stays(found.app, user).await? {
                if let Some(changed) = without(batch.clone(), device, known, &found.id) {
                    (batch, is_changed) = (changed, true);
                }
            }
            if !is_changed {
                return Ok(Decision::Done(false));
            }
            let control = Control::PutOut { room: found.id.clone() };
            let batch = batch.announce(Topic::User(found.app, user.clone()), control);
            Ok::<_, GroupError>(Decision::Commit(batch, true))
        });
        decided.await
    }

    async fn all_stays(
        &self,
        app: AppId,
        user: &UserId,
    ) -> Result<Vec<(DeviceId, Versioned<Vec<Stay>>)>, StorageError> {
        let partition = Partition::user(app, user);
        let all: Vec<(_, Versioned<Vec<Stay>>)> =
            records::scan_all(&self.deps.engine, &partition, Table::Stay, bytes::Bytes::new()).await?;
        let device = |suffix: &[u8]| Some(DeviceId::from_be_bytes(suffix.try_into().ok()?));
        Ok(all.into_iter().filter_map(|(suffix, stays)| Some((device(&suffix)?, stays))).collect())
    }

    /// A user as a member of a room: its owner and admins are, wherever they are, and whoever has a device in it.
    pub(in crate::services::group) async fn member_of_room(
        &self,
        found: &GroupRef,
        user: &UserId,
    ) -> Result<Option<Versioned<Member>>, StorageError> {
        let group = &found.group.record;
        let role = group.role_in_room(user);
        let stays = self.all_stays(found.app, user).await?;
        let in_room = stays.iter().flat_map(|(_, stays)| &stays.record);
        let in_room = in_room.filter(|stay| stay.room == found.id && stay.epoch == group.epoch);
        let since = in_room.map(|stay| stay.since).min();
        let member = match (since, role) {
            (Some(since), role) => Some(Member::new(role, since, Seq::ZERO)),
            (None, Role::Member) => None,
            (None, role) => Some(Member::new(role, group.created_at, Seq::ZERO)),
        };
        Ok(member.map(|record| Versioned { record, version: Version(0) }))
    }

    /// Those of the named users who are members of a room.
    pub(in crate::services::group) async fn members_of_room_among(
        &self,
        found: &GroupRef,
        users: &[UserId],
    ) -> Result<Vec<(UserId, Member)>, StorageError> {
        let members = whole_ones(users.to_vec(), |user: UserId| async move {
            let member = self.member_of_room(found, &user).await?;
            Ok::<_, StorageError>(member.map(|member| (user, member.record)))
        });
        Ok(members.await?.into_iter().flatten().collect())
    }

    /// Those who came into a room last, as its members.
    pub(in crate::services::group) async fn latest_of_room(&self, found: &GroupRef) -> Vec<(UserId, Member)> {
        let group = &found.group.record;
        let member = |Present { user, since }: Present| {
            let role = group.role_in_room(&user);
            (user, Member::new(role, since, Seq::ZERO))
        };
        self.rooms.latest(found.app, &found.id, group.epoch).await.into_iter().map(member).collect()
    }

    /// Notes that a user makes a room, before there is one.
    pub(in crate::services::group) async fn note_owned(
        &self,
        app: AppId,
        user: &UserId,
        room: &GroupId,
    ) -> Result<(), GroupError> {
        let (partition, rooms) =
            (&Partition::user(app, user), &Tally::owned(&self.deps.settings(app).limits));
        let decided = self.deps.decide_within("note a room", |is_doubted| async move {
            let keys = [owned_key(room), rooms.key()];
            let mut values = records::values_each(&self.deps.engine, partition, &keys).await?;
            let (many, known) = (values.pop().transpose()?.flatten(), values.pop().unwrap_or(Ok(None)));
            if matches!(known, Ok(Some(_))) {
                return Ok(Decision::Done(()));
            }
            let rows = || self.count_owned(app, user, is_doubted);
            let basis = rooms.basis(&self.deps, partition, (many.as_ref(), is_doubted), rows).await?;
            let now = self.deps.now();
            let batch = Batch::new(partition.clone(), now)
                .check(owned_key(room), Expected::Absent)
                .put(owned_key(room), records::encode(&Owned { at: now }));
            Ok::<_, GroupError>(Decision::Commit(rooms.note(batch, basis, 1), ()))
        });
        if decided.await?.is_none() {
            Bound::LiveRoomsPerOwner.refused(user);
            return Err(GroupError::TooManyRooms);
        }
        Ok(())
    }

    /// How many rooms are noted of a user. Where that is doubted those that there are not go first.
    async fn count_owned(&self, app: AppId, user: &UserId, is_doubted: bool) -> Result<usize, StorageError> {
        let partition = Partition::user(app, user);
        let rows: Vec<(_, Versioned<Owned>)> =
            records::scan_all(&self.deps.engine, &partition, Table::Owned, bytes::Bytes::new()).await?;
        let mut count = rows.len();
        if !is_doubted {
            return Ok(count);
        }
        for (suffix, row) in rows {
            let room = std::str::from_utf8(&suffix).ok().and_then(|id| GroupId::parse(id).ok());
            let Some(room) = room else { continue };
            let found = self.find(app, &room).await?;
            let is_theirs = found.is_some_and(|found| found.group.record.owner.as_ref() == Some(user));
            // A young one may be of a room that is being made.
            if !is_theirs && self.deps.now().0.saturating_sub(row.record.at.0) > 60_000 {
                let batch = Batch::new(partition.clone(), self.deps.now())
                    .check(owned_key(&room), Expected::Version(row.version))
                    .delete(owned_key(&room));
                if self.deps.engine.commit(batch).await.is_ok() {
                    count -= 1;
                }
            }
        }
        Ok(count)
    }

    /// Notes that a room is gone.
    pub(in crate::services::group) async fn forget_owned(&self, found: &GroupRef) -> Result<(), GroupError> {
        let Some(owner) = found.group.record.owner.as_ref() else { return Ok(()) };
        let (partition, rooms) =
            (Partition::user(found.app, owner), Tally::owned(&self.deps.settings(found.app).limits));
        let decided = self.deps.decide("forget a room", || async {
            let keys = [owned_key(&found.id), rooms.key()];
            let mut values = self.deps.engine.get(&partition, &keys).await?;
            let (many, known) = (values.pop().flatten(), values.pop().flatten());
            let Some(known) = known else { return Ok(Decision::Done(())) };
            let rows = || self.count_owned(found.app, owner, false);
            let basis = rooms.basis(&self.deps, &partition, (many.as_ref(), false), rows).await?;
            let batch = Batch::new(partition.clone(), self.deps.now())
                .check(owned_key(&found.id), Expected::Version(known.version))
                .delete(owned_key(&found.id));
            Ok::<_, GroupError>(Decision::Commit(rooms.note(batch, basis, -1), ()))
        });
        decided.await
    }

    /// Changes somebody in a room: whether they may speak, and whether they are an admin, who need not be there.
    pub(in crate::services::group) async fn modify_in_room(
        &self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        change: &MemberChange,
    ) -> Result<(), GroupError> {
        if change.name_card.is_some() || change.custom.is_some() || change.receive.is_some() {
            return Err(GroupError::NotAllowed(Denial::NothingKept));
        }
        if change.role == Some(Role::Admin) {
            self.accounts.ensure_named::<GroupError>(actor, user).await?;
        }
        let decided = self.deps.decide_within("change somebody in a room", |is_doubted| async move {
            let (found, own) = self.as_seen_by(actor, id).await?;
            let rules = self.rules(found.app, found.group.record.kind);
            let role = found.group.record.role_in_room(user);
            let now = self.deps.now();
            let (key, unchanged) = found.unchanged();
            let mut batch = Batch::new(found.partition(), now).check(key.clone(), unchanged);
            let mut told = Vec::new();
            if let Some(new) = change.role {
                require(actor, own.as_ref(), rules.names_admins)?;
                if role == Role::Owner {
                    return Err(GroupError::NotAllowed(Denial::OwnersRole));
                }
                let mut group = found.group.record.clone();
                group.admins.retain(|admin| admin != user);
                if new == Role::Admin {
                    group.admins.push(user.clone());
                }
                if group.admins.len() > MOST_ADMINS {
                    return Err(GroupError::Invalid(Invalid::TooManyAdmins));
                }
                batch = batch.put(key, records::encode(&group));
                if new != role && rules.tips.role {
                    let members = vec![self.accounts.shown(actor.app, user).await?];
                    let is_admin = new == Role::Admin;
                    told.push(if is_admin {
                        Change::AdminsSet { members }
                    } else {
                        Change::AdminsUnset { members }
                    });
                }
            }
            if let Some(seconds) = change.mute_seconds {
                require(actor, own.as_ref(), rules.mutes)?;
                if !(actor.is_admin || rank(actor, own.as_ref()) > Some(role)) {
                    return Err(GroupError::NotAllowed(Denial::NotOfLowerRole));
                }
                if seconds > 0 && self.member(&found, user).await?.is_none() {
                    return Err(GroupError::NotMember);
                }
                let until = self.muted_until(seconds);
                batch = self.with_mute(batch, &found.clone().into(), (user, until), is_doubted).await?;
                if rules.tips.mute {
                    let mute = protocol::group::Mute { user: user.clone(), seconds };
                    told.push(Change::Muted { members: vec![mute] });
                }
            }
            Ok::<_, GroupError>(Decision::Commit(batch, (found, told)))
        });
        let Some((found, told)) = decided.await? else {
            Bound::MutesPerGroup.refused(id);
            return Err(GroupError::TooManyMutes);
        };
        for change in told {
            self.tell_room(actor, &found, change).await?;
        }
        Ok(())
    }

    /// What those who are in a room are told as a tip that is kept nowhere.
    pub(in crate::services::group) async fn tell_room(
        &self,
        actor: &Actor,
        found: &GroupRef,
        change: Change,
    ) -> Result<(), GroupError> {
        let operator = self.accounts.shown(actor.app, &actor.user).await?;
        let random = u64::from(rand::random::<u32>());
        let tip = protocol::group::Tip { random, operator, change, members: None, online: None };
        let entry = crate::bus::Entry::GroupTip { group: found.label(), tip, counts: false };
        if let Err(error) = self.rooms.pass(found.app, entry, None).await {
            // It is so all the same, and told with whatever they ask next.
            tracing::warn!(%error, "those in a room could not be told of a change");
        }
        Ok(())
    }
}

/// Takes a room off those that a device is in; nothing where it is not among them.
fn without(batch: Batch, device: DeviceId, known: Versioned<Vec<Stay>>, room: &GroupId) -> Option<Batch> {
    let mut stays = known.record;
    let before = stays.len();
    stays.retain(|stay| stay.room != *room);
    if stays.len() == before {
        return None;
    }
    let batch = batch.check(stay_key(device), Expected::Version(known.version));
    Some(if stays.is_empty() {
        batch.delete(stay_key(device))
    } else {
        batch.put(stay_key(device), records::encode(&stays))
    })
}

//! Who is in a group, and what may be changed about a member.

use protocol::event;
use protocol::group::{Change, CustomField, Mute, ReceiveOption, Role};
use protocol::id::{AppId, GroupId, Seq, UserId};
use protocol::push::NoticeKind;

use super::lifecycle::{check_custom, check_merged, check_text, merge};
use super::{
    ChannelRef, Cursor, Denial, Fields, GroupError, GroupRef, Groups, Invalid, Member, MemberPage, Standing,
    Text, rank, require,
};
use crate::bus::{Push, Topic};
use crate::services::decide::Decision;
use crate::services::deps::Actor;
use crate::services::push::StoredNotice;
use crate::services::timeline::{Position, position_key};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, StorageError, Table};
use crate::telemetry::Bound;

/// Members whose lines are read at once.
const VIEWS: usize = 500;

/// A member, as they are shown.
#[derive(Clone, Debug)]
pub struct MemberView {
    pub user: UserId,
    pub member: Member,
    pub read: Seq,
    /// Unix seconds until which they may not speak; 0 when they may.
    pub muted_until: u64,
}

/// What is to be changed about a member. Absent members stay.
#[derive(Clone, Debug, Default)]
pub struct MemberChange {
    pub role: Option<Role>,
    pub name_card: Option<String>,
    /// Seconds from now; 0 lifts the mute.
    pub mute_seconds: Option<u64>,
    pub receive: Option<ReceiveOption>,
    pub custom: Option<Vec<CustomField>>,
}

impl Groups {
    /// All members in the order they came, or those of the given roles: every membership is read.
    pub async fn members(
        &self,
        found: &GroupRef,
        roles: Option<&[Role]>,
    ) -> Result<Vec<(UserId, Member)>, StorageError> {
        if self.is_room(found) {
            let mut latest = self.latest_of_room(found).await;
            latest.retain(|(_, member)| roles.is_none_or(|roles| roles.contains(&member.role)));
            return Ok(latest);
        }
        let entries: Vec<(_, Versioned<Member>)> =
            records::scan_all(&self.deps.engine, &found.partition(), Table::Member, found.epoch()).await?;
        let epoch_bytes = found.epoch().len();
        let mut members: Vec<(UserId, Member)> = entries
            .into_iter()
            .filter(|(_, member)| roles.is_none_or(|roles| roles.contains(&member.record.role)))
            .filter_map(|(suffix, member)| {
                let user = std::str::from_utf8(suffix.get(epoch_bytes..)?).ok()?;
                Some((UserId::parse(user).ok()?, member.record))
            })
            .collect();
        // The owner first: they came first, or took over.
        members.sort_by_key(|(user, member)| (member.role != Role::Owner, member.joined_at, user.clone()));
        Ok(members)
    }

    /// What members' lines in a list say beyond the memberships themselves.
    pub async fn views(
        &self,
        found: &GroupRef,
        members: Vec<(UserId, Member)>,
    ) -> Result<Vec<MemberView>, StorageError> {
        let (now, log) = (self.deps.now().seconds(), found.channel().log);
        let mut views = Vec::with_capacity(members.len());
        let mut members = members.into_iter();
        loop {
            let some: Vec<(UserId, Member)> = members.by_ref().take(VIEWS).collect();
            if some.is_empty() {
                return Ok(views);
            }
            let mutes = some.iter().map(|(user, _)| found.mute_key(user));
            let keys: Vec<Key> = mutes.chain(some.iter().map(|(user, _)| position_key(&log, user))).collect();
            let values = records::values_each(&self.deps.engine, &found.partition(), &keys).await?;
            // What is damaged of one is not shown, and costs nobody the others.
            let values: Vec<_> = values.into_iter().map(|value| value.ok().flatten()).collect();
            let (mutes, positions) = values.split_at(some.len());
            for ((user, member), (mute, position)) in some.into_iter().zip(mutes.iter().zip(positions)) {
                let until: Option<u64> =
                    mute.as_ref().map(|value| records::decode(&value.bytes)).transpose()?;
                let position: Option<Position> =
                    position.as_ref().map(|value| records::decode(&value.bytes)).transpose()?;
                let muted_until = until.filter(|until| *until > now).unwrap_or(0);
                let read = position.unwrap_or_default().read;
                views.push(MemberView { user, member, read, muted_until });
            }
        }
    }

    /// A page of the members in the order they came, the owner first; of those with the given roles, if any are given.
    pub async fn list(
        &self,
        actor: &Actor,
        id: &GroupId,
        roles: Option<&[Role]>,
        (offset, limit): (usize, Option<usize>),
    ) -> Result<(GroupRef, Standing, MemberPage), GroupError> {
        let (found, own) = self.as_seen_by(actor, id).await?;
        let page = self.page(&found, roles, offset, limit).await?;
        Ok((found, Standing::of_versioned(actor, own.as_ref()), page))
    }

    /// The same behind another page, with where the next one begins.
    pub async fn list_after(
        &self,
        actor: &Actor,
        id: &GroupId,
        roles: Option<&[Role]>,
        (after, limit): (Option<&Cursor>, usize),
    ) -> Result<(GroupRef, Standing, MemberPage, Option<Cursor>), GroupError> {
        let (found, own) = self.as_seen_by(actor, id).await?;
        let (page, next) = self.page_after(&found, roles, after, limit).await?;
        Ok((found, Standing::of_versioned(actor, own.as_ref()), page, next))
    }

    /// Those of the named users who are members.
    pub async fn pick(
        &self,
        actor: &Actor,
        id: &GroupId,
        users: &[UserId],
    ) -> Result<(GroupRef, Standing, Vec<(UserId, Member)>), GroupError> {
        let (found, own) = self.as_seen_by(actor, id).await?;
        let members = self.members_among(&found, users).await?;
        Ok((found, Standing::of_versioned(actor, own.as_ref()), members))
    }

    /// Those of the named users who are members, in the order they are named.
    pub(in crate::services) async fn members_among(
        &self,
        found: &GroupRef,
        users: &[UserId],
    ) -> Result<Vec<(UserId, Member)>, StorageError> {
        if self.is_room(found) {
            return self.members_of_room_among(found, users).await;
        }
        let keys: Vec<Key> = users.iter().map(|user| found.member_key(user)).collect();
        let members: Vec<Result<Option<Versioned<Member>>, StorageError>> =
            records::get_each(&self.deps.engine, &found.partition(), &keys).await?;
        // Of one whose membership is damaged nothing is known, and that costs nobody the others.
        let pairs = users.iter().zip(members);
        Ok(pairs.filter_map(|(user, member)| Some((user.clone(), member.ok()??.record))).collect())
    }

    /// Changes a member: their role, whether they may speak, and what they say of themselves in the group.
    pub async fn modify_member(
        &self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        change: &MemberChange,
    ) -> Result<(), GroupError> {
        self.check(actor.app, change)?;
        if self.is_room(&self.existing(actor.app, id).await?) {
            return self.modify_in_room(actor, id, user, change).await;
        }
        let decided = self.deps.decide_within("change a member", |is_doubted| async move {
            let (found, own) = self.as_seen_by(actor, id).await?;
            let Some(target) = self.member(&found, user).await? else { return Err(GroupError::NotMember) };
            self.authorize(actor, &found, own.as_ref(), user, &target.record, change)?;
            let batch = self.modified(actor, &found, user, &target, (change, is_doubted)).await?;
            Ok::<_, GroupError>(Decision::Commit(batch, (found, target)))
        });
        let Some((found, target)) = decided.await? else {
            Bound::MutesPerGroup.refused(id);
            return Err(GroupError::TooManyMutes);
        };
        self.tell_role(actor, &found, user, &target.record, change).await
    }

    fn check(&self, app: AppId, change: &MemberChange) -> Result<(), GroupError> {
        let limits = &self.deps.settings(app).limits;
        check_text(change.name_card.as_deref().unwrap_or_default(), limits.name_card_bytes, Text::NameCard)?;
        if change.role == Some(Role::Owner) {
            return Err(GroupError::Invalid(Invalid::OwnerByRole));
        }
        check_custom(change.custom.as_deref().unwrap_or_default(), Fields::OfMember, limits)
    }

    fn authorize(
        &self,
        actor: &Actor,
        found: &GroupRef,
        own: Option<&Versioned<Member>>,
        user: &UserId,
        target: &Member,
        change: &MemberChange,
    ) -> Result<(), GroupError> {
        let rules = self.rules(found.app, found.group.record.kind);
        let is_self = actor.user == *user;
        let outranks = actor.is_admin || rank(actor, own) > Some(target.role);
        if change.role.is_some() {
            if !rules.has_admins {
                return Err(GroupError::NotAllowed(Denial::NoAdmins));
            }
            require(actor, own, rules.names_admins)?;
            if target.role == Role::Owner {
                return Err(GroupError::NotAllowed(Denial::OwnersRole));
            }
        }
        if change.mute_seconds.is_some() {
            if rules.mutes.is_none() {
                return Err(GroupError::NotAllowed(Denial::NoMutes));
            }
            require(actor, own, rules.mutes)?;
            if !outranks {
                return Err(GroupError::NotAllowed(Denial::NotOfLowerRole));
            }
        }
        if change.receive.is_some() && !is_self && !actor.is_admin {
            return Err(GroupError::NotAllowed(Denial::ReceiveIsOnesOwn));
        }
        let writer = Standing::of_versioned(actor, own);
        let fields = change.custom.as_deref().unwrap_or_default();
        self.admits_fields(actor.app, Fields::OfMember, writer, fields)?;
        if (change.name_card.is_some() || change.custom.is_some()) && !is_self {
            require(actor, own, Some(Role::Admin))?;
            if !outranks {
                return Err(GroupError::NotAllowed(Denial::NotOfLowerRole));
            }
        }
        Ok(())
    }

    /// What makes the change. The count of the group's mutes is doubted after it said that there is no room.
    async fn modified(
        &self,
        actor: &Actor,
        found: &GroupRef,
        user: &UserId,
        target: &Versioned<Member>,
        (change, is_doubted): (&MemberChange, bool),
    ) -> Result<Batch, GroupError> {
        let now = self.deps.now();
        let mut member = target.record.clone();
        member.role = change.role.unwrap_or(member.role);
        member.receive = change.receive.unwrap_or(member.receive);
        if let Some(card) = &change.name_card {
            member.name_card.clone_from(card);
        }
        merge(&mut member.custom, change.custom.as_deref().unwrap_or_default());
        let limits = &self.deps.settings(actor.app).limits;
        check_merged(&target.record.custom, &member.custom, Fields::OfMember, limits)?;
        let (key, unchanged) = found.unchanged();
        let mut batch = Batch::new(found.partition(), now)
            .check(key, unchanged)
            .check(found.member_key(user), Expected::Version(target.version))
            .put(found.member_key(user), records::encode(&member));
        if member.role == Role::Admin && target.record.role != Role::Admin {
            if self.has_all_admins(found, limits.admins_per_group).await? {
                Bound::AdminsPerGroup.refused(&found.id);
                return Err(GroupError::TooManyAdmins);
            }
            // Of two at once the other looks anew.
            let (key, _) = found.unchanged();
            batch = batch.put(key, records::encode(&found.group.record));
        }
        if member.role != target.record.role {
            let placed = self.placed(found, user, &target.record).await?;
            batch = self.with_new_place(batch, found, user, (&target.record, placed), &member);
        }
        let tips = self.rules(found.app, found.group.record.kind).tips;
        if let Some(seconds) = change.mute_seconds {
            let place = found.clone().into();
            batch = self.with_mute_told(batch, &place, actor, (user, seconds), is_doubted).await?;
        }
        if let Some(option) = change.receive
            && option != target.record.receive
        {
            let body =
                event::group::receive_option(user, &found.label(), option, self.deps.clock.number(), now);
            let push = Push::new(body).by(actor.origin());
            batch = batch.announce(Topic::User(actor.app, user.clone()), push);
        }
        if member.role != target.record.role && tips.role {
            let members = vec![self.accounts.shown(actor.app, user).await?];
            let change = if member.role == Role::Admin {
                Change::AdminsSet { members }
            } else {
                Change::AdminsUnset { members }
            };
            batch = self.with_tip(batch, found, actor, change, None).await?;
        }
        Ok(batch)
    }

    /// Whether the group has as many admins as it may have.
    async fn has_all_admins(&self, found: &GroupRef, most: usize) -> Result<bool, StorageError> {
        if most == usize::MAX {
            return Ok(false);
        }
        let page = self.page(found, Some(&[Role::Admin]), 0, Some(most)).await?;
        Ok(page.members.len() >= most)
    }

    /// Mutes a member in the batch for so many seconds, where members talk, and tells of it where such a change is a tip.
    pub(super) async fn with_mute_told(
        &self,
        batch: Batch,
        place: &ChannelRef,
        actor: &Actor,
        (user, seconds): (&UserId, u64),
        is_doubted: bool,
    ) -> Result<Batch, StorageError> {
        let until = self.muted_until(seconds);
        let batch = self.with_mute(batch, place, (user, until), is_doubted).await?;
        if !self.rules(place.found.app, place.found.group.record.kind).tips.mute {
            return Ok(batch);
        }
        let mute = Change::Muted { members: vec![Mute { user: user.clone(), seconds }] };
        self.with_tip_in(batch, place, actor, mute, None).await
    }

    async fn tell_role(
        &self,
        actor: &Actor,
        found: &GroupRef,
        user: &UserId,
        before: &Member,
        change: &MemberChange,
    ) -> Result<(), GroupError> {
        let role = change.role.unwrap_or(before.role);
        if role > before.role {
            self.hand_over_applications(found, user).await?;
        }
        if role == before.role || !self.rules(found.app, found.group.record.kind).tells_admins {
            return Ok(());
        }
        let kind = if role == Role::Admin { NoticeKind::AdminGranted } else { NoticeKind::AdminRevoked };
        let notice = self.notice(actor, found, kind, "").await?;
        self.notices.notify(actor.app, user, StoredNotice::Notice(notice), None).await?;
        Ok(())
    }
}

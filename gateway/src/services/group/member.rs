//! Who is in a group, and what may be changed about a member.

use protocol::event;
use protocol::group::{Change, CustomField, Mute, ReceiveOption, Role};
use protocol::id::{AppId, GroupId, Seq, UserId};
use protocol::push::NoticeKind;

use super::life::{check_custom, check_text};
use super::{Denial, Fields, Found, GroupError, Groups, Invalid, Member, Text, rank, require};
use crate::bus::{Push, Topic};
use crate::services::core::Actor;
use crate::services::decide::Decision;
use crate::services::push::Kept;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, StorageError, Table};

/// "For ever" in the vendor's seconds.
const FOR_EVER_SECONDS: u64 = 4_294_967_295;

/// A member, as he is shown.
#[derive(Clone, Debug)]
pub struct MemberView {
    pub user: UserId,
    pub member: Member,
    pub read: Seq,
    /// Unix seconds until which he may not speak; 0 when he may.
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
    /// All members in the order they came, or those of the given roles.
    pub async fn members(
        &self,
        found: &Found,
        roles: Option<&[Role]>,
    ) -> Result<Vec<(UserId, Member)>, StorageError> {
        let entries: Vec<(_, Versioned<Member>)> =
            records::scan_all(&self.core.engine, &found.partition(), Table::Member, found.epoch()).await?;
        let epoch_bytes = found.epoch().len();
        let mut members: Vec<(UserId, Member)> = entries
            .into_iter()
            .filter(|(_, member)| roles.is_none_or(|roles| roles.contains(&member.record.role)))
            .filter_map(|(suffix, member)| {
                let user = std::str::from_utf8(suffix.get(epoch_bytes..)?).ok()?;
                Some((UserId::parse(user).ok()?, member.record))
            })
            .collect();
        // The owner first: he came first, or took over.
        members.sort_by_key(|(user, member)| (member.role != Role::Owner, member.joined_at, user.clone()));
        Ok(members)
    }

    /// What a member's line in a list says beyond the membership itself.
    pub async fn view(
        &self,
        found: &Found,
        user: UserId,
        member: Member,
    ) -> Result<MemberView, StorageError> {
        let muted_until = self.muted_until(found, &user).await?;
        let muted_until = if muted_until > self.core.now().seconds() { muted_until } else { 0 };
        let read = self.timelines.position(&found.log(), &user).await?.read;
        Ok(MemberView { user, member, read, muted_until })
    }

    /// The group and those of the named users who are members; `None` names all.
    pub async fn list(
        &self,
        actor: &Actor,
        id: &GroupId,
        roles: Option<&[Role]>,
    ) -> Result<(Found, Vec<(UserId, Member)>), GroupError> {
        let (found, _) = self.as_seen_by(actor, id).await?;
        let members = self.members(&found, roles).await?;
        Ok((found, members))
    }

    /// Those of the named users who are members.
    pub async fn pick(
        &self,
        actor: &Actor,
        id: &GroupId,
        users: &[UserId],
    ) -> Result<(Found, Vec<(UserId, Member)>), GroupError> {
        let (found, _) = self.as_seen_by(actor, id).await?;
        let mut members = Vec::new();
        for user in users {
            if let Some(member) = self.member(&found, user).await? {
                members.push((user.clone(), member.record));
            }
        }
        Ok((found, members))
    }

    /// Unix second until which a user may not speak in a group; 0 when nothing was ever said about it.
    pub async fn muted_until(&self, found: &Found, user: &UserId) -> Result<u64, StorageError> {
        let until: Option<Versioned<u64>> =
            records::get(&self.core.engine, &found.partition(), found.mute_key(user)).await?;
        Ok(until.map_or(0, |until| until.record))
    }

    /// Changes a member: his role, whether he may speak, and what he says of himself in the group.
    pub async fn modify_member(
        &self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        change: &MemberChange,
    ) -> Result<(), GroupError> {
        self.check(actor.app, change)?;
        let decided = self.core.decide("change a member", || async {
            let (found, own) = self.as_seen_by(actor, id).await?;
            let Some(target) = self.member(&found, user).await? else { return Err(GroupError::NotMember) };
            self.authorize(actor, &found, own.as_ref(), user, &target.record, change)?;
            let batch = self.modified(actor, &found, user, &target, change).await?;
            Ok::<_, GroupError>(Decision::Commit(batch, (found, target)))
        });
        let (found, target) = decided.await?;
        self.tell_role(actor, &found, user, &target.record, change).await
    }

    fn check(&self, app: AppId, change: &MemberChange) -> Result<(), GroupError> {
        let limits = &self.core.settings(app).limits;
        check_text(change.name_card.as_deref().unwrap_or_default(), limits.name_card_bytes, Text::NameCard)?;
        if change.role == Some(Role::Owner) {
            return Err(GroupError::Invalid(Invalid::OwnerByRole));
        }
        check_custom(change.custom.as_deref().unwrap_or_default(), Fields::OfMember, limits)
    }

    fn authorize(
        &self,
        actor: &Actor,
        found: &Found,
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
            require(actor, own, Some(Role::Owner))?;
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
        if (change.name_card.is_some() || change.custom.is_some()) && !is_self {
            require(actor, own, Some(Role::Admin))?;
            if !outranks {
                return Err(GroupError::NotAllowed(Denial::NotOfLowerRole));
            }
        }
        Ok(())
    }

    /// What makes the change.
    async fn modified(
        &self,
        actor: &Actor,
        found: &Found,
        user: &UserId,
        target: &Versioned<Member>,
        change: &MemberChange,
    ) -> Result<Batch, GroupError> {
        let now = self.core.now();
        let mut member = target.record.clone();
        member.role = change.role.unwrap_or(member.role);
        member.receive = change.receive.unwrap_or(member.receive);
        if let Some(card) = &change.name_card {
            member.name_card.clone_from(card);
        }
        for field in change.custom.iter().flatten() {
            member.custom.retain(|known| known.key != field.key);
            if !field.value.is_empty() {
                member.custom.push(field.clone());
            }
        }
        let (key, unchanged) = found.unchanged();
        let mut batch = Batch::new(found.partition(), now)
            .check(key, unchanged)
            .check(found.member_key(user), Expected::Version(target.version))
            .put(found.member_key(user), records::encode(&member));
        let tips = self.rules(found.app, found.group.record.kind).tips;
        if let Some(seconds) = change.mute_seconds {
            let until = match seconds {
                0 => 0,
                FOR_EVER_SECONDS.. => u64::from(u32::MAX),
                seconds => now.seconds() + seconds,
            };
            batch = batch.put(found.mute_key(user), records::encode(&until));
            if tips.mute {
                let mute = Change::Muted { members: vec![Mute { user: user.clone(), seconds }] };
                batch = self.with_tip(batch, found, actor, mute, None).await?;
            }
        }
        if let Some(option) = change.receive
            && option != target.record.receive
        {
            let body =
                event::group::receive_option(user, &found.label(), option, self.core.clock.number(), now);
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

    async fn tell_role(
        &self,
        actor: &Actor,
        found: &Found,
        user: &UserId,
        before: &Member,
        change: &MemberChange,
    ) -> Result<(), GroupError> {
        let role = change.role.unwrap_or(before.role);
        if role == before.role || !self.rules(found.app, found.group.record.kind).tells_admins {
            return Ok(());
        }
        let kind = if role == Role::Admin { NoticeKind::AdminGranted } else { NoticeKind::AdminRevoked };
        let notice = self.notice(actor, found, kind, "").await?;
        self.notices.send(actor.app, user, Kept::Notice(notice), None).await?;
        Ok(())
    }
}

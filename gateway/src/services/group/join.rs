//! Coming in and going out.

use protocol::group::{ApplyJoinOption, Change, InviteJoinOption, ReceiveOption, Role, Shown};
use protocol::id::{AppId, GroupId, UserId};
use protocol::push::{Notice, NoticeKind};

use super::{Denial, Found, GroupError, Groups, Indexed, Member, joined_key, rank, require};
use crate::bus::{Control, Topic};
use crate::services::core::Actor;
use crate::services::decide::Decision;
use crate::services::push::Kept;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Partition, Table};

/// Longer than any call may work on a membership.
const INDEX_GRACE_MS: u64 = 60_000;

/// What became of one user who was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddOutcome {
    Failed,
    Added,
    WasMember,
    InTooManyGroups,
}

impl Groups {
    /// Lets the actor in by himself.
    pub async fn join(&self, actor: &Actor, id: &GroupId) -> Result<(), GroupError> {
        let found = self.existing(actor.app, id).await?;
        match found.group.record.apply_join {
            ApplyJoinOption::FreeAccess => {}
            ApplyJoinOption::DisableApply => {
                return Err(GroupError::NotAllowed(Denial::NobodyMayApply));
            }
            ApplyJoinOption::NeedPermission => {
                return Err(GroupError::ApprovalNotServed);
            }
        }
        self.check_room_for_groups(actor.app, &actor.user).await?;
        self.enter(actor, id, &actor.user, Role::Member, false, false).await?;

        let notice = self.notice(actor, &found, NoticeKind::Accepted, "").await?;
        self.notices.tell(actor.app, &actor.user, notice, actor.device).await;
        Ok(())
    }

    /// Brings others in without asking them.
    pub async fn add(
        &self,
        actor: &Actor,
        id: &GroupId,
        users: &[UserId],
        silent: bool,
    ) -> Result<Vec<AddOutcome>, GroupError> {
        if users.len() > self.core.settings(actor.app).limits.members_per_call {
            return Err(GroupError::TooManyAccounts);
        }
        let (found, member) = self.as_seen_by(actor, id).await?;
        let lowest = match found.group.record.invite_join {
            InviteJoinOption::FreeAccess => Some(Role::Member),
            InviteJoinOption::NeedPermission => Some(Role::Admin),
            InviteJoinOption::DisableInvite => None,
        };
        require(actor, member.as_ref(), lowest)?;

        let mut outcomes = Vec::with_capacity(users.len());
        for user in users {
            let outcome = match self.add_one(actor, &found, user, silent).await {
                Ok(()) => AddOutcome::Added,
                Err(GroupError::AlreadyMember) => AddOutcome::WasMember,
                Err(GroupError::TooManyGroups) => AddOutcome::InTooManyGroups,
                // The first who finds the group full says so; the others were let in before him.
                Err(GroupError::Full) if outcomes.is_empty() => return Err(GroupError::Full),
                Err(GroupError::Full) => AddOutcome::Failed,
                Err(error) => return Err(error),
            };
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    async fn add_one(
        &self,
        actor: &Actor,
        found: &Found,
        user: &UserId,
        silent: bool,
    ) -> Result<(), GroupError> {
        self.accounts.ensure(actor.app, user).await?;
        self.check_room_for_groups(actor.app, user).await?;
        self.enter(actor, &found.id, user, Role::Member, true, silent).await?;
        if !silent {
            let notice = self.notice(actor, found, NoticeKind::Invited, "").await?;
            self.notices.send(actor.app, user, Kept::Notice(notice), None).await?;
        }
        Ok(())
    }

    /// Makes `user` a member.
    async fn enter(
        &self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        role: Role,
        invited: bool,
        silent: bool,
    ) -> Result<(), GroupError> {
        let decided = self.core.decide("enter a group", || async {
            let found = self.existing(actor.app, id).await?;
            if self.member(&found, user).await?.is_some() {
                return Err(GroupError::AlreadyMember);
            }
            // The index is a superset of the truth, so it is written first.
            self.index(actor.app, user, id).await?;
            let now = self.core.now();
            let member = Member {
                role,
                joined_at: now,
                joined_after: self.core.engine.head(&found.log()).await?.seq,
                name_card: String::new(),
                receive: ReceiveOption::default(),
                custom: Vec::new(),
            };
            let after = member.joined_after;
            let most = i64::try_from(found.group.record.max_members).unwrap_or(i64::MAX);
            let (key, unchanged) = found.unchanged();
            let mut batch = Batch::new(found.partition(), now)
                .check(key, unchanged)
                .check(found.member_key(user), Expected::Absent)
                .put(found.member_key(user), records::encode(&member))
                .add(found.count_key(), 1, Some(most))
                .announce(
                    Topic::User(actor.app, user.clone()),
                    Control::Entered { group: id.clone(), after },
                );
            if self.rules(found.app, found.group.record.kind).tips.membership && !silent {
                let shown = self.accounts.shown(actor.app, user).await?;
                let change = Change::Joined { members: vec![shown], invited };
                let members = self.count(&found).await? + 1;
                batch = self.with_tip(batch, &found, actor, change, Some(members)).await?;
            }
            // When the group is full, the index keeps an entry for a while that points to nothing.
            Ok::<_, GroupError>(Decision::Commit(batch, ()))
        });
        decided.await
    }

    /// Lets the actor out.
    pub async fn quit(&self, actor: &Actor, id: &GroupId) -> Result<(), GroupError> {
        let found = self.existing(actor.app, id).await?;
        let notice = self.notice(actor, &found, NoticeKind::Quit, "").await?;
        let left = self.leave(actor, id, &actor.user, Departure::Quit).await?;
        if !left {
            return Err(GroupError::NotMember);
        }
        self.notices.tell(actor.app, &actor.user, notice, actor.device).await;
        Ok(())
    }

    /// Puts members out. One who is no member counts as done.
    pub async fn put_out(
        &self,
        actor: &Actor,
        id: &GroupId,
        users: &[UserId],
        reason: &str,
        silent: bool,
    ) -> Result<(), GroupError> {
        if users.len() > self.core.settings(actor.app).limits.members_per_call {
            return Err(GroupError::TooManyAccounts);
        }
        let (found, member) = self.as_seen_by(actor, id).await?;
        require(actor, member.as_ref(), self.rules(found.app, found.group.record.kind).puts_out)?;
        // All are looked at before anybody goes: a call that is refused does nothing.
        for user in users {
            if let Some(target) = self.member(&found, user).await?
                && !actor.is_admin
                && Some(target.record.role) >= rank(actor, member.as_ref())
            {
                return Err(GroupError::NotAllowed(Denial::NotOfLowerRole));
            }
        }
        for user in users {
            if self.leave(actor, id, user, Departure::PutOut { silent }).await? {
                let notice = self.notice(actor, &found, NoticeKind::Kicked, reason).await?;
                self.notices.send(actor.app, user, Kept::Notice(notice), None).await?;
            }
        }
        Ok(())
    }

    /// Ends a membership. False when there is none.
    async fn leave(
        &self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        departure: Departure,
    ) -> Result<bool, GroupError> {
        let decided = self.core.decide("leave a group", || async {
            let found = self.existing(actor.app, id).await?;
            let Some(member) = self.member(&found, user).await? else { return Ok(Decision::Done(None)) };
            let indexed: Option<Versioned<Indexed>> =
                records::get(&self.core.engine, &Partition::user(actor.app, user), joined_key(id)).await?;
            let is_owner = member.record.role == Role::Owner;
            let rules = self.rules(found.app, found.group.record.kind);
            if is_owner && departure == Departure::Quit && !rules.owner_may_quit {
                return Err(GroupError::OwnerCannotQuit);
            }
            let now = self.core.now();
            let (key, unchanged) = found.unchanged();
            let mut batch = Batch::new(found.partition(), now)
                .check(key.clone(), unchanged)
                .check(found.member_key(user), Expected::Version(member.version))
                .delete(found.member_key(user))
                .add(found.count_key(), -1, None)
                // Before the tip: one who left hears nothing more of the group, or his client would list it again.
                .announce(Topic::User(actor.app, user.clone()), Control::Left { group: id.clone() });
            if is_owner {
                let mut group = found.group.record.clone();
                group.owner = None;
                batch = batch.put(key, records::encode(&group));
            }
            if rules.tips.membership && departure != (Departure::PutOut { silent: true }) {
                let shown = self.accounts.shown(actor.app, user).await?;
                let change = departure.change(shown);
                let members = self.count(&found).await?.saturating_sub(1);
                batch = self.with_tip(batch, &found, actor, change, Some(members)).await?;
            }
            Ok::<_, GroupError>(Decision::Commit(batch, Some(indexed)))
        });
        let Some(indexed) = decided.await? else { return Ok(false) };
        self.unindex(actor.app, user, id, indexed.as_ref()).await?;
        Ok(true)
    }

    /// The groups a user may be in, by the index: some of them he may have left.
    pub(super) async fn indexed(
        &self,
        app: AppId,
        user: &UserId,
    ) -> Result<Vec<(GroupId, Versioned<Indexed>)>, GroupError> {
        let partition = Partition::user(app, user);
        let entries: Vec<(_, Versioned<Indexed>)> =
            records::scan_all(&self.core.engine, &partition, Table::Joined, bytes::Bytes::new()).await?;
        let id = |suffix: &[u8]| GroupId::parse(std::str::from_utf8(suffix).ok()?).ok();
        Ok(entries.into_iter().filter_map(|(suffix, indexed)| Some((id(&suffix)?, indexed))).collect())
    }

    /// Takes an entry out of the index that points to no membership. A young one may be of a membership that is being
    /// made at this moment, and stays.
    pub(super) async fn forget(
        &self,
        app: AppId,
        user: &UserId,
        id: &GroupId,
        indexed: &Versioned<Indexed>,
    ) -> Result<(), GroupError> {
        let now = self.core.now();
        if now.0.saturating_sub(indexed.record.at.0) > INDEX_GRACE_MS {
            let key = joined_key(id);
            let batch = Batch::new(Partition::user(app, user), now)
                .check(key.clone(), Expected::Version(indexed.version))
                .delete(key);
            self.core.commit(batch).await?;
        }
        Ok(())
    }

    pub(super) async fn check_room_for_groups(&self, app: AppId, user: &UserId) -> Result<(), GroupError> {
        if self.indexed(app, user).await?.len() >= self.core.settings(app).limits.groups_per_user {
            return Err(GroupError::TooManyGroups);
        }
        Ok(())
    }

    pub(super) async fn notice(
        &self,
        actor: &Actor,
        found: &Found,
        kind: NoticeKind,
        remark: &str,
    ) -> Result<Notice, GroupError> {
        let operator = self.accounts.shown(actor.app, &actor.user).await?;
        Ok(Notice { group: found.label(), operator, kind, remark: remark.to_owned() })
    }
}

/// How somebody goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Departure {
    Quit,
    PutOut { silent: bool },
}

impl Departure {
    fn change(self, shown: Shown) -> Change {
        match self {
            Departure::Quit => Change::Left,
            Departure::PutOut { .. } => Change::Kicked { members: vec![shown] },
        }
    }
}

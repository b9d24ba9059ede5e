//! Coming in and going out.

use protocol::event;
use protocol::group::{ApplicationKind, ApplyJoinOption, Change, InviteJoinOption, Role, Shown};
use protocol::id::{AppId, GroupId, UserId};
use protocol::push::{Notice, NoticeKind};

use super::application::{ApplicationId, OpenApplication};
use super::lifecycle::check_text;
use super::{
    Denial, GroupError, GroupRef, Groups, Indexed, Invalid, Joined, Member, Text, joined_key, rank, require,
};
use crate::bus::{Control, Push, Topic};
use crate::services::conversation::{self, Preference};
use crate::services::decide::Decision;
use crate::services::deps::{Actor, MayBeDamage, unless_damaged};
use crate::services::push::StoredNotice;
use crate::services::rates::Rule;
use crate::services::tally::Tally;
use crate::services::timeline::position_key;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table, Value};
use crate::telemetry::Bound;

const HOUR_MS: u64 = 3_600_000;

/// The bits of a count of invitations below its hour.
const INVITATIONS: u32 = 20;

/// How a user comes to be in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entering {
    /// By themselves, or by an administrator.
    OfRight,
    /// Another user puts them into it.
    Invited,
}

impl Entering {
    pub(super) fn of(actor: &Actor, user: &UserId) -> Self {
        if actor.is_admin || actor.user == *user { Self::OfRight } else { Self::Invited }
    }
}

/// How a membership begins.
pub(super) struct Entrance {
    pub(super) entering: Entering,
    /// As the tip tells it.
    pub(super) is_invited: bool,
    /// Without a tip.
    pub(super) is_silent: bool,
    /// The application that is decided by it: it must be open still. Others of the same user end as well.
    pub(super) decides: Option<OpenApplication>,
}

/// What became of one who wants to come in.
#[derive(Clone, Debug)]
pub enum JoinOutcome {
    Joined,
    /// Into a live room.
    InRoom(Box<Joined>),
    /// The owner or an admin decides.
    Waiting,
}

/// How many groups a user was put into, and in which hour: one count of the store has both.
fn invitations_key() -> Key {
    Key::new(Table::Counter, "invitations")
}

/// Longer than any call may work on a membership.
const INDEX_GRACE_MS: u64 = 60_000;

/// What became of one user who was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddOutcome {
    Failed,
    Added,
    WasMember,
    /// Somebody decides about it.
    Waiting,
    InTooManyGroups,
}

impl Groups {
    /// Lets the actor in by themselves, or notes that they want to come in. `asked` is what they say to those who decide,
    /// and the application's own field.
    pub async fn join(
        &self,
        actor: &Actor,
        id: &GroupId,
        asked: (&str, &str),
    ) -> Result<JoinOutcome, GroupError> {
        let found = self.existing(actor.app, id).await?;
        if self.is_banned(&found, &actor.user).await? {
            return Err(GroupError::NotAllowed(Denial::Banned));
        }
        if self.is_room(&found) {
            return Ok(JoinOutcome::InRoom(Box::new(self.join_room(actor, found).await?)));
        }
        match self.apply_join(&found) {
            ApplyJoinOption::FreeAccess => {}
            ApplyJoinOption::DisableApply => {
                return Err(GroupError::NotAllowed(Denial::NobodyMayApply));
            }
            ApplyJoinOption::NeedPermission => {
                if self.member(&found, &actor.user).await?.is_some() {
                    return Err(GroupError::AlreadyMember);
                }
                let application = ApplicationId { kind: ApplicationKind::Join, user: actor.user.clone() };
                self.apply(actor, &found, &application, asked, None).await?;
                return Ok(JoinOutcome::Waiting);
            }
        }
        let entrance =
            Entrance { entering: Entering::OfRight, is_invited: false, is_silent: false, decides: None };
        self.enter(actor, id, &actor.user, Role::Member, entrance).await?;

        let notice = self.notice(actor, &found, NoticeKind::Accepted, "").await?;
        self.notices.notify_live(actor.app, &actor.user, notice, actor.device).await;
        Ok(JoinOutcome::Joined)
    }

    /// Brings others in, or notes that the actor wants to: where the group's option or its kind says that somebody is asked first.
    pub async fn add(
        &self,
        actor: &Actor,
        id: &GroupId,
        users: &[UserId],
        silent: bool,
    ) -> Result<Vec<AddOutcome>, GroupError> {
        if users.len() > self.deps.settings(actor.app).limits.members_per_call {
            return Err(GroupError::TooManyAccounts);
        }
        if self.throttle.is_held(actor) {
            let many = u32::try_from(users.len()).unwrap_or(u32::MAX);
            self.throttle.take(actor.app, Rule::MembersAdded, &actor.user, many)?;
        }
        let (found, member) = self.as_seen_by(actor, id).await?;
        if self.is_room(&found) {
            return Err(GroupError::NotAllowed(Denial::NobodyIsBrought));
        }
        let option = found.group.record.invite_join;
        require(actor, member.as_ref(), (option != InviteJoinOption::DisableInvite).then_some(Role::Member))?;
        let rules = self.rules(found.app, found.group.record.kind);
        let is_approved = option != InviteJoinOption::NeedPermission
            || require(actor, member.as_ref(), rules.approves).is_ok();
        let asks = if actor.is_admin {
            None
        } else if !is_approved {
            Some(ApplicationKind::InvitationToApprove)
        } else {
            rules.asks_invited.then_some(ApplicationKind::Invitation)
        };

        let mut outcomes = Vec::with_capacity(users.len());
        for user in users {
            let added = match asks {
                None => self.add_one(actor, &found, user, silent).await,
                Some(kind) => self.propose(actor, &found, kind, user).await,
            };
            let outcome = match added {
                Ok(()) if asks.is_some() => AddOutcome::Waiting,
                Ok(()) => AddOutcome::Added,
                Err(GroupError::AlreadyMember) => AddOutcome::WasMember,
                Err(GroupError::TooManyGroups) => AddOutcome::InTooManyGroups,
                Err(
                    GroupError::TooManyInvitations
                    | GroupError::TooManyApplications
                    | GroupError::NotAllowed(Denial::Banned),
                ) => AddOutcome::Failed,
                // The first who finds the group full, or too many accounts made, says so; those before were let in.
                Err(error @ (GroupError::Full | GroupError::TooOften(_))) if outcomes.is_empty() => {
                    return Err(error);
                }
                Err(GroupError::Full | GroupError::TooOften(_)) => AddOutcome::Failed,
                Err(error) => return Err(error),
            };
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    async fn add_one(
        &self,
        actor: &Actor,
        found: &GroupRef,
        user: &UserId,
        silent: bool,
    ) -> Result<(), GroupError> {
        self.accounts.ensure_named::<GroupError>(actor, user).await?;
        let entrance = Entrance {
            entering: Entering::of(actor, user),
            is_invited: true,
            is_silent: silent,
            decides: None,
        };
        self.enter(actor, &found.id, user, Role::Member, entrance).await?;
        if !silent {
            let notice = self.notice(actor, found, NoticeKind::Invited, "").await?;
            self.notices.notify(actor.app, user, StoredNotice::Notice(notice), None).await?;
        }
        Ok(())
    }

    /// Notes that the actor wants a user to come in.
    async fn propose(
        &self,
        actor: &Actor,
        found: &GroupRef,
        kind: ApplicationKind,
        user: &UserId,
    ) -> Result<(), GroupError> {
        self.accounts.ensure_named::<GroupError>(actor, user).await?;
        if self.member(found, user).await?.is_some() {
            return Err(GroupError::AlreadyMember);
        }
        let application = ApplicationId { kind, user: user.clone() };
        self.apply(actor, found, &application, ("", ""), None).await
    }

    /// Makes `user` a member.
    pub(super) async fn enter(
        &self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        role: Role,
        entrance: Entrance,
    ) -> Result<(), GroupError> {
        let Entrance { entering, is_invited, is_silent, decides } = &entrance;
        let decided = self.deps.decide("enter a group", || async {
            let found = self.existing(actor.app, id).await?;
            if self.member(&found, user).await?.is_some() {
                return Err(GroupError::AlreadyMember);
            }
            let ban = self.ban_of(&found, user).await?;
            if ban.as_ref().is_some_and(|ban| ban.record > self.deps.now().seconds()) {
                return Err(GroupError::NotAllowed(Denial::Banned));
            }
            let not_banned = ban.map_or(Expected::Absent, |ban| Expected::Version(ban.version));
            // The index is a superset of the truth, so it is written first.
            self.index(actor.app, user, id, *entering).await?;
            let now = self.deps.now();
            let after = self.deps.engine.log_end(&found.channel().log).await?.seq;
            let member = Member::new(role, now, after);
            let most = i64::try_from(found.group.record.max_members).unwrap_or(i64::MAX);
            let (key, unchanged) = found.unchanged();
            let rules = self.rules(found.app, found.group.record.kind);
            let hides_earlier = !rules.shows_earlier_messages;
            let mut batch = Batch::new(found.partition(), now)
                .check(key, unchanged)
                .check(found.member_key(user), Expected::Absent)
                .check(found.ban_key(user), not_banned)
                .put(found.member_key(user), records::encode(&member))
                .add(found.count_key(), 1, Some(most))
                .announce(
                    Topic::User(actor.app, user.clone()),
                    Control::Entered {
                        group: id.clone(),
                        after,
                        hides_earlier,
                        topics_since: found.group.record.has_topics.then_some(now),
                    },
                );
            batch = self.with_places(batch, &found, [(user, &member)]);
            batch = self.without_applications(batch, &found, user, decides.as_ref()).await?;
            if rules.tips.membership && !is_silent {
                let shown = self.accounts.shown(actor.app, user).await?;
                let change = Change::Joined { members: vec![shown], invited: *is_invited };
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
        if self.is_room(&found) {
            return self.quit_room(actor, &found).await;
        }
        let notice = self.notice(actor, &found, NoticeKind::Quit, "").await?;
        let left = self.leave(actor, id, &actor.user, Departure::Quit).await?;
        if !left {
            return Err(GroupError::NotMember);
        }
        self.notices.notify_live(actor.app, &actor.user, notice, actor.device).await;
        Ok(())
    }

    /// Puts members out. One who is no member counts as done.
    pub async fn kick(
        &self,
        actor: &Actor,
        id: &GroupId,
        users: &[UserId],
        reason: &str,
        silent: bool,
    ) -> Result<(), GroupError> {
        if users.len() > self.deps.settings(actor.app).limits.members_per_call {
            return Err(GroupError::TooManyAccounts);
        }
        check_text(reason, self.deps.settings(actor.app).limits.reason_bytes, Text::Reason)?;
        let (found, member) = self.as_seen_by(actor, id).await?;
        if self.is_room(&found) {
            return Err(GroupError::Invalid(Invalid::OnlyByBan));
        }
        require(actor, member.as_ref(), self.rules(found.app, found.group.record.kind).kicks)?;
        // All are looked at before anybody goes: a call that is refused does nothing.
        let targets = self.members_among(&found, users).await?;
        let is_above = |target: &Member| actor.is_admin || Some(target.role) < rank(actor, member.as_ref());
        if !targets.iter().all(|(_, target)| is_above(target)) {
            return Err(GroupError::NotAllowed(Denial::NotOfLowerRole));
        }
        for user in users {
            if self.leave(actor, id, user, Departure::Kick { silent }).await? {
                let notice = self.notice(actor, &found, NoticeKind::Kicked, reason).await?;
                self.notices.notify(actor.app, user, StoredNotice::Notice(notice), None).await?;
            }
        }
        Ok(())
    }

    /// Ends a membership. False when there is none.
    pub(super) async fn leave(
        &self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        departure: Departure,
    ) -> Result<bool, GroupError> {
        let decided = self.deps.decide("leave a group", || async {
            let found = self.existing(actor.app, id).await?;
            let Some(member) = self.member(&found, user).await? else { return Ok(Decision::Done(None)) };
            let indexed: Option<Versioned<Indexed>> = unless_damaged(
                records::get(&self.deps.engine, &Partition::user(actor.app, user), joined_key(id)).await,
            )?;
            let is_owner = member.record.role == Role::Owner;
            let rules = self.rules(found.app, found.group.record.kind);
            if is_owner && departure == Departure::Quit && !rules.owner_may_quit {
                return Err(GroupError::OwnerCannotQuit);
            }
            let placed = self.placed(&found, user, &member.record).await?;
            let now = self.deps.now();
            let (key, unchanged) = found.unchanged();
            let end = self.deps.engine.log_end(&found.channel().log).await?.seq;
            let number = self.deps.clock.number();
            let all_read = Push::new(event::message::group_read(user, &id.into(), end, number, now));
            let mut batch = Batch::new(found.partition(), now)
                .check(key.clone(), unchanged)
                .check(found.member_key(user), Expected::Version(member.version))
                .delete(found.member_key(user))
                // They come back as one who is new: what was said before is read, and nothing of it is unread.
                .delete(position_key(&found.channel().log, user))
                .add(found.count_key(), -1, None)
                // The SDKs keep what was unread and who was mentioned, and show it when the user is in the group again.
                .announce(Topic::User(actor.app, user.clone()), all_read)
                // Before the tip: one who left hears nothing more of the group, or their client would list it again.
                .announce(Topic::User(actor.app, user.clone()), Control::Left { group: id.clone() });
            batch = self.without_place(batch, &found, user, &member.record, placed);
            batch = self.without_places_in_topics(batch, &found, user).await?;
            // A mute that is not over stays, or it would end by going and coming again.
            batch = self.without_mute_that_is_over(batch, &found, user).await?;
            if is_owner {
                let mut group = found.group.record.clone();
                group.owner = None;
                batch = batch.put(key, records::encode(&group));
            }
            if rules.tips.membership && departure != (Departure::Kick { silent: true }) {
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

    /// The groups a user may be in, by the index: some of them they may have left.
    pub(in crate::services) async fn indexed(
        &self,
        app: AppId,
        user: &UserId,
    ) -> Result<Vec<(GroupId, Versioned<Indexed>)>, StorageError> {
        let partition = Partition::user(app, user);
        let entries: Vec<(_, Versioned<Indexed>)> =
            records::scan_all(&self.deps.engine, &partition, Table::Joined, bytes::Bytes::new()).await?;
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
        if self.deps.now().0.saturating_sub(indexed.record.at.0) > INDEX_GRACE_MS {
            self.unindex(app, user, id, Some(indexed)).await?;
        }
        Ok(())
    }

    /// Notes that a user may be a member, before they become one.
    pub(super) async fn index(
        &self,
        app: AppId,
        user: &UserId,
        id: &GroupId,
        entering: Entering,
    ) -> Result<(), GroupError> {
        let (partition, groups) =
            (&Partition::user(app, user), &Tally::groups(&self.deps.settings(app).limits));
        let decided = self.deps.decide_within("note a group", |is_doubted| async move {
            let keys = [joined_key(id), groups.key(), invitations_key()];
            let mut values = records::values_each(&self.deps.engine, partition, &keys).await?;
            let (invitations, many) =
                (values.pop().transpose()?.flatten(), values.pop().transpose()?.flatten());
            let known = values.pop().unwrap_or(Ok(None));
            let now = self.deps.now();
            let mut batch =
                Batch::new(partition.clone(), now).put(joined_key(id), records::encode(&Indexed { at: now }));
            // Nothing can be demanded of one that is damaged.
            if let Ok(known) = &known {
                let expected =
                    known.as_ref().map_or(Expected::Absent, |known| Expected::Version(known.version));
                batch = batch.check(joined_key(id), expected);
            }
            if matches!(known, Ok(None)) {
                let rows = || self.count_indexed(app, user);
                let basis = groups.basis(&self.deps, partition, (many.as_ref(), is_doubted), rows).await?;
                batch = groups.note(batch, basis, 1);
                if entering == Entering::Invited {
                    batch = self.with_invitation(batch, user, invitations.as_ref()).await?;
                }
            }
            Ok::<_, GroupError>(Decision::Commit(batch, ()))
        });
        decided.await?.ok_or(GroupError::TooManyGroups)
    }

    /// Counts that a user is asked to come into one more group in this hour.
    pub(super) async fn count_invitation(&self, app: AppId, user: &UserId) -> Result<(), GroupError> {
        if self.deps.settings(app).limits.invitations_per_hour == 0 {
            return Ok(());
        }
        let partition = Partition::user(app, user);
        let decided = self.deps.decide("count an invitation", || async {
            let kept = self.deps.engine.get(&partition, &[invitations_key()]).await?.pop().flatten();
            let batch = Batch::new(partition.clone(), self.deps.now());
            let batch = self.with_invitation(batch, user, kept.as_ref()).await?;
            Ok::<_, GroupError>(Decision::Commit(batch, ()))
        });
        decided.await
    }

    /// Counts in the batch that a user is put into one more group in this hour. `kept` is the count as it was read before.
    async fn with_invitation(
        &self,
        batch: Batch,
        user: &UserId,
        kept: Option<&Value>,
    ) -> Result<Batch, GroupError> {
        let most = self.deps.settings(batch.partition.app()).limits.invitations_per_hour;
        if most == 0 {
            return Ok(batch);
        }
        let expected = kept.map_or(Expected::Absent, |kept| Expected::Version(kept.version));
        let counts = self.deps.engine.counters(&batch.partition, &[invitations_key()]).await?;
        let said = counts.first().copied().unwrap_or(0);
        let hour = i64::try_from(batch.at.0 / HOUR_MS).unwrap_or(0) << INVITATIONS;
        let count = if said >> INVITATIONS == hour >> INVITATIONS { said - hour } else { 0 };
        if usize::try_from(count).unwrap_or(0) >= most.min((1 << INVITATIONS) - 1) {
            Bound::InvitationsPerHour.refused(user);
            return Err(GroupError::TooManyInvitations);
        }
        Ok(batch.check(invitations_key(), expected).add(invitations_key(), hour + count + 1 - said, None))
    }

    /// Notes that a user is no member, after they ceased to be one. `indexed` is the entry as it stood before: another
    /// one is of a membership that began meanwhile.
    pub(super) async fn unindex(
        &self,
        app: AppId,
        user: &UserId,
        id: &GroupId,
        indexed: Option<&Versioned<Indexed>>,
    ) -> Result<(), GroupError> {
        let Some(indexed) = indexed else { return Ok(()) };
        let partition = Partition::user(app, user);
        let (groups, pinned) =
            (Tally::groups(&self.deps.settings(app).limits), Tally::pinned(&self.deps.settings(app).limits));
        let keys = [joined_key(id), groups.key(), conversation::group_key(&id.into()), pinned.key()];
        let decided = self.deps.decide("forget a group", || async {
            let mut values = match self.deps.engine.get(&partition, &keys).await {
                // The row says only that they may be a member, and they are told that they are not.
                Err(error) if error.is_damage() => return Ok(Decision::Done(())),
                values => values?,
            };
            let (many_pinned, preference) = (values.pop().flatten(), values.pop().flatten());
            let (many_groups, known) = (values.pop().flatten(), values.pop().flatten());
            if known.is_none_or(|known| known.version != indexed.version) {
                return Ok(Decision::Done(()));
            }
            let rows = || self.count_indexed(app, user);
            let basis = groups.basis(&self.deps, &partition, (many_groups.as_ref(), false), rows).await?;
            let batch = Batch::new(partition.clone(), self.deps.now())
                .check(joined_key(id), Expected::Version(indexed.version))
                .delete(joined_key(id));
            let mut batch = groups.note(batch, basis, -1);
            if let Some(value) = preference {
                let preference: Preference = records::decode(&value.bytes)?;
                batch = batch
                    .check(conversation::group_key(&id.into()), Expected::Version(value.version))
                    .delete(conversation::group_key(&id.into()));
                if preference.pinned {
                    let rows = || conversation::count_pinned(&self.deps, &partition);
                    let kept = (many_pinned.as_ref(), false);
                    batch = pinned.note(batch, pinned.basis(&self.deps, &partition, kept, rows).await?, -1);
                }
            }
            Ok::<_, GroupError>(Decision::Commit(batch, ()))
        });
        decided.await
    }

    /// The ids of the groups a user may be in.
    pub(in crate::services) async fn possible(
        &self,
        app: AppId,
        user: &UserId,
    ) -> Result<Vec<GroupId>, StorageError> {
        Ok(self.indexed(app, user).await?.into_iter().map(|(id, _)| id).collect())
    }

    async fn count_indexed(&self, app: AppId, user: &UserId) -> Result<usize, StorageError> {
        Ok(self.indexed(app, user).await?.len())
    }

    pub(super) async fn notice(
        &self,
        actor: &Actor,
        found: &GroupRef,
        kind: NoticeKind,
        remark: &str,
    ) -> Result<Notice, GroupError> {
        let operator = self.accounts.shown(actor.app, &actor.user).await?;
        Ok(Notice {
            group: found.label(),
            operator,
            kind,
            remark: remark.to_owned(),
            application: None,
            ban_seconds: None,
        })
    }
}

/// How somebody goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    Quit,
    Kick { silent: bool },
    Ban,
}

impl Departure {
    fn change(self, shown: Shown) -> Change {
        match self {
            Departure::Quit => Change::Left,
            Departure::Kick { .. } => Change::Kicked { members: vec![shown] },
            Departure::Ban => Change::Banned { members: vec![shown] },
        }
    }
}

//! Who is kept out of a group for a while. A ban puts out and keeps out: nobody comes in again before it ends, by themselves or
//! by another.

use protocol::group::{Change, Role};
use protocol::id::{GroupId, UserId};
use protocol::push::NoticeKind;

use super::join::Departure;
use super::lifecycle::check_text;
use super::mute::Timed;
use super::{Denial, GroupError, GroupRef, Groups, Invalid, Text, rank, require};
use crate::services::decide::Decision;
use crate::services::deps::{Actor, unless_damaged};
use crate::services::push::StoredNotice;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, StorageError};
use crate::telemetry::Bound;

/// Users whom one call bans. Source: 1047/50296.
const MOST_BANNED: usize = 20;

/// Of what is said about it. Source: 1047/50296.
const TEXT_BYTES: usize = 1000;

impl Groups {
    /// The ban of a user, also one that is over.
    pub(super) async fn ban_of(
        &self,
        found: &GroupRef,
        user: &UserId,
    ) -> Result<Option<Versioned<u64>>, StorageError> {
        let ban = records::get(&self.deps.engine, &found.partition(), found.ban_key(user)).await;
        // One that is damaged keeps nobody out.
        unless_damaged(ban)
    }

    pub(super) async fn is_banned(&self, found: &GroupRef, user: &UserId) -> Result<bool, StorageError> {
        let ban = self.ban_of(found, user).await?;
        Ok(ban.is_some_and(|ban| ban.record > self.deps.now().seconds()))
    }

    /// Puts users out and keeps them out for so many seconds. `text` is what they are told.
    pub async fn ban(
        &self,
        actor: &Actor,
        id: &GroupId,
        users: &[UserId],
        (seconds, text): (u32, &str),
    ) -> Result<(), GroupError> {
        if users.len() > MOST_BANNED {
            return Err(GroupError::TooManyAccounts);
        }
        if seconds == 0 {
            return Err(GroupError::Invalid(Invalid::NoDuration));
        }
        check_text(text, TEXT_BYTES, Text::Description)?;
        let (found, member) = self.as_seen_by(actor, id).await?;
        require(actor, member.as_ref(), self.rules(found.app, found.group.record.kind).kicks)?;
        // All are looked at before anybody goes: a call that is refused does nothing.
        let targets = self.members_among(&found, users).await?;
        let is_above = |role: Role| actor.is_admin || Some(role) < rank(actor, member.as_ref());
        if !targets.iter().all(|(_, target)| is_above(target.role)) || users.contains(&actor.user) {
            return Err(GroupError::NotAllowed(Denial::NotOfLowerRole));
        }
        let until = self.deps.now().seconds() + u64::from(seconds);
        for user in users {
            self.set_ban(actor, id, user, until).await?;
            let was_in = if self.is_room(&found) {
                self.put_out(&found, user).await?
            } else {
                self.leave(actor, id, user, Departure::Ban).await?
            };
            if !was_in {
                continue;
            }
            if self.is_room(&found) {
                let members = vec![self.accounts.shown(actor.app, user).await?];
                self.tell_room(actor, &found, Change::Banned { members }).await?;
            }
            let mut notice = self.notice(actor, &found, NoticeKind::Banned, text).await?;
            notice.ban_seconds = Some(seconds);
            self.notices.notify(actor.app, user, StoredNotice::Notice(notice), None).await?;
        }
        Ok(())
    }

    async fn set_ban(
        &self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        until: u64,
    ) -> Result<(), GroupError> {
        let decided = self.deps.decide_within("ban a user", |is_doubted| async move {
            let found = self.existing(actor.app, id).await?;
            let (key, unchanged) = found.unchanged();
            let batch = Batch::new(found.partition(), self.deps.now()).check(key, unchanged);
            let batch = self.with_until(batch, &found.into(), (Timed::Ban, user, until), is_doubted).await?;
            Ok::<_, GroupError>(Decision::Commit(batch, ()))
        });
        if decided.await?.is_none() {
            Bound::BansPerGroup.refused(id);
            return Err(GroupError::TooManyBans);
        }
        Ok(())
    }

    /// Lets users in again. One who is not banned counts as done.
    pub async fn unban(&self, actor: &Actor, id: &GroupId, users: &[UserId]) -> Result<(), GroupError> {
        if users.len() > MOST_BANNED {
            return Err(GroupError::TooManyAccounts);
        }
        let (found, member) = self.as_seen_by(actor, id).await?;
        require(actor, member.as_ref(), self.rules(found.app, found.group.record.kind).kicks)?;
        for user in users {
            let was_banned = self.is_banned(&found, user).await?;
            self.set_ban(actor, id, user, 0).await?;
            if !was_banned {
                continue;
            }
            let members = vec![self.accounts.shown(actor.app, user).await?];
            self.tell_change(actor, &found, Change::Unbanned { members }).await?;
            let notice = self.notice(actor, &found, NoticeKind::Unbanned, "").await?;
            self.notices.notify(actor.app, user, StoredNotice::Notice(notice), None).await?;
        }
        Ok(())
    }

    /// A page of those who are kept out and until when, in the order of their names; and where the next one begins.
    pub async fn banned(
        &self,
        actor: &Actor,
        id: &GroupId,
        (offset, limit): (usize, usize),
    ) -> Result<(Vec<(UserId, u64)>, Option<usize>), GroupError> {
        let (found, member) = self.as_seen_by(actor, id).await?;
        require(actor, member.as_ref(), self.rules(found.app, found.group.record.kind).kicks)?;
        let now = self.deps.now().seconds();
        let all: Vec<(bytes::Bytes, Versioned<u64>)> =
            self.all_timed(&found.clone().into(), Timed::Ban).await?;
        let prefix = found.epoch().len();
        let banned = all.into_iter().filter(|(_, ban)| ban.record > now).filter_map(|(suffix, ban)| {
            let user = std::str::from_utf8(suffix.get(prefix..)?).ok()?;
            Some((UserId::parse(user).ok()?, ban.record))
        });
        let mut rest = banned.skip(offset);
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let next = rest.next().is_some().then_some(offset + page.len());
        Ok((page, next))
    }

    /// Tells all members of a change, as their kind keeps it.
    pub(super) async fn tell_change(
        &self,
        actor: &Actor,
        found: &GroupRef,
        change: Change,
    ) -> Result<(), GroupError> {
        if self.is_room(found) {
            return self.tell_room(actor, found, change).await;
        }
        if !self.rules(found.app, found.group.record.kind).tips.membership {
            return Ok(());
        }
        let decided = self.deps.decide("tell of a change", || async {
            let found = self.existing(found.app, &found.id).await?;
            let (key, unchanged) = found.unchanged();
            let batch = Batch::new(found.partition(), self.deps.now()).check(key, unchanged);
            let batch = self.with_tip(batch, &found, actor, change.clone(), None).await?;
            Ok::<_, GroupError>(Decision::Commit(batch, ()))
        });
        decided.await
    }
}

//! How the owner of a room marks users. A mark is kept, for it is the owner's word and not the user's presence: it stays when
//! they go and come again, until it is taken off or the room ends.

use std::collections::BTreeSet;

use bytes::Bytes;
use protocol::group::Role;
use protocol::id::{GroupId, UserId};

use super::super::{Denial, GroupError, GroupRef, Groups, Invalid, require};
use crate::services::decide::Decision;
use crate::services::deps::Actor;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, StorageError, Table};
use crate::telemetry::Bound;

/// Users whom one call marks. Source: 1047/50294.
const MOST_MARKED: usize = 500;

/// Kinds of marks that a room has. Source: the header of the native SDKs.
const MOST_KINDS: usize = 10;

/// Lower ones are the vendor's.
const LEAST_KIND: u32 = 1000;

/// The marks of a user in a room.
pub(in crate::services) type Marks = Vec<u32>;

/// A user with the marks that they have afterwards.
pub type Marked = (UserId, Vec<u32>);

fn marks_key(found: &GroupRef, user: &UserId) -> Key {
    Key::new(Table::Mark, [&found.epoch()[..], user.as_str().as_bytes()].concat())
}

impl Groups {
    async fn all_marks(&self, found: &GroupRef) -> Result<Vec<(UserId, Versioned<Marks>)>, StorageError> {
        let all: Vec<(Bytes, Versioned<Marks>)> =
            records::scan_all(&self.deps.engine, &found.partition(), Table::Mark, found.epoch()).await?;
        let user =
            |suffix: &[u8]| UserId::parse(std::str::from_utf8(suffix.get(found.epoch().len()..)?).ok()?).ok();
        Ok(all.into_iter().filter_map(|(suffix, marks)| Some((user(&suffix)?, marks))).collect())
    }

    /// The marks of users in a room, in their order.
    pub async fn marks_of(&self, found: &GroupRef, users: &[UserId]) -> Result<Vec<Marks>, StorageError> {
        let keys: Vec<Key> = users.iter().map(|user| marks_key(found, user)).collect();
        let marks: Vec<Result<Option<Versioned<Marks>>, StorageError>> =
            records::get_each(&self.deps.engine, &found.partition(), &keys).await?;
        Ok(marks
            .into_iter()
            .map(|marks| marks.ok().flatten().map(|marks| marks.record).unwrap_or_default())
            .collect())
    }

    /// Sets marks of users, or takes them off. Gives those for whom it was done: who is in the room, or has marks.
    pub async fn mark(
        &self,
        actor: &Actor,
        id: &GroupId,
        is_set: bool,
        changes: &[Marked],
    ) -> Result<Vec<Marked>, GroupError> {
        if changes.len() > MOST_MARKED {
            return Err(GroupError::TooManyAccounts);
        }
        if changes.iter().flat_map(|(_, marks)| marks).any(|mark| *mark < LEAST_KIND) {
            return Err(GroupError::Invalid(Invalid::MarkTooLow));
        }
        let most = self.deps.settings(actor.app).limits.marks_per_group;
        let decided = self.deps.decide("mark users of a room", || async {
            let (found, own) = self.as_seen_by(actor, id).await?;
            if !self.is_room(&found) {
                return Err(GroupError::NotAllowed(Denial::NoMarks));
            }
            require(actor, own.as_ref(), Some(Role::Owner))?;
            let users: Vec<UserId> = changes.iter().map(|(user, _)| user.clone()).collect();
            let members = self.members_among(&found, &users).await?;
            let known = self.all_marks(&found).await?;
            let mut kinds: BTreeSet<u32> =
                known.iter().flat_map(|(_, marks)| marks.record.iter().copied()).collect();
            let (key, unchanged) = found.unchanged();
            let mut batch = Batch::new(found.partition(), self.deps.now()).check(key, unchanged);
            let (mut count, mut done) = (known.len(), Vec::new());
            for (user, marks) in changes {
                let had = known.iter().find(|(known, _)| known == user).map(|(_, marks)| marks);
                if had.is_none() && members.iter().all(|(member, _)| member != user) {
                    continue;
                }
                let mut now: BTreeSet<u32> =
                    had.iter().flat_map(|marks| marks.record.iter().copied()).collect();
                for mark in marks {
                    if is_set {
                        now.insert(*mark);
                        kinds.insert(*mark);
                    } else {
                        now.remove(mark);
                    }
                }
                let now: Marks = now.into_iter().collect();
                let key = marks_key(&found, user);
                let expected = had.map_or(Expected::Absent, |had| Expected::Version(had.version));
                batch = batch.check(key.clone(), expected);
                count += usize::from(had.is_none() && !now.is_empty());
                count -= usize::from(had.is_some() && now.is_empty());
                batch =
                    if now.is_empty() { batch.delete(key) } else { batch.put(key, records::encode(&now)) };
                done.push((user.clone(), now));
            }
            if is_set && kinds.len() > MOST_KINDS {
                return Err(GroupError::Invalid(Invalid::TooManyMarkKinds));
            }
            if is_set && count > most && count > known.len() {
                Bound::MarksPerGroup.refused(id);
                return Err(GroupError::Invalid(Invalid::TooManyMarked));
            }
            Ok::<_, GroupError>(Decision::Commit(batch, done))
        });
        decided.await
    }

    /// A page of those who are in a room, the latest first, with their marks; and where the next one begins.
    pub async fn present(
        &self,
        actor: &Actor,
        id: &GroupId,
        (from, mark, limit): (u64, u32, usize),
    ) -> Result<(GroupRef, Vec<(UserId, super::super::Member, Marks)>, Option<u64>), GroupError> {
        let (found, _) = self.as_seen_by(actor, id).await?;
        if !self.is_room(&found) {
            return Err(GroupError::NotAllowed(Denial::NotARoom));
        }
        let mut latest = self.latest_of_room(&found).await;
        latest.retain(|(_, member)| from == 0 || member.joined_at.0 < from);
        if mark > 0 {
            let marked: BTreeSet<UserId> = self
                .all_marks(&found)
                .await?
                .into_iter()
                .filter(|(_, marks)| marks.record.contains(&mark))
                .map(|(user, _)| user)
                .collect();
            latest.retain(|(user, _)| marked.contains(user));
        }
        // Those who came in the same millisecond are of one page.
        let end = match latest.get(limit.saturating_sub(1)) {
            Some((_, last)) => latest.partition_point(|(_, member)| member.joined_at >= last.joined_at),
            None => latest.len(),
        };
        let next = (end < latest.len()).then(|| latest[end - 1].1.joined_at.0);
        latest.truncate(end);
        let users: Vec<UserId> = latest.iter().map(|(user, _)| user.clone()).collect();
        let marks = self.marks_of(&found, &users).await?;
        let page =
            latest.into_iter().zip(marks).map(|((user, member), marks)| (user, member, marks)).collect();
        Ok((found, page, next))
    }
}

//! Messages that mention everybody in a group: who has yet to see one is told when they read.
//!
//! Nothing is stored for a member. Such a message has a record beside it by which it is found, stored with it; whom it
//! concerns follows from the message and from how far the member has read, as with unread messages. Who mentions members
//! by name tells each of them by a notice, see `message/group/send.rs`; one who is mentioned both ways has the notice.

use std::collections::{HashMap, HashSet};

use protocol::id::{ChannelId, GroupId, Millis, Seq, UserId};
use protocol::message::Message;
use protocol::push::Mark;
use serde::{Deserialize, Serialize};

use super::conversation::group_taken_off_up_to;
use super::deps::{Actor, Deps, side_by_side, whole_ones};
use super::group::{ChannelRef, GroupError, Groups, Member};
use super::push::{Notices, StoredNotice};
use super::timeline::{Entry, Position, Timelines, position_key};
use crate::storage::records::{self, Versioned};
use crate::storage::{Key, Log, Scan, StorageError, Table};

/// The newest ones of a group are told.
const OF_A_GROUP: usize = 32;

/// The newest ones of all groups are told.
const TOLD: usize = 100;

/// That the record is there says all: its entry mentions everybody.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Mentioned {}

/// Where the record beside such a message begins.
pub(super) fn index_key(log: &Log) -> Key {
    Key::new(Table::Mention, log.name.clone())
}

/// The last numbers of what a member has seen in a place.
struct SeenUpTo {
    /// Read, cleared, taken off their list, or said before they came.
    read: Seq,
    /// What was told as mentioning everybody.
    mentions: Seq,
}

/// Knows who has yet to see that everybody was mentioned.
#[derive(Clone)]
pub struct Mentions {
    deps: Deps,
    groups: Groups,
    notices: Notices,
    timelines: Timelines,
}

impl Mentions {
    pub fn new(deps: Deps, groups: Groups, notices: Notices, timelines: Timelines) -> Self {
        Self { deps, groups, notices, timelines }
    }

    /// What the actor has yet to see, oldest first; the newest ones when there are many.
    pub async fn unseen(&self, actor: &Actor) -> Result<Vec<(Millis, Mark)>, StorageError> {
        let groups = self.groups.possible(actor.app, &actor.user).await?;
        let unseen = whole_ones(groups, |id| self.unseen_in(actor, id));
        let mut unseen: Vec<(Millis, Mark)> = unseen.await?.into_iter().flatten().collect();
        unseen.sort_by_key(|(at, mark)| (*at, mark.seq));
        let surplus = unseen.len().saturating_sub(TOLD);
        unseen.drain(..surplus);
        Ok(unseen)
    }

    async fn unseen_in(&self, actor: &Actor, id: GroupId) -> Result<Vec<(Millis, Mark)>, StorageError> {
        let Some(found) = self.groups.find(actor.app, &id).await? else { return Ok(Vec::new()) };
        let places = self.groups.places(found).await?;
        let unseen = whole_ones(places, |place| self.unseen_at(actor, place));
        Ok(unseen.await?.into_iter().flatten().collect())
    }

    async fn unseen_at(&self, actor: &Actor, place: ChannelRef) -> Result<Vec<(Millis, Mark)>, StorageError> {
        let log = place.channel().log;
        let scan = Scan {
            table: Table::Mention,
            prefix: log.name.clone(),
            after: None,
            skip: 0,
            limit: OF_A_GROUP,
            reverse: true,
        };
        let records = self.deps.engine.scan(&log.partition, scan).await?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let Some(seen) = self.seen_up_to(&place, &actor.user).await? else { return Ok(Vec::new()) };
        let seen = seen.read.max(seen.mentions);
        let number = |suffix: &[u8]| suffix.last_chunk().map(|number| Seq(u64::from_be_bytes(*number)));
        let seqs: Vec<Seq> =
            records.iter().filter_map(|(suffix, _)| number(suffix)).filter(|seq| *seq > seen).collect();
        let entries = self.timelines.entries(&log, &seqs, Some(&actor.user)).await?;
        let mark = |message: &Message, seq| Mark {
            channel: place.id(),
            from: message.from.user.clone(),
            seq,
            me: false,
            all: true,
        };
        Ok(entries
            .into_iter()
            .filter(|seen| seen.recall.is_none() && !seen.is_hidden)
            .filter_map(|seen| match &seen.entry {
                Entry::Message(message) if message.marks_as_one_of_all(&actor.user) => {
                    Some((seen.at, mark(message, seen.seq)))
                }
                _ => None,
            })
            .collect())
    }

    /// The messages that mention the actor by name, as far as that is kept. They may have been read.
    pub async fn by_name(&self, actor: &Actor) -> Result<Vec<Mark>, StorageError> {
        let kept = self.notices.since(actor.app, &actor.user, Seq::ZERO).await?;
        let marks = kept.into_iter().filter_map(|(_, _, kept)| match kept {
            StoredNotice::Mark(mark) => Some(mark),
            StoredNotice::Notice(_) => None,
        });
        Ok(marks.collect())
    }

    /// The mentions in one place that the actor has yet to see, in the order of the messages.
    pub async fn in_place(
        &self,
        actor: &Actor,
        place: &ChannelRef,
        by_name: &[Mark],
    ) -> Result<Vec<Mark>, StorageError> {
        let of_all = self.unseen_at(actor, place.clone()).await?;
        let mut marks: Vec<Mark> = of_all.into_iter().map(|(_, mark)| mark).collect();
        let id = place.id();
        let by_name = || by_name.iter().filter(|mark| mark.channel == id);
        let seqs: Vec<Seq> = by_name().map(|mark| mark.seq).collect();
        let unread = self.unread_of(place, &actor.user, &seqs).await?;
        marks.extend(by_name().filter(|mark| unread.contains(&mark.seq)).cloned());
        marks.sort_by_key(|mark| mark.seq);
        Ok(marks)
    }

    /// Whether a member has yet to read a message: one that was not recalled, nor said before they came, nor taken off their
    /// list.
    pub async fn is_unseen(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        seq: Seq,
    ) -> Result<bool, StorageError> {
        let Some(place) = self.groups.place(actor.app, channel).await? else { return Ok(false) };
        Ok(self.unread_of(&place, &actor.user, &[seq]).await?.contains(&seq))
    }

    /// Those of some messages that a member has yet to read.
    async fn unread_of(
        &self,
        place: &ChannelRef,
        user: &UserId,
        seqs: &[Seq],
    ) -> Result<HashSet<Seq>, StorageError> {
        if seqs.is_empty() {
            return Ok(HashSet::new());
        }
        let Some(seen) = self.seen_up_to(place, user).await? else { return Ok(HashSet::new()) };
        let seqs: Vec<Seq> = seqs.iter().copied().filter(|seq| *seq > seen.read).collect();
        let entries = self.timelines.entries(&place.channel().log, &seqs, None).await?;
        Ok(entries.into_iter().filter(|seen| seen.recall.is_none()).map(|seen| seen.seq).collect())
    }

    /// What a member has seen; nothing when they are none.
    async fn seen_up_to(&self, place: &ChannelRef, user: &UserId) -> Result<Option<SeenUpTo>, StorageError> {
        let found = &place.found;
        let keys = [found.member_key(user), position_key(&place.channel().log, user)];
        let mut values = self.deps.engine.get(&found.partition(), &keys).await?;
        let (position, member) = (values.pop().flatten(), values.pop().flatten());
        let Some(member) = member else { return Ok(None) };
        let member: Versioned<Member> = records::versioned(&member)?;
        let position: Option<Position> = position.map(|value| records::decode(&value.bytes)).transpose()?;
        let Position { read, cleared, mentions, .. } = position.unwrap_or_default();
        let taken_off = group_taken_off_up_to(&self.deps, found.app, user, &place.id()).await?;
        let joined_after = self.groups.joined_after(place, &member.record).await?;
        Ok(Some(SeenUpTo { read: read.max(cleared).max(joined_after).max(taken_off), mentions }))
    }

    /// The actor has seen these: in each group everything up to the last of them. Groups that they are not in do not
    /// matter.
    pub async fn see(&self, actor: &Actor, seen: &[(ChannelId, Seq)]) -> Result<(), GroupError> {
        let mut last: HashMap<&ChannelId, Seq> = HashMap::new();
        for (group, seq) in seen {
            let last = last.entry(group).or_default();
            *last = (*last).max(*seq);
        }
        let last: Vec<(ChannelId, Seq)> = last.into_iter().map(|(group, seq)| (group.clone(), seq)).collect();
        let moves = side_by_side(last, |(group, seq)| async move {
            let Some(place) = self.groups.place(actor.app, &group).await? else { return Ok(()) };
            if self.groups.member(&place.found, &actor.user).await?.is_none() {
                return Ok(());
            }
            let log = place.channel().log;
            let end = self.deps.engine.log_end(&log).await?.seq;
            let to = Position { mentions: seq.min(end), ..Position::default() };
            self.timelines.advance(&log, &actor.user, to, &[]).await?;
            Ok::<_, GroupError>(())
        });
        moves.await?;
        Ok(())
    }
}

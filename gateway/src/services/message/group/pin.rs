//! Pinned messages.
//!
//! All of a group's, or of a topic's, stand in one record, in the order in which they were pinned: they are few. The record is a superset of
//! the truth: a message that was recalled, or that retention has dropped, is pinned no more, whether or not its pin is
//! gone already.
//!
//! Who pins a message shows it to all who are there: also to those from whom the history before they came is hidden.

use protocol::event;
use protocol::group::Shown;
use protocol::id::{ChannelId, Seq, UserId};
use protocol::message::{GroupItem, GroupMessageId, Message};
use serde::{Deserialize, Serialize};

use super::GroupMessages;
use crate::bus::Push;
use crate::services::channel::Channel;
use crate::services::decide::Decision;
use crate::services::deps::{Actor, unless_damaged};
use crate::services::group::{ChannelRef, GroupError, Invalid, require};
use crate::services::message::MessageError;
use crate::services::timeline::{Entry, Seen};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, StorageError, Table};
use crate::telemetry::Bound;

/// A pin, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    pub by: UserId,
    /// As clients name it who have not loaded it, and are told that it is pinned no more.
    pub message: GroupMessageId,
}

fn pins_key(channel: &Channel) -> Key {
    Key::new(Table::Shared, [&channel.log.name[..], b"pins"].concat())
}

/// The pins of a group, or a topic, and what the record was found as.
struct Kept {
    pins: Vec<Pin>,
    expected: Expected,
}

impl Kept {
    fn position(&self, seq: Seq) -> Option<usize> {
        self.pins.iter().position(|pin| pin.message.seq == seq)
    }
}

/// What is said of an entry, if it can be pinned: somebody said it, and nobody took it back.
fn pinnable(seen: &Seen) -> Option<&Message> {
    match &seen.entry {
        Entry::Message(message) if seen.recall.is_none() => Some(message),
        _ => None,
    }
}

impl GroupMessages {
    async fn kept_pins(&self, channel: &Channel) -> Result<Kept, StorageError> {
        let kept: Option<Versioned<Vec<Pin>>> =
            records::get(&self.deps.engine, &channel.log.partition, pins_key(channel)).await?;
        Ok(match kept {
            None => Kept { pins: Vec::new(), expected: Expected::Absent },
            Some(kept) => Kept { pins: kept.record, expected: Expected::Version(kept.version) },
        })
    }

    /// Those of the pins whose messages are there for a reader; without one, for anybody.
    async fn living(
        &self,
        channel: &Channel,
        pins: Vec<Pin>,
        reader: Option<&UserId>,
    ) -> Result<Vec<Pin>, StorageError> {
        if pins.is_empty() {
            return Ok(pins);
        }
        let seqs: Vec<Seq> = pins.iter().map(|pin| pin.message.seq).collect();
        let seen = self.timelines.entries(&channel.log, &seqs, reader).await?;
        let is_there = |pin: &Pin| {
            let mut seen = seen.iter().filter(|seen| seen.seq == pin.message.seq);
            seen.any(|seen| pinnable(seen).is_some() && !seen.is_hidden)
        };
        Ok(pins.into_iter().filter(is_there).collect())
    }

    /// The numbers of all messages that are pinned, or were; none where that is damaged.
    pub(super) async fn pinned_seqs(&self, place: &ChannelRef) -> Result<Vec<Seq>, StorageError> {
        let kept = unless_damaged(self.kept_pins(&place.channel()).await.map(Some))?;
        let pins = kept.map(|kept| kept.pins).unwrap_or_default();
        Ok(pins.into_iter().map(|pin| pin.message.seq).collect())
    }

    /// The pinned messages of a group, or a topic, as a member finds them, in the order in which they were pinned.
    pub async fn pinned(&self, actor: &Actor, id: &ChannelId) -> Result<Vec<Pin>, MessageError> {
        let channel = self.readable(actor, id).await?.0.channel();
        let pins = self.kept_pins(&channel).await?.pins;
        Ok(self.living(&channel, pins, (!actor.is_admin).then_some(&actor.user)).await?)
    }

    /// Pins a message that the actor can see, and shows it to all members.
    pub async fn pin(&self, actor: &Actor, id: &ChannelId, seq: Seq) -> Result<(), MessageError> {
        let most = self.deps.settings(actor.app).limits.pins_per_group;
        let operator = self.accounts.shown(actor.app, &actor.user).await?;
        let operator = &operator;
        let decided = self.deps.decide("pin a message", || async move {
            let (place, member) = self.readable(actor, id).await?;
            let found = &place.found;
            require(actor, member.as_ref(), self.groups.rules(found.app, found.group.record.kind).pins)?;
            let channel = place.channel();
            let oldest = self.oldest(actor, &place, member.as_ref()).await?;
            let seen = if seq < oldest { None } else { self.timelines.entry(&channel.log, seq).await? };
            let Some((seen, message)) = seen.as_ref().and_then(|seen| Some((seen, pinnable(seen)?))) else {
                return Err(GroupError::Invalid(Invalid::NothingToPin).into());
            };
            let kept = self.kept_pins(&channel).await?;
            if kept.position(seq).is_some() {
                return Err(MessageError::PinnedAlready);
            }
            // One whose message is gone makes room.
            let mut pins = self.living(&channel, kept.pins, None).await?;
            if pins.len() >= most {
                return Err(MessageError::TooManyPins);
            }
            let id = GroupMessageId {
                seq,
                random: message.random,
                tiny_id: message.from.tiny_id,
                client_time: message.client_time,
                time: seen.at.seconds(),
            };
            pins.push(Pin { by: actor.user.clone(), message: id });
            let (label, now) = (place.label(), self.deps.now());
            let item = GroupItem::message(&label, seq, seen.at, message, self.counts_unread(found));
            let told = (seq, self.deps.clock.number(), now);
            let body = event::group::pinned(&label, operator, item, told);
            let batch = pinning(&place, &channel, (pins, kept.expected), Push::new(body), now);
            Ok::<_, MessageError>(Decision::Commit(batch, ()))
        });
        let decided = decided.await;
        if matches!(decided, Err(MessageError::TooManyPins)) {
            Bound::PinsPerGroup.refused(id);
        }
        decided
    }

    /// Takes the pin off a message. One that is not pinned stays so.
    pub async fn unpin(&self, actor: &Actor, id: &ChannelId, seq: Seq) -> Result<(), MessageError> {
        let (place, member) = self.readable(actor, id).await?;
        let found = &place.found;
        require(actor, member.as_ref(), self.groups.rules(found.app, found.group.record.kind).pins)?;
        self.without_pin(actor, &place, seq).await
    }

    /// A message that was recalled is pinned no more.
    pub(super) async fn unpin_recalled(
        &self,
        actor: &Actor,
        place: &ChannelRef,
        seq: Seq,
    ) -> Result<(), MessageError> {
        if !self.pinned_seqs(place).await?.contains(&seq) {
            return Ok(());
        }
        self.without_pin(actor, place, seq).await
    }

    async fn without_pin(&self, actor: &Actor, place: &ChannelRef, seq: Seq) -> Result<(), MessageError> {
        let operator: Shown = self.accounts.shown(actor.app, &actor.user).await?;
        let operator = &operator;
        let decided = self.deps.decide("unpin a message", || async move {
            let Some(place) = self.groups.place(place.found.app, &place.id()).await? else {
                return Ok(Decision::Done(()));
            };
            let channel = place.channel();
            let mut kept = self.kept_pins(&channel).await?;
            let Some(position) = kept.position(seq) else { return Ok(Decision::Done(())) };
            let pin = kept.pins.remove(position);
            let now = self.deps.now();
            let told = (self.deps.clock.number(), now);
            let body = event::group::unpinned(&place.label(), operator, &pin.message, told);
            let batch = pinning(&place, &channel, (kept.pins, kept.expected), Push::new(body), now);
            Ok::<_, MessageError>(Decision::Commit(batch, ()))
        });
        decided.await
    }
}

/// What changes the pins of a group, or a topic, and tells all members.
fn pinning(
    place: &ChannelRef,
    channel: &Channel,
    (pins, expected): (Vec<Pin>, Expected),
    push: Push,
    now: protocol::id::Millis,
) -> Batch {
    place
        .unchanged(Batch::new(channel.log.partition.clone(), now))
        .check(pins_key(channel), expected)
        .put(pins_key(channel), records::encode(&pins))
        .announce(channel.topic.clone(), push)
}

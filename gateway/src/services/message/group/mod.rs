//! Messages in groups.

mod live;
mod pin;
mod send;

use std::sync::Arc;
use std::time::Instant;

use protocol::event;
use protocol::group::Role;
use protocol::id::{AppId, ChannelId, Millis, Seq, UserId};
use protocol::message::{GroupMessageId, Message, Recall};

pub use self::pin::Pin;
use self::send::Speaker;
use super::said::Said;
use super::sender_order::SenderOrder;
use super::{MessageError, is_recallable};
use crate::bus::{Aside, AsideOf, Push, Stamp, Topic};
use crate::services::account::Accounts;
use crate::services::deps::{Actor, Deps};
use crate::services::group::{
    ChannelRef, GroupError, GroupRef, Groups, History, Invalid, Member, Text, check_text,
};
use crate::services::push::Notices;
use crate::services::rates::Throttle;
use crate::services::timeline::{Entry, PastRecall, Position, Seen, Timelines, after_tips};
use crate::storage::Window;
use crate::storage::records::Versioned;

/// Clients set their clock by the whole seconds of the login answer, so what they call "now" lies behind.
/// A recall told twice harms nobody, one that is missed does.
const CLOCK_LAG_US: u64 = 5_000_000;

/// A page of a group's history.
pub struct GroupHistory {
    pub place: ChannelRef,
    /// Newest first.
    pub items: Vec<Seen>,
    /// Where the next page begins; `None` when nothing older can be seen.
    pub next: Option<Seq>,
    /// The newest number of the range that was asked for, also when its message is gone; `None` when the range lies
    /// beyond the end, or single numbers were asked for.
    pub newest: Option<Seq>,
}

/// What became of one message that was to be recalled.
pub struct RecallOutcome {
    pub seq: Seq,
    pub result: Result<(), NotRecalled>,
}

/// Why one message was not recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRecalled {
    /// There is no message with this number.
    Missing,
    /// The entry is none that somebody said.
    Impossible,
    /// It is another's, and the role is too low.
    NotAllowed,
    TooLate,
}

/// How many entries are read at a time while a page by time is looked for.
const STRIDE: usize = 128;

/// After so many a page that has any is given as it is.
const LOOKED_AT: usize = 4096;

/// Speakers that are kept in memory.
const SPEAKERS: usize = 20_000;

/// Groups that are kept in memory while deliveries are behind.
const LET_THROUGH: usize = 20_000;

/// The epoch of the store in which a speaker was read, and where they speak.
type SpeakerKey = (u64, (AppId, ChannelId, UserId));

/// Messages in groups.
#[derive(Clone)]
pub struct GroupMessages {
    deps: Deps,
    groups: Groups,
    accounts: Accounts,
    notices: Notices,
    timelines: Timelines,
    throttle: Throttle,
    order: Arc<SenderOrder>,
    said: Arc<Said>,
    speakers: Arc<quick_cache::sync::Cache<SpeakerKey, Arc<Speaker>>>,
    /// When groups last said something while deliveries were behind.
    let_through: Arc<quick_cache::sync::Cache<(AppId, ChannelId), Instant>>,
}

impl GroupMessages {
    pub fn new(
        deps: Deps,
        groups: Groups,
        accounts: Accounts,
        notices: Notices,
        timelines: Timelines,
        throttle: Throttle,
    ) -> Self {
        let speakers = Arc::new(quick_cache::sync::Cache::new(SPEAKERS));
        let let_through = Arc::new(quick_cache::sync::Cache::new(LET_THROUGH));
        let (order, said) = (Arc::new(SenderOrder::new()), Arc::new(Said::new()));
        Self { deps, groups, accounts, notices, timelines, throttle, order, said, speakers, let_through }
    }

    /// Whether the group's kind counts unread messages.
    pub fn counts_unread(&self, found: &GroupRef) -> bool {
        self.groups.rules(found.app, found.group.record.kind).counts_unread
    }

    /// The oldest number that a reader may see: members of some kinds see only what was said after they came,
    /// and nobody sees what they cleared. An administrator sees everything.
    async fn oldest(
        &self,
        actor: &Actor,
        place: &ChannelRef,
        member: Option<&Versioned<Member>>,
    ) -> Result<Seq, MessageError> {
        let Some(member) = member.filter(|_| !actor.is_admin) else { return Ok(Seq(1)) };
        let found = &place.found;
        let earlier = self.groups.rules(found.app, found.group.record.kind).shows_earlier_messages;
        let joined =
            if earlier { Seq::ZERO } else { self.groups.joined_after(place, &member.record).await? };
        let cleared = self.timelines.position(&place.channel().log, &actor.user).await?.cleared;
        Ok(joined.max(cleared).next())
    }

    /// History from `newest` downwards, at most `count` numbers; 0 is the last.
    pub async fn history(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        newest: Seq,
        count: usize,
    ) -> Result<GroupHistory, MessageError> {
        let (place, member) = self.readable(actor, channel).await?;
        self.keeps_history(&place.found)?;
        let oldest = self.oldest(actor, &place, member.as_ref()).await?;
        let end = self.deps.engine.log_end(&place.channel().log).await?.seq;
        let from_top = if newest == Seq::ZERO { end } else { newest };
        // A start beyond the end is not shifted: recovery and hopping count on the range they name.
        let low = Seq(from_top.0.saturating_sub(count as u64) + 1).max(oldest);
        let newest = from_top.min(end);
        let reader = (!actor.is_admin).then_some(&actor.user);
        // One more than asked for tells whether anything older is left.
        let window = Window {
            from: low.previous().max(oldest),
            to: newest,
            limit: count.saturating_add(1),
            newest_first: true,
        };
        let mut next = (low > oldest).then(|| low.previous());
        let mut items = Vec::new();
        if window.from <= window.to {
            items = self.timelines.read(&place.channel().log, window, reader).await?;
            next = items.pop_if(|oldest| oldest.seq < low).map(|older| older.seq);
        }
        Ok(GroupHistory { place, items, next, newest: (low <= end).then_some(newest) })
    }

    /// What was said before a Unix second, newest first: messages that nobody recalled, without tips.
    ///
    /// At least `count` of them where there are as many among the next [`LOOKED_AT`] entries. A page holds whole seconds, and ends with one before
    /// `settled`: later ones are not over.
    pub async fn before(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        second: u64,
        settled: u64,
        count: usize,
    ) -> Result<Vec<(Millis, Message)>, MessageError> {
        let (place, _) = self.readable(actor, channel).await?;
        let mut page: Vec<(Millis, Message)> = Vec::new();
        let mut looked_at = 0;
        let mut to = self.timelines.first_at(&place.channel().log, second).await?.previous();
        while to > Seq::ZERO {
            let window = Window { from: Seq(1), to, limit: STRIDE, newest_first: true };
            let stride = self.timelines.read(&place.channel().log, window, None).await?;
            let Some(last) = stride.last() else { break };
            to = last.seq.previous();
            looked_at += stride.len();
            for seen in stride {
                let ends = page.last().map(|(at, _)| at.seconds());
                // Or it has something, and most of what lies before is nothing that it tells.
                let has_enough = page.len() >= count || looked_at > LOOKED_AT;
                let is_full = has_enough && ends.is_some_and(|second| second < settled);
                if is_full && ends != Some(seen.at.seconds()) {
                    return Ok(page);
                }
                if let (Entry::Message(message), None) = (seen.entry, seen.recall) {
                    page.push((seen.at, message));
                }
            }
        }
        Ok(page)
    }

    /// Exactly these numbers, newest first.
    pub async fn exactly(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        seqs: &[Seq],
    ) -> Result<GroupHistory, MessageError> {
        let (place, member) = self.readable(actor, channel).await?;
        self.keeps_history(&place.found)?;
        let oldest = self.oldest(actor, &place, member.as_ref()).await?;
        // What is pinned is shown to all.
        let has_hidden = seqs.iter().any(|seq| *seq < oldest);
        let pinned = if has_hidden { self.pinned_seqs(&place).await? } else { Vec::new() };
        let is_shown = |seq: &Seq| *seq >= oldest || pinned.contains(seq);
        let mut wanted: Vec<Seq> = seqs.iter().copied().filter(is_shown).collect();
        wanted.sort_unstable_by(|a, b| b.cmp(a));
        wanted.dedup();
        let reader = (!actor.is_admin).then_some(&actor.user);
        let items = self.timelines.entries(&place.channel().log, &wanted, reader).await?;
        Ok(GroupHistory { place, items, next: None, newest: None })
    }

    fn keeps_history(&self, found: &GroupRef) -> Result<(), MessageError> {
        match self.groups.rules(found.app, found.group.record.kind).history {
            History::Log => Ok(()),
            History::Ring | History::None => Err(MessageError::NoHistory),
        }
    }

    async fn readable(
        &self,
        actor: &Actor,
        channel: &ChannelId,
    ) -> Result<(ChannelRef, Option<Versioned<Member>>), MessageError> {
        Ok(self.groups.place_seen_by(actor, channel).await?)
    }

    /// Takes messages back, each for itself.
    pub async fn recall(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        seqs: &[Seq],
        reason: &str,
    ) -> Result<Vec<RecallOutcome>, MessageError> {
        check_text(reason, self.deps.settings(actor.app).limits.reason_bytes, Text::Reason)?;
        if let Some(room) = self.room(actor, channel).await? {
            return self.recall_in_room(actor, &room, seqs, reason).await;
        }
        let (place, member) = self.readable(actor, channel).await?;
        let mut outcomes = Vec::with_capacity(seqs.len());
        for &seq in seqs {
            let result = self.recall_one(actor, &place, member.as_ref(), seq, reason).await?;
            outcomes.push(RecallOutcome { seq, result });
        }
        Ok(outcomes)
    }

    async fn recall_one(
        &self,
        actor: &Actor,
        place: &ChannelRef,
        member: Option<&Versioned<Member>>,
        seq: Seq,
        reason: &str,
    ) -> Result<Result<(), NotRecalled>, MessageError> {
        let Some(seen) = self.timelines.entry(&place.channel().log, seq).await? else {
            return Ok(Err(NotRecalled::Missing));
        };
        let Entry::Message(message) = &seen.entry else { return Ok(Err(NotRecalled::Impossible)) };
        if !actor.is_admin {
            let is_own = message.from.user == actor.user;
            let has_rank = member.is_some_and(|member| member.record.role >= Role::Admin);
            if !is_own && !has_rank {
                return Ok(Err(NotRecalled::NotAllowed));
            }
            if !is_recallable(seen.at, self.deps.now(), self.deps.settings(actor.app).limits.recall_seconds) {
                return Ok(Err(NotRecalled::TooLate));
            }
        }
        let recall = Recall { by: actor.user.clone(), reason: reason.to_owned() };
        let message_id = GroupMessageId {
            seq,
            random: message.random,
            tiny_id: message.from.tiny_id,
            client_time: message.client_time,
            time: seen.at.seconds(),
        };
        let recalled = self.timelines.recall_now((seq, message.random), recall, actor.device);
        let receipt = self.groups.recall_receipt(&place.found, &recalled).await?;
        let at = Millis(recalled.at_us / 1000);
        let body = event::message::group_recalled(&place.label(), &message_id, &recalled.recall, at, receipt);
        let message = Stamp { seq, at: seen.at };
        let of = AsideOf::Recall { group: place.id(), message };
        let push = Push::new(body).by(actor.origin()).telling(Aside { of, at });
        // Recalled before is recalled: the caller has what they want.
        let announces = vec![(place.channel().topic, push.into())];
        self.timelines.recall(&place.channel().log, recalled, announces).await?;
        self.unpin_recalled(actor, place, seq).await?;
        Ok(Ok(()))
    }

    /// Recalls that a client which was away has missed, oldest first.
    pub async fn recalls(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        begin_us: u64,
        end_us: u64,
        limit: usize,
    ) -> Result<Vec<PastRecall>, MessageError> {
        let (place, _) = self.readable(actor, channel).await?;
        let now_us = self.deps.now().0 * 1000;
        let end_us = if end_us.saturating_add(CLOCK_LAG_US) >= now_us { u64::MAX } else { end_us };
        Ok(self.timelines.recalls(&place.channel().log, (begin_us, Seq(u64::MAX)), end_us, limit).await?)
    }

    /// Notes how far a member has read, but not beyond the newest message, and tells their other devices. Gives how far.
    ///
    /// Tips behind it are read as well. The device that says so is told that, for 2.x SDKs count all that they have behind what
    /// they have read, also a tip that has come meanwhile.
    pub async fn read(&self, actor: &Actor, channel: &ChannelId, seq: Seq) -> Result<Seq, MessageError> {
        /// They come one by one; where there are more, what is unread is counted anew at the next login.
        const TIPS: usize = 20;
        let (place, _) = self.readable(actor, channel).await?;
        if self.keeps_history(&place.found).is_err() {
            // Nothing is unread where nothing is kept.
            return Ok(seq);
        }
        let log = place.channel().log;
        let end = self.deps.engine.log_end(&log).await?.seq;
        let said = seq.min(end);
        let mut seq = said;
        if said < end {
            let window = Window { from: said.next(), to: end, limit: TIPS, newest_first: false };
            let behind = self.timelines.read(&log, window, Some(&actor.user)).await?;
            seq = after_tips(said, &behind, None);
        }
        let (now, number) = (self.deps.now(), self.deps.clock.number());
        let push = Push::new(event::message::group_read(&actor.user, channel, seq, number, now));
        let push = if seq > said { push } else { push.by(actor.origin()) };
        let topic = Topic::User(actor.app, actor.user.clone());
        let (read_time, moved_by) = (now.seconds(), actor.device);
        let to = Position { read: seq, read_time, moved_at: now, moved_by, ..Position::default() };
        let aside = to.aside(|to| AsideOf::GroupRead { group: channel.clone(), to });
        self.timelines.advance(&log, &actor.user, to, &[(topic, push.telling(aside).into())]).await?;
        Ok(seq)
    }

    /// Hides messages from one member.
    pub async fn delete_for_me(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        seqs: &[Seq],
    ) -> Result<(), MessageError> {
        let (place, _) = self.readable(actor, channel).await?;
        if self.keeps_history(&place.found).is_err() {
            return Err(MessageError::NotDeleted);
        }
        let end = self.deps.engine.log_end(&place.channel().log).await?.seq;
        if seqs.iter().any(|seq| *seq == Seq::ZERO || *seq > end) {
            return Err(GroupError::Invalid(Invalid::NoSuchMessage).into());
        }
        // What is kept no more, or was hidden before, is hidden already: it gets no mark that would outlive it.
        let shown = self.timelines.entries(&place.channel().log, seqs, Some(&actor.user)).await?;
        let shown: Vec<Seq> = shown.into_iter().filter(|seen| !seen.is_hidden).map(|seen| seen.seq).collect();
        self.timelines.hide(&place.channel().log, &actor.user, &shown).await?;
        Ok(())
    }
}

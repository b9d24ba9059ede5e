//! Messages in groups.

use std::sync::Arc;

use protocol::ErrorCode;
use protocol::group::{GroupKind, Role};
use protocol::id::{AppId, GroupId, Millis, Seq, UserId};
use protocol::message::{GroupMessageId, Mention, Message, Recall};
use protocol::push::Mark;

use super::turns::{Turn, Turns, submit};
use super::{Draft, MessageError, is_recallable};
use crate::bus::{Event, Stamp, Topic};
use crate::services::account::Accounts;
use crate::services::core::{ATTEMPTS, Actor, Core, Outcome};
use crate::services::group::{Found, GroupError, Groups, Member};
use crate::services::push::{Kept, Notices};
use crate::services::timeline::{Entry, PastRecall, Position, Seen, Timelines};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Check, Expected, Head, StorageError, Value, Window};

/// Clients set their clock by the whole seconds of the login answer, so what they call "now" lies behind.
/// A recall told twice harms nobody, one that is missed does.
const CLOCK_LAG_US: u64 = 5_000_000;

/// A page of a group's history.
pub struct GroupHistory {
    pub found: Found,
    /// Newest first.
    pub items: Vec<Seen>,
    /// Where the next page begins; `None` when nothing older can be seen.
    pub next: Option<Seq>,
    /// The newest number of the range that was asked for, also when its message is gone; `None` when the range lies
    /// beyond the end, or single numbers were asked for.
    pub newest: Option<Seq>,
    /// Whether the group goes on behind the range.
    pub goes_on: bool,
}

/// What became of one message that was to be recalled.
pub struct RecallOutcome {
    pub seq: Seq,
    /// `OK` or why not.
    pub code: ErrorCode,
}

/// How many entries are read at a time while a page by time is looked for.
const STRIDE: usize = 128;

/// Speakers that are kept in memory.
const SPEAKERS: usize = 20_000;

/// Somebody who wants to speak in a group.
struct Speaker {
    found: Found,
    member: Option<Member>,
    /// Unix second.
    muted_until: u64,
    /// What must still hold of the membership and the mute.
    checks: Vec<Check>,
}

/// Messages in groups.
#[derive(Clone)]
pub struct GroupMessages {
    core: Core,
    groups: Groups,
    accounts: Accounts,
    notices: Notices,
    timelines: Timelines,
    turns: Arc<Turns>,
    speakers: Arc<quick_cache::sync::Cache<(AppId, GroupId, UserId), Arc<Speaker>>>,
}

impl GroupMessages {
    pub fn new(
        core: Core,
        groups: Groups,
        accounts: Accounts,
        notices: Notices,
        timelines: Timelines,
    ) -> Self {
        let speakers = Arc::new(quick_cache::sync::Cache::new(SPEAKERS));
        Self { core, groups, accounts, notices, timelines, turns: Arc::new(Turns::new()), speakers }
    }

    /// Whether the group's kind counts unread messages.
    pub fn counts_unread(&self, kind: GroupKind) -> bool {
        self.groups.rules(kind).counts_unread
    }

    /// Says something in a group. Gives number and time of the message; of the first one, when this is a repetition.
    ///
    /// The sender must be a member; one for whom an administrator speaks need not be.
    pub async fn send(
        &self,
        actor: &Actor,
        group: &GroupId,
        draft: Draft,
        only_to: &[UserId],
    ) -> Result<Head, MessageError> {
        if self.core.bus.is_behind() {
            return Err(MessageError::TooFast);
        }
        let limits = &self.core.limits;
        if draft.body.as_json().len() + draft.cloud_custom_data.len() > limits.message_bytes {
            return Err(MessageError::TooLong);
        }
        if draft.mentions.len() > limits.mentions_per_message {
            return Err(MessageError::TooManyMentions);
        }
        let is_stored = !draft.options.online_only && only_to.is_empty();
        let key = (actor.app, group.clone(), draft.from.clone());
        let mut turn = self.turns.take(&key).await;
        // What is kept in memory will do: the store checks that it still holds, in the same step in which it stores.
        let kept = self.speakers.get(&key).filter(|speaker| self.may_speak(actor, speaker).is_ok());
        let mut speaker = match kept.filter(|_| is_stored) {
            Some(speaker) => speaker,
            None => Arc::new(self.speaker(actor, group, &draft.from).await?),
        };
        for _ in 0..ATTEMPTS {
            self.may_speak(actor, &speaker)?;
            if !is_stored {
                let message = self.message(actor, &draft, &speaker).await?;
                return self.send_unstored(actor, &speaker.found, message, only_to).await;
            }
            if let Some(head) = self.try_send(turn, actor, &speaker, &draft).await? {
                self.speakers.insert(key, speaker);
                return Ok(head);
            }
            turn = self.turns.take(&key).await;
            speaker = Arc::new(self.speaker(actor, group, &draft.from).await?);
        }
        Err(GroupError::Busy.into())
    }

    /// What decides whether somebody may speak in a group, as it is stored now.
    async fn speaker(&self, actor: &Actor, group: &GroupId, user: &UserId) -> Result<Speaker, MessageError> {
        let found = self.groups.find(actor.app, group).await?.ok_or(GroupError::Missing)?;
        let keys = [found.member_key(user), found.mute_key(user)];
        let mut values = self.core.engine.get(&found.partition(), &keys).await?.into_iter();
        let (member, mute) = (values.next().flatten(), values.next().flatten());
        let version = |value: &Option<Value>| {
            value.as_ref().map_or(Expected::Absent, |value| Expected::Version(value.version))
        };
        let expected = [version(&member), version(&mute)];
        let check = |(key, expected)| Check { key, expected };
        let checks = keys.into_iter().zip(expected).map(check).collect();
        Ok(Speaker {
            member: member.map(|value| records::decode(&value.bytes)).transpose()?,
            muted_until: mute.map(|value| records::decode(&value.bytes)).transpose()?.unwrap_or(0),
            checks,
            found,
        })
    }

    fn may_speak(&self, actor: &Actor, speaker: &Speaker) -> Result<(), MessageError> {
        if actor.is_admin {
            return Ok(());
        }
        let Some(member) = &speaker.member else { return Err(GroupError::NotMember.into()) };
        if speaker.found.group.record.mute_all && member.role < Role::Admin {
            return Err(MessageError::Muted);
        }
        if speaker.muted_until > self.core.now().seconds() {
            return Err(MessageError::Muted);
        }
        Ok(())
    }

    async fn message(
        &self,
        actor: &Actor,
        draft: &Draft,
        speaker: &Speaker,
    ) -> Result<Message, MessageError> {
        let account = self.accounts.ensure_known(actor.app, &draft.from).await?;
        let name_card = speaker.member.as_ref().map_or("", |member| member.name_card.as_str());
        Ok(Message {
            from: account.sender(&draft.from, name_card),
            random: draft.random,
            client_seq: draft.client_seq,
            client_time: draft.client_time.unwrap_or_else(|| self.core.now().seconds()),
            priority: draft.priority,
            body: draft.body.clone(),
            cloud_custom_data: draft.cloud_custom_data.clone(),
            mentions: draft.mentions.clone(),
            options: draft.options,
            origin: actor.device,
        })
    }

    /// `None` when the group, the membership or the mute changed meanwhile.
    async fn try_send(
        &self,
        turn: Turn<'_>,
        actor: &Actor,
        speaker: &Speaker,
        draft: &Draft,
    ) -> Result<Option<Head>, MessageError> {
        let message = self.message(actor, draft, speaker).await?;
        let found = &speaker.found;
        let sender = message.from.user.clone();
        let token =
            [found.epoch().as_ref(), sender.as_str().as_bytes(), &message.random.to_be_bytes()].concat();
        let mentions = message.mentions.clone();
        let entry = Entry::Message(message);
        let bytes = records::encode(&entry);
        let Entry::Message(message) = entry else { return Ok(None) };
        let (key, unchanged) = found.unchanged();
        let mut batch = Batch::new(found.partition(), self.core.now()).once(token).check(key, unchanged);
        if !actor.is_admin {
            batch.checks.extend(speaker.checks.iter().cloned());
        }
        let event = Event::GroupMessage {
            group: found.label(),
            message,
            counts: self.counts_unread(found.group.record.kind),
        };
        batch = batch.append(found.epoch(), bytes).announce(found.topic(), event);
        let Outcome::Stored(committed) = submit(turn, self.core.commit(batch)).await? else {
            return Ok(None);
        };
        let head = committed.entry.unwrap_or_default();
        if !committed.repeated && !mentions.is_empty() {
            let (service, app, found) = (self.clone(), actor.app, found.clone());
            // A mention of all is a mark for each member: the sender does not wait for that.
            self.core.tasks.spawn(async move {
                if let Err(error) = service.mark(app, &found, &sender, head.seq, &mentions).await {
                    tracing::warn!(%error, "members could not be told that they were mentioned");
                }
            });
        }
        Ok(Some(head))
    }

    /// Tells members that they were mentioned.
    async fn mark(
        &self,
        app: AppId,
        found: &Found,
        sender: &UserId,
        seq: Seq,
        mentions: &[Mention],
    ) -> Result<(), MessageError> {
        let all = mentions.contains(&Mention::All);
        let mut marked: Vec<UserId> = if all {
            self.groups.members(found, None).await?.into_iter().map(|(user, _)| user).collect()
        } else {
            Vec::new()
        };
        for mention in mentions {
            if let Mention::User(user) = mention
                && !marked.contains(user)
                && self.groups.member(found, user).await?.is_some()
            {
                marked.push(user.clone());
            }
        }
        for user in marked.iter().filter(|user| *user != sender) {
            let me = mentions.contains(&Mention::User(user.clone()));
            let mark = Mark { group: found.id.clone(), from: sender.clone(), seq, me, all };
            self.notices.send(app, user, Kept::Mark(mark), None).await?;
        }
        Ok(())
    }

    /// For who is there now, or for some members only. It gets no number of its own.
    async fn send_unstored(
        &self,
        actor: &Actor,
        found: &Found,
        message: Message,
        only_to: &[UserId],
    ) -> Result<Head, MessageError> {
        let head = self.core.engine.head(&found.log()).await?;
        let head = Head { seq: head.seq, at: self.core.now() };
        let sender = message.from.user.clone();
        let event = Arc::new(Event::GroupMessage {
            group: found.label(),
            message,
            counts: self.counts_unread(found.group.record.kind),
        });
        let mut topics = Vec::new();
        if only_to.is_empty() {
            topics.push(found.topic());
        } else {
            topics.push(Topic::User(actor.app, sender.clone()));
            for user in only_to.iter().filter(|user| **user != sender) {
                if self.groups.member(found, user).await?.is_none() {
                    return Err(GroupError::BadParameter("a receiver is not a member").into());
                }
                topics.push(Topic::User(actor.app, user.clone()));
            }
        }
        for topic in topics {
            let stamp = Some(Stamp { seq: head.seq, at: head.at });
            self.core.bus.publish(topic, stamp, event.clone()).await;
        }
        Ok(head)
    }

    /// The oldest number that a reader may see: members of some kinds see only what was said after they came,
    /// and nobody sees what he cleared. An administrator sees everything.
    async fn oldest(
        &self,
        actor: &Actor,
        found: &Found,
        member: Option<&Versioned<Member>>,
    ) -> Result<Seq, MessageError> {
        let Some(member) = member.filter(|_| !actor.is_admin) else { return Ok(Seq(1)) };
        let earlier = self.groups.rules(found.group.record.kind).shows_earlier_messages;
        let joined = if earlier { Seq::ZERO } else { member.record.joined_after };
        let cleared = self.timelines.position(&found.log(), &actor.user).await?.cleared;
        Ok(joined.max(cleared).next())
    }

    /// History from `newest` downwards, at most `count` numbers; 0 is the last.
    pub async fn history(
        &self,
        actor: &Actor,
        group: &GroupId,
        newest: Seq,
        count: usize,
    ) -> Result<GroupHistory, MessageError> {
        let (found, member) = self.readable(actor, group).await?;
        let oldest = self.oldest(actor, &found, member.as_ref()).await?;
        let head = self.core.engine.head(&found.log()).await?.seq;
        let from_top = if newest == Seq::ZERO { head } else { newest };
        // A start beyond the end is not shifted: recovery and hopping count on the range they name.
        let low = Seq(from_top.0.saturating_sub(count as u64) + 1).max(oldest);
        let newest = from_top.min(head);
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
            items = self.timelines.read(&found.log(), window, reader).await?;
            next = items.pop_if(|oldest| oldest.seq < low).map(|older| older.seq);
        }
        Ok(GroupHistory {
            found,
            items,
            next,
            newest: (low <= head).then_some(newest),
            goes_on: from_top < head,
        })
    }

    /// What was said before a Unix second, newest first: messages that nobody recalled, without tips.
    ///
    /// At least `count` of them where there are as many. A page holds whole seconds, and ends with one before
    /// `settled`: later ones are not over.
    pub async fn before(
        &self,
        actor: &Actor,
        group: &GroupId,
        second: u64,
        settled: u64,
        count: usize,
    ) -> Result<Vec<(Millis, Message)>, MessageError> {
        let (found, _) = self.readable(actor, group).await?;
        let mut page: Vec<(Millis, Message)> = Vec::new();
        let mut to = self.timelines.first_at(&found.log(), second).await?.previous();
        while to > Seq::ZERO {
            let window = Window { from: Seq(1), to, limit: STRIDE, newest_first: true };
            let stride = self.timelines.read(&found.log(), window, None).await?;
            let Some(last) = stride.last() else { break };
            to = last.seq.previous();
            for seen in stride {
                let ends = page.last().map(|(at, _)| at.seconds());
                let is_full = page.len() >= count && ends.is_some_and(|second| second < settled);
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
        group: &GroupId,
        seqs: &[Seq],
    ) -> Result<GroupHistory, MessageError> {
        let (found, member) = self.readable(actor, group).await?;
        let oldest = self.oldest(actor, &found, member.as_ref()).await?;
        let mut wanted: Vec<Seq> = seqs.iter().copied().filter(|seq| *seq >= oldest).collect();
        wanted.sort_unstable_by(|a, b| b.cmp(a));
        wanted.dedup();
        let reader = (!actor.is_admin).then_some(&actor.user);
        let mut items = Vec::new();
        for seq in wanted {
            let window = Window { from: seq, to: seq, limit: 1, newest_first: true };
            items.extend(self.timelines.read(&found.log(), window, reader).await?);
        }
        Ok(GroupHistory { found, items, next: None, newest: None, goes_on: false })
    }

    async fn readable(
        &self,
        actor: &Actor,
        group: &GroupId,
    ) -> Result<(Found, Option<Versioned<Member>>), MessageError> {
        let found = self.groups.find(actor.app, group).await?.ok_or(GroupError::Missing)?;
        let member = self.groups.member(&found, &actor.user).await?;
        if member.is_none() && !actor.is_admin {
            return Err(GroupError::NotMember.into());
        }
        Ok((found, member))
    }

    /// Takes messages back, each for itself.
    pub async fn recall(
        &self,
        actor: &Actor,
        group: &GroupId,
        seqs: &[Seq],
        reason: &str,
    ) -> Result<Vec<RecallOutcome>, MessageError> {
        let (found, member) = self.readable(actor, group).await?;
        let mut outcomes = Vec::with_capacity(seqs.len());
        for &seq in seqs {
            let code = self.recall_one(actor, &found, member.as_ref(), seq, reason).await?;
            outcomes.push(RecallOutcome { seq, code });
        }
        Ok(outcomes)
    }

    async fn recall_one(
        &self,
        actor: &Actor,
        found: &Found,
        member: Option<&Versioned<Member>>,
        seq: Seq,
        reason: &str,
    ) -> Result<ErrorCode, MessageError> {
        let Some(seen) = self.timelines.entry(&found.log(), seq).await? else {
            return Ok(ErrorCode::RECALL_MISSING);
        };
        let Entry::Message(message) = &seen.entry else { return Ok(ErrorCode::RECALL_IMPOSSIBLE) };
        if !actor.is_admin {
            let is_own = message.from.user == actor.user;
            let has_rank = member.is_some_and(|member| member.record.role >= Role::Admin);
            if !is_own && !has_rank {
                return Ok(ErrorCode::GROUP_NOT_ALLOWED);
            }
            if !is_recallable(seen.at, self.core.now(), self.core.limits.recall_seconds) {
                return Ok(ErrorCode::RECALL_TOO_LATE);
            }
        }
        let recall = Recall { by: actor.user.clone(), reason: reason.to_owned() };
        let event = Event::GroupRecalled {
            group: found.label(),
            message: GroupMessageId {
                seq,
                random: message.random,
                tiny_id: message.from.tiny_id,
                client_time: message.client_time,
                time: seen.at.seconds(),
            },
            recall: recall.clone(),
            origin: actor.device,
        };
        // Recalled before is recalled: the caller has what he wants.
        self.timelines
            .recall(&found.log(), seq, message.random, recall, vec![(found.topic(), event)])
            .await?;
        Ok(ErrorCode::OK)
    }

    /// Recalls that a client which was away has missed, oldest first.
    pub async fn recalls(
        &self,
        actor: &Actor,
        group: &GroupId,
        begin_us: u64,
        end_us: u64,
        limit: usize,
    ) -> Result<Vec<PastRecall>, MessageError> {
        let (found, _) = self.readable(actor, group).await?;
        let now_us = self.core.now().0 * 1000;
        let end_us = if end_us.saturating_add(CLOCK_LAG_US) >= now_us { u64::MAX } else { end_us };
        Ok(self.timelines.recalls(&found.log(), begin_us, end_us, limit).await?)
    }

    /// Whether a member has yet to read a message.
    pub async fn is_unread(&self, actor: &Actor, group: &GroupId, seq: Seq) -> Result<bool, StorageError> {
        let Some(found) = self.groups.find(actor.app, group).await? else { return Ok(false) };
        if self.groups.member(&found, &actor.user).await?.is_none() {
            return Ok(false);
        }
        Ok(self.timelines.position(&found.log(), &actor.user).await?.read < seq)
    }

    /// Notes how far a member has read, and tells his other devices.
    pub async fn read(&self, actor: &Actor, group: &GroupId, seq: Seq) -> Result<(), MessageError> {
        let (found, _) = self.readable(actor, group).await?;
        let head = self.core.engine.head(&found.log()).await?.seq;
        let seq = seq.min(head);
        let event = Event::ReadGroup { group: group.clone(), seq, origin: actor.device };
        let topic = Topic::User(actor.app, actor.user.clone());
        let to = Position { read: seq, read_time: self.core.now().seconds(), ..Position::default() };
        self.timelines.advance(&found.log(), &actor.user, to, &[(topic, event)]).await?;
        Ok(())
    }

    /// Hides messages from one member.
    pub async fn delete_for_me(
        &self,
        actor: &Actor,
        group: &GroupId,
        seqs: &[Seq],
    ) -> Result<(), MessageError> {
        let (found, _) = self.readable(actor, group).await?;
        let head = self.core.engine.head(&found.log()).await?.seq;
        if seqs.iter().any(|seq| *seq == Seq::ZERO || *seq > head) {
            return Err(GroupError::BadParameter("no message has this number").into());
        }
        self.timelines.hide(&found.log(), &actor.user, seqs).await?;
        Ok(())
    }
}

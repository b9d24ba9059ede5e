//! Saying something in a group, or in a topic of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::group::Role;
use protocol::id::{AppId, ChannelId, Seq, UserId};
use protocol::message::{Mention, Message};
use protocol::push::Mark;

use super::GroupMessages;
use crate::bus::{self, Event, Stamp, Topic};
use crate::services::decide::Decision;
use crate::services::deps::{Actor, side_by_side};
use crate::services::group::{ChannelRef, Denial, GroupError, Invalid, Member};
use crate::services::mention;
use crate::services::message::{Draft, MessageError, SentMessage};
use crate::services::push::StoredNotice;
use crate::services::rates::{Quota, Rule, TooOften};
use crate::services::timeline::EntryRef;
use crate::services::volume;
use crate::storage::{Batch, Check, Expected, LogEnd, Value, records};
use crate::telemetry::Bound;

/// Under overload each group keeps one message in this time, so that busy groups do not starve quiet ones.
const ONE_EVERY: Duration = Duration::from_secs(1);

/// Besides, each of several applications keeps this much, so that one that is busy does not silence one that is not.
const OF_EACH_APPLICATION: Quota = Quota { calls: 20, seconds: 1, burst: 20 };

/// Somebody who wants to speak in a group.
pub(super) struct Speaker {
    place: ChannelRef,
    member: Option<Member>,
    /// Unix second: of the group, or of the topic.
    muted_until: u64,
    /// What must still hold of the membership and the mute.
    checks: Vec<Check>,
}

impl GroupMessages {
    /// Says something in a group.
    ///
    /// The sender must be a member; one for whom an administrator speaks need not be.
    pub async fn send(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        draft: Draft,
        only_to: &[UserId],
    ) -> Result<SentMessage, MessageError> {
        let limits = &self.deps.settings(actor.app).limits;
        if draft.body.as_json().len() + draft.cloud_custom_data.len() > limits.message_bytes {
            return Err(MessageError::TooLong);
        }
        if draft.mentions.len() > limits.mentions_per_message {
            return Err(MessageError::TooManyMentions);
        }
        let epoch = self.deps.engine.epoch();
        let key = (actor.app, channel.clone(), draft.from.clone());
        let said = self.said.key(&(actor.app, channel, &draft.from, draft.random));
        let is_repetition = self.said.has(said);
        if !is_repetition && self.throttle.is_held(actor) {
            self.throttle.look(actor.app, Rule::UserMessages, &draft.from)?;
        }
        // The first that is waited for: whoever looked something up before could be overtaken meanwhile.
        let next = self.order.next(&key).await;
        let kept = self.speakers.get(&(epoch, key.clone()));
        // Who has spoken in a group of which something is kept is known.
        if kept.is_none()
            && let Some(room) = self.room(actor, channel).await?
        {
            if !only_to.is_empty() {
                return Err(GroupError::NotAllowed(Denial::ForAll).into());
            }
            return self.say_in_room(actor, &room, draft, next).await;
        }
        if !is_repetition {
            self.hold_sender(actor, channel, &draft)?;
        }
        // After the rates: one who is held back has not spoken for the group.
        if self.deps.bus.is_behind() && !self.may_speak_while_behind(actor.app, channel) {
            return Err(MessageError::TooFast);
        }
        let is_stored = !draft.options.online_only && only_to.is_empty();
        if !is_stored {
            let _next = next;
            let speaker = self.speaker(actor, channel, &draft.from).await?;
            self.may_speak(actor, &speaker)?;
            self.hold_group(actor.app, channel, &draft)?;
            let message = self.message(actor, &draft, &speaker).await?;
            let end = self.send_unstored(actor, &speaker.place, message, only_to).await?;
            let (numbers, conversation) = (draft.numbers(), Topic::Group(actor.app, channel.clone()));
            return Ok(SentMessage { numbers, conversation, end, is_told: true, is_in_order: true });
        }
        // What is kept in memory will do at first: the store checks that it still holds, in the same step in which it stores.
        let mut first = Some((next, kept));
        let decided = self.deps.decide_and_tell("send a message", || {
            let first = first.take();
            let is_first = first.is_some();
            let (key, draft) = (&key, &draft);
            async move {
                let (next, kept) = match first {
                    Some(first) => first,
                    None => (self.order.next(key).await, None),
                };
                let speaker = match kept.filter(|speaker| self.may_speak(actor, speaker).is_ok()) {
                    Some(speaker) => speaker,
                    None => Arc::new(self.speaker(actor, channel, &draft.from).await?),
                };
                self.may_speak(actor, &speaker)?;
                if is_first && !is_repetition {
                    self.hold_group(actor.app, channel, draft)?;
                }
                let batch = self.batch(actor, &speaker, draft).await?;
                // Before it is stored: who hears nothing of it and says it again says nothing new.
                self.said.note(said);
                Ok::<_, MessageError>(Decision::Submitted(next.submit(&self.deps, batch), speaker))
            }
        });
        let decided = decided.await;
        if let Err(MessageError::NoRoom) = &decided {
            Bound::BytesPerGroup.refused(channel);
        }
        if let Err(error) = &decided
            && !matches!(error, MessageError::TooOften(_) | MessageError::NoRoom)
        {
            // One who may speak no more does not go on taking from the group's bucket.
            self.speakers.remove(&(epoch, key.clone()));
        }
        let (speaker, committed) = decided?;
        let committed = committed.unwrap_or_default();
        let end = committed.entry();
        if !committed.repeated && !draft.mentions.is_empty() {
            let marked = self.mark(actor.app, &speaker.place, &draft.from, end.seq, &draft.mentions).await;
            // The message is said all the same.
            if let Err(error) = marked {
                tracing::warn!(%error, "members could not be told that they were mentioned");
            }
        }
        self.speakers.insert((epoch, key), speaker);
        let (numbers, conversation) = (draft.numbers(), Topic::Group(actor.app, channel.clone()));
        Ok(SentMessage { numbers, conversation, end, is_told: !committed.repeated, is_in_order: true })
    }

    /// Holds a sender to the rates that are theirs, before anything is read. Of the group's it is only seen whether
    /// anything is left: those who may not speak in it take nothing from those who may.
    fn hold_sender(&self, actor: &Actor, channel: &ChannelId, draft: &Draft) -> Result<(), TooOften> {
        let (app, throttle) = (actor.app, &self.throttle);
        let mentions_all = draft.mentions.contains(&Mention::All);
        throttle.look(app, Rule::GroupMessages, channel)?;
        if mentions_all {
            throttle.look(app, Rule::GroupMentionsOfAll, channel)?;
        }
        if throttle.is_held(actor) {
            if mentions_all {
                throttle.take(app, Rule::UserMentionsOfAll, &draft.from, 1)?;
            }
            throttle.take(app, Rule::UserMessages, &draft.from, 1)?;
        }
        Ok(())
    }

    /// Takes from the group's buckets for one who may speak.
    fn hold_group(&self, app: AppId, channel: &ChannelId, draft: &Draft) -> Result<(), TooOften> {
        if draft.mentions.contains(&Mention::All) {
            self.throttle.take(app, Rule::GroupMentionsOfAll, channel, 1)?;
        }
        self.throttle.take(app, Rule::GroupMessages, channel, 1)
    }

    /// Whether a group may say something although more is said than can be delivered.
    pub(super) fn may_speak_while_behind(&self, app: AppId, channel: &ChannelId) -> bool {
        if self.deps.apps.are_several() && self.throttle.hold(OF_EACH_APPLICATION, &("while behind", app)) {
            return true;
        }
        let key = (app, channel.clone());
        let is_loud = self.let_through.get(&key).is_some_and(|at| at.elapsed() < ONE_EVERY);
        if !is_loud {
            self.let_through.insert(key, Instant::now());
        }
        !is_loud
    }

    /// What decides whether somebody may speak in a group, or in a topic of it, as it is stored now.
    async fn speaker(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        user: &UserId,
    ) -> Result<Speaker, MessageError> {
        let missing = || if channel.is_topic() { GroupError::NoTopic } else { GroupError::Missing };
        let place = self.groups.place(actor.app, channel).await?.ok_or_else(missing)?;
        let found = &place.found;
        if self.groups.is_room(found) {
            // Of the same name as one in which they spoke a moment ago.
            return Err(GroupError::Busy.into());
        }
        let mut keys = vec![found.member_key(user), found.mute_key(user)];
        if place.topic.is_some() {
            keys.push(place.mute_key(user));
        }
        let values = self.deps.engine.get(&found.partition(), &keys).await?;
        let expected = |value: &Option<Value>| {
            value.as_ref().map_or(Expected::Absent, |value| Expected::Version(value.version))
        };
        let check = |(key, value)| Check { key, expected: expected(value) };
        let checks = keys.into_iter().zip(&values).map(check).collect();
        let mut values = values.into_iter();
        let member = values.next().flatten();
        let mut muted_until = 0;
        for value in values.flatten() {
            muted_until = muted_until.max(records::decode(&value.bytes)?);
        }
        let member = member.map(|value| records::decode(&value.bytes)).transpose()?;
        Ok(Speaker { member, muted_until, checks, place })
    }

    fn may_speak(&self, actor: &Actor, speaker: &Speaker) -> Result<(), MessageError> {
        let is_spoken_in = || match speaker.place.is_spoken_in() {
            true => Ok(()),
            false => Err(GroupError::NotAllowed(Denial::SaidInTopics).into()),
        };
        if actor.is_admin {
            return is_spoken_in();
        }
        let Some(member) = &speaker.member else { return Err(GroupError::NotMember.into()) };
        is_spoken_in()?;
        if speaker.place.mutes_all() && member.role < Role::Admin {
            return Err(MessageError::Muted);
        }
        if speaker.muted_until > self.deps.now().seconds() {
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
        let name_card = speaker.member.as_ref().map_or("", |member| member.name_card.as_str());
        self.said_by(actor, draft, name_card).await
    }

    /// What is told of a draft.
    pub(super) async fn said_by(
        &self,
        actor: &Actor,
        draft: &Draft,
        name_card: &str,
    ) -> Result<Message, MessageError> {
        let account = match self.accounts.known(actor.app, &draft.from).await? {
            Some(account) => account,
            None => Arc::new(self.accounts.ensure_named::<MessageError>(actor, &draft.from).await?),
        };
        Ok(Message {
            from: account.sender(&draft.from, name_card),
            random: draft.random,
            client_seq: draft.client_seq,
            client_time: draft.client_time.unwrap_or_else(|| self.deps.now().seconds()),
            priority: draft.priority,
            body: draft.body.clone(),
            cloud_custom_data: draft.cloud_custom_data.clone(),
            mentions: draft.mentions.clone(),
            options: draft.options,
            origin: actor.device,
        })
    }

    /// What stores the message, if the group, the membership and the mute are still as they were read.
    async fn batch(&self, actor: &Actor, speaker: &Speaker, draft: &Draft) -> Result<Batch, MessageError> {
        let message = self.message(actor, draft, speaker).await?;
        let place = &speaker.place;
        let channel = place.channel();
        let sender = message.from.user.as_str().as_bytes();
        let said = [&channel.log.name[..], sender, &message.random.to_be_bytes()].concat();
        let bytes = records::encode(&EntryRef::Message(&message));
        let batch = Batch::new(place.found.partition(), self.deps.now()).idempotency_key(said);
        let mut batch = place.unchanged(batch);
        if !actor.is_admin {
            batch.checks.extend(speaker.checks.iter().cloned());
        }
        let mentions_all = message.mentions_all();
        let counts = self.counts_unread(&place.found);
        let event = bus::Entry::GroupMessage { group: place.label(), message, counts };
        let most = self.deps.settings(actor.app).limits.bytes_per_group;
        batch = volume::note(batch, &channel.log, None, bytes.len(), most);
        batch = channel.say(batch, bytes, event);
        // Those whom it concerns find it when they read.
        if mentions_all {
            batch = batch.index(mention::index_key(&channel.log), records::encode(&mention::Mentioned {}));
        }
        Ok(batch)
    }

    /// Tells members that they were mentioned by name.
    async fn mark(
        &self,
        app: AppId,
        place: &ChannelRef,
        sender: &UserId,
        seq: Seq,
        mentions: &[Mention],
    ) -> Result<(), MessageError> {
        let all = mentions.contains(&Mention::All);
        let mut named: Vec<UserId> = mentions
            .iter()
            .filter_map(|mention| match mention {
                Mention::User(user) if user != sender => Some(user.clone()),
                _ => None,
            })
            .collect();
        if named.is_empty() {
            return Ok(());
        }
        named.sort_unstable();
        named.dedup();
        let members = self.groups.members_among(&place.found, &named).await?;
        let told = side_by_side(members, |(user, _)| async move {
            let mark = Mark { channel: place.id(), from: sender.clone(), seq, me: true, all };
            self.notices.notify(app, &user, StoredNotice::Mark(mark), None).await
        });
        told.await?;
        Ok(())
    }

    /// For who is there now, or for some members only. It gets no number of its own.
    async fn send_unstored(
        &self,
        actor: &Actor,
        place: &ChannelRef,
        message: Message,
        only_to: &[UserId],
    ) -> Result<LogEnd, MessageError> {
        let end = self.deps.engine.log_end(&place.channel().log).await?;
        let end = LogEnd { seq: end.seq, at: self.deps.now() };
        let sender = message.from.user.clone();
        let event: Arc<Event> = Arc::from(bus::Entry::GroupMessage {
            group: place.label(),
            message,
            counts: self.counts_unread(&place.found),
        });
        let mut topics = Vec::new();
        if only_to.is_empty() {
            topics.push(place.channel().topic);
        } else {
            topics.push(Topic::User(actor.app, sender.clone()));
            let others: Vec<UserId> = only_to.iter().filter(|user| **user != sender).cloned().collect();
            if self.groups.members_among(&place.found, &others).await?.len() < others.len() {
                return Err(GroupError::Invalid(Invalid::ReceiverNotMember).into());
            }
            topics.extend(others.into_iter().map(|user| Topic::User(actor.app, user)));
        }
        for topic in topics {
            let stamp = Some(Stamp { seq: end.seq, at: end.at });
            self.deps.bus.publish(topic, stamp, event.clone()).await;
        }
        Ok(end)
    }
}

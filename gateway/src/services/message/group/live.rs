//! Saying something in a live room. It is told to those who are there, and kept nowhere.

use protocol::event;
use protocol::group::Role;
use protocol::id::{ChannelId, Seq};
use protocol::message::{GroupMessageId, Recall};

use super::{GroupMessages, NotRecalled, RecallOutcome};
use crate::bus::{Push, Topic};
use crate::services::deps::Actor;
use crate::services::group::{Denial, GroupError, GroupRef, Weight};
use crate::services::message::sender_order::Next;
use crate::services::message::{Draft, MessageError, SentMessage, is_recallable};
use crate::services::rates::Rule;
use crate::storage::{LogEnd, StorageError, records};
use crate::telemetry::Bound;

impl GroupMessages {
    /// Says something in a room. What is above the room's rate is dropped by what it matters, and its sender is answered as if
    /// it had been told.
    pub(super) async fn say_in_room(
        &self,
        actor: &Actor,
        found: &GroupRef,
        draft: Draft,
        _next: Next<'_>,
    ) -> Result<SentMessage, MessageError> {
        if !draft.mentions.is_empty() {
            return Err(GroupError::NotAllowed(Denial::ForAll).into());
        }
        let (app, id) = (actor.app, &found.id);
        let said = self.said.key(&(app, id, &draft.from, draft.random));
        let is_repetition = self.said.has(said);
        if !is_repetition && self.throttle.is_held(actor) {
            self.throttle.take(app, Rule::UserMessages, &draft.from, 1)?;
        }
        let member = self.groups.member(found, &draft.from).await?.map(|member| member.record);
        let role = member.as_ref().map(|member| member.role);
        if !actor.is_admin {
            let role = role.ok_or(GroupError::NotMember)?;
            let (partition, key) = (found.partition(), found.mute_key(&draft.from));
            let muted = records::get::<u64>(&self.deps.engine, &partition, key).await?;
            let muted_until = muted.map_or(0, |until| until.record);
            if (found.group.record.mute_all && role < Role::Admin) || muted_until > self.deps.now().seconds()
            {
                return Err(MessageError::Muted);
            }
        }
        let is_staff = actor.is_admin || role >= Some(Role::Admin);
        let weight = if is_staff { Weight::Staff } else { Weight::Member(draft.priority) };
        let rooms = self.groups.rooms();
        let numbers = (&draft.from, draft.random);
        let answer = |end: LogEnd| SentMessage {
            numbers: draft.numbers(),
            conversation: Topic::Group(app, id.into()),
            end,
            is_told: false,
            is_in_order: false,
        };
        // More is said than can be brought to its hearers.
        let is_behind =
            self.deps.bus.is_behind() && !is_staff && !self.may_speak_while_behind(app, &id.into());
        // What was told before is only looked up.
        if !is_repetition && (is_behind || !rooms.admits(app, id, weight, Some(numbers))) {
            metrics::counter!("gateway_room_messages_dropped_total", "priority" => priority(weight))
                .increment(1);
            Bound::RoomMessages.refused(id);
            return Ok(answer(LogEnd { seq: Seq::ZERO, at: self.deps.now() }));
        }
        let message = self.said_by(actor, &draft, "").await?;
        self.said.note(said);
        let told = rooms.say_in((app, found.group.record.epoch), found.label(), message).await;
        let passed = told.map_err(|error| {
            rooms.gives_back(app, id, numbers);
            MessageError::from(StorageError::Failed { operation: "tell a room", reason: error.to_string() })
        })?;
        if passed.is_repeated {
            rooms.gives_back(app, id, numbers);
        }
        Ok(answer(LogEnd { seq: passed.stamp.seq, at: passed.stamp.at }))
    }

    /// Takes messages of a room back, as far as they are remembered.
    pub(super) async fn recall_in_room(
        &self,
        actor: &Actor,
        found: &GroupRef,
        seqs: &[Seq],
        reason: &str,
    ) -> Result<Vec<RecallOutcome>, MessageError> {
        let role = self.groups.member(found, &actor.user).await?.map(|member| member.record.role);
        let mut outcomes = Vec::with_capacity(seqs.len());
        for &seq in seqs {
            let result = self.recall_one_in_room(actor, (found, role), seq, reason).await?;
            outcomes.push(RecallOutcome { seq, result });
        }
        Ok(outcomes)
    }

    async fn recall_one_in_room(
        &self,
        actor: &Actor,
        (found, role): (&GroupRef, Option<Role>),
        seq: Seq,
        reason: &str,
    ) -> Result<Result<(), NotRecalled>, MessageError> {
        let rooms = self.groups.rooms();
        let Some((stamp, message, is_recalled)) = rooms.said(actor.app, &found.id, seq).await else {
            return Ok(Err(NotRecalled::Missing));
        };
        if !actor.is_admin {
            if message.from.user != actor.user && role < Some(Role::Admin) {
                return Ok(Err(NotRecalled::NotAllowed));
            }
            if !is_recallable(stamp.at, self.deps.now(), self.deps.settings(actor.app).limits.recall_seconds)
            {
                return Ok(Err(NotRecalled::TooLate));
            }
        }
        if is_recalled {
            // The caller has what they want.
            return Ok(Ok(()));
        }
        let id = GroupMessageId {
            seq,
            random: message.random,
            tiny_id: message.from.tiny_id,
            client_time: message.client_time,
            time: stamp.at.seconds(),
        };
        let recall = Recall { by: actor.user.clone(), reason: reason.to_owned() };
        let body = event::message::group_recalled(&found.label(), &id, &recall, self.deps.now(), None);
        let push = Push::new(body).by(actor.origin());
        rooms.pass_push(actor.app, &found.id, push).await.map_err(|error| {
            MessageError::from(StorageError::Failed { operation: "tell a room", reason: error.to_string() })
        })?;
        Ok(Ok(()))
    }

    /// A room that somebody speaks of.
    pub(super) async fn room(
        &self,
        actor: &Actor,
        channel: &ChannelId,
    ) -> Result<Option<GroupRef>, MessageError> {
        if channel.is_topic() {
            return Ok(None);
        }
        let id = &channel.group();
        let found = self.groups.find(actor.app, id).await?.ok_or(GroupError::Missing)?;
        Ok(self.groups.is_room(&found).then_some(found))
    }
}

fn priority(weight: Weight) -> &'static str {
    use protocol::message::Priority;
    match weight {
        Weight::Staff => "staff",
        Weight::Member(Priority::High) => "high",
        Weight::Member(Priority::Normal) => "normal",
        Weight::Member(Priority::Low) => "low",
        Weight::Member(Priority::Lowest) => "lowest",
    }
}

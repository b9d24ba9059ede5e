//! Topics of communities: each a part of the group in which its members talk, with a name, a history, mutes and read
//! positions of its own.
//!
//! A topic lies in the partition of its group, so that one batch changes both. What is said in it, and all that belongs to
//! that, lies under the topic's own number, as what is said in a group lies under the group's epoch: a topic that is made
//! anew begins with nothing. Making and ending one changes the version of the group's record, by which whoever reads the
//! topics and then writes sees that there are others now.

use bytes::Bytes;
use protocol::event;
use protocol::group::{Change, ReceiveOption, TopicChange};
use protocol::id::{AppId, ChannelId, GroupId, Millis, Seq, TopicId, UserId};
use protocol::message::GroupLabel;
use serde::{Deserialize, Serialize};

use super::lifecycle::{OF_AN_EPOCH, check_text, made_letters};
use super::{
    Denial, GroupError, GroupRef, Groups, Invalid, Member, Text, epoch_bytes, group_key, mute_key, rank,
    require,
};
use crate::bus::{Control, Push, Topic, TopicPlace};
use crate::services::channel::Channel;
use crate::services::decide::Decision;
use crate::services::deps::{Actor, side_by_side};
use crate::services::timeline::{Position, position_key};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Log, LogEnd, StorageError, Table};
use crate::telemetry::Bound;

/// Topics that one call ends. Others follow.
const GONE_AT_ONCE: usize = 20;

/// A topic, as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GroupTopic {
    /// Everything of the topic is kept under this number, which no other has.
    pub epoch: u64,
    pub name: String,
    #[serde(default)]
    pub introduction: String,
    #[serde(default)]
    pub notification: String,
    #[serde(default)]
    pub face: String,
    /// The application's own.
    #[serde(default)]
    pub custom: String,
    pub created_at: Millis,
    #[serde(default)]
    pub mute_all: bool,
}

/// What a member chose for a topic, as it is kept.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(in crate::services) struct TopicChoice {
    #[serde(default)]
    receive: ReceiveOption,
}

/// A topic that was read: its id and its record.
#[derive(Clone, Debug)]
pub struct TopicRef {
    pub id: TopicId,
    pub topic: Versioned<GroupTopic>,
}

/// Where something is said, as it was read: a group, or a topic of it.
#[derive(Clone, Debug)]
pub struct ChannelRef {
    pub found: GroupRef,
    pub topic: Option<TopicRef>,
}

impl From<GroupRef> for ChannelRef {
    fn from(found: GroupRef) -> Self {
        Self { found, topic: None }
    }
}

impl ChannelRef {
    pub fn id(&self) -> ChannelId {
        self.topic.as_ref().map_or_else(|| (&self.found.id).into(), |topic| (&topic.id).into())
    }

    pub fn label(&self) -> GroupLabel {
        GroupLabel { id: self.id(), ..self.found.label() }
    }

    /// What the suffix of everything that belongs to what is said here begins with.
    pub fn epoch(&self) -> Bytes {
        self.topic.as_ref().map_or_else(|| self.found.epoch(), TopicRef::epoch)
    }

    pub fn channel(&self) -> Channel {
        Channel {
            log: Log { partition: self.found.partition(), name: self.epoch() },
            topic: Topic::Group(self.found.app, self.id()),
        }
    }

    /// Until when a user may not speak here.
    pub fn mute_key(&self, user: &UserId) -> Key {
        mute_key(&self.epoch(), user)
    }

    /// All stands as it was read.
    pub fn unchanged(&self, batch: Batch) -> Batch {
        let (key, unchanged) = self.found.unchanged();
        let batch = batch.check(key, unchanged);
        match &self.topic {
            None => batch,
            Some(topic) => {
                let key = topic_key(&self.found, &topic.id);
                batch.check(key, Expected::Version(topic.topic.version))
            }
        }
    }

    /// Whether members speak here: they do not in a group with topics itself.
    pub fn is_spoken_in(&self) -> bool {
        self.topic.is_some() || !self.found.group.record.has_topics
    }

    /// Whether nobody but the owner and admins may speak.
    pub fn mutes_all(&self) -> bool {
        let of_topic = self.topic.as_ref().is_some_and(|topic| topic.topic.record.mute_all);
        self.found.group.record.mute_all || of_topic
    }
}

impl TopicRef {
    fn epoch(&self) -> Bytes {
        epoch_bytes(self.topic.record.epoch)
    }

    fn choice_key(&self, user: &UserId) -> Key {
        Key::new(Table::Topic, [&self.epoch()[..], user.as_str().as_bytes()].concat())
    }
}

fn topic_key(found: &GroupRef, topic: &TopicId) -> Key {
    Key::new(Table::Topic, [&found.epoch()[..], topic.as_str().as_bytes()].concat())
}

fn count_key(found: &GroupRef) -> Key {
    Key::new(Table::Counter, [&found.epoch()[..], b"topics"].concat())
}

/// A topic as its creator describes it.
#[derive(Clone, Debug)]
pub struct NewTopic {
    /// Made here when absent.
    pub id: Option<TopicId>,
    pub name: String,
    pub introduction: String,
    pub notification: String,
    pub face: String,
    pub custom: String,
    /// By what it is known that it was made already, where its id is made here.
    pub request: Option<[u8; 16]>,
}

/// What is to be changed about a topic. Absent members stay.
#[derive(Clone, Debug, Default)]
pub struct TopicEdit {
    pub name: Option<String>,
    pub introduction: Option<String>,
    pub notification: Option<String>,
    pub face: Option<String>,
    pub custom: Option<String>,
    pub mute_all: Option<bool>,
}

/// A topic, and where a member stands in it.
pub struct TopicView {
    pub place: ChannelRef,
    pub end: LogEnd,
    /// When it was looked at.
    pub now: Millis,
    /// Absent for an administrator who is no member.
    pub own: Option<OwnPlace>,
}

/// Where a member stands in a topic.
pub struct OwnPlace {
    pub position: Position,
    pub receive: ReceiveOption,
    /// Unix seconds until which they may not speak; 0 when they may.
    pub muted_until: u64,
}

impl Groups {
    /// Where something is said, if there is such a place.
    pub async fn place(&self, app: AppId, channel: &ChannelId) -> Result<Option<ChannelRef>, StorageError> {
        let Some(found) = self.find(app, &channel.group()).await? else { return Ok(None) };
        match channel.topic() {
            None => Ok(Some(found.into())),
            Some(id) => {
                let topic = self.topic(&found, &id).await?;
                Ok(topic.map(|topic| ChannelRef { found, topic: Some(topic) }))
            }
        }
    }

    /// The same for one who may see it: a member of the group, or an administrator.
    pub(in crate::services) async fn place_seen_by(
        &self,
        actor: &Actor,
        channel: &ChannelId,
    ) -> Result<(ChannelRef, Option<Versioned<Member>>), GroupError> {
        let (found, member) = self.as_seen_by(actor, &channel.group()).await?;
        let Some(id) = channel.topic() else { return Ok((found.into(), member)) };
        let topic = self.topic(&found, &id).await?.ok_or(GroupError::NoTopic)?;
        Ok((ChannelRef { found, topic: Some(topic) }, member))
    }

    async fn topic(&self, found: &GroupRef, id: &TopicId) -> Result<Option<TopicRef>, StorageError> {
        let topic = records::get(&self.deps.engine, &found.partition(), topic_key(found, id)).await?;
        Ok(topic.map(|topic| TopicRef { id: id.clone(), topic }))
    }

    /// The topics of a group, in the order of their ids.
    pub(in crate::services) async fn topics(&self, found: &GroupRef) -> Result<Vec<TopicRef>, StorageError> {
        if !found.group.record.has_topics {
            return Ok(Vec::new());
        }
        let rows: Vec<(Bytes, Versioned<GroupTopic>)> =
            records::scan_all(&self.deps.engine, &found.partition(), Table::Topic, found.epoch()).await?;
        let epoch_bytes = found.epoch().len();
        let id = |suffix: &[u8]| TopicId::parse(std::str::from_utf8(suffix.get(epoch_bytes..)?).ok()?).ok();
        Ok(rows
            .into_iter()
            .filter_map(|(suffix, topic)| Some(TopicRef { id: id(&suffix)?, topic }))
            .collect())
    }

    /// The channels of a group: its own, and those of its topics.
    pub(in crate::services) async fn places(&self, found: GroupRef) -> Result<Vec<ChannelRef>, StorageError> {
        let topics = self.topics(&found).await?.into_iter();
        let topics: Vec<ChannelRef> =
            topics.map(|topic| ChannelRef { found: found.clone(), topic: Some(topic) }).collect();
        Ok(std::iter::once(found.into()).chain(topics).collect())
    }

    /// The topics of a group, and where they stood at a time, or stand now.
    pub(in crate::services) async fn topic_places(
        &self,
        found: &GroupRef,
        at: Option<Millis>,
    ) -> Result<Vec<TopicPlace>, StorageError> {
        let places = side_by_side(self.topics(found).await?, |topic| async move {
            let created_at = topic.topic.record.created_at;
            let id = topic.id.clone();
            let log = ChannelRef { found: found.clone(), topic: Some(topic) }.channel().log;
            let end = self.deps.engine.log_end(&log).await?;
            let before = match at {
                Some(at) if at <= created_at => Seq::ZERO,
                Some(at) if at <= end.at => self.timelines.last_before(&log, at).await?,
                _ => end.seq,
            };
            Ok::<_, StorageError>(TopicPlace { topic: id, before, end: end.seq })
        });
        places.await
    }

    /// The last number in a channel of what was said before a member came. Of a topic their membership does not say it: the
    /// times of the entries do.
    pub(in crate::services) async fn joined_after(
        &self,
        place: &ChannelRef,
        member: &Member,
    ) -> Result<Seq, StorageError> {
        match &place.topic {
            None => Ok(member.joined_after),
            Some(topic) if topic.topic.record.created_at >= member.joined_at => Ok(Seq::ZERO),
            Some(_) => self.timelines.last_before(&place.channel().log, member.joined_at).await,
        }
    }

    /// The group, for one who may make, change and end topics in it.
    async fn with_topics_for(&self, actor: &Actor, id: &GroupId) -> Result<GroupRef, GroupError> {
        let (found, member) = self.as_seen_by(actor, id).await?;
        if !found.group.record.has_topics {
            return Err(GroupError::NotAllowed(Denial::NoTopics));
        }
        require(actor, member.as_ref(), self.rules(found.app, found.group.record.kind).edits_profile)?;
        Ok(found)
    }

    /// Makes a topic. It can be spoken in when this returns.
    pub async fn create_topic(
        &self,
        actor: &Actor,
        id: &GroupId,
        new: &NewTopic,
    ) -> Result<TopicId, GroupError> {
        let limits = &self.deps.settings(actor.app).limits;
        let text = |value: &str, most, text| check_text(value, most, text);
        if new.name.is_empty() {
            return Err(GroupError::Invalid(Invalid::TopicNameEmpty));
        }
        text(&new.name, limits.group_name_bytes, Text::TopicName)?;
        text(&new.introduction, limits.group_introduction_bytes, Text::Introduction)?;
        text(&new.notification, limits.group_notification_bytes, Text::Notification)?;
        text(&new.face, limits.group_face_bytes, Text::Face)?;
        text(&new.custom, limits.topic_custom_bytes, Text::TopicCustom)?;
        if let Some(topic) = &new.id {
            let is_printable = topic.as_str().bytes().all(|byte| (0x20..=0x7e).contains(&byte));
            if topic.group() != *id || !is_printable {
                return Err(GroupError::BadTopicId);
            }
        }
        let most = limits.topics_per_group;
        let decided = self.deps.decide("make a topic", || async {
            let found = self.with_topics_for(actor, id).await?;
            let made = || TopicId::parse(&format!("{id}{}{}", TopicId::MARK, made_letters(new.request)));
            let topic_id = match &new.id {
                Some(topic) => topic.clone(),
                None => made().map_err(|_| GroupError::BadTopicId)?,
            };
            if self.topic(&found, &topic_id).await?.is_some() {
                let is_repeated = new.id.is_none() && new.request.is_some();
                return if is_repeated { Ok(Decision::Done(topic_id)) } else { Err(GroupError::TopicTaken) };
            }
            let now = self.deps.now();
            let topic = GroupTopic {
                epoch: rand::random(),
                name: new.name.clone(),
                introduction: new.introduction.clone(),
                notification: new.notification.clone(),
                face: new.face.clone(),
                custom: new.custom.clone(),
                created_at: now,
                mute_all: false,
            };
            let (key, unchanged) = found.unchanged();
            let label = GroupLabel { id: (&topic_id).into(), ..found.label() };
            let push = event::group::topic_created(&label, &actor.user, self.deps.clock.number(), now);
            let group = found.channel().topic;
            let batch = Batch::new(found.partition(), now)
                .check(key, unchanged)
                .put(group_key(), records::encode(&found.group.record))
                .check(topic_key(&found, &topic_id), Expected::Absent)
                .put(topic_key(&found, &topic_id), records::encode(&topic))
                .add(count_key(&found), 1, Some(i64::try_from(most).unwrap_or(i64::MAX)))
                .announce(group.clone(), Control::TopicMade { topic: topic_id.clone() })
                .announce(group, Push::new(push).by(actor.origin()));
            Ok(Decision::Commit(batch, topic_id))
        });
        decided.await.map_err(|error| match error {
            // The only count of the batch is that of the topics.
            GroupError::Full => {
                Bound::TopicsPerGroup.refused(id);
                GroupError::TooManyTopics
            }
            error => error,
        })
    }

    /// Changes a topic.
    pub async fn modify_topic(
        &self,
        actor: &Actor,
        id: &GroupId,
        topic: &TopicId,
        edit: &TopicEdit,
    ) -> Result<(), GroupError> {
        let limits = &self.deps.settings(actor.app).limits;
        let text =
            |value: &Option<String>, most, text| check_text(value.as_deref().unwrap_or_default(), most, text);
        if edit.name.as_deref() == Some("") {
            return Err(GroupError::Invalid(Invalid::TopicNameEmpty));
        }
        text(&edit.name, limits.group_name_bytes, Text::TopicName)?;
        text(&edit.introduction, limits.group_introduction_bytes, Text::Introduction)?;
        text(&edit.notification, limits.group_notification_bytes, Text::Notification)?;
        text(&edit.face, limits.group_face_bytes, Text::Face)?;
        text(&edit.custom, limits.topic_custom_bytes, Text::TopicCustom)?;
        let decided = self.deps.decide("change a topic", || async {
            let found = self.with_topics_for(actor, id).await?;
            let known = self.topic(&found, topic).await?.ok_or(GroupError::NoTopic)?;
            let mut record = known.topic.record.clone();
            let change = apply(edit, &mut record);
            let place = ChannelRef { found, topic: Some(known) };
            let key = topic_key(&place.found, topic);
            let batch = place.unchanged(Batch::new(place.found.partition(), self.deps.now()));
            let mut batch = batch.put(key, records::encode(&record));
            if self.rules(actor.app, place.found.group.record.kind).tips.profile
                && change != TopicChange::default()
            {
                batch = self.with_tip_in(batch, &place, actor, Change::Topic(Box::new(change)), None).await?;
            }
            Ok::<_, GroupError>(Decision::Commit(batch, ()))
        });
        decided.await
    }

    /// Ends topics of a group, or all of them where none is named, with everything that was said in them. Gives what became
    /// of each.
    pub async fn destroy_topics(
        &self,
        actor: &Actor,
        id: &GroupId,
        named: &[TopicId],
    ) -> Result<Vec<(TopicId, Result<(), GroupError>)>, GroupError> {
        let found = self.with_topics_for(actor, id).await?;
        let named = if named.is_empty() {
            self.topics(&found).await?.into_iter().map(|topic| topic.id).collect()
        } else {
            named.to_vec()
        };
        let mut results = Vec::with_capacity(named.len());
        for named in named.chunks(GONE_AT_ONCE) {
            let decided = self.deps.decide("end topics", || async {
                let found = self.with_topics_for(actor, id).await?;
                let keys: Vec<Key> = named.iter().map(|topic| topic_key(&found, topic)).collect();
                let known: Vec<Result<Option<Versioned<GroupTopic>>, StorageError>> =
                    records::get_each(&self.deps.engine, &found.partition(), &keys).await?;
                let mut gone = Vec::new();
                for (topic, known) in named.iter().zip(known) {
                    if let Some(known) = known? {
                        gone.push(TopicRef { id: topic.clone(), topic: known });
                    }
                }
                if gone.is_empty() {
                    return Ok(Decision::Done((found, gone)));
                }
                let now = self.deps.now();
                let ids: Vec<TopicId> = gone.iter().map(|topic| topic.id.clone()).collect();
                let (number, group) = (self.deps.clock.number(), found.channel().topic);
                let push = event::group::topics_deleted(&found.label(), &actor.user, &ids, number, now);
                let (key, unchanged) = found.unchanged();
                let mut batch = Batch::new(found.partition(), now)
                    .check(key, unchanged)
                    .put(group_key(), records::encode(&found.group.record))
                    .add(count_key(&found), -i64::try_from(gone.len()).unwrap_or(i64::MAX), None)
                    .announce(group.clone(), Control::TopicsGone { topics: ids })
                    .announce(group, Push::new(push).by(actor.origin()));
                for topic in &gone {
                    let key = topic_key(&found, &topic.id);
                    batch = batch.check(key.clone(), Expected::Version(topic.topic.version)).delete(key);
                }
                Ok::<_, GroupError>(Decision::Commit(batch, (found, gone)))
            });
            let (found, gone) = decided.await?;
            let is_gone = |id: &TopicId| gone.iter().any(|topic| topic.id == *id);
            results.extend(named.iter().map(|topic| {
                (topic.clone(), if is_gone(topic) { Ok(()) } else { Err(GroupError::NoTopic) })
            }));
            self.sweep_topics(&found, gone);
        }
        Ok(results)
    }

    /// What is left of topics that are gone lies under numbers that nobody will ask for again.
    pub(super) fn sweep_topics(&self, found: &GroupRef, gone: Vec<TopicRef>) {
        let (engine, partition) = (self.deps.engine.clone(), found.partition());
        self.deps.tasks.spawn(async move {
            for topic in gone {
                if let Err(error) = engine.purge(&partition, OF_AN_EPOCH, topic.epoch()).await {
                    tracing::warn!(%error, "what a topic left behind was not swept");
                }
            }
        });
    }

    /// Fails unless the actor is a member of the group, or an administrator.
    pub async fn as_seen(&self, actor: &Actor, id: &GroupId) -> Result<GroupRef, GroupError> {
        Ok(self.as_seen_by(actor, id).await?.0)
    }

    /// Topics of a group, or all of them where none is named, as the actor sees them; nothing for one that there is not.
    pub async fn topic_views(
        &self,
        actor: &Actor,
        id: &GroupId,
        named: &[TopicId],
    ) -> Result<Vec<(TopicId, Option<TopicView>)>, GroupError> {
        let (found, member) = self.as_seen_by(actor, id).await?;
        if !found.group.record.has_topics {
            return Err(GroupError::NotAllowed(Denial::NoTopics));
        }
        let topics: Vec<(TopicId, Option<TopicRef>)> = if named.is_empty() {
            self.topics(&found).await?.into_iter().map(|topic| (topic.id.clone(), Some(topic))).collect()
        } else {
            let found = &found;
            let known = named.iter().map(|id| async move {
                let topic = self.topic(found, id).await?;
                Ok::<_, StorageError>((id.clone(), topic))
            });
            futures_util::future::try_join_all(known).await?
        };
        let member = member.as_ref().map(|member| &member.record);
        let views = side_by_side(topics, |(id, topic)| {
            let found = found.clone();
            async move {
                let Some(topic) = topic else { return Ok((id, None)) };
                let place = ChannelRef { found, topic: Some(topic) };
                Ok::<_, StorageError>((id, Some(self.topic_view(actor, place, member).await?)))
            }
        });
        Ok(views.await?)
    }

    async fn topic_view(
        &self,
        actor: &Actor,
        place: ChannelRef,
        member: Option<&Member>,
    ) -> Result<TopicView, StorageError> {
        let (now, log) = (self.deps.now(), place.channel().log);
        let end = self.deps.engine.log_end(&log).await?;
        let (Some(member), Some(topic)) = (member, &place.topic) else {
            return Ok(TopicView { place, end, now, own: None });
        };
        let user = &actor.user;
        let keys = [topic.choice_key(user), place.mute_key(user)];
        let values = records::values_each(&self.deps.engine, &place.found.partition(), &keys).await?;
        // What is damaged is not shown, and costs nobody the others.
        let mut values = values.into_iter().map(|value| value.ok().flatten());
        let (choice, mute) = (values.next().flatten(), values.next().flatten());
        let choice: TopicChoice =
            choice.map(|value| records::decode(&value.bytes)).transpose()?.unwrap_or_default();
        let until: Option<u64> = mute.map(|value| records::decode(&value.bytes)).transpose()?;
        let mut position = self.timelines.position(&log, user).await?;
        // What was said before one came is not unread.
        if end.at >= member.joined_at {
            position.read = position.read.max(self.joined_after(&place, member).await?);
        } else {
            position.read = end.seq;
        }
        let muted_until = until.filter(|until| *until > now.seconds()).unwrap_or(0);
        let own = OwnPlace { position, receive: choice.receive, muted_until };
        Ok(TopicView { place, end, now, own: Some(own) })
    }

    /// Changes a member in one topic: whether they may speak there, or how they are told of what is said.
    pub async fn modify_member_in_topic(
        &self,
        actor: &Actor,
        topic: &TopicId,
        user: &UserId,
        (mute_seconds, receive): (Option<u64>, Option<ReceiveOption>),
    ) -> Result<(), GroupError> {
        let decided = self.deps.decide_within("change a member in a topic", |is_doubted| async move {
            let (place, own) = self.place_seen_by(actor, &topic.into()).await?;
            let found = &place.found;
            let Some(target) = self.member(found, user).await? else { return Err(GroupError::NotMember) };
            if mute_seconds.is_some() {
                require(actor, own.as_ref(), self.rules(found.app, found.group.record.kind).mutes)?;
                if !actor.is_admin && rank(actor, own.as_ref()) <= Some(target.record.role) {
                    return Err(GroupError::NotAllowed(Denial::NotOfLowerRole));
                }
            }
            if receive.is_some() && actor.user != *user && !actor.is_admin {
                return Err(GroupError::NotAllowed(Denial::ReceiveIsOnesOwn));
            }
            let now = self.deps.now();
            let mut batch = place
                .unchanged(Batch::new(found.partition(), now))
                .check(found.member_key(user), Expected::Version(target.version));
            if let Some(seconds) = mute_seconds {
                batch = self.with_mute_told(batch, &place, actor, (user, seconds), is_doubted).await?;
            }
            if let (Some(receive), Some(topic)) = (receive, &place.topic) {
                let key = topic.choice_key(user);
                batch = if receive == ReceiveOption::default() {
                    batch.delete(key)
                } else {
                    batch.put(key, records::encode(&TopicChoice { receive }))
                };
                let number = self.deps.clock.number();
                let body = event::group::receive_option(user, &place.label(), receive, number, now);
                let push = Push::new(body).by(actor.origin());
                batch = batch.announce(Topic::User(actor.app, user.clone()), push);
            }
            Ok::<_, GroupError>(Decision::Commit(batch, ()))
        });
        if decided.await?.is_none() {
            Bound::MutesPerGroup.refused(topic);
            return Err(GroupError::TooManyMutes);
        }
        Ok(())
    }

    /// Takes out what a member who goes has of the topics: they come back as one who is new.
    pub(super) async fn without_places_in_topics(
        &self,
        mut batch: Batch,
        found: &GroupRef,
        user: &UserId,
    ) -> Result<Batch, StorageError> {
        for topic in self.topics(found).await? {
            batch = batch.delete(topic.choice_key(user));
            let place = ChannelRef { found: found.clone(), topic: Some(topic) };
            batch = batch.delete(position_key(&place.channel().log, user));
        }
        Ok(batch)
    }
}

/// Writes the edit into the topic and tells what of it the members must hear.
fn apply(edit: &TopicEdit, topic: &mut GroupTopic) -> TopicChange {
    let set = |field: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            field.clone_from(value);
        }
    };
    set(&mut topic.name, &edit.name);
    set(&mut topic.introduction, &edit.introduction);
    set(&mut topic.notification, &edit.notification);
    set(&mut topic.face, &edit.face);
    set(&mut topic.custom, &edit.custom);
    topic.mute_all = edit.mute_all.unwrap_or(topic.mute_all);
    TopicChange {
        name: edit.name.clone(),
        introduction: edit.introduction.clone(),
        notification: edit.notification.clone(),
        face: edit.face.clone(),
        custom: edit.custom.clone(),
        mute_all: edit.mute_all.map(u8::from),
    }
}

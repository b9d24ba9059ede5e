//! Topics of communities.

use protocol::group::{
    CreateTopic, DestroyTopics, FailedTopic, GetTopics, LastOfTopic, MentionInTopic, ModifyTopic, NamedTopic,
    Switch, TopicCreated, TopicInfo, TopicItem, TopicResult, TopicSelfInfo, Topics, TopicsDestroyed,
};
use protocol::id::{GroupId, Seq, TopicId};
use protocol::json::{flag, raw};
use protocol::push::Mark;
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};

use super::too_large;
use crate::commands::page::{BYTES_OF_LIST, Filling, once};
use crate::commands::{Call, Context, Effect, Refusal, family};
use crate::services::StorageError;
use crate::services::deps::side_by_side;
use crate::services::group::{GroupError, NewTopic, OwnPlace, TopicEdit, TopicView};
use crate::services::timeline::{Entry, Seen};

/// Topics that one call names.
const MAX_NAMED: usize = 100;

pub(in crate::commands) async fn create(
    context: &Context,
    call: &Call,
    request: CreateTopic,
) -> Result<TopicCreated, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let new = NewTopic {
        id: request.topic,
        request: call.request(),
        name: request.name,
        introduction: request.introduction,
        notification: request.notification,
        face: request.face,
        custom: request.custom,
    };
    let topic = context.services.groups.create_topic(&actor, &request.group, &new).await?;
    Ok(TopicCreated { topic })
}

/// The topics that a request names: those that the group may have, and why the others are none of it.
fn named(group: &GroupId, names: Vec<String>) -> Result<(Vec<TopicId>, Vec<String>), Refusal> {
    let names = once(names);
    if names.len() > MAX_NAMED {
        return Err(Refusal::malformed("TopicIdList has at most 100 topics"));
    }
    let (mut topics, mut others) = (Vec::new(), Vec::new());
    for name in names {
        match TopicId::parse(&name) {
            Ok(topic) if topic.group() == *group => topics.push(topic),
            _ => others.push(name),
        }
    }
    Ok((topics, others))
}

fn failure(error: impl Into<Refusal>) -> Failure {
    error.into().failure(&family::COMMUNITY)
}

pub(in crate::commands) async fn get(
    context: &Context,
    call: &Call,
    request: GetTopics,
) -> Result<Topics, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let is_all = request.topics.is_empty();
    let (topics, others) = named(&request.group, request.topics)?;
    // Of a group that the caller may not see nothing is told, whatever is named.
    let views = match topics.is_empty() && !is_all {
        true => context.services.groups.as_seen(&actor, &request.group).await.map(|_| Vec::new())?,
        false => context.services.groups.topic_views(&actor, &request.group, &topics).await?,
    };
    let mut items = Filling::new(usize::MAX, BYTES_OF_LIST);
    let failed = |topic: String, failure: Failure| {
        let topic = NamedTopic { group: request.group.clone(), topic };
        raw(&FailedTopic { code: failure.code, info: failure.info, topic })
    };
    let mut counted = Vec::new();
    let (mentions, actor) = (&context.services.mentions, &actor);
    let by_name = &mentions.by_name(actor).await?;
    let seen = side_by_side(views, |(id, view)| async move {
        let Some(view) = view else { return Ok((id, None)) };
        let seen = context.services.conversations.in_topic(actor, &view).await?;
        let unseen = match view.own {
            Some(_) => mentions.in_place(actor, &view.place, by_name).await?,
            None => Vec::new(),
        };
        Ok::<_, StorageError>((id, Some((view, seen, unseen))))
    });
    for (id, view) in seen.await? {
        let Some((view, seen, unseen)) = view else {
            items.adds(failed(id.as_str().to_owned(), failure(GroupError::NoTopic)));
            continue;
        };
        counted.push(seen.counted);
        if !items.takes(raw(&item(&id, view, (seen.last, seen.uncounted), unseen))) {
            items.adds(failed(id.as_str().to_owned(), too_large(&actor.user)));
        }
    }
    for name in others {
        items.adds(failed(name, failure(GroupError::BadTopicId)));
    }
    call.set_effect(Effect::Counted(counted));
    Ok(Topics { topics: items.items() })
}

fn item(
    id: &TopicId,
    view: TopicView,
    (last, uncounted): (Option<Seen>, Vec<Seq>),
    unseen: Vec<Mark>,
) -> TopicItem {
    let TopicView { place, end, own, now } = view;
    let group = place.found.id.clone();
    let topic = place.topic.map(|topic| topic.topic.record).unwrap_or_default();
    let last = last.and_then(|seen| match seen.entry {
        Entry::Message(message) => Some(LastOfTopic::new(seen.seq, seen.at.seconds(), message, seen.recall)),
        Entry::Tip(_) => None,
    });
    let own = own.map(|OwnPlace { position, receive, muted_until }| TopicSelfInfo {
        read: position.read,
        receive,
        muted_seconds: muted_until.saturating_sub(now.seconds()),
        uncounted,
    });
    let topic = TopicInfo {
        group,
        topic: id.clone(),
        name: topic.name,
        face: topic.face,
        introduction: topic.introduction,
        notification: topic.notification,
        custom: topic.custom,
        created_at: topic.created_at.seconds(),
        mute_all: flag(topic.mute_all),
        next_seq: end.seq.next(),
        last_message_at: end.at.seconds(),
        last,
        mentions: unseen.into_iter().map(MentionInTopic::from).collect(),
    };
    TopicItem { code: ErrorCode::OK, info: "", topic, own }
}

pub(in crate::commands) async fn modify(
    context: &Context,
    call: &Call,
    request: ModifyTopic,
) -> Result<Empty, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    if request.topic.group() != request.group {
        return Err(GroupError::BadTopicId.into());
    }
    let edit = TopicEdit {
        name: request.name,
        introduction: request.introduction,
        notification: request.notification,
        face: request.face,
        custom: request.custom,
        mute_all: request.mute_all.map(|switch| switch == Switch::On),
    };
    context.services.groups.modify_topic(&actor, &request.group, &request.topic, &edit).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn destroy(
    context: &Context,
    call: &Call,
    request: DestroyTopics,
) -> Result<TopicsDestroyed, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let is_all = request.topics.is_empty();
    let (topics, others) = named(&request.group, request.topics)?;
    let done = match topics.is_empty() && !is_all {
        true => context.services.groups.as_seen(&actor, &request.group).await.map(|_| Vec::new())?,
        false => context.services.groups.destroy_topics(&actor, &request.group, &topics).await?,
    };
    let result = |topic: String, outcome: Result<(), GroupError>| match outcome {
        Ok(()) => TopicResult { topic, code: ErrorCode::OK, info: String::new() },
        Err(error) => {
            let Failure { code, info, .. } = failure(error);
            TopicResult { topic, code, info }
        }
    };
    let done = done.into_iter().map(|(topic, outcome)| result(topic.as_str().to_owned(), outcome));
    let others = others.into_iter().map(|name| result(name, Err(GroupError::BadTopicId)));
    Ok(TopicsDestroyed { results: done.chain(others).collect() })
}

//! Messages in groups.

use protocol::group::Tip;
use protocol::id::Seq;
use protocol::json::raw;
use protocol::message::group::{
    DeleteForMe, GetGroupRecalls, GetHistory, GetHistorySimple, GetRecalls, History, RecallItem, RecallList,
    RecallLists, RecallMessages, RecallQuery, RecallResult, Recalled, ReportRead, Send, Sent, SimpleHistory,
    SimpleItem,
};
use protocol::message::{Body, BodyError, GroupItem, GroupLabel, Message, SYSTEM_ACCOUNT};
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};
use serde_json::value::RawValue;

use crate::commands::group::group_failure;
use crate::commands::{Call, Context};
use crate::services::core::Actor;
use crate::services::message::{Draft, GroupHistory, MessageError};
use crate::services::timeline::{Entry, Seen};

/// Messages of one page, whatever more is asked for.
const MAX_PAGE: usize = 20;
/// The number of the first message of a group.
const FIRST: Seq = Seq(1);
/// What the SDKs ask for when they fill a gap after a reconnect; for a page of history they ask for more.
const GAP_PAGE: u32 = 15;
/// Numbers that one call recalls or deletes.
const MAX_SEQS: usize = 30;
/// Recalls told at once.
const MAX_RECALLS: usize = 100;
/// Groups asked about at once.
const MAX_QUERIES: usize = 10;
/// Members to whom one message can be directed.
const MAX_RECEIVERS: usize = 50;

pub(in crate::commands) fn message_failure(error: &MessageError) -> Failure {
    let code = match error {
        MessageError::Group(error) => return group_failure(error),
        MessageError::Muted => ErrorCode::MUTED,
        MessageError::TooLong => ErrorCode::TOO_LONG,
        MessageError::TooFast => ErrorCode::GROUP_TOO_FAST,
        MessageError::TooManyMentions => ErrorCode::TOO_MANY_MENTIONS,
    };
    Failure::new(code)
}

pub(in crate::commands) async fn send(
    context: &Context,
    call: &Call,
    request: Send,
) -> Result<Sent, Failure> {
    let actor = call.actor()?;
    if request.only_to.len() > MAX_RECEIVERS {
        return Err(Failure::new(ErrorCode::GROUP_TOO_MANY_ACCOUNTS));
    }
    let (options, mentions) = (request.options(), request.mentions());
    // The service knows the limit; here only what no limit would allow is kept out.
    let body = Body::parse(request.body, usize::MAX)
        .map_err(|error: BodyError| Failure::because(ErrorCode::GROUP_BAD_PARAMETER, error))?;
    let draft = Draft {
        from: request.from.unwrap_or_else(|| actor.user.clone()),
        random: u64::from(request.random),
        client_seq: request.client_seq,
        client_time: request.client_time,
        priority: request.priority,
        body,
        cloud_custom_data: request.cloud_custom_data,
        mentions,
        options,
    };
    let messages = &context.services.group_messages;
    let sent = messages.send(&actor, &request.group, draft, &request.only_to).await;
    let head = sent.map_err(|error| message_failure(&error))?;
    Ok(Sent { time: head.at.seconds(), seq: head.seq })
}

/// An entry as the SDKs read it.
fn item(label: &GroupLabel, seen: &Seen, counts: bool) -> Box<RawValue> {
    let item = match &seen.entry {
        Entry::Message(message) => GroupItem::message(label, seen.seq, seen.at, message, counts),
        Entry::Tip(tip) => GroupItem::tip(label, seen.seq, seen.at, tip, counts),
    };
    let item = item.in_history(seen.recall.as_ref());
    if seen.is_hidden { raw(&item.hidden()) } else { raw(&item) }
}

pub(in crate::commands) async fn get_history(
    context: &Context,
    call: &Call,
    request: GetHistory,
) -> Result<History, Failure> {
    let actor = call.actor()?;
    let messages = &context.services.group_messages;
    let history = if request.get_type == 3 {
        let exact: Vec<Seq> = request.exact.into_iter().take(MAX_PAGE).collect();
        messages.exactly(&actor, &request.group, &exact).await
    } else {
        let count = page_size(request.count);
        messages.history(&actor, &request.group, request.newest, count).await
    };
    let GroupHistory { found, mut items, mut next, newest } =
        history.map_err(|error| message_failure(&error))?;
    // 2.27.6 takes a page that ends with number 2 for the last one. It asked for one more than a page has, so it gets
    // number 1 too.
    if next == Some(FIRST) && request.count as usize > MAX_PAGE {
        let first = messages.exactly(&actor, &request.group, &[FIRST]).await;
        items.extend(first.map_err(|error| message_failure(&error))?.items);
        next = None;
    }
    let (label, counts) = (found.label(), messages.counts_unread(found.group.record.kind));
    // The SDKs fill a gap upwards: they go on from the newest number of the answer, and must find one in it.
    let fills_gap = (1..=GAP_PAGE).contains(&request.count);
    let gone = match newest {
        Some(newest) if fills_gap && next.is_none() => ends_of_range(newest, &items),
        _ => Vec::new(),
    };
    let shown = items.iter().map(|seen| item(&label, seen, counts));
    let gone = gone.into_iter().map(|seq| raw(&GroupItem::gone(&label, seq)));
    let invisible = items.iter().filter(|seen| seen.is_hidden).map(|seen| seen.seq).collect();
    let items: Vec<_> = shown.chain(gone).collect();
    // Only an empty page is the end: the 2.x SDKs throw the messages of a page away that says it is.
    let finished = if items.is_empty() { 2 } else { 1 };
    Ok(History { group: request.group, finished, next, invisible, items })
}

/// Numbers that stand for what is kept no more, so that a client sees how far the answer reaches, behind `items`:
/// the newest of the range where none is left, and the first of the group where none is older.
fn ends_of_range(newest: Seq, items: &[Seen]) -> Vec<Seq> {
    let mut ends = Vec::new();
    if items.is_empty() {
        ends.push(newest);
    }
    if items.last().map_or(newest, |oldest| oldest.seq) > FIRST {
        ends.push(FIRST);
    }
    ends
}

fn page_size(asked: u32) -> usize {
    match asked as usize {
        0 => MAX_PAGE,
        count => count.min(MAX_PAGE),
    }
}

pub(in crate::commands) async fn get_history_simple(
    context: &Context,
    call: &Call,
    request: GetHistorySimple,
) -> Result<SimpleHistory, Failure> {
    let actor = call.actor()?;
    let count = page_size(request.count);
    let history =
        context.services.group_messages.history(&actor, &request.group, request.newest, count).await;
    let GroupHistory { items, next, .. } = history.map_err(|error| message_failure(&error))?;
    let is_cut = next.is_some() && items.len() < request.count as usize;
    Ok(SimpleHistory {
        group: request.group,
        finished: u8::from(!is_cut),
        items: items.iter().map(simple_item).collect(),
    })
}

fn simple_item(seen: &Seen) -> SimpleItem {
    let is_recalled = seen.recall.is_some();
    let (from, body, custom, priority, random, is_system) = match &seen.entry {
        Entry::Message(message) => simple_message(message),
        Entry::Tip(tip) => simple_tip(tip),
    };
    SimpleItem {
        from,
        place: if is_recalled { 2 } else { 0 },
        system: u8::from(is_system),
        // To a back end a recalled message is empty; the SDKs need its body.
        body: if is_recalled { raw(&Vec::<()>::new()) } else { body },
        cloud_custom_data: if is_recalled { String::new() } else { custom },
        priority,
        random,
        seq: seen.seq,
        time: seen.at.seconds(),
    }
}

type SimpleParts = (String, Box<RawValue>, String, u8, u64, bool);

fn simple_message(message: &Message) -> SimpleParts {
    (
        message.from.user.as_str().to_owned(),
        raw(&message.body),
        message.cloud_custom_data.clone(),
        message.priority.number(),
        message.random,
        false,
    )
}

fn simple_tip(tip: &Tip) -> SimpleParts {
    (SYSTEM_ACCOUNT.to_owned(), raw(&Vec::<()>::new()), String::new(), 2, tip.random, true)
}

pub(in crate::commands) async fn recall(
    context: &Context,
    call: &Call,
    request: RecallMessages,
) -> Result<Recalled, Failure> {
    let actor = call.actor()?;
    if request.seqs.is_empty() || request.seqs.len() > MAX_SEQS {
        return Err(Failure::because(ErrorCode::GROUP_BAD_PARAMETER, "MsgSeqList has 1 to 30 numbers"));
    }
    let seqs: Vec<Seq> = request.seqs.iter().map(|item| item.seq).collect();
    let messages = &context.services.group_messages;
    let outcomes = messages.recall(&actor, &request.group, &seqs, &request.reason).await;
    let results = outcomes
        .map_err(|error| message_failure(&error))?
        .into_iter()
        .map(|outcome| RecallResult { seq: outcome.seq, code: outcome.code })
        .collect();
    Ok(Recalled { results })
}

pub(in crate::commands) async fn report_read(
    context: &Context,
    call: &Call,
    request: ReportRead,
) -> Result<Empty, Failure> {
    let actor = call.actor()?;
    let read = context.services.group_messages.read(&actor, &request.group, request.seq).await;
    read.map_err(|error| message_failure(&error))?;
    Ok(Empty {})
}

pub(in crate::commands) async fn delete_for_me(
    context: &Context,
    call: &Call,
    request: DeleteForMe,
) -> Result<Empty, Failure> {
    let actor = call.actor_for(request.deleter.as_ref())?;
    let seqs: Option<Vec<Seq>> = request.seqs.iter().map(|text| text.parse().ok().map(Seq)).collect();
    let seqs = seqs.filter(|seqs| (1..=MAX_SEQS).contains(&seqs.len())).ok_or_else(|| {
        Failure::because(ErrorCode::GROUP_BAD_PARAMETER, "Seqs has 1 to 30 numbers as texts")
    })?;
    let deleted = context.services.group_messages.delete_for_me(&actor, &request.group, &seqs).await;
    deleted.map_err(|error| message_failure(&error))?;
    Ok(Empty {})
}

async fn recall_list(context: &Context, actor: &Actor, query: RecallQuery) -> Result<RecallList, Failure> {
    let limit = (query.limit as usize).clamp(1, MAX_RECALLS);
    let end_us = if query.end_us == 0 { u64::MAX } else { query.end_us };
    let messages = &context.services.group_messages;
    let recalls = messages.recalls(actor, &query.group, query.begin_us, end_us, limit).await;
    let recalls = recalls.map_err(|error| message_failure(&error))?;
    Ok(RecallList {
        group: query.group,
        next_us: if recalls.len() < limit { 0 } else { recalls.last().map_or(0, |recall| recall.at_us) },
        recalls: recalls
            .into_iter()
            .map(|past| RecallItem { seq: past.seq, random: past.random, recall: past.recall })
            .collect(),
    })
}

pub(in crate::commands) async fn get_recalls(
    context: &Context,
    call: &Call,
    request: GetRecalls,
) -> Result<RecallLists, Failure> {
    let actor = call.actor()?;
    let mut lists = Vec::new();
    for query in request.queries.into_iter().take(MAX_QUERIES) {
        let group = query.group.clone();
        // A group that the user left meanwhile must not spoil the others; an empty list ends the question.
        let empty = |_| RecallList { group, next_us: 0, recalls: Vec::new() };
        lists.push(recall_list(context, &actor, query).await.unwrap_or_else(empty));
    }
    Ok(RecallLists { lists })
}

pub(in crate::commands) async fn get_group_recalls(
    context: &Context,
    call: &Call,
    request: GetGroupRecalls,
) -> Result<RecallList, Failure> {
    recall_list(context, &call.actor()?, request.query).await
}

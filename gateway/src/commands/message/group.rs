//! Messages in groups.

use protocol::group::Tip;
use protocol::id::Seq;
use protocol::json::raw;
use protocol::message::group::{
    DeleteForMe, GetGroupRecalls, GetHistory, GetHistorySimple, GetRecalls, History, HistoryPage, RecallItem,
    RecallList, RecallLists, RecallMessages, RecallQuery, RecallResult, Recalled, ReportRead, Send, Sent,
    SimpleHistory, SimpleItem,
};
use protocol::message::{Body, BodyError, GroupItem, GroupLabel, Message, SYSTEM_ACCOUNT};
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};
use serde_json::value::RawValue;

use crate::commands::group::channel;
use crate::commands::page::{self, Filling, once};
use crate::commands::table::{Row, rows};
use crate::commands::{Call, Context, Refusal};
use crate::services::deps::{Actor, side_by_side};
use crate::services::message::{Draft, GroupHistory, MessageError, NotRecalled, RecallOutcome};
use crate::services::rates::{Rule, TooOften};
use crate::services::timeline::{Entry, Seen};

/// Messages of one page, whatever more is asked for.
const MAX_PAGE: usize = 20;
/// The number of the first message of a group.
const FIRST: Seq = Seq(1);
/// Numbers that one call recalls or deletes.
const MAX_SEQS: usize = 30;
/// Recalls told at once.
const MAX_RECALLS: usize = 100;
/// Groups asked about at once.
const MAX_QUERIES: usize = 10;
/// Members to whom one message can be directed.
const MAX_RECEIVERS: usize = 50;

pub(in crate::commands) static ROWS: &[Row] = rows! {
    GROUP {
        UserOrAdmin Apart Send => send, 100 per second per user, 200 per second per app;
        User Apart GetHistory => get_history, 50 per second per user;
        Admin Apart GetHistorySimple => get_history_simple, 200 per second per app;
        User Changes + Once RecallMessages => recall, 50 per second per user;
        User Changes ReportRead => report_read, 100 per second per user;
        User Changes + Once DeleteForMe => delete_for_me, 50 per second per user;
        User Apart GetRecalls => get_recalls, 50 per second per user;
        User Apart GetGroupRecalls => get_group_recalls, 50 per second per user;
    }
};

impl From<MessageError> for Refusal {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::Group(error) => error.into(),
            MessageError::Muted => ErrorCode::MUTED.into(),
            MessageError::TooLong => ErrorCode::TOO_LONG.into(),
            MessageError::NoRoom => {
                Failure::because(ErrorCode::TOO_LONG, "no room is left for it in this group").into()
            }
            MessageError::TooFast => ErrorCode::GROUP_TOO_FAST.into(),
            MessageError::TooOften(TooOften(Rule::AppAccountsMade)) => ErrorCode::GROUP_TOO_OFTEN.into(),
            MessageError::TooOften(why) => Failure::because(ErrorCode::GROUP_TOO_FAST, why).into(),
            MessageError::TooManyMentions => ErrorCode::TOO_MANY_MENTIONS.into(),
            MessageError::TooManyPins => ErrorCode::TOO_MANY_PINS.into(),
            MessageError::PinnedAlready => ErrorCode::PINNED_ALREADY.into(),
            MessageError::NoHistory => ErrorCode::NO_HISTORY.into(),
            MessageError::NotDeleted => ErrorCode::NOT_DELETED_HERE.into(),
        }
    }
}

impl From<NotRecalled> for ErrorCode {
    fn from(why: NotRecalled) -> Self {
        match why {
            NotRecalled::Missing => ErrorCode::RECALL_MISSING,
            NotRecalled::Impossible => ErrorCode::RECALL_IMPOSSIBLE,
            NotRecalled::NotAllowed => ErrorCode::GROUP_NOT_ALLOWED,
            NotRecalled::TooLate => ErrorCode::RECALL_TOO_LATE,
        }
    }
}

pub(in crate::commands) async fn send(
    context: &Context,
    call: &Call,
    request: Send,
) -> Result<Sent, Refusal> {
    let actor = call.actor()?;
    let channel = channel(&request.group, request.topic.as_ref())?;
    if request.only_to.len() > MAX_RECEIVERS {
        return Err(ErrorCode::GROUP_TOO_MANY_ACCOUNTS.into());
    }
    let (options, mentions) = (request.options(), request.mentions());
    // The service knows the limit; here only what no limit would allow is kept out.
    let body = Body::parse(request.body, usize::MAX);
    let body = body.map_err(|error: BodyError| Refusal::malformed(error.to_string()))?;
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
    let said = messages.send(&actor, &channel, draft, &request.only_to).await?;
    let end = said.end;
    if said.is_in_order {
        call.set_said(said);
    }
    Ok(Sent { time: end.at.seconds(), seq: end.seq })
}

/// An entry as the SDKs read it.
fn item(label: &GroupLabel, seen: &Seen, counts: bool) -> Box<RawValue> {
    let item = match &seen.entry {
        Entry::Message(message) => GroupItem::message(label, seen.seq, seen.at, message, counts),
        Entry::Tip(tip) => GroupItem::tip(label, seen.seq, seen.at, tip),
    };
    let item = item.in_history(seen.recall.as_ref());
    if seen.is_hidden { raw(&item.hidden()) } else { raw(&item) }
}

pub(in crate::commands) async fn get_history(
    context: &Context,
    call: &Call,
    request: GetHistory,
) -> Result<History, Refusal> {
    let actor = call.actor()?;
    let channel = channel(&request.group, request.topic.as_ref())?;
    let messages = &context.services.group_messages;
    let GroupHistory { place, mut items, mut next, newest } = if request.get_type == 3 {
        let exact = once(request.exact.clone());
        if exact.len() > MAX_PAGE {
            return Err(Refusal::malformed("ReqMsgSeqList has at most 20 numbers"));
        }
        messages.exactly(&actor, &channel, &exact).await?
    } else {
        messages.history(&actor, &channel, request.newest, page_size(request.count)).await?
    };
    // 2.27.6 takes a page that ends with number 2 for the last one. It asked for one more than a page has, so it gets
    // number 1 too.
    if next == Some(FIRST) && request.count as usize > MAX_PAGE {
        items.extend(messages.exactly(&actor, &channel, &[FIRST]).await?.items);
        next = None;
    }
    let (label, counts) = (place.label(), messages.counts_unread(&place.found));
    let page = HistoryPage {
        items: items.iter().map(|seen| (seen.seq, item(&label, seen, counts))).collect(),
        hidden: items.iter().filter(|seen| seen.is_hidden).map(|seen| seen.seq).collect(),
        next,
        newest,
    };
    Ok(History::of(&request, &label, page))
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
) -> Result<SimpleHistory, Refusal> {
    let actor = call.actor()?;
    let count = page_size(request.count);
    let channel = channel(&request.group, request.topic.as_ref())?;
    let messages = &context.services.group_messages;
    let GroupHistory { items, next, .. } = messages.history(&actor, &channel, request.newest, count).await?;
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
        raw(&message.body.mended()),
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
) -> Result<Recalled, Refusal> {
    let actor = call.actor()?;
    if request.seqs.is_empty() || request.seqs.len() > MAX_SEQS {
        return Err(Refusal::malformed("MsgSeqList has 1 to 30 numbers"));
    }
    let seqs: Vec<Seq> = request.seqs.iter().map(|item| item.seq).collect();
    let channel = channel(&request.group, request.topic.as_ref())?;
    let messages = &context.services.group_messages;
    let outcomes = messages.recall(&actor, &channel, &seqs, &request.reason).await?;
    let result = |outcome: RecallOutcome| RecallResult {
        seq: outcome.seq,
        code: outcome.result.err().map_or(ErrorCode::OK, ErrorCode::from),
    };
    Ok(Recalled { results: outcomes.into_iter().map(result).collect() })
}

pub(in crate::commands) async fn report_read(
    context: &Context,
    call: &Call,
    request: ReportRead,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    let channel = channel(&request.group, request.topic.as_ref())?;
    context.services.group_messages.read(&actor, &channel, request.seq).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn delete_for_me(
    context: &Context,
    call: &Call,
    request: DeleteForMe,
) -> Result<Empty, Refusal> {
    let actor = call.actor_for(request.deleter.as_ref())?;
    let seqs: Option<Vec<Seq>> = request.seqs.iter().map(|text| text.parse().ok().map(Seq)).collect();
    let seqs = seqs
        .filter(|seqs| (1..=MAX_SEQS).contains(&seqs.len()))
        .ok_or(Refusal::malformed("Seqs has 1 to 30 numbers as strings"))?;
    let channel = channel(&request.group, request.topic.as_ref())?;
    context.services.group_messages.delete_for_me(&actor, &channel, &seqs).await?;
    Ok(Empty {})
}

/// What was recalled while a device was away. One that is back was told so when it came: 2.x SDKs count a recall that they
/// are told twice as two messages less to be read.
async fn recall_list(
    context: &Context,
    (actor, is_resumed): (&Actor, bool),
    query: RecallQuery,
) -> Result<RecallList, Refusal> {
    let (group, topic) = (query.group, query.topic);
    let channel = channel(&group, topic.as_ref())?;
    if is_resumed {
        return Ok(RecallList { group, topic, next_us: 0, recalls: Vec::new() });
    }
    let limit = (query.limit as usize).clamp(1, MAX_RECALLS);
    let end_us = if query.end_us == 0 { u64::MAX } else { query.end_us };
    let messages = &context.services.group_messages;
    let recalls = messages.recalls(actor, &channel, query.begin_us, end_us, limit).await?;
    let mut is_cut = recalls.len() >= limit;
    let mut page = Filling::new(limit, page::BYTES / MAX_QUERIES);
    let mut last_us = 0;
    for past in recalls {
        if !page.takes(raw(&RecallItem { seq: past.seq, random: past.random, recall: past.recall })) {
            is_cut = true;
            break;
        }
        last_us = past.at_us;
    }
    Ok(RecallList { group, topic, next_us: if is_cut { last_us } else { 0 }, recalls: page.items() })
}

pub(in crate::commands) async fn get_recalls(
    context: &Context,
    call: &Call,
    request: GetRecalls,
) -> Result<RecallLists, Refusal> {
    let actor = call.actor()?;
    if request.queries.len() > MAX_QUERIES {
        return Err(Refusal::malformed("NotifyReqList has at most 10 groups"));
    }
    let (actor, is_resumed) = (&actor, call.is_resumed());
    let lists = side_by_side(request.queries, |query| async move {
        let (group, topic) = (query.group.clone(), query.topic.clone());
        match recall_list(context, (actor, is_resumed), query).await {
            // A group that the user left meanwhile must not spoil the others; an empty list ends the question.
            Err(Refusal::Coded(_)) => Ok(RecallList { group, topic, next_us: 0, recalls: Vec::new() }),
            told => told,
        }
    });
    Ok(RecallLists { lists: lists.await? })
}

pub(in crate::commands) async fn get_group_recalls(
    context: &Context,
    call: &Call,
    request: GetGroupRecalls,
) -> Result<RecallList, Refusal> {
    recall_list(context, (&call.actor()?, call.is_resumed()), request.query).await
}

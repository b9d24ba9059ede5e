//! The list of conversations.

use std::collections::BTreeMap;

use protocol::conversation::{
    AllRead, Clear, Contact, Delete, DeleteMany, DeleteResult, Deleted, FoundLists, GetLists, GetMutes,
    GetPage, GroupItem, GroupLast, GroupReadResult, LastMessage, Lists, MuteItem, Mutes, MutesSet, Page,
    PeerItem, PeerLast, Pin, ReadAll, SearchLists, SetMutes, Target,
};
use protocol::group::ReceiveOption;
use protocol::id::{ChannelId, Seq};
use protocol::json::{flag, raw};
use protocol::message::{GroupItem as GroupMessageItem, SYSTEM_ACCOUNT};
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};

use super::page::{self, Filling, once};
use super::table::{Row, rows};
use super::{Call, Context, Effect, Refusal, family};
use crate::services::conversation::{Conversation, ConversationError, GroupConversation, PeerConversation};
use crate::services::deps::side_by_side;
use crate::services::timeline::{Entry, Seen};

/// Conversations that one call names.
const MAX_CONTACTS: usize = 100;

/// Groups that one call reads. The SDKs name all in which something is unread, and do not page; so it is as many as a
/// frame of the usual size can name.
const MAX_READ: usize = 10_000;

/// Conversations of one page.
const PAGE: usize = 100;

/// Conversations that are looked at before it is seen whether the page is full.
const AT_ONCE: usize = 20;

pub(super) static ROWS: &[Row] = rows! {
    CONVERSATION {
        User Reads GetPage => get_page, 20 per second per user;
        User Changes + Once DeleteMany => delete_many, 20 per second per user;
        User Changes + Once Delete => delete, 20 per second per user;
        User Changes + Once Clear => clear, 20 per second per user;
        User Changes Pin => pin, 20 per second per user;
        User Apart GetLists => get_lists, 20 per second per user;
        User Apart SearchLists => search_lists, 50 per second per user;
    }
    C2C {
        User Changes + Once ReadAll => read_all, 10 per second per user;
        User Apart GetMutes => get_mutes, 50 per second per user;
        User Apart SetMutes => set_mutes, 20 per second per user;
    }
};

impl From<ConversationError> for Refusal {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::Group(error) => error.into(),
            ConversationError::TooManyPinned => ErrorCode::TOO_MANY_PINNED.into(),
            ConversationError::TooManyMuted => Failure::because(
                ErrorCode::C2C_TOO_MANY_ACCOUNTS,
                "Peer_Account: too many peers are muted with whom nothing was said",
            )
            .into(),
            ConversationError::Busy => Refusal::Busy,
        }
    }
}

fn target(contact: &Contact) -> Result<Target, Refusal> {
    contact.target().ok_or(Refusal::malformed("Type must be 1 with To_Account, or 2 with ToGroupid"))
}

/// `name` is what the request calls its list.
fn targets(name: &'static str, contacts: &[Contact]) -> Result<Vec<Target>, Refusal> {
    if contacts.len() > MAX_CONTACTS {
        return Err(Refusal::malformed(format!("{name} has at most {MAX_CONTACTS} conversations")));
    }
    contacts.iter().map(target).collect()
}

pub(super) async fn get_page(context: &Context, call: &Call, request: GetPage) -> Result<Page, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let conversations = &context.services.conversations;
    let mut places = conversations.places(&actor, request.index).await?.into_iter().peekable();
    let mut page = Filling::new(PAGE, page::BYTES);
    let mut counted = Vec::new();
    while places.peek().is_some() {
        let some: Vec<_> = places.by_ref().take(AT_ONCE).collect();
        let numbers: Vec<u64> = some.iter().map(|place| place.number).collect();
        for (number, conversation) in numbers.into_iter().zip(conversations.at(&actor, some).await?) {
            let item = match conversation {
                Some(Conversation::Peer(conversation)) => {
                    counted.push(conversation.counted.clone());
                    raw(&peer_item(*conversation))
                }
                Some(Conversation::Group(conversation)) => {
                    counted.push(conversation.counted());
                    raw(&group_item(*conversation))
                }
                None => continue,
            };
            if !page.takes(item) {
                // Those that share the number of the first that is left out come once more.
                call.set_effect(Effect::Counted(counted));
                return Ok(Page {
                    complete: 0,
                    index: number.max(request.index.saturating_add(1)),
                    conversations: page.items(),
                    ..Page::default()
                });
            }
        }
    }
    call.set_effect(Effect::Counted(counted));
    Ok(Page { complete: 1, conversations: page.items(), ..Page::default() })
}

fn peer_item(conversation: PeerConversation) -> PeerItem {
    let account = conversation.account.as_ref();
    PeerItem {
        kind: 1,
        unread: conversation.unread,
        last: conversation.last.and_then(peer_last),
        nick: account.map(|account| account.nick().to_owned()).unwrap_or_default(),
        face: account.map(|account| account.face().to_owned()).unwrap_or_default(),
        remark: "",
        peer_read_at: conversation.peer_read_time,
        pinned: flag(conversation.preference.pinned),
        receive: conversation.preference.receive,
        peer: conversation.peer,
    }
}

fn peer_last(seen: Seen) -> Option<PeerLast> {
    let Entry::Message(message) = seen.entry else { return None };
    Some(PeerLast {
        time: seen.at.seconds(),
        seq: message.client_seq,
        from: message.from.user,
        flags: if seen.recall.is_some() { 8 } else { 0 },
        message: LastMessage::Message {
            random: message.random,
            client_time: message.client_time,
            tiny_id: message.from.tiny_id.to_string(),
            body: message.body.mended(),
            cloud_custom_data: message.cloud_custom_data,
            recall: seen.recall,
        },
    })
}

fn group_item(conversation: GroupConversation) -> GroupItem {
    let GroupConversation { found, member, preference, last, end, unread, .. } = conversation;
    let label = found.label();
    let group = found.group.record;
    let is_recalled = last.as_ref().is_some_and(|seen| seen.recall.is_some());
    let last = last.map(|seen| match seen.entry {
        Entry::Message(message) => GroupLast {
            from: message.from.user.as_str().to_owned(),
            name_card: message.from.name_card,
            nick: message.from.nick,
            message: LastMessage::Message {
                random: message.random,
                client_time: message.client_time,
                tiny_id: message.from.tiny_id.to_string(),
                body: message.body.mended(),
                cloud_custom_data: message.cloud_custom_data,
                recall: seen.recall,
            },
        },
        Entry::Tip(tip) => GroupLast {
            from: SYSTEM_ACCOUNT.to_owned(),
            name_card: String::new(),
            nick: String::new(),
            message: LastMessage::Tip {
                event: 4,
                tip: raw(&GroupMessageItem::tip(&label, seen.seq, seen.at, &tip)),
            },
        },
    });
    GroupItem {
        kind: 2,
        group: found.id,
        name: group.name,
        face: group.face,
        group_kind: group.kind,
        next_seq: end.seq.next(),
        // The 2.x SDKs up to 2.26 take the sum of this and what is unread for the newest number, also where nothing
        // counts as unread.
        read: Seq(end.seq.0.saturating_sub(unread)),
        unread,
        // 2.x knows of no such number.
        ignored: 0,
        time: end.at.seconds(),
        seq: end.seq,
        flags: if is_recalled { 2 } else { 0 },
        last,
        receive: receive_number(member.receive),
        pinned: flag(preference.pinned),
    }
}

fn receive_number(option: ReceiveOption) -> u8 {
    match option {
        ReceiveOption::AcceptAndNotify => 0,
        ReceiveOption::Discard => 1,
        ReceiveOption::AcceptNotNotify => 2,
    }
}

pub(super) async fn delete_many(
    context: &Context,
    call: &Call,
    request: DeleteMany,
) -> Result<Deleted, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let targets = targets("ContactItem", &request.contacts)?;
    context.services.conversations.delete(&actor, &targets, request.clear).await?;
    let result = |target| DeleteResult { contact: Contact::from(target), code: ErrorCode::OK, info: "" };
    Ok(Deleted { results: targets.iter().map(result).collect() })
}

pub(super) async fn delete(context: &Context, call: &Call, request: Delete) -> Result<Empty, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let clear = request.clear;
    let target = target(&request.contact())?;
    context.services.conversations.delete(&actor, &[target], clear).await?;
    Ok(Empty {})
}

pub(super) async fn clear(context: &Context, call: &Call, request: Clear) -> Result<Empty, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    context.services.conversations.clear(&actor, &target(&request.contact())?).await?;
    Ok(Empty {})
}

pub(super) async fn pin(context: &Context, call: &Call, request: Pin) -> Result<Empty, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let pinned = match request.operation {
        1 => true,
        2 => false,
        _ => return Err(Refusal::malformed("OperationType must be 1 or 2")),
    };
    context
        .services
        .conversations
        .pin(&actor, &targets("RecentContactItem", &request.contacts)?, pinned)
        .await?;
    Ok(Empty {})
}

pub(super) async fn get_lists(_: &Context, _: &Call, _: GetLists) -> Result<Lists, Refusal> {
    Ok(Lists { complete: 1, next: 0, lists: Vec::new(), contacts: Vec::new() })
}

pub(super) async fn search_lists(_: &Context, _: &Call, _: SearchLists) -> Result<FoundLists, Refusal> {
    Ok(FoundLists { lists: Vec::new(), contacts: Vec::new() })
}

pub(super) async fn read_all(context: &Context, call: &Call, request: ReadAll) -> Result<AllRead, Refusal> {
    let actor = call.actor()?;
    let mut groups = BTreeMap::<ChannelId, Seq>::new();
    for item in request.groups {
        let seq = groups.entry(item.group).or_default();
        *seq = (*seq).max(item.seq);
    }
    if groups.len() > MAX_READ {
        return Err(Refusal::malformed(format!("GroupReadInfo has at most {MAX_READ} groups")));
    }
    if request.peers {
        context.services.conversations.read_all_peers(&actor).await?;
    }
    let (messages, reader) = (&context.services.group_messages, &actor);
    let groups = side_by_side(groups, |(group, seq)| async move {
        let (seq, code) = match messages.read(reader, &group, seq).await {
            Ok(seq) => (seq, ErrorCode::OK),
            Err(error) => (seq, Refusal::from(error).failure(&family::GROUP).code),
        };
        Ok::<_, Refusal>(GroupReadResult { group, seq, code })
    });
    let groups = groups.await?;
    let is_read = |result: &&GroupReadResult| result.code == ErrorCode::OK;
    let read: Vec<(ChannelId, Seq)> =
        groups.iter().filter(is_read).map(|result| (result.group.clone(), result.seq)).collect();
    context.services.conversations.tell_all_read(&actor, request.peers, read).await;
    Ok(AllRead { peers: flag(request.peers), groups })
}

pub(super) async fn get_mutes(context: &Context, call: &Call, request: GetMutes) -> Result<Mutes, Refusal> {
    let actor = call.actor()?;
    let peers = request.peers.map(once);
    if peers.as_ref().is_some_and(|peers| peers.len() > MAX_CONTACTS) {
        return Err(Refusal::malformed("Peer_Account has at most 100 users"));
    }
    let mutes = context.services.conversations.mutes(&actor, peers.as_deref()).await?;
    let mutes = mutes.into_iter().map(|(peer, receive)| MuteItem { peer, receive }).collect();
    Ok(Mutes { mutes, seq: 1 })
}

pub(super) async fn set_mutes(
    context: &Context,
    call: &Call,
    request: SetMutes,
) -> Result<MutesSet, Refusal> {
    let actor = call.actor()?;
    if request.peers.len() > MAX_CONTACTS {
        return Err(Refusal::malformed("Peer_Account has at most 100 users"));
    }
    if request.receive > 2 {
        return Err(Refusal::malformed("Mute_Notifications must be 0, 1 or 2"));
    }
    context.services.conversations.set_mutes(&actor, &request.peers, request.receive).await?;
    Ok(MutesSet { failed: Vec::new(), seq: 1 })
}

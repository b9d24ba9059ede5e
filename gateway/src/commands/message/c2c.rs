//! Messages between two users.

use std::collections::BTreeMap;
use std::fmt;

use protocol::event;
use protocol::id::{ChannelId, Seq, UserId};
use protocol::json::raw;
use protocol::message::c2c::{
    DeleteForMe, GetHistory, GetPeerReadTime, History, MessageKey, PairUnread, PeerReadTimes, RecallMessage,
    ReportRead, Send, Sent, Sync, Synced,
};
use protocol::message::{Body, BodyError, C2cItem, Priority};
use protocol::push::{Mark, NoticeKind};
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};
use serde_json::value::RawValue;

use crate::commands::page::{self, Filling, once};
use crate::commands::table::{Row, rows};
use crate::commands::{Call, Context, Effect, Refusal};
use crate::services::StorageError;
use crate::services::conversation::{Counted, PeerUnread};
use crate::services::deps::{Actor, side_by_side};
use crate::services::message::{C2cError, Direction, Draft, key_of};
use crate::services::push::StoredNotice;
use crate::services::timeline::{Entry, Seen};

/// Messages of one page, whatever more is asked for.
const MAX_PAGE: usize = 100;
/// Messages of one page when the caller does not say.
const PAGE: usize = 15;
/// Keys that one call deletes.
const MAX_KEYS: usize = 30;
/// Peers that one call names.
const MAX_PEERS: usize = 100;

pub(in crate::commands) static ROWS: &[Row] = rows! {
    C2C {
        User Apart Send => send, 100 per second per user;
        User Apart GetHistory => get_history, 50 per second per user;
        User Changes ReportRead => report_read, 100 per second per user;
        User Apart GetPeerReadTime => get_peer_read_time, 50 per second per user;
        User Changes + Once RecallMessage => recall, 50 per second per user;
        User Changes + Once DeleteForMe => delete_for_me, 50 per second per user;
        User Reads Sync => sync, 20 per second per user;
    }
};

impl From<C2cError> for Refusal {
    fn from(error: C2cError) -> Self {
        match error {
            C2cError::NoReceiver => {
                Failure::because(ErrorCode::C2C_BAD_ACCOUNT, "no account is called To_Account").into()
            }
            C2cError::TooLong => ErrorCode::TOO_LONG.into(),
            C2cError::NoRoom => {
                Failure::because(ErrorCode::TOO_LONG, "no room is left for what is said to To_Account").into()
            }
            C2cError::NoRoomForSender => {
                Failure::because(ErrorCode::TOO_LONG, "no room is left for what From_Account says").into()
            }
            C2cError::NoMessage => ErrorCode::C2C_RECALL_MISSING.into(),
            C2cError::RecalledAlready => ErrorCode::C2C_RECALLED_ALREADY.into(),
            C2cError::TooLate => ErrorCode::C2C_RECALL_TOO_LATE.into(),
            C2cError::TooOften(why) => Failure::because(ErrorCode::TOO_OFTEN, why).into(),
            C2cError::Storage(error) => Refusal::Store(error),
        }
    }
}

pub(in crate::commands) async fn send(
    context: &Context,
    call: &Call,
    request: Send,
) -> Result<Sent, Refusal> {
    let actor = call.actor()?;
    let options = request.options();
    let body = Body::parse(request.body, usize::MAX);
    let body =
        body.map_err(|error: BodyError| Failure::worded(ErrorCode::C2C_BAD_BODY, error.to_string()))?;
    let draft = Draft {
        from: request.from.unwrap_or_else(|| actor.user.clone()),
        random: u64::from(request.random),
        client_seq: request.seq,
        client_time: request.client_time,
        priority: Priority::default(),
        body,
        cloud_custom_data: request.cloud_custom_data,
        mentions: Vec::new(),
        options,
    };
    let said = context.services.c2c_messages.send(&actor, &request.to, draft).await?;
    let time = said.end.at.seconds();
    call.set_said(said);
    let key = MessageKey { seq: request.seq, random: u64::from(request.random), time };
    Ok(Sent { time, key: key.to_string() })
}

/// The one of two users who did not send a message.
fn receiver<'a>(actor: &'a Actor, peer: &'a UserId, sender: &UserId) -> &'a UserId {
    if *sender == actor.user { peer } else { &actor.user }
}

fn item(actor: &Actor, peer: &UserId, seen: &Seen) -> Option<Box<RawValue>> {
    let Entry::Message(message) = &seen.entry else { return None };
    let to = receiver(actor, peer, &message.from.user);
    Some(raw(&C2cItem::new(to, seen.at, message).in_history(seen.recall.as_ref())))
}

pub(in crate::commands) async fn get_history(
    context: &Context,
    call: &Call,
    request: GetHistory,
) -> Result<History, Refusal> {
    let actor = call.actor()?;
    let start = match request.key.as_str() {
        "" => None,
        text => Some(MessageKey::parse(text).ok_or(Refusal::malformed(
            "MsgKey must be the key of a message: MsgSeq_MsgRandom_MsgTimeStamp",
        ))?),
    };
    let direction = if request.direction == 1 { Direction::Newer } else { Direction::Older };
    let count = match request.count as usize {
        0 => PAGE,
        count => count.min(MAX_PAGE),
    };
    let messages = &context.services.c2c_messages;
    let mut history =
        messages.history(&actor, &request.peer, direction, (start, request.time), count).await?;
    // A page is filled from the side where the reading begins, and is told oldest first.
    if direction == Direction::Older {
        history.items.reverse();
    }
    let mut page = if history.is_whole {
        Filling::new(usize::MAX, usize::MAX)
    } else {
        Filling::new(count, page::BYTES)
    };
    let mut farthest = None;
    for seen in &history.items {
        let Some(item) = item(&actor, &request.peer, seen) else { continue };
        if !page.takes(item) {
            history.is_complete = false;
            break;
        }
        farthest = key_of(seen);
    }
    // All that was found is on it, and more was looked at.
    if page.len() == history.items.len()
        && let Some(end) = history.looked_up_to
    {
        farthest = Some(end);
    }
    let mut items = page.items();
    if direction == Direction::Older {
        items.reverse();
    }
    Ok(History {
        complete: u8::from(history.is_complete),
        count: items.len(),
        time: farthest.map_or(request.time, |key| key.time),
        key: farthest.map_or(request.key, |key| key.to_string()),
        items,
    })
}

pub(in crate::commands) async fn report_read(
    context: &Context,
    call: &Call,
    request: ReportRead,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    if request.read.items.len() > MAX_PEERS {
        return Err(Refusal::malformed("C2CMsgReadedItem has at most 100 peers"));
    }
    let (messages, actor) = (&context.services.c2c_messages, &actor);
    let read =
        side_by_side(
            request.read.items,
            |item| async move { messages.read(actor, &item.peer, item.time).await },
        );
    read.await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn get_peer_read_time(
    context: &Context,
    call: &Call,
    request: GetPeerReadTime,
) -> Result<PeerReadTimes, Refusal> {
    let actor = call.actor()?;
    let peers = once(request.peers);
    if peers.len() > MAX_PEERS {
        return Err(Refusal::malformed("To_Account has at most 100 peers"));
    }
    let (messages, actor) = (&context.services.c2c_messages, &actor);
    let times = side_by_side(peers, |peer| async move { messages.peer_read_time(actor, &peer).await });
    Ok(PeerReadTimes { times: times.await? })
}

pub(in crate::commands) async fn recall(
    context: &Context,
    call: &Call,
    request: RecallMessage,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    let key = request.message.key();
    context.services.c2c_messages.recall(&actor, &request.message.to, key).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn delete_for_me(
    context: &Context,
    call: &Call,
    request: DeleteForMe,
) -> Result<Empty, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let keys: Option<Vec<MessageKey>> = request.keys.iter().map(|text| MessageKey::parse(text)).collect();
    let keys = keys
        .filter(|keys| (1..=MAX_KEYS).contains(&keys.len()))
        .ok_or(Refusal::malformed("MsgKeyList has 1 to 30 keys: MsgSeq_MsgRandom_MsgTimeStamp"))?;
    context.services.c2c_messages.delete_for_me(&actor, &request.peer, &keys).await?;
    Ok(Empty {})
}

/// What a device knows: the number of its last notice, and for groups in which everybody was mentioned, which it names
/// by a checksum, the last message of which it was told that.
#[derive(Default)]
struct SyncCookie {
    notice: Seq,
    mentions: BTreeMap<u32, Seq>,
}

impl SyncCookie {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('n')?.split('.');
        let notice = Seq(parts.next()?.parse().ok()?);
        let mention = |part: &str| {
            let (group, seq) = part.split_once('-')?;
            Some((u32::from_str_radix(group, 16).ok()?, Seq(seq.parse().ok()?)))
        };
        Some(Self { notice, mentions: parts.map_while(mention).collect() })
    }

    fn group(id: &ChannelId) -> u32 {
        crc32fast::hash(id.as_str().as_bytes())
    }

    fn knows(&self, mark: &Mark) -> bool {
        self.mentions.get(&Self::group(&mark.channel)).is_some_and(|last| *last >= mark.seq)
    }

    fn learn(&mut self, mark: &Mark) {
        let last = self.mentions.entry(Self::group(&mark.channel)).or_default();
        *last = (*last).max(mark.seq);
    }
}

impl fmt::Display for SyncCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.notice)?;
        self.mentions.iter().try_for_each(|(group, seq)| write!(f, ".{group:x}-{seq}"))
    }
}

/// Unread counts, and what was told of groups while the device was away.
///
/// The cookie tells the last notice that the device knew at its last sync; what was pushed to it since it has
/// acknowledged. Without one it is new here: it has all groups fresh, so of the past it needs only the mentions that it
/// has not read.
///
/// Notices that are too large for one answer come in several, each with the cookie from which the next goes on; only the
/// last has the counts, and lets go what is pushed.
pub(in crate::commands) async fn sync(
    context: &Context,
    call: &Call,
    request: Sync,
) -> Result<Synced, Refusal> {
    let actor = call.actor()?;
    let known = SyncCookie::parse(&request.cookie);
    let since = known.as_ref().map_or(Seq(0), |known| known.notice);
    let missed = context.services.notices.missed(&actor, since).await?;
    let is_new = known.is_none();
    let kept = side_by_side(missed.notices, |(seq, at, kept)| {
        let actor = &actor;
        async move {
            let event = match kept {
                StoredNotice::Notice(notice) if !is_new => {
                    // It read the list before this: the SDKs would count nothing in the group any more.
                    let is_undone = notice.kind == NoticeKind::Kicked
                        && context.services.groups.is_member(actor, &notice.group.id.group()).await?;
                    (!is_undone).then(|| raw(&event::push::notice_event(&actor.user, &notice, seq.0, at)))
                }
                StoredNotice::Notice(_) => None,
                StoredNotice::Mark(mark) => {
                    let mentions = &context.services.mentions;
                    let is_unseen = mentions.is_unseen(actor, &mark.channel, mark.seq).await?;
                    is_unseen.then(|| raw(&event::push::mark_event(&actor.user, &mark, seq.0, at)))
                }
            };
            Ok::<_, StorageError>((seq, event))
        }
    });
    // One that is new is told only marks, which are small: all of them fit.
    let mut page = Filling::new(usize::MAX, if is_new { usize::MAX } else { page::BYTES });
    let mut told = since;
    for (seq, event) in kept.await? {
        if event.is_some_and(|event| !page.takes(event)) {
            let cookie = SyncCookie { notice: told, ..known.unwrap_or_default() };
            return Ok(Synced {
                cookie: cookie.to_string(),
                flag: 1,
                events: page.items(),
                ..Synced::default()
            });
        }
        told = seq;
    }
    let mut events: Vec<Box<RawValue>> = page.items();
    let (known, mut knows) =
        (known.unwrap_or_default(), SyncCookie { notice: missed.last, ..Default::default() });
    // Those that it has seen it need not know any more.
    for (at, mark) in context.services.mentions.unseen(&actor).await? {
        knows.learn(&mark);
        if !known.knows(&mark) {
            events.push(raw(&event::push::mark_of_all_event(&mark, at)));
        }
    }
    let (unread, counted) = unread_of_peers(context, &actor, is_new).await?;
    // One that is new was told no notices, so those that are on their way to it are not left out.
    call.set_effect(Effect::Synced { notices: (!is_new).then_some(missed.last), counted });
    Ok(Synced {
        // Never empty: the SDKs drop an answer with an empty cookie.
        cookie: knows.to_string(),
        flag: 2,
        messages: Vec::new(),
        events,
        unread,
        remaining: Vec::new(),
    })
}

/// What is unread of peers. One that is back has counted what it was pushed, and is not told of a conversation that ends
/// with a recall: 2.x SDKs would show that message as it was.
async fn unread_of_peers(
    context: &Context,
    actor: &Actor,
    is_new: bool,
) -> Result<(Vec<PairUnread>, Vec<Counted>), StorageError> {
    let conversations = &context.services.conversations;
    let unread = conversations.unread_of_peers(actor).await?;
    let counted = unread.iter().map(|unread| unread.counted.clone()).collect();
    let told = side_by_side(unread, |PeerUnread { peer, count, .. }| async move {
        let is_told = is_new || !conversations.ends_with_recall(actor, &peer).await?;
        Ok::<_, StorageError>(is_told.then_some(PairUnread { peer, count }))
    });
    Ok((told.await?.into_iter().flatten().collect(), counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_says_what_a_device_knows() {
        let mark = |group: &str, seq| Mark {
            channel: ChannelId::parse(group).unwrap(),
            from: UserId::parse("alice").unwrap(),
            seq: Seq(seq),
            me: false,
            all: true,
        };
        let mut cookie = SyncCookie { notice: Seq(17), ..SyncCookie::default() };
        assert_eq!(cookie.to_string(), "n17");
        cookie.learn(&mark("lobby", 5));
        cookie.learn(&mark("lobby", 3));
        cookie.learn(&mark("office", 1));
        let cookie = SyncCookie::parse(&cookie.to_string()).unwrap();
        assert_eq!(cookie.notice, Seq(17));
        assert!(cookie.knows(&mark("lobby", 5)) && !cookie.knows(&mark("lobby", 6)));
        assert!(cookie.knows(&mark("office", 1)) && !cookie.knows(&mark("attic", 1)));
        assert!(SyncCookie::parse("").is_none() && SyncCookie::parse("n").is_none());
        assert!(SyncCookie::parse("n3.nonsense").is_some_and(|cookie| cookie.notice == Seq(3)));
    }
}

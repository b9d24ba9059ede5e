//! Messages between two users.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::event;
use protocol::id::{AppId, Millis, Seq, UserId};
use protocol::message::c2c::MessageKey;
use protocol::message::{Message, Recall};

use super::said::Said;
use super::sender_order::{Next, SenderOrder};
use super::{Draft, SentMessage, is_recallable};
use crate::bus::{self, Aside, AsideOf, Event, Push, Stamp, Topic};
use crate::services::account::Accounts;
use crate::services::conversation::{Conversations, pair_log};
use crate::services::deps::{Actor, Deps, Outcome, side_by_side};

use crate::services::rates::{Rule, Throttle, TooOften};
use crate::services::timeline::{Entry, EntryRef, Position, Seen, Timelines};
use crate::services::volume::{self, Room, Sent};
use crate::storage::{Batch, Log, LogEnd, StorageError, Window, records};
use crate::telemetry::Bound;

/// Why something between two users was not done.
#[derive(Debug, thiserror::Error)]
pub enum C2cError {
    #[error("the receiver does not exist")]
    NoReceiver,
    #[error("the message is too long")]
    TooLong,
    /// So much is kept already of what the sender has said to the receiver.
    #[error("no room is left for what this user says to this one")]
    NoRoom,
    /// So much is kept already of what the sender has said to all users.
    #[error("no room is left for what this user says to others")]
    NoRoomForSender,
    #[error("no such message")]
    NoMessage,
    #[error("the message was recalled before")]
    RecalledAlready,
    #[error("it is too late to recall the message")]
    TooLate,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Where a page of history lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Older,
    Newer,
}

/// A page of history, oldest first.
pub struct C2cHistory {
    pub items: Vec<Seen>,
    /// It ends where a second does, so all of it is told, however much it is.
    pub is_whole: bool,
    pub is_complete: bool,
    /// Where so much was looked at that the page ends before it is full: the last that was, which is not on it.
    pub looked_up_to: Option<MessageKey>,
}

/// How many entries are read at a time while looking for those that a reader may see.
const STRIDE: usize = 64;

/// How many entries one page looks at: beyond it the client goes on, wherever those lie that the reader may see.
const LOOKED_AT: usize = 4096;

/// What a page of whole seconds holds before it ends with the next one, in bytes as [`weight`] counts them.
const WHOLE_SECONDS: usize = 256 * 1024;

/// What it tells of one second. Two users within their rates say less, unless what they say is long. What is more is left
/// out of the page, and the reading goes on with the next second: a reader who names a second cannot ask for the rest of
/// one, and would ask for the same page for ever. It is in the pages that are read by the keys of messages.
const OF_A_SECOND: usize = 1024 * 1024;

/// Pairs that are kept in memory as ones that have begun to talk.
const PAIRS: usize = 20_000;

/// After this they are looked up again, so that a store which was restored from a backup is made whole.
const FRESH: Duration = Duration::from_secs(60);

/// Messages between two users.
#[derive(Clone)]
pub struct C2cMessages {
    deps: Deps,
    accounts: Accounts,
    conversations: Conversations,
    timelines: Timelines,
    throttle: Throttle,
    order: Arc<SenderOrder>,
    said: Arc<Said>,
    sent: Sent,
    /// Pairs that were seen to have said something, in which epoch of the store, and when.
    begun: Arc<quick_cache::sync::Cache<(u64, Log), Instant>>,
}

impl C2cMessages {
    pub fn new(
        deps: Deps,
        accounts: Accounts,
        conversations: Conversations,
        timelines: Timelines,
        throttle: Throttle,
    ) -> Self {
        let begun = Arc::new(quick_cache::sync::Cache::new(PAIRS));
        let (order, said) = (Arc::new(SenderOrder::new()), Arc::new(Said::new()));
        let sent = Sent::new(deps.clone());
        Self { deps, accounts, conversations, timelines, throttle, order, said, sent, begun }
    }

    /// Says something to one user.
    pub async fn send(&self, actor: &Actor, to: &UserId, draft: Draft) -> Result<SentMessage, C2cError> {
        if draft.body.as_json().len() + draft.cloud_custom_data.len()
            > self.deps.settings(actor.app).limits.message_bytes
        {
            return Err(C2cError::TooLong);
        }
        let (app, from, numbers) = (actor.app, draft.from.clone(), draft.numbers());
        let said = self.said.key(&(app, &from, to, draft.client_seq, draft.random));
        if self.throttle.is_held(actor) && !self.said.has(said) {
            let (pair, arrow) = ((&from, to), format_args!("{from} to {to}"));
            self.throttle.take_of(app, Rule::PairMessages, &pair, 1, &arrow)?;
            self.throttle.take(app, Rule::UserMessages, &from, 1)?;
        }
        let next = self.order.next(&(app, &from, to)).await;
        if self.accounts.known(app, to).await?.is_none() {
            return Err(C2cError::NoReceiver);
        }
        let account = self.accounts.ensure_known(app, &from).await?;
        let now = self.deps.now();
        let message = Message {
            from: account.sender(&from, ""),
            random: draft.random,
            client_seq: draft.client_seq,
            client_time: draft.client_time.unwrap_or_else(|| now.seconds()),
            priority: draft.priority,
            body: draft.body,
            cloud_custom_data: draft.cloud_custom_data,
            mentions: Vec::new(),
            options: draft.options,
            origin: actor.device,
        };
        if message.options.online_only {
            let event: Arc<Event> = bus::Entry::C2cMessage { to: to.clone(), message }.into();
            for topic in both(app, &from, to) {
                let stamp = Some(Stamp { seq: Seq::ZERO, at: now });
                self.deps.bus.publish(topic, stamp, event.clone()).await;
            }
            let end = LogEnd { seq: Seq::ZERO, at: now };
            return Ok(SentMessage {
                numbers,
                conversation: Topic::User(app, to.clone()),
                end,
                is_told: true,
                is_in_order: true,
            });
        }
        // Before it is stored: who hears nothing of it and says it again says nothing new.
        self.said.note(said);
        self.store(next, actor, &from, to, message).await
    }

    async fn store(
        &self,
        next: Next<'_>,
        actor: &Actor,
        from: &UserId,
        to: &UserId,
        message: Message,
    ) -> Result<SentMessage, C2cError> {
        let (app, numbers) = (actor.app, message.client_numbers());
        let log = pair_log(app, from, to);
        let pair = (self.deps.engine.epoch(), log.clone());
        if self.begun.get(&pair).is_none_or(|since| since.elapsed() > FRESH) {
            // The list of conversations is a superset of the truth, so it is written before the first message, and before
            // the next one to somebody whose list was full meanwhile.
            let open = |user, peer| self.conversations.open(app, user, peer);
            futures_util::try_join!(open(from, to), open(to, from))?;
            self.begun.insert(pair, Instant::now());
        }
        let key = [
            from.as_str().as_bytes(),
            b"\0",
            &message.client_seq.to_be_bytes(),
            &message.random.to_be_bytes(),
        ]
        .concat();
        let bytes = records::encode(&EntryRef::Message(&message));
        let batch = Batch::new(log.partition.clone(), self.deps.now()).idempotency_key(key);
        let limits = &self.deps.settings(app).limits;
        let room = self.sent.room(app, from, bytes.len(), limits.bytes_per_user).await?;
        let mut batch = match room {
            Room::Full => volume::refuse(batch, &log, from),
            _ => volume::note(batch, &log, Some(from), bytes.len(), limits.bytes_per_peer),
        }
        .append(log.name.clone(), bytes);
        let event: Arc<Event> = bus::Entry::C2cMessage { to: to.clone(), message }.into();
        for topic in both(app, from, to) {
            batch = batch.announce(topic, event.clone());
        }
        match Outcome::of(next.submit(&self.deps, batch).await)? {
            Outcome::Stored(committed) => {
                if let Room::Kept(kept) = room
                    && !committed.repeated
                {
                    kept.stored(&self.deps);
                }
                let (end, is_told) = (committed.entry(), !committed.repeated);
                Ok(SentMessage {
                    numbers,
                    conversation: Topic::User(app, to.clone()),
                    end,
                    is_told,
                    is_in_order: true,
                })
            }
            Outcome::Bound if matches!(room, Room::Full) => {
                Bound::BytesPerUser.refused(from);
                Err(C2cError::NoRoomForSender)
            }
            Outcome::Bound => {
                Bound::BytesPerPeer.refused(format_args!("{from} to {to}"));
                Err(C2cError::NoRoom)
            }
            // The batch has no checks.
            Outcome::Conflict => {
                Err(StorageError::Failed { operation: "send a message", reason: "refused".into() }.into())
            }
        }
    }

    /// History of the actor with a peer: `count` messages strictly beyond `key`, or from the second `time` on
    /// (inclusive), or from the newest.
    ///
    /// A page from a second on is made of whole seconds, and has one beyond it unless there is none: some SDKs go on from
    /// the last second of a page, and so must neither lose the rest of it nor get the same page again. So they do after a
    /// lost line, and when they hop. Source: observed.
    pub async fn history(
        &self,
        actor: &Actor,
        peer: &UserId,
        direction: Direction,
        (key, time): (Option<MessageKey>, u64),
        count: usize,
    ) -> Result<C2cHistory, C2cError> {
        let log = pair_log(actor.app, &actor.user, peer);
        let position = self.timelines.position(&log, &actor.user).await?;
        let end = self.deps.engine.log_end(&log).await?.seq;
        let (mut low, mut high) = (position.cleared.next(), end);
        let found = match key {
            Some(key) => self.find(&log, key).await?,
            None => None,
        };
        let from_second = (key.is_none() && time > 0).then_some(time);
        // A message that expired or never was still says by its time where the page lies.
        let time = key.map_or(time, |key| key.time);
        match (direction, found) {
            (Direction::Older, Some(seen)) => high = seen.seq.previous(),
            (Direction::Newer, Some(seen)) => low = low.max(seen.seq.next()),
            (Direction::Older, None) if time > 0 => {
                high = self.timelines.first_at(&log, time.saturating_add(1)).await?.previous();
            }
            (Direction::Older, None) => {}
            (Direction::Newer, None) => low = low.max(self.timelines.first_at(&log, time).await?),
        }
        match from_second {
            Some(second) => {
                self.whole_seconds(&log, &actor.user, (low, high), direction, (second, count)).await
            }
            None => self.collect(&log, &actor.user, low, high, direction, count).await,
        }
    }

    /// The visible entries of a range, `count` of them from the side where the reading begins.
    async fn collect(
        &self,
        log: &Log,
        reader: &UserId,
        mut low: Seq,
        mut high: Seq,
        direction: Direction,
        count: usize,
    ) -> Result<C2cHistory, C2cError> {
        let mut items = Vec::new();
        let mut is_complete = true;
        let mut looked_up_to = None;
        let mut looked_at = 0;
        // The page is full only when one more is found: what the range says may be hidden or gone.
        while low <= high && is_complete {
            let newest_first = direction == Direction::Older;
            let window = Window { from: low, to: high, limit: STRIDE, newest_first };
            let seen = self.timelines.read(log, window, Some(reader)).await?;
            let Some(last) = seen.last() else { break };
            match direction {
                Direction::Older => high = last.seq.previous(),
                Direction::Newer => low = last.seq.next(),
            }
            looked_at += seen.len();
            let is_enough = looked_at >= LOOKED_AT && low <= high;
            let end = seen.iter().rev().find_map(key_of);
            let mut visible = seen.into_iter().filter(|item| !item.is_hidden);
            items.extend(visible.by_ref().take(count - items.len()));
            is_complete = visible.next().is_none();
            if is_complete && is_enough && end.is_some() {
                (is_complete, looked_up_to) = (false, end);
            }
        }
        if direction == Direction::Older {
            items.reverse();
        }
        Ok(C2cHistory { items, is_whole: false, is_complete, looked_up_to })
    }

    /// The visible entries of a range that begins with a second, in whole seconds: at least `count` of them, and one that
    /// is not of that second.
    async fn whole_seconds(
        &self,
        log: &Log,
        reader: &UserId,
        (mut low, mut high): (Seq, Seq),
        direction: Direction,
        (second, count): (u64, usize),
    ) -> Result<C2cHistory, C2cError> {
        let mut items: Vec<Seen> = Vec::new();
        let (mut is_complete, mut looked_up_to) = (true, None);
        let (mut looked_at, mut weight_of_all, mut weight_of_last) = (0, 0, 0);
        'page: while low <= high {
            let newest_first = direction == Direction::Older;
            let window = Window { from: low, to: high, limit: STRIDE, newest_first };
            let stride = self.timelines.read(log, window, Some(reader)).await?;
            let Some(last) = stride.last() else { break };
            match direction {
                Direction::Older => high = last.seq.previous(),
                Direction::Newer => low = last.seq.next(),
            }
            looked_at += stride.len();
            let end = stride.iter().rev().find_map(key_of);
            for seen in stride.into_iter().filter(|seen| !seen.is_hidden) {
                let at = seen.at.seconds();
                match items.last().map(|item| item.at.seconds()) {
                    Some(last) if last == at && weight_of_last > OF_A_SECOND => {
                        match direction {
                            Direction::Older => high = self.timelines.first_at(log, at).await?.previous(),
                            Direction::Newer => {
                                low = self.timelines.first_at(log, at.saturating_add(1)).await?
                            }
                        }
                        continue 'page;
                    }
                    Some(last) if last != at => {
                        let has_enough = items.len() >= count || weight_of_all > WHOLE_SECONDS;
                        if has_enough && last != second {
                            is_complete = false;
                            break 'page;
                        }
                        weight_of_last = 0;
                    }
                    _ => {}
                }
                weight_of_last += weight(&seen);
                weight_of_all += weight(&seen);
                items.push(seen);
            }
            if looked_at >= LOOKED_AT && low <= high && end.is_some() {
                (is_complete, looked_up_to) = (false, end);
                break;
            }
        }
        if direction == Direction::Older {
            items.reverse();
        }
        Ok(C2cHistory { items, is_whole: true, is_complete, looked_up_to })
    }

    /// The message with this key.
    async fn find(&self, log: &Log, key: MessageKey) -> Result<Option<Seen>, C2cError> {
        let mut from = self.timelines.first_at(log, key.time).await?;
        loop {
            let window = Window { from, to: Seq(u64::MAX), limit: STRIDE, newest_first: false };
            let seen = self.timelines.read(log, window, None).await?;
            let Some(last) = seen.last() else { return Ok(None) };
            from = last.seq.next();
            for item in seen {
                if item.at.seconds() > key.time {
                    return Ok(None);
                }
                if let Entry::Message(message) = &item.entry
                    && (message.client_seq, message.random) == (key.seq, key.random)
                {
                    return Ok(Some(item));
                }
            }
        }
    }

    /// Notes that the actor has read a peer's messages up to a Unix second, but not beyond the newest, and tells both.
    pub async fn read(&self, actor: &Actor, peer: &UserId, time: u64) -> Result<(), C2cError> {
        let log = pair_log(actor.app, &actor.user, peer);
        let end = self.deps.engine.log_end(&log).await?;
        if end.seq == Seq::ZERO {
            // Nothing was said, so nothing was read, and a stranger is not told of it.
            return Ok(());
        }
        // Or what is said later would be read before.
        let time = time.min(end.at.seconds());
        let read = self.timelines.first_at(&log, time.saturating_add(1)).await?.previous();
        let (moved_at, moved_by) = (self.deps.now(), actor.device);
        let to = Position { read, read_time: time, moved_at, moved_by, ..Position::default() };
        let own = Push::new(event::message::c2c_read(peer, time)).by(actor.origin());
        let own = own.telling(to.aside(|to| AsideOf::PeerRead { peer: peer.clone(), to }));
        let theirs = Push::new(event::message::read_by_peer(&actor.user, time));
        let theirs = theirs.telling(to.aside(|to| AsideOf::ReadByPeer { peer: actor.user.clone(), to }));
        let announces = [
            (Topic::User(actor.app, peer.clone()), theirs.into()),
            (Topic::User(actor.app, actor.user.clone()), own.into()),
        ];
        self.timelines.advance(&log, &actor.user, to, &announces).await?;
        Ok(())
    }

    /// The Unix second up to which a peer has read the actor's messages; 0 is never.
    pub async fn peer_read_time(&self, actor: &Actor, peer: &UserId) -> Result<u64, C2cError> {
        let log = pair_log(actor.app, &actor.user, peer);
        Ok(self.timelines.position(&log, peer).await?.read_time)
    }

    /// Takes the actor's own message back.
    pub async fn recall(&self, actor: &Actor, to: &UserId, key: MessageKey) -> Result<(), C2cError> {
        let log = pair_log(actor.app, &actor.user, to);
        let seen = self.find(&log, key).await?.ok_or(C2cError::NoMessage)?;
        let Entry::Message(message) = &seen.entry else { return Err(C2cError::NoMessage) };
        if message.from.user != actor.user {
            return Err(C2cError::NoMessage);
        }
        if seen.recall.is_some() {
            // A device that did not hear the answer asks again. It is not told of its own recall otherwise.
            let origin = self.timelines.recalled_on(&log, seen.seq).await?;
            let is_repeated = actor.device.is_some() && origin == actor.device;
            return if is_repeated { Ok(()) } else { Err(C2cError::RecalledAlready) };
        }
        if !actor.is_admin
            && !is_recallable(seen.at, self.deps.now(), self.deps.settings(actor.app).limits.recall_seconds)
        {
            return Err(C2cError::TooLate);
        }
        let recall = Recall { by: actor.user.clone(), reason: String::new() };
        let ids = (message.from.tiny_id, message.client_time);
        let recalled = self.timelines.recall_now((seen.seq, message.random), recall, actor.device);
        let receipt = Some(recalled.receipt());
        let body = event::message::c2c_recalled(&actor.user, to, key, ids, &recalled.recall, receipt);
        let push = Push::new(body).by(actor.origin());
        let (message, at) = (Stamp { seq: seen.seq, at: seen.at }, Millis(recalled.at_us / 1000));
        let told = |user: &UserId, peer: &UserId| {
            let of = AsideOf::PeerRecall { peer: peer.clone(), message };
            (Topic::User(actor.app, user.clone()), Event::from(push.clone().telling(Aside { of, at })))
        };
        let mut announces = vec![told(to, &actor.user)];
        if *to != actor.user {
            announces.push(told(&actor.user, to));
        }
        if !self.timelines.recall(&log, recalled, announces).await? {
            return Err(C2cError::RecalledAlready);
        }
        Ok(())
    }

    /// Hides messages from the actor.
    pub async fn delete_for_me(
        &self,
        actor: &Actor,
        peer: &UserId,
        keys: &[MessageKey],
    ) -> Result<(), C2cError> {
        let log = pair_log(actor.app, &actor.user, peer);
        let found = side_by_side(keys.iter().copied(), |key| self.find(&log, key)).await?;
        // What is not there is hidden already.
        let seqs: Vec<Seq> = found.into_iter().flatten().map(|seen| seen.seq).collect();
        if !seqs.is_empty() {
            self.timelines.hide(&log, &actor.user, &seqs).await?;
        }
        Ok(())
    }
}

/// About how many bytes an entry has in an answer.
fn weight(seen: &Seen) -> usize {
    /// What is around the body of a message.
    const AROUND: usize = 400;
    match &seen.entry {
        Entry::Message(message) => AROUND + message.body.as_json().len() + message.cloud_custom_data.len(),
        Entry::Tip(_) => AROUND,
    }
}

/// The key of an entry that is a message.
pub fn key_of(seen: &Seen) -> Option<MessageKey> {
    match &seen.entry {
        Entry::Message(message) => {
            Some(MessageKey { seq: message.client_seq, random: message.random, time: seen.at.seconds() })
        }
        Entry::Tip(_) => None,
    }
}

/// The topics of both users; one, when somebody talks to themselves.
fn both(app: AppId, a: &UserId, b: &UserId) -> Vec<Topic> {
    let mut topics = vec![Topic::User(app, b.clone())];
    if a != b {
        topics.push(Topic::User(app, a.clone()));
    }
    topics
}

//! A user's list of conversations, computed from the logs and from where they stand in them.

mod preference;

use std::sync::Arc;

use bytes::Bytes;
use protocol::conversation::Target;
use protocol::event;
use protocol::id::{AppId, ChannelId, GroupId, Seq, UserId};

use super::account::{Account, Accounts};
use super::cursor;
use super::decide::Refused;
use super::deps::{Actor, Deps, MayBeDamage, side_by_side, whole_ones};
use super::group::{GroupError, GroupRef, Groups, Indexed, Member, TopicView};
use super::timeline::{Entry, Position, Seen, Timelines};
use crate::bus::{AsideOf, Push, Stamp, Topic};
use crate::storage::records::Versioned;
use crate::storage::{Log, LogEnd, Partition, StorageError, Window};

pub use preference::Preference;
pub(super) use preference::{count_pinned, group_key, group_taken_off_up_to};

/// Unread messages are counted one by one up to here; beyond, the difference of the numbers stands for the rest.
const COUNTED_UNREAD: usize = 200;

/// And among so many entries: who says much where nobody else does has many that do not count.
const COUNTED_AMONG: usize = 2000;

/// Entries that are read at once while the last message is looked for: mostly the newest is the last.
const LAST_AT_ONCE: usize = 20;

/// How far back the last message is looked for among those that do not become one. Users hide theirs 30 at a time, and what
/// wants not to be the last comes between others, so it is hardly ever farther; but a list has many conversations.
const LAST_AMONG: usize = 1000;

/// Why something about conversations was not done.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error("too many pinned conversations")]
    TooManyPinned,
    #[error("too many peers are muted with whom nothing was said")]
    TooManyMuted,
    #[error("too many changes at once")]
    Busy,
}

impl From<StorageError> for ConversationError {
    fn from(error: StorageError) -> Self {
        Self::Group(GroupError::Storage(error))
    }
}

impl From<Refused> for ConversationError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy(_) => ConversationError::Busy,
            Refused::Bound(_) => StorageError::from(refused).into(),
        }
    }
}

/// A conversation with a peer.
pub struct PeerConversation {
    pub peer: UserId,
    pub account: Option<Account>,
    pub preference: Preference,
    pub last: Option<Seen>,
    pub unread: u64,
    pub counted: Counted,
    /// Up to when the peer has read.
    pub peer_read_time: u64,
}

/// What is unread of a peer.
pub struct PeerUnread {
    pub peer: UserId,
    pub count: u64,
    pub counted: Counted,
}

/// Up to where messages were counted, and the last was looked for. What of them has not been pushed clients would count twice.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The topic of a group, or of the other of two users.
    pub conversation: Topic,
    pub end: Stamp,
    pub is_unread: bool,
}

impl Counted {
    fn of(conversation: Topic, end: LogEnd, unread: u64) -> Self {
        Self { conversation, end: Stamp { seq: end.seq, at: end.at }, is_unread: unread > 0 }
    }
}

/// A conversation in a group.
pub struct GroupConversation {
    pub found: GroupRef,
    pub member: Member,
    pub preference: Preference,
    pub last: Option<Seen>,
    /// The newest number and its Unix second.
    pub end: crate::storage::LogEnd,
    pub unread: u64,
}

impl GroupConversation {
    pub fn counted(&self) -> Counted {
        Counted::of(self.found.channel().topic, self.end, self.unread)
    }
}

/// What is said in a topic, as a reader sees it.
pub struct TopicTalk {
    /// The last message.
    pub last: Option<Seen>,
    /// What of that behind the reader's position does not count as unread.
    pub uncounted: Vec<Seq>,
    pub counted: Counted,
}

/// Whether an entry behind a reader's position counts as unread.
fn counts(seen: &Seen, reader: &UserId) -> bool {
    match &seen.entry {
        Entry::Message(message) => {
            message.from.user != *reader
                && !message.options.no_unread
                && seen.recall.is_none()
                && !seen.is_hidden
        }
        Entry::Tip(_) => false,
    }
}

/// A conversation of the list.
pub enum Conversation {
    Peer(Box<PeerConversation>),
    Group(Box<GroupConversation>),
}

/// A place on a user's list, where a conversation may stand.
pub struct Place {
    /// The places are in the order of these numbers; see [`cursor`].
    pub number: u64,
    holds: Holds,
}

enum Holds {
    Peer(UserId, Preference),
    Group(GroupId, Versioned<Indexed>),
}

/// The log of two users.
pub fn pair_log(app: AppId, a: &UserId, b: &UserId) -> Log {
    // A pair has one life only; its name is as long as a group's so that all suffixes are alike.
    Log { partition: Partition::pair(app, a, b), name: Bytes::from_static(&[0; 8]) }
}

/// The lists of conversations.
#[derive(Clone)]
pub struct Conversations {
    deps: Deps,
    accounts: Accounts,
    groups: Groups,
    timelines: Timelines,
    /// Held while room is made on a full list.
    making_room: Arc<tokio::sync::Mutex<()>>,
}

impl Conversations {
    pub fn new(deps: Deps, accounts: Accounts, groups: Groups, timelines: Timelines) -> Self {
        Self { deps, accounts, groups, timelines, making_room: Arc::default() }
    }

    /// The places on the actor's list from a number on, in their order: those of peers, and those of groups.
    pub async fn places(&self, actor: &Actor, from: u64) -> Result<Vec<Place>, ConversationError> {
        let peers = self.peers(actor.app, &actor.user).await?;
        let groups = self.groups.indexed(actor.app, &actor.user).await?;
        // One name may be that of a user and that of a group.
        let number = |kind: &str, name: &str| cursor::number([kind, name].concat().as_bytes());
        let peers = peers.into_iter().map(|(peer, preference)| Place {
            number: number("u", peer.as_str()),
            holds: Holds::Peer(peer, preference),
        });
        let groups = groups.into_iter().map(|(id, indexed)| Place {
            number: number("g", id.as_str()),
            holds: Holds::Group(id, indexed),
        });
        let mut places: Vec<Place> = peers.chain(groups).filter(|place| place.number >= from).collect();
        places.sort_unstable_by_key(|place| place.number);
        Ok(places)
    }

    /// What stands at these places; nothing where nothing was said, or what was said was taken off the list.
    pub async fn at(
        &self,
        actor: &Actor,
        places: Vec<Place>,
    ) -> Result<Vec<Option<Conversation>>, ConversationError> {
        let conversation = async |place: Place| match place.holds {
            Holds::Peer(peer, preference) => {
                let conversation = self.with_peer(actor, peer, preference).await?;
                Ok(conversation.map(|found| Conversation::Peer(Box::new(found))))
            }
            Holds::Group(id, indexed) => {
                let joined = self.groups.membership(actor.app, &actor.user, &id, &indexed).await?;
                let Some((found, member)) = joined else { return Ok(None) };
                let conversation = self.in_group(actor, found, member).await?;
                Ok(conversation.map(|found| Conversation::Group(Box::new(found))))
            }
        };
        let conversations = side_by_side(places, |place| async {
            match conversation(place).await {
                // It costs nobody the others; the store's log names it.
                Err(ConversationError::Group(error)) if error.is_damage() => Ok(None),
                found => found,
            }
        });
        conversations.await
    }

    /// `None` when it is not on the list.
    async fn with_peer(
        &self,
        actor: &Actor,
        peer: UserId,
        preference: Preference,
    ) -> Result<Option<PeerConversation>, StorageError> {
        let log = pair_log(actor.app, &actor.user, &peer);
        let end = self.deps.engine.log_end(&log).await?;
        if end.seq <= preference.hidden_up_to {
            return Ok(None);
        }
        let position = self.timelines.position(&log, &actor.user).await?;
        let unread = self.unread(&log, &actor.user, preference.starts(position), end.seq).await?;
        Ok(Some(PeerConversation {
            account: self.accounts.get(actor.app, &peer).await?,
            last: self.last(&log, &actor.user, position).await?,
            unread,
            counted: Counted::of(Topic::User(actor.app, peer.clone()), end, unread),
            peer_read_time: self.timelines.position(&log, &peer).await?.read_time,
            preference,
            peer,
        }))
    }

    /// Unread counts of the peers with any.
    pub async fn unread_of_peers(&self, actor: &Actor) -> Result<Vec<PeerUnread>, StorageError> {
        let peers = self.peers(actor.app, &actor.user).await?;
        let counts = whole_ones(peers, |(peer, preference)| async move {
            let log = pair_log(actor.app, &actor.user, &peer);
            let position = preference.starts(self.timelines.position(&log, &actor.user).await?);
            let end = self.deps.engine.log_end(&log).await?;
            let count = self.unread(&log, &actor.user, position, end.seq).await?;
            let counted = Counted::of(Topic::User(actor.app, peer.clone()), end, count);
            Ok::<_, StorageError>(PeerUnread { peer, count, counted })
        });
        Ok(counts.await?.into_iter().filter(|unread| unread.count > 0).collect())
    }

    /// Whether the last message of a conversation with a peer, as the list shows it, was recalled.
    pub async fn ends_with_recall(&self, actor: &Actor, peer: &UserId) -> Result<bool, StorageError> {
        let log = pair_log(actor.app, &actor.user, peer);
        let position = self.timelines.position(&log, &actor.user).await?;
        let last = self.last(&log, &actor.user, position).await?;
        Ok(last.is_some_and(|seen| seen.recall.is_some()))
    }

    /// `None` when it is not on the list: nothing was said in it, or nothing is.
    async fn in_group(
        &self,
        actor: &Actor,
        found: GroupRef,
        member: Member,
    ) -> Result<Option<GroupConversation>, GroupError> {
        if found.group.record.has_topics {
            // Its members talk in those, which are listed with it.
            return Ok(None);
        }
        let target = Target::Group((&found.id).into());
        let preference = self.preference(actor.app, &actor.user, &target).await?;
        let end = self.deps.engine.log_end(&found.channel().log).await?;
        if end.seq <= preference.hidden_up_to {
            return Ok(None);
        }
        let rules = self.groups.rules(found.app, found.group.record.kind);
        let mut position = self.timelines.position(&found.channel().log, &actor.user).await?;
        if !rules.shows_earlier_messages {
            position.cleared = position.cleared.max(member.joined_after);
        }
        // What was said before one came is not unread.
        position.read = position.read.max(member.joined_after);
        let unread = if rules.counts_unread {
            self.unread(&found.channel().log, &actor.user, preference.starts(position), end.seq).await?
        } else {
            0
        };
        Ok(Some(GroupConversation {
            last: self.last(&found.channel().log, &actor.user, position).await?,
            found,
            member,
            preference,
            end,
            unread,
        }))
    }

    /// What a topic shows to the actor beside what it says of itself.
    pub async fn in_topic(&self, actor: &Actor, view: &TopicView) -> Result<TopicTalk, StorageError> {
        let channel = view.place.channel();
        let position = view.own.as_ref().map(|own| own.position).unwrap_or_default();
        let last = self.last_message(&channel.log, &actor.user, position).await?;
        let uncounted = match view.own {
            Some(_) => self.uncounted(&channel.log, &actor.user, position, view.end.seq).await?,
            None => Vec::new(),
        };
        let unread =
            (view.end.seq.0 - position.read.0.min(view.end.seq.0)).saturating_sub(uncounted.len() as u64);
        Ok(TopicTalk { last, counted: Counted::of(channel.topic, view.end, unread), uncounted })
    }

    /// The numbers behind a reader's position that do not count as unread, as far as messages are counted one by one.
    async fn uncounted(
        &self,
        log: &Log,
        reader: &UserId,
        position: Position,
        end: Seq,
    ) -> Result<Vec<Seq>, StorageError> {
        let (mut after, mut uncounted, mut looked_at) = (position.read, Vec::new(), 0);
        while after < end && looked_at < COUNTED_AMONG {
            let window = Window { from: after.next(), to: end, limit: COUNTED_UNREAD, newest_first: false };
            let seen = self.timelines.read(log, window, Some(reader)).await?;
            let Some(last) = seen.last() else { break };
            // What was dropped, or cleared, is unread no more.
            let gone = seen.first().map_or(after.next(), |first| first.seq);
            uncounted.extend((after.next().0..gone.0).map(Seq).take(COUNTED_AMONG));
            after = last.seq;
            looked_at += seen.len();
            let is_cleared = |seen: &&Seen| seen.seq <= position.cleared || !counts(seen, reader);
            uncounted.extend(seen.iter().filter(is_cleared).map(|seen| seen.seq));
        }
        Ok(uncounted)
    }

    /// The newest message that a reader may see and that wants to be the last.
    async fn last_message(
        &self,
        log: &Log,
        reader: &UserId,
        position: Position,
    ) -> Result<Option<Seen>, StorageError> {
        self.last_of(log, reader, position, |seen| match &seen.entry {
            Entry::Message(message) => !message.options.no_last,
            Entry::Tip(_) => false,
        })
        .await
    }

    /// The newest entry that a reader may see and that wants to be the last.
    async fn last(
        &self,
        log: &Log,
        reader: &UserId,
        position: Position,
    ) -> Result<Option<Seen>, StorageError> {
        self.last_of(log, reader, position, |seen| match &seen.entry {
            Entry::Message(message) => !message.options.no_last,
            Entry::Tip(_) => true,
        })
        .await
    }

    async fn last_of(
        &self,
        log: &Log,
        reader: &UserId,
        position: Position,
        may_be_last: impl Fn(&Seen) -> bool,
    ) -> Result<Option<Seen>, StorageError> {
        let (from, mut to) = (position.cleared.next(), Seq(u64::MAX));
        let (mut at_once, mut looked_at) = (LAST_AT_ONCE, 0);
        while from <= to && looked_at < LAST_AMONG {
            let limit = at_once.min(LAST_AMONG - looked_at);
            let window = Window { from, to, limit, newest_first: true };
            let seen = self.timelines.read(log, window, Some(reader)).await?;
            let Some(oldest) = seen.last() else { break };
            to = oldest.seq.previous();
            looked_at += seen.len();
            at_once *= 4;
            let last = seen.into_iter().find(|seen| may_be_last(seen) && !seen.is_hidden);
            if last.is_some() {
                return Ok(last);
            }
        }
        Ok(None)
    }

    /// How many messages after a reader's position count as unread.
    async fn unread(
        &self,
        log: &Log,
        reader: &UserId,
        position: Position,
        end: Seq,
    ) -> Result<u64, StorageError> {
        let mut after = position.read.max(position.cleared);
        let (mut counted, mut looked_at) = (0, 0);
        while after < end {
            let window = Window { from: after.next(), to: end, limit: COUNTED_UNREAD, newest_first: false };
            let seen = self.timelines.read(log, window, Some(reader)).await?;
            // What was dropped unread is unread no more.
            let Some(last) = seen.last() else { break };
            after = last.seq;
            counted += seen.iter().filter(|seen| counts(seen, reader)).count();
            looked_at += seen.len();
            if counted >= COUNTED_UNREAD || looked_at >= COUNTED_AMONG {
                return Ok(counted as u64 + end.0.saturating_sub(after.0));
            }
        }
        Ok(counted as u64)
    }

    /// The log of a conversation; `None` for a group that the user is not in.
    async fn log(&self, actor: &Actor, target: &Target) -> Result<Option<Log>, ConversationError> {
        match target {
            Target::Peer(peer) => Ok(Some(pair_log(actor.app, &actor.user, peer))),
            Target::Group(channel) => {
                let Some(place) = self.groups.place(actor.app, channel).await? else { return Ok(None) };
                let member = self.groups.member(&place.found, &actor.user).await?;
                Ok(member.map(|_| place.channel().log))
            }
        }
    }

    /// Hides everything said so far from the actor.
    pub async fn clear(&self, actor: &Actor, target: &Target) -> Result<(), ConversationError> {
        let Some(log) = self.log(actor, target).await? else { return Ok(()) };
        let end = self.deps.engine.log_end(&log).await?;
        let moved_by = actor.device;
        let to = Position { read: end.seq, cleared: end.seq, moved_by, ..Position::default() };
        self.timelines.advance(&log, &actor.user, to, &[]).await?;
        Ok(())
    }

    /// Everything is read: all peers if asked, and groups up to a number.
    pub async fn read_all_peers(&self, actor: &Actor) -> Result<(), ConversationError> {
        let unread = self.unread_of_peers(actor).await?;
        let reads = side_by_side(unread, |PeerUnread { peer, .. }| async move {
            let log = pair_log(actor.app, &actor.user, &peer);
            let end = self.deps.engine.log_end(&log).await?;
            let time = end.at.seconds();
            let (moved_at, moved_by) = (self.deps.now(), actor.device);
            let to = Position { read: end.seq, read_time: time, moved_at, moved_by, ..Position::default() };
            let push = Push::new(event::message::read_by_peer(&actor.user, time));
            let push = push.telling(to.aside(|to| AsideOf::ReadByPeer { peer: actor.user.clone(), to }));
            let announces = [(Topic::User(actor.app, peer), push.into())];
            self.timelines.advance(&log, &actor.user, to, &announces).await
        });
        reads.await?;
        Ok(())
    }

    /// Tells the actor's other devices that they read all peers, or these groups up to these numbers.
    pub async fn tell_all_read(&self, actor: &Actor, peers: bool, groups: Vec<(ChannelId, Seq)>) {
        let push = Push::new(event::conversation::all_read(peers, &groups)).by(actor.origin());
        self.deps.tell(actor.app, &actor.user, None, push).await;
    }
}

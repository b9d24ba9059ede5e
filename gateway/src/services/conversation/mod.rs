//! A user's list of conversations, computed from the logs and from where he stands in them.

use bytes::Bytes;
use protocol::conversation::Target;
use protocol::event;
use protocol::id::{AppId, GroupId, Seq, UserId};
use serde::{Deserialize, Serialize};

use super::account::{Account, Accounts};
use super::core::{Actor, Core, side_by_side};
use super::decide::{Decision, Refused};
use super::group::{Found, GroupError, Groups, Member};
use super::timeline::{Entry, Position, Seen, Timelines};
use crate::bus::{Push, Topic};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Log, Partition, StorageError, Table, Window};

/// Unread messages are counted one by one up to here; beyond, the difference of the numbers stands for them.
const COUNTED_UNREAD: usize = 200;

/// How far back the last message is looked for among those that do not become one.
const LAST_WINDOW: usize = 20;

/// Why something about conversations was not done.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error("too many pinned conversations")]
    TooManyPinned,
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

/// The user's own view of a conversation.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Preference {
    #[serde(default)]
    pub pinned: bool,
    /// Off the list while nothing newer was said.
    #[serde(default)]
    pub hidden_up_to: Seq,
    /// How he is told of a peer's messages: 0 notify, 1 do not receive, 2 receive without notice.
    #[serde(default)]
    pub receive: u8,
}

/// A conversation with a peer.
pub struct PeerConversation {
    pub peer: UserId,
    pub account: Option<Account>,
    pub preference: Preference,
    pub last: Option<Seen>,
    pub unread: u64,
    /// Up to when the peer has read.
    pub peer_read_time: u64,
}

/// A conversation in a group.
pub struct GroupConversation {
    pub found: Found,
    pub member: Member,
    pub preference: Preference,
    pub last: Option<Seen>,
    /// The newest number and its Unix second.
    pub head: crate::storage::Head,
    pub position: Position,
    /// Numbers after the read position, of which `ignored` do not count.
    pub unread: u64,
    pub ignored: u64,
}

/// The log of two users.
pub fn pair_log(app: AppId, a: &UserId, b: &UserId) -> Log {
    // A pair has one life only; its name is as long as a group's so that all suffixes are alike.
    Log { partition: Partition::pair(app, a, b), name: Bytes::from_static(&[0; 8]) }
}

fn peer_suffix(peer: &UserId) -> Vec<u8> {
    [b"u", peer.as_str().as_bytes()].concat()
}

pub(super) fn group_suffix(group: &GroupId) -> Vec<u8> {
    [b"g", group.as_str().as_bytes()].concat()
}

fn key(target: &Target) -> Key {
    let suffix = match target {
        Target::Peer(peer) => peer_suffix(peer),
        Target::Group(group) => group_suffix(group),
    };
    Key::new(Table::Conversation, suffix)
}

/// The lists of conversations.
#[derive(Clone)]
pub struct Conversations {
    core: Core,
    accounts: Accounts,
    groups: Groups,
    timelines: Timelines,
}

impl Conversations {
    pub fn new(core: Core, accounts: Accounts, groups: Groups, timelines: Timelines) -> Self {
        Self { core, accounts, groups, timelines }
    }

    /// Puts a peer on a user's list.
    pub(super) async fn open(&self, app: AppId, user: &UserId, peer: &UserId) -> Result<(), StorageError> {
        let key = key(&Target::Peer(peer.clone()));
        let batch = Batch::new(Partition::user(app, user), self.core.now())
            .check(key.clone(), Expected::Absent)
            .put(key, records::encode(&Preference::default()));
        // A conflict means that it is there.
        self.core.commit(batch).await?;
        Ok(())
    }

    async fn preference(
        &self,
        app: AppId,
        user: &UserId,
        target: &Target,
    ) -> Result<Option<Versioned<Preference>>, StorageError> {
        records::get(&self.core.engine, &Partition::user(app, user), key(target)).await
    }

    async fn peers(&self, app: AppId, user: &UserId) -> Result<Vec<(UserId, Preference)>, StorageError> {
        let entries: Vec<(_, Versioned<Preference>)> = records::scan_all(
            &self.core.engine,
            &Partition::user(app, user),
            Table::Conversation,
            Bytes::from_static(b"u"),
        )
        .await?;
        let peer = |suffix: &[u8]| UserId::parse(std::str::from_utf8(suffix.get(1..)?).ok()?).ok();
        Ok(entries
            .into_iter()
            .filter_map(|(suffix, preference)| Some((peer(&suffix)?, preference.record)))
            .collect())
    }

    /// With whom a user has ever talked.
    pub async fn peers_of(&self, app: AppId, user: &UserId) -> Result<Vec<UserId>, StorageError> {
        Ok(self.peers(app, user).await?.into_iter().map(|(peer, _)| peer).collect())
    }

    /// The conversations with peers that are on the list.
    pub async fn with_peers(&self, actor: &Actor) -> Result<Vec<PeerConversation>, StorageError> {
        let peers = self.peers(actor.app, &actor.user).await?;
        let conversations = side_by_side(peers, |(peer, preference)| self.with_peer(actor, peer, preference));
        Ok(conversations.await?.into_iter().flatten().collect())
    }

    /// `None` when it is not on the list.
    async fn with_peer(
        &self,
        actor: &Actor,
        peer: UserId,
        preference: Preference,
    ) -> Result<Option<PeerConversation>, StorageError> {
        let log = pair_log(actor.app, &actor.user, &peer);
        let head = self.core.engine.head(&log).await?;
        if head.seq <= preference.hidden_up_to {
            return Ok(None);
        }
        let position = self.timelines.position(&log, &actor.user).await?;
        Ok(Some(PeerConversation {
            account: self.accounts.get(actor.app, &peer).await?,
            last: self.last(&log, &actor.user, position).await?,
            unread: self.unread(&log, &actor.user, position, head.seq).await?.counted,
            peer_read_time: self.timelines.position(&log, &peer).await?.read_time,
            preference,
            peer,
        }))
    }

    /// Unread counts of the peers with any.
    pub async fn unread_of_peers(&self, actor: &Actor) -> Result<Vec<(UserId, u64)>, StorageError> {
        let peers = self.peers(actor.app, &actor.user).await?;
        let counts = side_by_side(peers, |(peer, _)| async move {
            let log = pair_log(actor.app, &actor.user, &peer);
            let position = self.timelines.position(&log, &actor.user).await?;
            let head = self.core.engine.head(&log).await?.seq;
            let count = self.unread(&log, &actor.user, position, head).await?.counted;
            Ok::<_, StorageError>((peer, count))
        });
        Ok(counts.await?.into_iter().filter(|(_, count)| *count > 0).collect())
    }

    /// The conversations in groups that are on the list: those in which anything was said.
    pub async fn in_groups(&self, actor: &Actor) -> Result<Vec<GroupConversation>, GroupError> {
        let joined = self.groups.joined(actor.app, &actor.user).await?;
        let conversations = side_by_side(joined, |(found, member)| self.in_group(actor, found, member));
        Ok(conversations.await?.into_iter().flatten().collect())
    }

    /// `None` when it is not on the list.
    async fn in_group(
        &self,
        actor: &Actor,
        found: Found,
        member: Member,
    ) -> Result<Option<GroupConversation>, GroupError> {
        let target = Target::Group(found.id.clone());
        let preference = self.preference(actor.app, &actor.user, &target).await?;
        let preference = preference.map(|found| found.record).unwrap_or_default();
        let head = self.core.engine.head(&found.log()).await?;
        if head.seq <= preference.hidden_up_to {
            return Ok(None);
        }
        let rules = self.groups.rules(found.app, found.group.record.kind);
        let mut position = self.timelines.position(&found.log(), &actor.user).await?;
        if !rules.shows_earlier_messages {
            position.cleared = position.cleared.max(member.joined_after);
        }
        // What was said before one came is not unread.
        position.read = position.read.max(member.joined_after);
        let (unread, ignored) = if rules.counts_unread {
            let unread = self.unread(&found.log(), &actor.user, position, head.seq).await?;
            (unread.all, unread.all - unread.counted)
        } else {
            (0, 0)
        };
        Ok(Some(GroupConversation {
            last: self.last(&found.log(), &actor.user, position).await?,
            found,
            member,
            preference,
            head,
            position,
            unread,
            ignored,
        }))
    }

    /// The newest entry that a reader may see and that wants to be the last.
    async fn last(
        &self,
        log: &Log,
        reader: &UserId,
        position: Position,
    ) -> Result<Option<Seen>, StorageError> {
        let window = Window {
            from: position.cleared.next(),
            to: Seq(u64::MAX),
            limit: LAST_WINDOW,
            newest_first: true,
        };
        let seen = self.timelines.read(log, window, Some(reader)).await?;
        Ok(seen.into_iter().find(|seen| {
            let may_be_last = match &seen.entry {
                Entry::Message(message) => !message.options.no_last,
                Entry::Tip(_) => true,
            };
            may_be_last && !seen.is_hidden
        }))
    }

    async fn unread(
        &self,
        log: &Log,
        reader: &UserId,
        position: Position,
        head: Seq,
    ) -> Result<Unread, StorageError> {
        let after = position.read.max(position.cleared);
        let all = head.0.saturating_sub(after.0);
        if all == 0 {
            return Ok(Unread { all, counted: 0 });
        }
        let window = Window { from: after.next(), to: head, limit: COUNTED_UNREAD, newest_first: false };
        if all > COUNTED_UNREAD as u64 {
            // What was dropped unread is unread no more.
            let first = self.core.engine.read(log, Window { limit: 1, ..window }).await?;
            let left = first.first().map_or(0, |first| head.next().0.saturating_sub(first.seq.0));
            if left == 0 || left > COUNTED_UNREAD as u64 {
                return Ok(Unread { all, counted: left });
            }
        }
        let seen = self.timelines.read(log, window, Some(reader)).await?;
        let counts = |seen: &&Seen| match &seen.entry {
            Entry::Message(message) => {
                message.from.user != *reader
                    && !message.options.no_unread
                    && seen.recall.is_none()
                    && !seen.is_hidden
            }
            Entry::Tip(_) => false,
        };
        Ok(Unread { all, counted: seen.iter().filter(counts).count() as u64 })
    }

    async fn update(
        &self,
        actor: &Actor,
        target: &Target,
        change: impl Fn(&mut Preference) + Send + Sync,
        push: Option<Push>,
    ) -> Result<(), ConversationError> {
        let decided = self.core.decide("change a conversation", || async {
            let found = self.preference(actor.app, &actor.user, target).await?;
            let expected = found.as_ref().map_or(Expected::Absent, |found| Expected::Version(found.version));
            let mut preference = found.map(|found| found.record).unwrap_or_default();
            change(&mut preference);
            let mut batch = Batch::new(Partition::user(actor.app, &actor.user), self.core.now())
                .check(key(target), expected)
                .put(key(target), records::encode(&preference));
            if let Some(push) = &push {
                batch = batch.announce(Topic::User(actor.app, actor.user.clone()), push.clone());
            }
            Ok::<_, ConversationError>(Decision::Commit(batch, ()))
        });
        decided.await
    }

    /// The log of a conversation; `None` for a group that the user is not in.
    async fn log(&self, actor: &Actor, target: &Target) -> Result<Option<Log>, ConversationError> {
        match target {
            Target::Peer(peer) => Ok(Some(pair_log(actor.app, &actor.user, peer))),
            Target::Group(group) => {
                let Some(found) = self.groups.find(actor.app, group).await? else { return Ok(None) };
                let member = self.groups.member(&found, &actor.user).await?;
                Ok(member.map(|_| found.log()))
            }
        }
    }

    /// Takes a conversation off the list until its next message; with `clear` its history too.
    /// One that is not there counts as done.
    pub async fn delete(&self, actor: &Actor, target: &Target, clear: bool) -> Result<(), ConversationError> {
        let Some(log) = self.log(actor, target).await? else { return Ok(()) };
        let head = self.core.engine.head(&log).await?;
        if clear {
            self.clear(actor, target).await?;
        }
        let body = event::conversation::deleted(std::slice::from_ref(target));
        let push = Push::new(body).by(actor.origin());
        let change = |preference: &mut Preference| {
            preference.hidden_up_to = preference.hidden_up_to.max(head.seq);
            preference.pinned = false;
        };
        self.update(actor, target, change, Some(push)).await
    }

    /// Hides everything said so far from the actor.
    pub async fn clear(&self, actor: &Actor, target: &Target) -> Result<(), ConversationError> {
        let Some(log) = self.log(actor, target).await? else { return Ok(()) };
        let head = self.core.engine.head(&log).await?;
        let to = Position { read: head.seq, read_time: 0, cleared: head.seq };
        self.timelines.advance(&log, &actor.user, to, &[]).await?;
        Ok(())
    }

    /// Pins or unpins conversations.
    pub async fn pin(
        &self,
        actor: &Actor,
        targets: &[Target],
        pinned: bool,
    ) -> Result<(), ConversationError> {
        if pinned {
            let entries: Vec<(Bytes, Versioned<Preference>)> = records::scan_all(
                &self.core.engine,
                &Partition::user(actor.app, &actor.user),
                Table::Conversation,
                Bytes::new(),
            )
            .await?;
            let count = entries.iter().filter(|(_, preference)| preference.record.pinned).count();
            if count + targets.len() > self.core.settings(actor.app).limits.pinned_conversations {
                return Err(ConversationError::TooManyPinned);
            }
        }
        for target in targets {
            let body = event::conversation::pinned(std::slice::from_ref(target), pinned);
            let push = Push::new(body).by(actor.origin());
            self.update(actor, target, |preference| preference.pinned = pinned, Some(push)).await?;
        }
        Ok(())
    }

    /// Everything is read: all peers if asked, and groups up to a number.
    pub async fn read_all_peers(&self, actor: &Actor) -> Result<(), ConversationError> {
        let now = self.core.now().seconds();
        for (peer, unread) in self.unread_of_peers(actor).await? {
            if unread > 0 {
                let log = pair_log(actor.app, &actor.user, &peer);
                let head = self.core.engine.head(&log).await?;
                let to = Position { read: head.seq, read_time: now, ..Position::default() };
                let push = Push::new(event::message::read_by_peer(&actor.user, now));
                let announces = [(Topic::User(actor.app, peer.clone()), push.into())];
                self.timelines.advance(&log, &actor.user, to, &announces).await?;
            }
        }
        Ok(())
    }

    /// Tells the actor's other devices that he read all peers, or these groups up to these numbers.
    pub async fn tell_all_read(&self, actor: &Actor, peers: bool, groups: Vec<(GroupId, Seq)>) {
        let push = Push::new(event::conversation::all_read(peers, &groups)).by(actor.origin());
        self.core.tell(actor.app, &actor.user, None, push).await;
    }

    /// How the actor is told of peers' messages; of all peers where it is not the default.
    pub async fn mutes(
        &self,
        actor: &Actor,
        peers: Option<&[UserId]>,
    ) -> Result<Vec<(UserId, u8)>, ConversationError> {
        let Some(peers) = peers else {
            let all = self.peers(actor.app, &actor.user).await?;
            return Ok(all
                .into_iter()
                .filter(|(_, preference)| preference.receive != 0)
                .map(|(peer, preference)| (peer, preference.receive))
                .collect());
        };
        let mut mutes = Vec::with_capacity(peers.len());
        for peer in peers {
            let found = self.preference(actor.app, &actor.user, &Target::Peer(peer.clone())).await?;
            mutes.push((peer.clone(), found.map_or(0, |found| found.record.receive)));
        }
        Ok(mutes)
    }

    /// Sets how the actor is told of peers' messages.
    pub async fn set_mutes(
        &self,
        actor: &Actor,
        peers: &[UserId],
        receive: u8,
    ) -> Result<(), ConversationError> {
        for peer in peers {
            let body = event::conversation::muted(std::slice::from_ref(peer), receive);
            let push = Push::new(body).by(actor.origin());
            let change = |preference: &mut Preference| preference.receive = receive;
            self.update(actor, &Target::Peer(peer.clone()), change, Some(push)).await?;
        }
        Ok(())
    }
}

/// Numbers after a read position, and how many of them count.
struct Unread {
    all: u64,
    counted: u64,
}

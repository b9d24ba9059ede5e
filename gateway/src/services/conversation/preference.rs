//! A user's own view of a conversation: whether it is pinned, muted, off the list.
//!
//! A peer's is there from the moment somebody says something, or while there is something to note; a group's only while
//! there is.

use std::collections::HashMap;

use bytes::Bytes;
use protocol::conversation::Target;
use protocol::event;
use protocol::id::{AppId, ChannelId, Seq, UserId};
use serde::{Deserialize, Serialize};

use super::{ConversationError, Conversations, pair_log};
use crate::bus::{Push, Topic};
use crate::services::decide::{Decision, Refused};
use crate::services::deps::{Actor, Deps, side_by_side};
use crate::services::tally::Tally;
use crate::services::timeline::Position;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table, Value};
use crate::telemetry::Bound;

/// How often room is made on a full list for one more.
const MAKE_ROOM: usize = 16;

/// Rows that are deleted in one batch.
const FORGOTTEN_AT_ONCE: usize = 100;

/// The user's own view of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    #[serde(default)]
    pub pinned: bool,
    /// Off the list while nothing newer was said.
    #[serde(default)]
    pub hidden_up_to: Seq,
    /// How they are told of a peer's messages: 0 notify, 1 do not receive, 2 receive without notice.
    #[serde(default)]
    pub receive: u8,
    /// Whether anything was said with the peer: noted before the first message, so it is true a little early, and never
    /// untrue. Where it is not noted the log tells: records of versions that did not note it are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talked: Option<bool>,
}

impl Preference {
    fn is_muted_stranger(self) -> bool {
        self.receive != 0 && self.talked == Some(false)
    }

    /// Where the user stands as far as what is unread goes: what was said before they took the conversation off their list
    /// is not, as on the devices from which it went. The peer is not told that it was read.
    pub(super) fn starts(self, position: Position) -> Position {
        Position { read: position.read.max(self.hidden_up_to), ..position }
    }

    /// Whether it is the same as none.
    fn says_nothing(self, target: &Target) -> bool {
        let plain = Self { talked: self.talked, ..Self::default() };
        self == plain && (self.talked == Some(false) || matches!(target, Target::Group(_)))
    }
}

fn peer_suffix(peer: &UserId) -> Vec<u8> {
    [b"u", peer.as_str().as_bytes()].concat()
}

fn group_suffix(group: &ChannelId) -> Vec<u8> {
    [b"g", group.as_str().as_bytes()].concat()
}

fn key(target: &Target) -> Key {
    let suffix = match target {
        Target::Peer(peer) => peer_suffix(peer),
        Target::Group(group) => group_suffix(group),
    };
    Key::new(Table::Conversation, suffix)
}

/// Where a user's view of a group is kept.
pub(in crate::services) fn group_key(group: &ChannelId) -> Key {
    key(&Target::Group(group.clone()))
}

/// Up to where a group was taken off a user's list: what is told of it before is nothing new to them.
pub(in crate::services) async fn group_taken_off_up_to(
    deps: &Deps,
    app: AppId,
    user: &UserId,
    group: &ChannelId,
) -> Result<Seq, StorageError> {
    let found: Option<Versioned<Preference>> =
        records::get(&deps.engine, &Partition::user(app, user), group_key(group)).await?;
    Ok(found.map_or(Seq::ZERO, |found| found.record.hidden_up_to))
}

async fn of_user(
    deps: &Deps,
    partition: &Partition,
    prefix: &'static [u8],
) -> Result<Vec<(Bytes, Preference)>, StorageError> {
    let prefix = Bytes::from_static(prefix);
    let found = records::scan_all(&deps.engine, partition, Table::Conversation, prefix).await?;
    Ok(found.into_iter().map(|(suffix, found): (_, Versioned<Preference>)| (suffix, found.record)).collect())
}

/// How many conversations a user pinned, counted one by one.
pub(in crate::services) async fn count_pinned(
    deps: &Deps,
    partition: &Partition,
) -> Result<usize, StorageError> {
    Ok(of_user(deps, partition, b"").await?.iter().filter(|(_, preference)| preference.pinned).count())
}

/// How many peers have a row, counted one by one.
async fn count_peers(deps: &Deps, partition: &Partition) -> Result<usize, StorageError> {
    Ok(of_user(deps, partition, b"u").await?.len())
}

async fn count_muted_strangers(deps: &Deps, partition: &Partition) -> Result<usize, StorageError> {
    let all = of_user(deps, partition, b"u").await?;
    Ok(all.iter().filter(|(_, preference)| preference.is_muted_stranger()).count())
}

impl Conversations {
    /// Puts a peer on a user's list.
    pub(in crate::services) async fn open(
        &self,
        app: AppId,
        user: &UserId,
        peer: &UserId,
    ) -> Result<(), StorageError> {
        let change = |_: &Target, preference: &mut Preference| preference.talked = Some(true);
        let target = [Target::Peer(peer.clone())];
        // Neither pinned nor muted by it, so the one limit that may be in the way is that of the list.
        if self.change(app, user, &target, change, |_| None).await? {
            return Ok(());
        }
        // One after another, so that of many who find the list full each has the room that they made. Another instance,
        // or somebody who comes at this moment, may still take it.
        let _alone = self.making_room.lock().await;
        for _ in 0..MAKE_ROOM {
            if self.change(app, user, &target, change, |_| None).await? {
                return Ok(());
            }
            self.make_room(app, user).await?;
        }
        Err(Refused::Busy("put a peer on a list").into())
    }

    /// Takes a tenth of the peers off a full list: those with whom nothing was said for longest, and which the user has
    /// neither pinned nor muted. They come back with their next message.
    ///
    /// To know which they are the ends of all talks are read, so many go at once.
    async fn make_room(&self, app: AppId, user: &UserId) -> Result<(), StorageError> {
        Bound::ConversationsPerUser.refused(user);
        let limits = &self.deps.settings(app).limits;
        let peers = self.peers(app, user).await?;
        let surplus = peers.len().saturating_sub(limits.conversations_per_user);
        let goes = surplus + (limits.conversations_per_user / 10).max(1);
        let free = peers.into_iter().filter(|(_, preference)| !preference.pinned && preference.receive == 0);
        let ends = side_by_side(free, |(peer, _)| async move {
            let end = self.deps.engine.log_end(&pair_log(app, user, &peer)).await?;
            Ok::<_, StorageError>((end.at, peer))
        });
        let mut ends = ends.await?;
        ends.sort_unstable();
        let gone: Vec<Key> = ends.into_iter().take(goes).map(|(_, peer)| key(&Target::Peer(peer))).collect();
        for keys in gone.chunks(FORGOTTEN_AT_ONCE) {
            self.take_off(app, user, keys).await?;
        }
        Ok(())
    }

    /// Deletes rows of peers, unless they are pinned or muted by now.
    async fn take_off(&self, app: AppId, user: &UserId, keys: &[Key]) -> Result<(), StorageError> {
        let (partition, listed) =
            (&Partition::user(app, user), &Tally::conversations(&self.deps.settings(app).limits));
        let decided = self.deps.decide("take peers off a list", || async move {
            let all: Vec<Key> = keys.iter().cloned().chain([listed.key()]).collect();
            let mut values = self.deps.engine.get(partition, &all).await?;
            let many = values.pop().flatten();
            let mut batch = Batch::new(partition.clone(), self.deps.now());
            let mut gone = 0;
            for (key, value) in keys.iter().zip(values) {
                let Some(value) = value else { continue };
                let found: Versioned<Preference> = records::versioned(&value)?;
                if !found.record.pinned && found.record.receive == 0 {
                    batch = batch.check(key.clone(), Expected::Version(found.version)).delete(key.clone());
                    gone += 1;
                }
            }
            if gone == 0 {
                return Ok(Decision::Done(()));
            }
            let rows = || count_peers(&self.deps, partition);
            let basis = listed.basis(&self.deps, partition, (many.as_ref(), false), rows).await?;
            Ok::<_, StorageError>(Decision::Commit(listed.note(batch, basis, -gone), ()))
        });
        decided.await
    }

    pub(in crate::services) async fn preference(
        &self,
        app: AppId,
        user: &UserId,
        target: &Target,
    ) -> Result<Preference, StorageError> {
        let found: Option<Versioned<Preference>> =
            records::get(&self.deps.engine, &Partition::user(app, user), key(target)).await?;
        Ok(found.map(|found| found.record).unwrap_or_default())
    }

    /// The user's views of peers.
    pub(in crate::services) async fn peers(
        &self,
        app: AppId,
        user: &UserId,
    ) -> Result<Vec<(UserId, Preference)>, StorageError> {
        let entries = of_user(&self.deps, &Partition::user(app, user), b"u").await?;
        let peer = |suffix: &[u8]| UserId::parse(std::str::from_utf8(suffix.get(1..)?).ok()?).ok();
        Ok(entries
            .into_iter()
            .filter_map(|(suffix, preference)| Some((peer(&suffix)?, preference)))
            .collect())
    }

    /// With whom a user may have talked: everybody with whom they have, and those they muted or pinned. For who looks at
    /// the talk itself.
    pub async fn possible_peers_of(&self, app: AppId, user: &UserId) -> Result<Vec<UserId>, StorageError> {
        Ok(self.peers(app, user).await?.into_iter().map(|(peer, _)| peer).collect())
    }

    /// With whom a user has ever talked.
    pub async fn peers_of(&self, app: AppId, user: &UserId) -> Result<Vec<UserId>, StorageError> {
        let peers = side_by_side(self.peers(app, user).await?, |(peer, preference)| async move {
            let talked = preference.talked == Some(true) || self.has_talked(app, user, &peer).await?;
            Ok::<_, StorageError>(talked.then_some(peer))
        });
        Ok(peers.await?.into_iter().flatten().collect())
    }

    async fn has_talked(&self, app: AppId, user: &UserId, peer: &UserId) -> Result<bool, StorageError> {
        Ok(self.deps.engine.log_end(&pair_log(app, user, peer)).await?.seq > Seq::ZERO)
    }

    /// Changes a user's view of conversations in one step, and tells of each that is another now. False when it would
    /// pass a limit: then nothing is changed.
    async fn change(
        &self,
        app: AppId,
        user: &UserId,
        targets: &[Target],
        change: impl Fn(&Target, &mut Preference) + Send + Sync,
        push: impl Fn(&Target) -> Option<Push> + Send + Sync,
    ) -> Result<bool, StorageError> {
        let mut targets = targets.to_vec();
        targets.sort_unstable();
        targets.dedup();
        let limits = &self.deps.settings(app).limits;
        let (targets, partition, change, push) = (&targets, &Partition::user(app, user), &change, &push);
        let (pinned, strangers) = (&Tally::pinned(limits), &Tally::muted_strangers(limits));
        let listed = &Tally::conversations(limits);
        let done = self.deps.decide_within("change a conversation", |is_doubted| async move {
            let tallies = [listed.key(), pinned.key(), strangers.key()];
            let keys: Vec<Key> = targets.iter().map(key).chain(tallies).collect();
            let mut values = self.deps.engine.get(partition, &keys).await?;
            let (many_strangers, many_pinned) = (values.pop().flatten(), values.pop().flatten());
            let many_listed = values.pop().flatten();
            let views = side_by_side(targets.iter().cloned().zip(values), |(target, value)| {
                self.view(app, user, target, value, change)
            });

            let mut batch = Batch::new(partition.clone(), self.deps.now());
            let (mut pins, mut mutes, mut rows) = (0, 0, 0);
            for View { target, expected, before, after } in views.await?.into_iter().flatten() {
                pins += i64::from(after.pinned) - i64::from(before.pinned);
                mutes += i64::from(after.is_muted_stranger()) - i64::from(before.is_muted_stranger());
                batch = batch.check(key(&target), expected);
                if matches!(target, Target::Peer(_)) {
                    let (was, is) = (expected != Expected::Absent, !after.says_nothing(&target));
                    rows += i64::from(is) - i64::from(was);
                }
                batch = if after.says_nothing(&target) {
                    batch.delete(key(&target))
                } else {
                    batch.put(key(&target), records::encode(&after))
                };
                if let Some(push) = push(&target) {
                    batch = batch.announce(Topic::User(app, user.clone()), push);
                }
            }
            if batch.checks.is_empty() {
                return Ok::<_, StorageError>(Decision::Done(()));
            }
            if pins != 0 {
                let kept = (many_pinned.as_ref(), is_doubted);
                let rows = || count_pinned(&self.deps, partition);
                batch = pinned.note(batch, pinned.basis(&self.deps, partition, kept, rows).await?, pins);
            }
            if mutes != 0 {
                let kept = (many_strangers.as_ref(), is_doubted);
                let rows = || count_muted_strangers(&self.deps, partition);
                let basis = strangers.basis(&self.deps, partition, kept, rows).await?;
                batch = strangers.note(batch, basis, mutes);
            }
            if rows != 0 {
                let kept = (many_listed.as_ref(), is_doubted);
                let count = || count_peers(&self.deps, partition);
                batch = listed.note(batch, listed.basis(&self.deps, partition, kept, count).await?, rows);
            }
            Ok(Decision::Commit(batch, ()))
        });
        Ok(done.await?.is_some())
    }

    /// One conversation of a change; nothing where it stays as it is.
    async fn view(
        &self,
        app: AppId,
        user: &UserId,
        target: Target,
        value: Option<Value>,
        change: &(impl Fn(&Target, &mut Preference) + Send + Sync),
    ) -> Result<Option<View>, StorageError> {
        let found: Option<Versioned<Preference>> = value.as_ref().map(records::versioned).transpose()?;
        let expected = found.as_ref().map_or(Expected::Absent, |found| Expected::Version(found.version));
        let before = found.map(|found| found.record).unwrap_or_default();
        let mut after = before;
        change(&target, &mut after);
        if after == before {
            return Ok(None);
        }
        if let Target::Peer(peer) = &target
            && after.talked != Some(true)
        {
            // One who says something at this moment puts the peer on the list first, and one of the two is second.
            after.talked = Some(self.has_talked(app, user, peer).await?);
        }
        Ok(Some(View { target, expected, before, after }))
    }

    /// Changes the actor's view of conversations. `too_many` says which limit may be in the way.
    async fn update(
        &self,
        actor: &Actor,
        targets: &[Target],
        change: impl Fn(&Target, &mut Preference) + Send + Sync,
        push: impl Fn(&Target) -> Push + Send + Sync,
        too_many: ConversationError,
    ) -> Result<(), ConversationError> {
        let push = |target: &Target| Some(push(target).by(actor.origin()));
        let is_done = self.change(actor.app, &actor.user, targets, change, push).await?;
        if is_done { Ok(()) } else { Err(too_many) }
    }

    /// Takes conversations off the list until their next messages; with `clear` their histories too.
    /// One that is not there counts as done.
    pub async fn delete(
        &self,
        actor: &Actor,
        targets: &[Target],
        clear: bool,
    ) -> Result<(), ConversationError> {
        let ends = side_by_side(targets.iter().cloned(), |target| async move {
            let Some(log) = self.log(actor, &target).await? else { return Ok(None) };
            let end = self.deps.engine.log_end(&log).await?.seq;
            if clear {
                self.clear(actor, &target).await?;
            }
            // Topics stand on no list.
            let is_listed = !matches!(&target, Target::Group(channel) if channel.is_topic());
            Ok::<_, ConversationError>(is_listed.then_some((target, end)))
        });
        let ends: HashMap<Target, Seq> = ends.await?.into_iter().flatten().collect();
        let targets: Vec<Target> = ends.keys().cloned().collect();
        let change = |target: &Target, preference: &mut Preference| {
            let end = ends.get(target).copied().unwrap_or(Seq::ZERO);
            preference.hidden_up_to = preference.hidden_up_to.max(end);
            preference.pinned = false;
        };
        let push = |target: &Target| Push::new(event::conversation::deleted(std::slice::from_ref(target)));
        self.update(actor, &targets, change, push, ConversationError::Busy).await
    }

    /// Pins or unpins conversations: all of them or, when that were too many, none. What is pinned already counts once.
    pub async fn pin(
        &self,
        actor: &Actor,
        targets: &[Target],
        pinned: bool,
    ) -> Result<(), ConversationError> {
        let push =
            |target: &Target| Push::new(event::conversation::pinned(std::slice::from_ref(target), pinned));
        let change = |_: &Target, preference: &mut Preference| preference.pinned = pinned;
        self.update(actor, targets, change, push, ConversationError::TooManyPinned).await
    }

    /// How the actor is told of peers' messages; of all peers where it is not the default.
    pub async fn mutes(
        &self,
        actor: &Actor,
        peers: Option<&[UserId]>,
    ) -> Result<Vec<(UserId, u8)>, ConversationError> {
        let Some(peers) = peers else {
            let all = self.peers(actor.app, &actor.user).await?;
            let mutes = all.into_iter().map(|(peer, preference)| (peer, preference.receive));
            return Ok(mutes.filter(|(_, receive)| *receive != 0).collect());
        };
        let keys: Vec<Key> = peers.iter().map(|peer| key(&Target::Peer(peer.clone()))).collect();
        let partition = Partition::user(actor.app, &actor.user);
        let found: Vec<Result<Option<Versioned<Preference>>, StorageError>> =
            records::get_each(&self.deps.engine, &partition, &keys).await?;
        let receive = |found: Result<Option<Versioned<Preference>>, StorageError>| {
            found.ok().flatten().map_or(0, |found| found.record.receive)
        };
        Ok(peers.iter().cloned().zip(found.into_iter().map(receive)).collect())
    }

    /// Sets how the actor is told of peers' messages.
    pub async fn set_mutes(
        &self,
        actor: &Actor,
        peers: &[UserId],
        receive: u8,
    ) -> Result<(), ConversationError> {
        let targets: Vec<Target> = peers.iter().cloned().map(Target::Peer).collect();
        let push = |target: &Target| {
            let peers = match target {
                Target::Peer(peer) => std::slice::from_ref(peer),
                Target::Group(_) => &[],
            };
            Push::new(event::conversation::muted(peers, receive))
        };
        let change = |_: &Target, preference: &mut Preference| preference.receive = receive;
        self.update(actor, &targets, change, push, ConversationError::TooManyMuted).await
    }
}

/// A conversation, as a user saw it and as they will.
struct View {
    target: Target,
    expected: Expected,
    before: Preference,
    after: Preference,
}

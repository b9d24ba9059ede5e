//! Friends: whom users have on their lists.
//!
//! That somebody is a friend stands in the partition of the two, one record for the list of each, so that both lists
//! change in one batch. In the partition of each user is an index of their list, which is counted there and so bounded.
//! A place in it is taken before the friendship is stored: the index is a superset of the truth. What a crash leaves
//! between the two is a place without a friend. Nobody sees it, whoever adds the same friend again makes use of it, and
//! who reads the list frees it.

use bytes::Bytes;
use protocol::event;
use protocol::friend::{
    MAX_LIST_NAME_BYTES, MAX_REMARK_BYTES, MAX_WORDING_BYTES, Notes, Sides, WHO_MAY_ADD, WhoMayAdd, is_source,
};
use protocol::id::{AppId, Millis, UserId};
use serde::{Deserialize, Serialize};

use super::account::{Account, Accounts};
use super::cursor;
use super::decide::{Decision, Refused};
use super::deps::{Actor, Deps, side_by_side, whole_ones};
use super::rates::{Rule, Throttle, TooOften};
use crate::bus::{Push, Topic};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, Scan, StorageError, Table};

/// Friends of one page of a list.
const PAGE: usize = 100;

/// Longer than any call may work on a friendship.
const PLACE_GRACE_MS: u64 = 60_000;

/// Why somebody is not put on a list of friends.
#[derive(Debug, thiserror::Error)]
pub enum FriendError {
    #[error("nobody is a friend of their own")]
    Oneself,
    #[error("no such user")]
    UnknownUser,
    #[error("the other lets nobody add them")]
    Denied,
    #[error("the other wants to be asked, and asking is not served here")]
    AskingNotServed,
    #[error("the list of friends is full")]
    Full,
    #[error("the other's list of friends is full")]
    FullOfOther,
    #[error("{0:?} is not valid")]
    Invalid(Field),
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// Lost too many races in a row.
    #[error("too many changes at once")]
    Busy,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What is noted about a friend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Remark,
    List,
    Source,
    Wording,
}

impl From<Refused> for FriendError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy(_) => FriendError::Busy,
            // The only count with a bound is that of the places.
            Refused::Bound(_) => FriendError::Full,
        }
    }
}

/// Somebody who is to be a friend, and what is noted about them.
#[derive(Clone, Debug)]
pub struct NewFriend {
    pub user: UserId,
    pub remark: String,
    /// The name of a list of friends; empty for none.
    pub list: String,
    /// Where they met; empty where nobody says.
    pub source: String,
    pub wording: String,
}

impl NewFriend {
    fn check(&self) -> Result<(), FriendError> {
        let fields = [
            (Field::Remark, self.remark.len() <= MAX_REMARK_BYTES),
            (Field::List, self.list.len() <= MAX_LIST_NAME_BYTES),
            (Field::Source, self.source.is_empty() || is_source(&self.source)),
            (Field::Wording, self.wording.len() <= MAX_WORDING_BYTES),
        ];
        let wrong = fields.into_iter().find(|(_, is_valid)| !is_valid);
        wrong.map_or(Ok(()), |(field, _)| Err(FriendError::Invalid(field)))
    }
}

/// That somebody is on a user's list, and what the user noted about them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Friendship {
    pub since: Millis,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
    /// The names of the lists of friends in which they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wording: String,
}

impl Friendship {
    pub fn notes(&self) -> Notes<'_> {
        Notes {
            remark: &self.remark,
            lists: &self.lists,
            source: &self.source,
            wording: &self.wording,
            since: self.since.seconds(),
        }
    }
}

/// A place in the index of a user's list.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    taken_at: Millis,
    /// The attempt that took it.
    by: u64,
}

/// A part of a list.
pub struct Page {
    /// Friends on the whole list.
    pub count: u64,
    pub friends: Vec<(UserId, Friendship)>,
    /// Where the next page begins; nothing at the end.
    pub next: Option<u64>,
}

/// Where a friend stands on every list.
fn number(peer: &UserId) -> u64 {
    cursor::number(peer.as_str().as_bytes())
}

/// The place of a peer, in the partition of the user whose list it is.
fn place_key(peer: &UserId) -> Key {
    Key::new(Table::Friend, [&number(peer).to_be_bytes(), peer.as_str().as_bytes()].concat())
}

/// The number and the name that a place's key has.
fn place_of(suffix: &[u8]) -> Option<(u64, UserId)> {
    let (number, peer) = suffix.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), UserId::parse(std::str::from_utf8(peer).ok()?).ok()?))
}

/// How many places are taken.
fn count_key() -> Key {
    Key::new(Table::Counter, "friends")
}

/// That the other is on this user's list, in the partition of the two.
fn friend_key(user: &UserId) -> Key {
    Key::new(Table::Friend, user.as_str().as_bytes().to_vec())
}

/// The lists of friends.
#[derive(Clone)]
pub struct Friends {
    deps: Deps,
    accounts: Accounts,
    throttle: Throttle,
}

impl Friends {
    pub fn new(deps: Deps, accounts: Accounts, throttle: Throttle) -> Self {
        Self { deps, accounts, throttle }
    }

    /// Puts somebody on the actor's list, and the actor on theirs. Who is there already counts as done.
    pub async fn add(&self, actor: &Actor, new: &NewFriend, sides: Sides) -> Result<(), FriendError> {
        let (app, user, peer) = (actor.app, &actor.user, &new.user);
        if peer == user {
            return Err(FriendError::Oneself);
        }
        new.check()?;
        if self.throttle.is_held(actor) {
            self.throttle.take(app, Rule::FriendsAdded, user, 1)?;
        }
        let partition = Partition::pair(app, user, peer);
        let keys = [friend_key(user), friend_key(peer)];
        let decided = self.deps.decide("add a friend", || async {
            let found: Vec<Option<Versioned<Friendship>>> =
                records::get_many(&self.deps.engine, &partition, &keys).await?;
            let is_missing = |side: usize| found.get(side).is_none_or(Option::is_none);
            let (on_own, on_others) = (is_missing(0), sides == Sides::Both && is_missing(1));
            if !on_own && !on_others {
                return Ok(Decision::Done(false));
            }
            self.may_be_added(app, peer).await?;
            let now = self.deps.now();
            let theirs = Friendship {
                since: now,
                remark: String::new(),
                lists: Vec::new(),
                source: new.source.clone(),
                wording: new.wording.clone(),
            };
            let lists = Some(new.list.clone()).filter(|name| !name.is_empty()).into_iter().collect();
            let own = Friendship { remark: new.remark.clone(), lists, ..theirs.clone() };
            // Looked at before anything is stored, so that a full list at the other end costs no place at this one.
            if on_others && self.places(app, peer).await? >= self.most(app) {
                return Err(FriendError::FullOfOther);
            }
            let attempt = rand::random();
            let mut batch = Batch::new(partition.clone(), now);
            let mut is_new = false;
            let sides = [(on_own, user, peer, own), (on_others, peer, user, theirs)];
            for (_, whose, whom, friendship) in sides.into_iter().filter(|(is_wanted, ..)| *is_wanted) {
                match self.take_place(app, whose, whom, attempt).await {
                    Err(FriendError::Full) if whose == peer => {
                        // One that was there may be that of a friend whom another call adds.
                        if is_new {
                            self.give_place_back(app, user, peer, attempt).await?;
                        }
                        return Err(FriendError::FullOfOther);
                    }
                    taken => is_new = taken?,
                }
                let push = Push::new(event::friend::added(std::slice::from_ref(whom)));
                batch = batch
                    .check(friend_key(whose), Expected::Absent)
                    .put(friend_key(whose), records::encode(&friendship))
                    .announce(Topic::User(app, whose.clone()), push);
            }
            Ok::<_, FriendError>(Decision::Commit(batch, true))
        });
        if !decided.await? {
            // A client changes its list at the push alone: one that did not hear it adds the friend again.
            let push = Push::new(event::friend::added(std::slice::from_ref(peer)));
            self.deps.tell(app, user, None, push).await;
        }
        Ok(())
    }

    async fn may_be_added(&self, app: AppId, peer: &UserId) -> Result<(), FriendError> {
        let account = self.accounts.get(app, peer).await?.ok_or(FriendError::UnknownUser)?;
        let who = account.profile.get(WHO_MAY_ADD).and_then(|value| value.as_str());
        match who.map(WhoMayAdd::of).unwrap_or_default() {
            WhoMayAdd::Anybody => Ok(()),
            WhoMayAdd::Confirmed => Err(FriendError::AskingNotServed),
            WhoMayAdd::Nobody => Err(FriendError::Denied),
        }
    }

    fn most(&self, app: AppId) -> i64 {
        i64::try_from(self.deps.settings(app).limits.friends_per_user).unwrap_or(i64::MAX)
    }

    async fn places(&self, app: AppId, user: &UserId) -> Result<i64, StorageError> {
        let counts = self.deps.engine.counters(&Partition::user(app, user), &[count_key()]).await?;
        Ok(counts.first().copied().unwrap_or_default())
    }

    /// Takes a place for a peer on a user's list. One that is there is taken anew: then nobody else gives it back, and
    /// nobody frees it as one that a crash left. Gives whether it is new.
    async fn take_place(
        &self,
        app: AppId,
        user: &UserId,
        peer: &UserId,
        attempt: u64,
    ) -> Result<bool, FriendError> {
        let decided = self.deps.decide("take a place on a list of friends", || async {
            let found = self.place(app, user, peer).await?;
            let now = self.deps.now();
            let place = Place { taken_at: now, by: attempt };
            let batch =
                Batch::new(Partition::user(app, user), now).put(place_key(peer), records::encode(&place));
            let is_new = found.is_none();
            let batch = match found {
                Some(found) => batch.check(place_key(peer), Expected::Version(found.version)),
                None => {
                    batch.check(place_key(peer), Expected::Absent).add(count_key(), 1, Some(self.most(app)))
                }
            };
            Ok::<_, FriendError>(Decision::Commit(batch, is_new))
        });
        decided.await
    }

    async fn place(
        &self,
        app: AppId,
        user: &UserId,
        peer: &UserId,
    ) -> Result<Option<Versioned<Place>>, StorageError> {
        records::get(&self.deps.engine, &Partition::user(app, user), place_key(peer)).await
    }

    /// Frees the new place that this attempt took, unless another has taken it since.
    async fn give_place_back(
        &self,
        app: AppId,
        user: &UserId,
        peer: &UserId,
        attempt: u64,
    ) -> Result<(), StorageError> {
        match self.place(app, user, peer).await? {
            Some(place) if place.record.by == attempt => self.free_place(app, user, peer, &place).await,
            _ => Ok(()),
        }
    }

    /// Frees a place, unless it was taken anew since it was read.
    async fn free_place(
        &self,
        app: AppId,
        user: &UserId,
        peer: &UserId,
        place: &Versioned<Place>,
    ) -> Result<(), StorageError> {
        let batch = Batch::new(Partition::user(app, user), self.deps.now())
            .check(place_key(peer), Expected::Version(place.version))
            .delete(place_key(peer))
            .add(count_key(), -1, None);
        self.deps.commit(batch).await?;
        Ok(())
    }

    async fn find(
        &self,
        app: AppId,
        user: &UserId,
        peer: &UserId,
    ) -> Result<Option<Friendship>, StorageError> {
        let partition = Partition::pair(app, user, peer);
        let found = records::get(&self.deps.engine, &partition, friend_key(user)).await?;
        Ok(found.map(|found: Versioned<Friendship>| found.record))
    }

    /// A page of the actor's list, from a place on.
    pub async fn page(&self, actor: &Actor, from: u64) -> Result<Page, StorageError> {
        let (app, user) = (actor.app, &actor.user);
        let scan = Scan {
            table: Table::Friend,
            prefix: Bytes::new(),
            // Behind the number of every place there is a name, so those with this number come after it.
            after: Some(Bytes::copy_from_slice(&from.to_be_bytes())),
            skip: 0,
            limit: PAGE + 1,
            reverse: false,
        };
        let mut places = self.deps.engine.scan(&Partition::user(app, user), scan).await?;
        let next = places.get(PAGE).and_then(|(suffix, _)| place_of(suffix));
        places.truncate(PAGE);
        // Friends who share a number may come on two pages. If a whole page shared one, the next would be the same.
        let next = next.map(|(number, _)| number.max(from.saturating_add(1)));
        let friends = whole_ones(places, |(suffix, place)| async move {
            let Some((_, peer)) = place_of(&suffix) else { return Ok(None) };
            let Some(friendship) = self.find(app, user, &peer).await? else {
                let place: Versioned<Place> = records::versioned(&place)?;
                // A young one may be of a friend who is being added at this moment.
                if self.deps.now().0.saturating_sub(place.record.taken_at.0) > PLACE_GRACE_MS {
                    self.free_place(app, user, &peer, &place).await?;
                }
                return Ok(None);
            };
            Ok::<_, StorageError>(Some((peer, friendship)))
        });
        let friends = friends.await?.into_iter().flatten().collect();
        Ok(Page { count: u64::try_from(self.places(app, user).await?).unwrap_or_default(), friends, next })
    }

    /// What the actor noted about each of `peers`, and their accounts; nothing for one who is not on the list.
    pub async fn some(
        &self,
        actor: &Actor,
        peers: &[UserId],
    ) -> Result<Vec<Option<(Friendship, Option<Account>)>>, StorageError> {
        let found = side_by_side(peers.to_vec(), |peer| async move {
            let Some(friendship) = self.find(actor.app, &actor.user, &peer).await? else { return Ok(None) };
            Ok::<_, StorageError>(Some((friendship, self.accounts.get(actor.app, &peer).await?)))
        });
        found.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::bus::{LocalBus, SingleInstance};
    use crate::clock::Clock;
    use crate::services::application::{Applications, Settings};
    use crate::storage::embedded::Embedded;

    const APP: AppId = AppId(1);

    fn friends(dir: &std::path::Path, now: Arc<AtomicU64>) -> Friends {
        let (bus, _) = LocalBus::new();
        let mut settings = Settings::default();
        settings.limits.friends_per_user = 1;
        let deps = Deps {
            engine: Arc::new(Embedded::open(dir, bus.clone()).unwrap()),
            bus: Arc::new(bus),
            clock: Clock::from_fn(move || Millis(now.load(Ordering::Relaxed))),
            apps: Arc::new(Applications::new(settings)),
            node: 1,
            liveness: Arc::new(SingleInstance(1)),
            tasks: TaskTracker::new(),
        };
        let throttle = Throttle::new(deps.clone());
        Friends::new(deps.clone(), Accounts::new(deps, throttle.clone()), throttle)
    }

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn actor(name: &str) -> Actor {
        Actor { app: APP, user: user(name), is_admin: false, device: None }
    }

    fn new(name: &str) -> NewFriend {
        let (remark, list, source, wording) = Default::default();
        NewFriend { user: user(name), remark, list, source, wording }
    }

    async fn list(friends: &Friends, name: &str) -> (u64, Vec<UserId>) {
        let page = friends.page(&actor(name), 0).await.unwrap();
        (page.count, page.friends.into_iter().map(|(peer, _)| peer).collect())
    }

    #[test]
    fn a_place_tells_whose_it_is() {
        for name in ["bob", "爱丽丝", "x"] {
            let peer = user(name);
            assert_eq!(place_of(&place_key(&peer).suffix), Some((number(&peer), peer.clone())));
            assert!(number(&peer) < 1 << 53);
        }
    }

    /// A crash came after a place was taken: nobody has a friend, and adding them again makes both have one.
    #[tokio::test]
    async fn what_a_crash_leaves_is_no_friend_and_is_made_use_of() {
        let dir = tempfile::tempdir().unwrap();
        let friends = friends(dir.path(), Arc::default());
        for name in ["alice", "bob"] {
            friends.accounts.ensure(APP, &user(name)).await.unwrap();
        }
        friends.take_place(APP, &user("alice"), &user("bob"), 7).await.unwrap();
        assert_eq!(list(&friends, "alice").await, (1, Vec::new()));
        friends.add(&actor("alice"), &new("bob"), Sides::Both).await.unwrap();
        assert_eq!(list(&friends, "alice").await, (1, vec![user("bob")]));
        assert_eq!(list(&friends, "bob").await, (1, vec![user("alice")]));
    }

    #[tokio::test]
    async fn what_a_crash_leaves_is_freed_by_a_reader_once_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicU64::new(0));
        let friends = friends(dir.path(), now.clone());
        friends.accounts.ensure(APP, &user("carol")).await.unwrap();
        friends.take_place(APP, &user("alice"), &user("bob"), 7).await.unwrap();
        let full = friends.add(&actor("alice"), &new("carol"), Sides::Single).await;
        assert!(matches!(full, Err(FriendError::Full)), "{full:?}");
        now.store(PLACE_GRACE_MS, Ordering::Relaxed);
        list(&friends, "alice").await;
        assert_eq!(friends.places(APP, &user("alice")).await.unwrap(), 1);
        now.store(PLACE_GRACE_MS + 1, Ordering::Relaxed);
        list(&friends, "alice").await;
        assert_eq!(friends.places(APP, &user("alice")).await.unwrap(), 0);
        friends.add(&actor("alice"), &new("carol"), Sides::Single).await.unwrap();
    }

    /// Two calls add the same friend: the place of the one that is refused may be that of the one that is not.
    #[tokio::test]
    async fn nobody_gives_back_what_another_has_taken() {
        let dir = tempfile::tempdir().unwrap();
        let friends = friends(dir.path(), Arc::default());
        let (alice, bob) = (user("alice"), user("bob"));
        assert!(friends.take_place(APP, &alice, &bob, 7).await.unwrap());
        assert!(!friends.take_place(APP, &alice, &bob, 8).await.unwrap(), "the second gives nothing back");
        friends.give_place_back(APP, &alice, &bob, 7).await.unwrap();
        assert_eq!(friends.places(APP, &alice).await.unwrap(), 1);
        assert!(friends.take_place(APP, &bob, &alice, 9).await.unwrap());
        friends.give_place_back(APP, &bob, &alice, 9).await.unwrap();
        assert_eq!(friends.places(APP, &bob).await.unwrap(), 0);
    }
}

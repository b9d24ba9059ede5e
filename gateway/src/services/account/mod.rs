//! Accounts: who exists, under which number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::event;
use protocol::group::Shown;
use protocol::id::{AppId, Millis, UserId};
use protocol::message::Sender;
use protocol::profile::{self, Item};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::decide::{Decision, Refused};
use super::deps::{Actor, Deps};
use super::rates::{Throttle, TooOften};
use crate::bus::{Origin, Push, Topic};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table};

/// An account of the application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub tiny_id: u64,
    pub created_at: Millis,
    /// Unix second: UserSigs and sessions up to here are void.
    #[serde(default)]
    pub not_before: u64,
    /// Tags and values.
    #[serde(default)]
    pub profile: BTreeMap<String, Value>,
}

impl Account {
    fn new(app: AppId, user: &UserId, now: Millis) -> Self {
        Self { tiny_id: tiny_id(app, user), created_at: now, not_before: 0, profile: BTreeMap::new() }
    }

    fn text(&self, tag: &str) -> &str {
        self.profile.get(tag).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn nick(&self) -> &str {
        self.text(profile::NICK)
    }

    pub fn face(&self) -> &str {
        self.text(profile::FACE)
    }

    /// The user as the sender of a message.
    pub fn sender(&self, user: &UserId, name_card: &str) -> Sender {
        Sender {
            user: user.clone(),
            tiny_id: self.tiny_id,
            nick: self.nick().to_owned(),
            face: self.face().to_owned(),
            name_card: name_card.to_owned(),
        }
    }

    /// The user as tips and notices show them.
    pub fn shown(&self, user: &UserId) -> Shown {
        Shown { user: user.clone(), nick: self.nick().to_owned(), face: self.face().to_owned() }
    }
}

/// The number of a user: the same on every instance and for ever, so it is computed from the name.
///
/// Between 2^57 and 2^58, where the vendor's numbers lie. Two of a million users share one with a chance of 10^-5.
fn tiny_id(app: AppId, user: &UserId) -> u64 {
    let digest = Sha256::digest(format!("{app}\n{user}"));
    let tail = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    (1 << 57) | (tail >> 7)
}

/// Where an account is kept in its user's partition.
pub(super) fn key() -> Key {
    Key::new(Table::Account, "")
}

/// Accounts that are kept in memory.
const KEPT: usize = 20_000;

/// How long an account may be out of date after a change on another instance whose announcement was lost.
const FRESH: Duration = Duration::from_secs(2);

/// When it was read, and the account; nothing but the time of the change where it is out of date.
type Cache = quick_cache::sync::Cache<CacheKey, (Instant, Option<Arc<Account>>)>;

/// With the epoch of the store.
type CacheKey = (u64, AppId, UserId);

/// Finds and makes accounts.
#[derive(Clone)]
pub struct Accounts {
    deps: Deps,
    throttle: Throttle,
    kept: Arc<Cache>,
}

impl Accounts {
    pub fn new(deps: Deps, throttle: Throttle) -> Self {
        Self { deps, throttle, kept: Arc::new(Cache::new(KEPT)) }
    }

    /// The account, perhaps as it was a moment ago: for what only shows it.
    pub async fn known(&self, app: AppId, user: &UserId) -> Result<Option<Arc<Account>>, StorageError> {
        let key = (self.deps.engine.epoch(), app, user.clone());
        if let Some((since, Some(account))) = self.kept.get(&key)
            && since.elapsed() < FRESH
        {
            return Ok(Some(account));
        }
        let since = Instant::now();
        let account = self.get(app, user).await?.map(Arc::new);
        let is_stale = matches!(self.kept.get(&key), Some((changed, None)) if changed >= since);
        if account.is_some() && !is_stale {
            self.kept.insert(key, (since, account.clone()));
        }
        Ok(account)
    }

    /// The account, made now if there is none; perhaps as it was a moment ago.
    pub async fn ensure_known(&self, app: AppId, user: &UserId) -> Result<Arc<Account>, StorageError> {
        match self.known(app, user).await? {
            Some(account) => Ok(account),
            None => Ok(Arc::new(self.ensure(app, user).await?)),
        }
    }

    /// What is kept in memory of an account is out of date.
    pub fn forget(&self, app: AppId, user: &UserId) {
        self.kept.insert((self.deps.engine.epoch(), app, user.clone()), (Instant::now(), None));
    }

    async fn versioned(&self, app: AppId, user: &UserId) -> Result<Option<Versioned<Account>>, StorageError> {
        records::get(&self.deps.engine, &Partition::user(app, user), key()).await
    }

    pub async fn get(&self, app: AppId, user: &UserId) -> Result<Option<Account>, StorageError> {
        Ok(self.versioned(app, user).await?.map(|found| found.record))
    }

    /// The account of somebody whom the actor names, made now if there is none: a first login does that, too.
    pub async fn ensure_named<E>(&self, actor: &Actor, user: &UserId) -> Result<Account, E>
    where
        E: From<StorageError> + From<TooOften>,
    {
        if let Some(account) = self.get(actor.app, user).await? {
            return Ok(account);
        }
        if actor.is_admin || actor.user != *user {
            self.throttle.make_account(actor)?;
        }
        Ok(self.ensure(actor.app, user).await?)
    }

    /// The account, made now if there is none.
    pub async fn ensure(&self, app: AppId, user: &UserId) -> Result<Account, StorageError> {
        if let Some(account) = self.get(app, user).await? {
            return Ok(account);
        }
        self.update(app, user, |_| Ok(Vec::new()), None).await
    }

    /// A batch of a user without an account makes it, too.
    pub(super) fn make(app: AppId, user: &UserId, batch: Batch) -> (Account, Batch) {
        let account = Account::new(app, user, batch.at);
        let batch = batch.check(key(), Expected::Absent).put(key(), records::encode(&account));
        (account, batch)
    }

    /// The user as tips and notices show them, also if they have no account.
    pub async fn shown(&self, app: AppId, user: &UserId) -> Result<Shown, StorageError> {
        let account = self.get(app, user).await?;
        Ok(account.map_or_else(
            || Shown { user: user.clone(), nick: String::new(), face: String::new() },
            |account| account.shown(user),
        ))
    }

    /// Voids every UserSig and session up to this second. Gives the time; nothing when there is no such account.
    pub async fn void(&self, app: AppId, user: &UserId) -> Result<Option<Millis>, StorageError> {
        if self.get(app, user).await?.is_none() {
            return Ok(None);
        }
        let now = self.deps.now();
        let change = |account: &mut Account| {
            account.not_before = account.not_before.max(now.seconds());
            Ok::<_, StorageError>(Vec::new())
        };
        self.update(app, user, change, None).await?;
        Ok(Some(now))
    }

    /// Makes or changes the account. `change` returns the tags that devices must hear of, or why nothing is changed.
    pub(super) async fn update<E: From<StorageError> + From<Refused>>(
        &self,
        app: AppId,
        user: &UserId,
        change: impl Fn(&mut Account) -> Result<Vec<Item>, E> + Send + Sync,
        origin: Option<Origin>,
    ) -> Result<Account, E> {
        let decided = self.deps.decide("write an account", || async {
            let now = self.deps.now();
            let found = self.versioned(app, user).await?;
            let expected = found.as_ref().map_or(Expected::Absent, |found| Expected::Version(found.version));
            let mut account = found.map_or_else(|| Account::new(app, user, now), |found| found.record);
            let items = change(&mut account)?;
            let mut batch = Batch::new(Partition::user(app, user), now)
                .check(key(), expected)
                .put(key(), records::encode(&account));
            if !items.is_empty() {
                let push = Push::new(event::profile::changed(user, &items));
                let push = push.by(origin.clone()).changing_account();
                batch = batch.announce(Topic::User(app, user.clone()), push);
            }
            Ok::<_, E>(Decision::Commit(batch, account))
        });
        let decided = decided.await;
        // Also when it failed: it may be stored all the same.
        self.forget(app, user);
        decided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable_and_lie_where_the_vendors_do() {
        let (app, user) = (AppId(1_400_000_000), UserId::parse("alice").unwrap());
        assert_eq!(tiny_id(app, &user), tiny_id(app, &user));
        assert_ne!(tiny_id(app, &user), tiny_id(AppId(1), &user));
        assert!((1 << 57..1 << 58).contains(&tiny_id(app, &user)));
    }
}

//! Profiles: what users tell about themselves.

use std::sync::Arc;

use protocol::event;
use protocol::id::{AppId, UserId};
use protocol::json::MAX_NUMBER;
use protocol::profile::{self, Item, Shape};
use serde_json::Value;

use super::account::{Account, Accounts};
use super::conversation::Conversations;
use super::decide::Refused;
use super::deps::{Actor, Deps, side_by_side};
use super::rates::{Rule, Throttle, TooOften};
use crate::bus::{Event, Push, Topic};
use crate::storage::StorageError;

/// Why a profile was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("no such field: {0}")]
    UnknownTag(String),
    #[error("the value of {0} has the wrong type")]
    BadType(String),
    #[error("the value of {0} is not one of the field's")]
    BadValue(String),
    #[error("a profile has at most {0} fields that begin with {prefix}", prefix = profile::CUSTOM_PREFIX)]
    TooManyFields(usize),
    #[error("the value of {0} is longer than {limit} bytes", limit = profile::MAX_VALUE_BYTES)]
    TooLong(String),
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Refused> for ProfileError {
    fn from(refused: Refused) -> Self {
        StorageError::from(refused).into()
    }
}

/// Reads and writes profiles.
#[derive(Clone)]
pub struct Profiles {
    deps: Deps,
    accounts: Accounts,
    conversations: Conversations,
    throttle: Throttle,
}

impl Profiles {
    pub fn new(deps: Deps, accounts: Accounts, conversations: Conversations, throttle: Throttle) -> Self {
        Self { deps, accounts, conversations, throttle }
    }

    /// The fields that are set; `None` when there is no such account.
    pub async fn get(&self, app: AppId, user: &UserId) -> Result<Option<Vec<Item>>, StorageError> {
        Ok(self.accounts.get(app, user).await?.map(items_of))
    }

    /// Changes the given fields of `user`, and makes the account if there is none.
    pub async fn set(&self, actor: &Actor, user: &UserId, items: Vec<Item>) -> Result<(), ProfileError> {
        items.iter().try_for_each(check)?;
        if self.throttle.is_held(actor) {
            self.throttle.take(actor.app, Rule::ProfileChanges, user, 1)?;
        }
        let change = |account: &mut Account| {
            let before = custom_fields(account);
            let fields = items.iter().map(|item| (item.tag.clone(), item.value.clone()));
            account.profile.extend(fields);
            let after = custom_fields(account);
            let most = self.deps.settings(actor.app).limits.profile_custom_fields;
            // One that has more, from a time when more were allowed, may still change those it has.
            if after > before && after > most {
                return Err(ProfileError::TooManyFields(most));
            }
            Ok(items.clone())
        };
        let account = self.accounts.update(actor.app, user, change, actor.origin()).await?;
        if !items.is_empty() {
            // Whoever talks with them shows their name; one who is away reads the new one when they come back.
            // They get the whole profile: it takes the place of what their SDK knew of a stranger. Source: observed.
            let push = Push::new(event::profile::changed(user, &items_of(account)));
            let event: Arc<Event> = push.into();
            let peers = self.conversations.peers_of(actor.app, user).await?;
            let told = side_by_side(peers, |peer| {
                let told = self.deps.bus.publish(Topic::User(actor.app, peer), None, event.clone());
                async {
                    told.await;
                    Ok::<_, StorageError>(())
                }
            });
            told.await?;
        }
        Ok(())
    }

    /// Makes an account with nick and face, or gives an existing one those that are named.
    pub async fn import(
        &self,
        app: AppId,
        user: &UserId,
        nick: Option<String>,
        face: Option<String>,
    ) -> Result<(), ProfileError> {
        let field = |tag: &str, value: Option<String>| {
            value.map(|value| Item { tag: tag.to_owned(), value: Value::from(value) })
        };
        let items = [field(profile::NICK, nick), field(profile::FACE, face)].into_iter().flatten().collect();
        let admin = Actor { app, user: user.clone(), is_admin: true, device: None };
        self.set(&admin, user, items).await
    }

    /// The clock's time, for answers that carry one.
    pub fn now_seconds(&self) -> u64 {
        self.deps.now().seconds()
    }
}

fn custom_fields(account: &Account) -> usize {
    account.profile.keys().filter(|tag| tag.starts_with(profile::CUSTOM_PREFIX)).count()
}

fn items_of(account: Account) -> Vec<Item> {
    account.profile.into_iter().map(|(tag, value)| Item { tag, value }).collect()
}

fn check(item: &Item) -> Result<(), ProfileError> {
    let tag = || item.tag.clone();
    match (profile::shape(&item.tag).ok_or_else(|| ProfileError::UnknownTag(tag()))?, &item.value) {
        (Shape::Text, Value::String(text)) if text.len() > profile::MAX_VALUE_BYTES => {
            Err(ProfileError::TooLong(tag()))
        }
        (Shape::Text, Value::String(_)) => Ok(()),
        // One that every reader has as it was written: it is told to others.
        (Shape::Number, Value::Number(number))
            if number.as_u64().is_some_and(|number| number <= MAX_NUMBER) =>
        {
            Ok(())
        }
        (Shape::OneOf(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(()),
        (Shape::OneOf(_), Value::String(_)) => Err(ProfileError::BadValue(tag())),
        _ => Err(ProfileError::BadType(tag())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict(tag: &str, value: Value) -> Result<(), ProfileError> {
        check(&Item { tag: tag.to_owned(), value })
    }

    #[test]
    fn values_fit_their_fields() {
        assert!(verdict(profile::NICK, json!("小明")).is_ok());
        assert!(matches!(verdict(profile::NICK, json!(1)), Err(ProfileError::BadType(_))));
        assert!(matches!(verdict(profile::NICK, json!("x".repeat(501))), Err(ProfileError::TooLong(_))));
        assert!(verdict("Tag_Profile_IM_BirthDay", json!(19990101)).is_ok());
        for odd in [json!(-1), json!(1.5), json!(MAX_NUMBER + 1), json!(null), json!([]), json!({})] {
            assert!(matches!(verdict("Tag_Profile_IM_BirthDay", odd), Err(ProfileError::BadType(_))));
        }
        assert!(matches!(verdict("Tag_Profile_IM_Gender", json!("Robot")), Err(ProfileError::BadValue(_))));
        assert!(matches!(verdict("Tag_Profile_IM_Nope", json!("x")), Err(ProfileError::UnknownTag(_))));
    }
}

//! Profiles.

use protocol::json::raw;
use protocol::profile::{
    CUSTOM_PREFIX, FACE, GetAll, Item, MAX_USERS, MAX_VALUE_BYTES, NICK, Profile, Profiles, Set, Shape, shape,
};
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};

use super::page::{BYTES_OF_LIST, once};
use super::refusal::plain;
use super::table::{Row, rows};
use super::{Call, Context, Refusal};
use crate::services::StorageError;
use crate::services::deps::whole_ones;
use crate::services::profile::ProfileError;

pub(super) static ROWS: &[Row] = rows! {
    PROFILE {
        User Apart GetAll => get_all, 50 per second per user;
        User Apart + Once Set => set, 20 per second per user;
    }
};

impl From<ProfileError> for Refusal {
    fn from(error: ProfileError) -> Self {
        let (code, tag) = match error {
            ProfileError::UnknownTag(tag) => (ErrorCode::PROFILE_UNKNOWN_TAG, tag),
            ProfileError::BadType(tag) => (ErrorCode::PROFILE_BAD_TYPE, tag),
            ProfileError::BadValue(tag) => (ErrorCode::PROFILE_BAD_VALUE, tag),
            ProfileError::TooLong(tag) => (ErrorCode::PROFILE_TOO_LONG, tag),
            ProfileError::TooManyFields(most) => {
                let what = format!("ProfileItem: a profile has at most {most} fields of {CUSTOM_PREFIX}");
                return Failure::worded(ErrorCode::PROFILE_BAD_PARAMETER, what).into();
            }
            ProfileError::TooOften(why) => return Failure::because(ErrorCode::TOO_OFTEN, why).into(),
            ProfileError::Storage(error) => return Refusal::Store(error),
        };
        let named = plain(&tag);
        let what = match (shape(&tag), code) {
            (None, _) => format!("Tag must be that of a field of profiles, and {named} is none"),
            (Some(Shape::Text), ErrorCode::PROFILE_TOO_LONG) => {
                format!("Value of {named} has at most {MAX_VALUE_BYTES} bytes")
            }
            (Some(Shape::Text), _) => format!("Value of {named} must be a string"),
            (Some(Shape::Number), _) => format!("Value of {named} must be a whole number, 0 or more"),
            (Some(Shape::OneOf(words)), _) => format!("Value of {named} must be one of {}", words.join(", ")),
        };
        Failure::worded(code, what).into()
    }
}

pub(super) async fn get_all(context: &Context, call: &Call, request: GetAll) -> Result<Profiles, Refusal> {
    let app = call.actor()?.app;
    let users = once(request.users.into_iter().map(|item| item.user).collect());
    if users.len() > MAX_USERS {
        return Err(Refusal::malformed("UserItem has at most 100 users"));
    }
    let profiles = &context.services.profiles;
    let found = whole_ones(users, |user| async move {
        let items = profiles.get(app, &user).await?;
        Ok::<_, StorageError>(items.map(|items| (user, items)))
    });
    let mut shortened = Shortened::default();
    let profile = |(user, items)| Profile {
        user,
        items: shortened.next(items),
        code: 0,
        info: "",
        standard_sequence: 0,
        custom_sequence: 0,
    };
    Ok(Profiles { profiles: found.await?.into_iter().flatten().map(profile).collect(), sequence: 0 })
}

/// Profiles that are told in one answer. Clients ask for theirs once, so where their users wrote more than an answer
/// takes, those behind have only what a list shows.
#[derive(Default)]
pub(super) struct Shortened {
    bytes: usize,
}

impl Shortened {
    pub(super) fn next(&mut self, mut items: Vec<Item>) -> Vec<Item> {
        if self.bytes > BYTES_OF_LIST {
            items.retain(|item| [NICK, FACE].contains(&item.tag.as_str()));
        }
        self.bytes += items.iter().map(|item| raw(item).get().len()).sum::<usize>();
        items
    }
}

pub(super) async fn set(context: &Context, call: &Call, request: Set) -> Result<Empty, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let user = actor.user.clone();
    context.services.profiles.set(&actor, &user, request.items).await?;
    Ok(Empty {})
}

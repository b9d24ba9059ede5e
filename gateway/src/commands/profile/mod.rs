//! Profiles.

use protocol::profile::{GetAll, MAX_USERS, Profile, Profiles, Set};
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};

use super::table::{Row, rows};
use super::{Call, Context, Refusal};
use crate::services::profile::ProfileError;

pub(super) static ROWS: &[Row] = rows! {
    PROFILE {
        User GetAll => get_all, 50 per second per user;
        User Set => set, 20 per second per user;
    }
};

impl From<ProfileError> for Refusal {
    fn from(error: ProfileError) -> Self {
        let code = match error {
            ProfileError::UnknownTag(_) => ErrorCode::PROFILE_UNKNOWN_TAG,
            ProfileError::BadType(_) => ErrorCode::PROFILE_BAD_TYPE,
            ProfileError::BadValue(_) => ErrorCode::PROFILE_BAD_VALUE,
            ProfileError::TooLong(_) => ErrorCode::PROFILE_TOO_LONG,
            ProfileError::Storage(error) => return Refusal::Store(error),
        };
        Failure::worded(code, error.to_string()).into()
    }
}

pub(super) async fn get_all(context: &Context, call: &Call, request: GetAll) -> Result<Profiles, Refusal> {
    let app = call.actor()?.app;
    if request.users.len() > MAX_USERS {
        return Err(Refusal::malformed("UserItem has at most 100 users"));
    }
    let mut profiles = Vec::with_capacity(request.users.len());
    for item in request.users {
        if let Some(items) = context.services.profiles.get(app, &item.user).await? {
            let profile = Profile {
                user: item.user,
                items,
                code: 0,
                info: "",
                standard_sequence: 0,
                custom_sequence: 0,
            };
            profiles.push(profile);
        }
    }
    Ok(Profiles { profiles, sequence: 0 })
}

pub(super) async fn set(context: &Context, call: &Call, request: Set) -> Result<Empty, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let user = actor.user.clone();
    context.services.profiles.set(&actor, &user, request.items).await?;
    Ok(Empty {})
}

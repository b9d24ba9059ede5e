//! Profiles.

use protocol::profile::{GetAll, MAX_USERS, Profile, Profiles, Set};
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};

use super::{Call, Context, storage_failure};
use crate::services::profile::ProfileError;

pub(super) fn profile_failure(error: &ProfileError) -> Failure {
    let code = match error {
        ProfileError::UnknownTag(_) => ErrorCode::PROFILE_UNKNOWN_TAG,
        ProfileError::BadType(_) => ErrorCode::PROFILE_BAD_TYPE,
        ProfileError::BadValue(_) => ErrorCode::PROFILE_BAD_VALUE,
        ProfileError::TooLong(_) => ErrorCode::PROFILE_TOO_LONG,
        ProfileError::Storage(error) => return storage_failure(error, ErrorCode::PROFILE_INTERNAL),
    };
    Failure::because(code, error)
}

pub(super) async fn get_all(context: &Context, call: &Call, request: GetAll) -> Result<Profiles, Failure> {
    let app = call.actor()?.app;
    if request.users.len() > MAX_USERS {
        return Err(Failure::because(ErrorCode::PROFILE_BAD_PARAMETER, "more than 100 users"));
    }
    let mut profiles = Vec::with_capacity(request.users.len());
    for item in request.users {
        let items = context.services.profiles.get(app, &item.user).await;
        let items = items.map_err(|error| storage_failure(&error, ErrorCode::PROFILE_INTERNAL))?;
        if let Some(items) = items {
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

pub(super) async fn set(context: &Context, call: &Call, request: Set) -> Result<Empty, Failure> {
    let actor = call.actor_for(request.from.as_ref())?;
    let user = actor.user.clone();
    context
        .services
        .profiles
        .set(&actor, &user, request.items)
        .await
        .map_err(|error| profile_failure(&error))?;
    Ok(Empty {})
}

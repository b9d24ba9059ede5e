//! Groups.

pub(super) mod join;
pub(super) mod life;
pub(super) mod member;
pub(super) mod profile;

use protocol::{ErrorCode, Failure};

use super::storage_failure;
use crate::services::group::GroupError;

pub(super) fn group_failure(error: &GroupError) -> Failure {
    let code = match error {
        GroupError::Missing => ErrorCode::GROUP_MISSING,
        GroupError::BadId => ErrorCode::GROUP_BAD_ID,
        GroupError::NotMember | GroupError::NotAllowed(_) => ErrorCode::GROUP_NOT_ALLOWED,
        GroupError::NoCommunities => ErrorCode::COMMUNITY_OFF,
        GroupError::OwnerCannotQuit => ErrorCode::OWNER_CANNOT_QUIT,
        GroupError::AlreadyMember => ErrorCode::ALREADY_MEMBER,
        GroupError::Full => ErrorCode::GROUP_FULL,
        GroupError::TooManyGroups => ErrorCode::TOO_MANY_GROUPS,
        GroupError::IdTaken => ErrorCode::GROUP_ID_TAKEN,
        GroupError::IdYours => ErrorCode::GROUP_ID_YOURS,
        GroupError::TooManyAccounts => ErrorCode::GROUP_TOO_MANY_ACCOUNTS,
        GroupError::BadParameter(_) => ErrorCode::GROUP_BAD_PARAMETER,
        GroupError::Busy => ErrorCode::GROUP_INTERNAL,
        GroupError::Storage(error) => return storage_failure(error, ErrorCode::GROUP_INTERNAL),
    };
    Failure::because(code, error)
}

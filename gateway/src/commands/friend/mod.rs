//! The lists of friends that clients ask for at their start. Nobody has friends here yet.

use protocol::Failure;
use protocol::friend::{
    BlackList, FriendApplications, FriendLists, Friends, GetBlackList, GetFriendApplications, GetFriendLists,
    GetFriends,
};

use super::{Call, Context};

pub(super) async fn get_black_list(_: &Context, _: &Call, _: GetBlackList) -> Result<BlackList, Failure> {
    Ok(BlackList::default())
}

pub(super) async fn get_friends(_: &Context, _: &Call, _: GetFriends) -> Result<Friends, Failure> {
    Ok(Friends::default())
}

pub(super) async fn get_friend_lists(
    _: &Context,
    _: &Call,
    _: GetFriendLists,
) -> Result<FriendLists, Failure> {
    Ok(FriendLists::default())
}

pub(super) async fn get_friend_applications(
    _: &Context,
    _: &Call,
    _: GetFriendApplications,
) -> Result<FriendApplications, Failure> {
    Ok(FriendApplications::default())
}

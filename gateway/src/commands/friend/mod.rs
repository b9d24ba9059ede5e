//! The lists of friends that clients ask for at their start. Nobody has friends here yet.

use protocol::friend::{
    BlackList, FriendApplications, FriendLists, Friends, GetBlackList, GetFriendApplications, GetFriendLists,
    GetFriends,
};

use super::table::{Row, rows};
use super::{Call, Context, Refusal};

pub(super) static ROWS: &[Row] = rows! {
    FRIEND {
        User GetBlackList => get_black_list, 20 per second per user;
        User GetFriends => get_friends, 20 per second per user;
        User GetFriendLists => get_friend_lists, 20 per second per user;
        User GetFriendApplications => get_friend_applications, 20 per second per user;
    }
};

pub(super) async fn get_black_list(_: &Context, _: &Call, _: GetBlackList) -> Result<BlackList, Refusal> {
    Ok(BlackList::default())
}

pub(super) async fn get_friends(_: &Context, _: &Call, _: GetFriends) -> Result<Friends, Refusal> {
    Ok(Friends::default())
}

pub(super) async fn get_friend_lists(
    _: &Context,
    _: &Call,
    _: GetFriendLists,
) -> Result<FriendLists, Refusal> {
    Ok(FriendLists::default())
}

pub(super) async fn get_friend_applications(
    _: &Context,
    _: &Call,
    _: GetFriendApplications,
) -> Result<FriendApplications, Refusal> {
    Ok(FriendApplications::default())
}

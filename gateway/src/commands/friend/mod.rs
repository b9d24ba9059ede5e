//! Friends, and the lists beside them that clients ask for at their start: nobody can fill those here yet.

use protocol::friend::{
    AddFriend, AddFriends, AddResult, Added, BlackList, Friend, FriendApplications, FriendLists, Friends,
    GetBlackList, GetFriendApplications, GetFriendLists, GetFriends, GetSpecifiedFriends,
    MAX_LIST_NAME_BYTES, MAX_REMARK_BYTES, MAX_SOURCE_LETTERS, MAX_USERS, MAX_WORDING_BYTES, SOURCE_PREFIX,
    SpecifiedFriend, SpecifiedFriends,
};
use protocol::profile::Item;
use protocol::{ErrorCode, Failure};

use super::page::once;
use super::profile::Shortened;
use super::table::{Row, rows};
use super::{Call, Context, Refusal, family};
use crate::services::friend::{Field, FriendError, NewFriend};

pub(super) static ROWS: &[Row] = rows! {
    FRIEND {
        User Apart GetBlackList => get_black_list, 20 per second per user;
        User Apart + Once AddFriends => add_friends, 10 per second per user;
        User Apart GetFriends => get_friends, 50 per second per user;
        User Apart GetSpecifiedFriends => get_specified_friends, 20 per second per user;
        User Apart GetFriendLists => get_friend_lists, 20 per second per user;
        User Apart GetFriendApplications => get_friend_applications, 20 per second per user;
    }
};

impl From<FriendError> for Refusal {
    fn from(error: FriendError) -> Self {
        match error {
            FriendError::Oneself => Refusal::malformed("To_Account must be somebody else"),
            FriendError::UnknownUser => ErrorCode::FRIEND_ACCOUNT_MISSING.into(),
            FriendError::Denied => ErrorCode::FRIEND_DENIED.into(),
            // Not the code for "waiting": nobody would ever be asked.
            FriendError::AskingNotServed => Failure::because(
                ErrorCode::FRIEND_DENIED,
                "they want to be asked first, and friend applications are not served here",
            )
            .into(),
            FriendError::Full => ErrorCode::FRIENDS_FULL.into(),
            FriendError::FullOfOther => ErrorCode::FRIENDS_OF_PEER_FULL.into(),
            FriendError::Invalid(field) => Refusal::malformed(match field {
                Field::Remark => format!("Remark has at most {MAX_REMARK_BYTES} bytes"),
                Field::List => format!("GroupName has at most {MAX_LIST_NAME_BYTES} bytes"),
                Field::Source => {
                    format!("AddSource is {SOURCE_PREFIX} and 1 to {MAX_SOURCE_LETTERS} letters")
                }
                Field::Wording => format!("AddWording has at most {MAX_WORDING_BYTES} bytes"),
            }),
            FriendError::TooOften(why) => Failure::because(ErrorCode::TOO_OFTEN, why).into(),
            FriendError::Busy => Refusal::Busy,
            FriendError::Storage(error) => Refusal::Store(error),
        }
    }
}

pub(super) async fn get_black_list(_: &Context, _: &Call, _: GetBlackList) -> Result<BlackList, Refusal> {
    Ok(BlackList::default())
}

/// Each is added or refused for themselves; those before a fault of the store stay, and may be added again.
pub(super) async fn add_friends(
    context: &Context,
    call: &Call,
    request: AddFriends,
) -> Result<Added, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    if request.friends.len() > MAX_USERS {
        return Err(Refusal::malformed(format!("AddFriendItem has at most {MAX_USERS} users")));
    }
    let mut results = Vec::with_capacity(request.friends.len());
    for AddFriend { user, source, wording, remark, list } in request.friends {
        let new = NewFriend { user, remark, list, source, wording };
        let (code, info) = match context.services.friends.add(&actor, &new, request.sides).await {
            Ok(()) => (ErrorCode::OK, String::new()),
            Err(FriendError::Storage(error)) => return Err(error.into()),
            Err(error) => {
                let Failure { code, info, .. } = Refusal::from(error).failure(&family::FRIEND);
                (code, info)
            }
        };
        results.push(AddResult { user: new.user, code, info });
    }
    Ok(Added { results })
}

pub(super) async fn get_friends(
    context: &Context,
    call: &Call,
    request: GetFriends,
) -> Result<Friends, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let page = context.services.friends.page(&actor, request.start).await?;
    let friends = page.friends.into_iter();
    Ok(Friends {
        count: page.count,
        friends: friends.map(|(user, kept)| Friend { user, items: kept.notes().items() }).collect(),
        complete: u8::from(page.next.is_none()),
        next: page.next.unwrap_or_default(),
        ..Friends::default()
    })
}

pub(super) async fn get_specified_friends(
    context: &Context,
    call: &Call,
    request: GetSpecifiedFriends,
) -> Result<SpecifiedFriends, Refusal> {
    let actor = call.actor_for(request.from.as_ref())?;
    let users = once(request.users);
    if users.len() > MAX_USERS {
        return Err(Refusal::malformed(format!("To_Account has at most {MAX_USERS} users")));
    }
    let found = context.services.friends.some(&actor, &users).await?;
    let mut shortened = Shortened::default();
    let friends = users.into_iter().zip(found).map(|(user, found)| match found {
        Some((kept, account)) => {
            let profile = account.into_iter().flat_map(|account| account.profile);
            let mut items = kept.notes().items();
            items.extend(shortened.next(profile.map(|(tag, value)| Item { tag, value }).collect()));
            SpecifiedFriend { user, items, code: ErrorCode::OK, info: "" }
        }
        None => {
            let code = ErrorCode::FRIEND_BAD_PARAMETER;
            SpecifiedFriend { user, items: Vec::new(), code, info: "not a friend" }
        }
    });
    Ok(SpecifiedFriends { friends: friends.collect() })
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

//! Members.

use protocol::ErrorCode;
use protocol::group::{
    AddMembers, AddResult, Added, CountOnline, DeleteMembers, GetMembers, GetSpecifiedMembers, MemberInfo,
    Members, ModifyMember, OnlineCount, SpecifiedMembers,
};
use protocol::id::UserId;
use protocol::json::raw;
use protocol::request::Empty;
use serde_json::{Map, Value};

use super::{channel, too_large};
use crate::commands::page::{Filling, once};
use crate::commands::{Call, Context, Refusal};
use crate::services::group::{
    AddOutcome, Cursor, Fields, GroupError, GroupRef, Invalid, Member, MemberChange, MemberView, Standing,
};
use crate::services::{Services, StorageError};

/// For how long a client may keep the number of members online.
const ONLINE_COUNT_LIFETIME_SECONDS: u32 = 60;

/// What the lines of one answer have together. Who asks for a group's members without a limit gets all of the largest
/// group, unless the members wrote a lot about themselves.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Members whose lines are made before others have their turn.
const AT_ONCE: usize = 100;

/// Members that one call names.
const MAX_NAMED: usize = 50;

/// Members of a page that has a next one.
const MAX_PAGE: usize = 100;

/// What an answer says of members.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Names of what is told; everything where there are none.
    names: Option<Vec<String>>,
    /// Keys of the fields that the application defined; all of them where none is named.
    keys: Option<Vec<String>>,
    reader: Standing,
}

impl Wanted {
    pub(super) fn new(names: Option<&[String]>, keys: Option<&[String]>, reader: Standing) -> Self {
        let (mut names, keys) = (names.map(<[_]>::to_vec), keys.map(<[_]>::to_vec));
        if let (Some(names), Some(_)) = (&mut names, &keys) {
            names.push("AppMemberDefinedData".to_owned());
        }
        Self { names, keys, reader }
    }

    pub(super) fn filtered(&self, info: &MemberInfo) -> Map<String, Value> {
        info.filtered(self.names.as_deref())
    }
}

/// Members' lines, in their order; whether they are online is looked up only where the caller wants to know.
pub(super) async fn member_infos(
    context: &Context,
    found: &GroupRef,
    members: Vec<(UserId, Member)>,
    wanted: &Wanted,
) -> Result<Vec<MemberInfo>, StorageError> {
    let Services { groups, sessions, .. } = &context.services;
    let filter = wanted.names.as_deref();
    let mut views = groups.views(found, members).await?;
    for view in &mut views {
        let fields = &mut view.member.custom;
        groups.hide_fields(found.app, Fields::OfMember, wanted.reader, fields);
        if let Some(keys) = &wanted.keys {
            fields.retain(|field| keys.contains(&field.key));
        }
    }
    let online = if filter.is_none_or(|names| names.iter().any(|name| name == "OnlineStatus")) {
        sessions.are_online(found.app, views.iter().map(|view| view.user.clone()).collect()).await?
    } else {
        vec![false; views.len()]
    };
    let info = |(view, is_online): (MemberView, bool)| MemberInfo {
        user: view.user,
        role: view.member.role,
        joined_at: view.member.joined_at.seconds(),
        read: view.read,
        receive: view.member.receive,
        name_card: view.member.name_card,
        muted_until_old: view.muted_until,
        muted_until: view.muted_until,
        online: if is_online { "Online" } else { "Offline" },
        custom: view.member.custom,
    };
    Ok(views.into_iter().zip(online).map(info).collect())
}

pub(in crate::commands) async fn get(
    context: &Context,
    call: &Call,
    request: GetMembers,
) -> Result<Members, Refusal> {
    let actor = call.actor()?;
    let groups = &context.services.groups;
    let roles = request.roles.as_deref();
    let (found, reader, page, next) = match request.next.as_deref() {
        None => {
            let page = (request.offset, request.limit);
            let (found, reader, page) = groups.list(&actor, &request.group, roles, page).await?;
            (found, reader, page, None)
        }
        Some(next) => {
            let after = match next {
                "" | "0" => None,
                next => {
                    Some(Cursor::parse(next).ok_or(Refusal::malformed("Next is what the page before gave"))?)
                }
            };
            let limit = request.limit.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
            let page = groups.list_after(&actor, &request.group, roles, (after.as_ref(), limit)).await?;
            let (found, reader, page, next) = page;
            (found, reader, page, Some(next.map(|next| next.to_string()).unwrap_or_default()))
        }
    };
    let wanted = Wanted::new(request.filter.as_deref(), request.custom.as_deref(), reader);
    let mut lines = Filling::new(usize::MAX, MOST_BYTES);
    let mut members = page.members.into_iter().peekable();
    while members.peek().is_some() {
        let some = members.by_ref().take(AT_ONCE).collect();
        for info in member_infos(context, &found, some, &wanted).await? {
            if !lines.takes(raw(&wanted.filtered(&info))) {
                return Err(too_large(&actor.user).into());
            }
        }
        tokio::task::yield_now().await;
    }
    Ok(Members { count: page.count, members: lines.items(), next })
}

pub(in crate::commands) async fn get_specified(
    context: &Context,
    call: &Call,
    request: GetSpecifiedMembers,
) -> Result<SpecifiedMembers, Refusal> {
    let actor = call.actor()?;
    let users = once(request.users);
    if users.len() > MAX_NAMED {
        return Err(ErrorCode::GROUP_TOO_MANY_ACCOUNTS.into());
    }
    let (found, reader, picked) = context.services.groups.pick(&actor, &request.group, &users).await?;
    let wanted = Wanted::new(request.filter.as_deref(), request.custom.as_deref(), reader);
    let members = member_infos(context, &found, picked, &wanted).await?;
    let members = members.iter().map(|info| wanted.filtered(info)).collect();
    Ok(SpecifiedMembers { group: request.group, members })
}

pub(in crate::commands) async fn add(
    context: &Context,
    call: &Call,
    request: AddMembers,
) -> Result<Added, Refusal> {
    let actor = call.actor()?;
    let users: Vec<UserId> = once(request.members.into_iter().map(|member| member.user).collect());
    let outcomes = context.services.groups.add(&actor, &request.group, &users, request.silent).await?;
    let result = |outcome| match outcome {
        AddOutcome::Failed => 0,
        AddOutcome::Added => 1,
        AddOutcome::WasMember => 2,
        AddOutcome::Waiting => 3,
        AddOutcome::InTooManyGroups => 4,
    };
    let results = users
        .into_iter()
        .zip(outcomes)
        .map(|(user, outcome)| AddResult { user, result: result(outcome) })
        .collect();
    Ok(Added { results })
}

pub(in crate::commands) async fn delete(
    context: &Context,
    call: &Call,
    request: DeleteMembers,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    let groups = &context.services.groups;
    let users = once(request.users);
    groups.kick(&actor, &request.group, &users, &request.reason, request.silent).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn modify(
    context: &Context,
    call: &Call,
    request: ModifyMember,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    let groups = &context.services.groups;
    if let Some(topic) = &request.topic {
        channel(&request.group, Some(topic))?;
        if request.role.is_some() || request.name_card.is_some() || request.custom.is_some() {
            return Err(GroupError::Invalid(Invalid::NotOfTopic).into());
        }
        let change = (request.mute_seconds, request.receive);
        groups.modify_member_in_topic(&actor, topic, &request.user, change).await?;
        return Ok(Empty {});
    }
    let change = MemberChange {
        role: request.role,
        name_card: request.name_card,
        mute_seconds: request.mute_seconds,
        receive: request.receive,
        custom: request.custom,
    };
    groups.modify_member(&actor, &request.group, &request.user, &change).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn count_online(
    context: &Context,
    call: &Call,
    request: CountOnline,
) -> Result<OnlineCount, Refusal> {
    let actor = call.actor()?;
    let count = context.services.presence.count(&actor, &request.group).await?;
    Ok(OnlineCount { count, lifetime_seconds: ONLINE_COUNT_LIFETIME_SECONDS })
}

//! Members.

use protocol::group::{
    AddMembers, AddResult, Added, CountOnline, DeleteMembers, GetMembers, GetSpecifiedMembers, MemberInfo,
    Members, ModifyMember, OnlineCount, SpecifiedMembers,
};
use protocol::id::UserId;
use protocol::request::Empty;

use crate::commands::{Call, Context, Refusal};
use crate::services::StorageError;
use crate::services::core::side_by_side;
use crate::services::group::{AddOutcome, Found, Member, MemberChange};

/// For how long a client may keep the number of members online.
const ONLINE_COUNT_LIFETIME_SECONDS: u32 = 60;

/// A member's line; whether he is online is looked up only where the caller wants to know.
pub(super) async fn member_info(
    context: &Context,
    found: &Found,
    user: UserId,
    member: Member,
    filter: Option<&[String]>,
) -> Result<MemberInfo, StorageError> {
    let view = context.services.groups.view(found, user, member).await?;
    let wants_online = filter.is_none_or(|names| names.iter().any(|name| name == "OnlineStatus"));
    let is_online =
        wants_online && !context.services.sessions.online(found.app, &view.user).await?.is_empty();
    Ok(MemberInfo {
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
    })
}

pub(in crate::commands) async fn get(
    context: &Context,
    call: &Call,
    request: GetMembers,
) -> Result<Members, Refusal> {
    let actor = call.actor()?;
    let groups = &context.services.groups;
    let (found, listed) = groups.list(&actor, &request.group, request.roles.as_deref()).await?;
    let page = listed.into_iter().skip(request.offset).take(request.limit.unwrap_or(usize::MAX));
    let filter = request.filter.as_deref();
    let members = side_by_side(page, |(user, member)| async {
        Ok::<_, StorageError>(member_info(context, &found, user, member, filter).await?.filtered(filter))
    });
    let members = members.await?;
    Ok(Members { count: groups.count(&found).await?, members })
}

pub(in crate::commands) async fn get_specified(
    context: &Context,
    call: &Call,
    request: GetSpecifiedMembers,
) -> Result<SpecifiedMembers, Refusal> {
    let actor = call.actor()?;
    let (found, picked) = context.services.groups.pick(&actor, &request.group, &request.users).await?;
    let mut filter = request.filter;
    if let (Some(names), Some(_)) = (&mut filter, &request.custom) {
        names.push("AppMemberDefinedData".to_owned());
    }
    let (filter, keys) = (filter.as_deref(), request.custom.as_deref());
    let members = side_by_side(picked, |(user, mut member)| {
        if let Some(keys) = keys {
            member.custom.retain(|field| keys.contains(&field.key));
        }
        let info = member_info(context, &found, user, member, filter);
        async { Ok::<_, StorageError>(info.await?.filtered(filter)) }
    });
    Ok(SpecifiedMembers { group: request.group, members: members.await? })
}

pub(in crate::commands) async fn add(
    context: &Context,
    call: &Call,
    request: AddMembers,
) -> Result<Added, Refusal> {
    let actor = call.actor()?;
    let users: Vec<UserId> = request.members.into_iter().map(|member| member.user).collect();
    let outcomes = context.services.groups.add(&actor, &request.group, &users, request.silent).await?;
    let result = |outcome| match outcome {
        AddOutcome::Failed => 0,
        AddOutcome::Added => 1,
        AddOutcome::WasMember => 2,
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
    groups.put_out(&actor, &request.group, &request.users, &request.reason, request.silent).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn modify(
    context: &Context,
    call: &Call,
    request: ModifyMember,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    let change = MemberChange {
        role: request.role,
        name_card: request.name_card,
        mute_seconds: request.mute_seconds,
        receive: request.receive,
        custom: request.custom,
    };
    context.services.groups.modify_member(&actor, &request.group, &request.user, &change).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn count_online(
    context: &Context,
    call: &Call,
    request: CountOnline,
) -> Result<OnlineCount, Refusal> {
    let actor = call.actor()?;
    let (_, members) = context.services.groups.list(&actor, &request.group, None).await?;
    let sessions = &context.services.sessions;
    let online = side_by_side(members, |(user, _)| async move {
        Ok::<_, StorageError>(!sessions.online(actor.app, &user).await?.is_empty())
    });
    let count = online.await?.into_iter().filter(|is_online| *is_online).count() as u64;
    Ok(OnlineCount { count, lifetime_seconds: ONLINE_COUNT_LIFETIME_SECONDS })
}

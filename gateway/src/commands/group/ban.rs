//! Who is kept out.

use protocol::group::{Ban, BannedMember, BannedMembers, GetBanned, Unban};
use protocol::request::Empty;

use crate::commands::page::once;
use crate::commands::{Call, Context, Refusal};

/// Users of one page. Source: 1047/50295.
const MAX_PAGE: usize = 100;

pub(in crate::commands) async fn ban(context: &Context, call: &Call, request: Ban) -> Result<Empty, Refusal> {
    let users = once(request.users);
    let told = (request.seconds, request.text.as_str());
    context.services.groups.ban(&call.actor()?, &request.group, &users, told).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn unban(
    context: &Context,
    call: &Call,
    request: Unban,
) -> Result<Empty, Refusal> {
    context.services.groups.unban(&call.actor()?, &request.group, &once(request.users)).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn get(
    context: &Context,
    call: &Call,
    request: GetBanned,
) -> Result<BannedMembers, Refusal> {
    let limit = request.limit.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
    let page = (request.offset, limit);
    let (banned, next) = context.services.groups.banned(&call.actor()?, &request.group, page).await?;
    let member = |(user, until)| BannedMember { user, until };
    Ok(BannedMembers { members: banned.into_iter().map(member).collect(), next: next.unwrap_or(0) })
}

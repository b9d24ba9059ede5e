//! Creating, handing over and dismissing.

use protocol::group::{ChangeOwner, Create, Created, Dismiss, NewMember, Role};
use protocol::id::GroupId;
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};

use crate::commands::{Call, Caller, Context, Refusal};
use crate::services::group::{FirstMember, NewGroup};

pub(in crate::commands) async fn create(
    context: &Context,
    call: &Call,
    request: Create,
) -> Result<Created, Refusal> {
    let actor = call.actor()?;
    let owner = match &call.caller {
        // A user owns what they make; the dispatcher has seen to it that they name nobody else.
        Caller::User(caller) => Some(caller.user.clone()),
        _ => request.owner,
    };
    let id =
        match request.group.as_str() {
            "" => None,
            text => Some(GroupId::parse(text).map_err(|error| {
                Failure::because(ErrorCode::GROUP_BAD_ID, format_args!("GroupId: {error}"))
            })?),
        };
    let kind = request.kind;
    let new = NewGroup {
        kind,
        id,
        request: call.request(),
        owner,
        name: request.name,
        introduction: request.introduction,
        notification: request.notification,
        face: request.face,
        max_members: request.max_members,
        apply_join: request.apply_join,
        invite_join: request.invite_join,
        members: request.members.into_iter().map(first_member).collect(),
        custom: request.custom,
        has_topics: request.has_topics,
    };
    let (group, left_out) = context.services.groups.create(&actor, new).await?;
    Ok(Created { group, kind, left_out })
}

/// Nobody but the owner owns a group, whatever the list says.
fn first_member(member: NewMember) -> FirstMember {
    FirstMember { user: member.user, is_admin: member.role == Some(Role::Admin), custom: member.custom }
}

pub(in crate::commands) async fn dismiss(
    context: &Context,
    call: &Call,
    request: Dismiss,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    context.services.groups.dismiss(&actor, &request.group).await?;
    Ok(Empty {})
}

pub(in crate::commands) async fn change_owner(
    context: &Context,
    call: &Call,
    request: ChangeOwner,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    context.services.groups.change_owner(&actor, &request.group, &request.new_owner).await?;
    Ok(Empty {})
}

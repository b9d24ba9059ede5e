//! Coming in and going out by oneself.

use protocol::group::{Join, Joined, Quit};
use protocol::request::Empty;

use crate::commands::{Call, Context, Refusal};
use crate::services::group::JoinOutcome;

pub(in crate::commands) async fn join(
    context: &Context,
    call: &Call,
    request: Join,
) -> Result<Joined, Refusal> {
    let actor = call.actor()?;
    let outcome =
        context.services.groups.join(&actor, &request.group, (&request.text, &request.custom)).await?;
    let status = match outcome {
        JoinOutcome::Joined => "JoinedSuccess",
        JoinOutcome::Waiting => "WaitAdminApproval",
    };
    Ok(Joined { status })
}

pub(in crate::commands) async fn quit(
    context: &Context,
    call: &Call,
    request: Quit,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    context.services.groups.quit(&actor, &request.group).await?;
    Ok(Empty {})
}

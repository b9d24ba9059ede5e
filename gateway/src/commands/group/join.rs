//! Coming in and going out by oneself.

use protocol::group::{Applications, GetApplications, Join, Joined, Quit};
use protocol::request::Empty;

use crate::commands::{Call, Context, Refusal};

pub(in crate::commands) async fn join(
    context: &Context,
    call: &Call,
    request: Join,
) -> Result<Joined, Refusal> {
    let actor = call.actor()?;
    context.services.groups.join(&actor, &request.group).await?;
    Ok(Joined { status: "JoinedSuccess" })
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

pub(in crate::commands) async fn get_applications(
    _: &Context,
    _: &Call,
    _: GetApplications,
) -> Result<Applications, Refusal> {
    Ok(Applications::default())
}

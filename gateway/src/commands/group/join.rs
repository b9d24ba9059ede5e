//! Coming in and going out by oneself.

use protocol::Failure;
use protocol::group::{Applications, GetApplications, Join, Joined, Quit};
use protocol::request::Empty;

use super::group_failure;
use crate::commands::{Call, Context};

pub(in crate::commands) async fn join(
    context: &Context,
    call: &Call,
    request: Join,
) -> Result<Joined, Failure> {
    let actor = call.actor()?;
    context.services.groups.join(&actor, &request.group).await.map_err(|error| group_failure(&error))?;
    Ok(Joined { status: "JoinedSuccess" })
}

pub(in crate::commands) async fn quit(
    context: &Context,
    call: &Call,
    request: Quit,
) -> Result<Empty, Failure> {
    let actor = call.actor()?;
    context.services.groups.quit(&actor, &request.group).await.map_err(|error| group_failure(&error))?;
    Ok(Empty {})
}

pub(in crate::commands) async fn get_applications(
    _: &Context,
    _: &Call,
    _: GetApplications,
) -> Result<Applications, Failure> {
    Ok(Applications::default())
}

//! Coming in and going out by oneself.

use protocol::group::{Join, Joined, JoinedLive, Polling, Quit};
use protocol::request::Empty;

use crate::commands::{Call, Context, Effect, Refusal};
use crate::services::group::JoinOutcome;

pub(super) const JOINED: &str = "JoinedSuccess";

pub(in crate::commands) async fn join(
    context: &Context,
    call: &Call,
    request: Join,
) -> Result<Joined, Refusal> {
    let actor = call.actor()?;
    let outcome =
        context.services.groups.join(&actor, &request.group, (&request.text, &request.custom)).await?;
    let groups = &context.services.groups;
    let (status, live) = match outcome {
        JoinOutcome::Joined => (JOINED, None),
        JoinOutcome::Waiting => ("WaitAdminApproval", None),
        JoinOutcome::InRoom(joined) => {
            let user = actor.device.map(|device| (actor.user.clone(), device));
            let polling = match joined.stay.is_pushed {
                true => Polling { key: None, from: None },
                false => {
                    let (key, from) = groups.begin_polling(&joined.found, user).await?;
                    Polling { key: Some(key), from: Some(from) }
                }
            };
            let recent = match request.wants_recent {
                true => groups.rooms().recent(actor.app, &request.group),
                false => Vec::new(),
            };
            call.set_room(Effect::Entered(joined.stay));
            (JOINED, Some(JoinedLive { flag: 1, polling, recent }))
        }
    };
    Ok(Joined { status, live })
}

pub(in crate::commands) async fn quit(
    context: &Context,
    call: &Call,
    request: Quit,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    context.services.groups.quit(&actor, &request.group).await?;
    call.set_room(Effect::Left(request.group));
    Ok(Empty {})
}

//! Live rooms: who is there, how they are marked, and what is told to those who ask for it.

use protocol::group::{
    GetPresent, JoinUnknown, Joined, JoinedLive, MarkMembers, MarkedMember, MarkedMembers, Poll, PollUnknown,
    Polled, Polling, PresentMember, PresentMembers,
};

use crate::commands::{Call, Context, Refusal};
use crate::services::group::{Answered, Marked, Poller};

/// Members of one page: the SDKs ask for four in half a minute.
const PAGE: usize = 500;

pub(in crate::commands) async fn get_present(
    context: &Context,
    call: &Call,
    request: GetPresent,
) -> Result<PresentMembers, Refusal> {
    let actor = call.actor()?;
    let page = (request.from, request.mark, PAGE);
    let (_, present, next) = context.services.groups.present(&actor, &request.group, page).await?;
    let mut members = Vec::with_capacity(present.len());
    for (user, member, marks) in present {
        let shown = context.services.accounts.shown(actor.app, &user).await?;
        members.push(PresentMember {
            user,
            nick: shown.nick,
            avatar: shown.face.clone(),
            face: shown.face,
            joined_at: member.joined_at.seconds(),
            role: member.role,
            marks,
        });
    }
    Ok(PresentMembers { members, next: next.unwrap_or(0) })
}

pub(in crate::commands) async fn mark(
    context: &Context,
    call: &Call,
    request: MarkMembers,
) -> Result<MarkedMembers, Refusal> {
    let actor = call.actor()?;
    let is_set = match request.kind {
        1 => true,
        2 => false,
        _ => return Err(Refusal::malformed("CommandType must be 1 or 2")),
    };
    let mut changes: Vec<Marked> = Vec::with_capacity(request.members.len());
    for member in request.members {
        if changes.iter().all(|(user, _)| *user != member.user) {
            changes.push((member.user, member.marks));
        }
    }
    let marked = context.services.groups.mark(&actor, &request.group, is_set, &changes).await?;
    let member = |(user, marks): Marked| MarkedMember { user, marks };
    Ok(MarkedMembers { members: marked.into_iter().map(member).collect() })
}

pub(in crate::commands) async fn join_unknown(
    context: &Context,
    call: &Call,
    request: JoinUnknown,
) -> Result<Joined, Refusal> {
    let (key, from) = context.services.groups.read_along(call.unknown_of(), &request.group).await?;
    let polling = Polling { key: Some(key), from: Some(from) };
    call.set_reads_along(Some(&request.group));
    Ok(Joined {
        status: super::join::JOINED,
        live: Some(JoinedLive { flag: 1, polling, recent: Vec::new() }),
    })
}

pub(in crate::commands) async fn poll(
    context: &Context,
    call: &Call,
    request: Poll,
) -> Result<Polled, Refusal> {
    let actor = call.actor()?;
    let user = actor.device.map(|device| (actor.user.clone(), device));
    answer(context, Poller { app: actor.app, user }, request).await
}

pub(in crate::commands) async fn poll_unknown(
    context: &Context,
    call: &Call,
    request: PollUnknown,
) -> Result<Polled, Refusal> {
    let answer = answer(context, Poller { app: call.unknown_of(), user: None }, request.poll).await?;
    call.set_reads_along(None);
    Ok(answer)
}

async fn answer(context: &Context, poller: Poller, request: Poll) -> Result<Polled, Refusal> {
    let Answered { key, next, items } =
        context.services.groups.poll(poller, &request.key, request.from).await?;
    Ok(Polled { key, next, items, next_broadcast: request.broadcast.max(1), broadcasts: Vec::new() })
}

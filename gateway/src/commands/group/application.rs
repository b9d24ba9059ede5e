//! Who waits to be let in, and what is decided about them.

use protocol::group::{
    AnswerInvitation, ApplicationInfo, ApplicationKind, Applications, DecideInvitation, DecideJoin,
    GetApplications, GetCommunityApplications, Verdict,
};
use protocol::id::{GroupId, UserId};
use protocol::request::Empty;

use crate::commands::{Call, Context, Refusal};
use crate::services::deps::Actor;
use crate::services::group::{GroupError, Waiting};

/// Of a list without pages, which has a page more at most. Others are told of when some of these are decided.
const MOST_AT_ONCE: usize = 300;

pub(in crate::commands) async fn get(
    context: &Context,
    call: &Call,
    request: GetApplications,
) -> Result<Applications, Refusal> {
    let actor = call.actor()?;
    let page = context.services.groups.waiting(&actor, false, request.from, request.limit).await?;
    let mut applications = Vec::with_capacity(page.waiting.len());
    for waiting in page.waiting {
        applications.push(info(context, &actor, waiting).await?);
    }
    Ok(Applications { next: page.next.unwrap_or(0), unread: applications.len(), applications })
}

async fn info(context: &Context, actor: &Actor, waiting: Waiting) -> Result<ApplicationInfo, GroupError> {
    let Waiting { found, id, application } = waiting;
    let token = id.token(&application);
    let shown = context.services.accounts.shown(actor.app, &application.by).await?;
    Ok(ApplicationInfo {
        from: application.by,
        nick: shown.nick,
        face: shown.face,
        to: if id.kind == ApplicationKind::Join { actor.user.clone() } else { id.user },
        group: found.id,
        name: found.group.record.name,
        at_us: application.at_us,
        token,
        handled: 0,
        text: application.text,
        custom: application.custom,
        kind: id.kind,
    })
}

pub(in crate::commands) async fn get_of_communities(
    context: &Context,
    call: &Call,
    _: GetCommunityApplications,
) -> Result<Applications, Refusal> {
    let actor = call.actor()?;
    let (mut applications, mut from) = (Vec::new(), Some(0));
    while let Some(at) = from.filter(|_| applications.len() < MOST_AT_ONCE) {
        let page = context.services.groups.waiting(&actor, true, at, None).await?;
        for waiting in page.waiting {
            applications.push(info(context, &actor, waiting).await?);
        }
        from = page.next;
    }
    Ok(Applications { next: 0, unread: applications.len(), applications })
}

pub(in crate::commands) async fn decide_join(
    context: &Context,
    call: &Call,
    DecideJoin { group, applicant, verdict, text, token }: DecideJoin,
) -> Result<Empty, Refusal> {
    answer(context, call, &group, (&token, &applicant), (verdict, &text)).await
}

pub(in crate::commands) async fn decide_invitation(
    context: &Context,
    call: &Call,
    DecideInvitation { group, inviter, verdict, text, token }: DecideInvitation,
) -> Result<Empty, Refusal> {
    answer(context, call, &group, (&token, &inviter), (verdict, &text)).await
}

pub(in crate::commands) async fn answer_invitation(
    context: &Context,
    call: &Call,
    AnswerInvitation { group, inviter, verdict, text, token }: AnswerInvitation,
) -> Result<Empty, Refusal> {
    answer(context, call, &group, (&token, &inviter), (verdict, &text)).await
}

/// The three commands differ by whom the SDKs name: the application says what it is.
async fn answer(
    context: &Context,
    call: &Call,
    group: &GroupId,
    application: (&str, &UserId),
    verdict: (Verdict, &str),
) -> Result<Empty, Refusal> {
    context.services.groups.answer_application(&call.actor()?, group, application, verdict).await?;
    Ok(Empty {})
}

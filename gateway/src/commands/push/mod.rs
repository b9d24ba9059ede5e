//! What clients say about pushes and notices.

use protocol::id::Seq;
use protocol::push::{Ack, DeleteNotices, Receipt};
use protocol::request::Empty;

use super::page::once;
use super::table::{Row, rows};
use super::{Call, Context, Effect, Refusal};

pub(super) static ROWS: &[Row] = rows! {
    C2C {
        AnybodyOrUser Apart Ack => ack, 200 per second per connection;
        User Apart DeleteNotices => delete_notices, 50 per second per user;
    }
};

/// Groups of which one call names messages that mention everybody. The SDKs name one: what they say of one conversation is
/// one call, however much it is. Of a user's own notices no more are looked at than are kept.
const MAX_GROUPS: usize = 100;

/// Never refused: a device that was logged out meanwhile says it too.
pub(super) async fn ack(context: &Context, call: &Call, request: Ack) -> Result<Empty, Refusal> {
    if let (Ok(actor), Some(receipt)) = (call.actor(), Receipt::parse(&request.receipt))
        && let Some(device) = actor.device
    {
        match receipt {
            Receipt::Notice(seq) => {
                context.services.notices.acknowledge(actor.app, &actor.user, device, seq);
            }
            Receipt::Time(at) => call.set_effect(Effect::Heard { at }),
            Receipt::Recall { at_us, seq } => {
                context.services.sessions.knows_recall(actor.app, &actor.user, device, (at_us, seq));
            }
        }
    }
    Ok(Empty {})
}

pub(super) async fn delete_notices(
    context: &Context,
    call: &Call,
    request: DeleteNotices,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    let (mut seqs, mut of_all): (Vec<Seq>, Vec<_>) = Default::default();
    for notice in &request.notices {
        match notice.of_all() {
            Some(mention) => of_all.push(mention),
            None => seqs.push(notice.seq),
        }
    }
    if once(of_all.iter().map(|(group, _)| group).collect()).len() > MAX_GROUPS {
        return Err(Refusal::malformed("DelMsgList has at most 100 groups"));
    }
    context.services.notices.delete(actor.app, &actor.user, &seqs).await?;
    context.services.mentions.see(&actor, &of_all).await?;
    Ok(Empty {})
}

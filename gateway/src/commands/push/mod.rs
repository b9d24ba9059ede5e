//! What clients say about pushes and notices.

use protocol::id::Seq;
use protocol::push::{Ack, DeleteNotices, Receipt};
use protocol::request::Empty;

use super::table::{Row, rows};
use super::{Call, Context, Refusal};

pub(super) static ROWS: &[Row] = rows! {
    C2C {
        AnybodyOrUser Ack => ack, 200 per second per connection;
        User DeleteNotices => delete_notices, 50 per second per user;
    }
};

/// Notices that one call deletes.
const MAX_NOTICES: usize = 100;

/// Never refused: a device that was logged out meanwhile says it too.
pub(super) async fn ack(context: &Context, call: &Call, request: Ack) -> Result<Empty, Refusal> {
    if let (Ok(actor), Some(receipt)) = (call.actor(), Receipt::parse(&request.receipt))
        && let Some(device) = actor.device
    {
        context.services.notices.acknowledge(actor.app, &actor.user, device, receipt.notice);
    }
    Ok(Empty {})
}

pub(super) async fn delete_notices(
    context: &Context,
    call: &Call,
    request: DeleteNotices,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    let seqs: Vec<Seq> = request.notices.iter().take(MAX_NOTICES).map(|notice| notice.seq).collect();
    context.services.notices.delete(actor.app, &actor.user, &seqs).await?;
    Ok(Empty {})
}

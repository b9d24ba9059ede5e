//! What clients say about pushes and notices.

use protocol::id::Seq;
use protocol::push::{Ack, DeleteNotices};
use protocol::request::Empty;

use super::table::{Row, rows};
use super::{Call, Context, Refusal};

pub(super) static ROWS: &[Row] = rows! {
    C2C {
        Anybody Ack => ack, 200 per second per connection;
        User DeleteNotices => delete_notices, 50 per second per user;
    }
};

/// Notices that one call deletes.
const MAX_NOTICES: usize = 100;

pub(super) async fn ack(_: &Context, _: &Call, _: Ack) -> Result<Empty, Refusal> {
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

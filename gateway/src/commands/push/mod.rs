//! What clients say about pushes and notices.

use protocol::id::Seq;
use protocol::push::{Ack, DeleteNotices};
use protocol::request::Empty;
use protocol::{ErrorCode, Failure};

use super::{Call, Context, storage_failure};

/// Notices that one call deletes.
const MAX_NOTICES: usize = 100;

pub(super) async fn ack(_: &Context, _: &Call, _: Ack) -> Result<Empty, Failure> {
    Ok(Empty {})
}

pub(super) async fn delete_notices(
    context: &Context,
    call: &Call,
    request: DeleteNotices,
) -> Result<Empty, Failure> {
    let actor = call.actor()?;
    let seqs: Vec<Seq> = request.notices.iter().take(MAX_NOTICES).map(|notice| notice.seq).collect();
    let deleted = context.services.notices.delete(actor.app, &actor.user, &seqs).await;
    deleted.map_err(|error| storage_failure(&error, ErrorCode::C2C_INTERNAL))?;
    Ok(Empty {})
}

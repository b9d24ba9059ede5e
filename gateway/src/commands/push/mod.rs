//! What clients say about pushes and notices.

use protocol::Failure;
use protocol::push::{Ack, DeleteNotices};
use protocol::request::Empty;

use super::{Call, Context};

pub(super) async fn ack(_: &Context, _: &Call, _: Ack) -> Result<Empty, Failure> {
    Ok(Empty {})
}

/// A mark is told again only while its message is unread, and reading is reported by itself: nothing is kept of this.
pub(super) async fn delete_notices(_: &Context, _: &Call, _: DeleteNotices) -> Result<Empty, Failure> {
    Ok(Empty {})
}

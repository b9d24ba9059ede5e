//! What every command states about itself.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::id::UserId;

/// A command's request: its shape, its names, whom it acts for, and the shape of its answer.
pub trait Request: DeserializeOwned + Send + 'static {
    /// `service.command`, the same on the socket (`head.servcmd`) and in the REST path (`/v4/service/command`).
    const NAME: &'static str;

    /// Other names that mean the same.
    const ALIASES: &'static [&'static str] = &[];

    /// The members of a successful answer beyond the envelope.
    type Response: Serialize + Send;

    /// In whose name the command acts. `None` is the caller himself.
    ///
    /// A user may act only for himself, an administrator for anybody: the dispatcher checks it for every request.
    fn on_behalf_of(&self) -> Option<&UserId>;
}

/// An answer with nothing beyond the envelope.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Empty {}

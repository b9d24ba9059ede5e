//! WebSocket connections, from the upgrade to the end. Who talks on one, and how, is a [`ClientProtocol`].

mod calls;
mod connection;
#[cfg(feature = "internals")]
mod echo;
mod inbound;
mod sdk;
mod session;
mod upgrade;

use std::sync::Arc;

use crate::hub::Connection;

pub(super) use connection::{Call, ClientProtocol, Done, Settling};
#[cfg(feature = "internals")]
pub(super) use echo::serve as serve_echo;
#[cfg(feature = "internals")]
pub use inbound::read_websocket;
pub(super) use sdk::serve as serve_sdk;
pub(super) use session::Session;
pub(super) use upgrade::upgrade;

/// A client that is let in: its connection may hear already what is to be written once the socket is there.
pub(super) struct Arrival<S> {
    pub(super) connection: Arc<Connection>,
    pub(super) session: Option<Session>,
    pub(super) protocol: S,
}

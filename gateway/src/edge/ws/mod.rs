//! The SDKs' side: one WebSocket connection, from the upgrade to its end.

mod connection;
mod session;
mod upgrade;

pub(super) use upgrade::upgrade;

//! A client of Redis: which server has a key, one pipelined connection to each, and no command sent twice.
//!
//! It knows nothing of what is kept there; the store (`storage/redis`) and the bus (`bus/redis`) do.

mod call;
pub mod connection;
mod namespace;
mod pool;
pub(crate) mod raw;
pub(crate) mod resp;
mod role;
#[cfg(test)]
pub(crate) mod testing;
mod topology;
mod url;

pub(crate) use call::{Reaction, call, on_error};
pub use connection::{Answer, Confirm, Connection, ConnectionError, in_words};
pub use namespace::Namespace;
pub use pool::Pool;
pub use topology::{Topology, redirection, slot_of};
pub use url::{Address, Target};

use std::time::Duration;

use crate::backoff::Backoff;

/// Between attempts to connect to a server.
pub(crate) const RECONNECT: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(500));
/// A connection that lived so long was a good one: the next attempt to connect begins from the least delay.
pub(crate) const STABLE: Duration = Duration::from_secs(2);

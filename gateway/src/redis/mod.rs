//! A client of Redis: which server has a key, one pipelined connection to each, and no command sent twice.
//!
//! It knows nothing of what is kept there; the store (`storage/redis`) and the bus (`bus/redis`) do.

mod ask;
pub mod link;
mod links;
mod namespace;
pub(crate) mod resp;
mod servers;
#[cfg(test)]
pub(crate) mod testing;
mod url;
pub(crate) mod wire;

pub(crate) use ask::{Reaction, ask, react};
pub use link::{Answer, Confirm, Link, LinkError, in_words};
pub use links::Links;
pub use namespace::Namespace;
pub use servers::{Servers, redirection, slot_of};
pub use url::{Address, Target};

use std::time::Duration;

use crate::backoff::Backoff;

/// Between attempts to connect to a server.
pub(crate) const RECONNECT: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(500));
/// A connection that lived so long was a good one: the next attempt to connect begins from the least delay.
pub(crate) const STABLE: Duration = Duration::from_secs(2);

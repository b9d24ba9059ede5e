//! The connection to Redis that the store and the bus share: how a key is called, and which server has it.

mod ask;
pub mod keys;
pub mod link;
mod links;
mod nodes;
pub(crate) mod resp;
mod servers;
#[cfg(test)]
pub(crate) mod testing;
mod url;
pub(crate) mod wire;

pub(crate) use ask::{Reaction, ask, react};
pub use keys::{Keys, Tag};
pub use link::{Answer, Confirm, Link, LinkError, in_words};
pub use links::Links;
pub use nodes::Registry;
pub use servers::{Servers, redirection, slot_of};
pub use url::{Address, Target};

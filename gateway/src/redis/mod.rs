//! The connection to Redis that the store and the bus share: how a key is called, and which server has it.

pub mod keys;
pub mod link;
mod links;
mod servers;
#[cfg(test)]
pub(crate) mod testing;
mod url;

pub use keys::{Keys, Tag};
pub use link::{Answer, Confirm, Link, LinkError, in_words};
pub use links::Links;
pub use servers::{Servers, slot_of};
pub use url::{Address, Target};

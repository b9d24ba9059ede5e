//! The connection to Redis that the store and the bus share: how a key is called, and which server has it.

mod keys;
mod servers;
#[cfg(test)]
pub(crate) mod testing;
mod url;

pub use keys::{Keys, Tag};
pub use servers::{Servers, slot_of};
pub use url::{Address, Target};

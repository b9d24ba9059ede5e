//! The connection to Redis that the store and the bus share: how a key is called, and which server has it.

mod keys;

pub use keys::{Keys, Tag};

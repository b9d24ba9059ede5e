//! Messages.

pub(super) mod c2c;
pub(super) mod group;
pub(super) mod pin;

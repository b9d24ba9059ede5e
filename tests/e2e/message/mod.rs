//! Messages.

mod c2c;
mod group;

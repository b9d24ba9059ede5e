//! Messages.

mod c2c;
mod group;
mod too_fast;

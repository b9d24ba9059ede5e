//! Groups.

mod join;
mod life;
mod member;
mod profile;

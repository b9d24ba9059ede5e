//! Groups.

mod application;
mod join;
mod life;
mod live;
mod member;
mod pages;
mod profile;

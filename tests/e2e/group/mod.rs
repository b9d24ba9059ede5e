//! Groups.

mod application;
mod attribute;
mod counter;
mod join;
mod life;
mod member;
mod pages;
mod profile;
mod rights;

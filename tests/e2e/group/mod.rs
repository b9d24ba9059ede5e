//! Groups.

mod application;
mod join;
mod life;
mod member;
mod pages;
mod profile;
mod rights;

//! Groups.

mod application;
mod attribute;
mod community;
mod counter;
mod field;
mod join;
mod life;
mod live;
mod member;
mod pages;
mod profile;
mod repeating;
mod rights;
mod stage;
mod tip;
mod topic;

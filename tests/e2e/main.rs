//! The behaviour of the whole, told by its callers through real sockets.
//!
//! One file a subject, and one a promise that runs across subjects. Files with `bless` compare a page that a reviewer
//! reads with the committed one; `BLESS=1 cargo test -p tests --test e2e` writes it anew.

#![allow(clippy::unwrap_used, reason = "tests")]

mod account;
mod conversation;
mod friend;
mod group;
mod message;
mod profile;
mod push;
mod rest;
mod session;

mod abuse;
mod access;
mod applications;
mod bless;
mod carried_out;
mod commands;
mod dedup;
mod examples;
mod faults;
mod input;
mod layers;
mod legacy;
mod limits;
mod multi_device;
mod order;
mod restart;
mod retention;
mod returning;
mod secrets;
mod slow_reader;
mod source;
mod stores;
mod wire;

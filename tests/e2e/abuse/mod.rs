//! Hostile clients: what each kind of abuse is bounded by, and that nobody else is affected.

mod connections;
mod http;
mod legacy;
mod signals;
mod time;

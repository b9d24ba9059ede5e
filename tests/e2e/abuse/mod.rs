//! Hostile clients: what each kind of abuse is bounded by, and that nobody else is affected.

mod http;
mod rates;
mod table;

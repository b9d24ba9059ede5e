//! Hostile clients: what each kind of abuse is bounded by, and that nobody else is affected.

mod answers;
mod bytes;
mod connections;
mod cpu;
mod elements;
mod http;
mod legacy;
mod lists;
mod mutes;
mod numbers;
mod off;
mod rates;
mod read_reports;
mod signals;
mod table;
mod time;
mod totals;
mod usersig;
mod websocket;
mod work_groups;

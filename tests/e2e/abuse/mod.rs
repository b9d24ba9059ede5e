//! Hostile clients: what each kind of abuse is bounded by, and that nobody else is affected.

mod elements;
mod http;
mod numbers;
mod rates;
mod read_reports;
mod table;
mod usersig;
mod work_groups;

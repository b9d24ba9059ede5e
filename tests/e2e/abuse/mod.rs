//! Hostile clients: what each kind of abuse is bounded by, and that nobody else is affected.

mod answers;
mod cpu;
mod elements;
mod http;
mod numbers;
mod rates;
mod read_reports;
mod table;
mod totals;
mod usersig;
mod work_groups;

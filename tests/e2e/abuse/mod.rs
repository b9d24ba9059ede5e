//! Hostile clients: what each kind of abuse is bounded by, and that nobody else is affected.

mod elements;
mod numbers;
mod read_reports;
mod usersig;
mod work_groups;

//! Hostile clients: what each kind of abuse is bounded by, and that nobody else is affected.

mod answers;
mod cpu;
mod totals;

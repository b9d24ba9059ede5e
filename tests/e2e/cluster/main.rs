//! Many instances and one Redis on a bad day: nothing that was acknowledged is lost, doubled or put out of order.
//!
//! ```text
//! cargo test -p tests --test cluster            every scenario, some minutes
//! LONG=1 cargo test -p tests --test cluster     the same, each for longer
//! ```
//!
//! A scenario starts real Redis servers and gateway processes of its own, puts a steady load on them (`load.rs`,
//! `client.rs`), does its harm, and compares what the clients noted down (`ledger.rs`) with what is stored (`judge.rs`).
//! Each prints its figures. Those with a load run one after the other, because each needs the machine for itself.

#![allow(clippy::unwrap_used, reason = "tests")]

mod client;
mod judge;
mod ledger;
mod load;

mod cost;
mod embedded;
mod failover;
mod instance;
mod pushes;
mod redis;
mod scale;
mod session;
mod trouble;
mod upgrade;

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

static EXCLUSIVE: Mutex<()> = Mutex::const_new(());

/// Waits until the other loads are over.
async fn exclusive() -> MutexGuard<'static, ()> {
    EXCLUSIVE.lock().await
}

/// A stretch of a scenario: so many seconds, or four times as many in the long form.
fn seconds(count: u64) -> Duration {
    let times = if std::env::var_os("LONG").is_some() { 4 } else { 1 };
    Duration::from_secs(count * times)
}

//! What the inside of the gateway costs, piece by piece: a call of a command down to the store, and an event on its way
//! from the bus to 1,000 connections.
//!
//! ```text
//! cargo bench -p gateway --features internals
//! ```
//!
//! Neither socket nor disk: the store lies in memory (`/dev/shm`, elsewhere the directory for temporary files), and a
//! connection takes every byte at once. What those cost is measured by `tests/load` and `store_bench`.

mod dispatch;
mod fanout;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// The same as the gateway's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Short: to be run often.
fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(20)
}

criterion_group! { name = pieces; config = quick(); targets = dispatch::send, fanout::room }
criterion_main!(pieces);

//! What a stored message costs: the bare disk, two libraries, and the finished engine, side by side.
//!
//! ```text
//! cargo run --release -p gateway --features internals --example store_bench [-- DIR [SECONDS [WHAT [AT_ONCE [BYTES]]]]]
//! ```
//!
//! Writes records of BYTES (default 300) over 1,000 conversations into DIR (default `target/store_bench`, emptied
//! before and after), each row for SECONDS (default 5). DIR must lie on a real disk: on tmpfs a sync costs nothing.
//! WHAT names one of `file`, `fjall`, `redb`, `engine`, or is `all` (default). AT_ONCE is the records of a batch or the
//! senders of the engine; without it 1, 32 and 256 are measured. A text of 256 bytes with nickname and picture is
//! stored as 479 bytes.
//!
//! Bytes written are counted until the store is closed. What is still in its buffers of 32 MiB then was written once and
//! not yet a second time, so a run that is to show them stores some hundred megabytes.
//!
//! The lines at the end hold the engine with 256 senders, and what a lone message costs, against what is wanted of them.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints, and stops where it fails"
)]

mod engine;
mod libraries;
mod meter;
mod targets;

use std::path::{Path, PathBuf};
use std::time::Duration;

use meter::Row;

/// The same as the gateway's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub(crate) const CONVERSATIONS: u64 = 1000;

/// What one row of the table measures.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Records of a batch, or senders that each wait for their answer.
    pub(crate) at_once: u64,
    /// Bytes of a record.
    pub(crate) size: usize,
    pub(crate) time: Duration,
}

type Measure = fn(&Path, Load) -> Row;

const MEASURES: [(&str, Measure); 4] = [
    ("file", libraries::raw),
    ("fjall", libraries::fjall),
    ("redb", libraries::redb),
    ("engine", engine::senders),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap_or_else(|| "target/store_bench".into()));
    let seconds = arguments.next().map_or(5.0, |seconds| seconds.parse().unwrap());
    let time = Duration::from_secs_f64(seconds);
    let only = arguments.next().filter(|what| what != "all");
    let at_once = arguments.next().map_or(vec![1, 32, 256], |number| vec![number.parse().unwrap()]);
    let size = arguments.next().map_or(300, |size| size.parse().unwrap());

    println!("{}", Row::HEAD);
    let mut rows = Vec::new();
    for at_once in at_once {
        for (what, measure) in MEASURES {
            if only.as_ref().is_none_or(|only| only == what) {
                let row = in_empty(&dir, |dir| measure(dir, Load { at_once, size, time }));
                println!("{row}");
                rows.push(((what, at_once), row));
            }
        }
    }
    targets::print(&rows.into_iter().collect());
}

fn in_empty<T>(dir: &Path, measure: impl FnOnce(&Path) -> T) -> T {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir).unwrap();
    let measured = measure(dir);
    std::fs::remove_dir_all(dir).unwrap();
    measured
}

/// A record that does not compress to nothing, as JSON with ids does not.
pub(crate) fn record(number: u64, size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size + 40);
    while bytes.len() < size {
        let noise = (number + bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bytes.extend_from_slice(format!(r#"{{"id":"{noise:x}","text":"message"}}"#).as_bytes());
    }
    bytes.truncate(size);
    bytes
}

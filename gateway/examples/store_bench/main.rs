//! What a stored message costs: the bare disk, two libraries, and the finished engine, side by side.
//!
//! ```text
//! cargo run --release -p gateway --example store_bench [-- DIR [SECONDS [WHAT]]]
//! ```
//!
//! Writes records of 300 bytes over 1,000 conversations into DIR (default `target/store_bench`, emptied before and
//! after), each row for SECONDS (default 5). DIR must lie on a real disk: on tmpfs a sync costs nothing.
//! WHAT names one of `file`, `fjall`, `redb`, `engine`; without it all are measured.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints, and stops where it fails"
)]

mod engine;
mod libraries;
mod meter;

use std::path::{Path, PathBuf};
use std::time::Duration;

use meter::Row;

/// The same as the gateway's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of a message's record.
pub(crate) const RECORD: usize = 300;
pub(crate) const CONVERSATIONS: u64 = 1000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap_or_else(|| "target/store_bench".into()));
    let seconds = arguments.next().map_or(5.0, |seconds| seconds.parse().unwrap());
    let time = Duration::from_secs_f64(seconds);

    let only = arguments.next();

    println!("{}", Row::HEAD);
    type Measure = fn(&Path, u64, Duration) -> Row;
    let measures: [(&str, Measure); 4] = [
        ("file", libraries::raw),
        ("fjall", libraries::fjall),
        ("redb", libraries::redb),
        ("engine", engine::senders),
    ];
    for at_once in [1, 32, 256] {
        for (what, measure) in measures {
            if only.as_ref().is_none_or(|only| only == what) {
                println!("{}", in_empty(&dir, |dir| measure(dir, at_once, time)));
            }
        }
    }
}

fn in_empty<T>(dir: &Path, measure: impl FnOnce(&Path) -> T) -> T {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir).unwrap();
    let measured = measure(dir);
    std::fs::remove_dir_all(dir).unwrap();
    measured
}

/// A record that does not compress to nothing, as JSON with ids does not.
pub(crate) fn record(number: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD + 40);
    while bytes.len() < RECORD {
        let noise = (number + bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bytes.extend_from_slice(format!(r#"{{"id":"{noise:x}","text":"message"}}"#).as_bytes());
    }
    bytes.truncate(RECORD);
    bytes
}

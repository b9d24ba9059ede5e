//! A row of the embedded store, which a disk may have damaged.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| gateway::storage::embedded::read_row(bytes));

//! A record of any type, as a store holds it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| gateway::services::read_stored(bytes));

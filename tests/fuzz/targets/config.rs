//! A settings file, and the address of a Redis.
#![no_main]

use gateway::config::File;
use gateway::redis::Target;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = File::parse(text);
    let _ = Target::parse(text.lines().next().unwrap_or_default());
});

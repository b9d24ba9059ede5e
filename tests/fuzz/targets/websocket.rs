//! What comes on a connection, as WebSocket frames.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| gateway::edge::read_websocket(bytes));

//! A message of the socket, as an SDK's frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::envelope::{self, Frame};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Frame::parse(bytes) {
        let _ = frame.body();
        let answer = envelope::answer(&frame.head.servcmd, frame.head.seq, "{}");
        serde_json::from_str::<serde_json::Value>(&answer).expect("an answer is JSON");
    }
});

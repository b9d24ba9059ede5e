//! A UserSig, as a client shows it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::id::AppId;
use protocol::usersig::{self, SecretKey};

const NOW: u64 = 1_800_000_000;

fuzz_target!(|text: &str| {
    let key = SecretKey::from_random([7; 32]);
    let verified = usersig::verify(std::slice::from_ref(&key), AppId(1_400_000_000), "alice", NOW, Some(300), text);
    assert!(verified.is_err(), "signed by nobody who has the key");
    let _ = usersig::inspect(text);
});

//! A small UserSig that inflates to megabytes costs kilobytes. Alone in its binary: the gauge counts every
//! thread.

#![allow(clippy::unwrap_used, reason = "helpers of tests unwrap too")]

use std::io::Read as _;

use base64::Engine as _;
use flate2::read::ZlibDecoder;
use peak_alloc::PeakAlloc;
use protocol::id::AppId;
use protocol::usersig::{self, Error, SecretKey};
use serde_json::Value;

#[global_allocator]
static GAUGE: PeakAlloc = PeakAlloc;

/// The inflater's own tables and window, the output buffer, and what both were decoded from.
const MOST_BYTES: usize = 80 * 1024;

/// The most memory that was in use at once during `work`, beyond what was before.
fn peak_of<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = GAUGE.current_usage();
    GAUGE.reset_peak_usage();
    let result = work();
    (GAUGE.peak_usage() - before, result)
}

#[test]
fn a_bomb_is_refused_in_little_memory() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/usersig/vectors.json");
    let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let bombs = vectors.iter().filter(|vector| vector["name"].as_str().unwrap().starts_with("neg_bomb_"));
    let mut count = 0;
    for bomb in bombs {
        let [name, key, user, text] =
            ["name", "key", "identifier", "usersig"].map(|field| bomb[field].as_str().unwrap());
        let app = AppId(bomb["sdkappid"].as_u64().unwrap().try_into().unwrap());
        let now = bomb["valid_at"].as_u64().unwrap();
        let keys = [SecretKey::parse(key).unwrap()];

        let (peak, result) = peak_of(|| usersig::verify(&keys, app, user, now, None, text));
        assert!(matches!(result, Err(Error::Illegal(_))), "{name}: {result:?}");
        assert!(peak < MOST_BYTES, "{name}: {peak} bytes");

        // The same without a limit, so that neither a tame vector nor a broken gauge can pass.
        let (peak, ()) = peak_of(|| inflate_without_limit(text));
        assert!(peak > 4 << 20, "{name}: {peak} bytes without a limit");
        count += 1;
    }
    assert_eq!(count, 4);
}

fn inflate_without_limit(text: &str) {
    let standard = text.replace('*', "+").replace('-', "/").replace('_', "=");
    let compressed = base64::prelude::BASE64_STANDARD.decode(standard).unwrap();
    ZlibDecoder::new(&compressed[..]).read_to_end(&mut Vec::new()).unwrap();
}

//! Records that clients keep and cannot change.
//!
//! Shape: `base64url(JSON) . base64url(HMAC-SHA256)`, without padding. The key is derived from the application's and from
//! what the record is for, so one can never pass for another, nor for a UserSig.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use protocol::usersig::SecretKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::storage::records::{self, Record};

/// Longer texts are not looked at. One with the longest ids has about 400 characters.
const MAX_BYTES: usize = 1024;

fn mac(purpose: &[u8], key: &SecretKey, payload: &[u8]) -> Hmac<Sha256> {
    let new = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    let derived = new(key.expose().as_bytes()).chain_update(purpose).finalize().into_bytes();
    new(&derived).chain_update(payload)
}

pub(in crate::services) fn seal(
    purpose: &[u8],
    key: &SecretKey,
    record: &(impl Record + Serialize),
) -> String {
    let payload = URL_SAFE_NO_PAD.encode(records::encode(record));
    let signature = mac(purpose, key, payload.as_bytes()).finalize().into_bytes();
    format!("{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// `None` for whatever none of the keys has sealed for this purpose.
pub(in crate::services) fn open<T: Record + DeserializeOwned>(
    purpose: &[u8],
    keys: &[SecretKey],
    text: &str,
) -> Option<T> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let (payload, signature) = text.split_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let is_ours =
        keys.iter().any(|key| mac(purpose, key, payload.as_bytes()).verify_slice(&signature).is_ok());
    if !is_ours {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

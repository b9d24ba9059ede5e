//! The session token: who, which device, since when, signed.
//!
//! Shape: `base64url(JSON) . base64url(HMAC-SHA256)`, without padding. The key is derived from the application's,
//! so a session token can never pass for a UserSig or the reverse.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use protocol::id::{AppId, Millis, UserId};
use protocol::usersig::SecretKey;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::bus::DeviceId;

const PURPOSE: &[u8] = b"timgate session token 1";

/// Longer texts are not looked at. A token of the longest user id has about 250 characters.
const MAX_BYTES: usize = 1024;

/// What a session token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    #[serde(rename = "a")]
    pub app: AppId,
    #[serde(rename = "u")]
    pub user: UserId,
    #[serde(rename = "d")]
    pub device: DeviceId,
    #[serde(rename = "p")]
    pub platform: u32,
    #[serde(rename = "s")]
    pub since: Millis,
    /// The last Unix second in which it is good.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

fn mac(key: &SecretKey, payload: &[u8]) -> Hmac<Sha256> {
    let new = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    let derived = new(key.expose().as_bytes()).chain_update(PURPOSE).finalize().into_bytes();
    new(&derived).chain_update(payload)
}

impl Claims {
    pub(super) fn seal(&self, key: &SecretKey) -> String {
        let payload = URL_SAFE_NO_PAD.encode(crate::storage::records::encode(self));
        let signature = mac(key, payload.as_bytes()).finalize().into_bytes();
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// `None` for whatever none of the keys has sealed.
    pub(super) fn open(keys: &[SecretKey], text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let (payload, signature) = text.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let is_ours = keys.iter().any(|key| mac(key, payload.as_bytes()).verify_slice(&signature).is_ok());
        if !is_ours {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_opens() {
        let (old, new) = (SecretKey::parse("old").unwrap(), SecretKey::parse("new").unwrap());
        let claims = Claims {
            app: AppId(1),
            user: UserId::parse("alice").unwrap(),
            device: 7,
            platform: 8,
            since: Millis(9),
            until: Some(10),
        };
        let text = claims.seal(&old);
        assert_eq!(Claims::open(&[new.clone(), old.clone()], &text), Some(claims));
        assert_eq!(Claims::open(&[new], &text), None);
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(Claims::open(std::slice::from_ref(&old), &changed), None, "at {index}");
        }
        assert_eq!(Claims::open(&[old], ""), None);
    }
}

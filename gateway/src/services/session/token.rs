//! The session token: who, which device, since when, signed.
//!
//! A session token can never pass for a UserSig or the reverse, see [`sealed`].

use protocol::id::{AppId, Millis, UserId};
use protocol::usersig::SecretKey;
use serde::{Deserialize, Serialize};

use super::sealed;
use crate::bus::DeviceId;

const PURPOSE: &[u8] = b"timgate session token 1";

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

impl Claims {
    pub(super) fn seal(&self, key: &SecretKey) -> String {
        sealed::seal(PURPOSE, key, self)
    }

    /// `None` for whatever none of the keys has sealed.
    pub(super) fn open(keys: &[SecretKey], text: &str) -> Option<Self> {
        sealed::open(PURPOSE, keys, text)
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

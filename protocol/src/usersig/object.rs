//! The inner form: the JSON object and the text under its MAC.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::json;
use sha2::Sha256;

use super::{Claims, Fault, SecretKey, Unchecked};
use crate::id::AppId;

const VERSION: &str = "TLS.ver";
const USER: &str = "TLS.identifier";
const APP: &str = "TLS.sdkappid";
const ISSUED_AT: &str = "TLS.time";
const LIFETIME: &str = "TLS.expire";
const USERBUF: &str = "TLS.userbuf";
const MAC: &str = "TLS.sig";

/// The one format version there is; it is not signed.
const VERSION_2: &str = "2.0";

/// Lines of the signed text are not escaped, so a user id with a line end in it could be cut anew into the
/// claims of another user under the same MAC. Refusing these characters where UserSigs are issued and where
/// they are read closes that hole.
pub(super) fn has_control_character(user: &str) -> bool {
    user.chars().any(|c| c.is_ascii_control())
}

/// The object for these claims, signed.
pub(super) fn write(key: &SecretKey, claims: &Claims, userbuf: Option<&[u8]>) -> Vec<u8> {
    let mac = mac(key, claims, userbuf).finalize().into_bytes();
    let mut object = json!({
        VERSION: VERSION_2,
        USER: claims.user,
        APP: claims.app,
        ISSUED_AT: claims.issued_at,
        LIFETIME: claims.lifetime,
        MAC: BASE64.encode(mac),
    });
    if let Some(userbuf) = userbuf {
        object[USERBUF] = BASE64.encode(userbuf).into();
    }
    object.to_string().into_bytes()
}

/// Reads an object strictly: what it says is said once, in UTF-8, with the types it must have.
///
/// Unknown keys are skipped, as by the official verifiers, if their values are plain.
pub(super) fn read(json: &[u8]) -> Result<Unchecked, Fault> {
    let json = str::from_utf8(json).map_err(|_| Fault::Json)?;
    let mut object: Object = serde_json::from_str(json).map_err(|_| Fault::Json)?;

    if object.take_text(VERSION)? != VERSION_2 {
        return Err(Fault::Field(VERSION));
    }
    let app = u32::try_from(object.take_integer(APP)?).map_err(|_| Fault::Field(APP))?;
    let claims = Claims {
        app: AppId(app),
        user: object.take_text(USER)?,
        issued_at: object.take_integer(ISSUED_AT)?,
        lifetime: object.take_integer(LIFETIME)?,
    };
    if has_control_character(&claims.user) {
        return Err(Fault::ControlCharacter);
    }
    let userbuf = object.has(USERBUF).then(|| object.take_bytes(USERBUF)).transpose()?;
    Ok(Unchecked { claims, userbuf, mac: object.take_bytes(MAC)? })
}

/// Compares in constant time. A MAC of another length is a wrong one.
pub(super) fn is_signed_by(key: &SecretKey, unchecked: &Unchecked) -> bool {
    mac(key, &unchecked.claims, unchecked.userbuf.as_deref()).verify_slice(&unchecked.mac).is_ok()
}

/// The MAC over one line for each value, in this order whatever the order in the object.
///
/// The base64 of the userbuf is signed, not its bytes. Only the canonical base64 is ever read, so that
/// encoding the bytes again gives the text as it came.
fn mac(key: &SecretKey, claims: &Claims, userbuf: Option<&[u8]>) -> Hmac<Sha256> {
    let Claims { app, user, issued_at, lifetime } = claims;
    let mut mac = Hmac::new_from_slice(key.expose().as_bytes()).expect("a key of any length will do");
    mac.update(
        format!("{USER}:{user}\n{APP}:{app}\n{ISSUED_AT}:{issued_at}\n{LIFETIME}:{lifetime}\n").as_bytes(),
    );
    if let Some(userbuf) = userbuf {
        mac.update(format!("{USERBUF}:{}\n", BASE64.encode(userbuf)).as_bytes());
    }
    mac
}

/// A flat JSON object with each key once. Most parsers let the last of two equal keys win, some the first: a
/// UserSig that has two would name a different user to each.
struct Object(BTreeMap<String, Value>);

/// A plain value. Arrays and objects are none of these and thereby refused.
#[derive(serde::Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "the last three are recognised, not used")]
enum Value {
    Integer(i64),
    Text(String),
    Number(f64),
    Truth(bool),
    Null(()),
}

impl Object {
    fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    fn take_text(&mut self, key: &'static str) -> Result<String, Fault> {
        match self.0.remove(key) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(Fault::Field(key)),
        }
    }

    fn take_integer(&mut self, key: &'static str) -> Result<i64, Fault> {
        match self.0.remove(key) {
            Some(Value::Integer(integer)) => Ok(integer),
            _ => Err(Fault::Field(key)),
        }
    }

    fn take_bytes(&mut self, key: &'static str) -> Result<Vec<u8>, Fault> {
        BASE64.decode(self.take_text(key)?).map_err(|_| Fault::Field(key))
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EachKeyOnce;

        impl<'de> Visitor<'de> for EachKeyOnce {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with each key once")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object, A::Error> {
                let mut values = BTreeMap::new();
                while let Some((key, value)) = entries.next_entry()? {
                    if values.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key twice"));
                    }
                }
                Ok(Object(values))
            }
        }

        deserializer.deserialize_map(EachKeyOnce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"{"TLS.ver":"2.0","TLS.identifier":"a","TLS.sdkappid":1,"TLS.time":2,"TLS.expire":3,"TLS.sig":"AA=="}"#;

    /// What `read` says after one replacement in a sound object.
    fn fault_with(old: &str, new: &str) -> Option<Fault> {
        assert!(PLAIN.contains(old));
        read(PLAIN.replace(old, new).as_bytes()).err()
    }

    #[test]
    fn the_worked_value_of_the_documentation() {
        let key =
            SecretKey::parse("5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e").unwrap();
        let user = "xiaojun".to_owned();
        let claims =
            Claims { app: AppId(1_400_000_000), user, issued_at: 1_700_000_000, lifetime: 15_552_000 };
        let json: serde_json::Value = serde_json::from_slice(&write(&key, &claims, None)).unwrap();
        assert_eq!(
            json,
            json!({
                "TLS.ver": "2.0",
                "TLS.identifier": "xiaojun",
                "TLS.sdkappid": 1_400_000_000,
                "TLS.time": 1_700_000_000,
                "TLS.expire": 15_552_000,
                "TLS.sig": "LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4=",
            })
        );
    }

    #[test]
    fn strings_are_strings_and_integers_are_integers() {
        assert_eq!(fault_with("3", "3"), None);
        for odd in ["3.0", "3e0", "-0", "\"3\"", "true", "null", "9223372036854775808"] {
            assert_eq!(fault_with("3", odd), Some(Fault::Field(LIFETIME)), "{odd}");
        }
        assert_eq!(fault_with("3", "03"), Some(Fault::Json));
        assert_eq!(fault_with(":1,", ":-1,"), Some(Fault::Field(APP)));
        assert_eq!(fault_with(":1,", ":4294967296,"), Some(Fault::Field(APP)));
        assert_eq!(fault_with("\"a\"", "7"), Some(Fault::Field(USER)));
        assert_eq!(fault_with("2.0", "2.1"), Some(Fault::Field(VERSION)));
        assert_eq!(fault_with("AA==", "AA"), Some(Fault::Field(MAC)));
        assert_eq!(fault_with("AA==", "AB=="), Some(Fault::Field(MAC)));
        assert_eq!(fault_with("}", r#","TLS.userbuf":null}"#), Some(Fault::Field(USERBUF)));
    }

    #[test]
    fn unknown_keys_are_skipped_but_plain_and_single() {
        for plain in ["1", "-1.5", "18446744073709551615", "true", "null", "\"x\""] {
            assert_eq!(fault_with("}", &format!(r#","x":{plain}}}"#)), None, "{plain}");
        }
        for nested in ["[]", "{}", &"[".repeat(8000)] {
            assert_eq!(fault_with("}", &format!(r#","x":{nested}}}"#)), Some(Fault::Json), "{nested}");
        }
        assert_eq!(fault_with("}", r#","x":1,"x":1}"#), Some(Fault::Json));
        assert_eq!(fault_with("}", r#","TLS.\u0074ime":2}"#), Some(Fault::Json));
    }

    #[test]
    fn an_array_in_the_order_of_the_fields_is_no_object() {
        assert_eq!(read(br#"["2.0","a",1,2,3,"AA=="]"#), Err(Fault::Json));
    }

    #[test]
    fn control_characters_are_refused_in_a_user_id() {
        for c in ["\\n", "\\u0000", "\\u001f", "\u{7f}"] {
            assert_eq!(fault_with("\"a\"", &format!("\"a{c}\"")), Some(Fault::ControlCharacter), "{c}");
        }
        assert_eq!(fault_with("\"a\"", r#""é 😀\"\\""#), None);
    }
}

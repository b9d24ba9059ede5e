//! JSON helpers for both directions.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;

/// Objects and arrays nested deeper than this are refused. The deepest frame of the real clients has 12 levels.
pub const MAX_DEPTH: usize = 48;

/// Whether no object or array in `text` is nested deeper than [`MAX_DEPTH`]. One pass, no allocation.
pub fn is_shallow(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for &byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// The members of `value`, which serialises as an object, without the braces; empty for an empty object.
pub(crate) fn members(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string(value)?;
    if !(text.starts_with('{') && text.ends_with('}')) {
        return Err(serde::ser::Error::custom("an answer's body is an object"));
    }
    text.pop();
    text.remove(0);
    Ok(text)
}

/// The value as JSON text that other JSON can hold.
pub fn raw(value: &impl Serialize) -> Box<RawValue> {
    // Every type that is given here serialises without failing: no map with odd keys, no custom impl that errs.
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// A flag as the wire has it: 0 or 1.
pub fn flag(value: bool) -> u8 {
    u8::from(value)
}

/// For `#[serde(deserialize_with)]`: a flag that clients send as 0/1, as true/false or as "0"/"1".
pub fn lenient_flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Flag;
    impl serde::de::Visitor<'_> for Flag {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a flag, 0 or 1")
        }

        fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
            Ok(value)
        }

        fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
            Ok(value != 0)
        }

        fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
            Ok(value != 0)
        }

        fn visit_str<E>(self, value: &str) -> Result<bool, E> {
            Ok(!matches!(value, "" | "0" | "false"))
        }

        fn visit_unit<E>(self) -> Result<bool, E> {
            Ok(false)
        }
    }
    deserializer.deserialize_any(Flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_read_in_every_spelling() {
        let read = |text: &str| lenient_flag(&mut serde_json::Deserializer::from_str(text));
        for text in ["1", "true", r#""1""#, "-1", "18446744073709551615", r#""yes""#] {
            assert!(read(text).unwrap(), "{text}");
        }
        for text in ["0", "false", r#""0""#, r#""""#, r#""false""#, "null"] {
            assert!(!read(text).unwrap(), "{text}");
        }
        for text in ["1.5", "[]", "{}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_counted_outside_strings_only() {
        assert!(is_shallow(br#"{"a":"[[[[\"[[["}"#));
        assert!(is_shallow("[".repeat(MAX_DEPTH).as_bytes()));
        assert!(!is_shallow("[".repeat(MAX_DEPTH + 1).as_bytes()));
    }
}

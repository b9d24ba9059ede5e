//! JSON helpers for both directions.

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
    use serde::Deserialize;
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Bool(bool),
        Number(i64),
        Text(String),
        Null(()),
    }
    Ok(match Flag::deserialize(deserializer)? {
        Flag::Bool(value) => value,
        Flag::Number(value) => value != 0,
        Flag::Text(value) => !matches!(value.as_str(), "" | "0" | "false"),
        Flag::Null(()) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_strings_only() {
        assert!(is_shallow(br#"{"a":"[[[[\"[[["}"#));
        assert!(is_shallow("[".repeat(MAX_DEPTH).as_bytes()));
        assert!(!is_shallow("[".repeat(MAX_DEPTH + 1).as_bytes()));
    }
}

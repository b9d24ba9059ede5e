//! JSON helpers for both directions.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr2;
use serde::Serialize;
use serde_json::value::RawValue;

/// Objects and arrays nested deeper than this are refused. The deepest frame of the real clients has 12 levels.
pub const MAX_DEPTH: usize = 48;

/// Whether no object or array in `text` is nested deeper than [`MAX_DEPTH`]. One pass, no allocation.
pub fn is_shallow(text: &[u8]) -> bool {
    let (mut at, mut depth) = (0, 0usize);
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at = behind_string(text, at),
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

/// Where the string ends whose first character is at `at`.
fn behind_string(text: &[u8], mut at: usize) -> usize {
    while let Some(rest) = text.get(at..)
        && let Some(plain) = memchr2(b'"', b'\\', rest)
    {
        at += plain + 1;
        if rest[plain] == b'"' {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Why a JSON text is one that not everybody reads: some readers refuse all of it for this, others read something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotForAll {
    #[error("holds a number that is too large")]
    Number,
    #[error("holds half of a surrogate pair")]
    Surrogate,
    #[error("names a member of an object twice")]
    Twice,
}

/// The largest whole number that every reader has as it was written. Source: RFC 7493, §2.2.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A number with fewer digits than this and no exponent fits into a 64-bit float: the largest has 309.
const LONG_NUMBER: usize = 300;

/// Checks that whoever can read JSON can read `text`, which must be JSON: as I-JSON (RFC 7493) no half surrogate pairs,
/// no names twice in one object, and no number beyond a 64-bit float. More digits than such a float has are let through,
/// for no reader fails over them.
///
/// One pass; what it allocates grows with the number of names in the objects that are open at once.
pub fn check_for_all(text: &str) -> Result<(), NotForAll> {
    /// An object with the number of names that stand before its own, or an array.
    #[derive(Clone, Copy)]
    enum Open {
        Object(usize),
        Array,
    }
    let bytes = text.as_bytes();
    let (mut open, mut names) = (Vec::new(), Vec::<Cow<'_, str>>::new());
    let (mut at, mut is_name) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let begin = at;
                let has_escapes = end_of_string(bytes, &mut at)?;
                if is_name {
                    let name = text.get(begin..at - 1).unwrap_or_default();
                    names.push(if has_escapes { unescaped(name) } else { name.into() });
                }
            }
            b'{' => {
                open.push(Open::Object(names.len()));
                is_name = true;
            }
            b'[' => {
                open.push(Open::Array);
                is_name = false;
            }
            b'}' | b']' => {
                if let Some(Open::Object(before)) = open.pop() {
                    check_once(&mut names[before..])?;
                    names.truncate(before);
                }
            }
            b',' => is_name = matches!(open.last(), Some(Open::Object(_))),
            b':' => is_name = false,
            b'-' | b'0'..=b'9' => {
                let begin = at - 1;
                let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                at += bytes[at..].iter().take_while(|byte| is_digit(byte)).count();
                check_number(&text[begin..at])?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Steps over the rest of a string and its end. Gives whether anything in it is escaped.
fn end_of_string(bytes: &[u8], at: &mut usize) -> Result<bool, NotForAll> {
    let (mut has_escapes, mut expects_low) = (false, false);
    loop {
        let rest = bytes.get(*at..).unwrap_or_default();
        let plain = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        let unit = match &rest[plain..] {
            [b'\\', b'u', digits @ ..] => code_unit(digits),
            _ => 0,
        };
        let is_low = (0xdc00..0xe000).contains(&unit);
        if is_low != expects_low || (expects_low && plain > 0) {
            return Err(NotForAll::Surrogate);
        }
        *at += plain;
        match &rest[plain..] {
            [b'\\', b'u', ..] => *at += 6,
            [b'\\', ..] => *at += 2,
            _ => {
                *at += 1;
                return Ok(has_escapes);
            }
        }
        has_escapes = true;
        expects_low = (0xd800..0xdc00).contains(&unit);
    }
}

/// What four hexadecimal digits say.
fn code_unit(digits: &[u8]) -> u16 {
    let digits = digits.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

#[cold]
fn unescaped(name: &str) -> Cow<'static, str> {
    serde_json::from_str::<String>(&format!("\"{name}\"")).unwrap_or_default().into()
}

fn check_once(names: &mut [Cow<'_, str>]) -> Result<(), NotForAll> {
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) { Err(NotForAll::Twice) } else { Ok(()) }
}

fn check_number(text: &str) -> Result<(), NotForAll> {
    let may_be_large = text.len() > LONG_NUMBER || text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    if may_be_large && !text.parse().is_ok_and(f64::is_finite) {
        return Err(NotForAll::Number);
    }
    Ok(())
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

/// For `#[serde(deserialize_with)]`: a whole number that every reader has as it was written, for what is told to others.
pub fn whole_number<'de, D: serde::Deserializer<'de>, T: From<u64>>(deserializer: D) -> Result<T, D::Error> {
    struct Number;
    impl serde::de::Visitor<'_> for Number {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number from 0 to {MAX_NUMBER}")
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u64, E> {
            if value <= MAX_NUMBER {
                return Ok(value);
            }
            Err(E::invalid_value(serde::de::Unexpected::Unsigned(value), &self))
        }
    }
    deserializer.deserialize_u64(Number).map(T::from)
}

/// An id that may be empty: the SDKs write `""` for none.
pub fn maybe_id<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Text<T>(std::marker::PhantomData<T>);
    impl<'de, T: serde::Deserialize<'de>> serde::de::Visitor<'de> for Text<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an ID, or an empty text")
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<T>, E> {
            if text.is_empty() {
                return Ok(None);
            }
            T::deserialize(serde::de::value::StrDeserializer::<E>::new(text)).map(Some)
        }
    }
    deserializer.deserialize_any(Text(std::marker::PhantomData))
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
    fn what_some_readers_do_not_read_is_found() {
        use NotForAll::{Number, Surrogate, Twice};
        let large = |digits| "9".repeat(digits);
        for (text, fault) in [
            ("1e400", Number),
            ("[-1E+400]", Number),
            (r#"{"a":[1,{"b":1e309}]}"#, Number),
            (&large(400), Number),
            (r#""\ud800""#, Surrogate),
            (r#""\uDC00""#, Surrogate),
            (r#""\ud800x\udc00""#, Surrogate),
            (r#""\ud800\ud800""#, Surrogate),
            (r#""\ud800\n""#, Surrogate),
            (r#""\udc00\ud800""#, Surrogate),
            (r#"{"\ud83d":1}"#, Surrogate),
            (r#"[{"a":1,"a":2}]"#, Twice),
            (r#"{"a":{"b":1,"c":{"x":1,"y":[],"x":2}}}"#, Twice),
            (r#"{"a":1,"\u0061":2}"#, Twice),
            (r#"{"a":[{"a":1},{"a":{"a":1}}],"b":"a","a":3}"#, Twice),
        ] {
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok(), "{text}");
            assert_eq!(check_for_all(text), Err(fault), "{text}");
        }
        for text in [
            r#"{"a":[{"a":1},{"a":{"a":"a\"a","b":"{"}}],"b":"a"}"#,
            r#"["\ud83d\ude00","\\ud800","\u0000","\ue000","\ud7ff","😀","1e400","a,b:c"]"#,
            "[1e308,1.5,-0,18446744073709551616,1e-400]",
            &large(308),
            "{}",
            "[]",
            r#""""#,
            r#"{"":1}"#,
            " { \"a\" : null , \"b\" : true } ",
        ] {
            assert_eq!(check_for_all(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn depth_is_counted_outside_strings_only() {
        assert!(is_shallow(br#"{"a":"[[[[\"[[["}"#));
        assert!(is_shallow("[".repeat(MAX_DEPTH).as_bytes()));
        assert!(!is_shallow("[".repeat(MAX_DEPTH + 1).as_bytes()));
    }
}

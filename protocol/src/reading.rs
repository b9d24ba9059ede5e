//! Reads what came as JSON, and says for people what is wrong with what cannot be read.
//!
//! What can be read is read once. What cannot is looked at again until the member is found and what it should be, so
//! that the answer names both: `MsgBody[0].MsgType must be a string`, `GroupId is missing: give the ID of a group`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::objects::ObjectsOnly;

/// Longer texts are not looked at again: the client of one is a program that knows what it sends.
const MAX_EXPLAINED_BYTES: usize = 64 * 1024;

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// It is no JSON at all, from this place on.
    NotJson { line: usize, column: usize },
    /// It has another shape. Names the member and says what it should be.
    Shape(String),
}

/// Reads a text as a value of its type.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Misread> {
    objects_only(text).map_err(|_| explain::<T>("", text))
}

/// Reads a text in which arrays are no objects. Whatever comes from outside is read so.
pub fn objects_only<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(ObjectsOnly(&mut deserializer))?;
    deserializer.end()?;
    Ok(value)
}

/// Why a text cannot be read as a `T`. `root` is what the whole is called; the body, when it is empty.
#[cold]
pub(crate) fn explain<T: DeserializeOwned>(root: &str, text: &str) -> Misread {
    let mut value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Misread::NotJson { line: error.line(), column: error.column() },
    };
    let unexplained = || {
        let whole = if root.is_empty() { "the body" } else { root };
        Misread::Shape(format!("{whole} does not have the shape that the command wants"))
    };
    if text.len() > MAX_EXPLAINED_BYTES {
        return unexplained();
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(ObjectsOnly(&mut deserializer)) else {
        return unexplained();
    };
    let (place, message) = (Place::of(root, error.path()), error.inner().to_string());
    if let Some(name) = quoted_behind(&message, "duplicate field") {
        return Misread::Shape(format!("{} is given twice", place.member(name)));
    }
    let missing = quoted_behind(&message, "missing field").map(|name| place.member(name));
    let (place, ends) = match &missing {
        Some(member) => (member, "is missing: give"),
        None => (&place, "must be"),
    };
    match expected_at::<T>(root, &mut value, place) {
        Some(expected) => Misread::Shape(format!("{place} {ends} {expected}")),
        None if missing.is_some() => Misread::Shape(format!("{place} is missing")),
        None => Misread::Shape(format!("{place} is not what it should be")),
    }
}

/// Where something stands in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// For people: `MsgBody[0].MsgType`.
    shown: String,
    /// For machines: `/MsgBody/0/MsgType`.
    pointer: String,
}

impl Place {
    fn of(root: &str, path: &Path) -> Self {
        let root = Self { shown: root.to_owned(), pointer: String::new() };
        path.iter().fold(root, |place, segment| match segment {
            Segment::Seq { index } => Self {
                shown: format!("{}[{index}]", place.shown),
                pointer: format!("{}/{index}", place.pointer),
            },
            Segment::Map { key } => place.member(key),
            Segment::Enum { .. } | Segment::Unknown => place,
        })
    }

    fn member(&self, name: &str) -> Self {
        let dot = if self.shown.is_empty() { "" } else { "." };
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self { shown: format!("{}{dot}{name}", self.shown), pointer: format!("{}/{escaped}", self.pointer) }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.shown.is_empty() { "the body" } else { &self.shown })
    }
}

/// What a `T` wants to have at a place, found by putting there what nobody wants.
fn expected_at<T: DeserializeOwned>(root: &str, value: &mut Value, place: &Place) -> Option<String> {
    // No number of ours is negative and broken, and a word that is none of a list tells the list.
    let probes = [Value::from(-0.5), Value::from("\u{1}")];
    let mut answers = probes.into_iter().filter_map(|probe| {
        put(value, &place.pointer, probe)?;
        let error = serde_path_to_error::deserialize::<_, T>(ObjectsOnly(&*value)).err()?;
        if Place::of(root, error.path()) != *place {
            return None;
        }
        let message = error.inner().to_string();
        in_words(message.rsplit_once(", expected ")?.1)
    });
    answers.next()
}

/// Puts a value into a place, which may be that of a missing member.
fn put(value: &mut Value, pointer: &str, new: Value) -> Option<()> {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        *value = new;
        return Some(());
    };
    match value.pointer_mut(parent)? {
        Value::Object(members) => drop(members.insert(name.replace("~1", "/").replace("~0", "~"), new)),
        Value::Array(items) => *items.get_mut(name.parse::<usize>().ok()?)? = new,
        _ => return None,
    }
    Some(())
}

/// The name behind a phrase: `x` of "missing field `x`".
fn quoted_behind<'a>(message: &'a str, phrase: &str) -> Option<&'a str> {
    message.strip_prefix(phrase)?.strip_prefix(" `")?.split('`').next()
}

/// What a reader of values wants, in words; `None` where another probe tells more.
fn in_words(expected: &str) -> Option<String> {
    Some(match expected {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i64" => "a signed whole number of 64 bits".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "string or map" => return None,
        _ if expected.starts_with("struct ") => "an object".to_owned(),
        // Words of a list: `A`, or `A` or `B`, or one of `A`, `B`, `C`.
        _ => expected.replace('`', ""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{AddMembers, Create};
    use crate::message::c2c::RecallMessage;

    fn shape<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
        match read::<T>(text).unwrap_err() {
            Misread::Shape(text) => text,
            misread => panic!("{misread:?}"),
        }
    }

    #[test]
    fn a_member_is_named_with_what_it_should_be() {
        let cases = [
            ("{}", "GroupId is missing: give the ID of a group, 1 to 96 bytes without control characters"),
            ("[]", "the body must be an object"),
            (r#"["g",[],0]"#, "the body must be an object"),
            (r#"{"GroupId":"g","MemberList":[["a"]]}"#, "MemberList[0] must be an object"),
            (r#""x""#, "the body must be an object"),
            (
                r#"{"GroupId":7}"#,
                "GroupId must be the ID of a group, 1 to 96 bytes without control characters",
            ),
            (
                r#"{"GroupId":""}"#,
                "GroupId must be the ID of a group, 1 to 96 bytes without control characters",
            ),
            (r#"{"GroupId":"g"}"#, "MemberList is missing: give a list"),
            (r#"{"GroupId":"g","MemberList":{}}"#, "MemberList must be a list"),
            (r#"{"GroupId":"g","MemberList":[7]}"#, "MemberList[0] must be an object"),
            (
                r#"{"GroupId":"g","MemberList":[{"Member_Account":"a"},{}]}"#,
                "MemberList[1].Member_Account is missing: give the ID of a user, 1 to 32 bytes without control characters",
            ),
            (
                r#"{"GroupId":"g","MemberList":[{"Member_Account":"a","Role":"King"}]}"#,
                "MemberList[0].Role must be one of Member, Admin, Owner",
            ),
            (
                r#"{"GroupId":"g","MemberList":[{"Member_Account":"a","Role":7}]}"#,
                "MemberList[0].Role must be one of Member, Admin, Owner",
            ),
            (r#"{"GroupId":"g","MemberList":[],"Silence":[]}"#, "Silence must be a flag, 0 or 1"),
            (r#"{"GroupId":"g","GroupId":"g","MemberList":[]}"#, "GroupId is given twice"),
        ];
        for (text, said) in cases {
            assert_eq!(shape::<AddMembers>(text), said, "{text}");
        }
    }

    #[test]
    fn numbers_say_their_range() {
        let text = r#"{"Type":"Public","Name":"n","MaxMemberNum":-1}"#;
        assert_eq!(shape::<Create>(text), "MaxMemberNum must be a whole number, 0 or more");
        let text = r#"{"MsgInfo":{"From_Account":"a","To_Account":"b","MsgSeq":"1"}}"#;
        assert_eq!(shape::<RecallMessage>(text), "MsgInfo.MsgSeq must be a whole number, 0 or more");
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        assert_eq!(read::<AddMembers>("{\n x").unwrap_err(), Misread::NotJson { line: 2, column: 2 });
        assert_eq!(read::<AddMembers>("{}{").unwrap_err(), Misread::NotJson { line: 1, column: 3 });
        assert!(matches!(read::<AddMembers>(""), Err(Misread::NotJson { .. })));
    }
}

//! A message's elements, kept as the JSON they came in.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::element::{check_all, check_one};
use crate::reading::{self, Misread};

/// `MsgBody`: an array of `{"MsgType": text, "MsgContent": object}`.
///
/// The text is checked once and never written anew: store, history and push hand out the same bytes,
/// so elements that this server has never heard of survive.
#[derive(Clone, Debug)]
pub struct Body {
    raw: Arc<RawValue>,
    /// Whether this version has checked it. Not so where it was read: the store is older than the check, and the other
    /// instances may be.
    is_checked: bool,
}

/// What stands for an element that would close a client's history.
const PLACEHOLDER: &str =
    r#"{"MsgType":"TIMTextElem","MsgContent":{"Text":"[this message cannot be shown]"}}"#;

/// Why a text is no message body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Names the member and says what it should be.
    #[error("{0}")]
    Shape(String),
    #[error("MsgBody is empty: give at least one element")]
    Empty,
    #[error("MsgBody has {0} bytes, more than {1}")]
    TooLong(usize, usize),
}

/// One element of a body.
#[derive(Debug, Deserialize)]
pub struct Element<'a> {
    #[serde(rename = "MsgType", borrow)]
    pub kind: std::borrow::Cow<'a, str>,
    #[serde(rename = "MsgContent", borrow)]
    pub content: &'a RawValue,
}

/// What is wrong with the shape of a body.
#[cold]
fn misshapen(text: &str) -> BodyError {
    /// An element with values that are its own, which can be explained.
    #[derive(Deserialize)]
    struct Described {
        #[serde(rename = "MsgType")]
        _kind: String,
        #[serde(rename = "MsgContent")]
        _content: Map<String, Value>,
    }
    match reading::explain::<Vec<Described>>("MsgBody", text) {
        Misread::Shape(what) => BodyError::Shape(what),
        Misread::NotJson { .. } => BodyError::Shape("MsgBody must be a list".to_owned()),
    }
}

impl Body {
    /// Checks the shape and the size in bytes.
    pub fn parse(raw: Box<RawValue>, most_bytes: usize) -> Result<Self, BodyError> {
        let text = raw.get();
        if text.len() > most_bytes {
            return Err(BodyError::TooLong(text.len(), most_bytes));
        }
        let elements: Vec<Element<'_>> = reading::objects_only(text).map_err(|_| misshapen(text))?;
        if elements.is_empty() {
            return Err(BodyError::Empty);
        }
        check_all(text, &elements).map_err(|fault| BodyError::Shape(fault.to_string()))?;
        Ok(Self { raw: raw.into(), is_checked: true })
    }

    /// The body as clients may read it: where it was stored before there was a check, and has an element that would make
    /// them throw, a text stands for that element.
    pub fn mended(&self) -> Self {
        let is_sound = |text| {
            let elements = reading::objects_only::<Vec<Element<'_>>>(text).unwrap_or_default();
            !elements.is_empty() && check_all(text, &elements).is_ok()
        };
        if self.is_checked || is_sound(self.raw.get()) { self.clone() } else { self.with_placeholders() }
    }

    #[cold]
    fn with_placeholders(&self) -> Self {
        let elements: Vec<&RawValue> = serde_json::from_str(self.raw.get()).unwrap_or_default();
        let element = |raw: &&RawValue| {
            if check_one(raw.get()).is_ok() { raw.get().to_owned() } else { PLACEHOLDER.to_owned() }
        };
        let mut elements: Vec<String> = elements.iter().map(element).collect();
        if elements.is_empty() {
            elements.push(PLACEHOLDER.to_owned());
        }
        let text = format!("[{}]", elements.join(","));
        let raw = RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { raw: raw.into(), is_checked: true }
    }

    /// A body of one text element.
    pub fn text(text: &str) -> Self {
        let elements = serde_json::json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]);
        Self { raw: crate::json::raw(&elements).into(), is_checked: true }
    }

    pub fn as_json(&self) -> &str {
        self.raw.get()
    }

    /// The elements, in their order.
    pub fn elements(&self) -> Vec<Element<'_>> {
        // Checked when the body came in.
        serde_json::from_str(self.raw.get()).unwrap_or_default()
    }
}

impl Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    /// For records of the store, and what other instances say. It is checked when it is shown: what only counts messages
    /// need not know.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { raw: Box::<RawValue>::deserialize(deserializer)?.into(), is_checked: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Body, BodyError> {
        Body::parse(RawValue::from_string(text.to_owned()).unwrap(), 1000)
    }

    #[test]
    fn unknown_elements_and_members_are_kept_to_the_byte() {
        let text = r#"[{"MsgType":"TIMNewElem","MsgContent":{"A": 1.50, "中":"\u4e2d"},"More":[ ]}]"#;
        assert_eq!(parse(text).unwrap().as_json(), text);
    }

    #[test]
    fn what_is_no_list_of_elements_is_refused() {
        let cases = [
            ("{}", "MsgBody must be a list"),
            ("1", "MsgBody must be a list"),
            ("[1]", "MsgBody[0] must be an object"),
            (r#"[{"MsgType":1,"MsgContent":{}}]"#, "MsgBody[0].MsgType must be a string"),
            (
                r#"[{"MsgType":"","MsgContent":{}}]"#,
                "MsgBody[0].MsgType is empty: give the type of the element",
            ),
            (r#"[{"MsgType":"T"}]"#, "MsgBody[0].MsgContent is missing: give an object"),
            (r#"[{"MsgType":"T","MsgContent":[]}]"#, "MsgBody[0].MsgContent must be an object"),
        ];
        for (text, what) in cases {
            assert_eq!(parse(text).unwrap_err(), BodyError::Shape(what.to_owned()), "{text}");
        }
        assert_eq!(parse("[]").unwrap_err(), BodyError::Empty);
        assert_eq!(parse(&format!("[{}]", " ".repeat(999))).unwrap_err(), BodyError::TooLong(1001, 1000));
    }

    /// A body as it comes from the store.
    fn stored(text: &str) -> Body {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_was_stored_before_there_was_a_check_is_mended() {
        let file = r#"{"MsgType":"TIMFileElem","MsgContent":{}}"#;
        let sound = r#"{"MsgType":"TIMTextElem","MsgContent":{ "Text" : "hi"}}"#;
        for bad in [
            file,
            "1",
            "null",
            r#"["TIMTextElem",{"Text":"x"}]"#,
            r#"{"MsgType":"T","MsgContent":{"A":1e400}}"#,
            r#"{"MsgType":"T","MsgContent":{"A":"\ud800"}}"#,
            r#"{"MsgType":"\ud800","MsgContent":{}}"#,
            r#"{"MsgType":"TIMGroupTipElem","MsgContent":{}}"#,
        ] {
            let mended = stored(&format!("[{sound}, {bad},{sound}]")).mended();
            assert_eq!(mended.as_json(), format!("[{sound},{PLACEHOLDER},{sound}]"));
        }
        for none in ["[]", "{}", "7", "null"] {
            assert_eq!(stored(none).mended().as_json(), format!("[{PLACEHOLDER}]"), "{none}");
        }
        assert!(parse(&format!("[{PLACEHOLDER}]")).is_ok());
    }

    #[test]
    fn what_is_sound_goes_out_to_the_byte() {
        let text = r#"[ {"MsgType":"TIMTextElem", "MsgContent":{"Text":"hi"},"More":[ ]}]"#;
        assert_eq!(stored(text).mended().as_json(), text);
        assert_eq!(parse(text).unwrap().mended().as_json(), text);
    }

    #[test]
    fn the_time_that_a_check_takes_grows_with_the_length_alone() {
        // Merged messages inside of each other, as deep as a body may be, and a long one beside.
        let mut text = r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"inner"}}]"#.to_owned();
        while crate::json::is_shallow(format!("[{{[{{[{text}]}}]}}]").as_bytes()) {
            text = format!(
                r#"[{{"MsgType":"TIMRelayElem","MsgContent":{{"MsgList":[{{"MsgBody":{text}}}]}}}}]"#
            );
        }
        assert!(Body::parse(RawValue::from_string(text).unwrap(), 100_000).is_ok());
        let names: Vec<String> = (0..10_000).map(|number| format!(r#""{number}":[{number}]"#)).collect();
        let wide = format!(r#"[{{"MsgType":"T","MsgContent":{{{}}}}}]"#, names.join(","));
        assert!(Body::parse(RawValue::from_string(wide).unwrap(), 1_000_000).is_ok());
    }
}

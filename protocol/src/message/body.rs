//! A message's elements, kept as the JSON they came in.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::reading::{self, Misread};

/// `MsgBody`: an array of `{"MsgType": text, "MsgContent": object}`.
///
/// The text is checked once and never written anew: store, history and push hand out the same bytes,
/// so elements that this server has never heard of survive.
#[derive(Clone, Debug)]
pub struct Body(Arc<RawValue>);

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
        let elements: Vec<Element<'_>> = serde_json::from_str(text).map_err(|_| misshapen(text))?;
        if elements.is_empty() {
            return Err(BodyError::Empty);
        }
        if !elements.iter().all(|element| element.content.get().starts_with('{')) {
            return Err(misshapen(text));
        }
        if let Some(index) = elements.iter().position(|element| element.kind.is_empty()) {
            let what = format!("MsgBody[{index}].MsgType is empty: give the type of the element");
            return Err(BodyError::Shape(what));
        }
        Ok(Self(raw.into()))
    }

    /// A body of one text element.
    pub fn text(text: &str) -> Self {
        let elements = serde_json::json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]);
        Self(crate::json::raw(&elements).into())
    }

    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// The elements, in their order.
    pub fn elements(&self) -> Vec<Element<'_>> {
        // Checked when the body came in.
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }
}

impl Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    /// For records of the store, which were checked before they were written.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Box::<RawValue>::deserialize(deserializer)?.into()))
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
}

//! A message's elements, kept as the JSON they came in.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// `MsgBody`: an array of `{"MsgType": text, "MsgContent": object}`.
///
/// The text is checked once and never written anew: store, history and push hand out the same bytes,
/// so elements that this server has never heard of survive.
#[derive(Clone, Debug)]
pub struct Body(Arc<RawValue>);

/// Why a text is no message body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("MsgBody is not a list of elements with MsgType and MsgContent")]
    Shape,
    #[error("MsgBody has no element")]
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

impl Body {
    /// Checks the shape and the size in bytes.
    pub fn parse(raw: Box<RawValue>, most_bytes: usize) -> Result<Self, BodyError> {
        let text = raw.get();
        if text.len() > most_bytes {
            return Err(BodyError::TooLong(text.len(), most_bytes));
        }
        let elements: Vec<Element<'_>> = serde_json::from_str(text).map_err(|_| BodyError::Shape)?;
        if elements.is_empty() {
            return Err(BodyError::Empty);
        }
        let well_formed =
            |element: &Element<'_>| !element.kind.is_empty() && element.content.get().starts_with('{');
        if !elements.iter().all(well_formed) {
            return Err(BodyError::Shape);
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
        for text in ["{}", "1", r#"[1]"#, r#"[{"MsgType":1,"MsgContent":{}}]"#, r#"[{"MsgType":"T"}]"#] {
            assert_eq!(parse(text).unwrap_err(), BodyError::Shape, "{text}");
        }
        assert_eq!(parse(r#"[{"MsgType":"T","MsgContent":[]}]"#).unwrap_err(), BodyError::Shape);
        assert_eq!(parse("[]").unwrap_err(), BodyError::Empty);
        assert_eq!(parse(&format!("[{}]", " ".repeat(999))).unwrap_err(), BodyError::TooLong(1001, 1000));
    }
}

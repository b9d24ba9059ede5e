//! What the elements of a message must have, so that no client fails over one.
//!
//! An SDK that is told an element without a field that it reads, or with a field of another type, throws: it hears nobody
//! any more, and neither its history nor its list of conversations opens again. So what the known types have is checked
//! where a message comes in, and again where one is read that was stored before there was a check.
//!
//! Types that are not known here pass as they are, for the SDKs show them as such. Source: observed, by
//! `tests/sdk/elements.mjs`; types and fields: "Message Formats" (269/2720).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Element;
use crate::{json, reading};

/// What a field is.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Number,
    Bool,
    List(&'static Shape),
    Object(&'static [Field]),
    /// A `MsgBody` inside of an element.
    Body,
}

/// A field of an element. One that is not here may be anything.
struct Field {
    name: &'static str,
    shape: Shape,
    is_needed: bool,
}

const fn needed(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, is_needed: true }
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, is_needed: false }
}

/// The known types and their fields.
const KNOWN: &[(&str, &[Field])] = &[
    ("TIMTextElem", &[needed("Text", Shape::Text)]),
    ("TIMCustomElem", &[field("Data", Shape::Text), field("Desc", Shape::Text), field("Ext", Shape::Text)]),
    ("TIMFaceElem", &[field("Index", Shape::Number), field("Data", Shape::Text)]),
    (
        "TIMLocationElem",
        &[field("Desc", Shape::Text), field("Longitude", Shape::Number), field("Latitude", Shape::Number)],
    ),
    (
        "TIMImageElem",
        &[
            field("UUID", Shape::Text),
            field("ImageFormat", Shape::Number),
            field("ImageInfoArray", Shape::List(&Shape::Object(IMAGE))),
        ],
    ),
    (
        "TIMSoundElem",
        &[
            field("UUID", Shape::Text),
            field("Url", Shape::Text),
            field("Size", Shape::Number),
            field("Second", Shape::Number),
            field("Download_Flag", Shape::Number),
        ],
    ),
    (
        "TIMFileElem",
        &[
            field("UUID", Shape::Text),
            needed("FileName", Shape::Text),
            needed("FileSize", Shape::Number),
            field("Url", Shape::Text),
            field("Download_Flag", Shape::Number),
        ],
    ),
    (
        "TIMVideoFileElem",
        &[
            field("VideoUUID", Shape::Text),
            field("VideoUrl", Shape::Text),
            field("VideoSize", Shape::Number),
            field("VideoSecond", Shape::Number),
            field("VideoFormat", Shape::Text),
            field("VideoDownloadFlag", Shape::Number),
            field("ThumbUUID", Shape::Text),
            field("ThumbUrl", Shape::Text),
            field("ThumbSize", Shape::Number),
            field("ThumbWidth", Shape::Number),
            field("ThumbHeight", Shape::Number),
            field("ThumbFormat", Shape::Text),
            field("ThumbDownloadFlag", Shape::Number),
            field("SnapshotUrl", Shape::Text),
            field("SnapshotWidth", Shape::Number),
            field("SnapshotHeight", Shape::Number),
            field("SnapshotSize", Shape::Number),
        ],
    ),
    (
        "TIMRelayElem",
        &[
            field("JsonMsgKey", Shape::Text),
            field("PbMsgKey", Shape::Text),
            field("MsgList", Shape::List(&Shape::Object(RELAYED))),
            field("Title", Shape::Text),
            field("AbstractList", Shape::List(&Shape::Text)),
            field("CompatibleText", Shape::Text),
            field("Version", Shape::Number),
            field("LayersOverLimit", Shape::Bool),
            field("MsgNum", Shape::Number),
        ],
    ),
];

/// One size of an image.
const IMAGE: &[Field] = &[
    field("Type", Shape::Number),
    field("Size", Shape::Number),
    field("Width", Shape::Number),
    field("Height", Shape::Number),
    field("URL", Shape::Text),
];

/// A message that was merged with others into one.
const RELAYED: &[Field] = &[
    field("From_Account", Shape::Text),
    field("To_Account", Shape::Text),
    field("GroupId", Shape::Text),
    field("SenderId", Shape::Text),
    field("ReceiverId", Shape::Text),
    field("MsgTimeStamp", Shape::Number),
    field("MsgSeq", Shape::Number),
    field("ClientSeq", Shape::Number),
    field("MsgRandom", Shape::Number),
    field("MsgClientTime", Shape::Number),
    field("CloudCustomData", Shape::Text),
    field("From_AccountNick", Shape::Text),
    field("From_AccountHeadurl", Shape::Text),
    field("Id", Shape::Text),
    needed("MsgBody", Shape::Body),
];

/// Types by which clients are told of groups: nobody but the server says such.
const SAID_BY_THE_SERVER: &[&str] = &["TIMGroupTipElem", "TIMGroupSystemNoticeElem"];

/// What is wrong with a value: where it stands under whoever looks, and what it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    place: String,
    what: Cow<'static, str>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.what)
    }
}

impl Fault {
    #[cold]
    fn here(what: impl Into<Cow<'static, str>>) -> Self {
        Self { place: String::new(), what: what.into() }
    }

    /// Seen from one level up.
    #[cold]
    fn under(mut self, member: &str) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{member}{dot}{}", self.place);
        self
    }

    #[cold]
    fn at(self, index: usize) -> Self {
        self.under(&format!("[{index}]"))
    }
}

/// Checks a `MsgBody` with these elements. The place of a fault begins with `MsgBody`.
pub(super) fn check_all(text: &str, elements: &[Element<'_>]) -> Result<(), Fault> {
    if let Err(fault) = json::check_for_all(text) {
        return Err(not_for_all(fault, elements));
    }
    check_elements(elements).map_err(|fault| fault.under("MsgBody"))
}

/// Checks the text of one element.
pub(super) fn check_one(text: &str) -> Result<(), Fault> {
    json::check_for_all(text).map_err(|fault| Fault::here(fault.to_string()))?;
    reading::objects_only::<Element<'_>>(text).map_err(|_| Fault::here("is no element"))?.check()
}

#[cold]
fn not_for_all(fault: json::NotForAll, elements: &[Element<'_>]) -> Fault {
    let is_in = |element: &Element<'_>| json::check_for_all(element.content.get()).is_err();
    let found = Fault::here(fault.to_string());
    match elements.iter().position(is_in) {
        Some(index) => found.under("MsgContent").at(index).under("MsgBody"),
        None => found.under("MsgBody"),
    }
}

fn check_elements(elements: &[Element<'_>]) -> Result<(), Fault> {
    for (index, element) in elements.iter().enumerate() {
        element.check().map_err(|fault| fault.at(index))?;
    }
    Ok(())
}

impl Element<'_> {
    fn check(&self) -> Result<(), Fault> {
        if self.kind.is_empty() {
            return Err(Fault::here("is empty: give the type of the element").under("MsgType"));
        }
        if SAID_BY_THE_SERVER.contains(&self.kind.as_ref()) {
            return Err(Fault::here("must be a type of element that users say").under("MsgType"));
        }
        let known = KNOWN.iter().find(|(kind, _)| *kind == self.kind);
        let fields = known.map_or(&[][..], |(_, fields)| fields);
        Shape::Object(fields).check(self.content.get()).map_err(|fault| fault.under("MsgContent"))
    }
}

impl Shape {
    /// Checks a text that is JSON.
    fn check(self, text: &str) -> Result<(), Fault> {
        let first = text.bytes().next().unwrap_or_default();
        let is_it = match self {
            Shape::Text => first == b'"',
            Shape::Number => first == b'-' || first.is_ascii_digit(),
            Shape::Bool => matches!(first, b't' | b'f'),
            Shape::List(_) | Shape::Body => first == b'[',
            Shape::Object(_) => first == b'{',
        };
        if !is_it {
            return Err(Fault::here(format!("must be {}", self.in_words())));
        }
        match self {
            Shape::Text | Shape::Number | Shape::Bool | Shape::Object([]) => Ok(()),
            Shape::Object(fields) => check_object(fields, text),
            Shape::List(shape) => {
                let items: Vec<&RawValue> = part(text)?;
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| shape.check(item.get()).map_err(|fault| fault.at(index)))
            }
            Shape::Body => match part::<Vec<Element<'_>>>(text)?.as_slice() {
                [] => Err(Fault::here("is empty: give at least one element")),
                elements => check_elements(elements),
            },
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Shape::Text => "a string",
            Shape::Number => "a number",
            Shape::Bool => "true or false",
            Shape::List(_) => "a list",
            Shape::Body => "a list of elements",
            Shape::Object(_) => "an object",
        }
    }
}

/// Reads a part of an element, which is JSON for all.
fn part<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Fault> {
    reading::objects_only(text)
        .map_err(|_| Fault::here("must be a list of elements, each with MsgType and MsgContent"))
}

fn check_object(fields: &'static [Field], text: &str) -> Result<(), Fault> {
    let mut members = Members { fields, seen: 0, fault: None };
    let read = (&mut members).deserialize(&mut serde_json::Deserializer::from_str(text));
    if let Some(fault) = members.fault {
        return Err(fault);
    }
    read.map_err(|_| Fault::here("must be an object"))?;
    let is_missing = |(index, field): &(usize, &Field)| field.is_needed && members.seen & (1 << index) == 0;
    match fields.iter().enumerate().find(is_missing) {
        Some((_, field)) => {
            let what = format!("is missing: give {}", field.shape.in_words());
            Err(Fault::here(what).under(field.name))
        }
        None => Ok(()),
    }
}

/// Looks at the members of an object in their order.
struct Members {
    fields: &'static [Field],
    /// No object has more fields than it has bits.
    seen: u32,
    /// The first thing that is wrong.
    fault: Option<Fault>,
}

impl<'de> DeserializeSeed<'de> for &mut Members {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Members {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        /// By itself a `Cow` never borrows.
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        while let Some((Name(name), value)) = entries.next_entry::<Name<'de>, &RawValue>()? {
            let Some(index) = self.fields.iter().position(|field| field.name == name) else { continue };
            self.seen |= 1 << index;
            if self.fault.is_none() {
                let checked = self.fields[index].shape.check(value.get());
                self.fault = checked.err().map(|fault| fault.under(&name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// An element of each type with every field, as the SDKs send it.
    fn sound() -> Vec<Value> {
        let relayed = json!({
            "From_Account": "a", "To_Account": "b", "SenderId": "a", "ReceiverId": "b", "MsgTimeStamp": 1,
            "MsgSeq": 2, "ClientSeq": 3, "MsgRandom": 4, "MsgClientTime": 5, "CloudCustomData": "",
            "From_AccountNick": "", "From_AccountHeadurl": "", "Id": "1-2-3",
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "inner"}}],
        });
        let contents = [
            ("TIMTextElem", json!({"Text": "hi"})),
            ("TIMCustomElem", json!({"Data": "d", "Desc": "x", "Ext": "e"})),
            ("TIMFaceElem", json!({"Index": 7, "Data": "tt00"})),
            ("TIMLocationElem", json!({"Desc": "here", "Longitude": 113.1, "Latitude": -22.5})),
            (
                "TIMImageElem",
                json!({"UUID": "u", "ImageFormat": 1, "ImageInfoArray": [
                    {"Type": 1, "Size": 100, "Width": 80, "Height": 60, "URL": "https://example.com/i.jpg"}]}),
            ),
            ("TIMSoundElem", json!({"UUID": "u", "Url": "", "Size": 33, "Second": 4, "Download_Flag": 2})),
            (
                "TIMFileElem",
                json!({"UUID": "u", "FileName": "a", "FileSize": 12, "Url": "", "Download_Flag": 2}),
            ),
            ("TIMVideoFileElem", json!({"VideoUUID": "v", "VideoSecond": 5, "ThumbWidth": 200})),
            (
                "TIMRelayElem",
                json!({"JsonMsgKey": "", "PbMsgKey": "", "MsgList": [relayed], "Title": "T", "AbstractList": ["a"],
                    "CompatibleText": "c", "Version": 0, "LayersOverLimit": false}),
            ),
        ];
        contents.map(|(kind, content)| json!({"MsgType": kind, "MsgContent": content})).into()
    }

    fn said(element: &Value) -> String {
        let text = json!([element]).to_string();
        let elements: Vec<Element<'_>> = reading::objects_only(&text).unwrap();
        check_all(&text, &elements).err().map_or_else(String::new, |fault| fault.to_string())
    }

    /// Where the values of an element's content lie, as pointers.
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), found));
            }
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
            }
            _ => {}
        }
    }

    #[test]
    fn what_the_sdks_send_is_sound() {
        for element in sound() {
            assert_eq!(said(&element), "", "{element}");
        }
        let large = json!({"MsgType": "TIMRelayElem", "MsgContent": {
            "JsonMsgKey": "k", "PbMsgKey": "p", "Title": "T", "AbstractList": [], "CompatibleText": "c", "MsgNum": 40}});
        let unknown = json!({"MsgType": "TIMNewElem", "MsgContent": {"Text": 7, "FileName": null}});
        let more =
            json!({"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi", "More": [null, {}]}, "More": 7});
        for element in [large, unknown, more] {
            assert_eq!(said(&element), "", "{element}");
        }
    }

    #[test]
    fn no_value_of_another_type_passes() {
        let wrong = [json!(null), json!(true), json!(7), json!("x"), json!([]), json!({}), json!([null])];
        for element in sound() {
            let mut found = Vec::new();
            places(&element["MsgContent"], "/MsgContent", &mut found);
            for place in found {
                for wrong in &wrong {
                    let mut odd = element.clone();
                    let value = odd.pointer_mut(&place).unwrap();
                    let before = std::mem::replace(value, wrong.clone());
                    if std::mem::discriminant(&before) == std::mem::discriminant(wrong) {
                        continue;
                    }
                    assert_ne!(said(&odd), "", "{odd}");
                }
            }
        }
    }

    #[test]
    fn a_fault_is_named_with_its_place() {
        let file = |content| json!({"MsgType": "TIMFileElem", "MsgContent": content});
        let relay = |list| json!({"MsgType": "TIMRelayElem", "MsgContent": {"MsgList": list}});
        let image = json!({"MsgType": "TIMImageElem", "MsgContent": {"ImageInfoArray": [{}, {"URL": 7}]}});
        for (element, fault) in [
            (file(json!({})), "MsgBody[0].MsgContent.FileName is missing: give a string"),
            (file(json!({"FileName": "a"})), "MsgBody[0].MsgContent.FileSize is missing: give a number"),
            (file(json!({"FileName": null})), "MsgBody[0].MsgContent.FileName must be a string"),
            (file(json!([])), "MsgBody[0].MsgContent must be an object"),
            (image, "MsgBody[0].MsgContent.ImageInfoArray[1].URL must be a string"),
            (
                relay(json!([{}])),
                "MsgBody[0].MsgContent.MsgList[0].MsgBody is missing: give a list of elements",
            ),
            (
                relay(json!([{"MsgBody": []}])),
                "MsgBody[0].MsgContent.MsgList[0].MsgBody is empty: give at least one element",
            ),
            (
                relay(json!([{"MsgBody": [file(json!({}))]}])),
                "MsgBody[0].MsgContent.MsgList[0].MsgBody[0].MsgContent.FileName is missing: give a string",
            ),
            (
                relay(json!([{"MsgBody": [["TIMTextElem", {"Text": "x"}]]}])),
                "MsgBody[0].MsgContent.MsgList[0].MsgBody must be a list of elements, each with MsgType and MsgContent",
            ),
            (
                json!({"MsgType": "TIMGroupTipElem", "MsgContent": {}}),
                "MsgBody[0].MsgType must be a type of element that users say",
            ),
            (
                json!({"MsgType": "", "MsgContent": {}}),
                "MsgBody[0].MsgType is empty: give the type of the element",
            ),
        ] {
            assert_eq!(said(&element), fault, "{element}");
        }
    }

    #[test]
    fn what_some_readers_do_not_read_is_named_with_its_place() {
        let said = |text: &str| {
            let elements: Vec<Element<'_>> = reading::objects_only(text).unwrap();
            check_all(text, &elements).unwrap_err().to_string()
        };
        for (text, fault) in [
            (
                r#"[{"MsgType":"T","MsgContent":{}},{"MsgType":"T","MsgContent":{"A":1e400}}]"#,
                "MsgBody[1].MsgContent holds a number that is too large",
            ),
            (
                r#"[{"MsgType":"T","MsgContent":{"A":"\ud800"}}]"#,
                "MsgBody[0].MsgContent holds half of a surrogate pair",
            ),
            (
                r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a","Text":7}}]"#,
                "MsgBody[0].MsgContent names a member of an object twice",
            ),
            (
                r#"[{"MsgType":"T","MsgContent":{},"More":[1e999]}]"#,
                "MsgBody holds a number that is too large",
            ),
        ] {
            assert_eq!(said(text), fault, "{text}");
        }
    }
}

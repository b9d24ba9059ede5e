//! Attributes: what the members of a group keep together, key by key.
//!
//! Each write has the next number of the group, its *main number*, and gives it to the keys it writes. A client that names
//! the main number it knows is refused where others have written since. Their names are in small letters, unlike all
//! others.

use serde::{Deserialize, Serialize};

use crate::id::GroupId;
use crate::request::request;

/// A key and its new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeItem {
    #[serde(rename = "key")]
    pub key: String,
    #[serde(rename = "value")]
    pub value: String,
    /// The key's number as the client knows it; 0 where it knows none.
    #[serde(rename = "seq", default)]
    pub seq: u64,
}

/// A key that goes.
#[derive(Clone, Debug, Deserialize)]
pub struct AttributeKey {
    #[serde(rename = "key")]
    pub key: String,
    #[serde(rename = "seq", default)]
    pub seq: u64,
}

/// Whether a write is refused where others have written since: whether its `AttrControl` has `RaceConflict` in it.
pub fn is_guarded(control: &[String]) -> bool {
    control.iter().any(|word| word == "RaceConflict")
}

/// `group_open_http_svc.set_group_attr`: puts attributes in the place of all that there are. Source: observed; REST:
/// "Set Group Custom Attributes".
///
/// ```json
/// {"GroupId": "{group}", "GroupAttr": [{"key": "stage", "value": "two"}], "AttrMainSeq": 1, "AttrControl": []}
/// ```
#[derive(Debug, Deserialize)]
pub struct SetAttributes {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "GroupAttr")]
    pub items: Vec<AttributeItem>,
    /// The main number that the client knows.
    #[serde(rename = "AttrMainSeq")]
    pub main: Option<u64>,
    #[serde(rename = "AttrControl", default)]
    pub control: Vec<String>,
}

/// The new main number, and what was written with it.
#[derive(Debug, Serialize)]
pub struct AttributesWritten {
    #[serde(rename = "AttrMainSeq")]
    pub main: u64,
    #[serde(rename = "GroupAttr")]
    pub items: Vec<AttributeNumber>,
}

/// A key and its number.
#[derive(Clone, Debug, Serialize)]
pub struct AttributeNumber {
    #[serde(rename = "key")]
    pub key: String,
    #[serde(rename = "seq")]
    pub seq: u64,
}

request! { SetAttributes = "group_open_http_svc.set_group_attr" -> AttributesWritten }

/// `group_open_http_svc.modify_group_attr`: writes some attributes, new ones among them. Source: observed; REST:
/// "Modify Group Custom Attributes".
///
/// ```json
/// {"GroupId": "{group}", "GroupAttr": [{"key": "stage", "value": "two", "seq": 1}], "AttrMainSeq": 1,
/// "AttrControl": []}
/// ```
#[derive(Debug, Deserialize)]
pub struct ModifyAttributes {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "GroupAttr")]
    pub items: Vec<AttributeItem>,
    /// The main number that the client knows.
    #[serde(rename = "AttrMainSeq")]
    pub main: Option<u64>,
    #[serde(rename = "AttrControl", default)]
    pub control: Vec<String>,
}

request! { ModifyAttributes = "group_open_http_svc.modify_group_attr" -> AttributesWritten }

/// `group_open_http_svc.delete_group_attr`: takes some attributes away. Source: observed; REST: "Delete Group Custom
/// Attributes".
///
/// ```json
/// {"GroupId": "{group}", "GroupAttr": [{"key": "stage", "seq": 1}], "AttrMainSeq": 1, "AttrControl": []}
/// ```
#[derive(Debug, Deserialize)]
pub struct DeleteAttributes {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "GroupAttr")]
    pub keys: Vec<AttributeKey>,
    /// The main number that the client knows.
    #[serde(rename = "AttrMainSeq")]
    pub main: Option<u64>,
    #[serde(rename = "AttrControl", default)]
    pub control: Vec<String>,
}

request! { DeleteAttributes = "group_open_http_svc.delete_group_attr" -> AttributesWritten }

/// `group_open_http_svc.clear_group_attr`: takes all attributes away. Source: observed; REST: "Clear Group Custom
/// Attributes".
///
/// ```json
/// {"GroupId": "{group}", "AttrMainSeq": 1, "AttrControl": []}
/// ```
#[derive(Debug, Deserialize)]
pub struct ClearAttributes {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// The main number that the client knows.
    #[serde(rename = "AttrMainSeq")]
    pub main: Option<u64>,
    #[serde(rename = "AttrControl", default)]
    pub control: Vec<String>,
}

request! { ClearAttributes = "group_open_http_svc.clear_group_attr" -> AttributesWritten }

/// `group_open_attr_http_svc.get_group_attr`: reads all attributes of a group. The SDKs have another name for it where the
/// group is a community. Source: observed; REST: "Get Group Custom Attributes".
///
/// ```json
/// {"GroupId": "{group}", "GroupType": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetAttributes {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
}

#[derive(Debug, Serialize)]
pub struct Attributes {
    #[serde(rename = "AttrMainSeq")]
    pub main: u64,
    #[serde(rename = "GroupAttrAry")]
    pub items: Vec<AttributeItem>,
}

request! { GetAttributes = "group_open_attr_http_svc.get_group_attr" also "million_group_open_http_svc.get_group_attr" -> Attributes }

/// What became of a group's attributes, as its members are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributesChange {
    Set,
    Modified,
    Cleared,
    Deleted,
}

impl AttributesChange {
    /// `OpType` of the notice. Source: observed in both generations of SDKs.
    pub fn number(self) -> u8 {
        match self {
            Self::Set => 1,
            Self::Modified => 2,
            Self::Cleared => 3,
            Self::Deleted => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_write_is_read() {
        let text = r#"{"GroupId":"w5","GroupAttr":[{"key":"a","value":"9","seq":1},{"key":"b","value":""}],
            "AttrMainSeq":1,"AttrControl":["RaceConflict"],"BytesKey":"k"}"#;
        let write: ModifyAttributes = serde_json::from_str(text).unwrap();
        assert_eq!((write.main, is_guarded(&write.control)), (Some(1), true));
        assert_eq!(write.items.iter().map(|item| item.seq).collect::<Vec<_>>(), [1, 0]);
        let text = r#"{"GroupId":"w5","GroupAttr":[{"key":"a","value":"9"}]}"#;
        let by_rest: SetAttributes = serde_json::from_str(text).unwrap();
        assert_eq!((by_rest.main, is_guarded(&by_rest.control)), (None, false));
    }
}

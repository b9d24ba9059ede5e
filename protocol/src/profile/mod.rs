//! What users tell about themselves.
//!
//! A profile is a list of tags and values. Source: "Profile" (269/1500), `portrait_set` (269/1640).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::UserId;
use crate::request::{Empty, request};

/// How many users one request may ask for.
pub const MAX_USERS: usize = 100;

/// The greatest length of a text value, in bytes.
pub const MAX_VALUE_BYTES: usize = 500;

pub const NICK: &str = "Tag_Profile_IM_Nick";
pub const FACE: &str = "Tag_Profile_IM_Image";
/// What custom tags begin with.
pub const CUSTOM_PREFIX: &str = "Tag_Profile_Custom_";

/// What a standard tag's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Number,
    OneOf(&'static [&'static str]),
}

/// The standard tags and their shapes.
pub const TAGS: &[(&str, Shape)] = &[
    (NICK, Shape::Text),
    (
        "Tag_Profile_IM_Gender",
        Shape::OneOf(&["Gender_Type_Unknown", "Gender_Type_Female", "Gender_Type_Male"]),
    ),
    ("Tag_Profile_IM_BirthDay", Shape::Number),
    ("Tag_Profile_IM_Location", Shape::Text),
    ("Tag_Profile_IM_SelfSignature", Shape::Text),
    (
        "Tag_Profile_IM_AllowType",
        Shape::OneOf(&["AllowType_Type_AllowAny", "AllowType_Type_NeedConfirm", "AllowType_Type_DenyAny"]),
    ),
    ("Tag_Profile_IM_Language", Shape::Number),
    (FACE, Shape::Text),
    ("Tag_Profile_IM_MsgSettings", Shape::Number),
    ("Tag_Profile_IM_AdminForbidType", Shape::OneOf(&["AdminForbid_Type_None", "AdminForbid_Type_SendOut"])),
    ("Tag_Profile_IM_Level", Shape::Number),
    ("Tag_Profile_IM_Role", Shape::Number),
];

/// The shape of a tag; `None` when there is no such tag.
pub fn shape(tag: &str) -> Option<Shape> {
    if let Some((_, shape)) = TAGS.iter().find(|(name, _)| *name == tag) {
        return Some(*shape);
    }
    let custom = tag.strip_prefix(CUSTOM_PREFIX)?;
    let is_name = (1..=8).contains(&custom.len()) && custom.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then_some(Shape::Text)
}

/// A tag and its value: a text or a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    #[serde(rename = "Tag")]
    pub tag: String,
    #[serde(rename = "Value")]
    pub value: Value,
}

/// `profile.portrait_get_all`: the whole profiles of at most 100 users. Source: observed.
///
/// ```json
/// {"From_Account": "{caller}", "UserItem": [{"To_Account": "{other}", "StandardSequence": 0,
/// "CustomSequence": 0}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetAll {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "UserItem")]
    pub users: Vec<GetAllItem>,
}

#[derive(Debug, Deserialize)]
pub struct GetAllItem {
    #[serde(rename = "To_Account")]
    pub user: UserId,
}

#[derive(Debug, Serialize)]
pub struct Profiles {
    /// Users that do not exist are left out.
    #[serde(rename = "UserProfileItem")]
    pub profiles: Vec<Profile>,
    #[serde(rename = "CurrentStandardSequence")]
    pub sequence: u64,
}

#[derive(Debug, Serialize)]
pub struct Profile {
    #[serde(rename = "To_Account")]
    pub user: UserId,
    #[serde(rename = "ProfileItem")]
    pub items: Vec<Item>,
    #[serde(rename = "ResultCode")]
    pub code: u32,
    #[serde(rename = "ResultInfo")]
    pub info: &'static str,
    #[serde(rename = "StandardSequence")]
    pub standard_sequence: u64,
    #[serde(rename = "CustomSequence")]
    pub custom_sequence: u64,
}

request! { GetAll = "profile.portrait_get_all" -> Profiles, acts_for from }

/// `profile.portrait_set`: changes one's own profile.
///
/// ```json
/// {"From_Account": "{caller}", "ProfileItem": [{"Tag": "Tag_Profile_IM_Nick", "Value": "n"}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct Set {
    #[serde(rename = "From_Account")]
    pub from: Option<UserId>,
    #[serde(rename = "ProfileItem")]
    pub items: Vec<Item>,
}

request! { Set = "profile.portrait_set" -> Empty, acts_for from }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_tags_have_short_names() {
        assert_eq!(shape("Tag_Profile_Custom_abcd1234"), Some(Shape::Text));
        assert_eq!(shape("Tag_Profile_Custom_"), None);
        assert_eq!(shape("Tag_Profile_Custom_abcdefghi"), None);
        assert_eq!(shape("Tag_Profile_IM_Nope"), None);
    }
}

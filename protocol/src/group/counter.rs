//! Counters: numbers that the members of a group change together.

use serde::{Deserialize, Serialize};

use crate::id::GroupId;
use crate::request::{Empty, request};

/// A counter and its value, or what it is changed by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterItem {
    #[serde(rename = "Key")]
    pub key: String,
    /// A signed number of 64 bits.
    #[serde(rename = "Value")]
    pub value: i64,
}

/// How counters are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum CounterMode {
    Set,
    Increase,
    Decrease,
}

/// `group_open_http_svc.update_group_counter`: sets counters, or adds to what they are. One that is not there counts from 0.
/// Source: observed; REST: 1047/53428.
///
/// ```json
/// {"GroupId": "{group}", "GroupCounter": [{"Key": "likes", "Value": 5}], "Mode": "Increase"}
/// ```
#[derive(Debug, Deserialize)]
pub struct UpdateCounters {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "GroupCounter")]
    pub items: Vec<CounterItem>,
    #[serde(rename = "Mode")]
    pub mode: CounterMode,
}

/// What they are now.
#[derive(Debug, Serialize)]
pub struct CountersUpdated {
    #[serde(rename = "GroupCounter")]
    pub items: Vec<CounterItem>,
}

request! { UpdateCounters = "group_open_http_svc.update_group_counter" -> CountersUpdated }

/// `group_open_http_svc.get_group_counter`: reads counters of a group. Source: observed; REST: 1047/53427.
///
/// ```json
/// {"GroupId": "{group}", "GroupCounterKeys": ["likes"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetCounters {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// All of them when empty. One that is not there is left out.
    #[serde(rename = "GroupCounterKeys", default)]
    pub keys: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Counters {
    #[serde(rename = "GroupCounter")]
    pub items: Vec<CounterItem>,
    /// Grows with each change.
    #[serde(rename = "GroupCounterSeq")]
    pub seq: u64,
}

request! { GetCounters = "group_open_http_svc.get_group_counter" -> Counters }

/// `group_open_http_svc.delete_group_counter`: takes counters of a group away. Source: REST: 1047/53429.
///
/// ```json
/// {"GroupId": "{group}", "GroupCounterKeys": ["likes"]}
/// ```
#[derive(Debug, Deserialize)]
pub struct DeleteCounters {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// All of them when empty.
    #[serde(rename = "GroupCounterKeys", default)]
    pub keys: Vec<String>,
}

request! { DeleteCounters = "group_open_http_svc.delete_group_counter" -> Empty }

/// What became of counters, as the members are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountersChange {
    Set,
    Deleted,
    /// Something was added or taken away.
    Moved,
}

impl CountersChange {
    /// `Type` of the notice. Source: observed in both generations of SDKs.
    pub fn number(self) -> u8 {
        match self {
            Self::Set => 0,
            Self::Deleted => 1,
            Self::Moved => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_64_bits() {
        let text = format!(
            r#"{{"GroupId":"w5","GroupCounter":[{{"Key":"x","Value":{}}}],"Mode":"Decrease"}}"#,
            i64::MIN
        );
        let update: UpdateCounters = serde_json::from_str(&text).unwrap();
        assert_eq!((update.items[0].value, update.mode), (i64::MIN, CounterMode::Decrease));
        for wrong in ["9223372036854775808", "1.5", "\"1\"", "null"] {
            let text =
                format!(r#"{{"GroupId":"w5","GroupCounter":[{{"Key":"x","Value":{wrong}}}],"Mode":"Set"}}"#);
            assert!(serde_json::from_str::<UpdateCounters>(&text).is_err(), "{wrong}");
        }
    }
}

//! Attributes: what the members of a group keep together, key by key.
//!
//! All of a group's stand in one record: they are few, and a write is decided by all of them. Each write has the next
//! number of the group. Who writes on a state that they know says its number, and is refused where that is not the last:
//! of two at once the first wins, and the other reads before they write again.

use std::collections::BTreeMap;

use protocol::event;
use protocol::group::{AttributeItem, AttributesChange};
use protocol::id::GroupId;
use serde::{Deserialize, Serialize};

use super::{GroupError, GroupRef, Groups, require};
use crate::bus::Push;
use crate::services::decide::Decision;
use crate::services::deps::Actor;
use crate::services::limits::Limits;
use crate::services::rates::Rule;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Table};
use crate::telemetry::Bound;

/// A group's attributes, as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// The number of the last write, whatever is left of it.
    pub main: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Attribute>,
}

/// A value and the number of the write that it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub value: String,
    pub seq: u64,
}

impl Attributes {
    pub fn items(&self) -> Vec<AttributeItem> {
        self.values.iter().map(|(key, attribute)| attribute.item(key)).collect()
    }
}

impl Attribute {
    fn item(&self, key: &str) -> AttributeItem {
        AttributeItem { key: key.to_owned(), value: self.value.clone(), seq: self.seq }
    }
}

/// What is to become of a group's attributes.
#[derive(Clone, Debug)]
pub enum AttributeEdit {
    /// These stand in the place of all.
    Set(Vec<AttributeItem>),
    Modify(Vec<AttributeItem>),
    Delete(Vec<String>),
    Clear,
}

/// The state on which somebody writes, as they know it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub main: Option<u64>,
    /// The numbers of keys; of one that is not known there is none.
    pub keys: Vec<(String, u64)>,
}

impl Known {
    /// Whether nobody has written since. The number of the last write says all that those of the keys could: they are asked
    /// only where it is not given, for an SDK that was told of its own write by the number alone has old ones.
    fn is_current(&self, attributes: &Attributes) -> bool {
        let seq = |key: &String| attributes.values.get(key).map_or(0, |attribute| attribute.seq);
        match self.main {
            Some(main) => main == attributes.main,
            None => self.keys.iter().all(|(key, known)| seq(key) == *known),
        }
    }
}

/// What a write has made.
#[derive(Clone, Debug)]
pub struct AttributesWritten {
    pub main: u64,
    /// What was written or taken away, with the number of the write.
    pub items: Vec<AttributeItem>,
}

/// Why a write is refused, beside the group's own reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeFault {
    #[error("the write names no attribute")]
    NothingNamed,
    #[error("a key is empty")]
    KeyEmpty,
    #[error("a key has at most {0} bytes")]
    KeyTooLong(usize),
    #[error("a value has at most {0} bytes")]
    ValueTooLong(usize),
    #[error("a group has at most {0} attributes")]
    TooMany(usize),
    #[error("the values of a group have at most {0} bytes together")]
    TooLarge(usize),
    #[error("the attribute does not exist")]
    Missing,
    #[error("others have written since")]
    Outdated,
}

impl GroupRef {
    fn attributes_key(&self) -> Key {
        Key::new(Table::Shared, [&self.epoch()[..], b"attributes"].concat())
    }
}

impl Groups {
    /// All attributes of a group, as its members read them.
    pub async fn attributes(&self, actor: &Actor, id: &GroupId) -> Result<Attributes, GroupError> {
        let (found, _) = self.as_seen_by(actor, id).await?;
        let kept: Option<Versioned<Attributes>> =
            records::get(&self.deps.engine, &found.partition(), found.attributes_key()).await?;
        Ok(kept.map(|kept| kept.record).unwrap_or_default())
    }

    /// Writes attributes, and tells all members, the writer among them. With `known` it is refused where others have
    /// written since.
    pub async fn write_attributes(
        &self,
        actor: &Actor,
        id: &GroupId,
        edit: &AttributeEdit,
        known: Option<&Known>,
    ) -> Result<AttributesWritten, GroupError> {
        let limits = &self.deps.settings(actor.app).limits;
        edit.check(limits)?;
        let (found, member) = self.as_seen_by(actor, id).await?;
        let lowest = self.rules(found.app, found.group.record.kind).writes_attributes;
        require(actor, member.as_ref(), lowest)?;
        if self.throttle.is_held(actor) {
            self.throttle.take_of(actor.app, Rule::AttributesWritten, &found.id, 1, &found.id)?;
        }
        let decided = self.deps.decide("write attributes", || async {
            let found = self.existing(actor.app, id).await?;
            let key = found.attributes_key();
            let kept: Option<Versioned<Attributes>> =
                records::get(&self.deps.engine, &found.partition(), key.clone()).await?;
            let (before, expected) = match kept {
                None => (Attributes::default(), Expected::Absent),
                Some(kept) => (kept.record, Expected::Version(kept.version)),
            };
            if known.is_some_and(|known| !known.is_current(&before)) {
                return Err(AttributeFault::Outdated.into());
            }
            let (after, items) = edit.applied(&before, limits)?;
            let (now, number) = (self.deps.now(), self.deps.clock.number());
            let told = (edit.change(), after.main, &items[..]);
            let body = event::group::attributes(&found.label(), &actor.user, told, (number, now));
            let (group_key, unchanged) = found.unchanged();
            let batch = Batch::new(found.partition(), now)
                .check(group_key, unchanged)
                .check(key.clone(), expected)
                .put(key, records::encode(&after))
                .announce(found.channel().topic, Push::new(body));
            Ok::<_, GroupError>(Decision::Commit(batch, AttributesWritten { main: after.main, items }))
        });
        let decided = decided.await;
        if let Err(GroupError::Attributes(AttributeFault::TooMany(_) | AttributeFault::TooLarge(_))) =
            &decided
        {
            Bound::AttributesPerGroup.refused(id);
        }
        decided
    }
}

impl AttributeEdit {
    fn change(&self) -> AttributesChange {
        match self {
            Self::Set(_) => AttributesChange::Set,
            Self::Modify(_) => AttributesChange::Modified,
            Self::Delete(_) => AttributesChange::Deleted,
            Self::Clear => AttributesChange::Cleared,
        }
    }

    /// What can be seen without the state that is written on.
    fn check(&self, limits: &Limits) -> Result<(), AttributeFault> {
        let names: Vec<&String> = match self {
            Self::Set(items) | Self::Modify(items) => items.iter().map(|item| &item.key).collect(),
            Self::Delete(keys) => keys.iter().collect(),
            Self::Clear => return Ok(()),
        };
        if names.is_empty() && !matches!(self, Self::Set(_)) {
            return Err(AttributeFault::NothingNamed);
        }
        if names.iter().any(|key| key.is_empty()) {
            return Err(AttributeFault::KeyEmpty);
        }
        if names.iter().any(|key| key.len() > limits.attribute_key_bytes) {
            return Err(AttributeFault::KeyTooLong(limits.attribute_key_bytes));
        }
        if let Self::Set(items) | Self::Modify(items) = self
            && items.iter().any(|item| item.value.len() > limits.attribute_value_bytes)
        {
            return Err(AttributeFault::ValueTooLong(limits.attribute_value_bytes));
        }
        Ok(())
    }

    /// The attributes after it, and what of them is told.
    fn applied(
        &self,
        before: &Attributes,
        limits: &Limits,
    ) -> Result<(Attributes, Vec<AttributeItem>), AttributeFault> {
        let main = before.main + 1;
        let mut values = before.values.clone();
        let mut items = Vec::new();
        match self {
            Self::Clear => {
                items.extend(values.keys().map(|key| AttributeItem {
                    key: key.clone(),
                    value: String::new(),
                    seq: main,
                }));
                values.clear();
            }
            Self::Delete(keys) => {
                for key in keys {
                    // All are there, or nothing is done.
                    if values.remove(key).is_none() {
                        return Err(AttributeFault::Missing);
                    }
                    items.push(AttributeItem { key: key.clone(), value: String::new(), seq: main });
                }
            }
            Self::Set(written) | Self::Modify(written) => {
                if matches!(self, Self::Set(_)) {
                    values.clear();
                }
                for AttributeItem { key, value, .. } in written {
                    values.insert(key.clone(), Attribute { value: value.clone(), seq: main });
                }
                let is_new = |attribute: &Attribute| attribute.seq == main;
                let new = values.iter().filter(|(_, attribute)| is_new(attribute));
                items.extend(new.map(|(key, attribute)| attribute.item(key)));
                check_size(&before.values, &values, limits)?;
            }
        }
        Ok((Attributes { main, values }, items))
    }
}

/// The limits hold for what a group has after a write. One that has more, from a time when more was allowed, may still be
/// written without growing.
fn check_size(
    before: &BTreeMap<String, Attribute>,
    after: &BTreeMap<String, Attribute>,
    limits: &Limits,
) -> Result<(), AttributeFault> {
    let bytes = |values: &BTreeMap<String, Attribute>| -> usize {
        values.values().map(|attribute| attribute.value.len()).sum()
    };
    if after.len() > limits.attributes_per_group && after.len() > before.len() {
        return Err(AttributeFault::TooMany(limits.attributes_per_group));
    }
    let size = bytes(after);
    if size > limits.attribute_bytes_per_group && size > bytes(before) {
        return Err(AttributeFault::TooLarge(limits.attribute_bytes_per_group));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(pairs: &[(&str, &str)]) -> Vec<AttributeItem> {
        let item = |(key, value): &(&str, &str)| AttributeItem {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            seq: 0,
        };
        pairs.iter().map(item).collect()
    }

    fn numbers(attributes: &Attributes) -> Vec<(&str, u64)> {
        attributes.values.iter().map(|(key, attribute)| (key.as_str(), attribute.seq)).collect()
    }

    fn written(before: &Attributes, edit: &AttributeEdit) -> Attributes {
        edit.applied(before, &Limits::default()).unwrap().0
    }

    #[test]
    fn each_write_has_the_next_number_and_gives_it_to_its_keys() {
        let state = written(&Attributes::default(), &AttributeEdit::Set(items(&[("a", "1"), ("b", "2")])));
        assert_eq!((state.main, numbers(&state)), (1, vec![("a", 1), ("b", 1)]));
        let state = written(&state, &AttributeEdit::Modify(items(&[("b", "3"), ("c", "4"), ("c", "5")])));
        assert_eq!((state.main, numbers(&state)), (2, vec![("a", 1), ("b", 2), ("c", 2)]));
        assert_eq!(state.values["c"].value, "5");
        let state = written(&state, &AttributeEdit::Delete(vec!["b".to_owned()]));
        assert_eq!((state.main, numbers(&state)), (3, vec![("a", 1), ("c", 2)]));
        let state = written(&state, &AttributeEdit::Set(items(&[("d", "")])));
        assert_eq!((state.main, numbers(&state)), (4, vec![("d", 4)]));
        let state = written(&state, &AttributeEdit::Clear);
        assert_eq!((state.main, numbers(&state)), (5, vec![]));
    }

    #[test]
    fn a_key_that_is_not_there_is_not_deleted_and_nothing_else_is() {
        let state = written(&Attributes::default(), &AttributeEdit::Set(items(&[("a", "1")])));
        let edit = AttributeEdit::Delete(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(edit.applied(&state, &Limits::default()).unwrap_err(), AttributeFault::Missing);
    }

    #[test]
    fn who_knows_the_last_write_may_write() {
        let state = written(&Attributes::default(), &AttributeEdit::Set(items(&[("a", "1")])));
        let known = |main: Option<u64>, seq: u64| Known { main, keys: vec![("a".to_owned(), seq)] };
        assert!(known(Some(1), 0).is_current(&state));
        assert!(!known(Some(0), 1).is_current(&state) && !known(Some(2), 1).is_current(&state));
        assert!(known(None, 1).is_current(&state) && !known(None, 2).is_current(&state));
        assert!(Known::default().is_current(&state));
    }

    /// Also one whose limits were lowered: it may shrink.
    #[test]
    fn the_limits_hold_for_all_of_a_group() {
        let limits = Limits { attributes_per_group: 2, attribute_bytes_per_group: 4, ..Limits::default() };
        let state = written(
            &Attributes::default(),
            &AttributeEdit::Set(items(&[("a", "123"), ("b", "1"), ("c", "1")])),
        );
        let outcome =
            |edit: AttributeEdit| edit.applied(&state, &limits).map(|(after, _)| after.values.len());
        assert_eq!(outcome(AttributeEdit::Modify(items(&[("d", "")]))), Err(AttributeFault::TooMany(2)));
        assert_eq!(outcome(AttributeEdit::Modify(items(&[("a", "1234")]))), Err(AttributeFault::TooLarge(4)));
        assert_eq!(outcome(AttributeEdit::Modify(items(&[("a", "12")]))), Ok(3));
        assert_eq!(outcome(AttributeEdit::Delete(vec!["c".to_owned()])), Ok(2));
    }
}

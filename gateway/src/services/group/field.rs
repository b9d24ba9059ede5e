//! The fields of groups and members that the application defines.
//!
//! By default any key will do within the limits. Where an operator lists the keys, nothing else is written, and each says
//! who reads and who writes it, as the vendor's console does.

use std::collections::BTreeSet;

use protocol::group::{CustomField, Role};
use protocol::id::AppId;
use serde::{Deserialize, Serialize};

use super::{Denial, FieldFault, Fields, GroupError, Groups, Invalid, Member};
use crate::services::deps::Actor;
use crate::services::limits::Limits;
use crate::storage::records::Versioned;

/// How near somebody stands to a group. The order is the rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// No member.
    Anybody,
    #[default]
    Member,
    Admin,
    Owner,
    /// A back end.
    Administrator,
}

impl Standing {
    pub fn of(actor: &Actor, member: Option<&Member>) -> Self {
        if actor.is_admin {
            return Self::Administrator;
        }
        match member.map(|member| member.role) {
            None => Self::Anybody,
            Some(Role::Member) => Self::Member,
            Some(Role::Admin) => Self::Admin,
            Some(Role::Owner) => Self::Owner,
        }
    }

    pub(super) fn of_versioned(actor: &Actor, member: Option<&Versioned<Member>>) -> Self {
        Self::of(actor, member.map(|member| &member.record))
    }
}

/// A field that is defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRule {
    pub key: String,
    /// The lowest who are told it.
    #[serde(default)]
    pub reads: Standing,
    /// The lowest who write it. Of a group in place of those who change its profile; of a member beside what holds for all
    /// fields: that one writes one's own, and admins those of members below them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<Standing>,
}

/// The fields that an application has defined; nothing where any will do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldBook {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Vec<FieldRule>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Vec<FieldRule>>,
}

impl FieldBook {
    fn of(&self, which: Fields) -> Option<&[FieldRule]> {
        match which {
            Fields::OfGroup => self.group.as_deref(),
            Fields::OfMember => self.member.as_deref(),
        }
    }

    fn rule(&self, which: Fields, key: &str) -> Option<&FieldRule> {
        self.of(which)?.iter().find(|rule| rule.key == key)
    }

    /// What is wrong with it, for an operator.
    pub fn mistakes(&self, limits: &Limits) -> Vec<String> {
        let (mut limits, mut mistakes) = (limits.clone(), Vec::new());
        limits.open();
        for (name, rules, most) in [
            ("group", &self.group, limits.group_custom_fields),
            ("member", &self.member, limits.member_custom_fields),
        ] {
            let Some(rules) = rules else { continue };
            let keys: BTreeSet<&str> = rules.iter().map(|rule| rule.key.as_str()).collect();
            if keys.len() < rules.len() {
                mistakes.push(format!("fields.{name}: a key is given twice"));
            }
            if rules.len() > most {
                mistakes.push(format!("fields.{name}: limits.{name}_custom_fields is {most}"));
            }
            for rule in rules.iter().filter(|rule| !is_key(&rule.key, &limits)) {
                mistakes
                    .push(format!("fields.{name}: {:?} is not made of letters, digits and '_'", rule.key));
            }
        }
        mistakes
    }

    /// Takes out of the fields what somebody who stands so is not told: of what is not defined, one who is no member.
    pub fn hide(&self, which: Fields, reader: Standing, fields: &mut Vec<CustomField>) {
        let reads =
            |field: &CustomField| self.rule(which, &field.key).map_or(Standing::Member, |rule| rule.reads);
        fields.retain(|field| reads(field) <= reader);
    }

    /// Whether somebody who stands so may write the fields, as far as these say who does. False where it is for the group's
    /// other rules to say.
    fn admits(&self, which: Fields, writer: Standing, fields: &[CustomField]) -> Result<bool, GroupError> {
        let Some(rules) = self.of(which) else { return Ok(false) };
        let mut says_all = true;
        for field in fields {
            match rules.iter().find(|rule| rule.key == field.key) {
                // What a definition from before has left can be deleted.
                None if field.value.is_empty() => says_all = false,
                None => return Err(GroupError::Invalid(Invalid::Fields(which, FieldFault::Unknown))),
                Some(FieldRule { writes: None, .. }) => says_all = false,
                Some(FieldRule { writes: Some(lowest), .. }) if *lowest > writer => {
                    return Err(GroupError::NotAllowed(Denial::FieldIsOthers));
                }
                Some(_) => {}
            }
        }
        Ok(says_all && !fields.is_empty())
    }
}

pub(super) fn is_key(key: &str, limits: &Limits) -> bool {
    (1..=limits.custom_key_bytes).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Groups {
    fn fields(&self, app: AppId) -> &FieldBook {
        &self.deps.settings(app).fields
    }

    /// Takes out of a group's or a member's fields what somebody who stands so is not told.
    pub fn hide_fields(&self, app: AppId, which: Fields, reader: Standing, fields: &mut Vec<CustomField>) {
        self.fields(app).hide(which, reader, fields);
    }

    /// Fails where the fields are not defined, or somebody who stands so may not write them. True where nothing else is to
    /// be asked about it.
    pub(super) fn admits_fields(
        &self,
        app: AppId,
        which: Fields,
        writer: Standing,
        fields: &[CustomField],
    ) -> Result<bool, GroupError> {
        self.fields(app).admits(which, writer, fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> FieldBook {
        let rule = |key: &str, reads, writes| FieldRule { key: key.to_owned(), reads, writes };
        FieldBook {
            group: Some(vec![
                rule("level", Standing::Anybody, Some(Standing::Member)),
                rule("notes", Standing::Admin, Some(Standing::Owner)),
                rule("topic", Standing::Member, None),
            ]),
            member: None,
        }
    }

    fn fields(keys: &[&str]) -> Vec<CustomField> {
        keys.iter().map(|key| CustomField { key: (*key).to_owned(), value: "v".to_owned() }).collect()
    }

    #[test]
    fn each_is_told_what_they_may_read() {
        let told = |which, reader| {
            let mut all = fields(&["level", "notes", "topic", "other"]);
            book().hide(which, reader, &mut all);
            all.into_iter().map(|field| field.key).collect::<Vec<_>>()
        };
        assert_eq!(told(Fields::OfGroup, Standing::Anybody), ["level"]);
        assert_eq!(told(Fields::OfGroup, Standing::Member), ["level", "topic", "other"]);
        assert_eq!(told(Fields::OfGroup, Standing::Administrator).len(), 4);
        assert_eq!(told(Fields::OfMember, Standing::Anybody).len(), 0);
        assert_eq!(told(Fields::OfMember, Standing::Member).len(), 4);
    }

    #[test]
    fn each_writes_what_they_may() {
        let admits = |writer, keys: &[&str]| book().admits(Fields::OfGroup, writer, &fields(keys));
        assert!(matches!(admits(Standing::Member, &["level"]), Ok(true)));
        assert!(matches!(admits(Standing::Member, &["level", "topic"]), Ok(false)));
        let refused = admits(Standing::Admin, &["level", "notes"]);
        assert!(matches!(refused, Err(GroupError::NotAllowed(Denial::FieldIsOthers))));
        let unknown = admits(Standing::Administrator, &["level", "other"]);
        assert!(matches!(unknown, Err(GroupError::Invalid(Invalid::Fields(_, FieldFault::Unknown)))));
        assert!(matches!(book().admits(Fields::OfMember, Standing::Member, &fields(&["x"])), Ok(false)));
    }

    #[test]
    fn an_operator_is_told_what_is_wrong() {
        assert!(book().mistakes(&Limits::default()).is_empty());
        let rule = |key: &str| FieldRule { key: key.to_owned(), reads: Standing::Member, writes: None };
        let wrong = FieldBook { group: None, member: Some(vec![rule("a b"), rule("a"), rule("a")]) };
        assert_eq!(wrong.mistakes(&Limits::default()).len(), 2);
        let limits = Limits { member_custom_fields: 2, ..Limits::default() };
        assert_eq!(wrong.mistakes(&limits).len(), 3);
    }
}

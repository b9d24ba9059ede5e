//! Golden records: what versions wrote is read, and written again as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{Entry, EntryRef, Record, all};
use crate::storage::{StorageError, Table, records};

/// A row of the list.
pub(super) struct Stored {
    name: &'static str,
    tables: &'static [Table],
    /// What bounds its records.
    at_most: &'static str,
    /// Reads a record and writes it again.
    again: fn(&str) -> Result<String, StorageError>,
}

impl Stored {
    pub(super) fn new<T: Record + Serialize + DeserializeOwned>(
        name: &'static str,
        tables: &'static [Table],
        at_most: &'static str,
    ) -> Self {
        let again = |text: &str| {
            let record: T = records::decode(text.as_bytes())?;
            Ok(String::from_utf8(records::encode(&record).into()).unwrap())
        };
        Self { name, tables, at_most, again }
    }

    /// What is said of a text that is not such a record.
    fn trouble(&self, text: &str) -> Option<String> {
        (self.again)(text).err().map(|error| error.to_string())
    }
}

/// A record, as a store has it.
#[derive(Deserialize)]
struct Golden {
    /// The earliest format of the stores that have it so.
    format: u32,
    stored: Box<RawValue>,
    /// How this version writes it, where that is different.
    #[serde(default)]
    now: Option<Box<RawValue>>,
}

type Goldens = BTreeMap<String, Vec<Golden>>;

fn goldens() -> Goldens {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stores/records.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
fn what_was_stored_is_read_and_written_again_as_it_was() {
    let goldens = goldens();
    for stored in all() {
        for golden in &goldens[stored.name] {
            let text = golden.stored.get();
            let which = format!("{} of format {}: {text}", stored.name, golden.format);
            let again = (stored.again)(text).unwrap_or_else(|error| panic!("{which}: {error}"));
            assert_eq!(again, golden.now.as_ref().unwrap_or(&golden.stored).get(), "{which}");
        }
    }
}

#[test]
fn an_entry_is_written_as_it_is_read() {
    for golden in &goldens()["entry"] {
        let entry: Entry = records::decode(golden.stored.get().as_bytes()).unwrap();
        let borrowed = match &entry {
            Entry::Message(message) => EntryRef::Message(message),
            Entry::Tip(tip) => EntryRef::Tip(tip),
        };
        assert_eq!(records::encode(&borrowed), records::encode(&entry));
    }
}

/// A count is kept by the engines, and is no record.
#[test]
fn every_type_has_golden_records_and_every_table_a_type() {
    let (all, goldens) = (all(), goldens());
    let names: BTreeSet<_> = all.iter().map(|stored| stored.name).collect();
    assert_eq!(names.len(), all.len(), "two types have one name");
    assert!(goldens.keys().map(String::as_str).eq(names), "{:?}", goldens.keys());
    for table in Table::ALL {
        let is_listed = all.iter().any(|stored| stored.tables.contains(&table));
        assert_eq!(is_listed, table != Table::Counter, "{table:?}");
    }
    assert!(goldens.values().all(|records| !records.is_empty()));
}

/// A new type without a bound does not compile; one whose bound is a setting names one that there is.
#[test]
fn every_type_has_a_bound_whose_settings_exist() {
    let defaults = serde_json::json!([
        crate::services::limits::Limits::default(),
        crate::services::application::Login::default(),
        crate::services::retention::Policy::default(),
        crate::services::rates::Rates::default(),
    ]);
    // Of a kind of group; its default is a rule.
    let is_setting = |name: &str| {
        name == "max_members" || defaults.as_array().unwrap().iter().any(|table| table.get(name).is_some())
    };
    let mut named = BTreeSet::new();
    for stored in all() {
        assert!(!stored.at_most.is_empty(), "{}", stored.name);
        for name in stored.at_most.split('`').skip(1).step_by(2) {
            assert!(is_setting(name), "{}: there is no setting {name}", stored.name);
            named.insert(name);
        }
    }
    assert!(named.len() > 20, "{named:?}");
}

/// Whoever adds a field or a variant adds a record that has it.
#[test]
fn golden_records_have_every_field_and_variant() {
    let goldens = goldens();
    let mut missing = Vec::new();
    for stored in all() {
        let mut found = GroupRef::default();
        for golden in &goldens[stored.name] {
            found.look(&stored, golden.stored.get());
        }
        let variants =
            found.told.difference(&found.seen).map(|(path, variant)| format!("{path} is {variant}"));
        let objects = found.objects.difference(&found.whole).map(|path| format!("{path} has every field"));
        missing.extend(variants.chain(objects).map(|what| format!("{}{what}", stored.name)));
    }
    assert!(missing.is_empty(), "there is no golden record in which\n{}", missing.join("\n"));
}

/// The members of an object, in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// What the golden records of one type have, and what the type itself says that it could have.
#[derive(Default)]
struct GroupRef {
    /// Paths and variants that the type tells of, when it is given one that it does not know.
    told: BTreeSet<(String, String)>,
    seen: BTreeSet<(String, String)>,
    /// Paths of objects.
    objects: BTreeSet<String>,
    /// Those that had every field once.
    whole: BTreeSet<String>,
}

impl GroupRef {
    fn look(&mut self, stored: &Stored, golden: &str) {
        let written = (stored.again)(golden).unwrap();
        self.look_at(stored, &written, "", golden, &|part| part.to_owned());
    }

    /// `part` stands at `path` of a record that is `written` so, and `with` puts another one in its place.
    fn look_at(
        &mut self,
        stored: &Stored,
        written: &str,
        path: &str,
        part: &str,
        with: &dyn Fn(&str) -> String,
    ) {
        match part.as_bytes()[0] {
            b'"' => {
                let variant: String = serde_json::from_str(part).unwrap();
                self.ask(path, &variant, stored.trouble(&with("\"?\"")));
            }
            b'[' => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(part).unwrap();
                for (index, item) in items.iter().enumerate() {
                    let with = |other: &str| {
                        let texts = items.iter().enumerate();
                        let texts: Vec<_> =
                            texts.map(|(at, item)| if at == index { other } else { item.get() }).collect();
                        with(&format!("[{}]", texts.join(",")))
                    };
                    self.look_at(stored, written, &format!("{path}[]"), item.get(), &with);
                }
            }
            b'{' => {
                let Members(members) = serde_json::from_str(part).unwrap();
                self.look_at_object(stored, written, path, &members, with);
                for (index, (name, value)) in members.iter().enumerate() {
                    let with = |other: &str| {
                        let texts = members.iter().enumerate().map(|(at, (name, value))| {
                            format!("{name:?}:{}", if at == index { other } else { value.get() })
                        });
                        with(&format!("{{{}}}", texts.collect::<Vec<_>>().join(",")))
                    };
                    self.look_at(stored, written, &format!("{path}.{name}"), value.get(), &with);
                }
            }
            _ => {}
        }
    }

    fn look_at_object(
        &mut self,
        stored: &Stored,
        written: &str,
        path: &str,
        members: &[(String, Box<RawValue>)],
        with: &dyn Fn(&str) -> String,
    ) {
        if let [(variant, value)] = members
            && self.ask(path, variant, stored.trouble(&with(&format!("{{\"?\":{}}}", value.get()))))
        {
            return;
        }
        self.objects.insert(path.to_owned());
        // A struct is read from a list of its fields, too: with one field less it is another one or none, and with one
        // more there is something left over. A map is not, and what is kept as it came stays a list.
        let values: Vec<_> = members.iter().map(|(_, value)| value.get()).collect();
        let list = with(&format!("[{}]", values.join(",")));
        let longer = with(&format!("[{}]", [&values[..], &["null"]].concat().join(",")));
        let is_whole = match (stored.again)(&list) {
            Ok(again) if again == list => true,
            Ok(again) => {
                again == written
                    && stored.trouble(&longer).is_some_and(|trouble| trouble.contains("trailing characters"))
            }
            Err(error) => error.to_string().contains("invalid type: sequence, expected a map"),
        };
        if is_whole {
            self.whole.insert(path.to_owned());
        }
    }

    /// Takes the variants from what is said of one that does not exist; false where there are none.
    fn ask(&mut self, path: &str, variant: &str, trouble: Option<String>) -> bool {
        let Some(trouble) = trouble.filter(|trouble| trouble.contains("unknown variant `?`")) else {
            return false;
        };
        for known in trouble.split('`').skip(1).step_by(2).filter(|word| *word != "?") {
            self.told.insert((path.to_owned(), known.to_owned()));
        }
        self.seen.insert((path.to_owned(), variant.to_owned()));
        true
    }
}

//! The settings file. Unknown names are mistakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use protocol::group::GroupKind;
use protocol::objects::ObjectsOnly;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::text;
use crate::services::application::Login;
use crate::services::group::{FieldBook, LiveSettings, Overrides};
use crate::services::limits::Limits;
use crate::services::rates::Rates;
use crate::services::retention::Policy;

/// What a settings file can say, with the defaults for what it does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    pub listen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_listen: Option<String>,
    pub data_dir: PathBuf,
    /// Begin a new journal of the embedded store at each start.
    pub rotate_journal: bool,
    pub store: Store,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_url: Option<String>,
    pub redis: Redis,
    pub sdkappid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_file: Option<PathBuf>,
    pub admins: Vec<String>,
    pub session: Login,
    pub connection: super::connection::File,
    pub log: Log,
    pub legacy: super::legacy::File,
    pub limits: Limits,
    pub rates: Rates,
    pub retention: Policy,
    pub live: LiveSettings,
    pub group: BTreeMap<KindName, Overrides>,
    pub fields: FieldBook,
    pub app: Vec<App>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            internal_listen: None,
            data_dir: "./data".into(),
            rotate_journal: false,
            store: Store::default(),
            redis_url: None,
            redis: Redis::default(),
            sdkappid: 1_400_000_000,
            secret_key_file: None,
            admins: vec!["administrator".to_owned()],
            session: Login::default(),
            connection: super::connection::File::default(),
            log: Log::default(),
            legacy: super::legacy::File::default(),
            limits: Limits::default(),
            rates: Rates::default(),
            retention: Policy::default(),
            live: LiveSettings::default(),
            group: BTreeMap::new(),
            fields: FieldBook::default(),
            app: Vec::new(),
        }
    }
}

/// The Redis that instances share, where `redis_url` names one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Redis {
    /// What all keys and channels begin with: other deployments on the same server take another.
    pub prefix: String,
    /// A change is acknowledged when so many replicas have it, so that no failover loses it.
    pub wait_replicas: usize,
    /// How long the replicas have for that.
    pub wait_milliseconds: u64,
    /// Serve although Redis throws keys away when its memory is full, and what was acknowledged with them.
    pub allow_eviction: bool,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            prefix: "timgate".to_owned(),
            wait_replicas: 0,
            wait_milliseconds: 1000,
            allow_eviction: false,
        }
    }
}

/// The embedded store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Store {
    /// Nothing is stored while less is free on its disk; 0 is never.
    pub min_free_bytes: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self { min_free_bytes: 256 << 20 }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Log {
    pub format: LogFormat,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// A further application. What its tables do not say is as at the top level.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct App {
    pub sdkappid: u32,
    /// Several while keys are rotated: the first signs, all are good for checking.
    pub keys: Vec<String>,
    #[serde(default = "default_admins")]
    pub admins: Vec<String>,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub session: Table,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub limits: Table,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub rates: Table,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub retention: Table,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub group: Table,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub fields: Table,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub live: Table,
}

fn default_admins() -> Vec<String> {
    vec!["administrator".to_owned()]
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The keys are secrets.
        f.debug_struct("App").field("sdkappid", &self.sdkappid).finish_non_exhaustive()
    }
}

/// The names of `[group.…]` tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KindName {
    Work,
    Public,
    Meeting,
    Live,
    Community,
}

impl From<KindName> for GroupKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Work => GroupKind::Work,
            KindName::Public => GroupKind::Public,
            KindName::Meeting => GroupKind::Meeting,
            KindName::Live => GroupKind::Live,
            KindName::Community => GroupKind::Community,
        }
    }
}

impl App {
    /// The settings of the top level with the application's own in their place.
    pub(super) fn over(&self, file: &File) -> Result<File, Vec<String>> {
        let mut mistakes = Vec::new();
        let mut own = file.clone();
        merge(&mut own.session, &self.session, "session", &mut mistakes);
        merge(&mut own.limits, &self.limits, "limits", &mut mistakes);
        merge(&mut own.rates, &self.rates, "rates", &mut mistakes);
        merge(&mut own.retention, &self.retention, "retention", &mut mistakes);
        merge(&mut own.group, &self.group, "group", &mut mistakes);
        merge(&mut own.fields, &self.fields, "fields", &mut mistakes);
        merge(&mut own.live, &self.live, "live", &mut mistakes);
        let app = self.sdkappid;
        let place = |mistake| format!("app {app}: {mistake}");
        if mistakes.is_empty() { Ok(own) } else { Err(mistakes.into_iter().map(place).collect()) }
    }
}

/// Puts what `own` says in the place of what `settings` says.
fn merge<T>(settings: &mut T, own: &Table, name: &str, mistakes: &mut Vec<String>)
where
    T: Serialize + DeserializeOwned,
{
    let mut table = Table::try_from(&*settings).expect("settings are tables with names for keys");
    overlay(&mut table, own);
    let known = mistakes.len();
    let read = serde_ignored::deserialize(ObjectsOnly(Value::Table(table)), |path| {
        mistakes.push(format!("{name}.{path}: there is no such setting; see config.example.toml"));
    });
    match read {
        Ok(read) if mistakes.len() == known => *settings = read,
        Ok(_) => {}
        Err(error) => mistakes.push(format!("{name}: {}", error.to_string().trim_end().replace('\n', " "))),
    }
}

fn overlay(table: &mut Table, own: &Table) {
    for (name, value) in own {
        match (table.get_mut(name), value) {
            (Some(Value::Table(below)), Value::Table(above)) => overlay(below, above),
            _ => drop(table.insert(name.clone(), value.clone())),
        }
    }
}

impl File {
    /// Says what is wrong, where and how to mend it: every unknown name, or the first value that does not fit.
    pub fn read(path: &Path) -> Result<Self, Vec<String>> {
        let name = path.display();
        let text = text::read(path, "check the path of --config").map_err(|mistake| vec![mistake])?;
        Self::parse(&text)
            .map_err(|mistakes| mistakes.iter().map(|mistake| format!("{name}: {mistake}")).collect())
    }

    /// Reads the text of a settings file.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let fault = |error: toml::de::Error| vec![error.to_string().trim_end().to_owned()];
        let mut unknown = Vec::new();
        let document = toml::Deserializer::parse(text).map_err(fault)?;
        let file = serde_ignored::deserialize(ObjectsOnly(document), |path| {
            unknown.push(format!("{path}: there is no such setting; see config.example.toml"));
        });
        let file = file.map_err(fault)?;
        if unknown.is_empty() { Ok(file) } else { Err(unknown) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::rates::Quota;

    #[test]
    fn the_example_states_the_defaults() {
        let text = include_str!("../../config.example.toml");
        let example = File::parse(text).unwrap();
        assert_eq!(example, File::default());
        // Everything that has a default stands in the example.
        let defaults = toml::Value::try_from(File::default()).unwrap();
        for (name, value) in defaults.as_table().unwrap() {
            match value.as_table() {
                Some(table) => {
                    for name in table.keys() {
                        assert!(text.contains(&format!("\n{name} = ")), "{name} is missing");
                    }
                }
                None => assert!(name == "app" || text.contains(&format!("\n{name} = ")), "{name} is missing"),
            }
        }
    }

    #[test]
    fn unknown_names_are_mistakes() {
        let mistakes = File::parse("lissten = 'x'\n[group.meeting]\nmax = 1").unwrap_err();
        assert_eq!(mistakes.len(), 2);
        assert!(mistakes.iter().any(|mistake| mistake.starts_with("lissten: ")), "{mistakes:?}");
        assert!(mistakes.iter().any(|mistake| mistake.starts_with("group.meeting.max: ")), "{mistakes:?}");
        assert!(File::parse("listen = 1").unwrap_err()[0].contains("listen"));
        for array in
            ["session = [5, 1]", "app = [[7, []]]", "[group]\nmeeting = [20]", "[[log]]\nformat = 'json'"]
        {
            assert_eq!(File::parse(array).unwrap_err().len(), 1, "{array}");
        }
        let file = File::parse("[group.meeting]\nmax_members = 20").unwrap();
        assert_eq!(file.group[&KindName::Meeting].max_members, Some(20));
    }

    #[test]
    fn an_application_sets_what_the_top_level_does_not_decide_for_it() {
        let file = File::parse(
            "[limits]\nmessage_bytes = 100\nrecall_seconds = 5\n[group.meeting]\nmax_members = 20\n\
             [rates]\ngroup_messages = { calls = 5, seconds = 1, burst = 50 }\n\
             [[app]]\nsdkappid = 7\nkeys = []\n[app.limits]\nmessage_bytes = 200\n\
             [app.group.meeting]\ncounts_unread = true\n[app.session]\ndevices_per_platform = 3\n\
             [app.retention]\ndays = 9\n[app.rates]\ngroup_messages = { burst = 70 }",
        )
        .unwrap();
        let own = file.app[0].over(&file).unwrap();
        assert_eq!((own.limits.message_bytes, own.limits.recall_seconds), (200, 5));
        let meeting = &own.group[&KindName::Meeting];
        assert_eq!((meeting.max_members, meeting.counts_unread), (Some(20), Some(true)));
        assert_eq!((own.session.devices_per_platform, own.session.hello_interval_seconds), (3, 10));
        assert_eq!((own.retention.days, file.retention.days), (9, 0));
        assert_eq!(own.rates.group_messages, Quota { calls: 5, seconds: 1, burst: 70 });
        assert_eq!(own.rates.user_messages, Rates::default().user_messages);
    }

    #[test]
    fn an_application_s_mistakes_are_named_with_their_place() {
        let mistakes = |text: &str| {
            let file = File::parse(&format!("[[app]]\nsdkappid = 7\nkeys = []\n{text}")).unwrap();
            file.app[0].over(&file).unwrap_err()
        };
        let unknown = mistakes("[app.limits]\nmessage_byte = 200");
        assert_eq!(
            unknown,
            ["app 7: limits.message_byte: there is no such setting; see config.example.toml"]
        );
        for text in ["[app.limits]\nmessage_bytes = \"many\"", "[app.group.club]\nmax_members = 3"] {
            let found = mistakes(text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with("app 7: "), "{found:?}");
        }
    }
}

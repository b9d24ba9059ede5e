//! The settings file. Unknown names are mistakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use protocol::group::GroupKind;
use serde::{Deserialize, Serialize};

use crate::services::group::Overrides;
use crate::services::limits::Limits;

/// What a settings file can say, with the defaults for what it does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    pub listen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_listen: Option<String>,
    pub data_dir: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_url: Option<String>,
    pub sdkappid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_file: Option<PathBuf>,
    pub admins: Vec<String>,
    pub session: Session,
    pub connection: Connection,
    pub log: Log,
    pub limits: Limits,
    pub group: BTreeMap<KindName, Overrides>,
    pub app: Vec<App>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            internal_listen: None,
            data_dir: "./data".into(),
            redis_url: None,
            sdkappid: 1_400_000_000,
            secret_key_file: None,
            admins: vec!["administrator".to_owned()],
            session: Session::default(),
            connection: Connection::default(),
            log: Log::default(),
            limits: Limits::default(),
            group: BTreeMap::new(),
            app: Vec::new(),
        }
    }
}

/// Logging in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// How often a client says hello. After an outage a client dials again within this time.
    pub hello_interval_seconds: u32,
    /// Devices of one platform that a user may have at once; the newest login puts the oldest out.
    pub devices_per_platform: usize,
}

impl Default for Session {
    fn default() -> Self {
        Self { hello_interval_seconds: 10, devices_per_platform: 1 }
    }
}

/// Connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connection {
    /// The largest frame and REST body that is read.
    pub max_frame_bytes: usize,
    /// What may wait for a slow reader before he is cut off; he comes back and reads what he missed.
    pub queue_bytes: usize,
    /// At the end, connections are asked to go elsewhere over this time.
    pub drain_seconds: u64,
}

impl Default for Connection {
    fn default() -> Self {
        Self { max_frame_bytes: 512 * 1024, queue_bytes: 4 * 1024 * 1024, drain_seconds: 5 }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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

/// A further application.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub sdkappid: u32,
    /// Several while keys are rotated: the first signs, all are good for checking.
    pub keys: Vec<String>,
    #[serde(default = "default_admins")]
    pub admins: Vec<String>,
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

impl File {
    /// Says what is wrong, where and how to mend it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{name}: cannot be read: {error}; check the path of --config"))?;
        toml::from_str(&text).map_err(|error| format!("{name}: {}", error.to_string().trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_states_the_defaults() {
        let text = include_str!("../../config.example.toml");
        let example: File = toml::from_str(text).unwrap();
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
        assert!(toml::from_str::<File>("lissten = 'x'").unwrap_err().to_string().contains("lissten"));
        assert!(toml::from_str::<File>("[group.meeting]\nmax = 1").is_err());
        let file: File = toml::from_str("[group.meeting]\nmax_members = 20").unwrap();
        assert_eq!(file.group[&KindName::Meeting].max_members, Some(20));
    }
}

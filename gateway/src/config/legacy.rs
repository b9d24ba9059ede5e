//! The routes of the small home-made chat.

use ipnet::IpNet;
use protocol::group::GroupKind;
use protocol::id::GroupId;
use serde::{Deserialize, Serialize};

use super::{network, text};
use crate::clock::Zone;
use crate::services::group::{Rules, check_custom_id};

/// `[legacy]`, as the file and the environment say it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    pub enabled: bool,
    /// The group that is these clients' one room.
    pub group: String,
    /// In which their times are written and read.
    pub time_zone: String,
    /// What a client shows; absent, nobody is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// From where the routes can be called; empty is from everywhere.
    pub networks: Vec<String>,
    /// The pages that may call the routes; "*" is any. Empty is any where a token is asked for, otherwise none.
    pub origins: Vec<String>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            enabled: false,
            group: "lobby".to_owned(),
            time_zone: "+08:00".to_owned(),
            token: None,
            networks: Vec::new(),
            origins: Vec::new(),
        }
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is a secret.
        f.debug_struct("Legacy").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

/// What the routes work with.
#[derive(Clone)]
pub struct Legacy {
    pub group: GroupId,
    pub zone: Zone,
    pub token: Option<String>,
    pub networks: Vec<IpNet>,
    /// As a browser writes them; "*" is any.
    pub origins: Vec<String>,
}

impl std::fmt::Debug for Legacy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is a secret.
        f.debug_struct("Legacy").field("group", &self.group).finish_non_exhaustive()
    }
}

impl File {
    /// The same with what the environment says in its place.
    pub(super) fn under(
        mut self,
        variable: impl Fn(&'static str) -> Option<String>,
        mistakes: &mut Vec<String>,
    ) -> Self {
        let variable = |name| variable(name).map(|value| text::bare(&value).to_owned());
        if let Some(text) = variable("GATEWAY_LEGACY_ENABLED") {
            match text.parse() {
                Ok(enabled) => self.enabled = enabled,
                Err(_) => mistakes.push(format!("GATEWAY_LEGACY_ENABLED: {text:?} is not true or false")),
            }
        }
        self.group = variable("GATEWAY_LEGACY_GROUP").unwrap_or(self.group);
        self.time_zone = variable("GATEWAY_LEGACY_TIME_ZONE").unwrap_or(self.time_zone);
        self.token = variable("GATEWAY_LEGACY_TOKEN").or(self.token);
        if let Some(text) = variable("GATEWAY_LEGACY_NETWORKS") {
            self.networks = text::list(&text);
        }
        if let Some(text) = variable("GATEWAY_LEGACY_ORIGINS") {
            self.origins = text::list(&text);
        }
        self
    }

    /// `None` when the routes are off.
    pub(super) fn check(self, mistakes: &mut Vec<String>) -> Option<Legacy> {
        let mut fault = |name: &str, text: &str| mistakes.push(format!("legacy.{name}: {text}"));
        let rules = Rules::of(GroupKind::Meeting);
        let group = GroupId::parse(&self.group).ok().filter(|group| check_custom_id(group, &rules).is_ok());
        if group.is_none() {
            fault("group", "a group's id is up to 48 printable ASCII characters, and not @TGS#…");
        }
        let zone = Zone::parse(&self.time_zone);
        if zone.is_none() {
            fault("time_zone", &format!("{:?} is not an offset such as +08:00", self.time_zone));
        }
        let mut networks = Vec::with_capacity(self.networks.len());
        for text in &self.networks {
            match network(text) {
                Some(network) => networks.push(network),
                None => fault("networks", &format!("{text:?} is not a network such as 10.0.0.0/8")),
            }
        }
        for text in self.origins.iter().filter(|text| !is_origin(text)) {
            fault("origins", &format!("{text:?} is not an origin such as https://chat.example.com"));
        }
        if self.token.as_deref() == Some("") {
            fault("token", "it is empty; leave it out, and nobody is asked for it");
        }
        let (token, origins) = (self.token, self.origins);
        self.enabled.then_some(Legacy { group: group?, zone: zone?, token, networks, origins })
    }
}

/// Whether a browser writes an origin like this: no path, no capital letters. "null" is that of a page without one.
fn is_origin(text: &str) -> bool {
    let authority = text.split_once("://").map_or("", |(_, authority)| authority);
    let is_plain = |c: char| c.is_ascii_graphic() && !c.is_ascii_uppercase() && c != '/';
    matches!(text, "*" | "null") || !authority.is_empty() && authority.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Legacy>, Vec<String>> {
        let variable = |name: &'static str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        };
        let mut mistakes = Vec::new();
        let file = File::default().under(variable, &mut mistakes);
        let legacy = file.check(&mut mistakes);
        if mistakes.is_empty() { Ok(legacy) } else { Err(mistakes) }
    }

    #[test]
    fn they_are_off_unless_switched_on() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("GATEWAY_LEGACY_ENABLED", "false")]).unwrap().is_none());
        let legacy = read(&[("GATEWAY_LEGACY_ENABLED", "true")]).unwrap().unwrap();
        assert_eq!(legacy.group.as_str(), "lobby");
        assert!(legacy.token.is_none() && legacy.networks.is_empty());
    }

    #[test]
    fn the_environment_says_it_all() {
        let legacy = read(&[
            ("GATEWAY_LEGACY_ENABLED", "true"),
            ("GATEWAY_LEGACY_GROUP", "room 1"),
            ("GATEWAY_LEGACY_TIME_ZONE", "-05:00"),
            ("GATEWAY_LEGACY_TOKEN", "a-secret"),
            ("GATEWAY_LEGACY_NETWORKS", "10.0.0.0/8, ::1"),
            ("GATEWAY_LEGACY_ORIGINS", "https://chat.example.com, http://10.0.0.1:8080"),
        ]);
        let legacy = legacy.unwrap().unwrap();
        assert_eq!((legacy.group.as_str(), legacy.networks.len()), ("room 1", 2));
        assert_eq!(legacy.origins, ["https://chat.example.com", "http://10.0.0.1:8080"]);
        assert!(legacy.networks[1].contains(&"::1".parse::<std::net::IpAddr>().unwrap()));
        assert!(!format!("{legacy:?}").contains("a-secret"));
    }

    #[test]
    fn all_mistakes_are_told() {
        let mistakes = read(&[
            ("GATEWAY_LEGACY_ENABLED", "maybe"),
            ("GATEWAY_LEGACY_GROUP", "@TGS#1"),
            ("GATEWAY_LEGACY_TIME_ZONE", "Asia/Shanghai"),
            ("GATEWAY_LEGACY_TOKEN", ""),
            ("GATEWAY_LEGACY_NETWORKS", "10.0.0.0/8,here"),
            ("GATEWAY_LEGACY_ORIGINS", "https://a.example/,b.example,*,null"),
        ]);
        assert_eq!(mistakes.unwrap_err().len(), 7);
    }
}

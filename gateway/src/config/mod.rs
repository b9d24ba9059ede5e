//! Settings: defaults, then the file, then the environment, then the flags.
//!
//! All mistakes are reported at once, each with where it stands and how to mend it.

mod cli;
mod connection;
mod file;
mod legacy;
#[cfg(test)]
mod off;
mod secret;
mod text;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use protocol::group::GroupKind;
use protocol::id::{AppId, UserId};
use protocol::usersig::SecretKey;

use crate::redis::Target;
use crate::services::application::{Application, Applications, Settings};
use crate::services::group::RuleBook;
use crate::services::retention;

pub use cli::{Cli, Command};
pub use connection::Connections;
pub use file::{File, LogFormat};
pub use legacy::Legacy;

/// What the gateway runs with.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Health and metrics move here when it is set.
    pub internal_listen: Option<SocketAddr>,
    pub data_dir: PathBuf,
    /// Begin a new journal of the embedded store at each start.
    pub rotate_journal: bool,
    /// The embedded store takes nothing while less is free on its disk.
    pub min_free_bytes: u64,
    /// Shared with other instances in place of the embedded store.
    pub redis: Option<RedisConfig>,
    pub apps: Applications,
    /// The application of the flags and the environment; the start-up text speaks of it.
    pub main_app: AppId,
    /// Whether the main application's key was made at this start.
    pub is_first_run: bool,
    /// Where the main application's key lies; absent when it came in the environment.
    pub key_file: Option<PathBuf>,
    /// The same, where it is the one that is made in the data directory.
    pub own_key: Option<PathBuf>,
    /// Print links to the demo page also when this is not the first run.
    pub demo: bool,
    pub connections: Connections,
    /// How often it is looked for what to drop. No setting: a test has its own.
    pub retention_interval: Duration,
    pub log_format: LogFormat,
    /// The routes of the small home-made chat; absent, they are off.
    pub legacy: Option<Legacy>,
}

/// The Redis that instances share.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    pub target: Target,
    pub prefix: String,
    pub wait_replicas: usize,
    pub wait_timeout: Duration,
    pub allow_eviction: bool,
}

/// What keeps the gateway from starting.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads the settings that the command line, the environment and the file give.
    pub fn load(cli: Cli) -> Result<Self, ConfigError> {
        let mut mistakes = Vec::new();
        let file = match &cli.config {
            None => File::default(),
            Some(path) => File::read(path).unwrap_or_else(|found| {
                mistakes.extend(found);
                File::default()
            }),
        };
        let file = cli.over(file);
        let redis = file.redis_url.as_deref().and_then(|url| redis(url, &file.redis, &mut mistakes));
        let listen = address("listen", &file.listen, &mut mistakes);
        let internal_listen =
            file.internal_listen.as_ref().and_then(|text| address("internal_listen", text, &mut mistakes));
        let main_app = AppId(file.sdkappid);
        check_hello(&file, "", &mut mistakes);
        mistakes.extend(file.fields.mistakes(&file.limits));
        let mut apps = Applications::new(settings(&file));
        for app in &file.app {
            let id = AppId(app.sdkappid);
            let keys =
                app.keys.iter().filter_map(|key| parse_key(key, id, &mut mistakes)).collect::<Vec<_>>();
            if keys.is_empty() && app.keys.is_empty() {
                mistakes.push(format!("app {id}: keys is empty; give at least one secret key"));
            }
            let admins = users(&app.admins, "admins", &mut mistakes);
            let own = app.over(&file).unwrap_or_else(|found| {
                mistakes.extend(found);
                file.clone()
            });
            if own.session != file.session {
                check_hello(&own, &format!("app {id}: "), &mut mistakes);
            }
            if own.fields != file.fields {
                let found = own.fields.mistakes(&own.limits);
                mistakes.extend(found.into_iter().map(|mistake| format!("app {id}: {mistake}")));
            }
            let settings = settings(&own);
            if !apps.add(id, Application { keys, admins, settings }) || id == main_app {
                mistakes.push(format!("app {id}: the sdkappid is given twice"));
            }
        }
        let admins = users(&file.admins, "admins", &mut mistakes);
        let legacy = file.legacy.clone().under(|name| std::env::var(name).ok(), &mut mistakes);
        let legacy = legacy.check(&mut mistakes);
        if legacy.is_some() && admins.is_empty() {
            mistakes.push("legacy: its routes speak as an administrator; name one in admins".to_owned());
        }
        let connections = file.connection.clone().check(&mut mistakes);
        let mut secret = None;
        if mistakes.is_empty() {
            match secret::load(&file) {
                Ok(found) => secret = Some(found),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let (Some(listen), Some(secret), []) = (listen, secret, mistakes.as_slice()) else {
            return Err(ConfigError(mistakes));
        };
        apps.add(main_app, Application { keys: vec![secret.key], admins, settings: settings(&file) });
        Ok(Self {
            listen,
            internal_listen,
            data_dir: file.data_dir,
            rotate_journal: file.rotate_journal,
            min_free_bytes: file.store.min_free_bytes,
            redis,
            apps,
            main_app,
            is_first_run: secret.is_new,
            own_key: secret.file.clone().filter(|_| file.secret_key_file.is_none()),
            key_file: secret.file,
            demo: cli.demo,
            connections,
            retention_interval: retention::INTERVAL,
            log_format: file.log.format,
            legacy,
        })
    }
}

/// From it clients also take how long they wait before they dial again: the one setting of its table that has no "off".
fn check_hello(file: &File, place: &str, mistakes: &mut Vec<String>) {
    if file.session.hello_interval_seconds == 0 {
        mistakes.push(format!("{place}session.hello_interval_seconds: give at least 1"));
    }
}

/// What the file says of an application.
fn settings(file: &File) -> Settings {
    let overrides = |kind: GroupKind| {
        let named = file.group.iter().find(|(name, _)| GroupKind::from(**name) == kind);
        named.map(|(_, overrides)| overrides.clone()).unwrap_or_default()
    };
    Settings {
        login: file.session.clone(),
        limits: file.limits.clone(),
        rates: file.rates.clone(),
        rules: RuleBook::new(overrides),
        fields: file.fields.clone(),
        retention: file.retention,
        live: file.live.clone(),
    }
}

fn redis(url: &str, file: &file::Redis, mistakes: &mut Vec<String>) -> Option<RedisConfig> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if file.prefix.is_empty() || !file.prefix.chars().all(is_plain) {
        let prefix = &file.prefix;
        mistakes.push(format!("redis.prefix: {prefix:?} is not made of letters, digits, '-', '_' and '.'"));
    }
    if !(1..=2000).contains(&file.wait_milliseconds) {
        mistakes.push("redis.wait_milliseconds: give a number from 1 to 2000".to_owned());
    }
    match Target::parse(text::bare(url)) {
        Ok(target) => Some(RedisConfig {
            target,
            prefix: file.prefix.clone(),
            wait_replicas: file.wait_replicas,
            wait_timeout: Duration::from_millis(file.wait_milliseconds),
            allow_eviction: file.allow_eviction,
        }),
        Err(mistake) => {
            mistakes.push(format!("redis_url: {mistake}"));
            None
        }
    }
}

fn address(name: &str, text: &str, mistakes: &mut Vec<String>) -> Option<SocketAddr> {
    let parsed = text::bare(text).parse();
    if parsed.is_err() {
        mistakes.push(format!("{name}: {text:?} is not an address such as 127.0.0.1:8080"));
    }
    parsed.ok()
}

/// A network, or a single address.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()
}

fn parse_key(text: &str, app: AppId, mistakes: &mut Vec<String>) -> Option<SecretKey> {
    // Never the key itself.
    SecretKey::parse(text::bare(text))
        .map_err(|error| mistakes.push(format!("app {app}: keys: {error}")))
        .ok()
}

fn users(texts: &[String], name: &str, mistakes: &mut Vec<String>) -> Vec<UserId> {
    let mut users = Vec::with_capacity(texts.len());
    for text in texts {
        let text = text::bare(text);
        if text.contains(',') {
            let split = text::list(text);
            mistakes.push(format!("{name}: {text:?} is one name with a comma in it; write {split:?}"));
            continue;
        }
        match UserId::parse(text) {
            Ok(user) => users.push(user),
            Err(error) => mistakes.push(format!("{name}: {text:?}: {error}")),
        }
    }
    users
}

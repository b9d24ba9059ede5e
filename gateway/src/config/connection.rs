//! Connections: how many, how long, how large, and who stands between.

use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::network;

/// Longer than anybody waits, and short enough to be added to any time of the clock.
const ALWAYS: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// More than anybody keeps in memory, and little enough to be added to the length of a head.
const ANY_FRAME: usize = u32::MAX as usize;

/// `[connection]`, as the file says it. 0 is no bound, but where it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// The largest frame and REST body that is read.
    pub max_frame_bytes: usize,
    /// What may wait for a slow reader before they are cut off; they come back and read what they missed.
    pub queue_bytes: usize,
    /// What a device that is back is told at most of a conversation. Where it missed more, it reads it anew.
    pub missed_messages: usize,
    /// At the end, connections are asked to go elsewhere over this time; 0 is at once.
    pub drain_seconds: u64,
    /// Connections in all. 0 is as many as the limit of open files allows, less a reserve for the store.
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub max_connections_per_user: usize,
    /// Connections on which nobody is logged in.
    pub max_connections_before_login: usize,
    /// How long a client has for a request's head, from the connection or the head's first byte on.
    pub head_seconds: u64,
    /// How long a client has for a request's body.
    pub body_seconds: u64,
    /// How long a client has for the rest of a message of which some has come.
    pub message_seconds: u64,
    /// How long a WebSocket may stay on which nobody is logged in.
    pub login_seconds: u64,
    /// How long an HTTP connection waits for its next request.
    pub keep_alive_seconds: u64,
    /// What all bodies and messages that have not come whole take together.
    pub unfinished_bytes: usize,
    /// Who is believed when they say whose connection it is.
    pub trusted_proxies: Vec<String>,
    /// They say so at the beginning of each connection.
    pub proxy_protocol: bool,
}

impl Default for File {
    fn default() -> Self {
        Self {
            max_frame_bytes: 512 * 1024,
            queue_bytes: 4 * 1024 * 1024,
            missed_messages: 1000,
            drain_seconds: 5,
            max_connections: 0,
            max_connections_per_address: 10_000,
            max_connections_per_user: 100,
            max_connections_before_login: 20_000,
            head_seconds: 10,
            body_seconds: 30,
            message_seconds: 30,
            login_seconds: 300,
            keep_alive_seconds: 75,
            unfinished_bytes: 128 * 1024 * 1024,
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
        }
    }
}

/// The same, checked. `None` is no bound, and so is [`ALWAYS`].
#[derive(Clone, Debug)]
pub struct Connections {
    pub max_frame_bytes: usize,
    pub queue_bytes: usize,
    pub missed_messages: usize,
    pub drain: Duration,
    pub max_in_all: Option<usize>,
    pub max_per_address: Option<usize>,
    pub max_per_user: Option<usize>,
    pub max_before_login: Option<usize>,
    pub head: Duration,
    pub body: Duration,
    pub message: Duration,
    pub login: Duration,
    pub keep_alive: Duration,
    pub unfinished_bytes: Option<usize>,
    pub trusted_proxies: Vec<IpNet>,
    pub proxy_protocol: bool,
}

impl Default for Connections {
    fn default() -> Self {
        File::default().check(&mut Vec::new())
    }
}

impl File {
    pub(super) fn check(self, mistakes: &mut Vec<String>) -> Connections {
        let bound = |most: usize| Some(most).filter(|most| *most > 0);
        let time =
            |seconds: u64| if seconds == 0 { ALWAYS } else { Duration::from_secs(seconds).min(ALWAYS) };
        let mut trusted_proxies = Vec::with_capacity(self.trusted_proxies.len());
        for text in &self.trusted_proxies {
            match network(text) {
                Some(network) => trusted_proxies.push(network),
                None => mistakes.push(format!(
                    "connection.trusted_proxies: {text:?} is not a network such as 10.0.0.0/8"
                )),
            }
        }
        if self.proxy_protocol && self.trusted_proxies.is_empty() {
            mistakes.push(
                "connection.proxy_protocol: only those in trusted_proxies are believed; name them there"
                    .to_owned(),
            );
        }
        Connections {
            max_frame_bytes: bound(self.max_frame_bytes).unwrap_or(ANY_FRAME),
            queue_bytes: bound(self.queue_bytes).unwrap_or(usize::MAX),
            missed_messages: bound(self.missed_messages).unwrap_or(usize::MAX),
            drain: Duration::from_secs(self.drain_seconds),
            max_in_all: bound(self.max_connections),
            max_per_address: bound(self.max_connections_per_address),
            max_per_user: bound(self.max_connections_per_user),
            max_before_login: bound(self.max_connections_before_login),
            head: time(self.head_seconds),
            body: time(self.body_seconds),
            message: time(self.message_seconds),
            login: time(self.login_seconds),
            keep_alive: time(self.keep_alive_seconds),
            unfinished_bytes: bound(self.unfinished_bytes),
            trusted_proxies,
            proxy_protocol: self.proxy_protocol,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_off_and_mistakes_are_told() {
        let mut mistakes = Vec::new();
        let file = File { login_seconds: 0, max_connections_per_user: 0, ..File::default() };
        let connections = file.check(&mut mistakes);
        assert_eq!((connections.login, connections.max_per_user), (ALWAYS, None));
        assert!(mistakes.is_empty());

        File { trusted_proxies: vec!["here".to_owned()], ..File::default() }.check(&mut mistakes);
        File { proxy_protocol: true, ..File::default() }.check(&mut mistakes);
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    }
}

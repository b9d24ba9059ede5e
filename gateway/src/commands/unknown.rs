//! Commands that are not served: the answer names them, and the log does so once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use protocol::{ErrorCode, Failure};

use super::refusal::plain;

/// Names that the log has at most: anybody can make up more.
const MAX_NAMES: usize = 256;

/// The names that were asked for so far.
#[derive(Default)]
pub(super) struct Unknown(Mutex<HashSet<String>>);

impl Unknown {
    pub(super) fn refuse(&self, name: &str) -> Failure {
        metrics::counter!("gateway_commands_total", "command" => "unknown", "code" => "60009").increment(1);
        let name = plain(name);
        if self.is_new(&name) {
            tracing::info!(command = name, "a client asks for {name}, which is not served");
        }
        Failure::because(ErrorCode::UNKNOWN_COMMAND, name)
    }

    fn is_new(&self, name: &str) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.len() < MAX_NAMES && !names.contains(name) && names.insert(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_plainly() {
        let refusal = |name: &str| Unknown::default().refuse(name).info;
        assert_eq!(refusal("sns.friend_add"), "no such command: sns.friend_add");
        assert_eq!(refusal("a.b\n\u{1b}[31m中"), "no such command: a.b???31m?");
        assert_eq!(refusal(&"x".repeat(65)), format!("no such command: {}…", "x".repeat(64)));
    }

    #[test]
    fn a_name_is_logged_once_and_not_too_many_of_them() {
        let unknown = Unknown::default();
        assert!(unknown.is_new("a.b"));
        assert!(!unknown.is_new("a.b"));
        let logged = (0..2 * MAX_NAMES).filter(|n| unknown.is_new(&format!("a.{n}"))).count();
        assert_eq!(logged, MAX_NAMES - 1);
    }
}

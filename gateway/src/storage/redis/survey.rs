//! Whether the servers are fit to keep a chat: found out before this instance is ready, and again while it works.
//!
//! | what | else |
//! |---|---|
//! | the user may do all that the gateway does, publish and subscribe too | messages would be stored, and the sends fail or nobody hear |
//! | nothing is thrown away when the memory is full | what was acknowledged would be lost, a conversation at a time |
//! | no other instance has other secret keys | who logs in at one would be refused at the other |

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use redis::{Cmd, Value};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::redis::raw::{RawConnection, RawError};
use crate::redis::{Address, call, in_words, slot_of};
use crate::storage::StorageError;
use crate::telemetry::Sparing;

use super::scripts::{KEYS, SURVEY};
use super::{Shared, failed};

/// How often is looked while nothing is wrong, and while something is.
const INTERVAL: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);

/// How often permissions are tried anew; at once where somebody suspects a server.
const PERMISSIONS: Duration = Duration::from_secs(60);

/// How long a server has for an answer.
const ANSWER: Duration = Duration::from_secs(2);

/// For how long an instance's keys count after it said so last. A new key without a clean end of all who had the old one is
/// taken after this time.
const KEYS_LIFETIME: Duration = Duration::from_secs(20);

const OPERATION: &str = "probe";

static LINES: Sparing = Sparing::new();
static UNKNOWN_POLICY: Sparing = Sparing::new();

/// What was found out last.
pub(super) struct Survey {
    found: watch::Sender<Option<Result<(), String>>>,
    /// What is asked for.
    allow_eviction: bool,
    /// See [`Settings::keys`](super::Settings::keys).
    keys: Vec<String>,
}

/// Why a look ended without all being well.
enum Trouble {
    /// The server does not answer, which is told elsewhere.
    Away,
    Unfit(String),
}

impl Survey {
    pub(super) fn new(allow_eviction: bool, keys: Vec<String>) -> Self {
        Self { found: watch::Sender::new(None), allow_eviction, keys }
    }

    /// Nobody looks.
    pub(super) fn take_for_granted(&self) {
        self.found.send_replace(Some(Ok(())));
    }

    /// Why they are not fit, where that is known.
    pub(super) fn refusal(&self) -> Result<(), StorageError> {
        match &*self.found.borrow() {
            Some(Err(reason)) => Err(failed(OPERATION, reason)),
            _ => Ok(()),
        }
    }

    /// Whether the servers are fit, as soon as that is known.
    pub(super) async fn verdict(&self, deadline: Instant) -> Result<(), StorageError> {
        let mut found = self.found.subscribe();
        let known = timeout_at(deadline, found.wait_for(Option::is_some)).await.is_ok();
        if known {
            self.refusal()
        } else {
            Err(failed(OPERATION, "it is not known yet whether redis is fit"))
        }
    }

    fn note(&self, found: Result<(), String>) {
        let was_unfit = matches!(*self.found.borrow(), Some(Err(_)));
        match &found {
            Err(reason) => {
                let is_news = self.found.borrow().as_ref() != Some(&found);
                if let Some(kept_back) = LINES.admit().or(is_news.then_some(0)) {
                    tracing::warn!(kept_back, "not ready: {reason}");
                }
            }
            Ok(()) if was_unfit => tracing::info!("redis is fit again"),
            Ok(()) => {}
        }
        self.found.send_replace(Some(found));
    }
}

/// Looks until the engine is gone or the store is refused.
pub(super) async fn watch(engine: Weak<Shared>) {
    let Some(shared) = engine.upgrade() else { return };
    let mut suspicions = shared.reads.topology().suspicions();
    let mut changes = shared.reads.topology().changes();
    drop(shared);
    let mut permitted = HashMap::new();
    loop {
        let Some(shared) = engine.upgrade() else { return };
        let has_begun = shared.epoch.has_begun.clone();
        let has_begun = has_begun.notified();
        let mut pause = PAUSE;
        match shared.survey(&mut permitted).await {
            Ok(()) => {
                shared.survey.note(Ok(()));
                pause = INTERVAL;
            }
            Err(Trouble::Unfit(reason)) => shared.survey.note(Err(reason)),
            Err(Trouble::Away) => {}
        }
        drop(shared);
        let is_suspect = async {
            // However much is suspected, not at once again.
            sleep(PAUSE.min(pause)).await;
            tokio::select! {
                _ = suspicions.changed() => {}
                _ = changes.changed() => {}
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = is_suspect => permitted.clear(),
            () = has_begun => permitted.clear(),
        }
    }
}

impl Shared {
    /// Looks at all masters. `permitted` says when the user was last found to be permitted all there.
    async fn survey(&self, permitted: &mut HashMap<Address, Instant>) -> Result<(), Trouble> {
        let masters = self.keys.of_masters(self.reads.topology());
        if masters.is_empty() {
            return Err(Trouble::Away);
        }
        permitted.retain(|address, since| masters.contains_key(address) && since.elapsed() < PERMISSIONS);
        let looks = masters.iter().map(|(address, key)| async {
            if !permitted.contains_key(address) {
                self.may_do_all(address, key).await?;
            }
            self.keeps_all(address).await?;
            Ok(address.clone())
        });
        for look in join_all(looks).await {
            permitted.entry(look?).or_insert_with(Instant::now);
        }
        // What a later version has written is not added to.
        self.format.pass(Instant::now() + ANSWER).await.map_err(|_| Trouble::Away)?;
        self.has_same_keys().await
    }

    async fn ask(&self, address: &Address, command: Cmd) -> Result<Value, Trouble> {
        let connection = self.reads.at(address);
        let deadline = Instant::now() + ANSWER;
        connection.send(Arc::new(command), deadline).get().await.map_err(|_| Trouble::Away)
    }

    /// Tries all that the gateway does.
    async fn may_do_all(&self, address: &Address, key: &[u8]) -> Result<(), Trouble> {
        let names = ["h", "z", "s", "t"].map(|kind| [key, b":", kind.as_bytes()].concat());
        let mut command = SURVEY.eval(&names);
        command.arg(key);
        let refused = match self.ask(address, command).await? {
            Value::ServerError(error) => vec!["eval".to_owned(), in_words(&error)],
            answer => redis::from_redis_value::<Vec<String>>(answer).unwrap_or_default(),
        };
        for refusal in refused.chunks_exact(2) {
            self.is_permitted(address, &refusal[0], &refusal[1])?;
        }
        let heard = timeout(ANSWER, subscribe(self, address, key)).await;
        match heard {
            Ok(Err(RawError::Refused(words))) => self.is_permitted(address, "ssubscribe", &words),
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Trouble::Away),
        }
    }

    /// Fails when these are the words of a server about permissions; other troubles show elsewhere.
    fn is_permitted(&self, address: &Address, command: &str, words: &str) -> Result<(), Trouble> {
        let is = ["NOPERM", "The user executing the script can't", "ACL failure"];
        if !is.iter().any(|part| words.contains(part)) {
            return Ok(());
        }
        // It may have met another command on the way there.
        let command =
            words.split_once("run the '").and_then(|(_, rest)| rest.split('\'').next()).unwrap_or(command);
        let user = self.reads.topology().target().user();
        let prefix = self.keys.prefix();
        let (what, rule) = if words.contains("channel") {
            (format!("{command} on its channels"), format!("&{prefix}:*"))
        } else if words.contains(" key") {
            (format!("{command} on its keys"), format!("~{prefix}:*"))
        } else {
            (command.to_owned(), format!("+{command}"))
        };
        Err(Trouble::Unfit(format!(
            "redis {address} does not permit the user {user:?} {what} ({words}); set ACL SETUSER {user} {rule}"
        )))
    }

    /// Whether nothing is thrown away when the memory is full.
    async fn keeps_all(&self, address: &Address) -> Result<(), Trouble> {
        if self.survey.allow_eviction {
            return Ok(());
        }
        let mut command = redis::cmd("INFO");
        command.arg("memory");
        let policy = match self.ask(address, command).await? {
            Value::ServerError(_) => None,
            answer => redis::from_redis_value::<String>(answer).ok().and_then(|text| policy_in(&text)),
        };
        match policy.as_deref() {
            Some("noeviction") => Ok(()),
            Some(policy) => Err(Trouble::Unfit(format!(
                "redis {address} throws keys away when its memory is full (maxmemory-policy {policy}), and with them what \
                 was acknowledged; set CONFIG SET maxmemory-policy noeviction, or redis.allow_eviction = true to live \
                 with it"
            ))),
            None => {
                if UNKNOWN_POLICY.admit().is_some() {
                    tracing::warn!(
                        server = %address,
                        "redis {address} does not say its maxmemory-policy (INFO memory): see to it that it is noeviction"
                    );
                }
                Ok(())
            }
        }
    }

    /// Says which keys this instance has, unless another one lives that has none of them.
    async fn has_same_keys(&self) -> Result<(), Trouble> {
        if self.survey.keys.is_empty() {
            return Ok(());
        }
        let key = self.keys.secret_keys();
        let mut command = KEYS.eval(&[&key]);
        command.arg(KEYS_LIFETIME.as_millis() as u64).arg(&self.survey.keys);
        let answer = match call(&self.reads, slot_of(&key), command, ANSWER).await {
            Ok(answer) => answer,
            Err(words) => {
                let address = self.reads.topology().master_of(slot_of(&key)).ok_or(Trouble::Away)?;
                self.is_permitted(&address, "eval", &words)?;
                return Err(Trouble::Away);
            }
        };
        let others: Vec<String> = redis::from_redis_value(answer).map_err(|_| Trouble::Away)?;
        let Some(app) = others.first() else { return Ok(()) };
        Err(Trouble::Unfit(format!(
            "another instance on this redis has another secret key for application {app}: who logs in at one is refused at \
             the other; give all instances the same key, and while one is replaced both of them (keys of [[app]])"
        )))
    }

    /// This instance ends, and its keys say nothing about others.
    pub(super) async fn forget_keys(&self) {
        if self.survey.keys.is_empty() || !matches!(*self.survey.found.borrow(), Some(Ok(()))) {
            return;
        }
        let key = self.keys.secret_keys();
        let mut command = redis::cmd("ZREM");
        command.arg(&key).arg(&self.survey.keys);
        // Otherwise they count for some seconds more.
        let _ = call(&self.reads, slot_of(&key), command, PAUSE).await;
    }
}

/// Subscribes as the bus does, over a connection of its own.
async fn subscribe(shared: &Shared, address: &Address, channel: &[u8]) -> Result<(), RawError> {
    let mut connection = RawConnection::open(shared.reads.topology(), address).await?;
    let name = if connection.has_sharded_channels().await? { "SSUBSCRIBE" } else { "SUBSCRIBE" };
    connection.call(redis::cmd(name).arg(channel)).await.map(drop)
}

/// The policy in the words of `INFO memory`.
fn policy_in(text: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(|name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_where_it_is_said() {
        let text = "# Memory\r\nused_memory:1\r\nmaxmemory_policy:allkeys-lru\r\nallocator:libc\r\n";
        assert_eq!(policy_in(text).as_deref(), Some("allkeys-lru"));
        assert_eq!(policy_in("# Memory\r\nused_memory:1\r\n"), None);
    }
}

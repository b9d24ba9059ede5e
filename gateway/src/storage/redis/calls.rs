//! How a command reaches the server that has its keys, and what becomes of a server's refusals.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ServerError, Value};
use tokio::time::{Instant, timeout_at};

use crate::redis::{Address, Answer, Link, LinkError, Links, in_words};
use crate::storage::StorageError;

use super::failed;
use super::scripts;

/// How long a call may take, its repetitions included.
pub(super) const DEADLINE: Duration = Duration::from_secs(4);

/// From this to `PAUSE_MOST`, doubling, between attempts that a server refused.
const PAUSE_LEAST: Duration = Duration::from_millis(10);
const PAUSE_MOST: Duration = Duration::from_millis(200);

/// What may be done when the connection broke with the command on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenLost {
    /// The command changes nothing, or nothing more when it is carried out again.
    Repeat,
    /// The caller has to know.
    Tell,
}

/// A command for the master of a slot.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) operation: &'static str,
    pub(super) slot: u16,
    pub(super) command: Arc<Cmd>,
    pub(super) when_lost: WhenLost,
    pub(super) deadline: Instant,
}

/// What to do about an error of a server, which was not carried out.
enum Remedy {
    /// Load the scripts and send it again.
    Load,
    /// Send it to another server.
    Ask(Address),
    /// Send it again a little later, to whoever has the keys then.
    Later,
    /// Nothing.
    GiveUp,
}

impl Call {
    pub(super) fn new(operation: &'static str, slot: u16, command: Cmd, when_lost: WhenLost) -> Self {
        let deadline = Instant::now() + DEADLINE;
        Self { operation, slot, command: Arc::new(command), when_lost, deadline }
    }

    /// Sends the command if its server is known. It is on its way, behind those sent before, when this returns.
    pub(super) fn send(&self, links: &Links) -> Option<(Arc<Link>, Answer)> {
        let link = links.to(self.slot)?;
        let answer = link.send(self.command.clone(), self.deadline);
        Some((link, answer))
    }

    /// The answer, after as many attempts as the deadline allows. `first` is the attempt that was made already.
    pub(super) async fn finish(
        self,
        links: &Links,
        first: Option<(Arc<Link>, Answer)>,
    ) -> Result<Value, StorageError> {
        let begun = Instant::now();
        let outcome = self.attempts(links, first).await;
        metrics::histogram!("gateway_redis_command_seconds", "operation" => self.operation)
            .record(begun.elapsed());
        outcome
    }

    async fn attempts(
        &self,
        links: &Links,
        mut attempt: Option<(Arc<Link>, Answer)>,
    ) -> Result<Value, StorageError> {
        let mut pause = PAUSE_LEAST;
        loop {
            let (link, answer) = match attempt.take().or_else(|| self.send(links)) {
                Some(sent) => sent,
                None => {
                    if !links.wait(self.slot, self.deadline).await {
                        self.note("no_master");
                        let reason = "it is not known which redis server is the master";
                        return Err(failed(self.operation, reason));
                    }
                    continue;
                }
            };
            let error = match answer.get().await {
                Ok(Value::ServerError(error)) => error,
                Ok(value) => return Ok(value),
                Err(error) => {
                    self.note(error.kind());
                    self.after_loss(error)?;
                    continue;
                }
            };
            let remedy = self.remedy(links, &error);
            if !matches!(remedy, Remedy::Load | Remedy::Ask(_)) {
                self.note("refused");
            }
            if matches!(remedy, Remedy::GiveUp) || Instant::now() >= self.deadline {
                return Err(failed(self.operation, in_words(&error)));
            }
            match remedy {
                Remedy::Load => {
                    for load in scripts::load_all().iter() {
                        // Whether it worked shows when the script is called.
                        drop(link.send(Arc::new(load.clone()), self.deadline));
                    }
                    let answer = link.send(self.command.clone(), self.deadline);
                    attempt = Some((link, answer));
                }
                Remedy::Ask(address) => {
                    let link = links.at(&address);
                    let answer = link.send_asking(self.command.clone(), self.deadline);
                    attempt = Some((link, answer));
                }
                Remedy::Later | Remedy::GiveUp => {
                    let mut changes = links.servers().changes();
                    let until = (Instant::now() + pause).min(self.deadline);
                    pause = (pause * 2).min(PAUSE_MOST);
                    // Whichever is first: other masters, or time.
                    let _ = timeout_at(until, changes.changed()).await;
                }
            }
        }
    }

    /// Returns when the command may be sent again.
    fn after_loss(&self, error: LinkError) -> Result<(), StorageError> {
        let may_repeat = match error {
            LinkError::NotSent(_) => true,
            LinkError::Lost(_) => self.when_lost == WhenLost::Repeat,
            LinkError::TimedOut | LinkError::Unconfirmed(_) | LinkError::Overloaded => false,
        };
        if may_repeat && Instant::now() < self.deadline {
            return Ok(());
        }
        Err(match error {
            LinkError::TimedOut | LinkError::Unconfirmed(_) => {
                StorageError::TimedOut { operation: self.operation }
            }
            error => failed(self.operation, error),
        })
    }

    fn remedy(&self, links: &Links, error: &ServerError) -> Remedy {
        match error.code() {
            "NOSCRIPT" => Remedy::Load,
            "MOVED" => {
                match redirection(error) {
                    Some((slot, address)) => links.servers().moved(slot, address),
                    None => links.servers().suspect(),
                }
                // Two servers that point at each other are asked again after a pause only.
                Remedy::Later
            }
            "ASK" => match redirection(error) {
                Some((_, address)) => Remedy::Ask(address),
                None => Remedy::Later,
            },
            "READONLY" | "CLUSTERDOWN" | "MASTERDOWN" => {
                links.servers().suspect();
                Remedy::Later
            }
            "TRYAGAIN" | "LOADING" | "BUSY" => Remedy::Later,
            // Servers before 7.0 wrap what a command of a script answered.
            "ERR" if error.details().is_some_and(|details| details.contains("-READONLY")) => {
                links.servers().suspect();
                Remedy::Later
            }
            _ => Remedy::GiveUp,
        }
    }

    fn note(&self, kind: &'static str) {
        metrics::counter!("gateway_redis_errors_total", "operation" => self.operation, "kind" => kind)
            .increment(1);
    }
}

/// `slot host:port`
fn redirection(error: &ServerError) -> Option<(u16, Address)> {
    let mut words = error.details()?.split(' ');
    let slot = words.next()?.parse().ok()?;
    let (host, port) = words.next()?.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((slot, Address::new(host, port.parse().ok()?)))
}

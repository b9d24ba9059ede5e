//! How a command reaches the server that has its keys, and what becomes of a server's refusals.

use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::time::{Instant, timeout_at};

use crate::backoff::Backoff;
use crate::redis::{Answer, Connection, ConnectionError, Pool, Reaction, in_words, on_error};
use crate::storage::StorageError;

use super::failed;
use super::scripts;

/// How long a call may take, its repetitions included.
pub(super) const DEADLINE: Duration = Duration::from_secs(4);

/// Between attempts that a server refused, unless the masters change before.
const REFUSED: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(200));

/// What may be done when the connection broke with the command on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenLost {
    /// The command changes nothing, or nothing more when it is carried out again.
    Repeat,
    /// The caller has to know.
    Tell,
}

/// A command for the master of a slot.
pub(super) struct Call {
    pub(super) operation: &'static str,
    pub(super) slot: u16,
    pub(super) command: Arc<Cmd>,
    pub(super) when_lost: WhenLost,
    pub(super) deadline: Instant,
}

/// A command on its way. The connection is not kept for it: when it is dropped, commands that have not left come back.
pub(super) struct Sent {
    connection: Weak<Connection>,
    answer: Answer,
}

impl Call {
    pub(super) fn new(operation: &'static str, slot: u16, command: Cmd, when_lost: WhenLost) -> Self {
        let deadline = Instant::now() + DEADLINE;
        Self { operation, slot, command: Arc::new(command), when_lost, deadline }
    }

    /// Sends the command if its server is known. It is on its way, behind those sent before, when this returns.
    pub(super) fn send(&self, pool: &Pool) -> Option<Sent> {
        let to = pool.to(self.slot)?;
        Some(Sent { connection: Arc::downgrade(&to), answer: to.send(self.command.clone(), self.deadline) })
    }

    /// The answer, after as many attempts as the deadline allows. `first` is the attempt that was made already.
    pub(super) async fn finish(self, pool: &Pool, first: Option<Sent>) -> Result<Value, StorageError> {
        let begun = Instant::now();
        let outcome = self.attempts(pool, first).await;
        metrics::histogram!("gateway_redis_command_seconds", "operation" => self.operation)
            .record(begun.elapsed());
        outcome
    }

    async fn attempts(&self, pool: &Pool, mut attempt: Option<Sent>) -> Result<Value, StorageError> {
        let mut backoff = REFUSED;
        loop {
            let Sent { connection, answer } = match attempt.take().or_else(|| self.send(pool)) {
                Some(sent) => sent,
                None => {
                    if !pool.wait(self.slot, self.deadline).await {
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
            if error.code() == "NOSCRIPT" && Instant::now() < self.deadline {
                let Some(to) = connection.upgrade() else { continue };
                for load in scripts::load_all().iter() {
                    // Whether it worked shows when the script is called.
                    drop(to.send(Arc::new(load.clone()), self.deadline));
                }
                attempt = Some(Sent { connection, answer: to.send(self.command.clone(), self.deadline) });
                continue;
            }
            self.note("refused");
            let mut changes = pool.topology().changes();
            let reaction = on_error(pool, &error);
            if matches!(reaction, Reaction::GiveUp) || Instant::now() >= self.deadline {
                return Err(failed(self.operation, in_words(&error)));
            }
            if let Reaction::Ask(to) = reaction {
                let answer = to.send_asking(self.command.clone(), self.deadline);
                attempt = Some(Sent { connection: Arc::downgrade(&to), answer });
                continue;
            }
            // Whichever is first: other masters, or time.
            let until = (Instant::now() + backoff.delay()).min(self.deadline);
            let _ = timeout_at(until, changes.changed()).await;
        }
    }

    /// Returns when the command may be sent again.
    fn after_loss(&self, error: ConnectionError) -> Result<(), StorageError> {
        let may_repeat = match error {
            ConnectionError::NotSent(_) => true,
            ConnectionError::Lost(_) => self.when_lost == WhenLost::Repeat,
            ConnectionError::TimedOut | ConnectionError::Unconfirmed(_) | ConnectionError::Overloaded => {
                false
            }
        };
        if may_repeat && Instant::now() < self.deadline {
            return Ok(());
        }
        Err(match error {
            ConnectionError::TimedOut | ConnectionError::Unconfirmed(_) => {
                StorageError::TimedOut { operation: self.operation }
            }
            error => failed(self.operation, error),
        })
    }

    fn note(&self, kind: &'static str) {
        metrics::counter!("gateway_redis_errors_total", "operation" => self.operation, "kind" => kind)
            .increment(1);
    }
}

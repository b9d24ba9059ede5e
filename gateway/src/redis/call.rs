//! A single command for the master of a key, within a deadline.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ServerError, Value};
use tokio::time::{Instant, timeout_at};

use crate::backoff::Backoff;

use super::{Connection, ConnectionError, Pool, in_words, redirection};

/// Between attempts that a server refused, unless the masters change before.
const REFUSED: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));

/// Sends the command to the master of `slot` and returns the answer, after at most `limit`. A command that may have
/// been carried out is not sent again. The error is in words, without what the command contained.
pub(crate) async fn call(pool: &Pool, slot: u16, command: Cmd, limit: Duration) -> Result<Value, String> {
    let (command, deadline) = (Arc::new(command), Instant::now() + limit);
    let mut asking: Option<Arc<Connection>> = None;
    let mut backoff = REFUSED;
    loop {
        let answer = match asking.take() {
            Some(connection) => connection.send_asking(command.clone(), deadline),
            None => match pool.to(slot) {
                Some(connection) => connection.send(command.clone(), deadline),
                None if pool.wait(slot, deadline).await => continue,
                None => return Err("it is not known which redis server is the master".to_owned()),
            },
        };
        let error = match answer.get().await {
            Ok(Value::ServerError(error)) => error,
            Ok(value) => return Ok(value),
            // The connection was given up for another before the command left.
            Err(ConnectionError::NotSent(_)) if Instant::now() < deadline => continue,
            Err(error) => return Err(error.to_string()),
        };
        let mut changes = pool.topology().changes();
        match on_error(pool, &error) {
            Reaction::GiveUp => return Err(in_words(&error)),
            Reaction::Ask(connection) => {
                asking = Some(connection);
                continue;
            }
            Reaction::Later => {}
        }
        let until = Instant::now() + backoff.delay();
        if until >= deadline {
            return Err(in_words(&error));
        }
        // Whichever is first: other masters, or time.
        let _ = timeout_at(until, changes.changed()).await;
    }
}

/// What to do about an error of a server, which has not carried the command out.
pub(crate) enum Reaction {
    /// Send it there with [`Connection::send_asking`].
    Ask(Arc<Connection>),
    /// Send it again after a pause, to whoever is the master of the slot then.
    Later,
    GiveUp,
}

/// Learns from an error where the masters are, and says what to do.
pub(crate) fn on_error(pool: &Pool, error: &ServerError) -> Reaction {
    let topology = pool.topology();
    let target = error.details().and_then(redirection);
    match error.code() {
        "MOVED" => match target {
            Some((slot, address)) => topology.moved(slot, address),
            None => topology.suspect(),
        },
        "ASK" => {
            if let Some((_, address)) = target {
                return Reaction::Ask(pool.at(&address));
            }
        }
        "READONLY" | "CLUSTERDOWN" | "MASTERDOWN" => topology.suspect(),
        // Servers before 7.0 wrap what a command of a script was answered.
        "ERR" if error.details().is_some_and(|details| details.contains("-READONLY ")) => topology.suspect(),
        "TRYAGAIN" | "LOADING" | "BUSY" => {}
        _ => return Reaction::GiveUp,
    }
    Reaction::Later
}

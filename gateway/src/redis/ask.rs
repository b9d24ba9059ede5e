//! A single command for the master of a key, within a deadline.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ServerError, Value};
use tokio::time::{Instant, timeout_at};

use crate::backoff::Backoff;

use super::{Link, LinkError, Links, in_words, redirection};

/// Between attempts that a server refused, unless the masters change before.
const REFUSED: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));

/// Sends the command to the master of `slot` and returns the answer, after at most `limit`. A command that may have
/// been carried out is not sent again. The error is in words, without what the command contained.
pub(crate) async fn ask(links: &Links, slot: u16, command: Cmd, limit: Duration) -> Result<Value, String> {
    let (command, deadline) = (Arc::new(command), Instant::now() + limit);
    let mut asking: Option<Arc<Link>> = None;
    let mut backoff = REFUSED;
    loop {
        let answer = match asking.take() {
            Some(link) => link.send_asking(command.clone(), deadline),
            None => match links.to(slot) {
                Some(link) => link.send(command.clone(), deadline),
                None if links.wait(slot, deadline).await => continue,
                None => return Err("it is not known which redis server is the master".to_owned()),
            },
        };
        let error = match answer.get().await {
            Ok(Value::ServerError(error)) => error,
            Ok(value) => return Ok(value),
            // The link was given up for another before the command left.
            Err(LinkError::NotSent(_)) if Instant::now() < deadline => continue,
            Err(error) => return Err(error.to_string()),
        };
        let mut changes = links.servers().changes();
        match react(links, &error) {
            Reaction::GiveUp => return Err(in_words(&error)),
            Reaction::Ask(link) => {
                asking = Some(link);
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
    /// Send it there with [`Link::send_asking`].
    Ask(Arc<Link>),
    /// Send it again after a pause, to whoever is the master of the slot then.
    Later,
    GiveUp,
}

/// Learns from an error where the masters are, and says what to do.
pub(crate) fn react(links: &Links, error: &ServerError) -> Reaction {
    let servers = links.servers();
    let target = error.details().and_then(redirection);
    match error.code() {
        "MOVED" => match target {
            Some((slot, address)) => servers.moved(slot, address),
            None => servers.suspect(),
        },
        "ASK" => {
            if let Some((_, address)) = target {
                return Reaction::Ask(links.at(&address));
            }
        }
        "READONLY" | "CLUSTERDOWN" | "MASTERDOWN" => servers.suspect(),
        // Servers before 7.0 wrap what a command of a script was answered.
        "ERR" if error.details().is_some_and(|details| details.contains("-READONLY ")) => servers.suspect(),
        "TRYAGAIN" | "LOADING" | "BUSY" => {}
        _ => return Reaction::GiveUp,
    }
    Reaction::Later
}

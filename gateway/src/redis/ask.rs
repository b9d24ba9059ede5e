//! A single command for the master of a key, within a deadline.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ServerError, Value};
use tokio::time::{Instant, timeout_at};

use super::{Link, LinkError, Links, in_words, redirection};

/// Between attempts that a server refused, unless the masters change before.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends the command to the master of `slot` and returns the answer, after at most `limit`. A command that may have
/// been carried out is not sent again. The error is in words, without what the command contained.
pub(crate) async fn ask(links: &Links, slot: u16, command: Cmd, limit: Duration) -> Result<Value, String> {
    let (command, deadline) = (Arc::new(command), Instant::now() + limit);
    let mut asking: Option<Arc<Link>> = None;
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
        if Instant::now() + PAUSE >= deadline {
            return Err(in_words(&error));
        }
        // Whichever is first: other masters, or time.
        let _ = timeout_at(Instant::now() + PAUSE, changes.changed()).await;
    }
}

enum Reaction {
    Ask(Arc<Link>),
    Later,
    GiveUp,
}

fn react(links: &Links, error: &ServerError) -> Reaction {
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
        "TRYAGAIN" | "LOADING" | "BUSY" => {}
        _ => return Reaction::GiveUp,
    }
    Reaction::Later
}

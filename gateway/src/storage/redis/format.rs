//! Whether what lies under the prefix is of a format that this version knows.
//!
//! It is looked at before anything else is, and again every now and then: another instance, of a later version, may
//! have taken the store to a later format meanwhile. Then nothing more is read or written here.

use std::sync::Weak;
use std::time::Duration;

use redis::Cmd;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::redis::slot_of;
use crate::storage::StorageError;
use crate::storage::format::Format;

use super::calls::{Call, WhenLost};
use super::scripts::FORMAT;
use super::{Shared, failed, text};

/// Between a look that failed and the next one.
const PAUSE: Duration = Duration::from_millis(200);

const OPERATION: &str = "read the format of the store";

/// What is known of the format.
pub(super) struct Gate(watch::Sender<State>);

enum State {
    /// Nothing yet; why, when the last look failed.
    Unknown(Option<StorageError>),
    CheckCache,
    Refused(StorageError),
}

impl Gate {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(State::Unknown(None)))
    }

    /// Waits until it is known that the store may be used.
    pub(super) async fn pass(&self, deadline: Instant) -> Result<(), StorageError> {
        if matches!(*self.0.borrow(), State::CheckCache) {
            return Ok(());
        }
        let mut state = self.0.subscribe();
        let known = timeout_at(deadline, state.wait_for(|state| !matches!(state, State::Unknown(_)))).await;
        drop(known);
        match &*state.borrow() {
            State::CheckCache => Ok(()),
            State::Refused(error) | State::Unknown(Some(error)) => Err(error.clone()),
            State::Unknown(None) => Err(StorageError::TimedOut { operation: OPERATION }),
        }
    }

    /// Waits until the store is refused, which may be never.
    pub(super) async fn refused(&self) -> StorageError {
        let mut state = self.0.subscribe();
        if let Ok(state) = state.wait_for(|state| matches!(state, State::Refused(_))).await
            && let State::Refused(error) = &*state
        {
            return error.clone();
        }
        std::future::pending().await
    }
}

/// Looks at once, and then at every `interval`, until the engine is gone or the store is refused.
pub(super) async fn watch(engine: Weak<Shared>, interval: Duration) {
    while let Some(shared) = engine.upgrade() {
        let another = shared.epoch.has_begun.clone();
        let another = another.notified();
        let pause = match shared.look().await {
            Ok(format) => match shared.migrate(format).await {
                Ok(()) => {
                    shared.format.0.send_replace(State::CheckCache);
                    interval
                }
                Err(Trouble::Refused(error)) => {
                    shared.format.0.send_replace(State::Refused(error));
                    return;
                }
                Err(Trouble::Store(error)) => shared.is_unknown(error),
            },
            Err(error) => shared.is_unknown(error),
        };
        drop(shared);
        // Another epoch is perhaps another store.
        let _ = timeout(pause, another).await;
    }
}

enum Trouble {
    Refused(StorageError),
    Store(StorageError),
}

impl Shared {
    /// What was known stays so: Redis may be away for a while.
    fn is_unknown(&self, error: StorageError) -> Duration {
        self.format.0.send_if_modified(|state| {
            let is_unknown = matches!(state, State::Unknown(_));
            if is_unknown {
                *state = State::Unknown(Some(error));
            }
            is_unknown
        });
        PAUSE
    }

    /// The number as it is kept; nothing where there is none.
    async fn look(&self) -> Result<Vec<u8>, StorageError> {
        let mut command = redis::cmd("GET");
        command.arg(self.keys.format());
        Ok(self.number(command).await?.unwrap_or_default())
    }

    /// Replicas need not have it: a store that lost its number gets it again.
    async fn number(&self, command: Cmd) -> Result<Option<Vec<u8>>, StorageError> {
        let call = Call::new(OPERATION, slot_of(&self.keys.format()), command, WhenLost::Repeat);
        let answer = call.finish(&self.reads, None).await?;
        Ok(text(OPERATION, answer)?.map(Into::into))
    }

    /// Takes what lies there to the current format. A store without a number is of the first, or is none yet.
    async fn migrate(&self, found: Vec<u8>) -> Result<(), Trouble> {
        let format = if found.is_empty() { Ok(Format::FIRST) } else { Format::parse(&found) };
        let mut found = found;
        for next in format.and_then(Format::steps).map_err(|error| Trouble::Refused(self.of_this(error)))? {
            self.step(next).await.map_err(Trouble::Store)?;
            let number = next.to_string().into_bytes();
            let mut command = FORMAT.call(&[self.keys.format()]);
            command.arg(&number).arg(&found);
            let now = self.number(command).await.map_err(Trouble::Store)?;
            if now.as_ref() != Some(&number) {
                // Another instance was faster, and may be of another version: look again.
                return Err(Trouble::Store(failed(OPERATION, "another instance has changed it")));
            }
            found = number;
        }
        Ok(())
    }

    /// An error of this store: with the key that says so.
    fn of_this(&self, error: StorageError) -> StorageError {
        match error {
            StorageError::Failed { operation, reason } => {
                failed(operation, format!("{} on Redis: {reason}", self.keys.format().escape_ascii()))
            }
            error => error,
        }
    }

    /// Takes the keys to a format from the one before it. May be repeated, and by several instances at once.
    async fn step(&self, _format: Format) -> Result<(), StorageError> {
        // What the second format may contain, the first did not; what it did, the second has, too.
        Ok(())
    }
}

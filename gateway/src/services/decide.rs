//! How a change is made: decided from what was read, stored under checks of it, and decided anew after a lost race.

use std::time::Duration;

use super::deps::Deps;
use crate::storage::{Batch, CommitError, Committed, StorageError, Ticket};

/// How often a change is decided anew after losing a race, before the caller gets a retryable error.
const ATTEMPTS: u32 = 16;

/// So often a lost race is followed at once by the next try: most are lost to what was kept in memory or to a single
/// other writer.
const AT_ONCE: u32 = 2;

/// The longest pause before a try. Each try doubles it up to here, and the pause is a random part of it, so that those
/// who lost to each other do not meet again.
const PAUSE_MOST: Duration = Duration::from_millis(64);

/// What a look at the store led to.
#[allow(clippy::large_enum_variant, reason = "made once a try, and moved to where it is used up")]
pub enum Decision<T> {
    /// Nothing is to be stored; this is the outcome.
    Done(T),
    /// This is to be stored; then that is the outcome.
    Commit(Batch, T),
    /// It is on its way to the store already, because its place in an order mattered; then that is the outcome.
    Submitted(Ticket, T),
}

/// Why a decision was not carried out although the store works. It names the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0}: lost too many races in a row")]
    Busy(&'static str),
    #[error("{0}: a count is at its bound")]
    Bound(&'static str),
}

/// For services whose own errors have no word for it.
impl From<Refused> for StorageError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy(operation) => StorageError::TimedOut { operation },
            Refused::Bound(operation) => {
                StorageError::Failed { operation, reason: "a count is at its bound".to_owned() }
            }
        }
    }
}

impl Deps {
    /// Makes a change: `attempt` reads and decides, and its batch has checks of what it read. When a check fails,
    /// somebody else was faster, and it is asked again.
    ///
    /// Whatever `attempt` does beside its batch must be harmless when it is done several times.
    pub async fn decide<T, E, Attempt>(
        &self,
        operation: &'static str,
        attempt: impl FnMut() -> Attempt,
    ) -> Result<T, E>
    where
        E: From<StorageError> + From<Refused>,
        Attempt: Future<Output = Result<Decision<T>, E>>,
    {
        let (value, _) = self.decide_and_tell(operation, attempt).await?;
        Ok(value)
    }

    /// Like [`decide`](Deps::decide), and gives what the batch brought about; nothing when nothing was to be stored.
    pub async fn decide_and_tell<T, E, Attempt>(
        &self,
        operation: &'static str,
        mut attempt: impl FnMut() -> Attempt,
    ) -> Result<(T, Option<Committed>), E>
    where
        E: From<StorageError> + From<Refused>,
        Attempt: Future<Output = Result<Decision<T>, E>>,
    {
        for number in 0..ATTEMPTS {
            if number > AT_ONCE {
                tokio::time::sleep(pause(number - AT_ONCE)).await;
            }
            let (ticket, value) = match attempt().await? {
                Decision::Done(value) => return Ok((value, None)),
                Decision::Commit(batch, value) => (self.engine.submit(batch), value),
                Decision::Submitted(ticket, value) => (ticket, value),
            };
            match ticket.await {
                Ok(committed) => return Ok((value, Some(committed))),
                Err(CommitError::Conflict(_)) => {
                    metrics::counter!("gateway_conflicts_total", "operation" => operation).increment(1);
                }
                Err(CommitError::Bound(_)) => return Err(Refused::Bound(operation).into()),
                Err(CommitError::Storage(error)) => return Err(error.into()),
            }
        }
        Err(Refused::Busy(operation).into())
    }
}

/// Before the try with this number, from 1.
fn pause(number: u32) -> Duration {
    let most = Duration::from_millis(1 << number.min(16)).min(PAUSE_MOST);
    most.mul_f64(rand::random())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::id::{AppId, GroupId};
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::bus::{LocalBus, SingleInstance};
    use crate::clock::Clock;
    use crate::services::application::{Applications, Settings};
    use crate::storage::embedded::Embedded;
    use crate::storage::{Expected, Key, Partition, Table};

    fn core(dir: &std::path::Path) -> Deps {
        let (bus, _) = LocalBus::new();
        Deps {
            engine: Arc::new(Embedded::open(dir, bus.clone()).unwrap()),
            bus: Arc::new(bus),
            clock: Clock::system(),
            apps: Arc::new(Applications::new(Settings::default())),
            node: 1,
            liveness: Arc::new(SingleInstance(1)),
            tasks: TaskTracker::new(),
        }
    }

    fn batch(deps: &Deps) -> Batch {
        Batch::new(Partition::group(AppId(1), &GroupId::parse("room").unwrap()), deps.now())
    }

    fn key() -> Key {
        Key::new(Table::Member, "alice")
    }

    /// Whoever loses some races decides anew from what is there then.
    #[tokio::test]
    async fn a_lost_race_is_decided_anew() {
        let dir = tempfile::tempdir().unwrap();
        let deps = &core(dir.path());
        let mut tries = 0;
        let decided = deps.decide("change", || {
            tries += 1;
            async move {
                if tries < 5 {
                    let rival = batch(deps).put(key(), tries.to_string());
                    deps.engine.commit(rival).await.unwrap();
                    let late = batch(deps).check(key(), Expected::Absent);
                    return Ok::<_, StorageError>(Decision::Commit(late, 0));
                }
                let stored = batch(deps).check(key(), Expected::Present).append("log", "x");
                Ok(Decision::Commit(stored, tries))
            }
        });
        assert_eq!(decided.await.unwrap(), 5);
    }

    #[tokio::test]
    async fn who_loses_every_race_gives_up() {
        let dir = tempfile::tempdir().unwrap();
        let deps = &core(dir.path());
        let mut tries = 0;
        let decided = deps.decide("change", || {
            tries += 1;
            let never = batch(deps).check(key(), Expected::Present);
            async { Ok::<_, StorageError>(Decision::Commit(never, ())) }
        });
        let refused = decided.await.unwrap_err();
        assert!(matches!(refused, StorageError::TimedOut { operation: "change" }), "{refused}");
        assert_eq!(tries, ATTEMPTS);
    }

    #[tokio::test]
    async fn nothing_is_stored_when_nothing_is_to_be_done() {
        let dir = tempfile::tempdir().unwrap();
        let deps = &core(dir.path());
        let done = deps.decide_and_tell("change", || async { Ok::<_, StorageError>(Decision::Done(7)) });
        let (value, committed) = done.await.unwrap();
        assert_eq!((value, committed), (7, None));
        let full = deps.decide("change", || async {
            let add = batch(deps).add(Key::new(Table::Counter, "n"), 2, Some(1));
            Ok::<_, StorageError>(Decision::Commit(add, ()))
        });
        assert!(matches!(full.await, Err(StorageError::Failed { operation: "change", .. })));
    }

    #[test]
    fn pauses_grow_up_to_a_bound() {
        for number in 1..40 {
            assert!(pause(number) <= PAUSE_MOST);
        }
        assert!(pause(1) <= Duration::from_millis(2));
    }
}

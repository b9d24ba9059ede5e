//! What every service stands on: the store, the bus, the clock.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use protocol::id::{AppId, Millis, UserId};
use serde::de::DeserializeOwned;
use tokio_util::task::TaskTracker;

use super::application::{Applications, Settings};
use crate::bus::{Bus, BusError, Event, Liveness, Origin, Stamp, Topic};
use crate::clock::Clock;
use crate::storage::{Batch, CommitError, Committed, Engine, StorageError};

pub use crate::bus::DeviceId;

/// A cheap handle.
#[derive(Clone)]
pub struct Deps {
    pub engine: Arc<dyn Engine>,
    pub bus: Arc<dyn Bus>,
    pub clock: Clock,
    pub apps: Arc<Applications>,
    /// The number of this instance: what its devices' records say of where they are.
    pub node: u64,
    /// Which instances live: a device that a dead one left "online" is not.
    pub liveness: Arc<dyn Liveness>,
    /// Work that goes on after its call was answered; waited for at the end.
    pub tasks: TaskTracker,
}

/// How many look-ups of one call go on at once: each may be a round trip to the store.
const SIDE_BY_SIDE: usize = 32;

/// Does the same for each item, several at a time. The results are in the order of the items; the first error ends it.
pub async fn side_by_side<I, T, E, F, Work>(items: I, work: F) -> Result<Vec<T>, E>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Work,
    Work: Future<Output = Result<T, E>>,
{
    stream::iter(items).map(work).buffered(SIDE_BY_SIDE).try_collect().await
}

/// The same for the parts of a list. One that cannot be read since its records are damaged is passed over, so that it
/// costs nobody the others; the store's log names it.
pub async fn whole_ones<I, T, E, F, Work>(items: I, work: F) -> Result<Vec<T>, E>
where
    I: IntoIterator,
    E: MayBeDamage,
    F: FnMut(I::Item) -> Work,
    Work: Future<Output = Result<T, E>>,
{
    let done = stream::iter(items).map(work).buffered(SIDE_BY_SIDE);
    let whole = done.filter_map(|done| {
        std::future::ready(match done {
            Err(error) if error.is_damage() => None,
            done => Some(done),
        })
    });
    whole.try_collect().await
}

/// Nothing in the place of a record that is damaged, where nobody else is to suffer for that.
pub fn unless_damaged<T>(found: Result<Option<T>, StorageError>) -> Result<Option<T>, StorageError> {
    match found {
        Err(error) if error.is_damage() => Ok(None),
        found => found,
    }
}

/// An error that may say that a record is damaged.
pub trait MayBeDamage {
    fn is_damage(&self) -> bool;
}

impl MayBeDamage for StorageError {
    fn is_damage(&self) -> bool {
        matches!(self, StorageError::Damaged { .. } | StorageError::Unreadable { .. })
    }
}

/// What became of a batch.
pub enum Outcome {
    Stored(Committed),
    /// Somebody was faster.
    Conflict,
    /// A count is at its bound.
    Bound,
}

impl Outcome {
    pub fn of(committed: Result<Committed, CommitError>) -> Result<Self, StorageError> {
        match committed {
            Ok(committed) => Ok(Outcome::Stored(committed)),
            Err(CommitError::Conflict(_)) => Ok(Outcome::Conflict),
            Err(CommitError::Bound(_)) => Ok(Outcome::Bound),
            Err(CommitError::Storage(error)) => Err(error),
        }
    }
}

impl Deps {
    /// What is set for an application.
    pub fn settings(&self, app: AppId) -> &Settings {
        &self.apps.of(app).settings
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    pub async fn commit(&self, batch: Batch) -> Result<Outcome, StorageError> {
        Outcome::of(self.engine.submit(batch).await)
    }

    /// Tells a user's devices of something that is stored nowhere.
    pub async fn tell(
        &self,
        app: AppId,
        user: &UserId,
        stamp: Option<Stamp>,
        event: impl Into<Event> + Send,
    ) {
        let topic = Topic::User(app, user.clone());
        self.bus.publish(topic, stamp, Arc::new(event.into())).await;
    }

    /// What the instances that live say of a topic, each with its number. This one is among them.
    pub async fn notes<T: DeserializeOwned>(&self, topic: &Topic) -> Result<Vec<(u64, T)>, BusError> {
        let notes = self.bus.notes(topic).await?;
        let nodes: Vec<u64> = notes.iter().map(|(node, _)| *node).collect();
        let alive = self.liveness.alive(&nodes).await;
        let living = notes.into_iter().zip(alive).filter_map(|(note, is_alive)| is_alive.then_some(note));
        // Another version may say other things.
        Ok(living.filter_map(|(node, note)| Some((node, serde_json::from_slice(&note).ok()?))).collect())
    }
}

/// Who does something, and from which device.
#[derive(Clone, Debug)]
pub struct Actor {
    pub app: AppId,
    pub user: UserId,
    /// An administrator of the application has the rights of every owner.
    pub is_admin: bool,
    /// Not told of what it did itself.
    pub device: Option<DeviceId>,
}

impl Actor {
    /// The device that is not told of what it did itself.
    pub fn origin(&self) -> Option<Origin> {
        self.device.map(|device| Origin { user: self.user.clone(), device })
    }
}

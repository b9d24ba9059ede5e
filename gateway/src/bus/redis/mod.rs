//! The bus of many nodes: published and subscribed to in Redis.
//!
//! | file | what it is |
//! |---|---|
//! | `channels` | how the channel of a topic is called |
//! | `payload` | what goes over a channel |
//! | `publish.lua`, `pass.lua` | how events that no script of the store announces get there |
//! | `table` | which topics are followed, and which connection has the subscription of each |
//! | `subscriber` | the subscriptions at one master, over one connection at a time |
//! | `nodes`, `liveness.lua` | which instances live |
//!
//! Channels are sharded where the server has that, so that in a cluster an event meets only the servers of its slot.

pub(crate) mod channels;
mod liveness;
mod payload;
mod subscriber;
mod table;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::Value;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use bytes::Bytes;
use protocol::id::{Millis, Seq};

use super::passing::{PASSED_WINDOW_MS, first_number};
use super::receiver::Overload;
use super::{Bus, BusError, Event, Pass, Passed, Receiver, Stamp, Topic, channel};
use crate::redis::{Namespace, Pool, Topology, call, slot_of};

use self::channels::{LAST_OFFSET, channel_of, hash_of, notes_of, tokens_of};
use self::table::Table;

pub use self::liveness::RedisLiveness;
#[cfg(feature = "internals")]
pub use self::payload::read_payload;
pub(crate) use self::payload::take_apart;

/// Events that may wait for the hub. While there are more, the subscriber reads no further.
const QUEUE: usize = 4096;

/// Takes the next offset of a topic and publishes an event with it.
pub(crate) const PUBLISH: &str = include_str!("publish.lua");

/// Takes the next number and offset of a topic and publishes an event with both.
const PASS: &str = include_str!("pass.lua");

/// How long each call waits for the server.
const DEADLINE: Duration = Duration::from_secs(3);

/// Carries events between all nodes on the same servers whose keys have the same prefix. What is published while a
/// subscription is down is lost, which each of its followers is told with [`Incoming::Suspect`].
pub struct RedisBus {
    table: Arc<Table>,
    pool: Arc<Pool>,
    names: Namespace,
    /// As which instance it says something.
    node: u64,
    backlog: Overload,
    /// Keeps the table in order.
    _keeper: AbortOnDropHandle<()>,
    /// Suspects all topics when the store is another.
    _suspecting: Option<AbortOnDropHandle<()>>,
}

impl RedisBus {
    /// The bus, and the end that the hub reads. The servers need not be there yet. Needs a Tokio runtime; ends
    /// when the bus is dropped.
    pub fn start(topology: Arc<Topology>, names: Namespace, node: u64) -> (Self, Receiver) {
        Self::start_on(topology, names, node, false)
    }

    /// The same, for a store whose epochs these are: with each, all topics are [`Incoming::Suspect`].
    pub fn start_with(
        topology: Arc<Topology>,
        names: Namespace,
        node: u64,
        epochs: watch::Receiver<u64>,
    ) -> (Self, Receiver) {
        let (mut bus, receiver) = Self::start(topology, names, node);
        let suspecting = table::suspect_at(bus.table.clone(), epochs);
        bus._suspecting = Some(AbortOnDropHandle::new(tokio::spawn(suspecting)));
        (bus, receiver)
    }

    fn start_on(topology: Arc<Topology>, names: Namespace, node: u64, is_plain: bool) -> (Self, Receiver) {
        let (queue, receiver) = channel(QUEUE);
        let pool = Pool::new(topology.clone(), Arc::new([]), None);
        let table = Table::new(topology, names.clone(), queue, is_plain);
        let keeper = AbortOnDropHandle::new(tokio::spawn(table::keep(table.clone())));
        let backlog = receiver.overload();
        let bus = Self { table, pool, names, node, backlog, _keeper: keeper, _suspecting: None };
        (bus, receiver)
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.table.close();
    }
}

#[async_trait]
impl Bus for RedisBus {
    /// Waits at most three seconds. An event that does not get there is lost, which its receivers see by the next
    /// offset if it had taken one, and was never there for them if it had not.
    async fn publish(&self, topic: Topic, stamp: Option<Stamp>, event: Arc<Event>) {
        let channel = channel_of(&self.names, &topic);
        let mut command = redis::cmd("EVAL");
        command.arg(PUBLISH).arg(1).arg(hash_of(&channel));
        command.arg(payload::encode_stamp(stamp)).arg(payload::encode_event(&event));
        if let Err(error) = call(&self.pool, slot_of(&channel), command, DEADLINE).await {
            metrics::counter!("gateway_bus_unpublished_total").increment(1);
            tracing::warn!(error, "an event could not be published");
        }
    }

    async fn pass(&self, pass: Pass) -> Result<Passed, BusError> {
        let channel = channel_of(&self.names, &pass.topic);
        let generation = pass.at.0 / PASSED_WINDOW_MS;
        let mut command = redis::cmd("EVAL");
        command.arg(PASS).arg(3).arg(hash_of(&channel));
        command.arg(tokens_of(&channel, generation)).arg(tokens_of(&channel, generation.saturating_sub(1)));
        command
            .arg(first_number(&pass.topic, pass.at).0)
            .arg(pass.at.0)
            .arg(payload::encode_event(&pass.event));
        command.arg(pass.token.as_deref().unwrap_or_default()).arg(2 * PASSED_WINDOW_MS);
        let answer = call(&self.pool, slot_of(&channel), command, DEADLINE).await.map_err(BusError)?;
        let text = match &answer {
            Value::BulkString(text) => std::str::from_utf8(text).unwrap_or_default(),
            _ => "",
        };
        let mut numbers = text.split(' ').map(str::parse::<u64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(seq)), Some(Ok(at)), Some(Ok(repeated))) => {
                let stamp = Stamp { seq: Seq(seq), at: Millis(at) };
                Ok(Passed { stamp, is_repeated: repeated == 1 })
            }
            _ => Err(BusError("what was passed on was answered in another shape".to_owned())),
        }
    }

    async fn note(&self, topic: &Topic, note: Option<Bytes>, lifetime: Duration) -> Result<(), BusError> {
        let channel = channel_of(&self.names, topic);
        let (slot, key) = (slot_of(&channel), notes_of(&channel));
        let mut command = redis::cmd(if note.is_some() { "HSET" } else { "HDEL" });
        command.arg(&key).arg(self.node);
        if let Some(note) = &note {
            command.arg(&note[..]);
        }
        call(&self.pool, slot, command, DEADLINE).await.map_err(BusError)?;
        let mut command = redis::cmd("PEXPIRE");
        command.arg(&key).arg(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
        call(&self.pool, slot, command, DEADLINE).await.map_err(BusError)?;
        Ok(())
    }

    async fn notes(&self, topic: &Topic) -> Result<Vec<(u64, Bytes)>, BusError> {
        let channel = channel_of(&self.names, topic);
        let mut command = redis::cmd("HGETALL");
        command.arg(notes_of(&channel));
        let answer = call(&self.pool, slot_of(&channel), command, DEADLINE).await.map_err(BusError)?;
        let notes: Vec<(u64, Vec<u8>)> = redis::from_redis_value(answer)
            .map_err(|_| BusError("what instances say of a topic has another shape".to_owned()))?;
        Ok(notes.into_iter().map(|(node, note)| (node, note.into())).collect())
    }

    async fn remember(&self, name: [u8; 16], value: Bytes, lifetime: Duration) -> Result<(), BusError> {
        let key = channels::answer(&self.names, name);
        let mut command = redis::cmd("SET");
        command.arg(&key).arg(&value[..]);
        command.arg("PX").arg(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
        call(&self.pool, slot_of(&key), command, DEADLINE).await.map_err(BusError)?;
        Ok(())
    }

    async fn remembered(&self, name: [u8; 16]) -> Result<Option<Bytes>, BusError> {
        let key = channels::answer(&self.names, name);
        let mut command = redis::cmd("GET");
        command.arg(&key);
        let answer = call(&self.pool, slot_of(&key), command, DEADLINE).await.map_err(BusError)?;
        let value: Option<Vec<u8>> = redis::from_redis_value(answer)
            .map_err(|_| BusError("what was answered has another shape".to_owned()))?;
        Ok(value.map(Bytes::from))
    }

    async fn follow(&self, topic: &Topic) {
        if let Some(wait) = self.table.follow(topic) {
            let _ = timeout(DEADLINE, wait.end()).await;
        }
    }

    fn unfollow(&self, topic: &Topic) {
        self.table.unfollow(topic);
    }

    fn is_behind(&self) -> bool {
        self.backlog.is_too_much()
    }

    fn can_lose(&self) -> bool {
        true
    }

    async fn last_offset(&self, topic: &Topic) -> Result<u64, BusError> {
        let channel = channel_of(&self.names, topic);
        let mut command = redis::cmd("HGET");
        command.arg(hash_of(&channel)).arg(LAST_OFFSET);
        match call(&self.pool, slot_of(&channel), command, DEADLINE).await.map_err(BusError)? {
            Value::Nil => Ok(0),
            Value::BulkString(offset) => std::str::from_utf8(&offset)
                .ok()
                .and_then(|offset| offset.parse().ok())
                .ok_or_else(|| BusError("the offset of a topic is no number".to_owned())),
            _ => Err(BusError("the offset of a topic has another shape".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;

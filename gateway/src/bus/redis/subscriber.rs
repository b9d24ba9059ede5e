//! The subscriptions at one master, over one connection at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use redis::{Cmd, PushKind, ServerError, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::bus::{Delivery, Event, Incoming, Topic};
use crate::redis::raw::{RawConnection, RawError};
use crate::redis::{Address, RECONNECT, STABLE, in_words, redirection};
use crate::telemetry::Sparing;

use super::payload;
use super::table::{Epoch, Op, Table};

/// Tells subscribers apart, also two to the same server one after the other.
pub(super) type SubscriberId = u64;

/// How long the making of a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

/// How often a server has to say something, and after how long a silence the connection counts as broken.
const PING: Duration = Duration::from_secs(1);
const SILENCE: Duration = Duration::from_secs(3);

/// Events that a subscriber keeps while the hub is behind. Afterwards it reads no further, and the server keeps them; what
/// it thinks too much it does not keep, but ends the connection, which is a loss like another.
const BACKLOG: usize = 1024;
/// Answers that may be outstanding before the subscriber asks for more, beyond those of its beginning. What else there is to
/// ask waits in the table, once a channel.
pub(super) const ASKED: usize = 4096;
/// How much is read at once.
const READ: usize = 64 * 1024;

/// Keeps a connection to a master with the subscriber's subscriptions on it, until it is aborted or the hub is gone.
pub(super) async fn run(table: Arc<Table>, id: SubscriberId, address: Address, wake: Arc<Notify>) {
    let mut backoff = RECONNECT;
    let lines = Sparing::new();
    loop {
        let failure = match timeout(CONNECT, connect(&table, &address)).await {
            Ok(Ok((wire, are_sharded))) => {
                let begun = Instant::now();
                let session = Session::new(&table, id, are_sharded);
                let ended = session.hold(wire, &wake).await;
                table.lost(id);
                let Err(reason) = ended else { return };
                metrics::counter!("gateway_bus_reconnects_total").increment(1);
                if begun.elapsed() >= STABLE {
                    backoff.reset();
                }
                reason
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", CONNECT.as_secs()),
        };
        table.topology.suspect();
        if let Some(kept_back) = lines.admit() {
            tracing::warn!(server = %address, reason = failure, kept_back, "no events come from redis {address}");
        }
        sleep(backoff.delay()).await;
    }
}

/// A greeted connection, and whether channels are sharded there.
async fn connect(table: &Table, address: &Address) -> Result<(RawConnection, bool), RawError> {
    let mut wire = RawConnection::open(&table.topology, address).await?;
    let are_sharded = wire.has_sharded_channels().await?;
    Ok((wire, are_sharded && !table.is_plain))
}

/// A command whose answer has not come.
enum Asked {
    Subscribe(Bytes, Epoch),
    Unsubscribe(Bytes),
    Ping,
}

/// What waits for a place in the hub's queue.
struct Pending {
    channel: Bytes,
    epoch: Epoch,
    incoming: Incoming,
}

/// One connection from its first subscription to its end.
struct Session<'a> {
    table: &'a Arc<Table>,
    id: SubscriberId,
    are_sharded: bool,
    /// In the order of their sending, which is that of the answers.
    asked: VecDeque<Asked>,
    backlog: VecDeque<Pending>,
    out: BytesMut,
    /// Something was written that may not have left.
    is_unflushed: bool,
    /// When the server last said something, or was last not listened to.
    heard: Instant,
    is_refusal_told: bool,
    is_unknown_told: bool,
}

impl<'a> Session<'a> {
    fn new(table: &'a Arc<Table>, id: SubscriberId, are_sharded: bool) -> Self {
        Self {
            table,
            id,
            are_sharded,
            asked: VecDeque::new(),
            backlog: VecDeque::new(),
            out: BytesMut::new(),
            is_unflushed: false,
            heard: Instant::now(),
            is_refusal_told: false,
            is_unknown_told: false,
        }
    }

    /// Carries events until the hub is gone, or the connection breaks for the reason that is the error.
    async fn hold(mut self, wire: RawConnection, wake: &Notify) -> Result<(), String> {
        let RawConnection { mut reader, mut writer, mut decoder, mut buffer } = wire;
        let table = self.table;
        let mut ticks = interval(PING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for (channel, op) in table.begin(self.id) {
            self.take(channel, op);
        }
        loop {
            let is_listening = self.backlog.len() < BACKLOG;
            if is_listening {
                buffer.reserve(READ);
            }
            let is_writing = !self.out.is_empty() || self.is_unflushed;
            let write = async {
                match self.out.is_empty() {
                    true => writer.flush().await.map(|()| 0),
                    false => writer.write_buf(&mut self.out).await,
                }
            };
            tokio::select! {
                place = table.queue.reserve(), if !self.backlog.is_empty() => match place {
                    Ok(place) => self.give(place),
                    Err(_) => return Ok(()),
                },
                read = reader.read_buf(&mut buffer), if is_listening => {
                    if read.map_err(|error| error.to_string())? == 0 {
                        return Err("the server closed the connection".to_owned());
                    }
                    self.heard = Instant::now();
                    while let Some(value) = decoder.decode(&mut buffer).map_err(|error| error.to_string())? {
                        self.hear(value)?;
                    }
                }
                written = write, if is_writing => {
                    self.is_unflushed = written.map_err(|error| error.to_string())? > 0;
                }
                () = wake.notified(), if self.asked.len() < ASKED => {
                    for (channel, op) in table.take_ops(self.id) {
                        self.take(channel, op);
                    }
                }
                _ = ticks.tick() => self.look(is_listening)?,
            }
            while !self.backlog.is_empty()
                && let Ok(place) = table.queue.try_reserve()
            {
                self.give(place);
            }
        }
    }

    fn take(&mut self, channel: Bytes, op: Op) {
        let mut command = redis::cmd(match (op, self.are_sharded) {
            (Op::Subscribe(_), true) => "SSUBSCRIBE",
            (Op::Subscribe(_), false) => "SUBSCRIBE",
            (Op::Unsubscribe, true) => "SUNSUBSCRIBE",
            (Op::Unsubscribe, false) => "UNSUBSCRIBE",
        });
        command.arg(&channel[..]);
        let asked = match op {
            Op::Subscribe(epoch) => Asked::Subscribe(channel, epoch),
            Op::Unsubscribe => Asked::Unsubscribe(channel),
        };
        self.send(&command, asked);
    }

    fn send(&mut self, command: &Cmd, asked: Asked) {
        self.out.extend_from_slice(&command.get_packed_command());
        self.asked.push_back(asked);
    }

    /// Looks whether the server is there.
    fn look(&mut self, is_listening: bool) -> Result<(), String> {
        if !is_listening {
            self.heard = Instant::now();
        }
        if self.heard.elapsed() >= SILENCE {
            return Err(format!("nothing came for {} s", SILENCE.as_secs()));
        }
        if !self.asked.iter().any(|asked| matches!(asked, Asked::Ping)) {
            self.send(&redis::cmd("PING"), Asked::Ping);
        }
        Ok(())
    }

    fn hear(&mut self, value: Value) -> Result<(), String> {
        match value {
            Value::Push { kind, data } => self.pushed(&kind, data),
            Value::ServerError(error) => self.refused(&error),
            _ => match self.asked.pop_front() {
                Some(Asked::Ping) => Ok(()),
                _ => Err(out_of_step()),
            },
        }
    }

    fn pushed(&mut self, kind: &PushKind, data: Vec<Value>) -> Result<(), String> {
        let mut data = data.into_iter();
        let Some(Value::BulkString(channel)) = data.next() else { return Ok(()) };
        match (kind, data.next()) {
            (PushKind::SMessage | PushKind::Message, Some(Value::BulkString(payload))) => {
                if let Some((topic, epoch)) = self.table.received(self.id, &channel) {
                    self.told(&channel.into(), epoch, &topic, &payload);
                }
                Ok(())
            }
            (PushKind::SSubscribe | PushKind::Subscribe, _) => match self.asked.pop_front() {
                Some(Asked::Subscribe(asked, epoch)) if asked == channel => {
                    if let Some(topic) = self.table.confirmed(self.id, &channel, epoch) {
                        let incoming = Incoming::Suspect(topic);
                        self.backlog.push_back(Pending { channel: asked, epoch, incoming });
                    }
                    Ok(())
                }
                _ => Err(out_of_step()),
            },
            (PushKind::SUnsubscribe | PushKind::Unsubscribe, _) => {
                if matches!(self.asked.front(), Some(Asked::Unsubscribe(asked)) if *asked == channel) {
                    self.asked.pop_front();
                } else {
                    // Nobody asked: the slot went to another server.
                    self.table.topology.suspect();
                    self.table.refused(self.id, &channel.into(), None);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn refused(&mut self, error: &ServerError) -> Result<(), String> {
        match self.asked.pop_front() {
            Some(Asked::Subscribe(channel, epoch)) => {
                let topology = &self.table.topology;
                let moved = error.details().filter(|_| error.code() == "MOVED").and_then(redirection);
                match moved {
                    Some((slot, address)) => topology.moved(slot, address),
                    None => {
                        topology.suspect();
                        if !std::mem::replace(&mut self.is_refusal_told, true) {
                            let code = error.code();
                            tracing::warn!(code, "redis refuses a subscription ({code}); it is tried again");
                        }
                    }
                }
                self.table.refused(self.id, &channel, Some(epoch));
                Ok(())
            }
            Some(Asked::Unsubscribe(_) | Asked::Ping) => Ok(()),
            None => Err(in_words(error)),
        }
    }

    /// Takes in what came over a channel. What means nothing here, because a newer version said it, keeps its number
    /// and is heard by nobody. Without a number it is as if it had not come: the next one shows the gap, or the hub
    /// when it next compares the topic with the store.
    fn told(&mut self, channel: &Bytes, epoch: Epoch, topic: &Topic, payload: &[u8]) {
        let mut unknown = 0;
        let read = payload::decode(topic, payload, |(numbering, stamp, event)| {
            unknown += u64::from(matches!(event, Event::Unknown));
            let delivery = Delivery { topic: topic.clone(), stamp, numbering, event: Arc::new(event) };
            let incoming = Incoming::Event(delivery);
            self.backlog.push_back(Pending { channel: channel.clone(), epoch, incoming });
        });
        if let Err(error) = read {
            metrics::counter!("gateway_bus_malformed_total").increment(1);
            tracing::warn!(%error, bytes = payload.len(), "an event that came from redis is dropped");
        }
        if unknown > 0 {
            metrics::counter!("gateway_bus_unknown_total").increment(unknown);
            if !std::mem::replace(&mut self.is_unknown_told, true) {
                tracing::warn!(
                    "events come from redis that this version does not know; they are not handed on"
                );
            }
        }
    }

    /// Hands the oldest of the backlog to the hub.
    fn give(&mut self, place: mpsc::Permit<'_, Incoming>) {
        if let Some(Pending { channel, epoch, incoming }) = self.backlog.pop_front() {
            self.table.deliver(self.id, &channel, epoch, place, incoming);
        }
    }
}

fn out_of_step() -> String {
    "an answer came that nobody asked for".to_owned()
}

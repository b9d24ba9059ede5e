//! The subscriptions at one master, over one connection at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::bus::{Delivery, Event, Incoming, Topic};
use crate::redis::resp::{self, Frame};
use crate::redis::wire::{Wire, WireError};
use crate::redis::{Address, redirection};

use super::payload;
use super::table::{Life, Op, Table};

/// Tells lanes apart, also two to the same server one after the other.
pub(super) type LaneId = u64;

/// How long the making of a connection may take.
const CONNECT: Duration = Duration::from_secs(1);
/// From this to `PAUSE_MOST` between attempts to connect, doubling, less a random part of up to half.
const PAUSE_LEAST: Duration = Duration::from_millis(20);
const PAUSE_MOST: Duration = Duration::from_millis(500);
/// A connection that held so long was a good one: the next attempt is made at once.
const GOOD: Duration = Duration::from_secs(2);

/// How often a server has to say something, and after how long a silence the connection counts as broken.
const PING: Duration = Duration::from_secs(1);
const SILENCE: Duration = Duration::from_secs(3);

/// Events that a lane keeps while the hub is behind. Afterwards it reads no further, and the server keeps them; what
/// it thinks too much it does not keep, but ends the connection, which is a loss like another.
const BACKLOG: usize = 1024;
/// How much is read at once.
const READ: usize = 64 * 1024;

/// Does a server know sharded channels? Those of before 7.0 do not; the scripts that publish ask the same.
const ARE_SHARDED: &[u8] = b"return redis.REDIS_VERSION_NUM and 1 or 0";

/// Keeps a connection to a master with the lane's subscriptions on it, until it is aborted or the hub is gone.
pub(super) async fn run(table: Arc<Table>, id: LaneId, address: Address, wake: Arc<Notify>) {
    let mut pause = PAUSE_LEAST;
    let mut is_known_away = false;
    loop {
        let failure = match timeout(CONNECT, connect(&table, &address)).await {
            Ok(Ok((wire, are_sharded))) => {
                is_known_away = false;
                let begun = Instant::now();
                let conversation = Conversation::new(&table, id, are_sharded);
                let ended = conversation.hold(wire, &wake).await;
                table.lost(id);
                let Err(reason) = ended else { return };
                metrics::counter!("gateway_bus_reconnects_total").increment(1);
                if begun.elapsed() >= GOOD {
                    pause = PAUSE_LEAST;
                }
                reason
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", CONNECT.as_secs()),
        };
        table.servers.suspect();
        // Once for each loss, not for each attempt.
        if !std::mem::replace(&mut is_known_away, true) {
            tracing::warn!(server = %address, reason = failure, "no events come from redis {address}");
        }
        sleep(pause.mul_f64(1.0 - rand::random::<f64>() / 2.0)).await;
        pause = (pause * 2).min(PAUSE_MOST);
    }
}

/// A greeted connection, and whether channels are sharded there.
async fn connect(table: &Table, address: &Address) -> Result<(Wire, bool), WireError> {
    let mut wire = Wire::open(&table.servers, address).await?;
    let answer = wire.ask(&[b"EVAL", ARE_SHARDED, b"0"]).await?;
    Ok((wire, answer == Frame::Int(1) && !table.is_plain))
}

/// A command whose answer has not come.
enum Asked {
    Subscribe(Bytes, Life),
    Unsubscribe(Bytes),
    Ping,
}

/// What waits for a place in the hub's queue.
struct Kept {
    channel: Bytes,
    life: Life,
    incoming: Incoming,
}

/// One connection from its first subscription to its end.
struct Conversation<'a> {
    table: &'a Arc<Table>,
    id: LaneId,
    are_sharded: bool,
    /// In the order of their sending, which is that of the answers.
    asked: VecDeque<Asked>,
    backlog: VecDeque<Kept>,
    out: BytesMut,
    /// Something was written that may not have left.
    is_unflushed: bool,
    /// When the server last said something, or was last not listened to.
    heard: Instant,
    is_refusal_told: bool,
    is_unknown_told: bool,
}

impl<'a> Conversation<'a> {
    fn new(table: &'a Arc<Table>, id: LaneId, are_sharded: bool) -> Self {
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
    async fn hold(mut self, wire: Wire, wake: &Notify) -> Result<(), String> {
        let Wire { mut reader, mut writer, mut buffer } = wire;
        let table = self.table;
        let mut ticks = interval(PING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for op in table.begin(self.id) {
            self.send(op);
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
                    while let Some(frame) = resp::decode(&mut buffer).map_err(|error| error.to_string())? {
                        self.hear(frame)?;
                    }
                }
                written = write, if is_writing => {
                    self.is_unflushed = written.map_err(|error| error.to_string())? > 0;
                }
                () = wake.notified() => {
                    for op in table.take_ops(self.id) {
                        self.send(op);
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

    fn send(&mut self, op: Op) {
        match op {
            Op::Subscribe(channel, life) => {
                let command: &[u8] = if self.are_sharded { b"SSUBSCRIBE" } else { b"SUBSCRIBE" };
                resp::encode(&mut self.out, &[command, &channel]);
                self.asked.push_back(Asked::Subscribe(channel, life));
            }
            Op::Unsubscribe(channel) => {
                let command: &[u8] = if self.are_sharded { b"SUNSUBSCRIBE" } else { b"UNSUBSCRIBE" };
                resp::encode(&mut self.out, &[command, &channel]);
                self.asked.push_back(Asked::Unsubscribe(channel));
            }
        }
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
            resp::encode(&mut self.out, &[b"PING"]);
            self.asked.push_back(Asked::Ping);
        }
        Ok(())
    }

    fn hear(&mut self, frame: Frame) -> Result<(), String> {
        match frame {
            Frame::Push(parts) => self.pushed(&parts),
            Frame::Error(error) => self.refused(&String::from_utf8_lossy(&error)),
            _ => match self.asked.pop_front() {
                Some(Asked::Ping) => Ok(()),
                _ => Err(out_of_step()),
            },
        }
    }

    fn pushed(&mut self, parts: &[Frame]) -> Result<(), String> {
        let [Frame::Text(kind), Frame::Text(channel), rest @ ..] = parts else { return Ok(()) };
        match (&kind[..], rest) {
            (b"smessage" | b"message", [Frame::Text(payload)]) => {
                if let Some((topic, life)) = self.table.received(self.id, channel) {
                    self.told(channel, life, &topic, payload);
                }
                Ok(())
            }
            (b"ssubscribe" | b"subscribe", _) => match self.asked.pop_front() {
                Some(Asked::Subscribe(asked, life)) if asked == *channel => {
                    if let Some(topic) = self.table.confirmed(self.id, channel, life) {
                        let incoming = Incoming::Doubt(topic);
                        self.backlog.push_back(Kept { channel: asked, life, incoming });
                    }
                    Ok(())
                }
                _ => Err(out_of_step()),
            },
            (b"sunsubscribe" | b"unsubscribe", _) => {
                if matches!(self.asked.front(), Some(Asked::Unsubscribe(asked)) if asked == channel) {
                    self.asked.pop_front();
                } else {
                    // Nobody asked: the slot went to another server.
                    self.table.servers.suspect();
                    self.table.refused(self.id, channel, None);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn refused(&mut self, error: &str) -> Result<(), String> {
        match self.asked.pop_front() {
            Some(Asked::Subscribe(channel, life)) => {
                let servers = &self.table.servers;
                match error.strip_prefix("MOVED ").and_then(redirection) {
                    Some((slot, address)) => servers.moved(slot, address),
                    None => {
                        servers.suspect();
                        if !std::mem::replace(&mut self.is_refusal_told, true) {
                            let code = error.split(' ').next().unwrap_or_default();
                            tracing::warn!(code, "redis refuses a subscription ({code}); it is tried again");
                        }
                    }
                }
                self.table.refused(self.id, &channel, Some(life));
                Ok(())
            }
            Some(Asked::Unsubscribe(_) | Asked::Ping) => Ok(()),
            None => Err(error.to_owned()),
        }
    }

    /// Takes in what came over a channel. What means nothing here, because a newer version said it, keeps its number
    /// and is heard by nobody. Without a number it is as if it had not come: the next one shows the gap, or the hub
    /// when it next compares the topic with the store.
    fn told(&mut self, channel: &Bytes, life: Life, topic: &Topic, payload: &[u8]) {
        let mut unknown = 0;
        let read = payload::decode(topic, payload, |(numbering, stamp, event)| {
            unknown += u64::from(matches!(event, Event::Unknown));
            let delivery = Delivery { topic: topic.clone(), stamp, numbering, event: Arc::new(event) };
            let incoming = Incoming::Event(delivery);
            self.backlog.push_back(Kept { channel: channel.clone(), life, incoming });
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
        if let Some(Kept { channel, life, incoming }) = self.backlog.pop_front() {
            self.table.deliver(self.id, &channel, life, place, incoming);
        }
    }
}

fn out_of_step() -> String {
    "an answer came that nobody asked for".to_owned()
}

//! The engine of many nodes: everything is kept in Redis, or in what speaks its language.
//!
//! | file | what it is |
//! |---|---|
//! | `commit`, `commit.lua` | batches: one call of one script, which checks, writes and announces |
//! | `queue` | which batches leave together, and that those of one partition keep their order |
//! | `keys` | how the keys are called, and what lies where |
//! | `known` | checks that need not be made again |
//! | `format`, `format.lua` | in which format the store is written, and whether that is known |
//! | `epoch`, `epoch.lua` | whether it is still the same store |
//! | `survey`, `survey.lua`, `keys.lua` | whether the servers are fit for it, and all instances have the same secret keys |
//! | `scan.lua`, `purge.lua` | what else is done by scripts |
//! | `walk` | how far a walk over all logs came |
//! | `range` | a scan as bounds of the index |
//! | `calls` | how a command reaches the master of its keys, and what becomes of a refusal |
//!
//! Redis runs one script at a time and a script whole, which is what makes batches atomic and serial. What is acknowledged is as durable as the operator's settings of persistence make it;
//! [`Settings::wait_replicas`] adds that so many replicas have it, so that a failover does not lose it.
//!
//! A batch that was sent is never sent again by itself: when the connection breaks before the answer, the caller is
//! told, and may repeat it under the same token. Reads are repeated until their deadline.

mod calls;
mod check_cache;
mod commit;
mod epoch;
mod format;
mod keys;
mod queue;
mod range;
mod scripts;
mod survey;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::id::Seq;
use redis::{Cmd, Value as Answer};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::redis::{Confirm, Namespace, Pool, Topology, slot_of};

use self::calls::{Call, WhenLost};
use self::check_cache::CheckCache;
use self::epoch::Epoch;
use self::format::Gate;
use self::keys::{Keys, Tag};
use self::queue::{Queue, Waiting};
use self::range::Range;
use self::scripts::{PROBE, PURGE, SCAN};
use self::survey::Survey;
use super::{
    Batch, Cursor, Engine, Entry, Key, Log, LogEnd, Logs, MOST_WAITING, Partition, Scan, StorageError, Table,
    Ticket, Value, Version, Window,
};

/// How long [`Engine::health`] waits.
const PROBE_DEADLINE: Duration = Duration::from_secs(2);

/// How long one server has for its part of a list of all logs.
const SCAN_DEADLINE: Duration = Duration::from_secs(4);

/// How often is looked whether the store is still of a format that is known.
const FORMAT_INTERVAL: Duration = Duration::from_secs(10);

/// Entries that are read with one command, and records that are deleted with one. Redis does nothing else meanwhile.
const PAGE: usize = 500;

/// What the engine asks of its servers beyond a bare answer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A batch is acknowledged when so many replicas said that they have it.
    pub wait_replicas: usize,
    /// How long the replicas have for that, at most two seconds.
    pub wait_timeout: Duration,
    /// Bytes of batches that may wait for their answers; one more is refused.
    pub most_waiting: usize,
    /// A server that throws keys away when its memory is full is good enough.
    pub allow_eviction: bool,
    /// For each application its number and a mark of each of its secret keys, with spaces between them. Other instances on
    /// the same servers have to know at least one of the keys of each application.
    pub keys: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait_replicas: 0,
            wait_timeout: Duration::from_secs(1),
            most_waiting: MOST_WAITING,
            allow_eviction: false,
            keys: Vec::new(),
        }
    }
}

/// How often is looked.
struct Pace {
    /// Whether the format is still one that is known.
    format: Duration,
    /// Whether epoch and servers are looked at at all.
    has_watches: bool,
}

/// The Redis engine. Several of them, in any number of processes, share what has the same prefix.
pub struct Redis {
    shared: Arc<Shared>,
    wait_replicas: usize,
    is_closed: AtomicBool,
    /// What goes on until the engine is closed or dropped.
    watches: Mutex<JoinSet<()>>,
}

struct Shared {
    keys: Keys,
    /// For what changes something; answers come when replicas have it, where that is asked for.
    writes: Arc<Pool>,
    /// For what only reads. The same pool unless writes wait for replicas, which holds up what is behind them.
    reads: Arc<Pool>,
    queue: Queue,
    known: CheckCache,
    format: Gate,
    epoch: Epoch,
    survey: Survey,
    /// What [`Engine::close`] waits for.
    under_way: TaskTracker,
}

impl Shared {
    /// Deletes the records of some ranges, and a log.
    async fn purge(&self, tag: &Tag, log: &[u8], ranges: Vec<Range>) -> Result<(), StorageError> {
        self.format.pass(Instant::now() + calls::DEADLINE).await?;
        let names = [tag.hash(), tag.index(), tag.log(log)];
        for bounds in ranges {
            loop {
                let mut command = PURGE.call(&names);
                command.arg(&bounds.low).arg(&bounds.high).arg(PAGE).arg(keys::end_of_log(log));
                let call = Call::new("purge", slot_of(tag.channel()), command, WhenLost::Repeat);
                let answer = text("purge", call.finish(&self.writes, None).await?)?;
                let deleted = answer.and_then(|text| std::str::from_utf8(&text).ok()?.parse::<usize>().ok());
                if deleted.ok_or_else(|| unreadable("purge"))? < PAGE {
                    break;
                }
            }
        }
        Ok(())
    }
}

fn failed(operation: &'static str, reason: impl ToString) -> StorageError {
    StorageError::Failed { operation, reason: reason.to_string() }
}

impl Redis {
    /// An engine on `servers`, which need not be there yet. Needs a Tokio runtime.
    pub fn new(topology: Arc<Topology>, names: Namespace, settings: Settings) -> Self {
        Self::at_pace(topology, names, settings, Pace { format: FORMAT_INTERVAL, has_watches: true })
    }

    fn at_pace(topology: Arc<Topology>, names: Namespace, settings: Settings, pace: Pace) -> Self {
        let Settings { wait_replicas: replicas, wait_timeout: timeout, most_waiting, allow_eviction, keys } =
            settings;
        let confirm =
            (replicas > 0).then_some(Confirm { replicas, timeout, is_written: scripts::has_written });
        let queue = Queue::new(topology.target().is_cluster(), most_waiting);
        let reads = Pool::new(topology.clone(), scripts::load_all(), None);
        let writes = match confirm {
            None => reads.clone(),
            Some(_) => Pool::new(topology, scripts::load_all(), confirm),
        };
        let shared = Arc::new(Shared {
            keys: Keys::new(names),
            writes,
            reads,
            queue,
            known: CheckCache::new(),
            format: Gate::new(),
            epoch: Epoch::new(),
            survey: Survey::new(allow_eviction, keys),
            under_way: TaskTracker::new(),
        });
        let mut watches = JoinSet::new();
        watches.spawn(format::watch(Arc::downgrade(&shared), pace.format));
        if pace.has_watches {
            watches.spawn(epoch::watch(Arc::downgrade(&shared)));
            watches.spawn(survey::watch(Arc::downgrade(&shared)));
        } else {
            shared.survey.take_for_granted();
        }
        let watches = Mutex::new(watches);
        Self { shared, wait_replicas: replicas, is_closed: AtomicBool::new(false), watches }
    }

    /// The number of the store's [epoch](Engine::epoch), each time there is another.
    pub fn epochs(&self) -> watch::Receiver<u64> {
        self.shared.epoch.subscribe()
    }

    /// Waits until it is known whether the store is of a format that this version knows, and fails if it is not.
    /// Gives up at `deadline`, which is no failure: Redis may come later.
    pub async fn opened(&self, deadline: Instant) -> Result<(), StorageError> {
        tokio::select! {
            biased;
            error = self.shared.format.refused() => Err(error),
            _ = self.shared.format.pass(deadline) => Ok(()),
        }
    }

    /// Waits for the store to be taken to a format that this version does not know, after which nothing can be stored
    /// and the process should stop.
    pub fn failed(&self) -> impl Future<Output = StorageError> + Send + use<> {
        let shared = self.shared.clone();
        async move { shared.format.refused().await }
    }

    /// Held while a call is under way.
    fn enter(&self) -> Result<TaskTrackerToken, StorageError> {
        let token = self.shared.under_way.token();
        if self.is_closed.load(Ordering::Acquire) { Err(StorageError::Closed) } else { Ok(token) }
    }

    fn tag(&self, partition: &Partition) -> Tag {
        self.shared.keys.of_partition(partition)
    }

    async fn call(&self, operation: &'static str, tag: &Tag, command: Cmd) -> Result<Answer, StorageError> {
        let _token = self.enter()?;
        let call = Call::new(operation, slot_of(tag.channel()), command, WhenLost::Repeat);
        self.shared.format.pass(call.deadline).await?;
        call.finish(&self.shared.reads, None).await
    }

    /// The values of some fields of a partition.
    async fn fields(
        &self,
        operation: &'static str,
        partition: &Partition,
        fields: impl Iterator<Item = Vec<u8>>,
    ) -> Result<Vec<Option<Bytes>>, StorageError> {
        let tag = self.tag(partition);
        let mut command = redis::cmd("HMGET");
        command.arg(tag.hash());
        let mut count = 0;
        for field in fields {
            command.arg(field);
            count += 1;
        }
        if count == 0 {
            // Redis takes no command without a field; whether the store is open is asked all the same.
            return self.enter().map(|_| Vec::new());
        }
        let answer = list(operation, self.call(operation, &tag, command).await?)?;
        if answer.len() != count {
            return Err(unreadable(operation));
        }
        answer.into_iter().map(|answer| text(operation, answer)).collect()
    }

    /// One command's worth of entries.
    async fn page(&self, log: &Log, window: Window) -> Result<Vec<Entry>, StorageError> {
        const OPERATION: &str = "read a log";
        let tag = self.tag(&log.partition);
        let (name, first, second) = match window.newest_first {
            false => ("XRANGE", window.from, window.to),
            true => ("XREVRANGE", window.to, window.from),
        };
        let mut command = redis::cmd(name);
        // An id without its second part means all that there are with the first.
        command.arg(tag.log(&log.name)).arg(first.0).arg(second.0).arg("COUNT").arg(window.limit);
        let answer = list(OPERATION, self.call(OPERATION, &tag, command).await?)?;
        answer.into_iter().map(|entry| stream_entry(entry).ok_or_else(|| unreadable(OPERATION))).collect()
    }
}

#[async_trait]
impl Engine for Redis {
    async fn get(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<Option<Value>>, StorageError> {
        let found = self.fields("get", partition, keys.iter().map(keys::field)).await?;
        found.into_iter().map(|found| found.map(|bytes| record("get", bytes)).transpose()).collect()
    }

    async fn counters(&self, partition: &Partition, keys: &[Key]) -> Result<Vec<i64>, StorageError> {
        let found = self.fields("count", partition, keys.iter().map(keys::field)).await?;
        let number = |bytes: Bytes| {
            let number = record("count", bytes)?.bytes;
            let number = std::str::from_utf8(&number).ok().and_then(|text| text.parse().ok());
            number.ok_or_else(|| unreadable("count"))
        };
        found.into_iter().map(|found| found.map_or(Ok(0), number)).collect()
    }

    async fn scan(&self, partition: &Partition, scan: Scan) -> Result<Vec<(Bytes, Value)>, StorageError> {
        let tag = self.tag(partition);
        let bounds = range::of_scan(&scan);
        let mut command = SCAN.call(&[tag.hash(), tag.index()]);
        let [skip, limit] = [scan.skip, scan.limit].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        match scan.reverse {
            false => command.arg("ZRANGEBYLEX").arg(bounds.low).arg(bounds.high),
            true => command.arg("ZREVRANGEBYLEX").arg(bounds.high).arg(bounds.low),
        };
        command.arg(skip).arg(limit);
        let answer = list("scan", self.call("scan", &tag, command).await?)?;
        let mut records = Vec::with_capacity(answer.len() / 2);
        let mut answer = answer.into_iter();
        while let (Some(field), Some(value)) = (answer.next(), answer.next()) {
            let (field, value) = (text("scan", field)?, text("scan", value)?);
            let (Some(field), Some(value)) = (field, value) else {
                return Err(StorageError::Damaged { operation: "scan" });
            };
            records.push((field.slice(1..), record("scan", value)?));
        }
        Ok(records)
    }

    async fn read(&self, log: &Log, window: Window) -> Result<Vec<Entry>, StorageError> {
        let mut left = window;
        let mut entries: Vec<Entry> = Vec::new();
        while left.from <= left.to && left.limit > 0 {
            let page = self.page(log, Window { limit: left.limit.min(PAGE), ..left }).await?;
            let is_last = page.len() < left.limit.min(PAGE);
            let was_trimmed = !window.newest_first
                && page.first().is_some_and(|first| first.seq > left.from)
                && !entries.is_empty();
            if was_trimmed {
                // What was read before is gone by now, so the rest begins here.
                entries.clear();
                left.limit = window.limit;
            }
            left.limit -= page.len();
            entries.extend(page);
            let Some(last) = entries.last() else { break };
            if is_last || last.seq == Seq(u64::MAX) || last.seq == Seq::ZERO {
                break;
            }
            match window.newest_first {
                false => left.from = last.seq.next(),
                true => left.to = last.seq.previous(),
            }
        }
        // The oldest entries may be gone, none between two that are there.
        let is_dense = |two: &[Entry]| two[0].seq.0.abs_diff(two[1].seq.0) == 1;
        if !entries.windows(2).all(is_dense) {
            return Err(StorageError::Damaged { operation: "read a log" });
        }
        self.enter().map(|_| entries)
    }

    async fn log_end(&self, log: &Log) -> Result<LogEnd, StorageError> {
        let field = std::iter::once(keys::end_of_log(&log.name));
        let found = self.fields("end", &log.partition, field).await?;
        let Some(id) = found.into_iter().flatten().next() else {
            // Nothing was ever said; or the hash is gone, and what was said is still there.
            let last = Window { from: Seq(1), to: Seq(u64::MAX), limit: 1, newest_first: true };
            let last = self.page(log, last).await?.pop();
            return Ok(last.map(|Entry { seq, at, .. }| LogEnd { seq, at }).unwrap_or_default());
        };
        std::str::from_utf8(&id).ok().and_then(commit::end).ok_or_else(|| unreadable("end"))
    }

    fn submit(&self, batch: Batch) -> Ticket {
        let spread = self.shared.writes.topology().target().is_cluster();
        let taken =
            self.enter().and_then(|token| Ok((token, commit::prepare(&self.shared.keys, &batch, spread)?)));
        let (token, prepared) = match taken {
            Ok(taken) => taken,
            Err(error) => return Ticket::refused(error),
        };
        let Some(room) = self.shared.queue.room_for(&prepared) else {
            return Ticket::refused(StorageError::overloaded(self.shared.queue.most_waiting()));
        };
        let (answer, outcome) = oneshot::channel();
        let deadline = Instant::now() + calls::DEADLINE;
        queue::submit(&self.shared, Waiting { prepared, deadline, answer, token, _room: room });
        Ticket::under_way(outcome)
    }

    async fn purge(
        &self,
        partition: &Partition,
        tables: &[Table],
        prefix: Bytes,
    ) -> Result<(), StorageError> {
        let token = self.enter()?;
        let tag = self.tag(partition);
        let mut ranges: Vec<_> = tables.iter().map(|&table| range::of_prefix(table, &prefix)).collect();
        // Without a table there is still the log.
        if ranges.is_empty() {
            ranges.push(range::nothing());
        }
        let (answer, outcome) = oneshot::channel();
        let (shared, purged) = (self.shared.clone(), tag.clone());
        let work = async move {
            // A caller that does not wait any more has no use for it.
            let _ = answer.send(shared.purge(&purged, &prefix, ranges).await);
            drop(token);
        };
        queue::submit_work(&self.shared, &tag, Box::pin(work));
        outcome.await.unwrap_or(Err(StorageError::Closed))
    }

    async fn logs(&self, after: Option<Cursor>, limit: usize) -> Result<Logs, StorageError> {
        const OPERATION: &str = "list the logs";
        let _token = self.enter()?;
        self.shared.format.pass(Instant::now() + SCAN_DEADLINE).await?;
        let mut masters = self.shared.reads.topology().masters();
        masters.sort();
        let (master, place) = match &after {
            None => (masters.first().cloned(), "0".to_owned()),
            Some(cursor) => {
                let (master, place) = walk::parse(cursor).ok_or_else(|| unreadable(OPERATION))?;
                // What a master had that is none any more lies with another now: begin again.
                if masters.contains(&master) {
                    (Some(master), place)
                } else {
                    (masters.first().cloned(), "0".to_owned())
                }
            }
        };
        let master =
            master.ok_or_else(|| failed(OPERATION, "it is not known which redis server is the master"))?;
        let mut command = redis::cmd("SCAN");
        // Most keys are no logs.
        command
            .arg(place)
            .arg("MATCH")
            .arg(self.shared.keys.all_logs())
            .arg("COUNT")
            .arg(limit.saturating_mul(4));
        let connection = self.shared.reads.at(&master);
        let answer = connection.send(Arc::new(command), Instant::now() + SCAN_DEADLINE).get().await;
        let answer = answer.map_err(|error| failed(OPERATION, error))?;
        let mut answer = list(OPERATION, answer)?.into_iter();
        let (Some(place), Some(keys)) = (answer.next(), answer.next()) else {
            return Err(unreadable(OPERATION));
        };
        let place = text(OPERATION, place)?.ok_or_else(|| unreadable(OPERATION))?;
        let mut logs = Vec::new();
        for key in list(OPERATION, keys)? {
            let key = text(OPERATION, key)?.unwrap_or_default();
            logs.extend(self.shared.keys.log_of(&key));
        }
        let next = if place.as_ref() == b"0" {
            let next = masters.into_iter().find(|other| *other > master);
            next.map(|next| walk::cursor(&next, b"0"))
        } else {
            Some(walk::cursor(&master, &place))
        };
        Ok(Logs { logs, next })
    }

    async fn trim(&self, log: &Log, first_kept: Seq) -> Result<(), StorageError> {
        const OPERATION: &str = "trim a log";
        let _token = self.enter()?;
        let tag = self.tag(&log.partition);
        loop {
            // Redis does nothing else while it trims, so it trims a page at a time.
            let first = Window { from: Seq(1), to: first_kept.previous(), limit: 1, newest_first: false };
            let Some(first) = self.page(log, first).await?.pop() else { return Ok(()) };
            let up_to = Seq(first.seq.0.saturating_add(PAGE as u64)).min(first_kept);
            let mut command = redis::cmd("XTRIM");
            command.arg(tag.log(&log.name)).arg("MINID").arg(up_to.0);
            let call = Call::new(OPERATION, slot_of(tag.channel()), command, WhenLost::Repeat);
            call.finish(&self.shared.writes, None).await?;
        }
    }

    async fn health(&self) -> Result<(), StorageError> {
        let _token = self.enter()?;
        let deadline = Instant::now() + PROBE_DEADLINE;
        // Every master has to be there, and one has to take a write.
        let ping = Arc::new(redis::cmd("PING"));
        let masters = self.shared.reads.masters();
        let answers: Vec<_> =
            masters.iter().map(|connection| connection.send(ping.clone(), deadline)).collect();
        for (connection, answer) in masters.iter().zip(answers) {
            if let Err(error) = answer.get().await {
                return Err(failed("probe", connection.trouble().unwrap_or_else(|| error.to_string())));
            }
        }
        // Before the format: who may not read it is told so in one word.
        self.shared.survey.refusal()?;
        self.shared.format.pass(deadline).await?;
        let key = self.shared.keys.probe();
        let call =
            Call { deadline, ..Call::new("probe", slot_of(&key), PROBE.call(&[&key]), WhenLost::Repeat) };
        match call.finish(&self.shared.writes, None).await {
            Err(StorageError::TimedOut { .. }) if self.wait_replicas > 0 => {
                let reason =
                    format!("too few replicas have what was written; {} are asked for", self.wait_replicas);
                Err(failed("probe", reason))
            }
            outcome => outcome.map(|_| ()),
        }?;
        self.shared.survey.verdict(deadline).await
    }

    fn epoch(&self) -> u64 {
        self.shared.epoch.number()
    }

    async fn close(&self) -> Result<(), StorageError> {
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return Err(StorageError::Closed);
        }
        self.shared.under_way.close();
        // Every call has a deadline, so this ends.
        self.shared.under_way.wait().await;
        self.watches.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        self.shared.forget_keys().await;
        Ok(())
    }
}

fn unreadable(operation: &'static str) -> StorageError {
    failed(operation, "the answer of redis cannot be read")
}

fn list(operation: &'static str, answer: Answer) -> Result<Vec<Answer>, StorageError> {
    match answer {
        Answer::Array(answers) => Ok(answers),
        _ => Err(unreadable(operation)),
    }
}

fn text(operation: &'static str, answer: Answer) -> Result<Option<Bytes>, StorageError> {
    match answer {
        Answer::BulkString(bytes) => Ok(Some(bytes.into())),
        Answer::Nil => Ok(None),
        _ => Err(unreadable(operation)),
    }
}

/// A field of the hash: eight bytes of version, and the record.
fn record(operation: &'static str, bytes: Bytes) -> Result<Value, StorageError> {
    let (version, _) = bytes.split_first_chunk().ok_or(StorageError::Damaged { operation })?;
    Ok(Value { version: Version(u64::from_be_bytes(*version)), bytes: bytes.slice(8..) })
}

/// `[id, [b, bytes]]`
fn stream_entry(answer: Answer) -> Option<Entry> {
    let Answer::Array(mut parts) = answer else { return None };
    let (Answer::Array(mut fields), Answer::BulkString(id)) = (parts.pop()?, parts.pop()?) else {
        return None;
    };
    let Answer::BulkString(bytes) = fields.pop()? else { return None };
    let end = commit::end(std::str::from_utf8(&id).ok()?)?;
    Some(Entry { seq: end.seq, at: end.at, bytes: bytes.into() })
}

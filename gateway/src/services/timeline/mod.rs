//! The log under every chat: what was said in a group or between two users, and what became of it.
//!
//! An entry never changes. A recall is a record beside it, and so is what one user hides from themselves,
//! how far they have read, and what they cleared.

mod damaged;

use bytes::Bytes;
use protocol::group::Tip;
use protocol::id::{Millis, Seq, UserId};
use protocol::message::{Message, Recall};
use protocol::push::Receipt;
use serde::{Deserialize, Serialize};

use self::damaged::decode_or_stand_in;
use super::decide::Decision;
use super::deps::{Deps, Outcome, side_by_side, unless_damaged};
use crate::bus::{Aside, AsideOf, DeviceId, Event, Origin, ReadTo, RecallMark, Topic};
use crate::storage::records::{self, Versioned};
use crate::storage::{self, Batch, Expected, Key, Log, StorageError, Table, Window};

/// What an entry is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Entry {
    #[serde(rename = "m")]
    Message(Message),
    #[serde(rename = "t")]
    Tip(Tip),
}

/// An entry as it is written, without being taken from who still needs it.
#[derive(Serialize)]
pub enum EntryRef<'a> {
    #[serde(rename = "m")]
    Message(&'a Message),
    #[serde(rename = "t")]
    Tip(&'a Tip),
}

/// What became of a message after it was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Annotation {
    #[serde(rename = "r")]
    recall: Recall,
    /// The device that recalled it; absent where it was none, or not noted.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    origin: Option<DeviceId>,
}

/// Where a reader of everything up to `read` is told that they are: SDKs count all that they have behind it, tips too, which
/// do not count. Nor do their own words, behind which there may be tips: those of `own` are passed over as well.
pub(in crate::services) fn after_tips(read: Seq, entries: &[Seen], own: Option<&UserId>) -> Seq {
    let behind = entries.iter().filter(|seen| seen.seq > read);
    let uncounted = behind.take_while(|seen| match &seen.entry {
        Entry::Tip(_) => true,
        Entry::Message(message) => own.is_some_and(|own| message.from.user == *own),
    });
    uncounted.last().map_or(read, |last| last.seq)
}

/// A recall, in the order of their times.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RecallNote {
    seq: Seq,
    random: u64,
    recall: Recall,
    /// The device that recalled it; absent where it was none, or not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<DeviceId>,
}

/// That the record is there says all: one user does not see an entry any more.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Hidden {}

/// Where a user stands in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// They have read up to here.
    #[serde(rename = "s", default)]
    pub read: Seq,
    /// The Unix second up to which they have read, as they reported it.
    #[serde(rename = "t", default)]
    pub read_time: u64,
    /// They cleared everything up to here for themselves.
    #[serde(rename = "c", default)]
    pub cleared: Seq,
    /// They have seen up to here that everybody was mentioned.
    #[serde(rename = "m", default, skip_serializing_if = "is_zero")]
    pub mentions: Seq,
    /// When they last read further; zero where that was before it was noted.
    #[serde(rename = "a", default, skip_serializing_if = "is_never")]
    pub moved_at: Millis,
    /// The device that did; absent where it was none, or not noted.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub moved_by: Option<DeviceId>,
}

impl Position {
    /// What a push tells of it.
    pub fn aside(&self, of: impl FnOnce(ReadTo) -> AsideOf) -> Aside {
        Aside { of: of(ReadTo { seq: self.read, time: self.read_time }), at: self.moved_at }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(seq: &Seq) -> bool {
    *seq == Seq::ZERO
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_never(at: &Millis) -> bool {
    *at == Millis(0)
}

/// An entry, as one reader sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub seq: Seq,
    pub at: Millis,
    pub entry: Entry,
    pub recall: Option<Recall>,
    /// The reader deleted it for themselves.
    pub is_hidden: bool,
}

/// A recall of the past.
#[derive(Clone, Debug)]
pub struct PastRecall {
    pub seq: Seq,
    pub random: u64,
    pub recall: Recall,
    /// Microseconds.
    pub at_us: u64,
    /// The device that recalled it; nothing where it was none, or not noted.
    pub origin: Option<DeviceId>,
}

impl PastRecall {
    pub fn mark(&self) -> RecallMark {
        RecallMark { at_us: self.at_us, seq: self.seq }
    }

    /// The device that recalled it, which is not told.
    pub fn made_on(&self) -> Option<Origin> {
        self.origin.map(|device| Origin { user: self.recall.by.clone(), device })
    }

    /// What a client acknowledges it with.
    pub fn receipt(&self) -> Receipt {
        Receipt::Recall { at_us: self.at_us, seq: self.seq }
    }
}

/// The tables of what is kept beside entries and has no use without them. A record's suffix begins with the name of the
/// log and ends with the number of the entry.
pub(super) const BESIDE_ENTRIES: [Table; 4] =
    [Table::Annotation, Table::Mention, Table::Recall, Table::Hidden];

/// Which entry a record of one of [`BESIDE_ENTRIES`] belongs to.
pub(super) fn entry_of(suffix: &[u8]) -> Option<Seq> {
    suffix.last_chunk().map(|number| Seq(u64::from_be_bytes(*number)))
}

fn suffix(log: &Log, rest: &[u8]) -> Bytes {
    [&log.name[..], rest].concat().into()
}

fn annotation_key(log: &Log, seq: Seq) -> Key {
    Key::new(Table::Annotation, suffix(log, &seq.0.to_be_bytes()))
}

pub(super) fn position_key(log: &Log, user: &UserId) -> Key {
    Key::new(Table::Read, suffix(log, user.as_str().as_bytes()))
}

/// Ids hold no control character, so a NUL ends them.
fn hidden_prefix(log: &Log, user: &UserId) -> Bytes {
    suffix(log, &[user.as_str().as_bytes(), b"\0"].concat())
}

fn hidden_key(log: &Log, user: &UserId, seq: Seq) -> Key {
    Key::new(Table::Hidden, [&hidden_prefix(log, user)[..], &seq.0.to_be_bytes()].concat())
}

/// Reads logs and writes what is kept beside them.
#[derive(Clone)]
pub struct Timelines {
    deps: Deps,
}

impl Timelines {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Entries of a window in its order, as `reader` sees them; without a reader nothing is hidden.
    pub async fn read(
        &self,
        log: &Log,
        window: Window,
        reader: Option<&UserId>,
    ) -> Result<Vec<Seen>, StorageError> {
        let entries = self.deps.engine.read(log, window).await?;
        let mut keys: Vec<Key> = entries.iter().map(|entry| annotation_key(log, entry.seq)).collect();
        if let Some(reader) = reader {
            keys.extend(entries.iter().map(|entry| hidden_key(log, reader, entry.seq)));
        }
        let found = records::values_each(&self.deps.engine, &log.partition, &keys).await?;
        let (annotations, hidden) = found.split_at(entries.len());
        let mut seen = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let annotation = annotations[index]
                .clone()
                .and_then(|value| value.map(|value| records::decode::<Annotation>(&value.bytes)).transpose());
            let (annotation, entry) = match annotation {
                Ok(annotation) => (annotation, entry.clone()),
                // It may have been recalled, so it is not shown.
                Err(_) => (None, storage::Entry { bytes: Bytes::new(), ..entry.clone() }),
            };
            seen.push(Seen {
                seq: entry.seq,
                at: entry.at,
                entry: decode_or_stand_in(log, &entry, reader),
                recall: annotation.map(|annotation| annotation.recall),
                // One that is damaged was there.
                is_hidden: hidden.get(index).is_some_and(|hidden| !matches!(hidden, Ok(None))),
            });
        }
        Ok(seen)
    }

    /// Those of the entries with these numbers that are kept, in this order, as `reader` sees them.
    pub async fn entries(
        &self,
        log: &Log,
        seqs: &[Seq],
        reader: Option<&UserId>,
    ) -> Result<Vec<Seen>, StorageError> {
        let found = side_by_side(seqs.iter().copied(), |seq| {
            let window = Window { from: seq, to: seq, limit: 1, newest_first: false };
            self.read(log, window, reader)
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    /// One entry.
    pub async fn entry(&self, log: &Log, seq: Seq) -> Result<Option<Seen>, StorageError> {
        let window = Window { from: seq, to: seq, limit: 1, newest_first: false };
        Ok(self.read(log, window, None).await?.pop())
    }

    /// The oldest entry that is left.
    pub async fn first(&self, log: &Log) -> Result<Option<storage::Entry>, StorageError> {
        let window = Window { from: Seq(1), to: Seq(u64::MAX), limit: 1, newest_first: false };
        Ok(self.deps.engine.read(log, window).await?.pop())
    }

    /// The recall of a message, made now.
    pub fn recall_now(
        &self,
        (seq, random): (Seq, u64),
        recall: Recall,
        origin: Option<DeviceId>,
    ) -> PastRecall {
        // Two recalls of one millisecond must not share a key.
        let at_us = self.deps.now().0 * 1000 + u64::from(rand::random::<u16>()) % 1000;
        PastRecall { seq, random, recall, at_us, origin }
    }

    /// Notes that a message was recalled, and tells of it. False when it was recalled before.
    pub async fn recall(
        &self,
        log: &Log,
        recalled: PastRecall,
        announces: Vec<(Topic, Event)>,
    ) -> Result<bool, StorageError> {
        let PastRecall { seq, random, recall, at_us, origin } = recalled;
        let note = RecallNote { seq, random, recall: recall.clone(), origin };
        let key = annotation_key(log, seq);
        let mut batch = Batch::new(log.partition.clone(), self.deps.now())
            .check(key.clone(), Expected::Absent)
            .put(key, records::encode(&Annotation { recall, origin }))
            .put(Key::new(Table::Recall, recall_suffix(log, at_us, seq)), records::encode(&note));
        for (topic, event) in announces {
            batch = batch.announce(topic, event);
        }
        Ok(matches!(self.deps.commit(batch).await?, Outcome::Stored(_)))
    }

    /// The device that recalled an entry; nothing where it was none, or not noted.
    pub async fn recalled_on(&self, log: &Log, seq: Seq) -> Result<Option<DeviceId>, StorageError> {
        let found: Option<Versioned<Annotation>> =
            records::get(&self.deps.engine, &log.partition, annotation_key(log, seq)).await?;
        Ok(found.and_then(|found| found.record.origin))
    }

    /// Recalls after a time in microseconds and up to `end_us`, oldest first; of those of that very time the ones of
    /// messages after a number.
    pub async fn recalls(
        &self,
        log: &Log,
        after: (u64, Seq),
        end_us: u64,
        limit: usize,
    ) -> Result<Vec<PastRecall>, StorageError> {
        let scan = crate::storage::Scan {
            table: Table::Recall,
            prefix: log.name.clone(),
            after: Some(recall_suffix(log, after.0, after.1)),
            skip: 0,
            limit,
            reverse: false,
        };
        let found = self.deps.engine.scan(&log.partition, scan).await?;
        let mut recalls = Vec::new();
        for (suffix, value) in found {
            let time = suffix.get(log.name.len()..log.name.len() + 8).and_then(|bytes| bytes.try_into().ok());
            let at_us = time.map_or(0, u64::from_be_bytes);
            if at_us > end_us {
                break;
            }
            let note: RecallNote = records::decode(&value.bytes)?;
            let RecallNote { seq, random, recall, origin } = note;
            recalls.push(PastRecall { seq, random, recall, at_us, origin });
        }
        Ok(recalls)
    }

    /// Where a user stands.
    pub async fn position(&self, log: &Log, user: &UserId) -> Result<Position, StorageError> {
        let found: Option<Versioned<Position>> =
            records::get(&self.deps.engine, &log.partition, position_key(log, user)).await?;
        Ok(found.map(|found| found.record).unwrap_or_default())
    }

    /// Where some users stand; at the beginning where that is damaged.
    pub async fn positions<const N: usize>(
        &self,
        log: &Log,
        users: [&UserId; N],
    ) -> Result<[Position; N], StorageError> {
        let keys = users.map(|user| position_key(log, user));
        let found = records::get_each::<Position>(&self.deps.engine, &log.partition, &keys).await?;
        let mut positions = [Position::default(); N];
        for (position, found) in positions.iter_mut().zip(found) {
            *position = unless_damaged(found)?.map(|found| found.record).unwrap_or_default();
        }
        Ok(positions)
    }

    /// Moves a user forward, never back, and tells of it. False when they stood there already.
    pub async fn advance(
        &self,
        log: &Log,
        user: &UserId,
        to: Position,
        announces: &[(Topic, Event)],
    ) -> Result<bool, StorageError> {
        let decided = self.deps.decide("move a read position", || async {
            let key = position_key(log, user);
            let found: Option<Versioned<Position>> =
                records::get(&self.deps.engine, &log.partition, key.clone()).await?;
            let (before, expected) = match found {
                None => (Position::default(), Expected::Absent),
                Some(found) => (found.record, Expected::Version(found.version)),
            };
            let after = Position {
                read: before.read.max(to.read),
                read_time: before.read_time.max(to.read_time),
                cleared: before.cleared.max(to.cleared),
                mentions: before.mentions.max(to.mentions),
                moved_at: before.moved_at,
                moved_by: before.moved_by,
            };
            let has_read = after.read > before.read || after.read_time > before.read_time;
            let now = self.deps.now();
            let after =
                if has_read { Position { moved_at: now, moved_by: to.moved_by, ..after } } else { after };
            if before == after {
                return Ok(Decision::Done(false));
            }
            let mut batch = Batch::new(log.partition.clone(), now)
                .check(key.clone(), expected)
                .put(key, records::encode(&after));
            for (topic, event) in announces {
                batch = batch.announce(topic.clone(), event.clone());
            }
            Ok::<_, StorageError>(Decision::Commit(batch, true))
        });
        decided.await
    }

    /// Hides entries from one user.
    pub async fn hide(&self, log: &Log, user: &UserId, seqs: &[Seq]) -> Result<(), StorageError> {
        if seqs.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new(log.partition.clone(), self.deps.now());
        for seq in seqs {
            batch = batch.put(hidden_key(log, user, *seq), records::encode(&Hidden {}));
        }
        self.deps.commit(batch).await?;
        Ok(())
    }

    /// The first entry whose time is at least `second` (Unix), by bisection: times never go backwards.
    /// One past the end when all are earlier. What was trimmed is earlier than everything.
    pub async fn first_at(&self, log: &Log, second: u64) -> Result<Seq, StorageError> {
        self.first_later(log, |at| at.seconds() < second).await
    }

    /// The last entry that was there before a time; zero when there was none.
    pub async fn last_before(&self, log: &Log, time: Millis) -> Result<Seq, StorageError> {
        Ok(self.first_later(log, |at| at < time).await?.previous())
    }

    async fn first_later(&self, log: &Log, is_early: impl Fn(Millis) -> bool) -> Result<Seq, StorageError> {
        let end = self.deps.engine.log_end(log).await?;
        if end.seq == Seq::ZERO || is_early(end.at) {
            return Ok(end.seq.next());
        }
        let (mut low, mut high) = match self.first(log).await? {
            None => return Ok(end.seq.next()),
            Some(first) if !is_early(first.at) => return Ok(first.seq),
            Some(first) => (first.seq.next(), end.seq.next()),
        };
        while low < high {
            let middle = Seq(low.0 + (high.0 - low.0) / 2);
            // Some may be trimmed meanwhile; the first that is left stands for them.
            let window = Window { from: middle, to: end.seq, limit: 1, newest_first: false };
            match self.deps.engine.read(log, window).await?.first() {
                Some(entry) if is_early(entry.at) => low = entry.seq.next(),
                Some(_) => high = middle,
                None => high = middle,
            }
        }
        Ok(low)
    }
}

fn recall_suffix(log: &Log, at_us: u64, seq: Seq) -> Bytes {
    suffix(log, &[at_us.to_be_bytes(), seq.0.to_be_bytes()].concat())
}

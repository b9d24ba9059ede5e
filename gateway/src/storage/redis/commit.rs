//! Batches as the arguments of `commit.lua`, and the script's answers as what the batches brought about.

use std::sync::Arc;

use bytes::Bytes;
use protocol::id::{Millis, Seq};
use redis::{Cmd, Value};

use crate::bus::{Event, take_apart};
use crate::redis::in_words;
use crate::storage::{
    Announce, Batch, Check, CommitError, Committed, Expected, IDEMPOTENCY_WINDOW, LogEnd, MOST_APPENDS,
    StorageError, Version,
};

use super::check_cache::CheckCache;
use super::failed;
use super::keys::{self, Keys, Tag};
use super::scripts::COMMIT;

/// From here on Lua, which counts with doubles, would leave numbers out.
const INEXACT: u64 = 1 << 53;

/// Keys of so many milliseconds are kept, and forgotten, together.
const GENERATION: u64 = 20 * 60 * 1000;
/// So much may the clocks of instances differ without a token being missed.
const CLOCKS: u64 = 60 * 1000;

/// The flags of a batch of any kind.
const HAS_TOKEN: u8 = 1;
const HAS_OWN_OFFSETS: u8 = 2;
const IS_DECISIVE: u8 = 4;

/// A batch that can be sent.
pub(super) struct Prepared {
    pub(super) tag: Tag,
    form: Form,
    /// The events that the script cannot announce, because their topics are kept elsewhere.
    pub(super) foreign: Vec<Foreign>,
    /// About so many bytes.
    pub(super) size: usize,
}

/// An event for a topic with another tag than the batch's.
pub(super) struct Foreign {
    pub(super) tag: Tag,
    /// Which of the batch's entries it tells of.
    pub(super) append: Option<usize>,
    pub(super) event: Arc<[u8]>,
}

enum Form {
    Message(Box<Message>),
    /// Keys and arguments as they are.
    Any(Vec<Vec<u8>>, Vec<Vec<u8>>),
}

/// A message in a group: a token, checks, and an entry that its event tells of.
struct Message {
    run: Run,
    token: Bytes,
    checks: Vec<u8>,
    /// Whether what is checked changes the partition's decisive version.
    are_decisive: bool,
    at: Millis,
    bytes: Bytes,
}

/// What messages of one run have in common.
#[derive(PartialEq)]
struct Run {
    generations: Generations,
    log: Bytes,
    /// The part of the group in whose channel it is told.
    part: Vec<u8>,
    /// What the event begins with.
    event: Vec<u8>,
}

/// Where a token is kept, and where else it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Generations {
    own: u64,
    other: Option<u64>,
}

impl Generations {
    fn of(at: Millis) -> Self {
        let (own, since) = (at.0 / GENERATION, at.0 % GENERATION);
        let other = if since < IDEMPOTENCY_WINDOW.as_millis() as u64 + CLOCKS {
            own.checked_sub(1)
        } else if GENERATION - since <= CLOCKS {
            // An instance whose clock is ahead may have had it before.
            Some(own + 1)
        } else {
            None
        };
        Self { own, other }
    }

    fn keys(self, tag: &Tag) -> [Vec<u8>; 2] {
        [tag.idempotency_key(self.own), tag.idempotency_key(self.other.unwrap_or(self.own))]
    }
}

/// An event that the script announces.
struct Spoken {
    to: Numbered,
    append: Option<usize>,
    event: Arc<[u8]>,
}

/// How an event is numbered, and where: see `commit.lua`.
enum Numbered {
    Entry,
    /// In the channel of this part of the group.
    EntryOf(Vec<u8>),
    OwnOffset,
    /// Of the topic whose hash has this place among the keys, from 1.
    TurnOf(usize),
}

/// Writes down a batch. `spread` says that tags are spread over servers, so that only the batch's own is at hand.
pub(super) fn prepare(keys: &Keys, batch: &Batch, spread: bool) -> Result<Prepared, StorageError> {
    if batch.at.0 >= INEXACT {
        return Err(failed("commit", "the time of the batch is out of range"));
    }
    if batch.appends.len() > MOST_APPENDS {
        return Err(StorageError::too_many_appends());
    }
    if batch.appends.is_empty() && !batch.index.is_empty() {
        return Err(StorageError::nothing_to_index());
    }
    let tag = keys.of_partition(&batch.partition);
    if let Some(message) = message(keys, batch, &tag) {
        let size = message.bytes.len() + message.checks.len() + message.run.event.len();
        return Ok(Prepared { tag, form: Form::Message(Box::new(message)), foreign: Vec::new(), size });
    }
    any(keys, batch, tag, spread)
}

/// Whether a batch writes or deletes records or counters.
fn changes(batch: &Batch) -> bool {
    !(batch.adds.is_empty() && batch.puts.is_empty() && batch.deletes.is_empty() && batch.index.is_empty())
}

/// The batch as a message in a group, if that is what it is.
fn message(keys: &Keys, batch: &Batch, tag: &Tag) -> Option<Message> {
    let (Some(token), [append], [announce]) =
        (&batch.idempotency_key, &batch.appends[..], &batch.announces[..])
    else {
        return None;
    };
    let is_plain = !changes(batch);
    if !is_plain
        || !announce.event.is_entry()
        || announce.append.is_none()
        || keys.of_topic(&announce.topic) != *tag
    {
        return None;
    }
    let beginning = take_apart(&announce.event, &append.bytes)?;
    let mut checks = Vec::new();
    for Check { key, expected } in &batch.checks {
        let field = keys::field(key);
        checks.extend_from_slice(&u16::try_from(field.len()).ok()?.to_be_bytes());
        checks.extend_from_slice(&field);
        let expected: &[u8] = match expected {
            Expected::Absent => b"",
            Expected::Present => b"+",
            Expected::Version(Version(version)) => &version.to_be_bytes(),
        };
        checks.push(expected.len() as u8);
        checks.extend_from_slice(expected);
    }
    Some(Message {
        run: Run {
            generations: Generations::of(batch.at),
            log: append.log.clone(),
            part: keys::part_of(&announce.topic),
            event: beginning,
        },
        token: token.clone(),
        checks,
        are_decisive: batch.checks.iter().all(|check| keys::affects_checks(check.key.table)),
        at: batch.at,
        bytes: append.bytes.clone(),
    })
}

/// A batch of any kind.
fn any(keys: &Keys, batch: &Batch, tag: Tag, spread: bool) -> Result<Prepared, StorageError> {
    let changes = changes(batch);
    let mut names = vec![tag.hash()];
    if changes {
        names.push(tag.index());
    }
    let generations = Generations::of(batch.at);
    if batch.idempotency_key.is_some() {
        names.extend(generations.keys(&tag));
    }
    names.extend(batch.appends.iter().map(|append| tag.log(&append.log)));
    let (spoken, foreign) = announces(keys, batch, &tag, spread, &mut names)?;
    let own_offsets = spoken.iter().any(|spoken| matches!(spoken.to, Numbered::OwnOffset));
    let put = batch.puts.iter().chain(&batch.index).map(|(key, _)| key).chain(&batch.deletes);
    let mut written = put.chain(batch.adds.iter().map(|add| &add.key));

    let mut flags = 0;
    for (flag, is_set) in [
        (HAS_TOKEN, batch.idempotency_key.is_some()),
        (HAS_OWN_OFFSETS, own_offsets),
        (IS_DECISIVE, written.any(|key| keys::affects_checks(key.table))),
    ] {
        flags |= if is_set { flag } else { 0 };
    }
    let mut plan = Vec::with_capacity(14 + spoken.len());
    plan.push(b'g');
    let puts = batch.puts.len() + batch.index.len();
    for count in [batch.checks.len(), batch.adds.len(), puts, batch.deletes.len(), spoken.len()] {
        let count = u16::try_from(count).map_err(|_| failed("commit", "the batch is too large"))?;
        plan.extend_from_slice(&count.to_be_bytes());
    }
    let indexed = u8::try_from(batch.index.len()).map_err(|_| failed("commit", "the batch is too large"))?;
    plan.extend([batch.appends.len() as u8, indexed, flags]);
    // Places from 1; 0 is none.
    plan.extend(spoken.iter().map(|spoken| spoken.append.map_or(0, |append| append as u8 + 1)));

    let mut arguments = vec![plan];
    if let Some(token) = &batch.idempotency_key {
        arguments.extend([generations.own.to_string().into_bytes(), token.to_vec()]);
    }
    let read = batch.checks.iter().map(|check| &check.key).chain(batch.adds.iter().map(|add| &add.key));
    arguments.extend(read.map(keys::field));
    if changes {
        arguments.push(keys::LAST_VERSION.to_vec());
    }
    if own_offsets {
        arguments.push(keys::LAST_OFFSET.to_vec());
    }
    if batch.idempotency_key.is_some() {
        arguments.push(keys::TOKENS.to_vec());
    }
    arguments.extend(batch.appends.iter().map(|append| keys::end_of_log(&append.log)));
    arguments.extend(batch.checks.iter().map(|check| match check.expected {
        Expected::Absent => Vec::new(),
        Expected::Present => b"+".to_vec(),
        Expected::Version(Version(version)) => version.to_be_bytes().to_vec(),
    }));
    for add in &batch.adds {
        let most = add.at_most.map(|most| most.to_string()).unwrap_or_default();
        arguments.extend([add.delta.to_string().into_bytes(), most.into_bytes()]);
    }
    for (key, bytes) in batch.puts.iter().chain(&batch.index) {
        arguments.extend([keys::field(key), bytes.to_vec()]);
    }
    arguments.extend(batch.deletes.iter().map(keys::field));
    if !batch.appends.is_empty() {
        arguments.push(batch.at.0.to_string().into_bytes());
        arguments.extend(batch.appends.iter().map(|append| append.bytes.to_vec()));
    }
    for Spoken { to, event, .. } in &spoken {
        let to = match to {
            Numbered::Entry => b"e".to_vec(),
            Numbered::EntryOf(part) => [b"e", &part[..]].concat(),
            Numbered::OwnOffset => b"t".to_vec(),
            Numbered::TurnOf(place) => place.to_string().into_bytes(),
        };
        arguments.extend([to, event.to_vec()]);
    }
    let size = arguments.iter().map(Vec::len).sum();
    Ok(Prepared { tag, form: Form::Any(names, arguments), foreign, size })
}

/// A call, and which answers it will have.
pub(super) struct Written {
    pub(super) command: Cmd,
    pub(super) units: Vec<Unit>,
}

/// What the script answers together.
pub(super) enum Unit {
    Any,
    Messages {
        tag: Tag,
        /// The checks of each message, if they can be remembered.
        checks: Vec<Option<Vec<u8>>>,
    },
}

/// Writes batches into one call. Those of one partition stand together.
pub(super) fn write<'a>(batches: impl Iterator<Item = &'a Prepared>, known: &CheckCache) -> Written {
    let (mut names, mut arguments, mut units) = (Vec::new(), Vec::new(), Vec::new());
    let mut batches = batches.peekable();
    while let Some(batch) = batches.next() {
        let first = match &batch.form {
            Form::Any(keys, own) => {
                names.extend(keys.iter().cloned());
                arguments.extend(own.iter().cloned());
                units.push(Unit::Any);
                continue;
            }
            Form::Message(first) => first,
        };
        let mut messages = vec![first];
        while let Some(Prepared { form: Form::Message(next), .. }) =
            batches.next_if(|next| matches!(&next.form, Form::Message(message) if next.tag == batch.tag && message.run == first.run))
        {
            messages.push(next);
        }
        let checks: Vec<_> =
            messages.iter().map(|message| message.are_decisive.then(|| message.checks.clone())).collect();
        let version = known.version(&batch.tag, checks.iter().map(Option::as_deref));
        let Run { generations, log, part, event } = &first.run;
        names.push(batch.tag.hash());
        names.extend(generations.keys(&batch.tag));
        names.push(batch.tag.log(log));
        arguments.extend([
            messages.len().to_string().into_bytes(),
            generations.own.to_string().into_bytes(),
            version.as_ref().map_or(b"-".to_vec(), |version| version.to_vec()),
            keys::end_of_log(log),
            part.clone(),
            event.clone(),
        ]);
        for message in messages {
            arguments.extend([
                message.token.to_vec(),
                message.at.0.to_string().into_bytes(),
                message.bytes.to_vec(),
            ]);
            if version.is_none() {
                arguments.push(message.checks.clone());
            }
        }
        units.push(Unit::Messages { tag: batch.tag.clone(), checks });
    }
    let mut command = COMMIT.call(&names);
    for argument in arguments {
        command.arg(argument);
    }
    Written { command, units }
}

/// What the script announces, with the hashes it needs added to `names`; and what it cannot.
fn announces(
    keys: &Keys,
    batch: &Batch,
    own: &Tag,
    spread: bool,
    names: &mut Vec<Vec<u8>>,
) -> Result<(Vec<Spoken>, Vec<Foreign>), StorageError> {
    let (mut spoken, mut foreign) = (Vec::new(), Vec::new());
    let mut last: Option<(&Arc<Event>, Arc<[u8]>)> = None;
    for Announce { topic, event, append } in &batch.announces {
        let append = *append;
        // One event often goes to several topics.
        let text = match &last {
            Some((same, text)) if Arc::ptr_eq(same, event) => text.clone(),
            _ => serde_json::to_vec(&**event).map_err(|error| failed("commit", error))?.into(),
        };
        last = Some((event, text.clone()));
        let tag = keys.of_topic(topic);
        if tag == *own {
            let is_entry = event.is_entry() && append.is_some();
            let part = keys::part_of(topic);
            let to = match (is_entry, part.is_empty()) {
                (true, true) => Numbered::Entry,
                (true, false) => Numbered::EntryOf(part),
                (false, true) => Numbered::OwnOffset,
                (false, false) => {
                    names.push(keys.offsets_of(topic));
                    Numbered::TurnOf(names.len())
                }
            };
            spoken.push(Spoken { to, append, event: text });
        } else if spread {
            foreign.push(Foreign { tag, append, event: text });
        } else {
            names.push(tag.hash());
            spoken.push(Spoken { to: Numbered::TurnOf(names.len()), append, event: text });
        }
    }
    Ok((spoken, foreign))
}

/// What became of a batch; nothing when it has to be sent again, as must be those of its partition that came after it.
pub(super) type Outcome = Option<Result<Committed, CommitError>>;

/// What the script answered to each batch, in their order.
pub(super) fn outcomes(
    answer: Value,
    units: &[Unit],
    known: &CheckCache,
) -> Result<Vec<Outcome>, StorageError> {
    let Value::Array(answers) = answer else { return Err(unreadable()) };
    let mut answers = answers.into_iter().peekable();
    let mut outcomes = Vec::new();
    for unit in units {
        let Unit::Messages { tag, checks } = unit else {
            outcomes.push(outcome(&answers.next().ok_or_else(unreadable)?));
            continue;
        };
        let mut version: Option<Bytes> = None;
        if let Some(Value::Array(now)) = answers.next_if(|next| matches!(next, Value::Array(_)))
            && let Some(Value::BulkString(now)) = now.into_iter().next()
        {
            version = Some(now.into());
        }
        for checks in checks {
            let outcome = outcome(&answers.next().ok_or_else(unreadable)?);
            match (&outcome, &version, checks) {
                (None, ..) => known.forget(tag),
                // One that was stored before was not checked.
                (Some(Ok(Committed { repeated: false, .. })), Some(version), Some(checks)) => {
                    known.note(tag, version, checks);
                }
                _ => {}
            }
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

pub(super) fn unreadable() -> StorageError {
    failed("commit", "the script's answer cannot be read")
}

fn outcome(answer: &Value) -> Outcome {
    Some(match answer {
        Value::Nil => return None,
        Value::BulkString(text) => committed(text).ok_or_else(|| unreadable().into()),
        Value::Int(refusal) => {
            let number = if *refusal < 0 { -1 - refusal } else { *refusal };
            let number = usize::try_from(number).unwrap_or_default();
            Err(if *refusal < 0 { CommitError::Bound(number) } else { CommitError::Conflict(number) })
        }
        // Only this batch was refused.
        Value::ServerError(error) => {
            metrics::counter!("gateway_redis_errors_total", "operation" => "commit", "kind" => "refused")
                .increment(1);
            Err(failed("commit", in_words(error)).into())
        }
        _ => Err(unreadable().into()),
    })
}

fn committed(text: &[u8]) -> Option<Committed> {
    let text = std::str::from_utf8(text).ok()?;
    let (repeated, text) = text.strip_prefix('=').map_or((false, text), |text| (true, text));
    let mut parts = text.split(' ');
    let entries = match parts.next().unwrap_or_default() {
        "" => Vec::new(),
        ids => ids.split(',').map(end).collect::<Option<_>>()?,
    };
    let counters = parts.map(|sum| sum.parse().ok()).collect::<Option<_>>()?;
    Some(Committed { entries, counters, repeated })
}

/// An entry's id, `seq-time`.
pub(super) fn end(id: &str) -> Option<LogEnd> {
    let (seq, at) = id.split_once('-')?;
    Some(LogEnd { seq: Seq(seq.parse().ok()?), at: Millis(at.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_looked_for_wherever_it_may_have_been_put() {
        let window = IDEMPOTENCY_WINDOW.as_millis() as u64;
        let begin = 90_000 * GENERATION;
        for first in (begin..begin + 2 * GENERATION).step_by(10_000) {
            // The second instance's clock may be behind or ahead.
            for second in (first - CLOCKS..first + window + CLOCKS).step_by(10_000) {
                let put = Generations::of(Millis(first)).own;
                let Generations { own, other } = Generations::of(Millis(second));
                assert!(put == own || Some(put) == other, "{first} {second}");
            }
        }
    }
}

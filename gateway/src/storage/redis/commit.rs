//! A batch as the arguments of `commit.lua`, and the script's answer as what the batch brought about.

use std::sync::Arc;

use protocol::id::{Millis, Seq};
use redis::{Cmd, Value};

use crate::bus::Event;
use crate::redis::keys::{self, Keys, Tag};
use crate::storage::{Announce, Batch, CommitError, Committed, Expected, Head, StorageError, Version};

use super::failed;
use super::scripts::COMMIT;

/// From here on Lua, which counts with doubles, would leave numbers out.
const INEXACT: u64 = 1 << 53;

/// The flags of the first argument.
const HAS_TOKEN: u8 = 1;
const HAS_ENTRY: u8 = 2;
const HAS_OWN_TURNS: u8 = 4;

/// A batch that can be sent.
pub(super) struct Prepared {
    pub(super) tag: Tag,
    pub(super) command: Cmd,
    /// The events that the script cannot announce, because their topics are kept elsewhere.
    pub(super) foreign: Vec<Foreign>,
}

/// An event for a topic with another tag than the batch's.
pub(super) struct Foreign {
    pub(super) tag: Tag,
    pub(super) event: Arc<[u8]>,
}

/// An event that the script announces.
struct Spoken {
    to: Numbered,
    event: Arc<[u8]>,
}

/// How an event is numbered, and where: see `commit.lua`.
enum Numbered {
    Entry,
    OwnTurn,
    /// Of the topic whose hash has this place among the keys, from 1.
    TurnOf(usize),
}

/// Writes down a batch. `spread` says that tags are spread over servers, so that only the batch's own is at hand.
pub(super) fn prepare(keys: &Keys, batch: &Batch, spread: bool) -> Result<Prepared, StorageError> {
    if batch.at.0 >= INEXACT {
        return Err(failed("commit", "the time of the batch is out of range"));
    }
    let tag = keys.of_partition(&batch.partition);
    let changes = !batch.adds.is_empty() || !batch.puts.is_empty();
    let mut names = vec![tag.hash()];
    if changes || !batch.deletes.is_empty() {
        names.push(tag.index());
    }
    names.extend(batch.once.as_ref().map(|token| tag.once(token)));
    names.extend(batch.append.as_ref().map(|append| tag.log(&append.log)));
    let (spoken, foreign) = announces(keys, batch, &tag, spread, &mut names)?;
    let own_turns = spoken.iter().any(|spoken| matches!(spoken.to, Numbered::OwnTurn));

    let mut flags = 0;
    for (flag, is_set) in
        [(HAS_TOKEN, batch.once.is_some()), (HAS_ENTRY, batch.append.is_some()), (HAS_OWN_TURNS, own_turns)]
    {
        flags |= if is_set { flag } else { 0 };
    }
    let mut plan = Vec::with_capacity(11);
    for count in [batch.checks.len(), batch.adds.len(), batch.puts.len(), batch.deletes.len(), spoken.len()] {
        let count = u16::try_from(count).map_err(|_| failed("commit", "the batch is too large"))?;
        plan.extend_from_slice(&count.to_be_bytes());
    }
    plan.push(flags);

    let mut command = COMMIT.call(&names);
    command.arg(plan);
    let read = batch.checks.iter().map(|check| &check.key).chain(batch.adds.iter().map(|add| &add.key));
    for key in read {
        command.arg(keys::field(key));
    }
    if changes {
        command.arg(keys::LAST_VERSION);
    }
    if own_turns {
        command.arg(keys::LAST_TURN);
    }
    if let Some(append) = &batch.append {
        command.arg(keys::end_of_log(&append.log));
    }
    for check in &batch.checks {
        match check.expected {
            Expected::Absent => command.arg(""),
            Expected::Present => command.arg("+"),
            Expected::Version(Version(version)) => command.arg(&version.to_be_bytes()),
        };
    }
    for add in &batch.adds {
        command.arg(add.delta);
        match add.at_most {
            Some(most) => command.arg(most),
            None => command.arg(""),
        };
    }
    for (key, bytes) in &batch.puts {
        command.arg(keys::field(key)).arg(&bytes[..]);
    }
    for key in &batch.deletes {
        command.arg(keys::field(key));
    }
    if let Some(append) = &batch.append {
        command.arg(batch.at.0).arg(&append.bytes[..]);
    }
    for Spoken { to, event } in &spoken {
        match to {
            Numbered::Entry => command.arg("e"),
            Numbered::OwnTurn => command.arg("t"),
            Numbered::TurnOf(place) => command.arg(place),
        };
        command.arg(&event[..]);
    }
    Ok(Prepared { tag, command, foreign })
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
    for Announce { topic, event } in &batch.announces {
        // One event often goes to several topics.
        let text = match &last {
            Some((same, text)) if Arc::ptr_eq(same, event) => text.clone(),
            _ => serde_json::to_vec(&**event).map_err(|error| failed("commit", error))?.into(),
        };
        last = Some((event, text.clone()));
        let tag = keys.of_topic(topic);
        if tag == *own {
            let is_entry = event.is_entry() && batch.append.is_some();
            let to = if is_entry { Numbered::Entry } else { Numbered::OwnTurn };
            spoken.push(Spoken { to, event: text });
        } else if spread {
            foreign.push(Foreign { tag, event: text });
        } else {
            names.push(tag.hash());
            spoken.push(Spoken { to: Numbered::TurnOf(names.len()), event: text });
        }
    }
    Ok((spoken, foreign))
}

/// What the script answered.
pub(super) fn outcome(answer: &Value) -> Result<Committed, CommitError> {
    match answer {
        Value::BulkString(text) => {
            let unknown = || failed("commit", "the script's answer cannot be read");
            let text = std::str::from_utf8(text).map_err(|_| unknown())?;
            let (repeated, text) = text.strip_prefix('=').map_or((false, text), |text| (true, text));
            let mut parts = text.split(' ');
            let entry = match parts.next().unwrap_or_default() {
                "" => None,
                id => Some(head(id).ok_or_else(unknown)?),
            };
            let counts = parts.map(|sum| sum.parse().map_err(|_| unknown())).collect::<Result<_, _>>()?;
            Ok(Committed { entry, counts, repeated })
        }
        Value::Int(refusal) => {
            let number = if *refusal < 0 { -1 - refusal } else { *refusal };
            let number = usize::try_from(number).unwrap_or_default();
            Err(if *refusal < 0 { CommitError::Bound(number) } else { CommitError::Conflict(number) })
        }
        _ => Err(failed("commit", "the script's answer cannot be read").into()),
    }
}

/// An entry's id, `seq-time`.
pub(super) fn head(id: &str) -> Option<Head> {
    let (seq, at) = id.split_once('-')?;
    Some(Head { seq: Seq(seq.parse().ok()?), at: Millis(at.parse().ok()?) })
}

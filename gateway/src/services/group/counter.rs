//! Counters: numbers that the members of a group change together.
//!
//! All of a group's stand in one record: they are few, and what the members are told has the number of the change and the
//! values after it, so the changes of a group come one after another.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use protocol::event;
use protocol::group::{CounterItem, CounterMode, CountersChange};
use protocol::id::{AppId, GroupId};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};

use super::{GroupError, GroupRef, Groups, require};
use crate::bus::Push;
use crate::services::decide::Decision;
use crate::services::deps::Actor;
use crate::services::limits::Limits;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Table};
use crate::telemetry::Bound;

/// A group's counters, as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// The number of the last change.
    pub seq: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, i64>,
}

impl Counters {
    /// Those with the given keys, or all where none is given.
    pub fn items(&self, keys: &[String]) -> Vec<CounterItem> {
        let is_asked = |key: &String| keys.is_empty() || keys.contains(key);
        let asked = self.values.iter().filter(|(key, _)| is_asked(key));
        asked.map(|(key, value)| CounterItem { key: key.clone(), value: *value }).collect()
    }
}

/// Why counters are not changed, beside the group's own reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CounterFault {
    #[error("the change names no counter")]
    NothingNamed,
    #[error("a key has 1 to {0} bytes")]
    Key(usize),
    #[error("a group has at most {0} counters")]
    TooMany(usize),
    #[error("a counter is a signed number of 64 bits")]
    Overflow,
}

/// Who changes the same counters at the same moment waits for the other here, and not by losing a race: everybody adds
/// to one number. Groups that meet in a place by chance wait for each other as well.
#[derive(Clone)]
pub(super) struct Turns(Arc<[Mutex<()>; TURNS]>);

/// So many groups count at once.
const TURNS: usize = 64;

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(std::array::from_fn(|_| Mutex::default())))
    }
}

impl Turns {
    async fn of(&self, app: AppId, group: &GroupId) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (app, group).hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or(0);
        self.0[place].lock().await
    }
}

impl GroupRef {
    fn counters_key(&self) -> Key {
        Key::new(Table::Shared, [&self.epoch()[..], b"counters"].concat())
    }
}

impl Groups {
    /// The counters of a group, as its members read them.
    pub async fn counters(&self, actor: &Actor, id: &GroupId) -> Result<Counters, GroupError> {
        let (found, _) = self.as_seen_by(actor, id).await?;
        Ok(self.kept_counters(&found).await?.map(|kept| kept.record).unwrap_or_default())
    }

    async fn kept_counters(&self, found: &GroupRef) -> Result<Option<Versioned<Counters>>, GroupError> {
        Ok(records::get(&self.deps.engine, &found.partition(), found.counters_key()).await?)
    }

    /// Sets counters or adds to them, and tells all members. Gives what they are then. What is asked for twice by the same
    /// `request` is added once.
    pub async fn count_up(
        &self,
        actor: &Actor,
        id: &GroupId,
        (mode, items): (CounterMode, &[CounterItem]),
        request: Option<[u8; 16]>,
    ) -> Result<Vec<CounterItem>, GroupError> {
        let limits = &self.deps.settings(actor.app).limits;
        check(items, limits)?;
        let change = match mode {
            CounterMode::Set => CountersChange::Set,
            CounterMode::Increase | CounterMode::Decrease => CountersChange::Moved,
        };
        let moved = |before: &Counters| moved(before, mode, items, limits);
        let changed = self.change_counters(actor, id, (change, request), moved).await;
        if let Err(GroupError::Counters(CounterFault::TooMany(_))) = &changed {
            Bound::CountersPerGroup.refused(id);
        }
        changed
    }

    /// Takes counters away, all where none is named. One that is not there is gone already.
    pub async fn delete_counters(
        &self,
        actor: &Actor,
        id: &GroupId,
        keys: &[String],
    ) -> Result<(), GroupError> {
        let change = |before: &Counters| Ok(without(before, keys));
        self.change_counters(actor, id, (CountersChange::Deleted, None), change).await?;
        Ok(())
    }

    /// Changes counters. `change` gives those after it, and what is told; where nothing is told nothing happens.
    async fn change_counters(
        &self,
        actor: &Actor,
        id: &GroupId,
        (kind, request): (CountersChange, Option<[u8; 16]>),
        change: impl Fn(&Counters) -> Result<(Counters, Vec<CounterItem>), CounterFault>,
    ) -> Result<Vec<CounterItem>, GroupError> {
        let change = &change;
        let _turn = self.counting.of(actor.app, id).await;
        let decided = self.deps.decide_and_tell("change counters", || async move {
            let (found, member) = self.as_seen_by(actor, id).await?;
            require(actor, member.as_ref(), self.rules(found.app, found.group.record.kind).counts)?;
            let (before, expected) = match self.kept_counters(&found).await? {
                None => (Counters::default(), Expected::Absent),
                Some(kept) => (kept.record, Expected::Version(kept.version)),
            };
            let (after, items) = change(&before)?;
            if items.is_empty() {
                return Ok(Decision::Done(items));
            }
            let (now, number) = (self.deps.now(), self.deps.clock.number());
            let told = (kind, after.seq, &items[..]);
            let body = event::group::counters(&found.label(), &actor.user, told, (number, now));
            let (group_key, unchanged) = found.unchanged();
            let batch = Batch::new(found.partition(), now)
                .check(group_key, unchanged)
                .check(found.counters_key(), expected)
                .put(found.counters_key(), records::encode(&after))
                .announce(found.channel().topic, Push::new(body));
            let batch = match request {
                Some(request) => batch.idempotency_key(request.to_vec()),
                None => batch,
            };
            Ok::<_, GroupError>(Decision::Commit(batch, items))
        });
        let (items, committed) = decided.await?;
        if !committed.is_some_and(|committed| committed.repeated) {
            return Ok(items);
        }
        // They are what it made them, and whatever was added since.
        let keys: Vec<String> = items.into_iter().map(|item| item.key).collect();
        Ok(self.counters(actor, id).await?.items(&keys))
    }
}

fn check(items: &[CounterItem], limits: &Limits) -> Result<(), CounterFault> {
    if items.is_empty() {
        return Err(CounterFault::NothingNamed);
    }
    if items.iter().any(|item| item.key.is_empty() || item.key.len() > limits.counter_key_bytes) {
        return Err(CounterFault::Key(limits.counter_key_bytes));
    }
    Ok(())
}

fn moved(
    before: &Counters,
    mode: CounterMode,
    items: &[CounterItem],
    limits: &Limits,
) -> Result<(Counters, Vec<CounterItem>), CounterFault> {
    let mut after = Counters { seq: before.seq + 1, values: before.values.clone() };
    for CounterItem { key, value } in items {
        let old = after.values.get(key).copied().unwrap_or(0);
        let new = match mode {
            CounterMode::Set => Some(*value),
            CounterMode::Increase => old.checked_add(*value),
            CounterMode::Decrease => old.checked_sub(*value),
        };
        after.values.insert(key.clone(), new.ok_or(CounterFault::Overflow)?);
    }
    if after.values.len() > limits.counters_per_group && after.values.len() > before.values.len() {
        return Err(CounterFault::TooMany(limits.counters_per_group));
    }
    let keys: Vec<String> = items.iter().map(|item| item.key.clone()).collect();
    let told = after.items(&keys);
    Ok((after, told))
}

fn without(before: &Counters, keys: &[String]) -> (Counters, Vec<CounterItem>) {
    let gone = before.items(keys);
    let mut after = Counters { seq: before.seq + 1, values: before.values.clone() };
    for item in &gone {
        after.values.remove(&item.key);
    }
    (after, gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: &str, value: i64) -> CounterItem {
        CounterItem { key: key.to_owned(), value }
    }

    fn after(before: &Counters, mode: CounterMode, items: &[CounterItem]) -> Result<Counters, CounterFault> {
        moved(before, mode, items, &Limits::default()).map(|(after, _)| after)
    }

    #[test]
    fn a_counter_that_is_not_there_counts_from_0() {
        let state = after(&Counters::default(), CounterMode::Decrease, &[item("a", 3)]).unwrap();
        assert_eq!((state.seq, state.items(&[])), (1, vec![item("a", -3)]));
        let items = [item("b", 1), item("b", 2), item("a", 1)];
        let (state, told) = moved(&state, CounterMode::Increase, &items, &Limits::default()).unwrap();
        assert_eq!(told, [item("a", -2), item("b", 3)]);
        assert_eq!((state.seq, state.items(&["b".to_owned(), "c".to_owned()])), (2, vec![item("b", 3)]));
    }

    #[test]
    fn a_counter_stays_what_it_is_where_it_would_overflow() {
        let state = after(&Counters::default(), CounterMode::Set, &[item("a", i64::MAX)]).unwrap();
        assert_eq!(
            after(&state, CounterMode::Increase, &[item("b", 1), item("a", 1)]),
            Err(CounterFault::Overflow)
        );
        assert_eq!(after(&state, CounterMode::Decrease, &[item("a", i64::MIN)]), Err(CounterFault::Overflow));
        assert!(after(&state, CounterMode::Decrease, &[item("a", i64::MAX)]).is_ok());
    }

    #[test]
    fn so_many_there_are_and_no_more() {
        let limits = Limits { counters_per_group: 2, ..Limits::default() };
        let state = after(&Counters::default(), CounterMode::Set, &[item("a", 1), item("b", 1)]).unwrap();
        let more = moved(&state, CounterMode::Set, &[item("a", 2), item("c", 1)], &limits);
        assert_eq!(more.unwrap_err(), CounterFault::TooMany(2));
        assert!(moved(&state, CounterMode::Increase, &[item("a", 2)], &limits).is_ok());
        assert_eq!(check(&[], &limits), Err(CounterFault::NothingNamed));
        assert!(
            check(&[item("", 1)], &limits).is_err() && check(&[item(&"k".repeat(129), 1)], &limits).is_err()
        );
    }

    #[test]
    fn what_is_gone_already_is_not_told() {
        let state = after(&Counters::default(), CounterMode::Set, &[item("a", 1), item("b", 1)]).unwrap();
        let (left, gone) = without(&state, &["a".to_owned(), "x".to_owned()]);
        assert_eq!((left.seq, left.items(&[]), gone), (2, vec![item("b", 1)], vec![item("a", 1)]));
        assert!(without(&left, &["a".to_owned()]).1.is_empty());
        assert!(without(&left, &[]).0.values.is_empty());
    }
}

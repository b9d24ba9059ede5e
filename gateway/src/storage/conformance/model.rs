//! Random work on an engine and on a model that is too simple to be wrong; both must say the same.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::storage::{Expected, Value, Version};

/// Suffixes, names of logs and prefixes; those that lie beside each other are the ones that break things.
const NAMES: [&[u8]; 8] = [b"", b"\0", b"\0\xff", b"a", b"aa", b"b", b"\xff", b"\xff\xff"];
const TABLES: [Table; 2] = [Table::Member, Table::Counter];

/// What is done; numbers stand for things that the run looks up.
#[derive(Clone, Debug)]
enum Step {
    /// Submitted one after another before any is awaited.
    Commit(Vec<Plan>),
    Scan {
        partition: usize,
        prefix: usize,
        after: Option<usize>,
        skip: usize,
        limit: usize,
        reverse: bool,
    },
    Read {
        partition: usize,
        log: usize,
        from: u64,
        to: u64,
        limit: usize,
        newest_first: bool,
    },
    Purge {
        partition: usize,
        tables: Vec<usize>,
        prefix: usize,
    },
    Trim {
        partition: usize,
        log: usize,
        first_kept: u64,
    },
    Reopen,
}

#[derive(Clone, Debug)]
struct Plan {
    partition: usize,
    at: u64,
    once: Option<u8>,
    check: Option<(usize, Wish)>,
    put: Option<(usize, u8)>,
    delete: Option<usize>,
    add: Option<(usize, i64, Option<i64>)>,
    appends: Vec<(usize, u8)>,
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    Absent,
    Present,
    /// The version that the last step left.
    Same,
}

fn plan() -> impl Strategy<Value = Plan> {
    let name = 0..NAMES.len();
    let wish = prop_oneof![Just(Wish::Absent), Just(Wish::Present), Just(Wish::Same)];
    let add = (name.clone(), -2..4i64, weighted(0.5, 0..6i64));
    let parts = (
        (0..3usize, 0..50u64, weighted(0.3, 0..12u8)),
        weighted(0.4, (name.clone(), wish)),
        weighted(0.6, (name.clone(), any::<u8>())),
        weighted(0.3, name.clone()),
        weighted(0.4, add),
        prop_oneof![3 => vec((name.clone(), any::<u8>()), 0..2), 1 => vec((name, any::<u8>()), 2..5)],
    );
    parts.prop_map(|((partition, at, once), check, put, delete, add, appends)| Plan {
        partition,
        at,
        once,
        check,
        put,
        delete,
        add,
        appends,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    let table = 0..TABLES.len();
    prop_oneof![
        8 => vec(plan(), 1..6).prop_map(Step::Commit),
        4 => (0..3usize, name.clone(), weighted(0.5, name.clone()), 0..4usize, 0..9usize, any::<bool>()).prop_map(
            |(partition, prefix, after, skip, limit, reverse)| {
                Step::Scan { partition, prefix, after, skip, limit, reverse }
            }
        ),
        4 => (0..3usize, name.clone(), 0..9u64, 0..9u64, 0..9usize, any::<bool>()).prop_map(
            |(partition, log, from, to, limit, newest_first)| {
                Step::Read { partition, log, from, to, limit, newest_first }
            }
        ),
        1 => (0..3usize, vec(table, 0..3), name).prop_map(
            |(partition, tables, prefix)| Step::Purge { partition, tables, prefix }
        ),
        2 => (0..3usize, 0..NAMES.len(), 0..9u64).prop_map(
            |(partition, log, first_kept)| Step::Trim { partition, log, first_kept }
        ),
        1 => Just(Step::Reopen),
    ]
}

pub(crate) async fn random_batches(fixture: &impl Fixture) {
    let config = Config { failure_persistence: None, ..Config::with_cases(cases()) };
    let handle = tokio::runtime::Handle::current();
    // Every case has partitions of its own in the one store, which so holds the leavings of those before.
    let run = RefCell::new(Run::new(fixture.open().await));
    tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&vec(step(), 1..40), |steps| {
            let mut run = run.borrow_mut();
            run.begin_case();
            handle.block_on(run.all(fixture, steps))
        })
    })
    .unwrap();
}

/// As many as proptest's own variable says, so that a longer run needs no other code.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

/// A partition as the model sees it.
#[derive(Default)]
struct Model {
    /// Of [`Table::Member`].
    records: BTreeMap<Bytes, Bytes>,
    /// Of [`Table::Counter`].
    counters: HashMap<Bytes, i64>,
    logs: HashMap<Bytes, Vec<Entry>>,
    /// Below these numbers the entries of `logs` cannot be read any more.
    first_kept: HashMap<Bytes, Seq>,
    tokens: HashMap<u8, Committed>,
    /// The versions that the engine gave, since the model cannot know them.
    versions: HashMap<Bytes, Version>,
    /// All that it ever gave: each tells one write of the partition from every other.
    seen: HashSet<Version>,
}

struct Run {
    case: u32,
    opened: Opened,
    partitions: [Partition; 3],
    models: [Model; 3],
}

impl Run {
    fn new(opened: Opened) -> Self {
        let partitions = [room(), room(), room()];
        Self { case: 0, opened, partitions, models: Default::default() }
    }

    fn begin_case(&mut self) {
        self.case += 1;
        let name = |name| GroupId::parse(&format!("{}{name}", self.case)).unwrap();
        self.partitions = [
            Partition::group(AppId(1), &name("a")),
            Partition::group(AppId(1), &name("ab")),
            Partition::group(AppId(2), &name("a")),
        ];
        self.models = Default::default();
    }

    async fn all(&mut self, fixture: &impl Fixture, steps: Vec<Step>) -> Result<(), TestCaseError> {
        for step in steps {
            match step {
                Step::Commit(plans) => self.commit(plans).await?,
                Step::Scan { partition, prefix, after, skip, limit, reverse } => {
                    let (prefix, after) = (bytes(prefix), after.map(bytes));
                    let table = Table::Member;
                    self.scan(partition, Scan { table, prefix, after, skip, limit, reverse }).await?;
                }
                Step::Read { partition, log, from, to, limit, newest_first } => {
                    let window = Window { from: Seq(from), to: Seq(to), limit, newest_first };
                    self.read(partition, bytes(log), window).await?;
                }
                Step::Purge { partition, tables, prefix } => {
                    let tables: Vec<_> = tables.into_iter().map(|table| TABLES[table]).collect();
                    let partition_id = &self.partitions[partition];
                    self.opened.engine.purge(partition_id, &tables, bytes(prefix)).await.unwrap();
                    self.models[partition].purge(&tables, &bytes(prefix));
                }
                Step::Trim { partition, log, first_kept } => {
                    let name = bytes(log);
                    let log = Log { partition: self.partitions[partition].clone(), name: name.clone() };
                    self.opened.engine.trim(&log, Seq(first_kept)).await.unwrap();
                    self.models[partition].trim(&name, Seq(first_kept));
                }
                Step::Reopen => {
                    self.opened.engine.close().await.unwrap();
                    self.opened = fixture.open().await;
                }
            }
        }
        for partition in 0..3 {
            self.scan(partition, all_of(Table::Member)).await?;
            for name in 0..NAMES.len() {
                self.read(partition, bytes(name), ALL).await?;
                self.count(partition, bytes(name)).await?;
            }
        }
        self.every_log_is_found().await
    }

    async fn commit(&mut self, plans: Vec<Plan>) -> Result<(), TestCaseError> {
        let engine = self.opened.engine.clone();
        let mut commits = Vec::new();
        let mut expected = Vec::new();
        for plan in &plans {
            let model = &mut self.models[plan.partition];
            let batch = plan.batch(self.partitions[plan.partition].clone(), &model.versions);
            commits.push(engine.submit(batch));
            expected.push(model.commit(plan));
        }
        for (commit, expected) in commits.into_iter().zip(expected) {
            let got = commit.await;
            let same = match (&got, &expected) {
                (Ok(got), Ok(expected)) => got == expected,
                (Err(CommitError::Conflict(got)), Err(CommitError::Conflict(expected))) => got == expected,
                (Err(CommitError::Bound(got)), Err(CommitError::Bound(expected))) => got == expected,
                _ => false,
            };
            prop_assert!(same, "got {got:?}, expected {expected:?}");
        }
        for plan in &plans {
            for suffix in plan.put.iter().map(|put| put.0).chain(plan.delete) {
                self.get(plan.partition, bytes(suffix)).await?;
            }
        }
        Ok(())
    }

    /// Compares a record, and learns its version.
    async fn get(&mut self, partition: usize, suffix: Bytes) -> Result<(), TestCaseError> {
        let key = Key::new(Table::Member, suffix.clone());
        let got = self.opened.engine.get(&self.partitions[partition], &[key]).await.unwrap().remove(0);
        let model = &mut self.models[partition];
        let expected = model.records.get(&suffix);
        prop_assert_eq!(got.as_ref().map(|value| &value.bytes), expected);
        let Some(Value { version, .. }) = got else { return Ok(()) };
        if model.versions.insert(suffix, version) != Some(version) {
            prop_assert!(model.seen.insert(version), "{version:?} was given before");
        }
        Ok(())
    }

    async fn scan(&self, partition: usize, scan: Scan) -> Result<(), TestCaseError> {
        let got = self.opened.engine.scan(&self.partitions[partition], scan.clone()).await.unwrap();
        let got: Vec<_> = got.into_iter().map(|(suffix, value)| (suffix, value.bytes)).collect();
        prop_assert_eq!(got, self.models[partition].scan(&scan), "{:?}", scan);
        Ok(())
    }

    async fn read(&self, partition: usize, name: Bytes, window: Window) -> Result<(), TestCaseError> {
        let log = Log { partition: self.partitions[partition].clone(), name: name.clone() };
        let entries = self.models[partition].logs.get(&name).map_or(&[][..], |entries| entries);
        let first_kept = self.models[partition].first_kept.get(&name).copied().unwrap_or(Seq(1));
        let got = self.opened.engine.read(&log, window).await.unwrap();
        let kept = window.from.max(first_kept)..=window.to;
        let mut expected: Vec<_> =
            entries.iter().filter(|entry| kept.contains(&entry.seq)).cloned().collect();
        if window.newest_first {
            expected.reverse();
        }
        expected.truncate(window.limit);
        prop_assert_eq!(got, expected, "{:?}", window);
        let end = entries.last().map_or(LogEnd::default(), |last| LogEnd { seq: last.seq, at: last.at });
        prop_assert_eq!(self.opened.engine.log_end(&log).await.unwrap(), end);
        Ok(())
    }

    async fn every_log_is_found(&self) -> Result<(), TestCaseError> {
        let found: HashSet<_> = super::retention::walk(&*self.opened.engine, 3).await.into_iter().collect();
        for (partition, model) in self.partitions.iter().zip(&self.models) {
            for (name, entries) in &model.logs {
                let first_kept = model.first_kept.get(name).copied().unwrap_or(Seq(1));
                if entries.last().is_some_and(|last| last.seq >= first_kept) {
                    let log = Log { partition: partition.clone(), name: name.clone() };
                    prop_assert!(found.contains(&log), "{:?}", log);
                }
            }
        }
        Ok(())
    }

    async fn count(&self, partition: usize, suffix: Bytes) -> Result<(), TestCaseError> {
        let key = Key::new(Table::Counter, suffix.clone());
        let got = self.opened.engine.counters(&self.partitions[partition], &[key]).await.unwrap();
        prop_assert_eq!(got[0], self.models[partition].counters.get(&suffix).copied().unwrap_or(0));
        Ok(())
    }
}

fn bytes(name: usize) -> Bytes {
    Bytes::from_static(NAMES[name])
}

impl Plan {
    fn batch(&self, partition: Partition, versions: &HashMap<Bytes, Version>) -> Batch {
        let member = |suffix| Key::new(Table::Member, bytes(suffix));
        let mut batch = Batch::new(partition, Millis(self.at));
        batch.idempotency_key = self.once.map(|token| Bytes::from(vec![token]));
        if let Some((suffix, wish)) = self.check {
            let expected = match wish {
                Wish::Absent => Expected::Absent,
                Wish::Present => Expected::Present,
                Wish::Same => Expected::Version(versions.get(&bytes(suffix)).copied().unwrap_or(Version(0))),
            };
            batch = batch.check(member(suffix), expected);
        }
        if let Some((suffix, byte)) = self.put {
            batch = batch.put(member(suffix), vec![byte]);
        }
        // What a batch does that both puts and deletes one key is nobody's business.
        if let Some(suffix) = self.delete_other() {
            batch = batch.delete(member(suffix));
        }
        if let Some((suffix, delta, at_most)) = self.add {
            batch = batch.add(Key::new(Table::Counter, bytes(suffix)), delta, at_most);
        }
        for &(log, byte) in &self.appends {
            batch = batch.append(bytes(log), vec![byte]);
        }
        batch
    }

    fn delete_other(&self) -> Option<usize> {
        self.delete.filter(|&suffix| self.put.is_none_or(|put| put.0 != suffix))
    }
}

impl Model {
    fn commit(&mut self, plan: &Plan) -> Result<Committed, CommitError> {
        if let Some(answer) = plan.once.and_then(|token| self.tokens.get(&token)) {
            return Ok(Committed { repeated: true, ..answer.clone() });
        }
        if let ControlFlow::Break(error) = self.refuse(plan) {
            return Err(error);
        }
        if let Some((suffix, byte)) = plan.put {
            // Its version is no longer the one that was seen, until it is read again.
            self.versions.remove(&bytes(suffix));
            self.records.insert(bytes(suffix), vec![byte].into());
        }
        if let Some(suffix) = plan.delete_other() {
            self.versions.remove(&bytes(suffix));
            self.records.remove(&bytes(suffix));
        }
        let mut answer = Committed::default();
        if let Some((suffix, delta, _)) = plan.add {
            let count = self.counters.entry(bytes(suffix)).or_default();
            *count += delta;
            answer.counters.push(*count);
        }
        for &(log, byte) in &plan.appends {
            let entries = self.logs.entry(bytes(log)).or_default();
            let before = entries.last().map_or(Millis(0), |entry| entry.at);
            let end = LogEnd { seq: Seq(entries.len() as u64 + 1), at: before.max(Millis(plan.at)) };
            entries.push(Entry { seq: end.seq, at: end.at, bytes: vec![byte].into() });
            answer.entries.push(end);
        }
        if let Some(token) = plan.once {
            self.tokens.insert(token, answer.clone());
        }
        Ok(answer)
    }

    fn refuse(&self, plan: &Plan) -> ControlFlow<CommitError> {
        if let Some((suffix, wish)) = plan.check {
            let present = self.records.contains_key(&bytes(suffix));
            let holds = match wish {
                Wish::Absent => !present,
                Wish::Present => present,
                // The version was taken when the step began: a batch before in the same step may have changed it.
                Wish::Same => present && self.versions.contains_key(&bytes(suffix)),
            };
            if !holds {
                return ControlFlow::Break(CommitError::Conflict(0));
            }
        }
        if let Some((suffix, delta, Some(at_most))) = plan.add
            && self.counters.get(&bytes(suffix)).unwrap_or(&0) + delta > at_most
        {
            return ControlFlow::Break(CommitError::Bound(0));
        }
        ControlFlow::Continue(())
    }

    fn scan(&self, scan: &Scan) -> Vec<(Bytes, Bytes)> {
        let fits = |suffix: &Bytes| {
            let passed = match &scan.after {
                Some(after) if scan.reverse => suffix < after,
                Some(after) => suffix > after,
                None => true,
            };
            passed && suffix.starts_with(&scan.prefix)
        };
        let records = self.records.iter().filter(|(suffix, _)| fits(suffix));
        let mut found: Vec<_> = records.map(|(suffix, value)| (suffix.clone(), value.clone())).collect();
        if scan.reverse {
            found.reverse();
        }
        found.drain(..scan.skip.min(found.len()));
        found.truncate(scan.limit);
        found
    }

    fn purge(&mut self, tables: &[Table], prefix: &Bytes) {
        if tables.contains(&Table::Member) {
            self.records.retain(|suffix, _| !suffix.starts_with(prefix));
        }
        if tables.contains(&Table::Counter) {
            self.counters.retain(|suffix, _| !suffix.starts_with(prefix));
        }
        self.logs.remove(prefix);
        self.first_kept.remove(prefix);
    }

    fn trim(&mut self, log: &Bytes, first_kept: Seq) {
        let end = self.logs.get(log).map_or(0, Vec::len) as u64 + 1;
        let first = self.first_kept.entry(log.clone()).or_insert(Seq(1));
        *first = first_kept.min(Seq(end)).max(*first);
    }
}

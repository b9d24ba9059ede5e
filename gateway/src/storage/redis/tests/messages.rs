//! Messages of groups, which leave together and share what they ask of the server.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::storage::{Committed, Expected};

fn member(name: &str) -> Key {
    Key::new(Table::Member, name.to_owned())
}

fn mute(name: &str) -> Key {
    Key::new(Table::Mute, name.to_owned())
}

/// A message of somebody who has to be a member and not to be mute.
fn allowed(from: &str, number: u64) -> Batch {
    message(from, number).check(member(from), Expected::Present).check(mute(from), Expected::Absent)
}

/// The next events: their numbers, and by their `random` which they are.
async fn heard(events: &mut Receiver, count: usize) -> Vec<(u64, u64)> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let incoming = tokio::time::timeout(Duration::from_secs(10), events.recv()).await;
        let Incoming::Event(delivery) = incoming.expect("an event in time").unwrap() else { continue };
        assert_eq!((&delivery.topic, delivery.numbering), (&room(), Numbering::Entry));
        let Event::Entry(Entry::GroupMessage { message, group, counts }) = &*delivery.event else {
            panic!("{delivery:?}")
        };
        assert_eq!((&*group.name, *counts), ("room", true));
        heard.push((delivery.stamp.unwrap().seq.0, message.random));
    }
    heard
}

async fn calls(server: &RedisServer, name: &str) -> u64 {
    let stats: String = server.command("INFO commandstats").await;
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_together_leaves_together() {
    let server = RedisServer::start(Nothing).await;
    let engine = Arc::new(quiet_engine_on(server.target()));
    let names = Namespace::new("timgate");
    let servers = Topology::start(server.target());
    assert!(servers.wait(Duration::from_secs(10)).await);
    let (_bus, mut events) = listen(&servers, &names, &[room()]).await;
    engine.commit(said("first").put(member("alice"), "")).await.unwrap();
    server.command::<()>("CONFIG RESETSTAT").await;
    let commits: Vec<_> = (2..=1001).map(|number| engine.submit(allowed("alice", number))).collect();
    for (commit, seq) in commits.into_iter().zip(2..) {
        let committed = commit.await.unwrap();
        assert_eq!((committed.entry().seq, committed.repeated), (Seq(seq), false));
    }
    assert_eq!(heard(&mut events, 1000).await, (2..=1001).map(|seq| (seq, seq)).collect::<Vec<_>>());
    assert_eq!(entries(&*engine).await.len(), 1001);
    let (scripts, events) = (calls(&server, "evalsha").await, calls(&server, "spublish").await);
    assert!(scripts < 100 && events < 100, "{scripts} scripts, {events} events");
    assert_eq!(calls(&server, "xadd").await, 1000);
}

/// Also when other instances write, and when it was seen a moment ago.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_checked_is_never_out_of_date() {
    let server = RedisServer::start(Nothing).await;
    let (one, other) =
        (engine_on(server.target(), Settings::default()), engine_on(server.target(), Settings::default()));
    let mut number = 0;
    let mut speak = async |from: &str| {
        number += 1;
        one.commit(allowed(from, number)).await
    };
    fn is_refused(outcome: &Result<Committed, CommitError>, check: usize) -> bool {
        matches!(outcome, Err(CommitError::Conflict(failed)) if *failed == check)
    }
    assert!(is_refused(&speak("alice").await, 0));
    let change = |batch: fn(Batch) -> Batch| other.commit(batch(Batch::new(group("room"), Millis(1))));
    change(|batch| batch.put(member("alice"), "").put(member("bob"), "")).await.unwrap();
    for _ in 0..3 {
        speak("alice").await.unwrap();
    }
    change(|batch| batch.put(mute("alice"), "")).await.unwrap();
    assert!(is_refused(&speak("alice").await, 1));
    speak("bob").await.unwrap();
    assert!(is_refused(&speak("alice").await, 1), "what held for bob does not hold for alice");
    change(|batch| batch.delete(mute("alice"))).await.unwrap();
    speak("alice").await.unwrap();
    speak("alice").await.unwrap();
    change(|batch| batch.delete(member("alice"))).await.unwrap();
    assert!(is_refused(&speak("alice").await, 0));
    speak("bob").await.unwrap();
    other.purge(&group("room"), &[Table::Member], Bytes::new()).await.unwrap();
    assert!(is_refused(&speak("bob").await, 0));

    // What a table holds that changes with use is looked at each time.
    let count = Key::new(Table::Read, "alice");
    let unread = |number| message("carol", number).check(Key::new(Table::Read, "alice"), Expected::Absent);
    one.commit(unread(1)).await.unwrap();
    other.commit(Batch::new(group("room"), Millis(1)).put(count, "")).await.unwrap();
    assert!(is_refused(&one.commit(unread(2)).await, 0));
}

/// A token that was put before the generation changed is found, and one of the generation before that is not kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_outlive_their_generation() {
    const MINUTE: u64 = 60_000;
    let server = RedisServer::start(Nothing).await;
    let engine = engine_on(server.target(), Settings::default());
    let at = |number, minute: u64| {
        let mut batch = message("alice", number);
        batch.at = Millis((1_000_000 * 20 + minute) * MINUTE);
        batch
    };
    for (number, minute) in [(1, 19), (2, 25), (3, 39)] {
        assert!(!engine.commit(at(number, minute)).await.unwrap().repeated);
    }
    // Alone, with others, and as another kind of batch.
    assert!(engine.commit(at(1, 28)).await.unwrap().repeated);
    let both = [(1, 29), (2, 34), (4, 34), (3, 49), (4, 34)];
    let commits: Vec<_> = both.map(|(number, minute)| engine.submit(at(number, minute))).into();
    let mut repeated = Vec::new();
    for commit in commits {
        repeated.push(commit.await.unwrap().repeated);
    }
    assert_eq!(repeated, [true, true, false, true, true]);
    let other = at(3, 49).put(Key::new(Table::Member, "x"), "");
    assert_eq!(engine.commit(other).await.unwrap().entry().seq, Seq(3));
    assert_eq!(entries(&engine).await.len(), 4);
    // Every hash of tokens ends some day.
    let names: Vec<String> = server.command("KEYS timgate:*:o:*").await;
    assert!(names.len() >= 2, "{names:?}");
    for name in names {
        let left: i64 = server.command(&format!("PTTL {name}")).await;
        assert!((1_900_000..=1_980_000).contains(&left), "{left}");
    }
}

#[derive(Clone, Debug)]
struct Plan {
    room: bool,
    from: usize,
    token: u64,
    /// `None` for a message; or whether it makes the speaker a member or takes that away.
    change: Option<bool>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let change = proptest::option::weighted(0.15, any::<bool>());
    (any::<bool>(), 0..3usize, 0..60u64, change).prop_map(|(room, from, token, change)| Plan {
        room,
        from,
        token,
        change,
    })
}

/// A group as it has to be.
#[derive(Default)]
struct Model {
    members: [bool; 3],
    tokens: HashMap<(usize, u64), u64>,
    entries: u64,
}

impl Model {
    /// The number of the entry and whether it is a repetition; nothing when the batch is refused.
    fn carry_out(&mut self, plan: &Plan) -> Option<(Option<u64>, bool)> {
        if let Some(is_member) = plan.change {
            self.members[plan.from] = is_member;
            return Some((None, false));
        }
        if let Some(seq) = self.tokens.get(&(plan.from, plan.token)) {
            return Some((Some(*seq), true));
        }
        if !self.members[plan.from] {
            return None;
        }
        self.entries += 1;
        self.tokens.insert((plan.from, plan.token), self.entries);
        Some((Some(self.entries), false))
    }
}

/// Batches of two groups that leave together, of which some are refused and some are repetitions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_many_has_its_own_outcome() {
    let fixture: Part<RedisServer> = part();
    let engine = fixture.open().await.engine;
    let handle = tokio::runtime::Handle::current();
    let case = AtomicU64::new(0);
    let run = async |bursts: Vec<Vec<Plan>>| {
        let case = case.fetch_add(1, Ordering::Relaxed);
        let mut models = [Model::default(), Model::default()];
        for burst in bursts {
            let begun: Vec<_> = burst
                .iter()
                .map(|plan| {
                    let room = format!("room{case}{}", if plan.room { "a" } else { "b" });
                    let from = ["alice", "bob", "carol"][plan.from];
                    let batch = match plan.change {
                        None => message_to(&room, from, plan.token).check(member(from), Expected::Present),
                        Some(true) => Batch::new(group(&room), Millis(1)).put(member(from), ""),
                        Some(false) => Batch::new(group(&room), Millis(1)).delete(member(from)),
                    };
                    engine.submit(batch)
                })
                .collect();
            for (plan, commit) in burst.iter().zip(begun) {
                let outcome = match commit.await {
                    Ok(committed) => {
                        Some((committed.entries.first().map(|entry| entry.seq.0), committed.repeated))
                    }
                    Err(CommitError::Conflict(0)) => None,
                    Err(error) => panic!("{error}"),
                };
                assert_eq!(outcome, models[usize::from(plan.room)].carry_out(plan), "{plan:?}");
            }
        }
        for (model, letter) in models.iter().zip(["b", "a"]) {
            let log = Log { partition: group(&format!("room{case}{letter}")), name: "log".into() };
            let kept = engine.read(&log, crate::storage::conformance::ALL).await.unwrap();
            assert_eq!(kept.len() as u64, model.entries);
        }
    };
    tokio::task::block_in_place(|| {
        let bursts = proptest::collection::vec(proptest::collection::vec(plan(), 1..40), 1..6);
        let config = Config { failure_persistence: None, ..Config::with_cases(60) };
        TestRunner::new(config).run(&bursts, |bursts| {
            handle.block_on(run(bursts));
            Ok(())
        })
    })
    .unwrap();
}

/// Two instances speak in one group.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_share_a_group() {
    let server = RedisServer::start(Nothing).await;
    let names = Namespace::new("timgate");
    let servers = Topology::start(server.target());
    assert!(servers.wait(Duration::from_secs(10)).await);
    let (_bus, mut events) = listen(&servers, &names, &[room()]).await;
    let engines = [0, 1].map(|_| Arc::new(engine_on(server.target(), Settings::default())));
    engines[0].commit(Batch::new(group("room"), Millis(1)).put(member("alice"), "")).await.unwrap();
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let engine = engines[writer as usize % 2].clone();
            tokio::spawn(async move {
                let mut stored = Vec::new();
                for number in 0..100 {
                    let random = writer * 1000 + number;
                    let committed = engine.commit(allowed("alice", random)).await.unwrap();
                    stored.push((committed.entry().seq.0, random));
                }
                assert!(stored.is_sorted());
                stored
            })
        })
        .collect();
    let mut stored = Vec::new();
    for writer in writers {
        stored.extend(writer.await.unwrap());
    }
    stored.sort_unstable();
    assert!(stored.iter().map(|(seq, _)| *seq).eq(1..=1600));
    assert_eq!(heard(&mut events, 1600).await, stored);
}

/// What one speaker says is stored in their order, also when it has to be sent again because somebody was let in meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_is_kept_while_the_group_changes() {
    let server = RedisServer::start(Nothing).await;
    let engines = [0, 1].map(|_| Arc::new(engine_on(server.target(), Settings::default())));
    let join = async |engine: &Redis, name: String| {
        engine.commit(Batch::new(group("room"), Millis(1)).put(member(&name), "")).await.unwrap();
    };
    join(&engines[0], "alice".to_owned()).await;
    let speaker = engines[0].clone();
    let speaking = tokio::spawn(async move {
        for burst in 0..100 {
            // Between messages something else, which must not be overtaken either.
            let batches = (0..20).map(|place| {
                let number = burst * 20 + place;
                if place % 7 == 6 { said(number.to_string()) } else { allowed("alice", number) }
            });
            let commits: Vec<_> = batches.map(|batch| speaker.submit(batch)).collect();
            for (commit, seq) in commits.into_iter().zip(burst * 20 + 1..) {
                assert_eq!(commit.await.unwrap().entry().seq, Seq(seq));
            }
        }
    });
    let mut joined = 0;
    while !speaking.is_finished() {
        join(&engines[1], format!("guest{joined}")).await;
        joined += 1;
    }
    speaking.await.unwrap();
    assert!(joined > 10, "{joined}");
}

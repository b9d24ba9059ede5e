//! What a group message costs Redis, beside the least that any engine would ask of it.
//!
//! Run: `taskset -c 1 cargo run --release -p gateway --features internals --example redis_bench [-- [--rounds n] [--messages n] [--ours] [shape…]]`
//! (`--ours` leaves the bare script out, to look at the server with `perf`) with shapes like `hot/16` (16 senders in one group) or `100/16` (in a hundred groups).
//!
//! For each shape it starts a `redis-server` on core 0, and in turn lets so many senders commit group messages with the
//! real engine, and lets as many callers run a bare script (`INCR`, `XADD MAXLEN ~`, `SPUBLISH` of the same bytes)
//! through the same kind of connection. Each sender waits for its answer. Two connections are subscribed to each
//! group, as those of two instances would be. Printed is the CPU time of the server a message, from its threads'
//! `schedstat`: the median of the rounds, and the least, which other work on the machine disturbs the least.

#![allow(clippy::print_stdout, reason = "what is measured is printed")]

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gateway::bus::{self, Topic};
use gateway::redis::{Namespace, Pool, Topology, slot_of};
use gateway::services::timeline::Entry;
use gateway::storage::redis::{Redis, Settings};
use gateway::storage::{Batch, Check, Engine, Expected, Key, Partition, Table, records};
use protocol::group::GroupKind;
use protocol::id::{AppId, GroupId, Millis, UserId};
use protocol::message::{Body, GroupLabel, Message, Options, Priority, Sender};
use redis::{Cmd, Value};

use server::Server;

const APP: AppId = AppId(1_400_000_000);
const EPOCH: u64 = 0x0018_7de9_1234_5678;
const SHAPES: [(usize, usize); 8] =
    [(1, 1), (1, 16), (1, 64), (1, 256), (100, 1), (100, 16), (100, 64), (100, 256)];

const BARE: &str = "local seq = redis.call('INCR', KEYS[1]) \
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', '100000', seq .. '-1', 'b', ARGV[1]) \
    redis.call('SPUBLISH', KEYS[3], ARGV[1]) \
    return seq";

fn main() {
    let mut rounds = 5;
    let mut messages = 20_000;
    let mut shapes = Vec::new();
    let mut only_ours = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).expect("a number");
        match argument.as_str() {
            "--rounds" => rounds = number(),
            "--messages" => messages = number(),
            "--ours" => only_ours = true,
            shape => {
                let (groups, senders) = shape.split_once('/').expect("a shape like hot/16 or 100/16");
                let groups = if groups == "hot" { 1 } else { groups.parse().expect("a number of groups") };
                shapes.push((groups, senders.parse().expect("a number of senders")));
            }
        }
    }
    if shapes.is_empty() {
        shapes.extend(SHAPES);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!(
        "shape       median us: bare     ours  ratio  (min-max)     least us: bare     ours  ratio  calls/msg  bytes/msg  \
         p50 us: bare   ours"
    );
    for (groups, senders) in shapes {
        runtime.block_on(measure(groups, senders, rounds, messages, only_ours));
    }
}

/// One sender's place in the world: everything of a message that does not change.
struct Speaker {
    group: GroupId,
    user: UserId,
    checks: Vec<Check>,
    label: GroupLabel,
    channel: Vec<u8>,
}

async fn measure(groups: usize, senders: usize, rounds: usize, messages: usize, only_ours: bool) {
    let server = Server::start().await;
    let servers = Topology::start(server.target());
    assert!(servers.wait(Duration::from_secs(5)).await, "the server answers");
    let names = Namespace::new("bench");
    let engine = Arc::new(Redis::new(servers.clone(), names.clone(), Settings::default()));
    let pool = Pool::new(servers, Arc::new([script_load()]), None);
    let sha = redis::Script::new(BARE).get_hash().to_owned();

    let mut speakers = Vec::new();
    for number in 0..senders {
        speakers.push(Arc::new(speaker(&engine, &names, number % groups, number).await));
    }
    let channels: Vec<&[u8]> = speakers.iter().take(groups).map(|speaker| &speaker.channel[..]).collect();
    let _subscribers = (server.subscribe(&channels).await, server.subscribe(&channels).await);

    let bytes = message_bytes(&speakers[0]);
    let next = Arc::new(AtomicU64::new(0));
    let mut figures: [Vec<f64>; 2] = Default::default();
    let mut waits: [Vec<u64>; 2] = Default::default();
    let (mut calls, mut memory) = (0, 0);
    // The first round warms up.
    for round in 0..=rounds {
        for (which, (figures, waits)) in figures.iter_mut().zip(&mut waits).enumerate() {
            if which == 0 && only_ours {
                figures.push(f64::NAN);
                waits.push(0);
                continue;
            }
            let (calls_before, memory_before) = (server.calls().await, server.memory().await);
            let before = server.cpu();
            let left = Arc::new(AtomicU64::new(messages as u64));
            let mut tasks = Vec::new();
            for speaker in &speakers {
                let (speaker, left, next) = (speaker.clone(), left.clone(), next.clone());
                let (engine, pool, sha, bytes) = (engine.clone(), pool.clone(), sha.clone(), bytes.clone());
                tasks.push(tokio::spawn(async move {
                    let mut waits = Vec::new();
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                        .is_ok()
                    {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let begun = Instant::now();
                        match which {
                            0 => bare(&pool, &sha, &speaker, &bytes).await,
                            _ => {
                                let committed = engine.commit(batch(&speaker, number)).await.expect("stored");
                                assert!(!committed.repeated, "every message is a new one");
                            }
                        }
                        waits.push(begun.elapsed().as_micros() as u64);
                    }
                    waits
                }));
            }
            let mut all = Vec::new();
            for task in tasks {
                all.extend(task.await.expect("a sender ends well"));
            }
            let spent = server.cpu() - before;
            if round > 0 {
                figures.push(spent.as_nanos() as f64 / 1000.0 / messages as f64);
                waits.extend(all);
                if which == 1 {
                    calls += server.calls().await - calls_before;
                    memory += server.memory().await - memory_before;
                }
            }
        }
    }
    let ratios: Vec<f64> = figures[0].iter().zip(&figures[1]).map(|(bare, ours)| ours / bare).collect();
    let name = if groups == 1 { "hot".to_owned() } else { groups.to_string() };
    println!(
        "{:<10} {:>15.2} {:>8.2} {:>6.2}  ({:.2}-{:.2}) {:>17.2} {:>8.2} {:>6.2} {:>10.3} {:>10.0} {:>13} {:>6}",
        format!("{name}/{senders}"),
        median(&figures[0]),
        median(&figures[1]),
        median(&ratios),
        ratios.iter().copied().fold(f64::INFINITY, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
        least(&figures[0]),
        least(&figures[1]),
        least(&figures[1]) / least(&figures[0]),
        calls as f64 / (rounds * messages) as f64,
        memory as f64 / (rounds * messages) as f64,
        median_of(&mut waits[0]),
        median_of(&mut waits[1]),
    );
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median_of(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn script_load() -> Cmd {
    let mut command = redis::cmd("SCRIPT");
    command.arg("LOAD").arg(BARE);
    command
}

/// What the script needs and nothing more: no check, no token, no time.
async fn bare(pool: &Pool, sha: &str, speaker: &Speaker, bytes: &[u8]) {
    let slot = slot_of(&speaker.channel);
    let mut command = redis::cmd("EVALSHA");
    command.arg(sha).arg(3);
    for kind in [":bare-seq", ":bare-log", ""] {
        command.arg([&speaker.channel, kind.as_bytes()].concat());
    }
    command.arg(bytes);
    let connection = pool.to(slot).expect("the server is known");
    let answer =
        connection.send(Arc::new(command), (Instant::now() + Duration::from_secs(5)).into()).get().await;
    assert!(matches!(answer, Ok(Value::Int(_))), "{answer:?}");
}

async fn speaker(engine: &Redis, names: &Namespace, group: usize, number: usize) -> Speaker {
    let group = GroupId::parse(&format!("@TGS#2BENCH{group:05}")).expect("a group id");
    let user = UserId::parse(&format!("user{number:06}")).expect("a user id");
    let partition = Partition::group(APP, &group);
    let suffix = [&EPOCH.to_be_bytes()[..], user.as_str().as_bytes()].concat();
    let (profile, member) = (Key::new(Table::Group, ""), Key::new(Table::Member, suffix.clone()));
    let found = engine.get(&partition, std::slice::from_ref(&profile)).await.expect("read");
    let mut batch = Batch::new(partition.clone(), now()).put(member.clone(), "m".repeat(150));
    if found[0].is_none() {
        batch = batch.put(profile.clone(), "g".repeat(450));
    }
    engine.commit(batch).await.expect("stored");
    let found = engine.get(&partition, &[profile.clone(), member.clone()]).await.expect("read");
    let version = |place: usize| Expected::Version(found[place].as_ref().expect("stored").version);
    let checks = vec![
        Check { key: profile, expected: version(0) },
        Check { key: member, expected: version(1) },
        Check { key: Key::new(Table::Mute, suffix), expected: Expected::Absent },
    ];
    let channel = names.key(format!("{APP}/g{group}").as_bytes());
    let label = GroupLabel {
        id: (&group).into(),
        name: "The group".to_owned(),
        kind: GroupKind::Public,
        has_topics: false,
    };
    Speaker { group, user, checks, label, channel }
}

fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Millis(since.as_millis() as u64)
}

fn message(speaker: &Speaker, number: u64) -> Message {
    Message {
        from: Sender {
            user: speaker.user.clone(),
            tiny_id: 144_115_200_000_000_001,
            nick: "Somebody".to_owned(),
            face: String::new(),
            name_card: String::new(),
        },
        random: number,
        client_seq: number,
        client_time: now().0 / 1000,
        priority: Priority::Normal,
        body: Body::text(&"x".repeat(256)),
        cloud_custom_data: String::new(),
        mentions: Vec::new(),
        options: Options::default(),
        origin: Some(1),
    }
}

fn message_bytes(speaker: &Speaker) -> Bytes {
    records::encode(&Entry::Message(message(speaker, 1_234_567_890)))
}

/// As `services/message/group.rs` makes it.
fn batch(speaker: &Speaker, number: u64) -> Batch {
    let message = message(speaker, number);
    let token = [&EPOCH.to_be_bytes()[..], speaker.user.as_str().as_bytes(), &number.to_be_bytes()].concat();
    let bytes = records::encode(&Entry::Message(message.clone()));
    let event = bus::Entry::GroupMessage { group: speaker.label.clone(), message, counts: true };
    let mut batch = Batch::new(Partition::group(APP, &speaker.group), now()).idempotency_key(token);
    batch.checks.clone_from(&speaker.checks);
    batch
        .append(EPOCH.to_be_bytes().to_vec(), bytes)
        .announce(Topic::Group(APP, (&speaker.group).into()), event)
}

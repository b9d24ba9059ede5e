mod announces;
mod cluster;
mod confirm;
mod counts;
mod damage;
mod epoch;
mod faults;
mod format;
mod golden;
mod login;
mod messages;
mod survey;

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, Weak};

use protocol::group::GroupKind;
use protocol::id::{AppId, ChannelId, GroupId, Millis, UserId};
use protocol::message::{Body, GroupLabel, Message, Options, Priority, Sender};
use test_servers::Persistence::{EveryWrite, Nothing};
use test_servers::{RedisCluster, RedisServer, Sentinels, eventually};
use tokio::sync::OnceCell;

use super::*;
use crate::bus::testing::nothing;
use crate::bus::{Bus, Entry, Event, Incoming, Numbering, Receiver, RedisBus, Topic};
use crate::redis::Target;
use crate::redis::testing::Targets;
use crate::storage::CommitError;
use crate::storage::conformance::{Fixture, Opened, conformance};

/// Servers that the tests which run at the same time share. They end with the last of these tests.
struct Shared<T>(tokio::sync::Mutex<Weak<T>>);

impl<T> Shared<T> {
    const fn new() -> Self {
        Self(tokio::sync::Mutex::const_new(Weak::new()))
    }

    async fn get(&self, start: impl Future<Output = T>) -> Arc<T> {
        let mut shared = self.0.lock().await;
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(start.await);
        *shared = Arc::downgrade(&started);
        started
    }
}

/// A prefix of its own on shared servers.
struct Part<T> {
    servers: OnceCell<Arc<T>>,
    names: Namespace,
    /// They carry as long as they live.
    buses: Mutex<Vec<RedisBus>>,
}

fn part<T>() -> Part<T> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let names = Namespace::new(&format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    Part { servers: OnceCell::new(), names, buses: Mutex::default() }
}

impl<T> Part<T> {
    async fn open_on(&self, target: Target) -> Opened {
        let servers = Topology::start(target);
        assert!(servers.wait(Duration::from_secs(10)).await);
        let (bus, events) = listen(&servers, &self.names, &[room()]).await;
        self.buses.lock().unwrap().push(bus);
        Opened { engine: Arc::new(Redis::new(servers, self.names.clone(), Settings::default())), events }
    }
}

impl Fixture for Part<RedisServer> {
    async fn open(&self) -> Opened {
        static SHARED: Shared<RedisServer> = Shared::new();
        let server =
            self.servers.get_or_init(|| SHARED.get(async { RedisServer::start(Nothing).await })).await;
        self.open_on(server.target()).await
    }
}

impl Fixture for Part<RedisCluster> {
    async fn open(&self) -> Opened {
        static SHARED: Shared<RedisCluster> = Shared::new();
        let cluster = self.servers.get_or_init(|| SHARED.get(RedisCluster::start())).await;
        self.open_on(cluster.target()).await
    }
}

impl Fixture for Part<Sentinels> {
    async fn open(&self) -> Opened {
        static SHARED: Shared<Sentinels> = Shared::new();
        let sentinels = self.servers.get_or_init(|| SHARED.get(Sentinels::start())).await;
        self.open_on(sentinels.target()).await
    }
}

mod on_one_server {
    use super::*;

    fn new() -> Part<RedisServer> {
        part()
    }

    conformance!(new);
}

mod on_a_cluster {
    use super::*;

    fn new() -> Part<RedisCluster> {
        part()
    }

    conformance!(new);
}

mod behind_sentinels {
    use super::*;

    fn new() -> Part<Sentinels> {
        part()
    }

    conformance!(new);
}

fn group(name: &str) -> Partition {
    Partition::group(AppId(1), &GroupId::parse(name).unwrap())
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// The topic that the suite announces on.
fn room() -> Topic {
    Topic::Group(AppId(1), ChannelId::parse("room").unwrap())
}

fn room_log() -> Log {
    Log { partition: group("room"), name: "log".into() }
}

/// An entry for the room.
fn said(text: impl Into<Bytes>) -> Batch {
    Batch::new(group("room"), Millis(1000)).append("log", text)
}

/// What a member says in the room, as the services write it. `number` tells it from the others.
fn message(from: &str, number: u64) -> Batch {
    message_to("room", from, number)
}

fn message_to(name: &str, from: &str, number: u64) -> Batch {
    said_in(&ChannelId::parse(name).unwrap(), "log", from, number)
}

/// The same in a part of a group, whose log has its name.
fn message_on(channel: &ChannelId, from: &str, number: u64) -> Batch {
    said_in(channel, channel.as_str(), from, number)
}

fn said_in(channel: &ChannelId, log: &str, from: &str, number: u64) -> Batch {
    let sender = Sender {
        user: user(from),
        tiny_id: 1,
        nick: String::new(),
        face: String::new(),
        name_card: String::new(),
    };
    let message = Message {
        from: sender,
        random: number,
        client_seq: 0,
        client_time: 0,
        priority: Priority::Normal,
        body: Body::text(&format!("text {number}")),
        cloud_custom_data: String::new(),
        mentions: Vec::new(),
        options: Options::default(),
        origin: None,
    };
    let entry = format!("{{\"m\":{}}}", serde_json::to_string(&message).unwrap());
    let id = channel.clone();
    let name = channel.as_str().to_owned();
    let label = GroupLabel { id, name, kind: GroupKind::Meeting, has_topics: channel.is_topic() };
    Batch::new(Partition::group(AppId(1), &channel.group()), Millis(1000))
        .idempotency_key(format!("{log} {from} {number}"))
        .append(log.to_owned(), entry)
        .announce(
            Topic::Group(AppId(1), channel.clone()),
            Entry::GroupMessage { group: label, message, counts: true },
        )
}

async fn entries(engine: &dyn Engine) -> Vec<Bytes> {
    let entries = engine.read(&room_log(), crate::storage::conformance::ALL).await.unwrap();
    entries.into_iter().map(|entry| entry.bytes).collect()
}

fn engine_on(target: Target, settings: Settings) -> Redis {
    Redis::new(Topology::start(target), Namespace::new("timgate"), settings)
}

/// An engine that asks the server nothing by itself: where it is counted what a call costs, or seen what it leaves.
fn quiet_engine_on(target: Target) -> Redis {
    let pace = Pace { format: FORMAT_INTERVAL, has_watches: false };
    Redis::at_pace(Topology::start(target), Namespace::new("timgate"), Settings::default(), pace)
}

/// A bus that follows the topics, and what it hears.
async fn listen(servers: &Arc<Topology>, names: &Namespace, topics: &[Topic]) -> (RedisBus, Receiver) {
    let (bus, events) = RedisBus::start(servers.clone(), names.clone(), 1);
    for topic in topics {
        bus.follow(topic).await;
    }
    (bus, events)
}

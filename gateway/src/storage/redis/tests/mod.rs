mod counts;

use std::sync::Weak;
use std::sync::atomic::AtomicU64;

use protocol::id::{AppId, GroupId, Millis};
use redis::{AsyncConnectionConfig, PushInfo, PushKind};
use tokio::sync::{OnceCell, mpsc};

use super::*;
use crate::bus::{Delivery, Incoming, Numbering, Stamp, Topic};
use crate::redis::Target;
use crate::redis::testing::{Cluster, Sentinels, Server};
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
    keys: Keys,
}

fn part<T>() -> Part<T> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let keys = Keys::new(&format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    Part { servers: OnceCell::new(), keys }
}

impl<T> Part<T> {
    async fn open_on(&self, target: Target) -> Opened {
        let servers = Servers::start(target);
        assert!(servers.wait(Duration::from_secs(10)).await);
        let events = listen(&servers, &self.keys).await;
        Opened { engine: Arc::new(Redis::new(servers, self.keys.clone(), Settings::default())), events }
    }
}

impl Fixture for Part<Server> {
    async fn open(&self) -> Opened {
        static SHARED: Shared<Server> = Shared::new();
        let server = self.servers.get_or_init(|| SHARED.get(async { Server::start() })).await;
        self.open_on(server.target()).await
    }
}

impl Fixture for Part<Cluster> {
    async fn open(&self) -> Opened {
        static SHARED: Shared<Cluster> = Shared::new();
        let cluster = self.servers.get_or_init(|| SHARED.get(Cluster::start())).await;
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

    fn new() -> Part<Server> {
        part()
    }

    conformance!(new);
}

mod on_a_cluster {
    use super::*;

    fn new() -> Part<Cluster> {
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

/// The topic that the suite announces on.
fn room() -> Topic {
    Topic::Group(AppId(1), GroupId::parse("room").unwrap())
}

/// What is announced on the room from now on.
async fn listen(servers: &Servers, keys: &Keys) -> mpsc::Receiver<Incoming> {
    let channel = keys.of_topic(&room()).channel().to_owned();
    let address = servers.master_of(slot_of(&channel)).unwrap();
    let (pushes, mut pushed) = mpsc::unbounded_channel::<PushInfo>();
    let config = AsyncConnectionConfig::new().set_push_sender(pushes);
    let client = servers.client(&address);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    redis::cmd("SSUBSCRIBE").arg(&channel).exec_async(&mut connection).await.unwrap();
    let (events, received) = mpsc::channel(4096);
    tokio::spawn(async move {
        let _connection = connection;
        while let Some(push) = pushed.recv().await {
            let delivery = match (push.kind, push.data.last()) {
                (PushKind::SMessage, Some(Answer::BulkString(payload))) => delivery(payload),
                _ => continue,
            };
            if events.send(Incoming::Event(delivery)).await.is_err() {
                return;
            }
        }
    });
    received
}

fn delivery(payload: &[u8]) -> Delivery {
    let parts: Vec<&str> = std::str::from_utf8(payload).unwrap().splitn(4, ' ').collect();
    let numbering = match parts[0].strip_prefix('t') {
        Some(turn) => Numbering::Turn(turn.parse().unwrap()),
        None => Numbering::Entry,
    };
    let stamp = (parts[1] != "-")
        .then(|| Stamp { seq: Seq(parts[1].parse().unwrap()), at: Millis(parts[2].parse().unwrap()) });
    let event = Arc::new(serde_json::from_str(parts[3]).unwrap());
    Delivery { topic: room(), stamp, numbering, event }
}

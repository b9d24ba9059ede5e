use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, Weak};

use protocol::id::{AppId, GroupId, Millis};
use redis::{AsyncConnectionConfig, PushInfo, PushKind};
use tokio::sync::mpsc;

use super::*;
use crate::bus::{Delivery, Incoming, Numbering, Stamp, Topic};
use crate::redis::testing::Server;
use crate::storage::conformance::{Fixture, Opened, conformance};

/// A part of a server that the tests which run at the same time share.
struct Standalone {
    server: Arc<Server>,
    keys: Keys,
}

fn standalone() -> Standalone {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let server = shared.upgrade().unwrap_or_else(|| Arc::new(Server::start()));
    *shared = Arc::downgrade(&server);
    Standalone { server, keys: new_keys() }
}

fn new_keys() -> Keys {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Keys::new(&format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

impl Fixture for Standalone {
    async fn open(&self) -> Opened {
        let servers = Servers::start(self.server.target());
        let events = listen(&servers, &self.keys).await;
        Opened { engine: Arc::new(Redis::new(servers, self.keys.clone(), Settings::default())), events }
    }
}

mod on_one_server {
    use super::*;

    conformance!(standalone);
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

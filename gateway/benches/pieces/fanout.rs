//! An event of a room on its way from the bus to those who follow the room: looked up, written as a frame once, given to
//! each connection.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use criterion::{Criterion, Throughput};
use gateway::bus::{
    Delivery, DeviceClaim, DeviceId, Ended, Entry, GroupPlace, Incoming, LocalBus, Membership,
    MissedByDevice, MissedByUser, MissedInGroup, MostMissed, Numbering, RecallMark, Recalls, Source,
    SourceError, Stamp, Topic, TopicPlace, UserPlace, channel,
};
use gateway::clock::Clock;
use gateway::hub::{Attachment, Connection, Dialect, Hub, Pipe};
use protocol::group::GroupKind;
use protocol::id::{AppId, ChannelId, GroupId, Millis, Seq, UserId};
use protocol::message::{Body, GroupLabel, Message, Options, Priority, Sender};
use tokio::sync::{Notify, mpsc};

const APP: AppId = AppId(1_400_000_000);
const FOLLOWERS: usize = 1000;
/// All numbers have as many digits, so all frames have one length.
const FIRST: u64 = 1_000_000_000;

pub(crate) fn room(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let room = runtime.block_on(Room::open());
    let mut group = criterion.benchmark_group("event to 1,000 followers");
    group.throughput(Throughput::Elements(FOLLOWERS as u64));
    group.bench_function("alone", |bencher| {
        bencher.iter_custom(|times| runtime.block_on(room.say(times, 1)));
    });
    group.throughput(Throughput::Elements(16 * FOLLOWERS as u64));
    group.bench_function("16 together", |bencher| {
        bencher.iter_custom(|times| runtime.block_on(room.say(times, 16)));
    });
    group.finish();
}

/// Connections that all follow one room.
struct Room {
    bus: mpsc::Sender<Incoming>,
    taken: Arc<Taken>,
    next: AtomicUsize,
    frame_bytes: usize,
    _connections: Vec<Arc<Connection>>,
}

impl Room {
    async fn open() -> Self {
        let hub = Hub::new(Arc::new(LocalBus::new().0), Arc::new(OneRoom), &Clock::system());
        let (bus, incoming) = channel(4096);
        hub.start(incoming);
        let taken = Arc::new(Taken::default());
        let mut connections = Vec::new();
        for number in 0..FOLLOWERS {
            let connection = hub.connect(Dialect::Text, None, 1 << 20);
            connection.outbound.open(Socket(taken.clone()));
            let user = UserId::parse(&format!("user_{number}")).expect("a valid id");
            let device = DeviceClaim { id: 1, platform: 7, since: Millis(0) };
            let attached = hub.attach(&connection, Attachment { app: APP, user, device }, None).await;
            attached.expect("a bus inside the process follows at once");
            connection.outbound.release();
            connections.push(connection);
        }
        let mut room =
            Self { bus, taken, next: AtomicUsize::new(0), frame_bytes: 0, _connections: connections };
        room.frame_bytes = room.length_of_a_frame().await;
        room
    }

    /// Says something and looks how much each follower got.
    async fn length_of_a_frame(&self) -> usize {
        self.bring().await;
        let mut before = 0;
        // All of it is there when nothing more has come for a while.
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let bytes = self.taken.bytes.load(Ordering::Relaxed);
            if bytes > 0 && bytes == before {
                assert_eq!(bytes % FOLLOWERS, 0, "each got the same");
                return bytes / FOLLOWERS;
            }
            before = bytes;
        }
    }

    /// How long it takes to say something `times` times, `together` at once each time, until all have heard it.
    async fn say(&self, times: u64, together: usize) -> Duration {
        let begun = Instant::now();
        for _ in 0..times {
            self.taken.expect(together * FOLLOWERS * self.frame_bytes);
            for _ in 0..together {
                self.bring().await;
            }
            self.taken.all.notified().await;
        }
        begun.elapsed()
    }

    async fn bring(&self) {
        let seq = Seq(FIRST + self.next.fetch_add(1, Ordering::Relaxed) as u64);
        let group = GroupLabel {
            id: (&room_id()).into(),
            name: "A group".to_owned(),
            kind: GroupKind::Meeting,
            has_topics: false,
        };
        let event = Entry::GroupMessage { group, message: message(), counts: true }.into();
        let stamp = Some(Stamp { seq, at: Millis(1_800_000_000_000) });
        let topic = Topic::Group(APP, (&room_id()).into());
        let delivery = Delivery { topic, stamp, numbering: Numbering::Unneeded, event };
        self.bus.send(Incoming::Event(delivery)).await.expect("the hub runs");
    }
}

/// What all sockets took together.
#[derive(Default)]
struct Taken {
    bytes: AtomicUsize,
    wanted: AtomicUsize,
    all: Notify,
}

impl Taken {
    fn expect(&self, bytes: usize) {
        self.bytes.store(0, Ordering::Relaxed);
        self.wanted.store(bytes, Ordering::Relaxed);
    }

    fn add(&self, bytes: usize) {
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes == self.wanted.load(Ordering::Relaxed) {
            self.all.notify_one();
        }
    }
}

/// Takes everything at once.
struct Socket(Arc<Taken>);

impl Pipe for Socket {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(bytes.len());
        Ok(bytes.len())
    }

    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes = pieces.iter().map(|piece| piece.len()).sum();
        self.0.add(bytes);
        Ok(bytes)
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn room_id() -> GroupId {
    GroupId::parse("@TGS#3ABCDEFGHIJ").expect("a valid id")
}

/// 256 bytes of text by somebody who follows nothing.
fn message() -> Message {
    Message {
        from: Sender {
            user: UserId::parse("author").expect("a valid id"),
            tiny_id: 144_115_200_000_000_001,
            nick: "A nickname".to_owned(),
            face: "https://cdn.example.com/faces/0123456789.png".to_owned(),
            name_card: String::new(),
        },
        random: 7,
        client_seq: 7,
        client_time: 1_800_000_000,
        priority: Priority::default(),
        body: Body::text(&"message ".repeat(32)),
        cloud_custom_data: String::new(),
        mentions: Vec::new(),
        options: Options::default(),
        origin: None,
    }
}

/// A world in which everybody is in the room, and nothing is ever missed.
struct OneRoom;

#[async_trait]
impl Source for OneRoom {
    async fn group_place(&self, _: AppId, _: &ChannelId) -> Result<Option<GroupPlace>, SourceError> {
        Ok(None)
    }

    async fn topics(&self, _: AppId, _: &GroupId, _: Option<Millis>) -> Result<Vec<TopicPlace>, SourceError> {
        Ok(Vec::new())
    }

    async fn group_end(&self, _: AppId, _: &ChannelId, _: &Bytes) -> Result<Seq, SourceError> {
        Ok(Seq::ZERO)
    }

    async fn group_stamps(
        &self,
        _: AppId,
        _: &ChannelId,
        _: &Bytes,
        _: (Seq, Seq),
    ) -> Result<Vec<Stamp>, SourceError> {
        Ok(Vec::new())
    }

    async fn missed_in_group(
        &self,
        _: AppId,
        _: &ChannelId,
        _: &GroupPlace,
    ) -> Result<MissedInGroup, SourceError> {
        Ok(MissedInGroup::Gone)
    }

    async fn recalled_in_group(
        &self,
        _: AppId,
        _: &ChannelId,
        _: &Bytes,
        _: RecallMark,
    ) -> Result<Recalls, SourceError> {
        Ok(Recalls { events: Vec::new(), next: None, read_at: Millis(0) })
    }

    async fn user_place(&self, _: AppId, _: &UserId) -> Result<UserPlace, SourceError> {
        Err(SourceError("nobody has missed anything".to_owned()))
    }

    async fn missed_by_user(&self, _: AppId, _: &UserId, _: &UserPlace) -> Result<MissedByUser, SourceError> {
        Ok(MissedByUser::default())
    }

    async fn groups_of(&self, _: AppId, _: &UserId) -> Result<Vec<Membership>, SourceError> {
        Ok(vec![Membership {
            group: room_id(),
            has_topics: false,
            joined_at: Millis(0),
            joined_after: Seq::ZERO,
            hides_earlier: false,
        }])
    }

    async fn missed_by_device(
        &self,
        _: AppId,
        _: &UserId,
        _: DeviceId,
        _: Millis,
        _: MostMissed,
    ) -> Result<MissedByDevice, SourceError> {
        Ok(MissedByDevice::default())
    }

    async fn ended(&self, _: AppId, _: &UserId, _: DeviceClaim) -> Result<Option<Ended>, SourceError> {
        Ok(None)
    }

    fn account_changed(&self, _: AppId, _: &UserId) {}
}

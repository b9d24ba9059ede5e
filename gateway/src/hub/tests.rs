//! A bus that loses what it is told to lose, a store that fails when it is told to: whoever follows still gets
//! everything once and in order.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use protocol::event::{self, PushBody};
use protocol::group::{GroupKind, Shown};
use protocol::id::{ChannelId, Millis, TopicId};
use protocol::message::{Body, GroupLabel, Message, Options, Priority, Sender};
use protocol::push::{Notice, NoticeKind};
use protocol::session::KickReason;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::value::to_raw_value;
use tokio::sync::mpsc;

use super::returning::{ON_THE_WAY, earlier};
use super::*;
use crate::bus::{
    Aside, AsideOf, BusError, DeviceId, Entry, GroupPlace, HeardAsides, HeardWindow, MissedByDevice,
    MissedByUser, MissedInGroup, MostMissed, Numbering, Pairs, Pass, Passed, Push, ReadTo, RecallMark,
    Recalls, SourceError, Stamp, TopicPlace, UserPlace, channel,
};

const APP: AppId = AppId(1);

/// The time when a bench is built.
const BEGIN: u64 = 1_700_000_000_000;

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn room() -> GroupId {
    GroupId::parse("room").unwrap()
}

fn room_topic() -> Topic {
    Topic::Group(APP, (&room()).into())
}

fn message(from: &str, text: &str) -> Message {
    let body = format!(r#"[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"{text}"}}}}]"#);
    Message {
        from: Sender {
            user: user(from),
            tiny_id: 1,
            nick: String::new(),
            face: String::new(),
            name_card: String::new(),
        },
        random: 1,
        client_seq: 1,
        client_time: 1,
        priority: Priority::default(),
        body: Body::parse(serde_json::from_str(&body).unwrap(), 1000).unwrap(),
        cloud_custom_data: String::new(),
        mentions: Vec::new(),
        options: Options::default(),
        origin: None,
    }
}

fn said(seq: Seq) -> Event {
    let group =
        GroupLabel { id: (&room()).into(), name: "room".into(), kind: GroupKind::Meeting, has_topics: false };
    Entry::GroupMessage { group, message: message("author", &format!("<m{}>", seq.0)), counts: true }.into()
}

/// When peers say something.
const SAID_AT: Millis = Millis(1000);

fn push_of(aside: Aside) -> Event {
    let text = match &aside.of {
        AsideOf::Recall { message, .. } | AsideOf::PeerRecall { message, .. } => {
            format!("<r{}>", message.seq.0)
        }
        AsideOf::PeerRead { to, .. } => format!("<read{}>", to.seq.0),
        other => panic!("nobody tells of {other:?}"),
    };
    Push::new(PushBody::from_json(to_raw_value(&text).unwrap())).telling(aside).into()
}

/// What the store keeps and the bus counts.
#[derive(Default)]
struct World {
    /// The times of the entries of the room's log.
    room: Mutex<Vec<Millis>>,
    now: AtomicU64,
    /// What was said with each peer by and to `alice`.
    pairs: Mutex<HashMap<UserId, Vec<Message>>>,
    /// What was recalled of it, and the last that `alice` has read.
    asides: Mutex<Vec<Aside>>,
    offsets: Mutex<HashMap<Topic, u64>>,
    members: Mutex<Vec<Membership>>,
    /// The topics of the groups that have some.
    topics: Mutex<Vec<TopicPlace>>,
    ended: Mutex<Option<Ended>>,
    fails: AtomicBool,
    /// Whether topics come to be followed only once it is over.
    is_slow: AtomicBool,
    groups_fail: AtomicBool,
    /// How often the store was asked.
    asked: AtomicU64,
    /// Messages of the room that were recalled, in the order of their numbers.
    recalled: Mutex<Vec<Seq>>,
    /// What the bus carries to this node.
    followed: Mutex<HashSet<Topic>>,
    /// Whether the bus loses nothing.
    is_sound: bool,
}

impl World {
    fn answer(&self) -> Result<(), SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.fails.load(Ordering::Relaxed) { Err(SourceError("away".into())) } else { Ok(()) }
    }

    fn last(&self) -> u64 {
        self.room.lock().unwrap().len() as u64
    }

    fn stamp(&self, seq: Seq) -> Stamp {
        let room = self.room.lock().unwrap();
        Stamp { seq, at: room.get(seq.previous().0 as usize).copied().unwrap_or(Millis(0)) }
    }

    fn turn_of(&self, topic: &Topic) -> u64 {
        self.offsets.lock().unwrap().get(topic).copied().unwrap_or(0)
    }

    fn next_turn(&self, topic: &Topic) -> Numbering {
        let mut offsets = self.offsets.lock().unwrap();
        let offset = offsets.entry(topic.clone()).or_default();
        *offset += 1;
        Numbering::Offset(*offset)
    }

    /// Stores a message in the room, and gives the event of it.
    fn say(&self) -> Delivery {
        let mut room = self.room.lock().unwrap();
        let at = Millis(self.now.load(Ordering::Relaxed));
        room.push(at);
        let seq = Seq(room.len() as u64);
        let stamp = Some(Stamp { seq, at });
        Delivery { topic: room_topic(), stamp, numbering: Numbering::Entry, event: Arc::new(said(seq)) }
    }

    fn recall_of(&self, seq: Seq) -> Event {
        let message = self.stamp(seq);
        push_of(Aside { of: AsideOf::Recall { group: (&room()).into(), message }, at: message.at })
    }

    /// Recalls a message of the room, and gives the event of it.
    fn recall(&self, seq: Seq) -> Delivery {
        self.recalled.lock().unwrap().push(seq);
        let numbering = self.next_turn(&room_topic());
        Delivery { topic: room_topic(), stamp: None, numbering, event: Arc::new(self.recall_of(seq)) }
    }

    /// Stores an aside for `alice`, and gives the event of it.
    fn tell_alice(&self, of: AsideOf) -> Delivery {
        let topic = Topic::User(APP, user("alice"));
        let numbering = self.next_turn(&topic);
        let aside = Aside { of, at: SAID_AT };
        let mut asides = self.asides.lock().unwrap();
        if let AsideOf::PeerRead { .. } = &aside.of {
            asides.retain(|other| !matches!(other.of, AsideOf::PeerRead { .. }));
        }
        asides.push(aside.clone());
        Delivery { topic, stamp: None, numbering, event: Arc::new(push_of(aside)) }
    }

    fn recall_of_peer(&self, peer: &str, seq: u64) -> Delivery {
        let message = Stamp { seq: Seq(seq), at: SAID_AT };
        self.tell_alice(AsideOf::PeerRecall { peer: user(peer), message })
    }

    fn read_peer(&self, peer: &str, seq: u64) -> Delivery {
        self.tell_alice(AsideOf::PeerRead { peer: user(peer), to: ReadTo { seq: Seq(seq), time: seq } })
    }

    /// Stores a message from a peer to `alice`, and gives the event of it.
    fn write_to_alice(&self, peer: &str, text: &str) -> Delivery {
        let message = message(peer, text);
        let mut pairs = self.pairs.lock().unwrap();
        let log = pairs.entry(user(peer)).or_default();
        log.push(message.clone());
        let topic = Topic::User(APP, user("alice"));
        let stamp = Some(Stamp { seq: Seq(log.len() as u64), at: SAID_AT });
        let numbering = self.next_turn(&topic);
        Delivery { topic, stamp, numbering, event: Entry::C2cMessage { to: user("alice"), message }.into() }
    }
}

#[async_trait]
impl Bus for World {
    async fn publish(&self, _: Topic, _: Option<Stamp>, _: Arc<Event>) {}

    async fn pass(&self, pass: Pass) -> Result<Passed, BusError> {
        Ok(Passed { stamp: Stamp { seq: Seq(1), at: pass.at }, is_repeated: false })
    }

    async fn note(&self, _: &Topic, _: Option<Bytes>, _: Duration) -> Result<(), BusError> {
        Ok(())
    }

    async fn notes(&self, _: &Topic) -> Result<Vec<(u64, Bytes)>, BusError> {
        Ok(Vec::new())
    }

    async fn follow(&self, topic: &Topic) {
        tokio::task::yield_now().await;
        self.followed.lock().unwrap().insert(topic.clone());
        tokio::task::yield_now().await;
        while self.is_slow.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn unfollow(&self, topic: &Topic) {
        self.followed.lock().unwrap().remove(topic);
    }

    fn is_behind(&self) -> bool {
        false
    }

    fn can_lose(&self) -> bool {
        !self.is_sound
    }

    async fn last_offset(&self, topic: &Topic) -> Result<u64, BusError> {
        self.answer().map_err(|error| BusError(error.0))?;
        Ok(self.turn_of(topic))
    }
}

#[async_trait]
impl Source for World {
    async fn group_place(&self, _: AppId, _: &ChannelId) -> Result<Option<GroupPlace>, SourceError> {
        tokio::task::yield_now().await;
        self.answer()?;
        let seq = Seq(self.last());
        let window = HeardWindow::from_end(self.stamp(seq));
        let asides = HeardAsides::new(Millis(0));
        Ok(Some(GroupPlace { epoch: Bytes::from_static(b"1"), seq, window, asides }))
    }

    async fn topics(&self, _: AppId, _: &GroupId, _: Option<Millis>) -> Result<Vec<TopicPlace>, SourceError> {
        self.answer()?;
        Ok(self.topics.lock().unwrap().clone())
    }

    async fn group_end(&self, _: AppId, _: &ChannelId, _: &Bytes) -> Result<Seq, SourceError> {
        self.answer()?;
        Ok(Seq(self.last()))
    }

    async fn group_stamps(
        &self,
        _: AppId,
        _: &ChannelId,
        _: &Bytes,
        (from, to): (Seq, Seq),
    ) -> Result<Vec<Stamp>, SourceError> {
        self.answer()?;
        Ok((from.0..=to.0.min(self.last())).map(|seq| self.stamp(Seq(seq))).collect())
    }

    async fn missed_in_group(
        &self,
        _: AppId,
        _: &ChannelId,
        from: &GroupPlace,
    ) -> Result<MissedInGroup, SourceError> {
        tokio::task::yield_now().await;
        self.answer()?;
        let seqs: Vec<Seq> = (from.seq.0 + 1..=self.last()).take(3).map(Seq).collect();
        let mut place = GroupPlace { seq: seqs.last().copied().unwrap_or(from.seq), ..from.clone() };
        for seq in &seqs {
            place.window.hear(self.stamp(*seq));
        }
        let recalled = self.recalled.lock().unwrap();
        let mut events = Vec::new();
        for seq in seqs {
            events.push((self.stamp(seq), said(seq)));
            if recalled.contains(&seq) {
                let recall = self.recall_of(seq);
                place.asides.hear(recall.aside().unwrap());
                events.push((self.stamp(seq), recall));
            }
        }
        Ok(MissedInGroup::Events(events, place))
    }

    async fn recalled_in_group(
        &self,
        _: AppId,
        _: &ChannelId,
        _: &Bytes,
        after: RecallMark,
    ) -> Result<Recalls, SourceError> {
        self.answer()?;
        let recalled = self.recalled.lock().unwrap();
        let mark = |seq: &Seq| RecallMark { at_us: self.stamp(*seq).at.0 * 1000, seq: *seq };
        let is_after = |seq: &Seq| (mark(seq).at_us, *seq) > (after.at_us, after.seq);
        let page: Vec<Seq> = recalled.iter().copied().filter(is_after).take(3).collect();
        let next = page.last().map(mark);
        let told = |seq: Seq| (self.stamp(seq), self.recall_of(seq));
        let next = next.filter(|_| page.len() == 3);
        Ok(Recalls { events: page.into_iter().map(told).collect(), next, read_at: Millis(1) })
    }

    async fn user_place(&self, _: AppId, _: &UserId) -> Result<UserPlace, SourceError> {
        self.answer()?;
        let (notices, pairs) = (HeardWindow::default(), Pairs::new(Millis(0)));
        let asides = HeardAsides::new(Millis(0));
        Ok(UserPlace { notice: Seq::ZERO, notices, pairs, asides, since: Millis(0) })
    }

    async fn missed_by_user(
        &self,
        _: AppId,
        _: &UserId,
        from: &UserPlace,
    ) -> Result<MissedByUser, SourceError> {
        self.answer()?;
        let mut events = Vec::new();
        for (peer, log) in self.pairs.lock().unwrap().iter() {
            for (message, seq) in log.iter().zip(1..) {
                let stamp = Stamp { seq: Seq(seq), at: SAID_AT };
                if !from.pairs.has(peer, stamp) {
                    let entry = Entry::C2cMessage { to: user("alice"), message: message.clone() };
                    events.push((stamp, entry.into()));
                }
            }
        }
        let asides = self.asides.lock().unwrap();
        let asides = asides.iter().filter(|aside| aside.at >= from.asides.since());
        events.extend(asides.map(|aside| (Stamp { seq: Seq::ZERO, at: aside.at }, push_of(aside.clone()))));
        Ok(MissedByUser { events, groups: self.members.lock().unwrap().clone(), read_at: SAID_AT })
    }

    async fn groups_of(&self, _: AppId, _: &UserId) -> Result<Vec<Membership>, SourceError> {
        self.answer()?;
        if self.groups_fail.load(Ordering::Relaxed) {
            return Err(SourceError("away".into()));
        }
        Ok(self.members.lock().unwrap().clone())
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
        self.answer()?;
        Ok(*self.ended.lock().unwrap())
    }

    fn account_changed(&self, _: AppId, _: &UserId) {}
}

fn attachment(name: &str) -> Attachment {
    let device = DeviceClaim { id: 1, platform: 1, since: Millis(0) };
    Attachment { app: APP, user: user(name), device }
}

struct Bench {
    world: Arc<World>,
    hub: Hub,
    bus: mpsc::Sender<Incoming>,
}

impl Bench {
    fn new() -> Self {
        Self::of(Arc::default())
    }

    fn of(world: Arc<World>) -> Self {
        world.members.lock().unwrap().push(Membership {
            group: room(),
            has_topics: false,
            joined_at: Millis(0),
            joined_after: Seq::ZERO,
            hides_earlier: false,
        });
        let begin = tokio::time::Instant::now();
        let clock = Clock::from_fn(move || Millis(BEGIN + begin.elapsed().as_millis() as u64));
        let hub = Hub::new(world.clone(), world.clone(), &clock);
        let (bus, incoming) = channel(64);
        hub.start(incoming);
        Self { world, hub, bus }
    }

    async fn log_in(&self, name: &str) -> Arc<Connection> {
        let connection = self.hub.connect(Dialect::Text, None, 1 << 30);
        self.hub.attach(&connection, attachment(name), None).await.unwrap();
        connection.outbound.release();
        connection
    }

    async fn bring(&self, delivery: Delivery) {
        self.bus.send(Incoming::Event(delivery)).await.unwrap();
    }

    fn now(&self) -> Millis {
        self.hub.clock.now()
    }

    /// Lets everything that is begun come to its end; the clock of the tasks runs ahead.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
}

/// The marks `<…>` in what a connection was told, in their order. Several frames may come in one piece.
fn heard(connection: &Connection) -> Vec<String> {
    let frames = connection.outbound.take().concat();
    let text = String::from_utf8_lossy(&frames);
    let marks = text.split('<').skip(1).filter_map(|rest| Some(rest.split_once('>')?.0.to_owned()));
    marks.collect()
}

fn marks(seqs: std::ops::RangeInclusive<u64>) -> Vec<String> {
    seqs.map(|seq| format!("m{seq}")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_filled_before_what_comes_after_it() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    bench.bring(bench.world.say()).await;
    drop((bench.world.say(), bench.world.say()));
    bench.bring(bench.world.say()).await;
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&alice), marks(1..=5));
}

#[tokio::test(start_paused = true)]
async fn the_loss_of_the_last_event_is_found_within_a_second() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    for _ in 0..2 {
        drop(bench.world.say());
        drop(bench.world.write_to_alice("bob", "<lost>"));
        tokio::time::sleep(Duration::from_millis(1_001)).await;
        assert_eq!(heard(&alice).len(), 2);
        // Once more where it has been quiet for long.
        bench.settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_told_twice_is_heard_once() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    let (one, two) = (bench.world.say(), bench.world.say());
    for delivery in [&one, &two, &one, &two] {
        bench.bring(delivery.clone()).await;
    }
    let first = bench.world.write_to_alice("bob", "<first>");
    // An announcement that is made again has an offset of its own.
    let again = Delivery { numbering: bench.world.next_turn(&first.topic), ..first.clone() };
    bench.bring(first).await;
    bench.bring(again).await;
    bench.settle().await;
    assert_eq!(heard(&alice), ["m1", "m2", "first"]);
}

/// An instance of a newer version says what has no name here: while instances are replaced this may be much.
#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_passed_over_without_a_look_into_the_store() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&alice), ["m1"]);
    let asked = bench.world.asked.load(Ordering::Relaxed);
    for _ in 0..100 {
        let said = bench.world.say();
        bench.bring(Delivery { event: Arc::new(Event::Unknown), ..said }).await;
        let written = bench.world.write_to_alice("bob", "<unknown>");
        bench.bring(Delivery { event: Arc::new(Event::Unknown), ..written }).await;
    }
    bench.bring(bench.world.say()).await;
    bench.bring(bench.world.write_to_alice("bob", "<known>")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut heard = heard(&alice);
    heard.sort();
    assert_eq!(heard, ["known", "m102"]);
    assert_eq!(bench.world.asked.load(Ordering::Relaxed), asked, "nothing was looked for");
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_cleared_up_once_the_store_answers() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    bench.world.fails.store(true, Ordering::Relaxed);
    drop(bench.world.say());
    drop(bench.world.write_to_alice("bob", "<lost>"));
    for topic in [room_topic(), Topic::User(APP, user("alice"))] {
        bench.bus.send(Incoming::Suspect(topic)).await.unwrap();
    }
    bench.bring(bench.world.say()).await;
    bench.settle().await;
    assert!(heard(&alice).is_empty(), "nothing may overtake what is missing");
    bench.world.fails.store(false, Ordering::Relaxed);
    bench.settle().await;
    let mut heard = heard(&alice);
    heard.sort();
    assert_eq!(heard, ["lost", "m1", "m2"]);
}

/// Whoever is logged in reads what there is. What was said before that and not heard is in it, what is said afterwards is
/// heard, however long it takes until a topic is followed.
#[tokio::test(start_paused = true)]
async fn nothing_is_said_between_the_login_and_the_following() {
    let bench = Bench::new();
    bench.world.is_slow.store(true, Ordering::Relaxed);
    let alice = bench.hub.connect(Dialect::Text, None, 1 << 30);
    let attach = bench.hub.attach(&alice, attachment("alice"), None);
    let talk = async {
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            // Nobody follows, so the bus carries it nowhere.
            drop(bench.world.say());
            drop(bench.world.write_to_alice("bob", "<unheard>"));
        }
        bench.world.is_slow.store(false, Ordering::Relaxed);
    };
    let read = async {
        attach.await.unwrap();
        alice.outbound.release();
        (bench.world.last(), bench.world.pairs.lock().unwrap()[&user("bob")].len())
    };
    let (read, ()) = futures_util::future::join(read, talk).await;
    assert_eq!(read, (60, 60));
    bench.bring(bench.world.say()).await;
    bench.bring(bench.world.write_to_alice("bob", "<heard>")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&alice), ["m61", "heard"]);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_followed_is_not_logged_in() {
    let bench = Bench::new();
    bench.world.is_slow.store(true, Ordering::Relaxed);
    let alice = bench.hub.connect(Dialect::Text, None, 1 << 30);
    let begun = tokio::time::Instant::now();
    assert!(bench.hub.attach(&alice, attachment("alice"), None).await.is_err());
    assert!(begun.elapsed() >= FOLLOW_DEADLINE);
    bench.world.is_slow.store(false, Ordering::Relaxed);
    bench.hub.disconnect(&alice);
    // The groups of a user are as much of it as the user.
    let bob = bench.hub.connect(Dialect::Text, None, 1 << 30);
    bench.world.groups_fail.store(true, Ordering::Relaxed);
    assert!(bench.hub.attach(&bob, attachment("bob"), None).await.is_err());
    bench.settle().await;
    assert!(heard(&alice).is_empty() && heard(&bob).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_repeated_misses_nothing() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    bench.world.is_slow.store(true, Ordering::Relaxed);
    let again = bench.hub.attach(&alice, attachment("alice"), None);
    bench.bring(bench.world.say()).await;
    bench.bring(bench.world.write_to_alice("bob", "<meanwhile>")).await;
    again.await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&alice), ["m1", "meanwhile"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_pushed_waits_for_the_answer_to_the_login() {
    let bench = Bench::new();
    let alice = bench.hub.connect(Dialect::Text, None, 1 << 30);
    bench.hub.attach(&alice, attachment("alice"), None).await.unwrap();
    bench.bring(bench.world.say()).await;
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    alice.outbound.say(&text_frame(Dialect::Text, "<answer>"));
    alice.outbound.release();
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&alice), ["answer", "m1", "m2", "m3"]);
}

#[tokio::test(start_paused = true)]
async fn a_kick_that_was_lost_is_found() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    let topic = Topic::User(APP, user("alice"));
    bench.world.next_turn(&topic);
    *bench.world.ended.lock().unwrap() = Some(Ended::Kicked(KickReason::Replaced));
    bench.settle().await;
    assert!(alice.attachment().is_none());
    let frames = alice.outbound.take();
    assert!(String::from_utf8_lossy(&frames[0]).contains(event::FORCE_OFFLINE));
}

#[tokio::test(start_paused = true)]
async fn a_member_hears_everything_since_he_entered() {
    let bench = Bench::new();
    let early = bench.log_in("early").await;
    bench.world.members.lock().unwrap().clear();
    let late = bench.log_in("late").await;
    bench.bring(bench.world.say()).await;
    // They enter with the number 2; what is said next passes before they are told.
    let (two, three) = (bench.world.say(), bench.world.say());
    let topic = Topic::User(APP, user("late"));
    bench.bring(two).await;
    bench.bring(three).await;
    let event =
        Control::Entered { group: room(), after: Seq(1), hides_earlier: false, topics_since: None }.into();
    let numbering = bench.world.next_turn(&topic);
    bench.bring(Delivery { topic, stamp: None, numbering, event }).await;
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&early), marks(1..=4));
    assert_eq!(heard(&late), marks(2..=4));
}

#[tokio::test(start_paused = true)]
async fn whatever_number_of_recalls_was_missed_all_are_told() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    for _ in 0..10 {
        bench.bring(bench.world.say()).await;
    }
    bench.settle().await;
    assert_eq!(heard(&alice), marks(1..=10));
    *bench.world.recalled.lock().unwrap() = (1..=10).map(Seq).collect();
    bench.bus.send(Incoming::Suspect(room_topic())).await.unwrap();
    bench.settle().await;
    let expected: Vec<String> = (1..=10).map(|seq| format!("r{seq}")).collect();
    assert_eq!(heard(&alice), expected);
}

/// The SDKs take one off what is unread for each recall that they are told of.
#[tokio::test(start_paused = true)]
async fn a_recall_is_told_once_and_behind_its_message() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    for _ in 0..3 {
        bench.bring(bench.world.say()).await;
    }
    bench.bring(bench.world.recall(Seq(1))).await;
    bench.settle().await;
    assert_eq!(heard(&alice), ["m1", "m2", "m3", "r1"]);
    for _ in 0..2 {
        bench.bus.send(Incoming::Suspect(room_topic())).await.unwrap();
        bench.settle().await;
    }
    assert!(heard(&alice).is_empty(), "what was told is told again after a loss");

    let late = bench.world.recall(Seq(2));
    bench.bus.send(Incoming::Suspect(room_topic())).await.unwrap();
    bench.settle().await;
    bench.bring(late).await;
    bench.settle().await;
    assert_eq!(heard(&alice), ["r2"]);

    drop(bench.world.say());
    bench.bring(bench.world.recall(Seq(4))).await;
    bench.settle().await;
    assert_eq!(heard(&alice), ["m4", "r4"]);
    // More than are remembered, and none of them anew.
    for seq in 5..=400 {
        bench.world.now.store(100_000 * seq, Ordering::Relaxed);
        bench.bring(bench.world.say()).await;
        bench.bring(bench.world.recall(Seq(seq))).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    bench.settle().await;
    let told: Vec<String> = (5..=400).flat_map(|seq| [format!("m{seq}"), format!("r{seq}")]).collect();
    assert_eq!(heard(&alice), told);
    bench.bus.send(Incoming::Suspect(room_topic())).await.unwrap();
    bench.settle().await;
    assert!(heard(&alice).is_empty());
}

/// So are those of what a peer has said.
#[tokio::test(start_paused = true)]
async fn a_recall_of_a_peer_is_told_once_and_behind_its_message() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    let topic = Topic::User(APP, user("alice"));
    let doubt = || bench.bus.send(Incoming::Suspect(topic.clone()));
    for text in ["<m1>", "<m2>", "<m3>"] {
        bench.bring(bench.world.write_to_alice("bob", text)).await;
    }
    bench.bring(bench.world.recall_of_peer("bob", 1)).await;
    bench.settle().await;
    assert_eq!(heard(&alice), ["m1", "m2", "m3", "r1"]);
    for _ in 0..2 {
        doubt().await.unwrap();
        bench.settle().await;
    }
    assert!(heard(&alice).is_empty(), "what was told is told again after a loss");

    // The last event of the topic is lost, which shows in no later one.
    drop(bench.world.recall_of_peer("bob", 2));
    bench.settle().await;
    assert_eq!(heard(&alice), ["r2"]);

    let late = bench.world.recall_of_peer("bob", 3);
    doubt().await.unwrap();
    bench.settle().await;
    bench.bring(late).await;
    bench.settle().await;
    assert_eq!(heard(&alice), ["r3"]);

    // What was stored by an instance that ended before it told anybody.
    bench.world.pairs.lock().unwrap().get_mut(&user("bob")).unwrap().push(message("bob", "<m4>"));
    bench.bring(bench.world.recall_of_peer("bob", 4)).await;
    bench.settle().await;
    assert_eq!(heard(&alice), ["m4", "r4"]);
    // There is no such message any more.
    bench.bring(bench.world.recall_of_peer("bob", 99)).await;
    bench.settle().await;
    bench.bring(bench.world.write_to_alice("bob", "<m5>")).await;
    bench.settle().await;
    assert_eq!(heard(&alice).last().map(String::as_str), Some("m5"));
}

/// The SDKs count anew what lies behind a position that they are told of.
#[tokio::test(start_paused = true)]
async fn what_was_read_elsewhere_is_told_once_and_never_goes_back() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    let topic = Topic::User(APP, user("alice"));
    bench.bring(bench.world.read_peer("bob", 1)).await;
    bench.settle().await;
    bench.bus.send(Incoming::Suspect(topic.clone())).await.unwrap();
    bench.settle().await;
    assert_eq!(heard(&alice), ["read1"]);

    drop(bench.world.read_peer("bob", 2));
    bench.settle().await;
    assert_eq!(heard(&alice), ["read2"]);

    // The third waits behind a loss while the store has a fourth already.
    let [late, latest] = [bench.world.read_peer("bob", 3), bench.world.read_peer("bob", 4)];
    bench.bus.send(Incoming::Suspect(topic)).await.unwrap();
    bench.bring(late).await;
    bench.bring(latest).await;
    bench.settle().await;
    assert_eq!(heard(&alice), ["read4"]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_a_page_of_recalled_messages_is_told() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    let lost: Vec<Delivery> = (0..8).map(|_| bench.world.say()).collect();
    drop(lost);
    *bench.world.recalled.lock().unwrap() = (1..=6).map(Seq).collect();
    bench.bus.send(Incoming::Suspect(room_topic())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let heard = heard(&alice);
    assert_eq!(&heard[heard.len() - 2..], ["m7", "m8"], "{heard:?}");
}

/// Two groups end at once: a client takes two notices with one number for one.
#[tokio::test(start_paused = true)]
async fn what_has_no_number_of_a_log_has_one_of_its_own() {
    let bench = Bench::new();
    let groups = ["one", "two"].map(|name| GroupId::parse(name).unwrap());
    let member = |group: &GroupId| Membership {
        group: group.clone(),
        has_topics: false,
        joined_at: Millis(0),
        joined_after: Seq::ZERO,
        hides_earlier: true,
    };
    *bench.world.members.lock().unwrap() = groups.iter().map(member).collect();
    let alice = bench.log_in("alice").await;
    for group in groups {
        let topic = Topic::Group(APP, (&group).into());
        let notice = Notice {
            group: GroupLabel {
                id: (&group).into(),
                name: "a group".into(),
                kind: GroupKind::Work,
                has_topics: false,
            },
            operator: Shown { user: user("owner"), nick: String::new(), face: String::new() },
            kind: NoticeKind::Dismissed,
            remark: String::new(),
            application: None,
            ban_seconds: None,
        };
        let event = Control::Dismissed { notice, origin: None }.into();
        bench.bring(Delivery { topic, stamp: None, numbering: Numbering::Offset(1), event }).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let frames = alice.outbound.take().concat();
    let text = String::from_utf8_lossy(&frames);
    let numbers: Vec<&str> =
        text.split("\"MsgSeq\":").skip(1).filter_map(|rest| Some(rest.split_once(',')?.0)).collect();
    assert_eq!(numbers.len(), 2, "{text}");
    assert_ne!(numbers[0], numbers[1]);
}

/// Logins and logouts one over the other, some before the topic is followed.
#[tokio::test(start_paused = true)]
async fn the_bus_carries_what_somebody_follows_and_nothing_else() {
    for seed in 0..50 {
        let mut random = StdRng::seed_from_u64(seed);
        let bench = Arc::new(Bench::new());
        let mut here: Vec<tokio::task::JoinHandle<Arc<Connection>>> = Vec::new();
        for number in 0..40 {
            if here.is_empty() || random.random_bool(0.5) {
                let (bench, name) = (bench.clone(), format!("user{}", number % 4));
                here.push(tokio::spawn(async move { bench.log_in(&name).await }));
            } else {
                let login = here.swap_remove(random.random_range(0..here.len()));
                let bench = bench.clone();
                tokio::spawn(async move { bench.hub.disconnect(&login.await.unwrap()) });
            }
            for _ in 0..random.random_range(0..6) {
                tokio::task::yield_now().await;
            }
        }
        bench.settle().await;
        let mut expected = HashSet::new();
        for login in here {
            let attachment = login.await.unwrap().attachment().unwrap();
            expected.extend([room_topic(), Topic::User(APP, attachment.user.clone())]);
        }
        assert_eq!(*bench.world.followed.lock().unwrap(), expected, "seed {seed}");
    }
}

/// A connection is kicked while it logs in, and logs in again at once.
#[tokio::test(start_paused = true)]
async fn a_logout_takes_out_who_logged_in_before_it_and_nobody_else() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    let first = alice.follower().unwrap();
    let device = DeviceClaim { id: 1, platform: 1, since: Millis(0) };
    bench.hub.detach(&alice);
    bench.hub.attach(&alice, Attachment { app: APP, user: user("alice"), device }, None).await.unwrap();
    alice.outbound.release();
    bench.hub.shards.remove(&room_topic(), first.seat());
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&alice), ["m1"]);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_closed_leaves_nothing_running() {
    let bench = Bench::new();
    let _alice = bench.log_in("alice").await;
    bench.world.fails.store(true, Ordering::Relaxed);
    bench.bus.send(Incoming::Suspect(room_topic())).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::time::timeout(Duration::from_secs(1), bench.hub.close()).await.expect("it ends at once");
    assert_eq!(bench.hub.tasks.len(), 0);
}

/// A replica took over that did not have the last entries; it has given their numbers to others by now.
#[tokio::test(start_paused = true)]
async fn numbers_that_were_given_again_are_news() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    let topic = Topic::User(APP, user("alice"));
    for _ in 0..5 {
        bench.bring(bench.world.say()).await;
    }
    for text in ["<one>", "<two>", "<three>"] {
        bench.bring(bench.world.write_to_alice("bob", text)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&alice), ["m1", "m2", "m3", "m4", "m5", "one", "two", "three"]);

    bench.world.room.lock().unwrap().truncate(3);
    bench.world.offsets.lock().unwrap().insert(topic.clone(), 1);
    bench.world.now.store(9000, Ordering::Relaxed);
    let lost: Vec<Delivery> = (0..4).map(|_| bench.world.say()).collect();
    drop(lost);
    for doubtful in [room_topic(), topic] {
        bench.bus.send(Incoming::Suspect(doubtful)).await.unwrap();
    }
    bench.bring(bench.world.say()).await;
    for text in ["<four>", "<five>"] {
        bench.bring(bench.world.write_to_alice("bob", text)).await;
    }
    bench.settle().await;
    let mut again = heard(&alice);
    again.sort();
    assert_eq!(again, ["five", "four", "m4", "m5", "m6", "m7", "m8"]);
}

/// Nobody said that anything was lost, and no number is missing: they are given a second time.
#[tokio::test(start_paused = true)]
async fn numbers_that_went_back_are_found_within_a_second() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    for _ in 0..5 {
        bench.bring(bench.world.say()).await;
    }
    for text in ["<one>", "<two>", "<three>"] {
        bench.bring(bench.world.write_to_alice("bob", text)).await;
    }
    bench.settle().await;
    assert_eq!(heard(&alice).len(), 8);

    bench.world.room.lock().unwrap().truncate(3);
    bench.world.offsets.lock().unwrap().clear();
    bench.world.now.store(9000, Ordering::Relaxed);
    bench.bring(bench.world.say()).await;
    bench.bring(bench.world.write_to_alice("bob", "<four>")).await;
    tokio::time::sleep(Duration::from_millis(1_001)).await;
    let mut again = heard(&alice);
    again.sort();
    assert_eq!(again, ["four", "m4"]);
    // And then everything as it comes.
    bench.bring(bench.world.say()).await;
    bench.bring(bench.world.write_to_alice("bob", "<five>")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&alice), ["m5", "five"]);
    bench.settle().await;
    assert!(heard(&alice).is_empty());
}

/// What is missing of a topic was said since it is held, or shortly before. Who comes back in between is told that again
/// only if no receipt says that they have it.
#[tokio::test(start_paused = true)]
async fn a_receipt_covers_nothing_of_a_topic_that_is_held() {
    for held in [room_topic(), Topic::User(APP, user("alice"))] {
        let bench = Bench::new();
        let alice = bench.log_in("alice").await;
        let receipt = || bench.hub.ask_receipt(&alice, Millis(0)).unwrap();
        bench.settle().await;
        let before = bench.now();
        assert!(receipt() > earlier(before, Duration::from_secs(12)), "nothing is in the way");

        bench.world.fails.store(true, Ordering::Relaxed);
        drop((bench.world.say(), bench.world.write_to_alice("bob", "<lost>")));
        bench.bus.send(Incoming::Suspect(held.clone())).await.unwrap();
        bench.settle().await;
        bench.settle().await;
        assert!(
            receipt() <= earlier(bench.now(), Duration::from_secs(60)),
            "{held:?} is not known to be whole"
        );
        let limit = earlier(before, ON_THE_WAY);
        assert!(receipt() <= Millis(limit.0 + 100), "{held:?} is held since it was doubted");
        let known = Millis(before.0 + 1);
        assert_eq!(bench.hub.ask_receipt(&alice, known), Some(known), "what they acknowledged stays");
        bench.world.fails.store(false, Ordering::Relaxed);
        while bench.hub.shards.held_for(&held, Millis(u64::MAX)).is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // What was read from the store is with the workers, and may not be written.
        assert!(receipt() <= Millis(limit.0 + 100), "{held:?} has just been made up for");
        bench.settle().await;
        assert!(receipt() > earlier(bench.now(), Duration::from_secs(12)), "nothing is in the way any more");
    }
}

/// Losses, doubts, failures, comings and goings as they fall.
#[tokio::test(start_paused = true)]
async fn whatever_is_lost_everybody_hears_all_of_it_in_order() {
    for seed in 0..200 {
        let mut random = StdRng::seed_from_u64(seed);
        let bench = Bench::new();
        let mut followers: Vec<(Arc<Connection>, u64)> = Vec::new();
        for _ in 0..120 {
            match random.random_range(0..100) {
                0..60 => {
                    let delivery = bench.world.say();
                    if random.random_bool(0.8) {
                        bench.bring(delivery).await;
                    }
                }
                60..70 => bench.bus.send(Incoming::Suspect(room_topic())).await.unwrap(),
                70..78 if followers.len() < 5 => {
                    bench.world.fails.store(false, Ordering::Relaxed);
                    let name = format!("user{}", followers.len());
                    let connection = bench.log_in(&name).await;
                    // Whoever has logged in reads the history up to here, and hears what comes after it.
                    let last = bench.world.last();
                    followers.push((connection, last + 1));
                }
                78..82 => {
                    if let Some((connection, _)) = followers.pop() {
                        bench.hub.disconnect(&connection);
                    }
                }
                82..88 => bench.world.fails.store(random.random_bool(0.5), Ordering::Relaxed),
                88..94 => tokio::time::sleep(Duration::from_millis(random.random_range(0..500))).await,
                _ => tokio::task::yield_now().await,
            }
        }
        bench.world.fails.store(false, Ordering::Relaxed);
        bench.settle().await;
        let last = bench.world.last();
        for (connection, first) in &followers {
            let heard = heard(connection);
            let expected = marks(*first..=last);
            // What was said before the login is answered may be heard too.
            let tail = &heard[heard.len().saturating_sub(expected.len())..];
            assert_eq!(tail, expected, "seed {seed}");
            let from = last + 1 - heard.len() as u64;
            assert_eq!(heard, marks(from..=last), "seed {seed}");
        }
    }
}

/// Clients add to what an answer has counted what they are pushed behind it.
#[tokio::test(start_paused = true)]
async fn what_was_counted_is_written_before_it_is_answered() {
    let bench = Bench::new();
    let alice = bench.log_in("alice").await;
    let own = Topic::User(APP, user("bob"));
    let ends = |room: u64, bob: u64| {
        let stamp = |seq, at| Stamp { seq: Seq(seq), at };
        let ends = [(room_topic(), stamp(room, Millis(0))), (own.clone(), stamp(bob, SAID_AT))];
        ends.into_iter().filter(|(_, end)| end.seq > Seq::ZERO).collect::<Vec<_>>()
    };
    let caught_up = async |ends: &[(Topic, Stamp)]| {
        let begun = tokio::time::Instant::now();
        let ends = ends.iter().map(|(topic, end)| (topic, *end));
        bench.hub.caught_up(APP, &user("alice"), ends).await;
        begun.elapsed()
    };
    // Nothing is counted.
    assert_eq!(caught_up(&[]).await, Duration::ZERO);
    // It is in the store, and comes a while later.
    let (said, written) = (bench.world.say(), bench.world.write_to_alice("bob", "<b1>"));
    let come = async |delivery| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.bring(delivery).await;
    };
    let (waited, ()) = futures_util::future::join(caught_up(&ends(1, 0)), come(said)).await;
    assert_eq!((waited, heard(&alice)), (Duration::from_millis(100), marks(1..=1)));
    let (waited, ()) = futures_util::future::join(caught_up(&ends(1, 1)), come(written)).await;
    assert_eq!((waited, heard(&alice)), (Duration::from_millis(100), vec!["b1".to_owned()]));
    // What is lost is made up for later.
    drop(bench.world.say());
    assert_eq!(caught_up(&ends(2, 1)).await, CAUGHT_UP_WITHIN);
    assert!(heard(&alice).is_empty());
    bench.settle().await;
    assert_eq!(caught_up(&ends(2, 1)).await, Duration::ZERO);
    assert_eq!(heard(&alice), ["m2"]);
}

/// A bus that loses nothing brings it in a while, and what it has brought may wait for the hub.
#[tokio::test(start_paused = true)]
async fn what_was_counted_is_written_before_it_is_answered_by_a_bus_that_loses_nothing() {
    let world = Arc::new(World { is_sound: true, ..World::default() });
    let bench = Bench::of(world);
    let alice = bench.log_in("alice").await;
    let bobs = |seq| (Topic::User(APP, user("bob")), Stamp { seq: Seq(seq), at: SAID_AT });
    let rooms = |seq| (room_topic(), Stamp { seq: Seq(seq), at: Millis(0) });
    let caught_up = async |(topic, end): (Topic, Stamp)| {
        let begun = tokio::time::Instant::now();
        bench.hub.caught_up(APP, &user("alice"), std::iter::once((&topic, end))).await;
        begun.elapsed()
    };
    // What is the first to come may have been said before the room was followed.
    assert_eq!(caught_up(rooms(7)).await, Duration::ZERO);
    for number in 1..=20 {
        let (said, written) = (bench.world.say(), bench.world.write_to_alice("bob", "<b>"));
        for delivery in [said, written] {
            bench.bus.try_send(Incoming::Event(delivery)).unwrap();
        }
        let end = if number % 2 == 0 { rooms(number) } else { bobs(number) };
        assert_eq!(caught_up(end).await, Duration::ZERO);
        assert_eq!(heard(&alice).len(), 2, "{number}");
    }
    let said = bench.world.say();
    let come = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.bring(said).await;
    };
    let (waited, ()) = futures_util::future::join(caught_up(rooms(21)), come).await;
    assert_eq!((waited, heard(&alice)), (Duration::from_millis(100), marks(21..=21)));
}

/// SDKs take one off their count for each recall that they are told of, also where they never had the message.
#[tokio::test(start_paused = true)]
async fn a_recall_of_what_is_hidden_from_a_member_is_not_told() {
    let bench = Bench::new();
    let early = bench.log_in("early").await;
    let (one, two, three) = (bench.world.say(), bench.world.say(), bench.world.say());
    for delivery in [one, two, three] {
        bench.bring(delivery).await;
    }
    bench.settle().await;
    let joined = |hides_earlier| Membership {
        group: room(),
        has_topics: false,
        joined_at: Millis(0),
        joined_after: Seq(2),
        hides_earlier,
    };
    let mut late = Vec::new();
    for hides_earlier in [false, true] {
        let name = format!("late{hides_earlier}");
        *bench.world.members.lock().unwrap() = vec![joined(hides_earlier)];
        late.push(bench.log_in(&name).await);
        // Or where they enter while they are there.
        bench.world.members.lock().unwrap().clear();
        late.push(bench.log_in(&format!("{name}.live")).await);
        let topic = Topic::User(APP, user(&format!("{name}.live")));
        let event =
            Control::Entered { group: room(), after: Seq(2), hides_earlier, topics_since: None }.into();
        let numbering = bench.world.next_turn(&topic);
        bench.bring(Delivery { topic, stamp: None, numbering, event }).await;
    }
    bench.settle().await;
    late.iter().chain([&early]).for_each(|connection| drop(heard(connection)));
    for seq in [2, 3] {
        bench.bring(bench.world.recall(Seq(seq))).await;
    }
    bench.settle().await;
    assert_eq!(heard(&early), ["r2", "r3"]);
    let expected = [vec!["r2", "r3"], vec!["r2", "r3"], vec!["r3"], vec!["r3"]];
    assert_eq!(late.iter().map(|connection| heard(connection)).collect::<Vec<_>>(), expected);
}

/// Beside its group each topic is followed; what a lossy bus does not bring of their making and end is found.
#[tokio::test(start_paused = true)]
async fn who_follows_a_group_follows_its_topics() {
    for is_sound in [false, true] {
        let bench = Bench::of(Arc::new(World { is_sound, ..World::default() }));
        let group = GroupId::parse("@TGS#_forum").unwrap();
        let topic = |name: &str| TopicId::parse(&format!("{group}@TOPIC#_{name}")).unwrap();
        let place = |name: &str| TopicPlace { topic: topic(name), before: Seq::ZERO, end: Seq::ZERO };
        let of_group = Topic::Group(APP, (&group).into());
        let follows = |name: &str| bench.hub.shards.count(&Topic::Group(APP, (&topic(name)).into()));
        let tell = async |topic: &Topic, control: Control| {
            let numbering = if is_sound { Numbering::Unneeded } else { bench.world.next_turn(topic) };
            bench
                .bring(Delivery { topic: topic.clone(), stamp: None, numbering, event: control.into() })
                .await;
        };
        *bench.world.members.lock().unwrap() = vec![Membership {
            group: group.clone(),
            has_topics: true,
            joined_at: Millis(0),
            joined_after: Seq::ZERO,
            hides_earlier: false,
        }];
        *bench.world.topics.lock().unwrap() = vec![place("one"), place("two")];
        let early = bench.log_in("early").await;
        assert_eq!((follows("one"), follows("two"), follows("three")), (1, 1, 0));
        // One who comes while they are there.
        bench.world.members.lock().unwrap().clear();
        bench.log_in("late").await;
        let (after, topics_since) = (Seq::ZERO, Some(Millis(1)));
        let entered = Control::Entered { group: group.clone(), after, hides_earlier: false, topics_since };
        tell(&Topic::User(APP, user("late")), entered).await;
        bench.settle().await;
        assert_eq!((follows("one"), follows("two")), (2, 2));
        tell(&of_group, Control::TopicMade { topic: topic("three") }).await;
        tell(&of_group, Control::TopicsGone { topics: vec![topic("one")] }).await;
        bench.settle().await;
        assert_eq!((follows("one"), follows("two"), follows("three")), (0, 2, 2));
        if !is_sound {
            // Lost, but for its number.
            *bench.world.topics.lock().unwrap() = vec![place("three"), place("four")];
            bench.world.next_turn(&of_group);
            bench.settle().await;
            assert_eq!((follows("two"), follows("three"), follows("four")), (0, 2, 2));
        }
        tell(&Topic::User(APP, user("late")), Control::Left { group: group.clone() }).await;
        bench.settle().await;
        assert_eq!((follows("three"), bench.hub.shards.count(&of_group)), (1, 1));
        bench.hub.detach(&early);
        assert_eq!((follows("three"), bench.hub.shards.count(&of_group)), (0, 0));
    }
}

/// A message may be stored between the look for the group's last number and the entering.
#[tokio::test(start_paused = true)]
async fn who_enters_while_something_is_said_hears_it_of_a_bus_that_loses_nothing() {
    let bench = Bench::of(Arc::new(World { is_sound: true, ..World::default() }));
    let early = bench.log_in("early").await;
    bench.world.members.lock().unwrap().clear();
    let late = bench.log_in("late").await;
    let enter = async |name, after| {
        let topic = Topic::User(APP, user(name));
        let event =
            Control::Entered { group: room(), after: Seq(after), hides_earlier: false, topics_since: None }
                .into();
        bench.bring(Delivery { topic, stamp: None, numbering: Numbering::Unneeded, event }).await;
    };
    for _ in 0..6 {
        bench.bring(bench.world.say()).await;
    }
    enter("late", 1).await;
    // It is in the store when that is read, and comes by itself as well.
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&early), marks(1..=8));
    assert_eq!(heard(&late), marks(2..=8));
    // The store is not asked where nothing was.
    let late = bench.log_in("later").await;
    let asked = bench.world.asked.load(Ordering::Relaxed);
    enter("later", 8).await;
    bench.bring(bench.world.say()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&late), marks(9..=9));
    assert_eq!(bench.world.asked.load(Ordering::Relaxed), asked);
}

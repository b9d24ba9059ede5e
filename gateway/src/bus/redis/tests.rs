use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::FutureExt;
use protocol::id::{AppId, ChannelId, Millis, Seq};
use test_servers::Persistence::{EveryWrite, Nothing};
use test_servers::{RedisCluster, RedisServer, Sentinels, eventually};
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::bus::testing::{nothing, number_of};
use crate::bus::{Delivery, Incoming, Numbering};
use crate::redis::testing::{Targets, address_of, node_at};
use crate::redis::{Address, Target};

fn sorted(mut topics: Vec<Topic>) -> Vec<Topic> {
    topics.sort();
    topics
}

/// Nothing waits this long when all is well.
const SOON: Duration = Duration::from_secs(10);

/// A node: its bus, and what it hears.
struct Node {
    bus: Arc<RedisBus>,
    incoming: Receiver,
}

impl Node {
    fn start(target: Target) -> Self {
        Self::start_on(target, false)
    }

    fn start_on(target: Target, is_plain: bool) -> Self {
        let (bus, incoming) =
            RedisBus::start_on(Topology::start(target), Namespace::new("test"), 1, is_plain);
        Self { bus: Arc::new(bus), incoming }
    }

    async fn publish(&self, topic: &Topic, number: u64) {
        self.bus.publish(topic.clone(), None, nothing(number).into()).await;
    }

    async fn hear(&mut self) -> Incoming {
        timeout(SOON, self.incoming.recv()).await.expect("nothing was heard").unwrap()
    }

    async fn hear_event(&mut self) -> Delivery {
        match self.hear().await {
            Incoming::Event(delivery) => delivery,
            Incoming::Suspect(topic) => panic!("a suspicion about {topic:?}"),
        }
    }

    async fn hear_suspicion(&mut self) -> Topic {
        match self.hear().await {
            Incoming::Suspect(topic) => topic,
            Incoming::Event(delivery) => panic!("an event: {delivery:?}"),
        }
    }

    fn channel(&self, topic: &Topic) -> Vec<u8> {
        channel_of(&self.bus.names, topic)
    }

    fn slot(&self, topic: &Topic) -> u16 {
        slot_of(&self.channel(topic))
    }
}

fn topic(name: impl ToString) -> Topic {
    Topic::Group(AppId(7), ChannelId::parse(&format!("g{}", name.to_string())).unwrap())
}

fn number(delivery: &Delivery) -> u64 {
    number_of(&delivery.event)
}

fn offset(delivery: &Delivery) -> u64 {
    match delivery.numbering {
        Numbering::Offset(offset) => offset,
        _ => panic!("another numbering: {delivery:?}"),
    }
}

/// How often the server was asked a command.
async fn calls(server: &RedisServer, command: &str) -> u64 {
    let stats: String = server.command("INFO commandstats").await;
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

async fn subscribers(server: &RedisServer, channel: &[u8]) -> u64 {
    let mut command = redis::cmd("PUBSUB");
    command.arg("SHARDNUMSUB").arg(channel);
    server.run::<(String, u64)>(&command).await.1
}

#[tokio::test]
async fn followers_hear_and_others_do_not() {
    let server = RedisServer::start(Nothing).await;
    let (mut one, mut two) = (Node::start(server.target()), Node::start(server.target()));
    let (both, own) = (topic("both"), topic("own"));
    one.bus.follow(&both).await;
    one.bus.follow(&own).await;
    two.bus.follow(&both).await;

    assert_eq!(one.bus.last_offset(&both).await.unwrap(), 0);
    two.publish(&own, 1).await;
    one.publish(&both, 2).await;
    let event = one.hear_event().await;
    assert_eq!((&event.topic, number(&event), offset(&event)), (&own, 1, 1));
    assert_eq!(number(&one.hear_event().await), 2);
    let event = two.hear_event().await;
    assert_eq!((&event.topic, number(&event), offset(&event)), (&both, 2, 1));
    assert_eq!(one.bus.last_offset(&both).await.unwrap(), 1);
    assert!(two.incoming.recv().now_or_never().is_none());
}

#[tokio::test]
async fn events_keep_their_order_and_stamp() {
    let server = RedisServer::start(Nothing).await;
    let mut node = Node::start(server.target());
    let topic = topic("order");
    node.bus.follow(&topic).await;
    let stamp = Stamp { seq: Seq(4), at: Millis(5) };
    node.bus.publish(topic.clone(), Some(stamp), nothing(0).into()).await;
    let sent = (1..2000).map(|i| node.bus.publish(topic.clone(), None, nothing(i).into()));
    futures_util::future::join_all(sent).await;
    assert_eq!(node.hear_event().await.stamp, Some(stamp));
    for i in 1..2000 {
        let event = node.hear_event().await;
        assert_eq!((number(&event), offset(&event), event.stamp), (i, i + 1, None));
    }
}

#[tokio::test]
async fn what_a_batch_announces_is_an_entry() {
    let server = RedisServer::start(Nothing).await;
    let mut node = Node::start(server.target());
    let topic = topic("entry");
    node.bus.follow(&topic).await;
    let payload = [b"e 9 100 ", &payload::encode_event(&nothing(1).into())[..]].concat();
    let mut command = redis::cmd("SPUBLISH");
    command.arg(node.channel(&topic)).arg(payload);
    assert_eq!(server.run::<u64>(&command).await, 1);
    let event = node.hear_event().await;
    assert_eq!(event.numbering, Numbering::Entry);
    assert_eq!(event.stamp, Some(Stamp { seq: Seq(9), at: Millis(100) }));
}

#[tokio::test]
async fn what_a_newer_version_says_is_numbered_and_no_more() {
    let server = RedisServer::start(Nothing).await;
    let mut node = Node::start(server.target());
    let topic = topic("odd");
    node.bus.follow(&topic).await;
    let said = ["", "e 9 100 {\"Later\":1}", "\r\n", "t1 - - {\"Later\":{}}"];
    for payload in said {
        let mut command = redis::cmd("SPUBLISH");
        command.arg(node.channel(&topic)).arg(payload);
        server.run::<()>(&command).await;
    }
    for numbering in [Numbering::Entry, Numbering::Offset(1)] {
        let event = node.hear_event().await;
        assert!(matches!(*event.event, Event::Unknown));
        assert_eq!(event.numbering, numbering);
    }
    node.publish(&topic, 1).await;
    assert_eq!(number(&node.hear_event().await), 1, "and nothing is in suspicion");
}

#[tokio::test]
async fn many_follow_in_few_round_trips() {
    let server = RedisServer::start(Nothing).await;
    let mut node = Node::start(server.target());
    node.bus.follow(&topic("first")).await;
    let reads = async || {
        let stats: String = server.command("INFO stats").await;
        let line = stats.lines().find_map(|line| line.strip_prefix("total_reads_processed:"));
        line.unwrap().parse::<u64>().unwrap()
    };
    let before = reads().await;
    let topics: Vec<Topic> = (0..5000).map(topic).collect();
    timeout(SOON, futures_util::future::join_all(topics.iter().map(|topic| node.bus.follow(topic))))
        .await
        .unwrap();
    assert!(reads().await - before < 500, "the server was asked {} times", reads().await - before);

    // All at once again, after the connection broke.
    let before = reads().await;
    server.command::<()>("CLIENT KILL TYPE pubsub").await;
    let mut suspicions = HashMap::new();
    for _ in 0..5001 {
        *suspicions.entry(node.hear_suspicion().await).or_insert(0) += 1;
    }
    assert!(topics.iter().all(|topic| suspicions[topic] == 1));
    assert!(reads().await - before < 500, "the server was asked {} times", reads().await - before);
    node.publish(&topics[4999], 1).await;
    assert_eq!(number(&node.hear_event().await), 1);
}

#[tokio::test]
async fn a_subscription_lingers_and_goes() {
    let server = RedisServer::start(Nothing).await;
    let node = Node::start(server.target());
    let (stays, goes) = (topic("stays"), topic("goes"));
    node.bus.follow(&stays).await;
    node.bus.follow(&goes).await;
    node.bus.unfollow(&stays);
    node.bus.unfollow(&goes);
    node.bus.follow(&stays).await;
    assert_eq!(calls(&server, "ssubscribe").await, 2, "it was there still");
    assert_eq!(subscribers(&server, &node.channel(&goes)).await, 1);
    eventually(SOON, "the server lets it go", async || subscribers(&server, &node.channel(&goes)).await == 0)
        .await;
    assert_eq!(subscribers(&server, &node.channel(&stays)).await, 1);
    assert_eq!(node.bus.table.count(), 1);
    node.bus.follow(&goes).await;
    assert_eq!(subscribers(&server, &node.channel(&goes)).await, 1);
}

#[tokio::test]
async fn the_bus_ends_with_its_connections() {
    let server = RedisServer::start(Nothing).await;
    let node = Node::start(server.target());
    let topic = topic("end");
    node.bus.follow(&topic).await;
    let channel = node.channel(&topic);
    let Node { bus, mut incoming } = node;
    drop(bus);
    assert!(timeout(SOON, incoming.recv()).await.unwrap().is_none());
    eventually(SOON, "the connection is gone", async || subscribers(&server, &channel).await == 0).await;
}

/// Publishes to all topics in turn until told to stop, and says how often it did.
struct Stream {
    is_over: Arc<AtomicBool>,
    published: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Stream {
    fn start(node: &Node, topics: &[Topic]) -> Self {
        let (is_over, published) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (bus, topics) = (node.bus.clone(), topics.to_vec());
        let (over, count) = (is_over.clone(), published.clone());
        let task = tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let number = count.fetch_add(1, Ordering::Relaxed);
                let event: Arc<Event> = nothing(number).into();
                let sent = topics.iter().map(|topic| bus.publish(topic.clone(), None, event.clone()));
                futures_util::future::join_all(sent).await;
            }
        });
        Self { is_over, published, task }
    }

    /// Waits until it goes on by so many rounds.
    async fn go_on(&self, rounds: u64) {
        let until = self.published.load(Ordering::Relaxed) + rounds;
        eventually(2 * SOON, "events are published", async || {
            self.published.load(Ordering::Relaxed) >= until
        })
        .await;
    }

    async fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
    }
}

/// What was heard of a topic.
#[derive(Default)]
struct Heard {
    offset: u64,
    suspicions: u64,
    /// Nothing was heard since the last suspicion, so what comes may be any offset.
    is_suspect: bool,
}

/// Listens to a node: offsets grow, and none is missing but behind a suspicion.
struct Ear {
    heard: HashMap<Topic, Heard>,
}

impl Ear {
    fn new(topics: &[Topic]) -> Self {
        Self { heard: topics.iter().map(|topic| (topic.clone(), Heard::default())).collect() }
    }

    fn take(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Suspect(topic) => {
                let heard = self.heard.get_mut(&topic).unwrap();
                heard.suspicions += 1;
                heard.is_suspect = true;
            }
            Incoming::Event(delivery) => {
                let (heard, offset) = (self.heard.get_mut(&delivery.topic).unwrap(), offset(&delivery));
                assert!(offset > heard.offset, "offset {offset} came after {}", heard.offset);
                let is_next = offset == heard.offset + 1;
                assert!(
                    is_next || heard.is_suspect,
                    "offset {offset} came after {} without a suspicion",
                    heard.offset
                );
                heard.offset = offset;
                heard.is_suspect = false;
            }
        }
    }

    /// Listens until each topic has had so many suspicions.
    async fn suspected(&mut self, node: &mut Node, suspicions: u64) {
        self.until(node, "suspicions", |heard| heard.suspicions >= suspicions).await;
    }

    /// Listens until the last offset of each topic was heard.
    async fn complete(&mut self, node: &mut Node) {
        let mut last = HashMap::new();
        for topic in self.heard.keys() {
            last.insert(topic.clone(), node.bus.last_offset(topic).await.unwrap());
        }
        let deadline = Instant::now() + SOON;
        while !self.heard.iter().all(|(topic, heard)| heard.offset == last[topic]) {
            let incoming = tokio::time::timeout_at(deadline, node.incoming.recv()).await;
            self.take(incoming.expect("the last offsets were not heard").unwrap());
        }
    }

    /// Listens until each of these topics has had a suspicion.
    async fn all_doubted(&mut self, node: &mut Node, topics: &[Topic]) {
        self.until_all(node, topics, |_, heard| heard.suspicions > 0).await;
    }

    async fn until_all(&mut self, node: &mut Node, topics: &[Topic], holds: impl Fn(&Topic, &Heard) -> bool) {
        let deadline = Instant::now() + SOON;
        while let Some(topic) = topics.iter().find(|topic| !holds(topic, &self.heard[topic])) {
            let incoming = tokio::time::timeout_at(deadline, node.incoming.recv()).await;
            self.take(incoming.unwrap_or_else(|_| panic!("no suspicion about {topic:?}")).unwrap());
        }
    }

    async fn until(&mut self, node: &mut Node, what: &str, holds: impl Fn(&Heard) -> bool) {
        let deadline = Instant::now() + 2 * SOON;
        while !self.heard.values().all(&holds) {
            let incoming = tokio::time::timeout_at(deadline, node.incoming.recv()).await;
            self.take(incoming.unwrap_or_else(|_| panic!("no {what}")).unwrap());
        }
    }
}

async fn follow_all(node: &Node, topics: &[Topic]) {
    futures_util::future::join_all(topics.iter().map(|topic| node.bus.follow(topic))).await;
}

#[tokio::test]
async fn a_killed_subscription_is_in_doubt_and_goes_on() {
    let server = RedisServer::start(Nothing).await;
    let (mut node, other) = (Node::start(server.target()), Node::start(server.target()));
    let topics: Vec<Topic> = (0..20).map(topic).collect();
    follow_all(&node, &topics).await;
    let mut ear = Ear::new(&topics);
    let stream = Stream::start(&other, &topics);
    for kill in 1..=5 {
        stream.go_on(20).await;
        assert_eq!(server.command::<u64>("CLIENT KILL TYPE pubsub").await, 1);
        ear.suspected(&mut node, kill).await;
    }
    // Whatever is published after a suspicion is heard: up to the last.
    stream.go_on(20).await;
    stream.end().await;
    ear.complete(&mut node).await;
    assert!(ear.heard.values().all(|heard| heard.suspicions == 5));
}

#[tokio::test]
async fn a_server_that_hangs_is_left() {
    let server = RedisServer::start(Nothing).await;
    let mut node = Node::start(server.target());
    let (old, new) = (topic("old"), topic("new"));
    node.bus.follow(&old).await;
    server.pause();
    let begun = Instant::now();
    node.bus.follow(&new).await;
    let waited = begun.elapsed();
    assert!((DEADLINE..DEADLINE + Duration::from_secs(1)).contains(&waited), "it waited {waited:?}");
    node.publish(&old, 1).await;
    server.resume();
    let mut suspected = [node.hear_suspicion_or_event().await, node.hear_suspicion_or_event().await];
    suspected.sort();
    assert_eq!(suspected, [new.clone(), old.clone()]);
    node.publish(&new, 2).await;
    node.publish(&old, 3).await;
    assert_eq!(number(&node.hear_event().await), 2);
    assert_eq!(number(&node.hear_event().await), 3);
}

impl Node {
    /// The next suspicion, past the event that the server may have carried out when it woke up.
    async fn hear_suspicion_or_event(&mut self) -> Topic {
        loop {
            if let Incoming::Suspect(topic) = self.hear().await {
                return topic;
            }
        }
    }
}

#[tokio::test]
async fn a_short_pause_of_the_server_is_none_of_the_bus() {
    let server = RedisServer::start(Nothing).await;
    let mut node = Node::start(server.target());
    let topic = topic("pause");
    node.bus.follow(&topic).await;
    server.pause();
    sleep(Duration::from_secs(1)).await;
    server.resume();
    node.publish(&topic, 1).await;
    assert_eq!(number(&node.hear_event().await), 1, "without a suspicion");
}

#[tokio::test]
async fn a_restarted_server_is_found_again() {
    let mut server = RedisServer::start(EveryWrite).await;
    let (mut node, other) = (Node::start(server.target()), Node::start(server.target()));
    let topics: Vec<Topic> = (0..5).map(topic).collect();
    follow_all(&node, &topics).await;
    let mut ear = Ear::new(&topics);
    let stream = Stream::start(&other, &topics);
    stream.go_on(50).await;
    server.kill().await;
    sleep(Duration::from_secs(1)).await;
    server.begin().await;
    let back = Instant::now();
    ear.suspected(&mut node, 1).await;
    assert!(back.elapsed() < Duration::from_secs(2), "it took {:?}", back.elapsed());
    stream.go_on(50).await;
    stream.end().await;
    ear.complete(&mut node).await;
}

#[tokio::test]
async fn a_bus_may_be_there_before_the_server() {
    let mut server = RedisServer::start(Nothing).await;
    server.kill().await;
    let mut node = Node::start(server.target());
    let topic = topic("early");
    node.bus.follow(&topic).await;
    node.publish(&topic, 1).await;
    assert!(node.bus.last_offset(&topic).await.is_err());
    assert_eq!(node.bus.table.untaken(), 0, "nothing gathers while nobody can take it");
    server.begin().await;
    assert_eq!(node.hear_suspicion().await, topic);
    node.publish(&topic, 2).await;
    assert_eq!(number(&node.hear_event().await), 2);
}

#[tokio::test]
async fn a_hub_that_is_behind_is_waited_for() {
    let server = RedisServer::start(Nothing).await;
    let (mut node, other) = (Node::start(server.target()), Node::start(server.target()));
    let topics = [topic("much")];
    follow_all(&node, &topics).await;
    let rounds = 4 * (QUEUE + 1024) as u64;
    let stream = Stream::start(&other, &topics);
    stream.go_on(rounds).await;
    stream.end().await;
    // Longer than a server may be silent.
    sleep(Duration::from_secs(4)).await;
    let mut ear = Ear::new(&topics);
    ear.complete(&mut node).await;
    assert_eq!(ear.heard[&topics[0]].suspicions, 0, "nothing was lost");
}

#[tokio::test]
async fn a_hub_that_never_comes_costs_the_connection_and_no_memory() {
    let server =
        RedisServer::start_with(Nothing, &["--client-output-buffer-limit", "pubsub 1mb 512kb 1"]).await;
    let (mut node, other) = (Node::start(server.target()), Node::start(server.target()));
    let topics = [topic("much")];
    follow_all(&node, &topics).await;
    let mut connection = server.connect().await.unwrap();
    let event = payload::encode_event(&nothing(1).into());
    let said = [b"t1 - - ", " ".repeat(10_000).as_bytes(), &event].concat();
    let mut command = redis::cmd("SPUBLISH");
    command.arg(node.channel(&topics[0])).arg(said);
    let mut published = 0;
    while command.query_async::<u64>(&mut connection).await.unwrap() > 0 {
        published += 1;
        assert!(published < 50_000, "the server never gave up");
    }
    // What was read comes, then the suspicion, then what is new.
    let mut heard = 0;
    while let Incoming::Event(_) = node.hear().await {
        heard += 1;
    }
    assert!(heard < published);
    other.publish(&topics[0], 7).await;
    assert_eq!(number(&node.hear_event().await), 7);
}

#[tokio::test]
async fn a_server_without_sharded_channels_will_do() {
    let server = RedisServer::start(Nothing).await;
    let mut node = Node::start_on(server.target(), true);
    let topics = [topic("plain"), topic("other")];
    follow_all(&node, &topics).await;
    let said = [b"t1 - - ", &payload::encode_event(&nothing(1).into())[..]].concat();
    let mut command = redis::cmd("PUBLISH");
    command.arg(node.channel(&topics[0])).arg(said);
    assert_eq!(server.run::<u64>(&command).await, 1);
    assert_eq!(number(&node.hear_event().await), 1);
    server.command::<()>("CLIENT KILL TYPE pubsub").await;
    let suspected = [node.hear_suspicion().await, node.hear_suspicion().await];
    assert!(topics.iter().all(|topic| suspected.contains(topic)));
    assert_eq!(server.run::<u64>(&command).await, 1);
    assert_eq!(number(&node.hear_event().await), 1);
    node.bus.unfollow(&topics[0]);
    eventually(SOON, "it is let go", async || server.run::<u64>(&command).await == 0).await;
}

#[tokio::test]
async fn tls_and_password_are_those_of_the_url() {
    let server = RedisServer::start_with_tls().await;
    server.command::<()>("ACL SETUSER ann on >s3cret ~test:* &test:* +@all").await;
    let url = server.url().replace("rediss://", "rediss://ann:s3cret@");
    let mut node = Node::start(Target::parse(&url).unwrap());
    let topic = topic("secret");
    node.bus.follow(&topic).await;
    node.publish(&topic, 1).await;
    assert_eq!(number(&node.hear_event().await), 1);
    let clients: String = server.command("CLIENT LIST TYPE pubsub").await;
    assert!(clients.contains("user=ann"), "{clients}");
}

#[tokio::test]
async fn a_refused_subscription_is_tried_again() {
    let server = RedisServer::start(Nothing).await;
    server.command::<()>("ACL SETUSER ann on >s3cret ~* resetchannels +@all").await;
    let url = format!("redis://ann:s3cret@127.0.0.1:{}", server.port);
    let mut node = Node::start(Target::parse(&url).unwrap());
    let topic = topic("denied");
    node.bus.follow(&topic).await;
    server.command::<()>("ACL SETUSER ann &test:*").await;
    assert_eq!(node.hear_suspicion().await, topic);
    node.publish(&topic, 1).await;
    assert_eq!(number(&node.hear_event().await), 1);
}

#[tokio::test]
async fn subscriptions_follow_a_promotion() {
    let mut setup = Sentinels::start().await;
    let mut node = Node::start(setup.target());
    let topics: Vec<Topic> = (0..5).map(topic).collect();
    follow_all(&node, &topics).await;
    let mut ear = Ear::new(&topics);
    setup.master.kill().await;
    ear.suspected(&mut node, 1).await;
    // An offset that was not replicated is taken again; here none was.
    for topic in &topics {
        node.publish(topic, 1).await;
    }
    ear.complete(&mut node).await;
    assert!(ear.heard.values().all(|heard| heard.offset == 1));
}

#[tokio::test]
async fn a_cluster_shards_its_channels() {
    let mut cluster = RedisCluster::start().await;
    let (mut node, other) = (Node::start(cluster.target()), Node::start(cluster.target()));
    assert!(node.bus.pool.topology().wait(SOON).await);
    let topics: Vec<Topic> = (0..30).map(topic).collect();
    follow_all(&node, &topics).await;
    let home = |node: &Node, topic: &Topic| node.bus.pool.topology().master_of(node.slot(topic)).unwrap();
    for topic in &topics {
        let server = &cluster.nodes[node_at(&cluster, &home(&node, topic))];
        assert_eq!(subscribers(server, &node.channel(topic)).await, 1);
    }
    let mut ear = Ear::new(&topics);
    let stream = Stream::start(&other, &topics);
    stream.go_on(50).await;

    // A slot moves, with the keys in it.
    let moved = topics.iter().find(|topic| node_at(&cluster, &home(&node, topic)) == 1).unwrap().clone();
    move_with_keys(&cluster, node.slot(&moved), 1, 2).await;
    ear.all_doubted(&mut node, std::slice::from_ref(&moved)).await;
    assert!(
        ear.heard.iter().all(|(topic, heard)| heard.suspicions == 0 || node.slot(topic) == node.slot(&moved))
    );

    // A master gives way to its replica as planned, and stays.
    let at = |node: &Node, place: usize| -> Vec<Topic> {
        topics.iter().filter(|topic| node_at(&cluster, &home(node, topic)) == place).cloned().collect()
    };
    let handed = at(&node, 2);
    let before: HashMap<Topic, u64> =
        ear.heard.iter().map(|(topic, heard)| (topic.clone(), heard.suspicions)).collect();
    cluster.nodes[5].command::<()>("CLUSTER FAILOVER").await;
    ear.until_all(&mut node, &handed, |topic, heard| heard.suspicions > before[topic]).await;
    assert_eq!(at(&node, 5), handed);

    // A master dies.
    let lost = at(&node, 0);
    assert!(!lost.is_empty());
    cluster.nodes[0].kill().await;
    let deadline = Instant::now() + 2 * SOON;
    while !lost.iter().all(|topic| ear.heard[topic].suspicions > 0) {
        let incoming = tokio::time::timeout_at(deadline, node.incoming.recv()).await;
        ear.take_after_failover(incoming.expect("no suspicion about the topics of the lost master").unwrap());
    }
    let heir: Address = address_of(&cluster.nodes[3]);
    assert!(lost.iter().all(|topic| home(&node, topic) == heir));
    stream.go_on(20).await;
    stream.end().await;
    ear.complete(&mut node).await;
}

impl Ear {
    /// A failover may lose offsets that were not replicated yet, which are then taken again: the suspicion makes the
    /// receiver ask where the topic stands.
    fn take_after_failover(&mut self, incoming: Incoming) {
        if let Incoming::Suspect(topic) = &incoming {
            self.heard.get_mut(topic).unwrap().offset = 0;
        }
        self.take(incoming);
    }
}

/// Moves a slot to another master as an operator does, while it is used.
async fn move_with_keys(cluster: &RedisCluster, slot: u16, from: usize, to: usize) {
    let (source, target) = (&cluster.nodes[from], &cluster.nodes[to]);
    let source_id: String = source.command("CLUSTER MYID").await;
    let target_id: String = target.command("CLUSTER MYID").await;
    target.command::<()>(&format!("CLUSTER SETSLOT {slot} IMPORTING {source_id}")).await;
    source.command::<()>(&format!("CLUSTER SETSLOT {slot} MIGRATING {target_id}")).await;
    let keys: Vec<Vec<u8>> = source.command(&format!("CLUSTER GETKEYSINSLOT {slot} 1000")).await;
    for key in keys {
        let mut command = redis::cmd("MIGRATE");
        command.arg("127.0.0.1").arg(target.port).arg(key).arg(0).arg(5000);
        source.run::<()>(&command).await;
    }
    for node in [target, source] {
        node.command::<()>(&format!("CLUSTER SETSLOT {slot} NODE {target_id}")).await;
    }
}

#[tokio::test]
async fn nothing_is_noted_for_a_server_that_is_away() {
    let mut server = RedisServer::start(Nothing).await;
    let port = server.port;
    server.kill().await;
    let mut node = Node::start(Target::parse(&format!("redis://127.0.0.1:{port}")).unwrap());
    let topics: Vec<Topic> = (0..100).map(|number| topic(format!("group{number}"))).collect();
    for _ in 0..10 {
        for topic in &topics {
            drop(node.bus.table.follow(topic));
            node.bus.table.unfollow(topic);
        }
    }
    assert_eq!(node.bus.table.untaken(), 0);
    // All the same they are followed when the server is back.
    server.begin().await;
    let mut suspected: Vec<Topic> = Vec::new();
    for _ in &topics {
        suspected.push(node.hear_suspicion().await);
    }
    suspected.sort();
    assert_eq!(suspected, sorted(topics));
}

#[tokio::test]
async fn a_server_that_hangs_is_asked_for_so_much_only() {
    let server = RedisServer::start(Nothing).await;
    let node = Node::start(server.target());
    node.bus.follow(&topic("first")).await;
    server.pause();
    let table = &node.bus.table;
    let follow = |number: usize| table.follow(&topic(format!("group{number}"))).is_none();
    for number in 0..subscriber::ASKED {
        follow(number);
    }
    eventually(SOON, "the connection takes them", async || table.untaken() == 0).await;
    for number in subscriber::ASKED..subscriber::ASKED + 100 {
        follow(number);
    }
    sleep(Duration::from_millis(200)).await;
    assert_eq!(table.untaken(), 100);
    server.resume();
    for number in 0..subscriber::ASKED + 100 {
        eventually(SOON, "all are followed", async || follow(number)).await;
    }
    assert_eq!(table.untaken(), 0);
}

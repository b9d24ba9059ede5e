//! What the scripts say of an event, and to whom.

use protocol::group::{Change, GroupKind, Shown, Tip};
use protocol::message::GroupLabel;

use super::*;

fn tip() -> Entry {
    let operator = Shown { user: user("alice"), nick: String::new(), face: String::new() };
    Entry::GroupTip {
        group: GroupLabel {
            id: ChannelId::parse("room").unwrap(),
            name: "Room".to_owned(),
            kind: GroupKind::Meeting,
            has_topics: false,
        },
        tip: Tip { random: 1, operator, change: Change::Left, members: None, online: None },
        counts: false,
    }
}

/// Where the next event stands, and which it is.
async fn next(events: &mut Receiver) -> (Topic, Numbering, Option<u64>, String) {
    let delivery = loop {
        // The bus doubts what was before it listened.
        if let Incoming::Event(delivery) = events.recv().await.unwrap() {
            break delivery;
        }
    };
    let seq = delivery.stamp.map(|stamp| stamp.seq.0);
    (delivery.topic, delivery.numbering, seq, serde_json::to_string(&*delivery.event).unwrap())
}

fn text(event: impl Into<Event>) -> String {
    serde_json::to_string(&event.into()).unwrap()
}

#[tokio::test]
async fn an_entry_of_the_topic_has_its_number_and_the_others_have_turns() {
    let fixture: Part<RedisServer> = part();
    let Opened { engine, mut events } = fixture.open().await;
    engine.commit(said("1").announce(room(), tip())).await.unwrap();
    engine.commit(said("2").announce(room(), nothing(1)).announce(room(), nothing(2))).await.unwrap();
    let both = said("3").announce(room(), nothing(3)).announce(room(), tip()).announce(room(), nothing(4));
    engine.commit(both).await.unwrap();
    let unstored = Batch::new(group("room"), Millis(1)).announce(room(), tip());
    engine.commit(unstored).await.unwrap();

    let offset = Numbering::Offset;
    let expected = [
        (Numbering::Entry, Some(1), text(tip())),
        (offset(1), Some(2), text(nothing(1))),
        (offset(2), Some(2), text(nothing(2))),
        (offset(3), Some(3), text(nothing(3))),
        (Numbering::Entry, Some(3), text(tip())),
        (offset(4), Some(3), text(nothing(4))),
        // It tells of no entry, so it can only be missed by its offset.
        (offset(5), None, text(tip())),
    ];
    for (numbering, seq, event) in expected {
        assert_eq!(next(&mut events).await, (room(), numbering, seq, event));
    }
}

/// A part of a group has a channel of its own, with the numbers of its log and offsets of its own; all lies with the group.
async fn a_part_of_a_group_is_told_on_its_own_channel(target: Target) {
    let servers = Topology::start(target);
    assert!(servers.wait(Duration::from_secs(10)).await);
    let fixture: Part<RedisServer> = part();
    let forum = GroupId::parse("@TGS#_forum").unwrap();
    let part = |name: &str| ChannelId::parse(&format!("{forum}@TOPIC#_{name}")).unwrap();
    let topic = |channel: &ChannelId| Topic::Group(AppId(1), channel.clone());
    let (whole, one, two) = (ChannelId::from(&forum), part("one"), part("two"));
    let (_bus, mut events) =
        listen(&servers, &fixture.names, &[topic(&whole), topic(&one), topic(&two)]).await;
    let engine = Redis::new(servers, fixture.names, Settings::default());
    // Messages as the services write them, several in one call, and what goes to several parts at once.
    let said = |channel: &ChannelId, number| message_on(channel, "alice", number);
    let batches = (1..=3).flat_map(|number| [said(&one, number), said(&two, number)]);
    for committed in batches.map(|batch| engine.submit(batch)).collect::<Vec<_>>() {
        committed.await.unwrap();
    }
    let all = Batch::new(Partition::group(AppId(1), &forum), Millis(1000))
        .announce(topic(&whole), nothing(1))
        .append(one.as_str().to_owned(), "tip")
        .announce(topic(&one), tip())
        .announce(topic(&two), nothing(2));
    engine.commit(all).await.unwrap();

    let mut told: Vec<(Topic, Numbering, Option<u64>)> = Vec::new();
    for _ in 0..9 {
        let (topic, numbering, seq, _) = next(&mut events).await;
        told.push((topic, numbering, seq));
    }
    let of = |channel: &ChannelId| -> Vec<_> {
        let told = told.iter().filter(|(topic, ..)| *topic == Topic::Group(AppId(1), channel.clone()));
        told.map(|(_, numbering, seq)| (*numbering, *seq)).collect()
    };
    let entry = |seq| (Numbering::Entry, Some(seq));
    assert_eq!(of(&one), [entry(1), entry(2), entry(3), entry(4)]);
    assert_eq!(of(&two), [entry(1), entry(2), entry(3), (Numbering::Offset(1), Some(4))]);
    assert_eq!(of(&whole), [(Numbering::Offset(1), None)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_a_group_on_one_server() {
    let server = RedisServer::start(Nothing).await;
    a_part_of_a_group_is_told_on_its_own_channel(server.target()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_a_group_on_a_cluster() {
    let fixture: Part<RedisCluster> = part();
    drop(fixture.open().await);
    a_part_of_a_group_is_told_on_its_own_channel(fixture.servers.get().unwrap().target()).await;
}

fn devices_of(name: &str) -> Topic {
    Topic::User(AppId(1), user(name))
}

fn between(number: u64) -> Batch {
    let pair = Partition::pair(AppId(1), &user("alice"), &user("bob"));
    let event: Arc<Event> = nothing(number).into();
    Batch::new(pair, Millis(1))
        .append("log", number.to_string())
        .announce(devices_of("alice"), event.clone())
        .announce(devices_of("bob"), event)
}

/// A message between two users is kept by neither of them.
async fn a_batch_is_heard_by_topics_of_other_partitions(target: Target) {
    let servers = Topology::start(target);
    assert!(servers.wait(Duration::from_secs(10)).await);
    let fixture: Part<RedisServer> = part();
    let mut heard = Vec::new();
    for name in ["alice", "bob"] {
        heard.push((name, listen(&servers, &fixture.names, &[devices_of(name)]).await));
    }
    let engine = Redis::new(servers, fixture.names, Settings::default());
    let commits: Vec<_> = (1..=200).map(|number| engine.submit(between(number))).collect();
    for commit in commits {
        commit.await.unwrap();
    }
    for (name, (_bus, events)) in &mut heard {
        for number in 1..=200 {
            let expected = (devices_of(name), Numbering::Offset(number), Some(number), text(nothing(number)));
            assert_eq!(next(events).await, expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_of_other_partitions_on_one_server() {
    let server = RedisServer::start(Nothing).await;
    a_batch_is_heard_by_topics_of_other_partitions(server.target()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_of_other_partitions_on_a_cluster() {
    let fixture: Part<RedisCluster> = part();
    drop(fixture.open().await);
    a_batch_is_heard_by_topics_of_other_partitions(fixture.servers.get().unwrap().target()).await;
}

/// The process that stored a message may have died before it could tell of it.
#[tokio::test]
async fn a_repetition_tells_other_servers_again() {
    let fixture: Part<RedisCluster> = part();
    let engine = fixture.open().await.engine;
    let servers = Topology::start(fixture.servers.get().unwrap().target());
    assert!(servers.wait(Duration::from_secs(10)).await);
    let (_bus, mut events) = listen(&servers, &fixture.names, &[devices_of("bob")]).await;
    for attempt in 1..=2 {
        let committed = engine.commit(between(7).idempotency_key("token")).await.unwrap();
        assert_eq!(committed.repeated, attempt == 2);
        let expected = (devices_of("bob"), Numbering::Offset(attempt), Some(1), text(nothing(7)));
        assert_eq!(next(&mut events).await, expected);
    }
}

//! Announced after stored.

use super::*;
use crate::bus::testing::{nothing, number_of};
use crate::bus::{Stamp, Topic};
use crate::storage::Expected;

fn topic() -> Topic {
    Topic::Group(AppId(1), ChannelId::parse("room").unwrap())
}

fn said(delivery: &Delivery) -> u64 {
    number_of(&delivery.event)
}

pub(crate) async fn in_the_order_of_the_log(fixture: &impl Fixture) {
    let Opened { engine, mut events } = fixture.open().await;
    let commits: Vec<_> = (1..=200)
        .map(|at| {
            let two = batch(at)
                .append("log", at.to_string())
                .announce(topic(), nothing(10 * at))
                .announce(topic(), nothing(10 * at + 1));
            engine.submit(two)
        })
        .collect();
    for commit in commits {
        commit.await.unwrap();
    }
    for at in 1..=200 {
        for number in [10 * at, 10 * at + 1] {
            let delivery = next(&mut events).await;
            assert_eq!(said(&delivery), number);
            assert_eq!(delivery.topic, topic());
            assert_eq!(delivery.stamp, Some(Stamp { seq: Seq(at), at: seconds(at) }));
        }
    }
}

/// An announcement carries the number of the entry that was appended last before it.
pub(crate) async fn each_of_its_own_entry(fixture: &impl Fixture) {
    let Opened { engine, mut events } = fixture.open().await;
    engine.commit(batch(1).append("outbox", "").append("outbox", "")).await.unwrap();
    let several = batch(2)
        .announce(topic(), nothing(1))
        .append("log", "message")
        .announce(topic(), nothing(2))
        .announce(topic(), nothing(3))
        .append("outbox", "the same")
        .append("log", "another")
        .announce(topic(), nothing(4));
    let committed = engine.commit(several).await.unwrap();
    assert_eq!(committed.entries.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), [1, 3, 2]);
    for (number, seq) in [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(2))] {
        let delivery = next(&mut events).await;
        assert_eq!(said(&delivery), number);
        assert_eq!(delivery.stamp, seq.map(|seq| Stamp { seq: Seq(seq), at: seconds(2) }), "{number}");
    }
}

/// Who hears of an entry finds it in the store.
pub(crate) async fn after_it_is_stored(fixture: &impl Fixture) {
    let Opened { engine, mut events } = fixture.open().await;
    for at in 1..=50 {
        drop(engine.submit(batch(at).append("log", "").announce(topic(), nothing(at))));
        let stamp = next(&mut events).await.stamp.unwrap();
        assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd { seq: stamp.seq, at: stamp.at });
    }
}

pub(crate) async fn refused_is_silent(fixture: &impl Fixture) {
    let Opened { engine, mut events } = fixture.open().await;
    let say = |number| batch(1).announce(topic(), nothing(number));
    engine.commit(say(1).idempotency_key("token")).await.unwrap();
    assert!(engine.commit(say(2).check(key("a"), Expected::Present)).await.is_err());
    assert!(engine.commit(say(3).add(Key::new(Table::Counter, "n"), 1, Some(0))).await.is_err());
    assert!(engine.commit(say(4).idempotency_key("token")).await.unwrap().repeated);
    engine.commit(say(5)).await.unwrap();
    assert_eq!(said(&next(&mut events).await), 1);
    assert_eq!(said(&next(&mut events).await), 5);
}

pub(crate) async fn without_an_entry(fixture: &impl Fixture) {
    let Opened { engine, mut events } = fixture.open().await;
    engine.commit(batch(1).put(key("a"), "").announce(topic(), nothing(1))).await.unwrap();
    assert_eq!(next(&mut events).await.stamp, None);
}

//! How many bytes are kept of what is said in a group, by one user to one other, and by one user to all others, has a
//! bound: many calls at once do not pass it, and what retention drops makes room.

use std::time::Duration;

use futures_util::future::join_all;
use gateway::Config;
use gateway::services::retention::Policy;
use protocol::ErrorCode;
use serde_json::json;
use tests::{Persistence, RedisServer, TestGateway, User, redis_at};

use super::totals::met;

/// About eight of the messages that are said here, each of some more bytes than its text.
const MOST: u64 = 10_000;

fn bounded(config: &mut Config) {
    config.apps.set(|settings| {
        settings.limits.bytes_per_group = MOST;
        settings.limits.bytes_per_peer = MOST;
        settings.retention = Policy { days: 1, messages_per_conversation: 0 };
    });
}

fn bounded_for_a_user(config: &mut Config) {
    config.apps.set(|settings| {
        settings.limits.bytes_per_user = MOST;
        settings.retention = Policy { days: 1, messages_per_conversation: 0 };
    });
}

async fn on_redis(redis: &RedisServer, bounded: impl FnOnce(&mut Config)) -> TestGateway {
    TestGateway::start_with(|config| {
        bounded(config);
        config.redis = Some(redis_at(&redis.url()));
    })
    .await
}

fn text() -> String {
    "x".repeat(1000)
}

/// How many of these are stored; the others are refused for their bytes.
async fn stored(answers: impl IntoIterator<Item = impl Future<Output = tests::Answer>>) -> usize {
    let answers = join_all(answers).await;
    let stored = answers.iter().filter(|answer| answer.code() == 0).count();
    for answer in answers.into_iter().filter(|answer| answer.code() != 0) {
        answer.refused(ErrorCode::TOO_LONG);
    }
    stored
}

async fn a_group_is_full_at_its_bound(gateway: &TestGateway) {
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let (lobby, attic) = (alice.create_group("lobby").await, alice.create_group("attic").await);
    bob.join(&lobby).await;
    let many = async |user: &User, count| {
        let text = text();
        stored((0..count).map(|_| user.try_send_text(&lobby, &text))).await
    };
    let (of_alice, of_bob) = tokio::join!(many(&alice, 10), many(&bob, 10));
    let said = of_alice + of_bob;
    assert!((4..=9).contains(&said), "{said} messages of more than 1000 bytes in {MOST}");
    assert!(met(gateway, "bytes_per_group").await >= (20 - said) as u64);
    // It is full for all of them, the back end too, and no other group is.
    assert_eq!(many(&alice, 1).await + many(&bob, 1).await, 0);
    let body = json!({"GroupId": "lobby", "Random": 1, "From_Account": "alice",
        "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text()}}]});
    gateway.admin().call("group_open_http_svc.send_group_msg", body).await.refused(ErrorCode::TOO_LONG);
    alice.send_text(&attic, &text()).await;
    // Nothing that was refused is there, and tips are told all the same.
    let kept = alice.history_texts(&lobby).await.len();
    assert_eq!(kept, said);
    gateway.user("carol").await.join(&lobby).await;
    // What is dropped makes room, as much as it was, also when it is dropped a second time.
    gateway.clock.advance(Duration::from_secs(36 * 3600));
    for _ in 0..2 {
        gateway.expire().await;
    }
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let many = async |user: &User, count| {
        let text = text();
        stored((0..count).map(|_| user.try_send_text(&lobby, &text))).await
    };
    assert_eq!(many(&alice, 20).await, said);
    // A new life of the group begins with nothing.
    alice.call("group_open_http_svc.destroy_group", json!({"GroupId": "lobby"})).await.ok();
    let lobby = alice.create_group("lobby").await;
    bob.join(&lobby).await;
    assert_eq!(stored([bob.try_send_text(&lobby, &text())]).await, 1);
}

async fn what_one_says_to_another_is_bounded(gateway: &TestGateway) {
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    gateway.admin().import("carol").await;
    let many = async |user: &User, to: &str, count| {
        let text = text();
        stored((0..count).map(|_| user.try_send_to(to, &text))).await
    };
    let said = many(&alice, "bob", 20).await;
    assert!((4..=9).contains(&said), "{said} messages of more than 1000 bytes in {MOST}");
    assert!(met(gateway, "bytes_per_peer").await >= (20 - said) as u64);
    // Nobody else's words are less for it.
    assert_eq!(many(&bob, "alice", 20).await, said);
    assert_eq!(many(&alice, "carol", 1).await, 1);
    assert_eq!(many(&alice, "alice", 20).await, said);
    gateway.clock.advance(Duration::from_secs(36 * 3600));
    for _ in 0..2 {
        gateway.expire().await;
    }
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert_eq!(many(&alice, "bob", 20).await, said);
    assert_eq!(many(&bob, "alice", 20).await, said);
    assert_eq!(many(&alice, "alice", 20).await, said);
}

#[tokio::test]
async fn bytes_of_a_group_and_of_a_pair_are_bounded() {
    let gateway = TestGateway::start_with(bounded).await;
    a_group_is_full_at_its_bound(&gateway).await;
    what_one_says_to_another_is_bounded(&gateway).await;
}

#[tokio::test]
async fn bytes_are_bounded_on_redis_as_well() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let gateway = on_redis(&redis, bounded).await;
    a_group_is_full_at_its_bound(&gateway).await;
    what_one_says_to_another_is_bounded(&gateway).await;
}

/// A bound that is taken away and set again finds no count of what was dropped meanwhile.
#[tokio::test]
async fn what_is_dropped_while_there_is_no_bound_is_given_back_too() {
    let mut gateway = TestGateway::start_with(bounded).await;
    let alice = gateway.user("alice").await;
    let lobby = alice.create_group("lobby").await;
    let text = text();
    let said = stored((0..20).map(|_| alice.try_send_text(&lobby, &text))).await;
    drop(alice);
    gateway.stop().await.unwrap();
    gateway.configure(|config| config.apps.set(|settings| settings.limits.bytes_per_group = 0));
    gateway.begin().await;
    let alice = gateway.user("alice").await;
    assert_eq!(stored((0..20).map(|_| alice.try_send_text(&lobby, &text))).await, 20);
    drop(alice);
    gateway.clock.advance(Duration::from_secs(36 * 3600));
    gateway.expire().await;
    gateway.stop().await.unwrap();
    gateway.configure(bounded);
    gateway.begin().await;
    let alice = gateway.user("alice").await;
    assert_eq!(stored((0..20).map(|_| alice.try_send_text(&lobby, &text))).await, said);
}

async fn what_one_says_to_all_is_bounded(gateway: &TestGateway) {
    let alice = gateway.user("alice").await;
    for name in ["bob", "carol", "dora"] {
        gateway.admin().import(name).await;
    }
    // At the same moment, and to each less than there is room for; to oneself as well.
    let to_all = async |user: &User| {
        let (text, peers) = (text(), ["bob", "carol", "dora", "alice"]);
        stored((0..20).map(|n| user.try_send_to(peers[n % 4], &text))).await
    };
    let said = to_all(&alice).await;
    assert!((4..=9).contains(&said), "{said} messages of more than 1000 bytes in {MOST}");
    assert!(met(gateway, "bytes_per_user").await >= (20 - said) as u64);
    // It is full for each of them; what others say to alice is theirs, and what is said in a group the group's.
    assert_eq!(to_all(&alice).await, 0);
    let bob = gateway.user("bob").await;
    assert_eq!(to_all(&bob).await, said);
    let lobby = alice.create_group("lobby").await;
    alice.send_text(&lobby, &text()).await;
    // What is dropped makes room, as much as it was, also when it is dropped a second time.
    gateway.clock.advance(Duration::from_secs(36 * 3600));
    for _ in 0..2 {
        gateway.expire().await;
    }
    let alice = gateway.user("alice").await;
    assert_eq!(to_all(&alice).await, said);
    assert_eq!(to_all(&alice).await, 0);
}

/// Who repeats what was stored is told so however full they are, and it counts once.
async fn a_repetition_is_no_more(gateway: &TestGateway) {
    let erin = gateway.user("erin").await;
    gateway.admin().import("frank").await;
    let say = async |random: u32| {
        let body = json!({"To_Account": "frank", "MsgSeq": 1, "MsgRandom": random,
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text()}}]});
        erin.call("openim.sendmsg", body).await
    };
    say(1).await.ok();
    for _ in 0..20 {
        say(1).await.ok();
    }
    let text = text();
    assert!(stored((0..20).map(|_| erin.try_send_to("frank", &text))).await >= 3);
    say(2).await.refused(ErrorCode::TOO_LONG);
    say(1).await.ok();
}

#[tokio::test]
async fn bytes_of_a_user_are_bounded() {
    let gateway = TestGateway::start_with(bounded_for_a_user).await;
    what_one_says_to_all_is_bounded(&gateway).await;
    a_repetition_is_no_more(&gateway).await;
}

#[tokio::test]
async fn bytes_of_a_user_are_bounded_on_redis_as_well() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let gateway = on_redis(&redis, bounded_for_a_user).await;
    what_one_says_to_all_is_bounded(&gateway).await;
    a_repetition_is_no_more(&gateway).await;
}

/// The count is the store's: it is there after a restart.
#[tokio::test]
async fn what_a_user_has_said_counts_after_a_restart() {
    let mut gateway = TestGateway::start_with(bounded_for_a_user).await;
    let alice = gateway.user("alice").await;
    let text = text();
    let said = stored((0..20).map(|_| alice.try_send_to("alice", &text))).await;
    assert!(said >= 4, "{said}");
    drop(alice);
    gateway.restart().await;
    let alice = gateway.user("alice").await;
    assert_eq!(stored([alice.try_send_to("alice", &text)]).await, 0);
}

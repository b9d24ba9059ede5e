//! What a client asks for again because its line broke before the answer came: it is done once.

use serde_json::{Value, json};
use tests::{Answer, Dialect, TestGateway, User};

use super::stage::{Stage, as_it_is, on_both};

const CREATE: &str = "group_open_http_svc.create_group";
const COUNT_UP: &str = "group_open_http_svc.update_group_counter";
const COUNTERS: &str = "group_open_http_svc.get_group_counter";
const SET: &str = "group_open_http_svc.set_group_attr";
const QUIT: &str = "group_open_http_svc.quit_group";
const CREATE_TOPIC: &str = "million_group_open_http_svc.create_topic";
const TOPICS: &str = "million_group_open_http_svc.get_topic";
const JOINED: &str = "group_open_http_svc.get_joined_group_list";

/// Asks, and asks the same with the same frame on a new connection to `there`, before the login.
async fn twice(user: &mut User, there: &TestGateway, servcmd: &str, body: Value) -> (Answer, Answer) {
    let head = user.head(servcmd);
    let first = user.call_with(head.clone(), body.clone()).await;
    user.socket.close().await;
    *user = user.reconnect(there.address(), Dialect::Binary).await;
    let again = user.socket.send(&head, &body).await;
    user.login().await;
    let again = user.answer(&again).await;
    (first, again)
}

/// The same where both must succeed, alike.
async fn once(user: &mut User, there: &TestGateway, servcmd: &str, body: Value) -> Value {
    let (first, again) = twice(user, there, servcmd, body).await;
    let first = first.ok();
    assert_eq!(again.ok(), first, "{servcmd}");
    first
}

async fn counted(user: &User, group: &str) -> Value {
    user.call(COUNTERS, json!({"GroupId": group})).await.ok()["GroupCounter"].clone()
}

fn raise(group: &str) -> Value {
    json!({"GroupId": group, "GroupCounter": [{"Key": "likes", "Value": 1}], "Mode": "Increase"})
}

#[tokio::test]
async fn what_is_repeated_is_answered_as_it_was() {
    let gateway = &TestGateway::start().await;
    let [mut alice, bob] = gateway.users(["alice", "bob"]).await;
    let room = bob.create_group("room").await;
    alice.join(&room).await;
    let attributes = json!({"GroupId": "room", "GroupAttr": [{"key": "k", "value": "v"}], "AttrMainSeq": 0,
        "AttrControl": ["RaceConflict"]});
    once(&mut alice, gateway, SET, attributes).await;
    once(&mut alice, gateway, COUNT_UP, raise("room")).await;
    assert_eq!(counted(&bob, "room").await, json!([{"Key": "likes", "Value": 1}]));
    once(&mut alice, gateway, QUIT, json!({"GroupId": "room"})).await;
    // What was refused is looked at anew.
    let (first, again) = twice(&mut alice, gateway, QUIT, json!({"GroupId": "room"})).await;
    assert_eq!((first.code(), again.code()), (10007, 10007));
}

/// As an SDK counts its requests, two that say the same are two.
#[tokio::test]
async fn what_is_asked_for_anew_is_done_again() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    alice.create_group("room").await;
    for value in 1..4 {
        alice.call(COUNT_UP, raise("room")).await.ok();
        assert_eq!(counted(&alice, "room").await, json!([{"Key": "likes", "Value": value}]));
    }
    let again = alice.reconnect(gateway.address(), Dialect::Binary).await;
    let mut head = again.head(COUNT_UP);
    head["seq"] = 77.into();
    let early = again.socket.send(&head, &raise("room")).await;
    again.login().await;
    again.answer(&early).await.ok();
    assert_eq!(counted(&alice, "room").await, json!([{"Key": "likes", "Value": 4}]));
}

on_both!(what_is_repeated_is_done_once_on_any_instance, as_it_is, |stage| {
    let mut alice = stage.one.user("alice").await;
    alice.create_group("room").await;
    once(&mut alice, stage.there(), COUNT_UP, raise("room")).await;
    assert_eq!(counted(&alice, "room").await, json!([{"Key": "likes", "Value": 1}]));
    // From the other instance to the first.
    once(&mut alice, &stage.one, COUNT_UP, raise("room")).await;
    assert_eq!(counted(&alice, "room").await, json!([{"Key": "likes", "Value": 2}]));

    let made = once(&mut alice, stage.there(), CREATE, json!({"Type": "Public", "Name": "made"})).await;
    let joined = alice.call(JOINED, json!({"Member_Account": "alice"})).await.ok();
    let ids: Vec<&Value> =
        joined["GroupIdList"].as_array().unwrap().iter().map(|group| &group["GroupId"]).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&&made["GroupId"]), "{ids:?}");

    // Of all else they tell each other what was answered.
    if stage.two.is_some() {
        let group = json!({"GroupId": "room"});
        let bob = stage.one.user("bob").await;
        bob.call("group_open_http_svc.apply_join_group", group.clone()).await.ok();
        let body = json!({"GroupId": "room", "NewOwner_Account": "bob"});
        once(&mut alice, &stage.one, "group_open_http_svc.change_group_owner", body).await;
        once(&mut alice, stage.there(), QUIT, group).await;
    }

    let club = json!({"Type": "Community", "Name": "club", "SupportTopic": 1});
    let club = alice.call(CREATE, club).await.ok()["GroupId"].clone();
    let topic = once(&mut alice, &stage.one, CREATE_TOPIC, json!({"GroupId": club, "TopicName": "t"})).await;
    let topics = alice.call(TOPICS, json!({"GroupId": club})).await.ok();
    let topics = topics["TopicAndSelfInfo"].as_array().unwrap();
    assert_eq!((topics.len(), &topics[0]["TopicInfo"]["TopicId"]), (1, &topic["TopicId"]));
});

//! A device that was away and is back hears everything it missed, and nothing twice.
//!
//! An SDK takes the newest message that it has of a conversation for the end of what it knows, and reads what is newer:
//! so nothing new may reach it before it has seen what it missed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Device, Dialect, Event, Group, Outcome, TestGateway, User};

/// How long a client that does not ask is left alone, with some room for a busy machine.
const LEFT_ALONE: Duration = Duration::from_secs(4);

/// Longer than one that asks for nothing is left alone.
const ASKED_FOR: Duration = Duration::from_secs(7);

/// The notice of an invitation.
const INVITED: u64 = 7;

/// The same SDK object on a new connection.
async fn back(gateway: &TestGateway, user: User) -> User {
    user.socket.close().await;
    user.reconnect(gateway.address(), Dialect::Binary).await
}

/// What a call is answered that shows by its order that nothing was pushed before.
async fn nothing_is_pushed(user: &User) {
    user.ping().await;
    let events = user.socket.events();
    assert!(events.is_empty(), "{}: {events:#?}", user.name);
}

#[tokio::test]
async fn what_is_new_comes_after_what_was_missed() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    bob.sync().await;
    let bob = back(&gateway, bob).await;
    alice.send_text(&group, "missed").await;
    alice.send_to("bob", "missed too").await;
    bob.try_login().await.ok();
    alice.send_text(&group, "new").await;
    alice.send_to("bob", "new too").await;
    alice.send_to("carol", "end").await;
    carol.expect_message_from("alice", "end").await;
    nothing_is_pushed(&bob).await;
    // What it reads now has everything, and there is no gap to what is pushed.
    let list = bob.conversations().await;
    assert_eq!(
        list.iter().find(|item| item["ToGroupId"] == "lobby" || item["ToAccount"] == "lobby").unwrap()["MsgSeq"],
        2
    );
    assert_eq!(bob.history_with("alice").await, ["missed too", "new too"]);
    nothing_is_pushed(&bob).await;
    bob.sync().await;
    bob.expect_message(&group, "new").await;
    bob.expect_message_from("alice", "new too").await;
    assert_eq!(bob.messages(&group), [(2, "new".to_owned())]);
    // From now on it hears at once.
    alice.send_text(&group, "now").await;
    bob.expect_message(&group, "now").await;
}

/// Whoever logs in afresh has nothing to miss, and one that never asks is not left alone for ever.
#[tokio::test]
async fn nobody_waits_without_end() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let begun = Instant::now();
    alice.send_text(&group, "hello?").await;
    let fresh = User::connect(
        gateway.address(),
        "bob",
        gateway.usersig("bob"),
        Device::wechat("f".repeat(32)),
        Dialect::Binary,
    )
    .await;
    fresh.login().await;
    alice.send_text(&group, "hello").await;
    fresh.expect_message(&group, "hello").await;
    assert!(begun.elapsed() < LEFT_ALONE, "{:?}", begun.elapsed());
    bob.expect_message(&group, "hello").await;
    assert!(begun.elapsed() >= LEFT_ALONE, "{:?}", begun.elapsed());
    assert_eq!(bob.messages(&group).len(), 2);
}

/// A long way back: whoever reads page after page is not told what is new before the last.
#[tokio::test]
async fn who_keeps_asking_is_left_alone_until_the_sync() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let bob = back(&gateway, bob).await;
    alice.send_text(&group, "missed").await;
    bob.try_login().await.ok();
    alice.send_text(&group, "new").await;
    let begun = Instant::now();
    while begun.elapsed() < ASKED_FOR {
        bob.history_texts(&group).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        nothing_is_pushed(&bob).await;
    }
    bob.sync().await;
    bob.expect_message(&group, "new").await;
    assert_eq!(bob.messages(&group), [(2, "new".to_owned())]);
}

/// What is said after the login is no less than what is pushed the end of what the SDK knows.
#[tokio::test]
async fn what_is_said_on_the_way_back_is_acknowledged_after_what_was_missed() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let bob = back(&gateway, bob).await;
    alice.send_text(&group, "missed").await;
    bob.try_login().await.ok();
    let to_group = bob.begin("group_open_http_svc.send_group_msg", bob.group_text(&group, "mine")).await;
    let to_alice = bob.begin("openim.sendmsg", bob.c2c_text("alice", "mine too")).await;
    alice.expect_message(&group, "mine").await;
    alice.expect_message_from("bob", "mine too").await;
    bob.conversations().await;
    for request in [&to_group, &to_alice] {
        assert!(bob.socket.answered(request).is_none(), "{request:?}");
    }
    bob.sync().await;
    assert_eq!(bob.answer(&to_group).await.ok()["MsgSeq"], 2);
    bob.answer(&to_alice).await.ok();
    // From now on it is answered at once.
    let begun = Instant::now();
    bob.send_text(&group, "more").await;
    assert!(begun.elapsed() < LEFT_ALONE, "{:?}", begun.elapsed());
}

/// What was unanswered is sent again before the login. An SDK takes its own words for the end of what it missed.
#[tokio::test]
async fn ones_own_words_are_acknowledged_after_what_was_missed() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let bob = back(&gateway, bob).await;
    alice.send_text(&group, "missed").await;
    let to_group = bob.begin("group_open_http_svc.send_group_msg", bob.group_text(&group, "mine")).await;
    let to_alice = bob.begin("openim.sendmsg", bob.c2c_text("alice", "mine too")).await;
    alice.expect_message(&group, "mine").await;
    alice.expect_message_from("bob", "mine too").await;
    bob.try_login().await.ok();
    bob.conversations().await;
    for request in [&to_group, &to_alice] {
        assert!(bob.socket.answered(request).is_none(), "{request:?}");
    }
    bob.sync().await;
    assert_eq!(bob.answer(&to_group).await.ok()["MsgSeq"], 2);
    bob.answer(&to_alice).await.ok();

    // One that does not log in has its answer all the same.
    let bob = back(&gateway, bob).await;
    let body = bob.c2c_text("alice", "by the way");
    assert!(matches!(bob.ask("openim.sendmsg", body, tests::DEADLINE).await, Outcome::Answer(_)));
    // And after that it does not wait again.
    let begun = Instant::now();
    bob.send_to("alice", "one thing more").await;
    assert!(begun.elapsed() < LEFT_ALONE);
}

/// A session that is ended while pushes wait for it leaves none of them to who comes next.
#[tokio::test]
async fn what_waits_is_nobody_elses() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    gateway.admin().import("carol").await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    alice.send_to("bob", "for bob").await;
    bob.logout().await;
    let said = bob.socket.events().len();
    let mut head = bob.head("im_open_status.wslogin");
    head["identifier"] = "carol".into();
    head["usersig"] = gateway.usersig("carol").into();
    let body = json!({"State": "Online", "is_web_uniapp": 0, "InstType": 0, "CustomInfo": ""});
    bob.call_with(head, body).await.ok();
    alice.send_to("carol", "for carol").await;
    bob.expect_message_from("alice", "for carol").await;
    assert_eq!(bob.socket.events().len(), said + 1);
}

/// A group of alice's, to which bob is invited.
async fn invite(alice: &User, id: &str) -> Group {
    let body = json!({
        "Type": "Private", "Name": id, "GroupId": id, "Owner_Account": alice.name,
        "MemberList": [{"Member_Account": "bob"}],
    });
    alice.call("group_open_http_svc.create_group", body).await.ok();
    Group { id: id.to_owned() }
}

/// The notice of an invitation as it was pushed: its number, and what acknowledges it.
async fn invited(bob: &User, group: &Group) -> (u64, Value) {
    let item = bob.expect_notice(group, INVITED).await;
    let seq = item["ClientSeq"].as_u64().unwrap();
    (seq, json!({"SessionData": format!("n{seq}")}))
}

async fn acknowledge(bob: &User, receipt: &Value) {
    bob.call("openim.ws_msg_push_ack", receipt.clone()).await.ok();
}

/// The groups of which a sync tells.
fn told(synced: &Value) -> Vec<&str> {
    let groups = synced["EventArray"].as_array().unwrap().iter();
    groups.map(|event| event["GroupTips"][0]["ToGroupId"].as_str().unwrap()).collect()
}

fn about<'a>(group: &'a Group) -> impl Fn(&Event) -> bool + 'a {
    |event| event.value["Event"] == 5 && event.value["GroupTips"][0]["ToGroupId"] == *group.id
}

#[tokio::test]
async fn a_notice_that_arrived_is_not_told_again() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert_eq!(bob.sync().await["Cookie"], "n0");
    let first = invite(&alice, "first").await;
    let (number, receipt) = invited(&bob, &first).await;
    assert_eq!(number, 1);
    let frame = |event: &Event| event.value["NeedAck"] == 1;
    assert!(!bob.socket.events().iter().any(frame), "it is the frame that asks, not the event");
    acknowledge(&bob, &receipt).await;
    // This one arrives, and its acknowledgement is lost with the line; and this one has what the line lost.
    let second = invite(&alice, "second").await;
    invited(&bob, &second).await;
    let third = invite(&alice, "third").await;
    let (_, receipt) = invited(&bob, &third).await;
    acknowledge(&bob, &receipt).await;

    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let synced = bob.sync().await;
    assert_eq!((told(&synced), &synced["Cookie"]), (vec!["second"], &json!("n3")));
    assert_eq!(told(&bob.sync().await), [""; 0]);

    let fourth = invite(&alice, "fourth").await;
    let (_, receipt) = invited(&bob, &fourth).await;
    acknowledge(&bob, &receipt).await;
    gateway.restart().await;
    let alice = alice.reconnect(gateway.address(), Dialect::Binary).await;
    alice.login().await;
    let bob = bob.reconnect(gateway.address(), Dialect::Binary).await;
    bob.try_login().await.ok();
    assert_eq!(told(&bob.sync().await), [""; 0]);
    // A device that says nothing is told as ever.
    invite(&alice, "fifth").await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    assert_eq!(told(&bob.sync().await), ["fifth"]);
}

/// A client that reads its list of conversations anew forgets the marks that it had.
#[tokio::test]
async fn a_mention_that_is_not_read_is_told_again() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    bob.sync().await;
    let mut body = alice.group_text(&group, "@bob look");
    body["GroupAtInfo"] = json!([{"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}]);
    alice.send_to_group(body).await.ok();
    let mark = bob.expect_event("a mention", |event| event.value["Event"] == 12).await;
    let number = mark["GroupTips"][0]["ClientSeq"].as_u64().unwrap();
    acknowledge(&bob, &json!({"SessionData": format!("n{number}")})).await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let synced = bob.sync().await;
    let marks: Vec<_> =
        synced["EventArray"].as_array().unwrap().iter().filter(|event| event["Event"] == 12).collect();
    assert_eq!(marks.len(), 1, "{synced:#}");
}

#[tokio::test]
async fn a_notice_that_comes_at_the_return_is_told_once() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    bob.sync().await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let group = invite(&alice, "group").await;
    alice.send_text(&group, "end").await;
    nothing_is_pushed(&bob).await;
    assert_eq!(told(&bob.sync().await), ["group"]);
    bob.expect_message(&group, "end").await;
    assert!(!bob.socket.events().iter().any(about(&group)));
    let next = invite(&alice, "next").await;
    invited(&bob, &next).await;
}

#[tokio::test]
async fn nobody_acknowledges_what_is_not_theirs_or_not_there() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let other = gateway.user_on("bob", Device::wechat("e".repeat(32)), Dialect::Binary).await;
    bob.sync().await;
    other.sync().await;
    // What is to come, and what is no number of ours.
    for data in ["n1", "n2", "n18446744073709551615", "n", "", "x", "n-1"] {
        acknowledge(&bob, &json!({"SessionData": data})).await;
    }
    acknowledge(&bob, &json!({})).await;
    gateway.anonymous().await.call("openim.ws_msg_push_ack", json!({"SessionData": "n1"})).await.ok();
    alice.call("openim.ws_msg_push_ack", json!({"SessionData": "n1"})).await.ok();
    let group = invite(&alice, "group").await;
    let (_, receipt) = invited(&bob, &group).await;
    acknowledge(&other, &receipt).await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    assert_eq!(told(&bob.sync().await), ["group"]);
    let other = back(&gateway, other).await;
    other.try_login().await.ok();
    assert_eq!(told(&other.sync().await), [""; 0]);
}

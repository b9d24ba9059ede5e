//! A send that is repeated is stored once and answered alike.
//!
//! The SDKs repeat what was unanswered, byte for byte, on a new connection before they log in there.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tests::{Dialect, TestGateway};

const SEND: &str = "group_open_http_svc.send_group_msg";

#[tokio::test]
async fn a_repetition_on_the_same_connection_is_answered_alike() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let body = alice.group_text(&group, "once");
    let first = alice.send_to_group(body.clone()).await.ok();
    // Later, so that an answer made anew would show another time.
    gateway.clock.advance(Duration::from_secs(20));
    alice.send_text(&group, "between").await;
    for _ in 0..3 {
        assert_eq!(alice.send_to_group(body.clone()).await.ok(), first);
    }
    alice.send_text(&group, "end").await;
    bob.expect_message(&group, "end").await;
    let said = [(1, "once".to_owned()), (2, "between".to_owned()), (3, "end".to_owned())];
    assert_eq!(bob.history_texts(&group).await, said);
    assert_eq!(bob.messages(&group), said);
}

#[tokio::test]
async fn a_repetition_before_the_login_on_a_new_connection_is_answered_alike() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let to_group = alice.head(SEND);
    let in_group = alice.group_text(&group, "once");
    let to_bob = alice.head("openim.sendmsg");
    let told = alice.c2c_text("bob", "once too");
    let first = alice.call_with(to_group.clone(), in_group.clone()).await.ok();
    let first_told = alice.call_with(to_bob.clone(), told.clone()).await.ok();
    gateway.clock.advance(Duration::from_secs(20));

    let again = alice.reconnect(gateway.address(), Dialect::Binary).await;
    // The frames of the old connection, number and all.
    let to_group = again.socket.send(&to_group, &in_group).await;
    let to_bob = again.socket.send(&to_bob, &told).await;
    again.login().await;
    assert_eq!(again.answer(&to_group).await.ok(), first);
    assert_eq!(again.answer(&to_bob).await.ok(), first_told);
    again.send_text(&group, "end").await;
    bob.expect_message(&group, "end").await;
    assert_eq!(bob.messages(&group), [(1, "once".to_owned()), (2, "end".to_owned())]);
    assert_eq!(bob.history_with("alice").await, ["once too"]);
}

#[tokio::test]
async fn a_message_that_was_never_answered_is_sent_by_its_repetition() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let (head, body) = (alice.head(SEND), alice.group_text(&group, "lost on the way"));
    let again = alice.reconnect(gateway.address(), Dialect::Binary).await;
    drop(alice);
    let request = again.socket.send(&head, &body).await;
    bob.expect_message(&group, "lost on the way").await;
    again.login().await;
    again.answer(&request).await.ok();
}

#[tokio::test]
async fn repetitions_at_the_same_time_are_one_message() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let (in_group, told) = (alice.group_text(&group, "once"), alice.c2c_text("bob", "once too"));
    let others = join_all((0..4).map(|_| alice.reconnect(gateway.address(), Dialect::Binary))).await;
    join_all(others.iter().map(tests::User::login)).await;
    let connections = || others.iter().chain([&alice]).flat_map(|user| [user; 4]);
    let answers = join_all(connections().map(|user| user.send_to_group(in_group.clone()))).await;
    let answers: Vec<_> = answers.into_iter().map(tests::Answer::ok).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    let answers = join_all(connections().map(|user| user.call("openim.sendmsg", told.clone()))).await;
    let answers: Vec<_> = answers.into_iter().map(tests::Answer::ok).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(bob.history_texts(&group).await, [(1, "once".to_owned())]);
    assert_eq!(bob.history_with("alice").await, ["once too"]);
    alice.send_text(&group, "end").await;
    bob.expect_message(&group, "end").await;
    assert_eq!(bob.messages(&group).len(), 2);
}

#[tokio::test]
async fn the_same_words_are_another_message() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    // Another number, another sender, another group: none of them is a repetition.
    alice.send_text(&group, "hm").await;
    alice.send_text(&group, "hm").await;
    let mut body = alice.group_text(&group, "hm");
    body["From_Account"] = "bob".into();
    bob.send_to_group(body.clone()).await.ok();
    let other = bob.create_group("other").await;
    body["GroupId"] = "other".into();
    bob.send_to_group(body).await.ok();
    assert_eq!(bob.history_texts(&group).await.len(), 3);
    assert_eq!(bob.history_texts(&other).await.len(), 1);
}

#[tokio::test]
async fn a_back_end_repeats_too() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    let body = json!({"GroupId": "lobby", "From_Account": "alice", "Random": 5,
        "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "from the back end"}}]});
    let first = gateway.admin().call(SEND, body.clone()).await.ok();
    assert_eq!(gateway.admin().call(SEND, body).await.ok(), first);
    assert_eq!(alice.history_texts(&group).await.len(), 1);
}

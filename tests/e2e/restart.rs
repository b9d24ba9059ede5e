//! A gateway that stops and starts again on the same directory.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tests::{Dialect, TestGateway, User};

#[tokio::test]
async fn nothing_is_lost_and_the_sequence_goes_on() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let mut said = Vec::new();
    for n in 0..30 {
        let text = format!("before {n}");
        said.push((alice.send_text(&group, &text).await.seq, text));
    }
    alice.send_to("bob", "keep this").await;
    let repeated = alice.group_text(&group, "said twice");
    let first = alice.send_to_group(repeated.clone()).await.ok();
    said.push((31, "said twice".to_owned()));

    gateway.restart().await;

    // The session of before is good: the SDKs keep their first token as long as the user stays logged in.
    let alice = alice.reconnect(gateway.address(), Dialect::Binary).await;
    let bob = bob.reconnect(gateway.address(), Dialect::Text).await;
    let request = alice.begin("group_open_http_svc.send_group_msg", repeated).await;
    alice.login().await;
    assert_eq!(alice.answer(&request).await.ok(), first);
    bob.login().await;
    assert_eq!(alice.history_texts(&group).await, said);
    assert_eq!(bob.history_with("alice").await, ["keep this"]);
    assert_eq!(bob.members(&group).await, ["alice", "bob"]);
    assert_eq!(alice.send_text(&group, "after").await.seq, 32);
    bob.expect_message(&group, "after").await;
}

#[tokio::test]
async fn a_device_that_was_put_out_stays_out() {
    let mut gateway = TestGateway::start().await;
    let old = gateway.user("alice").await;
    let new = gateway.user("alice").await;
    gateway.restart().await;
    let old = old.reconnect(gateway.address(), Dialect::Binary).await;
    let refusal = old.try_login().await.refused(protocol::ErrorCode::KICKED);
    assert_eq!(refusal["KickType"], 1);
    new.reconnect(gateway.address(), Dialect::Binary).await.login().await;
}

#[tokio::test]
async fn a_kick_survives() {
    let mut gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    gateway.admin().kick("alice").await;
    gateway.restart().await;
    let alice = alice.reconnect(gateway.address(), Dialect::Binary).await;
    alice.try_login().await.refused(protocol::ErrorCode::KICKED);
    alice.forget_session();
    alice.try_login().await.refused(protocol::ErrorCode::SIG_REVOKED);
}

#[tokio::test]
async fn nobody_is_online_after_a_restart_before_he_comes() {
    let mut gateway = TestGateway::start().await;
    let _alice = gateway.user("alice").await;
    gateway.restart().await;
    let body = json!({"To_Account": ["alice"]});
    let states = gateway.admin().call("openim.query_online_status", body).await.ok();
    assert_eq!(states["QueryResult"][0]["Status"], "Offline");
}

/// The way of SIGTERM: what was begun is answered, then the client is asked to come back, and nothing acknowledged is lost.
#[tokio::test]
async fn a_drain_answers_what_was_begun() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let mut begun = Vec::new();
    for n in 0..200 {
        let text = format!("{n}");
        let body = alice.group_text(&group, &text);
        begun.push((alice.begin("group_open_http_svc.send_group_msg", body.clone()).await, body, text));
    }
    // The last answer cannot be there yet when the first is; so the end comes in the middle.
    alice.answer(&begun[0].0).await.ok();
    assert_eq!(gateway.stop().await, Ok(()));
    assert_eq!(alice.socket.closed().await, 1012);
    assert_eq!(bob.socket.closed().await, 1012);
    let mut acknowledged = vec![begun[0].2.clone()];
    for (request, _, text) in &begun[1..] {
        if let Some(answer) = alice.socket.answered(request) {
            answer.ok();
            acknowledged.push(text.clone());
        }
    }

    gateway.begin().await;
    let alice = alice.reconnect(gateway.address(), Dialect::Binary).await;
    let stored = alice.history_texts(&group).await;
    for text in &acknowledged {
        assert_eq!(stored.iter().filter(|(_, found)| found == text).count(), 1, "{text} was acknowledged");
    }
    // And what was begun was answered: nothing is stored of which the client does not know.
    assert_eq!(stored.len(), acknowledged.len());
    // What was not answered is sent again, as an SDK does; in the end everything is there once.
    for (_, body, _) in &begun {
        alice.send_to_group(body.clone()).await.ok();
    }
    alice.login().await;
    let mut texts: Vec<String> =
        alice.history_texts(&group).await.into_iter().map(|(_, text)| text).collect();
    texts.sort_by_key(|text| text.parse::<u32>().unwrap());
    assert_eq!(texts, (0..200).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// Connections are asked to go one after the other, so that they do not all dial elsewhere in the same moment.
#[tokio::test]
async fn a_drain_keeps_to_its_window() {
    const WINDOW_SECONDS: u64 = 2;
    let mut gateway =
        TestGateway::start_with(|config| config.connections.drain = Duration::from_secs(WINDOW_SECONDS))
            .await;
    let names: Vec<String> = (0..20).map(|n| format!("user{n}")).collect();
    let users = join_all(names.iter().map(|name| gateway.user(name))).await;
    let begin = Instant::now();
    let ended = |user: User| async move {
        assert_eq!(user.socket.closed().await, 1012);
        begin.elapsed()
    };
    let ends = tokio::spawn(join_all(users.into_iter().map(ended)));
    assert_eq!(gateway.stop().await, Ok(()));
    let mut ends = ends.await.unwrap();
    ends.sort();
    // Somebody is asked late; and all have been asked when the window closes, the polite end included.
    assert!(ends[ends.len() - 1] > Duration::from_millis(WINDOW_SECONDS * 500), "{ends:?}");
    assert!(begin.elapsed() < Duration::from_secs(WINDOW_SECONDS + 5), "{ends:?}");
}

#[tokio::test]
async fn a_gateway_that_goes_down_takes_nobody_new() {
    let mut gateway = TestGateway::start().await;
    let address = gateway.address();
    let alice = gateway.user("alice").await;
    assert_eq!(gateway.stop().await, Ok(()));
    assert_eq!(alice.socket.closed().await, 1012);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

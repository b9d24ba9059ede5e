//! A client that does not read is cut off, hurts nobody, and finds everything when it comes back.

use std::time::Duration;

use serde_json::json;
use tests::{Dialect, RawSocket, TestGateway};

const QUEUE_BYTES: usize = 256 * 1024;

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_catches_up_from_history() {
    let gateway = TestGateway::start_with(|config| config.connections.queue_bytes = QUEUE_BYTES).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let lazy = gateway.user("lazy").await;
    lazy.join(&group).await;

    // The same device on a connection that is read no more after the login.
    lazy.socket.close().await;
    let target = format!("{}?{}", Dialect::Binary.path(), lazy.device.query());
    let mut stuck = RawSocket::connect(gateway.address(), &target).await;
    stuck.send_request(RawSocket::BINARY, &lazy.head("im_open_status.wslogin"), &json!({})).await;
    let login = stuck.next_json().await.unwrap();
    assert_eq!(login["body"]["ErrorCode"], 0);

    // As much as it takes to fill the kernel's buffers and the queue; the others are served all the while.
    let filler = "x".repeat(10 * 1024);
    let admin = gateway.admin();
    let mut said = 0;
    loop {
        for _ in 0..50 {
            said += 1;
            alice.send_text(&group, &format!("{said} {filler}")).await;
        }
        bob.expect_message(&group, &format!("{said} {filler}")).await;
        let body = json!({"To_Account": ["lazy"]});
        let states = admin.call("openim.query_online_status", body).await.ok();
        if states["QueryResult"][0]["Status"] == "Offline" {
            break;
        }
        assert!(said < 5000, "the slow reader was never cut off");
    }
    assert_eq!(bob.messages(&group).len(), said);
    // It finds the end of the stream behind what had been sent, and not all of it.
    let mut read = 0;
    while stuck.next().await.is_some() {
        read += 1;
    }
    assert!(read < said, "{read} of {said}");

    let back = gateway.user("lazy").await;
    let texts = back.history_texts(&group).await;
    assert_eq!(texts.len(), said);
    assert!(texts.iter().zip(1..).all(|((seq, text), n)| *seq == n && text.starts_with(&format!("{n} "))));
}

/// A client that asks without reading the answers is slowed down by TCP, not served into memory.
#[tokio::test]
async fn who_asks_without_reading_is_not_read() {
    let gateway = TestGateway::start().await;
    let bystander = gateway.user("bystander").await;
    let mut greedy = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
    let ping = json!({"head": RawSocket::head("heartbeat.alive", 7), "body": {}}).to_string();
    let frame = RawSocket::frame(true, RawSocket::BINARY, ping.as_bytes());
    let burst = frame.repeat(1000);
    // Until the kernel takes no more: then the gateway has stopped reading.
    let mut written = 0usize;
    while greedy.write_or_stuck(&burst, Duration::from_secs(1)).await {
        written += 1;
        assert!(written < 2000, "the gateway reads without end");
    }
    bystander.ping().await;
    // Whoever reads after all gets every answer.
    let answer = greedy.next_json().await.unwrap();
    assert_eq!(answer["body"]["ErrorCode"], 0);
}

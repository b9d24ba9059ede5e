//! Clients that take their time.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::json;
use tests::{RawSocket, TestGateway, exchange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SHORT: Duration = Duration::from_millis(1500);

async fn refused(gateway: &TestGateway, bound: &str) -> bool {
    let metrics = exchange(gateway.address(), "GET", "/metrics", b"").await;
    metrics.text().contains(&format!("gateway_refused_total{{bound=\"{bound}\"}}"))
}

async fn begun(gateway: &TestGateway, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// What comes until the end of the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let _ = timeout(tests::DEADLINE, stream.read_to_end(&mut rest)).await.expect("an end in time");
    String::from_utf8_lossy(&rest).into_owned()
}

/// One answer with a body of a known length.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = async {
        while !answer.ends_with(b"alive\n") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "the connection ended");
        }
    };
    timeout(tests::DEADLINE, read).await.expect("an answer in time");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_head_has_its_time_and_a_pause_between_requests_another() {
    let gateway = TestGateway::start_with(|config| config.connections.head = SHORT).await;
    let request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut patient = begun(&gateway, request).await;
    let answer = one_answer(&mut patient).await.to_lowercase();
    assert!(answer.contains("keep-alive: timeout=75"), "{answer}");
    // Half a head, on a new connection and on one that was answered before; and nothing at all.
    let mut halves = vec![begun(&gateway, b"GET /livez HTTP/1.1\r\nHos").await, begun(&gateway, b"").await];
    let mut second = begun(&gateway, request).await;
    one_answer(&mut second).await;
    second.write_all(b"GET /livez").await.unwrap();
    halves.push(second);
    for half in &mut halves {
        assert_eq!(rest(half).await, "");
    }
    assert!(refused(&gateway, "head_time").await);
    patient.write_all(request).await.unwrap();
    one_answer(&mut patient).await;
}

#[tokio::test]
async fn a_body_has_its_time() {
    let gateway = TestGateway::start_with(|config| config.connections.body = SHORT).await;
    let target = gateway.admin().target("im_open_login_svc.account_check");
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{");
    let answer = rest(&mut begun(&gateway, head.as_bytes()).await).await;
    assert!(answer.contains(&ErrorCode::TOO_LONG.0.to_string()), "{answer}");
    assert!(refused(&gateway, "body_time").await);
}

#[tokio::test]
async fn bodies_that_have_not_come_whole_are_bounded_together() {
    let gateway = TestGateway::start_with(|config| {
        config.connections.unfinished_bytes = Some(300 * 1024);
    })
    .await;
    let target = gateway.admin().target("im_open_login_svc.account_check");
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n{{");
    let part = [head.as_bytes(), &[b' '; 200_000]].concat();
    let mut first = begun(&gateway, &part).await;
    let mut second = begun(&gateway, &part).await;
    // One of them is refused; which, is for the kernel to say.
    let answer = tokio::select! {
        answer = rest(&mut first) => answer,
        answer = rest(&mut second) => answer,
    };
    assert!(answer.contains(&ErrorCode::UNAVAILABLE.0.to_string()), "{answer}");
    drop((first, second));
    gateway.admin().import("a").await;
    // A message in pieces is one of these, too.
    let mut client = RawSocket::connect(gateway.address(), "/binfo").await;
    for _ in 0..4 {
        client.write(&RawSocket::frame(false, RawSocket::BINARY, &[b' '; 100_000])).await;
        client.write(&RawSocket::frame(false, RawSocket::CONTINUATION, &[b' '; 100_000])).await;
    }
    assert!(matches!(client.close_code().await, 1013 | 1002 | 1006));
}

#[tokio::test]
async fn a_body_in_many_pieces_is_one_body() {
    let gateway = TestGateway::start().await;
    let target = gateway.admin().target("im_open_login_svc.account_check");
    let mut bytes = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for byte in br#"{"CheckItem":[{"UserID":"a"}]}"#.iter().copied().chain([b' '; 50_000]) {
        bytes.extend([b'1', b'\r', b'\n', byte, b'\r', b'\n']);
    }
    bytes.extend(b"0\r\n\r\n");
    let answer = rest(&mut begun(&gateway, &bytes).await).await;
    assert!(answer.contains(r#""ErrorCode":0"#), "{answer}");
}

#[tokio::test]
async fn the_rest_of_a_message_has_its_time_whatever_comes_between() {
    let gateway = TestGateway::start_with(|config| config.connections.message = SHORT).await;
    let mut client = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
    client.write(&RawSocket::frame(false, RawSocket::BINARY, b"{\"head\":")).await;
    let close = async {
        loop {
            client.send(RawSocket::PING, b"").await;
            match client.next().await {
                Some(frame) if frame.opcode == RawSocket::CLOSE => return frame.payload[..2].to_vec(),
                Some(_) => tokio::task::yield_now().await,
                None => panic!("the connection ended without a farewell"),
            }
        }
    };
    let code = timeout(tests::DEADLINE, close).await.expect("a farewell in time");
    assert_eq!(u16::from_be_bytes([code[0], code[1]]), 1008);
    assert!(refused(&gateway, "message_time").await);
}

#[tokio::test]
async fn a_connection_without_a_login_lives_so_long_and_no_longer() {
    let gateway = TestGateway::start_with(|config| config.connections.login = SHORT).await;
    let alice = gateway.user("alice").await;
    let mut idle = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
    let close = async {
        loop {
            // It says something all the while.
            idle.send_request(RawSocket::BINARY, &RawSocket::head("heartbeat.alive", 1), &json!({})).await;
            match idle.next().await {
                Some(frame) if frame.opcode == RawSocket::CLOSE => return frame.payload[..2].to_vec(),
                Some(_) => tokio::task::yield_now().await,
                None => panic!("the connection ended without a farewell"),
            }
        }
    };
    let code = timeout(tests::DEADLINE, close).await.expect("a farewell in time");
    assert_eq!(u16::from_be_bytes([code[0], code[1]]), 1008);
    assert!(refused(&gateway, "login_time").await);
    // Who is logged in stays.
    alice.ping().await;
}

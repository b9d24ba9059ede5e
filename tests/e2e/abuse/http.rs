//! Requests that say more than they may, or less than they must.

use protocol::ErrorCode;
use tests::{Admin, TestGateway};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The head of a call by REST with a body that never comes, and what is answered.
async fn ask_without_body(gateway: &TestGateway, admin: &Admin) -> String {
    let target = admin.target("im_open_login_svc.account_check");
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let count = timeout(tests::DEADLINE, stream.read(&mut answer)).await.expect("an answer").unwrap();
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

#[tokio::test]
async fn who_proves_nothing_is_refused_before_their_body_is_there() {
    let gateway = TestGateway::start().await;
    let forged = Admin::new(gateway.address(), "administrator", gateway.usersig("alice"));
    let answer = ask_without_body(&gateway, &forged).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains(&ErrorCode::SIG_OTHER_USER.0.to_string()), "{answer}");
    let user = Admin::new(gateway.address(), "alice", gateway.usersig("alice"));
    let answer = ask_without_body(&gateway, &user).await;
    assert!(answer.contains(&ErrorCode::NOT_ADMIN.0.to_string()), "{answer}");
}

/// Sends bytes, and reads the head of what is answered, or what came of it till the end.
async fn answer_to(gateway: &TestGateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let exchange = async {
        // It may be answered and closed before all of it is taken.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read_buf(&mut answer).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    };
    timeout(tests::DEADLINE, exchange).await.expect("an answer in time")
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let gateway = TestGateway::start().await;
    let cases = [
        ("HTTP/1.1\r\nHost: x\r\n", 200),
        ("HTTP/1.1\r\nHost: x:8080\r\n", 200),
        ("HTTP/1.1\r\nHost: [::1]:8080\r\n", 200),
        ("HTTP/1.1\r\nHost:\r\n", 200),
        ("HTTP/1.1\r\n", 400),
        ("HTTP/1.1\r\nHost: x\r\nHost: x\r\n", 400),
        ("HTTP/1.1\r\nHost: x\r\nhost: y\r\n", 400),
        ("HTTP/1.1\r\nHost: x y\r\n", 400),
        ("HTTP/1.1\r\nHost: x/y\r\n", 400),
        ("HTTP/1.0\r\n", 200),
        ("HTTP/1.0\r\nHost: x\r\nHost: y\r\n", 400),
    ];
    for (request, status) in cases {
        let answer = answer_to(&gateway, format!("GET /livez {request}\r\n").as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some(status.to_string().as_str()), "{request}: {answer}");
    }
}

#[tokio::test]
async fn only_what_is_an_upgrade_is_upgraded() {
    let gateway = TestGateway::start().await;
    const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let ask = async |line: &str, headers: &str| {
        let head = format!(
            "{line}\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             {headers}\r\n\r\n"
        );
        let answer = answer_to(&gateway, head.as_bytes()).await;
        answer.split(' ').nth(1).map(str::to_owned).unwrap_or(answer)
    };
    assert_eq!(ask("GET /binfo HTTP/1.1", KEY).await, "101");
    assert_eq!(ask("POST /binfo HTTP/1.1", KEY).await, "405");
    assert_eq!(ask("GET /binfo HTTP/1.0", KEY).await, "400");
    assert_eq!(ask("GET /binfo HTTP/1.1", &format!("{KEY}\r\nContent-Length: 3")).await, "400");
    for key in ["", "short", "c2hvcnQ=", "dGhlIHNhbXBsZSBub25jZSE=", "dGhlIHNhbXBsZSBub25jZQ"] {
        assert_eq!(ask("GET /binfo HTTP/1.1", &format!("Sec-WebSocket-Key: {key}")).await, "400", "{key}");
    }
    assert_eq!(ask("GET /binfo HTTP/1.1", &format!("{KEY}\r\n{KEY}")).await, "400");
}

#[tokio::test]
async fn a_head_has_64_kib_at_the_most() {
    let gateway = TestGateway::start().await;
    let head =
        |bytes: usize| format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Filler: {}\r\n\r\n", "x".repeat(bytes));
    assert!(answer_to(&gateway, head(40_000).as_bytes()).await.starts_with("HTTP/1.1 200 "));
    let answer = answer_to(&gateway, head(70_000).as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

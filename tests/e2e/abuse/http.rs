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

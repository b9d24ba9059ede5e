//! More connections than there is room for, and whose they are.

use std::time::Duration;

use futures_util::future::join_all;
use protocol::ErrorCode;
use serde_json::json;
use tests::{
    Device, Dialect, Instance, InstanceSettings, LegacyRoutes, RawSocket, TestGateway, exchange,
    exchange_with, gateway_behind, legacy,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn metrics(gateway: &TestGateway) -> String {
    exchange(gateway.address(), "GET", "/metrics", b"").await.text().to_owned()
}

async fn silent(gateway: &TestGateway) -> TcpStream {
    TcpStream::connect(gateway.address()).await.unwrap()
}

/// Waits until the gateway ends a connection.
async fn ended(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let _ = timeout(tests::DEADLINE, stream.read_to_end(&mut rest)).await.expect("an end in time");
}

#[tokio::test]
async fn silent_connections_leave_the_store_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let script = gateway_behind(&folder, "ulimit -n 1024\nexec");
    let _ = gateway::descriptors::raise_limit();
    let settings = InstanceSettings {
        program: Some(script),
        file: "[rates]\ngroup_messages = { calls = 0, seconds = 0, burst = 0 }\n".to_owned(),
        ..InstanceSettings::default()
    };
    let instance = Instance::start("a", settings).await;

    let mut silent = Vec::new();
    for _ in 0..1010 {
        silent.push(TcpStream::connect(instance.address).await.unwrap());
    }
    assert_eq!(exchange(instance.address, "GET", "/", b"").await.status, 200);
    // Somebody comes and writes as much as makes the store open its files.
    let admin = instance.admin();
    let made = async {
        let body = json!({"Type": "ChatRoom", "Name": "g", "GroupId": "g"});
        admin.call("group_open_http_svc.create_group", body).await.ok();
        let filler = "x".repeat(11_000);
        for round in 0..100 {
            let send = |n: usize| {
                let (admin, filler) = (&admin, &filler);
                async move {
                    let body = json!({
                        "GroupId": "g", "Random": round * 100 + n,
                        "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": filler}}],
                    });
                    admin.call("group_open_http_svc.send_group_msg", body).await.ok();
                }
            };
            join_all((0..10).map(send)).await;
        }
    };
    timeout(tests::DEADLINE * 2, made).await.expect("what is said is stored in time");
    assert_eq!(instance.readiness().await.status, 200);
    assert!(instance.is_running());
    let log = instance.process().log();
    assert!(!log.contains("could not be accepted"), "{log}");
}

#[tokio::test]
async fn where_all_places_are_taken_health_is_answered_all_the_same() {
    let gateway = TestGateway::start_with(|config| config.connections.max_in_all = Some(4)).await;
    let mut users = Vec::new();
    for name in ["a", "b", "c", "d"] {
        users.push(gateway.user(name).await);
    }
    let head = RawSocket::ask(gateway.address(), "/binfo", "").await.err().expect("no room");
    assert!(head.starts_with("HTTP/1.1 503 ") && head.to_lowercase().contains("retry-after"), "{head}");
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(exchange(gateway.address(), "GET", path, b"").await.status, 200, "{path}");
    }
    assert_eq!(exchange(gateway.address(), "GET", "/", b"").await.status, 503);
    // Also while others take that room and stay.
    let mut silent = join_all((0..100).map(|_| silent(&gateway))).await;
    assert_eq!(exchange(gateway.address(), "GET", "/livez", b"").await.status, 200);
    ended(&mut silent[0]).await;
    assert!(metrics(&gateway).await.contains(r#"gateway_refused_total{bound="connections"}"#));
    users[0].ping().await;

    users.remove(0).socket.close().await;
    let again = async {
        while RawSocket::ask(gateway.address(), "/binfo", "").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(tests::DEADLINE, again).await.expect("the place of one who left");
}

#[tokio::test]
async fn who_only_stays_makes_room_for_who_comes_to_log_in() {
    let gateway = TestGateway::start_with(|config| config.connections.max_before_login = Some(3)).await;
    let mut first = silent(&gateway).await;
    let _second = RawSocket::connect(gateway.address(), "/binfo").await;
    let _third = silent(&gateway).await;
    // At the first try.
    assert!(RawSocket::ask(gateway.address(), "/binfo", "").await.is_ok());
    ended(&mut first).await;
    // Those who are logged in are not among them.
    let mut logged_in = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        let mut socket = RawSocket::ask(gateway.address(), "/binfo?platform=7", "").await.expect("room");
        let mut head = RawSocket::head("im_open_status.wslogin", 1);
        head["identifier"] = json!(name);
        head["usersig"] = json!(gateway.usersig(name));
        socket.send_request(RawSocket::BINARY, &head, &json!({})).await;
        assert_eq!(socket.next_json().await.unwrap()["body"]["ErrorCode"], 0);
        logged_in.push(socket);
    }
    assert!(metrics(&gateway).await.contains(r#"gateway_refused_total{bound="connections_before_login"}"#));
}

#[tokio::test]
async fn an_address_has_its_share_behind_a_trusted_proxy_too() {
    let gateway = TestGateway::start_with(|config| {
        config.connections.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        config.connections.max_per_address = Some(1);
    })
    .await;
    let ask = async |address: &str| {
        RawSocket::ask(gateway.address(), "/binfo", &format!("X-Forwarded-For: 10.9.9.9, {address}\r\n"))
            .await
    };
    let first = ask("203.0.113.1").await.expect("the first");
    let head = ask("203.0.113.1").await.err().expect("the second is refused");
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    let _other = ask("203.0.113.2").await.expect("another address");
    drop(first);
    let again = async { while ask("203.0.113.1").await.is_err() {} };
    timeout(tests::DEADLINE, again).await.expect("the share is given back");
    let metrics = metrics(&gateway).await;
    assert!(metrics.contains(r#"gateway_refused_total{bound="connections_per_address"}"#));
}

#[tokio::test]
async fn a_proxy_says_first_whose_connection_it_is() {
    let gateway = TestGateway::start_with(|config| {
        config.connections.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.connections.proxy_protocol = true;
        let networks = vec!["203.0.113.0/24".parse().unwrap()];
        config.legacy = Some(gateway::config::Legacy { networks, ..legacy() });
    })
    .await;
    let ask = async |header: &[u8]| {
        let mut stream = silent(&gateway).await;
        let request = b"GET /imSig/ann/60 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(&[header, request].concat()).await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(tests::DEADLINE, stream.read_to_end(&mut answer)).await.expect("an answer in time");
        String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(ask(b"PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n").await, "200");
    assert_eq!(ask(b"PROXY TCP4 198.51.100.9 127.0.0.1 1 2\r\n").await, "403");
    let mut binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    binary.extend([203, 0, 113, 9, 127, 0, 0, 1, 0, 1, 0, 2]);
    assert_eq!(ask(&binary).await, "200");
    // Whoever does not say it is not served.
    assert_eq!(ask(b"").await, "");
}

#[tokio::test]
async fn the_networks_of_the_old_routes_are_those_of_clients() {
    let start = async |trusted: &str| {
        TestGateway::start_with(|config| {
            config.connections.trusted_proxies = vec![trusted.parse().unwrap()];
            let networks = vec!["203.0.113.0/24".parse().unwrap()];
            config.legacy = Some(gateway::config::Legacy { networks, ..legacy() });
        })
        .await
    };
    let status = async |gateway: &TestGateway, address: &str| {
        let header = format!("X-Forwarded-For: {address}\r\n");
        exchange_with(gateway.address(), "GET", "/imSig/ann/60", &header, b"").await.status
    };
    let behind = start("127.0.0.1/32").await;
    assert_eq!(status(&behind, "203.0.113.9").await, 200);
    assert_eq!(status(&behind, "203.0.113.9, 198.51.100.1").await, 403);
    assert_eq!(LegacyRoutes::new(&behind).sign("ann", "60").await.status, 403);
    // Nobody else is believed.
    assert_eq!(status(&start("10.0.0.0/8").await, "203.0.113.9").await, 403);
}

#[tokio::test]
async fn a_user_has_so_many_connections() {
    let gateway = TestGateway::start_with(|config| config.connections.max_per_user = Some(2)).await;
    let on = |platform: u32| Device { platform, ..Device::web(gateway.fresh_instance()) };
    let first = gateway.user_on("alice", on(7), Dialect::Binary).await;
    let second = gateway.user_on("alice", on(8), Dialect::Binary).await;
    let third = gateway.stranger_on("alice", on(9), Dialect::Binary).await;
    let login = json!({"State": "Online", "InstType": 0});
    third.call("im_open_status.wslogin", login.clone()).await.refused(ErrorCode::TOO_OFTEN);
    // Whoever is there stays, and may repeat the login.
    first.ping().await;
    second.call("im_open_status.wslogin", login.clone()).await.ok();
    gateway.user("bob").await;
    first.socket.close().await;
    let again = async {
        while third.call("im_open_status.wslogin", login.clone()).await.code() != 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), again).await.expect("the place of the first");
}

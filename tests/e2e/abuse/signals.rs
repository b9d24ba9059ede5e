//! How the program ends: what signals ask for, and who cannot hold it up.

use tests::{Instance, InstanceSettings, RawSocket, Signal, gateway_behind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// A drain window that no test waits for.
fn long_drain() -> InstanceSettings {
    InstanceSettings { file: "[connection]\ndrain_seconds = 600".to_owned(), ..InstanceSettings::default() }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for second in [Signal::TERM, Signal::INT] {
        let mut instance = Instance::start("a", long_drain()).await;
        // The second that leaves does so at 0.618 of the window.
        let _first = RawSocket::connect(instance.address, "/binfo").await;
        let _second = RawSocket::connect(instance.address, "/binfo").await;
        instance.terminate();
        instance.process().line("that it goes down", |line| line.contains("going down").then_some(())).await;
        instance.process().signal(second);
        let (status, log) = instance.ended().await;
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("a second signal"), "{log}");
    }
}

#[tokio::test]
async fn a_terminal_that_is_gone_drains_it() {
    // Whoever runs the tests may have it ignored.
    let folder = tempfile::tempdir().unwrap();
    let program = Some(gateway_behind(&folder, "exec env --default-signal=HUP"));
    let settings = InstanceSettings { program, ..InstanceSettings::default() };
    let mut instance = Instance::start("a", settings).await;
    let mut client = RawSocket::connect(instance.address, "/binfo").await;
    instance.process().signal(Signal::HUP);
    assert_eq!(client.close_code().await, 1012);
    let (status, log) = instance.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
}

#[tokio::test]
async fn half_a_request_does_not_hold_up_the_end() {
    let file = "[connection]\ndrain_seconds = 0".to_owned();
    let mut instance = Instance::start("a", InstanceSettings { file, ..InstanceSettings::default() }).await;
    let target = instance.admin().target("im_open_login_svc.account_check");
    let whole = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{");
    let mut clients = Vec::new();
    for part in ["", "GET", &whole] {
        let mut client = TcpStream::connect(instance.address).await.unwrap();
        client.write_all(part.as_bytes()).await.unwrap();
        clients.push(client);
    }
    // All of it has been read when somebody who came later is answered.
    instance.ready().await;
    let begun = std::time::Instant::now();
    instance.terminate();
    let (status, log) = instance.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(begun.elapsed().as_secs() < 6, "{:?}", begun.elapsed());
}

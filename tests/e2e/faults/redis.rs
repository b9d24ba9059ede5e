//! A Redis that forgets, is not fit, or is not there.

use std::time::Duration;

use gateway::Config;
use protocol::ErrorCode;
use serde_json::json;
use tests::{
    Dialect, Instance, InstanceSettings, Persistence, RedisServer, Reply, TestGateway, User, exchange,
    redis_at,
};
use tokio::time::{sleep, timeout};

/// Within this time everything is noticed, on a busy machine too.
const SOON: Duration = Duration::from_secs(15);

fn on(url: &str) -> impl FnOnce(&mut Config) {
    move |config| {
        config.redis = Some(redis_at(url));
    }
}

async fn readiness(gateway: &TestGateway) -> Reply {
    exchange(gateway.address(), "GET", "/readyz", b"").await
}

/// Waits for what `/readyz` says.
async fn says(gateway: &TestGateway, status: u16, word: &str) {
    let wait = async {
        loop {
            let reply = readiness(gateway).await;
            if reply.status == status && reply.text().contains(word) {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, wait).await.unwrap_or_else(|_| panic!("/readyz does not say {status} {word}"));
}

/// Everything was deleted under a gateway whose connections stand: users are told to log in again, not that somebody else took
/// their place, and then hear what is said from the first message on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_emptied_logs_everybody_out_and_goes_on() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let gateway = TestGateway::start_with(on(&redis.url())).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    for number in 0..5 {
        alice.send_text(&group, &format!("before {number}")).await;
        alice.send_to("bob", &format!("to bob {number}")).await;
    }
    bob.expect_message(&group, "before 4").await;
    bob.expect_message_from("alice", "to bob 4").await;

    redis.command::<()>("FLUSHALL").await;
    for user in [&alice, &bob] {
        let hello =
            async |user: &User| user.call("im_open_status.wshello", json!({"is_web_uniapp": 0})).await;
        let told = async {
            while hello(user).await.code() != ErrorCode::SIG_EXPIRED.0 {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(SOON, told).await.expect("the session is forgotten");
        // Nobody said that another device took the place.
        assert!(user.socket.events().iter().all(|event| event.servcmd != "im_open_status.stat_forceoffline"));
        let back = user.reconnect(gateway.address(), Dialect::Binary).await;
        hello(&back).await.refused(ErrorCode::SIG_EXPIRED);
    }

    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "anew").await;
    bob.expect_message(&group, "anew").await;
    alice.send_to("bob", "anew to bob").await;
    bob.expect_message_from("alice", "anew to bob").await;
    assert_eq!(bob.history_with("alice").await, ["anew to bob"]);
}

/// An older state is loaded under a gateway whose connections stand: numbers are given a second time, and members hear what is
/// said from the first message on, each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_older_state_everything_new_is_heard() {
    let redis = RedisServer::start_with(Persistence::Nothing, &["--enable-debug-command", "yes"]).await;
    let gateway = TestGateway::start_with(on(&redis.url())).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "kept").await;
    alice.send_to("bob", "kept too").await;
    bob.expect_message(&group, "kept").await;
    bob.expect_message_from("alice", "kept too").await;
    redis.command::<()>("SAVE").await;
    // The time of the store's epoch moves on once a second.
    let at = async || redis.command::<String>("HGET timgate:{epoch} at").await;
    let saved = at().await;
    let moved = async {
        while at().await == saved {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, moved).await.expect("the time moves on");
    for number in 0..5 {
        gateway.clock.advance(Duration::from_millis(10));
        alice.send_text(&group, &format!("lost {number}")).await;
        alice.send_to("bob", &format!("lost too {number}")).await;
    }
    bob.expect_message(&group, "lost 4").await;
    bob.expect_message_from("alice", "lost too 4").await;

    redis.command::<()>("DEBUG RELOAD NOSAVE").await;
    gateway.clock.advance(Duration::from_secs(1));
    for number in 0..5 {
        alice.send_text(&group, &format!("new {number}")).await;
        alice.send_to("bob", &format!("new too {number}")).await;
    }
    for number in 0..5 {
        bob.expect_message(&group, &format!("new {number}")).await;
        bob.expect_message_from("alice", &format!("new too {number}")).await;
    }
    assert_eq!(bob.history_with("alice").await.len(), 6);
}

/// The hash of one user is gone, which no epoch tells: numbers of their topic begin anew, and they hear on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_whose_numbers_went_back_is_heard_on() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let gateway = TestGateway::start_with(on(&redis.url())).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    for number in 0..5 {
        alice.send_to("bob", &format!("before {number}")).await;
    }
    bob.expect_message_from("alice", "before 4").await;
    redis.command::<i64>(&["HDEL", "timgate:{1400000001/ubob}:r", "k"]).await;
    gateway.clock.advance(Duration::from_secs(10));
    for number in 0..3 {
        alice.send_to("bob", &format!("after {number}")).await;
    }
    for number in 0..3 {
        bob.expect_message_from("alice", &format!("after {number}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_throws_keys_away_is_not_ready() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let gateway = TestGateway::start_with(on(&redis.url())).await;
    says(&gateway, 200, "ok").await;
    redis.command::<()>("CONFIG SET maxmemory-policy allkeys-lru").await;
    says(&gateway, 503, "maxmemory-policy allkeys-lru").await;
    assert!(gateway.logs().contains("maxmemory-policy allkeys-lru"));
    redis.command::<()>("CONFIG SET maxmemory-policy noeviction").await;
    says(&gateway, 200, "ok").await;
}

/// The default of Redis since version 7.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_channels_is_never_ready() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    redis.command::<()>("ACL SETUSER ann on >secret ~timgate:* resetchannels +@all").await;
    let gateway = TestGateway::start_with(on(&format!("redis://ann:secret@{}", redis.address()))).await;
    says(&gateway, 503, "ACL SETUSER ann &timgate:*").await;
    redis.command::<()>("ACL SETUSER ann &timgate:*").await;
    says(&gateway, 200, "ok").await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    alice.send_to("bob", "hi").await;
    bob.expect_message_from("alice", "hi").await;
}

/// The second of two instances with different keys is not ready, and says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_with_different_keys_are_noticed() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let one = TestGateway::start_with(on(&redis.url())).await;
    says(&one, 200, "ok").await;
    let two = TestGateway::start_with(on(&redis.url())).await;
    says(&two, 503, "another secret key for application 1400000001").await;
    says(&one, 200, "ok").await;
    let apps = one.config().apps.clone();
    let three = TestGateway::start_with(|config| {
        on(&redis.url())(config);
        config.apps = apps;
    })
    .await;
    says(&three, 200, "ok").await;
}

/// Of each address that cannot be used a line says so at once, and not as often as it is tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_do_not_work_are_named() {
    let cluster = tests::RedisCluster::start().await;
    let nobody = tests::free_port();
    for (url, address) in [
        (format!("redis://127.0.0.1:{nobody}"), format!("127.0.0.1:{nobody}")),
        (format!("redis+sentinel://127.0.0.1:{nobody}/main"), format!("127.0.0.1:{nobody}")),
        (format!("{},127.0.0.1:{nobody}", cluster.url()), format!("127.0.0.1:{nobody}")),
    ] {
        let gateway = TestGateway::start_with(on(&url)).await;
        let line = format!("redis {address} cannot be used");
        let told = async {
            while !gateway.logs().contains(&line) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(5), told).await.unwrap_or_else(|_| panic!("{url}: no warning in 5 s"));
        assert!(gateway.logs().matches(&line).count() <= 2, "{url}");
    }
}

/// A server that goes away while the gateway works is named, too, and the process says it on standard error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_named() {
    let mut redis = RedisServer::start(Persistence::Nothing).await;
    let instance = Instance::start("one", InstanceSettings::with_redis(redis.url())).await;
    redis.kill().await;
    let line = format!("redis {} cannot be used", redis.address());
    let said = instance.process().line("a warning", |text| text.contains(&line).then_some(()));
    timeout(Duration::from_secs(5), said).await.expect("a warning in 5 s");
}

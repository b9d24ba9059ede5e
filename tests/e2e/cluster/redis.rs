//! One Redis server that fails in many ways, under two instances.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use protocol::ErrorCode;
use tests::{Instance, Persistence, Proxy, RedisServer};
use tokio::time::{sleep, timeout};

use crate::judge::Rules;
use crate::ledger::How;
use crate::load::{Fleet, Load, Report, say};
use crate::{exclusive, seconds};

/// After Redis is back, everything is as before within this time.
const RECOVERS_WITHIN: Duration = Duration::from_secs(5);

/// What a login is answered for which there is no store.
const SAYS_LATER: [ErrorCode; 2] = [ErrorCode::LOGIN_INTERNAL, ErrorCode::BACKEND_TIMEOUT];

/// Whatever Redis does, clients stay connected.
const KEEP: Rules = Rules::KEEP;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_happens() {
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    load.talk(seconds(2)).await;
    let verdict = load.finish(&fleet).await.judge("nothing happens", KEEP);
    assert_eq!(verdict.figures.retried, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_are_killed() {
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    for _ in 0..4 {
        assert!(redis.kill_clients(Some("pubsub")).await >= 2, "each instance subscribes");
        load.talk(seconds(2)).await;
    }
    let report = load.finish(&fleet).await;
    let verdict = report.judge("subscriptions killed", KEEP);
    // Sending needs no subscription.
    assert_eq!(verdict.figures.retried, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_clients_are_killed() {
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    for _ in 0..4 {
        assert!(redis.kill_clients(None).await >= 4, "each instance has a connection for each purpose");
        load.talk(seconds(2)).await;
    }
    load.finish(&fleet).await.judge("all clients killed", KEEP);
}

/// As after a restart, or at a new master: the server does not know the scripts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_are_forgotten() {
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    for _ in 0..3 {
        let () = redis.command(&["SCRIPT", "FLUSH"]).await;
        load.talk(seconds(1)).await;
    }
    let verdict = load.finish(&fleet).await.judge("scripts forgotten", KEEP);
    assert_eq!(verdict.figures.retried, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_stands_still() {
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    redis.pause();
    load.talk(Duration::from_secs(5)).await;
    redis.resume();
    let back = Instant::now();
    load.talk(seconds(6)).await;
    let report = load.finish(&fleet).await;
    assert_recovered(&report, "stopped for 5 s", back);
    report.judge("stopped for 5 s", KEEP);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_killed_and_started_again() {
    let _exclusive = exclusive().await;
    let mut redis = RedisServer::start(Persistence::EveryWrite).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    for _ in 0..2 {
        redis.kill().await;
        redis.begin().await;
        load.talk(seconds(3)).await;
    }
    load.finish(&fleet).await.judge("killed and restarted, AOF always", KEEP);
}

/// With `everysec` the machine may forget the last second. A process that is killed has handed what it wrote to the
/// kernel, so it usually loses nothing; what it loses is counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_killed_while_it_syncs_once_a_second() {
    let _exclusive = exclusive().await;
    let mut redis = RedisServer::start(Persistence::EverySecond).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    redis.kill().await;
    redis.begin().await;
    sleep(Duration::from_secs(2)).await;
    let healed = Instant::now();
    load.talk(seconds(3)).await;
    let report = load.finish(&fleet).await;
    let rules = Rules { may_lose_until: Some(healed), ..KEEP };
    report.judge("killed and restarted, AOF everysec", rules);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn published_messages_are_lost() {
    const SHARE: f64 = 0.01;
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let seed = std::env::var("CLUSTER_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let proxies = [Proxy::start(redis.address(), seed).await, Proxy::start(redis.address(), seed + 1).await];
    let settings = proxies.iter().map(|proxy| tests::InstanceSettings::with_redis(proxy.url())).collect();
    let fleet = Fleet::start(settings).await;
    let load = Load::begin(&fleet).await;
    for proxy in &proxies {
        proxy.lose(SHARE);
    }
    load.talk(seconds(10)).await;
    let report = load.finish(&fleet).await;
    let counts = proxies.each_ref().map(Proxy::counts);
    say(&format!("1 % lost, CLUSTER_SEED={seed}: published and lost at each instance: {counts:?}"));
    for (published, lost) in counts {
        assert!(published > 500 && lost > 0, "the proxy has to lose something: {counts:?}");
    }
    report.judge("1 % of the published messages lost", KEEP);
}

/// One instance loses its way to Redis, the other does not: first connections that break, then one that is silent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_instance_is_cut_off() {
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let proxy = Proxy::start(redis.address(), 1).await;
    let urls = [proxy.url(), redis.url()];
    let fleet = Fleet::start(urls.map(tests::InstanceSettings::with_redis).into()).await;
    let load = Load::begin(&fleet).await;
    for _ in 0..4 {
        proxy.sever();
        load.talk(Duration::from_millis(500)).await;
    }
    proxy.stall(true);
    load.talk(Duration::from_secs(6)).await;
    proxy.stall(false);
    let back = Instant::now();
    load.talk(RECOVERS_WITHIN + seconds(1)).await;
    let report = load.finish(&fleet).await;
    assert_recovered(&report, "one instance cut off", back);
    report.judge("one instance cut off", KEEP);
}

/// What the proxy does is what the scenarios above rely on.
#[tokio::test]
async fn the_proxy_loses_published_messages_and_nothing_else() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let proxy = Proxy::start(redis.address(), 7).await;
    proxy.lose(0.25);
    for protocol in ["", "?protocol=resp3"] {
        let client = redis::Client::open(format!("{}{protocol}", proxy.url())).unwrap();
        let mut direct = redis.connect().await.unwrap();
        let mut pubsub = client.get_async_pubsub().await.unwrap();
        pubsub.subscribe("news").await.unwrap();
        let mut commands = client.get_multiplexed_async_connection().await.unwrap();
        let before = proxy.counts();
        for number in 0..400_u32 {
            let text = format!("{number} {}", "x".repeat(number as usize));
            let answer: String = redis::cmd("ECHO").arg(&text).query_async(&mut commands).await.unwrap();
            assert_eq!(answer, text);
            let () = redis::cmd("PUBLISH").arg("news").arg(number).query_async(&mut direct).await.unwrap();
        }
        // The last is told apart from those that are lost by an end that is not.
        proxy.lose(0.0);
        let () = redis::cmd("PUBLISH").arg("news").arg("end").query_async(&mut direct).await.unwrap();
        proxy_heard(&mut pubsub, &proxy, before).await;
        proxy.lose(0.25);
    }
}

async fn proxy_heard(pubsub: &mut redis::aio::PubSub, proxy: &Proxy, before: (u64, u64)) {
    use futures_util::StreamExt;
    let mut heard = Vec::new();
    let mut messages = pubsub.on_message();
    loop {
        let message = timeout(tests::DEADLINE, messages.next()).await.expect("a message in time").unwrap();
        let text: String = message.get_payload().unwrap();
        if text == "end" {
            break;
        }
        heard.push(text.parse::<u32>().unwrap());
    }
    let (published, lost) = proxy.counts();
    let (published, lost) = (published - before.0, lost - before.1);
    assert_eq!((published, lost), (401, 400 - heard.len() as u64));
    assert!((50..150).contains(&lost), "{lost} of 400 are no quarter");
    assert!(heard.is_sorted(), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_away_because_it_stands_still() {
    let _exclusive = exclusive().await;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    redis.pause();
    while_away(&fleet).await;
    redis.resume();
    after_away(load, &fleet, "away for 8 s, stopped").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_away_because_it_was_killed() {
    let _exclusive = exclusive().await;
    let mut redis = RedisServer::start(Persistence::EveryWrite).await;
    let fleet = Fleet::over(redis.url()).await;
    let load = Load::begin(&fleet).await;
    redis.kill().await;
    while_away(&fleet).await;
    redis.begin().await;
    after_away(load, &fleet, "away for 8 s, killed").await;
}

/// Eight seconds in which clients are answered and the instances say what is wrong.
async fn while_away(fleet: &Fleet) {
    let begun = Instant::now();
    let span = Duration::from_secs(8);
    let told = join_all(fleet.instances.iter().map(|instance| tells_why(instance, begun + span))).await;
    let (at, why) = &told[0];
    say(&format!("away: after {:.2} s /readyz says {why:?}", (*at - begun).as_secs_f64()));
    sleep(span.saturating_sub(begun.elapsed())).await;
}

/// What `/readyz` says as soon as it says what is wrong. Meanwhile a stranger pings, and is answered as fast
/// as clients need it, and logs in, and is refused for now.
async fn tells_why(instance: &Instance, deadline: Instant) -> (Instant, String) {
    let device = tests::Device::web(format!("{:032x}", 3000));
    let address = instance.address;
    let usersig = instance.usersig("stranger");
    let stranger = tests::User::connect(address, "stranger", usersig, device, tests::Dialect::Binary).await;
    let login = tokio::spawn(async move {
        let begun = Instant::now();
        stranger.ping().await;
        assert!(begun.elapsed() < Duration::from_secs(3), "a ping took {:?}", begun.elapsed());
        let answer = stranger.try_login().await;
        assert!(begun.elapsed() < Duration::from_secs(11), "a login took {:?}", begun.elapsed());
        let code = ErrorCode(answer.code());
        assert!(SAYS_LATER.contains(&code), "{answer:?}");
    });
    // Right after the loss all that is known may be that an answer is late.
    let mut reply = instance.readiness().await;
    while reply.status == 200 || !reply.text().to_lowercase().contains("redis") {
        assert!(Instant::now() < deadline, "/readyz says {:?}", reply.text());
        sleep(Duration::from_millis(50)).await;
        let begun = Instant::now();
        reply = instance.readiness().await;
        assert!(begun.elapsed() < Duration::from_secs(3), "/readyz took {:?}", begun.elapsed());
    }
    let told = Instant::now();
    assert_eq!(reply.status, 503);
    login.await.unwrap();
    (told, reply.text().trim_end().to_owned())
}

async fn after_away(load: Load, fleet: &Fleet, name: &str) {
    let back = Instant::now();
    for instance in &fleet.instances {
        instance.ready().await;
        assert!(back.elapsed() < RECOVERS_WITHIN, "{} is ready after {:?}", instance.name, back.elapsed());
    }
    load.talk(RECOVERS_WITHIN + seconds(2)).await;
    let report = load.finish(fleet).await;
    assert_recovered(&report, name, back);
    report.judge(name, KEEP);
}

/// Nobody is refused, and all hear of each other, soon after Redis is back.
fn assert_recovered(report: &Report, name: &str, back: Instant) {
    let first = report.first_ack_after(back).expect("somebody is acknowledged again");
    let refused = report.last_refusal().map(|at| at.saturating_duration_since(back));
    let pushes = |account: &crate::ledger::Account| {
        let pushes = account.heard.iter().filter(|item| item.how == How::Push && item.at > back);
        pushes.map(|item| item.at - back).min()
    };
    let last_to_hear = report.accounts.iter().map(pushes).max_by_key(|first| first.unwrap_or(Duration::MAX));
    let last_to_hear = last_to_hear.flatten();
    say(&format!(
        "{name}: after it is back, first ack {:.2} s, last refusal {:?}, all hear again {:?}",
        (first - back).as_secs_f64(),
        refused,
        last_to_hear,
    ));
    assert!(first - back < RECOVERS_WITHIN);
    assert!(refused.is_none_or(|late| late < RECOVERS_WITHIN), "refused after {refused:?}");
    assert!(last_to_hear.is_some_and(|late| late < RECOVERS_WITHIN), "heard again after {last_to_hear:?}");
}

/// A user who says nothing hears what is said at another instance, also of a group that they enter later.
#[tokio::test]
async fn rooms_are_shared() {
    /// The report type of a notice that a message was taken back.
    const RECALLED: u64 = 14;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let (alice, bob) = (fleet.user(0, "alice", 1).await, fleet.user(1, "bob", 2).await);
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "hi").await;
    bob.expect_message(&group, "hi").await;
    bob.send_text(&group, "hi yourself").await;
    alice.expect_message(&group, "hi yourself").await;
    alice.send_to("bob", "between us").await;
    bob.expect_message_from("alice", "between us").await;
    let first = bob.messages(&group)[0].0;
    alice.recall(&group, first).await.ok();
    bob.expect_notice(&group, RECALLED).await;
    bob.quit(&group).await;
    alice.send_text(&group, "only for members").await;
    bob.join(&group).await;
    alice.send_text(&group, "welcome back").await;
    bob.expect_message(&group, "welcome back").await;
    assert!(bob.messages(&group).iter().all(|(_, text)| text != "only for members"));
}

//! One user, several instances: where they are, who kicks them, what they repeat.

use std::time::{Duration, Instant};

use futures_util::future::{Either, join, join_all, select};
use protocol::ErrorCode;
use serde_json::json;
use tests::{Device, Dialect, Instance, Outcome, Persistence, RedisServer, User};
use tokio::time::sleep;

use crate::load::{Fleet, say};

const HELLO: &str = "im_open_status.wshello";

/// After this time without a sign of life an instance's users are offline.
const GONE_WITHIN: Duration = Duration::from_secs(15);

async fn stranger(fleet: &Fleet, at: usize, name: &str, number: usize) -> User {
    let device = Device::web(format!("{:032x}", 1000 + number));
    let address = fleet.instances[at].address;
    User::connect(address, name, fleet.settings.usersig(name), device, Dialect::Binary).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_good_everywhere() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let mut fleet = Fleet::over(redis.url()).await;
    let alice = fleet.user(0, "alice", 1).await;
    // The frame alone proves it, before a login on the new connection, as clients repeat what was unanswered.
    let there = alice.reconnect(fleet.instances[1].address, Dialect::Binary).await;
    there.call(HELLO, json!({"is_web_uniapp": 0})).await.ok();
    let login = there.login().await;
    assert_eq!(login["TinyId"], alice.session().tiny_id.as_str());
    assert_eq!(login["InstId"], alice.session().inst_id);
    fleet.instances[0].kill().await;
    fleet.instances[0].begin().await;
    let back = there.reconnect(fleet.instances[0].address, Dialect::Binary).await;
    back.call(HELLO, json!({"is_web_uniapp": 0})).await.ok();
    back.login().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_logins_at_once_one_survives() {
    const ROUNDS: usize = 50;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let mut survivors = [0, 0];
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        let users =
            [stranger(&fleet, 0, &name, 2 * round).await, stranger(&fleet, 1, &name, 2 * round + 1).await];
        let answers = join(users[0].try_login(), users[1].try_login()).await;
        answers.0.ok();
        answers.1.ok();
        // The one that came second puts the first out, wherever it is.
        let [one, other] = &users;
        let put_out = match select(Box::pin(one.expect_kick()), Box::pin(other.expect_kick())).await {
            Either::Left((kind, _)) => (0, kind),
            Either::Right((kind, _)) => (1, kind),
        };
        let (loser, kind) = put_out;
        let survivor = 1 - loser;
        assert_eq!(kind, 1, "a login elsewhere");
        users[loser].call(HELLO, json!({"is_web_uniapp": 0})).await.refused(ErrorCode::KICKED);
        users[survivor].call(HELLO, json!({"is_web_uniapp": 0})).await.ok();
        // Its token is good at the other instance too, and the other one's is not.
        let elsewhere = users[survivor].reconnect(fleet.instances[loser].address, Dialect::Binary).await;
        elsewhere.call(HELLO, json!({"is_web_uniapp": 0})).await.ok();
        let elsewhere = users[loser].reconnect(fleet.instances[survivor].address, Dialect::Binary).await;
        elsewhere.call(HELLO, json!({"is_web_uniapp": 0})).await.refused(ErrorCode::KICKED);
        // And nothing has put the survivor out meanwhile.
        let kicks = users[survivor].socket.events();
        assert!(kicks.iter().all(|event| event.servcmd != "im_open_status.stat_forceoffline"), "{kicks:?}");
        survivors[survivor] += 1;
    }
    say(&format!("two logins at once, {ROUNDS} rounds: survivors at A and B {survivors:?}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kick_reaches_every_instance() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let alice = fleet.user(1, "alice", 1).await;
    fleet.instances[0].admin().kick("alice").await;
    assert_eq!(alice.expect_kick().await, 3);
    for instance in &fleet.instances {
        let again = alice.reconnect(instance.address, Dialect::Binary).await;
        again.try_login().await.refused(ErrorCode::KICKED);
        again.forget_session();
        again.try_login().await.refused(ErrorCode::SIG_REVOKED);
    }
}

/// What an instance knows of a user's being there.
async fn status(instance: &Instance, user: &str) -> String {
    let body = json!({"To_Account": [user]});
    let states = instance.admin().call("openim.query_online_status", body).await.ok();
    states["QueryResult"][0]["Status"].as_str().unwrap().to_owned()
}

async fn everywhere(fleet: &Fleet, user: &str, expected: &str, within: Duration) -> Duration {
    let begun = Instant::now();
    loop {
        let running = fleet.instances.iter().filter(|instance| instance.is_running());
        let states = join_all(running.map(|instance| status(instance, user))).await;
        if states.iter().all(|state| state == expected) {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < within, "{user} is {states:?} and should be {expected}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_instances_know_who_is_online() {
    const SOON: Duration = Duration::from_secs(3);
    let redis = RedisServer::start(Persistence::Nothing).await;
    let mut fleet = Fleet::over(redis.url()).await;
    let alice = fleet.user(0, "alice", 1).await;
    let bob = fleet.user(1, "bob", 2).await;
    let carol = fleet.user(0, "carol", 3).await;
    for user in ["alice", "bob", "carol"] {
        everywhere(&fleet, user, "Online", SOON).await;
    }
    carol.socket.close().await;
    everywhere(&fleet, "carol", "Offline", SOON).await;

    fleet.instances[0].kill().await;
    let took = everywhere(&fleet, "alice", "Offline", GONE_WITHIN).await;
    say(&format!("users of a killed instance are offline after {:.2} s", took.as_secs_f64()));
    everywhere(&fleet, "bob", "Online", SOON).await;
    let alice = alice.reconnect(fleet.instances[1].address, Dialect::Binary).await;
    alice.login().await;
    everywhere(&fleet, "alice", "Online", SOON).await;
    // The process that comes back is another one than that which died.
    fleet.instances[0].begin().await;
    fleet.instances[0].ready().await;
    everywhere(&fleet, "alice", "Online", SOON).await;
    everywhere(&fleet, "bob", "Online", SOON).await;
    drop(bob);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_repeated_elsewhere_is_stored_once() {
    const GROUP_SEND: &str = "group_open_http_svc.send_group_msg";
    let redis = RedisServer::start(Persistence::Nothing).await;
    let mut fleet = Fleet::over(redis.url()).await;
    let alice = fleet.user(0, "alice", 1).await;
    let bob = fleet.user(1, "bob", 2).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let there = alice.reconnect(fleet.instances[1].address, Dialect::Binary).await;

    let mut texts = Vec::new();
    for round in 0..20 {
        let text = format!("round {round}");
        let body = alice.group_text(&group, &text);
        // In even rounds one after the other, in odd ones at the same instant.
        let (first, second) = if round % 2 == 0 {
            let first = alice.call(GROUP_SEND, body.clone()).await;
            (first, there.call(GROUP_SEND, body).await)
        } else {
            join(alice.call(GROUP_SEND, body.clone()), there.call(GROUP_SEND, body)).await
        };
        let (first, second) = (first.ok(), second.ok());
        assert_eq!(first, second);
        texts.push((first["MsgSeq"].as_u64().unwrap(), text));
        let text = format!("between us {round}");
        let body = alice.c2c_text("bob", &text);
        let first = alice.call("openim.sendmsg", body.clone()).await.ok();
        assert_eq!(there.call("openim.sendmsg", body).await.ok(), first);
        bob.expect_message_from("alice", &text).await;
    }
    assert_eq!(bob.history_texts(&group).await, texts);
    assert_eq!(bob.history_with("alice").await.len(), 20);

    // The answer is lost together with the instance.
    let body = alice.group_text(&group, "the last word");
    let request = alice.begin(GROUP_SEND, body.clone()).await;
    bob.expect_message(&group, "the last word").await;
    fleet.instances[0].kill().await;
    let before = match alice.socket.outcome(&request, tests::DEADLINE).await {
        Outcome::Answer(answer) => Some(answer.ok()),
        _ => None,
    };
    let repeated = there.call(GROUP_SEND, body).await.ok();
    assert!(before.is_none_or(|before| before == repeated));
    texts.push((repeated["MsgSeq"].as_u64().unwrap(), "the last word".to_owned()));
    there.login().await;
    assert_eq!(there.history_texts(&group).await, texts);
    // Nobody heard anything twice.
    assert_eq!(bob.messages(&group), texts);
}

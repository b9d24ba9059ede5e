//! What a delivery costs when the members of a room are spread over two instances rather than at one.
//!
//! Where there are cores enough, two instances deliver more; how much more is bounded by what each delivery costs. That
//! is measured here as the processor time of the instances, which does not depend on how many cores there are.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::usage::Cpu;
use tests::{Group, InstanceSettings, Persistence, RedisServer, User, gateway_binary};

use crate::exclusive;
use crate::load::{Fleet, say};

const MEMBERS: usize = 200;
const WARM_UP: usize = 20;
const MESSAGES: usize = 200;

/// Rounds that are measured, whatever they say: to measure again while it looks bad would find what is hoped for.
const ROUNDS: usize = 7;

/// By how much a delivery may cost more, in a program that was built to be fast; and in one that was not, which spends
/// most of its time elsewhere.
const MOST: f64 = 1.15;
const MOST_UNOPTIMIZED: f64 = 1.6;

/// Waits until everybody has heard a text, and forgets what they have heard.
async fn all_hear(users: &[User], group: &Group, text: &str) {
    join_all(users.iter().map(|user| user.expect_message(group, text))).await;
    for user in users {
        user.socket.take_events();
    }
}

async fn cost_of_a_delivery(instances: usize) -> Duration {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let settings = InstanceSettings::with_redis(redis.url());
    let fleet = Fleet::start(vec![settings; instances]).await;
    let admin = fleet.instances[0].admin();
    let group = Group { id: "stadium".to_owned() };
    let names: Vec<String> = (0..MEMBERS).map(|number| format!("member{number}")).collect();
    join_all(names.iter().map(|name| admin.import(name))).await;
    let members: Vec<Value> = names.iter().map(|name| json!({"Member_Account": name})).collect();
    let body = json!({
        "Type": "ChatRoom", "Name": group.id, "GroupId": group.id, "Owner_Account": names[0],
        "MemberList": members[1..100],
    });
    admin.call("group_open_http_svc.create_group", body).await.ok();
    let body = json!({"GroupId": group.id, "MemberList": members[100..]});
    admin.call("group_open_http_svc.add_group_member", body).await.ok();
    let mut users = Vec::new();
    for (number, name) in names.iter().enumerate() {
        users.push(fleet.user(number % instances, name, number).await);
    }
    // Two speak in turn, one at each instance where there are two; what they hear of themselves is nothing.
    let (speakers, hearers) = users.split_at(2);
    let processes: Vec<u32> = fleet.instances.iter().map(|instance| instance.process().id()).collect();
    let mut before = Cpu::of(&processes);
    for number in 0..WARM_UP + MESSAGES {
        if number == WARM_UP {
            before = Cpu::of(&processes);
        }
        let text = format!("text {number}");
        speakers[number % 2].send_text(&group, &text).await;
        // One at a time: the more messages wait at a busy instance, the fewer writes they share there.
        all_hear(hearers, &group, &text).await;
    }
    let used = Cpu::of(&processes).since(&before);
    Duration::from_nanos(used.cpu_ns) / (MESSAGES * (MEMBERS - 1)) as u32
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_costs_the_same_at_two_instances() {
    let _exclusive = exclusive().await;
    // `tests/run` has it built for release.
    let is_optimized = gateway_binary().parent().is_some_and(|folder| folder.ends_with("release"));
    let most = if is_optimized { MOST } else { MOST_UNOPTIMIZED };
    // What else the machine does makes one or the other dearer: compared is within a round, and the middle one counts.
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (one, two) = (cost_of_a_delivery(1).await, cost_of_a_delivery(2).await);
        let ratio = two.as_secs_f64() / one.as_secs_f64();
        say(&format!(
            "a delivery costs {one:.1?} of processor time at one instance, {two:.1?} at two: {ratio:.2} times as much"
        ));
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ROUNDS / 2];
    assert!(median < most, "{ratios:.2?}");
}

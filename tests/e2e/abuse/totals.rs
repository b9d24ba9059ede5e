//! What is stored of one user, and what others can store of them, has a bound that many calls at once do not pass.

use std::time::Duration;

use futures_util::future::join_all;
use gateway::bus::LocalBus;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Key, Log, Partition, Scan, Table, Window};
use protocol::ErrorCode;
use protocol::id::{Millis, Seq, UserId};
use serde_json::{Value, json};
use tests::{Device, Dialect, TestGateway, User};

const CREATE: &str = "group_open_http_svc.create_group";
const ADD: &str = "group_open_http_svc.add_group_member";

/// How many times a bound was met, over all gateways of this process.
pub(super) async fn met(gateway: &TestGateway, bound: &str) -> u64 {
    let reply = tests::exchange(gateway.address(), "GET", "/metrics", b"").await;
    let name = format!("gateway_refused_total{{bound=\"{bound}\"}} ");
    reply.text().lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
}

/// On how many platforms a user is logged in, as the store has it.
async fn platforms(gateway: &mut TestGateway, name: &str) -> usize {
    gateway.stop().await.unwrap();
    let engine = store(gateway);
    let partition = Partition::user(tests::APP, &UserId::parse(name).unwrap());
    let count = rows(&engine, &partition, Table::Session).await;
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    count
}

fn store(gateway: &TestGateway) -> Embedded {
    Embedded::open(&gateway.config().data_dir.join("store"), LocalBus::new().0).unwrap()
}

async fn rows(engine: &Embedded, partition: &Partition, table: Table) -> usize {
    let scan = Scan { table, prefix: Default::default(), after: None, skip: 0, limit: 1000, reverse: false };
    engine.scan(partition, scan).await.unwrap().len()
}

#[tokio::test]
async fn devices_are_bounded_over_all_platforms() {
    let mut gateway =
        TestGateway::start_with(|config| config.apps.set(|settings| settings.login.devices_per_user = 3))
            .await;
    let device =
        |gateway: &TestGateway, platform| Device { platform, ..Device::web(gateway.fresh_instance()) };
    let mut devices = Vec::new();
    for platform in 1..=5 {
        let device = device(&gateway, platform);
        devices.push(gateway.user_on("alice", device, Dialect::Binary).await);
        gateway.clock.advance(Duration::from_secs(1));
    }
    // The oldest went, whatever their platforms.
    devices[0].expect_kick().await;
    devices[1].expect_kick().await;
    for device in &devices[2..] {
        device.conversations().await;
    }
    assert!(met(&gateway, "devices_per_user").await >= 2);
    // The same SDK object again, and another on the same platform, put nobody else out.
    let again = devices[4].reconnect(gateway.address(), Dialect::Binary).await;
    again.login().await;
    let same = gateway.user_on("alice", device(&gateway, 5), Dialect::Binary).await;
    again.expect_kick().await;
    for device in [&devices[2], &devices[3], &same] {
        device.conversations().await;
    }
    drop((devices, again, same));
    // Many at once do not pass it together.
    let many = join_all((6..18).map(|platform| {
        let (device, gateway) = (device(&gateway, platform), &gateway);
        async move {
            let user = gateway.stranger_on("alice", device, Dialect::Binary).await;
            user.try_login().await.answered();
            user
        }
    }))
    .await;
    drop(many);
    assert!(platforms(&mut gateway, "alice").await <= 3);
}

#[tokio::test]
async fn strangers_fill_a_list_of_conversations_up_to_a_number() {
    let mut gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.conversations_per_user = 10)
    })
    .await;
    let bob = gateway.user("bob").await;
    let names: Vec<String> = (0..14).map(|n| format!("s{n:02}")).collect();
    let strangers = join_all(names.iter().map(|name| gateway.user(name))).await;
    for (n, stranger) in strangers.iter().enumerate() {
        stranger.send_to("bob", "hi").await;
        gateway.clock.advance(Duration::from_secs(1));
        if n == 2 {
            // What is pinned stays, however old.
            let pin = json!({"OperationType": 1, "RecentContactItem": [{"Type": 1, "To_Account": "s00"}]});
            bob.call("recentcontact.top", pin).await.ok();
        }
    }
    let list = async |user: &User| {
        let list = user.conversations().await;
        let mut names: Vec<String> =
            list.iter().map(|item| item["To_Account"].as_str().unwrap().to_owned()).collect();
        names.sort_unstable();
        names
    };
    let expected = ["s00", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13"];
    assert_eq!(list(&bob).await, expected);
    assert!(met(&gateway, "conversations_per_user").await >= 4);
    // What was said is still there, and who speaks again is back on the list.
    assert_eq!(bob.history_with("s01").await, ["hi"]);
    drop((bob, strangers));
    gateway.restart().await;
    let bob = gateway.user("bob").await;
    gateway.user("s01").await.send_to("bob", "again").await;
    let now = list(&bob).await;
    assert!(now.contains(&"s01".to_owned()) && now.contains(&"s00".to_owned()) && now.len() <= 10, "{now:?}");
    assert!(!now.contains(&"s05".to_owned()), "{now:?}");
    // Many at once.
    let more: Vec<String> = (0..12).map(|n| format!("m{n:02}")).collect();
    let more = join_all(more.iter().map(|name| gateway.user(name))).await;
    join_all(more.iter().map(|stranger| stranger.send_to("bob", "hi"))).await;
    let now = list(&bob).await;
    assert!((9..=10).contains(&now.len()) && now.contains(&"s00".to_owned()), "{now:?}");
}

#[tokio::test]
async fn a_list_that_is_longer_than_is_allowed_now_is_read_and_shrinks() {
    let mut gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.conversations_per_user = 10)
    })
    .await;
    gateway.admin().import("bob").await;
    gateway.stop().await.unwrap();
    let engine = store(&gateway);
    let partition = Partition::user(tests::APP, &UserId::parse("bob").unwrap());
    let mut batch = Batch::new(partition.clone(), Millis(1));
    for n in 0..40 {
        batch = batch.put(Key::new(Table::Conversation, format!("uold{n}")), &br#"{"talked":true}"#[..]);
    }
    engine.commit(batch).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    bob.conversations().await;
    alice.send_to("bob", "hi").await;
    assert_eq!(bob.conversations().await.len(), 1);
    drop((alice, bob));
    gateway.stop().await.unwrap();
    let engine = store(&gateway);
    assert_eq!(rows(&engine, &partition, Table::Conversation).await, 10);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn others_put_a_user_into_so_many_groups_an_hour() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.invitations_per_hour = 3)
    })
    .await;
    let [eve, mallory, bob] = gateway.users(["eve", "mallory", "bob"]).await;
    let create = async |user: &User, id: &str| {
        let body = json!({"Type": "Private", "Name": "n", "GroupId": id, "Owner_Account": user.name,
            "MemberList": [{"Member_Account": "bob"}]});
        user.call(CREATE, body).await.ok()
    };
    let add = async |user: &User, id: &str| {
        let body =
            json!({"GroupId": id, "MemberList": [{"Member_Account": "bob"}, {"Member_Account": "zed"}]});
        user.call(ADD, body).await.ok()["MemberList"][0]["Result"].as_u64().unwrap()
    };
    assert_eq!(create(&eve, "e0").await["OverJoinedGroupLimit_Account"], Value::Null);
    create(&mallory, "m0").await;
    for n in 1..5 {
        eve.create_group_of("Private", &format!("e{n}")).await;
    }
    assert_eq!(add(&eve, "e1").await, 1);
    assert_eq!(add(&eve, "e2").await, 0, "refused for them alone");
    assert_eq!(add(&eve, "e0").await, 2);
    // The group is made without them, and the answer says so.
    assert_eq!(create(&mallory, "m1").await["OverJoinedGroupLimit_Account"], json!(["bob"]));
    assert!(met(&gateway, "invitations_per_hour").await >= 2);
    assert_eq!(bob.joined().await, ["e0", "e1", "m0"]);
    // To go makes no room for the same hour: that would be as many notices as before.
    bob.quit(&tests::Group { id: "m0".to_owned() }).await;
    assert_eq!(add(&eve, "e2").await, 0);
    // They come by themselves, and the application puts them where it wants.
    let lobby = eve.create_group("lobby").await;
    bob.join(&lobby).await;
    let body = json!({"GroupId": "e3", "MemberList": [{"Member_Account": "bob"}]});
    assert_eq!(gateway.admin().call(ADD, body).await.ok()["MemberList"][0]["Result"], 1);
    // In the next hour again, and many at once do not pass it together.
    gateway.clock.advance(Duration::from_secs(3600));
    for n in 0..8 {
        eve.create_group_of("Private", &format!("n{n}")).await;
    }
    let ids: Vec<String> = (0..8).map(|n| format!("n{n}")).collect();
    let added = join_all(ids.iter().map(|id| add(&eve, id))).await;
    assert_eq!(added.iter().filter(|result| **result == 1).count(), 3, "{added:?}");
    assert!(added.iter().all(|result| [0, 1].contains(result)), "{added:?}");
}

/// Who is in too many groups is left out of a new one; others are not kept from it.
#[tokio::test]
async fn one_who_is_in_too_many_groups_is_left_out_of_a_new_one() {
    let gateway =
        TestGateway::start_with(|config| config.apps.set(|settings| settings.limits.groups_per_user = 2))
            .await;
    let [eve, bob] = gateway.users(["eve", "bob"]).await;
    for id in ["b0", "b1"] {
        bob.create_group(id).await;
    }
    let body = json!({"Type": "Private", "Name": "n", "GroupId": "e0", "Owner_Account": "eve",
        "MemberList": [{"Member_Account": "bob"}, {"Member_Account": "zed"}]});
    let made = eve.call(CREATE, body).await.ok();
    assert_eq!(made["OverJoinedGroupLimit_Account"], json!(["bob"]));
    assert_eq!(eve.members(&tests::Group { id: "e0".to_owned() }).await, ["eve", "zed"]);
    // The owner is not left out.
    let body = json!({"Type": "Private", "Name": "n", "GroupId": "b2", "Owner_Account": "bob"});
    bob.call(CREATE, body).await.refused(ErrorCode::TOO_MANY_GROUPS);
}

#[tokio::test]
async fn of_notices_the_newest_are_kept() {
    let mut gateway =
        TestGateway::start_with(|config| config.apps.set(|settings| settings.limits.notices_per_user = 8))
            .await;
    let [eve, bob] = gateway.users(["eve", "bob"]).await;
    let start = bob.sync().await["Cookie"].as_str().unwrap().to_owned();
    let group = eve.create_group("lobby").await;
    for _ in 0..30 {
        bob.join(&group).await;
        eve.kick(&group, &["bob"]).await.ok();
        bob.expect_notice(&group, 4).await;
    }
    drop((eve, bob));
    gateway.stop().await.unwrap();
    let engine = store(&gateway);
    let partition = Partition::user(tests::APP, &UserId::parse("bob").unwrap());
    let log = Log { partition, name: "notice".into() };
    let window = Window { from: Seq(1), to: Seq(u64::MAX), limit: 100, newest_first: false };
    let kept: Vec<u64> =
        Engine::read(&engine, &log, window).await.unwrap().iter().map(|entry| entry.seq.0).collect();
    assert_eq!(kept, (23..=30).collect::<Vec<_>>());
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    // They are told to a device that missed all of them.
    let bob = gateway.user("bob").await;
    let told = bob.call("openim.getmsg", json!({"Cookie": start, "SyncFlag": 0})).await.ok();
    assert_eq!(told["EventArray"].as_array().unwrap().len(), 8);
}

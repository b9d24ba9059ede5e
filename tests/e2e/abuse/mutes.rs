//! Mutes outlive memberships, so whoever lets people in, mutes and puts them out has no end of them: their number has a
//! bound, and those that are over make room.

use std::time::Duration;

use futures_util::future::join_all;
use gateway::bus::LocalBus;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Engine, Partition, Scan, Table};
use protocol::ErrorCode;
use protocol::id::GroupId;
use serde_json::json;
use tests::{Group, TestGateway, User};

use super::totals::met;

const MOST: usize = 3;

async fn lobby(gateway: &TestGateway, names: &[&str]) -> (User, Group) {
    let alice = gateway.user("alice").await;
    let lobby = alice.create_group("lobby").await;
    let members: Vec<_> = names.iter().map(|name| json!({"Member_Account": name})).collect();
    let add = json!({"GroupId": "lobby", "MemberList": members});
    gateway.admin().call("group_open_http_svc.add_group_member", add).await.ok();
    (alice, lobby)
}

/// Mutes all of them at once; gives how many are muted now.
async fn mute(alice: &User, lobby: &Group, names: &[&str], seconds: u64) -> usize {
    let answers = join_all(names.iter().map(|name| alice.mute(lobby, name, seconds))).await;
    let muted = answers.iter().filter(|answer| answer.code() == 0).count();
    for answer in answers.into_iter().filter(|answer| answer.code() != 0) {
        answer.refused(ErrorCode::GROUP_BAD_PARAMETER);
    }
    muted
}

async fn rows(gateway: &mut TestGateway) -> Vec<String> {
    gateway.stop().await.unwrap();
    let engine = Embedded::open(&gateway.config().data_dir.join("store"), LocalBus::new().0).unwrap();
    let partition = Partition::group(tests::APP, &GroupId::parse("lobby").unwrap());
    let scan = Scan {
        table: Table::Mute,
        prefix: Default::default(),
        after: None,
        skip: 0,
        limit: 100,
        reverse: false,
    };
    let rows = engine.scan(&partition, scan).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    rows.iter().map(|(suffix, _)| String::from_utf8_lossy(&suffix[8..]).into_owned()).collect()
}

#[tokio::test]
async fn mutes_of_a_group_are_bounded() {
    let mut gateway =
        TestGateway::start_with(|config| config.apps.set(|settings| settings.limits.mutes_per_group = MOST))
            .await;
    let names = ["u1", "u2", "u3", "u4", "u5", "u6"];
    let (alice, lobby) = lobby(&gateway, &names).await;
    assert_eq!(mute(&alice, &lobby, &names, 3600).await, MOST);
    assert!(met(&gateway, "mutes_per_group").await >= (names.len() - MOST) as u64);
    // To start with what is known.
    for name in names {
        alice.mute(&lobby, name, 0).await.ok();
    }
    assert_eq!(mute(&alice, &lobby, &["u1", "u2"], 3600).await, 2);
    assert_eq!(mute(&alice, &lobby, &["u3"], 60).await, 1);
    // A mute that there is can be made longer or shorter, and one that is lifted makes room.
    assert_eq!(mute(&alice, &lobby, &["u1", "u2"], 7200).await, 2);
    assert_eq!(mute(&alice, &lobby, &["u4"], 60).await, 0);
    alice.mute(&lobby, "u2", 0).await.ok();
    assert_eq!(mute(&alice, &lobby, &["u4"], 60).await, 1);
    // Of those who are put out the mutes stay and count, until they are over.
    alice.kick(&lobby, &["u1", "u3", "u4"]).await.ok();
    assert_eq!(mute(&alice, &lobby, &["u5"], 60).await, 0);
    gateway.clock.advance(Duration::from_secs(61));
    assert_eq!(mute(&alice, &lobby, &["u5", "u6"], 60).await, 2);
    assert_eq!(mute(&alice, &lobby, &["u2"], 60).await, 0);
    drop(alice);
    assert_eq!(rows(&mut gateway).await, ["u1", "u5", "u6"]);
}

/// A group that begins anew has none of its former life.
#[tokio::test]
async fn mutes_end_with_their_group() {
    let gateway =
        TestGateway::start_with(|config| config.apps.set(|settings| settings.limits.mutes_per_group = MOST))
            .await;
    let names = ["u1", "u2", "u3"];
    for _ in 0..2 {
        let (alice, lobby) = lobby(&gateway, &names).await;
        assert_eq!(mute(&alice, &lobby, &names, 3600).await, MOST);
        alice.call("group_open_http_svc.destroy_group", json!({"GroupId": "lobby"})).await.ok();
    }
}

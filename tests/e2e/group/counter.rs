//! Counters of a group: who changes them, how many, and what the members are told.

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Answer, Group, TestGateway, User};

const UPDATE: &str = "group_open_http_svc.update_group_counter";
const GET: &str = "group_open_http_svc.get_group_counter";
const DELETE: &str = "group_open_http_svc.delete_group_counter";

async fn update(user: &User, group: &Group, mode: &str, items: &[(&str, i64)]) -> Answer {
    let items: Value = items.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    user.call(UPDATE, json!({"GroupId": group.id, "GroupCounter": items, "Mode": mode})).await
}

fn pairs(items: &Value) -> Vec<(String, i64)> {
    let pair = |item: &Value| (item["Key"].as_str().unwrap().to_owned(), item["Value"].as_i64().unwrap());
    items.as_array().unwrap().iter().map(pair).collect()
}

/// The number of the last change, and the counters.
async fn read(user: &User, group: &Group, keys: &[&str]) -> (u64, Vec<(String, i64)>) {
    let answer = user.call(GET, json!({"GroupId": group.id, "GroupCounterKeys": keys})).await.ok();
    (answer["GroupCounterSeq"].as_u64().unwrap(), pairs(&answer["GroupCounter"]))
}

/// Kind, number and counters of a notice.
async fn told(user: &User, group: &Group) -> (u64, u64, Vec<(String, i64)>) {
    let tip = user.expect_passing(group, 6).await;
    let info = &tip["MsgBody"]["GroupCounterInfo"][0];
    let number = |name: &str| info[name].as_u64().unwrap();
    (number("Type"), number("GroupCounterSeq"), pairs(&info["GroupCounter"]))
}

fn of(items: &[(&str, i64)]) -> Vec<(String, i64)> {
    items.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
}

#[tokio::test]
async fn each_change_is_told_to_all_with_what_the_counters_are_then() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    assert_eq!(read(&bob, &group, &[]).await, (0, vec![]));
    let set = update(&alice, &group, "Set", &[("likes", 5), ("gifts", -1)]).await.ok();
    assert_eq!(pairs(&set["GroupCounter"]), of(&[("gifts", -1), ("likes", 5)]));
    let more = update(&bob, &group, "Increase", &[("likes", 2), ("views", 1)]).await.ok();
    assert_eq!(pairs(&more["GroupCounter"]), of(&[("likes", 7), ("views", 1)]));
    let less = update(&bob, &group, "Decrease", &[("views", 3)]).await.ok();
    assert_eq!(pairs(&less["GroupCounter"]), of(&[("views", -2)]));
    for user in [&alice, &bob] {
        assert_eq!(told(user, &group).await, (0, 1, of(&[("gifts", -1), ("likes", 5)])));
        assert_eq!(told(user, &group).await, (2, 2, of(&[("likes", 7), ("views", 1)])));
        assert_eq!(told(user, &group).await, (2, 3, of(&[("views", -2)])));
    }
    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert_eq!(read(&bob, &group, &[]).await, (3, of(&[("gifts", -1), ("likes", 7), ("views", -2)])));
    assert_eq!(read(&bob, &group, &["views", "none"]).await, (3, of(&[("views", -2)])));

    let admin = gateway.admin();
    admin.call(DELETE, json!({"GroupId": "room", "GroupCounterKeys": ["views", "none"]})).await.ok();
    assert_eq!(told(&alice, &group).await, (1, 4, of(&[("views", -2)])));
    // What is gone already is no change.
    admin.call(DELETE, json!({"GroupId": "room", "GroupCounterKeys": ["views"]})).await.ok();
    admin.call(DELETE, json!({"GroupId": "room"})).await.ok();
    assert_eq!(told(&alice, &group).await, (1, 5, of(&[("gifts", -1), ("likes", 7)])));
    assert_eq!(read(&alice, &group, &[]).await, (5, vec![]));
    alice.call(DELETE, json!({"GroupId": "room"})).await.documented();
    assert!(alice.history(&group).await.is_empty());
}

#[tokio::test]
async fn all_who_count_at_once_are_counted() {
    const TIMES: usize = 30;
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    let count = async |user: &User| {
        let calls = (0..TIMES).map(|_| update(user, &group, "Increase", &[("likes", 1)]));
        for answer in futures_util::future::join_all(calls).await {
            answer.ok();
        }
    };
    tokio::join!(count(&alice), count(&bob));
    let all = 2 * TIMES;
    assert_eq!(read(&bob, &group, &[]).await, (all as u64, of(&[("likes", i64::try_from(all).unwrap())])));
    // In the order of their numbers.
    for number in 1..=all {
        let (_, seq, items) = told(&alice, &group).await;
        assert_eq!((seq, items), (number as u64, of(&[("likes", i64::try_from(number).unwrap())])));
    }
}

#[tokio::test]
async fn members_count_in_every_kind_of_group_and_nobody_else_does() {
    let gateway = TestGateway::start().await;
    let [alice, bob, eve] = gateway.users(["alice", "bob", "eve"]).await;
    for kind in ["Private", "Public", "ChatRoom"] {
        let body =
            json!({"Type": kind, "Name": "n", "GroupId": kind, "MemberList": [{"Member_Account": "bob"}]});
        alice.call("group_open_http_svc.create_group", body).await.ok();
        let group = Group { id: kind.into() };
        update(&eve, &group, "Set", &[("k", 1)]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        eve.call(GET, json!({"GroupId": kind})).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        update(&bob, &group, "Set", &[("k", 1)]).await.ok();
    }
    let nowhere = Group { id: "nowhere".into() };
    update(&alice, &nowhere, "Set", &[("k", 1)]).await.refused(ErrorCode::GROUP_MISSING);
}

#[tokio::test]
async fn so_many_there_are_and_none_overflows() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.counters_per_group = 2);
    })
    .await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("room").await;
    update(&alice, &group, "Set", &[("a", i64::MAX), ("b", i64::MIN)]).await.ok();
    update(&alice, &group, "Set", &[("c", 1)]).await.refused(ErrorCode::TOO_MANY_COUNTERS);
    for (mode, items) in [
        ("Increase", [("a", 1)]),
        ("Decrease", [("b", 1)]),
        ("Set", [("", 1)]),
        ("Set", [(&"k".repeat(129)[..], 1)]),
        ("Double", [("a", 1)]),
    ] {
        update(&alice, &group, mode, &items).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    }
    update(&alice, &group, "Set", &[]).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    assert_eq!(read(&alice, &group, &[]).await, (1, of(&[("a", i64::MAX), ("b", i64::MIN)])));
    gateway.admin().call(DELETE, json!({"GroupId": "room", "GroupCounterKeys": ["a"]})).await.ok();
    update(&alice, &group, "Increase", &[("c", 1)]).await.ok();
}

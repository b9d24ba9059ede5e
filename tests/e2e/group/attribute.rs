//! Attributes of a group: who writes them, on what state, how many, and what the members are told.

use protocol::ErrorCode;
use serde_json::{Value, json};
use std::time::Duration;
use tests::{Answer, Group, TestGateway, User};

const SET: &str = "group_open_http_svc.set_group_attr";
const MODIFY: &str = "group_open_http_svc.modify_group_attr";
const DELETE: &str = "group_open_http_svc.delete_group_attr";
const CLEAR: &str = "group_open_http_svc.clear_group_attr";
const GET: &str = "group_open_attr_http_svc.get_group_attr";

/// A write as the SDKs make it: on a state that they know.
async fn write(user: &User, command: &str, group: &Group, items: Value, main: u64) -> Answer {
    let body = json!({"GroupId": group.id, "GroupAttr": items, "AttrMainSeq": main, "AttrControl": ["RaceConflict"]});
    user.call(command, body).await
}

/// The main number, and the attributes as `key=value@seq`.
async fn read(user: &User, group: &Group) -> (u64, Vec<String>) {
    let answer = user.call(GET, json!({"GroupId": group.id, "GroupType": 0})).await.ok();
    let line = |item: &Value| {
        let text = |name: &str| item[name].as_str().unwrap().to_owned();
        format!("{}={}@{}", text("key"), text("value"), item["seq"])
    };
    let items = answer["GroupAttrAry"].as_array().unwrap().iter().map(line).collect();
    (answer["AttrMainSeq"].as_u64().unwrap(), items)
}

async fn told(user: &User, group: &Group) -> Value {
    let tip = user.expect_passing(group, 6).await;
    let body = &tip["MsgBody"];
    let mut option = body["MsgGroupNewInfo"]["GroupAttrOption"].clone();
    assert_eq!(option["PushChangedAttrValFlag"], 1);
    option["by"] = body["Operator_Account"].clone();
    option
}

#[tokio::test]
async fn each_write_is_told_to_all_so_that_they_need_not_read() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    assert_eq!(read(&bob, &group).await, (0, vec![]));

    let items = json!([{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]);
    let answer = write(&alice, SET, &group, items, 0).await.ok();
    assert_eq!(answer["AttrMainSeq"], 1);
    assert_eq!(answer["GroupAttr"], json!([{"key": "a", "seq": 1}, {"key": "b", "seq": 1}]));
    for user in [&alice, &bob] {
        let told = told(user, &group).await;
        assert_eq!(
            (&told["OpType"], &told["GroupAttrSeq"], &told["by"]),
            (&json!(1), &json!(1), &json!("alice"))
        );
        let info =
            json!([{"key": "a", "value": "1", "SubKeySeq": 1}, {"key": "b", "value": "2", "SubKeySeq": 1}]);
        assert_eq!(told["GroupAttrInfo"], info);
    }

    // A member writes on what they were told.
    let items = json!([{"key": "b", "value": "9", "seq": 1}, {"key": "c", "value": "", "seq": 0}]);
    let answer = write(&bob, MODIFY, &group, items, 1).await.ok();
    assert_eq!(answer["GroupAttr"], json!([{"key": "b", "seq": 2}, {"key": "c", "seq": 2}]));
    let change = told(&alice, &group).await;
    assert_eq!(
        (&change["OpType"], &change["GroupAttrSeq"], &change["by"]),
        (&json!(2), &json!(2), &json!("bob"))
    );
    let told_keys = |change: &Value| -> Vec<String> {
        let items = change["GroupAttrInfo"].as_array().unwrap();
        items.iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told_keys(&change), ["b", "c"]);

    assert_eq!(
        write(&alice, DELETE, &group, json!([{"key": "a", "seq": 1}]), 2).await.ok()["AttrMainSeq"],
        3
    );
    let change = told(&alice, &group).await;
    assert_eq!((&change["OpType"], told_keys(&change)), (&json!(4), vec!["a".to_owned()]));

    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert_eq!(read(&alice, &group).await, (3, vec!["b=9@2".to_owned(), "c=@2".to_owned()]));
    let body = json!({"GroupId": "room", "AttrMainSeq": 3, "AttrControl": ["RaceConflict"]});
    assert_eq!(bob.call(CLEAR, body).await.ok()["AttrMainSeq"], 4);
    assert_eq!(told(&alice, &group).await["OpType"], 3);
    assert_eq!(read(&alice, &group).await, (4, vec![]));
    // Nothing of it stands in the history.
    assert!(alice.history(&group).await.is_empty());
}

#[tokio::test]
async fn who_writes_on_an_outdated_state_reads_first() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    write(&alice, SET, &group, json!([{"key": "a", "value": "1"}]), 0).await.ok();
    let one = json!([{"key": "a", "value": "bob", "seq": 0}]);
    for (command, items) in [(SET, &one), (MODIFY, &one), (DELETE, &one), (CLEAR, &Value::Null)] {
        write(&bob, command, &group, items.clone(), 0).await.refused(ErrorCode::ATTRIBUTES_CHANGED);
        write(&bob, command, &group, items.clone(), 2).await.refused(ErrorCode::ATTRIBUTES_CHANGED);
    }
    assert_eq!(read(&bob, &group).await, (1, vec!["a=1@1".to_owned()]));
    // The number of the last write is what counts: an SDK may have an old one of the key.
    let items = json!([{"key": "a", "value": "2", "seq": 7}]);
    write(&bob, MODIFY, &group, items.clone(), 1).await.ok();
    // Where it is not given those of the keys are.
    let on_key = |seq: u64| {
        json!({"GroupId": "room", "AttrControl": ["RaceConflict"],
            "GroupAttr": [{"key": "a", "value": "3", "seq": seq}]})
    };
    bob.call(MODIFY, on_key(1)).await.refused(ErrorCode::ATTRIBUTES_CHANGED);
    bob.call(MODIFY, on_key(2)).await.ok();
    // A back end that asks for nothing writes whatever there is.
    let body = json!({"GroupId": "room", "GroupAttr": [{"key": "a", "value": "4"}]});
    gateway.admin().call(MODIFY, body).await.ok();
    assert_eq!(read(&bob, &group).await, (4, vec!["a=4@4".to_owned()]));
}

#[tokio::test]
async fn of_those_who_write_at_once_one_wins() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    carol.join(&group).await;
    for round in 0..15 {
        let item = |name: &str| json!([{"key": "seat", "value": format!("{name}{round}")}]);
        let (a, b, c) = tokio::join!(
            write(&alice, MODIFY, &group, item("alice"), round),
            write(&bob, MODIFY, &group, item("bob"), round),
            write(&carol, MODIFY, &group, item("carol"), round),
        );
        let mut codes = [a.code(), b.code(), c.code()];
        let winner = ["alice", "bob", "carol"][codes.iter().position(|code| *code == 0).unwrap()];
        codes.sort_unstable();
        let outdated = ErrorCode::ATTRIBUTES_CHANGED.0;
        assert_eq!(codes, [0, outdated, outdated]);
        assert_eq!(
            read(&bob, &group).await,
            (round + 1, vec![format!("seat={winner}{round}@{}", round + 1)])
        );
    }
    // Without a word about the state all of them are stored, one after the other.
    let body = |value: &str| json!({"GroupId": "room", "GroupAttr": [{"key": value, "value": value}]});
    let admin = gateway.admin();
    let (a, b, c) = tokio::join!(
        admin.call(MODIFY, body("x")),
        admin.call(MODIFY, body("y")),
        admin.call(MODIFY, body("z"))
    );
    for answer in [a, b, c] {
        answer.ok();
    }
    assert_eq!((read(&bob, &group).await.0, read(&bob, &group).await.1.len()), (18, 4));
}

#[tokio::test]
async fn members_write_and_read_in_every_kind_of_group_and_nobody_else_does() {
    let gateway = TestGateway::start().await;
    let [alice, bob, eve] = gateway.users(["alice", "bob", "eve"]).await;
    for kind in ["Private", "Public", "ChatRoom"] {
        let body =
            json!({"Type": kind, "Name": "n", "GroupId": kind, "MemberList": [{"Member_Account": "bob"}]});
        alice.call("group_open_http_svc.create_group", body).await.ok();
        let group = Group { id: kind.into() };
        let item = json!([{"key": "k", "value": "v"}]);
        for command in [SET, MODIFY, DELETE, CLEAR] {
            write(&eve, command, &group, item.clone(), 0).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        }
        eve.call(GET, json!({"GroupId": kind})).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        write(&bob, SET, &group, item, 0).await.ok();
        assert_eq!(read(&alice, &group).await, (1, vec!["k=v@1".to_owned()]));
    }
    let nowhere = Group { id: "nowhere".into() };
    write(&alice, SET, &nowhere, json!([]), 0).await.refused(ErrorCode::GROUP_MISSING);
    alice.call(GET, json!({"GroupId": "nowhere"})).await.refused(ErrorCode::GROUP_MISSING);
    // A later group of the same name begins with none.
    let room = Group { id: "ChatRoom".into() };
    alice.dismiss(&room).await;
    alice.create_group("ChatRoom").await;
    assert_eq!(read(&alice, &room).await, (0, vec![]));
}

#[tokio::test]
async fn so_much_is_kept_and_no_more() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            let limits = &mut settings.limits;
            (limits.attributes_per_group, limits.attribute_key_bytes) = (3, 4);
            (limits.attribute_value_bytes, limits.attribute_bytes_per_group) = (8, 16);
        });
    })
    .await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("room").await;
    let pairs = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
    };
    for (command, items, code) in [
        (SET, pairs(&[("keys5", "v")]), ErrorCode::ATTRIBUTE_KEY_TOO_LONG),
        (DELETE, pairs(&[("keys5", "v")]), ErrorCode::ATTRIBUTE_KEY_TOO_LONG),
        (SET, pairs(&[("", "v")]), ErrorCode::GROUP_BAD_PARAMETER),
        (MODIFY, pairs(&[]), ErrorCode::GROUP_BAD_PARAMETER),
        (DELETE, pairs(&[]), ErrorCode::GROUP_BAD_PARAMETER),
        (SET, pairs(&[("k", "123456789")]), ErrorCode::ATTRIBUTE_VALUE_TOO_LONG),
        (SET, pairs(&[("a", ""), ("b", ""), ("c", ""), ("d", "")]), ErrorCode::TOO_MANY_ATTRIBUTES),
        (SET, pairs(&[("a", "12345678"), ("b", "12345678"), ("c", "1")]), ErrorCode::ATTRIBUTES_TOO_LARGE),
        (DELETE, pairs(&[("a", "")]), ErrorCode::ATTRIBUTE_MISSING),
    ] {
        write(&alice, command, &group, items, 0).await.refused(code);
    }
    assert_eq!(read(&alice, &group).await, (0, vec![]));
    write(&alice, SET, &group, pairs(&[("a", "12345678"), ("b", "12345678"), ("c", "")]), 0).await.ok();
    write(&alice, MODIFY, &group, pairs(&[("d", "")]), 1).await.refused(ErrorCode::TOO_MANY_ATTRIBUTES);
    write(&alice, MODIFY, &group, pairs(&[("c", "1")]), 1).await.refused(ErrorCode::ATTRIBUTES_TOO_LARGE);
    // One that goes makes room. Of two of which one is not there, none goes.
    write(&alice, DELETE, &group, pairs(&[("c", ""), ("x", "")]), 1)
        .await
        .refused(ErrorCode::ATTRIBUTE_MISSING);
    write(&alice, DELETE, &group, pairs(&[("c", "")]), 1).await.ok();
    write(&alice, MODIFY, &group, pairs(&[("d", "")]), 2).await.ok();
    assert_eq!(read(&alice, &group).await.0, 3);
}

#[tokio::test]
async fn the_writes_of_a_group_are_slowed_down_whoever_makes_them() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.rates.attributes_written.burst = 3);
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    let item = json!([{"key": "k", "value": "v"}]);
    write(&alice, SET, &group, item.clone(), 0).await.ok();
    write(&bob, SET, &group, item.clone(), 1).await.ok();
    write(&alice, SET, &group, item.clone(), 2).await.ok();
    for user in [&alice, &bob] {
        write(user, SET, &group, item.clone(), 3).await.refused(ErrorCode::ATTRIBUTES_TOO_FAST);
    }
    // Neither other groups nor back ends are.
    let other = bob.create_group("other").await;
    write(&bob, SET, &other, item.clone(), 0).await.ok();
    let body = json!({"GroupId": group.id, "GroupAttr": item});
    gateway.admin().call(SET, body).await.ok();
    gateway.clock.advance(Duration::from_secs(1));
    write(&bob, SET, &group, item, 4).await.ok();
}

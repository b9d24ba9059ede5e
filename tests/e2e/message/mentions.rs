//! Messages that mention everybody in their group: told to those who are there, found by those who come later, and kept
//! for nobody.

use std::time::Duration;

use gateway::bus::LocalBus;
use gateway::services::retention::Policy;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Key, Log, Partition, Scan, Table};
use protocol::id::{GroupId, Millis, UserId};
use serde_json::{Value, json};
use tests::{Device, Dialect, Event, Group, TestGateway, User};

/// Says something that mentions these members, or everybody with `*`. Gives its number.
async fn mention(user: &User, group: &Group, who: &[&str]) -> u64 {
    let mut body = user.group_text(group, "look");
    let at = |name: &&str| match *name {
        "*" => json!({"GroupAtAllFlag": 1}),
        name => json!({"GroupAtAllFlag": 0, "GroupAt_Account": name}),
    };
    body["GroupAtInfo"] = who.iter().map(at).collect();
    user.send_to_group(body).await.ok()["MsgSeq"].as_u64().unwrap()
}

/// A mark, as a client reads it: group, message, author, and whether it is for me (1) or for all (2).
type Read = (String, u64, String, Vec<u64>);

fn read(event: &Value) -> Option<Read> {
    let tips = event["GroupTips"][0]["GroupAtTips"].as_object()?;
    assert_eq!(event["Event"], 12);
    let kinds = tips["GroupAtType"].as_array().unwrap().iter().map(|kind| kind.as_u64().unwrap());
    let text = |name: &str| tips[name].as_str().unwrap().to_owned();
    Some((text("GroupId"), tips["MsgSeq"].as_u64().unwrap(), text("From_Account"), kinds.collect()))
}

fn mark(group: &str, seq: u64, from: &str, kinds: &[u64]) -> Read {
    (group.to_owned(), seq, from.to_owned(), kinds.to_vec())
}

/// The marks that were pushed.
fn pushed(user: &User) -> Vec<Read> {
    user.socket.events().iter().filter_map(|event: &Event| read(&event.value)).collect()
}

async fn synced(user: &User, cookie: &str) -> (Vec<Value>, String) {
    let answer = user.call("openim.getmsg", json!({"Cookie": cookie, "SyncFlag": 0})).await.ok();
    let events = answer["EventArray"].as_array().unwrap().clone();
    (events, answer["Cookie"].as_str().unwrap().to_owned())
}

/// The marks that a new device finds.
async fn found(user: &User) -> Vec<Read> {
    synced(user, "").await.0.iter().filter_map(read).collect()
}

/// As the SDKs do when a conversation is read in which there are marks.
async fn delete(user: &User, events: &[Value]) {
    let item = |event: &Value| {
        let (item, tips) = (&event["GroupTips"][0], &event["GroupTips"][0]["GroupAtTips"]);
        json!({"From_Account": tips["From_Account"], "To_Account": user.name, "GroupId": tips["GroupId"],
            "MsgSeq": item["ClientSeq"], "MsgRandom": item["MsgRandom"]})
    };
    let list: Vec<Value> = events.iter().map(item).collect();
    user.call("openim.deletemsg", json!({"DelMsgList": list})).await.ok();
}

/// Waits until everything that was said in the group before has reached a member.
async fn behind(from: &User, to: &User, group: &Group) {
    let text = format!("behind {}", from.send_text(group, "so far").await.seq);
    from.send_text(group, &text).await;
    to.expect_message(group, &text).await;
}

#[tokio::test]
async fn everybody_is_told_once_after_the_message() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let phone = Device::wechat(gateway.fresh_instance());
    let phone = gateway.user_on("alice", phone, Dialect::Text).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    let all = mention(&alice, &group, &["*"]).await;
    let both = mention(&alice, &group, &["*", "carol", "*", "carol", "nobody"]).await;
    let own = mention(&bob, &group, &["*", "bob"]).await;
    for user in [&alice, &carol, &phone] {
        behind(&bob, user, &group).await;
    }
    behind(&alice, &bob, &group).await;
    carol
        .socket
        .until("the mark by name", |events| {
            events.iter().filter(|event| event.value["Event"] == 12).count() == 3
        })
        .await;
    let mut of_carol = pushed(&carol);
    of_carol.sort();
    let expected = [
        mark("lobby", all, "alice", &[2]),
        mark("lobby", both, "alice", &[1, 2]),
        mark("lobby", own, "bob", &[2]),
    ];
    assert_eq!(of_carol, expected);
    assert_eq!(pushed(&bob), [mark("lobby", all, "alice", &[2]), mark("lobby", both, "alice", &[2])]);
    for device in [&alice, &phone] {
        assert_eq!(pushed(device), [mark("lobby", own, "bob", &[2])]);
    }
    // A client shows a mark only in a conversation that it knows.
    let events = bob.socket.events();
    let message = events.iter().position(|event| event.value["GroupMsgArray"][0]["MsgSeq"] == all).unwrap();
    assert_eq!(read(&events[message + 1].value), Some(mark("lobby", all, "alice", &[2])));
}

#[tokio::test]
async fn who_was_away_finds_them_until_they_are_seen() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let lobby = alice.create_group("lobby").await;
    let office = alice.create_group_of("Private", "office").await;
    bob.join(&lobby).await;
    let body = json!({"GroupId": "office", "MemberList": [{"Member_Account": "bob"}]});
    alice.call("group_open_http_svc.add_group_member", body).await.ok();
    bob.logout().await;
    let first = mention(&alice, &lobby, &["*"]).await;
    gateway.clock.advance(Duration::from_secs(1));
    let other = mention(&alice, &office, &["*"]).await;
    gateway.clock.advance(Duration::from_secs(1));
    let both = mention(&alice, &lobby, &["bob", "*"]).await;
    bob.login().await;
    let (events, cookie) = synced(&bob, "").await;
    let mut marks: Vec<_> = events.iter().filter_map(read).collect();
    marks.sort();
    let expected = [
        mark("lobby", first, "alice", &[2]),
        mark("lobby", both, "alice", &[1, 2]),
        mark("office", other, "alice", &[2]),
    ];
    assert_eq!(marks, expected);
    assert_eq!(synced(&bob, &cookie).await, (Vec::new(), cookie.clone()), "the device knows them");

    // The next ones are told to a device that knows the first.
    gateway.clock.advance(Duration::from_secs(1));
    let next = mention(&alice, &lobby, &["*"]).await;
    let (more, later) = synced(&bob, &cookie).await;
    assert_eq!(more.iter().filter_map(read).collect::<Vec<_>>(), [mark("lobby", next, "alice", &[2])]);
    assert_eq!(synced(&bob, &later).await, (Vec::new(), later.clone()));

    // Seen in the lobby, they are no more there for any device, and those of the office are.
    let of_lobby: Vec<Value> = events
        .iter()
        .chain(&more)
        .filter(|event| event["GroupTips"][0]["GroupAtTips"]["GroupId"] == "lobby")
        .cloned()
        .collect();
    delete(&bob, &of_lobby).await;
    assert_eq!(found(&bob).await, [mark("office", other, "alice", &[2])]);
    // To read a group is to see them.
    let body = json!({"GroupId": "office", "MsgReadedSeq": other});
    bob.call("group_open_http_svc.msg_read_report", body).await.ok();
    assert_eq!(found(&bob).await, []);
    // What is said afterwards marks again.
    let again = mention(&alice, &lobby, &["*"]).await;
    assert_eq!(found(&bob).await, [mark("lobby", again, "alice", &[2])]);
    let clear = json!({"From_Account": "bob", "Type": 2, "ToGroupid": "lobby"});
    bob.call("recentcontact.clear_msg", clear).await.ok();
    assert_eq!(found(&bob).await, []);
    assert_eq!(found(&alice).await, [], "the author is not marked");
}

#[tokio::test]
async fn only_what_can_be_read_marks() {
    let gateway = TestGateway::start_with(|config| {
        let policy = Policy { days: 0, messages_per_conversation: 4 };
        config.apps.set(|settings| settings.retention = policy);
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    mention(&alice, &group, &["*"]).await;
    bob.join(&group).await;
    assert_eq!(found(&bob).await, [], "said before bob came");

    let recalled = mention(&alice, &group, &["*"]).await;
    let hidden = mention(&alice, &group, &["*"]).await;
    let by_name = mention(&alice, &group, &["*", "bob"]).await;
    let kept = mention(&alice, &group, &["*"]).await;
    alice.recall(&group, recalled).await.ok();
    alice.recall(&group, by_name).await.ok();
    let hide = json!({"GroupId": "lobby", "Deleter_Account": "bob", "Seqs": [hidden.to_string()]});
    bob.call("group_open_http_svc.delete_group_ramble_msg_by_seq", hide).await.ok();
    assert_eq!(found(&bob).await, [mark("lobby", kept, "alice", &[2])]);

    // For those who are there, and for some only: neither is kept, and nobody is marked.
    let mut typing = alice.group_text(&group, "typing");
    typing["OnlineOnlyFlag"] = 1.into();
    typing["GroupAtInfo"] = json!([{"GroupAtAllFlag": 1}]);
    alice.send_to_group(typing).await.ok();
    let mut psst = alice.group_text(&group, "psst");
    psst["To_Account"] = json!(["bob"]);
    psst["GroupAtInfo"] = json!([{"GroupAtAllFlag": 1}]);
    alice.send_to_group(psst).await.ok();
    bob.expect_message(&group, "psst").await;
    behind(&alice, &bob, &group).await;
    let of_kept = pushed(&bob).into_iter().filter(|(_, seq, ..)| *seq >= kept).collect::<Vec<_>>();
    assert_eq!(of_kept, [mark("lobby", kept, "alice", &[2])]);

    // Expired, left, come back, dismissed.
    for _ in 0..4 {
        alice.send_text(&group, "more").await;
    }
    let last = mention(&alice, &group, &["*"]).await;
    gateway.expire().await;
    assert_eq!(found(&bob).await, [mark("lobby", last, "alice", &[2])]);
    bob.quit(&group).await;
    assert_eq!(found(&bob).await, []);
    mention(&alice, &group, &["*"]).await;
    bob.join(&group).await;
    assert_eq!(found(&bob).await, []);
    mention(&alice, &group, &["*"]).await;
    alice.dismiss(&group).await;
    assert_eq!(found(&bob).await, []);
    let again = alice.create_group("lobby").await;
    bob.join(&again).await;
    assert_eq!(found(&bob).await, []);
}

fn of_user(name: &str) -> Partition {
    Partition::user(tests::APP, &UserId::parse(name).unwrap())
}

fn of_lobby() -> Partition {
    Partition::group(tests::APP, &GroupId::parse("lobby").unwrap())
}

async fn index_of_lobby(engine: &Embedded) -> Vec<Key> {
    let (table, prefix) = (Table::Mention, Default::default());
    let scan = Scan { table, prefix, after: None, skip: 0, limit: 1000, reverse: false };
    let rows = engine.scan(&of_lobby(), scan).await.unwrap();
    rows.into_iter().map(|(suffix, _)| Key::new(table, suffix)).collect()
}

async fn store(gateway: &mut TestGateway) -> Embedded {
    gateway.stop().await.unwrap();
    let (bus, _) = LocalBus::new();
    Embedded::open(&gateway.config().data_dir.join("store"), bus).unwrap()
}

#[tokio::test]
async fn nothing_is_stored_for_a_member() {
    let mut gateway = TestGateway::start().await;
    let members: Vec<_> = (0..100).map(|n| json!({"Member_Account": format!("m{n:02}")})).collect();
    let body = json!({"Type": "Meeting", "Name": "n", "GroupId": "lobby", "Owner_Account": "alice",
        "MemberList": members});
    gateway.admin().call("group_open_http_svc.create_group", body).await.ok();
    let alice = gateway.user("alice").await;
    let group = Group { id: "lobby".into() };
    let notices = Log { partition: of_user("m07"), name: "notice".into() };
    for _ in 0..50 {
        mention(&alice, &group, &["*"]).await;
    }
    // The newest ones are told.
    let m07 = gateway.user("m07").await;
    let seqs: Vec<u64> = found(&m07).await.into_iter().map(|(_, seq, ..)| seq).collect();
    assert_eq!(seqs, (19..=50).collect::<Vec<_>>());
    drop((alice, m07));
    let engine = store(&mut gateway).await;
    // That they were invited is the only notice.
    assert_eq!(engine.log_end(&notices).await.unwrap().seq.0, 1);
    assert_eq!(index_of_lobby(&engine).await.len(), 50);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn marks_of_a_store_that_kept_one_for_each_member_are_read() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let old = mention(&alice, &group, &["*"]).await;
    drop((alice, bob));
    let engine = store(&mut gateway).await;
    let mut batch = Batch::new(of_lobby(), Millis(1));
    for key in index_of_lobby(&engine).await {
        batch = batch.delete(key);
    }
    engine.commit(batch).await.unwrap();
    let kept = json!({"m": {"group": "lobby", "from": "alice", "seq": old, "me": false, "all": true}});
    let batch = Batch::new(of_user("bob"), Millis(1)).append("notice", kept.to_string());
    engine.commit(batch).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let new = mention(&alice, &group, &["*"]).await;
    let (events, _) = synced(&bob, "").await;
    let marks: Vec<_> = events.iter().filter_map(read).collect();
    assert_eq!(marks, [mark("lobby", old, "alice", &[2]), mark("lobby", new, "alice", &[2])]);
    delete(&bob, &events).await;
    assert_eq!(found(&bob).await, []);
}

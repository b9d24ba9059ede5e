//! Reports of reading: never from the future, and never of somebody with whom nothing was said.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Event, TestGateway, User};

/// Far in the future, for who believes it.
const EVER: u64 = u64::MAX;

async fn report(user: &User, peer: &str, time: u64) {
    let items = json!([{"To_Account": peer, "LastedMsgTime": time, "Receipt": 1}]);
    let body = json!({"C2CMsgReaded": {"Cookie": "", "C2CMsgReadedItem": items}});
    user.call("openim.msgreaded", body).await.ok();
}

async fn read_by(user: &User, peer: &str) -> u64 {
    let times = user.call("openim.get_peer_read_time", json!({"To_Account": [peer]})).await.ok();
    times["ReadTime"][0].as_u64().unwrap()
}

async fn unread(user: &User) -> Value {
    user.sync().await["C2CPairUnreadCount"].clone()
}

/// Waits for the push that a peer has read, and gives up to when.
async fn expect_read(user: &User, peer: &str) -> u64 {
    let receipt =
        |value: &Value| value["C2cNotifyMsgArray"][0]["C2cReadedReceipt"]["UinPairReadArray"][0].clone();
    let is_it = |event: &Event| receipt(&event.value)["From_Account"] == *peer;
    let event = user.expect_event("a receipt", is_it).await;
    receipt(&event)["LastReadTime"].as_u64().unwrap()
}

#[tokio::test]
async fn what_is_said_later_was_not_read_before() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let first = alice.send_to("bob", "one").await;
    report(&bob, "alice", EVER).await;
    assert_eq!(expect_read(&alice, "bob").await, first.time);
    assert_eq!(read_by(&alice, "bob").await, first.time);
    gateway.clock.advance(Duration::from_secs(10));
    let second = alice.send_to("bob", "two").await;
    assert!(read_by(&alice, "bob").await < second.time);
    assert_eq!(unread(&bob).await, json!([{"From_Account": "alice", "UnreadCount": 1}]));

    // All at once tells no more than one by one.
    bob.call("openim.read_all_unread_msg", json!({"C2CReadAllMsg": 1, "GroupReadInfo": []})).await.ok();
    assert_eq!(expect_read(&alice, "bob").await, second.time);
    assert_eq!(read_by(&alice, "bob").await, second.time);
}

#[tokio::test]
async fn a_group_is_read_up_to_its_newest_message() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Private", "office").await;
    let members = json!({"GroupId": group.id, "MemberList": [{"Member_Account": "bob"}]});
    alice.call("group_open_http_svc.add_group_member", members).await.ok();
    let sent = alice.send_text(&group, "one").await;
    let body = json!({"GroupId": group.id, "MsgReadedSeq": EVER});
    bob.call("group_open_http_svc.msg_read_report", body).await.ok();
    let read = json!({"C2CReadAllMsg": 0, "GroupReadInfo": [{"GroupId": group.id, "MsgSeq": EVER}]});
    let read = bob.call("openim.read_all_unread_msg", read).await.ok();
    assert_eq!(read["GroupReadInfoArray"][0]["MsgSeq"], sent.seq);
    alice.send_text(&group, "two").await;
    let office = bob.conversations().await.remove(0);
    assert_eq!(office["UnreadMsgCount"], 1, "{office}");

    let outside = gateway.user("mallory").await;
    let body = json!({"GroupId": group.id, "MsgReadedSeq": 1});
    outside.call("group_open_http_svc.msg_read_report", body).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
}

#[tokio::test]
async fn a_stranger_is_told_nothing_and_nothing_is_kept() {
    let gateway = TestGateway::start().await;
    let [bob, mallory] = gateway.users(["bob", "mallory"]).await;
    for time in [0, gateway.clock.now().seconds(), EVER] {
        report(&mallory, "bob", time).await;
        report(&mallory, "nobody", time).await;
    }
    mallory.call("openim.read_all_unread_msg", json!({"C2CReadAllMsg": 1, "GroupReadInfo": []})).await.ok();
    let targets = json!([{"Type": 1, "To_Account": "bob"}, {"Type": 1, "To_Account": "nobody"}]);
    let delete = json!({"From_Account": "mallory", "ContactItem": targets, "ClearRamble": 1});
    mallory.call("recentcontact.batch_delete", delete).await.ok();
    assert_eq!(read_by(&bob, "mallory").await, 0);
    assert!(bob.conversations().await.is_empty() && mallory.conversations().await.is_empty());
    assert!(bob.socket.events().is_empty(), "{:?}", bob.socket.events());
    let exists = json!({"CheckItem": [{"UserID": "nobody"}]});
    let exists = gateway.admin().call("im_open_login_svc.account_check", exists).await.ok();
    assert_eq!(exists["ResultItem"][0]["AccountStatus"], "NotImported");
    // The first message begins unread.
    bob.send_to("mallory", "hi").await;
    assert_eq!(unread(&mallory).await, json!([{"From_Account": "bob", "UnreadCount": 1}]));
}

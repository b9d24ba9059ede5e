//! Messages between two users.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::json;
use tests::{Device, Dialect, TestGateway};

#[tokio::test]
async fn a_message_reaches_its_receiver_and_nobody_else() {
    let gateway = TestGateway::start().await;
    let [alice, bob, eve] = gateway.users(["alice", "bob", "eve"]).await;
    alice.send_to("bob", "hi bob").await;
    bob.expect_message_from("alice", "hi bob").await;
    bob.send_to("alice", "hi alice").await;
    alice.expect_message_from("bob", "hi alice").await;
    for (reader, peer) in [(&alice, "bob"), (&bob, "alice")] {
        assert_eq!(reader.history_with(peer).await, ["hi bob", "hi alice"]);
    }
    bob.send_to("eve", "for eve").await;
    eve.expect_message_from("bob", "for eve").await;
    assert_eq!(eve.socket.events().len(), 1);
    assert!(eve.history_with("alice").await.is_empty());
}

#[tokio::test]
async fn who_was_away_finds_what_was_said() {
    let gateway = TestGateway::start().await;
    gateway.admin().import("bob").await;
    let alice = gateway.user("alice").await;
    for n in 0..3 {
        alice.send_to("bob", &format!("note {n}")).await;
    }
    let bob = gateway.user("bob").await;
    let list = bob.conversations().await;
    assert_eq!(
        (list[0]["To_Account"].as_str(), list[0]["UnreadMsgCount"].as_u64()),
        (Some("alice"), Some(3))
    );
    let waiting = bob.call("openim.getmsg", json!({"Cookie": "", "SyncFlag": 0})).await.ok();
    assert_eq!(waiting["C2CPairUnreadCount"], json!([{"From_Account": "alice", "UnreadCount": 3}]));
    assert!(!waiting["Cookie"].as_str().unwrap().is_empty());
    assert_eq!(bob.history_with("alice").await, ["note 0", "note 1", "note 2"]);
}

#[tokio::test]
async fn a_receiver_must_exist() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    alice.try_send_to("nobody", "anybody?").await.refused(ErrorCode::C2C_BAD_ACCOUNT);
}

#[tokio::test]
async fn reading_is_told_to_the_sender() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let sent = alice.send_to("bob", "read me").await;
    let read =
        json!({"C2CMsgReaded": {"C2CMsgReadedItem": [{"To_Account": "alice", "LastedMsgTime": sent.time}]}});
    bob.call("openim.msgreaded", read).await.ok();
    let event = alice.expect_event("a receipt", |event| {
        event.value["C2cNotifyMsgArray"][0]["C2cReadedReceipt"].is_object()
    });
    let receipt = event.await["C2cNotifyMsgArray"][0]["C2cReadedReceipt"]["UinPairReadArray"][0].clone();
    assert_eq!(receipt, json!({"From_Account": "bob", "LastReadTime": sent.time}));
    let times = alice.call("openim.get_peer_read_time", json!({"To_Account": ["bob"]})).await.ok();
    assert_eq!(times["ReadTime"], json!([sent.time]));
    assert_eq!(bob.conversations().await[0]["UnreadMsgCount"], 0);
}

#[tokio::test]
async fn a_message_is_recalled_by_its_author_alone() {
    let gateway = TestGateway::start().await;
    let [alice, bob, eve] = gateway.users(["alice", "bob", "eve"]).await;
    let sent = alice.send_to("bob", "a slip").await;
    let info = |from: &str, to: &str| {
        json!({"MsgInfo": {"From_Account": from, "To_Account": to, "MsgSeq": sent.seq, "MsgRandom": sent.random,
            "MsgTimeStamp": sent.time}})
    };
    let command = "openim.msgwithdraw";
    bob.call(command, info("bob", "alice")).await.refused(ErrorCode::C2C_RECALL_MISSING);
    bob.call(command, info("alice", "bob")).await.refused(ErrorCode::C2C_NOT_ADMIN);
    eve.call(command, info("eve", "bob")).await.refused(ErrorCode::C2C_RECALL_MISSING);
    alice.call(command, info("alice", "bob")).await.ok();
    bob.expect_event("a recall", |event| {
        event.value["C2cNotifyMsgArray"][0]["WithdrawC2cMsgNotify"].is_object()
    })
    .await;
    // The device that did not hear the answer asks again, and its recall is not told twice.
    bob.ping().await;
    let told = bob.socket.events().len();
    alice.call(command, info("alice", "bob")).await.ok();
    bob.ping().await;
    assert_eq!(bob.socket.events().len(), told);
    let other = gateway.user_on("alice", Device::wechat("d".repeat(32)), Dialect::Binary).await;
    other.call(command, info("alice", "bob")).await.refused(ErrorCode::C2C_RECALLED_ALREADY);

    let late = alice.send_to("bob", "too late").await;
    gateway.clock.advance(Duration::from_secs(121));
    let body = json!({"MsgInfo": {"From_Account": "alice", "To_Account": "bob", "MsgSeq": late.seq,
        "MsgRandom": late.random, "MsgTimeStamp": late.time}});
    alice.call(command, body).await.refused(ErrorCode::C2C_RECALL_TOO_LATE);
}

#[tokio::test]
async fn history_goes_both_ways_by_key() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    for n in 0..10 {
        alice.send_to("bob", &format!("{n}")).await;
        gateway.clock.advance(Duration::from_millis(400));
    }
    let page = |key: serde_json::Value, time: serde_json::Value, direction: u8| {
        let body = json!({"Peer_Account": "alice", "MaxCnt": 4, "LastMsgTime": time, "MsgKey": key,
            "GetDirection": direction});
        bob.call("openim.getroammsg", body)
    };
    let texts = |page: &serde_json::Value| -> Vec<String> {
        let items = page["MsgList"].as_array().unwrap().iter();
        items.map(|item| item["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap().to_owned()).collect()
    };
    let newest = page(json!(""), json!(0), 0).await.ok();
    assert_eq!(texts(&newest), ["6", "7", "8", "9"]);
    let middle = page(newest["MsgKey"].clone(), newest["LastMsgTime"].clone(), 0).await.ok();
    assert_eq!(texts(&middle), ["2", "3", "4", "5"]);
    let oldest = page(middle["MsgKey"].clone(), middle["LastMsgTime"].clone(), 0).await.ok();
    assert_eq!(
        (texts(&oldest), oldest["Complete"].as_u64()),
        (vec!["0".to_owned(), "1".to_owned()], Some(1))
    );
    let newer = page(middle["MsgKey"].clone(), middle["LastMsgTime"].clone(), 1).await.ok();
    assert_eq!(texts(&newer), ["3", "4", "5", "6"]);
}

#[tokio::test]
async fn a_page_from_a_second_on_is_made_of_whole_seconds() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let began = gateway.clock.now().seconds();
    // 40 of one second, then 3 of each.
    for n in 0..49 {
        alice.send_to("bob", &format!("{n}")).await;
        if n >= 39 && n % 3 == 0 {
            gateway.clock.advance(Duration::from_secs(1));
        }
    }
    // As the SDKs go on after a lost line: from the last second that they have.
    for (direction, from) in [(1, began), (0, began + 10)] {
        let (mut found, mut time, mut pages) = (std::collections::BTreeSet::new(), from, 0);
        loop {
            let body = json!({"Peer_Account": "alice", "MaxCnt": 4, "LastMsgTime": time, "MsgKey": "",
                "GetDirection": direction});
            let page = bob.call("openim.getroammsg", body).await.ok();
            let items = page["MsgList"].as_array().unwrap();
            assert_eq!(page["MsgCnt"], items.len());
            let time_of = |item: &serde_json::Value| item["MsgTimeStamp"].as_u64().unwrap();
            assert!(items.is_sorted_by_key(time_of));
            let text = |item: &serde_json::Value| {
                item["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap().to_owned()
            };
            found.extend(items.iter().map(text));
            pages += 1;
            let farthest = if direction == 1 { items.last() } else { items.first() };
            assert_eq!(page["LastMsgTime"], time_of(farthest.unwrap()));
            if page["Complete"] == 1 {
                break;
            }
            assert_ne!(page["LastMsgTime"], time, "the client does not come further");
            time = page["LastMsgTime"].as_u64().unwrap();
        }
        assert_eq!((found.len(), pages), (49, 3), "direction {direction}");
    }
}

#[tokio::test]
async fn the_rest_of_a_second_too_large_for_an_answer_does_not_stop_the_reading() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let began = gateway.clock.now().seconds();
    let long = "x".repeat(10 * 1024);
    for n in 0..150 {
        alice.send_to("bob", &format!("{n} {long}")).await;
    }
    gateway.clock.advance(Duration::from_secs(1));
    alice.send_to("bob", "later").await;
    let body =
        json!({"Peer_Account": "alice", "MaxCnt": 16, "LastMsgTime": began, "MsgKey": "", "GetDirection": 1});
    let page = bob.call("openim.getroammsg", body).await.ok();
    assert!((1_000_000..1_200_000).contains(&page.to_string().len()), "{} bytes", page.to_string().len());
    assert_eq!((&page["Complete"], &page["LastMsgTime"]), (&json!(1), &json!(began + 1)));
    assert_eq!(
        page["MsgList"].as_array().unwrap().last().unwrap()["MsgBody"][0]["MsgContent"]["Text"],
        "later"
    );
}

#[tokio::test]
async fn what_one_deletes_for_himself_the_other_keeps() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let sent = alice.send_to("bob", "one").await;
    alice.send_to("bob", "two").await;
    let key = format!("{}_{}_{}", sent.seq, sent.random, sent.time);
    let body = json!({"From_Account": "bob", "To_Account": "alice", "MsgKeyList": [key]});
    bob.call("openim.delete_c2c_msg_ramble", body).await.ok();
    assert_eq!(bob.history_with("alice").await, ["two"]);
    assert_eq!(alice.history_with("bob").await, ["one", "two"]);
}

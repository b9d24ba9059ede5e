//! Messages in groups.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::json;
use tests::{Dialect, TestGateway};

#[tokio::test]
async fn a_message_reaches_every_member_and_keeps_what_it_came_with() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let carol = gateway.user_on("carol", tests::Device::web(gateway.fresh_instance()), Dialect::Text).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    let mut body = alice.group_text(&group, "unused");
    // An element that nobody here has heard of, and texts that are hard to carry.
    body["MsgBody"] = json!([
        {"MsgType": "TIMTextElem", "MsgContent": {"Text": "你好 \u{1F600} \\ \" \u{0007}"}},
        {"MsgType": "TIMFutureElem", "MsgContent": {"Deep": [{"x": 1.5}], "Big": 12_345_678_901_234_567_890u64}},
    ]);
    body["CloudCustomData"] = "{\"k\":1}".into();
    body["MsgPriority"] = "High".into();
    alice.send_to_group(body.clone()).await.ok();
    for reader in [&bob, &carol] {
        let item = reader.expect_message(&group, "你好 \u{1F600} \\ \" \u{0007}").await;
        assert_eq!(item["MsgBody"], body["MsgBody"]);
        assert_eq!(item["CloudCustomData"], "{\"k\":1}");
        assert_eq!(item["From_Account"], "alice");
        assert_eq!(item["TinyId"], alice.session().tiny_id.as_str());
        assert_eq!(item["MsgRandom"], body["Random"]);
        assert_eq!(item["MsgClientTime"], body["MsgClientTime"]);
        let past = reader.history(&group).await.pop().unwrap();
        assert_eq!(past["MsgBody"], item["MsgBody"]);
        assert_eq!(past["MsgTimeStamp"], item["MsgTimeStamp"]);
        assert_eq!(past["MsgSeq"], item["MsgSeq"]);
    }
}

#[tokio::test]
async fn only_members_speak() {
    let gateway = TestGateway::start().await;
    let [alice, eve] = gateway.users(["alice", "eve"]).await;
    let group = alice.create_group("lobby").await;
    eve.try_send_text(&group, "let me in").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    let mut body = eve.group_text(&group, "as alice");
    body["From_Account"] = "alice".into();
    eve.send_to_group(body).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    assert_eq!(alice.history_texts(&group).await, []);
}

#[tokio::test]
async fn history_is_read_page_by_page() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    let mut said = Vec::new();
    for n in 1..=45 {
        let text = format!("message {n}");
        said.push((alice.send_text(&group, &text).await.seq, text));
    }
    assert_eq!(alice.history_texts(&group).await, said);
    let page = alice.history_page(&group, 10).await.ok();
    let seqs: Vec<_> =
        page["RspMsgList"].as_array().unwrap().iter().map(|i| i["MsgSeq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=10).rev().collect::<Vec<_>>());
}

/// `tim-js-sdk` up to 2.25 throws the messages of a page away that says it is the last, and 2.27.6 does not ask for what
/// is before number 2.
#[tokio::test]
async fn only_an_empty_page_of_history_is_the_end_and_number_one_is_not_left_alone() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    let ask = async |newest: u64, count: u64| {
        let body =
            json!({"GroupId": group.id, "ReqMsgSeq": newest, "ReqMsgNumber": count, "WithRecalledMsg": 1});
        alice.call("group_open_http_svc.group_msg_get", body).await.ok()
    };
    let numbers = |page: &serde_json::Value| -> Vec<u64> {
        page["RspMsgList"].as_array().unwrap().iter().map(|item| item["MsgSeq"].as_u64().unwrap()).collect()
    };
    for _ in 1..=40 {
        alice.send_text(&group, "hello").await;
    }
    for (newest, count, lowest, next) in [
        (40, 21, 21, Some(20)),
        (20, 21, 1, None),
        (1, 21, 1, None),
        (22, 21, 3, Some(2)),
        (21, 21, 1, None),
        // Who asks for as many as a page has gets as many.
        (21, 20, 2, Some(1)),
        (16, 15, 2, Some(1)),
        (15, 15, 1, None),
        (40, 15, 26, Some(25)),
    ] {
        let page = ask(newest, count).await;
        assert_eq!(numbers(&page), (lowest..=newest).rev().collect::<Vec<_>>(), "{count} from {newest}");
        let end = (&page["IsFinished"], page["NextReqMsgSeq"].as_u64());
        assert_eq!(end, (&json!(1), next), "{count} from {newest}");
    }
    // A range beyond the end is empty.
    let page = ask(90, 21).await;
    assert_eq!((numbers(&page), &page["IsFinished"]), (vec![], &json!(2)));
}

#[tokio::test]
async fn a_message_is_recalled_in_time_by_its_author_or_from_above() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    let code = |answer: serde_json::Value| answer["RecallRetList"][0]["RetCode"].as_u64().unwrap() as u32;
    let by_bob = bob.send_text(&group, "a slip").await.seq;
    let by_carol = carol.send_text(&group, "worse").await.seq;
    assert_eq!(code(bob.recall(&group, by_carol).await.ok()), ErrorCode::GROUP_NOT_ALLOWED.0);
    assert_eq!(code(bob.recall(&group, 99).await.ok()), ErrorCode::RECALL_MISSING.0);
    assert_eq!(code(bob.recall(&group, by_bob).await.ok()), 0);
    assert_eq!(code(alice.recall(&group, by_carol).await.ok()), 0);
    let notice =
        carol.expect_event("a recall", |event| event.value["GroupTips"][0]["MsgBody"]["ReportType"] == 14);
    let notice = notice.await;
    let recalled = &notice["GroupTips"][0]["MsgBody"]["GroupWithdrawInfoArray"][0];
    assert_eq!((recalled["GroupId"].as_str(), recalled["MsgSeq"].as_u64()), (Some("lobby"), Some(by_bob)));
    // The SDKs drop a recalled message that has no body; back ends get none.
    let past = carol.history(&group).await;
    assert!(
        past.iter().all(|item| item["IsPlaceMsg"] == 2 && !item["MsgBody"].as_array().unwrap().is_empty())
    );
    let body = json!({"GroupId": "lobby", "ReqMsgNumber": 20, "WithRecalledMsg": 1});
    let simple = gateway.admin().call("group_open_http_svc.group_msg_get_simple", body).await.ok();
    assert_eq!(simple["RspMsgList"][0]["MsgBody"], json!([]));

    let late = bob.send_text(&group, "for good").await.seq;
    gateway.clock.advance(Duration::from_secs(121));
    assert_eq!(code(bob.recall(&group, late).await.ok()), ErrorCode::RECALL_TOO_LATE.0);
}

#[tokio::test]
async fn a_recall_that_was_missed_is_told_later() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let sent = alice.send_text(&group, "a slip").await;
    let begin = gateway.clock.now().0 * 1000;
    gateway.clock.advance(Duration::from_secs(5));
    alice.recall(&group, sent.seq).await.ok();
    gateway.clock.advance(Duration::from_secs(5));
    let query =
        json!({"GroupId": "lobby", "BeginTime": begin, "EndTime": gateway.clock.now().0 * 1000, "Limit": 50});
    let body = json!({"NotifyReqList": [query]});
    let told = bob.call("group_open_http_svc.batch_get_group_notify", body).await.ok();
    let list = &told["NotifyRspList"][0];
    assert_eq!(
        (list["NextMsgTime"].as_u64(), list["NotifyMsgList"][0]["MsgSeq"].as_u64()),
        (Some(0), Some(sent.seq))
    );
}

#[tokio::test]
async fn what_one_deletes_for_himself_others_keep() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "one").await;
    alice.send_text(&group, "two").await;
    let body = json!({"GroupId": "lobby", "Deleter_Account": "bob", "Seqs": ["1"]});
    bob.call("group_open_http_svc.delete_group_ramble_msg_by_seq", body).await.ok();
    assert_eq!(bob.history_texts(&group).await, [(2, "two".to_owned())]);
    assert_eq!(alice.history_texts(&group).await.len(), 2);
}

#[tokio::test]
async fn a_message_for_who_is_there_is_not_kept() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let mut body = alice.group_text(&group, "typing");
    body["OnlineOnlyFlag"] = 1.into();
    alice.send_to_group(body).await.ok();
    bob.expect_message(&group, "typing").await;
    assert_eq!(alice.send_text(&group, "typed").await.seq, 1);
    assert_eq!(bob.history_texts(&group).await, [(1, "typed".to_owned())]);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    alice.send_text(&group, &"m".repeat(11 * 1024)).await;
    alice.try_send_text(&group, &"m".repeat(12 * 1024)).await.refused(ErrorCode::TOO_LONG);
    assert_eq!(alice.history(&group).await.len(), 1);
}

#[tokio::test]
async fn a_mention_is_told_to_who_is_meant() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    let mut body = alice.group_text(&group, "@bob look");
    body["GroupAtInfo"] = json!([{"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}]);
    alice.send_to_group(body).await.ok();
    let mark = bob.expect_event("a mention", |event| event.value["Event"] == 12).await;
    let tips = &mark["GroupTips"][0]["GroupAtTips"];
    assert_eq!((tips["GroupId"].as_str(), &tips["GroupAtType"]), (Some("lobby"), &json!([1])));
    alice.send_text(&group, "done").await;
    carol.expect_message(&group, "done").await;
    assert!(carol.socket.events().iter().all(|event| event.value["Event"] != 12));
}

#[tokio::test]
async fn an_admin_and_a_user_speak_in_one_order() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let admin = gateway.admin();
    let mut said = Vec::new();
    for n in 0..5 {
        let (by_user, by_admin) = (format!("user {n}"), format!("admin {n}"));
        said.push((alice.send_text(&group, &by_user).await.seq, by_user));
        said.push((admin.send_text_as("alice", &group, &by_admin).await, by_admin));
    }
    bob.expect_message(&group, "admin 4").await;
    assert_eq!(bob.messages(&group), said);
    assert_eq!(bob.history_texts(&group).await, said);
    assert_eq!(said.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
}

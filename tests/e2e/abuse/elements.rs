//! Elements that would make a client throw: refused where they come in, and mended where they are stored already.

use gateway::bus::LocalBus;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Log, Partition, Window};
use protocol::ErrorCode;
use protocol::id::{GroupId, Millis, Seq, UserId};
use serde_json::{Value, json};
use tests::{APP, Group, TestGateway, User};

const PLACEHOLDER: &str = "[this message cannot be shown]";

fn element(kind: &str, content: Value) -> Value {
    json!([{"MsgType": kind, "MsgContent": content}])
}

/// What makes a client throw, and what is said of it.
fn malformed() -> Vec<(Value, &'static str)> {
    let body = |kind: &str, content| element(kind, content);
    vec![
        (body("TIMFileElem", json!({})), "MsgBody[0].MsgContent.FileName is missing: give a string"),
        (
            body("TIMFileElem", json!({"FileName": "a", "FileSize": null})),
            "MsgBody[0].MsgContent.FileSize must be a number",
        ),
        (
            body("TIMImageElem", json!({"ImageInfoArray": [null]})),
            "MsgBody[0].MsgContent.ImageInfoArray[0] must be an object",
        ),
        (body("TIMTextElem", json!({"Text": 7})), "MsgBody[0].MsgContent.Text must be a string"),
        (body("TIMCustomElem", json!([])), "MsgBody[0].MsgContent must be an object"),
        (
            body("TIMRelayElem", json!({"MsgList": [{"MsgBody": []}]})),
            "MsgBody[0].MsgContent.MsgList[0].MsgBody is empty: give at least one element",
        ),
        (
            body("TIMGroupTipElem", json!({"OpType": 1})),
            "MsgBody[0].MsgType must be a type of element that users say",
        ),
        (
            body("TIMGroupSystemNoticeElem", json!({})),
            "MsgBody[0].MsgType must be a type of element that users say",
        ),
        (json!([["TIMTextElem", {"Text": "x"}]]), "MsgBody[0] must be an object"),
        (
            json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}, {"MsgType": "TIMTextElem", "MsgContent": {}}]),
            "MsgBody[1].MsgContent.Text is missing: give a string",
        ),
    ]
}

fn to_group(user: &User, group: &Group, body: &Value) -> Value {
    let mut request = user.group_text(group, "");
    request["MsgBody"] = body.clone();
    request
}

fn to_user(user: &User, peer: &str, body: &Value) -> Value {
    let mut request = user.c2c_text(peer, "");
    request["MsgBody"] = body.clone();
    request
}

#[tokio::test]
async fn what_would_make_a_client_throw_is_refused_with_its_place() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    for (body, what) in malformed() {
        let refused = alice.send_to_group(to_group(&alice, &group, &body)).await;
        assert_eq!(refused.refused(ErrorCode::GROUP_BAD_PARAMETER)["ErrorInfo"], what, "{body}");
        let refused = alice.call("openim.sendmsg", to_user(&alice, "bob", &body)).await;
        assert_eq!(refused.refused(ErrorCode::C2C_BAD_BODY)["ErrorInfo"], what, "{body}");
        // A back end is told the same, and so is who asks for no storing.
        let request = json!({"GroupId": group.id, "From_Account": "alice", "Random": 7, "MsgBody": body});
        let refused = gateway.admin().call("group_open_http_svc.send_group_msg", request).await;
        assert_eq!(refused.refused(ErrorCode::GROUP_BAD_PARAMETER)["ErrorInfo"], what, "{body}");
        let mut online = to_group(&alice, &group, &body);
        online["OnlineOnlyFlag"] = 1.into();
        alice.send_to_group(online).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    }
    // Types that nobody here knows go through as they came.
    let odd = json!([{"MsgType": "TIMNewElem", "MsgContent": {"FileName": null, "n": 1.5}, "More": []}]);
    alice.send_to_group(to_group(&alice, &group, &odd)).await.ok();
    alice.send_text(&group, "hi").await;
    bob.expect_message(&group, "hi").await;
    let history = bob.history(&group).await;
    assert_eq!((&history[0]["MsgBody"], history.len()), (&odd, 2));
}

/// Appends, to a log that has a message, the same message with other bodies, as earlier versions stored them.
async fn store(engine: &Embedded, log: &Log, bodies: &[&str]) {
    let window = Window { from: Seq(1), to: Seq(1), limit: 1, newest_first: false };
    let first = engine.read(log, window).await.unwrap().remove(0);
    let sound = r#"[{"MsgContent":{"Text":"first"},"MsgType":"TIMTextElem"}]"#;
    let first = String::from_utf8(first.bytes.to_vec()).unwrap();
    assert!(first.contains(sound), "{first}");
    for body in bodies {
        let batch = Batch::new(log.partition.clone(), Millis(1_800_000_001_000));
        engine.commit(batch.append(log.name.clone(), first.replace(sound, body))).await.unwrap();
    }
}

/// The texts of the elements of an item.
fn texts(item: &Value) -> Vec<&str> {
    item["MsgBody"]
        .as_array()
        .unwrap()
        .iter()
        .map(|element| element["MsgContent"]["Text"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_stored_already_keeps_no_history_and_no_list_closed() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "first").await;
    alice.send_to("bob", "first").await;
    drop((alice, bob));
    gateway.stop().await.unwrap();

    let engine = Embedded::open(&gateway.config().data_dir.join("store"), LocalBus::new().0).unwrap();
    let user = |name: &str| UserId::parse(name).unwrap();
    let room = Partition::group(APP, &GroupId::parse(&group.id).unwrap());
    let page = engine.logs(None, 100).await.unwrap();
    let room = page.logs.into_iter().find(|log| log.partition == room).unwrap();
    let pair = Log { partition: Partition::pair(APP, &user("alice"), &user("bob")), name: vec![0; 8].into() };
    let bodies = [
        r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"before"}},{"MsgType":"TIMFileElem","MsgContent":{}}]"#,
        r#"[{"MsgType":"T","MsgContent":{"A":1e400}}]"#,
        r#"[{"MsgType":"T","MsgContent":{"A":"\ud800"}}]"#,
        r#"[]"#,
        r#"{}"#,
    ];
    store(&engine, &room, &bodies).await;
    store(&engine, &pair, &bodies).await;
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;

    let mended: Vec<Vec<&str>> = vec![
        vec!["first"],
        vec!["before", PLACEHOLDER],
        vec![PLACEHOLDER],
        vec![PLACEHOLDER],
        vec![PLACEHOLDER],
        vec![PLACEHOLDER],
    ];
    let bob = gateway.user("bob").await;
    let history = bob.history(&group).await;
    assert_eq!(history.iter().map(texts).collect::<Vec<_>>(), mended);
    let request =
        json!({"Peer_Account": "alice", "MaxCnt": 100, "LastMsgTime": 0, "MsgKey": "", "GetDirection": 0});
    let answer = bob.call("openim.getroammsg", request).await.ok();
    assert_eq!(answer["MsgList"].as_array().unwrap().iter().map(texts).collect::<Vec<_>>(), mended);
    for conversation in bob.conversations().await {
        assert_eq!(texts(&conversation["LastMsg"]), [PLACEHOLDER], "{conversation}");
    }
    let request = json!({"GroupId": group.id, "ReqMsgNumber": 20});
    let simple = gateway.admin().call("group_open_http_svc.group_msg_get_simple", request).await.ok();
    let newest_first: Vec<_> = simple["RspMsgList"].as_array().unwrap().iter().rev().map(texts).collect();
    assert_eq!(newest_first, mended);
}

//! What users are told without asking.

use serde_json::json;
use tests::TestGateway;

#[tokio::test]
async fn a_notice_that_was_missed_is_told_at_the_next_sync_and_once() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let sync =
        |cookie: serde_json::Value| bob.call("openim.getmsg", json!({"Cookie": cookie, "SyncFlag": 0}));
    let cookie = sync(json!("")).await.ok()["Cookie"].clone();
    alice.kick(&group, &["bob"]).await.ok();
    let told = sync(cookie).await.ok();
    assert_eq!(told["EventArray"][0]["GroupTips"][0]["MsgBody"]["ReportType"], 4);
    let again = sync(told["Cookie"].clone()).await.ok();
    assert_eq!(again["EventArray"], json!([]));
}

#[tokio::test]
async fn an_acknowledgement_of_a_push_is_taken_in_silence() {
    let gateway = TestGateway::start().await;
    let nobody = gateway.anonymous().await;
    nobody.call("openim.ws_msg_push_ack", json!({"SessionData": "x"})).await.ok();
    nobody.call("imopenstat.tim_web_report_v2", json!({"header": {}, "event": []})).await.ok();
}

//! What a group says of itself.

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{TestGateway, User};

const MODIFY: &str = "group_open_http_svc.modify_group_base_info";

async fn with_self(user: &User, group: &str) -> Value {
    let body = json!({"GroupIdList": [group], "ResponseFilter": {
        "GroupBaseInfoFilter": ["Type", "Name", "Introduction", "Notification", "Owner_Account", "MemberNum"],
        "MemberInfoFilter": ["Role"],
    }});
    let answer = user.call("group_open_http_svc.get_group_self_member_info", body).await.ok();
    answer["GroupInfo"][0].clone()
}

#[tokio::test]
async fn a_change_is_read_by_all_and_told_as_a_tip() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let change = json!({"GroupId": "lobby", "Name": "大厅", "Introduction": "all welcome"});
    bob.call(MODIFY, change.clone()).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.call(MODIFY, change).await.ok();
    let tip = bob.expect_tip(&group, 6).await;
    assert_eq!(tip["MsgBody"]["MsgGroupNewInfo"]["GroupName"], "大厅");
    let info = with_self(&bob, "lobby").await;
    assert_eq!((info["Name"].as_str(), info["Introduction"].as_str()), (Some("大厅"), Some("all welcome")));
    assert_eq!(info["MemberList"][0]["Role"], "Member");
}

#[tokio::test]
async fn a_stranger_reads_the_public_part_only() {
    let gateway = TestGateway::start().await;
    let [alice, eve] = gateway.users(["alice", "eve"]).await;
    let group = alice.create_group("lobby").await;
    alice.send_text(&group, "secret").await;
    assert_eq!(with_self(&eve, "lobby").await["ErrorCode"], ErrorCode::GROUP_NOT_ALLOWED.0);
    let body = json!({"GroupIdList": ["lobby", "nowhere"],
        "ResponseFilter": {"GroupBasePublicInfoFilter": ["Type", "Name"]}});
    let public = eve.call("group_open_http_svc.get_group_public_info", body).await.ok();
    assert_eq!(public["GroupInfo"][0]["Name"], "lobby");
    assert_eq!(public["GroupInfo"][1]["ErrorCode"], ErrorCode::GROUP_BAD_ID.0);
}

#[tokio::test]
async fn a_back_end_reads_everything() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let body = json!({"GroupIdList": ["lobby", "nowhere"]});
    let read = gateway.admin().call("group_open_http_svc.get_group_info", body).await.ok();
    let info = &read["GroupInfo"][0];
    assert_eq!((info["Owner_Account"].as_str(), info["MemberNum"].as_u64()), (Some("alice"), Some(2)));
    assert_eq!(info["MemberList"].as_array().unwrap().len(), 2);
    assert_ne!(read["GroupInfo"][1]["ErrorCode"], 0);
}

#[tokio::test]
async fn custom_fields_are_kept_and_deleted() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    alice.create_group("lobby").await;
    let fields = json!([{"Key": "colour", "Value": "green"}, {"Key": "size", "Value": "9"}]);
    alice.call(MODIFY, json!({"GroupId": "lobby", "AppDefinedData": fields})).await.ok();
    let gone = json!([{"Key": "size", "Value": ""}]);
    alice.call(MODIFY, json!({"GroupId": "lobby", "AppDefinedData": gone})).await.ok();
    let body = json!({"GroupIdList": ["lobby"]});
    let read = gateway.admin().call("group_open_http_svc.get_group_info", body).await.ok();
    assert_eq!(read["GroupInfo"][0]["AppDefinedData"], json!([{"Key": "colour", "Value": "green"}]));
    let wrong = json!([{"Key": "", "Value": "x"}]);
    alice
        .call(MODIFY, json!({"GroupId": "lobby", "AppDefinedData": wrong}))
        .await
        .refused(ErrorCode::GROUP_BAD_PARAMETER);
}

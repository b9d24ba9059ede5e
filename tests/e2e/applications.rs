//! Two applications on one gateway: what one may, owns and says is nothing to the other.

use gateway::services::application::{Application, Settings};
use gateway::services::group::{Overrides, RuleBook};
use gateway::services::retention::Policy;
use protocol::ErrorCode;
use protocol::group::GroupKind;
use protocol::id::AppId;
use serde_json::json;
use tests::{APP, Answer, Device, Dialect, TestGateway, User, new_application};

const OTHER: AppId = AppId(1_400_000_002);

/// A gateway with a second application that may less than the first.
async fn with_a_small_one() -> TestGateway {
    let mut settings = Settings::default();
    settings.limits.message_bytes = 200;
    settings.limits.group_name_bytes = 10;
    settings.limits.mentions_per_message = 1;
    settings.limits.recall_seconds = 1;
    settings.limits.groups_per_user = 1;
    settings.limits.pinned_conversations = 1;
    settings.limits.members_per_call = 2;
    settings.limits.group_custom_fields = 1;
    settings.limits.name_card_bytes = 4;
    settings.login.hello_interval_seconds = 77;
    settings.login.devices_per_platform = 2;
    settings.rules = RuleBook::new(|kind| match kind {
        GroupKind::Meeting => {
            Overrides { max_members: Some(2), counts_unread: Some(true), ..Overrides::default() }
        }
        _ => Overrides::default(),
    });
    settings.retention = Policy { days: 0, messages_per_conversation: 2 };
    TestGateway::start_with(|config| {
        config.apps.add(OTHER, Application { settings, ..new_application() });
    })
    .await
}

async fn create(user: &User, id: &str, name: &str) -> Answer {
    let body = json!({"Type": "ChatRoom", "Name": name, "GroupId": id, "MemberList": []});
    user.call("group_open_http_svc.create_group", body).await
}

#[tokio::test]
async fn each_has_its_own_limits() {
    let gateway = with_a_small_one().await;
    let (alice, other) = (gateway.user("alice").await, gateway.user_of(OTHER, "alice").await);
    gateway.user("bob").await;
    gateway.user_of(OTHER, "bob").await;
    let long = "x".repeat(300);
    alice.try_send_to("bob", &long).await.ok();
    other.try_send_to("bob", &long).await.refused(ErrorCode::TOO_LONG);

    create(&alice, "one", "a name of some length").await.ok();
    create(&other, "one", "a name of some length").await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    create(&other, "one", "short").await.ok();
    create(&alice, "two", "short").await.ok();
    create(&other, "two", "short").await.refused(ErrorCode::TOO_MANY_GROUPS);

    let edit = json!({"GroupId": "one", "AppDefinedData": [{"Key": "a", "Value": "b"},
        {"Key": "c", "Value": "d"}]});
    alice.call("group_open_http_svc.modify_group_base_info", edit.clone()).await.ok();
    let refused = other.call("group_open_http_svc.modify_group_base_info", edit).await;
    refused.refused(ErrorCode::GROUP_BAD_PARAMETER);
    let card = json!({"GroupId": "one", "Member_Account": "alice", "NameCard": "a card"});
    alice.call("group_open_http_svc.modify_group_member_info", card.clone()).await.ok();
    let refused = other.call("group_open_http_svc.modify_group_member_info", card).await;
    refused.refused(ErrorCode::GROUP_BAD_PARAMETER);
}

#[tokio::test]
async fn each_has_its_own_rules_for_groups() {
    let gateway = with_a_small_one().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let big = alice.create_group("room").await;
    bob.join(&big).await;
    carol.join(&big).await;

    let alice = gateway.user_of(OTHER, "alice").await;
    let (bob, carol) = (gateway.user_of(OTHER, "bob").await, gateway.user_of(OTHER, "carol").await);
    let small = alice.create_group("room").await;
    bob.join(&small).await;
    carol.try_join(&small).await.refused(ErrorCode::GROUP_FULL);
}

#[tokio::test]
async fn each_has_its_own_sessions() {
    let gateway = with_a_small_one().await;
    let first = gateway.user("alice").await;
    gateway.user("alice").await;
    first.expect_kick().await;

    let first = gateway.user_of(OTHER, "alice").await;
    gateway.user_of(OTHER, "alice").await;
    // Two devices of a platform are allowed here: the first is still logged in.
    first.call("im_open_status.wshello", json!({"is_web_uniapp": 0})).await.ok();
    let device = Device { app: OTHER, ..Device::web(gateway.fresh_instance()) };
    let stranger = gateway.stranger_on("bob", device, Dialect::Binary).await;
    assert_eq!(stranger.login().await["HelloInterval"], 77);
    assert_eq!(gateway.stranger("bob").await.login().await["HelloInterval"], 10);
}

#[tokio::test]
async fn each_keeps_its_own_history() {
    let gateway = with_a_small_one().await;
    for app in [APP, OTHER] {
        let alice = gateway.user_of(app, "alice").await;
        let group = alice.create_group("room").await;
        for text in ["one", "two", "three"] {
            alice.send_text(&group, text).await;
        }
    }
    gateway.expire().await;
    for (app, kept) in [(APP, 3), (OTHER, 2)] {
        let alice = gateway.user_of(app, "alice").await;
        let history = json!({"GroupId": "room", "ReqMsgNumber": 20});
        let page = alice.call("group_open_http_svc.group_msg_get", history).await.ok();
        assert_eq!(page["RspMsgList"].as_array().map(Vec::len), Some(kept), "application {app}");
    }
}

#[tokio::test]
async fn neither_hears_or_sees_the_other() {
    let gateway = with_a_small_one().await;
    let (here, there) = (gateway.user("alice").await, gateway.user_of(OTHER, "alice").await);
    let (bob, other_bob) = (gateway.user("bob").await, gateway.user_of(OTHER, "bob").await);
    let group = here.create_group("room").await;
    there.try_join(&group).await.refused(ErrorCode::GROUP_MISSING);
    other_bob.create_group("room").await;
    bob.join(&group).await;
    bob.send_text(&group, "in the first").await;
    here.expect_message(&group, "in the first").await;
    bob.send_to("alice", "to the first").await;
    here.expect_message_from("bob", "to the first").await;
    there.ping().await;
    assert!(there.messages(&group).is_empty());

    // An administrator of one is nobody in the other, whatever key was used.
    let admin = gateway.admin_of(OTHER);
    admin.call("group_open_http_svc.destroy_group", json!({"GroupId": "room"})).await.ok();
    bob.send_text(&group, "still there").await;
    let stranger = gateway.admin().of_app(OTHER);
    let refused = stranger.call("group_open_http_svc.destroy_group", json!({"GroupId": "room"})).await;
    assert_ne!(refused.code(), 0, "signed with the key of another application");
}

//! How a group begins, changes hands and ends.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::json;
use tests::{Group, TestGateway};

const CREATE: &str = "group_open_http_svc.create_group";

#[tokio::test]
async fn a_creator_owns_his_group() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    assert_eq!(group.id, "lobby");
    assert_eq!(alice.members(&group).await, ["alice"]);
    assert_eq!(alice.joined().await, ["lobby"]);
    let body = json!({"GroupId": "lobby", "Limit": 100, "Offset": 0, "MemberInfoFilter": ["Role"]});
    let members = alice.call("group_open_http_svc.get_group_member_info", body).await.ok();
    assert_eq!(members["MemberList"], json!([{"Member_Account": "alice", "Role": "Owner"}]));
}

#[tokio::test]
async fn an_id_is_made_where_none_is_chosen() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let made = alice.call(CREATE, json!({"Type": "ChatRoom", "Name": "n", "GroupId": ""})).await.ok();
        ids.push(made["GroupId"].as_str().unwrap().to_owned());
    }
    assert!(ids.iter().all(|id| id.starts_with("@TGS#")), "{ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

/// The SDKs read 10007 and 10010 here as "made, but its profile cannot be read", and give the application a group.
#[tokio::test]
async fn what_is_not_made_is_refused_with_a_code_that_the_sdks_take_for_one() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    for (changed, code) in [
        (
            json!({"Type": "AVChatRoom", "MemberList": [{"Member_Account": "bob"}]}),
            ErrorCode::GROUP_BAD_PARAMETER,
        ),
        (json!({"Type": "Community", "GroupId": "club"}), ErrorCode::GROUP_BAD_ID),
        (json!({"Owner_Account": "bob"}), ErrorCode::NOT_ADMIN),
    ] {
        let mut body = json!({"Type": "ChatRoom", "Name": "n", "Owner_Account": "alice"});
        body.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        alice.call(CREATE, body).await.refused(code);
    }
    assert!(alice.joined().await.is_empty());
}

#[tokio::test]
async fn an_id_is_taken_once() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    let again = json!({"Type": "ChatRoom", "Name": "mine", "GroupId": "lobby"});
    alice.call(CREATE, again.clone()).await.refused(ErrorCode::GROUP_ID_YOURS);
    bob.call(CREATE, again.clone()).await.refused(ErrorCode::GROUP_ID_TAKEN);
    assert_eq!(alice.members(&group).await, ["alice"]);
    assert!(bob.joined().await.is_empty());

    // Many at once: one of them gets it.
    let race = json!({"Type": "ChatRoom", "Name": "race", "GroupId": "race"});
    let mut requests = Vec::new();
    for user in [&alice, &bob, &alice, &bob, &alice, &bob] {
        requests.push((user, user.begin(CREATE, race.clone()).await));
    }
    let mut made = 0;
    for (user, request) in requests {
        made += usize::from(user.answer(&request).await.code() == 0);
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn what_cannot_be_a_group_is_refused() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let valid = json!({"Type": "ChatRoom", "Name": "n", "GroupId": "g"});
    let cases = [
        ("Name", json!(""), ErrorCode::GROUP_BAD_PARAMETER),
        ("Name", json!("n".repeat(101)), ErrorCode::GROUP_BAD_PARAMETER),
        ("GroupId", json!("g".repeat(49)), ErrorCode::GROUP_BAD_ID),
        ("GroupId", json!("@TGS#mine"), ErrorCode::GROUP_BAD_ID),
        ("GroupId", json!("群"), ErrorCode::GROUP_BAD_ID),
        ("Type", json!("Party"), ErrorCode::GROUP_BAD_PARAMETER),
        ("Type", json!("Community"), ErrorCode::GROUP_BAD_ID),
        ("Introduction", json!("i".repeat(401)), ErrorCode::GROUP_BAD_PARAMETER),
    ];
    for (name, value, code) in cases {
        let mut body = valid.clone();
        body[name] = value;
        alice.call(CREATE, body).await.refused(code);
    }
    alice.call(CREATE, valid).await.ok();
}

#[tokio::test]
async fn a_group_changes_hands() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let hand_over = |heir: &str| json!({"GroupId": "lobby", "NewOwner_Account": heir});
    let command = "group_open_http_svc.change_group_owner";
    alice.call(command, hand_over("carol")).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    bob.call(command, hand_over("bob")).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    carol.call(command, hand_over("carol")).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.call(command, hand_over("bob")).await.ok();
    // The former owner may go, the new one may not.
    alice.quit(&group).await;
    bob.call("group_open_http_svc.quit_group", json!({"GroupId": "lobby"}))
        .await
        .refused(ErrorCode::OWNER_CANNOT_QUIT);
    bob.dismiss(&group).await;
}

#[tokio::test]
async fn a_dismissed_group_is_gone_for_all() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "last words").await;
    bob.call("group_open_http_svc.destroy_group", json!({"GroupId": "lobby"}))
        .await
        .refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.dismiss(&group).await;
    bob.expect_notice(&group, 5).await;
    bob.try_send_text(&group, "anybody there?").await.refused(ErrorCode::GROUP_MISSING);
    bob.history_page(&group, 0).await.refused(ErrorCode::GROUP_MISSING);
    assert!(alice.joined().await.is_empty() && bob.joined().await.is_empty());

    // A later group of the same name begins with nothing.
    gateway.clock.advance(Duration::from_secs(1));
    let again = bob.create_group("lobby").await;
    assert_eq!(bob.members(&again).await, ["bob"]);
    assert_eq!(bob.history_texts(&again).await, []);
    assert_eq!(bob.send_text(&again, "new words").await.seq, 1);
    alice.history_page(&again, 0).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
}

#[tokio::test]
async fn a_back_end_makes_and_ends_groups() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let body = json!({
        "Type": "Meeting", "Name": "n", "GroupId": "staff", "Owner_Account": "alice",
        "MemberList": [{"Member_Account": "bob"}],
    });
    gateway.admin().call(CREATE, body).await.ok();
    let group = Group { id: "staff".into() };
    assert_eq!(bob.members(&group).await, ["alice", "bob"]);
    // Both hear the group without doing anything.
    alice.send_text(&group, "welcome").await;
    bob.expect_message(&group, "welcome").await;
    gateway.admin().call("group_open_http_svc.destroy_group", json!({"GroupId": "staff"})).await.ok();
    bob.expect_notice(&group, 5).await;
    alice.expect_notice(&group, 5).await;
}

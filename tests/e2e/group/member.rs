//! Roles, mutes, name cards, being put out.

use std::time::Duration;

use gateway::services::group::{Overrides, RuleBook, Tips};
use protocol::ErrorCode;
use serde_json::json;
use tests::TestGateway;

const MODIFY: &str = "group_open_http_svc.modify_group_member_info";

#[tokio::test]
async fn members_are_put_out_by_those_above_them() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol, dave] = gateway.users(["alice", "bob", "carol", "dave"]).await;
    let group = alice.create_group("lobby").await;
    for user in [&bob, &carol, &dave] {
        user.join(&group).await;
    }
    bob.kick(&group, &["carol"]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.set_role(&group, "bob", "Admin").await.ok();
    bob.kick(&group, &["alice"]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    // One of two may not be put out: neither is.
    bob.kick(&group, &["carol", "alice"]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    assert_eq!(alice.members(&group).await.len(), 4);
    bob.kick(&group, &["carol"]).await.ok();
    carol.expect_notice(&group, 4).await;
    carol.try_send_text(&group, "hey").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.send_text(&group, "not for carol").await;
    dave.expect_message(&group, "not for carol").await;
    alice.send_to("carol", "sorry").await;
    carol.expect_message_from("alice", "sorry").await;
    assert_eq!(carol.messages(&group), []);
}

#[tokio::test]
async fn a_muted_member_listens() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    bob.mute(&group, "alice", 60).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.mute(&group, "bob", 60).await.ok();
    bob.try_send_text(&group, "mmh").await.refused(ErrorCode::MUTED);
    alice.send_text(&group, "listen").await;
    bob.expect_message(&group, "listen").await;
    // Leaving and coming back does not help, time does.
    bob.quit(&group).await;
    bob.join(&group).await;
    bob.try_send_text(&group, "mmh").await.refused(ErrorCode::MUTED);
    gateway.clock.advance(Duration::from_secs(61));
    bob.send_text(&group, "at last").await;
    alice.mute(&group, "bob", 60).await.ok();
    alice.mute(&group, "bob", 0).await.ok();
    bob.send_text(&group, "forgiven").await;
}

#[tokio::test]
async fn a_group_that_is_muted_hears_its_owner_and_admins() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    alice.set_role(&group, "bob", "Admin").await.ok();
    let body = json!({"GroupId": "lobby", "ShutUpAllMember": "On"});
    carol
        .call("group_open_http_svc.modify_group_base_info", body.clone())
        .await
        .refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.call("group_open_http_svc.modify_group_base_info", body).await.ok();
    carol.try_send_text(&group, "mmh").await.refused(ErrorCode::MUTED);
    alice.send_text(&group, "silence").await;
    bob.send_text(&group, "please").await;
    carol.expect_message(&group, "please").await;
}

/// Two things that members are told of, in one call: each is an entry with a number of its own.
#[tokio::test]
async fn a_mute_and_a_role_in_one_call_are_two_tips() {
    let gateway = TestGateway::start_with(|config| {
        let tips = Tips { membership: false, role: true, mute: true, profile: false };
        let all = Overrides { tips: Some(tips), ..Overrides::default() };
        config.apps.set(|settings| settings.rules = RuleBook::new(|_| all.clone()));
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let both = json!({"GroupId": "lobby", "Member_Account": "bob", "Role": "Admin", "MuteTime": 60});
    alice.call(MODIFY, both).await.ok();
    let kinds = alice.history(&group).await;
    let kinds: Vec<_> =
        kinds.iter().map(|tip| (tip["MsgSeq"].as_u64(), tip["MsgBody"]["OpType"].as_u64())).collect();
    assert_eq!(kinds, [(Some(1), Some(7)), (Some(2), Some(4))]);
}

#[tokio::test]
async fn only_the_owner_makes_admins() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    bob.set_role(&group, "bob", "Admin").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.set_role(&group, "bob", "Admin").await.ok();
    bob.set_role(&group, "carol", "Admin").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    bob.set_role(&group, "bob", "Owner").await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    let body = json!({"GroupId": "lobby", "MemberRoleFilter": ["Admin"], "MemberInfoFilter": ["Role"]});
    let admins = alice.call("group_open_http_svc.get_group_member_info", body).await.ok();
    assert_eq!(admins["MemberList"], json!([{"Member_Account": "bob", "Role": "Admin"}]));
    alice.dismiss(&group).await;
}

#[tokio::test]
async fn a_name_card_goes_with_the_messages() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    let card = |user: &str| json!({"GroupId": "lobby", "Member_Account": user, "NameCard": "the builder"});
    bob.call(MODIFY, card("bob")).await.ok();
    bob.call(MODIFY, card("carol")).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    bob.send_text(&group, "can we fix it?").await;
    let item = alice.expect_message(&group, "can we fix it?").await;
    assert_eq!(item["GroupInfo"]["MsgFrom_AccountExtraInfo"]["NameCard"], "the builder");
    let body = json!({"GroupId": "lobby", "Member_List_Account": ["bob", "nobody"],
        "MemberInfoFilter": ["NameCard"]});
    let members = carol.call("group_open_http_svc.get_specified_group_member_info", body).await.ok();
    assert_eq!(members["MemberList"], json!([{"Member_Account": "bob", "NameCard": "the builder"}]));
}

#[tokio::test]
async fn nobody_changes_another_ones_receive_option() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let option = json!({"GroupId": "lobby", "Member_Account": "bob", "MsgFlag": "Discard"});
    bob.call(MODIFY, option.clone()).await.ok();
    // Also the owner of the group has no say in it.
    alice.call(MODIFY, option).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.ping().await;
}

#[tokio::test]
async fn the_members_come_in_pages() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let members: Vec<_> = (0..25).map(|n| json!({"Member_Account": format!("m{n:02}")})).collect();
    let body = json!({"Type": "Meeting", "Name": "n", "GroupId": "many", "Owner_Account": "alice",
        "MemberList": members});
    gateway.admin().call("group_open_http_svc.create_group", body).await.ok();
    let mut seen = Vec::new();
    for offset in [0, 10, 20] {
        let body = json!({"GroupId": "many", "Limit": 10, "Offset": offset});
        let page = alice.call("group_open_http_svc.get_group_member_info", body).await.ok();
        assert_eq!(page["MemberNum"], 26);
        let names = page["MemberList"].as_array().unwrap().iter();
        seen.extend(names.map(|member| member["Member_Account"].as_str().unwrap().to_owned()));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 26);
}

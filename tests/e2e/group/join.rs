//! Coming into a group and leaving it.

use protocol::ErrorCode;
use serde_json::json;
use tests::{Group, TestGateway};

#[tokio::test]
async fn anybody_joins_a_meeting_and_hears_it_at_once() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    alice.send_text(&group, "before you came").await;
    bob.join(&group).await;
    // Those who join later see what was said before.
    assert_eq!(bob.history_texts(&group).await, [(1, "before you came".to_owned())]);
    alice.send_text(&group, "hi bob").await;
    bob.expect_message(&group, "hi bob").await;
    assert_eq!(alice.members(&group).await, ["alice", "bob"]);
    bob.try_join(&group).await.refused(ErrorCode::ALREADY_MEMBER);
}

#[tokio::test]
async fn a_meeting_gives_no_tip_of_coming_and_going() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    bob.quit(&group).await;
    assert_eq!(alice.send_text(&group, "alone").await.seq, 1);
    assert_eq!(alice.history(&group).await.len(), 1);
}

#[tokio::test]
async fn one_who_left_hears_nothing_more() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "still here").await;
    bob.expect_message(&group, "still here").await;
    bob.quit(&group).await;
    alice.send_text(&group, "not for bob").await;
    alice.send_to("bob", "you missed it").await;
    bob.expect_message_from("alice", "you missed it").await;
    assert_eq!(bob.messages(&group), [(1, "still here".to_owned())]);
    bob.history_page(&group, 0).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    bob.call("group_open_http_svc.quit_group", json!({"GroupId": "lobby"}))
        .await
        .refused(ErrorCode::GROUP_NOT_ALLOWED);
    // And comes back as if nothing had been.
    bob.join(&group).await;
    alice.send_text(&group, "welcome back").await;
    bob.expect_message(&group, "welcome back").await;
}

#[tokio::test]
async fn an_owner_does_not_quit() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    alice.create_group("lobby").await;
    let quit = alice.call("group_open_http_svc.quit_group", json!({"GroupId": "lobby"})).await;
    quit.refused(ErrorCode::OWNER_CANNOT_QUIT);
}

#[tokio::test]
async fn an_unknown_group_cannot_be_joined() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    alice.try_join(&Group { id: "nowhere".into() }).await.refused(ErrorCode::GROUP_MISSING);
    assert!(alice.joined().await.is_empty());
}

#[tokio::test]
async fn a_full_group_takes_nobody() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol, dave] = gateway.users(["alice", "bob", "carol", "dave"]).await;
    let body = json!({"Type": "ChatRoom", "Name": "n", "GroupId": "small", "MaxMemberCount": 2});
    alice.call("group_open_http_svc.create_group", body).await.ok();
    let group = Group { id: "small".into() };
    // Three want the one seat at the same time.
    let answers = tokio::join!(bob.try_join(&group), carol.try_join(&group), dave.try_join(&group));
    let mut codes = [answers.0.code(), answers.1.code(), answers.2.code()];
    codes.sort_unstable();
    assert_eq!(codes, [0, ErrorCode::GROUP_FULL.0, ErrorCode::GROUP_FULL.0]);
    assert_eq!(alice.members(&group).await.len(), 2);
}

#[tokio::test]
async fn a_work_group_is_entered_by_invitation_only() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group_of("Private", "office").await;
    alice.send_text(&group, "before").await;
    bob.try_join(&group).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    let invite = |user: &str| json!({"GroupId": "office", "MemberList": [{"Member_Account": user}]});
    carol
        .call("group_open_http_svc.add_group_member", invite("carol"))
        .await
        .refused(ErrorCode::GROUP_NOT_ALLOWED);
    let added = alice.call("group_open_http_svc.add_group_member", invite("bob")).await.ok();
    assert_eq!(added["MemberList"], json!([{"Member_Account": "bob", "Result": 1}]));
    bob.expect_notice(&group, 7).await;
    bob.expect_tip(&group, 1).await;
    // A work group shows its new members nothing of the past.
    assert_eq!(bob.history_texts(&group).await, []);
    alice.send_text(&group, "after").await;
    bob.expect_message(&group, "after").await;
}

//! Which changes members are told of, and whether that is kept.

use gateway::services::group::{Overrides, RuleBook, Tips};
use protocol::group::GroupKind;
use serde_json::{Value, json};
use tests::{Group, TestGateway, User};

const ALL: Tips = Tips { membership: true, role: true, mute: true, profile: true };

async fn telling(tips: Tips, keeps_tips: bool) -> TestGateway {
    TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.rules = RuleBook::new(|kind| match kind {
                GroupKind::Meeting => {
                    Overrides { tips: Some(tips), keeps_tips: Some(keeps_tips), ..Overrides::default() }
                }
                _ => Overrides::default(),
            });
        });
    })
    .await
}

/// Everything that can be told of in a group.
async fn live_through(alice: &User, bob: &User, group: &Group) {
    bob.join(group).await;
    alice.set_role(group, "bob", "Admin").await.ok();
    alice.set_role(group, "bob", "Member").await.ok();
    alice.mute(group, "bob", 60).await.ok();
    alice
        .call("group_open_http_svc.modify_group_base_info", json!({"GroupId": group.id, "Name": "n"}))
        .await
        .ok();
    bob.quit(group).await;
}

/// Kinds of the tips, by the number of their event.
fn told(user: &User) -> Vec<(u64, u64)> {
    let items = user.socket.events().into_iter().filter_map(|event| {
        let body = &event.value["GroupTips"][0]["MsgBody"];
        Some((event.value["Event"].as_u64()?, body["OpType"].as_u64()?))
    });
    items.filter(|(event, _)| *event != 5).collect()
}

#[tokio::test]
async fn tips_that_are_not_kept_are_told_to_those_who_are_there() {
    let gateway = telling(ALL, false).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    let first = alice.send_text(&group, "before").await;
    live_through(&alice, &bob, &group).await;
    let last = alice.send_text(&group, "after").await;
    assert_eq!((first.seq, last.seq), (1, 2));
    let tip = alice.expect_passing(&group, 2).await;
    assert_eq!((&tip["MsgSeq"], &tip["MsgBody"]["MemberNum"]), (&json!(1), &json!(1)));
    assert_eq!(tip["MsgBody"]["Operator_Account"], "bob");
    assert_eq!(told(&alice), [1, 4, 5, 7, 6, 2].map(|kind| (6, kind)));
    let history = alice.history_texts(&group).await;
    assert_eq!(history, [(1, "before".to_owned()), (2, "after".to_owned())]);
    assert_eq!(alice.history(&group).await.len(), 2);
}

#[tokio::test]
async fn an_operator_says_what_is_told() {
    let gateway = telling(Tips { membership: true, role: false, mute: true, profile: false }, true).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    live_through(&alice, &bob, &group).await;
    alice.expect_tip(&group, 2).await;
    assert_eq!(told(&alice), [(4, 1), (4, 7), (4, 2)]);
    let kinds: Vec<Value> =
        alice.history(&group).await.iter().map(|item| item["MsgBody"]["OpType"].clone()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

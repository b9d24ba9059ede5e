//! Communities: what is theirs alone. What they have in common with other kinds stands in `rights.rs`, by their row.

use std::time::Duration;

use protocol::ErrorCode;
use protocol::group::GroupKind;
use serde_json::{Value, json};
use tests::{Group, TestGateway, User};

const CREATE: &str = "million_group_open_http_svc.create_group";
const JOINED: &str = "million_group_open_http_svc.get_joined_group_list";

/// A community of one's own.
pub(super) async fn community(owner: &User, id: &str, topics: bool) -> Group {
    let body = json!({
        "Type": "Community", "Name": "club", "GroupId": id, "Owner_Account": owner.name, "SupportTopic": u8::from(topics),
    });
    let made = owner.call(CREATE, body).await.ok();
    Group { id: made["GroupId"].as_str().unwrap().to_owned() }
}

async fn communities(user: &User, topics: bool) -> Vec<Value> {
    let body = json!({
        "Member_Account": user.name, "Limit": 200, "Offset": 0, "SupportTopic": u8::from(topics),
        "ResponseFilter": {"GroupBaseInfoFilter": ["Type", "Name"], "SelfInfoFilter": ["Role", "MsgSeq"]},
    });
    let answer = user.call(JOINED, body).await.ok();
    assert_eq!(answer["TotalCount"], answer["GroupIdList"].as_array().unwrap().len());
    answer["GroupIdList"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_ids_of_communities_begin_as_the_sdks_know_them() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    assert_eq!(community(&alice, "@TGS#_club", false).await.id, "@TGS#_club");
    assert!(community(&alice, "", false).await.id.starts_with("@TGS#_"));
    for id in ["club", "@TGS#3club", "@TGS#_", "@TGS#_club@TOPIC#_a", &format!("@TGS#_{}", "x".repeat(43))] {
        let body = json!({"Type": "Community", "Name": "n", "GroupId": id});
        alice.call(CREATE, body).await.refused(ErrorCode::GROUP_BAD_ID);
    }
    let body = json!({"Type": "Community", "Name": "n", "GroupId": "@TGS#_club"});
    alice.call(CREATE, body).await.refused(ErrorCode::GROUP_ID_YOURS);
    // Groups of other kinds are none of them, and have no topics.
    for (kind, id, topics, code) in [
        ("ChatRoom", "@TGS#_lobby", 0, ErrorCode::GROUP_BAD_ID),
        ("Public", "lobby", 1, ErrorCode::GROUP_BAD_PARAMETER),
    ] {
        let body = json!({"Type": kind, "Name": "n", "GroupId": id, "SupportTopic": topics});
        alice.call("group_open_http_svc.create_group", body).await.refused(code);
    }
    assert!(alice.joined().await.is_empty());
}

/// The SDKs ask for both lists, and put them together.
#[tokio::test]
async fn communities_are_listed_under_their_own_name_with_topics_or_without() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let lobby = alice.create_group("lobby").await;
    let plain = community(&alice, "@TGS#_plain", false).await;
    let forum = community(&alice, "@TGS#_forum", true).await;
    for group in [&lobby, &plain, &forum] {
        bob.join(group).await;
    }
    assert_eq!(bob.joined().await, ["lobby"]);
    let item = |id: &str, topics: u8| {
        json!({
            "GroupId": id, "Type": "Community", "Name": "club", "AppDefinedData": [], "SupportTopic": topics,
            "SelfInfo": {"Role": "Member", "MsgSeq": 0},
        })
    };
    assert_eq!(communities(&bob, false).await, [item("@TGS#_plain", 0)]);
    assert_eq!(communities(&bob, true).await, [item("@TGS#_forum", 1)]);
    // Of one group it is told wherever its profile is, also to one who is no member.
    let carol = gateway.user("carol").await;
    for user in [&bob, &carol] {
        for (group, expected) in [(&lobby, Value::Null), (&plain, json!(0)), (&forum, json!(1))] {
            let body =
                json!({"GroupIdList": [group.id], "ResponseFilter": {"GroupBasePublicInfoFilter": ["Name"]}});
            let found = user.call("million_group_open_http_svc.get_group_public_info", body).await.ok();
            assert_eq!(found["GroupInfo"][0]["SupportTopic"], expected, "{}", group.id);
        }
    }
    bob.quit(&plain).await;
    assert!(communities(&bob, false).await.is_empty());
    alice.dismiss(&forum).await;
    assert!(communities(&bob, true).await.is_empty());
}

#[tokio::test]
async fn who_waits_for_a_community_is_told_under_its_name_alone() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = community(&alice, "@TGS#_club", false).await;
    let club = alice.create_group_of("Public", "club").await;
    let body = json!({"GroupId": group.id, "ApplyJoinOption": "NeedPermission"});
    alice.call("million_group_open_http_svc.modify_group_base_info", body).await.ok();
    for group in [&group, &club] {
        assert_eq!(bob.try_join(group).await.ok()["JoinedStatus"], "WaitAdminApproval");
    }
    carol.try_join(&group).await.ok();
    let waiting = async |service: &str| {
        let body = json!({"StartTime": 0, "Limit": 1, "Handle_Account": "alice"});
        let page = alice.call(&format!("{service}.get_pendency"), body).await.ok();
        let group = |one: &Value| one["GroupId"].as_str().unwrap().to_owned();
        let groups: Vec<String> = page["PendencyList"].as_array().unwrap().iter().map(group).collect();
        (groups, page)
    };
    let (groups, page) = waiting("group_open_http_svc").await;
    assert_eq!((groups, &page["NextStartTime"]), (vec![club.id], &json!(0)));
    // All at once: the SDKs ask for a next page under the other name.
    let (groups, page) = waiting("million_group_open_http_svc").await;
    assert_eq!((groups, &page["NextStartTime"]), (vec![group.id.clone(), group.id.clone()], &json!(0)));
    let agree = json!({
        "GroupId": group.id, "Applicant_Account": "bob", "HandleMsg": "Agree", "ApprovalMsg": "",
        "Authentication": page["PendencyList"][0]["Authentication"],
    });
    alice.call("million_group_open_http_svc.handle_apply_join_group", agree).await.ok();
    assert_eq!(communities(&bob, false).await.len(), 1);
}

async fn page(user: &User, group: &Group, next: &str, more: Value) -> (Vec<String>, String) {
    let mut body = json!({"GroupId": group.id, "Next": next, "MemberInfoFilter": ["Role"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let page = user.call("million_group_open_http_svc.get_group_member_info", body).await.ok();
    let name = |member: &Value| member["Member_Account"].as_str().unwrap().to_owned();
    let names = page["MemberList"].as_array().unwrap().iter().map(name).collect();
    (names, page["Next"].as_str().unwrap().to_owned())
}

/// All pages, one behind the other.
async fn pages(user: &User, group: &Group, limit: usize, roles: Option<&[&str]>) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), "0".to_owned());
    loop {
        let mut more = json!({"Limit": limit});
        if let Some(roles) = roles {
            more["MemberRoleFilter"] = json!(roles);
        }
        let (names, then) = page(user, group, &next, more).await;
        assert!(names.len() == limit || then.is_empty(), "a page is as long as was asked");
        all.extend(names);
        if then.is_empty() {
            return all;
        }
        next = then;
    }
}

#[tokio::test]
async fn members_are_read_page_by_page_with_a_cursor() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = community(&alice, "@TGS#_club", false).await;
    let names = ["bob", "carol", "dave", "erin", "frank"];
    for name in names {
        gateway.clock.advance(Duration::from_millis(1500));
        gateway.user(name).await.join(&group).await;
    }
    for name in ["carol", "erin"] {
        alice.set_role(&group, name, "Admin").await.ok();
    }
    let all = ["alice", "bob", "carol", "dave", "erin", "frank"];
    for limit in [1, 2, 3, 6, 7] {
        assert_eq!(pages(&alice, &group, limit, None).await, all, "{limit}");
        for (roles, expected) in [
            (&["Owner"][..], &["alice"][..]),
            (&["Admin"], &["carol", "erin"]),
            (&["Owner", "Admin"], &["alice", "carol", "erin"]),
            (&["Member"], &["bob", "dave", "frank"]),
            (&["Admin", "Member"], &all[1..]),
        ] {
            assert_eq!(pages(&alice, &group, limit, Some(roles)).await, expected, "{roles:?} {limit}");
        }
    }
    // Who goes or comes meanwhile changes nothing about the others.
    let (first, next) = page(&alice, &group, "", json!({"Limit": 3})).await;
    assert_eq!(first, all[..3]);
    alice.kick(&group, &["carol", "dave"]).await.ok();
    gateway.clock.advance(Duration::from_millis(1500));
    gateway.user("grace").await.join(&group).await;
    assert_eq!(
        page(&alice, &group, &next, json!({})).await,
        (vec!["erin".into(), "frank".into(), "grace".into()], String::new())
    );
    for next in ["1", "x-1-alice", "0-x-alice", "1-1-", "-1-1-alice"] {
        let body = json!({"GroupId": group.id, "Next": next});
        let answer = alice.call("million_group_open_http_svc.get_group_member_info", body).await;
        answer.refused(ErrorCode::GROUP_BAD_PARAMETER);
    }
}

#[tokio::test]
async fn a_newcomer_reads_what_was_said_and_counts_what_is_said() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = community(&alice, "@TGS#_club", false).await;
    alice.send_text(&group, "before").await;
    bob.join(&group).await;
    alice.send_text(&group, "behind").await;
    bob.expect_message(&group, "behind").await;
    let texts: Vec<String> = bob.history_texts(&group).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["before", "behind"]);
    let list = bob.conversations().await;
    assert_eq!((&list[0]["ToAccount"], &list[0]["UnreadMsgCount"]), (&json!(group.id), &json!(1)));
    let body = json!({"GroupId": group.id, "MsgReadedSeq": list[0]["MsgSeq"]});
    bob.call("million_group_open_http_svc.msg_read_report", body).await.ok();
    assert_eq!(bob.conversations().await[0]["UnreadMsgCount"], 0);
}

#[tokio::test]
async fn a_community_has_as_many_places_as_the_operator_says() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.rules = gateway::services::group::RuleBook::new(|kind| {
                let max_members = (kind == GroupKind::Community).then_some(2);
                gateway::services::group::Overrides { max_members, ..Default::default() }
            });
        });
    })
    .await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = community(&alice, "@TGS#_club", false).await;
    bob.join(&group).await;
    carol.try_join(&group).await.refused(ErrorCode::GROUP_FULL);
    let body =
        json!({"GroupIdList": [group.id], "ResponseFilter": {"GroupBaseInfoFilter": ["MaxMemberNum"]}});
    let info = alice.call("million_group_open_http_svc.get_group_self_member_info", body).await.ok();
    assert_eq!(info["GroupInfo"][0]["MaxMemberNum"], 2);
}

//! Coming into a group about which somebody decides.

use std::time::Duration;

use gateway::services::group::{Overrides, RuleBook};
use protocol::ErrorCode;
use protocol::group::GroupKind;
use serde_json::{Value, json};
use tests::{Answer, Group, TestGateway, User};

const CREATE: &str = "group_open_http_svc.create_group";
const ADD: &str = "group_open_http_svc.add_group_member";
const WAITING: &str = "group_open_http_svc.get_pendency";
const DECIDE: &str = "group_open_http_svc.handle_apply_join_group";
const APPROVE: &str = "group_open_http_svc.handle_invite_join_permission_group";
const ANSWER: &str = "group_open_http_svc.handle_invite_join_group";

/// Asks to be let in.
async fn apply(user: &User, group: &Group, text: &str) -> Answer {
    let body = json!({"GroupId": group.id, "ApplyMsg": text, "UserDefinedField": "from the test"});
    user.call("group_open_http_svc.apply_join_group", body).await
}

async fn waiting(user: &User) -> Vec<Value> {
    let page =
        user.call(WAITING, json!({"StartTime": 0, "Limit": 20, "Handle_Account": user.name})).await.ok();
    assert_eq!(page["NextStartTime"], 0);
    page["PendencyList"].as_array().unwrap().clone()
}

async fn decide(user: &User, application: &Value, verdict: &str) -> Answer {
    let body = json!({
        "GroupId": application["GroupId"], "Applicant_Account": application["From_Account"], "HandleMsg": verdict,
        "ApprovalMsg": "because", "Authentication": application["Authentication"], "MsgKey": application["AddTime"],
    });
    user.call(DECIDE, body).await
}

async fn make_admin(owner: &User, group: &Group, user: &str, role: &str) {
    let body = json!({"GroupId": group.id, "Member_Account": user, "Role": role});
    owner.call("group_open_http_svc.modify_group_member_info", body).await.ok();
}

#[tokio::test]
async fn one_who_applies_waits_and_is_let_in() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Public", "club").await;
    assert_eq!(apply(&bob, &group, "please").await.ok()["JoinedStatus"], "WaitAdminApproval");
    let notice = alice.expect_notice(&group, 1).await;
    assert_eq!(notice["MsgBody"]["Operator_Account"], "bob");
    assert_eq!(notice["MsgBody"]["RemarkInfo"], "please");
    assert_eq!(notice["MsgBody"]["UserDefinedField"], "from the test");
    assert_eq!(alice.members(&group).await, ["alice"]);
    bob.history_page(&group, 0).await.refused(ErrorCode::GROUP_NOT_ALLOWED);

    // Once, also to one who asks again, and after a restart.
    assert_eq!(apply(&bob, &group, "please!").await.ok()["JoinedStatus"], "WaitAdminApproval");
    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let list = waiting(&alice).await;
    assert_eq!(list.len(), 1, "{list:?}");
    let application = &list[0];
    assert_eq!(application["From_Account"], "bob");
    assert_eq!(application["To_Account"], "alice");
    assert_eq!(application["GroupName"], notice["GroupInfo"]["GroupName"]);
    assert_eq!(application["Handled"], 0);
    assert_eq!(application["ApplyInviteMsg"], "please");
    assert_eq!(application["UserDefinedField"], "from the test");
    assert_eq!(application["PendencyType"], 0);
    assert_eq!(application["Authentication"], notice["MsgBody"]["Authentication"]);
    assert_eq!(application["AddTime"], notice["MsgBody"]["MsgKey"]);
    let communities = alice.call("million_group_open_http_svc.get_pendency", json!({})).await.ok();
    assert_eq!((&communities["PendencyList"], &communities["NextStartTime"]), (&json!([]), &json!(0)));

    decide(&alice, application, "Agree").await.ok();
    let accepted = bob.expect_notice(&group, 2).await;
    assert_eq!(accepted["MsgBody"]["Operator_Account"], "alice");
    assert_eq!(accepted["MsgBody"]["RemarkInfo"], "because");
    alice.expect_tip(&group, 1).await;
    assert_eq!(alice.members(&group).await, ["alice", "bob"]);
    assert!(waiting(&alice).await.is_empty());
    for verdict in ["Agree", "Reject"] {
        decide(&alice, application, verdict).await.refused(ErrorCode::APPLICATION_DECIDED);
    }
    apply(&bob, &group, "").await.refused(ErrorCode::ALREADY_MEMBER);
}

#[tokio::test]
async fn one_who_is_rejected_may_ask_again() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Public", "club").await;
    apply(&bob, &group, "one").await.ok();
    decide(&alice, &waiting(&alice).await[0], "Reject").await.ok();
    let rejected = bob.expect_notice(&group, 3).await;
    assert_eq!(rejected["MsgBody"]["RemarkInfo"], "because");
    assert_eq!(alice.members(&group).await, ["alice"]);
    assert!(waiting(&alice).await.is_empty());
    apply(&bob, &group, "two").await.ok();
    let list = waiting(&alice).await;
    assert_eq!((list.len(), &list[0]["ApplyInviteMsg"]), (1, &json!("two")));
}

#[tokio::test]
async fn the_owner_and_admins_decide_and_nobody_else() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol, dave] = gateway.users(["alice", "bob", "carol", "dave"]).await;
    let body = json!({"Type": "Public", "Name": "club", "GroupId": "club", "MemberList": [
        {"Member_Account": "bob"}, {"Member_Account": "carol"}]});
    alice.call(CREATE, body).await.ok();
    let group = Group { id: "club".into() };
    apply(&dave, &group, "").await.ok();
    let application = waiting(&alice).await.remove(0);
    assert!(waiting(&bob).await.is_empty());
    for user in [&bob, &dave] {
        decide(user, &application, "Agree").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    }
    // Who becomes an admin finds what waits; who ceases to be one does not.
    make_admin(&alice, &group, "bob", "Admin").await;
    let of_bob = waiting(&bob).await;
    assert_eq!((of_bob.len(), &of_bob[0]["To_Account"]), (1, &json!("bob")));
    make_admin(&alice, &group, "bob", "Member").await;
    assert!(waiting(&bob).await.is_empty());
    decide(&bob, &application, "Agree").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    // So does a new owner.
    let body = json!({"GroupId": "club", "NewOwner_Account": "carol"});
    alice.call("group_open_http_svc.change_group_owner", body).await.ok();
    assert!(waiting(&alice).await.is_empty());
    decide(&carol, &waiting(&carol).await[0], "Agree").await.ok();
    dave.expect_notice(&group, 2).await;
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_does() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let body = json!({"Type": "Public", "Name": "club", "GroupId": "club",
        "MemberList": [{"Member_Account": "bob", "Role": "Admin"}]});
    alice.call(CREATE, body).await.ok();
    let group = Group { id: "club".into() };
    for _ in 0..10 {
        apply(&carol, &group, "").await.ok();
        let application = waiting(&alice).await.remove(0);
        let (agreed, rejected) =
            tokio::join!(decide(&alice, &application, "Agree"), decide(&bob, &application, "Reject"));
        let mut codes = [agreed.code(), rejected.code()];
        let is_in = codes[0] == 0;
        codes.sort_unstable();
        assert_eq!(codes, [0, ErrorCode::APPLICATION_DECIDED.0]);
        assert_eq!(alice.members(&group).await.contains(&"carol".to_owned()), is_in);
        carol.expect_notice(&group, if is_in { 2 } else { 3 }).await;
        if is_in {
            carol.quit(&group).await;
        }
    }
}

#[tokio::test]
async fn an_application_is_named_rightly() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Public", "club").await;
    apply(&bob, &group, "").await.ok();
    let application = waiting(&alice).await.remove(0);
    let token = application["Authentication"].as_str().unwrap();
    let other = token.replacen(&token[1..3], if &token[1..3] == "00" { "11" } else { "00" }, 1);
    for (name, value, code) in [
        ("Authentication", json!(other), ErrorCode::APPLICATION_DECIDED),
        ("Authentication", json!(""), ErrorCode::GROUP_BAD_PARAMETER),
        ("Authentication", json!("0-bob"), ErrorCode::GROUP_BAD_PARAMETER),
        ("Authentication", json!("9f-bob"), ErrorCode::GROUP_BAD_PARAMETER),
        ("From_Account", json!("alice"), ErrorCode::GROUP_BAD_PARAMETER),
        ("GroupId", json!("nowhere"), ErrorCode::GROUP_MISSING),
    ] {
        let mut wrong = application.clone();
        wrong[name] = value;
        decide(&alice, &wrong, "Agree").await.refused(code);
    }
    decide(&alice, &application, "Perhaps").await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    decide(&alice, &application, "Agree").await.ok();
}

#[tokio::test]
async fn a_member_proposes_and_the_owner_decides() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol, dave] = gateway.users(["alice", "bob", "carol", "dave"]).await;
    let body = json!({"Type": "Public", "Name": "club", "GroupId": "club", "InviteJoinOption": "NeedPermission",
        "MemberList": [{"Member_Account": "bob"}]});
    alice.call(CREATE, body).await.ok();
    let group = Group { id: "club".into() };
    let invite = |user: &str| json!({"GroupId": "club", "MemberList": [{"Member_Account": user}]});
    for user in ["carol", "dave"] {
        let added = bob.call(ADD, invite(user)).await.ok();
        assert_eq!(added["MemberList"], json!([{"Member_Account": user, "Result": 3}]));
        let notice = alice.expect_notice(&group, 1).await;
        assert_eq!(notice["MsgBody"]["Operator_Account"], "bob");
        assert_eq!(notice["MsgBody"]["List_Account"], json!([user]));
    }
    assert_eq!(alice.members(&group).await, ["alice", "bob"]);
    let [first, second] = <[Value; 2]>::try_from(waiting(&alice).await).unwrap();
    assert_eq!((&first["From_Account"], &first["To_Account"]), (&json!("bob"), &json!("carol")));
    assert_eq!(first["PendencyType"], 2);
    let body = json!({
        "GroupId": "club", "Applicant_Account": "bob", "Invited_Account": "carol", "HandleMsg": "Agree",
        "Authentication": first["Authentication"],
    });
    alice.call(APPROVE, body.clone()).await.ok();
    carol.expect_notice(&group, 7).await;
    alice.call(APPROVE, body).await.refused(ErrorCode::APPLICATION_DECIDED);
    // As the SDKs answer the notice about it.
    decide(&alice, &second, "Reject").await.ok();
    assert_eq!(alice.members(&group).await, ["alice", "bob", "carol"]);
    // The owner asks nobody.
    let added = alice.call(ADD, invite("dave")).await.ok();
    assert_eq!(added["MemberList"][0]["Result"], 1);
    dave.expect_notice(&group, 7).await;
}

/// Whether one who is invited is asked is the operator's to say.
async fn asking() -> TestGateway {
    TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.rules = RuleBook::new(|kind| Overrides {
                asks_invited: Some(kind == GroupKind::Public),
                ..Overrides::default()
            });
        });
    })
    .await
}

#[tokio::test]
async fn one_who_is_invited_says_whether_they_come() {
    let gateway = asking().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let body =
        json!({"Type": "Public", "Name": "club", "GroupId": "club", "InviteJoinOption": "NeedPermission"});
    alice.call(CREATE, body).await.ok();
    let group = Group { id: "club".into() };
    let body =
        json!({"GroupId": "club", "MemberList": [{"Member_Account": "bob"}, {"Member_Account": "carol"}]});
    let added = alice.call(ADD, body).await.ok();
    assert_eq!(
        (&added["MemberList"][0]["Result"], &added["MemberList"][1]["Result"]),
        (&json!(3), &json!(3))
    );
    for (user, verdict) in [(&bob, "Agree"), (&carol, "Reject")] {
        let notice = user.expect_notice(&group, 12).await;
        let application = waiting(user).await.remove(0);
        assert_eq!(
            (&application["From_Account"], &application["PendencyType"]),
            (&json!("alice"), &json!(1))
        );
        let body = json!({
            "GroupId": "club", "Inviter_Account": "alice", "HandleMsg": verdict,
            "Authentication": notice["MsgBody"]["Authentication"], "MsgKey": notice["MsgBody"]["MsgKey"],
        });
        alice.call(ANSWER, body.clone()).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        user.call(ANSWER, body).await.ok();
        assert!(waiting(user).await.is_empty());
    }
    assert_eq!(alice.members(&group).await, ["alice", "bob"]);
    // A member's invitation is approved first.
    let body = json!({"GroupId": "club", "MemberList": [{"Member_Account": "carol"}]});
    assert_eq!(bob.call(ADD, body).await.ok()["MemberList"][0]["Result"], 3);
    assert!(waiting(&carol).await.is_empty());
    decide(&alice, &waiting(&alice).await[0], "Agree").await.ok();
    let application = waiting(&carol).await.remove(0);
    assert_eq!(application["From_Account"], "bob");
    let body = json!({"GroupId": "club", "Inviter_Account": "bob", "HandleMsg": "Agree",
        "Authentication": application["Authentication"]});
    carol.call(ANSWER, body).await.ok();
    assert_eq!(alice.members(&group).await, ["alice", "bob", "carol"]);
}

#[tokio::test]
async fn options_change_and_what_waits_goes_with_who_comes_in() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group_of("Public", "club").await;
    let set = async |option: &str| {
        let body = json!({"GroupId": "club", "ApplyJoinOption": option});
        alice.call("group_open_http_svc.modify_group_base_info", body).await.ok();
    };
    apply(&bob, &group, "").await.ok();
    let application = waiting(&alice).await.remove(0);
    set("FreeAccess").await;
    assert_eq!(apply(&bob, &group, "").await.ok()["JoinedStatus"], "JoinedSuccess");
    assert!(waiting(&alice).await.is_empty());
    decide(&alice, &application, "Agree").await.refused(ErrorCode::APPLICATION_DECIDED);
    set("DisableApply").await;
    apply(&carol, &group, "").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    // A Meeting may ask for approval too.
    let meeting = alice.create_group("meeting").await;
    let body = json!({"GroupId": "meeting", "ApplyJoinOption": "NeedPermission"});
    alice.call("group_open_http_svc.modify_group_base_info", body).await.ok();
    assert_eq!(apply(&carol, &meeting, "").await.ok()["JoinedStatus"], "WaitAdminApproval");
    alice.expect_notice(&meeting, 1).await;
    // Nothing waits in a group that is gone.
    alice.call("group_open_http_svc.destroy_group", json!({"GroupId": "meeting"})).await.ok();
    assert!(waiting(&alice).await.is_empty());
}

#[tokio::test]
async fn so_many_wait_and_no_more_and_they_are_read_in_pages() {
    const MOST: usize = 5;
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.applications_per_group = MOST)
    })
    .await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group_of("Public", "club").await;
    let names: Vec<String> = (0..MOST + 2).map(|number| format!("user{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let answer = apply(&gateway.user(name).await, &group, "").await;
        if number < MOST {
            answer.ok();
        } else {
            answer.refused(ErrorCode::GROUP_BAD_PARAMETER);
        }
    }
    let (mut start, mut read, mut pages) = (json!(0), Vec::new(), 0);
    loop {
        let page = alice.call(WAITING, json!({"StartTime": start, "Limit": 2})).await.ok();
        read.extend(page["PendencyList"].as_array().unwrap().iter().map(|one| one["From_Account"].clone()));
        pages += 1;
        start = page["NextStartTime"].clone();
        if start == 0 {
            break;
        }
    }
    assert_eq!((read, pages), (names[..MOST].iter().map(|name| json!(name)).collect::<Vec<_>>(), 3));
    // One who goes makes room.
    decide(&alice, &waiting(&alice).await[0], "Reject").await.ok();
    apply(&gateway.user("user6").await, &group, "").await.ok();
}

#[tokio::test]
async fn one_who_applies_all_the_time_is_slowed_down() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.rates.applications.burst = 3;
        });
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    for number in 0..4 {
        let group = alice.create_group_of("Public", &format!("club{number}")).await;
        let answer = apply(&bob, &group, "").await;
        if number < 3 {
            answer.ok();
        } else {
            answer.refused(ErrorCode::GROUP_TOO_OFTEN);
        }
    }
    assert_eq!(waiting(&alice).await.len(), 3);
}

/// Others make entries in the list of whoever is invited.
#[tokio::test]
async fn so_many_are_asked_in_an_hour_and_no_more() {
    let mut gateway = asking().await;
    gateway.configure(|config| config.apps.set(|settings| settings.limits.invitations_per_hour = 2));
    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    for number in 0..3 {
        let body = json!({"Type": "Public", "Name": "n", "GroupId": format!("party{number}"),
            "InviteJoinOption": "FreeAccess"});
        alice.call(CREATE, body).await.ok();
        let body = json!({"GroupId": format!("party{number}"), "MemberList": [{"Member_Account": "bob"}]});
        let added = alice.call(ADD, body).await.ok();
        assert_eq!(added["MemberList"][0]["Result"], if number < 2 { 3 } else { 0 });
    }
    assert_eq!(waiting(&bob).await.len(), 2);
}

/// The group changes while somebody applies: they are not refused for it.
#[tokio::test]
async fn a_group_that_changes_takes_applications() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Public", "club").await;
    let change = async {
        for number in 0..20 {
            let body = json!({"GroupId": "club", "Introduction": format!("{number}")});
            alice.call("group_open_http_svc.modify_group_base_info", body).await.ok();
        }
    };
    let applied = async {
        for _ in 0..10 {
            apply(&bob, &group, "").await.ok();
            let application = waiting(&alice).await.remove(0);
            decide(&alice, &application, "Reject").await.ok();
        }
    };
    tokio::join!(change, applied);
}

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn what_nobody_decides_about_is_over_some_day() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.limits.application_days = 3;
            settings.limits.applications_per_group = 2;
        });
    })
    .await;
    let [alice, bob, carol, dave] = gateway.users(["alice", "bob", "carol", "dave"]).await;
    let group = alice.create_group_of("Public", "club").await;
    apply(&bob, &group, "one").await.ok();
    let of_bob = waiting(&alice).await.remove(0);
    gateway.clock.advance(DAY * 2);
    apply(&carol, &group, "two").await.ok();
    apply(&dave, &group, "three").await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    gateway.clock.advance(DAY + Duration::from_secs(1));
    // It can be decided about no more, and makes room.
    decide(&alice, &of_bob, "Agree").await.refused(ErrorCode::APPLICATION_DECIDED);
    assert_eq!(alice.members(&group).await, ["alice"]);
    apply(&dave, &group, "three").await.ok();
    let list = waiting(&alice).await;
    let names: Vec<&str> = list.iter().map(|one| one["From_Account"].as_str().unwrap()).collect();
    assert_eq!(names, ["carol", "dave"]);
    // Also when nobody has looked at it since; and who applied may apply anew.
    gateway.clock.advance(DAY * 2);
    apply(&carol, &group, "two again").await.ok();
    alice.expect_notice(&group, 1).await;
    gateway.clock.advance(DAY + Duration::from_secs(1));
    apply(&bob, &group, "one again").await.ok();
    let list = waiting(&alice).await;
    let texts: Vec<&str> = list.iter().map(|one| one["ApplyInviteMsg"].as_str().unwrap()).collect();
    assert_eq!(texts, ["two again", "one again"]);
    decide(&alice, &list[1], "Agree").await.ok();
    assert_eq!(alice.members(&group).await, ["alice", "bob"]);
}

/// Others make them, so what waits is bounded, and not only what comes in an hour.
#[tokio::test]
async fn so_many_invitations_wait_for_a_user_and_no_more() {
    let mut gateway = asking().await;
    gateway.configure(|config| {
        config.apps.set(|settings| {
            (settings.limits.invitations_per_user, settings.limits.application_days) = (2, 1);
        });
    });
    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let invite = async |party: &str| {
        let body = json!({"Type": "Public", "Name": "n", "GroupId": party, "InviteJoinOption": "FreeAccess"});
        alice.call(CREATE, body).await.ok();
        let body = json!({"GroupId": party, "MemberList": [{"Member_Account": "bob"}]});
        alice.call(ADD, body).await.ok()["MemberList"][0]["Result"].as_u64().unwrap()
    };
    let answer = async |application: &Value, verdict: &str| {
        let body = json!({"GroupId": application["GroupId"], "Inviter_Account": "alice", "HandleMsg": verdict,
            "Authentication": application["Authentication"]});
        bob.call(ANSWER, body).await.ok();
    };
    assert_eq!([invite("one").await, invite("two").await, invite("three").await], [3, 3, 0]);
    assert_eq!(waiting(&bob).await.len(), 2);
    // One that is answered makes room.
    answer(&waiting(&bob).await[0], "Reject").await;
    assert_eq!([invite("four").await, invite("five").await], [3, 0]);
    answer(&waiting(&bob).await[0], "Agree").await;
    assert_eq!([invite("six").await, invite("seven").await], [3, 0]);
    // So does one of a group that is gone, and one that nobody answered for long.
    gateway.clock.advance(Duration::from_secs(120));
    alice.dismiss(&Group { id: "four".into() }).await;
    assert_eq!([invite("eight").await, invite("nine").await], [3, 0]);
    gateway.clock.advance(DAY + Duration::from_secs(1));
    assert_eq!([invite("ten").await, invite("eleven").await, invite("twelve").await], [3, 3, 0]);
    let names: Vec<Value> = waiting(&bob).await.into_iter().map(|one| one["GroupId"].clone()).collect();
    assert_eq!(names, [json!("ten"), json!("eleven")]);
}

/// The approval and the question to the invited person are one step: either both happened or none.
#[tokio::test]
async fn an_approval_that_cannot_ask_the_invited_person_leaves_the_application_open() {
    let mut gateway = asking().await;
    gateway.configure(|config| config.apps.set(|settings| settings.limits.invitations_per_user = 1));
    gateway.restart().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let create = |id: &str| json!({"Type": "Public", "Name": "n", "GroupId": id, "InviteJoinOption": "NeedPermission"});
    for id in ["club", "other"] {
        alice.call(CREATE, create(id)).await.ok();
    }
    apply(&bob, &Group { id: "club".into() }, "").await.ok();
    decide(&alice, &waiting(&alice).await[0], "Agree").await.ok();
    let invite = |id: &str| json!({"GroupId": id, "MemberList": [{"Member_Account": "carol"}]});
    assert_eq!(bob.call(ADD, invite("club")).await.ok()["MemberList"][0]["Result"], 3);
    assert_eq!(alice.call(ADD, invite("other")).await.ok()["MemberList"][0]["Result"], 3);
    let proposal = waiting(&alice).await.remove(0);
    decide(&alice, &proposal, "Agree").await.refused(ErrorCode::TOO_MANY_GROUPS);
    assert_eq!(waiting(&alice).await, std::slice::from_ref(&proposal));
    // As soon as the invited person has room it can be approved, once.
    let other = waiting(&carol).await.remove(0);
    let answer = |asked: &Value, by: &str, verdict: &str| {
        json!({"GroupId": asked["GroupId"], "Inviter_Account": by, "HandleMsg": verdict,
            "Authentication": asked["Authentication"]})
    };
    carol.call(ANSWER, answer(&other, "alice", "Reject")).await.ok();
    decide(&alice, &proposal, "Agree").await.ok();
    decide(&alice, &proposal, "Agree").await.refused(ErrorCode::APPLICATION_DECIDED);
    let asked = waiting(&carol).await.remove(0);
    assert_eq!(asked["From_Account"], "bob");
    carol.call(ANSWER, answer(&asked, "bob", "Agree")).await.ok();
    let group = Group { id: "club".into() };
    assert_eq!(alice.members(&group).await, ["alice", "bob", "carol"]);
}

#[tokio::test]
async fn all_admins_are_told_and_there_are_so_many_and_no_more() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.admins_per_group = 2);
    })
    .await;
    let [alice, bob, carol, dave, eve] = gateway.users(["alice", "bob", "carol", "dave", "eve"]).await;
    let create = |admins: &[&str]| {
        let members: Value = ["bob", "carol", "dave"]
            .iter()
            .map(|name| {
                json!({"Member_Account": name, "Role": if admins.contains(name) { "Admin" } else { "Member" }})
            })
            .collect();
        json!({"Type": "Public", "Name": "club", "GroupId": "club", "MemberList": members})
    };
    alice.call(CREATE, create(&["bob", "carol", "dave"])).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    alice.call(CREATE, create(&["bob"])).await.ok();
    let group = Group { id: "club".into() };
    for _ in 0..5 {
        let (one, other) =
            tokio::join!(alice.set_role(&group, "carol", "Admin"), alice.set_role(&group, "dave", "Admin"));
        let mut codes = [one.code(), other.code()];
        let admin = if codes[0] == 0 { "carol" } else { "dave" };
        codes.sort_unstable();
        assert_eq!(codes, [0, ErrorCode::GROUP_BAD_PARAMETER.0]);
        // One who is an admin stays one.
        alice.set_role(&group, admin, "Admin").await.ok();
        alice.set_role(&group, admin, "Member").await.ok();
    }
    alice.set_role(&group, "dave", "Admin").await.ok();
    apply(&eve, &group, "please").await.ok();
    for user in [&alice, &bob, &dave] {
        let notice = user.expect_notice(&group, 1).await;
        assert_eq!(notice["MsgBody"]["Operator_Account"], "eve");
        assert_eq!(waiting(user).await.len(), 1);
    }
    assert!(waiting(&carol).await.is_empty());
}

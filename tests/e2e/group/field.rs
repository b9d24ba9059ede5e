//! The fields of groups and members that the application defines: which there are, who writes them, and who is told.

use gateway::services::group::{FieldBook, FieldRule, Standing};
use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Group, TestGateway, User};

const CREATE: &str = "group_open_http_svc.create_group";
const MODIFY: &str = "group_open_http_svc.modify_group_base_info";
const MODIFY_MEMBER: &str = "group_open_http_svc.modify_group_member_info";

fn rule(key: &str, reads: Standing, writes: Option<Standing>) -> FieldRule {
    FieldRule { key: key.to_owned(), reads, writes }
}

/// A gateway whose application has defined what groups and members have.
async fn defined() -> TestGateway {
    let book = FieldBook {
        group: Some(vec![
            rule("level", Standing::Anybody, Some(Standing::Owner)),
            rule("mood", Standing::Member, Some(Standing::Member)),
            rule("notes", Standing::Admin, None),
            rule("price", Standing::Member, Some(Standing::Administrator)),
        ]),
        member: Some(vec![
            rule("team", Standing::Member, None),
            rule("badge", Standing::Member, Some(Standing::Admin)),
            rule("file", Standing::Admin, Some(Standing::Admin)),
        ]),
    };
    TestGateway::start_with(|config| config.apps.set(|settings| settings.fields = book.clone())).await
}

fn fields(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// The keys of the fields, sorted.
fn keys(fields: &Value) -> Vec<String> {
    let list = fields.as_array().into_iter().flatten();
    let mut keys: Vec<String> = list.map(|field| field["Key"].as_str().unwrap().to_owned()).collect();
    keys.sort_unstable();
    keys
}

const GROUP_KEYS: [&str; 4] = ["level", "mood", "notes", "price"];
const MEMBER_KEYS: [&str; 3] = ["team", "badge", "file"];

/// Which fields of the group a user finds, and which of a member.
async fn found(user: &User, group: &Group, member: &str) -> (Vec<String>, Vec<String>) {
    let body = json!({"GroupIdList": [group.id], "ResponseFilter": {
        "GroupBaseInfoFilter": ["Name"], "AppDefinedDataFilter_Group": GROUP_KEYS}});
    let read = user.call("group_open_http_svc.get_group_self_member_info", body).await.ok();
    let of_group = keys(&read["GroupInfo"][0]["AppDefinedData"]);
    let body = json!({"GroupId": group.id, "Member_List_Account": [member], "MemberInfoFilter": ["Role"],
        "AppDefinedDataFilter_GroupMember": MEMBER_KEYS});
    let read = user.call("group_open_http_svc.get_specified_group_member_info", body).await.ok();
    (of_group, keys(&read["MemberList"][0]["AppMemberDefinedData"]))
}

async fn write(user: &User, group: &Group, pairs: &[(&str, &str)]) -> tests::Answer {
    user.call(MODIFY, json!({"GroupId": group.id, "AppDefinedData": fields(pairs)})).await
}

async fn write_member(user: &User, group: &Group, member: &str, pairs: &[(&str, &str)]) -> tests::Answer {
    let body = json!({"GroupId": group.id, "Member_Account": member, "AppMemberDefinedData": fields(pairs)});
    user.call(MODIFY_MEMBER, body).await
}

#[tokio::test]
async fn only_what_is_defined_is_written() {
    let gateway = defined().await;
    let alice = gateway.user("alice").await;
    let create = |of_group: Value, of_member: Value| {
        json!({"Type": "Public", "Name": "n", "GroupId": "club", "AppDefinedData": of_group,
            "MemberList": [{"Member_Account": "bob", "AppMemberDefinedData": of_member}]})
    };
    let none = fields(&[]);
    for body in [create(fields(&[("other", "v")]), none.clone()), create(none, fields(&[("other", "v")]))] {
        alice.call(CREATE, body).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    }
    let body = create(fields(&[("level", "3"), ("notes", "n")]), fields(&[("badge", "gold")]));
    alice.call(CREATE, body).await.ok();
    let group = Group { id: "club".into() };
    write(&alice, &group, &[("mood", "good"), ("other", "v")]).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    write_member(&alice, &group, "alice", &[("other", "v")]).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    // What a definition from before has left can be deleted.
    write(&alice, &group, &[("other", "")]).await.ok();
    let (of_group, of_member) = found(&alice, &group, "bob").await;
    assert_eq!(
        (of_group, of_member),
        (vec!["level".to_owned(), "notes".to_owned()], vec!["badge".to_owned()])
    );
}

#[tokio::test]
async fn each_field_says_who_writes_it() {
    let gateway = defined().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let body = json!({"Type": "Public", "Name": "n", "GroupId": "club", "MemberList": [
        {"Member_Account": "bob", "Role": "Admin"}, {"Member_Account": "carol"}]});
    alice.call(CREATE, body).await.ok();
    let group = Group { id: "club".into() };
    // The owner's own, and that of back ends.
    for user in [&bob, &carol] {
        write(user, &group, &[("level", "1")]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    }
    write(&alice, &group, &[("level", "1")]).await.ok();
    write(&alice, &group, &[("price", "1")]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    // Whoever changes the profile, where nothing is said.
    write(&carol, &group, &[("notes", "n")]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    write(&bob, &group, &[("notes", "n")]).await.ok();
    // Any member, but nothing beside it.
    write(&carol, &group, &[("mood", "good")]).await.ok();
    write(&carol, &group, &[("mood", "bad"), ("notes", "x")]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    let body = json!({"GroupId": "club", "Name": "mine", "AppDefinedData": fields(&[("mood", "bad")])});
    carol.call(MODIFY, body).await.refused(ErrorCode::GROUP_NOT_ALLOWED);

    write_member(&carol, &group, "carol", &[("team", "red")]).await.ok();
    write_member(&carol, &group, "carol", &[("badge", "gold")]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    write_member(&bob, &group, "carol", &[("badge", "gold"), ("file", "late")]).await.ok();
    write_member(&bob, &group, "alice", &[("badge", "gold")]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    write_member(&carol, &group, "bob", &[("team", "blue")]).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
}

#[tokio::test]
async fn each_is_told_what_they_may_read_wherever_it_stands() {
    let gateway = defined().await;
    let [alice, bob, eve] = gateway.users(["alice", "bob", "eve"]).await;
    let body = json!({"Type": "Public", "Name": "n", "GroupId": "club",
        "AppDefinedData": fields(&[("level", "3"), ("mood", "good"), ("notes", "n")]),
        "MemberList": [{"Member_Account": "bob", "AppMemberDefinedData": fields(&[("team", "red"), ("file", "late")])}]});
    alice.call(CREATE, body).await.ok();
    let group = Group { id: "club".into() };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        found(&alice, &group, "bob").await,
        (names(&["level", "mood", "notes"]), names(&["file", "team"]))
    );
    assert_eq!(found(&bob, &group, "bob").await, (names(&["level", "mood"]), names(&["team"])));
    // Lists of groups and of members.
    let body =
        json!({"Limit": 20, "ResponseFilter": {"GroupBaseInfoFilter": ["Name"], "SelfInfoFilter": ["Role"]}});
    let list = bob.call("group_open_http_svc.get_joined_group_list", body).await.ok();
    assert_eq!(keys(&list["GroupIdList"][0]["AppDefinedData"]), ["level", "mood"]);
    let body = json!({"GroupId": "club", "Limit": 20, "Offset": 0, "MemberInfoFilter": ["Role"],
        "AppDefinedDataFilter_GroupMember": MEMBER_KEYS});
    let list = bob.call("group_open_http_svc.get_group_member_info", body.clone()).await.ok();
    assert_eq!(keys(&list["MemberList"][1]["AppMemberDefinedData"]), ["team"]);
    let list = gateway.admin().call("group_open_http_svc.get_group_member_info", body).await.ok();
    assert_eq!(keys(&list["MemberList"][1]["AppMemberDefinedData"]), ["file", "team"]);
    let body = json!({"GroupIdList": ["club"], "ResponseFilter": {"GroupBaseInfoFilter": ["Name"],
        "MemberInfoFilter": ["Role"], "AppDefinedDataFilter_Group": ["notes", "mood"],
        "AppDefinedDataFilter_GroupMember": ["file"]}});
    let all = gateway.admin().call("group_open_http_svc.get_group_info", body).await.ok();
    assert_eq!(keys(&all["GroupInfo"][0]["AppDefinedData"]), ["mood", "notes"]);
    assert_eq!(keys(&all["GroupInfo"][0]["MemberList"][1]["AppMemberDefinedData"]), ["file"]);
    // One who is no member is told what is for anybody.
    let body = json!({"GroupIdList": ["club"], "ResponseFilter": {
        "GroupBasePublicInfoFilter": ["Name"], "AppDefinedDataFilter_Group": GROUP_KEYS}});
    let public = eve.call("group_open_http_svc.get_group_public_info", body).await.ok();
    assert_eq!(keys(&public["GroupInfo"][0]["AppDefinedData"]), ["level"]);

    // A tip is for all members.
    write(&alice, &group, &[("mood", "bad"), ("notes", "secret")]).await.ok();
    let tip = bob.expect_tip(&group, 6).await;
    let told = &tip["MsgBody"]["MsgGroupNewInfo"]["MsgAppDefinedData"];
    assert_eq!(told, &fields(&[("mood", "bad")]));
    write(&alice, &group, &[("notes", "more")]).await.ok();
    assert!(!bob.history(&group).await.iter().any(|item| item.to_string().contains("secret")));
    alice.send_text(&group, "after it").await;
    bob.expect_message(&group, "after it").await;
    let is_tip = |event: &tests::Event| {
        event.value["Event"] == 4 && event.value["GroupTips"][0]["MsgBody"]["OpType"] == 6
    };
    assert_eq!(bob.socket.events().iter().filter(|event| is_tip(event)).count(), 1);
}

/// Without a definition any key will do, and nobody outside is told of it.
#[tokio::test]
async fn where_nothing_is_defined_all_members_read_and_no_one_else() {
    let gateway = TestGateway::start().await;
    let [alice, bob, eve] = gateway.users(["alice", "bob", "eve"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    write(&alice, &group, &[("level", "1"), ("anything", "2")]).await.ok();
    write_member(&bob, &group, "bob", &[("file", "late")]).await.ok();
    assert_eq!(found(&bob, &group, "bob").await, (vec!["level".to_owned()], vec!["file".to_owned()]));
    let body = json!({"GroupIdList": ["room"], "ResponseFilter": {
        "GroupBasePublicInfoFilter": ["Name"], "AppDefinedDataFilter_Group": GROUP_KEYS}});
    let public = eve.call("group_open_http_svc.get_group_public_info", body).await.ok();
    assert!(keys(&public["GroupInfo"][0]["AppDefinedData"]).is_empty());
}

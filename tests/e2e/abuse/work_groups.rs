//! Work groups are for those whom their members bring in: nobody else gets in, or learns anything of them.

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Group, TestGateway, User};

const MODIFY: &str = "group_open_http_svc.modify_group_base_info";
const PUBLIC_INFO: &str = "group_open_http_svc.get_group_public_info";

async fn told(user: &User, group: &Group, filter: Option<Value>) -> Value {
    let mut body = json!({"GroupIdList": [group.id]});
    if let Some(filter) = filter {
        body["ResponseFilter"] = filter;
    }
    user.call(PUBLIC_INFO, body).await.ok()["GroupInfo"][0].clone()
}

#[tokio::test]
async fn nobody_opens_a_work_group_for_those_who_apply() {
    let gateway = TestGateway::start().await;
    let [alice, bob, mallory] = gateway.users(["alice", "bob", "mallory"]).await;
    let group = alice.create_group_of("Private", "office").await;
    let members = json!({"GroupId": group.id, "MemberList": [{"Member_Account": "bob"}]});
    alice.call("group_open_http_svc.add_group_member", members).await.ok();
    for member in [&alice, &bob] {
        let open = json!({"GroupId": group.id, "ApplyJoinOption": "FreeAccess"});
        member.call(MODIFY, open).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        // The rest of a profile is any member's, and so is what changes nothing.
        let closed = json!({"GroupId": group.id, "Name": "n", "ApplyJoinOption": "DisableApply"});
        member.call(MODIFY, closed).await.ok();
    }
    mallory.try_join(&group).await.refused(ErrorCode::GROUP_NOT_ALLOWED);

    // Who makes one can say what they like.
    let body = json!({"Type": "Private", "Name": "n", "GroupId": "open", "ApplyJoinOption": "FreeAccess"});
    alice.call("group_open_http_svc.create_group", body).await.ok();
    let open = Group { id: "open".to_owned() };
    mallory.try_join(&open).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    assert_eq!(told(&alice, &open, None).await["ApplyJoinOption"], "DisableApply");
}

#[tokio::test]
async fn a_work_group_has_no_admins_from_the_beginning() {
    let gateway = TestGateway::start().await;
    let [alice, _bob] = gateway.users(["alice", "bob"]).await;
    let members = json!([{"Member_Account": "bob", "Role": "Admin"}]);
    let body = json!({"Type": "Private", "Name": "n", "GroupId": "office", "MemberList": members});
    let refused = alice.call("group_open_http_svc.create_group", body.clone()).await;
    let refused = refused.refused(ErrorCode::GROUP_BAD_PARAMETER);
    assert_eq!(refused["ErrorInfo"], "MemberList: Role must be Member: groups of this type have no admins");
    gateway
        .admin()
        .call("group_open_http_svc.create_group", body)
        .await
        .refused(ErrorCode::GROUP_BAD_PARAMETER);
    assert!(alice.joined().await.is_empty());
    let body = json!({"Type": "ChatRoom", "Name": "n", "GroupId": "lobby", "MemberList": members});
    alice.call("group_open_http_svc.create_group", body).await.ok();
}

#[tokio::test]
async fn strangers_do_not_find_a_work_group_and_know_of_others_what_a_search_tells() {
    let gateway = TestGateway::start().await;
    let [alice, mallory] = gateway.users(["alice", "mallory"]).await;
    let office = alice.create_group_of("Private", "office").await;
    let lobby = alice.create_group("lobby").await;
    let custom = json!({"GroupId": lobby.id, "AppDefinedData": [{"Key": "k", "Value": "secret"}]});
    alice.call(MODIFY, custom).await.ok();

    let none = Group { id: "none".to_owned() };
    let unknown = told(&mallory, &none, None).await;
    let mut hidden = told(&mallory, &office, None).await;
    assert_eq!(hidden["GroupId"], "office");
    hidden["GroupId"] = "none".into();
    assert_eq!(hidden, unknown);
    assert_eq!(told(&alice, &office, None).await["Name"], "office");

    let names =
        ["Name", "Owner_Account", "MemberNum", "ShutUpAllMember", "MuteAllMember", "Appid", "InfoSeq"];
    let filter = json!({"GroupBasePublicInfoFilter": names, "AppDefinedDataFilter_Group": ["k"]});
    for filter in [None, Some(filter.clone())] {
        let item = told(&mallory, &lobby, filter).await;
        assert_eq!((&item["Name"], &item["ErrorCode"]), (&json!("lobby"), &json!(0)));
        for name in ["ShutUpAllMember", "MuteAllMember", "Appid", "InfoSeq", "MemberList"] {
            assert!(item.get(name).is_none(), "{name}: {item}");
        }
        // Nobody has said that anybody may read the field.
        assert!(item.get("AppDefinedData").is_none_or(|fields| *fields == json!([])), "{item}");
    }
    let item = told(&alice, &lobby, Some(filter)).await;
    assert_eq!(item["AppDefinedData"], json!([{"Key": "k", "Value": "secret"}]));
}

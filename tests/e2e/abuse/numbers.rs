//! JSON that not every reader reads: what one client says, all others must be able to.

use protocol::ErrorCode;
use protocol::json::MAX_NUMBER;
use serde_json::{Value, json};
use tests::{Group, TestGateway, User};

/// The request of a group message whose body is this text.
fn with_body(user: &User, group: &Group, body: &str) -> String {
    let mut request = user.group_text(group, "");
    request["MsgBody"] = "BODY".into();
    request.to_string().replace("\"BODY\"", body)
}

#[tokio::test]
async fn what_some_readers_cannot_read_is_refused() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    for (content, what) in [
        ("1e400", "holds a number that is too large"),
        ("-1e400", "holds a number that is too large"),
        (r#""\ud800""#, "holds half of a surrogate pair"),
        (r#""\udc00\ud800""#, "holds half of a surrogate pair"),
        (r#"{"b":1,"b":2}"#, "names a member of an object twice"),
        (r#"{"b":1,"\u0062":2}"#, "names a member of an object twice"),
    ] {
        let body = format!(r#"[{{"MsgType":"TIMNewElem","MsgContent":{{"a":{content}}}}}]"#);
        let request = with_body(&alice, &group, &body);
        // The text itself, for no value of ours has it.
        let reply = gateway.admin().post("group_open_http_svc.send_group_msg", request.as_bytes()).await;
        let answer: Value = reply.json();
        assert_eq!(answer["ErrorCode"], ErrorCode::GROUP_BAD_PARAMETER.0, "{content}");
        assert_eq!(answer["ErrorInfo"], format!("MsgBody[0].MsgContent {what}"), "{content}");
    }
    // Everybody reads these, if not to the last digit.
    for content in ["1e308", "-0", "18446744073709551616", r#""\ud83d\ude00\u0000""#] {
        let body = format!(r#"[{{"MsgType":"TIMNewElem","MsgContent":{{"a":{content}}}}}]"#);
        let request = with_body(&alice, &group, &body);
        let reply = gateway.admin().post("group_open_http_svc.send_group_msg", request.as_bytes()).await;
        assert_eq!(reply.json()["ErrorCode"], 0, "{content}");
    }
    assert_eq!(bob.history(&group).await.len(), 4);
}

#[tokio::test]
async fn numbers_that_are_told_to_others_are_ones_that_all_have_as_they_are() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    for name in ["ClientSeq", "MsgClientTime"] {
        let mut request = alice.group_text(&group, "hi");
        request[name] = (MAX_NUMBER + 1).into();
        let refused = alice.send_to_group(request.clone()).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
        assert_eq!(refused["ErrorInfo"], format!("{name} must be a whole number from 0 to {MAX_NUMBER}"));
        request[name] = MAX_NUMBER.into();
        alice.send_to_group(request).await.ok();
    }
    for name in ["MsgSeq", "MsgClientTime"] {
        let mut request = alice.c2c_text("bob", "hi");
        request[name] = (MAX_NUMBER + 1).into();
        alice.call("openim.sendmsg", request).await.refused(ErrorCode::C2C_BAD_FORMAT);
    }
    let profile = json!({"ProfileItem": [{"Tag": "Tag_Profile_IM_BirthDay", "Value": MAX_NUMBER + 1}]});
    alice.call("profile.portrait_set", profile).await.refused(ErrorCode::PROFILE_BAD_TYPE);
}

/// serde reads an array for a struct, its items in the order of the source.
#[tokio::test]
async fn an_array_is_no_object() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    let body = json!([group.id]);
    alice
        .call("group_open_http_svc.destroy_group", body.clone())
        .await
        .refused(ErrorCode::GROUP_BAD_PARAMETER);
    let refused = gateway.admin().call("group_open_http_svc.destroy_group", body).await;
    assert_eq!(refused.refused(ErrorCode::GROUP_BAD_PARAMETER)["ErrorInfo"], "the body must be an object");
    let members = json!({"GroupId": group.id, "MemberList": [["bob", null, []]]});
    let refused = alice.call("group_open_http_svc.add_group_member", members).await;
    assert_eq!(
        refused.refused(ErrorCode::GROUP_BAD_PARAMETER)["ErrorInfo"],
        "MemberList[0] must be an object"
    );
    let mentions = json!([[1, null]]);
    let mut request = alice.group_text(&group, "hi");
    request["GroupAtInfo"] = mentions;
    alice.send_to_group(request).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    assert_eq!(alice.history(&group).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_frame_or_head_that_is_an_array_is_no_frame() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let head = alice.head("heartbeat.alive");
    let array = json!(["heartbeat.alive", 7, head["sdkappid"], 7, "", "", ""]);
    for frame in [json!([head, {}]), json!({"head": array, "body": {}})] {
        alice.socket.send_text(frame.to_string()).await;
        let event = alice.expect_event("a refusal", |event| event.servcmd == "gateway.malformed_frame").await;
        assert_eq!(event["ErrorCode"], ErrorCode::NOT_JSON.0, "{frame}");
    }
    alice.ping().await;
}

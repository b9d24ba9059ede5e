//! What users tell about themselves.

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::TestGateway;

const SET: &str = "profile.portrait_set";

fn items(profile: &Value) -> &Vec<Value> {
    profile["UserProfileItem"][0]["ProfileItem"].as_array().unwrap()
}

#[tokio::test]
async fn what_one_sets_others_read_and_messages_carry() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let nick = json!({"Tag": "Tag_Profile_IM_Nick", "Value": "Alice 爱丽丝"});
    let level = json!({"Tag": "Tag_Profile_IM_Level", "Value": 7});
    alice.call(SET, json!({"From_Account": "alice", "ProfileItem": [nick, level]})).await.ok();

    let body = json!({"From_Account": "bob", "UserItem": [{"To_Account": "alice"}]});
    let read = bob.call("profile.portrait_get_all", body).await.ok();
    assert!(items(&read).contains(&nick) && items(&read).contains(&level));
    alice.send_to("bob", "hi").await;
    let message = bob.expect_message_from("alice", "hi").await;
    assert_eq!(message["From_AccountNick"], "Alice 爱丽丝");
}

#[tokio::test]
async fn what_is_no_profile_is_refused() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let cases = [
        ("Tag_Profile_IM_Nope", json!("x"), ErrorCode::PROFILE_UNKNOWN_TAG),
        ("Tag_Profile_IM_Gender", json!("Gender_Type_Cat"), ErrorCode::PROFILE_BAD_VALUE),
        ("Tag_Profile_IM_Level", json!("high"), ErrorCode::PROFILE_BAD_TYPE),
        ("Tag_Profile_IM_Nick", json!("n".repeat(501)), ErrorCode::PROFILE_TOO_LONG),
    ];
    for (tag, value, code) in cases {
        let body = json!({"From_Account": "alice", "ProfileItem": [{"Tag": tag, "Value": value}]});
        alice.call(SET, body).await.refused(code);
    }
}

#[tokio::test]
async fn nobody_sets_the_profile_of_another() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let nick = json!({"Tag": "Tag_Profile_IM_Nick", "Value": "fool"});
    let body = json!({"From_Account": "bob", "ProfileItem": [nick]});
    alice.call(SET, body).await.refused(ErrorCode::PROFILE_NOT_ADMIN);
    let body = json!({"From_Account": "bob", "UserItem": [{"To_Account": "bob"}]});
    let read = bob.call("profile.portrait_get_all", body).await.ok();
    assert!(!items(&read).contains(&nick));
}

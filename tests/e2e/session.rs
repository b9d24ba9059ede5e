//! Coming, going and staying.

use std::time::Duration;

use gateway::commands::FEATURES;
use protocol::ErrorCode;
use protocol::id::AppId;
use serde_json::json;
use tests::{Dialect, TestGateway};

const HELLO: &str = "im_open_status.wshello";

/// What is served of the features that an SDK can have locked: messages to some members of a group.
fn bits_of_the_table() -> String {
    let open = FEATURES.iter().filter(|feature| feature.is_open()).map(|feature| 1u64 << feature.bit);
    let bits = open.fold(0, std::ops::BitOr::bitor);
    assert!(bits & (1 << 4) != 0, "a group message can be directed to some members");
    format!("{bits:064b}")
}

#[tokio::test]
async fn a_client_pings_before_anybody_logs_in() {
    let gateway = TestGateway::start().await;
    for dialect in [Dialect::Binary, Dialect::Text] {
        gateway.anonymous_on(dialect).await.ping().await;
    }
}

#[tokio::test]
async fn a_login_tells_the_client_all_it_needs() {
    let gateway = TestGateway::start().await;
    let alice = gateway.stranger("alice").await;
    let login = alice.login().await;
    assert!(!login["A2Key"].as_str().unwrap().is_empty());
    assert!(login["TinyId"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()));
    assert_ne!(login["InstId"].as_u64().unwrap(), 0);
    assert!((10..=30).contains(&login["HelloInterval"].as_u64().unwrap()));
    assert_eq!(login["TimeStamp"], gateway.clock.now().seconds());
    assert_eq!(login["PurchaseBits"], bits_of_the_table());
    alice.call(HELLO, json!({"is_web_uniapp": 0})).await.ok();
}

#[tokio::test]
async fn the_number_of_a_user_stays_for_ever() {
    let mut gateway = TestGateway::start().await;
    let first = gateway.user("alice").await.session().tiny_id;
    let other = gateway.user("bob").await.session().tiny_id;
    assert_ne!(first, other);
    gateway.restart().await;
    assert_eq!(gateway.user("alice").await.session().tiny_id, first);
}

#[tokio::test]
async fn a_usersig_is_refused_for_what_is_wrong_with_it() {
    let gateway = TestGateway::start().await;
    let alice = gateway.stranger("alice").await;
    let login = |change: serde_json::Value| {
        let mut head = alice.head("im_open_status.wslogin");
        for (name, value) in change.as_object().unwrap() {
            head[name] = value.clone();
        }
        alice.call_with(head, json!({}))
    };
    login(json!({"usersig": gateway.usersig("bob")})).await.refused(ErrorCode::SIG_OTHER_USER);
    login(json!({"usersig": "nonsense"})).await.refused(ErrorCode::SIG_ILLEGAL);
    login(json!({"usersig": ""})).await.refused(ErrorCode::SIG_EMPTY);
    login(json!({"identifier": "", "usersig": ""})).await.refused(ErrorCode::NOT_AUTHENTICATED);
    login(json!({"sdkappid": 7})).await.refused(ErrorCode::APP_UNKNOWN);
    let elsewhere = TestGateway::start().await;
    login(json!({"usersig": elsewhere.usersig("alice")})).await.refused(ErrorCode::SIG_WRONG);
    gateway.clock.advance(Duration::from_secs(31 * 24 * 3600));
    alice.try_login().await.refused(ErrorCode::SIG_EXPIRED);
    // None of this has hurt the connection.
    let head = {
        let mut head = alice.head("im_open_status.wslogin");
        head["usersig"] = gateway.usersig("alice").into();
        head
    };
    alice.call_with(head, json!({})).await.ok();
}

#[tokio::test]
async fn one_connection_serves_one_user_after_another() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    bob.logout().await;

    let mut head = bob.head("im_open_status.wslogin");
    (head["identifier"], head["usersig"]) = ("carol".into(), gateway.usersig("carol").into());
    let login = bob.call_with(head, json!({})).await.ok();
    alice.send_text(&group, "only for members").await;
    alice.send_to("carol", "hello carol").await;
    bob.expect_message_from("alice", "hello carol").await;
    // What was said in bob's group came before and went to nobody here.
    assert_eq!(bob.messages(&group), []);
    let mut head = bob.head("profile.portrait_get_all");
    head["a2"] = login["A2Key"].clone();
    let body = json!({"From_Account": "carol", "UserItem": [{"To_Account": "carol"}]});
    bob.call_with(head, body).await.ok();
}

#[tokio::test]
async fn a_device_that_logged_out_is_no_longer_let_in() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let mut stale = alice.head(HELLO);
    alice.logout().await;
    // An SDK whose hello comes behind its farewell would take it for a kick from its next session.
    alice.call_with(stale.clone(), json!({})).await.refused(ErrorCode::NOT_AUTHENTICATED);
    let elsewhere = alice.reconnect(gateway.address(), Dialect::Binary).await;
    elsewhere.call_with(stale.clone(), json!({})).await.refused(ErrorCode::KICKED);
    // The socket stays, pings with the old token are answered, and one can come back on it.
    stale["servcmd"] = "heartbeat.alive".into();
    stale["seq"] = alice.socket.fresh_seq().into();
    alice.call_with(stale, json!({})).await.ok();
    alice.login().await;
    alice.call(HELLO, json!({})).await.ok();
}

#[tokio::test]
async fn a_session_is_taken_up_on_a_new_connection() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;

    let again = bob.reconnect(gateway.address(), Dialect::Binary).await;
    let login = again.login().await;
    assert_eq!(login["InstId"], bob.session().inst_id);
    assert_eq!(login["TinyId"], bob.session().tiny_id.as_str());
    drop(bob);
    alice.send_text(&group, "are you back?").await;
    again.expect_message(&group, "are you back?").await;
}

#[tokio::test]
async fn a_token_says_nothing_under_another_application_or_key() {
    let gateway = TestGateway::start().await;
    let elsewhere = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let forged = elsewhere.user("alice").await.session().a2;
    let mut head = alice.head(HELLO);
    head["a2"] = forged.into();
    alice.call_with(head, json!({})).await.refused(ErrorCode::SIG_EXPIRED);
    let mut head = alice.head(HELLO);
    head["sdkappid"] = AppId(7).0.into();
    alice.call_with(head, json!({})).await.refused(ErrorCode::APP_UNKNOWN);
    alice.call(HELLO, json!({})).await.ok();
}

#[tokio::test]
async fn configuration_and_feature_bits_are_handed_out() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let config = alice
        .call(
            "im_sdk_config_mgr.fetch_config",
            json!({"uint32_sdkappid": 1_400_000_001, "uint64_version": 0}),
        )
        .await
        .ok();
    // A string that holds an object of strings, and a lifetime that is not 0: 0 means every second.
    let settings: serde_json::Value =
        serde_json::from_str(config["str_json_config"].as_str().unwrap()).unwrap();
    assert!(settings.as_object().unwrap().values().all(serde_json::Value::is_string));
    assert!(config["uint32_expired_time"].as_u64().unwrap() > 0);
    let bits = alice.call("im_sdk_config_mgr.fetch_imsdk_purchase_bitsv2", json!({})).await.ok();
    assert_eq!(bits["str_purchase_bits"], bits_of_the_table());
    assert!(bits["uint32_expired_time"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn an_unknown_command_is_answered() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    for name in ["group_open_http_svc.no_such_thing", "a.b", "nonsense", ".", "heartbeat.alive.more"] {
        alice.call(name, json!({})).await.refused(ErrorCode::UNKNOWN_COMMAND);
    }
}

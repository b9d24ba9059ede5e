//! Accounts, as a back end sees them.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::TestGateway;

const CHECK: &str = "im_open_login_svc.account_check";

#[tokio::test]
async fn an_imported_account_exists_and_shows_its_nick() {
    let gateway = TestGateway::start().await;
    let admin = gateway.admin();
    let check = json!({"CheckItem": [{"UserID": "zoe"}, {"UserID": "nobody"}]});
    let states = |answer: Value| {
        let items = answer["ResultItem"].as_array().unwrap().clone();
        items.into_iter().map(|item| item["AccountStatus"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(admin.call(CHECK, check.clone()).await.ok()), ["NotImported", "NotImported"]);
    let import = json!({"UserID": "zoe", "Nick": "Zoë", "FaceUrl": "https://example.com/z.png"});
    admin.call("im_open_login_svc.account_import", import.clone()).await.ok();
    // Once more is no mistake.
    admin.call("im_open_login_svc.account_import", import).await.ok();
    assert_eq!(states(admin.call(CHECK, check).await.ok()), ["Imported", "NotImported"]);

    let alice = gateway.user("alice").await;
    let body = json!({"From_Account": "alice", "UserItem": [{"To_Account": "zoe"}]});
    let profile = alice.call("profile.portrait_get_all", body).await.ok();
    let items = &profile["UserProfileItem"][0]["ProfileItem"];
    assert!(items.as_array().unwrap().contains(&json!({"Tag": "Tag_Profile_IM_Nick", "Value": "Zoë"})));
}

#[tokio::test]
async fn a_kick_ends_all_sessions_and_voids_older_usersigs() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let old_sig = alice.usersig().to_owned();
    gateway.admin().kick("alice").await;
    assert_eq!(alice.expect_kick().await, 3);
    let refusal = alice.call("im_open_status.wshello", json!({})).await.refused(ErrorCode::KICKED);
    assert_eq!(refusal["KickType"], 3);
    alice.forget_session();
    alice.try_login().await.refused(ErrorCode::SIG_REVOKED);

    gateway.clock.advance(Duration::from_secs(1));
    let back = gateway.user("alice").await;
    assert_ne!(back.usersig(), old_sig);
    back.call("im_open_status.wshello", json!({})).await.ok();
}

#[tokio::test]
async fn a_kick_of_nobody_is_refused() {
    let gateway = TestGateway::start().await;
    let body = json!({"UserID": "nobody"});
    gateway.admin().call("im_open_login_svc.kick", body).await.refused(ErrorCode::ACCOUNT_MISSING);
}

#[tokio::test]
async fn who_is_online_is_known() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let admin = gateway.admin();
    let ask = || async {
        let body = json!({"To_Account": ["alice", "bob", "nobody"]});
        admin.call("openim.query_online_status", body).await.ok()
    };
    let states = ask().await;
    assert_eq!(states["QueryResult"][0], json!({"To_Account": "alice", "Status": "Online"}));
    assert_eq!(states["QueryResult"][1], json!({"To_Account": "bob", "Status": "Online"}));
    assert_eq!(states["ErrorList"], json!([{"To_Account": "nobody", "ErrorCode": 70107}]));
    bob.logout().await;
    assert_eq!(ask().await["QueryResult"][1]["Status"], "Offline");
    alice.ping().await;
}

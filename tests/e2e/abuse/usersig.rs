//! UserSigs from the future, which a kick would not void, and sessions that outlive their UserSig.

use std::time::Duration;

use protocol::usersig;
use protocol::{ErrorCode, usersig::SKEW_SECONDS};
use serde_json::json;
use tests::{APP, Device, Dialect, TestGateway, User};

const HELLO: &str = "im_open_status.wshello";
const LIFETIME: u64 = 3600;

/// A UserSig that is made some seconds from now.
fn signed(gateway: &TestGateway, user: &str, ahead: u64, lifetime: u64) -> String {
    let now = gateway.clock.now().seconds();
    usersig::issue(gateway.key(), APP, user, now + ahead, lifetime, None).unwrap()
}

async fn connected(gateway: &TestGateway, name: &str, usersig: String) -> User {
    let device = Device::web(gateway.fresh_instance());
    User::connect(gateway.address(), name, usersig, device, Dialect::Binary).await
}

#[tokio::test]
async fn a_usersig_from_the_future_lets_nobody_in() {
    let gateway = TestGateway::start().await;
    let far = signed(&gateway, "alice", SKEW_SECONDS + 1, LIFETIME);
    let alice = connected(&gateway, "alice", far.clone()).await;
    let refused = alice.try_login().await.refused(ErrorCode::SIG_ILLEGAL);
    assert!(refused["ErrorInfo"].as_str().unwrap().contains("in the future"), "{refused}");
    let administrator = signed(&gateway, "administrator", SKEW_SECONDS + 1, LIFETIME);
    let admin = tests::Admin::new(gateway.address(), "administrator", administrator);
    let check = json!({"CheckItem": [{"UserID": "alice"}]});
    admin.call("im_open_login_svc.account_check", check).await.refused(ErrorCode::SIG_ILLEGAL);

    let near = signed(&gateway, "alice", SKEW_SECONDS, LIFETIME);
    connected(&gateway, "alice", near).await.login().await;
    // When its time has come it is as good as any other.
    gateway.clock.advance(Duration::from_secs(1));
    connected(&gateway, "alice", far).await.login().await;
}

#[tokio::test]
async fn a_kick_voids_what_was_made_before_it() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let stolen = signed(&gateway, "alice", 0, LIFETIME);
    let ahead = signed(&gateway, "alice", SKEW_SECONDS + 60, LIFETIME);
    gateway.admin().kick("alice").await;
    alice.expect_kick().await;
    connected(&gateway, "alice", stolen).await.try_login().await.refused(ErrorCode::SIG_REVOKED);
    connected(&gateway, "alice", ahead).await.try_login().await.refused(ErrorCode::SIG_ILLEGAL);
    gateway.clock.advance(Duration::from_secs(1));
    gateway.user("alice").await;
}

#[tokio::test]
async fn an_operator_may_let_any_future_in() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.login.usersig_skew_seconds = 0);
    })
    .await;
    let far = signed(&gateway, "alice", 365 * 86_400, LIFETIME);
    connected(&gateway, "alice", far).await.login().await;
}

#[tokio::test]
async fn a_session_ends_with_its_usersig() {
    let gateway = TestGateway::start().await;
    let alice = connected(&gateway, "alice", signed(&gateway, "alice", 0, LIFETIME)).await;
    alice.login().await;
    gateway.clock.advance(Duration::from_secs(LIFETIME));
    alice.call(HELLO, json!({})).await.ok();
    gateway.clock.advance(Duration::from_secs(1));
    // To an SDK this says: log in again, with a new UserSig.
    alice.call(HELLO, json!({})).await.refused(ErrorCode::SIG_EXPIRED);
    alice.try_send_to("alice", "hi").await.refused(ErrorCode::SIG_EXPIRED);
    let again = alice.reconnect(gateway.address(), Dialect::Binary).await;
    again.try_login().await.refused(ErrorCode::SIG_EXPIRED);
    again.forget_session();
    again.try_login().await.refused(ErrorCode::SIG_EXPIRED);
    let fresh = connected(&gateway, "alice", signed(&gateway, "alice", 0, LIFETIME)).await;
    fresh.login().await;
    fresh.call(HELLO, json!({})).await.ok();
}

#[tokio::test]
async fn a_session_ends_when_the_operator_says() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.login.token_seconds = 60);
    })
    .await;
    let alice = gateway.user("alice").await;
    gateway.clock.advance(Duration::from_secs(60));
    alice.call(HELLO, json!({})).await.ok();
    gateway.clock.advance(Duration::from_secs(1));
    alice.call(HELLO, json!({})).await.refused(ErrorCode::SIG_EXPIRED);
    // The UserSig is good for a month.
    alice.forget_session();
    let again = alice.reconnect(gateway.address(), Dialect::Binary).await;
    again.login().await;
}

/// One who says nothing, or pings alone, would hear on for ever.
#[tokio::test]
async fn the_connection_of_a_session_that_is_over_is_closed() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.login.hello_interval_seconds = 1);
    })
    .await;
    let silent = connected(&gateway, "silent", signed(&gateway, "silent", 0, 1)).await;
    silent.login().await;
    silent.socket.closed().await;
}

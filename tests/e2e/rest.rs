//! The back end's surface.

use protocol::ErrorCode;
use protocol::id::AppId;
use serde_json::json;
use tests::{Admin, TestGateway, exchange};

const CHECK: &str = "im_open_login_svc.account_check";

#[tokio::test]
async fn an_answer_is_json_with_status_200_whatever_the_outcome() {
    let gateway = TestGateway::start().await;
    let admin = gateway.admin();
    let body = json!({"CheckItem": [{"UserID": "a"}]});
    let good = admin.post(CHECK, body.to_string().as_bytes()).await;
    let bad = admin.post("no_such_service.at_all", b"{}").await;
    for reply in [&good, &bad] {
        assert_eq!(reply.status, 200);
        assert!(reply.head.to_ascii_lowercase().contains("content-type: application/json"));
    }
    assert_eq!(good.json()["ActionStatus"], "OK");
    assert_eq!(bad.json()["ActionStatus"], "FAIL");
    assert_eq!(bad.json()["ErrorCode"], ErrorCode::UNKNOWN_COMMAND.0);
}

#[tokio::test]
async fn who_is_no_administrator_is_refused() {
    let gateway = TestGateway::start().await;
    let body = json!({"CheckItem": [{"UserID": "a"}]});
    let call = |admin: Admin| {
        let body = body.clone();
        async move { admin.call(CHECK, body).await }
    };
    let sig = gateway.usersig("administrator");
    call(Admin::new(gateway.address(), "alice", gateway.usersig("alice")))
        .await
        .refused(ErrorCode::NOT_ADMIN);
    call(Admin::new(gateway.address(), "alice", sig.clone())).await.refused(ErrorCode::SIG_OTHER_USER);
    call(Admin::new(gateway.address(), "administrator", "x".into())).await.refused(ErrorCode::SIG_ILLEGAL);
    call(Admin::new(gateway.address(), "administrator", String::new()))
        .await
        .refused(ErrorCode::NOT_AUTHENTICATED);
    call(Admin::new(gateway.address(), "", sig)).await.refused(ErrorCode::NOT_AUTHENTICATED);
    call(gateway.admin().of_app(AppId(7))).await.refused(ErrorCode::APP_UNKNOWN);
    call(gateway.admin()).await.ok();
}

#[tokio::test]
async fn a_query_that_says_nothing_is_refused() {
    let gateway = TestGateway::start().await;
    let target = "/v4/im_open_login_svc/account_check";
    let cases = [
        (target.to_owned(), ErrorCode::NO_SDKAPPID),
        (format!("{target}?sdkappid=abc&identifier=a&usersig=b"), ErrorCode::BAD_PARAMETER_IN_URL),
        (
            format!("{target}?sdkappid=1&identifier=a&usersig=b&contenttype=xml"),
            ErrorCode::BAD_PARAMETER_IN_URL,
        ),
        (format!("{target}?sdkappid=1"), ErrorCode::NOT_AUTHENTICATED),
        ("/v4/?sdkappid=1&identifier=a&usersig=b".to_owned(), ErrorCode::UNKNOWN_COMMAND),
        ("/v4/a/b/c?sdkappid=1&identifier=a&usersig=b".to_owned(), ErrorCode::UNKNOWN_COMMAND),
    ];
    for (target, code) in cases {
        let reply = exchange(gateway.address(), "POST", &target, b"{}").await;
        assert_eq!(reply.json()["ErrorCode"], code.0, "{target}: {}", reply.text());
    }
    let reply = exchange(gateway.address(), "DELETE", target, b"").await;
    assert_eq!(reply.json()["ErrorCode"], ErrorCode::BAD_URL.0);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused() {
    let gateway = TestGateway::start().await;
    let admin = gateway.admin();
    let deep = format!(r#"{{"CheckItem":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let large = format!(r#"{{"CheckItem":"{}"}}"#, "x".repeat(600 * 1024));
    let cases: [(&[u8], ErrorCode); 7] = [
        (b"{", ErrorCode::NOT_JSON),
        (b"nonsense", ErrorCode::NOT_JSON),
        (b"\xff\xfe", ErrorCode::NOT_JSON),
        (b"[]", ErrorCode::LOGIN_BAD_PARAMETER),
        (b"{}", ErrorCode::LOGIN_BAD_PARAMETER),
        (deep.as_bytes(), ErrorCode::NOT_JSON),
        (large.as_bytes(), ErrorCode::TOO_LONG),
    ];
    for (body, code) in cases {
        let reply = admin.post(CHECK, body).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
        assert_eq!(reply.json()["ErrorCode"], code.0, "{shown}: {}", reply.text());
    }
    admin.import("a").await;
}

#[tokio::test]
async fn health_and_metrics_are_told() {
    let gateway = TestGateway::start().await;
    for path in ["/livez", "/healthz", "/readyz"] {
        assert_eq!(exchange(gateway.address(), "GET", path, b"").await.status, 200, "{path}");
    }
    gateway.user("alice").await.ping().await;
    let metrics = exchange(gateway.address(), "GET", "/metrics", b"").await;
    assert!(metrics.text().contains(r#"gateway_commands_total{command="heartbeat.alive",code="0"}"#));
    assert_eq!(exchange(gateway.address(), "GET", "/nothing", b"").await.status, 404);
}

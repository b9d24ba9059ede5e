//! The old chat's routes: which web pages may call them, and whom nobody can be.

use gateway::config::Legacy;
use protocol::ErrorCode;
use serde_json::json;
use tests::{Admin, LegacyRoutes, RawSocket, TestGateway, exchange_with, legacy};

async fn start(token: Option<&str>, origins: &[&str]) -> TestGateway {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let settings = Legacy { token: token.map(str::to_owned), origins, ..legacy() };
    TestGateway::start_with(|config| config.legacy = Some(settings)).await
}

async fn asked_by(gateway: &TestGateway, origin: &str) -> (u16, String) {
    let header = format!("Origin: {origin}\r\nAuthorization: Bearer t\r\n");
    let reply = exchange_with(gateway.address(), "POST", "/sendAll/hi", &header, b"").await;
    (reply.status, reply.head.to_lowercase())
}

#[tokio::test]
async fn without_a_token_only_the_named_pages_may_call() {
    let gateway = start(None, &["https://chat.example"]).await;
    let (status, head) = asked_by(&gateway, "https://chat.example").await;
    assert_eq!(status, 200);
    assert!(head.contains("access-control-allow-origin: https://chat.example\r\n"), "{head}");
    assert!(head.contains("vary: origin"), "{head}");
    for foreign in ["https://evil.example", "https://chat.example.evil", "http://chat.example", "null"] {
        let (status, head) = asked_by(&gateway, foreign).await;
        assert_eq!(status, 403, "{foreign}");
        assert!(!head.contains("access-control-allow-origin"), "{head}");
    }
    // A WebSocket is no exception, and what is no web page sends no origin.
    let ask = async |origin: &str| RawSocket::ask(gateway.address(), "/imserver/ann", origin).await.err();
    assert!(ask("Origin: https://evil.example\r\n").await.unwrap().starts_with("HTTP/1.1 403 "));
    assert!(ask("Origin: https://chat.example\r\n").await.is_none());
    assert!(ask("").await.is_none());
    assert_eq!(LegacyRoutes::new(&gateway).send_all("hi").await.status, 200);

    let nobody = start(None, &[]).await;
    assert_eq!(asked_by(&nobody, "https://chat.example").await.0, 403);
    assert_eq!(LegacyRoutes::new(&nobody).send_all("hi").await.status, 200);
}

#[tokio::test]
async fn a_token_lets_pages_of_any_origin_in_unless_they_are_named() {
    let gateway = start(Some("t"), &[]).await;
    let (status, head) = asked_by(&gateway, "https://any.example").await;
    assert_eq!(status, 200);
    assert!(head.contains("access-control-allow-origin: *"), "{head}");
    let named = start(Some("t"), &["https://chat.example"]).await;
    assert_eq!(asked_by(&named, "https://any.example").await.0, 403);
    assert_eq!(asked_by(&named, "https://chat.example").await.0, 200);
}

#[tokio::test]
async fn some_names_are_nobodys() {
    let gateway = start(None, &[]).await;
    let routes = LegacyRoutes::new(&gateway);
    for name in ["@TIM#SYSTEM", "@TLS#NOT_FOUND", "administrator", "Administrator", "ADMINISTRATOR "] {
        assert!(routes.ask(name).await.err().unwrap().starts_with("HTTP/1.1 403 "), "{name}");
        assert_eq!(routes.sign(name, "60").await.status, 403, "{name}");
    }
    let admin = gateway.admin();
    let import = admin.call("im_open_login_svc.account_import", json!({"UserID": "@TIM#SYSTEM"})).await;
    import.refused(ErrorCode::LOGIN_BAD_PARAMETER);
    let system = gateway.stranger("@TIM#SYSTEM").await;
    let login = json!({"State": "Online", "InstType": 0});
    system.call("im_open_status.wslogin", login).await.refused(ErrorCode::NOT_AUTHENTICATED);
    let system = Admin::new(gateway.address(), "@TIM#SYSTEM", gateway.usersig("@TIM#SYSTEM"));
    let check = json!({"CheckItem": [{"UserID": "a"}]});
    system.call("im_open_login_svc.account_check", check).await.refused(ErrorCode::NOT_AUTHENTICATED);
}

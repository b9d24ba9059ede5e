//! What must never be written down: keys, tokens, message texts.

use serde_json::json;
use tests::{Admin, Dialect, TestGateway, exchange};

#[tokio::test]
async fn logs_and_metrics_hold_no_secret() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice-of-secrets", "bob-of-secrets"]).await;
    let text = "a-very-private-text-7f3a";
    let custom = "a-very-private-datum-91bc";
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let mut body = alice.group_text(&group, text);
    body["CloudCustomData"] = custom.into();
    alice.send_to_group(body.clone()).await.ok();
    bob.expect_message(&group, text).await;
    alice.send_to(&bob.name, text).await;
    gateway.admin().send_text_as(&alice.name, &group, text).await;

    // Refusals and faults are where things get written down.
    body["MsgBody"] = json!([{"MsgType": "TIMTextElem", "MsgContent": text}]);
    alice.send_to_group(body).await.documented();
    alice.call("openim.sendmsg", json!({"To_Account": 7, "MsgBody": text})).await.documented();
    let broken = format!(r#"{{"head":{{"servcmd":"a.b","seq":1,"a2":"{}","x":"{text}"#, alice.session().a2);
    alice.socket.send_text(broken).await;
    alice.expect_event("word of a malformed frame", |event| event.servcmd == "gateway.malformed_frame").await;
    let wrong = format!("{}x", alice.usersig());
    Admin::new(gateway.address(), "administrator", wrong.clone()).call("a.b", json!({"t": text})).await;
    let mut head = alice.head("im_open_status.wshello");
    head["a2"] = format!("{}x", alice.session().a2).into();
    alice.call_with(head, json!({})).await.documented();
    let kicked = gateway.user(&bob.name).await;
    bob.expect_kick().await;
    bob.try_send_text(&group, text).await.documented();
    gateway.admin().kick(&kicked.name).await;
    kicked.expect_kick().await;

    let metrics = exchange(gateway.address(), "GET", "/metrics", b"").await.text().to_owned();
    assert!(metrics.contains("gateway_commands_total"));
    let again = alice.reconnect(gateway.address(), Dialect::Text).await;
    again.login().await;
    gateway.stop().await.unwrap();
    let logs = gateway.logs();
    assert!(logs.contains("going down"), "the logs were not captured");
    assert!(logs.contains("DEBUG"), "the logs were not captured at debug level");

    let (a2, admin_sig) = (alice.session().a2, gateway.usersig("administrator"));
    let secrets = [
        ("the key", gateway.key().expose()),
        ("a UserSig", alice.usersig()),
        ("a UserSig", bob.usersig()),
        ("the administrator's UserSig", admin_sig.as_str()),
        ("a wrong UserSig", wrong.as_str()),
        ("a session token", a2.as_str()),
        // The part of a token that is its signature, and the one that is its content.
        ("half a session token", a2.split('.').next().unwrap()),
        ("half a session token", a2.split('.').next_back().unwrap()),
        ("a text", text),
        ("a text", custom),
    ];
    for (what, secret) in secrets {
        assert!(!secret.is_empty());
        if let Some(line) = logs.lines().find(|line| line.contains(secret)) {
            panic!("the log holds {what}: {line}");
        }
        if let Some(line) = metrics.lines().find(|line| line.contains(secret)) {
            panic!("the metrics hold {what}: {line}");
        }
    }
    // Labels come from closed lists: no user, no group.
    for name in ["alice-of-secrets", "bob-of-secrets", "lobby"] {
        assert!(!metrics.contains(name), "the metrics name {name}");
    }
}

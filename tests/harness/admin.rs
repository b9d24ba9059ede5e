//! The application's back end: REST over plain HTTP.

use std::net::SocketAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use protocol::id::AppId;
use serde_json::{Value, json};

use crate::gateway::APP;
use crate::http::{Reply, exchange};
use crate::{Answer, Group};

/// Whoever calls by REST; an administrator unless a test says otherwise.
#[derive(Clone, Debug)]
pub struct Admin {
    address: SocketAddr,
    app: AppId,
    identifier: String,
    usersig: String,
}

impl Admin {
    pub fn new(address: SocketAddr, identifier: &str, usersig: String) -> Self {
        Self { address, app: APP, identifier: identifier.to_owned(), usersig }
    }

    /// The same caller under another application.
    #[must_use]
    pub fn of_app(mut self, app: AppId) -> Self {
        self.app = app;
        self
    }

    /// `POST` of a body as it is. The command is `service.command`.
    pub async fn post(&self, command: &str, body: &[u8]) -> Reply {
        exchange(self.address, "POST", &self.target(command), body).await
    }

    /// The bytes of a request, for a client that does not behave.
    pub fn request(&self, command: &str, body: &Value) -> Vec<u8> {
        let (target, body) = (self.target(command), body.to_string());
        let length = body.len();
        format!("POST {target} HTTP/1.1\r\nHost: timgate\r\nContent-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    }

    /// The target of a request, with the credentials in it.
    pub fn target(&self, command: &str) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        format!(
            "/v4/{}?sdkappid={}&identifier={}&usersig={}&random=99999999&contenttype=json",
            command.replacen('.', "/", 1),
            self.app,
            encode(&self.identifier),
            encode(&self.usersig),
        )
    }

    pub async fn call(&self, command: &str, body: Value) -> Answer {
        let reply = self.post(command, body.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200, "{command}: {}", reply.text());
        Answer { servcmd: command.to_owned(), body: reply.json() }
    }

    pub async fn import(&self, user: &str) {
        self.call("im_open_login_svc.account_import", json!({"UserID": user})).await.ok();
    }

    pub async fn kick(&self, user: &str) {
        self.call("im_open_login_svc.kick", json!({"UserID": user})).await.ok();
    }

    /// Says something in a group in the name of `user`. Gives its number.
    pub async fn send_text_as(&self, user: &str, group: &Group, text: &str) -> u64 {
        let body = json!({
            "GroupId": group.id, "From_Account": user, "Random": rand::random::<u32>(),
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}],
        });
        self.call("group_open_http_svc.send_group_msg", body).await.ok()["MsgSeq"].as_u64().unwrap()
    }
}

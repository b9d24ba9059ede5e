//! A client of the small old chat: one WebSocket, and routes without a body.

use std::net::SocketAddr;

use gateway::clock::Zone;
use gateway::config::Legacy;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use protocol::id::GroupId;
use serde_json::{Value, json};

use crate::{RawSocket, Reply, TestGateway, exchange_with};

/// The routes switched on, as with `GATEWAY_LEGACY_ENABLED=true` alone.
pub fn legacy() -> Legacy {
    Legacy {
        group: GroupId::parse("lobby").unwrap(),
        zone: Zone::parse("+08:00").unwrap(),
        token: None,
        networks: Vec::new(),
        origins: Vec::new(),
    }
}

/// A word of a path.
fn word(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Who calls the routes.
#[derive(Clone, Debug)]
pub struct LegacyRoutes {
    address: SocketAddr,
    /// Further header lines.
    headers: String,
    query: String,
}

impl LegacyRoutes {
    pub fn new(gateway: &TestGateway) -> Self {
        Self::at(gateway.address())
    }

    pub fn at(address: SocketAddr) -> Self {
        Self { address, headers: String::new(), query: String::new() }
    }

    /// Shows a token in a header.
    #[must_use]
    pub fn with_header(mut self, authorization: &str) -> Self {
        self.headers = format!("Authorization: {authorization}\r\n");
        self
    }

    /// Shows a token in the query.
    #[must_use]
    pub fn with_query(mut self, token: &str) -> Self {
        self.query = format!("?token={}", word(token));
        self
    }

    pub async fn call(&self, method: &str, path: &str) -> Reply {
        let target = format!("{path}{}", self.query);
        exchange_with(self.address, method, &target, &self.headers, b"").await
    }

    pub async fn page(&self, time: &str, number: &str) -> Reply {
        self.call("GET", &format!("/chat/refreshes/{}/{number}", word(time))).await
    }

    /// The items of a page, newest first.
    pub async fn items(&self, time: &str, number: usize) -> Vec<Value> {
        let page = self.page(time, &number.to_string()).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page.json()["chatList"].as_array().unwrap().clone()
    }

    /// Everything before a time, by the time of the last item of each page.
    pub async fn walk(&self, time: &str, number: usize) -> Vec<Value> {
        let (mut time, mut found) = (time.to_owned(), Vec::new());
        loop {
            let items = self.items(&time, number).await;
            let Some(last) = items.last() else { return found };
            time = last["time"].as_str().unwrap().to_owned();
            found.extend(items);
        }
    }

    pub async fn send_all(&self, message: &str) -> Reply {
        self.call("POST", &format!("/sendAll/{}", word(message))).await
    }

    pub async fn send_c2c(&self, user: &str, message: &str) -> Reply {
        self.call("POST", &format!("/sendC2C/{}/{}", word(user), word(message))).await
    }

    pub async fn sign(&self, user: &str, expire: &str) -> Reply {
        self.call("GET", &format!("/imSig/{}/{expire}", word(user))).await
    }

    /// Opens a connection; the head of the reply where it is refused.
    pub async fn ask(&self, user: &str) -> Result<LegacyClient, String> {
        let target = format!("/imserver/{}{}", word(user), self.query);
        let socket = RawSocket::ask(self.address, &target, &self.headers).await?;
        Ok(LegacyClient { name: user.to_owned(), socket })
    }

    pub async fn connect(&self, user: &str) -> LegacyClient {
        self.ask(user).await.unwrap_or_else(|head| panic!("{user} is not let in: {head}"))
    }
}

/// A connection of a user.
pub struct LegacyClient {
    pub name: String,
    pub socket: RawSocket,
}

impl LegacyClient {
    /// Says something, as the old clients write it.
    pub async fn say(&mut self, message: &str) {
        let text = json!({"funderAccount": self.name, "message": message, "time": "2000-01-01 00:00:00"});
        self.socket.send(RawSocket::TEXT, text.to_string().as_bytes()).await;
    }

    /// The next text, with its members.
    pub async fn heard(&mut self) -> Value {
        loop {
            let frame = self.socket.next().await;
            let frame = frame.unwrap_or_else(|| panic!("{}: the connection ended", self.name));
            match frame.opcode {
                RawSocket::TEXT => return serde_json::from_slice(&frame.payload).unwrap(),
                RawSocket::PING | RawSocket::PONG => {}
                _ => panic!("{}: instead of a text came {frame:?}", self.name),
            }
        }
    }

    /// The next text is this one. Gives its members.
    pub async fn expect(&mut self, message: &str) -> Value {
        let heard = self.heard().await;
        assert_eq!(heard["message"], message, "{}: {heard}", self.name);
        heard
    }

    /// Says goodbye, and gives the code of the answer.
    pub async fn close(mut self) -> u16 {
        self.socket.send(RawSocket::CLOSE, &1000u16.to_be_bytes()).await;
        self.socket.close_code().await
    }
}

//! A connection on which nobody has logged in.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::gateway::APP;
use crate::user::Device;
use crate::{Answer, Dialect, Socket};

pub struct Anonymous {
    pub socket: Socket,
    platform: u32,
}

impl Anonymous {
    pub async fn connect(address: SocketAddr, dialect: Dialect, device: &Device) -> Self {
        let socket = Socket::connect(address, dialect, &device.query()).await;
        Self { socket, platform: device.platform }
    }

    /// The head of a client that has no name to give.
    pub fn head(&self, servcmd: &str) -> Value {
        json!({
            "ver": "v4", "platform": self.platform, "websdkappid": 537_048_168, "websdkversion": "1.7.3",
            "servcmd": servcmd, "seq": self.socket.fresh_seq(), "reqtime": 0, "sdkappid": APP,
            "contenttype": "json", "sdkability": 75_689_843, "identifier": "", "usersig": "", "status_instid": 0,
        })
    }

    pub async fn call(&self, servcmd: &str, body: Value) -> Answer {
        let request = self.socket.send(&self.head(servcmd), &body).await;
        self.socket.answer(&request).await
    }

    pub async fn ping(&self) {
        self.call("heartbeat.alive", json!({})).await.ok();
    }
}

//! A client that speaks WebSocket by hand: for frames that no library sends, and for not reading at all.

use std::net::SocketAddr;

use protocol::id::AppId;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::DEADLINE;
use crate::gateway::APP;

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFrame {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

pub struct RawSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl RawSocket {
    pub const CONTINUATION: u8 = 0x0;
    pub const TEXT: u8 = 0x1;
    pub const BINARY: u8 = 0x2;
    pub const CLOSE: u8 = 0x8;
    pub const PING: u8 = 0x9;
    pub const PONG: u8 = 0xA;

    /// Connects and upgrades. A bounded receive window makes a client that does not read felt soon; it is not smaller than
    /// what loopback sends at once, or the kernel would wait between any two pieces.
    pub async fn connect(address: SocketAddr, target: &str) -> Self {
        Self::ask(address, target, "").await.unwrap_or_else(|head| panic!("{target}: {head}"))
    }

    /// The same with further header lines; the head of the reply where the upgrade is refused.
    pub async fn ask(address: SocketAddr, target: &str, headers: &str) -> Result<Self, String> {
        let open = async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(256 * 1024).unwrap();
            let mut stream = socket.connect(address).await.unwrap();
            let request = format!(
                "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            if !head.starts_with("HTTP/1.1 101 ") {
                return Err(head);
            }
            // The key's answer of RFC 6455, §1.3.
            assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
            Ok(stream)
        };
        let stream = timeout(DEADLINE, open).await.expect("an upgrade in time")?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    pub fn head(servcmd: &str, seq: u64) -> Value {
        let app: AppId = APP;
        json!({"ver": "v4", "platform": 7, "servcmd": servcmd, "seq": seq, "sdkappid": app})
    }

    /// The bytes of a masked frame.
    pub fn frame(is_final: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
        const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
        let mut bytes = vec![u8::from(is_final) << 7 | opcode];
        match payload.len() {
            length @ 0..=125 => bytes.push(0x80 | length as u8),
            length @ 126..=0xffff => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        // What the gateway no longer takes shows itself in what it sends, or in the end.
        let _ = timeout(DEADLINE, self.stream.write_all(bytes)).await.expect("the gateway reads in time");
    }

    /// Writes what the kernel takes now. False when it has taken nothing for a while: the gateway does not read.
    pub async fn write_or_stuck(&mut self, bytes: &[u8], patience: std::time::Duration) -> bool {
        match timeout(patience, self.stream.write_all(bytes)).await {
            Ok(written) => written.is_ok(),
            Err(_) => false,
        }
    }

    pub async fn send(&mut self, opcode: u8, payload: &[u8]) {
        self.write(&Self::frame(true, opcode, payload)).await;
    }

    pub async fn send_request(&mut self, opcode: u8, head: &Value, body: &Value) {
        self.send(opcode, json!({"head": head, "body": body}).to_string().as_bytes()).await;
    }

    /// The next frame; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<RawFrame> {
        timeout(DEADLINE, self.read_frame()).await.expect("a frame in time")
    }

    async fn read_frame(&mut self) -> Option<RawFrame> {
        let head = self.bytes(2).await?;
        assert_eq!(head[0] & 0x80, 0x80, "the gateway does not fragment");
        assert_eq!(head[1] & 0x80, 0, "a server does not mask");
        let length = match head[1] {
            126 => u64::from(u16::from_be_bytes(self.bytes(2).await?.try_into().unwrap())),
            127 => u64::from_be_bytes(self.bytes(8).await?.try_into().unwrap()),
            length => u64::from(length),
        };
        let payload = self.bytes(length as usize).await?;
        Some(RawFrame { opcode: head[0] & 0x0f, payload })
    }

    async fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < count {
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
        let rest = self.buffer.split_off(count);
        Some(std::mem::replace(&mut self.buffer, rest))
    }

    /// The next frame with JSON in it.
    pub async fn next_json(&mut self) -> Option<Value> {
        loop {
            let frame = self.next().await?;
            if matches!(frame.opcode, Self::TEXT | Self::BINARY) {
                return Some(serde_json::from_slice(&frame.payload).unwrap());
            }
            if frame.opcode == Self::CLOSE {
                return None;
            }
        }
    }

    /// The code of the close frame that comes next, whatever else comes before it; 1006 when the stream ends without.
    pub async fn close_code(&mut self) -> u16 {
        while let Some(frame) = self.next().await {
            if frame.opcode == Self::CLOSE {
                let code = frame.payload.get(..2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
                return code.unwrap_or(1005);
            }
        }
        1006
    }

    /// Whether the connection still answers.
    pub async fn ping(&mut self, opcode: u8) {
        self.send_request(opcode, &Self::head("heartbeat.alive", 424_242), &json!({})).await;
        loop {
            let frame = self.next_json().await.expect("the connection lives");
            if frame["head"]["seq"] == 424_242 {
                assert_eq!(frame["body"]["ErrorCode"], 0);
                return;
            }
        }
    }
}

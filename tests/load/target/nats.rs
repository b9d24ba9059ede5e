//! NATS over WebSocket: the client protocol of NATS in binary frames. A room is a subject, whoever is in it subscribes.
//!
//! Source: "Client Protocol" and "WebSocket Configuration" of the NATS documentation.

use std::io::Write;

use memchr::memmem;

use super::peer::{HEAD_BYTES, Peer, fill};
use super::{Client, Entry, Protocol, Seat, Site};
use crate::frame::{self, Frame, Opcode};

pub(super) const NATS: Peer = Peer::new("nats", protocol);

fn protocol(site: &Site) -> Box<dyn Protocol> {
    Box::new(Nats { push_bytes: site.sizes.push_bytes })
}

struct Nats {
    push_bytes: usize,
}

impl Protocol for Nats {
    fn client(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(NatsClient {
            subject: format!("room.{}", seat.room),
            push_bytes: self.push_bytes,
            step: Step::Upgrade,
            payload: Vec::new(),
            command: Vec::new(),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Upgrade,
    /// For `INFO`, which the server sends first.
    Info,
    /// For the `PONG` behind the subscription: then the server has it.
    Pong,
}

struct NatsClient {
    subject: String,
    push_bytes: usize,
    step: Step,
    /// Of the message that is written; kept for the next one.
    payload: Vec<u8>,
    command: Vec<u8>,
}

impl Client for NatsClient {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(frame::upgrade("/", "").as_bytes());
    }

    fn enter(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        if self.step == Step::Upgrade {
            if !frame::is_upgraded(input)? {
                return Ok(Entry::Waiting);
            }
            self.step = Step::Info;
        }
        while let Some(frame) = Frame::at(input) {
            let lines: Vec<u8> = input.drain(..frame.payload.end).skip(frame.payload.start).collect();
            let has = |what: &str| memmem::find(&lines, what.as_bytes()).is_some();
            if has("-ERR") {
                return Err(format!("NATS refuses: {}", String::from_utf8_lossy(&lines)));
            }
            if self.step == Step::Info && has("INFO ") {
                self.step = Step::Pong;
                // Without an echo one does not get what one says oneself, as with the other servers.
                let commands = format!(
                    "CONNECT {{\"verbose\":false,\"pedantic\":false,\"tls_required\":false,\"echo\":false,\
                     \"lang\":\"rust\",\"version\":\"1.0.0\",\"protocol\":1}}\r\nSUB {} 1\r\nPING\r\n",
                    self.subject
                );
                frame::write_masked(Opcode::Binary, commands.as_bytes(), out);
            } else if self.step == Step::Pong && has("PONG\r\n") {
                return Ok(Entry::Ready);
            }
        }
        Ok(Entry::Waiting)
    }

    fn say(&mut self, _: u64, text: &[u8], out: &mut Vec<u8>) {
        let around = format!("MSG {} 1 1000\r\n\r\n", self.subject).len();
        fill(text, self.push_bytes, HEAD_BYTES + around, &mut self.payload);
        self.command.clear();
        let _ = write!(self.command, "PUB {} {}\r\n", self.subject, self.payload.len());
        self.command.extend_from_slice(&self.payload);
        self.command.extend_from_slice(b"\r\n");
        frame::write_masked(Opcode::Binary, &self.command, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::peer::talk::{hears, plain, said, seat, upgraded};
    use super::*;

    #[test]
    fn a_client_subscribes_and_publishes() {
        let mut client = Nats { push_bytes: 700 }.client(seat());
        let mut first = upgraded();
        // The server's first lines may come with the answer to the upgrade.
        first.extend(plain("INFO {\"server_id\":\"N\",\"max_payload\":1048576}\r\n"));
        let (entry, commands) = hears(&mut *client, &first);
        assert_eq!(entry, Entry::Waiting);
        assert!(commands[0].starts_with("CONNECT {"));
        assert!(commands[0].ends_with("}\r\nSUB room.5 1\r\nPING\r\n"));
        assert_eq!(hears(&mut *client, &plain("PONG\r\n")), (Entry::Ready, vec![]));
        let mut out = Vec::new();
        client.say(0, b"~T1-2-3~", &mut out);
        let said = said(&out);
        let (head, payload) = said[0].split_once("\r\n").unwrap();
        let payload = payload.strip_suffix("\r\n").unwrap();
        assert_eq!(head, format!("PUB room.5 {}", payload.len()));
        let delivered = format!("MSG room.5 1 {}\r\n{payload}\r\n", payload.len());
        assert!((699..=700).contains(&(delivered.len() + HEAD_BYTES)), "{}", delivered.len());
    }

    #[test]
    fn a_refusal_is_told() {
        let mut client = Nats { push_bytes: 700 }.client(seat());
        hears(&mut *client, &upgraded());
        let refused = client.enter(&mut plain("-ERR 'Authorization Violation'\r\n"), &mut Vec::new());
        assert!(refused.unwrap_err().contains("Authorization"));
    }
}

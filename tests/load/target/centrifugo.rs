//! Centrifugo over WebSocket: its JSON protocol with a token (JWT, HS256), one subscription, and publications by clients.
//!
//! Source: "Client protocol", "Client authentication" and "Channel permissions" of the Centrifugo documentation, and
//! the protocol's definition `client.proto`. Centrifugo can be had as Go source only. Where this was written there was no
//! Go toolchain that builds it, so its server has **not been run** with this client; what is tested below is the protocol
//! as it is documented.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use memchr::memmem;
use sha2::Sha256;

use super::peer::{HEAD_BYTES, Peer, fill};
use super::{Answer, Client, Entry, Protocol, Seat, Site};
use crate::frame::{self, Frame, Opcode};

pub(super) const CENTRIFUGO: Peer = Peer::new("centrifugo", protocol);

/// As in `peers/centrifugo/config.json`.
const SECRET: &[u8] = b"timgate-benchmark";

/// The numbers of the first two commands.
const CONNECT: u64 = 1;
const SUBSCRIBE: u64 = 2;

/// The number of a client's first publication.
const FIRST_PUBLISH: u64 = 10_000_000;

fn protocol(site: &Site) -> Box<dyn Protocol> {
    Box::new(Centrifugo { push_bytes: site.sizes.push_bytes })
}

struct Centrifugo {
    push_bytes: usize,
}

impl Protocol for Centrifugo {
    fn client(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(CentrifugoClient {
            name: format!("user{:05}", seat.number),
            channel: format!("room{}", seat.room),
            push_bytes: self.push_bytes,
            is_upgraded: false,
            payload: Vec::new(),
            command: Vec::new(),
        })
    }

    /// Each publication is answered.
    fn acknowledges(&self) -> bool {
        true
    }
}

struct CentrifugoClient {
    name: String,
    channel: String,
    push_bytes: usize,
    is_upgraded: bool,
    /// Of the message that is written; kept for the next one.
    payload: Vec<u8>,
    command: Vec<u8>,
}

impl Client for CentrifugoClient {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(frame::upgrade("/connection/websocket", "").as_bytes());
    }

    fn enter(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        if !self.is_upgraded {
            self.is_upgraded = frame::is_upgraded(input)?;
            if self.is_upgraded {
                let connect = format!(r#"{{"id":{CONNECT},"connect":{{"token":"{}"}}}}"#, token(&self.name));
                frame::write_masked(Opcode::Text, connect.as_bytes(), out);
            }
            return Ok(Entry::Waiting);
        }
        let Some(frame) = Frame::at(input) else { return Ok(Entry::Waiting) };
        let replies: Vec<u8> = input.drain(..frame.payload.end).skip(frame.payload.start).collect();
        let mut entry = Entry::Waiting;
        for reply in replies.split(|byte| *byte == b'\n') {
            if memmem::find(reply, b"\"error\":").is_some() || frame.is(Opcode::Close) {
                return Err(format!("{}: {}", self.name, String::from_utf8_lossy(reply)));
            }
            match id(reply) {
                Some(CONNECT) => {
                    let subscribe =
                        format!(r#"{{"id":{SUBSCRIBE},"subscribe":{{"channel":"{}"}}}}"#, self.channel);
                    frame::write_masked(Opcode::Text, subscribe.as_bytes(), out);
                    entry = Entry::LoggedIn;
                }
                Some(SUBSCRIBE) => entry = Entry::Ready,
                _ => {}
            }
        }
        Ok(entry)
    }

    fn say(&mut self, number: u64, text: &[u8], out: &mut Vec<u8>) {
        let (name, channel) = (&self.name, &self.channel);
        // As the server delivers it: with who published it, user and connection.
        let around = format!(
            r#"{{"push":{{"channel":"{channel}","pub":{{"data":"","info":{{"user":"{name}","client":"00000000-0000-0000-0000-000000000000"}}}}}}}}"#
        );
        fill(text, self.push_bytes, HEAD_BYTES + around.len(), &mut self.payload);
        self.command.clear();
        let id = FIRST_PUBLISH + number;
        let _ = write!(self.command, r#"{{"id":{id},"publish":{{"channel":"{channel}","data":""#);
        self.command.extend_from_slice(&self.payload);
        self.command.extend_from_slice(b"\"}}");
        frame::write_masked(Opcode::Text, &self.command, out);
    }

    fn hear(
        &mut self,
        input: &mut Vec<u8>,
        out: &mut Vec<u8>,
        answers: &mut Vec<Answer>,
    ) -> std::result::Result<(), String> {
        let mut at = 0;
        while let Some(frame) = Frame::at(&input[at..]) {
            let payload = &input[at + frame.payload.start..at + frame.payload.end];
            if frame.is(Opcode::Close) {
                return Err(format!("{}: Centrifugo closes", self.name));
            }
            for reply in payload.split(|byte| *byte == b'\n') {
                if reply == b"{}" {
                    // Its ping, which wants the same back.
                    frame::write_masked(Opcode::Text, b"{}", out);
                } else if let Some(number) = id(reply).and_then(|id| id.checked_sub(FIRST_PUBLISH)) {
                    let is_refused = memmem::find(reply, b"\"error\":").is_some();
                    answers.push(if is_refused { Answer::Refused(number) } else { Answer::Taken(number) });
                }
            }
            at += frame.payload.end;
        }
        input.drain(..at);
        Ok(())
    }
}

/// The number of the command to which this is the reply. None for what is pushed.
fn id(reply: &[u8]) -> Option<u64> {
    let digits = reply.strip_prefix(b"{\"id\":")?;
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&digits[..length]).ok()?.parse().ok()
}

/// A JSON Web Token (RFC 7519) that says who one is, and does not expire.
fn token(name: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signed =
        format!("{}.{}", encode(r#"{"alg":"HS256","typ":"JWT"}"#), encode(&format!(r#"{{"sub":"{name}"}}"#)));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("a key of any length is taken");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::peer::talk::{hears, hears_text, plain, said, seat, upgraded};
    use super::*;

    #[test]
    fn a_client_connects_and_subscribes() {
        let mut client = Centrifugo { push_bytes: 700 }.client(seat());
        let client = &mut *client;
        let (_, said) = hears(client, &upgraded());
        assert_eq!(said, [format!(r#"{{"id":1,"connect":{{"token":"{}"}}}}"#, token("user00003"))]);
        let connected = r#"{"id":1,"connect":{"client":"9ac9de4e-5289-4ad6-9aa7-8447f007083e","version":"6.9.1","ping":25,"pong":true}}"#;
        let (entry, said) = hears_text(client, connected);
        assert_eq!(
            (entry, said),
            (Entry::LoggedIn, vec![r#"{"id":2,"subscribe":{"channel":"room5"}}"#.to_owned()])
        );
        assert_eq!(hears_text(client, r#"{"id":2,"subscribe":{}}"#), (Entry::Ready, vec![]));
    }

    #[test]
    fn what_is_said_is_published_and_answered() {
        let mut client = Centrifugo { push_bytes: 700 }.client(seat());
        let mut out = Vec::new();
        client.say(4, b"~T1-2-3~", &mut out);
        let said = said(&out);
        let command: serde_json::Value = serde_json::from_str(&said[0]).unwrap();
        assert_eq!(command["id"], FIRST_PUBLISH + 4);
        assert_eq!(command["publish"]["channel"], "room5");
        let data = &command["publish"]["data"];
        assert!(data.as_str().unwrap().starts_with("~T1-2-3~."));
        let delivered = format!(
            r#"{{"push":{{"channel":"room5","pub":{{"data":{data},"info":{{"user":"user00003","client":"9ac9de4e-5289-4ad6-9aa7-8447f007083e"}}}}}}}}"#
        );
        assert_eq!(delivered.len() + HEAD_BYTES, 700);
        // Replies and pushes that wait for the same connection share a frame, a line each.
        let lines = format!(
            "{delivered}\n{{\"id\":{},\"publish\":{{}}}}\n{{}}\n{{\"id\":{},\"error\":{{\"code\":103,\"message\":\"permission denied\"}}}}",
            FIRST_PUBLISH + 4,
            FIRST_PUBLISH + 5
        );
        let (mut input, mut out, mut answers) = (plain(&lines), Vec::new(), Vec::new());
        client.hear(&mut input, &mut out, &mut answers).unwrap();
        assert_eq!(answers, [Answer::Taken(4), Answer::Refused(5)]);
        assert_eq!(super::super::peer::talk::said(&out), ["{}"]);
    }

    #[test]
    fn a_refusal_is_told() {
        let mut client = Centrifugo { push_bytes: 700 }.client(seat());
        hears(&mut *client, &upgraded());
        let mut refusal = plain(r#"{"id":1,"error":{"code":109,"message":"token expired"}}"#);
        assert!(client.enter(&mut refusal, &mut Vec::new()).unwrap_err().contains("token expired"));
    }

    #[test]
    fn the_token_is_a_json_web_token() {
        let token = token("user00003");
        let parts: Vec<&str> = token.split('.').collect();
        let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(text(parts[0]), r#"{"alg":"HS256","typ":"JWT"}"#);
        assert_eq!(text(parts[1]), r#"{"sub":"user00003"}"#);
        assert_eq!(URL_SAFE_NO_PAD.decode(parts[2]).unwrap().len(), 32);
    }
}

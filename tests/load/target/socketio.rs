//! Socket.IO with its Redis adapter, over WebSocket from the start: Engine.IO's opening, the connection to the default
//! namespace, then an event to join a room.
//!
//! ```text
//! server 0{"sid":…}   client 40   server 40{"sid":…}   client 420["join","room5"]   server 430[]
//! client 42["say","…"]   server, to the others 42["said","…"]
//! ```

use super::peer::{HEAD_BYTES, Peer, fill};
use super::{Answer, Client, Entry, Protocol, Seat, Site};
use crate::frame::{self, Frame, Opcode};

pub(super) const SOCKETIO: Peer = Peer::new("socketio", protocol);

/// What a receiver gets around the text.
const AROUND: &str = r#"42["said",""]"#;

/// Engine.IO's ping and its answer.
const PING: &[u8] = b"2";
const PONG: &[u8] = b"3";

fn protocol(site: &Site) -> Box<dyn Protocol> {
    Box::new(SocketIo { push_bytes: site.sizes.push_bytes })
}

struct SocketIo {
    push_bytes: usize,
}

impl Protocol for SocketIo {
    fn client(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(SocketIoClient {
            room: seat.room,
            push_bytes: self.push_bytes,
            step: Step::Upgrade,
            text: Vec::new(),
            payload: Vec::new(),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Upgrade,
    Open,
    Connect,
    Join,
}

struct SocketIoClient {
    room: u32,
    push_bytes: usize,
    step: Step,
    /// Of the message that is written; both are kept for the next one.
    text: Vec<u8>,
    payload: Vec<u8>,
}

impl Client for SocketIoClient {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(frame::upgrade("/socket.io/?EIO=4&transport=websocket", "").as_bytes());
    }

    fn enter(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        if self.step == Step::Upgrade {
            if frame::is_upgraded(input)? {
                self.step = Step::Open;
            }
            return Ok(Entry::Waiting);
        }
        let Some(frame) = Frame::at(input) else { return Ok(Entry::Waiting) };
        let packet = input[frame.payload.clone()].to_vec();
        input.drain(..frame.payload.end);
        let (next, entry) = match self.step {
            Step::Open if packet.starts_with(b"0{") => {
                frame::write_masked(Opcode::Text, b"40", out);
                (Step::Connect, Entry::Waiting)
            }
            Step::Connect if packet.starts_with(b"40{") => {
                let join = format!(r#"420["join","room{}"]"#, self.room);
                frame::write_masked(Opcode::Text, join.as_bytes(), out);
                (Step::Join, Entry::LoggedIn)
            }
            Step::Join if packet == b"430[]" => (Step::Join, Entry::Ready),
            step if packet == PING => {
                frame::write_masked(Opcode::Text, PONG, out);
                (step, Entry::Waiting)
            }
            _ => return Err(format!("the server says {}", String::from_utf8_lossy(&packet))),
        };
        self.step = next;
        Ok(entry)
    }

    fn say(&mut self, _: u64, text: &[u8], out: &mut Vec<u8>) {
        fill(text, self.push_bytes, HEAD_BYTES + AROUND.len(), &mut self.text);
        self.payload.clear();
        self.payload.extend_from_slice(br#"42["say",""#);
        self.payload.extend_from_slice(&self.text);
        self.payload.extend_from_slice(br#""]"#);
        frame::write_masked(Opcode::Text, &self.payload, out);
    }

    fn hear(
        &mut self,
        input: &mut Vec<u8>,
        out: &mut Vec<u8>,
        _: &mut Vec<Answer>,
    ) -> std::result::Result<(), String> {
        let mut at = 0;
        while let Some(frame) = Frame::at(&input[at..]) {
            if &input[at + frame.payload.start..at + frame.payload.end] == PING {
                frame::write_masked(Opcode::Text, PONG, out);
            }
            at += frame.payload.end;
        }
        input.drain(..at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::peer::talk::{hears, hears_text, said, seat, upgraded};
    use super::*;

    #[test]
    fn a_client_goes_through_the_handshake_and_fills_what_he_says() {
        let mut client = SocketIo { push_bytes: 700 }.client(seat());
        assert_eq!(hears(&mut *client, &upgraded()), (Entry::Waiting, vec![]));
        let open = r#"0{"sid":"a","upgrades":[],"pingInterval":300000}"#;
        assert_eq!(hears_text(&mut *client, open), (Entry::Waiting, vec!["40".to_owned()]));
        let join = r#"420["join","room5"]"#.to_owned();
        assert_eq!(hears_text(&mut *client, r#"40{"sid":"b"}"#), (Entry::LoggedIn, vec![join]));
        assert_eq!(hears_text(&mut *client, "2"), (Entry::Waiting, vec!["3".to_owned()]));
        assert_eq!(hears_text(&mut *client, "430[]"), (Entry::Ready, vec![]));
        let mut out = Vec::new();
        client.say(0, b"~T1-2-3~", &mut out);
        let text =
            said(&out)[0].strip_prefix(r#"42["say",""#).unwrap().strip_suffix(r#""]"#).unwrap().to_owned();
        assert!(text.starts_with("~T1-2-3~."));
        let delivery = format!(r#"42["said","{text}"]"#);
        assert_eq!(delivery.len() + HEAD_BYTES, 700);
    }

    #[test]
    fn a_refusal_is_an_error() {
        let mut client = SocketIo { push_bytes: 700 }.client(seat());
        hears(&mut *client, &upgraded());
        let refusal = super::super::peer::talk::plain(r#"44{"message":"no"}"#);
        assert!(client.enter(&mut refusal.clone(), &mut Vec::new()).is_err());
    }
}

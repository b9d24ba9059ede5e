//! The peers: chat and broadcast servers of others, each with a folder in `peers/` that installs and starts it.
//!
//! All of them are asked for the same: somebody in a room says something, everybody else there gets it. A delivery has
//! as many bytes on the wire as one of the gateway, the peer's own framing included: what the framing leaves is filled
//! up. None of them stores, compresses or encrypts anything, and all are bound to one core, as the gateway is.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use super::{Client, Entry, Protocol, Running, Seat, Site, Target, peers};
use crate::Result;
use crate::frame::{self, Frame, Opcode};
use crate::process::Process;

/// How a peer's protocol is made for a run.
type MakeProtocol = fn(&Site) -> Box<dyn Protocol>;

/// A server with a script `peers/<name>/start PORT DIRECTORY` that becomes the server.
pub(super) struct Peer {
    name: &'static str,
    protocol: MakeProtocol,
}

impl Peer {
    pub(super) const fn new(name: &'static str, protocol: MakeProtocol) -> Self {
        Self { name, protocol }
    }
}

/// Node's `ws`, the WebSocket library that servers in JavaScript are made of.
pub(super) const WS: Peer = Peer::new("ws", rooms);

/// uWebSockets, the fastest of those that are known for speed, through its Python binding. Its publish drains all topics
/// once in a turn of the loop, so that it coalesces as the gateway does.
pub(super) const UWEBSOCKETS: Peer = Peer::new("uwebsockets", rooms);

fn rooms(site: &Site) -> Box<dyn Protocol> {
    Box::new(Rooms { push_bytes: site.sizes.push_bytes })
}

impl Target for Peer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn start(&self, site: &Site) -> Result<Running> {
        let port = ::tests::free_port();
        let mut command = Command::new(peers().join(self.name).join("start"));
        command.arg(port.to_string()).arg(&site.directory);
        let mut process = Process::start(self.name, &mut command, site.cores)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        process.accepts(address)?;
        Ok(Running { processes: vec![process], address, protocol: (self.protocol)(site) })
    }
}

/// The head of a frame of 126 to 65,535 bytes as a server sends it.
pub(super) const HEAD_BYTES: usize = 4;

/// The bytes that are to be said so that a delivery has `delivery_bytes` in all, of which its framing takes some.
pub(super) fn fill(text: &[u8], delivery_bytes: usize, framing_bytes: usize, payload: &mut Vec<u8>) {
    payload.clear();
    payload.extend_from_slice(text);
    payload.resize(delivery_bytes.saturating_sub(framing_bytes).max(text.len()), b'.');
}

/// What two of the servers, which have no protocol of their own, were given for one: the first message names the room
/// and is answered, what is said afterwards goes to all the others as it is.
struct Rooms {
    push_bytes: usize,
}

impl Protocol for Rooms {
    fn client(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(RoomClient {
            room: seat.room,
            push_bytes: self.push_bytes,
            is_upgraded: false,
            payload: Vec::new(),
        })
    }
}

struct RoomClient {
    room: u32,
    push_bytes: usize,
    is_upgraded: bool,
    /// Of the message that is written; kept for the next one.
    payload: Vec<u8>,
}

impl Client for RoomClient {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(frame::upgrade("/", "").as_bytes());
    }

    fn enter(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        if !self.is_upgraded {
            self.is_upgraded = frame::is_upgraded(input)?;
            if self.is_upgraded {
                frame::write_masked(Opcode::Text, format!("room{}", self.room).as_bytes(), out);
            }
            return Ok(Entry::Waiting);
        }
        let Some(frame) = Frame::at(input) else { return Ok(Entry::Waiting) };
        let is_joined = frame.is(Opcode::Text) && &input[frame.payload.clone()] == b"joined";
        input.drain(..frame.payload.end);
        if is_joined {
            Ok(Entry::Ready)
        } else {
            Err("the server does not say that one has joined".to_owned())
        }
    }

    fn say(&mut self, _: u64, text: &[u8], out: &mut Vec<u8>) {
        fill(text, self.push_bytes, HEAD_BYTES, &mut self.payload);
        frame::write_masked(Opcode::Binary, &self.payload, out);
    }
}

/// What the tests of the peers' clients need.
#[cfg(test)]
pub(super) mod talk {
    use super::*;

    /// The payloads of the masked frames that a client wrote.
    pub(in crate::target) fn said(out: &[u8]) -> Vec<String> {
        let (mut at, mut said) = (0, Vec::new());
        while let Some(frame) = Frame::at(&out[at..]) {
            let mask = frame.mask.expect("clients mask what they send");
            let bytes = out[at..][frame.payload.clone()].iter().zip(mask.iter().cycle());
            said.push(String::from_utf8(bytes.map(|(byte, mask)| byte ^ mask).collect()).unwrap());
            at += frame.payload.end;
        }
        assert_eq!(at, out.len(), "a frame is not whole");
        said
    }

    /// Gives a client what a server answers, and tells what he makes of it and writes.
    pub(in crate::target) fn hears(client: &mut dyn Client, server: &[u8]) -> (Entry, Vec<String>) {
        let (mut input, mut out) = (server.to_vec(), Vec::new());
        let entry = client.enter(&mut input, &mut out).unwrap();
        assert!(input.is_empty(), "left: {:?}", String::from_utf8_lossy(&input));
        (entry, said(&out))
    }

    /// The same for a text frame.
    pub(in crate::target) fn hears_text(client: &mut dyn Client, text: &str) -> (Entry, Vec<String>) {
        hears(client, &plain(text))
    }

    pub(in crate::target) fn plain(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame::write_plain(Opcode::Text, text.as_bytes(), &mut bytes);
        bytes
    }

    pub(in crate::target) fn upgraded() -> Vec<u8> {
        format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {}\r\n\r\n", frame::ACCEPT)
            .into_bytes()
    }

    pub(in crate::target) fn seat() -> Seat {
        Seat { number: 3, room: 5, is_first: false, speaks: true }
    }
}

#[cfg(test)]
mod tests {
    use super::talk::{hears, hears_text, said, seat, upgraded};
    use super::*;

    #[test]
    fn a_client_names_his_room_and_fills_what_he_says() {
        let mut client = Rooms { push_bytes: 700 }.client(seat());
        assert_eq!(hears(&mut *client, &upgraded()), (Entry::Waiting, vec!["room5".to_owned()]));
        assert_eq!(hears_text(&mut *client, "joined"), (Entry::Ready, vec![]));
        let mut out = Vec::new();
        client.say(0, b"~T1-2-3~", &mut out);
        let said = said(&out);
        assert_eq!(said[0].len() + HEAD_BYTES, 700);
        assert!(said[0].starts_with("~T1-2-3~."));
    }

    #[test]
    fn something_else_than_the_joining_is_an_error() {
        let mut client = Rooms { push_bytes: 700 }.client(seat());
        hears(&mut *client, &upgraded());
        assert!(client.enter(&mut talk::plain("what"), &mut Vec::new()).is_err());
    }
}

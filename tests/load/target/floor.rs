//! The floors, and how their clients speak: see `floor.rs` of the parent for the server.

use std::process::Command;

use super::{Client, Entry, Protocol, Running, Seat, Site, Target};
use crate::Result;
use crate::frame::{self, Opcode};
use crate::process::Process;

#[derive(Clone, Copy)]
pub(super) enum Floor {
    Each,
    Coalesce,
}

impl Target for Floor {
    fn name(&self) -> &'static str {
        match self {
            Floor::Each => "floor-each",
            Floor::Coalesce => "floor-coalesce",
        }
    }

    fn start(&self, site: &Site) -> Result<Running> {
        let kind = match self {
            Floor::Each => "each",
            Floor::Coalesce => "coalesce",
        };
        let push_bytes = site.sizes.push_bytes.to_string();
        let mut command = Command::new(&site.own);
        command.args(["floor", kind, "--listen", "127.0.0.1:0", "--push-bytes", &push_bytes]);
        let mut process = Process::start(self.name(), &mut command, site.cores)?;
        let address = process.line(|line| line.strip_prefix("listening on ")?.parse().ok())?;
        let protocol = Box::new(Plain { request_bytes: site.sizes.request_bytes });
        Ok(Running { processes: vec![process], address, protocol })
    }
}

struct Plain {
    request_bytes: usize,
}

impl Protocol for Plain {
    fn client(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(PlainClient { room: seat.room, request_bytes: self.request_bytes, payload: Vec::new() })
    }
}

struct PlainClient {
    room: u32,
    request_bytes: usize,
    /// Of the request that is written; kept for the next one.
    payload: Vec<u8>,
}

/// The head of a masked frame of 126 to 65,535 bytes.
const HEAD_BYTES: usize = 8;

impl Client for PlainClient {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(frame::upgrade(&format!("/{}", self.room), "").as_bytes());
    }

    fn enter(&mut self, input: &mut Vec<u8>, _: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        Ok(if frame::is_upgraded(input)? { Entry::Ready } else { Entry::Waiting })
    }

    fn say(&mut self, _: u64, text: &[u8], out: &mut Vec<u8>) {
        self.payload.clear();
        self.payload.extend_from_slice(text);
        let bytes = self.request_bytes.saturating_sub(HEAD_BYTES).max(text.len());
        self.payload.resize(bytes, b'.');
        frame::write_masked(Opcode::Binary, &self.payload, out);
    }
}

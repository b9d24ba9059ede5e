//! One client's connection.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use crate::Result;
use crate::ledger::Receiver;
use crate::marker::Carry;
use crate::target::{Answer, Client, Entry, Seat};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connecting,
    Entering,
    Ready,
}

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) stage: Stage,
    pub(super) seat: Seat,
    pub(super) receiver: Receiver,
    pub(super) carry: Carry,
    /// Reads nothing any more.
    pub(super) is_stalled: bool,
    client: Box<dyn Client>,
    /// What the client has not taken in yet.
    input: Vec<u8>,
    /// What the kernel has not taken yet.
    output: Vec<u8>,
}

impl Connection {
    pub(super) fn open(
        address: SocketAddr,
        client: Box<dyn Client>,
        seat: Seat,
        receiver: Receiver,
    ) -> Result<Self> {
        Ok(Self {
            stream: TcpStream::connect(address)?,
            stage: Stage::Connecting,
            seat,
            receiver,
            carry: Carry::default(),
            is_stalled: false,
            client,
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    /// The kernel says that the connection stands, or does not.
    pub(super) fn connected(&mut self) -> Result<()> {
        if let Some(error) = self.stream.take_error()? {
            return Err(self.fault(&error.to_string()));
        }
        if self.stream.peer_addr().is_err() {
            return Ok(());
        }
        self.stream.set_nodelay(true)?;
        self.stage = Stage::Entering;
        self.client.begin(&mut self.output);
        Ok(())
    }

    /// Goes on with entering, or ends it with the login.
    pub(super) fn enter(&mut self, bytes: &[u8], only_login: bool) -> Result<Entry> {
        self.input.extend_from_slice(bytes);
        let mut entry = Entry::Waiting;
        // One read may bring several steps.
        loop {
            let before = self.input.len();
            let step = self.client.enter(&mut self.input, &mut self.output);
            let step = step.map_err(|error| self.fault(&error))?;
            if step != Entry::Waiting {
                entry = step;
            }
            if only_login && step == Entry::LoggedIn {
                // The request for the room, which follows at once, is not sent.
                self.output.clear();
                entry = Entry::Ready;
                break;
            }
            if step == Entry::Ready || self.input.is_empty() || self.input.len() == before {
                break;
            }
        }
        if entry == Entry::Ready {
            // Whether the kernel acknowledges what a client hears by itself depends on what it said before: after a few
            // questions and answers it waits for more to acknowledge. Without this a server would be charged for having
            // had a login, because acknowledgements that wait are handled while the server writes the next message.
            rustix::net::sockopt::set_tcp_quickack(&self.stream, false).map_err(|error| error.to_string())?;
            self.stage = Stage::Ready;
            if !self.seat.speaks {
                self.input = Vec::new();
            }
        }
        self.flush()?;
        Ok(entry)
    }

    pub(super) fn hear(&mut self, bytes: &[u8], answers: &mut Vec<Answer>) -> Result<()> {
        self.input.extend_from_slice(bytes);
        let heard = self.client.hear(&mut self.input, &mut self.output, answers);
        heard.map_err(|error| self.fault(&error))?;
        self.flush()
    }

    /// Sends a message. Gives the bytes it took.
    pub(super) fn say(&mut self, number: u64, text: &[u8]) -> Result<usize> {
        let before = self.output.len();
        self.client.say(number, text, &mut self.output);
        let bytes = self.output.len() - before;
        self.flush()?;
        Ok(bytes)
    }

    /// Whether the kernel has not taken all that was said.
    pub(super) fn is_blocked(&self) -> bool {
        !self.output.is_empty()
    }

    /// Whether it is there and reads.
    pub(super) fn is_attentive(&self) -> bool {
        self.stage == Stage::Ready && !self.is_stalled
    }

    pub(super) fn beat(&mut self) -> Result<()> {
        self.client.beat(&mut self.output);
        self.flush()
    }

    /// Writes what the kernel takes now.
    pub(super) fn flush(&mut self) -> Result<()> {
        let mut written = 0;
        while written < self.output.len() && self.stage != Stage::Connecting {
            match self.stream.write(&self.output[written..]) {
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(&error.to_string())),
            }
        }
        self.output.drain(..written);
        if self.output.is_empty() && !self.seat.speaks {
            // Thousands of receivers need no memory for what they wrote once.
            self.output = Vec::new();
        }
        Ok(())
    }

    pub(super) fn fault(&self, what: &str) -> Box<dyn std::error::Error> {
        let Seat { number, room, .. } = self.seat;
        format!("client {number} in room {room}, {:?}: {what}", self.stage).into()
    }
}

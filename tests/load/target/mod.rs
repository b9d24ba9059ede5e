//! What is measured: how its server is started, and what its clients write and read.
//!
//! A new target is a [`Target`] that starts the server and a [`Client`] that speaks its protocol, and a row in
//! [`by_name`]. The generator does the rest: it owns the sockets, looks for the marks of messages in the raw bytes and
//! counts. A client never blocks and never sees a socket: it takes bytes and gives bytes.

mod centrifugo;
mod ejabberd;
mod floor;
pub(crate) mod gateway;
mod nats;
mod peer;
mod socketio;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::process::{Cores, Process};

use gateway::Room;

/// Something that can be measured.
pub(crate) trait Target {
    /// As the command line and the report call it.
    fn name(&self) -> &'static str;

    /// Starts it, its Redis included, and returns when it accepts connections.
    fn start(&self, site: &Site) -> Result<Running>;
}

/// Where a target runs, and what it has to know of the run before it starts.
pub(crate) struct Site {
    /// Empty at the start, and gone after the run.
    pub(crate) directory: PathBuf,
    pub(crate) cores: Cores,
    /// The gateway's program.
    pub(crate) gateway: PathBuf,
    /// This program, which is the floors' server too.
    pub(crate) own: PathBuf,
    /// What a message of the gateway takes on the wire; the floors take the same.
    pub(crate) sizes: Sizes,
}

/// What a message takes on the wire, headers of frames included.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sizes {
    /// From the sender to the server.
    pub(crate) request_bytes: usize,
    /// From the server to one receiver.
    pub(crate) push_bytes: usize,
}

/// A target that accepts connections. It ends with the value.
pub(crate) struct Running {
    /// Whose CPU time and memory count, with that of their descendants.
    pub(crate) processes: Vec<Process>,
    pub(crate) address: SocketAddr,
    pub(crate) protocol: Box<dyn Protocol>,
}

/// Makes the clients of a run.
pub(crate) trait Protocol {
    /// A client who will take this seat. Nothing is connected yet.
    fn client(&self, seat: Seat) -> Box<dyn Client>;

    /// Whether senders are told of each message that it was taken; then a request without an answer is a fault.
    fn acknowledges(&self) -> bool {
        false
    }
}

/// One place in a room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    /// Of all connections, from 0: what names the user.
    pub(crate) number: u32,
    /// From 0.
    pub(crate) room: u32,
    /// The first one of his room. Nobody else of the room connects before he is ready, so he can create it.
    pub(crate) is_first: bool,
    /// Whether he sends. He is sent the messages of the room's other senders.
    pub(crate) speaks: bool,
}

/// A client on one connection.
pub(crate) trait Client {
    /// Writes what comes first on a new connection.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Takes what has come off the begin of `input`, as far as it is whole, and writes what comes next. Called after
    /// each read until it says [`Entry::Ready`]: from then on the client gets what is said in his room.
    fn enter(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) -> std::result::Result<Entry, String>;

    /// Writes the request that says `text` in his room, as message `number` of this sender. `text` is plain ASCII
    /// without quotes and backslashes.
    fn say(&mut self, number: u64, text: &[u8], out: &mut Vec<u8>);

    /// The same as `enter` for a sender who is ready: takes what has come off `input` and reports the answers to what
    /// he said. Messages of others need no report, they are found by their marks. Receivers are not asked: their bytes
    /// are only searched.
    fn hear(
        &mut self,
        input: &mut Vec<u8>,
        out: &mut Vec<u8>,
        answers: &mut Vec<Answer>,
    ) -> std::result::Result<(), String> {
        let _ = (out, answers);
        input.clear();
        Ok(())
    }

    /// Writes what keeps a silent connection alive. Called every [`crate::generator::BEAT`] for each connection.
    fn beat(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }
}

/// How far a client is with entering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Waiting,
    /// Logged in, where there is a login, but not in his room yet. Reported once, if at all.
    LoggedIn,
    Ready,
}

/// What became of a message, as its sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The server has it.
    Taken(u64),
    /// The server did not take it; nobody will get it.
    Refused(u64),
}

/// The target of a name.
pub(crate) fn by_name(name: &str) -> Result<Box<dyn Target>> {
    Ok(match name {
        "us" => Box::new(gateway::Gateway(Room::Meeting)),
        "us-live" => Box::new(gateway::Gateway(Room::Live)),
        "us-community" => Box::new(gateway::Gateway(Room::Community)),
        "us-topic" => Box::new(gateway::Gateway(Room::Topic)),
        "floor-each" => Box::new(floor::Floor::Each),
        "floor-coalesce" => Box::new(floor::Floor::Coalesce),
        "socketio" => Box::new(socketio::SOCKETIO),
        "ws" => Box::new(peer::WS),
        "uwebsockets" => Box::new(peer::UWEBSOCKETS),
        "nats" => Box::new(nats::NATS),
        "ejabberd" => Box::new(ejabberd::EJABBERD),
        "centrifugo" => Box::new(centrifugo::CENTRIFUGO),
        _ => return Err(format!("no target is called {name}").into()),
    })
}

/// Where the servers of peers are kept.
pub(crate) fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("load/peers")
}

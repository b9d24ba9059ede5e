//! The floors: the least that a server can do to have a message written to every member of a room.
//!
//! One thread, WebSocket frames, rooms named by the path, no login, nothing stored, no answer to the sender. What is
//! written is the begin of the request, as long as the push of the gateway that it is compared with. `each` writes every
//! message to every member by itself. `coalesce` writes what has come in one turn of the loop at once.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::Result;
use crate::frame::{self, ACCEPT, Frame};

const LISTENER: Token = Token(usize::MAX);

/// What is read at once; one for all connections.
const BUFFER_BYTES: usize = 256 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// One write a message and member.
    Each,
    /// One write a turn and member.
    Coalesce,
}

struct Member {
    stream: TcpStream,
    room: Option<usize>,
    /// A request that is not there as a whole.
    input: Vec<u8>,
    /// What the kernel has not taken yet.
    backlog: Vec<u8>,
}

#[derive(Default)]
struct Room {
    members: Vec<usize>,
    /// The frames of this turn.
    frames: Vec<u8>,
    /// Whose they are, and where each ends.
    parts: Vec<(usize, usize)>,
}

struct Floor {
    kind: Kind,
    push_bytes: usize,
    poll: Poll,
    members: Vec<Option<Member>>,
    rooms: Vec<Room>,
    /// In which something has come in this turn.
    changed: Vec<usize>,
}

/// Serves until the process is ended. Prints where it listens.
pub(crate) fn serve(kind: Kind, listen: SocketAddr, push_bytes: usize) -> Result<()> {
    let mut listener = TcpListener::bind(listen)?;
    println!("listening on {}", listener.local_addr()?);
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (members, rooms, changed) = (Vec::new(), Vec::new(), Vec::new());
    let mut floor = Floor { kind, push_bytes, poll, members, rooms, changed };
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        floor.poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                floor.accept(&listener)?;
                continue;
            }
            let index = event.token().0;
            if event.is_writable() {
                floor.flush(index);
            }
            if event.is_readable() {
                floor.read(index, &mut buffer);
            }
        }
        floor.deliver();
    }
}

impl Floor {
    fn accept(&mut self, listener: &TcpListener) -> Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.members.len());
            self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            let (input, backlog) = (Vec::new(), Vec::new());
            self.members.push(Some(Member { stream, room: None, input, backlog }));
        }
    }

    fn read(&mut self, index: usize, buffer: &mut [u8]) {
        loop {
            let Some(member) = &mut self.members[index] else { return };
            let length = match member.stream.read(buffer) {
                Ok(0) => return self.leave(index),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => return self.leave(index),
            };
            if member.input.is_empty() {
                let used = self.take(index, &buffer[..length]);
                if let Some(member) = &mut self.members[index] {
                    member.input.extend_from_slice(&buffer[used..length]);
                }
            } else {
                let mut input = std::mem::take(&mut member.input);
                input.extend_from_slice(&buffer[..length]);
                let used = self.take(index, &input);
                input.drain(..used);
                if let Some(member) = &mut self.members[index] {
                    member.input = input;
                }
            }
            // A read that does not fill the buffer has emptied the socket.
            if length < buffer.len() {
                return;
            }
        }
    }

    /// Takes in what is there as a whole, and gives how many bytes that was.
    fn take(&mut self, index: usize, bytes: &[u8]) -> usize {
        let mut used = 0;
        let room = match self.members[index].as_ref().and_then(|member| member.room) {
            Some(room) => room,
            None => {
                let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return 0 };
                used = end + 4;
                self.join(index, &bytes[..end])
            }
        };
        while let Some(frame) = Frame::at(&bytes[used..]) {
            let payload = &bytes[used + frame.payload.start..used + frame.payload.end];
            self.say(index, room, payload, frame.mask.unwrap_or_default());
            used += frame.payload.end;
        }
        used
    }

    fn join(&mut self, index: usize, head: &[u8]) -> usize {
        let path = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let number =
            std::str::from_utf8(path).ok().and_then(|path| path.trim_start_matches('/').parse().ok());
        let number: usize = number.unwrap_or(0);
        while self.rooms.len() <= number {
            self.rooms.push(Room::default());
        }
        self.rooms[number].members.push(index);
        if let Some(member) = &mut self.members[index] {
            member.room = Some(number);
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
            );
            member.write(answer.as_bytes());
        }
        number
    }

    /// Adds the push of a message to what its room is sent.
    fn say(&mut self, index: usize, room: usize, payload: &[u8], mask: [u8; 4]) {
        let number = room;
        let room = &mut self.rooms[number];
        if room.parts.is_empty() {
            self.changed.push(number);
        }
        let length = self.push_bytes.saturating_sub(4);
        frame::write_head(frame::Opcode::Binary, length, 0, &mut room.frames);
        let begin = room.frames.len();
        room.frames.extend_from_slice(&payload[..length.min(payload.len())]);
        room.frames.resize(begin + length, b'.');
        for piece in room.frames[begin..].chunks_mut(4) {
            piece.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        }
        room.parts.push((index, room.frames.len()));
        if self.kind == Kind::Each {
            self.deliver();
        }
    }

    /// Writes to every room what it is to be sent.
    fn deliver(&mut self) {
        for number in self.changed.drain(..) {
            let room = &mut self.rooms[number];
            let speakers: BTreeSet<usize> = room.parts.iter().map(|(index, _)| *index).collect();
            for index in &room.members {
                let Some(member) = &mut self.members[*index] else { continue };
                if !speakers.contains(index) {
                    member.write(&room.frames);
                } else if speakers.len() > 1 {
                    member.write(&room.without(*index));
                }
            }
            room.frames.clear();
            room.parts.clear();
        }
    }

    fn flush(&mut self, index: usize) {
        if let Some(member) = &mut self.members[index] {
            let backlog = std::mem::take(&mut member.backlog);
            if !backlog.is_empty() {
                member.write(&backlog);
            }
        }
    }

    fn leave(&mut self, index: usize) {
        if let Some(Member { room: Some(room), .. }) = self.members[index].take() {
            self.rooms[room].members.retain(|member| *member != index);
        }
    }
}

impl Member {
    fn write(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        while self.backlog.is_empty() && !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What is wrong with the connection shows itself when it is read.
                Err(_) => break,
            }
        }
        self.backlog.extend_from_slice(bytes);
    }
}

impl Room {
    /// What is sent in this turn to one who has spoken in it themselves.
    fn without(&self, speaker: usize) -> Vec<u8> {
        let mut frames = Vec::new();
        let mut begin = 0;
        for (index, end) in &self.parts {
            if *index != speaker {
                frames.extend_from_slice(&self.frames[begin..*end]);
            }
            begin = *end;
        }
        frames
    }
}

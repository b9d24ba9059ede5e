//! Thousands of users in one thread: connects them, sends at a pace, and notes what reaches whom and when.

mod connection;
mod meter;
mod pace;

use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::time::Duration;

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};

use crate::Result;
use crate::clock::{SECOND_NS, Timer, now_ns};
use crate::ledger::{Faults, Ledger};
use crate::marker::{Mark, ROOM, Scanner};
use crate::target::{Answer, Entry, Protocol, Seat};

use connection::{Connection, Stage};
pub(crate) use meter::Meter;
pub(crate) use pace::Pace;

/// How often a silent connection says that it is there.
pub(crate) const BEAT: Duration = Duration::from_secs(20);

/// What is read at once; one for all connections.
const BUFFER_BYTES: usize = 256 * 1024;

/// So long nothing may happen while something is waited for.
const PATIENCE_NS: u64 = 20 * SECOND_NS;

/// When nothing has come for so long, nothing more comes by itself.
const QUIET_NS: u64 = SECOND_NS / 2;

/// Clients that enter at the same time.
const ENTER_AT_ONCE: usize = 64;

const TIMER: Token = Token(usize::MAX);

/// Who is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) rooms: u32,
    /// Of each room, its senders not counted.
    pub(crate) members: u32,
    /// Of each room.
    pub(crate) senders: u32,
    /// Of the text of a message.
    pub(crate) text_bytes: usize,
}

impl Shape {
    pub(crate) fn connections(self) -> u32 {
        self.rooms * (self.members + self.senders)
    }

    /// The stream of who speaks.
    fn stream(self, seat: Seat) -> u32 {
        seat.room * self.senders + seat.number % (self.members + self.senders)
    }

    /// Deliveries of one message.
    pub(crate) fn receivers(self) -> u32 {
        self.members + self.senders - 1
    }
}

pub(crate) struct Generator {
    shape: Shape,
    /// Where senders connect, and where the others do.
    addresses: [SocketAddr; 2],
    protocol: Box<dyn Protocol>,
    poll: Poll,
    timer: Timer,
    connections: Vec<Connection>,
    /// Which connection speaks in a stream.
    speakers: Vec<usize>,
    pub(crate) ledger: Ledger,
    pub(crate) meter: Meter,
    pace: Pace,
    /// When all connections are to say that they are there.
    beat_at_ns: u64,
    scanner: Scanner,
    buffer: Vec<u8>,
    text: Vec<u8>,
    answers: Vec<Answer>,
    ready: usize,
    /// Of all connections since the beginning.
    bytes_read: u64,
    only_login: bool,
    is_awake: bool,
}

impl Generator {
    pub(crate) fn new(shape: Shape, address: SocketAddr, protocol: Box<dyn Protocol>) -> Result<Self> {
        let poll = Poll::new()?;
        let timer = Timer::new(poll.registry(), TIMER)?;
        Ok(Self {
            shape,
            addresses: [address; 2],
            protocol,
            timer,
            poll,
            connections: Vec::new(),
            speakers: Vec::new(),
            ledger: Ledger::new(shape.rooms, shape.senders, shape.receivers()),
            meter: Meter::new(),
            pace: Pace::Silent,
            beat_at_ns: now_ns() + BEAT.as_nanos() as u64,
            scanner: Scanner::new(),
            buffer: vec![0; ROOM + BUFFER_BYTES],
            text: Vec::new(),
            answers: Vec::new(),
            ready: 0,
            bytes_read: 0,
            only_login: false,
            is_awake: false,
        })
    }

    /// Those who only listen connect somewhere else.
    pub(crate) fn listen_at(&mut self, address: SocketAddr) {
        self.addresses[1] = address;
    }

    /// Has everybody enter who is not there yet, and waits until they are told no more of it.
    pub(crate) fn enter(&mut self) -> Result<()> {
        self.enter_some(usize::MAX)?;
        let mut events = Events::with_capacity(1024);
        let (begin_ns, mut seen, mut since_ns) = (now_ns(), self.bytes_read, now_ns());
        while now_ns() - since_ns < QUIET_NS {
            self.turn(&mut events, now_ns() + QUIET_NS / 10)?;
            if self.bytes_read > seen {
                (seen, since_ns) = (self.bytes_read, now_ns());
            }
            if since_ns - begin_ns > 3 * PATIENCE_NS {
                return Err("those who entered are told of it without end".into());
            }
        }
        Ok(())
    }

    /// Has so many more enter: first those who create the rooms, then the others.
    pub(crate) fn enter_some(&mut self, count: usize) -> Result<()> {
        let entered = self.connections.len();
        let goal = entered.saturating_add(count).min(self.shape.connections() as usize);
        let rooms = self.shape.rooms as usize;
        self.enter_until(goal.min(rooms))?;
        self.enter_until(goal)?;
        let mut speakers: Vec<(u32, usize)> = (0..)
            .zip(&self.connections)
            .filter(|(_, connection)| connection.seat.speaks)
            .map(|(index, connection)| (connection.seat.number, index))
            .collect();
        speakers.sort_unstable();
        self.speakers = speakers.into_iter().map(|(_, index)| index).collect();
        Ok(())
    }

    /// The seats in the order in which they are taken: those who create a room before all others.
    fn seat(&self, index: usize) -> Seat {
        let Shape { rooms, members, senders, .. } = self.shape;
        let in_room = members + senders;
        let index = index as u32;
        let (room, place) = match index.checked_sub(rooms) {
            None => (index, 0),
            Some(other) => (other / (in_room - 1), 1 + other % (in_room - 1)),
        };
        Seat { number: room * in_room + place, room, is_first: place == 0, speaks: place < senders }
    }

    fn enter_until(&mut self, goal: usize) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        let (mut seen, mut since_ns) = (self.ready, now_ns());
        while self.ready < goal {
            while self.connections.len() - self.ready < ENTER_AT_ONCE && self.connections.len() < goal {
                self.connect(self.seat(self.connections.len()))?;
            }
            self.turn(&mut events, now_ns() + SECOND_NS)?;
            if self.ready > seen {
                (seen, since_ns) = (self.ready, now_ns());
            } else if now_ns() - since_ns > PATIENCE_NS {
                return Err(format!("{} of {goal} clients do not get in", goal - self.ready).into());
            }
        }
        Ok(())
    }

    /// From now on clients stay outside of their rooms: they are ready when they are logged in.
    pub(crate) fn only_log_in(&mut self) {
        self.only_login = true;
    }

    /// From now on it does not sleep while it waits. Waking it is work that the kernel charges to the server that writes,
    /// and what a wake-up takes depends on what else the machine does.
    pub(crate) fn stay_awake(&mut self) {
        self.is_awake = true;
    }

    fn connect(&mut self, seat: Seat) -> Result<()> {
        let receiver = self.ledger.receiver(seat.room);
        let address = self.addresses[usize::from(!seat.speaks)];
        let mut connection = Connection::open(address, self.protocol.client(seat), seat, receiver)?;
        let token = Token(self.connections.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut connection.stream, token, interest)?;
        self.connections.push(connection);
        Ok(())
    }

    /// Sends at a pace until a moment.
    pub(crate) fn run(&mut self, until_ns: u64) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        while now_ns() < until_ns {
            self.send_what_is_due(now_ns())?;
            self.turn(&mut events, until_ns)?;
        }
        Ok(())
    }

    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Sends no more, waits until everybody has everything, and closes the books.
    pub(crate) fn drain(&mut self) -> Result<Faults> {
        self.settle()?;
        for connection in &self.connections {
            if !connection.seat.speaks && !connection.is_stalled {
                self.ledger.close(&connection.receiver);
            }
        }
        if self.protocol.acknowledges() {
            self.ledger.close_requests();
        }
        Ok(self.ledger.faults)
    }

    /// Sends no more, and waits until everybody has everything or nothing more comes.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.pace = Pace::Silent;
        let mut events = Events::with_capacity(1024);
        let (mut seen, mut since_ns) = (0, now_ns());
        let acknowledges = self.protocol.acknowledges();
        loop {
            let ledger = &self.ledger;
            let is_answered = !acknowledges || ledger.acknowledged + ledger.refused == ledger.sent;
            if ledger.outstanding == 0 && is_answered {
                return Ok(());
            }
            let now = ledger.delivered + ledger.acknowledged + ledger.refused;
            if now > seen {
                (seen, since_ns) = (now, now_ns());
            } else if now_ns() - since_ns > PATIENCE_NS / 4 {
                return Ok(());
            }
            self.turn(&mut events, now_ns() + SECOND_NS / 10)?;
        }
    }

    /// Waits for something to happen, and does what it asks for.
    fn turn(&mut self, events: &mut Events, until_ns: u64) -> Result<()> {
        let due_ns = self.pace.due_ns().unwrap_or(u64::MAX);
        self.timer.set(until_ns.min(due_ns).min(self.beat_at_ns))?;
        let patience = self.is_awake.then_some(Duration::ZERO);
        if let Err(error) = self.poll.poll(events, patience)
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        for event in events.iter() {
            let now = if event.token() == TIMER { now_ns() } else { self.attend(event)? };
            self.send_what_is_due(now)?;
        }
        if now_ns() >= self.beat_at_ns {
            self.beat()?;
        }
        Ok(())
    }

    /// Serves one connection. Gives the time.
    fn attend(&mut self, event: &Event) -> Result<u64> {
        let index = event.token().0;
        let connection = &mut self.connections[index];
        if connection.is_stalled {
            return Ok(now_ns());
        }
        if event.is_writable() {
            if connection.stage == Stage::Connecting {
                connection.connected()?;
            }
            connection.flush()?;
        }
        if event.is_readable() {
            return self.read(index);
        }
        Ok(now_ns())
    }

    fn read(&mut self, index: usize) -> Result<u64> {
        loop {
            let connection = &mut self.connections[index];
            let length = match connection.stream.read(&mut self.buffer[ROOM..]) {
                Ok(0) => return Err(connection.fault("the server has closed the connection")),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(now_ns()),
                Err(error) => return Err(connection.fault(&error.to_string())),
            };
            self.bytes_read += length as u64;
            let now = now_ns();
            let buffer = &mut self.buffer[..ROOM + length];
            if connection.stage == Stage::Ready {
                if connection.seat.speaks {
                    self.hear(index, length)?;
                }
                self.find_marks(index, length, now);
            } else if connection.enter(&buffer[ROOM..], self.only_login)? == Entry::Ready {
                self.ready += 1;
            }
            // A read that does not fill the buffer has emptied the socket.
            if length < BUFFER_BYTES {
                return Ok(now);
            }
        }
    }

    /// Has a sender take in the answers that they got.
    fn hear(&mut self, index: usize, length: usize) -> Result<()> {
        let connection = &mut self.connections[index];
        connection.hear(&self.buffer[ROOM..ROOM + length], &mut self.answers)?;
        let stream = self.shape.stream(connection.seat);
        for answer in self.answers.drain(..) {
            match answer {
                Answer::Taken(number) => self.ledger.acknowledge(stream, number),
                Answer::Refused(number) => self.ledger.refuse(stream, number),
            }
        }
        Ok(())
    }

    fn find_marks(&mut self, index: usize, length: usize, now: u64) {
        let connection = &mut self.connections[index];
        let (ledger, meter) = (&mut self.ledger, &mut self.meter);
        let before = ledger.delivered;
        // In the rooms of XMPP those who speak hear themselves too. It is no delivery: whom others count must be alike.
        let own = connection.seat.speaks.then(|| self.shape.stream(connection.seat));
        let faults =
            self.scanner.scan(&mut connection.carry, &mut self.buffer[..ROOM + length], |mark: Mark| {
                if own != Some(mark.stream) && ledger.receive(&mut connection.receiver, mark) {
                    meter.received(mark.intended_ns, now);
                }
            });
        ledger.faults.foreign += faults;
        meter.read(!connection.seat.speaks, ledger.delivered - before, length);
    }

    /// Sends the messages whose time has come.
    fn send_what_is_due(&mut self, now: u64) -> Result<()> {
        while let Some((turn, intended_ns)) = self.pace.next(now, self.ledger.outstanding) {
            let stream = (turn % self.speakers.len() as u64) as u32;
            self.send(stream, intended_ns, now)?;
        }
        Ok(())
    }

    fn send(&mut self, stream: u32, intended_ns: u64, now: u64) -> Result<()> {
        if self.connections[self.speakers[stream as usize]].is_blocked() {
            // An application does not pile up what its connection does not take.
            self.meter.withheld += 1;
            return Ok(());
        }
        let number = self.ledger.send(stream);
        self.text.clear();
        Mark { stream, number, intended_ns }.write(self.shape.text_bytes, &mut self.text);
        let connection = &mut self.connections[self.speakers[stream as usize]];
        let bytes = connection.say(number, &self.text)?;
        self.meter.sent(intended_ns, now, bytes);
        Ok(())
    }

    /// Some receivers stop to read: every one whose number can be divided by `each`.
    pub(crate) fn stall(&mut self, each: usize) {
        for (index, connection) in self.connections.iter_mut().enumerate() {
            if index % each == each - 1 && !connection.seat.speaks {
                connection.is_stalled = true;
                self.ledger.give_up(connection.seat.room);
            }
        }
    }

    fn beat(&mut self) -> Result<()> {
        self.beat_at_ns = now_ns() + BEAT.as_nanos() as u64;
        for connection in self.connections.iter_mut().filter(|connection| connection.is_attentive()) {
            connection.beat()?;
        }
        Ok(())
    }
}

//! All clients in one thread: their sockets, what they say and at which pace, and what comes of it.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use protocol::usersig::{self, SecretKey};
use rand::RngExt;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tests::APP;

use super::books::{Arrival, Books, Identity};
use super::client::{Client, News, Stage};
use crate::Result;
use crate::clock::{SECOND_NS, Timer, now_ns};
use crate::generator::Pace;
use crate::marker::Mark;
use crate::scenario::TEXT_BYTES;
use crate::target::gateway::{group_message, message_between_two, random_of, unix_seconds};

const BUFFER_BYTES: usize = 256 * 1024;
const TIMER: Token = Token(usize::MAX);

/// How often is looked at what is due; the SDK does it once a second.
const TICK_NS: u64 = SECOND_NS / 10;

/// Clients that enter for the first time at once.
const ENTER_AT_ONCE: usize = 64;

/// So long nothing may happen while they enter.
const PATIENCE_NS: u64 = 20 * SECOND_NS;

const SIG_LIFETIME_SECONDS: u64 = 24 * 3600;

/// Clients connect from addresses of their own. From the gateway's, one who dials while nobody listens there could be
/// given the gateway's port as theirs: they would reach themselves, and the gateway would find its place taken.
const FIRST_ADDRESS: u8 = 2;
const ADDRESSES: usize = 8;

/// Who is there, and how much they say.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(super) struct Shape {
    pub(super) clients: usize,
    pub(super) rooms: usize,
    /// Messages a second in all rooms together,
    pub(super) rate: f64,
    /// and between two.
    pub(super) rate_between_two: f64,
}

impl Shape {
    pub(super) fn in_room(self) -> usize {
        self.clients / self.rooms
    }

    pub(super) fn members(self, room: usize) -> std::ops::Range<usize> {
        room * self.in_room()..(room + 1) * self.in_room()
    }

    fn room_of(self, client: usize) -> usize {
        client / self.in_room()
    }

    /// Each talks with one of another room.
    fn peer_of(self, client: usize) -> usize {
        let half = self.clients / 2;
        if client < half { client + half } else { client - half }
    }

    /// The rooms, then those who talk with each other.
    fn conversations(self) -> impl Iterator<Item = Vec<usize>> {
        let rooms = (0..self.rooms).map(move |room| self.members(room).collect());
        let pairs = (0..self.clients / 2).map(move |client| vec![client, self.peer_of(client)]);
        rooms.chain(pairs)
    }

    fn between(self, client: usize) -> usize {
        self.rooms + client.min(self.peer_of(client))
    }
}

pub(super) fn user(client: usize) -> String {
    format!("user{client}")
}

pub(super) fn room(room: usize) -> String {
    format!("room{room}")
}

/// What was seen that the books do not have.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(super) struct Counts {
    pub(super) said_between_two: u64,
    pub(super) push_acks: u64,
    /// Connections that were begun.
    pub(super) dialed: u64,
    /// What clients could not say because too much of theirs waited.
    pub(super) withheld: u64,
    /// What was told somebody before who got it was back, and came to them then.
    pub(super) resumed: u64,
    /// By their code.
    pub(super) refused: BTreeMap<i64, u64>,
    /// By the command that had no answer in time.
    pub(super) given_up: BTreeMap<&'static str, u64>,
    /// By what they were told.
    pub(super) put_out: BTreeMap<String, u64>,
    /// Connections that the client gave up because nothing was heard.
    pub(super) silent: u64,
    /// What ended connections, but for their end.
    pub(super) broken: BTreeMap<String, u64>,
}

/// What a client went through, in moments of the clock; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// The end of the last connection that was logged in.
    pub(super) left_ns: u64,
    pub(super) logged_in_ns: u64,
    /// The last first copy of a message that was told somebody before they were back.
    pub(super) resumed_ns: u64,
}

struct Place {
    client: Client,
    stream: Option<TcpStream>,
    /// What the kernel has not taken yet.
    output: Vec<u8>,
    is_synced: bool,
    course: Course,
}

pub(super) struct Crowd {
    pub(super) shape: Shape,
    pub(super) address: SocketAddr,
    pub(super) books: Books,
    pub(super) counts: Counts,
    poll: Poll,
    timer: Timer,
    events: Events,
    places: Vec<Place>,
    pace: Pace,
    tick_ns: u64,
    /// They keep away from the gateway until they are let.
    held_back: usize,
    buffer: Vec<u8>,
    text: Vec<u8>,
    body: Vec<u8>,
    news: Vec<News>,
}

impl Crowd {
    pub(super) fn new(shape: Shape, address: SocketAddr, key: &SecretKey) -> Result<Self> {
        let poll = Poll::new()?;
        let timer = Timer::new(poll.registry(), TIMER)?;
        let now = unix_seconds();
        let place = |number: usize| {
            let name = user(number);
            let usersig = usersig::issue(key, APP, &name, now, SIG_LIFETIME_SECONDS, None)
                .map_err(|error| format!("{name}: {error:?}"))?;
            Ok(Place {
                client: Client::new(number as u32, name, usersig),
                stream: None,
                output: Vec::new(),
                is_synced: false,
                course: Course::default(),
            })
        };
        Ok(Self {
            shape,
            address,
            books: Books::new(shape.conversations()),
            counts: Counts::default(),
            poll,
            timer,
            events: Events::with_capacity(1024),
            places: (0..shape.clients).map(place).collect::<Result<_>>()?,
            pace: Pace::Silent,
            tick_ns: 0,
            held_back: shape.clients,
            buffer: vec![0; BUFFER_BYTES],
            text: Vec::new(),
            body: Vec::new(),
            news: Vec::new(),
        })
    }

    /// Has everybody log in, some at a time.
    pub(super) fn enter(&mut self) -> Result<()> {
        let (mut seen, mut since_ns) = (0, now_ns());
        loop {
            let synced = self.places.iter().filter(|place| place.is_synced).count();
            if synced == self.places.len() {
                return Ok(());
            }
            if synced > seen {
                (seen, since_ns) = (synced, now_ns());
            } else if now_ns() - since_ns > PATIENCE_NS || !self.counts.put_out.is_empty() {
                let missing = self.places.len() - synced;
                return Err(format!("{missing} clients do not get in: {:?}", self.counts).into());
            }
            let let_in = (synced + ENTER_AT_ONCE).min(self.places.len());
            self.held_back = self.places.len() - let_in;
            self.dial_those_who_are_due(now_ns());
            self.turn(now_ns() + TICK_NS)?;
        }
    }

    pub(super) fn talk(&mut self) {
        let Shape { rate, rate_between_two, .. } = self.shape;
        self.pace = Pace::schedule(rate + rate_between_two, true, now_ns());
    }

    pub(super) fn be_silent(&mut self) {
        self.pace = Pace::Silent;
    }

    /// Goes on until a moment.
    pub(super) fn run(&mut self, until_ns: u64) -> Result<()> {
        while now_ns() < until_ns {
            self.turn(until_ns)?;
        }
        Ok(())
    }

    pub(super) fn courses(&self) -> Vec<Course> {
        self.places.iter().map(|place| place.course).collect()
    }

    /// Those who are not logged in, or have been since before that moment.
    pub(super) fn not_back_since(&self, ns: u64) -> usize {
        let is_back = |place: &Place| place.client.is_in && place.course.logged_in_ns >= ns;
        self.places.iter().filter(|place| !is_back(place)).count()
    }

    /// Whether all that was said has been answered or given up.
    pub(super) fn have_answers(&self) -> bool {
        self.places.iter().all(|place| place.client.has_answers())
    }

    /// Waits for something to happen, and does what it asks for.
    fn turn(&mut self, until_ns: u64) -> Result<()> {
        let due_ns = self.pace.due_ns().unwrap_or(u64::MAX);
        self.timer.set(until_ns.min(due_ns).min(self.tick_ns))?;
        if let Err(error) = self.poll.poll(&mut self.events, None)
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in events.iter().filter(|event| event.token() != TIMER) {
            self.attend(event.token().0);
            self.say_what_is_due(now_ns());
        }
        self.events = events;
        let now = now_ns();
        self.say_what_is_due(now);
        if now >= self.tick_ns {
            self.tick_ns = now + TICK_NS;
            self.tick(now);
        }
        Ok(())
    }

    fn tick(&mut self, now: u64) {
        for number in 0..self.places.len() {
            let Place { client, output, .. } = &mut self.places[number];
            let is_over = client.tick(now, output, &mut self.news);
            self.flush(number);
            if is_over {
                self.counts.silent += 1;
                self.end(number);
            }
            self.take_in(number, now);
        }
        self.dial_those_who_are_due(now);
    }

    fn dial_those_who_are_due(&mut self, now: u64) {
        for number in 0..self.places.len() - self.held_back {
            self.dial_if_due(number, now);
        }
    }

    fn dial_if_due(&mut self, number: usize, now: u64) {
        let place = &mut self.places[number];
        if !matches!(place.client.stage, Stage::Away { dial_ns } if dial_ns <= now) {
            return;
        }
        self.counts.dialed += 1;
        place.client.stage = Stage::Dialing;
        match dial(self.address, number) {
            Ok(mut stream) => {
                let interest = Interest::READABLE | Interest::WRITABLE;
                let registered = self.poll.registry().register(&mut stream, Token(number), interest);
                place.stream = Some(stream);
                if let Err(error) = registered {
                    self.broken(number, &error);
                }
            }
            Err(error) => self.broken(number, &error),
        }
    }

    /// Serves one connection.
    fn attend(&mut self, number: usize) {
        let place = &mut self.places[number];
        let Some(stream) = &mut place.stream else { return };
        if place.client.stage == Stage::Dialing {
            match stream.take_error() {
                Ok(None) => {}
                Ok(Some(error)) | Err(error) => return self.broken(number, &error),
            }
            if stream.peer_addr().is_err() {
                return;
            }
            let _ = stream.set_nodelay(true);
            place.client.connected(now_ns(), &mut place.output);
        }
        self.flush(number);
        self.read(number);
    }

    fn read(&mut self, number: usize) {
        // What is answered ends a connection or begins another, which has an event of its own.
        while let Place { client, stream: Some(stream), output, .. } = &mut self.places[number] {
            let length = match stream.read(&mut self.buffer) {
                Ok(0) => return self.end(number),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return self.broken(number, &error),
            };
            let now = now_ns();
            let heard = client.hear(&self.buffer[..length], now, output, &mut self.news);
            self.flush(number);
            self.take_in(number, now);
            if let Err(error) = heard {
                return self.broken_off(number, error);
            }
            // A read that does not fill the buffer has emptied the socket.
            if length < BUFFER_BYTES {
                return;
            }
        }
    }

    fn take_in(&mut self, number: usize, now: u64) {
        let Self { books, counts, places, news, .. } = self;
        let Place { is_synced, course, .. } = &mut places[number];
        for news in news.drain(..) {
            match news {
                News::LoggedIn => course.logged_in_ns = now,
                News::Synced => *is_synced = true,
                News::PutOut(why) => *counts.put_out.entry(why).or_default() += 1,
                News::Got(copy) => {
                    if let Arrival::First { known_ns } = books.receive(number, copy, now)
                        && known_ns < course.logged_in_ns
                    {
                        counts.resumed += 1;
                        course.resumed_ns = now;
                    }
                }
                News::Taken { message, stamp, is_early } => {
                    books.acknowledge(message, stamp, is_early, now);
                }
                News::Refused { code } => *counts.refused.entry(code).or_default() += 1,
                News::GaveUp { command } => *counts.given_up.entry(command).or_default() += 1,
                News::Acknowledged => counts.push_acks += 1,
            }
        }
    }

    fn broken(&mut self, number: usize, error: &std::io::Error) {
        self.broken_off(number, error.kind().to_string());
    }

    fn broken_off(&mut self, number: usize, why: String) {
        *self.counts.broken.entry(why).or_default() += 1;
        self.end(number);
    }

    /// The connection is over. Who is to dial again at once does.
    fn end(&mut self, number: usize) {
        let now = now_ns();
        let Place { client, stream, output, course, .. } = &mut self.places[number];
        if client.is_in {
            course.left_ns = now;
        }
        *stream = None;
        *output = Vec::new();
        client.ended(now);
        self.dial_if_due(number, now);
    }

    /// Writes what the kernel takes now. What is wrong with the connection shows when it is read.
    fn flush(&mut self, number: usize) {
        let Place { stream: Some(stream), output, client, .. } = &mut self.places[number] else { return };
        if client.stage == Stage::Dialing || output.is_empty() {
            return;
        }
        let mut written = 0;
        while written < output.len() {
            match stream.write(&output[written..]) {
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        output.drain(..written);
        if output.is_empty() {
            *output = Vec::new();
        }
    }

    fn say_what_is_due(&mut self, now: u64) {
        while self.pace.next(now, 0).is_some() {
            self.say(now);
        }
    }

    /// Somebody says something in their room, or now and then to another.
    fn say(&mut self, now: u64) {
        let mut random = rand::rng();
        let shape = self.shape;
        let speaker = random.random_range(0..shape.clients);
        let all = shape.rate + shape.rate_between_two;
        let is_to_one = random.random::<f64>() * all < shape.rate_between_two;
        let Place { client, output, .. } = &mut self.places[speaker];
        let (true, Some(tiny_id)) = (client.can_say(), client.tiny_id()) else {
            self.counts.withheld += 1;
            return;
        };
        let (message, client_time) = (self.books.next(), unix_seconds());
        let number = message as u64;
        let conversation = if is_to_one { shape.between(speaker) } else { shape.room_of(speaker) };
        self.text.clear();
        Mark { stream: conversation as u32, number, intended_ns: now }.write(TEXT_BYTES, &mut self.text);
        self.body.clear();
        if is_to_one {
            self.counts.said_between_two += 1;
            let peer = user(shape.peer_of(speaker));
            message_between_two(&client.name, &peer, number, client_time, &self.text, &mut self.body);
        } else {
            let room = room(conversation);
            group_message(&client.name, &room, number, client_time, &self.text, &mut self.body);
        }
        let identity = Identity { tiny_id, client_time, random: random_of(number) };
        self.books.say(conversation, speaker, identity);
        client.say(message, is_to_one, &self.body, now, output);
        self.flush(speaker);
        self.dial_if_due(speaker, now);
    }
}

/// Begins a connection from an address that is not the gateway's.
fn dial(address: SocketAddr, number: usize) -> std::io::Result<TcpStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    let own = Ipv4Addr::new(127, 0, 0, FIRST_ADDRESS + (number % ADDRESSES) as u8);
    rustix::net::bind(&socket, &SocketAddr::new(IpAddr::V4(own), 0))?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(TcpStream::from_std(socket.into())),
        Err(error) => Err(error.into()),
    }
}

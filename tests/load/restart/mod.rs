//! A restart under thousands of clients who talk: they come back as the SDK does, and each is to have everything, once.
//!
//! The gateway is killed, or asked to go, and started again on the same data. What was acknowledged is counted for each
//! member of each conversation by what names a message to the SDK. Nobody reads histories: what one missed is to come by
//! itself.

mod books;
mod client;
mod crowd;
mod report;
mod server;
mod wire;

use std::thread::JoinHandle;
use std::time::Duration;

use clap::{Args, ValueEnum};

use self::crowd::{Crowd, Shape};
use self::report::{Measured, Outcome, Return, Sample};
use self::server::{Restart, Server};
use crate::Result;
use crate::clock::{SECOND_NS, now_ns};
use crate::one::Bench;

/// How often the server is looked at.
const LOOK_EVERY_NS: u64 = SECOND_NS / 10;

/// So long all have to come back.
const MOST_BACK_S: f64 = 30.0;

/// So long is waited for them, which says how late they were.
const PATIENCE_NS: u64 = 90 * SECOND_NS;

/// All are back when for so long nobody got what they had missed.
const CALM_NS: u64 = 2 * SECOND_NS;

/// When nothing was said any more and nothing has come for so long, nothing more comes.
const QUIET_NS: u64 = 5 * SECOND_NS;

/// How the gateway ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stop {
    /// At once, as a machine does (SIGKILL).
    Kill,
    /// In its own time, as for an upgrade (SIGTERM).
    Drain,
}

#[derive(Args)]
pub(crate) struct Options {
    #[arg(long, default_value_t = 5000)]
    clients: usize,
    /// As many clients in each.
    #[arg(long, default_value_t = 200)]
    rooms: usize,
    /// Messages a second in all rooms together.
    #[arg(long, default_value_t = 150.0)]
    rate: f64,
    /// Messages a second between two, all together.
    #[arg(long, default_value_t = 20.0)]
    rate_between_two: f64,
    /// How long they talk before the stop, and again when all are back.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How long nothing runs between the end and the new start.
    #[arg(long, default_value_t = 0.0)]
    down: f64,
    /// How the gateway ends, separated by commas; each time it is a fresh one.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "kill,drain")]
    stop: Vec<Stop>,
    /// Prints JSON too.
    #[arg(long)]
    json: bool,
}

impl Options {
    /// Whether nobody missed anything, and all were back in time.
    pub(crate) fn run(&self, bench: &Bench) -> Result<bool> {
        let Self { clients, rooms, rate, rate_between_two, .. } = *self;
        if rooms == 0 || clients % rooms != 0 || clients % 2 != 0 || clients < 2 * rooms {
            return Err("each room has as many clients, at least two, and all of them come in pairs".into());
        }
        let shape = Shape { clients, rooms, rate, rate_between_two };
        let mut outcomes = Vec::new();
        for stop in &self.stop {
            outcomes.push(self.restart(bench, shape, *stop)?);
        }
        println!(
            "{clients} clients in {rooms} rooms of {}, {rate:.0} messages/s in rooms and {rate_between_two:.0} between two",
            shape.in_room(),
        );
        print!("{}", report::table(&outcomes));
        if self.json {
            println!("{}", serde_json::to_string(&outcomes)?);
        }
        let mut failed = 0;
        for outcome in &outcomes {
            let faults = outcome.faults();
            failed += usize::from(!faults.is_empty());
            for fault in faults {
                println!("not ok: {}: {fault}", outcome.name());
            }
        }
        println!("{} passed, {failed} failed", outcomes.len() - failed);
        Ok(failed == 0)
    }

    fn restart(&self, bench: &Bench, shape: Shape, stop: Stop) -> Result<Outcome> {
        let server = Server::start(bench, shape.clients)?;
        let mut crowd = Crowd::new(shape, server.address, &server.key)?;
        let told = |error: Box<dyn std::error::Error>, server: &Server| -> Box<dyn std::error::Error> {
            format!("{error}; the gateway said:\n{}", server.log()).into()
        };
        crowd.enter().map_err(|error| told(error, &server))?;
        let rooms = server.make_rooms(shape)?;
        done(&mut crowd, rooms)?.map_err(|error| told(error.into(), &server))?;

        let window_ns = (self.seconds * 1e9) as u64;
        crowd.talk();
        // What the rooms' beginnings cost is not what talking costs.
        crowd.run(now_ns() + window_ns / 4)?;
        let begin = Sample::now(&server, &crowd);
        crowd.run(begin.at_ns + window_ns)?;
        let stopped = Sample::now(&server, &crowd);
        let resident_before_bytes = server.resident_bytes();

        let restarting = server.restart(stop, Duration::from_secs_f64(self.down));
        let (server, restart) = done(&mut crowd, restarting)??;
        let course = come_back(&mut crowd, &server, restart)?;

        let after = Sample::now(&server, &crowd);
        crowd.run(after.at_ns + window_ns)?;
        let end = Sample::now(&server, &crowd);
        crowd.be_silent();
        settle(&mut crowd)?;
        Ok(Outcome::new(&Measured {
            stop,
            shape,
            before: [begin, stopped],
            restart,
            course,
            after: [after, end],
            resident_before_bytes,
            resident_most_bytes: server.most_resident_bytes(),
            books: &crowd.books,
            counts: &crowd.counts,
        }))
    }
}

/// Serves the clients until a thread has done its work.
fn done<T>(crowd: &mut Crowd, thread: JoinHandle<T>) -> Result<T> {
    while !thread.is_finished() {
        crowd.run(now_ns() + LOOK_EVERY_NS / 4)?;
    }
    thread.join().map_err(|_| "a thread has panicked".into())
}

/// Waits for everybody, and until they have what they missed.
fn come_back(crowd: &mut Crowd, server: &Server, restart: Restart) -> Result<Return> {
    let mut samples = vec![Sample::now(server, crowd)];
    let (mut back_ns, mut resumed, mut resumed_ns) = (None, 0, now_ns());
    loop {
        crowd.run(now_ns() + LOOK_EVERY_NS)?;
        let sample = Sample::now(server, crowd);
        let now = sample.at_ns;
        samples.push(sample);
        if crowd.counts.resumed > resumed {
            (resumed, resumed_ns) = (crowd.counts.resumed, now);
        }
        let not_back = crowd.not_back_since(restart.ended_ns);
        if not_back == 0 {
            back_ns.get_or_insert(now);
        }
        let is_over = back_ns.is_some_and(|back_ns| now >= back_ns.max(resumed_ns) + CALM_NS);
        if is_over || now >= restart.listening_ns + PATIENCE_NS {
            return Ok(Return { samples, courses: crowd.courses(), not_back });
        }
    }
}

/// Waits until everybody has everything, or nothing more comes.
fn settle(crowd: &mut Crowd) -> Result<()> {
    let begin_ns = now_ns();
    let (mut seen, mut since_ns) = (crowd.books.seen, begin_ns);
    loop {
        crowd.run(now_ns() + LOOK_EVERY_NS)?;
        let now = now_ns();
        if crowd.books.seen != seen {
            (seen, since_ns) = (crowd.books.seen, now);
        }
        let has_all = crowd.have_answers() && crowd.books.missed(0, 0).all() == 0;
        if has_all || now >= since_ns + QUIET_NS || now >= begin_ns + PATIENCE_NS {
            return Ok(());
        }
    }
}

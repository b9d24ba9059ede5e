//! Connections on which nothing happens: each is a user who has logged in and is in the one group.

use std::time::{Duration, Instant};

use tests::usage::{Cpu, resident_bytes};

use crate::Result;
use crate::clock::{SECOND_NS, now_ns};
use crate::generator::{BEAT, Generator, Shape};
use crate::one::Bench;
use crate::process::most_connections;

use super::gateway::{Place, Started};
use super::{Curve, Row, column};

/// The last is as many as there can be where fewer files may be open.
const CONNECTIONS: [u32; 3] = [1_000, 5_000, 20_000];

/// Those that are there before the first is counted: what comes into being with them belongs to nobody.
const FIRST: u32 = 20;

/// Has the allocator give back at once what is freed. It does so later otherwise, and only while it is called, so that
/// what reading the store took at the start is sometimes there and sometimes not.
const GIVE_BACK: &[(&str, &str)] = &[("MIMALLOC_PURGE_DELAY", "0")];

/// How long connections are watched that do nothing: in this time each of them says once that it is there.
const WATCH: Duration = BEAT;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Curve>> {
    let base = Crowd::enter(bench, 0)?.settled_bytes()?;
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        rows.push(point(bench, base, connections.min(most_connections() - FIRST))?);
    }
    Ok(vec![Curve {
        name: "Idle connections, logged in, in one group",
        over: "connections",
        columns: vec![
            column("a connection", "kB", 2),
            column("resident", "MB", 1),
            column("CPU a login", "µs", 0),
            column("CPU while idle", "ms a second", 2),
        ],
        rows,
        why: "Memory grows by the same for each connection: its task, its user's session and its places in the tables \
              of the hub; there is no buffer while nothing is read or written. What the store keeps in memory of the new \
              accounts and members is counted too. The login's CPU is that of upgrade, login and entry into the group. The \
              idle CPU is that of heartbeats, one each 20 s a connection.",
    }])
}

fn point(bench: &Bench, base: u64, connections: u32) -> Result<Row> {
    let mut crowd = Crowd::enter(bench, connections)?;
    let resident = crowd.settled_bytes()?;
    let ids = crowd.started.ids();
    let (cpu, begin) = (Cpu::of(&ids), Instant::now());
    crowd.generator.run(now_ns() + WATCH.as_nanos() as u64)?;
    let idle = Cpu::of(&ids).since(&cpu).cpu_ns as f64 / 1e6 / begin.elapsed().as_secs_f64();
    Ok(Row::new(
        u64::from(connections),
        vec![
            resident.saturating_sub(base) as f64 / 1e3 / f64::from(connections),
            resident as f64 / 1e6,
            crowd.login_us,
            idle,
        ],
    ))
}

/// So many users and the first ones, of whom nobody says anything.
struct Crowd {
    generator: Generator,
    started: Started,
    /// CPU of the gateway for each of them to get in.
    login_us: f64,
    _place: Place,
}

impl Crowd {
    fn enter(bench: &Bench, connections: u32) -> Result<Self> {
        let everybody = FIRST + connections;
        let place = Place::new(bench, everybody)?;
        let started = place.start_with(GIVE_BACK)?;
        let shape = Shape { rooms: 1, members: everybody - 1, senders: 1, text_bytes: 0 };
        let mut generator = place.generator(&started, shape)?;
        let cpu = Cpu::of(&started.ids());
        generator.enter()?;
        let login_us = Cpu::of(&started.ids()).since(&cpu).cpu_ns as f64 / 1e3 / f64::from(everybody);
        Ok(Self { generator, started, login_us, _place: place })
    }

    /// The resident set when it no longer changes: the store writes some of it down later.
    fn settled_bytes(&mut self) -> Result<u64> {
        const ALIKE: usize = 6;
        let mut seen = Vec::new();
        for _ in 0..60 {
            self.generator.run(now_ns() + SECOND_NS / 2)?;
            seen.push(resident_bytes(&self.started.ids()));
            let last = &seen[seen.len().saturating_sub(ALIKE)..];
            if let (Some(least), Some(most)) = (last.iter().min(), last.iter().max())
                && last.len() == ALIKE
                && most - least < most / 200
            {
                return Ok(*most);
            }
        }
        Err(format!("the memory does not settle: {seen:?}").into())
    }
}

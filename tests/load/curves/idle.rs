//! Connections on which nothing happens: each is a user who has logged in and is in the one group.

use std::time::{Duration, Instant};

use crate::Result;
use crate::clock::{SECOND_NS, now_ns};
use crate::generator::{Generator, Pace, Shape};
use crate::one::Bench;
use crate::process::Process;
use crate::target::Running;
use crate::usage::{Cpu, resident_bytes};

use super::{Curve, Row, column, most_connections};

/// The last is as many as there can be where fewer files may be open.
const CONNECTIONS: [u32; 3] = [1_000, 5_000, 20_000];

/// Those that are there before the first is counted: what comes into being with them belongs to nobody.
const FIRST: u32 = 20;

const CALLS_A_SECOND: f64 = 100.0;

/// How long connections are watched that do nothing.
const WATCH: Duration = Duration::from_secs(10);

pub(super) fn measure(bench: &Bench) -> Result<Vec<Curve>> {
    let base = base(bench)?;
    let rows =
        CONNECTIONS.into_iter().map(|connections| point(bench, base, connections)).collect::<Result<_>>()?;
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
              accounts and members is counted too. The idle CPU is that of heartbeats, one each 20 s a connection.",
    }])
}

/// What the process takes with hardly anybody there.
fn base(bench: &Bench) -> Result<u64> {
    let (running, _directory) = bench.start("us", FIRST)?;
    let Running { processes, address, protocol } = running;
    let ids: Vec<u32> = processes.iter().map(Process::id).collect();
    let mut generator = Generator::new(shape(FIRST - 1), address, protocol)?;
    generator.enter()?;
    // The allocator gives back what the start needed while it is called, as it is by thousands who log in.
    generator.set_pace(Pace::schedule(CALLS_A_SECOND, false, now_ns()));
    generator.run(now_ns() + 3 * SECOND_NS)?;
    generator.drain()?;
    settled(&mut generator, &ids)
}

fn shape(members: u32) -> Shape {
    Shape { rooms: 1, members, senders: 1, text_bytes: 0 }
}

fn point(bench: &Bench, base: u64, connections: u32) -> Result<Row> {
    let connections = connections.min(most_connections() - FIRST);
    let (running, _directory) = bench.start("us", FIRST + connections)?;
    let Running { processes, address, protocol } = running;
    let ids: Vec<u32> = processes.iter().map(Process::id).collect();
    let mut generator = Generator::new(shape(FIRST + connections - 1), address, protocol)?;
    let cpu = Cpu::of(&ids);
    generator.enter()?;
    let entered = Cpu::of(&ids).since(&cpu);
    let resident = settled(&mut generator, &ids)?;
    let (cpu, begin) = (Cpu::of(&ids), Instant::now());
    generator.run(now_ns() + WATCH.as_nanos() as u64)?;
    let idle = Cpu::of(&ids).since(&cpu).cpu_ns as f64 / 1e6 / begin.elapsed().as_secs_f64();
    Ok(Row::new(
        u64::from(connections),
        vec![
            resident.saturating_sub(base) as f64 / 1e3 / f64::from(connections),
            resident as f64 / 1e6,
            entered.cpu_ns as f64 / 1e3 / f64::from(FIRST + connections),
            idle,
        ],
    ))
}

/// The resident set when it no longer changes: what the store writes down later, and what the allocator gives back.
fn settled(generator: &mut Generator, ids: &[u32]) -> Result<u64> {
    const ALIKE: usize = 6;
    let mut seen = Vec::new();
    for _ in 0..60 {
        generator.run(now_ns() + SECOND_NS / 2)?;
        seen.push(resident_bytes(ids));
        let last = &seen[seen.len().saturating_sub(ALIKE)..];
        let (least, most) = (last.iter().min().copied(), last.iter().max().copied());
        if let (Some(least), Some(most)) = (least, most)
            && last.len() == ALIKE
            && most - least < most / 200
        {
            return Ok(most);
        }
    }
    Err("the memory does not settle".into())
}

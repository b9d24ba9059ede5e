//! What it costs to be there: memory of a connection on which nothing happens, CPU time of a login.

use tests::usage::{Cpu, resident_bytes};

use crate::Result;
use crate::clock::{SECOND_NS, now_ns};
use crate::generator::{Generator, Pace, Shape};
use crate::one::Bench;
use crate::process::Process;
use crate::target::Running;

/// Those who are there before the first is counted: what comes into being with them belongs to nobody.
const FIRST: u32 = 50;

/// Messages a second in the time before the first is counted.
const BUSY_RATE: f64 = 100.0;

/// Everybody in one room, and nobody says anything.
fn crowd(members: u32) -> Shape {
    Shape { rooms: 1, members: members - 1, senders: 1, text_bytes: 0 }
}

/// Resident bytes of a server for each idle connection that is logged in and in its room. Memory of the kernel's
/// sockets is not counted.
pub(crate) fn bytes_a_connection(bench: &Bench, target: &str, connections: u32) -> Result<f64> {
    let (running, _directory) = bench.start(target, FIRST + connections)?;
    let Running { processes, address, protocol } = running;
    let ids: Vec<u32> = processes.iter().map(Process::id).collect();
    let mut generator = Generator::new(crowd(FIRST + connections), address, protocol)?;
    generator.enter_some(FIRST as usize)?;
    // Allocators give back what the start needed while they are called, as they are by thousands who log in.
    generator.set_pace(Pace::schedule(BUSY_RATE, false, now_ns()));
    generator.run(now_ns() + 3 * SECOND_NS)?;
    generator.set_pace(Pace::Silent);
    let before = settled_bytes(&mut generator, &ids)?;
    generator.enter()?;
    let after = settled_bytes(&mut generator, &ids)?;
    Ok(after.saturating_sub(before) as f64 / f64::from(connections))
}

/// CPU nanoseconds of a server for each login, from the connection on. Where logging in and joining a room are two
/// things, the room is not joined.
pub(crate) fn login_cpu_ns(bench: &Bench, target: &str, logins: u32) -> Result<f64> {
    let (running, _directory) = bench.start(target, FIRST + logins)?;
    let Running { processes, address, protocol } = running;
    let ids: Vec<u32> = processes.iter().map(Process::id).collect();
    let mut generator = Generator::new(crowd(FIRST + logins), address, protocol)?;
    generator.enter_some(FIRST as usize)?;
    generator.only_log_in();
    let cpu = Cpu::of(&ids);
    generator.enter()?;
    Ok(Cpu::of(&ids).since(&cpu).cpu_ns as f64 / f64::from(logins))
}

/// The resident set when it no longer changes: what is written down later, and what the allocator gives back.
fn settled_bytes(generator: &mut Generator, ids: &[u32]) -> Result<u64> {
    const ALIKE: usize = 6;
    let mut seen = Vec::new();
    for _ in 0..60 {
        generator.run(now_ns() + SECOND_NS / 4)?;
        seen.push(resident_bytes(ids));
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

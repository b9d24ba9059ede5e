//! Two instances on one Redis: how much later a message is there when its sender is at the other instance, and how much
//! CPU time it costs Redis beside the least that an engine asks of it.

mod bare;

use std::process::Command;

use clap::Args;
use protocol::usersig::SecretKey;
use tempfile::TempDir;
use tests::usage::Cpu;

use crate::Result;
use crate::clock::now_ns;
use crate::generator::{Generator, Pace, Shape};
use crate::one::Bench;
use crate::process::Process;
use crate::scenario::TEXT_BYTES;
use crate::summary::Spread;
use crate::target::{Site, gateway};

#[derive(Args)]
pub(crate) struct Options {
    /// How often each is measured, in turn.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Of each room, for the latency.
    #[arg(long, default_value_t = 50)]
    members: u32,
    /// Messages a second, for the latency.
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Messages on their way at once, for the cost; each in a room of its own.
    #[arg(long, default_value_t = 64)]
    depth: u32,
}

/// A Redis and the instances on it.
struct Fleet {
    redis: Process,
    instances: Vec<(Process, std::net::SocketAddr)>,
    key: SecretKey,
    _directories: Vec<TempDir>,
}

/// A Redis that keeps nothing on disks, on the server's core.
fn start_redis(site: &Site) -> Result<(Process, u16)> {
    let port = ::tests::free_port();
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(&site.directory);
    let mut redis = Process::start("redis-server", &mut command, site.cores)?;
    redis.accepts(([127, 0, 0, 1], port).into())?;
    Ok((redis, port))
}

impl Fleet {
    fn start(bench: &Bench, instances: usize, connections: u32) -> Result<Self> {
        let (site, directory) = bench.site(connections)?;
        let (redis, port) = start_redis(&site)?;
        let key = SecretKey::from_random(rand::random());
        let url = format!("redis://127.0.0.1:{port}");
        let mut fleet = Self { redis, instances: Vec::new(), key, _directories: vec![directory] };
        for _ in 0..instances {
            let (site, directory) = bench.site(connections)?;
            fleet.instances.push(gateway::start(&site, &fleet.key, &[("GATEWAY_REDIS_URL", &url)])?);
            fleet._directories.push(directory);
        }
        Ok(fleet)
    }

    /// Senders are at the first instance, all others at the last.
    fn generator(&self, shape: Shape) -> Result<Generator> {
        let key = SecretKey::parse(self.key.expose()).map_err(|error| error.to_string())?;
        let mut generator = Generator::new(shape, self.instances[0].1, gateway::protocol(key))?;
        generator.listen_at(self.instances[self.instances.len() - 1].1);
        generator.enter()?;
        Ok(generator)
    }
}

impl Options {
    pub(crate) fn run(&self, bench: &mut Bench) -> Result<()> {
        bench.measure_sizes(TEXT_BYTES)?;
        let (mut one, mut two, mut added, mut ours, mut bare, mut ratio) =
            (vec![], vec![], vec![], vec![], vec![], vec![]);
        for round in 1..=self.rounds {
            let (alone_ms, apart_ms) = (self.p50_ms(bench, 1)?, self.p50_ms(bench, 2)?);
            let (our_us, bare_us) = (self.redis_us(bench)?, self.bare_us(bench)?);
            eprintln!(
                "round {round} of {}: p50 {alone_ms:.2} ms at one instance, {apart_ms:.2} ms at two; Redis {our_us:.2} µs a \
                 message, {bare_us:.2} µs the bare script",
                self.rounds
            );
            one.push(alone_ms);
            two.push(apart_ms);
            added.push(apart_ms - alone_ms);
            ours.push(our_us);
            bare.push(bare_us);
            ratio.push(our_us / bare_us);
        }
        for (name, values) in [
            ("p50 at one instance on Redis, ms", one),
            ("p50 from one instance to another, ms", two),
            ("added, ms", added),
            ("Redis, CPU µs a message", ours),
            ("Redis, CPU µs a run of the bare script", bare),
            ("by the bare script", ratio),
        ] {
            if let Some(Spread { median, least, most }) = Spread::of(values) {
                println!("{name:<42} {median:>8.2} ({least:.2}–{most:.2})");
            }
        }
        Ok(())
    }

    /// From the sender's intended time to members who are at the last of so many instances.
    fn p50_ms(&self, bench: &Bench, instances: usize) -> Result<f64> {
        let shape = Shape { rooms: 1, members: self.members, senders: 1, text_bytes: TEXT_BYTES };
        let fleet = Fleet::start(bench, instances, shape.connections())?;
        let mut generator = fleet.generator(shape)?;
        generator.set_pace(Pace::schedule(self.rate, true, now_ns()));
        self.watch(&mut generator)?;
        Ok(generator.meter.latency.value_at_quantile(0.5) as f64 / 1e6)
    }

    /// CPU microseconds of Redis for a message, at two instances that have both to deliver it.
    fn redis_us(&self, bench: &Bench) -> Result<f64> {
        let shape = Shape { rooms: self.depth, members: 2, senders: 1, text_bytes: TEXT_BYTES };
        let fleet = Fleet::start(bench, 2, shape.connections())?;
        let mut generator = fleet.generator(shape)?;
        generator.set_pace(Pace::window(u64::from(self.depth)));
        let ids = [fleet.redis.id()];
        generator.run(now_ns() + 1_000_000_000)?;
        let (cpu, sent) = (Cpu::of(&ids), generator.ledger.acknowledged);
        generator.run(now_ns() + (self.seconds * 1e9) as u64)?;
        let used = Cpu::of(&ids).since(&cpu).cpu_ns as f64 / 1e3;
        let messages = (generator.ledger.acknowledged - sent) as f64;
        check(&mut generator)?;
        Ok(used / messages)
    }

    /// The same for the bare script on the bytes of a push, which two connections are subscribed to.
    fn bare_us(&self, bench: &Bench) -> Result<f64> {
        let (site, _directory) = bench.site(100)?;
        let (redis, port) = start_redis(&site)?;
        let mut caller = bare::Caller::new(port, self.depth as usize, bench.sizes.push_bytes)?;
        caller.run(now_ns() + 500_000_000)?;
        let cpu = Cpu::of(&[redis.id()]);
        let runs = caller.run(now_ns() + (self.seconds * 1e9) as u64 / 2)?;
        Ok(Cpu::of(&[redis.id()]).since(&cpu).cpu_ns as f64 / 1e3 / runs as f64)
    }

    fn watch(&self, generator: &mut Generator) -> Result<()> {
        generator.run(now_ns() + 1_000_000_000)?;
        generator.meter.begin(now_ns());
        generator.run(now_ns() + (self.seconds * 1e9) as u64)?;
        generator.meter.end(now_ns());
        check(generator)
    }
}

fn check(generator: &mut Generator) -> Result<()> {
    let faults = generator.drain()?;
    if faults.is_none() {
        Ok(())
    } else {
        Err(format!("not every message came once and in order: {faults:?}").into())
    }
}

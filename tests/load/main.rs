//! The load generator: how much a delivery costs and how long it takes, beside the floors and other servers. See
//! README.md.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that measures and says what it found"
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail loudly"))]

mod attack;
mod clock;
mod compare;
mod curves;
mod fill;
mod floor;
mod frame;
mod generator;
mod idle;
mod kinds;
mod ledger;
mod marker;
mod one;
mod overload;
mod paired;
mod plot;
mod process;
mod quiet;
mod restart;
mod run;
mod scenario;
mod short;
mod summary;
mod target;
mod two;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use generator::Shape;
use one::{Bench, Load, Outcome, Plan};
use process::{Cores, GoFirst};
use target::Sizes;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Measures chat servers under load.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves as a floor: the least that a broadcast can cost.
    Floor {
        kind: floor::Kind,
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// What a receiver gets of a message, the frame's head included.
        #[arg(long, default_value_t = 800)]
        push_bytes: usize,
    },
    /// Measures one target once.
    One(One),
    /// Compares everybody in every scenario, round by round in turn.
    Run(Run),
    /// Compares the CPU costs of two programs of the gateway; fails when the later one is dearer than it may be.
    Compare(Compare),
    /// Sends at twice the capacity while a tenth of the members does not read.
    Overload(Overload),
    /// Measures what a second instance and their Redis cost.
    Two(Two),
    /// Measures an idle connection and calls at an idle gateway; fails when one is over its bound.
    Quiet(Quiet),
    /// Attacks the gateway while others go on with their lives; fails when they feel it.
    Attack(Attack),
    /// Restarts the gateway under clients who talk; fails when one misses something or is not back in time.
    Restart(Restart),
    /// Compares live rooms, communities and topics with a Meeting; fails when one costs more than it may.
    Kinds(Kinds),
    /// Measures how the gateway's costs grow with members, rooms, connections, messages and groups.
    Curves(Curves),
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    place: Place,
    /// Only the comparison that belongs to every change; fails when a ratio is worse than the baseline.
    #[arg(long)]
    short: bool,
    #[command(flatten)]
    short_options: short::Options,
    #[command(flatten)]
    options: run::Options,
}

impl Run {
    fn run(self) -> Result<bool> {
        let mut bench = self.place.bench()?;
        bench.measure_sizes(scenario::TEXT_BYTES)?;
        if self.short { self.short_options.run(&bench) } else { self.options.run(&bench) }
    }
}

#[derive(Args)]
struct Compare {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: compare::Options,
}

#[derive(Args)]
struct Overload {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: overload::Options,
}

#[derive(Args)]
struct Two {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: two::Options,
}

#[derive(Args)]
struct Quiet {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: quiet::Options,
}

#[derive(Args)]
struct Attack {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: attack::Options,
}

#[derive(Args)]
struct Restart {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: restart::Options,
}

#[derive(Args)]
struct Kinds {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: kinds::Options,
}

#[derive(Args)]
struct Curves {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: curves::Options,
}

#[derive(Args)]
struct Place {
    /// The gateway's program.
    #[arg(long, env = "GATEWAY_BIN", default_value = "target/release/gateway")]
    gateway: PathBuf,
    /// Where the servers keep their data; the default is the place for temporary files.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    #[arg(long, default_value_t = 1)]
    generator_core: usize,
}

impl Place {
    fn bench(self) -> Result<Bench> {
        let cores = Cores { server: self.server_core, generator: self.generator_core };
        cores.bind_generator()?;
        let sizes = Sizes { request_bytes: 0, push_bytes: 0 };
        Ok(Bench { gateway: self.gateway, cores, directory: self.data_dir, sizes })
    }
}

#[derive(Args)]
struct One {
    #[command(flatten)]
    place: Place,
    /// One or more, separated by commas: us, us-live, us-community, us-topic, floor-each, floor-coalesce.
    #[arg(long, value_delimiter = ',', default_value = "us")]
    target: Vec<String>,
    /// How often they are measured in turn.
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// Of each room, its senders not counted.
    #[arg(long, default_value_t = 200)]
    members: u32,
    #[arg(long, default_value_t = 1)]
    rooms: u32,
    /// Of each room.
    #[arg(long, default_value_t = 1)]
    senders: u32,
    /// Deliveries a second, in an open loop.
    #[arg(long, conflicts_with = "window")]
    rate: Option<f64>,
    /// Independent senders instead of equal distances.
    #[arg(long, requires = "rate")]
    poisson: bool,
    /// Messages on their way, in a closed loop.
    #[arg(long, default_value_t = 16)]
    window: u64,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    #[arg(long, default_value_t = 3.0)]
    warm_up: f64,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 256)]
    payload: usize,
    /// Bytes of a request and of a push on the wire, for the floors and the peers; the default is to measure what the gateway sends.
    #[arg(long, value_names = ["REQUEST", "PUSH"], num_args = 2)]
    sizes: Option<Vec<usize>>,
    /// Prints JSON, one line a measurement.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    if let Command::Floor { kind, listen, push_bytes } = command {
        return exit(floor::serve(kind, listen, push_bytes).map(|()| true));
    }
    let _first = GoFirst::new();
    exit(match command {
        Command::Floor { .. } => Ok(true),
        Command::One(one) => one.run().map(|()| true),
        Command::Run(run) => run.run(),
        Command::Compare(Compare { place, options }) => place.bench().and_then(|bench| options.run(&bench)),
        Command::Overload(Overload { place, options }) => {
            place.bench().and_then(|bench| options.run(&bench)).map(|()| true)
        }
        Command::Two(Two { place, options }) => {
            place.bench().and_then(|mut bench| options.run(&mut bench)).map(|()| true)
        }
        Command::Quiet(Quiet { place, options }) => place.bench().and_then(|bench| options.run(&bench)),
        Command::Attack(Attack { place, options }) => place.bench().and_then(|bench| options.run(&bench)),
        Command::Restart(Restart { place, options }) => place.bench().and_then(|bench| options.run(&bench)),
        Command::Kinds(Kinds { place, options }) => place.bench().and_then(|bench| options.run(&bench)),
        Command::Curves(Curves { place, options }) => {
            place.bench().and_then(|bench| options.run(&bench)).map(|()| true)
        }
    })
}

/// False is a failure that has been told already.
fn exit(done: Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

impl One {
    fn run(self) -> Result<()> {
        let load = match self.rate {
            Some(rate) if self.poisson => Load::Poisson(rate),
            Some(rate) => Load::Rate(rate),
            None => Load::Window(self.window),
        };
        let Self { members, rooms, senders, payload: text_bytes, .. } = self;
        let shape = Shape { rooms, members, senders, text_bytes };
        let plan = Plan { shape, load, warm_up_s: self.warm_up, window_s: self.seconds };
        let mut bench = self.place.bench()?;
        let has_other = self.target.iter().any(|name| name != "us");
        match self.sizes.as_deref() {
            Some([request_bytes, push_bytes]) => {
                bench.sizes = Sizes { request_bytes: *request_bytes, push_bytes: *push_bytes };
            }
            _ if has_other => bench.measure_sizes(text_bytes)?,
            _ => {}
        }
        for _ in 0..self.rounds {
            for name in &self.target {
                let outcome = bench.measure(name, plan)?;
                if self.json {
                    println!("{}", serde_json::json!({"target": name, "load": load, "outcome": outcome}));
                } else {
                    print(name, &outcome);
                }
            }
        }
        Ok(())
    }
}

fn print(name: &str, outcome: &Outcome) {
    let Outcome { latency_ms: latency, .. } = outcome;
    println!(
        "{name:<16} {:>9.0}/s  {:>7.3} CPU-s/M  p50 {:.2} p99 {:.2} p99.9 {:.2} ms  {:.1} a read  server {:.0} %  \
         generator {:.0} %  waited {:.0} %  RSS {:.1} MB  push {:.0} B  request {:.0} B  acked {}",
        outcome.deliveries_per_s,
        outcome.cpu_s_per_million,
        latency.p50,
        latency.p99,
        latency.p999,
        outcome.per_read,
        outcome.server_busy * 100.0,
        outcome.generator_busy * 100.0,
        outcome.server_waited * 100.0,
        outcome.resident_bytes as f64 / 1e6,
        outcome.push_bytes,
        outcome.request_bytes,
        outcome.acknowledged,
    );
    for doubt in &outcome.doubts {
        println!("{:16} ! {doubt}", "");
    }
}

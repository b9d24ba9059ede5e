//! The whole comparison: every scenario, every target, round by round in turn.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use crate::Result;
use crate::one::Bench;
use crate::plot;
use crate::scenario::{self, CPU, Extent, Round, Scenario};
use crate::summary::{Rounds, Summary};

#[derive(Args)]
pub(crate) struct Options {
    /// Some of them, separated by commas; the default is all.
    #[arg(long, value_delimiter = ',')]
    scenarios: Vec<String>,
    /// Whom to compare, separated by commas.
    #[arg(
        long,
        env = "LOAD_TARGETS",
        value_delimiter = ',',
        default_value = "floor-each,floor-coalesce,us,socketio"
    )]
    targets: Vec<String>,
    /// How often every target is measured, in turn.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// The longest time until the cost no longer changes.
    #[arg(long, default_value_t = 5.0)]
    warm_up: f64,
    /// Idle connections whose memory is measured.
    #[arg(long, default_value_t = 10_000)]
    idle: u32,
    /// Logins whose CPU time is measured.
    #[arg(long, default_value_t = 3_000)]
    logins: u32,
    /// Where `report.json` and `report.svg` are written.
    #[arg(long, default_value = "target/load")]
    out: PathBuf,
}

impl Options {
    /// Whether everything could be measured.
    pub(crate) fn run(&self, bench: &Bench) -> Result<bool> {
        let scenarios: Vec<Scenario> = match self.scenarios.as_slice() {
            [] => scenario::all(),
            names => names.iter().map(|name| Scenario::by_name(name)).collect::<Result<_>>()?,
        };
        let targets = &self.targets;
        let extent = Extent {
            warm_up_s: self.warm_up,
            window_s: self.seconds,
            idle_connections: self.idle,
            logins: self.logins,
        };
        let taken = |scenario: &Scenario| {
            targets.iter().filter(|name| !scenario.without.contains(&name.as_str())).count()
        };
        let count = scenarios.iter().map(taken).sum::<usize>() * self.rounds as usize;
        let mut progress = Progress::new(count);
        let mut summaries = Vec::new();
        let mut all = BTreeMap::new();
        for scenario in &scenarios {
            let rounds = interleave(bench, scenario, targets, self.rounds, extent, &mut progress);
            let summary = Summary::of(scenario, targets, &rounds);
            println!("\n{}", summary.table());
            summaries.push(summary);
            all.insert(scenario.name, rounds);
        }
        std::fs::create_dir_all(&self.out)?;
        let report = json!({
            "machine": machine(),
            "sizes": bench.sizes,
            "extent": extent,
            "rounds": self.rounds,
            "scenarios": summaries,
            "measurements": all,
        });
        let path = self.out.join("report.json");
        std::fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")?;
        let picture = self.out.join("report.svg");
        std::fs::write(&picture, plot::svg(&summaries))?;
        println!("written: {} and {}", path.display(), picture.display());
        let has_failed = all.values().flat_map(BTreeMap::values).flatten().any(|round| round.error.is_some());
        Ok(!has_failed)
    }
}

/// A B C A B C: what a neighbour of the machine does meets all of them alike.
fn interleave(
    bench: &Bench,
    scenario: &Scenario,
    targets: &[String],
    rounds: u32,
    extent: Extent,
    progress: &mut Progress,
) -> Rounds {
    let mut measured = Rounds::new();
    for number in 1..=rounds {
        for target in targets.iter().filter(|name| !scenario.without.contains(&name.as_str())) {
            progress.begin(&format!("{} round {number} of {rounds}: {target}", scenario.name));
            let round = scenario.measure(bench, target, extent);
            progress.end(&round);
            measured.entry(target.clone()).or_default().push(round);
        }
    }
    measured
}

/// Says what is measured, what came of it and how long the rest takes.
struct Progress {
    begin: Instant,
    count: usize,
    done: usize,
}

impl Progress {
    fn new(count: usize) -> Self {
        Self { begin: Instant::now(), count, done: 0 }
    }

    fn begin(&self, what: &str) {
        eprint!("{what} … ");
    }

    fn end(&mut self, round: &Round) {
        self.done += 1;
        let each = self.begin.elapsed().as_secs_f64() / self.done as f64;
        let left = each * self.count.saturating_sub(self.done) as f64;
        let found = match (&round.error, round.figures.get(CPU)) {
            (Some(error), _) => format!("failed: {error}"),
            (None, Some(cpu)) => format!("{cpu:.3} CPU-s/M"),
            (None, None) => {
                round.figures.values().map(|value| format!("{value:.2}")).collect::<Vec<_>>().join(", ")
            }
        };
        eprintln!("{found}  ({left:.0} s to go)");
    }
}

/// What the figures were measured on.
fn machine() -> serde_json::Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    json!({
        "cpu": model.map(|(_, name)| name),
        "cores": info.lines().filter(|line| line.starts_with("processor")).count(),
        "linux": read("/proc/sys/kernel/osrelease").trim(),
    })
}

//! The short form, which belongs to every change: has a delivery become dearer, against the floors and Socket.IO of the
//! same minute?

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::one::Bench;
use crate::run::{Progress, interleave};
use crate::scenario::{CPU, Extent, Scenario};
use crate::summary::{Rounds, Summary, best_ratio, ratio};

/// A ratio may be worse than the baseline by this share.
const TOLERANCE: f64 = 0.15;

/// So many rounds are measured in any case, and so many more, one lot after the other, while something looks worse.
const ROUNDS: u32 = 3;
const FURTHER: [u32; 4] = [3; 4];

const EXTENT: Extent = Extent { warm_up_s: 1.0, window_s: 1.5, idle_connections: 0, logins: 0 };

/// What is compared: the gateway's CPU time for a delivery by another's, in a scenario.
struct Comparison {
    name: &'static str,
    scenario: &'static str,
    other: &'static str,
}

const COMPARISONS: &[Comparison] = &[
    Comparison { name: "saturation, by the coalescing floor", scenario: "h1-200", other: "floor-coalesce" },
    Comparison { name: "saturation, by Socket.IO", scenario: "h1-200", other: "socketio" },
    Comparison { name: "20,000 deliveries/s, by the write floor", scenario: "h2-200", other: "floor-each" },
];

/// The ratios that are held.
#[derive(Default, Serialize, Deserialize)]
struct Baseline {
    ratios: BTreeMap<String, f64>,
}

#[derive(Args)]
pub(crate) struct Options {
    /// Writes the ratios that are measured as the new baseline.
    #[arg(long, requires = "short")]
    accept: bool,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("load/baseline.json")
}

/// What has been measured so far.
struct Measured<'a> {
    bench: &'a Bench,
    scenarios: Vec<(Scenario, Vec<String>, Rounds)>,
    progress: Progress,
}

impl Options {
    /// Whether nothing has become dearer.
    pub(crate) fn run(&self, bench: &Bench) -> Result<bool> {
        let mut measured = Measured::new(bench)?;
        measured.measure(ROUNDS);
        if self.accept {
            return measured.accept().map(|()| true);
        }
        let text =
            std::fs::read_to_string(path()).map_err(|error| format!("{}: {error}", path().display()))?;
        let baseline: Baseline = serde_json::from_str(&text)?;
        for further in FURTHER {
            if measured.failures(&baseline).is_empty() {
                break;
            }
            eprintln!("something looks worse: {further} rounds more, as it may be the machine");
            measured.measure(further);
        }
        Ok(measured.judge(&baseline))
    }
}

impl<'a> Measured<'a> {
    fn new(bench: &'a Bench) -> Result<Self> {
        let mut scenarios: Vec<(Scenario, Vec<String>, Rounds)> = Vec::new();
        for comparison in COMPARISONS {
            let at = scenarios.iter().position(|(scenario, ..)| scenario.name == comparison.scenario);
            let at = match at {
                Some(at) => at,
                None => {
                    let scenario = Scenario::by_name(comparison.scenario)?;
                    scenarios.push((scenario, vec!["us".to_owned()], Rounds::new()));
                    scenarios.len() - 1
                }
            };
            scenarios[at].1.insert(0, comparison.other.to_owned());
        }
        Ok(Self { bench, scenarios, progress: Progress::new(0) })
    }

    fn measure(&mut self, rounds: u32) {
        let count = self.scenarios.iter().map(|(_, targets, _)| targets.len()).sum::<usize>();
        self.progress.expect(count * rounds as usize);
        for (scenario, targets, all) in &mut self.scenarios {
            let more = interleave(self.bench, scenario, targets, rounds, EXTENT, &mut self.progress);
            for (target, rounds) in more {
                all.entry(target).or_default().extend(rounds);
            }
        }
    }

    fn rounds(&self, comparison: &Comparison) -> Option<&Rounds> {
        let found = self.scenarios.iter().find(|(scenario, ..)| scenario.name == comparison.scenario);
        found.map(|(_, _, rounds)| rounds)
    }

    /// What is held against the baseline: the median over the rounds, or what the best rounds give where that is less. A
    /// busy machine makes single rounds dearer, and not all servers alike; a change for the worse makes all of them so.
    fn ratio(&self, comparison: &Comparison) -> Option<f64> {
        let rounds = self.rounds(comparison)?;
        let median = ratio(rounds, "us", comparison.other, CPU)?.median;
        Some(best_ratio(rounds, "us", comparison.other, CPU)?.min(median))
    }

    /// What is worse than the baseline allows, in words.
    fn failures(&self, baseline: &Baseline) -> Vec<String> {
        let fault = |comparison: &Comparison| {
            let name = comparison.name;
            match (self.ratio(comparison), baseline.ratios.get(name)) {
                (None, _) => Some(format!("{name}: could not be measured")),
                (_, None) => Some(format!("{name}: has no baseline")),
                (Some(found), Some(held)) => (found > held * (1.0 + TOLERANCE)).then(|| {
                    let percent = (found / held - 1.0) * 100.0;
                    format!("{name}: {found:.3} is {percent:.0} % worse than {held:.3}")
                }),
            }
        };
        COMPARISONS.iter().filter_map(fault).collect()
    }

    /// Runs in which something was lost or could not be done.
    fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (scenario, _, rounds) in &self.scenarios {
            for (target, rounds) in rounds {
                let errors = rounds.iter().filter_map(|round| round.error.as_ref());
                broken.extend(errors.map(|error| format!("{}, {target}: {error}", scenario.name)));
            }
        }
        broken
    }

    fn judge(&self, baseline: &Baseline) -> bool {
        self.print();
        let (failures, broken) = (self.failures(baseline), self.broken());
        for comparison in COMPARISONS {
            if let (Some(found), Some(held)) = (self.ratio(comparison), baseline.ratios.get(comparison.name))
            {
                println!("{}: {found:.3}, baseline {held:.3}", comparison.name);
                if found < held * (1.0 - TOLERANCE) {
                    println!("  better than that: `tests/load/run --short --accept` holds it");
                }
            }
        }
        for fault in failures.iter().chain(&broken) {
            println!("not ok: {fault}");
        }
        if !failures.is_empty() {
            println!(
                "A delivery has become dearer. When that is meant, run `tests/load/run --short --accept` on a quiet machine,\n\
                 commit tests/load/baseline.json, and say in the commit what it is paid for."
            );
        }
        // Every comparison is a check, and one is that nothing was lost.
        let failed = failures.len() + usize::from(!broken.is_empty());
        println!("{} passed, {failed} failed", COMPARISONS.len() + 1 - failed);
        failed == 0
    }

    fn accept(&self) -> Result<()> {
        self.print();
        let broken = self.broken();
        if !broken.is_empty() {
            return Err(broken.join("\n").into());
        }
        let mut baseline = Baseline::default();
        for comparison in COMPARISONS {
            let ratio = self.ratio(comparison).ok_or("a ratio could not be measured")?;
            baseline.ratios.insert(comparison.name.to_owned(), (ratio * 1e3).round() / 1e3);
        }
        let text = serde_json::to_string_pretty(&baseline)? + "\n";
        std::fs::write(path(), &text)?;
        println!("written: {}\n{text}", path().display());
        Ok(())
    }

    fn print(&self) {
        for (scenario, targets, rounds) in &self.scenarios {
            println!("\n{}", Summary::of(scenario, targets, rounds).table());
        }
    }
}

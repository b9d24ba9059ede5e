//! Two programs of the gateway: is the later one dearer?

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::Result;
use crate::one::Bench;
use crate::paired::{self, BURST, Contender, Cost, DELIVERY, Extent, LOGIN, Middle, Round, SEND};

const COSTS: &[Cost] = &[DELIVERY, BURST, SEND, LOGIN];

#[derive(Args)]
pub(crate) struct Options {
    /// The program with which is compared.
    #[arg(long)]
    before: PathBuf,
    /// The program that is judged; the default is that of `--gateway`.
    #[arg(long)]
    after: Option<PathBuf>,
    /// Some of delivery, burst, send, login, separated by commas; the default is all.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How often both are started anew.
    #[arg(long, default_value_t = 6)]
    starts: u32,
    /// Rounds after each start.
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// By how many percent the later program may be dearer.
    #[arg(long, default_value_t = 5.0)]
    bound: f64,
    /// Prints JSON, one line a round and one a verdict.
    #[arg(long)]
    json: bool,
}

impl Options {
    /// Whether nothing has become dearer than it may.
    pub(crate) fn run(&self, bench: &Bench) -> Result<bool> {
        let unknown = self.only.iter().find(|name| COSTS.iter().all(|cost| cost.name != name.as_str()));
        if let Some(name) = unknown {
            return Err(format!("no cost is called {name}").into());
        }
        let us = |gateway: &PathBuf| Contender { target: "us".to_owned(), gateway: gateway.clone() };
        let (before, after) = (us(&self.before), us(self.after.as_ref().unwrap_or(&bench.gateway)));
        let extent = Extent { starts: self.starts, rounds: self.rounds };
        println!(
            "{} by {}, {} rounds after each of {} starts",
            after.gateway.display(),
            before.gateway.display(),
            extent.rounds,
            extent.starts
        );
        let (mut passed, mut failed) = (0, 0);
        for cost in COSTS {
            if !self.only.is_empty() && !self.only.iter().any(|name| name == cost.name) {
                continue;
            }
            let rounds = paired::measure(bench, cost, &before, &after, extent)?;
            if self.json {
                for round in &rounds {
                    println!("{}", json!({"cost": cost.name, "round": round}));
                }
            }
            if self.judge(cost, &rounds)? {
                passed += 1;
            } else {
                failed += 1;
            }
        }
        println!("{passed} passed, {failed} failed");
        Ok(failed == 0)
    }

    fn judge(&self, cost: &Cost, rounds: &[Round]) -> Result<bool> {
        let few = "too few rounds say nothing";
        let middle = Middle::of(rounds.iter().map(|round| round.ratio()).collect()).ok_or(few)?;
        let us = Middle::of(rounds.iter().map(|round| round.base).collect()).ok_or(few)?.median;
        let is_good = percent(middle.median) <= self.bound;
        if self.json {
            println!("{}", json!({"cost": cost.name, "ratio": middle, "passed": is_good}));
        }
        println!(
            "{}{:<50} {us:>7.2} µs  {:+.1} % (95 %: {:+.1} to {:+.1})",
            if is_good { "ok: " } else { "not ok: " },
            cost.title,
            percent(middle.median),
            percent(middle.least),
            percent(middle.most),
        );
        if percent(middle.most) - percent(middle.least) > 2.0 * self.bound {
            println!(
                "  ! the machine is too busy: so few rounds do not tell {} % from nothing, take more",
                self.bound
            );
        }
        Ok(is_good)
    }
}

/// By how much a ratio is above 1.
fn percent(ratio: f64) -> f64 {
    (ratio - 1.0) * 100.0
}

//! The short form, which belongs to every change: has a delivery become dearer, against the floors and Socket.IO of the
//! same seconds?

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::one::Bench;
use crate::paired::{self, BURST, Contender, Cost, DELIVERY, Extent, Middle};

/// A ratio may be worse than the baseline by this share. It covers what other processors and kernels make of the ratio,
/// which is why `load compare`, of two programs on one machine, has a bound of its own.
const TOLERANCE: f64 = 0.15;

/// As many rounds in any case: a gate that measures more while it does not like what it sees lets everything pass.
const EXTENT: Extent = Extent { starts: 3, rounds: 50 };

/// What is compared: the gateway's CPU time for a delivery by another's.
struct Comparison {
    name: &'static str,
    cost: &'static Cost,
    other: &'static str,
}

const COMPARISONS: &[Comparison] = &[
    Comparison {
        name: "16 messages at once, by the coalescing floor",
        cost: &BURST,
        other: "floor-coalesce",
    },
    Comparison { name: "16 messages at once, by Socket.IO", cost: &BURST, other: "socketio" },
    Comparison { name: "one message at a time, by the write floor", cost: &DELIVERY, other: "floor-each" },
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

impl Options {
    /// Whether nothing has become dearer, and nothing was lost.
    pub(crate) fn run(&self, bench: &Bench) -> Result<bool> {
        let mut measured = Vec::new();
        for comparison in COMPARISONS {
            let found = measure(bench, comparison);
            match &found {
                Ok(Middle { median, least, most }) => {
                    println!("{}: {median:.3} (95 %: {least:.3}–{most:.3})", comparison.name);
                }
                Err(error) => println!("{}: {error}", comparison.name),
            }
            measured.push((comparison.name, found));
        }
        if self.accept { accept(measured).map(|()| true) } else { judge(&measured) }
    }
}

fn measure(bench: &Bench, comparison: &Comparison) -> Result<Middle> {
    let contender = |target: &str| Contender { target: target.to_owned(), gateway: bench.gateway.clone() };
    let (other, us) = (contender(comparison.other), contender("us"));
    let rounds = paired::measure(bench, comparison.cost, &other, &us, EXTENT)?;
    let ratios = rounds.iter().map(|round| round.ratio()).collect();
    Middle::of(ratios).ok_or_else(|| "too few rounds say nothing".into())
}

fn judge(measured: &[(&str, Result<Middle>)]) -> Result<bool> {
    let text = std::fs::read_to_string(path()).map_err(|error| format!("{}: {error}", path().display()))?;
    let baseline: Baseline = serde_json::from_str(&text)?;
    let mut faults = Vec::new();
    for (name, found) in measured {
        faults.extend(match (found, baseline.ratios.get(*name)) {
            (Err(_), _) => Some(format!("{name}: could not be measured")),
            (_, None) => Some(format!("{name}: has no baseline")),
            (Ok(found), Some(held)) => {
                let change = found.median / held - 1.0;
                println!("{name}: {:+.0} % beside the baseline of {held:.3}", change * 100.0);
                if change < -TOLERANCE {
                    println!("  better than that: `tests/load/run --short --accept` holds it");
                }
                (change > TOLERANCE).then(|| {
                    format!("{name}: {:.3} is {:.0} % worse than {held:.3}", found.median, change * 100.0)
                })
            }
        });
    }
    for fault in &faults {
        println!("not ok: {fault}");
    }
    if !faults.is_empty() {
        println!(
            "A delivery has become dearer. When that is meant, run `tests/load/run --short --accept` on a quiet machine,\n\
             commit tests/load/baseline.json, and say in the commit what it is paid for."
        );
    }
    println!("{} passed, {} failed", COMPARISONS.len() - faults.len(), faults.len());
    Ok(faults.is_empty())
}

fn accept(measured: Vec<(&str, Result<Middle>)>) -> Result<()> {
    let mut baseline = Baseline::default();
    for (name, found) in measured {
        baseline.ratios.insert(name.to_owned(), (found?.median * 1e3).round() / 1e3);
    }
    let text = serde_json::to_string_pretty(&baseline)? + "\n";
    std::fs::write(path(), &text)?;
    println!("written: {}\n{text}", path().display());
    Ok(())
}

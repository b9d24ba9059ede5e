//! The cost curves: how a cost of the gateway grows with one size, everything else being equal.
//!
//! A curve is measured point by point, each on a gateway started for it, and says next to its figures what grows and
//! why. All are taken at a moderate load, far from saturation: they tell what a room, a connection or a history costs,
//! not how much is possible.

mod conversations;
mod gateway;
mod history;
mod idle;
mod members;
mod plot;
mod rooms;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::Result;
use crate::one::Bench;

#[derive(Args)]
pub(crate) struct Options {
    /// Some of them, separated by commas; the default is all.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,
    /// With the largest sizes too: a history of ten million messages takes minutes and gigabytes.
    #[arg(long)]
    long: bool,
    /// Of each point of the curves over rooms.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Where `curves.json`, `curves.md` and `curves.svg` are written.
    #[arg(long, default_value = "target/load")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// One room of 10 to 10,000 members, and 1,000 rooms of 20.
    Rooms,
    /// 1,000 to 20,000 connections on which nothing happens.
    Idle,
    /// A group with 10,000 to 10,000,000 messages.
    History,
    /// A user in 10 to 1,000 groups.
    Conversations,
    /// A community of 100 to 100,000 members.
    Members,
}

/// What was measured of one kind.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Curve {
    name: &'static str,
    /// What the first column counts.
    over: &'static str,
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// What grows with it, and why.
    why: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Column {
    name: &'static str,
    unit: &'static str,
    /// Of the decimal point.
    digits: usize,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    at: u64,
    /// What is said in place of the bare number.
    label: Option<String>,
    /// One a column.
    values: Vec<f64>,
    /// Why the figures are not to be trusted.
    doubts: Vec<String>,
}

const fn column(name: &'static str, unit: &'static str, digits: usize) -> Column {
    Column { name, unit, digits }
}

impl Row {
    fn new(at: u64, values: Vec<f64>) -> Self {
        Self { at, label: None, values, doubts: Vec::new() }
    }
}

impl Options {
    pub(crate) fn run(&self, bench: &Bench) -> Result<()> {
        let mut curves = Vec::new();
        for kind in Kind::value_variants() {
            if !self.only.is_empty() && !self.only.contains(kind) {
                continue;
            }
            let measured = match kind {
                Kind::Rooms => rooms::measure(bench, self.seconds)?,
                Kind::Idle => idle::measure(bench)?,
                Kind::History => history::measure(bench, self.long)?,
                Kind::Conversations => conversations::measure(bench)?,
                Kind::Members => members::measure(bench)?,
            };
            for curve in &measured {
                println!("{}", curve.markdown());
            }
            curves.extend(measured);
        }
        let out = &self.out;
        std::fs::create_dir_all(out)?;
        let tables: Vec<String> = curves.iter().map(Curve::markdown).collect();
        std::fs::write(out.join("curves.md"), tables.join("\n"))?;
        std::fs::write(out.join("curves.json"), serde_json::to_string_pretty(&curves)? + "\n")?;
        std::fs::write(out.join("curves.svg"), plot::svg(&curves))?;
        println!("written: {0}/curves.md, {0}/curves.json and {0}/curves.svg", out.display());
        Ok(())
    }
}

impl Curve {
    fn markdown(&self) -> String {
        let mut text = format!("**{}**\n\n| {} |", self.name, self.over);
        for Column { name, unit, .. } in &self.columns {
            text += &if unit.is_empty() { format!(" {name} |") } else { format!(" {name}, {unit} |") };
        }
        text += "\n|---|";
        text += &"---:|".repeat(self.columns.len());
        for row in &self.rows {
            let label = row.label.clone().unwrap_or_else(|| grouped(row.at));
            text += &format!("\n| {label} |");
            for (value, column) in row.values.iter().zip(&self.columns) {
                text += &format!(" {value:.0$} |", column.digits);
            }
            for doubt in &row.doubts {
                text += &format!(" ! {doubt}");
            }
        }
        text + &format!("\n\n{}\n", self.why)
    }
}

/// A number with its thousands set apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Times of calls, in nanoseconds.
struct Times(Histogram<u64>);

impl Times {
    fn new() -> Self {
        Self(Histogram::new(3).expect("three digits can be kept"))
    }

    fn note(&mut self, time: std::time::Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.0.record(nanoseconds).expect("the histogram grows with what it is given");
    }

    fn ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_point() {
        let curve = Curve {
            name: "history",
            over: "messages",
            columns: vec![column("page", "ms", 2), column("calls", "", 0)],
            rows: vec![Row::new(10_000, vec![0.126, 3.0]), Row::new(1_234_567, vec![1.0, 4.0])],
            why: "Because.",
        };
        assert_eq!(
            curve.markdown(),
            "**history**\n\n| messages | page, ms | calls |\n|---|---:|---:|\n| 10,000 | 0.13 | 3 |\n\
             | 1,234,567 | 1.00 | 4 |\n\nBecause.\n"
        );
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 10_000_000].map(grouped), ["0", "999", "1,000", "10,000,000"]);
    }
}

//! Too much: messages come at twice the capacity for a minute, and a tenth of the members does not read.
//!
//! What must hold: memory stays below a bound, those who read are served as fast as without those who do not, and all is
//! as before soon after the load drops. Nothing that was acknowledged is lost.

use clap::Args;
use serde::Serialize;
use tests::usage;

use crate::Result;
use crate::clock::{SECOND_NS, now_ns};
use crate::generator::{Generator, Pace, Shape};
use crate::ledger::Faults;
use crate::one::{Bench, Load, Plan};
use crate::process::Process;
use crate::scenario::TEXT_BYTES;
use crate::target::Running;

/// Messages on their way while the capacity is measured: so many that the server has always something to do.
const FLOOD: u64 = 256;

/// The load before and after, by the capacity.
const NORMAL: f64 = 0.25;

/// Of ten members, one does not read.
const STALLED: usize = 10;

/// How often it is looked at after the load has dropped.
const STEP_NS: u64 = SECOND_NS / 10;

/// It is as before when the 99th percentile is not above this many times that of before,
const AS_BEFORE: f64 = 1.5;

/// and stays so for as many steps.
const STEPS: usize = 5;

#[derive(Args)]
pub(crate) struct Options {
    #[arg(long, default_value = "us")]
    target: String,
    #[arg(long, default_value_t = 1000)]
    members: u32,
    #[arg(long, default_value_t = 10)]
    senders: u32,
    /// How long there is too much.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// By the capacity.
    #[arg(long, default_value_t = 2.0)]
    factor: f64,
    /// Deliveries a second that are the capacity; the default is to measure it.
    #[arg(long)]
    capacity: Option<f64>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// One second of a run.
#[derive(Debug, Serialize)]
struct Sample {
    at_s: f64,
    deliveries_per_s: f64,
    p99_ms: Option<f64>,
    resident_bytes: u64,
    refused: u64,
    withheld: u64,
}

/// A run, with or without members who do not read.
#[derive(Debug, Serialize)]
struct Course {
    stalled: bool,
    p99_before_ms: f64,
    p99_overload_ms: f64,
    /// None when it had not come back in the time that the overload had taken.
    back_after_s: Option<f64>,
    resident_before_bytes: u64,
    resident_most_bytes: u64,
    sent: u64,
    acknowledged: u64,
    refused: u64,
    withheld: u64,
    faults: Faults,
    samples: Vec<Sample>,
}

impl Options {
    fn shape(&self) -> Shape {
        Shape { rooms: 1, members: self.members, senders: self.senders, text_bytes: TEXT_BYTES }
    }

    pub(crate) fn run(&self, bench: &Bench) -> Result<()> {
        let capacity = match self.capacity {
            Some(capacity) => capacity,
            None => {
                let plan =
                    Plan { shape: self.shape(), load: Load::Window(FLOOD), warm_up_s: 3.0, window_s: 5.0 };
                bench.measure(&self.target, plan)?.deliveries_per_s
            }
        };
        eprintln!("capacity: {capacity:.0} deliveries/s");
        let courses = [self.course(bench, capacity, false)?, self.course(bench, capacity, true)?];
        if self.json {
            println!("{}", serde_json::json!({"capacity": capacity, "courses": courses}));
            return Ok(());
        }
        for course in &courses {
            course.print();
        }
        let by = |of: fn(&Course) -> f64| of(&courses[1]) / of(&courses[0]);
        println!(
            "p99 of those who read, with stalled members by that without: {:.2} before, {:.2} in the overload",
            by(|course| course.p99_before_ms),
            by(|course| course.p99_overload_ms)
        );
        Ok(())
    }

    fn course(&self, bench: &Bench, capacity: f64, stalled: bool) -> Result<Course> {
        let (running, _directory) = bench.start(&self.target, self.shape().connections())?;
        let Running { processes, address, protocol } = running;
        let ids: Vec<u32> = processes.iter().map(Process::id).collect();
        let mut generator = Generator::new(self.shape(), address, protocol)?;
        generator.enter()?;
        if stalled {
            generator.stall(STALLED);
        }
        let messages_per_s = capacity / f64::from(self.shape().receivers());
        let pace = |factor: f64| Pace::schedule(messages_per_s * factor, false, now_ns());
        let begin_ns = now_ns();
        let mut samples = Vec::new();
        let mut watch = |generator: &mut Generator, seconds: f64| -> Result<f64> {
            generator.meter.begin(now_ns());
            let end_ns = now_ns() + (seconds * 1e9) as u64;
            while now_ns() < end_ns {
                samples.push(sample(generator, &ids, begin_ns, (now_ns() + SECOND_NS).min(end_ns))?);
            }
            Ok(generator.meter.latency.value_at_quantile(0.99) as f64 / 1e6)
        };

        generator.set_pace(pace(NORMAL));
        watch(&mut generator, 3.0)?;
        let p99_before_ms = watch(&mut generator, 7.0)?;
        let resident_before_bytes = usage::resident_bytes(&ids);
        generator.set_pace(pace(self.factor));
        let p99_overload_ms = watch(&mut generator, self.seconds)?;
        let withheld = generator.meter.withheld;
        generator.set_pace(pace(NORMAL));
        let back_after_s = self.back_after_s(&mut generator, p99_before_ms)?;
        watch(&mut generator, 2.0)?;
        let faults = generator.drain()?;
        let ledger = &generator.ledger;
        Ok(Course {
            stalled,
            p99_before_ms,
            p99_overload_ms,
            back_after_s,
            resident_before_bytes,
            resident_most_bytes: samples.iter().map(|sample| sample.resident_bytes).max().unwrap_or(0),
            sent: ledger.sent,
            acknowledged: ledger.acknowledged,
            refused: ledger.refused,
            withheld,
            faults,
            samples,
        })
    }

    /// How long it takes from now on until messages are as fast as they were.
    fn back_after_s(&self, generator: &mut Generator, p99_before_ms: f64) -> Result<Option<f64>> {
        let begin_ns = now_ns();
        let _ = generator.meter.take_recent_p99_ns();
        let mut good = 0;
        while now_ns() < begin_ns + (self.seconds * 1e9) as u64 {
            generator.run(now_ns() + STEP_NS)?;
            let p99_ms = generator.meter.take_recent_p99_ns().map(|p99| p99 as f64 / 1e6);
            good = if p99_ms.is_some_and(|p99| p99 <= p99_before_ms * AS_BEFORE) { good + 1 } else { 0 };
            if good == STEPS {
                let elapsed_ns = now_ns() - begin_ns - STEPS as u64 * STEP_NS;
                return Ok(Some(elapsed_ns as f64 / 1e9));
            }
        }
        Ok(None)
    }
}

fn sample(generator: &mut Generator, ids: &[u32], begin_ns: u64, until_ns: u64) -> Result<Sample> {
    let (from_ns, delivered) = (now_ns(), generator.ledger.delivered);
    generator.run(until_ns)?;
    let deliveries = (generator.ledger.delivered - delivered) as f64;
    Ok(Sample {
        at_s: (now_ns() - begin_ns) as f64 / 1e9,
        deliveries_per_s: deliveries / (now_ns() - from_ns) as f64 * 1e9,
        p99_ms: generator.meter.take_recent_p99_ns().map(|p99| p99 as f64 / 1e6),
        resident_bytes: usage::resident_bytes(ids),
        refused: generator.ledger.refused,
        withheld: generator.meter.withheld,
    })
}

impl Course {
    fn print(&self) {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        println!("{}", if self.stalled { "a tenth of the members does not read" } else { "everybody reads" });
        println!("       s  deliveries/s    p99 ms    RSS MB   refused  withheld");
        let step = (self.samples.len() / 20).max(1);
        for sample in self.samples.iter().step_by(step) {
            println!(
                "  {:>6.1}  {:>12.0}  {:>8}  {:>8.1}  {:>8}  {:>8}",
                sample.at_s,
                sample.deliveries_per_s,
                sample.p99_ms.map_or_else(|| "-".to_owned(), |p99| format!("{p99:.2}")),
                megabytes(sample.resident_bytes),
                sample.refused,
                sample.withheld,
            );
        }
        println!(
            "  p99 before {:.2} ms, in the overload {:.2} ms, as before {} after it; RSS {:.1} MB before, {:.1} MB at most; \
             {} sent, {} acknowledged, {} refused, {} withheld; faults: {:?}\n",
            self.p99_before_ms,
            self.p99_overload_ms,
            self.back_after_s.map_or_else(|| "not".to_owned(), |after| format!("{after:.1} s")),
            megabytes(self.resident_before_bytes),
            megabytes(self.resident_most_bytes),
            self.sent,
            self.acknowledged,
            self.refused,
            self.withheld,
            self.faults,
        );
    }
}

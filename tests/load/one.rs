//! One measurement of one target.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tests::usage::{self, Cpu};

use crate::Result;
use crate::clock::{SECOND_NS, now_ns, own_cpu_ns};
use crate::generator::{Generator, Pace, Shape};
use crate::ledger::Faults;
use crate::process::{Cores, OTHER_FILES, allow_files};
use crate::target::{self, Running, Site, Sizes};

/// The lateness of the sender must be below this share of the latency, at the 99th percentile.
const MOST_LATENESS: f64 = 0.10;

/// Beyond this the generator, rather than the server, may be what is measured.
const MOST_BUSY: f64 = 0.85;

/// Warm is when two halves of a second cost alike.
const FLAT: f64 = 0.02;

/// How fast messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Load {
    /// So many messages are on their way at any time.
    Window(u64),
    /// So many deliveries a second, at equal distances.
    Rate(f64),
    /// The same as many independent senders send.
    Poisson(f64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) shape: Shape,
    pub(crate) load: Load,
    pub(crate) warm_up_s: f64,
    pub(crate) window_s: f64,
}

/// What all measurements of a run share.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) gateway: PathBuf,
    pub(crate) cores: Cores,
    /// Where the servers' data goes; None is the place for temporary files.
    pub(crate) directory: Option<PathBuf>,
    pub(crate) sizes: Sizes,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) deliveries_per_s: f64,
    /// CPU seconds of the server for a million deliveries.
    pub(crate) cpu_s_per_million: f64,
    pub(crate) latency_ms: Percentiles,
    /// Of the sender, behind their schedule.
    pub(crate) lateness_p99_ms: f64,
    /// Messages that a receiver got at once, on average.
    pub(crate) per_read: f64,
    /// On the wire, headers of frames included.
    pub(crate) push_bytes: f64,
    pub(crate) request_bytes: f64,
    /// Of one core.
    pub(crate) server_busy: f64,
    pub(crate) generator_busy: f64,
    /// Share of the time in which a thread of the server wanted to run and had no core.
    pub(crate) server_waited: f64,
    pub(crate) resident_bytes: u64,
    pub(crate) written_bytes: u64,
    pub(crate) messages: u64,
    pub(crate) withheld: u64,
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    pub(crate) faults: Faults,
    /// Why the figures are not to be trusted.
    pub(crate) doubts: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Bench {
    /// Starts a target in a directory of its own, which goes with the value.
    pub(crate) fn start(&self, name: &str, connections: u32) -> Result<(Running, TempDir)> {
        let (site, directory) = self.site(connections)?;
        Ok((target::by_name(name)?.start(&site)?, directory))
    }

    /// Where a target is started that may have so many connections.
    pub(crate) fn site(&self, connections: u32) -> Result<(Site, TempDir)> {
        allow_files(u64::from(connections) + OTHER_FILES)?;
        let directory = match &self.directory {
            Some(directory) => tempfile::tempdir_in(directory)?,
            None => tempfile::tempdir()?,
        };
        let site = Site {
            directory: directory.path().to_owned(),
            cores: self.cores,
            gateway: self.gateway.clone(),
            own: std::env::current_exe()?,
            sizes: self.sizes,
        };
        Ok((site, directory))
    }

    /// What a message of the gateway takes on the wire.
    pub(crate) fn measure_sizes(&mut self, text_bytes: usize) -> Result<()> {
        let shape = Shape { rooms: 1, members: 1, senders: 1, text_bytes };
        // One after the other: then a read brings a push and nothing else.
        let plan = Plan { shape, load: Load::Window(1), warm_up_s: 0.1, window_s: 0.3 };
        let outcome = self.measure("us", plan)?;
        self.sizes = Sizes {
            request_bytes: outcome.request_bytes.round() as usize,
            push_bytes: outcome.push_bytes.round() as usize,
        };
        Ok(())
    }

    pub(crate) fn measure(&self, name: &str, plan: Plan) -> Result<Outcome> {
        let (running, _directory) = self.start(name, plan.shape.connections())?;
        let Running { processes, address, protocol } = running;
        let ids: Vec<u32> = processes.iter().map(crate::process::Process::id).collect();
        let mut generator = Generator::new(plan.shape, address, protocol)?;
        let measured = generator.enter().and_then(|()| plan.measure(&mut generator, &ids));
        measured.map_err(|error| {
            let logs: Vec<String> = processes.iter().map(crate::process::Process::log).collect();
            format!("{name}: {error}; the server said:\n{}", logs.concat()).into()
        })
    }
}

impl Plan {
    pub(crate) fn measure(&self, generator: &mut Generator, ids: &[u32]) -> Result<Outcome> {
        let receivers = f64::from(self.shape.receivers());
        let begin_ns = now_ns();
        generator.set_pace(match self.load {
            Load::Window(window) => Pace::window(window),
            Load::Rate(rate) => Pace::schedule(rate / receivers, false, begin_ns),
            Load::Poisson(rate) => Pace::schedule(rate / receivers, true, begin_ns),
        });
        self.warm_up(generator, ids)?;

        let written = usage::written_bytes(ids);
        let (from_ns, cpu, own) = (now_ns(), Cpu::of(ids), own_cpu_ns());
        generator.meter.begin(from_ns);
        let mut resident_bytes = 0;
        let until_ns = from_ns + seconds(self.window_s);
        while now_ns() < until_ns {
            generator.run((now_ns() + SECOND_NS).min(until_ns))?;
            resident_bytes = usage::resident_bytes(ids).max(resident_bytes);
        }
        let (to_ns, used, own) = (now_ns(), Cpu::of(ids).since(&cpu), own_cpu_ns() - own);
        let written_bytes = usage::written_bytes(ids).saturating_sub(written);
        generator.meter.end(to_ns);
        let wall_ns = (to_ns - from_ns) as f64;
        let meter = &generator.meter;
        let deliveries = meter.deliveries as f64;
        let listeners = meter.listeners;
        let heard = listeners.deliveries as f64;
        let (per_read, push_bytes) = (heard / listeners.reads as f64, listeners.bytes as f64 / heard);
        let withheld = meter.withheld;
        let request_bytes = meter.sent_bytes as f64 / meter.messages as f64;

        let faults = generator.drain()?;
        let ledger = &generator.ledger;
        let mut outcome = Outcome {
            deliveries_per_s: deliveries / wall_ns * 1e9,
            cpu_s_per_million: used.cpu_ns as f64 / 1e3 / deliveries,
            latency_ms: Percentiles::of(&generator.meter.latency),
            lateness_p99_ms: generator.meter.lateness.value_at_quantile(0.99) as f64 / 1e6,
            per_read,
            push_bytes,
            request_bytes,
            server_busy: used.cpu_ns as f64 / wall_ns,
            generator_busy: own as f64 / wall_ns,
            server_waited: used.waited_ns as f64 / wall_ns,
            resident_bytes,
            written_bytes,
            messages: ledger.sent,
            withheld,
            acknowledged: ledger.acknowledged,
            refused: ledger.refused,
            faults,
            doubts: Vec::new(),
        };
        outcome.doubts = outcome.doubts_of(self.load);
        Ok(outcome)
    }

    /// Until it costs no longer less from one half second to the next, and at least a third of the time that is given.
    fn warm_up(&self, generator: &mut Generator, ids: &[u32]) -> Result<()> {
        let begin_ns = now_ns();
        let end_ns = begin_ns + seconds(self.warm_up_s);
        let mut last = f64::INFINITY;
        while now_ns() < end_ns {
            let (cpu, delivered) = (Cpu::of(ids), generator.ledger.delivered);
            generator.run((now_ns() + SECOND_NS / 2).min(end_ns))?;
            let used = Cpu::of(ids).since(&cpu).cpu_ns as f64;
            let cost = used / (generator.ledger.delivered - delivered) as f64;
            let is_flat = (cost / last - 1.0).abs() < FLAT;
            if is_flat && now_ns() > begin_ns + seconds(self.warm_up_s / 3.0) {
                break;
            }
            last = cost;
        }
        Ok(())
    }
}

fn seconds(count: f64) -> u64 {
    (count * 1e9) as u64
}

impl Outcome {
    fn doubts_of(&self, load: Load) -> Vec<String> {
        let mut doubts = Vec::new();
        if !self.faults.is_none() {
            doubts.push(format!("not every message came once and in order: {:?}", self.faults));
        }
        let is_open = !matches!(load, Load::Window(_));
        if is_open && self.lateness_p99_ms > self.latency_ms.p99 * MOST_LATENESS {
            doubts.push(format!("the sender was late by {:.3} ms", self.lateness_p99_ms));
        }
        if self.refused > 0 {
            doubts.push(format!("the server refused {} of {} messages", self.refused, self.messages));
        }
        if self.withheld > 0 {
            doubts.push(format!("the server did not take {} messages in time", self.withheld));
        }
        if self.generator_busy > MOST_BUSY {
            doubts.push(format!("the generator's core was {:.0} % busy", self.generator_busy * 100.0));
        }
        doubts
    }
}

impl Percentiles {
    fn of(histogram: &hdrhistogram::Histogram<u64>) -> Self {
        let at = |share| histogram.value_at_quantile(share) as f64 / 1e6;
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: histogram.max() as f64 / 1e6 }
    }
}

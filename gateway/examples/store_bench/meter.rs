//! Counts what a run used: time, processor, bytes written.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

/// The processor's ticks in `/proc`, per second. The same on every Linux that is in use.
const TICKS: f64 = 100.0;

pub(crate) struct Meter {
    begun: Instant,
    cpu: Duration,
    written: u64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { begun: Instant::now(), cpu: cpu(), written: written() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Takes what was used until now; what closing the store still costs is added by [`Row::closed`].
    pub(crate) fn row(&self, name: String, records: u64, size: usize, mut commits: Vec<Duration>) -> Row {
        commits.sort_unstable();
        let at = |share: f64| commits[((commits.len() - 1) as f64 * share) as usize];
        Row {
            name,
            records,
            size,
            took: self.elapsed(),
            cpu: cpu() - self.cpu,
            store_cpu: None,
            reads: None,
            sync_p99: None,
            written: 0,
            p50: at(0.5),
            p99: at(0.99),
        }
    }
}

pub(crate) struct Row {
    name: String,
    records: u64,
    /// Bytes of a record.
    size: usize,
    took: Duration,
    cpu: Duration,
    /// Of the store's own threads, where there are others.
    pub(crate) store_cpu: Option<Duration>,
    /// What was read afterwards, its p50 and p99.
    pub(crate) reads: Option<Vec<(&'static str, Duration, Duration)>>,
    /// Of a small write and its sync on the same disk at the same time, where it was measured.
    pub(crate) sync_p99: Option<Duration>,
    written: u64,
    p50: Duration,
    pub(crate) p99: Duration,
}

impl Row {
    pub(crate) const HEAD: &str = "| what | records/s | CPU µs/record | of it store | bytes written/stored | commit p50 ms | p99 ms |\n\
        |---|---|---|---|---|---|---|";

    /// Adds what was written until the store was closed.
    pub(crate) fn closed(mut self, meter: &Meter) -> Self {
        self.written = written() - meter.written;
        self
    }

    /// Leaves out what the measurement itself wrote.
    pub(crate) fn without(mut self, written: u64) -> Self {
        self.written = self.written.saturating_sub(written);
        self
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64()
    }

    /// Microseconds of processor for each record.
    pub(crate) fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.records as f64
    }

    /// The part of it that the store's own threads took.
    pub(crate) fn store_cpu_each(&self) -> Option<f64> {
        self.store_cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.records as f64)
    }

    /// Bytes written for each byte of the records.
    pub(crate) fn written_for_each(&self) -> f64 {
        self.written as f64 / (self.records * self.size as u64) as f64
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| {} | {:.0} | {:.1} | {} | {:.2} | {:.2} | {:.2} |",
            self.name,
            self.per_second(),
            self.cpu_each(),
            self.store_cpu_each().map_or("".into(), |each| format!("{each:.1}")),
            self.written_for_each(),
            self.p50.as_secs_f64() * 1e3,
            self.p99.as_secs_f64() * 1e3,
        )?;
        for (what, p50, p99) in self.reads.iter().flatten() {
            let micros = |time: &Duration| time.as_secs_f64() * 1e6;
            write!(f, "\nread {what}: p50 {:.1} µs, p99 {:.1} µs", micros(p50), micros(p99))?;
        }
        Ok(())
    }
}

/// Of the whole process.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The name may hold spaces, so count from behind it: user and system ticks are the 12th and 13th after.
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    Duration::from_secs_f64(ticks / TICKS)
}

/// What each live thread has used whose name begins with one of `names`.
pub(crate) fn cpu_of_threads(names: &[&str]) -> HashMap<OsString, Duration> {
    let mut used = HashMap::new();
    for thread in fs::read_dir("/proc/self/task").unwrap() {
        let thread = thread.unwrap();
        let (id, thread) = (thread.file_name(), thread.path());
        let name = fs::read_to_string(thread.join("comm")).unwrap_or_default();
        if names.iter().any(|start| name.starts_with(start)) {
            let stat = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
            let ran = stat.split_whitespace().next().and_then(|ran| ran.parse().ok()).unwrap_or(0);
            used.insert(id, Duration::from_nanos(ran));
        }
    }
    used
}

/// Bytes that this process caused to be written to the disk.
fn written() -> u64 {
    let io = fs::read_to_string("/proc/self/io").unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap();
    line.parse().unwrap()
}

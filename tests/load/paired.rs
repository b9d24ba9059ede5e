//! Two servers side by side, in turn every few dozen milliseconds: how much dearer is the same work at one of them?
//!
//! On a machine that has other work too the same thing costs a fifth more from one second to the next. Both servers run
//! at the same time, each with its clients, and a round is a slice of work at one and right after it the same at the
//! other, so that a neighbour meets both; every other round begins with the other one. A round gives one ratio, and what
//! counts is the median of all ratios. How many rounds there are is said before the first, whatever they give.

use std::path::PathBuf;

use ::tests::usage::Cpu;
use serde::Serialize;
use tempfile::TempDir;

use crate::Result;
use crate::clock::{SECOND_NS, now_ns};
use crate::generator::{Generator, Pace, Shape};
use crate::one::Bench;
use crate::process::Process;
use crate::scenario::TEXT_BYTES;
use crate::target::Running;

/// How long a slice takes, but for logins. The shorter it is, the more alike is the machine to both; a slice has dozens
/// of messages all the same.
const SLICE_NS: u64 = SECOND_NS / 25;

/// Rounds after a start that do not count.
const WARM_UP: u32 = 6;

/// Those who are there before the first login counts.
const FIRST: u32 = 50;

/// Logins of a slice.
const LOGINS: u32 = 120;

/// How much is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Extent {
    /// How often both servers are started anew.
    pub(crate) starts: u32,
    /// After each start.
    pub(crate) rounds: u32,
}

/// A cost of a server that can be compared.
pub(crate) struct Cost {
    /// As the command line calls it.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    /// A burst of so many messages into a room, each when all have had the last one; what counts is a delivery.
    Deliveries { burst: u64, members: u32 },
    /// So many senders, each alone in a room; what counts is a message.
    Messages { senders: u32 },
    /// What counts is a login, from the connection on.
    Logins,
}

pub(crate) const DELIVERY: Cost = Cost {
    name: "delivery",
    title: "a delivery, to 200 members, one message at a time",
    work: Work::Deliveries { burst: 1, members: 200 },
};

pub(crate) const BURST: Cost = Cost {
    name: "burst",
    title: "a delivery, to 200 members, 16 messages at once",
    work: Work::Deliveries { burst: 16, members: 200 },
};

pub(crate) const SEND: Cost =
    Cost { name: "send", title: "a send, of 64 senders at once", work: Work::Messages { senders: 64 } };

pub(crate) const LOGIN: Cost = Cost { name: "login", title: "a login", work: Work::Logins };

impl Cost {
    fn shape(&self, rounds: u32) -> Shape {
        match self.work {
            Work::Deliveries { members, .. } => {
                Shape { rooms: 1, members, senders: 1, text_bytes: TEXT_BYTES }
            }
            Work::Messages { senders } => {
                Shape { rooms: senders, members: 0, senders: 1, text_bytes: TEXT_BYTES }
            }
            Work::Logins => {
                let logins = LOGINS * (WARM_UP + rounds);
                Shape { rooms: 1, members: FIRST + logins - 1, senders: 1, text_bytes: 0 }
            }
        }
    }
}

/// Who is measured.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// One of [`crate::target::by_name`].
    pub(crate) target: String,
    /// The gateway's program, where the target is one.
    pub(crate) gateway: PathBuf,
}

/// What one round gave: CPU microseconds of a piece of work.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Round {
    pub(crate) start: u32,
    pub(crate) base: f64,
    pub(crate) tested: f64,
}

impl Round {
    pub(crate) fn ratio(self) -> f64 {
        self.tested / self.base
    }
}

/// Measures a cost at two servers in turn. A run in which something was lost, doubled or reordered has no speed.
pub(crate) fn measure(
    bench: &Bench,
    cost: &Cost,
    base: &Contender,
    tested: &Contender,
    extent: Extent,
) -> Result<Vec<Round>> {
    let mut measured = Vec::new();
    for start in 0..extent.starts {
        let mut base = Side::start(bench, base, cost, extent.rounds)?;
        let mut tested = Side::start(bench, tested, cost, extent.rounds)?;
        for round in 0..WARM_UP + extent.rounds {
            let (of_base, of_tested) = if round % 2 == 0 {
                let first = base.slice(cost.work)?;
                (first, tested.slice(cost.work)?)
            } else {
                let first = tested.slice(cost.work)?;
                (base.slice(cost.work)?, first)
            };
            if round >= WARM_UP {
                measured.push(Round { start, base: of_base, tested: of_tested });
            }
        }
        base.close()?;
        tested.close()?;
    }
    Ok(measured)
}

/// One of the two servers, with its clients.
struct Side {
    name: String,
    generator: Generator,
    processes: Vec<Process>,
    ids: Vec<u32>,
    _directory: TempDir,
}

impl Side {
    fn start(bench: &Bench, contender: &Contender, cost: &Cost, rounds: u32) -> Result<Self> {
        let shape = cost.shape(rounds);
        let bench = Bench { gateway: contender.gateway.clone(), ..bench.clone() };
        // This process has the clients of both.
        let (running, directory) = bench.start(&contender.target, 2 * shape.connections())?;
        let Running { processes, address, protocol } = running;
        let ids = processes.iter().map(Process::id).collect();
        let generator = Generator::new(shape, address, protocol)?;
        let name = contender.target.clone();
        let mut side = Self { name, generator, processes, ids, _directory: directory };
        side.enter(cost.work).map_err(|error| side.explain(&error.to_string()))?;
        Ok(side)
    }

    fn enter(&mut self, work: Work) -> Result<()> {
        if matches!(work, Work::Logins) {
            self.generator.enter_some(FIRST as usize)?;
            self.generator.only_log_in();
        } else {
            self.generator.enter()?;
        }
        self.generator.stay_awake();
        Ok(())
    }

    fn slice(&mut self, work: Work) -> Result<f64> {
        self.try_slice(work).map_err(|error| self.explain(&error.to_string()).into())
    }

    /// CPU microseconds of the server for one piece of a slice's work.
    fn try_slice(&mut self, work: Work) -> Result<f64> {
        let ledger = &self.generator.ledger;
        let (delivered, acknowledged) = (ledger.delivered, ledger.acknowledged);
        let cpu = Cpu::of(&self.ids);
        match work {
            Work::Deliveries { burst, .. } => self.talk(Pace::burst(burst))?,
            Work::Messages { senders } => self.talk(Pace::window(u64::from(senders)))?,
            Work::Logins => self.generator.enter_some(LOGINS as usize)?,
        }
        let used = Cpu::of(&self.ids).since(&cpu).cpu_ns as f64 / 1e3;
        let ledger = &self.generator.ledger;
        let pieces = match work {
            Work::Deliveries { .. } => ledger.delivered - delivered,
            Work::Messages { .. } => ledger.acknowledged - acknowledged,
            Work::Logins => u64::from(LOGINS),
        };
        if pieces == 0 || used == 0.0 {
            return Err("it did nothing".into());
        }
        Ok(used / pieces as f64)
    }

    fn talk(&mut self, pace: Pace) -> Result<()> {
        self.generator.set_pace(pace);
        self.generator.run(now_ns() + SLICE_NS)?;
        self.generator.settle()
    }

    fn close(mut self) -> Result<()> {
        let faults = self.generator.drain().map_err(|error| self.explain(&error.to_string()))?;
        if faults.is_none() {
            Ok(())
        } else {
            Err(self.explain(&format!("not every message came once and in order: {faults:?}")).into())
        }
    }

    fn explain(&self, error: &str) -> String {
        let logs: Vec<String> = self.processes.iter().map(Process::log).collect();
        format!("{}: {error}; the server said:\n{}", self.name, logs.concat())
    }
}

/// The median of some ratios, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Middle {
    pub(crate) median: f64,
    /// Where the median of endlessly many rounds lies, with 95 % of certainty.
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Middle {
    /// None of fewer than six, of which nothing can be said.
    pub(crate) fn of(mut ratios: Vec<f64>) -> Option<Self> {
        if ratios.len() < 6 {
            return None;
        }
        ratios.sort_by(f64::total_cmp);
        let count = ratios.len();
        // How many of them lie below the true median is a matter of tossing coins, whatever their distribution.
        let reach = 0.98 * (count as f64).sqrt();
        let below = (count as f64 / 2.0 - reach).floor().max(0.0) as usize;
        let median = f64::midpoint(ratios[(count - 1) / 2], ratios[count / 2]);
        Some(Self { median, least: ratios[below], most: ratios[count - 1 - below] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_comes_with_what_is_known_of_it() {
        let middle = Middle::of((1..=100).map(f64::from).collect()).unwrap();
        assert_eq!(middle, Middle { median: 50.5, least: 41.0, most: 60.0 });
        let middle = Middle::of(vec![2.0, 1.0, 4.0, 3.0, 9.0, 5.0, 6.0]).unwrap();
        assert_eq!((middle.median, middle.least, middle.most), (4.0, 1.0, 9.0));
        assert_eq!(Middle::of(vec![1.0; 5]), None);
    }

    #[test]
    fn more_rounds_say_more() {
        let width = |count: u32| {
            let ratios = (0..count).map(|number| f64::from(number * 37 % 101)).collect();
            let Middle { least, most, .. } = Middle::of(ratios).unwrap();
            most - least
        };
        assert!(width(1000) < width(100) / 2.0);
    }
}

//! What a run measures, scenario by scenario: the shape, the load, and which figures are compared with which floor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::curves::grouped;
use crate::generator::Shape;
use crate::idle;
use crate::one::{Bench, Load, Outcome, Plan};
use crate::process::most_connections;

/// A text of the size that chat messages have at most, mostly.
pub(crate) const TEXT_BYTES: usize = 256;

/// Messages on their way at saturation.
const WINDOW: u64 = 16;

pub(crate) struct Scenario {
    /// As the command line and the report call it.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    work: Work,
    pub(crate) columns: &'static [Column],
    /// Targets that are left out: what is asked for is far beyond them.
    pub(crate) without: &'static [&'static str],
}

enum Work {
    Load { members: u32, rooms: u32, load: Load },
    Idle,
    Logins,
}

/// A figure of each target.
#[derive(Serialize)]
pub(crate) struct Column {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) digits: usize,
    /// The floor of the same round that it is divided by.
    pub(crate) floor: Option<&'static str>,
}

/// How long is measured, and with how many.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Extent {
    pub(crate) warm_up_s: f64,
    pub(crate) window_s: f64,
    pub(crate) idle_connections: u32,
    pub(crate) logins: u32,
}

/// One measurement of one target.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Round {
    pub(crate) figures: BTreeMap<String, f64>,
    /// Why the figures are not to be trusted.
    pub(crate) doubts: Vec<String>,
    /// Why there are none.
    pub(crate) error: Option<String>,
    pub(crate) details: Option<Outcome>,
}

const fn column(
    key: &'static str,
    title: &'static str,
    digits: usize,
    floor: Option<&'static str>,
) -> Column {
    Column { key, title, digits, floor }
}

pub(crate) const CPU: &str = "cpu_s_per_million";
const EACH: Option<&str> = Some("floor-each");
const COALESCE: Option<&str> = Some("floor-coalesce");

const SATURATION: &[Column] = &[
    column(CPU, "CPU-s/M", 3, COALESCE),
    column("deliveries_per_s", "deliveries/s", 0, None),
    column("per_read", "at once", 1, None),
];

const OPEN: &[Column] = &[
    column(CPU, "CPU-s/M", 3, EACH),
    column("p50_ms", "p50 ms", 2, EACH),
    column("p99_ms", "p99 ms", 2, EACH),
    column("lateness_p99_ms", "sender late, p99 ms", 2, None),
];

const IDLE: &[Column] = &[column("kb_a_connection", "kB", 2, None)];
const LOGINS: &[Column] = &[column("us_a_login", "µs", 0, None)];

/// All of them, in the order of the report.
pub(crate) fn all() -> Vec<Scenario> {
    all_of(most_connections())
}

/// Rooms of 20 and a sender, as many as so many connections are enough for.
fn rooms(connections: u32) -> Scenario {
    const MEMBERS: u32 = 20;
    const ROOMS: u32 = 1000;
    let rooms = ROOMS.min(connections / (MEMBERS + 1)).max(1);
    let mut title = format!("20,000 deliveries/s into {} rooms of {MEMBERS}", grouped(u64::from(rooms)));
    if rooms < ROOMS {
        title += &format!(", more than {connections} connections cannot be open here");
    }
    Scenario {
        name: "rooms",
        title,
        work: Work::Load { members: MEMBERS, rooms, load: Load::Poisson(20_000.0) },
        columns: OPEN,
        without: &[],
    }
}

/// The same where so many connections can be open.
fn all_of(connections: u32) -> Vec<Scenario> {
    let saturation = |name, title: &str, rooms, members| Scenario {
        name,
        title: title.to_owned(),
        work: Work::Load { rooms, members, load: Load::Window(WINDOW) },
        columns: SATURATION,
        without: &[],
    };
    let open = |name, title: &str, rooms, members, load, without| Scenario {
        name,
        title: title.to_owned(),
        work: Work::Load { rooms, members, load },
        columns: OPEN,
        without,
    };
    let slow: &[&str] = &["ejabberd"];
    vec![
        saturation("h1", "saturation, one room of 1,000", 1, 1000),
        saturation("h1-200", "saturation, one room of 200", 1, 200),
        open("h2", "100,000 deliveries/s into one room of 1,000", 1, 1000, Load::Rate(100_000.0), slow),
        open("h2-200", "20,000 deliveries/s into one room of 200", 1, 200, Load::Rate(20_000.0), &[]),
        rooms(connections),
        Scenario {
            name: "h4",
            title: "memory of an idle connection, logged in and in one room".to_owned(),
            work: Work::Idle,
            columns: IDLE,
            without: &[],
        },
        Scenario {
            name: "h7",
            title: "CPU time of a login, from the connection on".to_owned(),
            work: Work::Logins,
            columns: LOGINS,
            without: &[],
        },
    ]
}

impl Scenario {
    /// The one of a name.
    pub(crate) fn by_name(name: &str) -> Result<Self> {
        let found = all().into_iter().find(|scenario| scenario.name == name);
        found.ok_or_else(|| format!("no scenario is called {name}").into())
    }

    /// Measures a target once. A failure is a result, too.
    pub(crate) fn measure(&self, bench: &Bench, target: &str, extent: Extent) -> Round {
        self.try_measure(bench, target, extent)
            .unwrap_or_else(|error| Round { error: Some(error.to_string()), ..Round::default() })
    }

    fn try_measure(&self, bench: &Bench, target: &str, extent: Extent) -> Result<Round> {
        let figure = |key: &str, value: f64| Round {
            figures: BTreeMap::from([(key.to_owned(), value)]),
            ..Round::default()
        };
        match self.work {
            Work::Idle => {
                let bytes = idle::bytes_a_connection(bench, target, extent.idle_connections)?;
                Ok(figure("kb_a_connection", bytes / 1e3))
            }
            Work::Logins => Ok(figure("us_a_login", idle::login_cpu_ns(bench, target, extent.logins)? / 1e3)),
            Work::Load { members, rooms, load } => {
                let shape = Shape { rooms, members, senders: 1, text_bytes: TEXT_BYTES };
                let Extent { warm_up_s, window_s, .. } = extent;
                Ok(bench.measure(target, Plan { shape, load, warm_up_s, window_s })?.into())
            }
        }
    }
}

impl From<Outcome> for Round {
    fn from(outcome: Outcome) -> Self {
        if !outcome.faults.is_none() {
            // A run that lost, doubled or reordered something has no speed.
            return Self { error: Some(format!("{:?}", outcome.faults)), ..Self::default() };
        }
        let figures = [
            (CPU, outcome.cpu_s_per_million),
            ("deliveries_per_s", outcome.deliveries_per_s),
            ("per_read", outcome.per_read),
            ("p50_ms", outcome.latency_ms.p50),
            ("p99_ms", outcome.latency_ms.p99),
            ("lateness_p99_ms", outcome.lateness_p99_ms),
        ];
        Self {
            figures: figures.map(|(key, value)| (key.to_owned(), value)).into(),
            doubts: outcome.doubts.clone(),
            error: None,
            details: Some(outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_rooms_as_there_can_be() {
        let rooms = |connections| {
            let scenario = all_of(connections).into_iter().find(|scenario| scenario.name == "rooms").unwrap();
            let Work::Load { rooms, members, .. } = scenario.work else { panic!("rooms are a load") };
            assert!(rooms * (members + 1) <= connections);
            (rooms, scenario.title)
        };
        assert_eq!(rooms(100_000), (1000, "20,000 deliveries/s into 1,000 rooms of 20".to_owned()));
        let (count, title) = rooms(19_750);
        assert_eq!(count, 940);
        assert!(title.contains("into 940 rooms of 20, more than 19750 connections"), "{title}");
    }
}

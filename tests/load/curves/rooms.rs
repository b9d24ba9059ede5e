//! Members of one room, and many rooms.

use crate::Result;
use crate::generator::Shape;
use crate::one::{Bench, Load, Outcome, Plan};
use crate::process::most_connections;

use super::{Curve, Row, column, grouped};

const MEMBERS: [u32; 4] = [10, 100, 1_000, 10_000];
/// As many as there can be where fewer files may be open.
const ROOMS: u32 = 1_000;
const IN_ROOM: u32 = 20;

/// Deliveries a second, at every size.
const RATE: f64 = 20_000.0;

const TEXT_BYTES: usize = 256;

pub(super) fn measure(bench: &Bench, seconds: f64) -> Result<Vec<Curve>> {
    let plan = |rooms, members, load| Plan {
        shape: Shape { rooms, members, senders: 1, text_bytes: TEXT_BYTES },
        load,
        warm_up_s: 3.0,
        window_s: seconds,
    };
    let mut rows = Vec::new();
    for members in MEMBERS {
        let outcome = bench.measure("us", plan(1, members, Load::Rate(RATE)))?;
        rows.push(row(u64::from(members), members, &outcome));
    }
    let one_room = Curve {
        name: "Members of one room, 20,000 deliveries a second",
        over: "members",
        columns: columns(),
        rows,
        why: "What a message costs once (reading the request, rules, number, store, answer) is shared by all receivers: its \
              share of a delivery falls with the room, and what is left is the write to one socket. The latency grows with \
              the members: the last of them is written to after all the others.",
    };
    // So many people write on their own: as far as one knows, independently of each other.
    let rooms = ROOMS.min(most_connections() / IN_ROOM);
    let outcome = bench.measure("us", plan(rooms, IN_ROOM - 1, Load::Poisson(RATE)))?;
    let mut row = row(u64::from(rooms), IN_ROOM - 1, &outcome);
    row.label = Some(format!("{} rooms × {IN_ROOM}", grouped(u64::from(rooms))));
    let many_rooms = Curve {
        name: "Many rooms, 20,000 deliveries a second",
        over: "rooms",
        columns: columns(),
        rows: vec![row],
        why: "What a message costs once is shared by 19 receivers here. The number of rooms itself costs memory only: a \
              message is handed to the members of its room, and other rooms are not looked at.",
    };
    Ok(vec![one_room, many_rooms])
}

fn columns() -> Vec<super::Column> {
    vec![
        column("CPU a delivery", "µs", 2),
        column("CPU a message", "µs", 0),
        column("p50", "ms", 2),
        column("p99", "ms", 2),
        column("messages", "a second", 0),
        column("resident", "MB", 1),
    ]
}

fn row(at: u64, receivers: u32, outcome: &Outcome) -> Row {
    let receivers = f64::from(receivers);
    let mut row = Row::new(
        at,
        vec![
            // Seconds for a million are microseconds for one.
            outcome.cpu_s_per_million,
            outcome.cpu_s_per_million * receivers,
            outcome.latency_ms.p50,
            outcome.latency_ms.p99,
            outcome.deliveries_per_s / receivers,
            outcome.resident_bytes as f64 / 1e6,
        ],
    );
    row.doubts = outcome.doubts.clone();
    row
}

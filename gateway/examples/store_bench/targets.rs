//! What is wanted of the engine, beside what was measured.

use std::collections::HashMap;
use std::time::Duration;

use crate::meter::Row;

/// Rows by what was measured and how much of it at once.
pub(crate) type Rows = HashMap<(&'static str, u64), Row>;

/// Prints a line for each target whose rows were measured.
pub(crate) fn print(rows: &Rows) {
    if let Some(row) = rows.get(&("engine", 256)) {
        many_senders(row);
    }
    if let Some(row) = rows.get(&("engine", 1)) {
        lone_message(row, rows);
    }
}

fn many_senders(row: &Row) {
    println!("\n256 senders:");
    least("sends/s", row.per_second(), 100_000.0);
    most("µs of the store's threads a message", row.store_cpu_each().unwrap_or_default(), 5.0);
    if let Some(sync) = row.sync_p99 {
        let bound = 3 * sync + Duration::from_millis(1);
        let name = format!("ms p99 of an answer (a sync beside it: {:.2})", millis(sync));
        most(&name, millis(row.p99), millis(bound));
    }
    most("bytes written for each byte stored", row.written_for_each(), 2.5);
}

fn lone_message(row: &Row, rows: &Rows) {
    let store = row.store_cpu_each().unwrap_or_default();
    println!(
        "\none sender: {:.0} µs of processor a message, {store:.0} of the store's threads",
        row.cpu_each()
    );
    for (what, name) in [("file", "a bare file"), ("fjall", "fjall alone")] {
        if let Some(bare) = rows.get(&(what, 1)) {
            println!("  {name}: {:.0} µs", bare.cpu_each());
        }
    }
}

fn least(name: &str, measured: f64, wanted: f64) {
    line(name, measured, ">=", wanted, measured >= wanted);
}

fn most(name: &str, measured: f64, wanted: f64) {
    line(name, measured, "<=", wanted, measured <= wanted);
}

fn line(name: &str, measured: f64, sign: &str, wanted: f64, met: bool) {
    let verdict = if met { "met" } else { "missed" };
    println!("  {verdict:6} {measured:9.2} {sign} {wanted:9.2}  {name}");
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

//! The history of one group: what a page of it takes, and what starting on such data takes.

use std::time::Instant;

use rand::RngExt;
use serde_json::Value;
use tests::usage::{Cpu, resident_bytes};
use tests::{Group, User};

use crate::Result;
use crate::clock::{SECOND_NS, now_ns};
use crate::generator::{Pace, Shape};
use crate::one::Bench;

use super::gateway::{Calls, Place, Started, calls};
use super::{Curve, Row, column, grouped};

const MESSAGES: [u64; 3] = [10_000, 100_000, 1_000_000];
const LONG: u64 = 10_000_000;

/// Who fills a history: each of them hears the others, so that a few are faster than many.
const SENDERS: u32 = 4;

/// Requests on their way meanwhile: as many as the gateway takes up at once from so many connections.
const WINDOW: u64 = 64 * SENDERS as u64;

const TEXT_BYTES: usize = 256;

/// Pages that are read at each place.
const PAGES: usize = 300;

/// Around the place that is meant.
const NEAR: u64 = 500;

pub(super) fn measure(bench: &Bench, is_long: bool) -> Result<Vec<Curve>> {
    let mut rows = Rows::default();
    for messages in MESSAGES.into_iter().chain(is_long.then_some(LONG)) {
        point(bench, messages, &mut rows)?;
    }
    let page = |name| column(name, "ms", 3);
    let pages = Curve {
        name: "A page of 20 of a group's history",
        over: "messages",
        columns: vec![
            page("newest p50"),
            page("newest p99"),
            page("middle p50"),
            page("middle p99"),
            page("oldest p50"),
            page("oldest p99"),
            column("CPU a page, middle", "µs", 0),
        ],
        rows: rows.pages,
        why: "Flat: a page is one range read of neighbouring keys that begins at the cursor, wherever that is. What is left \
              of growth is the depth of the store's index.",
    };
    let start = Curve {
        name: "Start-up on a history",
        over: "messages",
        columns: vec![
            column("start after a stop", "ms", 0),
            column("start after a kill", "ms", 0),
            column("resident after the start", "MB", 1),
            column("on disk", "MB", 1),
            column("on disk a message", "B", 0),
            column("filled at", "messages/s", 0),
        ],
        rows: rows.start,
        why: "The start reads none of the messages that are in tables, but two things that have an end: the journal, which \
              holds what was written last, at most 256 MB, and the tokens of the last ten minutes, by which repetitions are \
              known, 4 million of them at most and 50 bytes each in memory. How long it takes and what memory it needs \
              depends on how much was said last, not on the history. The disk grows with the messages. Filled over the \
              socket, every message through all of the gateway, by four senders with 64 requests on their way each.",
    };
    Ok(vec![pages, start])
}

#[derive(Default)]
struct Rows {
    pages: Vec<Row>,
    start: Vec<Row>,
}

fn point(bench: &Bench, messages: u64, rows: &mut Rows) -> Result<()> {
    let place = Place::new(bench, SENDERS + 1)?;
    let started = place.start()?;
    let per_s = fill(&place, &started, messages)?;
    drop(started);
    let killed = place.start()?;
    let after_kill_ms = killed.took_ms;
    killed.stop()?;
    let started = place.start()?;
    let resident = resident_bytes(&started.ids());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let [newest, middle, oldest] = runtime.block_on(read(&place, &started, messages))?;
    let ms = |calls: &Calls| [calls.times.ms(0.5), calls.times.ms(0.99)];
    let mut values = [ms(&newest), ms(&middle), ms(&oldest)].concat();
    values.push(middle.cpu_us);
    rows.pages.push(Row::new(messages, values));

    let after_stop_ms = started.took_ms;
    started.stop()?;
    let stored = place.stored_bytes() as f64;
    rows.start.push(Row::new(
        messages,
        vec![
            after_stop_ms,
            after_kill_ms,
            resident as f64 / 1e6,
            stored / 1e6,
            stored / messages as f64,
            per_s,
        ],
    ));
    Ok(())
}

/// Has a few say so much in a group of their own. Gives how many a second were stored.
fn fill(place: &Place, started: &Started, messages: u64) -> Result<f64> {
    let shape = Shape { rooms: 1, members: 0, senders: SENDERS, text_bytes: TEXT_BYTES };
    let mut generator = place.generator(started, shape)?;
    generator.enter()?;
    generator.set_pace(Pace::window(WINDOW));
    let (begin, cpu) = (Instant::now(), Cpu::of(&started.ids()));
    let mut told = begin;
    while generator.ledger.sent < messages {
        // In small steps at the end, so that it is not much more.
        let share_left = (messages - generator.ledger.sent) as f64 / generator.ledger.sent.max(1) as f64;
        let most_ns = begin.elapsed().as_nanos() as f64 * share_left / 2.0;
        generator.run(now_ns() + most_ns.clamp(1e6, SECOND_NS as f64 / 10.0) as u64)?;
        if told.elapsed().as_secs() >= 10 {
            told = Instant::now();
            eprintln!("history: {} of {} messages", grouped(generator.ledger.sent), grouped(messages));
        }
    }
    let elapsed = begin.elapsed();
    let faults = generator.drain()?;
    if !faults.is_none() || generator.ledger.outstanding > 0 {
        return Err(format!("not every message came once and in order: {faults:?}").into());
    }
    let cpu_us = Cpu::of(&started.ids()).since(&cpu).cpu_ns as f64 / 1e3 / generator.ledger.sent as f64;
    eprintln!(
        "history: {} messages in {elapsed:.1?}, {cpu_us:.1} µs CPU each",
        grouped(generator.ledger.sent)
    );
    Ok(generator.ledger.sent as f64 / elapsed.as_secs_f64())
}

/// Pages at the head, in the middle and at the start, as a member reads them.
async fn read(place: &Place, started: &Started, messages: u64) -> Result<[Calls; 3]> {
    // One of those who filled it.
    let reader = place.log_in(started, "user1").await?;
    let group = Group { id: "room0".to_owned() };
    let head = newest(&reader, &group).await.ok_or("the group has no history")?;
    if head < messages {
        return Err(format!("{messages} messages were stored and {head} are there").into());
    }
    let mut places = Vec::new();
    for at in [head, head / 2, NEAR + 20] {
        let calls = calls(started, PAGES, async |_| {
            let cursor = rand::rng().random_range(at.saturating_sub(NEAR).max(20)..=at);
            reader.history_page(&group, cursor).await.ok()
        })
        .await;
        let found = calls.last["RspMsgList"].as_array().map_or(0, Vec::len);
        if found != 20 {
            return Err(format!("a page of {found} messages at {at} of {head}").into());
        }
        places.push(calls);
    }
    places.try_into().map_err(|_| "three places are read".into())
}

/// The number of the newest message.
async fn newest(reader: &User, group: &Group) -> Option<u64> {
    let page: Value = reader.history_page(group, 0).await.ok();
    page["RspMsgList"].as_array()?.iter().filter_map(|item| item["MsgSeq"].as_u64()).max()
}

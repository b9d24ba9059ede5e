//! What came of a restart: figures, a table, and what did not hold.

use std::fmt::Write;

use serde::Serialize;

use super::books::{Books, Missed, Seen};
use super::crowd::{Counts, Course, Crowd, Shape};
use super::server::{Restart, Server};
use super::{MOST_BACK_S, Stop};
use crate::clock::{SECOND_NS, now_ns};

/// What was seen at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at_ns: u64,
    /// Of the process since its start.
    cpu_ns: u64,
    /// Copies that clients got, doubles included.
    copies: u64,
    deliveries: u64,
}

impl Sample {
    pub(super) fn now(server: &Server, crowd: &Crowd) -> Self {
        let Seen { deliveries, doubles, .. } = crowd.books.seen;
        Self { at_ns: now_ns(), cpu_ns: server.cpu_ns(), copies: deliveries + doubles, deliveries }
    }
}

/// From the new start until everybody was back and had what they missed.
pub(super) struct Return {
    pub(super) samples: Vec<Sample>,
    /// Of each client.
    pub(super) courses: Vec<Course>,
    pub(super) not_back: usize,
}

pub(super) struct Measured<'a> {
    pub(super) stop: Stop,
    pub(super) shape: Shape,
    /// Begin and end of talking on the first process.
    pub(super) before: [Sample; 2],
    pub(super) restart: Restart,
    pub(super) course: Return,
    /// Begin and end of talking when all were back.
    pub(super) after: [Sample; 2],
    pub(super) resident_before_bytes: u64,
    pub(super) resident_most_bytes: u64,
    pub(super) books: &'a Books,
    pub(super) counts: &'a Counts,
}

/// What talking costs.
#[derive(Clone, Copy, Debug, Serialize)]
struct Talk {
    pushes_per_s: f64,
    /// Of one core.
    busy: f64,
    cpu_s_per_million: f64,
}

impl Talk {
    fn between([begin, end]: [Sample; 2]) -> Self {
        let seconds = (end.at_ns - begin.at_ns) as f64 / 1e9;
        let cpu_s = end.cpu_ns.saturating_sub(begin.cpu_ns) as f64 / 1e9;
        let deliveries = (end.deliveries - begin.deliveries) as f64;
        Self {
            pushes_per_s: deliveries / seconds,
            busy: cpu_s / seconds,
            cpu_s_per_million: cpu_s / deliveries * 1e6,
        }
    }
}

/// Seconds since the stop.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Moments {
    ended: f64,
    listening: f64,
    first_back: f64,
    half_back: f64,
    most_back: f64,
    last_back: f64,
    /// The last of what others were told before somebody was back came to them. None when nothing came.
    last_resumed: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    stop: Stop,
    shape: Shape,
    at_s: Moments,
    /// How long one was away at the most, from the end of a connection to the answer to the next login.
    longest_away_s: f64,
    /// Who was not logged in again when the patience was at its end.
    not_back: usize,
    acknowledged: u64,
    missed: Missed,
    stored_twice: u64,
    seen: Seen,
    counts: Counts,
    before: Talk,
    after: Talk,
    /// CPU seconds of the new process from its start until all were back and had what they missed.
    return_cpu_s: f64,
    /// The most in a second of the return.
    return_pushes_per_s: f64,
    resident_before_bytes: u64,
    resident_most_bytes: u64,
}

impl Outcome {
    pub(super) fn new(measured: &Measured<'_>) -> Self {
        let Measured { stop, shape, before, restart, after, books, counts, .. } = *measured;
        let Return { samples, courses, not_back } = &measured.course;
        let stopped_ns = before[1].at_ns;
        let since = |ns: u64| ns.saturating_sub(stopped_ns) as f64 / 1e9;
        let logins = courses.iter().map(|course| course.logged_in_ns);
        let mut back: Vec<u64> = logins.filter(|logged_in_ns| *logged_in_ns >= restart.ended_ns).collect();
        back.sort_unstable();
        let at = |share: f64| back.get((back.len().saturating_sub(1) as f64 * share) as usize).copied();
        let moment = |share: f64| at(share).map_or(f64::NAN, since);
        let last_back_ns = at(1.0).unwrap_or(u64::MAX);
        let last_resumed_ns = courses.iter().map(|course| course.resumed_ns).max().unwrap_or_default();
        let over_ns = last_back_ns.max(last_resumed_ns);
        let over = samples.iter().find(|sample| sample.at_ns >= over_ns).or(samples.last());
        let away_ns = courses.iter().map(|course| course.logged_in_ns.saturating_sub(course.left_ns));
        Self {
            stop,
            shape,
            at_s: Moments {
                ended: since(restart.ended_ns),
                listening: since(restart.listening_ns),
                first_back: moment(0.0),
                half_back: moment(0.5),
                most_back: moment(0.99),
                last_back: moment(1.0),
                last_resumed: (counts.resumed > 0).then(|| since(last_resumed_ns)),
            },
            longest_away_s: away_ns.max().unwrap_or_default() as f64 / 1e9,
            not_back: *not_back,
            acknowledged: books.acknowledged(),
            missed: books.missed(stopped_ns, last_back_ns),
            stored_twice: books.stored_twice(),
            seen: books.seen,
            counts: counts.clone(),
            before: Talk::between(before),
            after: Talk::between(after),
            return_cpu_s: over.map_or(0, |sample| sample.cpu_ns) as f64 / 1e9,
            return_pushes_per_s: most_in_a_second(samples),
            resident_before_bytes: measured.resident_before_bytes,
            resident_most_bytes: measured.resident_most_bytes,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self.stop {
            Stop::Kill => "kill",
            Stop::Drain => "drain",
        }
    }

    /// What did not hold.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let missed = self.missed.all();
        if missed > 0 {
            faults.push(format!("{missed} messages are missing to {} members", self.missed.members));
        }
        if self.missed.at_stake == 0 {
            faults.push(
                "nothing was said while they were away: that nothing is missing says nothing".to_owned(),
            );
        }
        if self.stored_twice > 0 {
            faults.push(format!("{} messages are stored twice", self.stored_twice));
        }
        if self.seen.inversions > 0 {
            faults.push(format!("{} messages came behind later ones", self.seen.inversions));
        }
        if self.seen.foreign > 0 {
            faults.push(format!("{} copies are of what nobody said to who got them", self.seen.foreign));
        }
        if self.not_back > 0 {
            faults.push(format!("{} clients are not back: {:?}", self.not_back, self.counts.put_out));
        } else if self.at_s.last_back > MOST_BACK_S {
            let last = self.at_s.last_back;
            faults.push(format!("the last was back after {last:.1} s, {MOST_BACK_S:.0} s at the most"));
        }
        faults
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let Self { at_s, missed, seen, counts, before, after, .. } = self;
        let seconds = |value: f64| format!("{value:.1} s");
        let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
        let talk = |talk: &Talk| {
            let Talk { pushes_per_s, busy, cpu_s_per_million } = talk;
            format!("{pushes_per_s:.0}/s, {:.0} % of a core, {cpu_s_per_million:.1} CPU-s/M", busy * 100.0)
        };
        vec![
            ("the old process had ended after", seconds(at_s.ended)),
            ("the new one listened after", seconds(at_s.listening)),
            ("back: the first after", seconds(at_s.first_back)),
            ("  half of them", seconds(at_s.half_back)),
            ("  99 %", seconds(at_s.most_back)),
            ("  the last", seconds(at_s.last_back)),
            ("  not at all", self.not_back.to_string()),
            ("longest without a session", seconds(self.longest_away_s)),
            (
                "the last had what they missed after",
                at_s.last_resumed.map_or_else(|| "-".to_owned(), seconds),
            ),
            ("messages that were acknowledged", self.acknowledged.to_string()),
            ("missed, of all members together", missed.all().to_string()),
            ("  stored before the stop", missed.before.to_string()),
            ("  while not all were back", format!("{} of {}", missed.during, missed.at_stake)),
            ("  afterwards", missed.after.to_string()),
            ("  members to whom something is missing", missed.members.to_string()),
            ("got", seen.deliveries.to_string()),
            ("  of it what others had before they were back", counts.resumed.to_string()),
            ("doubles on the wire, which the SDK drops", seen.doubles.to_string()),
            ("stored twice", self.stored_twice.to_string()),
            ("inversions", seen.inversions.to_string()),
            ("lower numbers behind the answer to one's own", seen.behind_own.to_string()),
            ("pushes that were acknowledged", counts.push_acks.to_string()),
            ("requests refused, by code", format!("{:?}", counts.refused)),
            ("requests not answered in time", counts.given_up.values().sum::<u64>().to_string()),
            ("connections begun", counts.dialed.to_string()),
            ("  given up in silence", counts.silent.to_string()),
            ("pushes before", talk(before)),
            ("pushes afterwards", talk(after)),
            ("pushes of the return, most in a second", format!("{:.0}/s", self.return_pushes_per_s)),
            ("CPU of the new process until then", format!("{:.2} s", self.return_cpu_s)),
            ("RSS before", megabytes(self.resident_before_bytes)),
            ("RSS afterwards, the most", megabytes(self.resident_most_bytes)),
        ]
    }
}

fn most_in_a_second(samples: &[Sample]) -> f64 {
    let mut most = 0.0_f64;
    for (number, begin) in samples.iter().enumerate() {
        let end = samples[number..].iter().find(|sample| sample.at_ns >= begin.at_ns + SECOND_NS);
        if let Some(end) = end {
            let seconds = (end.at_ns - begin.at_ns) as f64 / 1e9;
            most = most.max((end.copies - begin.copies) as f64 / seconds);
        }
    }
    most
}

/// For people: a column for each restart.
pub(super) fn table(outcomes: &[Outcome]) -> String {
    let columns: Vec<_> = outcomes.iter().map(Outcome::rows).collect();
    let Some(first) = columns.first() else { return String::new() };
    let width = |column: &Vec<(&str, String)>| column.iter().map(|(_, value)| value.len()).max().unwrap_or(0);
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let names = first.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = format!("  {:names$}", "");
    for (outcome, width) in outcomes.iter().zip(&widths) {
        let _ = write!(text, "  {:>width$}", outcome.name());
    }
    text.push('\n');
    for (row, (name, _)) in first.iter().enumerate() {
        let _ = write!(text, "  {name:names$}");
        for (column, width) in columns.iter().zip(&widths) {
            let _ = write!(text, "  {:>width$}", column[row].1);
        }
        text.push('\n');
    }
    text
}

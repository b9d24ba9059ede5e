//! The finished path: senders that each wait for the acknowledgement of a message before they send the next.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gateway::bus::{Control, LocalBus, Topic};
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Key, Log, Partition, Table, Window};
use protocol::id::{AppId, GroupId, Millis, Seq};

use crate::meter::{Meter, Row, cpu_of_threads};
use crate::{CONVERSATIONS, Load, record};

const APP: AppId = AppId(1_400_000_000);

/// The threads that are there for the store alone.
const STORE: [&str; 2] = ["store", "fjall"];

pub(crate) fn senders(dir: &Path, load: Load) -> Row {
    let Load { at_once: senders, size, time } = load;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (bus, mut events) = LocalBus::new();
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        let engine: Arc<dyn Engine> = Arc::new(Embedded::open(dir, bus).unwrap());

        let meter = Meter::start();
        let before = cpu_of_threads(&STORE);
        let until = Instant::now() + time;
        let probe = Probe::start(dir, until);
        let sending: Vec<_> =
            (0..senders).map(|sender| tokio::spawn(send(engine.clone(), sender, load, until))).collect();
        let mut commits = Vec::new();
        for sender in sending {
            commits.extend(sender.await.unwrap());
        }
        let mut row = meter.row(format!("engine, {senders} senders"), commits.len() as u64, size, commits);
        let used = cpu_of_threads(&STORE).into_iter();
        row.store_cpu =
            Some(used.map(|(id, used)| used - before.get(&id).copied().unwrap_or_default()).sum());
        let probed = probe.end();
        row.sync_p99 = Some(probed.p99);
        let reads = reads(&*engine, 10_000).await;
        engine.close().await.unwrap();
        row.reads = Some(reads);
        row.closed(&meter).without(probed.written)
    })
}

/// How long a small write and its sync take on the same disk meanwhile: what the disk is able to at that moment.
struct Probe(JoinHandle<Probed>);

struct Probed {
    p99: Duration,
    written: u64,
}

impl Probe {
    /// Few enough not to be a load, enough for a 99th of a hundred.
    const EVERY: Duration = Duration::from_millis(5);
    const PAGE: [u8; 4096] = [b'p'; 4096];

    fn start(dir: &Path, until: Instant) -> Self {
        let mut file = File::create(dir.join("probe")).unwrap();
        Self(thread::spawn(move || {
            let mut took = Vec::new();
            while Instant::now() < until {
                let begun = Instant::now();
                file.write_all(&Self::PAGE).unwrap();
                file.sync_data().unwrap();
                took.push(begun.elapsed());
                thread::sleep(Self::EVERY);
            }
            took.sort_unstable();
            Probed { p99: took[took.len() * 99 / 100], written: (took.len() * Self::PAGE.len()) as u64 }
        }))
    }

    fn end(self) -> Probed {
        self.0.join().unwrap()
    }
}

/// What is read while the senders rest: the end of a log, a page of 20 of its entries, a record; at random places.
async fn reads(engine: &dyn Engine, times: u64) -> Vec<(&'static str, Duration, Duration)> {
    let mut ends = Vec::new();
    let mut pages = Vec::new();
    let mut records = Vec::new();
    for number in 0..times {
        let partition = Partition::group(APP, &group(number));
        let log = Log { partition: partition.clone(), name: "1".into() };
        let begun = Instant::now();
        let end = engine.log_end(&log).await.unwrap();
        ends.push(begun.elapsed());

        let to = Seq(number.wrapping_mul(0x9e37_79b9) % end.seq.0.max(1) + 1);
        let window = Window { from: Seq::ZERO, to, limit: 20, newest_first: true };
        let begun = Instant::now();
        engine.read(&log, window).await.unwrap();
        pages.push(begun.elapsed());

        let begun = Instant::now();
        engine.get(&partition, &[Key::new(Table::Member, "nobody")]).await.unwrap();
        records.push(begun.elapsed());
    }
    [("end", ends), ("page of 20", pages), ("record", records)]
        .map(|(what, mut took)| {
            took.sort_unstable();
            (what, took[took.len() / 2], took[took.len() * 99 / 100])
        })
        .into()
}

/// The group of the message `number`.
fn group(number: u64) -> GroupId {
    let conversation = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % CONVERSATIONS;
    GroupId::parse(&format!("@TGS#{conversation:08}")).unwrap()
}

/// What a message to a group is: an entry, a token against a repeated request, an announcement.
async fn send(engine: Arc<dyn Engine>, sender: u64, load: Load, until: Instant) -> Vec<Duration> {
    let mut commits = Vec::new();
    let mut number = sender;
    while Instant::now() < until {
        let group = group(number);
        let message = Batch::new(Partition::group(APP, &group), Millis(1_700_000_000_000 + number / 100))
            .idempotency_key(format!("user{sender:06}:{number}"))
            .append("1", record(number, load.size))
            .announce(Topic::Group(APP, (&group).into()), Control::Left { group });
        let begun = Instant::now();
        engine.commit(message).await.unwrap();
        commits.push(begun.elapsed());
        number += load.at_once;
    }
    commits
}

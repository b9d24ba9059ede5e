//! The finished path: senders that each wait for the acknowledgement of a message before they send the next.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway::bus::{Event, LocalBus, Topic};
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Partition};
use protocol::id::{AppId, GroupId, Millis};

use crate::meter::{Meter, Row, cpu_of_threads};
use crate::{CONVERSATIONS, record};

const APP: AppId = AppId(1_400_000_000);

/// The threads that are there for the store alone.
const STORE: [&str; 2] = ["store", "fjall"];

pub(crate) fn senders(dir: &Path, senders: u64, time: Duration) -> Row {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (bus, mut events) = LocalBus::new();
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        let engine: Arc<dyn Engine> = Arc::new(Embedded::open(dir, bus).unwrap());

        let meter = Meter::start();
        let before = cpu_of_threads(&STORE);
        let until = Instant::now() + time;
        let sending: Vec<_> =
            (0..senders).map(|sender| tokio::spawn(send(engine.clone(), sender, senders, until))).collect();
        let mut commits = Vec::new();
        for sender in sending {
            commits.extend(sender.await.unwrap());
        }
        let mut row = meter.row(format!("engine, {senders} senders"), commits.len() as u64, commits);
        let used = cpu_of_threads(&STORE).into_iter();
        row.store_cpu =
            Some(used.map(|(id, used)| used - before.get(&id).copied().unwrap_or_default()).sum());
        engine.close().await.unwrap();
        row.closed(&meter)
    })
}

/// What a message to a group is: an entry, a token against a repeated request, an announcement.
async fn send(engine: Arc<dyn Engine>, sender: u64, senders: u64, until: Instant) -> Vec<Duration> {
    let mut commits = Vec::new();
    let mut number = sender;
    while Instant::now() < until {
        let conversation = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % CONVERSATIONS;
        let group = GroupId::parse(&format!("@TGS#{conversation:08}")).unwrap();
        let message = Batch::new(Partition::group(APP, &group), Millis(1_700_000_000_000 + number / 100))
            .once(format!("user{sender:06}:{number}"))
            .append("1", record(number))
            .announce(Topic::Group(APP, group), Event::Nothing(number));
        let begun = Instant::now();
        engine.commit(message).await.unwrap();
        commits.push(begun.elapsed());
        number += senders;
    }
    commits
}

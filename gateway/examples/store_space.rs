//! What a stored message takes of the disk, and what retention gives back.
//!
//! ```text
//! cargo run --release -p gateway --features internals --example store_space [-- DIR [MESSAGES [DAYS]]]
//! ```
//!
//! Sends MESSAGES (default 100,000) texts of 256 bytes a day to 1,000 groups, for DAYS (default 10) days of a clock that
//! is moved, into the embedded store in DIR (default `target/store_space`, emptied before and after).
//! Each day ends with a walk of retention that keeps two days. The table says what then lies on the disk.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints, and stops where it fails"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use gateway::bus::{LocalBus, SingleInstance};
use gateway::clock::Clock;
use gateway::services::application::{Applications, Settings};
use gateway::services::deps::Deps;
use gateway::services::retention::{Policy, Retention};
use gateway::services::timeline::Entry;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Partition, records};
use protocol::id::{AppId, GroupId, Millis, UserId};
use protocol::message::{Body, Message, Options, Priority, Sender};
use serde_json::json;
use serde_json::value::to_raw_value;
use tokio_util::task::TaskTracker;

/// The same as the gateway's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const APP: AppId = AppId(1_400_000_000);
const GROUPS: u64 = 1000;
/// Sent at once, as by many senders.
const AT_ONCE: u64 = 256;
const DAY_MS: u64 = 24 * 3600 * 1000;
const KEPT_DAYS: u32 = 2;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap_or_else(|| "target/store_space".into()));
    let mut number = |default: u64| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (messages, days) = (number(100_000), number(10));
    let _ = fs::remove_dir_all(&dir);

    let now = Arc::new(AtomicU64::new(1_800_000_000_000));
    println!("a message is {} bytes of JSON\n", message(1).len());
    println!("| day | kept | MB on disk | of it messages | journal | rest | bytes a kept message |");
    println!("|---|---|---|---|---|---|---|");
    let mut store = open(&dir, &now);
    for day in 1..=days {
        for first in (0..messages).step_by(AT_ONCE as usize) {
            now.fetch_add(DAY_MS * AT_ONCE / messages, Ordering::Relaxed);
            let at = Millis(now.load(Ordering::Relaxed));
            let numbers = first..messages.min(first + AT_ONCE);
            let sent = numbers.map(|number| store.engine.commit(send(day * messages + number, at)));
            for outcome in join_all(sent).await {
                outcome.unwrap();
            }
        }
        store.retention.walk(day == 1).await.unwrap();
        // The database merges when it wants to.
        tokio::time::sleep(Duration::from_secs(1)).await;
        println!("{}", row(&format!("{day}"), &dir, messages * day.min(u64::from(KEPT_DAYS))));
    }
    store.engine.close().await.unwrap();
    store = open(&dir, &now);
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("{}", row("opened again", &dir, messages * days.min(u64::from(KEPT_DAYS))));
    now.fetch_add(3 * DAY_MS, Ordering::Relaxed);
    store.retention.walk(false).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("{}", row("after three silent days", &dir, 0));
    store.engine.close().await.unwrap();
    fs::remove_dir_all(&dir).unwrap();
}

struct Store {
    engine: Arc<dyn Engine>,
    retention: Retention,
}

fn open(dir: &Path, now: &Arc<AtomicU64>) -> Store {
    // Nobody reads the events, of which there are none.
    let (bus, _) = LocalBus::new();
    let engine: Arc<dyn Engine> = Arc::new(Embedded::open(dir, bus.clone()).unwrap());
    let now = now.clone();
    let retention = Policy { days: KEPT_DAYS, messages_per_conversation: 0 };
    let settings = Settings { retention, ..Settings::default() };
    let deps = Deps {
        engine: engine.clone(),
        bus: Arc::new(bus),
        clock: Clock::from_fn(move || Millis(now.load(Ordering::Relaxed))),
        apps: Arc::new(Applications::new(settings)),
        node: 1,
        liveness: Arc::new(SingleInstance(1)),
        tasks: TaskTracker::new(),
    };
    Store { engine, retention: Retention::new(deps) }
}

/// What a group message stores.
fn send(number: u64, at: Millis) -> Batch {
    let group = GroupId::parse(&format!("@TGS#3{:010}", number % GROUPS)).unwrap();
    let epoch = 1_800_000_000_000_123u64.to_be_bytes();
    let token = [&epoch[..], b"user_1000000", &number.to_be_bytes()].concat();
    Batch::new(Partition::group(APP, &group), at)
        .idempotency_key(token)
        .append(epoch.to_vec(), message(number))
}

/// Text that does not compress to nothing.
fn text(number: u64) -> String {
    let word =
        |index: u64| format!("{:08x}", (number * 32 + index).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32);
    (0..32).map(word).collect()
}

fn message(number: u64) -> Vec<u8> {
    let body = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text(number)}}]);
    let message = Message {
        from: Sender {
            user: UserId::parse(&format!("user_{:07}", number % 5000)).unwrap(),
            tiny_id: 144_115_200_000_000_000 + number % 5000,
            nick: "A nickname".to_owned(),
            face: "https://cdn.example.com/faces/0123456789.png".to_owned(),
            name_card: String::new(),
        },
        random: number & 0xffff_ffff,
        client_seq: number & 0xffff_ffff,
        client_time: 1_800_000_000,
        priority: Priority::default(),
        body: Body::parse(to_raw_value(&body).unwrap(), usize::MAX).unwrap(),
        cloud_custom_data: String::new(),
        mentions: Vec::new(),
        options: Options::default(),
        origin: Some(3_000_000_000),
    };
    records::encode(&Entry::Message(message)).to_vec()
}

fn row(name: &str, dir: &Path, kept: u64) -> String {
    let mut sizes = [0; 3];
    add_sizes(dir, &mut sizes);
    let all: u64 = sizes.iter().sum();
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    let [messages, journal, rest] = sizes.map(megabytes);
    let each = all.checked_div(kept).map_or(String::new(), |each| each.to_string());
    format!("| {name} | {kept} | {} | {messages} | {journal} | {rest} | {each} |", megabytes(all))
}

/// Adds up what the files take: messages, journals, the rest.
fn add_sizes(dir: &Path, sizes: &mut [u64; 3]) {
    use std::os::unix::fs::MetadataExt;

    for file in fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        let path = file.path();
        let Ok(metadata) = file.metadata() else { continue };
        if metadata.is_dir() {
            add_sizes(&path, sizes);
            continue;
        }
        // The keyspace of entries is the second that a store makes; see `storage/embedded/store.rs`.
        let is_entries = path.components().any(|part| part.as_os_str() == "keyspaces")
            && path
                .components()
                .skip_while(|part| part.as_os_str() != "keyspaces")
                .nth(1)
                .unwrap()
                .as_os_str()
                == "1";
        let kind = match path.extension() {
            _ if is_entries => 0,
            Some(extension) if extension == "jnl" => 1,
            _ => 2,
        };
        // Blocks of 512 bytes that the file really has: a journal is made longer than it is.
        sizes[kind] += metadata.blocks() * 512;
    }
}

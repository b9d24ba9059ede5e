//! What an idle connection costs, and how fast a gateway answers that has nothing else to do: each with a bound.
//!
//! Memory: the resident set of the gateway's process before and after so many users have logged in and asked for all
//! that the SDKs ask for at their start. What the store keeps of their accounts is counted too.
//!
//! Latency: login, create, join and send, one after the other, as the client sees them. Once with the data in memory
//! (`/dev/shm`), where a sync costs nothing: that is the gateway's own part, and the bound is on it. Once on the disk,
//! beside what `fdatasync` of the same file system takes.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tests::usage::resident_bytes;
use tests::{Device, Dialect, Instance, InstanceSettings, User};

use crate::Result;
use crate::one::Bench;
use crate::process::{OTHER_FILES, allow_files};
use crate::target::gateway::RATES_OFF;

/// What must hold.
const MOST_BYTES: f64 = 40.0 * 1024.0;
const MOST_P99: Duration = Duration::from_millis(10);

const CALLS: usize = 300;

/// Those who are there before the first is counted: what comes into being with them belongs to nobody.
const FIRST: usize = 20;

const SYNC: &str = "fdatasync of 4 KiB";

/// Where files are memory.
const MEMORY: &str = "/dev/shm";

#[derive(Args)]
pub(crate) struct Options {
    /// How many users are there and do nothing.
    #[arg(long, default_value_t = 2000)]
    connections: usize,
}

impl Options {
    pub(crate) fn run(&self, bench: &Bench) -> Result<bool> {
        allow_files((self.connections + FIRST) as u64 + OTHER_FILES)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let faults = [memory(bench, self.connections).await?, latency(bench).await?].concat();
            for fault in &faults {
                println!("not ok: {fault}");
            }
            println!("{} passed, {} failed", 2 - faults.len().min(2), faults.len());
            Ok(faults.is_empty())
        })
    }
}

/// A gateway with its data in a directory of its own, below `place` if that is given.
async fn start(bench: &Bench, place: Option<&Path>) -> Instance {
    let settings = InstanceSettings {
        program: Some(bench.gateway.clone()),
        place: place.map(Path::to_owned).or_else(|| bench.directory.clone()),
        environment: vec![("RUST_LOG", "warn".to_owned())],
        file: RATES_OFF.to_owned(),
        ..InstanceSettings::default()
    };
    Instance::start("gateway", settings).await
}

async fn connect(gateway: &Instance, name: &str, number: usize) -> User {
    let device = Device::web(format!("{number:032x}"));
    User::connect(gateway.address, name, gateway.usersig(name), device, Dialect::Binary).await
}

/// What the SDKs ask for after a login.
async fn start_up(user: &User) {
    let me = &user.name;
    let requests = [
        ("profile.portrait_get_all", json!({"From_Account": me, "UserItem": [{"To_Account": me}]})),
        ("sns.black_list_get", json!({"From_Account": me, "StartIndex": 0})),
        ("recentcontact.page_get", json!({"From_Account": me})),
        (
            "group_open_http_svc.get_joined_group_list",
            json!({"Member_Account": me, "Limit": 200, "Offset": 0}),
        ),
        ("openim.getmsg", json!({"Cookie": "", "SyncFlag": 0})),
        ("sns.friend_get", json!({"From_Account": me, "StartIndex": 0})),
        ("sns.group_get", json!({"From_Account": me})),
        ("sns.pendency_get", json!({"From_Account": me})),
        ("im_sdk_config_mgr.fetch_config", json!({"uint32_sdkappid": 0})),
        ("recentcontact.get_contact_group", json!({"From_Account": me})),
        ("im_sdk_config_mgr.fetch_imsdk_purchase_bitsv2", json!({"uint32_sdkappid": 0})),
    ];
    for (command, body) in requests {
        user.call(command, body).await.ok();
    }
    user.ping().await;
}

async fn memory(bench: &Bench, connections: usize) -> Result<Vec<String>> {
    let gateway = start(bench, None).await;
    let first = log_in(&gateway, "first", FIRST).await;
    let before = settled_bytes(&gateway, &first).await?;
    let users = log_in(&gateway, "user", connections).await;
    let after = settled_bytes(&gateway, &first).await?;
    // All of them are still there.
    for user in &users {
        user.ping().await;
    }
    let each = (after as f64 - before as f64) / connections as f64;
    println!(
        "memory: {} KiB before, {} KiB with {connections} idle users: {:.1} KB each (bound {:.0})",
        before / 1024,
        after / 1024,
        each / 1024.0,
        MOST_BYTES / 1024.0
    );
    let is_over = each >= MOST_BYTES;
    Ok(is_over.then(|| format!("an idle user takes {:.1} KB", each / 1024.0)).into_iter().collect())
}

/// The resident set when it no longer changes. The allocator gives back what nobody needs a while later, and only while
/// it is called: the first users see to that.
async fn settled_bytes(gateway: &Instance, first: &[User]) -> Result<u64> {
    const STEP: Duration = Duration::from_millis(250);
    const ALIKE: usize = 12;
    let mut seen = Vec::new();
    for _ in 0..160 {
        for user in first {
            start_up(user).await;
        }
        tokio::time::sleep(STEP).await;
        seen.push(resident_bytes(&[gateway.process().id()]));
        let last = &seen[seen.len().saturating_sub(ALIKE)..];
        if let (Some(least), Some(most)) = (last.iter().min(), last.iter().max())
            && last.len() == ALIKE
            && most - least < most / 100
        {
            return Ok(*most);
        }
    }
    Err(format!("the memory does not settle: {seen:?}").into())
}

async fn log_in(gateway: &Instance, prefix: &str, count: usize) -> Vec<User> {
    let begin = async |number: usize| {
        let user = connect(gateway, &format!("{prefix}{number}"), number).await;
        user.login().await;
        start_up(&user).await;
        user
    };
    stream::iter(0..count).map(begin).buffer_unordered(32).collect().await
}

async fn latency(bench: &Bench) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    if Path::new(MEMORY).is_dir() {
        println!("latency with the data in memory:");
        for (name, mut times) in measure(bench, Path::new(MEMORY)).await? {
            let p99 = report(name, &mut times);
            if p99 >= MOST_P99 {
                faults.push(format!("{name}: p99 is {p99:.2?}, {MOST_P99:.0?} at the most"));
            }
        }
    } else {
        println!("{MEMORY} is not here: the gateway's own part cannot be told from that of the disk");
    }
    let disk: PathBuf = bench.directory.clone().unwrap_or_else(std::env::temp_dir);
    println!("latency with the data on the disk of {}:", disk.display());
    for (name, mut times) in measure(bench, &disk).await? {
        report(name, &mut times);
    }
    Ok(faults)
}

async fn measure(bench: &Bench, place: &Path) -> Result<Vec<(&'static str, Vec<Duration>)>> {
    let gateway = start(bench, Some(place)).await;
    let owner = connect(&gateway, "owner", 0).await;
    owner.login().await;
    let lobby = owner.create_group("lobby").await;
    let mut probe = Probe::new(place)?;
    let (mut logins, mut creates, mut joins, mut sends, mut syncs) = (vec![], vec![], vec![], vec![], vec![]);
    for number in 1..=CALLS {
        let user = connect(&gateway, &format!("user{number}"), number).await;
        logins.push(timed(user.login()).await);
        let id = format!("group{number}");
        creates.push(timed(owner.create_group(&id)).await);
        joins.push(timed(user.join(&lobby)).await);
        // A group in which nobody else is, so that only the sending is measured.
        let group = tests::Group { id };
        sends.push(timed(owner.send_text(&group, "hello")).await);
        // Between the calls, so that both see the disk as it is at the time.
        syncs.push(probe.sync()?);
    }
    Ok(vec![("login", logins), ("create", creates), ("join", joins), ("send", sends), (SYNC, syncs)])
}

async fn timed<T>(call: impl Future<Output = T>) -> Duration {
    let begin = Instant::now();
    call.await;
    begin.elapsed()
}

/// A file beside the data of which pages are written and synced. It has its length already, as a journal has.
struct Probe(File);

impl Probe {
    const PAGE: [u8; 4096] = [1; 4096];

    fn new(place: &Path) -> Result<Self> {
        let mut file = tempfile::tempfile_in(place)?;
        file.write_all(&Self::PAGE.repeat(CALLS))?;
        file.sync_all()?;
        file.rewind()?;
        Ok(Self(file))
    }

    fn sync(&mut self) -> Result<Duration> {
        self.0.write_all(&Self::PAGE)?;
        let begin = Instant::now();
        self.0.sync_data()?;
        Ok(begin.elapsed())
    }
}

/// Prints the distribution and gives its 99th percentile.
fn report(name: &str, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("  {name:<18} p50 {:>7.2?}  p99 {:>7.2?}  max {:>7.2?}", at(0.5), at(0.99), at(1.0));
    at(0.99)
}

//! What an idle connection costs, and how fast an idle gateway answers: measured on the program itself.
//!
//! ```text
//! cargo run --release -p tests --example idle -- [CONNECTIONS]
//! ```
//!
//! Memory: the resident set of the gateway's process before and after so many users have logged in and asked for all
//! that the SDKs ask for at their start. What the store keeps of their accounts is counted too.
//!
//! Latency: login, create, join and send, one after the other, as the client sees them. Once with the data in memory
//! (`/dev/shm`), where a sync costs nothing: that is the gateway's own part. Once on the disk, beside what `fdatasync`
//! of the same file system takes.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "a program that measures")]

mod program;

use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::json;
use tests::{Device, Dialect, User};

use program::Program;

/// What must hold.
const MOST_BYTES: f64 = 40.0 * 1024.0;
const MOST_P99: Duration = Duration::from_millis(10);

const CALLS: usize = 300;

const SYNC: &str = "fdatasync of 4 KiB";

/// Where files are memory.
const MEMORY: &str = "/dev/shm";

fn main() {
    let connections =
        std::env::args().nth(1).map_or(2000, |text| text.parse().expect("a number of connections"));
    program::allow_files(connections as u64 + 500);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut is_good = memory(connections).await;
        is_good &= latency().await;
        if !is_good {
            std::process::exit(1);
        }
    });
}

async fn connect(program: &Program, name: &str, number: usize) -> User {
    let device = Device::web(format!("{number:032x}"));
    User::connect(program.address, name, program.usersig(name), device, Dialect::Binary).await
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

async fn memory(connections: usize) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start(directory.path());
    // What the first connections bring into being belongs to nobody.
    let first = log_in(&program, "first", 20).await;
    let before = settled_bytes(&program, &first).await;
    let users = log_in(&program, "user", connections).await;
    let after = settled_bytes(&program, &first).await;
    // All of them are still there.
    for user in &users {
        user.ping().await;
    }
    let each = (after as f64 - before as f64) / connections as f64;
    println!(
        "memory: {} KiB before, {} KiB with {connections} idle users: {:.1} KB each (bound 40)",
        before / 1024,
        after / 1024,
        each / 1024.0
    );
    each < MOST_BYTES
}

/// The resident set when it no longer changes. The allocator gives back what nobody needs a while later, and only while
/// it is called: the first users see to that.
async fn settled_bytes(program: &Program, first: &[User]) -> u64 {
    const STEP: Duration = Duration::from_millis(250);
    const ALIKE: usize = 12;
    let mut seen = Vec::new();
    for _ in 0..160 {
        for user in first {
            start_up(user).await;
        }
        tokio::time::sleep(STEP).await;
        seen.push(program.resident_bytes());
        let last = &seen[seen.len().saturating_sub(ALIKE)..];
        let (least, most) = (last.iter().min().unwrap(), last.iter().max().unwrap());
        if last.len() == ALIKE && most - least < most / 100 {
            return *most;
        }
    }
    panic!("the memory does not settle: {seen:?}");
}

async fn log_in(program: &Program, prefix: &str, count: usize) -> Vec<User> {
    let begin = async |number: usize| {
        let user = connect(program, &format!("{prefix}{number}"), number).await;
        user.login().await;
        start_up(&user).await;
        user
    };
    stream::iter(0..count).map(begin).buffer_unordered(32).collect().await
}

async fn latency() -> bool {
    let mut is_good = true;
    if Path::new(MEMORY).is_dir() {
        let directory = tempfile::tempdir_in(MEMORY).unwrap();
        println!("latency with the data in memory:");
        for (name, mut times) in measure(directory.path()).await {
            is_good &= report(name, &mut times) < MOST_P99;
        }
    } else {
        eprintln!("{MEMORY} is not here: the gateway's own part cannot be told from that of the disk");
    }
    let directory = tempfile::tempdir().unwrap();
    println!("latency with the data on the disk of {}:", directory.path().display());
    for (name, mut times) in measure(directory.path()).await {
        report(name, &mut times);
    }
    is_good
}

async fn measure(directory: &Path) -> Vec<(&'static str, Vec<Duration>)> {
    let program = Program::start(directory);
    let owner = connect(&program, "owner", 0).await;
    owner.login().await;
    let lobby = owner.create_group("lobby").await;
    let mut probe = Probe::new(directory);
    let (mut logins, mut creates, mut joins, mut sends, mut syncs) = (vec![], vec![], vec![], vec![], vec![]);
    for number in 1..=CALLS {
        let user = connect(&program, &format!("user{number}"), number).await;
        logins.push(timed(user.login()).await);
        let id = format!("group{number}");
        creates.push(timed(owner.create_group(&id)).await);
        joins.push(timed(user.join(&lobby)).await);
        // A group in which nobody else is, so that only the sending is measured.
        let group = tests::Group { id };
        sends.push(timed(owner.send_text(&group, "hello")).await);
        // Between the calls, so that both see the disk as it is at the time.
        syncs.push(probe.sync());
    }
    vec![("login", logins), ("create", creates), ("join", joins), ("send", sends), (SYNC, syncs)]
}

async fn timed<T>(call: impl Future<Output = T>) -> Duration {
    let begin = Instant::now();
    call.await;
    begin.elapsed()
}

/// A file beside the data of which pages are written and synced. It has its length already, as a journal has.
struct Probe(std::fs::File);

impl Probe {
    const PAGE: [u8; 4096] = [1; 4096];

    fn new(directory: &Path) -> Self {
        let mut file = std::fs::File::create(directory.join("probe")).unwrap();
        file.write_all(&Self::PAGE.repeat(CALLS)).unwrap();
        file.sync_all().unwrap();
        file.rewind().unwrap();
        Self(file)
    }

    fn sync(&mut self) -> Duration {
        self.0.write_all(&Self::PAGE).unwrap();
        let begin = Instant::now();
        self.0.sync_data().unwrap();
        begin.elapsed()
    }
}

/// Prints the distribution and gives its 99th percentile.
fn report(name: &str, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("  {name:<18} p50 {:>7.2?}  p99 {:>7.2?}  max {:>7.2?}", at(0.5), at(0.99), at(1.0));
    at(0.99)
}

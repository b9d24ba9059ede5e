//! A steady load over several instances, and the verdict on it.
//!
//! Users are in groups of two kinds and in pairs; each says something every so often, to each of its conversations in
//! turn, so that about [`RATE`] messages a second are stored, and heard by all others in the conversation.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Device, Dialect, Instance, InstanceSettings, User};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::client::{Client, Part, Phase, Stage};
use crate::judge::{Rules, Verdict, judge};
use crate::ledger::{Account, Entry, Logs, Said, Target};

/// Messages a second that are begun while nothing is wrong.
const RATE: u32 = 250;

/// Fewer than this are no load that proves anything.
const LEAST_RATE: f64 = 200.0;

const USERS: usize = 24;
const MEETINGS: usize = 6;
const WORKS: usize = 3;

/// By when everybody has heard everything after the last message.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);

/// By when what was begun is acknowledged after the last fault.
const FINISH_WITHIN: Duration = Duration::from_secs(30);

/// The platform number of another device of a user, which reads what is stored.
const READER: u32 = 8;

/// Several instances with one key.
pub(crate) struct Fleet {
    pub(crate) instances: Vec<Instance>,
    pub(crate) settings: InstanceSettings,
}

impl Fleet {
    /// Two instances over one Redis.
    pub(crate) async fn over(url: impl Into<String>) -> Self {
        let settings = InstanceSettings::with_redis(url);
        Self::start(vec![settings.clone(), settings]).await
    }

    /// One instance with each of these settings; the first one's key is everybody's.
    pub(crate) async fn start(mut all: Vec<InstanceSettings>) -> Self {
        let key = all[0].key.clone();
        for settings in &mut all {
            settings.key = key.clone();
        }
        let names = ["A", "B", "C"];
        let settings = all[0].clone();
        let starting = all.into_iter().zip(names).map(|(settings, name)| Instance::start(name, settings));
        Self { instances: join_all(starting).await, settings }
    }

    /// A browser of a user at an instance, logged in. Devices of one user have different numbers.
    pub(crate) async fn user(&self, at: usize, name: &str, number: usize) -> User {
        let device = Device::web(format!("{:032x}", 1000 + number));
        let address = self.instances[at].address;
        let user = User::connect(address, name, self.settings.usersig(name), device, Dialect::Binary).await;
        user.login().await;
        user
    }
}

/// A load that runs.
pub(crate) struct Load {
    stage: Arc<Stage>,
    clients: Vec<JoinHandle<Account>>,
    begun: Instant,
}

/// What came of it.
pub(crate) struct Report {
    pub(crate) accounts: Vec<Account>,
    logs: Logs,
    span: (Instant, Instant),
}

fn user_name(number: usize) -> String {
    format!("user{number:02}")
}

/// The conversations of a user: two meetings, a work group and a peer.
fn targets(number: usize) -> Vec<Target> {
    let group = |kind: &str, number: usize| Target::Group(format!("{kind}{number}"));
    vec![
        group("meeting", number % MEETINGS),
        group("work", number % WORKS),
        group("meeting", (number / 2 + 1 + number % MEETINGS) % MEETINGS),
        Target::Peer(user_name(number ^ 1)),
    ]
    .into_iter()
    // Two of the meetings may be the same.
    .fold(Vec::new(), |mut targets, target| {
        if !targets.contains(&target) {
            targets.push(target);
        }
        targets
    })
}

/// Makes the accounts and the groups.
async fn furnish(fleet: &Fleet) {
    let admin = fleet.instances[0].admin();
    for number in 0..USERS {
        admin.import(&user_name(number)).await;
    }
    let kinds = [("meeting", "ChatRoom", MEETINGS), ("work", "Private", WORKS)];
    for (prefix, kind, count) in kinds {
        for group in 0..count {
            let id = format!("{prefix}{group}");
            let is_member = |number: &usize| targets(*number).contains(&Target::Group(id.clone()));
            let members: Vec<Value> = (0..USERS)
                .filter(is_member)
                .map(|number| json!({"Member_Account": user_name(number)}))
                .collect();
            let body = json!({
                "Type": kind, "Name": id, "GroupId": id, "Owner_Account": members[0]["Member_Account"],
                "MemberList": members[1..],
            });
            admin.call("group_open_http_svc.create_group", body).await.ok();
        }
    }
}

impl Load {
    /// Makes users and groups, waits until all are there, and begins to talk; returns when the load is seen to be steady.
    pub(crate) async fn begin(fleet: &Fleet) -> Self {
        furnish(fleet).await;
        let stage = Arc::new(Stage {
            addresses: fleet.instances.iter().map(|instance| instance.address).collect(),
            settings: fleet.settings.clone(),
            phase: watch::Sender::new(Phase::Gather),
            gathered: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            progress: Notify::new(),
            acknowledged: AtomicU64::new(0),
        });
        let client = |number: usize| {
            let part = Part {
                name: user_name(number),
                number,
                targets: targets(number),
                every: Duration::from_secs(1) * USERS as u32 / RATE,
                settle_within: SETTLE_WITHIN,
            };
            tokio::spawn(Client::new(part, stage.clone()).live())
        };
        let clients = (0..USERS).map(client).collect();
        let load = Self { stage, clients, begun: Instant::now() };
        load.wait_for(&load.stage.gathered, Duration::from_secs(30)).await.expect("all users come in time");
        load.stage.phase.send_replace(Phase::Talk);
        let load = Self { begun: Instant::now(), ..load };
        load.be_steady().await;
        load
    }

    /// Waits until the load is what it is meant to be, while nothing is wrong but that others may use the machine.
    async fn be_steady(&self) {
        const SPAN: Duration = Duration::from_secs(2);
        const TRIES: usize = 15;
        let mut rates = Vec::new();
        while rates.last().is_none_or(|rate| *rate < LEAST_RATE) {
            assert!(rates.len() < TRIES, "the machine is too busy: {rates:.0?} messages a second");
            let before = self.acknowledged();
            self.talk(SPAN).await;
            rates.push((self.acknowledged() - before) as f64 / SPAN.as_secs_f64());
        }
    }

    /// Messages that were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.stage.acknowledged.load(Ordering::Relaxed)
    }

    /// Lets it go on for a while.
    pub(crate) async fn talk(&self, span: Duration) {
        sleep(span).await;
    }

    async fn wait_for(&self, count: &AtomicUsize, within: Duration) -> Result<(), ()> {
        let all = async {
            while count.load(Ordering::SeqCst) < USERS {
                self.stage.progress.notified().await;
            }
        };
        timeout(within, all).await.map_err(|_| ())
    }

    /// Brings everything to its end and collects what was noted down and what is stored.
    pub(crate) async fn finish(self, fleet: &Fleet) -> Report {
        let end = Instant::now();
        self.stage.phase.send_replace(Phase::Finish);
        // Whoever has not finished by then shows in the verdict.
        let _ = self.wait_for(&self.stage.finished, FINISH_WITHIN).await;
        let logs = read_all(fleet, 0).await;
        self.stage.phase.send_replace(Phase::Settle(Arc::new(logs.clone())));
        let mut accounts = Vec::new();
        for client in self.clients {
            match client.await {
                Ok(account) => accounts.push(account),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        for other in 1..fleet.instances.len() {
            assert_eq!(read_all(fleet, other).await, logs, "instances read different histories");
        }
        Report { accounts, logs, span: (self.begun, end) }
    }
}

/// Reads every conversation through one of the instances.
async fn read_all(fleet: &Fleet, at: usize) -> Logs {
    let mut logs = Logs::new();
    for number in 0..USERS {
        let missing: Vec<Target> = targets(number)
            .into_iter()
            .filter(|target| !logs.contains_key(&target.log_for(&user_name(number))))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let name = user_name(number);
        let device = Device { platform: READER, ..Device::web(format!("{:032x}", 2000 + number)) };
        let address = fleet.instances[at].address;
        let user =
            User::connect(address, &name, fleet.settings.usersig(&name), device, Dialect::Binary).await;
        user.login().await;
        for target in missing {
            let entries = match &target {
                Target::Group(id) => group_entries(&user, id).await,
                Target::Peer(peer) => peer_entries(&user, peer).await,
            };
            logs.insert(target.log_for(&name), entries);
        }
        user.logout().await;
    }
    logs
}

fn said(item: &Value) -> Option<Said> {
    Some(Said {
        from: item["From_Account"].as_str()?.to_owned(),
        text: item["MsgBody"][0]["MsgContent"]["Text"].as_str()?.to_owned(),
        time: item["MsgTimeStamp"].as_u64()?,
    })
}

async fn group_entries(user: &User, id: &str) -> Vec<Entry> {
    let items = user.history(&tests::Group { id: id.to_owned() }).await;
    let entry = |item: &Value| Entry { place: item["MsgSeq"].as_u64().unwrap(), said: said(item) };
    items.iter().map(entry).collect()
}

/// From the first message on, page by page.
async fn peer_entries(user: &User, peer: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let (mut time, mut key) = (0, String::new());
    loop {
        let body = json!({
            "Peer_Account": peer, "MaxCnt": 100, "LastMsgTime": time, "MsgKey": key, "WithRecalledMsg": 1,
            "GetDirection": 1,
        });
        let page = user.call("openim.getroammsg", body).await.ok();
        let items = page["MsgList"].as_array().unwrap();
        for item in items {
            entries.push(Entry { place: entries.len() as u64 + 1, said: said(item) });
        }
        if page["Complete"] == 1 || items.is_empty() {
            return entries;
        }
        time = page["LastMsgTime"].as_u64().unwrap();
        key = page["MsgKey"].as_str().unwrap().to_owned();
    }
}

impl Report {
    /// Judges, prints the figures of the scenario, and fails when something is wrong.
    pub(crate) fn judge(&self, name: &str, rules: Rules) -> Verdict {
        let verdict = judge(&self.accounts, &self.logs, rules, self.span);
        say(&format!("{name}: {}", verdict.figures));
        verdict.assert_good(name);
        verdict
    }

    /// The moment of the last refusal.
    pub(crate) fn last_refusal(&self) -> Option<Instant> {
        let refusals = self.accounts.iter().flat_map(|account| &account.refusals);
        refusals.map(|(at, _)| *at).max()
    }

    /// When the first message was acknowledged after a moment.
    pub(crate) fn first_ack_after(&self, moment: Instant) -> Option<Instant> {
        let sent = self.accounts.iter().flat_map(|account| &account.sent);
        sent.filter_map(|sent| sent.ack.map(|ack| ack.at)).filter(|at| *at > moment).min()
    }

    /// Each end of a connection: of whom, when, at which instance, with which code.
    pub(crate) fn ends(&self) -> Vec<(Instant, usize, u16)> {
        let visits = self.accounts.iter().flat_map(|account| &account.visits);
        let mut ends: Vec<_> =
            visits.filter_map(|visit| visit.end.map(|(at, code)| (at, visit.instance, code))).collect();
        ends.sort();
        ends
    }
}

/// Prints a line beside the test runner's own, which keeps back what a test prints.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "cluster: {line}");
}

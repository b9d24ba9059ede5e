//! Those whom an attack should not concern: two who talk, one who comes and goes, and a balancer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Value, json};
use tests::{Device, Dialect, Group, Instance, Outcome, User, exchange};
use tokio::task::LocalSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::resident;

/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Twenty messages a second are more than people say, and half of what a group may.
const SEND_EVERY: Duration = Duration::from_millis(50);
const LOG_IN_EVERY: Duration = Duration::from_millis(50);
const ASK_EVERY: Duration = Duration::from_millis(20);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What was seen of one kind of call.
#[derive(Default)]
pub(super) struct Times {
    times: Vec<Duration>,
    pub(super) failed: usize,
    /// With what the first failed.
    pub(super) said: Option<String>,
}

impl Times {
    fn note(&mut self, begun: Instant, outcome: Result<(), String>) {
        self.times.push(begun.elapsed());
        if let Err(said) = outcome {
            self.failed += 1;
            self.said.get_or_insert(said);
        }
    }

    pub(super) fn p99(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len().saturating_sub(1) * 99 / 100).copied().unwrap_or(PATIENCE)
    }

    pub(super) fn most(&self) -> Duration {
        self.times.iter().max().copied().unwrap_or(PATIENCE)
    }
}

/// What was seen in some time.
pub(super) struct Seen {
    pub(super) logins: Times,
    pub(super) sends: Times,
    pub(super) livez: Times,
    pub(super) resident_bytes: u64,
}

pub(super) struct Bystanders {
    /// Who is attacked, where somebody in particular is.
    ann: Rc<User>,
    ben: User,
    group: Group,
    /// The numbers of the messages that were acknowledged.
    acknowledged: Rc<RefCell<Vec<u64>>>,
}

impl Bystanders {
    pub(super) async fn arrive(gateway: &Instance) -> Self {
        let ann = log_in(gateway, "ann", 1).await.expect("a quiet gateway");
        let ben = log_in(gateway, "ben", 2).await.expect("a quiet gateway");
        let group = ann.create_group("talk").await;
        ben.join(&group).await;
        Self { ann: Rc::new(ann), ben, group, acknowledged: Rc::default() }
    }

    /// Lives for a while.
    pub(super) async fn live(&self, time: Duration, gateway: &Instance) -> Seen {
        let until = Instant::now() + time;
        let sends = every(SEND_EVERY, until, || self.send());
        let numbers = Cell::new(100);
        let logins = every(LOG_IN_EVERY, until, || {
            numbers.set(numbers.get() + 1);
            let number = numbers.get();
            async move { log_in(gateway, "cat", number).await.map(drop) }
        });
        let livez = every(ASK_EVERY, until, || async {
            let reply = std::panic::AssertUnwindSafe(exchange(gateway.address, "GET", "/livez", b""));
            match reply.catch_unwind().await {
                Ok(reply) if reply.status == 200 => Ok(()),
                Ok(reply) => Err(reply.head),
                Err(_) => Err("no reply".to_owned()),
            }
        });
        let most = async {
            let mut most = 0;
            while Instant::now() < until {
                most = most.max(resident(gateway));
                tokio::time::sleep(LOOK_EVERY).await;
            }
            most
        };
        // One after the other in each, all four side by side: a call that is late is not hidden by those behind it.
        let (sends, logins, livez, resident_bytes) =
            Box::pin(LocalSet::new().run_until(async { tokio::join!(sends, logins, livez, most) })).await;
        // What was pushed meanwhile is of no use here.
        self.ann.socket.take_events();
        self.ben.socket.take_events();
        Seen { logins, sends, livez, resident_bytes }
    }

    async fn send(&self) -> Result<(), String> {
        let body = self.ann.group_text(&self.group, "as on every day");
        let answer = done(self.ann.ask("group_open_http_svc.send_group_msg", body, PATIENCE).await)?;
        let seq = answer["MsgSeq"].as_u64().ok_or("no number")?;
        self.acknowledged.borrow_mut().push(seq);
        Ok(())
    }

    /// What is not as it should be afterwards: all that was acknowledged is there, and both can use their SDK.
    pub(super) async fn reckon(&self, gateway: &Instance) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, number) in [("ann", 3), ("ben", 4)] {
            let user = match log_in(gateway, name, number).await {
                Ok(user) => user,
                Err(said) => {
                    faults.push(format!("{name} cannot log in: {said}"));
                    continue;
                }
            };
            let requests = [
                ("openim.getmsg", json!({"Cookie": "", "SyncFlag": 0})),
                ("recentcontact.page_get", json!({"From_Account": name, "StartIndex": 0, "TimeStamp": 0})),
                (
                    "group_open_http_svc.get_joined_group_list",
                    json!({"Member_Account": name, "Limit": 200, "Offset": 0}),
                ),
            ];
            for (command, body) in requests {
                if let Err(said) = done(user.ask(command, body, PATIENCE).await) {
                    faults.push(format!("{name}: {command}: {said}"));
                }
            }
            let history = std::panic::AssertUnwindSafe(user.history_texts(&self.group)).catch_unwind();
            let Ok(there) = history.await else {
                faults.push(format!("{name} cannot read the history"));
                continue;
            };
            let is_there = |seq: &u64| there.binary_search_by_key(seq, |(seq, _)| *seq).is_ok();
            let lost = self.acknowledged.borrow().iter().filter(|seq| !is_there(seq)).count();
            if lost > 0 {
                faults.push(format!("{lost} acknowledged messages are not there"));
            }
        }
        faults
    }
}

async fn log_in(gateway: &Instance, name: &str, number: u64) -> Result<User, String> {
    let log_in = async {
        let device = Device::web(format!("{number:032x}"));
        let user =
            User::try_connect(gateway.address, name, gateway.usersig(name), device, Dialect::Binary).await?;
        done(user.ask_login(PATIENCE).await)?;
        Ok(user)
    };
    timeout(PATIENCE, log_in).await.unwrap_or_else(|_| Err("no connection".to_owned()))
}

/// The body of a success; in words what else it was.
fn done(outcome: Outcome) -> Result<Value, String> {
    match outcome {
        Outcome::Answer(answer) if answer.code() == 0 => Ok(answer.body),
        Outcome::Answer(answer) => Err(answer.body.to_string()),
        other => Err(format!("{other:?}")),
    }
}

/// Does something again and again until a moment. What takes longer than the pause is followed at once by the next.
async fn every<Work>(pause: Duration, until: Instant, mut what: impl FnMut() -> Work) -> Times
where
    Work: Future<Output = Result<(), String>>,
{
    let mut times = Times::default();
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < until {
        ticks.tick().await;
        let begun = Instant::now();
        let outcome = what().await;
        times.note(begun, outcome);
    }
    times
}

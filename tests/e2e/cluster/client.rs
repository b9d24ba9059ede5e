//! A client that speaks and listens as the SDKs do, whatever happens to its connections.
//!
//! It says one thing after the other, each after the answer to the one before. What is refused with a temporary error,
//! or stays without an answer, is said again with the same numbers. When its connection breaks it dials the next
//! instance, repeats there what was unanswered, takes its session up again and reads what it missed.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Answer, Device, Dialect, Event, Group, InstanceSettings, Outcome, Request, User};
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::ledger::{Account, Ack, Heard, How, LogId, Logs, Sending, Target, Visit};

/// How long the SDKs wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Before a refused request is repeated.
const PAUSE: Duration = Duration::from_millis(200);

/// Before the next instance is dialled where one did not take the call.
const REDIAL: Duration = Duration::from_millis(50);

/// How far the clients are.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// They come and read what there is.
    Gather,
    Talk,
    /// What was begun is brought to its end.
    Finish,
    /// Everybody waits for what is stored.
    Settle(Arc<Logs>),
}

/// What all clients share.
pub(crate) struct Stage {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) settings: InstanceSettings,
    pub(crate) phase: watch::Sender<Phase>,
    /// Clients that have come, and those that have finished.
    pub(crate) gathered: AtomicUsize,
    pub(crate) finished: AtomicUsize,
    pub(crate) progress: Notify,
    pub(crate) acknowledged: AtomicU64,
}

/// Who a client is and what it does.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) number: usize,
    pub(crate) targets: Vec<Target>,
    /// From one message to the next.
    pub(crate) every: Duration,
    /// How long it waits for what it has not heard at the end.
    pub(crate) settle_within: Duration,
}

/// Why a visit ends before the client's time.
enum Break {
    /// The connection is gone.
    Lost,
    /// There is no time for another try.
    Over,
}

/// A message that waits for its acknowledgement: its place among what was sent, and its request.
struct Pending {
    place: usize,
    servcmd: &'static str,
    body: Value,
}

pub(crate) struct Client {
    part: Part,
    stage: Arc<Stage>,
    account: Account,
    pending: Option<Pending>,
    known: HashMap<LogId, Known>,
    has_gathered: bool,
    has_finished: bool,
}

/// What a client has of a conversation.
#[derive(Default)]
struct Known {
    /// All up to this number, and these beyond.
    upto: u64,
    beyond: BTreeSet<u64>,
    /// The newest time, in Unix seconds.
    time: u64,
}

impl Known {
    fn add(&mut self, seq: u64) {
        if seq > self.upto {
            self.beyond.insert(seq);
        }
        while self.beyond.remove(&(self.upto + 1)) {
            self.upto += 1;
        }
    }
}

/// The text of an item of a push or of a history.
fn text_of(item: &Value) -> Option<&str> {
    item["MsgBody"][0]["MsgContent"]["Text"].as_str()
}

impl Client {
    pub(crate) fn new(part: Part, stage: Arc<Stage>) -> Self {
        let (name, targets) = (part.name.clone(), part.targets.clone());
        Self {
            part,
            stage,
            account: Account { name, targets, ..Account::default() },
            pending: None,
            known: HashMap::new(),
            has_gathered: false,
            has_finished: false,
        }
    }

    /// Lives until the end of the last phase.
    pub(crate) async fn live(mut self) -> Account {
        let mut at = self.part.number % self.stage.addresses.len();
        let mut user: Option<User> = None;
        loop {
            let dialled = match &user {
                None => self.dial(at).await,
                Some(user) => user.try_reconnect(self.stage.addresses[at], Dialect::Binary).await,
            };
            if let Ok(dialled) = dialled {
                let user = user.insert(dialled);
                self.account.visits.push(Visit {
                    instance: at,
                    begun: Instant::now(),
                    read: HashMap::new(),
                    end: None,
                });
                let visited = self.visit(user).await;
                self.collect(user);
                if !matches!(visited, Err(Break::Lost)) {
                    return self.account;
                }
                let code = user.socket.end().await;
                self.here().end = Some((Instant::now(), code));
            } else if self.is_over() {
                return self.account;
            } else {
                sleep(REDIAL).await;
            }
            at = (at + 1) % self.stage.addresses.len();
        }
    }

    async fn dial(&self, at: usize) -> Result<User, String> {
        // The number begins those of its messages too, which have to fit 32 bits.
        let device = Device::web(format!("{:032x}", self.part.number + 1));
        let usersig = self.stage.settings.usersig(&self.part.name);
        User::try_connect(self.stage.addresses[at], &self.part.name, usersig, device, Dialect::Binary).await
    }

    fn here(&mut self) -> &mut Visit {
        self.account.visits.last_mut().expect("a connection")
    }

    fn is_over(&self) -> bool {
        matches!(*self.stage.phase.borrow(), Phase::Settle(_))
    }

    async fn visit(&mut self, user: &User) -> Result<(), Break> {
        // As the SDKs do, what was unanswered goes first, before the login.
        let mut repeated = None;
        if let Some(pending) = &self.pending {
            self.account.sent[pending.place].tries += 1;
            repeated = Some((user.begin(pending.servcmd, pending.body.clone()).await, Instant::now()));
        }
        self.log_in(user).await?;
        self.catch_up(user).await?;
        if let Some((request, begun)) = repeated {
            self.await_ack(user, &request, begun).await?;
        }
        if !self.has_gathered {
            self.has_gathered = true;
            self.stage.gathered.fetch_add(1, Ordering::SeqCst);
            self.stage.progress.notify_one();
        }
        let mut phases = self.stage.phase.subscribe();
        let mut ticks = interval(self.part.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.pending.is_some() && !self.is_over() {
                self.send(user).await?;
                continue;
            }
            let phase = phases.borrow_and_update().clone();
            let is_talking = matches!(phase, Phase::Talk);
            match phase {
                Phase::Finish if !self.has_finished => {
                    self.has_finished = true;
                    self.stage.finished.fetch_add(1, Ordering::SeqCst);
                    self.stage.progress.notify_one();
                }
                Phase::Settle(logs) => return self.settle(user, &logs).await,
                Phase::Gather | Phase::Talk | Phase::Finish => {}
            }
            tokio::select! {
                _ = user.socket.end() => return Err(Break::Lost),
                _ = phases.changed() => {}
                _ = ticks.tick(), if is_talking => self.compose(user),
            }
        }
    }

    /// Asks until the answer is a success.
    async fn insist(&mut self, user: &User, servcmd: &str, body: &Value) -> Result<Value, Break> {
        loop {
            let begun = Instant::now();
            match user.ask(servcmd, body.clone(), PATIENCE).await {
                Outcome::Answer(answer) => {
                    self.note_answer(begun, &answer);
                    if answer.code() == 0 {
                        return Ok(answer.body);
                    }
                    self.pause(user).await?;
                }
                Outcome::Lost => return Err(Break::Lost),
                Outcome::Late => self.note_silence(servcmd),
            }
            if self.is_over() {
                return Err(Break::Over);
            }
        }
    }

    fn note_answer(&mut self, begun: Instant, answer: &Answer) {
        self.account.slowest = self.account.slowest.max(begun.elapsed());
        if answer.code() != 0 {
            self.account.refusals.push((Instant::now(), answer.code()));
        }
    }

    fn note_silence(&mut self, servcmd: &str) {
        self.account.faults.push(format!("{servcmd} was not answered in {PATIENCE:?}"));
    }

    async fn pause(&self, user: &User) -> Result<(), Break> {
        tokio::select! {
            _ = user.socket.end() => Err(Break::Lost),
            () = sleep(PAUSE) => Ok(()),
        }
    }

    async fn log_in(&mut self, user: &User) -> Result<(), Break> {
        loop {
            let begun = Instant::now();
            match user.ask_login(PATIENCE).await {
                Outcome::Answer(answer) => {
                    self.note_answer(begun, &answer);
                    if answer.code() == 0 {
                        return Ok(());
                    }
                    self.pause(user).await?;
                }
                Outcome::Lost => return Err(Break::Lost),
                Outcome::Late => self.note_silence("im_open_status.wslogin"),
            }
            if self.is_over() {
                return Err(Break::Over);
            }
        }
    }

    /// Reads what was said while it was away.
    async fn catch_up(&mut self, user: &User) -> Result<(), Break> {
        // What the old connection and this one have brought so far is known already, and so is stored.
        self.collect(user);
        let known: HashMap<LogId, u64> =
            self.known.iter().map(|(log, known)| (log.clone(), known.upto)).collect();
        let (mut newest, mut index) = (HashMap::new(), 0);
        loop {
            let body = json!({
                "From_Account": self.part.name, "TimeStamp": 0, "StartIndex": index, "TopTimeStamp": 0,
                "TopStartIndex": 0, "OrderType": 1, "MsgAssistFlags": 15, "AssistFlags": 31,
            });
            let page = self.insist(user, "recentcontact.page_get", &body).await?;
            let items = page["SessionItem"].as_array().into_iter().flatten();
            newest.extend(
                items.filter_map(|item| {
                    Some((item["ToAccount"].as_str()?.to_owned(), item["MsgSeq"].as_u64()?))
                }),
            );
            if page["CompleteFlag"] == 1 {
                break;
            }
            index = page["StartIndex"].as_u64().unwrap_or(0);
        }
        for target in self.part.targets.clone() {
            match &target {
                Target::Group(group) => {
                    let newest = newest.get(group.as_str()).copied().unwrap_or(0);
                    let upto = known.get(&LogId::Group(group.clone())).copied().unwrap_or(0);
                    if newest < upto {
                        let fault =
                            format!("the list of conversations ends {group} at {newest}, {upto} came before");
                        self.account.faults.push(fault);
                    }
                    self.read_group(user, group, newest).await?;
                }
                Target::Peer(peer) => self.read_peer(user, peer).await?,
            }
        }
        // As the SDKs do, it asks for its notices in the end. Until then one that is back is pushed nothing new: it would
        // take that for the end of what it knows, and not read what was said before.
        self.insist(user, "openim.getmsg", &json!({"Cookie": "n0", "SyncFlag": 0})).await?;
        Ok(())
    }

    /// Upwards from what it knows, as the SDKs do.
    async fn read_group(&mut self, user: &User, group: &str, newest: u64) -> Result<(), Break> {
        const PAGE: u64 = 15;
        let log = LogId::Group(group.to_owned());
        let mut last = None;
        loop {
            let upto = self.known.entry(log.clone()).or_default().upto;
            if upto >= newest {
                break;
            }
            let body = json!({
                "GroupId": group, "ReqMsgNumber": PAGE, "ReqMsgSeq": upto + PAGE, "WithRecalledMsg": 1,
            });
            let page = self.insist(user, "group_open_http_svc.group_msg_get", &body).await?;
            let items = page["RspMsgList"].as_array().cloned().unwrap_or_default();
            for item in items.iter().rev() {
                let seq = item["MsgSeq"].as_u64().unwrap_or(0);
                self.known.entry(log.clone()).or_default().add(seq);
                self.hear(&log, item, How::History, Instant::now());
                // Beyond what the list of conversations told, there may be more that is pushed.
                if let Some(text) = text_of(item).filter(|_| seq <= newest) {
                    last = Some((seq, text.to_owned()));
                }
            }
            if self.known.entry(log.clone()).or_default().upto == upto {
                self.account
                    .faults
                    .push(format!("the history of {group} has nothing after {upto} of {newest}"));
                break;
            }
        }
        // Nothing was missed: the end is what it knew last.
        let last = last.map(|(_, text)| text).or_else(|| self.last_known(&log));
        self.here().read.insert(log, last);
        Ok(())
    }

    /// The text of the newest message of a group that this client has heard, or had acknowledged.
    fn last_known(&self, log: &LogId) -> Option<String> {
        let upto = self.known.get(log)?.upto;
        let heard = self.account.heard.iter().filter(|heard| heard.log == *log && heard.seq <= upto);
        let heard = heard.map(|heard| (heard.seq, &heard.text));
        let own = self.account.sent.iter().filter(|sent| sent.target.log_for(&self.part.name) == *log);
        let own = own.filter_map(|sent| Some((sent.ack?.seq?, &sent.text))).filter(|(seq, _)| *seq <= upto);
        heard.chain(own).max().map(|(_, text)| text.clone())
    }

    async fn read_peer(&mut self, user: &User, peer: &str) -> Result<(), Break> {
        let log = LogId::pair(&self.part.name, peer);
        let mut time = self.known.entry(log.clone()).or_default().time;
        let mut key = String::new();
        let mut last = None;
        loop {
            let body = json!({
                "Peer_Account": peer, "MaxCnt": 100, "LastMsgTime": time, "MsgKey": key, "WithRecalledMsg": 1,
                "GetDirection": 1,
            });
            let page = self.insist(user, "openim.getroammsg", &body).await?;
            let items = page["MsgList"].as_array().cloned().unwrap_or_default();
            for item in &items {
                self.hear(&log, item, How::History, Instant::now());
                last = text_of(item).map(str::to_owned);
            }
            if page["Complete"] == 1 || items.is_empty() {
                break;
            }
            time = page["LastMsgTime"].as_u64().unwrap_or(0);
            key = page["MsgKey"].as_str().unwrap_or_default().to_owned();
        }
        self.here().read.insert(log, last);
        Ok(())
    }

    fn compose(&mut self, user: &User) {
        let place = self.account.sent.len();
        let text = format!("{} {place}", self.part.name);
        let target = self.part.targets[place % self.part.targets.len()].clone();
        let (servcmd, body) = match &target {
            Target::Group(id) => {
                let body = user.group_text(&Group { id: id.clone() }, &text);
                ("group_open_http_svc.send_group_msg", body)
            }
            Target::Peer(peer) => ("openim.sendmsg", user.c2c_text(peer, &text)),
        };
        self.account.sent.push(Sending { target, text, tries: 0, ack: None });
        self.pending = Some(Pending { place, servcmd, body });
    }

    /// One try with what is pending.
    async fn send(&mut self, user: &User) -> Result<(), Break> {
        let Some(pending) = &self.pending else { return Ok(()) };
        self.account.sent[pending.place].tries += 1;
        let begun = Instant::now();
        let request = user.begin(pending.servcmd, pending.body.clone()).await;
        self.await_ack(user, &request, begun).await?;
        if self.pending.is_some() { self.pause(user).await } else { Ok(()) }
    }

    async fn await_ack(&mut self, user: &User, request: &Request, begun: Instant) -> Result<(), Break> {
        match user.socket.outcome(request, PATIENCE).await {
            Outcome::Answer(answer) => {
                self.note_answer(begun, &answer);
                if answer.code() == 0 {
                    self.acknowledge(&answer);
                }
                Ok(())
            }
            Outcome::Lost => Err(Break::Lost),
            Outcome::Late => {
                self.note_silence(&request.servcmd);
                Ok(())
            }
        }
    }

    fn acknowledge(&mut self, answer: &Answer) {
        let Some(pending) = self.pending.take() else { return };
        let sent = &mut self.account.sent[pending.place];
        let (seq, time) = (answer.body["MsgSeq"].as_u64(), answer.body["MsgTime"].as_u64());
        sent.ack = Some(Ack { seq, time: time.unwrap_or(0), at: Instant::now() });
        if let Some(seq) = seq {
            let log = sent.target.log_for(&self.part.name);
            self.known.entry(log).or_default().add(seq);
        }
        self.stage.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes in what was pushed.
    fn collect(&mut self, user: &User) {
        for event in user.socket.take_events() {
            self.take_in(&event);
        }
    }

    fn take_in(&mut self, event: &Event) {
        if event.servcmd == "im_open_status.stat_forceoffline" {
            self.account.faults.push(format!("put out: {}", event.value));
        }
        for item in event.value["GroupMsgArray"].as_array().into_iter().flatten() {
            let log = LogId::Group(item["ToGroupId"].as_str().unwrap_or_default().to_owned());
            self.known.entry(log.clone()).or_default().add(item["MsgSeq"].as_u64().unwrap_or(0));
            self.hear(&log, item, How::Push, event.at);
        }
        for item in event.value["GroupTips"].as_array().into_iter().flatten() {
            if event.value["Event"] == 4 {
                let log = LogId::Group(item["ToGroupId"].as_str().unwrap_or_default().to_owned());
                self.known.entry(log).or_default().add(item["MsgSeq"].as_u64().unwrap_or(0));
            }
        }
        for item in event.value["C2cMsgArray"].as_array().into_iter().flatten() {
            let name = |key: &str| item[key].as_str().unwrap_or_default();
            let log = LogId::pair(name("From_Account"), name("To_Account"));
            self.hear(&log, item, How::Push, event.at);
        }
    }

    fn hear(&mut self, log: &LogId, item: &Value, how: How, at: Instant) {
        let Some(text) = text_of(item) else { return };
        let number = |key: &str| item[key].as_u64().unwrap_or(0);
        let (seq, time) = (number("MsgSeq"), number("MsgTimeStamp"));
        let from = item["From_Account"].as_str().unwrap_or_default().to_owned();
        if from != self.part.name {
            let known = self.known.entry(log.clone()).or_default();
            known.time = known.time.max(time);
        }
        let visit = self.account.visits.len() - 1;
        self.account.heard.push(Heard {
            log: log.clone(),
            from,
            text: text.to_owned(),
            seq,
            time,
            how,
            visit,
            at,
        });
    }

    /// Waits until it has heard the last of each conversation that another one said.
    async fn settle(&mut self, user: &User, logs: &Logs) -> Result<(), Break> {
        let me = self.part.name.clone();
        let own_logs = self.part.targets.iter().filter_map(|target| logs.get(&target.log_for(&me)));
        let last = own_logs.filter_map(|entries| {
            let said = entries.iter().rev().filter_map(|entry| entry.said.as_ref());
            said.filter(|said| said.from != me).map(|said| said.text.as_str()).next()
        });
        let mut missing: BTreeSet<&str> = last.collect();
        let deadline = Instant::now() + self.part.settle_within;
        let mut seen = 0;
        loop {
            self.collect(user);
            for heard in &self.account.heard[seen..] {
                missing.remove(heard.text.as_str());
            }
            seen = self.account.heard.len();
            if missing.is_empty() {
                return Ok(());
            }
            tokio::select! {
                () = user.socket.changed() => {}
                _ = user.socket.end() => return Err(Break::Lost),
                () = tokio::time::sleep_until(deadline.into()) => return Ok(()),
            }
        }
    }
}

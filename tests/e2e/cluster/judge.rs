//! Compares what the clients noted down with what is stored.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::ledger::{Account, Entry, Heard, How, LogId, Logs, Visit};

/// Refusals that ask to try again: those of the project's table that say so.
const TEMPORARY: [u32; 6] = [10002, 20005, 50004, 60008, 70500, 40006];

/// No call may take longer, with some room for a busy machine.
const LONGEST_ANSWER: Duration = Duration::from_millis(11_000);

/// What a scenario demands beyond what always holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The servers may forget what was acknowledged before this moment, and with it the numbers: it is only counted.
    /// What is acknowledged after it is stored and heard by all.
    pub(crate) may_lose_until: Option<Instant>,
    /// What was pushed before it was acknowledged may be forgotten with a master, and be stored elsewhere when it is
    /// said again.
    pub(crate) may_forget_unacknowledged: bool,
    /// No client loses its connection.
    pub(crate) keeps_connections: bool,
    /// Until then an instance was of an older version, which has a fault that is mended since: between two users, what is
    /// said while one of them comes back may never reach them. It is only counted where they came back to such an
    /// instance, and everywhere else a fault.
    pub(crate) older_until: [Option<Instant>; 3],
}

impl Rules {
    /// Nothing but what always holds.
    pub(crate) const STRICT: Self = Self {
        may_lose_until: None,
        may_forget_unacknowledged: false,
        keeps_connections: false,
        older_until: [None; 3],
    };

    /// Whatever the servers behind it do, clients stay connected.
    pub(crate) const KEEP: Self = Self { keeps_connections: true, ..Self::STRICT };
}

/// What came of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) faults: Vec<String>,
    pub(crate) figures: Figures,
}

#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) sent: usize,
    pub(crate) acknowledged: usize,
    pub(crate) retried: usize,
    pub(crate) refusals: BTreeMap<u32, usize>,
    pub(crate) reconnects: usize,
    /// Acknowledged and not stored.
    pub(crate) lost: usize,
    pub(crate) delivered: usize,
    pub(crate) from_history: usize,
    /// Heard, never acknowledged so, and not stored so.
    pub(crate) forgotten: usize,
    /// Missed at an older version's instance, see [`Rules::older_until`].
    pub(crate) missed_at_older: usize,
    /// The longest time in which a client heard nothing.
    pub(crate) longest_gap: Duration,
    pub(crate) slowest_answer: Duration,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let refusals: Vec<String> =
            self.refusals.iter().map(|(code, count)| format!("{count}x{code}")).collect();
        write!(
            f,
            "sent {}, acked {}, retried {}, errors {} [{}], pushed {}, from history {}, reconnects {}, lost {}, forgotten {}, \
             missed at older {}, longest gap {:.2} s, slowest answer {:.2} s",
            self.sent,
            self.acknowledged,
            self.retried,
            self.refusals.values().sum::<usize>(),
            refusals.join(" "),
            self.delivered,
            self.from_history,
            self.reconnects,
            self.lost,
            self.forgotten,
            self.missed_at_older,
            self.longest_gap.as_secs_f64(),
            self.slowest_answer.as_secs_f64(),
        )
    }
}

/// Judges what happened between `begin` and `end`.
pub(crate) fn judge(
    accounts: &[Account],
    logs: &Logs,
    rules: Rules,
    (begin, end): (Instant, Instant),
) -> Verdict {
    let mut judge = Judge { logs, index: index(logs), rules, verdict: Verdict::default() };
    judge.judge_logs(accounts);
    let promised = promised(accounts);
    for account in accounts {
        judge.judge_sent(account);
        judge.judge_conduct(account);
        judge.measure(account, begin, end);
        match rules.may_lose_until {
            None => judge.judge_heard(account, &promised),
            Some(moment) => judge.judge_heard_after(account, accounts, moment),
        }
    }
    judge.verdict
}

/// The number under which each text was acknowledged, which is none between two users, and its time.
fn promised(accounts: &[Account]) -> HashMap<&str, (Option<u64>, u64)> {
    let sent = accounts.iter().flat_map(|account| &account.sent);
    sent.filter_map(|sent| Some((sent.text.as_str(), (sent.ack?.seq, sent.ack?.time)))).collect()
}

/// Where each text stands: its conversation and its place in the list. The first, where there are several.
fn index(logs: &Logs) -> HashMap<&str, (&LogId, usize)> {
    let mut index = HashMap::new();
    for (log, entries) in logs {
        for (place, entry) in entries.iter().enumerate() {
            if let Some(said) = &entry.said {
                index.entry(said.text.as_str()).or_insert((log, place));
            }
        }
    }
    index
}

struct Judge<'a> {
    logs: &'a Logs,
    index: HashMap<&'a str, (&'a LogId, usize)>,
    rules: Rules,
    verdict: Verdict,
}

impl<'a> Judge<'a> {
    fn fault(&mut self, fault: String) {
        self.verdict.faults.push(fault);
    }

    /// Numbers are dense, no text is there twice, and each was said by the one under whose name it stands.
    fn judge_logs(&mut self, accounts: &[Account]) {
        let mut said = HashSet::new();
        for account in accounts {
            said.extend(account.sent.iter().map(|sent| sent.text.as_str()));
        }
        let mut seen = HashSet::new();
        for (log, entries) in self.logs {
            for (count, entry) in entries.iter().enumerate() {
                if entry.place != count as u64 + 1 {
                    self.fault(format!("{log:?}: number {} stands at place {}", entry.place, count + 1));
                    break;
                }
            }
            for entry in entries {
                let Some(message) = &entry.said else { continue };
                let text = message.text.as_str();
                if !seen.insert(text) {
                    self.fault(format!("{log:?}: {text:?} is stored twice"));
                }
                if !said.contains(text) {
                    self.fault(format!("{log:?}: nobody said {text:?}"));
                } else if !text.starts_with(&format!("{} ", message.from)) {
                    self.fault(format!("{log:?}: {text:?} is stored as said by {}", message.from));
                }
            }
        }
    }

    /// What was acknowledged is stored where it was acknowledged; what one said in turn stands in turn.
    fn judge_sent(&mut self, account: &Account) {
        let mut last: HashMap<LogId, usize> = HashMap::new();
        for sent in &account.sent {
            let log = sent.target.log_for(&account.name);
            let found = self.index.get(sent.text.as_str()).copied().filter(|(found, _)| **found == log);
            if let Some((_, place)) = found {
                let before = last.insert(log.clone(), place);
                if before.is_some_and(|before| before >= place) {
                    self.fault(format!("{log:?}: {:?} stands before what was said before it", sent.text));
                }
            }
            let Some(ack) = sent.ack else {
                self.fault(format!("{log:?}: {:?} was not acknowledged in {} tries", sent.text, sent.tries));
                continue;
            };
            let entry = found.map(|(log, place)| &self.logs[log][place]);
            let is_there = entry.is_some_and(|entry| {
                let time = entry.said.as_ref().map(|said| said.time);
                ack.seq.is_none_or(|seq| seq == entry.place) && time == Some(ack.time)
            });
            if !is_there {
                self.verdict.figures.lost += 1;
                if self.rules.may_lose_until.is_none_or(|moment| ack.at > moment) {
                    self.fault(format!(
                        "{log:?}: {:?} was acknowledged with {ack:?}, stored is {entry:?}",
                        sent.text
                    ));
                }
            }
        }
    }

    /// What no server may do to a client.
    fn judge_conduct(&mut self, account: &Account) {
        for fault in &account.faults {
            self.fault(format!("{}: {fault}", account.name));
        }
        if account.slowest > LONGEST_ANSWER {
            self.fault(format!("{}: an answer took {:?}", account.name, account.slowest));
        }
        for (_, code) in &account.refusals {
            if !TEMPORARY.contains(code) {
                self.fault(format!("{}: refused with {code}, which is not temporary", account.name));
            }
        }
        if self.rules.keeps_connections {
            for visit in &account.visits {
                if let Some((_, code)) = visit.end {
                    self.fault(format!("{}: its connection was closed with {code}", account.name));
                }
            }
        }
    }

    /// Each connection was pushed every message from where its reading of the history ended, once, in order; and with
    /// the history everything was heard.
    fn judge_heard(&mut self, account: &Account, promised: &HashMap<&str, (Option<u64>, u64)>) {
        for target in &account.targets {
            let log = target.log_for(&account.name);
            let Some(entries) = self.logs.get(&log) else { continue };
            let mut early = HashSet::new();
            let mut heard = vec![false; entries.len()];
            let mut pushed: Vec<Vec<usize>> = vec![Vec::new(); account.visits.len()];
            for item in account.heard.iter().filter(|item| item.log == log) {
                match self.place_of(item, &log) {
                    Ok(place) => {
                        heard[place] = true;
                        if item.how == How::Push {
                            pushed[item.visit].push(place);
                        }
                    }
                    Err(fault) => {
                        let is_promised = promised.get(item.text.as_str()).is_some_and(|(seq, time)| {
                            *time == item.time && seq.is_none_or(|seq| seq == item.seq)
                        });
                        if is_promised || !self.rules.may_forget_unacknowledged {
                            self.fault(format!("{}: {fault}", account.name));
                        } else {
                            self.verdict.figures.forgotten += 1;
                            early.insert(item.text.as_str());
                        }
                    }
                }
            }
            // What another one said is to be heard; one's own and tips may be, and so may be what was heard before it was
            // forgotten and stored anew.
            let is_due = |entry: &Entry| {
                let said = entry.said.as_ref();
                said.is_some_and(|said| said.from != account.name && !early.contains(said.text.as_str()))
            };
            for (visit, places) in pushed.iter().enumerate() {
                let mut read = account.visits[visit].read.get(&log).map(|text| {
                    let place = text.as_deref().and_then(|text| self.index.get(text));
                    place.map_or(0, |(_, place)| place + 1)
                });
                if matches!(log, LogId::Pair(..)) && self.is_at_older(&account.visits[visit]) {
                    let first = places.first().copied().unwrap_or(entries.len());
                    for place in read.unwrap_or(first)..first {
                        if is_due(&entries[place]) && !heard[place] {
                            heard[place] = true;
                            self.verdict.figures.missed_at_older += 1;
                        }
                    }
                    read = None;
                }
                let is_last = account.visits[visit].end.is_none();
                for fault in gaps(places, read, is_last, entries, is_due) {
                    self.fault(format!("{}, connection {visit}, {log:?}: {fault}", account.name));
                }
            }
            for (entry, _) in entries.iter().zip(&heard).filter(|(entry, heard)| is_due(entry) && !**heard) {
                self.fault(format!("{}, {log:?}: never heard {entry:?}", account.name));
            }
        }
    }

    /// Whether a connection was begun at an instance while that was of an older version.
    fn is_at_older(&self, visit: &Visit) -> bool {
        let until = self.rules.older_until.get(visit.instance).copied().flatten();
        until.is_some_and(|until| visit.begun < until)
    }

    /// Everything that others said after a moment was pushed once.
    fn judge_heard_after(&mut self, account: &Account, accounts: &[Account], moment: Instant) {
        let mut pushed: HashMap<&str, usize> = HashMap::new();
        for item in account.heard.iter().filter(|item| item.how == How::Push) {
            *pushed.entry(item.text.as_str()).or_default() += 1;
        }
        let logs: Vec<LogId> = account.targets.iter().map(|target| target.log_for(&account.name)).collect();
        for other in accounts.iter().filter(|other| other.name != account.name) {
            for sent in &other.sent {
                let log = sent.target.log_for(&other.name);
                let is_due = sent.ack.is_some_and(|ack| ack.at > moment) && logs.contains(&log);
                let times = pushed.get(sent.text.as_str()).copied().unwrap_or(0);
                if is_due && times != 1 {
                    self.fault(format!(
                        "{}: {:?} in {log:?} was pushed {times} times",
                        account.name, sent.text
                    ));
                }
            }
        }
    }

    /// Where a message that was heard is stored, if it is the same there.
    fn place_of(&self, item: &Heard, log: &LogId) -> Result<usize, String> {
        let fault = || format!("heard what is not stored so: {item:?}");
        let (found, place) = self.index.get(item.text.as_str()).copied().ok_or_else(fault)?;
        let entry = &self.logs[found][place];
        let said = entry.said.as_ref().ok_or_else(fault)?;
        let is_number = matches!(log, LogId::Pair(..)) || item.seq == entry.place;
        let is_same = found == log && said.from == item.from && said.time == item.time && is_number;
        if is_same { Ok(place) } else { Err(fault()) }
    }

    fn measure(&mut self, account: &Account, begin: Instant, end: Instant) {
        let figures = &mut self.verdict.figures;
        figures.sent += account.sent.len();
        figures.acknowledged += account.sent.iter().filter(|sent| sent.ack.is_some()).count();
        figures.retried += account.sent.iter().filter(|sent| sent.tries > 1).count();
        for (_, code) in &account.refusals {
            *figures.refusals.entry(*code).or_default() += 1;
        }
        figures.reconnects += account.visits.len().saturating_sub(1);
        figures.slowest_answer = figures.slowest_answer.max(account.slowest);
        let (pushes, history): (Vec<&Heard>, Vec<&Heard>) =
            account.heard.iter().partition(|item| item.how == How::Push);
        figures.delivered += pushes.len();
        figures.from_history += history.len();
        let mut times: Vec<Instant> = account.heard.iter().map(|item| item.at).collect();
        times.retain(|at| (begin..end).contains(at));
        times.extend([begin, end]);
        times.sort();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        figures.longest_gap = figures.longest_gap.max(gaps.max().unwrap_or_default());
    }
}

/// What is wrong with the pushes of one connection. `read` is the place after the last that was read at its begin.
fn gaps(
    places: &[usize],
    read: Option<usize>,
    is_last: bool,
    entries: &[Entry],
    is_due: impl Fn(&Entry) -> bool,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut missing = |from: usize, to: usize| {
        let mut holes = entries.iter().take(to).skip(from).filter(|entry| is_due(entry));
        if let Some(first) = holes.next() {
            faults.push(format!("{} messages were not pushed, the first is {first:?}", 1 + holes.count()));
        }
    };
    // Where nothing was read there is no telling where the pushes have to begin.
    let mut next = read;
    for &place in places {
        if let Some(next) = next {
            missing(next, place);
        }
        // What was stored while the history was read may come both ways; from the first push on nothing is left out.
        next = Some(place + 1);
    }
    if let Some(next) = next.filter(|_| is_last) {
        missing(next, entries.len());
    }
    for pair in places.windows(2) {
        match pair[0].cmp(&pair[1]) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => faults.push(format!("pushed twice: {:?}", entries[pair[0]])),
            std::cmp::Ordering::Greater => {
                faults.push(format!("pushed {:?} after {:?}", entries[pair[1]], entries[pair[0]]));
            }
        }
    }
    faults
}

impl Verdict {
    /// Fails with the first of what is wrong.
    pub(crate) fn assert_good(&self, name: &str) {
        if self.faults.is_empty() {
            return;
        }
        let mut text = format!("{name}: {} faults; {}\n", self.faults.len(), self.figures);
        for fault in self.faults.iter().take(25) {
            let _ = writeln!(text, "  {fault}");
        }
        panic!("{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ack, Said, Sending, Target};

    const LOBBY: &str = "lobby";

    fn lobby() -> LogId {
        LogId::Group(LOBBY.to_owned())
    }

    /// Alice says three things in the lobby, Bob hears them.
    fn story() -> (Vec<Account>, Logs) {
        let now = Instant::now();
        let texts = ["alice 0", "alice 1", "alice 2"];
        let entry = |number: usize| Entry {
            place: number as u64 + 1,
            said: Some(Said { from: "alice".into(), text: texts[number].into(), time: 7 }),
        };
        let sent = |number: usize| Sending {
            target: Target::Group(LOBBY.into()),
            text: texts[number].into(),
            tries: 1,
            ack: Some(Ack { seq: Some(number as u64 + 1), time: 7, at: now }),
        };
        let heard = |number: usize| Heard {
            log: lobby(),
            from: "alice".into(),
            text: texts[number].into(),
            seq: number as u64 + 1,
            time: 7,
            how: How::Push,
            visit: 0,
            at: now,
        };
        let visit = || Visit { instance: 0, begun: now, read: HashMap::from([(lobby(), None)]), end: None };
        let account = |name: &str, sent, heard| Account {
            name: name.into(),
            targets: vec![Target::Group(LOBBY.into())],
            sent,
            heard,
            visits: vec![visit()],
            ..Account::default()
        };
        let alice = account("alice", (0..3).map(sent).collect(), Vec::new());
        let bob = account("bob", Vec::new(), (0..3).map(heard).collect());
        (vec![alice, bob], Logs::from([(lobby(), (0..3).map(entry).collect())]))
    }

    fn faults(accounts: &[Account], logs: &Logs, rules: Rules) -> Vec<String> {
        let now = Instant::now();
        judge(accounts, logs, rules, (now, now)).faults
    }

    #[track_caller]
    fn must_find(what: &str, change: impl FnOnce(&mut Vec<Account>, &mut Logs)) {
        let (mut accounts, mut logs) = story();
        change(&mut accounts, &mut logs);
        let faults = faults(&accounts, &logs, Rules::KEEP);
        assert!(faults.iter().any(|fault| fault.contains(what)), "{what}: {faults:#?}");
    }

    #[test]
    fn a_good_story_is_good() {
        let (accounts, logs) = story();
        assert_eq!(faults(&accounts, &logs, Rules::STRICT), [""; 0]);
    }

    #[test]
    fn what_is_stored_wrongly_is_found() {
        let log = lobby();
        must_find("was acknowledged with", |_, logs| {
            logs.get_mut(&log).unwrap().pop();
        });
        must_find("is stored twice", |_, logs| {
            let entries = logs.get_mut(&log).unwrap();
            entries.push(Entry { place: 4, ..entries[0].clone() });
        });
        must_find("stands at place", |_, logs| logs.get_mut(&log).unwrap()[2].place = 9);
        must_find("before what was said before it", |_, logs| {
            let entries = logs.get_mut(&log).unwrap();
            let said = entries[0].said.clone();
            entries[0].said = std::mem::replace(&mut entries[1].said, said);
        });
        must_find("nobody said", |_, logs| {
            let said = Said { from: "alice".into(), text: "alice 77".into(), time: 7 };
            logs.get_mut(&log).unwrap().push(Entry { place: 4, said: Some(said) });
        });
        must_find("was not acknowledged", |accounts, _| accounts[0].sent[1].ack = None);
    }

    #[test]
    fn what_is_pushed_wrongly_is_found() {
        must_find("1 messages were not pushed", |accounts, _| {
            accounts[1].heard.remove(1);
        });
        must_find("never heard", |accounts, _| {
            accounts[1].heard.remove(1);
        });
        must_find("1 messages were not pushed", |accounts, _| {
            accounts[1].heard.pop();
        });
        // What is read in the history afterwards is no push.
        must_find("1 messages were not pushed", |accounts, _| accounts[1].heard[1].how = How::History);
        must_find("pushed twice", |accounts, _| {
            let again = accounts[1].heard[1].clone();
            accounts[1].heard.insert(2, again);
        });
        must_find("after", |accounts, _| accounts[1].heard.swap(1, 2));
        must_find("not stored so", |accounts, _| accounts[1].heard[1].seq = 9);
        must_find("not stored so", |accounts, _| accounts[1].heard[1].time = 8);
    }

    #[test]
    fn what_a_client_may_not_meet_is_found() {
        let now = Instant::now();
        must_find("not temporary", |accounts, _| accounts[0].refusals.push((now, 10007)));
        must_find("an answer took", |accounts, _| accounts[0].slowest = Duration::from_secs(12));
        must_find("was closed", |accounts, _| accounts[0].visits[0].end = Some((now, 1006)));
    }

    #[test]
    fn a_new_connection_begins_where_the_history_was_read() {
        let (mut accounts, logs) = story();
        let bob = &mut accounts[1];
        bob.visits[0].end = Some((Instant::now(), 1006));
        // The second message came by the history after the reconnect, the third was pushed.
        let read = HashMap::from([(lobby(), Some("alice 1".to_owned()))]);
        bob.visits.push(Visit { instance: 1, begun: Instant::now(), read, end: None });
        bob.heard[1].how = How::History;
        (bob.heard[1].visit, bob.heard[2].visit) = (1, 1);
        assert_eq!(faults(&accounts, &logs, Rules::STRICT), [""; 0]);
        accounts[1].heard.pop();
        assert_eq!(faults(&accounts, &logs, Rules::STRICT).len(), 2);
    }

    #[test]
    fn what_was_not_promised_may_be_forgotten() {
        let rules = Rules { may_forget_unacknowledged: true, ..Rules::STRICT };
        let (mut accounts, logs) = story();
        let heard = &mut accounts[1].heard;
        let mut first = heard[1].clone();
        (first.seq, first.time) = (2, 6);
        heard.insert(1, first);
        assert_eq!(faults(&accounts, &logs, rules), [""; 0]);
        assert_eq!(faults(&accounts, &logs, Rules::STRICT).len(), 1);
        // It was heard once, though not under the number that it has now.
        accounts[1].heard.remove(2);
        assert_eq!(faults(&accounts, &logs, rules), [""; 0]);
        // What was acknowledged so has to be stored so.
        accounts[0].sent[1].ack.as_mut().unwrap().time = 6;
        assert!(!faults(&accounts, &logs, rules).is_empty());
    }

    /// Alice says three things to Bob, who hears but the last.
    fn a_talk_between_two() -> (Vec<Account>, Logs) {
        let (mut accounts, mut logs) = story();
        let pair = LogId::pair("alice", "bob");
        let entries = logs.remove(&lobby()).unwrap();
        logs.insert(pair.clone(), entries);
        accounts[0].targets = vec![Target::Peer("bob".into())];
        accounts[1].targets = vec![Target::Peer("alice".into())];
        for sent in &mut accounts[0].sent {
            sent.target = Target::Peer("bob".into());
            sent.ack.as_mut().unwrap().seq = None;
        }
        for account in &mut accounts {
            account.visits[0].read = HashMap::from([(pair.clone(), None)]);
        }
        accounts[1].heard.iter_mut().for_each(|heard| heard.log = pair.clone());
        accounts[1].heard.drain(..2);
        (accounts, logs)
    }

    #[test]
    fn what_an_older_version_may_miss_is_counted_there_alone() {
        let (mut accounts, logs) = a_talk_between_two();
        assert_eq!(faults(&accounts, &logs, Rules::STRICT).len(), 3);
        let older = Some(Instant::now() + Duration::from_secs(1));
        let rules = Rules { older_until: [older, None, None], ..Rules::STRICT };
        let now = Instant::now();
        let verdict = judge(&accounts, &logs, rules, (now, now));
        assert_eq!((verdict.faults.len(), verdict.figures.missed_at_older), (0, 2));
        // At another instance, or after the older version, it is a fault.
        accounts[1].visits[0].instance = 1;
        assert_eq!(faults(&accounts, &logs, rules).len(), 3);
        let rules = Rules { older_until: [None, Some(now - Duration::from_secs(60)), None], ..Rules::STRICT };
        assert_eq!(faults(&accounts, &logs, rules).len(), 3);
        // What is missing in the middle is one everywhere.
        let (mut accounts, logs) = a_talk_between_two();
        let first = Heard { text: "alice 0".into(), seq: 1, ..accounts[1].heard[0].clone() };
        accounts[1].heard.insert(0, first);
        let rules = Rules { older_until: [older, None, None], ..Rules::STRICT };
        assert_eq!(faults(&accounts, &logs, rules).len(), 2);
    }

    #[test]
    fn what_may_be_lost_is_counted() {
        let (accounts, mut logs) = story();
        logs.get_mut(&lobby()).unwrap().pop();
        let now = Instant::now();
        let rules = Rules { may_lose_until: Some(Instant::now()), ..Rules::STRICT };
        let verdict = judge(&accounts, &logs, rules, (now, now));
        assert_eq!((verdict.faults.len(), verdict.figures.lost), (0, 1));
    }
}

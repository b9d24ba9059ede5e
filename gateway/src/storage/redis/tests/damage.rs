//! Keys that are gone, of another type, or behind: judged against what was acknowledged.

use super::*;
use crate::storage::conformance::ALL;
use crate::storage::{Committed, Expected};

/// What was acknowledged, and what was refused.
#[derive(Default)]
struct Ledger {
    acknowledged: Vec<(Seq, Bytes)>,
    refused: Vec<Batch>,
}

impl Ledger {
    async fn say(&mut self, engine: &Redis, batch: Batch) -> Result<Committed, CommitError> {
        let outcome = engine.commit(batch.clone()).await;
        match &outcome {
            Ok(committed) => {
                self.acknowledged.push((committed.entry().seq, batch.appends[0].bytes.clone()));
            }
            Err(_) => self.refused.push(batch),
        }
        outcome
    }

    /// All that was acknowledged is in the history, where it was said to be.
    async fn judge(&self, engine: &Redis, log: &Log) {
        let entries = engine.read(log, ALL).await.unwrap();
        for (seq, bytes) in &self.acknowledged {
            let found = entries.iter().filter(|entry| entry.seq == *seq).map(|entry| &entry.bytes);
            assert!(found.eq([bytes]), "{seq:?} was acknowledged: {entries:?}");
        }
    }
}

/// A message, as the short form of the script takes it and as the long one does.
fn forms() -> [fn(u64) -> Batch; 3] {
    let plain: fn(u64) -> Batch = |number| message("alice", number);
    let with_record: fn(u64) -> Batch = |number| {
        message("alice", number)
            .put(Key::new(Table::Read, "alice"), number.to_string())
            .index(Key::new(Table::Mention, "alice"), "")
    };
    let in_two_logs: fn(u64) -> Batch = |number| message("alice", number).append("other", "beside it");
    [plain, with_record, in_two_logs]
}

async fn started() -> (RedisServer, Redis) {
    let server = RedisServer::start(Nothing).await;
    let engine = engine_on(server.target(), Settings::default());
    (server, engine)
}

const HASH: &str = "timgate:{1/groom}:r";
const INDEX: &str = "timgate:{1/groom}:i";
const LOG: &str = "timgate:{1/groom}:t:log";
const OTHER_LOG: &str = "timgate:{1/groom}:t:other";
const TOKENS: &str = "timgate:{1/groom}:o:0";

/// Whatever the script meets, in whichever form the batch is written and however many come along: a refused batch has left
/// nothing, and is stored when it is sent again once the fault is mended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_another_type_refuses_and_acknowledges_nothing() {
    let (server, engine) = started().await;
    for form in forms() {
        for key in [HASH, INDEX, LOG, OTHER_LOG, TOKENS] {
            for together in [1, 5] {
                let mut ledger = Ledger::default();
                server.command::<()>("FLUSHALL").await;
                ledger.say(&engine, form(1)).await.unwrap();
                server.command::<i64>(&["EXISTS", key]).await;
                server.command::<i64>(&format!("COPY {key} kept")).await;
                server.command::<()>(&format!("SET {key} text")).await;
                let tickets: Vec<_> = (2..2 + together).map(|number| engine.submit(form(number))).collect();
                // Of another partition, in the same call.
                let beside = engine.submit(message_to("beside", "bob", 1));
                for (number, ticket) in (2..).zip(tickets) {
                    match ticket.await {
                        Ok(committed) => {
                            let bytes = form(number).appends[0].bytes.clone();
                            ledger.acknowledged.push((committed.entry().seq, bytes));
                        }
                        Err(CommitError::Storage(error)) => {
                            assert!(error.to_string().contains("WRONGTYPE"), "{key}: {error}");
                            ledger.refused.push(form(number));
                        }
                        Err(error) => panic!("{key}: {error}"),
                    }
                }
                beside.await.unwrap();
                // A second time: nothing was remembered of what was not stored.
                for refused in ledger.refused.clone() {
                    assert!(engine.commit(refused).await.is_err(), "{key}");
                }
                server.command::<i64>(&format!("DEL {key}")).await;
                server.command::<i64>(&format!("COPY kept {key}")).await;
                server.command::<i64>("DEL kept").await;
                for refused in std::mem::take(&mut ledger.refused) {
                    assert!(!ledger.say(&engine, refused).await.unwrap().repeated, "{key}");
                }
                ledger.judge(&engine, &room_log()).await;
                let all = entries(&engine).await.len() as u64;
                assert_eq!(all, 1 + together, "{key}: stored once");
            }
        }
    }
}

/// Memory is short: nothing is stored in half, and what is sent again when there is room is stored then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_memory_refuses_and_acknowledges_nothing() {
    let (server, engine) = started().await;
    for form in forms() {
        for together in [1, 5] {
            server.command::<()>("FLUSHALL").await;
            let mut ledger = Ledger::default();
            ledger.say(&engine, form(1)).await.unwrap();
            server.command::<()>("CONFIG SET maxmemory 1").await;
            for _ in 0..2 {
                let tickets: Vec<_> = (2..2 + together).map(|number| engine.submit(form(number))).collect();
                for ticket in tickets {
                    assert!(ticket.await.unwrap_err().to_string().contains("OOM"));
                }
            }
            assert_eq!(entries(&engine).await.len(), 1);
            server.command::<()>("CONFIG SET maxmemory 0").await;
            for number in 2..2 + together {
                assert!(!ledger.say(&engine, form(number)).await.unwrap().repeated);
            }
            ledger.judge(&engine, &room_log()).await;
        }
    }
}

/// The conversation's hash is gone, or says less than its log has, as after a version that wrote it first: the log goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_goes_on_behind_its_last_entry() {
    let (server, engine) = started().await;
    let faults = [format!("DEL {HASH}"), format!("HSET {HASH} llog 1-1000"), format!("DEL {HASH} {TOKENS}")];
    for form in forms() {
        for fault in &faults {
            for together in [1, 5] {
                server.command::<()>("FLUSHALL").await;
                let mut ledger = Ledger::default();
                for number in 1..=3 {
                    ledger.say(&engine, form(number)).await.unwrap();
                }
                server.command::<()>(fault).await;
                if fault.starts_with("DEL") {
                    let end = engine.log_end(&room_log()).await.unwrap();
                    assert_eq!(end.seq, Seq(3), "what was said can be read");
                }
                let tickets: Vec<_> = (4..4 + together).map(|number| engine.submit(form(number))).collect();
                for (number, ticket) in (4..).zip(tickets) {
                    let committed = ticket.await.unwrap();
                    assert_eq!((committed.entry().seq, committed.repeated), (Seq(number), false), "{fault}");
                    let again = engine.commit(form(number)).await.unwrap();
                    assert_eq!((again.entry(), again.repeated), (committed.entry(), true), "{fault}");
                    ledger.acknowledged.push((Seq(number), form(number).appends[0].bytes.clone()));
                }
                ledger.judge(&engine, &room_log()).await;
                assert_eq!(engine.log_end(&room_log()).await.unwrap().seq, Seq(3 + together));
            }
        }
    }
}

/// All entries were trimmed when the hash went: no number is given a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_an_empty_log_are_not_given_again() {
    let (server, engine) = started().await;
    for number in 1..=3 {
        engine.commit(message("alice", number)).await.unwrap();
    }
    engine.trim(&room_log(), Seq(4)).await.unwrap();
    server.command::<()>(&format!("DEL {HASH}")).await;
    assert_eq!(engine.commit(message("alice", 4)).await.unwrap().entry().seq, Seq(4));
}

/// What was said is lost when the stream goes, and nothing else: the numbering goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_entries_are_gone_goes_on() {
    let (server, engine) = started().await;
    for number in 1..=3 {
        engine.commit(message("alice", number)).await.unwrap();
    }
    server.command::<()>(&format!("DEL {LOG}")).await;
    assert_eq!(engine.commit(message("alice", 4)).await.unwrap().entry().seq, Seq(4));
    assert_eq!(entries(&engine).await.len(), 1);
}

/// A log that can take no more refuses, and the token is not kept for what it refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_log_refuses_is_refused_again() {
    let (server, engine) = started().await;
    server.command::<String>(&format!("XADD {LOG} 18446744073709551615-18446744073709551615 b x")).await;
    for form in forms() {
        for _ in 0..2 {
            let tickets: Vec<_> = (1..4).map(|number| engine.submit(form(number))).collect();
            let beside = engine.submit(message_to("beside", "bob", 1));
            for ticket in tickets {
                assert!(matches!(ticket.await, Err(CommitError::Storage(_))));
            }
            beside.await.unwrap();
        }
        assert_eq!(server.command::<i64>(&format!("EXISTS {TOKENS}")).await, 0);
        assert_eq!(server.command::<i64>(&format!("EXISTS {HASH}")).await, 0);
    }
}

/// What cannot be announced is stored all the same, and acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_announced_is_acknowledged() {
    let (server, _) = started().await;
    server.command::<()>("ACL SETUSER mute on >secret ~* resetchannels +@all").await;
    let url = format!("redis://mute:secret@{}", server.address());
    let engine = engine_on(Target::parse(&url).unwrap(), Settings::default());
    let mut ledger = Ledger::default();
    for form in forms() {
        for number in 1..=2 {
            ledger.say(&engine, form(number)).await.unwrap();
        }
        server.command::<()>("FLUSHALL").await;
        ledger.acknowledged.clear();
        let elsewhere = form(3).announce(Topic::User(AppId(1), user("bob")), nothing(1));
        ledger.say(&engine, elsewhere).await.unwrap();
        ledger.judge(&engine, &room_log()).await;
        server.command::<()>("FLUSHALL").await;
        ledger.acknowledged.clear();
    }
}

/// A purge that meets a key of another type has deleted nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_deletes_all_or_nothing() {
    let (server, engine) = started().await;
    let key = Key::new(Table::Member, "alice");
    engine.commit(said("one").put(key.clone(), "")).await.unwrap();
    for key in [INDEX, HASH] {
        server.command::<()>(&format!("RENAME {key} kept")).await;
        server.command::<()>(&format!("SET {key} text")).await;
        let refused = engine.purge(&group("room"), &[Table::Member], "log".into()).await;
        assert!(refused.unwrap_err().to_string().contains("WRONGTYPE"));
        server.command::<()>(&format!("RENAME kept {key}")).await;
    }
    assert_eq!(entries(&engine).await.len(), 1);
    assert_eq!(engine.log_end(&room_log()).await.unwrap().seq, Seq(1));
    let unchanged = message("bob", 1).check(key, Expected::Present);
    engine.commit(unchanged).await.unwrap();
}

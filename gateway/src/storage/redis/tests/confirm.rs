//! Acknowledged by replicas.

use super::*;

const START: Duration = Duration::from_secs(20);

async fn replica_of(master: &RedisServer) -> RedisServer {
    let follow = format!("127.0.0.1 {}", master.port);
    let replica = RedisServer::start_with(Nothing, &["--replicaof", &follow]).await;
    let connection = master.connect().await.unwrap();
    // It is there some time before it says what it has.
    eventually(START, "the replica follows", async || {
        let mut connection = connection.clone();
        redis::cmd("SET").arg("a").arg("b").exec_async(&mut connection).await.unwrap();
        redis::cmd("WAIT").arg(1).arg(100).query_async::<u64>(&mut connection).await.unwrap() == 1
    })
    .await;
    replica
}

fn confirmed(target: Target) -> Arc<Redis> {
    let settings =
        Settings { wait_replicas: 1, wait_timeout: Duration::from_millis(1500), ..Settings::default() };
    Arc::new(engine_on(target, settings))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_acknowledged_when_a_replica_has_it() {
    let master = RedisServer::start_with(Nothing, &["--repl-diskless-sync-delay", "0"]).await;
    let replica = replica_of(&master).await;
    let engine = confirmed(master.target());
    let commits: Vec<_> = (0..500u32).map(|number| engine.submit(said(number.to_string()))).collect();
    for commit in commits {
        commit.await.unwrap();
    }
    let stats: String = master.command("INFO commandstats").await;
    let waits = stats.lines().find_map(|line| line.strip_prefix("cmdstat_wait:calls=")).unwrap();
    let waits: u64 = waits.split(',').next().unwrap().parse().unwrap();
    assert!(waits < 250, "{waits}: batches that come together share one");

    replica.pause();
    let outcome = engine.commit(said("alone").idempotency_key("token")).await;
    assert!(matches!(outcome, Err(CommitError::Storage(StorageError::TimedOut { .. }))), "{outcome:?}");
    // It is stored where reads see it, but a repetition is no better confirmed.
    assert_eq!(entries(&*engine).await.len(), 501);
    let again = engine.commit(said("alone").idempotency_key("token")).await;
    assert!(matches!(again, Err(CommitError::Storage(StorageError::TimedOut { .. }))), "{again:?}");
    let error = engine.health().await.unwrap_err().to_string();
    assert!(error.contains("too few replicas"), "{error}");
    // What is refused changes nothing that could be lost.
    let refused = said("").check(Key::new(Table::Member, "none"), crate::storage::Expected::Present);
    let refused = engine.commit(refused).await;
    assert!(matches!(refused, Err(CommitError::Conflict(0))), "{refused:?}");

    replica.resume();
    eventually(START, "the replica is back", async || {
        engine.commit(said("alone").idempotency_key("token")).await.is_ok_and(|committed| committed.repeated)
    })
    .await;
    engine.health().await.unwrap();
    assert_eq!(entries(&*engine).await.len(), 501);
}

/// The master dies while batches are stored; the replica that takes over has all that were acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_replica_has_what_was_acknowledged() {
    let mut sentinels = Sentinels::start().await;
    let engine = confirmed(sentinels.target());
    let writers: Vec<_> = (0..8)
        .map(|name| {
            let engine = engine.clone();
            tokio::spawn(async move {
                let mut stored = Vec::new();
                for number in 0.. {
                    let bytes = Bytes::from(format!("{name} {number}"));
                    match engine.commit(said(bytes.clone()).idempotency_key(bytes.clone())).await {
                        Ok(committed) => stored.push((committed.entry().seq, bytes)),
                        Err(_) => break,
                    }
                }
                stored
            })
        })
        .collect();
    eventually(START, "messages are stored", async || {
        engine.log_end(&room_log()).await.is_ok_and(|end| end.seq.0 > 500)
    })
    .await;
    sentinels.master.kill().await;
    sentinels.promoted().await;
    let found =
        eventually(START, "the new master is found", async || engine.log_end(&room_log()).await.is_ok());
    found.await;

    let entries = engine.read(&room_log(), crate::storage::conformance::ALL).await.unwrap();
    for writer in writers {
        for (seq, bytes) in writer.await.unwrap() {
            assert_eq!(entries[seq.0 as usize - 1].bytes, bytes, "{seq}");
        }
    }
    // Writes go on where nobody asks for replicas, of which there is none now.
    let engine = engine_on(sentinels.target(), Settings::default());
    engine.commit(said("after")).await.unwrap();
}

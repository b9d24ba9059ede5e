//! Connections that break, servers that hang, die, refuse.

use super::*;

fn start(server: &RedisServer) -> Arc<Redis> {
    Arc::new(engine_on(server.target(), Settings::default()))
}

/// Stores `count` entries, one after another, each as often as it takes, under a token of its own.
fn writer(engine: &Arc<Redis>, name: usize, count: usize) -> tokio::task::JoinHandle<Vec<(u64, Bytes)>> {
    let engine = engine.clone();
    tokio::spawn(async move {
        let mut stored = Vec::new();
        for number in 0..count {
            let bytes = Bytes::from(format!("{name} {number}"));
            loop {
                match engine.commit(said(bytes.clone()).idempotency_key(bytes.clone())).await {
                    Ok(committed) => break stored.push((committed.entry().seq.0, bytes)),
                    Err(CommitError::Storage(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
        stored
    })
}

/// All that was acknowledged is there, where it was said to be, and nothing else.
async fn assert_whole(engine: &Redis, writers: Vec<tokio::task::JoinHandle<Vec<(u64, Bytes)>>>) {
    let mut stored = Vec::new();
    for writer in writers {
        let by_one = writer.await.unwrap();
        assert!(by_one.is_sorted());
        stored.extend(by_one);
    }
    stored.sort_unstable();
    assert!(stored.iter().map(|(seq, _)| *seq).eq(1..=stored.len() as u64));
    let expected: Vec<_> = stored.into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(entries(engine).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_one_command() {
    let server = RedisServer::start(Nothing).await;
    let engine = quiet_engine_on(server.target());
    engine.commit(said("first").put(Key::new(Table::Group, "1"), "{}")).await.unwrap();
    let version = engine.get(&group("room"), &[Key::new(Table::Group, "1")]).await.unwrap().remove(0);
    let unchanged = crate::storage::Expected::Version(version.unwrap().version);
    server.command::<()>("CONFIG RESETSTAT").await;
    for number in 1..=50 {
        let message = message("alice", number).check(Key::new(Table::Group, "1"), unchanged);
        engine.commit(message).await.unwrap();
    }
    let stats: String = server.command("INFO commandstats").await;
    let calls = |name: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.map_or(0, |line| line.split(',').next().unwrap().parse::<u64>().unwrap())
    };
    assert_eq!(calls("evalsha"), 50, "{stats}");
    // What the script does with one message.
    for once in ["hsetnx", "hset", "xadd", "spublish"] {
        assert_eq!(calls(once), 50, "{once}: {stats}");
    }
    assert_eq!(calls("hmget"), 51, "what is checked is looked at once: {stats}");
    assert_eq!(calls("pexpire"), 1, "{stats}");
    let ours = ["evalsha", "hmget", "hsetnx", "pexpire", "hset", "xadd", "spublish", "ping"];
    let theirs = ["config|resetstat", "info", "hello", "client|setinfo", "auth", "select"];
    for line in stats.lines().filter_map(|line| line.strip_prefix("cmdstat_")) {
        let name = line.split(':').next().unwrap();
        assert!(ours.contains(&name) || theirs.contains(&name), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_lose_nothing_and_double_nothing() {
    let server = RedisServer::start(Nothing).await;
    let engine = start(&server);
    let writers: Vec<_> = (0..8).map(|name| writer(&engine, name, 400)).collect();
    let mut kills = 0;
    while !writers.iter().all(|writer| writer.is_finished()) {
        kills += server.command::<u64>("CLIENT KILL TYPE normal").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(kills >= 3, "{kills}");
    assert_whole(&engine, writers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_has_what_was_acknowledged() {
    let mut server = RedisServer::start(EveryWrite).await;
    let engine = start(&server);
    let writers: Vec<_> = (0..8).map(|name| writer(&engine, name, 100)).collect();
    for _ in 0..3 {
        let before = engine.log_end(&room_log()).await.unwrap().seq;
        eventually(Duration::from_secs(20), "messages are stored", async || {
            engine.log_end(&room_log()).await.is_ok_and(|end| end.seq.0 > before.0 + 20)
        })
        .await;
        server.kill().await;
        server.begin().await;
    }
    assert_whole(&engine, writers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgotten_scripts_are_loaded_again() {
    let server = RedisServer::start(Nothing).await;
    let engine = start(&server);
    let mut seq = 0;
    for _ in 0..3 {
        // Those that are sent back keep their order.
        let commits: Vec<_> = (0..300).map(|_| engine.submit(said(""))).collect();
        for commit in commits {
            seq += 1;
            assert_eq!(commit.await.unwrap().entry().seq, Seq(seq));
        }
        server.command::<()>("SCRIPT FLUSH").await;
    }
    let scan =
        Scan { table: Table::Member, prefix: Bytes::new(), after: None, skip: 0, limit: 1, reverse: false };
    assert!(engine.scan(&group("room"), scan).await.unwrap().is_empty());
    assert_eq!(entries(&*engine).await.len(), 900);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_keeps_nobody_waiting_and_is_found_again() {
    let server = RedisServer::start(Nothing).await;
    let engine = start(&server);
    engine.commit(said("before")).await.unwrap();
    server.pause();
    let (begun, log) = (Instant::now(), room_log());
    let at_once = tokio::join!(engine.commit(said("during")), engine.log_end(&log),);
    assert!(at_once.0.is_err() && at_once.1.is_err(), "{at_once:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let health = engine.health().await.unwrap_err().to_string();
    assert!(health.contains(&server.address().to_string()), "{health}");
    // Now that the connection counts as broken.
    let begun = Instant::now();
    let refused = engine.commit(said("later")).await.unwrap_err().to_string();
    assert!(refused.contains("no connection to redis"), "{refused}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    server.resume();
    let begun = Instant::now();
    engine.commit(said("after")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    engine.health().await.unwrap();
    let entries = entries(&*engine).await;
    assert_eq!((&entries[0][..], &entries[entries.len() - 1][..]), (&b"before"[..], &b"after"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_named() {
    let mut server = RedisServer::start_with(Nothing, &["--requirepass", "top-secret"]).await;
    let engine = start(&server);
    engine.health().await.unwrap();
    server.kill().await;
    let error = engine.health().await.unwrap_err().to_string();
    let begin = format!("probe: no connection to redis {} since", server.address());
    assert!(error.starts_with(&begin), "{error}");
    assert!(!error.contains("top-secret"), "{error}");
    server.begin().await;
    engine.commit(said("again")).await.unwrap();
    engine.health().await.unwrap();
}

/// A refused batch is refused whole, and the words of the server reach the operator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_told_in_words() {
    let server = RedisServer::start(Nothing).await;
    let engine = start(&server);
    engine.commit(said("1").put(Key::new(Table::Member, "gone"), "")).await.unwrap();
    let whole = || {
        said("2")
            .idempotency_key("token")
            .delete(Key::new(Table::Member, "gone"))
            .announce(room(), nothing(1))
    };
    let cases = [
        ("maxmemory 1", "OOM", "maxmemory 0"),
        ("min-replicas-to-write 1", "NOREPLICAS", "min-replicas-to-write 0"),
    ];
    for (fault, word, mend) in cases {
        server.command::<()>(&format!("CONFIG SET {fault}")).await;
        for error in [
            engine.commit(whole()).await.unwrap_err().to_string(),
            engine.health().await.unwrap_err().to_string(),
        ] {
            assert!(error.contains(word), "{error}");
        }
        server.command::<()>(&format!("CONFIG SET {mend}")).await;
        let gone = engine.get(&group("room"), &[Key::new(Table::Member, "gone")]).await.unwrap();
        assert!(gone[0].is_some(), "nothing was done");
        assert_eq!(entries(&*engine).await.len(), 1);
    }
    assert!(!engine.commit(whole()).await.unwrap().repeated);
}

/// While Redis does not answer, what waits for it does not grow beyond a bound; what was taken is stored all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_has_a_bound() {
    let server = RedisServer::start(Nothing).await;
    let engine = engine_on(server.target(), Settings { most_waiting: 64 << 10, ..Settings::default() });
    engine.commit(said("before")).await.unwrap();
    server.pause();
    let tickets: Vec<_> = (0..200).map(|_| engine.submit(said(vec![b'x'; 1024]))).collect();
    let large = engine.submit(said(vec![b'x'; 1 << 20]));
    assert!(matches!(large.await, Err(CommitError::Storage(_))));
    server.resume();
    let mut taken = 0;
    for ticket in tickets {
        match ticket.await {
            Ok(committed) => {
                taken += 1;
                assert_eq!(
                    committed.entry().seq,
                    Seq(taken + 1),
                    "none is missing between those that were taken"
                );
            }
            Err(error) => assert_eq!(error.to_string(), "commit: 64 KiB already wait to be stored"),
        }
    }
    assert!((40..64).contains(&taken), "{taken}");
    assert_eq!(engine.commit(said(vec![b'x'; 1024])).await.unwrap().entry().seq, Seq(taken + 2));
}

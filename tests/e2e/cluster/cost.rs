//! What a message costs Redis: one round trip.

use std::collections::BTreeMap;

use tests::{Persistence, RedisServer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::load::{Fleet, say};

const MESSAGES: usize = 200;

/// What instances say to Redis also when nobody says anything: whether it is there, which events of a topic were the
/// last (once in a while for each topic that is followed), and that the instance lives.
const IDLE: [&str; 9] =
    ["ping", "subscribe", "ssubscribe", "hmget", "hget", "set", "eval", "evalsha_ro", "info"];

/// Everything that clients ask of a server, line by line.
struct Monitor {
    lines: BufReader<TcpStream>,
}

impl Monitor {
    async fn begin(redis: &RedisServer) -> Self {
        let mut stream = TcpStream::connect(redis.address()).await.unwrap();
        stream.write_all(b"MONITOR\r\n").await.unwrap();
        let mut monitor = Self { lines: BufReader::new(stream) };
        assert_eq!(monitor.line().await, "+OK");
        monitor
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(tests::DEADLINE, self.lines.read_line(&mut line)).await.expect("a line in time").unwrap();
        line.trim_end().to_owned()
    }

    /// The lines up to the one that has `mark` in it.
    async fn until(mut self, mark: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            if line.contains(mark) {
                return lines;
            }
            lines.push(line);
        }
    }
}

/// The command of a line, and whether a script asked for it rather than a client.
fn command(line: &str) -> Option<(String, bool)> {
    let (head, rest) = line.split_once("] ")?;
    let name = rest.split('"').nth(1)?.to_lowercase();
    Some((name, head.ends_with(" lua")))
}

/// How often each command was carried out, those of scripts included.
async fn statistics(redis: &RedisServer) -> BTreeMap<String, u64> {
    let text: String = redis.command(&["INFO", "commandstats"]).await;
    let line = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_message_is_one_round_trip() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let (alice, bob) = (fleet.user(0, "alice", 1).await, fleet.user(1, "bob", 2).await);
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    // What is asked once is asked before.
    for number in 0..5 {
        let text = format!("before {number}");
        alice.send_text(&group, &text).await;
        bob.expect_message(&group, &text).await;
    }

    let before = statistics(&redis).await;
    let monitor = Monitor::begin(&redis).await;
    for number in 0..MESSAGES {
        alice.send_text(&group, &format!("text {number}")).await;
    }
    bob.expect_message(&group, &format!("text {}", MESSAGES - 1)).await;
    let after = statistics(&redis).await;
    let _: String = redis.command(&["ECHO", "the end of the sample"]).await;
    let lines = monitor.until("the end of the sample").await;

    let mut asked: BTreeMap<String, u64> = BTreeMap::new();
    for (name, by_script) in lines.iter().filter_map(|line| command(line)) {
        if !by_script {
            *asked.entry(name).or_default() += 1;
        }
    }
    let of_the_test = ["info", "echo", "client", "hello", "monitor"];
    asked.retain(|name, _| !of_the_test.contains(&name.as_str()));
    let scripts = after["evalsha"] - before["evalsha"];
    say(&format!("{MESSAGES} group messages: {scripts} EVALSHA; all that instances asked: {asked:?}"));
    let sample: Vec<&String> =
        lines.iter().filter(|line| line.contains("text 100") || line.contains("text 101")).collect();
    for line in sample.iter().take(2) {
        say(&format!("MONITOR: {}", line.chars().take(160).collect::<String>()));
    }
    assert_eq!(scripts, MESSAGES as u64, "one script for each message");
    assert_eq!(asked["evalsha"], MESSAGES as u64);
    for (name, count) in asked.iter().filter(|(name, _)| *name != "evalsha") {
        assert!(IDLE.contains(&name.as_str()), "{count} times {name} besides");
        // What is done in idle times does not grow with the messages.
        assert!(*count < MESSAGES as u64 / 10, "{count} times {name} besides");
    }
}

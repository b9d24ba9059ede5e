//! A `redis-server` on a core of its own, and what it has spent.

use std::time::Duration;

use gateway::redis::Target;
use test_servers::{Persistence, RedisServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(crate) struct Server(RedisServer);

impl Server {
    /// A server that keeps nothing on disk.
    pub(crate) async fn start() -> Self {
        let server = RedisServer::start(Persistence::Nothing).await;
        let pid = server.id().to_string();
        let pinned = std::process::Command::new("taskset").args(["-a", "-p", "-c", "0", &pid]).output();
        assert!(pinned.expect("taskset is installed").status.success(), "the server gets its core");
        Self(server)
    }

    pub(crate) fn target(&self) -> Target {
        Target::parse(&self.0.url()).expect("an address")
    }

    /// What all of its threads have spent since it started.
    pub(crate) fn cpu(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).expect("it runs");
        let spent = |thread: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse().ok()
        };
        Duration::from_nanos(threads.filter_map(spent).sum())
    }

    /// Calls of scripts so far.
    pub(crate) async fn calls(&self) -> u64 {
        let calls = self.0.info("commandstats", "cmdstat_evalsha").await;
        calls.and_then(|calls| number(calls.strip_prefix("calls=")?)).unwrap_or(0)
    }

    /// Bytes in use.
    pub(crate) async fn memory(&self) -> i64 {
        let used = self.0.info("memory", "used_memory").await;
        used.and_then(|used| number(&used)).expect("it says so") as i64
    }

    /// A connection that is subscribed to sharded channels and reads what comes.
    pub(crate) async fn subscribe(&self, channels: &[&[u8]]) -> JoinHandle<()> {
        let mut stream = self.connect().await;
        let mut command = format!("*{}\r\n$10\r\nSSUBSCRIBE\r\n", channels.len() + 1).into_bytes();
        for channel in channels {
            command.extend_from_slice(format!("${}\r\n", channel.len()).as_bytes());
            command.extend_from_slice(channel);
            command.extend_from_slice(b"\r\n");
        }
        stream.write_all(&command).await.expect("written");
        tokio::spawn(async move {
            let mut scratch = vec![0; 1 << 16];
            while stream.read(&mut scratch).await.is_ok_and(|count| count > 0) {}
        })
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.0.address()).await.expect("the server accepts")
    }
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

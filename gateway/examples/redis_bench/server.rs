//! A `redis-server` on a core of its own, and what it has spent.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gateway::redis::Target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// A server that keeps nothing on disk.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let mut process = Command::new("taskset")
            .args(["-c", "0", "redis-server", "--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset and redis-server are installed");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        while !lines.next().expect("the server starts").expect("text").contains("Ready to accept") {}
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, port }
    }

    pub(crate) fn target(&self) -> Target {
        Target::parse(&format!("redis://127.0.0.1:{}", self.port)).expect("an address")
    }

    /// What all of its threads have spent since it started.
    pub(crate) fn cpu(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("it runs");
        let spent = |thread: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse().ok()
        };
        Duration::from_nanos(threads.filter_map(spent).sum())
    }

    /// Calls of scripts so far.
    pub(crate) async fn calls(&self) -> u64 {
        self.info("commandstats", "cmdstat_evalsha:calls=").await.unwrap_or(0)
    }

    /// Bytes in use.
    pub(crate) async fn memory(&self) -> i64 {
        self.info("memory", "used_memory:").await.expect("it says so") as i64
    }

    /// The number behind a name in a section of `INFO`.
    async fn info(&self, section: &str, name: &str) -> Option<u64> {
        let mut stream = self.connect().await;
        let command = format!("INFO {section}\r\nQUIT\r\n");
        stream.write_all(command.as_bytes()).await.expect("written");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("read");
        let rest = text.split(name).nth(1)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
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
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("the server accepts")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

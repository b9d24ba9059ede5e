//! Real Redis servers of a test, on free ports of this machine.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, Value};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::DEADLINE;
use crate::process::{Process, Signal, free_port};

/// How often is asked whether a server has come as far as a test needs it.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// What a server writes down before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// Nothing: a restart begins empty.
    Nothing,
    /// The append-only file, synced before each answer.
    EveryWrite,
    /// The append-only file, synced once a second: what was answered in the last second may be lost.
    EverySecond,
}

impl Persistence {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Persistence::Nothing => &["--appendonly", "no"],
            Persistence::EveryWrite => &["--appendonly", "yes", "--appendfsync", "always"],
            Persistence::EverySecond => &["--appendonly", "yes", "--appendfsync", "everysec"],
        }
    }
}

/// One server. It keeps its port and its directory over restarts.
pub struct RedisServer {
    pub port: u16,
    arguments: Vec<String>,
    directory: TempDir,
    process: Option<Process>,
}

impl RedisServer {
    pub async fn start(persistence: Persistence) -> Self {
        Self::start_with(persistence, &[]).await
    }

    /// A server with further settings, each as on its command line.
    pub async fn start_with(persistence: Persistence, further: &[&str]) -> Self {
        let port = free_port();
        let mut arguments: Vec<String> =
            ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""].map(str::to_owned).into();
        // A replica is served at once, rather than after some seconds in which others might come too.
        arguments.extend(["--repl-diskless-sync-delay", "0"].map(str::to_owned));
        arguments.extend(persistence.arguments().iter().chain(further).map(|text| (*text).to_owned()));
        let mut server = Self { port, arguments, directory: tempfile::tempdir().unwrap(), process: None };
        server.begin().await;
        server
    }

    /// A server with a settings file in its directory, which the program itself may rewrite.
    pub(crate) async fn start_on_file(port: u16, file: &str, further: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("redis.conf");
        std::fs::write(&path, file).unwrap();
        let mut arguments = vec![path.to_str().unwrap().to_owned()];
        arguments.extend(further.iter().map(|text| (*text).to_owned()));
        let mut server = Self { port, arguments, directory, process: None };
        server.begin().await;
        server
    }

    /// Starts it again on its port and directory, and waits until it has read its data.
    pub async fn begin(&mut self) {
        self.begin_with(&[]).await;
    }

    pub async fn begin_with(&mut self, further: &[&str]) {
        assert!(self.process.is_none(), "the server runs already");
        let mut command = Command::new("redis-server");
        command.args(&self.arguments).arg("--dir").arg(self.directory.path()).args(further);
        self.process = Some(Process::start(&format!("redis-server {}", self.port), &mut command));
        self.until("it answers", async || {
            let pong = self.try_command::<String>(&["PING"]).await;
            pong.is_ok_and(|pong| pong == "PONG")
        })
        .await;
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("the server runs")
    }

    /// Ends it with SIGKILL.
    pub async fn kill(&mut self) {
        self.process.take().expect("the server runs").kill().await;
    }

    /// It stands still, and its connections stay.
    pub fn pause(&self) {
        self.process().signal(Signal::STOP);
    }

    /// It goes on after a pause.
    pub fn resume(&self) {
        self.process().signal(Signal::CONT);
    }

    /// A connection for the test itself.
    pub async fn connect(&self) -> Result<MultiplexedConnection, redis::RedisError> {
        // On a busy machine everything takes its time; who wants an answer sooner says so.
        let patience = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE));
        redis::Client::open(self.url())?.get_multiplexed_async_connection_with_config(&patience).await
    }

    /// Carries out one command on a connection of its own.
    pub async fn try_command<T: FromRedisValue>(&self, words: &[&str]) -> Result<T, redis::RedisError> {
        let mut connection = self.connect().await?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut connection).await
    }

    pub async fn command<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let answer = timeout(DEADLINE, self.try_command(words)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{words:?}: no answer in time"));
        answer.unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// The value of a line `name:value` of `INFO section`.
    pub async fn info(&self, section: &str, name: &str) -> Option<String> {
        let text: String = self.try_command(&["INFO", section]).await.ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned))
    }

    /// Waits until `is_so`.
    pub async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let wait = async {
            while !is_so().await {
                if let Some(status) = self.process.as_ref().and_then(Process::status) {
                    panic!("redis-server {} ended with {status}:\n{}", self.port, self.process().log());
                }
                sleep(LOOK_EVERY).await;
            }
        };
        if timeout(DEADLINE, wait).await.is_err() {
            let log = self.process.as_ref().map(Process::log).unwrap_or_default();
            panic!("redis-server {}: {what}: not in time; it said:\n{log}", self.port);
        }
    }

    /// Ends client connections of a type, or of all types but this one's own.
    pub async fn kill_clients(&self, kind: Option<&str>) -> u64 {
        let words: &[&str] = match kind {
            Some(kind) => &["CLIENT", "KILL", "TYPE", kind],
            None => &["CLIENT", "KILL", "SKIPME", "yes"],
        };
        match self.command(words).await {
            Value::Int(count) => u64::try_from(count).unwrap(),
            other => panic!("{words:?}: {other:?}"),
        }
    }
}

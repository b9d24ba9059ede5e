//! One Redis server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult, TlsCertificates, Value};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::tls::certify;
use crate::DEADLINE;
use crate::process::{Process, Signal, free_port};

/// How often is asked whether a server has come as far as a test needs it.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// How often a start is tried when another program has the port.
const TRIES: usize = 5;

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

/// The words of a command: a list of them, or a text with spaces between them.
pub trait Words {
    fn command(&self) -> Cmd;
}

impl Words for [&str] {
    fn command(&self) -> Cmd {
        let mut command = Cmd::new();
        self.iter().for_each(|word| {
            command.arg(*word);
        });
        command
    }
}

impl<const N: usize> Words for [&str; N] {
    fn command(&self) -> Cmd {
        self.as_slice().command()
    }
}

impl Words for str {
    fn command(&self) -> Cmd {
        self.split(' ').collect::<Vec<_>>().command()
    }
}

impl Words for String {
    fn command(&self) -> Cmd {
        self.as_str().command()
    }
}

/// One server. It keeps its port and its directory over restarts.
pub struct RedisServer {
    pub port: u16,
    arguments: Vec<String>,
    directory: TempDir,
    /// The certificate of the authority that signed its own; nothing when it speaks without TLS.
    authority: Option<PathBuf>,
    password: Option<String>,
    process: Option<Process>,
}

impl RedisServer {
    pub async fn start(persistence: Persistence) -> Self {
        Self::start_with(persistence, &[]).await
    }

    /// A server with further settings, each as on its command line.
    pub async fn start_with(persistence: Persistence, further: &[&str]) -> Self {
        Self::launch(tempfile::tempdir().unwrap(), None, |port| {
            let port = port.to_string();
            let own = ["--port", &port].into_iter().chain(persistence.arguments().iter().copied());
            own.chain(further.iter().copied()).map(str::to_owned).collect()
        })
        .await
    }

    /// A server that speaks TLS only, with a certificate for `127.0.0.1` and `localhost` that `ca.pem` in its directory
    /// has signed.
    pub async fn start_with_tls() -> Self {
        let directory = tempfile::tempdir().unwrap();
        certify(directory.path());
        let file = |name: &str| directory.path().join(name);
        let (authority, certificate, key) = (file("ca.pem"), file("server.pem"), file("server.key"));
        let files =
            [("--tls-ca-cert-file", &authority), ("--tls-cert-file", &certificate), ("--tls-key-file", &key)];
        let files: Vec<String> =
            files.iter().flat_map(|(name, file)| [(*name).to_owned(), file.display().to_string()]).collect();
        Self::launch(directory, Some(authority), |port| {
            let port = port.to_string();
            let mut arguments: Vec<String> =
                ["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"].map(str::to_owned).into();
            arguments.extend(files.iter().cloned());
            arguments
        })
        .await
    }

    /// A node of a cluster that is still to be made.
    pub(super) async fn start_node(further: &[&str]) -> Self {
        Self::launch(tempfile::tempdir().unwrap(), None, |port| {
            let (port, bus) = (port.to_string(), free_port().to_string());
            let own = ["--port", &port, "--cluster-enabled", "yes", "--cluster-port", &bus];
            own.into_iter().chain(further.iter().copied()).map(str::to_owned).collect()
        })
        .await
    }

    async fn launch(
        directory: TempDir,
        authority: Option<PathBuf>,
        arguments: impl Fn(u16) -> Vec<String>,
    ) -> Self {
        let mut server =
            Self { port: 0, arguments: Vec::new(), directory, authority, password: None, process: None };
        for _ in 0..TRIES {
            server.port = free_port();
            // A replica is served at once, rather than after some seconds in which others might come too.
            server.arguments = ["--bind", "127.0.0.1", "--save", "", "--repl-diskless-sync-delay", "0"]
                .map(str::to_owned)
                .into();
            server.arguments.extend(arguments(server.port));
            server.password = server.argument("--requirepass").map(str::to_owned);
            if server.attempt(&[]).await {
                return server;
            }
        }
        panic!("no port of this machine stays free for redis-server");
    }

    /// A sentinel, whose settings file it rewrites itself.
    pub(super) async fn start_sentinel(settings: impl Fn(u16) -> String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("redis.conf");
        let arguments = vec![path.to_str().unwrap().to_owned(), "--sentinel".to_owned()];
        let mut server =
            Self { port: 0, arguments, directory, authority: None, password: None, process: None };
        for _ in 0..TRIES {
            server.port = free_port();
            std::fs::write(&path, settings(server.port)).unwrap();
            if server.attempt(&[]).await {
                return server;
            }
        }
        panic!("no port of this machine stays free for a sentinel");
    }

    /// Starts it again on its port and directory, and waits until it has read its data.
    pub async fn begin(&mut self) {
        self.begin_with(&[]).await;
    }

    pub async fn begin_with(&mut self, further: &[&str]) {
        for _ in 0..TRIES {
            if self.attempt(further).await {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
        panic!("redis-server {} does not get its port again", self.port);
    }

    /// Starts it and waits until it answers. False when another program has the port.
    async fn attempt(&mut self, further: &[&str]) -> bool {
        assert!(self.process.is_none(), "the server runs already");
        let mut command = Command::new("redis-server");
        command.args(&self.arguments).arg("--dir").arg(self.directory.path()).args(further);
        self.process = Some(Process::start(&format!("redis-server {}", self.port), &mut command));
        self.until("it answers", async || {
            let pong = self.try_command::<String>("PING").await;
            self.is_refused_its_port() || pong.is_ok_and(|pong| pong == "PONG")
        })
        .await;
        if self.is_refused_its_port() {
            self.process = None;
            return false;
        }
        true
    }

    fn is_refused_its_port(&self) -> bool {
        let ended = self.process.as_ref().filter(|process| process.status().is_some());
        ended.is_some_and(|process| process.log().contains("Address already in use"))
    }

    /// The value of an argument that it was started with.
    pub(super) fn argument(&self, name: &str) -> Option<&str> {
        let place = self.arguments.iter().position(|argument| argument == name)?;
        self.arguments.get(place + 1).map(String::as_str)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub fn url(&self) -> String {
        let login = self.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        match &self.authority {
            None => format!("redis://{login}{}", self.address()),
            Some(authority) => format!("rediss://{login}{}?ca={}", self.address(), authority.display()),
        }
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("the server runs")
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process().id()
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
    pub async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        // On a busy machine everything takes its time; who wants an answer sooner says so.
        let patience = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE));
        let client = match &self.authority {
            None => Client::open(self.url())?,
            Some(authority) => {
                let root_cert = Some(std::fs::read(authority)?);
                let url = format!("rediss://{}", self.address());
                Client::build_with_tls(url, TlsCertificates { client_tls: None, root_cert })?
            }
        };
        client.get_multiplexed_async_connection_with_config(&patience).await
    }

    /// Carries out one command on a connection of its own.
    pub async fn try_command<T: FromRedisValue>(&self, words: &(impl Words + ?Sized)) -> RedisResult<T> {
        words.command().query_async(&mut self.connect().await?).await
    }

    pub async fn command<T: FromRedisValue>(&self, words: &(impl Words + ?Sized)) -> T {
        self.run(&words.command()).await
    }

    /// Carries out one command whose words need not be text; panics when it fails.
    pub async fn run<T: FromRedisValue>(&self, command: &Cmd) -> T {
        let answer = async { command.query_async(&mut self.connect().await?).await };
        let answer = timeout(DEADLINE, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{command:?}: no answer in time"));
        answer.unwrap_or_else(|error: redis::RedisError| panic!("{command:?}: {error}"))
    }

    /// The value of a line `name:value` of `INFO section`.
    pub async fn info(&self, section: &str, name: &str) -> Option<String> {
        let text: String = self.try_command(&["INFO", section]).await.ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned))
    }

    /// Waits until `is_so`.
    pub async fn until<F>(&self, what: &str, is_so: impl Fn() -> F)
    where
        F: Future<Output = bool>,
    {
        let wait = async {
            while !is_so().await {
                if let Some(status) = self.process.as_ref().and_then(Process::status)
                    && !self.is_refused_its_port()
                {
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

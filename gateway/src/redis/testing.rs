//! Starts real servers for tests, and ends them with the test.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{Address, Target};

const READY: &str = "Ready to accept connections";
const SENTINEL_READY: &str = "+monitor master main";

/// How long a server may take to be ready. A busy machine is slow, and nothing waits this long when all is well.
const START: Duration = Duration::from_secs(20);

/// Waits until something holds, looking every few milliseconds; panics with `what` when it does not in time.
pub(crate) async fn eventually<F>(limit: Duration, what: &str, mut holds: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let deadline = Instant::now() + limit;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A port of the loopback interface that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A running `redis-server` with a folder and a port of its own.
pub(crate) struct Server {
    process: Child,
    said: Arc<Mutex<Vec<String>>>,
    arguments: Vec<String>,
    /// What the server writes when it is ready.
    ready: &'static str,
    port: u16,
    dir: TempDir,
    tls: Option<PathBuf>,
    password: Option<String>,
}

impl Server {
    /// A server that keeps nothing over a restart.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// A server that has what it answered after a kill, too.
    pub(crate) fn with_aof() -> Self {
        Self::with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// A server with further options, as `redis-server` takes them.
    pub(crate) fn with(options: &[&str]) -> Self {
        let password = options.iter().position(|option| *option == "--requirepass");
        let password = password.map(|place| options[place + 1].to_owned());
        Self::launch(TempDir::new().unwrap(), options, None, password)
    }

    /// A server that speaks TLS only, with a certificate for `127.0.0.1` and `localhost`.
    pub(crate) fn with_tls(options: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let authority = certify(dir.path());
        Self::launch(dir, options, Some(authority), None)
    }

    fn launch(dir: TempDir, options: &[&str], tls: Option<PathBuf>, password: Option<String>) -> Self {
        // Somebody else may take the port between our look and the server's start.
        for _ in 0..5 {
            let port = free_port();
            let mut arguments = strings(&["--save", "", "--bind", "127.0.0.1", "--dir"]);
            arguments.push(dir.path().display().to_string());
            if tls.is_some() {
                let file = |name: &str| dir.path().join(name).display().to_string();
                arguments.extend(["--port".into(), "0".into(), "--tls-port".into(), port.to_string()]);
                arguments.extend(["--tls-cert-file".into(), file("server.pem")]);
                arguments.extend(["--tls-key-file".into(), file("server.key")]);
                arguments.extend(["--tls-ca-cert-file".into(), file("ca.pem")]);
                arguments.extend(strings(&["--tls-auth-clients", "no"]));
            } else {
                arguments.extend(["--port".into(), port.to_string()]);
            }
            if options.contains(&"--cluster-enabled") {
                arguments.extend(["--cluster-port".into(), free_port().to_string()]);
            }
            arguments.extend(strings(options));
            let said = Arc::default();
            if let Some(process) = spawn(&arguments, &said, READY) {
                return Self { process, said, arguments, ready: READY, port, dir, tls, password };
            }
        }
        panic!("no redis-server could be started");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> Address {
        Address::new("127.0.0.1", self.port)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn url(&self) -> String {
        let login = self.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        match &self.tls {
            None => format!("redis://{login}127.0.0.1:{}", self.port),
            Some(authority) => {
                format!("rediss://{login}127.0.0.1:{}?ca={}", self.port, authority.display())
            }
        }
    }

    pub(crate) fn target(&self) -> Target {
        Target::parse(&self.url()).unwrap()
    }

    /// A connection of the test's own, with long deadlines.
    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        self.try_connect().await.unwrap_or_else(|e| panic!("{e}; the server said {:#?}", self.said()))
    }

    async fn try_connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        let target = self.target();
        let client: Client = super::servers::client(&target, &self.address(), &target.login, 0);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(START))
            .set_response_timeout(Some(START));
        client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Sends one command; panics when it fails.
    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> T {
        let mut connection = self.connect().await;
        command.query_async(&mut connection).await.unwrap_or_else(|e| panic!("{e}"))
    }

    /// Sends one command, words separated by spaces; panics when it fails.
    pub(crate) async fn command<T: FromRedisValue>(&self, words: &str) -> T {
        let mut command = Cmd::new();
        words.split(' ').for_each(|word| {
            command.arg(word);
        });
        self.run(&command).await
    }

    /// The server hangs (`SIGSTOP`): connections stay open, nothing is answered.
    pub(crate) fn hang(&self) {
        self.signal(Signal::STOP);
    }

    /// The server goes on after [`Server::hang`].
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends the server at once (`SIGKILL`).
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts the server again, with the same port and folder, after [`Server::kill`].
    pub(crate) fn restart(&mut self) {
        // Connections of the past may hold the port for a moment.
        for _ in 0..50 {
            if let Some(process) = spawn(&self.arguments, &self.said, self.ready) {
                self.process = process;
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("redis-server did not start again: {:#?}", self.said());
    }

    /// The last lines that the server wrote.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Starts `redis-server` and waits for the line that says it is ready; nothing when it ended before.
fn spawn(arguments: &[String], said: &Arc<Mutex<Vec<String>>>, ready: &str) -> Option<Child> {
    let mut command = Command::new("redis-server");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().expect("redis-server 7 has to be installed for this test");
    let output = process.stdout.take().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let (said, ready) = (said.clone(), ready.to_owned());
    // Reads to the end, so that the server never waits for us.
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains(&ready) {
                let _ = tell.send(());
            }
            let mut said = said.lock().unwrap();
            if said.len() == 50 {
                said.remove(0);
            }
            said.push(line);
        }
    });
    if told.recv_timeout(START).is_ok() {
        return Some(process);
    }
    let _ = process.kill();
    let _ = process.wait();
    None
}

/// Writes an authority (`ca.pem`) and a server's certificate and key that it signed. The authority's path.
fn certify(dir: &Path) -> PathBuf {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "test authority");
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let path = dir.join("ca.pem");
    std::fs::write(&path, authority_pem).unwrap();
    std::fs::write(dir.join("server.pem"), certificate.pem()).unwrap();
    std::fs::write(dir.join("server.key"), key.serialize_pem()).unwrap();
    path
}

/// A cluster of three masters, the first three of `nodes`, each with a replica, three places behind it.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
}

impl Cluster {
    /// Starts the nodes, and waits until each of them sees a whole cluster.
    pub(crate) async fn start() -> Self {
        let options = [
            ("--cluster-enabled", "yes"),
            ("--cluster-node-timeout", "1000"),
            ("--cluster-replica-validity-factor", "0"),
            ("--cluster-allow-replica-migration", "no"),
            ("--repl-diskless-sync-delay", "0"),
        ];
        let options: Vec<&str> = options.iter().flat_map(|&(name, value)| [name, value]).collect();
        let nodes: Vec<Server> = (0..6).map(|_| Server::with(&options)).collect();
        let mut ids = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            node.command::<()>(&format!("CLUSTER SET-CONFIG-EPOCH {}", i + 1)).await;
            ids.push(node.command::<String>("CLUSTER MYID").await);
        }
        for (node, slots) in nodes.iter().zip(["0 5460", "5461 10922", "10923 16383"]) {
            node.command::<()>(&format!("CLUSTER ADDSLOTSRANGE {slots}")).await;
        }
        for node in &nodes[1..] {
            let bus = node.option("--cluster-port");
            nodes[0].command::<()>(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.port())).await;
        }
        for (replica, master) in nodes[3..].iter().zip(&ids) {
            let command = redis::cmd("CLUSTER").arg("REPLICATE").arg(master).to_owned();
            let mut connection = replica.connect().await;
            eventually(START, "a replica knows its master", async || {
                command.query_async::<()>(&mut connection.clone()).await.is_ok()
            })
            .await;
            connection = replica.connect().await;
            eventually(START, "a replica follows its master", async || {
                let info: String =
                    redis::cmd("INFO").arg("replication").query_async(&mut connection.clone()).await.unwrap();
                info.contains("master_link_status:up")
            })
            .await;
        }
        let cluster = Self { nodes };
        for node in &cluster.nodes {
            eventually(START, "a node sees the whole cluster", async || cluster.seen_whole_by(node).await)
                .await;
        }
        cluster
    }

    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().take(3).map(|node| node.address().to_string()).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    pub(crate) fn target(&self) -> Target {
        Target::parse(&self.url()).unwrap()
    }

    /// The node that listens there.
    pub(crate) fn node(&self, address: &Address) -> usize {
        self.nodes.iter().position(|node| node.address() == *address).unwrap()
    }

    async fn seen_whole_by(&self, node: &Server) -> bool {
        let info: String = node.command("CLUSTER INFO").await;
        let nodes: String = node.command("CLUSTER NODES").await;
        let replicas = nodes.lines().filter(|line| line.contains("slave")).count();
        info.contains("cluster_state:ok") && replicas == 3 && nodes.lines().count() == self.nodes.len()
    }

    /// Moves a slot that has no keys to another master, as an operator does.
    pub(crate) async fn move_slot(&self, slot: u16, from: usize, to: usize) {
        let source: String = self.nodes[from].command("CLUSTER MYID").await;
        let target: String = self.nodes[to].command("CLUSTER MYID").await;
        self.nodes[to].command::<()>(&format!("CLUSTER SETSLOT {slot} IMPORTING {source}")).await;
        self.nodes[from].command::<()>(&format!("CLUSTER SETSLOT {slot} MIGRATING {target}")).await;
        for node in [to, from] {
            self.nodes[node].command::<()>(&format!("CLUSTER SETSLOT {slot} NODE {target}")).await;
        }
    }
}

impl Server {
    fn option(&self, name: &str) -> &str {
        let place = self.arguments.iter().position(|argument| argument == name).unwrap();
        &self.arguments[place + 1]
    }
}

/// A master, a replica, and three sentinels that watch them under the name `main`.
pub(crate) struct Sentinels {
    pub(crate) master: Server,
    pub(crate) replica: Server,
    pub(crate) sentinels: Vec<Server>,
}

impl Sentinels {
    /// Starts all, and waits until each sentinel knows the replica and the other sentinels.
    pub(crate) async fn start() -> Self {
        let master = Server::with(&["--repl-diskless-sync-delay", "0"]);
        let follow = format!("127.0.0.1 {}", master.port());
        let replica = Server::with(&["--replicaof", &follow, "--repl-diskless-sync-delay", "0"]);
        eventually(START, "the replica follows the master", async || {
            let info: String = replica.command("INFO replication").await;
            info.contains("master_link_status:up")
        })
        .await;
        let sentinels: Vec<Server> = (0..3).map(|_| sentinel(master.port())).collect();
        for sentinel in &sentinels {
            eventually(START, "a sentinel knows the others", async || {
                let known: std::collections::HashMap<String, String> =
                    sentinel.command("SENTINEL MASTER main").await;
                known["num-slaves"] == "1" && known["num-other-sentinels"] == "2"
            })
            .await;
        }
        Self { master, replica, sentinels }
    }

    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> =
            self.sentinels.iter().map(|sentinel| sentinel.address().to_string()).collect();
        format!("redis+sentinel://{}/main", hosts.join(","))
    }

    pub(crate) fn target(&self) -> Target {
        Target::parse(&self.url()).unwrap()
    }

    /// Waits until a sentinel has promoted the replica.
    pub(crate) async fn promoted(&self) {
        let port = self.replica.port().to_string();
        eventually(START, "a sentinel names the replica", async || {
            for sentinel in &self.sentinels {
                let command = "SENTINEL GET-MASTER-ADDR-BY-NAME main";
                if sentinel.command::<(String, String)>(command).await.1 == port {
                    return true;
                }
            }
            false
        })
        .await;
    }
}

fn sentinel(master: u16) -> Server {
    let dir = TempDir::new().unwrap();
    for _ in 0..5 {
        let port = free_port();
        // Sentinels write to their file what they learn.
        let file = dir.path().join("sentinel.conf");
        let lines = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n",
            dir.path().display()
        );
        std::fs::write(&file, lines).unwrap();
        let arguments = vec![file.display().to_string(), "--sentinel".to_owned()];
        let said = Arc::default();
        if let Some(process) = spawn(&arguments, &said, SENTINEL_READY) {
            return Server {
                process,
                said,
                arguments,
                ready: SENTINEL_READY,
                port,
                dir,
                tls: None,
                password: None,
            };
        }
    }
    panic!("no sentinel could be started");
}

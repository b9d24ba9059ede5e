//! The gateway as a process of its own, and several of them in front of one Redis.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::usersig::{self, SecretKey};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::gateway::APP;
use crate::{Admin, DEADLINE, Reply, exchange};
use crate::{Process, Signal, free_port};

const SIG_LIFETIME_SECONDS: u64 = 24 * 3600;

/// How often is asked whether a gateway is ready; it has no way to tell.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// What instances are started with.
#[derive(Clone)]
pub struct InstanceSettings {
    /// None means [`gateway_binary`].
    pub program: Option<PathBuf>,
    pub key: SecretKey,
    /// None means the embedded store.
    pub redis_url: Option<String>,
    /// Where its directory is made; None is the place for temporary files.
    pub place: Option<PathBuf>,
    pub environment: Vec<(&'static str, String)>,
    /// The content of the settings file.
    pub file: String,
}

impl Default for InstanceSettings {
    fn default() -> Self {
        Self {
            program: None,
            key: SecretKey::from_random(rand::random()),
            redis_url: None,
            place: None,
            environment: Vec::new(),
            file: String::new(),
        }
    }
}

impl InstanceSettings {
    pub fn with_redis(url: impl Into<String>) -> Self {
        Self { redis_url: Some(url.into()), ..Self::default() }
    }

    /// A UserSig of now.
    pub fn usersig(&self, name: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        usersig::issue(&self.key, APP, name, now, SIG_LIFETIME_SECONDS, None).unwrap()
    }
}

/// One gateway process. It keeps its address and its directory over restarts.
pub struct Instance {
    pub name: String,
    pub address: SocketAddr,
    settings: InstanceSettings,
    directory: TempDir,
    process: Option<Process>,
}

impl Instance {
    /// Starts one and waits until it is ready.
    pub async fn start(name: &str, settings: InstanceSettings) -> Self {
        let place = settings.place.clone().unwrap_or_else(std::env::temp_dir);
        let mut instance = Self {
            name: name.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], free_port())),
            settings,
            directory: tempfile::tempdir_in(place).unwrap(),
            process: None,
        };
        instance.begin().await;
        instance.ready().await;
        instance
    }

    /// Starts it again on its address and directory. Returns when it listens.
    pub async fn begin(&mut self) {
        assert!(self.process.is_none(), "{} runs already", self.name);
        let file = self.directory.path().join("gateway.toml");
        std::fs::write(&file, &self.settings.file).unwrap();
        let mut command = Command::new(self.settings.program.clone().unwrap_or_else(gateway_binary));
        command
            .arg("--config")
            .arg(file)
            .args(["--listen", &self.address.to_string(), "--sdkappid", &APP.to_string()])
            .arg("--data-dir")
            .arg(self.data_dir())
            .env("GATEWAY_SECRET_KEY", self.settings.key.expose())
            .envs(self.settings.environment.iter().map(|(name, value)| (*name, value)));
        if let Some(url) = &self.settings.redis_url {
            command.env("GATEWAY_REDIS_URL", url);
        }
        let process = Process::start(&self.name, &mut command);
        process.line("the line that says where it listens", listening).await;
        self.process = Some(process);
    }

    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// From its next start on it is this program; None means [`gateway_binary`].
    pub fn run_program(&mut self, program: Option<PathBuf>) {
        self.settings.program = program;
    }

    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the instance runs")
    }

    pub fn is_running(&self) -> bool {
        self.process.as_ref().is_some_and(|process| process.status().is_none())
    }

    /// A UserSig of now.
    pub fn usersig(&self, name: &str) -> String {
        self.settings.usersig(name)
    }

    /// Ends it with SIGKILL.
    pub async fn kill(&mut self) {
        self.process.take().expect("the instance runs").kill().await;
    }

    /// Asks it to end, as an operator does.
    pub fn terminate(&self) {
        self.process().signal(Signal::TERM);
    }

    /// Waits for the end of one that was asked, and gives its exit status and its log.
    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let process = self.process.take().expect("the instance runs");
        (process.ended().await, process.log())
    }

    /// What `/readyz` says now.
    pub async fn readiness(&self) -> Reply {
        exchange(self.address, "GET", "/readyz", b"").await
    }

    /// Waits until it is ready.
    pub async fn ready(&self) {
        let wait = async {
            while self.readiness().await.status != 200 {
                sleep(LOOK_EVERY).await;
            }
        };
        let ready = timeout(DEADLINE, wait).await;
        assert!(ready.is_ok(), "{} does not become ready; it said:\n{}", self.name, self.process().log());
    }

    /// The application's back end, which calls this instance.
    pub fn admin(&self) -> Admin {
        Admin::new(self.address, "administrator", self.settings.usersig("administrator"))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let Some(process) = &self.process else { return };
        let log = process.log();
        if std::thread::panicking() {
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(60)..].join("\n");
            eprintln!("--- the end of the log of {}:\n{tail}", self.name);
        } else {
            assert!(!log.contains("panicked at"), "{} panicked:\n{log}", self.name);
        }
    }
}

/// The program, started by a shell that has said something else before; the folder holds it.
pub fn gateway_behind(folder: &TempDir, said: &str) -> PathBuf {
    let script = folder.path().join("gateway");
    let program = std::fs::canonicalize(gateway_binary()).unwrap();
    std::fs::write(&script, format!("#!/bin/sh\n{said} '{}' \"$@\"\n", program.display())).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    script
}

/// Where it listens, from what it prints at its start.
pub fn listening(line: &str) -> Option<SocketAddr> {
    line.split("proxyServer: 'ws://").nth(1)?.trim_end_matches('\'').parse().ok()
}

/// The program that `GATEWAY_BIN` names, or that of the same build as the test, which is made if need be.
pub fn gateway_binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(find_binary).clone()
}

fn find_binary() -> PathBuf {
    if let Some(path) = std::env::var_os("GATEWAY_BIN") {
        return path.into();
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "-p", "gateway", "--bin", "gateway"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "the gateway does not build");
    // Tests and examples lie in folders beside it.
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("gateway")
}

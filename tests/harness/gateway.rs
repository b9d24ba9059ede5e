//! A gateway of one test: the real one, on a free port, with a directory of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use gateway::config::{Connections, LogFormat, RedisConfig};
use gateway::redis::Target;
use gateway::services::application::{Application, Applications, Settings};
use gateway::services::retention::{Dropped, Retention};
use gateway::{Config, Gateway};
use protocol::id::{AppId, UserId};
use protocol::usersig::{self, SecretKey};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::user::Device;
use crate::{Admin, Anonymous, DEADLINE, Dialect, TestClock, User, watch};

/// The application of every test: that of the captured frames.
pub const APP: AppId = AppId(1_400_000_001);

/// How long the UserSigs of test users are good.
const SIG_LIFETIME_SECONDS: u64 = 30 * 24 * 3600;

static NEXT: AtomicUsize = AtomicUsize::new(1);

/// A running gateway. It ends with the value, abruptly; [`TestGateway::stop`] ends it as a signal does.
pub struct TestGateway {
    pub clock: TestClock,
    config: Config,
    number: usize,
    running: Option<Running>,
    instances: AtomicUsize,
    _directory: TempDir,
}

struct Running {
    runtime: Runtime,
    address: SocketAddr,
    retention: Retention,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<(), String>>,
}

/// An application as it is when nothing is set for it, with a new key.
pub fn new_application() -> Application {
    Application {
        keys: vec![SecretKey::from_random(rand::random())],
        admins: vec![UserId::parse("administrator").unwrap()],
        settings: Settings::default(),
    }
}

fn config(directory: &TempDir) -> Config {
    let mut apps = Applications::new(Settings::default());
    apps.add(APP, new_application());
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        internal_listen: None,
        data_dir: directory.path().to_owned(),
        rotate_journal: false,
        min_free_bytes: 0,
        redis: None,
        apps,
        main_app: APP,
        is_first_run: false,
        key_file: None,
        own_key: None,
        demo: false,
        connections: Connections { drain: Duration::ZERO, ..Connections::default() },
        // Only when a test says so.
        retention_interval: Duration::from_secs(24 * 3600),
        log_format: LogFormat::Text,
        legacy: None,
    }
}

/// How a gateway uses a Redis that nobody else uses.
pub fn redis_at(url: &str) -> RedisConfig {
    RedisConfig {
        target: Target::parse(url).unwrap(),
        prefix: "timgate".to_owned(),
        wait_replicas: 0,
        wait_timeout: Duration::from_secs(1),
        allow_eviction: false,
    }
}

impl TestGateway {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A gateway with other settings than the usual ones.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        watch::begin();
        let directory = tempfile::tempdir().unwrap();
        let mut config = config(&directory);
        change(&mut config);
        let mut gateway = Self {
            clock: TestClock::default(),
            config,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            running: None,
            instances: AtomicUsize::new(1),
            _directory: directory,
        };
        gateway.begin().await;
        gateway
    }

    /// Starts on the directory as it is.
    pub async fn begin(&mut self) {
        assert!(self.running.is_none(), "the gateway runs already");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(watch::thread_name(self.number))
            .enable_all()
            .build()
            .unwrap();
        let (started, starting) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let (config, clock) = (self.config.clone(), self.clock.handle());
        runtime.spawn(async move {
            let gateway = match Gateway::start(&config, clock).await {
                Ok(gateway) => gateway,
                Err(error) => return drop(started.send(Err(error.to_string()))),
            };
            if started.send(Ok((gateway.address(), gateway.retention()))).is_err() {
                return;
            }
            let shutdown = async {
                // A test that drops the gateway has no wish to drain it.
                if stopped.await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            let result = gateway.run(shutdown).await;
            let _ = end.send(result.map_err(|error| error.to_string()));
        });
        let started = timeout(DEADLINE, starting).await.expect("a gateway starts in time");
        let (address, retention) =
            started.unwrap().unwrap_or_else(|error| panic!("the gateway does not start: {error}"));
        self.running = Some(Running { runtime, address, retention, stop, ended });
    }

    /// Ends it as SIGTERM does, and gives what `run` gave.
    pub async fn stop(&mut self) -> Result<(), String> {
        let Running { runtime, stop, ended, .. } = self.running.take().expect("the gateway runs");
        stop.send(()).expect("the gateway runs");
        let result = timeout(DEADLINE, ended).await.expect("a gateway drains in time").unwrap();
        // What is left of it goes too, so that the directory is free.
        let down = move || runtime.shutdown_timeout(DEADLINE);
        tokio::task::spawn_blocking(down).await.unwrap();
        result
    }

    pub async fn restart(&mut self) {
        self.stop().await.unwrap();
        self.begin().await;
    }

    pub fn address(&self) -> SocketAddr {
        self.running.as_ref().expect("the gateway runs").address
    }

    pub fn key(&self) -> &SecretKey {
        self.key_of(APP)
    }

    fn key_of(&self, app: AppId) -> &SecretKey {
        &self.config.apps.get(app).expect("the application is served").keys[0]
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Changes what it is set to when it begins the next time.
    pub fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }

    /// Drops now what is past the retention policy, which the gateway itself does from time to time.
    pub async fn expire(&self) -> Dropped {
        self.walk(false).await
    }

    /// The same, and looks everywhere for what was left behind.
    pub async fn expire_thoroughly(&self) -> Dropped {
        self.walk(true).await
    }

    async fn walk(&self, thorough: bool) -> Dropped {
        let running = self.running.as_ref().expect("the gateway runs");
        let retention = running.retention.clone();
        let walk = running.runtime.spawn(async move { retention.walk(thorough).await });
        timeout(DEADLINE, walk).await.expect("a walk ends in time").unwrap().unwrap()
    }

    /// A UserSig of now.
    pub fn usersig(&self, name: &str) -> String {
        self.usersig_of(APP, name)
    }

    fn usersig_of(&self, app: AppId, name: &str) -> String {
        let now = self.clock.now().seconds();
        usersig::issue(self.key_of(app), app, name, now, SIG_LIFETIME_SECONDS, None).unwrap()
    }

    /// What it has logged, at debug level.
    pub fn logs(&self) -> String {
        watch::logs(self.number)
    }

    /// A connection of nobody.
    pub async fn anonymous(&self) -> Anonymous {
        Anonymous::connect(self.address(), Dialect::Binary, &Device::web(self.fresh_instance())).await
    }

    pub async fn anonymous_on(&self, dialect: Dialect) -> Anonymous {
        Anonymous::connect(self.address(), dialect, &Device::web(self.fresh_instance())).await
    }

    /// A user whose browser is connected and logged in.
    pub async fn user(&self, name: &str) -> User {
        self.user_on(name, Device::web(self.fresh_instance()), Dialect::Binary).await
    }

    /// Several at once, each on a connection of their own.
    pub async fn users<const N: usize>(&self, names: [&str; N]) -> [User; N] {
        let users = join_all(names.map(|name| self.user(name))).await;
        users.try_into().unwrap_or_else(|_| unreachable!("as many users as names"))
    }

    /// A user on a device of a kind.
    pub async fn user_on(&self, name: &str, device: Device, dialect: Dialect) -> User {
        let user = self.stranger_on(name, device, dialect).await;
        user.login().await;
        user
    }

    /// A user who is connected and not logged in.
    pub async fn stranger(&self, name: &str) -> User {
        self.stranger_on(name, Device::web(self.fresh_instance()), Dialect::Binary).await
    }

    pub async fn stranger_on(&self, name: &str, device: Device, dialect: Dialect) -> User {
        User::connect(self.address(), name, self.usersig_of(device.app, name), device, dialect).await
    }

    /// A user of another application than [`APP`].
    pub async fn user_of(&self, app: AppId, name: &str) -> User {
        let device = Device { app, ..Device::web(self.fresh_instance()) };
        self.user_on(name, device, Dialect::Binary).await
    }

    /// The application's back end.
    pub fn admin(&self) -> Admin {
        self.admin_of(APP)
    }

    /// The back end of an application.
    pub fn admin_of(&self, app: AppId) -> Admin {
        Admin::new(self.address(), "administrator", self.usersig_of(app, "administrator")).of_app(app)
    }

    /// The id of another object of an SDK.
    pub fn fresh_instance(&self) -> String {
        format!("{:032x}", self.instances.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.runtime.shutdown_background();
        }
        let panics = watch::panics(self.number);
        if std::thread::panicking() {
            eprintln!("--- the gateway's log:\n{}", watch::own_logs(self.number));
        } else {
            assert!(panics.is_empty(), "the gateway panicked: {panics:#?}");
        }
    }
}

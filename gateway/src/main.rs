//! The `gateway` program: settings in, a serving gateway, exit code out.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use gateway::clock::Clock;
use gateway::config::{Cli, Command};
use gateway::{Config, Gateway, descriptors, offline, telemetry};
use protocol::usersig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the last lines of the log hold up an end that is to be at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// How long the UserSigs of the demo links are good.
const DEMO_LIFETIME_SECONDS: u64 = 7 * 24 * 3600;

fn main() -> ExitCode {
    let _flush = telemetry::Flush::at_the_end();
    // What the process makes is for its owner alone, also what the database's library makes.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            telemetry::say(&format!("gateway: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match cli.command {
        Some(Command::Verify { data_dir }) => {
            return Ok(if offline::verify(&data_dir)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Some(Command::Salvage { data_dir, to }) => {
            offline::salvage(&data_dir, &to)?;
            return Ok(ExitCode::SUCCESS);
        }
        None => {}
    }
    let config = Config::load(cli)?;
    telemetry::start_logging(config.log_format);
    if let (Some(_), Some(path)) = (&config.redis, &config.own_key) {
        tracing::warn!(
            "the key lies in {}: every instance on this Redis needs the same one; give it to all with \
             --secret-key-file or GATEWAY_SECRET_KEY",
            path.display()
        );
    }
    if let Err(error) = descriptors::raise_limit() {
        tracing::warn!(%error, "the limit of open files cannot be raised; fewer connections are let in");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(serve(&config));
    // Nothing that is left is waited for: a disk or a name server that does not answer would hold up the end.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}

async fn serve(config: &Config) -> Result<(), Box<dyn std::error::Error>> {
    let mut signals = Signals::new()?;
    let gateway = tokio::select! {
        gateway = Gateway::start(config, Clock::system()) => gateway?,
        // Nobody has been served yet.
        () = signals.next() => return Ok(()),
    };
    telemetry::greet(greeting(config, gateway.address()));
    let stop = CancellationToken::new();
    tokio::select! {
        ended = gateway.run(stop.cancelled()) => Ok(ended?),
        never = obey(signals, &stop) => match never {},
    }
}

/// The first signal asks for the end, the second does not wait for it: what was acknowledged is stored.
async fn obey(mut signals: Signals, stop: &CancellationToken) -> Infallible {
    signals.next().await;
    stop.cancel();
    signals.next().await;
    tracing::warn!("a second signal came before everything had come to its end");
    telemetry::flush(AT_ONCE);
    std::process::exit(1)
}

/// The signals that ask for the end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Absent where whoever started the program had it ignored, as `nohup` does.
    hang_up: Option<Signal>,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: if ignores_hang_up() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    async fn next(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hang_up => {}
        }
    }
}

/// Whether SIGHUP was ignored from the start. Where that cannot be read, it was not.
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 << (SignalKind::hangup().as_raw_value() - 1) != 0)
}

/// What the operator needs to know, and nothing that is secret but for the links they asked for.
fn greeting(config: &Config, address: SocketAddr) -> String {
    let key = match &config.key_file {
        Some(path) => path.display().to_string(),
        None => "the environment (GATEWAY_SECRET_KEY)".to_owned(),
    };
    let data = match &config.redis {
        Some(redis) => redis.target.to_string(),
        None => config.data_dir.display().to_string(),
    };
    let mut text = format!(
        "Timgate is listening.\n\n  clients    proxyServer: 'ws://{address}'\n  REST       http://{address}/v4/\n  \
         SDKAppID   {}\n  key        {key}\n  data       {data}\n",
        config.main_app,
    );
    if config.is_first_run || config.demo {
        text.push_str("\nTry it in two windows; each link logs one user in (keep them to yourself):\n\n");
        for user in ["alice", "bob"] {
            text.push_str(&demo_link(config, address, user).unwrap_or_default());
        }
    }
    text.push('\n');
    text
}

fn demo_link(config: &Config, address: SocketAddr, user: &str) -> Option<String> {
    let key = config.apps.get(config.main_app)?.keys.first()?;
    let now = Clock::system().now().seconds();
    let sig = usersig::issue(key, config.main_app, user, now, DEMO_LIFETIME_SECONDS, None).ok()?;
    // The fragment stays in the browser: it is not sent to any server, nor logged by one.
    let sig = percent_encoding::utf8_percent_encode(&sig, percent_encoding::NON_ALPHANUMERIC);
    Some(format!("  http://{address}/#sdkappid={}&user={user}&usersig={sig}\n", config.main_app))
}

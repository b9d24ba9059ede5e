//! The `gateway` program: settings in, a serving gateway, exit code out.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use gateway::clock::Clock;
use gateway::config::{Cli, Command};
use gateway::{Config, Gateway, offline, telemetry};
use protocol::usersig;
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let gateway = Gateway::start(&config, Clock::system()).await?;
        telemetry::greet(greeting(&config, gateway.address()));
        gateway
            .run(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            })
            .await?;
        Ok(ExitCode::SUCCESS)
    })
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

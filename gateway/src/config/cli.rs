//! The command line, and the environment beside it.

use std::convert::Infallible;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand};

use super::{File, text};

/// A self-hosted server for applications built on the Tencent IM SDKs (`@tencentcloud/chat`, `tim-js-sdk`, TUIKit).
///
/// Without any argument it serves at once on 127.0.0.1:8080 with an embedded store in ./data.
/// Point a client at it with the SDK's documented option: `proxyServer: 'ws://HOST:PORT'`.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "gateway", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// A TOML file with settings; flags and environment go before it. See config.example.toml.
    #[arg(long, env = "GATEWAY_CONFIG", value_name = "FILE", value_parser = path)]
    pub config: Option<PathBuf>,

    /// Address of everything: WebSocket, REST, demo page [default: 127.0.0.1:8080]
    #[arg(long, env = "GATEWAY_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Address for health and metrics alone [default: they are on --listen]
    #[arg(long, env = "GATEWAY_INTERNAL_LISTEN", value_name = "ADDRESS")]
    pub internal_listen: Option<String>,

    /// Where the embedded store and a made key lie [default: ./data]
    #[arg(long, env = "GATEWAY_DATA_DIR", value_name = "DIR", value_parser = path)]
    pub data_dir: Option<PathBuf>,

    /// Share rooms with other instances through this Redis [default: none, the embedded store]
    ///
    /// redis://[user:password@]host[:port][/db], redis+sentinel://host,host/service, redis+cluster://host,host;
    /// rediss:// and the like for TLS. All instances need the same secret key.
    #[arg(long, env = "GATEWAY_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<String>,

    /// Acknowledge a change only when so many replicas of the Redis have it [default: 0]
    #[arg(long, env = "GATEWAY_REDIS_WAIT_REPLICAS", value_name = "NUMBER", value_parser = number::<usize>)]
    pub redis_wait_replicas: Option<usize>,

    /// The application's SDKAppID [default: 1400000000]
    #[arg(long, env = "GATEWAY_SDKAPPID", value_name = "NUMBER", value_parser = number::<u32>)]
    pub sdkappid: Option<u32>,

    /// File with the application's secret key [default: made at the first start in the data directory]
    ///
    /// The key itself can come in the environment variable GATEWAY_SECRET_KEY instead.
    #[arg(long, env = "GATEWAY_SECRET_KEY_FILE", value_name = "FILE", value_parser = path)]
    pub secret_key_file: Option<PathBuf>,

    /// Accounts that may call the REST API, with commas between them [default: administrator]
    #[arg(long, env = "GATEWAY_ADMINS", value_name = "USERS")]
    pub admins: Option<String>,

    /// Print ready links to the demo page for two users, with UserSigs in them
    #[arg(long)]
    pub demo: bool,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What is done instead of serving, while no gateway has the data directory open.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Read all of the embedded store; exit with 1, after a line for each damage, when any of it is damaged
    Verify {
        /// Where the embedded store lies
        #[arg(long, env = "GATEWAY_DATA_DIR", value_name = "DIR", default_value = "./data", value_parser = path)]
        data_dir: PathBuf,
    },
    /// Bring everything that is whole of a damaged store into a new data directory
    Salvage {
        /// Where the damaged store lies; it is left as it is
        #[arg(long, env = "GATEWAY_DATA_DIR", value_name = "DIR", default_value = "./data", value_parser = path)]
        data_dir: PathBuf,
        /// The new data directory, on a disk with room for all of it
        #[arg(long, value_name = "DIR", value_parser = path)]
        to: PathBuf,
    },
}

const AFTER_HELP: &str = "\
Exit codes:
  0  stopped by SIGTERM, SIGINT or SIGHUP after a clean drain
  1  could not start, or the store failed; one line says what, where and how to mend it;
     or stopped by a second signal before the drain was over
  2  wrong usage

Environment:
  Every flag has a GATEWAY_ variable of its name, shown above. GATEWAY_SECRET_KEY holds the key itself.
  GATEWAY_LEGACY_ENABLED=true serves the routes of [legacy] in the file; _GROUP, _TIME_ZONE, _TOKEN, _NETWORKS and
  _ORIGINS (with commas between them) go before what the file says.
  RUST_LOG sets what is logged, for example RUST_LOG=debug [default: info]

Examples:
  gateway
  gateway --listen 0.0.0.0:8080 --data-dir /var/lib/gateway --sdkappid 1400000001
  gateway --config /etc/gateway.toml";

impl Cli {
    /// The file's settings with those of the command line and the environment in their place.
    pub(super) fn over(&self, mut file: File) -> File {
        let cli = self.clone();
        file.listen = cli.listen.unwrap_or(file.listen);
        file.internal_listen = cli.internal_listen.or(file.internal_listen);
        file.data_dir = cli.data_dir.unwrap_or(file.data_dir);
        file.redis_url = cli.redis_url.or(file.redis_url);
        file.redis.wait_replicas = cli.redis_wait_replicas.unwrap_or(file.redis.wait_replicas);
        file.sdkappid = cli.sdkappid.unwrap_or(file.sdkappid);
        file.secret_key_file = cli.secret_key_file.or(file.secret_key_file);
        file.admins = cli.admins.map_or(file.admins, |users| text::list(&users));
        file
    }
}

/// A number as a person writes it.
fn number<T>(text: &str) -> Result<T, String>
where
    T: FromStr<Err: Display>,
{
    text::bare(text).parse().map_err(|error: T::Err| error.to_string())
}

/// A path as a person writes it.
#[allow(clippy::unnecessary_wraps, reason = "as clap calls it")]
fn path(text: &str) -> Result<PathBuf, Infallible> {
    Ok(text::bare(text).into())
}
